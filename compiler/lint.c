/*
 * Rules without effect: covered by others, between addresses that nobody can
 * have, or let out on one side of a peering and in on neither.
 */
#include "compiler/lint.h"

#include "compiler/base/addr.h"
#include "compiler/base/text.h"
#include "compiler/covered.h"
#include "compiler/sieve.h"

enum { NAMES_SHOWN = 5 };

struct lint {
	struct arena *arena;	/* scratch */
	struct diags *diags;
	const struct ir *ir;
	size_t told;
};

/* --- covered by others --- */

static const char *names_of(const struct lint *l, const struct covered *c)
{
	struct text text = TEXT_IN(l->diags->arena);
	size_t shown = c->by_count > NAMES_SHOWN + 1 ? NAMES_SHOWN
						     : c->by_count;

	for (size_t i = 0; i < shown; i++)
		text_printf(&text, i == 0 ? "`%s`" : i + 1 < c->by_count
			    ? ", `%s`" : " and `%s`",
			    l->ir->rules[c->by[i]].name);
	if (shown < c->by_count)
		text_printf(&text, " and %zu more", c->by_count - shown);
	return text_string(&text);
}

static void tell_covered(struct lint *l)
{
	size_t count;
	const struct covered *all = covered_find(l->arena, l->ir, &count);

	for (size_t i = 0; i < count; i++) {
		const struct ir_rule *rule = &l->ir->rules[all[i].rule];
		struct diag *d = diag_add(l->diags, P0801, rule->name_span,
			"`%s` permits nothing that %s do%s not", rule->name,
			names_of(l, &all[i]), all[i].by_count == 1 ? "es" : "");

		for (size_t k = 0; k < all[i].by_count && k < NAMES_SHOWN; k++)
			diag_note(d, l->ir->rules[all[i].by[k]].name_span,
				  all[i].by_count == 1
				  ? "all of it is permitted here"
				  : "a part of it is permitted here");
		diag_help(d, "remove `%s`: no packet is treated otherwise without it",
			  rule->name);
		l->told++;
	}
}

/* --- without anybody to use it --- */

/* Addresses that somebody may have who can send to or be reached from SPACE. */
static struct both usable(const struct lint *l, struct arena *arena,
			  const struct ir_space *space)
{
	struct both all = both_union(arena, space->vpc, space->internet);

	all = both_union(arena, all, ir_space_peers(arena, l->ir, space));
	for (size_t i = 0; i < l->ir->network_count; i++)
		all = both_union(arena, all, space->networks[i]);
	return all;
}

/* Why a rule is of no use: its first flow's end with nobody behind it. */
struct vain {
	bool has_flow, is_used;
	uint32_t space;
	enum family family;
	struct ranges end;
};

/* Which of SETS have an address of those that are USABLE. */
static bool *useful_sets(struct arena *arena, const struct sieve_sets *sets,
			 struct ranges all)
{
	bool *useful = arena_array(arena, sets->count, sizeof *useful);

	for (size_t i = 0; i < sets->count; i++)
		useful[i] = ranges_touch(sets->at[i], all);
	return useful;
}

static void look_for_users(const struct lint *l, uint32_t number,
			   struct vain *rules)
{
	const struct ir_space *space = &l->ir->spaces[number];
	struct arena *arena = arena_child(l->arena);
	const struct sieve *sieve = sieve_of(arena, l->ir, space);
	struct both all = usable(l, arena, space);
	bool *useful[FAMILIES][2];

	for (int f = IPV4; f < FAMILIES; f++)
		for (int end = SIEVE_SRC; end <= SIEVE_DST; end++)
			useful[f][end] = useful_sets(arena,
				&sieve->sets[f][end], all.of[f]);
	for (uint32_t i = 0; i < space->flow_count; i++) {
		const struct ir_flow *f = &l->ir->flows[space->first_flow + i];
		struct vain *v = &rules[f->rule];
		bool src = useful[f->family][SIEVE_SRC][sieve->ids[i][SIEVE_SRC]];
		bool dst = useful[f->family][SIEVE_DST][sieve->ids[i][SIEVE_DST]];

		v->is_used |= src && dst;
		if (!v->has_flow)
			*v = (struct vain){ true, v->is_used, number, f->family,
					    src ? f->dst : f->src };
	}
	arena_free(arena);
}

static void tell_unused(struct lint *l)
{
	struct vain *rules = arena_array(l->arena, l->ir->rule_count,
					 sizeof *rules);

	for (uint32_t s = 0; s < l->ir->space_count; s++)
		look_for_users(l, s, rules);
	for (size_t i = 0; i < l->ir->rule_count; i++) {
		const struct ir_rule *rule = &l->ir->rules[i];
		const struct vain *v = &rules[i];
		struct diag *d;

		if (!v->has_flow || v->is_used)
			continue;
		d = diag_add(l->diags, P0802, rule->name_span,
			     "nobody can use `%s`", rule->name);
		diag_note(d, (struct span){ 0 }, "in %s nobody has %s: it is in no VPC, network or peer, and not on the internet",
			  ir_space_name(l->diags->arena, l->ir,
					&l->ir->spaces[v->space]),
			  addr_set_text(l->diags->arena, v->family, v->end));
		diag_help(d, "declare who has it as a network, or remove the rule");
		l->told++;
	}
}

