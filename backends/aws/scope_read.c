/*
 * A template of access scopes, read from AWS's documentation: "Network Access
 * Analyzer" (resource statements, packet header statements, match and exclusion
 * conditions), the resource AWS::EC2::NetworkInsightsAccessScope and templates.
 *
 * Strict: what is not known here may be what makes a scope overlook something.  A
 * condition has one end alone, at interfaces of the VPC that the template is for;
 * an exclusion takes prefix lists out, and nothing else.
 */
#include "backends/aws/scope.h"

#include "backends/aws/read_json.h"

#include <string.h>

struct reading {
	struct reader json;
	struct table vpcs;		/* parameters that are one */
	struct table lists;		/* parameter -> scope_list */
	struct table names;		/* of lists: told twice? */
	struct table scopes;		/* resource -> scope */
	struct table watched;		/* invariants: watched twice? */
	struct scopes *out;
	struct scope_list *list;
	struct scope *scope;
	LIST(struct scope_match) matches;
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
		refuse(&r->json, &path,
		       member ? "is not a string" : "is missing");
	else if (strstr(string, "{{"))
		refuse(&r->json, &path, "has a dynamic reference");
	else
		return string;
	return NULL;
}

/* The array KEY of OBJECT, which is not empty; NULL and told otherwise. */
static const struct json *array_at(struct reading *r, const struct path *up,
				   const char *key, const struct json *object)
{
	const struct path path = { up, key };
	const struct json *member = jv_get(object, key);

	if (member && member->kind == JV_ARRAY && member->count)
		return member;
	refuse(&r->json, &path, !member ? "is missing"
	       : member->kind == JV_ARRAY ? "is empty" : "is not an array");
	return NULL;
}

/* What TABLE has for the parameter in {"Ref": "…"}. */
static void *parameter(struct reading *r, const struct path *path,
		       const struct json *json, const struct table *table)
{
	const char *id = NULL;
	void *found;

	if (json->kind == JV_OBJECT && json->count == 1)
		id = jv_string(jv_get(json, "Ref"));
	found = id ? table_get_name(table, id) : NULL;
	if (!found)
		refuse(&r->json, path,
		       "does not refer to a parameter that can stand here");
	return found;
}

/* --- parameters --- */

static void read_list(struct reading *r, const struct path *path,
		      const struct json *json)
{
	static const char *const known[] = { "AllowedPattern", "Description",
					     "Type", NULL };
	static const char words[] = "id of the prefix list ";
	struct scope_list *list = &r->list[r->out->list_count++];
	const char *text;
	void **name;

	if (!expect_object(&r->json, path, json, known))
		return;
	if (jv_get(json, "AllowedPattern"))
		(void)string_at(r, path, "AllowedPattern", json);
	text = string_at(r, path, "Description", json);
	if (!text)
		return;
	if (strncmp(text, words, strlen(words)) != 0) {
		refuse(&r->json, path,
		       "does not say the id of which prefix list it is");
		return;
	}
	*list = (struct scope_list){ path->key, text + strlen(words) };
	name = table_at_name(&r->names, list->name);
	if (*name)
		refuse(&r->json, path,
		       "is a second parameter for its prefix list");
	*name = list;
	*table_at_name(&r->lists, list->key) = list;
}

static void read_parameters(struct reading *r, const struct json *root)
{
	static const char *const of_vpc[] = { "Description", "Type", NULL };
	const struct path path = { NULL, "Parameters" };
	const struct json *all = read_object(&r->json, &path, root, NULL);

	if (!all)
		return;
	r->list = arena_array(r->json.arena, all->count, sizeof *r->list);
	for (const struct json *one = all->first; one; one = one->next) {
		const struct path here = { &path, one->key };
		const char *type = string_at(r, &here, "Type", one);

		if (!expect_logical_id(&r->json, &here) || !type)
			continue;
		if (strcmp(type, "AWS::EC2::VPC::Id") == 0 &&
		    expect_object(&r->json, &here, one, of_vpc))
			*table_at_name(&r->vpcs, one->key) = r;
		else if (strcmp(type, "String") == 0)
			read_list(r, &here, one);
		else
			refuse(&r->json, &here, "is not known here");
	}
}

