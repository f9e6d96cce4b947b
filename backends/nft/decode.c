/*
 * By linux/netfilter/nf_tables.h and what the kernel's expressions do: bytes of
 * the packet are loaded into registers, compared or looked up, and a rule goes
 * on only where they hold.  Each byte of a register is followed by itself:
 * which byte of which field it is, and under which mask.
 */
#include "backends/nft/decode.h"

#include "backends/nft/expr.h"
#include "backends/nft/kernel.h"
#include "backends/nft/reader.h"

#include <errno.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES = 8 };	/* at reading a ruleset that keeps changing */

/* --- telling --- */

static int unclear(struct nft_decoder *d, const char *why)
{
	if (!d->why)
		d->why = why;
	return MNL_CB_OK;
}

static const char *kept(struct nft_decoder *d, const char *text)
{
	return text ? arena_copy(d->arena, text, strlen(text)) : NULL;
}

static bool is_ours(const struct nft_decoder *d, uint32_t family,
		    const char *table)
{
	return family == NFPROTO_INET && table && strcmp(table, d->table) == 0;
}

/* --- the table --- */

/* Type 0 is the comment: nft(8). */
static const char *comment_in(struct nft_decoder *d, const uint8_t *bytes,
			      uint32_t len)
{
	while (len >= 2 && bytes[1] <= len - 2) {
		if (bytes[0] == 0 && bytes[1] &&
		    memchr(bytes + 2, 0, bytes[1]) == bytes + 1 + bytes[1])
			return kept(d, (const char *)bytes + 2);
		len -= 2u + bytes[1];
		bytes += 2 + bytes[1];
	}
	return NULL;
}

/* OWNER and PERSIST say who may change it, and what becomes of it then. */
enum { KNOWN_TABLE_FLAGS = NFT_TABLE_F_DORMANT | NFT_TABLE_F_OWNER | 1 << 2 };

static int take_table(const struct nlmsghdr *m, void *context)
{
	struct nft_decoder *d = context;
	struct nftnl_table *t = nftnl_table_alloc();
	const uint8_t *userdata;
	uint32_t len = 0;

	if (!t || nftnl_table_nlmsg_parse(m, t) < 0) {
		nftnl_table_free(t);
		return MNL_CB_ERROR;
	}
	if (is_ours(d, nftnl_table_get_u32(t, NFTNL_TABLE_FAMILY),
		    nftnl_table_get_str(t, NFTNL_TABLE_NAME))) {
		uint32_t flags = nftnl_table_get_u32(t, NFTNL_TABLE_FLAGS);

		d->found = true;
		if (flags & NFT_TABLE_F_DORMANT)
			unclear(d, "the table is dormant: nothing in it holds");
		if (flags & ~(uint32_t)KNOWN_TABLE_FLAGS)
			unclear(d, "the table has flags that are not understood");
		userdata = nftnl_table_get_data(t, NFTNL_TABLE_USERDATA, &len);
		if (userdata)
			d->comment = comment_in(d, userdata, len);
	}
	nftnl_table_free(t);
	return MNL_CB_OK;
}

/* --- chains --- */

static int hook_of(uint32_t number)
{
	switch (number) {
	case NF_INET_LOCAL_IN:	   return NFT_INPUT;
	case NF_INET_LOCAL_OUT:	   return NFT_OUTPUT;
	case NF_INET_FORWARD:	   return NFT_FORWARD;
	case NF_INET_POST_ROUTING: return NFT_POSTROUTING;
	default:		   return -1;
	}
}

static void take_base_chain(struct nft_decoder *d, struct nftnl_chain *c,
			    const char *name)
{
	int hook = hook_of(nftnl_chain_get_u32(c, NFTNL_CHAIN_HOOKNUM));
	const char *type = nftnl_chain_get_str(c, NFTNL_CHAIN_TYPE);
	struct nft_chain *chain;

	if (nftnl_chain_get_u32(c, NFTNL_CHAIN_FLAGS) & ~(uint32_t)NFT_CHAIN_BASE)
		unclear(d, "a base chain with flags that are not understood");
	if (hook < 0 || !type ||
	    strcmp(type, hook == NFT_POSTROUTING ? "nat" : "filter") != 0) {
		unclear(d, "a base chain on a hook or of a type that is not understood");
		return;
	}
	chain = &d->model->chains[hook];
	if (chain->present)
		unclear(d, "a second chain on one hook");
	chain->present = true;
	chain->name = name;
	chain->priority = nftnl_chain_get_s32(c, NFTNL_CHAIN_PRIO);
	chain->policy = nftnl_chain_get_u32(c, NFTNL_CHAIN_POLICY) == NF_ACCEPT
		? NFT_ACCEPT : NFT_DROP;
	*table_at_name(&d->chains, name) = chain;
}

