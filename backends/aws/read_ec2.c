/*
 * What `aws ec2 describe-security-groups` answers, and our own aws.ec2.json,
 * which has the same form: from the EC2 API reference (SecurityGroup,
 * IpPermission, SecurityGroupRule), not from the emitter.
 *
 * Beside SecurityGroups there may be PrefixLists (describe-managed-prefix-lists)
 * for the names of lists, and SecurityGroupRules (describe-security-group-rules):
 * then the rules are taken from there, and both have to say the same.  Groups
 * without our tags are nobody's business here, but a rule of ours that refers
 * to one is not understood.  A capture that goes on elsewhere is refused.
 */
#include "backends/aws/aws.h"

#include "backends/aws/read_json.h"
#include "backends/aws/read_rule.h"
#include "compiler/base/service.h"

#include <string.h>

struct reading {
	struct reader json;		/* in memory that is gone afterwards */
	struct arena *arena;		/* of the model */
	struct table groups;		/* GroupId -> group */
	struct table lists;		/* PrefixListId -> list */
	struct table layers, known;
	struct aws_group *group;
	size_t group_count;
	struct aws_list *list;
	size_t list_count;
	LIST(struct aws_rule) rules;
	struct identity identity;
	bool identified;
};

static const char *kept(const struct reading *r, const char *text)
{
	return text ? arena_copy(r->arena, text, strlen(text)) : NULL;
}

/* --- members: in an answer null and missing are one --- */

static const struct json *given(const struct json *object, const char *key)
{
	const struct json *member = jv_get(object, key);

	return member && member->kind != JV_NULL ? member : NULL;
}

/* The string KEY of OBJECT, or NULL and told. */
static const char *need(struct reading *r, const struct path *up,
			const char *key, const struct json *object)
{
	const struct path path = { up, key };
	const struct json *member = given(object, key);

	if (member && jv_string(member))
		return jv_string(member);
	refuse(&r->json, &path, member ? "is not a string" : "is missing");
	return NULL;
}

/* The array KEY of OBJECT; NULL without one, or when told. */
static const struct json *array_at(struct reading *r, const struct path *up,
				   const char *key, const struct json *object)
{
	const struct path path = { up, key };
	const struct json *member = given(object, key);

	if (member && member->kind != JV_ARRAY)
		refuse(&r->json, &path, "is not an array");
	return member && member->kind == JV_ARRAY ? member->first : NULL;
}

/* --- groups --- */

/* The value of the tag KEY, or NULL. */
static const char *tag_of(struct reading *r, const struct path *path,
			  const struct json *group, const char *key)
{
	static const char *const known[] = { "Key", "Value", NULL };
	const char *found = NULL;

	for (const struct json *tag = array_at(r, path, "Tags", group); tag;
	     tag = tag->next) {
		const char *name;

		if (!expect_object(&r->json, path, tag, known))
			return NULL;
		name = need(r, path, "Key", tag);
		if (!name || strcmp(name, key) != 0)
			continue;
		if (found)
			refuse(&r->json, path, "has a tag twice");
		found = need(r, path, "Value", tag);
	}
	return found;
}

static bool same(const struct identity *a, const struct identity *b)
{
	return strcmp(a->policy, b->policy) == 0 &&
	       strcmp(a->customer, b->customer) == 0 &&
	       strcmp(a->environment, b->environment) == 0;
}

/* Is it ours, and of which environment?  One of another is told. */
static bool identify(struct reading *r, const struct path *path,
		     const struct json *json, struct aws_group *g)
{
	const char *customer = tag_of(r, path, json, "firebreak:customer");
	struct identity is = {
		.policy = kept(r, tag_of(r, path, json, "firebreak:policy")),
		.customer = customer ? kept(r, customer) : "",
		.environment = kept(r, tag_of(r, path, json,
					      "firebreak:environment")),
		.layer = "",
	};

	g->layer = kept(r, tag_of(r, path, json, "firebreak:layer"));
	if (!is.policy && !is.environment && !g->layer)
		return false;
	if (!is.policy || !is.environment || !g->layer)
		return refuse(&r->json, path, "has only some of our tags");
	if (!r->identified)
		r->identity = is;
	r->identified = true;
	if (!same(&r->identity, &is))
		return refuse(&r->json, path, "is of another environment than "
			      "the groups before it: capture one at a time, "
			      "with --filters Name=tag:firebreak:environment,"
			      "Values=%s", r->identity.environment);
	return true;
}

