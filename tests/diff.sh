#!/bin/sh
# diff, query and explain as commands: every option, every exit code, git revisions.
set -u
cd "$(dirname "$0")/.." || exit 2
tool=$(realpath "${FIREBREAK:-build/firebreak}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export SOURCE_DATE_EPOCH=1795651200 NO_COLOR=1
bad=0
wrong() { echo "diff: $*"; bad=1; }
code() {
	want=$1
	shift
	"$@" >"$work/out" 2>"$work/err"
	got=$?
	[ $got = "$want" ] || { wrong "exit $got instead of $want: $*"; cat "$work/out" "$work/err"; }
}
says() { grep -qF -- "$1" "$work/out" || { wrong "does not say: $1"; cat "$work/out"; }; }
hides() { if grep -qF -- "$1" "$work/out"; then wrong "says: $1"; cat "$work/out"; fi; }
tells() { grep -qF -- "$1" "$work/err" || { wrong "does not tell: $1"; cat "$work/err"; }; }

# The JSON in out against the published schema; /usr/bin/python3 has Debian's jsonschema.
schemas=$PWD/schemas
valid() {
	/usr/bin/python3 -c 'import json, sys, jsonschema
jsonschema.validate(json.load(open(sys.argv[1])), json.load(open(sys.argv[2])))' "$work/out" "$schemas/$1.schema.json" >"$work/err" 2>&1 ||
		{ wrong "not valid by $1.schema.json"; tail -5 "$work/err"; }
}

world='language 1; policy small; environments prod, dev;
layer web; layer app; layer db;
environment prod { vpc 10.0.0.0/16; layer web 10.0.0.0/24; layer app 10.0.1.0/24; layer db 10.0.2.0/24; }
environment dev { vpc 10.1.0.0/16; layer web 10.1.0.0/24; layer app 10.1.1.0/24; layer db 10.1.2.0/24; }
closed: only app -> db on tcp/5432, tcp/6379;
'
mkdir "$work/p" && cd "$work" || exit 2
policy() { printf '%s%s\n' "$world" "$2" >"$1"; }
policy old.fbk 'r: allow web -> app on tcp/80;
s: allow app -> db on tcp/5432 ticket A-1 expires 2099-01-01;'

# the same, and the same in other words
code 0 "$tool" diff old.fbk old.fbk
says "small: same reach"
policy new.fbk 'group front = web; service pg = tcp/5432;
r: allow front -> app on tcp/80; r2: allow web -> app on tcp/80 in prod;
s: allow app -> db on pg ticket A-1 expires 2099-01-01;'
code 0 "$tool" diff --fail-on widening old.fbk new.fbk
says "small: same reach"
code 1 "$tool" diff --exit-code old.fbk new.fbk

# opens: where, why, by what, and what the exit codes make of it
policy new.fbk 'r: allow web -> app on tcp/80, tcp/22;
s: allow app -> db on tcp/5432 ticket A-1 expires 2099-01-01;'
code 0 "$tool" diff old.fbk new.fbk
says "small: opens 1"
says "+ opens   web -> app on tcp/22"
says "in all 2 environments"
says "remote administration"
says "before: tcp/80"
says "new.fbk:6)"
says "aws.tf.json"
code 1 "$tool" diff --fail-on widening old.fbk new.fbk
code 1 "$tool" diff --fail-on any old.fbk new.fbk
code 0 "$tool" diff --expect 'web -> app on tcp/22' old.fbk new.fbk
code 1 "$tool" diff --expect 'web -> app on tcp/22 in prod' old.fbk new.fbk
says "opens unexpectedly"
code 1 "$tool" diff --expect 'web -> app on tcp/22' --expect 'web -> app on tcp/80' old.fbk new.fbk
says "opens nothing"
code 1 "$tool" diff --expect 'web -> app on tcp/22' --expect 'app -> web on tcp/9' old.fbk new.fbk
says "is not open in"
code 2 "$tool" diff --expect 'web -> ap on tcp/22' old.fbk new.fbk
tells 'did you mean `app`'
code 2 "$tool" diff --expect 'web -> app on tcp/22; r3: allow any -> any on any' old.fbk new.fbk
tells P0220
code 0 "$tool" diff --reach-only old.fbk new.fbk
hides "invariant"
hides "aws.tf.json"

# narrows and closes do not widen
code 0 "$tool" diff --fail-on widening new.fbk old.fbk
says "- narrows web -> app on tcp/22"
says "left: tcp/80"
policy none.fbk 'r: allow web -> app on tcp/80;'
code 0 "$tool" diff --fail-on widening old.fbk none.fbk
says "- closes  app -> db on tcp/5432"
says "left: nothing between them"

# a rule between other layers has moved, and that widens
policy moved.fbk 'r: allow web -> app on tcp/80;
s: allow app -> web on tcp/5432 ticket A-1 expires 2099-01-01;'
code 1 "$tool" diff --fail-on widening old.fbk moved.fbk
says "moves 1"
says "> moves   app -> web on tcp/5432"
says "was: app -> db on tcp/5432"

# metadata, addresses, invariants
policy meta.fbk 'r: allow web -> app on tcp/80;
s: allow app -> db on tcp/5432 ticket A-2 expires 2099-02-01;'
code 0 "$tool" diff --fail-on widening old.fbk meta.fbk
says "metadata only"
says "ticket A-1 -> A-2"
says "expires 2099-01-01 -> 2099-02-01"
says "changed"
sed 's|layer db 10.0.2.0/24|layer db 10.0.3.0/24|' old.fbk >other.fbk
code 0 "$tool" diff old.fbk other.fbk
says "layer db in prod: 10.0.2.0/24 -> 10.0.3.0/24"
says "the same names, at other addresses"
policy broken.fbk 'r: allow web -> app on tcp/80;
s: allow app, web -> db on tcp/5432 ticket A-1 expires 2099-01-01;'
code 1 "$tool" diff --fail-on widening old.fbk broken.fbk
says "breaks closed"
says 'breaks `closed`'
says "1 of 1 invariant broken"
code 0 "$tool" diff broken.fbk old.fbk
says "mended closed"
sed 's/^closed:.*/wide: only app -> db;/' old.fbk >dropped.fbk
code 1 "$tool" diff --exit-code old.fbk dropped.fbk
says "removed closed"
says "added wide"

# in between there may be too many rules, though not before and not after
ports() { for i in $(seq "$1" "$2"); do printf '%stcp/%d' "${sep-}" $((1000 + 2 * i)); sep=', '; done; sep=; }
policy full.fbk "r: allow web -> app on $(ports 1 60);"
policy moved-on.fbk "r: allow web -> app on $(ports 11 70);"
code 0 "$tool" diff full.fbk moved-on.fbk
says "app ingress uses 60 of 60, was 60, up to 70 in between (too many), in"
says "connections that are open live on where AWS tracks them"
hides "end at once"
code 0 "$tool" diff --format json full.fbk moved-on.fbk
valid diff
says '"peak": 70'
says '"sessions": "live-on"'
policy fewer.fbk "r: allow web -> app on $(ports 1 50);"
code 0 "$tool" diff full.fbk fewer.fbk
hides "in between"

# what is not tracked ends with its rule: tcp from everybody, all of it answered
unguarded() { printf '%s%s\n' "$(echo "$world" | sed '/^closed:/d')" "$2" >"$1"; }
unguarded open.fbk 'r: allow any -> web on tcp/443; out: allow web -> any on any;'
unguarded shut.fbk 'out: allow web -> any on any;'
code 0 "$tool" diff open.fbk shut.fbk
says "some open connections are not tracked and end at once"
code 0 "$tool" diff --format json open.fbk shut.fbk
valid diff
says '"sessions": "end"'
unguarded open.fbk 'r: allow any -> web on tcp/443; out: allow web -> any on tcp/1-65535;'
unguarded shut.fbk 'out: allow web -> any on tcp/1-65535;'
code 0 "$tool" diff open.fbk shut.fbk
says "live on"
hides "end at once"
code 0 "$tool" diff --format markdown open.fbk shut.fbk
says "Where rules go, connections that are open live on"

# one environment more
sed 's/environment dev {.*//' old.fbk >less.fbk
code 0 "$tool" diff less.fbk old.fbk
says "in dev"
says "vpc in dev: nothing -> 10.1.0.0/16"

# formats
for other in old none moved meta other broken dropped less; do
	code 0 "$tool" diff --format json old.fbk $other.fbk
	valid diff
done
code 0 "$tool" diff --format json old.fbk new.fbk
python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); r = d["reach"][0]
assert d["schema"] == "firebreak-diff-1" and d["widens"] and not d["same_reach"]
assert not r["exposes"] and not r["unexpected"]
assert r["kind"] == "opens" and r["words"]["ports"] == "tcp/22" and r["rules"][0]["line"] == 6
assert r["environments"] == ["dev", "prod"] and d["outputs"]["resources"]' "$work/out" || wrong "the JSON is not as expected"
code 0 "$tool" diff --format markdown old.fbk new.fbk
says '<!-- firebreak:diff policy=small v=1 -->'
says '| **+&nbsp;opens** | `web` → `app`'
code 2 "$tool" diff --format pdf old.fbk new.fbk
code 2 "$tool" diff --fail-on tuesday old.fbk new.fbk
code 2 "$tool" diff old.fbk
code 2 "$tool" diff old.fbk missing.fbk
code 2 "$tool" diff - -
code 0 sh -c "$tool diff old.fbk - <new.fbk"
"$tool" diff --color always old.fbk new.fbk | grep -q "$(printf '\033')" || wrong "no colour"

