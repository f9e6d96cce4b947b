/*
 * The strict reader of our own model before anybody else sees it: neither
 * `terraform validate` nor a mock of AWS refuses all that AWS refuses, and an
 * apply that fails half-way leaves a group half open.
 *
 * What comes from the policy's words is told; the rest is ours to get right.
 */
#include "backends/aws/aws.h"

#include "backends/aws/names.h"
#include "compiler/base/service.h"
#include "compiler/base/table.h"

#include <assert.h>
#include <string.h>

/* EC2 API reference, CreateSecurityGroup and UserIdGroupPair. */
bool aws_text_is_legal(const char *text)
{
	static const char legal[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789 ._-:/()#,@[]+=;{}!$*";

	return text[strspn(text, legal)] == '\0';
}

static bool is_description(const char *text)
{
	return *text && strlen(text) <= AWS_NAME_MOST &&
	       aws_text_is_legal(text);
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
	assert(is_description(group->description) || !good);
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

static bool is_service(struct aws_service s)
{
	switch (s.protocol) {
	case PROTO_TCP:
	case PROTO_UDP:
		return s.from >= 0 && s.from <= s.to && s.to < SERVICE_VALUES;
	case PROTO_ICMP:
	case PROTO_ICMP6:
		return s.from >= AWS_ALL && s.from <= 255 &&
		       s.to >= AWS_ALL && s.to <= 255 &&
		       (s.from != AWS_ALL || s.to == AWS_ALL);
	default:
		return s.protocol >= AWS_ALL && s.protocol <= 255 &&
		       s.from == AWS_ALL && s.to == AWS_ALL;
	}
}

/* No host bits, no length beyond the family: what its text says is itself. */
static bool is_prefix(struct prefix prefix)
{
	char text[ADDR_TEXT];
	struct prefix again;

	prefix_text(prefix, text);
	return prefix_read(text, strlen(text), &again) == PREFIX_OK &&
	       again.family == prefix.family && again.length == prefix.length;
}

static bool is_peer(const struct aws_model *model,
		    const struct aws_permission *is)
{
	const struct prefix *p = &is->peer.prefix;

	switch (is->peer.kind) {
	case AWS_LIST:
		return is->peer.index < model->list_count;
	case AWS_GROUP:
		return is->peer.index < model->group_count;
	case AWS_PREFIX:
		return is_prefix(*p) &&
		       is->service.protocol != (p->family == IPV4 ?
						PROTO_ICMP6 : PROTO_ICMP);
	}
	return false;
}

static void assert_rule(const struct aws_model *model,
			const struct aws_rule *rule)
{
	assert(rule->is.group < model->group_count);
	assert(is_service(rule->is.service));
	assert(is_peer(model, &rule->is));
	assert(is_description(rule->description));
	assert(*rule->names && strlen(rule->names) <= AWS_TAG_MOST);
	(void)model;
	(void)rule;
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
	for (size_t i = 0; i < model->rule_count; i++) {
		const struct aws_rule *r = &model->rules[i];

		/* sorted: equal keys would be neighbours */
		assert((!i || r[-1].is.direction != r->is.direction ||
			strcmp(r[-1].key, r->key) < 0) &&
		       "two rules of one key");
		assert_rule(model, r);
	}
	return good;
}
