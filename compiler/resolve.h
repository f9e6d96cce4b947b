/*
 * From AST to IR: every name looked up, every value read, every rule and
 * invariant turned into sets of packets in each of its environments.
 */
#ifndef FIREBREAK_COMPILER_RESOLVE_H
#define FIREBREAK_COMPILER_RESOLVE_H

#include "compiler/ir.h"
#include "compiler/parse.h"

/*
 * The policy of AST on the day AS_OF (days since 1970-01-01, UTC).  Mistakes
 * are in DIAGS; with any error there the result is not to be used further.
 */
struct ir *resolve_policy(struct arena *arena, struct diags *diags,
			  const struct sources *sources, const struct ast *ast,
			  uint32_t as_of);

#endif
