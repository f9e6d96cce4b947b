/*
 * Environments: address spaces with their layers, networks and internet.
 */
#include "compiler/resolver.h"

#include "compiler/base/addr.h"
#include "compiler/endpoint.h"

#include <stdlib.h>
#include <string.h>

static const char *word_or_empty(const struct ast_node *node)
{
	return node ? node->name.text : "";
}

/* Tell that a second statement of a kind stands in a block. */
static void once(struct resolver *r, const struct ast_node **first,
		 const struct ast_node *node, const char *what)
{
	if (*first)
		diag_note(diag_add(r->diags, P0105, node->span,
				   "`%s` stands twice in this environment",
				   what), (*first)->span, "first here");
	else
		*first = node;
}

static void set_members(struct resolver *r, const struct ast_node *node,
			enum decl_kind kind, struct both *sets,
			const struct ast_node **given)
{
	struct decl *d = names_find(&r->names.endpoints, node->name.text);
	struct diag *told;
	const char *nearest;

	if (!d || d->kind != kind) {
		if (!d && names_excuse(&r->names, node->name.text))
			return;
		told = diag_add(r->diags, P0101, node->name.span,
				"nobody declares a %s `%.80s`",
				kind == DECL_LAYER ? "layer" : "network",
				node->name.text);
		nearest = names_nearest_endpoint(&r->names, node->name.text);
		if (nearest)
			diag_help(told, "did you mean `%s`?", nearest);
		return;
	}
	once(r, &given[d->index], node, node->name.text);
	if (!node->list)
		diag_help(diag_add(r->diags, P0201, node->span,
				   "`%s` has no addresses here", d->name),
			  "write them behind the name: `10.0.0.0/24, 10.0.1.0/24`");
	sets[d->index] = address_list(&r->names, node->list);
}

static void read_environment(struct resolver *r, const struct place *place,
			     struct ir_space *s)
{
	size_t layers = r->ir->layer_count, networks = r->ir->network_count;
	const struct ast_node **given = arena_array(r->arena,
						    layers + networks,
						    sizeof *given);
	const struct ast_node *account = NULL, *region = NULL, *vpc = NULL,
			      *nat = NULL;

	for (const struct ast_node *n = place->environment->block; n;
	     n = n->next) {
		if (n->kind == AST_ACCOUNT) {
			once(r, &account, n, "account");
		} else if (n->kind == AST_REGION) {
			once(r, &region, n, "region");
		} else if (n->kind == AST_VPC) {
			once(r, &vpc, n, "vpc");
			s->vpc = address_list(&r->names, n->list);
		} else if (n->kind == AST_NAT) {
			once(r, &nat, n, "nat");
			s->nat = address_list(&r->names, n->list);
		} else if (n->kind == AST_LAYER) {
			set_members(r, n, DECL_LAYER, s->layers, given);
		} else if (n->kind == AST_NETWORK) {
			set_members(r, n, DECL_NETWORK, s->networks,
				    given + layers);
		} else if (n->kind != AST_PEER) {
			diag_label(diag_add(r->diags, P0011, n->span,
					    "this statement does not belong here"),
				   "an environment has account, region, vpc, nat, peers, layers and networks");
		}
	}
	for (const struct ast_node *n = place->customer
	     ? place->customer->block : NULL; n && !account; n = n->next)
		if (n->kind == AST_ACCOUNT)
			account = n;
	s->account = word_or_empty(account);
	s->region = word_or_empty(region);
	if (!vpc)
		diag_help(diag_add(r->diags, P0310, place->environment->name.span,
				   "environment `%s` has no VPC",
				   place->environment->name.text),
			  "give it its address space: `vpc 10.0.0.0/16;`");
}

/* Networks with addresses of their own have them in every environment. */
static void global_networks(struct resolver *r, struct ir_space *s)
{
	for (size_t i = 0; i < r->names.decls.count; i++) {
		const struct decl *d = r->names.decls.at[i];

		if (d->kind == DECL_NETWORK && d->node->list &&
		    both_empty(s->networks[d->index]))
			s->networks[d->index] = d->addresses;
	}
}

