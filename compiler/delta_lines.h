/*
 * Boxes of one environment to lines: what delta.c and delta_sides.c share.
 */
#ifndef FIREBREAK_COMPILER_DELTA_LINES_H
#define FIREBREAK_COMPILER_DELTA_LINES_H

#include "compiler/base/table.h"
#include "compiler/delta.h"

/* Numbers for sets, the same for equal ones. */
struct numbering {
	struct arena *arena;
	struct table sets;
	uintptr_t count;
};

uint32_t delta_number(struct numbering *numbering, struct ranges set);

/* One policy's part of an environment being compared. */
struct party {
	const struct ir *ir;
	const struct ir_space *space;	/* NULL: it has no such environment */
	struct flow_key *keys;
	LIST(uint32_t) own[FAMILIES];	/* flows the other side has not */
};

const struct ir_flow *party_flow(const struct party *party, uint32_t number);

struct making {
	struct arena *arena;
	struct delta *delta;
	struct numbering numbering;
	LIST(struct delta_line) lines;
	struct table known;		/* words -> number of the line + 1 */
	const char *side;		/* that is being told, or NULL */
};

/*
 * Boxes by their sources: many have the same, so that who asks for those that
 * touch a set looks at few.
 */
struct sharing {
	struct ranges src;
	LIST(uint32_t) boxes;		/* numbers, ascending */
};

struct by_source {
	LIST(struct sharing) list;
};

struct by_source delta_by_source(struct arena *arena,
				 const struct boxes *boxes);

/* What the lines of one environment and direction are made from. */
struct direction {
	struct making *m;
	bool opens;
	uint32_t number;		/* of the environment */
	const struct party *side, *other;
	struct naming *naming;
	struct boxes near[FAMILIES];	/* of the other side */
	struct boxes own[FAMILIES];	/* of this one, as side->own */
	struct by_source near_by[FAMILIES], own_by[FAMILIES];
};

/* The union of the dimension at MEMBER of many boxes, in one go. */
struct ranges delta_union(struct arena *arena, const struct boxes *boxes,
			  size_t member);

/*
 * Boxes that differ in one dimension only become one; they stay disjoint, and
 * the first of each keeps its place.
 */
struct boxes delta_merged(struct arena *arena, struct numbering *numbering,
			  const struct boxes *boxes);

/* Ascending, each once; how many are left. */
size_t delta_sort_out(uint32_t *at, size_t count);

/* How many addresses. */
double delta_size(struct ranges set);

/*
 * Two pieces, one a family, that the words of one of them both mean, are one
 * line: words of IPv4 first, then those of IPv6, which may name more.
 */
void delta_add_lines(const struct direction *direction,
		     const struct boxes boxes[FAMILIES]);

/* By risk, openings first. */
void delta_order(struct delta *delta);

#endif
