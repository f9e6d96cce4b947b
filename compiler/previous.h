/*
 * The outputs of an earlier compilation: its manifest says which files it wrote
 * and their digests, so that nobody's edit of them is taken for ours.
 */
#ifndef FIREBREAK_COMPILER_PREVIOUS_H
#define FIREBREAK_COMPILER_PREVIOUS_H

#include "compiler/base/table.h"

struct previous_file {
	const char *path, *digest;	/* "sha256:…" */
	const char *bytes;		/* NULL until it was brought */
	size_t len;
};

struct previous {
	const char *digest;		/* of the manifest; NULL: there is none */
	struct table files;		/* path -> struct previous_file */
	LIST(const struct previous_file *) all;	/* in the order of the manifest */
};

/* The file at PATH, brought and found unchanged; NULL: there is none. */
const struct previous_file *previous_find(const struct previous *previous,
					  const char *path);

#endif
