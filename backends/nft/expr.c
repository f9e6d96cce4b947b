/*
 * A rule as the kernel runs it: its expressions in order, each of which either
 * lets the packet go on or ends the rule.  16 registers of 4 bytes; what a byte
 * holds is known, or nothing that looks at it is understood.
 */
#include "backends/nft/expr.h"

#include "backends/nft/kernel.h"
#include "compiler/base/service.h"

#include <libnftnl/expr.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <string.h>

enum { REGISTER_BYTES = 64 };

enum holds { NOTHING, OF_FIELD, CONSTANT };

/* A byte of a register. */
struct content {
	enum holds holds;
	enum nft_field field;
	unsigned index;		/* which byte of the field, 0 the first */
	uint8_t value;		/* of CONSTANT */
	uint8_t mask;		/* of OF_FIELD: the bits that are left */
};

struct work {
	struct nft_decoder *d;
	struct nft_rule *rule;
	struct content at[REGISTER_BYTES];
	int family, protocol;	/* of all packets that get this far; -1: any */
	bool decided;
	const char *why;
};

static void unclear(struct work *w, const char *why)
{
	if (!w->why)
		w->why = why;
}

/* --- fields --- */

/* Lengths in bytes; those of HOST order are looked at as one number. */
static const struct { unsigned len; bool host; } fields[NFT_FIELDS] = {
	[NFT_NFPROTO]	   = { 1, false }, [NFT_L4PROTO]     = { 1, false },
	[NFT_IP_SADDR]	   = { 4, false }, [NFT_IP_DADDR]    = { 4, false },
	[NFT_IP6_SADDR]	   = { 16, false }, [NFT_IP6_DADDR]  = { 16, false },
	[NFT_IP6_HOPLIMIT] = { 1, false },
	[NFT_TH_SPORT]	   = { 2, false }, [NFT_TH_DPORT]    = { 2, false },
	[NFT_ICMP_TYPE]	   = { 1, false }, [NFT_ICMP_CODE]   = { 1, false },
	[NFT_ICMPV6_TYPE]  = { 1, false }, [NFT_ICMPV6_CODE] = { 1, false },
	[NFT_IPSEC]	   = { 1, false },
	[NFT_CT_STATE]	   = { 4, true },  [NFT_IIF]	     = { 4, true },
	[NFT_OIF]	   = { 4, true },
};

/* Where fields are in a header, for packets of a family or a protocol. */
struct place {
	enum nft_field field;
	unsigned at;
};

static const struct place ipv4[] = {
	{ NFT_IP_SADDR, 12 }, { NFT_IP_DADDR, 16 }, { NFT_FIELDS, 0 },
};
static const struct place ipv6[] = {
	{ NFT_IP6_HOPLIMIT, 7 }, { NFT_IP6_SADDR, 8 }, { NFT_IP6_DADDR, 24 },
	{ NFT_FIELDS, 0 },
};
static const struct place ports[] = {
	{ NFT_TH_SPORT, 0 }, { NFT_TH_DPORT, 2 }, { NFT_FIELDS, 0 },
};
static const struct place icmp[] = {
	{ NFT_ICMP_TYPE, 0 }, { NFT_ICMP_CODE, 1 }, { NFT_FIELDS, 0 },
};
static const struct place icmpv6[] = {
	{ NFT_ICMPV6_TYPE, 0 }, { NFT_ICMPV6_CODE, 1 }, { NFT_FIELDS, 0 },
};

/* The header at BASE of the packets that get this far; NULL: not known. */
static const struct place *header_at(const struct work *w, uint32_t base)
{
	if (base == NFT_PAYLOAD_NETWORK_HEADER)
		return w->family == NFT_FAMILY_IPV4 ? ipv4
		     : w->family == NFT_FAMILY_IPV6 ? ipv6 : NULL;
	if (base != NFT_PAYLOAD_TRANSPORT_HEADER)
		return NULL;
	if (w->family == NFT_FAMILY_IPV4 && w->protocol == PROTO_ICMP)
		return icmp;
	if (w->family == NFT_FAMILY_IPV6 && w->protocol == PROTO_ICMP6)
		return icmpv6;
	/* of which protocols these are ports, the model's denotation asks */
	return ports;
}

