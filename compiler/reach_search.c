/*
 * Searches of the graph.  Breadth first, each node once: from where routes begin
 * on, or from where they end back.
 */
#include "compiler/reach_graph.h"

#include <stdlib.h>
#include <string.h>

/* --- where routes begin and end --- */

struct both reach_hosts(const struct reach *r, struct arena *arena,
			uint32_t group, uint32_t space)
{
	struct both hosts = { 0 };

	for (uint32_t i = r->group_first[group];
	     i < r->group_first[group + 1]; i++)
		if (r->places[i].space == space)
			hosts = both_union(arena, hosts, r->places[i].set);
	return hosts;
}

/* Where routes begin, without what shares hosts with it: by place in spaces. */
static struct both *begin_in(const struct reach *r, struct arena *arena)
{
	struct both *sets = arena_array(arena, r->space_count, sizeof *sets);

	for (size_t i = 0; i < r->from_count; i++) {
		size_t at = reach_position(r, r->from[i].space);

		if (at < r->space_count)
			sets[at] = both_union(arena, sets[at],
					      both_minus(arena, r->from[i].set,
							 r->avoided[at]));
	}
	return sets;
}

struct both reach_start(const struct reach *r, struct arena *arena,
			uint32_t space)
{
	struct both set = begin_in(r, arena)[reach_position(r, space)];

	for (uint32_t g = 0; g < r->group_count; g++)
		if (r->starts[g])
			set = both_union(arena, set,
					 reach_hosts(r, arena, g, space));
	return set;
}

void reach_begin(struct reach *r, const struct ir_where *from, size_t count)
{
	struct arena *scratch = arena_child(r->arena);
	const struct both *begin;

	r->from = from;
	r->from_count = count;
	begin = begin_in(r, scratch);
	memset(r->starts, 0, r->group_count * sizeof *r->starts);
	for (uint32_t i = 0; i < r->place_count; i++)
		if (reach_shares(r, i) &&
		    both_touch(r->places[i].set,
			       begin[reach_position(r, r->places[i].space)]))
			r->starts[r->places[i].group] = true;
	for (uint32_t i = 0; i < r->sets.count; i++) {
		struct end_set *set = &r->sets.at[i];
		const struct both *at = &begin[reach_position(r, set->space)];

		set->begins = ranges_touch(set->set, at->of[set->family]);
		for (uint32_t k = r->touched.first[i];
		     k < r->touched.first[i + 1] && !set->begins; k++)
			set->begins = r->starts[r->touched.at[k]];
	}
	arena_free(scratch);
}

void reach_end(struct reach *r, const struct ir_claim_box *boxes, size_t count)
{
	for (size_t i = 0; i < r->flows.count; i++)
		r->flows.at[i].ends = false;
	for (size_t b = 0; b < count; b++)
		for (uint32_t s = 0; s < r->sets.count; s++) {
			const struct end_set *set = &r->sets.at[s];

			if (set->space != boxes[b].space ||
			    set->family != boxes[b].family ||
			    !ranges_touch(set->set, boxes[b].dst))
				continue;
			for (uint32_t k = r->by_dst.first[s];
			     k < r->by_dst.first[s + 1]; k++) {
				struct reach_flow *f =
					&r->flows.at[r->by_dst.at[k]];

				f->ends |= ranges_touch(f->svc, boxes[b].svc);
			}
		}
}

/* --- searching --- */

/* A search and whether it may stop at the first end. */
struct search {
	struct reach *reach;
	const bool *removed;
	bool stops;
	uint32_t end;		/* the flow that ended a route, or REACH_NEVER */
};

static void enter(struct reach *r, uint32_t flow, uint32_t from,
		  uint32_t distance)
{
	uint32_t set = r->flows.at[flow].dst;

	if (r->seen_dst[set])
		return;
	r->seen_dst[set] = true;
	for (uint32_t k = r->touched.first[set];
	     k < r->touched.first[set + 1]; k++) {
		uint32_t group = r->touched.at[k];

		if (r->distance[group] != REACH_NEVER)
			continue;
		r->distance[group] = distance;
		r->via[group] = flow;
		r->before[group] = from;
		r->queue[r->queued++] = group;
	}
}

