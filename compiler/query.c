/*
 * A question cuts the flows; what is left is told as a change that opens it all,
 * so that answers have the words, merging and order of a diff.
 */
#include "compiler/query.h"

#include <string.h>

/* IR with other flows, which keep their order by space. */
struct cut {
	struct ir ir;
	struct ir_space *spaces;
	LIST(struct ir_flow) flows;
};

static struct cut *cut_begin(struct arena *arena, const struct ir *ir)
{
	struct cut *c = arena_alloc(arena, sizeof *c);

	c->ir = *ir;
	c->spaces = arena_array(arena, ir->space_count, sizeof *c->spaces);
	if (ir->space_count)
		memcpy(c->spaces, ir->spaces,
		       ir->space_count * sizeof *c->spaces);
	for (size_t i = 0; i < ir->space_count; i++)
		c->spaces[i].first_flow = c->spaces[i].flow_count = 0;
	c->ir.spaces = c->spaces;
	return c;
}

static void cut_add(struct arena *arena, struct cut *c, struct ir_flow flow)
{
	struct ir_space *s = &c->spaces[flow.space];

	if (!flow.src.count || !flow.dst.count || !flow.svc.count)
		return;
	if (!s->flow_count++)
		s->first_flow = (uint32_t)c->flows.count;
	*LIST_PUSH(arena, &c->flows) = flow;
}

static struct delta from_nothing(struct arena *arena, struct cut *c)
{
	struct cut *nothing = cut_begin(arena, &c->ir);

	c->ir.flows = c->flows.at;
	c->ir.flow_count = c->flows.count;
	return delta_of(arena, &nothing->ir, &c->ir);
}

struct delta query_permitted(struct arena *arena, const struct ir *ir,
			     const struct question *q)
{
	struct cut *c = cut_begin(arena, ir);

	for (size_t i = 0; i < ir->flow_count; i++) {
		struct ir_flow f = ir->flows[i];
		const struct question_sets *s = &q->in[f.space];

		if (!ranges_touch(f.src, s->src.of[f.family]) ||
		    !ranges_touch(f.dst, s->dst.of[f.family]) ||
		    !ranges_touch(f.svc, s->svc.of[f.family]))
			continue;
		f.src = ranges_meet(arena, f.src, s->src.of[f.family]);
		f.dst = ranges_meet(arena, f.dst, s->dst.of[f.family]);
		f.svc = ranges_meet(arena, f.svc, s->svc.of[f.family]);
		cut_add(arena, c, f);
	}
	return from_nothing(arena, c);
}

struct delta query_rule(struct arena *arena, const struct ir *ir,
			uint32_t rule)
{
	struct cut *c = cut_begin(arena, ir);

	for (size_t i = 0; i < ir->flow_count; i++)
		if (ir->flows[i].rule == rule)
			cut_add(arena, c, ir->flows[i]);
	return from_nothing(arena, c);
}

/* --- what is refused --- */

static struct boxes flows_in(struct arena *arena, const struct ir *ir,
			     const struct ir_space *s, enum family f)
{
	struct boxes out = { 0 };

	for (uint32_t i = 0; i < s->flow_count; i++) {
		const struct ir_flow *flow = &ir->flows[s->first_flow + i];

		if (flow->family == f)
			boxes_add(arena, &out, flow->src, flow->dst, flow->svc);
	}
	return out;
}

bool query_refused(struct arena *arena, const struct ir *ir,
		   const struct question *q, uint32_t *space,
		   struct packet *out)
{
	for (uint32_t i = 0; i < ir->space_count; i++)
		for (int f = IPV4; f < FAMILIES; f++) {
			struct boxes want = { 0 }, have;

			boxes_add(arena, &want, q->in[i].src.of[f],
				  q->in[i].dst.of[f], q->in[i].svc.of[f]);
			if (!want.count)
				continue;
			have = flows_in(arena, ir, &ir->spaces[i],
					(enum family)f);
			*space = i;
			if (!boxes_within(arena, (enum family)f, &want, &have,
					  out))
				return true;
		}
	return false;
}

