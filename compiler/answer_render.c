/* "yes, and by what", "no", and a rule with all it became. */
#include "compiler/answer_render.h"

#include "compiler/base/render.h"
#include "compiler/diff_render.h"
#include "compiler/reach_json.h"

#include <string.h>

struct drawing {
	struct text *out;
	size_t environments;
	const char *good, *bad, *bold, *dim, *off;
};

enum { WORDS_MOST = 400, LINE_MOST = 240, RULES_SHOWN = 20 };

static struct drawing drawing_on(struct text *out, bool colour)
{
	struct drawing d = { out, 0, "", "", "", "", "" };

	if (colour)
		d = (struct drawing){ out, 0, "\033[1;32m", "\033[1;31m",
				      "\033[1m", "\033[2m", "\033[0m" };
	return d;
}

static void put(const struct drawing *d, const char *string)
{
	render_plain(d->out, string);
}

static void put_short(const struct drawing *d, const char *string, size_t most)
{
	put(d, diff_short(d->out->arena, string, most));
}

static void put_place(const struct drawing *d, const struct fb_named *n)
{
	put(d, n->name);
	if (!n->file)
		return;
	text_puts(d->out, " (");
	put(d, n->file);
	text_printf(d->out, ":%u)", (unsigned)n->line);
}

static void put_places(const struct drawing *d, const struct fb_named *some,
		       size_t count)
{
	for (size_t i = 0; i < count && i < RULES_SHOWN; i++) {
		text_puts(d->out, i ? ", " : "");
		put_place(d, &some[i]);
	}
	if (count > RULES_SHOWN)
		text_printf(d->out, " and %zu more", count - RULES_SHOWN);
}

static void put_reach(const struct drawing *d, const struct fb_reach *r,
		      bool rules)
{
	struct fb_diff all = { .environments = d->environments };

	text_puts(d->out, "  ");
	put_short(d, r->words.src, WORDS_MOST);
	text_puts(d->out, " -> ");
	put_short(d, r->words.dst, WORDS_MOST);
	text_puts(d->out, " on ");
	put_short(d, diff_services(d->out->arena, &r->words), WORDS_MOST);
	if (*r->words.family)
		text_printf(d->out, ", %s only", r->words.family);
	text_puts(d->out, "\n      ");
	put(d, diff_where(d->out->arena, &all, r->environments,
			  r->environment_count));
	if (rules) {
		text_puts(d->out, " \xc2\xb7 by ");
		put_places(d, r->rules, r->rule_count);
	}
	if (*r->expires) {
		text_puts(d->out, ", until ");
		put(d, r->expires);
	}
	text_printf(d->out, "\n      %se.g. ", d->dim);
	put(d, r->example);
	text_printf(d->out, "%s\n", d->off);
}

static void put_hops(const struct drawing *d, const struct fb_hop *hops,
		     size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct fb_hop *h = &hops[i];

		text_printf(d->out, "    %zu. ", i + 1);
		put(d, h->src);
		text_puts(d->out, " -> ");
		put(d, h->dst);
		text_puts(d->out, " in ");
		put(d, h->environment);
		text_puts(d->out, ": ");
		put(d, h->packet);
		if (h->rule_count) {
			text_puts(d->out, "\n       by ");
			put_places(d, h->rules, h->rule_count);
		}
		text_putc(d->out, '\n');
	}
}

static const char *answer_word(const struct fb_answer *a)
{
	switch (a->kind) {
	case FB_ALL:  return "yes";
	case FB_SOME: return "yes, in part";
	case FB_NONE: break;
	}
	return a->route_count ? "not directly, but by way of others" : "no";
}

void answer_text(struct text *out, const struct fb_answer *a,
		 const char *question, bool colour)
{
	struct drawing d = drawing_on(out, colour);

	d.environments = a->environments;
	text_printf(out, "%s%s%s: ", d.bold, answer_word(a), d.off);
	put(&d, question);
	text_putc(out, '\n');
	for (size_t i = 0; i < a->reach_count; i++)
		put_reach(&d, &a->reach[i], true);
	for (size_t i = 0; i < a->route_count; i++) {
		const struct fb_route *r = &a->routes[i];

		text_puts(out, "  ");
		put_short(&d, r->src, WORDS_MOST);
		text_puts(out, " -> ");
		put_short(&d, r->dst, WORDS_MOST);
		text_printf(out, ", %zu connections\n", r->hop_count);
		put_hops(&d, r->hops, r->hop_count);
	}
	if (!a->refused)
		return;
	text_printf(out, "  %s", a->kind == FB_NONE ? "refused, for example in "
		    : "refused of the question, for example in ");
	put(&d, a->refused_in);
	text_puts(out, ": ");
	put(&d, a->refused);
	text_putc(out, '\n');
}

static void json_hops(struct jsonout *j, const struct fb_hop *hops, size_t count)
{
	jsonout_open(j, "hops", '[');
	for (size_t i = 0; i < count; i++) {
		jsonout_open(j, NULL, '{');
		jsonout_string(j, "source", hops[i].src);
		jsonout_string(j, "destination", hops[i].dst);
		jsonout_string(j, "packet", hops[i].packet);
		jsonout_string(j, "environment", hops[i].environment);
		json_names(j, "rules", hops[i].rules, hops[i].rule_count);
		jsonout_close(j, '{');
	}
	jsonout_close(j, '[');
}

