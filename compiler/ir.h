/*
 * The policy with every name looked up: flat arrays, indices instead of
 * names, sets instead of expressions.  Order never depends on the order of
 * the sources: everything is sorted by name.
 */
#ifndef FIREBREAK_COMPILER_IR_H
#define FIREBREAK_COMPILER_IR_H

#include "compiler/base/ranges.h"
#include "compiler/base/source.h"

enum ir_via { VIA_NONE, VIA_VPN, VIA_NAT, VIA_PEERING, VIA_ENDPOINT };

struct ir_layer {
	const char *name, *title;
	bool shared_hosts;
	struct span span;
};

struct ir_network {
	const char *name, *title;
	const char *prefix_list;	/* AWS name, {region} as written, or NULL */
	enum ir_via via;
	struct span span;
};

struct ir_customer {
	const char *name, *title;	/* "" for the unnamed one */
	struct span span;
};

/*
 * One environment of one customer: an address space of its own.  Arrays are
 * indexed by layer and by network; empty where this environment has none.
 * The layers are disjoint and inside vpc; the networks are outside vpc.
 */
struct ir_space {
	uint32_t customer, environment;
	const char *account, *region;	/* "" when not given */
	struct both vpc, nat;
	struct both *layers, *networks;
	struct both internet;
	uint32_t first_flow, flow_count;
	struct span span;
};

struct ir_attribute {
	const char *value;	/* NULL: not given */
	struct span span;
};

/* A rule as written; what it means is in its flows. */
struct ir_rule {
	const char *name;
	struct span name_span, span;
	struct ir_attribute owner, ticket, reason, expires, reviewed,
			    reviewed_by, approved_by, party, waives;
	bool log;
	bool in_force;		/* false: expired before the as-of day */
};

/*
 * What a rule in force means in one space for one family: every packet of
 * src x dst x svc.  None of the three is empty.
 */
struct ir_flow {
	uint32_t rule, space;
	enum family family;
	struct ranges src, dst, svc;
};

enum ir_kind { CLAIM_NEVER, CLAIM_ONLY, CLAIM_CONFINE, CLAIM_MUST,
	       CLAIM_ISOLATE_ENVIRONMENTS, CLAIM_ISOLATE_CUSTOMERS,
	       CLAIM_ISOLATE_NAMED };

/*
 * A set of packets in one space that an invariant speaks of: must be permitted
 * (CLAIM_MUST) or must not (all others).  For isolation, what of the other
 * spaces must not be admitted.
 */
struct ir_claim_box {
	uint32_t space;
	enum family family;
	struct ranges src, dst, svc;
};

struct ir_invariant {
	const char *name;
	enum ir_kind kind;
	struct span name_span, span;
	struct ir_attribute owner, reason, severity;
	const char *const *controls;
	size_t control_count;
	/* packets; CLAIM_MUST: to be permitted, others: forbidden */
	struct ir_claim_box *boxes;
	size_t box_count;
	/* packets that isolation lets through: its `except` */
	struct ir_claim_box *exceptions;
	size_t exception_count;
};

struct ir {
	const char *policy, *title;
	uint32_t as_of;			/* days since 1970-01-01, UTC */
	const struct sources *sources;
	const struct ir_layer *layers;
	size_t layer_count;
	const struct ir_network *networks;
	size_t network_count;
	const char *const *environments;
	size_t environment_count;
	const struct ir_customer *customers;
	size_t customer_count;
	const struct ir_space *spaces;	/* by customer, then environment */
	size_t space_count;
	const struct ir_rule *rules;	/* by name */
	size_t rule_count;
	const struct ir_flow *flows;	/* by space, rule, family */
	size_t flow_count;
	const struct ir_invariant *invariants;	/* by name */
	size_t invariant_count;
	/* unit tests of the policy, in source order: CLAIM_MUST or CLAIM_NEVER */
	const struct ir_invariant *expects;
	size_t expect_count;
};

/* "banco-andino.prod", or "prod" of the unnamed customer. */
const char *ir_space_name(struct arena *arena, const struct ir *ir,
			  const struct ir_space *space);

/* The union of the layers of SPACE. */
struct both ir_space_layers(struct arena *arena, const struct ir *ir,
			    const struct ir_space *space);

/*
 * Addresses nobody declared and nobody routes (assumption 2): outside the
 * VPC, the networks and the internet of SPACE.
 */
struct ranges ir_space_undeclared(struct arena *arena, const struct ir *ir,
				  const struct ir_space *space,
				  enum family family);

/* Who has ADDRESS in SPACE: "data", "core-banking", "internet", "the VPC outside its layers", "undeclared". */
const char *ir_address_owner(const struct ir *ir, const struct ir_space *space,
			     enum family family, u128 address);

#endif
