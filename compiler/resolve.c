/*
 * Spaces, rules and invariants, once every name is known.
 *
 * The order: declare (names), spaces (addresses), then each rule in each of
 * its spaces, then each invariant.  Everything a reviewer could get wrong is
 * told here; nothing is dropped in silence.
 */
#include "compiler/resolve.h"

#include "compiler/base/addr.h"
#include "compiler/base/date.h"
#include "compiler/base/service.h"
#include "compiler/base/text.h"
#include "compiler/declare.h"
#include "compiler/endpoint.h"
#include "compiler/special.h"

#include <stdlib.h>
#include <string.h>

struct resolver {
	struct arena *arena;
	struct diags *diags;
	struct names names;
	struct ir *ir;
	uint32_t as_of;
	struct both public;
	struct ir_space *spaces;
	struct both *ours;	/* by space: all layers */
	LIST(struct ir_flow) flows;
};

/* --- environments --- */

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
		} else if (n->kind == AST_PEER) {
			diag_label(diag_add(r->diags, P0013, n->span,
					    "`peer` is not in this version of the compiler"),
				   "refused rather than ignored");
		} else {
			diag_label(diag_add(r->diags, P0011, n->span,
					    "this statement does not belong here"),
				   "an environment has account, region, vpc, nat, layers and networks");
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

		if (all.at[i].range.lo <= all.at[reach].range.hi && a != b)
			tell_shared(r, s, layers[a].name, layers[b].name,
				    s->layers[a], s->layers[b]);
		if (all.at[i].range.hi > all.at[reach].range.hi)
			reach = i;
	}
}

static void check_networks(struct resolver *r, const struct ir_space *s)
{
	for (size_t i = 0; i < r->ir->network_count; i++)
		if (both_touch(s->networks[i], s->vpc))
			tell_shared(r, s, r->ir->networks[i].name, "vpc",
				    s->networks[i], s->vpc);
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
	struct both internet = r->public, private = s->vpc;

	for (size_t i = 0; i < r->ir->network_count; i++) {
		struct both *into = is_private(r->ir->networks[i].via)
			? &private : &internet;

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
	check_layers(r, s);
	check_disjoint(r, s, IPV4);
	check_disjoint(r, s, IPV6);
	check_networks(r, s);
	s->internet = internet_of(r, s);
}

/* A prefix list by name alone is a class of its own, which nothing works with yet. */
static void check_prefix_lists(struct resolver *r)
{
	for (size_t i = 0; i < r->names.decls.count; i++) {
		const struct decl *d = r->names.decls.at[i];
		bool given = false;

		if (d->kind != DECL_NETWORK || !d->node->prefix_list.text)
			continue;
		for (size_t k = 0; k < r->ir->space_count; k++)
			given |= !both_empty(r->spaces[k].networks[d->index]);
		if (!given)
			diag_help(diag_add(r->diags, P0013,
					   d->node->prefix_list.span,
					   "`%s` has no addresses: a prefix list by name alone is not in this version of the compiler",
					   d->name),
				  "give it the addresses of the list: `network %s … = …;`, or in each environment",
				  d->name);
	}
}

static void resolve_spaces(struct resolver *r)
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
	check_prefix_lists(r);
	if (!count && !r->diags->errors)
		diag_help(diag_add(r->diags, P0301, (struct span){ 0 },
				   "the policy has no environment"),
			  "declare one: `environment prod { vpc …; layer …; }`");
}

/* --- attributes --- */

static struct ir_attribute *attribute_of_rule(struct ir_rule *rule,
					      enum ast_attr_kind kind)
{
	switch (kind) {
	case ATTR_OWNER:    return &rule->owner;
	case ATTR_TICKET:   return &rule->ticket;
	case ATTR_REASON:   return &rule->reason;
	case ATTR_EXPIRES:  return &rule->expires;
	case ATTR_REVIEWED: return &rule->reviewed;
	case ATTR_APPROVED: return &rule->approved_by;
	case ATTR_PARTY:    return &rule->party;
	case ATTR_WAIVES:   return &rule->waives;
	case ATTR_LOG: case ATTR_IN: case ATTR_CONTROLS: case ATTR_SEVERITY:
	case ATTR_TRANSITIVELY: case ATTR_AVOIDING:
		break;
	}
	return NULL;
}

