/* The words of ends and services are those of the source; the rest is ours. */
#include "compiler/statement.h"

#include "compiler/base/text.h"
#include "compiler/resolver.h"
#include "compiler/wording.h"

struct stating {
	const struct ir *ir;
	struct text out;
};

static const char *words(struct stating *s, const struct ast_expr *e)
{
	return wording_of(s->out.arena, s->ir->sources, e->span);
}

static const struct ast_attr *attribute(const struct ast_node *node,
					enum ast_attr_kind kind)
{
	for (const struct ast_attr *a = node->attrs; a; a = a->next)
		if (a->kind == kind)
			return a;
	return NULL;
}

static void put_in(struct stating *s, const struct ast_node *node)
{
	const struct ast_attr *in = attribute(node, ATTR_IN);

	if (in)
		text_printf(&s->out, " in %s", words(s, in->expr));
}

static void put_value(struct stating *s, const char *before,
		      const struct ir_attribute *a)
{
	if (a->value)
		text_printf(&s->out, "%s%s", before, a->value);
}

const char *statement_of_rule(struct arena *arena, const struct ir *ir,
			      uint32_t number)
{
	const struct ast_node *node = ir->resolver->names.rules.at[number];
	const struct ir_rule *rule = &ir->rules[number];
	struct stating s = { ir, TEXT_IN(arena) };

	text_printf(&s.out, "permit %s to ", words(&s, node->src));
	text_printf(&s.out, "%s on ", words(&s, node->dst));
	text_puts(&s.out, words(&s, node->on));
	put_in(&s, node);
	put_value(&s, " under ", &rule->ticket);
	if (rule->reason.value)
		text_printf(&s.out, ", because \"%s\"", rule->reason.value);
	put_value(&s, "; owner ", &rule->owner);
	put_value(&s, "; answered for by the ", &rule->party);
	put_value(&s, rule->in_force ? "; until " : "; expired on ",
		  &rule->expires);
	put_value(&s, "; reviewed ", &rule->reviewed);
	put_value(&s, " by ", &rule->reviewed_by);
	put_value(&s, "; approved by ", &rule->approved_by);
	put_value(&s, "; an emergency of ", &rule->emergency);
	put_value(&s, ", declared by ", &rule->emergency_by);
	put_value(&s, "; waives ", &rule->waives);
	text_puts(&s.out, rule->log ? "; logged" : "");
	text_puts(&s.out, rule->half == IR_OUTBOUND
		  ? "; the outbound half alone" : rule->half == IR_INBOUND
		  ? "; the inbound half alone" : "");
	return text_string(&s.out);
}

/* The four forms whose sentence has two ends; false for any other. */
static bool put_plain(struct stating *s, const struct ast_node *node)
{
	const char *src = node->src ? words(s, node->src) : "";
	const char *dst = node->dst ? words(s, node->dst) : "";
	const char *on = node->on ? words(s, node->on) : NULL;

	if (node->kind == AST_NEVER) {
		text_printf(&s->out, "nothing opened from %s reaches %s", src,
			    dst);
		if (on)
			text_printf(&s->out, " on %s", on);
		return true;
	}
	if (node->kind == AST_ONLY) {
		text_printf(&s->out, "nobody but %s reaches %s", src, dst);
		if (on)
			text_printf(&s->out, ", and %s only on %s", src, on);
		return true;
	}
	if (node->kind == AST_CONFINE) {
		text_printf(&s->out, "%s reaches nothing but %s", src, dst);
		if (on)
			text_printf(&s->out, ", and that only on %s", on);
		return true;
	}
	if (node->kind == AST_MUST) {
		text_printf(&s->out, "all of %s reach all of %s on all of %s",
			    src, dst, on ? on : "any");
		return true;
	}
	return false;
}

const char *statement_of_invariant(struct arena *arena, const struct ir *ir,
				   uint32_t number)
{
	const struct ast_node *node =
		ir->resolver->names.invariants.at[number];
	const struct ir_invariant *inv = &ir->invariants[number];
	const struct ast_attr *avoiding = attribute(node, ATTR_AVOIDING);
	struct stating s = { ir, TEXT_IN(arena) };

	if (!put_plain(&s, node))
		return wording_of(arena, ir->sources, inv->span);
	if (inv->kind == CLAIM_NEVER && inv->hops == HOPS_ANY)
		text_puts(&s.out, ", nor in several hops");
	else if (inv->kind == CLAIM_NEVER && inv->hops > 1)
		text_printf(&s.out, ", nor within %u hops",
			    (unsigned)inv->hops);
	if (avoiding)
		text_printf(&s.out, ", on routes that do not pass %s",
			    words(&s, avoiding->expr));
	put_in(&s, node);
	put_value(&s, ", because ", &inv->reason);
	put_value(&s, "; owner ", &inv->owner);
	put_value(&s, "; severity ", &inv->severity);
	for (size_t i = 0; i < inv->control_count; i++)
		text_printf(&s.out, "%s%s", i ? ", " : "; supports ",
			    inv->controls[i]);
	return text_string(&s.out);
}
