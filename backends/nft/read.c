/*
 * A strict reader of rulesets: of the text that firebreak prints and of what
 * `nft list table` and `nft list ruleset` print of it once it is loaded.  By
 * recursive descent, from nft(8); nothing here knows how rulesets are made.
 * Whatever is not understood ends the reading, because a line that is skipped
 * may be the one that opens a port.
 */
#include "backends/nft/reader.h"

#include <string.h>

/* --- chains --- */

/* "filter", "filter + 5", "5", "-5"; as a number, within what nft prints. */
static bool read_priority(struct nft_reader *r, int hook, int32_t *out)
{
	const char *name = hook == NFT_POSTROUTING ? "srcnat" : "filter";
	int32_t base = hook == NFT_POSTROUTING ? NFT_PRIORITY_SRCNAT : 0;
	bool named = nft_accept(r, name), minus = false;
	unsigned number = 0;

	*out = base;
	if (named) {
		minus = nft_accept(r, "-");
		if (!minus && !nft_accept(r, "+"))
			return true;
	}
	if (!named && r->now.kind == NFT_WORD && r->now.len > 1 &&
	    r->now.at[0] == '-') {
		minus = true;
		r->now.at++;
		r->now.len--;
	}
	if (!nft_take_number(r, 100000, &number))
		return false;
	*out = (named ? base : 0) + (minus ? -(int32_t)number
					   : (int32_t)number);
	return true;
}

static bool read_hook(struct nft_reader *r, struct nft_chain **out)
{
	static const struct nft_choice hooks[] = {
		{ "input", NFT_INPUT }, { "output", NFT_OUTPUT },
		{ "forward", NFT_FORWARD }, { "postrouting", NFT_POSTROUTING },
		{ 0 }
	};
	unsigned line = r->now.line;
	bool nat = nft_accept(r, "nat");
	int hook;

	if (!nat && !nft_expect(r, "filter"))
		return false;
	if (!nft_expect(r, "hook"))
		return false;
	if (!nft_choose(r, hooks, &hook) || nat != (hook == NFT_POSTROUTING))
		return nft_expected(r, nat ? "`postrouting`"
				    : "`input`, `output` or `forward`");
	*out = &r->model->chains[hook];
	if ((*out)->present)
		return nft_refuse(r, line, "a second chain on one hook");
	(*out)->present = true;
	return nft_expect(r, "priority") &&
	       read_priority(r, hook, &(*out)->priority) &&
	       nft_end_statement(r);
}

static bool read_policy(struct nft_reader *r, struct nft_chain *chain)
{
	chain->policy = NFT_ACCEPT;	/* nft(8): when none is given */
	if (!nft_accept(r, "policy"))
		return true;
	return nft_take_verdict(r, &chain->policy) && nft_end_statement(r);
}

/* Chains of one name are one chain to nft, which cannot have two hooks. */
bool nft_keep_chain(struct nft_reader *r, struct nft_chain *chain)
{
	void **place = table_at_name(&r->chains, chain->name);

	if (*place)
		return nft_refuse(r, chain->line, "a second chain of that name");
	*place = chain;
	return true;
}

/* A chain with a hook, which its first statement says, or one to jump to. */
static bool begin_chain(struct nft_reader *r, struct nft_chain **out)
{
	if (nft_accept(r, "type"))
		return read_hook(r, out) && read_policy(r, *out);
	*out = arena_alloc(r->arena, sizeof **out);
	*LIST_PUSH(r->arena, &r->model->others) = *out;
	return true;
}

/* The name of a base chain means nothing else: its hook does. */
static bool read_chain(struct nft_reader *r)
{
	struct nft_chain *chain = NULL;
	unsigned line = r->now.line;
	const char *name;

	if (!nft_take_name(r, &name) || !nft_expect(r, "{"))
		return false;
	nft_skip_lines(r);
	if (!begin_chain(r, &chain))
		return false;
	chain->name = name;
	chain->line = line;
	if (!nft_keep_chain(r, chain))
		return false;
	while (!nft_at(r, "}"))
		if (!nft_read_rule(r, LIST_PUSH(r->arena, &chain->rules)))
			return false;
	nft_next(r);
	return nft_end_statement(r);
}

