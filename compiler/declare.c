/*
 * One pass over all statements: each goes to its table, a second one of the
 * same name is told, and a statement in the wrong block as well.
 */
#include "compiler/declare.h"

#include "compiler/base/suggest.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_MOST = 64 };

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_name(const char *text)
{
	size_t len = strlen(text);

	if (!is_letter(*text) || len > NAME_MOST || text[len - 1] == '-')
		return false;
	for (size_t i = 1; i < len; i++)
		if (!is_letter(text[i]) && text[i] != '-' && text[i] != '_' &&
		    !(text[i] >= '0' && text[i] <= '9'))
			return false;
	return true;
}

bool is_address(const char *word)
{
	return (*word >= '0' && *word <= '9') || strchr(word, ':') ||
	       strchr(word, '/');
}

static void check_name(struct names *n, const struct ast_text *name)
{
	if (strcmp(name->text, "any") == 0 ||
	    strcmp(name->text, "internet") == 0)
		diag_label(diag_add(n->diags, P0108, name->span,
				    "`%s` is a word of the language",
				    name->text), "choose another name");
	else if (!is_name(name->text))
		diag_help(diag_add(n->diags, P0012, name->span,
				   "`%.80s` is not a name", name->text),
			  "begin with a letter, go on with letters, digits, `-` and `_`, at most %d",
			  NAME_MOST);
}

/* Enter VALUE under its name; tells a second declaration and returns false. */
static bool enter(struct names *n, struct table *table,
		  const struct ast_node *node, const char *what, void *value)
{
	void **place = table_at_name(table, node->name.text);
	struct diag *d;

	check_name(n, &node->name);
	if (!*place) {
		*place = value;
		return true;
	}
	d = diag_add(n->diags, P0105, node->name.span,
		     "%s `%s` is declared twice", what, node->name.text);
	diag_label(d, "declared again");
	diag_note(d, *(const struct span *)*place, "first declared here");
	return false;
}

/* What tables point to begins with the span of the first declaration. */
struct entry {
	struct span span;
	void *value;
};

static struct entry *entry_new(struct names *n, const struct ast_node *node,
			       void *value)
{
	struct entry *e = arena_alloc(n->arena, sizeof *e);

	e->span = node->name.span;
	e->value = value;
	return e;
}

static void declare_endpoint(struct names *n, const struct ast_node *node,
			     enum decl_kind kind, const char *what)
{
	struct decl *d = arena_alloc(n->arena, sizeof *d);

	d->kind = kind;
	d->name = node->name.text;
	d->node = node;
	if (enter(n, &n->endpoints, node, what, entry_new(n, node, d)))
		*LIST_PUSH(n->arena, &n->decls) = d;
}

static void declare_service(struct names *n, const struct ast_node *node)
{
	struct service_decl *s = arena_alloc(n->arena, sizeof *s);

	s->name = node->name.text;
	s->node = node;
	if (enter(n, &n->services, node, "service", entry_new(n, node, s)))
		*LIST_PUSH(n->arena, &n->service_decls) = s;
}

size_t words_of(const struct ast_expr *list, struct ast_expr *const **words,
		struct ast_expr **single)
{
	if (!list)
		return 0;
	if (list->kind == EXPR_WORD) {
		*single = (struct ast_expr *)list;
		*words = single;
		return 1;
	}
	*words = list->items.at;
	return list->items.count;
}

static void declare_environments(struct names *n, const struct ast_node *node)
{
	struct ast_expr *const *words, *single;
	size_t count = words_of(node->list, &words, &single);

	for (size_t i = 0; i < count; i++) {
		struct ast_node *named = arena_alloc(n->arena, sizeof *named);

		named->name = (struct ast_text){ words[i]->word,
						 words[i]->span };
		if (enter(n, &n->environments, named, "environment",
			  entry_new(n, named, named)))
			*LIST_PUSH(n->arena, &n->environment_names) =
				words[i]->word;
	}
}

static void misplaced(struct names *n, const struct ast_node *node,
		      const char *where)
{
	diag_label(diag_add(n->diags, P0011, node->span,
			    "this statement does not belong here"),
		   "%s", where);
}