/* --- packet headers --- */

/* "SourceAddress: The IP addresses or CIDR ranges"; left out: any. */
static bool read_addresses(struct reading *r, const struct path *up,
			   const char *key, const struct json *header,
			   struct ranges *out)
{
	const struct path path = { up, key };
	const struct json *all;
	struct range *some;
	size_t n = 0;

	if (!jv_get(header, key)) {
		*out = family_all(r->json.arena, IPV4);
		return true;
	}
	all = array_at(r, up, key, header);
	if (!all)
		return false;
	some = arena_array(r->json.arena, all->count, sizeof *some);
	for (const struct json *one = all->first; one; one = one->next) {
		const char *text = jv_string(one);
		struct prefix p;

		if (!text || prefix_read(text, strlen(text), &p) != PREFIX_OK ||
		    p.family != IPV4)
			return refuse(&r->json, &path,
				      "has what is no IPv4 prefix");
		some[n++] = prefix_range(p);
	}
	*out = ranges_of(r->json.arena, some, n);
	return true;
}

/* The digits at *AT, a port; *AT is then behind them. */
static bool take_port(const char **at, unsigned *out)
{
	const char *start = *at;
	unsigned port = 0;

	while (**at >= '0' && **at <= '9' && *at - start < 5)
		port = port * 10 + (unsigned)(*(*at)++ - '0');
	*out = port;
	return *at > start && port <= 65535 &&
	       (*start != '0' || *at == start + 1);
}

/* "443" or "1024-65535". */
static bool read_range(const char *text, struct range *out)
{
	unsigned lo, hi;

	if (!text || !take_port(&text, &lo))
		return false;
	hi = lo;
	if (*text == '-') {
		text++;
		if (!take_port(&text, &hi))
			return false;
	}
	*out = (struct range){ lo, hi };
	return !*text && lo <= hi;
}

/* "The ports or port ranges"; left out: any. */
static bool read_ports(struct reading *r, const struct path *up,
		       const struct json *header, struct ranges *out)
{
	const struct path path = { up, "DestinationPorts" };
	const struct json *all;
	struct range *some;
	size_t n = 0;

	if (!jv_get(header, path.key)) {
		*out = ranges_one(r->json.arena, 0, 65535);
		return true;
	}
	all = array_at(r, up, path.key, header);
	if (!all)
		return false;
	some = arena_array(r->json.arena, all->count, sizeof *some);
	for (const struct json *one = all->first; one; one = one->next)
		if (!read_range(jv_string(one), &some[n++]))
			return refuse(&r->json, &path,
				      "has what is no port or range of ports");
	*out = ranges_of(r->json.arena, some, n);
	return true;
}

/* "The possible values are tcp and udp"; left out: both. */
static bool read_protocols(struct reading *r, const struct path *up,
			   const struct json *header, struct scope_match *m)
{
	const struct path path = { up, "Protocols" };
	const struct json *all;

	m->tcp = m->udp = !jv_get(header, path.key);
	if (m->tcp)
		return true;
	all = array_at(r, up, path.key, header);
	for (const struct json *one = all ? all->first : NULL; one;
	     one = one->next) {
		const char *word = jv_string(one);

		if (word && strcmp(word, "tcp") == 0)
			m->tcp = true;
		else if (word && strcmp(word, "udp") == 0)
			m->udp = true;
		else
			return refuse(&r->json, &path,
				      "has what is neither tcp nor udp");
	}
	return all;
}

/* --- conditions --- */

static const char *const ends[] = {
	[SCOPE_LEAVING] = "Source",
	[SCOPE_ARRIVING] = "Destination",
};

