/*
 * A sweep over the edges of all sets keeps the signature of its place; only
 * the end of it that changed is looked up again in the tree.
 */
#include "compiler/classes.h"

#include "compiler/base/addr.h"
#include "compiler/base/service.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

uint32_t classes_add(struct classes *classes, struct ranges set)
{
	struct known_set *known = &classes->known[
		((uintptr_t)set.at >> 5 ^ (uintptr_t)set.at >> 12) % KNOWN_SETS];
	void **at;

	if (set.count && known->at == set.at && known->count == set.count)
		return known->id;
	/* the empty set is one too, with no class in it */
	at = table_at(&classes->ids, set.at, set.count * sizeof *set.at);
	if (!*at) {
		*LIST_PUSH(classes->arena, &classes->sets) = set;
		*at = (void *)(uintptr_t)classes->sets.count;
	}
	*known = (struct known_set){ set.at, set.count,
				     (uint32_t)((uintptr_t)*at - 1) };
	return known->id;
}

uint32_t classes_id(const struct classes *classes, struct ranges set)
{
	void *id = table_get(&classes->ids, set.at, set.count * sizeof *set.at);

	return (uint32_t)((uintptr_t)id - 1);
}

/* --- from the widest to the narrowest --- */

struct ranked {
	u128 size;
	struct ranges set;
	uint32_t id;
};

static int by_width(const void *x, const void *y)
{
	const struct ranked *a = x, *b = y;

	if (a->size != b->size)
		return a->size > b->size ? -1 : 1;
	if (a->set.count != b->set.count)
		return a->set.count < b->set.count ? -1 : 1;
	for (size_t i = 0; i < a->set.count; i++) {
		const struct range *p = &a->set.at[i], *q = &b->set.at[i];

		if (p->lo != q->lo)
			return p->lo < q->lo ? -1 : 1;
		if (p->hi != q->hi)
			return p->hi < q->hi ? -1 : 1;
	}
	return 0;
}

/* The sets' ids by rank. */
static const struct ranked *ranking_of(const struct classes *classes,
				       struct arena *scratch)
{
	size_t count = classes->sets.count;
	struct ranked *ranking = arena_array(scratch, count, sizeof *ranking);

	for (size_t i = 0; i < count; i++)
		ranking[i] = (struct ranked){
			ranges_size(classes->sets.at[i]), classes->sets.at[i],
			(uint32_t)i };
	if (count)
		qsort(ranking, count, sizeof *ranking, by_width);
	return ranking;
}

/* Where the set of RANK begins (or, END, where it is over). */
struct edge {
	u128 at;
	uint32_t rank;
	bool end;
};

static int by_place(const void *x, const void *y)
{
	const struct edge *a = x, *b = y;

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	return (a->rank > b->rank) - (a->rank < b->rank);
}

static struct edge *edges_of(const struct ranked *ranking, size_t sets,
			     struct arena *scratch, size_t *count)
{
	size_t ranges = 0, n = 0;
	struct edge *edges;

	for (size_t i = 0; i < sets; i++)
		ranges += ranking[i].set.count;
	edges = arena_array(scratch, 2 * ranges, sizeof *edges);
	for (uint32_t i = 0; i < sets; i++) {
		for (size_t j = 0; j < ranking[i].set.count; j++) {
			struct range r = ranking[i].set.at[j];

			edges[n++] = (struct edge){ r.lo, i, false };
			if (r.hi != U128_MAX)
				edges[n++] = (struct edge){ r.hi + 1, i, true };
		}
	}
	if (n)
		qsort(edges, n, sizeof *edges, by_place);
	*count = n;
	return edges;
}

/* --- the tree of signatures --- */

/* The signature of ABOVE and, narrower than all in it, the set of RANK. */
struct node {
	uint32_t above, rank;
	uint32_t depth;		/* sets in it */
	uint32_t parent;	/* of a class: the node of its parent, or 0 */
	uint32_t class;		/* while sweeping: 1 when some number has it */
};

struct tree {
	struct arena *scratch;
	LIST(struct node) nodes;	/* the first is the empty signature */
	uint32_t *slots;		/* a node each, or 0; open addressing */
	size_t cap;
};

/* Beyond this, sets overlap as no policy's do, and all else would be larger. */
enum { NODES_MOST = 2 << 20 };

static size_t slot_of(const struct tree *t, uint32_t above, uint32_t rank)
{
	uint64_t h = ((uint64_t)above << 32 | rank) *
		     UINT64_C(0x9e3779b97f4a7c15);
	size_t i = (h ^ h >> 29) & (t->cap - 1);

	while (t->slots[i] && (t->nodes.at[t->slots[i]].above != above ||
			       t->nodes.at[t->slots[i]].rank != rank))
		i = (i + 1) & (t->cap - 1);
	return i;
}

