/*
 * Two sets of packets that meet: those that nobody's egress stops, and those
 * that nobody's ingress stops.  Outside there is no group of ours, so there
 * everything is let out, and in; what has no end in a layer is left out of one
 * of the two and so of their meet.
 */
#include "backends/aws/denote.h"

#include "compiler/base/service.h"

static struct boxes let_out(struct zones *zones, const struct admitted *a)
{
	struct arena *arena = zones->arena;
	struct ranges ours = zones->layers.of[a->family];
	struct ranges all = family_everything(arena, a->family);
	struct boxes out = { 0 };

	for (size_t i = 0; i < zones->ir->layer_count; i++) {
		const struct halves *halves = &a->of[AWS_EGRESS][i];

		for (size_t j = 0; j < halves->count; j++)
			boxes_add(arena, &out,
				  zones->space->layers[i].of[a->family],
				  halves->at[j].peer, halves->at[j].svc);
	}
	boxes_add(arena, &out, ranges_minus(arena, all, ours), ours,
		  ranges_one(arena, 0, SERVICE_LAST));
	return out;
}

static struct boxes let_in(struct zones *zones, const struct admitted *a)
{
	struct arena *arena = zones->arena;
	struct ranges ours = zones->layers.of[a->family];
	struct ranges all = family_everything(arena, a->family);
	struct boxes in = { 0 };

	for (size_t i = 0; i < zones->ir->layer_count; i++) {
		const struct halves *halves = &a->of[AWS_INGRESS][i];

		for (size_t j = 0; j < halves->count; j++)
			boxes_add(arena, &in, halves->at[j].peer,
				  zones->space->layers[i].of[a->family],
				  halves->at[j].svc);
	}
	boxes_add(arena, &in, ours, ranges_minus(arena, all, ours),
		  ranges_one(arena, 0, SERVICE_LAST));
	return in;
}

struct boxes compose(struct zones *zones, const struct admitted *admitted)
{
	struct arena *scratch = arena_child(zones->arena);
	struct boxes out = let_out(zones, admitted);
	struct boxes in = let_in(zones, admitted);
	const struct boxes *both[] = { &out, &in };
	struct universe *u = universe_of(scratch, admitted->family, both, 2);
	struct pset passing = pset_meet(u, pset_of(u, &out), pset_of(u, &in));
	struct boxes boxes = pset_boxes(u, zones->arena, passing);

	arena_free(scratch);
	return boxes;
}
