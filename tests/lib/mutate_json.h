/* What the mutations of JSON share: one object of a file, about to be changed. */
#ifndef FIREBREAK_TESTS_LIB_MUTATE_JSON_H
#define FIREBREAK_TESTS_LIB_MUTATE_JSON_H

#include "tests/lib/mutate.h"

#include <jansson.h>

struct object {
	struct mutation *m;
	struct arena *arena;
	json_t *root, *among, *is;	/* among: the object that has it */
	const char *kind, *key;
};

void show_root(const struct object *o, const char *what);

/* Show the file with member NAME as VALUE (NULL: without), then put it back. */
void try_member(const struct object *o, json_t *in, const char *name,
		json_t *value);

/* Other numbers for the number of member NAME. */
void mutate_number(const struct object *o, const char *name, json_int_t n);

/* Other addresses and prefixes for the text of member NAME. */
void mutate_prefix(const struct object *o, const char *name, const char *text);

/*
 * The rules in the list KEY of IN, those of the other direction being in OTHER:
 * each changed by MUTATE, twice, in both directions, and gone.
 */
void mutate_listed(const struct object *group, json_t *in, const char *key,
		   const char *other, void (*mutate)(const struct object *o));

/* Tags of IN with other keys and values. */
void mutate_tag_list(const struct object *o, json_t *in);

#endif
