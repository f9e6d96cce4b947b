/*
 * Packet sets: from boxes to corners, and the algebra on corners.
 *
 * Classes are numbered depth first, so that going through them in order is a
 * walk down and up the tree of services: rows are changed on the way down and
 * put back on the way up.
 */
#include "compiler/universe.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void declare(struct universe *u, struct known_boxes *known,
		    const struct boxes *boxes)
{
	*known = (struct known_boxes){ boxes->at, boxes->count,
		arena_array(u->arena, boxes->count, sizeof *known->ids) };
	for (size_t i = 0; i < boxes->count; i++)
		known->ids[i] = (struct box_ids){
			classes_add(&u->addresses, boxes->at[i].src),
			classes_add(&u->addresses, boxes->at[i].dst),
			classes_add(&u->services, boxes->at[i].svc) };
}

struct universe *universe_of(struct arena *arena, enum family family,
			     const struct boxes *const *lists, size_t count)
{
	struct universe *u = arena_alloc(arena, sizeof *u);
	size_t sources;

	u->arena = arena;
	u->family = family;
	u->addresses = CLASSES_IN(arena, "addresses");
	u->services = CLASSES_IN(arena, "services");
	u->forms = TABLE_IN(arena);
	u->known = arena_array(arena, count, sizeof *u->known);
	for (size_t i = 0; i < count; i++)
		declare(u, &u->known[u->known_count++], lists[i]);
	classes_finish(&u->addresses);
	classes_finish(&u->services);
	u->rows = rows_in(arena, u->addresses.count);
	u->set_rows = arena_array(arena, u->addresses.sets.count,
				  sizeof *u->set_rows);
	sources = u->addresses.count;
	for (int i = 0; i < LANES; i++)
		u->lanes[i] = (struct lane){
			arena_array(arena, sources, sizeof(uint32_t)),
			arena_array(arena, sources, sizeof(uint32_t)) };
	return u;
}

/* --- the walk --- */

static void leave(struct universe *u)
{
	const struct visit *v = &u->visits.at[--u->visits.count];

	while (u->undos.count > v->undos) {
		const struct undo *undo = &u->undos.at[--u->undos.count];

		for (int i = 0; i < LANES; i++)
			u->lanes[i].row[undo->src] = undo->row[i];
	}
}

void walk_to(struct universe *u, uint32_t svc)
{
	while (u->visits.count &&
	       u->services.end[u->visits.at[u->visits.count - 1].svc] <= svc)
		leave(u);
	*LIST_PUSH(u->arena, &u->visits) =
		(struct visit){ svc, u->undos.count };
}

void walk_remember(struct universe *u, uint32_t src)
{
	*LIST_PUSH(u->arena, &u->undos) = (struct undo){
		src, { u->lanes[0].row[src], u->lanes[1].row[src],
		       u->lanes[2].row[src] } };
}

void walk_end(struct universe *u)
{
	while (u->visits.count)
		leave(u);
}

static uint32_t change(struct universe *u, uint32_t a, uint32_t b)
{
	return rows_combine(&u->rows, ROW_CHANGE, a, b);
}

bool walk_on(struct universe *u, const struct pset_form *form, size_t *at)
{
	const uint32_t *end = u->addresses.end;
	struct lane *lane = &u->lanes[0];
	uint32_t svc;

	if (*at == form->count) {
		walk_end(u);
		return false;
	}
	svc = form->at[*at].svc;
	walk_to(u, svc);
	while (*at < form->count && form->at[*at].svc == svc) {
		uint32_t top = form->at[*at].src;

		for (uint32_t s = top; s < end[top]; s++) {
			lane->change[s] = s == top ? NO_ROW
				: lane->change[u->addresses.parent[s]];
			if (*at < form->count && form->at[*at].svc == svc &&
			    form->at[*at].src == s)
				lane->change[s] = change(u, lane->change[s],
							 form->at[(*at)++].row);
			if (lane->change[s] == NO_ROW)
				continue;
			walk_remember(u, s);
			lane->row[s] = change(u, lane->row[s],
					      lane->change[s]);
		}
	}
	return true;
}

