#!/bin/sh
# Every format of findings against its schema, every fix applied, the policy's pictures.
set -u
cd "$(dirname "$0")/.." || exit 2
tool=$(realpath "${FIREBREAK:-build/firebreak}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/formats" "$work/fixes" "$work/graph"
/usr/bin/python3 tests/formats.py "$tool" "$work/formats" &&
/usr/bin/python3 tests/fixes.py "$tool" "$work/fixes" &&
/usr/bin/python3 tests/graph.py "$tool" "$work/graph"
