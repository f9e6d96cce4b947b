/*
 * A CloudFormation template: one resource a group, with what it says of prefixes
 * and prefix lists inside, a rule a line; one resource and line a rule between
 * groups, because groups that refer to each other inline are a circle.
 *
 * Logical ids are hashes of what a resource says, never of its place: a rule
 * that changes is another resource.  Two with one id would be a key twice, which
 * the reader refuses.
 */
#include "backends/aws/aws.h"

#include "backends/aws/emit.h"
#include "backends/aws/write_json.h"
#include "compiler/base/service.h"
#include "compiler/base/table.h"

#include <string.h>

enum { ID_WORDS_MOST = 200 };	/* AWS takes 255 letters and digits */

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

/* "GroupSharedHosts0a1b2c3d" of "shared-hosts". */
static const char *named_id(struct arena *arena, const char *kind,
			    const char *name)
{
	struct text id = TEXT_IN(arena);
	bool start = true;

	text_puts(&id, kind);
	for (const char *c = name; *c && id.len < ID_WORDS_MOST; c++) {
		if (is_letter(*c))
			text_putc(&id, start && *c >= 'a' && *c <= 'z' ?
				       (char)(*c - 'a' + 'A') : *c);
		start = !is_letter(*c);
	}
	text_printf(&id, "%08x", (unsigned)hash_bytes(name, strlen(name)));
	return text_string(&id);
}

static const char *group_id(struct arena *arena, const struct aws_group *group)
{
	/* a blank is in no name of a layer: nobody else has this id */
	return named_id(arena, "Group", group->part > 1
			? arena_printf(arena, "%s _%u", group->layer,
				       group->part) : group->layer);
}

static const char *list_id(struct arena *arena, const struct aws_list *list)
{
	return named_id(arena, "List", list->name);
}

static const char *rule_id(struct arena *arena, const struct aws_model *model,
			   const struct aws_permission *is)
{
	const char *identity = arena_printf(arena, "%s\n%s\n%d %d %d",
		model->groups[is->group].layer,
		model->groups[is->peer.index].layer, is->service.protocol,
		is->service.from, is->service.to);

	return arena_printf(arena, "%s%016llx",
			    is->direction == AWS_INGRESS ? "Ingress" : "Egress",
			    (unsigned long long)hash_bytes(identity,
							   strlen(identity)));
}

/* {"Ref": "VpcId"} */
static void put_parameter(struct writer *w, const char *key, const char *id)
{
	put_open(w, key, '{');
	put_string(w, "Ref", id);
	put_close(w, '}');
}

/* {"Fn::GetAtt": ["GroupData01234567", "GroupId"]} */
static void put_group_id(struct writer *w, const char *key,
			 const struct aws_group *group)
{
	put_open(w, key, '{');
	put_open(w, "Fn::GetAtt", '[');
	put_string(w, NULL, group_id(w->text.arena, group));
	put_string(w, NULL, "GroupId");
	put_close(w, ']');
	put_close(w, '}');
}

/* --- rules --- */

static void put_service(struct writer *w, const struct aws_service *s)
{
	put_string(w, "IpProtocol", protocol_text(w->text.arena, s->protocol));
	if (!has_ports(s->protocol))
		return;
	put_number(w, "FromPort", s->from);
	put_number(w, "ToPort", s->to);
}

static void put_peer(struct writer *w, const struct aws_model *model,
		     const struct aws_permission *is)
{
	bool in = is->direction == AWS_INGRESS;
	char prefix[ADDR_TEXT];

	switch (is->peer.kind) {
	case AWS_PREFIX:
		put_string(w, is->peer.prefix.family == IPV4 ? "CidrIp" :
							       "CidrIpv6",
			   prefix_text(is->peer.prefix, prefix));
		break;
	case AWS_LIST:
		put_parameter(w, in ? "SourcePrefixListId" :
				      "DestinationPrefixListId",
			      list_id(w->text.arena,
				      &model->lists[is->peer.index]));
		break;
	case AWS_GROUP:
		put_group_id(w, in ? "SourceSecurityGroupId" :
				     "DestinationSecurityGroupId",
			     &model->groups[is->peer.index]);
		break;
	}
}

static void put_inline(struct writer *w, const struct aws_model *model,
		       const struct aws_rule *rule)
{
	put_open(w, NULL, '{');
	w->one_line = true;
	put_service(w, &rule->is.service);
	put_peer(w, model, &rule->is);
	put_string(w, "Description", rule->description);
	put_close(w, '}');
	w->one_line = false;
}

static void put_standalone(struct writer *w, const struct aws_model *model,
			   const struct aws_rule *rule)
{
	put_open(w, rule_id(w->text.arena, model, &rule->is), '{');
	w->one_line = true;
	put_string(w, "Type", rule->is.direction == AWS_INGRESS ?
			      "AWS::EC2::SecurityGroupIngress" :
			      "AWS::EC2::SecurityGroupEgress");
	put_open(w, "Properties", '{');
	put_group_id(w, "GroupId", &model->groups[rule->is.group]);
	put_service(w, &rule->is.service);
	put_peer(w, model, &rule->is);
	put_string(w, "Description", rule->description);
	put_close(w, '}');
	put_close(w, '}');
	w->one_line = false;
}

