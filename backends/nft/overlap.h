/*
 * Does a set of ranges overlap itself?  The kernel does not load such a set,
 * or, depending on the order of its elements, only part of it.
 */
#ifndef FIREBREAK_BACKENDS_NFT_OVERLAP_H
#define FIREBREAK_BACKENDS_NFT_OVERLAP_H

#include "backends/nft/model.h"

/*
 * An element of SET that shares a key with another one, or NULL.  Time: one
 * sort, and the pairs that overlap in the field that tells most apart.
 */
const struct nft_element *nft_set_overlap(struct arena *arena,
					  const struct nft_set *set);

#endif
