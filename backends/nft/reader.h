/*
 * A reader at work on a ruleset: one token ahead, and the first thing that is
 * not understood ends it.  Functions that return false have told why.
 *
 *	reader.c     tokens and refusals
 *	read_set.c   keys, elements, named sets
 *	read_rule.c  matches and verdicts
 *	read.c       chains, the table, and what refers to what
 *
 * What a ruleset has to keep to however it is written is further below: the
 * reader of JSON (place.h) has no tokens, and asks the same.
 */
#ifndef FIREBREAK_BACKENDS_NFT_READER_H
#define FIREBREAK_BACKENDS_NFT_READER_H

#include "backends/nft/lex.h"
#include "backends/nft/model.h"
#include "compiler/base/table.h"

struct nft_reader {
	struct arena *arena;
	struct diags *diags;
	struct nft_lexer lexer;
	struct nft_token now;
	struct nft_model *model;
	struct table sets, chains;	/* by name */
	const char *table;		/* its name, once it was read */
};

void nft_next(struct nft_reader *r);

/* Tell why nothing is proved about this file.  Always false. */
bool nft_refuse(struct nft_reader *r, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The token at hand is not WHAT should be here.  Always false. */
bool nft_expected(struct nft_reader *r, const char *what);

/* Is the word or mark TEXT at hand?  nft_accept() also takes it. */
bool nft_at(const struct nft_reader *r, const char *text);
bool nft_accept(struct nft_reader *r, const char *text);

/* It has to be; nft_expect_words(): a run of words, NULL behind the last. */
bool nft_expect(struct nft_reader *r, const char *text);
bool nft_expect_words(struct nft_reader *r, const char *const *words);

/* A statement ends with its line or a semicolon. */
void nft_skip_lines(struct nft_reader *r);
bool nft_end_statement(struct nft_reader *r);

bool nft_take_string(struct nft_reader *r, const char **out);
bool nft_take_name(struct nft_reader *r, const char **out);

/* Plain decimal, 0 to MOST. */
bool nft_take_number(struct nft_reader *r, unsigned most, unsigned *out);

/* Words that stand for numbers; a row without a word ends the list. */
struct nft_choice {
	const char *word;
	int value;
};

/* Take one of CHOICES if it is at hand; says nothing if not. */
bool nft_choose(struct nft_reader *r, const struct nft_choice *choices,
		int *out);

/* "accept" or "drop", if it is at hand; nft_take_verdict(): it has to be. */
bool nft_accept_verdict(struct nft_reader *r, enum nft_verdict *out);
bool nft_take_verdict(struct nft_reader *r, enum nft_verdict *out);

/* "counter", or as it is listed, "counter packets 0 bytes 0", if at hand. */
bool nft_accept_counter(struct nft_reader *r, bool *out);

/* --- read_set.c --- */

/* One key of SET's types: "10.0.0.0/8 . tcp". */
bool nft_read_key(struct nft_reader *r, const struct nft_set *set,
		  struct nft_element *out);

/* How the elements of a set look: those of maps have verdicts. */
enum nft_element_kind { NFT_PLAIN_ELEMENTS, NFT_MAP_ELEMENTS };

/* "{ a, b }", onto SET's elements. */
bool nft_read_elements(struct nft_reader *r, struct nft_set *set,
		       enum nft_element_kind kind);

/* "set" or "map", a name and a body, into the model. */
bool nft_read_set(struct nft_reader *r);

/* --- read_rule.c --- */

/* A rule to its end.  Named sets in it are promises: a name, no elements. */
bool nft_read_rule(struct nft_reader *r, struct nft_rule *rule);

/* The type of a field's values. */
enum nft_type nft_type_of(enum nft_field field);

struct nft_match *nft_kept_match(struct arena *arena, struct nft_match m);

/* --- whatever it is written in; LINE as in the model --- */

/* Who it says it is, and whether that belongs in this table. */
bool nft_identify(struct nft_reader *r, unsigned line, const char *comment);

/* Names are there once. */
bool nft_keep_chain(struct nft_reader *r, struct nft_chain *chain);
bool nft_keep_set(struct nft_reader *r, struct nft_set *set);

/* The type of a key by nft's name of it; false: none that is understood. */
bool nft_key_type(const char *name, enum nft_type *out);

/* Ranges only where the set may have them. */
bool nft_element_fits(struct nft_reader *r, const struct nft_set *set,
		      const struct nft_element *e, unsigned line);

/* Would the kernel load it as it is? */
bool nft_check_set(struct nft_reader *r, const struct nft_set *set);

/*
 * Verdicts by the state of a connection, or by the addresses of a named map:
 * what it looks up, then what is in it.
 */
bool nft_check_map_key(struct nft_reader *r, const struct nft_match *m,
		       unsigned line);
bool nft_check_map(struct nft_reader *r, const struct nft_match *m,
		   unsigned line);

/* Nothing is decided under a limit. */
bool nft_check_limit(struct nft_reader *r, const struct nft_rule *rule);

/* A match on TCP alone, onto RULE's. */
void nft_require_tcp(struct nft_reader *r, struct nft_rule *rule);

/* Names become what they name; call it once everything was read. */
bool nft_resolve(struct nft_reader *r);

#endif
