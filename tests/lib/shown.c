/* A module of our own making, with the attributes that the provider gives it. */
#include "tests/lib/shown.h"

#include <jansson.h>

#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const char module[] = "module.fw";
static const char provider[] = "registry.terraform.io/hashicorp/aws";

static const char group_type[] = "aws_security_group";
static const char list_type[] = "aws_ec2_managed_prefix_list";

/* What a plan does not know yet. */
static const char *const computed[] = { "arn", "id", "owner_id",
					"security_group_rule_id" };

struct shown {
	json_t *file;
	bool plan, read;
	const char *gone;	/* of a plan, when all is there */
	json_t *resources, *changes, *configs;
};

static json_t *all_of(const struct shown *s, const char *type)
{
	return json_object_get(json_object_get(s->file, strcmp(type, list_type)
					       == 0 ? "data" : "resource"), type);
}

/* The id that the thing called NAME in TYPE has when it is made. */
static json_t *id_of(const struct shown *s, const char *type, const char *name)
{
	json_t *value;
	const char *key;
	unsigned number = 1;

	json_object_foreach(all_of(s, type), key, value) {
		if (strcmp(key, name) == 0)
			return json_sprintf("%s-%017x", strcmp(type, list_type)
					    == 0 ? "pl" : "sg", number);
		number++;
	}
	abort();
}

/* The id that "${TYPE.NAME.id}" is; NULL: it is no such text. */
static json_t *resolved(const struct shown *s, const char *text)
{
	const char *types[] = { group_type, list_type };
	char name[256];

	for (size_t i = 0; text && i < COUNT(types); i++) {
		const char *at = strstr(text, types[i]);

		if (!at || at[strlen(types[i])] != '.')
			continue;
		at += strlen(types[i]) + 1;
		snprintf(name, sizeof name, "%.*s", (int)strcspn(at, "."), at);
		return id_of(s, types[i], name);
	}
	return NULL;
}

static void put(json_t *object, const char *key, json_t *value)
{
	json_object_set_new(object, key, value);
}

/* --- rules --- */

static json_t *string_of(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return json_is_string(value) ? json_incref(value) : json_null();
}

static bool is_null(json_t *object, const char *key)
{
	return json_is_null(json_object_get(object, key));
}

static json_t *rule_values(const struct shown *s, const char *name, json_t *rule)
{
	static const char *const kept[] = { "cidr_ipv4", "cidr_ipv6", "description",
					    "ip_protocol" };
	static const char *const referring[] = {
		"prefix_list_id", "referenced_security_group_id",
		"security_group_id" };
	static const char *const ports[] = { "from_port", "to_port" };
	json_t *values = json_object();

	put(values, "arn", json_sprintf("arn:aws:ec2:::rule/%s", name));
	put(values, "id", json_sprintf("sgr-%s", name));
	put(values, "security_group_rule_id", json_sprintf("sgr-%s", name));
	for (size_t i = 0; i < COUNT(kept); i++)
		put(values, kept[i], string_of(rule, kept[i]));
	for (size_t i = 0; i < COUNT(referring); i++) {
		json_t *id = resolved(s, json_string_value(
			json_object_get(rule, referring[i])));

		put(values, referring[i], id ? id : json_null());
	}
	for (size_t i = 0; i < COUNT(ports); i++) {
		json_t *port = json_object_get(rule, ports[i]);

		put(values, ports[i], port ? json_incref(port) : json_null());
	}
	put(values, "tags", json_incref(json_object_get(rule, "tags")));
	put(values, "tags_all", json_incref(json_object_get(rule, "tags")));
	return values;
}

/* As the provider reads it back: in the list of its group. */
static json_t *element_of(json_t *values, const char *id)
{
	static const struct { const char *list, *from; } peers[] = {
		{ "cidr_blocks", "cidr_ipv4" },
		{ "ipv6_cidr_blocks", "cidr_ipv6" },
		{ "prefix_list_ids", "prefix_list_id" },
		{ "security_groups", "referenced_security_group_id" },
	};
	json_t *e = json_object();
	const char *group = json_string_value(json_object_get(values,
							      peers[3].from));
	bool self = group && strcmp(group, id) == 0;

	put(e, "description", string_of(values, "description"));
	put(e, "protocol", string_of(values, "ip_protocol"));
	put(e, "from_port", is_null(values, "from_port") ? json_integer(0)
	    : json_incref(json_object_get(values, "from_port")));
	put(e, "to_port", is_null(values, "to_port") ? json_integer(0)
	    : json_incref(json_object_get(values, "to_port")));
	for (size_t i = 0; i < COUNT(peers); i++) {
		json_t *some = json_array();

		if (!is_null(values, peers[i].from) && !(i == 3 && self))
			json_array_append(some, json_object_get(values,
							peers[i].from));
		put(e, peers[i].list, some);
	}
	put(e, "self", json_boolean(self));
	return e;
}

