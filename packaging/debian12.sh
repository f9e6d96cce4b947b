#!/bin/sh
# What firebreak needs from Debian 12:
#   sh packaging/debian12.sh build    to build it
#   sh packaging/debian12.sh test     to build and test it
#   sh packaging/debian12.sh bench    to run `make bench-engine` too
# Run as root, or by a user who may use sudo.
set -eu

build='gcc libc6-dev make flex bison libjansson-dev nettle-dev libnftnl-dev libmnl-dev'
# cmocka for the unit tests; nft, ip and python3 for the kernel tests; venv for check-aws and check-report;
# patch takes the diffs of fmt; zsh and fish take their completions;
# jsonschema holds the report's model against its published schema;
# z3 answers what the packet sets answer; git keeps the histories for diff and report
test='libcmocka-dev nftables iproute2 python3 python3-venv diffutils patch zsh fish python3-jsonschema z3 git'
# jsonschema and xmllint hold what we write against the published schemas, dot
# reads the graphs that we write for it
test="$test libxml2-utils graphviz"
# the report is looked at
test="$test chromium"
# libFuzzer
test="$test clang libclang-rt-14-dev"

case ${1-} in
build) packages=$build ;;
test) packages="$build $test" ;;
# BuDDy, that the packet sets are compared with
bench) packages="$build $test libbdd-dev" ;;
*) echo "usage: sh packaging/debian12.sh build|test|bench" >&2; exit 2 ;;
esac

missing=
for package in $packages; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok' ||
		missing="$missing $package"
done
[ -n "$missing" ] || exit 0

sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
$sudo apt-get update -q
# shellcheck disable=SC2086 # words on purpose
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
