/*
 * Line by line: every statement of the files in question has a line of its
 * own.  A rule is a row of tests and a verdict; a test asks whether the values
 * of some fields lie in one of some rows of ranges.
 */
#include "tests/lib/nft_eval.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 4, WORDS = 64 };

enum field {
	NFPROTO, L4PROTO, SADDR4, DADDR4, SADDR6, DADDR6, HOPLIMIT, TH_SPORT,
	TH_DPORT, TCP_SPORT, TCP_DPORT, UDP_SPORT, UDP_DPORT, ICMP_TYPE,
	ICMP_CODE, ICMP6_TYPE, ICMP6_CODE, STATE, IIF, OIF, FIELDS,
};

static const struct {
	const char *first, *second;	/* words; second NULL: one word */
} field_words[FIELDS] = {
	[NFPROTO]    = { "meta", "nfproto" },
	[L4PROTO]    = { "meta", "l4proto" },
	[SADDR4]     = { "ip", "saddr" },
	[DADDR4]     = { "ip", "daddr" },
	[SADDR6]     = { "ip6", "saddr" },
	[DADDR6]     = { "ip6", "daddr" },
	[HOPLIMIT]   = { "ip6", "hoplimit" },
	[TH_SPORT]   = { "th", "sport" },
	[TH_DPORT]   = { "th", "dport" },
	[TCP_SPORT]  = { "tcp", "sport" },
	[TCP_DPORT]  = { "tcp", "dport" },
	[UDP_SPORT]  = { "udp", "sport" },
	[UDP_DPORT]  = { "udp", "dport" },
	[ICMP_TYPE]  = { "icmp", "type" },
	[ICMP_CODE]  = { "icmp", "code" },
	[ICMP6_TYPE] = { "icmpv6", "type" },
	[ICMP6_CODE] = { "icmpv6", "code" },
	[STATE]	     = { "ct", "state" },
	[IIF]	     = { "iif", NULL },
	[OIF]	     = { "oif", NULL },
};

/* Words that stand for numbers; those of states are only ours. */
static const struct {
	const char *word;
	unsigned number;
} numbers[] = {
	{ "icmp", 1 }, { "tcp", 6 }, { "udp", 17 }, { "ipv6-icmp", 58 },
	{ "icmpv6", 58 },
	{ "ipv4", 4 }, { "ipv6", 6 }, { "\"lo\"", 1 },
	{ "new", 100 }, { "established", 101 }, { "related", 102 },
	{ "invalid", 103 }, { "untracked", 104 },
};

#define COUNT(a) (sizeof(a) / sizeof *(a))

struct element {
	struct range at[WIDTH];
	bool accept;			/* in a map */
};

struct elements {
	const char *name;
	LIST(struct element) all;
};

struct test {
	enum field fields[WIDTH];
	unsigned width;
	bool other;			/* != */
	const char *set;		/* "@name", else VALUES */
	struct elements values;
};

struct rule {
	LIST(struct test) tests;
	bool is_map, accept;
	struct elements map;
};

struct chain {
	bool input, output, accept;	/* its hook, its policy */
	LIST(struct rule) rules;
};

struct nft_eval {
	LIST(struct elements) sets;
	LIST(struct chain) chains;
};

/* --- values --- */

static bool read_address(const char *text, u128 *out, unsigned *bits)
{
	unsigned char bytes[16];

	*bits = strchr(text, ':') ? 128 : 32;
	if (inet_pton(*bits == 32 ? AF_INET : AF_INET6, text, bytes) != 1)
		return false;
	*out = 0;
	for (unsigned i = 0; i < *bits / 8; i++)
		*out = *out << 8 | bytes[i];
	return true;
}

static bool read_number(const char *text, u128 *out)
{
	char *end;

	for (size_t i = 0; i < COUNT(numbers); i++)
		if (strcmp(numbers[i].word, text) == 0) {
			*out = numbers[i].number;
			return true;
		}
	if (*text < '0' || *text > '9')
		return false;
	*out = strtoul(text, &end, 10);
	return !*end;
}

static bool read_point(const char *text, u128 *out)
{
	unsigned bits;

	return read_number(text, out) || read_address(text, out, &bits);
}

