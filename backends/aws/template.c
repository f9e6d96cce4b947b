/*
 * What CloudFormation alone does not take: "AWS CloudFormation quotas", and what
 * it would take for something else than it says.
 */
#include "backends/aws/aws.h"

#include "backends/aws/quota.h"
#include "compiler/base/service.h"

#include <string.h>

enum {
	RESOURCES_MOST = 500,
	BYTES_MOST = 1000000,	/* by way of S3 */
	INLINE_MOST = 51200,	/* in the call itself */
	TOLD_MOST = 5,
};

/* --- size --- */

static size_t resources_of(struct arena *arena, const struct aws_model *model,
			   const struct aws_rule *rule)
{
	(void)arena;
	(void)model;
	return rule->is.peer.kind == AWS_GROUP;
}

typedef size_t measure(struct arena *arena, const struct aws_model *model,
		       const struct aws_rule *rule);

/* A shared rule is its first rule's. */
static void note_dearest(const struct job *job, const struct aws_model *model,
			 measure *of, struct diag *d)
{
	const struct ir *ir = job->ir;
	struct rule_cost *costs = rule_costs(job);
	size_t count;

	for (size_t i = 0; i < model->rule_count; i++)
		costs[model->rules[i].from[0]].is +=
			of(job->arena, model, &model->rules[i]);
	count = rule_costs_rank(job, costs);
	for (size_t i = 0; i < count && i < TOLD_MOST; i++)
		diag_note(d, ir->rules[costs[i].rule].name_span,
			  "`%s` takes %zu of them",
			  ir->rules[costs[i].rule].name, costs[i].is);
}

static bool tell_size(const struct job *job, const struct aws_model *model,
		      size_t is, size_t most, const char *what, measure *of)
{
	struct diag *d = diag_add(job->diags, P0510, job->meaning->space->span,
		"the template of %s needs %zu %s, and CloudFormation takes %zu",
		ir_space_name(job->arena, job->ir, job->meaning->space), is,
		what, most);

	note_dearest(job, model, of, d);
	diag_help(d, "name fewer services or larger address blocks in these "
		  "rules, or use `-t terraform`, which has no such limit");
	return false;
}

static bool check_size(const struct job *job, const struct aws_model *model,
		       const struct artefact *template)
{
	size_t resources = model->group_count;

	for (size_t i = 0; i < model->rule_count; i++)
		resources += resources_of(job->arena, model, &model->rules[i]);
	if (resources > RESOURCES_MOST)
		return tell_size(job, model, resources, RESOURCES_MOST,
				 "resources", resources_of);
	if (template->len > BYTES_MOST)
		return tell_size(job, model, template->len, BYTES_MOST,
				 "bytes", aws_template_bytes);
	if (template->len > INLINE_MOST)
		diag_help(diag_add(job->diags, P0511,
				   job->meaning->space->span,
				   "the template of %s has %zu bytes, and a call "
				   "takes %d",
				   ir_space_name(job->arena, job->ir,
						 job->meaning->space),
				   template->len, INLINE_MOST),
			  "put it into a bucket: `aws cloudformation deploy "
			  "--s3-bucket …`, or `--template-url`");
	return true;
}

/* --- what stands for something else --- */

/* "{{resolve:…}}" in a text is a dynamic reference, and nothing escapes it. */
static bool is_computed(const char *text)
{
	return strstr(text, "{{");
}

static bool check_texts(const struct job *job, const struct aws_model *model)
{
	const struct ir *ir = job->ir;
	bool good = true;

	for (size_t i = 0; i < model->rule_count; i++) {
		const struct ir_rule *r = &ir->rules[model->rules[i].from[0]];

		if (!is_computed(model->rules[i].description))
			continue;
		diag_help(diag_add(job->diags, P0512, r->ticket.span,
				   "CloudFormation would compute the description "
				   "of `%s`", r->name),
			  "write the ticket without `{{`");
		good = false;
	}
	for (size_t i = 0; i < model->list_count; i++) {
		const struct ir_network *n =
			&ir->networks[model->lists[i].network];

		if (!is_computed(model->lists[i].name))
			continue;
		diag_add(job->diags, P0512, n->span,
			 "CloudFormation would compute the name of the prefix "
			 "list of `%s`", n->name);
		good = false;
	}
	return good;
}

/* Does IS say what templates write where nothing is to leave? */
static bool is_placeholder(const struct aws_permission *is)
{
	const struct prefix *p = &is->peer.prefix;
	const struct aws_service *s = &is->service;

	if (is->direction != AWS_EGRESS || is->peer.kind != AWS_PREFIX ||
	    p->family != IPV4 || p->length != 32)
		return false;
	return (p->base == 0x7f000001 && s->protocol == AWS_ALL) ||
	       (p->base == 0xffffffff && s->protocol == PROTO_ICMP &&
		s->from == 252 && s->to == 86);
}

static bool check_placeholders(const struct job *job,
			       const struct aws_model *model)
{
	bool good = true;

	for (size_t i = 0; i < model->rule_count; i++) {
		const struct aws_rule *is = &model->rules[i];
		const struct ir_rule *r = &job->ir->rules[is->from[0]];
		char text[ADDR_TEXT];

		if (!is_placeholder(&is->is))
			continue;
		diag_add(job->diags, P0512, r->span,
			 "`%s` permits what stands for no egress in a template, "
			 "%s to %s", r->name,
			 is->is.service.protocol == AWS_ALL ? "everything"
							    : "icmp/252/86",
			 prefix_text(is->is.peer.prefix, text));
		good = false;
	}
	return good;
}

/* The placeholder is a rule: where only groups are let out to, one more. */
static bool check_room(const struct job *job, const struct aws_model *model)
{
	size_t *groups = arena_array(job->arena, model->group_count,
				     sizeof *groups);
	size_t *others = arena_array(job->arena, model->group_count,
				     sizeof *others);
	bool good = true;

	for (size_t i = 0; i < model->rule_count; i++)
		if (model->rules[i].is.direction == AWS_EGRESS)
			(model->rules[i].is.peer.kind == AWS_GROUP ? groups :
			 others)[model->rules[i].is.group]++;
	for (size_t g = 0; g < model->group_count; g++) {
		if (others[g] || groups[g] < job->ir->aws.rules_per_group)
			continue;
		diag_help(diag_add(job->diags, P0510,
				   job->meaning->space->span,
				   "layer `%s` of %s has %zu outbound rules, all to "
				   "groups, and no room for the one that "
				   "CloudFormation needs to permit nothing else",
				   model->groups[g].layer,
				   ir_space_name(job->arena, job->ir,
						 job->meaning->space),
				   groups[g]),
			  "ask AWS for a higher quota and raise "
			  "`rules-per-group`, or use `-t terraform`");
		good = false;
	}
	return good;
}

bool aws_is_template(const struct job *job, const struct aws_model *model,
		     const struct artefact *template)
{
	bool good = check_size(job, model, template);

	good &= check_texts(job, model);
	good &= check_placeholders(job, model);
	good &= check_room(job, model);
	return good;
}
