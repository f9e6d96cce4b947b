/*
 * Security groups as AWS knows them: the one thing that lowering and reading
 * both make, and the only thing they share.
 */
#ifndef FIREBREAK_BACKENDS_AWS_MODEL_H
#define FIREBREAK_BACKENDS_AWS_MODEL_H

#include "backends/backend.h"
#include "compiler/base/addr.h"

enum aws_direction { AWS_INGRESS, AWS_EGRESS, AWS_DIRECTIONS };

/* In place of a protocol, an ICMP type or an ICMP code: every one. */
enum { AWS_ALL = -1 };

/*
 * protocol is AWS_ALL or 0 to 255.  tcp and udp: ports from <= to.  icmp and
 * icmpv6: from is the type, to the code, and without a type there is no code.
 * All others: from and to are AWS_ALL, because AWS ignores ports there.
 */
struct aws_service {
	int protocol, from, to;
};

/* Exactly one peer a rule; which member speaks is KIND's business. */
struct aws_peer {
	enum aws_peer_kind { AWS_PREFIX, AWS_LIST, AWS_GROUP } kind;
	uint32_t index;		/* into lists or groups; 0 for a prefix */
	struct prefix prefix;
};

/* What AWS takes two rules for one by. */
struct aws_permission {
	uint32_t group;
	enum aws_direction direction;
	struct aws_service service;
	struct aws_peer peer;
};

struct aws_rule {
	struct aws_permission is;
	const char *key;		/* of its Terraform resource */
	const char *description;
	const char *names;		/* tag: the policy rules it came from */
	const uint32_t *from;		/* the same into ir->rules, ascending; */
	size_t from_count;		/* none in a model that was read */
};

/*
 * What a group is to the environment.  In a file of ours all are layers of it; an
 * account has others, of which a model has those that matter.
 */
enum aws_standing {
	AWS_LAYER,		/* of a layer of the environment */
	AWS_PEERED,		/* of a layer of one that it has a peering with */
	AWS_STRANGER,		/* of nobody here: nobody says who carries it */
	AWS_DEFAULT,		/* the VPC's default group, which is to be empty */
};

struct aws_group {
	enum aws_standing standing;
	const char *key;
	const char *name, *description;
	const char *layer;
	/* of a layer with several groups: which one, from 1, of how many; else 0 */
	uint32_t part, parts;
	uint32_t space;		/* AWS_PEERED: into ir->spaces */
};

struct aws_list {
	const char *key;
	const char *name;		/* com.amazonaws.us-east-1.s3 */
	uint32_t network;		/* into ir->networks; lowering's only */
	const char *family;		/* "IPv4", "IPv6"; NULL or "": not told */
	const struct both *entries;	/* of a capture that tells; else NULL */
};

struct account;

/* What a file does to the default group of the VPC. */
enum aws_default_group {
	AWS_DEFAULT_UNSAID,	/* its format has no words for it */
	AWS_DEFAULT_AS_MADE,	/* nothing, though it could */
	AWS_DEFAULT_EMPTY,	/* takes every rule out, and keeps it so */
};

/*
 * No two rules have the same permission.  What was lowered is sorted by key,
 * ingress first; what was read is in the order of the file.
 */
struct aws_model {
	struct identity identity;
	const struct account *account;	/* what a capture says besides; or NULL */
	const struct aws_group *groups;
	size_t group_count;
	const struct aws_list *lists;
	size_t list_count;
	const struct aws_rule *rules;
	size_t rule_count;
	enum aws_default_group default_group;
	bool exclusive;			/* Terraform: groups have no other rules; */
	const struct ir_tag *tags;	/* on every resource; lowering's only */
	size_t tag_count;
};

#endif