static void read_group(struct reading *r, const struct path *path,
		       const struct json *json)
{
	static const char *const known[] = {
		"GroupId", "GroupName", "Description", "VpcId", "OwnerId",
		"Tags", "SecurityGroupArn", "IpPermissions",
		"IpPermissionsEgress", NULL };
	struct aws_group g = { 0 };
	void **layer;

	if (!expect_object(&r->json, path, json, known))
		return;
	g.key = kept(r, need(r, path, "GroupId", json));
	g.name = kept(r, need(r, path, "GroupName", json));
	g.description = kept(r, need(r, path, "Description", json));
	if (!g.key || !g.name || !g.description || !identify(r, path, json, &g))
		return;
	layer = table_at_name(&r->layers, g.layer);
	if (*layer)
		refuse(&r->json, path, "is a second group of its layer");
	*layer = r;
	if (table_get_name(&r->groups, g.key))
		refuse(&r->json, path, "has an id twice");
	r->group[r->group_count] = g;
	*table_at_name(&r->groups, g.key) = &r->group[r->group_count++];
}

static void read_groups(struct reading *r, const struct json *root)
{
	const struct path path = { NULL, "SecurityGroups" };
	const struct json *all = given(root, "SecurityGroups");

	if (!all || all->kind != JV_ARRAY) {
		refuse(&r->json, &path, all ? "is not an array" :
		       "is missing: rules alone do not say whose they are; "
		       "add the answer of describe-security-groups");
		return;
	}
	r->group = arena_array(r->arena, all->count, sizeof *r->group);
	for (const struct json *one = all->first; one; one = one->next) {
		const char *id = jv_string(jv_get(one, "GroupId"));
		const struct path here = { &path, id ? id : "GroupId" };

		read_group(r, &here, one);
	}
}

/* --- prefix lists --- */

static void read_lists(struct reading *r, const struct json *root)
{
	const struct path path = { NULL, "PrefixLists" };
	const struct json *all = given(root, "PrefixLists");

	if (!all)
		return;
	r->list = arena_array(r->arena, all->count, sizeof *r->list);
	for (const struct json *one = array_at(r, NULL, "PrefixLists", root);
	     one; one = one->next) {
		struct aws_list *l = &r->list[r->list_count];

		if (!expect_object(&r->json, &path, one, NULL))
			return;
		l->key = kept(r, need(r, &path, "PrefixListId", one));
		l->name = kept(r, need(r, &path, "PrefixListName", one));
		if (!l->key || !l->name)
			return;
		if (table_get_name(&r->lists, l->key))
			refuse(&r->json, &path, "has an id twice");
		*table_at_name(&r->lists, l->key) = l;
		r->list_count++;
	}
}

/* --- rules --- */

/* A port, type or code: missing is AWS_ALL, which answers have written out too. */
static bool read_end(struct reading *r, const struct path *up,
		     const char *key, const struct json *rule, int most,
		     int *out)
{
	*out = AWS_ALL;
	return !given(rule, key) ||
	       read_number(&r->json, up, key, rule, AWS_ALL, most, out);
}

static bool read_service(struct reading *r, const struct path *path,
			 const struct json *rule, struct aws_service *s)
{
	const char *word = need(r, path, "IpProtocol", rule);
	bool good = word;

	if (word && !read_protocol(word, &s->protocol))
		return refuse(&r->json, path, "has a protocol that AWS does not "
			      "answer");
	good = good && read_end(r, path, "FromPort", rule, 65535, &s->from) &&
	       read_end(r, path, "ToPort", rule, 65535, &s->to);
	if (!good)
		return false;
	switch (s->protocol) {
	case PROTO_TCP:
	case PROTO_UDP:
		return (s->from >= 0 && s->from <= s->to) ||
		       refuse(&r->json, path, "has no range of ports");
	case PROTO_ICMP:
	case PROTO_ICMP6:
		return (s->from <= 255 && s->to <= 255 &&
			(s->from != AWS_ALL || s->to == AWS_ALL)) ||
		       refuse(&r->json, path, "has no ICMP type and code");
	default:
		/* "traffic on all ports, regardless of any port range" */
		s->from = s->to = AWS_ALL;
		return true;
	}
}

static void keep(struct reading *r, const struct path *path,
		 const struct aws_rule *rule)
{
	if (is_first(&r->json, &r->known, &rule->is))
		*LIST_PUSH(r->arena, &r->rules) = *rule;
	else
		refuse(&r->json, path, "permits the same as a rule before it");
}

static bool find_list(struct reading *r, const struct path *path,
		      const char *id, struct aws_peer *peer)
{
	const struct aws_list *list = id ? table_get_name(&r->lists, id) : NULL;

	if (!list)
		return refuse(&r->json, path, "refers to the prefix list `%.64s`, "
			      "whose name nobody tells: add PrefixLists, the "
			      "answer of describe-managed-prefix-lists",
			      id ? id : "");
	*peer = (struct aws_peer){ .kind = AWS_LIST,
				   .index = (uint32_t)(list - r->list) };
	return true;
}

