/*
 * A sweep along the field in which the fewest boxes meet, and a forest of boxes
 * that found each other.
 */
#include "backends/nft/cluster.h"

#include <stdlib.h>

/* A box by the first and last of its values in one field. */
struct stretch {
	struct range range;
	size_t box;
};

enum field { SOURCES, DESTINATIONS, SERVICES, FIELDS };

static struct ranges field_of(const struct box *box, enum field field)
{
	switch (field) {
	case SOURCES:	   return box->src;
	case DESTINATIONS: return box->dst;
	case SERVICES:
	case FIELDS:
		break;
	}
	return box->svc;
}

static int by_beginning(const void *x, const void *y)
{
	const struct stretch *a = x, *b = y;

	if (a->range.lo != b->range.lo)
		return a->range.lo < b->range.lo ? -1 : 1;
	return (a->box > b->box) - (a->box < b->box);
}

static struct stretch *line_up(struct arena *arena, const struct boxes *boxes,
			       enum field field)
{
	struct stretch *out = arena_array(arena, boxes->count, sizeof *out);

	for (size_t i = 0; i < boxes->count; i++) {
		struct ranges r = field_of(&boxes->at[i], field);

		out[i] = (struct stretch){
			{ r.at[0].lo, r.at[r.count - 1].hi }, i };
	}
	qsort(out, boxes->count, sizeof *out, by_beginning);
	return out;
}

/* How many of COUNT stretches, from AT on in order, begin up to LAST? */
static size_t begun(const struct stretch *at, size_t count, u128 last)
{
	size_t lo = 0, hi = count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (at[mid].range.lo <= last)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The pairs among COUNT that a sweep has to look at. */
static size_t pairs_among(const struct stretch *at, size_t count)
{
	size_t pairs = 0;

	for (size_t i = 0; i + 1 < count; i++)
		pairs += begun(at + i + 1, count - i - 1, at[i].range.hi);
	return pairs;
}

static struct stretch *best_line(struct arena *arena,
				 const struct boxes *boxes)
{
	struct stretch *best = NULL;
	size_t least = SIZE_MAX;

	for (enum field field = SOURCES; field < FIELDS; field++) {
		struct stretch *line = line_up(arena, boxes, field);
		size_t pairs = pairs_among(line, boxes->count);

		if (best && pairs >= least)
			continue;
		best = line;
		least = pairs;
	}
	return best;
}

/* The root of the tree that I is in; halves the way for the next call. */
static size_t root_of(size_t *parents, size_t i)
{
	while (parents[i] != i)
		i = parents[i] = parents[parents[i]];
	return i;
}

static void join(size_t *parents, size_t a, size_t b)
{
	a = root_of(parents, a);
	b = root_of(parents, b);
	if (a < b)
		parents[b] = a;
	else
		parents[a] = b;
}

const size_t *nft_clusters_of(struct arena *arena, const struct boxes *boxes)
{
	const struct stretch *sorted = best_line(arena, boxes);
	struct stretch *open = arena_array(arena, boxes->count, sizeof *open);
	size_t *parents = arena_array(arena, boxes->count, sizeof *parents);
	size_t open_count = 0;

	for (size_t i = 0; i < boxes->count; i++)
		parents[i] = i;
	for (size_t i = 0; i < boxes->count; i++) {
		const struct box *box = &boxes->at[sorted[i].box];
		size_t kept = 0;

		for (size_t j = 0; j < open_count; j++) {
			if (open[j].range.hi < sorted[i].range.lo)
				continue;
			if (box_touches(&boxes->at[open[j].box], box))
				join(parents, open[j].box, sorted[i].box);
			open[kept++] = open[j];
		}
		open[kept++] = sorted[i];
		open_count = kept;
	}
	for (size_t i = 0; i < boxes->count; i++)
		parents[i] = root_of(parents, i);
	return parents;
}
