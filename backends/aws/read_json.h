/*
 * Reading JSON strictly: every helper tells what it does not find as P0601,
 * with the path of the place, and the file is then not understood.
 */
#ifndef FIREBREAK_BACKENDS_AWS_READ_JSON_H
#define FIREBREAK_BACKENDS_AWS_READ_JSON_H

#include "compiler/base/diag.h"
#include "compiler/base/json.h"
#include "compiler/base/table.h"

/* Where in the file we are: the keys from here to the top. */
struct path {
	const struct path *up;
	const char *key;
};

struct reader {
	struct arena *arena;	/* of the tree and what is read out of it */
	struct diags *diags;
	const char *name;	/* of the file */
	bool good;		/* nothing was refused */
};

/* Tell what is wrong at PATH (NULL: the file).  Always false. */
bool refuse(struct reader *r, const struct path *path, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The file as JSON without a key twice in an object, or NULL and told. */
const struct json *read_json(struct reader *r, const char *bytes, size_t len);

/*
 * Is JSON an object, with no members but those of the list ALLOWED, which ends
 * in NULL?  No list: any members.
 */
bool expect_object(struct reader *r, const struct path *path, const struct json *json,
		   const char *const *allowed);

/* The member of OBJECT that is named by PATH's key: such an object, or NULL. */
const struct json *read_object(struct reader *r, const struct path *path, const struct json *object,
		    const char *const *allowed);

/* Is member KEY of OBJECT, which is at UP, the string WANTED? */
bool expect_string(struct reader *r, const struct path *up, const char *key,
		   const struct json *object, const char *wanted);

/* A whole number from LEAST to MOST. */
bool read_number(struct reader *r, const struct path *up, const char *key,
		 const struct json *object, int least, int most, int *out);

/*
 * A string of Terraform that computes nothing, its template escapes undone;
 * NULL and told otherwise.  Where it is optional and missing: "".
 */
const char *read_literal(struct reader *r, const struct path *up,
			 const char *key, const struct json *object);
const char *read_optional(struct reader *r, const struct path *up,
			  const char *key, const struct json *object);

/* What TABLE has for the KEY of "${BEFOREkey.id}", or NULL and told. */
void *read_reference(struct reader *r, const struct path *up, const char *key,
		     const struct json *object, const char *before,
		     const struct table *table);

/* A map of tags: any names, but strings that compute nothing. */
bool expect_tags(struct reader *r, const struct path *path, const struct json *tags);

/* Is PATH's key one that Terraform takes for the name of a resource? */
bool expect_name(struct reader *r, const struct path *path);

/* Is it a logical id of CloudFormation: letters and digits? */
bool expect_logical_id(struct reader *r, const struct path *path);

#endif