static void declare_place(struct names *n, const struct ast_node *customer,
			  const struct ast_node *node)
{
	struct place *p = LIST_PUSH(n->arena, &n->places);

	p->customer = customer;
	p->environment = node;
}

static void declare_customer(struct names *n, const struct ast_node *node)
{
	if (!enter(n, &n->customers, node, "customer",
		   entry_new(n, node, (void *)node)))
		return;
	for (const struct ast_node *c = node->block; c; c = c->next) {
		if (c->kind == AST_ENVIRONMENT)
			declare_place(n, node, c);
		else if (c->kind != AST_ACCOUNT)
			misplaced(n, c, "a customer has an account and environments");
	}
}

static void declare_once(struct names *n, const struct ast_node *node,
			 const struct ast_node **first, const char *what)
{
	struct diag *d;

	if (!*first) {
		*first = node;
		return;
	}
	d = diag_add(n->diags, P0010, node->span, "a second `%s` statement",
		     what);
	diag_note(d, (*first)->span, "the first one is here");
}

struct heads {
	const struct ast_node *language, *policy;
};

static void declare_statement(struct names *n, const struct ast_node *node,
			      struct heads *heads)
{
	switch (node->kind) {
	case AST_LANGUAGE:
		if (strcmp(node->name.text, "1") != 0)
			diag_help(diag_add(n->diags, P0009, node->name.span,
					   "language `%.20s` is not known",
					   node->name.text),
				  "this compiler knows language 1");
		if (!heads->language)
			heads->language = node;
		break;
	case AST_POLICY:
		check_name(n, &node->name);
		declare_once(n, node, &heads->policy, "policy");
		break;
	case AST_INCLUDE:
		break;
	case AST_ENVIRONMENTS:
		declare_environments(n, node);
		break;
	case AST_LAYER:
		if (node->list)
			misplaced(n, node, "addresses stand in `environment` blocks");
		declare_endpoint(n, node, DECL_LAYER, "layer");
		break;
	case AST_NETWORK:
		declare_endpoint(n, node, DECL_NETWORK, "network");
		break;
	case AST_GROUP:
		declare_endpoint(n, node, DECL_GROUP, "group");
		break;
	case AST_SERVICE:
		declare_service(n, node);
		break;
	case AST_CUSTOMER:
		declare_customer(n, node);
		break;
	case AST_ENVIRONMENT:
		declare_place(n, NULL, node);
		break;
	case AST_ALLOW:
		if (enter(n, &n->statements, node, "rule",
			  entry_new(n, node, (void *)node)))
			*LIST_PUSH(n->arena, &n->rules) = node;
		break;
	case AST_NEVER: case AST_ONLY: case AST_CONFINE: case AST_MUST:
	case AST_ISOLATE: case AST_TIERS: case AST_REACH: case AST_PARITY:
	case AST_EACH_RULE:
		if (enter(n, &n->statements, node, "invariant",
			  entry_new(n, node, (void *)node)))
			*LIST_PUSH(n->arena, &n->invariants) = node;
		break;
	case AST_REQUIRE:
		*LIST_PUSH(n->arena, &n->requires) = node;
		break;
	case AST_REVIEW:
		*LIST_PUSH(n->arena, &n->reviews) = node;
		break;
	case AST_REVIEW_EMERGENCY:
		*LIST_PUSH(n->arena, &n->emergencies) = node;
		break;
	case AST_FREEZE:
		*LIST_PUSH(n->arena, &n->freezes) = node;
		break;
	case AST_DEFAULT:
		*LIST_PUSH(n->arena, &n->defaults) = node;
		break;
	case AST_EXPECT:
		*LIST_PUSH(n->arena, &n->expects) = node;
		break;
	case AST_SETTINGS:
		*LIST_PUSH(n->arena, &n->settings) = node;
		break;
	case AST_SETTING:
		break;
	case AST_ACCOUNT: case AST_REGION: case AST_VPC: case AST_NAT:
	case AST_PEER:
		misplaced(n, node, "it stands in an `environment` block");
		break;
	}
}

static int by_decl(const void *x, const void *y)
{
	const struct decl *a = *(struct decl *const *)x;
	const struct decl *b = *(struct decl *const *)y;

	return strcmp(a->name, b->name);
}

static enum ir_via read_via(struct names *n, const struct ast_text *via)
{
	static const char *const words[] = { "vpn", "nat", "peering",
					     "endpoint" };

