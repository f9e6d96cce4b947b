/*
 * Isolation against the definition, address by address: what an environment
 * must not admit is what a space of another party has and neither its own VPC
 * nor a peer of its own party, or of none, has.
 */
#include "tests/lib/fixture.h"

#include "compiler/base/addr.h"
#include "compiler/base/text.h"
#include "tests/lib/dice.h"
#include "tests/lib/policy.h"

#include <stdio.h>
#include <string.h>

enum { ROUNDS = 400 };

/* Small blocks that overlap often, at both ends of what there is. */
static const char *const blocks[] = {
	"10.0.0.0/28", "10.0.0.0/29", "10.0.0.8/29", "10.0.0.16/28",
	"10.0.0.0/26", "10.0.0.32/29", "10.0.0.48/28", "0.0.0.0/8",
	"255.255.255.0/24", "255.255.255.128/25", "::/64", "::/65",
	"ffff:ffff:ffff:ffff::/64", "ffff:ffff:ffff:ffff:8000::/65",
	"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128",
};

static const struct { enum family family; const char *at; } samples[] = {
	{ IPV4, "0.0.0.0" }, { IPV4, "10.0.0.0" }, { IPV4, "10.0.0.7" },
	{ IPV4, "10.0.0.8" }, { IPV4, "10.0.0.15" }, { IPV4, "10.0.0.16" },
	{ IPV4, "10.0.0.31" }, { IPV4, "10.0.0.32" }, { IPV4, "10.0.0.40" },
	{ IPV4, "10.0.0.47" }, { IPV4, "10.0.0.48" }, { IPV4, "10.0.0.63" },
	{ IPV4, "10.0.0.64" }, { IPV4, "255.255.254.255" },
	{ IPV4, "255.255.255.0" }, { IPV4, "255.255.255.127" },
	{ IPV4, "255.255.255.255" }, { IPV6, "::" }, { IPV6, "::1:0:0:0:0" },
	{ IPV6, "::8000:0:0:0" }, { IPV6, "ffff:ffff:ffff:fffe::" },
	{ IPV6, "ffff:ffff:ffff:ffff::" },
	{ IPV6, "ffff:ffff:ffff:ffff:8000::" },
	{ IPV6, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
};

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const char *const names[] = { "dev", "staging", "prod" };

static const char *random_policy(struct arena *arena, struct dice *dice,
				 bool customers)
{
	struct text t = TEXT_IN(arena);
	unsigned count = 1 + dice_roll(dice, 4);

	text_puts(&t, "language 1; policy p; environments dev, staging, prod; layer a;\n");
	for (unsigned c = 0; c < count; c++) {
		text_printf(&t, "customer c%u {\n", c);
		for (unsigned e = 0; e < 3; e++) {
			if (dice_chance(dice, 25))
				continue;
			text_printf(&t, "  environment %s { vpc %s", names[e],
				    blocks[dice_roll(dice, COUNT(blocks))]);
			if (dice_chance(dice, 40))
				text_printf(&t, ", %s", blocks[dice_roll(
					dice, COUNT(blocks))]);
			text_puts(&t, ";");
			if (dice_chance(dice, 30))
				text_printf(&t, " peer c%u.%s;",
					    dice_roll(dice, count),
					    names[dice_roll(dice, 3)]);
			text_puts(&t, " }\n");
		}
		text_puts(&t, "}\n");
	}
	text_printf(&t, "i: isolate %s;\n", customers ? "customers"
		    : dice_chance(dice, 50) ? "environments" : "dev, prod");
	return text_string(&t);
}

/* Does the isolation speak of A? */
static bool is_party(const struct ir *ir, const char *text,
		     const struct ir_space *a)
{
	return strstr(text, "isolate dev, prod") == NULL ||
	       strcmp(ir->environments[a->environment], "staging") != 0;
}

static bool are_apart(const struct ir *ir, const char *text, bool customers,
		      const struct ir_space *a, const struct ir_space *b)
{
	if (customers)
		return a->customer != b->customer;
	return a->customer == b->customer && a->environment != b->environment &&
	       is_party(ir, text, a) && is_party(ir, text, b);
}

static bool is_foreign(const struct ir *ir, const char *text, bool customers,
		       const struct ir_space *s, enum family f, u128 a)
{
	bool foreign = false;

	if (ranges_have(s->vpc.of[f], a))
		return false;
	for (size_t i = 0; i < s->peer_count; i++) {
		const struct ir_space *peer = &ir->spaces[s->peers[i]];

		if (ranges_have(peer->vpc.of[f], a) &&
		    !are_apart(ir, text, customers, s, peer))
			return false;
	}
	for (size_t i = 0; i < ir->space_count; i++)
		foreign |= are_apart(ir, text, customers, s, &ir->spaces[i]) &&
			   ranges_have(ir->spaces[i].vpc.of[f], a);
	return foreign;
}

/* Do the boxes forbid packets from and to A, each? */
static bool is_claimed(const struct ir_invariant *inv, uint32_t space,
		       enum family f, u128 a, bool source)
{
	for (size_t i = 0; i < inv->box_count; i++) {
		const struct ir_claim_box *b = &inv->boxes[i];

		if (b->space == space && b->family == f &&
		    ranges_have(source ? b->src : b->dst, a) &&
		    ranges_equal(source ? b->dst : b->src,
				 (struct ranges){ &(struct range){
					0, family_last(f) }, 1 }))
			return true;
	}
	return false;
}

static void one_round(struct arena *arena, uint64_t seed, unsigned *foreign,
		      unsigned *near)
{
	struct dice dice = dice_of(seed);
	bool customers = seed % 2;
	const char *text = random_policy(arena, &dice, customers);
	struct policy p;

	if (!policy_of_text(&p, arena, text, "2026-06-01"))
		return;		/* peers that overlap, or are not there */
	for (uint32_t s = 0; s < p.ir->space_count; s++)
		for (size_t i = 0; i < COUNT(samples); i++) {
			struct prefix at;
			bool should, from, to;

			prefix_read(samples[i].at, strlen(samples[i].at), &at);
			should = is_foreign(p.ir, text, customers,
					    &p.ir->spaces[s], at.family,
					    at.base);
			from = is_claimed(p.ir->invariants, s, at.family,
					  at.base, true);
			to = is_claimed(p.ir->invariants, s, at.family,
					at.base, false);
			if (from != should || to != should)
				fail_msg("seed %llu: %s in space %u is %sforeign\n%s",
					 (unsigned long long)seed,
					 samples[i].at, s, should ? "" : "not ",
					 text);
			*(should ? foreign : near) += 1;
		}
}

static void what_is_foreign_is_what_the_definition_says(void **state)
{
	unsigned foreign = 0, near = 0;

	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		struct arena *arena = arena_child(*state);

		one_round(arena, seed, &foreign, &near);
		arena_free(arena);
	}
	print_message("%u foreign, %u not\n", foreign, near);
	assert_true(foreign > 2000 && near > 2000);
}

