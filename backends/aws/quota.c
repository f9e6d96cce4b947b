/* Counting as AWS counts: what a peer weighs, and in which family. */
#include "backends/aws/quota.h"

#include "compiler/base/table.h"

#include <stdlib.h>
#include <string.h>

/* AWS's own lists by the end of their names: "Work with AWS-managed prefix lists". */
static const struct weight {
	const char *end;
	unsigned is;
} weights[] = {
	{ ".s3",			  1 },
	{ ".dynamodb",			  1 },
	{ ".ec2-instance-connect",	  2 },
	{ ".groundstation",		  5 },
	{ ".s3express",			  6 },
	{ ".vpc-lattice",		 10 },
	{ ".route53-healthchecks",	 25 },
	{ ".cloudfront.origin-facing",	 55 },
};

static bool ends_in(const char *text, const char *end)
{
	size_t len = strlen(text), n = strlen(end);

	return len >= n && strcmp(text + len - n, end) == 0;
}

/*
 * What a reference to LIST counts, and in which family.  A customer's list
 * counts its capacity, which `max-entries` says; else at least its entries.
 */
static size_t list_weight(const struct job *job, const struct aws_list *list,
			  enum family *family)
{
	const struct both *is = &job->meaning->space->networks[list->network];
	static const char ours[] = "com.amazonaws.";
	size_t count;

	*family = ranges_empty(is->of[IPV4]) ? IPV6 : IPV4;
	for (size_t i = 0; i < sizeof weights / sizeof *weights; i++)
		if (strncmp(list->name, ours, strlen(ours)) == 0 &&
		    ends_in(list->name, weights[i].end))
			return weights[i].is;
	(void)prefix_cover(job->arena, *family, is->of[*family],
			   is->of[*family], &count);
	for (size_t i = 0; i < job->ir->aws.entry_count; i++)
		if (job->ir->aws.entries[i].network == list->network &&
		    job->ir->aws.entries[i].most > count)
			return job->ir->aws.entries[i].most;
	return count ? count : 1;
}

void quota_add(const struct job *job, const struct aws_model *model,
	       const struct aws_rule *rule, size_t used[FAMILIES])
{
	enum family family;
	size_t weight;

	switch (rule->is.peer.kind) {
	case AWS_PREFIX:
		used[rule->is.peer.prefix.family]++;
		break;
	case AWS_LIST:
		weight = list_weight(job, &model->lists[rule->is.peer.index],
				     &family);
		used[family] += weight;
		break;
	case AWS_GROUP:
		/* AWS does not say in which family: be ready for both */
		used[IPV4]++;
		used[IPV6]++;
		break;
	}
}

const struct aws_usage *quota_usage(const struct job *job,
				    const struct aws_model *model)
{
	struct aws_usage *usage = arena_array(job->arena, model->group_count,
					      sizeof *usage);

	for (size_t i = 0; i < model->rule_count; i++) {
		const struct aws_rule *r = &model->rules[i];

		quota_add(job, model, r, usage[r->is.group].of[r->is.direction]);
	}
	return usage;
}

const uint32_t *quota_groups(struct arena *arena,
			     const struct aws_model *model)
{
	uint32_t *count = arena_array(arena, model->group_count, sizeof *count);
	struct table first = TABLE_IN(arena);

	for (size_t i = 0; i < model->group_count; i++) {
		void **place = table_at_name(&first, model->groups[i].layer);

		if (!*place)
			*place = &count[i];
		++*(uint32_t *)*place;
	}
	for (size_t i = 0; i < model->group_count; i++)
		count[i] = *(uint32_t *)table_get_name(&first,
						       model->groups[i].layer);
	return count;
}

static void list_rows(const struct job *job, const struct aws_model *model,
		      const char *environment, struct artefacts *out)
{
	for (size_t i = 0; i < model->list_count; i++) {
		enum family family;
		size_t is = list_weight(job, &model->lists[i], &family);

		*LIST_PUSH(job->arena, &out->weights) = (struct fb_list_weight){
			environment, model->lists[i].key, family == IPV6,
			(unsigned)is };
	}
}

void quota_rows(const struct job *job, const struct aws_model *model,
		struct artefacts *out)
{
	const struct aws_usage *usage = quota_usage(job, model);
	const uint32_t *groups = quota_groups(job->arena, model);
	const char *environment = ir_space_name(job->arena, job->ir,
						job->meaning->space);

	list_rows(job, model, environment, out);
	for (size_t g = 0; g < model->group_count; g++)
		for (int d = 0; d < AWS_DIRECTIONS; d++)
			for (int f = 0; f < FAMILIES; f++)
				*LIST_PUSH(job->arena, &out->quotas) =
					(struct fb_quota){
						.environment = environment,
						.layer = model->groups[g].layer,
						.group = model->groups[g].name,
						.ingress = d == AWS_INGRESS,
						.ipv6 = f == IPV6,
						.used = (unsigned)usage[g].of[d][f],
						.limit = job->ir->aws.rules_per_group,
						.groups = groups[g],
						.groups_limit = job->ir->aws.groups_per_interface,
					};
}

struct rule_cost *rule_costs(const struct job *job)
{
	struct rule_cost *costs = arena_array(job->arena, job->ir->rule_count,
					      sizeof *costs);

	for (uint32_t i = 0; i < job->ir->rule_count; i++)
		costs[i].rule = i;
	return costs;
}

static int dearest_first(const void *x, const void *y)
{
	const struct rule_cost *a = x, *b = y;

	if (a->is != b->is)
		return a->is > b->is ? -1 : 1;
	return (a->rule > b->rule) - (a->rule < b->rule);
}

size_t rule_costs_rank(const struct job *job, struct rule_cost *costs)
{
	size_t count = 0;

	if (job->ir->rule_count)
		qsort(costs, job->ir->rule_count, sizeof *costs, dearest_first);
	while (count < job->ir->rule_count && costs[count].is)
		count++;
	return count;
}
