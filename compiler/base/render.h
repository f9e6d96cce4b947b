/* Diagnostics as text for people. */
#ifndef FIREBREAK_COMPILER_BASE_RENDER_H
#define FIREBREAK_COMPILER_BASE_RENDER_H

#include "compiler/base/source.h"
#include "compiler/base/text.h"

#include <stdbool.h>

/* Append STRING, safe for a terminal, on one line. */
void render_plain(struct text *out, const char *string);

/*
 * Append DIAG with its source lines.  Whatever is not printable in it, or not
 * UTF-8, comes out escaped: a terminal never sees raw bytes of a policy.
 */
void render_diag(struct text *out, struct sources *sources,
		 const struct fb_diag *diag, bool colour);

#endif
