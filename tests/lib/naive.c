/* LANGUAGE.md, sections 3 and 4, sentence by sentence. */
#include "tests/lib/naive.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TCP = 6, UDP = 17, ICMP = 1, ICMP6 = 58 };

/* Who looks: one environment of one customer. */
struct view {
	const struct ast *ast;
	const char *customer;
	const struct ast_node *environment;
};

struct address {
	int version;			/* 4 or 6 */
	unsigned char bytes[16];
	/* no address, but the prefix list of the network that comes RANKth by name */
	bool listed;
	size_t rank;
};

/* --- addresses --- */

static struct address address_of(enum family family, u128 number)
{
	struct address a = { .version = family == IPV4 ? 4 : 6 };
	int size = a.version == 4 ? 4 : 16;

	if (a.version == 4 && number >> 33) {
		a.listed = true;
		a.rank = (size_t)(number - ((u128)1 << 33)) / 2;
	}
	for (int i = size; i--; number >>= 8)
		a.bytes[i] = (unsigned char)number;
	return a;
}

/* Are the first LENGTH bits of A and of BLOCK the same? */
static bool starts_like(const struct address *a, const unsigned char *block,
			int length)
{
	for (int bit = 0; bit < length; bit++) {
		int mask = 0x80 >> bit % 8;

		if ((a->bytes[bit / 8] & mask) != (block[bit / 8] & mask))
			return false;
	}
	return true;
}

/* "10.0.0.0/8", "2001:db8::1": is A in it? */
static bool in_prefix(const struct address *a, const char *text)
{
	unsigned char block[16];
	char base[64];
	int length = a->version == 4 ? 32 : 128;

	if (a->listed || !strchr(text, ':') != (a->version == 4))
		return false;
	if (sscanf(text, "%63[^/]/%d", base, &length) < 1 ||
	    inet_pton(a->version == 4 ? AF_INET : AF_INET6, base, block) != 1)
		abort();
	return starts_like(a, block, length);
}

/* A list of addresses: one word, or words with commas. */
static bool in_list(const struct address *a, const struct ast_expr *list)
{
	if (!list)
		return false;
	if (list->kind == EXPR_WORD)
		return in_prefix(a, list->word);
	for (size_t i = 0; i < list->items.count; i++)
		if (in_list(a, list->items.at[i]))
			return true;
	return false;
}

/* --- the public internet --- */

/*
 * From the IANA special-purpose address registries and the multicast spaces;
 * among rows that hold an address the longest decides.
 */
static const struct special {
	int version, length;
	unsigned char block[16];
	bool public;
} specials[] = {
	{ 4, 0,   { 0 }, true },
	{ 4, 8,   { 0 }, false },
	{ 4, 8,   { 10 }, false },
	{ 4, 10,  { 100, 64 }, false },
	{ 4, 8,   { 127 }, false },
	{ 4, 16,  { 169, 254 }, false },
	{ 4, 12,  { 172, 16 }, false },
	{ 4, 24,  { 192, 0, 0 }, false },
	{ 4, 32,  { 192, 0, 0, 9 }, true },
	{ 4, 32,  { 192, 0, 0, 10 }, true },
	{ 4, 24,  { 192, 0, 2 }, false },
	{ 4, 16,  { 192, 168 }, false },
	{ 4, 15,  { 198, 18 }, false },
	{ 4, 24,  { 198, 51, 100 }, false },
	{ 4, 24,  { 203, 0, 113 }, false },
	{ 4, 4,   { 224 }, false },
	{ 4, 4,   { 240 }, false },
	{ 6, 0,   { 0 }, false },
	{ 6, 3,   { 0x20 }, true },
	{ 6, 23,  { 0x20, 0x01 }, false },
	{ 6, 128, { 0x20, 0x01, 0, 1, [15] = 1 }, true },
	{ 6, 128, { 0x20, 0x01, 0, 1, [15] = 2 }, true },
	{ 6, 128, { 0x20, 0x01, 0, 1, [15] = 3 }, true },
	{ 6, 32,  { 0x20, 0x01, 0, 3 }, true },
	{ 6, 48,  { 0x20, 0x01, 0, 4, 0x01, 0x12 }, true },
	{ 6, 28,  { 0x20, 0x01, 0, 0x20 }, true },
	{ 6, 28,  { 0x20, 0x01, 0, 0x30 }, true },
	{ 6, 32,  { 0x20, 0x01, 0x0d, 0xb8 }, false },
	{ 6, 20,  { 0x3f, 0xff }, false },
	{ 6, 16,  { 0x20, 0x02 }, false },
};

