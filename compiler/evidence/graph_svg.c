/* A layout as SVG: the frame, wires with their tips, labels, nodes on top. */
#include "compiler/evidence/graph.h"

#include "compiler/base/markup.h"
#include "compiler/evidence/layout.h"

#include <string.h>

enum { TIP = 8, CURVE = 26, RADIUS = 9, NAME_MOST = 18, TITLE_MOST = 24, INNER_MOST = 30,
       HEAD = 40, FOOT = 30 };

struct picture {
	struct text *out;
	const struct segment *s;
	struct layout l;
};

/* --- wires --- */

/* From (X, Y), where the pen is, to the middle of the gap and on. */
static void put_half(struct text *out, int x1, int y1, int x2, int y2)
{
	int bend = (x2 - x1) / 2;

	text_printf(out, "C%d %d %d %d %d %d", x1 + bend, y1, x2 - bend, y2,
		    x2, y2);
}

static void put_turn(struct picture *p, const struct crossing *x)
{
	const struct place *a = &p->l.places[x->left];
	const struct place *b = &p->l.places[x->right];

	text_printf(p->out, "M%d %dC%d %d %d %d %d %dC%d %d %d %d %d %d",
		    a->x + a->width, x->left_y, x->x, x->left_y, x->x,
		    x->left_y, x->x, x->y, x->x, x->right_y, x->x, x->right_y,
		    b->x + b->width, x->right_y);
}

static void put_crossing(struct picture *p, const struct crossing *x,
			 const struct wire *w)
{
	const struct place *a = &p->l.places[x->left];
	const struct place *b = &p->l.places[x->right];
	int half = x->labelled ? w->label_width / 2 : 0;

	text_printf(p->out, "M%d %d", a->x, x->left_y);
	if (a->node == NO_NODE)		/* along the lane */
		text_printf(p->out, "H%d", a->x + a->width);
	else
		text_printf(p->out, "M%d %d", a->x + a->width, x->left_y);
	put_half(p->out, a->x + a->width, x->left_y, x->x - half, x->y);
	text_printf(p->out, "H%d", x->x + half);
	put_half(p->out, x->x + half, x->y, b->x, x->right_y);
}

/* A tip at (X, Y) that points right or left. */
static void put_tip(struct text *out, int x, int y, bool leftward)
{
	int back = leftward ? x + TIP : x - TIP;

	text_printf(out, "<path class=\"g-tip\" d=\"M%d %dL%d %dL%d %dZ\"/>", x,
		    y, back, y - 4, back, y + 4);
}

static void put_tip_of(struct picture *p, const struct wire *w)
{
	const struct crossing *first = &p->l.crossings[w->first];
	const struct crossing *last = first + w->count - 1;

	if (first->turns)
		put_tip(p->out, p->l.places[first->right].x +
			p->l.places[first->right].width, first->right_y, true);
	else if (w->backward)
		put_tip(p->out, p->l.places[first->left].x +
			p->l.places[first->left].width, first->left_y, true);
	else
		put_tip(p->out, p->l.places[last->right].x, last->right_y,
			false);
}

/* What a pointer that rests on it reads: the whole truth. */
static void put_wire_title(struct picture *p, const struct wire *w)
{
	const struct cell *c = w->cell;

	text_puts(p->out, "<title>");
	put_html(p->out, p->s->nodes[c->from].name);
	text_puts(p->out, " to ");
	put_html(p->out, p->s->nodes[c->to].name);
	for (size_t i = 0; i < c->line_count; i++) {
		text_puts(p->out, i ? ", " : ": ");
		put_html(p->out, c->lines[i].text);
		if (c->lines[i].in_part)
			text_puts(p->out, " (some addresses)");
		if (c->lines[i].exceptional)
			text_puts(p->out, " (exception)");
	}
	text_puts(p->out, "</title>");
}

static void put_wire(struct picture *p, const struct wire *w)
{
	text_printf(p->out, "<g%s>", w->exceptional ? " class=\"g-until\"" : "");
	put_wire_title(p, w);
	text_puts(p->out, "<path class=\"g-wire\" d=\"");
	for (uint32_t i = 0; i < w->count; i++) {
		const struct crossing *x = &p->l.crossings[w->first + i];

		if (x->turns)
			put_turn(p, x);
		else
			put_crossing(p, x, w);
	}
	text_puts(p->out, "\"/>");
	put_tip_of(p, w);
	text_puts(p->out, "</g>\n");
}

static void put_label(struct picture *p, const struct wire *w)
{
	for (uint32_t i = 0; i < w->count; i++) {
		const struct crossing *x = &p->l.crossings[w->first + i];

		if (!x->labelled)
			continue;
		text_printf(p->out, "<g%s><rect class=\"g-pill\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"%d\"/><text class=\"g-text\" x=\"%d\" y=\"%d\">",
			    w->exceptional ? " class=\"g-until\"" : "",
			    x->x - w->label_width / 2, x->y - LABEL_HEIGHT / 2,
			    w->label_width, LABEL_HEIGHT, LABEL_HEIGHT / 2,
			    x->x, x->y + 4);
		put_html(p->out, w->label);
		text_puts(p->out, "</text></g>\n");
	}
}

/* --- nodes --- */

