/* Policy text that the compiler brings along: what `include <NAME>;` reads. */
#ifndef FIREBREAK_GRAMMAR_LIBRARY_H
#define FIREBREAK_GRAMMAR_LIBRARY_H

#include <stddef.h>

/* The text of library NAME, NUL-terminated, and its length; NULL: there is none. */
const char *library_text(const char *name, size_t *len);

#endif
