/*
 * Invariants to verdicts.  A policy is allow-only, so what must never pass is
 * looked for rule by rule; sets are built only to show a packet.
 */
#ifndef FIREBREAK_COMPILER_VERIFY_H
#define FIREBREAK_COMPILER_VERIFY_H

#include "compiler/base/diag.h"
#include "compiler/ir.h"
#include "compiler/pset.h"

enum verdict_kind { VERDICT_HOLDS, VERDICT_BROKEN, VERDICT_WAIVED };

/* A packet of a route, and the rules that admit it. */
struct verdict_hop {
	uint32_t space;
	struct packet packet;
	const uint32_t *rules;		/* indices into ir->rules, ascending */
	size_t rule_count;
};

/*
 * What is known of one invariant.  A broken one shows its first space; its
 * packet is the last hop (of all but routes: the only one).
 */
struct verdict {
	enum verdict_kind kind;
	uint32_t broken_in;		/* how many spaces */
	const struct verdict_hop *hops;
	size_t hop_count;		/* 0: holds, or no packet can show it */
	/* the smallest set of rules without which it holds; `must` has none */
	const uint32_t *mending;
	size_t mending_count;
	bool mending_only, mending_smallest;	/* no other of that size; proved smallest */
	double packets;			/* how many break it, in all spaces */
};

/* The verdict of each invariant of IR, in its order. */
const struct verdict *verify_verdicts(struct arena *arena, const struct ir *ir);

/*
 * Check every invariant of IR; each broken one is told once, with a packet
 * and the rules that admit it.  Returns how many are broken.
 */
size_t verify_policy(struct arena *arena, struct diags *diags,
		     const struct ir *ir);

/* Run every `expect` of IR; what is not met is told.  Returns how many. */
size_t verify_expects(struct arena *arena, struct diags *diags,
		      const struct ir *ir);

#endif
