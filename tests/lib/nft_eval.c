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
	ICMP_CODE, ICMP6_TYPE, ICMP6_CODE, STATE, IIF, OIF, IPSEC, FIELDS,
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
	[IPSEC]	     = { "meta", "ipsec" },
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
	{ "missing", 0 }, { "exists", 1 },
};

#define COUNT(a) (sizeof(a) / sizeof *(a))

enum action { REFUSES, ACCEPTS, JUMPS, TRANSLATES, GOES_ON };

struct element {
	struct range at[WIDTH];
	enum action action;		/* in a map */
	const char *target;
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
	bool is_map;
	enum action action;
	const char *target;		/* of a jump */
	struct range nat;
	struct test map;
};

struct chain {
	const char *name, *hook;	/* hook NULL: jumped to */
	bool accept;			/* its policy */
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

/* "accept", "drop", "jump x" at *W, which is moved behind it. */
static bool read_verdict(struct arena *arena, char ***w, enum action *action,
			 const char **target)
{
	*action = is(**w, "accept") ? ACCEPTS : is(**w, "drop") ? REFUSES
		: is(**w, "jump") ? JUMPS : GOES_ON;
	if (*action == GOES_ON)
		return false;
	++*w;
	if (*action != JUMPS)
		return true;
	if (!**w)
		return false;
	*target = arena_copy(arena, **w, strlen(**w));
	++*w;
	return true;
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
			    !read_verdict(arena, w, &e->action, &e->target)))
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

/* "ct state vmap { ... }", "ip saddr vmap @map" */
static bool read_map(struct arena *arena, char **w, struct rule *rule)
{
	rule->is_map = true;
	if (!read_field(&w, &rule->map.fields[0]) || !is(*w, "vmap"))
		return false;
	rule->map.width = 1;
	w++;
	if (is(*w, "{")) {
		w++;
		return read_braces(arena, &w, &rule->map.values, true) && !*w;
	}
	if (!*w || **w != '@')
		return false;
	rule->map.set = arena_copy(arena, *w + 1, strlen(*w) - 1);
	return !w[1];
}

static bool is_vmap(char **w)
{
	enum field field;

	return read_field(&w, &field) && is(*w, "vmap");
}

/* A verdict that ends a rule; what goes back to the sender is no matter. */
static bool read_end(struct arena *arena, char **w, struct rule *rule)
{
	rule->action = REFUSES;
	if (is(w[0], "reject") && is(w[1], "with"))
		return is(w[2], "tcp") ? is(w[3], "reset") && !w[4]
		     : is(w[2], "icmpx") && is(w[3], "admin-prohibited") &&
		       !w[4];
	if (is(w[0], "snat") && is(w[1], "ip") && is(w[2], "to") && w[3]) {
		rule->action = TRANSLATES;
		return read_value(w[3], &rule->nat) && !w[4];
	}
	return read_verdict(arena, &w, &rule->action, &rule->target) && !*w;
}

/* Moves *W behind what only counts or logs; a limit has to be for a log line. */
static bool skip_statements(char ***w)
{
	bool limit = is(**w, "limit");

	if (limit)
		*w += 6;	/* limit rate 10/second burst 20 packets */
	if (is(**w, "counter"))
		++*w;
	if (is((*w)[0], "log") && is((*w)[1], "prefix")) {
		while (**w)
			++*w;	/* a text may have blanks, and ends the rule */
		return true;
	}
	return !limit;
}

static bool read_rule(struct arena *arena, char **w, struct rule *rule)
{
	static const char *const ends[] = { "accept", "drop", "jump", "reject",
					    "snat" };

	rule->action = GOES_ON;
	for (;;) {
		char **before = w;

		if (!skip_statements(&w))
			return false;
		if (!*w)
			return w != before;
		for (size_t i = 0; i < COUNT(ends); i++)
			if (is(*w, ends[i]))
				return read_end(arena, w, rule);
		if (is_vmap(w))
			return read_map(arena, w, rule);
		if (!read_test(arena, &w, LIST_PUSH(arena, &rule->tests)))
			return false;
	}
}

/* "type filter hook input priority filter; policy drop;", or a rule behind. */
static bool read_hook(struct arena *arena, char **w, size_t n,
		      struct chain *chain)
{
	bool nat = is(w[1], "nat");
	enum action policy;
	const char *none;

