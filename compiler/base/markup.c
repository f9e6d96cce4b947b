/* Each function walks characters, not bytes: what is strange is spelled out. */
#include "compiler/base/markup.h"

#include "compiler/base/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { BROKEN = UINT32_MAX };

/* The character at AT and its length in bytes; BROKEN: one byte of no UTF-8. */
static uint32_t character(const char *at, size_t *len)
{
	uint32_t c;

	*len = utf8_read(at, strnlen(at, 4), &c);
	if (*len)
		return c;
	*len = 1;
	return BROKEN;
}

/* Controls, and what turns or hides the text around it. */
static bool is_strange(uint32_t c)
{
	return c < 0x20 || utf8_is_hidden(c);
}

/* "[U+202E]"; a byte of no character as "[byte 80]". */
static void put_strange(struct text *out, uint32_t c, unsigned char byte)
{
	if (c == BROKEN)
		text_printf(out, "[byte %02X]", byte);
	else
		text_printf(out, "[U+%04X]", (unsigned)c);
}

/* PUT gets each plain character; what is strange is spelled by us. */
static void each(struct text *out, const char *string,
		 void (*put)(struct text *out, const char *at, size_t len))
{
	size_t len;

	for (; *string; string += len) {
		uint32_t c = character(string, &len);

		if (c == BROKEN || is_strange(c))
			put_strange(out, c, (unsigned char)*string);
		else
			put(out, string, len);
	}
}

void put_visible(struct text *out, const char *string)
{
	each(out, string, text_add);
}

static void html(struct text *out, const char *at, size_t len)
{
	switch (*at) {
	case '&':  text_puts(out, "&amp;"); break;
	case '<':  text_puts(out, "&lt;"); break;
	case '>':  text_puts(out, "&gt;"); break;
	case '"':  text_puts(out, "&quot;"); break;
	case '\'': text_puts(out, "&#39;"); break;
	default:   text_add(out, at, len);
	}
}

void put_html(struct text *out, const char *string)
{
	each(out, string, html);
}

/* A `<` could end the style element: it goes out as a number, like all else. */
static void css(struct text *out, const char *at, size_t len)
{
	if (strchr("\"\\<>&'", *at))
		text_printf(out, "\\%x ", (unsigned char)*at);
	else
		text_add(out, at, len);
}

void put_css(struct text *out, const char *string)
{
	each(out, string, css);
}

static void markdown(struct text *out, const char *at, size_t len)
{
	if (*at == '<' || *at == '>' || *at == '&' || *at == '@')
		text_printf(out, "&#%d;", *at);
	else if (strchr("\\`*_[]#|~!$", *at) ||
		 (*at == ':' && at[1] == '/'))
		text_printf(out, "\\%c", *at);
	else
		text_add(out, at, len);
}

void put_markdown(struct text *out, const char *string)
{
	each(out, string, markdown);
}

/* The LEN bytes at STRING, by PUT. */
static void put_part(struct text *out, const char *string, size_t len,
		     void (*put)(struct text *out, const char *string))
{
	put(out, arena_copy(out->arena, string, len));
}

/* In code nothing means anything but a backtick, and `|` in a table. */
void put_markdown_code(struct text *out, const char *string)
{
	for (;;) {
		size_t before = strcspn(string, "`"), len;

		put_part(out, string, before, put_markdown);
		string += before;
		if (!*string)
			return;
		len = strcspn(string + 1, "`|\n");
		if (!len || string[1 + len] != '`') {
			put_markdown(out, string);
			return;
		}
		text_putc(out, '`');
		put_part(out, string + 1, len, put_visible);
		text_putc(out, '`');
		string += len + 2;
	}
}

static void csv(struct text *out, const char *at, size_t len)
{
	if (*at == '"')
		text_putc(out, '"');
	text_add(out, at, len);
}

void put_csv(struct text *out, const char *string)
{
	text_putc(out, '"');
	if (*string && strchr("=+-@", *string))
		text_putc(out, '\'');
	each(out, string, csv);
	text_putc(out, '"');
}

/* Nothing is lost in JSON: it has an escape for everything. */
void put_json(struct text *out, const char *string)
{
	size_t len;

	text_putc(out, '"');
	for (; *string; string += len) {
		uint32_t c = character(string, &len);

		if (c == BROKEN)
			put_strange(out, c, (unsigned char)*string);
		else if (c == '"' || c == '\\')
			text_printf(out, "\\%c", (char)c);
		else if (is_strange(c) && c <= 0xffff)
			text_printf(out, "\\u%04x", (unsigned)c);
		else if (is_strange(c))
			put_strange(out, c, 0);
		else
			text_add(out, string, len);
	}
	text_putc(out, '"');
}