static bool is_public(const struct address *a)
{
	const struct special *best = NULL;

	for (size_t i = 0; i < sizeof specials / sizeof *specials; i++) {
		const struct special *s = &specials[i];

		if (s->version == a->version &&
		    starts_like(a, s->block, s->length) &&
		    (!best || s->length > best->length))
			best = s;
	}
	return best->public && !a->listed;
}

/* --- names --- */

/* Of the statements in files: the one of KIND that declares NAME. */
static const struct ast_node *declared(const struct ast *ast,
				       enum ast_kind kind, const char *name)
{
	for (size_t f = 0; f < ast->files.count; f++)
		for (const struct ast_node *n = ast->files.at[f]->nodes; n;
		     n = n->next)
			if (n->kind == kind && strcmp(n->name.text, name) == 0)
				return n;
	return NULL;
}

/* In a block: the statement of KIND about NAME (NULL: whatever name). */
static const struct ast_node *inside(const struct ast_node *block,
				     enum ast_kind kind, const char *name)
{
	for (const struct ast_node *n = block->block; n; n = n->next)
		if (n->kind == kind &&
		    (!name || strcmp(n->name.text, name) == 0))
			return n;
	return NULL;
}

static struct view view_of(const struct ast *ast, const char *customer,
			   const char *environment)
{
	const struct ast_node *c;

	if (!*customer)
		return (struct view){ ast, customer,
				      declared(ast, AST_ENVIRONMENT,
					       environment) };
	c = declared(ast, AST_CUSTOMER, customer);
	return (struct view){ ast, customer,
			      c ? inside(c, AST_ENVIRONMENT, environment)
				: NULL };
}

/* --- other environments --- */

/* The customers with a block, and "" before them; *COUNT of them. */
static const char **customers(const struct ast *ast, size_t *count)
{
	static const char *names[1000];

	names[0] = "";
	*count = 1;
	for (size_t f = 0; f < ast->files.count; f++)
		for (const struct ast_node *n = ast->files.at[f]->nodes; n;
		     n = n->next)
			if (n->kind == AST_CUSTOMER && *count < 1000)
				names[(*count)++] = n->name.text;
	return names;
}

/*
 * "prod" or "andino.prod", the LEN first bytes of NAME, as CUSTOMER means it;
 * without an environment when there is none.
 */
static struct view place_named(const struct ast *ast, const char *customer,
			       const char *name, size_t len)
{
	char first[200], second[200];

	if (len >= sizeof first)
		abort();
	switch (sscanf(name, "%199[^.].%199[^.]", first, second)) {
	case 2:
		if (len > strlen(first)) {
			second[len - strlen(first) - 1] = '\0';
			return view_of(ast, first, second);
		}
		first[len] = '\0';
		return view_of(ast, customer, first);
	case 1:
		return view_of(ast, customer, first);
	}
	abort();
}

static bool says_peer(const struct view *a, const struct view *b)
{
	for (const struct ast_node *n = a->environment->block; n; n = n->next) {
		struct view named;

		if (n->kind != AST_PEER)
			continue;
		named = place_named(a->ast, a->customer, n->name.text,
				    strlen(n->name.text));
		if (named.environment == b->environment)
			return true;
	}
	return false;
}

static bool are_peers(const struct view *a, const struct view *b)
{
	return says_peer(a, b) || says_peer(b, a);
}

/* Is A in the VPC of a peer of V? */
static bool in_peer(const struct view *v, const struct address *a)
{
	size_t count;
	const char **names = customers(v->ast, &count);

	for (size_t i = 0; i < count; i++) {
		const struct ast_node *c = *names[i]
			? declared(v->ast, AST_CUSTOMER, names[i]) : NULL;

		for (size_t f = 0; f < (c ? 1 : v->ast->files.count); f++)
			for (const struct ast_node *n = c ? c->block
				     : v->ast->files.at[f]->nodes; n; n = n->next) {
				struct view other = { v->ast, names[i], n };
				const struct ast_node *vpc;

				if (n->kind != AST_ENVIRONMENT ||
				    !are_peers(v, &other))
					continue;
				vpc = inside(n, AST_VPC, NULL);
				if (vpc && in_list(a, vpc->list))
					return true;
			}
	}
	return false;
}

