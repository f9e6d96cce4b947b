#!/bin/bash
# Compile every policy of the tree for Terraform and check what comes out.
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
firebreak=$(realpath "${FIREBREAK:-$top/build/firebreak}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

for policy in "$top"/policies/*/; do
	name=$(basename "$policy")
	if ! "$firebreak" compile "$policy" -t terraform -o "$work/$name"; then
		echo "FAIL $name does not compile"
		failed=1
	fi
done
"$here/check.sh" "$work" || failed=1
exit $failed
