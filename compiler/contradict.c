/*
 * What a `must` demands against what others forbid, box by box: what is left
 * of a meeting of two boxes when exceptions and waypoints are taken away.
 */
#include "compiler/contradict.h"

#include "compiler/pset.h"

/* Does INV forbid the packets of its boxes? */
static bool is_forbidding(const struct ir_invariant *inv)
{
	switch (inv->kind) {
	case CLAIM_NEVER: case CLAIM_ONLY: case CLAIM_CONFINE:
	case CLAIM_TIERS: case CLAIM_ISOLATE_ENVIRONMENTS:
	case CLAIM_ISOLATE_CUSTOMERS: case CLAIM_ISOLATE_NAMED:
		return true;
	case CLAIM_MUST: case CLAIM_REACH: case CLAIM_PARITY:
	case CLAIM_EACH_RULE:
		break;
	}
	return false;
}

/* The boxes of INV by space: ORDER from FIRST[s] up to FIRST[s + 1]. */
struct index {
	const struct ir_invariant *inv;
	uint32_t *first, *order;
};

static struct index index_of(struct arena *arena, const struct ir *ir,
			     const struct ir_invariant *inv)
{
	struct index x = { inv,
		arena_array(arena, ir->space_count + 2, sizeof *x.first),
		arena_array(arena, inv->box_count, sizeof *x.order) };

	for (size_t i = 0; i < inv->box_count; i++)
		x.first[inv->boxes[i].space + 2]++;
	for (size_t s = 2; s < ir->space_count + 2; s++)
		x.first[s] += x.first[s - 1];
	for (size_t i = 0; i < inv->box_count; i++)
		x.order[x.first[inv->boxes[i].space + 1]++] = (uint32_t)i;
	return x;
}

static struct boxes exceptions_of(struct arena *arena,
				  const struct ir_invariant *inv,
				  const struct ir_claim_box *box)
{
	struct boxes out = { 0 };

	for (size_t i = 0; i < inv->exception_count; i++) {
		const struct ir_claim_box *e = &inv->exceptions[i];

		if (e->space == box->space && e->family == box->family)
			boxes_add(arena, &out, e->src, e->dst, e->svc);
	}
	return out;
}

/* A packet of the box WANTED that INV forbids, or false. */
static bool meet(struct arena *arena, const struct ir_claim_box *wanted,
		 const struct index *index, struct packet *out)
{
	struct boxes both = { 0 }, allowed;

	for (uint32_t i = index->first[wanted->space];
	     i < index->first[wanted->space + 1]; i++) {
		const struct ir_claim_box *b =
			&index->inv->boxes[index->order[i]];

		if (b->family == wanted->family &&
		    ranges_touch(b->src, wanted->src) &&
		    ranges_touch(b->dst, wanted->dst) &&
		    ranges_touch(b->svc, wanted->svc))
			boxes_add(arena, &both,
				  ranges_meet(arena, b->src, wanted->src),
				  ranges_meet(arena, b->dst, wanted->dst),
				  ranges_meet(arena, b->svc, wanted->svc));
	}
	if (!both.count)
		return false;
	allowed = exceptions_of(arena, index->inv, wanted);
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
		       const struct index *index)
{
	for (size_t i = 0; i < must->box_count; i++) {
		struct packet packet;

		if (!meet(arena, &must->boxes[i], index, &packet))
			continue;
		tell(diags->arena, diags, ir, must, index->inv,
		     must->boxes[i].space, &packet);
		return;
	}
}

/* INV, which forbids, against every `must`. */
static void check_against(struct arena *arena, struct diags *diags,
			  const struct ir *ir, const struct ir_invariant *inv)
{
	struct index index = index_of(arena, ir, inv);

	for (size_t i = 0; i < ir->invariant_count; i++) {
		const struct ir_invariant *must = &ir->invariants[i];
		struct arena *scratch;

		if (must->kind != CLAIM_MUST)
			continue;
		scratch = arena_child(arena);
		check_pair(scratch, diags, ir, must, &index);
		arena_free(scratch);
	}
}

void contradictions_tell(struct arena *arena, struct diags *diags,
			 const struct ir *ir)
{
	bool any = false;

	for (size_t i = 0; i < ir->invariant_count; i++)
		any |= ir->invariants[i].kind == CLAIM_MUST;
	for (size_t i = 0; any && i < ir->invariant_count; i++) {
		struct arena *scratch = arena_child(arena);

		if (is_forbidding(&ir->invariants[i]))
			check_against(scratch, diags, ir, &ir->invariants[i]);
		arena_free(scratch);
	}
}