/* Which of its two ends a condition speaks of; SCOPE_ENDS and told: both or none. */
static enum scope_end end_of(struct reading *r, const struct path *path,
			     const struct json *json)
{
	static const char *const known[] = { "Source", "Destination", NULL };

	if (!expect_object(&r->json, path, json, known))
		return SCOPE_ENDS;
	for (int end = 0; end < SCOPE_ENDS; end++)
		if (json->count == 1 && jv_get(json, ends[end]))
			return (enum scope_end)end;
	refuse(&r->json, path, "does not speak of one end");
	return SCOPE_ENDS;
}

/* Is it at interfaces of the VPC, and of that alone? */
static bool read_resources_of(struct reading *r, const struct path *up,
			      const struct json *statement)
{
	static const char *const known[] = { "Resources", NULL };
	const struct path path = { up, "ResourceStatement" };
	const struct path inner = { &path, "Resources" };
	const struct json *is = read_object(&r->json, &path, statement, known);
	const struct json *all = is ? array_at(r, &path, inner.key, is) : NULL;

	for (const struct json *one = all ? all->first : NULL; one;
	     one = one->next)
		if (!parameter(r, &inner, one, &r->vpcs))
			return false;
	return all;
}

static void read_match(struct reading *r, const struct path *path,
		       const struct json *json)
{
	static const char *const statements[] = { "PacketHeaderStatement",
						  "ResourceStatement", NULL };
	static const char *const fields[] = {
		"SourceAddresses", "DestinationAddresses", "DestinationPorts",
		"Protocols", NULL };
	struct scope_match m = { .end = end_of(r, path, json) };
	const struct json *is, *header;
	struct path here = { path, NULL }, inner = { &here, statements[0] };

	if (m.end == SCOPE_ENDS)
		return;
	here.key = ends[m.end];
	is = read_object(&r->json, &here, json, statements);
	header = is ? read_object(&r->json, &inner, is, fields) : NULL;
	if (!header || !read_resources_of(r, &here, is))
		return;
	if (!header->count)
		refuse(&r->json, &inner, "says nothing");
	else if (read_addresses(r, &inner, fields[0], header, &m.src) &&
		 read_addresses(r, &inner, fields[1], header, &m.dst) &&
		 read_ports(r, &inner, header, &m.ports) &&
		 read_protocols(r, &inner, header, &m))
		*LIST_PUSH(r->json.arena, &r->matches) = m;
}

/*
 * A packet is excluded by one condition: to lists where it leaves, from lists
 * where it arrives.
 */
static void read_exclusion(struct reading *r, const struct path *path,
			   const struct json *json, bool *without[SCOPE_ENDS])
{
	static const char *const statements[] = { "PacketHeaderStatement",
						  NULL };
	enum scope_end end = end_of(r, path, json);
	const char *const fields[] = { end == SCOPE_LEAVING
		? "DestinationPrefixLists" : "SourcePrefixLists", NULL };
	struct path here = { path, NULL }, inner = { &here, statements[0] };
	const struct json *is, *all = NULL;

	if (end == SCOPE_ENDS)
		return;
	here.key = ends[end];
	is = read_object(&r->json, &here, json, statements);
	is = is ? read_object(&r->json, &inner, is, fields) : NULL;
	if (is)
		all = array_at(r, &inner, fields[0], is);
	for (const struct json *one = all ? all->first : NULL; one;
	     one = one->next) {
		const struct scope_list *list = parameter(r, &inner, one,
							  &r->lists);

		if (list)
			without[end][list - r->list] = true;
	}
}

/* --- resources --- */

