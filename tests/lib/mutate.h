/*
 * Everything that a slip of the hand could do to an emitted file, one slip at
 * a time: lines and objects taken out, doubled, or moved; every number,
 * address, word and reference changed.
 */
#ifndef FIREBREAK_TESTS_LIB_MUTATE_H
#define FIREBREAK_TESTS_LIB_MUTATE_H

#include "compiler/base/arena.h"

struct mutation {
	struct arena *arena;
	unsigned every;		/* show one in so many; 1: all */
	unsigned made;		/* shown or not, over all files */
	void (*show)(void *context, const char *what, const char *bytes,
		     size_t len);
	void *context;
};

/* An nftables ruleset, a statement a line. */
void mutate_nft(struct mutation *mutation, const char *text);

/* What `nft -j list ruleset` prints: each value, each member, each element. */
void mutate_nft_json(struct mutation *mutation, const char *bytes, size_t len);

/* Terraform JSON with security groups and their rules. */
void mutate_terraform(struct mutation *mutation, const char *bytes, size_t len);

/*
 * A state that `terraform show -json` prints: each value, each member, each
 * element, and rules by hand.
 */
void mutate_shown(struct mutation *mutation, const char *bytes, size_t len);

/* A CloudFormation template: rules in groups and beside them, groups, parameters. */
void mutate_cloudformation(struct mutation *mutation, const char *bytes,
			   size_t len);

/* EC2 permissions: each permission and each of its members, groups and tags. */
void mutate_ec2(struct mutation *mutation, const char *bytes, size_t len);

#endif
