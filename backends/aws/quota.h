/*
 * What rules take of the quota of their security group.  AWS counts by group,
 * direction and family ("Amazon VPC quotas").
 */
#ifndef FIREBREAK_BACKENDS_AWS_QUOTA_H
#define FIREBREAK_BACKENDS_AWS_QUOTA_H

#include "backends/aws/model.h"

/* Rules of one group, as AWS counts them. */
struct aws_usage {
	size_t of[AWS_DIRECTIONS][FAMILIES];
};

/* Add what RULE of MODEL, which was lowered, takes in each family. */
void quota_add(const struct job *job, const struct aws_model *model,
	       const struct aws_rule *rule, size_t used[FAMILIES]);

/* By group of MODEL, which was lowered. */
const struct aws_usage *quota_usage(const struct job *job,
				    const struct aws_model *model);

/* By group of MODEL: how many an interface of its layer carries. */
const uint32_t *quota_groups(struct arena *arena,
			     const struct aws_model *model);

/*
 * The same for people: a row a group, direction and family, in this order; and
 * what each list weighs.
 */
void quota_rows(const struct job *job, const struct aws_model *model,
		struct artefacts *out);

/* What one rule of the policy takes of something that has a limit. */
struct rule_cost {
	uint32_t rule;
	size_t is;
};

/* By rule of JOB's policy: nothing yet. */
struct rule_cost *rule_costs(const struct job *job);

/* The dearest first; how many take something. */
size_t rule_costs_rank(const struct job *job, struct rule_cost *costs);

#endif
