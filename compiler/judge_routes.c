/*
 * Invariants over several hops: which routes there are, one of them to show,
 * and the fewest rules whose removal cuts them all.  A part of the estate that
 * flows connect is a graph of its own; those with something wrong stay until
 * the mending set is found.
 */
#include "compiler/judge.h"

#include "compiler/mend.h"
#include "compiler/reach.h"

#include <stdlib.h>
#include <string.h>

/* Things that begin with the number of a space, by the part it is in. */
struct sliced {
	char *at;
	size_t size;
	uint32_t *first;	/* by part: its first thing; one more at the end */
};

static struct sliced slice(struct arena *arena, const uint32_t *parts,
			   size_t spaces, const void *things, size_t count,
			   size_t size)
{
	struct sliced s = { arena_array(arena, count, size), size,
			    arena_array(arena, spaces + 2, sizeof *s.first) };
	const char *from = things;
	uint32_t space;

	for (size_t i = 0; i < count; i++) {
		memcpy(&space, from + i * size, sizeof space);
		s.first[parts[space] + 2]++;
	}
	for (size_t p = 2; p < spaces + 2; p++)
		s.first[p] += s.first[p - 1];
	for (size_t i = 0; i < count; i++) {
		memcpy(&space, from + i * size, sizeof space);
		memcpy(s.at + s.first[parts[space] + 1]++ * size,
		       from + i * size, size);
	}
	return s;
}

static const void *slice_of(const struct sliced *s, uint32_t part,
			    size_t *count)
{
	*count = s->first[part + 1] - s->first[part];
	return s->at + s->first[part] * s->size;
}

/* A graph in which something is wrong, kept for mending. */
struct wrong {
	struct reach *reach;
	const struct ir_where *from;	/* where routes begin */
	size_t from_count;
};

struct inquiry {
	const struct judge *judge;
	struct sliced spaces, from, boxes, avoiding;	/* by part */
	bool *waiving;			/* by rule; NULL: no rule waives it */
	struct verdict verdict;
	bool is_waived_shown;
	struct verdict shown;		/* what there is to show where all is waived */
	double packets_waived;
	rule_list waived;
	LIST(struct wrong) wrong[2];	/* broken; by waived rules alone */
};

static void list_waiving(struct inquiry *q)
{
	const struct ir *ir = q->judge->ir;

	for (uint32_t i = 0; i < ir->rule_count; i++) {
		if (!judge_is_waived(q->judge, i))
			continue;
		if (!q->waiving)
			q->waiving = arena_array(q->judge->scratch,
						 ir->rule_count,
						 sizeof *q->waiving);
		q->waiving[i] = true;
	}
}

static struct inquiry inquire(const struct judge *j)
{
	const struct ir_invariant *inv = j->inv;
	struct inquiry q = { .judge = j, .verdict.against = IR_NO_SPACE,
			     .shown.against = IR_NO_SPACE };
	size_t n = j->ir->space_count;
	const uint32_t *parts = reach_parts(j->scratch, j->ir);
	uint32_t *all = arena_array(j->scratch, n, sizeof *all);

	for (uint32_t i = 0; i < n; i++)
		all[i] = i;
	q.spaces = slice(j->scratch, parts, n, all, n, sizeof *all);
	q.from = slice(j->scratch, parts, n, inv->from, inv->from_count,
		       sizeof *inv->from);
	q.boxes = slice(j->scratch, parts, n, inv->boxes, inv->box_count,
			sizeof *inv->boxes);
	q.avoiding = slice(j->scratch, parts, n, inv->avoiding,
			   inv->avoiding_count, sizeof *inv->avoiding);
	list_waiving(&q);
	return q;
}

/* The graph of one part. */
static struct reach *graph_of(const struct inquiry *q, struct arena *arena,
			      uint32_t part)
{
	const struct judge *j = q->judge;
	size_t spaces, avoiding;
	const uint32_t *space = slice_of(&q->spaces, part, &spaces);
	const struct ir_where *avoid = slice_of(&q->avoiding, part, &avoiding);

	for (size_t i = 0; i < spaces; i++)
		(void)judge_sieve(j, space[i]);
	return reach_graph(arena, j->ir, j->sieves, space, spaces, avoid,
			avoiding);
}