static const struct place *place_of(const struct place *header, unsigned byte)
{
	for (; header && header->field != NFT_FIELDS; header++)
		if (byte >= header->at &&
		    byte < header->at + fields[header->field].len)
			return header;
	return NULL;
}

/* --- registers --- */

/* The first byte of a register; -1: there is none of that number. */
static int register_at(uint32_t number)
{
	if (number >= NFT_REG_1 && number <= NFT_REG_4)
		return (int)(number - NFT_REG_1) * 16;
	if (number >= NFT_REG32_00 && number <= NFT_REG32_15)
		return (int)(number - NFT_REG32_00) * 4;
	return -1;
}

/* LEN bytes at REGISTER, of which the kernel writes whole words; or NULL. */
static struct content *span_of(struct work *w, uint32_t number, uint32_t len)
{
	int at = register_at(number);

	if (at < 0 || len == 0 || len > REGISTER_BYTES ||
	    (uint32_t)at + len > REGISTER_BYTES) {
		unclear(w, "a register that there is not");
		return NULL;
	}
	return &w->at[at];
}

/* The same, about to be written: the rest of its last word becomes zero. */
static struct content *target_of(struct work *w, uint32_t number, uint32_t len)
{
	struct content *to = span_of(w, number, len);

	for (uint32_t i = len; to && i % 4; i++)
		to[i] = (struct content){ .holds = CONSTANT };
	return to;
}

static void load_field(struct work *w, uint32_t number, enum nft_field field)
{
	struct content *to = target_of(w, number, fields[field].len);

	for (unsigned i = 0; to && i < fields[field].len; i++)
		to[i] = (struct content){ OF_FIELD, field, i, 0, 0xff };
}

/* --- loads --- */

static void meta(struct work *w, struct nftnl_expr *x)
{
	static const struct { uint32_t key; enum nft_field field; } keys[] = {
		{ NFT_META_NFPROTO, NFT_NFPROTO },
		{ NFT_META_L4PROTO, NFT_L4PROTO },
		{ NFT_META_IIF, NFT_IIF },
		{ NFT_META_OIF, NFT_OIF },
		{ NFT_META_SECPATH, NFT_IPSEC },
	};
	uint32_t key = nftnl_expr_get_u32(x, NFTNL_EXPR_META_KEY);

	if (nftnl_expr_is_set(x, NFTNL_EXPR_META_SREG)) {
		unclear(w, "a packet that is marked");
		return;
	}
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (keys[i].key == key) {
			load_field(w, nftnl_expr_get_u32(x,
				NFTNL_EXPR_META_DREG), keys[i].field);
			return;
		}
	unclear(w, "`meta` of something that is not understood");
}

static void connection(struct work *w, struct nftnl_expr *x)
{
	if (nftnl_expr_is_set(x, NFTNL_EXPR_CT_SREG) ||
	    nftnl_expr_is_set(x, NFTNL_EXPR_CT_DIR) ||
	    nftnl_expr_get_u32(x, NFTNL_EXPR_CT_KEY) != NFT_CT_STATE_KEY)
		unclear(w, "`ct` of anything but the state");
	else
		load_field(w, nftnl_expr_get_u32(x, NFTNL_EXPR_CT_DREG),
			   NFT_CT_STATE);
}

static void payload(struct work *w, struct nftnl_expr *x)
{
	uint32_t base = nftnl_expr_get_u32(x, NFTNL_EXPR_PAYLOAD_BASE);
	uint32_t offset = nftnl_expr_get_u32(x, NFTNL_EXPR_PAYLOAD_OFFSET);
	uint32_t len = nftnl_expr_get_u32(x, NFTNL_EXPR_PAYLOAD_LEN);
	const struct place *header = header_at(w, base);
	struct content *to;

	if (nftnl_expr_is_set(x, NFTNL_EXPR_PAYLOAD_SREG)) {
		unclear(w, "a packet that is changed");
		return;
	}
	to = target_of(w, nftnl_expr_get_u32(x, NFTNL_EXPR_PAYLOAD_DREG), len);
	for (uint32_t i = 0; to && i < len; i++) {
		const struct place *p = place_of(header, offset + i);

		if (!p) {
			unclear(w, "bytes of a packet that are no field that is understood");
			return;
		}
		to[i] = (struct content){ OF_FIELD, p->field,
					  offset + i - p->at, 0, 0xff };
	}
}

