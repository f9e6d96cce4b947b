/*
 * From sets back to words: any set of addresses of an environment, any set of
 * services, as the language writes them.  The words denote exactly the set.
 */
#ifndef FIREBREAK_COMPILER_NAMING_H
#define FIREBREAK_COMPILER_NAMING_H

#include "compiler/ir.h"

/*
 * An expression: "edge, ops", "internet except partners", "10.0.0.0/25".  SET is
 * what it means in either family; in the one that was asked for, the set that
 * was named.
 */
struct named {
	const char *text;
	struct both set;
};

struct naming;

/* The words of SPACE.  Answers are kept: the same set is named once. */
struct naming *naming_of(struct arena *arena, const struct ir *ir,
			 const struct ir_space *space);

/*
 * SET (not empty) by the names of layers, networks and groups, `internet`,
 * `any` and the layers of peers; addresses only where no name says it.  Whatever
 * is shortest, counting a name or a prefix as one.
 */
struct named naming_addresses(struct naming *naming, enum family family,
			      struct ranges set);

/* SET (not empty) by declared services and merged ranges. */
struct named naming_services(struct naming *naming, enum family family,
			     struct ranges set);

#endif
