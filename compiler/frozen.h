/*
 * Freezes: what a change may do on its day.  Exact on packets, like the delta
 * that it is decided on.
 */
#ifndef FIREBREAK_COMPILER_FROZEN_H
#define FIREBREAK_COMPILER_FROZEN_H

#include "compiler/base/diag.h"
#include "compiler/delta_tell.h"
#include "firebreak/diff.h"

/*
 * The freezes of both policies that are in force on the new one's day, and what
 * each says to DELTA.  A freeze that both policies have stands there once.
 */
const struct fb_freeze *frozen_judge(struct arena *arena,
				     const struct delta *delta,
				     const struct tell_from *from,
				     size_t *count);

/* Tell emergencies of the old policy that nobody looked at and the new one has not. */
void frozen_tell_gone(struct diags *diags, const struct delta *delta);

/*
 * Tell what is broken or lifted, and emergencies that go without their review;
 * how many freezes are broken.
 */
size_t frozen_tell(struct diags *diags, const struct delta *delta,
		   const struct fb_freeze *freezes, size_t count);

#endif
