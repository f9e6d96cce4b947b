#!/bin/sh
# Every format of findings against its schema.
set -u
cd "$(dirname "$0")/.." || exit 2
tool=$(realpath "${FIREBREAK:-build/firebreak}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
/usr/bin/python3 tests/formats.py "$tool" "$work"
[ $? = 0 ] || exit 1
exec /usr/bin/python3 tests/fixes.py "$tool" "$work"
