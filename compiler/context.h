/*
 * What an API context holds, and the guard that every entry point works in.
 * Shared by the files of the public API and nobody else.
 */
#ifndef FIREBREAK_COMPILER_CONTEXT_H
#define FIREBREAK_COMPILER_CONTEXT_H

#include "compiler/base/diag.h"
#include "compiler/findings/findings.h"
#include "compiler/ir.h"
#include "compiler/parse.h"
#include "compiler/previous.h"
#include "firebreak/firebreak.h"

#include <setjmp.h>

/* A file as an editor has it. */
struct overlay {
	const char *path;	/* absolute */
	const char *text;
	size_t len;
};

struct live_change;

struct fb {
	struct arena *arena;
	struct fb_options options;
	struct diags diags;
	struct sources sources;
	struct loader loader;
	struct ir *ir;
	const struct verdict *verdicts;	/* of its invariants, once they were judged */
	bool expects_run;
	LIST(struct proved) proved;
	struct fb_live kernel;	/* what fb_prove_live() found, once it was asked */
	bool kernel_asked;
	struct fb_capture adopted;	/* of an account that is there already */
	struct previous previous;	/* outputs of an earlier compilation */
	jmp_buf full;
	int open;		/* the file being read, or -1 */
	char limit[800];	/* after FB_MEMORY: for fb_limit() */
	LIST(struct arena *) others;	/* of tasks: what they made stays in them */
	LIST(struct overlay) overlays;
	/* what fb_apply() has changed, of which part: the way back */
	const struct live_change *changed;
	const char *changed_part;
	const struct fb_reader *reader;	/* of fb_load_from(), else NULL */
	/* of fb_load_text() */
	const char *text_name, *text;
	size_t text_len;
};

/*
 * Run WORK with CALL: memory that runs out ends the work with FB_MEMORY.  What
 * WORK holds outside of the arena (files, malloc'd memory) is lost then, so it
 * holds nothing there.
 */
enum fb_status guarded(struct fb *fb,
		       enum fb_status (*work)(struct fb *fb, void *call),
		       void *call);

/* The first error that FB, which refused to compile, has told. */
const char *first_error(struct fb *fb);

/* The names of FB's sources as seen from the policy's root, wherever it was read from. */
const char *const *source_names(struct fb *fb);

#endif
