/*
 * The one layout of a policy's text.
 *
 * It depends on the tokens, the comments and the blank lines of the text, on
 * nothing else of how it was laid out, and it changes none of them: a token
 * sequence in, the same one out.
 */
#ifndef FIREBREAK_COMPILER_FMT_H
#define FIREBREAK_COMPILER_FMT_H

#include "compiler/base/diag.h"
#include "compiler/base/source.h"
#include "compiler/base/text.h"

enum fmt_result {
	FMT_DONE,	/* OUT has it */
	FMT_MISTAKES,	/* the text does not parse: told */
	FMT_FAULT,	/* the layout says something else: told, and our fault */
};

/* Append the layout of SOURCE, one of SOURCES, to OUT. */
enum fmt_result fmt_source(struct arena *arena, struct diags *diags,
			   struct sources *sources, const struct source *source,
			   struct text *out);

#endif