static json_t *listed(const struct shown *s, const char *type, const char *id)
{
	json_t *list = json_array(), *rule;
	const char *name;

	json_object_foreach(all_of(s, type), name, rule) {
		json_t *values = rule_values(s, name, rule);
		const char *group = json_string_value(
			json_object_get(values, "security_group_id"));

		if (s->read && strcmp(group, id) == 0)
			json_array_append_new(list, element_of(values, id));
		json_decref(values);
	}
	return list;
}

/* --- groups, lists --- */

static json_t *group_values(const struct shown *s, const char *name,
			    json_t *group, json_t *id)
{
	json_t *values = json_object(), *tags = json_object_get(group, "tags");
	const char *text = json_string_value(id);

	put(values, "arn", json_sprintf("arn:aws:ec2:::%s", name));
	put(values, "id", json_incref(id));
	put(values, "owner_id", json_string(""));
	put(values, "name", string_of(group, "name"));
	put(values, "name_prefix", json_string(""));
	put(values, "description", string_of(group, "description"));
	put(values, "vpc_id", json_string("vpc-1"));
	put(values, "revoke_rules_on_delete", json_false());
	put(values, "timeouts", json_null());
	put(values, "tags", tags ? json_incref(tags) : json_null());
	put(values, "tags_all", tags ? json_incref(tags) : json_object());
	put(values, "ingress", listed(s, "aws_vpc_security_group_ingress_rule",
				      text));
	put(values, "egress", listed(s, "aws_vpc_security_group_egress_rule",
				     text));
	json_decref(id);
	return values;
}

static json_t *list_values(const struct shown *s, const char *name, json_t *list)
{
	return json_pack("{s:o, s:O, s:s, s:[{s:s, s:s}], s:s}", "id",
			 id_of(s, list_type, name), "name",
			 json_object_get(list, "name"), "owner_id", "AWS",
			 "entries", "cidr", "3.5.0.0/19", "description", "",
			 "address_family", "IPv4");
}

static json_t *values_of(const struct shown *s, const char *type,
			 const char *name, json_t *is)
{
	if (strcmp(type, list_type) == 0)
		return list_values(s, name, is);
	if (strcmp(type, group_type) == 0)
		return group_values(s, name, is, id_of(s, type, name));
	if (strcmp(type, "aws_default_security_group") == 0)
		return group_values(s, name, is, json_string("sg-default"));
	return rule_values(s, name, is);
}

/* --- a plan --- */

/* A text as it is written, and what it refers to. */
static json_t *expression_of(json_t *value)
{
	const char *text = json_string_value(value);
	json_t *expression = json_pack("{s:O}", "constant_value", value);

	if (text && strncmp(text, "${", 2) == 0) {
		int len = (int)strlen(text) - 3;
		json_t *all = json_pack("[o]", json_sprintf("%.*s", len,
							    text + 2));

		if (len > 3 && strcmp(text + len - 1, ".id}") == 0)
			json_array_append_new(all, json_sprintf("%.*s", len - 3,
								text + 2));
		put(expression, "references", all);
	}
	return expression;
}

static json_t *config_of(const char *type, const char *name, json_t *is,
			 bool data)
{
	json_t *expressions = json_object(), *value;
	const char *key;

	json_object_foreach(is, key, value)
		put(expressions, key, expression_of(value));
	return json_pack("{s:o, s:s, s:s, s:s, s:s, s:o, s:i}", "address",
			 json_sprintf("%s%s.%s", data ? "data." : "", type, name),
			 "mode", data ? "data" : "managed", "type", type, "name",
			 name, "provider_config_key", "aws", "expressions",
			 expressions, "schema_version", 0);
}

/* Take out of VALUES what is not known before the apply; what that is. */
static json_t *forget(const struct shown *s, json_t *values, json_t *is,
		      bool group)
{
	json_t *unknown = json_object(), *value;
	const char *key;

	for (size_t i = 0; i < COUNT(computed); i++)
		if (json_object_get(values, computed[i]))
			put(unknown, computed[i], json_true());
	json_object_foreach(is, key, value) {
		json_t *id = resolved(s, json_string_value(value));

		if (id && strncmp(json_string_value(id), "sg-", 3) == 0)
			put(unknown, key, json_true());
		json_decref(id);
	}
	if (group) {
		put(unknown, "vpc_id", json_true());
		put(unknown, "tags_all", json_true());
	}
	if (group && !json_object_get(is, "ingress")) {
		put(unknown, "ingress", json_true());
		put(unknown, "egress", json_true());
	}
	json_object_foreach(unknown, key, value)
		json_object_del(values, key);
	return unknown;
}