static void put_rule(struct writer *w, const struct aws_model *model,
		     const struct aws_rule *rule)
{
	if (rule->is.peer.kind == AWS_GROUP)
		put_standalone(w, model, rule);
	else
		put_inline(w, model, rule);
}

/* --- groups --- */

static bool is_inline(const struct aws_rule *rule, uint32_t group,
		      enum aws_direction direction)
{
	return rule->is.group == group && rule->is.direction == direction &&
	       rule->is.peer.kind != AWS_GROUP;
}

static bool has_inline(const struct aws_model *model, uint32_t group,
		       enum aws_direction direction)
{
	for (size_t i = 0; i < model->rule_count; i++)
		if (is_inline(&model->rules[i], group, direction))
			return true;
	return false;
}

static void put_inlines(struct writer *w, const struct aws_model *model,
			const char *key, uint32_t group,
			enum aws_direction direction)
{
	put_open(w, key, '[');
	for (size_t i = 0; i < model->rule_count; i++)
		if (is_inline(&model->rules[i], group, direction))
			put_rule(w, model, &model->rules[i]);
	put_close(w, ']');
}

/* A group without egress of its own gets AWS's, which is everything. */
static void put_no_egress(struct writer *w)
{
	put_open(w, "SecurityGroupEgress", '[');
	put_open(w, NULL, '{');
	w->one_line = true;
	put_string(w, "IpProtocol", "-1");
	put_string(w, "CidrIp", "127.0.0.1/32");
	put_string(w, "Description", "no default egress");
	put_close(w, '}');
	w->one_line = false;
	put_close(w, ']');
}

static void put_tags(struct writer *w, const struct aws_model *model,
		     const struct aws_group *group)
{
	size_t count;
	const struct ir_tag *tags = group_tags(w->text.arena, model, group,
					       &count);

	put_open(w, "Tags", '[');
	for (size_t i = 0; i < count; i++) {
		put_open(w, NULL, '{');
		w->one_line = true;
		put_string(w, "Key", tags[i].key);
		put_string(w, "Value", tags[i].value);
		put_close(w, '}');
		w->one_line = false;
	}
	put_close(w, ']');
}

static void put_group(struct writer *w, const struct aws_model *model,
		      uint32_t number)
{
	const struct aws_group *group = &model->groups[number];

	put_open(w, group_id(w->text.arena, group), '{');
	put_string(w, "Type", "AWS::EC2::SecurityGroup");
	put_open(w, "Properties", '{');
	put_string(w, "GroupDescription", group->description);
	put_string(w, "GroupName", group->name);
	if (has_inline(model, number, AWS_EGRESS))
		put_inlines(w, model, "SecurityGroupEgress", number,
			    AWS_EGRESS);
	else
		put_no_egress(w);
	if (has_inline(model, number, AWS_INGRESS))
		put_inlines(w, model, "SecurityGroupIngress", number,
			    AWS_INGRESS);
	put_tags(w, model, group);
	put_key(w, "VpcId");
	text_puts(&w->text, "{\"Ref\": \"VpcId\"}");
	put_close(w, '}');
	put_close(w, '}');
}

/* --- the whole --- */

/* CloudFormation looks up no list by its name: who deploys gives the id. */
static void put_list(struct writer *w, const struct aws_list *list)
{
	put_open(w, list_id(w->text.arena, list), '{');
	put_string(w, "AllowedPattern", "^pl-[0-9a-f]+$");
	put_string(w, "Description", arena_printf(w->text.arena,
		"id of the prefix list %s", list->name));
	put_string(w, "Type", "String");
	put_close(w, '}');
}

static void put_parameters(struct writer *w, const struct aws_model *model)
{
	put_open(w, "Parameters", '{');
	for (size_t i = 0; i < model->list_count; i++)
		put_list(w, &model->lists[i]);
	put_open(w, "VpcId", '{');
	put_string(w, "Type", "AWS::EC2::VPC::Id");
	put_close(w, '}');
	put_close(w, '}');
}

struct artefact aws_emit_cloudformation(struct arena *arena,
					const struct aws_model *model)
{
	struct writer w = writer_begin(arena);
	const struct identity *is = &model->identity;

	put_string(&w, "AWSTemplateFormatVersion", "2010-09-09");
	put_string(&w, "Description", arena_printf(arena,
		"security groups of %s in %s%s%s", is->policy, is->customer,
		*is->customer ? "." : "", is->environment));
	put_parameters(&w, model);
	put_open(&w, "Resources", '{');
	for (uint32_t i = 0; i < model->group_count; i++)
		put_group(&w, model, i);
	for (size_t i = 0; i < model->rule_count; i++)
		if (model->rules[i].is.peer.kind == AWS_GROUP)
			put_standalone(&w, model, &model->rules[i]);
	put_close(&w, '}');
	return writer_end(&w, "aws.cfn.json");
}

size_t aws_template_bytes(struct arena *arena, const struct aws_model *model,
			  const struct aws_rule *rule)
{
	struct writer w = writer_begin(arena);

	put_rule(&w, model, rule);
	return w.text.len;
}
