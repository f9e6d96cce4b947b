/*
 * Invariants against brute force.
 *
 * The world is small: its addresses and services are told apart by few edges,
 * and one packet between any two edges stands for all.  An invariant is a
 * sentence A -> B on S; which packets are in A x B x S is asked of the naive
 * evaluator too, as if the sentence were a rule of a policy of its own.  So
 * both sides of each comparison are packet by packet, and sets are only in
 * what is being tested.
 */
#include "tests/lib/fixture.h"

#include "compiler/base/service.h"
#include "compiler/base/text.h"
#include "compiler/verify.h"
#include "tests/lib/dice.h"
#include "tests/lib/naive.h"
#include "tests/lib/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY "2026-06-01"

enum { RULES_MOST = 5 };

static uint64_t rounds = 500;

static const char world[] =
	"language 1; policy small; environments prod;\n"
	"layer web; layer app; layer db;\n"
	"network office = 198.51.100.0/24; network core via vpn = 172.16.0.0/30;\n"
	"group ours = web, app;\n"
	"service https = tcp/443; service low = tcp/0-1023;\n"
	"environment prod { vpc 10.0.0.0/24, 2001:db8::/62; layer web 10.0.0.0/28;\n"
	"  layer app 10.0.0.16/28, 2001:db8::/64; layer db 10.0.0.32/29, 2001:db8:0:1::/64; }\n";

static const char *const ends[] = {
	"web", "app", "db", "office", "core", "ours", "internet", "any",
	"(any except web)", "(ours except app)", "10.0.0.16/29",
	"(internet, core)", "(any except (db, internet))", "2001:db8::/65",
};

static const char *const services[] = {
	"https", "low", "tcp/444", "udp/53", "icmp/echo-request", "any",
	"(any except https)", "(low except https)", "proto/50",
	"(https, udp/0-65535)", "icmp6/any",
};

/* Edges of everything above, IPv4: each stands for all up to the next. */
static const uint32_t edges4[] = {
	0x00000000, 0x01000000, 0x0a000000, 0x0a000010, 0x0a000018, 0x0a000020,
	0x0a000028, 0x0a000100, 0x0b000000, 0xac100000, 0xac100004, 0xac200000,
	0xc6336400, 0xc6336500, 0xe0000000,
};

/* The first 64 bits of IPv6 edges, then whether the 65th is set. */
static const struct { uint64_t high; bool bit65; } edges6[] = {
	{ 0, false }, { UINT64_C(0x2003000000000000), false },
	{ UINT64_C(0x20010db800000000), false },
	{ UINT64_C(0x20010db800000000), true },
	{ UINT64_C(0x20010db800000001), false },
	{ UINT64_C(0x20010db800000002), false },
	{ UINT64_C(0x4000000000000000), false },
};

static const uint32_t keys[] = {
	0, 0x010000, 0x010800, 0x010900, 0x020000, 0x060000, 0x0601bb,
	0x0601bc, 0x0601bd, 0x060400, 0x110000, 0x110035, 0x110036, 0x120000,
	0x320000, 0x330000, 0x3a0000, 0x3b0000,
};

#define COUNT(a) (sizeof(a) / sizeof *(a))

static struct packet packet_number(size_t i)
{
	struct packet p = { .svc = keys[i % COUNT(keys)] };
	size_t pair = i / COUNT(keys);

	if (pair < COUNT(edges4) * COUNT(edges4)) {
		p.family = IPV4;
		p.src = edges4[pair % COUNT(edges4)];
		p.dst = edges4[pair / COUNT(edges4)];
		return p;
	}
	pair -= COUNT(edges4) * COUNT(edges4);
	p.family = IPV6;
	for (int end = 0; end < 2; end++) {
		size_t e = end ? pair / COUNT(edges6) : pair % COUNT(edges6);
		u128 a = (u128)edges6[e].high << 64 |
			 (u128)edges6[e].bit65 << 63;

		*(end ? &p.dst : &p.src) = a;
	}
	return p;
}

enum { PACKETS = (15 * 15 + 7 * 7) * 18 };

_Static_assert(COUNT(edges4) == 15 && COUNT(edges6) == 7 && COUNT(keys) == 18,
	       "PACKETS counts them");