/* --- the form --- */

static void make_corner(struct universe *u, uint32_t svc, uint32_t src,
			uint32_t row)
{
	if (row != NO_ROW)
		*LIST_PUSH(u->arena, &u->made) =
			(struct corner){ svc, src, row };
}

static const struct pset_form *keep_form(struct universe *u,
					 const struct corner *corners,
					 size_t count)
{
	size_t bytes = count * sizeof *corners;
	struct pset_form *form = table_get(&u->forms, corners, bytes);

	if (form)
		return form;
	form = arena_alloc(u->arena, sizeof *form);
	form->at = (const struct corner *)
		arena_copy(u->arena, (const char *)corners, bytes);
	form->count = count;
	*table_at(&u->forms, form->at, bytes) = form;
	return form;
}

/* The walk is over: the set of the corners made. */
static struct pset made(struct universe *u)
{
	struct pset set;

	walk_end(u);
	set.form = keep_form(u, u->made.at, u->made.count);
	u->made.count = 0;
	return set;
}

/* --- from boxes --- */

/* A destination demanded by one class of services from one of sources. */
struct demand {
	uint32_t dst;		/* a set */
	uint32_t next;		/* + 1; 0: the last */
};

struct building {
	struct universe *u;
	struct arena *scratch;
	const struct box_ids *ids;
	size_t *first;		/* by set of services, its boxes in order[] */
	uint32_t *order;
	/* of the class of services at hand */
	LIST(struct demand) demands;
	uint32_t *head;		/* by source class, its demands + 1 */
	uint64_t *touched;	/* bits: source classes with demands */
	uint32_t *now, *before;	/* by source class: rows added, and had */
	LIST(struct run) runs;
};

static const struct box_ids *ids_of(struct universe *u, struct arena *scratch,
				    const struct boxes *boxes)
{
	struct box_ids *ids;

	for (size_t i = 0; i < u->known_count; i++)
		if (u->known[i].at == boxes->at &&
		    u->known[i].count == boxes->count)
			return u->known[i].ids;
	ids = arena_array(scratch, boxes->count, sizeof *ids);
	for (size_t i = 0; i < boxes->count; i++) {
		ids[i].src = classes_id(&u->addresses, boxes->at[i].src);
		ids[i].dst = classes_id(&u->addresses, boxes->at[i].dst);
		ids[i].svc = classes_id(&u->services, boxes->at[i].svc);
		assert(ids[i].src != UINT32_MAX && ids[i].dst != UINT32_MAX &&
		       ids[i].svc != UINT32_MAX && "a set of its universe");
	}
	return ids;
}

static void sort_by_services(struct building *b, size_t count)
{
	size_t sets = b->u->services.sets.count;

	b->first = arena_array(b->scratch, sets + 2, sizeof *b->first);
	b->order = arena_array(b->scratch, count, sizeof *b->order);
	for (size_t i = 0; i < count; i++)
		b->first[b->ids[i].svc + 2]++;
	for (size_t i = 0; i < sets; i++)
		b->first[i + 2] += b->first[i + 1];
	for (size_t i = 0; i < count; i++)
		b->order[b->first[b->ids[i].svc + 1]++] = (uint32_t)i;
}

static void demand(struct building *b, const struct box_ids *box)
{
	struct numbers tops = b->u->addresses.tops[box->src];

	for (size_t i = 0; i < tops.count; i++) {
		uint32_t src = tops.at[i];

		*LIST_PUSH(b->scratch, &b->demands) =
			(struct demand){ box->dst, b->head[src] };
		b->head[src] = (uint32_t)b->demands.count;
		b->touched[src / 64] |= UINT64_C(1) << src % 64;
	}
}

/* Every box that has SVC and not its parent. */
static void collect(struct building *b, uint32_t svc)
{
	struct numbers fresh = b->u->services.fresh[svc];

	b->demands.count = 0;
	for (size_t i = 0; i < fresh.count; i++)
		for (size_t k = b->first[fresh.at[i]];
		     k < b->first[fresh.at[i] + 1]; k++)
			demand(b, &b->ids[b->order[k]]);
}

