/*
 * Slips of the hand in a template: rule by rule, in a group and beside it,
 * resource by resource, and the functions that refer to others.
 */
#include "tests/lib/mutate_json.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const char group_type[] = "AWS::EC2::SecurityGroup";

static bool is_group(json_t *resource)
{
	const char *type = json_string_value(json_object_get(resource, "Type"));

	return type && strcmp(type, group_type) == 0;
}

/* Every other group, and what is none, in both ways to say it. */
static void mutate_reference(const struct object *o, const char *name)
{
	json_t *resources = json_object_get(o->root, "Resources"), *resource;
	const char *key;

	json_object_foreach(resources, key, resource) {
		if (!is_group(resource))
			continue;
		try_member(o, o->is, name, json_pack("{s:[s,s]}", "Fn::GetAtt",
						     key, "GroupId"));
		try_member(o, o->is, name, json_pack("{s:s}", "Ref", key));
		try_member(o, o->is, name, json_pack("{s:[s,s]}", "Fn::GetAtt",
						     key, "VpcId"));
	}
	try_member(o, o->is, name, json_pack("{s:s}", "Ref", "VpcId"));
	try_member(o, o->is, name, json_string("sg-12345678"));
}

static void mutate_protocol(const struct object *o)
{
	static const char *const words[] = { "tcp", "udp", "icmp", "icmpv6",
					     "-1", "50", "6", "all" };
	static const char *const ends[] = { "FromPort", "ToPort" };
	json_t *before[2];

	for (size_t i = 0; i < COUNT(words); i++)
		try_member(o, o->is, "IpProtocol", json_string(words[i]));
	/* once more, as AWS wants it: every protocol, without ports */
	for (size_t i = 0; i < 2; i++) {
		before[i] = json_incref(json_object_get(o->is, ends[i]));
		json_object_del(o->is, ends[i]);
	}
	try_member(o, o->is, "IpProtocol", json_string("-1"));
	try_member(o, o->is, "IpProtocol", json_string("47"));
	for (size_t i = 0; i < 2; i++)
		if (before[i])
			json_object_set_new(o->is, ends[i], before[i]);
}

/* Another kind of peer for the peer, and both. */
static void mutate_peer(const struct object *o, const char *name)
{
	json_t *before = json_incref(json_object_get(o->is, name));

	json_object_del(o->is, name);
	try_member(o, o->is, "CidrIp", json_string("0.0.0.0/0"));
	try_member(o, o->is, "CidrIpv6", json_string("::/0"));
	try_member(o, o->is, "CidrIp", json_string("10.0.0.0/8"));
	try_member(o, o->is, "CidrIp", json_string("127.0.0.1/32"));
	try_member(o, o->is, "SourcePrefixListId", json_string("pl-1"));
	mutate_reference(o, "SourceSecurityGroupId");
	mutate_reference(o, "DestinationSecurityGroupId");
	json_object_set_new(o->is, name, before);
	if (strcmp(name, "CidrIp") != 0)
		try_member(o, o->is, "CidrIp", json_string("10.9.0.0/16"));
}

/* Every member of a rule, which stands in a group or beside it. */
static void mutate_rule(const struct object *o)
{
	json_t *members = json_deep_copy(o->is), *value;
	const char *name;

	json_object_foreach(members, name, value) {
		const char *text = json_string_value(value);

		try_member(o, o->is, name, NULL);
		try_member(o, o->is, name, json_null());
		if (json_is_integer(value))
			mutate_number(o, name, json_integer_value(value));
		else if (strcmp(name, "IpProtocol") == 0)
			mutate_protocol(o);
		else if (strncmp(name, "CidrIp", 6) == 0)
			mutate_prefix(o, name, text);
		else if (strstr(name, "Group"))
			mutate_reference(o, name);
		else if (text)
			try_member(o, o->is, name, json_string("changed"));
		else
			try_member(o, o->is, name,
				   json_pack("{s:s}", "Ref", "VpcId"));
		if (strncmp(name, "CidrIp", 6) == 0 ||
		    strstr(name, "PrefixListId") || strstr(name, "ceSecurity") ||
		    strstr(name, "onSecurity"))
			mutate_peer(o, name);
	}
	try_member(o, o->is, "Odd", json_true());
	json_decref(members);
}

static void mutate_inlines(const struct object *group, json_t *properties,
			   const char *key, const char *other)
{
	mutate_listed(group, properties, key, other, mutate_rule);
	try_member(group, properties, key, NULL);
	try_member(group, properties, key, json_array());
	try_member(group, properties, key, json_null());
}

