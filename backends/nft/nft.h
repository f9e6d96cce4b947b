/*
 * The nftables backend: a host ruleset for each layer of an environment, and
 * one for its gateway.
 *
 *	base_set			what every host needs: a table
 *	refuse				what no ruleset can say
 *	cluster, split, lower*		policy to model
 *	emit				model to text
 *	lex, value, overlap, read*	text to model
 *	place, json_*, read_json	the same of what `nft -j` lists
 *	context, match, denote		model to packets, context by context
 *	expect				policy to packets: the other side of the proof
 *	netlink				questions to the kernel, and transactions
 *	encode*				model to messages for the kernel
 *	stock, apply, others		what it has, and the model in its place
 *	contents, delta			the elements that differ, where nothing else does
 *	answer, refusal			what it refuses, at the lines of the policy
 *	decode, expr			the kernel's own rules to model
 */
#ifndef FIREBREAK_BACKENDS_NFT_NFT_H
#define FIREBREAK_BACKENDS_NFT_NFT_H

#include "backends/backend.h"

extern const struct backend backend_nft;

/* live.c: the same in the running kernel. */
extern const struct live nft_live;

/* Is every address that the policy permits there known?  Those that are not are told. */
bool nft_can_say(const struct job *job);

#endif