/* --- showing a route --- */

/* The hosts that a step may begin at. */
static struct both begins_at(const struct reach *r, struct arena *arena,
			     const struct reach_step *step, uint32_t space)
{
	return step->from == REACH_START
		? reach_start(r, arena, space)
		: reach_hosts(r, arena, step->from, space);
}

/* The packets of step I; of the last one those of the claim BOX, if there is one. */
static struct box step_box(const struct inquiry *q, const struct reach *r,
			   const reach_route *route, size_t i,
			   const struct ir_claim_box *box)
{
	struct arena *arena = q->judge->scratch;
	size_t count;
	const struct reach_flow *f = &reach_flows(r, &count)[route->at[i].flow];
	struct both src = begins_at(r, arena, &route->at[i], f->src_space);
	struct box out = { .src = ranges_meet(arena, reach_set(r, f->src),
					      src.of[f->family]),
			   .dst = reach_set(r, f->dst), .svc = f->svc };

	if (i + 1 < route->count) {
		struct both next = reach_hosts(r, arena, route->at[i + 1].from,
					       f->dst_space);

		out.dst = ranges_meet(arena, out.dst, next.of[f->family]);
	} else if (box) {
		out.dst = ranges_meet(arena, out.dst, box->dst);
		out.svc = ranges_meet(arena, out.svc, box->svc);
	}
	return out;
}

/* Does BOX end the route whose last flow is F? */
static bool ends(const struct reach *r, const struct reach_flow *f,
		 const struct ir_claim_box *box)
{
	return box->space == f->dst_space && box->family == f->family &&
	       ranges_touch(box->dst, reach_set(r, f->dst)) &&
	       ranges_touch(box->svc, f->svc);
}

static const struct ir_claim_box *box_of_end(const struct reach *r,
					     const struct reach_flow *f,
					     const struct ir_claim_box *boxes,
					     size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (ends(r, f, &boxes[i]))
			return &boxes[i];
	return NULL;
}

/* The hops of ROUTE, which ends with a packet of one of BOXES, if any. */
static void show(const struct inquiry *q, const struct reach *r,
		 const reach_route *route, const struct ir_claim_box *boxes,
		 size_t count, bool waived, struct verdict *v)
{
	const struct judge *j = q->judge;
	struct verdict_hop *hops = arena_array(j->arena, route->count,
					       sizeof *hops);
	size_t flow_count;
	const struct reach_flow *flows = reach_flows(r, &flow_count);

	for (size_t i = 0; i < route->count; i++) {
		const struct reach_flow *f = &flows[route->at[i].flow];
		struct box box = step_box(q, r, route, i,
					  box_of_end(r, f, boxes, count));
		const struct box *one = &box;
		struct packet p = judge_witness(j, f->family, &one, 1);

		hops[i] = judge_crossing(j, f->src_space, f->dst_space, &p,
					 waived);
	}
	v->hops = hops;
	v->hop_count = route->count;
}

/* --- mending --- */

struct repair {
	const struct inquiry *inquiry;
	const struct wrong *wrong;
	size_t count, last;	/* graphs; the one that was wrong the last time */
	bool *removed;		/* by rule */
	uint32_t *rule_of;	/* by thing */
	uint32_t *thing_of;	/* by rule, one more; 0: none */
	size_t things;
	bool (*example)(const struct repair *repair, const struct wrong *wrong,
			mend_set *rules);
};

