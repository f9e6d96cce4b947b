/*
 * What a set is to people and to outputs: one packet of it, how many it has,
 * and its boxes.  None of it depends on how classes are numbered.
 */
#include "compiler/universe.h"

#include <stdlib.h>
#include <string.h>

/* --- a witness --- */

static u128 lowest_of(const struct universe *u, uint32_t class)
{
	return u->addresses.parts[class].at[0].lo;
}

/* The sources that changed in the class of services at hand. */
static const struct undo *changed(const struct universe *u, size_t *count)
{
	size_t first = u->visits.at[u->visits.count - 1].undos;

	*count = u->undos.count - first;
	return &u->undos.at[first];
}

/* The class of the lowest source of any packet, or NO_CLASS. */
static uint32_t lowest_source(struct universe *u, const struct pset_form *form)
{
	uint32_t best = NO_CLASS;
	size_t at = 0, count;

	while (walk_on(u, form, &at)) {
		const struct undo *some = changed(u, &count);

		for (size_t i = 0; i < count; i++)
			if (u->lanes[0].row[some[i].src] != NO_ROW &&
			    (best == NO_CLASS || lowest_of(u, some[i].src) <
						 lowest_of(u, best)))
				best = some[i].src;
	}
	return best;
}

/* The class of the lowest destination that SRC reaches. */
static uint32_t lowest_destination(struct universe *u,
				   const struct pset_form *form, uint32_t src)
{
	uint32_t all = NO_ROW, best;
	size_t at = 0;

	while (walk_on(u, form, &at))
		all = rows_combine(&u->rows, ROW_UNION, all,
				   u->lanes[0].row[src]);
	best = rows_next(&u->rows, all, 0);
	for (uint32_t d = best; d != NO_CLASS;
	     d = rows_next(&u->rows, all, d + 1))
		if (lowest_of(u, d) < lowest_of(u, best))
			best = d;
	return best;
}

/*
 * The classes of services allowed from SRC to DST.  What is below a class is
 * as the class is until it is visited itself.
 */
static bool *services_between(struct universe *u, struct arena *scratch,
			      const struct pset_form *form, uint32_t src,
			      uint32_t dst)
{
	bool *has = arena_array(scratch, u->services.count, sizeof *has);
	size_t at = 0;

	while (walk_on(u, form, &at)) {
		uint32_t svc = u->visits.at[u->visits.count - 1].svc;

		memset(&has[svc], rows_have(&u->rows, u->lanes[0].row[src],
					    dst),
		       u->services.end[svc] - svc);
	}
	return has;
}

/* Services that people and hosts know come first; port 0 is a last resort. */
static unsigned preference(uint32_t key)
{
	switch (service_protocol(key)) {
	case PROTO_TCP:   return 0;
	case PROTO_UDP:   return 1;
	case PROTO_ICMP:  return 2;
	case PROTO_ICMP6: return 3;
	default:	  return 4;
	}
}

/* The best key of the range within each protocol it reaches. */
static void prefer(uint32_t lo, uint32_t hi, uint32_t *best, bool *found)
{
	for (unsigned p = service_protocol(lo); p <= service_protocol(hi); p++) {
		uint32_t from = service_key(p, 0), key = lo > from ? lo : from;

		if (key == from && service_has_ports(p) && hi > key)
			key++;
		if (!*found || preference(key) < preference(*best) ||
		    (preference(key) == preference(*best) &&
		     service_value(*best) == 0 && p == service_protocol(*best)))
			*best = key;
		*found = true;
	}
}

static uint32_t best_service(const struct universe *u, const bool *has)
{
	const struct piece *pieces = u->services.pieces;
	size_t count = u->services.piece_count;
	uint32_t best = 0;
	bool found = false;

	for (size_t i = 0; i < count; i++) {
		uint32_t lo = (uint32_t)pieces[i].range.lo;

		if (!has[pieces[i].class])
			continue;
		/* pieces of one stretch count as one, however it is cut */
		while (i + 1 < count && has[pieces[i + 1].class] &&
		       pieces[i + 1].range.lo == pieces[i].range.hi + 1)
			i++;
		prefer(lo, (uint32_t)pieces[i].range.hi, &best, &found);
	}
	return best;
}

