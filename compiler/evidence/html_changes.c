/* What the period changed, commit by commit, and who approved it. */
#include "compiler/evidence/html.h"

#include "compiler/base/markup.h"

static void put_reach(struct text *out, const struct fb_reach *r)
{
	static const struct { const char *class, *word; } kinds[] = {
		[FB_OPENS]   = { "warn", "opens" },
		[FB_MOVED]   = { "warn", "moved" },
		[FB_NARROWS] = { "good", "narrows" },
		[FB_CLOSES]  = { "good", "closes" },
	};

	text_printf(out, "<tr><td><span class=\"chip %s\">%s</span></td><td>",
		    kinds[r->kind].class, kinds[r->kind].word);
	put_html(out, r->words.src);
	text_puts(out, " \xe2\x86\x92 ");
	put_html(out, r->words.dst);
	text_puts(out, " on ");
	put_html(out, r->words.services);
	if (*r->words.family) {
		text_putc(out, ' ');
		put_html(out, r->words.family);
	}
	if (*r->reasons)
		html_element(out, "small", r->reasons);
	text_puts(out, "</td><td>");
	for (size_t i = 0; i < r->environment_count; i++) {
		text_puts(out, i ? ", " : "");
		put_html(out, r->environments[i]);
	}
	text_puts(out, "</td><td>");
	for (size_t i = 0; i < r->rule_count; i++) {
		text_puts(out, i ? ", " : "");
		put_html(out, r->rules[i].name);
	}
	text_puts(out, "</td>");
	html_element(out, "td class=\"keep\"", r->expires);
	text_puts(out, "</tr>\n");
}

static void put_effect(struct text *out, const struct evidence *e)
{
	const struct fb_diff *d = e->changes;

	if (!d->reach_count) {
		text_puts(out, "<p>Taken together they change no connection: what was permitted before is permitted now, and nothing else.</p>\n");
		return;
	}
	text_puts(out, "<table><caption>What they open, narrow and close, taken together");
	html_from(out, 'C');
	text_puts(out, "</caption><thead><tr><th scope=\"col\">Effect</th><th scope=\"col\">Connections</th><th scope=\"col\">Environments</th><th scope=\"col\">Rules</th><th scope=\"col\">Last day</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < d->reach_count; i++)
		put_reach(out, &d->reach[i]);
	text_puts(out, "</tbody></table>\n");
}

static void put_approval(struct text *out, const struct fb_commit *c,
			 const struct approval *a)
{
	text_puts(out, "<td>");
	if (a->missing)
		text_puts(out, "<span class=\"chip warn\">\xe2\x96\xb2 nobody is named</span>");
	if (a->by_author)
		text_puts(out, "<span class=\"chip bad\">\xc3\x97 the author alone</span>");
	put_html(out, c->approvers);
	if (*c->approvers)
		html_from(out, 'G');
	if (*a->exported) {
		text_puts(out, "<small>");
		put_html(out, a->exported);
		text_puts(out, " (export of the forge)</small>");
	}
	text_puts(out, "</td>");
}

static void put_commits(struct text *out, const struct evidence *e)
{
	const struct fb_since *s = e->since;

	text_puts(out, "<table><caption>Commits");
	html_from(out, 'G');
	text_puts(out, "</caption><thead><tr><th scope=\"col\">Day</th><th scope=\"col\">Commit</th><th scope=\"col\">Ticket</th><th scope=\"col\">Author</th><th scope=\"col\">Approved by</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < s->commit_count; i++) {
		const struct fb_commit *c = &s->commits[i];

		text_puts(out, "<tr>");
		html_element(out, "td class=\"keep\"", c->day);
		text_puts(out, "<td>");
		put_html(out, c->subject);
		text_printf(out, "<small>%.12s</small></td>", c->hash);
		html_element(out, "td class=\"keep\"", c->tickets);
		html_element(out, "td", c->author);
		put_approval(out, c, &e->approvals[i]);
		text_puts(out, "</tr>\n");
	}
	text_puts(out, "</tbody></table>\n");
}

void html_changes(struct text *out, const struct evidence *e)
{
	const struct fb_since *s = e->since;

	html_begin(out, "changes", "Changes in the period", 0);
	if (!s) {
		text_puts(out, "<p class=\"lead\">Not examined: no earlier revision was given (<code>--since</code>). This report shows a state; <code>firebreak diff</code> shows what a change opens, narrows and closes.</p>\n");
		html_end(out);
		return;
	}
	text_puts(out, "<p class=\"lead\">The population is every commit that touched <code>");
	put_html(out, *s->path ? s->path : ".");
	text_printf(out, "</code> after <code>%.12s</code> (", s->from);
	put_html(out, s->name);
	text_printf(out, ") up to <code>%.12s</code>: %zu, all listed. Commits that touched only other paths are not in it.</p>\n",
		    s->to, s->commit_count);
	if (s->uncommitted)
		text_puts(out, "<p><span class=\"chip bad\">\xc3\x97 not committed</span> The sources differ from those of the newest commit: part of this report is in no commit.</p>\n");
	put_effect(out, e);
	if (s->commit_count)
		put_commits(out, e);
	html_end(out);
}