static bool is_removed(const bool *removed, const struct reach_flow *f)
{
	return removed && (removed[f->rule] || removed[f->other_rule]);
}

/* All flows whose source is SET, as the connection number DISTANCE. */
static void leave(struct search *s, uint32_t set, uint32_t from,
		  uint32_t distance)
{
	struct reach *r = s->reach;

	r->seen_src[set] = true;
	for (uint32_t k = r->by_src.first[set]; k < r->by_src.first[set + 1];
	     k++) {
		uint32_t flow = r->by_src.at[k];
		const struct reach_flow *f = &r->flows.at[flow];

		if (is_removed(s->removed, f))
			continue;
		r->fired[flow] = distance;
		r->fired_from[flow] = from;
		if (f->ends && s->end == REACH_NEVER) {
			s->end = flow;
			if (s->stops)
				return;
		}
		enter(r, flow, from, distance);
	}
}

static void forget(struct reach *r)
{
	memset(r->distance, 0xff, r->group_count * sizeof *r->distance);
	memset(r->fired, 0xff, r->flows.count * sizeof *r->fired);
	memset(r->seen_src, 0, r->sets.count * sizeof *r->seen_src);
	memset(r->seen_dst, 0, r->sets.count * sizeof *r->seen_dst);
	r->queued = 0;
}

static void run(struct search *s, uint32_t hops)
{
	struct reach *r = s->reach;

	forget(r);
	for (uint32_t i = 0; i < r->sets.count; i++) {
		if (r->sets.at[i].begins)
			leave(s, i, REACH_START, 1);
		if (s->stops && s->end != REACH_NEVER)
			return;
	}
	for (size_t q = 0; q < r->queued; q++) {
		uint32_t group = r->queue[q], distance = r->distance[group];

		if (distance >= hops)
			return;
		for (uint32_t k = r->leaving.first[group];
		     k < r->leaving.first[group + 1]; k++) {
			if (!r->seen_src[r->leaving.at[k]])
				leave(s, r->leaving.at[k], group, distance + 1);
			if (s->stops && s->end != REACH_NEVER)
				return;
		}
	}
}

/* The steps that lead to GROUP and, last, FLOW from there, if it is one. */
static void trace(const struct reach *r, struct arena *arena, uint32_t group,
		  uint32_t flow, reach_route *out)
{
	size_t length = flow != REACH_NEVER, at;

	for (uint32_t g = group; g != REACH_START; g = r->before[g])
		length++;
	for (size_t i = 0; i < length; i++)
		(void)LIST_PUSH(arena, out);
	at = length;
	if (flow != REACH_NEVER)
		out->at[--at] = (struct reach_step){ flow, group };
	for (uint32_t g = group; g != REACH_START; g = r->before[g])
		out->at[--at] = (struct reach_step){ r->via[g], r->before[g] };
}

bool reach_find(struct reach *r, struct arena *arena, const bool *removed,
		uint32_t hops, reach_route *out)
{
	struct search s = { r, removed, true, REACH_NEVER };

	run(&s, hops);
	if (s.end == REACH_NEVER)
		return false;
	out->count = 0;
	trace(r, arena, r->fired_from[s.end], s.end, out);
	return true;
}

void reach_spread(struct reach *r, const bool *removed, uint32_t hops)
{
	struct search s = { r, removed, false, REACH_NEVER };

	run(&s, hops);
}

uint32_t reach_distance(const struct reach *r, uint32_t group)
{
	return r->distance[group];
}

uint32_t reach_flow_distance(const struct reach *r, uint32_t flow)
{
	return r->fired[flow];
}

void reach_path(const struct reach *r, struct arena *arena, uint32_t group,
		reach_route *out)
{
	out->count = 0;
	trace(r, arena, group, REACH_NEVER, out);
}

