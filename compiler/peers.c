/*
 * Peerings: both ways whoever says so, and every address with one owner among
 * those who see each other.
 */
#include "compiler/resolver.h"

#include "compiler/base/addr.h"
#include "compiler/qualified.h"

#include <stdlib.h>
#include <string.h>

/* One direction of a peering, and the statement it comes from. */
struct peering {
	uint32_t space, peer;
	uint32_t by;		/* the one of the two whose block has the statement */
	const struct ast_node *node;
};

typedef LIST(struct peering) peerings;

static void add_peering(struct resolver *r, uint32_t space,
			const struct ast_node *node, peerings *out)
{
	struct ast_expr word = { .kind = EXPR_WORD, .word = node->name.text,
				 .span = node->name.span };
	struct place_name place;
	uint32_t peer;

	if (!place_name_read(&r->names, &word, strlen(word.word), &place))
		return;
	peer = place_name_space(&r->names, &place, r->spaces[space].customer);
	if (peer == IR_NO_SPACE) {
		diag_label(diag_add(r->diags, P0110, word.span,
				    "there is no environment `%.80s` to peer with",
				    word.word),
			   "it has no block");
		return;
	}
	if (peer == space) {
		diag_label(diag_add(r->diags, P0110, word.span,
				    "an environment does not peer with itself"),
			   "name another one");
		return;
	}
	*LIST_PUSH(r->arena, out) = (struct peering){ space, peer,
							 space, node };
	*LIST_PUSH(r->arena, out) = (struct peering){ peer, space,
							 space, node };
}

static int by_space(const void *x, const void *y)
{
	const struct peering *a = x, *b = y;

	if (a->space != b->space)
		return a->space < b->space ? -1 : 1;
	if (a->peer != b->peer)
		return a->peer < b->peer ? -1 : 1;
	return (a->node->span.lo > b->node->span.lo) -
	       (a->node->span.lo < b->node->span.lo);
}

/* Both sides may say that they peer, each once. */
static void tell_repeated(struct resolver *r, const struct peering *first,
			  const struct peering *second)
{
	if (first->by == second->by && second->space == second->by)
		diag_note(diag_add(r->diags, P0105, second->node->span,
				   "the peering stands twice in this environment"),
			  first->node->span, "first here");
}

static const char *const *names_for_peers(struct resolver *r,
					  const struct ir_space *s)
{
	size_t layers = r->ir->layer_count;
	const char **names = arena_array(r->arena, layers + 1, sizeof *names);
	const char *space = ir_space_name(r->arena, r->ir, s);

	for (size_t i = 0; i < layers; i++)
		names[i] = arena_printf(r->arena, "%s.%s", space,
					r->ir->layers[i].name);
	names[layers] = arena_printf(r->arena, "the VPC of %s outside its layers",
				     space);
	return names;
}

struct owned {
	struct range range;
	uint32_t space;
};

static int by_address(const void *x, const void *y)
{
	const struct owned *a = x, *b = y;

	if (a->range.lo != b->range.lo)
		return a->range.lo < b->range.lo ? -1 : 1;
	return (a->space > b->space) - (a->space < b->space);
}

static void add_owned(struct resolver *r, uint32_t space, enum family family,
		      struct arena *scratch, struct owned **all, size_t *count,
		      size_t *cap)
{
	struct ranges vpc = r->spaces[space].vpc.of[family];

	for (size_t i = 0; i < vpc.count; i++) {
		*all = arena_grow(scratch, *all, *count, cap, sizeof **all);
		(*all)[(*count)++] = (struct owned){ vpc.at[i], space };
	}
}

static void tell_overlap(struct resolver *r, const struct ir_space *s,
			 const struct owned *a, const struct owned *b)
{
	struct range both = { b->range.lo, a->range.hi < b->range.hi
					   ? a->range.hi : b->range.hi };
	enum family f = ranges_have(r->spaces[a->space].vpc.of[IPV4], both.lo)
		? IPV4 : IPV6;

	diag_label(diag_add(r->diags, P0306, s->span,
			    "the VPCs of %s and %s overlap, and %s sees both",
			    ir_space_name(r->arena, r->ir, &r->spaces[a->space]),
			    ir_space_name(r->arena, r->ir, &r->spaces[b->space]),
			    ir_space_name(r->arena, r->ir, s)),
		   "both have %s",
		   addr_set_text(r->arena, f, (struct ranges){ &both, 1 }));
}

/* One sweep over the VPCs that S sees, its own among them. */
static void check_overlap(struct resolver *r, uint32_t space,
			  enum family family)
{
	const struct ir_space *s = &r->spaces[space];
	struct arena *scratch = arena_child(r->arena);
	struct owned *all = NULL;
	size_t count = 0, cap = 0, reach = 0;

	add_owned(r, space, family, scratch, &all, &count, &cap);
	for (size_t i = 0; i < s->peer_count; i++)
		add_owned(r, s->peers[i], family, scratch, &all, &count, &cap);
	if (count)
		qsort(all, count, sizeof *all, by_address);
	for (size_t i = 1; i < count; i++) {
		/* two that peer with each other are told by the first of them */
		if (all[i].range.lo <= all[reach].range.hi &&
		    all[i].space != all[reach].space &&
		    (all[i].space == space || all[reach].space == space
		     ? all[i].space >= space && all[reach].space >= space
		     : !ir_is_peer(&r->spaces[all[i].space],
				   all[reach].space)))
			tell_overlap(r, s, &all[reach], &all[i]);
		if (all[i].range.hi > all[reach].range.hi)
			reach = i;
	}
	arena_free(scratch);
}

void resolve_peers(struct resolver *r)
{
	peerings all = { 0 };
	uint32_t *peers;

	for (size_t i = 0; i < r->names.places.count; i++)
		for (const struct ast_node *n =
			     r->names.places.at[i].environment->block; n;
		     n = n->next)
			if (n->kind == AST_PEER)
				add_peering(r, (uint32_t)i, n, &all);
	if (!all.count)
		return;
	qsort(all.at, all.count, sizeof *all.at, by_space);
	peers = arena_array(r->arena, all.count, sizeof *peers);
	for (size_t i = 0; i < all.count; i++) {
		struct ir_space *s = &r->spaces[all.at[i].space];

		if (!s->peer_count) {
			s->peers = peers;
		} else if (s->peers[s->peer_count - 1] == all.at[i].peer) {
			tell_repeated(r, &all.at[i - 1], &all.at[i]);
			continue;
		}
		*peers++ = all.at[i].peer;
		s->peer_count++;
	}
	for (uint32_t i = 0; i < r->ir->space_count; i++) {
		if (!r->spaces[i].peer_count)
			continue;
		r->spaces[i].peer_names = names_for_peers(r, &r->spaces[i]);
		check_overlap(r, i, IPV4);
		check_overlap(r, i, IPV6);
	}
}