/* COUNT customers of three environments, each with a few rules. */
static size_t memory_of_fleet(unsigned count)
{
	struct arena *arena = arena_new(0);
	struct text t = TEXT_IN(arena);
	struct policy p;
	size_t before, used;

	text_puts(&t, "language 1; policy p; environments dev, staging, prod;\n"
		  "layer a; layer b; i: isolate customers; k: isolate environments;\n"
		  "r: allow a -> b on tcp/1; s: allow internet -> a on tcp/2;\n");
	for (unsigned c = 0; c < count; c++) {
		text_printf(&t, "customer c%u {\n", c);
		for (unsigned e = 0; e < 3; e++) {
			unsigned n = (c * 3 + e) * 2;	/* no two touch */

			text_printf(&t, "  environment %s { vpc 10.%u.%u.0/24; layer a 10.%u.%u.0/26; layer b 10.%u.%u.64/26; }\n",
				    names[e], n >> 8, n & 255, n >> 8, n & 255,
				    n >> 8, n & 255);
		}
		text_puts(&t, "}\n");
	}
	before = arena_used(arena);
	assert_true(policy_of_text(&p, arena, text_string(&t), "2026-06-01"));
	assert_int_equal(p.ir->invariants[0].box_count > 0, 1);
	used = arena_used(arena) - before;
	arena_free(arena);
	return used;
}

static void a_fleet_costs_what_its_customers_cost(void **state)
{
	size_t few = memory_of_fleet(500), many = memory_of_fleet(2000);

	(void)state;
	print_message("%zu bytes for 500 customers, %zu for 2000\n", few, many);
	assert_true(many < 6 * few);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(what_is_foreign_is_what_the_definition_says),
		cmocka_unit_test(a_fleet_costs_what_its_customers_cost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