/* The value of the tag KEY, or NULL; every tag is looked at. */
static const char *tag_of(struct reading *r, const struct path *up,
			  const struct json *properties, const char *key)
{
	static const char *const known[] = { "Key", "Value", NULL };
	const struct path path = { up, "Tags" };
	const struct json *all = array_at(r, up, "Tags", properties);
	struct table names = TABLE_IN(r->json.arena);
	const char *found = NULL;

	for (const struct json *tag = all ? all->first : NULL; tag;
	     tag = tag->next) {
		const char *name, *value;
		void **place;

		if (!expect_object(&r->json, &path, tag, known))
			return NULL;
		name = string_at(r, &path, "Key", tag);
		value = string_at(r, &path, "Value", tag);
		if (!name || !value)
			return NULL;
		place = table_at_name(&names, name);
		if (*place)
			refuse(&r->json, &path, "has a tag twice");
		*place = r;
		if (strcmp(name, key) == 0)
			found = value;
	}
	return found;
}

static bool is_text(const char *is, const char *wanted)
{
	return strcmp(is ? is : "", wanted) == 0;
}

/* A scope says by its tags whose it is: the same as the template. */
static void read_tags(struct reading *r, const struct path *path,
		      const struct json *properties, struct scope *scope)
{
	const struct identity *of = &r->out->identity;
	void **place;

	if (!is_text(tag_of(r, path, properties, "firebreak:policy"),
		     of->policy) ||
	    !is_text(tag_of(r, path, properties, "firebreak:customer"),
		     of->customer) ||
	    !is_text(tag_of(r, path, properties, "firebreak:environment"),
		     of->environment))
		refuse(&r->json, path, "is of another environment than the template");
	scope->invariant = tag_of(r, path, properties, "firebreak:invariant");
	if (!scope->invariant) {
		refuse(&r->json, path, "does not say which invariant it is for");
		return;
	}
	place = table_at_name(&r->watched, scope->invariant);
	if (*place)
		refuse(&r->json, path, "is a second scope of its invariant");
	*place = scope;
}

static void read_scope(struct reading *r, const struct path *up,
		       const struct json *json)
{
	static const char *const known[] = { "Type", "Properties", NULL };
	static const char *const inside[] = { "ExcludePaths", "MatchPaths",
					      "Tags", NULL };
	const struct path path = { up, "Properties" };
	const struct path match = { &path, "MatchPaths" };
	const struct path exclude = { &path, "ExcludePaths" };
	struct scope *scope = &r->scope[r->out->scope_count++];
	bool *without[SCOPE_ENDS];
	const struct json *is, *all;

	scope->key = up->key;
	scope->invariant = "";
	if (!expect_logical_id(&r->json, up) || !expect_object(&r->json, up, json, known) ||
	    !expect_string(&r->json, up, "Type", json,
			   "AWS::EC2::NetworkInsightsAccessScope"))
		return;
	is = read_object(&r->json, &path, json, inside);
	if (!is)
		return;
	for (int end = 0; end < SCOPE_ENDS; end++)
		scope->without[end] = without[end] = arena_array(r->json.arena,
			r->out->list_count + 1, sizeof **without);
	r->matches.at = NULL;
	r->matches.count = r->matches.cap = 0;
	all = array_at(r, &path, "MatchPaths", is);
	for (const struct json *one = all ? all->first : NULL; one;
	     one = one->next)
		read_match(r, &match, one);
	scope->matches = r->matches.at;
	scope->match_count = r->matches.count;
	all = jv_get(is, "ExcludePaths") ? array_at(r, &path, "ExcludePaths",
						    is) : NULL;
	for (const struct json *one = all ? all->first : NULL; one;
	     one = one->next)
		read_exclusion(r, &exclude, one, without);
	read_tags(r, &path, is, scope);
	*table_at_name(&r->scopes, scope->key) = scope;
}

static void read_resources(struct reading *r, const struct json *root)
{
	const struct path path = { NULL, "Resources" };
	const struct json *all = read_object(&r->json, &path, root, NULL);

	if (!all)
		return;
	r->scope = arena_array(r->json.arena, all->count, sizeof *r->scope);
	for (const struct json *one = all->first; one; one = one->next) {
		const struct path here = { &path, one->key };

		read_scope(r, &here, one);
	}
	if (!all->count)
		refuse(&r->json, &path, "is empty");
}

/* --- what the template says of itself --- */

