/* Each function walks characters, not bytes: what is strange is spelled out. */
#include "compiler/evidence/markup.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { BROKEN = UINT32_MAX };

/* The character at AT and its length in bytes; BROKEN: one byte of no UTF-8. */
static uint32_t character(const char *at, size_t *len)
{
	const unsigned char *b = (const unsigned char *)at;
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	unsigned more = b[0] < 0x80 ? 0 : b[0] < 0xe0 ? 1 : b[0] < 0xf0 ? 2 : 3;
	uint32_t c = more ? b[0] & (0x3fU >> more) : b[0];

	*len = 1;
	if ((b[0] & 0xc0) == 0x80 || b[0] >= 0xf8)
		return BROKEN;
	for (unsigned i = 1; i <= more; i++) {
		if ((b[i] & 0xc0) != 0x80)
			return BROKEN;
		c = c << 6 | (b[i] & 0x3f);
	}
	if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return BROKEN;
	*len = more + 1;
	return c;
}

/* Controls, and what turns or hides the text around it. */
static bool is_strange(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) ||
	       (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
	       (c >= 0xe0000 && c <= 0xe007f);
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
