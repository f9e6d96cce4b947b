/* Who may open what: the matrices, the pictures of layers, what is exposed. */
#include "compiler/evidence/html.h"

#include "compiler/base/markup.h"
#include "compiler/evidence/graph.h"

static void put_spaces(struct text *out, const struct evidence *e,
		       const struct segment *s)
{
	for (size_t i = 0; i < s->space_count; i++) {
		text_puts(out, i ? ", " : "");
		put_html(out, evidence_space(e, s->spaces[i]));
	}
}

void html_matrices(struct text *out, const struct evidence *e)
{
	html_begin(out, "matrix", "Segmentation matrix", 'C');
	text_puts(out, "<p class=\"lead\">Read a row to see what it may open. A number alone is a TCP port; whatever is not shown is denied. Environments in which the same may talk to the same share a table.</p>\n"
		  "<ul class=\"legend\"><li><span class=\"box some\"></span>permitted</li><li><span class=\"box until\" aria-hidden=\"true\">\xe2\x80\xa0</span>exception: the rule ends or waives an invariant</li>"
		  "<li><span class=\"box never\" aria-hidden=\"true\">\xc3\x97</span>forbidden by an invariant, for every packet</li><li><span class=\"box none\"></span>denied by default</li><li>* between some of their addresses only</li></ul>\n");
	for (size_t i = 0; i < e->segment_count; i++) {
		text_printf(out, "<h3 id=\"matrix-%zu\">", i);
		put_spaces(out, e, &e->segments[i]);
		text_puts(out, "</h3>\n");
		html_matrix(out, &e->segments[i]);
	}
	html_end(out);
}

enum { PICTURE_MOST = 40 };	/* nodes that a picture can show on a page */

static void put_picture(struct text *out, const struct evidence *e, size_t i)
{
	const struct segment *s = &e->segments[i];

	text_puts(out, "<h3>");
	put_spaces(out, e, s);
	text_puts(out, "</h3>\n");
	if (s->node_count > PICTURE_MOST) {
		text_printf(out, "<p>%zu ends are too many for a picture; the list of pairs above has them all.</p>\n",
			    s->node_count);
		return;
	}
	text_puts(out, "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Picture\"><figure class=\"g-wide\">");
	graph_svg(out, s, arena_printf(out->arena, "layers-%zu", i),
		  arena_printf(out->arena, "Layers of %s, and what they may open; the matrix says the same",
			       graph_title(out->arena, e, s)));
	text_puts(out, "</figure></div>\n");
}

void html_layers(struct text *out, const struct evidence *e)
{
	html_begin(out, "layers", "Layers", 'C');
	text_puts(out, "<p class=\"lead\">The same as a picture: layers from left to right by their steps from what is public. Dashed arrows are exceptions; a label that ends in + has more services, all of which are in the matrix.</p>\n");
	for (size_t i = 0; i < e->segment_count; i++)
		put_picture(out, e, i);
	html_end(out);
}

static bool crosses(const struct segment *s, const struct cell *c)
{
	bool from = s->nodes[c->from].kind == NODE_LAYER ||
		    s->nodes[c->from].kind == NODE_REST;
	bool to = s->nodes[c->to].kind == NODE_LAYER ||
		  s->nodes[c->to].kind == NODE_REST;

	return c->line_count && from != to;
}

static void put_crossings(struct text *out, const struct segment *s)
{
	text_puts(out, "<table><caption>Crossing the boundary</caption><thead><tr><th scope=\"col\">Direction</th><th scope=\"col\">From</th><th scope=\"col\">To</th><th scope=\"col\">May open</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < s->cell_count; i++) {
		const struct cell *c = &s->cells[i];

		if (!crosses(s, c))
			continue;
		text_puts(out, s->nodes[c->to].kind == NODE_LAYER ||
			  s->nodes[c->to].kind == NODE_REST
			  ? "<tr><td>in</td>" : "<tr><td>out</td>");
		html_element(out, "td", s->nodes[c->from].name);
		html_element(out, "td", s->nodes[c->to].name);
		text_puts(out, "<td>");
		for (size_t k = 0; k < c->line_count; k++) {
			text_puts(out, k ? ", " : "");
			put_html(out, c->lines[k].text);
			text_puts(out, c->lines[k].exceptional ? " \xe2\x80\xa0" : "");
		}
		text_puts(out, "</td></tr>\n");
	}
	text_puts(out, "</tbody></table>\n");
}

/* "internet -> edge -> services -> data". */
static void put_way(struct text *out, const struct segment *s, uint32_t node)
{
	if (s->steps[node].hops) {
		put_way(out, s, s->steps[node].from);
		text_puts(out, " \xe2\x86\x92 ");
	}
	put_html(out, s->nodes[node].name);
}

static bool is_reachable(const struct segment *s)
{
	for (size_t i = 0; i < s->node_count; i++)
		if (s->nodes[i].kind == NODE_LAYER &&
		    s->steps[i].hops != UINT32_MAX)
			return true;
	return false;
}

static void put_steps(struct text *out, const struct segment *s)
{
	if (!is_reachable(s)) {
		text_puts(out, "<p>No layer can be reached from the internet, in any number of steps.</p>\n");
		return;
	}
	text_puts(out, "<table><caption>Steps an intruder would need from the internet, its named parts included</caption><thead><tr><th scope=\"col\">Layer</th><th scope=\"col\">Steps</th><th scope=\"col\">Shortest way</th></tr></thead><tbody>\n");
	for (uint32_t i = 0; i < s->node_count; i++) {
		if (s->nodes[i].kind != NODE_LAYER)
			continue;
		text_puts(out, "<tr>");
		html_element(out, "th scope=\"row\"", s->nodes[i].name);
		if (s->steps[i].hops == UINT32_MAX) {
			text_puts(out, "<td>-</td><td>no way</td></tr>\n");
			continue;
		}
		text_printf(out, "<td>%u</td><td>", s->steps[i].hops);
		put_way(out, s, i);
		text_puts(out, "</td></tr>\n");
	}
	text_puts(out, "</tbody></table>\n");
}

void html_exposure(struct text *out, const struct evidence *e)
{
	html_begin(out, "exposure", "Exposure", 'C');
	text_puts(out, "<p class=\"lead\">What crosses the boundary of an environment, and how many permitted connections, one after another, lead from the internet to each layer. Each step assumes that the host before it was taken over.</p>\n");
	for (size_t i = 0; i < e->segment_count; i++) {
		text_puts(out, "<h3>");
		put_spaces(out, e, &e->segments[i]);
		text_puts(out, "</h3>\n");
		put_crossings(out, &e->segments[i]);
		put_steps(out, &e->segments[i]);
	}
	html_end(out);
}