/* --- routes --- */

/* An end of a question: a name, and its addresses by space. */
struct end {
	const char *name;
	struct both *in;
};

struct ends {
	LIST(struct end) list;
};

static struct both *new_end(struct arena *arena, const struct ir *ir,
			    const char *name, struct ends *out)
{
	struct both *in = arena_array(arena, ir->space_count, sizeof *in);

	*LIST_PUSH(arena, &out->list) = (struct end){ name, in };
	return in;
}

/* The end of the question itself, or everybody by name where it is `?`. */
static struct ends ends_of(struct arena *arena, const struct ir *ir,
			   const struct question *q, bool source, bool whoever,
			   const char *name)
{
	struct ends out = { 0 };

	for (size_t k = 0; whoever && k <= ir->layer_count + ir->network_count;
	     k++) {
		size_t n = k - ir->layer_count;
		bool layer = k < ir->layer_count;
		bool network = !layer && n < ir->network_count;
		struct both *in = new_end(arena, ir, layer ? ir->layers[k].name
			: network ? ir->networks[n].name : "internet", &out);

		for (size_t s = 0; s < ir->space_count; s++)
			if (q->asked[s])
				in[s] = layer ? ir->spaces[s].layers[k]
				      : network ? ir->spaces[s].networks[n]
						: ir->spaces[s].internet;
	}
	if (!whoever) {
		struct both *in = new_end(arena, ir, name, &out);

		for (size_t s = 0; s < ir->space_count; s++)
			in[s] = source ? q->in[s].src : q->in[s].dst;
	}
	return out;
}

/* "No route from SRC to DST", so that its verdict shows one. */
static struct ir_invariant route_claim(struct arena *arena, const struct ir *ir,
				       const struct question *q,
				       const struct end *src,
				       const struct end *dst)
{
	struct ir_invariant inv = { .name = "", .kind = CLAIM_NEVER,
				    .hops = HOPS_ANY };
	LIST(struct ir_claim_box) boxes = { 0 };
	LIST(struct ir_where) from = { 0 };

	for (uint32_t s = 0; s < ir->space_count; s++) {
		if (!both_empty(src->in[s]))
			*LIST_PUSH(arena, &from) = (struct ir_where){
				s, src->in[s] };
		for (int f = IPV4; f < FAMILIES; f++)
			if (dst->in[s].of[f].count &&
			    q->in[s].svc.of[f].count)
				*LIST_PUSH(arena, &boxes) =
					(struct ir_claim_box){ s, (enum family)f,
					src->in[s].of[f], dst->in[s].of[f],
					q->in[s].svc.of[f] };
	}
	inv.boxes = boxes.at;
	inv.box_count = boxes.count;
	inv.from = from.at;
	inv.from_count = from.count;
	return inv;
}

struct query_routes query_routes(struct arena *arena, const struct ir *ir,
				 const struct question *q, const char *src,
				 const char *dst)
{
	struct ends from = ends_of(arena, ir, q, true, q->any_source, src);
	struct ends to = ends_of(arena, ir, q, false, q->any_target, dst);
	struct query_routes out = { 0 };

	for (size_t i = 0; i < from.list.count; i++)
		for (size_t k = 0; k < to.list.count; k++) {
			struct ir_invariant inv = route_claim(arena, ir, q,
				&from.list.at[i], &to.list.at[k]);
			const struct verdict *v;

			if (!inv.box_count || !inv.from_count)
				continue;
			v = verify_some(arena, ir, &inv, 1);
			if (v->hop_count)
				*LIST_PUSH(arena, &out.list) =
					(struct query_route){
					from.list.at[i].name,
					to.list.at[k].name, v->hops,
					v->hop_count };
		}
	return out;
}
