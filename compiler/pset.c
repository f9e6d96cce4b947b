/*
 * Packet sets over classes of addresses and services.
 *
 * From the top: a cut divides one dimension into classes; a universe is the
 * cut of addresses and that of services with the tables that keep rows and
 * service sets once; the algebra works on row numbers and remembers each pair
 * it has met.
 */
#include "compiler/pset.h"

#include "compiler/base/addr.h"
#include "compiler/base/table.h"
#include "compiler/base/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A piece of one dimension that no declared set divides. */
struct piece {
	struct range range;
	uint32_t class;
};

struct run {
	uint32_t lo, hi;	/* classes, inclusive */
};

struct runs {
	const struct run *at;
	size_t count;
};

/*
 * One dimension.  Pieces ascend and lie apart; classes are numbered by their
 * lowest piece; numbers in no declared set have no piece.
 */
struct cut {
	struct arena *arena;
	struct table ids;		/* bytes of a ranges -> id + 1 */
	LIST(struct ranges) sets;
	struct piece *pieces;
	size_t piece_count;
	uint32_t classes;
	struct runs *members;		/* by set id: its classes */
	struct ranges *parts;		/* by class: its pieces */
};

static void cut_add(struct cut *cut, struct ranges set)
{
	void **at;

	if (!set.count)
		return;
	at = table_at(&cut->ids, set.at, set.count * sizeof *set.at);
	if (*at)
		return;
	*LIST_PUSH(cut->arena, &cut->sets) = set;
	*at = (void *)(uintptr_t)cut->sets.count;
}

static uint32_t cut_id(const struct cut *cut, struct ranges set)
{
	void *id = table_get(&cut->ids, set.at, set.count * sizeof *set.at);

	assert(id && "a set outside its universe");
	return (uint32_t)((uintptr_t)id - 1);
}

/* Where set SET begins (or, END, where it is over). */
struct edge {
	u128 at;
	uint32_t set;
	bool end;
};

static int by_place(const void *x, const void *y)
{
	const struct edge *a = x, *b = y;

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	return (a->set > b->set) - (a->set < b->set);
}

static struct edge *edges_of(const struct cut *cut, size_t *count)
{
	size_t ranges = 0, n = 0;
	struct edge *edges;

	for (size_t i = 0; i < cut->sets.count; i++)
		ranges += cut->sets.at[i].count;
	edges = arena_array(cut->arena, 2 * ranges, sizeof *edges);
	for (size_t i = 0; i < cut->sets.count; i++) {
		for (size_t j = 0; j < cut->sets.at[i].count; j++) {
			struct range r = cut->sets.at[i].at[j];

			edges[n++] = (struct edge){ r.lo, (uint32_t)i, false };
			if (r.hi != U128_MAX)
				edges[n++] = (struct edge){ r.hi + 1,
							    (uint32_t)i, true };
		}
	}
	if (n)
		qsort(edges, n, sizeof *edges, by_place);
	*count = n;
	return edges;
}

/* The sets around the sweep's place, ascending: the signature. */
struct signature {
	uint32_t *sets;
	size_t count;
};

static void signature_change(struct signature *s, const struct edge *e)
{
	size_t i = s->count;

	if (e->end) {
		for (i = 0; s->sets[i] != e->set; i++)
			;
		memmove(&s->sets[i], &s->sets[i + 1],
			(s->count - i - 1) * sizeof *s->sets);
		s->count--;
		return;
	}
	while (i && s->sets[i - 1] > e->set) {
		s->sets[i] = s->sets[i - 1];
		i--;
	}
	s->sets[i] = e->set;
	s->count++;
}

struct membership {
	LIST(struct run) runs;
};

static void join_class(struct arena *arena, struct membership *m, uint32_t c)
{
	if (m->runs.count && m->runs.at[m->runs.count - 1].hi + 1 == c)
		m->runs.at[m->runs.count - 1].hi = c;
	else
		*LIST_PUSH(arena, &m->runs) = (struct run){ c, c };
}

/* The class of signature S, new ones entered in the memberships. */
static uint32_t class_of(struct cut *cut, struct table *classes,
			 const struct signature *s, struct membership *members)
{
	size_t bytes = s->count * sizeof *s->sets;
	void *known = table_get(classes, s->sets, bytes);

	if (known)
		return (uint32_t)((uintptr_t)known - 1);
	*table_at(classes, arena_copy(cut->arena, (const char *)s->sets, bytes),
		  bytes) = (void *)(uintptr_t)(cut->classes + 1);
	for (size_t i = 0; i < s->count; i++)
		join_class(cut->arena, &members[s->sets[i]], cut->classes);
	return cut->classes++;
}

