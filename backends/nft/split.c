/*
 * Elements sorted along a field fall apart wherever none of them straddles.
 * The widest, which straddle everything, are taken out first: how wide is too
 * wide is tried from one power of two to the next.
 */
#include "backends/nft/split.h"

#include <stdlib.h>
#include <string.h>

enum { FIELDS = 2, WIDTHS = 129 };	/* 1, 2, 4, ... 2^128 addresses */

/* An element by its range in the field. */
struct stretch {
	struct range range;
	size_t element;
};

static int by_beginning(const void *x, const void *y)
{
	const struct stretch *a = x, *b = y;

	if (a->range.lo != b->range.lo)
		return a->range.lo < b->range.lo ? -1 : 1;
	return (a->element > b->element) - (a->element < b->element);
}

static struct stretch *line_up(struct arena *arena,
			       const struct nft_element *elements,
			       size_t count, unsigned field)
{
	struct stretch *out = arena_array(arena, count, sizeof *out);

	for (size_t i = 0; i < count; i++)
		out[i] = (struct stretch){ elements[i].key[field], i };
	qsort(out, count, sizeof *out, by_beginning);
	return out;
}

/* Has R more than 2^WIDTH addresses? */
static bool is_wide(struct range r, unsigned width)
{
	return width < 128 && (r.hi - r.lo) >> width != 0;
}

/* Narrow elements between two places without any. */
struct run {
	struct range range;
	size_t first, count;	/* in the order of the line; wide ones not counted */
};

/* The run from the AT-th on; false when there is none left. */
static bool next_run(const struct stretch *line, size_t count, unsigned width,
		     size_t *at, struct run *out)
{
	while (*at < count && is_wide(line[*at].range, width))
		++*at;
	if (*at == count)
		return false;
	*out = (struct run){ line[*at].range, *at, 0 };
	for (; *at < count; ++*at) {
		if (is_wide(line[*at].range, width))
			continue;
		if (line[*at].range.lo > out->range.hi && out->count)
			return true;
		if (line[*at].range.hi > out->range.hi)
			out->range.hi = line[*at].range.hi;
		out->count++;
	}
	return true;
}

/* The most that has to be looked through with this cut. */
static size_t cost_of(const struct stretch *line, size_t count, unsigned width)
{
	size_t wide = 0, most = 0, at = 0;
	struct run run;

	for (size_t i = 0; i < count; i++)
		wide += is_wide(line[i].range, width);
	while (next_run(line, count, width, &at, &run))
		most = run.count > most ? run.count : most;
	return most > NFT_BUCKET ? most + wide : NFT_BUCKET + wide;
}

/* Runs put together as long as they fit into one part. */
static void build(struct arena *arena, struct nft_element *elements,
		  const struct stretch *line, size_t count, unsigned width,
		  struct nft_split *out)
{
	struct nft_element *sorted = arena_array(arena, count, sizeof *sorted);
	struct nft_part *part = NULL;
	size_t at = 0, filled = 0;
	struct run run;

	while (next_run(line, count, width, &at, &run)) {
		if (!part || part->count + run.count > NFT_BUCKET) {
			part = LIST_PUSH(arena, &out->parts);
			part->at = &sorted[filled];
			part->range.lo = run.range.lo;
		}
		part->range.hi = run.range.hi;
		part->count += run.count;
		for (size_t i = run.first; i < at; i++)
			if (!is_wide(line[i].range, width))
				sorted[filled++] = elements[line[i].element];
	}
	out->wide = &sorted[filled];
	out->wide_count = count - filled;
	for (size_t i = 0; i < count; i++)
		if (is_wide(line[i].range, width))
			sorted[filled++] = elements[line[i].element];
}

/* Which widths have an element that no narrower one has?  Others change nothing. */
static void mark_widths(const struct stretch *line, size_t count,
			bool found[WIDTHS])
{
	for (size_t i = 0; i < count; i++) {
		u128 span = line[i].range.hi - line[i].range.lo;
		unsigned width = 0;

		while (span) {
			span >>= 1;
			width++;
		}
		found[width] = true;
	}
}

bool nft_split(struct arena *arena, struct nft_element *elements, size_t count,
	       struct nft_split *out)
{
	struct stretch *lines[FIELDS];
	size_t best = count;
	unsigned best_width = 0;

	for (unsigned field = 0; field < FIELDS; field++) {
		bool found[WIDTHS] = { false };

		lines[field] = line_up(arena, elements, count, field);
		mark_widths(lines[field], count, found);
		for (unsigned width = 0; width < WIDTHS; width++) {
			size_t cost = found[width]
				? cost_of(lines[field], count, width) : count;

			if (cost >= best)
				continue;
			best = cost;
			best_width = width;
			out->field = field;
		}
	}
	if (best > count - count / 4)
		return false;
	build(arena, elements, lines[out->field], count, best_width, out);
	return true;
}
