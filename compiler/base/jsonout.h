/*
 * Writing JSON: objects with a fixed order of keys, a line a member, so that
 * two documents diff well.  A KEY is NULL in a list.
 */
#ifndef FIREBREAK_COMPILER_BASE_JSONOUT_H
#define FIREBREAK_COMPILER_BASE_JSONOUT_H

#include "compiler/base/text.h"

#include <stdbool.h>

/* Where in the text: how deep, and whether something stands before. */
struct jsonout {
	struct text *out;
	unsigned depth;
	bool started;
};

/* BRACKET is `{` or `[`; close with the same. */
void jsonout_open(struct jsonout *j, const char *key, char bracket);
void jsonout_close(struct jsonout *j, char bracket);

/* A NULL STRING is null. */
void jsonout_string(struct jsonout *j, const char *key, const char *string);
void jsonout_number(struct jsonout *j, const char *key, long long number);
void jsonout_real(struct jsonout *j, const char *key, double number);
void jsonout_bool(struct jsonout *j, const char *key, bool value);

/* A list of strings, one a line. */
void jsonout_strings(struct jsonout *j, const char *key,
		     const char *const *strings, size_t count);

/* { "key": "string" }, in one line. */
void jsonout_wrapped(struct jsonout *j, const char *key, const char *inner,
		     const char *string);

#endif
