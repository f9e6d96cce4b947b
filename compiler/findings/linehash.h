/*
 * The fingerprints by which GitHub's code scanning follows a line through
 * changes of its file.  Facts: github/codeql-action, fingerprints.ts, whose
 * test vectors tests/unit/test_linehash.c holds us to.
 */
#ifndef FIREBREAK_COMPILER_FINDINGS_LINEHASH_H
#define FIREBREAK_COMPILER_FINDINGS_LINEHASH_H

#include "compiler/base/arena.h"

struct linehash {
	uint64_t hash;
	uint32_t occurrence;	/* from 1: of lines with one hash */
};

/*
 * The fingerprint of each line of the LEN bytes of TEXT (UTF-8), *COUNT of
 * them; the empty line behind the last newline counts.
 */
const struct linehash *linehash_of(struct arena *arena, const char *text,
				   size_t len, size_t *count);

#endif
