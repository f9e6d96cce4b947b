/*
 * A sweep along one field: only elements that are open at the same place are
 * compared.  The field is the one with the most different beginnings, so that
 * few are.
 */
#include "backends/nft/overlap.h"

#include <stdlib.h>

/* An element's range in the field of the sweep, sorted by where it begins. */
struct stretch {
	struct range range;
	const struct nft_element *element;
};

static int by_beginning(const void *x, const void *y)
{
	const struct stretch *a = x, *b = y;

	return (a->range.lo > b->range.lo) - (a->range.lo < b->range.lo);
}

static void line_up(const struct nft_set *set, unsigned field,
		    struct stretch *out)
{
	for (size_t i = 0; i < set->elements.count; i++) {
		const struct nft_element *e = &set->elements.at[i];

		out[i] = (struct stretch){ e->key[field], e };
	}
	qsort(out, set->elements.count, sizeof *out, by_beginning);
}

static size_t beginnings(const struct stretch *sorted, size_t count)
{
	size_t different = count != 0;

	for (size_t i = 1; i < count; i++)
		different += sorted[i].range.lo != sorted[i - 1].range.lo;
	return different;
}

static bool overlap(const struct nft_set *set, const struct nft_element *a,
		    const struct nft_element *b)
{
	for (unsigned i = 0; i < set->width; i++)
		if (a->key[i].hi < b->key[i].lo || b->key[i].hi < a->key[i].lo)
			return false;
	return true;
}

const struct nft_element *nft_set_overlap(struct arena *arena,
					  const struct nft_set *set)
{
	size_t count = set->elements.count, most = 0, open_count = 0;
	struct stretch *sorted = arena_array(arena, count, sizeof *sorted);
	struct stretch *open = arena_array(arena, count, sizeof *open);
	unsigned best = 0;

	for (unsigned field = 0; field < set->width; field++) {
		line_up(set, field, sorted);
		if (beginnings(sorted, count) <= most)
			continue;
		most = beginnings(sorted, count);
		best = field;
	}
	line_up(set, best, sorted);
	for (size_t i = 0; i < count; i++) {
		size_t kept = 0;

		for (size_t j = 0; j < open_count; j++) {
			if (open[j].range.hi < sorted[i].range.lo)
				continue;
			if (overlap(set, open[j].element, sorted[i].element))
				return sorted[i].element;
			open[kept++] = open[j];
		}
		open[kept++] = sorted[i];
		open_count = kept;
	}
	return NULL;
}
