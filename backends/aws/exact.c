/*
 * Can AWS say this policy at all?
 *
 * A group belongs to a whole layer.  So towards D the layer L lets out what
 * some address of L may send to D, and layer M takes in from S what some
 * address of M may take from S.  Between two layers a packet passes if both
 * do; with one end outside the one layer decides.  That is the least AWS can
 * admit while it admits all the policy; where it is more than the policy,
 * nothing may be emitted.
 *
 * It can only be more where a flow names a part of a layer, and between two
 * layers only where flows name parts of both.  Only such pairs are looked at.
 */
#include "backends/aws/aws.h"
#include "backends/aws/reach.h"
#include "compiler/base/service.h"

#include <stdlib.h>

struct flow_ends {
	const struct ir_flow *is;
	const struct reach *src, *dst;
};

/* From FROM to TO: layers, or OUTSIDE for all that is in none. */
struct pair {
	uint32_t from, to;
	bool parts_of_from, parts_of_to;	/* some flow names only a part */
	LIST(const struct flow_ends *) flows;	/* all that have packets here */
};

enum { OUTSIDE = UINT32_MAX };

struct check {
	struct arena *arena;
	const struct job *job;
	struct reaches reaches;
	enum family family;
	struct flow_ends *flows;
	size_t flow_count;
	struct table known;		/* from, to -> pair */
	LIST(struct pair *) pairs;
	bool *starts;			/* by zone: some pair is from it */
};

static struct pair *pair_at(struct check *c, uint32_t from, uint32_t to,
			    bool make)
{
	const uint32_t key[] = { from, to };
	struct pair *p = table_get(&c->known, key, sizeof key);

	if (p || !make)
		return p;
	p = arena_alloc(c->arena, sizeof *p);
	p->from = from;
	p->to = to;
	*table_at(&c->known, &p->from, sizeof key) = p;
	*LIST_PUSH(c->arena, &c->pairs) = p;
	return p;
}

/* The zones that a reach meets: its layers and, if it is met, the outside. */
static size_t zone_count(const struct reach *r)
{
	return r->layer_count + !ranges_empty(r->outside);
}

static uint32_t zone(const struct reach *r, size_t i)
{
	return i < r->layer_count ? r->layers[i] : OUTSIDE;
}

static bool is_part(const struct reach *r, size_t i)
{
	return i < r->layer_count && !r->whole[i];
}

static bool has_part(const struct reach *r)
{
	for (size_t i = 0; i < r->layer_count; i++)
		if (!r->whole[i])
			return true;
	return false;
}

static size_t mark_of(const struct check *c, uint32_t zone_number)
{
	return zone_number == OUTSIDE ? c->job->ir->layer_count : zone_number;
}

/* Enter the pairs of which F names a part at one end. */
static void mark_parts(struct check *c, const struct flow_ends *f)
{
	bool src = has_part(f->src), dst = has_part(f->dst);

	if (!src && !dst)
		return;
	for (size_t i = 0; i < zone_count(f->src); i++) {
		for (size_t j = 0; j < zone_count(f->dst); j++) {
			bool a = is_part(f->src, i), b = is_part(f->dst, j);
			struct pair *p;

			if (!a && !b)
				continue;
			p = pair_at(c, zone(f->src, i), zone(f->dst, j), true);
			p->parts_of_from |= a;
			p->parts_of_to |= b;
			c->starts[mark_of(c, p->from)] = true;
		}
	}
}

static bool may_differ(const struct pair *p)
{
	return (p->parts_of_from || p->from == OUTSIDE) &&
	       (p->parts_of_to || p->to == OUTSIDE);
}

/* Give every flow to the pairs it has packets in. */
static void fill_pairs(struct check *c, const struct flow_ends *f)
{
	for (size_t i = 0; i < zone_count(f->src); i++) {
		if (!c->starts[mark_of(c, zone(f->src, i))])
			continue;
		for (size_t j = 0; j < zone_count(f->dst); j++) {
			struct pair *p = pair_at(c, zone(f->src, i),
						 zone(f->dst, j), false);

			if (p && may_differ(p))
				*LIST_PUSH(c->arena, &p->flows) = f;
		}
	}
}