static bool is_first(struct resolver *r, const struct ast_attr *attrs,
		     const struct ast_attr *attr)
{
	for (const struct ast_attr *a = attrs; a != attr; a = a->next)
		if (a->kind == attr->kind) {
			diag_note(diag_add(r->diags, P0206, attr->span,
					   "the attribute stands twice"),
				  a->span, "first here");
			return false;
		}
	return true;
}

static bool check_date(struct resolver *r, const struct ast_text *text,
		       uint32_t *day)
{
	if (date_read(text->text, day))
		return true;
	diag_help(diag_add(r->diags, P0205, text->span,
			   "`%.40s` is not a date", text->text),
		  "write it like `2027-03-31`");
	return false;
}

static void wrong_attribute(struct resolver *r, const struct ast_attr *attr,
			    const char *what)
{
	diag_label(diag_add(r->diags, P0207, attr->span,
			    "this attribute does not belong on %s", what),
		   "here");
}

static void read_rule_attribute(struct resolver *r, struct ir_rule *rule,
				const struct ast_attr *a)
{
	struct ir_attribute *slot = attribute_of_rule(rule, a->kind);
	uint32_t day;

	if (a->kind == ATTR_IN)
		return;
	if (a->kind == ATTR_LOG) {
		rule->log = true;
		return;
	}
	if (!slot) {
		wrong_attribute(r, a, "a rule");
		return;
	}
	*slot = (struct ir_attribute){ a->value.text, a->span };
	if (a->kind == ATTR_REVIEWED)
		rule->reviewed_by = (struct ir_attribute){ a->by.text, a->span };
	if (a->kind == ATTR_REVIEWED && check_date(r, &a->value, &day))
		rule->reviewed_day = day;
	if (a->kind == ATTR_EXPIRES && check_date(r, &a->value, &day)) {
		rule->expires_day = day;
		rule->in_force = day >= r->as_of;
	}
	if (a->kind == ATTR_PARTY && strcmp(a->value.text, "provider") != 0 &&
	    strcmp(a->value.text, "customer") != 0)
		diag_label(diag_add(r->diags, P0208, a->value.span,
				    "`%.40s` is not a party", a->value.text),
			   "expected provider or customer");
}

/* What the rule does not say itself; true for `log` as well. */
static void apply_defaults(struct resolver *r, struct ir_rule *rule)
{
	for (size_t i = 0; i < r->names.defaults.count; i++) {
		const struct ast_attr *a = r->names.defaults.at[i]->attrs;
		const struct ir_attribute *slot = attribute_of_rule(rule,
								    a->kind);

		if (a->kind == ATTR_LOG || (slot && !slot->value))
			read_rule_attribute(r, rule, a);
	}
}

/* Defaults that no rule could have, and the same one twice. */
static void check_defaults(struct resolver *r)
{
	for (size_t i = 0; i < r->names.defaults.count; i++) {
		const struct ast_attr *a = r->names.defaults.at[i]->attrs;

		if (a->kind == ATTR_WAIVES || a->kind == ATTR_IN ||
		    a->kind == ATTR_CONTROLS || a->kind == ATTR_SEVERITY ||
		    a->kind == ATTR_TRANSITIVELY || a->kind == ATTR_AVOIDING)
			wrong_attribute(r, a, "every rule by default");
		for (size_t k = 0; k < i; k++)
			if (r->names.defaults.at[k]->attrs->kind == a->kind)
				diag_note(diag_add(r->diags, P0206, a->span,
						   "a second default for the same attribute"),
					  r->names.defaults.at[k]->span,
					  "first here");
	}
}

struct requirable {
	const char *word;
	enum ast_attr_kind kind;
};

static const struct requirable requirables[] = {
	{ "owner",    ATTR_OWNER },    { "ticket",   ATTR_TICKET },
	{ "reason",   ATTR_REASON },   { "expires",  ATTR_EXPIRES },
	{ "reviewed", ATTR_REVIEWED }, { "approved", ATTR_APPROVED },
	{ "party",    ATTR_PARTY },
};

static const struct requirable *requirable(const char *word)
{
	for (size_t i = 0; i < sizeof requirables / sizeof *requirables; i++)
		if (strcmp(requirables[i].word, word) == 0)
			return &requirables[i];
	return NULL;
}

