/*
 * Rules that nobody can use and rules that open one half of a connection,
 * against looking at every packet of a small world: which packets each single
 * rule admits is asked of the naive evaluator.
 */
#include "tests/lib/fixture.h"

#include "compiler/base/text.h"
#include "compiler/lint.h"
#include "tests/lib/dice.h"
#include "tests/lib/naive.h"
#include "tests/lib/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY "2026-06-01"
#define COUNT(a) (sizeof(a) / sizeof *(a))

enum { ENVIRONMENTS = 3, RULES_MOST = 8 };

static uint64_t rounds = 300;

/* prod and dev peer; lone is alone. */
static const char *const environments[ENVIRONMENTS] = { "prod", "dev", "lone" };

static const char world[] =
	"language 1; policy small; environments dev, prod, lone; layer web; layer db;\n"
	"network core via vpn;\n"
	"environment prod { vpc 10.0.0.0/24, 2001:db8::/62; layer web 10.0.0.0/28;\n"
	"  layer db 10.0.0.16/28, 2001:db8::/64; network core 172.16.0.0/28; peer dev; }\n"
	"environment dev { vpc 10.0.1.0/24; layer web 10.0.1.0/28; layer db 10.0.1.16/28; }\n"
	"environment lone { vpc 10.0.2.0/24; layer web 10.0.2.0/28; layer db 10.0.2.16/28; }\n";

static const char *const ends[] = {
	"web", "db", "core", "internet", "any", "192.168.0.0/24",
	"10.0.0.32/28", "10.0.1.0/28", "10.0.0.0/28", "10.0.1.0/24",
	"(web, 192.168.0.0/24)", "10.0.0.0/23", "192.168.0.0/24", "10.0.2.0/28",
	"(10.0.0.16/28, 10.0.1.16/28)",
};

static const char *const services[] = {
	"tcp/22", "tcp/1-100", "any", "udp/53", "tcp/22, udp/53",
};

/* An address of every kind that the declarations and the ends tell apart. */
static const uint32_t edges4[] = {
	0x00000000, 0x01000000, 0x0a000000, 0x0a000010, 0x0a000020, 0x0a000030,
	0x0a000100, 0x0a000110, 0x0a000120, 0x0a000200, 0x0a000210, 0x0a000220,
	0x0a010000, 0xac100000, 0xc0a80000,
};

static const uint64_t edges6[] = {
	UINT64_C(0x20010db800000000), UINT64_C(0x20010db800000001),
	UINT64_C(0x2003000000000000), 0,
};

static const uint32_t keys[] = { 0x060016, 0x060017, 0x060065, 0x110035,
				 0x320000 };

enum { HOSTS4 = 15, HOSTS6 = 4, KEYS = 5,
       PACKETS = (HOSTS4 * HOSTS4 + HOSTS6 * HOSTS6) * KEYS };

_Static_assert(COUNT(edges4) == HOSTS4 && COUNT(edges6) == HOSTS6 &&
	       COUNT(keys) == KEYS, "PACKETS counts them");

struct rule {
	bool has[ENVIRONMENTS][PACKETS];
};

static struct packet packet_of(int n)
{
	int f = n < HOSTS4 * HOSTS4 * KEYS ? IPV4 : IPV6;
	int i = f == IPV4 ? n : n - HOSTS4 * HOSTS4 * KEYS;
	int hosts = f == IPV4 ? HOSTS4 : HOSTS6;
	int s = i / KEYS % hosts, d = i / KEYS / hosts;

	return (struct packet){ (enum family)f,
		f == IPV4 ? edges4[s] : (u128)edges6[s] << 64,
		f == IPV4 ? edges4[d] : (u128)edges6[d] << 64,
		keys[i % KEYS] };
}

static void mark(struct arena *arena, const char *text, struct rule *rule)
{
	struct policy p;

	(void)policy_of_text(&p, arena, arena_printf(arena, "%s%s", world, text),
			     DAY);
	for (int e = 0; e < ENVIRONMENTS; e++)
		for (int n = 0; n < PACKETS; n++) {
			struct packet packet = packet_of(n);

			rule->has[e][n] = naive_allows(p.ast, "",
				environments[e], &packet, p.as_of);
		}
}

static bool is_in_vpc(int environment, enum family family, u128 address)
{
	return family == IPV4
	     ? address >> 8 == (u128)(0x0a0000 + environment)
	     : environment == 0 && address >> 66 == (u128)UINT64_C(0x20010db800000000) >> 2;
}

/* The other of the two that peer; -1: none. */
static int peer_of(int environment)
{
	return environment < 2 ? 1 - environment : -1;
}

static bool somebody_has(const struct policy *p, int environment,
			 enum family family, u128 address)
{
	int peer = peer_of(environment);

	return !naive_is_undeclared(p->ast, "", environments[environment],
				    family, address) ||
	       (peer >= 0 && is_in_vpc(peer, family, address));
}

static bool is_unusable(const struct policy *p, const struct rule *rule)
{
	bool any = false;

	for (int e = 0; e < ENVIRONMENTS; e++)
		for (int n = 0; n < PACKETS; n++) {
			struct packet k = packet_of(n);

			if (!rule->has[e][n])
				continue;
			any = true;
			if (somebody_has(p, e, k.family, k.src) &&
			    somebody_has(p, e, k.family, k.dst))
				return false;
		}
	return any;
}

