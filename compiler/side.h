/*
 * What is claimed of an artefact, side by side, and what tells two sides apart.
 */
#ifndef FIREBREAK_COMPILER_SIDE_H
#define FIREBREAK_COMPILER_SIDE_H

#include "compiler/box.h"

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

#endif