static void bitwise(struct work *w, struct nftnl_expr *x)
{
	uint32_t len = nftnl_expr_get_u32(x, NFTNL_EXPR_BITWISE_LEN);
	uint32_t mask_len = 0, xor_len = 0;
	const uint8_t *mask = nftnl_expr_get(x, NFTNL_EXPR_BITWISE_MASK,
					     &mask_len);
	const uint8_t *xor = nftnl_expr_get(x, NFTNL_EXPR_BITWISE_XOR,
					    &xor_len);
	const struct content *from = span_of(w,
		nftnl_expr_get_u32(x, NFTNL_EXPR_BITWISE_SREG), len);
	struct content copy[REGISTER_BYTES], *to;

	if (nftnl_expr_get_u32(x, NFTNL_EXPR_BITWISE_OP) != NFT_BITWISE_BOOL ||
	    !from || !mask || !xor || mask_len != len || xor_len != len) {
		unclear(w, "a shift, or bits that are not understood");
		return;
	}
	/* the two may overlap, and making room for one clears part of the other */
	memcpy(copy, from, len * sizeof *copy);
	to = target_of(w, nftnl_expr_get_u32(x, NFTNL_EXPR_BITWISE_DREG), len);
	for (uint32_t i = 0; to && i < len; i++) {
		to[i] = copy[i];
		to[i].mask &= mask[i];
		to[i].value &= mask[i];
		if (xor[i])
			unclear(w, "bits that are turned over");
	}
}

/*
 * nft writes one for each field of one byte in a key of ranges, to be turned in
 * units of two: there is no whole unit in it, and nothing happens.
 */
static void byteorder(struct work *w, struct nftnl_expr *x)
{
	uint32_t len = nftnl_expr_get_u32(x, NFTNL_EXPR_BYTEORDER_LEN);
	uint32_t size = nftnl_expr_get_u32(x, NFTNL_EXPR_BYTEORDER_SIZE);

	if (len >= size || nftnl_expr_get_u32(x, NFTNL_EXPR_BYTEORDER_SREG) !=
			   nftnl_expr_get_u32(x, NFTNL_EXPR_BYTEORDER_DREG))
		unclear(w, "bytes that are turned round");
}

static void immediate_data(struct work *w, struct nftnl_expr *x)
{
	uint32_t len = 0;
	const uint8_t *data = nftnl_expr_get(x, NFTNL_EXPR_IMM_DATA, &len);
	struct content *to = target_of(w, nftnl_expr_get_u32(x,
						NFTNL_EXPR_IMM_DREG), len);

	for (uint32_t i = 0; data && to && i < len; i++)
		to[i] = (struct content){ .holds = CONSTANT,
					  .value = data[i] };
	if (!data)
		unclear(w, "a constant without a value");
}

/* --- matches --- */

static struct nft_match *add_match(struct work *w, enum nft_field field)
{
	struct nft_match *m = LIST_PUSH(w->d->arena, &w->rule->matches);
	struct nft_set *set = arena_alloc(w->d->arena, sizeof *set);

	/* a limit has counted packets that go no further: then it is not a log's */
	if (w->rule->rate || w->rule->log)
		unclear(w, "a match behind a limit or a log line");
	m->fields[0] = field;
	m->width = 1;
	m->set = set;
	set->width = 1;
	return m;
}

static void add_range(struct work *w, struct nft_match *m, struct range r)
{
	struct nft_set *set = (struct nft_set *)m->set;

	*LIST_PUSH(w->d->arena, &set->elements) =
		(struct nft_element){ .key = { r } };
}

