/*
 * Terraform JSON: one resource a rule and a line, so that a changed rule is a
 * changed line; keys sorted, two blanks a level.
 *
 * Every string in it is a template: what comes from the policy passes
 * put_literal(), what is meant as a reference put_reference().
 */
#include "backends/aws/aws.h"

#include "backends/aws/emit.h"
#include "backends/aws/write_json.h"

#include <string.h>

/* A member whose value is VALUE as it stands, whatever it looks like. */
static void put_literal(struct writer *w, const char *key, const char *value)
{
	struct text escaped = TEXT_IN(w->text.arena);

	if (!strchr(value, '{')) {
		put_string(w, key, value);
		return;
	}
	for (; *value; value++) {
		if ((*value == '$' || *value == '%') && value[1] == '{')
			text_putc(&escaped, *value);
		text_putc(&escaped, *value);
	}
	put_string(w, key, text_string(&escaped));
}

/* A member whose value is an attribute of something else. */
static void put_reference(struct writer *w, const char *key, const char *type,
			  const char *name)
{
	struct text *text = &w->text;

	put_key(w, key);
	text_add(text, "\"${", 3);
	text_puts(text, type);
	text_putc(text, '.');
	text_puts(text, name);
	text_add(text, ".id}\"", 5);
}

static void put_lists(struct writer *w, const struct aws_model *model)
{
	if (!model->list_count)
		return;
	put_open(w, "data", '{');
	put_open(w, "aws_ec2_managed_prefix_list", '{');
	for (size_t i = 0; i < model->list_count; i++) {
		put_open(w, model->lists[i].key, '{');
		put_literal(w, "name", model->lists[i].name);
		put_close(w, '}');
	}
	put_close(w, '}');
	put_close(w, '}');
}

static void put_tags(struct writer *w, const struct ir_tag *tags,
		     size_t count)
{
	put_open(w, "tags", '{');
	for (size_t i = 0; i < count; i++)
		put_literal(w, tags[i].key, tags[i].value);
	put_close(w, '}');
}

static void put_vpc(struct writer *w)
{
	put_key(w, "vpc_id");
	text_puts(&w->text, "\"${var.vpc_id}\"");
}

static void put_group(struct writer *w, const struct aws_model *model,
		      const struct aws_group *group)
{
	size_t count;
	const struct ir_tag *tags = group_tags(w->text.arena, model, group,
					       &count);

	put_open(w, group->key, '{');
	put_literal(w, "description", group->description);
	put_literal(w, "name", group->name);
	put_tags(w, tags, count);
	put_vpc(w);
	put_close(w, '}');
}

static void put_prefix(struct writer *w, struct prefix prefix)
{
	char text[ADDR_TEXT];

	put_literal(w, prefix.family == IPV4 ? "cidr_ipv4" : "cidr_ipv6",
		    prefix_text(prefix, text));
}

/* Members by key: which peer it is decides where it stands. */
static void put_rule(struct writer *w, const struct aws_model *model,
		     const struct aws_rule *rule)
{
	const struct aws_service *s = &rule->is.service;
	const struct aws_peer *peer = &rule->is.peer;
	const struct ir_tag names = { "firebreak:rules", rule->names };
	size_t count;
	const struct ir_tag *tags = tags_with(w->text.arena, model, &names, 1,
					      &count);

	put_open(w, rule->key, '{');
	w->one_line = true;
	if (peer->kind == AWS_PREFIX)
		put_prefix(w, peer->prefix);
	put_literal(w, "description", rule->description);
	if (has_ports(s->protocol))
		put_number(w, "from_port", s->from);
	put_literal(w, "ip_protocol",
		    protocol_text(w->text.arena, s->protocol));
	if (peer->kind == AWS_LIST)
		put_reference(w, "prefix_list_id",
			      "data.aws_ec2_managed_prefix_list",
			      model->lists[peer->index].key);
	if (peer->kind == AWS_GROUP)
		put_reference(w, "referenced_security_group_id",
			      "aws_security_group",
			      model->groups[peer->index].key);
	put_reference(w, "security_group_id", "aws_security_group",
		      model->groups[rule->is.group].key);
	put_tags(w, tags, count);
	if (has_ports(s->protocol))
		put_number(w, "to_port", s->to);
	put_close(w, '}');
	w->one_line = false;
}