static void json_permitted(struct jsonout *j, const struct fb_reach *reach,
			   size_t count)
{
	jsonout_open(j, "permitted", '[');
	for (size_t i = 0; i < count; i++) {
		jsonout_open(j, NULL, '{');
		json_words(j, "words", &reach[i].words);
		jsonout_strings(j, "environments", reach[i].environments,
			     reach[i].environment_count);
		json_names(j, "rules", reach[i].rules, reach[i].rule_count);
		jsonout_string(j, "expires", reach[i].expires);
		jsonout_string(j, "example", reach[i].example);
		jsonout_close(j, '{');
	}
	jsonout_close(j, '[');
}

void answer_json(struct text *out, const struct fb_answer *a,
		 const char *question)
{
	static const char *const kinds[] = { "none", "some", "all" };
	struct jsonout j = { .out = out };

	jsonout_open(&j, NULL, '{');
	jsonout_string(&j, "schema", "firebreak-answer-1");
	jsonout_string(&j, "question", question);
	jsonout_string(&j, "answer", kinds[a->kind]);
	json_permitted(&j, a->reach, a->reach_count);
	jsonout_string(&j, "refused", a->refused ? a->refused : "");
	jsonout_string(&j, "refused_in", a->refused ? a->refused_in : "");
	jsonout_open(&j, "routes", '[');
	for (size_t i = 0; i < a->route_count; i++) {
		jsonout_open(&j, NULL, '{');
		jsonout_string(&j, "source", a->routes[i].src);
		jsonout_string(&j, "destination", a->routes[i].dst);
		json_hops(&j, a->routes[i].hops, a->routes[i].hop_count);
		jsonout_close(&j, '{');
	}
	jsonout_close(&j, '[');
	jsonout_close(&j, '{');
	text_putc(out, '\n');
}

static void head(const struct drawing *d, const char *title)
{
	text_printf(d->out, "\n%s%s%s\n", d->bold, title, d->off);
}

static void put_verdict(const struct drawing *d, const struct fb_statement *s)
{
	text_printf(d->out, "\n%sit %s", s->holds ? d->good : d->bad, d->off);
	put(d, s->verdict);
	text_putc(d->out, '\n');
	put_hops(d, s->hops, s->hop_count);
	if (!s->waiver_count)
		return;
	text_puts(d->out, "  waived by ");
	put_places(d, s->waivers, s->waiver_count);
	text_putc(d->out, '\n');
}

/* The lines under the output they stand in. */
static void put_emitted(const struct drawing *d, const struct fb_statement *s)
{
	const char *path = "";

	head(d, "what it became");
	if (*s->refused) {
		text_puts(d->out, "  nothing: ");
		put_short(d, s->refused, WORDS_MOST);
		text_putc(d->out, '\n');
	} else if (!s->emitted_count) {
		text_puts(d->out, "  nothing\n");
	}
	for (size_t i = 0; i < s->emitted_count; i++) {
		if (strcmp(path, s->emitted[i].path) != 0) {
			path = s->emitted[i].path;
			text_puts(d->out, "  ");
			put(d, path);
			text_putc(d->out, '\n');
		}
		text_printf(d->out, "%s%6zu%s  ", d->dim, s->emitted[i].line,
			    d->off);
		put_short(d, s->emitted[i].text, LINE_MOST);
		text_putc(d->out, '\n');
	}
}

void statement_text(struct text *out, const struct fb_statement *s,
		    bool colour)
{
	struct drawing d = drawing_on(out, colour);

	d.environments = s->environments;
	text_puts(out, d.bold);
	put_place(&d, &s->at);
	text_printf(out, "%s\n  ", d.off);
	put(&d, s->sentence);
	text_putc(out, '\n');
	if (!s->is_rule) {
		put_verdict(&d, s);
		return;
	}
	head(&d, s->reach_count ? "what it permits" : "it permits nothing");
	for (size_t i = 0; i < s->reach_count; i++)
		put_reach(&d, &s->reach[i], false);
	put_emitted(&d, s);
}

void statement_json(struct text *out, const struct fb_statement *s)
{
	struct jsonout j = { .out = out };

	jsonout_open(&j, NULL, '{');
	jsonout_string(&j, "schema", "firebreak-statement-1");
	jsonout_string(&j, "kind", s->is_rule ? "rule" : "invariant");
	json_named(&j, "at", &s->at);
	jsonout_string(&j, "sentence", s->sentence);
	jsonout_string(&j, "source", s->source);
	if (s->is_rule) {
		json_permitted(&j, s->reach, s->reach_count);
		jsonout_string(&j, "refused", s->refused);
		jsonout_open(&j, "emitted", '[');
		for (size_t i = 0; i < s->emitted_count; i++) {
			jsonout_open(&j, NULL, '{');
			jsonout_string(&j, "path", s->emitted[i].path);
			jsonout_number(&j, "line", (long long)s->emitted[i].line);
			jsonout_string(&j, "text", s->emitted[i].text);
			jsonout_close(&j, '{');
		}
		jsonout_close(&j, '[');
	} else {
		jsonout_bool(&j, "holds", s->holds);
		jsonout_string(&j, "verdict", s->verdict);
		json_hops(&j, s->hops, s->hop_count);
		json_names(&j, "waived_by", s->waivers, s->waiver_count);
	}
	jsonout_close(&j, '{');
	text_putc(out, '\n');
}
