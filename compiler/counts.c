/*
 * Invariants that count or compare: how far something reaches, how much a rule
 * may have, and whether environments mean the same.
 */
#include "compiler/claims.h"

#include "compiler/base/addr.h"
#include "compiler/count.h"
#include "compiler/endpoint.h"

/* Where SOURCE of a counting invariant is; told when that is nowhere. */
static void resolve_from(struct resolver *r, struct ir_invariant *inv,
			 const struct ast_node *node)
{
	struct work w = work_on(r, node);
	wheres from = { 0 };

	if (!endpoint_check(&r->names, node->src))
		return;
	for (uint32_t i = 0; i < r->ir->space_count; i++) {
		const struct ir_space *s = &r->spaces[i];

		if (!w.scope.spaces[i])
			continue;
		w.in_any_space = true;
		sentence_missing(r, &w, s, node->src);
		where_add(r, &from, i, endpoint_set(&r->names, s, node->src));
		for (size_t k = 0; k < item_count(node->src); k++)
			w.src_added[k] |= !both_empty(endpoint_set(
				&r->names, s, item(node->src, k)));
	}
	if (w.in_any_space && !w.told)
		sentence_idle(r, node->src, w.src_added, "invariant");
	inv->from = from.at;
	inv->from_count = from.count;
}

/* The most layers with addresses that one environment and its peers have. */
static uint64_t most_layers(struct resolver *r, const struct ir_invariant *inv)
{
	uint64_t most = 0;

	for (size_t i = 0; i < inv->from_count; i++) {
		const struct ir_space *s = &r->spaces[inv->from[i].space];
		uint64_t layers = 0;

		for (size_t k = 0; k <= s->peer_count; k++) {
			const struct ir_space *at = k < s->peer_count
				? &r->spaces[s->peers[k]] : s;

			for (size_t l = 0; l < r->ir->layer_count; l++)
				layers += !both_empty(at->layers[l]);
		}
		most = layers > most ? layers : most;
	}
	return most;
}

void resolve_reach(struct resolver *r, struct ir_invariant *inv,
		   const struct ast_node *node)
{
	uint32_t hops = 0, most = 0;

	if (!count_read(r->diags, &node->hops, 1, &hops) |
	    !count_read(r->diags, &node->most, 0, &most))
		return;
	resolve_from(r, inv, node);
	inv->hops = hops;
	inv->most = most;
	if (inv->from_count && most >= most_layers(r, inv))
		claim_is_vacuous(r, node, "no environment has more layers");
}

/* Can a rule have more of it than this? */
static uint64_t most_of(const struct ir_invariant *inv)
{
	u128 most = 0;

	switch (inv->each) {
	case EACH_PORTS:
		return 2 * 65536;
	case EACH_EXPIRES:
		return UINT64_MAX;
	case EACH_ADDRESSES:
		break;
	}
	for (size_t i = 0; i < inv->from_count; i++)
		for (int f = IPV4; f < FAMILIES; f++) {
			struct ranges set = inv->from[i].set.of[f];
			u128 size = ranges_size(set);

			if (holds_opaque((enum family)f, set))
				return UINT64_MAX;	/* nobody knows */
			most = size > most ? size : most;
		}
	return most > UINT64_MAX ? UINT64_MAX : (uint64_t)most;
}

void resolve_each(struct resolver *r, struct ir_invariant *inv,
		  const struct ast_node *node)
{
	uint32_t most = 0;

	inv->each = *node->unit.text == 'a' ? EACH_ADDRESSES
		  : *node->unit.text == 'p' ? EACH_PORTS : EACH_EXPIRES;
	if (inv->each == EACH_EXPIRES
	    ? !duration_read(r->diags, &node->most, &most)
	    : !count_read(r->diags, &node->most, 0, &most))
		return;
	resolve_from(r, inv, node);
	inv->most = most;
	if (inv->from_count && most >= most_of(inv))
		claim_is_vacuous(r, node, inv->each == EACH_PORTS
				 ? "tcp and udp have no more ports"
				 : "no environment has more addresses there");
}

void resolve_parity(struct resolver *r, struct ir_invariant *inv,
		    const struct ast_node *node)
{
	struct ast_expr *const *words, *single;
	size_t count = words_of(node->list, &words, &single), kept = 0;
	bool *named = arena_array(r->arena, r->ir->environment_count, 1);
	uint32_t *parity = arena_array(r->arena, r->ir->environment_count,
				       sizeof *parity);
	const struct ir_space *last = NULL;	/* spaces go by customer */
	bool anywhere = false;

	if (!claim_words_differ(r, words, count))
		return;
	for (size_t i = 0; i < count; i++) {
		int number = names_environment(&r->names, words[i]);

		if (number >= 0)
			named[number] = true;
	}
	for (uint32_t i = 0; i < r->ir->environment_count; i++)
		if (named[i])
			parity[kept++] = i;
	inv->parity = parity;
	inv->parity_count = kept;
	if (count < 2)
		claim_is_vacuous(r, node, "an environment is equal to itself");
	for (size_t i = 0; i < r->ir->space_count; i++) {
		const struct ir_space *space = &r->spaces[i];

		if (!named[space->environment])
			continue;
		anywhere |= last && last->customer == space->customer;
		last = space;
	}
	if (!anywhere && count > 1 && !r->diags->errors)
		diag_label(diag_add(r->diags, P0312, node->list->span,
				    "`%s` compares nothing yet",
				    node->name.text),
			   "no customer has two of them");
}
