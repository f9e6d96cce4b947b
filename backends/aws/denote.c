/*
 * What a file of security groups admits, by AWS's documentation.
 *
 * "Security group rules" (VPC user guide): a rule admits its protocol and
 * ports to or from its peer; rules only add; a group applies to every
 * interface that carries it, which is every address of its layer (assumption
 * 1).  A group as peer stands for the addresses of both families of whoever
 * carries it; a prefix list for the entries that the policy declares for it.
 */
#include "backends/aws/aws.h"

#include "backends/aws/denote.h"
#include "backends/aws/denoting.h"
#include "compiler/base/service.h"
#include "compiler/base/text.h"

#include <string.h>

/* --- rules --- */

/* The layers of another environment that NAMES are, `.` between. */
static struct ranges peered_addresses(const struct denoting *d,
				      const struct aws_group *g,
				      enum family family)
{
	const struct ir *ir = d->written;
	const struct ir_space *far = &ir->spaces[g->space];
	struct ranges all = NO_RANGES;

	for (const char *names = g->layer; *names;) {
		size_t len = strcspn(names, ".");

		for (uint32_t i = 0; i < ir->layer_count; i++)
			if (strncmp(ir->layers[i].name, names, len) == 0 &&
			    !ir->layers[i].name[len])
				all = ranges_union(d->arena, all,
						   far->layers[i].of[family]);
		names += len + (names[len] == '.');
	}
	return all;
}

struct ranges group_members(const struct denoting *d, uint32_t group,
			     enum family family)
{
	const struct aws_group *g = &d->model->groups[group];
	u128 unknown = opaque_class(OPAQUE_GROUPS + group % OPAQUE_GROUPS);

	switch (g->standing) {
	case AWS_LAYER:
		return d->space->layers[d->layer_of[group]].of[family];
	case AWS_PEERED:
		return peered_addresses(d, g, family);
	case AWS_STRANGER:
	case AWS_DEFAULT:
		return family == IPV4 ? ranges_one(d->arena, unknown, unknown)
				      : NO_RANGES;
	}
	return NO_RANGES;
}

struct ranges peer_addresses(const struct denoting *d,
				    const struct aws_peer *peer,
				    enum family family)
{
	struct range r;

	switch (peer->kind) {
	case AWS_PREFIX:
		if (peer->prefix.family != family)
			return NO_RANGES;
		r = prefix_range(peer->prefix);
		return ranges_one(d->arena, r.lo, r.hi);
	case AWS_LIST:
		return d->list_of[peer->index].of[family];
	case AWS_GROUP:
		return group_members(d, peer->index, family);
	}
	return NO_RANGES;
}

/* Is PEER a group of a layer, of which both families are one rule? */
static bool is_of_layer(const struct denoting *d, const struct aws_peer *peer)
{
	return peer->kind == AWS_GROUP &&
	       d->model->groups[peer->index].standing != AWS_STRANGER;
}

static struct range keys(unsigned protocol, int lo, int hi)
{
	return (struct range){ service_key(protocol, (unsigned)lo),
			       service_key(protocol, (unsigned)hi) };
}

/*
 * The services of a rule between addresses of FAMILY.  A protocol is a number
 * in either family: AWS does not say that `icmp` leaves protocol 1 over IPv6
 * out, nor what type it would have there, so it is taken to admit all of it.
 */
struct range admitted_services(enum family family,
				      const struct aws_service *s)
{
	unsigned protocol = (unsigned)s->protocol;

	if (s->protocol == AWS_ALL)
		return (struct range){ 0, SERVICE_LAST };
	if (protocol == PROTO_TCP || protocol == PROTO_UDP)
		return keys(protocol, s->from, s->to);
	if (protocol != (family == IPV4 ? PROTO_ICMP : PROTO_ICMP6) ||
	    s->from == AWS_ALL)
		return keys(protocol, 0, 65535);
	if (s->to == AWS_ALL)
		return keys(protocol, s->from * 256, s->from * 256 + 255);
	return keys(protocol, s->from * 256 + s->to, s->from * 256 + s->to);
}

static struct admitted admit(const struct denoting *d, enum family family)
{
	struct admitted a = { .family = family };

	for (int i = 0; i < AWS_DIRECTIONS; i++)
		a.of[i] = arena_array(d->arena, d->ir->layer_count,
				      sizeof *a.of[i]);
	for (size_t i = 0; i < d->model->rule_count; i++) {
		const struct aws_permission *is = &d->model->rules[i].is;
		struct range svc = admitted_services(family, &is->service);
		uint32_t layer = d->layer_of[is->group];
		struct half half = {
			.peer = peer_addresses(d, &is->peer, family),
			.svc = ranges_one(d->arena, svc.lo, svc.hi),
		};

		if (layer != UINT32_MAX && !ranges_empty(half.peer))
			*LIST_PUSH(d->arena, &a.of[is->direction][layer]) =
				half;
	}
	return a;
}

/* --- sides --- */

/* By layer: who lets what out to it. */
static struct lets *lets_of(struct denoting *d, const struct admitted *a)
{
	struct lets *lets = arena_array(d->arena, d->ir->layer_count,
					sizeof *lets);

	for (uint32_t from = 0; from < d->ir->layer_count; from++) {
		const struct halves *out = &a->of[AWS_EGRESS][from];

		for (size_t i = 0; i < out->count; i++) {
			const struct zone *z = zone_of(&d->zones, a->family,
						       out->at[i].peer);

			for (size_t j = 0; j < z->layer_count; j++)
				*LIST_PUSH(d->arena, &lets[z->layers[j]]) =
					(struct let){ from, out->at[i].svc.at[0] };
		}
	}
	return lets;
}

