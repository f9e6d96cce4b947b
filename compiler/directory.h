/* A directory that `compile` made, against its manifest and a policy. */
#ifndef FIREBREAK_COMPILER_DIRECTORY_H
#define FIREBREAK_COMPILER_DIRECTORY_H

#include "compiler/base/arena.h"
#include "firebreak/diff.h"

/*
 * Which files of RUNNING are not what its manifest says, and which change, appear
 * and vanish against MADE, the policy's outputs for the same targets (NULL: there
 * are none).  Into OUT's files.
 */
void directory_compare(struct arena *arena, const struct fb_running *running,
		       const struct fb_compilation *made, struct fb_diff *out);

#endif
