/* A policy read for a test: from a text or from a file. */
#ifndef FIREBREAK_TESTS_LIB_POLICY_H
#define FIREBREAK_TESTS_LIB_POLICY_H

#include "compiler/resolve.h"

struct policy {
	struct arena *arena;
	struct diags diags;
	struct sources sources;
	uint32_t as_of;
	struct ast *ast;
	struct ir *ir;
};

/* Read TEXT, or the file PATH, as of DAY ("2026-06-01").  False: mistakes. */
bool policy_of_text(struct policy *policy, struct arena *arena,
		    const char *text, const char *day);
bool policy_of_file(struct policy *policy, struct arena *arena,
		    const char *path, const char *day);

/* Its diagnostics, a line each. */
const char *policy_messages(struct policy *policy);

#endif