# a comment stays below what GitHub takes, and says what is not in it
python3 - "$world" <<'P'
import sys
rules = "".join(f"r{i}: allow app -> web on tcp/{2 * i + 1};\ns{i}: allow web -> app on tcp/{2 * i + 1} in prod;\n"
                f"t{i}: allow web -> 192.0.{i % 256}.{i // 256 * 8}/29 on tcp/443 in dev;\n" for i in range(1500))
open("many.fbk", "w").write(sys.argv[1] + rules)
P
code 0 "$tool" diff --reach-only --format markdown old.fbk many.fbk
[ "$(wc -c <"$work/out")" -le 60000 ] || wrong "a comment of $(wc -c <"$work/out") bytes"
python3 -c 'import sys
rules = "".join(f"r{i}: allow app -> web on tcp/{2 * i + 1};\ns{i}: allow web -> db on tcp/{2 * i + 1} in prod;\n" for i in range(250))
open("pairs.fbk", "w").write(sys.argv[1].split("closed:")[0] + rules)' "$world"
code 0 "$tool" diff --reach-only --format markdown old.fbk pairs.fbk
says '| Connection | opens | closes | The worst of it |'
says '| `app` → `web` | 250 | |'
says 'The riskiest '
says ' of 502 lines of reach'
says "Left out for want of room:"
[ "$(wc -c <"$work/out")" -le 60000 ] || wrong "a comment of $(wc -c <"$work/out") bytes"