static const char *pick(struct dice *dice, const char *const *some, size_t n)
{
	return some[dice_roll(dice, (unsigned)n)];
}

/* Which of PACKETS the one rule SENTENCE means. */
static void mark(struct arena *arena, const char *sentence, bool *in)
{
	struct policy p;
	struct text t = TEXT_IN(arena);

	text_puts(&t, world);
	text_printf(&t, "claim: allow %s;\n", sentence);
	(void)policy_of_text(&p, arena, text_string(&t), DAY);
	for (size_t i = 0; i < PACKETS; i++) {
		struct packet packet = packet_number(i);

		in[i] = naive_allows(p.ast, "", "prod", &packet, p.as_of);
	}
}

struct sentence {
	const char *form, *src, *dst, *on;	/* on: NULL for none */
};

/* How many addresses the edge FROM stands for: up to the next one. */
static double addresses_from(enum family family, u128 from)
{
	u128 next = family == IPV4 ? (u128)1 << 32 : 0;
	size_t count = family == IPV4 ? COUNT(edges4) : COUNT(edges6);

	for (size_t e = 0; e < count; e++) {
		u128 edge = family == IPV4 ? edges4[e]
			: (u128)edges6[e].high << 64 |
			  (u128)edges6[e].bit65 << 63;

		if (edge > from && (!next || edge < next))
			next = edge;
	}
	return (double)(next - from);	/* 0 stands for 2^128 */
}

/*
 * How many packets number I stands for, where nobody speaks of the internet,
 * which has more edges than the world.
 */
static double stands_for(size_t i)
{
	size_t k = i % COUNT(keys);
	struct packet p = packet_number(i);
	uint32_t last = k + 1 < COUNT(keys) ? keys[k + 1] - 1 : SERVICE_LAST;
	struct range range = { keys[k], last };
	/* a protocol without values counts where it begins */
	bool late = service_value(keys[k]) &&
		    !service_has_value(p.family, service_protocol(keys[k]));

	return ((double)service_count(p.family, (struct ranges){ &range, 1 }) -
		late) *
	       addresses_from(p.family, p.src) *
	       addresses_from(p.family, p.dst);
}

/* Which packets break it; how many all of them are. */
static double mark_broken(struct arena *arena, const struct sentence *s,
			  const bool *permitted, bool *broken)
{
	double all = 0;

	bool *claim = arena_array(arena, PACKETS, sizeof *claim);
	bool *wide = arena_array(arena, PACKETS, sizeof *wide);
	const char *on = s->on ? s->on : "any";
	bool never = strcmp(s->form, "never") == 0;
	bool must = strcmp(s->form, "must") == 0;

	mark(arena, arena_printf(arena, "%s -> %s on %s", s->src, s->dst, on),
	     claim);
	if (strcmp(s->form, "only") == 0)
		mark(arena, arena_printf(arena, "any -> %s on any", s->dst),
		     wide);
	else if (strcmp(s->form, "confine") == 0)
		mark(arena, arena_printf(arena, "%s -> any on any", s->src),
		     wide);
	for (size_t i = 0; i < PACKETS; i++) {
		broken[i] = never ? permitted[i] && claim[i]
			  : must ? claim[i] && !permitted[i]
				 : permitted[i] && wide[i] && !claim[i];
		if (broken[i])
			all += stands_for(i);
	}
	return all;
}

/* Each rule that admits a packet that must not pass has to be cut. */
static void check_mending(struct arena *arena, const char *const *rules,
			  unsigned count, const bool *broken,
			  const struct verdict *v, const char *text)
{
	size_t told = 0;

	for (unsigned r = 0; r < count; r++) {
		bool *in = arena_array(arena, PACKETS, sizeof *in);
		bool guilty = false;

		mark(arena, rules[r], in);
		for (size_t i = 0; i < PACKETS && !guilty; i++)
			guilty = in[i] && broken[i];
		for (size_t k = 0; k < v->mending_count; k++)
			if (v->mending[k] == r) {
				told++;
				guilty = !guilty;
			}
		if (guilty)
			fail_msg("r%u should be cut, or should not\n%s", r,
				 text);
	}
	assert_int_equal(told, v->mending_count);
	assert_true(v->mending_only && v->mending_smallest);
}

