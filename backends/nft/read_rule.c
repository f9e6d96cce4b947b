/*
 * Rules: matches, then a verdict, then perhaps a comment.  A statement that
 * would not change which packets pass (counter, log) is not understood either:
 * firebreak emits none.
 */
#include "backends/nft/reader.h"

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

static bool read_map(struct nft_reader *r, const struct nft_match *m,
		     struct nft_set *map, struct nft_rule *rule)
{
	unsigned line = r->now.line;

	if (m->width != 1 || m->fields[0] != NFT_CT_STATE)
		return nft_refuse(r, line, "a verdict map on anything but "
				  "`ct state` is not understood");
	if (!nft_read_elements(r, map, NFT_MAP_ELEMENTS))
		return false;
	if (!each_state_once(map))
		return nft_refuse(r, line, "a verdict map that names a state "
				  "twice");
	rule->map = map;
	return true;
}

/* What is left of a rule after its matches: nothing more is decided by it. */
static bool end_rule(struct nft_reader *r, struct nft_rule *rule)
{
	if (nft_accept(r, "comment") && !nft_take_string(r, &rule->comment))
		return false;
	return nft_end_statement(r);
}

bool nft_read_rule(struct nft_reader *r, struct nft_rule *rule)
{
	rule->line = r->now.line;
	while (!nft_accept_verdict(r, &rule->verdict)) {
		struct nft_match m = { 0 };
		struct nft_set *constant = arena_alloc(r->arena,
						       sizeof *constant);

		constant->line = r->now.line;
		if (!read_fields(r, &m, constant))
			return false;
		if (nft_accept(r, "vmap"))
			return read_map(r, &m, constant, rule) &&
			       end_rule(r, rule);
		if (!read_right_side(r, &m, constant))
			return false;
		*LIST_PUSH(r->arena, &rule->matches) = m;
	}
	return end_rule(r, rule);
}
