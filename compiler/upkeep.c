/* Reviews, emergencies and waivers, on the day of the policy. */
#include "compiler/upkeep.h"

#include "compiler/base/date.h"
#include "compiler/emergency.h"

#include <string.h>

/* A rule that nobody reviewed yet was due from the beginning. */
uint32_t upkeep_due(const struct ir *ir, const struct ir_rule *rule)
{
	return rule->reviewed.value ? rule->reviewed_day + ir->review_days : 0;
}

static void tell_review(struct diags *diags, const struct ir *ir,
			const struct ir_rule *rule, bool overdue)
{
	struct span at = rule->reviewed.value ? rule->reviewed.span
					      : rule->name_span;
	char day[DATE_TEXT];
	struct diag *d;

	(void)date_text(upkeep_due(ir, rule), day);
	if (!rule->reviewed.value)
		d = diag_add(diags, P0704, at, "`%s` was never reviewed",
			     rule->name);
	else if (overdue)
		d = diag_add(diags, P0704, at,
			     "the review of `%s` was due on %s", rule->name,
			     day);
	else
		d = diag_add(diags, P0705, at, "the review of `%s` is due on %s",
			     rule->name, day);
	if (overdue)
		diag_help(d, "look at it again and say so: `reviewed %s by …`",
			  date_text(ir->as_of, day));
}

/* In force or not: what an emergency opened is looked at afterwards. */
static void check_emergency(struct diags *diags, const struct ir *ir,
			    const struct ir_rule *rule, struct upkeep *out)
{
	enum emergency_state state = emergency_state(ir, rule);
	char day[DATE_TEXT], today[DATE_TEXT];

	out->emergencies++;
	(void)date_text(emergency_due(ir, rule), day);
	if (state == EMERGENCY_DUE)
		diag_add(diags, P0710, rule->emergency.span,
			 "the emergency `%s` has to be reviewed by %s",
			 rule->name, day);
	if (state != EMERGENCY_OVERDUE)
		return;
	out->unreviewed++;
	diag_help(diag_add(diags, P0709, rule->emergency.span,
			   "the emergency `%s` was to be reviewed by %s",
			   rule->name, day),
		  "somebody else looks at it and says so: `reviewed %s by …`",
		  date_text(ir->as_of, today));
}

static void check_review(struct diags *diags, const struct ir *ir,
			 const struct ir_rule *rule, struct upkeep *out)
{
	uint32_t due = upkeep_due(ir, rule);
	bool overdue = due < ir->as_of;

	if (!ir->review_days || !rule->in_force || rule->emergency.value ||
	    due > ir->as_of + REVIEW_SOON)
		return;
	out->overdue += overdue;
	out->soon++;
	tell_review(diags, ir, rule, overdue);
}

/* Is RULE one without which less of an invariant would be broken? */
static bool is_needed(const struct verdict *v, uint32_t rule)
{
	for (size_t i = 0; i < v->waived_count; i++)
		if (v->waived[i] == rule)
			return true;
	return false;
}

static void check_waiver(struct diags *diags, const struct ir *ir,
			 const struct verdict *verdicts, uint32_t number)
{
	const struct ir_rule *rule = &ir->rules[number];

	for (size_t i = 0; i < ir->invariant_count; i++) {
		const struct ir_invariant *inv = &ir->invariants[i];

		if (strcmp(inv->name, rule->waives.value) != 0 ||
		    verdicts[i].kind == VERDICT_FAULT ||
		    is_needed(&verdicts[i], number))
			continue;
		diag_help(diag_note(diag_add(diags, P0706, rule->waives.span,
				"`%s` waives `%s` and does not break it",
				rule->name, inv->name),
			inv->name_span, "this invariant"),
			"take the waiver away, so that it does not cover what comes later");
	}
}

struct upkeep upkeep_tell(struct diags *diags, const struct ir *ir,
			  const struct verdict *verdicts)
{
	struct upkeep out = { 0 };

	for (uint32_t i = 0; i < ir->rule_count; i++) {
		const struct ir_rule *rule = &ir->rules[i];

		check_review(diags, ir, rule, &out);
		if (rule->emergency.value)
			check_emergency(diags, ir, rule, &out);
		if (rule->waives.value && rule->in_force)
			check_waiver(diags, ir, verdicts, i);
	}
	return out;
}
