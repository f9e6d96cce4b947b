/*
 * Of a ruleset: line by line, and in each line word by word.  Of JSON: object
 * by object, each member by what it means.
 */
#include "tests/lib/mutate.h"

#include "compiler/base/ranges.h"
#include "tests/lib/mutate_json.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

enum { WORD_MOST = 128, VARIANTS_MOST = 64 };

/* --- other words for a word --- */

struct variants {
	char at[VARIANTS_MOST][WORD_MOST];
	size_t count;
};

static char *add(struct variants *v)
{
	if (v->count == VARIANTS_MOST)
		abort();
	return v->at[v->count++];
}

static void add_word(struct variants *v, const char *word)
{
	snprintf(add(v), WORD_MOST, "%s", word);
}

struct address {
	int version;
	u128 number;
};

static unsigned bits_of(int version)
{
	return version == 4 ? 32 : 128;
}

static u128 last_of(int version)
{
	return version == 4 ? UINT32_MAX : U128_MAX;
}

static bool read_address(const char *text, size_t len, struct address *out)
{
	unsigned char bytes[16];
	char copy[WORD_MOST];

	if (len >= sizeof copy)
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	out->version = strchr(copy, ':') ? 6 : 4;
	if (inet_pton(out->version == 4 ? AF_INET : AF_INET6, copy,
		      bytes) != 1)
		return false;
	out->number = 0;
	for (unsigned i = 0; i < bits_of(out->version) / 8; i++)
		out->number = out->number << 8 | bytes[i];
	return true;
}

static const char *write_address(int version, u128 number,
				 char out[WORD_MOST])
{
	unsigned char bytes[16];
	unsigned size = bits_of(version) / 8;

	for (unsigned i = size; i--; number >>= 8)
		bytes[i] = (unsigned char)number;
	inet_ntop(version == 4 ? AF_INET : AF_INET6, bytes, out, WORD_MOST);
	return out;
}

static void add_prefix(struct variants *v, int version, u128 base,
		       unsigned length)
{
	char text[WORD_MOST];
	unsigned bits = bits_of(version);

	if (length > bits)
		return;
	if (length == 0)
		base = 0;
	else if (length < bits)
		base &= ~(((u128)1 << (bits - length)) - 1);
	write_address(version, base, text);
	snprintf(add(v), WORD_MOST, "%.100s/%u", text, length);
}

/* Longer and shorter by one, and the block before and behind. */
static void vary_prefix(struct variants *v, struct address a, unsigned length)
{
	u128 size = length ? (u128)1 << (bits_of(a.version) - length) : 0;
	char text[WORD_MOST];

	add_prefix(v, a.version, a.number, length + 1);
	add_prefix(v, a.version, 0, 0);
	if (!length)
		return;
	add_prefix(v, a.version, a.number, length - 1);
	if (a.number >= size)
		add_prefix(v, a.version, a.number - size, length);
	if (last_of(a.version) - a.number >= size)
		add_prefix(v, a.version, a.number + size, length);
	if (length < bits_of(a.version)) {
		write_address(a.version, a.number + 1, text);
		snprintf(add(v), WORD_MOST, "%.100s/%u", text, length);
	}
}

static void vary_address(struct variants *v, struct address a)
{
	if (a.number)
		write_address(a.version, a.number - 1, add(v));
	if (a.number < last_of(a.version))
		write_address(a.version, a.number + 1, add(v));
	add_prefix(v, a.version, a.number, bits_of(a.version) - 1);
}

static void add_span(struct variants *v, int version, u128 lo, u128 hi)
{
	char from[WORD_MOST], to[WORD_MOST];

	write_address(version, lo, from);
	write_address(version, hi, to);
	snprintf(add(v), WORD_MOST, "%.60s-%.60s", from, to);
}

static void vary_span(struct variants *v, struct address a, struct address b)
{
	if (a.number)
		add_span(v, a.version, a.number - 1, b.number);
	add_span(v, a.version, a.number + 1, b.number);
	add_span(v, a.version, a.number, b.number - 1);
	if (b.number < last_of(a.version))
		add_span(v, a.version, a.number, b.number + 1);
	add_span(v, a.version, b.number, a.number);
}

static void vary_numbers(struct variants *v, const char *text)
{
	unsigned lo, hi;

	if (sscanf(text, "%u-%u", &lo, &hi) == 2) {
		snprintf(add(v), WORD_MOST, "%u-%u", lo + 1, hi);
		snprintf(add(v), WORD_MOST, "%u-%u", lo, hi + 1);
		snprintf(add(v), WORD_MOST, "%u-%u", lo, hi - 1);
		snprintf(add(v), WORD_MOST, "%u-%u", hi, lo);
		if (lo)
			snprintf(add(v), WORD_MOST, "%u-%u", lo - 1, hi);
		return;
	}
	lo = (unsigned)atoi(text);
	snprintf(add(v), WORD_MOST, "%u", lo + 1);
	snprintf(add(v), WORD_MOST, "%u-%u", lo, lo + 1);
	if (lo)
		snprintf(add(v), WORD_MOST, "%u", lo - 1);
}

