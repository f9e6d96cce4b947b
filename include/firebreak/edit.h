/*
 * What an editor asks of a policy: files as they stand in it, what a word stands
 * for, where else it stands, and what there is to say about it.
 */
#ifndef FIREBREAK_EDIT_H
#define FIREBREAK_EDIT_H

#include "firebreak/firebreak.h"

/*
 * Before fb_load(): LEN bytes of TEXT stand for the file at PATH, absolute and
 * without `.` and `..`, whatever is on disk.  TEXT is needed until it is loaded.
 */
enum fb_status fb_overlay(struct fb *fb, const char *path, const char *text,
			  size_t len);

/* The bytes that were read, and where a span is in them. */
struct fb_extract {
	const char *file;	/* as in struct fb_place; NULL: the span is nowhere */
	const char *text;
	size_t len;
	size_t lo, hi;		/* offsets into TEXT; hi is exclusive */
};
struct fb_extract fb_extract(struct fb *fb, struct span span);

/* The files that were read, in the order they were met. */
const char *const *fb_files(struct fb *fb, size_t *count);

enum fb_symbol_kind {
	FB_SYMBOL_LAYER, FB_SYMBOL_NETWORK, FB_SYMBOL_GROUP, FB_SYMBOL_SERVICE,
	FB_SYMBOL_ENVIRONMENT, FB_SYMBOL_CUSTOMER, FB_SYMBOL_RULE,
	FB_SYMBOL_INVARIANT,
};

/* A name at one place. */
struct fb_symbol {
	enum fb_symbol_kind kind;
	const char *name;
	struct span span;	/* of the name */
	bool declares;		/* else it is used here */
	struct span whole;	/* of what declares: the whole statement */
};

/*
 * Every name of a policy that was loaded, with mistakes or without, in source
 * order; names that nothing declares are left out.  Of services that the
 * compiler brings along only the uses.
 */
const struct fb_symbol *fb_symbols(struct fb *fb, size_t *count);

/*
 * What there is to say about SYMBOL, as Markdown: what it is, its addresses or
 * services, whom it reaches and who reaches it; of an invariant, its verdict.
 * "" while the policy has mistakes; NULL when memory ran out.
 */
const char *fb_symbol_text(struct fb *fb, const struct fb_symbol *symbol);

/*
 * What is worth reading at the end of a word: what a service name stands for, how
 * many days a rule has left.
 */
struct fb_hint {
	size_t at;		/* behind it: the address of its last byte, plus one */
	const char *text;	/* "tcp/5432", "65 days left" */
};
const struct fb_hint *fb_hints(struct fb *fb, size_t *count);

/* The names of the services of the libraries that the policy includes. */
const char *const *fb_library_services(struct fb *fb, size_t *count);

/*
 * Keyword NUMBER of the language, ascending, and does it begin a statement; NULL
 * behind the last.
 */
const char *fb_keyword(size_t number, bool *begins);

#endif
