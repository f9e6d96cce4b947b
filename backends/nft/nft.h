/*
 * The nftables backend: a host ruleset for each layer of an environment.
 *
 *	base_set   what every host needs, a table
 *	lower      policy to model		emit	model to text
 *	lex, value, read  text to model		denote	model to packets
 *	context    what else a rule can see	expect	policy to packets
 */
#ifndef FIREBREAK_BACKENDS_NFT_NFT_H
#define FIREBREAK_BACKENDS_NFT_NFT_H

#include "backends/backend.h"

extern const struct backend backend_nft;

#endif
