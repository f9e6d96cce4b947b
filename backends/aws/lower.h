/* Lowering, its three ideas apart: services, peers, and rules with names. */
#ifndef FIREBREAK_BACKENDS_AWS_LOWER_H
#define FIREBREAK_BACKENDS_AWS_LOWER_H

#include "backends/aws/model.h"
#include "backends/aws/reach.h"

/* A set of services as AWS says it, one rule each. */
struct service_list {
	const struct aws_service *at;
	size_t count;
	struct ranges unsaid;	/* what AWS has no words for */
};

struct service_list services_of(struct arena *arena, enum family family,
				struct ranges svc);

/*
 * What SERVICE, made for one family, admits in the other one, as service keys:
 * there its ICMP is a protocol like any other.
 */
struct range foreign_keys(struct aws_service service);

/*
 * A flow with the reach of its ends, by the direction of the rule that names
 * them as its peers: ingress names the sources.
 */
struct flow {
	const struct ir_flow *is;
	bool out, in;		/* which groups say it: of a half one */
	const struct reach *far[AWS_DIRECTIONS];
	const struct service_list *services;	/* equal sets: the same one */
};

/* The end at which a rule in DIRECTION stands. */
static inline const struct reach *near_of(const struct flow *flow,
					  enum aws_direction direction)
{
	return flow->far[AWS_DIRECTIONS - 1 - direction];
}

struct peering;

/* FLOWS stay where they are as long as the peering is in use. */
struct peering *peering_begin(struct reaches *reaches,
			      const struct flow *flows, size_t count);

struct peer_list {
	struct aws_peer *at;
	size_t count, cap;
};

/* What is to be said at one layer: the part of FLOW that is SERVICE. */
struct wish {
	const struct flow *flow;
	const struct flow *rule;	/* the flows of the same policy rule, */
	size_t rule_count;		/* FLOW among them */
	enum aws_direction direction;
	uint32_t layer;
	struct aws_service service;
};

/* Append the peers that say WISH.  A peer's index is a layer or a network. */
void peers_of(struct peering *peering, const struct wish *wish,
	      struct peer_list *out);

#endif
