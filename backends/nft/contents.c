/*
 * libnftnl's reading of messages, and its words for expressions: two rules of
 * the same words and data are the same rule.  What a message has beyond what
 * firebreak writes goes into the words too, so that it makes a difference.
 */
#include "backends/nft/contents.h"

#include "backends/nft/kernel.h"
#include "compiler/base/text.h"

#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

enum { WORDS_MOST = 4096 };	/* of one expression */

static bool is_ours(const struct nft_contents *c, uint32_t family,
		    const char *table)
{
	return family == NFPROTO_INET && table && strcmp(table, c->table) == 0;
}

static const char *kept(struct nft_contents *c, const char *text)
{
	return text ? arena_copy(c->arena, text, strlen(text)) : "";
}

static void add_bytes(struct text *text, const void *bytes, uint32_t len)
{
	const uint8_t *at = bytes;

	text_printf(text, " %u:", (unsigned)len);
	for (uint32_t i = 0; at && i < len; i++)
		text_printf(text, "%02x", at[i]);
}

/* --- chains --- */

static const char *chain_frame(struct nft_contents *c, struct nftnl_chain *x)
{
	struct text text = TEXT_IN(c->arena);

	if (!nftnl_chain_is_set(x, NFTNL_CHAIN_HOOKNUM))
		return "";
	text_printf(&text, "%s hook %u priority %d policy %u",
		    kept(c, nftnl_chain_get_str(x, NFTNL_CHAIN_TYPE)),
		    nftnl_chain_get_u32(x, NFTNL_CHAIN_HOOKNUM),
		    nftnl_chain_get_s32(x, NFTNL_CHAIN_PRIO),
		    nftnl_chain_get_u32(x, NFTNL_CHAIN_POLICY));
	if (nftnl_chain_is_set(x, NFTNL_CHAIN_DEV) ||
	    nftnl_chain_is_set(x, NFTNL_CHAIN_DEVICES))
		text_puts(&text, " on devices");
	return text_string(&text);
}

static int take_chain(const struct nlmsghdr *m, void *context)
{
	struct nft_contents *c = context;
	struct nftnl_chain *x = nftnl_chain_alloc();
	bool read = x && nftnl_chain_nlmsg_parse(m, x) >= 0;

	if (read && is_ours(c, nftnl_chain_get_u32(x, NFTNL_CHAIN_FAMILY),
			    nftnl_chain_get_str(x, NFTNL_CHAIN_TABLE))) {
		struct nft_content_chain *chain = arena_alloc(c->arena,
							      sizeof *chain);

		chain->name = kept(c, nftnl_chain_get_str(x, NFTNL_CHAIN_NAME));
		chain->frame = chain_frame(c, x);
		*LIST_PUSH(c->arena, &c->chains) = chain;
		*table_at_name(&c->chain_names, chain->name) = chain;
	}
	nftnl_chain_free(x);
	return read ? MNL_CB_OK : MNL_CB_ERROR;
}

/* --- sets --- */

static int add_expression_name(struct nftnl_expr *x, void *text)
{
	text_printf(text, " %s", nftnl_expr_get_str(x, NFTNL_EXPR_NAME));
	return 0;
}

static const char *set_frame(struct nft_contents *c, struct nftnl_set *x,
			     const struct nft_content_set *set)
{
	static const uint16_t never[] = { NFTNL_SET_POLICY, NFTNL_SET_TIMEOUT,
		NFTNL_SET_GC_INTERVAL, NFTNL_SET_OBJ_TYPE };
	struct text text = TEXT_IN(c->arena);
	uint32_t len = 0;
	const void *bytes;

	text_printf(&text, "flags %x key %x of %u data %x",
		    nftnl_set_get_u32(x, NFTNL_SET_FLAGS),
		    nftnl_set_get_u32(x, NFTNL_SET_KEY_TYPE),
		    nftnl_set_get_u32(x, NFTNL_SET_KEY_LEN),
		    nftnl_set_is_set(x, NFTNL_SET_DATA_TYPE)
		    ? nftnl_set_get_u32(x, NFTNL_SET_DATA_TYPE) : 0);
	bytes = nftnl_set_get_data(x, NFTNL_SET_DESC_CONCAT, &len);
	add_bytes(&text, bytes, bytes ? len : 0);
	bytes = nftnl_set_get_data(x, NFTNL_SET_USERDATA, &len);
	add_bytes(&text, bytes, bytes ? len : 0);
	if (!set->exact)
		text_printf(&text, " size %u", set->size);
	for (size_t i = 0; i < sizeof never / sizeof *never; i++)
		if (nftnl_set_is_set(x, never[i]))
			text_printf(&text, " has %u", never[i]);
	(void)nftnl_set_expr_foreach(x, add_expression_name, &text);
	return text_string(&text);
}

