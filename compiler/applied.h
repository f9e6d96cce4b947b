/* What applying a compilation does where an earlier one is applied. */
#ifndef FIREBREAK_COMPILER_APPLIED_H
#define FIREBREAK_COMPILER_APPLIED_H

#include "compiler/previous.h"
#include "firebreak/diff.h"

/*
 * A diff that has resources and quotas alone, of the files of PREVIOUS that were
 * brought and those of MADE.  IS_WHOLE: a file that is no longer made is gone;
 * else nobody asked for it.  MOST as in outputs_compare().
 */
const struct fb_diff *applied_of(struct arena *arena,
				 const struct previous *previous,
				 const struct fb_compilation *made,
				 bool is_whole, unsigned most);

#endif