/* Would the two behind *END of P do as well?  Then the first of them. */
static void take_second(const struct universe *u, struct pset a,
			struct packet *p, u128 *end)
{
	u128 lowest = *end;

	if (lowest + 2 < lowest)
		return;
	*end = lowest + 2;
	if (pset_has(u, a, p)) {
		*end = lowest + 1;
		if (pset_has(u, a, p))
			return;
	}
	*end = lowest;
}

bool pset_witness(struct universe *u, struct pset a, struct packet *out)
{
	struct arena *scratch;
	uint32_t src, dst;

	if (pset_empty(u, a))
		return false;
	scratch = arena_child(u->arena);
	src = lowest_source(u, a.form);
	dst = lowest_destination(u, a.form, src);
	*out = (struct packet){
		u->family, lowest_of(u, src), lowest_of(u, dst),
		best_service(u, services_between(u, scratch, a.form, src,
						 dst)) };
	take_second(u, a, out, &out->src);
	take_second(u, a, out, &out->dst);
	arena_free(scratch);
	return true;
}

/* --- the size --- */

static double size_of(struct ranges set)
{
	double size = 0;

	for (size_t i = 0; i < set.count; i++)
		size += (double)(set.at[i].hi - set.at[i].lo) + 1;
	return size;
}

/* Sizes of rows, as far as there is room. */
struct row_size {
	uint32_t row;
	double size;
};

enum { ROW_SIZES = 1024 };

static double row_size(const struct universe *u, struct row_size *known,
		       uint32_t row)
{
	struct row_size *k = &known[row % ROW_SIZES];

	if (row == NO_ROW || k->row == row)
		return row == NO_ROW ? 0 : k->size;
	*k = (struct row_size){ row, 0 };
	for (uint32_t d = rows_next(&u->rows, row, 0); d != NO_CLASS;
	     d = rows_next(&u->rows, row, d + 1))
		k->size += size_of(u->addresses.parts[d]);
	return k->size;
}

double pset_size(struct universe *u, struct pset a)
{
	struct arena *scratch = arena_child(u->arena);
	struct row_size *known = arena_array(scratch, ROW_SIZES,
					     sizeof *known);
	double *pairs = arena_array(scratch, u->services.count, sizeof *pairs);
	double size = 0;
	size_t at = 0;

	while (walk_on(u, a.form, &at)) {
		uint32_t svc = u->visits.at[u->visits.count - 1].svc;
		double of_class = 0;

		for (uint32_t s = 0; s < u->addresses.count; s++)
			if (u->lanes[0].row[s] != NO_ROW)
				of_class += size_of(u->addresses.parts[s]) *
					    row_size(u, known,
						     u->lanes[0].row[s]);
		for (uint32_t v = svc; v < u->services.end[svc]; v++)
			pairs[v] = of_class;
	}
	for (uint32_t v = 0; v < u->services.count; v++)
		size += pairs[v] * (double)service_count(
			u->family, u->services.parts[v]);
	arena_free(scratch);
	return size;
}

/* --- boxes --- */

/*
 * Histories, each kept once: BEFORE, and then in the class of services SVC a
 * change by ROW.  Sources with one history have the same packets, and so have
 * destinations whose membership changed in the same classes.
 */
struct step {
	uint32_t before, svc, row;
};

struct histories {
	struct arena *arena;
	LIST(struct step) steps;	/* the first: no history */
	uint32_t *slots;
	size_t cap;
};

static size_t slot_of(const struct histories *h, const struct step *s)
{
	uint64_t hash = (((uint64_t)s->before << 32 | s->svc) ^
			 (uint64_t)s->row << 13) *
			UINT64_C(0x9e3779b97f4a7c15);
	size_t i = (hash ^ hash >> 31) & (h->cap - 1);

	while (h->slots[i] && memcmp(&h->steps.at[h->slots[i]], s, sizeof *s))
		i = (i + 1) & (h->cap - 1);
	return i;
}

