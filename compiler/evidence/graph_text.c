/* The same for Graphviz and for Mermaid, which lay it out themselves. */
#include "compiler/evidence/graph.h"

#include "compiler/base/markup.h"
#include "compiler/base/utf8.h"

#include <string.h>

enum { TITLE_SHOWN = 3 };

bool graph_shows(const struct segment *segment, uint32_t only)
{
	if (only == IR_NO_SPACE)
		return true;
	for (size_t i = 0; i < segment->space_count; i++)
		if (segment->spaces[i] == only)
			return true;
	return false;
}

const char *graph_title(struct arena *arena, const struct evidence *e,
			const struct segment *segment)
{
	struct text out = TEXT_IN(arena);

	for (size_t i = 0; i < segment->space_count && i < TITLE_SHOWN; i++)
		text_printf(&out, "%s%s", i ? ", " : "",
			    evidence_space(e, segment->spaces[i]));
	if (segment->space_count > TITLE_SHOWN)
		text_printf(&out, " and %zu more",
			    segment->space_count - TITLE_SHOWN);
	return text_string(&out);
}

static bool is_outside(const struct node *n)
{
	return n->kind != NODE_LAYER && n->kind != NODE_REST;
}

/* "443, udp/53", all of it. */
static const char *services(struct arena *arena, const struct cell *c)
{
	struct text out = TEXT_IN(arena);

	for (size_t i = 0; i < c->line_count; i++)
		text_printf(&out, "%s%s%s", i ? ", " : "", c->lines[i].text,
			    c->lines[i].exceptional ? " (exception)" : "");
	return text_string(&out);
}

static bool is_exceptional(const struct cell *c)
{
	for (size_t i = 0; i < c->line_count; i++)
		if (!c->lines[i].exceptional)
			return false;
	return true;
}

/* --- dot --- */

/*
 * In a string of dot: `"` ends it, `\` begins an escape, and `&` an entity.
 * https://graphviz.org/doc/info/lang.html
 */
static void put_dot(struct text *out, const char *string)
{
	struct text safe = TEXT_IN(out->arena);

	put_visible(&safe, string);
	for (const char *at = text_string(&safe); *at; at++) {
		if (*at == '"' || *at == '\\')
			text_printf(out, "\\%c", *at);
		else if (*at == '&')
			text_puts(out, "&amp;");
		else
			text_putc(out, *at);
	}
}

static void dot_node(struct text *out, const struct node *n, size_t segment,
		     size_t number)
{
	text_printf(out, "    n%zu_%zu [label=\"", segment, number);
	put_dot(out, n->name);
	if (*n->title) {
		text_puts(out, "\\n");
		put_dot(out, n->title);
	}
	text_printf(out, "\"%s];\n", is_outside(n)
		    ? ", style=\"rounded,dashed\"" : "");
}

static void dot_segment(struct text *out, const struct evidence *e,
			size_t number)
{
	const struct segment *s = &e->segments[number];

	text_printf(out, "  subgraph cluster_%zu {\n    label=\"", number);
	put_dot(out, graph_title(out->arena, e, s));
	text_puts(out, "\";\n");
	for (size_t i = 0; i < s->node_count; i++)
		dot_node(out, &s->nodes[i], number, i);
	for (size_t i = 0; i < s->cell_count; i++) {
		const struct cell *c = &s->cells[i];

		if (!c->line_count)
			continue;
		text_printf(out, "    n%zu_%u -> n%zu_%u [label=\"", number,
			    c->from, number, c->to);
		put_dot(out, services(out->arena, c));
		text_printf(out, "\"%s];\n", is_exceptional(c)
			    ? ", style=dashed" : "");
	}
	text_puts(out, "  }\n");
}

void graph_dot_file(struct text *out, const struct evidence *e, uint32_t only)
{
	text_puts(out, "digraph \"");
	put_dot(out, e->ir->policy);
	text_puts(out, "\" {\n  rankdir=LR;\n  fontname=\"Helvetica\";\n"
		  "  node [shape=box, style=rounded, fontname=\"Helvetica\"];\n"
		  "  edge [fontname=\"Helvetica\", fontsize=10];\n");
	for (size_t i = 0; i < e->segment_count; i++)
		if (graph_shows(&e->segments[i], only))
			dot_segment(out, e, i);
	text_puts(out, "}\n");
}

/* --- Mermaid --- */

static bool is_plain(uint32_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') || c >= 0xa0 ||
	       (c && strchr(" ,./:-+", (int)c));
}

/* What is no letter, digit or harmless sign goes out by its number: `#34;`. */
static void put_mermaid(struct text *out, const char *string)
{
	struct text safe = TEXT_IN(out->arena);
	const char *at;
	size_t n;
	uint32_t c;

	put_visible(&safe, string);
	for (at = text_string(&safe); *at; at += n ? n : 1) {
		n = utf8_read(at, strnlen(at, 4), &c);
		if (n && is_plain(c))
			text_add(out, at, n);
		else if (n)
			text_printf(out, "#%u;", c);
	}
}

static void mermaid_node(struct text *out, const struct node *n, size_t segment,
			 size_t number)
{
	text_printf(out, "    n%zu_%zu%s", segment, number,
		    is_outside(n) ? "([\"" : "[\"");
	put_mermaid(out, n->name);
	if (*n->title) {
		text_puts(out, "<br/>");
		put_mermaid(out, n->title);
	}
	text_puts(out, is_outside(n) ? "\"])\n" : "\"]\n");
}

static void mermaid_segment(struct text *out, const struct evidence *e,
			    size_t number)
{
	const struct segment *s = &e->segments[number];

	text_printf(out, "  subgraph s%zu[\"", number);
	put_mermaid(out, graph_title(out->arena, e, s));
	text_puts(out, "\"]\n");
	for (size_t i = 0; i < s->node_count; i++)
		mermaid_node(out, &s->nodes[i], number, i);
	for (size_t i = 0; i < s->cell_count; i++) {
		const struct cell *c = &s->cells[i];

		if (!c->line_count)
			continue;
		text_printf(out, "    n%zu_%u %s|\"", number, c->from,
			    is_exceptional(c) ? "-.->" : "-->");
		put_mermaid(out, services(out->arena, c));
		text_printf(out, "\"| n%zu_%u\n", number, c->to);
	}
	text_puts(out, "  end\n");
}

void graph_mermaid_file(struct text *out, const struct evidence *e,
			uint32_t only)
{
	text_puts(out, "flowchart LR\n");
	for (size_t i = 0; i < e->segment_count; i++)
		if (graph_shows(&e->segments[i], only))
			mermaid_segment(out, e, i);
}