static bool all_bytes_of(const struct content *at, unsigned len)
{
	for (unsigned i = 0; i < len; i++)
		if (at[i].holds != OF_FIELD || at[i].field != at[0].field ||
		    at[i].index != i)
			return false;
	return true;
}

static const uint32_t state_bits[NFT_STATES] = {
	[NFT_NEW]	  = NF_CT_STATE_BIT(IP_CT_NEW),
	[NFT_ESTABLISHED] = NF_CT_STATE_BIT(IP_CT_ESTABLISHED),
	[NFT_RELATED]	  = NF_CT_STATE_BIT(IP_CT_RELATED),
	[NFT_INVALID]	  = NF_CT_STATE_INVALID_BIT,
	[NFT_UNTRACKED]	  = NF_CT_STATE_UNTRACKED_BIT,
};

/* What a number of the kernel's own order means in the model; -1: nothing. */
static int own_value(enum nft_field field, uint32_t number)
{
	if (field != NFT_CT_STATE)
		return number == NFT_LOOPBACK ? NFT_LOOPBACK : -1;
	for (int s = 0; s < NFT_STATES; s++)
		if (state_bits[s] == number)
			return s;
	return -1;
}

/* States: one by its bit, or any of those under a mask. */
static void compare_states(struct work *w, uint32_t how, uint32_t mask,
			   uint32_t value)
{
	bool any = value == 0 && mask != UINT32_MAX;
	struct nft_match *m = add_match(w, NFT_CT_STATE);
	uint32_t left = any ? mask : value;

	m->negated = any ? how == NFT_CMP_EQ : how == NFT_CMP_NEQ;
	if ((how != NFT_CMP_EQ && how != NFT_CMP_NEQ) ||
	    (!any && mask != UINT32_MAX) || !left)
		unclear(w, "a comparison of states that is not understood");
	for (int s = 0; s < NFT_STATES; s++) {
		struct range one = { (unsigned)s, (unsigned)s };

		if (!(left & state_bits[s]) || (!any && left != state_bits[s]))
			continue;
		add_range(w, m, one);
		left &= ~state_bits[s];
	}
	if (left)
		unclear(w, "a state that is not understood");
}

static void compare_own(struct work *w, const struct content *at, uint32_t how,
			const uint8_t *data)
{
	enum nft_field field = at[0].field;
	uint8_t masks[4] = { at[0].mask, at[1].mask, at[2].mask, at[3].mask };
	uint32_t mask, value;
	struct nft_match *m;
	int own;

	memcpy(&mask, masks, sizeof mask);
	memcpy(&value, data, sizeof value);
	if (field == NFT_CT_STATE) {
		compare_states(w, how, mask, value);
		return;
	}
	own = own_value(field, value);
	m = add_match(w, field);
	m->negated = how == NFT_CMP_NEQ;
	if (own < 0 || mask != UINT32_MAX ||
	    (how != NFT_CMP_EQ && how != NFT_CMP_NEQ))
		unclear(w, "an interface that is not loopback");
	else
		add_range(w, m, (struct range){ (unsigned)own, (unsigned)own });
}

/*
 * The values of the field whose first LEN bytes are DATA where the mask has
 * bits, which have to be its first; false: they are not.
 */
static bool prefix_of(const struct content *at, unsigned len,
		      const uint8_t *data, struct range *out)
{
	unsigned whole = fields[at[0].field].len;
	bool open = false;

	*out = (struct range){ 0, 0 };
	for (unsigned i = 0; i < whole; i++) {
		uint8_t mask = i < len ? at[i].mask : 0;
		uint8_t byte = i < len ? data[i] : 0;
		uint8_t rest = (uint8_t)~mask;

		if ((open && mask) || (rest & (uint8_t)(rest + 1)) ||
		    (byte & rest))
			return false;
		open |= rest != 0;
		out->lo = out->lo << 8 | byte;
		out->hi = out->hi << 8 | (uint8_t)(byte | rest);
	}
	return true;
}

