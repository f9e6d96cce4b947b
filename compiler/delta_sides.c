/*
 * What runs against a policy, side by side.  The words are the policy's: what
 * runs has none.
 */
#include "compiler/delta_lines.h"

#include <string.h>

/* Both differences of one side in one family. */
struct both_ways {
	struct boxes opened, closed;
};

static struct both_ways differ(struct arena *arena, enum family f,
			       const struct boxes *was, const struct boxes *is)
{
	const struct boxes *lists[] = { was, is };
	struct arena *scratch = arena_child(arena);
	struct universe *u = universe_of(scratch, f, lists, 2);
	struct pset old = pset_of(u, was), new = pset_of(u, is);
	struct both_ways out = { 0 };

	if (!pset_equal(u, old, new)) {
		out.opened = pset_boxes(u, arena, pset_minus(u, new, old));
		out.closed = pset_boxes(u, arena, pset_minus(u, old, new));
	}
	arena_free(scratch);
	return out;
}

struct comparing {
	struct making m;
	struct naming *naming;
	struct party policy, nobody;	/* all flows; none */
	struct boxes flows[FAMILIES];	/* of the policy */
	struct by_source by[FAMILIES];
	bool policy_is_new;
};

/* Every flow of the environment: each may be why something is there. */
static void take_flows(struct comparing *c, const struct ir_space *space)
{
	for (uint32_t i = 0; i < space->flow_count; i++) {
		const struct ir_flow *flow = party_flow(&c->policy, i);

		*LIST_PUSH(c->m.arena, &c->policy.own[flow->family]) = i;
		*LIST_PUSH(c->m.arena, &c->flows[flow->family]) =
			(struct box){ flow->src, flow->dst, flow->svc };
	}
	for (int f = IPV4; f < FAMILIES; f++)
		c->by[f] = delta_by_source(c->m.arena, &c->flows[f]);
}

/* Lines of BOXES, which SIDE gains or loses. */
static void tell(struct comparing *c, const struct delta_side *side,
		 bool opens, struct boxes boxes[FAMILIES])
{
	bool ours = opens == c->policy_is_new;
	struct direction d = {
		.m = &c->m, .opens = opens, .naming = c->naming,
		.side = ours ? &c->policy : &c->nobody, .other = &c->nobody };

	if (!boxes[IPV4].count && !boxes[IPV6].count)
		return;
	for (int f = IPV4; f < FAMILIES; f++) {
		boxes[f] = delta_merged(c->m.arena, &c->m.numbering, &boxes[f]);
		d.near[f] = opens ? side->was[f] : side->is[f];
		d.near_by[f] = delta_by_source(c->m.arena, &d.near[f]);
		if (!ours)
			continue;
		d.own[f] = c->flows[f];
		d.own_by[f] = c->by[f];
	}
	delta_add_lines(&d, boxes);
}

static void compare_side(struct comparing *c, const struct delta_side *side)
{
	struct boxes opened[FAMILIES], closed[FAMILIES];

	for (int f = IPV4; f < FAMILIES; f++) {
		struct both_ways ways = differ(c->m.arena, (enum family)f,
					       &side->was[f], &side->is[f]);

		opened[f] = ways.opened;
		closed[f] = ways.closed;
	}
	c->m.side = side->label;
	tell(c, side, true, opened);
	tell(c, side, false, closed);
}

struct delta delta_of_sides(struct arena *arena, const struct ir *ir,
			    uint32_t space, const struct delta_side *sides,
			    size_t count, bool policy_is_new)
{
	const struct ir_space *s = &ir->spaces[space];
	struct delta d = { .old = ir, .new = ir, .space_count = 1 };
	struct comparing c = {
		.m = { .arena = arena, .delta = &d,
		       .numbering = { arena, TABLE_IN(arena), 0 },
		       .known = TABLE_IN(arena) },
		.naming = naming_of(arena, ir, s),
		.policy = { .ir = ir, .space = s },
		.nobody = { .ir = ir, .space = s },
		.policy_is_new = policy_is_new };

	d.spaces = arena_alloc(arena, sizeof *d.spaces);
	*d.spaces = (struct delta_space){ ir_space_name(arena, ir, s), s, s,
					  { { 0 } }, { { 0 } }, { 0 }, { 0 } };
	take_flows(&c, s);
	for (size_t i = 0; i < count; i++)
		compare_side(&c, &sides[i]);
	d.lines = c.m.lines.at;
	d.line_count = c.m.lines.count;
	for (size_t i = 0; i < d.line_count; i++)
		d.opening_count += d.lines[i].opens;
	delta_order(&d);
	return d;
}
