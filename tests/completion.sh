#!/bin/sh
# Completion scripts, each asked in its shell.  Where a shell is missing that is
# said, and no test; CI has all three.
set -u
cd "$(dirname "$0")/.." || exit 2
tool=$(realpath "${FIREBREAK:-build/firebreak}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0 asked=
wrong() { echo "completion: $*"; bad=1; }
has() { # SHELL, what was typed, what must be offered
	echo "$4" | tr ' \t' '\n\n' | grep -qxe "$3" || wrong "$1 does not offer $3 for '$2': $4"
}
hasnt() {
	echo "$4" | tr ' \t' '\n\n' | grep -qxe "$3" && wrong "$1 offers $3 for '$2'"
}
mkdir "$work/bin" && ln -s "$tool" "$work/bin/firebreak"
PATH="$work/bin:$PATH"
export PATH

in_bash() {
	bash --norc -c 'eval "$(firebreak completion bash)"
		COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _firebreak; echo "${COMPREPLY[@]}"' bash firebreak "$@"
}
in_zsh() { # only its own part: what would be offered
	zsh -f -c 'compdef() { :; }
		_describe() { print -- ${commands%%:*}; }
		compadd() { [[ $1 == -- ]] && shift; print -- $@; }
		_files() { print -- files; }
		eval "$(firebreak completion zsh)"
		words=("$@"); CURRENT=$#; PREFIX=$words[-1]; _firebreak' zsh firebreak "$@"
}
in_fish() {
	fish -N -c 'firebreak completion fish | source; complete -C "'"$1"'"'
}

for shell in bash zsh fish; do
	command -v $shell >/dev/null || { echo "SKIP completion: no $shell"; continue; }
	asked="$asked $shell"
	firebreak completion $shell >"$work/script" || wrong "$shell: no script"
	$shell -n "$work/script" 2>"$work/err" || wrong "$shell does not take the script: $(cat "$work/err")"
	case $shell in
	bash) commands=$(in_bash '') options=$(in_bash fmt --) colours=$(in_bash check --color '') ;;
	zsh) commands=$(in_zsh '') options=$(in_zsh fmt --) colours=$(in_zsh check --color '') ;;
	fish) commands=$(in_fish 'firebreak ') options=$(in_fish 'firebreak fmt --') colours=$(in_fish 'firebreak check --color ') ;;
	esac
	for command in $(firebreak --help | sed -n '/^commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p'); do
		has $shell '' "$command" "$commands"
	done
	has $shell 'fmt --' --check "$options"
	has $shell 'fmt --' --diff "$options"
	hasnt $shell 'fmt --' --target "$options"
	has $shell 'check --color' never "$colours"
done
firebreak completion cobol >/dev/null 2>&1
[ $? = 2 ] || wrong "a shell that nobody knows"
[ $bad = 0 ] && echo "completion works in:$asked"
exit $bad
