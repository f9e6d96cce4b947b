/*
 * What a freeze says to a change, against the naive evaluator.
 *
 * The twin needs no rule by itself: a change breaks a freeze that excepts
 * emergencies when the new policy without its emergency rules permits a packet
 * that the old one does not.
 */
#include "tests/lib/fixture.h"

#include "compiler/base/text.h"
#include "compiler/frozen.h"
#include "tests/lib/dice.h"
#include "tests/lib/gen.h"
#include "tests/lib/naive.h"
#include "tests/lib/policy.h"
#include "tests/lib/sample.h"

#include <stdio.h>
#include <string.h>

#define DECLARED " emergency " GEN_DAY " by e expires 2026-06-03 ticket T-1 owner o"

/* Two policies, and the second without its emergencies; whose freeze it is. */
struct change {
	struct policy old, new, rest;
	struct ir_freeze freeze;
	bool of_old;
};

/* The length of a rule at LINE without its attributes but `in`; 0: no rule. */
static size_t bare_rule(const char *line, size_t len)
{
	static const char *const words[] = { " log", " owner ", " ticket ",
		" reason ", " expires ", " reviewed ", " party ", " approved ",
		" waives " };
	size_t least = len;

	if (strncmp(line, "rule-", 5) != 0 || !len || line[len - 1] != ';')
		return 0;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		const char *at = strstr(line, words[i]);

		if (at && (size_t)(at - line) < least)
			least = (size_t)(at - line);
	}
	return least == len ? len - 1 : least;
}

/* The rules of TEXT changed at random, some of them made emergencies. */
static void change_text(struct arena *arena, const char *text,
			struct dice *dice, const char **new, const char **rest)
{
	struct text all = TEXT_IN(arena), without = TEXT_IN(arena);

	while (*text) {
		size_t len = strcspn(text, "\n");
		size_t bare = bare_rule(arena_copy(arena, text, len), len);
		unsigned roll = dice_roll(dice, 6);

		if (bare && roll == 0) {
			/* gone */
		} else if (bare && roll < 3) {
			text_printf(&all, "%.*s" DECLARED ";\n", (int)bare, text);
		} else {
			text_printf(&all, "%.*s\n", (int)len, text);
			text_printf(&without, "%.*s\n", (int)len, text);
		}
		text += len + (text[len] == '\n');
	}
	*new = text_string(&all);
	*rest = text_string(&without);
}

/* A freeze of the day for the first environment, or for all. */
static const char *some_freeze(struct arena *arena, struct dice *dice,
			       const struct ir *ir)
{
	static const char *const excepts[] = { "", " except narrowing",
		" except emergency", " except emergency, narrowing" };
	const char *in = dice_chance(dice, 50)
		? arena_printf(arena, " in %s", ir->environments[0]) : "";

	return arena_printf(arena, "freeze 2026-05-30 .. " GEN_DAY "%s%s;\n",
			    in, excepts[dice_roll(dice, 4)]);
}

static bool make_change(struct change *c, struct arena *arena, uint64_t seed)
{
	struct dice dice = dice_of(seed ^ 0x51ed2701);
	const char *old = gen_text(arena, gen_policy(arena, seed, GEN_WILD), 0);
	const char *from = gen_text(arena, gen_policy(arena,
		seed % 3 ? seed : seed + 1, GEN_WILD), dice_bits(&dice));
	const char *new, *rest, *freeze;

	change_text(arena, from, &dice, &new, &rest);
	if (!policy_of_text(&c->old, arena, old, GEN_DAY) ||
	    !policy_of_text(&c->new, arena, new, GEN_DAY) ||
	    !policy_of_text(&c->rest, arena, rest, GEN_DAY) ||
	    !c->new.ir->environment_count)
		return false;
	c->of_old = dice_chance(&dice, 30) && c->old.ir->environment_count;
	freeze = some_freeze(arena, &dice, c->of_old ? c->old.ir : c->new.ir);
	return policy_of_text(c->of_old ? &c->old : &c->new, arena,
			      arena_printf(arena, "%s%s", c->of_old ? old : new,
					   freeze), GEN_DAY);
}

static const struct ir_space *space_of(const struct policy *p,
				       const char *customer, const char *name)
{
	for (size_t i = 0; i < p->ir->space_count; i++) {
		const struct ir_space *s = &p->ir->spaces[i];

		if (strcmp(p->ir->customers[s->customer].name, customer) == 0 &&
		    strcmp(p->ir->environments[s->environment], name) == 0)
			return s;
	}
	return NULL;
}

static void add_flows(struct arena *arena, const struct policy *p,
		      const char *customer, const char *name, enum family f,
		      struct boxes *out)
{
	const struct ir_space *s = space_of(p, customer, name);

	for (uint32_t i = 0; s && i < s->flow_count; i++) {
		const struct ir_flow *flow = &p->ir->flows[s->first_flow + i];

		if (flow->family == f)
			boxes_add(arena, out, flow->src, flow->dst, flow->svc);
	}
}

/* Where one looks: an environment of a customer, and what is permitted in it. */
struct place {
	const char *customer, *name;
	bool frozen;
};

static bool allows(const struct policy *p, const struct place *at,
		   const struct packet *packet)
{
	return space_of(p, at->customer, at->name) &&
	       naive_allows(p->ast, at->customer, at->name, packet, p->as_of);
}

