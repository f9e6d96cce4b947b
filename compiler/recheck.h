/*
 * A second look at a proof, for those who would rather read 200 lines than
 * trust the packet sets: each box is cut along the boxes that should cover it
 * until nothing is left, or something is.
 *
 * Shares the types of packets and boxes with compiler/pset.h and none of its
 * arithmetic.  Slower than it by far, and it gives up where the pieces become
 * too many; to have given up is no proof.
 */
#ifndef FIREBREAK_COMPILER_RECHECK_H
#define FIREBREAK_COMPILER_RECHECK_H

#include "compiler/side.h"

enum recheck { RECHECK_HOLDS, RECHECK_DIFFERS, RECHECK_GAVE_UP };

/* Is every packet of INNER in OUTER?  If it differs *OUT is one that is not. */
enum recheck recheck_within(struct arena *arena, enum family family,
			    const struct boxes *inner,
			    const struct boxes *outer, struct packet *out);

/* What prove_bounds() answers, looked at again. */
enum recheck recheck_bounds(struct arena *arena, const struct sides *sides,
			    struct difference *out);

/* What prove_same() answers, looked at again. */
enum recheck recheck_same(struct arena *arena, const struct sides *found,
			  const struct sides *expected,
			  struct difference *out);

#endif
