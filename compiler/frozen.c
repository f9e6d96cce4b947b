/*
 * A change on a day of a freeze: every packet that only the new policy permits,
 * and every rule that it is permitted by.
 *
 * The policy before the change counts as well as the one after it, so that no
 * change can lift the freeze that it breaks.
 */
#include "compiler/frozen.h"

#include "compiler/base/date.h"
#include "compiler/base/text.h"
#include "compiler/emergency.h"

#include <string.h>

struct judging {
	struct arena *arena;
	const struct delta *d;
	const struct tell_from *from;
	const struct ir *of;		/* the policy whose freeze it is */
	const struct ir_freeze *freeze;
	struct fb_freeze *out;
	/* of the new policy's rules: does it open something there? */
	bool *opens;
};

static bool is_in_force(const struct ir_freeze *f, uint32_t day)
{
	return f->from <= day && day <= f->to;
}

/* Does the freeze hold for ENVIRONMENT, perhaps one that only the other has? */
static bool is_for(const struct judging *j, const char *environment)
{
	for (size_t i = 0; i < j->of->environment_count; i++)
		if (strcmp(j->of->environments[i], environment) == 0)
			return j->freeze->environments[i];
	return !*j->freeze->where;
}

static bool is_frozen(const struct judging *j, const struct delta_space *s)
{
	return is_for(j, s->is
		      ? j->d->new->environments[s->is->environment]
		      : j->d->old->environments[s->was->environment]);
}

static void keep_example(const struct judging *j, const struct delta_space *s,
			 enum family family, const struct box *box,
			 const struct ir_flow *flow)
{
	struct boxes both = { 0 }, none = { 0 };
	struct packet p = { 0 };

	if (*j->out->example)
		return;
	boxes_add(j->arena, &both,
		  flow ? ranges_meet(j->arena, box->src, flow->src) : box->src,
		  flow ? ranges_meet(j->arena, box->dst, flow->dst) : box->dst,
		  flow ? ranges_meet(j->arena, box->svc, flow->svc) : box->svc);
	(void)boxes_within(j->arena, family, &both, &none, &p);
	j->out->example = packet_text(j->arena, &p);
	j->out->example_in = s->name;
}

/* A box of S that only the new policy permits and FLOW has packets of, or NULL. */
static const struct box *opened_by(const struct delta_space *s,
				   const struct ir_flow *flow)
{
	const struct boxes *all = &s->opened[flow->family];

	for (size_t i = 0; i < all->count; i++)
		if (ranges_touch(all->at[i].src, flow->src) &&
		    ranges_touch(all->at[i].dst, flow->dst) &&
		    ranges_touch(all->at[i].svc, flow->svc))
			return &all->at[i];
	return NULL;
}

/* Does the freeze let this rule open something? */
static bool is_excepted(const struct judging *j, uint32_t rule)
{
	return j->freeze->emergency &&
	       emergency_is_whole(j->d->new, &j->d->new->rules[rule]);
}

static void judge_openings(struct judging *j, const struct delta_space *s)
{
	const struct ir *ir = j->d->new;

	for (uint32_t i = 0; s->is && i < s->is->flow_count; i++) {
		const struct ir_flow *flow = &ir->flows[s->is->first_flow + i];
		bool emergency = is_excepted(j, flow->rule);
		const struct box *box;

		if (j->opens[flow->rule] && (emergency || *j->out->example))
			continue;	/* nothing more to learn */
		box = opened_by(s, flow);
		if (!box)
			continue;
		j->opens[flow->rule] = true;
		if (emergency && j->out->opens == FB_FREEZE_NONE)
			j->out->opens = FB_FREEZE_EXCEPTED;
		if (emergency)
			continue;
		j->out->opens = FB_FREEZE_BROKEN;
		keep_example(j, s, flow->family, box, flow);
	}
}

static void judge_closings(struct judging *j, const struct delta_space *s)
{
	for (int f = IPV4; f < FAMILIES; f++) {
		if (!s->closed[f].count)
			continue;
		j->out->narrows = j->freeze->narrowing ? FB_FREEZE_EXCEPTED
						       : FB_FREEZE_BROKEN;
		if (!j->freeze->narrowing)
			keep_example(j, s, (enum family)f, &s->closed[f].at[0],
				     NULL);
	}
}

/* The rules that open something and are excepted, or are not. */
static const struct fb_named *openers(const struct judging *j, bool excepted,
				      size_t *count)
{
	const struct ir *ir = j->d->new;
	LIST(uint32_t) rules = { 0 };

	for (uint32_t i = 0; i < ir->rule_count; i++)
		if (j->opens[i] && is_excepted(j, i) == excepted)
			*LIST_PUSH(j->arena, &rules) = i;
	*count = rules.count;
	return tell_rules(j->arena, ir, j->from, rules.at, rules.count);
}

static const char *day_text(struct arena *arena, uint32_t day)
{
	char text[DATE_TEXT];

	return arena_printf(arena, "%s", date_text(day, text));
}

static struct fb_freeze describe(const struct judging *j, bool old)
{
	const struct ir_freeze *f = j->freeze;

	return (struct fb_freeze){
		.from = day_text(j->arena, f->from),
		.to = day_text(j->arena, f->to),
		.title = f->title, .where = f->where,
		.except = f->narrowing && f->emergency ? "narrowing, emergency"
			: f->narrowing ? "narrowing"
			: f->emergency ? "emergency" : "",
		.at = tell_place(j->from, "freeze", f->span, old),
		.example = "", .example_in = "",
	};
}

