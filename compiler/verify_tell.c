/* Verdicts to diagnostics: what a reader is told, in the order of use. */
#include "compiler/verify.h"

#include "compiler/base/text.h"

struct telling {
	struct arena *arena;	/* of the diagnostics */
	const struct ir *ir;
	const struct ir_invariant *inv;
	const struct verdict *verdict;
};

static bool is_isolation(const struct ir_invariant *inv)
{
	return inv->kind == CLAIM_ISOLATE_CUSTOMERS ||
	       inv->kind == CLAIM_ISOLATE_ENVIRONMENTS;
}

static const struct ir_space *space_of(const struct telling *t, uint32_t number)
{
	return &t->ir->spaces[number];
}

static const char *owner_elsewhere(const struct telling *t,
				   const struct ir_space *there,
				   enum family family, u128 address)
{
	return arena_printf(t->arena, "%s.%s",
			    ir_space_name(t->arena, t->ir, there),
			    ir_address_owner(t->ir, there, family, address));
}

/* Who an address is in the space, or in one that isolation keeps apart from it. */
static const char *owner_of(const struct telling *t, const struct ir_space *s,
			    enum family family, u128 address)
{
	if (ranges_have(s->vpc.of[family], address))
		return ir_address_owner(t->ir, s, family, address);
	for (size_t i = 0; is_isolation(t->inv) && i < t->ir->space_count; i++) {
		const struct ir_space *other = space_of(t, (uint32_t)i);

		if (other != s && ranges_have(other->vpc.of[family], address) &&
		    (t->inv->kind == CLAIM_ISOLATE_CUSTOMERS) ==
			    (other->customer != s->customer))
			return owner_elsewhere(t, other, family, address);
	}
	return ir_address_owner(t->ir, s, family, address);
}

static const struct verdict_hop *last_hop(const struct verdict *v)
{
	return &v->hops[v->hop_count - 1];
}

static const char *names_of(const struct telling *t, const uint32_t *rules,
			    size_t count)
{
	struct text names = TEXT_IN(t->arena);

	for (size_t i = 0; i < count; i++)
		text_printf(&names, i == 0 ? "`%s`" : i + 1 < count
			    ? ", `%s`" : " and `%s`",
			    t->ir->rules[rules[i]].name);
	return text_string(&names);
}

static const char *and_more(const struct telling *t)
{
	uint32_t in = t->verdict->broken_in;

	return in < 2 ? "" : arena_printf(t->arena,
		", and the invariant is broken in %u more", in - 1);
}

static const char *packets_text(struct arena *arena, double packets)
{
	static const struct { double unit; const char *name; } units[] = {
		{ 1e12, " million million" }, { 1e9, " thousand million" },
		{ 1e6, " million" }, { 1, "" },
	};
	int power = 0, i = 0;

	if (packets >= 1e15) {
		while ((packets /= 10) >= 1)
			power++;
		return arena_printf(arena, "more than 10^%d packets", power);
	}
	while (packets < units[i].unit)
		i++;
	return arena_printf(arena, "%s%llu%s packets",
			    units[i].unit > 1 ? "more than " : "",
			    (unsigned long long)(packets / units[i].unit),
			    units[i].name);
}

/* "" for `transitively`. */
static const char *within(const struct telling *t)
{
	return t->inv->hops == HOPS_ANY ? ""
		: arena_printf(t->arena, " within %u hop%s", t->inv->hops,
			       t->inv->hops == 1 ? "" : "s");
}

static const char *parity_text(const struct telling *t, const char *src,
			       const char *dst)
{
	const struct verdict *v = t->verdict;
	const char *here = ir_space_name(t->arena, t->ir,
					 space_of(t, v->hops->space));
	const char *there = ir_space_name(t->arena, t->ir,
					  space_of(t, v->against));

	return v->hops->rule_count
		? arena_printf(t->arena, "`%s` reaches `%s` in %s and not in %s",
			       src, dst, here, there)
		: arena_printf(t->arena, "all of `%s` reaches all of `%s` in %s and not in %s",
			       src, dst, there, here);
}