static int ascending(const void *x, const void *y)
{
	const uint32_t *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

/* Rules to things, each once. */
static void as_things(const struct repair *p, mend_set *set)
{
	size_t n = 0;

	for (size_t i = 0; i < set->count; i++)
		set->at[i] = p->thing_of[set->at[i]] - 1;
	qsort(set->at, set->count, sizeof *set->at, ascending);
	for (size_t i = 0; i < set->count; i++)
		if (!i || set->at[i] != set->at[i - 1])
			set->at[n++] = set->at[i];
	set->count = n;
}

static bool find_example(void *context, const bool *removed, mend_set *out)
{
	struct repair *p = context;

	for (size_t i = 0; i < p->things; i++)
		p->removed[p->rule_of[i]] = removed[i];
	for (size_t i = 0; i < p->count; i++) {
		size_t at = (p->last + i) % p->count;

		if (!p->example(p, &p->wrong[at], out))
			continue;
		p->last = at;
		as_things(p, out);
		return true;
	}
	return false;
}

/* Number the rules that occur in the graphs; how much there is to look at. */
static size_t number_rules(struct repair *p)
{
	size_t work = 1;

	for (size_t i = 0; i < p->count; i++) {
		size_t count;
		const struct reach_flow *f = reach_flows(p->wrong[i].reach,
							 &count);

		work += count + 16;
		for (size_t k = 0; k < count; k++) {
			if (!p->removed[f[k].rule])
				p->thing_of[f[k].rule] = 1;
			if (!p->removed[f[k].other_rule])
				p->thing_of[f[k].other_rule] = 1;
		}
	}
	for (uint32_t i = 0; i < p->inquiry->judge->ir->rule_count; i++)
		if (p->thing_of[i]) {
			p->rule_of[p->things++] = i;
			p->thing_of[i] = (uint32_t)p->things;
		}
	return work;
}

enum { WORK_MOST = 50000000, CALLS_LEAST = 64, CALLS_MOST = 20000 };

/* Of the graphs at WRONG, without the rules that waive unless WAIVED. */
static void find_mending(const struct inquiry *q, bool waived,
			 bool (*example)(const struct repair *repair,
					 const struct wrong *wrong,
					 mend_set *rules),
			 struct verdict *v)
{
	const struct judge *j = q->judge;
	size_t rules = j->ir->rule_count, work;
	struct repair p = {
		q, q->wrong[waived].at, q->wrong[waived].count, 0,
		arena_array(j->scratch, rules, sizeof *p.removed),
		arena_array(j->scratch, rules, sizeof *p.rule_of),
		arena_array(j->scratch, rules, sizeof *p.thing_of), 0, example };
	struct mend_oracle oracle = { find_example, &p, 0, 0 };
	struct mending found;
	uint32_t *kept;

	if (q->waiving && !waived)
		memcpy(p.removed, q->waiving, rules * sizeof *p.removed);
	work = number_rules(&p);
	oracle.things = p.things;
	oracle.calls_most = WORK_MOST / work;
	if (oracle.calls_most < CALLS_LEAST)
		oracle.calls_most = CALLS_LEAST;
	if (oracle.calls_most > CALLS_MOST)
		oracle.calls_most = CALLS_MOST;
	found = mend(j->scratch, &oracle);
	kept = arena_array(j->arena, found.count, sizeof *kept);
	for (size_t i = 0; i < found.count; i++)
		kept[i] = p.rule_of[found.at[i]];
	v->mending = kept;
	v->mending_count = found.count;
	/* either half of a connection cuts it; here both count as needed */
	v->mending_smallest = found.smallest && !j->ir->half_count;
	v->mending_only = found.only;
}

static void add_rules(struct arena *arena, const struct reach_flow *f,
		      mend_set *rules)
{
	*LIST_PUSH(arena, rules) = f->rule;
	if (f->other_rule != f->rule)
		*LIST_PUSH(arena, rules) = f->other_rule;
}

/* --- never, over several hops --- */

static bool route_example(const struct repair *p, const struct wrong *w,
			  mend_set *rules)
{
	struct arena *arena = p->inquiry->judge->scratch;
	reach_route route = { 0 };
	size_t count;
	const struct reach_flow *flows = reach_flows(w->reach, &count);

	if (!reach_find(w->reach, arena, p->removed,
			p->inquiry->judge->inv->hops, &route))
		return false;
	for (size_t i = 0; i < route.count; i++)
		add_rules(arena, &flows[route.at[i].flow], rules);
	return true;
}

/* The last packets of all routes of one family in one space. */
static double count_ends(const struct inquiry *q, const struct reach *r,
			 const bool *relevant, const struct ir_claim_box *boxes,
			 size_t count, uint32_t space, enum family family)
{
	struct arena *arena = arena_child(q->judge->scratch);
	struct boxes last = { 0 };
	const struct boxes *lists[] = { &last };
	size_t flow_count;
	const struct reach_flow *flows = reach_flows(r, &flow_count);
	struct ranges hosts = NO_RANGES;
	uint32_t hosts_of = IR_NO_SPACE;
	struct universe *u;
	double size;

	for (size_t i = 0; i < flow_count; i++) {
		const struct reach_flow *f = &flows[i];

		if (!relevant[i] || !f->ends || f->dst_space != space ||
		    f->family != family)
			continue;
		if (f->src_space != hosts_of)
			hosts = reach_within(r, arena, f->src_space,
				q->judge->inv->hops - 1).of[family];
		hosts_of = f->src_space;
		for (size_t b = 0; b < count; b++)
			if (ends(r, f, &boxes[b]))
				boxes_add(arena, &last,
					  ranges_meet(arena, hosts, reach_set(r, f->src)),
					  ranges_meet(arena, boxes[b].dst, reach_set(r, f->dst)),
					  ranges_meet(arena, boxes[b].svc, f->svc));
	}
	u = universe_of(arena, family, lists, 1);
	size = pset_size(u, pset_of(u, &last));
	arena_free(arena);
	return size;
}

/* How many packets end a route; the spaces they do it in are marked in V. */
static double count_all_ends(const struct inquiry *q, const struct reach *r,
			     const bool *relevant,
			     const struct ir_claim_box *boxes, size_t count,
			     uint32_t part, struct verdict *v)
{
	size_t space_count;
	const uint32_t *space = slice_of(&q->spaces, part, &space_count);
	double all = 0;

	for (size_t i = 0; i < space_count; i++) {
		double here = count_ends(q, r, relevant, boxes, count, space[i],
					 IPV4) +
			      count_ends(q, r, relevant, boxes, count, space[i],
					 IPV6);

		if (here > 0)
			judge_mark(q->judge, v, space[i]);
		v->broken_in += here > 0;
		all += here;
	}
	return all;
}

static bool any(const bool *some, size_t count)
{
	return count && memchr(some, true, count);
}

static void note_if_waiving(struct inquiry *q, const struct reach_flow *f)
{
	if (q->waiving[f->rule])
		*LIST_PUSH(q->judge->scratch, &q->waived) = f->rule;
	if (q->waiving[f->other_rule])
		*LIST_PUSH(q->judge->scratch, &q->waived) = f->other_rule;
}

/* The rules that waive and are on a route. */
static void note_waived(struct inquiry *q, const struct reach *r,
			const bool *relevant)
{
	size_t count;
	const struct reach_flow *flows = reach_flows(r, &count);

	for (size_t i = 0; q->waiving && i < count; i++)
		if (relevant[i])
			note_if_waiving(q, &flows[i]);
}

/* What is wrong with one part is known: count it, show it if it is the first. */
static void record(struct inquiry *q, struct reach *r, uint32_t part,
		   const bool *relevant, bool waived)
{
	const struct judge *j = q->judge;
	size_t count, from_count;
	const struct ir_claim_box *boxes = slice_of(&q->boxes, part, &count);
	const struct ir_where *from = slice_of(&q->from, part, &from_count);
	struct verdict *v = waived ? &q->shown : &q->verdict;
	reach_route route = { 0 };

	v->packets += count_all_ends(q, r, relevant, boxes, count, part, v);
	if (!v->hop_count) {
		if (reach_find(r, j->scratch, waived ? NULL : q->waiving,
			       j->inv->hops, &route))
			show(q, r, &route, boxes, count, waived, v);
		if (!v->hop_count || !judge_is_route(j, v) ||
		    !judge_is_end(j, &v->hops[v->hop_count - 1]))
			v->kind = VERDICT_FAULT;
	}
	reach_prune(r, relevant);
	*LIST_PUSH(j->scratch, &q->wrong[waived]) =
		(struct wrong){ r, from, from_count };
}

/* False: nothing is wrong, and the graph is not needed any more. */
static bool look_at_part(struct inquiry *q, struct arena *arena, uint32_t part)
{
	uint32_t hops = q->judge->inv->hops;
	size_t from_count, box_count, flow_count;
	const struct ir_where *from = slice_of(&q->from, part, &from_count);
	const struct ir_claim_box *boxes = slice_of(&q->boxes, part,
						    &box_count);
	const bool *relevant;
	struct reach *r;

	if (!from_count || !box_count)
		return false;
	r = graph_of(q, arena, part);
	reach_begin(r, from, from_count);
	reach_end(r, boxes, box_count);
	(void)reach_flows(r, &flow_count);
	relevant = reach_relevant(r, arena, NULL, hops);
	if (!any(relevant, flow_count))
		return false;
	if (q->waiving) {
		const bool *rest = reach_relevant(r, arena, q->waiving, hops);
		bool waived = !any(rest, flow_count);

		note_waived(q, r, relevant);
		if (waived)
			reach_spread(r, NULL, hops);
		record(q, r, part, waived ? relevant : rest, waived);
	} else {
		record(q, r, part, relevant, false);
	}
	return true;
}

static struct verdict conclude(struct inquiry *q,
			       bool (*example)(const struct repair *repair,
					       const struct wrong *wrong,
					       mend_set *rules))
{
	bool broken = q->wrong[false].count != 0;
	struct verdict *v = broken ? &q->verdict : &q->shown;

	v->waived = judge_keep_rules(q->judge, &q->waived, &v->waived_count);
	if (!broken && !q->wrong[true].count)
		return *v;
	if (v->kind != VERDICT_FAULT)
		v->kind = broken ? VERDICT_BROKEN : VERDICT_WAIVED;
	find_mending(q, !broken, example, v);
	return *v;
}

struct verdict judge_routes(const struct judge *j)
{
	struct inquiry q = inquire(j);

	for (uint32_t part = 0; part < j->ir->space_count; part++) {
		struct arena *arena = arena_child(j->scratch);

		if (!look_at_part(&q, arena, part))
			arena_free(arena);
	}
	return conclude(&q, route_example);
}

/* --- reach --- */

/* How many layers the last search entered; the group that was one too many. */
static uint64_t layers_entered(const struct reach *r, uint64_t most,
			       uint32_t *one_too_many)
{
	size_t place_count, queued;
	const struct reach_place *places = reach_places(r, &place_count);
	const uint32_t *entered = reach_entered(r, &queued);
	uint64_t layers = 0;

	for (size_t i = 0; i < place_count; i++)
		layers += places[i].is_layer &&
			  reach_distance(r, places[i].group) != REACH_NEVER;
	*one_too_many = REACH_START;
	for (uint64_t i = 0, n = 0; layers > most && i < queued && n <= most;
	     i++) {
		*one_too_many = entered[i];
		n += reach_layers(r, entered[i]);
	}
	return layers;
}

/* The rules of shortest routes to one layer more than there may be. */
static bool reach_example(const struct repair *p, const struct wrong *w,
			  mend_set *rules)
{
	const struct judge *j = p->inquiry->judge;
	size_t queued, count;
	const struct reach_flow *flows = reach_flows(w->reach, &count);
	const uint32_t *entered;
	uint64_t layers = 0;
	uint32_t last;

	reach_begin(w->reach, w->from, w->from_count);
	reach_spread(w->reach, p->removed, j->inv->hops);
	if (layers_entered(w->reach, j->inv->most, &last) <= j->inv->most)
		return false;
	entered = reach_entered(w->reach, &queued);
	for (size_t i = 0; i < queued && layers <= j->inv->most; i++) {
		reach_route route = { 0 };

		if (!reach_layers(w->reach, entered[i]))
			continue;
		layers += reach_layers(w->reach, entered[i]);
		reach_path(w->reach, j->scratch, entered[i], &route);
		for (size_t k = 0; k < route.count; k++)
			add_rules(j->scratch, &flows[route.at[k].flow], rules);
	}
	return true;
}

static void list_layers(const struct judge *j, const struct reach *r,
			struct verdict *v)
{
	size_t count;
	const struct reach_place *places = reach_places(r, &count);
	LIST(struct verdict_layer) layers = { 0 };

	for (size_t i = 0; i < count; i++)
		if (places[i].is_layer &&
		    reach_distance(r, places[i].group) != REACH_NEVER)
			*LIST_PUSH(j->arena, &layers) = (struct verdict_layer){
				places[i].space, places[i].index };
	v->layers = layers.at;
	v->layer_count = layers.count;
}

/* The last search went too far: count it, show it if it is the first. */
static void record_reach(struct inquiry *q, struct reach *r,
			 const struct ir_where *from, uint64_t layers,
			 uint32_t one_too_many, bool waived)
{
	const struct judge *j = q->judge;
	struct verdict *v = waived ? &q->shown : &q->verdict;
	reach_route route = { 0 };

	judge_mark(j, v, from->space);
	v->broken_in++;
	v->found = layers > v->found ? layers : v->found;
	if (!v->hop_count) {
		reach_path(r, j->scratch, one_too_many, &route);
		show(q, r, &route, NULL, 0, waived, v);
		list_layers(j, r, v);
		if (!judge_is_route(j, v) || v->layer_count != layers)
			v->kind = VERDICT_FAULT;
	}
	*LIST_PUSH(j->scratch, &q->wrong[waived]) =
		(struct wrong){ r, from, 1 };
}

/* Rules that waive and that the last search came by. */
static void note_waived_reach(struct inquiry *q, const struct reach *r)
{
	size_t count;
	const struct reach_flow *flows = reach_flows(r, &count);

	for (uint32_t i = 0; q->waiving && i < count; i++)
		if (reach_flow_distance(r, i) != REACH_NEVER)
			note_if_waiving(q, &flows[i]);
}

/* From one place to begin; true when it reaches too much. */
static bool look_from(struct inquiry *q, struct reach *r,
		      const struct ir_where *from)
{
	const struct ir_invariant *inv = q->judge->inv;
	uint64_t layers;
	uint32_t last;

	reach_begin(r, from, 1);
	reach_spread(r, NULL, inv->hops);
	layers = layers_entered(r, inv->most, &last);
	if (layers <= inv->most) {
		if (layers > q->shown.found)
			q->shown.found = layers;
		return false;
	}
	note_waived_reach(q, r);
	if (q->waiving) {
		reach_spread(r, q->waiving, inv->hops);
		layers = layers_entered(r, inv->most, &last);
		if (layers > inv->most) {
			record_reach(q, r, from, layers, last, false);
			return true;
		}
		reach_spread(r, NULL, inv->hops);
		layers = layers_entered(r, inv->most, &last);
	}
	record_reach(q, r, from, layers, last, q->waiving != NULL);
	return true;
}

struct verdict judge_reach(const struct judge *j)
{
	struct inquiry q = inquire(j);

	for (uint32_t part = 0; part < j->ir->space_count; part++) {
		struct arena *arena = arena_child(j->scratch);
		size_t count;
		const struct ir_where *from = slice_of(&q.from, part, &count);
		struct reach *r = count ? graph_of(&q, arena, part) : NULL;
		bool wrong = false;

		for (size_t i = 0; i < count; i++)
			wrong |= look_from(&q, r, &from[i]);
		if (!wrong)
			arena_free(arena);
	}
	return conclude(&q, reach_example);
}
