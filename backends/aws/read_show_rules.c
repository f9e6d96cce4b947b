/*
 * The rules of groups as Terraform has them: resources with one peer
 * (aws_vpc_security_group_ingress_rule, …_egress_rule), with many
 * (aws_security_group_rule), and the lists in the group itself.
 *
 * Those lists are the account's, read back when Terraform last looked at the
 * group: every rule of it, whoever made it.  What no resource states is a rule that
 * a hand made, or one that is gone since: which of them, the file cannot tell
 * (`unsure`).  In a plan that configures the lists they are what is to be.
 */
#include "backends/aws/show.h"

#include "backends/aws/read_rule.h"
#include "compiler/base/service.h"

#include <string.h>

struct reading {
	struct show *s;
	struct table known;	/* permissions: told twice? */
	struct table leaving;	/* those that the plan takes away */
};

/* What one resource, or one element of a list, permits. */
struct permits {
	struct aws_permission at;	/* but for the peer */
	LIST(struct aws_peer) peers;
};

static const char *const list_of[] = { [AWS_INGRESS] = "ingress",
				       [AWS_EGRESS] = "egress" };

/*
 * O's member KEY is not known yet: about the GROUP whose it is nothing is proved,
 * which is told where the group is ours.
 */
static bool doubt(struct show *s, const struct show_object *o, const char *key,
		  uint32_t group)
{
	struct account_group *g = &s->r.account->groups.at[group];

	if (!g->unclear)
		g->unclear = arena_printf(s->r.arena, "depends on `%.200s.%s`, "
					  "which is not known yet", o->address,
					  key);
	return false;
}

/* --- services --- */

static bool read_word(struct show *s, const struct path *path,
		      const char *word, int *protocol)
{
	static const struct { const char *word; int protocol; } others[] = {
		{ "all", AWS_ALL }, { "6", PROTO_TCP }, { "17", PROTO_UDP },
		{ "1", PROTO_ICMP }, { "58", PROTO_ICMP6 },
	};

	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		if (strcmp(word, others[i].word) != 0)
			continue;
		*protocol = others[i].protocol;
		return true;
	}
	return read_protocol(word, protocol) ||
	       refuse(&s->json, path, "is no protocol");
}

/* A port, type or code; null is AWS_ALL. */
static bool read_end(struct show *s, const struct show_object *o,
		     const char *key, uint32_t group, int *out)
{
	const struct path address = { NULL, o->address };
	const struct json *value;

	*out = AWS_ALL;
	switch (show_value(s, o, key, &value)) {
	case SHOW_NULL:
		return true;
	case SHOW_UNKNOWN:
		return doubt(s, o, key, group);
	case SHOW_KNOWN:
		break;
	}
	return read_number(&s->json, &address, key, o->values, AWS_ALL, 65535,
			   out);
}

static bool read_service(struct show *s, const struct show_object *o,
			 const char *key, struct permits *p)
{
	const struct path address = { NULL, o->address };
	const struct path path = { &address, key };
	struct aws_service *out = &p->at.service;
	const char *word = show_text(s, o, key);

	if (!word)
		return s->json.good && doubt(s, o, key, p->at.group);
	if (!read_word(s, &path, word, &out->protocol) ||
	    !read_end(s, o, "from_port", p->at.group, &out->from) ||
	    !read_end(s, o, "to_port", p->at.group, &out->to))
		return false;
	switch (out->protocol) {
	case PROTO_TCP:
	case PROTO_UDP:
		return (out->from >= 0 && out->from <= out->to) ||
		       refuse(&s->json, &address, "has no range of ports");
	case PROTO_ICMP:
	case PROTO_ICMP6:
		return (out->from <= 255 && out->to <= 255 &&
			(out->from != AWS_ALL || out->to == AWS_ALL)) ||
		       refuse(&s->json, &address, "has no ICMP type and code");
	default:
		/* "traffic on all ports, regardless of any port range" */
		out->from = out->to = AWS_ALL;
		return true;
	}
}

/* --- peers --- */

static bool add_prefix(struct show *s, const struct path *path,
		       const char *text, enum family family,
		       struct permits *p)
{
	struct aws_peer peer = { .kind = AWS_PREFIX };

	if (!account_prefix_in(&s->r, path, text, family, &peer.prefix))
		return false;
	*LIST_PUSH(s->json.arena, &p->peers) = peer;
	return true;
}

/* By its id, before which a group of another account has that one's number. */
static bool add_other(struct show *s, const struct path *path,
		      enum aws_peer_kind kind, const char *id,
		      struct permits *p)
{
	const char *slash = kind == AWS_GROUP ? strchr(id, '/') : NULL;
	struct account_reference is = { "", "", "", "" };
	struct aws_peer peer = { .kind = kind };