static uint32_t row_of_set(struct universe *u, uint32_t set)
{
	if (u->set_rows[set] == NO_ROW)
		u->set_rows[set] = rows_of(&u->rows,
					   u->addresses.members[set]);
	return u->set_rows[set];
}

static int by_lo(const void *x, const void *y)
{
	const struct run *a = x, *b = y;

	return (a->lo > b->lo) - (a->lo < b->lo);
}

/* The union of many sets, without the rows of the unions on the way. */
static uint32_t row_of_many(struct building *b, uint32_t first)
{
	struct run *at;
	size_t kept = 0;

	b->runs.count = 0;
	for (uint32_t i = first; i; i = b->demands.at[i - 1].next) {
		struct runs m = b->u->addresses.members[
			b->demands.at[i - 1].dst];

		for (size_t k = 0; k < m.count; k++)
			*LIST_PUSH(b->scratch, &b->runs) = m.at[k];
	}
	if (!b->runs.count)
		return NO_ROW;
	at = b->runs.at;
	qsort(at, b->runs.count, sizeof *at, by_lo);
	for (size_t i = 1; i < b->runs.count; i++) {
		if (at[i].lo > at[kept].hi + 1)
			at[++kept] = at[i];
		else if (at[i].hi > at[kept].hi)
			at[kept].hi = at[i].hi;
	}
	return rows_of(&b->u->rows, (struct runs){ at, kept + 1 });
}

/* The row demanded from SRC; its demands are then done with. */
static uint32_t demanded(struct building *b, uint32_t src)
{
	uint32_t first = b->head[src], second;

	if (!first)
		return NO_ROW;
	b->head[src] = 0;
	second = b->demands.at[first - 1].next;
	if (!second)
		return row_of_set(b->u, b->demands.at[first - 1].dst);
	if (!b->demands.at[second - 1].next)
		return rows_combine(&b->u->rows, ROW_UNION,
			row_of_set(b->u, b->demands.at[first - 1].dst),
			row_of_set(b->u, b->demands.at[second - 1].dst));
	return row_of_many(b, first);
}

/*
 * What the demands add at SRC, below UP: all that they and those above it ask
 * for and that F of the parent does not have.
 */
static void add(struct building *b, uint32_t svc, uint32_t src, uint32_t up)
{
	struct universe *u = b->u;
	struct lane *lane = &u->lanes[0];
	uint32_t asked = demanded(b, src), above = NO_ROW;

	b->before[src] = lane->row[src];
	b->now[src] = NO_ROW;
	if (up != NO_CLASS) {
		b->now[src] = b->now[up];
		above = lane->change[up];
	}
	if (asked != NO_ROW)
		b->now[src] = rows_combine(&u->rows, ROW_UNION, b->now[src],
					   asked);
	if (up != NO_CLASS && b->now[src] == b->now[up] &&
	    b->before[src] == b->before[up]) {
		lane->change[src] = above;
	} else {
		lane->change[src] = rows_combine(&u->rows, ROW_MINUS,
						 b->now[src], b->before[src]);
		make_corner(u, svc, src, change(u, lane->change[src], above));
	}
	/* with no class below, nobody will look */
	if (lane->change[src] == NO_ROW || u->services.end[svc] == svc + 1)
		return;
	walk_remember(u, src);
	lane->row[src] = rows_combine(&u->rows, ROW_UNION, lane->row[src],
				      lane->change[src]);
}

static void add_class(struct building *b, uint32_t svc)
{
	const struct classes *addresses = &b->u->addresses;
	size_t words = (addresses->count + 63) / 64;
	uint32_t done = 0;

	walk_to(b->u, svc);
	for (size_t w = 0; w < words; w++) {
		for (uint64_t bits = b->touched[w]; bits; bits &= bits - 1) {
			uint32_t top = (uint32_t)(w * 64) +
				       (uint32_t)__builtin_ctzll(bits);

			if (top < done)
				continue;
			done = addresses->end[top];
			for (uint32_t s = top; s < done; s++)
				add(b, svc, s, s == top ? NO_CLASS
							: addresses->parent[s]);
		}
		b->touched[w] = 0;
	}
}

