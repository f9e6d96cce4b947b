/*
 * Terraform JSON: one resource a rule and a line, so that a changed rule is a
 * changed line; keys sorted, two blanks a level.
 *
 * Every string in it is a template: what comes from the policy passes
 * put_literal(), what is meant as a reference put_reference().
 */
#include "backends/aws/aws.h"

#include "compiler/base/service.h"
#include "compiler/base/text.h"

#include <assert.h>
#include <jansson.h>
#include <string.h>

struct writer {
	struct text text;
	size_t depth;
	bool fresh;		/* nothing stands in this object yet */
	bool one_line;		/* objects go on where they began */
};

static bool is_plain(const char *string)
{
	for (; *string; string++)
		if (*string < ' ' || *string > '~' || *string == '"' ||
		    *string == '\\')
			return false;
	return true;
}

/* A JSON string.  The arena is asked before jansson: asking may not return. */
static void put_string(struct text *out, const char *string)
{
	const size_t flags = JSON_ENCODE_ANY | JSON_ENSURE_ASCII;
	size_t most = 6 * strlen(string) + 2, len;
	json_t *json;
	char *bytes;

	if (is_plain(string)) {
		text_putc(out, '"');
		text_puts(out, string);
		text_putc(out, '"');
		return;
	}
	bytes = arena_alloc(out->arena, most);
	json = json_string(string);
	assert(json && "not UTF-8");
	len = json_dumpb(json, bytes, most, flags);
	json_decref(json);
	assert(len <= most);
	text_add(out, bytes, len);
}

static void new_line(struct writer *w)
{
	text_putc(&w->text, '\n');
	text_fill(&w->text, ' ', 2 * w->depth);
}

static void put_key(struct writer *w, const char *key)
{
	if (!w->fresh)
		text_putc(&w->text, ',');
	if (!w->one_line)
		new_line(w);
	else if (!w->fresh)
		text_putc(&w->text, ' ');
	w->fresh = false;
	put_string(&w->text, key);
	text_puts(&w->text, ": ");
}

static void open_object(struct writer *w, const char *key)
{
	put_key(w, key);
	text_putc(&w->text, '{');
	w->depth++;
	w->fresh = true;
}

static void close_object(struct writer *w)
{
	w->depth--;
	if (!w->one_line)
		new_line(w);
	text_putc(&w->text, '}');
	w->fresh = false;
}

/* A member whose value is VALUE as it stands, whatever it looks like. */
static void put_literal(struct writer *w, const char *key, const char *value)
{
	struct text escaped = TEXT_IN(w->text.arena);

	put_key(w, key);
	if (!strstr(value, "${") && !strstr(value, "%{")) {
		put_string(&w->text, value);
		return;
	}
	for (; *value; value++) {
		if ((*value == '$' || *value == '%') && value[1] == '{')
			text_putc(&escaped, *value);
		text_putc(&escaped, *value);
	}
	put_string(&w->text, text_string(&escaped));
}

/* A member whose value is an attribute of something else. */
static void put_reference(struct writer *w, const char *key, const char *type,
			  const char *name)
{
	put_key(w, key);
	text_printf(&w->text, "\"${%s.%s.id}\"", type, name);
}

static void put_number(struct writer *w, const char *key, int value)
{
	put_key(w, key);
	text_printf(&w->text, "%d", value);
}

static void put_lists(struct writer *w, const struct aws_model *model)
{
	if (!model->list_count)
		return;
	open_object(w, "data");
	open_object(w, "aws_ec2_managed_prefix_list");
	for (size_t i = 0; i < model->list_count; i++) {
		open_object(w, model->lists[i].key);
		put_literal(w, "name", model->lists[i].name);
		close_object(w);
	}
	close_object(w);
	close_object(w);
}

static void put_group(struct writer *w, const struct aws_model *model,
		      const struct aws_group *group)
{
	open_object(w, group->key);
	put_literal(w, "description", group->description);
	put_literal(w, "name", group->name);
	open_object(w, "tags");
	put_literal(w, "Name", group->name);
	if (*model->identity.customer)
		put_literal(w, "firebreak:customer", model->identity.customer);
	put_literal(w, "firebreak:environment", model->identity.environment);
	put_literal(w, "firebreak:layer", group->layer);
	put_literal(w, "firebreak:policy", model->identity.policy);
	close_object(w);
	put_key(w, "vpc_id");
	text_puts(&w->text, "\"${var.vpc_id}\"");
	close_object(w);
}

static const char *protocol_text(struct arena *arena, int protocol)
{
	switch (protocol) {
	case AWS_ALL:	  return "-1";
	case PROTO_ICMP:  return "icmp";
	case PROTO_TCP:	  return "tcp";
	case PROTO_UDP:	  return "udp";
	case PROTO_ICMP6: return "icmpv6";
	default:	  return arena_printf(arena, "%d", protocol);
	}
}

static bool has_ports(int protocol)
{
	return protocol == PROTO_TCP || protocol == PROTO_UDP ||
	       protocol == PROTO_ICMP || protocol == PROTO_ICMP6;
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

	open_object(w, rule->key);
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
	open_object(w, "tags");
	put_literal(w, "firebreak:rules", rule->names);
	close_object(w);
	if (has_ports(s->protocol))
		put_number(w, "to_port", s->to);
	close_object(w);
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
			open_object(w, type);
		any = true;
		put_rule(w, model, &model->rules[i]);
	}
	if (any)
		close_object(w);
}

static void put_resources(struct writer *w, const struct aws_model *model)
{
	open_object(w, "resource");
	open_object(w, "aws_security_group");
	for (size_t i = 0; i < model->group_count; i++)
		put_group(w, model, &model->groups[i]);
	close_object(w);
	put_rules(w, model, "aws_vpc_security_group_egress_rule", AWS_EGRESS);
	put_rules(w, model, "aws_vpc_security_group_ingress_rule",
		  AWS_INGRESS);
	close_object(w);
}

static void put_frame(struct writer *w)
{
	open_object(w, "terraform");
	open_object(w, "required_providers");
	open_object(w, "aws");
	put_literal(w, "source", "hashicorp/aws");
	put_literal(w, "version", ">= 5.0, < 7.0");
	close_object(w);
	close_object(w);
	put_literal(w, "required_version", ">= 1.5");
	close_object(w);
	open_object(w, "variable");
	open_object(w, "vpc_id");
	put_literal(w, "type", "string");
	close_object(w);
	close_object(w);
}

struct artefact aws_emit_terraform(struct arena *arena,
				   const struct aws_model *model)
{
	struct writer w = { .text = TEXT_IN(arena), .depth = 1, .fresh = true };

	text_putc(&w.text, '{');
	put_lists(&w, model);
	put_resources(&w, model);
	put_frame(&w);
	close_object(&w);
	text_putc(&w.text, '\n');
	return (struct artefact){ .path = "aws.tf.json",
				  .bytes = text_string(&w.text),
				  .len = w.text.len };
}
