/* Random policies as text: the same text for the same seed, everywhere. */
#ifndef FIREBREAK_TESTS_LIB_GEN_H
#define FIREBREAK_TESTS_LIB_GEN_H

#include "compiler/base/arena.h"

#include <stdbool.h>

enum gen_taste {
	GEN_WILD,	/* everything that the language has */
	GEN_PLAIN,	/* whole layers and networks: what most targets can say */
};

/* The day for which the dates of generated policies are interesting. */
#define GEN_DAY "2026-06-01"

struct gen_policy;

/* Most, not all, have no mistakes. */
const struct gen_policy *gen_policy(struct arena *arena, uint64_t seed,
				    enum gen_taste taste);

/*
 * Its text.  With ORDER 0 the statements stand as they were made, else in an
 * order that goes by it, inside of blocks as well.
 */
const char *gen_text(struct arena *arena, const struct gen_policy *policy,
		     uint64_t order);

#endif
