/*
 * How to read this file: meet() and without() are school arithmetic on sorted
 * ranges; leftover() is the whole idea; the rest asks it of each box of each
 * side.
 */
#include "compiler/recheck.h"

#include <string.h>

enum { DEPTH_MOST = 10000 };	/* cuts of one piece, one inside the other */
#define WORK_MOST (UINT64_C(1) << 32)	/* boxes looked at, for one question */

/* --- ranges: ascending, disjoint, both ends belong to them --- */

static bool touch(struct ranges a, struct ranges b)
{
	for (size_t i = 0, j = 0; i < a.count && j < b.count;) {
		if (a.at[i].hi < b.at[j].lo)
			i++;
		else if (b.at[j].hi < a.at[i].lo)
			j++;
		else
			return true;
	}
	return false;
}

/* What is in A and in B. */
static struct ranges meet(struct arena *arena, struct ranges a,
			  struct ranges b)
{
	struct range *at = arena_array(arena, a.count + b.count, sizeof *at);
	size_t n = 0;

	for (size_t i = 0, j = 0; i < a.count && j < b.count;) {
		struct range x = a.at[i], y = b.at[j];
		struct range both = { x.lo > y.lo ? x.lo : y.lo,
				      x.hi < y.hi ? x.hi : y.hi };

		if (both.lo <= both.hi)
			at[n++] = both;
		if (x.hi < y.hi)
			i++;
		else
			j++;
	}
	return (struct ranges){ at, n };
}

/* What is in A and not in B. */
static struct ranges without(struct arena *arena, struct ranges a,
			     struct ranges b)
{
	struct range *at = arena_array(arena, a.count + b.count, sizeof *at);
	size_t n = 0, j = 0;

	for (size_t i = 0; i < a.count; i++) {
		u128 lo = a.at[i].lo, hi = a.at[i].hi;
		bool left = true;

		while (j < b.count && b.at[j].hi < lo)
			j++;
		for (size_t k = j; left && k < b.count && b.at[k].lo <= hi;
		     k++) {
			if (b.at[k].lo > lo)
				at[n++] = (struct range){ lo, b.at[k].lo - 1 };
			left = b.at[k].hi < hi;
			lo = b.at[k].hi + 1;
		}
		if (left)
			at[n++] = (struct range){ lo, hi };
	}
	return (struct ranges){ at, n };
}

/* --- boxes --- */

struct question {
	struct arena *arena;
	const struct boxes *outer;
	uint64_t work;
	struct box left;	/* in no box of OUTER */
};

static bool is_nothing(const struct box *b)
{
	return !b->src.count || !b->dst.count || !b->svc.count;
}

static bool boxes_touch(const struct box *a, const struct box *b)
{
	return touch(a->svc, b->svc) && touch(a->src, b->src) &&
	       touch(a->dst, b->dst);
}

/*
 * Is all of PIECE in the boxes from number FROM on?  The first box that it
 * touches cuts it in three: other sources; same sources, other destinations;
 * same both, other services.  What is the same in all three is covered.
 */
static enum recheck leftover(struct question *q, struct box piece, size_t from,
			     unsigned depth)
{
	const struct boxes *outer = q->outer;

	if (depth > DEPTH_MOST)
		return RECHECK_GAVE_UP;
	while (!is_nothing(&piece)) {
		struct box other = piece, same = piece;
		const struct box *cover;
		enum recheck answer;

		while (from < outer->count &&
		       !boxes_touch(&piece, &outer->at[from])) {
			from++;
			q->work++;
		}
		if (from == outer->count) {
			q->left = piece;
			return RECHECK_DIFFERS;
		}
		if (++q->work > WORK_MOST)
			return RECHECK_GAVE_UP;
		cover = &outer->at[from++];
		same.src = meet(q->arena, piece.src, cover->src);
		other.src = same.src;
		other.dst = without(q->arena, piece.dst, cover->dst);
		answer = leftover(q, other, from, depth + 1);
		if (answer != RECHECK_HOLDS)
			return answer;
		same.dst = meet(q->arena, piece.dst, cover->dst);
		same.svc = without(q->arena, piece.svc, cover->svc);
		answer = leftover(q, same, from, depth + 1);
		if (answer != RECHECK_HOLDS)
			return answer;
		piece.src = without(q->arena, piece.src, cover->src);
	}
	return RECHECK_HOLDS;
}

enum recheck recheck_within(struct arena *arena, enum family family,
			    const struct boxes *inner,
			    const struct boxes *outer, struct packet *out)
{
	struct question q = { .outer = outer };
	enum recheck answer = RECHECK_HOLDS;

	for (size_t i = 0; i < inner->count && answer == RECHECK_HOLDS; i++) {
		q.arena = arena_child(arena);
		answer = leftover(&q, inner->at[i], 0, 0);
		if (answer == RECHECK_DIFFERS)
			*out = (struct packet){ family, q.left.src.at[0].lo,
						q.left.dst.at[0].lo,
						(uint32_t)q.left.svc.at[0].lo };
		arena_free(q.arena);
	}
	return answer;
}

/* --- sides --- */

static enum recheck ask(struct arena *arena, const struct side *side,
			const struct boxes *inner, const struct boxes *outer,
			enum difference_kind kind, struct difference *out)
{
	*out = (struct difference){ .kind = kind, .label = side->label };
	return recheck_within(arena, side->family, inner, outer, &out->packet);
}

enum recheck recheck_bounds(struct arena *arena, const struct sides *sides,
			    struct difference *out)
{
	enum recheck answer = RECHECK_HOLDS;

	for (size_t i = 0; i < sides->count && answer == RECHECK_HOLDS; i++) {
		const struct side *s = &sides->at[i];

		answer = ask(arena, s, &s->admitted, &s->may, DIFFERENCE_EXTRA,
			     out);
		if (answer == RECHECK_HOLDS)
			answer = ask(arena, s, &s->must, &s->admitted,
				     DIFFERENCE_MISSING, out);
	}
	return answer;
}

static const struct side *twin_of(const struct side *side,
				  const struct sides *sides)
{
	for (size_t i = 0; i < sides->count; i++)
		if (sides->at[i].family == side->family &&
		    strcmp(sides->at[i].label, side->label) == 0)
			return &sides->at[i];
	return NULL;
}

/* A side without a twin whose MUST is its MAY is bound to one set already. */
static enum recheck all_within(struct arena *arena, const struct sides *a,
			       const struct sides *b,
			       enum difference_kind kind,
			       struct difference *out)
{
	static const struct boxes nothing;
	enum recheck answer = RECHECK_HOLDS;

	for (size_t i = 0; i < a->count && answer == RECHECK_HOLDS; i++) {
		const struct side *s = &a->at[i], *twin = twin_of(s, b);

		if (twin || s->must.at != s->may.at ||
		    s->must.count != s->may.count)
			answer = ask(arena, s, &s->admitted,
				     twin ? &twin->admitted : &nothing, kind,
				     out);
	}
	return answer;
}

enum recheck recheck_same(struct arena *arena, const struct sides *found,
			  const struct sides *expected,
			  struct difference *out)
{
	enum recheck answer = all_within(arena, found, expected,
					 DIFFERENCE_EXTRA, out);

	return answer != RECHECK_HOLDS ? answer
		: all_within(arena, expected, found, DIFFERENCE_MISSING, out);
}
