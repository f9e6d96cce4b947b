/*
 * Who reaches whom in several hops.
 *
 * A route is a list of permitted connections.  It begins at a host of where it
 * may begin; each next connection begins anywhere in a place that the last one
 * entered.  Places are the layers and networks of an environment, never the
 * internet or `any`.  Layers with `shared-hosts` that overlap are one group:
 * from a host of one of them the next connection may begin in all of them, and
 * so it may where a route begins in one.  A host has both families, so a route
 * may change from one to the other.
 *
 * Everything is linear in the flows and in the places that each distinct set
 * of addresses touches; no matrix is ever built.
 */
#ifndef FIREBREAK_COMPILER_REACH_H
#define FIREBREAK_COMPILER_REACH_H

#include "compiler/sieve.h"

struct reach_place {
	uint32_t space;
	bool is_layer;		/* else a network */
	uint32_t index;		/* of the IR's layers or networks */
	struct both set;	/* less what is avoided; not empty */
	uint32_t group;
};

/*
 * Connections that are permitted together.  Across environments both sides
 * have to permit one: then there are two rules, which may be the same.
 */
struct reach_flow {
	uint32_t rule, other_rule;
	uint32_t src_space, dst_space;
	enum family family;
	uint32_t src, dst;	/* sets of the graph */
	struct ranges svc;
	bool ends;		/* may be the last of a route that is looked for */
};

/* One flow of a route and the group it leaves, or REACH_START. */
struct reach_step {
	uint32_t flow;		/* of the graph */
	uint32_t from;
};

typedef LIST(struct reach_step) reach_route;

enum { REACH_START = UINT32_MAX, REACH_NEVER = UINT32_MAX };

struct reach;

/* Spaces that peer, also by way of others: the lowest one of each space's part. */
const uint32_t *reach_parts(struct arena *arena, const struct ir *ir);

/*
 * The graph of the COUNT spaces at SPACES, which are a part or several whole
 * ones.  SIEVES: by number of a space, each made.  What is in AVOIDING does
 * not exist for it.
 */
struct reach *reach_graph(struct arena *arena, const struct ir *ir,
		       const struct sieve *const *sieves,
		       const uint32_t *spaces, size_t count,
		       const struct ir_where *avoiding, size_t avoiding_count);

/* Routes begin in the COUNT sets at FROM from now on, which is borrowed. */
void reach_begin(struct reach *reach, const struct ir_where *from,
		 size_t count);

/* Routes end with a packet to a destination and on a service of one of BOXES. */
void reach_end(struct reach *reach, const struct ir_claim_box *boxes,
	       size_t count);

/*
 * A shortest route of at most HOPS connections without the rules in REMOVED
 * (by rule of the IR; NULL: all stay).  False: there is none.
 */
bool reach_find(struct reach *reach, struct arena *arena, const bool *removed,
		uint32_t hops, reach_route *out);

/*
 * Everything within HOPS connections: afterwards reach_distance() of a group
 * and reach_flow_distance() of a flow is how many it takes, REACH_NEVER where
 * no route leads; reach_path() is a shortest route that enters a group.
 */
void reach_spread(struct reach *reach, const bool *removed, uint32_t hops);
uint32_t reach_distance(const struct reach *reach, uint32_t group);
uint32_t reach_flow_distance(const struct reach *reach, uint32_t flow);
void reach_path(const struct reach *reach, struct arena *arena,
		uint32_t group, reach_route *out);

/* Groups in the order in which reach_spread() entered them; *COUNT of them. */
const uint32_t *reach_entered(const struct reach *reach, size_t *count);

/*
 * Is the flow on some route of at most HOPS connections?  By flow of the
 * graph, in ARENA.
 */
const bool *reach_relevant(struct reach *reach, struct arena *arena,
			   const bool *removed, uint32_t hops);

/* Forget all flows that are not in KEEP. */
void reach_prune(struct reach *reach, const bool *keep);

const struct reach_flow *reach_flows(const struct reach *reach, size_t *count);

/* The places, those of a group together, groups ascending. */
const struct reach_place *reach_places(const struct reach *reach,
				       size_t *count);

/* How many of the places of GROUP are layers. */
uint32_t reach_layers(const struct reach *reach, uint32_t group);

/* The addresses of a set of the graph, less what is avoided. */
struct ranges reach_set(const struct reach *reach, uint32_t set);

/*
 * After reach_spread(): the hosts in SPACE from which a connection may begin
 * that comes after at most DISTANCE others.
 */
struct both reach_within(const struct reach *reach, struct arena *arena,
			 uint32_t space, uint32_t distance);

/* The hosts from which a connection may begin that leaves GROUP, in SPACE. */
struct both reach_hosts(const struct reach *reach, struct arena *arena,
			uint32_t group, uint32_t space);

/* The same where a route begins. */
struct both reach_start(const struct reach *reach, struct arena *arena,
			uint32_t space);

#endif