static void collect_parts(struct cut *cut)
{
	size_t *fill = arena_array(cut->arena, cut->classes + 1, sizeof *fill);
	struct range *all = arena_array(cut->arena, cut->piece_count,
					sizeof *all);

	cut->parts = arena_array(cut->arena, cut->classes, sizeof *cut->parts);
	for (size_t i = 0; i < cut->piece_count; i++)
		fill[cut->pieces[i].class + 1]++;
	for (uint32_t c = 0; c < cut->classes; c++) {
		fill[c + 1] += fill[c];
		cut->parts[c].at = &all[fill[c]];
	}
	for (size_t i = 0; i < cut->piece_count; i++) {
		uint32_t c = cut->pieces[i].class;

		all[fill[c]++] = cut->pieces[i].range;
		cut->parts[c].count++;
	}
}

static void cut_finish(struct cut *cut, u128 last)
{
	struct table classes = TABLE_IN(cut->arena);
	struct membership *members = arena_array(cut->arena, cut->sets.count,
						 sizeof *members);
	struct signature s = { arena_array(cut->arena, cut->sets.count + 1,
					   sizeof *s.sets), 0 };
	size_t count;
	struct edge *edges = edges_of(cut, &count);

	cut->pieces = arena_array(cut->arena, count, sizeof *cut->pieces);
	for (size_t i = 0; i < count;) {
		u128 from = edges[i].at, to;

		for (; i < count && edges[i].at == from; i++)
			if (edges[i].end)
				signature_change(&s, &edges[i]);
		/* ends first: a set may end and begin nowhere at one place */
		for (size_t j = i; j-- && edges[j].at == from;)
			if (!edges[j].end)
				signature_change(&s, &edges[j]);
		to = i < count ? edges[i].at - 1 : last;
		if (s.count)
			cut->pieces[cut->piece_count++] = (struct piece){
				{ from, to },
				class_of(cut, &classes, &s, members) };
	}
	cut->members = arena_array(cut->arena, cut->sets.count,
				   sizeof *cut->members);
	for (size_t i = 0; i < cut->sets.count; i++)
		cut->members[i] = (struct runs){ members[i].runs.at,
						 members[i].runs.count };
	collect_parts(cut);
}

/* The piece that holds NUMBER, or NULL. */
static const struct piece *piece_at(const struct cut *cut, u128 number)
{
	size_t lo = 0, hi = cut->piece_count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (cut->pieces[mid].range.hi < number)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == cut->piece_count || cut->pieces[lo].range.lo > number)
		return NULL;
	return &cut->pieces[lo];
}

/* Destinations LO to HI with the services of set SERVICES. */
struct span_of_row {
	uint32_t lo, hi, services;
};

struct row {
	const struct span_of_row *at;
	size_t count;
};

enum op { UNION, MEET, MINUS };

enum { EMPTY = 0 };	/* the row, and the service set, of nothing */

struct universe {
	struct arena *arena;
	enum family family;
	struct cut addresses, services;
	struct table row_ids, service_ids;	/* contents -> id + 1 */
	LIST(struct row) rows;
	LIST(struct runs) service_sets;
	struct table row_memo, service_memo;	/* op, a, b -> id + 1 */
	struct table row_of_boxes;		/* spans before merging -> id + 1 */
	LIST(struct span_of_row) scratch;
};

static uint32_t keep_services(struct universe *u, const struct run *runs,
			      size_t count)
{
	size_t bytes = count * sizeof *runs;
	void *known = table_get(&u->service_ids, runs, bytes);
	struct runs set;

	if (known)
		return (uint32_t)((uintptr_t)known - 1);
	set.at = (const struct run *)arena_copy(u->arena, (const char *)runs,
						bytes);
	set.count = count;
	*LIST_PUSH(u->arena, &u->service_sets) = set;
	*table_at(&u->service_ids, set.at, bytes) =
		(void *)(uintptr_t)u->service_sets.count;
	return (uint32_t)(u->service_sets.count - 1);
}