static void check_requires(struct resolver *r)
{
	for (size_t i = 0; i < r->names.requires.count; i++) {
		struct ast_expr *const *words, *single;
		size_t count = words_of(r->names.requires.at[i]->list, &words,
					&single);

		for (size_t k = 0; k < count; k++)
			if (!requirable(words[k]->word))
				diag_label(diag_add(r->diags, P0208,
						    words[k]->span,
						    "`%.40s` cannot be required",
						    words[k]->word),
					   "expected owner, ticket, reason, expires, reviewed, approved or party");
	}
}

/* Tell everything that the policy requires and the rule lacks, at once. */
static void check_required(struct resolver *r, struct ir_rule *rule)
{
	struct text lacks = TEXT_IN(r->arena);
	struct span by = { 0 };

	for (size_t i = 0; i < r->names.requires.count; i++) {
		struct ast_expr *const *words, *single;
		size_t count = words_of(r->names.requires.at[i]->list, &words,
					&single);

		for (size_t k = 0; k < count; k++) {
			const struct requirable *q = requirable(words[k]->word);

			if (!q || attribute_of_rule(rule, q->kind)->value)
				continue;
			text_printf(&lacks, "%s`%s`", lacks.len ? ", " : "",
				    q->word);
			by = r->names.requires.at[i]->span;
		}
	}
	if (lacks.len)
		diag_note(diag_add(r->diags, P0703, rule->name_span,
				   "`%s` lacks %s", rule->name,
				   text_string(&lacks)),
			  by, "required of every rule here");
}

static void check_waiver(struct resolver *r, const struct ir_rule *rule)
{
	struct { const char *name; const struct ir_attribute *a; } needs[] = {
		{ "expires", &rule->expires }, { "ticket", &rule->ticket },
		{ "approved by", &rule->approved_by },
	};
	const struct ast_node *inv;

	if (!rule->waives.value)
		return;
	inv = names_find(&r->names.statements, rule->waives.value);
	if (!inv || inv->kind == AST_ALLOW || inv->kind == AST_MUST)
		diag_label(diag_add(r->diags, P0107, rule->waives.span,
				    "`%.80s` is not an invariant that a rule can waive",
				    rule->waives.value), "expected the name of an invariant");
	for (size_t i = 0; i < 3; i++)
		if (!needs[i].a->value)
			diag_help(diag_add(r->diags, P0702, rule->name_span,
					   "`%s` waives `%s` without `%s`",
					   rule->name, rule->waives.value,
					   needs[i].name),
				  "a waiver needs `expires`, `ticket` and `approved by`");
}

/* --- where a rule or invariant applies --- */

struct scope {
	bool *spaces;		/* by space */
	bool named;		/* by an `in` */
};

static struct scope scope_of(struct resolver *r, const struct ast_attr *attrs)
{
	struct scope scope = { arena_array(r->arena, r->ir->space_count,
					   sizeof(bool)), false };
	const struct ast_attr *in = attrs;
	struct ast_expr *const *words, *single;
	size_t count;

	while (in && in->kind != ATTR_IN)
		in = in->next;
	scope.named = in != NULL;
	if (!in) {
		memset(scope.spaces, true, r->ir->space_count);
		return scope;
	}
	count = words_of(in->expr, &words, &single);
	for (size_t w = 0; w < count; w++) {
		int environment = names_environment(&r->names, words[w]);

		for (size_t i = 0; i < r->ir->space_count; i++)
			if ((int)r->spaces[i].environment == environment)
				scope.spaces[i] = true;
	}
	return scope;
}

/* --- rules --- */

/* One rule being resolved: what its parts have added so far. */
struct work {
	const struct ast_node *node;
	struct scope scope;
	bool any_src, any_dst, any_packet, any_ours, in_any_space;
	bool *src_added, *dst_added, *svc_added;	/* by item of a union */
	bool told;	/* a missing member, as a mistake */
	/* environments without a member, and the first of them */
	unsigned skipped;
	const struct ir_space *skipped_in;
	const struct decl *skipped_member;
	struct span skipped_at;
};

static size_t item_count(const struct ast_expr *e)
{
	return e && e->kind == EXPR_UNION ? e->items.count : 1;
}

static const struct ast_expr *item(const struct ast_expr *e, size_t i)
{
	return e && e->kind == EXPR_UNION ? e->items.at[i] : e;
}

