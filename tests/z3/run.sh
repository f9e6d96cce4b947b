#!/bin/sh
# Z3 answers what the packet sets answered: CASES is the program that asks.
#   tests/z3/run.sh CASES [COUNT [SEED]]
set -u
command -v z3 >/dev/null || { echo "SKIP check-z3: there is no z3"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$1" "${2:-400}" "${3:-1}" >"$work/questions.smt2" 2>"$work/ours" || exit 1
z3 "$work/questions.smt2" >"$work/theirs" || { head -3 "$work/theirs"; exit 1; }
if ! diff "$work/ours" "$work/theirs" >"$work/diff" || ! [ -s "$work/ours" ]; then
	echo "check-z3: z3 answers otherwise"
	head -5 "$work/diff"
	exit 1
fi
echo "check-z3: $(wc -l <"$work/ours") answers, $(grep -c '^unsat' "$work/ours") of them unsat, z3 says the same"
