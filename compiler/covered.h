/*
 * Rules that say nothing others do not say together.
 */
#ifndef FIREBREAK_COMPILER_COVERED_H
#define FIREBREAK_COMPILER_COVERED_H

#include "compiler/ir.h"

/* Every packet of RULE, in every space, is in one of the rules BY. */
struct covered {
	uint32_t rule;
	const uint32_t *by;	/* ascending; none of them is covered itself */
	size_t by_count;
};

/*
 * The covered rules of IR, by rule; *COUNT of them.  All of them could be taken
 * away at once.  Of two rules that say the same one stays.  Only rules count
 * that are in force as long, and log if RULE does.
 */
const struct covered *covered_find(struct arena *arena, const struct ir *ir,
				   size_t *count);

#endif
