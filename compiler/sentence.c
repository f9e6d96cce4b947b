/*
 * Looking sentences up: where they apply, what they mean there, and which of
 * their words mean nothing anywhere.
 */
#include "compiler/sentence.h"

#include "compiler/endpoint.h"
#include "compiler/qualified.h"

#include <string.h>

struct scope scope_of(struct resolver *r, const struct ast_attr *attrs)
{
	struct scope scope = { arena_array(r->arena, r->ir->space_count,
					   sizeof(bool)), false };
	const struct ast_attr *in = attrs;
	struct ast_expr *const *words, *single;
	size_t count;
	bool *named;

	while (in && in->kind != ATTR_IN)
		in = in->next;
	scope.named = in != NULL;
	if (!in) {
		memset(scope.spaces, true, r->ir->space_count);
		return scope;
	}
	count = words_of(in->expr, &words, &single);
	named = arena_array(r->arena, r->ir->environment_count, sizeof *named);
	for (size_t w = 0; w < count; w++) {
		int environment = names_environment(&r->names, words[w]);

		if (environment >= 0)
			named[environment] = true;
	}
	for (size_t i = 0; i < r->ir->space_count; i++)
		scope.spaces[i] = named[r->spaces[i].environment];
	return scope;
}

size_t item_count(const struct ast_expr *e)
{
	if (!e)
		return 0;
	return e->kind == EXPR_UNION ? e->items.count : 1;
}

const struct ast_expr *item(const struct ast_expr *e, size_t i)
{
	return e->kind == EXPR_UNION ? e->items.at[i] : e;
}

bool is_packet(struct both src, struct both dst, struct both svc)
{
	for (int f = IPV4; f < FAMILIES; f++)
		if (src.of[f].count && dst.of[f].count && svc.of[f].count)
			return true;
	return false;
}

/* A route may change the family on its way: what counts is that it begins. */
static struct both begins(const struct work *w, struct both src)
{
	for (int f = IPV4; w->routes && f < FAMILIES; f++)
		if (!src.of[f].count)
			src.of[f] = src.of[f == IPV4 ? IPV6 : IPV4];
	return src;
}

static void note_members(struct resolver *r, struct work *w,
			 const struct ir_space *near, const struct ir_space *far,
			 const struct sets *sets)
{
	const struct ast_node *n = w->node;
	struct both src = begins(w, sets->src), one;

	for (size_t i = 0; i < item_count(n->src); i++) {
		if (w->src_added[i])
			continue;
		one = endpoint_set(&r->names, near, item(n->src, i));
		w->src_added[i] = is_packet(begins(w, one), sets->dst,
					    sets->svc);
	}
	for (size_t i = 0; i < item_count(n->dst); i++) {
		if (w->dst_added[i])
			continue;
		one = endpoint_set(&r->names, far, item(n->dst, i));
		w->dst_added[i] = is_packet(src, one, sets->svc);
	}
	for (size_t i = 0; i < item_count(n->on); i++) {
		if (w->svc_added[i])
			continue;
		one = service_set(&r->names, item(n->on, i));
		w->svc_added[i] = is_packet(src, sets->dst, one);
	}
	w->any_packet |= is_packet(src, sets->dst, sets->svc);
}

struct sets sentence_between(struct resolver *r, struct work *w, uint32_t from,
			     uint32_t to)
{
	const struct ir_space *near = &r->spaces[from], *far = &r->spaces[to];
	struct sets sets = {
		.src = endpoint_set(&r->names, near, w->node->src),
		.dst = endpoint_set(&r->names, far, w->node->dst),
		.svc = service_set(&r->names, w->node->on),
	};

	w->in_any_space = true;
	w->any_src |= !both_empty(sets.src);
	w->any_dst |= !both_empty(sets.dst);
	sentence_missing(r, w, near, w->node->src);
	sentence_missing(r, w, far, w->node->dst);
	note_members(r, w, near, far, &sets);
	return sets;
}

