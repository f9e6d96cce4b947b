/*
 * What rules and invariants have in common: `A -> B on S` in some
 * environments, each part of which has to mean something somewhere.
 */
#ifndef FIREBREAK_COMPILER_SENTENCE_H
#define FIREBREAK_COMPILER_SENTENCE_H

#include "compiler/resolver.h"

/* Where a statement applies. */
struct scope {
	bool *spaces;		/* by space */
	bool named;		/* by an `in` */
};

/* One sentence being resolved: what its parts have added so far. */
struct work {
	const struct ast_node *node;
	struct scope scope;
	bool routes;		/* several hops: they may change the family */
	bool any_src, any_dst, any_packet, any_ours, in_any_space;
	bool *src_added, *dst_added, *svc_added;	/* by item of a union */
	bool told;	/* a missing member, as a mistake */
	/* environments without a member, and the first of them */
	unsigned skipped;
	const struct ir_space *skipped_in;
	const struct decl *skipped_member;
	struct span skipped_at;
};

/* What a sentence says in one space. */
struct sets {
	struct both src, dst, svc;
};

/* The members of a union, or the expression itself; none of NULL. */
size_t item_count(const struct ast_expr *e);
const struct ast_expr *item(const struct ast_expr *e, size_t i);

struct scope scope_of(struct resolver *r, const struct ast_attr *attrs);

struct work work_on(struct resolver *r, const struct ast_node *node);

/* Look up both ends and the services, so that all mistakes are told. */
bool sentence_check(struct resolver *r, const struct ast_node *node);

/* Is there a packet in a family that all three have? */
bool is_packet(struct both src, struct both dst, struct both svc);

/*
 * The sets of W in SPACE; what they add is noted in W.  `hub.prod.ops ->
 * prod.data` means there the prod of each customer that peers with the hub, as
 * the rule of these words does.
 */
struct sets sentence_in(struct resolver *r, struct work *w, uint32_t space);

/* sentence_in() with the source looked up in the space FROM, the destination in TO. */
struct sets sentence_between(struct resolver *r, struct work *w, uint32_t from,
			     uint32_t to);

/*
 * Remember a member of E that SPACE lacks; where `in` names the environment it
 * is a mistake, and told.
 */
void sentence_missing(struct resolver *r, struct work *w,
		      const struct ir_space *space, const struct ast_expr *e);

/* Tell what is wrong with the sentence as a whole, each once. */
void sentence_judge(struct resolver *r, const struct work *w,
		    const char *what);

/* Tell the members of E that added nothing to WHAT: a rule, an invariant. */
void sentence_idle(struct resolver *r, const struct ast_expr *e,
		   const bool *added, const char *what);

/* One note, however many environments lack something. */
void sentence_skipped(struct resolver *r, const struct work *w);

#endif
