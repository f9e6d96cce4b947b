#!/bin/sh
# How the command behaves: exit codes, streams, all or nothing, the same bytes.
set -u
cd "$(dirname "$0")/.." || exit 2
tool=$(realpath "${FIREBREAK:-build/firebreak}")
policy=policies/modyo-connect
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
wrong() { echo "command: $*"; bad=1; }
code() {
	want=$1
	shift
	"$@" >"$work/out" 2>"$work/err"
	got=$?
	[ $got = "$want" ] || { wrong "exit $got instead of $want: $*"; cat "$work/err"; }
}

# exit codes and streams
code 0 "$tool" --help
[ -s "$work/out" ] && [ ! -s "$work/err" ] || wrong "--help goes to stdout"
code 2 "$tool"
code 2 "$tool" chekc "$policy"
grep -q 'did you mean `check`' "$work/err" || wrong "no suggestion for chekc"
code 2 "$tool" check
code 2 "$tool" check "$work/none.fbk"
code 2 "$tool" check --as-of 2026-02-30 "$policy"
code 0 "$tool" version
for command in check compile prove explain fmt completion version; do
	code 0 "$tool" $command --help
	head -1 "$work/out" | grep -q '^firebreak' || wrong "$command --help begins with an example"
done
code 0 "$tool" explain P0401
code 0 "$tool" explain p0401
code 2 "$tool" explain P9999
code 0 "$tool" check --as-of 2026-11-23 "$policy"
code 1 "$tool" check --as-of 2030-01-01 "$policy"
grep -q 'P0701' "$work/err" || wrong "expired rules are not told"
code 0 sh -c "SOURCE_DATE_EPOCH=1763856000 $tool check $policy"
code 2 sh -c "SOURCE_DATE_EPOCH=tomorrow $tool check $policy"
code 0 "$tool" check --fail-on warning --as-of 2026-11-23 "$policy"
code 1 "$tool" check --fail-on note --as-of 2026-11-23 "$policy"
code 0 "$tool" check --as-of 2026-11-23 tests/golden/diag/P0801.fbk
code 1 "$tool" check --fail-on warning --as-of 2026-11-23 tests/golden/diag/P0801.fbk
code 2 "$tool" check --fail-on anything "$policy"

# -q is silent, unless the answer is no
silent() { [ -s "$work/out" ] || [ -s "$work/err" ] && { wrong "not silent: $*"; cat "$work/out" "$work/err"; }; }
code 0 "$tool" check -q --as-of 2026-11-23 "$policy"
silent check -q
code 0 "$tool" check -q --as-of 2026-11-23 tests/golden/diag/P0801.fbk
silent check -q with a warning
code 1 "$tool" check -q --fail-on warning --as-of 2026-11-23 tests/golden/diag/P0801.fbk
grep -q P0801 "$work/err" || wrong "-q hides why it fails"
code 1 "$tool" check -q --as-of 2030-01-01 "$policy"
[ ! -s "$work/out" ] && grep -q P0701 "$work/err" || wrong "-q hides an expired rule"
code 0 "$tool" compile -q --as-of 2026-11-23 -o "$work/quiet" "$policy"
silent compile -q
code 0 "$tool" prove -q --as-of 2026-11-23 "$policy" "$work/quiet/banco-andino/prod/aws.tf.json"
silent prove -q
code 2 "$tool" compile "$policy"
code 2 "$tool" compile -t cobol -o "$work/x" "$policy"
code 2 "$tool" compile --only nobody.prod -o "$work/x" "$policy"
[ -e "$work/x" ] && wrong "something was written by a compilation that failed"

# stdin
code 0 sh -c "$tool check - < tests/golden/diag/P0008.fbk"

# what is not equal to the policy is not written: a broken invariant writes nothing
cp -r "$policy" "$work/policy"
echo 'leak: allow data -> internet on https;' >>"$work/policy/rules.fbk"
code 1 "$tool" compile --as-of 2026-11-23 -o "$work/broken" "$work/policy"
[ -e "$work/broken" ] && wrong "a broken policy was written"

