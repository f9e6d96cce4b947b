/* Lists of boxes, asked without holding sets: what is asked once has its own universe. */
#include "compiler/pset.h"

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