/* True when the word is an address, a prefix, or a stretch of addresses. */
static bool vary_addresses(struct variants *v, const char *word)
{
	size_t first = strcspn(word, "/-");
	struct address a, b;

	if (!read_address(word, first, &a))
		return false;
	if (!word[first])
		vary_address(v, a);
	else if (word[first] == '/')
		vary_prefix(v, a, (unsigned)atoi(word + first + 1));
	else if (read_address(word + first + 1, strlen(word + first + 1), &b))
		vary_span(v, a, b);
	return true;
}

/* --- rulesets --- */

static const struct {
	const char *word, *other;
} others[] = {
	{ "accept", "drop" }, { "drop", "accept" }, { "accept", "return" },
	{ "saddr", "daddr" }, { "daddr", "saddr" }, { "sport", "dport" },
	{ "dport", "sport" }, { "tcp", "udp" }, { "udp", "tcp" },
	{ "tcp", "icmp" }, { "tcp", "7" }, { "icmp", "icmpv6" },
	{ "icmpv6", "icmp" }, { "ip", "ip6" }, { "ip6", "ip" },
	{ "ipv4", "ipv6" }, { "ipv6", "ipv4" }, { "input", "output" },
	{ "output", "input" }, { "input", "forward" }, { "\"lo\"", "\"eth0\"" },
	{ "\"lo\"", "!= \"lo\"" },
	{ "established", "new" }, { "related", "untracked" },
	{ "invalid", "new" }, { "invalid", "established" },
	{ "type", "code" }, { "code", "type" }, { "iif", "oif" },
	{ "oif", "iif" }, { "th", "udp" }, { "th", "tcp" },
	{ "l4proto", "nfproto" }, { "filter", "nat" }, { "filter", "raw" },
	{ "interval", "constant" }, { "inet", "ip" }, { "inet", "bridge" },
	{ "ipv4_addr", "ipv6_addr" }, { "ipv6_addr", "ipv4_addr" },
	{ "inet_proto", "inet_service" }, { "inet_service", "inet_proto" },
	{ "icmp_type", "icmp_code" }, { "icmpv6_type", "icmpv6_code" },
	{ "firebreak", "other" }, { "vmap", "map" }, { "hoplimit", "dscp" },
	{ ".", "" }, { "{", "" }, { "}", "" }, { ":", "" }, { "=", "" },
	{ "comment", "" }, { "elements", "" }, { "table", "" },
	{ "delete", "flush" }, { "hook", "" }, { "policy", "" },
};

struct lines {
	LIST(char *) all;
};

static struct lines lines_of(struct arena *arena, const char *text)
{
	struct lines lines = { 0 };

	while (*text) {
		size_t len = strcspn(text, "\n");

		*LIST_PUSH(arena, &lines.all) = arena_copy(arena, text, len);
		text += len;
		text += *text == '\n';
	}
	return lines;
}

/* Is it the turn of the next one to be shown? */
static bool is_turn(struct mutation *m)
{
	return m->made++ % m->every == 0;
}

/* The file with lines I and on replaced: COUNT of them by REPLACED. */
static void show_lines(struct mutation *m, const char *what,
		       const struct lines *lines, size_t i, size_t count,
		       const char *replaced)
{
	size_t len = strlen(replaced) + 2, n = 0;
	char *text;

	if (!is_turn(m))
		return;
	for (size_t k = 0; k < lines->all.count; k++)
		len += strlen(lines->all.at[k]) + 1;
	text = malloc(len);
	if (!text)
		abort();
	for (size_t k = 0; k < lines->all.count; k++) {
		if (k == i && *replaced)
			n += (size_t)sprintf(text + n, "%s\n", replaced);
		if (k < i || k >= i + count)
			n += (size_t)sprintf(text + n, "%s\n",
					     lines->all.at[k]);
	}
	m->show(m->context, what, text, n);
	free(text);
}

static void mutate_line(struct mutation *m, struct arena *arena,
			const struct lines *lines, size_t i)
{
	const char *line = lines->all.at[i];
	const char *next = i + 1 < lines->all.count ? lines->all.at[i + 1] : "";

	show_lines(m, arena_printf(arena, "line %zu taken out: %s", i + 1,
				   line), lines, i, 1, "");
	show_lines(m, arena_printf(arena, "line %zu twice: %s", i + 1, line),
		   lines, i, 1, arena_printf(arena, "%s\n%s", line, line));
	if (*next)
		show_lines(m, arena_printf(arena, "line %zu behind the next: %s",
					   i + 1, line),
			   lines, i, 2,
			   arena_printf(arena, "%s\n%s", next, line));
}

