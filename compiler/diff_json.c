/* A diff for programs; schemas/diff.schema.json describes it. */
#include "compiler/diff_render.h"

#include "compiler/reach_json.h"
#include "compiler/sessions.h"

static void put_rules(struct jsonout *j, const struct fb_diff *diff)
{
	jsonout_open(j, "rules", '[');
	for (size_t i = 0; i < diff->rule_count; i++) {
		const struct fb_rule_change *r = &diff->rules[i];

		jsonout_open(j, NULL, '{');
		jsonout_string(j, "kind", r->kind == FB_RULE_METADATA ? "metadata"
							   : "same reach");
		json_named(j, "rule", &r->rule);
		jsonout_string(j, "what", r->what);
		jsonout_string(j, "was", r->was);
		jsonout_string(j, "is", r->is);
		jsonout_close(j, '{');
	}
	jsonout_close(j, '[');
}

static void put_places(struct jsonout *j, const struct fb_diff *diff)
{
	jsonout_open(j, "addresses", '[');
	for (size_t i = 0; i < diff->place_count; i++) {
		const struct fb_place_change *p = &diff->places[i];

		jsonout_open(j, NULL, '{');
		jsonout_string(j, "what", p->what);
		jsonout_string(j, "name", p->name);
		jsonout_string(j, "was", p->was);
		jsonout_string(j, "is", p->is);
		jsonout_strings(j, "environments", p->environments,
			    p->environment_count);
		jsonout_close(j, '{');
	}
	jsonout_close(j, '[');
}

static void put_invariants(struct jsonout *j, const struct fb_diff *diff)
{
	jsonout_open(j, "invariants", '{');
	jsonout_bool(j, "judged", diff->invariants_judged);
	jsonout_number(j, "hold", (long long)diff->holding);
	jsonout_number(j, "broken", (long long)diff->broken);
	jsonout_open(j, "changes", '[');
	for (size_t i = 0; i < diff->invariant_count; i++) {
		const struct fb_invariant_change *v = &diff->invariants[i];

		jsonout_open(j, NULL, '{');
		jsonout_string(j, "kind", diff_invariant_word(v->kind));
		json_named(j, "invariant", &v->invariant);
		jsonout_string(j, "detail", v->detail);
		jsonout_close(j, '{');
	}
	jsonout_close(j, '[');
	jsonout_close(j, '{');
}

static void put_resources(struct jsonout *j, const struct fb_diff *diff)
{
	static const char *const kinds[] = { "add", "change", "replace",
					     "remove" };

	jsonout_open(j, "outputs", '{');
	jsonout_bool(j, "compared", diff->outputs_compared);
	jsonout_string(j, "refused", diff->outputs_refused);
	jsonout_open(j, "resources", '[');
	for (size_t i = 0; i < diff->resource_count; i++) {
		const struct fb_resource_change *r = &diff->resources[i];

		jsonout_open(j, NULL, '{');
		jsonout_string(j, "kind", kinds[r->kind]);
		jsonout_strings(j, "paths", r->paths, r->path_count);
		jsonout_string(j, "group", r->group);
		jsonout_string(j, "key", r->key);
		jsonout_string(j, "was", r->was);
		jsonout_string(j, "is", r->is);
		jsonout_string(j, "sessions", sessions_word(r->sessions));
		jsonout_close(j, '{');
	}
	jsonout_close(j, '[');
	jsonout_open(j, "quotas", '[');
	for (size_t i = 0; i < diff->quota_count; i++) {
		const struct fb_quota_change *q = &diff->quotas[i];

		jsonout_open(j, NULL, '{');
		jsonout_strings(j, "paths", q->paths, q->path_count);
		jsonout_string(j, "group", q->group);
		jsonout_number(j, "was", (long long)q->was);
		jsonout_number(j, "is", (long long)q->is);
		jsonout_number(j, "peak", (long long)q->peak);
		jsonout_number(j, "most", (long long)q->most);
		jsonout_close(j, '{');
	}
	jsonout_close(j, '[');
	jsonout_close(j, '{');
}

static void put_running(struct jsonout *j, const struct fb_diff *diff)
{
	static const char *const kinds[] = { "appears", "changes", "vanishes",
					     "edited", "missing" };

	jsonout_open(j, "running", '{');
	jsonout_open(j, "compared", '[');
	for (size_t i = 0; i < diff->covered_count; i++) {
		const struct fb_covered *c = &diff->covered[i];

		jsonout_open(j, NULL, '{');
		jsonout_string(j, "part", c->part);
		jsonout_string(j, "file", c->file);
		jsonout_string(j, "target", c->target);
		jsonout_bool(j, "equal", c->equal);
		jsonout_close(j, '{');
	}
	jsonout_close(j, '[');
	jsonout_strings(j, "not_compared", diff->uncovered,
			diff->uncovered_count);
	jsonout_open(j, "files", '[');
	for (size_t i = 0; i < diff->file_count; i++) {
		jsonout_open(j, NULL, '{');
		jsonout_string(j, "kind", kinds[diff->files[i].kind]);
		jsonout_string(j, "path", diff->files[i].path);
		jsonout_close(j, '{');
	}
	jsonout_close(j, '[');
	jsonout_close(j, '{');
}

void diff_json(struct text *out, const struct fb_diff *diff)
{
	struct jsonout j = { .out = out };

	jsonout_open(&j, NULL, '{');
	jsonout_string(&j, "schema", "firebreak-diff-1");
	jsonout_string(&j, "firebreak", FIREBREAK_VERSION);
	jsonout_string(&j, "policy", diff->policy);
	jsonout_string(&j, "old", diff->old_name);
	jsonout_string(&j, "new", diff->new_name);
	jsonout_bool(&j, "same_reach", !diff->reach_count);
	jsonout_bool(&j, "widens", diff->opens || diff->moved);
	jsonout_number(&j, "environments", (long long)diff->environments);
	jsonout_open(&j, "reach", '[');
	for (size_t i = 0; i < diff->reach_count; i++)
		json_reach(&j, &diff->reach[i]);
	jsonout_close(&j, '[');
	put_rules(&j, diff);
	put_places(&j, diff);
	put_invariants(&j, diff);
	put_resources(&j, diff);
	jsonout_open(&j, "freezes", '[');
	for (size_t i = 0; i < diff->freeze_count; i++)
		json_freeze(&j, &diff->freezes[i]);
	jsonout_close(&j, '[');
	if (diff->running)
		put_running(&j, diff);
	jsonout_strings(&j, "unexpected", diff->unexpected,
		    diff->unexpected_count);
	jsonout_close(&j, '{');
	text_putc(out, '\n');
}
