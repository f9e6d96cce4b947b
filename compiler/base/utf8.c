/*
 * Ranges are blocks of the Unicode standard, version 15, rounded to whole
 * blocks where a block has holes.
 */
#include "compiler/base/utf8.h"

struct characters {
	uint32_t first, last;
};

/* All ascending. */
static const struct characters hidden[] = {
	{ 0x00, 0x08 }, { 0x0b, 0x0c }, { 0x0e, 0x1f },
	{ 0x7f, 0x9f },			/* delete, C1 controls */
	{ 0xad, 0xad },			/* soft hyphen */
	{ 0x34f, 0x34f },		/* joins nothing to nothing */
	{ 0x61c, 0x61c },		/* Arabic letter mark */
	{ 0x115f, 0x1160 },		/* Hangul fillers */
	{ 0x17b4, 0x17b5 },		/* Khmer vowels without a shape */
	{ 0x180b, 0x180f },		/* Mongolian selectors */
	{ 0x200b, 0x200f },		/* zero width, direction marks */
	{ 0x2028, 0x202e },		/* line ends, embeddings, overrides */
	{ 0x2060, 0x206f },		/* joiners, isolates */
	{ 0x3164, 0x3164 },		/* Hangul filler */
	{ 0xfdd0, 0xfdef },		/* non-characters */
	{ 0xfeff, 0xfeff },		/* byte order mark */
	{ 0xffa0, 0xffa0 },		/* halfwidth filler */
	{ 0xfff0, 0xfffb },		/* annotations */
	{ 0xfffe, 0xffff },
	{ 0x1bca0, 0x1bca3 },		/* shorthand format controls */
	{ 0x1d173, 0x1d17a },		/* musical format controls */
	{ 0xe0000, 0xe0fff },		/* tags, selectors */
};

static const struct characters combining[] = {
	{ 0x300, 0x36f }, { 0x483, 0x489 }, { 0x591, 0x5bd },
	{ 0x610, 0x61a }, { 0x64b, 0x65f }, { 0x1ab0, 0x1aff },
	{ 0x1dc0, 0x1dff }, { 0x20d0, 0x20ff }, { 0x302a, 0x302d },
	{ 0x3099, 0x309a }, { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f },
};

static const struct characters wide[] = {
	{ 0x1100, 0x115f },		/* Hangul */
	{ 0x2e80, 0x303e }, { 0x3041, 0x33ff }, { 0x3400, 0x4dbf },
	{ 0x4e00, 0xa4cf },		/* ideographs, Yi */
	{ 0xa960, 0xa97f }, { 0xac00, 0xd7a3 }, { 0xf900, 0xfaff },
	{ 0xfe30, 0xfe6f }, { 0xff01, 0xff60 }, { 0xffe0, 0xffe6 },
	{ 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff },
	{ 0x20000, 0x3fffd },
};

#define COUNT(a) (sizeof(a) / sizeof *(a))

static bool is_in(const struct characters *set, size_t count, uint32_t c)
{
	size_t lo = 0, hi = count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (c > set[mid].last)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < count && c >= set[lo].first;
}

size_t utf8_read(const char *text, size_t len, uint32_t *c)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *s = (const unsigned char *)text;
	size_t n;

	if (!len)
		return 0;
	if (s[0] < 0x80) {
		*c = s[0];
		return 1;
	}
	n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4 || n > len)
		return 0;
	*c = s[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (s[i] & 0x3f);
	}
	if (*c < least[n] || *c > 0x10ffff || (*c >= 0xd800 && *c <= 0xdfff))
		return 0;
	return n;
}

bool utf8_is_hidden(uint32_t c)
{
	if (c >= 0x20 && c < 0x7f)
		return false;
	return is_in(hidden, COUNT(hidden), c) ||
	       (c >= 0x1fffe && (c & 0xfffe) == 0xfffe);
}

unsigned utf8_columns(uint32_t c)
{
	if (c < 0x300)
		return 1;
	if (is_in(combining, COUNT(combining), c))
		return 0;
	return 1 + is_in(wide, COUNT(wide), c);
}
