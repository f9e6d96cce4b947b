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
	/*
	 * AWS name, {region} as written, or NULL.  Where nobody gives it addresses
	 * it is opaque: one class of its own, opaque_class(its number) in the IPv4
	 * set of `networks`.  `any` and `internet` of invariants hold it, those
	 * of rules do not; ir_space.internet does not.
	 */
	const char *prefix_list;
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
 * The layers are disjoint and inside vpc; the networks are outside vpc.  An
 * opaque network (see above) is a number behind the last IPv4 address.
 */
struct ir_space {
	uint32_t customer, environment;
	const char *account, *region;	/* "" when not given */
	struct both vpc, nat;
	struct both *layers, *networks;
	struct both internet;
	/*
	 * The spaces it has an active peering with, ascending; it is their peer
	 * too.  The VPCs of a space and its peers are disjoint, and its networks
	 * and its internet lie outside of all of them.
	 */
	const uint32_t *peers;
	size_t peer_count;
	/*
	 * What peers call its layers, "banco-andino.prod.data", and behind them
	 * the rest of its VPC; NULL when it has no peers.
	 */
	const char *const *peer_names;
	uint32_t first_flow, flow_count;
	uint32_t first_half, half_count;
	struct span span;
};

struct ir_attribute {
	const char *value;	/* NULL: not given */
	struct span span;
};

/*
 * `outbound` and `inbound`: what a rule says of one end alone.  Towards what is
 * not ours that is all there is; between two layers of ours a packet passes
 * where an outbound and an inbound half meet.
 */
enum ir_half { IR_BOTH_HALVES, IR_OUTBOUND, IR_INBOUND };

/* A rule as written; what it means is in its flows. */
struct ir_rule {
	const char *name;
	struct span name_span, span;
	struct ir_attribute owner, ticket, reason, expires, reviewed,
			    reviewed_by, approved_by, party, waives;
	/* when an emergency opened it, and who said so */
	struct ir_attribute emergency, emergency_by;
	/* days since 1970-01-01, when given */
	uint32_t expires_day, reviewed_day, emergency_day;
	bool log;
	enum ir_half half;
	bool in_force;		/* false: expired before the as-of day */
};

/* A declared group: its addresses by space. */
struct ir_group {
	const char *name;
	const struct both *in;
	struct span span;
};

/* A declared service; of the library only those that the policy writes. */
struct ir_service {
	const char *name;
	struct both set;
	bool library;
	struct span span;
};

enum { IR_NO_SPACE = UINT32_MAX };

/*
 * What a rule in force means in one space for one family: every packet of
 * src x dst x svc.  None of the three is empty.
 *
 * A half (ir_rule.half) has the flows that it opens towards what is not ours,
 * and one for each other half that it meets inside.
 *
 * A rule across environments has a flow in each of the two, with the same
 * addresses: its egress half where the source is, its ingress half where the
 * destination is.  FAR is the other one; IR_NO_SPACE in all other flows.
 */
struct ir_flow {
	uint32_t rule, space, far;
	enum family family;
	struct ranges src, dst, svc;
};

enum ir_kind {
	/* no permitted packet in the boxes; `never` perhaps over several hops */
	CLAIM_NEVER, CLAIM_ONLY, CLAIM_CONFINE, CLAIM_TIERS,
	CLAIM_ISOLATE_ENVIRONMENTS, CLAIM_ISOLATE_CUSTOMERS,
	CLAIM_ISOLATE_NAMED,
	CLAIM_MUST,		/* every packet of the boxes permitted */
	CLAIM_REACH,		/* from `from` within `hops`, at most `most` layers */
	CLAIM_PARITY,		/* the environments of `parity` mean the same */
	CLAIM_EACH_RULE,	/* every rule with a source in `from`: see `each` */
};

/* Of CLAIM_EACH_RULE: what of a rule may be at most `most`. */
enum ir_each {
	EACH_ADDRESSES,		/* addresses of its source that are in `from` */
	EACH_PORTS,		/* ports of tcp and of udp it opens, together */
	EACH_EXPIRES,		/* days from as-of to its `expires`, which it must have */
};

/* Some addresses of one space. */
struct ir_where {
	uint32_t space;
	struct both set;
};

enum { HOPS_ANY = UINT32_MAX };	/* `transitively` */

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
	/*
	 * Of CLAIM_NEVER: 1 for the direct relation, else how many permitted
	 * connections a route may have (the services of a box bind the last).
	 * Of CLAIM_REACH likewise.
	 */
	uint32_t hops;
	/*
	 * Routes through here do not count.  What of both ends lies in it is
	 * already left out of `from` and of the boxes.
	 */
	const struct ir_where *avoiding;
	size_t avoiding_count;
	/*
	 * CLAIM_REACH, CLAIM_EACH_RULE, and CLAIM_NEVER over several hops: where
	 * routes begin.  A route may change the family on its way: SRC of a box
	 * is what of `from` has its family, perhaps nothing.
	 */
	const struct ir_where *from;
	size_t from_count;
	uint64_t most;		/* addresses, ports, days, layers */
	enum ir_each each;
	const uint32_t *parity;			/* environments, ascending */
	size_t parity_count;
};

