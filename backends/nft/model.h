/*
 * A ruleset as firebreak knows it: one table with at most one base chain a
 * hook, chains that these jump to, named sets and maps, and rules that match
 * and decide.  A host's is `inet firebreak`; a gateway's, which forwards for a
 * whole environment, `inet firebreak_gateway`, so that a router has both.
 *
 * Both ways go through these types: lower.c builds a model that emit.c prints;
 * read.c builds one from text that denote.c gives a meaning.  Only the types
 * are shared.  Numbers are in host order, addresses as in compiler/base/addr.h.
 */
#ifndef FIREBREAK_BACKENDS_NFT_MODEL_H
#define FIREBREAK_BACKENDS_NFT_MODEL_H

#include "backends/backend.h"
#include "compiler/base/ranges.h"
#include "compiler/base/text.h"

enum nft_hook {
	NFT_INPUT,
	NFT_OUTPUT,
	NFT_FORWARD,
	NFT_POSTROUTING,	/* the only chain of type nat */
	NFT_HOOKS,
};

enum nft_verdict {
	NFT_ACCEPT,
	NFT_DROP,
	NFT_RESET,	/* dropped, and a TCP reset goes back */
	NFT_REFUSE,	/* dropped, and "administratively prohibited" goes back */
	NFT_JUMP,	/* to a chain, and on with the next rule behind it */
	NFT_SNAT,	/* another source address; accepted */
	NFT_PASS,	/* no verdict: counts or logs, and passes on */
};

/* What a match looks at. */
enum nft_field {
	NFT_NFPROTO,
	NFT_L4PROTO,
	NFT_IP_SADDR,
	NFT_IP_DADDR,
	NFT_IP6_SADDR,
	NFT_IP6_DADDR,
	NFT_IP6_HOPLIMIT,
	NFT_TH_SPORT,
	NFT_TH_DPORT,
	NFT_TCP_SPORT,
	NFT_TCP_DPORT,
	NFT_UDP_SPORT,
	NFT_UDP_DPORT,
	NFT_ICMP_TYPE,
	NFT_ICMP_CODE,
	NFT_ICMPV6_TYPE,
	NFT_ICMPV6_CODE,
	NFT_CT_STATE,
	NFT_IIF,
	NFT_OIF,
	NFT_IPSEC,	/* came in through IPsec */
	NFT_FIELDS,
};

/* The type of a field and of a set's key, by nft's names. */
enum nft_type {
	NFT_TYPE_NF_PROTO,	/* NFT_FAMILY_IPV4, NFT_FAMILY_IPV6 */
	NFT_TYPE_INET_PROTO,
	NFT_TYPE_IPV4_ADDR,
	NFT_TYPE_IPV6_ADDR,
	NFT_TYPE_INTEGER,	/* 8 bits: the hop limit */
	NFT_TYPE_INET_SERVICE,
	NFT_TYPE_ICMP_TYPE,
	NFT_TYPE_ICMP_CODE,
	NFT_TYPE_ICMPV6_TYPE,
	NFT_TYPE_ICMPV6_CODE,
	NFT_TYPE_CT_STATE,	/* enum nft_state */
	NFT_TYPE_IFACE,		/* NFT_LOOPBACK is the only one we name */
	NFT_TYPE_BOOLEAN,	/* NFT_MISSING, NFT_EXISTS */
	NFT_TYPES,
};

enum { NFT_FAMILY_IPV4 = 2, NFT_FAMILY_IPV6 = 10 };	/* NFPROTO_* */
enum { NFT_LOOPBACK = 1 };
enum { NFT_MISSING, NFT_EXISTS };

struct nft_chain;

/* A packet's place in its connection; exactly one holds. */
enum nft_state {
	NFT_NEW,
	NFT_ESTABLISHED,
	NFT_RELATED,
	NFT_INVALID,
	NFT_UNTRACKED,
	NFT_STATES,
};

enum {
	NFT_KEY_MOST = 4,	/* fields in a concatenation */
	NFT_COMMENT_MOST = 128,	/* bytes, nft 1.0.6 */
};

/* A point, range or prefix in each field of a key. */
struct nft_element {
	struct range key[NFT_KEY_MOST];
	enum nft_verdict verdict;	/* of maps only: accept, drop, jump */
	uint32_t origin;		/* in the model's, from 1; 0: not known */
	const char *target;		/* of NFT_JUMP */
	const struct nft_chain *chain;	/* the same, when it is known */
	const char *comment;		/* NULL: none */
};

