/*
 * Isolation: what of others an environment must not admit, judged on permits
 * and not on routing; or endpoints by name, pairwise.
 */
#include "compiler/claims.h"

#include "compiler/base/service.h"
#include "compiler/endpoint.h"

#include <stdlib.h>
#include <string.h>

/* --- whole environments --- */

/*
 * Some spaces, each one's addresses those of a party: a customer, or an
 * environment of one customer.  Nobody may admit what another party has.
 */
enum { NO_PARTY = UINT32_MAX };

struct parties {
	bool customers;		/* else environments of one customer */
	const uint32_t *spaces;
	uint32_t *party;	/* by space; NO_PARTY for those that do not take part */
	size_t count;
	struct ranges all;	/* what any of them has */
	struct ranges *alone;	/* by party: what nobody else has */
	size_t party_count;
};

/* A party begins or ends to have addresses. */
struct edge {
	u128 at;
	bool begins;
	uint32_t party;
};

/* A range that ends before the next one begins comes first. */
static int by_place(const void *x, const void *y)
{
	const struct edge *a = x, *b = y;

	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	if (a->begins != b->begins)
		return a->begins ? -1 : 1;
	return (a->party > b->party) - (a->party < b->party);
}

typedef LIST(struct edge) edges;
typedef LIST(struct range) range_list;

static edges edges_of(struct resolver *r, struct arena *arena,
		      const struct parties *p, enum family family)
{
	edges all = { 0 };

	for (size_t i = 0; i < p->count; i++) {
		uint32_t space = p->spaces[i];
		struct ranges vpc = r->spaces[space].vpc.of[family];

		for (size_t k = 0; k < vpc.count; k++) {
			*LIST_PUSH(arena, &all) = (struct edge){
				vpc.at[k].lo, true, p->party[space] };
			*LIST_PUSH(arena, &all) = (struct edge){
				vpc.at[k].hi, false, p->party[space] };
		}
	}
	if (all.count)
		qsort(all.at, all.count, sizeof *all.at, by_place);
	return all;
}

/* Where a sweep stands: from FROM on, nothing changed. */
struct sweep {
	struct arena *arena;
	uint32_t *times;	/* by party: in how many ranges of it we are */
	size_t present;		/* parties with any */
	uint64_t sum;		/* of their numbers: of the only one, its number */
	u128 from;
	bool over;		/* behind the last address of all */
	range_list every, *alone;
};

/* Keep what lies between the last edge and E. */
static void keep(struct sweep *w, const struct edge *e)
{
	struct range r = { w->from, e->begins ? e->at - 1 : e->at };

	if (!w->present || w->over || (e->begins && e->at == w->from) ||
	    r.hi < r.lo)
		return;
	*LIST_PUSH(w->arena, &w->every) = r;
	if (w->present == 1)
		*LIST_PUSH(w->arena, &w->alone[w->sum]) = r;
}

static void pass(struct sweep *w, const struct edge *e)
{
	if (e->begins && !w->times[e->party]++) {
		w->present++;
		w->sum += e->party;
	} else if (!e->begins && !--w->times[e->party]) {
		w->present--;
		w->sum -= e->party;
	}
	w->over |= !e->begins && e->at == U128_MAX;
	w->from = e->begins ? e->at : e->at + 1;
}

static void sweep(struct resolver *r, struct arena *arena, struct parties *p,
		  enum family family)
{
	edges all = edges_of(r, arena, p, family);
	struct sweep w = { .arena = arena };

	w.times = arena_array(arena, p->party_count, sizeof *w.times);
	w.alone = arena_array(arena, p->party_count, sizeof *w.alone);
	for (size_t i = 0; i < all.count; i++) {
		keep(&w, &all.at[i]);
		pass(&w, &all.at[i]);
	}
	p->all = ranges_of(r->arena, w.every.at, w.every.count);
	p->alone = arena_array(arena, p->party_count, sizeof *p->alone);
	for (size_t i = 0; i < p->party_count; i++)
		p->alone[i] = ranges_of(arena, w.alone[i].at,
					w.alone[i].count);
}

/* Add the packets from and to ADDRESSES in SPACE. */
static void claim_both_ways(struct resolver *r, claim_boxes *out,
			    uint32_t space, enum family family,
			    struct ranges addresses, struct ranges any,
			    struct ranges every)
{
	if (!addresses.count)
		return;
	*LIST_PUSH(r->arena, out) = (struct ir_claim_box){
		space, family, addresses, any, every };
	*LIST_PUSH(r->arena, out) = (struct ir_claim_box){
		space, family, any, addresses, every };
}

