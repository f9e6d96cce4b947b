/*
 * The packet-set engine against naive twins.
 *
 * In a world so small that every packet can be tried (three bits of source,
 * of destination and of port, two protocols), thousands of policies are held
 * against a bitmap of all 1,024 packets.  In worlds of full size, IPv4 and
 * IPv6, with prefixes in prefixes and ranges across ranges, packets at, next
 * to and between all edges are asked of the boxes one by one.  The naive proof
 * checker has to agree everywhere.
 *
 *	test_engine [recheck|CASES]	only what the second look says; more cases
 */
#include "compiler/classes.h"
#include "compiler/pset.h"
#include "compiler/recheck.h"
#include "compiler/rows.h"

#include "compiler/base/addr.h"
#include "tests/lib/boxgen.h"
#include "tests/lib/fixture.h"
#include "tests/lib/sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned cases = 1500;

#define CHECK(seed, claim)						\
	do {								\
		if (!(claim))						\
			fail_msg("seed %u: not true: %s", seed, #claim); \
	} while (0)

/* --- rows against plain arrays of booleans --- */

enum { CLASSES_MOST = 20000 };

struct flags {
	bool at[CLASSES_MOST];
};

static uint32_t random_row(struct rows *rows, struct dice *dice,
			   uint32_t count, struct flags *flags)
{
	LIST(struct run) runs = { 0 };
	uint32_t at = dice_roll(dice, 3) ? dice_roll(dice, count) : 0;
	unsigned longest = dice_chance(dice, 50) ? 3 : count;

	memset(flags, 0, sizeof *flags);
	while (at < count && runs.count < 40) {
		uint32_t hi = at + dice_roll(dice, longest);

		hi = hi < count ? hi : count - 1;
		*LIST_PUSH(rows->arena, &runs) = (struct run){ at, hi };
		memset(&flags->at[at], true, hi - at + 1);
		at = hi + 2 + dice_roll(dice, count / 8 + 1);
	}
	return rows_of(rows, (struct runs){ runs.at, runs.count });
}

static bool wanted(enum row_op op, bool a, bool b)
{
	switch (op) {
	case ROW_UNION:  return a || b;
	case ROW_MEET:   return a && b;
	case ROW_MINUS:  return a && !b;
	case ROW_CHANGE: return a != b;
	}
	return false;
}

/* Does ROW have exactly the classes where OP is true of A and B? */
static bool row_is(const struct rows *rows, uint32_t row, uint32_t count,
		   enum row_op op, const struct flags *a,
		   const struct flags *b)
{
	uint32_t next = rows_next(rows, row, 0);

	for (uint32_t c = 0; c < count; c++) {
		bool has = wanted(op, a->at[c], b->at[c]);

		if (has != (c == next))
			return false;
		if (has)
			next = rows_next(rows, row, c + 1);
	}
	return next == NO_CLASS;
}

static void rows_are_sets_of_classes_at_every_size(void **state)
{
	static const uint32_t counts[] = { 1, 63, 64, 65, 1023, 1024, 1025,
					   16383, 16384, 16385 };
	static struct flags a, b;

	for (unsigned i = 0; i < sizeof counts / sizeof *counts; i++)
		for (unsigned n = 0; n < 12; n++) {
			struct dice dice = dice_of(i * 100 + n);
			struct arena *arena = arena_child(*state);
			struct rows rows = rows_in(arena, counts[i]);
			uint32_t x = random_row(&rows, &dice, counts[i], &a);
			uint32_t y = random_row(&rows, &dice, counts[i], &b);

			for (int op = ROW_UNION; op <= ROW_CHANGE; op++) {
				uint32_t z = rows_combine(&rows,
					(enum row_op)op, x, y);

				CHECK(i * 100 + n,
				      row_is(&rows, z, counts[i],
					     (enum row_op)op, &a, &b));
				CHECK(i * 100 + n, z == rows_combine(&rows,
					(enum row_op)op, x, y));
			}
			arena_free(arena);
		}
}

static void equal_rows_are_one_however_they_are_made(void **state)
{
	struct rows rows = rows_in(*state, 5000);
	const struct run whole = { 100, 4200 }, low = { 100, 2000 },
			 high = { 1000, 4200 };
	uint32_t a = rows_of(&rows, (struct runs){ &low, 1 });
	uint32_t b = rows_of(&rows, (struct runs){ &high, 1 });
	uint32_t all = rows_of(&rows, (struct runs){ &whole, 1 });

	assert_int_equal(rows_combine(&rows, ROW_UNION, a, b), all);
	assert_int_equal(rows_combine(&rows, ROW_MINUS, a, all), NO_ROW);
	assert_int_equal(rows_combine(&rows, ROW_CHANGE, all,
		rows_combine(&rows, ROW_MINUS, all, a)), a);
	assert_false(rows_have(&rows, all, 99));
	assert_true(rows_have(&rows, all, 100) && rows_have(&rows, all, 4200));
	assert_false(rows_have(&rows, all, 4201));
	assert_int_equal(rows_next(&rows, all, NO_CLASS - 1), NO_CLASS);
}

/* --- classes against membership, number by number --- */

enum { LINE = 64, SETS = 9 };

static struct ranges random_line_set(struct arena *arena, struct dice *dice)
{
	struct range some[4];
	unsigned count = 1 + dice_roll(dice, 4);

	for (unsigned i = 0; i < count; i++) {
		unsigned bits = dice_roll(dice, 7);
		unsigned lo = dice_roll(dice, LINE) >> bits << bits;
		unsigned hi = dice_chance(dice, 70)
			? lo + (1u << bits) - 1
			: lo + dice_roll(dice, LINE - lo);

		some[i] = (struct range){ lo, hi < LINE ? hi : LINE - 1 };
	}
	return ranges_of(arena, some, count);
}

/* Which of the COUNT sets have NUMBER, as bits. */
static unsigned around(const struct ranges *sets, unsigned count, u128 number)
{
	unsigned mask = 0;

	for (unsigned i = 0; i < count; i++)
		mask |= (unsigned)ranges_have(sets[i], number) << i;
	return mask;
}

static bool in_runs(struct runs runs, uint32_t class)
{
	for (size_t i = 0; i < runs.count; i++)
		if (runs.at[i].lo <= class && class <= runs.at[i].hi)
			return true;
	return false;
}

static bool in_numbers(struct numbers numbers, uint32_t number)
{
	for (size_t i = 0; i < numbers.count; i++)
		if (numbers.at[i] == number)
			return true;
	return false;
}

/* The sets around a class are those of its lowest number. */
static unsigned around_class(const struct classes *c,
			     const struct ranges *sets, unsigned count,
			     uint32_t class)
{
	return class == NO_CLASS ? 0
		: around(sets, count, c->parts[class].at[0].lo);
}

static void check_class(unsigned seed, const struct classes *c,
			const struct ranges *sets, const uint32_t *ids,
			unsigned count, uint32_t class)
{
	uint32_t up = c->parent[class];
	unsigned own = around_class(c, sets, count, class);
	unsigned above = around_class(c, sets, count, up);

	CHECK(seed, own && (above & ~own) == 0 && above != own);
	CHECK(seed, up == NO_CLASS ||
		    (up < class && c->end[class] <= c->end[up]));
	CHECK(seed, class < c->end[class] && c->end[class] <= c->count);
	for (unsigned i = 0; i < count; i++) {
		bool has = own >> i & 1, fresh = has && !(above >> i & 1);

		CHECK(seed, in_runs(c->members[ids[i]], class) == has);
		CHECK(seed, in_numbers(c->tops[ids[i]], class) == fresh);
		CHECK(seed, in_numbers(c->fresh[class], ids[i]) == fresh);
	}
}

static void numbers_share_a_class_when_no_set_tells_them_apart(void **state)
{
	for (unsigned seed = 0; seed < cases; seed++) {
		struct arena *arena = arena_child(*state);
		struct dice dice = dice_of(seed);
		unsigned count = dice_roll(&dice, SETS + 1);
		struct classes c = CLASSES_IN(arena, CLASS_ADDRESSES, IPV4);
		struct ranges sets[SETS];
		uint32_t ids[SETS], of[LINE];

		for (unsigned i = 0; i < count; i++) {
			sets[i] = random_line_set(arena, &dice);
			ids[i] = classes_add(&c, sets[i]);
		}
		classes_finish(&c);
		for (unsigned n = 0; n < LINE; n++) {
			of[n] = classes_of(&c, n);
			CHECK(seed, (of[n] == NO_CLASS) ==
				    !around(sets, count, n));
			for (unsigned m = 0; m < n; m++)
				CHECK(seed, (of[n] == of[m]) ==
					    (around(sets, count, n) ==
					     around(sets, count, m)));
		}
		for (uint32_t class = 0; class < c.count; class++)
			check_class(seed, &c, sets, ids, count, class);
		arena_free(arena);
	}
}

static void classes_do_not_depend_on_the_order_of_sets(void **state)
{
	for (unsigned seed = 0; seed < cases; seed++) {
		struct arena *arena = arena_child(*state);
		struct dice dice = dice_of(seed);
		struct classes one = CLASSES_IN(arena, CLASS_ADDRESSES, IPV4);
		struct classes two = CLASSES_IN(arena, CLASS_ADDRESSES, IPV4);
		struct ranges sets[SETS];

		for (unsigned i = 0; i < SETS; i++) {
			sets[i] = random_line_set(arena, &dice);
			(void)classes_add(&one, sets[i]);
		}
		dice_shuffle(&dice, sets, SETS, sizeof *sets);
		for (unsigned i = 0; i < SETS; i++)
			(void)classes_add(&two, sets[i]);
		classes_finish(&one);
		classes_finish(&two);
		CHECK(seed, one.count == two.count &&
			    one.piece_count == two.piece_count);
		for (unsigned n = 0; n < LINE; n++)
			CHECK(seed, classes_of(&one, n) == classes_of(&two, n));
		arena_free(arena);
	}
}

/* --- every packet of a small world --- */

enum { HOSTS = 8, PORTS = 8, SERVICES = 2 * PORTS,
       PACKETS = HOSTS * HOSTS * SERVICES };

struct world {
	enum family family;
	u128 base;		/* of the addresses */
	unsigned port;		/* the first */
};

struct bitmap {
	bool at[PACKETS];
};

static struct world small_world(unsigned seed)
{
	enum family family = seed & 1 ? IPV6 : IPV4;

	return (struct world){ family,
		seed & 2 ? family_last(family) - (HOSTS - 1) : 0,
		seed & 4 ? 0x10000 - PORTS : 0 };
}

static struct packet packet_of(struct world w, unsigned number)
{
	unsigned svc = number % SERVICES;

	return (struct packet){
		w.family, w.base + number / SERVICES % HOSTS,
		w.base + number / SERVICES / HOSTS,
		service_key(svc < PORTS ? PROTO_TCP : PROTO_UDP,
			    w.port + svc % PORTS) };
}

static struct ranges random_hosts(struct arena *arena, struct dice *dice,
				  struct world w)
{
	unsigned bits = dice_roll(dice, 4);
	unsigned lo = dice_roll(dice, HOSTS), hi = dice_roll(dice, HOSTS);
	struct range other = { w.base + lo, w.base + lo };

	if (dice_chance(dice, 50)) {
		lo = lo >> bits << bits;
		hi = lo + (1u << bits) - 1;
	}
	if (hi < lo)
		hi = lo;
	return ranges_union(arena,
		ranges_one(arena, w.base + lo, w.base + hi),
		dice_chance(dice, 25) ? ranges_one(arena,
			w.base + dice_roll(dice, HOSTS), family_last(w.family))
		: ranges_of(arena, &other, 1));
}

static struct ranges random_services(struct arena *arena, struct dice *dice,
				     struct world w)
{
	unsigned lo = dice_roll(dice, PORTS), hi = dice_roll(dice, PORTS);
	unsigned proto = dice_chance(dice, 50) ? PROTO_TCP : PROTO_UDP;

	if (dice_chance(dice, 12))
		return service_all(arena).of[w.family];
	return ranges_one(arena,
		service_key(proto, w.port + (lo < hi ? lo : hi)),
		service_key(proto, w.port + (lo < hi ? hi : lo)));
}

static struct boxes random_boxes(struct arena *arena, struct dice *dice,
				 struct world w)
{
	struct boxes boxes = { 0 };

	for (unsigned n = dice_roll(dice, 9); n; n--)
		boxes_add(arena, &boxes, random_hosts(arena, dice, w),
			  random_hosts(arena, dice, w),
			  random_services(arena, dice, w));
	return boxes;
}

static bool any_has(const struct boxes *boxes, const struct packet *p)
{
	for (size_t i = 0; i < boxes->count; i++)
		if (box_has(&boxes->at[i], p))
			return true;
	return false;
}

static unsigned times_had(const struct boxes *boxes, const struct packet *p)
{
	unsigned times = 0;

	for (size_t i = 0; i < boxes->count; i++)
		times += box_has(&boxes->at[i], p);
	return times;
}

/* Two random sets in one universe. */
struct pair {
	struct arena *arena;
	struct dice dice;
	struct world w;
	struct boxes a, b, c;
	struct universe *u;
	struct pset pa, pb;
};

static struct pair small_pair(struct arena *arena, unsigned seed)
{
	struct pair p = { .arena = arena_child(arena), .dice = dice_of(seed),
			  .w = small_world(seed) };
	const struct boxes *lists[] = { &p.a, &p.b, &p.c };

	p.a = random_boxes(p.arena, &p.dice, p.w);
	p.b = random_boxes(p.arena, &p.dice, p.w);
	p.c = random_boxes(p.arena, &p.dice, p.w);
	/* near misses are the cases that count */
	if (dice_chance(&p.dice, 40)) {
		p.b = (struct boxes){ 0 };
		for (size_t i = 0; i < p.a.count; i++)
			if (!dice_chance(&p.dice, 15))
				*LIST_PUSH(p.arena, &p.b) = p.a.at[i];
	}
	p.u = universe_of(p.arena, p.w.family, lists, 3);
	p.pa = pset_of(p.u, &p.a);
	p.pb = pset_of(p.u, &p.b);
	return p;
}

static void check_every_packet(unsigned seed, struct pair *p, enum row_op op,
			       struct pset set)
{
	struct boxes boxes = pset_boxes(p->u, p->arena, set);
	struct packet shown;
	bool found = pset_witness(p->u, set, &shown), any = false;

	for (unsigned n = 0; n < PACKETS; n++) {
		struct packet k = packet_of(p->w, n);
		bool has = wanted(op, any_has(&p->a, &k), any_has(&p->b, &k));

		CHECK(seed, pset_has(p->u, set, &k) == has);
		CHECK(seed, times_had(&boxes, &k) == has);
		any |= has;
	}
	/* there may be more than the small world: other protocols, hosts */
	CHECK(seed, found || !any);
	CHECK(seed, found == !pset_empty(p->u, set));
	CHECK(seed, found == (pset_size(p->u, set) > 0));
	CHECK(seed, !found || wanted(op, any_has(&p->a, &shown),
				     any_has(&p->b, &shown)));
}

static void every_packet_of_a_small_world_is_where_it_belongs(void **state)
{
	for (unsigned seed = 0; seed < cases / 2; seed++) {
		struct pair p = small_pair(*state, seed);

		check_every_packet(seed, &p, ROW_UNION,
				   pset_union(p.u, p.pa, p.pb));
		check_every_packet(seed, &p, ROW_MEET,
				   pset_meet(p.u, p.pa, p.pb));
		check_every_packet(seed, &p, ROW_MINUS,
				   pset_minus(p.u, p.pa, p.pb));
		arena_free(p.arena);
	}
}

/* The same but for rounding: sizes may need 280 bits. */
static bool is_close(double a, double b)
{
	return a - b <= a * 1e-12 && b - a <= a * 1e-12;
}

static void the_laws_of_three_sets_hold(void **state)
{
	for (unsigned seed = 0; seed < cases; seed++) {
		struct pair p = small_pair(*state, seed);
		struct universe *u = p.u;
		struct pset a = p.pa, b = p.pb, c = pset_of(u, &p.c);
		struct pset ab = pset_union(u, a, b), bc = pset_union(u, b, c);

		CHECK(seed, pset_equal(u, pset_union(u, ab, c),
				       pset_union(u, a, bc)));
		CHECK(seed, pset_equal(u, pset_meet(u, a, bc),
			pset_union(u, pset_meet(u, a, b), pset_meet(u, a, c))));
		CHECK(seed, pset_equal(u, pset_minus(u, a, bc),
			pset_meet(u, pset_minus(u, a, b),
				  pset_minus(u, a, c))));
		CHECK(seed, pset_equal(u, pset_minus(u, ab, c),
			pset_union(u, pset_minus(u, a, c),
				   pset_minus(u, b, c))));
		CHECK(seed, pset_equal(u, pset_meet(u, a, pset_minus(u, b, c)),
			pset_minus(u, pset_meet(u, a, b), c)));
		CHECK(seed, pset_empty(u, pset_minus(u, a, ab)));
		CHECK(seed, is_close(pset_size(u, ab) +
				     pset_size(u, pset_meet(u, a, b)),
				     pset_size(u, a) + pset_size(u, b)));
		arena_free(p.arena);
	}
}

/* --- worlds of full size --- */

static struct pair full_pair(struct arena *arena, unsigned seed, unsigned most)
{
	struct pair p = { .arena = arena_child(arena), .dice = dice_of(seed),
			  .w.family = seed & 1 ? IPV6 : IPV4 };
	const struct boxes *lists[] = { &p.a, &p.b };

	p.a = boxgen_boxes(p.arena, &p.dice, p.w.family,
			   1 + dice_roll(&p.dice, most));
	p.b = boxgen_boxes(p.arena, &p.dice, p.w.family,
			   1 + dice_roll(&p.dice, most));
	p.u = universe_of(p.arena, p.w.family, lists, 2);
	p.pa = pset_of(p.u, &p.a);
	p.pb = pset_of(p.u, &p.b);
	return p;
}

static void packets_at_all_edges_are_where_they_belong(void **state)
{
	for (unsigned seed = 0; seed < cases / 15; seed++) {
		struct pair p = full_pair(*state, seed, seed % 10 ? 60 : 400);
		struct sampler sampler = SAMPLER_IN(p.arena);
		struct pset both = pset_union(p.u, p.pa, p.pb);
		struct pset shared = pset_meet(p.u, p.pa, p.pb);
		struct pset rest = pset_minus(p.u, p.pa, p.pb);
		struct packet k;

		sampler_add_boxes(&sampler, p.w.family, &p.a);
		sampler_add_boxes(&sampler, p.w.family, &p.b);
		sampler_finish(&sampler);
		for (unsigned n = 0; n < 400; n++) {
			bool a, b;

			k = n % 2 ? sampler_packet(&sampler, &p.dice,
						   p.w.family)
				  : sampler_near(&p.dice, p.w.family,
						 n % 4 ? &p.a : &p.b);
			a = any_has(&p.a, &k);
			b = any_has(&p.b, &k);
			CHECK(seed, pset_has(p.u, p.pa, &k) == a);
			CHECK(seed, pset_has(p.u, both, &k) == (a || b));
			CHECK(seed, pset_has(p.u, shared, &k) == (a && b));
			CHECK(seed, pset_has(p.u, rest, &k) == (a && !b));
		}
		if (pset_witness(p.u, rest, &k))
			CHECK(seed, any_has(&p.a, &k) && !any_has(&p.b, &k));
		arena_free(p.arena);
	}
}

/* Each box in pieces, in another order, some of them twice. */
static struct boxes cut_up(struct pair *p, const struct boxes *boxes)
{
	struct boxes out = { 0 };

	for (size_t i = 0; i < boxes->count; i++) {
		struct box b = boxes->at[i];
		struct ranges by = boxgen_addresses(p->arena, &p->dice,
						    p->w.family,
						    b.src.at[0].lo);

		boxes_add(p->arena, &out, ranges_meet(p->arena, b.src, by),
			  b.dst, b.svc);
		boxes_add(p->arena, &out, ranges_minus(p->arena, b.src, by),
			  b.dst, b.svc);
		if (dice_chance(&p->dice, 20))
			boxes_add(p->arena, &out, b.src, b.dst, b.svc);
	}
	dice_shuffle(&p->dice, out.at, out.count, sizeof *out.at);
	return out;
}

static bool same_boxes(const struct boxes *x, const struct boxes *y)
{
	if (x->count != y->count)
		return false;
	for (size_t i = 0; i < x->count; i++)
		if (!ranges_equal(x->at[i].src, y->at[i].src) ||
		    !ranges_equal(x->at[i].dst, y->at[i].dst) ||
		    !ranges_equal(x->at[i].svc, y->at[i].svc))
			return false;
	return true;
}

static void a_set_is_the_same_however_it_is_written(void **state)
{
	for (unsigned seed = 0; seed < cases / 15; seed++) {
		struct pair p = full_pair(*state, seed, 40);
		struct boxes again = cut_up(&p, &p.a), one, two;
		const struct boxes *lists[] = { &again, &p.b, &p.a };
		struct universe *u = universe_of(p.arena, p.w.family, lists, 3);
		struct packet x, y;

		CHECK(seed, pset_equal(u, pset_of(u, &p.a),
				       pset_of(u, &again)));
		CHECK(seed, pset_witness(p.u, p.pa, &x) &&
			    pset_witness(u, pset_of(u, &again), &y));
		CHECK(seed, x.src == y.src && x.dst == y.dst && x.svc == y.svc);
		one = pset_boxes(p.u, p.arena, p.pa);
		two = pset_boxes(u, p.arena, pset_of(u, &again));
		CHECK(seed, same_boxes(&one, &two));
		arena_free(p.arena);
	}
}

/* --- the second look --- */

static void check_second_look(unsigned seed, struct pair *p)
{
	struct boxes rest = pset_boxes(p->u, p->arena,
				       pset_minus(p->u, p->pa, p->pb));
	struct boxes both = pset_boxes(p->u, p->arena,
				       pset_union(p->u, p->pa, p->pb));
	struct packet k;
	enum recheck answer = recheck_within(p->arena, p->w.family, &p->a,
					     &p->b, &k);

	CHECK(seed, answer == (rest.count ? RECHECK_DIFFERS : RECHECK_HOLDS));
	CHECK(seed, answer == RECHECK_HOLDS ||
		    (any_has(&p->a, &k) && !any_has(&p->b, &k)));
	CHECK(seed, pset_equal(p->u, p->pa, p->pb) ==
		    (answer == RECHECK_HOLDS &&
		     recheck_within(p->arena, p->w.family, &p->b, &p->a, &k)
			     == RECHECK_HOLDS));
	/* union and difference, looked at by their boxes: nothing less, nothing more */
	CHECK(seed, recheck_within(p->arena, p->w.family, &p->a, &both, &k) ==
		    RECHECK_HOLDS);
	CHECK(seed, recheck_within(p->arena, p->w.family, &p->b, &both, &k) ==
		    RECHECK_HOLDS);
	CHECK(seed, recheck_within(p->arena, p->w.family, &rest, &p->a, &k) ==
		    RECHECK_HOLDS);
	for (size_t i = 0; i < p->b.count; i++)
		*LIST_PUSH(p->arena, &rest) = p->b.at[i];
	CHECK(seed, recheck_within(p->arena, p->w.family, &both, &rest, &k) ==
		    RECHECK_HOLDS);
	for (size_t i = 0; i < p->a.count; i++)
		*LIST_PUSH(p->arena, &p->b) = p->a.at[i];
	CHECK(seed, recheck_within(p->arena, p->w.family, &both, &p->b, &k) ==
		    RECHECK_HOLDS);
}

static void the_second_look_agrees(void **state)
{
	for (unsigned seed = 0; seed < cases; seed++) {
		struct pair p = seed % 4 ? small_pair(*state, seed)
					 : full_pair(*state, seed, 12);

		check_second_look(seed, &p);
		arena_free(p.arena);
	}
}

static void the_second_look_finds_one_missing_packet(void **state)
{
	struct arena *arena = *state;
	struct ranges all = family_all(arena, IPV6);
	struct ranges last = ranges_one(arena, U128_MAX, U128_MAX);
	struct ranges most = ranges_minus(arena, all, last);
	struct ranges services = service_all(arena).of[IPV6];
	struct boxes whole = { 0 }, holed = { 0 };
	struct packet k;

	boxes_add(arena, &whole, all, all, services);
	boxes_add(arena, &holed, most, all, services);
	boxes_add(arena, &holed, all, most, services);
	assert_int_equal(recheck_within(arena, IPV6, &holed, &whole, &k),
			 RECHECK_HOLDS);
	assert_int_equal(recheck_within(arena, IPV6, &whole, &holed, &k),
			 RECHECK_DIFFERS);
	assert_true(k.src == U128_MAX && k.dst == U128_MAX);
	boxes_add(arena, &holed, last, last, services);
	assert_int_equal(recheck_within(arena, IPV6, &whole, &holed, &k),
			 RECHECK_HOLDS);
}

/* --- what is too much is refused --- */

static struct ranges crossing(struct arena *arena, struct dice *dice,
			      uint32_t base, uint32_t most)
{
	uint32_t a = (uint32_t)dice_bits(dice) % most;
	uint32_t b = (uint32_t)dice_bits(dice) % most;

	return ranges_one(arena, base + (a < b ? a : b),
			  base + (a < b ? b : a));
}

/* Is it refused to build COUNT random boxes, for a reason that has WHY? */
static bool is_refused(struct arena *root, unsigned count, bool services,
		       const char *why)
{
	struct arena *arena = arena_child(root);
	struct dice dice = dice_of(1);
	struct boxes boxes = { 0 };
	const struct boxes *lists[] = { &boxes };
	jmp_buf place;

	for (unsigned i = 0; i < count; i++)
		boxes_add(arena, &boxes,
			  crossing(arena, &dice, 0, UINT32_MAX),
			  crossing(arena, &dice, 0, UINT32_MAX), services
			  ? crossing(arena, &dice, service_key(6, 0), 65536)
			  : ranges_one(arena, service_key(6, 1),
				       service_key(6, 1)));
	arena_guard(arena, &place);
	if (setjmp(place) == 0) {
		(void)pset_of(universe_of(arena, IPV4, lists, 1), &boxes);
		return false;
	}
	print_message("%s; %zu MiB\n", arena_refusal(root, NULL),
		      arena_used(root) >> 20);
	return strstr(arena_refusal(root, NULL), why) != NULL &&
	       arena_used(root) < (size_t)300 << 20;
}

static void sets_that_overlap_in_too_many_ways_are_refused(void **state)
{
	assert_true(is_refused(*state, 6000, false,
			       "sets of addresses overlap"));
}

static void rules_that_cross_in_too_many_ways_are_refused(void **state)
{
	assert_true(is_refused(*state, 1700, true, "that admits tcp"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest all[] = {
		IN_ARENA(rows_are_sets_of_classes_at_every_size),
		IN_ARENA(equal_rows_are_one_however_they_are_made),
		IN_ARENA(numbers_share_a_class_when_no_set_tells_them_apart),
		IN_ARENA(classes_do_not_depend_on_the_order_of_sets),
		IN_ARENA(every_packet_of_a_small_world_is_where_it_belongs),
		IN_ARENA(the_laws_of_three_sets_hold),
		IN_ARENA(packets_at_all_edges_are_where_they_belong),
		IN_ARENA(a_set_is_the_same_however_it_is_written),
		IN_ARENA(the_second_look_agrees),
		IN_ARENA(the_second_look_finds_one_missing_packet),
		IN_ARENA(sets_that_overlap_in_too_many_ways_are_refused),
		IN_ARENA(rules_that_cross_in_too_many_ways_are_refused),
	};
	const struct CMUnitTest second[] = {
		IN_ARENA(the_second_look_agrees),
	};

	if (argc > 1 && strcmp(argv[1], "recheck") == 0)
		return cmocka_run_group_tests(second, NULL, NULL);
	if (argc > 1)
		cases = (unsigned)strtoul(argv[1], NULL, 10);
	return cmocka_run_group_tests(all, NULL, NULL);
}
