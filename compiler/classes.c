/*
 * A sweep over the edges of all sets keeps the signature of its place; only
 * the end of it that changed is looked up again in the tree.
 */
#include "compiler/classes.h"

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
	at = table_at(&classes->ids, set.count ? (const void *)set.at : "",
		      set.count * sizeof *set.at);
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
	uint32_t class;		/* while sweeping: 1 when some number has it */
};

struct tree {
	struct arena *scratch;
	const char *what;
	LIST(struct node) nodes;	/* the first is the empty signature */
	uint32_t *slots;		/* a node each, or 0; open addressing */
	size_t cap;
};

/* Beyond this, sets overlap as no policy's do, and all else would be larger. */
enum { NODES_MOST = 4 << 20 };

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
	if (t->nodes.count >= NODES_MOST)
		arena_refuse(t->scratch,
			     "sets of %s overlap in more than %d million ways",
			     t->what, NODES_MOST >> 20);
	*LIST_PUSH(t->scratch, &t->nodes) = (struct node){ above, rank, 0 };
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
		if (!node)
			continue;
		t->nodes.at[node].class = 1;
		classes->pieces[classes->piece_count++] = (struct piece){
			{ from, i < count ? edges[i].at - 1 : U128_MAX }, node };
	}
}

/* --- numbering --- */

/* What the numbering of one tree needs, by node. */
struct numbering {
	const struct tree *tree;
	uint32_t *child, *sibling;	/* 0: none */
	uint32_t *order;		/* nodes as they are numbered */
	uint32_t *lo, *hi;		/* the classes at and below: LO to HI - 1 */
};

/* Children are in the order of their lowest numbers: nodes were made so. */
static struct numbering numbering_of(const struct tree *t)
{
	size_t count = t->nodes.count, n = 0;
	struct numbering to = { .tree = t };
	uint32_t at = 0;

	to.child = arena_array(t->scratch, count, sizeof *to.child);
	to.sibling = arena_array(t->scratch, count, sizeof *to.sibling);
	to.order = arena_array(t->scratch, count, sizeof *to.order);
	to.lo = arena_array(t->scratch, count, sizeof *to.lo);
	to.hi = arena_array(t->scratch, count, sizeof *to.hi);
	for (uint32_t i = (uint32_t)count - 1; i > 0; i--) {
		uint32_t above = t->nodes.at[i].above;

		to.sibling[i] = to.child[above];
		to.child[above] = i;
	}
	for (;;) {
		to.order[n++] = at;
		if (to.child[at]) {
			at = to.child[at];
			continue;
		}
		while (at && !to.sibling[at])
			at = t->nodes.at[at].above;
		if (!at)
			return to;
		at = to.sibling[at];
	}
}

static void number(struct classes *classes, struct tree *t,
		   struct numbering *to)
{
	for (size_t i = 0; i < t->nodes.count; i++) {
		struct node *node = &t->nodes.at[to->order[i]];

		to->lo[to->order[i]] = classes->count;
		if (node->class)
			node->class = classes->count++;
		else
			node->class = NO_CLASS;
	}
	for (size_t i = t->nodes.count; i-- > 0;) {
		uint32_t n = to->order[i], above = t->nodes.at[n].above;

		if (to->hi[n] < to->lo[n] + (t->nodes.at[n].class != NO_CLASS))
			to->hi[n] = to->lo[n] + 1;
		if (n && to->hi[above] < to->hi[n])
			to->hi[above] = to->hi[n];
	}
}

/* The nearest node above N that is a class, or the empty signature. */
static uint32_t class_above(const struct tree *t, uint32_t n)
{
	do
		n = t->nodes.at[n].above;
	while (n && t->nodes.at[n].class == NO_CLASS);
	return n;
}

