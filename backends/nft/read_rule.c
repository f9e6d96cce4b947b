/*
 * Rules: matches, then what does not change which packets pass (a counter, a
 * log line under a limit), then a verdict, then perhaps a comment.  A limit is
 * understood in front of a log line only: whom else it lets pass depends on
 * time.
 */
#include "backends/nft/reader.h"

#include "backends/nft/value.h"
#include "compiler/base/service.h"

#include <string.h>

static const struct {
	const char *first, *second;
	enum nft_field field;
	enum nft_type type;
} fields[] = {
	{ "meta",    "nfproto",  NFT_NFPROTO,	   NFT_TYPE_NF_PROTO },
	{ "meta",    "l4proto",  NFT_L4PROTO,	   NFT_TYPE_INET_PROTO },
	{ "ip",	     "saddr",	 NFT_IP_SADDR,	   NFT_TYPE_IPV4_ADDR },
	{ "ip",	     "daddr",	 NFT_IP_DADDR,	   NFT_TYPE_IPV4_ADDR },
	{ "ip6",     "saddr",	 NFT_IP6_SADDR,	   NFT_TYPE_IPV6_ADDR },
	{ "ip6",     "daddr",	 NFT_IP6_DADDR,	   NFT_TYPE_IPV6_ADDR },
	{ "ip6",     "hoplimit", NFT_IP6_HOPLIMIT, NFT_TYPE_INTEGER },
	{ "th",	     "sport",	 NFT_TH_SPORT,	   NFT_TYPE_INET_SERVICE },
	{ "th",	     "dport",	 NFT_TH_DPORT,	   NFT_TYPE_INET_SERVICE },
	{ "tcp",     "sport",	 NFT_TCP_SPORT,	   NFT_TYPE_INET_SERVICE },
	{ "tcp",     "dport",	 NFT_TCP_DPORT,	   NFT_TYPE_INET_SERVICE },
	{ "udp",     "sport",	 NFT_UDP_SPORT,	   NFT_TYPE_INET_SERVICE },
	{ "udp",     "dport",	 NFT_UDP_DPORT,	   NFT_TYPE_INET_SERVICE },
	{ "icmp",    "type",	 NFT_ICMP_TYPE,	   NFT_TYPE_ICMP_TYPE },
	{ "icmp",    "code",	 NFT_ICMP_CODE,	   NFT_TYPE_ICMP_CODE },
	{ "icmpv6",  "type",	 NFT_ICMPV6_TYPE,  NFT_TYPE_ICMPV6_TYPE },
	{ "icmpv6",  "code",	 NFT_ICMPV6_CODE,  NFT_TYPE_ICMPV6_CODE },
	{ "ct",	     "state",	 NFT_CT_STATE,	   NFT_TYPE_CT_STATE },
	{ "iif",     NULL,	 NFT_IIF,	   NFT_TYPE_IFACE },
	{ "iifname", NULL,	 NFT_IIF,	   NFT_TYPE_IFACE },
	{ "meta",    "ipsec",	 NFT_IPSEC,	   NFT_TYPE_BOOLEAN },
	{ "meta",    "secpath",	 NFT_IPSEC,	   NFT_TYPE_BOOLEAN },
	{ "oif",     NULL,	 NFT_OIF,	   NFT_TYPE_IFACE },
	{ "oifname", NULL,	 NFT_OIF,	   NFT_TYPE_IFACE },
};

static const size_t field_count = sizeof fields / sizeof *fields;

enum nft_type nft_type_of(enum nft_field field)
{
	size_t i = 0;

	while (fields[i].field != field)
		i++;
	return fields[i].type;
}

static bool read_field(struct nft_reader *r, struct nft_match *m,
		       struct nft_set *constant)
{
	struct nft_token first = r->now;

	nft_next(r);
	for (size_t i = 0; i < field_count; i++) {
		if (!nft_token_is(&first, fields[i].first) ||
		    (fields[i].second && !nft_at(r, fields[i].second)))
			continue;
		if (fields[i].second)
			nft_next(r);
		m->fields[m->width++] = fields[i].field;
		constant->types[constant->width++] = fields[i].type;
		return true;
	}
	r->now = first;
	return nft_expected(r, "a match or a verdict that firebreak "
			    "understands");
}

static bool read_fields(struct nft_reader *r, struct nft_match *m,
			struct nft_set *constant)
{
	do {
		if (m->width == NFT_KEY_MOST)
			return nft_refuse(r, r->now.line,
					  "more than %d fields in one match",
					  NFT_KEY_MOST);
		if (!read_field(r, m, constant))
			return false;
	} while (nft_accept(r, "."));
	return true;
}

