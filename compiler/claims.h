/* Building the boxes of an invariant. */
#ifndef FIREBREAK_COMPILER_CLAIMS_H
#define FIREBREAK_COMPILER_CLAIMS_H

#include "compiler/sentence.h"

typedef LIST(struct ir_claim_box) claim_boxes;

typedef LIST(struct ir_where) wheres;

/* Add the packets of each family of SETS in SPACE that all three have. */
void claim_add(struct resolver *r, claim_boxes *out, uint32_t space,
	       const struct sets *sets);

/* Everything in SPACE, as invariants that forbid mean `any`. */
struct both claim_any(struct resolver *r, uint32_t space);

/* Tell that nothing could break NODE. */
void claim_is_vacuous(struct resolver *r, const struct ast_node *node,
		      const char *why);

/* A word of a list that stands there twice is told. */
bool claim_words_differ(struct resolver *r, struct ast_expr *const *words,
			size_t count);

/* Add SET in SPACE, unless it is empty. */
void where_add(struct resolver *r, wheres *out, uint32_t space,
	       struct both set);

/* Each form: NODE into INV. */
void resolve_sentence(struct resolver *r, struct ir_invariant *inv,
		      const struct ast_node *node);
void resolve_route(struct resolver *r, struct ir_invariant *inv,
		   const struct ast_node *node);
void resolve_tiers(struct resolver *r, struct ir_invariant *inv,
		   const struct ast_node *node);
void resolve_isolation(struct resolver *r, struct ir_invariant *inv,
		       const struct ast_node *node);
void resolve_reach(struct resolver *r, struct ir_invariant *inv,
		   const struct ast_node *node);
void resolve_each(struct resolver *r, struct ir_invariant *inv,
		  const struct ast_node *node);
void resolve_parity(struct resolver *r, struct ir_invariant *inv,
		    const struct ast_node *node);

#endif
