/* Chains of others beside a ruleset of ours: what they have to do with it. */
#ifndef FIREBREAK_BACKENDS_NFT_BESIDE_H
#define FIREBREAK_BACKENDS_NFT_BESIDE_H

#include <stdbool.h>

/* A base chain, by nft's words: "inet", "prerouting", "nat". */
struct nft_beside {
	const char *family, *hook, *type;
};

/*
 * What such a chain does to packets that a host's ruleset judges, or a
 * GATEWAY's: the end of "table … has the chain …"; NULL: nothing.
 */
const char *nft_beside(const struct nft_beside *chain, bool gateway);

#endif
