/* The groups, lists and rules of a file, each once. */
#include "backends/aws/read_model.h"

#include "backends/aws/read_rule.h"

#include <string.h>

struct gathering gathering_begin(struct arena *arena, struct diags *diags,
				 const char *name)
{
	struct arena *scratch = arena_child(arena);

	return (struct gathering){
		.json = { scratch, diags, name, true }, .arena = arena,
		.groups = TABLE_IN(scratch), .lists = TABLE_IN(scratch),
		.layers = TABLE_IN(scratch), .known = TABLE_IN(scratch),
	};
}

const char *kept(const struct gathering *g, const char *text)
{
	return text ? arena_copy(g->arena, text, strlen(text)) : NULL;
}

static bool same(const struct identity *a, const struct identity *b)
{
	return strcmp(a->policy, b->policy) == 0 &&
	       strcmp(a->customer, b->customer) == 0 &&
	       strcmp(a->environment, b->environment) == 0;
}

void gather_group(struct gathering *g, const struct path *path,
		  const struct identity *is, struct aws_group *group)
{
	void **layer = table_at_name(&g->layers, group->layer);

	if (!g->identified)
		g->identity = *is;
	g->identified = true;
	if (!same(&g->identity, is))
		refuse(&g->json, path, "is of another policy or environment "
		       "than the groups before it");
	if (*layer && !group->parts)
		refuse(&g->json, path, "is a second group of its layer");
	*layer = group;
	*table_at_name(&g->groups, group->key) = group;
}

void gather_rule(struct gathering *g, const struct path *path,
		 const struct aws_rule *rule)
{
	if (is_first(&g->json, &g->known, &rule->is))
		*LIST_PUSH(g->arena, &g->rules) = *rule;
	else
		refuse(&g->json, path, "permits the same as a rule before it");
}

const struct aws_model *gathering_end(struct gathering *g)
{
	struct aws_model *model = NULL;

	if (g->json.good && !g->identified)
		refuse(&g->json, NULL,
		       "has no security group: whose it is cannot be told");
	if (g->json.good) {
		model = arena_alloc(g->arena, sizeof *model);
		*model = (struct aws_model){
			.identity = g->identity,
			.groups = g->group, .group_count = g->group_count,
			.lists = g->list, .list_count = g->list_count,
			.rules = g->rules.at, .rule_count = g->rules.count,
		};
	}
	arena_free(g->json.arena);
	return model;
}
