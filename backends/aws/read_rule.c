/* Protocols, prefixes, and permissions that are the same. */
#include "backends/aws/read_rule.h"

#include "compiler/base/service.h"

#include <stdio.h>
#include <string.h>

enum { GROUPS_MOST = 16 };	/* of one interface, ever */

static const struct protocol_word {
	const char *word;
	int protocol;
} protocol_words[] = {
	{ "-1",	    AWS_ALL },
	{ "tcp",    PROTO_TCP },
	{ "udp",    PROTO_UDP },
	{ "icmp",   PROTO_ICMP },
	{ "icmpv6", PROTO_ICMP6 },
};

enum { PROTOCOL_WORDS = sizeof protocol_words / sizeof *protocol_words };

bool read_protocol(const char *text, int *out)
{
	int number = 0;

	for (int i = 0; i < PROTOCOL_WORDS; i++) {
		if (strcmp(text, protocol_words[i].word) == 0) {
			*out = protocol_words[i].protocol;
			return true;
		}
	}
	if (!*text || strlen(text) > 3 || (*text == '0' && text[1]))
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		number = 10 * number + (*text - '0');
	}
	for (int i = 0; i < PROTOCOL_WORDS; i++)
		if (number == protocol_words[i].protocol)
			return false;
	*out = number;
	return number <= 255;
}

bool read_prefix(struct reader *r, const struct path *up, const char *key,
		 const struct json *rule, enum family family,
		 struct prefix *out)
{
	const struct path path = { up, key };
	const char *text = read_literal(r, up, key, rule);
	char canonical[ADDR_TEXT];

	if (!text)
		return false;
	if (prefix_read(text, strlen(text), out) != PREFIX_OK ||
	    out->family != family || !strchr(text, '/'))
		return refuse(r, &path, "is not an %s prefix",
			      family_name(family));
	return strcmp(prefix_text(*out, canonical), text) == 0 ||
	       refuse(r, &path, "is not written as %s", canonical);
}

bool read_part(struct reader *r, const struct path *path, const char *text,
	       struct aws_group *group)
{
	char again[16];
	unsigned part, parts;

	if (!text || !*text)
		return true;
	if (sscanf(text, "%2u/%2u", &part, &parts) == 2 && part >= 1 &&
	    part <= parts && parts >= 2 && parts <= GROUPS_MOST &&
	    snprintf(again, sizeof again, "%u/%u", part, parts) > 0 &&
	    strcmp(again, text) == 0) {
		group->part = part;
		group->parts = parts;
		return true;
	}
	return refuse(r, path, "has a tag firebreak:part that is none of ours");
}

bool is_first(struct reader *r, struct table *known,
	      const struct aws_permission *is)
{
	const struct aws_peer *p = &is->peer;
	const struct key {
		u128 base;
		uint32_t family, length, kind, index;
		int32_t protocol, from, to;
		uint32_t end;
	} key = {
		p->prefix.base, p->prefix.family, p->prefix.length, p->kind,
		p->index, is->service.protocol, is->service.from,
		is->service.to, is->group << 1 | is->direction,
	};
	void **place;

	_Static_assert(sizeof key == 48, "no bytes between its members");
	if (table_get(known, &key, sizeof key))
		return false;
	place = table_at(known, arena_copy(r->arena, (const char *)&key,
					       sizeof key), sizeof key);
	*place = r;
	return true;
}
