/*
 * A policy's text as sentences: what fmt lays out.  Of the grammar it knows
 * where a statement ends and a block begins.
 */
#ifndef FIREBREAK_COMPILER_FMT_TEXT_H
#define FIREBREAK_COMPILER_FMT_TEXT_H

#include "compiler/base/diag.h"
#include "compiler/base/source.h"

#include <stdbool.h>

struct comment {
	const char *at;		/* from its `#`, without space at its end */
	uint32_t len;
	bool own_line;		/* nothing but space before it */
	bool blank_before;	/* an empty line, one or many */
};

struct word {
	int kind;
	const char *at;
	uint32_t len;
	uint32_t columns;	/* as a terminal draws it */
	/* in front of it: a trailing one of the word before, then own lines */
	const struct comment *comments;
	uint32_t comment_count;
	bool blank_before;	/* between the last of them and the word */
};

enum sentence_end {
	ENDS_STATEMENT,		/* with `;` */
	OPENS_BLOCK,		/* with `{` */
	CLOSES_BLOCK,		/* is `}` */
	ENDS_FILE,		/* no word: what comes behind the last one */
};

struct sentence {
	const struct word *words;
	size_t count;
	enum sentence_end end;
	unsigned depth;		/* blocks around it */
	const struct comment *lead;	/* on lines of their own above it */
	uint32_t lead_count;
	const struct comment *trail;	/* behind it on its last line, or NULL */
	bool blank_before;	/* above it and its lead */
};

struct fmt_text {
	const struct sentence *sentences;	/* the last one ENDS_FILE */
	size_t count;
	const struct word *words;		/* of all of them */
	size_t word_count;
	const struct comment *comments;
	size_t comment_count;
};

/*
 * SOURCE in sentences, or NULL when it does not parse, which was told.
 */
const struct fmt_text *fmt_read(struct arena *arena, struct diags *diags,
				const struct source *source);

/* Do two texts have the same words and the same comments between them? */
bool fmt_is_same(const struct fmt_text *a, const struct fmt_text *b);

/* Would WORD, first on a line, be another token than it is? */
bool fmt_shifts(const struct word *word);

#endif
