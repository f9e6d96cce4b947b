/* The graph, made from flows: how it is searched is in reach_search.c. */
#include "compiler/reach_graph.h"

#include <stdlib.h>
#include <string.h>

/* --- parts --- */

static uint32_t root_of(uint32_t *parent, uint32_t i)
{
	while (parent[i] != i)
		i = parent[i] = parent[parent[i]];
	return i;
}

static void join(uint32_t *parent, uint32_t a, uint32_t b)
{
	a = root_of(parent, a);
	b = root_of(parent, b);
	if (a < b)
		parent[b] = a;
	else
		parent[a] = b;
}

static uint32_t *apart(struct arena *arena, size_t count)
{
	uint32_t *parent = arena_array(arena, count, sizeof *parent);

	for (uint32_t i = 0; i < count; i++)
		parent[i] = i;
	return parent;
}

const uint32_t *reach_parts(struct arena *arena, const struct ir *ir)
{
	uint32_t *parent = apart(arena, ir->space_count);

	for (uint32_t i = 0; i < ir->space_count; i++)
		for (size_t k = 0; k < ir->spaces[i].peer_count; k++)
			join(parent, i, ir->spaces[i].peers[k]);
	for (uint32_t i = 0; i < ir->space_count; i++)
		parent[i] = root_of(parent, i);
	return parent;
}

/* --- places and groups --- */

static void add_place(struct reach *r, size_t at, bool is_layer,
		      uint32_t index, struct both set)
{
	set = both_minus(r->arena, set, r->avoided[at]);
	if (both_empty(set))
		return;
	r->places[r->place_count++] = (struct reach_place){
		r->spaces[at], is_layer, index, set, 0 };
}

static void collect_places(struct reach *r)
{
	size_t each = r->ir->layer_count + r->ir->network_count;

	r->places = arena_array(r->arena, r->space_count * each,
				sizeof *r->places);
	for (size_t i = 0; i < r->space_count; i++) {
		const struct ir_space *s = &r->ir->spaces[r->spaces[i]];

		for (uint32_t k = 0; k < r->ir->layer_count; k++)
			add_place(r, i, true, k, s->layers[k]);
		for (uint32_t k = 0; k < r->ir->network_count; k++)
			add_place(r, i, false, k, s->networks[k]);
	}
}

/* A stretch of addresses of one place. */
struct stretch {
	uint32_t space;
	struct range range;
	u128 reach;		/* the highest end so far in the space */
	uint32_t place;
};

static int by_start(const void *x, const void *y)
{
	const struct stretch *a = x, *b = y;

	if (a->space != b->space)
		return a->space < b->space ? -1 : 1;
	if (a->range.lo != b->range.lo)
		return a->range.lo < b->range.lo ? -1 : 1;
	return (a->place > b->place) - (a->place < b->place);
}

struct stretches {
	struct stretch *at;
	size_t count;
};

/* The places' addresses of one family, ascending in each space. */
static struct stretches stretches_of(const struct reach *r,
				     struct arena *arena, enum family family)
{
	struct stretches s = { 0 };

	for (size_t i = 0; i < r->place_count; i++)
		s.count += r->places[i].set.of[family].count;
	s.at = arena_array(arena, s.count, sizeof *s.at);
	s.count = 0;
	for (uint32_t i = 0; i < r->place_count; i++) {
		struct ranges set = r->places[i].set.of[family];

		for (size_t k = 0; k < set.count; k++)
			s.at[s.count++] = (struct stretch){
				r->places[i].space, set.at[k], 0, i };
	}
	if (s.count)
		qsort(s.at, s.count, sizeof *s.at, by_start);
	for (size_t i = 0; i < s.count; i++) {
		bool first = !i || s.at[i - 1].space != s.at[i].space;

		s.at[i].reach = s.at[i].range.hi;
		if (!first && s.at[i - 1].reach > s.at[i].reach)
			s.at[i].reach = s.at[i - 1].reach;
	}
	return s;
}