# the same bytes: again, from another directory, from shuffled and reformatted sources
code 0 "$tool" compile -t all --as-of 2026-11-23 -o "$work/a" "$policy"
code 0 "$tool" compile -t all --as-of 2026-11-23 -o "$work/b" "$policy"
diff -r "$work/a" "$work/b" || wrong "two runs differ"

# a second look at every proof, at what was compiled and at what is proved
code 0 "$tool" compile -t all --recheck --as-of 2026-11-23 -o "$work/b" "$policy"
grep -q 'each looked at twice' "$work/out" || wrong "no second look"
diff -r "$work/a" "$work/b" || wrong "a second look changes what is written"
code 0 "$tool" prove --recheck --as-of 2026-11-23 "$policy" "$work/a/banco-andino/prod/aws.tf.json" "$work/a"/banco-andino/prod/nft/*.nft
(cd "$policy" && "$tool" compile -t all --as-of 2026-11-23 -o "$work/c" . >/dev/null) || wrong "from inside"
diff -r "$work/a" "$work/c" || wrong "another directory makes other bytes"
rm -rf "$work/policy" && cp -r "$policy" "$work/policy"
python3 tests/lib/shuffle.py "$work/policy"
code 0 "$tool" compile -t all --as-of 2026-11-23 -o "$work/d" "$work/policy"
diff -r -x manifest.json "$work/a" "$work/d" || wrong "shuffled sources make other bytes"
diff -q "$work/policy/rules.fbk" "$policy/rules.fbk" >/dev/null && wrong "the shuffle shuffled nothing"
code 0 "$tool" compile -t all --as-of 2026-11-24 -o "$work/e" "$policy"
diff -r -x manifest.json "$work/a" "$work/e" || wrong "another day makes other bytes"

# access scopes: said once, for whom there is none and why; proved, and no proof of what runs
code 0 "$tool" compile -t scopes --as-of 2026-11-23 -o "$work/scopes" "$policy"
grep -q '^4 of 21 invariants have no access scope:$' "$work/out" || wrong "invariants without a scope are not told"
grep -q '^       narrow-doors: it is about the rules' "$work/out" || wrong "nor why they have none"
grep -q '"invariant": "narrow-doors", "scope": false' "$work/scopes/manifest.json" || wrong "nor in the manifest"
code 0 "$tool" prove --as-of 2026-11-23 "$policy" "$work/scopes/caja-sur/dev/aws.scopes.json"
sed 's/"0-442"/"0-441"/' "$work/scopes/caja-sur/dev/aws.scopes.json" >"$work/odd.json"
code 1 "$tool" prove --as-of 2026-11-23 "$policy" "$work/odd.json"
grep -q 'overlooks a packet that the invariant forbids' "$work/err" || wrong "a scope that overlooks something"
code 2 "$tool" diff --as-of 2026-11-23 "$work/odd.json" "$policy"
code 0 "$tool" diff --as-of 2026-11-23 "$work/scopes" "$policy"

# an option that a command does not use would seem to do something
code 2 "$tool" check --output "$work/x" "$policy"
code 2 "$tool" verify-bundle --only x "$work/a"
code 2 "$tool" check --nonsense "$policy"

# the README's tour is what happens
grep -qF "$("$tool" compile --as-of 2026-11-23 "$policy" -o "$work/tour" | sed 's|below [^,]*,|below out,|')" README.md ||
	wrong "the README's tour shows another result of compile"

# an earlier build: the same policy gives the same bytes, another name is moved, and a
# manifest that is none of ours is refused before anything is read by it
code 0 "$tool" compile -q -t all --as-of 2026-11-23 --previous "$work/a" -o "$work/again" "$policy"
diff -r -x manifest.json "$work/a" "$work/again" || wrong "an earlier build changes what has not changed"
grep -q '"previous": "sha256:' "$work/again/manifest.json" || wrong "the manifest does not name the earlier build"
rm -rf "$work/policy" && cp -r "$policy" "$work/policy"
sed -i 's/^ecs-to-db:/app-to-db:/' "$work/policy/rules.fbk"
code 0 "$tool" compile -q --as-of 2026-11-23 -t terraform --previous "$work/a/manifest.json" -o "$work/named" "$work/policy"
grep -q '"from": "aws_vpc_security_group_ingress_rule.ecs-to-db__' "$work/named/caja-sur/prod/aws.tf.json" || wrong "another name is not moved"
code 0 "$tool" prove -q --as-of 2026-11-23 "$work/policy" "$work/named"/*/*/aws.tf.json
# and what applying it changes, with what becomes of open connections
sed -i '/^db-backup:/,/;$/d' "$work/policy/rules.fbk"
code 0 "$tool" compile --as-of 2026-11-23 -t terraform --previous "$work/named" --only caja-sur.prod -o "$work/fewer" "$work/policy"
grep -q '^    - data egress  tcp 443 to list s3$' "$work/out" || wrong "a rule that goes is not told"
grep -q 'connections that are open live on' "$work/out" || wrong "open connections are not told of"
[ "$(grep -c '"kind": "remove".*"sessions": "live-on"' "$work/fewer/manifest.json")" = 1 ] || wrong "the manifest does not tell of the rule"
code 0 "$tool" compile --as-of 2026-11-23 -t nft --previous "$work/named" -o "$work/fewer" "$work/policy"
grep -q '^AWS' "$work/out" && wrong "what was not made is told as gone"
code 2 "$tool" compile --previous "$work/none" -o "$work/x" "$policy"
for path in ../../etc/passwd /etc/passwd a//b a/../../b ''; do
	printf '{"schema": "firebreak-manifest-1", "policy": "modyo-connect", "outputs": [{"path": "%s", "digest": "x"}]}' "$path" >"$work/m.json"
	code 2 "$tool" compile --previous "$work/m.json" -o "$work/x" "$policy"
	grep -q P0608 "$work/err" || wrong "an earlier build with the path '$path'"
