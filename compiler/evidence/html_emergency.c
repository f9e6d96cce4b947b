/* Freezes, what changed in them, and rules that an emergency opened. */
#include "compiler/evidence/html.h"

#include "compiler/base/markup.h"

static const char *said(const struct ir_attribute *a)
{
	return a->value ? a->value : "";
}

static void put_window(struct text *out, const struct window *w)
{
	text_printf(out, "<tr><td class=\"keep\">%s</td><td class=\"keep\">%s</td><td><span class=\"chip%s\">%s</span></td>",
		    w->from, w->to, *w->state == 'i' ? " warn" : "", w->state);
	html_element(out, "td", w->freeze->title);
	html_element(out, "td", *w->freeze->where ? w->freeze->where : "all");
	html_element(out, "td", *w->except ? w->except : "nothing");
	text_puts(out, "</tr>\n");
}

static void put_windows(struct text *out, const struct evidence *e)
{
	if (!e->window_count) {
		text_puts(out, "<p class=\"lead\">The policy states no freeze.</p>\n");
		return;
	}
	text_puts(out, "<table><caption>Freezes");
	html_from(out, 'D');
	text_puts(out, "</caption><thead><tr><th scope=\"col\">From</th><th scope=\"col\">To</th><th scope=\"col\">State</th><th scope=\"col\">Title</th><th scope=\"col\">Environments</th><th scope=\"col\">Excepted</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < e->window_count; i++)
		put_window(out, &e->windows[i]);
	text_puts(out, "</tbody></table>\n");
}

static void put_rules(struct text *out, const char *what,
		      const struct fb_named *names, size_t count)
{
	if (!count)
		return;
	text_printf(out, "<small>%s</small>", what);
	for (size_t i = 0; i < count; i++) {
		text_puts(out, i ? ", " : "");
		put_html(out, names[i].name);
	}
}

static void put_effect(struct text *out, const struct fb_freeze *f)
{
	if (f->opens == FB_FREEZE_BROKEN)
		text_puts(out, "<span class=\"chip bad\">\xc3\x97 opens</span>");
	if (f->narrows == FB_FREEZE_BROKEN)
		text_puts(out, "<span class=\"chip bad\">\xc3\x97 closes</span>");
	if (f->opens == FB_FREEZE_EXCEPTED)
		text_puts(out, "<span class=\"chip warn\">\xe2\x96\xb2 emergency</span>");
	if (f->narrows == FB_FREEZE_EXCEPTED)
		text_puts(out, "<span class=\"chip good\">\xe2\x9c\x93 narrows</span>");
	if (f->opens == FB_FREEZE_NONE && f->narrows == FB_FREEZE_NONE)
		text_puts(out, "<span class=\"chip good\">\xe2\x9c\x93 no connection</span>");
	if (f->at.old)
		text_puts(out, "<small>lifts or loosens it</small>");
}

static void put_step(struct text *out, const struct freeze_step *s,
		     const struct fb_freeze *f)
{
	text_puts(out, "<tr>");
	html_element(out, "td class=\"keep\"", s->commit->day);
	text_puts(out, "<td>");
	put_html(out, s->commit->subject);
	text_printf(out, "<small>%.12s</small></td><td class=\"keep\">",
		    s->commit->hash);
	if (!f) {
		text_puts(out, "not known</td><td><span class=\"chip bad\">\xc3\x97 not judged</span></td><td>its policy, or the one before it, cannot be read</td></tr>\n");
		return;
	}
	text_printf(out, "%s<small>to %s</small>", f->from, f->to);
	html_element(out, "small", f->title);
	text_puts(out, "</td><td>");
	put_effect(out, f);
	text_puts(out, "</td><td>");
	put_rules(out, "by emergencies", f->emergencies, f->emergency_count);
	put_rules(out, "by", f->rules, f->rule_count);
	if (*f->example) {
		html_element(out, "small", f->example_in);
		html_element(out, "code", f->example);
	}
	text_puts(out, "</td></tr>\n");
}

static void put_steps(struct text *out, const struct evidence *e)
{
	if (!e->since) {
		text_puts(out, "<p>No earlier revision was given (<code>--since</code>): nothing is said of changes during a freeze.</p>\n");
		return;
	}
	if (!e->since->step_count) {
		text_puts(out, "<p>No commit of the period was made on a day of a freeze.</p>\n");
		return;
	}
	text_puts(out, "<table><caption>Commits made on a day of a freeze, each against the one before it, judged on its own day");
	html_from(out, 'C');
	text_puts(out, "</caption><thead><tr><th scope=\"col\">Day</th><th scope=\"col\">Commit</th><th scope=\"col\">Freeze</th><th scope=\"col\">Effect</th><th scope=\"col\">Rules</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < e->since->step_count; i++) {
		const struct freeze_step *s = &e->steps[i];

		if (!s->judged)
			put_step(out, s, NULL);
		for (size_t k = 0; k < s->diff.freeze_count; k++)
			put_step(out, s, &s->diff.freezes[k]);
	}
	text_puts(out, "</tbody></table>\n");
}

static void put_state(struct text *out, const struct emergency_fact *f)
{
	const struct ir_rule *r = f->entry->rule;

	if (f->rank == 3) {
		text_puts(out, "<span class=\"chip good\">\xe2\x9c\x93 reviewed</span><small>");
		put_html(out, said(&r->reviewed));
		text_puts(out, " by ");
		put_html(out, said(&r->reviewed_by));
		text_puts(out, "</small>");
		return;
	}
	text_printf(out, "<span class=\"chip %s %s</span><small>by %s</small>",
		    f->rank == 1 ? "bad\">\xc3\x97" : "warn\">\xe2\x96\xb2",
		    f->state, f->due);
}

static void put_emergency(struct text *out, const struct emergency_fact *f)
{
	const struct ir_rule *r = f->entry->rule;

	text_puts(out, "<tr><th scope=\"row\">");
	put_html(out, r->name);
	html_element(out, "small", f->entry->where);
	text_puts(out, "</th><td>");
	html_element(out, "code", f->entry->statement);
	html_element(out, "small", said(&r->reason));
	text_puts(out, "</td><td class=\"keep\">");
	put_html(out, said(&r->emergency));
	text_puts(out, "<small>by ");
	put_html(out, said(&r->emergency_by));
	text_puts(out, "</small></td>");
	html_element(out, "td", said(&r->owner));
	html_element(out, "td", said(&r->ticket));
	text_puts(out, "<td class=\"keep\">");
	put_html(out, said(&r->expires));
	text_puts(out, r->in_force ? "</td><td>" : "<small>expired</small></td><td>");
	put_state(out, f);
	text_puts(out, "</td></tr>\n");
}

void html_emergencies(struct text *out, const struct evidence *e)
{
	html_begin(out, "emergencies", "Freezes and emergencies", 0);
	put_windows(out, e);
	if (e->window_count || (e->since && e->since->step_count))
		put_steps(out, e);
	if (!e->emergency_count) {
		text_puts(out, "<p>No rule was opened by an emergency.</p>\n");
		html_end(out);
		return;
	}
	text_printf(out, "<table><caption>Rules opened by an emergency, each to end within %u days and to be reviewed within %u by somebody else",
		    e->ir->emergency_days, e->ir->emergency_review_days);
	html_from(out, 'D');
	text_puts(out, "</caption><thead><tr><th scope=\"col\">Rule</th><th scope=\"col\">What and why</th><th scope=\"col\">Declared</th><th scope=\"col\">Owner</th><th scope=\"col\">Ticket</th><th scope=\"col\">Last day</th><th scope=\"col\">Review</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < e->emergency_count; i++)
		put_emergency(out, &e->emergencies[i]);
	text_puts(out, "</tbody></table>\n");
	html_end(out);
}
