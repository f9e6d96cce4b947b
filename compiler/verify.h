/*
 * Invariants to verdicts.  A policy is allow-only, so what must never pass is
 * looked for rule by rule; sets are built only where something was found.
 */
#ifndef FIREBREAK_COMPILER_VERIFY_H
#define FIREBREAK_COMPILER_VERIFY_H

#include "compiler/base/diag.h"
#include "compiler/ir.h"
#include "compiler/pset.h"

enum verdict_kind {
	VERDICT_HOLDS,
	VERDICT_BROKEN,
	VERDICT_WAIVED,	/* broken by rules that waive it alone: accepted until they expire */
	VERDICT_FAULT,	/* looking again, rule by rule, says otherwise: our fault */
};

/*
 * A packet of a route, and the rules that admit it, ascending.  Of a broken
 * invariant those that do not waive it; none where the packet should pass and
 * does not.  A packet that goes to another environment stands in the one of
 * its destination; FROM is then that of its source, else it is SPACE.
 */
struct verdict_hop {
	uint32_t space, from;
	struct packet packet;
	const uint32_t *rules;		/* indices into ir->rules */
	size_t rule_count;
};

/* A layer of one environment. */
struct verdict_layer {
	uint32_t space, layer;
};

/*
 * What is known of one invariant.  A broken one shows its first space; its
 * packet is the last hop (of all but routes: the only one).
 */
struct verdict {
	enum verdict_kind kind;
	uint32_t broken_in;		/* how many spaces */
	/* by space: there; of routes, where they end; NULL: nowhere */
	bool *broken;
	const struct verdict_hop *hops;
	size_t hop_count;		/* 0: holds, or no packet can show it */
	/*
	 * CLAIM_PARITY: the space that treats the packet's like otherwise, else
	 * IR_NO_SPACE.  With rules the packet passes and none of its like does
	 * there; without, it is stopped and all of its like pass there.
	 */
	uint32_t against;
	/*
	 * The smallest set of rules without which it holds, ascending: proved
	 * smallest, and no other of that size does.  `must` and `parity` have none.
	 */
	const uint32_t *mending;
	size_t mending_count;
	bool mending_smallest, mending_only;
	/* rules that waive it and without which less of it would be broken */
	const uint32_t *waived;
	size_t waived_count;
	/*
	 * How many packets break it, in all spaces; of `must`: how many are
	 * stopped; of routes: how many end one.  0 where packets are not counted.
	 */
	double packets;
	/* CLAIM_REACH, CLAIM_EACH_RULE: the most there is; EACH_EXPIRES: UINT64_MAX for never */
	uint64_t found;
	const uint64_t *counts;		/* CLAIM_EACH_RULE: of each rule of `mending` */
	const struct verdict_layer *layers;	/* CLAIM_REACH: what the shown one reaches */
	size_t layer_count;
};

/* The verdict of each invariant of IR, in its order.  Nothing is told. */
const struct verdict *verify_verdicts(struct arena *arena, const struct ir *ir);

/* The same of the COUNT invariants, or expectations, at SOME. */
const struct verdict *verify_some(struct arena *arena, const struct ir *ir,
				  const struct ir_invariant *some,
				  size_t count);

/* What breaks INV, in a few words: "`ops` reaches `data`". */
const char *verdict_text(struct arena *arena, const struct ir *ir,
			 const struct ir_invariant *inv,
			 const struct verdict *verdict);

/*
 * Tell what is broken, each invariant once.  VERDICTS are of IR's invariants.
 * Returns how many are.
 */
size_t verify_tell(struct diags *diags, const struct ir *ir,
		   const struct verdict *verdicts);

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