done
sed 's/aws.tf.json/aws.tf.json.tf.json/' "$work/a/manifest.json" >"$work/a/m.json"
code 2 "$tool" compile --previous "$work/a/m.json" -o "$work/x" "$policy"
rm "$work/a/m.json"
[ -e "$work/x" ] && wrong "something was written after a bad earlier build"

# how full groups are: the tight ones always, all when asked, none when quiet
code 0 "$tool" compile --quota --as-of 2026-11-23 "$policy" -t terraform -o "$work/tour"
grep -q '^ *10 of 60   IPv4  in   caja-sur.prod  modyo-connect-prod-edge$' "$work/out" || wrong "--quota lacks a group"
code 0 "$tool" compile --as-of 2026-11-23 "$policy" -t terraform -o "$work/tour"
[ "$(grep -c ' of 60 ' "$work/out")" = 2 ] || wrong "other groups than the tight ones are told"

# everything that was written is equal to the policy, and says so
find "$work/a" -type f ! -name manifest.json | sort >"$work/files"
code 0 "$tool" prove --as-of 2026-11-23 "$policy" $(cat "$work/files")
[ "$(grep -c ': equal$' "$work/out")" = "$(wc -l <"$work/files")" ] || wrong "not every file is equal"
code 1 "$tool" prove --as-of 2027-12-31 "$policy" "$work/a/banco-andino/prod/nft/services.nft"
code 2 "$tool" prove "$policy" README.md
code 2 "$tool" prove --anew "$policy" README.md
grep -q 'are of --live' "$work/err" || wrong "--anew without --live"
[ $bad = 0 ] && echo "the command behaves"
exit $bad
