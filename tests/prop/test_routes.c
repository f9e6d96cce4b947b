/*
 * Routes against brute force.
 *
 * The world has two environments that peer, of a few hosts each: one host
 * stands for all that no declared set tells apart.  What each single rule
 * admits is asked of the naive evaluator, packet by packet; routes are then
 * found by entering hosts until nothing more is entered, and mending sets by
 * trying every set of rules.
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

enum { RULES_MOST = 8, ENVIRONMENTS = 2 };

static uint64_t rounds = 200;

static const char *const environments[ENVIRONMENTS] = { "dev", "prod" };

static const char world[] =
	"language 1; policy small; environments dev, prod;\n"
	"layer web; layer app; layer db; layer job shared-hosts;\n"
	"network office = 198.51.100.0/24; network core via vpn = 172.16.0.0/30;\n"
	"environment prod { vpc 10.0.0.0/24, 2001:db8::/62; layer web 10.0.0.0/28;\n"
	"  layer app 10.0.0.16/28, 2001:db8::/64; layer db 10.0.0.32/29;\n"
	"  layer job 10.0.0.48/28, 2001:db8:0:1::/64; peer dev; }\n"
	"environment dev { vpc 10.0.1.0/24, 2001:db8:1::/62; layer web 10.0.1.0/28;\n"
	"  layer app 10.0.1.16/28, 2001:db8:1::/64; layer db 10.0.1.32/29; }\n";

static const char *const places[] = { "web", "app", "db", "job", "office",
				      "core" };

/* What rules have at their ends; those within one environment. */
static const char *const ends[] = {
	"web", "app", "db", "job", "office", "core", "web", "app", "db", "job",
	"web", "app", "db", "internet", "10.0.0.24/29", "10.0.0.56/29", "any",
	"(web, app)", "(app except 10.0.0.24/29)",
};

static const char *const crossings[] = {
	"dev.web -> prod.app", "prod.db -> dev.web", "dev.app -> prod.web",
	"prod.app -> dev.db",
};

/* What invariants have. */
static const char *const claims[] = {
	"web", "app", "db", "job", "office", "core", "web", "internet",
	"10.0.0.24/29", "10.0.0.56/29", "(web, office)", "(any except db)",
	"10.0.1.0/28", "db", "core",
};

static const char *const avoided[] = { "app", "web", "10.0.0.24/29",
				       "(job, core)", "office" };

static const char *const services[] = { "tcp/22", "tcp/443", "any", "any",
					"tcp/22-443", "icmp/echo-request" };

static const uint32_t edges4[] = {
	0x00000000, 0x01000000, 0x0a000000, 0x0a000010, 0x0a000018, 0x0a000020,
	0x0a000028, 0x0a000030, 0x0a000038, 0x0a000040, 0x0a000100, 0x0a000110,
	0x0a000120, 0x0a000128, 0xac100000, 0xc6336400,
};

static const uint64_t edges6[] = {
	UINT64_C(0x20010db800000000), UINT64_C(0x20010db800000001),
	UINT64_C(0x20010db800000002), UINT64_C(0x20010db800010000),
	UINT64_C(0x20010db800010001), UINT64_C(0x2003000000000000),
};

static const uint32_t keys[] = { 0x060016, 0x060017, 0x0601bb, 0x0601bc,
				 0x010800 };

enum { HOSTS4 = 16, HOSTS6 = 6, HOSTS = HOSTS4 + HOSTS6, KEYS = 5 };

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

/* By environment, source, destination and service: which rules, a bit each. */
typedef unsigned admits[ENVIRONMENTS][HOSTS][HOSTS][KEYS];

/* By environment and host. */
typedef bool hosts[ENVIRONMENTS][HOSTS];

static bool allows(const struct policy *p, int e, int src, int dst, int key)
{
	struct packet packet = { family_of(src), address_of(src),
				 address_of(dst), keys[key] };

	return family_of(src) == family_of(dst) &&
	       naive_allows(p->ast, "", environments[e], &packet, p->as_of);
}

static struct policy parse(struct arena *arena, const char *statement)
{
	struct policy p;

	(void)policy_of_text(&p, arena,
			     arena_printf(arena, "%s%s\n", world, statement),
			     DAY);
	return p;
}

