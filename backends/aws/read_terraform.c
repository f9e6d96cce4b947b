/*
 * The Terraform JSON that we emit, read back: from Terraform's documentation
 * of its JSON syntax and of the three resources, not from the emitter.
 *
 * Strict, because a proof stands on it: a block, attribute or expression that
 * is not known here may be the one that opens a port, so it is refused.
 */
#include "backends/aws/aws.h"

#include "backends/aws/read_json.h"
#include "backends/aws/read_rule.h"
#include "compiler/base/service.h"

#include <string.h>

struct reading {
	struct reader json;		/* in memory that is gone afterwards */
	struct arena *arena;		/* of the model */
	struct table groups, lists;	/* key -> struct */
	struct table layers;		/* of the groups: told twice? */
	struct table known;		/* permissions */
	struct aws_group *group;
	size_t group_count;
	struct aws_list *list;
	size_t list_count;
	LIST(struct aws_rule) rules;
	struct identity identity;
	bool identified;
	enum aws_default_group default_group;
	const char *provider;		/* the versions that the file takes */
};

/* --- the frame --- */

static void read_frame(struct reading *r, const struct json *root)
{
	static const char *const in_terraform[] = { "required_version",
						    "required_providers",
						    NULL };
	static const char *const in_providers[] = { "aws", NULL };
	static const char *const in_aws[] = { "source", "version", NULL };
	static const char *const in_variables[] = { "vpc_id", NULL };
	static const char *const in_variable[] = { "type", NULL };
	const struct path terraform = { NULL, "terraform" };
	const struct path providers = { &terraform, "required_providers" };
	const struct path aws = { &providers, "aws" };
	const struct path variables = { NULL, "variable" };
	const struct path variable = { &variables, "vpc_id" };
	const struct json *at = read_object(&r->json, &terraform, root, in_terraform);

	if (at) {
		read_literal(&r->json, &terraform, "required_version", at);
		at = read_object(&r->json, &providers, at, in_providers);
	}
	if (at)
		at = read_object(&r->json, &aws, at, in_aws);
	if (at) {
		expect_string(&r->json, &aws, "source", at, "hashicorp/aws");
		r->provider = read_literal(&r->json, &aws, "version", at);
	}
	at = read_object(&r->json, &variables, root, in_variables);
	if (at)
		at = read_object(&r->json, &variable, at, in_variable);
	if (at)
		expect_string(&r->json, &variable, "type", at, "string");
}

/* TEXT in the model's memory; NULL stays NULL. */
static const char *kept(const struct reading *r, const char *text)
{
	return text ? arena_copy(r->arena, text, strlen(text)) : NULL;
}

static void read_lists(struct reading *r, const struct json *root)
{
	static const char *const in_data[] = { "aws_ec2_managed_prefix_list",
					       NULL };
	static const char *const in_list[] = { "name", NULL };
	const struct path data = { NULL, "data" };
	const struct path lists = { &data, in_data[0] };
	const struct json *at;

	if (!jv_get(root, "data"))
		return;
	at = read_object(&r->json, &data, root, in_data);
	if (at)
		at = read_object(&r->json, &lists, at, NULL);
	if (!at)
		return;
	r->list = arena_array(r->arena, at->count, sizeof *r->list);
	for (const struct json *list = at->first; list; list = list->next) {
		const struct path path = { &lists, list->key };
		struct aws_list *l = &r->list[r->list_count++];

		if (!expect_name(&r->json, &path) ||
		    !expect_object(&r->json, &path, list, in_list))
			continue;
		l->key = kept(r, list->key);
		l->name = kept(r, read_literal(&r->json, &path, "name", list));
		*table_at_name(&r->lists, l->key) = l;
	}
}

/* --- groups --- */

/* All groups of a file are of one environment. */
static void identify(struct reading *r, const struct path *path,
		     const struct identity *is)
{
	if (!r->identified) {
		r->identity = *is;
		r->identified = true;
	} else if (strcmp(r->identity.policy, is->policy) != 0 ||
		   strcmp(r->identity.customer, is->customer) != 0 ||
		   strcmp(r->identity.environment, is->environment) != 0) {
		refuse(&r->json, path, "is of another policy or environment "
		       "than the groups before it");
	}
}

