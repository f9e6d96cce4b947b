/*
 * Rules that others cover, against taking them away: which packets each single
 * rule admits is asked of the naive evaluator, and every answer is a question
 * of sets of bits then.
 */
#include "tests/lib/fixture.h"

#include "compiler/base/text.h"
#include "compiler/covered.h"
#include "tests/lib/dice.h"
#include "tests/lib/naive.h"
#include "tests/lib/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY "2026-06-01"
#define COUNT(a) (sizeof(a) / sizeof *(a))

enum { ENVIRONMENTS = 2, RULES_MOST = 9 };

static uint64_t rounds = 300;

static const char *const environments[ENVIRONMENTS] = { "dev", "prod" };

static const char world[] =
	"language 1; policy small; environments dev, prod; layer web; layer db;\n"
	"environment prod { vpc 10.0.0.0/24, 2001:db8::/62; layer web 10.0.0.0/28;\n"
	"  layer db 10.0.0.16/28, 2001:db8::/64; peer dev; }\n"
	"environment dev { vpc 10.0.1.0/24; layer web 10.0.1.0/28; layer db 10.0.1.16/28; }\n";

static const char *const ends[] = {
	"web", "db", "any", "internet", "10.0.0.0/29", "10.0.0.8/29",
	"(web, db)", "web", "db", "(web except 10.0.0.8/29)", "10.0.0.0/27",
};

static const char *const services[] = {
	"tcp/22", "tcp/1-100", "tcp/50-200", "any", "tcp/101-200", "udp/53",
	"tcp/22, udp/53",
};

static const uint32_t edges4[] = {
	0x00000000, 0x01000000, 0x0a000000, 0x0a000008, 0x0a000010, 0x0a000020,
	0x0a000100, 0x0a000110, 0x0a000120,
};

static const uint64_t edges6[] = {
	UINT64_C(0x20010db800000000), UINT64_C(0x20010db800000001),
	UINT64_C(0x2003000000000000), 0,
};

static const uint32_t keys[] = { 0x060001, 0x060016, 0x060017, 0x060032,
				 0x060065, 0x0600c9, 0x110035, 0x320000 };

enum { HOSTS4 = 9, HOSTS6 = 4, KEYS = 8,
       PACKETS = ENVIRONMENTS * (HOSTS4 * HOSTS4 + HOSTS6 * HOSTS6) * KEYS };

_Static_assert(COUNT(edges4) == HOSTS4 && COUNT(edges6) == HOSTS6 &&
	       COUNT(keys) == KEYS, "PACKETS counts them");

struct rule {
	bool has[PACKETS];
	bool log;
	int until;		/* 0: for ever; else the earlier the smaller */
};

static void mark(struct arena *arena, const char *text, struct rule *rule)
{
	struct policy p;
	size_t n = 0;

	(void)policy_of_text(&p, arena, arena_printf(arena, "%s%s", world, text),
			     DAY);
	for (int e = 0; e < ENVIRONMENTS; e++)
		for (int f = IPV4; f < FAMILIES; f++) {
			int hosts = f == IPV4 ? HOSTS4 : HOSTS6;

			for (int i = 0; i < hosts * hosts * KEYS; i++) {
				int s = i / KEYS % hosts, d = i / KEYS / hosts;
				struct packet packet = { (enum family)f,
					f == IPV4 ? edges4[s] : (u128)edges6[s] << 64,
					f == IPV4 ? edges4[d] : (u128)edges6[d] << 64,
					keys[i % KEYS] };

				rule->has[n++] = naive_allows(p.ast, "",
					environments[e], &packet, p.as_of);
			}
		}
}

static bool stands_in(const struct rule *other, const struct rule *rule)
{
	return (other->log || !rule->log) &&
	       (!other->until || (rule->until && other->until >= rule->until));
}

/* Are all packets of rule N in others that are not in GONE, or only in BY? */
static bool is_covered(const struct rule *rules, unsigned count, unsigned n,
		       unsigned others)
{
	for (size_t p = 0; p < PACKETS; p++) {
		bool found = !rules[n].has[p];

		for (unsigned i = 0; i < count && !found; i++)
			found = i != n && (others >> i & 1) &&
				rules[i].has[p] &&
				stands_in(&rules[i], &rules[n]);
		if (!found)
			return false;
	}
	return true;
}

