/*
 * A walk over the text as it was parsed.  What a word stands for goes by its
 * place and by the tables of names, as in resolving; a word that is no name
 * (an address, `tcp/443`, `internet`) or that nobody declares is passed over.
 */
#include "compiler/symbols.h"

#include "compiler/resolver.h"

#include <stdlib.h>
#include <string.h>

struct walk {
	struct arena *arena;
	const struct names *names;
	LIST(struct fb_symbol) found;
};

/* What stands at a place. */
enum role { AN_ENDPOINT, A_SERVICE, AN_ENVIRONMENT, A_CUSTOMER, A_PLACE, A_STATEMENT };

static bool look_up(const struct names *n, enum role role, const char *name,
		    enum fb_symbol_kind *kind)
{
	static const enum fb_symbol_kind of_decl[] = {
		[DECL_LAYER] = FB_SYMBOL_LAYER,
		[DECL_NETWORK] = FB_SYMBOL_NETWORK,
		[DECL_GROUP] = FB_SYMBOL_GROUP,
	};
	const struct decl *decl;
	const struct ast_node *node;

	switch (role) {
	case AN_ENDPOINT:
		decl = names_find(&n->endpoints, name);
		if (decl)
			*kind = of_decl[decl->kind];
		return decl;
	case A_SERVICE:
		*kind = FB_SYMBOL_SERVICE;
		return names_find(&n->services, name);
	case AN_ENVIRONMENT:
		*kind = FB_SYMBOL_ENVIRONMENT;
		return names_find(&n->environments, name);
	case A_CUSTOMER:
		*kind = FB_SYMBOL_CUSTOMER;
		return names_find(&n->customers, name);
	case A_PLACE:
		return look_up(n, AN_ENVIRONMENT, name, kind) ||
		       look_up(n, A_CUSTOMER, name, kind);
	case A_STATEMENT:
		node = names_find(&n->statements, name);
		*kind = node && node->kind == AST_ALLOW ? FB_SYMBOL_RULE
							: FB_SYMBOL_INVARIANT;
		return node;
	}
	return false;
}

/* NAME at SPAN; NODE declares it, or it is used and NODE is NULL. */
static void add(struct walk *w, enum role role, const char *name,
		struct span span, const struct ast_node *node)
{
	struct fb_symbol s = { .name = name, .span = span, .declares = node,
			       .whole = node ? node->span : span };

	if (name && look_up(w->names, role, name, &s.kind))
		*LIST_PUSH(w->arena, &w->found) = s;
}

enum { PARTS = 3 };	/* customer.environment.layer */

/* A word of which only the last part has ROLE: before it stand places. */
static void add_word(struct walk *w, enum role role, const char *word,
		     struct span span)
{
	const char *part[PARTS];
	size_t len[PARTS], count = 0;

	for (const char *at = word; count < PARTS; at += len[count++] + 1) {
		part[count] = at;
		len[count] = strcspn(at, ".");
		if (!at[len[count]]) {
			count++;
			break;
		}
	}
	if (part[count - 1][len[count - 1]])
		return;		/* an address, or nothing that is written so */
	for (size_t i = 0; i < count; i++) {
		enum role is = i + 1 == count ? role
			: i + 2 == count && role != A_PLACE ? AN_ENVIRONMENT
			: A_CUSTOMER;
		uint32_t lo = span.lo + (uint32_t)(part[i] - word);

		if (is == A_PLACE && i)
			is = AN_ENVIRONMENT;
		add(w, is, arena_copy(w->arena, part[i], len[i]),
		    (struct span){ lo, lo + (uint32_t)len[i] }, NULL);
	}
}

static void walk_expr(struct walk *w, enum role role,
		      const struct ast_expr *expr)
{
	if (!expr)
		return;
	if (expr->kind == EXPR_WORD)
		add_word(w, role, expr->word, expr->span);
	for (size_t i = 0; expr->kind != EXPR_WORD && i < expr->items.count; i++)
		walk_expr(w, role, expr->items.at[i]);
}

static void walk_attrs(struct walk *w, const struct ast_attr *attr)
{
	for (; attr; attr = attr->next) {
		if (attr->kind == ATTR_WAIVES)
			add(w, A_STATEMENT, attr->value.text, attr->value.span,
			    NULL);
		if (attr->kind == ATTR_AVOIDING)
			walk_expr(w, AN_ENDPOINT, attr->expr);
		if (attr->kind == ATTR_IN)
			walk_expr(w, A_PLACE, attr->expr);
	}
}

