/*
 * Rules as the kernel runs them, by the bytecode that nft(8) makes of the same
 * rules: what a field is a part of is checked first, each field of a key is
 * loaded into a register of its own.
 */
#include "backends/nft/encoding.h"

#include "backends/nft/kernel.h"
#include "compiler/base/service.h"

#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter/nf_nat.h>

enum { LOG_LEVEL = 4 };	/* warning, as nft */

/* --- fields --- */

enum origin { META, NETWORK, TRANSPORT, CONNECTION };

static const struct {
	enum origin source;
	unsigned at, len;	/* key or offset; bytes */
	int family, protocol;	/* to be checked first; -1: nothing */
} fields[NFT_FIELDS] = {
	[NFT_NFPROTO]	   = { META, NFT_META_NFPROTO, 1, -1, -1 },
	[NFT_L4PROTO]	   = { META, NFT_META_L4PROTO, 1, -1, -1 },
	[NFT_IIF]	   = { META, NFT_META_IIF, 4, -1, -1 },
	[NFT_OIF]	   = { META, NFT_META_OIF, 4, -1, -1 },
	[NFT_IPSEC]	   = { META, NFT_META_SECPATH, 1, -1, -1 },
	[NFT_IP_SADDR]	   = { NETWORK, 12, 4, NFT_FAMILY_IPV4, -1 },
	[NFT_IP_DADDR]	   = { NETWORK, 16, 4, NFT_FAMILY_IPV4, -1 },
	[NFT_IP6_HOPLIMIT] = { NETWORK, 7, 1, NFT_FAMILY_IPV6, -1 },
	[NFT_IP6_SADDR]	   = { NETWORK, 8, 16, NFT_FAMILY_IPV6, -1 },
	[NFT_IP6_DADDR]	   = { NETWORK, 24, 16, NFT_FAMILY_IPV6, -1 },
	[NFT_TH_SPORT]	   = { TRANSPORT, 0, 2, -1, -1 },
	[NFT_TH_DPORT]	   = { TRANSPORT, 2, 2, -1, -1 },
	[NFT_TCP_SPORT]	   = { TRANSPORT, 0, 2, -1, PROTO_TCP },
	[NFT_TCP_DPORT]	   = { TRANSPORT, 2, 2, -1, PROTO_TCP },
	[NFT_UDP_SPORT]	   = { TRANSPORT, 0, 2, -1, PROTO_UDP },
	[NFT_UDP_DPORT]	   = { TRANSPORT, 2, 2, -1, PROTO_UDP },
	[NFT_ICMP_TYPE]	   = { TRANSPORT, 0, 1, NFT_FAMILY_IPV4, PROTO_ICMP },
	[NFT_ICMP_CODE]	   = { TRANSPORT, 1, 1, NFT_FAMILY_IPV4, PROTO_ICMP },
	[NFT_ICMPV6_TYPE]  = { TRANSPORT, 0, 1, NFT_FAMILY_IPV6, PROTO_ICMP6 },
	[NFT_ICMPV6_CODE]  = { TRANSPORT, 1, 1, NFT_FAMILY_IPV6, PROTO_ICMP6 },
	[NFT_CT_STATE]	   = { CONNECTION, NFT_CT_STATE_KEY, 4, -1, -1 },
};

/* --- expressions --- */

struct rule_work {
	struct nft_encoding *e;
	struct nftnl_rule *rule;
	int family, protocol;	/* checked already; -1: not */
};

static struct nftnl_expr *add(struct rule_work *w, const char *kind)
{
	struct nftnl_expr *x = nft_made(w->e, nftnl_expr_alloc(kind));

	nftnl_rule_add_expr(w->rule, x);
	return x;
}

/* Registers are words; four of them also have a number as a whole. */
static uint32_t register_of(unsigned word)
{
	return word % 4 == 0 ? NFT_REG_1 + word / 4 : NFT_REG32_00 + word;
}

static void load(struct rule_work *w, enum nft_field field, unsigned word)
{
	static const char *const kinds[] = { [META] = "meta", [NETWORK] =
		"payload", [TRANSPORT] = "payload", [CONNECTION] = "ct" };
	struct nftnl_expr *x = add(w, kinds[fields[field].source]);

	switch (fields[field].source) {
	case META:
		nftnl_expr_set_u32(x, NFTNL_EXPR_META_KEY, fields[field].at);
		nftnl_expr_set_u32(x, NFTNL_EXPR_META_DREG, register_of(word));
		return;
	case CONNECTION:
		nftnl_expr_set_u32(x, NFTNL_EXPR_CT_KEY, fields[field].at);
		nftnl_expr_set_u32(x, NFTNL_EXPR_CT_DREG, register_of(word));
		return;
	case NETWORK:
	case TRANSPORT:
		break;
	}
	nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_BASE,
			   fields[field].source == NETWORK
			   ? NFT_PAYLOAD_NETWORK_HEADER
			   : NFT_PAYLOAD_TRANSPORT_HEADER);
	nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_OFFSET, fields[field].at);
	nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_LEN, fields[field].len);
	nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_DREG, register_of(word));
}

