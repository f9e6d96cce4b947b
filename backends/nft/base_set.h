/*
 * What a host needs to live, whatever the policy says: the declared contract
 * that the proof and the report name.  Lowering writes it, the expectation
 * counts it as permitted; reading and denoting do not know it.
 *
 * Besides these rows: everything on the loopback interface, and everything of
 * a connection that was admitted (established, related), is accepted; packets
 * that belong to no connection (invalid) are dropped, except on loopback.
 */
#ifndef FIREBREAK_BACKENDS_NFT_BASE_SET_H
#define FIREBREAK_BACKENDS_NFT_BASE_SET_H

#include "backends/nft/model.h"

/* Packets that open a connection, or are of none, and pass HOOK. */
struct base_row {
	enum nft_hook hook;
	enum family family;
	const char *src, *dst;		/* a prefix; NULL: any */
	unsigned protocol;
	unsigned lo, hi;		/* destination ports, or ICMP types with all codes */
	unsigned source_port;		/* 0: any */
	bool on_link;			/* hop limit 255: not forwarded by anyone */
	bool spared;			/* as AWS never filters it: not when `strict` */
	const char *why;		/* in a few words, for rule comments */
};

extern const struct base_row base_set[];
extern const size_t base_set_count;

#endif