static void put_rules(struct writer *w, const struct aws_model *model,
		      const char *type, enum aws_direction direction)
{
	bool any = false;

	for (size_t i = 0; i < model->rule_count; i++) {
		if (model->rules[i].is.direction != direction)
			continue;
		if (!any)
			put_open(w, type, '{');
		any = true;
		put_rule(w, model, &model->rules[i]);
	}
	if (any)
		put_close(w, '}');
}

/*
 * Adopted, and every rule taken out; the two lists are there so that what a hand
 * adds later is taken out too.  None of our tags: it is no group of a layer.
 */
static void put_default_group(struct writer *w, const struct aws_model *model)
{
	if (model->default_group != AWS_DEFAULT_EMPTY)
		return;
	put_open(w, "aws_default_security_group", '{');
	put_open(w, "default", '{');
	put_open(w, "egress", '[');
	put_close(w, ']');
	put_open(w, "ingress", '[');
	put_close(w, ']');
	if (model->tag_count)
		put_tags(w, model->tags, model->tag_count);
	put_vpc(w);
	put_close(w, '}');
	put_close(w, '}');
}

/* The rules of GROUP in DIRECTION by reference, one a line. */
static void put_rule_ids(struct writer *w, const struct aws_model *model,
			 const char *key, uint32_t group,
			 enum aws_direction direction)
{
	put_open(w, key, '[');
	for (size_t i = 0; i < model->rule_count; i++)
		if (model->rules[i].is.group == group &&
		    model->rules[i].is.direction == direction)
			put_reference(w, NULL, direction == AWS_INGRESS
				? "aws_vpc_security_group_ingress_rule"
				: "aws_vpc_security_group_egress_rule",
				model->rules[i].key);
	put_close(w, ']');
}

static void put_exclusive(struct writer *w, const struct aws_model *model)
{
	put_open(w, "aws_vpc_security_group_rules_exclusive", '{');
	for (uint32_t g = 0; g < model->group_count; g++) {
		put_open(w, model->groups[g].key, '{');
		put_rule_ids(w, model, "egress_rule_ids", g, AWS_EGRESS);
		put_rule_ids(w, model, "ingress_rule_ids", g, AWS_INGRESS);
		put_reference(w, "security_group_id", "aws_security_group",
			      model->groups[g].key);
		put_close(w, '}');
	}
	put_close(w, '}');
}

static void put_resources(struct writer *w, const struct aws_model *model)
{
	put_open(w, "resource", '{');
	put_default_group(w, model);
	put_open(w, "aws_security_group", '{');
	for (size_t i = 0; i < model->group_count; i++)
		put_group(w, model, &model->groups[i]);
	put_close(w, '}');
	put_rules(w, model, "aws_vpc_security_group_egress_rule", AWS_EGRESS);
	put_rules(w, model, "aws_vpc_security_group_ingress_rule",
		  AWS_INGRESS);
	if (model->exclusive)
		put_exclusive(w, model);
	put_close(w, '}');
}

/* aws_vpc_security_group_rules_exclusive came with 6.31 of the provider. */
static void put_frame(struct writer *w, const struct aws_model *model)
{
	put_open(w, "terraform", '{');
	put_open(w, "required_providers", '{');
	put_open(w, "aws", '{');
	put_literal(w, "source", "hashicorp/aws");
	put_literal(w, "version", model->exclusive ? ">= 6.31, < 7.0"
						       : ">= 5.0, < 7.0");
	put_close(w, '}');
	put_close(w, '}');
	put_literal(w, "required_version", ">= 1.5");
	put_close(w, '}');
	put_open(w, "variable", '{');
	put_open(w, "vpc_id", '{');
	put_literal(w, "type", "string");
	put_close(w, '}');
	put_close(w, '}');
}

struct artefact aws_emit_terraform(struct arena *arena,
				   const struct aws_model *model)
{
	struct writer w = writer_begin(arena);

	put_lists(&w, model);
	put_resources(&w, model);
	put_frame(&w, model);
	return writer_end(&w, "aws.tf.json");
}
