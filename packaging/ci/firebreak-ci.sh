#!/bin/sh
# What a pipeline does with a policy; the GitHub action and the GitLab template call it.
#
#   firebreak-ci.sh github POLICY [BASE]     annotations, firebreak.sarif; with BASE, a
#                                            revision, firebreak-diff.sarif, and
#                                            firebreak-diff.md in the summary and as a
#                                            comment that is updated in place
#   firebreak-ci.sh gitlab POLICY [BASE]     code quality, JUnit; with BASE also
#                                            firebreak-diff.md and firebreak-diff.junit.xml
#
# FIREBREAK       the program (firebreak)
# FAIL_ON         of the diff: widening or any; empty: a change never fails
# FIREBREAK_OUT   where the files go (.)
#
# Exit: the worst of the check and the diff.
set -u
tool=${FIREBREAK:-firebreak}
out=${FIREBREAK_OUT:-.}
worst=0

usage() { sed -n '2,16s/^# \{0,1\}//p' "$0" >&2; exit 2; }
note() { echo "firebreak-ci: $*" >&2; }
keep() { [ "$1" -gt $worst ] && worst=$1; return 0; }

# The comment that begins with our tag, by a bot; else a new one.
comment() {
	tag=$(head -n 1 "$out/firebreak-diff.md")
	number=$(printf '%s\n' "${GITHUB_REF-}" | sed -n 's|^refs/pull/\([0-9]*\)/.*|\1|p')
	[ -n "$number" ] || return 0
	comments=repos/$GITHUB_REPOSITORY/issues
	id=$(TAG=$tag gh api --paginate "$comments/$number/comments" --jq \
		'.[] | select(.user.type == "Bot" and (.body | startswith(env.TAG))) | .id' |
		head -n 1) || return 1
	if [ -n "$id" ]; then
		gh api --silent -X PATCH "$comments/comments/$id" -F "body=@$out/firebreak-diff.md"
	else
		gh api --silent -X POST "$comments/$number/comments" -F "body=@$out/firebreak-diff.md"
	fi
}

# FORMAT FILE: the change as FORMAT.
change() {
	"$tool" diff --format "$1" ${FAIL_ON:+--fail-on "$FAIL_ON"} "$base:$policy" "$policy" >"$out/$2"
}

compare() {
	change markdown firebreak-diff.md
	code=$?
	keep $code
	[ $code -le 1 ] || note "the change could not be compared with $base"
	return $code
}

[ $# = 2 ] || [ $# = 3 ] || usage
where=$1 policy=$2 base=${3-}
case $where in
github)
	"$tool" check --format sarif "$policy" >"$out/firebreak.sarif"
	"$tool" check --format github "$policy"
	keep $?
	if [ -n "$base" ]; then
		compare
		if [ $? -le 1 ]; then
			change sarif firebreak-diff.sarif
			[ -z "${GITHUB_STEP_SUMMARY-}" ] || cat "$out/firebreak-diff.md" >>"$GITHUB_STEP_SUMMARY"
			# a pull request from a fork may not write; what was found stands in the summary
			[ "${COMMENT-true}" != true ] || comment || note "the comment could not be written"
		fi
	fi
	;;
gitlab)
	"$tool" check --format gitlab "$policy" >"$out/gl-code-quality-report.json"
	"$tool" check --format junit "$policy" >"$out/firebreak.junit.xml"
	"$tool" check "$policy"
	keep $?
	if [ -n "$base" ]; then
		compare
		[ $? -gt 1 ] || change junit firebreak-diff.junit.xml
	fi
	;;
*) usage ;;
esac
exit $worst
