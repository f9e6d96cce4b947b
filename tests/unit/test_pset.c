/*
 * Packet sets against a table that has a place for every packet: sixteen
 * addresses by sixteen addresses by ten pieces of the services.  Every random
 * case lies at the bottom or at the very end of IPv4 or of IPv6.
 */
#include "compiler/pset.h"

#include "compiler/base/addr.h"
#include "tests/lib/dice.h"
#include "tests/lib/fixture.h"

#include <string.h>

enum { HOSTS = 16, CASES = 2000, BOXES = 7 };

/*
 * Pieces that touch one another within and across protocols, at both ends;
 * protocols without values are whole.
 */
static const struct range pieces[] = {
	{ 0,	     0x00ffff },	/* proto/0, the lowest key */
	{ 0x010000,  0x01ffff },	/* icmp, or plain over IPv6 */
	{ 0x060000,  0x060000 },	/* tcp/0 */
	{ 0x060001,  0x060001 },
	{ 0x060002,  0x06fffe },
	{ 0x06ffff,  0x06ffff },	/* tcp/65535 */
	{ 0x070000,  0x07ffff },	/* touches tcp/65535 */
	{ 0x110000,  0x110034 },
	{ 0x110035,  0x110035 },	/* udp/53 */
	{ 0xff0000,  0xffffff },	/* the highest key */
};

enum { PIECES = sizeof pieces / sizeof *pieces };

struct world {
	enum family family;
	u128 base;
};

/* For each pair of hosts the pieces that are permitted, as bits. */
struct grid {
	uint16_t cell[HOSTS][HOSTS];
};

struct masks {
	unsigned src, dst, svc;
};

struct sample {
	struct masks masks[BOXES];
	size_t count;
	struct grid grid;
	struct boxes boxes;
};

static struct world world_of(unsigned seed)
{
	enum family family = seed & 1 ? IPV6 : IPV4;

	return (struct world){
		family, seed & 2 ? family_last(family) - (HOSTS - 1) : 0 };
}

/* --- from masks to both forms --- */

static struct ranges hosts_of(struct arena *arena, struct world w,
			      unsigned mask)
{
	struct range some[HOSTS];
	size_t n = 0;

	for (unsigned i = 0; i < HOSTS; i++)
		if (mask >> i & 1)
			some[n++] = (struct range){ w.base + i, w.base + i };
	return ranges_of(arena, some, n);
}

static struct ranges services_of(struct arena *arena, unsigned mask)
{
	struct range some[PIECES];
	size_t n = 0;

	for (unsigned i = 0; i < PIECES; i++)
		if (mask >> i & 1)
			some[n++] = pieces[i];
	return ranges_of(arena, some, n);
}

static void add_box(struct arena *arena, struct world w, struct boxes *boxes,
		    struct masks m)
{
	boxes_add(arena, boxes, hosts_of(arena, w, m.src),
		  hosts_of(arena, w, m.dst), services_of(arena, m.svc));
}

static unsigned random_mask(struct dice *dice, unsigned bits)
{
	unsigned all = (1u << bits) - 1;
	unsigned lo = dice_roll(dice, bits), hi = dice_roll(dice, bits);

	switch (dice_roll(dice, 5)) {
	case 0:  return all;
	case 1:  return 1u << lo;
	case 2:  return (unsigned)dice_bits(dice) & all;
	case 3:  return (unsigned)(dice_bits(dice) & dice_bits(dice)) & all;
	default: return lo < hi ? (2u << hi) - (1u << lo)
				: (2u << lo) - (1u << hi);
	}
}

static struct sample sample_of(struct arena *arena, struct world w,
			       struct dice *dice)
{
	struct sample s = { .count = dice_roll(dice, BOXES + 1) };

