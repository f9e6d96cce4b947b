#!/bin/sh
# The evidence bundle: made again byte for byte, every change of it named, and
# hostile texts harmless in each of its formats.
set -u
cd "$(dirname "$0")/.." || exit 2
tool=$(realpath "${FIREBREAK:-build/firebreak}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
export GIT_CONFIG_GLOBAL=/dev/null
fail() { echo "FAILED: $*"; bad=1; }

day=2026-11-27
$tool report policies/modyo-connect -o "$work/a" --as-of $day >/dev/null || fail "report exits $?"
(cd / && "$tool" report "$OLDPWD/policies/modyo-connect" -o "$work/b" --as-of $day >/dev/null)
diff -r "$work/a" "$work/b" >/dev/null || fail "another working directory changes the bundle"
(cd "$work/a" && sha256sum --quiet -c MANIFEST.sha256) || fail "sha256sum does not accept the manifest"
$tool verify-bundle "$work/a" >/dev/null || fail "verify-bundle refuses its own bundle"

# One byte changed in any file, each in turn: named.
named=0
for file in $(cd "$work/a" && find . -type f | sed 's|^\./||' | sort); do
	cp "$work/a/$file" "$work/kept"
	printf 'x' >>"$work/a/$file"
	if $tool verify-bundle "$work/a" 2>&1 | grep -qF -e "$file" -e "sources: do not make this bundle"; then
		named=$((named + 1))
	else
		fail "a changed $file is not named"
	fi
	cp "$work/kept" "$work/a/$file"
done
[ $named -gt 50 ] || fail "only $named files were tried"
rm "$work/a/rules.csv"
$tool verify-bundle "$work/a" 2>/dev/null | grep -q '^rules.csv: is missing' || fail "a missing file is not named"
cp "$work/b/rules.csv" "$work/a/rules.csv"
echo >"$work/a/outputs/more.nft"
$tool verify-bundle "$work/a" | grep -q '^outputs/more.nft: is not of the bundle' || fail "a file too many is not named"
rm "$work/a/outputs/more.nft"
# A manifest that fits the changed file does not help: the bytes do not follow.
sed -i 's/21 of 21/21 of 22/' "$work/a/report.md"
(cd "$work/a" && find . -type f ! -name MANIFEST.sha256 | sed 's|^\./||' | LC_ALL=C sort | xargs sha256sum >../m && mv ../m MANIFEST.sha256)
$tool verify-bundle "$work/a" | grep -q '^report.md: does not follow' || fail "a report with a manifest of its own passes"

# A broken invariant: a report that says so, exit 1, no outputs.
cp -r policies/modyo-connect "$work/policy"
cat >>"$work/policy/rules.fbk" <<'END'
night-fix: allow services -> data on ssh owner x ticket y reason "z";
END
$tool report --oscal "$work/policy" -o "$work/broken" --as-of $day >/dev/null 2>&1
[ $? = 1 ] || fail "a broken invariant does not exit 1"
[ -d "$work/broken/outputs" ] && fail "outputs of a broken policy"
grep -q 'of 21 invariants are broken' "$work/broken/report.html" || fail "the verdict does not say broken"
grep -q 'port 22' "$work/broken/report.html" || fail "the report shows no packet"
$tool verify-bundle "$work/broken" >/dev/null || fail "a bundle with a broken verdict does not verify"

# Unknown packs and controls.
$tool report --controls iso27001-1999 policies/modyo-connect -o "$work/x" 2>&1 | grep -q 'no pack of controls' || fail "an unknown pack passes"
[ -e "$work/x" ] && fail "an unknown pack leaves files"

# A period: commits, their effect and their approvers, and all of it made again.
mkdir "$work/repo" && cp -r policies/modyo-connect "$work/repo/policy"
commit() { git -C "$work/repo" -c user.name="$1" -c user.email="$1@example.org" commit -qam "$2"; }
(
	cd "$work/repo" || exit 1
	git init -q . && git add -A
	commit dana "the first version" && git tag v1
	sed -i 's/^ops-ssh: .*/ops-ssh:        allow ops -> services, edge on ssh in staging/' policy/rules.fbk
	GIT_COMMITTER_DATE=2026-11-02T10:00:00Z commit dana "ops: reach the balancer

Ticket: CHG-2001
Approved-by: m.rojas <m.rojas@example.org>"
	sed -i '/^core-ping:/,/;$/d' policy/rules.fbk
	commit dana "core: no more pings <script>

Approved-by: dana"
	echo "# nothing" >>policy/rules.fbk
	commit eva "a comment"
) || fail "no git repository for the test"
last=$(git -C "$work/repo" rev-parse HEAD)
printf '[{"commit": "%s", "approved_by": "l.soto", "at": "2026-11-03T09:00:00Z"}]\n' "$last" >"$work/approvals.json"
(cd "$work/repo" && "$tool" report --since v1 --approvals "$work/approvals.json" policy -o "$work/period" --as-of $day >/dev/null) || fail "report --since exits $?"
for words in 'm.rojas' 'the author alone' 'l.soto, 2026-11-03T09:00:00Z' 'CHG-2001' 'opens' 'narrows' ': 3, all listed' '&lt;script&gt;'; do
	grep -qF -- "$words" "$work/period/report.html" || fail "the period does not say: $words"
done
grep -q 'not committed' "$work/period/report.html" && fail "a clean tree is said not to be committed"
$tool verify-bundle "$work/period" >/dev/null || fail "a bundle with a period does not verify"
for file in history.json approvals.json before/rules.fbk; do
	cp "$work/period/$file" "$work/kept"
	sed -i 's/dana/dora/; s/soto/sota/; s/CHG-1090/CHG-1091/' "$work/period/$file"
	$tool verify-bundle "$work/period" 2>/dev/null | grep -qF "$file" || fail "a changed $file is not named"
	cp "$work/kept" "$work/period/$file"
done
echo "# more" >>"$work/repo/policy/rules.fbk"
(cd "$work/repo" && "$tool" report --since v1 policy -o "$work/dirty" --as-of $day >/dev/null)
grep -q 'not committed' "$work/dirty/report.html" || fail "what is in no commit is not told"
(cd "$work/repo" && "$tool" report --since --output=x policy -o "$work/none" 2>&1) | grep -q 'is not a revision' || fail "an option as a revision is not refused"
echo '{}' >"$work/approvals.json"
(cd "$work/repo" && "$tool" report --approvals "$work/approvals.json" policy -o "$work/none" >/dev/null 2>&1)
[ $? = 2 ] || fail "approvals that are none pass"
[ -e "$work/none" ] && fail "refused reports leave files"

/usr/bin/python3 tests/report.py "$tool" "$work" || bad=1
# OSCAL, twice the same, of a policy that holds, is broken, is hostile, says nothing.
$tool report --oscal policies/modyo-connect -o "$work/oscal" --as-of $day >/dev/null || fail "report --oscal exits $?"
(cd / && "$tool" report --oscal "$OLDPWD/policies/modyo-connect" -o "$work/oscal2" --as-of $day >/dev/null)
cmp -s "$work/oscal/oscal.json" "$work/oscal2/oscal.json" || fail "another working directory changes oscal.json"
$tool verify-bundle "$work/oscal" >/dev/null || fail "a bundle with oscal.json does not verify"
for change in 's/"pass"/"fail"/' 's/a-8.22/a-8.23/'; do
	cp "$work/oscal2/oscal.json" "$work/oscal/oscal.json"
	sed -i "$change" "$work/oscal/oscal.json"
	$tool verify-bundle "$work/oscal" 2>/dev/null | grep -q '^oscal.json: does not follow' || fail "a changed oscal.json is not named"
done
rm "$work/oscal/oscal.json"
$tool verify-bundle "$work/oscal" 2>/dev/null | grep -q '^oscal.json: cannot be read' || fail "a missing oscal.json is not named"
printf 'language 1;\npolicy small;\nenvironments prod;\nlayer a;\nenvironment prod { vpc 10.0.0.0/16; layer a 10.0.0.0/24; }\nr: allow a -> a on tcp/1;\n' >"$work/small file.fbk"
$tool report --oscal "$work/small file.fbk" -o "$work/small" --as-of $day >/dev/null || fail "a policy without invariants exits $?"
/usr/bin/python3 tests/oscal.py "$work/oscal2" "$work/broken" "$work/hostile" "$work/small" || bad=1
/usr/bin/python3 tests/fleet.py "$tool" "$work" || bad=1
[ $bad = 0 ] && echo "report: $named changed files named"
exit $bad
