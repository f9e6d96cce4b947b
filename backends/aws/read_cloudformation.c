/*
 * A CloudFormation template in JSON, read from AWS's documentation of templates
 * (sections, parameters, Ref, Fn::GetAtt, dynamic references) and of the three
 * resources, not from the emitter.
 *
 * Strict: a section, attribute, property or function that is not known here may
 * be what opens a port, so it is refused.  That a parameter for a prefix list
 * gets the id of the list which its description names is up to who deploys.
 */
#include "backends/aws/aws.h"

#include "backends/aws/read_model.h"
#include "backends/aws/read_rule.h"
#include "compiler/base/service.h"

#include <string.h>

struct reading {
	struct gathering g;
	struct table vpcs;		/* parameters that are one */
	struct table names;		/* of lists: told twice? */
};

/* --- values --- */

/* The string KEY of OBJECT, which fetches nothing; NULL and told otherwise. */
static const char *string_at(struct reading *r, const struct path *up,
			     const char *key, const struct json *object)
{
	const struct path path = { up, key };
	const struct json *member = jv_get(object, key);
	const char *string = jv_string(member);

	if (!string)
		refuse(&r->g.json, &path,
		       member ? "is not a string" : "is missing");
	else if (strstr(string, "{{"))
		refuse(&r->g.json, &path, "has a dynamic reference");
	else
		return string;
	return NULL;
}

/* The one member of an object, a function and what it is applied to. */
static const struct json *function(const struct json *object, const char *name)
{
	if (!object || object->kind != JV_OBJECT || object->count != 1)
		return NULL;
	return jv_get(object, name);
}

/* What TABLE has for the parameter in {"Ref": "…"}. */
static void *parameter(struct reading *r, const struct path *up,
		       const char *key, const struct json *object,
		       const struct table *table)
{
	const struct path path = { up, key };
	const char *id = jv_string(function(jv_get(object, key), "Ref"));
	void *found = id ? table_get_name(table, id) : NULL;

	if (!found)
		refuse(&r->g.json, &path,
		       "does not refer to a parameter that can stand here");
	return found;
}

/*
 * A group by {"Fn::GetAtt": ["…", "GroupId"]} or by {"Ref": "…"}, which is the
 * same for a group in a VPC ("Return values", AWS::EC2::SecurityGroup).
 */
static const struct aws_group *group_at(struct reading *r,
					const struct path *up, const char *key,
					const struct json *object)
{
	const struct path path = { up, key };
	const struct json *is = jv_get(object, key);
	const struct json *pair = function(is, "Fn::GetAtt");
	const char *id = jv_string(function(is, "Ref")), *attribute;
	const struct aws_group *found;

	if (pair && pair->kind == JV_ARRAY && pair->count == 2) {
		attribute = jv_string(pair->first->next);
		if (attribute && strcmp(attribute, "GroupId") == 0)
			id = jv_string(pair->first);
	}
	found = id ? table_get_name(&r->g.groups, id) : NULL;
	if (!found)
		refuse(&r->g.json, &path,
		       "does not refer to a security group of this template");
	return found;
}

/* The first element of the array KEY, which may be missing. */
static const struct json *array_at(struct reading *r, const struct path *up,
				   const char *key, const struct json *object)
{
	const struct path path = { up, key };
	const struct json *member = jv_get(object, key);

	if (!member)
		return NULL;
	if (member->kind == JV_ARRAY)
		return member->first;
	refuse(&r->g.json, &path, "is not an array");
	return NULL;
}

/* --- parameters --- */