/* Do the words of E name customers, their own one, or nothing at all? */
struct naming {
	bool plain, own, other;
	bool is_there;		/* one of them is the space in question */
};

static void look_at_names(struct resolver *r, const struct ast_expr *e,
			  uint32_t space, struct naming *out)
{
	const struct qualified *q;

	for (size_t i = 0; e->kind != EXPR_WORD && i < e->items.count; i++)
		look_at_names(r, e->items.at[i], space, out);
	if (e->kind != EXPR_WORD)
		return;
	if (!is_qualified(e->word)) {
		out->plain = true;
		return;
	}
	q = qualified_find(&r->names, e);
	out->own |= q->place.customer == QUALIFIED_OWN;
	out->other |= q->place.customer != QUALIFIED_OWN;
	out->is_there |= q->place.customer != QUALIFIED_OWN &&
			 place_name_space(&r->names, &q->place, 0) == space;
}

/* The customers whose peering with SPACE makes NODE speak of them there. */
static const uint32_t *customers_of(struct resolver *r,
				    const struct ast_node *node,
				    uint32_t space, size_t *count)
{
	const struct ir_space *s = &r->spaces[space];
	struct naming naming = { 0 };
	uint32_t *customers, last = s->customer;

	*count = 0;
	look_at_names(r, node->src, space, &naming);
	look_at_names(r, node->dst, space, &naming);
	if (naming.plain || !naming.own || !naming.is_there)
		return NULL;
	customers = arena_array(r->arena, s->peer_count, sizeof *customers);
	for (size_t i = 0; i < s->peer_count; i++) {
		uint32_t customer = r->spaces[s->peers[i]].customer;

		/* peers are by customer */
		if (customer != s->customer && customer != last)
			customers[(*count)++] = last = customer;
	}
	return customers;
}

/* Ranges of many sets, to become one. */
struct heap {
	LIST(struct range) of[FAMILIES];
};

static void heap_add(struct arena *arena, struct heap *heap, struct both set)
{
	for (int f = IPV4; f < FAMILIES; f++)
		for (size_t i = 0; i < set.of[f].count; i++)
			*LIST_PUSH(arena, &heap->of[f]) = set.of[f].at[i];
}

static struct both heap_set(struct resolver *r, const struct heap *heap)
{
	struct both set;

	for (int f = IPV4; f < FAMILIES; f++)
		set.of[f] = ranges_of(r->arena, heap->of[f].at,
				      heap->of[f].count);
	return set;
}

struct sets sentence_in(struct resolver *r, struct work *w, uint32_t space)
{
	size_t count;
	const uint32_t *others = customers_of(r, w->node, space, &count);
	struct sets sets = sentence_between(r, w, space, space);
	struct arena *scratch;
	struct heap src = { 0 }, dst = { 0 };

	if (!count)
		return sets;
	scratch = arena_child(r->arena);
	heap_add(scratch, &src, sets.src);
	heap_add(scratch, &dst, sets.dst);
	for (size_t i = 0; i < count; i++) {
		struct sets more;

		r->names.as_customer = others[i] + 1;
		more = sentence_between(r, w, space, space);
		heap_add(scratch, &src, more.src);
		heap_add(scratch, &dst, more.dst);
	}
	r->names.as_customer = 0;
	sets.src = heap_set(r, &src);
	sets.dst = heap_set(r, &dst);
	arena_free(scratch);
	return sets;
}

