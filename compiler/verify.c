/* Each invariant against the flows of each space it speaks of. */
#include "compiler/verify.h"

#include "compiler/base/text.h"
#include "compiler/meaning.h"
#include "compiler/pset.h"

#include <string.h>

struct check {
	struct arena *arena;	/* scratch of one invariant */
	const struct ir *ir;
	const struct ir_invariant *inv;
};

/* Rules that waive the invariant do not count against it. */
static bool is_waived(const struct check *c, const struct ir_flow *flow)
{
	const char *waives = c->ir->rules[flow->rule].waives.value;

	return waives && strcmp(waives, c->inv->name) == 0;
}

/* What the rules admit of BOX, as boxes. */
static void collect(const struct check *c, const struct ir_claim_box *box,
		    struct boxes *out)
{
	const struct ir_space *s = &c->ir->spaces[box->space];

	for (uint32_t i = 0; i < s->flow_count; i++) {
		const struct ir_flow *f = &c->ir->flows[s->first_flow + i];

		if (f->family != box->family || is_waived(c, f) ||
		    !ranges_touch(f->svc, box->svc) ||
		    !ranges_touch(f->src, box->src) ||
		    !ranges_touch(f->dst, box->dst))
			continue;
		boxes_add(c->arena, out,
			  ranges_meet(c->arena, f->src, box->src),
			  ranges_meet(c->arena, f->dst, box->dst),
			  ranges_meet(c->arena, f->svc, box->svc));
	}
}

static struct boxes exceptions_in(const struct check *c, uint32_t space,
				  enum family family)
{
	struct boxes out = { 0 };

	for (size_t i = 0; i < c->inv->exception_count; i++) {
		const struct ir_claim_box *e = &c->inv->exceptions[i];

		if (e->space == space && e->family == family)
			boxes_add(c->arena, &out, e->src, e->dst, e->svc);
	}
	return out;
}

/* A packet that breaks the invariant in SPACE, or false. */
static bool find_violation(const struct check *c, uint32_t space,
			   struct packet *out)
{
	for (int f = IPV4; f < FAMILIES; f++) {
		struct boxes found = { 0 }, allowed;

		for (size_t i = 0; i < c->inv->box_count; i++)
			if (c->inv->boxes[i].space == space &&
			    (int)c->inv->boxes[i].family == f)
				collect(c, &c->inv->boxes[i], &found);
		if (!found.count)
			continue;
		allowed = exceptions_in(c, space, (enum family)f);
		if (!boxes_within(c->arena, (enum family)f, &found, &allowed,
				  out))
			return true;
	}
	return false;
}

/* A packet that a `must` demands and no rule admits, or false. */
static bool find_gap(const struct check *c, uint32_t space, struct packet *out)
{
	struct meaning m = meaning_of(c->arena, c->ir, &c->ir->spaces[space]);

	for (int f = IPV4; f < FAMILIES; f++) {
		struct boxes wanted = { 0 };

		for (size_t i = 0; i < c->inv->box_count; i++) {
			const struct ir_claim_box *b = &c->inv->boxes[i];

			if (b->space == space && (int)b->family == f)
				boxes_add(c->arena, &wanted, b->src, b->dst,
					  b->svc);
		}
		if (wanted.count &&
		    !boxes_within(c->arena, (enum family)f, &wanted,
				  &m.permitted[f], out))
			return true;
	}
	return false;
}

/* Who an address is, in the space or in the one that isolation keeps apart. */
static const char *owner_of(const struct check *c, const struct ir_space *s,
			    enum family family, u128 address)
{
	const char *owner = ir_address_owner(c->ir, s, family, address);
	bool isolation = c->inv->kind == CLAIM_ISOLATE_CUSTOMERS ||
			 c->inv->kind == CLAIM_ISOLATE_ENVIRONMENTS;

	if (!isolation || ranges_have(s->vpc.of[family], address))
		return owner;
	for (size_t i = 0; i < c->ir->space_count; i++) {
		const struct ir_space *other = &c->ir->spaces[i];

		if (other != s && ranges_have(other->vpc.of[family], address) &&
		    (c->inv->kind == CLAIM_ISOLATE_CUSTOMERS) ==
			    (other->customer != s->customer))
			return arena_printf(c->arena, "%s.%s",
				ir_space_name(c->arena, c->ir, other),
				ir_address_owner(c->ir, other, family, address));
	}
	return owner;
}

static void note_rules(const struct check *c, struct diag *d,
		       const uint32_t *rules, size_t count)
{
	struct text names = TEXT_IN(c->arena);

	for (size_t i = 0; i < count; i++) {
		const struct ir_rule *rule = &c->ir->rules[rules[i]];

		diag_note(d, rule->name_span, "admitted here");
		text_printf(&names, i == 0 ? "`%s`" : i + 1 < count
			    ? ", `%s`" : " and `%s`", rule->name);
	}
	diag_help(d, "narrow or remove %s, or let it waive the invariant until a day: `waives %s expires … ticket … approved by …`",
		  text_string(&names), c->inv->name);
}