static void read_list(struct reading *r, const struct path *path,
		      const struct json *json)
{
	static const char *const known[] = { "AllowedPattern", "Description",
					     "Type", NULL };
	static const char words[] = "id of the prefix list ";
	struct aws_list *list = &r->g.list[r->g.list_count++];
	const char *text;
	void **name;

	if (!expect_object(&r->g.json, path, json, known))
		return;
	if (jv_get(json, "AllowedPattern"))
		(void)string_at(r, path, "AllowedPattern", json);
	text = string_at(r, path, "Description", json);
	if (!text)
		return;
	if (strncmp(text, words, strlen(words)) != 0) {
		refuse(&r->g.json, path,
		       "does not say the id of which prefix list it is");
		return;
	}
	list->key = kept(&r->g, path->key);
	list->name = kept(&r->g, text + strlen(words));
	name = table_at_name(&r->names, list->name);
	if (*name)
		refuse(&r->g.json, path,
		       "is a second parameter for its prefix list");
	*name = list;
	*table_at_name(&r->g.lists, list->key) = list;
}

static void read_parameters(struct reading *r, const struct json *root)
{
	static const char *const of_vpc[] = { "Description", "Type", NULL };
	const struct path path = { NULL, "Parameters" };
	const struct json *all = read_object(&r->g.json, &path, root, NULL);

	if (!all)
		return;
	r->g.list = arena_array(r->g.arena, all->count, sizeof *r->g.list);
	for (const struct json *one = all->first; one; one = one->next) {
		const struct path here = { &path, one->key };
		const char *type = string_at(r, &here, "Type", one);

		if (!expect_logical_id(&r->g.json, &here) || !type)
			continue;
		if (strcmp(type, "AWS::EC2::VPC::Id") == 0 &&
		    expect_object(&r->g.json, &here, one, of_vpc))
			*table_at_name(&r->vpcs, one->key) = r;
		else if (strcmp(type, "String") == 0)
			read_list(r, &here, one);
		else
			refuse(&r->g.json, &here, "is not known here");
	}
}

/* --- rules --- */

static bool read_ports(struct reading *r, const struct path *path,
		       const struct json *json, int least, int most,
		       struct aws_service *s)
{
	return read_number(&r->g.json, path, "FromPort", json, least, most,
			   &s->from) &
	       read_number(&r->g.json, path, "ToPort", json, least, most,
			   &s->to);
}

static bool read_service(struct reading *r, const struct path *path,
			 const struct json *json, struct aws_service *s)
{
	const struct path at = { path, "IpProtocol" };
	const char *word = string_at(r, path, "IpProtocol", json);

	*s = (struct aws_service){ .from = AWS_ALL, .to = AWS_ALL };
	if (!word)
		return false;
	if (!read_protocol(word, &s->protocol))
		return refuse(&r->g.json, &at,
			      "is no protocol as it is written here");
	switch (s->protocol) {
	case PROTO_TCP:
	case PROTO_UDP:
		if (!read_ports(r, path, json, 0, 65535, s))
			return false;
		return s->from <= s->to ||
		       refuse(&r->g.json, path,
			      "has its ports the wrong way round");
	case PROTO_ICMP:
	case PROTO_ICMP6:
		if (!read_ports(r, path, json, AWS_ALL, 255, s))
			return false;
		return s->from != AWS_ALL || s->to == AWS_ALL ||
		       refuse(&r->g.json, path,
			      "has an ICMP code without a type");
	default:
		return (!jv_get(json, "FromPort") && !jv_get(json, "ToPort")) ||
		       refuse(&r->g.json, path,
			      "has ports, which its protocol has not");
	}
}

enum { PEERS = 4 };

/* By direction; in the order of CidrIp, CidrIpv6, list, group. */
static const char *const peers[AWS_DIRECTIONS][PEERS] = {
	[AWS_INGRESS] = { "CidrIp", "CidrIpv6", "SourcePrefixListId",
			  "SourceSecurityGroupId" },
	[AWS_EGRESS] = { "CidrIp", "CidrIpv6", "DestinationPrefixListId",
			 "DestinationSecurityGroupId" },
};

/* Exactly one of four members says who. */
static bool read_peer(struct reading *r, const struct path *path,
		      const struct json *json, enum aws_direction direction,
		      struct aws_peer *peer)
{
	const char *const *kinds = peers[direction];
	size_t count = 0, kind = 0;
	const struct aws_list *list;
	const struct aws_group *group;