static bool in_layer(const struct view *v, const struct address *a,
		     const char *name)
{
	const struct ast_node *here = inside(v->environment, AST_LAYER, name);

	return here && in_list(a, here->list);
}

static size_t rank_of(const struct view *v, const struct ast_node *network)
{
	size_t rank = 0;

	for (size_t f = 0; f < v->ast->files.count; f++)
		for (const struct ast_node *n = v->ast->files.at[f]->nodes; n;
		     n = n->next)
			rank += n->kind == AST_NETWORK &&
				strcmp(n->name.text, network->name.text) < 0;
	return rank;
}

/* The environment's own addresses of a network come before the common ones. */
static bool in_network(const struct view *v, const struct address *a,
		       const struct ast_node *network)
{
	const struct ast_node *here = inside(v->environment, AST_NETWORK,
					     network->name.text);

	if (a->listed)
		return network->prefix_list.text && !here && !network->list &&
		       rank_of(v, network) == a->rank;
	return in_list(a, here ? here->list : network->list);
}

static bool is_private_way(const char *via)
{
	return via && (strcmp(via, "vpn") == 0 || strcmp(via, "peering") == 0 ||
		       strcmp(via, "endpoint") == 0);
}

static bool in_internet(const struct view *v, const struct address *a)
{
	const struct ast_node *vpc = inside(v->environment, AST_VPC, NULL);
	bool on_it = is_public(a);

	if (a->listed)
		return false;	/* rules name a list, or do not mean it */

	if ((vpc && in_list(a, vpc->list)) || in_peer(v, a))
		return false;
	for (size_t f = 0; f < v->ast->files.count; f++)
		for (const struct ast_node *n = v->ast->files.at[f]->nodes; n;
		     n = n->next)
			if (n->kind == AST_NETWORK && in_network(v, a, n)) {
				if (is_private_way(n->via.text))
					return false;
				on_it = true;
			}
	return on_it;
}

static bool in_ends(const struct view *v, const struct address *a,
		    const struct ast_expr *e);
static bool in_name(const struct view *v, const struct address *a,
		    const char *name);

static bool is_dotted(const char *name)
{
	return strchr(name, '.') && !strpbrk(name, ":/") &&
	       strspn(name, "0123456789.") != strlen(name);
}

/* `prod.data`: where V sees prod, which is it or peers with it. */
static bool in_dotted(const struct view *v, const struct address *a,
		      const char *name)
{
	const char *dot = strrchr(name, '.');
	struct view there = place_named(v->ast, v->customer, name,
					(size_t)(dot - name));

	return there.environment &&
	       (there.environment == v->environment || are_peers(v, &there)) &&
	       in_name(&there, a, dot + 1);
}

static bool in_name(const struct view *v, const struct address *a,
		    const char *name)
{
	const struct ast_node *n;

	if (is_dotted(name))
		return in_dotted(v, a, name);

	if (strcmp(name, "any") == 0)
		return !a->listed;
	if (strcmp(name, "internet") == 0)
		return in_internet(v, a);
	if (strpbrk(name, ":/") || strspn(name, "0123456789.") == strlen(name))
		return in_prefix(a, name);
	if (declared(v->ast, AST_LAYER, name))
		return in_layer(v, a, name);
	n = declared(v->ast, AST_NETWORK, name);
	if (n)
		return in_network(v, a, n);
	n = declared(v->ast, AST_GROUP, name);
	if (!n)
		abort();
	return in_ends(v, a, n->list);
}

/* "a, b" is either; "a except b" is a and not b. */
static bool in_ends(const struct view *v, const struct address *a,
		    const struct ast_expr *e)
{
	bool in;

	if (e->kind == EXPR_WORD)
		return in_name(v, a, e->word);
	in = in_ends(v, a, e->items.at[0]);
	for (size_t i = 1; i < e->items.count; i++) {
		bool other = in_ends(v, a, e->items.at[i]);

		in = e->kind == EXPR_UNION ? in || other : in && !other;
	}
	return in;
}

/* --- services --- */