/* One list is one class, under whatever name. */
static void check_lists(struct resolver *r, const struct ir_space *s)
{
	const struct ir_network *n = r->ir->networks;

	for (uint32_t i = 0; i < r->ir->network_count; i++)
		for (uint32_t k = 0; ir_is_opaque(s, i) &&
				     k < r->ir->network_count; k++)
			if (k != i && n[k].prefix_list &&
			    (k < i || !ir_is_opaque(s, k)) &&
			    strcmp(n[i].prefix_list, n[k].prefix_list) == 0)
				diag_note(diag_label(diag_add(r->diags, P0306,
					n[i].span,
					"`%s` and `%s` are the same prefix list",
					n[k].name, n[i].name),
					"without addresses in %s",
					ir_space_name(r->arena, r->ir, s)),
					n[k].span, "the other one");
}

/* What has a name on AWS and no addresses here is a class of its own. */
static void opaque_networks(struct resolver *r, struct ir_space *s)
{
	for (uint32_t i = 0; i < r->ir->network_count; i++)
		if (r->ir->networks[i].prefix_list &&
		    both_empty(s->networks[i]))
			s->networks[i].of[IPV4] = ranges_one(
				r->arena, opaque_class(i), opaque_class(i));
}

static const char *shared_text(struct resolver *r, struct both a,
			       struct both b)
{
	struct both shared = both_meet(r->arena, a, b);
	enum family f = ranges_empty(shared.of[IPV4]) ? IPV6 : IPV4;

	return addr_set_text(r->arena, f, shared.of[f]);
}

static void tell_shared(struct resolver *r, const struct ir_space *s,
			const char *a, const char *b, struct both set_a,
			struct both set_b)
{
	diag_label(diag_add(r->diags, P0306, s->span,
			    "`%s` and `%s` overlap in %s", a, b,
			    ir_space_name(r->arena, r->ir, s)),
		   "both have %s", shared_text(r, set_a, set_b));
}

static void check_layers(struct resolver *r, const struct ir_space *s)
{
	const struct ir_layer *layers = r->ir->layers;

	for (size_t i = 0; i < r->ir->layer_count; i++) {
		if (!both_include(s->vpc, s->layers[i]) && !both_empty(s->vpc))
			diag_label(diag_add(r->diags, P0307, s->span,
					    "`%s` lies outside of the VPC of %s",
					    layers[i].name,
					    ir_space_name(r->arena, r->ir, s)),
				   "the addresses of a layer are subnets of its VPC");
	}
}

struct claimed {
	struct range range;
	uint32_t layer;
};

static int by_address(const void *x, const void *y)
{
	const struct claimed *a = x, *b = y;

	if (a->range.lo != b->range.lo)
		return a->range.lo < b->range.lo ? -1 : 1;
	return (a->layer > b->layer) - (a->layer < b->layer);
}

/* One sweep over all layers' ranges: neighbours that overlap are told. */
static void check_disjoint(struct resolver *r, const struct ir_space *s,
			   enum family family)
{
	LIST(struct claimed) all = { 0 };
	const struct ir_layer *layers = r->ir->layers;
	size_t reach = 0;

	for (size_t i = 0; i < r->ir->layer_count; i++)
		for (size_t k = 0; k < s->layers[i].of[family].count; k++)
			*LIST_PUSH(r->arena, &all) = (struct claimed){
				s->layers[i].of[family].at[k], (uint32_t)i };
	if (all.count)
		qsort(all.at, all.count, sizeof *all.at, by_address);
	for (size_t i = 1; i < all.count; i++) {
		uint32_t a = all.at[reach].layer, b = all.at[i].layer;

		if (all.at[i].range.lo <= all.at[reach].range.hi && a != b &&
		    !(layers[a].shared_hosts && layers[b].shared_hosts))
			tell_shared(r, s, layers[a].name, layers[b].name,
				    s->layers[a], s->layers[b]);
		if (all.at[i].range.hi > all.at[reach].range.hi)
			reach = i;
	}
}

