/*
 * Collecting diagnostics.  Passes add, nobody prints.
 */
#ifndef FIREBREAK_COMPILER_BASE_DIAG_H
#define FIREBREAK_COMPILER_BASE_DIAG_H

#include "compiler/base/arena.h"
#include "firebreak/diag.h"

#include <stdbool.h>

enum diag_code {
#define DIAG(code, severity, title, explanation, example) code,
#include "compiler/base/diag.def"
#undef DIAG
	DIAG_CODES
};

struct diag;	/* one being built */

struct diags {
	struct arena *arena;
	LIST(struct diag *) all;
	size_t errors;		/* of severity FB_ERROR */
	size_t refusals;	/* those of P00 to P03: there is no policy to speak of */
	size_t faults;		/* those of P09: our own */
	size_t dropped;		/* beyond DIAG_MOST */
};

enum { DIAG_MOST = 100000 };

/*
 * Tell one.  The severity comes from the catalogue.  Returns it for more
 * parts; parts added to one beyond DIAG_MOST are lost with it.
 */
struct diag *diag_add(struct diags *diags, enum diag_code code,
		      struct span span, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

struct diag *diag_label(struct diag *diag, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
struct diag *diag_note(struct diag *diag, struct span span,
		       const char *format, ...)
	__attribute__((format(printf, 3, 4)));
struct diag *diag_help(struct diag *diag, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Replacing SPAN by the text makes the policy compile as was probably meant. */
struct diag *diag_fix(struct diag *diag, struct span span,
		      const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * The diagnostics in source order, exact duplicates left out; those without
 * a place come last, as added.
 */
const struct fb_diag *diag_list(struct diags *diags, size_t *count);

/* The message of the NUMBER-th that was told: the very string of its fb_diag. */
const char *diag_message(const struct diags *diags, size_t number);

/*
 * Put what FROM has behind what INTO has.  FROM's arena must live as long as
 * INTO's.
 */
void diags_take(struct diags *into, const struct diags *from);

/* The range of a code as a number: 1 for P0101, 4 for P0401, 9 for P0901. */
unsigned diag_range(const char *code);

#endif