/* `environments prod, staging;` declares each word. */
static void walk_environments(struct walk *w, const struct ast_node *node)
{
	struct ast_expr *const *words, *single;
	size_t count = words_of(node->list, &words, &single);

	for (size_t i = 0; i < count; i++)
		if (words[i]->kind == EXPR_WORD)
			add(w, AN_ENVIRONMENT, words[i]->word, words[i]->span,
			    node);
}

static void walk_nodes(struct walk *w, const struct ast_node *node,
		       bool in_environment);

/* What NODE's own name is, and what its list holds. */
static void walk_names(struct walk *w, const struct ast_node *node,
		       bool in_environment)
{
	const struct ast_text *name = &node->name;
	const struct ast_node *declares = in_environment ? NULL : node;

	switch (node->kind) {
	case AST_LAYER:
	case AST_NETWORK:
		add(w, AN_ENDPOINT, name->text, name->span, declares);
		break;
	case AST_GROUP:
		add(w, AN_ENDPOINT, name->text, name->span, declares);
		walk_expr(w, AN_ENDPOINT, node->list);
		break;
	case AST_SERVICE:
		add(w, A_SERVICE, name->text, name->span, declares);
		walk_expr(w, A_SERVICE, node->list);
		break;
	case AST_CUSTOMER:
		add(w, A_CUSTOMER, name->text, name->span, declares);
		break;
	case AST_ENVIRONMENT:
		add(w, AN_ENVIRONMENT, name->text, name->span, NULL);
		break;
	case AST_PEER:
		if (name->text)
			add_word(w, A_PLACE, name->text, name->span);
		break;
	case AST_SETTING:
		if (node->key.text)
			add_word(w, AN_ENDPOINT, node->key.text, node->key.span);
		break;
	case AST_ENVIRONMENTS:
		walk_environments(w, node);
		break;
	case AST_PARITY:
	case AST_ISOLATE:
		add(w, A_STATEMENT, name->text, name->span, node);
		walk_expr(w, A_PLACE, node->list);
		break;
	case AST_ALLOW:
	case AST_NEVER:
	case AST_ONLY:
	case AST_CONFINE:
	case AST_MUST:
	case AST_TIERS:
	case AST_REACH:
	case AST_EACH_RULE:
		add(w, A_STATEMENT, name->text, name->span, node);
		walk_expr(w, AN_ENDPOINT, node->list);
		break;
	default:
		break;
	}
}

static void walk_nodes(struct walk *w, const struct ast_node *node,
		       bool in_environment)
{
	for (; node; node = node->next) {
		bool inside = node->kind == AST_ENVIRONMENT;

		walk_names(w, node, in_environment);
		walk_expr(w, node->kind == AST_FREEZE ? A_PLACE : AN_ENDPOINT,
			  node->src);
		walk_expr(w, AN_ENDPOINT, node->dst);
		walk_expr(w, A_SERVICE, node->on);
		walk_attrs(w, node->attrs);
		walk_nodes(w, node->block, in_environment || inside);
	}
}

static int by_place(const void *x, const void *y)
{
	const struct fb_symbol *a = x, *b = y;

	return (a->span.lo > b->span.lo) - (a->span.lo < b->span.lo);
}

const struct fb_symbol *symbols_of(struct arena *arena, const struct ir *ir,
				   size_t *count)
{
	const struct ast *ast = ir->resolver->names.ast;
	struct walk w = { .arena = arena, .names = &ir->resolver->names };

	for (size_t i = 0; i < ast->files.count; i++)
		if (!ast->files.at[i]->library)
			walk_nodes(&w, ast->files.at[i]->nodes, false);
	if (w.found.count)
		qsort(w.found.at, w.found.count, sizeof *w.found.at, by_place);
	*count = w.found.count;
	return w.found.at;
}

static int by_name(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

const char *const *symbols_library(struct arena *arena, const struct ir *ir,
				   size_t *count)
{
	const struct ast *ast = ir->resolver->names.ast;
	LIST(const char *) names = { 0 };

	for (size_t i = 0; i < ast->files.count; i++) {
		const struct ast_node *node = ast->files.at[i]->nodes;

		for (; ast->files.at[i]->library && node; node = node->next)
			if (node->kind == AST_SERVICE && node->name.text)
				*LIST_PUSH(arena, &names) = node->name.text;
	}
	if (names.count)
		qsort(names.at, names.count, sizeof *names.at, by_name);
	*count = names.count;
	return names.at;
}

struct both symbols_service(const struct ir *ir, const char *name)
{
	const struct service_decl *decl =
		names_find(&ir->resolver->names.services, name);

	return decl && decl->checked && !decl->bad ? decl->set
						   : (struct both){ 0 };
}