/* What the group of LAYER admits by itself. */
static struct boxes alone(const struct denoting *d, const struct admitted *a,
			  uint32_t layer, enum aws_direction direction)
{
	const struct halves *halves = &a->of[direction][layer];
	struct ranges near = d->space->layers[layer].of[a->family];
	struct boxes boxes = { 0 };

	for (size_t i = 0; i < halves->count; i++) {
		const struct half *h = &halves->at[i];

		if (direction == AWS_INGRESS)
			boxes_add(d->arena, &boxes, h->peer, near, h->svc);
		else
			boxes_add(d->arena, &boxes, near, h->peer, h->svc);
	}
	return boxes;
}

static void add_composed(struct denoting *d, const struct admitted *a,
			 struct sides *out)
{
	struct side *side = LIST_PUSH(d->arena, out);

	side->label = arena_printf(d->arena, "composed, %s",
				   family_name(a->family));
	side->family = a->family;
	side->admitted = compose(&d->zones, a);
	expect_composed(d->expect, a->family, &side->must, &side->may);
}

static const char *label_of(const struct denoting *d, const char *group,
			    enum aws_direction direction, enum family family)
{
	return arena_printf(d->arena, "%s: %s, %s", group,
			    direction == AWS_INGRESS ? "ingress" : "egress",
			    family_name(family));
}

static void add_group(struct denoting *d, const struct admitted *a,
		      const struct lets *lets, uint32_t layer,
		      enum aws_direction direction, struct sides *out)
{
	struct side *side;

	if (ranges_empty(d->space->layers[layer].of[a->family]))
		return;
	side = LIST_PUSH(d->arena, out);
	side->label = label_of(d, d->ir->layers[layer].name, direction,
			       a->family);
	side->family = a->family;
	side->admitted = alone(d, a, layer, direction);
	expect_group(d->expect, a->family, layer, direction, &lets[layer],
		     &side->must, &side->may);
}

/* What the rule IS admits in FAMILY at NEAR, its own end. */
static void add_half(struct denoting *d, const struct aws_permission *is,
		     enum family family, struct ranges near,
		     struct boxes *boxes)
{
	struct range s = admitted_services(family, &is->service);
	struct ranges svc = ranges_one(d->arena, s.lo, s.hi);
	struct ranges far = peer_addresses(d, &is->peer, family);

	if (is->direction == AWS_INGRESS)
		boxes_add(d->arena, boxes, far, near, svc);
	else
		boxes_add(d->arena, boxes, near, far, svc);
}

/*
 * Is the rule IS one that the policy has none of, whatever it admits?  Those of
 * the default group are, and those of a family that no host of their layer has:
 * one may get it.  A group as peer is there for the other family.
 */
static bool is_stray(const struct denoting *d, const struct aws_permission *is,
		     enum family family)
{
	uint32_t layer = d->layer_of[is->group];

	return layer == UINT32_MAX ||
	       (!is_of_layer(d, &is->peer) &&
		ranges_empty(d->space->layers[layer].of[family]));
}

/* Sides of strays alone; they may be at any host of the VPC. */
static void add_strays(struct denoting *d, enum family family,
		       enum aws_direction direction, struct sides *out)
{
	struct ranges vpc = d->space->vpc.of[family];
	struct ranges anyone = ranges_empty(vpc) ? family_all(d->arena, family)
						 : vpc;
	size_t layers = d->ir->layer_count;
	struct boxes *stray = arena_array(d->arena, layers + 1, sizeof *stray);

	for (size_t i = 0; i < d->model->rule_count; i++) {
		const struct aws_permission *is = &d->model->rules[i].is;
		uint32_t layer = d->layer_of[is->group];

		if (is->direction == direction && is_stray(d, is, family))
			add_half(d, is, family, anyone,
				 &stray[layer < layers ? layer : layers]);
	}
	for (size_t i = 0; i <= layers; i++)
		if (stray[i].count)
			*LIST_PUSH(d->arena, out) = (struct side){
				.label = label_of(d, i < layers
						  ? d->ir->layers[i].name
						  : "default group", direction,
						  family),
				.family = family, .admitted = stray[i] };
}

bool aws_denote(const struct job *job, const struct aws_model *model,
		struct sides *out)
{
	struct denoting d;
	struct admitted admitted[FAMILIES];
	struct lets *lets[FAMILIES];

	if (!denoting_begin(&d, job, model))
		return false;
	zones_begin(&d.zones, d.job);
	d.expect = expect_begin(d.job, &d.zones);
	for (enum family f = IPV4; f < FAMILIES; f++) {
		admitted[f] = admit(&d, f);
		lets[f] = lets_of(&d, &admitted[f]);
		add_composed(&d, &admitted[f], out);
	}
	for (enum family f = IPV4; f < FAMILIES; f++)
		for (int i = 0; i < AWS_DIRECTIONS; i++)
			add_strays(&d, f, (enum aws_direction)i, out);
	for (uint32_t layer = 0; layer < d.ir->layer_count; layer++)
		for (enum family f = IPV4; f < FAMILIES; f++)
			for (int i = 0; i < AWS_DIRECTIONS; i++)
				add_group(&d, &admitted[f], lets[f], layer,
					  (enum aws_direction)i, out);
	aws_denote_default_group(job, model, out);
	return true;
}