static void mutate_group(const struct object *o, json_t *properties)
{
	static const char *const keys[] = { "SecurityGroupIngress",
					    "SecurityGroupEgress" };
	static const char *const others[] = { "GroupName", "GroupDescription",
					      "VpcId", "Tags" };

	mutate_inlines(o, properties, keys[0], keys[1]);
	mutate_inlines(o, properties, keys[1], keys[0]);
	mutate_tag_list(o, properties);
	for (size_t i = 0; i < COUNT(others); i++) {
		try_member(o, properties, others[i], NULL);
		try_member(o, properties, others[i], json_string("changed"));
	}
	try_member(o, properties, "Odd", json_true());
}

/* A rule beside the groups, also with its ends and its direction turned. */
static void mutate_beside(const struct object *o, json_t *properties)
{
	static const char *const peers[] = { "SourceSecurityGroupId",
					     "DestinationSecurityGroupId" };
	static const char *const types[] = { "AWS::EC2::SecurityGroupIngress",
					     "AWS::EC2::SecurityGroupEgress" };
	bool egress = json_object_get(properties, peers[1]);
	json_t *near = json_incref(json_object_get(properties, "GroupId"));
	json_t *far = json_incref(json_object_get(properties, peers[egress]));
	struct object rule = *o;

	rule.is = properties;
	mutate_rule(&rule);
	try_member(o, o->is, "Type", json_string(types[!egress]));
	json_object_set(properties, "GroupId", far);
	try_member(o, properties, peers[egress], json_incref(near));
	json_object_set(properties, "GroupId", near);
	json_object_del(properties, peers[egress]);
	json_object_set(properties, peers[!egress], far);
	try_member(o, o->is, "Type", json_string(types[!egress]));
	json_object_del(properties, peers[!egress]);
	json_object_set_new(properties, peers[egress], far);
	json_decref(near);
}

/* Under another name, twice, and not at all; with what may not be. */
static void mutate_place(const struct object *o)
{
	static const char *const odd[] = { "Condition", "DeletionPolicy",
					   "UpdateReplacePolicy", "Metadata" };
	json_t *is = json_incref(o->is);

	json_object_set(o->among, "Another", is);
	show_root(o, "twice");
	json_object_del(o->among, o->key);
	show_root(o, "under another name");
	json_object_del(o->among, "Another");
	show_root(o, "taken out");
	json_object_set_new(o->among, o->key, is);
	for (size_t i = 0; i < COUNT(odd); i++)
		try_member(o, o->is, odd[i], json_string("x"));
	try_member(o, o->is, "Type", json_string("AWS::EC2::Instance"));
	try_member(o, o->is, "Type", NULL);
	try_member(o, o->is, "Properties", NULL);
}

static void mutate_resource(struct mutation *m, json_t *root, json_t *among,
			    const char *key)
{
	struct object o = { m, arena_child(m->arena), root, among,
			    json_object_get(among, key), "resource", key };
	json_t *properties = json_object_get(o.is, "Properties");

	mutate_place(&o);
	if (is_group(o.is))
		mutate_group(&o, properties);
	else
		mutate_beside(&o, properties);
	arena_free(o.arena);
}

static void mutate_parameter(struct mutation *m, json_t *root, json_t *among,
			     const char *key)
{
	struct object o = { m, arena_child(m->arena), root, among,
			    json_object_get(among, key), "parameter", key };

	try_member(&o, among, key, NULL);
	try_member(&o, o.is, "Type", json_string("Number"));
	try_member(&o, o.is, "Default", json_string("pl-1"));
	try_member(&o, o.is, "Description", NULL);
	try_member(&o, o.is, "Description", json_string("changed"));
	try_member(&o, o.is, "Description", json_string(
		"id of the prefix list com.amazonaws.us-east-1.dynamodb"));
	arena_free(o.arena);
}

static void mutate_all(struct mutation *m, json_t *root, const char *section,
		       void one(struct mutation *m, json_t *root,
				json_t *among, const char *key))
{
	json_t *among = json_object_get(root, section);
	json_t *keys = json_deep_copy(among), *value;
	const char *key;

	json_object_foreach(keys, key, value)
		one(m, root, among, key);
	json_decref(keys);
}

void mutate_cloudformation(struct mutation *m, const char *bytes, size_t len)
{
	json_t *root = json_loadb(bytes, len, 0, NULL);
	struct object o = { m, m->arena, root, root, root, "template", "" };

	mutate_all(m, root, "Resources", mutate_resource);
	mutate_all(m, root, "Parameters", mutate_parameter);
	try_member(&o, root, "Transform", json_string("X"));
	try_member(&o, root, "Conditions", json_object());
	try_member(&o, root, "AWSTemplateFormatVersion", NULL);
	json_decref(root);
}