static uint32_t keep_row(struct universe *u, const struct span_of_row *spans,
			 size_t count)
{
	size_t bytes = count * sizeof *spans;
	void *known = table_get(&u->row_ids, spans, bytes);
	struct row row;

	if (known)
		return (uint32_t)((uintptr_t)known - 1);
	row.at = (const struct span_of_row *)
		arena_copy(u->arena, (const char *)spans, bytes);
	row.count = count;
	*LIST_PUSH(u->arena, &u->rows) = row;
	*table_at(&u->row_ids, row.at, bytes) =
		(void *)(uintptr_t)u->rows.count;
	return (uint32_t)(u->rows.count - 1);
}

struct universe *universe_of(struct arena *arena, enum family family,
			     const struct boxes *const *lists, size_t count)
{
	struct universe *u = arena_alloc(arena, sizeof *u);

	u->arena = arena;
	u->family = family;
	u->addresses = (struct cut){ .arena = arena, .ids = TABLE_IN(arena) };
	u->services = (struct cut){ .arena = arena, .ids = TABLE_IN(arena) };
	u->row_ids = u->service_ids = TABLE_IN(arena);
	u->row_memo = u->service_memo = u->row_of_boxes = TABLE_IN(arena);
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < lists[i]->count; j++) {
			cut_add(&u->addresses, lists[i]->at[j].src);
			cut_add(&u->addresses, lists[i]->at[j].dst);
			cut_add(&u->services, lists[i]->at[j].svc);
		}
	}
	cut_finish(&u->addresses, family_top(family));
	cut_finish(&u->services, SERVICE_LAST);
	keep_services(u, NULL, 0);
	keep_row(u, NULL, 0);
	return u;
}

/* The answer kept for (OP, A, B), or a free place for it. */
struct memo_key {
	uint32_t op, a, b;
};

static void **memo(struct universe *u, struct table *table, enum op op,
		   uint32_t a, uint32_t b)
{
	struct memo_key key = { op, a, b };

	if (!table_get(table, &key, sizeof key)) {
		struct memo_key *kept = arena_alloc(u->arena, sizeof *kept);

		*kept = key;
		return table_at(table, kept, sizeof *kept);
	}
	return table_at(table, &key, sizeof key);
}

/* What needs no work: *OUT is then the answer. */
static bool is_trivial(enum op op, uint32_t a, uint32_t b, uint32_t *out)
{
	if (op == UNION && (a == EMPTY || a == b))
		*out = b;
	else if (op != MEET && b == EMPTY)
		*out = a;
	else if (op == MEET && a == b)
		*out = a;
	else if (a == EMPTY || b == EMPTY || a == b)
		*out = EMPTY;
	else
		return false;
	return true;
}

static bool in_result(enum op op, bool in_a, bool in_b)
{
	switch (op) {
	case UNION: return in_a || in_b;
	case MEET:  return in_a && in_b;
	case MINUS: return in_a && !in_b;
	}
	return false;
}

/*
 * Two lists of disjoint ascending intervals walked as one: the end of the
 * stretch on which neither changes.  A list that is over has lo UINT32_MAX.
 */
static uint32_t stretch_end(bool in_a, uint32_t a_lo, uint32_t a_hi, bool in_b,
			    uint32_t b_lo, uint32_t b_hi)
{
	uint32_t end = UINT32_MAX;

	if (in_a)
		end = a_hi;
	else if (a_lo != UINT32_MAX)
		end = a_lo - 1;
	if (in_b && b_hi < end)
		end = b_hi;
	else if (!in_b && b_lo != UINT32_MAX && b_lo - 1 < end)
		end = b_lo - 1;
	return end;
}

static uint32_t combine_services(struct universe *u, enum op op, uint32_t a,
				 uint32_t b)
{
	struct runs x = u->service_sets.at[a], y = u->service_sets.at[b];
	struct run *out;
	size_t i = 0, j = 0, n = 0;
	uint32_t at = 0, answer;
	void **place;

	if (is_trivial(op, a, b, &answer))
		return answer;
	if (op != MINUS && a > b)
		return combine_services(u, op, b, a);
	place = memo(u, &u->service_memo, op, a, b);
	if (*place)
		return (uint32_t)((uintptr_t)*place - 1);
	out = arena_array(u->arena, x.count + y.count, sizeof *out);
	while (i < x.count || j < y.count) {
		bool in_a = i < x.count && x.at[i].lo <= at;
		bool in_b = j < y.count && y.at[j].lo <= at;
		uint32_t end = stretch_end(in_a,
			i < x.count ? x.at[i].lo : UINT32_MAX,
			in_a ? x.at[i].hi : 0, in_b,
			j < y.count ? y.at[j].lo : UINT32_MAX,
			in_b ? y.at[j].hi : 0);

		if (in_result(op, in_a, in_b)) {
			if (n && out[n - 1].hi + 1 == at)
				out[n - 1].hi = end;
			else
				out[n++] = (struct run){ at, end };
		}
		i += in_a && x.at[i].hi == end;
		j += in_b && y.at[j].hi == end;
		at = end + 1;
	}
	answer = keep_services(u, out, n);
	*place = (void *)(uintptr_t)(answer + 1);
	return answer;
}