static void read_group_tags(struct reading *r, const struct path *up,
			    const struct json *group, struct aws_group *g)
{
	const struct path path = { up, "tags" };
	const struct json *tags = jv_get(group, "tags");
	struct identity is = { .layer = "" };
	void **layer;

	if (!expect_tags(&r->json, &path, tags))
		return;
	is.policy = kept(r, read_literal(&r->json, &path, "firebreak:policy",
					 tags));
	is.customer = kept(r, read_optional(&r->json, &path,
					    "firebreak:customer", tags));
	is.environment = kept(r, read_literal(&r->json, &path,
					      "firebreak:environment", tags));
	g->layer = kept(r, read_literal(&r->json, &path, "firebreak:layer",
					tags));
	if (!is.policy || !is.customer || !is.environment || !g->layer)
		return;
	identify(r, up, &is);
	if (!read_part(&r->json, up, read_optional(&r->json, &path,
						   "firebreak:part", tags), g))
		return;
	layer = table_at_name(&r->layers, g->layer);
	if (*layer && !g->parts)
		refuse(&r->json, up, "is a second group of its layer");
	*layer = g;
}

static void read_group(struct reading *r, const struct path *up,
		       const struct json *group)
{
	/* `ingress` and `egress` are attributes of it too: not ours, refused */
	static const char *const known[] = { "name", "description", "vpc_id",
					     "tags", NULL };
	const struct path path = { up, group->key };
	struct aws_group *g = &r->group[r->group_count++];

	if (!expect_name(&r->json, &path) ||
	    !expect_object(&r->json, &path, group, known))
		return;
	g->key = kept(r, group->key);
	g->name = kept(r, read_literal(&r->json, &path, "name", group));
	g->description = kept(r, read_literal(&r->json, &path, "description",
					      group));
	expect_string(&r->json, &path, "vpc_id", group, "${var.vpc_id}");
	read_group_tags(r, &path, group, g);
	*table_at_name(&r->groups, g->key) = g;
}

/*
 * An empty list takes every rule out; a missing one leaves what a hand adds
 * later ("attributes as blocks").
 */
static void expect_empty(struct reading *r, const struct path *up,
			 const char *key, const struct json *group)
{
	const struct path path = { up, key };
	const struct json *list = jv_get(group, key);

	if (!list || list->kind != JV_ARRAY || list->first)
		refuse(&r->json, &path, "is not an empty list: the default "
		       "group is to have no rules");
}

static void read_default_group(struct reading *r, const struct path *resource,
			       const struct json *resources)
{
	static const char *const known[] = { "egress", "ingress", "tags",
					     "vpc_id", NULL };
	const struct path path = { resource, "aws_default_security_group" };
	const struct json *all = jv_get(resources, path.key);
	const struct json *one = all && all->kind == JV_OBJECT ? all->first :
								 NULL;
	const struct path here = { &path, one ? one->key : "" };
	const struct path tags = { &here, "tags" };

	if (!all)
		return;
	if (!one || one->next) {
		refuse(&r->json, &path, "is not one: a VPC has one");
		return;
	}
	if (!expect_name(&r->json, &here) ||
	    !expect_object(&r->json, &here, one, known))
		return;
	expect_empty(r, &here, "egress", one);
	expect_empty(r, &here, "ingress", one);
	expect_string(&r->json, &here, "vpc_id", one, "${var.vpc_id}");
	if (jv_get(one, "tags"))
		expect_tags(&r->json, &tags, jv_get(one, "tags"));
	r->default_group = AWS_DEFAULT_EMPTY;
}

/* --- rules --- */

static bool read_ports(struct reading *r, const struct path *path,
		       const struct json *rule, int least, int most,
		       struct aws_service *s)
{
	bool from = read_number(&r->json, path, "from_port", rule, least, most,
				&s->from);
	bool to = read_number(&r->json, path, "to_port", rule, least, most, &s->to);

	return from && to;
}