/* "@name": what it holds is known when the whole table has been read. */
static bool is_reference(const struct nft_reader *r)
{
	return r->now.kind == NFT_WORD && r->now.at[0] == '@';
}

static void read_reference(struct nft_reader *r, struct nft_match *m)
{
	struct nft_set *promise = arena_alloc(r->arena, sizeof *promise);

	promise->name = arena_copy(r->arena, r->now.at + 1, r->now.len - 1);
	promise->line = r->now.line;
	m->set = promise;
	nft_next(r);
}

/* One key; of connection states a list, any of which will do. */
static bool read_constant(struct nft_reader *r, struct nft_set *constant)
{
	bool is_list = constant->width == 1 &&
		       constant->types[0] == NFT_TYPE_CT_STATE;

	/* most hold one element: no room for eight */
	constant->elements.at = arena_alloc(r->arena,
					    sizeof *constant->elements.at);
	constant->elements.cap = 1;
	do {
		struct nft_element *e = LIST_PUSH(r->arena,
						  &constant->elements);

		if (!nft_read_key(r, constant, e))
			return false;
	} while (is_list && nft_accept(r, ","));
	return true;
}

static bool read_right_side(struct nft_reader *r, struct nft_match *m,
			    struct nft_set *constant)
{
	m->negated = nft_accept(r, "!=");
	m->set = constant;
	if (is_reference(r)) {
		read_reference(r, m);
		return true;
	}
	if (nft_at(r, "{"))
		return nft_read_elements(r, constant, NFT_PLAIN_ELEMENTS);
	return read_constant(r, constant);
}

struct nft_match *nft_kept_match(struct arena *arena, struct nft_match m)
{
	struct nft_match *kept = arena_alloc(arena, sizeof *kept);

	*kept = m;
	return kept;
}

static bool each_state_once(const struct nft_set *map)
{
	unsigned seen = 0;

	for (size_t i = 0; i < map->elements.count; i++) {
		unsigned bit = 1u << map->elements.at[i].key[0].lo;

		if (seen & bit)
			return false;
		seen |= bit;
	}
	return true;
}

bool nft_check_map_key(struct nft_reader *r, const struct nft_match *m,
		       unsigned line)
{
	enum nft_type type = nft_type_of(m->fields[0]);

	return (m->width == 1 && (type == NFT_TYPE_CT_STATE ||
				  type == NFT_TYPE_IPV4_ADDR ||
				  type == NFT_TYPE_IPV6_ADDR)) ||
	       nft_refuse(r, line, "a verdict map on anything but an "
			  "address or `ct state` is not understood");
}

bool nft_check_map(struct nft_reader *r, const struct nft_match *m,
		   unsigned line)
{
	if (m->set->name)
		return true;
	if (m->fields[0] != NFT_CT_STATE)
		return nft_refuse(r, line, "a map of addresses without "
				  "a name is not understood");
	return each_state_once(m->set) ||
	       nft_refuse(r, line, "a verdict map that names a state twice");
}

/* Verdicts by connection state, or a named map on an address. */
static bool read_map(struct nft_reader *r, struct nft_match *m,
		     struct nft_set *map, struct nft_rule *rule)
{
	unsigned line = r->now.line;

	if (!nft_check_map_key(r, m, line))
		return false;
	m->set = map;
	if (is_reference(r))
		read_reference(r, m);
	else if (!nft_read_elements(r, map, NFT_MAP_ELEMENTS))
		return false;
	if (!nft_check_map(r, m, line))
		return false;
	rule->map = nft_kept_match(r->arena, *m);
	return true;
}

/* --- what does not decide --- */

/* "rate 10/second burst 20 packets" */
static bool read_limit(struct nft_reader *r, struct nft_rule *rule)
{
	const char *end;
	struct nft_token rate;

	if (!nft_expect(r, "rate"))
		return false;
	rate = r->now;
	end = rate.kind == NFT_WORD ? memchr(rate.at, '/', rate.len) : NULL;
	if (!end || rate.len - (size_t)(end - rate.at) != 7 ||
	    memcmp(end, "/second", 7) != 0)
		return nft_expected(r, "a rate a second");
	r->now.len = (size_t)(end - rate.at);
	return nft_take_number(r, 1000000, &rule->rate) &&
	       nft_expect(r, "burst") &&
	       nft_take_number(r, 1000000, &rule->burst) &&
	       nft_expect(r, "packets") &&
	       (rule->rate || nft_refuse(r, rule->line, "a limit of nothing"));
}

static bool read_log(struct nft_reader *r, struct nft_rule *rule)
{
	return nft_expect(r, "prefix") && nft_take_string(r, &rule->log);
}

