/*
 * The symbols are those of `nft describe` in nft 1.0.6.  Protocol names it
 * takes from /etc/protocols: the table is Debian 12's, and none of its names
 * ever meant another number (IANA "Protocol Numbers").  Service names are left
 * out on purpose: nft prints ports as numbers, and /etc/services varies.
 */
#include "backends/nft/value.h"

#include "compiler/base/addr.h"

#include <string.h>

struct symbol {
	const char *name;
	unsigned value;
};

static const struct symbol families[] = {
	{ "ipv4", NFT_FAMILY_IPV4 }, { "ipv6", NFT_FAMILY_IPV6 },
	{ "2", NFT_FAMILY_IPV4 }, { "10", NFT_FAMILY_IPV6 }, { 0 }
};

static const struct symbol protocols[] = {
	{ "ip", 0 }, { "icmp", 1 }, { "igmp", 2 }, { "ggp", 3 },
	{ "ipencap", 4 }, { "st", 5 }, { "tcp", 6 }, { "egp", 8 },
	{ "igp", 9 }, { "pup", 12 }, { "udp", 17 }, { "hmp", 20 },
	{ "xns-idp", 22 }, { "rdp", 27 }, { "iso-tp4", 29 }, { "dccp", 33 },
	{ "xtp", 36 }, { "ddp", 37 }, { "idpr-cmtp", 38 }, { "ipv6", 41 },
	{ "ipv6-route", 43 }, { "ipv6-frag", 44 }, { "idrp", 45 },
	{ "rsvp", 46 }, { "gre", 47 }, { "esp", 50 }, { "ah", 51 },
	{ "skip", 57 }, { "ipv6-icmp", 58 }, { "icmpv6", 58 },
	{ "ipv6-nonxt", 59 }, { "ipv6-opts", 60 }, { "rspf", 73 },
	{ "vmtp", 81 }, { "eigrp", 88 }, { "ospf", 89 }, { "ax.25", 93 },
	{ "ipip", 94 }, { "etherip", 97 }, { "encap", 98 }, { "pim", 103 },
	{ "ipcomp", 108 }, { "vrrp", 112 }, { "l2tp", 115 }, { "isis", 124 },
	{ "sctp", 132 }, { "fc", 133 }, { "mobility-header", 135 },
	{ "udplite", 136 }, { "mpls-in-ip", 137 }, { "manet", 138 },
	{ "hip", 139 }, { "shim6", 140 }, { "wesp", 141 }, { "rohc", 142 },
	{ "ethernet", 143 }, { 0 }
};

static const struct symbol icmp_types[] = {
	{ "echo-reply", 0 }, { "destination-unreachable", 3 },
	{ "source-quench", 4 }, { "redirect", 5 }, { "echo-request", 8 },
	{ "router-advertisement", 9 }, { "router-solicitation", 10 },
	{ "time-exceeded", 11 }, { "parameter-problem", 12 },
	{ "timestamp-request", 13 }, { "timestamp-reply", 14 },
	{ "info-request", 15 }, { "info-reply", 16 },
	{ "address-mask-request", 17 }, { "address-mask-reply", 18 }, { 0 }
};

/* nft prints these for every type, also where the code means something else. */
static const struct symbol icmp_codes[] = {
	{ "net-unreachable", 0 }, { "host-unreachable", 1 },
	{ "prot-unreachable", 2 }, { "port-unreachable", 3 },
	{ "frag-needed", 4 }, { "net-prohibited", 9 },
	{ "host-prohibited", 10 }, { "admin-prohibited", 13 }, { 0 }
};

static const struct symbol icmpv6_types[] = {
	{ "destination-unreachable", 1 }, { "packet-too-big", 2 },
	{ "time-exceeded", 3 }, { "parameter-problem", 4 },
	{ "echo-request", 128 }, { "echo-reply", 129 },
	{ "mld-listener-query", 130 }, { "mld-listener-report", 131 },
	{ "mld-listener-done", 132 }, { "mld-listener-reduction", 132 },
	{ "nd-router-solicit", 133 }, { "nd-router-advert", 134 },
	{ "nd-neighbor-solicit", 135 }, { "nd-neighbor-advert", 136 },
	{ "nd-redirect", 137 }, { "router-renumbering", 138 },
	{ "ind-neighbor-solicit", 141 }, { "ind-neighbor-advert", 142 },
	{ "mld2-listener-report", 143 }, { 0 }
};

static const struct symbol icmpv6_codes[] = {
	{ "no-route", 0 }, { "admin-prohibited", 1 },
	{ "addr-unreachable", 3 }, { "port-unreachable", 4 },
	{ "policy-fail", 5 }, { "reject-route", 6 }, { 0 }
};

