#!/bin/sh
# The law of includes: which folder may include which.  See README.md, "the tree".
set -u
cd "$(dirname "$0")/.." || exit 2
bad=0

# allow FILES… -- PATTERN: every project include in FILES matches PATTERN.
check() {
	pattern=$1
	shift
	for file in "$@"; do
		[ -f "$file" ] || continue
		wrong=$(grep -E '^#include "' "$file" | sed 's/#include "//; s/".*//' |
			grep -vE "^($pattern)$")
		[ -z "$wrong" ] && continue
		echo "$file may not include:" $wrong
		bad=1
	done
}

base='compiler/base/[a-z0-9]*\.(h|def)'
ast='compiler/ast\.h'
front="$ast|compiler/(parse|declare|endpoint|special|resolve|resolver|qualified|sentence|claims|count|ir)\.h"
sets='compiler/(ir|box|side|pset|meaning)\.h'
engine='compiler/(box|classes|rows|universe|pset)\.h'

check 'firebreak/[a-z]*\.h' include/firebreak/*.h
check "$base|firebreak/[a-z]*\.h" compiler/base/*.c compiler/base/*.h
check "$base|firebreak/diag\.h" compiler/ast.h
check "$base|$ast|grammar/(parser|library)\.h|policy\.tab\.h|services\.inc" grammar/*.h grammar/*.c grammar/*.y grammar/*.l
check "$base|$ast|compiler/parse\.h|grammar/(parser|library)\.h" compiler/parse.c compiler/parse.h
check "$base|compiler/(fmt|fmt_text|parse)\.h|grammar/parser\.h|policy\.tab\.h" compiler/fmt.? compiler/fmt_text.?
check "$base|$front" compiler/declare.? compiler/endpoint.? compiler/special.? \
	compiler/resolver.h compiler/settings.c compiler/spaces.c compiler/peers.c compiler/qualified.? compiler/sentence.? compiler/rules.c \
	compiler/claims.? compiler/isolate.c compiler/counts.c compiler/invariants.c compiler/count.?
check "$base|$front|compiler/emergency\.h" compiler/freeze.c compiler/govern.c
check "$base|compiler/(ir|emergency)\.h" compiler/emergency.?
check "$base|$front|compiler/(contradict|emergency)\.h" compiler/resolve.?
check "$base|$sets|compiler/by_space\.h" compiler/by_space.?
check "$base|$sets|compiler/(by_space|contradict)\.h" compiler/contradict.?
check "$base|$sets|compiler/(verify|upkeep|emergency)\.h" compiler/upkeep.?
check "$base|compiler/ir\.h" compiler/ir.c compiler/ir.h
check "$base|compiler/(ir|limit)\.h" compiler/limit.?
check "$base|compiler/box\.h" compiler/box.? compiler/pset.h
check "$base|compiler/classes\.h" compiler/classes.?
check "$base|compiler/(classes|rows)\.h" compiler/rows.?
check "$base|$engine" compiler/universe.h compiler/pset.c compiler/pset_show.c compiler/pset_lists.c
check "$base|compiler/(box|pset|ledger)\.h" compiler/ledger.?
check "$base|$sets|compiler/ledger\.h" compiler/meaning.c compiler/meaning.h
check "$base|$sets|compiler/sieve\.h" compiler/sieve.?
check "$base|$sets|compiler/(sieve|reach|reach_graph)\.h" compiler/reach.? compiler/reach_graph.h compiler/reach_search.c
check "$base|$sets|compiler/(sieve|covered)\.h" compiler/covered.?
check "$base|$sets|compiler/(sieve|covered|lint)\.h" compiler/lint.?
check "$base|compiler/(ir|exposed)\.h" compiler/exposed.?
check "$base|compiler/mend\.h" compiler/mend.?
check "$base|$sets|compiler/(by_space|sieve|reach|mend|judge|verify)\.h" compiler/verify*.? compiler/judge*.?
check "$base|compiler/box\.h" compiler/side.h
check "$base|$sets|compiler/prove\.h" compiler/prove.?
# The second look at a proof shares the types with the first, and no arithmetic.
check "compiler/(side|recheck)\.h" compiler/recheck.?
check "$base|compiler/(ir|manifest|sessions)\.h|firebreak/(firebreak|diff)\.h" compiler/manifest.?
check "$base|compiler/(applied|context|diff_render|outputs|previous)\.h|firebreak/diff\.h" compiler/applied.?
check "$base|$sets|compiler/prove\.h|backends/backend\.h|firebreak/(firebreak|quota)\.h" backends/backend.?
check "$base|compiler/(context|previous)\.h" compiler/previous.?
check "$base|compiler/(context|ir|parse|previous|findings/findings)\.h|firebreak/[a-z]*\.h" compiler/context.h
check "$base|$sets|compiler/verify\.h|compiler/findings/[a-z]*\.h|firebreak/firebreak\.h" compiler/findings/*.c compiler/findings/*.h
check "$base|compiler/context\.h|compiler/findings/findings\.h|firebreak/firebreak\.h" compiler/tell.c
check "$base|$sets|compiler/(verify|capture|emergency)\.h|compiler/evidence/[a-z_]*\.(h|def)|firebreak/(firebreak|diff)\.h|(style|graph)\.inc" compiler/evidence/*.c compiler/evidence/*.h
check "$base|compiler/(ir|capture)\.h|firebreak/firebreak\.h" compiler/capture.h
check "$base|compiler/(context|evidence/evidence|findings/findings)\.h|firebreak/(firebreak|diff)\.h" compiler/bundle.c
check "$base|compiler/(ir|naming|naming_terms)\.h" compiler/naming*.c compiler/naming*.h
check "$base|$sets|compiler/(naming|delta|delta_lines)\.h" compiler/delta.? compiler/delta_lines.? compiler/delta_sides.?
check "$base|$front|compiler/question\.h" compiler/question.?
check "$base|compiler/wording\.h" compiler/wording.?
check "compiler/sessions\.h|firebreak/diff\.h" compiler/sessions.?
check "$base|compiler/(outputs|sessions)\.h|firebreak/diff\.h" compiler/outputs.?
check "$base|compiler/(sessions|diff_render|answer_render|reach_json)\.h|compiler/findings/findings\.h|firebreak/[a-z]*\.h" compiler/diff_*.? compiler/answer_render.? compiler/reach_json.?
check "$base|$sets|compiler/(delta|query|question|verify)\.h" compiler/query.?
check "$base|$ast|compiler/(ir|resolver|declare|parse|statement|wording)\.h" compiler/statement.?
check "$base|compiler/(delta|delta_tell)\.h|firebreak/diff\.h" compiler/delta_tell.?
check "$base|compiler/(delta|delta_tell|emergency|frozen)\.h|firebreak/diff\.h" compiler/frozen.?
api='context|delta|frozen|outputs|query|question|statement|delta_tell|verify|wording'
check "$base|compiler/(context|build|delta_tell|delta_told|directory|prove)\.h|backends/backend\.h|firebreak/[a-z]*\.h" compiler/against.c
check "$base|compiler/delta_told\.h|firebreak/diff\.h" compiler/delta_told.?
check "$base|compiler/(context|directory)\.h|firebreak/[a-z]*\.h" compiler/directory.?
check "$base|compiler/($api|diff_render|answer_render)\.h|firebreak/[a-z]*\.h" compiler/compare.c compiler/answer.c
check "$base|compiler/(ir|resolver|symbols)\.h|firebreak/edit\.h" compiler/symbols.?
check "$base|compiler/(context|symbols)\.h|firebreak/[a-z]*\.h" compiler/edit.c
check "$base|compiler/(context|evidence/(facts|graph))\.h|firebreak/firebreak\.h" compiler/picture.c
# Only build.c, draft.c, live.c, against.c and capture.c know the backends.
if grep -l '^#include "backends/' compiler/*.c compiler/*/*.c | grep -vE '^compiler/(build|draft|live|against|capture)\.c$'; then
	echo "only compiler/build.c, draft.c, live.c, against.c and capture.c may include backends/"
	bad=1
