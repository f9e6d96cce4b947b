/*
 * The second evaluator: one packet, one look at every rule, straight from the
 * syntax tree.  Written from the language's description alone, it shares no
 * code with the compiler but the types of the tree and of a packet.  Slow, and
 * meant to be read.  A number behind the last IPv4 address stands for a prefix
 * list, as compiler/ir.h says.
 */
#ifndef FIREBREAK_TESTS_LIB_NAIVE_H
#define FIREBREAK_TESTS_LIB_NAIVE_H

#include "compiler/parse.h"
#include "compiler/pset.h"

/*
 * Does some rule in force on day AS_OF (days since 1970-01-01) let PACKET open
 * a connection in ENVIRONMENT of CUSTOMER ("" for the unnamed one)?  AST is of
 * a policy without mistakes.
 */
bool naive_allows(const struct ast *ast, const char *customer,
		  const char *environment, const struct packet *packet,
		  uint32_t as_of);

/* The block of ENVIRONMENT, or NULL. */
const struct ast_node *naive_place(const struct ast *ast, const char *customer,
				   const char *environment);

/* Is ADDRESS there what the language calls NAME: a layer, a network, `any`? */
bool naive_is_in(const struct ast *ast, const char *customer,
		 const char *environment, const char *name,
		 enum family family, u128 address);

bool naive_is_in_vpc(const struct ast *ast, const char *customer,
		     const char *environment, enum family family, u128 address);

/* Has the layer NAME, or with NULL the VPC, addresses of FAMILY there? */
bool naive_has_family(const struct ast *ast, const char *customer,
		      const char *environment, const char *name,
		      enum family family);

/*
 * Did nobody declare ADDRESS there: is it outside of the VPC, the networks and
 * the internet?
 */
bool naive_is_undeclared(const struct ast *ast, const char *customer,
			 const char *environment, enum family family,
			 u128 address);

#endif