static bool is_packet(struct both src, struct both dst, struct both svc)
{
	for (int f = IPV4; f < FAMILIES; f++)
		if (src.of[f].count && dst.of[f].count && svc.of[f].count)
			return true;
	return false;
}

static void note_members(struct resolver *r, struct work *w,
			 const struct ir_space *s, struct both src,
			 struct both dst, struct both svc)
{
	for (size_t i = 0; i < item_count(w->node->src); i++)
		if (!w->src_added[i])
			w->src_added[i] = is_packet(
				endpoint_set(&r->names, s, item(w->node->src, i)),
				dst, svc);
	for (size_t i = 0; i < item_count(w->node->dst); i++)
		if (!w->dst_added[i])
			w->dst_added[i] = is_packet(src,
				endpoint_set(&r->names, s, item(w->node->dst, i)),
				svc);
	for (size_t i = 0; i < item_count(w->node->on); i++)
		if (!w->svc_added[i])
			w->svc_added[i] = is_packet(src, dst,
				service_set(&r->names, item(w->node->on, i)));
}

/*
 * Remember a member that this space lacks; where `in` names the environment it
 * is a mistake, and told.
 */
static void note_missing(struct resolver *r, struct work *w,
			 const struct ir_space *s)
{
	const struct ast_expr *ends[] = { w->node->src, w->node->dst };

	for (int i = 0; i < 2; i++) {
		struct span where = { 0 };
		const struct decl *d = endpoint_missing(&r->names, s, ends[i],
							&where);

		if (!d)
			continue;
		if (w->scope.named) {
			w->told = true;
			diag_note(diag_label(diag_add(r->diags, P0304, where,
				"%s has no `%s`",
				ir_space_name(r->arena, r->ir, s), d->name),
				"`in` names this environment"), s->span,
				"declared here without addresses for `%s`",
				d->name);
		} else if (!w->skipped++) {
			w->skipped_in = s;
			w->skipped_member = d;
			w->skipped_at = where;
		}
	}
}

/* One note a rule, however many environments lack something. */
static void tell_skipped(struct resolver *r, const struct work *w)
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

static void add_flows(struct resolver *r, struct work *w, uint32_t rule,
		      uint32_t space)
{
	const struct ir_space *s = &r->spaces[space];
	struct both src = endpoint_set(&r->names, s, w->node->src);
	struct both dst = endpoint_set(&r->names, s, w->node->dst);
	struct both svc = service_set(&r->names, w->node->on);
	struct both ours = r->ours[space];

	w->in_any_space = true;
	w->any_src |= !both_empty(src);
	w->any_dst |= !both_empty(dst);
	note_missing(r, w, s);
	note_members(r, w, s, src, dst, svc);
	for (int f = IPV4; f < FAMILIES; f++) {
		if (!src.of[f].count || !dst.of[f].count || !svc.of[f].count)
			continue;
		w->any_packet = true;
		w->any_ours |= ranges_touch(src.of[f], ours.of[f]) ||
			       ranges_touch(dst.of[f], ours.of[f]);
		if (r->ir->rules[rule].in_force)
			*LIST_PUSH(r->arena, &r->flows) = (struct ir_flow){
				.rule = rule, .space = space,
				.far = IR_NO_SPACE, .family = (enum family)f,
				.src = src.of[f], .dst = dst.of[f],
				.svc = svc.of[f] };
	}
}

static void tell_idle(struct resolver *r, const struct ast_expr *e,
		      const bool *added)
{
	for (size_t i = 0; i < item_count(e); i++)
		if (!added[i])
			diag_label(diag_add(r->diags, P0303, item(e, i)->span,
					    "this member adds nothing to the rule"),
				   "no packet in any environment comes of it");
}

/* What is wrong with a rule as a whole; each is told once. */
static void judge(struct resolver *r, const struct work *w, const char *what)
{
	const struct ast_node *n = w->node;

	if (!w->in_any_space)
		return;		/* only environments that nobody has yet */
	if (!w->any_src || !w->any_dst) {
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
		tell_idle(r, n->src, w->src_added);
		tell_idle(r, n->dst, w->dst_added);
		if (n->on)
			tell_idle(r, n->on, w->svc_added);
	}
}

static struct work work_on(struct resolver *r, const struct ast_node *node)
{
	struct work w = { .node = node };

