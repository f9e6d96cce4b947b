#!/bin/sh
# Everything that needs neither root nor network: the programs given as arguments,
# the golden messages, the law of includes, the commands' behaviour.
# Closes with `N passed, N failed`.
set -u
cd "$(dirname "$0")/.." || exit 2
export FIREBREAK="${FIREBREAK:-build/firebreak}"
passed=0 failed=0
step() {
	echo "== $*"
	if "$@"; then passed=$((passed + 1)); else
		failed=$((failed + 1))
		echo "FAILED: $*"
	fi
}
for program in "$@"; do step "$program"; done
step tests/include_law.sh
step tests/golden.sh
step tests/language.sh
step tests/corpus.sh
step tests/command.sh
step tests/completion.sh
step tests/formats.sh
step tests/ci.sh
step tests/fmt.sh
step tests/lsp.py
step tests/captures.py
step tests/accounts.py
step tests/hostile.py
step tests/memory/limit.py
step tests/diff.sh
step tests/report.sh
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
