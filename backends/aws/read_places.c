/*
 * Where things are, as describe-vpcs, describe-network-interfaces and
 * describe-instances answer it (EC2 API reference: Vpc, NetworkInterface,
 * Instance).
 */
#include "backends/aws/account.h"

#include "backends/aws/read_json.h"

#include <string.h>

/* --- VPCs --- */

/* A block that the VPC has lost, or never got, is still answered for a while. */
static bool is_gone(const struct json *block, const char *key)
{
	const struct json *state = account_given(block, key);
	const char *is = state && state->kind == JV_OBJECT
		? jv_string(jv_get(state, "State")) : NULL;

	return is && (strcmp(is, "disassociated") == 0 ||
		      strcmp(is, "failed") == 0);
}

static void read_blocks(struct account_reading *r, const struct path *path,
			const struct json *json, struct account_vpc *v)
{
	static const struct {
		const char *list, *key, *state;
		enum family family;
	} sets[] = {
		{ "CidrBlockAssociationSet", "CidrBlock", "CidrBlockState",
		  IPV4 },
		{ "Ipv6CidrBlockAssociationSet", "Ipv6CidrBlock",
		  "Ipv6CidrBlockState", IPV6 },
	};
	struct prefix p;

	for (int i = 0; i < 2; i++)
		for (const struct json *one = account_array(r, path,
							    sets[i].list, json);
		     one; one = one->next)
			if (account_given(one, sets[i].key) &&
			    !is_gone(one, sets[i].state) &&
			    account_prefix(r, path, sets[i].key, one,
					   sets[i].family, &p))
				*LIST_PUSH(r->arena, &v->blocks) = p;
	if (!v->blocks.count && account_given(json, "CidrBlock") &&
	    account_prefix(r, path, "CidrBlock", json, IPV4, &p))
		*LIST_PUSH(r->arena, &v->blocks) = p;
}

static void read_vpc(struct account_reading *r, const struct json *json)
{
	const struct path path = { NULL, "Vpcs" };
	struct account_vpc v = { 0 };
	bool fresh;

	if (!expect_object(r->json, &path, json, NULL))
		return;
	v.id = account_need(r, &path, "VpcId", json);
	read_blocks(r, &path, json, &v);
	account_number(&r->vpcs, v.id, r->account->vpcs.count, &fresh);
	if (fresh)
		*LIST_PUSH(r->arena, &r->account->vpcs) = v;
}

static void read_subnet(struct account_reading *r, const struct json *json)
{
	static const char set[] = "Ipv6CidrBlockAssociationSet";
	const struct path path = { NULL, "Subnets" };
	struct account_subnet s = { 0 };
	struct prefix p;
	bool fresh;

	if (!expect_object(r->json, &path, json, NULL))
		return;
	s.id = account_need(r, &path, "SubnetId", json);
	s.vpc = account_need(r, &path, "VpcId", json);
	if (account_given(json, "CidrBlock") &&
	    account_prefix(r, &path, "CidrBlock", json, IPV4, &p))
		*LIST_PUSH(r->arena, &s.blocks) = p;
	for (const struct json *one = account_array(r, &path, set, json); one;
	     one = one->next)
		if (account_given(one, "Ipv6CidrBlock") &&
		    !is_gone(one, "Ipv6CidrBlockState") &&
		    account_prefix(r, &path, "Ipv6CidrBlock", one, IPV6, &p))
			*LIST_PUSH(r->arena, &s.blocks) = p;
	account_number(&r->subnets, s.id, r->account->subnets.count, &fresh);
	if (fresh)
		*LIST_PUSH(r->arena, &r->account->subnets) = s;
	else
		refuse(r->json, &path, "has an id twice");
}

/* --- interfaces --- */

static bool has_host(const struct account_interface *i, struct prefix p)
{
	for (size_t k = 0; k < i->hosts.count; k++)
		if (i->hosts.at[k].family == p.family &&
		    i->hosts.at[k].base == p.base &&
		    i->hosts.at[k].length == p.length)
			return true;
	return false;
}

/* A host, or what an interface hands out: KEY of JSON, if it is there. */
static void add_host(struct account_reading *r, const struct path *up,
		     struct account_interface *i, const struct json *json,
		     const char *key)
{
	const struct path path = { up, key };
	const char *text = account_text(r, up, key, json);
	struct prefix p;

	if (!*text)
		return;
	if (prefix_read(text, strlen(text), &p) != PREFIX_OK) {
		refuse(r->json, &path, "is no address");
		return;
	}
	if (!has_host(i, p))
		*LIST_PUSH(r->arena, &i->hosts) = p;
}

