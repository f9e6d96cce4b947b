/*
 * Building nodes, and saying what is wrong with the text.
 */
#include "grammar/parser.h"

#include "compiler/base/suggest.h"
#include "compiler/base/text.h"
#include "policy.tab.h"

#include <stdlib.h>
#include <string.h>

struct keyword {
	const char *word;
	int token;
	bool begins;	/* a statement: a keyword only where one can begin */
};

/* Ascending, to be searched by halves. */
static const struct keyword keywords[] = {
	{ "account",		TOK_ACCOUNT, true },
	{ "addresses",	TOK_ADDRESSES, false },
	{ "allow",		TOK_ALLOW, false },
	{ "approved",		TOK_APPROVED, false },
	{ "at",		TOK_AT, false },
	{ "avoiding",		TOK_AVOIDING, false },
	{ "aws",		TOK_AWS, true },
	{ "by",		TOK_BY, false },
	{ "confine",		TOK_CONFINE, false },
	{ "controls",		TOK_CONTROLS, false },
	{ "customer",		TOK_CUSTOMER, true },
	{ "default",		TOK_DEFAULT, true },
	{ "each",		TOK_EACH, false },
	{ "emergency",		TOK_EMERGENCY, false },
	{ "environment",	TOK_ENVIRONMENT, true },
	{ "environments",	TOK_ENVIRONMENTS, true },
	{ "every",		TOK_EVERY, false },
	{ "except",		TOK_EXCEPT, false },
	{ "expect",		TOK_EXPECT, true },
	{ "expires",		TOK_EXPIRES, false },
	{ "freeze",		TOK_FREEZE, true },
	{ "group",		TOK_GROUP, true },
	{ "hop",		TOK_HOPS, false },
	{ "hops",		TOK_HOPS, false },
	{ "in",		TOK_IN, false },
	{ "inbound",		TOK_INBOUND, false },
	{ "include",		TOK_INCLUDE, true },
	{ "isolate",		TOK_ISOLATE, false },
	{ "language",		TOK_LANGUAGE, true },
	{ "layer",		TOK_LAYER, true },
	{ "layers",	TOK_LAYERS, false },
	{ "log",		TOK_LOG, false },
	{ "most",		TOK_MOST, false },
	{ "must",		TOK_MUST, false },
	{ "nat",		TOK_NAT, true },
	{ "network",		TOK_NETWORK, true },
	{ "never",		TOK_NEVER, false },
	{ "nft",		TOK_NFT, true },
	{ "on",		TOK_ON, false },
	{ "only",		TOK_ONLY, false },
	{ "outbound",		TOK_OUTBOUND, false },
	{ "owner",		TOK_OWNER, false },
	{ "parity",		TOK_PARITY, false },
	{ "party",		TOK_PARTY, false },
	{ "peer",		TOK_PEER, true },
	{ "policy",		TOK_POLICY, true },
	{ "ports",	TOK_PORTS, false },
	{ "prefix-list",	TOK_PREFIX_LIST, false },
	{ "reach",		TOK_REACH, false },
	{ "reason",		TOK_REASON, false },
	{ "region",		TOK_REGION, true },
	{ "require",		TOK_REQUIRE, true },
	{ "review",		TOK_REVIEW, true },
	{ "reviewed",		TOK_REVIEWED, false },
	{ "rule",		TOK_RULE, false },
	{ "service",		TOK_SERVICE, true },
	{ "severity",		TOK_SEVERITY, false },
	{ "shared-hosts",	TOK_SHARED_HOSTS, false },
	{ "ticket",		TOK_TICKET, false },
	{ "tiers",		TOK_TIERS, false },
	{ "transitively",	TOK_TRANSITIVELY, false },
	{ "via",		TOK_VIA, false },
	{ "vpc",		TOK_VPC, true },
	{ "waives",		TOK_WAIVES, false },
	{ "within",		TOK_WITHIN, false },
};

enum { LONGEST_KEYWORD = 20 };

#define COUNT(a) (sizeof(a) / sizeof *(a))

int parser_token(struct parser *parser, int kind, struct span span)
{
	parser->last = parser->current;
	parser->current = span;
	parser->tokens++;
	if (parser->seen)
		*LIST_PUSH(parser->arena, &parser->seen->all) =
			(struct token){ kind, span };
	if (parser->statement_start) {
		parser->tokens = 0;
		parser->declaring = NULL;
		parser->broken = false;
	}
	return kind;
}

/* Whoever uses a name that a broken statement declares is not to blame. */
static void lose_name(struct parser *parser)
{
	if (parser->declaring)
		*LIST_PUSH(parser->arena, &parser->lost) = parser->declaring;
	parser->declaring = NULL;
}

void parser_name(struct parser *parser, const char *name)
{
	if (parser->tokens > 1)
		return;
	parser->declaring = name;
	if (parser->broken)
		lose_name(parser);
}

size_t parser_label(const struct parser *parser, const char *word, size_t len)
{
	const char *colon = memchr(word, ':', len);

	if (!colon || colon == word)
		return 0;
	/* on a new line, `name:` alone: not an address, not iso27001:A.8.31 */
	if (parser->statement_start ||
	    (parser->line_start && colon == word + len - 1))
		return (size_t)(colon - word) + 1;
	return 0;
}