/* Days on which nothing changes but what is excepted. */
struct ir_freeze {
	uint32_t from, to;		/* both inclusive */
	const char *title;		/* "" for none */
	bool narrowing, emergency;	/* what is excepted */
	/* by number of environment: is it frozen?  Their names; "" for all. */
	const bool *environments;
	const char *where;
	struct span span;
};

struct ir_tag {
	const char *key, *value;
};

/*
 * The running security group of a layer in a space, where it has not our tags.
 * One that is foreign is somebody else's: as a peer it stands for the layer, and
 * what it lets out and in itself is not looked at.
 */
struct ir_aws_group {
	const char *id;
	uint32_t space, layer;
	bool foreign;
};

/* What the group of a layer is called and said to be; NULL: as names are made. */
struct ir_aws_name {
	uint32_t space, layer;
	const char *name, *description;
};

/* How many entries the prefix list of a network may have: AWS counts as many. */
struct ir_aws_entries {
	uint32_t network, most;
};

/* `aws { }`: none of it changes what is permitted. */
struct ir_aws {
	const char *name_prefix;	/* of group names, instead of the policy's; NULL */
	uint32_t rules_per_group;	/* quota, a direction and family; 60 */
	uint32_t groups_per_interface;	/* quota; 5 */
	bool keep_default_group;	/* leave it as it is, instead of empty */
	bool exclusive;			/* Terraform takes other rules away */
	const struct ir_tag *tags;	/* on every resource, by key */
	size_t tag_count;
	const struct ir_aws_group *groups;
	size_t group_count;
	const struct ir_aws_name *names;	/* a layer of a space once, in no order */
	size_t name_count;
	const struct ir_aws_entries *entries;	/* one a network, in no order */
	size_t entry_count;
};

enum ir_refusal { REFUSE_DROP, REFUSE_REJECT };

/* `nft { }`: none of it but `strict` changes what is permitted. */
struct ir_nft {
	bool strict;			/* no resolver, metadata and time in the base set */
	bool counters;			/* one a rule */
	const char *log_prefix;		/* NULL: refused packets are not logged */
	enum ir_refusal inside, outside;	/* from the VPC; from elsewhere.  reject, drop */
	int32_t priority;		/* of the base chains; 0 */
};

struct resolver;

struct ir {
	const char *policy, *title;
	uint32_t as_of;			/* days since 1970-01-01, UTC */
	uint32_t review_days;		/* `review every`; 0: not asked for */
	/* of emergency rules: how long they last, and when their review is due */
	uint32_t emergency_days, emergency_review_days;
	const struct ir_freeze *freezes;	/* by first day, last day, title */
	size_t freeze_count;
	struct ir_aws aws;
	struct ir_nft nft;
	const struct sources *sources;
	const struct ir_layer *layers;
	size_t layer_count;
	const struct ir_network *networks;
	size_t network_count;
	const struct ir_group *groups;		/* by name */
	size_t group_count;
	const struct ir_service *services;	/* by name */
	size_t service_count;
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
	/*
	 * What the rules in force that are halves say of their own end, in the
	 * same order; what of it opens connections is in their flows.
	 */
	const struct ir_flow *halves;
	size_t half_count;
	const struct ir_invariant *invariants;	/* by name */
	size_t invariant_count;
	/* unit tests of the policy, in source order: CLAIM_MUST or CLAIM_NEVER */
	const struct ir_invariant *expects;
	size_t expect_count;
	struct resolver *resolver;	/* knows the names: compiler/question.h */
};

/* "banco-andino.prod", or "prod" of the unnamed customer. */
const char *ir_space_name(struct arena *arena, const struct ir *ir,
			  const struct ir_space *space);

/* The union of the layers of SPACE. */
struct both ir_space_layers(struct arena *arena, const struct ir *ir,
			    const struct ir_space *space);

/* Has SPACE the network of this NUMBER by the name of its prefix list alone? */
bool ir_is_opaque(const struct ir_space *space, uint32_t number);

/* Does INV forbid the packets of its boxes? */
bool ir_forbids(const struct ir_invariant *inv);

/* The space of ENVIRONMENT of CUSTOMER, or IR_NO_SPACE. */
uint32_t ir_space_find(const struct ir *ir, uint32_t customer,
		       uint32_t environment);

/* Does A have an active peering with the space number B? */
bool ir_is_peer(const struct ir_space *a, uint32_t b);

/* The VPCs of the peers of SPACE. */
struct both ir_space_peers(struct arena *arena, const struct ir *ir,
			   const struct ir_space *space);

/*
 * Addresses nobody declared and nobody routes (assumption 2): outside the
 * VPC, the peers' VPCs, the networks and the internet of SPACE.
 */
struct ranges ir_space_undeclared(struct arena *arena, const struct ir *ir,
				  const struct ir_space *space,
				  enum family family);

/*
 * Who has ADDRESS in SPACE: "data", "core-banking", "staging.data" of a peer,
 * "internet", "the VPC outside its layers", "undeclared".
 */
const char *ir_address_owner(const struct ir *ir, const struct ir_space *space,
			     enum family family, u128 address);

#endif