static void enlarge(struct tree *t)
{
	t->cap = t->cap ? t->cap * 2 : 64;
	t->slots = arena_array(t->scratch, t->cap, sizeof *t->slots);
	for (uint32_t i = 1; i < t->nodes.count; i++)
		t->slots[slot_of(t, t->nodes.at[i].above,
				 t->nodes.at[i].rank)] = i;
}

static uint32_t node_below(struct tree *t, uint32_t above, uint32_t rank)
{
	size_t slot;

	if (2 * t->nodes.count >= t->cap)
		enlarge(t);
	slot = slot_of(t, above, rank);
	if (t->slots[slot])
		return t->slots[slot];
	*LIST_PUSH(t->scratch, &t->nodes) = (struct node){
		above, rank, t->nodes.at[above].depth + 1, 0, 0 };
	return t->slots[slot] = (uint32_t)t->nodes.count - 1;
}

/* The signature of the sweep's place; nodes are right below FRESH. */
struct signature {
	uint32_t *rank, *node;
	size_t count, fresh;
};

static void pass(struct signature *s, const struct edge *e)
{
	size_t i = s->count;

	while (i && s->rank[i - 1] > e->rank)
		i--;
	if (e->end) {
		i--;
		memmove(&s->rank[i], &s->rank[i + 1],
			(s->count - i - 1) * sizeof *s->rank);
		s->count--;
	} else {
		memmove(&s->rank[i + 1], &s->rank[i],
			(s->count - i) * sizeof *s->rank);
		s->rank[i] = e->rank;
		s->count++;
	}
	if (i < s->fresh)
		s->fresh = i;
}

static uint32_t node_of(struct tree *t, struct signature *s)
{
	for (; s->fresh < s->count; s->fresh++)
		s->node[s->fresh] = node_below(t, s->fresh
			? s->node[s->fresh - 1] : 0, s->rank[s->fresh]);
	return s->count ? s->node[s->count - 1] : 0;
}

/* No exact answer is small: say where it is worst. */
static _Noreturn void refuse(const struct classes *classes, u128 at,
			     size_t around)
{
	char address[ADDR_TEXT];
	bool services = classes->kind == CLASS_SERVICES;
	struct arena_worst worst = {
		.kind = services ? WORST_SERVICE : WORST_ADDRESS,
		.family = classes->family, .at = at };

	if (!services)
		addr_text(classes->family, at, address);
	arena_refuse_at(classes->arena, &worst,
		     "sets of %s overlap in more than %d million ways: %zu of them have %s",
		     services ? "services" : "addresses", NODES_MOST >> 20,
		     around, services
		     ? service_text(classes->arena, classes->family,
				    (uint32_t)at) : address);
}

/* The pieces, each with its node for a class. */
static void sweep(struct classes *classes, struct tree *t,
		  const struct edge *edges, size_t count)
{
	size_t sets = classes->sets.count;
	struct signature s = {
		.rank = arena_array(t->scratch, sets + 1, sizeof *s.rank),
		.node = arena_array(t->scratch, sets + 1, sizeof *s.node) };

	*LIST_PUSH(t->scratch, &t->nodes) = (struct node){ 0 };
	classes->pieces = arena_array(classes->arena, count,
				      sizeof *classes->pieces);
	for (size_t i = 0; i < count;) {
		u128 from = edges[i].at;
		size_t first = i;
		uint32_t node;

		/* ends first: ranges of one set never touch */
		for (; i < count && edges[i].at == from; i++)
			if (edges[i].end)
				pass(&s, &edges[i]);
		for (size_t j = first; j < i; j++)
			if (!edges[j].end)
				pass(&s, &edges[j]);
		node = node_of(t, &s);
		if (t->nodes.count > NODES_MOST)
			refuse(classes, from, s.count);
		if (!node)
			continue;
		t->nodes.at[node].class = 1;
		classes->pieces[classes->piece_count++] = (struct piece){
			{ from, i < count ? edges[i].at - 1 : U128_MAX }, node };
	}
}

/* --- parents --- */

/* To begin with, the longest beginning of its signature that is a class. */
static void take_prefixes(struct tree *t)
{
	for (uint32_t n = 1; n < t->nodes.count; n++) {
		uint32_t above = t->nodes.at[n].above;

		/* nodes above have lower numbers: theirs are known */
		t->nodes.at[n].parent = t->nodes.at[above].class
			? above : t->nodes.at[above].parent;
	}
}

/*
 * Where sets cross, a neighbour is the better parent.  Going along the pieces,
 * those that no set has ended in since are alive: all sets around them are
 * around the piece at hand, and the last of them has the most.
 */
