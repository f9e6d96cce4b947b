/*
 * A layer whose rules do not fit one security group gets several, and every
 * interface of it carries them all: rules only add, so which group says a rule
 * changes nothing.  A rule that refers to the layer refers to the first.
 *
 * Which group says which rule depends on the rules alone, in an order that comes
 * from what each says: the first group that has room.  A rule more moves at most
 * one from group to group, and so on; a name that changes moves none.
 */
#include "backends/aws/aws.h"

#include "backends/aws/names.h"
#include "backends/aws/quota.h"
#include "compiler/base/table.h"

#include <stdlib.h>
#include <string.h>

struct splitting {
	struct arena *arena;
	const struct job *job;
	const struct aws_model *model;
	uint32_t *part_of;		/* by rule of MODEL, from 0 */
	uint32_t *parts;		/* by group of MODEL; 1: all fits */
	uint32_t reserved;		/* outbound IPv4 rules of a format's own */
};

/* One rule to be placed. */
struct item {
	uint32_t rule;
	size_t used[FAMILIES];
	uint64_t order;
	const char *key;
};

/* What the rule says, in words that no other rule's coming or going changes. */
static uint64_t order_of(const struct splitting *s, const struct aws_rule *rule)
{
	const struct aws_peer *peer = &rule->is.peer;
	char prefix[ADDR_TEXT];
	const char *who = "", *said;

	switch (peer->kind) {
	case AWS_PREFIX:
		who = prefix_text(peer->prefix, prefix);
		break;
	case AWS_LIST:
		who = s->model->lists[peer->index].name;
		break;
	case AWS_GROUP:
		who = s->model->groups[peer->index].layer;
		break;
	}
	said = arena_printf(s->arena, "%d %d %d %d %s",
			    rule->is.service.protocol, rule->is.service.from,
			    rule->is.service.to, peer->kind, who);
	return hash_bytes(said, strlen(said));
}

/* The heavy first, while there is room for them. */
static int in_order(const void *x, const void *y)
{
	const struct item *a = x, *b = y;
	size_t left = a->used[IPV4] > a->used[IPV6] ? a->used[IPV4] : a->used[IPV6];
	size_t right = b->used[IPV4] > b->used[IPV6] ? b->used[IPV4] : b->used[IPV6];

	if (left != right)
		return left > right ? -1 : 1;
	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	return strcmp(a->key, b->key);
}

static struct item *items_of(const struct splitting *s, uint32_t group,
			     enum aws_direction direction, size_t *count)
{
	const struct aws_model *m = s->model;
	struct item *items = arena_array(s->arena, m->rule_count,
					 sizeof *items);

	*count = 0;
	for (uint32_t i = 0; i < m->rule_count; i++) {
		const struct aws_rule *r = &m->rules[i];
		struct item *item = &items[*count];

		if (r->is.group != group || r->is.direction != direction)
			continue;
		*item = (struct item){ .rule = i, .order = order_of(s, r),
				       .key = r->key };
		quota_add(s->job, m, r, item->used);
		(*count)++;
	}
	if (*count)
		qsort(items, *count, sizeof *items, in_order);
	return items;
}

/* How many rules of ours a group holds. */
static size_t room_of(const struct splitting *s, enum aws_direction direction,
		      enum family family)
{
	size_t all = s->job->ir->aws.rules_per_group;

	return direction == AWS_EGRESS && family == IPV4 ? all - s->reserved
							 : all;
}

static bool has_room(const struct splitting *s, enum aws_direction direction,
		     const size_t used[FAMILIES], const struct item *item)
{
	for (enum family f = IPV4; f < FAMILIES; f++)
		if (item->used[f] &&
		    used[f] + item->used[f] > room_of(s, direction, f))
			return false;
	return true;
}

/* Place the rules of one direction; false when the groups do not hold them. */
static bool place(struct splitting *s, uint32_t group,
		  enum aws_direction direction)
{
	const struct ir_aws *aws = &s->job->ir->aws;
	size_t (*used)[FAMILIES] = arena_array(s->arena,
		aws->groups_per_interface, sizeof *used);
	size_t count;
	struct item *items = items_of(s, group, direction, &count);

	for (size_t i = 0; i < count; i++) {
		uint32_t part = 0;

		while (part < aws->groups_per_interface &&
		       !has_room(s, direction, used[part], &items[i]))
			part++;
		if (part == aws->groups_per_interface)
			return false;
		for (int f = 0; f < FAMILIES; f++)
			used[part][f] += items[i].used[f];
		s->part_of[items[i].rule] = part;
		if (s->parts[group] < part + 1)
			s->parts[group] = part + 1;
	}
	return true;
}