	for (size_t i = 0; i < s.count; i++) {
		struct masks m = { random_mask(dice, HOSTS),
				   random_mask(dice, HOSTS),
				   random_mask(dice, PIECES) };

		s.masks[i] = m;
		add_box(arena, w, &s.boxes, m);
		for (unsigned a = 0; a < HOSTS; a++)
			for (unsigned b = 0; b < HOSTS; b++)
				if (m.src >> a & 1 && m.dst >> b & 1)
					s.grid.cell[a][b] |= (uint16_t)m.svc;
	}
	return s;
}

/* --- from sets back to the grid --- */

static unsigned mask_of_hosts(struct world w, struct ranges set)
{
	unsigned mask = 0;

	for (unsigned i = 0; i < HOSTS; i++)
		mask |= (unsigned)ranges_have(set, w.base + i) << i;
	assert_true(ranges_size(set) == (u128)__builtin_popcount(mask));
	return mask;
}

static unsigned mask_of_services(struct ranges set)
{
	unsigned mask = 0;
	u128 size = 0;

	for (unsigned i = 0; i < PIECES; i++)
		if (ranges_have(set, pieces[i].lo)) {
			mask |= 1u << i;
			size += pieces[i].hi - pieces[i].lo + 1;
		}
	assert_true(ranges_size(set) == size);
	return mask;
}

/* Enter disjoint boxes; false when two of them overlap. */
static bool grid_of(struct world w, const struct boxes *boxes,
		    struct grid *grid)
{
	*grid = (struct grid){ 0 };
	for (size_t i = 0; i < boxes->count; i++) {
		unsigned src = mask_of_hosts(w, boxes->at[i].src);
		unsigned dst = mask_of_hosts(w, boxes->at[i].dst);
		unsigned svc = mask_of_services(boxes->at[i].svc);

		for (unsigned a = 0; a < HOSTS; a++)
			for (unsigned b = 0; b < HOSTS; b++) {
				if (!(src >> a & 1) || !(dst >> b & 1))
					continue;
				if (grid->cell[a][b] & svc)
					return false;
				grid->cell[a][b] |= (uint16_t)svc;
			}
	}
	return true;
}

