/*
 * Ranges against a bitmap: every pair of subsets of eight neighbouring numbers,
 * at the bottom of the number line, in the middle and at its very end.
 */
#include "compiler/base/ranges.h"

#include "tests/lib/fixture.h"

enum { WORLD = 8, SUBSETS = 1 << WORLD };

static const u128 bases[] = { 0, ((u128)1 << 64) - 4, U128_MAX - (WORLD - 1) };

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* The numbers BASE + i for every bit i of BITS, told one by one, last first. */
static struct ranges set_of(struct arena *arena, unsigned bits, u128 base)
{
	struct range some[WORLD];
	size_t n = 0;

	for (unsigned i = WORLD; i--;)
		if (bits >> i & 1)
			some[n++] = (struct range){ base + i, base + i };
	return ranges_of(arena, some, n);
}

static void assert_canonical(struct ranges set)
{
	for (size_t i = 0; i < set.count; i++) {
		assert_true(set.at[i].lo <= set.at[i].hi);
		if (i) {
			assert_true(set.at[i - 1].hi < set.at[i].lo);
			assert_true(set.at[i].lo - set.at[i - 1].hi > 1);
		}
	}
}

/* The inverse of set_of(), number by number. */
static unsigned bits_of(struct ranges set, u128 base)
{
	unsigned bits = 0;

	assert_canonical(set);
	for (size_t i = 0; i < set.count; i++) {
		assert_true(set.at[i].lo >= base);
		assert_true(set.at[i].hi - base < WORLD);
		for (u128 v = set.at[i].lo - base; v <= set.at[i].hi - base;
		     v++)
			bits |= 1u << v;
	}
	return bits;
}

typedef struct ranges operation(struct arena *, struct ranges, struct ranges);

static void check_operation(struct arena *arena, operation *op,
			    unsigned (*bitwise)(unsigned, unsigned))
{
	for (size_t k = 0; k < COUNT(bases); k++) {
		for (unsigned a = 0; a < SUBSETS; a++) {
			struct arena *scratch = arena_child(arena);
			struct ranges x = set_of(scratch, a, bases[k]);

			for (unsigned b = 0; b < SUBSETS; b++) {
				struct ranges y = set_of(scratch, b, bases[k]);
				struct ranges z = op(scratch, x, y);

				assert_int_equal(bits_of(z, bases[k]),
						 bitwise(a, b));
			}
			arena_free(scratch);
		}
	}
}

static unsigned bits_union(unsigned a, unsigned b)
{
	return a | b;
}

static unsigned bits_meet(unsigned a, unsigned b)
{
	return a & b;
}

static unsigned bits_minus(unsigned a, unsigned b)
{
	return a & ~b;
}

static void union_is_bitwise_or(void **state)
{
	check_operation(*state, ranges_union, bits_union);
}

static void meet_is_bitwise_and(void **state)
{
	check_operation(*state, ranges_meet, bits_meet);
}

static void minus_is_bitwise_and_not(void **state)
{
	check_operation(*state, ranges_minus, bits_minus);
}

static void questions_agree_with_bits(void **state)
{
	for (size_t k = 0; k < COUNT(bases); k++) {
		for (unsigned a = 0; a < SUBSETS; a++) {
			struct arena *scratch = arena_child(*state);
			struct ranges x = set_of(scratch, a, bases[k]);

			assert_int_equal(ranges_empty(x), a == 0);
			assert_int_equal(ranges_size(x), __builtin_popcount(a));
			for (unsigned i = 0; i < WORLD; i++)
				assert_int_equal(ranges_have(x, bases[k] + i),
						 a >> i & 1);
			for (unsigned b = 0; b < SUBSETS; b++) {
				struct ranges y = set_of(scratch, b, bases[k]);

				assert_int_equal(ranges_equal(x, y), a == b);
				assert_int_equal(ranges_touch(x, y),
						 (a & b) != 0);
				assert_int_equal(ranges_include(x, y),
						 (b & ~a) == 0);
			}
			arena_free(scratch);
		}
	}
}

static void ranges_that_touch_become_one(void **state)
{
	const struct range in[] = { { 90, 99 }, { 80, 89 } };
	struct ranges set = ranges_of(*state, in, 2);

	assert_int_equal(set.count, 1);
	assert_true(set.at[0].lo == 80 && set.at[0].hi == 99);
}