/* Append a span, joining it to its neighbour where nothing tells them apart. */
static void add_span(struct universe *u, uint32_t lo, uint32_t hi,
		     uint32_t services)
{
	struct span_of_row *last;

	if (services == EMPTY)
		return;
	if (u->scratch.count) {
		last = &u->scratch.at[u->scratch.count - 1];
		if (last->services == services && last->hi + 1 == lo) {
			last->hi = hi;
			return;
		}
	}
	*LIST_PUSH(u->arena, &u->scratch) =
		(struct span_of_row){ lo, hi, services };
}

static uint32_t combine_rows(struct universe *u, enum op op, uint32_t a,
			     uint32_t b)
{
	struct row x = u->rows.at[a], y = u->rows.at[b];
	size_t i = 0, j = 0;
	uint32_t at = 0, answer;
	void **place;

	if (is_trivial(op, a, b, &answer))
		return answer;
	if (op != MINUS && a > b)
		return combine_rows(u, op, b, a);
	place = memo(u, &u->row_memo, op, a, b);
	if (*place)
		return (uint32_t)((uintptr_t)*place - 1);
	u->scratch.count = 0;
	while (i < x.count || j < y.count) {
		bool in_a = i < x.count && x.at[i].lo <= at;
		bool in_b = j < y.count && y.at[j].lo <= at;
		uint32_t end = stretch_end(in_a,
			i < x.count ? x.at[i].lo : UINT32_MAX,
			in_a ? x.at[i].hi : 0, in_b,
			j < y.count ? y.at[j].lo : UINT32_MAX,
			in_b ? y.at[j].hi : 0);

		add_span(u, at, end,
			 combine_services(u, op,
					  in_a ? x.at[i].services : EMPTY,
					  in_b ? y.at[j].services : EMPTY));
		i += in_a && x.at[i].hi == end;
		j += in_b && y.at[j].hi == end;
		at = end + 1;
	}
	answer = keep_row(u, u->scratch.at, u->scratch.count);
	*place = (void *)(uintptr_t)(answer + 1);
	return answer;
}

/* What one box says about one of its source classes. */
struct demand {
	uint32_t destinations, services;	/* a set id; a service set */
};

struct row_edge {
	uint32_t at, services;
	bool end;
};

static int by_row_place(const void *x, const void *y)
{
	const struct row_edge *a = x, *b = y;

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	if (a->end != b->end)
		return a->end ? -1 : 1;
	return (a->services > b->services) - (a->services < b->services);
}

static uint32_t union_of(struct universe *u, const uint32_t *sets, size_t n)
{
	uint32_t all = EMPTY;

	for (size_t i = 0; i < n; i++)
		all = combine_services(u, UNION, all, sets[i]);
	return all;
}

static void drop_one(uint32_t *sets, size_t *count, uint32_t set)
{
	size_t i = 0;

	while (sets[i] != set)
		i++;
	sets[i] = sets[--*count];
}

