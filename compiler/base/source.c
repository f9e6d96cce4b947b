/* Files laid end to end, with one byte between them. */
#include "compiler/base/source.h"

#include <string.h>

struct source *source_add(struct sources *sources, const char *name,
			  const char *text, size_t len)
{
	char *copy;

	if (len >= UINT32_MAX)
		return NULL;
	copy = arena_alloc(sources->arena, len + SOURCE_ENDS);
	if (len)
		memcpy(copy, text, len);
	return source_take(sources, name, copy, len);
}

struct source *source_take(struct sources *sources, const char *name,
			   char *text, size_t len)
{
	struct source *s;

	if (!sources->end)
		sources->end = 1;
	if (len >= UINT32_MAX - sources->end - 1)
		return NULL;
	s = arena_alloc(sources->arena, sizeof *s);
	s->name = arena_copy(sources->arena, name, strlen(name));
	s->text = text;
	s->len = (uint32_t)len;
	s->base = sources->end;
	sources->end += s->len + 1;
	*LIST_PUSH(sources->arena, &sources->files) = s;
	return s;
}

struct source *source_of(const struct sources *sources, uint32_t address)
{
	size_t lo = 0, hi = sources->files.count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		struct source *s = sources->files.at[mid];

		if (address < s->base)
			hi = mid;
		else if (address > s->base + s->len)
			lo = mid + 1;
		else
			return s;
	}
	return NULL;
}

static void find_lines(struct arena *arena, struct source *s)
{
	uint32_t count = 1, n = 0;

	for (uint32_t i = 0; i < s->len; i++)
		count += s->text[i] == '\n';
	s->lines = arena_array(arena, count, sizeof *s->lines);
	s->lines[n++] = 0;
	for (uint32_t i = 0; i < s->len; i++)
		if (s->text[i] == '\n')
			s->lines[n++] = i + 1;
	s->line_count = n;
}

static uint32_t line_index(const struct source *s, uint32_t offset)
{
	uint32_t lo = 0, hi = s->line_count - 1;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo + 1) / 2;

		if (s->lines[mid] <= offset)
			lo = mid;
		else
			hi = mid - 1;
	}
	return lo;
}

/* Characters between two offsets: bytes that do not continue another. */
static uint32_t characters(const char *text, uint32_t from, uint32_t to)
{
	uint32_t n = 0;

	for (uint32_t i = from; i < to; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

struct fb_place source_place(const struct sources *sources, struct span span)
{
	struct source *s = source_of(sources, span.lo);
	struct fb_place place = { 0 };
	uint32_t from, to, line;

	if (!s || span.hi == 0)
		return place;
	if (!s->lines)
		find_lines(sources->arena, s);
	from = span.lo - s->base;
	to = span.hi > span.lo ? span.hi - s->base : from;
	if (to > s->len)
		to = s->len;
	line = line_index(s, from);
	place.file = s->name;
	place.line = line + 1;
	place.column = characters(s->text, s->lines[line], from) + 1;
	line = line_index(s, to > from ? to - 1 : to);
	place.end_line = line + 1;
	place.end_column = characters(s->text, s->lines[line], to) + 1;
	return place;
}

const char *source_line(struct source *s, uint32_t line, size_t *len)
{
	uint32_t from, to;

	from = s->lines[line - 1];
	to = line < s->line_count ? s->lines[line] - 1 : s->len;
	if (to > from && s->text[to - 1] == '\r')
		to--;
	*len = to - from;
	return s->text + from;
}
