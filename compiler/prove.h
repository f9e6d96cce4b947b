/*
 * Is what an artefact admits what the policy says?
 */
#ifndef FIREBREAK_COMPILER_PROVE_H
#define FIREBREAK_COMPILER_PROVE_H

#include "compiler/pset.h"

/*
 * A claim about one hook, direction or relation of an artefact: the packets
 * it admits, those the policy says it must, and those it may (which includes
 * MUST; more only by a named assumption).
 */
struct side {
	const char *label;	/* "data: input, new connections" */
	enum family family;
	struct boxes admitted, must, may;
};

struct sides {
	struct side *at;
	size_t count, cap;
};

enum difference_kind {
	DIFFERENCE_MISSING,	/* must be admitted and is not */
	DIFFERENCE_EXTRA,	/* is admitted and may not be */
};

struct difference {
	enum difference_kind kind;
	const char *label;	/* of the side */
	struct packet packet;
};

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

#endif
