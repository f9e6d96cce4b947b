/*
 * A flow is two tuples: the first packet as it came in, and the packet that
 * would answer it.  They are each other's reverse unless something between
 * was translated.
 */
#include "backends/nft/conntrack.h"

#include "compiler/base/addr.h"
#include "compiler/base/service.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

/* --- attributes --- */

static u128 number_of(const struct nlattr *a)
{
	const uint8_t *bytes = mnl_attr_get_payload(a);
	unsigned len = mnl_attr_get_payload_len(a);
	u128 number = 0;

	for (unsigned i = 0; i < len && i < sizeof number; i++)
		number = number << 8 | bytes[i];
	return number;
}

static void take_addresses(const struct nlattr *nest, struct nft_tuple *out)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, nest) {
		switch (mnl_attr_get_type(a)) {
		case CTA_IP_V4_SRC:
		case CTA_IP_V6_SRC:
			out->src = number_of(a);
			break;
		case CTA_IP_V4_DST:
		case CTA_IP_V6_DST:
			out->dst = number_of(a);
			break;
		default:
			break;
		}
	}
}

static void take_protocol(const struct nlattr *nest, struct nft_tuple *out)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, nest) {
		unsigned number = (unsigned)number_of(a);

		switch (mnl_attr_get_type(a)) {
		case CTA_PROTO_NUM:
			out->protocol = number;
			break;
		case CTA_PROTO_SRC_PORT:
			out->source_port = number;
			break;
		case CTA_PROTO_DST_PORT:
			out->port = number;
			break;
		case CTA_PROTO_ICMP_TYPE:
		case CTA_PROTO_ICMPV6_TYPE:
			out->type = number;
			break;
		case CTA_PROTO_ICMP_CODE:
		case CTA_PROTO_ICMPV6_CODE:
			out->code = number;
			break;
		default:
			break;
		}
	}
}

static void take_tuple(const struct nlattr *nest, struct nft_tuple *out)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, nest) {
		if (mnl_attr_get_type(a) == CTA_TUPLE_IP)
			take_addresses(a, out);
		if (mnl_attr_get_type(a) == CTA_TUPLE_PROTO)
			take_protocol(a, out);
	}
}

/* --- flows --- */

struct dump {
	struct arena *arena;
	void (*each)(void *context, const struct nft_flow *flow);
	void *context;
};

static const void *kept(struct dump *d, const struct nlattr *a, uint16_t *len)
{
	*len = mnl_attr_get_payload_len(a);
	return memcpy(arena_alloc(d->arena, *len), mnl_attr_get_payload(a),
		      *len);
}

static void take_attribute(struct dump *d, const struct nlattr *a,
			   struct nft_flow *out)
{
	switch (mnl_attr_get_type(a)) {
	case CTA_TUPLE_ORIG:
		take_tuple(a, &out->original);
		out->key = kept(d, a, &out->key_len);
		return;
	case CTA_TUPLE_REPLY:
		take_tuple(a, &out->reply);
		return;
	case CTA_TUPLE_MASTER:
		out->master = kept(d, a, &out->master_len);
		return;
	case CTA_STATUS:
		out->status = (uint32_t)number_of(a);
		return;
	case CTA_ID:
		out->id = mnl_attr_get_u32(a);
		out->has_id = true;
		return;
	case CTA_ZONE:
		out->zone = mnl_attr_get_u16(a);
		out->has_zone = true;
		return;
	default:
		return;
	}
}

static int take_flow(const struct nlmsghdr *m, void *context)
{
	const struct nfgenmsg *head = mnl_nlmsg_get_payload(m);
	struct dump *d = context;
	struct nft_flow flow = { .family = head->nfgen_family == AF_INET
					   ? IPV4 : IPV6 };
	const struct nlattr *a;

	if (head->nfgen_family != AF_INET && head->nfgen_family != AF_INET6)
		return MNL_CB_OK;
	mnl_attr_for_each(a, m, sizeof *head)
		take_attribute(d, a, &flow);
	if (flow.key)
		d->each(d->context, &flow);
	return MNL_CB_OK;
}