/* Most words are no keywords, and most of those have no keyword's letters. */
static bool may_be_keyword(const char *word, size_t len)
{
	return len >= 2 && len <= LONGEST_KEYWORD && word[0] >= 'a' &&
	       word[0] <= 'z' && word[len - 1] >= 'a' && word[len - 1] <= 'z';
}

/* The row of WORD, or NULL. */
static const struct keyword *find_keyword(const char *word, size_t len)
{
	size_t lo = 0, hi = COUNT(keywords);

	if (!may_be_keyword(word, len))
		return NULL;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const char *other = keywords[mid].word;
		size_t i = 0;

		while (i < len && word[i] == other[i])
			i++;
		if (i == len && !other[i])
			return &keywords[mid];
		if (i == len || (unsigned char)word[i] < (unsigned char)other[i])
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

const char *parser_keyword_at(size_t number, bool *begins)
{
	if (number >= COUNT(keywords))
		return NULL;
	*begins = keywords[number].begins;
	return keywords[number].word;
}

int parser_keyword(const struct parser *parser, const char *word, size_t len,
		   const char **text)
{
	const struct keyword *k = find_keyword(word, len);

	if (text)
		*text = k ? k->word : arena_copy(parser->arena, word, len);
	if (k && (!k->begins || parser->statement_start || parser->line_start))
		return k->token;
	return len == 1 && *word == ':' ? TOK_COLON : TOK_WORD;
}

struct ast_text parser_text(struct parser *parser, const char *text, size_t len,
			    struct span span)
{
	return (struct ast_text){ arena_copy(parser->arena, text, len), span };
}

struct ast_text parser_string(struct parser *parser, const char *text,
			      size_t len, struct span span)
{
	char *out = arena_alloc(parser->arena, len + 1);
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\\') {
			i++;
			if (text[i] != '"' && text[i] != '\\')
				diag_help(diag_add(parser->diags, P0004, span,
						   "`\\` in a text stands only before `\"` and `\\`"),
					  "write `\\\\` for the character itself");
		}
		out[n++] = text[i];
	}
	return (struct ast_text){ out, span };
}

void parser_unterminated(struct parser *parser, struct span span)
{
	struct span quote = { span.lo, span.lo + 1 };
	struct diag *d = diag_add(parser->diags, P0004, quote,
				  "this text has no end");

	diag_label(d, "begins here");
	diag_help(d, "close it with `\"` on the same line");
}

void parser_strange(struct parser *parser, struct span span)
{
	diag_label(diag_add(parser->diags, P0001, span,
			    "a character that the language does not use"),
		   "outside of texts in quotes and comments");
}

bool parser_nest(struct parser *parser, struct span span)
{
	if (++parser->nesting <= parser->nesting_limit)
		return true;
	diag_label(diag_add(parser->diags, P0006, span,
			    "parentheses nested deeper than %u",
			    parser->nesting_limit),
		   "the rest of the file was not read");
	parser->stopped = true;
	return false;
}

void parser_exhausted(struct parser *parser, struct span span)
{
	if (!parser->stopped)
		diag_label(diag_add(parser->diags, P0006, span,
				    "blocks nested too deeply"),
			   "the rest of the file was not read");
	parser->stopped = true;
}

static bool is_expected(const char *const *expected, size_t count,
			const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(expected[i], name) == 0)
			return true;
	return false;
}

/* Tokens that begin a statement, or end what holds it. */
static bool begins_next(const char *got)
{
	static const char *const starts[] = {
		"end of file", "a label", "`}`", "`language`", "`policy`",
		"`include`", "`environments`", "`require`", "`review`",
		"`default`", "`layer`", "`network`", "`group`", "`service`",
		"`customer`", "`environment`", "`expect`", "`account`",
		"`region`", "`vpc`", "`nat`", "`peer`",
	};

	return is_expected(starts, COUNT(starts), got);
}

static void complain_semicolon(struct parser *parser)
{
	struct span end = { parser->last.hi, parser->last.hi };
	struct diag *d = diag_add(parser->diags, P0003, end,
				  "a statement ends with `;`");

	diag_label(d, "`;` missing");
	diag_fix(d, end, ";");
}

/* "a, b or c"; what every place may have is left to the grammar's reference. */
static const char *expected_list(struct arena *arena,
				 const char *const *expected, size_t count)
{
	struct text text = TEXT_IN(arena);

	for (size_t i = 0; i < count; i++) {
		if (i)
			text_puts(&text, i + 1 == count ? " or " : ", ");
		text_puts(&text, expected[i]);
	}
	return text_string(&text);
}

/* Leave out soft keywords where a name is expected: they stand for one. */
static size_t drop_soft(const char **kept, const char *const *expected,
			size_t count)
{
	static const char *const never_soft[] = {
		"`->`", "`,`", "`=`", "`>`", "`:`", "`(`", "`)`", "`{`", "`}`",
		"`;`", "a name", "a text in quotes", "a label",
		"a library in `<>`", "end of file", "`in`", "`on`", "`except`",
		"`allow`", "`never`", "`only`", "`confine`", "`must`",
		"`isolate`",
	};
	bool named = is_expected(expected, count, "a name");
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (!named || is_expected(never_soft, COUNT(never_soft),
					  expected[i]))
			kept[n++] = expected[i];
	return n;
}

