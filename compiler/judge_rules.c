/*
 * Invariants on the shape of rules.  Each rule is judged alone by what it
 * means in each environment; those that have too much must change, and no
 * other.
 */
#include "compiler/judge.h"

#include "compiler/base/addr.h"

/* What of the ports is tcp's or udp's. */
static uint64_t ports_of(struct arena *arena, struct ranges svc)
{
	static const unsigned protocols[] = { PROTO_TCP, PROTO_UDP };
	uint64_t ports = 0;

	for (int i = 0; i < 2; i++) {
		struct ranges of = ranges_one(arena,
			service_key(protocols[i], 0),
			service_key(protocols[i], SERVICE_VALUES - 1));

		ports += (uint64_t)ranges_size(ranges_meet(arena, svc, of));
	}
	return ports;
}

/* How much of it flow F has whose source is SRC in `from`. */
static uint64_t amount(const struct judge *j, const struct ir_flow *f,
		       struct ranges src)
{
	const struct ir_rule *rule = &j->ir->rules[f->rule];
	u128 size;

	switch (j->inv->each) {
	case EACH_ADDRESSES:
		if (holds_opaque(f->family, src))
			return UINT64_MAX;	/* nobody knows how many */
		size = ranges_size(src);
		return size > UINT64_MAX ? UINT64_MAX : (uint64_t)size;
	case EACH_PORTS:
		return ports_of(j->scratch, f->svc);
	case EACH_EXPIRES:
		if (!rule->expires.value)
			return UINT64_MAX;
		return rule->expires_day < j->ir->as_of ? 0
			: rule->expires_day - j->ir->as_of;
	}
	return UINT64_MAX;
}

/* What is found out, rule by rule. */
struct census {
	const struct judge *judge;
	uint64_t *amounts;	/* by rule: the most of it in any flow */
	bool *bad;		/* by rule */
	uint64_t most;
	struct verdict *verdict;
	uint32_t last_space;
	const struct ir_flow *first;	/* of the first rule that is bad */
	struct ranges first_src;
};

static void look_at(struct census *c, const struct ir_flow *f,
		    struct ranges src)
{
	uint64_t n = amount(c->judge, f, src);

	if (n > c->amounts[f->rule])
		c->amounts[f->rule] = n;
	if (n > c->most)
		c->most = n;
	if (n <= c->judge->inv->most)
		return;
	c->bad[f->rule] = true;
	judge_mark(c->judge, c->verdict, f->space);
	c->verdict->broken_in += c->last_space != f->space;
	c->last_space = f->space;
	if (!c->first || f->rule < c->first->rule) {
		c->first = f;
		c->first_src = src;
	}
}

/* Where `from` is in each space, as one set. */
static struct both *gather(const struct judge *j)
{
	struct both *sets = arena_array(j->scratch, j->ir->space_count,
					sizeof *sets);

	for (size_t i = 0; i < j->inv->from_count; i++) {
		const struct ir_where *w = &j->inv->from[i];

		sets[w->space] = both_union(j->scratch, sets[w->space],
					    w->set);
	}
	return sets;
}

static struct census take(const struct judge *j, struct verdict *v)
{
	struct both *from = gather(j);
	struct census c = { .judge = j, .verdict = v, .last_space = IR_NO_SPACE,
		.amounts = arena_array(j->scratch, j->ir->rule_count,
				       sizeof *c.amounts),
		.bad = arena_array(j->scratch, j->ir->rule_count,
				   sizeof *c.bad) };

	for (size_t i = 0; i < j->ir->flow_count; i++) {
		const struct ir_flow *f = &j->ir->flows[i];
		struct ranges of = from[f->space].of[f->family];

		if (ranges_touch(f->src, of))
			look_at(&c, f, ranges_meet(j->scratch, f->src, of));
	}
	return c;
}

/* The rules that are bad, with how much each has. */
static void list_bad(const struct census *c, struct verdict *v)
{
	const struct judge *j = c->judge;
	rule_list rules = { 0 };
	uint64_t *counts;

	for (uint32_t i = 0; i < j->ir->rule_count; i++)
		if (c->bad[i])
			*LIST_PUSH(j->scratch, &rules) = i;
	v->mending = judge_keep_rules(j, &rules, &v->mending_count);
	counts = arena_array(j->arena, v->mending_count, sizeof *counts);
	for (size_t i = 0; i < v->mending_count; i++)
		counts[i] = c->amounts[v->mending[i]];
	v->counts = counts;
	v->mending_smallest = v->mending_only = true;
}

/* Nothing forbids a packet here, so that no rule can waive it. */
struct verdict judge_rules(const struct judge *j)
{
	struct verdict v = { .against = IR_NO_SPACE };
	struct census c = take(j, &v);
	struct verdict_hop *hop;
	struct packet p;
	struct box box;
	const struct box *one = &box;

	v.found = c.most;
	if (!c.first)
		return v;
	list_bad(&c, &v);
	box = (struct box){ c.first_src, c.first->dst, c.first->svc };
	p = judge_witness(j, c.first->family, &one, 1);
	hop = arena_alloc(j->arena, sizeof *hop);
	*hop = judge_hop(j, c.first->space, &p, true);
	v.hops = hop;
	v.hop_count = 1;
	v.kind = hop->rule_count ? VERDICT_BROKEN : VERDICT_FAULT;
	return v;
}
