/* Read by jansson: nothing here is shared with the reader or the denotation. */
#include "tests/lib/scopes.h"

#include "compiler/base/addr.h"
#include "compiler/base/service.h"
#include "compiler/prove.h"
#include "tests/lib/fixture.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define DAY "2026-11-23"

void read_world(struct policy *p, struct arena *arena, const char *text)
{
	if (!policy_of_text(p, arena, text, DAY))
		fail_msg("%s", policy_messages(p));
}

struct place *place_of(struct arena *arena, struct policy *p,
			      uint32_t space)
{
	struct place *at = arena_alloc(arena, sizeof *at);

	at->policy = p;
	at->ir = p->ir;
	at->space = space;
	at->meaning = meaning_of(arena, p->ir, &p->ir->spaces[space]);
	at->diags.arena = arena;
	at->job = (struct job){ arena, &at->diags, p->ir, &at->meaning };
	if (backend_scopes.emit(&at->job, &at->made) && at->made.count) {
		assert_int_equal(at->made.count, 1);
		assert_string_equal(at->made.at[0].path, "aws.scopes.json");
		at->root = json_loadb(at->made.at[0].bytes,
				      at->made.at[0].len, 0, NULL);
		assert_non_null(at->root);
	}
	return at;
}

bool scopes_denote(struct place *at, const char *bytes, size_t len,
		   struct sides *out)
{
	struct identity id;
	const void *model;

	at->diags.all.count = 0;
	model = backend_scopes.read(at->job.arena, &at->diags, "x", bytes, len,
				    &id);
	return model && backend_scopes.denote(&at->job, model, out);
}

bool scopes_prove(struct place *at, const char *bytes, size_t len)
{
	struct sides found = { 0 }, own = { 0 };
	struct difference d;

	return scopes_denote(at, bytes, len, &found) &&
	       scopes_denote(at, at->made.at[0].bytes, at->made.at[0].len, &own) &&
	       prove_bounds(at->job.arena, &found, &d) &&
	       prove_same(at->job.arena, &found, &own, &d);
}

/* --- the naive evaluator --- */

static bool in_cidr(const char *text, u128 address)
{
	char host[64];
	const char *slash = strchr(text, '/');
	unsigned bits = slash ? (unsigned)atoi(slash + 1) : 32;
	struct in_addr in;
	uint32_t net;

	snprintf(host, sizeof host, "%.*s", (int)strcspn(text, "/"), text);
	assert_int_equal(inet_pton(AF_INET, host, &in), 1);
	net = ntohl(in.s_addr);
	for (unsigned i = 0; i < bits; i++)
		if (((net ^ (uint32_t)address) >> (31 - i)) & 1)
			return false;
	return address <= UINT32_MAX;
}

/* Is ADDRESS one of KEY's?  A list is whatever it is: perhaps. */
static bool in_addresses(json_t *header, const char *key, u128 address)
{
	json_t *all = json_object_get(header, key), *one;
	size_t i;

	if (!all || is_opaque(IPV4, address))
		return true;
	json_array_foreach(all, i, one)
		if (in_cidr(json_string_value(one), address))
			return true;
	return false;
}

static bool in_ports(json_t *header, unsigned port)
{
	json_t *all = json_object_get(header, "DestinationPorts"), *one;
	size_t i;

	if (!all)
		return true;
	json_array_foreach(all, i, one) {
		const char *text = json_string_value(one);
		unsigned lo = 0, hi = 0;
		int n = sscanf(text, "%u-%u", &lo, &hi);

		if (port >= lo && port <= (n == 2 ? hi : lo))
			return true;
	}
	return false;
}

static bool in_protocols(json_t *header, unsigned protocol)
{
	json_t *all = json_object_get(header, "Protocols"), *one;
	const char *word = protocol == PROTO_TCP ? "tcp"
			 : protocol == PROTO_UDP ? "udp" : "";
	size_t i;

	if (!all)
		return *word;
	json_array_foreach(all, i, one)
		if (strcmp(json_string_value(one), word) == 0)
			return true;
	return false;
}

/* The name of the list that a reference to a parameter stands for. */
static const char *list_of(json_t *root, json_t *reference)
{
	json_t *parameters = json_object_get(root, "Parameters");
	const char *key = json_string_value(json_object_get(reference, "Ref"));

	return json_string_value(json_object_get(json_object_get(parameters,
			key), "Description")) + strlen("id of the prefix list ");
}

/* What the list of network NUMBER is called in this region. */
static const char *name_here(struct place *at, uint32_t number)
{
	const char *name = at->ir->networks[number].prefix_list;
	const char *hole = strstr(name, "{region}");

	if (!hole)
		return name;
	return arena_printf(at->job.arena, "%.*s%s%s", (int)(hole - name), name,
			    at->ir->spaces[at->space].region, hole + 8);
}

