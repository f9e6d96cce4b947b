/*
 * What a host of a layer, or a gateway, should let pass: the policy's meaning
 * at its addresses and the base set, context by context.  The other half of
 * every comparison; it knows no ruleset.
 */
#ifndef FIREBREAK_BACKENDS_NFT_EXPECT_H
#define FIREBREAK_BACKENDS_NFT_EXPECT_H

#include "backends/nft/context.h"

/* The claim about one hook and family of the hosts of a layer, or a gateway. */
struct nft_claim {
	enum nft_hook hook;
	enum family family;
	bool strict;
	struct boxes permitted;	/* by the policy, for what opens a connection */
	/* networks `via vpn`: nothing from there passes a gateway in clear */
	struct ranges vpn;
};

struct nft_claim nft_claim_of(const struct job *job, uint32_t layer,
			      enum nft_hook hook, enum family family);

/*
 * What a gateway translates: all that leaves for the internet, also for
 * networks that are a part of it, from an IPv4 address of the VPC; nothing
 * where the environment has no `nat`.
 */
struct boxes nft_claim_nat(const struct job *job);

/* Where the claim depends on the context. */
void nft_claim_cuts(const struct nft_claim *claim, struct arena *arena,
		    struct nft_cuts *cuts);

/* Append bytes that are equal for contexts of which the claim is the same. */
void nft_claim_signature(const struct nft_claim *claim, struct text *out,
			 const struct nft_context *context);

/* What has to pass, and nothing else may. */
struct boxes nft_claim_in(const struct nft_claim *claim, struct arena *arena,
			  const struct nft_context *context);

#endif
