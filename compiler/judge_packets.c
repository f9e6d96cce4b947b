/*
 * Invariants on the direct relation: what no rule may admit, and what has to
 * be admitted.  A policy only allows, so each rule is judged alone; every rule
 * that admits something forbidden must be cut, and no other.
 */
#include "compiler/judge.h"

#include "compiler/by_space.h"

#include <string.h>

/* What a rule admits although it must not. */
struct offence {
	uint32_t rule;
	struct box box;
};

struct offences {
	struct offence *at;
	size_t count, cap;
	bool only_rules;	/* their boxes are left empty */
};

/*
 * What flow F admits of BOX and no exception lets through.  Exceptions first:
 * they are few, and a box of isolation has a range for every other customer.
 */
static void add_offences(struct arena *arena, const struct ir_flow *f,
			 const struct box *box, const struct boxes *excepted,
			 struct offences *out)
{
	struct box whole = { f->src, f->dst, f->svc };
	struct boxes rest = { 0 };

	judge_less(arena, &whole, excepted, &rest);
	for (size_t i = 0; i < rest.count; i++) {
		struct box *b = &rest.at[i];

		if (!ranges_touch(b->svc, box->svc) ||
		    !ranges_touch(b->src, box->src) ||
		    !ranges_touch(b->dst, box->dst))
			continue;
		*LIST_PUSH(arena, out) = (struct offence){ .rule = f->rule };
		if (out->only_rules)
			continue;
		out->at[out->count - 1].box = (struct box){
			ranges_meet(arena, b->src, box->src),
			ranges_meet(arena, b->dst, box->dst),
			ranges_meet(arena, b->svc, box->svc) };
	}
}

static void find_offences(const struct judge *j, struct arena *arena,
			  const struct by_space *claims,
			  const struct by_space *exceptions, uint32_t space,
			  enum family family, struct offences *out)
{
	struct boxes boxes = by_space_in(claims, arena, space, family);
	struct boxes excepted = by_space_in(exceptions, arena, space,
					    family);

	for (size_t i = 0; i < boxes.count; i++) {
		size_t count;
		const uint32_t *flows = sieve_meeting(judge_sieve(j, space),
						      arena, family,
						      &boxes.at[i], &count);

		for (size_t k = 0; k < count; k++)
			add_offences(arena, &j->ir->flows[flows[k]],
				     &boxes.at[i], &excepted, out);
	}
}

/* Those of ALL that are waived, or those that are not. */
static const struct box **sift(const struct judge *j, struct arena *arena,
			       const struct offences *all, bool waived,
			       rule_list *rules, size_t *count)
{
	const struct box **some = arena_array(arena, all->count, sizeof *some);
	size_t n = 0;

	for (size_t i = 0; i < all->count; i++) {
		uint32_t rule = all->at[i].rule;

		if (judge_is_waived(j, rule) != waived)
			continue;
		some[n++] = &all->at[i].box;
		if (!rules->count || rules->at[rules->count - 1] != rule)
			*LIST_PUSH(j->scratch, rules) = rule;
	}
	*count = n;
	return some;
}

static double size_of(struct arena *arena, enum family family,
		      const struct box *const *some, size_t count)
{
	struct boxes boxes = { 0 };
	const struct boxes *lists[] = { &boxes };
	struct universe *u;

	for (size_t i = 0; i < count; i++)
		*LIST_PUSH(arena, &boxes) = *some[i];
	u = universe_of(arena, family, lists, 1);
	return pset_size(u, pset_of(u, &boxes));
}

/* Is P one of INV's packets by the boxes themselves? */
static bool is_claimed(const struct ir_invariant *inv, uint32_t space,
		       const struct packet *p)
{
	const struct ir_claim_box *lists[] = { inv->exceptions, inv->boxes };
	size_t counts[] = { inv->exception_count, inv->box_count };

	for (int l = 0; l < 2; l++)
		for (size_t i = 0; i < counts[l]; i++) {
			const struct ir_claim_box *b = &lists[l][i];

			if (b->space == space && b->family == p->family &&
			    ranges_have(b->src, p->src) &&
			    ranges_have(b->dst, p->dst) &&
			    ranges_have(b->svc, p->svc))
				return l == 1;
		}
	return false;
}

/* What is found out about one invariant, space by space. */
struct hearing {
	const struct judge *judge;
	struct verdict verdict;
	struct verdict_hop shown[2];	/* of broken; of waived alone */
	bool is_shown[2];
	double packets[2];
	size_t ranges;		/* that went into counting these */
	rule_list rules[2];
};

/*
 * An invariant that a fleet breaks is broken in each environment, towards each
 * other one: counting on is quadratic, and adds nothing to "more than 10^40".
 */
enum { RANGES_MOST = 1 << 20 };
#define PACKETS_ENOUGH 1e15

static bool is_counted(const struct hearing *h, bool waived)
{
	return h->is_shown[waived] && h->ranges > RANGES_MOST &&
	       h->packets[waived] >= PACKETS_ENOUGH;
}

static void count_packets(struct hearing *h, struct arena *arena,
			  enum family family, const struct box *const *some,
			  size_t count, bool waived)
{
	if (is_counted(h, waived))
		return;
	for (size_t i = 0; i < count; i++)
		h->ranges += some[i]->src.count + some[i]->dst.count;
	h->packets[waived] += size_of(arena, family, some, count);
}

