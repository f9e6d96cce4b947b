/*
 * What a table of ours has in the kernel: names and handles, no contents.
 */
#include "backends/nft/stock.h"

#include "backends/nft/kernel.h"
#include "backends/nft/refusal.h"

#include <errno.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <stdlib.h>
#include <string.h>

static const char *kept(struct nft_stock *v, const char *text)
{
	return text ? arena_copy(v->arena, text, strlen(text)) : "";
}

static bool is_ours(const struct nft_stock *v, uint32_t family,
		    const char *table)
{
	return family == NFPROTO_INET && table && strcmp(table, v->table) == 0;
}

static int take_table(const struct nlmsghdr *m, void *context)
{
	struct nft_stock *v = context;
	struct nftnl_table *t = nftnl_table_alloc();
	bool read = t && nftnl_table_nlmsg_parse(m, t) >= 0;

	if (read && is_ours(v, nftnl_table_get_u32(t, NFTNL_TABLE_FAMILY),
			    nftnl_table_get_str(t, NFTNL_TABLE_NAME))) {
		uint32_t len = 0;
		const uint8_t *userdata = nftnl_table_get_data(t,
			NFTNL_TABLE_USERDATA, &len);

		v->found = true;
		/* nft's comment: its type, its length, a string */
		v->comment = userdata && len > 2 && userdata[len - 1] == 0
			? kept(v, (const char *)userdata + 2) : "";
	}
	nftnl_table_free(t);
	return read ? MNL_CB_OK : MNL_CB_ERROR;
}

static int take_chain(const struct nlmsghdr *m, void *context)
{
	struct nft_stock *v = context;
	struct nftnl_chain *c = nftnl_chain_alloc();
	bool read = c && nftnl_chain_nlmsg_parse(m, c) >= 0;

	if (read && is_ours(v, nftnl_chain_get_u32(c, NFTNL_CHAIN_FAMILY),
			    nftnl_chain_get_str(c, NFTNL_CHAIN_TABLE)))
		*LIST_PUSH(v->arena, &v->chains) = (struct nft_held_chain){
			kept(v, nftnl_chain_get_str(c, NFTNL_CHAIN_NAME)),
			nftnl_chain_is_set(c, NFTNL_CHAIN_HOOKNUM),
			nftnl_chain_get_u32(c, NFTNL_CHAIN_HOOKNUM),
			nftnl_chain_get_s32(c, NFTNL_CHAIN_PRIO),
			kept(v, nftnl_chain_get_str(c, NFTNL_CHAIN_TYPE)) };
	nftnl_chain_free(c);
	return read ? MNL_CB_OK : MNL_CB_ERROR;
}

static int take_set(const struct nlmsghdr *m, void *context)
{
	struct nft_stock *v = context;
	struct nftnl_set *s = nftnl_set_alloc();
	bool read = s && nftnl_set_nlmsg_parse(m, s) >= 0;

	/* sets without a name of their own go with their rules */
	if (read && is_ours(v, nftnl_set_get_u32(s, NFTNL_SET_FAMILY),
			    nftnl_set_get_str(s, NFTNL_SET_TABLE)) &&
	    !(nftnl_set_get_u32(s, NFTNL_SET_FLAGS) & NFT_SET_ANONYMOUS))
		*LIST_PUSH(v->arena, &v->sets) =
			kept(v, nftnl_set_get_str(s, NFTNL_SET_NAME));
	nftnl_set_free(s);
	return read ? MNL_CB_OK : MNL_CB_ERROR;
}

/* The target of a rule that is one jump. */
static int take_jump(struct nftnl_expr *x, void *context)
{
	const char **to = context;
	const char *kind = nftnl_expr_get_str(x, NFTNL_EXPR_NAME);

	if (kind && strcmp(kind, "immediate") == 0 &&
	    nftnl_expr_is_set(x, NFTNL_EXPR_IMM_CHAIN))
		*to = nftnl_expr_get_str(x, NFTNL_EXPR_IMM_CHAIN);
	return -1;		/* the first expression is all we want */
}

