/*
 * Invariants and expectations by their form, and what they say besides it.
 */
#include "compiler/claims.h"

#include "compiler/count.h"

#include <stdlib.h>
#include <string.h>

/* --- attributes --- */

static void read_controls(struct resolver *r, struct ir_invariant *inv,
			  const struct ast_attr *a)
{
	struct ast_expr *const *words, *single;
	size_t count = words_of(a->expr, &words, &single);
	const char **controls = arena_array(r->arena, count, sizeof *controls);

	for (size_t i = 0; i < count; i++)
		controls[i] = words[i]->word;
	inv->controls = controls;
	inv->control_count = count;
}

/* `transitively` and `avoiding` make routes of a never, and of nothing else. */
static void read_hops(struct resolver *r, struct ir_invariant *inv,
		      const struct ast_node *node, const struct ast_attr *a)
{
	if (node->kind != AST_NEVER) {
		attribute_is_wrong(r, a, "an invariant other than `never`");
	} else if (a->kind == ATTR_TRANSITIVELY && node->hops.text) {
		diag_note(diag_add(r->diags, P0207, a->span,
				   "`transitively` is any number of hops"),
			  node->hops.span, "and here is how many");
	} else if (a->kind == ATTR_TRANSITIVELY) {
		inv->hops = HOPS_ANY;
	}
}

static void check_hops(struct resolver *r, const struct ir_invariant *inv,
		       const struct ast_node *node)
{
	for (const struct ast_attr *a = node->attrs; a; a = a->next) {
		struct span end = { a->span.hi, a->span.hi };
		struct diag *d;

		if (a->kind != ATTR_AVOIDING || inv->hops > 1 ||
		    node->kind != AST_NEVER)
			continue;
		d = diag_add(r->diags, P0207, a->span,
			     "`avoiding` needs `transitively`");
		diag_label(d, "one hop passes nothing on its way");
		diag_fix(d, end, " transitively");
	}
}

static void read_attribute(struct resolver *r, struct ir_invariant *inv,
			   const struct ast_node *node,
			   const struct ast_attr *a)
{
	struct ir_attribute value = { a->value.text, a->span };

	switch (a->kind) {
	case ATTR_CONTROLS:
		read_controls(r, inv, a);
		break;
	case ATTR_OWNER:
		inv->owner = value;
		break;
	case ATTR_REASON:
		inv->reason = value;
		break;
	case ATTR_SEVERITY:
		inv->severity = value;
		break;
	case ATTR_IN:
		if (node->kind == AST_PARITY)
			attribute_is_wrong(r, a, "`parity`, which names its environments");
		break;
	case ATTR_TRANSITIVELY: case ATTR_AVOIDING:
		read_hops(r, inv, node, a);
		break;
	case ATTR_TICKET: case ATTR_EXPIRES: case ATTR_REVIEWED:
	case ATTR_APPROVED: case ATTR_EMERGENCY: case ATTR_PARTY: case ATTR_LOG:
	case ATTR_WAIVES:
	case ATTR_OUTBOUND: case ATTR_INBOUND:
		attribute_is_wrong(r, a, "an invariant");
		break;
	}
}

static enum ir_kind kind_of(enum ast_kind kind)
{
	return kind == AST_ONLY	     ? CLAIM_ONLY
	     : kind == AST_CONFINE   ? CLAIM_CONFINE
	     : kind == AST_MUST	     ? CLAIM_MUST
	     : kind == AST_TIERS     ? CLAIM_TIERS
	     : kind == AST_REACH     ? CLAIM_REACH
	     : kind == AST_PARITY    ? CLAIM_PARITY
	     : kind == AST_EACH_RULE ? CLAIM_EACH_RULE : CLAIM_NEVER;
}

static void resolve_form(struct resolver *r, struct ir_invariant *inv,
			 const struct ast_node *node)
{
	if (node->kind == AST_ISOLATE)
		resolve_isolation(r, inv, node);
	else if (node->kind == AST_TIERS)
		resolve_tiers(r, inv, node);
	else if (node->kind == AST_REACH)
		resolve_reach(r, inv, node);
	else if (node->kind == AST_PARITY)
		resolve_parity(r, inv, node);
	else if (node->kind == AST_EACH_RULE)
		resolve_each(r, inv, node);
	else if (inv->hops > 1)
		resolve_route(r, inv, node);
	else
		resolve_sentence(r, inv, node);
}

static void resolve_invariant(struct resolver *r, struct ir_invariant *inv,
			      const struct ast_node *node)
{
	inv->name = node->name.text;
	inv->kind = kind_of(node->kind);
	inv->hops = 1;
	inv->name_span = node->name.span;
	inv->span = node->span;
	if (node->kind == AST_NEVER && node->hops.text)
		(void)count_read(r->diags, &node->hops, 1, &inv->hops);
	for (const struct ast_attr *a = node->attrs; a; a = a->next)
		if (attribute_is_first(r, node->attrs, a))
			read_attribute(r, inv, node, a);
	check_hops(r, inv, node);
	r->names.as_claim = true;
	resolve_form(r, inv, node);
}

void resolve_invariants(struct resolver *r)
{
	size_t count = r->names.invariants.count;
	struct ir_invariant *all = arena_array(r->arena, count, sizeof *all);

	if (count)
		qsort(r->names.invariants.at, count,
		      sizeof *r->names.invariants.at, resolve_by_name);
	r->ir->invariants = all;
	r->ir->invariant_count = count;
	for (size_t i = 0; i < count; i++)
		resolve_invariant(r, &all[i], r->names.invariants.at[i]);
}

/* --- expectations --- */

/* A unit test of the policy: `yes` demands every packet, `no` forbids each. */
static void resolve_expect(struct resolver *r, struct ir_invariant *expect,
			   const struct ast_node *node)
{
	struct ast_node sentence = *node;
	bool yes = strcmp(node->name.text, "yes") == 0;

	if (!yes && strcmp(node->name.text, "no") != 0)
		diag_label(diag_add(r->diags, P0208, node->name.span,
				    "`%.40s` is nothing to expect",
				    node->name.text), "expected yes or no");
	sentence.kind = yes ? AST_MUST : AST_NEVER;
	expect->name = yes ? "yes" : "no";
	expect->kind = yes ? CLAIM_MUST : CLAIM_NEVER;
	expect->hops = 1;
	expect->name_span = node->name.span;
	expect->span = node->span;
	for (const struct ast_attr *a = node->attrs; a; a = a->next)
		if (a->kind != ATTR_IN)
			attribute_is_wrong(r, a, "an expectation");
	resolve_sentence(r, expect, &sentence);
}

void resolve_expects(struct resolver *r)
{
	size_t count = r->names.expects.count;
	struct ir_invariant *all = arena_array(r->arena, count, sizeof *all);

	r->ir->expects = all;
	r->ir->expect_count = count;
	for (size_t i = 0; i < count; i++)
		resolve_expect(r, &all[i], r->names.expects.at[i]);
}