	w.scope = scope_of(r, node->attrs);
	w.src_added = arena_array(r->arena, item_count(node->src), sizeof(bool));
	w.dst_added = arena_array(r->arena, item_count(node->dst), sizeof(bool));
	w.svc_added = arena_array(r->arena, item_count(node->on), sizeof(bool));
	return w;
}

/* Check both ends and the services, so that all mistakes are told. */
static bool check_sentence(struct resolver *r, const struct ast_node *node)
{
	bool src = endpoint_check(&r->names, node->src);
	bool dst = endpoint_check(&r->names, node->dst);

	return (!node->on || service_check(&r->names, node->on)) && src && dst;
}

static void resolve_rule(struct resolver *r, struct ir_rule *rule,
			 uint32_t number, const struct ast_node *node)
{
	struct work w;
	bool good = check_sentence(r, node);

	rule->name = node->name.text;
	rule->name_span = node->name.span;
	rule->span = node->span;
	rule->in_force = true;
	for (const struct ast_attr *a = node->attrs; a; a = a->next)
		if (is_first(r, node->attrs, a))
			read_rule_attribute(r, rule, a);
	apply_defaults(r, rule);
	check_required(r, rule);
	check_waiver(r, rule);
	w = work_on(r, node);
	if (!good)
		return;
	for (uint32_t i = 0; i < r->ir->space_count; i++)
		if (w.scope.spaces[i])
			add_flows(r, &w, number, i);
	judge(r, &w, "rule");
	tell_skipped(r, &w);
	if (w.any_packet && !w.any_ours)
		diag_label(diag_add(r->diags, P0305,
				    span_join(node->src->span, node->dst->span),
				    "neither end of `%s` is ours", rule->name),
			   "one end must have a layer: only there can anything be enforced");
	if (!rule->in_force)
		diag_help(diag_add(r->diags, P0701, rule->expires.span,
				   "`%s` expired on %s and is left out of every output",
				   rule->name, rule->expires.value),
			  "remove the rule, or renew it with a new ticket");
}

static int by_name(const void *x, const void *y)
{
	const struct ast_node *a = *(struct ast_node *const *)x;
	const struct ast_node *b = *(struct ast_node *const *)y;

	return strcmp(a->name.text, b->name.text);
}

static int by_space(const void *x, const void *y)
{
	const struct ir_flow *a = x, *b = y;

	if (a->space != b->space)
		return a->space < b->space ? -1 : 1;
	if (a->rule != b->rule)
		return a->rule < b->rule ? -1 : 1;
	return (int)a->family - (int)b->family;
}

static void resolve_rules(struct resolver *r)
{
	size_t count = r->names.rules.count;
	struct ir_rule *rules = arena_array(r->arena, count, sizeof *rules);

	check_defaults(r);
	check_requires(r);
	if (count)
		qsort(r->names.rules.at, count, sizeof *r->names.rules.at,
		      by_name);
	r->ir->rules = rules;
	r->ir->rule_count = count;
	for (size_t i = 0; i < count; i++)
		resolve_rule(r, &rules[i], (uint32_t)i, r->names.rules.at[i]);
	if (r->flows.count)
		qsort(r->flows.at, r->flows.count, sizeof *r->flows.at,
		      by_space);
	r->ir->flows = r->flows.at;
	r->ir->flow_count = r->flows.count;
	for (uint32_t i = 0; i < r->flows.count; i++) {
		struct ir_space *s = &r->spaces[r->flows.at[i].space];

		if (!s->flow_count++)
			s->first_flow = i;
	}
}

/* --- invariants --- */

typedef LIST(struct ir_claim_box) claim_boxes;

static void claim(struct resolver *r, claim_boxes *out, uint32_t space,
		  struct both src, struct both dst, struct both svc)
{
	for (int f = IPV4; f < FAMILIES; f++)
		if (src.of[f].count && dst.of[f].count && svc.of[f].count)
			*LIST_PUSH(r->arena, out) = (struct ir_claim_box){
				space, (enum family)f, src.of[f], dst.of[f],
				svc.of[f] };
}

static struct both all_addresses(struct resolver *r)
{
	return (struct both){ { family_all(r->arena, IPV4),
				family_all(r->arena, IPV6) } };
}