/* Is there anything? */
static bool hear(struct hearing *h, struct arena *arena,
		 const struct offences *all, uint32_t space,
		 enum family family, bool waived)
{
	const struct judge *j = h->judge;
	size_t count;
	const struct box **some = sift(j, arena, all, waived,
				       &h->rules[waived], &count);

	if (!count)
		return false;
	count_packets(h, arena, family, some, count, waived);
	if (!h->is_shown[waived]) {
		struct packet p = judge_witness(j, family, some, count);

		h->shown[waived] = judge_hop(j, space, &p, waived);
		h->is_shown[waived] = true;
		if (!h->shown[waived].rule_count ||
		    !is_claimed(j->inv, space, &p))
			h->verdict.kind = VERDICT_FAULT;
	}
	return true;
}

static struct verdict sentence(struct hearing *h)
{
	const struct judge *j = h->judge;
	struct verdict *v = &h->verdict;
	bool waived = !h->is_shown[0];
	struct verdict_hop *hop;

	v->waived = judge_keep_rules(j, &h->rules[1], &v->waived_count);
	if (!h->is_shown[waived])
		return *v;
	if (v->kind != VERDICT_FAULT)
		v->kind = waived ? VERDICT_WAIVED : VERDICT_BROKEN;
	hop = arena_alloc(j->arena, sizeof *hop);
	*hop = h->shown[waived];
	v->hops = hop;
	v->hop_count = 1;
	v->packets = h->packets[waived];
	v->mending = judge_keep_rules(j, &h->rules[waived], &v->mending_count);
	v->mending_smallest = v->mending_only = true;
	return *v;
}

struct verdict judge_forbidden(const struct judge *j)
{
	const struct ir_invariant *inv = j->inv;
	struct by_space claims = by_space_of(j->scratch, j->ir->space_count,
					     inv->boxes, inv->box_count);
	struct by_space exceptions = by_space_of(j->scratch,
						 j->ir->space_count,
						 inv->exceptions,
						 inv->exception_count);
	struct hearing h = { .judge = j,
			     .verdict.against = IR_NO_SPACE };

	for (uint32_t s = 0; s < j->ir->space_count; s++) {
		struct arena *arena;
		bool is_broken = false;

		if (claims.first[s] == claims.first[s + 1])
			continue;
		arena = arena_child(j->scratch);
		for (int f = IPV4; f < FAMILIES; f++) {
			/* of waived ones nobody asks where others break it */
			struct offences all = {
				.only_rules = is_counted(&h, false) };

			find_offences(j, arena, &claims, &exceptions, s,
				      (enum family)f, &all);
			is_broken |= hear(&h, arena, &all, s, (enum family)f,
					  false);
			(void)hear(&h, arena, &all, s, (enum family)f, true);
		}
		if (is_broken)
			judge_mark(j, &h.verdict, s);
		h.verdict.broken_in += is_broken;
		arena_free(arena);
	}
	return sentence(&h);
}

/* --- what has to be admitted --- */

/* What of WANTED no rule admits; *SIZE is how much.  False: nothing. */
static bool find_gap(const struct judge *j, struct arena *arena,
		     uint32_t space, enum family family,
		     const struct boxes *wanted, struct packet *out,
		     double *size)
{
	struct boxes have = { 0 };
	const struct boxes *lists[] = { wanted, &have };
	struct universe *u;
	struct pset rest;

	for (size_t i = 0; i < wanted->count; i++) {
		size_t count;
		const uint32_t *flows = sieve_meeting(judge_sieve(j, space),
						      arena, family,
						      &wanted->at[i], &count);

		for (size_t k = 0; k < count; k++) {
			const struct ir_flow *f = &j->ir->flows[flows[k]];

			boxes_add(arena, &have, f->src, f->dst, f->svc);
		}
	}
	u = universe_of(arena, family, lists, 2);
	rest = pset_minus(u, pset_of(u, wanted), pset_of(u, &have));
	*size += pset_size(u, rest);
	return pset_witness(u, rest, out);
}

/* The gaps of one space; the first one is shown. */
static void look_for_gaps(const struct judge *j, const struct by_space *claims,
			  uint32_t space, struct verdict *v,
			  struct verdict_hop *hop)
{
	struct arena *arena = arena_child(j->scratch);
	bool broken = false;

	for (int f = IPV4; f < FAMILIES; f++) {
		struct boxes wanted = by_space_in(claims, arena, space,
					       (enum family)f);
		struct packet p;

		if (!wanted.count ||
		    !find_gap(j, arena, space, (enum family)f, &wanted, &p,
			      &v->packets))
			continue;
		if (!v->hop_count++) {
			*hop = judge_hop(j, space, &p, true);
			if (hop->rule_count || !is_claimed(j->inv, space, &p))
				v->kind = VERDICT_FAULT;
		}
		broken = true;
	}
	if (broken)
		judge_mark(j, v, space);
	v->broken_in += broken;
	arena_free(arena);
}

struct verdict judge_must(const struct judge *j)
{
	struct by_space claims = by_space_of(j->scratch, j->ir->space_count,
					     j->inv->boxes, j->inv->box_count);
	struct verdict_hop *hop = arena_alloc(j->arena, sizeof *hop);
	struct verdict v = { .against = IR_NO_SPACE };

	for (uint32_t s = 0; s < j->ir->space_count; s++)
		if (claims.first[s] != claims.first[s + 1])
			look_for_gaps(j, &claims, s, &v, hop);
	if (!v.broken_in)
		return v;
	v.hops = hop;
	v.hop_count = 1;
	if (v.kind != VERDICT_FAULT)
		v.kind = VERDICT_BROKEN;
	return v;
}
