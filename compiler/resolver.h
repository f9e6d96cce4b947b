/*
 * What the parts of resolving share, and the order they run in: spaces, rules,
 * invariants; sentence.h has what rules and invariants have in common.
 */
#ifndef FIREBREAK_COMPILER_RESOLVER_H
#define FIREBREAK_COMPILER_RESOLVER_H

#include "compiler/declare.h"

struct resolver {
	struct arena *arena;
	struct diags *diags;
	struct names names;
	struct ir *ir;
	uint32_t as_of;
	struct both public;
	struct ir_space *spaces;
	struct both *ours;	/* by space: all layers */
	LIST(struct ir_flow) flows, halves;
	LIST(const struct ast_node *) groups;	/* of `aws { security-group }` */
	/* by kind of attribute: what every rule has, and what it needs */
	const struct ast_attr *defaults[ATTR_IN + 1];
	const struct ast_node *required[ATTR_IN + 1];
};

/* `aws`, `nft` and `review`. */
void resolve_settings(struct resolver *r);

/* `freeze` and `review emergency`. */
void resolve_freezes(struct resolver *r);

/* `aws { security-group }`, once the environments are known. */
void resolve_groups(struct resolver *r);

/* The environments and their addresses. */
void resolve_spaces(struct resolver *r);

/* Who peers with whom; with their addresses known, before anything is judged. */
void resolve_peers(struct resolver *r);

/* The rules, with what governs them, and their flows. */
void resolve_rules(struct resolver *r);

/* Invariants, then what the policy is expected to permit. */
void resolve_invariants(struct resolver *r);
void resolve_expects(struct resolver *r);

/* --- governance --- */

/* `require` and `default`, as such. */
void govern_check(struct resolver *r);

/* The attributes of RULE as NODE has them, with defaults; what is missing is told. */
void govern_rule(struct resolver *r, struct ir_rule *rule,
		 const struct ast_node *node);

/* TEXT as the number of its day; false when it is no date, which is told. */
bool govern_date(struct resolver *r, const struct ast_text *text,
		 uint32_t *day);

/* Is ATTR the first of its kind among ATTRS?  A second one is told. */
bool attribute_is_first(struct resolver *r, const struct ast_attr *attrs,
			const struct ast_attr *attr);

/* Tell that ATTR has no meaning on WHAT. */
void attribute_is_wrong(struct resolver *r, const struct ast_attr *attr,
			const char *what);

/* Nodes by name. */
int resolve_by_name(const void *x, const void *y);

#endif
