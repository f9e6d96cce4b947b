/*
 * Invariants over packets: what each forbids or demands in every space.
 */
#include "compiler/claims.h"

#include "compiler/base/addr.h"
#include "compiler/base/service.h"
#include "compiler/endpoint.h"

#include <string.h>

void claim_add(struct resolver *r, claim_boxes *out, uint32_t space,
	       const struct sets *s)
{
	for (int f = IPV4; f < FAMILIES; f++)
		if (s->src.of[f].count && s->dst.of[f].count &&
		    s->svc.of[f].count)
			*LIST_PUSH(r->arena, out) = (struct ir_claim_box){
				space, (enum family)f, s->src.of[f],
				s->dst.of[f], s->svc.of[f] };
}

struct both claim_any(struct resolver *r, uint32_t space)
{
	const struct ir_space *s = &r->spaces[space];
	struct both all = { { family_all(r->arena, IPV4),
			      family_all(r->arena, IPV6) } };

	for (uint32_t i = 0; i < r->ir->network_count; i++)
		if (ir_is_opaque(s, i))
			all = both_union(r->arena, all, s->networks[i]);
	return all;
}

void claim_is_vacuous(struct resolver *r, const struct ast_node *node,
		      const char *why)
{
	diag_label(diag_add(r->diags, P0308, node->name.span,
			    "nothing could break `%s`", node->name.text),
		   "%s", why);
}

enum { MEMBERS_MOST = 256 };

bool claim_words_differ(struct resolver *r, struct ast_expr *const *words,
			size_t count)
{
	struct table known = TABLE_IN(r->arena);

	for (size_t i = 0; i < count; i++) {
		void **slot = table_at_name(&known, words[i]->word);
		const struct ast_expr *first = *slot;

		if (first) {
			diag_note(diag_add(r->diags, P0210, words[i]->span,
					   "`%.80s` stands twice",
					   words[i]->word),
				  first->span, "first here");
			return false;
		}
		*slot = words[i];
	}
	if (count <= MEMBERS_MOST)
		return true;
	diag_label(diag_add(r->diags, P0006, words[MEMBERS_MOST]->span,
			    "more than %d members that are held against each other",
			    MEMBERS_MOST), "one too many");
	return false;
}

/* --- A -> B on S --- */

/* The forbidden packets (of `must`: the demanded ones) in one space. */
static void claim_sentence(struct resolver *r, struct work *w, uint32_t space,
			   claim_boxes *out)
{
	struct sets said = sentence_in(r, w, space), rest = said;

	if (w->node->kind == AST_NEVER || w->node->kind == AST_MUST) {
		claim_add(r, out, space, &said);
		return;
	}
	rest.svc = both_minus(r->arena, service_all(r->arena), said.svc);
	claim_add(r, out, space, &rest);
	rest.svc = service_all(r->arena);
	if (w->node->kind == AST_ONLY)
		rest.src = both_minus(r->arena, claim_any(r, space), said.src);
	else
		rest.dst = both_minus(r->arena, claim_any(r, space), said.dst);
	claim_add(r, out, space, &rest);
}

/* A `must` between two ends that have members here but no family in common. */
static void check_must(struct resolver *r, const struct work *w,
		       const struct ir_space *s)
{
	struct both src = endpoint_set(&r->names, s, w->node->src);
	struct both dst = endpoint_set(&r->names, s, w->node->dst);

	if (!both_empty(src) && !both_empty(dst) &&
	    !is_packet(src, dst, service_set(&r->names, w->node->on)))
		diag_label(diag_add(r->diags, P0311, w->node->name.span,
				    "`%s` cannot hold in %s",
				    w->node->name.text,
				    ir_space_name(r->arena, r->ir, s)),
			   "the two ends have no common address family there");
}

void resolve_sentence(struct resolver *r, struct ir_invariant *inv,
		      const struct ast_node *node)
{
	struct work w = work_on(r, node);
	claim_boxes boxes = { 0 };

	if (node->kind == AST_MUST && !node->on)
		diag_help(diag_add(r->diags, P0002, node->name.span,
				   "`must` needs services"),
			  "write `on tcp/443` behind the destination");
	if (!sentence_check(r, node))
		return;
	r->names.as_claim = node->kind != AST_MUST;
	for (uint32_t i = 0; i < r->ir->space_count; i++) {
		if (!w.scope.spaces[i])
			continue;
		claim_sentence(r, &w, i, &boxes);
		if (node->kind == AST_MUST)
			check_must(r, &w, &r->spaces[i]);
	}
	sentence_judge(r, &w, "invariant");
	inv->boxes = boxes.at;
	inv->box_count = boxes.count;
	if (!boxes.count && w.any_packet)
		claim_is_vacuous(r, node, "it guards nothing");
}

/* --- routes --- */

void where_add(struct resolver *r, wheres *out, uint32_t space,
		      struct both set)
{
	if (!both_empty(set))
		*LIST_PUSH(r->arena, out) = (struct ir_where){ space, set };
}

/*
 * What of the packets in SPACE ends a route that SAID forbids, which may have
 * begun in another space that flows lead from.
 */
