/* Chains of others that packets of a ruleset meet too, as the kernel has them. */
#include "backends/nft/apply.h"

#include "backends/nft/beside.h"
#include "backends/nft/kernel.h"

#include <errno.h>
#include <libnftnl/chain.h>
#include <string.h>

struct search {
	const struct job *job;
	bool gateway;
};

/* Of family inet: one of the two, each of which is proved for itself. */
static bool is_ours(const char *table)
{
	static const struct identity host = { .layer = "x" },
				     gateway = { .layer = "" };

	return strcmp(table, nft_table_name(&host)) == 0 ||
	       strcmp(table, nft_table_name(&gateway)) == 0;
}

static const char *family_word(uint32_t family)
{
	switch (family) {
	case NFPROTO_INET:   return "inet";
	case NFPROTO_IPV4:   return "ip";
	case NFPROTO_IPV6:   return "ip6";
	case NFPROTO_NETDEV: return "netdev";
	case NFPROTO_BRIDGE: return "bridge";
	case NFPROTO_ARP:    return "arp";
	default:	     return "?";
	}
}

/* Those of inet, ip and ip6; of the others the family says enough. */
static const char *hook_word(uint32_t number)
{
	switch (number) {
	case NF_INET_PRE_ROUTING:  return "prerouting";
	case NF_INET_LOCAL_IN:	   return "input";
	case NF_INET_FORWARD:	   return "forward";
	case NF_INET_LOCAL_OUT:	   return "output";
	case NF_INET_POST_ROUTING: return "postrouting";
	case NF_INET_INGRESS:	   return "ingress";
	default:		   return "?";
	}
}

static void look_at(const struct search *s, struct nftnl_chain *c)
{
	const char *table = nftnl_chain_get_str(c, NFTNL_CHAIN_TABLE);
	const char *type = nftnl_chain_get_str(c, NFTNL_CHAIN_TYPE);
	uint32_t family = nftnl_chain_get_u32(c, NFTNL_CHAIN_FAMILY);
	struct nft_beside chain = {
		family_word(family),
		hook_word(nftnl_chain_get_u32(c, NFTNL_CHAIN_HOOKNUM)),
		type ? type : "" };
	const char *does;

	if (!table || !nftnl_chain_is_set(c, NFTNL_CHAIN_HOOKNUM) ||
	    (family == NFPROTO_INET && is_ours(table)))
		return;
	does = nft_beside(&chain, s->gateway);
	if (does)
		diag_add(s->job->diags, P0605, (struct span){ 0, 0 },
			 "table `%s %s` has the chain `%s` %s", chain.family,
			 table, nftnl_chain_get_str(c, NFTNL_CHAIN_NAME), does);
}

static int tell_chain(const struct nlmsghdr *m, void *context)
{
	struct nftnl_chain *c = nftnl_chain_alloc();
	bool read = c && nftnl_chain_nlmsg_parse(m, c) >= 0;

	if (read)
		look_at(context, c);
	nftnl_chain_free(c);
	return read ? MNL_CB_OK : MNL_CB_ERROR;
}

void nft_apply_tell_others(struct nft_link *link, const struct job *job,
			   bool gateway)
{
	struct search s = { job, gateway };

	if (!nft_link_dump(link, NFT_MSG_GETCHAIN, NFPROTO_UNSPEC, NULL, NULL,
			   tell_chain, &s))
		diag_add(job->diags, P0605, (struct span){ 0, 0 },
			 "the chains of other tables cannot be listed: %s",
			 strerror(errno));
}
