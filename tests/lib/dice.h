/* Random numbers that are the same on every machine: a test is its seed. */
#ifndef FIREBREAK_TESTS_LIB_DICE_H
#define FIREBREAK_TESTS_LIB_DICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dice {
	uint64_t state;
};

struct dice dice_of(uint64_t seed);

/* 64 random bits. */
uint64_t dice_bits(struct dice *dice);

/* A number from 0 to BELOW - 1; BELOW is not 0. */
unsigned dice_roll(struct dice *dice, unsigned below);

/* True in PERCENT cases of a hundred. */
bool dice_chance(struct dice *dice, unsigned percent);

/* Put COUNT objects of SIZE bytes at AT in another order. */
void dice_shuffle(struct dice *dice, void *at, size_t count, size_t size);

#endif
