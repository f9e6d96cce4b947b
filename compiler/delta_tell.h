/* Lines of a delta as the public API has them. */
#ifndef FIREBREAK_COMPILER_DELTA_TELL_H
#define FIREBREAK_COMPILER_DELTA_TELL_H

#include "compiler/delta.h"
#include "firebreak/diff.h"

/* NAME with the place of SPAN; OLD as in struct fb_named. */
struct fb_named tell_place(const char *name, const struct sources *sources,
			   struct span span, bool old);

/* LINE of DELTA, whose policies stand in the sources OLD and NEW. */
struct fb_reach tell_line(struct arena *arena, const struct delta *delta,
			  const struct sources *old, const struct sources *new,
			  const struct delta_line *line);

/* The rules of these numbers, in IR, which stand in SOURCES. */
const struct fb_named *tell_rules(struct arena *arena, const struct ir *ir,
				  const struct sources *sources,
				  const uint32_t *rules, size_t count);

#endif
