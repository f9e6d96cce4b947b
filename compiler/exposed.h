/*
 * What stands open to the internet, or lets out to it, more than is usually
 * meant: decided on the union of all rules as a set of packets.
 */
#ifndef FIREBREAK_COMPILER_EXPOSED_H
#define FIREBREAK_COMPILER_EXPOSED_H

#include "compiler/base/diag.h"
#include "compiler/ir.h"

/* Tell all of it; returns how many were told.  ARENA is for scratch. */
size_t exposed_tell(struct arena *arena, struct diags *diags,
		    const struct ir *ir);

#endif
