/*
 * What runs: each capture, whether it is equal, and every side of it that is not.
 * Lines of a capture are somebody else's words.
 */
#include "compiler/evidence/html.h"

#include "compiler/base/markup.h"

void html_running_chip(struct text *out, enum running running)
{
	static const char *const chips[] = {
		[RUNNING_UNCAPTURED] = "<span class=\"nil\">not captured</span>",
		[RUNNING_EQUAL] = "<span class=\"chip good\">\xe2\x9c\x93 equal</span>",
		[RUNNING_UNCLEAR] = "<span class=\"chip bad\">\xc3\x97 not proved</span>",
		[RUNNING_DIFFERS] = "<span class=\"chip bad\">\xc3\x97 differs</span>",
	};

	text_puts(out, chips[running]);
}

void html_running_summary(struct text *out, const struct evidence *e)
{
	if (!e->capture_count) {
		text_puts(out, "not captured: no file of an account or host was given (<code>--capture</code>)");
		return;
	}
	text_printf(out, "%zu of %zu environments equal to what was captured, %zu differ%s, %zu not proved, %zu not captured; %zu file%s given",
		    running_count(e, RUNNING_EQUAL), e->ir->space_count,
		    running_count(e, RUNNING_DIFFERS),
		    running_count(e, RUNNING_DIFFERS) == 1 ? "s" : "",
		    running_count(e, RUNNING_UNCLEAR),
		    running_count(e, RUNNING_UNCAPTURED), e->capture_count,
		    e->capture_count == 1 ? "" : "s");
}

static void put_packet(struct text *out, const char *what, const char *packet)
{
	if (!*packet)
		return;
	text_printf(out, "<small>%s</small>", what);
	html_element(out, "code", packet);
}

static void put_difference(struct text *out, const struct capture *c,
			   const struct capture_difference *d)
{
	text_printf(out, "<tr><td><span class=\"chip bad\">\xc3\x97 %s</span>",
		    d->kind);
	html_element(out, "small", c->path);
	text_puts(out, "</td>");
	html_element(out, "td", d->side);
	text_puts(out, "<td>");
	put_packet(out, "admitted, and the policy does not", d->extra);
	put_packet(out, "not admitted, and the policy does", d->missing);
	text_puts(out, "</td><td>");
	if (*d->rules) {
		text_puts(out, "<small>rules of the policy</small>");
		html_message(out, d->rules);
	}
	if (*d->lines) {
		text_puts(out, "<small>in the capture</small>");
		html_element(out, "code", d->lines);
	}
	text_puts(out, "</td></tr>\n");
}

static void put_differences(struct text *out, const struct evidence *e)
{
	text_puts(out, "<table><caption>Differences</caption><thead><tr><th scope=\"col\">Capture</th><th scope=\"col\">Where in it</th><th scope=\"col\">Packet</th><th scope=\"col\">Names</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < e->capture_count; i++) {
		const struct capture *c = &e->captures[i];

		for (size_t k = 0; k < c->difference_count; k++)
			put_difference(out, c, &c->differences[k]);
		if (!c->differences_more)
			continue;
		text_puts(out, "<tr>");
		html_element(out, "td", c->path);
		text_printf(out, "<td colspan=\"3\">and %zu more</td></tr>\n",
			    c->differences_more);
	}
	text_puts(out, "</tbody></table>\n");
}

static void put_capture(struct text *out, const struct evidence *e,
			const struct capture *c)
{
	text_puts(out, "<tr><th scope=\"row\">");
	html_element(out, "code", c->path);
	html_element(out, "small", evidence_digest(out->arena, c->bytes, c->len));
	text_puts(out, "</th>");
	html_element(out, "td", c->space == IR_NO_SPACE ? "not known"
		     : evidence_space(e, c->space));
	html_element(out, "td", c->what);
	text_puts(out, "<td>");
	html_running_chip(out, running_of(c->state));
	if (*c->why)
		html_element(out, "small", c->why);
	text_puts(out, "</td></tr>\n");
}

void html_running(struct text *out, const struct evidence *e)
{
	bool differs = false;

	if (!e->capture_count) {
		text_puts(out, "<p class=\"lead\">Not captured: no file of an account or host was given (<code>--capture</code>). Nothing here says what runs.</p>\n");
		return;
	}
	text_puts(out, "<p class=\"lead\">What somebody captured, proved against the policy packet by packet: ");
	html_running_summary(out, e);
	text_puts(out, ". Who captured it, where and when, is not in the files; they are in the bundle, and <code>verify-bundle</code> proves them again.</p>\n"
		  "<table><caption>Captures</caption><thead><tr><th scope=\"col\">File, SHA-256</th><th scope=\"col\">Environment</th><th scope=\"col\">Of what</th><th scope=\"col\">Result</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < e->capture_count; i++) {
		put_capture(out, e, &e->captures[i]);
		differs |= e->captures[i].difference_count > 0;
	}
	text_puts(out, "</tbody></table>\n");
	if (differs)
		put_differences(out, e);
}