static bool read_service(struct reading *r, const struct path *path,
			 const struct json *rule, struct aws_service *s)
{
	const struct path at = { path, "ip_protocol" };
	const char *word = read_literal(&r->json, path, "ip_protocol", rule);

	*s = (struct aws_service){ .from = AWS_ALL, .to = AWS_ALL };
	if (!word)
		return false;
	if (!read_protocol(word, &s->protocol))
		return refuse(&r->json, &at, "is no protocol as it is written here");
	switch (s->protocol) {
	case PROTO_TCP:
	case PROTO_UDP:
		if (!read_ports(r, path, rule, 0, 65535, s))
			return false;
		return s->from <= s->to ||
		       refuse(&r->json, path, "has its ports the wrong way round");
	case PROTO_ICMP:
	case PROTO_ICMP6:
		if (!read_ports(r, path, rule, AWS_ALL, 255, s))
			return false;
		return s->from != AWS_ALL || s->to == AWS_ALL ||
		       refuse(&r->json, path, "has an ICMP code without a type");
	default:
		return (!jv_get(rule, "from_port") &&
			!jv_get(rule, "to_port")) ||
		       refuse(&r->json, path, "has ports, which its protocol has not");
	}
}

/* Exactly one of four members says who. */
static bool read_peer(struct reading *r, const struct path *path, const struct json *rule,
		      struct aws_peer *peer)
{
	static const char *const kinds[] = { "cidr_ipv4", "cidr_ipv6",
					     "prefix_list_id",
					     "referenced_security_group_id" };
	size_t count = 0, kind = 0;
	const struct aws_list *list;
	const struct aws_group *group;

	for (size_t i = 0; i < 4; i++) {
		if (!jv_get(rule, kinds[i]))
			continue;
		count++;
		kind = i;
	}
	if (count != 1)
		return refuse(&r->json, path, count ? "has more than one peer" :
			      "has no peer");
	if (kind < 2) {
		peer->kind = AWS_PREFIX;
		return read_prefix(&r->json, path, kinds[kind], rule,
				   kind == 0 ? IPV4 : IPV6, &peer->prefix);
	}
	if (kind == 2) {
		list = read_reference(&r->json, path, kinds[2], rule,
				      "${data.aws_ec2_managed_prefix_list.",
				      &r->lists);
		peer->kind = AWS_LIST;
		peer->index = list ? (uint32_t)(list - r->list) : 0;
		return list;
	}
	group = read_reference(&r->json, path, kinds[3], rule,
			       "${aws_security_group.", &r->groups);
	peer->kind = AWS_GROUP;
	peer->index = group ? (uint32_t)(group - r->group) : 0;
	return group;
}

static bool is_foreign(const struct aws_permission *is)
{
	return is->peer.kind == AWS_PREFIX &&
	       is->service.protocol == (is->peer.prefix.family == IPV4 ?
					PROTO_ICMP6 : PROTO_ICMP);
}

static void read_rule(struct reading *r, const struct path *up,
		      const struct json *json, enum aws_direction direction)
{
	static const char *const known[] = {
		"security_group_id", "ip_protocol", "from_port", "to_port",
		"cidr_ipv4", "cidr_ipv6", "prefix_list_id",
		"referenced_security_group_id", "description", "tags", NULL };
	const struct path path = { up, json->key };
	const struct path tags = { &path, "tags" };
	struct aws_rule rule = { .is = { .direction = direction } };
	const struct aws_group *group;

	if (!expect_name(&r->json, &path) ||
	    !expect_object(&r->json, &path, json, known))
		return;
	group = read_reference(&r->json, &path, "security_group_id", json,
			       "${aws_security_group.", &r->groups);
	if (!read_service(r, &path, json, &rule.is.service) ||
	    !read_peer(r, &path, json, &rule.is.peer) || !group)
		return;
	rule.is.group = (uint32_t)(group - r->group);
	rule.key = kept(r, json->key);
	rule.description = kept(r, read_optional(&r->json, &path,
						 "description", json));
	json = jv_get(json, "tags");
	if (json && !expect_tags(&r->json, &tags, json))
		return;
	rule.names = json ? kept(r, read_optional(&r->json, &tags,
						  "firebreak:rules", json)) :
			    "";
	if (is_foreign(&rule.is))
		refuse(&r->json, &path,
		       "has ICMP of one family and addresses of the other");
	if (!is_first(&r->json, &r->known, &rule.is))
		refuse(&r->json, &path, "permits the same as a rule before it");
	*LIST_PUSH(r->arena, &r->rules) = rule;
}