static bool read_prefix(char *text, char *slash, struct range *out)
{
	unsigned bits, length = (unsigned)atoi(slash + 1);
	u128 free_bits;

	*slash = '\0';
	if (!read_address(text, &out->lo, &bits) || length > bits)
		return false;
	free_bits = bits == length ? 0 : bits - length == 128 ? U128_MAX
		  : ((u128)1 << (bits - length)) - 1;
	out->lo &= ~free_bits;
	out->hi = out->lo | free_bits;
	return true;
}

static bool read_value(const char *word, struct range *out)
{
	char text[128], *mark;

	if (strlen(word) >= sizeof text)
		return false;
	strcpy(text, word);
	if (read_point(text, &out->lo)) {
		out->hi = out->lo;
		return true;
	}
	mark = strchr(text, '/');
	if (mark)
		return read_prefix(text, mark, out);
	mark = strchr(text, '-');
	if (!mark)
		return false;
	*mark = '\0';
	return read_point(text, &out->lo) && read_point(mark + 1, &out->hi) &&
	       out->lo <= out->hi;
}

/* --- lines --- */

/* The words of a line; `,`, `{`, `}` and `;` are words; comments are left out. */
static size_t words_of(char *line, char *words[WORDS])
{
	size_t n = 0;
	char *comment = strstr(line, " comment \""), *rest = NULL;
	bool comma;

	memset(words, 0, WORDS * sizeof *words);
	if (comment) {
		char *end = strchr(comment + 10, '"');

		if (!end)
			return 0;
		memset(comment, ' ', (size_t)(end - comment) + 1);
	}
	for (char *w = strtok_r(line, " \t", &rest); w && n + 2 < WORDS;
	     w = strtok_r(NULL, " \t", &rest)) {
		size_t len = strlen(w);

		comma = len > 1 && (w[len - 1] == ',' || w[len - 1] == ';');
		words[n++] = w;
		if (comma) {
			words[n++] = w[len - 1] == ',' ? "," : ";";
			w[len - 1] = '\0';
		}
	}
	return n;
}

static bool is(const char *word, const char *as)
{
	return word && strcmp(word, as) == 0;
}

/* "a . b . c" at *W, which is moved behind it. */
static bool read_element(char ***w, struct element *e, unsigned *width)
{
	for (*width = 0; *width < WIDTH;) {
		if (!**w || !read_value(*(*w)++, &e->at[(*width)++]))
			return false;
		if (!is(**w, "."))
			return true;
		++*w;
	}
	return false;
}

static bool read_verdict(const char *word, bool *accept)
{
	*accept = is(word, "accept");
	return *accept || is(word, "drop");
}

/* "a, b }" or, of a map, "a : accept, b : drop }". */
static bool read_braces(struct arena *arena, char ***w, struct elements *out,
			bool map)
{
	unsigned width;

	for (;;) {
		struct element *e = LIST_PUSH(arena, &out->all);

		if (!read_element(w, e, &width) || width != 1)
			return false;
		if (map && (!is(*(*w)++, ":") ||
			    !read_verdict(*(*w)++, &e->accept)))
			return false;
		if (is(**w, "}")) {
			++*w;
			return true;
		}
		if (!is(*(*w)++, ","))
			return false;
	}
}

static bool read_field(char ***w, enum field *out)
{
	for (int f = 0; f < FIELDS; f++) {
		if (!is((*w)[0], field_words[f].first) ||
		    (field_words[f].second &&
		     !is((*w)[1], field_words[f].second)))
			continue;
		*w += field_words[f].second ? 2 : 1;
		*out = f;
		return true;
	}
	return false;
}

static bool read_test(struct arena *arena, char ***w, struct test *t)
{
	do {
		*w += t->width > 0;	/* the dot */
		if (t->width == WIDTH || !read_field(w, &t->fields[t->width++]))
			return false;
	} while (is(**w, "."));
	if (is(**w, "!=")) {
		t->other = true;
		++*w;
	}
	if (!**w)
		return false;
	if (***w == '@') {
		t->set = arena_copy(arena, **w + 1, strlen(**w) - 1);
		++*w;
		return true;
	}
	if (is(**w, "{")) {
		++*w;
		return t->width == 1 &&
		       read_braces(arena, w, &t->values, false);
	}
	return t->width == 1 &&
	       read_value(*(*w)++, &LIST_PUSH(arena, &t->values.all)->at[0]);
}