/* The forbidden packets (of `must`: the demanded ones) in one space. */
static void claim_sentence(struct resolver *r, struct work *w, uint32_t space,
			   claim_boxes *out)
{
	const struct ir_space *s = &r->spaces[space];
	struct both src = endpoint_set(&r->names, s, w->node->src);
	struct both dst = endpoint_set(&r->names, s, w->node->dst);
	struct both svc = service_set(&r->names, w->node->on);
	struct both any = all_addresses(r), every = service_all(r->arena);
	struct both others = both_minus(r->arena, every, svc);

	w->in_any_space = true;
	w->any_src |= !both_empty(src);
	w->any_dst |= !both_empty(dst);
	w->any_packet |= is_packet(src, dst, svc);
	note_missing(r, w, s);
	note_members(r, w, s, src, dst, svc);
	if (w->node->kind == AST_NEVER || w->node->kind == AST_MUST) {
		claim(r, out, space, src, dst, svc);
		return;
	}
	claim(r, out, space, src, dst, others);
	if (w->node->kind == AST_ONLY)
		claim(r, out, space, both_minus(r->arena, any, src), dst, every);
	else
		claim(r, out, space, src, both_minus(r->arena, any, dst), every);
}

/* A `must` between two ends that have members here but no family in common. */
static void check_must(struct resolver *r, const struct work *w,
		       const struct ir_space *s)
{
	struct both src = endpoint_set(&r->names, s, w->node->src);
	struct both dst = endpoint_set(&r->names, s, w->node->dst);

	if (!both_empty(src) && !both_empty(dst) &&
	    !is_packet(src, dst, service_set(&r->names, w->node->on)))
		diag_label(diag_add(r->diags, P0311, w->node->name.span,
				    "`%s` cannot hold in %s",
				    w->node->name.text,
				    ir_space_name(r->arena, r->ir, s)),
			   "the two ends have no common address family there");
}

static void resolve_sentence(struct resolver *r, struct ir_invariant *inv,
			     const struct ast_node *node)
{
	struct work w = work_on(r, node);
	claim_boxes boxes = { 0 };

	if (node->kind == AST_MUST && !node->on)
		diag_help(diag_add(r->diags, P0002, node->name.span,
				   "`must` needs services"),
			  "write `on tcp/443` behind the destination");
	if (!check_sentence(r, node))
		return;
	for (uint32_t i = 0; i < r->ir->space_count; i++) {
		if (!w.scope.spaces[i])
			continue;
		claim_sentence(r, &w, i, &boxes);
		if (node->kind == AST_MUST)
			check_must(r, &w, &r->spaces[i]);
	}
	judge(r, &w, "invariant");
	inv->boxes = boxes.at;
	inv->box_count = boxes.count;
	if (!boxes.count && w.any_packet)
		diag_label(diag_add(r->diags, P0308, node->name.span,
				    "nothing could break `%s`", node->name.text),
			   "it guards nothing");
}

/* What of the spaces at OTHERS is not of space S itself. */
static struct both foreign(struct resolver *r, const struct ir_space *s,
			   const bool *others)
{
	struct both all = { 0 };

	for (size_t i = 0; i < r->ir->space_count; i++)
		if (others[i])
			all = both_union(r->arena, all,
				both_union(r->arena, r->spaces[i].vpc,
					   ir_space_layers(r->arena, r->ir,
							   &r->spaces[i])));
	return both_minus(r->arena, all, s->vpc);
}

/* Is space B one that isolation of A speaks of? */
static bool is_other(const struct ir_invariant *inv, const struct ir_space *a,
		     const struct ir_space *b, const bool *named)
{
	if (inv->kind == CLAIM_ISOLATE_CUSTOMERS)
		return a->customer != b->customer;
	return a->customer == b->customer && a->environment != b->environment &&
	       named[a->environment] && named[b->environment];
}

static void isolate_spaces(struct resolver *r, struct ir_invariant *inv,
			   const bool *named, claim_boxes *out)
{
	bool *others = arena_array(r->arena, r->ir->space_count,
				   sizeof *others);
	struct both any = all_addresses(r), every = service_all(r->arena);

	for (uint32_t i = 0; i < r->ir->space_count; i++) {
		struct both set;

		for (size_t k = 0; k < r->ir->space_count; k++)
			others[k] = is_other(inv, &r->spaces[i], &r->spaces[k],
					     named);
		set = foreign(r, &r->spaces[i], others);
		claim(r, out, i, set, any, every);
		claim(r, out, i, any, set, every);
	}
}