/* Where the endpoint is, as the source of a rule would be. */
static void where(struct arena *arena, const char *endpoint, hosts out)
{
	struct policy p = parse(arena, arena_printf(arena,
		"claim: allow %s -> any on any;", endpoint));

	for (int e = 0; e < ENVIRONMENTS; e++)
		for (int h = 0; h < HOSTS; h++)
			out[e][h] = allows(&p, e, h, h, 0);
}

static void mark_rule(struct arena *arena, const char *rule, unsigned bit,
		      admits out)
{
	struct policy p = parse(arena, rule);

	for (int e = 0; e < ENVIRONMENTS; e++)
		for (int s = 0; s < HOSTS; s++)
			for (int d = 0; d < HOSTS; d++)
				for (int k = 0; k < KEYS; k++)
					if (allows(&p, e, s, d, k))
						out[e][s][d][k] |= bit;
}

/* Everything that one round is about. */
struct round {
	const char *text;
	admits rules;			/* which rules admit a packet */
	hosts in[COUNT(places)];	/* each place */
	hosts a, avoid;
	bool b[ENVIRONMENTS][HOSTS][KEYS];
	hosts vpc;
	bool reach;			/* REACH: count layers */
	unsigned hops, most;
};

enum { SHARED = 3 };	/* `job` among the places */

/* From H, which was entered or is where a route begins, what comes for free. */
static void widen(const struct round *r, const hosts entered, int first,
		  hosts out)
{
	for (int e = 0; e < ENVIRONMENTS; e++)
		for (int p = first; p < (int)COUNT(places); p++) {
			bool touched = false;

			if (first == SHARED && p != SHARED)
				continue;
			for (int h = 0; h < HOSTS; h++)
				touched |= entered[e][h] && r->in[p][e][h] &&
					   !r->avoid[e][h];
			for (int h = 0; touched && h < HOSTS; h++)
				out[e][h] |= r->in[p][e][h] && !r->avoid[e][h];
		}
}

/* Own addresses of E, seen from there. */
static bool is_own(const struct round *r, int e, int h)
{
	return r->vpc[e][h];
}

/*
 * Hosts that a connection from one of FROM enters, without what REMOVED (bits)
 * permits; whether one of them ends a route.
 */
static bool hop(const struct round *r, const hosts from, unsigned removed,
		hosts entered)
{
	bool ended = false;

	for (int e = 0; e < ENVIRONMENTS; e++)
	for (int s = 0; s < HOSTS; s++)
	for (int d = 0; from[e][s] && d < HOSTS; d++)
	for (int k = 0; k < KEYS; k++) {
		if (!(r->rules[e][s][d][k] & ~removed) || r->avoid[e][d])
			continue;
		entered[e][d] = true;
		ended |= r->b[e][d][k];
		if (!is_own(r, e, s) || !is_own(r, 1 - e, d) ||
		    r->avoid[1 - e][d] ||
		    !(r->rules[1 - e][s][d][k] & ~removed))
			continue;
		entered[1 - e][d] = true;
		ended |= r->b[1 - e][d][k];
	}
	return ended;
}

/* The length of the shortest route, or 0; of REACH from E: how many layers. */
static unsigned explore(const struct round *r, unsigned removed, int only)
{
	hosts from = { 0 }, entered = { 0 };
	unsigned layers = 0;

	for (int e = 0; e < ENVIRONMENTS; e++)
		for (int h = 0; h < HOSTS; h++)
			from[e][h] = r->a[e][h] && !r->avoid[e][h] &&
				     (only < 0 || only == e);
	widen(r, from, SHARED, from);
	for (unsigned n = 1; n <= r->hops && n <= ENVIRONMENTS * HOSTS; n++) {
		if (hop(r, from, removed, entered) && !r->reach)
			return n;
		widen(r, entered, 0, from);
	}
	for (int e = 0; e < ENVIRONMENTS; e++)
		for (int p = 0; p <= SHARED; p++) {
			bool touched = false;

			for (int h = 0; h < HOSTS; h++)
				touched |= entered[e][h] && r->in[p][e][h];
			layers += touched;
		}
	return r->reach ? layers : 0;
}

