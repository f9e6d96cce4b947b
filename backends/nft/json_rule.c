/*
 * Rules as JSON: the same statements in the same order as in text, each an
 * object with one member.
 */
#include "backends/nft/place.h"

#include <string.h>

/* --- what a match looks at --- */

static const struct {
	const char *kind, *name, *part;	/* part NULL: { kind: { "key": name } } */
	enum nft_field field;
} fields[] = {
	{ "meta",    "nfproto", NULL,	    NFT_NFPROTO },
	{ "meta",    "l4proto", NULL,	    NFT_L4PROTO },
	{ "meta",    "iif",	NULL,	    NFT_IIF },
	{ "meta",    "iifname", NULL,	    NFT_IIF },
	{ "meta",    "oif",	NULL,	    NFT_OIF },
	{ "meta",    "oifname", NULL,	    NFT_OIF },
	{ "meta",    "ipsec",	NULL,	    NFT_IPSEC },
	{ "meta",    "secpath", NULL,	    NFT_IPSEC },
	{ "ct",	     "state",	NULL,	    NFT_CT_STATE },
	{ "payload", "ip",	"saddr",    NFT_IP_SADDR },
	{ "payload", "ip",	"daddr",    NFT_IP_DADDR },
	{ "payload", "ip6",	"saddr",    NFT_IP6_SADDR },
	{ "payload", "ip6",	"daddr",    NFT_IP6_DADDR },
	{ "payload", "ip6",	"hoplimit", NFT_IP6_HOPLIMIT },
	{ "payload", "th",	"sport",    NFT_TH_SPORT },
	{ "payload", "th",	"dport",    NFT_TH_DPORT },
	{ "payload", "tcp",	"sport",    NFT_TCP_SPORT },
	{ "payload", "tcp",	"dport",    NFT_TCP_DPORT },
	{ "payload", "udp",	"sport",    NFT_UDP_SPORT },
	{ "payload", "udp",	"dport",    NFT_UDP_DPORT },
	{ "payload", "icmp",	"type",	    NFT_ICMP_TYPE },
	{ "payload", "icmp",	"code",	    NFT_ICMP_CODE },
	{ "payload", "icmpv6",	"type",	    NFT_ICMPV6_TYPE },
	{ "payload", "icmpv6",	"code",	    NFT_ICMPV6_CODE },
};

static bool is_field(size_t i, const char *kind, const struct nft_place part[2])
{
	return strcmp(kind, fields[i].kind) == 0 &&
	       nft_is_string(&part[0], fields[i].name) &&
	       (!fields[i].part || nft_is_string(&part[1], fields[i].part));
}

/* { "meta": { "key": … } }, { "payload": { "protocol": …, "field": … } } */
static bool read_field(struct nft_reader *r, const struct nft_place *at,
		       struct nft_match *m, struct nft_set *constant)
{
	static const struct nft_member key = { .key = "key", .kind = JV_STRING };
	static const struct nft_member payload[] = {
		{ .key = "protocol", .kind = JV_STRING },
		{ .key = "field", .kind = JV_STRING },
	};
	struct nft_place inner, part[2];
	bool is_payload;

	if (!nft_only(r, at, &inner))
		return false;
	is_payload = strcmp(inner.key, "payload") == 0;
	if (!is_payload && strcmp(inner.key, "meta") != 0 &&
	    strcmp(inner.key, "ct") != 0)
		return nft_expected_at(r, at, "what a match looks at");
	if (!nft_members(r, &inner, is_payload ? payload : &key,
			 is_payload ? 2 : 1, part))
		return false;
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		if (!is_field(i, inner.key, part))
			continue;
		m->fields[m->width++] = fields[i].field;
		constant->types[constant->width++] =
			nft_type_of(fields[i].field);
		return true;
	}
	return nft_refuse_at(r, &inner, "a match on what is not understood");
}

static bool read_fields(struct nft_reader *r, const struct nft_place *at,
			struct nft_match *m, struct nft_set *constant)
{
	struct nft_place inner, each = { 0 };