void sentence_missing(struct resolver *r, struct work *w,
		      const struct ir_space *s, const struct ast_expr *e)
{
	struct missing m;

	if (!endpoint_missing(&r->names, s, e, &m))
		return;
	/* an invariant about `prod.data` speaks of the customers that have it */
	if (w->scope.named || m.customer_named ||
	    (m.named && w->node->kind == AST_ALLOW)) {
		w->told = true;
		diag_note(diag_label(diag_add(r->diags, P0304, m.where,
			"%s has no `%s`",
			ir_space_name(r->arena, r->ir, m.in), m.decl->name),
			m.named ? "the environment is named here"
				: "`in` names this environment"), m.in->span,
			"declared here without addresses for `%s`",
			m.decl->name);
	} else if (!w->skipped++) {
		w->skipped_in = s;
		w->skipped_member = m.decl;
		w->skipped_at = m.where;
	}
}

void sentence_skipped(struct resolver *r, const struct work *w)
{
	if (w->skipped)
		diag_label(diag_add(r->diags, P0309, w->skipped_at,
				    "`%s` is skipped where an end has no addresses",
				    w->node->name.text),
			   w->skipped == 1 ? "%s has no `%s`"
			   : "%s has no `%s`, and %u more lack one",
			   ir_space_name(r->arena, r->ir, w->skipped_in),
			   w->skipped_member->name, w->skipped - 1);
}

void sentence_idle(struct resolver *r, const struct ast_expr *e,
		   const bool *added, const char *what)
{
	for (size_t i = 0; i < item_count(e); i++)
		if (!added[i])
			diag_label(diag_add(r->diags, P0303, item(e, i)->span,
					    "this member adds nothing to the %s",
					    what),
				   "no packet in any environment comes of it");
}

static bool names_a_place(const struct ast_expr *e)
{
	if (e->kind == EXPR_WORD)
		return is_qualified(e->word);
	for (size_t i = 0; i < e->items.count; i++)
		if (names_a_place(e->items.at[i]))
			return true;
	return false;
}

void sentence_judge(struct resolver *r, const struct work *w,
		    const char *what)
{
	const struct ast_node *n = w->node;

	if (!w->in_any_space)
		return;		/* only environments that nobody has yet */
	if (!w->any_packet && !w->told &&
	    (names_a_place(n->src) || names_a_place(n->dst))) {
		diag_help(diag_label(diag_add(r->diags, P0314,
				span_join(n->src->span, n->dst->span),
				"the two ends of `%s` are nowhere together",
				n->name.text),
				     "no environment sees both"),
			  "an environment sees those it peers with: `peer ENVIRONMENT;`");
	} else if (!w->any_src || !w->any_dst) {
		const struct ast_expr *e = w->any_src ? n->dst : n->src;

		diag_help(diag_label(diag_add(r->diags, P0301, e->span,
					      "`%s` has an end without any address",
					      n->name.text),
				     "empty in every environment"),
			  "an empty set never means `any`: give it addresses, or remove the %s",
			  what);
	} else if (!w->any_packet && n->kind == AST_MUST) {
		return;		/* told for each environment */
	} else if (!w->any_packet) {
		diag_label(diag_add(r->diags, P0302,
				    span_join(n->src->span, n->dst->span),
				    "the two ends of `%s` have no common address family",
				    n->name.text),
			   "IPv4 on one side, IPv6 on the other, or services of the other family");
	} else if (!w->told) {
		sentence_idle(r, n->src, w->src_added, what);
		sentence_idle(r, n->dst, w->dst_added, what);
		sentence_idle(r, n->on, w->svc_added, what);
	}
}

struct work work_on(struct resolver *r, const struct ast_node *node)
{
	struct work w = { .node = node };

	w.scope = scope_of(r, node->attrs);
	w.src_added = arena_array(r->arena, item_count(node->src), 1);
	w.dst_added = arena_array(r->arena, item_count(node->dst), 1);
	w.svc_added = arena_array(r->arena, item_count(node->on), 1);
	return w;
}

bool sentence_check(struct resolver *r, const struct ast_node *node)
{
	bool src = endpoint_check(&r->names, node->src);
	bool dst = endpoint_check(&r->names, node->dst);

	return (!node->on || service_check(&r->names, node->on)) && src && dst;
}