static const struct {
	int version, type;
	const char *name;
} icmp_names[] = {
	{ 4, 0, "echo-reply" },
	{ 4, 3, "destination-unreachable" },
	{ 4, 8, "echo-request" },
	{ 4, 11, "time-exceeded" },
	{ 4, 12, "parameter-problem" },
	{ 6, 1, "destination-unreachable" },
	{ 6, 2, "packet-too-big" },
	{ 6, 3, "time-exceeded" },
	{ 6, 4, "parameter-problem" },
	{ 6, 128, "echo-request" },
	{ 6, 129, "echo-reply" },
	{ 6, 135, "neighbour-solicitation" },
};

static bool is_icmp(int version, const char *what, int value)
{
	int type, code;

	if (strcmp(what, "any") == 0)
		return true;
	switch (sscanf(what, "%d/%d", &type, &code)) {
	case 2:
		return value == type * 256 + code;
	case 1:
		return value / 256 == type;
	}
	for (size_t i = 0; i < sizeof icmp_names / sizeof *icmp_names; i++)
		if (icmp_names[i].version == version &&
		    strncmp(icmp_names[i].name, what,
			    strcspn(what, "/")) == 0 &&
		    strlen(icmp_names[i].name) == strcspn(what, "/"))
			return value / 256 == icmp_names[i].type &&
			       (sscanf(what, "%*[^/]/%d", &code) < 1 ||
				value % 256 == code);
	abort();
}

static bool is_port(const char *ports, int port)
{
	int lo, hi;

	if (sscanf(ports, "%d-%d", &lo, &hi) < 2)
		hi = lo = atoi(ports);
	return lo <= port && port <= hi;
}

static bool is_atom(int version, int protocol, int value, const char *word)
{
	if (strncmp(word, "tcp/", 4) == 0)
		return protocol == TCP && is_port(word + 4, value);
	if (strncmp(word, "udp/", 4) == 0)
		return protocol == UDP && is_port(word + 4, value);
	if (strncmp(word, "icmp/", 5) == 0)
		return version == 4 && protocol == ICMP &&
		       is_icmp(4, word + 5, value);
	if (strncmp(word, "icmp6/", 6) == 0)
		return version == 6 && protocol == ICMP6 &&
		       is_icmp(6, word + 6, value);
	if (strncmp(word, "proto/", 6) == 0)
		return protocol == atoi(word + 6);
	abort();
}

static bool is_service(const struct view *v, int version, int protocol,
		       int value, const struct ast_expr *e)
{
	const struct ast_node *n;
	bool is;

	if (e->kind != EXPR_WORD) {
		is = is_service(v, version, protocol, value, e->items.at[0]);
		for (size_t i = 1; i < e->items.count; i++) {
			bool other = is_service(v, version, protocol, value,
						e->items.at[i]);

			is = e->kind == EXPR_UNION ? is || other : is && !other;
		}
		return is;
	}
	if (strcmp(e->word, "any") == 0)
		return true;
	if (strchr(e->word, '/'))
		return is_atom(version, protocol, value, e->word);
	n = declared(v->ast, AST_SERVICE, e->word);
	if (!n)
		abort();
	return is_service(v, version, protocol, value, n->list);
}

/* --- rules --- */

static bool is_listed(const struct ast_expr *list, const char *word)
{
	if (list->kind == EXPR_WORD)
		return strcmp(list->word, word) == 0;
	for (size_t i = 0; i < list->items.count; i++)
		if (is_listed(list->items.at[i], word))
			return true;
	return false;
}

/* In force up to and including its day, which is counted in UTC. */
static bool is_over(const char *date, uint32_t as_of)
{
	struct tm day = { 0 };

	if (sscanf(date, "%d-%d-%d", &day.tm_year, &day.tm_mon,
		   &day.tm_mday) != 3)
		abort();
	day.tm_year -= 1900;
	day.tm_mon -= 1;
	return timegm(&day) / 86400 < (time_t)as_of;
}

static bool is_in_force(const struct view *v, const struct ast_node *rule,
			uint32_t as_of)
{
	for (const struct ast_attr *a = rule->attrs; a; a = a->next) {
		if (a->kind == ATTR_IN &&
		    !is_listed(a->expr, v->environment->name.text))
			return false;
		if (a->kind == ATTR_EXPIRES && is_over(a->value.text, as_of))
			return false;
	}
	return true;
}

/* The first word of an end: in a rule across environments all name the same. */
static const char *first_word(const struct ast_expr *e)
{
	return e->kind == EXPR_WORD ? e->word : first_word(e->items.at[0]);
}