# hostile texts end nothing
policy hostile.fbk 'r: allow web -> app on tcp/80;
s: allow app -> db on tcp/5432 ticket "<!-- `x` | \" </details><script>" expires 2099-01-01;'
code 0 "$tool" diff --format markdown old.fbk hostile.fbk
hides '<script>'
code 0 "$tool" diff --format json old.fbk hostile.fbk
valid diff

# what runs: outputs, captures, rulesets, a directory that was compiled
code 0 "$tool" compile -t terraform,ec2,nft -o made old.fbk
for file in made/prod/aws.tf.json made/prod/aws.ec2.json made/prod/nft/gateway.nft; do
	code 0 "$tool" diff $file old.fbk
	says "small: same reach · the file is equal to the policy"
	says "dev: no file speaks of it"
	hides "prod: no file speaks of it"
	code 0 "$tool" diff --fail-on widening old.fbk $file
	code 1 "$tool" diff --exit-code old.fbk $file
	code 0 "$tool" diff $file new.fbk
	says "+ opens   web -> app on tcp/22"
	says "by r (new.fbk:6)"
	code 0 sh -c "$tool diff - new.fbk <$file"
	says "+ opens   web -> app on tcp/22"
	code 0 sh -c "$tool diff $file - <new.fbk"
	says "+ opens   web -> app on tcp/22"
	code 0 "$tool" diff --format json $file new.fbk
	valid diff
	code 0 "$tool" diff --format markdown $file new.fbk
	says '**Not compared**'
