/*
 * Expressions to sets: endpoints in one environment, services anywhere,
 * lists of addresses.
 */
#ifndef FIREBREAK_COMPILER_ENDPOINT_H
#define FIREBREAK_COMPILER_ENDPOINT_H

#include "compiler/declare.h"

/*
 * Look every name of EXPR up, once, before it is evaluated anywhere.  False
 * when something is wrong, which was told.
 */
bool endpoint_check(struct names *names, const struct ast_expr *expr);
bool service_check(struct names *names, const struct ast_expr *expr);

/* Check every group and named service, used or not. */
void definitions_check(struct names *names);

/* The addresses of a checked EXPR in SPACE. */
struct both endpoint_set(struct names *names, const struct ir_space *space,
			 const struct ast_expr *expr);

/* The services of a checked EXPR; NULL stands for `any`. */
struct both service_set(struct names *names, const struct ast_expr *expr);

/* A layer or network without addresses, and the word that names it. */
struct missing {
	const struct decl *decl;
	const struct ir_space *in;
	bool named;		/* the word names the environment */
	bool customer_named;	/* and its customer */
	struct span where;
};

/*
 * The first layer or network of EXPR, groups included, that SPACE has no
 * address of (of `prod.data`: that prod has none of, where SPACE sees it);
 * false when it has all.
 */
bool endpoint_missing(struct names *names, const struct ir_space *space,
		      const struct ast_expr *expr, struct missing *out);

/* The addresses that a list of prefixes names; mistakes are told. */
struct both address_list(struct names *names, const struct ast_expr *list);

#endif
