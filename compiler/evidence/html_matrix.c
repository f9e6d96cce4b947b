/* Who may open what to whom, as a table that reads row by row. */
#include "compiler/evidence/html.h"

#include "compiler/base/markup.h"

#include <string.h>

static bool is_outside(const struct node *n)
{
	return n->kind != NODE_LAYER && n->kind != NODE_REST;
}

/* A long word may break behind its slashes and dashes. */
static void put_word(struct text *out, const char *word)
{
	while (*word) {
		size_t len = strcspn(word, "/-");

		len += word[len] != '\0';
		put_html(out, arena_copy(out->arena, word, len));
		word += len;
		text_puts(out, *word ? "<wbr>" : "");
	}
}

/* One line: the service, and in words what a colour or mark says. */
static void put_line(struct text *out, const struct service_line *l)
{
	text_printf(out, "<span class=\"line%s\">",
		    l->exceptional ? " until" : "");
	put_word(out, l->text);
	if (l->in_part)
		text_puts(out, "<span aria-hidden=\"true\"> *</span><span class=\"unseen\"> between some of their addresses only</span>");
	if (l->exceptional) {
		text_puts(out, "<span aria-hidden=\"true\"> \xe2\x80\xa0</span><span class=\"unseen\"> exception");
		if (l->until)
			text_printf(out, ", until %s", l->until);
		text_puts(out, "</span>");
	}
	text_puts(out, "</span>");
}

static void put_cell(struct text *out, const struct cell *c)
{
	bool plain = false, exception = false;

	for (size_t i = 0; c && i < c->line_count; i++) {
		plain |= !c->lines[i].exceptional;
		exception |= c->lines[i].exceptional;
	}
	if (plain || exception) {
		text_printf(out, "<td class=\"%s\">",
			    !exception ? "some" : plain ? "both" : "until");
		for (size_t i = 0; i < c->line_count; i++)
			put_line(out, &c->lines[i]);
	} else if (c) {
		text_puts(out, "<td class=\"never\"><span aria-hidden=\"true\">\xc3\x97</span><span class=\"unseen\">forbidden by ");
		put_html(out, c->forbidden_by);
		text_puts(out, "</span>");
	} else {
		text_puts(out, "<td class=\"none\"><span class=\"unseen\">denied by default</span>");
	}
	text_puts(out, "</td>");
}

static void put_head(struct text *out, const struct segment *s)
{
	text_puts(out, "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Matrix\"><table class=\"matrix\"><caption class=\"unseen\">What the row may open to the column; a number alone is a TCP port</caption>"
		  "<thead><tr><th scope=\"col\" class=\"corner\">from \xe2\x86\x93 \xc2\xa0 to \xe2\x86\x92</th>");
	for (size_t i = 0; i < s->node_count; i++) {
		text_printf(out, "<th scope=\"col\"%s>",
			    is_outside(&s->nodes[i]) ? " class=\"outside\"" : "");
		put_word(out, s->nodes[i].name);
		text_puts(out, "</th>");
	}
	text_puts(out, "</tr></thead>\n<tbody>\n");
}

static void put_row(struct text *out, const struct segment *s, size_t row)
{
	const struct node *n = &s->nodes[row];

	text_printf(out, "<tr><th scope=\"row\"%s>",
		    is_outside(n) ? " class=\"outside\"" : "");
	put_html(out, n->name);
	text_puts(out, "<small>");
	put_html(out, n->title);
	text_puts(out, "</small></th>");
	for (size_t i = 0; i < s->node_count; i++)
		put_cell(out, segment_cell(s, row, i));
	text_puts(out, "</tr>\n");
}

/* Too many for a table on paper: the pairs that may talk, all of them. */
static void put_pairs(struct text *out, const struct segment *s)
{
	text_printf(out, "<p class=\"lead\">%zu ends are too many for one table: every pair that may open something is listed; all others are denied by default.</p>\n"
		    "<table><caption class=\"unseen\">Permitted connections</caption><thead><tr><th scope=\"col\">From</th><th scope=\"col\">To</th><th scope=\"col\">May open</th></tr></thead><tbody>\n",
		    s->node_count);
	for (size_t i = 0; i < s->cell_count; i++) {
		const struct cell *c = &s->cells[i];

		text_puts(out, "<tr><th scope=\"row\">");
		put_html(out, s->nodes[c->from].name);
		text_puts(out, "</th><td>");
		put_html(out, s->nodes[c->to].name);
		text_puts(out, "</td><td>");
		for (size_t k = 0; k < c->line_count; k++) {
			text_puts(out, k ? ", " : "");
			put_html(out, c->lines[k].text);
			if (c->lines[k].in_part)
				text_puts(out, " (some addresses)");
			if (c->lines[k].exceptional)
				text_puts(out, " (exception)");
		}
		text_puts(out, "</td></tr>\n");
	}
	text_puts(out, "</tbody></table>\n");
}

void html_matrix(struct text *out, const struct segment *s)
{
	if (s->node_count > MATRIX_MOST) {
		put_pairs(out, s);
		return;
	}
	put_head(out, s);
	for (size_t i = 0; i < s->node_count; i++)
		put_row(out, s, i);
	text_puts(out, "</tbody></table></div>\n");
}
