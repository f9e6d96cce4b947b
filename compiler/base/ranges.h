/*
 * Sets of whole numbers as ranges: addresses of one family, or services.
 *
 * A value, never changed once made; its ranges live in the arena it was made
 * in.  Canonical: ascending, and between two ranges at least one number is
 * missing, so that equal sets have equal ranges.
 */
#ifndef FIREBREAK_COMPILER_BASE_RANGES_H
#define FIREBREAK_COMPILER_BASE_RANGES_H

#include "compiler/base/arena.h"

#include <stdbool.h>

__extension__ typedef unsigned __int128 u128;

#define U128_MAX (~(u128)0)

/* Both ends belong to it; lo <= hi. */
struct range {
	u128 lo, hi;
};

struct ranges {
	const struct range *at;
	size_t count;
};

#define NO_RANGES ((struct ranges){ 0 })

/* The set of COUNT ranges in any order, overlapping or not. */
struct ranges ranges_of(struct arena *arena, const struct range *some,
			size_t count);
struct ranges ranges_one(struct arena *arena, u128 lo, u128 hi);

struct ranges ranges_union(struct arena *arena, struct ranges a,
			   struct ranges b);
struct ranges ranges_meet(struct arena *arena, struct ranges a,
			  struct ranges b);
struct ranges ranges_minus(struct arena *arena, struct ranges a,
			   struct ranges b);

bool ranges_empty(struct ranges a);
bool ranges_equal(struct ranges a, struct ranges b);
bool ranges_have(struct ranges a, u128 number);

/* Is every number of INNER in OUTER? */
bool ranges_include(struct ranges outer, struct ranges inner);

/* Is any number in both? */
bool ranges_touch(struct ranges a, struct ranges b);

/* How many numbers; U128_MAX stands for 2^128, which has no other name. */
u128 ranges_size(struct ranges a);

/*
 * The same for IPv4 and for IPv6: a set of addresses is one set a family, and
 * so is a set of services, because ICMP differs.
 */
enum family { IPV4, IPV6, FAMILIES };

struct both {
	struct ranges of[FAMILIES];
};

struct both both_union(struct arena *arena, struct both a, struct both b);
struct both both_meet(struct arena *arena, struct both a, struct both b);
struct both both_minus(struct arena *arena, struct both a, struct both b);
bool both_empty(struct both a);
bool both_equal(struct both a, struct both b);
bool both_include(struct both outer, struct both inner);
bool both_touch(struct both a, struct both b);

#endif
