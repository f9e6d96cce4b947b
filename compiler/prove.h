/*
 * Is what an artefact admits what the policy says?
 */
#ifndef FIREBREAK_COMPILER_PROVE_H
#define FIREBREAK_COMPILER_PROVE_H

#include "compiler/pset.h"
#include "compiler/side.h"

/*
 * must <= admitted <= may on every side?  If not, *OUT is the first difference,
 * an extra packet before a missing one.
 */
bool prove_bounds(struct arena *arena, const struct sides *sides,
		  struct difference *out);

/*
 * Do FOUND and EXPECTED, whose bounds hold, admit exactly the same packets on
 * each side?  One that only one of them has (it tells more contexts apart)
 * counts as empty in the other, unless its bounds alone say all of it.
 */
bool prove_same(struct arena *arena, const struct sides *found,
		const struct sides *expected, struct difference *out);

/* The side of SIDES that is about the same as AS, first looked for at GUESS; or NULL. */
const struct side *prove_twin(const struct sides *sides,
			      const struct side *as, size_t guess);

#endif
