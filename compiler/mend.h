/*
 * The fewest things to take away so that nothing bad is left.
 *
 * What is bad is only known by example: an oracle that is told what is gone
 * names a set of things that together are bad, or says that there is none.  A
 * smallest set that meets every example so far, and leaves nothing bad, is the
 * smallest there is: examples are added until that is so.
 */
#ifndef FIREBREAK_COMPILER_MEND_H
#define FIREBREAK_COMPILER_MEND_H

#include "compiler/base/arena.h"

#include <stdbool.h>

typedef LIST(uint32_t) mend_set;

struct mend_oracle {
	/*
	 * Fill OUT with things that are not REMOVED (by number of a thing) and
	 * together bad; never none of them.  False: nothing bad is left.
	 */
	bool (*find)(void *context, const bool *removed, mend_set *out);
	void *context;
	size_t things;		/* numbers are below */
	size_t calls_most;	/* how often to ask before giving up on the smallest */
};

struct mending {
	const uint32_t *at;	/* ascending */
	size_t count;
	bool smallest;		/* proved: no smaller set does */
	bool only;		/* proved: no other set of this size does */
};

/*
 * What to take away.  Always enough, and none of it superfluous; the smallest
 * unless the search became too long.
 */
struct mending mend(struct arena *arena, const struct mend_oracle *oracle);

#endif
