/* Which state of which table it is, without reading what is in it. */
#ifndef FIREBREAK_BACKENDS_NFT_MOMENT_H
#define FIREBREAK_BACKENDS_NFT_MOMENT_H

#include "backends/backend.h"
#include "backends/nft/netlink.h"

/* False: nobody can say, or there is no such table. */
bool nft_moment(struct nft_link *link, const char *table,
		struct live_moment *out);

#endif
