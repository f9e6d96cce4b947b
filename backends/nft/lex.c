/*
 * Scanning by hand: nft's own scanner has modes, and what we read does not
 * need them.  Comments end at the line's end, blanks separate.
 */
#include "backends/nft/lex.h"

#include <string.h>

struct nft_lexer nft_lexer_on(const char *bytes, size_t len)
{
	return (struct nft_lexer){ bytes, bytes + len, 1 };
}

static bool is_word_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c != '\0' && strchr("_-./:@", c));
}

static void skip_blanks(struct nft_lexer *l)
{
	while (l->at < l->end && (*l->at == ' ' || *l->at == '\t'))
		l->at++;
	if (l->at == l->end || *l->at != '#')
		return;
	while (l->at < l->end && *l->at != '\n')
		l->at++;
}

static struct nft_token token(const struct nft_lexer *l,
			      enum nft_token_kind kind, size_t len)
{
	return (struct nft_token){ kind, l->at, len, l->line };
}

static struct nft_token take(struct nft_lexer *l, enum nft_token_kind kind,
			     size_t len)
{
	struct nft_token t = token(l, kind, len);

	l->at += len;
	l->line += kind == NFT_LINE_END;
	return t;
}

static struct nft_token take_word(struct nft_lexer *l)
{
	size_t len = 0;

	while (l->at + len < l->end && is_word_byte(l->at[len]))
		len++;
	return take(l, NFT_WORD, len);
}

/* A string ends on its line and has no NUL; nft knows no escapes in it. */
static struct nft_token take_string(struct nft_lexer *l)
{
	const char *first = l->at + 1, *last = first;
	struct nft_token t;

	while (last < l->end && *last != '"' && *last != '\n' && *last)
		last++;
	if (last == l->end || *last != '"')
		return take(l, NFT_STRAY, 1);
	t = (struct nft_token){ NFT_STRING, first, (size_t)(last - first),
				l->line };
	l->at = last + 1;
	return t;
}

struct nft_token nft_lex(struct nft_lexer *l)
{
	skip_blanks(l);
	if (l->at == l->end)
		return token(l, NFT_END, 0);
	switch (*l->at) {
	case '\n':
		return take(l, NFT_LINE_END, 1);
	case '"':
		return take_string(l);
	case '{': case '}': case '=': case ',': case ';': case '+':
		return take(l, NFT_MARK, 1);
	case '!':
		if (l->end - l->at > 1 && l->at[1] == '=')
			return take(l, NFT_MARK, 2);
		return take(l, NFT_STRAY, 1);
	default:
		if (is_word_byte(*l->at))
			return take_word(l);
		return take(l, NFT_STRAY, 1);
	}
}

bool nft_token_is(const struct nft_token *t, const char *text)
{
	return (t->kind == NFT_WORD || t->kind == NFT_MARK) &&
	       t->len == strlen(text) && memcmp(t->at, text, t->len) == 0;
}
