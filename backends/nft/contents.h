/*
 * All that a table holds, so that two can be compared: what the kernel has, and
 * what a transaction that was never sent would make of it.  Both are the same
 * messages and are read by the same functions; nothing here knows what a rule
 * means.
 */
#ifndef FIREBREAK_BACKENDS_NFT_CONTENTS_H
#define FIREBREAK_BACKENDS_NFT_CONTENTS_H

#include "backends/nft/netlink.h"
#include "compiler/base/table.h"

/*
 * An element in one piece of bytes: what tells it from any other, its comment
 * and verdict included.  Its key comes first.
 */
struct nft_item {
	const uint8_t *bytes;
	uint32_t len, key_len;
};

struct nft_content_set {
	const char *name;
	const char *frame;	/* its definition, in words that are compared */
	bool exact;		/* single keys in a hash of fixed size: SIZE */
	bool anonymous;
	uint32_t size;
	LIST(struct nft_item) items;
};

struct nft_content_rule {
	const char *text;			/* expressions and comment */
	const struct nft_content_set *own;	/* the set without a name, if any */
};

struct nft_content_chain {
	const char *name;
	const char *frame;
	LIST(struct nft_content_rule) rules;	/* in their order */
};

struct nft_contents {
	struct arena *arena;
	const char *table;
	LIST(struct nft_content_set *) sets;	/* in the order they were made */
	LIST(struct nft_content_chain *) chains;
	struct table set_names, chain_names;
	struct nft_content_set *filling;
};

/* What BATCH, which is not to be sent, would make in TABLE. */
struct nft_contents nft_contents_of_batch(struct nft_batch *batch,
					  const char *table);

/* What the kernel has in TABLE, but no elements yet.  False: errno. */
bool nft_contents_read(struct nft_link *link, struct arena *arena,
		       const char *table, struct nft_contents *out);

/* The elements of SET in TABLE.  False: errno. */
bool nft_contents_fill(struct nft_link *link, struct nft_contents *contents,
		       struct nft_content_set *set);

/* The item's parts, for a message of one's own. */
struct nft_item_parts {
	const uint8_t *key, *userdata;
	uint32_t key_len, userdata_len;
	bool has_verdict;
	uint32_t verdict;
	const char *chain;	/* of a jump; or NULL */
};

struct nft_item_parts nft_item_parts(const struct nft_item *item);

#endif
