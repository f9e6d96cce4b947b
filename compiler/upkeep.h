/*
 * What a policy needs to stay true as days go by: reviews, those of emergencies
 * too, and waivers.
 */
#ifndef FIREBREAK_COMPILER_UPKEEP_H
#define FIREBREAK_COMPILER_UPKEEP_H

#include "compiler/verify.h"

enum { REVIEW_SOON = 14 };	/* days */

struct upkeep {
	size_t overdue;		/* rules in force whose review day is past */
	size_t soon;		/* those and the ones within REVIEW_SOON days */
	size_t emergencies;	/* rules that an emergency opened */
	size_t unreviewed;	/* of them: whose review should have been by now */
};

/* The last day on which the review of RULE, in force, is in time. */
uint32_t upkeep_due(const struct ir *ir, const struct ir_rule *rule);

/*
 * Tell what is overdue, and waivers that waive nothing any more.  VERDICTS are
 * of IR's invariants.
 */
struct upkeep upkeep_tell(struct diags *diags, const struct ir *ir,
			  const struct verdict *verdicts);

#endif