static void keep_set(struct nft_contents *c, struct nftnl_set *x)
{
	struct nft_content_set *set = arena_alloc(c->arena, sizeof *set);
	uint32_t flags = nftnl_set_get_u32(x, NFTNL_SET_FLAGS);

	set->name = kept(c, nftnl_set_get_str(x, NFTNL_SET_NAME));
	set->size = nftnl_set_is_set(x, NFTNL_SET_DESC_SIZE)
		? nftnl_set_get_u32(x, NFTNL_SET_DESC_SIZE) : 0;
	set->anonymous = flags & NFT_SET_ANONYMOUS;
	set->exact = set->size && !(flags & (NFT_SET_ANONYMOUS |
					     NFT_SET_CONSTANT |
					     NFT_SET_INTERVAL));
	set->frame = set_frame(c, x, set);
	*LIST_PUSH(c->arena, &c->sets) = set;
	/* in a transaction all without a name are called alike: the last one */
	*table_at_name(&c->set_names, set->name) = set;
	c->filling = set;
}

static int take_set(const struct nlmsghdr *m, void *context)
{
	struct nft_contents *c = context;
	struct nftnl_set *x = nftnl_set_alloc();
	bool read = x && nftnl_set_nlmsg_parse(m, x) >= 0;

	if (read && is_ours(c, nftnl_set_get_u32(x, NFTNL_SET_FAMILY),
			    nftnl_set_get_str(x, NFTNL_SET_TABLE)))
		keep_set(c, x);
	nftnl_set_free(x);
	return read ? MNL_CB_OK : MNL_CB_ERROR;
}

/* --- elements --- */

/* In front of an item's bytes behind its key. */
struct item_head {
	uint32_t flags, verdict, has_verdict, odd;
	uint32_t end_len, chain_len, userdata_len;
};

static const void *part_of(struct nftnl_set_elem *x, uint16_t attribute,
			   uint32_t *len)
{
	*len = 0;
	/* libnftnl 1.2.4 reads through NULL where an attribute is not there */
	return nftnl_set_elem_is_set(x, attribute)
		? nftnl_set_elem_get(x, attribute, len) : NULL;
}

static uint8_t *put(uint8_t *at, const void *bytes, uint32_t len)
{
	if (len)
		memcpy(at, bytes, len);
	return at + len;
}

static struct item_head head_of(struct nftnl_set_elem *x)
{
	struct item_head head = { 0 };

	if (nftnl_set_elem_is_set(x, NFTNL_SET_ELEM_FLAGS))
		head.flags = nftnl_set_elem_get_u32(x, NFTNL_SET_ELEM_FLAGS);
	head.has_verdict = nftnl_set_elem_is_set(x, NFTNL_SET_ELEM_VERDICT);
	if (head.has_verdict)
		head.verdict = nftnl_set_elem_get_u32(x,
						NFTNL_SET_ELEM_VERDICT);
	head.odd = nftnl_set_elem_is_set(x, NFTNL_SET_ELEM_TIMEOUT) ||
		   nftnl_set_elem_is_set(x, NFTNL_SET_ELEM_EXPIRATION) ||
		   nftnl_set_elem_is_set(x, NFTNL_SET_ELEM_OBJREF) ||
		   nftnl_set_elem_is_set(x, NFTNL_SET_ELEM_DATA);
	return head;
}

static int take_element(struct nftnl_set_elem *x, void *context)
{
	struct nft_contents *c = context;
	struct item_head head = head_of(x);
	uint32_t key_len, chain_len = 0;
	const void *key = part_of(x, NFTNL_SET_ELEM_KEY, &key_len);
	const void *end = part_of(x, NFTNL_SET_ELEM_KEY_END, &head.end_len);
	const void *userdata = part_of(x, NFTNL_SET_ELEM_USERDATA,
				       &head.userdata_len);
	const char *chain = nftnl_set_elem_is_set(x, NFTNL_SET_ELEM_CHAIN)
		? nftnl_set_elem_get_str(x, NFTNL_SET_ELEM_CHAIN) : NULL;
	struct nft_item *item = LIST_PUSH(c->arena, &c->filling->items);
	uint8_t *at;

	if (chain)
		chain_len = (uint32_t)strlen(chain) + 1;
	head.chain_len = chain_len;
	item->key_len = key_len;
	item->len = key_len + (uint32_t)sizeof head + head.end_len + chain_len +
		    head.userdata_len;
	item->bytes = at = arena_alloc(c->arena, item->len);
	at = put(at, key, key_len);
	at = put(at, &head, sizeof head);
	at = put(at, end, head.end_len);
	at = put(at, chain, chain_len);
	(void)put(at, userdata, head.userdata_len);
	return 0;
}

