/*
 * Statements as they stand in the sources, for people.
 */
#ifndef FIREBREAK_COMPILER_WORDING_H
#define FIREBREAK_COMPILER_WORDING_H

#include "compiler/base/source.h"

/*
 * The statement at SPAN on one line: comments gone, white space as single
 * blanks, what is in quotes as it is.  Two of them are equal when only the
 * layout differs.
 */
const char *wording_of(struct arena *arena, const struct sources *sources,
		       struct span span);

#endif
