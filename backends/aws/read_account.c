/*
 * What the EC2 API answers, from its reference (SecurityGroup, ManagedPrefixList),
 * not from the emitter.
 *
 * Strict about groups and rules, because what is skipped may be what opens a
 * port.  An answer that goes on elsewhere (NextToken) is refused.
 */
#include "backends/aws/account.h"

#include "backends/aws/read_json.h"
#include "compiler/base/table.h"
#include "compiler/base/text.h"

#include <string.h>

/* --- members: in an answer null and missing are one --- */

const struct json *account_given(const struct json *object, const char *key)
{
	const struct json *member = jv_get(object, key);

	return member && member->kind != JV_NULL ? member : NULL;
}

const char *account_text(struct account_reading *r, const struct path *up,
			 const char *key, const struct json *object)
{
	const struct path path = { up, key };
	const struct json *member = account_given(object, key);
	const char *text = jv_string(member);

	if (member && !text)
		refuse(r->json, &path, "is not a string");
	return text ? arena_copy(r->arena, text, strlen(text)) : "";
}

const char *account_need(struct account_reading *r, const struct path *up,
			 const char *key, const struct json *object)
{
	const struct path path = { up, key };

	if (!account_given(object, key))
		refuse(r->json, &path, "is missing");
	return account_text(r, up, key, object);
}

const struct json *account_array(struct account_reading *r,
				 const struct path *up, const char *key,
				 const struct json *object)
{
	const struct path path = { up, key };
	const struct json *member = account_given(object, key);

	if (member && member->kind != JV_ARRAY)
		refuse(r->json, &path, "is not an array");
	return member && member->kind == JV_ARRAY ? member->first : NULL;
}

bool account_prefix_in(struct account_reading *r, const struct path *path,
		       const char *text, enum family family,
		       struct prefix *out)
{
	enum prefix_fault fault = prefix_read(text, strlen(text), out);
	char canonical[ADDR_TEXT];

	if ((fault != PREFIX_OK && fault != PREFIX_HOST_BITS) ||
	    out->family != family || !strchr(text, '/'))
		return refuse(r->json, path, "is not an %s prefix",
			      family_name(family));
	if (strcmp(prefix_text(*out, canonical), text) != 0)
		diag_add(r->json->diags, P0606, (struct span){ 0 },
			 "%s: AWS takes `%.64s` for %s, and so it is read",
			 r->json->name, text, canonical);
	return true;
}

bool account_prefix(struct account_reading *r, const struct path *up,
		    const char *key, const struct json *object,
		    enum family family, struct prefix *out)
{
	const struct path path = { up, key };

	return account_prefix_in(r, &path, account_need(r, up, key, object),
				 family, out);
}

uint32_t account_number(struct table *table, const char *id, size_t number,
			bool *fresh)
{
	void **place = table_at_name(table, id);

	*fresh = !*place;
	if (*fresh)
		*place = (void *)(uintptr_t)(number + 1);
	return (uint32_t)((uintptr_t)*place - 1);
}

/* --- groups --- */

bool account_is_number(const char *text)
{
	return strlen(text) == 12 && strspn(text, "0123456789") == 12;
}

/*
 * The Region of "arn:aws:ec2:REGION:OWNER:security-group/ID", "" without one; an
 * owner or id that is not what G says beside it is told.
 */
static const char *read_arn(struct account_reading *r, const struct path *up,
			    const struct json *json,
			    const struct account_group *g)
{
	const struct path path = { up, "SecurityGroupArn" };
	const char *arn = account_text(r, up, "SecurityGroupArn", json);
	const char *part[6] = { arn };
	size_t count = 1;

	if (!*arn)
		return "";
	for (const char *c = arn; *c && count < 6; c++)
		if (*c == ':')
			part[count++] = c + 1;
	if (count < 6 || strncmp(arn, "arn:", 4) != 0 ||
	    strncmp(part[5], "security-group/", 15) != 0) {
		refuse(r->json, &path, "is not the ARN of a security group");
		return "";
	}
	if (strcmp(part[5] + 15, g->id) != 0 ||
	    (*g->owner && (strncmp(part[4], g->owner, strlen(g->owner)) != 0 ||
			   part[4] + strlen(g->owner) + 1 != part[5])))
		refuse(r->json, &path, "is of another group or account than "
		       "what stands beside it");
	return arena_copy(r->arena, part[3], (size_t)(part[4] - part[3] - 1));
}

