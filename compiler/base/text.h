/*
 * Text that grows: what printers write into.  Bytes, always NUL-terminated.
 */
#ifndef FIREBREAK_COMPILER_BASE_TEXT_H
#define FIREBREAK_COMPILER_BASE_TEXT_H

#include "compiler/base/arena.h"

#include <stdarg.h>

struct text {
	struct arena *arena;
	char *at;
	size_t len, cap;
};

#define TEXT_IN(a) (struct text){ .arena = (a) }

void text_add(struct text *text, const char *bytes, size_t len);
void text_puts(struct text *text, const char *string);
void text_putc(struct text *text, char c);
void text_printf(struct text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void text_vprintf(struct text *text, const char *format, va_list args);

/* NUMBER in decimal. */
void text_number(struct text *text, int64_t number);

/* COUNT times the character C. */
void text_fill(struct text *text, char c, size_t count);

/* The text so far; "" when nothing was added.  Valid until the next addition. */
const char *text_string(const struct text *text);

#endif