static uint32_t history(struct histories *h, uint32_t before, uint32_t svc,
			uint32_t row)
{
	struct step s = { before, svc, row };
	size_t slot;

	if (!h->steps.count)
		(void)LIST_PUSH(h->arena, &h->steps);
	if (2 * h->steps.count >= h->cap) {
		h->cap = h->cap ? h->cap * 2 : 32;
		h->slots = arena_array(h->arena, h->cap, sizeof *h->slots);
		for (uint32_t i = 1; i < h->steps.count; i++)
			h->slots[slot_of(h, &h->steps.at[i])] = i;
	}
	slot = slot_of(h, &s);
	if (!h->slots[slot]) {
		*LIST_PUSH(h->arena, &h->steps) = s;
		h->slots[slot] = (uint32_t)h->steps.count - 1;
	}
	return h->slots[slot];
}

/* Ranges that are added in ascending order. */
struct growing {
	LIST(struct range) ranges;
};

static void grow(struct arena *arena, struct growing *g, struct range r)
{
	if (g->ranges.count &&
	    g->ranges.at[g->ranges.count - 1].hi + 1 == r.lo)
		g->ranges.at[g->ranges.count - 1].hi = r.hi;
	else
		*LIST_PUSH(arena, &g->ranges) = r;
}

static struct ranges grown(const struct growing *g)
{
	return (struct ranges){ g->ranges.at, g->ranges.count };
}

/* What is put together from a set. */
struct boxing {
	struct universe *u;
	struct arena *arena, *scratch;
	struct histories sources, destinations;
	uint32_t *of_source, *of_destination;	/* histories by class */
	LIST(uint32_t) touched;		/* destinations with a history */
	LIST(struct ranges) services;	/* by history of destinations, once made */
	struct boxes out;
};

/* The history of every source. */
static void tell_sources(struct boxing *b, const struct pset_form *form)
{
	size_t at = 0, count;

	while (walk_on(b->u, form, &at)) {
		uint32_t svc = b->u->visits.at[b->u->visits.count - 1].svc;
		const struct undo *some = changed(b->u, &count);

		for (size_t i = 0; i < count; i++) {
			uint32_t s = some[i].src;

			b->of_source[s] = history(&b->sources, b->of_source[s],
						  svc,
						  b->u->lanes[0].change[s]);
		}
	}
}

/* The steps of HISTORY, the first first. */
static const struct step **steps_of(struct boxing *b, uint32_t from,
				    const struct histories *h, size_t *count)
{
	const struct step **steps;
	size_t n = 0;

	for (uint32_t i = from; i; i = h->steps.at[i].before)
		n++;
	steps = arena_array(b->scratch, n, sizeof *steps);
	*count = n;
	for (uint32_t i = from; i; i = h->steps.at[i].before)
		steps[--n] = &h->steps.at[i];
	return steps;
}

static int ascending(const void *x, const void *y)
{
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;

	return (a > b) - (a < b);
}

/*
 * The services of destinations with HISTORY: each step turns a run of classes
 * over, and those between an odd and the next even end of all runs are in.
 */
static struct ranges services_of(struct boxing *b, uint32_t from)
{
	const struct classes *services = &b->u->services;
	LIST(struct run) runs = { 0 };
	uint32_t *ends;
	size_t count;
	const struct step **steps = steps_of(b, from, &b->destinations,
					     &count);

	ends = arena_array(b->scratch, 2 * count, sizeof *ends);
	for (size_t i = 0; i < count; i++) {
		ends[2 * i] = steps[i]->svc;
		ends[2 * i + 1] = services->end[steps[i]->svc];
	}
	qsort(ends, 2 * count, sizeof *ends, ascending);
	for (size_t i = 0; i < 2 * count; i += 2)
		if (ends[i] < ends[i + 1])
			*LIST_PUSH(b->scratch, &runs) = (struct run){
				ends[i], ends[i + 1] - 1 };
	return classes_ranges(services, b->arena, runs.at, runs.count);
}

static struct ranges known_services(struct boxing *b, uint32_t from)
{
	while (b->services.count <= from)
		(void)LIST_PUSH(b->scratch, &b->services);
	if (!b->services.at[from].count)
		b->services.at[from] = services_of(b, from);
	return b->services.at[from];
}