static int take_rule(const struct nlmsghdr *m, void *context)
{
	struct nft_stock *v = context;
	struct nftnl_rule *r = nftnl_rule_alloc();
	bool read = r && nftnl_rule_nlmsg_parse(m, r) >= 0;
	const char *to = NULL;

	if (read && is_ours(v, nftnl_rule_get_u32(r, NFTNL_RULE_FAMILY),
			    nftnl_rule_get_str(r, NFTNL_RULE_TABLE))) {
		(void)nftnl_expr_foreach(r, take_jump, &to);
		*LIST_PUSH(v->arena, &v->rules) = (struct nft_held_rule){
			nftnl_rule_get_u64(r, NFTNL_RULE_HANDLE),
			kept(v, nftnl_rule_get_str(r, NFTNL_RULE_CHAIN)),
			to ? kept(v, to) : NULL };
	}
	nftnl_rule_free(r);
	return read ? MNL_CB_OK : MNL_CB_ERROR;
}

static bool take_stock(struct nft_link *link, struct nft_stock *v)
{
	return nft_link_settled(link, &v->generation) &&
	       nft_link_dump(link, NFT_MSG_GETTABLE, NFPROTO_INET, NULL, NULL,
			     take_table, v) &&
	       (!v->found ||
		(nft_link_dump(link, NFT_MSG_GETCHAIN, NFPROTO_INET, NULL,
			       NULL, take_chain, v) &&
		 nft_link_dump(link, NFT_MSG_GETSET, NFPROTO_INET, v->table,
			       NULL, take_set, v) &&
		 nft_link_dump(link, NFT_MSG_GETRULE, NFPROTO_INET, v->table,
			       NULL, take_rule, v)));
}

/* Into *V; read again while others change the ruleset. */
bool nft_stock_take(struct nft_link *link, struct arena *arena,
		    struct diags *diags, const char *table,
		    struct nft_stock *v)
{
	for (int i = 0; i < NFT_TRIES; i++) {
		*v = (struct nft_stock){ .arena = arena, .table = table };
		if (take_stock(link, v))
			return true;
		if (errno != EINTR)
			break;
	}
	return nft_tell_no_answer(diags, "to list its ruleset", errno);
}

/* --- generations --- */

/* The number behind "_g" at the end of NAME; 0: none of ours. */
unsigned nft_number_of(const char *name)
{
	const char *mark = strrchr(name, '_');
	unsigned long number;
	char *end;

	if (!mark || mark[1] != 'g' || mark[2] < '1' || mark[2] > '9')
		return 0;
	number = strtoul(mark + 2, &end, 10);
	return *end || number > 1000000000 ? 0 : (unsigned)number;
}

unsigned nft_last_number(const struct nft_stock *v)
{
	unsigned last = 0;

	for (size_t i = 0; i < v->chains.count; i++)
		if (nft_number_of(v->chains.at[i].name) > last)
			last = nft_number_of(v->chains.at[i].name);
	for (size_t i = 0; i < v->sets.count; i++)
		if (nft_number_of(v->sets.at[i]) > last)
			last = nft_number_of(v->sets.at[i]);
	return last;
}

bool nft_is_base(const struct nft_stock *v, const char *name)
{
	for (size_t i = 0; i < v->chains.count; i++)
		if (strcmp(v->chains.at[i].name, name) == 0)
			return v->chains.at[i].base;
	return false;
}

/* The first rule of the chain NAME, or NULL. */
const struct nft_held_rule *nft_first_of(const struct nft_stock *v,
					const char *name)
{
	for (size_t i = 0; i < v->rules.count; i++)
		if (strcmp(v->rules.at[i].chain, name) == 0)
			return &v->rules.at[i];
	return NULL;
}

/*
 * The generation that the base chains jump to; 0: none, or not all the same,
 * which a switch never leaves behind.
 */
unsigned nft_current_number(const struct nft_stock *v)
{
	unsigned number = 0;

	for (size_t i = 0; i < v->chains.count; i++) {
		const struct nft_held_rule *first;
		unsigned own;

		if (!v->chains.at[i].base)
			continue;
		first = nft_first_of(v, v->chains.at[i].name);
		own = first && first->jumps_to ? nft_number_of(first->jumps_to) : 0;
		if (!own || (number && own != number))
			return 0;
		number = own;
	}
	return number;
}

/* Does some rule of a base chain lead to a generation? */
bool nft_is_any_in_use(const struct nft_stock *v)
{
	for (size_t i = 0; i < v->rules.count; i++) {
		const struct nft_held_rule *rule = &v->rules.at[i];

		if (nft_is_base(v, rule->chain) && rule->jumps_to &&
		    nft_number_of(rule->jumps_to))
			return true;
	}
	return false;
}

