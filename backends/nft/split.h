/*
 * A set of boxes too large to look up at once, parted along one of its fields.
 * A lookup among concatenated ranges takes time in proportion to their number;
 * one among the parts of a line does not.
 */
#ifndef FIREBREAK_BACKENDS_NFT_SPLIT_H
#define FIREBREAK_BACKENDS_NFT_SPLIT_H

#include "backends/nft/model.h"

enum { NFT_BUCKET = 500 };	/* elements of a part, if cuts allow it */

struct nft_part {
	struct range range;	/* of the field; parts are disjoint, ascending */
	struct nft_element *at;
	size_t count;
};

struct nft_split {
	unsigned field;		/* 0: sources, 1: destinations */
	LIST(struct nft_part) parts;
	/* too wide for any part: to be looked up besides */
	struct nft_element *wide;
	size_t wide_count;
};

/*
 * Part COUNT ELEMENTS, which are reordered, along the field that leaves the
 * least to look through.  False when no field is any good.
 */
bool nft_split(struct arena *arena, struct nft_element *elements, size_t count,
	       struct nft_split *out);

#endif
