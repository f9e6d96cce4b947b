/* What the naive evaluator of security groups makes of a file, between its readers. */
#ifndef FIREBREAK_TESTS_LIB_AWS_EVAL_RULE_H
#define FIREBREAK_TESTS_LIB_AWS_EVAL_RULE_H

#include "tests/lib/aws_eval.h"

#include <jansson.h>

struct rule {
	const char *layer;		/* of its group */
	bool of_default;		/* the VPC's default group */
	bool ingress;
	int protocol, from, to;		/* -1: all */
	/* the peer, one of four */
	bool is_prefix;
	enum family family;
	struct range prefix;
	const char *name;		/* a layer's, or a network's */
	bool stranger;			/* a group that is nobody's */
};

struct aws_eval {
	const struct ast *ast;
	const char *customer, *environment;
	struct arena *arena;
	json_t *groups, *lists;
	LIST(struct rule) rules;
	bool default_as_made;		/* the default group has AWS's rules */
};

/* The string KEY of OBJECT; "" when it is none. */
const char *eval_string(json_t *object, const char *key);

/* Its number; -1 when it is none. */
int eval_number(json_t *object, const char *key);

/* The network whose prefix list, {region} filled in, has this name. */
const char *eval_network(const struct aws_eval *e, const char *name);

bool eval_prefix(const char *text, int version, struct range *out);

/* -1: all; -2: none. */
int eval_protocol(const char *text);

/* The rules of a state that `terraform show -json` prints. */
bool eval_shown(struct aws_eval *e, json_t *values);

#endif
