/*
 * A state of Terraform: rules are what resources say and what the lists of the
 * groups say, all of it.
 */
#include "tests/lib/aws_eval_rule.h"

#include <string.h>

struct shown {
	struct aws_eval *e;
	json_t *resources;	/* of every module */
};

static bool is(json_t *resource, const char *type)
{
	return strcmp(eval_string(resource, "type"), type) == 0;
}

static json_t *values_of(json_t *resource)
{
	return json_object_get(resource, "values");
}

static const char *kept(const struct shown *s, const char *text)
{
	return arena_copy(s->e->arena, text, strlen(text));
}

static void gather(struct shown *s, json_t *module)
{
	json_t *child;
	size_t i;

	json_array_extend(s->resources, json_object_get(module, "resources"));
	json_array_foreach(json_object_get(module, "child_modules"), i, child)
		gather(s, child);
}

/* The resource that has this id, of one of two types. */
static json_t *with_id(const struct shown *s, const char *id, const char *type,
		       const char *other)
{
	json_t *resource;
	size_t i;

	json_array_foreach(s->resources, i, resource)
		if ((is(resource, type) || is(resource, other)) &&
		    strcmp(eval_string(values_of(resource), "id"), id) == 0)
			return resource;
	return NULL;
}

/* What every resource has, also by the provider; else what it says itself. */
static const char *layer_of(const struct shown *s, json_t *group)
{
	json_t *tags = json_object_get(values_of(group), "tags_all");
	const char *layer;

	if (!json_is_object(tags))
		tags = json_object_get(values_of(group), "tags");
	layer = eval_string(tags, "firebreak:layer");
	return *layer ? kept(s, layer) : NULL;
}

/* A rule of the group ID but for its peer; false: it is of no group of ours. */
static bool rule_of(const struct shown *s, const char *id, struct rule *out)
{
	json_t *group = with_id(s, id, "aws_security_group",
				"aws_default_security_group");

	out->of_default = group && is(group, "aws_default_security_group");
	out->layer = out->of_default ? "" : group ? layer_of(s, group) : NULL;
	return out->layer;
}

static void services(json_t *json, const char *protocol, struct rule *out)
{
	const char *word = eval_string(json, protocol);

	out->protocol = strcmp(word, "all") == 0 ? -1 : eval_protocol(word);
	out->from = eval_number(json, "from_port");
	out->to = eval_number(json, "to_port");
}

/* RULE with the peer TEXT of this kind; false: it is not understood. */
static bool add(struct shown *s, struct rule rule, int kind, const char *text)
{
	json_t *thing;

	rule.is_prefix = kind < 2;
	rule.family = kind == 1 ? IPV6 : IPV4;
	if (kind < 2 && !eval_prefix(text, kind ? 6 : 4, &rule.prefix))
		return false;
	if (kind == 2) {
		thing = with_id(s, text, "aws_ec2_managed_prefix_list",
				"aws_prefix_list");
		rule.name = eval_network(s->e, eval_string(values_of(thing),
							   "name"));
		if (!rule.name)
			return false;
	}
	if (kind == 3) {
		thing = with_id(s, text, "aws_security_group", "");
		rule.name = thing ? layer_of(s, thing) : NULL;
		rule.stranger = !rule.name;
	}
	*LIST_PUSH(s->e->arena, &s->e->rules) = rule;
	return rule.protocol >= -1;
}

static bool read_resource(struct shown *s, json_t *values, bool ingress)
{
	static const char *const peers[] = { "cidr_ipv4", "cidr_ipv6",
					     "prefix_list_id",
					     "referenced_security_group_id" };
	struct rule rule = { .ingress = ingress };

	if (!rule_of(s, eval_string(values, "security_group_id"), &rule))
		return true;
	services(values, "ip_protocol", &rule);
	for (int kind = 0; kind < 4; kind++)
		if (*eval_string(values, peers[kind]))
			return add(s, rule, kind, eval_string(values,
							      peers[kind]));
	return false;
}

/* An element of a list in a group, or aws_security_group_rule. */
static bool read_many(struct shown *s, json_t *json, const char *id,
		      bool ingress, bool listed)
{
	static const char *const peers[] = { "cidr_blocks", "ipv6_cidr_blocks",
					     "prefix_list_ids",
					     "security_groups" };
	struct rule rule = { .ingress = ingress };
	const char *source = eval_string(json, "source_security_group_id");
	json_t *one;
	size_t i;

	if (!rule_of(s, id, &rule))
		return true;
	services(json, "protocol", &rule);
	if (listed && rule.protocol == 58 && !rule.from && !rule.to)
		rule.from = rule.to = -1;
	for (int kind = 0; kind < 4; kind++)
		json_array_foreach(json_object_get(json, peers[kind]), i, one)
			if (!json_is_string(one) ||
			    !add(s, rule, kind, json_string_value(one)))
				return false;
	if (json_is_true(json_object_get(json, "self")) && !add(s, rule, 3, id))
		return false;
	return !*source || add(s, rule, 3, source);
}

static bool read_list(struct shown *s, json_t *values, const char *key)
{
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(values, key), i, one)
		if (!read_many(s, one, eval_string(values, "id"),
			       strcmp(key, "ingress") == 0, true))
			return false;
	return true;
}

static bool read_any(struct shown *s, json_t *resource)
{
	json_t *values = values_of(resource);

	if (is(resource, "aws_vpc_security_group_ingress_rule"))
		return read_resource(s, values, true);
	if (is(resource, "aws_vpc_security_group_egress_rule"))
		return read_resource(s, values, false);
	if (is(resource, "aws_security_group_rule"))
		return read_many(s, values, eval_string(values,
							"security_group_id"),
				 strcmp(eval_string(values, "type"),
					"ingress") == 0, false);
	if (is(resource, "aws_security_group") ||
	    is(resource, "aws_default_security_group"))
		return read_list(s, values, "ingress") &&
		       read_list(s, values, "egress");
	return true;
}

/* Is there a group of ours in a VPC whose default group nobody manages? */
static bool is_as_made(const struct shown *s)
{
	json_t *group, *other;
	size_t i, k;

	json_array_foreach(s->resources, i, group) {
		const char *vpc = eval_string(values_of(group), "vpc_id");
		bool managed = false;

		if (!is(group, "aws_security_group") || !layer_of(s, group))
			continue;
		json_array_foreach(s->resources, k, other)
			managed |= is(other, "aws_default_security_group") && *vpc &&
				   strcmp(eval_string(values_of(other), "vpc_id"),
					  vpc) == 0;
		if (!managed)
			return true;
	}
	return false;
}

bool eval_shown(struct aws_eval *e, json_t *values)
{
	struct shown s = { e, json_array() };
	json_t *resource;
	bool good = true;
	size_t i;

	gather(&s, json_object_get(values, "root_module"));
	json_array_foreach(s.resources, i, resource)
		good = good && read_any(&s, resource);
	e->default_as_made = is_as_made(&s);
	json_decref(s.resources);
	return good;
}