fi
for target in aws nft; do
	check "$base|$sets|backends/backend\.h|backends/$target/[a-z_0-9]*\.h" backends/$target/*.c backends/$target/*.h
done
check 'firebreak/[a-z]*\.h|starter\.inc|compiler/cli/[a-z]*\.h' compiler/cli/*.c compiler/cli/*.h

# What reads an artefact back knows nothing of what wrote it.
check "$base|$sets|backends/backend\.h|backends/nft/(model|lex|read|reader|place|value|overlap|match|denote|context|expect|base_set|nft|netlink|kernel|decode|expr|beside)\.h" \
	backends/nft/read*.c backends/nft/json*.c backends/nft/place.[ch] backends/nft/denote*.c backends/nft/lex.c backends/nft/value.c backends/nft/decode.c backends/nft/expr.c
check "$base|$sets|backends/backend\.h|backends/aws/(model|account|read_json|read_rule|read_model|denote|denoting|select|show|expect|zones|view|aws)\.h" \
	backends/aws/read*.c backends/aws/denote*.c backends/aws/compose.c \
	backends/aws/claim.c backends/aws/placed.c backends/aws/blame.c backends/aws/places.c

# Every include is written from the root.
if grep -nE '^#include "(\.|[a-z_]+\.h)' compiler grammar backends include -r | grep -vE 'policy.tab.h|services.inc|starter.inc|style.inc|graph.inc'; then
	echo "includes are written from the root"
	bad=1
fi
[ $bad = 0 ] && echo "the law of includes holds"
exit $bad