/* The row of one source class: a sweep over the destinations demanded. */
static uint32_t row_of(struct universe *u, struct arena *scratch,
		       const struct demand *demands, size_t count)
{
	size_t edges = 0, active = 0;
	struct row_edge *edge;
	uint32_t *sets = arena_array(scratch, count, sizeof *sets);

	for (size_t i = 0; i < count; i++)
		edges += 2 * u->addresses.members[demands[i].destinations].count;
	edge = arena_array(scratch, edges, sizeof *edge);
	edges = 0;
	for (size_t i = 0; i < count; i++) {
		struct runs r = u->addresses.members[demands[i].destinations];

		for (size_t j = 0; j < r.count; j++) {
			edge[edges++] = (struct row_edge){
				r.at[j].lo, demands[i].services, false };
			edge[edges++] = (struct row_edge){
				r.at[j].hi + 1, demands[i].services, true };
		}
	}
	qsort(edge, edges, sizeof *edge, by_row_place);
	u->scratch.count = 0;
	for (size_t i = 0; i < edges;) {
		uint32_t at = edge[i].at;

		for (; i < edges && edge[i].at == at; i++) {
			if (edge[i].end)
				drop_one(sets, &active, edge[i].services);
			else
				sets[active++] = edge[i].services;
		}
		if (active)
			add_span(u, at, edge[i].at - 1,
				 union_of(u, sets, active));
	}
	return keep_row(u, u->scratch.at, u->scratch.count);
}

static uint32_t services_of(struct universe *u, uint32_t id, uint32_t *cache)
{
	if (!cache[id])
		cache[id] = keep_services(u, u->services.members[id].at,
					  u->services.members[id].count) + 1;
	return cache[id] - 1;
}

/* The demands of BOXES by source class: those of class c are FIRST[c] to FIRST[c + 1]. */
static struct demand *demands_of(struct universe *u, struct arena *scratch,
				 const struct boxes *boxes, size_t **first)
{
	uint32_t *cache = arena_array(scratch, u->services.sets.count + 1,
				      sizeof *cache);
	uint32_t *ids = arena_array(scratch, boxes->count, sizeof *ids);
	size_t *at = arena_array(scratch, u->addresses.classes + 2, sizeof *at);
	struct demand *demands;

	for (size_t i = 0; i < boxes->count; i++) {
		struct runs r;

		ids[i] = cut_id(&u->addresses, boxes->at[i].src);
		r = u->addresses.members[ids[i]];
		for (size_t j = 0; j < r.count; j++)
			for (uint32_t c = r.at[j].lo; c <= r.at[j].hi; c++)
				at[c + 2]++;
	}
	for (uint32_t c = 0; c < u->addresses.classes; c++)
		at[c + 2] += at[c + 1];
	demands = arena_array(scratch, at[u->addresses.classes + 1],
			      sizeof *demands);
	for (size_t i = 0; i < boxes->count; i++) {
		struct runs r = u->addresses.members[ids[i]];
		struct demand d = {
			cut_id(&u->addresses, boxes->at[i].dst),
			services_of(u, cut_id(&u->services, boxes->at[i].svc),
				    cache) };

		for (size_t j = 0; j < r.count; j++)
			for (uint32_t c = r.at[j].lo; c <= r.at[j].hi; c++)
				demands[at[c + 1]++] = d;
	}
	*first = at;
	return demands;
}

struct pset pset_of(struct universe *u, const struct boxes *boxes)
{
	struct arena *scratch = arena_child(u->arena);
	uint32_t *rows = arena_array(u->arena, u->addresses.classes,
				     sizeof *rows);
	struct table same = TABLE_IN(scratch);
	size_t *first;
	struct demand *demands = demands_of(u, scratch, boxes, &first);

	for (uint32_t c = 0; c < u->addresses.classes; c++) {
		const struct demand *d = &demands[first[c]];
		size_t n = first[c + 1] - first[c];
		void **known;

		if (!n)
			continue;
		known = table_at(&same, d, n * sizeof *d);
		if (!*known)
			*known = (void *)(uintptr_t)(row_of(u, scratch, d, n) +
						     1);
		rows[c] = (uint32_t)((uintptr_t)*known - 1);
	}
	arena_free(scratch);
	return (struct pset){ rows };
}

static struct pset combine(struct universe *u, enum op op, struct pset a,
			   struct pset b)
{
	uint32_t *rows = arena_array(u->arena, u->addresses.classes,
				     sizeof *rows);

	for (uint32_t c = 0; c < u->addresses.classes; c++)
		rows[c] = combine_rows(u, op, a.rows[c], b.rows[c]);
	return (struct pset){ rows };
}

struct pset pset_union(struct universe *u, struct pset a, struct pset b)
{
	return combine(u, UNION, a, b);
}

struct pset pset_meet(struct universe *u, struct pset a, struct pset b)
{
	return combine(u, MEET, a, b);
}

struct pset pset_minus(struct universe *u, struct pset a, struct pset b)
{
	return combine(u, MINUS, a, b);
}

