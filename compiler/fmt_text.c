/*
 * The parser's own tokens, and between them what it skips.
 */
#include "compiler/fmt_text.h"

#include "compiler/base/utf8.h"
#include "compiler/parse.h"
#include "grammar/parser.h"
#include "policy.tab.h"

#include <string.h>

struct reading {
	struct arena *arena;
	const struct source *source;
	LIST(struct comment) comments;
	struct word *words;
	size_t count;
};

static uint32_t columns_of(const char *text, size_t len)
{
	uint32_t columns = 0, c;

	for (size_t i = 0; i < len;) {
		size_t n = utf8_read(text + i, len - i, &c);

		columns += n ? utf8_columns(c) : 1;
		i += n ? n : 1;
	}
	return columns;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* What stands in [FROM, TO): the comments there are W's. */
static void read_gap(struct reading *r, struct word *w, uint32_t from,
		     uint32_t to)
{
	const char *text = r->source->text;
	unsigned newlines = from == 0;

	while (from < to) {
		uint32_t start = from;
		struct comment *c;

		if (text[from] == '\n')
			newlines++;
		if (text[from++] != '#')
			continue;
		while (from < to && text[from] != '\n')
			from++;
		c = LIST_PUSH(r->arena, &r->comments);
		c->at = text + start;
		c->len = from - start;
		while (is_space(c->at[c->len - 1]))
			c->len--;
		c->own_line = newlines > 0;
		c->blank_before = newlines > 1;
		w->comment_count++;
		newlines = 0;
	}
	w->blank_before = newlines > 1;
}

static void read_words(struct reading *r, const struct token_list *seen)
{
	const struct source *s = r->source;
	uint32_t end = 0;

	r->count = seen->all.count;
	r->words = arena_array(r->arena, r->count + 1, sizeof *r->words);
	for (size_t i = 0; i < r->count; i++) {
		const struct token *t = &seen->all.at[i];
		struct word *w = &r->words[i];

		read_gap(r, w, end, t->span.lo - s->base);
		w->kind = t->kind;
		w->at = s->text + (t->span.lo - s->base);
		w->len = t->span.hi - t->span.lo;
		w->columns = columns_of(w->at, w->len);
		end = t->span.hi - s->base;
	}
	r->words[r->count].kind = TOK_END;
	r->words[r->count].at = "";
	read_gap(r, &r->words[r->count], end, s->len);
}

/* The list has stopped moving. */
static void give_comments(struct reading *r)
{
	const struct comment *at = r->comments.at;

	for (size_t i = 0; i <= r->count; i++) {
		r->words[i].comments = at;
		if (r->words[i].comment_count)
			at += r->words[i].comment_count;
	}
}

static enum sentence_end end_of(int kind)
{
	return kind == TOK_SEMICOLON ? ENDS_STATEMENT
	     : kind == TOK_LEFT ? OPENS_BLOCK
	     : kind == TOK_RIGHT ? CLOSES_BLOCK : ENDS_FILE;
}

/* S begins with FIRST: what stands above it, and behind what is BEFORE it. */
static void give_lead(struct sentence *s, struct sentence *before,
		      const struct word *first)
{
	s->lead = first->comments;
	s->lead_count = first->comment_count;
	if (before && s->lead_count && !s->lead->own_line) {
		before->trail = s->lead++;
		s->lead_count--;
	}
	s->blank_before = s->lead_count ? s->lead->blank_before
					: first->blank_before;
}

static struct fmt_text *read_sentences(struct reading *r)
{
	struct fmt_text *text = arena_alloc(r->arena, sizeof *text);
	LIST(struct sentence) all = { 0 };
	unsigned depth = 0;

	for (size_t i = 0; i <= r->count;) {
		size_t last = i;
		struct sentence *s = LIST_PUSH(r->arena, &all);

		while (last < r->count &&
		       end_of(r->words[last].kind) == ENDS_FILE)
			last++;
		s->words = r->words + i;
		s->end = end_of(r->words[last].kind);
		s->count = last - i + (s->end != ENDS_FILE);
		depth -= s->end == CLOSES_BLOCK && depth;
		s->depth = depth;
		depth += s->end == OPENS_BLOCK;
		give_lead(s, all.count > 1 ? s - 1 : NULL, s->words);
		i = last + 1;
	}
	text->sentences = all.at;
	text->count = all.count;
	text->words = r->words;
	text->word_count = r->count;
	text->comments = r->comments.at;
	text->comment_count = r->comments.count;
	return text;
}

const struct fmt_text *fmt_read(struct arena *arena, struct diags *diags,
				const struct source *source)
{
	struct token_list seen = { 0 };
	struct parser parser = {
		.arena = arena,
		.scratch = arena_child(arena),
		.diags = diags,
		.nesting_limit = PARSE_NESTING,
		.seen = &seen,
	};
	struct reading r = { .arena = arena, .source = source };
	size_t errors = diags->errors;

	if (parse_is_text(diags, source))
		parser_run(&parser, source);
	arena_free(parser.scratch);
	if (diags->errors > errors)
		return NULL;
	read_words(&r, &seen);
	give_comments(&r);
	return read_sentences(&r);
}

/*
 * A label is its name and a colon, written apart or not.  The rest of a text is
 * equal when its tokens are.
 */
struct cursor {
	const struct fmt_text *text;
	size_t word;
	uint32_t done;		/* bytes of it */
};

struct piece {
	const char *at;
	uint32_t len, comments;
};

/* The next token, colons apart; false behind the last. */
static bool next(struct cursor *c, struct piece *out)
{
	const struct word *w = &c->text->words[c->word];
	bool is_colon = c->done > 0;

	if (c->word == c->text->word_count)
		return false;
	*out = (struct piece){ w->at + c->done, w->len - c->done,
			       is_colon ? 0 : w->comment_count };
	if (w->kind == TOK_LABEL && !is_colon) {
		c->done = --out->len;
		return true;
	}
	c->done = 0;
	c->word++;
	return true;
}

static bool has_same_words(const struct fmt_text *a, const struct fmt_text *b)
{
	struct cursor x = { .text = a }, y = { .text = b };
	struct piece p, q;

	while (next(&x, &p))
		if (!next(&y, &q) || p.len != q.len ||
		    p.comments != q.comments || memcmp(p.at, q.at, p.len) != 0)
			return false;
	return !next(&y, &q);
}

static bool has_same_comments(const struct fmt_text *a, const struct fmt_text *b)
{
	if (a->comment_count != b->comment_count)
		return false;
	for (size_t i = 0; i < a->comment_count; i++) {
		const struct comment *x = &a->comments[i], *y = &b->comments[i];

		if (x->len != y->len || memcmp(x->at, y->at, x->len) != 0)
			return false;
	}
	return true;
}

bool fmt_is_same(const struct fmt_text *a, const struct fmt_text *b)
{
	return has_same_words(a, b) && has_same_comments(a, b);
}

bool fmt_shifts(const struct word *word)
{
	const struct parser at_line_start = { .line_start = true };
	bool is_text = word->at[0] == '"' || word->at[0] == '<';
	int kind = word->kind;

	if (is_text || word->len == 0)
		return false;
	if (kind < TOK_WORD)
		return false;
	return parser_label(&at_line_start, word->at, word->len) ||
	       parser_keyword(&at_line_start, word->at, word->len,
			      NULL) != kind;
}
