#!/bin/bash
# Compile every policy of the tree for AWS and check what comes out: against the
# provider's schema, by cfn-lint, by AWS's own command, in a mock of AWS, and by Terraform there.
#
# The Python parts are installed from requirements.txt into a virtual environment
# below build/, once.  FIREBREAK_OFFLINE=1 skips them, and says so.
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
firebreak=$(realpath "${FIREBREAK:-$top/build/firebreak}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

for policy in "$top"/policies/*/; do
	name=$(basename "$policy")
	if ! "$firebreak" compile "$policy" -t terraform,cloudformation,ec2,scopes -o "$work/$name"; then
		echo "FAIL $name does not compile"
		failed=1
	fi
done
"$here/check.sh" "$work" || failed=1
python3 "$here/same.py" "$work" || failed=1

if [ -n "${FIREBREAK_OFFLINE:-}" ]; then
	python3 "$here/scopes.py" "$work" || failed=1
	echo "SKIP cfn-lint, the AWS command, the mock of AWS and Terraform: FIREBREAK_OFFLINE is set"
	exit $failed
fi
venv=$top/build/aws-venv
if ! cmp -s "$here/requirements.txt" "$venv/installed.txt"; then
	rm -rf "$venv"
	if ! python3 -m venv "$venv" ||
	   ! "$venv/bin/pip" install -q --disable-pip-version-check -r "$here/requirements.txt"; then
		echo "FAIL cannot install $here/requirements.txt"
		exit 1
	fi
	cp "$here/requirements.txt" "$venv/installed.txt"
fi

# Beside all that follows, which waits more than it works: a template an account
# and the largest there can be.
"$venv/bin/python" "$here/lint.py" "$venv/bin/cfn-lint" "$firebreak" \
	"$work"/modyo-connect/*/prod/aws.cfn.json \
	"$work"/modyo-connect/banco-andino/prod/aws.scopes.json > "$work/lint.log" 2>&1 &
lint=$!
"$venv/bin/python" "$here/scopes.py" "$work" || failed=1

# So is an account that Terraform takes over.
"$venv/bin/python" "$here/adopt.py" "$firebreak" > "$work/adopt.log" 2>&1 &
adopt=$!

# Every permission through the parameter check of the AWS command, an
# environment and direction at a time; no network is used.
files=0
for file in $(find "$work" -name aws.ec2.json | sort); do
	for direction in ingress egress; do
		key=IpPermissions
		[ "$direction" = egress ] && key=IpPermissionsEgress
		python3 -c 'import json, sys
print(json.dumps([p for g in json.load(open(sys.argv[1]))["SecurityGroups"] for p in g[sys.argv[2]]]))' \
			"$file" "$key" > "$work/permissions.json"
		if ! AWS_ACCESS_KEY_ID=testing AWS_SECRET_ACCESS_KEY=testing AWS_DEFAULT_REGION=us-east-1 \
			"$venv/bin/aws" ec2 "authorize-security-group-$direction" \
			--group-id sg-0123456789abcdef0 --ip-permissions "file://$work/permissions.json" \
			--generate-cli-skeleton output > "$work/aws.log" 2>&1; then
			echo "FAIL $file: $direction"
			cat "$work/aws.log"
			failed=1
		fi
		files=$((files + 1))
	done
done
echo "aws ec2 authorize-security-group-*: $files lists of permissions checked"

"$venv/bin/python" "$here/drift.py" "$firebreak" "$top/policies/modyo-connect" \
	"$work/modyo-connect/banco-andino/prod/aws.ec2.json" || failed=1
"$venv/bin/python" "$here/terraform.py" "$firebreak" "$top/policies/modyo-connect" \
	banco-andino.staging || failed=1
wait $adopt || failed=1
cat "$work/adopt.log"
wait $lint || failed=1
cat "$work/lint.log"
exit $failed
