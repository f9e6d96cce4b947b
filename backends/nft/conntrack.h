/*
 * The connections that the kernel tracks in this network namespace, over
 * ctnetlink (linux/netfilter/nfnetlink_conntrack.h), and which addresses are
 * this host's own.
 */
#ifndef FIREBREAK_BACKENDS_NFT_CONNTRACK_H
#define FIREBREAK_BACKENDS_NFT_CONNTRACK_H

#include "backends/nft/netlink.h"
#include "compiler/base/ranges.h"

/* Numbers in host order; ports are 0 where the protocol has none. */
struct nft_tuple {
	u128 src, dst;
	unsigned protocol;
	unsigned source_port, port;
	unsigned type, code;	/* of icmp and icmp6 */
};

struct nft_flow {
	enum family family;
	struct nft_tuple original;	/* as the first packet was sent */
	struct nft_tuple reply;		/* as its answer is: turned round, translated */
	uint32_t status;		/* IPS_* */
	/* what the kernel knows it by, to be handed back to it */
	const void *key, *master;	/* attributes' payloads; master NULL: none */
	uint16_t key_len, master_len;
	uint32_t id;
	uint16_t zone;
	bool has_id, has_zone;
};

/*
 * Every flow, each handed to EACH, which keeps it or not; what it points to is
 * in ARENA and stays.  False: errno, EINVAL where the kernel has no
 * nf_conntrack_netlink.
 */
bool nft_flows_dump(struct nft_link *link, struct arena *arena,
		    void (*each)(void *context, const struct nft_flow *flow),
		    void *context);

/* Can the kernel be asked for flows at all?  False: errno. */
bool nft_flows_known(struct nft_link *link);

/* End FLOW; one that is gone already is no error.  False: errno. */
bool nft_flow_end(struct nft_link *link, const struct nft_flow *flow);

/*
 * What the kernel's table of local routes says: addresses that packets are
 * delivered to here, and those of many hosts, this one among them.
 */
struct nft_own {
	struct both here, many;
};

/* False: errno. */
bool nft_own_addresses(struct nft_link *link, struct arena *arena,
		       struct nft_own *out);

#endif
