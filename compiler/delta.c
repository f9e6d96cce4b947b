/*
 * Per environment: flows that both policies have are left out at once; what is
 * left is compared as sets, with those flows of the other policy that touch it.
 * The boxes that come out are named, merged over families, then over
 * environments.
 */
#include "compiler/delta_lines.h"

#include "compiler/base/addr.h"
#include "compiler/base/service.h"
#include "compiler/base/table.h"
#include "compiler/base/text.h"

#include <stdlib.h>
#include <string.h>

/* --- flows that only one side has --- */

struct flow_key {
	uint32_t family, src, dst, svc;
};

static struct flow_key key_of(struct numbering *n, const struct ir_flow *f)
{
	return (struct flow_key){ (uint32_t)f->family, delta_number(n, f->src),
				  delta_number(n, f->dst), delta_number(n, f->svc) };
}

/* The keys of the flows of SPACE, which may be missing. */
static struct flow_key *keys_of(struct numbering *n, const struct ir *ir,
				const struct ir_space *space)
{
	uint32_t count = space ? space->flow_count : 0;
	struct flow_key *keys = arena_array(n->arena, count + 1, sizeof *keys);

	for (uint32_t i = 0; i < count; i++)
		keys[i] = key_of(n, &ir->flows[space->first_flow + i]);
	return keys;
}

static struct table known_keys(struct arena *arena, struct flow_key *keys,
			       uint32_t count)
{
	struct table known = TABLE_IN(arena);

	for (uint32_t i = 0; i < count; i++)
		*table_at(&known, &keys[i], sizeof *keys) = keys;
	return known;
}

static uint32_t flow_count(const struct party *s)
{
	return s->space ? s->space->flow_count : 0;
}

static void find_own(struct arena *arena, struct party *s,
		     const struct table *others)
{
	for (uint32_t i = 0; i < flow_count(s); i++)
		if (!table_get(others, &s->keys[i], sizeof *s->keys))
			*LIST_PUSH(arena, &s->own[party_flow(s, i)->family]) = i;
}

/* --- sets --- */

static struct box box_of(const struct ir_flow *f)
{
	return (struct box){ f->src, f->dst, f->svc };
}

static struct boxes own_boxes(struct arena *arena, const struct party *s,
			      enum family f)
{
	struct boxes out = { 0 };

	for (size_t i = 0; i < s->own[f].count; i++)
		*LIST_PUSH(arena, &out) = box_of(party_flow(s, s->own[f].at[i]));
	return out;
}

/*
 * The flows of S between ends that SOME have.  Whatever of S touches a box of
 * SOME is among them.
 */
static struct boxes near(struct arena *arena, const struct party *s,
			 enum family f, const struct boxes *some)
{
	struct ranges src = delta_union(arena, some, offsetof(struct box, src));
	struct ranges dst = delta_union(arena, some, offsetof(struct box, dst));
	struct boxes out = { 0 };

	for (uint32_t i = 0; i < flow_count(s) && some->count; i++) {
		const struct ir_flow *flow = party_flow(s, i);

		if (flow->family == f && ranges_touch(flow->src, src) &&
		    ranges_touch(flow->dst, dst))
			*LIST_PUSH(arena, &out) = box_of(flow);
	}
	return out;
}

static struct boxes minus(struct arena *arena, enum family f,
			  const struct boxes *a, const struct boxes *b)
{
	const struct boxes *lists[] = { a, b };
	struct arena *scratch = arena_child(arena);
	struct universe *u = universe_of(scratch, f, lists, 2);
	struct pset rest = pset_minus(u, pset_of(u, a), pset_of(u, b));
	struct boxes out = pset_boxes(u, arena, rest);

	arena_free(scratch);
	return out;
}

/* --- environments --- */

static bool meets_any(const struct box *b, const struct boxes *some)
{
	for (size_t i = 0; i < some->count; i++)
		if (box_touches(b, &some->at[i]))
			return true;
	return false;
}

/* A flow and its place, by size. */
struct sized {
	const struct box *box;
	double size;
};

static int largest_first(const void *x, const void *y)
{
	const struct sized *a = x, *b = y;

	if (a->size != b->size)
		return a->size > b->size ? -1 : 1;
	return (a->box > b->box) - (a->box < b->box);
}

/* Looks of flows at each other: more than this would be seen in the time. */
enum { LOOKS_MOST = 4000000 };

/*
 * Of OWN those that nothing of NEAR and no larger one of OWN touches: each is told
 * as a line of its own, which reads like the rule it comes from.
 */
static struct boxes whole_flows(struct arena *arena, enum family f,
				const struct boxes *own,
				const struct boxes *near)
{
	struct sized *order = arena_array(arena, own->count, sizeof *order);
	struct boxes out = { 0 };

	if (!own->count || own->count > LOOKS_MOST / (own->count + near->count))
		return out;
	for (size_t i = 0; i < own->count; i++) {
		const struct box *b = &own->at[i];

		order[i] = (struct sized){ b, delta_size(b->src) *
			delta_size(b->dst) * (double)service_count(f, b->svc) };
	}
	qsort(order, own->count, sizeof *order, largest_first);
	for (size_t i = 0; i < own->count; i++)
		if (!meets_any(order[i].box, near) &&
		    !meets_any(order[i].box, &out))
			*LIST_PUSH(arena, &out) = *order[i].box;
	return out;
}

