#!/bin/sh
# The example's report, and one of a policy that goes wrong, by html-validate and in
# headless Chromium.  Needs node, npm and chromium; the packages come from npm.
set -eu
cd "$(dirname "$0")/../.."
tool=$(realpath "${FIREBREAK:-build/firebreak}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp tests/browser/package.json tests/browser/look.mjs "$work"
[ -z "${NODE_MODULES-}" ] || ln -s "$NODE_MODULES" "$work/node_modules"
[ -d "$work/node_modules" ] || (cd "$work" && npm install --no-audit --no-fund --silent)

"$tool" report -q policies/modyo-connect -o "$work/good" --as-of 2026-11-23
cp -r policies/modyo-connect "$work/policy"
echo 'night-fix: allow services -> data on ssh owner x ticket y reason "<b>z";' >>"$work/policy/rules.fbk"
"$tool" report -q "$work/policy" -o "$work/bad" --as-of 2027-07-01 >/dev/null 2>&1 || [ $? = 1 ]
bad=0
for report in good bad; do
	pictures=${PICTURES:-$work}/$report
	mkdir -p "$pictures"
	(cd "$work" && node_modules/.bin/html-validate --preset standard,a11y "$report/report.html") || bad=1
	(cd "$work" && node look.mjs "$work/$report/report.html" "$pictures") || bad=1
done
exit $bad
