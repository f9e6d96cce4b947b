/*
 * A line's hash is a polynomial over the hundred UTF-16 units that begin with
 * its first: sum of unit[i] * 37^(99-i) modulo 2^64.  Blanks and tabs are left
 * out, any end of a line is one LF, and the text ends in one unit of 65535
 * and zeros for ever.
 */
#include "compiler/findings/linehash.h"

#include "compiler/base/utf8.h"

#include <stdbool.h>
#include <stdlib.h>

enum { WINDOW = 100, BASE = 37, END = 65535 };

struct units {
	uint16_t *at;		/* WINDOW zeros behind the last */
	size_t count;
	size_t *starts;		/* of lines */
	size_t line_count;
};

static void add(struct units *u, uint32_t c, bool *at_start)
{
	if (*at_start)
		u->starts[u->line_count++] = u->count;
	*at_start = c == '\n';
	if (c > 0xffff) {
		u->at[u->count++] = (uint16_t)(0xd800 + ((c - 0x10000) >> 10));
		c = 0xdc00 + ((c - 0x10000) & 0x3ff);
	}
	u->at[u->count++] = (uint16_t)c;
}

static struct units units_of(struct arena *arena, const char *text, size_t len)
{
	struct units u = {
		.at = arena_array(arena, len + 1 + WINDOW, sizeof *u.at),
		.starts = arena_array(arena, len + 1, sizeof *u.starts),
	};
	bool at_start = true, after_cr = false;
	size_t n;

	for (size_t i = 0; i < len; i += n ? n : 1) {
		bool skipped;
		uint32_t c;

		n = utf8_read(text + i, len - i, &c);
		c = n ? c : 0xfffd;	/* a byte that is no UTF-8 */
		skipped = c == ' ' || c == '\t' || (after_cr && c == '\n');
		after_cr = c == '\r';
		if (!skipped)
			add(&u, after_cr ? '\n' : c, &at_start);
	}
	add(&u, END, &at_start);
	return u;
}

/* The hash at each start of a line: one window that rolls over the units. */
static void roll(const struct units *u, struct linehash *out)
{
	uint64_t hash = 0, leaving = 1;
	size_t line = 0;

	for (size_t i = 0; i < WINDOW; i++) {
		hash = hash * BASE + u->at[i];
		leaving *= BASE;
	}
	for (size_t i = 0; line < u->line_count; i++) {
		if (u->starts[line] == i)
			out[line++].hash = hash;
		hash = hash * BASE + u->at[i + WINDOW] - leaving * u->at[i];
	}
}

struct sorted {
	uint64_t hash;
	size_t line;
};

static int by_hash(const void *x, const void *y)
{
	const struct sorted *a = x, *b = y;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return (a->line > b->line) - (a->line < b->line);
}

static void number(struct arena *arena, struct linehash *lines, size_t count)
{
	struct sorted *sorted = arena_array(arena, count, sizeof *sorted);

	for (size_t i = 0; i < count; i++)
		sorted[i] = (struct sorted){ lines[i].hash, i };
	qsort(sorted, count, sizeof *sorted, by_hash);
	for (size_t i = 0; i < count; i++)
		lines[sorted[i].line].occurrence =
			i && sorted[i].hash == sorted[i - 1].hash
			? lines[sorted[i - 1].line].occurrence + 1 : 1;
}

const struct linehash *linehash_of(struct arena *arena, const char *text,
				   size_t len, size_t *count)
{
	struct units u = units_of(arena, text, len);
	struct linehash *lines = arena_array(arena, u.line_count,
					     sizeof *lines);

	roll(&u, lines);
	number(arena, lines, u.line_count);
	*count = u.line_count;
	return lines;
}
