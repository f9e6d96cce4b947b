/*
 * Encoding at work: what the files of it share.
 *
 *	encode_set.c	values, keys, sets and their elements
 *	encode_rule.c	rules, expression by expression
 *	encode.c	tables, chains, and the order of it all
 */
#ifndef FIREBREAK_BACKENDS_NFT_ENCODING_H
#define FIREBREAK_BACKENDS_NFT_ENCODING_H

#include "backends/nft/encode.h"

#include <stdint.h>

/* --- encode.c --- */

/* OBJECT, which libnftnl made; NULL is out of memory. */
void *nft_made(struct nft_encoding *e, void *object);

/* NAME with the suffix of the generation. */
const char *nft_own_name(struct nft_encoding *e, const char *name);

/* "set `in4_ports`" */
const char *nft_kind_and_name(struct nft_encoding *e, const char *kind,
			      const char *name);

/* TEXT as nft keeps comments: type 0, a length, a string; bytes at OUT. */
size_t nft_comment_bytes(uint8_t out[2 + 256], const char *text);

/* --- encode_set.c --- */

/* LEN bytes of VALUE in network order. */
void nft_put_bytes(uint8_t *out, u128 value, unsigned len);

/* VALUE of TYPE as the kernel has it, at most 16 bytes; how many they are. */
unsigned nft_put_value(uint8_t *out, enum nft_type type, u128 value);

/* LEN in whole registers. */
unsigned nft_padded(unsigned len);

uint32_t nft_verdict_number(enum nft_verdict verdict);

/* SET and its elements as NAME; its id in the transaction. */
uint32_t nft_encode_set(struct nft_encoding *e, const struct nft_set *set,
			const char *name);

/* --- encode_rule.c --- */

/* At the end of CHAIN. */
void nft_encode_rule(struct nft_encoding *e, const char *chain,
		     const struct nft_rule *rule);

/* At the head of CHAIN, a verdict and nothing else; TARGET of a jump. */
void nft_encode_verdict(struct nft_encoding *e, const char *chain,
			enum nft_verdict verdict, const char *target);

#endif