	if (!via->text)
		return VIA_NONE;
	for (int i = 0; i < 4; i++)
		if (strcmp(words[i], via->text) == 0)
			return (enum ir_via)(VIA_VPN + i);
	diag_label(diag_add(n->diags, P0208, via->span,
			    "networks are not reached via `%.40s`", via->text),
		   "expected vpn, nat, peering or endpoint");
	return VIA_NONE;
}

static void number_endpoints(struct names *n)
{
	struct ir_layer *layers = arena_array(n->arena, n->decls.count,
					      sizeof *layers);
	struct ir_network *networks = arena_array(n->arena, n->decls.count,
						  sizeof *networks);

	if (n->decls.count)
		qsort(n->decls.at, n->decls.count, sizeof *n->decls.at,
		      by_decl);
	for (size_t i = 0; i < n->decls.count; i++) {
		struct decl *d = n->decls.at[i];

		if (d->kind == DECL_LAYER) {
			d->index = (uint32_t)n->ir->layer_count;
			layers[n->ir->layer_count++] = (struct ir_layer){
				d->name, d->node->title.text ?
				d->node->title.text : "",
				d->node->shared_hosts, d->node->name.span };
		} else if (d->kind == DECL_NETWORK) {
			d->index = (uint32_t)n->ir->network_count;
			networks[n->ir->network_count++] = (struct ir_network){
				d->name, d->node->title.text ?
				d->node->title.text : "",
				d->node->prefix_list.text,
				read_via(n, &d->node->via),
				d->node->name.span };
		}
	}
	n->ir->layers = layers;
	n->ir->networks = networks;
}

static int by_text(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/*
 * The declared environments and, so that every block has a number, those that
 * only a block names: that was told, or will be.
 */
static void number_environments(struct names *n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n->places.count; i++)
		*LIST_PUSH(n->arena, &n->environment_names) =
			n->places.at[i].environment->name.text;
	if (n->environment_names.count)
		qsort(n->environment_names.at, n->environment_names.count,
		      sizeof *n->environment_names.at, by_text);
	for (size_t i = 0; i < n->environment_names.count; i++) {
		const char **at = n->environment_names.at;

		if (!kept || strcmp(at[kept - 1], at[i]) != 0)
			at[kept++] = at[i];
	}
	n->ir->environments = n->environment_names.at;
	n->ir->environment_count = kept;
}

static int by_place(const void *x, const void *y)
{
	const struct place *a = x, *b = y;
	int order;

	if (!a->customer != !b->customer)
		return a->customer ? 1 : -1;
	order = a->customer ? strcmp(a->customer->name.text,
				     b->customer->name.text) : 0;
	return order ? order : strcmp(a->environment->name.text,
				      b->environment->name.text);
}

/* Places in order, and the customers in the order of their first place. */
static void number_places(struct names *n)
{
	struct ir_customer *customers = arena_array(n->arena,
						    n->places.count + 1,
						    sizeof *customers);
	size_t count = 0;

	if (n->places.count)
		qsort(n->places.at, n->places.count, sizeof *n->places.at,
		      by_place);
	for (size_t i = 0; i < n->places.count; i++) {
		struct place *p = &n->places.at[i];
		const struct ast_node *c = p->customer;

		if (!i || c != n->places.at[i - 1].customer)
			customers[count++] = (struct ir_customer){
				c ? c->name.text : "",
				c && c->title.text ? c->title.text : "",
				c ? c->name.span : (struct span){ 0 } };
		p->customer_index = (uint32_t)count - 1;
	}
	n->ir->customers = customers;
	n->ir->customer_count = count;
}

static void check_heads(struct names *n, const struct ast *ast,
			const struct heads *heads)
{
	struct span top = { 0 };

	if (ast->files.count && ast->files.at[0]->nodes)
		top.lo = top.hi = ast->files.at[0]->nodes->span.lo;
	if (!heads->language && top.hi && !ast->incomplete) {
		struct diag *d = diag_add(n->diags, P0008, top,
					  "the policy does not say its language");

		diag_help(d, "begin with `language 1;`");
		diag_fix(d, top, "language 1;\n");
	}
	if (heads->policy) {
		n->ir->policy = heads->policy->name.text;
		n->ir->title = heads->policy->title.text ?
			heads->policy->title.text : "";
	} else if (!n->diags->errors) {
		diag_help(diag_add(n->diags, P0010, top,
				   "no `policy` statement"),
			  "name the policy: `policy NAME \"what it is for\";`");
	}
}

