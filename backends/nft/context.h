/*
 * What a rule can see of a packet besides source, destination and service.
 *
 * A proof compares sets of packets, so everything else a rule may ask for is
 * fixed first: one comparison for each combination that somebody tells apart.
 */
#ifndef FIREBREAK_BACKENDS_NFT_CONTEXT_H
#define FIREBREAK_BACKENDS_NFT_CONTEXT_H

#include "backends/nft/model.h"

struct nft_context {
	enum nft_state state;
	bool loopback;		/* enters or leaves by it, as the hook sees it */
	bool ipsec;		/* came in through IPsec */
	unsigned hop_limit;	/* 0 to 255; of IPv6 */
	unsigned source_port;	/* 0 to 65535; of tcp and udp */
};

/* Numbers at which somebody's answer changes: first of the new answer. */
struct nft_cuts {
	LIST(unsigned) hop_limits, source_ports;
	bool ipsec;		/* somebody asks for IPsec */
	bool forwarded;		/* nothing forwarded comes from loopback */
};

void nft_cut_hop_limits(struct arena *arena, struct nft_cuts *cuts,
			struct range range);
void nft_cut_source_ports(struct arena *arena, struct nft_cuts *cuts,
			  struct range range);

struct nft_contexts {
	struct nft_context *at;
	size_t count, cap;
};

enum { NFT_CONTEXTS_MOST = 4096 };

/*
 * One context for each combination that CUTS, the states and the loopback tell
 * apart, the plainest first.  False when there are over NFT_CONTEXTS_MOST.
 */
bool nft_contexts_of(struct arena *arena, struct nft_cuts *cuts,
		     struct nft_contexts *out);

/*
 * "new or untracked, hop limit 255": the states in the bit set STATES (by enum
 * nft_state), and of CONTEXT what is out of the ordinary.
 */
const char *nft_context_text(struct arena *arena,
			     const struct nft_context *context,
			     unsigned states);

#endif
