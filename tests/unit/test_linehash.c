/* GitHub's own vectors, and the polynomial by its definition. */
#include "compiler/findings/linehash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

static void expect_lines(const char *text, size_t count,
			 const struct linehash *want)
{
	struct arena *arena = arena_new(0);
	size_t found;
	const struct linehash *got = linehash_of(arena, text, strlen(text),
						 &found);

	assert_true(found >= count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(got[i].hash, want[i].hash);
		assert_int_equal(got[i].occurrence, want[i].occurrence);
	}
	arena_free(arena);
}

static void the_vectors_of_github_come_out(void **state)
{
	(void)state;
	expect_lines("", 1, (struct linehash[]){
		{ 0xc129715d7a2bc9a3, 1 } });
	expect_lines("hello\nworld\n", 2, (struct linehash[]){
		{ 0xa2b8faa8c5a43ef3, 1 }, { 0x53f9e022cffbf0f1, 1 } });
	expect_lines("hello\n\thello\r\nhello", 3, (struct linehash[]){
		{ 0x6344e5ce761e219b, 1 }, { 0x2433a8f9b89e6d9, 1 },
		{ 0x872468d6b4240487, 1 } });
}

static void equal_lines_far_from_each_other_are_numbered(void **state)
{
	struct arena *arena = arena_new(0);
	char text[1001];
	size_t count;
	const struct linehash *lines;

	(void)state;
	memset(text, 'x', 1000);
	text[1000] = '\0';
	for (size_t i = 199; i < 1000; i += 200)
		text[i] = '\n';
	lines = linehash_of(arena, text, 1000, &count);
	assert_int_equal(count, 6);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(lines[i].occurrence, i + 1);
	arena_free(arena);
}

/* The sum as the header defines it, over plain ASCII without blanks. */
static uint64_t by_definition(const char *text, size_t len, size_t from)
{
	uint64_t sum = 0;

	for (size_t i = from; i < from + 100; i++)
		sum = sum * 37 + (i < len ? (uint64_t)(unsigned char)text[i]
					  : i == len ? 65535 : 0);
	return sum;
}

static void a_rolled_hash_is_the_polynomial(void **state)
{
	struct arena *arena = arena_new(0);
	char text[5000];
	uint32_t seed = 7;
	size_t count, line = 0;
	const struct linehash *lines;

	(void)state;
	for (size_t i = 0; i < sizeof text; i++) {
		seed = seed * 1103515245 + 12345;
		text[i] = (seed >> 16) % 9 ? (char)('!' + (seed >> 16) % 90)
					   : '\n';
	}
	lines = linehash_of(arena, text, sizeof text, &count);
	assert_int_equal(lines[line++].hash, by_definition(text, sizeof text, 0));
	for (size_t i = 0; i < sizeof text; i++)
		if (text[i] == '\n')
			assert_int_equal(lines[line++].hash,
				by_definition(text, sizeof text, i + 1));
	assert_int_equal(line, count);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_of_github_come_out),
		cmocka_unit_test(equal_lines_far_from_each_other_are_numbered),
		cmocka_unit_test(a_rolled_hash_is_the_polynomial),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