static void add_hosts(struct account_reading *r, const struct path *path,
		      struct account_interface *i, const struct json *json)
{
	static const char *const sets[][2] = {
		{ "PrivateIpAddresses", "PrivateIpAddress" },
		{ "Ipv6Addresses", "Ipv6Address" },
		{ "Ipv4Prefixes", "Ipv4Prefix" },
		{ "Ipv6Prefixes", "Ipv6Prefix" },
	};

	add_host(r, path, i, json, "PrivateIpAddress");
	for (size_t s = 0; s < sizeof sets / sizeof *sets; s++)
		for (const struct json *one = account_array(r, path, sets[s][0],
							    json);
		     one; one = one->next)
			add_host(r, path, i, one, sets[s][1]);
}

static void add_carried(struct account_reading *r, const struct path *path,
			struct account_interface *i, const struct json *json)
{
	const char *id = account_need(r, path, "GroupId", json);
	uintptr_t number = (uintptr_t)table_get_name(&r->groups, id);

	if (number)
		*LIST_PUSH(r->arena, &i->groups) = (uint32_t)number - 1;
	else
		*LIST_PUSH(r->arena, &i->others) = (struct account_group){
			.id = id, .name = account_text(r, path, "GroupName",
						       json) };
}

static bool has_group(const struct account_interface *i, uint32_t group)
{
	for (size_t k = 0; k < i->groups.count; k++)
		if (i->groups.at[k] == group)
			return true;
	return false;
}

/* An interface may be told of with its instance, too. */
static bool is_same(const struct account_interface *a,
		    const struct account_interface *b)
{
	bool same = a->hosts.count == b->hosts.count &&
		    a->groups.count == b->groups.count &&
		    a->others.count == b->others.count;

	for (size_t i = 0; same && i < b->hosts.count; i++)
		same = has_host(a, b->hosts.at[i]);
	for (size_t i = 0; same && i < b->groups.count; i++)
		same = has_group(a, b->groups.at[i]);
	return same;
}

static void read_interface(struct account_reading *r, const struct json *json,
			   const char *groups)
{
	const struct path path = { NULL, "NetworkInterfaces" };
	struct account_interface i = { 0 };
	uint32_t number = 0;
	bool fresh = true;

	if (!expect_object(r->json, &path, json, NULL))
		return;
	i.id = account_text(r, &path, "NetworkInterfaceId", json);
	i.vpc = account_text(r, &path, "VpcId", json);
	i.subnet = account_text(r, &path, "SubnetId", json);
	add_hosts(r, &path, &i, json);
	for (const struct json *one = account_array(r, &path, groups, json);
	     one; one = one->next)
		add_carried(r, &path, &i, one);
	if (*i.id)
		number = account_number(&r->interfaces, i.id,
				   r->account->interfaces.count, &fresh);
	if (fresh)
		*LIST_PUSH(r->arena, &r->account->interfaces) = i;
	else if (!is_same(&r->account->interfaces.at[number], &i))
		refuse(r->json, &path, "tells of `%.64s` twice, and otherwise",
		       i.id);
}

/* By its interfaces; one that tells of none has groups of its own. */
static void read_instance(struct account_reading *r, const struct json *json)
{
	const struct path path = { NULL, "Instances" };
	const struct json *one;

	if (!expect_object(r->json, &path, json, NULL))
		return;
	one = account_array(r, &path, "NetworkInterfaces", json);
	if (!one)
		read_interface(r, json, "SecurityGroups");
	for (; one; one = one->next)
		read_interface(r, one, "Groups");
}

void account_read_places(struct account_reading *r, const struct json *root)
{
	const struct json *some[] = {
		account_elements(r, root, "NetworkInterfaces", "network_interfaces"),
		account_elements(r, root, "Instances", "instances"),
		account_elements(r, root, "Reservations", "reservations"),
	};

	for (const struct json *one = account_elements(r, root, "Vpcs", "vpcs");
	     one; one = one->next)
		read_vpc(r, one);
	for (const struct json *one = account_elements(r, root, "Subnets",
						       "subnets");
	     one; one = one->next)
		read_subnet(r, one);
	r->account->lists_interfaces = some[0];
	r->account->tells_places = some[0] || some[1] || some[2];
	for (const struct json *one = some[0]; one; one = one->next)
		read_interface(r, one, "Groups");
	for (const struct json *one = some[1]; one; one = one->next)
		read_instance(r, one);
	for (const struct json *one = some[2]; one; one = one->next)
		for (const struct json *in = account_array(r, NULL, "Instances",
							   one);
		     in; in = in->next)
			read_instance(r, in);
}