static const char *amount_text(struct arena *arena, enum ir_each each,
			       uint64_t amount)
{
	unsigned long long n = amount;

	switch (each) {
	case EACH_ADDRESSES:
		return amount == UINT64_MAX
			? "more source addresses than can be counted"
			: arena_printf(arena, "%llu source addresses", n);
	case EACH_PORTS:
		return arena_printf(arena, "%llu ports", n);
	case EACH_EXPIRES:
		break;
	}
	return amount == UINT64_MAX ? "no day on which it expires"
		: arena_printf(arena, "%llu days left", n);
}

static const char *each_text(const struct telling *t)
{
	const struct verdict *v = t->verdict;
	const char *more = v->mending_count < 2 ? ""
		: v->mending_count == 2 ? ", and one more rule has too much"
		: arena_printf(t->arena, ", and %zu more rules have too much",
			       v->mending_count - 1);

	return arena_printf(t->arena, "`%s` has %s%s",
			    t->ir->rules[v->mending[0]].name,
			    amount_text(t->arena, t->inv->each, v->counts[0]),
			    more);
}

const char *verdict_text(struct arena *arena, const struct ir *ir,
			 const struct ir_invariant *inv,
			 const struct verdict *v)
{
	struct telling t = { arena, ir, inv, v };
	const struct verdict_hop *first = v->hops, *last;
	const char *src, *dst;

	if (!v->hop_count)
		return "";
	last = last_hop(v);
	src = owner_of(&t, space_of(&t, first->from), first->packet.family,
		       first->packet.src);
	dst = owner_of(&t, space_of(&t, last->space), last->packet.family,
		       last->packet.dst);
	if (inv->kind == CLAIM_MUST)
		return arena_printf(arena, "`%s` does not reach `%s`", src,
				    dst);
	if (inv->kind == CLAIM_PARITY)
		return parity_text(&t, src, dst);
	if (inv->kind == CLAIM_EACH_RULE)
		return each_text(&t);
	if (inv->kind == CLAIM_REACH)
		return arena_printf(arena, "`%s` reaches %zu layers%s", src,
				    v->layer_count, within(&t));
	if (v->hop_count > 1)
		return arena_printf(arena, "`%s` reaches `%s` in %zu hops",
				    src, dst, v->hop_count);
	return arena_printf(arena, "`%s` reaches `%s`", src, dst);
}

static void note_rules(const struct telling *t, struct diag *d,
		       const struct verdict_hop *hop)
{
	for (size_t i = 0; i < hop->rule_count; i++)
		diag_note(d, t->ir->rules[hop->rules[i]].name_span,
			  "admitted here");
}

static void tell_packet(const struct telling *t, struct diag *d)
{
	const struct verdict_hop *hop = t->verdict->hops;

	diag_note(d, (struct span){ 0 },
		  t->inv->kind == CLAIM_MUST
		  ? "no rule admits this packet in %s%s\n%s"
		  : "this packet gets through in %s%s\n%s",
		  ir_space_name(t->arena, t->ir, space_of(t, hop->space)),
		  and_more(t), packet_text(t->arena, &hop->packet));
	note_rules(t, d, hop);
}

/* "; no fewer do", "; no others so few do", or that it is not known. */
static const char *how_few(const struct verdict *v)
{
	if (!v->mending_smallest)
		return "; not proved to be the fewest";
	if (v->mending_only)
		return v->mending_count == 1 ? "; no other rule does"
			: "; no fewer do, and no others as few";
	return v->mending_count == 1 ? "; it is not the only one"
		: "; no fewer do, but others as few";
}

/* How to mend it: the smallest way, and who would have to sign the other. */
static void help_mending(const struct telling *t, struct diag *d)
{
	const struct verdict *v = t->verdict;
	const char *names = names_of(t, v->mending, v->mending_count);
	const char *waive = arena_printf(t->arena,
		"let it waive the invariant until a day: `waives %s expires … ticket … approved by …`",
		t->inv->name);

	if (t->inv->hops == 1 && t->inv->kind != CLAIM_REACH)
		diag_help(d, "narrow or remove %s, or %s", names, waive);
	else
		diag_help(d, "narrow or remove %s, which %s%s; or %s", names,
			  t->inv->kind == CLAIM_REACH ? "mends it"
						      : "cuts every route",
			  how_few(v), waive);
}

static const char *packets_in_all(const struct telling *t)
{
	const char *packets = packets_text(t->arena, t->verdict->packets);

	return t->inv->hops == 1 ? arena_printf(t->arena, "%s in all", packets)
		: arena_printf(t->arena, "%s in all end such a route", packets);
}