bool pset_empty(const struct universe *u, struct pset a)
{
	for (uint32_t c = 0; c < u->addresses.classes; c++)
		if (a.rows[c] != EMPTY)
			return false;
	return true;
}

bool pset_equal(const struct universe *u, struct pset a, struct pset b)
{
	return u->addresses.classes == 0 ||
	       memcmp(a.rows, b.rows,
		      u->addresses.classes * sizeof *a.rows) == 0;
}

/* The services allowed from SRC to DST. */
static uint32_t services_between(const struct universe *u, struct pset a,
				 u128 src, u128 dst)
{
	const struct piece *s = piece_at(&u->addresses, src);
	const struct piece *d = piece_at(&u->addresses, dst);
	struct row row;

	if (!s || !d)
		return EMPTY;
	row = u->rows.at[a.rows[s->class]];
	for (size_t i = 0; i < row.count; i++)
		if (row.at[i].lo <= d->class && d->class <= row.at[i].hi)
			return row.at[i].services;
	return EMPTY;
}

static bool has_class(struct runs set, uint32_t class)
{
	for (size_t i = 0; i < set.count; i++)
		if (set.at[i].lo <= class && class <= set.at[i].hi)
			return true;
	return false;
}

static bool admits(const struct universe *u, struct pset a, u128 src, u128 dst,
		   uint32_t svc)
{
	uint32_t set = services_between(u, a, src, dst);
	const struct piece *p = piece_at(&u->services, svc);

	return p && has_class(u->service_sets.at[set], p->class);
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

static uint32_t best_service(const struct universe *u, uint32_t set)
{
	struct runs runs = u->service_sets.at[set];
	uint32_t best = 0;
	bool found = false;

	for (size_t i = 0; i < u->services.piece_count; i++) {
		const struct piece *p = &u->services.pieces[i];
		uint32_t lo = (uint32_t)p->range.lo, hi = (uint32_t)p->range.hi;

		if (!has_class(runs, p->class))
			continue;
		/* pieces of one stretch count as one, however it is cut */
		while (i + 1 < u->services.piece_count &&
		       u->services.pieces[i + 1].range.lo == (u128)hi + 1 &&
		       has_class(runs, u->services.pieces[i + 1].class))
			hi = (uint32_t)u->services.pieces[++i].range.hi;
		prefer(lo, hi, &best, &found);
	}
	return best;
}

/* Classes ascend by their lowest address, so that of the first run is it. */
static u128 lowest_destination(const struct universe *u, struct row row)
{
	return u->addresses.parts[row.at[0].lo].at[0].lo;
}

bool pset_witness(const struct universe *u, struct pset a, struct packet *out)
{
	uint32_t c = 0;
	u128 s, d;

	while (c < u->addresses.classes && a.rows[c] == EMPTY)
		c++;
	if (c == u->addresses.classes)
		return false;
	s = u->addresses.parts[c].at[0].lo;
	d = lowest_destination(u, u->rows.at[a.rows[c]]);
	out->family = u->family;
	out->svc = best_service(u, services_between(u, a, s, d));
	if (s + 2 > s && admits(u, a, s + 1, d, out->svc) &&
	    admits(u, a, s + 2, d, out->svc))
		s++;
	if (d + 2 > d && admits(u, a, s, d + 1, out->svc) &&
	    admits(u, a, s, d + 2, out->svc))
		d++;
	out->src = s;
	out->dst = d;
	return true;
}

static struct ranges ranges_of_runs(struct arena *arena, const struct cut *cut,
				    const struct run *runs, size_t count)
{
	LIST(struct range) all = { 0 };

	for (size_t i = 0; i < count; i++)
		for (uint32_t c = runs[i].lo; c <= runs[i].hi; c++)
			for (size_t k = 0; k < cut->parts[c].count; k++)
				*LIST_PUSH(arena, &all) = cut->parts[c].at[k];
	return ranges_of(arena, all.at, all.count);
}

/* The boxes of one row for the sources SRC, one a service set. */
static void row_boxes(struct universe *u, struct arena *arena, struct row row,
		      struct ranges src, struct boxes *out)
{
	bool *done = arena_array(arena, row.count, sizeof *done);

	for (size_t i = 0; i < row.count; i++) {
		LIST(struct run) runs = { 0 };
		struct runs svc = u->service_sets.at[row.at[i].services];

		if (done[i])
			continue;
		for (size_t j = i; j < row.count; j++) {
			if (row.at[j].services != row.at[i].services)
				continue;
			done[j] = true;
			*LIST_PUSH(arena, &runs) = (struct run){ row.at[j].lo,
								 row.at[j].hi };
		}
		boxes_add(arena, out, src,
			  ranges_of_runs(arena, &u->addresses, runs.at,
					 runs.count),
			  ranges_of_runs(arena, &u->services, svc.at,
					 svc.count));
	}
}

struct boxes pset_boxes(struct universe *u, struct arena *arena, struct pset a)
{
	struct boxes out = { 0 };
	LIST(struct run) *sources = arena_array(arena, u->rows.count,
						sizeof *sources);
	LIST(uint32_t) order = { 0 };

	for (uint32_t c = 0; c < u->addresses.classes; c++) {
		if (a.rows[c] == EMPTY)
			continue;
		if (!sources[a.rows[c]].count)
			*LIST_PUSH(arena, &order) = a.rows[c];
		*LIST_PUSH(arena, &sources[a.rows[c]]) = (struct run){ c, c };
	}
	for (size_t i = 0; i < order.count; i++) {
		uint32_t row = order.at[i];

		row_boxes(u, arena, u->rows.at[row],
			  ranges_of_runs(arena, &u->addresses, sources[row].at,
					 sources[row].count), &out);
	}
	return out;
}

static double size_of(struct ranges set)
{
	double size = 0;

	for (size_t i = 0; i < set.count; i++)
		size += (double)(set.at[i].hi - set.at[i].lo) + 1;
	return size;
}

static double services_size(const struct universe *u, uint32_t set)
{
	struct runs runs = u->service_sets.at[set];
	double size = 0;

	for (size_t i = 0; i < runs.count; i++)
		for (uint32_t c = runs.at[i].lo; c <= runs.at[i].hi; c++)
			size += (double)service_count(u->family,
						      u->services.parts[c]);
	return size;
}

double pset_size(const struct universe *u, struct pset a)
{
	double size = 0;

	for (uint32_t c = 0; c < u->addresses.classes; c++) {
		struct row row = u->rows.at[a.rows[c]];
		double of_row = 0;

		for (size_t i = 0; i < row.count; i++) {
			double to = 0;

			for (uint32_t d = row.at[i].lo; d <= row.at[i].hi; d++)
				to += size_of(u->addresses.parts[d]);
			of_row += to * services_size(u, row.at[i].services);
		}
		size += of_row * size_of(u->addresses.parts[c]);
	}
	return size;
}

bool boxes_within(struct arena *arena, enum family family,
		  const struct boxes *inner, const struct boxes *outer,
		  struct packet *out)
{
	const struct boxes *lists[] = { inner, outer };
	struct arena *scratch = arena_child(arena);
	struct universe *u = universe_of(scratch, family, lists, 2);
	struct pset rest = pset_minus(u, pset_of(u, inner), pset_of(u, outer));
	bool found = pset_witness(u, rest, out);

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

void boxes_add(struct arena *arena, struct boxes *boxes, struct ranges src,
	       struct ranges dst, struct ranges svc)
{
	if (src.count && dst.count && svc.count)
		*LIST_PUSH(arena, boxes) = (struct box){ src, dst, svc };
}

bool box_has(const struct box *box, const struct packet *packet)
{
	return ranges_have(box->svc, packet->svc) &&
	       ranges_have(box->src, packet->src) &&
	       ranges_have(box->dst, packet->dst);
}

const char *packet_text(struct arena *arena, const struct packet *packet)
{
	char src[ADDR_TEXT], dst[ADDR_TEXT];
	unsigned protocol = service_protocol(packet->svc);
	unsigned value = service_value(packet->svc);
	struct text text = TEXT_IN(arena);

	addr_text(packet->family, packet->src, src);
	addr_text(packet->family, packet->dst, dst);
	if (protocol_name(protocol) &&
	    service_has_value(packet->family, protocol))
		text_puts(&text, protocol_name(protocol));
	else
		text_printf(&text, "protocol %u", protocol);
	text_printf(&text, " %s -> %s", src, dst);
	if (service_has_ports(protocol))
		text_printf(&text, " port %u", value);
	else if (service_is_icmp(packet->family, protocol))
		text_printf(&text, " type %u code %u", value >> 8,
			    value & 0xff);
	return text_string(&text);
}
