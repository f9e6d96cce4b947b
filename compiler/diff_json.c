/* A diff for programs; schemas/diff.schema.json describes it. */
#include "compiler/diff_render.h"

#include "compiler/json_writer.h"

static void put_rules(struct json *j, const struct fb_diff *diff)
{
	json_open(j, "rules", '[');
	for (size_t i = 0; i < diff->rule_count; i++) {
		const struct fb_rule_change *r = &diff->rules[i];

		json_open(j, NULL, '{');
		json_put(j, "kind", r->kind == FB_RULE_METADATA ? "metadata"
							   : "same reach");
		json_named(j, "rule", &r->rule);
		json_put(j, "what", r->what);
		json_put(j, "was", r->was);
		json_put(j, "is", r->is);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_places(struct json *j, const struct fb_diff *diff)
{
	json_open(j, "addresses", '[');
	for (size_t i = 0; i < diff->place_count; i++) {
		const struct fb_place_change *p = &diff->places[i];

		json_open(j, NULL, '{');
		json_put(j, "what", p->what);
		json_put(j, "name", p->name);
		json_put(j, "was", p->was);
		json_put(j, "is", p->is);
		json_strings(j, "environments", p->environments,
			    p->environment_count);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void put_invariants(struct json *j, const struct fb_diff *diff)
{
	json_open(j, "invariants", '{');
	json_bool(j, "judged", diff->invariants_judged);
	json_number(j, "hold", diff->holding);
	json_number(j, "broken", diff->broken);
	json_open(j, "changes", '[');
	for (size_t i = 0; i < diff->invariant_count; i++) {
		const struct fb_invariant_change *v = &diff->invariants[i];

		json_open(j, NULL, '{');
		json_put(j, "kind", diff_invariant_word(v->kind));
		json_named(j, "invariant", &v->invariant);
		json_put(j, "detail", v->detail);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_close(j, '}');
}

static void put_resources(struct json *j, const struct fb_diff *diff)
{
	static const char *const kinds[] = { "add", "change", "replace",
					     "remove" };

	json_open(j, "outputs", '{');
	json_bool(j, "compared", diff->outputs_compared);
	json_put(j, "refused", diff->outputs_refused);
	json_open(j, "resources", '[');
	for (size_t i = 0; i < diff->resource_count; i++) {
		const struct fb_resource_change *r = &diff->resources[i];

		json_open(j, NULL, '{');
		json_put(j, "kind", kinds[r->kind]);
		json_strings(j, "paths", r->paths, r->path_count);
		json_put(j, "group", r->group);
		json_put(j, "key", r->key);
		json_put(j, "was", r->was);
		json_put(j, "is", r->is);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_open(j, "quotas", '[');
	for (size_t i = 0; i < diff->quota_count; i++) {
		const struct fb_quota_change *q = &diff->quotas[i];

		json_open(j, NULL, '{');
		json_strings(j, "paths", q->paths, q->path_count);
		json_put(j, "group", q->group);
		json_number(j, "was", q->was);
		json_number(j, "is", q->is);
		json_number(j, "most", q->most);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_close(j, '}');
}

void diff_json(struct text *out, const struct fb_diff *diff)
{
	struct json j = { out, 1, true };

	text_putc(out, '{');
	json_put(&j, "schema", "firebreak-diff-1");
	json_put(&j, "firebreak", FIREBREAK_VERSION);
	json_put(&j, "policy", diff->policy);
	json_put(&j, "old", diff->old_name);
	json_put(&j, "new", diff->new_name);
	json_bool(&j, "same_reach", !diff->reach_count);
	json_bool(&j, "widens", diff->opens || diff->moved);
	json_number(&j, "environments", diff->environments);
	json_open(&j, "reach", '[');
	for (size_t i = 0; i < diff->reach_count; i++)
		json_reach(&j, &diff->reach[i]);
	json_close(&j, ']');
	put_rules(&j, diff);
	put_places(&j, diff);
	put_invariants(&j, diff);
	put_resources(&j, diff);
	json_strings(&j, "unexpected", diff->unexpected,
		    diff->unexpected_count);
	json_close(&j, '}');
	text_putc(out, '\n');
}