done
code 0 "$tool" diff made/prod/nft/app.nft old.fbk
says "prod: hosts of db, web: no file speaks of it"
sed 's/"to_port": 5432/"to_port": 5433/; s/"FromPort": 80,/"FromPort": 79,/' made/prod/aws.tf.json >edited.json
code 0 "$tool" diff edited.json old.fbk
says "narrows"
says "app -> db on tcp/5433"
says "in the file: db, inbound from app"
code 1 "$tool" diff --fail-on widening old.fbk edited.json
says "+ opens   app -> db on tcp/5433"
# one half of a connection: nothing gets through, and it is no less a difference
python3 - <<'P'
import json
d = json.load(open("made/prod/aws.ec2.json"))
for g in d["SecurityGroups"]:
    if g["GroupName"].endswith("-db"):
        g["IpPermissions"][0]["ToPort"] += 1
json.dump(d, open("half.json", "w"))
P
code 0 "$tool" diff half.json old.fbk
says "app -> db on tcp/5433"
says "on db: ingress"
hides "composed"
# a whole account: several environments, and groups that are nobody's
python3 - <<'P'
import json
both = [json.load(open(f"made/{e}/aws.ec2.json")) for e in ("dev", "prod")]
for number, one in enumerate(both):
    ids = {g["GroupId"]: f"sg-{number}{k:07x}" for k, g in enumerate(one["SecurityGroups"])}
    text = json.dumps(one)
    for old, new in ids.items():
        text = text.replace(json.dumps(old), json.dumps(new))
    both[number] = json.loads(text)["SecurityGroups"]
alien = json.loads(json.dumps(both[0][0]))
alien.update(GroupId="sg-0ffffffff", GroupName="alien", Tags=[], IpPermissions=[], IpPermissionsEgress=[])
json.dump({"SecurityGroups": both[0] + both[1] + [alien]}, open("account.json", "w"))
P
code 0 "$tool" diff account.json old.fbk
says "same reach · all 2 parts compared are equal to the policy"
hides "no file speaks of it"
tells P0607
code 0 "$tool" diff account.json new.fbk
says "in all 2 environments"
code 0 "$tool" diff --format github account.json old.fbk
says P0607

code 0 "$tool" diff made old.fbk
says "same reach · all 12 parts compared are equal to the policy"
hides "files of the directory"
code 0 "$tool" diff --fail-on any made old.fbk
code 0 "$tool" diff made new.fbk
says "prod/aws.tf.json changes"
says "on aws.ec2.json: composed; app: ingress; web: egress; aws.tf.json: composed"
says "prod/nft/app.nft changes"
hides "prod/nft/db.nft changes"
says "opens 1"
code 0 "$tool" diff made less.fbk
says "same reach"
says "dev/aws.tf.json vanishes"
says "dev/aws.tf.json: the policy has no such environment"
code 2 "$tool" diff made/dev/aws.tf.json less.fbk
tells "which this policy does not have"
code 0 "$tool" compile -q -t terraform,ec2,nft -o fewer less.fbk
code 1 "$tool" diff --fail-on any fewer old.fbk
says "dev/aws.tf.json appears"
says "dev: no file speaks of it"
cp edited.json made/prod/aws.tf.json
rm made/dev/nft/web.nft
code 1 "$tool" diff --fail-on any made old.fbk
says "prod/aws.tf.json was edited since it was made"
says "dev/nft/web.nft is missing"
for format in json markdown sarif github gitlab junit csv; do
	code 0 "$tool" diff --format $format made old.fbk
