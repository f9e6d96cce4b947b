/*
 * linux/netfilter/nf_tables.h, and the bytecode that nft(8) makes of the same
 * rules, so that nft can list what is loaded: numbers are in network order but
 * for what the kernel makes up itself (connection states, interfaces), each
 * field of a key begins a 32-bit register, and what a field is a part of is
 * checked first.
 */
#include "backends/nft/encode.h"

#include "backends/nft/kernel.h"
#include "compiler/base/service.h"

#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <string.h>

enum {
	ELEMENTS_BYTES = 60000,	/* of one message: an attribute holds 64 KiB */
	KEY_BYTES = 4 * 16,
	HOST_ORDER = 1, NETWORK_ORDER = 2,	/* nft's: of a set's keys */
	OPEN_INTERVAL = 1,	/* nft's flag of an element: to the last value */
	LOG_LEVEL = 4,		/* warning, as nft */
};

/* --- fields and types --- */

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

/* The number of a type in nft(8), which only nft reads, and its bytes. */
static const struct { unsigned number, len; } types[NFT_TYPES] = {
	[NFT_TYPE_NF_PROTO]	= { 2, 1 },
	[NFT_TYPE_INTEGER]	= { 4, 1 },
	[NFT_TYPE_IPV4_ADDR]	= { 7, 4 },
	[NFT_TYPE_IPV6_ADDR]	= { 8, 16 },
	[NFT_TYPE_INET_PROTO]	= { 12, 1 },
	[NFT_TYPE_INET_SERVICE]	= { 13, 2 },
	[NFT_TYPE_ICMP_TYPE]	= { 14, 1 },
	[NFT_TYPE_IFACE]	= { 20, 4 },
	[NFT_TYPE_CT_STATE]	= { 26, 4 },
	[NFT_TYPE_ICMPV6_TYPE]	= { 29, 1 },
	[NFT_TYPE_ICMP_CODE]	= { 32, 1 },
	[NFT_TYPE_ICMPV6_CODE]	= { 33, 1 },
	[NFT_TYPE_BOOLEAN]	= { 38, 1 },
};

/* Bits of linux/netfilter/nf_conntrack_common.h. */
static const uint32_t state_bits[NFT_STATES] = {
	[NFT_NEW]	  = NF_CT_STATE_BIT(IP_CT_NEW),
	[NFT_ESTABLISHED] = NF_CT_STATE_BIT(IP_CT_ESTABLISHED),
	[NFT_RELATED]	  = NF_CT_STATE_BIT(IP_CT_RELATED),
	[NFT_INVALID]	  = NF_CT_STATE_INVALID_BIT,
	[NFT_UNTRACKED]	  = NF_CT_STATE_UNTRACKED_BIT,
};

static void put_bytes(uint8_t *out, u128 value, unsigned len)
{
	for (unsigned i = 0; i < len; i++)
		out[i] = (uint8_t)(value >> 8 * (len - 1 - i));
}

static void put_value(uint8_t *out, enum nft_type type, u128 value)
{
	uint32_t own = (uint32_t)value;

	if (type == NFT_TYPE_CT_STATE)
		own = state_bits[own];
	if (type == NFT_TYPE_CT_STATE || type == NFT_TYPE_IFACE)
		memcpy(out, &own, sizeof own);
	else
		put_bytes(out, value, types[type].len);
}

static unsigned padded(unsigned len)
{
	return (len + 3) / 4 * 4;
}

/* --- what libnftnl makes --- */

static void *made(struct nft_encoding *e, void *object)
{
	if (!object)
		arena_refuse(e->batch->arena, "memory ended");
	return object;
}

static const char *own_name(struct nft_encoding *e, const char *name)
{
	return arena_printf(e->batch->arena, "%s%s", name, e->suffix);
}

static struct nft_about about(struct nft_encoding *e, const char *kind,
			      const char *name, const char *names)
{
	return (struct nft_about){ arena_printf(e->batch->arena, "%s `%s`",
						kind, name), names };
}

/* TEXT as nft keeps comments: type 0, then a length, then a string. */
static size_t comment_of(uint8_t out[2 + 256], const char *text)
{
	size_t len = strlen(text) + 1;

	if (len > NFT_COMMENT_MOST + 1)
		len = 0;
	out[0] = 0;
	out[1] = (uint8_t)len;
	memcpy(out + 2, text, len);
	return len ? len + 2 : 0;
}

