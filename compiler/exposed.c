/*
 * The union, not rule by rule: 0.0.0.0/1 in one rule and 128.0.0.0/1 in another
 * are the whole internet, and so is ::/0.  The world is what of the internet an
 * environment has nobody of its own on; a layer is open to it on a service when
 * every address of it, of IPv4 or of IPv6, may open that service somewhere in the
 * layer (a security group is the same for all of a layer).
 */
#include "compiler/exposed.h"

#include "compiler/base/addr.h"
#include "compiler/base/service.h"
#include "compiler/base/text.h"

enum { RULES_SHOWN = 5, WIDE = 24 };

/* What is told of a layer; each is looked for in what is open to the world. */
enum kind { SSH, RDP, HIGH_RISK, ALL_PORTS, EGRESS, PUBLIC, KINDS };

static const enum diag_code codes[KINDS] = {
	[SSH]	    = P0810,
	[RDP]	    = P0811,
	[HIGH_RISK] = P0812,
	[ALL_PORTS] = P0813,
	[EGRESS]    = P0814,
	[PUBLIC]    = P0815,
};

/* AWS Security Hub, EC2.19: "security groups should not allow unrestricted access to ports with high risk" */
static const uint16_t high_risk[] = {
	20, 21, 23, 25, 110, 135, 143, 445, 1433, 1434, 3000, 3306, 4333, 5000,
	5432, 5500, 5601, 8080, 8088, 8888, 9200, 9300,
};

/* What was found of one kind at one layer, in all environments. */
struct found {
	size_t spaces;
	const struct ir_space *first, *last;	/* of them */
	struct ranges svc;		/* what is open there */
	enum family family;
	bool *rules;			/* by rule: has a part in it */
};

struct exposed {
	struct arena *arena;		/* scratch, of all */
	struct diags *diags;
	const struct ir *ir;
	struct found *found[KINDS];	/* by layer */
	struct ranges risky[KINDS];	/* services of SSH, RDP and HIGH_RISK */
};

/* One environment, family and direction at work. */
struct place {
	struct exposed *e;
	struct arena *arena;
	const struct ir_space *space;
	enum family family;
	bool out;
	struct ranges world;
	LIST(const struct ir_flow *) flows;	/* that have some of the world */
};

static struct ranges far_of(const struct place *p, const struct ir_flow *f)
{
	return p->out ? f->dst : f->src;
}

static struct ranges near_of(const struct place *p, const struct ir_flow *f)
{
	return p->out ? f->src : f->dst;
}

/* The whole world as the far end of the flows of LAYER that have KEY? */
static bool is_open(const struct place *p, struct ranges layer, u128 key)
{
	LIST(struct range) far = { 0 };

	for (size_t i = 0; i < p->flows.count; i++) {
		const struct ir_flow *f = p->flows.at[i];
		struct ranges is = far_of(p, f);

		if (!ranges_have(f->svc, key) ||
		    !ranges_touch(near_of(p, f), layer))
			continue;
		for (size_t k = 0; k < is.count; k++)
			*LIST_PUSH(p->arena, &far) = is.at[k];
	}
	return ranges_include(ranges_of(p->arena, far.at, far.count),
			      p->world);
}

/* Services of SVC on which flows together have the world, none of them alone. */
static struct ranges open_in_pieces(const struct place *p, struct ranges layer,
				    struct ranges svc)
{
	LIST(struct range) cuts = { 0 }, open = { 0 };
	struct ranges pieces;

	/* between two cuts all services are in the same flows */
	for (size_t i = 0; i < p->flows.count; i++)
		for (size_t k = 0; k < p->flows.at[i]->svc.count; k++) {
			struct range r = p->flows.at[i]->svc.at[k];

			*LIST_PUSH(p->arena, &cuts) = (struct range){ r.lo, r.lo };
			*LIST_PUSH(p->arena, &cuts) =
				(struct range){ r.hi + 1, r.hi + 1 };
		}
	pieces = ranges_of(p->arena, cuts.at, cuts.count);
	for (size_t i = 0; i < pieces.count; i++)
		for (u128 lo = pieces.at[i].lo; lo <= pieces.at[i].hi; lo++) {
			u128 hi = lo < pieces.at[i].hi ? lo
				: i + 1 < pieces.count ? pieces.at[i + 1].lo - 1
				: lo;

			if (ranges_have(svc, lo) && is_open(p, layer, lo))
				*LIST_PUSH(p->arena, &open) =
					(struct range){ lo, hi };
		}
	return ranges_meet(p->arena, svc,
			   ranges_of(p->arena, open.at, open.count));
}