/* A packet of NEW that OLD has not, by sets; and naively it is one. */
static bool opens_by_sets(struct arena *arena, const struct policy *new,
			  const struct policy *old, const struct place *at,
			  uint64_t seed)
{
	for (int f = IPV4; f < FAMILIES; f++) {
		struct boxes a = { 0 }, b = { 0 };
		struct packet p;

		add_flows(arena, new, at->customer, at->name, (enum family)f, &a);
		add_flows(arena, old, at->customer, at->name, (enum family)f, &b);
		if (boxes_within(arena, (enum family)f, &a, &b, &p))
			continue;
		if (!allows(new, at, &p) || allows(old, at, &p))
			fail_msg("seed %llu: %s is no difference",
				 (unsigned long long)seed, packet_text(arena, &p));
		return true;
	}
	return false;
}

/* The same by packets drawn: what is found so has to be found by sets. */
static bool opens_by_packets(struct arena *arena, const struct policy *new,
			     const struct policy *old, const struct place *at,
			     struct dice *dice)
{
	for (int f = IPV4; f < FAMILIES; f++) {
		struct boxes a = { 0 };

		add_flows(arena, new, at->customer, at->name, (enum family)f, &a);
		for (int i = 0; a.count && i < 20; i++) {
			struct packet p = sampler_near(dice, (enum family)f, &a);

			if (allows(new, at, &p) && !allows(old, at, &p))
				return true;
		}
	}
	return false;
}

struct effects {
	bool opens, opens_else, closes;
};

static void look(struct change *c, struct arena *arena, const struct place *at,
		 struct dice *dice, uint64_t seed, struct effects *out)
{
	struct effects sets = {
		opens_by_sets(arena, &c->new, &c->old, at, seed),
		opens_by_sets(arena, &c->rest, &c->old, at, seed),
		opens_by_sets(arena, &c->old, &c->new, at, seed),
	};

	if ((!sets.opens && opens_by_packets(arena, &c->new, &c->old, at, dice)) ||
	    (!sets.opens_else &&
	     opens_by_packets(arena, &c->rest, &c->old, at, dice)))
		fail_msg("seed %llu: sets miss a packet", (unsigned long long)seed);
	out->opens |= sets.opens;
	out->opens_else |= sets.opens_else;
	out->closes |= sets.closes;
}

static bool freezes(const struct change *c, const char *environment)
{
	const struct ir *of = c->of_old ? c->old.ir : c->new.ir;

	for (size_t i = 0; i < of->environment_count; i++)
		if (strcmp(of->environments[i], environment) == 0)
			return of->freezes[0].environments[i];
	return !*of->freezes[0].where;
}

static struct effects effects_of(struct change *c, struct arena *arena,
				 struct dice *dice, uint64_t seed)
{
	struct effects out = { 0 };

	for (int side = 0; side < 2; side++) {
		const struct policy *p = side ? &c->old : &c->new;

		for (size_t i = 0; i < p->ir->space_count; i++) {
			const struct ir_space *s = &p->ir->spaces[i];
			struct place at = {
				p->ir->customers[s->customer].name,
				p->ir->environments[s->environment], false };

			if (freezes(c, at.name))
				look(c, arena, &at, dice, seed, &out);
		}
	}
	return out;
}

static void one_change(struct change *c, struct arena *arena, uint64_t seed,
		       size_t seen[3])
{
	struct dice dice = dice_of(seed);
	struct delta d = delta_of(arena, c->old.ir, c->new.ir);
	struct effects is = effects_of(c, arena, &dice, seed);
	size_t count;
	struct tell_from from = { &c->old.sources, &c->new.sources,
				  TABLE_IN(arena) };
	const struct fb_freeze *f = frozen_judge(arena, &d, &from, &count);
	bool emergency, narrowing;
	enum fb_freeze_effect opens, closes;

	assert_int_equal(count, 1);
	assert_int_equal(f->at.old, c->of_old);
	emergency = strstr(f->except, "emergency") != NULL;
	narrowing = strstr(f->except, "narrowing") != NULL;
	opens = is.opens_else || (is.opens && !emergency) ? FB_FREEZE_BROKEN
	      : is.opens ? FB_FREEZE_EXCEPTED : FB_FREEZE_NONE;
	closes = !is.closes ? FB_FREEZE_NONE : narrowing ? FB_FREEZE_EXCEPTED
							 : FB_FREEZE_BROKEN;
	if (f->opens != opens || f->narrows != closes)
		fail_msg("seed %llu: opens %d instead of %d, closes %d instead of %d",
			 (unsigned long long)seed, (int)f->opens, (int)opens,
			 (int)f->narrows, (int)closes);
	assert_int_equal(f->rule_count > 0, opens == FB_FREEZE_BROKEN);
	assert_int_equal(*f->example != '\0', opens == FB_FREEZE_BROKEN ||
					      closes == FB_FREEZE_BROKEN);
	seen[opens]++;
}

static void a_freeze_lets_through_what_it_excepts_and_nothing_else(void **state)
{
	size_t seen[3] = { 0 };

	for (uint64_t seed = 1; seed <= 400; seed++) {
		struct arena *arena = arena_child(*state);
		struct change c;

		if (make_change(&c, arena, seed))
			one_change(&c, arena, seed, seen);
		arena_free(arena);
	}
	printf("changes that open: %zu not, %zu as emergencies, %zu otherwise\n",
	       seen[FB_FREEZE_NONE], seen[FB_FREEZE_EXCEPTED],
	       seen[FB_FREEZE_BROKEN]);
	assert_true(seen[FB_FREEZE_NONE] > 20);
	assert_true(seen[FB_FREEZE_EXCEPTED] > 5);
	assert_true(seen[FB_FREEZE_BROKEN] > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(a_freeze_lets_through_what_it_excepts_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