	if (at->is->kind != JV_OBJECT || at->is->count != 1 ||
	    strcmp(at->is->first->key, "concat") != 0)
		return read_field(r, at, m, constant);
	(void)nft_only(r, at, &inner);
	if (inner.is->kind != JV_ARRAY || inner.is->count < 2 ||
	    inner.is->count > NFT_KEY_MOST)
		return nft_expected_at(r, &inner, "an array of 2 to 4 fields");
	while (nft_each(&inner, &each))
		if (!read_field(r, &each, m, constant))
			return false;
	return true;
}

/* --- what it is held against --- */

/* "@name": what it holds is known when everything has been read. */
static bool read_reference(struct nft_reader *r, const struct nft_place *at,
			   const struct nft_set *constant,
			   struct nft_match *m)
{
	struct nft_set *promise = arena_alloc(r->arena, sizeof *promise);

	if (at->is->kind != JV_STRING || at->is->string[0] != '@')
		return false;
	promise->name = at->is->string + 1;
	promise->line = constant->line;
	m->set = promise;
	return true;
}

/* Of states also a list, any of which will do. */
static bool read_list(struct nft_reader *r, const struct nft_place *at,
		      struct nft_set *constant)
{
	if (constant->width != 1 || constant->types[0] != NFT_TYPE_CT_STATE ||
	    at->is->count == 0)
		return nft_expected_at(r, at, "one value");
	return nft_elements_at(r, at, constant, NFT_PLAIN_ELEMENTS);
}

/* Is it { "set": [ … ] }?  Then that array, as INNER. */
static bool is_set(struct nft_reader *r, const struct nft_place *at,
		   struct nft_place *inner)
{
	return at->is->kind == JV_OBJECT && at->is->count == 1 &&
	       strcmp(at->is->first->key, "set") == 0 &&
	       nft_only(r, at, inner);
}

/* A constant alone, `{ … }`, or, of states, a list. */
static bool read_constant(struct nft_reader *r, const struct nft_place *at,
			  struct nft_set *constant)
{
	struct nft_place inner;
	struct nft_element *e;

	if (is_set(r, at, &inner))
		return nft_elements_at(r, &inner, constant,
				       NFT_PLAIN_ELEMENTS);
	if (at->is->kind == JV_ARRAY)
		return read_list(r, at, constant);
	if (constant->width != 1)
		return nft_expected_at(r, at, "a set of this type");
	e = LIST_PUSH(r->arena, &constant->elements);
	return nft_value_at(r, at, constant->types[0], &e->key[0]);
}

/*
 * "==" and "!="; "in" is how states are listed, which are bits: any of them.
 * What "!=" means of several of them differs from one nft to the next.
 */
static bool read_operator(struct nft_reader *r, const struct nft_place *op,
			  const struct nft_place *right, struct nft_match *m)
{
	bool states = m->width == 1 && m->fields[0] == NFT_CT_STATE;

	m->negated = nft_is_string(op, "!=");
	if (m->negated && right->is->kind == JV_ARRAY)
		return nft_refuse_at(r, right, "`!=` with a list is not understood");
	return m->negated || nft_is_string(op, "==") ||
	       (states && nft_is_string(op, "in")) ||
	       nft_expected_at(r, op, "`==` or `!=`");
}

static bool read_match(struct nft_reader *r, const struct nft_place *at,
		       struct nft_rule *rule)
{
	static const struct nft_member members[] = {
		{ .key = "op", .kind = JV_STRING },
		{ .key = "left", .kind = JV_OBJECT },
		{ .key = "right" },
	};
	struct nft_set *constant = arena_alloc(r->arena, sizeof *constant);
	struct nft_place part[3];
	struct nft_match m = { 0 };