static bool read_rule(struct arena *arena, char **w, struct rule *rule)
{
	for (;;) {
		if (read_verdict(*w, &rule->accept))
			return !w[1];
		if (is(w[0], "ct") && is(w[1], "state") && is(w[2], "vmap") &&
		    is(w[3], "{")) {
			w += 4;
			rule->is_map = true;
			return read_braces(arena, &w, &rule->map, true) && !*w;
		}
		if (!*w || !read_test(arena, &w, LIST_PUSH(arena, &rule->tests)))
			return false;
	}
}

/* "type filter hook input priority filter; policy drop;", or a rule behind. */
static bool read_hook(struct arena *arena, char **w, size_t n,
		      struct chain *chain)
{
	if (n < 7 || !is(w[0], "type") || !is(w[1], "filter") ||
	    !is(w[2], "hook") || !is(w[4], "priority") ||
	    !is(w[5], "filter") || !is(w[6], ";"))
		return false;
	chain->input = is(w[3], "input");
	chain->output = is(w[3], "output");
	chain->accept = true;
	if (is(w[n - 1], ";"))
		w[n - 1] = NULL;
	if (is(w[7], "policy"))
		return read_verdict(w[8], &chain->accept) && !w[9];
	return !w[7] || read_rule(arena, w + 7, LIST_PUSH(arena, &chain->rules));
}

/* --- files --- */

enum where { OUTSIDE, TABLE, SET, ELEMENTS, CHAIN };

static bool read_line(struct arena *arena, struct nft_eval *e,
		      enum where *where, char **w, size_t n)
{
	struct elements *set = e->sets.count ? &e->sets.at[e->sets.count - 1]
					     : NULL;
	struct chain *chain = e->chains.count
			      ? &e->chains.at[e->chains.count - 1] : NULL;
	unsigned width;

	if (n == 0)
		return true;
	if (n == 1 && is(w[0], "}")) {
		static const enum where outer[] = { OUTSIDE, OUTSIDE, TABLE,
						    SET, TABLE };

		if (*where == OUTSIDE)
			return false;
		*where = outer[*where];
		return true;
	}
	switch (*where) {
	case OUTSIDE:
		if (is(w[0], "delete"))
			return n == 4;
		*where = is(w[3], "{") ? TABLE : OUTSIDE;
		return is(w[0], "table") && is(w[1], "inet") && n <= 4;
	case TABLE:
		if (n != 3 || !is(w[2], "{"))
			return false;
		if (is(w[0], "set")) {
			LIST_PUSH(arena, &e->sets)->name =
				arena_copy(arena, w[1], strlen(w[1]));
			*where = SET;
			return true;
		}
		(void)LIST_PUSH(arena, &e->chains);
		*where = CHAIN;
		return is(w[0], "chain");
	case SET:
		if (is(w[0], "elements") && is(w[1], "=") && is(w[2], "{"))
			*where = ELEMENTS;
		return *where == ELEMENTS || is(w[0], "type") ||
		       is(w[0], "flags");
	case ELEMENTS:
		if (!read_element(&w, LIST_PUSH(arena, &set->all), &width))
			return false;
		return !*w || (is(*w, ",") && !w[1]);
	case CHAIN:
		if (is(w[0], "type"))
			return read_hook(arena, w, n, chain);
		return read_rule(arena, w, LIST_PUSH(arena, &chain->rules));
	}
	return false;
}

const struct nft_eval *nft_eval_read(struct arena *arena, const char *text)
{
	struct nft_eval *e = arena_alloc(arena, sizeof *e);
	enum where where = OUTSIDE;

	while (*text) {
		size_t len = strcspn(text, "\n");
		char *line = arena_copy(arena, text, len), *words[WORDS];

		text += len;
		text += *text == '\n';
		if (line[0] == '#' || strncmp(line, "\tcomment \"", 10) == 0)
			continue;
		if (!read_line(arena, e, &where, words, words_of(line, words)))
			return NULL;
	}
	return where == OUTSIDE ? e : NULL;
}