static void find_parents(struct classes *classes, const struct numbering *to)
{
	const struct tree *t = to->tree;

	classes->parent = arena_array(classes->arena, classes->count,
				      sizeof *classes->parent);
	classes->end = arena_array(classes->arena, classes->count,
				   sizeof *classes->end);
	for (uint32_t n = 1; n < t->nodes.count; n++) {
		uint32_t class = t->nodes.at[n].class, above;

		if (class == NO_CLASS)
			continue;
		above = class_above(t, n);
		classes->parent[class] = above ? t->nodes.at[above].class
					       : NO_CLASS;
		classes->end[class] = to->hi[n];
	}
}

static void find_members(struct classes *classes, const struct numbering *to,
			 const struct ranked *ranking)
{
	const struct tree *t = to->tree;
	size_t sets = classes->sets.count;
	size_t *first = arena_array(t->scratch, sets + 2, sizeof *first);
	struct run *all = arena_array(classes->arena, t->nodes.count,
				      sizeof *all);

	for (size_t i = 1; i < t->nodes.count; i++)
		first[t->nodes.at[i].rank + 2]++;
	for (size_t r = 0; r < sets; r++)
		first[r + 2] += first[r + 1];
	classes->members = arena_array(classes->arena, sets,
				       sizeof *classes->members);
	for (size_t r = 0; r < sets; r++)
		classes->members[ranking[r].id].at = &all[first[r + 1]];
	for (size_t i = 1; i < t->nodes.count; i++) {
		uint32_t n = to->order[i], rank = t->nodes.at[n].rank;
		struct runs *runs = &classes->members[ranking[rank].id];
		struct run *next = &all[first[rank + 1]];

		if (runs->count && next[-1].hi + 1 == to->lo[n]) {
			next[-1].hi = to->hi[n] - 1;
			continue;
		}
		*next = (struct run){ to->lo[n], to->hi[n] - 1 };
		first[rank + 1]++;
		runs->count++;
	}
}

/* What is fresh in each class, and from that the tops of each set. */
static void find_tops(struct classes *classes, const struct tree *t,
		      const struct ranked *ranking)
{
	struct arena *arena = classes->arena;
	size_t sets = classes->sets.count, total = 0;
	size_t *first = arena_array(t->scratch, sets + 2, sizeof *first);
	uint32_t *fresh, *tops;

	for (uint32_t n = 1; n < t->nodes.count; n++)
		if (t->nodes.at[n].class != NO_CLASS)
			for (uint32_t m = n, end = class_above(t, n); m != end;
			     m = t->nodes.at[m].above, total++)
				first[ranking[t->nodes.at[m].rank].id + 2]++;
	fresh = arena_array(arena, total, sizeof *fresh);
	tops = arena_array(arena, total, sizeof *tops);
	classes->fresh = arena_array(arena, classes->count,
				     sizeof *classes->fresh);
	classes->tops = arena_array(arena, sets, sizeof *classes->tops);
	for (size_t i = 0; i < sets; i++) {
		classes->tops[i] = (struct numbers){ &tops[first[i + 1]],
						     first[i + 2] };
		first[i + 2] += first[i + 1];
	}
	for (uint32_t n = 1; n < t->nodes.count; n++) {
		uint32_t class = t->nodes.at[n].class;

		if (class == NO_CLASS)
			continue;
		classes->fresh[class].at = fresh;
		for (uint32_t m = n, end = class_above(t, n); m != end;
		     m = t->nodes.at[m].above) {
			uint32_t set = ranking[t->nodes.at[m].rank].id;

			*fresh++ = set;
			tops[first[set + 1]++] = class;
			classes->fresh[class].count++;
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
	struct tree tree = { .scratch = scratch, .what = classes->what };
	struct numbering numbering;
	size_t count;
	const struct edge *edges = edges_of(ranking, classes->sets.count,
					    scratch, &count);

	sweep(classes, &tree, edges, count);
	numbering = numbering_of(&tree);
	number(classes, &tree, &numbering);
	find_parents(classes, &numbering);
	find_members(classes, &numbering, ranking);
	find_tops(classes, &tree, ranking);
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
