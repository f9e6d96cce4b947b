/*
 * Parity and the shape of rules against brute force, host by host: one host
 * stands for all that no declared set tells apart.
 */
#include "tests/lib/fixture.h"

#include "compiler/base/text.h"
#include "compiler/verify.h"
#include "tests/lib/dice.h"
#include "tests/lib/naive.h"
#include "tests/lib/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY "2026-06-01"
#define COUNT(a) (sizeof(a) / sizeof *(a))

enum { ENVIRONMENTS = 2 };

static uint64_t rounds = 150;

static const char *const environments[ENVIRONMENTS] = { "dev", "prod" };

/* `job` lacks IPv6 in dev; `bus` and `lab` are in one only. */
static const char world[] =
	"language 1; policy small; environments dev, prod;\n"
	"layer web; layer db; layer job; layer bus;\n"
	"network office = 198.51.100.0/24; network core via vpn; network lab via vpn;\n"
	"environment prod { vpc 10.0.0.0/24, 2001:db8::/62; layer web 10.0.0.0/28;\n"
	"  layer db 10.0.0.16/28, 2001:db8::/64; layer job 10.0.0.32/28, 2001:db8:0:1::/64;\n"
	"  layer bus 10.0.0.48/28; network core 172.16.0.0/30; }\n"
	"environment dev { vpc 10.0.1.0/24, 2001:db8:1::/62; layer web 10.0.1.0/28;\n"
	"  layer db 10.0.1.16/28, 2001:db8:1::/64; layer job 10.0.1.32/28;\n"
	"  network core 172.17.0.0/30; network lab 172.18.0.0/30; }\n";

static const char *const names[] = { "web", "db", "job", "bus", "office",
				     "core", "lab" };

enum { NAMES = 7, REST = NAMES, THEIRS, PLACES };

static const char *const ends[] = {
	"web", "db", "job", "office", "core", "internet", "any", "web", "db",
	"10.0.0.0/29", "10.0.1.0/29", "10.0.1.16/28", "(web, job)", "1.0.0.0/8",
	"10.0.1.64/26", "172.16.0.0/30", "bus", "lab", "2001:db8::/64",
};

static const char *const services[] = { "tcp/22", "tcp/443", "any",
					"tcp/22-443", "icmp6/echo-request" };

static const uint32_t edges4[] = {
	0x00000000, 0x01000000, 0x02000000, 0x0a000000, 0x0a000008, 0x0a000010,
	0x0a000020, 0x0a000030, 0x0a000040, 0x0a000100, 0x0a000108, 0x0a000110,
	0x0a000120, 0x0a000130, 0x0a000140, 0xac100000, 0xac110000, 0xac120000,
	0xc6336400,
};

static const uint64_t edges6[] = {
	UINT64_C(0x20010db800000000), UINT64_C(0x20010db800000001),
	UINT64_C(0x20010db800000002), UINT64_C(0x20010db800010000),
	UINT64_C(0x20010db800010001), UINT64_C(0x2003000000000000),
};

static const uint32_t keys[] = { 0x060016, 0x060017, 0x0601bb, 0x0601bc,
				 0x3a8000 };

enum { HOSTS4 = 19, HOSTS6 = 6, HOSTS = HOSTS4 + HOSTS6, KEYS = 5 };

_Static_assert(COUNT(edges4) == HOSTS4 && COUNT(edges6) == HOSTS6 &&
	       COUNT(keys) == KEYS, "HOSTS and KEYS count them");

static enum family family_of(int host)
{
	return host < HOSTS4 ? IPV4 : IPV6;
}

static u128 address_of(int host)
{
	return host < HOSTS4 ? edges4[host]
			     : (u128)edges6[host - HOSTS4] << 64;
}

static bool in_vpc(int e, int h)
{
	u128 a = address_of(h);

	return family_of(h) == IPV4
		? a >> 8 == (e ? 0x0a0000 : 0x0a0001)
		: a >> 66 == (e ? (u128)0x20010db800000000
				: (u128)0x20010db800010000) >> 2;
}

struct round {
	struct policy policy;
	bool allows[ENVIRONMENTS][HOSTS][HOSTS][KEYS];
	bool in[ENVIRONMENTS][PLACES + HOSTS][HOSTS];	/* by place */
};

static bool is_named(const struct round *r, int e, int h)
{
	bool named = in_vpc(e, h);

	for (int n = 4; n < NAMES; n++)
		named |= r->in[e][n][h];
	return named;
}

