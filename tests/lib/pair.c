/* Generated policies, and what becomes of them when their rules are rewritten. */
#include "tests/lib/pair.h"

#include "compiler/base/text.h"
#include "tests/lib/gen.h"
#include "tests/lib/naive.h"

#include <string.h>

bool pair_take_apart(struct arena *arena, const char *line, size_t len,
		       struct pair_rule *out)
{
	const char *copy = arena_copy(arena, line, len);
	const char *allow = strstr(copy, ": allow "), *arrow, *on, *rest;

	if (strncmp(copy, "rule-", 5) != 0 || !allow)
		return false;
	arrow = strstr(allow, " -> ");
	on = strstr(arrow, " on ");
	rest = on + 4 + strcspn(on + 4, ";");
	for (const char *at = on + 4; *at; at++)
		if (strncmp(at, " in ", 4) == 0 || strncmp(at, " log", 4) == 0 ||
		    strncmp(at, " owner ", 7) == 0 ||
		    strncmp(at, " ticket ", 8) == 0 ||
		    strncmp(at, " reason ", 8) == 0 ||
		    strncmp(at, " expires ", 9) == 0 ||
		    strncmp(at, " reviewed ", 10) == 0 ||
		    strncmp(at, " party ", 7) == 0) {
			rest = at;
			break;
		}
	*out = (struct pair_rule){
		arena_copy(arena, copy, (size_t)(allow - copy)),
		arena_copy(arena, allow + 8, (size_t)(arrow - allow - 8)),
		arena_copy(arena, arrow + 4, (size_t)(on - arrow - 4)),
		arena_copy(arena, on + 4, (size_t)(rest - on - 4)),
		arena_copy(arena, rest, strcspn(rest, ";")) };
	return true;
}

static void put_rule(struct text *out, const struct pair_rule *p)
{
	text_printf(out, "%s: allow %s -> %s on %s%s;\n", p->name, p->src,
		    p->dst, p->svc, p->rest);
}

/* TEXT with each rule rewritten by CHANGE. */
const char *pair_rewritten(struct arena *arena, const char *text,
			     struct dice *dice, pair_rewrite *change)
{
	struct text out = TEXT_IN(arena);

	while (*text) {
		size_t len = strcspn(text, "\n");
		struct pair_rule p;

		if (pair_take_apart(arena, text, len, &p))
			change(&out, dice, p);
		else
			text_printf(&out, "%.*s\n", (int)len, text);
		text += len + (text[len] == '\n');
	}
	return text_string(&out);
}

/* Most rules stay; a few are gone, turned round, or on other services. */
static void edit(struct text *out, struct dice *dice, struct pair_rule p)
{
	const char *src = p.src;

	switch (dice_roll(dice, 12)) {
	case 0:
		return;
	case 1:
		p.src = p.dst;
		p.dst = src;
		break;
	case 2:
		p.svc = "tcp/443-444";
		break;
	case 3:
		p.svc = "any";
		break;
	case 4:
		p.dst = "any";
		break;
	case 5:
		p.src = "edge";
		break;
	default:
		break;
	}
	put_rule(out, &p);
}

/*
 * The same in other words: a group for an end, a rule as two that overlap, other
 * attributes.
 */
void pair_refactor(struct text *out, struct dice *dice, struct pair_rule p)
{
	switch (dice_roll(dice, 3)) {
	case 0:
		text_printf(out, "group new-%s = %s;\n", p.name, p.src);
		p.src = arena_printf(out->arena, "new-%s", p.name);
		break;
	case 1:
		put_rule(out, &p);
		p.name = arena_printf(out->arena, "%s-again", p.name);
		break;
	default:
		text_printf(out, "service new-%s = %s;\n", p.name, p.svc);
		p.svc = arena_printf(out->arena, "new-%s", p.name);
		break;
	}
	put_rule(out, &p);
}

/* Two policies to compare: one edited, or two that have nothing in common. */
bool pair_of(struct pair *pair, struct arena *arena, uint64_t seed)
{
	struct dice dice = dice_of(seed ^ 0x9e3779b9);
	uint64_t other = seed % 4 ? seed : seed + 1;
	const char *text = gen_text(arena, gen_policy(arena, other,
		seed % 3 ? GEN_WILD : GEN_PLAIN), dice_bits(&dice));

	pair->old_text = gen_text(arena, gen_policy(arena, seed,
		seed % 3 ? GEN_WILD : GEN_PLAIN), 0);
	pair->new_text = pair_rewritten(arena, text, &dice, edit);
	return policy_of_text(&pair->old, arena, pair->old_text, GEN_DAY) &&
	       policy_of_text(&pair->new, arena, pair->new_text, GEN_DAY);
}

static const char *customer_of(const struct ir *ir, const struct ir_space *s)
{
	return ir->customers[s->customer].name;
}

/* Does the naive evaluator let P through in SPACE (NULL: no such place)? */
bool pair_allows(const struct policy *policy, const struct ir_space *s,
		   const struct packet *p)
{
	return s && naive_allows(policy->ast, customer_of(policy->ir, s),
				 policy->ir->environments[s->environment], p,
				 policy->as_of);
}