/* A rule that somebody added by hand, in front of this one. */
static void mutate_chain(struct mutation *m, struct arena *arena,
			 const struct lines *lines, size_t i)
{
	static const char *const added[] = {
		"accept", "drop", "tcp dport 22 accept", "tcp dport 443 drop",
		"tcp dport 0-65535 drop", "ip saddr 10.0.0.0/8 drop",
		"ip daddr 0.0.0.0/1 accept", "ip6 daddr 2000::/3 drop",
		"meta nfproto ipv6 drop", "meta l4proto udp drop",
		"ct state new drop", "ct state untracked accept",
		"ip6 hoplimit 1 drop", "tcp sport 80 accept",
		"ip saddr != 10.0.0.0/8 drop", "tcp dport != 443 drop",
		"ct state != established drop", "ip6 hoplimit != 255 drop",
		"tcp sport != 80 accept", "meta nfproto != ipv4 accept",
	};

	for (size_t k = 0; k < COUNT(added); k++)
		show_lines(m, arena_printf(arena, "line %zu behind %s: %s",
					   i + 1, added[k], lines->all.at[i]),
			   lines, i, 1,
			   arena_printf(arena, "\t\t%s\n%s", added[k],
					lines->all.at[i]));
}

static bool ends_in(const char *line, const char *word)
{
	const char *at = strstr(line, word);

	return at && (!at[strlen(word)] || at[strlen(word)] == ' ');
}

/* An element with the line's comma or without: into the other sets. */
static void mutate_element(struct mutation *m, struct arena *arena,
			   const struct lines *lines, size_t i)
{
	const char *line = lines->all.at[i];
	const char *dot = strstr(line, " . "), *second = dot + 3;
	const char *end = strstr(second, " . ");

	if (!end)
		return;
	show_lines(m, arena_printf(arena, "line %zu the other way: %s", i + 1,
				   line), lines, i, 1,
		   arena_printf(arena, "\t\t\t%.*s . %.*s%s",
				(int)(end - second), second,
				(int)(dot - line - 3), line + 3, end));
	for (size_t k = 0; k < lines->all.count; k++) {
		const char *at = lines->all.at[k];
		size_t len = strlen(line);

		if (!strstr(at, "elements = {"))
			continue;
		show_lines(m, arena_printf(arena, "line %zu also in the set at %zu: %s",
					   i + 1, k + 1, line), lines, k, 1,
			   arena_printf(arena, "%s\n%s%s", at, line,
					line[len - 1] == ',' ? "" : ","));
	}
}

static void vary_set(struct variants *v, const struct lines *lines,
		     const char *word)
{
	snprintf(add(v), WORD_MOST, "!= %.100s", word);
	for (size_t i = 0; i < lines->all.count; i++) {
		char name[64];

		if (sscanf(lines->all.at[i], "\tset %63s {", name) == 1 &&
		    strcmp(name, word + 1) != 0)
			snprintf(add(v), WORD_MOST, "@%s", name);
	}
}

static void vary_word(struct variants *v, const struct lines *lines,
		      const char *word)
{
	for (size_t i = 0; i < COUNT(others); i++)
		if (strcmp(others[i].word, word) == 0)
			add_word(v, others[i].other);
	if (*word == '@')
		vary_set(v, lines, word);
	else if (!vary_addresses(v, word) && *word >= '0' && *word <= '9')
		vary_numbers(v, word);
	if (*word == '"' && word[1] != 'l')
		add_word(v, "\"changed\"");
}

static void mutate_words(struct mutation *m, struct arena *arena,
			 const struct lines *lines, size_t i)
{
	const char *line = lines->all.at[i];

	for (size_t from = 0; line[from];) {
		struct variants v = { .count = 0 };
		size_t skip = strspn(line + from, " \t"), len;
		char word[WORD_MOST];

		from += skip;
		len = strcspn(line + from, " \t");
		if (!len)
			break;
		if (len > 1 && strchr(",;", line[from + len - 1]))
			len--;
		if (len < sizeof word) {
			memcpy(word, line + from, len);
			word[len] = '\0';
			vary_word(&v, lines, word);
		}
		for (size_t k = 0; k < v.count; k++)
			show_lines(m, arena_printf(arena, "line %zu, %s for %s: %s",
						   i + 1, v.at[k], word, line),
				   lines, i, 1,
				   arena_printf(arena, "%.*s%s%s", (int)from,
						line, v.at[k],
						line + from + len));
		from += len;
		from += line[from] == ',' || line[from] == ';';
	}
}