static struct ranges in_zone(struct check *c, const struct reach *r,
			     uint32_t zone_number)
{
	if (zone_number == OUTSIDE)
		return r->outside;
	return ranges_meet(c->arena, r->all,
			   c->reaches.space->layers[zone_number].of[c->family]);
}

/* Where services begin to differ, ascending. */
struct cuts {
	uint32_t *at;
	size_t count;
};

static int ascending(const void *x, const void *y)
{
	const uint32_t *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

static struct cuts service_cuts(struct check *c, const struct pair *p)
{
	LIST(uint32_t) all = { 0 };
	size_t kept = 0;

	for (size_t i = 0; i < p->flows.count; i++) {
		struct ranges svc = p->flows.at[i]->is->svc;

		for (size_t j = 0; j < svc.count; j++) {
			*LIST_PUSH(c->arena, &all) = (uint32_t)svc.at[j].lo;
			*LIST_PUSH(c->arena, &all) = (uint32_t)svc.at[j].hi + 1;
		}
	}
	qsort(all.at, all.count, sizeof *all.at, ascending);
	for (size_t i = 0; i < all.count; i++)
		if (!kept || all.at[kept - 1] != all.at[i])
			all.at[kept++] = all.at[i];
	return (struct cuts){ all.at, kept };
}

/* The first cut at or behind KEY. */
static size_t cut_from(struct cuts cuts, u128 key)
{
	size_t lo = 0, hi = cuts.count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (cuts.at[mid] < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* All ends of the flows of one stretch of services. */
struct ends {
	LIST(struct range) src, dst;
};

static void take(struct check *c, struct ends *e, struct ranges src,
		 struct ranges dst)
{
	for (size_t i = 0; i < src.count; i++)
		*LIST_PUSH(c->arena, &e->src) = src.at[i];
	for (size_t i = 0; i < dst.count; i++)
		*LIST_PUSH(c->arena, &e->dst) = dst.at[i];
}

/* What P permits, cut to its two zones. */
static struct boxes permitted_in(struct check *c, const struct pair *p)
{
	struct boxes permitted = { 0 };

	for (size_t i = 0; i < p->flows.count; i++) {
		const struct flow_ends *f = p->flows.at[i];

		boxes_add(c->arena, &permitted, in_zone(c, f->src, p->from),
			  in_zone(c, f->dst, p->to), f->is->svc);
	}
	return permitted;
}

/*
 * The least AWS admits in P.  For one service all sources that may send to
 * somebody meet all destinations that somebody may send to; a layer whose
 * other end is outside sends, or takes, as a whole.
 */
static struct boxes admitted_in(struct check *c, const struct pair *p,
				const struct boxes *permitted)
{
	struct cuts cuts = service_cuts(c, p);
	struct ends *ends = arena_array(c->arena, cuts.count, sizeof *ends);
	const struct both *layers = c->reaches.space->layers;
	struct boxes admitted = { 0 };

	for (size_t i = 0; i < permitted->count; i++) {
		const struct box *b = &permitted->at[i];

		for (size_t j = 0; j < b->svc.count; j++)
			for (size_t k = cut_from(cuts, b->svc.at[j].lo);
			     cuts.at[k] <= b->svc.at[j].hi; k++)
				take(c, &ends[k], b->src, b->dst);
	}
	for (size_t k = 0; k + 1 < cuts.count; k++) {
		struct ranges src = ranges_of(c->arena, ends[k].src.at,
					      ends[k].src.count);
		struct ranges dst = ranges_of(c->arena, ends[k].dst.at,
					      ends[k].dst.count);

		if (ranges_empty(src))
			continue;
		if (p->to == OUTSIDE)
			src = layers[p->from].of[c->family];
		if (p->from == OUTSIDE)
			dst = layers[p->to].of[c->family];
		boxes_add(c->arena, &admitted, src, dst,
			  ranges_one(c->arena, cuts.at[k], cuts.at[k + 1] - 1));
	}
	return admitted;
}

/* The first rule that lets OUT (or IN) what PACKET is, for its whole layer. */
static const struct ir_rule *half(const struct check *c, const struct pair *p,
				  const struct packet *packet, bool out)
{
	uint32_t best = UINT32_MAX;

	for (size_t i = 0; i < p->flows.count; i++) {
		const struct ir_flow *f = p->flows.at[i]->is;

		if (!ranges_have(f->svc, packet->svc) ||
		    !ranges_have(out ? f->dst : f->src,
				 out ? packet->dst : packet->src))
			continue;
		if (f->rule < best)
			best = f->rule;
	}
	return &c->job->ir->rules[best];
}

static void tell(struct check *c, const struct pair *p,
		 const struct packet *packet)
{
	const struct ir_rule *out = NULL, *in = NULL;
	struct diag *d;

	if (p->from != OUTSIDE)
		out = half(c, p, packet, true);
	if (p->to != OUTSIDE)
		in = half(c, p, packet, false);
	d = diag_add(c->job->diags, P0501, out ? out->span : in->span,
		     "AWS would also admit %s in %s, which no rule permits",
		     packet_text(c->arena, packet),
		     ir_space_name(c->arena, c->job->ir, c->reaches.space));
	if (out)
		diag_note(d, out->name_span,
			  "`%s` lets a part of `%s` out, and so the group lets "
			  "out all of it",
			  out->name, c->job->ir->layers[p->from].name);
	if (in)
		diag_note(d, in->name_span,
			  "`%s` lets something in to a part of `%s`, and so the "
			  "group lets it in to all of it",
			  in->name, c->job->ir->layers[p->to].name);
	diag_help(d, "name the whole layer, or give those addresses a layer "
		  "of their own");
}

static bool check_pair(struct check *c, const struct pair *p)
{
	struct boxes permitted = permitted_in(c, p);
	struct boxes admitted = admitted_in(c, p, &permitted);
	struct packet packet;

	if (boxes_within(c->arena, c->family, &admitted, &permitted, &packet))
		return true;
	tell(c, p, &packet);
	return false;
}

static void look_up(struct check *c)
{
	const struct ir *ir = c->job->ir;
	const struct ir_space *space = c->reaches.space;

	c->flows = arena_array(c->arena, space->flow_count, sizeof *c->flows);
	for (size_t i = 0; i < space->flow_count; i++) {
		const struct ir_flow *f = &ir->flows[space->first_flow + i];

		if (f->family != c->family)
			continue;
		c->flows[c->flow_count++] = (struct flow_ends){
			.is = f,
			.src = reach_of(&c->reaches, f->family, f->src),
			.dst = reach_of(&c->reaches, f->family, f->dst),
		};
	}
}

static bool is_exact(const struct job *job, enum family family)
{
	struct check c = { .arena = job->arena, .job = job, .family = family,
			   .known = TABLE_IN(job->arena) };
	bool exact = true;

	reaches_begin(&c.reaches, job);
	c.starts = arena_array(c.arena, job->ir->layer_count + 1,
			       sizeof *c.starts);
	look_up(&c);
	for (size_t i = 0; i < c.flow_count; i++)
		mark_parts(&c, &c.flows[i]);
	for (size_t i = 0; c.pairs.count && i < c.flow_count; i++)
		fill_pairs(&c, &c.flows[i]);
	for (size_t i = 0; i < c.pairs.count; i++)
		if (may_differ(c.pairs.at[i]))
			exact &= check_pair(&c, c.pairs.at[i]);
	return exact;
}

/* --- with halves --- */

/*
 * What meets: all that some group lets out with all that some group lets in,
 * by rules and by halves.  Outside nobody stops anything.
 */
struct meeting {
	struct check *c;
	struct boxes sides[AWS_DIRECTIONS];
};

static void let(struct meeting *m, enum aws_direction direction,
		const struct flow_ends *f)
{
	const struct reach *near = direction == AWS_EGRESS ? f->src : f->dst;

	for (size_t i = 0; i < near->layer_count; i++) {
		struct ranges whole = m->c->reaches.space
			->layers[near->layers[i]].of[m->c->family];

		if (direction == AWS_EGRESS)
			boxes_add(m->c->arena, &m->sides[direction], whole,
				  f->is->dst, f->is->svc);
		else
			boxes_add(m->c->arena, &m->sides[direction],
				  f->is->src, whole, f->is->svc);
	}
}

static void let_all(struct meeting *m)
{
	const struct ir *ir = m->c->job->ir;
	const struct ir_space *space = m->c->reaches.space;

	for (size_t i = 0; i < m->c->flow_count; i++) {
		const struct flow_ends *f = &m->c->flows[i];

		if (ir->rules[f->is->rule].half != IR_BOTH_HALVES)
			continue;
		let(m, AWS_EGRESS, f);
		let(m, AWS_INGRESS, f);
	}
	for (uint32_t i = 0; i < space->half_count; i++) {
		const struct ir_flow *h = &ir->halves[space->first_half + i];
		const struct flow_ends f = {
			h, reach_of(&m->c->reaches, h->family, h->src),
			reach_of(&m->c->reaches, h->family, h->dst) };

		if (h->family == m->c->family)
			let(m, ir->rules[h->rule].half == IR_OUTBOUND
			    ? AWS_EGRESS : AWS_INGRESS, &f);
	}
}

static void let_outside(struct meeting *m)
{
	struct arena *arena = m->c->arena;
	struct ranges ours = m->c->reaches.layers[m->c->family];
	struct ranges far = ranges_minus(arena,
			family_everything(arena, m->c->family), ours);
	struct ranges all = ranges_one(arena, 0, SERVICE_LAST);

	boxes_add(arena, &m->sides[AWS_EGRESS], far, ours, all);
	boxes_add(arena, &m->sides[AWS_INGRESS], ours, far, all);
}

static void tell_meeting(const struct check *c, const struct packet *packet)
{
	struct span at = { 0 };
	struct diag *d;

	for (uint32_t i = 0; !at.hi && i < c->reaches.space->half_count; i++) {
		const struct ir_flow *h = &c->job->ir->halves
			[c->reaches.space->first_half + i];
		const struct box box = { h->src, h->dst, h->svc };

		if (h->family == c->family && box_has(&box, packet))
			at = c->job->ir->rules[h->rule].name_span;
	}
	d = diag_add(c->job->diags, P0501, at,
		     "AWS would also admit %s in %s, which no rule permits",
		     packet_text(c->arena, packet),
		     ir_space_name(c->arena, c->job->ir, c->reaches.space));
	diag_help(d, "a rule that names a part of a layer meets this half for all of the layer: name the whole layer, or give those addresses a layer of their own");
}

/* Do the groups as wholes, halves included, admit no more than is permitted? */
static bool is_met(struct check *c)
{
	struct meeting m = { .c = c };
	const struct boxes *permitted = &c->job->meaning->permitted[c->family];
	const struct boxes *lists[] = { &m.sides[0], &m.sides[1], permitted };
	struct universe *u;
	struct packet packet;

	let_all(&m);
	let_outside(&m);
	u = universe_of(c->arena, c->family, lists, 3);
	if (!pset_witness(u, pset_minus(u, pset_meet(u,
				pset_of(u, &m.sides[AWS_EGRESS]),
				pset_of(u, &m.sides[AWS_INGRESS])),
				pset_of(u, permitted)), &packet))
		return true;
	tell_meeting(c, &packet);
	return false;
}

static bool halves_meet(const struct job *job, enum family family)
{
	struct check c = { .arena = job->arena, .job = job, .family = family };

	if (!job->meaning->space->half_count)
		return true;
	reaches_begin(&c.reaches, job);
	look_up(&c);
	return is_met(&c);
}

bool aws_is_exact(const struct job *job)
{
	bool v4 = is_exact(job, IPV4), v6 = is_exact(job, IPV6);

	return v4 && v6 && halves_meet(job, IPV4) && halves_meet(job, IPV6);
}
