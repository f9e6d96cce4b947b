/*
 * Boxes that are hard on sets: prefixes in prefixes at all heights, ranges
 * across them, services over protocols, few sets often or many sets once.
 */
#ifndef FIREBREAK_TESTS_LIB_BOXGEN_H
#define FIREBREAK_TESTS_LIB_BOXGEN_H

#include "compiler/box.h"
#include "tests/lib/dice.h"

u128 boxgen_bits(struct dice *dice);

/* One prefix (most often) or range, that shares its first bits with NEAR. */
struct ranges boxgen_addresses(struct arena *arena, struct dice *dice,
			       enum family family, u128 near);

struct ranges boxgen_services(struct arena *arena, struct dice *dice,
			      enum family family);

struct boxes boxgen_boxes(struct arena *arena, struct dice *dice,
			  enum family family, unsigned count);

#endif