/* What is known of the packets that go on. */
static void learn(struct work *w, enum nft_field field, struct range r)
{
	if (r.lo != r.hi)
		return;
	if (field == NFT_NFPROTO)
		w->family = (int)r.lo;
	if (field == NFT_L4PROTO)
		w->protocol = (int)r.lo;
}

static void compare_equal(struct work *w, const struct content *at,
			  unsigned len, uint32_t how, const uint8_t *data)
{
	struct nft_match *m = add_match(w, at[0].field);
	struct range r;

	if (!prefix_of(at, len, data, &r)) {
		unclear(w, "a comparison under a mask that is no prefix");
		return;
	}
	m->negated = how == NFT_CMP_NEQ;
	add_range(w, m, r);
	if (!m->negated)
		learn(w, at[0].field, r);
}

/* Greater, less: of a whole field. */
static void compare_order(struct work *w, const struct content *at,
			  unsigned len, uint32_t how, const uint8_t *data)
{
	unsigned whole = fields[at[0].field].len;
	u128 last = whole == 16 ? U128_MAX : ((u128)1 << 8 * whole) - 1;
	struct range r = { 0, last }, value;
	bool exact = prefix_of(at, len, data, &value) && value.lo == value.hi;
	struct nft_match *m = add_match(w, at[0].field);

	if (!exact) {
		unclear(w, "an order of parts of a field");
		return;
	}
	switch (how) {
	case NFT_CMP_GTE: r.lo = value.lo; break;
	case NFT_CMP_LTE: r.hi = value.lo; break;
	case NFT_CMP_GT:  r.lo = value.lo + 1; break;
	case NFT_CMP_LT:  r.hi = value.lo - 1; break;
	default:	  unclear(w, "a comparison that is not understood");
	}
	if ((how == NFT_CMP_GT && value.lo == last) ||
	    (how == NFT_CMP_LT && value.lo == 0))
		unclear(w, "a comparison that nothing fulfils");
	else
		add_range(w, m, r);
}

/* The bytes at hand from AT on that are of one field. */
static unsigned run_of(const struct content *at, unsigned len)
{
	unsigned n = 0;

	while (n < len && at[n].holds == OF_FIELD &&
	       at[n].field == at[0].field && at[n].index == n)
		n++;
	return n;
}

static void compare(struct work *w, struct nftnl_expr *x)
{
	uint32_t how = nftnl_expr_get_u32(x, NFTNL_EXPR_CMP_OP), len = 0;
	const uint8_t *data = nftnl_expr_get(x, NFTNL_EXPR_CMP_DATA, &len);
	const struct content *at = data ? span_of(w,
		nftnl_expr_get_u32(x, NFTNL_EXPR_CMP_SREG), len) : NULL;
	unsigned fields_seen = 0;

	while (at && len) {
		unsigned n = run_of(at, len);

		if (!n) {
			unclear(w, "a comparison of something that is not known");
			return;
		}
		if (fields[at[0].field].host && n == 4)
			compare_own(w, at, how, data);
		else if (fields[at[0].field].host)
			unclear(w, "a comparison of part of a number");
		else if (how == NFT_CMP_EQ || how == NFT_CMP_NEQ)
			compare_equal(w, at, n, how, data);
		else
			compare_order(w, at, n, how, data);
		at += n;
		data += n;
		len -= n;
		fields_seen++;
	}
	if (fields_seen != 1 && how != NFT_CMP_EQ)
		unclear(w, "several fields compared at once");
}

/* --- sets --- */

/* A number in network order that is in the kernel's. */
static uint32_t turned(u128 number)
{
	uint8_t bytes[4] = { (uint8_t)(number >> 24), (uint8_t)(number >> 16),
			     (uint8_t)(number >> 8), (uint8_t)number };
	uint32_t out;

	memcpy(&out, bytes, sizeof out);
	return out;
}

/* The set with its keys as numbers of the model, for a field of host order. */
static const struct nft_set *own_set(struct work *w, const struct nft_set *set,
				     enum nft_field field)
{
	struct nft_set *out = arena_alloc(w->d->arena, sizeof *out);

