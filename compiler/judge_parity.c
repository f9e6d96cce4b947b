/*
 * Do two environments mean the same, each by its own addresses?
 *
 * Each has places of the same names: its layers, its networks, the rest of its
 * VPC, and what the other one alone has a name for.  All other addresses are
 * the same everywhere and stay what they are.  Two relations over places and
 * such addresses say what an environment means: from where to where something
 * is permitted on a service, and from where to where not everything is.  Both
 * have to be equal.  A place that has addresses of a family in one of the two
 * only is not compared in it.
 *
 * Places become small numbers and other addresses pieces with numbers behind
 * them, so that the packet sets compare these relations like any other.
 */
#include "compiler/judge.h"

#include "compiler/base/addr.h"

#include <stdlib.h>
#include <string.h>

/* Two environments of one customer in one family. */
struct pair {
	const struct judge *judge;
	struct arena *arena;
	enum family family;
	const struct ir_space *space[2];
	uint32_t number[2];
	size_t place_count;
	struct ranges *places[2];	/* by place */
	struct ranges own;		/* what either has a name for */
	u128 *edges;			/* where pieces of the rest begin */
	size_t edge_count;
};

/* What an environment has a name for: its VPC and its networks. */
static struct ranges named_by(const struct pair *p, int side)
{
	const struct ir_space *s = p->space[side];
	struct ranges all = s->vpc.of[p->family];

	for (size_t i = 0; i < p->judge->ir->network_count; i++)
		all = ranges_union(p->arena, all,
				   s->networks[i].of[p->family]);
	return all;
}

static struct ranges rest_of_vpc(const struct pair *p, int side)
{
	const struct ir_space *s = p->space[side];
	struct both layers = ir_space_layers(p->arena, p->judge->ir, s);

	return ranges_minus(p->arena, s->vpc.of[p->family],
			    layers.of[p->family]);
}

static void list_places(struct pair *p)
{
	const struct ir *ir = p->judge->ir;
	struct ranges named[] = { named_by(p, 0), named_by(p, 1) };

	p->own = ranges_union(p->arena, named[0], named[1]);
	p->place_count = ir->layer_count + ir->network_count + 2;
	for (int side = 0; side < 2; side++) {
		const struct ir_space *s = p->space[side];
		struct ranges *at = arena_array(p->arena, p->place_count,
						sizeof *at);

		p->places[side] = at;
		for (size_t i = 0; i < ir->layer_count; i++)
			*at++ = s->layers[i].of[p->family];
		for (size_t i = 0; i < ir->network_count; i++)
			*at++ = s->networks[i].of[p->family];
		*at++ = rest_of_vpc(p, side);
		*at = ranges_minus(p->arena, named[!side], named[side]);
	}
}

/* Has the place, a layer or network, addresses of any family on SIDE? */
static bool is_there(const struct pair *p, int side, size_t place)
{
	const struct ir *ir = p->judge->ir;
	const struct ir_space *s = p->space[side];

	if (place < ir->layer_count)
		return !both_empty(s->layers[place]);
	place -= ir->layer_count;
	return place >= ir->network_count || !both_empty(s->networks[place]);
}

/*
 * Places with addresses on one side only are out, but for layers and networks
 * that the other environment lacks altogether; EVERY: those as well.
 */
static void drop_one_sided(struct pair *p, bool every)
{
	for (size_t i = 0; i < p->place_count; i++) {
		bool one_sided = ranges_empty(p->places[0][i]) !=
				 ranges_empty(p->places[1][i]);

		if (one_sided && (every ||
				  (is_there(p, 0, i) && is_there(p, 1, i))))
			p->places[0][i] = p->places[1][i] = NO_RANGES;
	}
}

