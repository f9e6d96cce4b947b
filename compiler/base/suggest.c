/* The optimal string alignment distance, three rows at a time. */
#include "compiler/base/suggest.h"

#include <string.h>

enum { LONGEST = 64, FAR = 1000 };

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

unsigned suggest_distance(const char *a, const char *b)
{
	size_t m = strlen(a), n = strlen(b);
	unsigned rows[3][LONGEST + 1];

	if (m > LONGEST || n > LONGEST)
		return FAR;
	for (size_t j = 0; j <= n; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= m; i++) {
		unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3];
		unsigned *two_above = rows[(i + 1) % 3];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= n; j++) {
			unsigned change = a[i - 1] != b[j - 1];

			row[j] = least(least(row[j - 1], above[j]) + 1,
				       above[j - 1] + change);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				row[j] = least(row[j], two_above[j - 2] + 1);
		}
	}
	return rows[m % 3][n];
}

const char *suggest_nearest(const char *word, const char *const *words,
			    size_t count)
{
	size_t third = strlen(word) / 3;
	unsigned best = third > 1 ? (unsigned)third + 1 : 2;
	const char *found = NULL;

	for (size_t i = 0; i < count; i++) {
		unsigned d = suggest_distance(word, words[i]);

		if (d < best) {
			best = d;
			found = words[i];
		}
	}
	return found;
}