	*out = *set;
	out->elements.at = NULL;
	out->elements.count = out->elements.cap = 0;
	for (size_t i = 0; i < set->elements.count; i++) {
		struct nft_element *e = LIST_PUSH(w->d->arena, &out->elements);
		int own = own_value(field, turned(set->elements.at[i].key[0].lo));

		*e = set->elements.at[i];
		if (own < 0 || e->key[0].lo != e->key[0].hi)
			unclear(w, "a set of states or interfaces that is not understood");
		else
			e->key[0] = (struct range){ (unsigned)own,
						    (unsigned)own };
	}
	return out;
}

/* LEN bytes in network order. */
static u128 number_in(const uint8_t *bytes, unsigned len)
{
	u128 number = 0;

	for (unsigned i = 0; i < len; i++)
		number = number << 8 | bytes[i];
	return number;
}

/* Bytes between a field and the next word: the registers have zeros there. */
static bool padded_by_zeros(const uint8_t *bytes, unsigned len)
{
	for (unsigned i = len; i % 4; i++)
		if (bytes[i])
			return false;
	return true;
}

static void split_key(struct work *w, const struct nft_live_element *from,
		      struct nft_live_set *to)
{
	struct nft_element *e = LIST_PUSH(w->d->arena, &to->set.elements);
	unsigned byte = 0;

	*e = from->element;
	for (unsigned i = 0; i < to->set.width; i++) {
		unsigned len = to->lens[i];
		u128 number = number_in(from->raw + byte, len);

		e->key[i] = (struct range){ number, number };
		if (to->set.width > 1 &&
		    !padded_by_zeros(from->raw + byte, len))
			unclear(w, "an element that no packet has");
		byte += (len + 3) / 4 * 4;
	}
}

/* A plain SET with the fields that are in the registers AT; NULL: it has others. */
static const struct nft_live_set *laid_out(struct work *w,
					   const struct nft_live_set *set,
					   const struct content *at)
{
	struct nft_live_set *out = arena_alloc(w->d->arena, sizeof *out);
	unsigned byte = 0;

	*out = *set;
	out->set.width = 0;
	out->set.elements.at = NULL;
	out->set.elements.count = out->set.elements.cap = 0;
	while (byte < set->key_len) {
		unsigned len = at[byte].holds == OF_FIELD
			? fields[at[byte].field].len : 0;

		if (!len || out->set.width == NFT_KEY_MOST)
			return NULL;
		out->lens[out->set.width++] = len;
		byte += set->key_len == len ? len : (len + 3) / 4 * 4;
	}
	if (byte != set->key_len)
		return NULL;
	for (size_t i = 0; i < set->found.count; i++)
		split_key(w, &set->found.at[i], out);
	return out;
}

/* The fields in the registers as the key of SET; false: they are not one. */
static bool key_at(struct work *w, const struct content *at,
		   const struct nft_live_set *set, struct nft_match *m)
{
	unsigned byte = 0;

	m->width = set->set.width;
	for (unsigned i = 0; i < m->width; i++) {
		unsigned len = set->lens[i], end = (len + 3) / 4 * 4;
		enum nft_field field = at[byte].field;

		if (!all_bytes_of(&at[byte], len) || fields[field].len != len ||
		    (fields[field].host && m->width > 1))
			return false;
		for (unsigned k = 0; k < len; k++)
			if (at[byte + k].mask != 0xff)
				return false;
		for (unsigned k = len; m->width > 1 && k < end; k++)
			if (at[byte + k].holds != CONSTANT ||
			    at[byte + k].value)
				return false;
		m->fields[i] = field;
		byte += end;
	}
	m->set = fields[m->fields[0]].host ? own_set(w, &set->set, m->fields[0])
					   : &set->set;
	return true;
}

static unsigned key_len(const struct nft_live_set *set)
{
	unsigned len = 0;

	if (set->plain)
		return (set->key_len + 3) / 4 * 4;
	for (unsigned i = 0; i < set->set.width; i++)
		len += (set->lens[i] + 3) / 4 * 4;
	return len;
}

