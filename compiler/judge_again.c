/*
 * A route that was found, looked at again: hop by hop on the sets of the policy,
 * without the graph that it was found in.
 */
#include "compiler/judge.h"

#include <string.h>

static bool is_avoided(const struct judge *j, uint32_t space,
		       enum family family, u128 address)
{
	for (size_t i = 0; i < j->inv->avoiding_count; i++)
		if (j->inv->avoiding[i].space == space &&
		    ranges_have(j->inv->avoiding[i].set.of[family], address))
			return true;
	return false;
}

/* ADDRESS is in SET and not in what is avoided there. */
static bool is_at(const struct judge *j, uint32_t space, struct both set,
		  enum family family, u128 address)
{
	return ranges_have(set.of[family], address) &&
	       !is_avoided(j, space, family, address);
}

/* What of a layer is not avoided. */
static struct both left_of(const struct judge *j, uint32_t space,
			   struct both set)
{
	for (size_t i = 0; i < j->inv->avoiding_count; i++)
		if (j->inv->avoiding[i].space == space)
			set = both_minus(j->scratch, set,
					 j->inv->avoiding[i].set);
	return set;
}

/* Layers whose hosts one has who has those that are MARKED already. */
static void spread_sharing(const struct judge *j, uint32_t space, bool *marked)
{
	const struct ir_space *s = &j->ir->spaces[space];
	const struct ir_layer *layers = j->ir->layers;
	bool more = true;

	while (more) {
		more = false;
		for (size_t a = 0; a < j->ir->layer_count; a++) {
			struct both set;

			if (!marked[a] || !layers[a].shared_hosts)
				continue;
			set = left_of(j, space, s->layers[a]);
			for (size_t b = 0; b < j->ir->layer_count; b++)
				if (!marked[b] && layers[b].shared_hosts &&
				    both_touch(set, left_of(j, space,
							    s->layers[b])))
					more = marked[b] = true;
		}
	}
}

/* May the hop NEXT begin where PACKET arrived in SPACE? */
static bool goes_on(const struct judge *j, uint32_t space,
		    const struct packet *p, const struct verdict_hop *next)
{
	const struct ir_space *s = &j->ir->spaces[space];
	const struct packet *n = &next->packet;
	bool *marked = arena_array(j->scratch, j->ir->layer_count, 1);

	if (next->from != space)
		return false;
	for (size_t i = 0; i < j->ir->network_count; i++)
		if (is_at(j, space, s->networks[i], p->family, p->dst) &&
		    is_at(j, space, s->networks[i], n->family, n->src))
			return true;
	for (size_t i = 0; i < j->ir->layer_count; i++)
		marked[i] = is_at(j, space, s->layers[i], p->family, p->dst);
	spread_sharing(j, space, marked);
	for (size_t i = 0; i < j->ir->layer_count; i++)
		if (marked[i] &&
		    is_at(j, space, s->layers[i], n->family, n->src))
			return true;
	return false;
}

/* May a route begin with HOP? */
static bool begins(const struct judge *j, const struct verdict_hop *hop)
{
	const struct ir_space *s = &j->ir->spaces[hop->from];
	bool *marked = arena_array(j->scratch, j->ir->layer_count, 1);
	const struct packet *p = &hop->packet;

	for (size_t i = 0; i < j->inv->from_count; i++) {
		const struct ir_where *from = &j->inv->from[i];

		if (from->space != hop->from)
			continue;
		if (is_at(j, hop->from, from->set, p->family, p->src))
			return true;
		for (size_t k = 0; k < j->ir->layer_count; k++)
			marked[k] |= j->ir->layers[k].shared_hosts &&
				both_touch(left_of(j, hop->from, s->layers[k]),
					   left_of(j, hop->from, from->set));
	}
	spread_sharing(j, hop->from, marked);
	for (size_t k = 0; k < j->ir->layer_count; k++)
		if (marked[k] &&
		    is_at(j, hop->from, s->layers[k], p->family, p->src))
			return true;
	return false;
}

bool judge_is_end(const struct judge *j, const struct verdict_hop *hop)
{
	const struct packet *p = &hop->packet;

	for (size_t i = 0; i < j->inv->box_count; i++) {
		const struct ir_claim_box *b = &j->inv->boxes[i];

		if (b->space == hop->space && b->family == p->family &&
		    ranges_have(b->dst, p->dst) && ranges_have(b->svc, p->svc))
			return true;
	}
	return false;
}

bool judge_is_route(const struct judge *j, const struct verdict *v)
{
	if (v->hop_count > j->inv->hops || !begins(j, &v->hops[0]))
		return false;
	for (size_t i = 0; i < v->hop_count; i++) {
		const struct verdict_hop *hop = &v->hops[i];

		if (!hop->rule_count ||
		    is_avoided(j, hop->space, hop->packet.family,
			       hop->packet.dst))
			return false;
		if (i + 1 < v->hop_count &&
		    !goes_on(j, hop->space, &hop->packet, &v->hops[i + 1]))
			return false;
	}
	return true;
}
