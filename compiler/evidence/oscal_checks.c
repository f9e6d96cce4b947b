/*
 * What a report checks, as OSCAL tells it: every invariant, every capture against
 * the policy, and every commit on a day of a freeze.  Of what was not captured
 * nothing was observed, and nothing is said.
 */
#include "compiler/evidence/oscal.h"

#include "compiler/base/text.h"

#include <string.h>

/* --- invariants --- */

/* What was found, and of a broken one the packets and the rules behind them. */
static const char *outcome(struct arena *arena, const struct evidence *e,
			   const struct verdict *v)
{
	static const char *const words[] = {
		[VERDICT_HOLDS] = "Holds for every packet that the rules permit.",
		[VERDICT_BROKEN] = "Broken.",
		[VERDICT_WAIVED] = "Broken by rules alone that waive it until a day.",
		[VERDICT_FAULT] = "Not decided: a fault of the compiler.",
	};
	struct text out = TEXT_IN(arena);

	text_puts(&out, words[v->kind]);
	for (size_t i = 0; i < v->hop_count; i++) {
		const struct verdict_hop *h = &v->hops[i];

		text_printf(&out, " %s: %s", evidence_space(e, h->space),
			    packet_text(arena, &h->packet));
		for (size_t k = 0; k < h->rule_count; k++)
			text_printf(&out, "%s%s", k ? ", " : ", by ",
				    e->ir->rules[h->rules[k]].name);
		text_putc(&out, '.');
	}
	return text_string(&out);
}

static void add_promise(struct arena *arena, const struct evidence *e,
			const struct promise *p, struct oscal_checks *out)
{
	static const char *const reasons[] = {
		[VERDICT_HOLDS] = "pass", [VERDICT_BROKEN] = "fail",
		[VERDICT_WAIVED] = "other", [VERDICT_FAULT] = "other",
	};
	const struct ir_invariant *inv = p->invariant;

	*LIST_PUSH(arena, &out->list) = (struct oscal_check){
		.path = inv->name, .target = inv->name, .title = inv->name,
		.asked = inv->reason.value ? inv->reason.value : p->statement,
		.observed = arena_printf(arena, "%s. %s", p->statement,
					 outcome(arena, e, p->verdict)),
		.section = "report.html#invariants",
		.basis = arena_printf(arena, "stated at %s", p->where),
		.satisfied = p->verdict->kind == VERDICT_HOLDS,
		.reason = reasons[p->verdict->kind],
		.controls = inv->controls, .control_count = inv->control_count };
}

/* --- captures --- */

static const char *compared(struct arena *arena, const struct capture *c)
{
	struct text out = TEXT_IN(arena);

	switch (c->state) {
	case CAPTURE_EQUAL:
		return "It admits exactly the packets that the policy does.";
	case CAPTURE_UNCLEAR:
		return arena_printf(arena, "Not compared: %s.", c->why);
	case CAPTURE_DIFFERS:
		break;
	}
	text_puts(&out, "It differs.");
	for (size_t i = 0; i < c->difference_count; i++) {
		const struct capture_difference *d = &c->differences[i];

		text_printf(&out, " %s:", d->side);
		if (*d->extra)
			text_printf(&out, " it admits %s, which the policy does not;",
				    d->extra);
		if (*d->missing)
			text_printf(&out, " the policy admits %s, which it does not;",
				    d->missing);
	}
	if (c->differences_more)
		text_printf(&out, " and %zu more.", c->differences_more);
	return text_string(&out);
}

static void add_capture(struct arena *arena, const struct evidence *e,
			size_t number, struct oscal_checks *out)
{
	const struct capture *c = &e->captures[number];
	const char *of = c->space == IR_NO_SPACE ? NULL
			 : evidence_space(e, c->space);

	*LIST_PUSH(arena, &out->list) = (struct oscal_check){
		.path = arena_printf(arena, "capture/%zu/%s", number,
				     evidence_digest(arena, c->bytes, c->len)),
		.target = of ? arena_printf(arena, "running-%s", of) : "running",
		.title = arena_printf(arena, "What runs%s%s%s%s", of ? " in " : "",
				      of ? of : "", *c->what ? ": " : "", c->what),
		.asked = "What runs is what the policy says.",
		.observed = compared(arena, c),
		.file = c->path, .basis = "what was captured, as it was given",
		.satisfied = c->state == CAPTURE_EQUAL,
		.reason = c->state == CAPTURE_EQUAL ? "pass"
			: c->state == CAPTURE_DIFFERS ? "fail" : "other" };
}

/* --- commits on days of a freeze --- */

static const char *effect(enum fb_freeze_effect effect)
{
	static const char *const words[] = {
		[FB_FREEZE_NONE] = "nothing",
		[FB_FREEZE_EXCEPTED] = "only what it excepts",
		[FB_FREEZE_BROKEN] = "what it does not except",
	};

	return words[effect];
}

static const char *judged(struct arena *arena, const struct fb_freeze *f)
{
	struct text out = TEXT_IN(arena);

	text_printf(&out, "During the freeze from %s to %s the commit opens %s and closes %s.",
		    f->from, f->to, effect(f->opens), effect(f->narrows));
	if (*f->example)
		text_printf(&out, " For example in %s: %s.", f->example_in,
			    f->example);
	for (size_t i = 0; i < f->rule_count; i++)
		text_printf(&out, "%s%s%s", i ? ", " : " Opened by ",
			    f->rules[i].name,
			    i + 1 == f->rule_count ? "." : "");
	if (f->at.old)
		text_puts(&out, " It lifts or loosens the freeze.");
	return text_string(&out);
}

static void add_commit(struct arena *arena, const struct freeze_step *s,
		       struct oscal_checks *out)
{
	const struct fb_commit *c = s->commit;
	const char *name = arena_printf(arena, "commit-%.12s", c->hash);
	struct oscal_check check = {
		.path = arena_printf(arena, "commit/%s", c->hash),
		.target = name,
		.title = arena_printf(arena, "Commit %.12s of %s", c->hash,
				      c->day),
		.asked = "A commit on a day of a freeze does only what the freeze excepts.",
		.section = "report.html#emergencies",
		.basis = "each commit on a day of a freeze, against the one before it",
		.satisfied = s->judged, .reason = s->judged ? "pass" : "other" };
	struct text observed = TEXT_IN(arena);

	if (!s->judged)
		text_puts(&observed, "Not judged: the policy, or the one before it, cannot be read.");
	for (size_t i = 0; i < s->diff.freeze_count; i++) {
		const struct fb_freeze *f = &s->diff.freezes[i];

		text_printf(&observed, "%s%s", i ? " " : "", judged(arena, f));
		if (f->opens == FB_FREEZE_BROKEN ||
		    f->narrows == FB_FREEZE_BROKEN) {
			check.satisfied = false;
			check.reason = "fail";
		}
	}
	check.observed = text_string(&observed);
	*LIST_PUSH(arena, &out->list) = check;
}

struct oscal_checks oscal_checks(struct arena *arena, const struct evidence *e)
{
	struct oscal_checks out = { 0 };

	for (size_t i = 0; i < e->promise_count; i++)
		add_promise(arena, e, &e->promises[i], &out);
	for (size_t i = 0; i < e->capture_count; i++)
		add_capture(arena, e, i, &out);
	for (size_t i = 0; e->since && i < e->since->step_count; i++)
		add_commit(arena, &e->steps[i], &out);
	return out;
}
