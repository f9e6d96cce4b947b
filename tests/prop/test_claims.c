/*
 * What invariants say, packet by packet: the boxes that resolving makes of a
 * sentence, against the sentence read by hand over a small world.  The world
 * has two environments that peer and a prefix list that nobody wrote down; its
 * addresses are told apart by few edges, and one stands for all up to the next.
 */
#include "tests/lib/fixture.h"

#include "compiler/base/addr.h"
#include "compiler/base/service.h"
#include "compiler/base/text.h"
#include "tests/lib/dice.h"
#include "tests/lib/naive.h"
#include "tests/lib/policy.h"

#include <stdio.h>
#include <string.h>

#define DAY "2026-06-01"
#define COUNT(a) (sizeof(a) / sizeof *(a))

enum { ROUNDS = 1200, SPACES = 2, ITEMS = 3 };

static const char *const environments[SPACES] = { "dev", "prod" };

/* Networks by name: core, list, office.  So the list is opaque_class(1). */
static const char world[] =
	"language 1; policy small; environments dev, prod;\n"
	"layer web; layer app; layer db;\n"
	"network office = 198.51.100.0/24; network core via vpn = 172.16.0.0/30;\n"
	"network list prefix-list \"com.amazonaws.x.s3\" via endpoint;\n"
	"group ours = web, app; group out = internet, list;\n"
	"environment dev { vpc 10.0.1.0/24, 2001:db8:1::/62; layer web 10.0.1.0/28;\n"
	"  layer app 10.0.1.16/28, 2001:db8:1::/64; }\n"
	"environment prod { vpc 10.0.0.0/24, 2001:db8::/62; layer web 10.0.0.0/28;\n"
	"  layer app 10.0.0.16/28, 2001:db8::/64; layer db 10.0.0.32/29; peer dev; }\n";

static const char *const names[] = {
	"web", "app", "db", "office", "core", "list", "ours", "out", "internet",
	"any", "dev.web", "dev.app", "prod.web", "prod.db", "10.0.0.0/23",
	"2001:db8::/65", "0.0.0.0/0",
};

static const char *const services[] = { "tcp/443", "tcp/0-1023", "udp/53",
	"any", "icmp/any", "icmp6/any", "(any except tcp/443)" };

static const u128 addresses4[] = {
	0x01000000, 0x0a000000, 0x0a000010, 0x0a000020, 0x0a000028, 0x0a000100,
	0x0a000110, 0x0a000120, 0x0a000200, 0xac100000, 0xac100004, 0xc6336400,
	0xe0000000, ((u128)1 << 33) + 2,
};

static const uint64_t addresses6[] = {
	UINT64_C(0x2003000000000000), UINT64_C(0x20010db800000000),
	UINT64_C(0x20010db800000001), UINT64_C(0x20010db800010000),
	UINT64_C(0x20010db800010001), UINT64_C(0x4000000000000000),
};

static const uint32_t keys[] = { 0x0601bb, 0x0601bc, 0x110035, 0x010800,
				 0x3a8000, 0x320000 };

enum {
	FOURS = COUNT(addresses4), SIXES = COUNT(addresses6),
	PLACES = FOURS + SIXES, KEYS = COUNT(keys),
};

static enum family family_at(size_t i)
{
	return i < FOURS ? IPV4 : IPV6;
}

static u128 address_at(size_t i)
{
	return i < FOURS ? addresses4[i] : (u128)addresses6[i - FOURS] << 64;
}

/* Which addresses a name has, as rules read it and as claims do. */
static bool members[SPACES][COUNT(names)][2][PLACES];
static bool in_service[COUNT(services)][FAMILIES][KEYS];

static void learn(struct arena *arena)
{
	struct policy p;

	assert_true(policy_of_text(&p, arena, world, DAY));
	for (int s = 0; s < SPACES; s++)
		for (size_t n = 0; n < COUNT(names); n++)
			for (size_t i = 0; i < PLACES; i++) {
				bool is = naive_is_in(p.ast, "", environments[s],
						      names[n], family_at(i),
						      address_at(i));
				bool listed = i == FOURS - 1;
				bool wide = strcmp(names[n], "any") == 0 ||
					    strcmp(names[n], "internet") == 0;

				members[s][n][0][i] = is;
				members[s][n][1][i] = is || (listed && wide);
			}
	for (size_t n = 0; n < COUNT(services); n++) {
		struct text t = TEXT_IN(arena);
		struct policy one;

		text_puts(&t, world);
		text_printf(&t, "r: allow any -> any on %s;\n", services[n]);
		(void)policy_of_text(&one, arena, text_string(&t), DAY);
		for (int f = IPV4; f < FAMILIES; f++)
			for (size_t k = 0; k < KEYS; k++) {
				struct packet packet = { (enum family)f, 1, 1,
							 keys[k] };

				in_service[n][f][k] = naive_allows(
					one.ast, "", "prod", &packet,
					one.as_of);
			}
	}
}