static void judge(struct judging *j)
{
	j->opens = arena_array(j->arena, j->d->new->rule_count + 1,
			       sizeof *j->opens);
	for (size_t i = 0; i < j->d->space_count; i++) {
		if (!is_frozen(j, &j->d->spaces[i]))
			continue;
		judge_openings(j, &j->d->spaces[i]);
		judge_closings(j, &j->d->spaces[i]);
	}
	j->out->emergencies = openers(j, true, &j->out->emergency_count);
	j->out->rules = openers(j, false, &j->out->rule_count);
}

/* Is every day from DAY on of WAS one of IS as well, and as strict? */
static bool is_kept_by(const struct ir_freeze *was, const struct ir_freeze *is,
		       uint32_t day)
{
	return is_in_force(is, day) && is->to >= was->to &&
	       (!*is->where || strcmp(is->where, was->where) == 0) &&
	       (was->narrowing || !is->narrowing) &&
	       (was->emergency || !is->emergency);
}

static bool is_kept(const struct delta *d, const struct ir_freeze *was)
{
	for (size_t i = 0; i < d->new->freeze_count; i++)
		if (is_kept_by(was, &d->new->freezes[i], d->new->as_of))
			return true;
	return false;
}

const struct fb_freeze *frozen_judge(struct arena *arena,
				     const struct delta *d,
				     const struct tell_from *from,
				     size_t *count)
{
	LIST(struct fb_freeze) all = { 0 };

	for (int side = 0; side < 2; side++) {
		const struct ir *of = side ? d->old : d->new;

		for (size_t i = 0; i < of->freeze_count; i++) {
			struct judging j = { .arena = arena, .d = d,
					     .from = from, .of = of,
					     .freeze = &of->freezes[i] };

			if (!is_in_force(j.freeze, d->new->as_of) ||
			    (side && is_kept(d, j.freeze)))
				continue;
			j.out = LIST_PUSH(arena, &all);
			*j.out = describe(&j, side);
			judge(&j);
		}
	}
	*count = all.count;
	return all.at;
}

/* --- telling --- */

/* "`a`, `b` and 3 more" of the rules that do not belong there. */
static const char *names_of(struct arena *arena, const struct fb_freeze *f)
{
	enum { SHOWN = 5 };
	struct text out = TEXT_IN(arena);

	for (size_t i = 0; i < f->rule_count && i < SHOWN; i++)
		text_printf(&out, "%s`%s`", i ? ", " : "", f->rules[i].name);
	if (f->rule_count > SHOWN)
		text_printf(&out, " and %zu more", f->rule_count - SHOWN);
	return text_string(&out);
}

static void tell_broken(struct diags *diags, const struct fb_freeze *f)
{
	bool opens = f->opens == FB_FREEZE_BROKEN;
	struct diag *told = diag_add(diags, P0707,
		f->at.old ? (struct span){ 0 } : f->at.at,
		"the change %s during the freeze from %s to %s",
		opens ? "opens connections" : "closes connections", f->from,
		f->to);

	diag_note(told, (struct span){ 0 }, "for example in %s\n%s",
		  f->example_in, f->example);
	if (opens)
		diag_note(told, (struct span){ 0 }, "%s by %s",
			  strstr(f->except, "emergency")
			  ? "opened without an emergency" : "opened",
			  names_of(diags->arena, f));
	if (f->at.old)
		diag_note(told, (struct span){ 0 },
			  "the freeze is in the policy before the change, which counts");
	diag_help(told, !opens
		  ? "wait until it is over, or let the freeze except narrowing before that"
		  : strstr(f->except, "emergency")
		  ? "wait until it is over, or open it as an emergency: `emergency DATE by \xe2\x80\xa6 expires \xe2\x80\xa6 ticket \xe2\x80\xa6 owner \xe2\x80\xa6`"
		  : "wait until it is over; this freeze excepts no emergency");
}

void frozen_tell_gone(struct diags *diags, const struct delta *d)
{
	for (size_t i = 0; i < d->old->rule_count; i++) {
		const struct ir_rule *was = &d->old->rules[i];
		enum emergency_state state = emergency_state(d->old, was);
		size_t k = 0;

		if (state != EMERGENCY_DUE && state != EMERGENCY_OVERDUE)
			continue;
		while (k < d->new->rule_count &&
		       (strcmp(d->new->rules[k].name, was->name) != 0 ||
			!d->new->rules[k].emergency.value))
			k++;
		if (k == d->new->rule_count)
			diag_help(diag_add(diags, P0713, (struct span){ 0 },
				"the emergency `%s` of %s goes without its review",
				was->name, was->emergency.value),
				"say first who looked at it: `reviewed DATE by \xe2\x80\xa6`; then remove the rule");
	}
}

size_t frozen_tell(struct diags *diags, const struct delta *d,
		   const struct fb_freeze *freezes, size_t count)
{
	size_t broken = 0;

	for (size_t i = 0; i < count; i++) {
		const struct fb_freeze *f = &freezes[i];

		if (f->at.old)
			diag_add(diags, P0712, (struct span){ 0 },
				 "the change lifts or loosens the freeze from %s to %s",
				 f->from, f->to);
		if (f->opens != FB_FREEZE_BROKEN &&
		    f->narrows != FB_FREEZE_BROKEN)
			continue;
		tell_broken(diags, f);
		broken++;
	}
	frozen_tell_gone(diags, d);
	return broken;
}
