/* "Did you mean": the nearest word by Damerau-Levenshtein distance. */
#ifndef FIREBREAK_COMPILER_BASE_SUGGEST_H
#define FIREBREAK_COMPILER_BASE_SUGGEST_H

#include <stddef.h>

/*
 * Edits between A and B: insert, delete, replace, or swap two neighbours that
 * are not edited again.  An edit is of a character (a byte that is no UTF-8
 * counts as one).  Words over 64 characters are further than any limit.
 */
unsigned suggest_distance(const char *a, const char *b);

/*
 * The one of COUNT words nearest to WORD, the first of equals, or NULL when none
 * is near enough to be meant: a third of the word's length, at least one edit.
 * WORD itself is no suggestion for it.
 */
const char *suggest_nearest(const char *word, const char *const *words,
			    size_t count);

#endif