static void compare(struct rule_work *w, uint32_t how, const uint8_t *bytes,
		    unsigned len)
{
	struct nftnl_expr *x = add(w, "cmp");

	nftnl_expr_set_u32(x, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(x, NFTNL_EXPR_CMP_OP, how);
	nftnl_expr_set(x, NFTNL_EXPR_CMP_DATA, bytes, len);
}

static void check(struct rule_work *w, enum nft_field field, int *known,
		  int wanted)
{
	uint8_t byte = (uint8_t)wanted;

	if (wanted < 0 || *known == wanted)
		return;
	load(w, field, 0);
	compare(w, NFT_CMP_EQ, &byte, 1);
	*known = wanted;
}

static void check_parts(struct rule_work *w, const struct nft_match *m)
{
	for (unsigned i = 0; i < m->width; i++) {
		check(w, NFT_NFPROTO, &w->family, fields[m->fields[i]].family);
		check(w, NFT_L4PROTO, &w->protocol,
		      fields[m->fields[i]].protocol);
	}
}

static void load_key(struct rule_work *w, const struct nft_match *m)
{
	unsigned word = 0;

	for (unsigned i = 0; i < m->width; i++) {
		load(w, m->fields[i], word);
		word += nft_padded(fields[m->fields[i]].len) / 4;
	}
}

static struct nftnl_expr *look_up(struct rule_work *w, const char *set,
				  uint32_t id, bool negated)
{
	struct nftnl_expr *x = add(w, "lookup");

	nftnl_expr_set_u32(x, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_str(x, NFTNL_EXPR_LOOKUP_SET, set);
	if (id)
		nftnl_expr_set_u32(x, NFTNL_EXPR_LOOKUP_SET_ID, id);
	if (negated)
		nftnl_expr_set_u32(x, NFTNL_EXPR_LOOKUP_FLAGS,
				   NFT_LOOKUP_F_INV);
	return x;
}

/* One value or one range: no set has to be made for that. */
static void match_constant(struct rule_work *w, const struct nft_match *m)
{
	enum nft_type type = m->set->types[0];
	struct range r = m->set->elements.at[0].key[0];
	uint8_t lo[16], hi[16];
	unsigned len;

	load(w, m->fields[0], 0);
	len = nft_put_value(lo, type, r.lo);
	(void)nft_put_value(hi, type, r.hi);	/* as long */
	if (r.lo == r.hi) {
		compare(w, m->negated ? NFT_CMP_NEQ : NFT_CMP_EQ, lo, len);
		return;
	}
	compare(w, NFT_CMP_GTE, lo, len);
	compare(w, NFT_CMP_LTE, hi, len);
}

static void match(struct rule_work *w, const struct nft_match *m)
{
	const struct range *only = &m->set->elements.at[0].key[0];

	check_parts(w, m);
	if (m->set->name) {
		load_key(w, m);
		look_up(w, nft_own_name(w->e, m->set->name), 0, m->negated);
	} else if (m->fields[0] != NFT_NFPROTO && m->fields[0] != NFT_L4PROTO) {
		match_constant(w, m);
	} else if (only->lo != only->hi || m->negated) {
		match_constant(w, m);
	} else {
		check(w, m->fields[0], m->fields[0] == NFT_NFPROTO
		      ? &w->family : &w->protocol, (int)only->lo);
	}
}

static void act(struct rule_work *w, const struct nft_rule *rule)
{
	struct nftnl_expr *x;

	if (rule->rate) {
		x = add(w, "limit");
		nftnl_expr_set_u64(x, NFTNL_EXPR_LIMIT_RATE, rule->rate);
		nftnl_expr_set_u64(x, NFTNL_EXPR_LIMIT_UNIT, 1);
		nftnl_expr_set_u32(x, NFTNL_EXPR_LIMIT_BURST, rule->burst);
		nftnl_expr_set_u32(x, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS);
	}
	if (rule->counter)
		(void)add(w, "counter");
	if (rule->log) {
		x = add(w, "log");
		nftnl_expr_set_str(x, NFTNL_EXPR_LOG_PREFIX, rule->log);
		nftnl_expr_set_u32(x, NFTNL_EXPR_LOG_LEVEL, LOG_LEVEL);
	}
}

static void translate(struct rule_work *w, struct range to)
{
	struct nftnl_expr *x;
	uint8_t bytes[4];

	for (unsigned i = 0; i < 2; i++) {
		x = add(w, "immediate");
		nft_put_bytes(bytes, i ? to.hi : to.lo, 4);
		nftnl_expr_set_u32(x, NFTNL_EXPR_IMM_DREG, NFT_REG_1 + i);
		nftnl_expr_set(x, NFTNL_EXPR_IMM_DATA, bytes, 4);
		if (to.lo == to.hi)
			break;
	}
	x = add(w, "nat");
	nftnl_expr_set_u32(x, NFTNL_EXPR_NAT_TYPE, NFT_NAT_SNAT);
	nftnl_expr_set_u32(x, NFTNL_EXPR_NAT_FAMILY, NFPROTO_IPV4);
	nftnl_expr_set_u32(x, NFTNL_EXPR_NAT_REG_ADDR_MIN, NFT_REG_1);
	nftnl_expr_set_u32(x, NFTNL_EXPR_NAT_REG_ADDR_MAX,
			   to.lo == to.hi ? NFT_REG_1 : NFT_REG_2);
	nftnl_expr_set_u32(x, NFTNL_EXPR_NAT_FLAGS, NF_NAT_RANGE_MAP_IPS);
}

static void verdict(struct rule_work *w, enum nft_verdict verdict_,
		    const char *target)
{
	struct nftnl_expr *x = add(w, "immediate");

	nftnl_expr_set_u32(x, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(x, NFTNL_EXPR_IMM_VERDICT, nft_verdict_number(verdict_));
	if (verdict_ == NFT_JUMP)
		nftnl_expr_set_str(x, NFTNL_EXPR_IMM_CHAIN, target);
}

static void reject(struct rule_work *w, enum nft_verdict how)
{
	struct nftnl_expr *x = add(w, "reject");

	nftnl_expr_set_u32(x, NFTNL_EXPR_REJECT_TYPE, how == NFT_RESET
			   ? NFT_REJECT_TCP_RST : NFT_REJECT_ICMPX_UNREACH);
	nftnl_expr_set_u8(x, NFTNL_EXPR_REJECT_CODE, how == NFT_RESET ? 0
			  : NFT_REJECT_ICMPX_ADMIN_PROHIBITED);
}

static void decide(struct rule_work *w, const struct nft_rule *rule)
{
	switch (rule->verdict) {
	case NFT_ACCEPT:
	case NFT_DROP:
		verdict(w, rule->verdict, NULL);
		return;
	case NFT_JUMP:
		verdict(w, NFT_JUMP, nft_own_name(w->e, rule->target));
		return;
	case NFT_RESET:
	case NFT_REFUSE:
		reject(w, rule->verdict);
		return;
	case NFT_SNAT:
		translate(w, rule->nat);
		return;
	case NFT_PASS:
		return;
	}
}

static void decide_by_map(struct rule_work *w, const struct nft_match *map,
			  uint32_t id)
{
	const char *name = map->set->name ? nft_own_name(w->e, map->set->name)
					  : "__map%d";

	check_parts(w, map);
	load_key(w, map);
	nftnl_expr_set_u32(look_up(w, name, id, false), NFTNL_EXPR_LOOKUP_DREG,
			   NFT_REG_VERDICT);
}

/* FROM, which may be NULL, has its comment. */
static void send_rule(struct nft_encoding *e, struct nftnl_rule *r,
		      const char *chain, const struct nft_rule *from,
		      uint16_t flags)
{
	struct nlmsghdr *m = nft_batch_message(e->batch, NFT_MSG_NEWRULE,
		NFPROTO_INET, NLM_F_CREATE | flags,
		(struct nft_about){
			.what = nft_kind_and_name(e, "a rule of chain", chain),
			.rule = from });
	uint8_t userdata[2 + 256];
	size_t len = from && from->comment
		? nft_comment_bytes(userdata, from->comment) : 0;

	nftnl_rule_set_u32(r, NFTNL_RULE_FAMILY, NFPROTO_INET);
	nftnl_rule_set_str(r, NFTNL_RULE_TABLE, e->table);
	nftnl_rule_set_str(r, NFTNL_RULE_CHAIN, chain);
	if (len)
		nftnl_rule_set_data(r, NFTNL_RULE_USERDATA, userdata,
				    (uint32_t)len);
	nftnl_rule_nlmsg_build_payload(m, r);
	nftnl_rule_free(r);
	nft_batch_add(e->batch, m);
}

void nft_encode_rule(struct nft_encoding *e, const char *chain,
			const struct nft_rule *rule)
{
	struct rule_work w = { e, NULL, -1, -1 };
	uint32_t id = 0;

	if (rule->map && !rule->map->set->name)
		id = nft_encode_set(e, rule->map->set, "__map%d");
	w.rule = nft_made(e, nftnl_rule_alloc());
	for (size_t i = 0; i < rule->matches.count; i++)
		match(&w, &rule->matches.at[i]);
	act(&w, rule);
	if (rule->map)
		decide_by_map(&w, rule->map, id);
	else
		decide(&w, rule);
	send_rule(e, w.rule, chain, rule, NLM_F_APPEND);
}

void nft_encode_verdict(struct nft_encoding *e, const char *chain,
			enum nft_verdict verdict_, const char *target)
{
	struct rule_work w = { e, nft_made(e, nftnl_rule_alloc()), -1, -1 };

	verdict(&w, verdict_, target);
	send_rule(e, w.rule, chain, NULL, 0);
}