static void ranges_with_one_number_between_stay_two(void **state)
{
	const struct range in[] = { { 91, 99 }, { 80, 89 } };

	assert_int_equal(ranges_of(*state, in, 2).count, 2);
}

static void a_range_inside_another_adds_nothing(void **state)
{
	const struct range in[] = { { 5, 6 }, { 0, 9 }, { 0, 3 }, { 9, 9 } };
	struct ranges set = ranges_of(*state, in, 4);

	assert_int_equal(set.count, 1);
	assert_true(set.at[0].lo == 0 && set.at[0].hi == 9);
}

static void no_number_follows_the_last(void **state)
{
	const struct range in[] = { { 60000, U128_MAX },
				    { U128_MAX, U128_MAX } };
	struct ranges set = ranges_of(*state, in, 2);

	assert_int_equal(set.count, 1);
	assert_true(set.at[0].hi == U128_MAX);
}

static void the_ends_can_be_cut_off(void **state)
{
	struct ranges all = ranges_one(*state, 0, U128_MAX);
	const struct range ends[] = { { 0, 0 }, { U128_MAX, U128_MAX } };
	struct ranges rest = ranges_minus(*state, all,
					  ranges_of(*state, ends, 2));

	assert_int_equal(rest.count, 1);
	assert_true(rest.at[0].lo == 1 && rest.at[0].hi == U128_MAX - 1);
}

static void everything_less_everything_is_empty(void **state)
{
	struct ranges all = ranges_one(*state, 0, U128_MAX);

	assert_true(ranges_empty(ranges_minus(*state, all, all)));
}

static void one_hole_is_cut_by_many_ranges(void **state)
{
	const struct range holes[] = { { 2, 3 }, { 5, 5 }, { 7, 20 } };
	const struct range left[] = { { 0, 1 }, { 4, 4 }, { 6, 6 } };
	struct ranges rest = ranges_minus(*state, ranges_one(*state, 0, 9),
					  ranges_of(*state, holes, 3));

	assert_true(ranges_equal(rest, ranges_of(*state, left, 3)));
}

static void the_size_of_everything_has_no_name(void **state)
{
	assert_true(ranges_size(ranges_one(*state, 0, U128_MAX)) == U128_MAX);
	assert_true(ranges_size(ranges_one(*state, 1, U128_MAX)) == U128_MAX);
	assert_true(ranges_size(ranges_one(*state, 2, U128_MAX)) ==
		    U128_MAX - 1);
}

static void no_ranges_are_the_empty_set(void **state)
{
	struct ranges some = ranges_one(*state, 4, 5);

	assert_true(ranges_empty(ranges_of(*state, NULL, 0)));
	assert_true(ranges_empty(NO_RANGES));
	assert_true(ranges_include(some, NO_RANGES));
	assert_false(ranges_include(NO_RANGES, some));
	assert_false(ranges_touch(some, NO_RANGES));
	assert_true(ranges_equal(ranges_union(*state, NO_RANGES, some), some));
	assert_true(ranges_equal(ranges_minus(*state, some, NO_RANGES), some));
}

static void families_do_not_mix(void **state)
{
	struct both v4 = { .of = { [IPV4] = ranges_one(*state, 0, 9) } };
	struct both v6 = { .of = { [IPV6] = ranges_one(*state, 0, 9) } };
	struct both all = both_union(*state, v4, v6);

	assert_false(both_touch(v4, v6));
	assert_true(both_empty(both_meet(*state, v4, v6)));
	assert_true(both_equal(both_minus(*state, all, v6), v4));
	assert_true(both_include(all, v4) && both_include(all, v6));
	assert_false(both_include(v4, all));
	assert_false(both_empty(v6));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(union_is_bitwise_or),
		IN_ARENA(meet_is_bitwise_and),
		IN_ARENA(minus_is_bitwise_and_not),
		IN_ARENA(questions_agree_with_bits),
		IN_ARENA(ranges_that_touch_become_one),
		IN_ARENA(ranges_with_one_number_between_stay_two),
		IN_ARENA(a_range_inside_another_adds_nothing),
		IN_ARENA(no_number_follows_the_last),
		IN_ARENA(the_ends_can_be_cut_off),
		IN_ARENA(everything_less_everything_is_empty),
		IN_ARENA(one_hole_is_cut_by_many_ranges),
		IN_ARENA(the_size_of_everything_has_no_name),
		IN_ARENA(no_ranges_are_the_empty_set),
		IN_ARENA(families_do_not_mix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