void mutate_nft(struct mutation *m, const char *text)
{
	struct lines lines = lines_of(m->arena, text);

	for (size_t i = 0; i < lines.all.count; i++) {
		struct arena *arena = arena_child(m->arena);

		mutate_line(m, arena, &lines, i);
		if (strncmp(lines.all.at[i], "\t\t\t", 3) == 0 &&
		    strstr(lines.all.at[i], " . "))
			mutate_element(m, arena, &lines, i);
		if (ends_in(lines.all.at[i], " accept"))
			mutate_chain(m, arena, &lines, i);
		if (*lines.all.at[i] != '#')
			mutate_words(m, arena, &lines, i);
		arena_free(arena);
	}
}

/* --- Terraform --- */

static const char *const kinds[] = {
	"aws_security_group", "aws_vpc_security_group_ingress_rule",
	"aws_vpc_security_group_egress_rule", "aws_default_security_group",
};

void show_root(const struct object *o, const char *what)
{
	char *bytes;

	if (!is_turn(o->m))
		return;
	bytes = json_dumps(o->root, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	if (!bytes)
		abort();
	o->m->show(o->m->context,
		   arena_printf(o->arena, "%s %s: %s", o->kind, o->key, what),
		   bytes, strlen(bytes));
	free(bytes);
}

void try_member(const struct object *o, json_t *in, const char *name,
		json_t *value)
{
	json_t *before = json_incref(json_object_get(in, name));
	char *text = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;

	if (before && json_equal(before, value)) {
		json_decref(value);
		json_decref(before);
		free(text);
		return;
	}
	if (value)
		json_object_set_new(in, name, value);
	else
		json_object_del(in, name);
	show_root(o, arena_printf(o->arena, "%s %s", name,
				  text ? text : "taken out"));
	free(text);
	if (before)
		json_object_set_new(in, name, before);
	else
		json_object_del(in, name);
}

static void try_number(const struct object *o, const char *name, json_int_t n)
{
	try_member(o, o->is, name, json_integer(n));
}

void mutate_number(const struct object *o, const char *name, json_int_t n)
{
	try_number(o, name, n + 1);
	try_number(o, name, n - 1);
	try_number(o, name, 0);
	try_number(o, name, 65535);
	try_number(o, name, 65536);
	try_number(o, name, -1);
	try_member(o, o->is, name, json_sprintf("%d", (int)n));
}

static void mutate_protocol(const struct object *o)
{
	static const char *const words[] = { "tcp", "udp", "icmp", "icmpv6",
					     "-1", "50", "6", "all" };
	json_t *ports[] = { json_object_get(o->is, "from_port"),
			    json_object_get(o->is, "to_port") };

	for (size_t i = 0; i < COUNT(words); i++)
		try_member(o, o->is, "ip_protocol", json_string(words[i]));
	/* once more, as AWS wants it: every protocol, without ports */
	json_incref(ports[0]);
	json_incref(ports[1]);
	json_object_del(o->is, "from_port");
	json_object_del(o->is, "to_port");
	try_member(o, o->is, "ip_protocol", json_string("-1"));
	try_member(o, o->is, "ip_protocol", json_string("47"));
	if (ports[0])
		json_object_set_new(o->is, "from_port", ports[0]);
	if (ports[1])
		json_object_set_new(o->is, "to_port", ports[1]);
}

void mutate_prefix(const struct object *o, const char *name, const char *text)
{
	struct variants v = { .count = 0 };

	vary_addresses(&v, text);
	for (size_t i = 0; i < v.count; i++)
		try_member(o, o->is, name, json_string(v.at[i]));
}

void mutate_listed(const struct object *group, json_t *in, const char *key,
		   const char *other, void (*mutate)(const struct object *o))
{
	json_t *all = json_object_get(in, key);
	json_t *opposite = json_object_get(in, other);

	for (size_t i = 0; i < json_array_size(all); i++) {
		struct object o = *group;
		json_t *is = json_incref(json_array_get(all, i));

		o.arena = arena_child(group->m->arena);
		o.kind = key;
		o.is = is;
		mutate(&o);
		json_array_append(all, is);
		show_root(&o, "twice");
		json_array_remove(all, json_array_size(all) - 1);
		json_array_append(opposite, is);
		show_root(&o, "in both directions");
		json_array_remove(opposite, json_array_size(opposite) - 1);
		json_array_remove(all, i);
		show_root(&o, "taken out");
		json_array_insert_new(all, i, is);
		arena_free(o.arena);
	}
}

void mutate_tag_list(const struct object *o, json_t *in)
{
	json_t *tag;
	size_t i;

	json_array_foreach(json_object_get(in, "Tags"), i, tag) {
		try_member(o, tag, "Value", json_string("changed"));
		try_member(o, tag, "Value", json_string("data"));
		try_member(o, tag, "Key", json_string("changed"));
		try_member(o, tag, "Value", NULL);
	}
}

/* Another group for a group. */
static void mutate_reference(const struct object *o, const char *name)
{
	json_t *groups = json_object_get(json_object_get(o->root, "resource"),
					 kinds[0]), *group;
	const char *key;

	json_object_foreach(groups, key, group)
		try_member(o, o->is, name,
			   json_sprintf("${aws_security_group.%s.id}", key));
	try_member(o, o->is, name, json_string("${aws_security_group.no.id}"));
	try_member(o, o->is, name, json_string("sg-12345678"));
}

/* Another kind of peer for the peer. */
static void mutate_peer(const struct object *o, const char *name)
{
	json_t *before = json_incref(json_object_get(o->is, name));

	json_object_del(o->is, name);
	show_root(o, "without its peer");
	try_member(o, o->is, "cidr_ipv4", json_string("0.0.0.0/0"));
	try_member(o, o->is, "cidr_ipv6", json_string("::/0"));
	try_member(o, o->is, "cidr_ipv4", json_string("10.0.0.0/8"));
	try_member(o, o->is, "prefix_list_id", json_string(
		"${data.aws_ec2_managed_prefix_list.s3.id}"));
	mutate_reference(o, "referenced_security_group_id");
	json_object_set_new(o->is, name, before);
	if (strcmp(name, "cidr_ipv4") != 0)
		try_member(o, o->is, "cidr_ipv4", json_string("10.9.0.0/16"));
}

static void mutate_member(const struct object *o, const char *name, json_t *value)
{
	const char *text = json_string_value(value);

	try_member(o, o->is, name, NULL);
	try_member(o, o->is, name, json_null());
	if (json_is_integer(value))
		mutate_number(o, name, json_integer_value(value));
	else if (strcmp(name, "ip_protocol") == 0)
		mutate_protocol(o);
	else if (strncmp(name, "cidr_ipv", 8) == 0)
		mutate_prefix(o, name, text);
	else if (strcmp(name, "security_group_id") == 0 ||
		 strcmp(name, "referenced_security_group_id") == 0)
		mutate_reference(o, name);
	else if (text)
		try_member(o, o->is, name, json_string("changed"));
	else if (json_is_array(value))
		try_member(o, o->is, name, json_pack("[{s:s,s:i,s:i,s:b}]",
			"protocol", "-1", "from_port", 0, "to_port", 0, "self",
			1));
	if (strncmp(name, "cidr_ipv", 8) == 0 ||
	    strcmp(name, "referenced_security_group_id") == 0 ||
	    strcmp(name, "prefix_list_id") == 0)
		mutate_peer(o, name);
}

static void mutate_tags(const struct object *o)
{
	json_t *tags = json_object_get(o->is, "tags"), *copy, *value;
	const char *key;

	copy = json_deep_copy(tags);
	json_object_foreach(copy, key, value) {
		try_member(o, tags, key, NULL);
		try_member(o, tags, key, json_string("changed"));
		try_member(o, tags, key, json_string("data"));
	}
	json_decref(copy);
}

/* The same rule in the other direction, under another name, and not at all. */
static void mutate_place(const struct object *o)
{
	json_t *resources = json_object_get(o->root, "resource");
	json_t *is = json_incref(o->is);
	bool ingress = strcmp(o->kind, kinds[1]) == 0;
	bool rule = ingress || strcmp(o->kind, kinds[2]) == 0;
	json_t *other = rule ? json_object_get(resources,
					       kinds[ingress ? 2 : 1]) : NULL;

	json_object_set(o->among, "another", is);
	show_root(o, "twice");
	json_object_del(o->among, o->key);
	show_root(o, "under another name");
	json_object_del(o->among, "another");
	show_root(o, "taken out");
	if (other) {
		json_object_set(other, "another", is);
		show_root(o, "in the other direction");
		json_object_del(other, "another");
	}
	json_object_set_new(o->among, o->key, is);
}

static void mutate_object(struct mutation *m, json_t *root, const char *kind,
			  json_t *among, const char *key)
{
	struct object o = { m, arena_child(m->arena), root, among,
			    json_object_get(among, key), kind, key };
	json_t *members = json_deep_copy(o.is), *value;
	const char *name;

	mutate_place(&o);
	json_object_foreach(members, name, value)
		mutate_member(&o, name, value);
	if (json_object_get(o.is, "tags"))
		mutate_tags(&o);
	try_member(&o, o.is, "ingress", json_array());
	try_member(&o, o.is, "count", json_integer(0));
	try_member(&o, o.is, "self", json_true());
	json_decref(members);
	arena_free(o.arena);
}

static void mutate_all(struct mutation *m, json_t *root, json_t *in,
		       const char *kind)
{
	json_t *among = json_object_get(in, kind);
	json_t *keys = json_deep_copy(among), *value;
	const char *key;

	json_object_foreach(keys, key, value)
		mutate_object(m, root, kind, among, key);
	json_decref(keys);
}

void mutate_terraform(struct mutation *m, const char *bytes, size_t len)
{
	json_t *root = json_loadb(bytes, len, 0, NULL);

	for (size_t i = 0; i < COUNT(kinds); i++)
		mutate_all(m, root, json_object_get(root, "resource"),
			   kinds[i]);
	mutate_all(m, root, json_object_get(root, "data"),
		   "aws_ec2_managed_prefix_list");
	json_decref(root);
}

/* --- EC2 permissions --- */

static void try_ec2_protocol(const struct object *o)
{
	static const char *const words[] = { "tcp", "udp", "icmp", "icmpv6",
					     "-1", "50", "6", "all" };

	for (size_t i = 0; i < COUNT(words); i++)
		try_member(o, o->is, "IpProtocol", json_string(words[i]));
}

/* The one element of an array of peers, as O->is. */
static void mutate_ec2_peer(const struct object *o)
{
	json_t *groups = json_object_get(o->root, "SecurityGroups"), *group;
	json_t *members = json_deep_copy(o->is), *value;
	const char *name;
	size_t i;

	json_object_foreach(members, name, value) {
		struct variants v = { .count = 0 };

		try_member(o, o->is, name, NULL);
		try_member(o, o->is, name, json_null());
		if (strncmp(name, "CidrIp", 6) == 0)
			vary_addresses(&v, json_string_value(value));
		for (i = 0; i < v.count; i++)
			try_member(o, o->is, name, json_string(v.at[i]));
		try_member(o, o->is, name, json_string("changed"));
	}
	if (json_object_get(members, "GroupId"))
		json_array_foreach(groups, i, group)
			try_member(o, o->is, "GroupId", json_deep_copy(
				json_object_get(group, "GroupId")));
	try_member(o, o->is, "Odd", json_true());
	json_decref(members);
}

static void mutate_permission(const struct object *o)
{
	static const char *const lists[] = { "IpRanges", "Ipv6Ranges",
					     "PrefixListIds",
					     "UserIdGroupPairs" };
	json_t *members = json_deep_copy(o->is), *value;
	const char *name;

	json_object_foreach(members, name, value) {
		try_member(o, o->is, name, NULL);
		try_member(o, o->is, name, json_null());
		if (json_is_integer(value))
			mutate_number(o, name, json_integer_value(value));
		if (json_is_array(value))
			try_member(o, o->is, name, json_array());
	}
	try_ec2_protocol(o);
	try_member(o, o->is, "Odd", json_true());
	for (size_t i = 0; i < COUNT(lists); i++) {
		json_t *some = json_object_get(o->is, lists[i]);
		struct object peer = *o;

		peer.is = json_array_get(some, 0);
		if (peer.is)
			mutate_ec2_peer(&peer);
	}
	if (!json_object_get(o->is, "IpRanges"))
		try_member(o, o->is, "IpRanges", json_pack("[{s:s}]", "CidrIp",
							  "10.9.0.0/16"));
	json_decref(members);
}

void mutate_ec2(struct mutation *m, const char *bytes, size_t len)
{
	json_t *root = json_loadb(bytes, len, 0, NULL), *group;
	json_t *groups = json_object_get(root, "SecurityGroups");
	size_t i;

	json_array_foreach(groups, i, group) {
		struct object o = { m, arena_child(m->arena), root, groups,
				    group, "group", "of permissions" };

		mutate_listed(&o, group, "IpPermissions", "IpPermissionsEgress",
			      mutate_permission);
		mutate_listed(&o, group, "IpPermissionsEgress", "IpPermissions",
			      mutate_permission);
		mutate_tag_list(&o, group);
		try_member(&o, group, "IpPermissions", NULL);
		try_member(&o, group, "IpPermissionsEgress", json_null());
		try_member(&o, group, "GroupId", json_string("changed"));
		try_member(&o, group, "GroupId", NULL);
		try_member(&o, group, "Odd", json_true());
		arena_free(o.arena);
	}
	json_decref(root);
}

/* --- what `nft -j` lists --- */

/* A value in its place: member KEY of OBJECT, or element I of ARRAY. */
struct spot {
	struct mutation *m;
	struct arena *arena;
	json_t *root;
	json_t *sets;		/* names that stand for each other */
	json_t *in;
	const char *key;
	size_t i;
};

static json_t *spot_value(const struct spot *s)
{
	return s->key ? json_object_get(s->in, s->key)
		      : json_array_get(s->in, s->i);
}

static void put_spot(const struct spot *s, json_t *value)
{
	if (s->key)
		json_object_set_new(s->in, s->key, value);
	else
		json_array_set_new(s->in, s->i, value);
}

static void show_spot(const struct spot *s, const char *what, json_t *about)
{
	char *bytes, *text;

	if (!is_turn(s->m))
		return;
	bytes = json_dumps(s->root, JSON_PRESERVE_ORDER | JSON_COMPACT);
	text = json_dumps(about, JSON_ENCODE_ANY | JSON_COMPACT);
	if (!bytes || !text)
		abort();
	s->m->show(s->m->context,
		   arena_printf(s->arena, "%s: %.200s", what, text), bytes,
		   strlen(bytes));
	free(text);
	free(bytes);
}

/* VALUE in its place for a moment. */
static void try_spot(const struct spot *s, json_t *value)
{
	json_t *before = json_incref(spot_value(s));
	char *other = json_dumps(value, JSON_ENCODE_ANY);

	put_spot(s, value);
	show_spot(s, arena_printf(s->arena, "%.100s for a value", other), before);
	put_spot(s, before);
	free(other);
}

static bool is_among(json_t *strings, const char *text)
{
	json_t *one;
	size_t i;

	json_array_foreach(strings, i, one)
		if (strcmp(json_string_value(one), text) == 0)
			return true;
	return false;
}

static void try_strings(const struct spot *s, const char *text)
{
	struct variants v = { .count = 0 };
	const struct lines none = { 0 };
	size_t i;
	json_t *name;

	vary_word(&v, &none, text);
	add_word(&v, "changed");
	add_word(&v, "lo");
	add_word(&v, "!=");
	add_word(&v, "==");
	add_word(&v, "0.0.0.0");
	for (i = 0; i < v.count; i++)
		if (strcmp(v.at[i], text) != 0)
			try_spot(s, json_string(v.at[i]));
	json_array_foreach(s->sets, i, name)
		if (is_among(s->sets, text) &&
		    strcmp(json_string_value(name), text) != 0)
			try_spot(s, json_incref(name));
}

static void try_numbers(const struct spot *s, json_int_t n)
{
	try_spot(s, json_integer(n + 1));
	try_spot(s, json_integer(n - 1));
	try_spot(s, json_integer(n ? 0 : 65535));
	try_spot(s, json_pack("{s:[I,I]}", "range", n, n + 1));
	try_spot(s, json_sprintf("%lld", (long long)n));
}

static void mutate_spot(const struct spot *s);

static void mutate_elements(const struct spot *s, json_t *array)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		struct spot inner = { s->m, arena_child(s->arena), s->root,
				      s->sets, array, NULL, i };
		json_t *e = json_incref(json_array_get(array, i));

		json_array_remove(array, i);
		show_spot(&inner, "taken out", e);
		json_array_insert(array, i, e);
		json_array_insert(array, i, e);
		show_spot(&inner, "twice", e);
		json_array_remove(array, i);
		if (i + 1 < json_array_size(array)) {
			json_array_remove(array, i);
			json_array_insert(array, i + 1, e);
			show_spot(&inner, "behind the next", e);
			json_array_remove(array, i + 1);
			json_array_insert(array, i, e);
		}
		json_decref(e);
		mutate_spot(&inner);
		arena_free(inner.arena);
	}
}

