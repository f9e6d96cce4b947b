/* The expressions of one live rule, as decode.c hands them over. */
#ifndef FIREBREAK_BACKENDS_NFT_EXPR_H
#define FIREBREAK_BACKENDS_NFT_EXPR_H

#include "backends/nft/model.h"
#include "backends/nft/netlink.h"
#include "compiler/base/table.h"

#include <libnftnl/rule.h>

/* An element, or, ENDS, only the place where the one before it ends. */
struct nft_live_element {
	struct nft_element element;
	bool ends;
	const uint8_t *raw;	/* of a set that does not say its fields */
};

/* Numbers of its elements are in network order, whatever the field is. */
struct nft_live_set {
	struct nft_set set;
	unsigned lens[NFT_KEY_MOST];	/* bytes of each field */
	/*
	 * The key is so many bytes, whatever is in them: nft 1.0.6 does not tell
	 * the kernel the fields of a hash.  What is looked up says what they are.
	 */
	bool plain;
	unsigned key_len;
	LIST(struct nft_live_element) found;
};

struct nft_decoder {
	struct nft_link *link;
	struct arena *arena;
	struct diags *diags;
	const char *table, *comment;
	bool found;
	const char *why;		/* the first thing that is not understood */
	struct table sets, chains;	/* by name */
	LIST(struct nft_live_set *) all_sets;
	struct nft_live_set *filling;
	struct nft_model *model;
};

/* The kernel's number of a verdict; false: not one that is understood. */
bool nft_verdict_of(struct nft_decoder *d, uint32_t number, const char *chain,
		    enum nft_verdict *out, const struct nft_chain **to);

/* Decode R; why it cannot be, or NULL. */
const char *nft_rule_decode(struct nft_decoder *d, struct nftnl_rule *r,
			    struct nft_rule *out);

#endif
