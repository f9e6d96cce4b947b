/*
 * What stands open to the internet, against looking at one address after the
 * other: random rules with halves and quarters of the internet, ports at the
 * edges, and a second way to say when every address gets through.
 */
#include "compiler/base/addr.h"
#include "compiler/base/service.h"
#include "compiler/base/text.h"
#include "compiler/exposed.h"
#include "tests/lib/dice.h"
#include "tests/lib/fixture.h"
#include "tests/lib/policy.h"

#include <stdio.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

enum { POLICIES = 400, RULES_MOST = 7, POINTS = 400 };

static const char *const ends[] = {
	"0.0.0.0/1", "128.0.0.0/1", "0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2",
	"192.0.0.0/2", "0.0.0.0/0", "::/0", "2000::/4", "3000::/4", "2000::/3",
	"203.0.112.0/23", "203.0.112.0/24", "8.8.8.8/32", "internet", "any",
};

static const struct { const char *text; unsigned protocol, lo, hi; } services[] = {
	{ "tcp/22", 6, 22, 22 },	{ "udp/22", 17, 22, 22 },
	{ "tcp/20-25", 6, 20, 25 },	{ "tcp/3389", 6, 3389, 3389 },
	{ "tcp/3000", 6, 3000, 3000 },	{ "tcp/0-3388", 6, 0, 3388 },
	{ "tcp/3389-65535", 6, 3389, 65535 }, { "tcp/0-65535", 6, 0, 65535 },
	{ "tcp/9201-9299", 6, 9201, 9299 },	{ "udp/9300", 17, 9300, 9300 },
	{ "proto/50", 50, 0, 65535 },	{ "any", 256, 0, 0 },
};

static const char *const layers[] = { "a", "b" };

struct one {
	unsigned end, service, layer;
	bool out;
};

struct scene {
	struct arena *arena;
	struct one rules[RULES_MOST];
	unsigned count;
	const struct ir_space *space;
	u128 points[FAMILIES][POINTS];		/* one of each class of the world */
	unsigned point_count[FAMILIES];
};

static const char *policy_text(struct scene *s, struct dice *dice)
{
	struct text text = TEXT_IN(s->arena);

	text_puts(&text, "language 1; policy p; environments prod;\n"
		  "layer a; layer b;\nenvironment prod {"
		  " vpc 10.0.0.0/16, 2600:1f18:4a3:6900::/56;\n"
		  " layer a 10.0.0.0/24, 2600:1f18:4a3:6900::/64;\n"
		  " layer b 10.0.1.0/24, 2600:1f18:4a3:6901::/64;\n}\n");
	s->count = 1 + dice_roll(dice, RULES_MOST);
	for (unsigned i = 0; i < s->count; i++) {
		struct one *r = &s->rules[i];

		*r = (struct one){ dice_roll(dice, COUNT(ends)),
				   dice_roll(dice, COUNT(services)),
				   dice_roll(dice, COUNT(layers)),
				   dice_chance(dice, 30) };
		text_printf(&text, r->out ? "r%u: allow %s -> %s on %s;\n"
			    : "r%u: allow %s -> %s on %s;\n", i,
			    r->out ? layers[r->layer] : ends[r->end],
			    r->out ? ends[r->end] : layers[r->layer],
			    services[r->service].text);
	}
	return text_string(&text);
}

static bool is_world(const struct scene *s, enum family f, u128 address)
{
	return ranges_have(s->space->internet.of[f], address);
}

static bool end_has(const struct scene *s, unsigned end, enum family f,
		    u128 address)
{
	struct prefix p;
	struct range r;

	if (strcmp(ends[end], "any") == 0)
		return true;
	if (strcmp(ends[end], "internet") == 0)
		return is_world(s, f, address);
	assert_int_equal(prefix_read(ends[end], strlen(ends[end]), &p),
			 PREFIX_OK);
	r = prefix_range(p);
	return p.family == f && r.lo <= address && address <= r.hi;
}

static void add_point(struct scene *s, enum family f, u128 address)
{
	if (!is_world(s, f, address))
		return;
	assert_true(s->point_count[f] < POINTS);
	s->points[f][s->point_count[f]++] = address;
}

/* Where a class begins: a stretch of the world, a prefix, what is behind one. */
static void find_points(struct scene *s)
{
	for (enum family f = IPV4; f < FAMILIES; f++)
		for (size_t i = 0; i < s->space->internet.of[f].count; i++)
			add_point(s, f, s->space->internet.of[f].at[i].lo);
	for (size_t i = 0; i < COUNT(ends); i++) {
		struct prefix p;
		struct range r;

		if (!strchr(ends[i], '/'))
			continue;
		assert_int_equal(prefix_read(ends[i], strlen(ends[i]), &p),
				 PREFIX_OK);
		r = prefix_range(p);
		add_point(s, p.family, r.lo);
		add_point(s, p.family, r.hi + 1);
	}
}

static bool serves(const struct one *r, unsigned protocol, unsigned value)
{
	return services[r->service].protocol == 256 ||
	       (services[r->service].protocol == protocol &&
		services[r->service].lo <= value &&
		value <= services[r->service].hi);
}

static bool all_pass(const struct scene *s, enum family f, unsigned layer,
		     bool out, unsigned protocol, unsigned value)
{
	for (unsigned i = 0; i < s->point_count[f]; i++) {
		bool passes = false;

		for (unsigned k = 0; k < s->count; k++)
			passes |= s->rules[k].layer == layer &&
				  s->rules[k].out == out &&
				  serves(&s->rules[k], protocol, value) &&
				  end_has(s, s->rules[k].end, f, s->points[f][i]);
		if (!passes)
			return false;
	}
	return true;
}