struct pset pset_of(struct universe *u, const struct boxes *boxes)
{
	struct arena *scratch = arena_child(u->arena);
	size_t sources = u->addresses.count;
	struct building b = { .u = u, .scratch = scratch,
			      .ids = ids_of(u, scratch, boxes) };
	struct pset set;

	sort_by_services(&b, boxes->count);
	b.head = arena_array(scratch, sources, sizeof *b.head);
	b.now = arena_array(scratch, sources, sizeof *b.now);
	b.before = arena_array(scratch, sources, sizeof *b.before);
	b.touched = arena_array(scratch, sources / 64 + 1, sizeof *b.touched);
	for (uint32_t svc = 0; svc < u->services.count; svc++) {
		collect(&b, svc);
		if (b.demands.count)
			add_class(&b, svc);
	}
	set = made(u);
	arena_free(scratch);
	return set;
}

/* --- the algebra --- */

/* Corners still to come. */
struct cursor {
	const struct corner *at, *end;
};

static bool is_at(const struct cursor *c, uint32_t svc)
{
	return c->at < c->end && c->at->svc == svc;
}

static uint32_t next_svc(const struct cursor *c)
{
	return c->at < c->end ? c->at->svc : NO_CLASS;
}

static uint32_t next_src(const struct cursor *c, uint32_t svc)
{
	return is_at(c, svc) ? c->at->src : NO_CLASS;
}