static void add_map(struct work *w, const struct nft_match *m)
{
	struct nft_match *map = arena_alloc(w->d->arena, sizeof *map);

	*map = *m;
	w->rule->map = map;
	w->decided = true;
	if (m->width != 1)
		unclear(w, "a verdict map on several fields");
}

static void look_up(struct work *w, struct nftnl_expr *x)
{
	const char *name = nftnl_expr_get_str(x, NFTNL_EXPR_LOOKUP_SET);
	const struct nft_live_set *set = name ? table_get_name(&w->d->sets, name)
					      : NULL;
	bool map = nftnl_expr_is_set(x, NFTNL_EXPR_LOOKUP_DREG);
	uint32_t flags = nftnl_expr_is_set(x, NFTNL_EXPR_LOOKUP_FLAGS)
		? nftnl_expr_get_u32(x, NFTNL_EXPR_LOOKUP_FLAGS) : 0;
	const struct content *at;
	struct nft_match m = { .negated = flags & NFT_LOOKUP_F_INV };

	if (!set || set->set.is_map != map ||
	    flags & ~(uint32_t)NFT_LOOKUP_F_INV || (map && m.negated) ||
	    (map && nftnl_expr_get_u32(x, NFTNL_EXPR_LOOKUP_DREG) !=
		    NFT_REG_VERDICT)) {
		unclear(w, "a lookup that is not understood");
		return;
	}
	at = span_of(w, nftnl_expr_get_u32(x, NFTNL_EXPR_LOOKUP_SREG),
		     key_len(set));
	if (at && set->plain)
		set = laid_out(w, set, at);
	if (!at || !set || !key_at(w, at, set, &m)) {
		unclear(w, "a lookup by something that is not understood");
		return;
	}
	if (map) {
		add_map(w, &m);
	} else {
		struct nft_match *added = add_match(w, m.fields[0]);

		*added = m;
	}
}

/* --- what is done --- */

bool nft_verdict_of(struct nft_decoder *d, uint32_t number, const char *chain,
		    enum nft_verdict *out, const struct nft_chain **to)
{
	if (number == NF_ACCEPT || number == NF_DROP) {
		*out = number == NF_ACCEPT ? NFT_ACCEPT : NFT_DROP;
		return true;
	}
	*out = NFT_JUMP;
	*to = chain ? table_get_name(&d->chains, chain) : NULL;
	return number == (uint32_t)NFT_JUMP_CODE && *to;
}

static void immediate(struct work *w, struct nftnl_expr *x)
{
	const char *chain;

	if (nftnl_expr_get_u32(x, NFTNL_EXPR_IMM_DREG) != NFT_REG_VERDICT) {
		immediate_data(w, x);
		return;
	}
	chain = nftnl_expr_is_set(x, NFTNL_EXPR_IMM_CHAIN)
		? nftnl_expr_get_str(x, NFTNL_EXPR_IMM_CHAIN) : NULL;
	w->rule->target = chain ? arena_copy(w->d->arena, chain, strlen(chain))
				: NULL;
	if (!nft_verdict_of(w->d, nftnl_expr_get_u32(x, NFTNL_EXPR_IMM_VERDICT),
			    chain, &w->rule->verdict, &w->rule->chain))
		unclear(w, "a verdict that is not understood");
	w->decided = true;
}

static void reject(struct work *w, struct nftnl_expr *x)
{
	uint32_t type = nftnl_expr_get_u32(x, NFTNL_EXPR_REJECT_TYPE);
	uint8_t code = nftnl_expr_get_u8(x, NFTNL_EXPR_REJECT_CODE);

	w->decided = true;
	if (type == NFT_REJECT_TCP_RST)
		w->rule->verdict = NFT_RESET;
	else if (type == NFT_REJECT_ICMPX_UNREACH &&
		 code == NFT_REJECT_ICMPX_ADMIN_PROHIBITED)
		w->rule->verdict = NFT_REFUSE;
	else
		unclear(w, "another answer to what is refused");
}