/* --- tables and chains --- */

void nft_encode_table(struct nft_encoding *e, const struct identity *id)
{
	const char *comment = nft_identity_comment(e->batch->arena, id);
	struct nlmsghdr *m = nft_batch_message(e->batch, NFT_MSG_NEWTABLE,
		NFPROTO_INET, NLM_F_CREATE,
		about(e, "table", e->table, NULL));
	struct nftnl_table *t = made(e, nftnl_table_alloc());
	uint8_t userdata[2 + 256];
	size_t len = comment_of(userdata, comment);

	nftnl_table_set_str(t, NFTNL_TABLE_NAME, e->table);
	nftnl_table_set_data(t, NFTNL_TABLE_USERDATA, userdata, (uint32_t)len);
	nftnl_table_nlmsg_build_payload(m, t);
	nftnl_table_free(t);
	nft_batch_add(e->batch, m);
}

static const uint32_t hook_numbers[NFT_HOOKS] = {
	[NFT_INPUT]	  = NF_INET_LOCAL_IN,
	[NFT_OUTPUT]	  = NF_INET_LOCAL_OUT,
	[NFT_FORWARD]	  = NF_INET_FORWARD,
	[NFT_POSTROUTING] = NF_INET_POST_ROUTING,
};

static void send_chain(struct nft_encoding *e, struct nftnl_chain *c,
		       const char *name)
{
	struct nlmsghdr *m = nft_batch_message(e->batch, NFT_MSG_NEWCHAIN,
		NFPROTO_INET, NLM_F_CREATE, about(e, "chain", name, NULL));

	nftnl_chain_set_str(c, NFTNL_CHAIN_TABLE, e->table);
	nftnl_chain_set_str(c, NFTNL_CHAIN_NAME, name);
	nftnl_chain_nlmsg_build_payload(m, c);
	nftnl_chain_free(c);
	nft_batch_add(e->batch, m);
}

void nft_encode_base_chain(struct nft_encoding *e, enum nft_hook hook,
			   const struct nft_chain *chain)
{
	struct nftnl_chain *c = made(e, nftnl_chain_alloc());

	nftnl_chain_set_str(c, NFTNL_CHAIN_TYPE,
			    hook == NFT_POSTROUTING ? "nat" : "filter");
	nftnl_chain_set_u32(c, NFTNL_CHAIN_HOOKNUM, hook_numbers[hook]);
	nftnl_chain_set_s32(c, NFTNL_CHAIN_PRIO, chain->priority);
	nftnl_chain_set_u32(c, NFTNL_CHAIN_POLICY, chain->policy == NFT_ACCEPT
			    ? NF_ACCEPT : NF_DROP);
	send_chain(e, c, chain->name);
}

static void encode_chain(struct nft_encoding *e, const char *name)
{
	send_chain(e, made(e, nftnl_chain_alloc()), own_name(e, name));
}

/* --- sets --- */

static uint32_t key_type(const struct nft_set *set)
{
	uint32_t type = 0;

	for (unsigned i = 0; i < set->width; i++)
		type = type << 6 | types[set->types[i]].number;
	return type;
}

static uint32_t key_len(const struct nft_set *set)
{
	uint32_t len = 0;

	if (set->width == 1)
		return types[set->types[0]].len;
	for (unsigned i = 0; i < set->width; i++)
		len += padded(types[set->types[i]].len);
	return len;
}

static uint32_t flags_of(const struct nft_set *set)
{
	return (set->intervals ? NFT_SET_INTERVAL : 0) |
	       (set->is_map ? NFT_SET_MAP : 0) |
	       (set->width > 1 ? NFT_SET_CONCAT : 0) |
	       (set->name ? 0 : NFT_SET_ANONYMOUS | NFT_SET_CONSTANT);
}

static void describe_key(struct nftnl_set *s, const struct nft_set *set)
{
	uint8_t lens[NFT_KEY_MOST];

	for (unsigned i = 0; i < set->width; i++)
		lens[i] = (uint8_t)types[set->types[i]].len;
	if (set->width > 1)
		(void)nftnl_set_set_data(s, NFTNL_SET_DESC_CONCAT, lens,
					 set->width);	/* memory: told below */
}

