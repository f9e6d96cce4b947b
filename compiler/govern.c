/*
 * What a rule says besides who may talk to whom: attributes, `default` and
 * `require`, and what a waiver needs.
 */
#include "compiler/resolver.h"

#include "compiler/base/date.h"
#include "compiler/base/text.h"
#include "compiler/emergency.h"

#include <string.h>

static struct ir_attribute *attribute_of_rule(struct ir_rule *rule,
					      enum ast_attr_kind kind)
{
	switch (kind) {
	case ATTR_OWNER:    return &rule->owner;
	case ATTR_TICKET:   return &rule->ticket;
	case ATTR_REASON:   return &rule->reason;
	case ATTR_EXPIRES:  return &rule->expires;
	case ATTR_REVIEWED: return &rule->reviewed;
	case ATTR_APPROVED: return &rule->approved_by;
	case ATTR_EMERGENCY: return &rule->emergency;
	case ATTR_PARTY:    return &rule->party;
	case ATTR_WAIVES:   return &rule->waives;
	case ATTR_LOG: case ATTR_IN: case ATTR_CONTROLS: case ATTR_SEVERITY:
	case ATTR_TRANSITIVELY: case ATTR_AVOIDING:
	case ATTR_OUTBOUND: case ATTR_INBOUND:
		break;
	}
	return NULL;
}

bool attribute_is_first(struct resolver *r, const struct ast_attr *attrs,
		     const struct ast_attr *attr)
{
	for (const struct ast_attr *a = attrs; a != attr; a = a->next)
		if (a->kind == attr->kind) {
			diag_note(diag_add(r->diags, P0206, attr->span,
					   "the attribute stands twice"),
				  a->span, "first here");
			return false;
		}
	return true;
}

bool govern_date(struct resolver *r, const struct ast_text *text,
		 uint32_t *day)
{
	if (date_read(text->text, day))
		return true;
	diag_help(diag_add(r->diags, P0205, text->span,
			   "`%.40s` is not a date", text->text),
		  "write it like `2027-03-31`");
	return false;
}

void attribute_is_wrong(struct resolver *r, const struct ast_attr *attr,
			    const char *what)
{
	diag_label(diag_add(r->diags, P0207, attr->span,
			    "this attribute does not belong on %s", what),
		   "here");
}

/* One half of a connection; both of them are a rule without such a word. */
static void read_half(struct resolver *r, struct ir_rule *rule,
		      const struct ast_attr *a)
{
	if (rule->half == IR_BOTH_HALVES)
		rule->half = a->kind == ATTR_OUTBOUND ? IR_OUTBOUND : IR_INBOUND;
	else
		diag_help(diag_label(diag_add(r->diags, P0206, a->span,
				"`%s` is outbound and inbound", rule->name),
				"the second half"),
			  "leave both words out: a rule opens both halves");
}

static void read_rule_attribute(struct resolver *r, struct ir_rule *rule,
				const struct ast_attr *a)
{
	struct ir_attribute *slot = attribute_of_rule(rule, a->kind);
	uint32_t day;

	if (a->kind == ATTR_IN)
		return;
	if (a->kind == ATTR_LOG) {
		rule->log = true;
		return;
	}
	if (a->kind == ATTR_OUTBOUND || a->kind == ATTR_INBOUND) {
		read_half(r, rule, a);
		return;
	}
	if (!slot) {
		attribute_is_wrong(r, a, "a rule");
		return;
	}
	*slot = (struct ir_attribute){ a->value.text, a->span };
	if (a->kind == ATTR_REVIEWED)
		rule->reviewed_by = (struct ir_attribute){ a->by.text, a->span };
	if (a->kind == ATTR_REVIEWED && govern_date(r, &a->value, &day))
		rule->reviewed_day = day;
	if (a->kind == ATTR_EMERGENCY)
		rule->emergency_by = (struct ir_attribute){ a->by.text, a->span };
	if (a->kind == ATTR_EMERGENCY && govern_date(r, &a->value, &day))
		rule->emergency_day = day;
	else if (a->kind == ATTR_EMERGENCY)
		rule->emergency_day = r->as_of;	/* wrong, which was told */
	if (a->kind == ATTR_EXPIRES && govern_date(r, &a->value, &day)) {
		rule->expires_day = day;
		rule->in_force = day >= r->as_of;
	}
	if (a->kind == ATTR_PARTY && strcmp(a->value.text, "provider") != 0 &&
	    strcmp(a->value.text, "customer") != 0)
		diag_label(diag_add(r->diags, P0208, a->value.span,
				    "`%.40s` is not a party", a->value.text),
			   "expected provider or customer");
}

/* What the rule does not say itself; true for `log` as well. */
static void apply_defaults(struct resolver *r, struct ir_rule *rule)
{
	for (int kind = 0; kind <= ATTR_IN; kind++) {
		const struct ast_attr *a = r->defaults[kind];
		const struct ir_attribute *slot = a
			? attribute_of_rule(rule, a->kind) : NULL;

		if (a && (a->kind == ATTR_LOG || (slot && !slot->value)))
			read_rule_attribute(r, rule, a);
	}
}