/* The environment that the end E is in, as CUSTOMER means it. */
static struct view place_of_end(const struct view *v, const char *customer,
				const struct ast_expr *e)
{
	const char *word = first_word(e);

	return place_named(v->ast, customer, word,
			   (size_t)(strrchr(word, '.') - word));
}

/* `staging.ops -> prod.ops`, for each customer: V is one of the two. */
static bool crosses(const struct view *v, const struct ast_node *rule,
		    const struct address *src, const struct address *dst)
{
	size_t count;
	const char **names = customers(v->ast, &count);

	for (size_t i = 0; i < count; i++) {
		struct view from = place_of_end(v, names[i], rule->src);
		struct view to = place_of_end(v, names[i], rule->dst);

		if (!from.environment || !to.environment ||
		    from.environment == to.environment)
			continue;
		if (v->environment != from.environment &&
		    v->environment != to.environment)
			continue;
		/* seen from their own places, where they are at home */
		from.customer = to.customer = names[i];
		if (in_ends(&from, src, rule->src) &&
		    in_ends(&to, dst, rule->dst))
			return true;
	}
	return false;
}

bool naive_allows(const struct ast *ast, const char *customer,
		  const char *environment, const struct packet *p,
		  uint32_t as_of)
{
	struct view v = view_of(ast, customer, environment);
	struct address src = address_of(p->family, p->src);
	struct address dst = address_of(p->family, p->dst);
	int protocol = (int)(p->svc / 65536), value = (int)(p->svc % 65536);

	for (size_t f = 0; v.environment && f < ast->files.count; f++)
		for (const struct ast_node *n = ast->files.at[f]->nodes; n;
		     n = n->next) {
			if (n->kind != AST_ALLOW || !is_in_force(&v, n, as_of) ||
			    !is_service(&v, src.version, protocol, value,
					n->on))
				continue;
			if (is_dotted(first_word(n->src))
			    ? crosses(&v, n, &src, &dst)
			    : in_ends(&v, &src, n->src) &&
			      in_ends(&v, &dst, n->dst))
				return true;
		}
	return false;
}

const struct ast_node *naive_place(const struct ast *ast, const char *customer,
				   const char *environment)
{
	return view_of(ast, customer, environment).environment;
}

bool naive_is_in(const struct ast *ast, const char *customer,
		 const char *environment, const char *name,
		 enum family family, u128 address)
{
	struct view v = view_of(ast, customer, environment);
	struct address a = address_of(family, address);

	return v.environment && in_name(&v, &a, name);
}

bool naive_is_in_vpc(const struct ast *ast, const char *customer,
		     const char *environment, enum family family, u128 address)
{
	struct view v = view_of(ast, customer, environment);
	struct address a = address_of(family, address);
	const struct ast_node *vpc = inside(v.environment, AST_VPC, NULL);

	return vpc && in_list(&a, vpc->list);
}

static bool has_family(const struct ast_expr *list, enum family family)
{
	if (!list)
		return false;
	if (list->kind == EXPR_WORD)
		return !strchr(list->word, ':') == (family == IPV4);
	for (size_t i = 0; i < list->items.count; i++)
		if (has_family(list->items.at[i], family))
			return true;
	return false;
}

bool naive_has_family(const struct ast *ast, const char *customer,
		      const char *environment, const char *name,
		      enum family family)
{
	struct view v = view_of(ast, customer, environment);
	const struct ast_node *is = inside(v.environment,
					   name ? AST_LAYER : AST_VPC, name);

	return is && has_family(is->list, family);
}

bool naive_is_undeclared(const struct ast *ast, const char *customer,
			 const char *environment, enum family family,
			 u128 address)
{
	struct view v = view_of(ast, customer, environment);
	struct address a = address_of(family, address);
	const struct ast_node *vpc = inside(v.environment, AST_VPC, NULL);

	if (a.listed || (vpc && in_list(&a, vpc->list)) ||
	    in_internet(&v, &a) || in_peer(&v, &a))
		return false;
	for (size_t f = 0; f < ast->files.count; f++)
		for (const struct ast_node *n = ast->files.at[f]->nodes; n;
		     n = n->next)
			if (n->kind == AST_NETWORK && in_network(&v, &a, n))
				return false;
	return true;
}
