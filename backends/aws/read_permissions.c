/*
 * The rules of an account: IpPermission of describe-security-groups, whose
 * peers share their ports, and SecurityGroupRule of
 * describe-security-group-rules, which has one.  From the EC2 API reference.
 * Where a file has both, the rules are taken from the second, and both have to
 * say the same.
 */
#include "backends/aws/account.h"

#include "backends/aws/read_json.h"
#include "backends/aws/read_rule.h"
#include "compiler/base/service.h"

#include <string.h>

struct permissions {
	struct account_reading *r;
	struct table known;		/* permissions: told twice? */
};

/* --- services --- */

/* A port, type or code: missing is AWS_ALL, which answers have written out too. */
static bool read_end(struct account_reading *r, const struct path *up,
		     const char *key, const struct json *rule, int *out)
{
	*out = AWS_ALL;
	return !account_given(rule, key) ||
	       read_number(r->json, up, key, rule, AWS_ALL, 65535, out);
}

static bool read_service(struct account_reading *r, const struct path *path,
			 const struct json *rule, struct aws_service *s)
{
	const char *word = account_need(r, path, "IpProtocol", rule);

	if (!read_protocol(word, &s->protocol))
		return refuse(r->json, path, "has a protocol that AWS does not "
			      "answer");
	if (!read_end(r, path, "FromPort", rule, &s->from) ||
	    !read_end(r, path, "ToPort", rule, &s->to))
		return false;
	switch (s->protocol) {
	case PROTO_TCP:
	case PROTO_UDP:
		return (s->from >= 0 && s->from <= s->to) ||
		       refuse(r->json, path, "has no range of ports");
	case PROTO_ICMP:
	case PROTO_ICMP6:
		return (s->from <= 255 && s->to <= 255 &&
			(s->from != AWS_ALL || s->to == AWS_ALL)) ||
		       refuse(r->json, path, "has no ICMP type and code");
	default:
		/* "traffic on all ports, regardless of any port range" */
		s->from = s->to = AWS_ALL;
		return true;
	}
}

/* --- peers --- */

/* Keep WORD at *KNOWN; false: another one is known already. */
static bool agrees(const char **known, const char *word)
{
	if (!**known)
		*known = word;
	return !*word || strcmp(*known, word) == 0;
}

bool account_peer_of(struct account_reading *r, const struct path *path,
		     uint32_t from, const char *id,
		     const struct account_reference *is, uint32_t *out)
{
	void **place = table_at_name(&r->peers, arena_printf(r->json->arena,
			"%s\n%s", r->account->groups.at[from].vpc, id));
	struct account_peer *p;

	if (!*place) {
		*LIST_PUSH(r->arena, &r->account->peers) =
			(struct account_peer){ .id = id, .user = "", .vpc = "",
					       .peering = "", .status = "" };
		*place = (void *)(uintptr_t)r->account->peers.count;
	}
	*out = (uint32_t)((uintptr_t)*place - 1);
	p = &r->account->peers.at[*out];
	return (agrees(&p->user, is->user) && agrees(&p->vpc, is->vpc) &&
		agrees(&p->peering, is->peering) &&
		agrees(&p->status, is->status)) ||
	       refuse(r->json, path, "says something else of `%.64s` than a "
		      "rule before it: whose it is, where, or behind which "
		      "peering", id);
}

static bool read_group_peer(struct account_reading *r, const struct path *path,
			    const struct json *json, uint32_t from,
			    struct aws_peer *peer)
{
	static const char *const known[] = {
		"GroupId", "UserId", "GroupName", "VpcId", "PeeringStatus",
		"VpcPeeringConnectionId", "Description", NULL };
	struct account_reference is;

	if (!expect_object(r->json, path, json, known))
		return false;
	*peer = (struct aws_peer){ .kind = AWS_GROUP };
	is = (struct account_reference){
		.user = account_text(r, path, "UserId", json),
		.vpc = account_text(r, path, "VpcId", json),
		.peering = account_text(r, path, "VpcPeeringConnectionId", json),
		.status = account_text(r, path, "PeeringStatus", json) };
	return account_peer_of(r, path, from, account_need(r, path, "GroupId", json),
		       &is, &peer->index);
}

static bool read_list_peer(struct account_reading *r, const struct path *path,
			   const struct json *json, uint32_t from,
			   struct aws_peer *peer)
{
	static const struct account_reference nothing = { "", "", "", "" };

	*peer = (struct aws_peer){ .kind = AWS_LIST };
	return account_peer_of(r, path, from,
		       account_need(r, path, "PrefixListId", json), &nothing,
		       &peer->index);
}