static void tell_hops(const struct telling *t, struct diag *d)
{
	const struct verdict *v = t->verdict;

	for (size_t i = 0; i < v->hop_count; i++) {
		const struct verdict_hop *hop = &v->hops[i];
		const struct packet *p = &hop->packet;

		diag_note(d, (struct span){ 0 },
			  "hop %zu of %zu in %s, `%s` to `%s`%s\n%s", i + 1,
			  v->hop_count,
			  ir_space_name(t->arena, t->ir,
					space_of(t, hop->space)),
			  owner_of(t, space_of(t, hop->from), p->family,
				   p->src),
			  owner_of(t, space_of(t, hop->space), p->family,
				   p->dst),
			  i ? "" : and_more(t), packet_text(t->arena, p));
		note_rules(t, d, hop);
	}
}

static void note_layers(const struct telling *t, struct diag *d)
{
	const struct verdict *v = t->verdict;
	struct text names = TEXT_IN(t->arena);

	for (size_t i = 0; i < v->layer_count; i++) {
		const struct verdict_layer *l = &v->layers[i];
		const char *name = t->ir->layers[l->layer].name;

		text_puts(&names, i ? ", " : "");
		if (l->space != v->hops[0].from)
			text_printf(&names, "%s.",
				    ir_space_name(t->arena, t->ir,
						  space_of(t, l->space)));
		text_puts(&names, name);
	}
	diag_note(d, (struct span){ 0 }, "%llu may be reached, and these are: %s",
		  (unsigned long long)t->inv->most, text_string(&names));
}

static enum diag_code code_of(const struct ir_invariant *inv)
{
	switch (inv->kind) {
	case CLAIM_MUST:
		return P0403;
	case CLAIM_ISOLATE_CUSTOMERS: case CLAIM_ISOLATE_ENVIRONMENTS:
		return P0402;
	case CLAIM_REACH:
		return P0406;
	case CLAIM_PARITY:
		return P0407;
	case CLAIM_EACH_RULE:
		return P0408;
	case CLAIM_NEVER:
		return inv->hops == 1 ? P0401 : P0405;
	case CLAIM_ONLY: case CLAIM_CONFINE: case CLAIM_TIERS:
	case CLAIM_ISOLATE_NAMED:
		break;
	}
	return P0401;
}

static void tell_parity(const struct telling *t, struct diag *d)
{
	const struct verdict_hop *hop = t->verdict->hops;

	diag_note(d, (struct span){ 0 }, hop->rule_count
		  ? "this packet gets through in %s, and none like it in %s%s\n%s"
		  : "no rule admits this packet in %s, and all like it get through in %s%s\n%s",
		  ir_space_name(t->arena, t->ir, space_of(t, hop->space)),
		  ir_space_name(t->arena, t->ir,
				space_of(t, t->verdict->against)),
		  and_more(t), packet_text(t->arena, &hop->packet));
	note_rules(t, d, hop);
	diag_help(d, "make the rules apply to both, or neither; where they are meant to differ, leave the environment out of `%s`",
		  t->inv->name);
}

/* Each rule that has too much; at most so many are shown. */
enum { RULES_SHOWN = 10 };

static void tell_each(const struct telling *t, struct diag *d)
{
	const struct verdict *v = t->verdict;

	for (size_t i = 0; i < v->mending_count && i < RULES_SHOWN; i++)
		diag_note(d, t->ir->rules[v->mending[i]].name_span, "%s",
			  amount_text(t->arena, t->inv->each, v->counts[i]));
	if (v->mending_count > RULES_SHOWN)
		diag_note(d, (struct span){ 0 }, "and %zu more rules",
			  v->mending_count - RULES_SHOWN);
	if (t->inv->each == EACH_EXPIRES)
		diag_help(d, "let it expire within %llu days from today",
			  (unsigned long long)t->inv->most);
	else
		diag_help(d, "part it, or narrow it to %s",
			  amount_text(t->arena, t->inv->each, t->inv->most));
}

