/* Reading characters, and what is hidden in them. */
#include "compiler/base/utf8.h"

#include "tests/lib/fixture.h"

#include <string.h>

/* C as RFC 3629 writes it. */
static size_t encode(char *out, uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

static void every_character_is_read_as_it_was_written(void **state)
{
	(void)state;
	for (uint32_t c = 0; c <= 0x10ffff; c++) {
		char bytes[4];
		uint32_t read = UINT32_MAX;
		size_t n = encode(bytes, c);
		bool surrogate = c >= 0xd800 && c <= 0xdfff;

		if (surrogate) {
			assert_int_equal(utf8_read(bytes, n, &read), 0);
			continue;
		}
		if (utf8_read(bytes, n, &read) != n || read != c)
			fail_msg("U+%04X", (unsigned)c);
		if (n > 1 && utf8_read(bytes, n - 1, &read))
			fail_msg("U+%04X cut off", (unsigned)c);
	}
}

/* Of two, three and four arbitrary bytes exactly the encodings are read. */
static void nothing_else_is_read(void **state)
{
	size_t read = 0;

	(void)state;
	for (uint32_t i = 0; i < 1 << 16; i++) {
		char bytes[3] = { (char)(i >> 8), (char)i, (char)0x80 };
		uint32_t c;
		size_t n = utf8_read(bytes, 3, &c);

		read += n > 1;
		if (n) {
			char again[4];

			assert_int_equal(encode(again, c), n);
			assert_memory_equal(again, bytes, n);
		}
	}
	/* 2 bytes: 0xc2-0xdf; 3 bytes: 0xe0-0xef less overlong and surrogates */
	assert_int_equal(read, 30 * 64 + 16 * 64 - 32 - 32);
}

static void an_empty_text_has_no_character(void **state)
{
	uint32_t c;

	(void)state;
	assert_int_equal(utf8_read("", 0, &c), 0);
	assert_int_equal(utf8_read("", 1, &c), 1);
	assert_int_equal(c, 0);
}

static void what_turns_or_hides_text_is_hidden(void **state)
{
	static const uint32_t bad[] = {
		0, 7, 0x1b, 0x7f, 0x85, 0x9b, 0xad, 0x200b, 0x200e, 0x200f,
		0x202a, 0x202e, 0x2028, 0x2066, 0x2069, 0x61c, 0xfeff, 0xe0041,
		0x3164, 0xffff, 0x1fffe, 0x10ffff,
	};
	static const uint32_t good[] = {
		'\t', '\n', '\r', ' ', '~', 0xa0, 0xf1, 0x301, 0x2014, 0x2026,
		0x20ac, 0x4e2d, 0x1f600, 0xfffd,
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_true(utf8_is_hidden(bad[i]));
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_false(utf8_is_hidden(good[i]));
}

static void marks_are_no_column_and_ideographs_two(void **state)
{
	(void)state;
	assert_int_equal(utf8_columns('a'), 1);
	assert_int_equal(utf8_columns(0xf1), 1);
	assert_int_equal(utf8_columns(0x301), 0);
	assert_int_equal(utf8_columns(0x4e2d), 2);
	assert_int_equal(utf8_columns(0xac00), 2);
	assert_int_equal(utf8_columns(0x1f600), 2);
	assert_int_equal(utf8_columns(0x2026), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_character_is_read_as_it_was_written),
		cmocka_unit_test(nothing_else_is_read),
		cmocka_unit_test(an_empty_text_has_no_character),
		cmocka_unit_test(what_turns_or_hides_text_is_hidden),
		cmocka_unit_test(marks_are_no_column_and_ideographs_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