static int by_number(const void *x, const void *y)
{
	const u128 *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

/* Cut what neither has a name for wherever a set of either begins or ends. */
static void cut_rest(struct pair *p)
{
	LIST(u128) edges = { 0 };

	for (int side = 0; side < 2; side++) {
		const struct sieve *s = judge_sieve(p->judge, p->number[side]);

		for (int part = SIEVE_SRC; part <= SIEVE_DST; part++)
			for (size_t i = 0; i < s->sets[p->family][part].count;
			     i++) {
				struct ranges set = s->sets[p->family][part].at[i];

				for (size_t k = 0; k < set.count; k++) {
					*LIST_PUSH(p->arena, &edges) =
						set.at[k].lo;
					if (set.at[k].hi != U128_MAX)
						*LIST_PUSH(p->arena, &edges) =
							set.at[k].hi + 1;
				}
			}
	}
	*LIST_PUSH(p->arena, &edges) = 0;
	qsort(edges.at, edges.count, sizeof *edges.at, by_number);
	for (size_t i = 0; i < edges.count; i++)
		if (!i || edges.at[i] != edges.at[i - 1])
			edges.at[p->edge_count++] = edges.at[i];
	p->edges = edges.at;
}

/* The piece that holds ADDRESS. */
static size_t piece_of(const struct pair *p, u128 address)
{
	size_t lo = 0, hi = p->edge_count;

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (p->edges[mid] <= address)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

/* SET of one side by numbers: places it touches, then pieces. */
static struct ranges by_name(const struct pair *p, struct arena *arena,
			     int side, struct ranges set)
{
	LIST(struct range) out = { 0 };
	struct ranges rest = ranges_minus(arena, set, p->own);

	for (size_t i = 0; i < p->place_count; i++)
		if (ranges_touch(set, p->places[side][i]))
			*LIST_PUSH(arena, &out) = (struct range){ i, i };
	for (size_t i = 0; i < rest.count; i++)
		*LIST_PUSH(arena, &out) = (struct range){
			p->place_count + piece_of(p, rest.at[i].lo),
			p->place_count + piece_of(p, rest.at[i].hi) };
	return ranges_of(arena, out.at, out.count);
}

static struct boxes permitted_on(const struct pair *p, int side)
{
	const struct ir_space *s = p->space[side];
	struct boxes out = { 0 };

	for (uint32_t i = 0; i < s->flow_count; i++) {
		const struct ir_flow *f =
			&p->judge->ir->flows[s->first_flow + i];

		if (f->family == p->family)
			boxes_add(p->arena, &out, f->src, f->dst, f->svc);
	}
	return out;
}

/* All addresses that a set of either side has, and what they name. */
static struct ranges everything(const struct pair *p)
{
	return ranges_union(p->arena, family_all(p->arena, p->family), p->own);
}

static struct boxes refused_on(const struct pair *p, const struct boxes *have)
{
	struct ranges all = everything(p);
	struct boxes every = { 0 };
	const struct boxes *lists[] = { &every, have };
	struct universe *u;

	boxes_add(p->arena, &every, all, all,
		  service_all(p->arena).of[p->family]);
	u = universe_of(p->arena, p->family, lists, 2);
	return pset_boxes(u, p->arena,
			  pset_minus(u, pset_of(u, &every), pset_of(u, have)));
}

static struct boxes all_by_name(const struct pair *p, int side,
				const struct boxes *some)
{
	struct boxes out = { 0 };

	for (size_t i = 0; i < some->count; i++)
		boxes_add(p->arena, &out,
			  by_name(p, p->arena, side, some->at[i].src),
			  by_name(p, p->arena, side, some->at[i].dst),
			  some->at[i].svc);
	return out;
}

/* The addresses on SIDE behind a number of by_name(). */
static struct ranges meant_by(const struct pair *p, int side, u128 number)
{
	size_t piece;
	u128 end;

	if (number < p->place_count)
		return p->places[side][number];
	piece = (size_t)number - p->place_count;
	end = piece + 1 < p->edge_count ? p->edges[piece + 1] - 1
					: family_last(p->family);
	return ranges_minus(p->arena,
			    ranges_one(p->arena, p->edges[piece], end), p->own);
}

/* The packets of SOME that are of the kind of LIKE on SIDE. */
static struct boxes of_the_kind(const struct pair *p, int side,
				const struct boxes *some,
				const struct packet *like)
{
	struct ranges src = meant_by(p, side, like->src);
	struct ranges dst = meant_by(p, side, like->dst);
	struct ranges svc = ranges_one(p->arena, like->svc, like->svc);
	struct boxes out = { 0 };

	for (size_t i = 0; i < some->count; i++)
		boxes_add(p->arena, &out,
			  ranges_meet(p->arena, some->at[i].src, src),
			  ranges_meet(p->arena, some->at[i].dst, dst),
			  ranges_meet(p->arena, some->at[i].svc, svc));
	return out;
}

/* A real packet on SIDE, one of SOME, whose like OTHERS does not have there. */
static void show(const struct pair *p, int side, const struct boxes *some,
		 const struct boxes *others, bool admitted,
		 const struct packet *like, struct verdict *v)
{
	const struct judge *j = p->judge;
	struct boxes here = of_the_kind(p, side, some, like);
	struct boxes there = of_the_kind(p, !side, others, like);
	const struct box **boxes = arena_array(p->arena, here.count,
					       sizeof *boxes);
	struct verdict_hop *hop = arena_alloc(j->arena, sizeof *hop);
	struct packet packet;

	for (size_t i = 0; i < here.count; i++)
		boxes[i] = &here.at[i];
	v->hops = hop;
	v->hop_count = 1;
	v->against = p->number[!side];
	v->kind = VERDICT_FAULT;
	if (!here.count || there.count)
		return;
	packet = judge_witness(j, p->family, boxes, here.count);
	*hop = judge_hop(j, p->number[side], &packet, true);
	if (admitted == (hop->rule_count != 0))
		v->kind = VERDICT_BROKEN;
}

/* Are the two equal by name?  If not, and nothing is shown yet, V shows it. */
static bool is_equal(const struct pair *p, const struct boxes some[2],
		     bool admitted, struct verdict *v)
{
	struct boxes named[] = { all_by_name(p, 0, &some[0]),
				 all_by_name(p, 1, &some[1]) };
	struct packet like;

	for (int side = 0; side < 2; side++) {
		if (boxes_within(p->arena, p->family, &named[side],
				 &named[!side], &like))
			continue;
		if (!v->hop_count)
			show(p, side, &some[side], &some[!side], admitted,
			     &like, v);
		return false;
	}
	return true;
}

static bool is_same_in(struct pair *p, struct verdict *v)
{
	struct boxes permitted[2], refused[2];

	list_places(p);
	drop_one_sided(p, false);
	cut_rest(p);
	for (int side = 0; side < 2; side++) {
		permitted[side] = permitted_on(p, side);
		refused[side] = refused_on(p, &permitted[side]);
	}
	if (!is_equal(p, permitted, true, v))
		return false;
	/* of a place that is not there nothing is refused, which says nothing */
	drop_one_sided(p, true);
	return is_equal(p, refused, false, v);
}

static bool is_same(const struct judge *j, uint32_t a, uint32_t b,
		    struct verdict *v)
{
	bool same = true;

	for (int f = IPV4; f < FAMILIES; f++) {
		struct pair p = {
			.judge = j, .arena = arena_child(j->scratch),
			.family = (enum family)f,
			.space = { &j->ir->spaces[a], &j->ir->spaces[b] },
			.number = { a, b } };

		same &= is_same_in(&p, v);
		arena_free(p.arena);
	}
	return same;
}

static bool is_compared(const struct judge *j, const struct ir_space *s)
{
	for (size_t i = 0; i < j->inv->parity_count; i++)
		if (j->inv->parity[i] == s->environment)
			return true;
	return false;
}

struct verdict judge_parity(const struct judge *j)
{
	struct verdict v = { .against = IR_NO_SPACE };
	uint32_t first = IR_NO_SPACE;

	for (uint32_t i = 0; i < j->ir->space_count; i++) {
		const struct ir_space *s = &j->ir->spaces[i];

		if (!is_compared(j, s))
			continue;
		if (first == IR_NO_SPACE ||
		    j->ir->spaces[first].customer != s->customer) {
			first = i;
		} else if (!is_same(j, first, i, &v)) {
			v.broken_in++;
			judge_mark(j, &v, first);
			judge_mark(j, &v, i);
		}
	}
	if (v.broken_in && v.kind != VERDICT_FAULT)
		v.kind = VERDICT_BROKEN;
	return v;
}
