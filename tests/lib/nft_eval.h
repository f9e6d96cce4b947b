/*
 * A ruleset text asked about one packet at a time, by nft(8) and with nothing
 * of the compiler's: the naive reader beside the backend's own.
 */
#ifndef FIREBREAK_TESTS_LIB_NFT_EVAL_H
#define FIREBREAK_TESTS_LIB_NFT_EVAL_H

#include "compiler/pset.h"

/* A packet on a hook, with what else a rule can see of it. */
struct nft_sight {
	const char *hook;	/* "input", "output", "forward", "postrouting" */
	bool loopback, ipsec;
	const char *state;	/* "new", "established", ... */
	unsigned hop_limit, source_port;
	struct packet packet;
};

struct nft_eval;

/* NULL when there is anything in TEXT that it does not know. */
const struct nft_eval *nft_eval_read(struct arena *arena, const char *text);

/* Does it get through? */
bool nft_eval_accepts(const struct nft_eval *eval,
		      const struct nft_sight *sight);

/* Does it get another source, and of which addresses? */
bool nft_eval_translates(const struct nft_eval *eval,
			 const struct nft_sight *sight, struct range *to);

#endif