static unsigned bits(const uint32_t *at, size_t count)
{
	unsigned out = 0;

	for (size_t i = 0; i < count; i++)
		out |= 1u << at[i];
	return out;
}

static const char *pick(struct dice *dice, const char *const *some, size_t n)
{
	return some[dice_roll(dice, (unsigned)n)];
}

static const char *random_rule(struct arena *arena, struct dice *dice,
			       unsigned number, struct rule *rule)
{
	static const char *const until[] = { "", " expires 2026-07-01",
					     " expires 2026-08-01" };
	static const char *const crossing[] = { "dev.web -> prod.db",
		"prod.db -> dev.web", "dev.web -> prod.web" };

	rule->log = dice_chance(dice, 10);
	rule->until = dice_chance(dice, 80) ? 0 : 1 + (int)dice_roll(dice, 2);
	return arena_printf(arena, "r%u: allow %s on %s%s%s;\n", number,
		dice_chance(dice, 10) ? pick(dice, crossing, COUNT(crossing))
		: arena_printf(arena, "%s -> %s",
			       pick(dice, ends, COUNT(ends)),
			       pick(dice, ends, COUNT(ends))),
		pick(dice, services, COUNT(services)),
		until[rule->until], rule->log ? " log" : "");
}

struct tally {
	size_t covered, by_several, needed, refused;
};

static void check(const struct rule *rules, unsigned count,
		  const struct covered *found, size_t found_count,
		  const char *text, struct tally *t)
{
	unsigned all = (1u << count) - 1, gone = 0;

	for (size_t i = 0; i < found_count; i++)
		gone |= 1u << found[i].rule;
	for (size_t i = 0; i < found_count; i++) {
		unsigned by = bits(found[i].by, found[i].by_count);

		if ((by & gone) ||
		    !is_covered(rules, count, found[i].rule, by))
			fail_msg("r%u is not covered by %x\n%s", found[i].rule,
				 by, text);
		for (unsigned n = 0; n < count; n++)
			if ((by >> n & 1) && is_covered(rules, count,
					found[i].rule, by & ~(1u << n)))
				fail_msg("r%u is covered without r%u\n%s",
					 found[i].rule, n, text);
		t->by_several += found[i].by_count > 1;
	}
	for (unsigned n = 0; n < count; n++)
		if (!(gone >> n & 1) &&
		    is_covered(rules, count, n, all & ~gone))
			fail_msg("r%u is covered and not found\n%s", n, text);
	t->covered += found_count;
	t->needed += count - found_count;
}

static void one_round(struct arena *arena, uint64_t seed, struct tally *t)
{
	struct dice dice = dice_of(seed);
	unsigned count = 3 + dice_roll(&dice, RULES_MOST - 2);
	struct rule *rules = arena_array(arena, count, sizeof *rules);
	struct text text = TEXT_IN(arena);
	const struct covered *found;
	struct policy p;
	size_t found_count;

	for (unsigned i = 0; i < count; i++) {
		const char *rule = random_rule(arena, &dice, i, &rules[i]);

		text_puts(&text, rule);
		mark(arena, rule, &rules[i]);
	}
	if (!policy_of_text(&p, arena, arena_printf(arena, "%s%s", world,
						    text_string(&text)), DAY)) {
		t->refused++;
		return;
	}
	found = covered_find(arena, p.ir, &found_count);
	check(rules, count, found, found_count, text_string(&text), t);
}

static void covered_rules_can_go_and_no_others(void **state)
{
	struct tally t = { 0 };

	for (uint64_t seed = 1; seed <= rounds; seed++) {
		struct arena *arena = arena_child(*state);

		one_round(arena, seed, &t);
		arena_free(arena);
	}
	printf("%zu covered (%zu by several together), %zu needed; %zu policies refused\n",
	       t.covered, t.by_several, t.needed, t.refused);
	assert_true(t.covered && t.by_several && t.needed && t.refused);
}

/* An argument is how many rounds. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(covered_rules_can_go_and_no_others),
	};

	if (argc > 1)
		rounds = strtoull(argv[1], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