static bool find_group(struct reading *r, const struct path *path,
		       const char *id, struct aws_peer *peer)
{
	const struct aws_group *g = id ? table_get_name(&r->groups, id) : NULL;

	if (!g)
		return refuse(&r->json, path, "refers to the group `%.64s`, which "
			      "is none of this policy's", id ? id : "");
	*peer = (struct aws_peer){ .kind = AWS_GROUP,
				   .index = (uint32_t)(g - r->group) };
	return true;
}

static const char *description_of(struct reading *r, const struct json *json)
{
	const char *text = jv_string(jv_get(json, "Description"));

	return text ? kept(r, text) : "";
}

/* One element of one of the four arrays of peers, as KIND says. */
static void read_peer(struct reading *r, const struct path *path,
		      const struct json *json, size_t kind,
		      struct aws_rule rule)
{
	static const char *const known[][9] = {
		{ "CidrIp", "Description", NULL },
		{ "CidrIpv6", "Description", NULL },
		{ "PrefixListId", "Description", NULL },
		{ "GroupId", "UserId", "GroupName", "VpcId", "PeeringStatus",
		  "VpcPeeringConnectionId", "Description", NULL },
	};
	struct aws_peer *peer = &rule.is.peer;
	bool good = expect_object(&r->json, path, json, known[kind]);

	if (!good)
		return;
	switch (kind) {
	case 0:
	case 1:
		good = read_prefix(&r->json, path, known[kind][0], json,
				   kind ? IPV6 : IPV4, &peer->prefix);
		break;
	case 2:
		good = find_list(r, path, need(r, path, "PrefixListId", json),
				 peer);
		break;
	case 3:
		good = find_group(r, path, need(r, path, "GroupId", json),
				  peer);
		break;
	}
	rule.description = description_of(r, json);
	if (good)
		keep(r, path, &rule);
}

static void read_permission(struct reading *r, const struct path *path,
			    const struct json *json, struct aws_rule rule)
{
	static const char *const known[] = {
		"IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs",
		"IpProtocol", "FromPort", "ToPort", NULL };
	size_t peers = 0;

	if (!expect_object(&r->json, path, json, known) ||
	    !read_service(r, path, json, &rule.is.service))
		return;
	for (size_t kind = 0; kind < 4; kind++)
		for (const struct json *one = array_at(r, path, known[kind],
						       json);
		     one; one = one->next, peers++)
			read_peer(r, path, one, kind, rule);
	if (!peers)
		refuse(&r->json, path, "has a permission without a peer");
}

/* The permissions of our groups; a rule's key is its group's. */
static void read_permissions(struct reading *r, const struct json *root)
{
	static const char *const keys[] = {
		[AWS_INGRESS] = "IpPermissions",
		[AWS_EGRESS] = "IpPermissionsEgress" };
	const struct path all = { NULL, "SecurityGroups" };

	for (const struct json *one = array_at(r, NULL, "SecurityGroups", root);
	     one; one = one->next) {
		const char *id = jv_string(jv_get(one, "GroupId"));
		const struct aws_group *g = id ? table_get_name(&r->groups, id) :
						 NULL;

		for (int d = 0; g && d < AWS_DIRECTIONS; d++) {
			const struct path group = { &all, g->key };
			const struct path path = { &group, keys[d] };
			struct aws_rule rule = { .is = {
				.group = (uint32_t)(g - r->group),
				.direction = (enum aws_direction)d },
				.key = g->key, .names = "" };

			for (const struct json *p = array_at(r, &group, keys[d],
							     one);
			     p; p = p->next)
				read_permission(r, &path, p, rule);
		}
	}
}

/* Exactly one of four members says who; 4 when it is not so. */
static size_t peer_kind(const struct json *rule)
{
	static const char *const kinds[] = { "CidrIpv4", "CidrIpv6",
					     "PrefixListId",
					     "ReferencedGroupInfo" };
	size_t found = 4, count = 0;

	for (size_t i = 0; i < 4; i++) {
		if (!given(rule, kinds[i]))
			continue;
		found = i;
		count++;
	}
	return count == 1 ? found : 4;
}

static bool read_rule_peer(struct reading *r, const struct path *path,
			   const struct json *json, struct aws_peer *peer)
{
	switch (peer_kind(json)) {
	case 0:
		return read_prefix(&r->json, path, "CidrIpv4", json, IPV4,
				   &peer->prefix);
	case 1:
		return read_prefix(&r->json, path, "CidrIpv6", json, IPV6,
				   &peer->prefix);
	case 2:
		return find_list(r, path, need(r, path, "PrefixListId", json),
				 peer);
	case 3:
		return find_group(r, path, need(r, path, "GroupId", given(json,
					"ReferencedGroupInfo")), peer);
	default:
		return refuse(&r->json, path, "has not exactly one peer");
	}
}

