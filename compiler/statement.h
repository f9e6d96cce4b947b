/* Rules and invariants as sentences that an auditor reads. */
#ifndef FIREBREAK_COMPILER_STATEMENT_H
#define FIREBREAK_COMPILER_STATEMENT_H

#include "compiler/ir.h"

/*
 * "permit services to core-banking on core-api in staging, prod under CHG-1077,
 * because "account API over IPsec"; owner payments; until 2027-03-31"
 */
const char *statement_of_rule(struct arena *arena, const struct ir *ir,
			      uint32_t rule);

/* "nothing opened from data reaches internet, nor in several hops" */
const char *statement_of_invariant(struct arena *arena, const struct ir *ir,
				   uint32_t invariant);

#endif
