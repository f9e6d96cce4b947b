#!/bin/sh
# Faults put into the packet sets, one at a time: each has to be found, and most
# by the second look alone.  BUILD is the folder of the objects.
#   tests/faults.sh BUILD
set -u
cd "$(dirname "$0")/.." || exit 2
build=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tests="$build/obj/tests/prop/test_engine.o $build/obj/tests/unit/test_pset.o"
helpers="$build/obj/tests/lib/*.o $build/libfirebreak.a -ljansson -lnettle -lpthread -lcmocka"
faults=0 second=0 bad=0

# fault NAME FILE SED: is it found?
fault() {
	faults=$((faults + 1))
	sed "$3" "compiler/$2.c" >"$work/$2.c"
	if cmp -s "compiler/$2.c" "$work/$2.c"; then
		echo "faults: $1 changes nothing in $2.c"
		bad=$((bad + 1))
		return
	fi
	# the broken object comes before the library, which then is not asked
	gcc -std=gnu11 -O1 -I. -Iinclude -w -c -o "$work/$2.o" "$work/$2.c" || exit 2
	found=no
	for test in $tests; do
		# shellcheck disable=SC2086 # words on purpose
		gcc -o "$work/test" "$test" "$work/$2.o" $helpers || exit 2
		case $test in *engine*)
			if ! timeout 20 "$work/test" recheck >/dev/null 2>&1; then
				second=$((second + 1)) found=yes
				break
			fi ;;
		esac
		timeout 60 "$work/test" >/dev/null 2>&1 || { found=yes; break; }
	done
	[ $found = yes ] && return
	echo "faults: not found: $1 ($2.c)"
	bad=$((bad + 1))
}

fault 'minus keeps what only the other has'  rows 's/return a & ~b;/return a ^ b;/'
fault 'a change is a union'                  rows 's/return a ^ b;/return a | b;/'
fault 'all meets nothing in all'             rows 's/\*out = op == ROW_MEET ? NO_ROW : a;/*out = a;/'
fault 'minus has its operands swapped'       rows 's/if (op != ROW_MINUS && a > b)/if (a > b)/'
fault 'a leaf begins too early'              rows 's/(63 - hi + lo) << lo/(63 - hi + lo) << 0/'
fault 'a leaf ends one class early'          rows 's/(unsigned)(hi - first))/(unsigned)(hi - first) - (hi > lo))/'
fault 'a set ends one number early'          classes 's/{ r.hi + 1, i, true }/{ r.hi, i, true }/'
fault 'a piece is one number too long'       classes 's/edges\[i\].at - 1 : U128_MAX/edges[i].at : U128_MAX/'
fault 'a signature goes stale'               classes 's/if (i < s->fresh)/if (i + 1 < s->fresh)/'
fault 'members stop one class early'         classes 's/(struct run){ class, classes->end\[class\] - 1 }/(struct run){ class, classes->end[class] - 1 - (classes->end[class] - class > 1) }/'
fault 'a neighbour is no subset'             classes 's/a->place\[a->count - 1\] >= a->since\[rank\]/a->place[a->count - 1] > a->since[rank]/'
fault 'a parent has the same sets again'     classes 's/if (last != n \&\& /if (/'
fault 'a lane is not put back'               pset 's/for (int i = 0; i < LANES; i++)$/for (int i = 0; i < LANES - 1; i++)/'
fault 'a class is left too late'             pset 's/visits\.count - 1\]\.svc\] <= svc)/visits.count - 1].svc] < svc)/'
fault 'what the parent has counts again'     pset 's/rows_combine(rows, ROW_MINUS, asked, held->row)/asked/'
fault 'what was new above is forgotten'      pset 's/rows_combine(rows, ROW_MEET, held->new, above)/NO_ROW/'
fault 'what is above counts twice'           pset 's/rows_combine(rows, ROW_MINUS, new, above)/new/'
fault 'what is below what is asked is passed by' pset 's/at\[at\]\.src >= past \&\&/at[at].src >= 0 \&\&/'
fault 'what is above what is asked is passed by' pset 's/ends\[b->held\.at\[at\]\.src\] <= touched/b->held.at[at].src < touched/'
fault 'a level is left too late'             pset 's/levels\.count - 1\]\.svc\] <= svc)/levels.count - 1].svc] < svc)/'
fault 'sources do not inherit'               pset 's/rows_combine(rows, ROW_UNION, up->asked, asked)/asked/'
fault 'a result is not against its parent'   pset 's/change(u, l\[2\].row\[src\], row)/row/'
fault 'meet is minus'                        pset 's/combine(u, ROW_MEET, a, b)/combine(u, ROW_MINUS, a, b)/'
fault 'minus goes the other way'             pset 's/combine(u, ROW_MINUS, a, b)/combine(u, ROW_MINUS, b, a)/'
fault 'the last corner is lost'              pset 's/keep_form(u, u->made.at, u->made.count)/keep_form(u, u->made.at, u->made.count - (u->made.count > 1))/'
fault 'a second destination is lost'         pset 's/if (!second)/if (second || !second)/'
fault 'bits of one row go into the next'     pset 's/memset(b->bits, 0, words/memset(b->bits, 0, (size_t)0/'
fault 'services are never taken away'        pset_show 's/	qsort(ends, 2/	if (0) qsort(ends, 2/'
fault 'the witness is the highest'           pset_show 's/lowest_of(u, d) < lowest_of(u, best)/lowest_of(u, d) > lowest_of(u, best)/'
fault 'the second host is taken unseen'      pset_show 's/	if (pset_has(u, a, p)) {/	if (true) {/'
fault 'touching pieces stay apart'           pset_show 's/\.hi + 1 == r\.lo)/.hi + 2 == r.lo)/'
fault 'the second look forgets destinations' recheck 's/other\.dst = without(/other.dst = meet(/'
fault 'the second look cuts one too few'     recheck 's/lo = b\.at\[k\]\.hi + 1;/lo = b.at[k].hi;/'

echo "faults: $faults put in, $((faults - bad)) found, $second of them by the second look alone"
[ $bad = 0 ]