static void put_line(struct picture *p, const char *class, int x, int y,
		     const char *text, size_t most)
{
	text_printf(p->out, "<text class=\"%s\" x=\"%d\" y=\"%d\">", class, x,
		    y);
	put_html(p->out, layout_shorten(p->out->arena, text, most));
	text_puts(p->out, "</text>");
}

static void put_node(struct picture *p, const struct place *at)
{
	const struct node *n = &p->s->nodes[at->node];
	int x = at->x + at->width / 2, lines = 1 + (*n->title != '\0') +
		(*at->inner != '\0');
	int y = at->y + at->height / 2 + 5 - (lines - 1) * 8;

	text_puts(p->out, "<g><title>");
	put_html(p->out, n->name);
	if (*n->title) {
		text_puts(p->out, ": ");
		put_html(p->out, n->title);
	}
	text_printf(p->out, "</title><rect class=\"g-node%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"%d\"/>",
		    at->outside ? " g-out" : "", at->x, at->y, at->width,
		    at->height, RADIUS);
	put_line(p, "g-name", x, y, n->name, NAME_MOST);
	if (*n->title)
		put_line(p, "g-title", x, y += 16, n->title, TITLE_MOST);
	if (*at->inner)
		put_line(p, "g-inner", x, y + 16, arena_printf(p->out->arena,
			"within: %s", at->inner), INNER_MOST);
	text_puts(p->out, "</g>\n");
}

static void put_frame(struct picture *p)
{
	const struct layout *l = &p->l;

	if (l->vpc_width <= 0)
		return;
	text_printf(p->out, "<rect class=\"g-vpc\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"14\"/><text class=\"g-frame\" x=\"%d\" y=\"%d\">VPC</text>\n",
		    l->vpc_x, l->vpc_y, l->vpc_width, l->vpc_height,
		    l->vpc_x + 14, l->vpc_y + 20);
}

static void put_picture(struct picture *p)
{
	put_frame(p);
	for (size_t i = 0; i < p->l.wire_count; i++)
		put_wire(p, &p->l.wires[i]);
	for (size_t i = 0; i < p->l.wire_count; i++)
		put_label(p, &p->l.wires[i]);
	for (size_t i = 0; i < p->l.place_count; i++)
		if (p->l.places[i].node != NO_NODE)
			put_node(p, &p->l.places[i]);
}

void graph_svg(struct text *out, const struct segment *segment, const char *id,
	       const char *label)
{
	struct picture p = { out, segment, layout_of(out->arena, segment) };

	text_printf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"%s\"><title id=\"%s\">",
		    p.l.width, p.l.height, id, id);
	put_html(out, label);
	text_puts(out, "</title>\n");
	put_picture(&p);
	text_puts(out, "</svg>\n");
}

/* --- a file of its own --- */

static const char style[] =
#include "graph.inc"
;

/* The colours of the report (style.css), for a file that stands alone. */
static const char palette[] =
"svg{--paper:#fff;--ink:#17212e;--soft-ink:#536074;--rule:#d8dee7;--wash:#f4f6f9;--warn-bg:#fff1d3;--warn:#845000;--open-bg:#d6e7fb;--open:#0a3d75;background:var(--paper);font-family:Inter,system-ui,\"Segoe UI\",Roboto,\"Helvetica Neue\",Arial,sans-serif}\n"
"@media (prefers-color-scheme:dark){svg{--paper:#10161e;--ink:#e5ebf2;--soft-ink:#9dabbd;--rule:#2b3746;--wash:#18212c;--warn-bg:#3c2c08;--warn:#ffd077;--open-bg:#173a62;--open:#d1e5ff}}\n"
"text{fill:var(--ink)}\n";

static void put_foot(struct text *out, const struct evidence *e, int y)
{
	text_printf(out, "<text class=\"g-frame\" x=\"14\" y=\"%d\">A number alone is a TCP port; dashed: an exception, which ends. What is not drawn is denied. %s, as of %s</text>\n",
		    y, FIREBREAK_VERSION[0] ? "firebreak " FIREBREAK_VERSION
		    : "", e->day);
}

void graph_svg_file(struct text *out, const struct evidence *e, uint32_t only)
{
	struct text body = TEXT_IN(out->arena);
	int width = 820, y = 0;

	for (size_t i = 0; i < e->segment_count; i++) {
		const struct segment *s = &e->segments[i];
		struct picture p = { &body, s, { 0 } };

		if (!graph_shows(s, only))
			continue;
		p.l = layout_of(out->arena, s);
		text_printf(&body, "<text class=\"g-head\" x=\"14\" y=\"%d\">",
			    y + 27);
		put_html(&body, graph_title(out->arena, e, s));
		text_printf(&body, "</text><g transform=\"translate(0 %d)\">\n",
			    y + HEAD);
		put_picture(&p);
		text_puts(&body, "</g>\n");
		y += HEAD + p.l.height;
		width = p.l.width > width ? p.l.width : width;
	}
	text_printf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" aria-labelledby=\"title\"><title id=\"title\">",
		    width, y + FOOT, width, y + FOOT);
	put_html(out, *e->ir->title ? e->ir->title : e->ir->policy);
	text_printf(out, "</title>\n<style>%s%s</style>\n%s", palette, style,
		    text_string(&body));
	put_foot(out, e, y + FOOT - 10);
	text_puts(out, "</svg>\n");
}