static void mark_places(struct round *r)
{
	for (int e = 0; e < ENVIRONMENTS; e++)
		for (int h = 0; h < HOSTS; h++) {
			bool layer = false;

			for (int n = 0; n < NAMES; n++)
				r->in[e][n][h] = naive_is_in(r->policy.ast, "",
					environments[e], names[n],
					family_of(h), address_of(h));
			for (int n = 0; n < 4; n++)
				layer |= r->in[e][n][h];
			r->in[e][REST][h] = in_vpc(e, h) && !layer;
		}
	for (int e = 0; e < ENVIRONMENTS; e++)
		for (int h = 0; h < HOSTS; h++) {
			bool mine = is_named(r, e, h);
			bool theirs = is_named(r, 1 - e, h);

			r->in[e][THEIRS][h] = theirs && !mine;
			r->in[e][PLACES + h][h] = !theirs && !mine;
		}
}

/* Has the place hosts there, of FAMILY or (FAMILIES) of any? */
static bool has(const struct round *r, int e, int place, int family)
{
	for (int h = 0; h < HOSTS; h++)
		if (r->in[e][place][h] &&
		    (family == FAMILIES || (int)family_of(h) == family))
			return true;
	return false;
}

static bool is_compared(const struct round *r, int place, int family)
{
	return has(r, 0, place, family) == has(r, 1, place, family) ||
	       (place < NAMES && (!has(r, 0, place, FAMILIES) ||
				  !has(r, 1, place, FAMILIES)));
}

/* Of P to Q on the service: 0 nothing, 2 everything there is, 1 between. */
static int degree(const struct round *r, int e, int p, int q, int key,
		  int family)
{
	bool some = false, all = true;

	for (int s = 0; s < HOSTS; s++)
		for (int d = 0; d < HOSTS; d++) {
			if (!r->in[e][p][s] || !r->in[e][q][d] ||
			    (int)family_of(s) != family ||
			    (int)family_of(d) != family)
				continue;
			some |= r->allows[e][s][d][key];
			all &= r->allows[e][s][d][key];
		}
	return some + (some && all);
}

static bool are_equal(const struct round *r)
{
	for (int f = IPV4; f < FAMILIES; f++)
		for (int p = 0; p < PLACES + HOSTS; p++)
			for (int q = 0; is_compared(r, p, f) &&
					q < PLACES + HOSTS; q++)
				for (int k = 0; is_compared(r, q, f) &&
						k < KEYS; k++)
					if (degree(r, 0, p, q, k, f) !=
					    degree(r, 1, p, q, k, f))
						return false;
	return true;
}

static const char *pick(struct dice *dice, const char *const *some, size_t n)
{
	return some[dice_roll(dice, (unsigned)n)];
}

static const char *random_rules(struct arena *arena, struct dice *dice)
{
	static const char *const in[] = { "", "", "", "", " in dev",
					  " in prod" };
	static const char *const until[] = { "", " expires 2026-06-20",
					     " expires 2026-07-30" };
	static const char *const ours[] = { "web", "db", "job", "bus",
		"10.0.0.16/29", "(web, db)", "db", "web" };
	static const char *const dev[] = { "web", "10.0.1.0/29",
		"(10.0.1.0/29, 10.0.1.8/29)" };
	static const char *const prod[] = { "web", "10.0.0.0/29",
		"(10.0.0.0/29, 10.0.0.8/29)" };
	struct text text = TEXT_IN(arena);
	unsigned count = dice_roll(dice, 4);

	if (dice_chance(dice, 60))
		text_printf(&text, "d: allow %s -> db on tcp/22 in dev;\n"
			    "p: allow %s -> db on tcp/22 in prod;\n",
			    pick(dice, dev, COUNT(dev)),
			    pick(dice, prod, COUNT(prod)));
	for (unsigned i = 0; i < count; i++)
		text_printf(&text, "r%u: allow %s -> %s on %s%s%s;\n", i,
			    pick(dice, ends, COUNT(ends)),
			    pick(dice, ours, COUNT(ours)),
			    pick(dice, services, COUNT(services)),
			    pick(dice, in, COUNT(in)),
			    pick(dice, until, COUNT(until)));
	return text_string(&text);
}

static bool read_round(struct round *r, struct arena *arena, const char *rules,
		       const char *invariant)
{
	return policy_of_text(&r->policy, arena,
			      arena_printf(arena, "%s%s%s", world, rules,
					   invariant), DAY);
}

static void mark_packets(struct round *r)
{
	for (int e = 0; e < ENVIRONMENTS; e++)
		for (int s = 0; s < HOSTS; s++)
			for (int d = 0; d < HOSTS; d++)
				for (int k = 0; k < KEYS; k++) {
					struct packet p = { family_of(s),
						address_of(s), address_of(d),
						keys[k] };

					r->allows[e][s][d][k] =
						family_of(s) == family_of(d) &&
						naive_allows(r->policy.ast, "",
							environments[e], &p,
							r->policy.as_of);
				}
}

struct tally {
	size_t held, broken, refused, stopped;
};