static bool read_prefix_peer(struct account_reading *r, const struct path *path,
			     const char *key, const struct json *json,
			     enum family family, struct aws_peer *peer)
{
	*peer = (struct aws_peer){ .kind = AWS_PREFIX };
	return account_prefix(r, path, key, json, family, &peer->prefix);
}

static void keep(struct permissions *p, const struct path *path,
		 const struct account_rule *rule)
{
	if (!is_first(p->r->json, &p->known, &rule->is))
		refuse(p->r->json, path, "permits the same as a rule before it");
	*LIST_PUSH(p->r->arena, &p->r->account->rules) = *rule;
}

/* --- describe-security-groups --- */

/* One element of one of the four arrays of peers, as KIND says. */
static void read_peer(struct permissions *p, const struct path *path,
		      const struct json *json, size_t kind,
		      struct account_rule rule)
{
	static const char *const known[][3] = {
		{ "CidrIp", "Description", NULL },
		{ "CidrIpv6", "Description", NULL },
		{ "PrefixListId", "Description", NULL },
	};
	struct aws_peer *peer = &rule.is.peer;
	struct account_reading *r = p->r;
	bool good;

	if (kind < 3 && !expect_object(r->json, path, json, known[kind]))
		return;
	good = kind == 3 ? read_group_peer(r, path, json, rule.is.group, peer) :
	       kind == 2 ? read_list_peer(r, path, json, rule.is.group, peer) :
	       read_prefix_peer(r, path, known[kind][0], json,
				kind ? IPV6 : IPV4, peer);
	rule.description = account_text(r, path, "Description", json);
	if (good && r->json->good)
		keep(p, path, &rule);
}

static void read_permission(struct permissions *p, const struct path *path,
			    const struct json *json, struct account_rule rule)
{
	static const char *const known[] = {
		"IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs",
		"IpProtocol", "FromPort", "ToPort", NULL };
	size_t peers = 0;

	if (!expect_object(p->r->json, path, json, known) ||
	    !read_service(p->r, path, json, &rule.is.service))
		return;
	for (size_t kind = 0; kind < 4; kind++)
		for (const struct json *one = account_array(p->r, path,
							    known[kind], json);
		     one; one = one->next, peers++)
			read_peer(p, path, one, kind, rule);
	if (!peers)
		refuse(p->r->json, path, "has a permission without a peer");
}

static void read_group_permissions(struct permissions *p,
				   const struct path *all,
				   const struct json *json,
				   const struct json *rules)
{
	static const char *const keys[] = {
		[AWS_INGRESS] = "IpPermissions",
		[AWS_EGRESS] = "IpPermissionsEgress" };
	const char *id = jv_string(jv_get(json, "GroupId"));
	uintptr_t number = id ? (uintptr_t)table_get_name(&p->r->groups, id) : 0;

	if (!rules && number && !jv_get(json, keys[0]) && !jv_get(json, keys[1])) {
		const struct path group = { all, id };

		refuse(p->r->json, &group, "does not say its rules");
	}
	for (int d = 0; number && d < AWS_DIRECTIONS; d++) {
		const struct account_group *g =
			&p->r->account->groups.at[number - 1];
		const struct path group = { all, g->id };
		const struct path path = { &group, keys[d] };
		struct account_rule rule = {
			.is = { .group = (uint32_t)number - 1,
				.direction = (enum aws_direction)d },
			.key = g->id, .names = "" };

		for (const struct json *one = account_array(p->r, &group,
							    keys[d], json);
		     one; one = one->next)
			read_permission(p, &path, one, rule);
	}
}

/* --- describe-security-group-rules --- */

/* Exactly one of four members says who; 4 when it is not so. */
static size_t peer_kind(const struct json *rule)
{
	static const char *const kinds[] = { "CidrIpv4", "CidrIpv6",
					     "PrefixListId",
					     "ReferencedGroupInfo" };
	size_t found = 4, count = 0;

	for (size_t i = 0; i < 4; i++) {
		if (!account_given(rule, kinds[i]))
			continue;
		found = i;
		count++;
	}
	return count == 1 ? found : 4;
}

static bool read_rule_peer(struct account_reading *r, const struct path *path,
			   const struct json *json, uint32_t from,
			   struct aws_peer *peer)
{
	switch (peer_kind(json)) {
	case 0:
		return read_prefix_peer(r, path, "CidrIpv4", json, IPV4, peer);
	case 1:
		return read_prefix_peer(r, path, "CidrIpv6", json, IPV6, peer);
	case 2:
		return read_list_peer(r, path, json, from, peer);
	case 3:
		return read_group_peer(r, path, account_given(json,
					"ReferencedGroupInfo"), from, peer);
	default:
		return refuse(r->json, path, "has not exactly one peer");
	}
}