static void tell_broken(const struct telling *t, struct diags *diags)
{
	enum diag_code code = code_of(t->inv);
	struct diag *d = diag_add(diags, code,
		t->inv->name_span, "`%s` is broken: %s", t->inv->name,
		verdict_text(t->arena, t->ir, t->inv, t->verdict));

	if (code == P0407) {
		tell_parity(t, d);
		return;
	}
	if (code == P0408) {
		tell_each(t, d);
		return;
	}
	if (code == P0406)
		note_layers(t, d);
	if (code == P0405 || code == P0406)
		tell_hops(t, d);
	else
		tell_packet(t, d);
	if (t->verdict->packets > 1)
		diag_note(d, (struct span){ 0 }, "%s", packets_in_all(t));
	if (t->inv->kind == CLAIM_MUST)
		diag_help(d, "allow it, or narrow the invariant with `in`");
	else
		help_mending(t, d);
}

/* Accepted, until the first of these rules expires; a reader is to know. */
static void tell_waived(const struct telling *t, struct diags *diags)
{
	const struct verdict *v = t->verdict;
	struct diag *d = diag_add(diags, P0409, t->inv->name_span,
				  "`%s` is waived: %s", t->inv->name,
				  verdict_text(t->arena, t->ir, t->inv, v));

	for (size_t i = 0; i < v->waived_count && i < RULES_SHOWN; i++) {
		const struct ir_rule *rule = &t->ir->rules[v->waived[i]];

		if (rule->expires.value && rule->approved_by.value)
			diag_note(d, rule->name_span, "waived until %s by %s",
				  rule->expires.value,
				  rule->approved_by.value);
		else
			diag_note(d, rule->name_span, "waived here");
	}
	if (v->waived_count > RULES_SHOWN)
		diag_note(d, (struct span){ 0 }, "and by %zu more rules",
			  v->waived_count - RULES_SHOWN);
}

static void tell_fault(const struct telling *t, struct diags *diags)
{
	struct diag *d = diag_add(diags, P0903, t->inv->name_span,
				  "the verdict on `%s` is not what its own rules say",
				  t->inv->name);

	if (t->verdict->hop_count)
		diag_note(d, (struct span){ 0 }, "this packet, looked at rule by rule\n%s",
			  packet_text(t->arena, &last_hop(t->verdict)->packet));
	diag_help(d, "this is a fault of the compiler; please report it with the policy");
}

size_t verify_tell(struct diags *diags, const struct ir *ir,
		   const struct verdict *verdicts)
{
	size_t broken = 0;

	for (size_t i = 0; i < ir->invariant_count; i++) {
		struct telling t = { diags->arena, ir, &ir->invariants[i],
				     &verdicts[i] };

		switch (verdicts[i].kind) {
		case VERDICT_HOLDS:
			break;
		case VERDICT_WAIVED:
			tell_waived(&t, diags);
			break;
		case VERDICT_BROKEN:
			broken++;
			tell_broken(&t, diags);
			break;
		case VERDICT_FAULT:
			broken++;
			tell_fault(&t, diags);
			break;
		}
	}
	return broken;
}

static void tell_expect(const struct telling *t, struct diags *diags)
{
	bool yes = t->inv->kind == CLAIM_MUST;
	const struct verdict_hop *hop = t->verdict->hops;
	struct diag *d = diag_add(diags, P0404, t->inv->span,
		yes ? "expected to pass, and does not in %s"
		    : "expected not to pass, and does in %s",
		ir_space_name(t->arena, t->ir, space_of(t, hop->space)));

	diag_note(d, (struct span){ 0 }, yes ? "no rule admits this packet\n%s"
		  : "this packet gets through\n%s",
		  packet_text(t->arena, &hop->packet));
	note_rules(t, d, hop);
}

size_t verify_policy(struct arena *arena, struct diags *diags,
		     const struct ir *ir)
{
	return verify_tell(diags, ir, verify_verdicts(arena, ir));
}

size_t verify_expects(struct arena *arena, struct diags *diags,
		      const struct ir *ir)
{
	const struct verdict *verdicts = verify_some(arena, ir, ir->expects,
						     ir->expect_count);
	size_t unmet = 0;

	for (size_t i = 0; i < ir->expect_count; i++) {
		struct telling t = { diags->arena, ir, &ir->expects[i],
				     &verdicts[i] };

		if (verdicts[i].kind == VERDICT_HOLDS)
			continue;
		unmet++;
		if (verdicts[i].kind == VERDICT_FAULT)
			tell_fault(&t, diags);
		else
			tell_expect(&t, diags);
	}
	return unmet;
}
