/*
 * Who is declared: the tables of names that the rest of resolving looks in.
 */
#ifndef FIREBREAK_COMPILER_DECLARE_H
#define FIREBREAK_COMPILER_DECLARE_H

#include "compiler/base/table.h"
#include "compiler/ir.h"
#include "compiler/parse.h"

enum decl_kind { DECL_LAYER, DECL_NETWORK, DECL_GROUP };

/* A layer, network or group. */
struct decl {
	enum decl_kind kind;
	const char *name;
	const struct ast_node *node;
	uint32_t index;		/* of layers and networks: in the IR's arrays */
	struct both addresses;	/* of networks that have the same everywhere */
	/* of groups: being walked; walked; walked and found wrong, which was told */
	bool open, checked, bad;
	/* of groups: the last answers, so that one evaluation walks it once */
	const struct ir_space *set_in, *missing_in;
	bool set_as_claim;
	struct both set;
	const struct decl *missing;
};

/* A named service. */
struct service_decl {
	const char *name;
	const struct ast_node *node;
	struct both set;	/* when checked and not bad */
	bool open, checked, bad;
	bool used;		/* some statement writes its name */
};

/* An environment block, in its customer's block or alone. */
struct place {
	const struct ast_node *customer;	/* NULL: the unnamed one */
	const struct ast_node *environment;
	uint32_t customer_index, environment_index;
};

struct names {
	/*
	 * Invariants that forbid read `any` and `internet` with the prefix lists
	 * that nobody wrote down; rules and what demands read them without.
	 */
	bool as_claim;
	/* whose `prod.data` is meant, plus one; 0: of the customer who looks */
	uint32_t as_customer;
	struct arena *arena;
	struct diags *diags;
	struct ir *ir;
	const struct ast *ast;
	struct table endpoints, services, environments, customers, statements;
	struct table qualified;	/* names with dots that were looked up */
	size_t *compared;	/* names, for suggestions: they stop being made */
	unsigned depth;		/* of definitions by way of others, while checking */
	LIST(struct decl *) decls;
	LIST(struct service_decl *) service_decls;
	LIST(struct place) places;
	LIST(const char *) environment_names;
	LIST(const struct ast_node *) rules, invariants, defaults, requires,
				      expects, reviews, emergencies, freezes,
				      settings;
};

/*
 * Collect every declaration of AST into NAMES and the layers, networks,
 * environments and customers of its IR, sorted by name.
 */
void declare_all(struct names *names, const struct ast *ast);

/* What a table has under NAME, or NULL: a decl, a service_decl, or a node. */
void *names_find(const struct table *table, const char *name);

/* The words of a list, one or many. */
size_t words_of(const struct ast_expr *list, struct ast_expr *const **words,
		struct ast_expr **single);

/*
 * May NAME be declared in a part of the text that could not be read?  Then the
 * message about that part is enough.
 */
bool names_excuse(const struct names *names, const char *name);

/*
 * Names of one table, for "did you mean".  NULL where there is none, and where
 * so many mistakes among so many names were told that suggesting would take
 * longer than compiling.
 */
const char *names_nearest_endpoint(const struct names *names, const char *word);
const char *names_nearest_service(const struct names *names, const char *word);

/* Is WORD an address rather than a name? */
bool is_address(const char *word);

/*
 * Number of an environment by name; one that nobody declares is told.  -1 when
 * there is not even a block of that name.
 */
int names_environment(struct names *names, const struct ast_expr *word);

#endif
