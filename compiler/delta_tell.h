/* Lines of a delta as the public API has them. */
#ifndef FIREBREAK_COMPILER_DELTA_TELL_H
#define FIREBREAK_COMPILER_DELTA_TELL_H

#include "compiler/base/table.h"
#include "compiler/delta.h"
#include "firebreak/diff.h"

/* What the two policies stand in. */
struct tell_from {
	const struct sources *old, *new;
	/* by the name of a file of OLD: where it begins in NEW, if it is there */
	struct table kept;
};

/* NAME with the place of SPAN; OLD as in struct fb_named. */
struct fb_named tell_place(const struct tell_from *from, const char *name,
			   struct span span, bool old);

/* LINE of DELTA. */
struct fb_reach tell_line(struct arena *arena, const struct delta *delta,
			  const struct tell_from *from,
			  const struct delta_line *line);

/* The rules of these numbers, in IR, the new policy's. */
const struct fb_named *tell_rules(struct arena *arena, const struct ir *ir,
				  const struct tell_from *from,
				  const uint32_t *rules, size_t count);

#endif
