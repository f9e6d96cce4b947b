/* A ruleset as messages of a transaction. */
#ifndef FIREBREAK_BACKENDS_NFT_ENCODE_H
#define FIREBREAK_BACKENDS_NFT_ENCODE_H

#include "backends/nft/model.h"
#include "backends/nft/netlink.h"

struct nft_encoding {
	struct nft_batch *batch;
	const char *table;
	const char *suffix;	/* behind the name of every set and chain */
};

/* The table, if there is none; with the comment of ID. */
void nft_encode_table(struct nft_encoding *e, const struct identity *id);

/* A base chain by its name alone, if there is none. */
void nft_encode_base_chain(struct nft_encoding *e, enum nft_hook hook,
			   const struct nft_chain *chain);

/*
 * Everything of MODEL that only its own rules refer to: sets, their elements,
 * and chains, those of the hooks too, which nothing jumps to yet.
 */
void nft_encode_body(struct nft_encoding *e, const struct nft_model *model);

/* In front of whatever CHAIN has: jump to its body, and then its policy. */
void nft_encode_switch(struct nft_encoding *e, const struct nft_chain *chain);

#endif