/* The first range of SET that ends at or behind NUMBER. */
static size_t first_range(struct ranges set, u128 number)
{
	size_t lo = 0, hi = set.count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (set.at[mid].hi < number)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/*
 * ALL less NEAR, in pieces: runs of ALL, which all spaces share, and what is
 * left of the ranges that NEAR cuts.  So the spaces of a fleet cost what is
 * near each.
 */
static void claim_foreign(struct resolver *r, claim_boxes *out, uint32_t space,
			  enum family family, struct ranges all,
			  struct ranges near)
{
	struct ranges any = claim_any(r, space).of[family];
	struct ranges every = service_all(r->arena).of[family];
	range_list cut = { 0 };
	size_t from = 0;

	for (size_t i = 0; i < near.count; i++) {
		size_t first = first_range(all, near.at[i].lo), end = first;

		while (end < all.count && all.at[end].lo <= near.at[i].hi)
			end++;
		if (first > from)
			claim_both_ways(r, out, space, family, (struct ranges){
				all.at + from, first - from }, any, every);
		for (from = first > from ? first : from; from < end; from++)
			*LIST_PUSH(r->arena, &cut) = all.at[from];
	}
	claim_both_ways(r, out, space, family, (struct ranges){
		all.at + from, all.count - from }, any, every);
	claim_both_ways(r, out, space, family, ranges_minus(
		r->arena, ranges_of(r->arena, cut.at, cut.count), near),
		any, every);
}

/*
 * What is not foreign in SPACE: what its party alone has, its own VPC, and the
 * VPCs of peers of its party or of none: there an address is who the route
 * leads to.
 */
static struct ranges near_of(struct resolver *r, struct arena *arena,
			     const struct parties *p, uint32_t space,
			     enum family family)
{
	const struct ir_space *s = &r->spaces[space];
	uint32_t party = p->party[space];
	struct ranges near = ranges_union(arena, s->vpc.of[family],
					  p->alone[party]);

	for (size_t i = 0; i < s->peer_count; i++) {
		const struct ir_space *peer = &r->spaces[s->peers[i]];
		uint32_t other = p->party[s->peers[i]];

		if (other == party || other == NO_PARTY ||
		    (!p->customers && peer->customer != s->customer))
			near = ranges_union(arena, near, peer->vpc.of[family]);
	}
	return near;
}

/* Keep the parties of P apart. */
static void isolate_parties(struct resolver *r, struct parties *p,
			    claim_boxes *out)
{
	for (int f = IPV4; f < FAMILIES; f++) {
		struct arena *scratch = arena_child(r->arena);

		sweep(r, scratch, p, (enum family)f);
		for (size_t i = 0; i < p->count; i++)
			claim_foreign(r, out, p->spaces[i], (enum family)f,
				      p->all, near_of(r, scratch, p,
						      p->spaces[i],
						      (enum family)f));
		arena_free(scratch);
	}
}

/* Customers from each other, or the named environments of each customer. */
static void isolate_spaces(struct resolver *r, bool customers,
			   const bool *named, claim_boxes *out)
{
	size_t count = r->ir->space_count;
	uint32_t *party = arena_array(r->arena, count, sizeof *party);
	uint32_t *spaces = arena_array(r->arena, count, sizeof *spaces);
	struct parties p = { .customers = customers, .spaces = spaces,
			     .party = party,
			     .party_count = customers
				? r->ir->customer_count
				: r->ir->environment_count };

	for (uint32_t i = 0; i < count; i++) {
		const struct ir_space *s = &r->spaces[i];

		if (!customers && i && s->customer != s[-1].customer) {
			isolate_parties(r, &p, out);
			p.count = 0;
		}
		party[i] = customers ? s->customer
			 : named[s->environment] ? s->environment : NO_PARTY;
		if (party[i] != NO_PARTY)
			spaces[p.count++] = i;
	}
	isolate_parties(r, &p, out);
}

/* --- endpoints by name --- */

/* Each pair of words in one space, both ways. */
static void isolate_pairs(struct resolver *r, uint32_t space,
			  struct ast_expr *const *words, size_t count,
			  bool *met, claim_boxes *out)
{
	const struct ir_space *s = &r->spaces[space];

	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < count; k++) {
			size_t before = out->count;
			struct sets pair = {
				endpoint_set(&r->names, s, words[i]),
				endpoint_set(&r->names, s, words[k]),
				service_all(r->arena) };

			if (i == k)
				continue;
			claim_add(r, out, space, &pair);
			met[i] |= out->count > before;
		}
}