struct alive {
	struct tree *tree;
	uint32_t *node;
	size_t *place;
	size_t count;
	size_t *since;		/* by rank: the place where the set began */
};

static struct alive alive_in(struct tree *t, size_t pieces, size_t sets)
{
	return (struct alive){ t,
		arena_array(t->scratch, pieces, sizeof(uint32_t)),
		arena_array(t->scratch, pieces, sizeof(size_t)), 0,
		arena_array(t->scratch, sets, sizeof(size_t)) };
}

/* The set of RANK ended: what it was around is over. */
static void bury(struct alive *a, uint32_t rank)
{
	while (a->count && a->place[a->count - 1] >= a->since[rank])
		a->count--;
}

/* On to the piece of NODE at PLACE. */
static void visit(struct alive *a, uint32_t n, size_t place)
{
	struct node *nodes = a->tree->nodes.at;
	uint32_t last = a->count ? a->node[a->count - 1] : 0;

	if (last != n && nodes[last].depth > nodes[nodes[n].parent].depth)
		nodes[n].parent = last;
	a->node[a->count] = n;
	a->place[a->count++] = place;
}

static void look_left(const struct classes *classes, struct tree *t,
		      const struct edge *edges, size_t count)
{
	struct alive a = alive_in(t, classes->piece_count,
				  classes->sets.count);
	size_t i = 0;

	for (size_t p = 0; p < classes->piece_count; p++) {
		const struct piece *piece = &classes->pieces[p];

		for (; i < count && edges[i].at <= piece->range.lo; i++) {
			if (edges[i].end)
				bury(&a, edges[i].rank);
			else
				a.since[edges[i].rank] = p;
		}
		visit(&a, piece->class, p);
	}
}

static void look_right(const struct classes *classes, struct tree *t,
		       const struct edge *edges, size_t count)
{
	struct alive a = alive_in(t, classes->piece_count,
				  classes->sets.count);
	size_t i = count;

	for (size_t p = 0; p < classes->piece_count; p++) {
		const struct piece *piece = &classes->pieces[
			classes->piece_count - 1 - p];

		for (; i && edges[i - 1].at > piece->range.hi; i--) {
			if (edges[i - 1].end)
				a.since[edges[i - 1].rank] = p;
			else
				bury(&a, edges[i - 1].rank);
		}
		visit(&a, piece->class, p);
	}
}

/* --- numbering --- */

/* The nodes that are classes, depth first; children as they were first met. */
static uint32_t *numbered(struct classes *classes, struct tree *t)
{
	size_t count = t->nodes.count;
	uint32_t *child = arena_array(t->scratch, count, sizeof *child);
	uint32_t *sibling = arena_array(t->scratch, count, sizeof *sibling);
	uint32_t *order = arena_array(t->scratch, count, sizeof *order);
	uint32_t at = 0;

	for (uint32_t n = (uint32_t)count - 1; n > 0; n--) {
		uint32_t parent = t->nodes.at[n].parent;

		if (!t->nodes.at[n].class)
			continue;
		sibling[n] = child[parent];
		child[parent] = n;
	}
	for (;;) {
		if (at) {
			order[classes->count] = at;
			t->nodes.at[at].class = classes->count++;
		}
		if (child[at]) {
			at = child[at];
			continue;
		}
		while (at && !sibling[at])
			at = t->nodes.at[at].parent;
		if (!at)
			return order;
		at = sibling[at];
	}
}

static void find_parents(struct classes *classes, const struct tree *t,
			 const uint32_t *order)
{
	classes->parent = arena_array(classes->arena, classes->count,
				      sizeof *classes->parent);
	classes->end = arena_array(classes->arena, classes->count,
				   sizeof *classes->end);
	for (uint32_t c = classes->count; c-- > 0;) {
		uint32_t n = t->nodes.at[order[c]].parent;
		uint32_t parent = n ? t->nodes.at[n].class : NO_CLASS;

		if (classes->end[c] == 0)
			classes->end[c] = c + 1;
		classes->parent[c] = parent;
		if (n && classes->end[parent] < classes->end[c])
			classes->end[parent] = classes->end[c];
	}
}

/*
 * From one set that the class of node *N has and its parent, with what is
 * left of its signature at *ABOVE, has not to the next; false behind the last.
 */
static bool next_fresh(const struct tree *t, uint32_t *n, uint32_t *above,
		       uint32_t *rank)
{
	const struct node *nodes = t->nodes.at;

	while (*n != *above && *above &&
	       nodes[*n].rank == nodes[*above].rank) {
		*n = nodes[*n].above;
		*above = nodes[*above].above;
	}
	if (*n == *above)
		return false;
	*rank = nodes[*n].rank;
	*n = nodes[*n].above;
	return true;
}

