/*
 * The graph has two kinds of nodes, groups of places and sets of addresses:
 * group -> the source sets that touch it -> flows -> destination sets -> the
 * groups they touch.
 */
#ifndef FIREBREAK_COMPILER_REACH_GRAPH_H
#define FIREBREAK_COMPILER_REACH_GRAPH_H

#include "compiler/reach.h"

/* Lists of numbers by number: those of I are at[first[I]] to at[first[I + 1]]. */
struct lists {
	uint32_t *first, *at;
};

/* A distinct set of addresses at one end of flows. */
struct end_set {
	uint32_t space;
	enum family family;
	struct ranges set;
	bool begins;		/* a route may begin in it */
};

struct reach {
	struct arena *arena;
	const struct ir *ir;
	const uint32_t *spaces;
	size_t space_count;
	struct both *avoided;		/* by place in spaces */
	struct reach_place *places;
	size_t place_count;
	uint32_t group_count;
	uint32_t *group_first;		/* by group: its first place */
	LIST(struct end_set) sets;
	struct lists touched;		/* by set: groups */
	struct lists leaving;		/* by group: source sets that touch it */
	struct lists entering;		/* by group: destination sets likewise */
	LIST(struct reach_flow) flows;
	struct lists by_src, by_dst;	/* by set: flows */
	const struct ir_where *from;
	size_t from_count;
	bool *starts;			/* by group: shares hosts with the start */
	/* of the last search */
	uint32_t *distance, *via, *before;	/* by group; via: a flow */
	uint32_t *fired, *fired_from;		/* by flow */
	bool *seen_src, *seen_dst;		/* by set */
	uint32_t *queue;
	size_t queued;
};

/* Is PLACE a layer whose hosts are those of others too? */
static inline bool reach_shares(const struct reach *r, uint32_t place)
{
	return r->places[place].is_layer &&
	       r->ir->layers[r->places[place].index].shared_hosts;
}

/* The place of SPACE in the graph's list; the list's length: it is not there. */
size_t reach_position(const struct reach *r, uint32_t space);

#endif
