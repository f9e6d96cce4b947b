/*
 * Rules: each in each of its environments becomes flows, and one across
 * environments two halves of each.
 */
#include "compiler/sentence.h"

#include "compiler/qualified.h"

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

/* --- halves --- */

/* Is the near end of a half layers and nothing but whole ones? */
static bool is_whole(const struct resolver *r, uint32_t space,
		     enum family family, struct ranges near)
{
	for (size_t i = 0; i < r->ir->layer_count; i++) {
		struct ranges is = r->spaces[space].layers[i].of[family];

		if (ranges_touch(near, is) && !ranges_include(near, is))
			return false;
	}
	return ranges_include(r->ours[space].of[family], near);
}

static void tell_not_whole(struct resolver *r, const struct work *w,
			   uint32_t space, bool out)
{
	diag_help(diag_label(diag_add(r->diags, P0316,
			(out ? w->node->src : w->node->dst)->span,
			"the near end of `%s` is not whole layers in %s",
			w->node->name.text,
			ir_space_name(r->arena, r->ir, &r->spaces[space])),
			out ? "what it lets out of" : "what it lets in to"),
		  "name layers, or leave `%s` out", out ? "outbound" : "inbound");
}

/* What half F opens by itself: towards what is not ours. */
static void add_outside(struct resolver *r, const struct ir_flow *f, bool out)
{
	struct ranges ours = r->ours[f->space].of[f->family];
	struct ir_flow flow = *f;

	if (out)
		flow.dst = ranges_minus(r->arena, f->dst, ours);
	else
		flow.src = ranges_minus(r->arena, f->src, ours);
	if (flow.src.count && flow.dst.count)
		*LIST_PUSH(r->arena, &r->flows) = flow;
}

static void add_half(struct resolver *r, struct work *w, uint32_t rule,
		     uint32_t space)
{
	struct sets sets = sentence_in(r, w, space);
	bool out = r->ir->rules[rule].half == IR_OUTBOUND;

	for (int f = IPV4; f < FAMILIES; f++) {
		struct ir_flow half = {
			.rule = rule, .space = space, .far = IR_NO_SPACE,
			.family = (enum family)f, .src = sets.src.of[f],
			.dst = sets.dst.of[f], .svc = sets.svc.of[f] };

		if (!half.src.count || !half.dst.count || !half.svc.count)
			continue;
		w->any_ours = true;
		if (!is_whole(r, space, half.family, out ? half.src : half.dst)) {
			tell_not_whole(r, w, space, out);
			return;
		}
		if (!r->ir->rules[rule].in_force)
			continue;
		*LIST_PUSH(r->arena, &r->halves) = half;
		add_outside(r, &half, out);
	}
}

/* What OUT and IN open together, by each of their rules. */
static void meet(struct resolver *r, const struct ir_flow *out,
		 const struct ir_flow *in)
{
	struct ir_flow flow = *out;

	flow.src = ranges_meet(r->arena, out->src, in->src);
	flow.dst = ranges_meet(r->arena, out->dst, in->dst);
	if (!flow.src.count || !flow.dst.count)
		return;
	flow.svc = ranges_meet(r->arena, out->svc, in->svc);
	if (!flow.svc.count)
		return;
	*LIST_PUSH(r->arena, &r->flows) = flow;
	flow.rule = in->rule;
	*LIST_PUSH(r->arena, &r->flows) = flow;
}

/* Where an outbound and an inbound half meet, a connection opens. */
static void meet_halves(struct resolver *r)
{
	const struct ir_flow *all = r->halves.at;

	for (size_t i = 0; i < r->halves.count; i++) {
		if (r->ir->rules[all[i].rule].half != IR_OUTBOUND)
			continue;
		for (size_t k = 0; k < r->halves.count; k++)
			if (r->ir->rules[all[k].rule].half == IR_INBOUND &&
			    all[k].space == all[i].space &&
			    all[k].family == all[i].family)
				meet(r, &all[i], &all[k]);
	}
}

/* --- across environments --- */

/* Which environment the words of an end name. */
struct end_place {
	bool any_plain, any_named, differ;
	struct place_name place;
};