/* Plain names of endpoints: pairwise, both ways. */
static void isolate_names(struct resolver *r, const struct ast_node *node,
			  struct ast_expr *const *words, size_t count,
			  claim_boxes *out)
{
	struct both every = service_all(r->arena);

	for (size_t i = 0; i < count; i++)
		if (!endpoint_check(&r->names, words[i]))
			return;
	(void)node;
	for (uint32_t s = 0; s < r->ir->space_count; s++)
		for (size_t i = 0; i < count; i++)
			for (size_t k = 0; k < count; k++)
				if (i != k)
					claim(r, out, s,
					      endpoint_set(&r->names, &r->spaces[s], words[i]),
					      endpoint_set(&r->names, &r->spaces[s], words[k]),
					      every);
}

static void resolve_exception(struct resolver *r, struct ir_invariant *inv,
			      const struct ast_node *node)
{
	claim_boxes boxes = { 0 };
	struct work w;

	if (!node->src || !check_sentence(r, node))
		return;
	w = work_on(r, node);
	for (uint32_t i = 0; i < r->ir->space_count; i++) {
		struct both src = endpoint_set(&r->names, &r->spaces[i],
					       node->src);
		struct both dst = endpoint_set(&r->names, &r->spaces[i],
					       node->dst);

		w.in_any_space = true;
		w.any_src |= !both_empty(src);
		w.any_dst |= !both_empty(dst);
		w.any_packet |= is_packet(src, dst,
					  service_set(&r->names, node->on));
		note_members(r, &w, &r->spaces[i], src, dst,
			     service_set(&r->names, node->on));
		claim(r, &boxes, i, src, dst,
		      service_set(&r->names, node->on));
	}
	judge(r, &w, "exception");
	inv->exceptions = boxes.at;
	inv->exception_count = boxes.count;
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

static void resolve_isolation(struct resolver *r, struct ir_invariant *inv,
			      const struct ast_node *node)
{
	struct ast_expr *const *words, *single;
	size_t count = words_of(node->list, &words, &single);
	bool *named = arena_array(r->arena, r->ir->environment_count + 1,
				  sizeof *named);
	claim_boxes boxes = { 0 };

	inv->kind = CLAIM_ISOLATE_ENVIRONMENTS;
	resolve_exception(r, inv, node);
	if (count == 1 && strcmp(words[0]->word, "environments") == 0) {
		memset(named, true, r->ir->environment_count);
		isolate_spaces(r, inv, named, &boxes);
	} else if (count == 1 && strcmp(words[0]->word, "customers") == 0) {
		inv->kind = CLAIM_ISOLATE_CUSTOMERS;
		isolate_spaces(r, inv, named, &boxes);
	} else if (all_environments(r, words, count, named)) {
		isolate_spaces(r, inv, named, &boxes);
	} else {
		inv->kind = CLAIM_ISOLATE_NAMED;
		isolate_names(r, node, words, count, &boxes);
	}
	if (!boxes.count && !r->diags->errors)
		diag_label(diag_add(r->diags, P0312, node->list->span,
				    "`%s` keeps nothing apart yet",
				    node->name.text), "fewer than two");
	inv->boxes = boxes.at;
	inv->box_count = boxes.count;
}

static void read_controls(struct resolver *r, struct ir_invariant *inv,
			  const struct ast_attr *a)
{
	struct ast_expr *const *words, *single;
	size_t count = words_of(a->expr, &words, &single);
	const char **controls = arena_array(r->arena, count, sizeof *controls);

	for (size_t i = 0; i < count; i++)
		controls[i] = words[i]->word;
	inv->controls = controls;
	inv->control_count = count;
}

static void read_invariant_attribute(struct resolver *r,
				     struct ir_invariant *inv,
				     const struct ast_attr *a)
{
	struct ir_attribute value = { a->value.text, a->span };

	switch (a->kind) {
	case ATTR_CONTROLS:
		read_controls(r, inv, a);
		break;
	case ATTR_OWNER:
		inv->owner = value;
		break;
	case ATTR_REASON:
		inv->reason = value;
		break;
	case ATTR_SEVERITY:
		inv->severity = value;
		break;
	case ATTR_IN:
		break;
	case ATTR_TRANSITIVELY: case ATTR_AVOIDING:
		diag_label(diag_add(r->diags, P0013, a->span,
				    "invariants over several hops are not in this version of the compiler"),
			   "refused rather than ignored");
		break;
	case ATTR_TICKET: case ATTR_EXPIRES: case ATTR_REVIEWED:
	case ATTR_APPROVED: case ATTR_PARTY: case ATTR_LOG: case ATTR_WAIVES:
		wrong_attribute(r, a, "an invariant");
		break;
	}
}

static enum ir_kind kind_of(enum ast_kind kind)
{
	return kind == AST_ONLY	   ? CLAIM_ONLY
	     : kind == AST_CONFINE ? CLAIM_CONFINE
	     : kind == AST_MUST	   ? CLAIM_MUST : CLAIM_NEVER;
}

static void resolve_invariant(struct resolver *r, struct ir_invariant *inv,
			      const struct ast_node *node)
{
	inv->name = node->name.text;
	inv->kind = kind_of(node->kind);
	inv->hops = 1;
	inv->name_span = node->name.span;
	inv->span = node->span;
	for (const struct ast_attr *a = node->attrs; a; a = a->next)
		if (is_first(r, node->attrs, a))
			read_invariant_attribute(r, inv, a);
	if (node->kind == AST_ISOLATE)
		resolve_isolation(r, inv, node);
	else
		resolve_sentence(r, inv, node);
}

static void resolve_invariants(struct resolver *r)
{
	size_t count = r->names.invariants.count;
	struct ir_invariant *all = arena_array(r->arena, count, sizeof *all);

	if (count)
		qsort(r->names.invariants.at, count,
		      sizeof *r->names.invariants.at, by_name);
	r->ir->invariants = all;
	r->ir->invariant_count = count;
	for (size_t i = 0; i < count; i++)
		resolve_invariant(r, &all[i], r->names.invariants.at[i]);
}

/* A unit test of the policy: `yes` demands every packet, `no` forbids each. */
static void resolve_expect(struct resolver *r, struct ir_invariant *expect,
			   const struct ast_node *node)
{
	struct ast_node sentence = *node;
	bool yes = strcmp(node->name.text, "yes") == 0;

	if (!yes && strcmp(node->name.text, "no") != 0)
		diag_label(diag_add(r->diags, P0208, node->name.span,
				    "`%.40s` is nothing to expect",
				    node->name.text), "expected yes or no");
	sentence.kind = yes ? AST_MUST : AST_NEVER;
	expect->name = yes ? "yes" : "no";
	expect->kind = yes ? CLAIM_MUST : CLAIM_NEVER;
	expect->hops = 1;
	expect->name_span = node->name.span;
	expect->span = node->span;
	for (const struct ast_attr *a = node->attrs; a; a = a->next)
		if (a->kind != ATTR_IN)
			wrong_attribute(r, a, "an expectation");
	resolve_sentence(r, expect, &sentence);
}

static void resolve_expects(struct resolver *r)
{
	size_t count = r->names.expects.count;
	struct ir_invariant *all = arena_array(r->arena, count, sizeof *all);

	r->ir->expects = all;
	r->ir->expect_count = count;
	for (size_t i = 0; i < count; i++)
		resolve_expect(r, &all[i], r->names.expects.at[i]);
}

struct ir *resolve_policy(struct arena *arena, struct diags *diags,
			  const struct sources *sources, const struct ast *ast,
			  uint32_t as_of)
{
	struct resolver r = {
		.arena = arena, .diags = diags, .as_of = as_of,
		.ir = arena_alloc(arena, sizeof *r.ir),
		.public = special_public(arena),
	};

	r.names = (struct names){ .arena = arena, .diags = diags, .ir = r.ir };
	r.ir->as_of = as_of;
	r.ir->sources = sources;
	r.ir->policy = r.ir->title = "";
	r.ir->aws = (struct ir_aws){ .rules_per_group = 60,
				     .groups_per_interface = 5 };
	r.ir->nft = (struct ir_nft){ .inside = REFUSE_REJECT };
	declare_all(&r.names, ast);
	resolve_spaces(&r);
	definitions_check(&r.names);
	resolve_rules(&r);
	resolve_invariants(&r);
	resolve_expects(&r);
	return r.ir;
}