#define CHECK(seed, claim)						\
	do {								\
		if (!(claim))						\
			fail_msg("seed %u: not true: %s", seed, #claim); \
	} while (0)

static bool same(const struct grid *a, const struct grid *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

static bool says(struct universe *u, struct arena *arena, struct world w,
		 struct pset set, const struct grid *grid)
{
	struct boxes boxes = pset_boxes(u, arena, set);
	struct grid found;

	return grid_of(w, &boxes, &found) && same(&found, grid);
}

enum op { UNION, MEET, MINUS };

static struct grid grid_op(enum op op, const struct grid *x,
			   const struct grid *y)
{
	struct grid out;

	for (unsigned a = 0; a < HOSTS; a++)
		for (unsigned b = 0; b < HOSTS; b++) {
			unsigned p = x->cell[a][b], q = y->cell[a][b];

			out.cell[a][b] = (uint16_t)(op == UNION ? (p | q)
						  : op == MEET ? (p & q)
						  : (p & ~q));
		}
	return out;
}

static bool is_empty(const struct grid *grid)
{
	static const struct grid none;

	return same(grid, &none);
}

/* Is the packet in the grid?  One outside of the world is not. */
static bool has(const struct grid *grid, struct world w,
		const struct packet *p)
{
	if (p->src < w.base || p->src - w.base >= HOSTS || p->dst < w.base ||
	    p->dst - w.base >= HOSTS || p->family != w.family)
		return false;
	for (unsigned i = 0; i < PIECES; i++)
		if (pieces[i].lo <= p->svc && p->svc <= pieces[i].hi)
			return grid->cell[p->src - w.base][p->dst - w.base]
			       >> i & 1;
	return false;
}

/* One universe with two samples in it, and a third that only divides it. */
struct case_ {
	struct arena *arena;
	struct world w;
	struct dice dice;
	struct sample a, b, c;
	struct universe *u;
	struct pset pa, pb;
};

static struct case_ case_of(struct arena *arena, unsigned seed)
{
	struct case_ c = { .arena = arena_child(arena), .w = world_of(seed),
			   .dice = dice_of(seed) };
	const struct boxes *lists[3];

	c.a = sample_of(c.arena, c.w, &c.dice);
	c.b = sample_of(c.arena, c.w, &c.dice);
	c.c = sample_of(c.arena, c.w, &c.dice);
	lists[0] = &c.a.boxes;
	lists[1] = &c.b.boxes;
	lists[2] = &c.c.boxes;
	c.u = universe_of(c.arena, c.w.family, lists, 2 + dice_roll(&c.dice, 2));
	c.pa = pset_of(c.u, &c.a.boxes);
	c.pb = pset_of(c.u, &c.b.boxes);
	return c;
}

static void boxes_of_a_set_are_disjoint_and_all_of_it(void **state)
{
	for (unsigned seed = 0; seed < CASES; seed++) {
		struct case_ c = case_of(*state, seed);

		CHECK(seed, says(c.u, c.arena, c.w, c.pa, &c.a.grid));
		CHECK(seed, says(c.u, c.arena, c.w, c.pb, &c.b.grid));
		arena_free(c.arena);
	}
}

static void operations_agree_with_the_table(void **state)
{
	for (unsigned seed = 0; seed < CASES; seed++) {
		struct case_ c = case_of(*state, seed);
		struct grid both = grid_op(UNION, &c.a.grid, &c.b.grid);
		struct grid shared = grid_op(MEET, &c.a.grid, &c.b.grid);
		struct grid rest = grid_op(MINUS, &c.a.grid, &c.b.grid);
		struct pset pu = pset_union(c.u, c.pa, c.pb);
		struct pset pm = pset_meet(c.u, c.pa, c.pb);
		struct pset pd = pset_minus(c.u, c.pa, c.pb);

		CHECK(seed, says(c.u, c.arena, c.w, pu, &both));
		CHECK(seed, says(c.u, c.arena, c.w, pm, &shared));
		CHECK(seed, says(c.u, c.arena, c.w, pd, &rest));
		CHECK(seed, pset_empty(c.u, pd) == is_empty(&rest));
		CHECK(seed, pset_empty(c.u, pm) == is_empty(&shared));
		CHECK(seed, pset_equal(c.u, c.pa, c.pb) ==
			    same(&c.a.grid, &c.b.grid));
		arena_free(c.arena);
	}
}

static void the_laws_of_sets_hold(void **state)
{
	for (unsigned seed = 0; seed < CASES; seed++) {
		struct case_ c = case_of(*state, seed);
		struct universe *u = c.u;
		struct pset a = c.pa, b = c.pb;
		struct pset both = pset_union(u, a, b);
		struct pset shared = pset_meet(u, a, b);
		struct pset a_only = pset_minus(u, a, b);
		struct pset b_only = pset_minus(u, b, a);

		CHECK(seed, pset_equal(u, both, pset_union(u, b, a)));
		CHECK(seed, pset_equal(u, shared, pset_meet(u, b, a)));
		CHECK(seed, pset_equal(u, pset_union(u, a_only, shared), a));
		CHECK(seed, pset_equal(u, pset_union(u, b, a_only), both));
		CHECK(seed, pset_equal(u, pset_minus(u, both, b), a_only));
		CHECK(seed, pset_equal(u, pset_minus(u, a, a_only), shared));
		CHECK(seed, pset_equal(u, pset_meet(u, both, a), a));
		CHECK(seed, pset_equal(u, pset_minus(u, both, shared),
				       pset_union(u, a_only, b_only)));
		CHECK(seed, pset_empty(u, pset_meet(u, a_only, b_only)));
		CHECK(seed, pset_empty(u, pset_minus(u, a, a)));
		CHECK(seed, pset_equal(u, pset_union(u, a, a), a));
		arena_free(c.arena);
	}
}

/* Cut each box into pieces of one source each, and put all in another order. */
static struct boxes rewritten(struct case_ *c, const struct sample *s)
{
	struct boxes out = { 0 };

	for (size_t i = 0; i < s->count; i++) {
		struct masks half = s->masks[i], other = s->masks[i];
		unsigned cut = (unsigned)dice_bits(&c->dice);

		switch (dice_roll(&c->dice, 3)) {
		case 0: half.src &= cut, other.src &= ~cut; break;
		case 1: half.dst &= cut, other.dst &= ~cut; break;
		case 2: half.svc &= cut, other.svc &= ~cut; break;
		}
		add_box(c->arena, c->w, &out, half);
		add_box(c->arena, c->w, &out, other);
		if (dice_chance(&c->dice, 30))
			add_box(c->arena, c->w, &out, s->masks[i]);
	}
	dice_shuffle(&c->dice, out.at, out.count, sizeof *out.at);
	return out;
}

static void equal_sets_are_equal_however_they_are_written(void **state)
{
	for (unsigned seed = 0; seed < CASES; seed++) {
		struct case_ c = case_of(*state, seed);
		struct boxes again = rewritten(&c, &c.a);
		const struct boxes *lists[] = { &again, &c.b.boxes,
						&c.a.boxes };
		struct universe *u = universe_of(c.arena, c.w.family, lists, 3);
		struct pset one = pset_of(u, &c.a.boxes);

		CHECK(seed, pset_equal(u, one, pset_of(u, &again)));
		CHECK(seed, pset_equal(u, one, pset_union(u, pset_of(u, &again),
							  one)));
		arena_free(c.arena);
	}
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

static void boxes_do_not_depend_on_the_order_of_boxes(void **state)
{
	for (unsigned seed = 0; seed < CASES; seed++) {
		struct case_ c = case_of(*state, seed);
		struct boxes other = { 0 }, one, two;

		for (size_t i = 0; i < c.a.count; i++)
			add_box(c.arena, c.w, &other, c.a.masks[i]);
		dice_shuffle(&c.dice, other.at, other.count, sizeof *other.at);
		one = boxes_disjoint(c.arena, c.w.family, &c.a.boxes);
		two = boxes_disjoint(c.arena, c.w.family, &other);
		CHECK(seed, same_boxes(&one, &two));
		arena_free(c.arena);
	}
}

static void a_witness_is_in_its_set(void **state)
{
	for (unsigned seed = 0; seed < CASES; seed++) {
		struct case_ c = case_of(*state, seed);
		struct grid rest = grid_op(MINUS, &c.a.grid, &c.b.grid);
		struct packet p;
		bool found = pset_witness(c.u, pset_minus(c.u, c.pa, c.pb), &p);

		CHECK(seed, found == !is_empty(&rest));
		CHECK(seed, !found || has(&rest, c.w, &p));
		arena_free(c.arena);
	}
}

/* The lowest pair of hosts with anything between them. */
static void lowest_pair(const struct grid *grid, unsigned *a, unsigned *b)
{
	for (*a = 0; *a < HOSTS; ++*a)
		for (*b = 0; *b < HOSTS; ++*b)
			if (grid->cell[*a][*b])
				return;
}

/* Is the packet moved by SRC and DST hosts in the grid as well? */
static bool has_moved(const struct case_ *c, struct packet p, unsigned src,
		      unsigned dst)
{
	p.src += src;
	p.dst += dst;
	return p.src >= src && p.dst >= dst && has(&c->a.grid, c->w, &p);
}

/* The lowest, unless the two that follow it would do as well. */
static void a_witness_has_the_lowest_ends_or_the_next(void **state)
{
	for (unsigned seed = 0; seed < CASES; seed++) {
		struct case_ c = case_of(*state, seed);
		struct packet p, low;
		unsigned a, b;

		if (pset_witness(c.u, c.pa, &p)) {
			lowest_pair(&c.a.grid, &a, &b);
			low = p;
			low.src = c.w.base + a;
			low.dst = c.w.base + b;
			CHECK(seed, p.src - low.src == (has_moved(&c, low, 1, 0) &&
							has_moved(&c, low, 2, 0)));
			low.src = p.src;
			CHECK(seed, p.dst - low.dst == (has_moved(&c, low, 0, 1) &&
							has_moved(&c, low, 0, 2)));
		}
		arena_free(c.arena);
	}
}

static void equal_sets_have_one_witness_in_every_universe(void **state)
{
	for (unsigned seed = 0; seed < CASES; seed++) {
		struct case_ c = case_of(*state, seed);
		struct boxes again = rewritten(&c, &c.a);
		const struct boxes *lists[] = { &c.c.boxes, &again };
		struct universe *other = universe_of(c.arena, c.w.family, lists,
						     2);
		struct packet p, q;
		bool found = pset_witness(c.u, c.pa, &p);

		CHECK(seed, pset_witness(other, pset_of(other, &again), &q) ==
			    found);
		CHECK(seed, !found || (p.src == q.src && p.dst == q.dst &&
				       p.svc == q.svc));
		arena_free(c.arena);
	}
}

static void the_size_is_the_number_of_packets(void **state)
{
	for (unsigned seed = 0; seed < CASES; seed++) {
		struct case_ c = case_of(*state, seed);
		double size = 0;

		for (unsigned a = 0; a < HOSTS; a++)
			for (unsigned b = 0; b < HOSTS; b++)
				size += (double)service_count(
					c.w.family, services_of(c.arena,
						c.a.grid.cell[a][b]));
		CHECK(seed, pset_size(c.u, c.pa) == size);
		arena_free(c.arena);
	}
}

static void boxes_within_is_inclusion_with_a_counterexample(void **state)
{
	for (unsigned seed = 0; seed < CASES; seed++) {
		struct case_ c = case_of(*state, seed);
		struct grid rest = grid_op(MINUS, &c.a.grid, &c.b.grid);
		struct packet p;
		bool within = boxes_within(c.arena, c.w.family, &c.a.boxes,
					   &c.b.boxes, &p);

		CHECK(seed, within == is_empty(&rest));
		CHECK(seed, within || has(&rest, c.w, &p));
		arena_free(c.arena);
	}
}

static void a_box_has_what_is_in_all_three_of_its_sets(void **state)
{
	for (unsigned seed = 0; seed < CASES; seed++) {
		struct case_ c = case_of(*state, seed);
		struct packet p = { c.w.family,
				    c.w.base + dice_roll(&c.dice, HOSTS),
				    c.w.base + dice_roll(&c.dice, HOSTS),
				    (uint32_t)pieces[dice_roll(&c.dice,
							       PIECES)].hi };
		bool found = false;

		for (size_t i = 0; i < c.a.boxes.count; i++)
			found |= box_has(&c.a.boxes.at[i], &p);
		CHECK(seed, found == has(&c.a.grid, c.w, &p));
		arena_free(c.arena);
	}
}

/* --- single cases --- */

static struct boxes one_box(struct arena *arena, struct ranges src,
			    struct ranges dst, struct ranges svc)
{
	struct boxes boxes = { 0 };

	boxes_add(arena, &boxes, src, dst, svc);
	return boxes;
}

static void a_box_without_packets_is_not_added(void **state)
{
	struct ranges some = ranges_one(*state, 1, 2);
	struct boxes boxes = { 0 };

	boxes_add(*state, &boxes, NO_RANGES, some, some);
	boxes_add(*state, &boxes, some, NO_RANGES, some);
	boxes_add(*state, &boxes, some, some, NO_RANGES);
	assert_int_equal(boxes.count, 0);
}

static void nothing_is_within_nothing(void **state)
{
	struct boxes none = { 0 };
	struct boxes all = one_box(*state, family_all(*state, IPV6),
				   family_all(*state, IPV6),
				   service_all(*state).of[IPV6]);
	struct packet p;

	assert_true(boxes_within(*state, IPV6, &none, &none, &p));
	assert_true(boxes_within(*state, IPV6, &none, &all, &p));
	assert_false(boxes_within(*state, IPV6, &all, &none, &p));
	assert_int_equal(boxes_disjoint(*state, IPV6, &none).count, 0);
	assert_int_equal(boxes_disjoint(*state, IPV6, &all).count, 1);
}

static void one_missing_packet_is_found(void **state)
{
	struct arena *arena = *state;
	struct ranges all = family_all(arena, IPV6);
	struct ranges host = ranges_one(arena, U128_MAX, U128_MAX);
	struct ranges port = ranges_one(arena, SERVICE_LAST, SERVICE_LAST);
	struct ranges services = service_all(arena).of[IPV6];
	struct boxes whole = one_box(arena, all, all, services);
	struct boxes holed = { 0 };
	struct packet p;

	boxes_add(arena, &holed, ranges_minus(arena, all, host), all, services);
	boxes_add(arena, &holed, all, ranges_minus(arena, all, host), services);
	boxes_add(arena, &holed, all, all,
		  ranges_minus(arena, services, port));
	assert_true(boxes_within(arena, IPV6, &holed, &whole, &p));
	assert_false(boxes_within(arena, IPV6, &whole, &holed, &p));
	assert_true(p.src == U128_MAX && p.dst == U128_MAX);
	assert_int_equal(p.svc, SERVICE_LAST);
}

/* Second of three, first of two. */
static void a_witness_is_a_host_where_there_is_room(void **state)
{
	struct arena *arena = *state;
	struct ranges three = ranges_one(arena, 0x0a000000, 0x0a000002);
	struct ranges two = ranges_one(arena, 0x0b000000, 0x0b000001);
	struct ranges https = ranges_one(arena, service_key(6, 443),
					 service_key(6, 443));
	struct boxes boxes = one_box(arena, three, two, https);
	const struct boxes *lists[] = { &boxes };
	struct universe *u = universe_of(arena, IPV4, lists, 1);
	struct packet p;

	assert_true(pset_witness(u, pset_of(u, &boxes), &p));
	assert_true(p.src == 0x0a000001 && p.dst == 0x0b000000);
	assert_string_equal(packet_text(arena, &p),
			    "tcp 10.0.0.1 -> 11.0.0.0 port 443");
}

static void packets_are_written_as_people_do(void **state)
{
	const struct packet ping = { IPV4, 1, 2, service_key(1, 8 << 8) };
	const struct packet esp = { IPV6, 1, 2, service_key(50, 0) };
	const struct packet odd = { IPV4, 1, 2, service_key(58, 0) };

	assert_string_equal(packet_text(*state, &ping),
			    "icmp 0.0.0.1 -> 0.0.0.2 type 8 code 0");
	assert_string_equal(packet_text(*state, &esp),
			    "protocol 50 ::1 -> ::2");
	assert_string_equal(packet_text(*state, &odd),
			    "protocol 58 0.0.0.1 -> 0.0.0.2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(boxes_of_a_set_are_disjoint_and_all_of_it),
		IN_ARENA(operations_agree_with_the_table),
		IN_ARENA(the_laws_of_sets_hold),
		IN_ARENA(equal_sets_are_equal_however_they_are_written),
		IN_ARENA(boxes_do_not_depend_on_the_order_of_boxes),
		IN_ARENA(a_witness_is_in_its_set),
		IN_ARENA(a_witness_has_the_lowest_ends_or_the_next),
		IN_ARENA(equal_sets_have_one_witness_in_every_universe),
		IN_ARENA(the_size_is_the_number_of_packets),
		IN_ARENA(boxes_within_is_inclusion_with_a_counterexample),
		IN_ARENA(a_box_has_what_is_in_all_three_of_its_sets),
		IN_ARENA(a_box_without_packets_is_not_added),
		IN_ARENA(nothing_is_within_nothing),
		IN_ARENA(one_missing_packet_is_found),
		IN_ARENA(a_witness_is_a_host_where_there_is_room),
		IN_ARENA(packets_are_written_as_people_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