/* The history of every destination of sources with HISTORY. */
static void tell_destinations(struct boxing *b, uint32_t from)
{
	const struct rows *rows = &b->u->rows;
	size_t count;
	const struct step **steps = steps_of(b, from, &b->sources, &count);

	b->touched.count = 0;
	for (size_t i = 0; i < count; i++)
		for (uint32_t d = rows_next(rows, steps[i]->row, 0);
		     d != NO_CLASS; d = rows_next(rows, steps[i]->row, d + 1)) {
			if (!b->of_destination[d])
				*LIST_PUSH(b->scratch, &b->touched) = d;
			b->of_destination[d] = history(
				&b->destinations, b->of_destination[d],
				steps[i]->svc, 0);
		}
}

/* A destination and what happened to it. */
struct place {
	uint32_t history, class;
};

static int by_history(const void *x, const void *y)
{
	const struct place *a = x, *b = y;

	if (a->history != b->history)
		return a->history < b->history ? -1 : 1;
	return (a->class > b->class) - (a->class < b->class);
}

static int by_lowest(const void *x, const void *y)
{
	const struct box *a = x, *b = y;

	return a->dst.at[0].lo < b->dst.at[0].lo ? -1 : 1;
}

static struct place *places_of(struct boxing *b)
{
	struct place *places = arena_array(b->scratch, b->touched.count,
					   sizeof *places);

	for (size_t i = 0; i < b->touched.count; i++) {
		uint32_t d = b->touched.at[i];

		places[i] = (struct place){ b->of_destination[d], d };
		b->of_destination[d] = 0;
	}
	if (b->touched.count)
		qsort(places, b->touched.count, sizeof *places, by_history);
	return places;
}

/* The boxes of the sources SRC, which have the history FROM. */
static void box_sources(struct boxing *b, struct ranges src, uint32_t from)
{
	size_t first = b->out.count;
	struct place *places;

	tell_destinations(b, from);
	places = places_of(b);
	for (size_t i = 0, j; i < b->touched.count; i = j) {
		struct ranges svc = known_services(b, places[i].history);
		LIST(struct run) runs = { 0 };

		for (j = i; j < b->touched.count &&
			    places[j].history == places[i].history; j++)
			*LIST_PUSH(b->scratch, &runs) = (struct run){
				places[j].class, places[j].class };
		boxes_add(b->arena, &b->out, src,
			  classes_ranges(&b->u->addresses, b->arena, runs.at,
					 runs.count), svc);
	}
	if (b->out.count > first)
		qsort(&b->out.at[first], b->out.count - first,
		      sizeof *b->out.at, by_lowest);
}

struct boxes pset_boxes(struct universe *u, struct arena *arena, struct pset a)
{
	struct arena *scratch = arena_child(u->arena);
	const struct classes *addresses = &u->addresses;
	struct boxing b = { .u = u, .arena = arena, .scratch = scratch,
			    .sources.arena = scratch,
			    .destinations.arena = scratch };
	struct growing *sources;
	LIST(uint32_t) order = { 0 };

	if (pset_empty(u, a)) {
		arena_free(scratch);
		return b.out;
	}
	b.of_source = arena_array(scratch, addresses->count,
				  sizeof *b.of_source);
	b.of_destination = arena_array(scratch, addresses->count,
				       sizeof *b.of_destination);
	tell_sources(&b, a.form);
	sources = arena_array(scratch, b.sources.steps.count, sizeof *sources);
	for (size_t i = 0; i < addresses->piece_count; i++) {
		uint32_t from = b.of_source[addresses->pieces[i].class];

		if (!from)
			continue;
		if (!sources[from].ranges.count)
			*LIST_PUSH(scratch, &order) = from;
		grow(arena, &sources[from], addresses->pieces[i].range);
	}
	for (size_t i = 0; i < order.count; i++)
		box_sources(&b, grown(&sources[order.at[i]]), order.at[i]);
	arena_free(scratch);
	return b.out;
}
