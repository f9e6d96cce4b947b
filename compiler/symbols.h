/* The names of a policy, wherever they stand. */
#ifndef FIREBREAK_COMPILER_SYMBOLS_H
#define FIREBREAK_COMPILER_SYMBOLS_H

#include "compiler/ir.h"
#include "firebreak/edit.h"

/*
 * The names that stand in the sources of IR and that something declares, in
 * source order, without those in libraries.  Spans hold the name alone, also of
 * a part of `banco-andino.prod.data`.
 */
const struct fb_symbol *symbols_of(struct arena *arena, const struct ir *ir,
				   size_t *count);

/* The services of the libraries, by name. */
const char *const *symbols_library(struct arena *arena, const struct ir *ir,
				   size_t *count);

/* The services that NAME stands for; nothing when none has that name. */
struct both symbols_service(const struct ir *ir, const char *name);

#endif