bool nft_flows_dump(struct nft_link *link, struct arena *arena,
		    void (*each)(void *context, const struct nft_flow *flow),
		    void *context)
{
	struct dump d = { arena, each, context };
	char bytes[256];

	return nft_link_exchange(link, nft_link_question(link, bytes,
				 NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET,
				 AF_UNSPEC, NLM_F_DUMP), take_flow, &d);
}

static int pass_over(const struct nlmsghdr *m, void *context)
{
	(void)m;
	(void)context;
	return MNL_CB_OK;
}

bool nft_flows_known(struct nft_link *link)
{
	char bytes[256];

	return nft_link_exchange(link, nft_link_question(link, bytes,
				 NFNL_SUBSYS_CTNETLINK,
				 IPCTNL_MSG_CT_GET_STATS, AF_UNSPEC, NLM_F_ACK),
				 pass_over, NULL);
}

bool nft_flow_end(struct nft_link *link, const struct nft_flow *flow)
{
	char bytes[1024];
	struct nlmsghdr *m = nft_link_question(link, bytes,
		NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE,
		flow->family == IPV4 ? AF_INET : AF_INET6, NLM_F_ACK);

	if (flow->key_len > sizeof bytes / 2) {
		errno = EINVAL;
		return false;
	}
	mnl_attr_put(m, CTA_TUPLE_ORIG | NLA_F_NESTED, flow->key_len,
		     flow->key);
	if (flow->has_zone)
		mnl_attr_put_u16(m, CTA_ZONE, flow->zone);
	/* with it, a younger flow of the same tuple is left alone */
	if (flow->has_id)
		mnl_attr_put_u32(m, CTA_ID, flow->id);
	return nft_link_exchange(link, m, pass_over, NULL) || errno == ENOENT;
}

/* --- this host's addresses --- */

struct locals {
	struct arena *arena;
	LIST(struct range) here[FAMILIES], many[FAMILIES];
};

static int take_route(const struct nlmsghdr *m, void *context)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(m);
	enum family family = route->rtm_family == AF_INET ? IPV4 : IPV6;
	struct locals *l = context;
	uint32_t table = route->rtm_table;
	u128 to = 0, span = family_last(family);
	const struct nlattr *a;

	mnl_attr_for_each(a, m, sizeof *route) {
		if (mnl_attr_get_type(a) == RTA_TABLE)
			table = mnl_attr_get_u32(a);
		if (mnl_attr_get_type(a) == RTA_DST)
			to = number_of(a);
	}
	if ((route->rtm_family != AF_INET && route->rtm_family != AF_INET6) ||
	    table != RT_TABLE_LOCAL || route->rtm_dst_len > family_bits(family))
		return MNL_CB_OK;
	span = route->rtm_dst_len == family_bits(family) ? 0
	     : span >> route->rtm_dst_len;
	if (route->rtm_type == RTN_LOCAL || route->rtm_type == RTN_ANYCAST)
		*LIST_PUSH(l->arena, &l->here[family]) =
			(struct range){ to, to + span };
	if (route->rtm_type == RTN_BROADCAST || route->rtm_type == RTN_MULTICAST)
		*LIST_PUSH(l->arena, &l->many[family]) =
			(struct range){ to, to + span };
	return MNL_CB_OK;
}

/* What every host has, whether it is in the table or not. */
static void add_known(struct locals *l)
{
	static const struct range multicast4 = { 0xe0000000, 0xefffffff };
	static const struct range broadcast4 = { 0xffffffff, 0xffffffff };
	struct range multicast6 = { (u128)0xff << 120, U128_MAX };

	*LIST_PUSH(l->arena, &l->many[IPV4]) = multicast4;
	*LIST_PUSH(l->arena, &l->many[IPV4]) = broadcast4;
	*LIST_PUSH(l->arena, &l->many[IPV6]) = multicast6;
}

bool nft_own_addresses(struct nft_link *link, struct arena *arena,
		       struct nft_own *out)
{
	struct locals l = { .arena = arena };

	if (!nft_link_dump_routes(link, take_route, &l))
		return false;
	add_known(&l);
	for (int f = IPV4; f < FAMILIES; f++) {
		out->here.of[f] = ranges_of(arena, l.here[f].at,
					    l.here[f].count);
		out->many.of[f] = ranges_of(arena, l.many[f].at,
					    l.many[f].count);
	}
	return true;
}