static bool is_wrong(const struct round *r, unsigned removed)
{
	if (!r->reach)
		return explore(r, removed, -1) != 0;
	for (int e = 0; e < ENVIRONMENTS; e++)
		if (explore(r, removed, e) > r->most)
			return true;
	return false;
}

/* The same of one environment: routes that end in it, or that begin there. */
static bool is_wrong_in(const struct round *r, unsigned removed, int e)
{
	struct round own = *r;

	if (r->reach)
		return explore(r, removed, e) > r->most;
	for (int other = 0; other < ENVIRONMENTS; other++)
		if (other != e)
			memset(own.b[other], 0, sizeof own.b[other]);
	return is_wrong(&own, removed);
}

/* The fewest rules beside those REMOVED that mend it; *WAYS sets of that size do. */
static unsigned fewest(const struct round *r, unsigned removed,
		       unsigned rule_count, unsigned *ways)
{
	for (unsigned size = 0; size <= rule_count; size++) {
		*ways = 0;
		for (unsigned set = 0; set < 1u << rule_count; set++)
			*ways += (unsigned)__builtin_popcount(set) == size &&
				 !(set & removed) && !is_wrong(r, removed | set);
		if (*ways)
			return size;
	}
	return UINT32_MAX;
}

static const char *pick(struct dice *dice, const char *const *some, size_t n)
{
	return some[dice_roll(dice, (unsigned)n)];
}

static const char *random_rule(struct arena *arena, struct dice *dice,
			       unsigned number, bool *waives)
{
	const char *svc = pick(dice, services, COUNT(services));
	const char *waiver = "";

	*waives = dice_chance(dice, 12);
	if (*waives)
		waiver = " expires 2026-12-31 ticket T approved by boss waives inv";
	if (dice_chance(dice, 20))
		return arena_printf(arena, "r%u: allow %s on %s%s;", number,
				    pick(dice, crossings, COUNT(crossings)),
				    svc, waiver);
	return arena_printf(arena, "r%u: allow %s -> %s on %s%s;", number,
			    pick(dice, ends, COUNT(ends)),
			    pick(dice, ends, COUNT(ends)), svc, waiver);
}

/* The invariant as text, and what it is about in R. */
static const char *random_claim(struct arena *arena, struct dice *dice,
				struct round *r)
{
	const char *a = pick(dice, claims, COUNT(claims));
	const char *b = pick(dice, claims, COUNT(claims));
	const char *on = pick(dice, services, COUNT(services));
	const char *avoid = dice_chance(dice, 40)
		? pick(dice, avoided, COUNT(avoided)) : NULL;
	struct policy p;

	where(arena, a, r->a);
	r->reach = dice_chance(dice, 30);
	r->hops = 1 + dice_roll(dice, 4);
	if (r->reach) {
		r->most = dice_roll(dice, 4);
		return arena_printf(arena, "inv: reach %s within %u at most %u layers;",
				    a, r->hops, r->most);
	}
	p = parse(arena, arena_printf(arena, "claim: allow any -> %s on %s;",
				      b, on));
	for (int e = 0; e < ENVIRONMENTS; e++)
		for (int h = 0; h < HOSTS; h++)
			for (int k = 0; k < KEYS; k++)
				r->b[e][h][k] = allows(&p, e, h, h, k);
	if (avoid)
		where(arena, avoid, r->avoid);
	if (!avoid && dice_chance(dice, 50)) {
		r->hops += r->hops == 1;
		return arena_printf(arena, "inv: within %u hops never %s -> %s on %s;",
				    r->hops, a, b, on);
	}
	r->hops = HOPS_ANY;
	return arena_printf(arena, "inv: never %s -> %s on %s%s%s transitively;",
			    a, b, on, avoid ? " avoiding " : "",
			    avoid ? avoid : "");
}

struct tally {
	size_t held, broken, waived, refused, long_routes, sets_of_two, others;
};

static void compare(const struct round *r, const struct verdict *v,
		    unsigned rule_count, unsigned waiving, uint64_t seed,
		    struct tally *tally)
{
	bool broken = is_wrong(r, waiving), any = is_wrong(r, 0);
	enum verdict_kind expected = broken ? VERDICT_BROKEN
				   : any ? VERDICT_WAIVED : VERDICT_HOLDS;
	unsigned ways, size;

