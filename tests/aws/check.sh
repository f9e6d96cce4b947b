#!/bin/bash
# Check every aws.tf.json below a directory: check.sh DIR
#
# First against the provider's schema and AWS's rules (check.py), then, where
# terraform and a mirror of its provider are on the machine, by `terraform
# validate`.  The mirror is TF_PLUGIN_DIR or one of the usual places; nothing is
# fetched.
set -u
here=$(cd "$(dirname "$0")" && pwd)
dir=${1:?usage: check.sh DIR}
failed=0

python3 "$here/check.py" "$dir" || failed=1

mirror=
for place in "${TF_PLUGIN_DIR:-}" /opt/tf-plugins "$HOME/.terraform.d/plugins"; do
	if [ -n "$place" ] && [ -d "$place/registry.terraform.io/hashicorp/aws" ]; then
		mirror=$place
		break
	fi
done
if ! command -v terraform >/dev/null; then
	echo "SKIP terraform validate: no terraform on this machine"
	exit $failed
fi
if [ -z "$mirror" ]; then
	echo "SKIP terraform validate: no mirror of hashicorp/aws (set TF_PLUGIN_DIR)"
	exit $failed
fi

# One root that calls every output as a module: the provider starts once.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0
modules=
while IFS= read -r -d '' file; do
	number=$((number + 1))
	mkdir "$work/m$number"
	cp "$file" "$work/m$number/"
	echo "$file" > "$work/m$number/from"
	modules="$modules${modules:+,}\"m$number\":{\"source\":\"./m$number\",\"vpc_id\":\"vpc-0123456789abcdef0\"}"
done < <(find "$dir" -name aws.tf.json -print0 | sort -z)
echo "{\"module\":{$modules}}" > "$work/main.tf.json"

export CHECKPOINT_DISABLE=1 TF_IN_AUTOMATION=1 TF_CLI_CONFIG_FILE=/dev/null
if (cd "$work" && terraform init -plugin-dir="$mirror" -input=false -no-color > init.log 2>&1 &&
    terraform validate -no-color > validate.log 2>&1); then
	echo "terraform validate: $number files valid"
else
	cat "$work/init.log" "$work/validate.log" 2>/dev/null
	grep -H . "$work"/m*/from | sed "s|$work/||"
	failed=1
fi
exit $failed
