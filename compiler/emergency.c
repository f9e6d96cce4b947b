/* An emergency is open at once, ends soon, and is looked at afterwards. */
#include "compiler/emergency.h"

#include "compiler/base/date.h"
#include "compiler/base/text.h"

#include <strings.h>

/* Names of people, as different hands write them. */
static bool is_same_person(const struct ir_attribute *a,
			   const struct ir_attribute *b)
{
	return a->value && b->value && strcasecmp(a->value, b->value) == 0;
}

/* Was RULE looked at since it began, as far as that day knows? */
static bool is_looked_at(const struct ir *ir, const struct ir_rule *rule)
{
	return rule->reviewed.value &&
	       rule->reviewed_day >= rule->emergency_day &&
	       rule->reviewed_day <= ir->as_of;
}

/* Who reviews is neither who declared it nor who answers for the rule. */
static bool is_by_another(const struct ir_rule *rule)
{
	return !is_same_person(&rule->reviewed_by, &rule->emergency_by) &&
	       !is_same_person(&rule->reviewed_by, &rule->owner);
}

uint32_t emergency_due(const struct ir *ir, const struct ir_rule *rule)
{
	return rule->emergency_day + ir->emergency_review_days;
}

enum emergency_state emergency_state(const struct ir *ir,
				     const struct ir_rule *rule)
{
	if (!rule->emergency.value)
		return EMERGENCY_NONE;
	if (is_looked_at(ir, rule) && is_by_another(rule))
		return EMERGENCY_REVIEWED;
	return ir->as_of > emergency_due(ir, rule) ? EMERGENCY_OVERDUE
						   : EMERGENCY_DUE;
}

bool emergency_is_whole(const struct ir *ir, const struct ir_rule *rule)
{
	return rule->emergency.value && rule->expires.value &&
	       rule->ticket.value && rule->owner.value &&
	       rule->emergency_day <= ir->as_of &&
	       rule->expires_day >= rule->emergency_day &&
	       rule->expires_day <= rule->emergency_day + ir->emergency_days;
}

static void check_parts(struct diags *diags, const struct ir_rule *rule)
{
	const struct { const char *name; const struct ir_attribute *a; } needs[] = {
		{ "expires", &rule->expires }, { "ticket", &rule->ticket },
		{ "owner", &rule->owner },
	};
	struct text lacks = TEXT_IN(diags->arena);

	for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
		if (!needs[i].a->value)
			text_printf(&lacks, "%s`%s`", lacks.len ? ", " : "",
				    needs[i].name);
	if (lacks.len)
		diag_help(diag_add(diags, P0708, rule->name_span,
				   "`%s` is an emergency and lacks %s",
				   rule->name, text_string(&lacks)),
			  "an emergency needs `expires`, `ticket` and `owner`");
}

static void check_days(struct diags *diags, const struct ir *ir,
		       const struct ir_rule *rule)
{
	uint32_t last = rule->emergency_day + ir->emergency_days;
	char day[DATE_TEXT];

	if (rule->emergency_day > ir->as_of)
		diag_help(diag_add(diags, P0708, rule->emergency.span,
				   "the emergency of `%s` is on a day that has not come",
				   rule->name),
			  "what can be planned is a change like any other; the day is %s, in UTC",
			  date_text(ir->as_of, day));
	if (!rule->expires_day)
		return;
	if (rule->expires_day < rule->emergency_day)
		diag_label(diag_add(diags, P0708, rule->expires.span,
				    "`%s` expires before its emergency",
				    rule->name), "on the day of it, or later");
	if (rule->expires_day > last)
		diag_help(diag_add(diags, P0708, rule->expires.span,
				   "`%s` lasts longer than an emergency may",
				   rule->name),
			  "let it expire on %s at the latest, %u day%s after it began; what has to stay needs a rule like any other",
			  date_text(last, day), ir->emergency_days,
			  ir->emergency_days == 1 ? "" : "s");
}

void emergency_check(struct diags *diags, const struct ir *ir,
		     const struct ir_rule *rule)
{
	if (!rule->emergency.value)
		return;
	check_parts(diags, rule);
	check_days(diags, ir, rule);
	if (is_looked_at(ir, rule) && !is_by_another(rule))
		diag_help(diag_add(diags, P0708, rule->reviewed.span,
				   "`%s` is reviewed by `%s`, who opened it",
				   rule->name, rule->reviewed_by.value),
			  "an emergency is reviewed by somebody who neither declared nor owns it");
}