static void look_at_end(struct resolver *r, const struct ast_expr *e,
			struct end_place *out)
{
	const struct qualified *q;

	for (size_t i = 0; e->kind != EXPR_WORD && i < e->items.count; i++)
		look_at_end(r, e->items.at[i], out);
	if (e->kind != EXPR_WORD)
		return;
	if (!is_qualified(e->word)) {
		out->any_plain = true;
		return;
	}
	q = qualified_find(&r->names, e);
	out->differ |= out->any_named &&
		       (q->place.customer != out->place.customer ||
			q->place.environment != out->place.environment);
	out->any_named = true;
	out->place = q->place;
}

/* Is NODE well formed as a rule across environments?  Mistakes are told. */
static bool check_cross(struct resolver *r, const struct ast_node *node,
			const struct end_place *src,
			const struct end_place *dst)
{
	const struct end_place *bad = src->any_plain || src->differ ? src : dst;
	const struct ast_expr *e = bad == src ? node->src : node->dst;

	for (const struct ast_attr *a = node->attrs; a; a = a->next)
		if (a->kind == ATTR_IN || a->kind == ATTR_OUTBOUND ||
		    a->kind == ATTR_INBOUND) {
			attribute_is_wrong(r, a, "a rule whose ends name their environments");
			return false;
		}
	if (bad->any_plain || bad->differ) {
		diag_help(diag_label(diag_add(r->diags, P0315, e->span,
				"`%s` crosses environments and does not say where this is",
				node->name.text),
				bad->any_plain
				? "a name without its environment"
				: "two environments at one end"),
			  "write `ENVIRONMENT.LAYER` on both sides of `->`, one environment on each");
		return false;
	}
	if (src->place.customer != dst->place.customer ||
	    src->place.environment != dst->place.environment)
		return true;
	diag_help(diag_label(diag_add(r->diags, P0315,
				      span_join(node->src->span,
						node->dst->span),
				      "both ends of `%s` are in one environment",
				      node->name.text), "here and there alike"),
		  "write the layers alone, and the environment behind `in`");
	return false;
}

/* Are the ends layers?  Nothing else is of one environment. */
static void check_ours(struct resolver *r, const struct ast_node *node,
		       const struct ast_expr *e, struct both set, uint32_t space)
{
	if (!both_include(r->ours[space], set))
		diag_label(diag_add(r->diags, P0315, e->span,
				    "an end of `%s` is not in the layers of %s",
				    node->name.text,
				    ir_space_name(r->arena, r->ir,
						  &r->spaces[space])),
			   "only layers can be reached from another environment");
}

/* The egress half where the source is, the ingress half at the other end. */
static void add_halves(struct resolver *r, struct work *w, uint32_t rule,
		       uint32_t from, uint32_t to)
{
	struct sets sets = sentence_between(r, w, from, to);

	check_ours(r, w->node, w->node->src, sets.src, from);
	check_ours(r, w->node, w->node->dst, sets.dst, to);
	for (int f = IPV4; f < FAMILIES; f++) {
		struct ir_flow half = {
			.rule = rule, .space = from, .far = to,
			.family = (enum family)f, .src = sets.src.of[f],
			.dst = sets.dst.of[f], .svc = sets.svc.of[f] };

		if (!half.src.count || !half.dst.count || !half.svc.count ||
		    !r->ir->rules[rule].in_force)
			continue;
		*LIST_PUSH(r->arena, &r->flows) = half;
		half.space = to;
		half.far = from;
		*LIST_PUSH(r->arena, &r->flows) = half;
	}
}

static void tell_no_peering(struct resolver *r, const struct ast_node *node,
			    uint32_t from, uint32_t to)
{
	struct diag *d = diag_add(r->diags, P0314,
				  span_join(node->src->span, node->dst->span),
				  "%s and %s do not peer",
				  ir_space_name(r->arena, r->ir,
						&r->spaces[from]),
				  ir_space_name(r->arena, r->ir,
						&r->spaces[to]));

	diag_label(d, "`%s` crosses from one to the other", node->name.text);
	diag_note(d, r->spaces[to].span, "this environment");
	diag_help(d, "say in one of them that the peering is active: `peer %s;`",
		  r->ir->environments[r->spaces[to].environment]);
}

