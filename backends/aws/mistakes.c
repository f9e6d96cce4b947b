/*
 * What AWS or Terraform would refuse in a model, or silently take for something
 * else, and what no policy can bring about: our own mistakes.  `terraform
 * validate` and mocks of AWS miss most of it, and an apply that fails half-way
 * leaves a group half open.
 *
 * From the EC2 API reference (IpPermission, CreateSecurityGroup, CreateTags) and
 * Terraform's documentation of names; it knows nothing of lowering.
 */
#include "backends/aws/aws.h"

#include "backends/aws/names.h"
#include "backends/aws/quota.h"
#include "compiler/base/service.h"
#include "compiler/base/table.h"

#include <string.h>

static bool is_description(const char *text)
{
	return text && *text && strlen(text) <= AWS_NAME_MOST &&
	       aws_text_is_legal(text);
}

/* Letters, digits, `_` and `-`, not a digit or `-` first. */
static bool is_key(const char *key)
{
	static const char all[] = "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789-";

	return key && *key && !key[strspn(key, all)] &&
	       !strchr("0123456789-", *key);
}

static const char *service_mistake(struct aws_service s)
{
	if (s.protocol < AWS_ALL || s.protocol > 255)
		return "no such protocol";
	switch (s.protocol) {
	case PROTO_TCP:
	case PROTO_UDP:
		return s.from < 0 || s.to < 0 ? "tcp or udp without ports" :
		       s.to >= SERVICE_VALUES ? "a port that does not exist" :
		       s.from > s.to ? "ports the wrong way round" : NULL;
	case PROTO_ICMP:
	case PROTO_ICMP6:
		return s.from < AWS_ALL || s.from > 255 || s.to < AWS_ALL ||
		       s.to > 255 ? "an ICMP type or code that does not exist" :
		       s.from == AWS_ALL && s.to != AWS_ALL ?
		       "an ICMP code without a type" : NULL;
	default:
		return s.from != AWS_ALL || s.to != AWS_ALL ?
		       "ports of a protocol that has none" : NULL;
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

static const char *peer_mistake(const struct aws_model *model,
				const struct aws_permission *is)
{
	const struct prefix *p = &is->peer.prefix;

	switch (is->peer.kind) {
	case AWS_LIST:
		return is->peer.index < model->list_count ? NULL :
		       "a prefix list that is not there";
	case AWS_GROUP:
		return is->peer.index < model->group_count ? NULL :
		       "a security group that is not there";
	case AWS_PREFIX:
		return !is_prefix(*p) ? "a prefix with host bits or of no length" :
		       is->service.protocol == (p->family == IPV4 ?
						PROTO_ICMP6 : PROTO_ICMP) ?
		       "ICMP of one family and addresses of the other" : NULL;
	}
	return "no peer";
}

static const char *rule_mistake(const struct aws_model *model,
				const struct aws_rule *rule)
{
	const char *mistake;

	if (rule->is.group >= model->group_count)
		return "a rule of a group that is not there";
	mistake = service_mistake(rule->is.service);
	if (!mistake)
		mistake = peer_mistake(model, &rule->is);
	if (mistake)
		return mistake;
	if (!is_key(rule->key))
		return "a key that Terraform does not take";
	if (!is_description(rule->description))
		return "a description that AWS does not take";
	return rule->names && *rule->names &&
	       strlen(rule->names) <= AWS_TAG_MOST ? NULL :
	       "a tag that AWS does not take";
}

/* SAME: so many groups has its layer. */
static const char *group_mistake(const struct aws_group *group, size_t same,
				 unsigned groups_per_interface)
{
	if (!is_key(group->key))
		return "a key that Terraform does not take";
	if (!*group->name || strlen(group->name) > AWS_NAME_MOST)
		return "a name of a group that is empty or too long";
	if (!is_description(group->description))
		return "a description that AWS does not take";
	return same != (group->parts ? group->parts : 1) ?
	       "a layer that has not all of its groups" :
	       same > groups_per_interface ?
	       "more groups of a layer than an interface takes" : NULL;
}

/* AWS knows a rule by what it permits alone, whatever it is called. */
static bool is_again(struct arena *arena, struct table *known,
		     const struct aws_permission *is)
{
	bool prefix = is->peer.kind == AWS_PREFIX;
	const u128 words[] = {
		is->group, is->direction, (u128)(is->service.protocol + 1),
		(u128)(is->service.from + 1), (u128)(is->service.to + 1),
		is->peer.kind, prefix ? is->peer.prefix.family : is->peer.index,
		prefix ? is->peer.prefix.length : 0,
		prefix ? is->peer.prefix.base : 0,
	};
	void **place;

	if (table_get(known, words, sizeof words))
		return true;
	place = table_at(known, arena_copy(arena, (const char *)words,
					   sizeof words), sizeof words);
	*place = known;
	return false;
}

/* What was lowered is sorted: of two with one key the other is beside it. */
static bool is_called_again(const struct aws_model *model, size_t rule)
{
	const struct aws_rule *r = &model->rules[rule];

	return rule && r[-1].is.direction == r->is.direction &&
	       strcmp(r[-1].key, r->key) >= 0;
}

const char *aws_mistake(struct arena *arena, const struct aws_model *model,
			unsigned groups_per_interface)
{
	struct arena *scratch = arena_child(arena);
	struct table known = TABLE_IN(scratch);
	const uint32_t *same = quota_groups(scratch, model);
	const char *mistake = NULL;

	for (size_t i = 0; i < model->group_count && !mistake; i++) {
		mistake = group_mistake(&model->groups[i], same[i],
					groups_per_interface);
		if (!mistake && i && strcmp(model->groups[i - 1].key,
					    model->groups[i].key) >= 0)
			mistake = "two groups of one key";
	}
	for (size_t i = 0; i < model->list_count && !mistake; i++)
		if (!is_key(model->lists[i].key))
			mistake = "a key that Terraform does not take";
	for (size_t i = 0; i < model->rule_count && !mistake; i++) {
		const struct aws_rule *r = &model->rules[i];

		mistake = rule_mistake(model, r);
		if (!mistake && is_again(scratch, &known, &r->is))
			mistake = "two rules that permit the same";
		if (!mistake && is_called_again(model, i))
			mistake = "two rules of one key";
	}
	arena_free(scratch);
	return mistake;
}
