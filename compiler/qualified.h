/*
 * Ends in a named environment: `prod.data` of the customer who looks, and
 * `banco-andino.prod.data`.
 */
#ifndef FIREBREAK_COMPILER_QUALIFIED_H
#define FIREBREAK_COMPILER_QUALIFIED_H

#include "compiler/declare.h"

/* An environment by name; `customer` is QUALIFIED_OWN without one. */
struct place_name {
	uint32_t customer, environment;
};

enum { QUALIFIED_OWN = UINT32_MAX };

/* A word of two or three names, looked up. */
struct qualified {
	bool bad;		/* which was told */
	struct place_name place;
	struct decl *decl;	/* a layer or a group */
};

/* Has WORD a dot between names? */
bool is_qualified(const char *word);

/*
 * Look ENV or CUSTOMER.ENV up, the LEN first bytes of WORD; false when it is
 * wrong, which was told.
 */
bool place_name_read(struct names *names, const struct ast_expr *word,
		     size_t len, struct place_name *out);

/* The same word, the same answer, told once.  Never NULL. */
const struct qualified *qualified_find(struct names *names,
				       const struct ast_expr *word);

/* The space that PLACE is for who looks from CUSTOMER, or IR_NO_SPACE. */
uint32_t place_name_space(const struct names *names,
			  const struct place_name *place, uint32_t customer);

#endif