done
code 2 "$tool" diff made made
code 2 "$tool" diff half.json edited.json
tells "one of the two has to be a policy"
code 2 "$tool" diff --expect 'web -> app' half.json old.fbk
code 2 "$tool" diff --reach-only half.json old.fbk
printf '{ "not": "ours" }' >none.json
code 2 "$tool" diff none.json old.fbk
tells P0601
code 2 "$tool" diff --format sarif none.json old.fbk
grep -q P0601 "$work/out" || wrong "SARIF does not say why"
head -c 700 made/prod/aws.ec2.json >cut.json
code 2 "$tool" diff cut.json old.fbk
sed 's/policy small/policy other/' old.fbk >another.fbk
code 2 "$tool" diff half.json another.fbk
tells P0602
mkdir odd && printf '{"schema":"firebreak-manifest-1","outputs":[{"path":"../old.fbk","digest":"sha256:0"}]}' >odd/manifest.json
code 2 "$tool" diff odd old.fbk
tells "not a manifest"
printf '{"schema":"firebreak-manifest-1","outputs":[]}' >odd/manifest.json
code 0 "$tool" diff odd old.fbk
says "prod: no file speaks of it"

# questions
code 0 "$tool" query old.fbk 'app -> db on tcp/5432'
says "yes: app -> db on tcp/5432"
says "by s (old.fbk:7)"
says "in all 2 environments"
says "until 2099-01-01"
code 1 "$tool" query old.fbk 'web -> db'
says "no: web -> db"
says "refused, for example in dev: tcp 10.1.0.1 -> 10.1.2.1 port 1"
code 0 "$tool" query old.fbk '? -> db'
says "yes, in part"
says "app -> db on tcp/5432"
code 0 "$tool" query old.fbk 'web -> ? in prod'
says "web -> app on tcp/80"
says "in prod"
code 1 "$tool" query old.fbk 'db -> ?'
code 0 "$tool" query --only dev old.fbk 'web -> app on tcp/80'
hides "environments"
code 0 "$tool" query old.fbk '10.0.0.7 -> 10.0.1.9 on tcp/80'
says "yes"
code 0 "$tool" query --transitive old.fbk 'web -> db'
says "not directly, but by way of others"
says "1. web -> app in dev: tcp"
says "2. app -> db in dev: tcp"
says "by r (old.fbk:6)"
code 1 "$tool" query --transitive old.fbk 'db -> web'
code 0 "$tool" query --transitive old.fbk '? -> db'
says "web -> db, 2 connections"
code 2 "$tool" query old.fbk 'app -> nobody'
code 2 "$tool" query old.fbk 'app'
code 2 "$tool" query old.fbk 'app -> db in moon'
code 2 "$tool" query old.fbk 'app -> db on tcp/5432 owner me'
code 2 "$tool" query --only moon old.fbk 'app -> db'
code 2 "$tool" query old.fbk '10.0.0.1 -> ::1'
tells P0221
code 2 "$tool" query old.fbk
code 2 "$tool" query --format xml old.fbk 'app -> db'
code 0 "$tool" query --format json old.fbk '? -> db'
valid answer
code 0 "$tool" query --format json --transitive old.fbk 'web -> db'
valid answer
python3 -c 'import json, sys; a = json.load(open(sys.argv[1]))
assert a["answer"] == "none" and len(a["routes"][0]["hops"]) == 2' "$work/out" || wrong "the JSON of an answer"

# statements in full
policy full.fbk 'r: allow web -> app on tcp/80 owner ana ticket T-1 reason "front door" log in prod;
w: allow web -> db on tcp/5432 waives closed ticket T-2 approved by bea expires 2099-01-01;
gone: allow web -> app on tcp/81 expires 2001-01-01;'
code 0 "$tool" explain full.fbk r
says 'permit web to app on tcp/80 in prod under T-1, because "front door"; owner ana; logged'
says "prod/aws.tf.json"
says "prod/nft/web.nft"
says 'comment "r"'
hides "dev/"
code 0 "$tool" explain full.fbk gone
says "expired on 2001-01-01"
says "it permits nothing"
code 0 "$tool" explain full.fbk closed
says "nobody but app reaches db, and app only on tcp/5432, tcp/6379"
says "it would be broken but for rules that waive it"
says "waived by w (full.fbk:7)"
code 1 "$tool" explain broken.fbk closed
says 'it is broken: `web` reaches `db`'
says "by s (broken.fbk:7)"
code 2 "$tool" explain full.fbk nobody
code 2 "$tool" explain full.fbk close
tells 'did you mean `closed`'
code 0 "$tool" explain --format json full.fbk closed
valid answer
code 0 "$tool" explain --format json full.fbk r
valid answer
python3 -c 'import json, sys; a = json.load(open(sys.argv[1]))
assert a["kind"] == "rule" and any("aws" in e["path"] for e in a["emitted"])' "$work/out" || wrong "the JSON of a statement"
code 0 "$tool" explain P0220

