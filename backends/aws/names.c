/* Keys, descriptions and tags of the resources that are emitted. */
#include "backends/aws/names.h"

#include "backends/aws/aws.h"
#include "compiler/base/service.h"
#include "compiler/base/table.h"
#include "compiler/base/text.h"

#include <string.h>

const char *name_fit(struct arena *arena, const char *text, size_t most)
{
	size_t len = strlen(text);

	if (len <= most)
		return text;
	return arena_printf(arena, "%.*s-%08x", (int)most - 9, text,
			    (unsigned)hash_bytes(text, len));
}

static void add_encoded(struct text *key, const char *name)
{
	for (; *name; name++) {
		unsigned char c = (unsigned char)*name;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || c == '-')
			text_putc(key, *name);
		else if (c == '_' || c == '.')
			text_puts(key, c == '_' ? "_u" : "_d");
		else
			text_printf(key, "_x%02x", c);
	}
}

const char *name_key(struct arena *arena, const char *name)
{
	struct text key = TEXT_IN(arena);

	add_encoded(&key, name);
	return text_string(&key);
}

static void add_service(struct text *key, struct aws_service s)
{
	if (s.protocol == AWS_ALL)
		text_puts(key, "all");
	else if (s.protocol == PROTO_ICMP6)
		text_puts(key, "icmpv6");
	else if (protocol_name((unsigned)s.protocol))
		text_puts(key, protocol_name((unsigned)s.protocol));
	else
		text_printf(key, "proto-%d", s.protocol);
	if (s.from == AWS_ALL || (s.from == 0 && s.to == SERVICE_VALUES - 1))
		return;
	text_putc(key, '-');
	text_number(key, s.from);
	if (s.to != AWS_ALL && (s.to != s.from ||
				!service_has_ports((unsigned)s.protocol))) {
		text_putc(key, '-');
		text_number(key, s.to);
	}
}

static void add_prefix(struct text *key, struct prefix prefix)
{
	char text[ADDR_TEXT];

	prefix_text(prefix, text);
	for (char *c = text; *c; c++)
		if (*c == '.' || *c == '/')
			*c = '-';
		else if (*c == ':')
			*c = '_';
	text_puts(key, prefix.family == IPV4 ? "v4-" : "v6-");
	text_puts(key, text);
}

const char *rule_key(struct arena *arena, const char *rule, const char *layer,
		     const struct aws_permission *is, const char *peer)
{
	char short_key[160];
	struct text key = { arena, short_key, 0, sizeof short_key };

	add_encoded(&key, rule);
	text_puts(&key, "__");
	add_encoded(&key, layer);
	text_puts(&key, "__");
	add_service(&key, is->service);
	text_puts(&key, "__");
	switch (is->peer.kind) {
	case AWS_PREFIX:
		add_prefix(&key, is->peer.prefix);
		break;
	case AWS_LIST:
		text_puts(&key, "pl-");
		break;
	case AWS_GROUP:
		text_puts(&key, "sg-");
		break;
	}
	add_encoded(&key, peer);
	return arena_copy(arena, key.at, key.len);
}

const char *rule_description(struct arena *arena, const struct ir_rule *rule)
{
	const char *ticket = rule->ticket.value;

	if (ticket && *ticket && aws_text_is_legal(ticket) &&
	    strlen(rule->name) + 1 + strlen(ticket) <= AWS_NAME_MOST)
		return arena_printf(arena, "%s %s", rule->name, ticket);
	return name_fit(arena, rule->name, AWS_NAME_MOST);
}

const char *rule_names(struct arena *arena, const struct ir *ir,
		       const uint32_t *rules, size_t count)
{
	enum { END_MOST = 32 };		/* " +COUNT:HASH" */
	struct text names = TEXT_IN(arena);
	size_t fitting = 0, len = 0;
	const char *end;

	if (count == 1 && strlen(ir->rules[rules[0]].name) <= AWS_TAG_MOST)
		return ir->rules[rules[0]].name;
	for (size_t i = 0; i < count; i++) {
		if (i)
			text_putc(&names, ' ');
		text_puts(&names, ir->rules[rules[i]].name);
		if (names.len <= AWS_TAG_MOST - END_MOST) {
			fitting = i + 1;
			len = names.len;
		}
	}
	if (names.len <= AWS_TAG_MOST)
		return text_string(&names);
	end = arena_printf(arena, "%s+%zu:%08x", fitting ? " " : "",
			   count - fitting,
			   (unsigned)hash_bytes(names.at, names.len));
	return arena_printf(arena, "%.*s%s", (int)len, names.at, end);
}