static bool means_nothing(const char *key)
{
	static const char *const some[] = {
		"handle", "version", "release_name", "arn", "schema_version",
		"sensitive_values", "description", "name_prefix", "timeouts",
		"revoke_rules_on_delete", "owner_id", "entries",
		"security_group_rule_id" };

	for (size_t i = 0; i < COUNT(some); i++)
		if (strcmp(key, some[i]) == 0)
			return true;
	return false;
}

static void mutate_members(const struct spot *s, json_t *object)
{
	json_t *keys = json_deep_copy(object), *value;
	const char *key;

	json_object_foreach(keys, key, value) {
		struct spot inner = { s->m, s->arena, s->root, s->sets, object,
				      key, 0 };
		json_t *before = json_incref(json_object_get(object, key));

		json_object_del(object, key);
		show_spot(&inner, "member taken out", before);
		json_object_set_new(object, key, before);
		if (!means_nothing(key))
			mutate_spot(&inner);
	}
	json_object_set_new(object, "odd", json_true());
	show_spot(s, "one member more", object);
	json_object_del(object, "odd");
	json_decref(keys);
}

/* A rule that somebody added, in front of this one. */
static void add_rules(const struct spot *s, json_t *rule)
{
	static const char *const added[] = {
		"[{\"accept\":null}]", "[{\"drop\":null}]", "[{\"return\":null}]",
		"[{\"match\":{\"op\":\"!=\",\"left\":{\"payload\":{\"protocol\":\"tcp\",\"field\":\"dport\"}},\"right\":22}},{\"accept\":null}]",
		"[{\"match\":{\"op\":\"==\",\"left\":{\"meta\":{\"key\":\"nfproto\"}},\"right\":\"ipv6\"}},{\"drop\":null}]",
		"[{\"match\":{\"op\":\"in\",\"left\":{\"ct\":{\"key\":\"state\"}},\"right\":[\"new\",\"untracked\"]}},{\"accept\":null}]",
	};
	json_t *before = json_incref(json_object_get(rule, "expr"));

	for (size_t i = 0; i < COUNT(added); i++) {
		json_t *copy = json_deep_copy(rule);

		json_object_set_new(copy, "expr", json_loads(added[i], 0, NULL));
		json_array_insert_new(s->in, s->i, json_pack("{s:o}", "rule",
							     copy));
		show_spot(s, added[i], before);
		json_array_remove(s->in, s->i);
	}
	json_decref(before);
}