	if (slash) {
		is.user = arena_copy(s->r.arena, id, (size_t)(slash - id));
		id = slash + 1;
	}
	if (!*id)
		return refuse(&s->json, path, "is empty");
	if (!account_peer_of(&s->r, path, p->at.group, id, &is, &peer.index))
		return false;
	*LIST_PUSH(s->json.arena, &p->peers) = peer;
	return true;
}

/* What O has at ADDRESS goes by in the account; NULL: it is no such thing. */
static const char *id_at(struct show *s, const char *address,
			 enum aws_peer_kind kind)
{
	struct show_object *o = table_get_name(&s->by_address, address);
	const char *id;

	if (!o || (kind == AWS_LIST ? o->kind != SHOW_LIST
				    : o->group == NOT_HERE))
		return NULL;
	id = show_text(s, o, "id");
	return id && *id ? id : o->address;
}

/*
 * The peer that argument KEY will be.  Where that cannot be told it is a peer of
 * its own, which no rule of ours may have.
 */
static bool add_unknown(struct show *s, const struct show_object *o,
			const char *key, enum aws_peer_kind kind,
			struct permits *p)
{
	const struct path path = { NULL, o->address };
	const char *why = "", *address = show_referred(s, o, key, &why);
	const char *id = address ? id_at(s, address, kind) : NULL;
	struct account_peer *peer;

	if (id)
		return add_other(s, &path, kind, id, p);
	if (address)
		why = arena_printf(s->r.arena, "`%.200s.%s` is `%.200s`, of which "
				   "nothing is known", o->address, key, address);
	if (!add_other(s, &path, kind, arena_printf(s->r.arena, "%s.%s",
						    o->address, key), p))
		return false;
	peer = &s->r.account->peers.at[p->peers.at[p->peers.count - 1].index];
	peer->unknown = why;
	return true;
}

/* Is it one that nobody sets, and that the provider fills in by what others say? */
static bool is_unset(const struct show_object *o, const char *key)
{
	return o->config && !jv_get(o->config, key);
}

/* A string of a rule with one peer. */
static bool read_one(struct show *s, const struct show_object *o,
		     const char *key, enum aws_peer_kind kind,
		     enum family family, struct permits *p)
{
	const struct path address = { NULL, o->address };
	const struct path path = { &address, key };
	const struct json *value;
	const char *text;

	switch (show_value(s, o, key, &value)) {
	case SHOW_NULL:
		return true;
	case SHOW_UNKNOWN:
		if (is_unset(o, key))
			return true;
		if (kind == AWS_PREFIX)
			return doubt(s, o, key, p->at.group);
		return add_unknown(s, o, key, kind, p);
	case SHOW_KNOWN:
		break;
	}
	text = show_text(s, o, key);
	if (!text)
		return false;
	if (kind == AWS_PREFIX)
		return add_prefix(s, &path, text, family, p);
	return add_other(s, &path, kind, text, p);
}

/* An array of them. */
static bool read_some(struct show *s, const struct show_object *o,
		      const char *key, enum aws_peer_kind kind,
		      enum family family, struct permits *p)
{
	const struct path address = { NULL, o->address };
	const struct path path = { &address, key };
	const struct json *all;

	switch (show_value(s, o, key, &all)) {
	case SHOW_NULL:
		return true;
	case SHOW_UNKNOWN:
		if (is_unset(o, key))
			return true;
		if (kind == AWS_PREFIX)
			return doubt(s, o, key, p->at.group);
		return add_unknown(s, o, key, kind, p);
	case SHOW_KNOWN:
		break;
	}
	if (all->kind != JV_ARRAY)
		return refuse(&s->json, &path, "is not an array");
	for (const struct json *one = all->first; one; one = one->next) {
		const char *text = jv_string(one);

		if (!text || !*text)
			return refuse(&s->json, &path, "has an element that is "
				      "no string, or not known yet");
		if (kind == AWS_PREFIX
		    ? !add_prefix(s, &path, text, family, p)
		    : !add_other(s, &path, kind, arena_copy(s->r.arena, text,
							    strlen(text)), p))
			return false;
	}
	return true;
}

static bool read_self(struct show *s, const struct show_object *o,
		      struct permits *p)
{
	const struct path address = { NULL, o->address };
	const struct path path = { &address, "self" };
	const struct json *value;