static void keep_chain(struct nft_decoder *d, struct nftnl_chain *c)
{
	const char *name = kept(d, nftnl_chain_get_str(c, NFTNL_CHAIN_NAME));
	struct nft_chain *chain;

	if (nftnl_chain_is_set(c, NFTNL_CHAIN_HOOKNUM)) {
		take_base_chain(d, c, name);
		return;
	}
	chain = arena_alloc(d->arena, sizeof *chain);
	chain->name = name;
	*LIST_PUSH(d->arena, &d->model->others) = chain;
	*table_at_name(&d->chains, name) = chain;
}

static int take_chain(const struct nlmsghdr *m, void *context)
{
	struct nft_decoder *d = context;
	struct nftnl_chain *c = nftnl_chain_alloc();
	bool read = c && nftnl_chain_nlmsg_parse(m, c) >= 0;

	if (read && is_ours(d, nftnl_chain_get_u32(c, NFTNL_CHAIN_FAMILY),
			    nftnl_chain_get_str(c, NFTNL_CHAIN_TABLE)))
		keep_chain(d, c);
	nftnl_chain_free(c);
	return read ? MNL_CB_OK : MNL_CB_ERROR;
}

/* --- sets --- */

/* A counter lets every packet go on; a limit or a quota does not. */
static int take_statement(struct nftnl_expr *x, void *context)
{
	const char *kind = nftnl_expr_get_str(x, NFTNL_EXPR_NAME);

	if (!kind || strcmp(kind, "counter") != 0)
		unclear(context, "an element whose packets are more than counted");
	return 0;
}

enum { KNOWN_FLAGS = NFT_SET_ANONYMOUS | NFT_SET_CONSTANT | NFT_SET_INTERVAL |
		     NFT_SET_MAP | NFT_SET_CONCAT };

static void take_lengths(struct nft_decoder *d, struct nftnl_set *s,
			 struct nft_live_set *set)
{
	uint32_t count = 0, total = 0;
	const uint8_t *lens = nftnl_set_get_data(s, NFTNL_SET_DESC_CONCAT,
						 &count);
	uint32_t len = nftnl_set_get_u32(s, NFTNL_SET_KEY_LEN);

	set->key_len = len;
	if (!lens || !count) {
		set->set.width = 1;
		set->lens[0] = len;
		set->plain = !set->set.intervals;
		if (len > (set->plain ? 64 : 16))
			unclear(d, "a key that is longer than any field");
		return;
	}
	if (count > NFT_KEY_MOST) {
		unclear(d, "a key of more than 4 fields");
		return;
	}
	set->set.width = count;
	for (uint32_t i = 0; i < count; i++) {
		set->lens[i] = lens[i];
		total += (lens[i] + 3u) / 4 * 4;
		if (!lens[i] || lens[i] > 16)
			unclear(d, "a field of a key that is longer than any");
	}
	if (total != len)
		unclear(d, "a key whose fields do not add up");
}

static void keep_set(struct nft_decoder *d, struct nftnl_set *s)
{
	struct nft_live_set *set = arena_alloc(d->arena, sizeof *set);
	uint32_t flags = nftnl_set_get_u32(s, NFTNL_SET_FLAGS);

	set->set.name = kept(d, nftnl_set_get_str(s, NFTNL_SET_NAME));
	set->set.intervals = flags & NFT_SET_INTERVAL;
	set->set.is_map = flags & NFT_SET_MAP;
	if (flags & ~(uint32_t)KNOWN_FLAGS)
		unclear(d, arena_printf(d->arena, "set `%s` has flags that are not understood",
					set->set.name));
	if (set->set.is_map &&
	    nftnl_set_get_u32(s, NFTNL_SET_DATA_TYPE) != NFT_DATA_VERDICT)
		unclear(d, "a map to anything but verdicts");
	(void)nftnl_set_expr_foreach(s, take_statement, d);	/* it never stops */
	take_lengths(d, s, set);
	*LIST_PUSH(d->arena, &d->all_sets) = set;
	*table_at_name(&d->sets, set->set.name) = set;
}

static int take_set(const struct nlmsghdr *m, void *context)
{
	struct nft_decoder *d = context;
	struct nftnl_set *s = nftnl_set_alloc();
	bool read = s && nftnl_set_nlmsg_parse(m, s) >= 0;

	if (read && is_ours(d, nftnl_set_get_u32(s, NFTNL_SET_FAMILY),
			    nftnl_set_get_str(s, NFTNL_SET_TABLE)))
		keep_set(d, s);
	nftnl_set_free(s);
	return read ? MNL_CB_OK : MNL_CB_ERROR;
}

/* --- elements --- */

/* A number in network order. */
static u128 number_of(const uint8_t *bytes, unsigned len)
{
	u128 number = 0;

	for (unsigned i = 0; i < len; i++)
		number = number << 8 | bytes[i];
	return number;
}