/* Defaults that no rule could have, and the same one twice. */
static void check_defaults(struct resolver *r)
{
	for (size_t i = 0; i < r->names.defaults.count; i++) {
		const struct ast_attr *a = r->names.defaults.at[i]->attrs;
		const struct ast_attr **first = &r->defaults[a->kind];

		if (a->kind == ATTR_WAIVES || a->kind == ATTR_IN ||
		    a->kind == ATTR_CONTROLS || a->kind == ATTR_SEVERITY ||
		    a->kind == ATTR_EMERGENCY ||
		    a->kind == ATTR_TRANSITIVELY || a->kind == ATTR_AVOIDING ||
		    a->kind == ATTR_OUTBOUND || a->kind == ATTR_INBOUND)
			attribute_is_wrong(r, a, "every rule by default");
		else if (*first)
			diag_note(diag_add(r->diags, P0206, a->span,
					   "a second default for the same attribute"),
				  (*first)->span, "first here");
		else
			*first = a;
	}
}

struct requirable {
	const char *word;
	enum ast_attr_kind kind;
};

static const struct requirable requirables[] = {
	{ "owner",    ATTR_OWNER },    { "ticket",   ATTR_TICKET },
	{ "reason",   ATTR_REASON },   { "expires",  ATTR_EXPIRES },
	{ "reviewed", ATTR_REVIEWED }, { "approved", ATTR_APPROVED },
	{ "party",    ATTR_PARTY },
};

static const struct requirable *requirable(const char *word)
{
	for (size_t i = 0; i < sizeof requirables / sizeof *requirables; i++)
		if (strcmp(requirables[i].word, word) == 0)
			return &requirables[i];
	return NULL;
}

static void check_requires(struct resolver *r)
{
	for (size_t i = 0; i < r->names.requires.count; i++) {
		struct ast_expr *const *words, *single;
		size_t count = words_of(r->names.requires.at[i]->list, &words,
					&single);

		for (size_t k = 0; k < count; k++) {
			const struct requirable *q = requirable(words[k]->word);

			if (q)
				r->required[q->kind] = r->names.requires.at[i];
			else
				diag_label(diag_add(r->diags, P0208,
						    words[k]->span,
						    "`%.40s` cannot be required",
						    words[k]->word),
					   "expected owner, ticket, reason, expires, reviewed, approved or party");
		}
	}
}

/* Tell everything that the policy requires and the rule lacks, at once. */
static void check_required(struct resolver *r, struct ir_rule *rule)
{
	struct text lacks = TEXT_IN(r->arena);
	struct span by = { 0 };

	for (size_t i = 0; i < sizeof requirables / sizeof *requirables; i++) {
		const struct requirable *q = &requirables[i];

		if (!r->required[q->kind] ||
		    attribute_of_rule(rule, q->kind)->value)
			continue;
		if (q->kind == ATTR_REVIEWED && rule->emergency.value)
			continue;	/* its review comes after it */
		text_printf(&lacks, "%s`%s`", lacks.len ? ", " : "", q->word);
		by = r->required[q->kind]->span;
	}
	if (lacks.len)
		diag_note(diag_add(r->diags, P0703, rule->name_span,
				   "`%s` lacks %s", rule->name,
				   text_string(&lacks)),
			  by, "required of every rule here");
}

/* Only what forbids packets can be waived. */
static bool is_waivable(enum ast_kind kind)
{
	return kind == AST_NEVER || kind == AST_ONLY || kind == AST_CONFINE ||
	       kind == AST_ISOLATE || kind == AST_TIERS;
}

static void check_waiver(struct resolver *r, const struct ir_rule *rule)
{
	struct { const char *name; const struct ir_attribute *a; } needs[] = {
		{ "expires", &rule->expires }, { "ticket", &rule->ticket },
		{ "approved by", &rule->approved_by },
	};
	const struct ast_node *inv;

	if (!rule->waives.value)
		return;
	inv = names_find(&r->names.statements, rule->waives.value);
	if (!inv || !is_waivable(inv->kind))
		diag_label(diag_add(r->diags, P0107, rule->waives.span,
				    "`%.80s` is not an invariant that a rule can waive",
				    rule->waives.value), "expected the name of an invariant");
	for (size_t i = 0; i < 3; i++)
		if (!needs[i].a->value)
			diag_help(diag_add(r->diags, P0702, rule->name_span,
					   "`%s` waives `%s` without `%s`",
					   rule->name, rule->waives.value,
					   needs[i].name),
				  "a waiver needs `expires`, `ticket` and `approved by`");
}

void govern_check(struct resolver *r)
{
	check_defaults(r);
	check_requires(r);
}

void govern_rule(struct resolver *r, struct ir_rule *rule,
		 const struct ast_node *node)
{
	rule->in_force = true;
	for (const struct ast_attr *a = node->attrs; a; a = a->next)
		if (attribute_is_first(r, node->attrs, a))
			read_rule_attribute(r, rule, a);
	apply_defaults(r, rule);
	check_required(r, rule);
	check_waiver(r, rule);
	emergency_check(r->diags, r->ir, rule);
}