	switch (show_value(s, o, "self", &value)) {
	case SHOW_NULL:
		return true;
	case SHOW_UNKNOWN:
		return doubt(s, o, "self", p->at.group);
	case SHOW_KNOWN:
		break;
	}
	if (value->kind == JV_TRUE)
		return add_other(s, &path, AWS_GROUP,
				 s->r.account->groups.at[p->at.group].id, p);
	return value->kind == JV_FALSE ||
	       refuse(&s->json, &path, "is neither true nor false");
}

/* --- whose a rule is --- */

/* A group that only its rules tell of is known by its id. */
static uint32_t partial(struct show *s, const char *id)
{
	void **place = table_at_name(&s->r.groups, id);

	if (!*place) {
		*LIST_PUSH(s->r.arena, &s->r.account->groups) =
			(struct account_group){
				.id = id, .name = "", .description = "",
				.vpc = "", .owner = "", .region = "",
				.policy = "", .customer = "",
				.environment = "", .layer = "", .part = "",
				.unclear = "is not in it, but only rules of it" };
		*place = (void *)(uintptr_t)s->r.account->groups.count;
	}
	return (uint32_t)((uintptr_t)*place - 1);
}

/* The group that O's security_group_id is; NOT_HERE and told. */
static uint32_t group_of(struct show *s, const struct show_object *o)
{
	static const char key[] = "security_group_id";
	const struct path address = { NULL, o->address };
	const struct path path = { &address, key };
	const char *id = show_text(s, o, key), *referred;
	const struct show_object *group;

	if (!s->json.good)
		return NOT_HERE;
	if (id && !*id) {
		refuse(&s->json, &path, "is missing");
		return NOT_HERE;
	}
	referred = id ? NULL : show_referred(s, o, key, NULL);
	group = id ? table_get_name(&s->by_id, id) :
		referred ? table_get_name(&s->by_address, referred) : NULL;
	if (!group && id)
		return partial(s, id);
	if (group && group->group != NOT_HERE)
		return group->group;
	if (referred || id)
		refuse(&s->json, &path, "is `%.200s`, which is no security group "
		       "of this file", referred ? referred : id);
	return NOT_HERE;
}

/* --- resources --- */

static bool read_resource(struct show *s, const struct show_object *o,
			  struct permits *p)
{
	return read_service(s, o, "ip_protocol", p) &&
	       read_one(s, o, "cidr_ipv4", AWS_PREFIX, IPV4, p) &&
	       read_one(s, o, "cidr_ipv6", AWS_PREFIX, IPV6, p) &&
	       read_one(s, o, "prefix_list_id", AWS_LIST, 0, p) &&
	       read_one(s, o, "referenced_security_group_id", AWS_GROUP, 0, p);
}

static bool read_peers(struct show *s, const struct show_object *o,
		       struct permits *p)
{
	return read_service(s, o, "protocol", p) &&
	       read_some(s, o, "cidr_blocks", AWS_PREFIX, IPV4, p) &&
	       read_some(s, o, "ipv6_cidr_blocks", AWS_PREFIX, IPV6, p) &&
	       read_some(s, o, "prefix_list_ids", AWS_LIST, 0, p) &&
	       read_self(s, o, p);
}

static bool read_direction(struct show *s, const struct show_object *o,
			   enum aws_direction *out)
{
	const struct path address = { NULL, o->address };
	const struct path path = { &address, "type" };
	const char *type = show_text(s, o, "type");

	for (int d = 0; type && d < AWS_DIRECTIONS; d++) {
		if (strcmp(type, list_of[d]) != 0)
			continue;
		*out = (enum aws_direction)d;
		return true;
	}
	return refuse(&s->json, &path, "is neither ingress nor egress");
}

/* What the rule resource O permits, whose group is known. */
static bool read_permits(struct show *s, const struct show_object *o,
			 struct permits *p)
{
	const struct path path = { NULL, o->address };

	p->at.direction = o->kind == SHOW_EGRESS ? AWS_EGRESS : AWS_INGRESS;
	if (o->kind == SHOW_RULES) {
		if (!read_direction(s, o, &p->at.direction) ||
		    !read_peers(s, o, p) ||
		    !read_one(s, o, "source_security_group_id", AWS_GROUP, 0, p))
			return false;
	} else if (!read_resource(s, o, p)) {
		return false;
	}
	if (!p->peers.count)
		return refuse(&s->json, &path, "has no peer");
	return o->kind == SHOW_RULES || p->peers.count == 1 ||
	       refuse(&s->json, &path, "has more than one peer");
}

static bool is_rule(const struct show_object *o)
{
	return o->kind == SHOW_INGRESS || o->kind == SHOW_EGRESS ||
	       o->kind == SHOW_RULES;
}

