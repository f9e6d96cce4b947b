/* Checks of a report as OSCAL tells them: what was asked, and what was observed. */
#ifndef FIREBREAK_COMPILER_EVIDENCE_OSCAL_H
#define FIREBREAK_COMPILER_EVIDENCE_OSCAL_H

#include "compiler/evidence/evidence.h"

struct oscal_check {
	const char *path;	/* what it is in the report, for its UUIDs */
	const char *target;	/* a token of OSCAL: the same in another report */
	const char *title, *asked, *observed;
	const char *section;	/* of the report that shows it; NULL: FILE does */
	const char *file;	/* a path in the bundle */
	const char *basis;	/* what is there */
	bool satisfied;
	const char *reason;	/* "pass", "fail", "other": nobody could tell */
	const char *const *controls;
	size_t control_count;
};

struct oscal_checks {
	LIST(struct oscal_check) list;
};

/* Invariants, what was captured, and commits on days of a freeze, in this order. */
struct oscal_checks oscal_checks(struct arena *arena, const struct evidence *e);

#endif
