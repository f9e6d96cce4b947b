/* Must and may, straight from LANGUAGE.md 4. */
#include "backends/aws/expect.h"

#include "compiler/base/service.h"

struct box_list {
	const struct box **at;
	size_t count, cap;
};

struct expect {
	struct arena *arena;
	const struct job *job;
	const struct ir *ir;
	const struct ir_space *space;
	struct zones *zones;
	struct ranges undeclared[FAMILIES];
	struct ranges all_services;
	/* by layer: what is permitted from it, and to it */
	struct box_list *at[FAMILIES][AWS_DIRECTIONS];
};

static void index_permitted(struct expect *e, enum family family)
{
	const struct boxes *permitted = &e->job->meaning->permitted[family];

	for (int d = 0; d < AWS_DIRECTIONS; d++)
		e->at[family][d] = arena_array(e->arena, e->ir->layer_count,
					       sizeof **e->at[family]);
	for (size_t i = 0; i < permitted->count; i++) {
		const struct box *b = &permitted->at[i];
		const struct zone *src = zone_of(e->zones, family, b->src);
		const struct zone *dst = zone_of(e->zones, family, b->dst);

		for (size_t j = 0; j < src->layer_count; j++)
			*LIST_PUSH(e->arena, &e->at[family][AWS_EGRESS]
				   [src->layers[j]]) = b;
		for (size_t j = 0; j < dst->layer_count; j++)
			*LIST_PUSH(e->arena, &e->at[family][AWS_INGRESS]
				   [dst->layers[j]]) = b;
	}
}

/* What halves say of the layers that are their end. */
static void index_halves(struct expect *e)
{
	for (uint32_t i = 0; i < e->space->half_count; i++) {
		const struct ir_flow *h = &e->ir->halves[e->space->first_half +
							 i];
		bool out = e->ir->rules[h->rule].half == IR_OUTBOUND;
		enum aws_direction d = out ? AWS_EGRESS : AWS_INGRESS;
		const struct zone *near = zone_of(e->zones, h->family,
						  out ? h->src : h->dst);
		struct box *b = arena_alloc(e->arena, sizeof *b);

		*b = (struct box){ .src = h->src, .dst = h->dst, .svc = h->svc };
		for (size_t j = 0; j < near->layer_count; j++)
			*LIST_PUSH(e->arena, &e->at[h->family][d]
				   [near->layers[j]]) = b;
	}
}

struct expect *expect_begin(const struct job *job, struct zones *zones)
{
	struct expect *e = arena_alloc(job->arena, sizeof *e);

	e->arena = job->arena;
	e->job = job;
	e->ir = job->ir;
	e->space = job->meaning->space;
	e->zones = zones;
	e->all_services = ranges_one(e->arena, 0, SERVICE_LAST);
	for (enum family f = IPV4; f < FAMILIES; f++) {
		e->undeclared[f] = ir_space_undeclared(e->arena, e->ir,
						       e->space, f);
		index_permitted(e, f);
	}
	index_halves(e);
	return e;
}

static void copy_boxes(struct arena *arena, struct boxes *to,
		       const struct boxes *from)
{
	for (size_t i = 0; i < from->count; i++)
		*LIST_PUSH(arena, to) = from->at[i];
}

void expect_composed(struct expect *e, enum family family, struct boxes *must,
		     struct boxes *may)
{
	const struct boxes *permitted = &e->job->meaning->permitted[family];
	struct ranges ours = e->zones->layers.of[family];

	for (size_t i = 0; i < permitted->count; i++) {
		const struct box *b = &permitted->at[i];

		if (ranges_include(ours, b->src) ||
		    ranges_include(ours, b->dst)) {
			*LIST_PUSH(e->arena, must) = *b;
			continue;
		}
		boxes_add(e->arena, must, ranges_meet(e->arena, b->src, ours),
			  b->dst, b->svc);
		boxes_add(e->arena, must, b->src,
			  ranges_meet(e->arena, b->dst, ours), b->svc);
	}
	copy_boxes(e->arena, may, must);
	boxes_add(e->arena, may, ours, e->undeclared[family], e->all_services);
	boxes_add(e->arena, may, e->undeclared[family], ours, e->all_services);
}

/* Near end and far end in the order of the packet's way. */
static void add_box(struct expect *e, struct boxes *boxes,
		    enum aws_direction direction, struct ranges near,
		    struct ranges far, struct ranges svc)
{
	if (direction == AWS_INGRESS)
		boxes_add(e->arena, boxes, far, near, svc);
	else
		boxes_add(e->arena, boxes, near, far, svc);
}

/* By layer: the services that the file lets it send, in no order. */
struct sent {
	LIST(struct range) svc;
};

static struct sent *sent_by(struct expect *e, const struct lets *lets)
{
	struct sent *sent = arena_array(e->arena, e->ir->layer_count,
					sizeof *sent);

	for (size_t i = 0; i < lets->count; i++)
		*LIST_PUSH(e->arena, &sent[lets->at[i].from].svc) =
			lets->at[i].svc;
	return sent;
}

/*
 * Sources that cannot use what an ingress rule would let in.  A host of two
 * layers (`shared-hosts`) is stopped by none of its groups alone: then the
 * other layers that send here do not count as stopped for it.
 */
static void add_stopped(struct expect *e, enum family family, uint32_t layer,
			const struct lets *lets, struct boxes *may)
{
	struct ranges here = e->space->layers[layer].of[family];
	struct sent *sent = sent_by(e, lets);
	LIST(struct range) sending = { 0 };
	struct ranges senders;

	for (size_t i = 0; i < e->ir->layer_count; i++) {
		struct ranges is = e->space->layers[i].of[family];

		for (size_t j = 0; sent[i].svc.count && j < is.count; j++)
			*LIST_PUSH(e->arena, &sending) = is.at[j];
	}
	senders = ranges_of(e->arena, sending.at, sending.count);
	boxes_add(e->arena, may,
		  ranges_minus(e->arena, e->zones->layers.of[family], senders),
		  here, e->all_services);
	for (size_t i = 0; i < e->ir->layer_count; i++) {
		struct ranges is = e->space->layers[i].of[family];
		struct ranges svc;

		if (!sent[i].svc.count)
			continue;
		for (size_t k = 0; k < e->ir->layer_count; k++)
			if (k != i && e->ir->layers[i].shared_hosts &&
			    sent[k].svc.count)
				is = ranges_minus(e->arena, is,
						  e->space->layers[k].of[family]);
		svc = ranges_of(e->arena, sent[i].svc.at, sent[i].svc.count);
		boxes_add(e->arena, may, is, here,
			  ranges_minus(e->arena, e->all_services, svc));
	}
}

void expect_group(struct expect *e, enum family family, uint32_t layer,
		  enum aws_direction direction, const struct lets *lets,
		  struct boxes *must, struct boxes *may)
{
	const struct box_list *at = &e->at[family][direction][layer];
	struct ranges near = e->space->layers[layer].of[family];

	for (size_t i = 0; i < at->count; i++)
		add_box(e, must, direction, near,
			direction == AWS_INGRESS ? at->at[i]->src :
						   at->at[i]->dst,
			at->at[i]->svc);
	copy_boxes(e->arena, may, must);
	add_box(e, may, direction, near, e->undeclared[family],
		e->all_services);
	if (direction == AWS_INGRESS)
		add_stopped(e, family, layer, lets, may);
}