/* --- whose it is --- */

/* The next of the words that single spaces part; NULL: none, or not a name. */
static const char *name_in(struct arena *arena, const char **at)
{
	size_t len = strcspn(*at, " ");
	const char *word = arena_copy(arena, *at, len);
	bool starts_well = (*word >= 'a' && *word <= 'z') ||
			   (*word >= 'A' && *word <= 'Z') ||
			   strcmp(word, "-") == 0;

	*at += len;
	*at += **at == ' ';
	return starts_well ? word : NULL;
}

bool nft_identity_read(struct arena *arena, const char *comment,
		       struct identity *id)
{
	const char *rest = comment, *mark = name_in(arena, &rest);

	id->policy = name_in(arena, &rest);
	id->customer = name_in(arena, &rest);
	id->environment = name_in(arena, &rest);
	id->layer = name_in(arena, &rest);
	if (!mark || strcmp(mark, "firebreak") != 0 || !id->policy ||
	    !id->customer || !id->environment || !id->layer || *rest)
		return false;
	if (strcmp(id->customer, "-") == 0)
		id->customer = "";
	if (strcmp(id->layer, "-") == 0)
		id->layer = "";
	return true;
}

bool nft_same_part(const struct identity *a, const struct identity *b)
{
	return strcmp(a->policy, b->policy) == 0 &&
	       strcmp(a->customer, b->customer) == 0 &&
	       strcmp(a->environment, b->environment) == 0 &&
	       strcmp(a->layer, b->layer) == 0;
}

bool nft_identify(struct nft_reader *r, unsigned line, const char *comment)
{
	struct identity *id = &r->model->identity;

	if (!nft_identity_read(r->arena, comment, id))
		return nft_refuse(r, line, "the table's comment is not "
				  "`firebreak POLICY CUSTOMER ENVIRONMENT "
				  "LAYER`");
	if (strcmp(nft_table_name(id), r->table) != 0)
		return nft_refuse(r, line, "a ruleset of this kind is "
				  "in table `inet %s`", nft_table_name(id));
	return true;
}

static bool read_table_comment(struct nft_reader *r)
{
	const char *comment = NULL;

	if (r->model->identity.policy)
		return nft_refuse(r, r->now.line, "a second comment on the "
				  "table");
	if (!nft_take_string(r, &comment) ||
	    !nft_identify(r, r->now.line, comment))
		return false;
	return nft_end_statement(r);
}

/* --- the table --- */

static bool read_item(struct nft_reader *r)
{
	if (nft_accept(r, "comment"))
		return read_table_comment(r);
	if (nft_at(r, "set") || nft_at(r, "map"))
		return nft_read_set(r);
	if (nft_accept(r, "chain"))
		return read_chain(r);
	return nft_expected(r, "a set, a map or a chain");
}

/* One of our two tables; the same one each time it is named. */
static bool read_table_name(struct nft_reader *r)
{
	if (!nft_expect(r, "table") || !nft_expect(r, "inet"))
		return false;
	if (r->table)
		return nft_expect(r, r->table);
	r->table = nft_at(r, "firebreak_gateway") ? "firebreak_gateway"
						  : "firebreak";
	return nft_expect(r, r->table);
}

/*
 * An empty table and its deletion may come first, as a whole: without them the
 * file adds to a table of the same name that was loaded before.
 */
static bool read_opening(struct nft_reader *r)
{
	nft_skip_lines(r);
	if (!read_table_name(r))
		return false;
	if (nft_accept(r, "{"))
		return true;
	if (!nft_end_statement(r) || !nft_expect(r, "delete") ||
	    !read_table_name(r) || !nft_end_statement(r))
		return false;
	return read_table_name(r) && nft_expect(r, "{");
}

