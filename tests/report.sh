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
(cd "$work/repo" && "$tool" report --oscal --since v1 policy -o "$work/dirty" --as-of $day >/dev/null)
grep -q 'not committed' "$work/dirty/report.html" || fail "what is in no commit is not told"
(cd "$work/repo" && "$tool" report --since --output=x policy -o "$work/none" 2>&1) | grep -q 'is not a revision' || fail "an option as a revision is not refused"
echo '{}' >"$work/approvals.json"
(cd "$work/repo" && "$tool" report --approvals "$work/approvals.json" policy -o "$work/none" >/dev/null 2>&1)
[ $? = 2 ] || fail "approvals that are none pass"
[ -e "$work/none" ] && fail "refused reports leave files"

# Captures: equal, changed, extra, missing, somebody else's; none is never "equal".
$tool compile -q -t ec2,nft --as-of $day policies/modyo-connect -o "$work/run"
run=$work/run/banco-andino
sed 's/"FromPort": 5432/"FromPort": 5431/' "$run/staging/aws.ec2.json" >"$work/staging.json"
sed 's/5432/5433/g' "$run/dev/nft/data.nft" >"$work/data.nft"
sed '/"FromPort": 16379/d' "$work/run/caja-sur/prod/aws.ec2.json" >"$work/missing.json"
echo '{}' >"$work/<b>none.json"
$tool compile -q -t terraform --as-of $day policies/modyo-connect -o "$work/tf"
states() {
	/usr/bin/python3 -c 'import json, sys
model = json.load(open(sys.argv[1] + "/model.json"))
for e in model["environments"]: print(e["name"], e["running_state"], e["captured"], sep=": ")
for c in model["captures"]:
    print(c["path"], c["environment"], c["state"], *sorted({d["kind"] for d in c["differences"]}))' "$1"
}
$tool report --oscal policies/modyo-connect -o "$work/captured" --as-of $day --capture "$run/prod/aws.ec2.json" \
	--capture "$run/prod/nft/data.nft" --capture "$work/staging.json" --capture "$work/data.nft" \
	--capture "$work/missing.json" --capture "$work/<b>none.json" --capture "$work/tf/caja-sur/dev/aws.tf.json" >/dev/null 2>"$work/err"
[ $? = 1 ] || fail "a capture that differs does not exit 1"
states "$work/captured" >"$work/states"
cat >"$work/want" <<'END'
banco-andino.dev: differs: the host of data
banco-andino.prod: equal: security groups, the host of data
banco-andino.staging: differs: security groups
caja-sur.dev: not captured: 
caja-sur.prod: differs: security groups
caja-sur.staging: not captured: 
fondo-norte.prod: not captured: 
fondo-norte.staging: not captured: 
captures/0001-aws.ec2.json banco-andino.prod equal
captures/0002-data.nft banco-andino.prod equal
captures/0003-staging.json banco-andino.staging differs extra
captures/0004-data.nft banco-andino.dev differs changed
captures/0005-missing.json caja-sur.prod differs missing
captures/0006--b-none.json None not proved
captures/0007-aws.tf.json None not proved
END
diff "$work/want" "$work/states" || fail "captures are told otherwise"
grep -q 'P0620.*caja-sur.dev, caja-sur.staging, fondo-norte' "$work/err" || fail "what was not captured is not told"
for words in '1 of 8 environments equal' 'port 5431' 'ecs-to-db CHG-1043' 'not captured' 'what is wanted, not what runs'; do
	grep -qF -- "$words" "$work/captured/report.html" || fail "the running state does not say: $words"
