/*
 * UTF-8: one reader, one opinion on what must not be in a policy, and one on
 * how wide a terminal draws a character.
 */
#ifndef FIREBREAK_COMPILER_BASE_UTF8_H
#define FIREBREAK_COMPILER_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The character that the LEN bytes of TEXT begin with, in *C; its length in
 * bytes.  0 when there is none: overlong, a surrogate, cut off, above U+10FFFF,
 * or LEN is 0 (RFC 3629).
 */
size_t utf8_read(const char *text, size_t len, uint32_t *c);

/*
 * What nobody may hide in a policy, and no terminal may obey: control
 * characters but tab, newline and return; characters without width; marks that
 * turn the direction of text (UAX 9); tags, fillers and non-characters.
 */
bool utf8_is_hidden(uint32_t c);

/*
 * Columns a terminal gives C: 0 for a mark that combines with the character
 * before, 2 for the wide scripts and pictures of East Asia (UAX 11), else 1.
 */
unsigned utf8_columns(uint32_t c);

#endif