/* The first stretch of SPACE that may reach to ADDRESS. */
static size_t first_stretch(const struct stretches *s, uint32_t space,
			    u128 address)
{
	size_t lo = 0, hi = s->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct stretch *at = &s->at[mid];

		if (at->space < space ||
		    (at->space == space && at->reach < address))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Layers with shared hosts that overlap come into one group. */
static void join_sharing(const struct reach *r, const struct stretches *s,
			 uint32_t *parent)
{
	size_t last = SIZE_MAX;		/* the sharing one that reaches farthest */

	for (size_t i = 0; i < s->count; i++) {
		if (!reach_shares(r, s->at[i].place))
			continue;
		if (last != SIZE_MAX && s->at[last].space == s->at[i].space &&
		    s->at[last].range.hi >= s->at[i].range.lo)
			join(parent, s->at[last].place, s->at[i].place);
		if (last == SIZE_MAX || s->at[last].space != s->at[i].space ||
		    s->at[i].range.hi > s->at[last].range.hi)
			last = i;
	}
}

static int by_group(const void *x, const void *y)
{
	const struct reach_place *a = x, *b = y;

	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	if (a->is_layer != b->is_layer)
		return a->is_layer ? -1 : 1;
	return (a->index > b->index) - (a->index < b->index);
}

static void group_places(struct reach *r)
{
	struct arena *scratch = arena_child(r->arena);
	uint32_t *parent = apart(scratch, r->place_count);

	for (int f = IPV4; f < FAMILIES; f++) {
		struct stretches s = stretches_of(r, scratch, (enum family)f);

		join_sharing(r, &s, parent);
	}
	for (uint32_t i = 0; i < r->place_count; i++)
		r->places[i].group = root_of(parent, i);
	if (r->place_count)
		qsort(r->places, r->place_count, sizeof *r->places, by_group);
	r->group_first = arena_array(r->arena, r->place_count + 1,
				     sizeof *r->group_first);
	for (uint32_t i = 0, last = 0; i < r->place_count; i++) {
		uint32_t root = r->places[i].group;

		if (!i || root != last)
			r->group_first[r->group_count++] = i;
		last = root;
		r->places[i].group = r->group_count - 1;
	}
	r->group_first[r->group_count] = (uint32_t)r->place_count;
	arena_free(scratch);
}

/* --- sets and flows --- */

static uint32_t add_set(struct reach *r, size_t at, enum family family,
			struct ranges set)
{
	*LIST_PUSH(r->arena, &r->sets) = (struct end_set){
		r->spaces[at], family,
		ranges_minus(r->arena, set, r->avoided[at].of[family]),
		false };
	return (uint32_t)(r->sets.count - 1);
}

size_t reach_position(const struct reach *r, uint32_t space)
{
	size_t lo = 0, hi = r->space_count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (r->spaces[mid] < space)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < r->space_count && r->spaces[lo] == space
		? lo : r->space_count;
}

/* A rule across environments has a flow in both: does F stand where it arrives? */
static bool is_arrival(const struct ir *ir, const struct ir_flow *f)
{
	return ranges_touch(f->dst, ir->spaces[f->space].vpc.of[f->family]);
}

/* Where the sets of one space begin in the graph's. */
struct bases {
	uint32_t of[FAMILIES][2];	/* sources, destinations */
};

static struct bases add_sets(struct reach *r, const struct sieve *sieve,
			     size_t at)
{
	struct bases base;

	for (int f = IPV4; f < FAMILIES; f++)
		for (int end = SIEVE_SRC; end <= SIEVE_DST; end++) {
			const struct sieve_sets *sets = &sieve->sets[f][end];

			base.of[f][end] = (uint32_t)r->sets.count;
			for (size_t i = 0; i < sets->count; i++)
				add_set(r, at, (enum family)f, sets->at[i]);
		}
	return base;
}

static void add_flow(struct reach *r, const struct reach_flow *flow)
{
	if (r->sets.at[flow->src].set.count && r->sets.at[flow->dst].set.count)
		*LIST_PUSH(r->arena, &r->flows) = *flow;
}

/*
 * What a flow says in its own space: of a rule across environments each half,
 * because each side's permits count by themselves; and both together, where
 * it arrives.
 */
static void add_own_flow(struct reach *r, const struct sieve *sieve,
			 const struct bases *base, uint32_t i)
{
	const struct ir_flow *f = &r->ir->flows[sieve->space->first_flow + i];
	struct reach_flow flow = {
		f->rule, f->rule, f->space, f->space, f->family,
		base->of[f->family][SIEVE_SRC] + sieve->ids[i][SIEVE_SRC],
		base->of[f->family][SIEVE_DST] + sieve->ids[i][SIEVE_DST],
		f->svc, false };
	size_t far;

	add_flow(r, &flow);
	if (f->far == IR_NO_SPACE || !is_arrival(r->ir, f))
		return;
	far = reach_position(r, f->far);
	if (far == r->space_count)
		return;
	flow.src_space = f->far;
	flow.src = add_set(r, far, f->family, f->src);
	add_flow(r, &flow);
}

typedef LIST(const struct ir_flow *) some_flows;

/*
 * Flows of the space HERE that name no environment and yet, with `any` or a
 * prefix, reach from its VPC into that of the peer THERE (or the reverse, IN).
 */
static some_flows wide_flows(const struct reach *r, struct arena *arena,
			     const struct ir_space *here,
			     const struct ir_space *there, bool in)
{
	some_flows out = { 0 };

	for (uint32_t i = 0; i < here->flow_count; i++) {
		const struct ir_flow *f = &r->ir->flows[here->first_flow + i];
		struct ranges own = here->vpc.of[f->family];
		struct ranges peer = there->vpc.of[f->family];

		if (f->far == IR_NO_SPACE &&
		    ranges_touch(in ? f->src : f->dst, peer) &&
		    ranges_touch(in ? f->dst : f->src, own))
			*LIST_PUSH(arena, &out) = f;
	}
	return out;
}

/* What OUT lets out of the space FROM and IN lets into the space TO. */
static void add_pair(struct reach *r, const struct ir_flow *out,
		     const struct ir_flow *in, size_t from, size_t to)
{
	struct arena *a = r->arena;
	enum family family = out->family;
	uint32_t src_space = r->spaces[from], dst_space = r->spaces[to];
	struct ranges src = ranges_meet(a, ranges_meet(a, out->src, in->src),
		r->ir->spaces[src_space].vpc.of[family]);
	struct ranges dst = ranges_meet(a, ranges_meet(a, out->dst, in->dst),
		r->ir->spaces[dst_space].vpc.of[family]);
	struct ranges svc = ranges_meet(a, out->svc, in->svc);

	if (src.count && dst.count && svc.count)
		add_flow(r, &(struct reach_flow){
			out->rule, in->rule, src_space, dst_space, family,
			add_set(r, from, family, src),
			add_set(r, to, family, dst), svc, false });
}

/*
 * Connections between peers that no rule across environments names, but both
 * sides permit.  One half of such a rule adds nothing to its two.
 */
static void add_crossing(struct reach *r, size_t from)
{
	const struct ir_space *here = &r->ir->spaces[r->spaces[from]];
	struct arena *scratch = arena_child(r->arena);

	for (size_t k = 0; k < here->peer_count; k++) {
		const struct ir_space *there = &r->ir->spaces[here->peers[k]];
		size_t to = reach_position(r, here->peers[k]);
		some_flows out, in;

		if (to == r->space_count)
			continue;
		out = wide_flows(r, scratch, here, there, false);
		if (!out.count)
			continue;
		in = wide_flows(r, scratch, there, here, true);
		for (size_t i = 0; i < out.count; i++)
			for (size_t n = 0; n < in.count; n++)
				if (out.at[i]->family == in.at[n]->family)
					add_pair(r, out.at[i], in.at[n], from,
						 to);
	}
	arena_free(scratch);
}

static void collect_flows(struct reach *r, const struct sieve *const *sieves)
{
	for (size_t i = 0; i < r->space_count; i++) {
		const struct sieve *sieve = sieves[r->spaces[i]];
		struct bases base = add_sets(r, sieve, i);

		for (uint32_t k = 0; k < sieve->space->flow_count; k++)
			add_own_flow(r, sieve, &base, k);
		add_crossing(r, i);
	}
}

typedef LIST(uint32_t) numbers;

/* The groups that the set touches, each once. */
static void touch(const struct reach *r, struct arena *arena,
		  const struct stretches *s, const struct end_set *set,
		  uint32_t *stamp, uint32_t mark, numbers *out)
{
	for (size_t k = 0; k < set->set.count; k++) {
		struct range range = set->set.at[k];
		size_t i = first_stretch(s, set->space, range.lo);

		for (; i < s->count && s->at[i].space == set->space &&
		       s->at[i].range.lo <= range.hi; i++) {
			uint32_t group = r->places[s->at[i].place].group;

			if (s->at[i].range.hi < range.lo ||
			    stamp[group] == mark)
				continue;
			stamp[group] = mark;
			*LIST_PUSH(arena, out) = group;
		}
	}
}

static void touch_all(struct reach *r)
{
	struct arena *scratch = arena_child(r->arena);
	struct stretches s[FAMILIES] = {
		stretches_of(r, scratch, IPV4), stretches_of(r, scratch, IPV6) };
	uint32_t *stamp = arena_array(scratch, r->group_count, sizeof *stamp);
	numbers all = { 0 };

	r->touched.first = arena_array(r->arena, r->sets.count + 1,
				       sizeof *r->touched.first);
	for (uint32_t i = 0; i < r->sets.count; i++) {
		const struct end_set *set = &r->sets.at[i];

		touch(r, r->arena, &s[set->family], set, stamp, i + 1, &all);
		r->touched.first[i + 1] = (uint32_t)all.count;
	}
	r->touched.at = all.at;
	arena_free(scratch);
}

/* By group, the sets at one end of a flow that touch it. */
static struct lists turn(const struct reach *r, const bool *used)
{
	struct lists out = { arena_array(r->arena, r->group_count + 2,
					 sizeof *out.first), NULL };
	uint32_t *first = out.first;

	for (uint32_t i = 0; i < r->sets.count; i++)
		for (uint32_t k = r->touched.first[i];
		     used[i] && k < r->touched.first[i + 1]; k++)
			first[r->touched.at[k] + 2]++;
	for (uint32_t g = 2; g < r->group_count + 2; g++)
		first[g] += first[g - 1];
	out.at = arena_array(r->arena, first[r->group_count + 1],
			     sizeof *out.at);
	for (uint32_t i = 0; i < r->sets.count; i++)
		for (uint32_t k = r->touched.first[i];
		     used[i] && k < r->touched.first[i + 1]; k++)
			out.at[first[r->touched.at[k] + 1]++] = i;
	return out;
}

static struct lists flows_by(const struct reach *r, bool src)
{
	struct lists out = { arena_array(r->arena, r->sets.count + 2,
					 sizeof *out.first),
			     arena_array(r->arena, r->flows.count,
					 sizeof *out.at) };
	uint32_t *first = out.first;

	for (size_t i = 0; i < r->flows.count; i++)
		first[(src ? r->flows.at[i].src : r->flows.at[i].dst) + 2]++;
	for (size_t s = 2; s < r->sets.count + 2; s++)
		first[s] += first[s - 1];
	for (uint32_t i = 0; i < r->flows.count; i++)
		out.at[first[(src ? r->flows.at[i].src
				  : r->flows.at[i].dst) + 1]++] = i;
	return out;
}

/* Everything that goes by the flows there are. */
static void index_flows(struct reach *r)
{
	bool *src = arena_array(r->arena, r->sets.count, sizeof *src);
	bool *dst = arena_array(r->arena, r->sets.count, sizeof *dst);

	for (size_t i = 0; i < r->flows.count; i++) {
		src[r->flows.at[i].src] = true;
		dst[r->flows.at[i].dst] = true;
	}
	r->leaving = turn(r, src);
	r->entering = turn(r, dst);
	r->by_src = flows_by(r, true);
	r->by_dst = flows_by(r, false);
}

static void make_room(struct reach *r)
{
	size_t groups = r->group_count, flows = r->flows.count;
	size_t sets = r->sets.count;

	r->starts = arena_array(r->arena, groups, sizeof *r->starts);
	r->distance = arena_array(r->arena, groups, sizeof *r->distance);
	r->via = arena_array(r->arena, groups, sizeof *r->via);
	r->before = arena_array(r->arena, groups, sizeof *r->before);
	r->queue = arena_array(r->arena, groups, sizeof *r->queue);
	r->fired = arena_array(r->arena, flows, sizeof *r->fired);
	r->fired_from = arena_array(r->arena, flows, sizeof *r->fired_from);
	r->seen_src = arena_array(r->arena, sets, sizeof *r->seen_src);
	r->seen_dst = arena_array(r->arena, sets, sizeof *r->seen_dst);
}

struct reach *reach_graph(struct arena *arena, const struct ir *ir,
		       const struct sieve *const *sieves,
		       const uint32_t *spaces, size_t count,
		       const struct ir_where *avoiding, size_t avoiding_count)
{
	struct reach *r = arena_alloc(arena, sizeof *r);

	*r = (struct reach){ .arena = arena, .ir = ir, .spaces = spaces,
			     .space_count = count };
	r->avoided = arena_array(arena, count, sizeof *r->avoided);
	for (size_t i = 0; i < avoiding_count; i++) {
		size_t at = reach_position(r, avoiding[i].space);

		if (at < count)
			r->avoided[at] = both_union(arena, r->avoided[at],
						    avoiding[i].set);
	}
	collect_places(r);
	group_places(r);
	collect_flows(r, sieves);
	touch_all(r);
	index_flows(r);
	make_room(r);
	return r;
}

/* --- what it is made of --- */

void reach_prune(struct reach *r, const bool *keep)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->flows.count; i++)
		if (keep[i])
			r->flows.at[kept++] = r->flows.at[i];
	r->flows.count = kept;
	index_flows(r);
}

const struct reach_flow *reach_flows(const struct reach *r, size_t *count)
{
	*count = r->flows.count;
	return r->flows.at;
}

const struct reach_place *reach_places(const struct reach *r, size_t *count)
{
	*count = r->place_count;
	return r->places;
}

struct ranges reach_set(const struct reach *r, uint32_t set)
{
	return r->sets.at[set].set;
}

uint32_t reach_layers(const struct reach *r, uint32_t group)
{
	uint32_t layers = 0;

	for (uint32_t i = r->group_first[group];
	     i < r->group_first[group + 1]; i++)
		layers += r->places[i].is_layer;
	return layers;
}