static void declare_files(struct names *n, const struct ast *ast, bool library,
			  struct heads *heads)
{
	for (size_t i = 0; i < ast->files.count; i++) {
		const struct ast_node *node = ast->files.at[i]->nodes;

		if (ast->files.at[i]->library != library)
			continue;
		for (; node; node = node->next)
			declare_statement(n, node, heads);
	}
}

void declare_all(struct names *n, const struct ast *ast)
{
	struct heads heads = { 0 };

	n->ast = ast;
	n->compared = arena_alloc(n->arena, sizeof *n->compared);
	n->endpoints = n->services = n->environments = TABLE_IN(n->arena);
	n->customers = n->statements = n->qualified = TABLE_IN(n->arena);
	/* the library first: who declares one of its names is told so */
	declare_files(n, ast, true, &heads);
	heads = (struct heads){ 0 };
	declare_files(n, ast, false, &heads);
	number_environments(n);
	number_endpoints(n);
	number_places(n);
	check_heads(n, ast, &heads);
}

void *names_find(const struct table *table, const char *name)
{
	const struct entry *e = table_get_name(table, name);

	return e ? e->value : NULL;
}

bool names_excuse(const struct names *n, const char *name)
{
	return n->ast->incomplete || table_get_name(&n->ast->lost, name);
}

enum { COMPARED_MOST = 2000000 };

/* May a word be compared with COUNT names more? */
static bool may_suggest(const struct names *n, size_t count)
{
	if (*n->compared > COMPARED_MOST)
		return false;
	*n->compared += count;
	return true;
}

const char *names_nearest_endpoint(const struct names *n, const char *word)
{
	const char **words;

	if (!may_suggest(n, n->decls.count))
		return NULL;
	words = arena_array(n->arena, n->decls.count + 2, sizeof *words);
	for (size_t i = 0; i < n->decls.count; i++)
		words[i] = n->decls.at[i]->name;
	words[n->decls.count] = "any";
	words[n->decls.count + 1] = "internet";
	return suggest_nearest(word, words, n->decls.count + 2);
}

const char *names_nearest_service(const struct names *n, const char *word)
{
	const char **words;

	if (!may_suggest(n, n->service_decls.count))
		return NULL;
	words = arena_array(n->arena, n->service_decls.count + 1,
			    sizeof *words);
	for (size_t i = 0; i < n->service_decls.count; i++)
		words[i] = n->service_decls.at[i]->name;
	words[n->service_decls.count] = "any";
	return suggest_nearest(word, words, n->service_decls.count + 1);
}

static const char *nearest_environment(const struct names *n, const char *word)
{
	const char **words;
	size_t count = 0;

	if (!may_suggest(n, n->ir->environment_count))
		return NULL;
	words = arena_array(n->arena, n->ir->environment_count, sizeof *words);
	for (size_t i = 0; i < n->ir->environment_count; i++)
		if (names_find(&n->environments, n->ir->environments[i]))
			words[count++] = n->ir->environments[i];
	return suggest_nearest(word, words, count);
}

static int environment_number(const struct names *n, const char *name)
{
	size_t lo = 0, hi = n->ir->environment_count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int order = strcmp(n->ir->environments[mid], name);

		if (order == 0)
			return (int)mid;
		if (order < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return -1;
}

int names_environment(struct names *n, const struct ast_expr *word)
{
	struct diag *d;
	const char *nearest;

	if (names_find(&n->environments, word->word) ||
	    names_excuse(n, word->word))
		return environment_number(n, word->word);
	d = diag_add(n->diags, P0103, word->span,
		     "environment `%.80s` is not declared", word->word);
	nearest = nearest_environment(n, word->word);
	if (nearest) {
		diag_help(d, "did you mean `%s`?", nearest);
		diag_fix(d, word->span, "%s", nearest);
	} else {
		diag_help(d, "declare it: `environments …, %.80s;`",
			  word->word);
	}
	return environment_number(n, word->word);
}