static const char *tag_of(struct show *s, const struct show_object *o)
{
	const char *names = jv_string(jv_get(jv_get(o->values, "tags"),
					     "firebreak:rules"));

	return names ? arena_copy(s->r.arena, names, strlen(names)) : "";
}

static void take_resource(struct reading *r, const struct show_object *o)
{
	const struct path path = { NULL, o->address };
	struct permits p = { .at.group = group_of(r->s, o) };
	struct account_rule rule = { .key = o->address };
	const char *description;

	if (p.at.group == NOT_HERE || !read_permits(r->s, o, &p))
		return;
	description = show_text(r->s, o, "description");
	rule.description = description ? description : "";
	rule.names = tag_of(r->s, o);
	for (size_t i = 0; i < p.peers.count; i++) {
		rule.is = p.at;
		rule.is.peer = p.peers.at[i];
		if (!is_first(&r->s->json, &r->known, &rule.is))
			refuse(&r->s->json, &path,
			       "permits the same as a rule before it");
		*LIST_PUSH(r->s->r.arena, &r->s->r.account->rules) = rule;
	}
}

/* Of a rule as it was, on a group that stays: it goes, or becomes another. */
static void take_away(struct reading *r, const struct show_object *o)
{
	const char *id = jv_string(jv_get(o->values, "security_group_id"));
	const struct show_object *group = id ? table_get_name(&r->s->by_id, id)
					     : NULL;
	struct permits p = { .at.group = NOT_HERE };

	if (!group || group->group == NOT_HERE)
		return;
	p.at.group = group->group;
	if (!read_permits(r->s, o, &p))
		return;
	for (size_t i = 0; i < p.peers.count; i++) {
		p.at.peer = p.peers.at[i];
		(void)is_first(&r->s->json, &r->leaving, &p.at);
	}
}

/* --- the lists in the groups --- */

/* One that the file has nothing else of: told as it is, or in doubt. */
static void take_listed(struct reading *r, const struct path *path,
			const struct account_rule *rule, bool configured)
{
	struct reader *json = &r->s->json;
	struct aws_permission every = rule->is;

	if (!is_first(json, &r->known, &rule->is)) {
		if (configured)
			refuse(json, path, "permits the same as a rule before it");
		return;
	}
	/* the provider writes 0 and 0 for ports that an answer does not have */
	if (every.service.protocol == PROTO_ICMP6 && !every.service.from &&
	    !every.service.to) {
		every.service.from = every.service.to = AWS_ALL;
		if (!is_first(json, &r->known, &every))
			return;
	}
	if (!configured && !is_first(json, &r->leaving, &rule->is))
		return;
	*LIST_PUSH(r->s->r.arena, &r->s->r.account->rules) = *rule;
	r->s->r.account->rules.at[r->s->r.account->rules.count - 1].is = every;
}

static void take_element(struct reading *r, const struct show_object *group,
			 const struct json *json, struct account_rule rule,
			 bool configured)
{
	static const char *const known[] = {
		"cidr_blocks", "description", "from_port", "ipv6_cidr_blocks",
		"prefix_list_ids", "protocol", "security_groups", "self",
		"to_port", NULL };
	struct show *s = r->s;
	struct show_object o = { .module = group->module, .values = json,
				 .address = rule.key };
	const struct path path = { NULL, rule.key };
	struct permits p = { .at = rule.is };

	if (!expect_object(&s->json, &path, json, known) ||
	    !read_peers(s, &o, &p) ||
	    !read_some(s, &o, "security_groups", AWS_GROUP, 0, &p))
		return;
	if (!p.peers.count)
		refuse(&s->json, &path, "has a rule without a peer");
	for (size_t i = 0; i < p.peers.count; i++) {
		rule.is = p.at;
		rule.is.peer = p.peers.at[i];
		take_listed(r, &path, &rule, configured);
	}
}

/* Has the group rules of this direction that are resources? */
static bool has_resources(const struct show *s, uint32_t group,
			  enum aws_direction direction)
{
	for (size_t i = 0; i < s->r.account->rules.count; i++) {
		const struct account_rule *rule = &s->r.account->rules.at[i];

		if (rule->is.group == group && rule->is.direction == direction &&
		    !rule->listed)
			return true;
	}
	return false;
}

/* Not one of its rules is known, nor how many there are. */
static bool is_wholly_unknown(const struct show_object *o,
			      enum aws_direction direction)
{
	const struct json *unknown = jv_get(o->unknown, list_of[direction]);

	return unknown && unknown->kind == JV_TRUE;
}