/* A name, a union, or a difference. */
struct end {
	enum { ONE, UNION, EXCEPT } kind;
	unsigned count, name[ITEMS];
};

static struct end random_end(struct dice *dice)
{
	struct end e = { .kind = dice_chance(dice, 60) ? ONE
			       : dice_chance(dice, 50) ? UNION : EXCEPT };

	e.count = e.kind == ONE ? 1 : 2;
	for (unsigned i = 0; i < e.count; i++)
		e.name[i] = dice_roll(dice, COUNT(names));
	return e;
}

static const char *end_text(struct arena *arena, const struct end *e)
{
	if (e->kind == ONE)
		return names[e->name[0]];
	return arena_printf(arena, e->kind == UNION ? "(%s, %s)"
			    : "(%s except %s)", names[e->name[0]],
			    names[e->name[1]]);
}

static bool in_end(const struct end *e, int space, bool claim, size_t place)
{
	bool first = members[space][e->name[0]][claim][place], second;

	if (e->kind == ONE)
		return first;
	second = members[space][e->name[1]][claim][place];
	return e->kind == UNION ? first || second : first && !second;
}

struct said {
	const char *form;
	struct end src, dst;
	size_t on;		/* of services */
	unsigned tiers[ITEMS];	/* names, of `tiers` and `isolate` */
};

/* Does the sentence forbid, or demand, the packet? */
static bool speaks_of(const struct said *s, int space, size_t src, size_t dst,
		      size_t key)
{
	bool claim = strcmp(s->form, "must") != 0;
	bool from = in_end(&s->src, space, claim, src);
	bool to = in_end(&s->dst, space, claim, dst);
	bool on = in_service[s->on][family_at(src)][key];

	if (strcmp(s->form, "only") == 0)
		return to && !(from && on);
	if (strcmp(s->form, "confine") == 0)
		return from && !(to && on);
	if (strcmp(s->form, "tiers") != 0 && strcmp(s->form, "isolate") != 0)
		return from && to && on;
	for (unsigned i = 0; i < ITEMS; i++)
		for (unsigned k = 0; k < ITEMS; k++)
			if (i != k && (*s->form == 'i' || k != i + 1) &&
			    members[space][s->tiers[i]][1][src] &&
			    members[space][s->tiers[k]][1][dst])
				return true;
	return false;
}

static bool has_packet(const struct ir_claim_box *some, size_t count,
		       uint32_t space, enum family family, u128 src, u128 dst,
		       uint32_t key)
{
	for (size_t i = 0; i < count; i++)
		if (some[i].space == space && some[i].family == family &&
		    ranges_have(some[i].src, src) &&
		    ranges_have(some[i].dst, dst) &&
		    ranges_have(some[i].svc, key))
			return true;
	return false;
}

static struct said random_said(struct dice *dice)
{
	static const char *const forms[] = { "never", "only", "confine", "must",
					     "tiers", "isolate" };
	struct said s = { .form = forms[dice_roll(dice, COUNT(forms))],
			  .src = random_end(dice), .dst = random_end(dice),
			  .on = dice_roll(dice, COUNT(services)) };

	for (unsigned i = 0; i < ITEMS; i++)
		s.tiers[i] = dice_roll(dice, 12);	/* no prefixes */
	return s;
}

static const char *said_text(struct arena *arena, const struct said *s,
			     const char *label)
{
	const char *between = *s->form == 't' ? " > " : ", ";

	if (strcmp(s->form, "tiers") == 0 || strcmp(s->form, "isolate") == 0)
		return arena_printf(arena, "%s: %s %s%s%s%s%s;\n", label, s->form,
				    names[s->tiers[0]], between,
				    names[s->tiers[1]], between,
				    names[s->tiers[2]]);
	return arena_printf(arena, "%s: %s %s -> %s on %s;\n", label, s->form,
			    end_text(arena, &s->src), end_text(arena, &s->dst),
			    services[s->on]);
}