/* The keyword that was probably meant by the word at SPAN, or NULL. */
static const char *meant(struct parser *parser, const char *word,
			 const char *const *expected, size_t count)
{
	const char *words[PARSER_EXPECTED];
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (expected[i][0] == '`' && expected[i][1] >= 'a' &&
		    expected[i][1] <= 'z')
			words[n++] = arena_copy(parser->scratch, expected[i] + 1,
						strlen(expected[i]) - 2);
	return suggest_nearest(word, words, n);
}

void parser_complain(struct parser *parser, struct span span, const char *got,
		     bool at_end, const char *const *expected, size_t count)
{
	const char *kept[PARSER_EXPECTED], *word, *nearest;
	size_t n;
	struct diag *d;

	if (parser->stopped)
		return;
	if (parser->complaints++ == PARSER_COMPLAINTS) {
		diag_label(diag_add(parser->diags, P0006, span,
				    "more than %d statements that do not parse",
				    PARSER_COMPLAINTS),
			   "the rest of the file was not read");
		parser->stopped = true;
		return;
	}
	if (!is_expected(expected, count, "`;`") || !begins_next(got)) {
		lose_name(parser);
		parser->broken = true;
	}
	if (is_expected(expected, count, "`;`") && begins_next(got)) {
		complain_semicolon(parser);
		return;
	}
	word = arena_copy(parser->scratch,
			  parser->source->text + (span.lo - parser->source->base),
			  at_end ? 0 : span.hi - span.lo);
	if (at_end)
		d = diag_add(parser->diags, P0002, span,
			     "the file ends in the middle of a statement");
	else
		d = diag_add(parser->diags, P0002, span,
			     "`%.60s` does not belong here", word);
	n = drop_soft(kept, expected, count);
	if (is_expected(expected, count, "`layer`"))
		diag_label(d, "a statement begins with a label, `name:`, or a word like `layer`");
	else if (n > 9)
		diag_label(d, "expected an attribute or `;`");
	else
		diag_label(d, "expected %s",
			   expected_list(parser->scratch, kept, n));
	nearest = at_end ? NULL : meant(parser, word, expected, count);
	if (nearest) {
		diag_help(d, "did you mean `%s`?", nearest);
		diag_fix(d, span, "%s", nearest);
	}
}

struct ast_node *node_new(struct parser *parser, enum ast_kind kind,
			  struct span span)
{
	struct ast_node *node = arena_alloc(parser->arena, sizeof *node);

	node->kind = kind;
	node->span = span;
	return node;
}

struct ast_expr *expr_word(struct parser *parser, struct ast_text word)
{
	struct ast_expr *expr = arena_alloc(parser->arena, sizeof *expr);

	expr->kind = EXPR_WORD;
	expr->span = word.span;
	expr->word = word.text;
	return expr;
}

struct ast_expr *expr_join(struct parser *parser, enum ast_expr_kind kind,
			   struct ast_expr *left, struct ast_expr *right)
{
	struct ast_expr *expr = left;

	if (left->kind != kind || left->closed) {
		expr = arena_alloc(parser->arena, sizeof *expr);
		expr->kind = kind;
		*LIST_PUSH(parser->arena, &expr->items) = left;
	}
	*LIST_PUSH(parser->arena, &expr->items) = right;
	expr->span = span_join(left->span, right->span);
	return expr;
}

struct ast_expr *expr_mixed(struct parser *parser, struct ast_expr *left,
			    struct ast_expr *right)
{
	struct span all = span_join(left->span, right->span);
	struct diag *d;

	if (!left->mixed) {
		d = diag_add(parser->diags, P0005, all,
			     "`,` and `except` mixed without parentheses");
		diag_label(d, "this can be read in two ways");
		diag_help(d, "write `(a, b) except c` or `a, (b except c)`, `a except (b, c)` or `(a except b), c`");
	}
	left->mixed = true;
	return expr_join(parser, left->kind, left, right);
}

struct ast_attr *attr_new(struct parser *parser, enum ast_attr_kind kind,
			  struct span span)
{
	struct ast_attr *attr = arena_alloc(parser->arena, sizeof *attr);

	attr->kind = kind;
	attr->span = span;
	return attr;
}

struct node_list nodes_none(void)
{
	return (struct node_list){ 0 };
}

struct node_list nodes_add(struct node_list list, struct ast_node *node)
{
	if (!node)
		return list;
	if (list.first)
		*list.last = node;
	else
		list.first = node;
	list.last = &node->next;
	return list;
}

struct attr_list attrs_none(void)
{
	return (struct attr_list){ 0 };
}

struct attr_list attrs_add(struct attr_list list, struct ast_attr *attr)
{
	if (list.first)
		*list.last = attr;
	else
		list.first = attr;
	list.last = &attr->next;
	return list;
}
