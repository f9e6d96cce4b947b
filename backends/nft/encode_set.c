/*
 * Sets and their elements as the kernel keeps them (linux/netfilter/nf_tables.h)
 * and as nft(8) makes them, so that nft can list what is loaded: numbers are in
 * network order but for what the kernel makes up itself (connection states,
 * interfaces), and each field of a key begins a 32-bit register.
 */
#include "backends/nft/encoding.h"

#include "backends/nft/kernel.h"

#include <libnftnl/expr.h>
#include <libnftnl/set.h>
#include <libnftnl/udata.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <string.h>

enum {
	ELEMENTS_BYTES = 60000,	/* of one message: an attribute holds 64 KiB */
	KEY_BYTES = 4 * 16,
	HOST_ORDER = 1, NETWORK_ORDER = 2,	/* nft's: of a set's keys */
	OPEN_INTERVAL = 1,	/* nft's flag of an element: to the last value */
};

/* --- types and values --- */

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

void nft_put_bytes(uint8_t *out, u128 value, unsigned len)
{
	for (unsigned i = 0; i < len; i++)
		out[i] = (uint8_t)(value >> 8 * (len - 1 - i));
}

unsigned nft_put_value(uint8_t *out, enum nft_type type, u128 value)
{
	uint32_t own = (uint32_t)value;

	if (type == NFT_TYPE_CT_STATE)
		own = state_bits[own];
	if (type == NFT_TYPE_CT_STATE || type == NFT_TYPE_IFACE)
		memcpy(out, &own, sizeof own);
	else
		nft_put_bytes(out, value, types[type].len);
	return types[type].len;
}

unsigned nft_padded(unsigned len)
{
	return (len + 3) / 4 * 4;
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
		len += nft_padded(types[set->types[i]].len);
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
	struct nftnl_set *s = nft_made(e, nftnl_set_alloc());

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
		(struct nft_about){
			.what = nft_kind_and_name(e, set->is_map ? "map" : "set",
						  name),
			.set = set, .count = set->elements.count });
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
		nftnl_set_add_expr(s, nft_made(e, nftnl_expr_alloc("counter")));
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
		nft_put_value(out + at, set->types[i], bound == LOWER
			  ? el->key[i].lo : el->key[i].hi);
		at += nft_padded(types[set->types[i]].len);
	}
	return set->width == 1 ? types[set->types[0]].len : at;
}

uint32_t nft_verdict_number(enum nft_verdict verdict)
{
	return verdict == NFT_ACCEPT ? NF_ACCEPT
	     : verdict == NFT_DROP ? NF_DROP : (uint32_t)NFT_JUMP_CODE;
}

static struct nftnl_set_elem *element(struct nft_encoding *e,
				      const struct nft_set *set,
				      const struct nft_element *el,
				      const uint8_t *key, uint32_t len)
{
	struct nftnl_set_elem *x = nft_made(e, nftnl_set_elem_alloc());
	uint8_t userdata[2 + 256 + 6];
	size_t used = el->comment ? nft_comment_bytes(userdata, el->comment) : 0;

	nftnl_set_elem_set(x, NFTNL_SET_ELEM_KEY, key, len);
	if (set->is_map)
		nftnl_set_elem_set_u32(x, NFTNL_SET_ELEM_VERDICT,
				       nft_verdict_number(el->verdict));
	if (set->is_map && el->verdict == NFT_JUMP)
		nftnl_set_elem_set_str(x, NFTNL_SET_ELEM_CHAIN,
				       nft_own_name(e, el->target));
	if (used)
		nftnl_set_elem_set(x, NFTNL_SET_ELEM_USERDATA, userdata,
				   (uint32_t)used);
	return x;
}

/* The end of a range in a set of one field: a key of its own, not in it. */
static void add_end(struct nft_encoding *e, struct nftnl_set *s,
		    enum nft_type type, u128 behind)
{
	struct nftnl_set_elem *x = nft_made(e, nftnl_set_elem_alloc());
	uint8_t key[16];

	nft_put_value(key, type, behind);
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
			  struct nft_about about)
{
	struct nlmsghdr *m = nft_batch_message(e->batch, NFT_MSG_NEWSETELEM,
		NFPROTO_INET, NLM_F_CREATE, about);

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
		struct nft_about about = { .set = set, .first = i };
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
		about.count = i - about.first;
		about.what = nft_kind_and_name(e, set->is_map
			? "an element of map" : "an element of set", name);
		send_elements(e, s, about);
	}
}

uint32_t nft_encode_set(struct nft_encoding *e, const struct nft_set *set,
			   const char *name)
{
	uint32_t id = e->batch->next_set++;

	define_set(e, set, name, id);
	encode_elements(e, set, name, id);
	return id;
}
