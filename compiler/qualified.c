/* Names with dots. */
#include "compiler/qualified.h"

#include "compiler/base/suggest.h"

#include <string.h>

bool is_qualified(const char *word)
{
	return strchr(word, '.') && !is_address(word);
}

/* The LEN bytes of WORD from AT as a word of their own. */
static struct ast_expr part_of(struct names *n, const struct ast_expr *word,
			       size_t at, size_t len)
{
	uint32_t lo = word->span.lo + (uint32_t)at;

	return (struct ast_expr){
		.kind = EXPR_WORD, .word = arena_copy(n->arena, word->word + at, len),
		.span = { lo, lo + (uint32_t)len } };
}

static bool find_customer(struct names *n, const struct ast_expr *word,
			  uint32_t *out)
{
	size_t lo = 0, hi = n->ir->customer_count;
	const char **words;
	const char *nearest;
	struct diag *d;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int order = strcmp(n->ir->customers[mid].name, word->word);

		if (order == 0) {
			*out = (uint32_t)mid;
			return true;
		}
		if (order < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (names_excuse(n, word->word))
		return false;
	words = arena_array(n->arena, n->ir->customer_count, sizeof *words);
	for (size_t i = 0; i < n->ir->customer_count; i++)
		words[i] = n->ir->customers[i].name;
	nearest = suggest_nearest(word->word, words, n->ir->customer_count);
	d = diag_add(n->diags, P0109, word->span,
		     "there is no customer `%.80s` with environments",
		     word->word);
	if (nearest && *nearest) {
		diag_help(d, "did you mean `%s`?", nearest);
		diag_fix(d, word->span, "%s", nearest);
	}
	return false;
}

bool place_name_read(struct names *n, const struct ast_expr *word,
		     size_t len, struct place_name *out)
{
	const char *dot = memchr(word->word, '.', len);
	size_t at = dot ? (size_t)(dot - word->word) + 1 : 0;
	struct ast_expr environment = part_of(n, word, at, len - at);
	int number;

	out->customer = QUALIFIED_OWN;
	if (dot) {
		struct ast_expr customer = part_of(n, word, 0, at - 1);

		if (!find_customer(n, &customer, &out->customer))
			return false;
	}
	number = names_environment(n, &environment);
	out->environment = (uint32_t)number;
	return number >= 0;
}

/* The layer or group behind the last dot, or NULL, which was told. */
static struct decl *find_decl(struct names *n, const struct ast_expr *name)
{
	struct decl *d = names_find(&n->endpoints, name->word);
	struct diag *told;
	const char *nearest;

	if (d && d->kind != DECL_NETWORK)
		return d;
	if (!d && names_excuse(n, name->word))
		return NULL;
	told = diag_add(n->diags, P0101, name->span,
			"nobody declares a layer or group `%.80s`", name->word);
	nearest = d ? NULL : names_nearest_endpoint(n, name->word);
	if (d) {
		diag_note(told, d->node->name.span,
			  "a network is not of one environment");
	} else if (nearest) {
		diag_help(told, "did you mean `%s`?", nearest);
		diag_fix(told, name->span, "%s", nearest);
	}
	return NULL;
}

static unsigned dots_of(const char *word)
{
	unsigned dots = 0;

	for (; *word; word++)
		dots += *word == '.';
	return dots;
}

static void look_up(struct names *n, const struct ast_expr *word,
		    struct qualified *q)
{
	const char *dot = strrchr(word->word, '.');
	size_t len = (size_t)(dot - word->word);
	struct ast_expr name = part_of(n, word, len + 1, strlen(dot + 1));

	q->bad = true;
	if (dots_of(word->word) > 2 || !len || !dot[1]) {
		diag_help(diag_add(n->diags, P0101, word->span,
				   "`%.80s` is not an end", word->word),
			  "write `ENVIRONMENT.LAYER` or `CUSTOMER.ENVIRONMENT.LAYER`");
		return;
	}
	q->bad = !place_name_read(n, word, len, &q->place);
	q->decl = find_decl(n, &name);
	q->bad |= !q->decl;
}

const struct qualified *qualified_find(struct names *n,
				       const struct ast_expr *word)
{
	struct qualified *q = table_get_name(&n->qualified, word->word);

	if (!q) {
		q = arena_alloc(n->arena, sizeof *q);
		*table_at_name(&n->qualified, word->word) = q;
		look_up(n, word, q);
	}
	return q;
}

uint32_t place_name_space(const struct names *n,
			  const struct place_name *place, uint32_t customer)
{
	if (place->customer != QUALIFIED_OWN)
		customer = place->customer;
	return ir_space_find(n->ir, customer, place->environment);
}
