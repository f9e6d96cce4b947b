/* Evidence: packets to show, and the rules that admit them. */
#include "compiler/judge.h"

#include <stdlib.h>
#include <string.h>

bool judge_is_waived(const struct judge *j, uint32_t rule)
{
	const char *waives = j->ir->rules[rule].waives.value;

	return waives && strcmp(waives, j->inv->name) == 0;
}

void judge_mark(const struct judge *j, struct verdict *v, uint32_t space)
{
	if (!v->broken)
		v->broken = arena_array(j->arena, j->ir->space_count,
					sizeof *v->broken);
	v->broken[space] = true;
}

const struct sieve *judge_sieve(const struct judge *j, uint32_t space)
{
	if (!j->sieves[space])
		j->sieves[space] = sieve_of(j->kept, j->ir,
					    &j->ir->spaces[space]);
	return j->sieves[space];
}

static int ascending(const void *x, const void *y)
{
	const uint32_t *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

const uint32_t *judge_keep_rules(const struct judge *j, rule_list *rules,
				 size_t *count)
{
	uint32_t *kept;
	size_t n = 0;

	if (rules->count)
		qsort(rules->at, rules->count, sizeof *rules->at, ascending);
	for (size_t i = 0; i < rules->count; i++)
		if (!i || rules->at[i] != rules->at[i - 1])
			rules->at[n++] = rules->at[i];
	kept = arena_array(j->arena, n, sizeof *kept);
	if (n)
		memcpy(kept, rules->at, n * sizeof *kept);
	*count = rules->count = n;
	return kept;
}

struct verdict_hop judge_hop(const struct judge *j, uint32_t space,
			     const struct packet *packet, bool waived)
{
	const struct ir_space *s = &j->ir->spaces[space];
	struct verdict_hop hop = { .space = space, .from = space,
				   .packet = *packet };
	rule_list rules = { 0 };

	for (uint32_t i = 0; i < s->flow_count; i++) {
		const struct ir_flow *f = &j->ir->flows[s->first_flow + i];

		if (f->family == packet->family &&
		    ranges_have(f->svc, packet->svc) &&
		    ranges_have(f->src, packet->src) &&
		    ranges_have(f->dst, packet->dst) &&
		    (waived || !judge_is_waived(j, f->rule)))
			*LIST_PUSH(j->scratch, &rules) = f->rule;
	}
	hop.rules = judge_keep_rules(j, &rules, &hop.rule_count);
	return hop;
}

struct verdict_hop judge_crossing(const struct judge *j, uint32_t from,
				  uint32_t to, const struct packet *packet,
				  bool waived)
{
	struct verdict_hop in = judge_hop(j, to, packet, waived), out;
	rule_list rules = { 0 };

	in.from = from;
	if (from == to || !in.rule_count)
		return in;
	out = judge_hop(j, from, packet, waived);
	for (size_t i = 0; i < in.rule_count; i++)
		*LIST_PUSH(j->scratch, &rules) = in.rules[i];
	for (size_t i = 0; i < out.rule_count; i++)
		*LIST_PUSH(j->scratch, &rules) = out.rules[i];
	if (!out.rule_count)
		rules.count = 0;
	in.rules = judge_keep_rules(j, &rules, &in.rule_count);
	return in;
}

/* SET between LO and the two numbers behind it. */
static struct ranges near(struct arena *arena, struct ranges set, u128 lo)
{
	u128 hi = lo + 2 > lo ? lo + 2 : U128_MAX;

	return ranges_meet(arena, set, ranges_one(arena, lo, hi));
}

static u128 lowest_source(const struct box *const *boxes, size_t count)
{
	u128 lowest = boxes[0]->src.at[0].lo;

	for (size_t i = 1; i < count; i++)
		if (boxes[i]->src.at[0].lo < lowest)
			lowest = boxes[i]->src.at[0].lo;
	return lowest;
}

static u128 lowest_destination(const struct box *const *boxes, size_t count,
			       u128 src)
{
	u128 lowest = U128_MAX;

	for (size_t i = 0; i < count; i++)
		if (boxes[i]->dst.at[0].lo < lowest &&
		    ranges_have(boxes[i]->src, src))
			lowest = boxes[i]->dst.at[0].lo;
	return lowest;
}

struct packet judge_witness(const struct judge *j, enum family family,
			    const struct box *const *boxes, size_t count)
{
	struct arena *scratch = arena_child(j->scratch);
	struct boxes corner = { 0 };
	const struct boxes *lists[] = { &corner };
	u128 src = lowest_source(boxes, count);
	u128 dst = lowest_destination(boxes, count, src);
	struct packet packet = { 0 };
	struct universe *u;

	for (size_t i = 0; i < count; i++)
		boxes_add(scratch, &corner,
			  near(scratch, boxes[i]->src, src),
			  near(scratch, boxes[i]->dst, dst), boxes[i]->svc);
	u = universe_of(scratch, family, lists, 1);
	(void)pset_witness(u, pset_of(u, &corner), &packet);
	arena_free(scratch);
	return packet;
}

void judge_less(struct arena *arena, const struct box *box,
		const struct boxes *taken, struct boxes *out)
{
	struct boxes rest = { 0 };

	boxes_add(arena, &rest, box->src, box->dst, box->svc);
	for (size_t i = 0; i < taken->count && rest.count; i++) {
		const struct box *cut = &taken->at[i];
		struct boxes next = { 0 };

		for (size_t k = 0; k < rest.count; k++) {
			const struct box *b = &rest.at[k];

			if (ranges_touch(b->src, cut->src) &&
			    ranges_touch(b->dst, cut->dst) &&
			    ranges_touch(b->svc, cut->svc))
				box_less(arena, b, cut, &next);
			else
				boxes_add(arena, &next, b->src, b->dst,
					  b->svc);
		}
		rest = next;
	}
	for (size_t i = 0; i < rest.count; i++)
		*LIST_PUSH(arena, out) = rest.at[i];
}
