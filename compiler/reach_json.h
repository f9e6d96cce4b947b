/* What diffs and answers have in common, as JSON. */
#ifndef FIREBREAK_COMPILER_REACH_JSON_H
#define FIREBREAK_COMPILER_REACH_JSON_H

#include "compiler/base/jsonout.h"
#include "firebreak/query.h"

void json_words(struct jsonout *json, const char *key,
		const struct fb_words *words);
void json_named(struct jsonout *json, const char *key,
		const struct fb_named *named);
void json_names(struct jsonout *json, const char *key,
		const struct fb_named *named, size_t count);
void json_reach(struct jsonout *json, const struct fb_reach *reach);
void json_freeze(struct jsonout *json, const struct fb_freeze *freeze);

#endif