static void tell_violation(const struct check *c, struct diags *diags,
			   uint32_t space, const struct packet *p,
			   unsigned others)
{
	const struct ir_space *s = &c->ir->spaces[space];
	struct meaning m = meaning_of(c->arena, c->ir, s);
	size_t count, kept = 0;
	const uint32_t *rules = meaning_admitting(&m, c->arena, p, &count);
	uint32_t *guilty = arena_array(c->arena, count, sizeof *guilty);
	bool isolation = c->inv->kind == CLAIM_ISOLATE_CUSTOMERS ||
			 c->inv->kind == CLAIM_ISOLATE_ENVIRONMENTS;
	struct diag *d;

	d = diag_add(diags, isolation ? P0402 : P0401, c->inv->name_span,
		     "`%s` is broken: `%s` reaches `%s`", c->inv->name,
		     owner_of(c, s, p->family, p->src),
		     owner_of(c, s, p->family, p->dst));
	diag_note(d, (struct span){ 0 }, "this packet gets through in %s%s\n%s",
		  ir_space_name(c->arena, c->ir, s),
		  !others ? "" : arena_printf(c->arena,
			", and the invariant is broken in %u more", others),
		  packet_text(c->arena, p));
	for (size_t i = 0; i < count; i++) {
		const char *waives = c->ir->rules[rules[i]].waives.value;

		if (!waives || strcmp(waives, c->inv->name) != 0)
			guilty[kept++] = rules[i];
	}
	note_rules(c, d, guilty, kept);
}

static void tell_gap(const struct check *c, struct diags *diags,
		     uint32_t space, const struct packet *p, unsigned others)
{
	const struct ir_space *s = &c->ir->spaces[space];
	struct diag *d = diag_add(diags, P0403, c->inv->name_span,
		"`%s` is broken: `%s` does not reach `%s`", c->inv->name,
		ir_address_owner(c->ir, s, p->family, p->src),
		ir_address_owner(c->ir, s, p->family, p->dst));

	diag_note(d, (struct span){ 0 }, "no rule admits this packet in %s%s\n%s",
		  ir_space_name(c->arena, c->ir, s),
		  !others ? "" : arena_printf(c->arena,
			", and the invariant is broken in %u more", others),
		  packet_text(c->arena, p));
	diag_help(d, "allow it, or narrow the invariant with `in`");
}

/* Does the invariant hold?  Tells the first space where it does not. */
static bool holds(const struct check *c, struct diags *diags)
{
	bool must = c->inv->kind == CLAIM_MUST;
	bool *speaks = arena_array(c->arena, c->ir->space_count + 1,
				   sizeof *speaks);
	uint32_t first = UINT32_MAX;
	struct packet packet = { 0 };
	unsigned others = 0;

	for (size_t i = 0; i < c->inv->box_count; i++)
		speaks[c->inv->boxes[i].space] = true;
	for (uint32_t s = 0; s < c->ir->space_count; s++) {
		struct packet p;

		if (!speaks[s] || !(must ? find_gap(c, s, &p)
					 : find_violation(c, s, &p)))
			continue;
		if (first != UINT32_MAX) {
			others++;
			continue;
		}
		first = s;
		packet = p;
	}
	if (first == UINT32_MAX)
		return true;
	(must ? tell_gap : tell_violation)(c, diags, first, &packet, others);
	return false;
}

static void tell_expect(const struct check *c, struct diags *diags,
			uint32_t space, const struct packet *p)
{
	bool yes = c->inv->kind == CLAIM_MUST;
	const struct ir_space *s = &c->ir->spaces[space];
	struct meaning m = meaning_of(c->arena, c->ir, s);
	size_t count;
	const uint32_t *rules = meaning_admitting(&m, c->arena, p, &count);
	struct diag *d = diag_add(diags, P0404, c->inv->span,
				  yes ? "expected to pass, and does not in %s"
				      : "expected not to pass, and does in %s",
				  ir_space_name(c->arena, c->ir, s));

	diag_note(d, (struct span){ 0 }, yes ? "no rule admits this packet\n%s"
		  : "this packet gets through\n%s", packet_text(c->arena, p));
	for (size_t i = 0; i < count; i++)
		diag_note(d, c->ir->rules[rules[i]].name_span, "admitted here");
}

/* Does the expectation hold?  Tells the first space where it does not. */
static bool is_met(const struct check *c, struct diags *diags)
{
	struct packet p;

	for (uint32_t s = 0; s < c->ir->space_count; s++) {
		if (!(c->inv->kind == CLAIM_MUST ? find_gap(c, s, &p)
						 : find_violation(c, s, &p)))
			continue;
		tell_expect(c, diags, s, &p);
		return false;
	}
	return true;
}

size_t verify_expects(struct arena *arena, struct diags *diags,
		      const struct ir *ir)
{
	size_t unmet = 0;

	for (size_t i = 0; i < ir->expect_count; i++) {
		struct check c = { arena_child(arena), ir, &ir->expects[i] };

		unmet += !is_met(&c, diags);
		arena_free(c.arena);
	}
	return unmet;
}

/* The only place that refuses an invariant because nothing here decides it. */
static bool is_decided(const struct ir_invariant *inv)
{
	switch (inv->kind) {
	case CLAIM_NEVER:
		return inv->hops == 1;
	case CLAIM_ONLY: case CLAIM_CONFINE: case CLAIM_TIERS:
	case CLAIM_ISOLATE_ENVIRONMENTS: case CLAIM_ISOLATE_CUSTOMERS:
	case CLAIM_ISOLATE_NAMED: case CLAIM_MUST:
		return true;
	case CLAIM_REACH: case CLAIM_PARITY: case CLAIM_EACH_RULE:
		break;
	}
	return false;
}

size_t verify_policy(struct arena *arena, struct diags *diags,
		     const struct ir *ir)
{
	size_t broken = 0;

	for (size_t i = 0; i < ir->invariant_count; i++) {
		struct check c = { arena_child(arena), ir,
				   &ir->invariants[i] };

		if (!is_decided(c.inv))
			diag_label(diag_add(diags, P0013, c.inv->name_span,
					    "invariants of the form of `%s` are not decided in this version of the compiler",
					    c.inv->name),
				   "refused rather than ignored");
		broken += !is_decided(c.inv) || !holds(&c, diags);
		arena_free(c.arena);
	}
	return broken;
}