static bool take_key(const struct nft_live_set *set, const uint8_t *bytes,
		     uint32_t len, bool upper, struct nft_element *out)
{
	unsigned at = 0;

	if (set->plain && len > 16)
		return len == set->key_len;	/* no number: its bytes are kept */
	for (unsigned i = 0; i < set->set.width; i++) {
		u128 number;

		if (at + set->lens[i] > len)
			return false;
		number = number_of(bytes + at, set->lens[i]);
		if (!upper)
			out->key[i].lo = number;
		out->key[i].hi = number;
		at += set->set.width == 1 ? set->lens[i]
					  : (set->lens[i] + 3u) / 4 * 4;
	}
	return at == len;
}

static void take_verdict(struct nft_decoder *d, struct nftnl_set_elem *x,
			 struct nft_element *out)
{
	if (!nftnl_set_elem_is_set(x, NFTNL_SET_ELEM_VERDICT)) {
		unclear(d, "an element of a map without a verdict");
		return;
	}
	if (nftnl_set_elem_is_set(x, NFTNL_SET_ELEM_CHAIN))
		out->target = kept(d, nftnl_set_elem_get_str(x,
						NFTNL_SET_ELEM_CHAIN));
	if (!nft_verdict_of(d, nftnl_set_elem_get_u32(x, NFTNL_SET_ELEM_VERDICT),
			    out->target, &out->verdict, &out->chain))
		unclear(d, "an element with a verdict that is not understood");
}

static int take_element(struct nftnl_set_elem *x, void *context)
{
	struct nft_decoder *d = context;
	struct nft_live_set *set = d->filling;
	/* libnftnl 1.2.4 reads through NULL where an attribute is not there */
	uint32_t flags = nftnl_set_elem_is_set(x, NFTNL_SET_ELEM_FLAGS)
		? nftnl_set_elem_get_u32(x, NFTNL_SET_ELEM_FLAGS) : 0;
	struct nft_live_element e = { .ends = flags &
					      NFT_SET_ELEM_INTERVAL_END };
	uint32_t len = 0, end_len = 0;
	const uint8_t *key = nftnl_set_elem_get(x, NFTNL_SET_ELEM_KEY, &len);
	const uint8_t *end = nftnl_set_elem_get(x, NFTNL_SET_ELEM_KEY_END,
						&end_len);

	if (flags & ~(uint32_t)NFT_SET_ELEM_INTERVAL_END ||
	    nftnl_set_elem_is_set(x, NFTNL_SET_ELEM_TIMEOUT) ||
	    nftnl_set_elem_is_set(x, NFTNL_SET_ELEM_EXPIRATION) ||
	    nftnl_set_elem_is_set(x, NFTNL_SET_ELEM_OBJREF))
		return unclear(d, "an element that is not understood");
	(void)nftnl_set_elem_expr_foreach(x, take_statement, d);
	if (!key || !take_key(set, key, len, false, &e.element) ||
	    (end && !take_key(set, end, end_len, true, &e.element)))
		return unclear(d, "an element whose key is not understood");
	if (set->plain)
		e.raw = memcpy(arena_alloc(d->arena, len), key, len);
	if (set->set.is_map && !e.ends)
		take_verdict(d, x, &e.element);
	*LIST_PUSH(d->arena, &set->found) = e;
	return 0;
}

static int take_elements(const struct nlmsghdr *m, void *context)
{
	struct nftnl_set *s = nftnl_set_alloc();
	int outcome = MNL_CB_ERROR;

	if (s && nftnl_set_elems_nlmsg_parse(m, s) >= 0 &&
	    nftnl_set_elem_foreach(s, take_element, context) >= 0)
		outcome = MNL_CB_OK;
	nftnl_set_free(s);
	return outcome;
}

static int by_key(const void *x, const void *y)
{
	const struct nft_live_element *a = x, *b = y;

	if (a->element.key[0].lo != b->element.key[0].lo)
		return a->element.key[0].lo < b->element.key[0].lo ? -1 : 1;
	return b->ends - a->ends;	/* a range ends before the next begins */
}

/*
 * In a set of one field a range goes on to the next key; one that has no end
 * goes on to the last value of all.
 */
static void close_ranges(struct nft_live_set *set)
{
	size_t count = set->found.count;
	u128 last = set->lens[0] == 16 ? U128_MAX
		  : ((u128)1 << 8 * set->lens[0]) - 1;

	if (count)
		qsort(set->found.at, count, sizeof *set->found.at, by_key);
	for (size_t i = 0; i < count; i++)
		set->found.at[i].element.key[0].hi = i + 1 < count
			? set->found.at[i + 1].element.key[0].lo - 1 : last;
}

