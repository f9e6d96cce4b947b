/*
 * Isolation: what of others an environment must not admit, judged on permits
 * and not on routing; or endpoints by name, pairwise.
 */
#include "compiler/claims.h"

#include "compiler/base/service.h"
#include "compiler/endpoint.h"

#include <string.h>

/*
 * What of the spaces at OTHERS is neither of space S itself nor of a peer that
 * is none of them: there an address is who the route leads to.
 */
static struct both foreign(struct resolver *r, const struct ir_space *s,
			   const bool *others)
{
	struct both all = { 0 }, near = s->vpc;

	for (size_t i = 0; i < r->ir->space_count; i++)
		if (others[i])
			all = both_union(r->arena, all,
				both_union(r->arena, r->spaces[i].vpc,
					   r->ours[i]));
	for (size_t i = 0; i < s->peer_count; i++)
		if (!others[s->peers[i]])
			near = both_union(r->arena, near,
					  r->spaces[s->peers[i]].vpc);
	return both_minus(r->arena, all, near);
}

/* Is space B one that isolation of A speaks of? */
static bool is_other(const struct ir_invariant *inv, const struct ir_space *a,
		     const struct ir_space *b, const bool *named)
{
	if (inv->kind == CLAIM_ISOLATE_CUSTOMERS)
		return a->customer != b->customer;
	return a->customer == b->customer && a->environment != b->environment &&
	       named[a->environment] && named[b->environment];
}

static void isolate_spaces(struct resolver *r, struct ir_invariant *inv,
			   const bool *named, claim_boxes *out)
{
	bool *others = arena_array(r->arena, r->ir->space_count,
				   sizeof *others);
	struct both every = service_all(r->arena);

	for (uint32_t i = 0; i < r->ir->space_count; i++) {
		struct both any = claim_any(r, i), set;

		for (size_t k = 0; k < r->ir->space_count; k++)
			others[k] = is_other(inv, &r->spaces[i], &r->spaces[k],
					     named);
		set = foreign(r, &r->spaces[i], others);
		claim_add(r, out, i, &(struct sets){ set, any, every });
		claim_add(r, out, i, &(struct sets){ any, set, every });
	}
}

/* Each pair of words in one space, both ways. */
static void isolate_pairs(struct resolver *r, uint32_t space,
			  struct ast_expr *const *words, size_t count,
			  bool *met, claim_boxes *out)
{
	const struct ir_space *s = &r->spaces[space];

	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < count; k++) {
			size_t before = out->count;
			struct sets pair = {
				endpoint_set(&r->names, s, words[i]),
				endpoint_set(&r->names, s, words[k]),
				service_all(r->arena) };

			if (i == k)
				continue;
			claim_add(r, out, space, &pair);
			met[i] |= out->count > before;
		}
}

/* Plain names of endpoints, in each environment. */
static void isolate_names(struct resolver *r, const struct ast_node *node,
			  struct ast_expr *const *words, size_t count,
			  claim_boxes *out)
{
	struct work w = work_on(r, node);
	bool *met = arena_array(r->arena, count, sizeof *met), good = true;

	for (size_t i = 0; i < count; i++)
		good &= endpoint_check(&r->names, words[i]);
	if (!good)
		return;
	for (uint32_t s = 0; s < r->ir->space_count; s++) {
		if (!w.scope.spaces[s])
			continue;
		w.in_any_space = true;
		for (size_t i = 0; i < count; i++)
			sentence_missing(r, &w, &r->spaces[s], words[i]);
		isolate_pairs(r, s, words, count, met, out);
	}
	for (size_t i = 0; i < count && w.in_any_space && !w.told; i++)
		if (!met[i])
			diag_label(diag_add(r->diags, P0303, words[i]->span,
					    "this member adds nothing to the invariant"),
				   count == 1 ? "it stands alone"
				   : "it meets no other member in any environment");
}

/* What `except A -> B on S` lets through. */
static void resolve_exception(struct resolver *r, struct ir_invariant *inv,
			      const struct ast_node *node)
{
	claim_boxes boxes = { 0 };
	struct work w;

	if (!node->src || !sentence_check(r, node))
		return;
	w = work_on(r, node);
	r->names.as_claim = false;	/* what lets through is not widened */
	for (uint32_t i = 0; i < r->ir->space_count; i++) {
		struct sets said;

		if (!w.scope.spaces[i])
			continue;
		said = sentence_in(r, &w, i);
		claim_add(r, &boxes, i, &said);
	}
	r->names.as_claim = true;
	sentence_judge(r, &w, "exception");
	inv->exceptions = boxes.at;
	inv->exception_count = boxes.count;
}

/* Environments are all environments: `in` would say it twice. */
static void refuse_in(struct resolver *r, const struct ast_node *node)
{
	for (const struct ast_attr *a = node->attrs; a; a = a->next)
		if (a->kind == ATTR_IN)
			attribute_is_wrong(r, a, "an isolation of environments: name those that are meant");
}

static bool all_environments(struct resolver *r, struct ast_expr *const *words,
			     size_t count, bool *named)
{
	for (size_t i = 0; i < count; i++)
		if (!names_find(&r->names.environments, words[i]->word))
			return false;
	for (size_t i = 0; i < count; i++)
		named[names_environment(&r->names, words[i])] = true;
	return true;
}

void resolve_isolation(struct resolver *r, struct ir_invariant *inv,
		       const struct ast_node *node)
{
	struct ast_expr *const *words, *single;
	size_t count = words_of(node->list, &words, &single);
	bool *named = arena_array(r->arena, r->ir->environment_count,
				  sizeof *named);
	claim_boxes boxes = { 0 };

	inv->kind = CLAIM_ISOLATE_ENVIRONMENTS;
	if (!claim_words_differ(r, words, count))
		return;
	resolve_exception(r, inv, node);
	if (count == 1 && strcmp(words[0]->word, "environments") == 0)
		memset(named, true, r->ir->environment_count);
	else if (count == 1 && strcmp(words[0]->word, "customers") == 0)
		inv->kind = CLAIM_ISOLATE_CUSTOMERS;
	else if (!all_environments(r, words, count, named))
		inv->kind = CLAIM_ISOLATE_NAMED;
	if (inv->kind == CLAIM_ISOLATE_NAMED) {
		isolate_names(r, node, words, count, &boxes);
	} else {
		refuse_in(r, node);
		isolate_spaces(r, inv, named, &boxes);
	}
	if (!boxes.count && !r->diags->errors)
		diag_label(diag_add(r->diags, P0312, node->list->span,
				    "`%s` keeps nothing apart yet",
				    node->name.text), "fewer than two");
	inv->boxes = boxes.at;
	inv->box_count = boxes.count;
}