static bool anyone_has(const struct rule *rules, unsigned count, int e, int n)
{
	for (unsigned i = 0; i < count; i++)
		if (rules[i].has[e][n])
			return true;
	return false;
}

/* Does all of rule N stop at a peer, where nobody lets any of it pass? */
static bool is_half_open(const struct rule *rules, unsigned count, unsigned n)
{
	bool any = false;

	for (int e = 0; e < ENVIRONMENTS; e++)
		for (int i = 0; i < PACKETS; i++) {
			struct packet k = packet_of(i);
			int peer = peer_of(e);

			if (!rules[n].has[e][i])
				continue;
			any = true;
			if (peer < 0 || anyone_has(rules, count, peer, i) ||
			    !((is_in_vpc(e, k.family, k.src) &&
			       is_in_vpc(peer, k.family, k.dst)) ||
			      (is_in_vpc(e, k.family, k.dst) &&
			       is_in_vpc(peer, k.family, k.src))))
				return false;
		}
	return any;
}

static const char *pick(struct dice *dice, const char *const *some, size_t n)
{
	return some[dice_roll(dice, (unsigned)n)];
}

static const char *random_rule(struct arena *arena, struct dice *dice,
			       unsigned number)
{
	static const char *const crossing[] = { "dev.web -> prod.db",
		"prod.db -> dev.web", "dev.web -> prod.web" };
	static const char *const halves[] = { "web -> 10.0.1.0/28",
		"10.0.1.16/28 -> db", "10.0.0.0/28 -> 10.0.1.0/28",
		"(10.0.1.0/28, 10.0.2.0/28) -> web" };
	static const char *const in[] = { "", "", " in prod", " in dev, lone" };

	if (dice_chance(dice, 10))
		return arena_printf(arena, "r%u: allow %s on %s;\n", number,
				    pick(dice, crossing, COUNT(crossing)),
				    pick(dice, services, COUNT(services)));
	if (dice_chance(dice, 20))
		return arena_printf(arena, "r%u: allow %s on %s in prod;\n",
				    number, pick(dice, halves, COUNT(halves)),
				    pick(dice, services, COUNT(services)));
	return arena_printf(arena, "r%u: allow %s -> %s on %s%s;\n", number,
			    pick(dice, ends, COUNT(ends)),
			    pick(dice, ends, COUNT(ends)),
			    pick(dice, services, COUNT(services)),
			    pick(dice, in, COUNT(in)));
}

static bool is_told(struct diags *diags, const char *code, const char *rule)
{
	size_t count;
	const struct fb_diag *all = diag_list(diags, &count);

	for (size_t i = 0; i < count; i++)
		if (strcmp(all[i].code, code) == 0 &&
		    strstr(all[i].message, rule))
			return true;
	return false;
}

struct tally {
	size_t unusable, half_open, good, refused;
};

static void one_round(struct arena *arena, uint64_t seed, struct tally *t)
{
	struct dice dice = dice_of(seed);
	unsigned count = 1 + dice_roll(&dice, RULES_MOST);
	struct rule *rules = arena_array(arena, count, sizeof *rules);
	struct text text = TEXT_IN(arena);
	struct policy p;

	for (unsigned i = 0; i < count; i++) {
		const char *rule = random_rule(arena, &dice, i);

		text_puts(&text, rule);
		mark(arena, rule, &rules[i]);
	}
	if (!policy_of_text(&p, arena, arena_printf(arena, "%s%s", world,
						    text_string(&text)), DAY)) {
		t->refused++;
		return;
	}
	(void)lint_tell(arena, &p.diags, p.ir);
	for (unsigned i = 0; i < count; i++) {
		const char *name = arena_printf(arena, "`r%u`", i);
		bool unusable = is_unusable(&p, &rules[i]);
		bool half = is_half_open(rules, count, i);

		if (is_told(&p.diags, "P0802", name) != unusable)
			fail_msg("seed %u: r%u is %susable\n%s", (unsigned)seed,
				 i, unusable ? "un" : "", text_string(&text));
		if (is_told(&p.diags, "P0803", name) != half)
			fail_msg("seed %u: r%u is %s\n%s", (unsigned)seed, i,
				 half ? "half open" : "not half open",
				 text_string(&text));
		t->unusable += unusable;
		t->half_open += half;
		t->good += !unusable && !half;
	}
}

static void vain_and_half_rules_are_told_and_no_others(void **state)
{
	struct tally t = { 0 };

	for (uint64_t seed = 1; seed <= rounds; seed++) {
		struct arena *arena = arena_child(*state);

		one_round(arena, seed, &t);
		arena_free(arena);
	}
	printf("%zu that nobody can use, %zu half open, %zu neither; %zu policies refused\n",
	       t.unusable, t.half_open, t.good, t.refused);
	assert_true(t.unusable > 20 && t.half_open > 20 && t.good > 20);
}

/* An argument is how many rounds. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(vain_and_half_rules_are_told_and_no_others),
	};

	if (argc > 1)
		rounds = strtoull(argv[1], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