	for (size_t i = 0; i < PEERS; i++) {
		if (!jv_get(json, kinds[i]))
			continue;
		count++;
		kind = i;
	}
	if (count != 1)
		return refuse(&r->g.json, path, count ?
			      "has more than one peer" : "has no peer");
	if (kind < 2) {
		peer->kind = AWS_PREFIX;
		return read_prefix(&r->g.json, path, kinds[kind], json,
				   kind == 0 ? IPV4 : IPV6, &peer->prefix);
	}
	if (kind == 2) {
		list = parameter(r, path, kinds[2], json, &r->g.lists);
		peer->kind = AWS_LIST;
		peer->index = list ? (uint32_t)(list - r->g.list) : 0;
		return list;
	}
	group = group_at(r, path, kinds[3], json);
	peer->kind = AWS_GROUP;
	peer->index = group ? (uint32_t)(group - r->g.group) : 0;
	return group;
}

/* What rules inside and outside of groups have in common. */
static bool read_rule(struct reading *r, const struct path *path,
		      const struct json *json, struct aws_rule *rule)
{
	struct aws_permission *is = &rule->is;
	const char *description = "";

	if (jv_get(json, "Description"))
		description = string_at(r, path, "Description", json);
	if (!description || !read_service(r, path, json, &is->service) ||
	    !read_peer(r, path, json, is->direction, &is->peer))
		return false;
	rule->description = kept(&r->g, description);
	rule->names = "";
	return is->peer.kind != AWS_PREFIX ||
	       is->service.protocol != (is->peer.prefix.family == IPV4 ?
					PROTO_ICMP6 : PROTO_ICMP) ||
	       refuse(&r->g.json, path,
		      "has ICMP of one family and addresses of the other");
}

/*
 * Rules that stand for none: nothing on a wire goes to 127.0.0.1, and the CDK
 * writes a type and code that nobody sends to an address that is nobody's.
 */
static bool lets_nothing_out(const struct aws_permission *is)
{
	const struct prefix *to = &is->peer.prefix;
	const struct aws_service *s = &is->service;

	if (is->direction != AWS_EGRESS || is->peer.kind != AWS_PREFIX ||
	    to->family != IPV4 || to->length != 32)
		return false;
	if (to->base == 0x7f000001)
		return s->protocol == AWS_ALL;
	return to->base == UINT32_MAX && s->protocol == PROTO_ICMP &&
	       s->from == 252 && s->to == 86;
}

/*
 * "If the group has no SecurityGroupEgress, AWS leaves the default rule": it
 * lets everything out, over both families.
 */
static void add_default_egress(struct reading *r, const struct path *path,
			       struct aws_rule rule)
{
	rule.description = "the default rule, for want of SecurityGroupEgress";
	rule.names = "";
	rule.is.service = (struct aws_service){ AWS_ALL, AWS_ALL, AWS_ALL };
	rule.is.peer.kind = AWS_PREFIX;
	for (enum family f = IPV4; f < FAMILIES; f++) {
		rule.is.peer.prefix.family = f;
		gather_rule(&r->g, path, &rule);
	}
}

/* A group inside of a group could be a circle: it is to stand outside. */
static void read_inline(struct reading *r, const struct path *up,
			const struct json *group, struct aws_rule rule)
{
	static const char *const keys[] = {
		[AWS_INGRESS] = "SecurityGroupIngress",
		[AWS_EGRESS] = "SecurityGroupEgress" };
	const char *const *kinds = peers[rule.is.direction];
	const char *const known[] = { "IpProtocol", "FromPort", "ToPort",
				      kinds[0], kinds[1], kinds[2],
				      "Description", NULL };
	const struct path path = { up, keys[rule.is.direction] };
	const struct json *all = array_at(r, up, path.key, group);

	if (!all && rule.is.direction == AWS_EGRESS)
		add_default_egress(r, &path, rule);
	for (const struct json *one = all; one; one = one->next) {
		if (!expect_object(&r->g.json, &path, one, known) ||
		    !read_rule(r, &path, one, &rule))
			continue;
		if (!lets_nothing_out(&rule.is))
			gather_rule(&r->g, &path, &rule);
	}
}

