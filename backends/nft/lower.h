/*
 * Lowering at work: one ruleset, hook by hook and family by family.
 *
 *	lower_rule.c	matches; what every ruleset has before and behind the policy
 *	lower_piece.c	services as nftables can look at them
 *	lower_name.c	names of rules, in comments
 *	lower_shape.c	what is permitted, in the shape that is cheapest to pass
 *	lower.c		hosts, gateways, and whose ruleset it is
 */
#ifndef FIREBREAK_BACKENDS_NFT_LOWER_H
#define FIREBREAK_BACKENDS_NFT_LOWER_H

#include "backends/nft/model.h"
#include "compiler/base/service.h"

/* A service range is ports, ICMP type and code, or whole protocols. */
enum nft_lookup { NFT_PORTS, NFT_ICMP, NFT_PROTOCOLS, NFT_LOOKUPS };

/* A service range as one lookup sees it: the keys behind the addresses. */
struct nft_piece {
	enum nft_lookup lookup;
	struct range first, second;	/* protocol and port; type and code */
	struct range keys;
};

struct nft_pieces {
	LIST(struct nft_piece) all;
};

struct nft_lowering {
	const struct job *job;
	struct arena *arena;
	struct nft_model *model;
	enum nft_hook hook;
	enum family family;
	struct nft_chain *chain;	/* that rules are added to */
	struct meaning near;		/* what is permitted here, on this hook */
	bool failed;
};

/* --- lower_rule.c --- */

static inline struct range nft_point(u128 value)
{
	return (struct range){ value, value };
}

/* A rule that accepts, at the end of the chain; COMMENT may be NULL. */
struct nft_rule *nft_add_rule(struct nft_lowering *l, const char *comment);

/* One more match of RULE, on a constant. */
void nft_match_range(struct arena *arena, struct nft_rule *rule,
		     enum nft_field field, enum nft_type type,
		     struct range range);
void nft_match_family(struct nft_lowering *l, struct nft_rule *rule,
		      enum family family);

/* Before the policy: the states, and what lets a host live. */
void nft_add_states(struct nft_lowering *l);
void nft_add_base_set(struct nft_lowering *l);

/* Behind it: what is refused is logged, and perhaps told to who sent it. */
void nft_add_refusals(struct nft_lowering *l);

/* --- lower_piece.c --- */

/* SERVICES, of the family that L is at. */
struct nft_pieces nft_pieces_of(struct nft_lowering *l, struct ranges services);

/* --- lower_name.c --- */

/* Told as P0520 when NAME would break out of a comment. */
bool nft_check_name(struct nft_lowering *l, const char *what, const char *name,
		    struct span span);

/* The same for a text that stands in quotes. */
bool nft_check_text(struct nft_lowering *l, const char *what, const char *text);

/*
 * The rules of MEANING that BOX is made of: their place in the model, and at
 * *NAMES their names, as many as fit, or NULL.
 */
uint32_t nft_origin_of(struct nft_lowering *l, const struct meaning *meaning,
		       const struct box *box, const char **names);

/* --- lower_shape.c --- */

/* Accept what l->near permits, of one family. */
void nft_add_permitted(struct nft_lowering *l);

#endif
