/*
 * A limit that sets of packets passed, told by the rules that cost most there.
 * The sets know no rules, and say only where it was worst.
 */
#ifndef FIREBREAK_COMPILER_LIMIT_H
#define FIREBREAK_COMPILER_LIMIT_H

#include "compiler/ir.h"

/*
 * Why ARENA was refused, as one sentence of at most SIZE - 1 bytes in OUT; ""
 * when memory itself ended.  IR, when it is not NULL, names the rules.  Asks
 * for no memory.
 */
void limit_tell(const struct arena *arena, const struct ir *ir, char *out,
		size_t size);

#endif
