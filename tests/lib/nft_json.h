/*
 * What `nft -j list ruleset` prints as the text that nft_eval.h reads, a
 * statement a line, with nothing of the compiler's.
 */
#ifndef FIREBREAK_TESTS_LIB_NFT_JSON_H
#define FIREBREAK_TESTS_LIB_NFT_JSON_H

#include "compiler/base/arena.h"

/* The table `inet TABLE` of LEN BYTES, or NULL: it has what is not known here. */
const char *nft_json_text(struct arena *arena, const char *bytes, size_t len,
			  const char *table);

#endif
