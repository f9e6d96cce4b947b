/*
 * Diagnostics as data.  A pass adds one; text, JSON and the rest are drawn
 * from it later.  Everything here belongs to the context it came from and
 * lives as long as it does.
 */
#ifndef FIREBREAK_DIAG_H
#define FIREBREAK_DIAG_H

#include <stddef.h>
#include <stdint.h>

/* Bytes [lo, hi) of the one address space of all sources; lo == hi == 0: nowhere. */
struct span {
	uint32_t lo, hi;
};

enum fb_severity { FB_ERROR, FB_WARNING, FB_NOTE };

enum fb_part_kind {
	FB_LABEL,	/* what is here, under the caret of the main span */
	FB_NOTE_AT,	/* points elsewhere; a span of {0, 0} for nowhere */
	FB_HELP,	/* what to do */
	FB_FIX,		/* text that replaces span and then compiles */
};

struct fb_part {
	enum fb_part_kind kind;
	struct span span;
	const char *text;
};

struct fb_diag {
	const char *code;	/* "P0101" */
	enum fb_severity severity;
	struct span span;
	const char *message;	/* one line: lower case, no full stop */
	const struct fb_part *parts;
	size_t part_count;
};

/* Where a span starts, for people: 1-based, columns count characters. */
struct fb_place {
	const char *file;
	uint32_t line, column, end_line, end_column;
};

/* One row of the catalogue of codes. */
struct fb_code {
	const char *code;
	enum fb_severity severity;
	const char *title;
	const char *explanation;
	const char *example;	/* policy text that provokes it; "" if none can */
};

/* The catalogue, in the order of the codes. */
const struct fb_code *fb_codes(size_t *count);

/* The row of CODE ("P0101"), or NULL. */
const struct fb_code *fb_code_find(const char *code);

#endif