const char *account_tag(struct account_reading *r, const struct path *path,
			const struct json *object, const char *key)
{
	static const char *const known[] = { "Key", "Value", NULL };
	const char *found = NULL;

	for (const struct json *tag = account_array(r, path, "Tags", object);
	     tag; tag = tag->next) {
		if (!expect_object(r->json, path, tag, known))
			return "";
		if (strcmp(account_need(r, path, "Key", tag), key) != 0)
			continue;
		if (found)
			refuse(r->json, path, "has a tag twice");
		found = account_need(r, path, "Value", tag);
	}
	return found ? found : "";
}

static void read_group(struct account_reading *r, const struct path *path,
		       const struct json *json)
{
	static const char *const known[] = {
		"GroupId", "GroupName", "Description", "VpcId", "OwnerId",
		"Tags", "SecurityGroupArn", "IpPermissions",
		"IpPermissionsEgress", NULL };
	struct account_group g;
	bool fresh;

	if (!expect_object(r->json, path, json, known))
		return;
	g = (struct account_group){
		.id = account_need(r, path, "GroupId", json),
		.name = account_text(r, path, "GroupName", json),
		.description = account_text(r, path, "Description", json),
		.vpc = account_text(r, path, "VpcId", json),
		.owner = account_text(r, path, "OwnerId", json),
		.policy = account_tag(r, path, json, "firebreak:policy"),
		.customer = account_tag(r, path, json, "firebreak:customer"),
		.environment = account_tag(r, path, json, "firebreak:environment"),
		.layer = account_tag(r, path, json, "firebreak:layer"),
		.part = account_tag(r, path, json, "firebreak:part"),
	};
	g.region = read_arn(r, path, json, &g);
	account_number(&r->groups, g.id, r->account->groups.count, &fresh);
	if (fresh)
		*LIST_PUSH(r->arena, &r->account->groups) = g;
	else
		refuse(r->json, path, "has an id twice");
}

static void read_groups(struct account_reading *r, const struct json *all)
{
	const struct path path = { NULL, "SecurityGroups" };

	if (all->kind != JV_ARRAY)
		refuse(r->json, &path, "is not an array");
	for (const struct json *one = all->kind == JV_ARRAY ? all->first : NULL;
	     one; one = one->next) {
		const char *id = jv_string(jv_get(one, "GroupId"));
		const struct path here = { &path, id ? id : "GroupId" };

		read_group(r, &here, one);
	}
}

const char *account_group_text(struct arena *arena,
			       const struct account_group *group)
{
	const char *parts[] = { group->id, " (", group->name, ")" };
	struct text text = TEXT_IN(arena);

	for (size_t i = 0; i < (*group->name ? 4 : 1); i++)
		for (const char *c = parts[i]; *c && text.len < 160; c++)
			text_putc(&text, *c >= ' ' && *c <= '~' ? *c : '?');
	return text_string(&text);
}

/* --- lists --- */

/* What describe-prefix-lists says is in it. */
static struct both *read_entries(struct account_reading *r,
				 const struct path *up, const struct json *json)
{
	const struct path path = { up, "Cidrs" };
	struct both *all;

	if (!account_given(json, "Cidrs"))
		return NULL;
	all = arena_alloc(r->arena, sizeof *all);
	*all = (struct both){ { NO_RANGES, NO_RANGES } };
	for (const struct json *one = account_array(r, up, "Cidrs", json); one;
	     one = one->next) {
		const char *text = jv_string(one);
		struct prefix p;
		struct range is;

		if (!text || prefix_read(text, strlen(text), &p) != PREFIX_OK) {
			refuse(r->json, &path, "has what is no prefix");
			return all;
		}
		is = prefix_range(p);
		all->of[p.family] = ranges_union(r->arena, all->of[p.family],
			ranges_one(r->arena, is.lo, is.hi));
	}
	return all;
}

static void read_list(struct account_reading *r, const struct json *json)
{
	const struct path path = { NULL, "PrefixLists" };
	struct account_list l;
	bool fresh;

	if (!expect_object(r->json, &path, json, NULL))
		return;
	l.id = account_need(r, &path, "PrefixListId", json);
	l.name = account_need(r, &path, "PrefixListName", json);
	l.family = account_text(r, &path, "AddressFamily", json);
	l.entries = read_entries(r, &path, json);
	account_number(&r->lists, l.id, r->account->lists.count, &fresh);
	if (fresh)
		*LIST_PUSH(r->arena, &r->account->lists) = l;
	else
		refuse(r->json, &path, "has an id twice");
}