static void read_identity(struct reading *r, const struct path *path,
			  const struct json *is)
{
	const char *policy = string_at(r, path, "policy", is);
	const char *customer = string_at(r, path, "customer", is);
	const char *environment = string_at(r, path, "environment", is);

	r->out->identity = (struct identity){
		policy ? policy : "", customer ? customer : "",
		environment ? environment : "", "" };
}

/* Each invariant: which resource watches it, or none does. */
static void read_said(struct reading *r, const struct path *up,
		      const struct json *is)
{
	static const char *const known[] = { "not-looked-at", "scope", NULL };
	const struct path path = { up, "invariants" };
	const struct json *all = read_object(&r->json, &path, is, NULL);
	struct scope_said *said = arena_array(r->json.arena,
					      all ? all->count : 0,
					      sizeof *said);

	for (const struct json *one = all ? all->first : NULL; one;
	     one = one->next) {
		const struct path here = { &path, one->key };
		struct scope_said *s = &said[r->out->said_count++];

		s->invariant = one->key;
		if (!expect_object(&r->json, &here, one, known))
			continue;
		s->key = string_at(r, &here, "scope", one);
		s->unwatched = string_at(r, &here, "not-looked-at", one);
	}
	r->out->said = said;
}

/* What it says of its scopes has to be so. */
static void check_said(struct reading *r)
{
	const struct path top = { NULL, "Metadata" };
	size_t watched = 0;

	for (size_t i = 0; i < r->out->said_count && r->json.good; i++) {
		const struct scope_said *s = &r->out->said[i];
		const struct path path = { &top, s->invariant };
		const struct scope *scope = table_get_name(&r->scopes, s->key);

		if (!*s->key && !*s->unwatched)
			refuse(&r->json, &path, "has neither a scope nor a reason");
		if (!*s->key)
			continue;
		watched++;
		if (!scope || strcmp(scope->invariant, s->invariant) != 0)
			refuse(&r->json, &path, "has not the scope that it names");
	}
	if (r->json.good && watched != r->out->scope_count)
		refuse(&r->json, &top, "does not name every scope");
}

static void read_root(struct reading *r, const struct json *root)
{
	static const char *const known[] = {
		"AWSTemplateFormatVersion", "Description", "Metadata",
		"Parameters", "Resources", NULL };
	static const char *const of_metadata[] = { "firebreak", NULL };
	static const char *const ours[] = { "customer", "environment",
					    "invariants", "policy", NULL };
	const struct path metadata = { NULL, "Metadata" };
	const struct path inner = { &metadata, "firebreak" };
	const struct json *is;

	if (!expect_object(&r->json, NULL, root, known) ||
	    !expect_string(&r->json, NULL, "AWSTemplateFormatVersion", root,
			   "2010-09-09"))
		return;
	if (jv_get(root, "Description"))
		(void)string_at(r, NULL, "Description", root);
	is = read_object(&r->json, &metadata, root, of_metadata);
	is = is ? read_object(&r->json, &inner, is, ours) : NULL;
	if (!is)
		return;
	read_identity(r, &inner, is);
	read_said(r, &inner, is);
	read_parameters(r, root);
	if (!r->json.good)
		return;
	read_resources(r, root);
	check_said(r);
}

const struct scopes *scope_read(struct arena *arena, struct diags *diags,
				const char *name, const char *bytes,
				size_t len)
{
	struct reading r = {
		.json = { arena, diags, name, true },
		.vpcs = TABLE_IN(arena), .lists = TABLE_IN(arena),
		.names = TABLE_IN(arena), .scopes = TABLE_IN(arena),
		.watched = TABLE_IN(arena),
		.out = arena_alloc(arena, sizeof *r.out) };
	const struct json *root = read_json(&r.json, bytes, len);

	if (root)
		read_root(&r, root);
	r.out->lists = r.list;
	r.out->scopes = r.scope;
	return r.json.good ? r.out : NULL;
}
