/*
 * The kernel's own rules, expression by expression, as the model that denote.c
 * gives a meaning.  Knows nothing of how rules are written: whoever loaded them.
 */
#ifndef FIREBREAK_BACKENDS_NFT_DECODE_H
#define FIREBREAK_BACKENDS_NFT_DECODE_H

#include "backends/nft/model.h"
#include "backends/nft/netlink.h"

enum nft_found {
	NFT_FOUND,
	NFT_ABSENT,		/* there is no such table */
	NFT_UNCLEAR,		/* told: of what is not understood nothing is proved */
	NFT_UNREADABLE,		/* told: the kernel does not answer */
};

/* The table TABLE of family inet, as at one moment. */
enum nft_found nft_decode(struct nft_link *link, struct arena *arena,
			  struct diags *diags, const char *table,
			  const struct nft_model **out);

#endif