/*
 * OWN less NEAR as disjoint boxes: whole flows first, each like its rule, then
 * what is left, in as few pieces as its shape permits.
 */
static struct boxes difference(struct arena *arena, struct numbering *n,
			       enum family f, const struct boxes *own,
			       const struct boxes *near)
{
	struct boxes out = whole_flows(arena, f, own, near), told = { 0 }, rest;

	for (size_t i = 0; i < out.count; i++)
		*LIST_PUSH(arena, &told) = out.at[i];
	for (size_t i = 0; i < near->count; i++)
		*LIST_PUSH(arena, &told) = near->at[i];
	rest = minus(arena, f, own, &told);
	rest = delta_merged(arena, n, &rest);
	for (size_t i = 0; i < rest.count; i++)
		*LIST_PUSH(arena, &out) = rest.at[i];
	return out;
}

/* What SIDE alone permits: its own flows less what the other permits. */
static void subtract(struct direction *d, struct boxes out[FAMILIES])
{
	struct arena *arena = d->m->arena;
	struct numbering *n = &d->m->numbering;

	for (int f = IPV4; f < FAMILIES; f++) {
		d->own[f] = own_boxes(arena, d->side, (enum family)f);
		d->near[f] = near(arena, d->other, (enum family)f, &d->own[f]);
		d->own_by[f] = delta_by_source(arena, &d->own[f]);
		d->near_by[f] = delta_by_source(arena, &d->near[f]);
		out[f] = difference(arena, n, (enum family)f, &d->own[f],
				    &d->near[f]);
	}
}

static void direct(struct making *m, uint32_t number, bool opens,
		   const struct party *side, const struct party *other,
		   struct boxes out[FAMILIES])
{
	struct direction d = { .m = m, .opens = opens, .number = number,
			       .side = side, .other = other };

	if (!side->own[IPV4].count && !side->own[IPV6].count)
		return;
	subtract(&d, out);
	if (!out[IPV4].count && !out[IPV6].count)
		return;
	d.naming = naming_of(m->arena, side->ir, side->space);
	delta_add_lines(&d, out);
}

#define TOUCHED(arena, list, side) do {					\
	for (int f_ = IPV4; f_ < FAMILIES; f_++)			\
		for (size_t i_ = 0; i_ < (side)->own[f_].count; i_++)	\
			*LIST_PUSH(arena, list) =			\
				party_flow(side, (side)->own[f_].at[i_])->rule; \
	(list)->count = delta_sort_out((list)->at, (list)->count);		\
} while (0)

static void compare_space(struct making *m, uint32_t number)
{
	struct delta_space *s = &m->delta->spaces[number];
	struct numbering *n = &m->numbering;
	struct party old = { .ir = m->delta->old, .space = s->was };
	struct party new = { .ir = m->delta->new, .space = s->is };
	struct arena *scratch = arena_child(m->arena);
	struct table had, has;

	n->arena = scratch;
	n->sets = TABLE_IN(scratch);
	old.keys = keys_of(n, old.ir, old.space);
	new.keys = keys_of(n, new.ir, new.space);
	had = known_keys(scratch, old.keys, flow_count(&old));
	has = known_keys(scratch, new.keys, flow_count(&new));
	find_own(m->arena, &old, &has);
	find_own(m->arena, &new, &had);
	direct(m, number, true, &new, &old, s->opened);
	direct(m, number, false, &old, &new, s->closed);
	TOUCHED(m->arena, &s->touched_old, &old);
	TOUCHED(m->arena, &s->touched_new, &new);
	arena_free(scratch);
}

static int by_name(const void *x, const void *y)
{
	const struct delta_space *a = x, *b = y;

	return strcmp(a->name, b->name);
}

/* The environments of either policy, by name. */
static void pair_spaces(struct arena *arena, struct delta *d)
{
	struct table known = TABLE_IN(arena);

	d->spaces = arena_array(arena, d->old->space_count +
				d->new->space_count, sizeof *d->spaces);
	for (size_t i = 0; i < d->new->space_count; i++) {
		struct delta_space *s = &d->spaces[d->space_count++];

		s->is = &d->new->spaces[i];
		s->name = ir_space_name(arena, d->new, s->is);
		*table_at_name(&known, s->name) = s;
	}
	for (size_t i = 0; i < d->old->space_count; i++) {
		const struct ir_space *was = &d->old->spaces[i];
		const char *name = ir_space_name(arena, d->old, was);
		struct delta_space *s = table_get_name(&known, name);

		if (!s) {
			s = &d->spaces[d->space_count++];
			s->name = name;
		}
		s->was = was;
	}
	if (d->space_count)
		qsort(d->spaces, d->space_count, sizeof *d->spaces, by_name);
}

/* --- moves --- */