static void read_rule(struct reading *r, const struct path *path,
		      const struct json *json)
{
	static const char *const known[] = {
		"SecurityGroupRuleId", "GroupId", "GroupOwnerId", "IsEgress",
		"IpProtocol", "FromPort", "ToPort", "CidrIpv4", "CidrIpv6",
		"PrefixListId", "ReferencedGroupInfo", "Description", "Tags",
		"SecurityGroupRuleArn", NULL };
	const struct json *egress = given(json, "IsEgress");
	struct aws_rule rule = { .names = "" };
	const struct aws_group *g;
	const char *id;

	if (!expect_object(&r->json, path, json, known))
		return;
	id = need(r, path, "GroupId", json);
	g = id ? table_get_name(&r->groups, id) : NULL;
	if (!g)
		return;		/* of a group that is not ours */
	if (!egress || (egress->kind != JV_TRUE && egress->kind != JV_FALSE)) {
		refuse(&r->json, path, "does not say its direction");
		return;
	}
	rule.key = kept(r, path->key);
	rule.is.group = (uint32_t)(g - r->group);
	rule.is.direction = egress->kind == JV_TRUE ? AWS_EGRESS : AWS_INGRESS;
	rule.description = description_of(r, json);
	if (read_service(r, path, json, &rule.is.service) &&
	    read_rule_peer(r, path, json, &rule.is.peer))
		keep(r, path, &rule);
}

/* The rules by their ids; what the groups said has to be the same. */
static void read_rules(struct reading *r, const struct json *root)
{
	const struct path all = { NULL, "SecurityGroupRules" };
	struct table from_groups = r->known;
	size_t before = r->rules.count;

	if (!given(root, "SecurityGroupRules"))
		return;
	r->known = TABLE_IN(r->json.arena);
	r->rules.count = 0;
	for (const struct json *one = array_at(r, NULL, "SecurityGroupRules",
					       root);
	     one; one = one->next) {
		const char *id = jv_string(jv_get(one, "SecurityGroupRuleId"));
		const struct path path = { &all, id ? id : "?" };

		read_rule(r, &path, one);
	}
	for (size_t i = 0; i < r->rules.count; i++)
		if (is_first(&r->json, &from_groups, &r->rules.at[i].is))
			before = SIZE_MAX;
	if (r->json.good && before != r->rules.count)
		refuse(&r->json, &all, "says other rules than SecurityGroups: the "
		       "answers are of different moments");
}

/* --- the whole --- */

/* A recording has the answer in `data`. */
static const struct json *unwrapped(const struct json *root)
{
	return given(root, "status_code") && given(root, "data") ?
	       given(root, "data") : root;
}

static void read_root(struct reading *r, const struct json *root)
{
	static const char *const known[] = {
		"SecurityGroups", "SecurityGroupRules", "PrefixLists",
		"ResponseMetadata", "NextToken", NULL };
	const struct path token = { NULL, "NextToken" };

	root = unwrapped(root);
	if (!expect_object(&r->json, NULL, root, known))
		return;
	if (given(root, "NextToken"))
		refuse(&r->json, &token, "says that more is to come: the capture "
		       "is not complete");
	read_lists(r, root);
	read_groups(r, root);
	if (!r->json.good)
		return;
	read_permissions(r, root);
	read_rules(r, root);
	if (!r->identified)
		refuse(&r->json, NULL,
		       "has no security group with our tags: whose it is cannot "
		       "be told");
}

const struct aws_model *aws_read_ec2(struct arena *arena, struct diags *diags,
				     const char *name, const char *bytes,
				     size_t len)
{
	struct arena *scratch = arena_child(arena);
	struct reading r = {
		.json = { scratch, diags, name, true }, .arena = arena,
		.groups = TABLE_IN(scratch), .lists = TABLE_IN(scratch),
		.layers = TABLE_IN(scratch), .known = TABLE_IN(scratch),
	};
	const struct json *root = read_json(&r.json, bytes, len);
	struct aws_model *model = NULL;

	if (root)
		read_root(&r, root);
	if (r.json.good) {
		model = arena_alloc(arena, sizeof *model);
		*model = (struct aws_model){
			.identity = r.identity,
			.groups = r.group, .group_count = r.group_count,
			.lists = r.list, .list_count = r.list_count,
			.rules = r.rules.at, .rule_count = r.rules.count,
		};
	}
	arena_free(scratch);
	return model;
}
