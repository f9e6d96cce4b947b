/*
 * A plan: is it one that says everything, and what becomes of each object?
 *
 * `planned_values` is what is to be after the apply, with nothing of what the plan
 * does not look at: a plan for some targets, or one that had to put something off,
 * leaves resources out that stay, and says that it is not complete.
 */
#include "backends/aws/show.h"

#include <string.h>

enum {
	DOES_NOTHING = 1, CREATES = 2, READS = 4, UPDATES = 8, DELETES = 16,
	FORGETS = 32,
};

static const struct { const char *word; int does; } words[] = {
	{ "no-op", DOES_NOTHING }, { "create", CREATES }, { "read", READS },
	{ "update", UPDATES }, { "delete", DELETES }, { "forget", FORGETS },
};

/* What the actions of CHANGE do, in one; 0 and told. */
static int actions_of(struct show *s, const struct path *path,
		      const struct json *change)
{
	const struct json *all = jv_get(change, "actions");
	int does = 0;

	for (const struct json *one = all && all->kind == JV_ARRAY ? all->first
								    : NULL;
	     one; one = one->next) {
		int is = 0;

		for (size_t i = 0; i < sizeof words / sizeof *words; i++)
			if (jv_string(one) &&
			    strcmp(jv_string(one), words[i].word) == 0)
				is = words[i].does;
		if (!is)
			refuse(&s->json, path, "has an action that is not known here");
		does |= is;
	}
	if (!does)
		refuse(&s->json, path, "has no actions");
	return does;
}

static bool is_rule(enum show_kind kind)
{
	return kind == SHOW_INGRESS || kind == SHOW_EGRESS || kind == SHOW_RULES;
}

/* The rule at ADDRESS as it was before, of which no more is needed than its values. */
static void take_before(struct show *s, const char *address,
			enum show_kind kind, const struct json *before)
{
	const struct path path = { NULL, address };
	struct show_object *o = arena_alloc(s->json.arena, sizeof *o);

	if (!before || before->kind != JV_OBJECT) {
		refuse(&s->json, &path, "does not say what it was before");
		return;
	}
	*o = (struct show_object){
		.address = arena_copy(s->r.arena, address, strlen(address)),
		.index = "", .kind = kind, .values = before, .group = NOT_HERE };
	*LIST_PUSH(s->json.arena, &s->gone) = o;
}

/* What is to become of the object at ADDRESS, or of what it replaced. */
static void read_change(struct show *s, const char *address,
			enum show_kind kind, const struct json *json)
{
	const struct path path = { NULL, address };
	const struct json *change = jv_get(json, "change");
	struct show_object *o = table_get_name(&s->by_address, address);
	int does = actions_of(s, &path, change);

	if (does & FORGETS)
		refuse(&s->json, &path, "is forgotten: it stays in the account");
	if (jv_get(json, "deposed")) {
		if (does != DELETES)
			refuse(&s->json, &path, "is left over from a replacement");
		return;
	}
	if (is_rule(kind) && does & (DELETES | UPDATES))
		take_before(s, address, kind, jv_get(change, "before"));
	if (does == DELETES)
		return;
	if (!o || o->changes) {
		refuse(&s->json, &path, o ? "changes twice"
		       : "changes, and is not in the planned values");
		return;
	}
	o->changes = true;
	o->made = does & CREATES;
	o->unknown = jv_get(change, "after_unknown");
}

static void read_changes(struct show *s, const struct json *root)
{
	const struct path path = { NULL, "resource_changes" };
	const struct json *all = jv_get(root, path.key);

	if (all && all->kind != JV_ARRAY)
		refuse(&s->json, &path, "is not an array");
	for (const struct json *one = all && all->kind == JV_ARRAY ? all->first
								    : NULL;
	     one; one = one->next) {
		const char *address = jv_string(jv_get(one, "address"));
		const char *type = jv_string(jv_get(one, "type"));
		const char *mode = jv_string(jv_get(one, "mode"));
		enum show_kind kind = type && mode
			? show_kind(type, strcmp(mode, "data") == 0) : SHOW_OTHER;

		if (!address || !type || !mode)
			refuse(&s->json, &path, "has a change of nobody knows what");
		else if (kind != SHOW_OTHER)
			read_change(s, address, kind, one);
	}
}

/* Of every object the plan says what becomes of it, and by what configuration. */
static void expect_changes(struct show *s)
{
	for (size_t i = 0; i < s->objects.count; i++) {
		const struct show_object *o = s->objects.at[i];
		const struct path path = { NULL, o->address };

		if (!o->changes)
			refuse(&s->json, &path, "has no change in the plan");
		else if (!o->config)
			refuse(&s->json, &path, "has no configuration in the plan");
	}
}

static void expect_truth(struct show *s, const struct json *root,
			 const char *key, enum jv_kind wanted, const char *else_)
{
	const struct path path = { NULL, key };
	const struct json *is = jv_get(root, key);

	if (!is || is->kind != wanted)
		refuse(&s->json, &path, "%s", else_);
}

static bool is_whole(struct show *s, const struct json *root)
{
	static const char *const known[] = {
		"action_invocations", "applyable", "checks", "complete",
		"configuration", "deferred_action_invocations",
		"deferred_changes", "errored", "format_version",
		"output_changes", "planned_values", "prior_state",
		"relevant_attributes", "resource_changes", "resource_drift",
		"terraform_version", "timestamp", "variables", NULL };
	static const char *const none[] = { "deferred_changes",
					    "deferred_action_invocations", NULL };

	if (!expect_object(&s->json, NULL, root, known))
		return false;
	expect_truth(s, root, "errored", JV_FALSE, "is not false: the plan "
		     "is not one to the end");
	expect_truth(s, root, "complete", JV_TRUE, "is not true: the plan "
		     "is of some targets, or puts something off, and leaves out "
		     "what stays (Terraform says so since 1.8)");
	for (size_t i = 0; none[i]; i++) {
		const struct path path = { NULL, none[i] };
		const struct json *some = jv_get(root, none[i]);

		if (some && (some->kind != JV_ARRAY || some->first))
			refuse(&s->json, &path, "is not empty: the plan puts "
			       "something off");
	}
	return s->json.good;
}

void show_read_plan(struct show *s, const struct json *root)
{
	const struct json *config = jv_get(jv_get(root, "configuration"),
					   "root_module");
	const struct json *prior = jv_get(jv_get(root, "prior_state"), "values");

	if (!is_whole(s, root))
		return;
	show_read_values(s, "planned_values", jv_get(root, "planned_values"),
			 config, false);
	if (!s->json.good)
		return;
	read_changes(s, root);
	expect_changes(s);
	/* data that the plan has read already stand there and nowhere else */
	if (prior && s->json.good)
		show_read_values(s, "prior_state", prior, config, true);
}
