/* Chains of others on the hooks of a ruleset: what they drop stays dropped. */
#include "backends/nft/apply.h"

#include "backends/nft/kernel.h"

#include <errno.h>
#include <libnftnl/chain.h>
#include <string.h>

struct search {
	const struct job *job;
	const char *table;
	bool gateway;
};

static bool is_on_hook(const struct search *s, uint32_t number)
{
	if (s->gateway)
		return number == NF_INET_FORWARD ||
		       number == NF_INET_POST_ROUTING;
	return number == NF_INET_LOCAL_IN || number == NF_INET_LOCAL_OUT;
}

static int tell_chain(const struct nlmsghdr *m, void *context)
{
	struct search *s = context;
	struct nftnl_chain *c = nftnl_chain_alloc();
	bool read = c && nftnl_chain_nlmsg_parse(m, c) >= 0;
	const char *table = read ? nftnl_chain_get_str(c, NFTNL_CHAIN_TABLE)
				 : NULL;
	uint32_t family = read ? nftnl_chain_get_u32(c, NFTNL_CHAIN_FAMILY) : 0;

	if (table && nftnl_chain_is_set(c, NFTNL_CHAIN_HOOKNUM) &&
	    (family == NFPROTO_INET || family == NFPROTO_IPV4 ||
	     family == NFPROTO_IPV6) &&
	    strcmp(table, s->table) != 0 &&
	    is_on_hook(s, nftnl_chain_get_u32(c, NFTNL_CHAIN_HOOKNUM)))
		diag_add(s->job->diags, P0605, (struct span){ 0, 0 },
			 "table `%s` has the chain `%s` on the same hook: what it drops stays dropped",
			 table, nftnl_chain_get_str(c, NFTNL_CHAIN_NAME));
	nftnl_chain_free(c);
	return read ? MNL_CB_OK : MNL_CB_ERROR;
}

void nft_apply_tell_others(struct nft_link *link, const struct job *job,
			   const char *table, bool gateway)
{
	struct search s = { job, table, gateway };

	if (!nft_link_dump(link, NFT_MSG_GETCHAIN, NFPROTO_UNSPEC, NULL, NULL,
			   tell_chain, &s))
		diag_add(job->diags, P0605, (struct span){ 0, 0 },
			 "the chains of other tables cannot be listed: %s",
			 strerror(errno));
}