/* --- the whole --- */

/* A recording has the answer in `data`, and nothing of it beside that. */
static const struct json *unwrapped(struct account_reading *r,
				    const struct json *root)
{
	static const char *const known[] = { "status_code", "data", NULL };

	if (!account_given(root, "status_code") || !account_given(root, "data"))
		return root;
	(void)expect_object(r->json, NULL, root, known);	/* told */
	return account_given(root, "data");
}

/* By its name in an answer, or the one that it has in an inventory. */
static const struct json *part(struct account_reading *r,
			       const struct json *root, const char *name,
			       const char *other)
{
	const struct path path = { NULL, name };
	const struct json *a = account_given(root, name);
	const struct json *b = account_given(root, other);

	if (a && b)
		refuse(r->json, &path, "stands beside `%s`", other);
	return a ? a : b;
}

const struct json *account_elements(struct account_reading *r,
				    const struct json *root, const char *name,
				    const char *other)
{
	const struct path path = { NULL, name };
	const struct json *all = part(r, root, name, other);

	if (all && all->kind != JV_ARRAY)
		refuse(r->json, &path, "is not an array");
	return all && all->kind == JV_ARRAY ? all->first : NULL;
}

/* An answer has these and no others; an inventory anything beside its own. */
static bool expect_root(struct account_reading *r, const struct json *root)
{
	static const char *const known[] = {
		"SecurityGroups", "SecurityGroupRules", "PrefixLists", "Vpcs",
		"Subnets", "NetworkInterfaces", "Instances", "Reservations",
		"ResponseMetadata", "NextToken", NULL };
	bool inventory = account_given(root, "security_groups");

	return expect_object(r->json, NULL, root, inventory ? NULL : known);
}

static void read_root(struct account_reading *r, const struct json *root)
{
	const struct path token = { NULL, "NextToken" };
	const struct path path = { NULL, "SecurityGroups" };
	const struct json *groups, *rules;

	root = unwrapped(r, root);
	if (!expect_root(r, root))
		return;
	if (part(r, root, "NextToken", "next_token"))
		refuse(r->json, &token, "says that more is to come: the capture "
		       "is not complete");
	for (const struct json *one = account_elements(r, root, "PrefixLists",
					       "prefix_lists");
	     one; one = one->next)
		read_list(r, one);
	groups = part(r, root, "SecurityGroups", "security_groups");
	rules = part(r, root, "SecurityGroupRules", "security_group_rules");
	if (!groups && !rules)
		refuse(r->json, &path, "is missing: an answer that tells of other "
		       "things stands beside it, as `jq -s add` puts them");
	if (groups)
		read_groups(r, groups);
	if (r->json->good)
		account_read_rules(r, groups, rules);
	account_read_places(r, root);
}

void account_look_up_peers(struct account_reading *r)
{
	for (size_t i = 0; i < r->account->peers.count; i++) {
		struct account_peer *p = &r->account->peers.at[i];
		uintptr_t group = (uintptr_t)table_get_name(&r->groups, p->id);
		uintptr_t list = (uintptr_t)table_get_name(&r->lists, p->id);

		p->group = group ? (uint32_t)group - 1 : NOT_HERE;
		p->list = list ? (uint32_t)list - 1 : NOT_HERE;
	}
}

const struct account *account_read(struct arena *arena, struct diags *diags,
				   const char *name, const char *bytes,
				   size_t len)
{
	struct arena *scratch = arena_child(arena);
	struct reader json = { scratch, diags, name, true };
	struct account *account = arena_alloc(arena, sizeof *account);
	struct account_reading r = {
		.json = &json, .arena = arena, .account = account,
		.groups = TABLE_IN(scratch), .lists = TABLE_IN(scratch),
		.peers = TABLE_IN(scratch), .vpcs = TABLE_IN(scratch),
		.subnets = TABLE_IN(scratch),
		.interfaces = TABLE_IN(scratch),
	};
	const struct json *root = read_json(&json, bytes, len);

	*account = (struct account){ .tells_places = false };
	if (root)
		read_root(&r, root);
	if (json.good)
		account_look_up_peers(&r);
	arena_free(scratch);
	return json.good ? account : NULL;
}
