/* What the parts of the reader have in common. */
#include "backends/nft/reader.h"

#include <stdarg.h>

void nft_next(struct nft_reader *r)
{
	r->now = nft_lex(&r->lexer);
}

const char *nft_where(struct arena *arena, const struct nft_model *model,
		      unsigned line)
{
	return model->json ? arena_printf(arena, "$.nftables[%u]", line)
			   : arena_printf(arena, "line %u", line);
}

bool nft_refuse(struct nft_reader *r, unsigned line, const char *format, ...)
{
	struct text why = TEXT_IN(r->arena);
	va_list args;

	va_start(args, format);
	text_vprintf(&why, format, args);
	va_end(args);
	diag_add(r->diags, P0601, (struct span){ 0, 0 }, "`%s`, %s: %s",
		 r->model->file, nft_where(r->arena, r->model, line),
		 text_string(&why));
	return false;
}

/* The token as messages quote it: short, and without control characters. */
static const char *quoted(const struct nft_reader *r)
{
	enum { MOST = 40 };
	size_t len = r->now.len < MOST ? r->now.len : MOST;
	char *copy = arena_copy(r->arena, r->now.at, len);

	if (r->now.kind == NFT_END)
		return "the end of the file";
	if (r->now.kind == NFT_LINE_END)
		return "the end of the line";
	for (size_t i = 0; i < len; i++)
		if (copy[i] < ' ' || copy[i] > '~')
			copy[i] = '?';
	return arena_printf(r->arena, "`%s`", copy);
}

bool nft_expected(struct nft_reader *r, const char *what)
{
	return nft_refuse(r, r->now.line, "%s where %s should be", quoted(r),
			  what);
}

bool nft_at(const struct nft_reader *r, const char *text)
{
	return nft_token_is(&r->now, text);
}

bool nft_accept(struct nft_reader *r, const char *text)
{
	if (!nft_at(r, text))
		return false;
	nft_next(r);
	return true;
}

bool nft_expect(struct nft_reader *r, const char *text)
{
	return nft_accept(r, text) || nft_expected(r, text);
}

bool nft_expect_words(struct nft_reader *r, const char *const *words)
{
	for (; *words; words++)
		if (!nft_expect(r, *words))
			return false;
	return true;
}

void nft_skip_lines(struct nft_reader *r)
{
	while (r->now.kind == NFT_LINE_END || nft_at(r, ";"))
		nft_next(r);
}

bool nft_end_statement(struct nft_reader *r)
{
	if (r->now.kind != NFT_LINE_END && !nft_at(r, ";"))
		return nft_expected(r, "the end of the statement");
	nft_skip_lines(r);
	return true;
}

bool nft_take_string(struct nft_reader *r, const char **out)
{
	if (r->now.kind != NFT_STRING)
		return nft_expected(r, "a quoted text");
	*out = arena_copy(r->arena, r->now.at, r->now.len);
	nft_next(r);
	return true;
}

bool nft_take_name(struct nft_reader *r, const char **out)
{
	if (r->now.kind != NFT_WORD)
		return nft_expected(r, "a name");
	*out = arena_copy(r->arena, r->now.at, r->now.len);
	nft_next(r);
	return true;
}

bool nft_choose(struct nft_reader *r, const struct nft_choice *choices,
		int *out)
{
	for (; choices->word; choices++) {
		if (!nft_accept(r, choices->word))
			continue;
		*out = choices->value;
		return true;
	}
	return false;
}

bool nft_accept_verdict(struct nft_reader *r, enum nft_verdict *out)
{
	static const struct nft_choice verdicts[] = {
		{ "accept", NFT_ACCEPT }, { "drop", NFT_DROP }, { 0 }
	};
	int verdict;

	if (!nft_choose(r, verdicts, &verdict))
		return false;
	*out = (enum nft_verdict)verdict;
	return true;
}

bool nft_take_verdict(struct nft_reader *r, enum nft_verdict *out)
{
	return nft_accept_verdict(r, out) ||
	       nft_expected(r, "`accept` or `drop`");
}

bool nft_take_number(struct nft_reader *r, unsigned most, unsigned *out)
{
	unsigned long long number = 0;

	if (r->now.kind != NFT_WORD || r->now.len > 10)
		return nft_expected(r, "a number");
	for (size_t i = 0; i < r->now.len; i++) {
		if (r->now.at[i] < '0' || r->now.at[i] > '9')
			return nft_expected(r, "a number");
		number = number * 10 + (unsigned)(r->now.at[i] - '0');
	}
	if (number > most)
		return nft_expected(r, "a smaller number");
	*out = (unsigned)number;
	nft_next(r);
	return true;
}

/* What was counted means nothing here, and may be longer than any number. */
static bool skip_count(struct nft_reader *r)
{
	if (r->now.kind != NFT_WORD || r->now.len > 20)
		return nft_expected(r, "a number");
	for (size_t i = 0; i < r->now.len; i++)
		if (r->now.at[i] < '0' || r->now.at[i] > '9')
			return nft_expected(r, "a number");
	nft_next(r);
	return true;
}

bool nft_accept_counter(struct nft_reader *r, bool *out)
{
	*out = nft_accept(r, "counter");
	if (!*out || !nft_accept(r, "packets"))
		return true;
	return skip_count(r) && nft_expect(r, "bytes") && skip_count(r);
}
