/*
 * The reader of `nft -j list ruleset`, schema 1 of libnftables-json(5): every
 * value at its place, so that what is not understood is refused by its path.
 * Functions that return false have told why.
 *
 *	place.c      places, members, refusals
 *	json_set.c   constants, keys, elements, named sets
 *	json_rule.c  matches, statements, verdicts
 *	read_json.c  tables and chains, and whose they are
 */
#ifndef FIREBREAK_BACKENDS_NFT_PLACE_H
#define FIREBREAK_BACKENDS_NFT_PLACE_H

#include "backends/nft/reader.h"
#include "compiler/base/json.h"

/* A value and the way to it; places live on the stack, the innermost last. */
struct nft_place {
	const struct nft_place *in;	/* NULL: the whole file */
	const char *key;		/* in an object; NULL: in an array … */
	uint32_t index;			/* … at this index */
	const struct json *is;
};

/* Tell why nothing is proved about the file, by AT's path.  Always false. */
bool nft_refuse_at(struct nft_reader *r, const struct nft_place *at,
		   const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* AT's value is not WHAT should be there.  Always false. */
bool nft_expected_at(struct nft_reader *r, const struct nft_place *at,
		     const char *what);

/* What a member has to be; JV_NULL: whatever it is. */
struct nft_member {
	const char *key;
	enum jv_kind kind;
	bool optional;
};

/*
 * The members of the object AT, each into its place in OUT (.is NULL: not
 * there): all of WANTED that are not optional, and no others.
 */
bool nft_members(struct nft_reader *r, const struct nft_place *at,
		 const struct nft_member *wanted, size_t count,
		 struct nft_place *out);

/* The one member of AT, an object with a single one: { "accept": null }. */
bool nft_only(struct nft_reader *r, const struct nft_place *at,
	      struct nft_place *out);

/* The element behind *EACH in the array AT; start with { .is = NULL }. */
bool nft_each(const struct nft_place *at, struct nft_place *each);

bool nft_is_string(const struct nft_place *at, const char *text);

/* A whole number from 0 to MOST. */
bool nft_number_at(struct nft_reader *r, const struct nft_place *at,
		   uint64_t most, uint64_t *out);

/* --- json_set.c --- */

/* One constant of TYPE: a point, a range or a prefix. */
bool nft_value_at(struct nft_reader *r, const struct nft_place *at,
		  enum nft_type type, struct range *out);

/* The elements in the array AT, of MAP or not, onto SET's. */
bool nft_elements_at(struct nft_reader *r, const struct nft_place *at,
		     struct nft_set *set, enum nft_element_kind kind);

/* The object of a set or a map, into the model; LINE: which it is in the list. */
bool nft_set_at(struct nft_reader *r, const struct nft_place *at, bool is_map,
		unsigned line);

/* --- json_rule.c --- */

/* { "drop": null }, { "jump": { "target": … } } */
bool nft_verdict_at(struct nft_reader *r, const struct nft_place *at,
		    enum nft_verdict *out, const char **target);

/* The statements in the array AT.  RULE has its line. */
bool nft_statements_at(struct nft_reader *r, const struct nft_place *at,
		       struct nft_rule *rule);

#endif
