/*
 * The kernel's nf_tables over netlink: questions that are answered by dumps,
 * and transactions, which are carried out as a whole or not at all.
 *
 * What is sent is gathered in an arena; libnftnl's objects live only while one
 * message is written.
 */
#ifndef FIREBREAK_BACKENDS_NFT_NETLINK_H
#define FIREBREAK_BACKENDS_NFT_NETLINK_H

#include "compiler/base/arena.h"

#include <libmnl/libmnl.h>
#include <stdbool.h>

struct nft_link;

/* A connection in this network namespace; NULL: errno says why. */
struct nft_link *nft_link_open(void);
void nft_link_close(struct nft_link *link);

/* The number of the ruleset, which every change raises; false: errno. */
bool nft_link_generation(struct nft_link *link, uint32_t *out);

/*
 * The same, once the kernel has worked that generation off.  It turns to a new
 * one first and then goes through what changed: until it has, a dump may lack
 * elements, or still have them, at one and the same number.
 */
bool nft_link_settled(struct nft_link *link, uint32_t *out);

/* The number of this network namespace, given once a boot; false: errno. */
bool nft_link_namespace(struct nft_link *link, uint64_t *out);

/*
 * Ask for all objects of TYPE (NFT_MSG_GET...), of FAMILY, for elements those of
 * SET in TABLE (else both NULL).  EACH is called for every message.  False:
 * errno, EINTR when the ruleset changed meanwhile.
 */
bool nft_link_dump(struct nft_link *link, uint16_t type, uint16_t family,
		   const char *table, const char *set, mnl_cb_t each,
		   void *context);

/*
 * The same for a question of another subsystem than nf_tables, which the caller
 * writes: a header at BYTES, to be filled and handed to nft_link_exchange().
 */
struct nlmsghdr *nft_link_question(struct nft_link *link, void *bytes,
				   uint16_t subsystem, uint16_t type,
				   uint16_t family, uint16_t flags);
bool nft_link_exchange(struct nft_link *link, const struct nlmsghdr *question,
		       mnl_cb_t each, void *context);

/* The routes of this network namespace, EACH gets one a message.  False: errno. */
bool nft_link_dump_routes(struct nft_link *link, mnl_cb_t each, void *context);

/* --- transactions --- */

struct nft_chain;
struct nft_rule;
struct nft_set;

/*
 * What a message is about, for the one that the kernel refuses: in words, and
 * at most one of a chain, a rule, or a set, COUNT of whose elements from FIRST
 * on are in it.  Of the model that was encoded, which has to live as long.
 */
struct nft_about {
	const char *what;	/* "set `in4_ports`" */
	const struct nft_chain *chain;
	const struct nft_rule *rule;
	const struct nft_set *set;
	size_t first, count;
};

struct nft_batch {
	struct arena *arena;
	char *at;
	size_t len, cap;
	uint32_t sequence;	/* of the next message; the first is the BEGIN's */
	uint32_t next_set;	/* id of the next set */
	LIST(struct nft_about) about;	/* by sequence, from 0 */
};

/* Begin a transaction that only holds while the ruleset is at GENERATION. */
struct nft_batch nft_batch_begin(struct arena *arena, uint32_t generation);

/* The next message, in place; finished by nft_batch_add(). */
struct nlmsghdr *nft_batch_message(struct nft_batch *batch, uint16_t type,
				   uint16_t family, uint16_t flags,
				   struct nft_about about);
void nft_batch_add(struct nft_batch *batch, struct nlmsghdr *message);

enum nft_outcome {
	NFT_DONE,
	NFT_STALE,		/* the ruleset is at another generation */
	NFT_REFUSED,		/* nothing was changed; see *WHY */
};

enum { NFT_NO_ELEMENT = SIZE_MAX };

/* The first thing in a transaction that the kernel refused. */
struct nft_refusal {
	int error;		/* errno; 0: nothing was refused */
	struct nft_about about;
	size_t element;		/* of about.set, where the kernel said which */
	const char *expression;	/* of about.rule, "lookup"; NULL: not said */
	const char *says;	/* in the kernel's own words, or NULL */
	size_t more;		/* messages that were refused beside it */
};

/* What has come in answer to a transaction. */
struct nft_answer {
	bool acknowledged;	/* its last message was taken in */
	struct nft_refusal why;
};

/*
 * answer.c: the LEN bytes at BYTES, which the kernel sent after BATCH, into
 * *OUT: { .why.element = NFT_NO_ELEMENT } before the first.
 */
void nft_batch_answered(const struct nft_batch *batch, const void *bytes,
			size_t len, struct nft_answer *out);

/* Carry it out. */
enum nft_outcome nft_batch_commit(struct nft_link *link,
				  struct nft_batch *batch,
				  struct nft_refusal *why);

#endif