/* Order of the keys, by which nft prints them. */
static void describe_order(struct nftnl_set *s, const struct nft_set *set)
{
	struct { uint8_t type, len; uint32_t order; }
		__attribute__((packed)) order = { NFTNL_UDATA_SET_KEYBYTEORDER,
			4, set->types[0] == NFT_TYPE_CT_STATE ? HOST_ORDER
							      : NETWORK_ORDER };

	(void)nftnl_set_set_data(s, NFTNL_SET_USERDATA, &order, sizeof order);
}

/* The set's frame, for its definition or for elements. */
static struct nftnl_set *frame(struct nft_encoding *e, const char *name,
			       uint32_t id)
{
	struct nftnl_set *s = made(e, nftnl_set_alloc());

	nftnl_set_set_str(s, NFTNL_SET_TABLE, e->table);
	nftnl_set_set_str(s, NFTNL_SET_NAME, name);
	nftnl_set_set_u32(s, NFTNL_SET_ID, id);
	return s;
}

static void define_set(struct nft_encoding *e, const struct nft_set *set,
		       const char *name, uint32_t id)
{
	struct nlmsghdr *m = nft_batch_message(e->batch, NFT_MSG_NEWSET,
		NFPROTO_INET, NLM_F_CREATE,
		about(e, set->is_map ? "map" : "set", name, NULL));
	struct nftnl_set *s = frame(e, name, id);

	nftnl_set_set_u32(s, NFTNL_SET_FAMILY, NFPROTO_INET);
	nftnl_set_set_u32(s, NFTNL_SET_FLAGS, flags_of(set));
	nftnl_set_set_u32(s, NFTNL_SET_KEY_TYPE, key_type(set));
	nftnl_set_set_u32(s, NFTNL_SET_KEY_LEN, key_len(set));
	if (set->size)
		nftnl_set_set_u32(s, NFTNL_SET_DESC_SIZE, set->size);
	if (set->is_map)
		nftnl_set_set_u32(s, NFTNL_SET_DATA_TYPE, NFT_DATA_VERDICT);
	if (set->is_map)
		nftnl_set_set_u32(s, NFTNL_SET_DATA_LEN, 16);
	describe_key(s, set);
	describe_order(s, set);
	if (set->counters)
		nftnl_set_add_expr(s, made(e, nftnl_expr_alloc("counter")));
	nftnl_set_nlmsg_build_payload(m, s);
	nftnl_set_free(s);
	nft_batch_add(e->batch, m);
}

/* --- elements --- */

enum bound { LOWER, UPPER };

static uint32_t put_key(uint8_t out[KEY_BYTES], const struct nft_set *set,
			const struct nft_element *el, enum bound bound)
{
	uint32_t at = 0;

	memset(out, 0, KEY_BYTES);
	for (unsigned i = 0; i < set->width; i++) {
		put_value(out + at, set->types[i], bound == LOWER
			  ? el->key[i].lo : el->key[i].hi);
		at += padded(types[set->types[i]].len);
	}
	return set->width == 1 ? types[set->types[0]].len : at;
}

static uint32_t verdict_number(enum nft_verdict verdict)
{
	return verdict == NFT_ACCEPT ? NF_ACCEPT
	     : verdict == NFT_DROP ? NF_DROP : (uint32_t)NFT_JUMP_CODE;
}

static struct nftnl_set_elem *element(struct nft_encoding *e,
				      const struct nft_set *set,
				      const struct nft_element *el,
				      const uint8_t *key, uint32_t len)
{
	struct nftnl_set_elem *x = made(e, nftnl_set_elem_alloc());
	uint8_t userdata[2 + 256 + 6];
	size_t used = el->comment ? comment_of(userdata, el->comment) : 0;

	nftnl_set_elem_set(x, NFTNL_SET_ELEM_KEY, key, len);
	if (set->is_map)
		nftnl_set_elem_set_u32(x, NFTNL_SET_ELEM_VERDICT,
				       verdict_number(el->verdict));
	if (set->is_map && el->verdict == NFT_JUMP)
		nftnl_set_elem_set_str(x, NFTNL_SET_ELEM_CHAIN,
				       own_name(e, el->target));
	if (used)
		nftnl_set_elem_set(x, NFTNL_SET_ELEM_USERDATA, userdata,
				   (uint32_t)used);
	return x;
}