/* Does GROUP let anything out to prefixes or lists? */
static bool lets_out(const struct aws_model *model, uint32_t group)
{
	for (size_t i = 0; i < model->rule_count; i++)
		if (model->rules[i].is.group == group &&
		    model->rules[i].is.direction == AWS_EGRESS &&
		    model->rules[i].is.peer.kind != AWS_GROUP)
			return true;
	return false;
}

static bool fits(const struct splitting *s, uint32_t group,
		 const struct aws_usage *usage)
{
	size_t all = s->job->ir->aws.rules_per_group;

	for (int d = 0; d < AWS_DIRECTIONS; d++)
		for (int f = 0; f < FAMILIES; f++)
			if (usage->of[d][f] > all)
				return false;
	return usage->of[AWS_EGRESS][IPV4] <= room_of(s, AWS_EGRESS, IPV4) ||
	       lets_out(s->model, group);
}

/* All in one again: somebody else says that it does not fit. */
static void put_back(struct splitting *s, uint32_t group)
{
	s->parts[group] = 1;
	for (size_t i = 0; i < s->model->rule_count; i++)
		if (s->model->rules[i].is.group == group)
			s->part_of[i] = 0;
}

/* A group with its place in the list that it comes from. */
struct part {
	struct aws_group is;
	uint32_t group, part;
};

static int by_key(const void *x, const void *y)
{
	const struct part *a = x, *b = y;

	return strcmp(a->is.key, b->is.key);
}

/* `_` is in no key before a digit, so that nobody else has this one. */
static struct aws_group part_of(const struct splitting *s, uint32_t group,
				uint32_t part)
{
	struct aws_group is = s->model->groups[group];

	is.part = part + 1;
	is.parts = s->parts[group];
	if (part == 0)
		return is;
	is.key = arena_printf(s->arena, "%s_%u", is.key, part + 1);
	is.name = name_fit(s->arena, arena_printf(s->arena, "%s-%u", is.name,
						  part + 1), AWS_NAME_MOST);
	is.description = name_fit(s->arena, arena_printf(s->arena,
		"%s, group %u", is.description, part + 1), AWS_NAME_MOST);
	return is;
}

static struct part *all_parts(const struct splitting *s, size_t *count)
{
	LIST(struct part) parts = { 0 };

	for (uint32_t g = 0; g < s->model->group_count; g++)
		for (uint32_t p = 0; p < s->parts[g]; p++)
			*LIST_PUSH(s->arena, &parts) = (struct part){
				part_of(s, g, p), g, p };
	qsort(parts.at, parts.count, sizeof *parts.at, by_key);
	*count = parts.count;
	return parts.at;
}

static const struct aws_model *remade(const struct splitting *s)
{
	struct aws_model *model = arena_alloc(s->arena, sizeof *model);
	struct aws_group *groups;
	struct aws_rule *rules = arena_array(s->arena, s->model->rule_count,
					     sizeof *rules);
	uint32_t **at = arena_array(s->arena, s->model->group_count,
				    sizeof *at);
	size_t count;
	const struct part *parts = all_parts(s, &count);

	groups = arena_array(s->arena, count, sizeof *groups);
	for (size_t g = 0; g < s->model->group_count; g++)
		at[g] = arena_array(s->arena, s->parts[g], sizeof **at);
	for (uint32_t i = 0; i < count; i++) {
		groups[i] = parts[i].is;
		at[parts[i].group][parts[i].part] = i;
	}
	for (size_t i = 0; i < s->model->rule_count; i++) {
		struct aws_rule *r = &rules[i];

		*r = s->model->rules[i];
		r->is.group = at[r->is.group][s->part_of[i]];
		if (r->is.peer.kind == AWS_GROUP)
			r->is.peer.index = at[r->is.peer.index][0];
	}
	*model = *s->model;
	model->groups = groups;
	model->group_count = count;
	model->rules = rules;
	return model;
}

const struct aws_model *aws_split(const struct job *job,
				  const struct aws_model *model,
				  uint32_t reserved)
{
	const struct aws_usage *usage = quota_usage(job, model);
	struct splitting s = {
		.arena = job->arena, .job = job, .model = model,
		.part_of = arena_array(job->arena, model->rule_count,
				       sizeof *s.part_of),
		.parts = arena_array(job->arena, model->group_count,
				     sizeof *s.parts),
		/* a quota of one rule has no room to spare */
		.reserved = job->ir->aws.rules_per_group > reserved ? reserved
								    : 0,
	};
	bool any = false;

	for (uint32_t g = 0; g < model->group_count; g++) {
		s.parts[g] = 1;
		if (fits(&s, g, &usage[g]))
			continue;
		if (!place(&s, g, AWS_INGRESS) || !place(&s, g, AWS_EGRESS))
			put_back(&s, g);
		any |= s.parts[g] > 1;
	}
	return any ? remade(&s) : model;
}