static void read_standalone(struct reading *r, const struct path *path,
			    const struct json *json,
			    enum aws_direction direction)
{
	const char *const *kinds = peers[direction];
	const char *const known[] = { "GroupId", "IpProtocol", "FromPort",
				      "ToPort", kinds[0], kinds[1], kinds[2],
				      kinds[3], "Description", NULL };
	const struct path properties = { path, "Properties" };
	const struct json *is = jv_get(json, "Properties");
	struct aws_rule rule = { .is = { .direction = direction } };
	const struct aws_group *group;

	if (!expect_object(&r->g.json, &properties, is, known))
		return;
	group = group_at(r, &properties, "GroupId", is);
	if (!read_rule(r, &properties, is, &rule) || !group)
		return;
	rule.key = kept(&r->g, path->key);
	rule.is.group = (uint32_t)(group - r->g.group);
	gather_rule(&r->g, path, &rule);
}

/* --- groups --- */

/* The value of the tag KEY, or NULL; every tag is looked at. */
static const char *tag_of(struct reading *r, const struct path *up,
			  const struct json *group, const char *key)
{
	static const char *const known[] = { "Key", "Value", NULL };
	const struct path path = { up, "Tags" };
	struct table names = TABLE_IN(r->g.json.arena);
	const char *found = NULL;

	for (const struct json *tag = array_at(r, up, "Tags", group); tag;
	     tag = tag->next) {
		const char *name, *value;
		void **place;

		if (!expect_object(&r->g.json, &path, tag, known))
			return NULL;
		name = string_at(r, &path, "Key", tag);
		value = string_at(r, &path, "Value", tag);
		if (!name || !value)
			return NULL;
		place = table_at_name(&names, name);
		if (*place)
			refuse(&r->g.json, &path, "has a tag twice");
		*place = r;
		if (strcmp(name, key) == 0)
			found = value;
	}
	return kept(&r->g, found);
}

static void read_group(struct reading *r, const struct path *up,
		       const struct json *json)
{
	static const char *const known[] = {
		"GroupDescription", "GroupName", "SecurityGroupEgress",
		"SecurityGroupIngress", "Tags", "VpcId", NULL };
	const struct path path = { up, "Properties" };
	const struct json *is = jv_get(json, "Properties");
	struct aws_group *group = &r->g.group[r->g.group_count++];
	struct identity of = { .layer = "" };

	if (!expect_object(&r->g.json, &path, is, known))
		return;
	group->key = kept(&r->g, up->key);
	group->name = kept(&r->g, string_at(r, &path, "GroupName", is));
	group->description = kept(&r->g, string_at(r, &path,
						   "GroupDescription", is));
	(void)parameter(r, &path, "VpcId", is, &r->vpcs);
	of.policy = tag_of(r, &path, is, "firebreak:policy");
	of.customer = tag_of(r, &path, is, "firebreak:customer");
	of.environment = tag_of(r, &path, is, "firebreak:environment");
	group->layer = tag_of(r, &path, is, "firebreak:layer");
	if (!of.customer)
		of.customer = "";
	(void)read_part(&r->g.json, up, tag_of(r, &path, is, "firebreak:part"),
			group);		/* told */
	if (!of.policy || !of.environment || !group->layer)
		refuse(&r->g.json, &path, "has not all of our tags");
	else
		gather_group(&r->g, up, &of, group);
}

/* --- resources --- */

enum { GROUP, INGRESS, EGRESS };

static const char *const types[] = {
	[GROUP] = "AWS::EC2::SecurityGroup",
	[INGRESS] = "AWS::EC2::SecurityGroupIngress",
	[EGRESS] = "AWS::EC2::SecurityGroupEgress",
};

enum { TYPES = sizeof types / sizeof *types };

