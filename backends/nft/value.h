/*
 * Constants of an nftables ruleset: by symbol, number, address, prefix or
 * range, as nft 1.0.6 takes and prints them.
 */
#ifndef FIREBREAK_BACKENDS_NFT_VALUE_H
#define FIREBREAK_BACKENDS_NFT_VALUE_H

#include "backends/nft/model.h"

/*
 * Read the LEN bytes at TEXT as a constant of TYPE.  False when they are none:
 * unknown symbols, numbers out of range or not in plain decimal, prefixes with
 * host bits, ranges that run backwards.
 */
bool nft_value_read(enum nft_type type, const char *text, size_t len,
		    struct range *out);

#endif
