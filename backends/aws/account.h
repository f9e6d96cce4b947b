/*
 * An AWS account as answers of the EC2 API tell of it, whoever made it: every
 * group, every rule with its one peer, and what else the file has to say about
 * where groups are used.  Nothing is left out and nothing is judged here.
 */
#ifndef FIREBREAK_BACKENDS_AWS_ACCOUNT_H
#define FIREBREAK_BACKENDS_AWS_ACCOUNT_H

#include "backends/aws/model.h"
#include "compiler/base/table.h"

/* Texts are "" where the answer has none. */
struct account_group {
	const char *id, *name, *description, *vpc;
	const char *owner;		/* the account that has it */
	const char *region;		/* of its ARN */
	const char *policy, *customer, *environment, *layer, *part;	/* our tags */
	const char *unclear;		/* why nothing can be proved about it; or NULL */
};

/* The index of a peer that is a list or a group is into peers. */
struct account_rule {
	struct aws_permission is;
	const char *key;		/* its own id, else its group's */
	const char *description;
	const char *names;		/* our tag: the policy rules it came from */
	bool listed;			/* by its group alone, in Terraform: */
	bool unsure;			/* made by a hand, or gone since */
};

/* An id out of one VPC is one peer: what several rules say of it is the same. */
struct account_peer {
	const char *id;
	const char *user, *vpc;		/* of a group: whose, and where */
	const char *peering;		/* the connection that it is behind */
	const char *status;		/* PeeringStatus: "active", "deleted" */
	uint32_t group;			/* into groups, or NOT_HERE */
	uint32_t list;			/* into lists, or NOT_HERE */
	const char *unknown;		/* why nobody can say whom the id is of; or NULL */
};

enum { NOT_HERE = UINT32_MAX };

struct account_list {
	const char *id, *name;
	const char *family;		/* "IPv4", "IPv6" */
	struct both *entries;		/* NULL: nobody tells */
};

struct account_vpc {
	const char *id;
	LIST(struct prefix) blocks;
};

struct account_subnet {
	const char *id, *vpc;
	LIST(struct prefix) blocks;
};

struct account_interface {
	const char *id, *vpc, *subnet;
	LIST(struct prefix) hosts;	/* its private addresses, and what is delegated */
	LIST(uint32_t) groups;		/* those that are here */
	LIST(struct account_group) others;	/* and those that are not */
};

struct account {
	LIST(struct account_group) groups;
	LIST(struct account_rule) rules;	/* in the order of the file */
	LIST(struct account_peer) peers;
	LIST(struct account_list) lists;
	LIST(struct account_vpc) vpcs;
	LIST(struct account_subnet) subnets;
	LIST(struct account_interface) interfaces;
	bool tells_places;		/* it has interfaces, or instances */
	bool lists_interfaces;		/* all of them, whatever they are of */
	bool terraform;			/* what Terraform knows of it; keys are addresses */
	LIST(const char *) managed;	/* VPCs whose default group has the rules here alone */
};

/*
 * What describe-security-groups, describe-security-group-rules, or both in one
 * object answered; beside them perhaps prefix lists, VPCs, interfaces and
 * instances; wrapped as a recording or under the lower-case names of an
 * inventory.  NULL, and told, when a part of it is not understood.
 */
const struct account *account_read(struct arena *arena, struct diags *diags,
				   const char *name, const char *bytes,
				   size_t len);

/* Is TEXT the number of an account, and not what somebody put in its place? */
bool account_is_number(const char *text);

/* "sg-12 (web)" of a group, for people: nothing but plain characters. */
const char *account_group_text(struct arena *arena,
			       const struct account_group *group);

/* --- between its readers --- */

struct account_reading {
	struct reader *json;		/* in memory that is gone afterwards */
	struct arena *arena;		/* of the account */
	struct account *account;
	struct table groups, lists, peers, vpcs, subnets, interfaces;	/* id -> number + 1 */
};

struct json;
struct path;

/* The member KEY of OBJECT; null and missing are one: NULL. */
const struct json *account_given(const struct json *object, const char *key);

/* Its string, kept; "" without one, or when told; needed: told. */
const char *account_text(struct account_reading *r, const struct path *up,
			 const char *key, const struct json *object);
const char *account_need(struct account_reading *r, const struct path *up,
			 const char *key, const struct json *object);

/* The first element of the array KEY of OBJECT; NULL without one, or told. */
const struct json *account_array(struct account_reading *r,
				 const struct path *up, const char *key,
				 const struct json *object);

/* The value of the tag KEY of OBJECT; "" without one, or told. */
const char *account_tag(struct account_reading *r, const struct path *path,
			const struct json *object, const char *key);

/* What a reference says of the group it refers to. */
struct account_reference {
	const char *user, *vpc, *peering, *status;
};

/*
 * The number of the peer ID of the group FROM: every reference out of one VPC has
 * to say the same of it.  From another it may be behind a peering.
 */
bool account_peer_of(struct account_reading *r, const struct path *path,
		     uint32_t from, const char *id,
		     const struct account_reference *is, uint32_t *out);

/* Whose ids the peers are, when all of them are known. */
void account_look_up_peers(struct account_reading *r);

/* TEXT as AWS makes of it what is written: host bits go, and are told. */
bool account_prefix_in(struct account_reading *r, const struct path *path,
		       const char *text, enum family family,
		       struct prefix *out);

/* The same of the member KEY of OBJECT. */
bool account_prefix(struct account_reading *r, const struct path *up,
		    const char *key, const struct json *object,
		    enum family family, struct prefix *out);

/* The place of ID, which is new to TABLE when *FRESH; NUMBER is its number then. */
uint32_t account_number(struct table *table, const char *id, size_t number,
			bool *fresh);

/* The first element of the array of ROOT that has one of two names. */
const struct json *account_elements(struct account_reading *r,
				    const struct json *root, const char *name,
				    const char *other);

/* VPCs, interfaces and instances of ROOT, once the groups are known. */
void account_read_places(struct account_reading *r, const struct json *root);

/* The rules of the answers GROUPS and RULES, each NULL when it is missing. */
void account_read_rules(struct account_reading *r, const struct json *groups,
			const struct json *rules);

#endif