static void resolve_cross(struct resolver *r, struct work *w, uint32_t rule,
			  const struct end_place *src,
			  const struct end_place *dst)
{
	bool once = src->place.customer != QUALIFIED_OWN &&
		    dst->place.customer != QUALIFIED_OWN;
	bool told = false;

	for (uint32_t c = 0; c < (once ? 1 : r->ir->customer_count); c++) {
		uint32_t from = place_name_space(&r->names, &src->place, c);
		uint32_t to = place_name_space(&r->names, &dst->place, c);

		/* a customer without one of them, or the one all others meet */
		if (from == IR_NO_SPACE || to == IR_NO_SPACE || from == to)
			continue;
		if (ir_is_peer(&r->spaces[from], to))
			add_halves(r, w, rule, from, to);
		else if (!told)
			tell_no_peering(r, w->node, from, to);
		told |= !ir_is_peer(&r->spaces[from], to);
	}
	w->any_ours = true;
	w->told |= told;
	if (!told)
		sentence_judge(r, w, "rule");
}

/* --- all rules --- */

static void resolve_within(struct resolver *r, struct work *w, uint32_t rule)
{
	const struct ast_node *node = w->node;

	for (uint32_t i = 0; i < r->ir->space_count; i++)
		if (w->scope.spaces[i] &&
		    r->ir->rules[rule].half == IR_BOTH_HALVES)
			add_flows(r, w, rule, i);
		else if (w->scope.spaces[i])
			add_half(r, w, rule, i);
	sentence_judge(r, w, "rule");
	sentence_skipped(r, w);
	if (w->any_packet && !w->any_ours)
		diag_label(diag_add(r->diags, P0305,
				    span_join(node->src->span, node->dst->span),
				    "neither end of `%s` is ours",
				    node->name.text),
			   "one end must have a layer: only there can anything be enforced");
}

static void resolve_rule(struct resolver *r, struct ir_rule *rule,
			 uint32_t number, const struct ast_node *node)
{
	struct end_place src = { 0 }, dst = { 0 };
	struct work w;
	bool good = sentence_check(r, node);

	rule->name = node->name.text;
	rule->name_span = node->name.span;
	rule->span = node->span;
	govern_rule(r, rule, node);
	w = work_on(r, node);
	if (!good)
		return;
	look_at_end(r, node->src, &src);
	look_at_end(r, node->dst, &dst);
	if (!src.any_named && !dst.any_named)
		resolve_within(r, &w, number);
	else if (check_cross(r, node, &src, &dst))
		resolve_cross(r, &w, number, &src, &dst);
	if (!rule->in_force)
		diag_help(diag_add(r->diags, P0701, rule->expires.span,
				   "`%s` expired on %s and is left out of every output",
				   rule->name, rule->expires.value),
			  rule->emergency.value
			  ? "remove the rule once it was reviewed; what has to stay needs a rule like any other"
			  : "remove the rule, or renew it with a new ticket");
}

static int by_space(const void *x, const void *y)
{
	const struct ir_flow *a = x, *b = y;

	if (a->space != b->space)
		return a->space < b->space ? -1 : 1;
	if (a->rule != b->rule)
		return a->rule < b->rule ? -1 : 1;
	if (a->family != b->family)
		return (int)a->family - (int)b->family;
	return (a->far > b->far) - (a->far < b->far);
}

static void keep_halves(struct resolver *r)
{
	if (r->halves.count)
		qsort(r->halves.at, r->halves.count, sizeof *r->halves.at,
		      by_space);
	r->ir->halves = r->halves.at;
	r->ir->half_count = r->halves.count;
	for (uint32_t i = 0; i < r->halves.count; i++) {
		struct ir_space *s = &r->spaces[r->halves.at[i].space];

		if (!s->half_count++)
			s->first_half = i;
	}
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
	meet_halves(r);
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
	keep_halves(r);
}