	if (n < 7 || !is(w[0], "type") || (!nat && !is(w[1], "filter")) ||
	    !is(w[2], "hook") || !is(w[4], "priority") ||
	    !is(w[5], nat ? "srcnat" : "filter") || !is(w[6], ";") ||
	    nat != is(w[3], "postrouting"))
		return false;
	chain->hook = arena_copy(arena, w[3], strlen(w[3]));
	chain->accept = true;
	if (is(w[n - 1], ";"))
		w[n - 1] = NULL;
	w += 7;
	if (!is(*w, "policy"))
		return !*w || read_rule(arena, w,
					LIST_PUSH(arena, &chain->rules));
	w++;
	if (!read_verdict(arena, &w, &policy, &none) || policy == JUMPS)
		return false;
	chain->accept = policy == ACCEPTS;
	return !*w;
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
	struct element *element;
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
		if (is(w[0], "set") || is(w[0], "map")) {
			LIST_PUSH(arena, &e->sets)->name =
				arena_copy(arena, w[1], strlen(w[1]));
			*where = SET;
			return true;
		}
		LIST_PUSH(arena, &e->chains)->name =
			arena_copy(arena, w[1], strlen(w[1]));
		*where = CHAIN;
		return is(w[0], "chain");
	case SET:
		if (is(w[0], "elements") && is(w[1], "=") && is(w[2], "{"))
			*where = ELEMENTS;
		return *where == ELEMENTS || is(w[0], "type") ||
		       is(w[0], "flags") || is(w[0], "size") ||
		       is(w[0], "counter");
	case ELEMENTS:
		element = LIST_PUSH(arena, &set->all);
		if (!read_element(&w, element, &width))
			return false;
		if (is(*w, ":")) {
			w++;
			if (!read_verdict(arena, &w, &element->action,
					  &element->target))
				return false;
		}
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
		return strcmp(s->hook, field == IIF ? "input" : "output") == 0;
	case IPSEC:
		return *out = s->ipsec, true;
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

static const struct element *mapped(const struct nft_eval *eval,
				    const struct test *map,
				    const struct nft_sight *s)
{
	const struct elements *elements = elements_of(eval, map);
	u128 value;

	if (!value_of(map->fields[0], s, &value))
		return NULL;
	for (size_t i = 0; i < elements->all.count; i++)
		if (is_in(&elements->all.at[i], &value, 1))
			return &elements->all.at[i];
	return NULL;
}

static const struct chain *chain_named(const struct nft_eval *eval,
				       const char *name)
{
	for (size_t i = 0; i < eval->chains.count; i++)
		if (strcmp(eval->chains.at[i].name, name) == 0)
			return &eval->chains.at[i];
	return NULL;
}

/* What becomes of the packet in CHAIN; GOES_ON: none of its rules decides. */
static enum action decide(const struct nft_eval *eval,
			  const struct chain *chain, const struct nft_sight *s,
			  const struct rule **by, unsigned depth)
{
	for (size_t i = 0; chain && depth < 16 && i < chain->rules.count; i++) {
		const struct rule *rule = &chain->rules.at[i];
		enum action action = rule->action;
		const char *target = rule->target;
		bool all = true;

		for (size_t t = 0; t < rule->tests.count; t++)
			all = all && holds(eval, &rule->tests.at[t], s);
		if (!all)
			continue;
		*by = rule;
		if (rule->is_map) {
			const struct element *e = mapped(eval, &rule->map, s);

			action = e ? e->action : GOES_ON;
			target = e ? e->target : NULL;
		}
		if (action == JUMPS)
			action = decide(eval, chain_named(eval, target), s, by,
					depth + 1);
		if (action != GOES_ON)
			return action;
	}
	return GOES_ON;
}

bool nft_eval_accepts(const struct nft_eval *eval, const struct nft_sight *s)
{
	for (size_t i = 0; i < eval->chains.count; i++) {
		const struct chain *c = &eval->chains.at[i];
		const struct rule *by;
		enum action action;

		if (!c->hook || strcmp(c->hook, s->hook) != 0)
			continue;
		action = decide(eval, c, s, &by, 0);
		if (action == REFUSES || (action == GOES_ON && !c->accept))
			return false;
	}
	return true;
}

bool nft_eval_translates(const struct nft_eval *eval,
			 const struct nft_sight *s, struct range *to)
{
	for (size_t i = 0; i < eval->chains.count; i++) {
		const struct chain *c = &eval->chains.at[i];
		const struct rule *by = NULL;

		if (!c->hook || strcmp(c->hook, "postrouting") != 0 ||
		    s->packet.family != IPV4 ||
		    decide(eval, c, s, &by, 0) != TRANSLATES)
			continue;
		*to = by->nat;
		return true;
	}
	return false;
}