	if (v->kind != expected)
		fail_msg("seed %llu: verdict %d, brute force %d\n%s",
			 (unsigned long long)seed, (int)v->kind, (int)expected,
			 r->text);
	tally->held += expected == VERDICT_HOLDS;
	tally->broken += broken;
	tally->waived += expected == VERDICT_WAIVED;
	for (int e = 0; broken && e < ENVIRONMENTS; e++)
		if (v->broken[e] != is_wrong_in(r, waiving, e))
			fail_msg("seed %llu: broken in %s: %d; brute force: %d\n%s",
				 (unsigned long long)seed, environments[e],
				 v->broken[e], is_wrong_in(r, waiving, e),
				 r->text);
	if (!any)
		return;
	size = fewest(r, broken ? waiving : 0, rule_count, &ways);
	if (!v->mending_smallest || v->mending_count != size ||
	    v->mending_only != (ways == 1))
		fail_msg("seed %llu: %zu rules mend it, only: %d; brute force: %u rules, %u ways\n%s",
			 (unsigned long long)seed, v->mending_count,
			 v->mending_only, size, ways, r->text);
	tally->sets_of_two += size > 1;
	tally->others += ways > 1;
	if (r->reach)
		return;
	if (v->hop_count != explore(r, broken ? waiving : 0, -1))
		fail_msg("seed %llu: a route of %zu hops, brute force %u\n%s",
			 (unsigned long long)seed, v->hop_count,
			 explore(r, broken ? waiving : 0, -1), r->text);
	tally->long_routes += v->hop_count > 2;
	if (!(v->packets > 0))
		fail_msg("seed %llu: no packets", (unsigned long long)seed);
}

static void one_round(struct arena *arena, uint64_t seed, struct tally *tally)
{
	struct dice dice = dice_of(seed);
	struct round *r = arena_alloc(arena, sizeof *r);
	unsigned count = 4 + dice_roll(&dice, RULES_MOST - 3), waiving = 0;
	struct text text = TEXT_IN(arena);
	struct policy p;

	for (unsigned i = 0; i < count; i++) {
		bool waives;
		const char *rule = random_rule(arena, &dice, i, &waives);

		text_printf(&text, "%s\n", rule);
		mark_rule(arena, rule, 1u << i, r->rules);
		waiving |= waives ? 1u << i : 0;
	}
	for (size_t i = 0; i < COUNT(places); i++)
		where(arena, places[i], r->in[i]);
	for (int h = 0; h < HOSTS; h++) {
		u128 a = address_of(h);

		r->vpc[1][h] = family_of(h) == IPV4 ? a >> 8 == 0x0a0000
			     : a >> 66 == (u128)0x20010db800000000 >> 2;
		r->vpc[0][h] = family_of(h) == IPV4 ? a >> 8 == 0x0a0001
			     : a >> 66 == (u128)0x20010db800010000 >> 2;
	}
	text_puts(&text, random_claim(arena, &dice, r));
	r->text = text_string(&text);
	if (!policy_of_text(&p, arena,
			    arena_printf(arena, "%s%s\n", world, r->text),
			    DAY)) {
		tally->refused++;
		return;
	}
	compare(r, verify_verdicts(arena, p.ir), count, waiving, seed, tally);
}

static void routes_are_what_brute_force_finds(void **state)
{
	struct tally t = { 0 };

	for (uint64_t seed = 1; seed <= rounds; seed++) {
		struct arena *arena = arena_child(*state);

		one_round(arena, seed, &t);
		arena_free(arena);
	}
	printf("%zu broken, %zu waived, %zu held, %zu refused; %zu routes of three hops and more, %zu mending sets of two and more, %zu not the only ones\n",
	       t.broken, t.waived, t.held, t.refused, t.long_routes,
	       t.sets_of_two, t.others);
	assert_true(t.broken && t.waived && t.held && t.refused);
	assert_true(t.long_routes && t.sets_of_two && t.others);
}

/* An argument is how many rounds. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(routes_are_what_brute_force_finds),
	};

	if (argc > 1)
		rounds = strtoull(argv[1], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