/* --- packets --- */

/* The value of FIELD in *OUT; false when the packet has no such field. */
static bool value_of(enum field field, const struct nft_sight *s, u128 *out)
{
	unsigned protocol = s->packet.svc >> 16, value = s->packet.svc & 0xffff;
	bool v4 = s->packet.family == IPV4;
	bool tcp = protocol == 6, udp = protocol == 17;

	switch (field) {
	case NFPROTO:
		return *out = v4 ? 4 : 6, true;
	case L4PROTO:
		return *out = protocol, true;
	case SADDR4: case SADDR6:
		return *out = s->packet.src, v4 == (field == SADDR4);
	case DADDR4: case DADDR6:
		return *out = s->packet.dst, v4 == (field == DADDR4);
	case HOPLIMIT:
		return *out = s->hop_limit, !v4;
	case TH_SPORT:
		return *out = s->source_port, tcp || udp;
	case TCP_SPORT:
		return *out = s->source_port, tcp;
	case UDP_SPORT:
		return *out = s->source_port, udp;
	case TH_DPORT:
		return *out = value, tcp || udp;
	case TCP_DPORT:
		return *out = value, tcp;
	case UDP_DPORT:
		return *out = value, udp;
	case ICMP_TYPE: case ICMP_CODE:
		*out = field == ICMP_TYPE ? value >> 8 : value & 0xff;
		return v4 && protocol == 1;
	case ICMP6_TYPE: case ICMP6_CODE:
		*out = field == ICMP6_TYPE ? value >> 8 : value & 0xff;
		return !v4 && protocol == 58;
	case STATE:
		return read_number(s->state, out);
	case IIF: case OIF:
		*out = s->loopback ? 1 : 2;
		return s->input == (field == IIF);
	case FIELDS:
		break;
	}
	return false;
}

static bool is_in(const struct element *e, const u128 *values, unsigned width)
{
	for (unsigned i = 0; i < width; i++)
		if (values[i] < e->at[i].lo || values[i] > e->at[i].hi)
			return false;
	return true;
}

static const struct elements *elements_of(const struct nft_eval *eval,
					  const struct test *t)
{
	for (size_t i = 0; t->set && i < eval->sets.count; i++)
		if (strcmp(eval->sets.at[i].name, t->set) == 0)
			return &eval->sets.at[i];
	return &t->values;
}

static bool holds(const struct nft_eval *eval, const struct test *t,
		  const struct nft_sight *s)
{
	const struct elements *elements = elements_of(eval, t);
	u128 values[WIDTH];

	for (unsigned i = 0; i < t->width; i++)
		if (!value_of(t->fields[i], s, &values[i]))
			return false;
	for (size_t i = 0; i < elements->all.count; i++)
		if (is_in(&elements->all.at[i], values, t->width))
			return !t->other;
	return t->other;
}

/* Does RULE decide?  Then *ACCEPT. */
static bool decides(const struct nft_eval *eval, const struct rule *rule,
		    const struct nft_sight *s, bool *accept)
{
	u128 state;

	for (size_t i = 0; i < rule->tests.count; i++)
		if (!holds(eval, &rule->tests.at[i], s))
			return false;
	*accept = rule->accept;
	if (!rule->is_map)
		return true;
	value_of(STATE, s, &state);
	for (size_t i = 0; i < rule->map.all.count; i++) {
		*accept = rule->map.all.at[i].accept;
		if (is_in(&rule->map.all.at[i], &state, 1))
			return true;
	}
	return false;
}

static bool passes(const struct nft_eval *eval, const struct chain *chain,
		   const struct nft_sight *s)
{
	bool accept;

	for (size_t i = 0; i < chain->rules.count; i++)
		if (decides(eval, &chain->rules.at[i], s, &accept))
			return accept;
	return chain->accept;
}

bool nft_eval_accepts(const struct nft_eval *eval, const struct nft_sight *s)
{
	for (size_t i = 0; i < eval->chains.count; i++) {
		const struct chain *c = &eval->chains.at[i];

		if ((s->input ? c->input : c->output) && !passes(eval, c, s))
			return false;
	}
	return true;
}