/* The end of a range in a set of one field: a key of its own, not in it. */
static void add_end(struct nft_encoding *e, struct nftnl_set *s,
		    enum nft_type type, u128 behind)
{
	struct nftnl_set_elem *x = made(e, nftnl_set_elem_alloc());
	uint8_t key[16];

	put_value(key, type, behind);
	nftnl_set_elem_set(x, NFTNL_SET_ELEM_KEY, key, types[type].len);
	nftnl_set_elem_set_u32(x, NFTNL_SET_ELEM_FLAGS,
			       NFT_SET_ELEM_INTERVAL_END);
	nftnl_set_elem_add(s, x);
}

static void mark_open(struct nftnl_set_elem *x)
{
	struct { uint8_t type, len; uint32_t flags; }
		__attribute__((packed)) open = { NFTNL_UDATA_SET_ELEM_FLAGS, 4,
						 OPEN_INTERVAL };

	nftnl_set_elem_set(x, NFTNL_SET_ELEM_USERDATA, &open, sizeof open);
}

static void add_element(struct nft_encoding *e, struct nftnl_set *s,
			const struct nft_set *set, const struct nft_element *el)
{
	uint8_t key[KEY_BYTES];
	uint32_t len = put_key(key, set, el, LOWER);
	struct nftnl_set_elem *x = element(e, set, el, key, len);
	unsigned bits = 8 * types[set->types[0]].len;
	u128 last = bits == 128 ? U128_MAX : ((u128)1 << bits) - 1;

	nftnl_set_elem_add(s, x);
	if (!set->intervals)
		return;
	if (set->width > 1) {
		len = put_key(key, set, el, UPPER);
		nftnl_set_elem_set(x, NFTNL_SET_ELEM_KEY_END, key, len);
	} else if (el->key[0].hi == last) {
		mark_open(x);
	} else {
		add_end(e, s, set->types[0], el->key[0].hi + 1);
	}
}

static void send_elements(struct nft_encoding *e, struct nftnl_set *s,
			  const char *name, const char *names)
{
	struct nlmsghdr *m = nft_batch_message(e->batch, NFT_MSG_NEWSETELEM,
		NFPROTO_INET, NLM_F_CREATE,
		about(e, "an element of set", name, names));

	nftnl_set_elems_nlmsg_build_payload(m, s);
	nftnl_set_free(s);
	nft_batch_add(e->batch, m);
}

/* No more than this in a message. */
static size_t bytes_of(const struct nft_set *set, const struct nft_element *el)
{
	size_t comment = el->comment ? strlen(el->comment) + 12 : 0;

	return 80 + 2 * key_len(set) + comment +
	       (set->is_map ? 2 * NFT_COMMENT_MOST : 0);
}

static void encode_elements(struct nft_encoding *e, const struct nft_set *set,
			    const char *name, uint32_t id)
{
	size_t i = 0, count = set->elements.count;
	bool ends = set->intervals && set->width == 1 && count &&
		    set->elements.at[0].key[0].lo > 0;

	while (i < count) {
		struct nftnl_set *s = frame(e, name, id);
		const char *names = set->elements.at[i].comment;
		size_t bytes = 0;

		if (ends)
			add_end(e, s, set->types[0], 0);
		ends = false;
		while (i < count) {
			bytes += bytes_of(set, &set->elements.at[i]);
			if (bytes > ELEMENTS_BYTES)
				break;
			add_element(e, s, set, &set->elements.at[i++]);
		}
		send_elements(e, s, name, names);
	}
}

static uint32_t encode_set(struct nft_encoding *e, const struct nft_set *set,
			   const char *name)
{
	uint32_t id = e->batch->next_set++;

	define_set(e, set, name, id);
	encode_elements(e, set, name, id);
	return id;
}

/* --- rules --- */

struct rule_work {
	struct nft_encoding *e;
	struct nftnl_rule *rule;
	int family, protocol;	/* checked already; -1: not */
};

