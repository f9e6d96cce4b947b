/*
 * The tokens of an nftables ruleset, as far as firebreak reads it: words,
 * quoted strings, marks and line ends.  A character that is none of these is a
 * token of its own kind that no rule of the reader takes.
 */
#ifndef FIREBREAK_BACKENDS_NFT_LEX_H
#define FIREBREAK_BACKENDS_NFT_LEX_H

#include <stdbool.h>
#include <stddef.h>

enum nft_token_kind {
	NFT_WORD,	/* names, numbers, addresses, "@set", and "." and ":" alone */
	NFT_STRING,	/* without its quotes */
	NFT_MARK,	/* { } = , ; + != */
	NFT_LINE_END,
	NFT_END,
	NFT_STRAY,	/* a byte that has no place here; an unclosed string */
};

struct nft_token {
	enum nft_token_kind kind;
	const char *at;		/* in the text, not NUL-terminated */
	size_t len;
	unsigned line;		/* from 1 */
};

struct nft_lexer {
	const char *at, *end;
	unsigned line;
};

struct nft_lexer nft_lexer_on(const char *bytes, size_t len);

/* The next token; NFT_END for ever at the end. */
struct nft_token nft_lex(struct nft_lexer *lexer);

/* Is TOKEN the word or mark TEXT? */
bool nft_token_is(const struct nft_token *token, const char *text);

#endif