done
grep -q '"fondo-norte","prod",.*"not captured"' "$work/captured/fleet.csv" || fail "fleet.csv has no running state"
$tool verify-bundle "$work/captured" >/dev/null || fail "a bundle with captures does not verify"
# A capture made equal afterwards, with a manifest that fits: the report does not follow.
cp "$run/staging/aws.ec2.json" "$work/captured/captures/0003-staging.json"
(cd "$work/captured" && find . -type f ! -name MANIFEST.sha256 | sed 's|^\./||' | LC_ALL=C sort | xargs -d '\n' sha256sum >../m && mv ../m MANIFEST.sha256)
$tool verify-bundle "$work/captured" 2>/dev/null | grep -q '^model.json: does not follow' || fail "a capture exchanged passes"
$tool report policies/modyo-connect -o "$work/all" --as-of $day --capture "$run/prod/nft/gateway.nft" --capture "$work/run/fondo-norte/prod/aws.ec2.json" >/dev/null 2>&1 ||
	fail "captures that are equal exit $?"
states "$work/all" >"$work/states"
grep -q 'banco-andino.prod: equal: the gateway' "$work/states" || fail "a gateway is not told"
$tool report policies/modyo-connect -o "$work/none" --capture /nonexistent 2>/dev/null
[ $? = 2 ] || fail "a capture that cannot be read passes"
[ -e "$work/none" ] && fail "a capture that cannot be read leaves files"

# Freezes and emergencies: each with its state, an overdue review fails.
cat >"$work/urgent.fbk" <<'END'
language 1;
policy urgent;
environments dev, prod;
review emergency within 5d, expires within 2d;
freeze 2026-11-01 .. 2026-11-02;
freeze 2026-11-20 .. 2026-12-24 "year <end>" in prod except emergency, narrowing;
freeze 2027-01-01 .. 2027-01-01 except narrowing;
layer a; layer b;
environment prod { vpc 10.0.0.0/16; layer a 10.0.0.0/24; layer b 10.0.1.0/24; }
environment dev { vpc 10.1.0.0/16; layer a 10.1.0.0/24; layer b 10.1.1.0/24; }
seen: allow a -> b on tcp/1 emergency 2026-11-26 by ana expires 2026-11-28 owner web ticket INC-1
  reviewed 2026-11-27 by eva;
due:  allow a -> b on tcp/2 in prod emergency 2026-11-22 by ana expires 2026-11-24 owner web ticket INC-2;
END
facts() {
	/usr/bin/python3 -c 'import json, sys
model = json.load(open(sys.argv[1] + "/model.json"))
for e in model["environments"]: print(e["name"], e["emergencies"], e["frozen_until"])
for f in model["freezes"]: print(*f.values(), sep="|")
for f in model["emergencies"]: print(*f.values())
print(*[c["kind"] + " " + c["code"] for c in model["attention"] if "review" in c["what"]])' "$1"
}
$tool report "$work/urgent.fbk" -o "$work/urgent" --as-of $day >/dev/null 2>&1
facts "$work/urgent" >"$work/facts"
cat >"$work/want" <<'END'
dev 1 
prod 1 2026-12-24
2026-11-01|2026-11-02|past|||
2026-11-20|2026-12-24|in force|year <end>|prod|narrowing, emergency
2027-01-01|2027-01-01|to come|||narrowing
due 2026-11-22 ana review due 2026-11-27
seen 2026-11-26 ana reviewed 2026-12-01

END
diff "$work/want" "$work/facts" || fail "freezes and emergencies are told otherwise"
for words in 'year &lt;end&gt;' 'review due' 'to come' 'INC-2'; do
	grep -qF -- "$words" "$work/urgent/report.html" || fail "the report does not say: $words"
