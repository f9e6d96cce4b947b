/*
 * Boxes that overlap each other, directly or through others.  What overlaps
 * nothing can be written as it is; only the rest has to be cut up.
 */
#ifndef FIREBREAK_BACKENDS_NFT_CLUSTER_H
#define FIREBREAK_BACKENDS_NFT_CLUSTER_H

#include "compiler/pset.h"

/*
 * For each of BOXES the number of its cluster, which is the lowest index of a
 * box in it.  Time: a sort for each field, and the pairs that may overlap in the
 * field that tells most apart.
 */
const size_t *nft_clusters_of(struct arena *arena, const struct boxes *boxes);

#endif
