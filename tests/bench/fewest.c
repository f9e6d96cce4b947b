/*
 * How many security group rules are emitted, and how few could do.
 *
 *     fewest FILE.fbk...       and 200 generated policies behind them
 *
 * The bound is a set of packets of one group and direction, one for each rule
 * that is emitted, no two of which one rule of AWS can admit without admitting
 * what must not be: each needs a rule of its own, however rules are made.  Free
 * are space that nobody declared and, inbound, own layers in a prefix (their own
 * egress stops them); an own layer that is named is named by its group.  Such a
 * set is looked for greedily, so that the truth lies between the two figures.
 */
#include "backends/aws/aws.h"
#include "compiler/base/service.h"
#include "tests/lib/gen.h"
#include "tests/lib/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GENERATED = 200 };

struct allowed {
	enum family family;
	struct ranges far, svc;
};

/* One group in one direction: what its rules may admit, as boxes. */
struct place {
	struct arena *arena;
	const struct ir_space *space;
	bool inbound;
	struct ranges undeclared[FAMILIES], layers[FAMILIES];
	LIST(struct allowed) may;
};

/* Somebody at the far end: an address, or the whole of a layer or a list. */
struct witness {
	const struct aws_service *service;
	enum aws_peer_kind kind;
	uint32_t index;			/* of the layer or network */
	struct both far;
};

struct tally {
	size_t rules, least, groups;
	size_t worst_rules, worst_least;
	const char *worst;
};

/* --- what may be admitted --- */

/* Is every packet of FAR x SVC in one of the boxes from FIRST on? */
static bool is_allowed(const struct place *p, enum family family,
		       struct ranges far, struct ranges svc, size_t first)
{
	while (first < p->may.count && p->may.at[first].family != family)
		first++;
	if (ranges_empty(far) || ranges_empty(svc))
		return true;
	if (first == p->may.count)
		return false;
	return is_allowed(p, family,
			  ranges_minus(p->arena, far, p->may.at[first].far),
			  svc, first + 1) &&
	       is_allowed(p, family,
			  ranges_meet(p->arena, far, p->may.at[first].far),
			  ranges_minus(p->arena, svc, p->may.at[first].svc),
			  first + 1);
}

static void add_flows(struct place *p, const struct ir *ir, uint32_t layer,
		      const struct ir_flow *flows, size_t count, bool halves)
{
	for (size_t i = 0; i < count; i++) {
		const struct ir_flow *f = &flows[i];
		enum ir_half half = ir->rules[f->rule].half;
		struct ranges near = p->inbound ? f->dst : f->src;

		if (half == (p->inbound ? IR_OUTBOUND : IR_INBOUND) ||
		    (half != IR_BOTH_HALVES) != halves ||
		    !ranges_touch(near, p->space->layers[layer].of[f->family]))
			continue;
		*LIST_PUSH(p->arena, &p->may) = (struct allowed){
			f->family, p->inbound ? f->src : f->dst, f->svc };
	}
}

static struct place place_of(struct arena *arena, const struct job *job,
			     uint32_t layer, enum aws_direction direction)
{
	const struct ir *ir = job->ir;
	const struct ir_space *space = job->meaning->space;
	struct place p = { .arena = arena, .space = space,
			   .inbound = direction == AWS_INGRESS };

	for (enum family f = IPV4; f < FAMILIES; f++) {
		p.undeclared[f] = ir_space_undeclared(arena, ir, space, f);
		for (size_t i = 0; i < ir->layer_count; i++)
			p.layers[f] = ranges_union(arena, p.layers[f],
						   space->layers[i].of[f]);
	}
	add_flows(&p, ir, layer, &ir->flows[space->first_flow],
		  space->flow_count, false);
	add_flows(&p, ir, layer, &ir->halves[space->first_half],
		  space->half_count, true);
	return p;
}

/* --- two packets and one rule --- */