/* --- the whole --- */

static json_t *resource_of(const char *type, const char *name, json_t *values,
			   bool data)
{
	return json_pack("{s:o, s:s, s:s, s:s, s:s, s:i, s:O, s:{}}", "address",
			 json_sprintf("%s.%s%s.%s", module, data ? "data." : "",
				      type, name),
			 "mode", data ? "data" : "managed", "type", type, "name",
			 name, "provider_name", provider, "schema_version", 0,
			 "values", values, "sensitive_values");
}

static void add_change(struct shown *s, const char *type, const char *name,
		       json_t *values, json_t *unknown)
{
	bool gone = s->gone && strcmp(s->gone, name) == 0;

	json_array_append_new(s->changes, json_pack(
		"{s:o, s:s, s:s, s:s, s:s, s:s, s:{s:[s], s:o, s:o, s:o}}",
		"address", json_sprintf("%s.%s.%s", module, type, name),
		"module_address", module, "mode", "managed", "type", type,
		"name", name, "provider_name", provider, "change", "actions",
		gone ? "delete" : s->read ? "no-op" : "create",
		"before", s->read ? json_incref(values) : json_null(),
		"after", gone ? json_null() : json_incref(values),
		"after_unknown", unknown));
}

static void add_all(struct shown *s, const char *type, json_t *data)
{
	bool group = strstr(type, "security_group") && !strstr(type, "rule");
	const char *name;
	json_t *is;

	json_object_foreach(all_of(s, type), name, is) {
		json_t *values = values_of(s, type, name, is);

		if (s->plan)
			json_array_append_new(s->configs, config_of(type, name,
								    is, data));
		if (s->plan && !data)
			add_change(s, type, name, values, s->read
				   ? json_object()
				   : forget(s, values, is, group));
		if (!s->gone || strcmp(s->gone, name) != 0)
			json_array_append_new(data ? data : s->resources,
				      resource_of(type, name, values, data));
		json_decref(values);
	}
}

static json_t *in_module(json_t *resources)
{
	return json_pack("{s:{s:[{s:s, s:o}]}}", "root_module", "child_modules",
			 "address", module, "resources", resources);
}

/* The file's module in a root with the VPC. */
static json_t *configuration(const struct shown *s)
{
	return json_pack("{s:{s:{s:{s:s, s:{s:{s:[s, s]}}, s:{s:O}}}}}",
			 "root_module", "module_calls", "fw", "source", "./fw",
			 "expressions", "vpc_id", "references", "aws_vpc.main.id",
			 "aws_vpc.main", "module", "resources", s->configs);
}

static json_t *planned(const struct shown *s, json_t *data)
{
	return json_pack("{s:s, s:s, s:o, s:O, s:{s:s, s:o}, s:o, s:b, s:b, s:b}",
			 "format_version", "1.2", "terraform_version", "1.11.4",
			 "planned_values", in_module(json_incref(s->resources)),
			 "resource_changes", s->changes, "prior_state",
			 "format_version", "1.0", "values", in_module(data),
			 "configuration", configuration(s), "applyable", 1,
			 "complete", 1, "errored", 0);
}

static const char *show(struct arena *arena, const char *file, bool plan,
			bool read, const char *gone)
{
	static const char *const types[] = {
		"aws_default_security_group", "aws_security_group",
		"aws_vpc_security_group_ingress_rule",
		"aws_vpc_security_group_egress_rule" };
	struct shown s = { json_loads(file, 0, NULL), plan, read, gone,
			   json_array(), json_array(), json_array() };
	json_t *data = json_array(), *root;
	const char *out;
	char *text;

	add_all(&s, list_type, data);
	for (size_t i = 0; i < COUNT(types); i++)
		add_all(&s, types[i], NULL);
	if (!plan)
		json_array_extend(data, s.resources);
	root = plan ? planned(&s, data) : json_pack("{s:s, s:s, s:o}",
		"format_version", "1.0", "terraform_version", "1.11.4",
		"values", in_module(data));
	text = json_dumps(root, JSON_PRESERVE_ORDER | JSON_COMPACT);
	out = arena_copy(arena, text, strlen(text));
	free(text);
	json_decref(root);
	json_decref(s.file);
	json_decref(s.resources);
	json_decref(s.changes);
	json_decref(s.configs);
	return out;
}

const char *shown_state(struct arena *arena, const char *file, bool read)
{
	return show(arena, file, false, read, NULL);
}

const char *shown_plan(struct arena *arena, const char *file)
{
	return show(arena, file, true, false, NULL);
}

const char *shown_again(struct arena *arena, const char *file, const char *gone)
{
	return show(arena, file, true, true, gone);
}
