/*
 * EC2 permissions, in the form in which `aws ec2 describe-security-groups`
 * answers them: one permission a rule and a line.  IpPermissions of a group is
 * what `authorize-security-group-ingress --ip-permissions` takes, once its ids
 * are filled in: where AWS gives an id, the file has the name of the group or
 * of the prefix list.
 */
#include "backends/aws/aws.h"

#include "backends/aws/emit.h"
#include "backends/aws/write_json.h"

#include <string.h>

/* LIST has one element: the peer MEMBER, VALUE. */
static void put_peer(struct writer *w, const char *list, const char *member,
		     const char *value, const char *description)
{
	put_open(w, list, '[');
	put_open(w, NULL, '{');
	put_string(w, member, value);
	put_string(w, "Description", description);
	put_close(w, '}');
	put_close(w, ']');
}

static void put_permission(struct writer *w, const struct aws_model *model,
			   const struct aws_rule *rule)
{
	const struct aws_service *s = &rule->is.service;
	const struct aws_peer *peer = &rule->is.peer;
	char prefix[ADDR_TEXT];

	put_open(w, NULL, '{');
	w->one_line = true;
	put_string(w, "IpProtocol", protocol_text(w->text.arena, s->protocol));
	if (has_ports(s->protocol)) {
		put_number(w, "FromPort", s->from);
		put_number(w, "ToPort", s->to);
	}
	switch (peer->kind) {
	case AWS_PREFIX:
		prefix_text(peer->prefix, prefix);
		if (peer->prefix.family == IPV4)
			put_peer(w, "IpRanges", "CidrIp", prefix,
				 rule->description);
		else
			put_peer(w, "Ipv6Ranges", "CidrIpv6", prefix,
				 rule->description);
		break;
	case AWS_LIST:
		put_peer(w, "PrefixListIds", "PrefixListId",
			 model->lists[peer->index].name, rule->description);
		break;
	case AWS_GROUP:
		put_peer(w, "UserIdGroupPairs", "GroupId",
			 model->groups[peer->index].name, rule->description);
		break;
	}
	put_close(w, '}');
	w->one_line = false;
}

static void put_permissions(struct writer *w, const struct aws_model *model,
			    const char *key, uint32_t group,
			    enum aws_direction direction)
{
	put_open(w, key, '[');
	for (size_t i = 0; i < model->rule_count; i++)
		if (model->rules[i].is.group == group &&
		    model->rules[i].is.direction == direction)
			put_permission(w, model, &model->rules[i]);
	put_close(w, ']');
}

static void put_tag(struct writer *w, const char *key, const char *value)
{
	put_open(w, NULL, '{');
	w->one_line = true;
	put_string(w, "Key", key);
	put_string(w, "Value", value);
	put_close(w, '}');
	w->one_line = false;
}

static void put_tags(struct writer *w, const struct aws_model *model,
		     const struct aws_group *group)
{
	size_t count;
	const struct ir_tag *tags = group_tags(w->text.arena, model, group,
					       &count);

	put_open(w, "Tags", '[');
	for (size_t i = 0; i < count; i++)
		put_tag(w, tags[i].key, tags[i].value);
	put_close(w, ']');
}

static void put_group(struct writer *w, const struct aws_model *model,
		      uint32_t number)
{
	const struct aws_group *group = &model->groups[number];

	put_open(w, NULL, '{');
	put_string(w, "Description", group->description);
	put_string(w, "GroupId", group->name);
	put_string(w, "GroupName", group->name);
	put_permissions(w, model, "IpPermissions", number, AWS_INGRESS);
	put_permissions(w, model, "IpPermissionsEgress", number, AWS_EGRESS);
	put_tags(w, model, group);
	put_close(w, '}');
}

static void put_lists(struct writer *w, const struct aws_model *model)
{
	if (!model->list_count)
		return;
	put_open(w, "PrefixLists", '[');
	for (size_t i = 0; i < model->list_count; i++) {
		put_open(w, NULL, '{');
		w->one_line = true;
		put_string(w, "PrefixListId", model->lists[i].name);
		put_string(w, "PrefixListName", model->lists[i].name);
		put_close(w, '}');
		w->one_line = false;
	}
	put_close(w, ']');
}

struct artefact aws_emit_ec2(struct arena *arena,
			     const struct aws_model *model)
{
	struct writer w = writer_begin(arena);

	put_lists(&w, model);
	put_open(&w, "SecurityGroups", '[');
	for (uint32_t i = 0; i < model->group_count; i++)
		put_group(&w, model, i);
	put_close(&w, ']');
	return writer_end(&w, "aws.ec2.json");
}