static struct nftnl_expr *add(struct rule_work *w, const char *kind)
{
	struct nftnl_expr *x = made(w->e, nftnl_expr_alloc(kind));

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
		word += padded(fields[m->fields[i]].len) / 4;
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

	load(w, m->fields[0], 0);
	put_value(lo, type, r.lo);
	put_value(hi, type, r.hi);
	if (r.lo == r.hi) {
		compare(w, m->negated ? NFT_CMP_NEQ : NFT_CMP_EQ, lo,
			types[type].len);
		return;
	}
	compare(w, NFT_CMP_GTE, lo, types[type].len);
	compare(w, NFT_CMP_LTE, hi, types[type].len);
}

static void match(struct rule_work *w, const struct nft_match *m)
{
	const struct range *only = &m->set->elements.at[0].key[0];

	check_parts(w, m);
	if (m->set->name) {
		load_key(w, m);
		look_up(w, own_name(w->e, m->set->name), 0, m->negated);
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
		put_bytes(bytes, i ? to.hi : to.lo, 4);
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
	nftnl_expr_set_u32(x, NFTNL_EXPR_IMM_VERDICT, verdict_number(verdict_));
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
		verdict(w, NFT_JUMP, own_name(w->e, rule->target));
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
	const char *name = map->set->name ? own_name(w->e, map->set->name)
					  : "__map%d";

	check_parts(w, map);
	load_key(w, map);
	nftnl_expr_set_u32(look_up(w, name, id, false), NFTNL_EXPR_LOOKUP_DREG,
			   NFT_REG_VERDICT);
}

static void send_rule(struct nft_encoding *e, struct nftnl_rule *r,
		      const char *chain, const char *names, uint16_t flags)
{
	struct nlmsghdr *m = nft_batch_message(e->batch, NFT_MSG_NEWRULE,
		NFPROTO_INET, NLM_F_CREATE | flags,
		about(e, "a rule of chain", chain, names));
	uint8_t userdata[2 + 256];
	size_t len = names ? comment_of(userdata, names) : 0;

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

static void encode_rule(struct nft_encoding *e, const char *chain,
			const struct nft_rule *rule)
{
	struct rule_work w = { e, NULL, -1, -1 };
	uint32_t id = 0;

	if (rule->map && !rule->map->set->name)
		id = encode_set(e, rule->map->set, "__map%d");
	w.rule = made(e, nftnl_rule_alloc());
	for (size_t i = 0; i < rule->matches.count; i++)
		match(&w, &rule->matches.at[i]);
	act(&w, rule);
	if (rule->map)
		decide_by_map(&w, rule->map, id);
	else
		decide(&w, rule);
	send_rule(e, w.rule, chain, rule->comment, NLM_F_APPEND);
}

/* --- the whole --- */

static void encode_rules(struct nft_encoding *e, const struct nft_chain *chain)
{
	const char *name = own_name(e, chain->name);

	for (size_t i = 0; i < chain->rules.count; i++)
		encode_rule(e, name, &chain->rules.at[i]);
}

void nft_encode_body(struct nft_encoding *e, const struct nft_model *model)
{
	for (size_t i = 0; i < model->others.count; i++)
		encode_chain(e, model->others.at[i]->name);
	for (int hook = NFT_INPUT; hook < NFT_HOOKS; hook++)
		if (model->chains[hook].present)
			encode_chain(e, model->chains[hook].name);
	for (size_t i = 0; i < model->sets.count; i++)
		(void)encode_set(e, model->sets.at[i],
				 own_name(e, model->sets.at[i]->name));
	for (size_t i = 0; i < model->others.count; i++)
		encode_rules(e, model->others.at[i]);
	for (int hook = NFT_INPUT; hook < NFT_HOOKS; hook++)
		encode_rules(e, &model->chains[hook]);
}

/* At the head, so the last one comes first. */
void nft_encode_switch(struct nft_encoding *e, const struct nft_chain *chain)
{
	struct rule_work w = { e, made(e, nftnl_rule_alloc()), -1, -1 };

	verdict(&w, chain->policy, NULL);
	send_rule(e, w.rule, chain->name, NULL, 0);
	w.rule = made(e, nftnl_rule_alloc());
	verdict(&w, NFT_JUMP, own_name(e, chain->name));
	send_rule(e, w.rule, chain->name, NULL, 0);
}
