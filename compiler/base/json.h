/*
 * JSON (RFC 8259) into an arena: the reader of large outputs.
 *
 * Strict: UTF-8 only, no byte behind the value, no key twice in an object, no
 * NUL in a string, no whole number beyond 64 bits, JV_DEEP levels at most.
 * jansson does the same with a malloc for each value: on the outputs of 10,000
 * rules that took a third of the whole compilation, and none of it is given
 * back when the memory limit ends the work.  The tests hold this one against it.
 */
#ifndef FIREBREAK_COMPILER_BASE_JSON_H
#define FIREBREAK_COMPILER_BASE_JSON_H

#include "compiler/base/arena.h"

#include <stdbool.h>

enum jv_kind {
	JV_NULL, JV_FALSE, JV_TRUE,
	JV_INTEGER,
	JV_REAL,	/* a number with a fraction or an exponent: not computed */
	JV_STRING, JV_ARRAY, JV_OBJECT,
};

struct json {
	enum jv_kind kind;
	uint32_t count;			/* of arrays and objects: how many are inside */
	const char *key;		/* of a member of an object; else NULL */
	const struct json *next;	/* its neighbour, in the order of the text */
	union {
		const struct json *first;	/* of arrays and objects; NULL: empty */
		const char *string;		/* of JV_STRING: UTF-8, escapes undone */
		int64_t integer;		/* of JV_INTEGER */
	};
};

struct jv_fault {
	unsigned line;		/* from 1 */
	const char *what;	/* "a comma is missing" */
};

enum { JV_DEEP = 64 };

/* The value that the LEN bytes at TEXT are, or NULL with *FAULT. */
const struct json *jv_read(struct arena *arena, const char *text, size_t len,
			     struct jv_fault *fault);

/* The member KEY of OBJECT, or NULL; NULL too when OBJECT is NULL or none. */
const struct json *jv_get(const struct json *object, const char *key);

/* Its string, or NULL when VALUE is NULL or something else. */
const char *jv_string(const struct json *value);

#endif
