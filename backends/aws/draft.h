/*
 * A draft of a policy from an account, as data: the account in the language's
 * words, and what they cannot say.  draft.c makes it, draft_text.c writes it.
 */
#ifndef FIREBREAK_BACKENDS_AWS_DRAFT_H
#define FIREBREAK_BACKENDS_AWS_DRAFT_H

#include "backends/aws/account.h"

/* One VPC. */
struct draft_environment {
	const char *name, *vpc;
	bool ipv6;			/* something there needs IPv6 */
	bool stands_in;			/* some layer has made-up addresses */
	LIST(struct prefix) blocks;
};

/* By group of the account. */
struct draft_group {
	bool unseen;			/* only referred to: its rules are not known */
	uint32_t environment;
	const char *layer;
	LIST(struct prefix) hosts;	/* of its interfaces, and no others' */
	LIST(const char *) subnets;	/* whole ones: only its interfaces are there */
	struct prefix made_up[FAMILIES];	/* length 0: not needed */
};

/*
 * Rules of one group, direction and peer; or of two groups, both halves; or of
 * several groups, NOT_HERE, what AWS made them with.
 */
struct draft_rule {
	const char *name, *from, *to, *services, *reason;
	uint32_t environment, group;
	enum { DRAFT_OUT, DRAFT_IN, DRAFT_BOTH } half;
};

struct draft_network {
	const char *name, *text, *list;	/* list: its AWS name, or NULL */
	struct prefix prefix;
	bool is_private;
};

/* What cannot be said; GROUP is NOT_HERE when it is about no one. */
struct draft_gap {
	uint32_t group;
	const char *text;
};

struct draft {
	const struct account *account;
	const char *source;		/* the file's name, plain */
	struct draft_group *groups;	/* by group of the account */
	const char **layers;		/* by name, each once */
	size_t layer_count;
	LIST(struct draft_environment) environments;
	LIST(struct draft_network) networks;
	LIST(struct draft_rule) rules;
	LIST(struct draft_gap) gaps;
};

const struct draft *draft_of(struct arena *arena, const char *source,
			     const struct account *account);

struct text;

void draft_write(struct text *out, const struct draft *draft);

/* Can the policy name a group by this ID? */
bool draft_takes_id(const char *id);

/* TEXT with nothing but printable ASCII, `?` for the rest. */
const char *draft_plain(struct arena *arena, const char *text);

#endif
