/*
 * Invariants that no policy could keep together.
 */
#ifndef FIREBREAK_COMPILER_CONTRADICT_H
#define FIREBREAK_COMPILER_CONTRADICT_H

#include "compiler/base/diag.h"
#include "compiler/ir.h"

/*
 * Tell each `must` some packet of which another invariant of IR forbids, once,
 * with both lines.  No rule is looked at.
 */
void contradictions_tell(struct arena *arena, struct diags *diags,
			 const struct ir *ir);

#endif