done
grep -q 'frozen until 2026-12-24' "$work/urgent/index.html" || fail "the index does not say what is frozen"
grep -q '"due",.*"2026-11-22","ana","review due","2026-11-27"' "$work/urgent/rules.csv" || fail "rules.csv has no emergencies"
grep -q '"2026-12-24","in force"' "$work/urgent/freezes.csv" || fail "freezes.csv has no freeze"
$tool verify-bundle "$work/urgent" >/dev/null || fail "a bundle with a freeze does not verify"
$tool report "$work/urgent.fbk" -o "$work/late" --as-of 2026-11-28 >/dev/null 2>&1
[ $? = 1 ] || fail "an overdue review of an emergency does not exit 1"
facts "$work/late" >"$work/facts"
/usr/bin/python3 -c 'import json, sys
for c in json.load(open(sys.argv[1] + "/model.json"))["attention"]: print(c["code"], c["owner"], c["fails_on"])' "$work/late" >"$work/whose"
cat >"$work/want" <<'END'
P0701 web 
P0709 web 
P0701 web 2026-11-29
END
diff "$work/want" "$work/whose" || fail "what is wrong with a rule is not its owner's, or what ends is not first"
grep -q 'wrong P0709' "$work/facts" || fail "an overdue review of an emergency needs no attention"
# What is wrong already stands apart: no column says so of each.
for name in report.html report.md; do
	grep -q 'Wrong on 2026-11-28' "$work/late/$name" || fail "$name does not say what is wrong on the day"
	if grep -q '>today<\|| today |' "$work/late/$name"; then fail "$name says of each that it fails today"; fi
done

# Commits on days of a freeze: each by itself, what it closed again later as well.
mkdir -p "$work/frozen/policy"
cat >"$work/frozen/policy/main.fbk" <<'END'
language 1;
policy calm;
environments prod;
freeze 2026-11-20 .. 2026-12-24 "year end" except emergency, narrowing;
layer a; layer b;
environment prod { vpc 10.0.0.0/16; layer a 10.0.0.0/24; layer b 10.0.1.0/24; }
r: allow a -> b on tcp/1;
END
on() { GIT_COMMITTER_DATE=$1T12:00:00Z git -C "$work/frozen" -c user.name=dana -c user.email=d@example.org commit -qam "$2"; }
(
	cd "$work/frozen" || exit 1
	main=policy/main.fbk
	git init -q . && git add -A && on 2026-11-01 first && git tag v1
	sed -i 's/tcp.1;/tcp\/1-2;/' $main && on 2026-11-19 "wider, in time"
	sed -i 's/tcp.1-2;/tcp\/1-3;/' $main && on 2026-11-21 "wider <b>too late</b>"
	sed -i 's/tcp.1-3;/tcp\/1;/' $main && on 2026-11-22 "narrow again"
	echo 'fix: allow b -> a on tcp/22 emergency 2026-11-23 by ana expires 2026-11-25 owner web ticket INC-1;' >>$main
	on 2026-11-23 "incident"
	sed -i 's/^freeze/#&/; s/tcp.1;/tcp\/9;/' $main && on 2026-11-24 "lift it, and open"
	sed -i 's/^#freeze/freeze/; s/^r:/r/' $main && on 2026-11-25 "a mistake"
	sed -i 's/^r /r: /' $main && on 2026-11-25 "mended"
) || fail "no git repository for the test"
(cd "$work/frozen" && "$tool" report --oscal --since v1 policy -o "$work/steps" --as-of $day >/dev/null 2>"$work/err")
[ $? = 1 ] || fail "commits that break a freeze do not exit 1"
/usr/bin/python3 -c 'import json, sys
model = json.load(open(sys.argv[1] + "/model.json"))
subject = {c["commit"]: c["subject"] for c in model["changes"]["commits"]}
for s in model["changes"]["during_freezes"]:
    print(subject[s["commit"]], *[(f["openings"], f["closings"], f["lifted"], *f["emergencies"], *f["rules"]) for f in s["freezes"]] or [s["judged"]])
print(sum(c["code"] == "P0707" for c in model["attention"]))' "$work/steps" >"$work/facts"
cat >"$work/want" <<'END'
mended False
a mistake False
lift it, and open ('broken', 'excepted', True, 'r')
incident ('excepted', 'none', False, 'fix')
narrow again ('none', 'excepted', False)
wider <b>too late</b> ('broken', 'none', False, 'r')
4
END
diff "$work/want" "$work/facts" || fail "commits on days of a freeze are told otherwise"
grep -q 'P0707.*opens connections during the freeze from 2026-11-20 to 2026-12-24' "$work/err" || fail "a commit that breaks a freeze is not told"
for words in 'not judged' 'wider &lt;b&gt;too late' 'lifts or loosens it' 'port 9'; do
	grep -qF -- "$words" "$work/steps/report.html" || fail "commits on days of a freeze do not say: $words"
