/*
 * Invariants to verdicts.  A policy is allow-only, so what must never pass is
 * looked for rule by rule; sets are built only to show a packet.
 */
#ifndef FIREBREAK_COMPILER_VERIFY_H
#define FIREBREAK_COMPILER_VERIFY_H

#include "compiler/base/diag.h"
#include "compiler/ir.h"

/*
 * Check every invariant of IR; each broken one is told once, with a packet
 * and the rules that admit it.  Returns how many are broken.
 */
size_t verify_policy(struct arena *arena, struct diags *diags,
		     const struct ir *ir);

/* Run every `expect` of IR; what is not met is told.  Returns how many. */
size_t verify_expects(struct arena *arena, struct diags *diags,
		      const struct ir *ir);

#endif
