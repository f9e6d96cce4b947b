/* JSON written member by member, indented by two blanks. */
#ifndef FIREBREAK_COMPILER_JSON_WRITER_H
#define FIREBREAK_COMPILER_JSON_WRITER_H

#include "compiler/base/text.h"
#include "firebreak/query.h"

/* Where the next member goes. */
struct json {
	struct text *out;
	unsigned depth;
	bool fresh;		/* nothing stands in this object or array yet */
};

/* Begin a member, or with KEY NULL an element; its value is written next. */
void json_next(struct json *json, const char *key);

/* An object (`{`) or an array (`[`), until it is closed with the other bracket. */
void json_open(struct json *json, const char *key, char bracket);
void json_close(struct json *json, char bracket);

void json_put(struct json *json, const char *key, const char *string);
void json_number(struct json *json, const char *key, size_t number);
void json_bool(struct json *json, const char *key, bool is);
void json_strings(struct json *json, const char *key,
		  const char *const *strings, size_t count);

/* What diffs and answers have in common. */
void json_words(struct json *json, const char *key, const struct fb_words *words);
void json_named(struct json *json, const char *key, const struct fb_named *named);
void json_names(struct json *json, const char *key,
		const struct fb_named *named, size_t count);
void json_reach(struct json *json, const struct fb_reach *reach);

#endif