/* Plain names of endpoints, in each environment. */
static void isolate_names(struct resolver *r, const struct ast_node *node,
			  struct ast_expr *const *words, size_t count,
			  claim_boxes *out)
{
	struct work w = work_on(r, node);
	bool *met = arena_array(r->arena, count, sizeof *met), good = true;

	for (size_t i = 0; i < count; i++)
		good &= endpoint_check(&r->names, words[i]);
	if (!good)
		return;
	for (uint32_t s = 0; s < r->ir->space_count; s++) {
		if (!w.scope.spaces[s])
			continue;
		w.in_any_space = true;
		for (size_t i = 0; i < count; i++)
			sentence_missing(r, &w, &r->spaces[s], words[i]);
		isolate_pairs(r, s, words, count, met, out);
	}
	for (size_t i = 0; i < count && w.in_any_space && !w.told; i++)
		if (!met[i])
			diag_label(diag_add(r->diags, P0303, words[i]->span,
					    "this member adds nothing to the invariant"),
				   count == 1 ? "it stands alone"
				   : "it meets no other member in any environment");
}

/* What `except A -> B on S` lets through. */
static void resolve_exception(struct resolver *r, struct ir_invariant *inv,
			      const struct ast_node *node)
{
	claim_boxes boxes = { 0 };
	struct work w;

	if (!node->src || !sentence_check(r, node))
		return;
	w = work_on(r, node);
	r->names.as_claim = false;	/* what lets through is not widened */
	for (uint32_t i = 0; i < r->ir->space_count; i++) {
		struct sets said;

		if (!w.scope.spaces[i])
			continue;
		said = sentence_in(r, &w, i);
		claim_add(r, &boxes, i, &said);
	}
	r->names.as_claim = true;
	sentence_judge(r, &w, "exception");
	inv->exceptions = boxes.at;
	inv->exception_count = boxes.count;
}

/* Environments are all environments: `in` would say it twice. */
static void refuse_in(struct resolver *r, const struct ast_node *node)
{
	for (const struct ast_attr *a = node->attrs; a; a = a->next)
		if (a->kind == ATTR_IN)
			attribute_is_wrong(r, a, "an isolation of environments: name those that are meant");
}

static bool all_environments(struct resolver *r, struct ast_expr *const *words,
			     size_t count, bool *named)
{
	for (size_t i = 0; i < count; i++)
		if (!names_find(&r->names.environments, words[i]->word))
			return false;
	for (size_t i = 0; i < count; i++)
		named[names_environment(&r->names, words[i])] = true;
	return true;
}

void resolve_isolation(struct resolver *r, struct ir_invariant *inv,
		       const struct ast_node *node)
{
	struct ast_expr *const *words, *single;
	size_t count = words_of(node->list, &words, &single);
	bool *named = arena_array(r->arena, r->ir->environment_count,
				  sizeof *named);
	claim_boxes boxes = { 0 };

	inv->kind = CLAIM_ISOLATE_ENVIRONMENTS;
	if (!claim_words_differ(r, words, count))
		return;
	resolve_exception(r, inv, node);
	if (count == 1 && strcmp(words[0]->word, "environments") == 0)
		memset(named, true, r->ir->environment_count);
	else if (count == 1 && strcmp(words[0]->word, "customers") == 0)
		inv->kind = CLAIM_ISOLATE_CUSTOMERS;
	else if (!all_environments(r, words, count, named))
		inv->kind = CLAIM_ISOLATE_NAMED;
	if (inv->kind == CLAIM_ISOLATE_NAMED) {
		isolate_names(r, node, words, count, &boxes);
	} else {
		refuse_in(r, node);
		isolate_spaces(r, inv->kind == CLAIM_ISOLATE_CUSTOMERS, named,
			       &boxes);
	}
	if (!boxes.count && !r->diags->errors)
		diag_label(diag_add(r->diags, P0312, node->list->span,
				    "`%s` keeps nothing apart yet",
				    node->name.text),
			   "fewer than two, or all of them at the same addresses");
	inv->boxes = boxes.at;
	inv->box_count = boxes.count;
}
