/* Numbers and durations as a policy writes them. */
#ifndef FIREBREAK_COMPILER_COUNT_H
#define FIREBREAK_COMPILER_COUNT_H

#include "compiler/ast.h"
#include "compiler/base/diag.h"

enum { COUNT_MOST = 1000000000, DAYS_MOST = 36500 };

/* A whole number from LEAST to COUNT_MOST; false when it is none, which was told. */
bool count_read(struct diags *diags, const struct ast_text *text,
		uint32_t least, uint32_t *out);

/* "180d", "26w", in days, at most DAYS_MOST; false likewise. */
bool duration_read(struct diags *diags, const struct ast_text *text,
		   uint32_t *days);

#endif