/* --- half-open --- */

/* Has PEER a flow on its side for something that F lets pass on this one? */
static bool is_answered(const struct lint *l, const struct ir_flow *f,
			const struct ir_space *peer)
{
	for (uint32_t i = 0; i < peer->flow_count; i++) {
		const struct ir_flow *other =
			&l->ir->flows[peer->first_flow + i];

		if (other->family == f->family &&
		    ranges_touch(other->svc, f->svc) &&
		    ranges_touch(other->src, f->src) &&
		    ranges_touch(other->dst, f->dst))
			return true;
	}
	return false;
}

/*
 * The peer that one end of F lies in wholly, the other end being ours, when F
 * stands on this side alone; NULL: there is none.
 */
static const struct ir_space *far_side(const struct lint *l,
				       const struct ir_space *space,
				       const struct ir_flow *f, bool out)
{
	struct ranges near = out ? f->src : f->dst, far = out ? f->dst : f->src;

	if (f->far != IR_NO_SPACE ||
	    !ranges_include(space->vpc.of[f->family], near))
		return NULL;
	for (size_t i = 0; i < space->peer_count; i++) {
		const struct ir_space *peer =
			&l->ir->spaces[space->peers[i]];

		if (ranges_include(peer->vpc.of[f->family], far))
			return peer;
	}
	return NULL;
}

/* A rule whose every flow stops at a peer. */
struct half {
	bool has_flow, is_open;
	bool out;
	const struct ir_space *here, *there;
};

static void look_across(const struct lint *l, const struct ir_space *space,
			struct half *rules)
{
	for (uint32_t i = 0; i < space->flow_count; i++) {
		const struct ir_flow *f = &l->ir->flows[space->first_flow + i];
		struct half *h = &rules[f->rule];
		const struct ir_space *there = NULL;
		bool out = true;

		if (space->peer_count && !h->is_open) {
			there = far_side(l, space, f, true);
			out = there != NULL;
			if (!there)
				there = far_side(l, space, f, false);
		}
		if (!there || is_answered(l, f, there))
			h->is_open = true;
		else if (!h->has_flow)
			*h = (struct half){ false, false, out, space, there };
		h->has_flow = true;
	}
}

static void tell_half_open(struct lint *l)
{
	struct half *rules = arena_array(l->arena, l->ir->rule_count,
					 sizeof *rules);

	for (size_t s = 0; s < l->ir->space_count; s++)
		look_across(l, &l->ir->spaces[s], rules);
	for (size_t i = 0; i < l->ir->rule_count; i++) {
		const struct ir_rule *rule = &l->ir->rules[i];
		const struct half *h = &rules[i];
		const char *here, *there;
		struct diag *d;

		if (!h->has_flow || h->is_open)
			continue;
		here = ir_space_name(l->diags->arena, l->ir, h->here);
		there = ir_space_name(l->diags->arena, l->ir, h->there);
		d = diag_add(l->diags, P0803, rule->name_span,
			     "`%s` opens one half of a connection", rule->name);
		diag_note(d, (struct span){ 0 }, h->out
			  ? "%s lets it out to %s, where no rule lets any of it in"
			  : "%s lets it in from %s, where no rule lets any of it out",
			  here, there);
		diag_help(d, "write one rule for both halves, with the environment before each layer, or remove it");
		l->told++;
	}
}

/* Halves that meet nobody's other half, and lead nowhere else. */
static void tell_alone(struct lint *l)
{
	bool *opens = arena_array(l->arena, l->ir->rule_count, sizeof *opens);

	for (size_t i = 0; i < l->ir->flow_count; i++)
		opens[l->ir->flows[i].rule] = true;
	for (size_t i = 0; i < l->ir->rule_count; i++) {
		const struct ir_rule *rule = &l->ir->rules[i];

		if (rule->half == IR_BOTH_HALVES || !rule->in_force || opens[i])
			continue;
		diag_help(diag_add(l->diags, P0803, rule->name_span,
			rule->half == IR_OUTBOUND
			? "`%s` lets out what nothing lets in"
			: "`%s` lets in what nothing lets out", rule->name),
			"remove it, or write the other half");
		l->told++;
	}
}

size_t lint_tell(struct arena *arena, struct diags *diags,
		 const struct ir *ir)
{
	struct lint l = { arena_child(arena), diags, ir, 0 };

	tell_covered(&l);
	tell_unused(&l);
	tell_half_open(&l);
	tell_alone(&l);
	arena_free(l.arena);
	return l.told;
}