/* The service keys of the narrowest rule that has the first of A and of B. */
static struct ranges joint_service(struct arena *arena,
				   const struct aws_service *a,
				   const struct aws_service *b)
{
	unsigned protocol = (unsigned)a->protocol, lo, hi;

	if (a->protocol != b->protocol || a->protocol == AWS_ALL)
		return ranges_one(arena, 0, SERVICE_LAST);
	if (service_has_ports(protocol)) {
		lo = (unsigned)(a->from < b->from ? a->from : b->from);
		hi = (unsigned)(a->from > b->from ? a->from : b->from);
	} else if (a->from == b->from && a->from != AWS_ALL) {
		lo = (unsigned)a->from << 8 |
		     (unsigned)(a->to > 0 ? a->to : 0);
		hi = (unsigned)b->from << 8 |
		     (unsigned)(b->to > 0 ? b->to : 0);
		if (lo != hi) {
			lo = (unsigned)a->from << 8;
			hi = lo | 0xff;
		}
	} else {
		lo = 0;
		hi = SERVICE_VALUES - 1;
	}
	return ranges_one(arena, service_key(protocol, lo),
			  service_key(protocol, hi));
}

/* Does a rule whose peer has the addresses FAR admit only what it may? */
static bool fits(const struct place *p, struct both far, struct ranges svc)
{
	return is_allowed(p, IPV4, far.of[IPV4], svc, 0) &&
	       is_allowed(p, IPV6, far.of[IPV6], svc, 0);
}

/* The smallest prefix that has A and B, less what is free in it. */
static struct ranges joint_prefix(const struct place *p, enum family family,
				  struct ranges a, struct ranges b,
				  bool with_layers)
{
	struct ranges both = ranges_union(p->arena, a, b), all;
	u128 lo = both.at[0].lo, hi = both.at[both.count - 1].hi;
	unsigned bits = 0;

	while (bits < family_bits(family) && lo >> bits != hi >> bits)
		bits++;
	if (bits == 128)
		all = ranges_one(p->arena, 0, U128_MAX);
	else
		all = ranges_one(p->arena, lo >> bits << bits,
				 (lo >> bits << bits) + (((u128)1 << bits) - 1));
	all = ranges_minus(p->arena, all, p->undeclared[family]);
	return with_layers ? ranges_minus(p->arena, all, p->layers[family]) : all;
}

/* Can one rule admit the first packets of A and of B, and be right? */
static bool share_a_rule(const struct place *p, const struct witness *a,
			 const struct witness *b)
{
	struct ranges svc = joint_service(p->arena, a->service, b->service);
	bool named = a->kind == AWS_GROUP && b->kind == AWS_GROUP;

	if (a->kind != AWS_PREFIX && a->kind == b->kind && a->index == b->index)
		return fits(p, a->far, svc);
	for (enum family f = IPV4; f < FAMILIES; f++)
		if (!ranges_empty(a->far.of[f]) && !ranges_empty(b->far.of[f]) &&
		    is_allowed(p, f, joint_prefix(p, f, a->far.of[f],
						  b->far.of[f],
						  p->inbound && !named), svc, 0))
			return true;
	return false;
}

/* --- a policy --- */

/* Somebody that the policy lets through and RULE admits. */
static struct witness witness_of(const struct place *p, const struct ir *ir,
				 const struct aws_model *model,
				 const struct aws_rule *rule)
{
	const struct aws_peer *peer = &rule->is.peer;
	struct witness w = { .service = &rule->is.service, .kind = peer->kind };
	struct ranges svc = joint_service(p->arena, w.service, w.service), in;
	struct range all;

	switch (peer->kind) {
	case AWS_GROUP:
		while (strcmp(ir->layers[w.index].name,
			      model->groups[peer->index].layer))
			w.index++;
		w.far = p->space->layers[w.index];
		return w;
	case AWS_LIST:
		w.index = model->lists[peer->index].network;
		w.far = p->space->networks[w.index];
		return w;
	case AWS_PREFIX:
		break;
	}
	all = prefix_range(peer->prefix);
	for (size_t i = 0; i < p->may.count; i++) {
		if (p->may.at[i].family != peer->prefix.family ||
		    !ranges_have(p->may.at[i].svc, svc.at[0].lo))
			continue;
		in = ranges_meet(p->arena, p->may.at[i].far,
				 (struct ranges){ &all, 1 });
		if (ranges_empty(in))
			continue;
		w.far.of[peer->prefix.family] =
			ranges_one(p->arena, in.at[0].lo, in.at[0].lo);
		return w;
	}
	fprintf(stderr, "fewest: %s admits nothing of the policy\n", rule->key);
	exit(EXIT_FAILURE);
}

