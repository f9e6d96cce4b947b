/* Commas and indentation in one place. */
#include "compiler/json_writer.h"

#include "compiler/base/markup.h"
#include "compiler/diff_render.h"

void json_next(struct json *j, const char *key)
{
	text_puts(j->out, j->fresh ? "\n" : ",\n");
	text_fill(j->out, ' ', 2 * j->depth);
	j->fresh = false;
	if (!key)
		return;
	put_json(j->out, key);
	text_puts(j->out, ": ");
}

void json_open(struct json *j, const char *key, char bracket)
{
	json_next(j, key);
	text_putc(j->out, bracket);
	j->depth++;
	j->fresh = true;
}

void json_close(struct json *j, char bracket)
{
	j->depth--;
	if (!j->fresh) {
		text_putc(j->out, '\n');
		text_fill(j->out, ' ', 2 * j->depth);
	}
	text_putc(j->out, bracket);
	j->fresh = false;
}

void json_put(struct json *j, const char *key, const char *string)
{
	json_next(j, key);
	put_json(j->out, string);
}

void json_number(struct json *j, const char *key, size_t number)
{
	json_next(j, key);
	text_printf(j->out, "%zu", number);
}

void json_bool(struct json *j, const char *key, bool is)
{
	json_next(j, key);
	text_puts(j->out, is ? "true" : "false");
}

void json_strings(struct json *j, const char *key,
		  const char *const *strings, size_t count)
{
	json_open(j, key, '[');
	for (size_t i = 0; i < count; i++)
		json_put(j, NULL, strings[i]);
	json_close(j, ']');
}

void json_words(struct json *j, const char *key,
		const struct fb_words *w)
{
	json_open(j, key, '{');
	json_put(j, "source", w->src);
	json_put(j, "destination", w->dst);
	json_put(j, "services", w->services);
	json_put(j, "ports", w->ports);
	json_put(j, "family", w->family);
	json_close(j, '}');
}

void json_named(struct json *j, const char *key,
		const struct fb_named *n)
{
	json_open(j, key, '{');
	json_put(j, "name", n->name);
	json_put(j, "file", n->file ? n->file : "");
	json_number(j, "line", n->line);
	json_bool(j, "old", n->old);
	json_close(j, '}');
}

void json_names(struct json *j, const char *key, const struct fb_named *named,
		size_t count)
{
	json_open(j, key, '[');
	for (size_t i = 0; i < count; i++)
		json_named(j, NULL, &named[i]);
	json_close(j, ']');
}

void json_reach(struct json *j, const struct fb_reach *r)
{
	json_open(j, NULL, '{');
	json_put(j, "kind", diff_verb(r->kind));
	json_words(j, "words", &r->words);
	if (r->kind == FB_MOVED)
		json_words(j, "from", &r->from);
	json_put(j, "others", r->others);
	json_bool(j, "others_in_part", r->others_in_part);
	json_strings(j, "environments", r->environments, r->environment_count);
	json_put(j, "reasons", r->reasons);
	json_bool(j, "breaks_invariant", r->breaks);
	json_names(j, "rules", r->rules, r->rule_count);
	json_put(j, "expires", r->expires);
	json_next(j, "packets");
	text_printf(j->out, "%.15g", r->packets);
	json_put(j, "example", r->example);
	json_close(j, '}');
}