static bool read_table(struct nft_reader *r)
{
	if (!read_opening(r))
		return false;
	nft_skip_lines(r);
	while (!nft_at(r, "}"))
		if (!read_item(r))
			return false;
	nft_next(r);
	nft_skip_lines(r);
	if (r->now.kind != NFT_END)
		return nft_expected(r, "the end of the file: one table is "
				    "proved, and no other");
	if (!r->model->identity.policy)
		return nft_refuse(r, r->now.line, "the table has no comment "
				  "that says whose it is");
	return true;
}

/* --- what refers to what --- */

static bool fits(const struct nft_match *m, const struct nft_set *set)
{
	if (m->width != set->width)
		return false;
	for (unsigned i = 0; i < m->width; i++)
		if (nft_type_of(m->fields[i]) != set->types[i])
			return false;
	return true;
}

static bool resolve_match(struct nft_reader *r, struct nft_match *m,
			  bool wants_map)
{
	const struct nft_set *set;

	if (!m->set->name)
		return true;
	set = table_get_name(&r->sets, m->set->name);
	if (!set || set->is_map != wants_map)
		return nft_refuse(r, m->set->line, "there is no %s `%s`",
				  wants_map ? "map" : "set", m->set->name);
	if (!fits(m, set))
		return nft_refuse(r, m->set->line, "the keys of %s `%s` are "
				  "of another type", wants_map ? "map" : "set",
				  set->name);
	m->set = set;
	return true;
}

static bool resolve_target(struct nft_reader *r, enum nft_verdict verdict,
			   const char *target, unsigned line,
			   const struct nft_chain **out)
{
	if (verdict != NFT_JUMP)
		return true;
	*out = table_get_name(&r->chains, target);
	for (int hook = NFT_INPUT; hook < NFT_HOOKS; hook++)
		if (*out == &r->model->chains[hook])
			*out = NULL;
	return *out || nft_refuse(r, line, "there is no chain `%s` to jump to",
				  target);
}

static bool resolve_elements(struct nft_reader *r, const struct nft_set *map)
{
	for (size_t i = 0; i < map->elements.count; i++) {
		struct nft_element *e = &map->elements.at[i];

		if (!resolve_target(r, e->verdict, e->target, map->line,
				    &e->chain))
			return false;
	}
	return true;
}

static bool resolve_rule(struct nft_reader *r, struct nft_rule *rule)
{
	for (size_t i = 0; i < rule->matches.count; i++)
		if (!resolve_match(r, &rule->matches.at[i], false))
			return false;
	if (rule->map) {
		struct nft_match map = *rule->map;

		if (!resolve_match(r, &map, true) ||
		    !resolve_elements(r, map.set))
			return false;
		rule->map = nft_kept_match(r->arena, map);
	}
	return resolve_target(r, rule->verdict, rule->target, rule->line,
			      &rule->chain);
}

static bool resolve_chain(struct nft_reader *r, struct nft_chain *chain)
{
	for (size_t i = 0; i < chain->rules.count; i++)
		if (!resolve_rule(r, &chain->rules.at[i]))
			return false;
	return true;
}

bool nft_resolve(struct nft_reader *r)
{
	for (int hook = NFT_INPUT; hook < NFT_HOOKS; hook++)
		if (!resolve_chain(r, &r->model->chains[hook]))
			return false;
	for (size_t i = 0; i < r->model->others.count; i++)
		if (!resolve_chain(r, r->model->others.at[i]))
			return false;
	return true;
}

const struct nft_model *nft_read(struct arena *arena, struct diags *diags,
				 const char *name, const char *bytes,
				 size_t len)
{
	struct nft_reader r = {
		.arena = arena,
		.diags = diags,
		.lexer = nft_lexer_on(bytes, len),
		.model = arena_alloc(arena, sizeof *r.model),
		.sets = TABLE_IN(arena),
		.chains = TABLE_IN(arena),
	};

	r.model->file = name;
	nft_next(&r);
	if (!read_table(&r) || !nft_resolve(&r))
		return NULL;
	return r.model;
}
