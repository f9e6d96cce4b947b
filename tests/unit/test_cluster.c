/* Clusters of boxes, against looking at every pair until nothing changes. */
#include "tests/lib/fixture.h"

#include "backends/nft/cluster.h"
#include "tests/lib/dice.h"

enum { BOXES = 24, VALUES = 40 };

/* One range or two of values below LIMIT, ascending. */
static struct ranges some_ranges(struct arena *arena, struct dice *dice,
				 unsigned limit)
{
	struct range *at = arena_array(arena, 2, sizeof *at);
	unsigned lo = dice_roll(dice, limit), hi = lo + dice_roll(dice, 3);

	at[0] = (struct range){ lo, hi };
	at[1] = (struct range){ hi + 2 + dice_roll(dice, limit), 0 };
	at[1].hi = at[1].lo + dice_roll(dice, 2);
	return (struct ranges){ at, 1 + dice_roll(dice, 2) };
}

static bool meet(struct ranges a, struct ranges b)
{
	for (size_t i = 0; i < a.count; i++)
		for (size_t j = 0; j < b.count; j++)
			if (a.at[i].lo <= b.at[j].hi && b.at[j].lo <= a.at[i].hi)
				return true;
	return false;
}

static void look_at_every_pair(const struct boxes *boxes, size_t *out)
{
	bool changed = true;

	for (size_t i = 0; i < boxes->count; i++)
		out[i] = i;
	while (changed) {
		changed = false;
		for (size_t i = 0; i < boxes->count; i++)
			for (size_t j = 0; j < boxes->count; j++)
				if (out[j] > out[i] &&
				    meet(boxes->at[i].src, boxes->at[j].src) &&
				    meet(boxes->at[i].dst, boxes->at[j].dst) &&
				    meet(boxes->at[i].svc, boxes->at[j].svc)) {
					out[j] = out[i];
					changed = true;
				}
	}
}

static void clusters_are_what_every_pair_says(void **state)
{
	size_t wanted[BOXES], alone = 0, together = 0;

	for (uint64_t seed = 1; seed <= 3000; seed++) {
		struct arena *arena = arena_child(*state);
		struct dice dice = dice_of(seed);
		/* each field tells apart in some of the rounds */
		unsigned limits[] = { 1 + dice_roll(&dice, VALUES),
				      1 + dice_roll(&dice, VALUES),
				      1 + dice_roll(&dice, VALUES) };
		struct boxes boxes = { 0 };
		const size_t *got;

		for (unsigned i = dice_roll(&dice, BOXES + 1); i > 0; i--)
			*LIST_PUSH(arena, &boxes) = (struct box){
				some_ranges(arena, &dice, limits[0]),
				some_ranges(arena, &dice, limits[1]),
				some_ranges(arena, &dice, limits[2]) };
		got = nft_clusters_of(arena, &boxes);
		look_at_every_pair(&boxes, wanted);
		for (size_t i = 0; i < boxes.count; i++) {
			assert_int_equal(got[i], wanted[i]);
			alone += got[i] == i;
			together += got[i] != i;
		}
		arena_free(arena);
	}
	assert_true(alone > 1000 && together > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(clusters_are_what_every_pair_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
