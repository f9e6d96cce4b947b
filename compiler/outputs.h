/*
 * Emitted files read as data, by what they say of themselves: what a change does
 * to resources, and which lines a rule became.
 */
#ifndef FIREBREAK_COMPILER_OUTPUTS_H
#define FIREBREAK_COMPILER_OUTPUTS_H

#include "compiler/base/arena.h"
#include "firebreak/diff.h"

/*
 * Compare the Terraform files of two compilations resource by resource, into
 * OUT's resources and quotas; what NEW says is moved keeps its place.  MOST is how many rules a security group may hold,
 * a direction and family.
 */
void outputs_compare(struct arena *arena, const struct fb_compilation *old,
		     const struct fb_compilation *new, unsigned most,
		     struct fb_diff *out);

/* One line of an output, without the white space around it. */
struct output_line {
	const char *path, *text;
	size_t number;		/* from 1 */
};

struct output_lines {
	LIST(struct output_line) list;
};

/*
 * The lines of MADE that name the rule NAME: one a rule of a security group and
 * one an element of an nftables set, as they are written.
 */
struct output_lines outputs_naming(struct arena *arena,
				   const struct fb_compilation *made,
				   const char *name);

#endif
