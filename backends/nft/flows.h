/*
 * Connections that were admitted once, and that a ruleset no longer admits: it
 * goes on passing what is established until they end or are ended.
 */
#ifndef FIREBREAK_BACKENDS_NFT_FLOWS_H
#define FIREBREAK_BACKENDS_NFT_FLOWS_H

#include "backends/nft/model.h"
#include "backends/nft/netlink.h"

/*
 * The flows that this host of LAYER, or gateway for "", tracks and that the
 * policy does not admit there, into *OUT; and ended.  False: told as P06.
 */
bool nft_flows_tell(struct nft_link *link, const struct job *job,
		    const char *layer, struct live_flows *out);
bool nft_flows_end(struct nft_link *link, const struct job *job,
		   const char *layer, struct live_flows *out);

#endif