/* CLASS, and so all that is below it, is in SET and its parent is not. */
static void join(struct classes *classes, uint32_t set, uint32_t class)
{
	struct numbers *tops = &classes->tops[set];
	struct runs *members = &classes->members[set];
	struct run *runs = (struct run *)members->at;

	((uint32_t *)tops->at)[tops->count++] = class;
	if (members->count && runs[members->count - 1].hi + 1 == class)
		runs[members->count - 1].hi = classes->end[class] - 1;
	else
		runs[members->count++] =
			(struct run){ class, classes->end[class] - 1 };
}

/* What is fresh in each class, and from that the tops and members of sets. */
static void find_members(struct classes *classes, const struct tree *t,
			 const uint32_t *order, const struct ranked *ranking)
{
	struct arena *arena = classes->arena;
	size_t sets = classes->sets.count, total = 0;
	size_t *first = arena_array(t->scratch, sets + 1, sizeof *first);
	uint32_t *fresh, *tops, n, above, rank;
	struct run *runs;

	for (uint32_t c = 0; c < classes->count; c++)
		for (n = order[c], above = t->nodes.at[n].parent;
		     next_fresh(t, &n, &above, &rank); total++)
			first[ranking[rank].id]++;
	fresh = arena_array(arena, total, sizeof *fresh);
	tops = arena_array(arena, total, sizeof *tops);
	runs = arena_array(arena, total, sizeof *runs);
	classes->fresh = arena_array(arena, classes->count,
				     sizeof *classes->fresh);
	classes->tops = arena_array(arena, sets, sizeof *classes->tops);
	classes->members = arena_array(arena, sets, sizeof *classes->members);
	for (size_t i = 0; i < sets; i++) {
		size_t count = first[i];

		classes->tops[i].at = tops;
		classes->members[i].at = runs;
		tops += count;
		runs += count;
	}
	for (uint32_t c = 0; c < classes->count; c++) {
		classes->fresh[c].at = fresh;
		for (n = order[c], above = t->nodes.at[n].parent;
		     next_fresh(t, &n, &above, &rank);) {
			*fresh++ = ranking[rank].id;
			classes->fresh[c].count++;
			join(classes, ranking[rank].id, c);
		}
	}
}

static void collect_parts(struct classes *classes, struct arena *scratch)
{
	size_t *fill = arena_array(scratch, classes->count + 1, sizeof *fill);
	struct range *all = arena_array(classes->arena, classes->piece_count,
					sizeof *all);

	classes->parts = arena_array(classes->arena, classes->count,
				     sizeof *classes->parts);
	for (size_t i = 0; i < classes->piece_count; i++)
		fill[classes->pieces[i].class + 1]++;
	for (uint32_t c = 0; c < classes->count; c++) {
		fill[c + 1] += fill[c];
		classes->parts[c].at = &all[fill[c]];
	}
	for (size_t i = 0; i < classes->piece_count; i++) {
		uint32_t c = classes->pieces[i].class;

		all[fill[c]++] = classes->pieces[i].range;
		classes->parts[c].count++;
	}
}

void classes_finish(struct classes *classes)
{
	struct arena *scratch = arena_child(classes->arena);
	const struct ranked *ranking = ranking_of(classes, scratch);
	struct tree tree = { .scratch = scratch };
	const uint32_t *order;
	size_t count;
	const struct edge *edges = edges_of(ranking, classes->sets.count,
					    scratch, &count);

	sweep(classes, &tree, edges, count);
	take_prefixes(&tree);
	look_left(classes, &tree, edges, count);
	look_right(classes, &tree, edges, count);
	order = numbered(classes, &tree);
	find_parents(classes, &tree, order);
	find_members(classes, &tree, order, ranking);
	for (size_t i = 0; i < classes->piece_count; i++)
		classes->pieces[i].class =
			tree.nodes.at[classes->pieces[i].class].class;
	collect_parts(classes, scratch);
	arena_free(scratch);
}

uint32_t classes_of(const struct classes *classes, u128 number)
{
	size_t lo = 0, hi = classes->piece_count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (classes->pieces[mid].range.hi < number)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == classes->piece_count ||
	    classes->pieces[lo].range.lo > number)
		return NO_CLASS;
	return classes->pieces[lo].class;
}

struct ranges classes_ranges(const struct classes *classes,
			     struct arena *arena, const struct run *runs,
			     size_t count)
{
	LIST(struct range) all = { 0 };

	for (size_t i = 0; i < count; i++)
		for (uint32_t c = runs[i].lo; c <= runs[i].hi; c++)
			for (size_t k = 0; k < classes->parts[c].count; k++)
				*LIST_PUSH(arena, &all) =
					classes->parts[c].at[k];
	return ranges_of(arena, all.at, all.count);
}