# revisions
git_() { git -c user.name=t -c user.email=t@example.org -c init.defaultBranch=main "$@" >/dev/null 2>&1; }
mkdir repo && cd repo && git_ init && mkdir -p policy/customers || exit 2
sed 's/^environment dev.*/include "customers\/dev.fbk";/' ../old.fbk >policy/main.fbk
grep '^environment dev' ../old.fbk >policy/customers/dev.fbk
git_ add . && git_ commit -m one && git_ tag v1 || wrong "no git"
sed -i 's|tcp/80|tcp/80, tcp/81|' policy/main.fbk
code 0 "$tool" diff HEAD:policy policy
says "+ opens   web -> app on tcp/81"
code 0 "$tool" diff v1:policy/main.fbk HEAD:policy
says "same reach"
code 0 "$tool" check HEAD:policy
code 0 "$tool" compile HEAD:policy -o ../made
(cd policy/customers && code 0 "$tool" check HEAD:../../policy && code 0 "$tool" check v1:./..; exit $bad) || bad=1
code 2 "$tool" check nowhere:policy
tells "not a revision"
code 2 "$tool" check HEAD:nowhere
code 2 "$tool" check --as-of 2026-11-23 -- "--output=$work/evil:policy"
code 2 "$tool" check -- '-:policy'
[ -e "$work/evil" ] && wrong "a revision became an option"
code 2 "$tool" check 'HEAD:../../../etc/passwd'
code 2 "$tool" check 'HEAD
:policy'
code 2 env PATH=/nonexistent "$tool" check HEAD:policy
tells "the git program"
# a file of that name comes first
cp ../old.fbk 'HEAD:policy'
code 0 "$tool" check HEAD:policy
rm 'HEAD:policy'
# nothing outside of the revision is read
git_ checkout -b leaving && printf 'include "../outside.fbk";\n' >>policy/main.fbk
cp ../old.fbk outside.fbk && git_ commit -am leaving
code 2 "$tool" check leaving:policy
tells "leaves the policy"
cd ..

# what prefix lists take of a group's quota, and what happens in between
lists='language 1; policy small; environments prod; layer a;
network edge prefix-list "com.amazonaws.{region}.cloudfront.origin-facing" via endpoint;
network ours prefix-list "ours" via nat = 198.51.100.0/24, 203.0.113.0/24;
environment prod { region us-east-1; vpc 10.0.0.0/16; layer a 10.0.0.0/24; }
one: allow a -> edge on tcp/443;
'
printf '%s' "$lists" >one.fbk
printf '%saws { max-entries ours 4; }\ntwo: allow a -> ours on tcp/80;\n' "$lists" >two.fbk
code 0 "$tool" diff one.fbk two.fbk
says "a egress, IPv4 uses 59 of 60, was 55, in prod/aws.tf.json"
hides "aside"
code 0 "$tool" compile one.fbk -t terraform -o one
code 0 "$tool" compile two.fbk -t terraform -o two --previous one
hides "aside"
# the default group alone
printf '%saws { keep-default-group; }\n' "$lists" >kept.fbk
code 0 "$tool" diff one.fbk kept.fbk
says "- aws_default_security_group.default  the default group of the VPC, without rules"
code 0 "$tool" diff kept.fbk one.fbk
says "+ aws_default_security_group.default"
code 0 "$tool" diff one.fbk one.fbk
hides "aws_default"
[ $bad = 0 ] && echo "diff, query and explain behave"
exit $bad
