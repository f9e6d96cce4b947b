/*
 * What `nft -j list ruleset` prints: a flat list of tables, sets, chains and
 * rules, each of which says what table it is in.  Ours is read strictly; those
 * of others are passed over, but their chains on the same hooks are told.
 */
#include "backends/nft/place.h"

#include "backends/nft/beside.h"

#include <string.h>

static const char opening[] = "nftables";

/* Whose the two tables are that are ours. */
static const struct identity of_host = { .layer = "x" },
			     of_gateway = { .layer = "" };

bool nft_is_json(const char *bytes, size_t len)
{
	static const char blanks[] = " \t\r\n";
	size_t i = 0;

	while (i < len && memchr(blanks, bytes[i], 4))
		i++;
	if (i == len || bytes[i++] != '{')
		return false;
	while (i < len && memchr(blanks, bytes[i], 4))
		i++;
	return len - i > sizeof opening && bytes[i] == '"' &&
	       memcmp(bytes + i + 1, opening, sizeof opening - 1) == 0 &&
	       bytes[i + sizeof opening] == '"';
}

/* --- what is in the list --- */

/* An object of the list: its kind is the key. */
struct item {
	struct nft_place at, is;
	const char *family, *table;
};

/* The table that an object is in; of a table itself it is the name. */
static bool take_item(struct nft_reader *r, const struct nft_place *at,
		      struct item *out)
{
	out->at = *at;
	if (!nft_only(r, &out->at, &out->is))
		return false;
	out->family = jv_string(jv_get(out->is.is, "family"));
	out->table = jv_string(jv_get(out->is.is,
				      strcmp(out->is.key, "table") == 0
				      ? "name" : "table"));
	return (out->family && out->table) ||
	       nft_refuse_at(r, &out->is, "an object that does not say its table");
}

static bool is_ours(const struct nft_reader *r, const struct item *item)
{
	return strcmp(item->family, "inet") == 0 &&
	       strcmp(item->table, r->table) == 0;
}

/* { "metainfo": { …, "json_schema_version": 1 } } */
static bool read_meta(struct nft_reader *r, const struct nft_place *at)
{
	static const struct nft_member members[] = {
		{ .key = "version", .kind = JV_STRING, .optional = true },
		{ .key = "release_name", .kind = JV_STRING, .optional = true },
		{ .key = "json_schema_version", .kind = JV_INTEGER },
	};
	struct nft_place inner, part[3];

	if (!nft_only(r, at, &inner))
		return false;
	if (strcmp(inner.key, "metainfo") != 0)
		return nft_expected_at(r, at, "`metainfo`");
	if (!nft_members(r, &inner, members, 3, part))
		return false;
	return part[2].is->integer == 1 ||
	       nft_expected_at(r, &part[2], "version 1 of the schema");
}

/* --- the table --- */

static bool read_table(struct nft_reader *r, const struct item *item)
{
	static const struct nft_member members[] = {
		{ .key = "family", .kind = JV_STRING },
		{ .key = "name", .kind = JV_STRING },
		{ .key = "handle", .kind = JV_INTEGER },
		{ .key = "comment", .kind = JV_STRING, .optional = true },
	};
	struct nft_place part[4];

	if (r->model->identity.policy)
		return nft_refuse_at(r, &item->at, "a second table of that name");
	/* a dormant one says so in `flags` */
	if (!nft_members(r, &item->is, members, 4, part))
		return false;
	return !part[3].is ||
	       nft_identify(r, item->at.index, part[3].is->string);
}

/* --- chains --- */

static const struct {
	const char *hook, *type;
} hooks[NFT_HOOKS] = {
	[NFT_INPUT]	  = { "input", "filter" },
	[NFT_OUTPUT]	  = { "output", "filter" },
	[NFT_FORWARD]	  = { "forward", "filter" },
	[NFT_POSTROUTING] = { "postrouting", "nat" },
};

enum { C_FAMILY, C_TABLE, C_NAME, C_HANDLE, C_TYPE, C_HOOK, C_PRIO, C_POLICY,
       C_COMMENT, C_MEMBERS };

static bool read_priority(struct nft_reader *r, const struct nft_place *at,
			  struct nft_chain *chain)
{
	enum { MOST = 100000 };

	if (at->is->integer < -MOST || at->is->integer > MOST)
		return nft_expected_at(r, at, "a priority");
	chain->priority = (int32_t)at->is->integer;
	return true;
}

static bool read_base(struct nft_reader *r, const struct nft_place *at,
		      const struct nft_place part[C_MEMBERS],
		      struct nft_chain **out)
{
	int hook = NFT_INPUT;

