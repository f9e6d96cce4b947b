/* Words, rules and reach as JSON, the same in a diff and in an answer. */
#include "compiler/reach_json.h"

#include "compiler/diff_render.h"

void json_words(struct jsonout *j, const char *key,
		const struct fb_words *w)
{
	jsonout_open(j, key, '{');
	jsonout_string(j, "source", w->src);
	jsonout_string(j, "destination", w->dst);
	jsonout_string(j, "services", w->services);
	jsonout_string(j, "ports", w->ports);
	jsonout_string(j, "family", w->family);
	jsonout_close(j, '{');
}

void json_named(struct jsonout *j, const char *key,
		const struct fb_named *n)
{
	jsonout_open(j, key, '{');
	jsonout_string(j, "name", n->name);
	jsonout_string(j, "file", n->file ? n->file : "");
	jsonout_number(j, "line", (long long)n->line);
	jsonout_bool(j, "old", n->old);
	jsonout_close(j, '{');
}

void json_names(struct jsonout *j, const char *key, const struct fb_named *named,
		size_t count)
{
	jsonout_open(j, key, '[');
	for (size_t i = 0; i < count; i++)
		json_named(j, NULL, &named[i]);
	jsonout_close(j, '[');
}

void json_reach(struct jsonout *j, const struct fb_reach *r)
{
	jsonout_open(j, NULL, '{');
	jsonout_string(j, "kind", diff_verb(r->kind));
	json_words(j, "words", &r->words);
	if (r->kind == FB_MOVED)
		json_words(j, "from", &r->from);
	jsonout_string(j, "others", r->others);
	jsonout_bool(j, "others_in_part", r->others_in_part);
	jsonout_strings(j, "environments", r->environments, r->environment_count);
	jsonout_string(j, "reasons", r->reasons);
	jsonout_bool(j, "breaks_invariant", r->breaks);
	jsonout_bool(j, "exposes", r->exposes);
	jsonout_bool(j, "unexpected", r->unexpected);
	json_names(j, "rules", r->rules, r->rule_count);
	jsonout_string(j, "expires", r->expires);
	jsonout_real(j, "packets", r->packets);
	jsonout_string(j, "example", r->example);
	if (r->side_count) {
		jsonout_strings(j, "sides", r->sides, r->side_count);
		jsonout_string(j, "lines", r->lines);
	}
	jsonout_close(j, '{');
}

void json_freeze(struct jsonout *j, const struct fb_freeze *f)
{
	static const char *const effects[] = {
		[FB_FREEZE_NONE] = "none", [FB_FREEZE_EXCEPTED] = "excepted",
		[FB_FREEZE_BROKEN] = "broken",
	};

	jsonout_open(j, NULL, '{');
	jsonout_string(j, "from", f->from);
	jsonout_string(j, "to", f->to);
	jsonout_string(j, "title", f->title);
	jsonout_string(j, "environments", f->where);
	jsonout_string(j, "except", f->except);
	json_named(j, "statement", &f->at);
	jsonout_string(j, "openings", effects[f->opens]);
	jsonout_string(j, "closings", effects[f->narrows]);
	json_names(j, "emergencies", f->emergencies, f->emergency_count);
	json_names(j, "rules", f->rules, f->rule_count);
	jsonout_string(j, "example", f->example);
	jsonout_string(j, "example_in", f->example_in);
	jsonout_close(j, '{');
}
