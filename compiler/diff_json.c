/* A diff for programs; schemas/diff-1.json is its JSON Schema. */
#include "compiler/diff_render.h"

#include "compiler/base/markup.h"

/* Where the next member goes. */
struct json {
	struct text *out;
	unsigned depth;
	bool fresh;
};

static void next(struct json *j, const char *key)
{
	text_puts(j->out, j->fresh ? "\n" : ",\n");
	text_fill(j->out, ' ', 2 * j->depth);
	j->fresh = false;
	if (!key)
		return;
	put_json(j->out, key);
	text_puts(j->out, ": ");
}

static void open(struct json *j, const char *key, char bracket)
{
	next(j, key);
	text_putc(j->out, bracket);
	j->depth++;
	j->fresh = true;
}

static void close(struct json *j, char bracket)
{
	j->depth--;
	if (!j->fresh) {
		text_putc(j->out, '\n');
		text_fill(j->out, ' ', 2 * j->depth);
	}
	text_putc(j->out, bracket);
	j->fresh = false;
}

static void put(struct json *j, const char *key, const char *string)
{
	next(j, key);
	put_json(j->out, string);
}

static void put_number(struct json *j, const char *key, size_t number)
{
	next(j, key);
	text_printf(j->out, "%zu", number);
}

static void put_bool(struct json *j, const char *key, bool is)
{
	next(j, key);
	text_puts(j->out, is ? "true" : "false");
}

static void put_strings(struct json *j, const char *key,
			const char *const *strings, size_t count)
{
	open(j, key, '[');
	for (size_t i = 0; i < count; i++)
		put(j, NULL, strings[i]);
	close(j, ']');
}

static void put_words(struct json *j, const char *key,
		      const struct fb_words *w)
{
	open(j, key, '{');
	put(j, "source", w->src);
	put(j, "destination", w->dst);
	put(j, "services", w->services);
	put(j, "ports", w->ports);
	put(j, "family", w->family);
	close(j, '}');
}

static void put_named(struct json *j, const char *key,
		      const struct fb_named *n)
{
	open(j, key, '{');
	put(j, "name", n->name);
	put(j, "file", n->file ? n->file : "");
	put_number(j, "line", n->line);
	put_bool(j, "old", n->old);
	close(j, '}');
}

static void put_reach(struct json *j, const struct fb_reach *r)
{
	open(j, NULL, '{');
	put(j, "kind", diff_verb(r->kind));
	put_words(j, "words", &r->words);
	if (r->kind == FB_MOVED)
		put_words(j, "from", &r->from);
	put(j, "others", r->others);
	put_bool(j, "others-in-part", r->others_in_part);
	put_strings(j, "environments", r->environments, r->environment_count);
	put(j, "reasons", r->reasons);
	put_bool(j, "breaks-invariant", r->breaks);
	open(j, "rules", '[');
	for (size_t i = 0; i < r->rule_count; i++)
		put_named(j, NULL, &r->rules[i]);
	close(j, ']');
	put(j, "expires", r->expires);
	next(j, "packets");
	text_printf(j->out, "%.15g", r->packets);
	put(j, "example", r->example);
	close(j, '}');
}

static void put_rules(struct json *j, const struct fb_diff *diff)
{
	open(j, "rules", '[');
	for (size_t i = 0; i < diff->rule_count; i++) {
		const struct fb_rule_change *r = &diff->rules[i];

		open(j, NULL, '{');
		put(j, "kind", r->kind == FB_RULE_METADATA ? "metadata"
							   : "same reach");
		put_named(j, "rule", &r->rule);
		put(j, "what", r->what);
		put(j, "was", r->was);
		put(j, "is", r->is);
		close(j, '}');
	}
	close(j, ']');
}

static void put_places(struct json *j, const struct fb_diff *diff)
{
	open(j, "addresses", '[');
	for (size_t i = 0; i < diff->place_count; i++) {
		const struct fb_place_change *p = &diff->places[i];

		open(j, NULL, '{');
		put(j, "what", p->what);
		put(j, "name", p->name);
		put(j, "was", p->was);
		put(j, "is", p->is);
		put_strings(j, "environments", p->environments,
			    p->environment_count);
		close(j, '}');
	}
	close(j, ']');
}

static void put_invariants(struct json *j, const struct fb_diff *diff)
{
	open(j, "invariants", '{');
	put_bool(j, "judged", diff->invariants_judged);
	put_number(j, "hold", diff->holding);
	put_number(j, "broken", diff->broken);
	open(j, "changes", '[');
	for (size_t i = 0; i < diff->invariant_count; i++) {
		const struct fb_invariant_change *v = &diff->invariants[i];

		open(j, NULL, '{');
		put(j, "kind", diff_invariant_word(v->kind));
		put_named(j, "invariant", &v->invariant);
		put(j, "detail", v->detail);
		close(j, '}');
	}
	close(j, ']');
	close(j, '}');
}

static void put_resources(struct json *j, const struct fb_diff *diff)
{
	static const char *const kinds[] = { "add", "change", "replace",
					     "remove" };

	open(j, "outputs", '{');
	put_bool(j, "compared", diff->outputs_compared);
	put(j, "refused", diff->outputs_refused);
	open(j, "resources", '[');
	for (size_t i = 0; i < diff->resource_count; i++) {
		const struct fb_resource_change *r = &diff->resources[i];

		open(j, NULL, '{');
		put(j, "kind", kinds[r->kind]);
		put(j, "path", r->path);
		put(j, "group", r->group);
		put(j, "key", r->key);
		put(j, "was", r->was);
		put(j, "is", r->is);
		close(j, '}');
	}
	close(j, ']');
	open(j, "quotas", '[');
	for (size_t i = 0; i < diff->quota_count; i++) {
		const struct fb_quota_change *q = &diff->quotas[i];

		open(j, NULL, '{');
		put(j, "path", q->path);
		put(j, "group", q->group);
		put_number(j, "was", q->was);
		put_number(j, "is", q->is);
		put_number(j, "most", q->most);
		close(j, '}');
	}
	close(j, ']');
	close(j, '}');
}

void diff_json(struct text *out, const struct fb_diff *diff)
{
	struct json j = { out, 1, true };

	text_putc(out, '{');
	put(&j, "schema", "firebreak-diff-1");
	put(&j, "firebreak", FIREBREAK_VERSION);
	put(&j, "policy", diff->policy);
	put(&j, "old", diff->old_name);
	put(&j, "new", diff->new_name);
	put_bool(&j, "same-reach", !diff->reach_count);
	put_bool(&j, "widens", diff->opens || diff->moved);
	put_number(&j, "environments", diff->environments);
	open(&j, "reach", '[');
	for (size_t i = 0; i < diff->reach_count; i++)
		put_reach(&j, &diff->reach[i]);
	close(&j, ']');
	put_rules(&j, diff);
	put_places(&j, diff);
	put_invariants(&j, diff);
	put_resources(&j, diff);
	put_strings(&j, "unexpected", diff->unexpected,
		    diff->unexpected_count);
	close(&j, '}');
	text_putc(out, '\n');
}