/* The packet of the message, as in "tcp 10.0.0.1 -> 10.0.0.33 port 443". */
static const char *told_packet(struct policy *p)
{
	size_t count;
	const struct fb_diag *list = diag_list(&p->diags, &count);

	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < list[i].part_count; k++) {
			const char *end = strchr(list[i].parts[k].text, '\n');

			if (list[i].parts[k].kind == FB_NOTE_AT && end)
				return end + 1;
		}
	return "";
}

static void one_round(struct arena *arena, uint64_t seed, size_t *broken,
		      size_t *held)
{
	struct dice dice = dice_of(seed);
	struct text rules = TEXT_IN(arena), all = TEXT_IN(arena);
	static const char *const forms[] = { "never", "only", "confine",
					     "must" };
	struct sentence s = { pick(&dice, forms, 4),
			      pick(&dice, ends, COUNT(ends)),
			      pick(&dice, ends, COUNT(ends)),
			      pick(&dice, services, COUNT(services)) };
	bool *permitted = arena_array(arena, PACKETS, sizeof *permitted);
	bool *breaks = arena_array(arena, PACKETS, sizeof *breaks);
	unsigned count = 1 + dice_roll(&dice, RULES_MOST);
	const char *made[RULES_MOST];
	const struct verdict *v;
	struct policy p;
	size_t found;
	double packets;
	bool expected;

	text_puts(&rules, world);
	for (unsigned i = 0; i < count; i++) {
		made[i] = arena_printf(arena, "%s -> %s on %s",
				       pick(&dice, ends, COUNT(ends)),
				       pick(&dice, ends, COUNT(ends)),
				       pick(&dice, services, COUNT(services)));
		text_printf(&rules, "r%u: allow %s;\n", i, made[i]);
	}
	text_puts(&all, text_string(&rules));
	if (strcmp(s.form, "must") != 0 && dice_chance(&dice, 30))
		s.on = NULL;
	text_printf(&all, "inv: %s %s -> %s", s.form, s.src, s.dst);
	if (s.on)
		text_printf(&all, " on %s", s.on);
	text_puts(&all, ";\n");
	if (!policy_of_text(&p, arena, text_string(&all), DAY))
		return;		/* a rule or the invariant means nothing */
	for (size_t i = 0; i < PACKETS; i++) {
		struct packet packet = packet_number(i);

		permitted[i] = naive_allows(p.ast, "", "prod", &packet,
					    p.as_of);
	}
	packets = mark_broken(arena, &s, permitted, breaks);
	expected = packets > 0;
	v = verify_verdicts(arena, p.ir);
	if (!strstr(strstr(text_string(&all), "r0:"), "internet") &&
	    (v->packets < packets * (1 - 1e-9) ||
	     v->packets > packets * (1 + 1e-9)))
		fail_msg("seed %llu: %g packets, brute force %g\n%s",
			 (unsigned long long)seed, v->packets, packets,
			 text_string(&all));
	if (expected && strcmp(s.form, "must") != 0 && seed % 4 == 0)
		check_mending(arena, made, count, breaks, v,
			      text_string(&all));
	found = verify_policy(arena, &p.diags, p.ir);
	if ((found != 0) != expected)
		fail_msg("seed %llu: verify says %s, brute force %s\n%s",
			 (unsigned long long)seed, found ? "broken" : "holds",
			 expected ? "broken" : "holds", text_string(&all));
	if (found && !*told_packet(&p))
		fail_msg("seed %llu: no packet is shown",
			 (unsigned long long)seed);
	*(expected ? broken : held) += 1;
}

static void invariants_hold_exactly_when_no_packet_breaks_them(void **state)
{
	size_t broken = 0, held = 0;

	for (uint64_t seed = 1; seed <= rounds; seed++) {
		struct arena *arena = arena_child(*state);

		one_round(arena, seed, &broken, &held);
		arena_free(arena);
	}
	printf("%zu broken, %zu held, %zu refused\n", broken, held,
	       rounds - broken - held);
	assert_true(broken > rounds / 10);
	assert_true(held > rounds / 20);
}

/* An argument is how many rounds. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(invariants_hold_exactly_when_no_packet_breaks_them),
	};

	if (argc > 1)
		rounds = strtoull(argv[1], NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
