/*
 * linux/netlink.h: an answer carries the number of the message that it is about,
 * which is how many were before it.  Where the kernel knows more (extended
 * acknowledgements), it says it in words, and at which byte of the message it
 * stopped: that is an element of a list of them, or an expression of a rule.
 */
#include "backends/nft/kernel.h"
#include "backends/nft/netlink.h"

#include <endian.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>

/* --- where in a message --- */

static const struct nlmsghdr *message_of(const struct nft_batch *b,
					 uint32_t sequence)
{
	for (size_t at = 0; at < b->len;) {
		const struct nlmsghdr *m = (const void *)(b->at + at);

		if (m->nlmsg_seq == sequence)
			return m;
		at += MNL_ALIGN(m->nlmsg_len);
	}
	return NULL;
}

static bool is_within(const struct nlmsghdr *m, const struct nlattr *a,
		      uint32_t offset)
{
	uint32_t at = (uint32_t)((const char *)a - (const char *)m);

	return offset >= at && offset < at + a->nla_len;
}

static const struct nlattr *attribute_of(const struct nlmsghdr *m,
					 uint16_t type)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, m, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(a) == type)
			return a;
	return NULL;
}

static const struct nlattr *nested_of(const struct nlattr *in, uint16_t type)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, in)
		if (mnl_attr_get_type(a) == type)
			return a;
	return NULL;
}

/* The key behind a range, which is no element of the model. */
static bool ends_range(const struct nlattr *element)
{
	const struct nlattr *flags = nested_of(element, NFTA_SET_ELEM_FLAGS);

	return flags && mnl_attr_get_payload_len(flags) == 4 &&
	       mnl_attr_get_u32(flags) & htobe32(NFT_SET_ELEM_INTERVAL_END);
}

/* Which element of a list in M the byte at OFFSET is of. */
static size_t element_at(const struct nlmsghdr *m, uint32_t offset)
{
	const struct nlattr *list = attribute_of(m,
			NFTA_SET_ELEM_LIST_ELEMENTS), *a;
	size_t begun = 0;

	if (!list)
		return NFT_NO_ELEMENT;
	mnl_attr_for_each_nested(a, list) {
		begun += !ends_range(a);
		if (is_within(m, a, offset))
			return begun ? begun - 1 : NFT_NO_ELEMENT;
	}
	return NFT_NO_ELEMENT;
}

/* Which expression of the rule M, by name. */
static const char *expression_at(const struct nlmsghdr *m, uint32_t offset)
{
	const struct nlattr *list = attribute_of(m, NFTA_RULE_EXPRESSIONS), *a;

	if (!list)
		return NULL;
	mnl_attr_for_each_nested(a, list) {
		const struct nlattr *name = nested_of(a, NFTA_EXPR_NAME);

		if (name && is_within(m, a, offset))
			return mnl_attr_get_str(name);
	}
	return NULL;
}

static void place(const struct nft_batch *b, uint32_t sequence,
		  uint32_t offset, struct nft_refusal *why)
{
	const struct nlmsghdr *m = message_of(b, sequence);
	size_t element;

	if (!m)
		return;
	if (why->about.rule)
		why->expression = expression_at(m, offset);
	if (!why->about.set || !why->about.count)
		return;
	element = element_at(m, offset);
	if (element < why->about.count)
		why->element = why->about.first + element;
}

/* --- what the kernel says --- */

/* What M says beside the number of its error, into WHY. */
static void take_more(const struct nft_batch *b, const struct nlmsghdr *m,
		      struct nft_refusal *why)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(m);
	size_t skip = sizeof *e;
	const struct nlattr *a;

	if (!(m->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(m->nlmsg_flags & NLM_F_CAPPED) &&
	    e->msg.nlmsg_len > sizeof e->msg)
		skip += MNL_ALIGN(e->msg.nlmsg_len) - sizeof e->msg;
	if (skip > mnl_nlmsg_get_payload_len(m))
		return;
	mnl_attr_for_each(a, m, skip) {
		uint16_t len = mnl_attr_get_payload_len(a);
		const char *text = mnl_attr_get_payload(a);

		if (mnl_attr_get_type(a) == NLMSGERR_ATTR_MSG)
			why->says = arena_copy(b->arena, text,
					       strnlen(text, len));
		if (mnl_attr_get_type(a) == NLMSGERR_ATTR_OFFS && len == 4)
			place(b, m->nlmsg_seq, mnl_attr_get_u32(a), why);
	}
}

static void take(const struct nft_batch *b, const struct nlmsghdr *m,
		 struct nft_answer *out)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(m);

	if (m->nlmsg_type != NLMSG_ERROR ||
	    mnl_nlmsg_get_payload_len(m) < sizeof *e)
		return;
	if (e->error == 0) {
		out->acknowledged |= m->nlmsg_seq == b->sequence - 2;
		return;
	}
	if (out->why.error) {
		out->why.more++;
		return;
	}
	out->why.error = -e->error;
	if (m->nlmsg_seq < b->about.count)
		out->why.about = b->about.at[m->nlmsg_seq];
	take_more(b, m, &out->why);
}

void nft_batch_answered(const struct nft_batch *b, const void *bytes,
			size_t len, struct nft_answer *out)
{
	const struct nlmsghdr *m = bytes;

	/* libmnl takes a length above 2^31 for a negative one, which fits */
	for (int left = (int)len; mnl_nlmsg_ok(m, left) &&
	     m->nlmsg_len <= (uint32_t)left; m = mnl_nlmsg_next(m, &left))
		take(b, m, out);
}
