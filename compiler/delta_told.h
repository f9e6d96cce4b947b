/* Lines of several environments, each with its own delta, as one list. */
#ifndef FIREBREAK_COMPILER_DELTA_TOLD_H
#define FIREBREAK_COMPILER_DELTA_TOLD_H

#include "compiler/base/table.h"
#include "firebreak/diff.h"

/* A line, and what it is sorted by. */
struct told {
	struct fb_reach reach;
	unsigned risks;
	LIST(const char *) environments;
};

struct told_lines {
	struct arena *arena;
	struct table known;	/* all of a line but where -> number + 1 */
	LIST(struct told) list;
};

/* Add REACH, of one environment; one line for those that it is the same in. */
void told_keep(struct told_lines *all, const struct fb_reach *reach,
	       unsigned risks);

/* The worst first, counted. */
void told_hand_out(struct told_lines *all, struct fb_diff *out);

#endif
