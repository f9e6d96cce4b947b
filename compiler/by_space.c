/* A counting sort. */
#include "compiler/by_space.h"

struct by_space by_space_of(struct arena *arena, size_t spaces,
			    const struct ir_claim_box *boxes, size_t count)
{
	struct by_space by = { boxes,
		arena_array(arena, spaces + 2, sizeof *by.first),
		arena_array(arena, count, sizeof *by.order) };

	for (size_t i = 0; i < count; i++)
		by.first[boxes[i].space + 2]++;
	for (size_t s = 2; s < spaces + 2; s++)
		by.first[s] += by.first[s - 1];
	for (size_t i = 0; i < count; i++)
		by.order[by.first[boxes[i].space + 1]++] = (uint32_t)i;
	return by;
}

struct boxes by_space_in(const struct by_space *by, struct arena *arena,
			 uint32_t space, enum family family)
{
	struct boxes out = { 0 };

	for (uint32_t i = by->first[space]; i < by->first[space + 1]; i++) {
		const struct ir_claim_box *b = &by->boxes[by->order[i]];

		if (b->family == family)
			boxes_add(arena, &out, b->src, b->dst, b->svc);
	}
	return out;
}