/* Rules of the policy that something was lowered from: by index, ascending. */
struct nft_origin {
	const uint32_t *rules;
	size_t count;
};

/* A named set; or, with name NULL, a constant, `{ ... }` or a map in a rule. */
struct nft_set {
	const char *name;
	enum nft_type types[NFT_KEY_MOST];
	unsigned width;			/* fields in a key */
	bool intervals;
	bool is_map;			/* named: a verdict for each key */
	bool counters;			/* one an element */
	uint32_t size;			/* room for so many keys; 0: not said */
	LIST(struct nft_element) elements;
	unsigned line;
};

struct nft_match {
	enum nft_field fields[NFT_KEY_MOST];
	unsigned width;
	bool negated;			/* != */
	const struct nft_set *set;
};

/*
 * The verdict holds where all matches do.  With a map the verdict is that of
 * the element that the packet's KEY is in; a packet in none passes on.
 */
struct nft_rule {
	LIST(struct nft_match) matches;
	const struct nft_match *map;	/* its set is a map; or NULL */
	enum nft_verdict verdict;
	const char *target;		/* of NFT_JUMP */
	const struct nft_chain *chain;	/* the same, when it is known */
	struct range nat;		/* of NFT_SNAT: IPv4 addresses */
	bool counter;
	unsigned rate, burst;		/* a second, packets; 0: no limit */
	const char *log;		/* prefix, or NULL: not logged */
	const char *comment;
	uint32_t origin;		/* as of an element */
	unsigned line;			/* where it was read */
};

struct nft_chain {
	bool present;			/* no chain: the hook lets all pass */
	const char *name;
	int32_t priority;		/* of base chains; and their policy */
	enum nft_verdict policy;
	LIST(struct nft_rule) rules;
	unsigned line;
};

struct nft_model {
	struct identity identity;	/* layer "": the environment's gateway */
	const char *file;		/* the name it was read under */
	bool json;			/* its lines are places in `nft -j list` */
	LIST(struct nft_set *) sets;
	struct nft_chain chains[NFT_HOOKS];
	LIST(struct nft_chain *) others;	/* that rules jump to */
	LIST(struct nft_origin) origins;	/* of what was lowered */
};

enum { NFT_PRIORITY_SRCNAT = 100 };

/* The table of a host's ruleset, and of a gateway's. */
static inline const char *nft_table_name(const struct identity *id)
{
	return *id->layer ? "firebreak" : "firebreak_gateway";
}

enum { NFT_NO_LAYER = UINT32_MAX };

/*
 * lower.c: the ruleset of a host of LAYER in ARENA, of the environment's gateway
 * for NFT_NO_LAYER; NULL: told as P05.
 */
const struct nft_model *nft_lower(const struct job *job, struct arena *arena,
				  uint32_t layer);

/* emit.c: the table's comment, by which a ruleset says whose it is. */
const char *nft_identity_comment(struct arena *arena,
				 const struct identity *id);

/* read.c: what such a comment says; false: it is none. */
bool nft_identity_read(struct arena *arena, const char *comment,
		       struct identity *out);

/* read.c: the same part of the same policy? */
bool nft_same_part(const struct identity *a, const struct identity *b);

/* emit.c: as text for `nft -f`. */
struct text nft_print(struct arena *arena, const struct nft_model *model);

/* emit.c: the key of E, an element of SET: "10.0.0.0/8 . tcp". */
void nft_print_key(struct text *text, const struct nft_set *set,
		   const struct nft_element *e);

/* read.c: text of nft_print() or of `nft list`, or NULL: told as P0601. */
const struct nft_model *nft_read(struct arena *arena, struct diags *diags,
				 const char *name, const char *bytes,
				 size_t len);

/* read_json.c: does it begin as what `nft -j list ruleset` prints? */
bool nft_is_json(const char *bytes, size_t len);

/*
 * read_json.c: the same of `nft -j list ruleset`.  GIVEN says whose ruleset is
 * wanted, or is NULL: then the ruleset has to say it.  Tables of others are
 * passed over; their chains on the same hooks are told as P0605.
 */
const struct nft_model *nft_read_json(struct arena *arena, struct diags *diags,
				      const char *name, const char *bytes,
				      size_t len, const struct identity *given);

/* reader.c: "line 12", or, in JSON, "$.nftables[12]". */
const char *nft_where(struct arena *arena, const struct nft_model *model,
		      unsigned line);

/* denote.c: what MODEL admits at each hook; false: told as P06. */
bool nft_denote(const struct job *job, const struct nft_model *model,
		struct sides *out);

#endif
