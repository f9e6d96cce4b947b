#!/bin/sh
# seeds.sh DIR: what the fuzz targets begin with, made from what the project has:
# DIR/<target>/ with files, and DIR/<target>.dict with words.
set -eu
cd "$(dirname "$0")/../.."
tool=$(realpath "${FIREBREAK:-build/firebreak}")
out=$1
rm -rf "$out"
mkdir -p "$out/policy" "$out/layout" "$out/nft" "$out/terraform" "$out/show" \
	"$out/cloudformation" "$out/capture"

# policies: ours, the goldens, each example of the reference
n=0
for file in policies/*/*.fbk policies/*/*/*.fbk tests/golden/diag/*.fbk tests/fuzz/*.fbk; do
	n=$((n + 1))
	[ "$(wc -c <"$file")" -le 8192 ] || continue
	cp "$file" "$out/policy/$n"
done
awk -v dir="$out/policy" '
/^```fbk/ { n++; inside = 1; next }
/^```/ { inside = 0 }
inside { print > (dir "/example-" n) }
' grammar/LANGUAGE.md
cp "$out"/policy/* "$out/layout/"

# the words of the language: its keywords, its signs, well-known names
{
	sed -n 's/^\t{ "\([a-z-]*\)",.*TOK_.*/"\1"/p' grammar/parser.c
	printf '"%s"\n' '->' ';' '{' '}' '(' ')' ',' ' = ' ' > ' ': ' '\"' '#' '<services>' ' .. ' \
		any internet 'tcp/443' 'udp/53' 'icmp/echo-request' 'icmp6/' 'proto/50' \
		'10.0.0.0/8' '2001:db8::/32' '2027-03-31' '180d' 'yes' 'no' 'customers' 'environments'
} >"$out/policy.dict"
cp "$out/policy.dict" "$out/layout.dict"

# artefacts of the policy that the readers are fuzzed against
"$tool" compile -q --as-of 2026-11-23 -t all -o "$out/made" tests/fuzz/shop.fbk
cp "$out"/made/prod/nft/*.nft "$out/nft/"
cp "$out"/made/prod/aws.tf.json "$out/terraform/whole"
cp "$out"/made/prod/aws.cfn.json "$out/cloudformation/whole"
cp tests/golden/diag/files/*.nft "$out/nft/"
cp tests/golden/diag/files/*account.json "$out/capture/"
cp tests/golden/diag/files/state.json tests/golden/diag/files/show.json "$out/show/"
python3 tests/fuzz/shown.py "$out/made/prod/aws.tf.json" "$out"
# of listings as JSON the first rules and the last: whole, they are longer than what is tried
for file in tests/nft/*.json; do
	python3 tests/fuzz/shorten.py "$file" >"$out/nft/$(basename "$file")"
done
cat "$out"/made/prod/nft/*.nft tests/nft/*.json | tr -cs 'a-zA-Z0-9_.:/-' '\n' | sort -u |
	sed '/^.\{2,\}$/!d; s/.*/"&"/' >"$out/nft.dict"
for target in terraform show cloudformation capture; do
	cat "$out/$target"/* | tr -cs 'a-zA-Z0-9_.:/-' '\n' | sort -u |
		sed '/^.\{2,\}$/!d; s/.*/"&"/' >"$out/$target.dict"
done
rm -r "$out/made"