/* Does KEY of HEADER have the list that ADDRESS stands for? */
static bool in_lists(struct place *at, json_t *root, json_t *header,
		     const char *key, u128 address)
{
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(header, key), i, one)
		for (uint32_t n = 0; n < at->ir->network_count; n++)
			if (ir_is_opaque(&at->ir->spaces[at->space], n) &&
			    address == opaque_class(n) &&
			    strcmp(list_of(root, one), name_here(at, n)) == 0)
				return true;
	return false;
}

static bool excludes(struct place *at, json_t *root, json_t *path,
		     const char *end, const struct packet *p)
{
	json_t *header = json_object_get(json_object_get(path, end),
					 "PacketHeaderStatement");

	return header &&
	       (in_lists(at, root, header, "DestinationPrefixLists", p->dst) ||
		in_lists(at, root, header, "SourcePrefixLists", p->src));
}

bool is_in_vpc(struct place *at, u128 address)
{
	return ranges_have(at->ir->spaces[at->space].vpc.of[IPV4], address);
}

/* Would the scope report P, as it stands at END of a path? */
static bool reports_at(struct place *at, json_t *root, json_t *properties,
		       const char *end, const struct packet *p)
{
	bool leaving = strcmp(end, "Source") == 0, found = false;
	json_t *path;
	size_t i;

	json_array_foreach(json_object_get(properties, "MatchPaths"), i, path) {
		json_t *header = json_object_get(json_object_get(path, end),
						 "PacketHeaderStatement");

		found |= header && is_in_vpc(at, leaving ? p->src : p->dst) &&
			 in_addresses(header, "SourceAddresses", p->src) &&
			 in_addresses(header, "DestinationAddresses", p->dst) &&
			 in_ports(header, service_value(p->svc)) &&
			 in_protocols(header, service_protocol(p->svc));
	}
	json_array_foreach(json_object_get(properties, "ExcludePaths"), i, path)
		found &= !excludes(at, root, path, end, p);
	return found && p->family == IPV4;
}

json_t *scope_for(json_t *root, const char *invariant)
{
	json_t *resource, *tag;
	const char *key;
	size_t i;

	json_object_foreach(json_object_get(root, "Resources"), key, resource) {
		json_t *is = json_object_get(resource, "Properties");

		json_array_foreach(json_object_get(is, "Tags"), i, tag)
			if (strcmp(json_string_value(json_object_get(tag,
					"Key")), "firebreak:invariant") == 0 &&
			    strcmp(json_string_value(json_object_get(tag,
					"Value")), invariant) == 0)
				return is;
	}
	return NULL;
}

bool reports(struct place *at, json_t *root, const char *invariant,
		    const struct packet *p, const char *end)
{
	json_t *scope = scope_for(root, invariant);

	return scope && reports_at(at, root, scope, end, p);
}

/* --- what it would overlook --- */

static bool has_only(json_t *object, const char *const *names)
{
	json_t *value;
	const char *key;

	json_object_foreach(object, key, value) {
		const char *const *one = names;

		while (*one && strcmp(*one, key) != 0)
			one++;
		if (!*one)
			return false;
	}
	return true;
}

/* Is there anything in a condition that the evaluator would overlook? */
static bool is_known(json_t *condition)
{
	static const char *const ends[] = { "Source", "Destination", NULL };
	static const char *const inside[] = { "PacketHeaderStatement",
					      "ResourceStatement", NULL };
	static const char *const header[] = {
		"SourceAddresses", "DestinationAddresses", "DestinationPorts",
		"Protocols", "SourcePrefixLists", "DestinationPrefixLists",
		NULL };
	json_t *end;
	const char *key;

	json_object_foreach(condition, key, end)
		if (!has_only(end, inside) ||
		    !has_only(json_object_get(end, inside[0]), header))
			return false;
	return json_object_size(condition) == 1 && has_only(condition, ends);
}

/* A match is at interfaces of the VPC, which is a parameter. */
static bool is_at_vpc(json_t *root, json_t *condition)
{
	json_t *end, *one;
	const char *key;
	size_t i;

	json_object_foreach(condition, key, end) {
		json_t *is = json_object_get(end, "ResourceStatement");
		json_t *all = json_object_get(is, "Resources");

		if (json_object_size(is) != 1 || !json_array_size(all))
			return false;
		json_array_foreach(all, i, one) {
			const char *name = json_string_value(
				json_object_get(one, "Ref"));
			json_t *parameter = json_object_get(json_object_get(
				root, "Parameters"), name ? name : "");
			const char *type = json_string_value(
				json_object_get(parameter, "Type"));

			if (!type || strcmp(type, "AWS::EC2::VPC::Id") != 0)
				return false;
		}
	}
	return true;
}

bool are_known(json_t *root)
{
	static const char *const lists[] = { "MatchPaths", "ExcludePaths" };
	json_t *resource, *condition;
	const char *key;
	size_t i;

	json_object_foreach(json_object_get(root, "Resources"), key, resource)
		for (size_t k = 0; k < COUNT(lists); k++)
			json_array_foreach(json_object_get(json_object_get(
				resource, "Properties"), lists[k]), i, condition)
				if (!is_known(condition) ||
				    (k == 0 && !is_at_vpc(root, condition)))
					return false;
	return true;
}