static bool constant_at(struct work *w, uint32_t number, u128 *out)
{
	const struct content *at = span_of(w, number, 4);

	*out = 0;
	for (unsigned i = 0; at && i < 4; i++) {
		if (at[i].holds != CONSTANT)
			return false;
		*out = *out << 8 | at[i].value;
	}
	return at != NULL;
}

static void translate(struct work *w, struct nftnl_expr *x)
{
	struct range *nat = &w->rule->nat;
	uint32_t min = nftnl_expr_get_u32(x, NFTNL_EXPR_NAT_REG_ADDR_MIN);
	uint32_t max = nftnl_expr_is_set(x, NFTNL_EXPR_NAT_REG_ADDR_MAX)
		? nftnl_expr_get_u32(x, NFTNL_EXPR_NAT_REG_ADDR_MAX) : min;
	uint32_t flags = nftnl_expr_is_set(x, NFTNL_EXPR_NAT_FLAGS)
		? nftnl_expr_get_u32(x, NFTNL_EXPR_NAT_FLAGS) : 0;

	w->decided = true;
	w->rule->verdict = NFT_SNAT;
	if (nftnl_expr_get_u32(x, NFTNL_EXPR_NAT_TYPE) != NFT_NAT_SNAT ||
	    nftnl_expr_get_u32(x, NFTNL_EXPR_NAT_FAMILY) != NFPROTO_IPV4 ||
	    nftnl_expr_is_set(x, NFTNL_EXPR_NAT_REG_PROTO_MIN) ||
	    flags & ~(uint32_t)NF_NAT_RANGE_MAP_IPS ||
	    w->family != NFT_FAMILY_IPV4 || !constant_at(w, min, &nat->lo) ||
	    !constant_at(w, max, &nat->hi) || nat->lo > nat->hi)
		unclear(w, "a translation that is not understood");
}

static void limit(struct work *w, struct nftnl_expr *x)
{
	w->rule->rate = (unsigned)nftnl_expr_get_u64(x, NFTNL_EXPR_LIMIT_RATE);
	w->rule->burst = nftnl_expr_get_u32(x, NFTNL_EXPR_LIMIT_BURST);
	if (!w->rule->rate)
		w->rule->rate = 1;	/* whatever it is: it is a limit */
}

static void count(struct work *w, struct nftnl_expr *x)
{
	(void)x;
	w->rule->counter = true;
}

static void log_line(struct work *w, struct nftnl_expr *x)
{
	(void)x;
	w->rule->log = "";
}

static const struct {
	const char *name;
	void (*decode)(struct work *w, struct nftnl_expr *x);
} kinds[] = {
	{ "meta", meta }, { "payload", payload }, { "ct", connection },
	{ "bitwise", bitwise }, { "byteorder", byteorder }, { "cmp", compare }, { "lookup", look_up },
	{ "immediate", immediate }, { "reject", reject }, { "nat", translate },
	{ "limit", limit }, { "counter", count }, { "log", log_line },
};

static int decode(struct nftnl_expr *x, void *context)
{
	struct work *w = context;
	const char *name = nftnl_expr_get_str(x, NFTNL_EXPR_NAME);

	if (w->decided)
		unclear(w, "something behind the verdict");
	for (size_t i = 0; name && i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kinds[i].name, name) == 0) {
			kinds[i].decode(w, x);
			return 0;
		}
	unclear(w, arena_printf(w->d->arena, "an expression `%.32s`",
				name ? name : ""));
	return 0;
}

const char *nft_rule_decode(struct nft_decoder *d, struct nftnl_rule *r,
			    struct nft_rule *out)
{
	struct work w = { .d = d, .rule = out, .family = -1, .protocol = -1 };

	out->verdict = NFT_PASS;
	(void)nftnl_expr_foreach(r, decode, &w);	/* decode() never stops it */
	if (out->rate && w.decided)
		unclear(&w, "a verdict under a limit: whom it lets pass depends on time");
	return w.why;
}
