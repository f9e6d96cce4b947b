#!/bin/sh
# Golden messages: every tests/golden/diag/*.fbk is checked (and, with a .args file
# beside it, run with those arguments), and what comes out is compared with the
# .txt of the same name.  golden.sh --update writes them: read them aloud after.
set -u
cd "$(dirname "$0")/golden/diag" || exit 2
tool=$(cd ../../.. && realpath "${FIREBREAK:-build/firebreak}")
passed=0 failed=0
for policy in *.fbk; do
	name=${policy%.fbk}
	[ -e "$name.part" ] && continue
	if [ -f "$name.args" ]; then args=$(cat "$name.args"); else args="check $policy"; fi
	got=$($tool $args --as-of 2026-11-23 2>&1; echo "exit $?")
	if [ "${1-}" = --update ]; then
		printf '%s\n' "$got" >"$name.txt"
	elif [ "$got" = "$(cat "$name.txt" 2>/dev/null)" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "golden $name differs:"
		printf '%s\n' "$got" | diff "$name.txt" - | sed 's/^/    /'
	fi
done
# Every code of the catalogue is provoked by a golden, but for our own faults, and
# what only a kernel says (tests/kernel provokes it).
for code in $(sed -n 's/^DIAG(\(P[0-9]*\),.*/\1/p' ../../../compiler/base/diag.def); do
	case $code in P09* | P0604 | P0605 | P0614) continue ;; esac
	if ! grep -qs "\[$code\]" ./*.txt; then
		echo "no golden provokes $code"
		failed=$((failed + 1))
	fi
done
echo "golden: $passed passed, $failed failed"
[ "$failed" = 0 ]