/* Counters, limits and log lines, in the order in which we print them. */
static bool read_statements(struct nft_reader *r, struct nft_rule *rule)
{
	if (nft_accept(r, "limit") && !read_limit(r, rule))
		return false;
	if (!nft_accept_counter(r, &rule->counter))
		return false;
	if (nft_accept(r, "log") && !read_log(r, rule))
		return false;
	return true;
}

/* --- verdicts --- */

/* Only a TCP packet has a reset: nft writes the check, and may not list it. */
void nft_require_tcp(struct nft_reader *r, struct nft_rule *rule)
{
	struct nft_set *tcp = arena_alloc(r->arena, sizeof *tcp);
	struct nft_match *m = LIST_PUSH(r->arena, &rule->matches);

	tcp->types[0] = NFT_TYPE_INET_PROTO;
	tcp->width = 1;
	*LIST_PUSH(r->arena, &tcp->elements) = (struct nft_element){
		.key = { { PROTO_TCP, PROTO_TCP } } };
	m->fields[0] = NFT_L4PROTO;
	m->width = 1;
	m->set = tcp;
}

static bool read_reject(struct nft_reader *r, struct nft_rule *rule)
{
	if (!nft_expect(r, "with"))
		return false;
	if (nft_accept(r, "tcp")) {
		rule->verdict = NFT_RESET;
		nft_require_tcp(r, rule);
		return nft_expect(r, "reset");
	}
	rule->verdict = NFT_REFUSE;
	return nft_expect(r, "icmpx") && (nft_accept(r, "3") ||
					  nft_expect(r, "admin-prohibited"));
}

static bool read_snat(struct nft_reader *r, struct nft_rule *rule)
{
	rule->verdict = NFT_SNAT;
	if (!nft_expect(r, "ip") || !nft_expect(r, "to"))
		return false;
	if (r->now.kind != NFT_WORD ||
	    !nft_value_read(NFT_TYPE_IPV4_ADDR, r->now.at, r->now.len,
			    &rule->nat))
		return nft_expected(r, "IPv4 addresses");
	nft_next(r);
	return true;
}

/* Is a verdict at hand?  Then *OK says whether all of it was understood. */
static bool read_verdict(struct nft_reader *r, struct nft_rule *rule, bool *ok)
{
	*ok = true;
	if (nft_accept_verdict(r, &rule->verdict))
		return true;
	if (nft_accept(r, "reject")) {
		*ok = read_reject(r, rule);
		return true;
	}
	if (nft_accept(r, "snat")) {
		*ok = read_snat(r, rule);
		return true;
	}
	if (!nft_accept(r, "jump"))
		return false;
	rule->verdict = NFT_JUMP;
	*ok = nft_take_name(r, &rule->target);
	return true;
}

static bool ends_here(const struct nft_reader *r)
{
	return r->now.kind == NFT_LINE_END || nft_at(r, ";") ||
	       nft_at(r, "comment");
}

bool nft_check_limit(struct nft_reader *r, const struct nft_rule *rule)
{
	return !rule->rate || (rule->verdict == NFT_PASS && !rule->map) ||
	       nft_refuse(r, rule->line, "a verdict under a limit: "
			  "whom it lets pass depends on time");
}

/* What is left of a rule after its matches: nothing more is decided by it. */
static bool end_rule(struct nft_reader *r, struct nft_rule *rule)
{
	if (!nft_check_limit(r, rule))
		return false;
	if (nft_accept(r, "comment") && !nft_take_string(r, &rule->comment))
		return false;
	return nft_end_statement(r);
}

/* A match, or what takes its place at the end: a verdict map. */
static bool read_match(struct nft_reader *r, struct nft_rule *rule)
{
	struct nft_set *constant = arena_alloc(r->arena, sizeof *constant);
	struct nft_match m = { 0 };

	constant->line = r->now.line;
	if (!read_fields(r, &m, constant))
		return false;
	if (nft_accept(r, "vmap"))
		return read_map(r, &m, constant, rule);
	if (rule->counter || rule->log || rule->rate)
		return nft_refuse(r, rule->line, "a match behind a counter, a "
				  "limit or a log line");
	if (!read_right_side(r, &m, constant))
		return false;
	*LIST_PUSH(r->arena, &rule->matches) = m;
	return true;
}

bool nft_read_rule(struct nft_reader *r, struct nft_rule *rule)
{
	bool ok, acts;

	rule->line = r->now.line;
	rule->verdict = NFT_PASS;
	for (;;) {
		if (!read_statements(r, rule))
			return false;
		acts = rule->counter || rule->log;
		if (rule->map || (acts && ends_here(r)))
			return end_rule(r, rule);
		if (read_verdict(r, rule, &ok))
			return ok && end_rule(r, rule);
		if (!read_match(r, rule))
			return false;
	}
}
