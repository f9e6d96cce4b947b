/*
 * What the judges of single forms of invariants share.  One judge a form; each
 * returns the verdict of one invariant, and looks at its own evidence again
 * packet by packet before it is shown.
 */
#ifndef FIREBREAK_COMPILER_JUDGE_H
#define FIREBREAK_COMPILER_JUDGE_H

#include "compiler/sieve.h"
#include "compiler/verify.h"

struct judge {
	struct arena *arena;	/* verdicts stay here */
	struct arena *scratch;	/* of one invariant */
	const struct ir *ir;
	const struct ir_invariant *inv;
	struct arena *kept;	/* of all invariants: the sieves */
	const struct sieve **sieves;	/* by space; NULL: not made yet */
};

typedef LIST(uint32_t) rule_list;

/* NEVER and its relatives on the direct relation; also isolations. */
struct verdict judge_forbidden(const struct judge *judge);
struct verdict judge_must(const struct judge *judge);

/* NEVER over several hops, and REACH. */
struct verdict judge_routes(const struct judge *judge);
struct verdict judge_reach(const struct judge *judge);

/* Is what VERDICT shows a route that the invariant forbids, by its own words? */
bool judge_is_route(const struct judge *judge, const struct verdict *verdict);

/* Does HOP end where the invariant forbids it? */
bool judge_is_end(const struct judge *judge, const struct verdict_hop *hop);

/* EACH_RULE and PARITY. */
struct verdict judge_rules(const struct judge *judge);
struct verdict judge_parity(const struct judge *judge);

/* Does RULE waive the invariant? */
bool judge_is_waived(const struct judge *judge, uint32_t rule);

/* V, of the invariant, is broken in SPACE. */
void judge_mark(const struct judge *judge, struct verdict *v, uint32_t space);

const struct sieve *judge_sieve(const struct judge *judge, uint32_t space);

/* Ascending, each once, in the arena of the verdicts. */
const uint32_t *judge_keep_rules(const struct judge *judge, rule_list *rules,
				 size_t *count);

/*
 * The hop of PACKET in SPACE with the rules that admit it there, found by
 * asking every flow.  WAIVED: rules that waive the invariant count as well.
 */
struct verdict_hop judge_hop(const struct judge *judge, uint32_t space,
			     const struct packet *packet, bool waived);

/*
 * The hop of PACKET from the space FROM to the space TO with the rules of both
 * sides; with none where a side stops it.
 */
struct verdict_hop judge_crossing(const struct judge *judge, uint32_t from,
				  uint32_t to, const struct packet *packet,
				  bool waived);

/*
 * The packet to show of the union of the COUNT boxes at BOXES, of FAMILY: the
 * one pset_witness() shows, without building the set.  COUNT is not 0.
 */
struct packet judge_witness(const struct judge *judge, enum family family,
			    const struct box *const *boxes, size_t count);

/* The packets of BOX that are in none of TAKEN, as disjoint boxes. */
void judge_less(struct arena *arena, const struct box *box,
		const struct boxes *taken, struct boxes *out);

#endif