static void check_networks(struct resolver *r, const struct ir_space *s)
{
	for (size_t i = 0; i < r->ir->network_count; i++) {
		const char *name = r->ir->networks[i].name;

		if (both_touch(s->networks[i], s->vpc))
			tell_shared(r, s, name, "vpc", s->networks[i], s->vpc);
		for (size_t k = 0; k < s->peer_count; k++) {
			const struct ir_space *peer = &r->spaces[s->peers[k]];

			if (both_touch(s->networks[i], peer->vpc))
				tell_shared(r, s, name,
					    arena_printf(r->arena, "vpc of %s",
						ir_space_name(r->arena, r->ir,
							      peer)),
					    s->networks[i], peer->vpc);
		}
	}
}

static bool is_private(enum ir_via via)
{
	switch (via) {
	case VIA_VPN: case VIA_PEERING: case VIA_ENDPOINT:
		return true;
	case VIA_NONE: case VIA_NAT:
		break;
	}
	return false;
}

/* What is public and the networks on it, less what is reached privately. */
static struct both internet_of(struct resolver *r, const struct ir_space *s)
{
	struct both internet = r->public, private =
		both_union(r->arena, s->vpc,
			   ir_space_peers(r->arena, r->ir, s));

	for (uint32_t i = 0; i < r->ir->network_count; i++) {
		struct both *into = is_private(r->ir->networks[i].via)
			? &private : &internet;

		if (!ir_is_opaque(s, i))
			*into = both_union(r->arena, *into, s->networks[i]);
	}
	return both_minus(r->arena, internet, private);
}

static void resolve_space(struct resolver *r, const struct place *place,
			  struct ir_space *s)
{
	struct ast_expr word = {
		.kind = EXPR_WORD, .word = place->environment->name.text,
		.span = place->environment->name.span };
	int environment = names_environment(&r->names, &word);

	s->customer = place->customer_index;
	s->environment = environment < 0 ? 0 : (uint32_t)environment;
	s->span = place->environment->name.span;
	s->layers = arena_array(r->arena, r->ir->layer_count,
				sizeof *s->layers);
	s->networks = arena_array(r->arena, r->ir->network_count,
				  sizeof *s->networks);
	read_environment(r, place, s);
	global_networks(r, s);
	opaque_networks(r, s);
	check_lists(r, s);
}

/* What can only be said when the peers are known. */
static void finish_space(struct resolver *r, struct ir_space *s)
{
	check_layers(r, s);
	check_disjoint(r, s, IPV4);
	check_disjoint(r, s, IPV6);
	check_networks(r, s);
	s->internet = internet_of(r, s);
}

void resolve_spaces(struct resolver *r)
{
	size_t count = r->names.places.count;

	r->spaces = arena_array(r->arena, count, sizeof *r->spaces);
	r->ours = arena_array(r->arena, count, sizeof *r->ours);
	r->ir->spaces = r->spaces;
	r->ir->space_count = count;
	for (size_t i = 0; i < r->names.decls.count; i++) {
		struct decl *d = r->names.decls.at[i];

		if (d->kind == DECL_NETWORK && d->node->list)
			d->addresses = address_list(&r->names, d->node->list);
	}
	for (size_t i = 0; i < count; i++) {
		const struct place *p = &r->names.places.at[i];

		resolve_space(r, p, &r->spaces[i]);
		r->ours[i] = ir_space_layers(r->arena, r->ir, &r->spaces[i]);
		if (i && p[-1].customer == p->customer &&
		    strcmp(p[-1].environment->name.text,
			   p->environment->name.text) == 0)
			diag_note(diag_add(r->diags, P0105,
					   p->environment->name.span,
					   "environment `%s` is declared twice",
					   p->environment->name.text),
				  p[-1].environment->name.span, "first here");
	}
	resolve_peers(r);
	for (size_t i = 0; i < count; i++)
		finish_space(r, &r->spaces[i]);
	if (!count && !r->diags->errors)
		diag_help(diag_add(r->diags, P0301, (struct span){ 0 },
				   "the policy has no environment"),
			  "declare one: `environment prod { vpc …; layer …; }`");
}
