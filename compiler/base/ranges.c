/*
 * Set algebra by one sweep over both lists.  Union, meet and minus are the
 * same walk with another rule for which side must be inside.
 */
#include "compiler/base/ranges.h"

#include <stdlib.h>
#include <string.h>

static int by_start(const void *x, const void *y)
{
	const struct range *a = x, *b = y;

	if (a->lo != b->lo)
		return a->lo < b->lo ? -1 : 1;
	return (a->hi > b->hi) - (a->hi < b->hi);
}

/* No number lies between BELOW and R, or they overlap. */
static bool joins(const struct range *below, const struct range *r)
{
	return below->hi == U128_MAX || r->lo <= below->hi + 1;
}

/* Append R, whose start is not below any start before it. */
static void push(struct range *at, size_t *count, struct range r)
{
	if (*count && joins(&at[*count - 1], &r)) {
		if (r.hi > at[*count - 1].hi)
			at[*count - 1].hi = r.hi;
		return;
	}
	at[(*count)++] = r;
}

struct ranges ranges_of(struct arena *arena, const struct range *some,
			size_t count)
{
	struct range *at = arena_array(arena, count, sizeof *at);
	size_t kept = 0;

	if (!count)
		return NO_RANGES;
	memcpy(at, some, count * sizeof *at);
	qsort(at, count, sizeof *at, by_start);
	for (size_t i = 0; i < count; i++)
		push(at, &kept, at[i]);
	return (struct ranges){ at, kept };
}

struct ranges ranges_one(struct arena *arena, u128 lo, u128 hi)
{
	struct range r = { lo, hi };

	return ranges_of(arena, &r, 1);
}

struct ranges ranges_union(struct arena *arena, struct ranges a,
			   struct ranges b)
{
	struct range *at;
	size_t i = 0, j = 0, count = 0;

	if (!a.count)
		return b;
	if (!b.count)
		return a;
	at = arena_array(arena, a.count + b.count, sizeof *at);
	while (i < a.count || j < b.count) {
		if (j == b.count || (i < a.count && a.at[i].lo <= b.at[j].lo))
			push(at, &count, a.at[i++]);
		else
			push(at, &count, b.at[j++]);
	}
	return (struct ranges){ at, count };
}

struct ranges ranges_meet(struct arena *arena, struct ranges a,
			  struct ranges b)
{
	struct range *at;
	size_t i = 0, j = 0, count = 0;

	if (!ranges_touch(a, b))
		return NO_RANGES;
	at = arena_array(arena, a.count + b.count, sizeof *at);
	while (i < a.count && j < b.count) {
		const struct range *x = &a.at[i], *y = &b.at[j];
		struct range r = { x->lo > y->lo ? x->lo : y->lo,
				   x->hi < y->hi ? x->hi : y->hi };

		if (r.lo <= r.hi)
			at[count++] = r;
		if (x->hi < y->hi)
			i++;
		else
			j++;
	}
	return (struct ranges){ at, count };
}

struct ranges ranges_minus(struct arena *arena, struct ranges a,
			   struct ranges b)
{
	struct range *at;
	size_t j = 0, count = 0;

	if (!ranges_touch(a, b))
		return a;
	at = arena_array(arena, a.count + b.count, sizeof *at);
	for (size_t i = 0; i < a.count; i++) {
		struct range rest = a.at[i];
		bool gone = false;

		while (j < b.count && b.at[j].hi < rest.lo)
			j++;
		for (size_t k = j; k < b.count && b.at[k].lo <= rest.hi; k++) {
			if (b.at[k].lo > rest.lo)
				at[count++] = (struct range){ rest.lo,
							      b.at[k].lo - 1 };
			if (b.at[k].hi >= rest.hi) {
				gone = true;
				break;
			}
			rest.lo = b.at[k].hi + 1;
		}
		if (!gone)
			at[count++] = rest;
	}
	return (struct ranges){ at, count };
}

bool ranges_empty(struct ranges a)
{
	return a.count == 0;
}

bool ranges_equal(struct ranges a, struct ranges b)
{
	if (a.count != b.count)
		return false;
	for (size_t i = 0; i < a.count; i++)
		if (a.at[i].lo != b.at[i].lo || a.at[i].hi != b.at[i].hi)
			return false;
	return true;
}

/* Index of the first range that ends at or behind NUMBER. */
static size_t first_from(struct ranges a, u128 number)
{
	size_t lo = 0, hi = a.count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (a.at[mid].hi < number)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool ranges_have(struct ranges a, u128 number)
{
	size_t i = first_from(a, number);

	return i < a.count && a.at[i].lo <= number;
}

bool ranges_include(struct ranges outer, struct ranges inner)
{
	for (size_t j = 0; j < inner.count; j++) {
		size_t i = first_from(outer, inner.at[j].hi);

		if (i == outer.count || outer.at[i].lo > inner.at[j].lo)
			return false;
	}
	return true;
}

bool ranges_touch(struct ranges a, struct ranges b)
{
	size_t i = 0, j = 0;

	if (!a.count || !b.count || a.at[0].lo > b.at[b.count - 1].hi ||
	    b.at[0].lo > a.at[a.count - 1].hi)
		return false;
	i = first_from(a, b.at[0].lo);
	while (i < a.count && j < b.count) {
		if (a.at[i].hi < b.at[j].lo)
			i++;
		else if (b.at[j].hi < a.at[i].lo)
			j++;
		else
			return true;
	}
	return false;
}

u128 ranges_size(struct ranges a)
{
	u128 size = 0;

	for (size_t i = 0; i < a.count; i++) {
		u128 less_one = a.at[i].hi - a.at[i].lo;

		if (less_one >= U128_MAX - size)
			return U128_MAX;
		size += less_one + 1;
	}
	return size;
}

struct both both_union(struct arena *arena, struct both a, struct both b)
{
	return (struct both){ { ranges_union(arena, a.of[IPV4], b.of[IPV4]),
				ranges_union(arena, a.of[IPV6], b.of[IPV6]) } };
}

struct both both_meet(struct arena *arena, struct both a, struct both b)
{
	return (struct both){ { ranges_meet(arena, a.of[IPV4], b.of[IPV4]),
				ranges_meet(arena, a.of[IPV6], b.of[IPV6]) } };
}

struct both both_minus(struct arena *arena, struct both a, struct both b)
{
	return (struct both){ { ranges_minus(arena, a.of[IPV4], b.of[IPV4]),
				ranges_minus(arena, a.of[IPV6], b.of[IPV6]) } };
}

bool both_empty(struct both a)
{
	return ranges_empty(a.of[IPV4]) && ranges_empty(a.of[IPV6]);
}

bool both_equal(struct both a, struct both b)
{
	return ranges_equal(a.of[IPV4], b.of[IPV4]) &&
	       ranges_equal(a.of[IPV6], b.of[IPV6]);
}

bool both_include(struct both outer, struct both inner)
{
	return ranges_include(outer.of[IPV4], inner.of[IPV4]) &&
	       ranges_include(outer.of[IPV6], inner.of[IPV6]);
}

bool both_touch(struct both a, struct both b)
{
	return ranges_touch(a.of[IPV4], b.of[IPV4]) ||
	       ranges_touch(a.of[IPV6], b.of[IPV6]);
}
