/*
 * Rules: each in each of its environments becomes flows.
 */
#include "compiler/sentence.h"

#include <stdlib.h>
#include <string.h>

static void add_flows(struct resolver *r, struct work *w, uint32_t rule,
		      uint32_t space)
{
	struct sets sets = sentence_in(r, w, space);
	struct both ours = r->ours[space];

	for (int f = IPV4; f < FAMILIES; f++) {
		struct ranges src = sets.src.of[f], dst = sets.dst.of[f];

		if (!src.count || !dst.count || !sets.svc.of[f].count)
			continue;
		w->any_ours |= ranges_touch(src, ours.of[f]) ||
			       ranges_touch(dst, ours.of[f]);
		if (r->ir->rules[rule].in_force)
			*LIST_PUSH(r->arena, &r->flows) = (struct ir_flow){
				.rule = rule, .space = space,
				.far = IR_NO_SPACE, .family = (enum family)f,
				.src = src, .dst = dst,
				.svc = sets.svc.of[f] };
	}
}

static void resolve_rule(struct resolver *r, struct ir_rule *rule,
			 uint32_t number, const struct ast_node *node)
{
	struct work w;
	bool good = sentence_check(r, node);

	rule->name = node->name.text;
	rule->name_span = node->name.span;
	rule->span = node->span;
	govern_rule(r, rule, node);
	w = work_on(r, node);
	if (!good)
		return;
	for (uint32_t i = 0; i < r->ir->space_count; i++)
		if (w.scope.spaces[i])
			add_flows(r, &w, number, i);
	sentence_judge(r, &w, "rule");
	sentence_skipped(r, &w);
	if (w.any_packet && !w.any_ours)
		diag_label(diag_add(r->diags, P0305,
				    span_join(node->src->span, node->dst->span),
				    "neither end of `%s` is ours", rule->name),
			   "one end must have a layer: only there can anything be enforced");
	if (!rule->in_force)
		diag_help(diag_add(r->diags, P0701, rule->expires.span,
				   "`%s` expired on %s and is left out of every output",
				   rule->name, rule->expires.value),
			  "remove the rule, or renew it with a new ticket");
}

static int by_space(const void *x, const void *y)
{
	const struct ir_flow *a = x, *b = y;

	if (a->space != b->space)
		return a->space < b->space ? -1 : 1;
	if (a->rule != b->rule)
		return a->rule < b->rule ? -1 : 1;
	return (int)a->family - (int)b->family;
}

void resolve_rules(struct resolver *r)
{
	size_t count = r->names.rules.count;
	struct ir_rule *rules = arena_array(r->arena, count, sizeof *rules);

	govern_check(r);
	if (count)
		qsort(r->names.rules.at, count, sizeof *r->names.rules.at,
		      resolve_by_name);
	r->ir->rules = rules;
	r->ir->rule_count = count;
	for (size_t i = 0; i < count; i++)
		resolve_rule(r, &rules[i], (uint32_t)i, r->names.rules.at[i]);
	if (r->flows.count)
		qsort(r->flows.at, r->flows.count, sizeof *r->flows.at,
		      by_space);
	r->ir->flows = r->flows.at;
	r->ir->flow_count = r->flows.count;
	for (uint32_t i = 0; i < r->flows.count; i++) {
		struct ir_space *s = &r->spaces[r->flows.at[i].space];

		if (!s->flow_count++)
			s->first_flow = i;
	}
}
