/*
 * JSON as we write it: keys as they come (sorted, by whoever writes), two
 * blanks a level, what one rule says on one line.
 */
#ifndef FIREBREAK_BACKENDS_AWS_WRITE_JSON_H
#define FIREBREAK_BACKENDS_AWS_WRITE_JSON_H

#include "backends/aws/model.h"
#include "compiler/base/text.h"

struct writer {
	struct text text;
	size_t depth;
	bool fresh;		/* nothing stands in this object or array yet */
	bool one_line;		/* objects and arrays go on where they began */
};

/* A writer with the root object open. */
struct writer writer_begin(struct arena *arena);

/* Close the root object: the whole text as the file PATH. */
struct artefact writer_end(struct writer *w, const char *path);

/* The place of a member's value; in an array KEY is NULL. */
void put_key(struct writer *w, const char *key);

/* BRACKET is the one that opens, or closes, an object or an array. */
void put_open(struct writer *w, const char *key, char bracket);
void put_close(struct writer *w, char bracket);

void put_string(struct writer *w, const char *key, const char *value);
void put_number(struct writer *w, const char *key, int value);

#endif