/* All services that LAYER has with the whole world. */
static struct ranges open_at(const struct place *p, struct ranges layer)
{
	LIST(struct range) whole = { 0 }, parts = { 0 }, far = { 0 };
	struct ranges svc, rest;

	for (size_t i = 0; i < p->flows.count; i++) {
		const struct ir_flow *f = p->flows.at[i];
		bool all = ranges_include(far_of(p, f), p->world);

		if (!ranges_touch(near_of(p, f), layer))
			continue;
		for (size_t k = 0; k < f->svc.count; k++)
			if (all)
				*LIST_PUSH(p->arena, &whole) = f->svc.at[k];
			else
				*LIST_PUSH(p->arena, &parts) = f->svc.at[k];
		for (size_t k = 0; k < far_of(p, f).count && !all; k++)
			*LIST_PUSH(p->arena, &far) = far_of(p, f).at[k];
	}
	svc = ranges_of(p->arena, whole.at, whole.count);
	/* what has no part of the world missing may still have it in pieces */
	if (!ranges_include(ranges_of(p->arena, far.at, far.count), p->world))
		return svc;
	rest = ranges_minus(p->arena, ranges_of(p->arena, parts.at,
						parts.count), svc);
	return ranges_union(p->arena, svc, open_in_pieces(p, layer, rest));
}

/* Enter SVC as found, with the rules that have a part in it. */
static void enter(const struct place *p, enum kind kind, size_t layer,
		  struct ranges svc)
{
	struct found *f = &p->e->found[kind][layer];
	struct ranges at = p->space->layers[layer].of[p->family];

	if (!f->rules)
		f->rules = arena_array(p->e->arena, p->e->ir->rule_count,
				       sizeof *f->rules);
	f->spaces += f->last != p->space;
	f->last = p->space;
	if (!f->first) {
		f->first = p->space;
		f->family = p->family;
		f->svc = ranges_of(p->e->arena, svc.at, svc.count);
	}
	for (size_t i = 0; i < p->flows.count; i++)
		if (ranges_touch(p->flows.at[i]->svc, svc) &&
		    ranges_touch(near_of(p, p->flows.at[i]), at))
			f->rules[p->flows.at[i]->rule] = true;
}

static void look_at_layer(const struct place *p, size_t layer)
{
	struct ranges at = p->space->layers[layer].of[p->family];
	struct ranges open, risky;
	struct range tcp = { service_key(PROTO_TCP, 0),
			     service_key(PROTO_TCP, SERVICE_VALUES - 1) };

	if (ranges_empty(at))
		return;
	open = open_at(p, at);
	if (p->out) {
		if (open.count == 1 && open.at[0].lo == 0 &&
		    open.at[0].hi >= SERVICE_LAST)
			enter(p, EGRESS, layer, open);
		return;
	}
	if (ranges_include(open, (struct ranges){ &tcp, 1 })) {
		enter(p, ALL_PORTS, layer, open);
		return;
	}
	for (enum kind k = SSH; k <= HIGH_RISK; k++) {
		risky = ranges_meet(p->arena, open, p->e->risky[k]);
		if (!ranges_empty(risky))
			enter(p, k, layer, risky);
	}
}

/* Is a block of public IPv4 addresses with less than 24 bits in FAR, but no end? */
static bool is_wide(const struct place *p, struct ranges far)
{
	struct ranges public = ranges_meet(p->arena, far, p->world);
	const struct prefix *blocks;
	size_t count;

	if (p->family != IPV4 || ranges_include(far, p->world) ||
	    ranges_empty(public))
		return false;
	blocks = prefix_cover(p->arena, p->family, public, public, &count);
	for (size_t i = 0; i < count; i++)
		if (blocks[i].length < WIDE)
			return true;
	return false;
}

static void look_for_wide(const struct place *p)
{
	for (size_t i = 0; i < p->flows.count; i++) {
		const struct ir_flow *f = p->flows.at[i];

		if (!is_wide(p, f->src))
			continue;
		for (size_t k = 0; k < p->e->ir->layer_count; k++)
			if (ranges_touch(f->dst, p->space->layers[k].of[p->family])) {
				struct place alone = *p;

				alone.flows.at = (const struct ir_flow **)&p->flows.at[i];
				alone.flows.count = 1;
				enter(&alone, PUBLIC, k, f->svc);
			}
	}
}