struct nft_item_parts nft_item_parts(const struct nft_item *item)
{
	struct nft_item_parts out = { .key = item->bytes,
				      .key_len = item->key_len };
	const uint8_t *at = item->bytes + item->key_len;
	struct item_head head;

	memcpy(&head, at, sizeof head);
	at += sizeof head + head.end_len;
	out.has_verdict = head.has_verdict;
	out.verdict = head.verdict;
	if (head.chain_len)
		out.chain = (const char *)at;
	out.userdata = at + head.chain_len;
	out.userdata_len = head.userdata_len;
	return out;
}

static int take_elements(const struct nlmsghdr *m, void *context)
{
	struct nft_contents *c = context;
	struct nftnl_set *x = nftnl_set_alloc();
	int outcome = MNL_CB_ERROR;

	if (x && c->filling && nftnl_set_elems_nlmsg_parse(m, x) >= 0 &&
	    nftnl_set_elem_foreach(x, take_element, context) >= 0)
		outcome = MNL_CB_OK;
	nftnl_set_free(x);
	return outcome;
}

/* --- rules --- */

struct wording {
	struct nft_contents *contents;
	struct text text;
	const struct nft_content_set *own;
};

/*
 * A set without a name is called otherwise in each ruleset; and flags that are
 * not there are none.
 */
static void word_lookup(struct wording *w, struct nftnl_expr *x)
{
	const char *name = nftnl_expr_get_str(x, NFTNL_EXPR_LOOKUP_SET);
	const struct nft_content_set *set = name
		? table_get_name(&w->contents->set_names, name) : NULL;

	if (!nftnl_expr_is_set(x, NFTNL_EXPR_LOOKUP_FLAGS))
		nftnl_expr_set_u32(x, NFTNL_EXPR_LOOKUP_FLAGS, 0);
	if (!set || !set->anonymous)
		return;
	w->own = set;
	nftnl_expr_set_str(x, NFTNL_EXPR_LOOKUP_SET, "");
	nftnl_expr_set_u32(x, NFTNL_EXPR_LOOKUP_SET_ID, 0);
}

/* Its words do not tell how long a constant is. */
static void word_length(struct wording *w, struct nftnl_expr *x,
			uint16_t attribute)
{
	uint32_t len = 0;
	const void *data = nftnl_expr_is_set(x, attribute)
		? nftnl_expr_get(x, attribute, &len) : NULL;

	add_bytes(&w->text, data, data ? len : 0);
}

static int word(struct nftnl_expr *x, void *context)
{
	struct wording *w = context;
	const char *name = nftnl_expr_get_str(x, NFTNL_EXPR_NAME);
	char words[WORDS_MOST] = "";

	if (strcmp(name, "lookup") == 0)
		word_lookup(w, x);
	if (strcmp(name, "cmp") == 0)
		word_length(w, x, NFTNL_EXPR_CMP_DATA);
	if (strcmp(name, "immediate") == 0)
		word_length(w, x, NFTNL_EXPR_IMM_DATA);
	text_printf(&w->text, "[%s", name);
	/* what it has counted is not what it is */
	if (strcmp(name, "counter") != 0 &&
	    nftnl_expr_snprintf(words, sizeof words, x, NFTNL_OUTPUT_DEFAULT,
				0) >= (int)sizeof words)
		text_puts(&w->text, " and more");
	text_printf(&w->text, " %s]", words);
	return 0;
}

static struct nft_content_rule rule_of(struct nft_contents *c,
				       struct nftnl_rule *x)
{
	struct wording w = { c, TEXT_IN(c->arena), NULL };
	uint32_t len = 0;
	const void *userdata;

	(void)nftnl_expr_foreach(x, word, &w);	/* word() never stops it */
	userdata = nftnl_rule_is_set(x, NFTNL_RULE_USERDATA)
		? nftnl_rule_get_data(x, NFTNL_RULE_USERDATA, &len) : NULL;
	add_bytes(&w.text, userdata, userdata ? len : 0);
	return (struct nft_content_rule){ text_string(&w.text), w.own };
}