static bool read_elements(struct nft_decoder *d, struct nft_live_set *set)
{
	d->filling = set;
	if (!nft_link_dump(d->link, NFT_MSG_GETSETELEM, NFPROTO_INET, d->table,
			   set->set.name, take_elements, d))
		return false;
	if (set->set.intervals && set->set.width == 1)
		close_ranges(set);
	for (size_t i = 0; i < set->found.count; i++)
		if (!set->found.at[i].ends)
			*LIST_PUSH(d->arena, &set->set.elements) =
				set->found.at[i].element;
	return true;
}

/* --- rules --- */

static void keep_rule(struct nft_decoder *d, struct nftnl_rule *r)
{
	const char *name = nftnl_rule_get_str(r, NFTNL_RULE_CHAIN);
	struct nft_chain *chain = name ? table_get_name(&d->chains, name)
				       : NULL;
	struct nft_rule *rule;
	const char *why;

	if (!chain) {
		unclear(d, "a rule of a chain that is not there");
		return;
	}
	rule = LIST_PUSH(d->arena, &chain->rules);
	rule->line = (unsigned)chain->rules.count;
	why = nft_rule_decode(d, r, rule);
	if (why)
		unclear(d, arena_printf(d->arena, "rule %u of chain `%s`: %s",
					rule->line, chain->name, why));
}

static int take_rule(const struct nlmsghdr *m, void *context)
{
	struct nft_decoder *d = context;
	struct nftnl_rule *r = nftnl_rule_alloc();
	bool read = r && nftnl_rule_nlmsg_parse(m, r) >= 0;

	if (read && is_ours(d, nftnl_rule_get_u32(r, NFTNL_RULE_FAMILY),
			    nftnl_rule_get_str(r, NFTNL_RULE_TABLE)))
		keep_rule(d, r);
	nftnl_rule_free(r);
	return read ? MNL_CB_OK : MNL_CB_ERROR;
}

/* --- the whole --- */

static bool read_all(struct nft_decoder *d)
{
	if (!nft_link_dump(d->link, NFT_MSG_GETTABLE, NFPROTO_INET, NULL, NULL,
			   take_table, d))
		return false;
	if (!d->found)
		return true;
	if (!nft_link_dump(d->link, NFT_MSG_GETCHAIN, NFPROTO_INET, NULL, NULL,
			   take_chain, d) ||
	    !nft_link_dump(d->link, NFT_MSG_GETSET, NFPROTO_INET, d->table,
			   NULL, take_set, d))
		return false;
	for (size_t i = 0; i < d->all_sets.count; i++)
		if (!read_elements(d, d->all_sets.at[i]))
			return false;
	return nft_link_dump(d->link, NFT_MSG_GETRULE, NFPROTO_INET, d->table,
			     NULL, take_rule, d);
}

/* One generation from the first question to the last answer. */
static bool read_once(struct nft_decoder *d, bool *steady)
{
	uint32_t before, after;
	bool read;

	*steady = false;
	if (!nft_link_settled(d->link, &before))
		return false;
	read = read_all(d);
	if (!read && errno != EINTR)
		return false;
	if (!nft_link_generation(d->link, &after))
		return false;
	*steady = read && before == after;
	return true;
}

static enum nft_found judge(struct nft_decoder *d,
			    const struct nft_model **out)
{
	if (!d->found)
		return NFT_ABSENT;
	if (!d->why && (!d->comment ||
			!nft_identity_read(d->arena, d->comment,
					   &d->model->identity) ||
			strcmp(nft_table_name(&d->model->identity),
			       d->table) != 0))
		unclear(d, "its comment does not say whose it is");
	if (!d->why) {
		*out = d->model;
		return NFT_FOUND;
	}
	diag_add(d->diags, P0601, (struct span){ 0, 0 },
		 "the kernel's table `inet %s`: %s", d->table, d->why);
	return NFT_UNCLEAR;
}

enum nft_found nft_decode(struct nft_link *link, struct arena *arena,
			  struct diags *diags, const char *table,
			  const struct nft_model **out)
{
	bool steady = false;

	for (int i = 0; i < TRIES && !steady; i++) {
		struct nft_decoder d = {
			.link = link, .arena = arena, .diags = diags,
			.table = table, .sets = TABLE_IN(arena),
			.chains = TABLE_IN(arena),
			.model = arena_alloc(arena, sizeof *d.model),
		};

		d.model->file = arena_printf(arena, "the kernel's table inet %s",
					     table);
		if (!read_once(&d, &steady))
			break;
		if (steady)
			return judge(&d, out);
		errno = EAGAIN;
	}
	diag_add(diags, P0604, (struct span){ 0, 0 },
		 "the kernel's ruleset cannot be read: %s", strerror(errno));
	return NFT_UNREADABLE;
}