/* A group that only its rules tell of is known by its id, and is OWNER's. */
static bool group_of(struct account_reading *r, const struct path *path,
		     const char *id, const char *owner, uint32_t *out)
{
	void **place = table_at_name(&r->groups, id);

	if (!*place) {
		*LIST_PUSH(r->arena, &r->account->groups) =
			(struct account_group){
				.id = id, .name = "", .description = "",
				.vpc = "", .owner = "", .region = "",
				.policy = "", .customer = "",
				.environment = "", .layer = "", .part = "" };
		*place = (void *)(uintptr_t)r->account->groups.count;
	}
	*out = (uint32_t)((uintptr_t)*place - 1);
	return agrees(&r->account->groups.at[*out].owner, owner) ||
	       refuse(r->json, path, "says that its group is of another "
		      "account than before");
}

static void read_rule(struct permissions *p, const struct path *path,
		      const struct json *json)
{
	static const char *const known[] = {
		"SecurityGroupRuleId", "GroupId", "GroupOwnerId", "IsEgress",
		"IpProtocol", "FromPort", "ToPort", "CidrIpv4", "CidrIpv6",
		"PrefixListId", "ReferencedGroupInfo", "Description", "Tags",
		"SecurityGroupRuleArn", NULL };
	const struct json *egress = account_given(json, "IsEgress");
	struct account_reading *r = p->r;
	struct account_rule rule = { .key = "", .names = "" };
	const char *id;

	if (!expect_object(r->json, path, json, known))
		return;
	id = account_need(r, path, "GroupId", json);
	if (!egress || (egress->kind != JV_TRUE && egress->kind != JV_FALSE))
		refuse(r->json, path, "does not say its direction");
	rule.key = account_text(r, path, "SecurityGroupRuleId", json);
	rule.description = account_text(r, path, "Description", json);
	rule.names = account_tag(r, path, json, "firebreak:rules");
	if (!r->json->good ||
	    !group_of(r, path, id, account_text(r, path, "GroupOwnerId", json),
		      &rule.is.group) ||
	    !read_service(r, path, json, &rule.is.service) ||
	    !read_rule_peer(r, path, json, rule.is.group, &rule.is.peer))
		return;
	rule.is.direction = egress->kind == JV_TRUE ? AWS_EGRESS : AWS_INGRESS;
	if (r->json->good)
		keep(p, path, &rule);
}

static void read_all_rules(struct permissions *p, const struct json *rules)
{
	const struct path all = { NULL, "SecurityGroupRules" };

	if (rules->kind != JV_ARRAY)
		refuse(p->r->json, &all, "is not an array");
	for (const struct json *one = rules->kind == JV_ARRAY ? rules->first :
								NULL;
	     one; one = one->next) {
		const char *id = jv_string(jv_get(one, "SecurityGroupRuleId"));
		const struct path path = { &all, id ? id : "?" };

		read_rule(p, &path, one);
	}
}

/* Of the first COUNT groups: as many rules as there were, and the same ones. */
static void compare(struct permissions *p, struct table *before, size_t were,
		    size_t groups)
{
	const struct path all = { NULL, "SecurityGroupRules" };
	size_t are = 0;
	bool same = true;

	for (size_t i = 0; i < p->r->account->rules.count; i++) {
		const struct aws_permission *is =
			&p->r->account->rules.at[i].is;

		if (is->group >= groups)
			continue;
		are++;
		same &= !is_first(p->r->json, before, is);
	}
	if (p->r->json->good && (!same || are != were))
		refuse(p->r->json, &all, "says other rules than SecurityGroups: "
		       "the answers are of different moments");
}

void account_read_rules(struct account_reading *r, const struct json *groups,
			const struct json *rules)
{
	const struct path all = { NULL, "SecurityGroups" };
	struct permissions p = { r, TABLE_IN(r->json->arena) };
	struct table before;
	size_t were, described = r->account->groups.count;

	for (const struct json *one = groups ? groups->first : NULL; one;
	     one = one->next)
		read_group_permissions(&p, &all, one, rules);
	if (!rules || !r->json->good)
		return;
	before = p.known;
	were = r->account->rules.count;
	p.known = TABLE_IN(r->json->arena);
	r->account->rules.count = 0;
	read_all_rules(&p, rules);
	if (groups)
		compare(&p, &before, were, described);
}
