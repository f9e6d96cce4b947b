/*
 * What scanner and parser share: where they are in which file, and the hands
 * that build nodes.
 */
#ifndef FIREBREAK_GRAMMAR_PARSER_H
#define FIREBREAK_GRAMMAR_PARSER_H

#include "compiler/ast.h"
#include "compiler/base/diag.h"
#include "compiler/base/source.h"

#ifndef YY_TYPEDEF_YY_SCANNER_T
#define YY_TYPEDEF_YY_SCANNER_T
typedef void *yyscan_t;
#endif

/* A token as it was scanned. */
struct token {
	int kind;
	struct span span;
};

struct token_list {
	LIST(struct token) all;
};

struct node_list { struct ast_node *first, **last; };
struct attr_list { struct ast_attr *first, **last; };

struct parser {
	struct arena *arena;	/* nodes */
	struct arena *scratch;	/* scanner's own */
	struct diags *diags;
	const struct source *source;
	uint32_t at;		/* address of the next byte */
	char *held_at, held;	/* where the scanner put a zero, over what */
	struct span last;	/* the token before the one just scanned */
	struct span current;
	bool statement_start;	/* behind a `;`, a brace, or at the beginning */
	bool line_start;	/* first on its line */
	bool stopped;		/* a limit was told: say nothing more */
	const char *declaring;	/* the name behind the statement's first word */
	unsigned tokens;	/* of the statement so far */
	bool broken;		/* the statement; its name may be missed later */
	LIST(const char *) lost;
	unsigned complaints;	/* of parser_complain() */
	unsigned nesting;
	unsigned nesting_limit;
	struct ast_node *nodes;
	struct token_list *seen;	/* keeps every token; may be NULL */
};

/* --- for the scanner --- */

/* KIND, remembering where it and the token before it stand. */
int parser_token(struct parser *parser, int kind, struct span span);

/* Length with the colon of the label that WORD begins with, or 0. */
size_t parser_label(const struct parser *parser, const char *word, size_t len);

/*
 * The token of a word: a keyword's, or TOK_WORD.  *TEXT is the word, of the
 * parser's arena or a constant; NULL: not wanted.
 */
int parser_keyword(const struct parser *parser, const char *word, size_t len,
		   const char **text);

/* Keyword NUMBER, ascending, and does it begin a statement; NULL behind the last. */
const char *parser_keyword_at(size_t number, bool *begins);

/* A word that may be the name its statement declares. */
void parser_name(struct parser *parser, const char *name);

struct ast_text parser_text(struct parser *parser, const char *text, size_t len,
			    struct span span);

/* The same with \" and \\ undone; another escape is told. */
struct ast_text parser_string(struct parser *parser, const char *text,
			      size_t len, struct span span);

void parser_unterminated(struct parser *parser, struct span span);
void parser_strange(struct parser *parser, struct span span);

/* One parenthesis deeper; false when that is too deep, which was told. */
bool parser_nest(struct parser *parser, struct span span);

/* --- for the grammar's actions --- */

struct ast_node *node_new(struct parser *parser, enum ast_kind kind,
			  struct span span);
struct ast_expr *expr_word(struct parser *parser, struct ast_text word);

/* LEFT with RIGHT joined: LEFT's items and it when LEFT is of KIND, or a new one. */
struct ast_expr *expr_join(struct parser *parser, enum ast_expr_kind kind,
			   struct ast_expr *left, struct ast_expr *right);
/* RIGHT as one more of LEFT, after telling that `,` and `except` mix. */
struct ast_expr *expr_mixed(struct parser *parser, struct ast_expr *left,
			    struct ast_expr *right);
struct ast_attr *attr_new(struct parser *parser, enum ast_attr_kind kind,
			  struct span span);

struct node_list nodes_none(void);
struct node_list nodes_add(struct node_list list, struct ast_node *node);
struct attr_list attrs_none(void);
struct attr_list attrs_add(struct attr_list list, struct ast_attr *attr);

enum { PARSER_COMPLAINTS = 10000 };	/* then the rest is not read */
enum { PARSER_EXPECTED = 80 };	/* more than the grammar has tokens */

/*
 * Tell that GOT stands where only one of the COUNT tokens EXPECTED may.  All are
 * named as messages name them.
 */
void parser_complain(struct parser *parser, struct span span, const char *got,
		     bool at_end, const char *const *expected, size_t count);

/* Tell that the parser's stack is full. */
void parser_exhausted(struct parser *parser, struct span span);

/* Parse SOURCE; mistakes go to the parser's diags. */
void parser_run(struct parser *parser, const struct source *source);

#endif