const uint32_t *reach_entered(const struct reach *r, size_t *count)
{
	*count = r->queued;
	return r->queue;
}

struct both reach_within(const struct reach *r, struct arena *arena,
			 uint32_t space, uint32_t distance)
{
	struct both all = reach_start(r, arena, space);

	for (int f = IPV4; f < FAMILIES; f++) {
		LIST(struct range) some = { 0 };

		for (size_t i = 0; i < r->place_count; i++) {
			const struct reach_place *p = &r->places[i];

			if (p->space != space || r->distance[p->group] > distance)
				continue;
			for (size_t k = 0; k < p->set.of[f].count; k++)
				*LIST_PUSH(arena, &some) = p->set.of[f].at[k];
		}
		all.of[f] = ranges_union(arena, all.of[f],
					 ranges_of(arena, some.at, some.count));
	}
	return all;
}

/* --- backwards --- */

/* A search from the ends: flows in the order of their distance to one. */
struct retreat {
	const struct reach *reach;
	const bool *removed;
	uint32_t *left, *queue;		/* by flow */
	size_t queued;
	bool *seen_group, *seen_src, *seen_dst;
};

static void retreat_to(struct retreat *t, uint32_t flow, uint32_t left)
{
	const struct reach_flow *f = &t->reach->flows.at[flow];

	if (t->left[flow] != REACH_NEVER || is_removed(t->removed, f))
		return;
	t->left[flow] = left;
	t->queue[t->queued++] = flow;
}

/* All flows that enter GROUP come before one that is LEFT from an end. */
static void retreat_from(struct retreat *t, uint32_t group, uint32_t left)
{
	const struct reach *r = t->reach;

	if (t->seen_group[group])
		return;
	t->seen_group[group] = true;
	for (uint32_t e = r->entering.first[group];
	     e < r->entering.first[group + 1]; e++) {
		uint32_t dst = r->entering.at[e];

		if (t->seen_dst[dst])
			continue;
		t->seen_dst[dst] = true;
		for (uint32_t n = r->by_dst.first[dst];
		     n < r->by_dst.first[dst + 1]; n++)
			retreat_to(t, r->by_dst.at[n], left + 1);
	}
}

/* How many connections from each flow to an end, it included. */
static const uint32_t *to_the_end(const struct reach *r, struct arena *arena,
				  const bool *removed)
{
	size_t flows = r->flows.count, sets = r->sets.count;
	struct retreat t = { r, removed,
		arena_array(arena, flows, sizeof *t.left),
		arena_array(arena, flows, sizeof *t.queue), 0,
		arena_array(arena, r->group_count, 1),
		arena_array(arena, sets, 1), arena_array(arena, sets, 1) };

	memset(t.left, 0xff, flows * sizeof *t.left);
	for (uint32_t i = 0; i < flows; i++)
		if (r->flows.at[i].ends)
			retreat_to(&t, i, 1);
	for (size_t q = 0; q < t.queued; q++) {
		uint32_t flow = t.queue[q], src = r->flows.at[flow].src;

		if (t.seen_src[src])
			continue;
		t.seen_src[src] = true;
		for (uint32_t k = r->touched.first[src];
		     k < r->touched.first[src + 1]; k++)
			retreat_from(&t, r->touched.at[k], t.left[flow]);
	}
	return t.left;
}

const bool *reach_relevant(struct reach *r, struct arena *arena,
			   const bool *removed, uint32_t hops)
{
	const uint32_t *left = to_the_end(r, arena, removed);
	bool *relevant = arena_array(arena, r->flows.count, sizeof *relevant);

	reach_spread(r, removed, hops);
	for (size_t i = 0; i < r->flows.count; i++)
		relevant[i] = r->fired[i] != REACH_NEVER &&
			      left[i] != REACH_NEVER &&
			      (uint64_t)r->fired[i] + left[i] - 1 <= hops;
	return relevant;
}