static void mutate_spot(const struct spot *s)
{
	json_t *value = spot_value(s);

	if (!s->key && json_object_get(value, "rule"))
		add_rules(s, json_object_get(value, "rule"));
	if (!json_is_null(value))
		try_spot(s, json_null());
	if (json_is_string(value))
		try_strings(s, arena_printf(s->arena, "%s",
					    json_string_value(value)));
	else if (json_is_integer(value))
		try_numbers(s, json_integer_value(value));
	else if (json_is_boolean(value))
		try_spot(s, json_boolean(!json_is_true(value)));
	else if (json_is_array(value))
		mutate_elements(s, value);
	else if (json_is_object(value))
		mutate_members(s, value);
}

void mutate_nft_json(struct mutation *m, const char *bytes, size_t len)
{
	json_t *root = json_loadb(bytes, len, 0, NULL);
	struct spot all = { m, m->arena, root, json_array(), root, "nftables",
			    0 };
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(root, "nftables"), i, item) {
		json_t *set = json_object_get(item, "set");
		const char *name = json_string_value(json_object_get(set, "name"));

		if (name)
			json_array_append_new(all.sets,
					      json_sprintf("@%s", name));
	}
	mutate_spot(&all);
	json_decref(all.sets);
	json_decref(root);
}

/* --- what Terraform shows --- */

