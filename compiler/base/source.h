/*
 * The sources of one compilation in one address space of bytes, so that a
 * span alone says file and place.  Address 0 belongs to no file.
 */
#ifndef FIREBREAK_COMPILER_BASE_SOURCE_H
#define FIREBREAK_COMPILER_BASE_SOURCE_H

#include "compiler/base/arena.h"
#include "firebreak/diag.h"

struct source {
	const char *name;	/* as told to people; relative to the policy root */
	char *text;		/* len bytes and SOURCE_ENDS zeros */
	uint32_t len;
	uint32_t base;		/* address of its first byte */
	uint32_t *lines;	/* offsets of line starts, made when first asked for */
	uint32_t line_count;
};

struct sources {
	struct arena *arena;
	LIST(struct source *) files;
	uint32_t end;		/* the first free address */
};

enum { SOURCE_MAX = 16 << 20 };	/* bytes in one file */
enum { SOURCE_ENDS = 2 };	/* zeros behind its text: the scanner reads in place */

/* Take a copy of TEXT in; NULL when the address space of 4 GiB is full. */
struct source *source_add(struct sources *sources, const char *name,
			  const char *text, size_t len);

/*
 * The same, but TEXT itself: writable, in the sources' arena, and followed by
 * SOURCE_ENDS zeros.
 */
struct source *source_take(struct sources *sources, const char *name,
			   char *text, size_t len);

/* The file that holds ADDRESS, or NULL. */
struct source *source_of(const struct sources *sources, uint32_t address);

/* Line and columns of a span.  file is NULL for nowhere. */
struct fb_place source_place(const struct sources *sources, struct span span);

/* The LINE-th line (from 1) without its end, and its length in bytes. */
const char *source_line(struct source *source, uint32_t line, size_t *len);

/* From the start of A to the end of B. */
static inline struct span span_join(struct span a, struct span b)
{
	return (struct span){ a.lo, b.hi };
}

#endif