	if (rule->counter || rule->log || rule->rate)
		return nft_refuse_at(r, at, "a match behind a counter, a limit "
				     "or a log line");
	constant->line = rule->line;
	if (!nft_members(r, at, members, 3, part) ||
	    !read_fields(r, &part[1], &m, constant) ||
	    !read_operator(r, &part[0], &part[2], &m))
		return false;
	if (!read_reference(r, &part[2], constant, &m)) {
		m.set = constant;
		if (!read_constant(r, &part[2], constant))
			return false;
	}
	*LIST_PUSH(r->arena, &rule->matches) = m;
	return true;
}

/* --- what does not decide --- */

static bool read_counter(struct nft_reader *r, const struct nft_place *at,
			 struct nft_rule *rule)
{
	static const struct nft_member members[] = {
		{ .key = "packets", .kind = JV_INTEGER },
		{ .key = "bytes", .kind = JV_INTEGER },
	};
	struct nft_place part[2];

	rule->counter = true;
	/* null without its state: `nft -s` */
	return at->is->kind == JV_NULL ||
	       nft_members(r, at, members, 2, part);
}

static bool read_limit(struct nft_reader *r, const struct nft_place *at,
		       struct nft_rule *rule)
{
	static const struct nft_member members[] = {
		{ .key = "rate", .kind = JV_INTEGER },
		{ .key = "burst", .kind = JV_INTEGER },
		{ .key = "per", .kind = JV_STRING },
	};
	struct nft_place part[3];
	uint64_t rate, burst;

	if (!nft_members(r, at, members, 3, part) ||
	    !nft_number_at(r, &part[0], 1000000, &rate) ||
	    !nft_number_at(r, &part[1], 1000000, &burst))
		return false;
	if (!nft_is_string(&part[2], "second"))
		return nft_expected_at(r, &part[2], "a rate a second");
	if (!rate)
		return nft_refuse_at(r, at, "a limit of nothing");
	rule->rate = (unsigned)rate;
	rule->burst = (unsigned)burst;
	return true;
}

static bool read_log(struct nft_reader *r, const struct nft_place *at,
		     struct nft_rule *rule)
{
	static const struct nft_member members[] = {
		{ .key = "prefix", .kind = JV_STRING },
	};
	struct nft_place part[1];

	if (!nft_members(r, at, members, 1, part))
		return false;
	rule->log = part[0].is->string;
	return true;
}

/* --- verdicts --- */

static bool read_jump(struct nft_reader *r, const struct nft_place *at,
		      const char **target)
{
	static const struct nft_member members[] = {
		{ .key = "target", .kind = JV_STRING },
	};
	struct nft_place part[1];

	if (!nft_members(r, at, members, 1, part))
		return false;
	*target = part[0].is->string;
	return true;
}

bool nft_verdict_at(struct nft_reader *r, const struct nft_place *at,
		    enum nft_verdict *out, const char **target)
{
	struct nft_place inner;

	if (!nft_only(r, at, &inner))
		return false;
	if (strcmp(inner.key, "jump") == 0) {
		*out = NFT_JUMP;
		return read_jump(r, &inner, target);
	}
	*out = strcmp(inner.key, "accept") == 0 ? NFT_ACCEPT : NFT_DROP;
	return (inner.is->kind == JV_NULL &&
		(*out == NFT_ACCEPT || strcmp(inner.key, "drop") == 0)) ||
	       nft_expected_at(r, at, "`accept`, `drop` or `jump`");
}

static bool read_reject(struct nft_reader *r, const struct nft_place *at,
			struct nft_rule *rule)
{
	static const struct nft_member members[] = {
		{ .key = "type", .kind = JV_STRING },
		{ .key = "expr", .optional = true },
	};
	struct nft_place part[2];
	uint64_t code;

	if (!nft_members(r, at, members, 2, part))
		return false;
	if (nft_is_string(&part[0], "tcp reset") && !part[1].is) {
		rule->verdict = NFT_RESET;
		nft_require_tcp(r, rule);
		return true;
	}
	rule->verdict = NFT_REFUSE;
	if (!nft_is_string(&part[0], "icmpx") || !part[1].is)
		return nft_expected_at(r, &part[0], "`tcp reset` or `icmpx`");
	if (nft_is_string(&part[1], "admin-prohibited"))
		return true;
	return nft_number_at(r, &part[1], 3, &code) &&
	       (code == 3 || nft_expected_at(r, &part[1], "`admin-prohibited`"));
}