/* The name of the one rule of LINE, or NULL. */
static const char *only_rule(const struct delta *d, const struct delta_line *l)
{
	const struct ir *ir = l->opens ? d->new : d->old;

	return l->rule_count == 1 ? ir->rules[l->rules[0]].name : NULL;
}

static bool same_spaces(const struct delta_line *a, const struct delta_line *b)
{
	return a->space_count == b->space_count &&
	       memcmp(a->spaces, b->spaces,
		      a->space_count * sizeof *a->spaces) == 0;
}

/* One rule opens A where it closes B, with other ends. */
static bool is_move(const struct delta *d, const struct delta_line *a,
		    const struct delta_line *b)
{
	const char *name = only_rule(d, a), *other = only_rule(d, b);

	return name && other && strcmp(name, other) == 0 &&
	       same_spaces(a, b) && strcmp(a->svc, b->svc) == 0;
}

struct numbers {
	LIST(int) at;
};

/* The first closing of CLOSINGS, not a part of a move yet, that A undoes. */
static int undone_by(const struct delta *d, const struct numbers *closings,
		     const struct delta_line *a)
{
	for (size_t i = 0; i < closings->at.count; i++) {
		int k = closings->at.at[i];

		if (d->lines[k].moved == NOT_MOVED &&
		    is_move(d, a, &d->lines[k]))
			return k;
	}
	return NOT_MOVED;
}

static void find_moves(struct arena *arena, struct delta *d)
{
	struct table closings = TABLE_IN(arena);

	for (size_t i = 0; i < d->line_count; i++)
		d->lines[i].moved = NOT_MOVED;
	for (size_t i = d->opening_count; i < d->line_count; i++) {
		const char *name = only_rule(d, &d->lines[i]);
		void **place;

		if (!name)
			continue;
		place = table_at_name(&closings, name);
		if (!*place)
			*place = arena_alloc(arena, sizeof(struct numbers));
		*LIST_PUSH(arena, &((struct numbers *)*place)->at) = (int)i;
	}
	for (size_t i = 0; i < d->opening_count; i++) {
		const char *name = only_rule(d, &d->lines[i]);
		const struct numbers *some = name
			? table_get_name(&closings, name) : NULL;
		int k = some ? undone_by(d, some, &d->lines[i]) : NOT_MOVED;

		if (k == NOT_MOVED)
			continue;
		d->lines[i].moved = k;
		d->lines[k].moved = (int)i;
	}
}

/* --- order --- */

static int by_risk(const void *x, const void *y)
{
	const struct delta_line *a = x, *b = y;
	int order;

	if (a->opens != b->opens)
		return a->opens ? -1 : 1;
	if (a->risks != b->risks)
		return a->risks > b->risks ? -1 : 1;
	if (a->packets != b->packets)
		return a->packets > b->packets ? -1 : 1;
	order = strcmp(a->src, b->src);
	order = order ? order : strcmp(a->dst, b->dst);
	order = order ? order : strcmp(a->svc, b->svc);
	order = order ? order : strcmp(a->family, b->family);
	return order ? order : (a->spaces[0] > b->spaces[0]) -
			       (a->spaces[0] < b->spaces[0]);
}

void delta_order(struct delta *d)
{
	if (d->line_count)
		qsort(d->lines, d->line_count, sizeof *d->lines, by_risk);
}

void delta_sort(struct arena *arena, struct delta *d)
{
	delta_order(d);
	find_moves(arena, d);
}

struct delta delta_of(struct arena *arena, const struct ir *old,
		      const struct ir *new)
{
	struct delta d = { .old = old, .new = new };
	struct making m = { .arena = arena, .delta = &d,
			    .known = TABLE_IN(arena) };

	pair_spaces(arena, &d);
	for (uint32_t i = 0; i < d.space_count; i++)
		compare_space(&m, i);
	d.lines = m.lines.at;
	d.line_count = m.lines.count;
	for (size_t i = 0; i < d.line_count; i++)
		d.opening_count += d.lines[i].opens;
	delta_sort(arena, &d);
	return d;
}

struct reason {
	unsigned risk;
	const char *text;
};

const char *delta_reasons(struct arena *arena, unsigned risks,
			  const char *guard)
{
	static const struct reason reasons[] = {
		{ RISK_INTERNET,    "from the internet" },
		{ RISK_CUSTOMER,    "from another customer" },
		{ RISK_ENVIRONMENT, "from another environment" },
		{ RISK_ANY_SERVICE, "every service" },
		{ RISK_ADMIN,	    "remote administration" },
		{ RISK_WIDE,	    "many ports" },
		{ RISK_OUT,	    "to the internet" },
		{ RISK_CLEARTEXT,   "unencrypted" },
	};
	struct text out = TEXT_IN(arena);

	if (risks & RISK_BREAKS)
		text_printf(&out, "breaks `%s`", guard);
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (risks & reasons[i].risk)
			text_printf(&out, "%s%s", out.len ? ", " : "",
				    reasons[i].text);
	if (risks & RISK_GUARDED && !(risks & RISK_BREAKS))
		text_printf(&out, "%sguarded by `%s`", out.len ? ", " : "",
			    guard);
	return text_string(&out);
}
