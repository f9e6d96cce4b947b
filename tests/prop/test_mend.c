/* Mending sets against every set there is. */
#include "tests/lib/fixture.h"

#include "compiler/mend.h"
#include "tests/lib/dice.h"

#include <stdio.h>

enum { ROUNDS = 3000, THINGS = 9, BAD_MOST = 14 };

/* Sets of things, a bit each; the oracle knows them all and tells one. */
struct world {
	unsigned bad[BAD_MOST];
	size_t count;
	struct arena *arena;
};

static bool find(void *context, const bool *removed, mend_set *out)
{
	const struct world *w = context;

	for (size_t i = 0; i < w->count; i++) {
		bool whole = true;

		for (uint32_t t = 0; t < THINGS; t++)
			whole &= !(w->bad[i] >> t & 1) || !removed[t];
		if (!whole)
			continue;
		for (uint32_t t = 0; t < THINGS; t++)
			if (w->bad[i] >> t & 1)
				*LIST_PUSH(w->arena, out) = t;
		return true;
	}
	return false;
}

static bool is_enough(const struct world *w, unsigned taken)
{
	for (size_t i = 0; i < w->count; i++)
		if (!(w->bad[i] & taken))
			return false;
	return true;
}

static size_t fewest(const struct world *w, unsigned *ways)
{
	for (int size = 0;; size++) {
		*ways = 0;
		for (unsigned set = 0; set < 1u << THINGS; set++)
			*ways += __builtin_popcount(set) == size &&
				 is_enough(w, set);
		if (*ways)
			return (size_t)size;
	}
}

static struct world random_world(struct arena *arena, struct dice *dice)
{
	struct world w = { .count = dice_roll(dice, BAD_MOST + 1),
			   .arena = arena };

	for (size_t i = 0; i < w.count; i++)
		for (unsigned n = 1 + dice_roll(dice, 4); n; n--)
			w.bad[i] |= 1u << dice_roll(dice, THINGS);
	return w;
}

static unsigned as_bits(const struct mending *m)
{
	unsigned bits = 0;

	for (size_t i = 0; i < m->count; i++) {
		assert_true(!i || m->at[i - 1] < m->at[i]);
		bits |= 1u << m->at[i];
	}
	return bits;
}

static void a_mending_set_is_the_smallest_and_says_if_it_is_the_only_one(
	void **state)
{
	size_t only = 0, others = 0, none = 0;

	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		struct arena *arena = arena_child(*state);
		struct dice dice = dice_of(seed);
		struct world w = random_world(arena, &dice);
		struct mend_oracle oracle = { find, &w, THINGS, 10000 };
		struct mending m = mend(arena, &oracle);
		unsigned ways;

		assert_true(is_enough(&w, as_bits(&m)));
		assert_true(m.smallest);
		assert_int_equal(m.count, fewest(&w, &ways));
		assert_int_equal(m.only, ways == 1);
		*(m.count == 0 ? &none : m.only ? &only : &others) += 1;
		arena_free(arena);
	}
	printf("%zu only, %zu with others, %zu with nothing to mend\n", only,
	       others, none);
	assert_true(only > ROUNDS / 10 && others > ROUNDS / 10 && none);
}

static void a_search_cut_short_is_still_enough_and_says_so(void **state)
{
	size_t short_ones = 0;

	for (uint64_t seed = 1; seed <= ROUNDS / 10; seed++) {
		struct arena *arena = arena_child(*state);
		struct dice dice = dice_of(seed);
		struct world w = random_world(arena, &dice);
		struct mend_oracle oracle = { find, &w, THINGS, 3 };
		struct mending m = mend(arena, &oracle);
		unsigned taken = as_bits(&m);

		assert_true(is_enough(&w, taken));
		for (uint32_t t = 0; !m.smallest && t < THINGS; t++)
			assert_true(!(taken >> t & 1) ||
				    !is_enough(&w, taken & ~(1u << t)));
		assert_true(m.smallest || !m.only);
		short_ones += !m.smallest;
		arena_free(arena);
	}
	assert_true(short_ones > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(a_mending_set_is_the_smallest_and_says_if_it_is_the_only_one),
		IN_ARENA(a_search_cut_short_is_still_enough_and_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
