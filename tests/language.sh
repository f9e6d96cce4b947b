#!/bin/sh
# Every example of grammar/LANGUAGE.md: compiled, or refused with the code it names.
set -u
cd "$(dirname "$0")/.." || exit 2
tool=$(realpath "${FIREBREAK:-build/firebreak}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
awk -v dir="$work" '
/^```fbk/ { n++; code = $2; file = sprintf("%s/%02d%s.fbk", dir, n, code ? "-" code : ""); inside = 1
	printf "" > file; next }
/^```/ { inside = 0 }
inside { print > file }
' grammar/LANGUAGE.md
bad=0 count=0
for file in "$work"/*.fbk; do
	name=$(basename "$file" .fbk)
	count=$((count + 1))
	got=$("$tool" compile --as-of 2026-11-23 -o "$work/out" "$file" 2>&1)
	status=$?
	case $name in
	*-*)
		printf '%s' "$got" | grep -q "^error\[${name#*-}\]" && continue
		;;
	*)
		[ $status = 0 ] && continue
		;;
	esac
	echo "example $name of grammar/LANGUAGE.md:"
	printf '%s\n' "$got"
	bad=1
done
# The words of the grammar are those of the reference's productions, and back.
grep '^%token' grammar/policy.y | grep -o '"`[a-z][a-z-]*`"' | tr -d '"`' | sort -u >"$work/grammar"
sed -n '/^## Grammar/,/^## /p' grammar/LANGUAGE.md | sed -n '/^```/,/^```/p' |
	grep -o '"[a-z][a-z-]*"' | tr -d '"' | grep -vx 'yes\|no\|provider\|customer' | sort -u >"$work/reference"
echo customer >>"$work/reference"; sort -u -o "$work/reference" "$work/reference"
if ! diff "$work/grammar" "$work/reference"; then
	echo "grammar/policy.y (<) and the productions of grammar/LANGUAGE.md (>) have other words"
	bad=1
fi
[ "$count" -ge 10 ] || { echo "only $count examples found"; bad=1; }
[ $bad = 0 ] && echo "$count examples of the reference do as they say"
exit $bad