/* Which type, or TYPES and told. */
static size_t type_of(struct reading *r, const struct path *path,
		      const struct json *json)
{
	/* conditions, policies and the like change what is deployed */
	static const char *const known[] = { "Type", "Properties", NULL };
	const struct path at = { path, "Type" };
	const char *type;

	if (!expect_logical_id(&r->g.json, path) ||
	    !expect_object(&r->g.json, path, json, known))
		return TYPES;
	type = string_at(r, path, "Type", json);
	for (size_t i = 0; type && i < TYPES; i++)
		if (strcmp(type, types[i]) == 0)
			return i;
	if (type)
		refuse(&r->g.json, &at, "is not known here");
	return TYPES;
}

/* The rules inside of GROUP, which JSON is. */
static void read_inlines(struct reading *r, const struct path *path,
			 const struct json *json,
			 const struct aws_group *group)
{
	const struct path properties = { path, "Properties" };

	for (int d = 0; d < AWS_DIRECTIONS; d++) {
		const struct aws_rule rule = {
			.is = { .group = (uint32_t)(group - r->g.group),
				.direction = (enum aws_direction)d },
			.key = group->key };

		read_inline(r, &properties, jv_get(json, "Properties"), rule);
	}
}

/* The groups first: rules may stand before them. */
static void read_resources(struct reading *r, const struct json *root)
{
	const struct path path = { NULL, "Resources" };
	const struct json *all = read_object(&r->g.json, &path, root, NULL);

	if (!all)
		return;
	r->g.group = arena_array(r->g.arena, all->count, sizeof *r->g.group);
	for (const struct json *one = all->first; one; one = one->next) {
		const struct path here = { &path, one->key };

		if (type_of(r, &here, one) == GROUP)
			read_group(r, &here, one);
	}
	for (const struct json *one = all->first; one && r->g.json.good;
	     one = one->next) {
		const struct path here = { &path, one->key };

		switch (type_of(r, &here, one)) {
		case GROUP:
			read_inlines(r, &here, one,
				     table_get_name(&r->g.groups, one->key));
			break;
		case INGRESS:
			read_standalone(r, &here, one, AWS_INGRESS);
			break;
		case EGRESS:
			read_standalone(r, &here, one, AWS_EGRESS);
			break;
		}
	}
}

/* The template in an answer of `aws cloudformation get-template`. */
static const struct json *unwrapped(struct reading *r, const struct json *root)
{
	static const char *const known[] = { "TemplateBody", "StagesAvailable",
					     NULL };
	const struct path path = { NULL, known[0] };
	const struct json *body = jv_get(root, known[0]);

	if (!body)
		return root;
	if (!expect_object(&r->g.json, NULL, root, known))
		return NULL;
	if (jv_string(body)) {
		refuse(&r->g.json, &path,
		       "is a text: templates in YAML are not read here");
		return NULL;
	}
	return body;
}

static void read_root(struct reading *r, const struct json *root)
{
	static const char *const known[] = {
		"AWSTemplateFormatVersion", "Description", "Parameters",
		"Resources", NULL };

	root = unwrapped(r, root);
	if (!root || !expect_object(&r->g.json, NULL, root, known) ||
	    !expect_string(&r->g.json, NULL, "AWSTemplateFormatVersion", root,
			   "2010-09-09"))
		return;
	if (jv_get(root, "Description"))
		(void)string_at(r, NULL, "Description", root);
	read_parameters(r, root);
	read_resources(r, root);
}

const struct aws_model *aws_read_cloudformation(struct arena *arena,
						struct diags *diags,
						const char *name,
						const char *bytes, size_t len)
{
	struct reading r = { .g = gathering_begin(arena, diags, name) };
	const struct json *root = read_json(&r.g.json, bytes, len);

	r.vpcs = TABLE_IN(r.g.json.arena);
	r.names = TABLE_IN(r.g.json.arena);
	if (root)
		read_root(&r, root);
	return gathering_end(&r.g);
}