static void keep_rule(struct nft_contents *c, struct nftnl_rule *x,
		      bool at_head)
{
	const char *name = nftnl_rule_get_str(x, NFTNL_RULE_CHAIN);
	struct nft_content_chain *chain = name
		? table_get_name(&c->chain_names, name) : NULL;
	struct nft_content_rule rule = rule_of(c, x);
	size_t count;

	if (!chain)
		return;
	(void)LIST_PUSH(c->arena, &chain->rules);
	count = chain->rules.count - 1;
	if (at_head)
		memmove(chain->rules.at + 1, chain->rules.at,
			count * sizeof *chain->rules.at);
	chain->rules.at[at_head ? 0 : count] = rule;
}

static int take_any_rule(const struct nlmsghdr *m, struct nft_contents *c,
			 bool at_head)
{
	struct nftnl_rule *x = nftnl_rule_alloc();
	bool read = x && nftnl_rule_nlmsg_parse(m, x) >= 0;

	if (read && is_ours(c, nftnl_rule_get_u32(x, NFTNL_RULE_FAMILY),
			    nftnl_rule_get_str(x, NFTNL_RULE_TABLE)))
		keep_rule(c, x, at_head);
	nftnl_rule_free(x);
	return read ? MNL_CB_OK : MNL_CB_ERROR;
}

static int take_listed_rule(const struct nlmsghdr *m, void *context)
{
	return take_any_rule(m, context, false);
}

/* --- the whole --- */

/*
 * libnftnl numbers the elements that it writes, and reads only what the kernel
 * writes: a list of things that are all called alike.
 */
static void name_alike(struct nlmsghdr *m)
{
	struct nlattr *list, *element;

	mnl_attr_for_each(list, m, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(list) == NFTA_SET_ELEM_LIST_ELEMENTS)
			mnl_attr_for_each_nested(element, list)
				element->nla_type = NLA_F_NESTED |
						    NFTA_LIST_ELEM;
}

static void take_message(struct nft_contents *c, struct nlmsghdr *m)
{
	int outcome = MNL_CB_OK;

	switch (m->nlmsg_type - (NFNL_SUBSYS_NFTABLES << 8)) {
	case NFT_MSG_NEWCHAIN:
		outcome = take_chain(m, c);
		break;
	case NFT_MSG_NEWSET:
		outcome = take_set(m, c);
		break;
	case NFT_MSG_NEWSETELEM:
		name_alike(m);
		outcome = take_elements(m, c);
		break;
	case NFT_MSG_NEWRULE:
		outcome = take_any_rule(m, c, !(m->nlmsg_flags & NLM_F_APPEND));
		break;
	default:
		break;
	}
	if (outcome != MNL_CB_OK)	/* they are our own: no memory for them */
		arena_refuse(c->arena, "memory ended");
}

static struct nft_contents contents_in(struct arena *arena, const char *table)
{
	return (struct nft_contents){ .arena = arena, .table = table,
				      .set_names = TABLE_IN(arena),
				      .chain_names = TABLE_IN(arena) };
}

struct nft_contents nft_contents_of_batch(struct nft_batch *b,
					  const char *table)
{
	struct nft_contents out = contents_in(b->arena, table);

	for (size_t at = 0; at < b->len;) {
		struct nlmsghdr *m = (void *)(b->at + at);

		take_message(&out, m);
		at += MNL_ALIGN(m->nlmsg_len);
	}
	return out;
}

bool nft_contents_read(struct nft_link *link, struct arena *arena,
		       const char *table, struct nft_contents *out)
{
	*out = contents_in(arena, table);
	return nft_link_dump(link, NFT_MSG_GETCHAIN, NFPROTO_INET, NULL, NULL,
			     take_chain, out) &&
	       nft_link_dump(link, NFT_MSG_GETSET, NFPROTO_INET, table, NULL,
			     take_set, out) &&
	       nft_link_dump(link, NFT_MSG_GETRULE, NFPROTO_INET, table, NULL,
			     take_listed_rule, out);
}

bool nft_contents_fill(struct nft_link *link, struct nft_contents *contents,
		       struct nft_content_set *set)
{
	contents->filling = set;
	return nft_link_dump(link, NFT_MSG_GETSETELEM, NFPROTO_INET,
			     contents->table, set->name, take_elements,
			     contents);
}