/* Room for every rule of the file, known from the start. */
static void make_room(struct reading *r, const struct json *resources)
{
	size_t most = 0;

	for (const struct json *type = resources->first; type; type = type->next)
		most += type->count;
	r->rules.at = arena_array(r->arena, most, sizeof *r->rules.at);
	r->rules.cap = most;
}

/* When all groups and rules are there. */
static void read_exclusives(struct reading *r, const struct path *up,
			    const struct json *resources)
{
	const struct path path = { up, "aws_vpc_security_group_rules_exclusive" };
	const struct json *some = jv_get(resources, path.key);

	if (!some || !expect_object(&r->json, &path, some, NULL))
		return;
	/* 6.31.0 is the first that has it: another one would fail at plan */
	if (r->provider && strcmp(r->provider, ">= 6.31, < 7.0") != 0)
		refuse(&r->json, &path, "needs version \">= 6.31, < 7.0\" of the "
		       "provider, and the file says another one");
	for (const struct json *one = some->first; one; one = one->next)
		read_exclusive(&r->json, &path, one, &r->groups, r->group,
			       r->rules.at, r->rules.count);
}

static void read_resources(struct reading *r, const struct json *root)
{
	static const char *const types[] = {
		"aws_security_group", "aws_vpc_security_group_ingress_rule",
		"aws_vpc_security_group_egress_rule",
		"aws_default_security_group",
		"aws_vpc_security_group_rules_exclusive", NULL };
	static const enum aws_direction directions[] = {
		[1] = AWS_INGRESS, [2] = AWS_EGRESS };
	enum { TYPES = sizeof directions / sizeof *directions };
	const struct path resource = { NULL, "resource" };
	const struct json *resources = read_object(&r->json, &resource, root,
						   types);

	if (!resources)
		return;
	make_room(r, resources);
	read_default_group(r, &resource, resources);
	for (size_t i = 0; i < TYPES; i++) {
		const struct path path = { &resource, types[i] };
		const struct json *some = jv_get(resources, types[i]);

		if (i && !some)
			continue;
		if (!expect_object(&r->json, &path, some, NULL))
			return;
		if (i == 0)
			r->group = arena_array(r->arena, some->count,
					       sizeof *r->group);
		for (const struct json *one = some->first; one;
		     one = one->next) {
			if (i == 0)
				read_group(r, &path, one);
			else
				read_rule(r, &path, one, directions[i]);
		}
	}
	read_exclusives(r, &resource, resources);
}

static const struct aws_model *read_root(struct reading *r, const struct json *root)
{
	static const char *const known[] = { "terraform", "variable", "data",
					     "moved", "resource", NULL };
	struct aws_model *model;

	if (!expect_object(&r->json, NULL, root, known))
		return NULL;
	read_frame(r, root);
	read_lists(r, root);
	read_resources(r, root);
	if (r->json.good)
		read_moved(&r->json, root, r->rules.at, r->rules.count);
	if (r->json.good && !r->identified)
		refuse(&r->json, NULL,
		       "has no security group: whose it is cannot be told");
	if (!r->json.good)
		return NULL;
	model = arena_alloc(r->arena, sizeof *model);
	*model = (struct aws_model){
		.identity = r->identity,
		.groups = r->group, .group_count = r->group_count,
		.lists = r->list, .list_count = r->list_count,
		.rules = r->rules.at, .rule_count = r->rules.count,
		.default_group = r->default_group,
	};
	return model;
}

const struct aws_model *aws_read_terraform(struct arena *arena,
					   struct diags *diags,
					   const char *name, const char *bytes,
					   size_t len)
{
	struct arena *scratch = arena_child(arena);
	struct reading r = {
		.json = { scratch, diags, name, true }, .arena = arena,
		.groups = TABLE_IN(scratch), .lists = TABLE_IN(scratch),
		.layers = TABLE_IN(scratch), .known = TABLE_IN(scratch),
		.default_group = AWS_DEFAULT_AS_MADE,
	};
	const struct json *root = read_json(&r.json, bytes, len);
	const struct aws_model *model = root ? read_root(&r, root) : NULL;

	arena_free(scratch);
	return model;
}
