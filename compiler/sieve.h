/*
 * The flows of one space by their distinct sets.  Thousands of flows share few
 * sets of addresses and services, so which flows meet a box is asked of the
 * sets once; each flow then only looks three answers up.
 */
#ifndef FIREBREAK_COMPILER_SIEVE_H
#define FIREBREAK_COMPILER_SIEVE_H

#include "compiler/ir.h"
#include "compiler/pset.h"

enum sieve_part { SIEVE_SRC, SIEVE_DST, SIEVE_SVC, SIEVE_PARTS };

struct sieve_sets {
	struct ranges *at;	/* no two are equal */
	size_t count, cap;
};

struct sieve {
	const struct ir *ir;
	const struct ir_space *space;
	struct sieve_sets sets[FAMILIES][SIEVE_PARTS];
	uint32_t (*ids)[SIEVE_PARTS];	/* by flow of the space: its sets */
};

/* Linear in the flows of SPACE. */
const struct sieve *sieve_of(struct arena *arena, const struct ir *ir,
			     const struct ir_space *space);

/*
 * The flows of FAMILY that have a packet in BOX: numbers in ir->flows,
 * ascending; *COUNT of them.
 */
const uint32_t *sieve_meeting(const struct sieve *sieve, struct arena *arena,
			      enum family family, const struct box *box,
			      size_t *count);

#endif
