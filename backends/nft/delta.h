/*
 * Single elements instead of a whole ruleset, where the generation that runs
 * differs from the new one in nothing but keys of hashes.
 *
 * One transaction adds and takes away: a packet meets the old keys or the new
 * ones, and the same must hold for all that one packet looks up.  So there is a
 * delta only when
 *
 *  - every rule, chain and set, their comments included, and every element of
 *    all other sets are there and nothing else is: sets of ranges that are in
 *    use are never changed, for older kernels then miss keys that are in them,
 *    and a key that is taken out of one costs milliseconds;
 *  - no packet looks into two sets that change: the kernel turns each lookup to
 *    the new generation for itself, so that it could see the old one in the
 *    first and the new one in the second, and be lost between them;
 *  - no key is both taken away and added, with another comment or verdict: before
 *    Linux 6.17 a lookup that has begun can find neither;
 *  - the sets have room, and what changes is little beside what stays.
 */
#ifndef FIREBREAK_BACKENDS_NFT_DELTA_H
#define FIREBREAK_BACKENDS_NFT_DELTA_H

#include "backends/nft/contents.h"
#include "backends/nft/model.h"
#include "backends/nft/stock.h"

/* What changes in one set. */
struct nft_set_delta {
	const char *name;
	struct nft_set set;	/* the model's, but only with what is added */
	LIST(struct nft_item) added, removed;
};

struct nft_delta {
	const char *table;
	unsigned number;	/* the generation that it is a change of */
	LIST(struct nft_set_delta) sets;
	size_t added, removed;	/* elements of all sets */
};

/*
 * What to change in the generation NUMBER of the table that V is the stock of, so
 * that it is MODEL.  False: it takes more than elements.
 */
bool nft_delta_find(struct nft_link *link, const struct nft_stock *v,
		    unsigned number, const struct nft_model *model,
		    struct nft_delta *out);

enum nft_direction { NFT_FORTH, NFT_BACK };

/* Change it, or change it back, while the ruleset is at GENERATION. */
enum nft_outcome nft_delta_send(struct nft_link *link, struct arena *arena,
				uint32_t generation,
				const struct nft_delta *delta,
				enum nft_direction direction,
				struct nft_refusal *why);

#endif
