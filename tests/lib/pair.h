/* Two policies that have most in common, or nothing. */
#ifndef FIREBREAK_TESTS_LIB_PAIR_H
#define FIREBREAK_TESTS_LIB_PAIR_H

#include "compiler/base/text.h"
#include "compiler/pset.h"
#include "tests/lib/dice.h"
#include "tests/lib/policy.h"

/* One rule of a generated text: "rule-z3: allow SRC -> DST on SVC rest". */
struct pair_rule {
	const char *name, *src, *dst, *svc, *rest;
};

/* The rule that the LEN bytes at LINE are; false when they are none. */
bool pair_take_apart(struct arena *arena, const char *line, size_t len,
		     struct pair_rule *out);

typedef void pair_rewrite(struct text *out, struct dice *dice,
			  struct pair_rule rule);

/* TEXT with each rule rewritten by CHANGE. */
const char *pair_rewritten(struct arena *arena, const char *text,
			   struct dice *dice, pair_rewrite *change);

/*
 * The same in other words: a group for an end, a rule as two that overlap, other
 * attributes.
 */
pair_rewrite pair_refactor;

struct pair {
	struct policy old, new;
	const char *old_text, *new_text;
};

/*
 * Two policies to compare: one edited, or (every fourth SEED) two that have
 * nothing in common.  False when one of them has mistakes.
 */
bool pair_of(struct pair *pair, struct arena *arena, uint64_t seed);

/* Does the naive evaluator let P through in SPACE (NULL: no such place)? */
bool pair_allows(const struct policy *policy, const struct ir_space *space,
		 const struct packet *p);

#endif
