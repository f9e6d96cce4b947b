/*
 * What one policy permits and another does not: exact on packets, told in
 * names.
 */
#ifndef FIREBREAK_COMPILER_DELTA_H
#define FIREBREAK_COMPILER_DELTA_H

#include "compiler/ir.h"
#include "compiler/naming.h"
#include "compiler/pset.h"

/* Why a reader should look at a line, the worst first: a larger sum is worse. */
enum delta_risk {
	RISK_BREAKS	 = 1 << 12,	/* an invariant that held is broken by it */
	RISK_INTERNET	 = 1 << 11,	/* from the internet */
	RISK_CUSTOMER	 = 1 << 10,	/* from another customer's addresses */
	RISK_ENVIRONMENT = 1 << 9,	/* from another environment's */
	RISK_GUARDED	 = 1 << 8,	/* into layers that an invariant names */
	RISK_ANY_SERVICE = 1 << 7,
	RISK_ADMIN	 = 1 << 6,	/* remote administration ports */
	RISK_WIDE	 = 1 << 5,	/* over WIDE_PORTS of them */
	RISK_OUT	 = 1 << 4,	/* to the internet */
	RISK_CLEARTEXT	 = 1 << 3,	/* well-known unencrypted services */
	RISK_NEW_PAIR	 = 1 << 2,	/* had no connection at all */
};

enum {
	WIDE_PORTS = 1000,
	/* somebody reaches what was out of reach for all of his kind */
	RISK_EXPOSES = RISK_BREAKS | RISK_INTERNET | RISK_CUSTOMER |
		       RISK_ENVIRONMENT | RISK_GUARDED,
};

/* Of one environment, by name; NULL where a policy does not have it. */
struct delta_space {
	const char *name;
	const struct ir_space *was, *is;
	/* disjoint boxes: what only the new, and what only the old permits */
	struct boxes opened[FAMILIES], closed[FAMILIES];
	/* rules, by index, with packets that the other policy has not as a flow */
	LIST(uint32_t) touched_old, touched_new;
};

enum { NOT_MOVED = -1 };

/* A part of a line: one box of one environment, of delta_space.opened or closed. */
struct delta_part {
	uint32_t space;
	enum family family;
	struct box box;
};

/*
 * A stretch of reach that only one of the policies permits, the same words in
 * each of its environments.  The words are of that policy.
 */
struct delta_line {
	bool opens;
	const char *src, *dst, *svc;	/* as the language writes them */
	const char *ports;		/* svc without names */
	/* "": the words are exact; "IPv4", "IPv6": in this family only */
	const char *family;
	/* services that the other policy permits there; "": none */
	const char *other;
	bool other_in_part;		/* not between all of them */
	const uint32_t *spaces;		/* into delta.spaces, ascending */
	size_t space_count;
	LIST(struct delta_part) parts;
	const uint32_t *rules;		/* of that policy, ascending */
	size_t rule_count;
	unsigned risks;
	const char *guard;		/* of RISK_GUARDED and RISK_BREAKS: the invariant */
	double packets;			/* in all its spaces */
	struct packet example;		/* of the first */
	/* its other half, a line of the same one rule: the rule has moved */
	int moved;
	/* of delta_of_sides(): on which of them, in their order; else none */
	LIST(const char *) sides;
};

struct delta {
	const struct ir *old, *new;
	struct delta_space *spaces;	/* by name */
	size_t space_count;
	struct delta_line *lines;	/* openings, the worst first; then closings */
	size_t line_count, opening_count;
};

/* Compare what the policies permit.  Both are without mistakes. */
struct delta delta_of(struct arena *arena, const struct ir *old,
		      const struct ir *new);

/* What one hook, direction or relation of something that runs admits. */
struct delta_side {
	const char *label;
	struct boxes was[FAMILIES], is[FAMILIES];
};

/*
 * The same for one environment of one policy, SPACE, where what is compared is
 * not what it permits: where WAS and IS differ on any of SIDES, in the words of
 * IR.  POLICY_IS_NEW: IS is what the policy wants, and its rules explain what
 * opens; else WAS is, and they explain what closes.
 */
struct delta delta_of_sides(struct arena *arena, const struct ir *ir,
			    uint32_t space, const struct delta_side *sides,
			    size_t count, bool policy_is_new);

/* Put the lines in order again, after their risks have changed. */
void delta_sort(struct arena *arena, struct delta *delta);

/* The reasons of RISKS for people: "from the internet, admin port"; "" for none. */
const char *delta_reasons(struct arena *arena, unsigned risks,
			  const char *guard);

#endif
