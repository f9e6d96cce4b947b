/* Object by object, in the words of nft(8). */
#include "tests/lib/nft_json.h"

#include "compiler/base/text.h"

#include <jansson.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* `nft describe icmp type`, `nft describe icmpv6 type`, nft 1.0.6 */
static const struct {
	const char *of, *word;
	int number;
} words[] = {
	{ "icmp", "echo-reply", 0 }, { "icmp", "destination-unreachable", 3 },
	{ "icmp", "source-quench", 4 }, { "icmp", "redirect", 5 },
	{ "icmp", "echo-request", 8 }, { "icmp", "router-advertisement", 9 },
	{ "icmp", "router-solicitation", 10 }, { "icmp", "time-exceeded", 11 },
	{ "icmp", "parameter-problem", 12 }, { "icmp", "timestamp-request", 13 },
	{ "icmp", "timestamp-reply", 14 }, { "icmp", "info-request", 15 },
	{ "icmp", "info-reply", 16 }, { "icmp", "address-mask-request", 17 },
	{ "icmp", "address-mask-reply", 18 },
	{ "icmpv6", "destination-unreachable", 1 },
	{ "icmpv6", "packet-too-big", 2 }, { "icmpv6", "time-exceeded", 3 },
	{ "icmpv6", "parameter-problem", 4 }, { "icmpv6", "echo-request", 128 },
	{ "icmpv6", "echo-reply", 129 }, { "icmpv6", "mld-listener-query", 130 },
	{ "icmpv6", "mld-listener-report", 131 },
	{ "icmpv6", "mld-listener-done", 132 },
	{ "icmpv6", "mld-listener-reduction", 132 },
	{ "icmpv6", "nd-router-solicit", 133 },
	{ "icmpv6", "nd-router-advert", 134 },
	{ "icmpv6", "nd-neighbor-solicit", 135 },
	{ "icmpv6", "nd-neighbor-advert", 136 }, { "icmpv6", "nd-redirect", 137 },
	{ "icmpv6", "router-renumbering", 138 },
	{ "icmpv6", "ind-neighbor-solicit", 141 },
	{ "icmpv6", "ind-neighbor-advert", 142 },
	{ "icmpv6", "mld2-listener-report", 143 },
};

struct printer {
	struct text text;
	bool strange;		/* there is something that is not known */
};

static const char *only_key(const json_t *object)
{
	return json_object_size(object) == 1
	       ? json_object_iter_key(json_object_iter((json_t *)object)) : "";
}

static const json_t *only(const json_t *object)
{
	return json_object_get(object, only_key(object));
}

/* --- values: OF says what they are of: "icmp", "icmpv6", "ct", or anything --- */

static void put_point(struct printer *p, const json_t *v, const char *of)
{
	static const char *const states[] = { [1] = "invalid",
		[2] = "established", [4] = "related", [8] = "new",
		[64] = "untracked" };
	json_int_t n = json_integer_value(v);

	for (size_t i = 0; json_is_string(v) && i < COUNT(words); i++)
		if (strcmp(words[i].of, of) == 0 &&
		    strcmp(words[i].word, json_string_value(v)) == 0) {
			text_printf(&p->text, "%d", words[i].number);
			return;
		}
	if (json_is_integer(v) && strcmp(of, "ct") == 0)
		text_puts(&p->text, n > 0 && n < 65 && states[n] ? states[n] : "?");
	else if (json_is_integer(v) && strcmp(of, "nfproto") == 0)
		text_puts(&p->text, n == 2 ? "ipv4" : n == 10 ? "ipv6" : "?");
	else if (json_is_integer(v))
		text_printf(&p->text, "%lld", (long long)n);
	else if (json_is_boolean(v))
		text_puts(&p->text, json_is_true(v) ? "exists" : "missing");
	else if (json_is_string(v) && strcmp(json_string_value(v), "lo") == 0)
		text_puts(&p->text, "\"lo\"");
	else if (json_is_string(v))
		text_puts(&p->text, json_string_value(v));
	else
		p->strange = true;
}

static void put_value(struct printer *p, const json_t *v, const char *of)
{
	const json_t *in = only(v);

	if (!json_is_object(v)) {
		put_point(p, v, of);
	} else if (strcmp(only_key(v), "range") == 0) {
		put_point(p, json_array_get(in, 0), of);
		text_puts(&p->text, "-");
		put_point(p, json_array_get(in, 1), of);
	} else if (strcmp(only_key(v), "prefix") == 0) {
		put_point(p, json_object_get(in, "addr"), of);
		text_puts(&p->text, "/");
		put_point(p, json_object_get(in, "len"), of);
	} else {
		p->strange = true;
	}
}

