/* The optimal string alignment distance over characters, three rows at a time. */
#include "compiler/base/suggest.h"

#include "compiler/base/utf8.h"

#include <string.h>

enum { LONGEST = 64, FAR = 1000 };

struct word {
	uint32_t at[LONGEST];
	size_t count;	/* LONGEST + 1: too long */
};

static void spell(struct word *word, const char *text)
{
	size_t left = strnlen(text, LONGEST * 4 + 1);

	word->count = 0;
	while (left) {
		uint32_t c;
		size_t n = utf8_read(text, left, &c);

		if (!n) {
			c = 0x110000 + (unsigned char)*text;
			n = 1;
		}
		if (word->count++ == LONGEST)
			return;
		word->at[word->count - 1] = c;
		text += n;
		left -= n;
	}
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static unsigned distance(const struct word *a, const struct word *b)
{
	unsigned rows[3][LONGEST + 1];

	if (a->count > LONGEST || b->count > LONGEST)
		return FAR;
	for (size_t j = 0; j <= b->count; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a->count; i++) {
		unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3];
		unsigned *two_above = rows[(i + 1) % 3];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b->count; j++) {
			unsigned change = a->at[i - 1] != b->at[j - 1];

			row[j] = least(least(row[j - 1], above[j]) + 1,
				       above[j - 1] + change);
			if (i > 1 && j > 1 && a->at[i - 1] == b->at[j - 2] &&
			    a->at[i - 2] == b->at[j - 1])
				row[j] = least(row[j], two_above[j - 2] + 1);
		}
	}
	return rows[a->count % 3][b->count];
}

unsigned suggest_distance(const char *a, const char *b)
{
	struct word x, y;

	spell(&x, a);
	spell(&y, b);
	return distance(&x, &y);
}

/* One more than the edits that a word of COUNT characters may be away. */
static unsigned limit_of(size_t count)
{
	size_t third = count / 3;

	return count < 2 ? 0 : third > 1 ? (unsigned)third + 1 : 2;
}

const char *suggest_nearest(const char *word, const char *const *words,
			    size_t count)
{
	struct word wanted, other;
	const char *found = NULL;
	unsigned best;

	spell(&wanted, word);
	if (wanted.count > LONGEST)
		return NULL;
	best = limit_of(wanted.count);
	for (size_t i = 0; i < count && best > 1; i++) {
		unsigned d;

		spell(&other, words[i]);
		if (other.count + best <= wanted.count ||
		    wanted.count + best <= other.count)
			continue;
		d = distance(&wanted, &other);
		if (d && d < best) {
			best = d;
			found = words[i];
		}
	}
	return found;
}
