/*
 * The strict reader of our own model before anybody else sees it: neither
 * `terraform validate` nor a mock of AWS refuses all that AWS refuses, and an
 * apply that fails half-way leaves a group half open.
 *
 * What comes from the policy's words is told here; mistakes.c looks at the rest,
 * which is ours to get right.
 */
#include "backends/aws/aws.h"

#include "backends/aws/names.h"
#include "compiler/base/table.h"

#include <string.h>

/* EC2 API reference, CreateSecurityGroup and UserIdGroupPair. */
bool aws_text_is_legal(const char *text)
{
	static const char legal[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789 ._-:/()#,@[]+=;{}!$*";

	return text[strspn(text, legal)] == '\0';
}

static struct span span_of(const struct job *job, const char *layer)
{
	for (size_t i = 0; i < job->ir->layer_count; i++)
		if (strcmp(job->ir->layers[i].name, layer) == 0)
			return job->ir->layers[i].span;
	return (struct span){ 0 };
}

static const char *lower_case(struct arena *arena, const char *text)
{
	char *lower = arena_copy(arena, text, strlen(text));

	for (char *c = lower; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return lower;
}

static bool check_group(const struct job *job, const struct aws_group *group,
			struct table *names)
{
	struct span span = span_of(job, group->layer);
	const char *lower = lower_case(job->arena, group->name);
	void **other = table_at_name(names, lower);
	bool good = true;

	if (!aws_text_is_legal(group->name)) {
		diag_add(job->diags, P0504, span,
			 "`%s` cannot be the name of a security group",
			 group->name);
		good = false;
	}
	if (strncmp(lower, "sg-", 3) == 0) {
		diag_add(job->diags, P0504, span,
			 "security group `%s` would look like an id: AWS takes "
			 "no name that begins with `sg-`",
			 group->name);
		good = false;
	}
	if (*other) {
		const struct aws_group *first = *other;
		struct diag *d = diag_add(job->diags, P0504, span,
			strcmp(group->name, first->name) == 0
			? "security groups `%s` and `%s` have one name"
			: "security group `%s` differs from `%s` by case alone, "
			"which AWS does not tell apart",
			group->name, first->name);

		diag_note(d, span_of(job, first->layer), "the other layer");
		good = false;
	}
	*other = (void *)(uintptr_t)group;
	return good;
}

static bool check_tag(const struct job *job, struct span span,
		      const char *what, const char *value)
{
	if (strlen(value) <= AWS_TAG_MOST)
		return true;
	diag_add(job->diags, P0504, span,
		 "the name of the %s is longer than the %d bytes of a tag", what,
		 AWS_TAG_MOST);
	return false;
}

static bool is_printable(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

static bool check_list(const struct job *job, const struct aws_list *list)
{
	const struct ir_network *n = &job->ir->networks[list->network];
	const struct ir_space *space = job->meaning->space;

	if (strstr(n->prefix_list, "{region}") && !*space->region) {
		struct diag *d = diag_add(job->diags, P0504, space->span,
			"%s has no region, and the prefix list of `%s` is "
			"named by it",
			ir_space_name(job->arena, job->ir, space), n->name);

		diag_note(d, n->span, "the prefix list is `%s`",
			  n->prefix_list);
		return false;
	}
	if (*list->name && strlen(list->name) <= AWS_NAME_MOST &&
	    is_printable(list->name))
		return true;
	diag_add(job->diags, P0504, n->span,
		 "the prefix list of `%s` has a name that AWS does not take",
		 n->name);
	return false;
}

/* Ours, never the policy's: nothing of it is handed out. */
static bool check_mistakes(const struct job *job, const struct aws_model *model)
{
	const char *mistake = aws_mistake(job->arena, model,
		job->ir->aws.groups_per_interface);

	if (!mistake)
		return true;
	diag_add(job->diags, P0901, (struct span){ 0 },
		 "the security groups of %s have %s",
		 ir_space_name(job->arena, job->ir, job->meaning->space),
		 mistake);
	return false;
}

bool aws_is_valid(const struct job *job, const struct aws_model *model)
{
	struct table names = TABLE_IN(job->arena);
	struct span here = job->meaning->space->span;
	bool good = true;

	good &= check_tag(job, here, "policy", model->identity.policy);
	good &= check_tag(job, here, "customer", model->identity.customer);
	good &= check_tag(job, here, "environment",
			  model->identity.environment);
	for (size_t i = 0; i < model->group_count; i++) {
		const struct aws_group *g = &model->groups[i];

		good &= check_group(job, g, &names);
		good &= check_tag(job, span_of(job, g->layer), "layer",
				  g->layer);
	}
	for (size_t i = 0; i < model->list_count; i++)
		good &= check_list(job, &model->lists[i]);
	/* names that AWS does not take were told better */
	return good && check_mistakes(job, model);
}