done
$tool verify-bundle "$work/steps" >/dev/null || fail "a bundle with commits on days of a freeze does not verify"
# A freeze that came and went within the period holds too, and none is made up.
(
	cd "$work/frozen" || exit 1
	main=policy/main.fbk
	sed -i '/^freeze/d; /^fix/d' $main && on 2026-12-26 "over" && git tag v3
	sed -i 's/tcp.9;/tcp\/8-9;/' $main && on 2027-02-01 "before it"
	printf 'freeze\n2027-02-02 .. 2027-02-04;\n' >>$main && on 2027-02-02 "it comes"
	sed -i 's/tcp.8-9;/tcp\/7-9;/' $main && on 2027-02-03 "wider within it"
	sed -i 's/2027-02-02/2026-02-02/; s/2027-02-04/2026-02-04/' $main && on 2027-02-04 "it goes"
	sed -i 's/tcp.7-9;/tcp\/6-9;/' $main && on 2027-02-04 "wider without it"
	sed -i '/^freeze/,$d' $main && on 2027-02-05 "no trace"
) || fail "no history with a freeze in its middle"
(cd "$work/frozen" && "$tool" report --since v3 policy -o "$work/within" --as-of 2027-03-01 >/dev/null 2>"$work/err")
[ $? = 1 ] || fail "a freeze within the period does not exit 1"
/usr/bin/python3 -c 'import json, sys
model = json.load(open(sys.argv[1] + "/model.json"))
subject = {c["commit"]: c["subject"] for c in model["changes"]["commits"]}
for s in model["changes"]["during_freezes"]:
    print(subject[s["commit"]], *[(f["openings"], f["closings"], f["lifted"]) for f in s["freezes"]] or [s["judged"]])' "$work/within" >"$work/facts"
cat >"$work/want" <<'END'
it goes ('none', 'none', True)
wider within it ('broken', 'none', False)
it comes ('none', 'none', False)
END
diff "$work/want" "$work/facts" || fail "a freeze within the period is told otherwise"
$tool verify-bundle "$work/within" >/dev/null || fail "a bundle with a freeze within the period does not verify"
(cd "$work/frozen" && git reset -q --hard v3~1) || fail "no way back"
(cd "$work/frozen" && git tag v2 && sed -i '/^fix/d' policy/main.fbk && on 2026-11-26 "the incident is over" &&
	"$tool" report --since v2 policy -o "$work/gone" --as-of $day >/dev/null 2>"$work/err")
grep -q 'P0713.*`fix`' "$work/err" || fail "an emergency that goes without its review is not told"
grep -q P0713 "$work/gone/report.html" || fail "an emergency that went without its review needs no attention"
$tool verify-bundle "$work/gone" >/dev/null || fail "a bundle with an emergency gone does not verify"
step=$(cd "$work/steps" && grep -rl 'tcp/1-3' steps | sort | head -1)
sed -i 's|tcp/1-3|tcp/1-2|' "$work/steps/$step"
$tool verify-bundle "$work/steps" 2>/dev/null | grep -q "^$step" || fail "a changed $step is not named"
sed -i 's|"commit": "[0-9a-f]*",|"commit": "../../../../../../../../../../../../../../../../etc",|' "$work/steps/history.json"
$tool verify-bundle "$work/steps" >/dev/null 2>&1 && fail "a history that leads elsewhere passes"

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
/usr/bin/python3 tests/oscal.py "$work/oscal2" "$work/broken" "$work/hostile" "$work/small" "$work/steps" "$work/captured" || bad=1
/usr/bin/python3 tests/fleet.py "$tool" "$work" || bad=1
[ $bad = 0 ] && echo "report: $named changed files named"
exit $bad
