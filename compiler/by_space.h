/*
 * The boxes of an invariant by the space they are in, so that an estate of many
 * environments costs what each of them has.
 */
#ifndef FIREBREAK_COMPILER_BY_SPACE_H
#define FIREBREAK_COMPILER_BY_SPACE_H

#include "compiler/ir.h"
#include "compiler/pset.h"

/* The numbers of the boxes of space s are order[first[s]] to order[first[s + 1]]. */
struct by_space {
	const struct ir_claim_box *boxes;
	uint32_t *first, *order;
};

/* The COUNT boxes at BOXES, which are borrowed, over SPACES spaces. */
struct by_space by_space_of(struct arena *arena, size_t spaces,
			    const struct ir_claim_box *boxes, size_t count);

/* Those of one space and family. */
struct boxes by_space_in(const struct by_space *by, struct arena *arena,
			 uint32_t space, enum family family);

#endif
