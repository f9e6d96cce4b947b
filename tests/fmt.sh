#!/bin/sh
# firebreak fmt: our own policies have the one layout, files change only when
# they must and whole, and a diff is one that patch takes.
set -u
cd "$(dirname "$0")/.." || exit 2
tool=$(realpath "${FIREBREAK:-build/firebreak}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0
wrong() { echo "fmt: $*"; bad=1; }
code() {
	want=$1
	shift
	"$@" >"$work/out" 2>"$work/err"
	got=$?
	[ $got = "$want" ] || { wrong "exit $got instead of $want: $*"; cat "$work/err"; }
}

code 0 "$tool" fmt --check policies grammar/services.fbk
[ -s "$work/out" ] && wrong "our own policies are not laid out: $(cat "$work/out")"

# a copy that lost its spaces means the same, and gets them back
cp -r policies/modyo-connect "$work/loose"
for file in $(find "$work/loose" -name '*.fbk'); do
	sed '/^ *#/!s/  */ /g; s/^  *\([^#]\)/\1/' "$file" >"$file.new" && mv "$file.new" "$file"
done
chmod 640 "$work/loose/rules.fbk"
code 1 "$tool" fmt --check "$work/loose"
grep -q '/customers/caja-sur.fbk$' "$work/out" || wrong "--check does not name the files"
cp -r "$work/loose" "$work/patched"
(cd "$work/patched" && "$tool" fmt --diff . >"$work/patch") || wrong "--diff alone exits 0"
(cd "$work/patched" && patch -s -p1 <"$work/patch") || wrong "patch does not take the diff"
code 1 "$tool" fmt --check --diff "$work/loose"
code 0 "$tool" compile -q --as-of 2026-11-23 -o "$work/before" "$work/loose"
code 0 "$tool" fmt "$work/loose"
diff -r policies/modyo-connect "$work/loose" || wrong "the copy did not get its layout back"
diff -r policies/modyo-connect "$work/patched" || wrong "the patched copy is not laid out"
[ "$(stat -c %a "$work/loose/rules.fbk")" = 640 ] || wrong "the rights of a file changed"
code 0 "$tool" compile -q --as-of 2026-11-23 -o "$work/after" "$work/loose"
diff -r -x manifest.json "$work/before" "$work/after" || wrong "the layout changed an output"

# what is laid out is not written again; links stay links
inode=$(stat -c %i "$work/loose/rules.fbk")
ln -s loose/main.fbk "$work/link.fbk"
echo 'layer  a;' >>"$work/loose/main.fbk"
code 0 "$tool" fmt "$work/loose/rules.fbk" "$work/link.fbk"
[ "$(stat -c %i "$work/loose/rules.fbk")" = "$inode" ] || wrong "a file was written without need"
[ -L "$work/link.fbk" ] || wrong "a link was replaced"
[ "$(tail -1 "$work/loose/main.fbk")" = 'layer a;' ] || wrong "behind a link nothing was laid out"
[ -z "$(find "$work" -name '*.firebreak-new')" ] || wrong "something was left behind"

# stdin; what does not parse is left alone, and the others are not
code 0 sh -c "printf 'layer  a ;' | $tool fmt -"
[ "$(cat "$work/out")" = 'layer a;' ] || wrong "stdin is not laid out on stdout"
printf 'layer  a' >"$work/broken.fbk"
printf 'layer  b;' >"$work/good.fbk"
code 2 "$tool" fmt "$work/broken.fbk" "$work/good.fbk"
grep -q 'P0003' "$work/err" || wrong "no diagnostics of what does not parse"
[ "$(cat "$work/broken.fbk")" = 'layer  a' ] || wrong "what does not parse was changed"
[ "$(cat "$work/good.fbk")" = 'layer b;' ] || wrong "the file behind it was not laid out"
code 2 "$tool" fmt "$work/none.fbk"
code 2 "$tool" fmt
[ $bad = 0 ] && echo "fmt behaves"
exit $bad