static bool read_snat(struct nft_reader *r, const struct nft_place *at,
		      struct nft_rule *rule)
{
	static const struct nft_member members[] = {
		{ .key = "family", .kind = JV_STRING },
		{ .key = "addr" },
	};
	struct nft_place part[2];

	rule->verdict = NFT_SNAT;
	if (!nft_members(r, at, members, 2, part))
		return false;
	if (!nft_is_string(&part[0], "ip"))
		return nft_expected_at(r, &part[0], "`ip`");
	return nft_value_at(r, &part[1], NFT_TYPE_IPV4_ADDR, &rule->nat);
}

/* { "key": …, "data": { "set": [ [ "established", { "accept": null } ] ] } } */
static bool read_map(struct nft_reader *r, const struct nft_place *at,
		     struct nft_rule *rule)
{
	static const struct nft_member members[] = {
		{ .key = "key", .kind = JV_OBJECT }, { .key = "data" },
	};
	struct nft_set *map = arena_alloc(r->arena, sizeof *map);
	struct nft_place part[2], inner;
	struct nft_match m = { .set = map };

	map->line = rule->line;
	if (!nft_members(r, at, members, 2, part) ||
	    !read_fields(r, &part[0], &m, map) ||
	    !nft_check_map_key(r, &m, rule->line))
		return false;
	if (!read_reference(r, &part[1], map, &m)) {
		if (!is_set(r, &part[1], &inner))
			return nft_expected_at(r, &part[1], "a map");
		if (!nft_elements_at(r, &inner, map, NFT_MAP_ELEMENTS))
			return false;
	}
	rule->map = nft_kept_match(r->arena, m);
	return nft_check_map(r, &m, rule->line);
}

/* --- statements --- */

/* Each at most once, and in this order; the last ones decide. */
enum { MATCHES, LIMITS, COUNTS, LOGS, DECIDES };

static const struct {
	const char *name;
	int order;
	bool (*read)(struct nft_reader *r, const struct nft_place *at,
		     struct nft_rule *rule);
} statements[] = {
	{ "match",   MATCHES, read_match },
	{ "limit",   LIMITS,  read_limit },
	{ "counter", COUNTS,  read_counter },
	{ "log",     LOGS,    read_log },
	{ "reject",  DECIDES, read_reject },
	{ "snat",    DECIDES, read_snat },
	{ "vmap",    DECIDES, read_map },
};

enum { STATEMENTS = sizeof statements / sizeof *statements };

/* What AT is goes behind what came before, *ORDER. */
static bool read_statement(struct nft_reader *r, const struct nft_place *at,
			   struct nft_rule *rule, int *order)
{
	struct nft_place inner;
	size_t i = 0;
	int now;

	if (!nft_only(r, at, &inner))
		return false;
	while (i < STATEMENTS && strcmp(statements[i].name, inner.key) != 0)
		i++;
	now = i < STATEMENTS ? statements[i].order : DECIDES;
	if (*order > now || (*order == now && now != MATCHES))
		return nft_refuse_at(r, at, "a statement that is not expected here");
	*order = now;
	return i < STATEMENTS
	       ? statements[i].read(r, &inner, rule)
	       : nft_verdict_at(r, at, &rule->verdict, &rule->target);
}

bool nft_statements_at(struct nft_reader *r, const struct nft_place *at,
		       struct nft_rule *rule)
{
	struct nft_place each = { 0 };
	int order = MATCHES;

	rule->verdict = NFT_PASS;
	while (nft_each(at, &each))
		if (!read_statement(r, &each, rule, &order))
			return false;
	if (order == MATCHES || order == LIMITS)
		return nft_refuse_at(r, at, "a rule that does nothing");
	return nft_check_limit(r, rule);
}
