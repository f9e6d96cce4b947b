/*
 * Which packets a rule matches, from nft(8), in a context that fixes all that
 * is not source, destination and service.
 */
#ifndef FIREBREAK_BACKENDS_NFT_MATCH_H
#define FIREBREAK_BACKENDS_NFT_MATCH_H

#include "backends/nft/context.h"

/* Looking at rules as packets of one family meet them. */
struct nft_view {
	struct arena *scratch;
	struct arena *kept;	/* for what boxes are made of */
	enum family family;
	/* the first rule that cannot be decided, and why; else NULL */
	const struct nft_rule *culprit;
	const char *why;
};

/* What a rule's matches look at, besides the packet. */
struct nft_regard {
	bool dead;	/* no packet of the family matches, whatever the context */
	bool context;	/* the context has a say */
	bool packet;	/* the packet has a say */
};

struct nft_regard nft_rule_regard(const struct nft_view *view,
				  const struct nft_rule *rule);

/* Why the text of RULE is not enough to say what it matches, or NULL. */
const char *nft_rule_unclear(const struct nft_rule *rule, enum nft_hook hook);

/* The packets that RULE matches in CONTEXT; may set the view's culprit. */
struct boxes nft_rule_boxes(struct nft_view *view, const struct nft_rule *rule,
			    const struct nft_context *context);

/* Does RULE, in which the packet has no say, match in CONTEXT? */
bool nft_rule_holds(const struct nft_view *view, const struct nft_rule *rule,
		    const struct nft_context *context);

/* Append bytes that are equal for contexts in which RULE matches the same. */
void nft_rule_signature(const struct nft_view *view,
			const struct nft_rule *rule, struct text *out,
			const struct nft_context *context);

/* Where RULE depends on the context. */
void nft_rule_cuts(struct arena *arena, const struct nft_rule *rule,
		   struct nft_cuts *cuts);

#endif
