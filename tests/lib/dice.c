/* splitmix64: short, and any seed is a good one. */
#include "tests/lib/dice.h"

#include <string.h>

struct dice dice_of(uint64_t seed)
{
	return (struct dice){ seed };
}

uint64_t dice_bits(struct dice *dice)
{
	uint64_t z = dice->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

unsigned dice_roll(struct dice *dice, unsigned below)
{
	return (unsigned)(dice_bits(dice) % below);
}

bool dice_chance(struct dice *dice, unsigned percent)
{
	return dice_roll(dice, 100) < percent;
}

static void swap(unsigned char *a, unsigned char *b, size_t size)
{
	while (size--) {
		unsigned char kept = *a;

		*a++ = *b;
		*b++ = kept;
	}
}

void dice_shuffle(struct dice *dice, void *at, size_t count, size_t size)
{
	unsigned char *bytes = at;

	for (size_t i = count; i > 1; i--)
		swap(bytes + (i - 1) * size,
		     bytes + dice_roll(dice, (unsigned)i) * size, size);
}