static void look(struct exposed *e, struct arena *arena,
		 const struct ir_space *space, enum family family, bool out)
{
	struct place p = { .e = e, .arena = arena, .space = space,
			   .family = family, .out = out,
			   .world = space->internet.of[family] };

	for (uint32_t i = 0; i < space->flow_count; i++) {
		const struct ir_flow *f = &e->ir->flows[space->first_flow + i];

		if (f->family == family && ranges_touch(far_of(&p, f), p.world))
			*LIST_PUSH(p.arena, &p.flows) = f;
	}
	if (p.flows.count && !ranges_empty(p.world)) {
		for (size_t i = 0; i < e->ir->layer_count; i++)
			look_at_layer(&p, i);
		if (!out)
			look_for_wide(&p);
	}
}

static const char *what_is_told(enum kind kind)
{
	switch (kind) {
	case SSH:	return "ssh";
	case RDP:	return "remote desktops";
	case HIGH_RISK: return "ports of high risk";
	case ALL_PORTS: return "every tcp port";
	case EGRESS:	return "everything";
	case PUBLIC:	return "a wide block of public addresses";
	case KINDS:	break;
	}
	return "";
}

static void tell(struct exposed *e, enum kind kind, size_t layer)
{
	const struct found *f = &e->found[kind][layer];
	struct arena *arena = e->diags->arena;
	const char *name = e->ir->layers[layer].name;
	const struct ir_rule *rules = e->ir->rules;
	size_t first = 0, shown = 0;
	struct diag *d;

	while (!f->rules[first])
		first++;
	d = diag_add(e->diags, codes[kind], rules[first].name_span,
		kind == EGRESS ? "layer `%s` lets %s out to the whole internet" :
		kind == PUBLIC ? "layer `%s` is open to %s" :
		"layer `%s` has %s open to the whole internet", name,
		what_is_told(kind));
	if (kind == EGRESS || kind == ALL_PORTS)
		diag_note(d, (struct span){ 0 }, "in %s, %s", ir_space_name(arena,
			e->ir, f->first), family_name(f->family));
	else
		diag_note(d, (struct span){ 0 }, "in %s, %s: %s",
			ir_space_name(arena, e->ir, f->first),
			family_name(f->family),
			service_set_text(arena, f->family, f->svc));
	if (f->spaces > 1)
		diag_note(d, (struct span){ 0 }, "and in %zu more environment%s",
			  f->spaces - 1, f->spaces == 2 ? "" : "s");
	for (size_t i = first + 1; i < e->ir->rule_count; i++)
		if (f->rules[i] && shown++ < RULES_SHOWN)
			diag_note(d, rules[i].name_span, "and by this one");
	diag_help(d, kind == EGRESS ? "name the services and the networks that are meant"
		  : "name who may use it: a network, or a layer in front");
}

static void make_risky(struct exposed *e)
{
	static const unsigned protocols[] = { PROTO_TCP, PROTO_UDP };
	LIST(struct range) all = { 0 };

	for (int i = 0; i < 2; i++) {
		unsigned p = protocols[i];

		e->risky[SSH] = ranges_union(e->arena, e->risky[SSH],
			ranges_one(e->arena, service_key(p, 22),
				   service_key(p, 22)));
		e->risky[RDP] = ranges_union(e->arena, e->risky[RDP],
			ranges_one(e->arena, service_key(p, 3389),
				   service_key(p, 3389)));
		for (size_t k = 0; k < sizeof high_risk / sizeof *high_risk; k++)
			*LIST_PUSH(e->arena, &all) = (struct range){
				service_key(p, high_risk[k]),
				service_key(p, high_risk[k]) };
	}
	e->risky[HIGH_RISK] = ranges_of(e->arena, all.at, all.count);
}

size_t exposed_tell(struct arena *arena, struct diags *diags,
		    const struct ir *ir)
{
	struct exposed e = { arena_child(arena), diags, ir, { NULL }, { { 0 } } };
	size_t told = 0;

	/* of a layer with every port open, single ones need not be told */
	make_risky(&e);
	for (int k = 0; k < KINDS; k++)
		e.found[k] = arena_array(e.arena, ir->layer_count,
					 sizeof **e.found);
	for (size_t s = 0; s < ir->space_count; s++) {
		struct arena *own = arena_child(e.arena);

		for (enum family f = IPV4; f < FAMILIES; f++)
			for (int out = 0; out < 2; out++)
				look(&e, own, &ir->spaces[s], f, out);
		arena_free(own);
	}
	for (size_t i = 0; i < ir->layer_count; i++) {
		bool all = e.found[ALL_PORTS][i].spaces;

		for (int k = 0; k < KINDS; k++)
			if (e.found[k][i].spaces &&
			    (!all || k == ALL_PORTS || k == EGRESS)) {
				tell(&e, (enum kind)k, i);
				told++;
			}
	}
	arena_free(e.arena);
	return told;
}