static bool port_open(const struct scene *s, enum family f, unsigned layer,
		      unsigned port)
{
	return all_pass(s, f, layer, false, 6, port) ||
	       all_pass(s, f, layer, false, 17, port);
}

static bool all_ports(const struct scene *s, enum family f, unsigned layer)
{
	static const unsigned edges[] = { 0, 20, 22, 23, 26, 443, 444, 3389,
					  3390, 9201, 9300, 65535 };

	for (size_t i = 0; i < COUNT(edges); i++)
		if (!all_pass(s, f, layer, false, 6, edges[i]))
			return false;
	return true;
}

static bool everything_out(const struct scene *s, enum family f, unsigned layer)
{
	static const unsigned some[][2] = { { 0, 0 }, { 6, 0 }, { 6, 22 },
		{ 6, 443 }, { 6, 65535 }, { 17, 0 }, { 50, 0 }, { 255, 0 },
		{ 1, 0 }, { 58, 0 } };

	for (size_t i = 0; i < COUNT(some); i++)
		if (!all_pass(s, f, layer, true, some[i][0], some[i][1]))
			return false;
	return true;
}

/* A /23 of the world in one rule that has not all of it. */
static bool is_wide(const struct scene *s, const struct one *r)
{
	bool whole = true, wide = false;

	for (unsigned i = 0; i < s->point_count[IPV4]; i++) {
		u128 at = s->points[IPV4][i], base = at & ~(u128)511;
		bool all = true;

		whole &= end_has(s, r->end, IPV4, at);
		for (u128 a = base; a < base + 512; a++)
			all &= is_world(s, IPV4, a) &&
			       end_has(s, r->end, IPV4, a);
		/* the class may begin in the middle of a block: look behind */
		for (u128 a = base + 512; !all && a < base + 1024; a++) {
			if (!is_world(s, IPV4, a) ||
			    !end_has(s, r->end, IPV4, a))
				break;
			all = a == base + 1023;
		}
		wide |= all;
	}
	return wide && !whole && !r->out;
}

static bool naive(const struct scene *s, const char *code, unsigned layer)
{
	static const unsigned risky[] = {
		20, 21, 23, 25, 110, 135, 143, 445, 1433, 1434, 3000, 3306, 4333,
		5000, 5432, 5500, 5601, 8080, 8088, 8888, 9200, 9300 };
	bool all = all_ports(s, IPV4, layer) || all_ports(s, IPV6, layer);
	bool found = false;

	if (strcmp(code, "P0813") == 0)
		return all;
	if (strcmp(code, "P0814") == 0)
		return everything_out(s, IPV4, layer) ||
		       everything_out(s, IPV6, layer);
	for (enum family f = IPV4; f < FAMILIES; f++) {
		if (strcmp(code, "P0810") == 0)
			found |= port_open(s, f, layer, 22);
		if (strcmp(code, "P0811") == 0)
			found |= port_open(s, f, layer, 3389);
		for (size_t i = 0; i < COUNT(risky); i++)
			if (strcmp(code, "P0812") == 0)
				found |= port_open(s, f, layer, risky[i]);
	}
	for (unsigned i = 0; i < s->count; i++)
		if (strcmp(code, "P0815") == 0 && s->rules[i].layer == layer)
			found |= is_wide(s, &s->rules[i]);
	return found && !all;
}

static bool told(struct diags *diags, const char *code, const char *layer)
{
	char begin[32];
	size_t count;
	const struct fb_diag *all = diag_list(diags, &count);

	snprintf(begin, sizeof begin, "layer `%s` ", layer);
	for (size_t i = 0; i < count; i++)
		if (strcmp(all[i].code, code) == 0 &&
		    strncmp(all[i].message, begin, strlen(begin)) == 0)
			return true;
	return false;
}

static void what_is_told_is_what_one_sees_address_by_address(void **state)
{
	static const char *const codes[] = { "P0810", "P0811", "P0812", "P0813",
					     "P0814", "P0815" };
	unsigned seen[COUNT(codes)] = { 0 };

	(void)state;
	for (unsigned seed = 1; seed <= POLICIES; seed++) {
		struct arena *arena = arena_new(0);
		struct dice dice = dice_of(seed);
		struct scene s = { .arena = arena };
		struct diags diags = { .arena = arena };
		const char *text = policy_text(&s, &dice);
		struct policy policy;

		if (!policy_of_text(&policy, arena, text, "2026-06-01"))
			fail_msg("%s\n%s", text, policy_messages(&policy));
		s.space = &policy.ir->spaces[0];
		find_points(&s);
		(void)exposed_tell(arena, &diags, policy.ir);
		for (size_t c = 0; c < COUNT(codes); c++)
			for (unsigned l = 0; l < COUNT(layers); l++) {
				bool is = naive(&s, codes[c], l);

				seen[c] += is;
				if (told(&diags, codes[c], layers[l]) != is)
					fail_msg("%s of %s is %s:\n%s", codes[c],
						 layers[l], is ? "so" : "not so",
						 text);
			}
		arena_free(arena);
	}
	for (size_t c = 0; c < COUNT(codes); c++) {
		print_message("%s: %u\n", codes[c], seen[c]);
		assert_true(seen[c] >= 5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_told_is_what_one_sees_address_by_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
