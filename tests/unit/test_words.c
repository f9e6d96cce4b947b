/* Suggestions and dates. */
#include "compiler/base/date.h"
#include "compiler/base/suggest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static void equal_words_are_no_edit_apart(void **state)
{
	(void)state;
	assert_int_equal(suggest_distance("data", "data"), 0);
	assert_int_equal(suggest_distance("", ""), 0);
}

static void each_edit_counts_one(void **state)
{
	(void)state;
	assert_int_equal(suggest_distance("data", "dat"), 1);
	assert_int_equal(suggest_distance("data", "daata"), 1);
	assert_int_equal(suggest_distance("data", "date"), 1);
	assert_int_equal(suggest_distance("", "abc"), 3);
}

static void neighbours_that_changed_places_are_one_edit(void **state)
{
	(void)state;
	assert_int_equal(suggest_distance("tikcet", "ticket"), 1);
	assert_int_equal(suggest_distance("ab", "ba"), 1);
	assert_int_equal(suggest_distance("ca", "abc"), 3);
}

static void distance_does_not_depend_on_the_order(void **state)
{
	static const char *const words[] = { "", "a", "edge", "egde", "services",
					     "service", "data", "tada" };
	const size_t n = sizeof words / sizeof *words;

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++)
			assert_int_equal(suggest_distance(words[i], words[k]),
					 suggest_distance(words[k], words[i]));
}

static void words_of_64_bytes_are_compared_and_longer_ones_are_far(void **state)
{
	char a[66], b[66];

	(void)state;
	memset(a, 'x', 65);
	memset(b, 'x', 65);
	a[64] = b[64] = '\0';
	b[0] = 'y';
	assert_int_equal(suggest_distance(a, b), 1);
	a[64] = 'x';
	a[65] = '\0';
	assert_true(suggest_distance(a, b) > 64);
}

static void the_nearest_word_is_suggested_and_a_far_one_is_not(void **state)
{
	static const char *const words[] = { "edge", "services", "data" };

	(void)state;
	assert_string_equal(suggest_nearest("servcies", words, 3), "services");
	assert_string_equal(suggest_nearest("dat", words, 3), "data");
	assert_null(suggest_nearest("bananas", words, 3));
	assert_null(suggest_nearest("x", words, 0));
}

static void of_equally_near_words_the_first_is_suggested(void **state)
{
	static const char *const words[] = { "cat", "bat", "hat" };
	static const char *const others[] = { "hat", "bat", "cat" };

	(void)state;
	assert_string_equal(suggest_nearest("mat", words, 3), "cat");
	assert_string_equal(suggest_nearest("mat", others, 3), "hat");
}

static void a_nearer_word_beats_an_earlier_one(void **state)
{
	static const char *const words[] = { "services-b", "services" };

	(void)state;
	assert_string_equal(suggest_nearest("servics-b", words, 2), "services-b");
	assert_string_equal(suggest_nearest("servicess", words, 2), "services");
}

static void a_third_of_the_word_may_be_wrong(void **state)
{
	static const char *const words[] = { "abcdefghi" };

	(void)state;
	assert_string_equal(suggest_nearest("XbcXefXhi", words, 1), "abcdefghi");
	assert_null(suggest_nearest("XbcXefXhX", words, 1));
	assert_string_equal(suggest_nearest("abcdefghiXXX", words, 1), "abcdefghi");
	assert_null(suggest_nearest("abcdefghiXXXXX", words, 1));
}

static void a_word_with_nothing_in_common_is_not_suggested(void **state)
{
	static const char *const words[] = { "a", "data" };

	(void)state;
	assert_null(suggest_nearest("x", words, 2));
	assert_null(suggest_nearest("", words, 2));
	assert_null(suggest_nearest("data", words + 1, 1));
}

static void an_edit_is_of_a_character_not_of_a_byte(void **state)
{
	static const char *const words[] = { "ma\xc3\xb1" "ana" };

	(void)state;
	assert_int_equal(suggest_distance("ma\xc3\xb1" "ana", "manana"), 1);
	assert_int_equal(suggest_distance("\xe2\x82\xac\xc3\xb1",
					  "\xc3\xb1\xe2\x82\xac"), 1);
	assert_int_equal(suggest_distance("a\xff", "a\xfe"), 1);
	assert_int_equal(suggest_distance("a\xff", "a\xff"), 0);
	assert_string_equal(suggest_nearest("manana", words, 1), words[0]);
}

static void lengths_count_characters(void **state)
{
	char a[200] = "", b[200] = "";

	(void)state;
	for (int i = 0; i < 64; i++) {
		strcat(a, "\xc3\xb1");
		strcat(b, "\xc3\xb1");
	}
	b[0] = b[1] = 'n';	/* 65 characters */
	assert_int_equal(suggest_distance(a, a), 0);
	assert_true(suggest_distance(a, b) > 64);
}

static void days_are_counted_from_1970(void **state)
{
	uint32_t day;

	(void)state;
	assert_true(date_read("1970-01-01", &day));
	assert_int_equal(day, 0);
	assert_true(date_read("2000-03-01", &day));
	assert_int_equal(day, 11017);
	assert_true(date_read("2026-11-23", &day));
	assert_int_equal(day, 20780);
}

static void days_that_do_not_exist_are_refused(void **state)
{
	static const char *const bad[] = {
		"2027-02-29", "2100-02-29", "2027-13-01", "2027-00-10",
		"2027-04-31", "2027-01-00", "1969-12-31", "2027-1-01",
		"20270101", "2027-01-011", "", "2027/01/01",
	};
	uint32_t day;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(date_read(bad[i], &day));
	assert_true(date_read("2028-02-29", &day));
	assert_true(date_read("2000-02-29", &day));
}

static void every_day_prints_as_it_is_read(void **state)
{
	char text[DATE_TEXT];
	uint32_t last;

	(void)state;
	assert_true(date_read("9999-12-31", &last));
	for (uint32_t day = 0; day <= last; day++) {
		uint32_t again = UINT32_MAX;

		assert_true(date_read(date_text(day, text), &again));
		assert_int_equal(again, day);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_words_are_no_edit_apart),
		cmocka_unit_test(each_edit_counts_one),
		cmocka_unit_test(neighbours_that_changed_places_are_one_edit),
		cmocka_unit_test(distance_does_not_depend_on_the_order),
		cmocka_unit_test(words_of_64_bytes_are_compared_and_longer_ones_are_far),
		cmocka_unit_test(the_nearest_word_is_suggested_and_a_far_one_is_not),
		cmocka_unit_test(of_equally_near_words_the_first_is_suggested),
		cmocka_unit_test(a_nearer_word_beats_an_earlier_one),
		cmocka_unit_test(a_third_of_the_word_may_be_wrong),
		cmocka_unit_test(a_word_with_nothing_in_common_is_not_suggested),
		cmocka_unit_test(an_edit_is_of_a_character_not_of_a_byte),
		cmocka_unit_test(lengths_count_characters),
		cmocka_unit_test(days_are_counted_from_1970),
		cmocka_unit_test(days_that_do_not_exist_are_refused),
		cmocka_unit_test(every_day_prints_as_it_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
