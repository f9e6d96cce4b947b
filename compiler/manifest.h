/*
 * manifest.json: what was made from what.  The only output that names sources,
 * digests and the day.
 */
#ifndef FIREBREAK_COMPILER_MANIFEST_H
#define FIREBREAK_COMPILER_MANIFEST_H

#include "compiler/ir.h"
#include "compiler/base/text.h"
#include "firebreak/diff.h"

/*
 * NAMES are those of ir->sources, in their order, as seen from the policy's own
 * directory.  Of MADE it says all but the manifest, which it is to have.  PREVIOUS
 * is the digest of the manifest of an earlier compilation whose names were taken
 * into account, or NULL.
 */
void manifest_write(struct text *out, const struct ir *ir,
		    const char *const *names,
		    const struct fb_compilation *made, const char *previous);

#endif
