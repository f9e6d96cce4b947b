/*
 * What a table of ours has in the kernel, by name and handle: enough to see
 * which generation is in force, and to delete all others.
 */
#ifndef FIREBREAK_BACKENDS_NFT_STOCK_H
#define FIREBREAK_BACKENDS_NFT_STOCK_H

#include "backends/nft/netlink.h"
#include "compiler/base/diag.h"

enum { NFT_TRIES = 8 };	/* while others change the ruleset, too */

struct nft_held_rule {
	uint64_t handle;
	const char *chain;
	const char *jumps_to;	/* its first expression is this jump; or NULL */
};

struct nft_held_chain {
	const char *name;
	bool base;
	uint32_t hook;
	int32_t priority;
	const char *type;
};

struct nft_stock {
	struct arena *arena;
	const char *table;
	bool found;
	const char *comment;	/* whose the table is; "" when it does not say */
	uint32_t generation;	/* of the kernel's ruleset */
	LIST(struct nft_held_chain) chains;
	LIST(const char *) sets;
	LIST(struct nft_held_rule) rules;	/* of a chain in their order */
};

/* Into *OUT, as at one moment.  False: told. */
bool nft_stock_take(struct nft_link *link, struct arena *arena,
		    struct diags *diags, const char *table,
		    struct nft_stock *out);

/* The number behind "_g" at the end of NAME; 0: none of ours. */
unsigned nft_number_of(const char *name);

/* The highest number that anything has; 0: there is none. */
unsigned nft_last_number(const struct nft_stock *v);

/*
 * The generation that the base chains jump to; 0: none, or not all the same,
 * which a switch never leaves behind.
 */
unsigned nft_current_number(const struct nft_stock *v);

/* Does some rule of a base chain lead to a generation? */
bool nft_is_any_in_use(const struct nft_stock *v);

bool nft_is_base(const struct nft_stock *v, const char *name);

/* The first rule of the chain NAME, or NULL. */
const struct nft_held_rule *nft_first_of(const struct nft_stock *v,
					 const char *name);

#endif
