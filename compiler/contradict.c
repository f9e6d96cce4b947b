/*
 * What a `must` demands against what others forbid, box by box: what is left
 * of a meeting of two boxes when exceptions and waypoints are taken away.
 */
#include "compiler/contradict.h"

#include "compiler/by_space.h"
#include "compiler/pset.h"

/* What an invariant forbids and what it lets through, by space. */
struct forbidden {
	struct by_space boxes, exceptions;
};

/* A packet of the box WANTED that F forbids, or false. */
static bool meet(struct arena *arena, const struct ir_claim_box *wanted,
		 const struct forbidden *f, struct packet *out)
{
	struct boxes all = by_space_in(&f->boxes, arena, wanted->space,
				       wanted->family);
	struct boxes both = { 0 }, allowed;

	for (size_t i = 0; i < all.count; i++) {
		const struct box *b = &all.at[i];

		if (ranges_touch(b->src, wanted->src) &&
		    ranges_touch(b->dst, wanted->dst) &&
		    ranges_touch(b->svc, wanted->svc))
			boxes_add(arena, &both,
				  ranges_meet(arena, b->src, wanted->src),
				  ranges_meet(arena, b->dst, wanted->dst),
				  ranges_meet(arena, b->svc, wanted->svc));
	}
	if (!both.count)
		return false;
	allowed = by_space_in(&f->exceptions, arena, wanted->space,
			      wanted->family);
	return !boxes_within(arena, wanted->family, &both, &allowed, out);
}

static void tell(struct arena *arena, struct diags *diags,
		 const struct ir *ir, const struct ir_invariant *must,
		 const struct ir_invariant *inv, uint32_t space,
		 const struct packet *p)
{
	struct diag *d = diag_add(diags, P0313, must->name_span,
				  "`%s` demands what `%s` forbids", must->name,
				  inv->name);

	diag_label(d, "no policy could keep both");
	diag_note(d, (struct span){ 0 }, "this packet in %s, for one\n%s",
		  ir_space_name(arena, ir, &ir->spaces[space]),
		  packet_text(arena, p));
	diag_note(d, inv->name_span, "forbidden here");
}

static void check_pair(struct arena *arena, struct diags *diags,
		       const struct ir *ir, const struct ir_invariant *must,
		       const struct ir_invariant *inv)
{
	size_t spaces = ir->space_count;
	struct forbidden forbidden = {
		by_space_of(arena, spaces, inv->boxes, inv->box_count),
		by_space_of(arena, spaces, inv->exceptions,
			    inv->exception_count) };

	for (size_t i = 0; i < must->box_count; i++) {
		struct packet packet;

		if (!meet(arena, &must->boxes[i], &forbidden, &packet))
			continue;
		tell(diags->arena, diags, ir, must, inv, must->boxes[i].space,
		     &packet);
		return;
	}
}

void contradictions_tell(struct arena *arena, struct diags *diags,
			 const struct ir *ir)
{
	for (size_t i = 0; i < ir->invariant_count; i++) {
		const struct ir_invariant *must = &ir->invariants[i];

		for (size_t k = 0; must->kind == CLAIM_MUST &&
				   k < ir->invariant_count; k++) {
			struct arena *scratch = arena_child(arena);

			if (ir_forbids(&ir->invariants[k]))
				check_pair(scratch, diags, ir, must,
					   &ir->invariants[k]);
			arena_free(scratch);
		}
	}
}
