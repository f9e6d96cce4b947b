/*
 * The policy as written: what the grammar's actions build.  Nothing is looked
 * up here and nothing is checked that the grammar does not check.
 */
#ifndef FIREBREAK_COMPILER_AST_H
#define FIREBREAK_COMPILER_AST_H

#include "compiler/base/arena.h"
#include "firebreak/diag.h"

#include <stdbool.h>

/* A word or a string with its place.  text is NULL when it was left out. */
struct ast_text {
	const char *text;	/* strings: without quotes, escapes undone */
	struct span span;
};

enum ast_expr_kind {
	EXPR_WORD,	/* a name, NAME.NAME, internet, any, an address, tcp/443 */
	EXPR_UNION,	/* items */
	EXPR_EXCEPT,	/* items[0] less all others */
};

/* Endpoints, services and lists of addresses alike. */
struct ast_expr {
	enum ast_expr_kind kind;
	struct span span;
	bool closed;			/* stood in parentheses */
	bool mixed;			/* of `,` and `except`, which was told */
	const char *word;		/* of EXPR_WORD */
	LIST(struct ast_expr *) items;	/* of the others: at least two */
};

enum ast_attr_kind {
	ATTR_OWNER, ATTR_TICKET, ATTR_REASON, ATTR_EXPIRES, ATTR_REVIEWED,
	ATTR_APPROVED, ATTR_EMERGENCY, ATTR_PARTY, ATTR_LOG, ATTR_WAIVES,
	ATTR_CONTROLS, ATTR_SEVERITY, ATTR_TRANSITIVELY, ATTR_AVOIDING,
	ATTR_OUTBOUND, ATTR_INBOUND, ATTR_IN,
};

struct ast_attr {
	struct ast_attr *next;
	enum ast_attr_kind kind;
	struct span span;
	struct ast_text value;		/* reviewed, emergency: the date */
	struct ast_text by;		/* reviewed, emergency */
	struct ast_expr *expr;		/* avoiding; in; controls (a union of words) */
};

enum ast_kind {
	/* anywhere outside a block */
	AST_LANGUAGE,		/* name */
	AST_POLICY,		/* name, title */
	AST_INCLUDE,		/* title: the path; name: the library in <> */
	AST_ENVIRONMENTS,	/* list */
	AST_REQUIRE,		/* list */
	AST_REVIEW,		/* name: the duration */
	AST_REVIEW_EMERGENCY,	/* name: the duration; most: that of the rule, or nothing */
	AST_FREEZE,		/* name, key: first and last day; title; src: environments;
				   list: what may change all the same */
	AST_DEFAULT,		/* attrs */
	AST_LAYER,		/* name, title, shared_hosts; in an environment: list */
	AST_NETWORK,		/* name, title, prefix_list, via, list */
	AST_GROUP,		/* name, list */
	AST_SERVICE,		/* name, list */
	AST_CUSTOMER,		/* name, title, block */
	AST_ENVIRONMENT,	/* name, block */
	AST_SETTINGS,		/* name: aws, nft; block of AST_SETTING */
	AST_SETTING,		/* name, key (of two values), title: the value */
	AST_EXPECT,		/* name: yes, no; src, dst, on, attrs (in) */
	/* rules and invariants: name, src, dst, on, attrs; never: perhaps hops */
	AST_ALLOW, AST_NEVER, AST_ONLY, AST_CONFINE, AST_MUST,
	AST_ISOLATE,		/* list: what; src, dst, on: the exception */
	AST_TIERS,		/* list: the tiers, from the top */
	AST_REACH,		/* src, hops, most */
	AST_PARITY,		/* list: environments */
	AST_EACH_RULE,		/* src, most, unit: addresses, ports, expires */
	/* in an environment */
	AST_ACCOUNT, AST_REGION, AST_PEER,	/* name */
	AST_VPC, AST_NAT,			/* list */
};

struct ast_node {
	struct ast_node *next;
	enum ast_kind kind;
	struct span span;		/* the whole statement */
	struct ast_text name, title, key, prefix_list, via;
	struct ast_text hops, most, unit;	/* of invariants that count */
	bool shared_hosts;
	struct ast_expr *src, *dst, *on, *list;
	struct ast_attr *attrs;
	struct ast_node *block;
};

/* One parsed file. */
struct ast_file {
	struct ast_node *nodes;		/* in the order of the text */
	bool library;			/* the compiler brought it along */
};

#endif
