/*
 * Every proof is one or two inclusions of sets of packets.
 */
#include "compiler/prove.h"

#include <string.h>

static bool differs(struct difference *out, enum difference_kind kind,
		    const char *label, const struct packet *packet)
{
	*out = (struct difference){ kind, label, *packet };
	return false;
}

static bool same_list(const struct boxes *a, const struct boxes *b)
{
	return a->at == b->at && a->count == b->count;
}

/* One universe for all three lists; an extra packet is told before a missing one. */
static bool prove_side(struct arena *arena, const struct side *s,
		       struct difference *out)
{
	const struct boxes *lists[] = { &s->admitted, &s->must, &s->may };
	struct universe *u = universe_of(arena, s->family, lists, 3);
	struct pset admitted = pset_of(u, &s->admitted);
	struct pset must = pset_of(u, &s->must);
	struct pset may = same_list(&s->must, &s->may) ? must
						       : pset_of(u, &s->may);
	struct packet p;

	/* most often all three are one set */
	if (pset_equal(u, admitted, must) && pset_equal(u, must, may))
		return true;
	if (pset_witness(u, pset_minus(u, admitted, may), &p))
		return differs(out, DIFFERENCE_EXTRA, s->label, &p);
	if (pset_witness(u, pset_minus(u, must, admitted), &p))
		return differs(out, DIFFERENCE_MISSING, s->label, &p);
	return true;
}

/* Is S, list by list, a side that was proved already? */
static bool is_proved(const struct sides *sides, size_t count,
		      const struct side *s)
{
	for (size_t i = 0; i < count; i++)
		if (sides->at[i].family == s->family &&
		    same_list(&sides->at[i].admitted, &s->admitted) &&
		    same_list(&sides->at[i].must, &s->must) &&
		    same_list(&sides->at[i].may, &s->may))
			return true;
	return false;
}

bool prove_bounds(struct arena *arena, const struct sides *sides,
		  struct difference *out)
{
	for (size_t i = 0; i < sides->count; i++) {
		struct arena *scratch;
		bool good;

		if (is_proved(sides, i, &sides->at[i]))
			continue;
		scratch = arena_child(arena);
		good = prove_side(scratch, &sides->at[i], out);
		arena_free(scratch);
		if (!good)
			return false;
	}
	return true;
}

const struct side *prove_twin(const struct sides *sides,
			      const struct side *as, size_t guess)
{
	for (size_t k = 0; k < sides->count; k++) {
		const struct side *s = &sides->at[(guess + k) % sides->count];

		if (s->family == as->family && strcmp(s->label, as->label) == 0)
			return s;
	}
	return NULL;
}

/*
 * Is every side of A within its twin in B?  One without a twin that is bound
 * from both sides by one set needs none: prove_bounds() says whether it is
 * exactly that set.
 */
static bool within(struct arena *arena, const struct sides *a,
		   const struct sides *b, enum difference_kind kind,
		   struct difference *out)
{
	static const struct boxes nothing;
	struct packet p;

	for (size_t i = 0; i < a->count; i++) {
		const struct side *s = &a->at[i], *twin = prove_twin(b, s, i);

		if (!twin && same_list(&s->must, &s->may))
			continue;
		if (!boxes_within(arena, s->family, &s->admitted,
				  twin ? &twin->admitted : &nothing, &p))
			return differs(out, kind, s->label, &p);
	}
	return true;
}

bool prove_same(struct arena *arena, const struct sides *found,
		const struct sides *expected, struct difference *out)
{
	return within(arena, found, expected, DIFFERENCE_EXTRA, out) &&
	       within(arena, expected, found, DIFFERENCE_MISSING, out);
}
