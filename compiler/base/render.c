/*
 *	error[P0101]: message
 *	  --> file:line:column
 *	   |
 *	 4 | the line
 *	   |     ^^^^ label
 *	note: …
 *	help: …
 */
#include "compiler/base/render.h"

#include "compiler/base/utf8.h"

#include <string.h>

enum { LINE_MOST = 160 };	/* characters of a source line shown */

struct paint {
	const char *error, *warning, *note, *frame, *bold, *off;
};

static const struct paint plain = { "", "", "", "", "", "" };
static const struct paint colours = {
	"\033[1;31m", "\033[1;33m", "\033[1;36m", "\033[34m", "\033[1m",
	"\033[0m",
};

/* TEXT, with what a terminal would obey written as \xNN. */
static void put_safe(struct text *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		uint32_t c;
		size_t n = utf8_read(text + i, len - i, &c);

		if (text[i] == '\t') {
			text_putc(out, ' ');
			i++;
		} else if (n && c >= 0x20 && !utf8_is_hidden(c)) {
			text_add(out, text + i, n);
			i += n;
		} else {
			text_printf(out, "\\x%02x", (unsigned char)text[i]);
			i++;
		}
	}
}

void render_plain(struct text *out, const char *string)
{
	put_safe(out, string, strlen(string));
}

/* Several lines: those behind the first are indented. */
static void put_lines(struct text *out, const char *text, unsigned indent)
{
	for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
		put_safe(out, text, (size_t)(end - text));
		text_putc(out, '\n');
		text_fill(out, ' ', indent);
	}
	put_safe(out, text, strlen(text));
	text_putc(out, '\n');
}

static unsigned digits(uint32_t number)
{
	unsigned n = 1;

	while (number >= 10) {
		number /= 10;
		n++;
	}
	return n;
}

/* The bytes of the first COUNT characters of LINE. */
static size_t bytes_of(const char *line, size_t len, size_t count)
{
	size_t i = 0;

	while (i < len && count--) {
		uint32_t c;
		size_t n = utf8_read(line + i, len - i, &c);

		i += n ? n : 1;
	}
	return i;
}

/* Columns of the first COUNT characters as they come out, escapes included. */
static size_t width_of(struct arena *arena, const char *line, size_t len,
		       size_t count)
{
	struct text shown = TEXT_IN(arena);
	size_t wide = 0;

	put_safe(&shown, line, bytes_of(line, len, count));
	for (size_t i = 0; i < shown.len;) {
		uint32_t c;

		i += utf8_read(shown.at + i, shown.len - i, &c);
		wide += utf8_columns(c);
	}
	return wide;
}

static void put_gutter(struct text *out, const struct paint *p, unsigned width,
		       uint32_t line)
{
	text_puts(out, p->frame);
	if (line)
		text_printf(out, "%*u |", (int)width, line);
	else
		text_printf(out, "%*s |", (int)width, "");
	text_puts(out, p->off);
}

/* The line of PLACE with carets under the span and LABEL behind them. */
static void put_snippet(struct text *out, const struct paint *p,
			struct source *source, const struct fb_place *place,
			const char *label, char mark, const char *paint)
{
	unsigned width = digits(place->line) + 1;
	size_t len, cut, first = 0, wide, from, to;
	const char *line = source_line(source, place->line, &len);

	if (place->column > LINE_MOST / 2)
		first = place->column - LINE_MOST / 2;
	cut = bytes_of(line, len, first);
	line += cut;
	len = bytes_of(line, len - cut, LINE_MOST);
	from = place->column - 1 - first;
	to = place->end_line == place->line ? place->end_column - 1 - first
					    : LINE_MOST;
	wide = width_of(out->arena, line, len, to);
	from = width_of(out->arena, line, len, from);
	text_printf(out, "%*s%s-->%s ", (int)width, "", p->frame, p->off);
	put_safe(out, place->file, strlen(place->file));
	text_printf(out, ":%u:%u\n", place->line, place->column);
	put_gutter(out, p, width, 0);
	text_putc(out, '\n');
	put_gutter(out, p, width, place->line);
	text_putc(out, ' ');
	put_safe(out, line, len);
	text_putc(out, '\n');
	put_gutter(out, p, width, 0);
	text_putc(out, ' ');
	text_fill(out, ' ', from);
	text_puts(out, paint);
	text_fill(out, mark, wide > from ? wide - from : 1);
	if (label) {
		text_putc(out, ' ');
		put_safe(out, label, strlen(label));
	}
	text_puts(out, p->off);
	text_putc(out, '\n');
}

static const char *label_of(const struct fb_diag *diag)
{
	for (size_t i = 0; i < diag->part_count; i++)
		if (diag->parts[i].kind == FB_LABEL)
			return diag->parts[i].text;
	return NULL;
}

static void put_place(struct text *out, const struct paint *p,
		      struct sources *sources, struct span span,
		      const char *label, char mark, const char *paint)
{
	struct fb_place place = source_place(sources, span);

	if (place.file)
		put_snippet(out, p, source_of(sources, span.lo), &place, label,
			    mark, paint);
}

static void put_part(struct text *out, const struct paint *p,
		     struct sources *sources, const struct fb_part *part,
		     bool helped)
{
	switch (part->kind) {
	case FB_LABEL:
		break;
	case FB_NOTE_AT:
		text_printf(out, "%snote:%s ", p->note, p->off);
		put_lines(out, part->text, 6);
		put_place(out, p, sources, part->span, NULL, '-', p->note);
		break;
	case FB_HELP:
		text_printf(out, "%shelp:%s ", p->note, p->off);
		put_lines(out, part->text, 6);
		break;
	case FB_FIX:
		if (helped)
			break;
		text_printf(out, "%shelp:%s write `", p->note, p->off);
		put_safe(out, part->text, strcspn(part->text, "\n"));
		text_puts(out, "` here\n");
		break;
	}
}

void render_diag(struct text *out, struct sources *sources,
		 const struct fb_diag *diag, bool colour)
{
	const struct paint *p = colour ? &colours : &plain;
	static const char *const words[] = { "error", "warning", "note" };
	const char *paints[] = { p->error, p->warning, p->note };
	const char *label = label_of(diag), *paint = paints[diag->severity];
	bool helped = false;

	text_printf(out, "%s%s[%s]%s:%s ", paint, words[diag->severity],
		    diag->code, p->off, p->bold);
	put_safe(out, diag->message, strlen(diag->message));
	text_printf(out, "%s\n", p->off);
	put_place(out, p, sources, diag->span, label, '^', paint);
	if (label && diag->span.hi == 0) {
		text_puts(out, "  ");
		put_lines(out, label, 2);
	}
	for (size_t i = 0; i < diag->part_count; i++)
		helped |= diag->parts[i].kind == FB_HELP;
	for (size_t i = 0; i < diag->part_count; i++)
		put_part(out, p, sources, &diag->parts[i], helped);
}
