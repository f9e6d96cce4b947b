#!/bin/sh
# The corpus at the command: the day is UTC wherever one is, and what was written
# for one day or policy is not taken for another's.  (Its policies, packet by
# packet, are tests/prop/test_corpus.c.)
set -u
cd "$(dirname "$0")/corpus" || exit 2
tool=$(cd ../.. && realpath "${FIREBREAK:-build/firebreak}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
wrong() { echo "$*"; bad=1; }

cat >"$work/day.fbk" <<END
language 1;
policy day;
environments prod;
layer web; layer app;
environment prod { vpc 10.0.0.0/16; layer web 10.0.0.0/24; layer app 10.0.1.0/24; }
stays: allow web -> app on tcp/443;
goes:  allow web -> app on tcp/8443 expires 2026-11-23;
END
# 2026-11-23, its last second, in UTC; in Kiritimati it is the 24th, in Adak still the 23rd
last=1795478399
for zone in UTC Pacific/Kiritimati America/Adak; do
	name=$(echo "$zone" | tr / -)
	TZ=$zone SOURCE_DATE_EPOCH=$last "$tool" compile -q -o "$work/on-$name" "$work/day.fbk" ||
		wrong "$zone: the last second of the last day is not compiled"
	TZ=$zone SOURCE_DATE_EPOCH=$((last + 1)) "$tool" compile -q -o "$work/off-$name" "$work/day.fbk" >/dev/null 2>&1 ||
		wrong "$zone: the day after is not compiled"
	TZ=$zone SOURCE_DATE_EPOCH=$last "$tool" check -q "$work/day.fbk" >/dev/null ||
		wrong "$zone: check fails on the last day"
	TZ=$zone SOURCE_DATE_EPOCH=$((last + 1)) "$tool" check -q "$work/day.fbk" >/dev/null 2>&1 &&
		wrong "$zone: check passes on the day after"
	diff -r "$work/on-UTC" "$work/on-$name" >/dev/null || wrong "$zone: another output on the last day"
	diff -r "$work/off-UTC" "$work/off-$name" >/dev/null || wrong "$zone: another output on the day after"
	for file in "$work/on-$name"/prod/*.json "$work/on-$name"/prod/nft/*.nft; do
		"$tool" prove --as-of 2026-11-23 "$work/day.fbk" "$file" >/dev/null ||
			wrong "$zone: $(basename "$file") is not that day's"
		"$tool" prove --as-of 2026-11-24 "$work/day.fbk" "$file" >/dev/null 2>&1 &&
			wrong "$zone: $(basename "$file") passes for the next day's"
	done
done

# A policy that is refused touches no file that is there.
mkdir "$work/old"
echo kept >"$work/old/manifest.json"
for file in *.fbk; do
	grep -q '^#! refused' "$file" || continue
	"$tool" compile -q -o "$work/old" "$file" >/dev/null 2>&1 && wrong "$file is compiled"
	[ "$(ls "$work/old")" = manifest.json ] || wrong "$file left something behind"
done
[ "$(cat "$work/old/manifest.json")" = kept ] || wrong "a refused policy overwrote the manifest"
[ $bad = 0 ] && echo "the corpus does as it says at the command"
exit $bad
