/*
 * `import` blocks ("Import", Terraform's documentation; ids by the provider's of
 * the three resources): which resource of the output is which thing of the
 * account.  Each is held against the account as its answers say it, because an
 * import of another thing makes Terraform change that into ours.
 */
#include "backends/aws/aws.h"

#include "backends/aws/account.h"
#include "backends/aws/read_json.h"

#include <string.h>

struct imports {
	struct reader json;
	const struct aws_model *model;
	const struct account *account;
	struct table resources;		/* address -> group or rule of MODEL */
	struct table ids;		/* address of what is told -> its id */
	struct table told;		/* ids */
};

static const char *const group_type = "aws_security_group";
static const char *const rule_types[AWS_DIRECTIONS] = {
	[AWS_INGRESS] = "aws_vpc_security_group_ingress_rule",
	[AWS_EGRESS]  = "aws_vpc_security_group_egress_rule",
};

static const char *address(const struct imports *r, const char *type,
			   const char *key)
{
	return arena_printf(r->json.arena, "%s.%s", type, key);
}

/* The id that a group of the model is told to have, or NULL. */
static const char *id_of(const struct imports *r, uint32_t group)
{
	return table_get_name(&r->ids, address(r, group_type,
					       r->model->groups[group].key));
}

static bool check_group(struct imports *r, const struct path *path,
			const struct aws_group *g, const char *id)
{
	for (size_t i = 0; i < r->account->groups.count; i++) {
		const struct account_group *there = &r->account->groups.at[i];

		if (strcmp(there->id, id) == 0)
			return (strcmp(there->name, g->name) == 0 &&
				strcmp(there->description,
				       g->description) == 0) ||
			       refuse(&r->json, path, "is of a group with another "
				      "name or description, which would be made anew");
	}
	return refuse(&r->json, path, "is of no group of the account");
}

static bool same_peer(const struct imports *r, const struct aws_peer *is,
		      const struct aws_peer *there)
{
	const struct account_peer *peer = there->kind == AWS_PREFIX ? NULL
		: &r->account->peers.at[there->index];
	const char *id;

	if (is->kind != there->kind)
		return false;
	switch (is->kind) {
	case AWS_PREFIX:
		return is->prefix.family == there->prefix.family &&
		       is->prefix.base == there->prefix.base &&
		       is->prefix.length == there->prefix.length;
	case AWS_LIST:
		return peer->list != NOT_HERE &&
		       strcmp(r->account->lists.at[peer->list].name,
			      r->model->lists[is->index].name) == 0;
	case AWS_GROUP:
		id = id_of(r, is->index);
		return id && strcmp(id, peer->id) == 0;
	}
	return false;
}

static bool check_rule(struct imports *r, const struct path *path,
		       const struct aws_rule *rule, const char *id)
{
	const char *group = id_of(r, rule->is.group);

	for (size_t i = 0; i < r->account->rules.count; i++) {
		const struct account_rule *there = &r->account->rules.at[i];
		const struct aws_service *a = &rule->is.service;
		const struct aws_service *b = &there->is.service;

		if (strcmp(there->key, id) != 0)
			continue;
		return (group && strcmp(r->account->groups.at[there->is.group].id,
					group) == 0 &&
			there->is.direction == rule->is.direction &&
			a->protocol == b->protocol && a->from == b->from &&
			a->to == b->to &&
			same_peer(r, &rule->is.peer, &there->is.peer)) ||
		       refuse(&r->json, path, "is of another rule of the account");
	}
	return refuse(&r->json, path, "is of no rule of the account");
}

static void read_import(struct imports *r, const struct path *up,
			const struct json *json, bool groups)
{
	static const char *const members[] = { "id", "to", NULL };
	const char *id, *to;
	const void *resource;
	bool is_group;

	if (!expect_object(&r->json, up, json, members))
		return;
	id = read_literal(&r->json, up, "id", json);
	to = read_literal(&r->json, up, "to", json);
	if (!id || !to)
		return;
	const struct path path = { up, to };

	resource = table_get_name(&r->resources, to);
	is_group = strncmp(to, group_type, strlen(group_type)) == 0;
	if (!resource) {
		refuse(&r->json, &path, "is no resource of the output");
		return;
	}
	if (is_group != groups)
		return;
	if (table_get_name(&r->ids, to) || table_get_name(&r->told, id)) {
		refuse(&r->json, &path, "or its id is told twice");
		return;
	}
	*table_at_name(&r->ids, to) = (void *)(uintptr_t)id;
	*table_at_name(&r->told, id) = r;
	if (is_group)
		(void)check_group(r, &path, resource, id);	/* told */
	else
		(void)check_rule(r, &path, resource, id);
}

static void read_all(struct imports *r, const struct json *root)
{
	static const char *const known[] = { "import", NULL };
	const struct path path = { NULL, "import" };
	const struct json *all = jv_get(root, "import");

	if (!expect_object(&r->json, NULL, root, known))
		return;
	if (!all || all->kind != JV_ARRAY) {
		refuse(&r->json, &path, "is not a list");
		return;
	}
	for (int groups = 1; groups >= 0; groups--)
		for (const struct json *one = all->first; one; one = one->next)
			read_import(r, &path, one, groups);
}

bool aws_read_imports(struct arena *arena, struct diags *diags,
		      const struct artefact *file, const struct aws_model *model,
		      const struct account *account)
{
	struct imports r = {
		.json = { arena, diags, file->path, true },
		.model = model, .account = account,
		.resources = TABLE_IN(arena), .ids = TABLE_IN(arena),
		.told = TABLE_IN(arena),
	};
	const struct json *root = read_json(&r.json, file->bytes, file->len);

	for (size_t i = 0; i < model->group_count; i++)
		*table_at_name(&r.resources, address(&r, group_type,
						     model->groups[i].key)) =
			(void *)(uintptr_t)&model->groups[i];
	for (size_t i = 0; i < model->rule_count; i++)
		*table_at_name(&r.resources, address(&r,
			rule_types[model->rules[i].is.direction],
			model->rules[i].key)) =
			(void *)(uintptr_t)&model->rules[i];
	if (root)
		read_all(&r, root);
	return r.json.good;
}