/* Rules that somebody added, in front of the others of a list. */
static void mutate_list(const struct spot *s, json_t *values, const char *key)
{
	static const char *const added[] = {
		"{\"cidr_blocks\":[\"0.0.0.0/0\"],\"from_port\":22,\"to_port\":22,\"protocol\":\"tcp\"}",
		"{\"ipv6_cidr_blocks\":[\"::/0\"],\"from_port\":0,\"to_port\":0,\"protocol\":\"-1\"}",
		"{\"from_port\":0,\"to_port\":0,\"protocol\":\"-1\",\"self\":true}",
		"{\"security_groups\":[\"sg-changed\"],\"from_port\":8,\"to_port\":-1,\"protocol\":\"icmp\"}",
	};
	static const char *const lists[] = { "cidr_blocks", "ipv6_cidr_blocks",
					     "prefix_list_ids",
					     "security_groups" };
	json_t *list = json_object_get(values, key);

	for (size_t i = 0; i < COUNT(added); i++) {
		json_t *e = json_loads(added[i], 0, NULL);

		for (size_t k = 0; k < COUNT(lists); k++)
			if (!json_object_get(e, lists[k]))
				json_object_set_new(e, lists[k], json_array());
		if (!json_object_get(e, "self"))
			json_object_set_new(e, "self", json_false());
		json_object_set_new(e, "description", json_string(""));
		json_array_insert_new(list, 0, e);
		show_spot(s, added[i], json_object_get(values, "id"));
		json_array_remove(list, 0);
	}
}

void mutate_shown(struct mutation *m, const char *bytes, size_t len)
{
	json_t *root = json_loadb(bytes, len, 0, NULL), *resource;
	json_t *module = json_array_get(json_object_get(json_object_get(
		json_object_get(root, "values"), "root_module"),
		"child_modules"), 0);
	struct spot all = { m, m->arena, root, json_array(), module, "resources",
			    0 };
	size_t i;

	json_array_foreach(json_object_get(module, "resources"), i, resource) {
		json_t *values = json_object_get(resource, "values");

		if (!json_object_get(values, "ingress"))
			continue;
		json_array_append(all.sets, json_object_get(values, "id"));
		mutate_list(&all, values, "ingress");
		mutate_list(&all, values, "egress");
	}
	mutate_spot(&all);
	json_decref(all.sets);
	json_decref(root);
}
