/* Two texts as a unified diff. */
#ifndef FIREBREAK_CLI_UNIFIED_H
#define FIREBREAK_CLI_UNIFIED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct unified_text {
	const char *at;
	size_t len;
};

/*
 * Write what turns A into B, known as NAME, to TO; three lines of context, and
 * ANSI colours where COLOUR.  Nothing when they are equal.  False without
 * memory.
 */
bool unified_diff(FILE *to, const char *name, struct unified_text a,
		  struct unified_text b, bool colour);

#endif