	if (!part[C_TYPE].is || !part[C_HOOK].is || !part[C_PRIO].is ||
	    !part[C_POLICY].is)
		return nft_refuse_at(r, at, "half of a base chain");
	while (hook < NFT_HOOKS &&
	       (!nft_is_string(&part[C_HOOK], hooks[hook].hook) ||
		!nft_is_string(&part[C_TYPE], hooks[hook].type)))
		hook++;
	if (hook == NFT_HOOKS)
		return nft_refuse_at(r, at, "a base chain on a hook or of a type "
				     "that is not understood");
	*out = &r->model->chains[hook];
	if ((*out)->present)
		return nft_refuse_at(r, at, "a second chain on one hook");
	(*out)->present = true;
	(*out)->policy = nft_is_string(&part[C_POLICY], "accept") ? NFT_ACCEPT
								  : NFT_DROP;
	if ((*out)->policy == NFT_DROP &&
	    !nft_is_string(&part[C_POLICY], "drop"))
		return nft_expected_at(r, &part[C_POLICY],
				       "`accept` or `drop`");
	return read_priority(r, &part[C_PRIO], *out);
}

static bool read_chain(struct nft_reader *r, const struct item *item)
{
	static const struct nft_member members[C_MEMBERS] = {
		[C_FAMILY]  = { .key = "family", .kind = JV_STRING },
		[C_TABLE]   = { .key = "table", .kind = JV_STRING },
		[C_NAME]    = { .key = "name", .kind = JV_STRING },
		[C_HANDLE]  = { .key = "handle", .kind = JV_INTEGER },
		[C_TYPE]    = { .key = "type", .kind = JV_STRING, .optional = true },
		[C_HOOK]    = { .key = "hook", .kind = JV_STRING, .optional = true },
		[C_PRIO]    = { .key = "prio", .kind = JV_INTEGER, .optional = true },
		[C_POLICY]  = { .key = "policy", .kind = JV_STRING, .optional = true },
		[C_COMMENT] = { .key = "comment", .kind = JV_STRING, .optional = true },
	};
	struct nft_place part[C_MEMBERS];
	struct nft_chain *chain = NULL;

	if (!nft_members(r, &item->is, members, C_MEMBERS, part))
		return false;
	if (part[C_TYPE].is || part[C_HOOK].is || part[C_PRIO].is ||
	    part[C_POLICY].is) {
		if (!read_base(r, &item->is, part, &chain))
			return false;
	} else {
		chain = arena_alloc(r->arena, sizeof *chain);
		*LIST_PUSH(r->arena, &r->model->others) = chain;
	}
	chain->name = part[C_NAME].is->string;
	chain->line = item->at.index;
	return nft_keep_chain(r, chain);
}

/* A chain of somebody else that packets of ours meet too. */
static void tell_other(struct nft_reader *r, const struct item *item)
{
	const char *hook = jv_string(jv_get(item->is.is, "hook"));
	const char *type = jv_string(jv_get(item->is.is, "type"));
	struct nft_beside chain = { item->family, hook, type ? type : "" };
	const char *does;

	if (!hook || (strcmp(item->family, "inet") == 0 &&
		      (strcmp(item->table, nft_table_name(&of_host)) == 0 ||
		       strcmp(item->table, nft_table_name(&of_gateway)) == 0)))
		return;		/* ours, which is proved for itself */
	does = nft_beside(&chain, strcmp(r->table,
					 nft_table_name(&of_gateway)) == 0);
	if (does)
		diag_add(r->diags, P0605, (struct span){ 0, 0 },
			 "`%s`, %s: another table has a chain of `%s` %s",
			 r->model->file,
			 nft_where(r->arena, r->model, item->at.index), hook,
			 does);
}

/* --- rules --- */

static bool read_rule(struct nft_reader *r, const struct item *item)
{
	enum { FAMILY, TABLE, CHAIN, HANDLE, COMMENT, EXPR, MEMBERS };
	static const struct nft_member members[MEMBERS] = {
		[FAMILY]  = { .key = "family", .kind = JV_STRING },
		[TABLE]	  = { .key = "table", .kind = JV_STRING },
		[CHAIN]	  = { .key = "chain", .kind = JV_STRING },
		[HANDLE]  = { .key = "handle", .kind = JV_INTEGER },
		[COMMENT] = { .key = "comment", .kind = JV_STRING, .optional = true },
		[EXPR]	  = { .key = "expr", .kind = JV_ARRAY },
	};
	struct nft_place part[MEMBERS];
	struct nft_chain *chain;
	struct nft_rule *rule;

	if (!nft_members(r, &item->is, members, MEMBERS, part))
		return false;
	chain = table_get_name(&r->chains, part[CHAIN].is->string);
	if (!chain)
		return nft_refuse_at(r, &part[CHAIN], "a rule of a chain that is "
				     "not there");
	rule = LIST_PUSH(r->arena, &chain->rules);
	rule->line = item->at.index;
	if (part[COMMENT].is)
		rule->comment = part[COMMENT].is->string;
	return nft_statements_at(r, &part[EXPR], rule);
}

