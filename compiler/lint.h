/*
 * What a policy says in vain.  Warnings only, and never a false one: each says
 * why it is so.
 */
#ifndef FIREBREAK_COMPILER_LINT_H
#define FIREBREAK_COMPILER_LINT_H

#include "compiler/base/diag.h"
#include "compiler/ir.h"

/* Tell all of it; returns how many were told.  ARENA is for scratch. */
size_t lint_tell(struct arena *arena, struct diags *diags,
		 const struct ir *ir);

#endif