static void claim_route(struct resolver *r, claim_boxes *out, uint32_t space,
			const struct sets *said)
{
	for (int f = IPV4; f < FAMILIES; f++)
		if (said->dst.of[f].count && said->svc.of[f].count)
			*LIST_PUSH(r->arena, out) = (struct ir_claim_box){
				space, (enum family)f, said->src.of[f],
				said->dst.of[f], said->svc.of[f] };
}

static const struct ast_expr *avoided(const struct ast_node *node)
{
	for (const struct ast_attr *a = node->attrs; a; a = a->next)
		if (a->kind == ATTR_AVOIDING)
			return a->expr;
	return NULL;
}

/* A waypoint that no environment has, or a member of it. */
static void judge_avoided(struct resolver *r, const struct work *w,
			  const struct ast_expr *e)
{
	for (size_t i = 0; i < item_count(e); i++) {
		bool found = false;

		for (size_t s = 0; s < r->ir->space_count && !found; s++)
			found = w->scope.spaces[s] &&
				!both_empty(endpoint_set(&r->names,
							 &r->spaces[s],
							 item(e, i)));
		if (!found && w->in_any_space && !w->told)
			diag_help(diag_label(diag_add(r->diags, P0301,
						      item(e, i)->span,
						      "`%s` avoids what has no address",
						      w->node->name.text),
					     "empty in every environment"),
				  "no route could pass it: give it addresses, or remove it");
	}
}

/*
 * A never over several hops.  An end that lies in what is to be avoided counts
 * as passing it, so it is taken from both ends here.
 */
void resolve_route(struct resolver *r, struct ir_invariant *inv,
		   const struct ast_node *node)
{
	const struct ast_expr *avoid = avoided(node);
	struct work w = work_on(r, node);
	claim_boxes boxes = { 0 };
	wheres from = { 0 }, avoiding = { 0 };

	w.routes = true;
	if (!sentence_check(r, node) |
	    (avoid && !endpoint_check(&r->names, avoid)))
		return;
	for (uint32_t i = 0; i < r->ir->space_count; i++) {
		const struct ir_space *s = &r->spaces[i];
		struct both out = { 0 };
		struct sets said;

		if (!w.scope.spaces[i])
			continue;
		said = sentence_in(r, &w, i);
		if (avoid) {
			out = endpoint_set(&r->names, s, avoid);
			if (w.scope.named)
				sentence_missing(r, &w, s, avoid);
		}
		said.src = both_minus(r->arena, said.src, out);
		said.dst = both_minus(r->arena, said.dst, out);
		claim_route(r, &boxes, i, &said);
		where_add(r, &from, i, said.src);
		where_add(r, &avoiding, i, out);
	}
	sentence_judge(r, &w, "invariant");
	judge_avoided(r, &w, avoid);
	inv->boxes = boxes.at;
	inv->box_count = boxes.count;
	inv->from = from.at;
	inv->from_count = from.count;
	inv->avoiding = avoiding.at;
	inv->avoiding_count = avoiding.count;
	if ((!boxes.count || !from.count) && w.any_packet)
		claim_is_vacuous(r, node, "every route begins or ends in what it is to pass");
}

/* --- tiers --- */

static bool check_tiers(struct resolver *r, struct ast_expr *const *tiers,
			size_t count)
{
	bool good = claim_words_differ(r, tiers, count);

	for (size_t i = 0; i < count; i++)
		good &= endpoint_check(&r->names, tiers[i]);
	return good;
}

/* Every pair in one space but a tier and the one below it. */
static void claim_tiers(struct resolver *r, uint32_t space,
			struct ast_expr *const *tiers, size_t count,
			bool *met, claim_boxes *out)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < count; k++) {
			const struct ir_space *s = &r->spaces[space];
			size_t before = out->count;
			struct sets pair = {
				endpoint_set(&r->names, s, tiers[i]),
				endpoint_set(&r->names, s, tiers[k]),
				service_all(r->arena) };

			if (k == i || k == i + 1)
				continue;
			claim_add(r, out, space, &pair);
			met[i] |= out->count > before;
			met[k] |= out->count > before;
		}
}

void resolve_tiers(struct resolver *r, struct ir_invariant *inv,
		   const struct ast_node *node)
{
	struct ast_expr *const *tiers, *single;
	size_t count = words_of(node->list, &tiers, &single);
	struct work w = work_on(r, node);
	bool *met = arena_array(r->arena, count, sizeof *met);
	claim_boxes boxes = { 0 };

	if (!check_tiers(r, tiers, count))
		return;
	for (uint32_t i = 0; i < r->ir->space_count; i++) {
		if (!w.scope.spaces[i])
			continue;
		w.in_any_space = true;
		for (size_t k = 0; k < count; k++)
			sentence_missing(r, &w, &r->spaces[i], tiers[k]);
		claim_tiers(r, i, tiers, count, met, &boxes);
	}
	for (size_t k = 0; k < count && w.in_any_space && !w.told; k++)
		if (!met[k])
			diag_label(diag_add(r->diags, P0303, tiers[k]->span,
					    "this member adds nothing to the invariant"),
				   "no other tier has addresses of its family in any environment");
	inv->boxes = boxes.at;
	inv->box_count = boxes.count;
}