/* --- all of it, kind by kind: rules name chains, and chains' rules sets --- */

static bool read_item(struct nft_reader *r, const struct item *item)
{
	const char *kind = item->is.key;

	if (strcmp(kind, "table") == 0)
		return read_table(r, item);
	if (strcmp(kind, "set") == 0 || strcmp(kind, "map") == 0)
		return nft_set_at(r, &item->is, *kind == 'm', item->at.index);
	if (strcmp(kind, "chain") == 0)
		return read_chain(r, item);
	if (strcmp(kind, "rule") == 0)
		return read_rule(r, item);
	return nft_expected_at(r, &item->at, "a table, a set, a map, a chain or a rule");
}

static bool read_ours(struct nft_reader *r, const struct nft_place *list)
{
	struct nft_place each = { 0 };
	struct item item;

	while (nft_each(list, &each)) {
		if (each.index == 0) {
			if (!read_meta(r, &each))
				return false;
			continue;
		}
		if (!take_item(r, &each, &item) ||
		    (is_ours(r, &item) && !read_item(r, &item)))
			return false;
	}
	return true;
}

static void tell_others(struct nft_reader *r, const struct nft_place *list)
{
	struct nft_place each = { 0 };
	struct item item;

	while (nft_each(list, &each))
		if (each.index && take_item(r, &each, &item) &&
		    !is_ours(r, &item) && strcmp(item.is.key, "chain") == 0)
			tell_other(r, &item);
}

/* --- whose it is --- */

static bool has_table(const struct json *list, const char *name)
{
	for (const struct json *item = list->first; item; item = item->next) {
		const struct json *table = jv_get(item, "table");
		const char *own = jv_string(jv_get(table, "name"));
		const char *family = jv_string(jv_get(table, "family"));

		if (own && family && strcmp(own, name) == 0 &&
		    strcmp(family, "inet") == 0)
			return true;
	}
	return false;
}

/* The table to be read: a router has both of ours. */
static bool choose_table(struct nft_reader *r, const struct nft_place *list,
			 const struct identity *given)
{
	bool hosts = has_table(list->is, nft_table_name(&of_host));
	bool gateways = has_table(list->is, nft_table_name(&of_gateway));

	if (given)
		r->table = nft_table_name(given);
	else if (hosts && gateways)
		return nft_refuse_at(r, list, "tables of a host and of a gateway: "
				     "say whose is proved, `--part ENV.LAYER`");
	else
		r->table = nft_table_name(gateways ? &of_gateway : &of_host);
	return has_table(list->is, r->table) ||
	       nft_refuse_at(r, list, "there is no table `inet %s`", r->table);
}

/* nft lists the comment of a table from 1.1 on; before, somebody has to know. */
static bool settle_identity(struct nft_reader *r, const struct nft_place *list,
			    const struct identity *given)
{
	struct identity *own = &r->model->identity;

	if (!own->policy && !given)
		return nft_refuse_at(r, list, "table `inet %s` does not say whose "
				     "it is: say it, `--part ENV.LAYER`", r->table);
	if (own->policy && given && !nft_same_part(own, given))
		return nft_refuse_at(r, list, "table `inet %s` says that it is "
				     "another part's", r->table);
	if (!own->policy)
		*own = *given;
	return true;
}

static bool read_list(struct nft_reader *r, const struct json *root,
		      const struct identity *given)
{
	static const struct nft_member members[] = {
		{ .key = opening, .kind = JV_ARRAY },
	};
	const struct nft_place top = { .is = root };
	struct nft_place list;

	if (!nft_members(r, &top, members, 1, &list) ||
	    !choose_table(r, &list, given) || !read_ours(r, &list) ||
	    !settle_identity(r, &list, given) || !nft_resolve(r))
		return false;
	tell_others(r, &list);
	return true;
}

const struct nft_model *nft_read_json(struct arena *arena, struct diags *diags,
				      const char *name, const char *bytes,
				      size_t len, const struct identity *given)
{
	struct nft_reader r = {
		.arena = arena,
		.diags = diags,
		.model = arena_alloc(arena, sizeof *r.model),
		.sets = TABLE_IN(arena),
		.chains = TABLE_IN(arena),
	};
	struct jv_fault fault;
	const struct json *root = jv_read(arena, bytes, len, &fault);

	r.model->file = name;
	r.model->json = true;
	if (root)
		return read_list(&r, root, given) ? r.model : NULL;
	diag_add(diags, P0601, (struct span){ 0, 0 }, "`%s`, line %u: %s",
		 name, fault.line, fault.what);
	return NULL;
}