static void count_place(struct arena *arena, const struct job *job,
			const struct aws_model *model, uint32_t group,
			enum aws_direction direction, struct tally *tally)
{
	LIST(struct witness) apart = { 0 };
	uint32_t layer = 0;
	size_t rules = 0;
	struct place p;

	while (strcmp(job->ir->layers[layer].name, model->groups[group].layer))
		layer++;
	p = place_of(arena, job, layer, direction);
	for (size_t i = 0; i < model->rule_count; i++) {
		const struct aws_rule *r = &model->rules[i];
		struct witness w;
		size_t j = 0;

		if (r->is.group != group || r->is.direction != direction)
			continue;
		rules++;
		w = witness_of(&p, job->ir, model, r);
		while (j < apart.count && !share_a_rule(&p, &apart.at[j], &w))
			j++;
		if (j == apart.count)
			*LIST_PUSH(arena, &apart) = w;
	}
	tally->rules += rules;
	tally->least += apart.count;
	if (rules - apart.count > tally->worst_rules - tally->worst_least) {
		tally->worst_rules = rules;
		tally->worst_least = apart.count;
		tally->worst = model->groups[group].name;
	}
}

static void count_policy(struct policy *policy, struct tally *tally)
{
	const struct ir *ir = policy->ir;

	for (size_t i = 0; i < ir->space_count; i++) {
		struct arena *arena = arena_child(policy->arena);
		struct meaning meaning = meaning_of(arena, ir, &ir->spaces[i]);
		struct job job = { .arena = arena, .diags = &policy->diags,
				   .ir = ir, .meaning = &meaning };
		const struct aws_model *model;

		/* what the target cannot say has no number of rules */
		if (aws_is_exact(&job)) {
			model = aws_lower(&job);
			for (uint32_t g = 0; g < model->group_count; g++) {
				tally->groups++;
				for (int d = 0; d < AWS_DIRECTIONS; d++)
					count_place(arena, &job, model, g, d,
						    tally);
			}
		}
	}
}

static void show(const char *name, const struct tally *t)
{
	printf("%-28s %6zu %8zu %8zu   %5.2f", name, t->groups, t->rules, t->least,
	       t->least ? (double)t->rules / (double)t->least : 1.0);
	if (t->worst)
		printf("   %zu for %zu: %s", t->worst_rules, t->worst_least,
		       t->worst);
	printf("\n");
}

int main(int argc, char **argv)
{
	struct tally drawn = { 0 };

	printf("policy                       groups    rules at least   ratio   furthest\n");
	for (int i = 1; i < argc; i++) {
		struct arena *arena = arena_new(0);
		struct policy policy = { 0 };
		struct tally tally = { 0 };

		if (!policy_of_file(&policy, arena, argv[i], GEN_DAY)) {
			fprintf(stderr, "%s", policy_messages(&policy));
			return EXIT_FAILURE;
		}
		count_policy(&policy, &tally);
		show(policy.ir->policy, &tally);
		arena_free(arena);
	}
	for (uint64_t seed = 1; seed <= GENERATED; seed++) {
		struct arena *arena = arena_new(0);
		struct policy policy = { 0 };
		const char *text = gen_text(arena, gen_policy(arena, seed,
							      GEN_PLAIN), 0);

		if (policy_of_text(&policy, arena, text, GEN_DAY))
			count_policy(&policy, &drawn);
		drawn.worst = NULL;
		arena_free(arena);
	}
	show("generated", &drawn);
	return EXIT_SUCCESS;
}