static void parity_round(struct arena *arena, uint64_t seed, struct tally *t)
{
	struct dice dice = dice_of(seed);
	struct round *r = arena_alloc(arena, sizeof *r);
	const char *rules = random_rules(arena, &dice);
	const struct verdict *v;
	bool equal;

	if (!read_round(r, arena, rules, "inv: parity dev, prod;")) {
		t->refused++;
		return;
	}
	mark_places(r);
	mark_packets(r);
	equal = are_equal(r);
	v = verify_verdicts(arena, r->policy.ir);
	if (v->kind != (equal ? VERDICT_HOLDS : VERDICT_BROKEN))
		fail_msg("seed %llu: verdict %d, brute force says %s\n%s",
			 (unsigned long long)seed, (int)v->kind,
			 equal ? "equal" : "different", rules);
	*(equal ? &t->held : &t->broken) += 1;
	t->stopped += !equal && !v->hops->rule_count;
}

static void parity_is_what_brute_force_finds(void **state)
{
	struct tally t = { 0 };

	for (uint64_t seed = 1; seed <= rounds; seed++) {
		struct arena *arena = arena_child(*state);

		parity_round(arena, seed, &t);
		arena_free(arena);
	}
	printf("%zu broken (%zu by a part), %zu held, %zu refused\n", t.broken,
	       t.stopped, t.held, t.refused);
	assert_true(t.broken && t.held && t.refused && t.stopped);
}

/* --- each rule --- */

/* A rule as it was made: what it has of `web`'s addresses, its ports, its days. */
static const struct { const char *text; uint64_t sources; } sources[] = {
	{ "web", 16 }, { "10.0.0.0/29", 8 }, { "10.0.0.4/31", 2 },
	{ "(web, db)", 16 }, { "any", 16 }, { "db", 0 },
	{ "10.0.1.0/30", 4 }, { "(web except 10.0.0.0/28)", 16 },
};

static const struct { const char *text; uint64_t ports; } opened[] = {
	{ "tcp/22", 1 }, { "tcp/100-199", 100 }, { "udp/53, tcp/53", 2 },
	{ "any", 131072 }, { "icmp/any", 0 }, { "tcp/0-65535", 65536 },
	{ "proto/50, udp/7-9", 3 },
};

static const struct { const char *text; uint64_t days; } lives[] = {
	{ "", UINT64_MAX }, { " expires 2026-06-01", 0 },
	{ " expires 2026-06-15", 14 }, { " expires 2026-08-30", 90 },
};

static void each_round(struct arena *arena, uint64_t seed, size_t tally[2])
{
	static const char *const forms[] = { "at most %u addresses",
		"at most %u ports", "expires within %ud" };
	static const unsigned limits[][4] = { { 2, 4, 8, 12 },
		{ 1, 3, 100, 65536 }, { 1, 14, 89, 90 } };
	struct dice dice = dice_of(seed);
	int form = (int)dice_roll(&dice, 3);
	unsigned limit = limits[form][dice_roll(&dice, 4)], expected = 0;
	size_t bad = 0, told = 0;
	struct text text = TEXT_IN(arena);
	struct policy p;
	const struct verdict *v;

	text_puts(&text, world);
	for (unsigned i = 0; i < 5; i++) {
		unsigned s = dice_roll(&dice, COUNT(sources));
		unsigned o = dice_roll(&dice, COUNT(opened));
		unsigned l = dice_roll(&dice, COUNT(lives));
		uint64_t amount = form == 0 ? sources[s].sources
				: form == 1 ? opened[o].ports : lives[l].days;

		text_printf(&text, "r%u: allow %s -> db on %s%s;\n", i,
			    sources[s].text, opened[o].text, lives[l].text);
		if (sources[s].sources && amount > limit) {
			bad++;
			expected |= 1u << i;
		}
	}
	text_puts(&text, "inv: each rule web ");
	text_printf(&text, forms[form], limit);
	text_puts(&text, ";\n");
	if (!policy_of_text(&p, arena, text_string(&text), DAY))
		fail_msg("%s%s", text_string(&text), policy_messages(&p));
	v = verify_verdicts(arena, p.ir);
	for (size_t i = 0; i < v->mending_count; i++)
		told |= 1u << v->mending[i];
	if (told != expected ||
	    v->kind != (bad ? VERDICT_BROKEN : VERDICT_HOLDS))
		fail_msg("seed %llu: rules %zx, expected %x\n%s",
			 (unsigned long long)seed, told, expected,
			 text_string(&text));
	tally[bad != 0]++;
}

static void each_rule_is_counted_as_it_was_made(void **state)
{
	size_t tally[2] = { 0 };

	for (uint64_t seed = 1; seed <= 2 * rounds; seed++) {
		struct arena *arena = arena_child(*state);

		each_round(arena, seed, tally);
		arena_free(arena);
	}
	printf("%zu broken, %zu held\n", tally[1], tally[0]);
	assert_true(tally[0] && tally[1]);
}

/* An argument is how many rounds. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(parity_is_what_brute_force_finds),
		IN_ARENA(each_rule_is_counted_as_it_was_made),
	};

	if (argc > 1)
		rounds = strtoull(argv[1], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