/* The OF of field I of KIND: a type's name or a list of them. */
static const char *of_type(const json_t *type, size_t i)
{
	const char *name = json_string_value(json_is_array(type)
					     ? json_array_get(type, i) : type);

	return !name ? "" : strncmp(name, "icmpv6", 6) == 0 ? "icmpv6"
	       : strncmp(name, "icmp", 4) == 0 ? "icmp" : "";
}

static void put_key(struct printer *p, const json_t *key, const json_t *type,
		    const char *of)
{
	const json_t *fields = json_object_get(key, "concat");

	if (!fields) {
		put_value(p, key, type ? of_type(type, 0) : of);
		return;
	}
	for (size_t i = 0; i < json_array_size(fields); i++) {
		text_puts(&p->text, i ? " . " : "");
		put_value(p, json_array_get(fields, i), of_type(type, i));
	}
}

/* --- verdicts --- */

static void put_verdict(struct printer *p, const json_t *v)
{
	const char *word = only_key(v);

	text_puts(&p->text, word);
	if (strcmp(word, "jump") == 0)
		text_printf(&p->text, " %s", json_string_value(
				    json_object_get(only(v), "target")));
	else if (strcmp(word, "accept") != 0 && strcmp(word, "drop") != 0)
		p->strange = true;
}

/* A key, or of a map [ key, verdict ]; either may be in an "elem". */
static void put_element(struct printer *p, const json_t *e, const json_t *type,
			const char *of)
{
	const json_t *key = json_is_array(e) ? json_array_get(e, 0) : e;
	const json_t *inner = json_object_get(key, "elem");

	put_key(p, inner ? json_object_get(inner, "val") : key, type, of);
	if (!json_is_array(e))
		return;
	text_puts(&p->text, " : ");
	put_verdict(p, json_array_get(e, 1));
}

/* --- rules --- */

static const char *put_field(struct printer *p, const json_t *field)
{
	const char *kind = only_key(field);
	const json_t *in = only(field);
	const char *key = json_string_value(json_object_get(in, "key"));
	const char *protocol = json_string_value(json_object_get(in, "protocol"));

	if (protocol) {
		text_printf(&p->text, "%s %s", protocol, json_string_value(
				    json_object_get(in, "field")));
		return protocol;
	}
	if (!key) {
		p->strange = true;
		return "";
	}
	if (strncmp(key, "iif", 3) == 0 || strncmp(key, "oif", 3) == 0)
		text_printf(&p->text, "%.3s", key);
	else if (strcmp(key, "secpath") == 0)
		text_puts(&p->text, "meta ipsec");
	else
		text_printf(&p->text, "%s %s", kind, key);
	return strcmp(key, "nfproto") == 0 ? key : kind;
}

static const char *put_fields(struct printer *p, const json_t *left)
{
	const json_t *fields = json_object_get(left, "concat");
	const char *of = "";

	if (!fields)
		return put_field(p, left);
	for (size_t i = 0; i < json_array_size(fields); i++) {
		text_puts(&p->text, i ? " . " : "");
		of = put_field(p, json_array_get(fields, i));
	}
	return of;
}

static void put_braces(struct printer *p, const json_t *list, const char *of)
{
	size_t i;
	json_t *e;

	text_puts(&p->text, " {");
	json_array_foreach(list, i, e) {
		text_puts(&p->text, i ? ", " : " ");
		put_element(p, e, NULL, of);
	}
	text_puts(&p->text, " }");
}

static void put_match(struct printer *p, const json_t *m)
{
	const json_t *right = json_object_get(m, "right");
	const json_t *set = json_object_get(right, "set");
	const char *op = json_string_value(json_object_get(m, "op"));
	const char *of = put_fields(p, json_object_get(m, "left"));

	if (op && strcmp(op, "!=") == 0)
		text_puts(&p->text, " !=");
	if (set || json_is_array(right)) {
		put_braces(p, set ? set : right, of);
		return;
	}
	text_puts(&p->text, " ");
	put_value(p, right, of);
}

