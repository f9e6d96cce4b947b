/*
 * A ruleset as messages of a transaction: what is referred to comes before what
 * refers to it.
 */
#include "backends/nft/encoding.h"

#include "backends/nft/kernel.h"

#include <libnftnl/chain.h>
#include <libnftnl/table.h>
#include <string.h>

/* --- what libnftnl makes --- */

void *nft_made(struct nft_encoding *e, void *object)
{
	if (!object)
		arena_refuse(e->batch->arena, "memory ended");
	return object;
}

const char *nft_own_name(struct nft_encoding *e, const char *name)
{
	return arena_printf(e->batch->arena, "%s%s", name, e->suffix);
}

const char *nft_kind_and_name(struct nft_encoding *e, const char *kind,
			      const char *name)
{
	return arena_printf(e->batch->arena, "%s `%s`", kind, name);
}

/* TEXT as nft keeps comments: type 0, then a length, then a string. */
size_t nft_comment_bytes(uint8_t out[2 + 256], const char *text)
{
	size_t len = strlen(text) + 1;

	if (len > NFT_COMMENT_MOST + 1)
		len = 0;
	out[0] = 0;
	out[1] = (uint8_t)len;
	memcpy(out + 2, text, len);
	return len ? len + 2 : 0;
}

/* --- tables and chains --- */

void nft_encode_table(struct nft_encoding *e, const struct identity *id)
{
	const char *comment = nft_identity_comment(e->batch->arena, id);
	struct nlmsghdr *m = nft_batch_message(e->batch, NFT_MSG_NEWTABLE,
		NFPROTO_INET, NLM_F_CREATE,
		(struct nft_about){ .what = nft_kind_and_name(e, "table",
							      e->table) });
	struct nftnl_table *t = nft_made(e, nftnl_table_alloc());
	uint8_t userdata[2 + 256];
	size_t len = nft_comment_bytes(userdata, comment);

	nftnl_table_set_str(t, NFTNL_TABLE_NAME, e->table);
	nftnl_table_set_data(t, NFTNL_TABLE_USERDATA, userdata, (uint32_t)len);
	nftnl_table_nlmsg_build_payload(m, t);
	nftnl_table_free(t);
	nft_batch_add(e->batch, m);
}

static const uint32_t hook_numbers[NFT_HOOKS] = {
	[NFT_INPUT]	  = NF_INET_LOCAL_IN,
	[NFT_OUTPUT]	  = NF_INET_LOCAL_OUT,
	[NFT_FORWARD]	  = NF_INET_FORWARD,
	[NFT_POSTROUTING] = NF_INET_POST_ROUTING,
};

/* CHAIN as NAME; NULL for one of a hook, which every ruleset has. */
static void send_chain(struct nft_encoding *e, struct nftnl_chain *c,
		       const char *name, const struct nft_chain *chain)
{
	struct nlmsghdr *m = nft_batch_message(e->batch, NFT_MSG_NEWCHAIN,
		NFPROTO_INET, NLM_F_CREATE,
		(struct nft_about){ .what = nft_kind_and_name(e, "chain", name),
				    .chain = chain });

	nftnl_chain_set_str(c, NFTNL_CHAIN_TABLE, e->table);
	nftnl_chain_set_str(c, NFTNL_CHAIN_NAME, name);
	nftnl_chain_nlmsg_build_payload(m, c);
	nftnl_chain_free(c);
	nft_batch_add(e->batch, m);
}

void nft_encode_base_chain(struct nft_encoding *e, enum nft_hook hook,
			   const struct nft_chain *chain)
{
	struct nftnl_chain *c = nft_made(e, nftnl_chain_alloc());

	nftnl_chain_set_str(c, NFTNL_CHAIN_TYPE,
			    hook == NFT_POSTROUTING ? "nat" : "filter");
	nftnl_chain_set_u32(c, NFTNL_CHAIN_HOOKNUM, hook_numbers[hook]);
	nftnl_chain_set_s32(c, NFTNL_CHAIN_PRIO, chain->priority);
	nftnl_chain_set_u32(c, NFTNL_CHAIN_POLICY, chain->policy == NFT_ACCEPT
			    ? NF_ACCEPT : NF_DROP);
	send_chain(e, c, chain->name, NULL);
}

static void encode_chain(struct nft_encoding *e, const char *name,
			 const struct nft_chain *chain)
{
	send_chain(e, nft_made(e, nftnl_chain_alloc()), nft_own_name(e, name),
		   chain);
}

/* --- the whole --- */

static void encode_rules(struct nft_encoding *e, const struct nft_chain *chain)
{
	const char *name = nft_own_name(e, chain->name);

	for (size_t i = 0; i < chain->rules.count; i++)
		nft_encode_rule(e, name, &chain->rules.at[i]);
}

void nft_encode_body(struct nft_encoding *e, const struct nft_model *model)
{
	for (size_t i = 0; i < model->others.count; i++)
		encode_chain(e, model->others.at[i]->name,
			     model->others.at[i]);
	for (int hook = NFT_INPUT; hook < NFT_HOOKS; hook++)
		if (model->chains[hook].present)
			encode_chain(e, model->chains[hook].name, NULL);
	for (size_t i = 0; i < model->sets.count; i++)
		(void)nft_encode_set(e, model->sets.at[i],
				 nft_own_name(e, model->sets.at[i]->name));
	for (size_t i = 0; i < model->others.count; i++)
		encode_rules(e, model->others.at[i]);
	for (int hook = NFT_INPUT; hook < NFT_HOOKS; hook++)
		encode_rules(e, &model->chains[hook]);
}

/* At the head, so the last one comes first. */
void nft_encode_switch(struct nft_encoding *e, const struct nft_chain *chain)
{
	nft_encode_verdict(e, chain->name, chain->policy, NULL);
	nft_encode_verdict(e, chain->name, NFT_JUMP,
			   nft_own_name(e, chain->name));
}
