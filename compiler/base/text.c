/* Text that grows in an arena, by doubling. */
#include "compiler/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void reserve(struct text *text, size_t more)
{
	size_t cap = text->cap ? text->cap : 256;
	char *larger;

	if (text->len + more < text->cap)
		return;
	while (cap <= text->len + more)
		cap *= 2;
	if (text->cap && arena_extend(text->arena, text->at, text->cap, cap)) {
		text->cap = cap;
		return;
	}
	larger = arena_alloc(text->arena, cap);
	if (text->len)
		memcpy(larger, text->at, text->len);
	text->at = larger;
	text->cap = cap;
}

void text_add(struct text *text, const char *bytes, size_t len)
{
	if (!len)
		return;
	reserve(text, len);
	memcpy(text->at + text->len, bytes, len);
	text->len += len;
	text->at[text->len] = '\0';
}

void text_puts(struct text *text, const char *string)
{
	text_add(text, string, strlen(string));
}

void text_putc(struct text *text, char c)
{
	if (text->len + 1 >= text->cap)
		reserve(text, 1);
	text->at[text->len++] = c;
	text->at[text->len] = '\0';
}

void text_fill(struct text *text, char c, size_t count)
{
	while (count--)
		text_putc(text, c);
}

void text_number(struct text *text, int64_t number)
{
	char digits[20], *at = digits + sizeof digits;
	uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;

	do
		*--at = (char)('0' + left % 10);
	while (left /= 10);
	if (number < 0)
		*--at = '-';
	text_add(text, at, (size_t)(digits + sizeof digits - at));
}

void text_vprintf(struct text *text, const char *format, va_list args)
{
	va_list again;
	size_t room;
	int len;

	reserve(text, 64);	/* most fits, and is printed once */
	room = text->cap - text->len;
	va_copy(again, args);
	len = vsnprintf(text->at + text->len, room, format, args);
	if (len < 0)
		abort();
	if ((size_t)len >= room) {
		reserve(text, (size_t)len);
		vsnprintf(text->at + text->len, (size_t)len + 1, format, again);
	}
	va_end(again);
	text->len += (size_t)len;
}

void text_printf(struct text *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text_vprintf(text, format, args);
	va_end(args);
}

const char *text_string(const struct text *text)
{
	return text->at ? text->at : "";
}