static void put_map(struct printer *p, const json_t *map)
{
	const json_t *data = json_object_get(map, "data");
	const char *of = put_fields(p, json_object_get(map, "key"));

	text_puts(&p->text, " vmap");
	if (json_is_string(data))
		text_printf(&p->text, " %s", json_string_value(data));
	else
		put_braces(p, json_object_get(data, "set"), of);
}

static void put_statement(struct printer *p, const json_t *s)
{
	const char *word = only_key(s);
	const json_t *in = only(s);

	text_puts(&p->text, " ");
	if (strcmp(word, "match") == 0) {
		put_match(p, in);
	} else if (strcmp(word, "vmap") == 0) {
		put_map(p, in);
	} else if (strcmp(word, "counter") == 0) {
		text_puts(&p->text, "counter");
	} else if (strcmp(word, "limit") == 0) {
		text_puts(&p->text, "limit rate 1/second burst 1 packets");
	} else if (strcmp(word, "log") == 0) {
		text_puts(&p->text, "log prefix \"\"");
	} else if (strcmp(word, "reject") == 0) {
		text_puts(&p->text, json_object_get(in, "expr")
			  ? "reject with icmpx admin-prohibited"
			  : "meta l4proto tcp reject with tcp reset");
	} else if (strcmp(word, "snat") == 0) {
		text_puts(&p->text, "snat ip to ");
		put_value(p, json_object_get(in, "addr"), "");
	} else {
		put_verdict(p, s);
	}
}

/* --- sets and chains --- */

static void put_set(struct printer *p, const char *kind, const json_t *set)
{
	const json_t *type = json_object_get(set, "type");
	size_t i;
	json_t *e;

	text_printf(&p->text, "\t%s %s {\n\t\ttype x\n\t\telements = {\n", kind,
		    json_string_value(json_object_get(set, "name")));
	json_array_foreach(json_object_get(set, "elem"), i, e) {
		text_puts(&p->text, "\t\t\t");
		put_element(p, e, type, "");
		text_puts(&p->text, ",\n");
	}
	text_puts(&p->text, "\t\t}\n\t}\n");
}

static bool is_in(const json_t *object, const char *table)
{
	const char *family = json_string_value(json_object_get(object, "family"));
	const char *name = json_string_value(json_object_get(object, "table"));

	return family && name && strcmp(family, "inet") == 0 &&
	       strcmp(name, table) == 0;
}

static void put_chain(struct printer *p, const json_t *list, const json_t *chain,
		      const char *table)
{
	const char *name = json_string_value(json_object_get(chain, "name"));
	const char *hook = json_string_value(json_object_get(chain, "hook"));
	const char *type = json_string_value(json_object_get(chain, "type"));
	size_t i, k;
	json_t *item, *s;

	text_printf(&p->text, "\tchain %s {\n", name);
	if (hook)
		text_printf(&p->text, "\t\ttype %s hook %s priority %s; policy %s;\n",
			    type, hook, strcmp(type, "nat") == 0 ? "srcnat"
								: "filter",
			    json_string_value(json_object_get(chain, "policy")));
	json_array_foreach(list, i, item) {
		const json_t *rule = json_object_get(item, "rule");
		const char *of = json_string_value(json_object_get(rule, "chain"));

		if (!rule || !is_in(rule, table) || !of || strcmp(of, name) != 0)
			continue;
		text_puts(&p->text, "\t\t");
		json_array_foreach(json_object_get(rule, "expr"), k, s)
			put_statement(p, s);
		text_puts(&p->text, "\n");
	}
	text_puts(&p->text, "\t}\n");
}

const char *nft_json_text(struct arena *arena, const char *bytes, size_t len,
			  const char *table)
{
	struct printer p = { .text = TEXT_IN(arena) };
	json_t *root = json_loadb(bytes, len, 0, NULL), *item;
	const json_t *list = json_object_get(root, "nftables");
	size_t i;

	text_printf(&p.text, "table inet %s {\n", table);
	json_array_foreach(list, i, item) {
		const char *kind = only_key(item);
		const json_t *object = only(item);

		if (!is_in(object, table))
			continue;
		if (strcmp(kind, "set") == 0 || strcmp(kind, "map") == 0)
			put_set(&p, kind, object);
		else if (strcmp(kind, "chain") == 0)
			put_chain(&p, list, object, table);
		else if (strcmp(kind, "rule") != 0)
			p.strange = true;
	}
	text_puts(&p.text, "}\n");
	json_decref(root);
	return p.strange ? NULL : text_string(&p.text);
}
