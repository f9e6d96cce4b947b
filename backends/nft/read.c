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

static bool read_hook(struct nft_reader *r, struct nft_chain **out)
{
	static const char *const before[] = { "type", "filter", "hook", NULL };
	static const struct nft_choice hooks[] = {
		{ "input", NFT_INPUT }, { "output", NFT_OUTPUT }, { 0 }
	};
	unsigned line = r->now.line;
	int hook;

	if (!nft_expect_words(r, before))
		return false;
	if (!nft_choose(r, hooks, &hook))
		return nft_expected(r, "`input` or `output`");
	*out = &r->model->chains[hook];
	if ((*out)->present)
		return nft_refuse(r, line, "a second chain on one hook");
	(*out)->present = true;
	if (!nft_expect(r, "priority"))
		return false;
	if (!nft_accept(r, "filter") && !nft_accept(r, "0"))
		return nft_expected(r, "`filter`");
	return nft_end_statement(r);
}

static bool read_policy(struct nft_reader *r, struct nft_chain *chain)
{
	chain->policy = NFT_ACCEPT;	/* nft(8): when none is given */
	if (!nft_accept(r, "policy"))
		return true;
	return nft_take_verdict(r, &chain->policy) && nft_end_statement(r);
}

/* Chains of one name are one chain to nft, which cannot have two hooks. */
static bool is_new_name(struct nft_reader *r, const struct nft_chain *chain,
			unsigned line)
{
	for (int hook = 0; hook < NFT_HOOKS; hook++) {
		const struct nft_chain *other = &r->model->chains[hook];

		if (other != chain && other->present &&
		    strcmp(other->name, chain->name) == 0)
			return nft_refuse(r, line, "a second chain of that name");
	}
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
	if (!read_hook(r, &chain) || !read_policy(r, chain))
		return false;
	chain->name = name;
	if (!is_new_name(r, chain, line))
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

static bool identify(struct nft_reader *r, const char *comment)
{
	struct identity *id = &r->model->identity;
	const char *rest = comment, *mark = name_in(r->arena, &rest);

	id->policy = name_in(r->arena, &rest);
	id->customer = name_in(r->arena, &rest);
	id->environment = name_in(r->arena, &rest);
	id->layer = name_in(r->arena, &rest);
	if (!mark || strcmp(mark, "firebreak") != 0 || !id->policy ||
	    !id->customer || !id->environment || !id->layer || *rest)
		return nft_refuse(r, r->now.line, "the table's comment is not "
				  "`firebreak POLICY CUSTOMER ENVIRONMENT "
				  "LAYER`");
	if (strcmp(id->customer, "-") == 0)
		id->customer = "";
	return true;
}

static bool read_table_comment(struct nft_reader *r)
{
	const char *comment = NULL;

	if (r->model->identity.policy)
		return nft_refuse(r, r->now.line, "a second comment on the "
				  "table");
	if (!nft_take_string(r, &comment) || !identify(r, comment))
		return false;
	return nft_end_statement(r);
}

/* --- the table --- */

static bool read_item(struct nft_reader *r)
{
	if (nft_accept(r, "comment"))
		return read_table_comment(r);
	if (nft_accept(r, "set"))
		return nft_read_set(r);
	if (nft_accept(r, "chain"))
		return read_chain(r);
	return nft_expected(r, "a set or a chain");
}

static bool read_table_name(struct nft_reader *r)
{
	static const char *const name[] = { "inet", "firebreak", NULL };

	return nft_expect(r, "table") && nft_expect_words(r, name);
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

static bool resolve_match(struct nft_reader *r, struct nft_match *m)
{
	const struct nft_set *set;

	if (!m->set->name)
		return true;
	set = table_get_name(&r->sets, m->set->name);
	if (!set)
		return nft_refuse(r, m->set->line, "there is no set `%s`",
				 m->set->name);
	if (!fits(m, set))
		return nft_refuse(r, m->set->line, "the keys of set `%s` are "
				  "of another type", set->name);
	m->set = set;
	return true;
}

static bool resolve_chain(struct nft_reader *r, struct nft_chain *chain)
{
	for (size_t i = 0; i < chain->rules.count; i++)
		for (size_t j = 0; j < chain->rules.at[i].matches.count; j++)
			if (!resolve_match(r, &chain->rules.at[i].matches.at[j]))
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
	};

	r.model->file = name;
	nft_next(&r);
	if (!read_table(&r))
		return NULL;
	for (int hook = NFT_INPUT; hook < NFT_HOOKS; hook++)
		if (!resolve_chain(&r, &r.model->chains[hook]))
			return NULL;
	return r.model;
}