/* The packets of both families, one after the other; SRC and DST by place. */
static void each_packet(const struct ir_invariant *inv, const struct said *s,
			uint64_t seed, const char *text, unsigned *in)
{
	for (int space = 0; space < SPACES; space++)
		for (size_t src = 0; src < PLACES; src++)
			for (size_t dst = 0; dst < PLACES; dst++)
				for (size_t k = 0; k < KEYS; k++) {
					bool should, is;

					if (family_at(src) != family_at(dst))
						continue;
					should = speaks_of(s, space, src, dst, k);
					is = has_packet(inv->boxes,
							inv->box_count,
							(uint32_t)space,
							family_at(src),
							address_at(src),
							address_at(dst),
							keys[k]);
					if (is != should)
						fail_msg("seed %llu, %s: places %zu -> %zu, service %zu: %s\n%s",
							 (unsigned long long)seed,
							 environments[space],
							 src, dst, k, is
							 ? "in and should be out"
							 : "out and should be in",
							 text);
					*in += is;
				}
}

static void sentences_are_boxes_of_just_their_packets(void **state)
{
	unsigned taken = 0, in = 0;

	learn(*state);
	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		struct arena *arena = arena_child(*state);
		struct dice dice = dice_of(seed);
		struct said s = random_said(&dice);
		const char *text = arena_printf(arena, "%s%s", world,
						said_text(arena, &s, "i"));
		struct policy p;

		if (policy_of_text(&p, arena, text, DAY)) {
			each_packet(p.ir->invariants, &s, seed, text, &in);
			taken++;
		}
		arena_free(arena);
	}
	print_message("%u sentences, %u packets in them\n", taken, in);
	assert_true(taken > ROUNDS / 3 && in > 20000);
}

/* --- what cannot both be kept --- */

static bool meet_by_hand(const struct said *must, const struct said *other)
{
	for (int space = 0; space < SPACES; space++)
		for (size_t src = 0; src < PLACES; src++)
			for (size_t dst = 0; dst < PLACES; dst++)
				for (size_t k = 0; k < KEYS; k++)
					if (family_at(src) == family_at(dst) &&
					    speaks_of(must, space, src, dst, k) &&
					    speaks_of(other, space, src, dst, k))
						return true;
	return false;
}

static bool told_contradiction(struct policy *p, bool *other)
{
	size_t count;
	const struct fb_diag *all = diag_list(&p->diags, &count);
	bool told = false;

	*other = false;
	for (size_t i = 0; i < count; i++) {
		told |= strcmp(all[i].code, "P0313") == 0;
		*other |= all[i].severity == FB_ERROR &&
			  strcmp(all[i].code, "P0313") != 0;
	}
	return told;
}

static void contradictions_are_told_when_a_packet_shows_them(void **state)
{
	unsigned torn = 0, kept = 0;

	learn(*state);
	for (uint64_t seed = 1; seed <= 2 * ROUNDS; seed++) {
		struct arena *arena = arena_child(*state);
		struct dice dice = dice_of(~seed);
		struct said must = random_said(&dice), s = random_said(&dice);
		const char *text;
		struct policy p;
		bool mistakes, told;

		must.form = "must";
		text = arena_printf(arena, "%s%s%s", world,
				    said_text(arena, &must, "m"),
				    said_text(arena, &s, "i"));
		(void)policy_of_text(&p, arena, text, DAY);
		told = told_contradiction(&p, &mistakes);
		if (!mistakes && strcmp(s.form, "must") != 0) {
			if (told != meet_by_hand(&must, &s))
				fail_msg("seed %llu: %s\n%s",
					 (unsigned long long)seed, told
					 ? "told, and no packet shows it"
					 : "not told", text);
			*(told ? &torn : &kept) += 1;
		}
		arena_free(arena);
	}
	print_message("%u contradict each other, %u do not\n", torn, kept);
	assert_true(torn > 50 && kept > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(sentences_are_boxes_of_just_their_packets),
		IN_ARENA(contradictions_are_told_when_a_packet_shows_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
