#!/bin/sh
# run.sh SECONDS PROGRAMS…: every fuzz target beside the others, the parser's for
# SECONDS and the others for four thirds of it together, each from seeds made now.  A finding
# stays in build/fuzz/found and is printed as base64.
set -u
cd "$(dirname "$0")/../.." || exit 2
seconds=$1
shift
work=build/fuzz
rm -rf "$work/found"
mkdir -p "$work/found"
tests/fuzz/seeds.sh "$work/seeds" || exit 1
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1
fuzz() {
	name=$(basename "$1")
	"$1" -max_total_time="$2" -max_len=8192 -timeout=10 -rss_limit_mb=1024 \
		-dict="$work/seeds/$name.dict" -artifact_prefix="$work/found/$name-" \
		-print_final_stats=1 "$work/seeds/$name" >"$work/$name.log" 2>&1
	echo $? >"$work/$name.rc"
}
others=$(($# > 1 ? $# - 1 : 1))
# the parser on one processor, the others one after another on the next
for program in "$@"; do
	[ "$(basename "$program")" = policy ] && fuzz "$program" "$seconds" &
done
for program in "$@"; do
	[ "$(basename "$program")" = policy ] || fuzz "$program" $((seconds * 4 / 3 / others))
done
wait
bad=0
for program in "$@"; do
	name=$(basename "$program")
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$name.log")
	edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$work/$name.log" | tail -1)
	if [ "$(cat "$work/$name.rc")" = 0 ] && [ "${runs:-0}" -gt 1000 ]; then
		echo "fuzz $name: $runs runs, $edges places reached, clean"
	else
		bad=1
		echo "fuzz $name FAILED:"
		tail -40 "$work/$name.log"
		for found in "$work/found/$name"-*; do
			[ -f "$found" ] && echo "$found:" && base64 "$found"
		done
	fi
done
exit $bad