static const struct symbol states[] = {
	{ "new", NFT_NEW }, { "established", NFT_ESTABLISHED },
	{ "related", NFT_RELATED }, { "invalid", NFT_INVALID },
	{ "untracked", NFT_UNTRACKED },
	/* as `nft -n` prints their bits */
	{ "0x1", NFT_INVALID }, { "0x2", NFT_ESTABLISHED },
	{ "0x4", NFT_RELATED }, { "0x8", NFT_NEW }, { "0x40", NFT_UNTRACKED },
	{ 0 }
};

static const struct symbol booleans[] = {
	{ "exists", NFT_EXISTS }, { "missing", NFT_MISSING },
	{ "1", NFT_EXISTS }, { "0", NFT_MISSING }, { 0 }
};

static const struct symbol interfaces[] = { { "lo", NFT_LOOPBACK }, { 0 } };

/* How the constants of a type are written; most 0: never as a number. */
static const struct {
	const struct symbol *symbols;
	unsigned most;
} types[NFT_TYPES] = {
	[NFT_TYPE_NF_PROTO]	= { families, 0 },
	[NFT_TYPE_INET_PROTO]	= { protocols, 255 },
	[NFT_TYPE_INTEGER]	= { NULL, 255 },
	[NFT_TYPE_INET_SERVICE]	= { NULL, 65535 },
	[NFT_TYPE_ICMP_TYPE]	= { icmp_types, 255 },
	[NFT_TYPE_ICMP_CODE]	= { icmp_codes, 255 },
	[NFT_TYPE_ICMPV6_TYPE]	= { icmpv6_types, 255 },
	[NFT_TYPE_ICMPV6_CODE]	= { icmpv6_codes, 255 },
	[NFT_TYPE_CT_STATE]	= { states, 0 },
	[NFT_TYPE_IFACE]	= { interfaces, 0 },
	[NFT_TYPE_BOOLEAN]	= { booleans, 0 },
};

static bool read_symbol(const struct symbol *symbols, const char *text,
			size_t len, struct range *out)
{
	for (; symbols && symbols->name; symbols++) {
		if (strlen(symbols->name) != len ||
		    memcmp(symbols->name, text, len) != 0)
			continue;
		out->lo = out->hi = symbols->value;
		return true;
	}
	return false;
}

/* Plain decimal: nft reads 010 and 0x10 in other ways. */
static bool read_number(const char *text, size_t len, unsigned most, u128 *out)
{
	unsigned v = 0;

	if (len == 0 || len > 5 || (len > 1 && text[0] == '0'))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		v = v * 10 + (unsigned)(text[i] - '0');
	}
	*out = v;
	return v <= most;
}

static bool read_block(enum family family, const char *text, size_t len,
		       struct range *out)
{
	struct prefix prefix;

	if (prefix_read(text, len, &prefix) != PREFIX_OK ||
	    prefix.family != family)
		return false;
	*out = prefix_range(prefix);
	return true;
}

static bool read_address(enum family family, const char *text, size_t len,
			 u128 *out)
{
	struct range r;

	if (memchr(text, '/', len) || !read_block(family, text, len, &r))
		return false;
	*out = r.lo;
	return true;
}

static bool read_addresses(enum family family, const char *text, size_t len,
			   struct range *out)
{
	const char *dash = memchr(text, '-', len);
	size_t head = dash ? (size_t)(dash - text) : len;

	if (!dash)
		return read_block(family, text, len, out);
	return read_address(family, text, head, &out->lo) &&
	       read_address(family, dash + 1, len - head - 1, &out->hi) &&
	       out->lo <= out->hi;
}

static bool read_numbers(unsigned most, const char *text, size_t len,
			 struct range *out)
{
	const char *dash = memchr(text, '-', len);
	size_t head = dash ? (size_t)(dash - text) : len;

	if (!read_number(text, head, most, &out->lo))
		return false;
	out->hi = out->lo;
	return !dash || (read_number(dash + 1, len - head - 1, most,
				     &out->hi) && out->lo <= out->hi);
}

bool nft_value_read(enum nft_type type, const char *text, size_t len,
		    struct range *out)
{
	if (type == NFT_TYPE_IPV4_ADDR)
		return read_addresses(IPV4, text, len, out);
	if (type == NFT_TYPE_IPV6_ADDR)
		return read_addresses(IPV6, text, len, out);
	if (read_symbol(types[type].symbols, text, len, out))
		return true;
	return types[type].most &&
	       read_numbers(types[type].most, text, len, out);
}
