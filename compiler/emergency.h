/*
 * Rules that an emergency opened: how long they may last, and what has become of
 * the review that follows them.
 */
#ifndef FIREBREAK_COMPILER_EMERGENCY_H
#define FIREBREAK_COMPILER_EMERGENCY_H

#include "compiler/base/diag.h"
#include "compiler/ir.h"

enum {
	EMERGENCY_DAYS = 3,		/* 72 hours, as change boards have it */
	EMERGENCY_REVIEW_DAYS = 7,
	EMERGENCY_MOST = 30,		/* what lasts longer is a change like any other */
};

enum emergency_state {
	EMERGENCY_NONE,		/* the rule is none */
	EMERGENCY_REVIEWED,	/* after it began, by somebody else */
	EMERGENCY_DUE,		/* not yet, and in time */
	EMERGENCY_OVERDUE,	/* not in time, in force or not */
};

enum emergency_state emergency_state(const struct ir *ir,
				     const struct ir_rule *rule);

/* Has RULE, an emergency, all that one needs, so that it counts as one? */
bool emergency_is_whole(const struct ir *ir, const struct ir_rule *rule);

/* The last day on which the review of RULE, an emergency, is in time. */
uint32_t emergency_due(const struct ir *ir, const struct ir_rule *rule);

/* Tell what an emergency needs and RULE, which may be one, lacks. */
void emergency_check(struct diags *diags, const struct ir *ir,
		     const struct ir_rule *rule);

#endif
