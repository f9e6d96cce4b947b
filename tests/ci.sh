#!/bin/sh
# What we hand out for pipelines, run as a pipeline does: the example repository,
# the script of the GitHub action with a `gh` that only takes notes, GitLab's files.
set -u
cd "$(dirname "$0")/.." || exit 2
root=$PWD
tool=$(realpath "${FIREBREAK:-build/firebreak}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
wrong() { echo "ci: $*"; bad=1; }

cp -r packaging/ci/example "$work/repo"
cd "$work/repo" || exit 2
git() { command git -c user.name=t -c user.email=t@example.org -c init.defaultBranch=main "$@"; }
git init -q . && git add -A && git commit -qm first || exit 2
"$tool" check -q policy || wrong "the example does not hold"
"$tool" fmt --check policy || wrong "the example is not laid out"

mkdir "$work/bin"
cat >"$work/bin/gh" <<'END'
#!/bin/sh
echo "$*" >>"$NOTES"
case "$*" in *--paginate*) cat "$COMMENTS"; exit "$(cat "$COMMENTS.code")" ;; esac
END
chmod +x "$work/bin/gh"
export NOTES="$work/notes" COMMENTS="$work/comments" FIREBREAK="$tool" FIREBREAK_OUT="$work/out"
export GITHUB_REF=refs/pull/7/merge GITHUB_REPOSITORY=acme/net GITHUB_STEP_SUMMARY="$work/summary"
PATH=$work/bin:$PATH
mkdir "$work/out"
: >"$COMMENTS"
echo 0 >"$COMMENTS.code"

run() {
	want=$1
	shift
	: >"$NOTES"
	: >"$GITHUB_STEP_SUMMARY"
	"$root/packaging/ci/firebreak-ci.sh" "$@" >"$work/log" 2>"$work/err"
	got=$?
	[ $got = "$want" ] || { wrong "exit $got instead of $want: $*"; cat "$work/log" "$work/err"; }
}

# nothing changed
run 0 github policy HEAD
grep -q -- '-X POST repos/acme/net/issues/7/comments' "$NOTES" || wrong "no comment is written"
grep -q '"version": "2.1.0"' "$work/out/firebreak.sarif" || wrong "no SARIF"

# a change that opens something: told, and refused when that is asked for
echo 'more: allow edge -> app on tcp/9090 owner a ticket CHG-4 reason "metrics";' >>policy/rules.fbk
run 0 github policy HEAD
grep -q 'opens' "$GITHUB_STEP_SUMMARY" || wrong "the summary does not say what opens"
python3 - "$work/out/firebreak-diff.sarif" <<'E' || wrong "the SARIF of the change does not stand at its rule"
import json, sys
run = json.load(open(sys.argv[1]))["runs"][0]
opens = [r for r in run["results"] if r["message"]["text"].startswith("opens `")]
place = opens[0]["locations"][0]["physicalLocation"]
assert run["automationDetails"]["id"].endswith("/diff/") and len(opens) == 1 and opens[0]["level"] == "warning"
assert place["artifactLocation"]["uri"] == "policy/rules.fbk"
assert "more: allow" in open("policy/rules.fbk").readlines()[place["region"]["startLine"] - 1]
E
echo 4711 >"$COMMENTS"
run 0 github policy HEAD
grep -q -- '-X PATCH repos/acme/net/issues/comments/4711 ' "$NOTES" || wrong "the comment is not updated in place"
grep -q -- '-X POST' "$NOTES" && wrong "a second comment"
FAIL_ON=widening run 1 github policy HEAD
grep -q '"level": "error"' "$work/out/firebreak-diff.sarif" || wrong "what is refused is no error in SARIF"
FAIL_ON=widening run 1 gitlab policy HEAD
grep -q '<failure type="P100[12]" message="opens ' "$work/out/firebreak-diff.junit.xml" || wrong "the test report of the change"
COMMENT=false run 0 github policy HEAD
[ -s "$NOTES" ] && wrong "a comment though none is wanted"

# a token that may not write is no reason to fail
echo 1 >"$COMMENTS.code"
run 0 github policy HEAD
echo 0 >"$COMMENTS.code"

# a broken invariant
echo 'hole: allow edge -> data on ssh owner a ticket CHG-5 reason "z";' >>policy/rules.fbk
run 1 github policy HEAD
grep -q '^::error file=policy/invariants.fbk,line=2,' "$work/log" || wrong "no annotation at its line"
run 1 gitlab policy HEAD
grep -q '"severity": "critical"' "$work/out/gl-code-quality-report.json" || wrong "GitLab is not told"
grep -q '<failure type="P0401"' "$work/out/firebreak.junit.xml" || wrong "the test report is not told"

# what cannot be read, and a base that is not there
echo 'x' >>policy/rules.fbk
run 2 github policy HEAD
git checkout -q policy
run 2 github policy no-such-revision
run 2 github
run 2 jenkins policy

# what both hand over is what the script writes
for file in firebreak.sarif firebreak-diff.sarif; do
	grep -q "sarif_file: $file$" "$root/packaging/ci/github/action.yml" || wrong "the action does not upload $file"
done
for file in firebreak.junit.xml firebreak-diff.junit.xml gl-code-quality-report.json firebreak-diff.md; do
	grep -q "[ :-] $file$" "$root/packaging/ci/gitlab/firebreak.yml" || wrong "the template does not keep $file"
done

# the hooks, as pre-commit calls them: entry, args, then names
for hook in 'fmt --check policy/rules.fbk policy/main.fbk' 'check -q policy'; do
	grep -q "entry: firebreak ${hook%% policy*}$" "$root/.pre-commit-hooks.yaml" || wrong "no hook ${hook%% policy*}"
	# shellcheck disable=SC2086 # words on purpose
	"$tool" $hook >/dev/null 2>&1 || wrong "the hook firebreak $hook fails"
	echo 'hole:  allow edge -> data on ssh owner a ticket CHG-5 reason "z";' >>policy/rules.fbk
	# shellcheck disable=SC2086
	"$tool" $hook >/dev/null 2>&1 && wrong "the hook firebreak $hook lets a mistake pass"
	git checkout -q policy
done
[ $bad = 0 ] && echo "ci: what pipelines get behaves"
exit $bad
