/*
 * A sentence that is no part of the policy: `edge -> data on postgres in prod`,
 * asked of it from outside.
 */
#ifndef FIREBREAK_COMPILER_QUESTION_H
#define FIREBREAK_COMPILER_QUESTION_H

#include "compiler/base/diag.h"
#include "compiler/ir.h"

/* What the sentence means; both_empty() ends where it means nothing. */
struct question_sets {
	struct both src, dst, svc;
};

struct question {
	struct question_sets *in;	/* by space; empty where it is not asked */
	bool *asked;			/* by space: `in` does not leave it out */
	bool any_source, any_target;	/* `?` stood there */
	bool services_given;
	struct span src, dst;		/* of the two ends */
};

/* Do `any` and `internet` hold the prefix lists that nobody wrote down? */
enum question_reading { AS_RULE, AS_CLAIM };

/*
 * Read TEXT, known as NAME to diagnostics, with the names of IR, whose policy has
 * no mistakes.  An end may be `?`: whoever.  False when it is wrong, which was
 * told.
 */
bool question_read(struct arena *arena, struct diags *diags,
		   struct sources *sources, const struct ir *ir,
		   const char *name, const char *text,
		   enum question_reading reading, struct question *out);

#endif