static uint32_t lower(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* How lane I changes at SRC, below UP. */
static uint32_t change_at(struct universe *u, int i, struct cursor *c,
			  uint32_t svc, uint32_t src, uint32_t up)
{
	uint32_t row = up == NO_CLASS ? NO_ROW : u->lanes[i].change[up];

	if (next_src(c, svc) == src)
		row = change(u, row, c->at++->row);
	return u->lanes[i].change[src] = row;
}

static void combine_at(struct universe *u, enum row_op op,
		       struct cursor in[2], uint32_t svc, uint32_t src,
		       uint32_t up)
{
	struct lane *l = u->lanes;
	uint32_t x = change_at(u, 0, &in[0], svc, src, up);
	uint32_t y = change_at(u, 1, &in[1], svc, src, up), row;

	l[2].change[src] = NO_ROW;
	if (x != NO_ROW || y != NO_ROW) {
		walk_remember(u, src);
		l[0].row[src] = change(u, l[0].row[src], x);
		l[1].row[src] = change(u, l[1].row[src], y);
		row = rows_combine(&u->rows, op, l[0].row[src], l[1].row[src]);
		l[2].change[src] = change(u, l[2].row[src], row);
		l[2].row[src] = row;
	}
	make_corner(u, svc, src, change(u, l[2].change[src],
		up == NO_CLASS ? NO_ROW : l[2].change[up]));
}

static void combine_class(struct universe *u, enum row_op op,
			  struct cursor in[2], uint32_t svc)
{
	walk_to(u, svc);
	while (is_at(&in[0], svc) || is_at(&in[1], svc)) {
		uint32_t top = lower(next_src(&in[0], svc),
				     next_src(&in[1], svc));

		for (uint32_t s = top; s < u->addresses.end[top]; s++)
			combine_at(u, op, in, svc, s, s == top ? NO_CLASS
				   : u->addresses.parent[s]);
	}
}

static struct pset combine(struct universe *u, enum row_op op, struct pset a,
			   struct pset b)
{
	struct cursor in[2] = { { a.form->at, a.form->at + a.form->count },
				{ b.form->at, b.form->at + b.form->count } };

	while (in[0].at < in[0].end || in[1].at < in[1].end)
		combine_class(u, op, in, lower(next_svc(&in[0]),
					       next_svc(&in[1])));
	return made(u);
}

struct pset pset_union(struct universe *u, struct pset a, struct pset b)
{
	if (a.form == b.form || !b.form->count)
		return a;
	return a.form->count ? combine(u, ROW_UNION, a, b) : b;
}

struct pset pset_meet(struct universe *u, struct pset a, struct pset b)
{
	if (a.form == b.form || !a.form->count)
		return a;
	return b.form->count ? combine(u, ROW_MEET, a, b) : b;
}

struct pset pset_minus(struct universe *u, struct pset a, struct pset b)
{
	if (!b.form->count)
		return a;
	if (a.form == b.form || !a.form->count)
		return (struct pset){ keep_form(u, NULL, 0) };
	return combine(u, ROW_MINUS, a, b);
}

bool pset_empty(const struct universe *u, struct pset a)
{
	(void)u;	/* the header's promise is about one universe */
	return a.form->count == 0;
}

bool pset_equal(const struct universe *u, struct pset a, struct pset b)
{
	(void)u;
	return a.form == b.form;
}

/* --- one packet --- */

/* The first corner of FORM that is not before (SVC, SRC). */
static size_t corner_from(const struct pset_form *form, uint32_t svc,
			  uint32_t src)
{
	size_t lo = 0, hi = form->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct corner *c = &form->at[mid];

		if (c->svc < svc || (c->svc == svc && c->src < src))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool pset_has(const struct universe *u, struct pset a,
	      const struct packet *packet)
{
	uint32_t svc = classes_of(&u->services, packet->svc);
	uint32_t src = classes_of(&u->addresses, packet->src);
	uint32_t dst = classes_of(&u->addresses, packet->dst);
	bool has = false;

	if (svc == NO_CLASS || src == NO_CLASS || dst == NO_CLASS)
		return false;
	for (; svc != NO_CLASS; svc = u->services.parent[svc])
		for (uint32_t s = src; s != NO_CLASS;
		     s = u->addresses.parent[s]) {
			size_t i = corner_from(a.form, svc, s);

			if (i < a.form->count && a.form->at[i].svc == svc &&
			    a.form->at[i].src == s)
				has ^= rows_have(&u->rows, a.form->at[i].row,
						 dst);
		}
	return has;
}

/* --- plain lists of boxes --- */

static bool is_in_one(const struct box *box, const struct boxes *boxes)
{
	for (size_t i = 0; i < boxes->count; i++)
		if (ranges_include(boxes->at[i].svc, box->svc) &&
		    ranges_include(boxes->at[i].src, box->src) &&
		    ranges_include(boxes->at[i].dst, box->dst))
			return true;
	return false;
}

enum { FEW = 16 };	/* boxes for which trying each beats cutting classes */

static bool is_plainly_within(const struct boxes *inner,
			      const struct boxes *outer)
{
	if (inner->count > FEW || outer->count > FEW)
		return false;
	for (size_t i = 0; i < inner->count; i++)
		if (!is_in_one(&inner->at[i], outer))
			return false;
	return true;
}

bool boxes_within(struct arena *arena, enum family family,
		  const struct boxes *inner, const struct boxes *outer,
		  struct packet *out)
{
	const struct boxes *lists[] = { inner, outer };
	struct arena *scratch;
	struct universe *u;
	struct pset rest;
	bool found;

	if (is_plainly_within(inner, outer))
		return true;
	scratch = arena_child(arena);
	u = universe_of(scratch, family, lists, 2);
	rest = pset_minus(u, pset_of(u, inner), pset_of(u, outer));
	found = pset_witness(u, rest, out);
	arena_free(scratch);
	return !found;
}

struct boxes boxes_disjoint(struct arena *arena, enum family family,
			    const struct boxes *boxes)
{
	struct arena *scratch = arena_child(arena);
	struct universe *u = universe_of(scratch, family, &boxes, 1);
	struct boxes out = pset_boxes(u, arena, pset_of(u, boxes));

	arena_free(scratch);
	return out;
}