static void take_list(struct reading *r, const struct show_object *o,
		      enum aws_direction direction)
{
	struct show *s = r->s;
	const char *key = arena_printf(s->r.arena, "%s.%s", o->address,
				       list_of[direction]);
	const struct path path = { NULL, key };
	struct account_rule rule = {
		.key = key, .names = "", .listed = true,
		.is = { .group = o->group, .direction = direction } };
	const struct json *list;
	enum show_value is = show_value(s, o, list_of[direction], &list);
	/* blocks are in no configuration, but of a new group nobody else tells */
	bool configured = jv_get(o->config, list_of[direction]) ||
			  (o->made && is == SHOW_KNOWN);

	switch (is) {
	case SHOW_NULL:
		refuse(&s->json, &path, "is missing");
		return;
	case SHOW_UNKNOWN:
		/*
		 * A new group has the rules that resources give it: the
		 * provider takes out those that AWS makes.
		 */
		if (configured || !o->made || !is_wholly_unknown(o, direction))
			(void)doubt(s, o, list_of[direction], o->group);
		return;
	case SHOW_KNOWN:
		break;
	}
	if (list->kind != JV_ARRAY) {
		refuse(&s->json, &path, "is not an array");
		return;
	}
	rule.unsure = !configured;
	rule.description = configured ? "" : "no resource states it";
	if (configured && has_resources(s, o->group, direction))
		refuse(&s->json, &path, "is configured beside resources for its "
		       "rules: each takes the other's away");
	for (const struct json *one = list->first; one; one = one->next)
		take_element(r, o, one, rule, configured);
}

/* --- what else is about rules --- */

/* Does the list of ids say every rule of its group and direction, and no other? */
static void check_ids(struct show *s, const struct show_object *o,
		      uint32_t group, enum aws_direction direction)
{
	static const char *const keys[] = { "ingress_rule_ids",
					    "egress_rule_ids" };
	const struct path address = { NULL, o->address };
	const struct path path = { &address, keys[direction] };
	struct table ids = TABLE_IN(s->json.arena);
	const struct json *list;
	size_t found = 0;

	if (show_value(s, o, keys[direction], &list) != SHOW_KNOWN ||
	    list->kind != JV_ARRAY) {
		refuse(&s->json, &path, "is not known%s", s->plan ? " yet: prove "
		       "the state after the apply" : "");
		return;
	}
	for (const struct json *one = list->first; one; one = one->next)
		if (jv_string(one))
			*table_at_name(&ids, jv_string(one)) = s;
	for (size_t i = 0; i < s->objects.count; i++) {
		const struct show_object *rule = s->objects.at[i];
		const char *id;

		if (rule->kind != (direction == AWS_EGRESS ? SHOW_EGRESS :
							     SHOW_INGRESS) ||
		    group_of(s, rule) != group)
			continue;
		id = show_text(s, rule, "id");
		if (!id || !table_get_name(&ids, id))
			refuse(&s->json, &path, "lacks `%.200s`, which Terraform "
			       "would take away", rule->address);
		found++;
	}
	if (found != list->count)
		refuse(&s->json, &path, "has rules that no resource states");
}

static void check_others(struct show *s)
{
	for (size_t i = 0; i < s->objects.count; i++) {
		const struct show_object *o = s->objects.at[i];
		uint32_t group = NOT_HERE;

		if (o->kind == SHOW_ASSOCIATION || o->kind == SHOW_EXCLUSIVE)
			group = group_of(s, o);
		if (group == NOT_HERE)
			continue;
		if (o->kind == SHOW_ASSOCIATION)
			s->r.account->groups.at[group].unclear = arena_printf(
				s->r.arena, "is taken to another VPC by `%.200s`",
				o->address);
		for (int d = 0; o->kind == SHOW_EXCLUSIVE &&
				d < AWS_DIRECTIONS; d++)
			check_ids(s, o, group, (enum aws_direction)d);
	}
}

void show_read_rules(struct show *s)
{
	struct reading r = { s, TABLE_IN(s->json.arena),
			     TABLE_IN(s->json.arena) };

	for (size_t i = 0; i < s->objects.count; i++)
		if (is_rule(s->objects.at[i]))
			take_resource(&r, s->objects.at[i]);
	for (size_t i = 0; i < s->gone.count; i++)
		take_away(&r, s->gone.at[i]);
	for (size_t i = 0; i < s->objects.count; i++)
		for (int d = 0; s->objects.at[i]->group != NOT_HERE &&
				d < AWS_DIRECTIONS; d++)
			take_list(&r, s->objects.at[i], (enum aws_direction)d);
	if (s->json.good)
		check_others(s);
}
