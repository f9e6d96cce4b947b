/* The floor of the house: arenas, tables, text, sources, diagnostics, days. */
#include "compiler/base/date.h"
#include "compiler/base/diag.h"
#include "compiler/base/source.h"
#include "compiler/base/suggest.h"
#include "compiler/base/table.h"
#include "compiler/base/text.h"

#include "tests/lib/dice.h"
#include "tests/lib/fixture.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* --- arena --- */

static void memory_is_zeroed_and_aligned(void **state)
{
	for (size_t size = 0; size < 70; size++) {
		unsigned char *at = arena_alloc(*state, size);

		assert_int_equal((uintptr_t)at % 16, 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(at[i], 0);
		memset(at, 0xff, size);
	}
}

static void requests_larger_than_a_block_are_met(void **state)
{
	char *large = arena_alloc(*state, 5 << 20);
	char *small = arena_alloc(*state, 1);

	memset(large, 1, 5 << 20);
	assert_int_equal(*small, 0);
	assert_true(arena_used(*state) >= 5 << 20);
}

/* How the request ended: true when it jumped. */
static bool jumps(struct arena *arena, size_t count, size_t size)
{
	jmp_buf place;

	if (setjmp(place)) {
		arena_guard(arena, NULL);
		return true;
	}
	arena_guard(arena, &place);
	(void)arena_array(arena, count, size);
	arena_guard(arena, NULL);
	return false;
}

static void a_request_over_the_limit_jumps(void **state)
{
	struct arena *arena = arena_new(100000);

	(void)state;
	assert_false(jumps(arena, 1, 10000));
	assert_true(jumps(arena, 1, 100000));
	assert_true(arena_used(arena) <= 100000);
	arena_free(arena);
}

static void a_child_counts_against_its_root(void **state)
{
	struct arena *root = arena_new(1 << 20);
	struct arena *child = arena_child(root);
	struct arena *grandchild = arena_child(child);
	size_t before;

	(void)state;
	assert_false(jumps(grandchild, 1, 600 << 10));
	before = arena_used(root);
	assert_true(before >= 600 << 10);
	assert_true(jumps(root, 1, 600 << 10));
	assert_true(jumps(child, 1, 600 << 10));
	arena_free(child);
	assert_true(arena_used(root) <= before - (600 << 10));
	assert_false(jumps(root, 1, 600 << 10));
	arena_free(root);
}

static void a_count_that_overflows_jumps(void **state)
{
	assert_true(jumps(*state, SIZE_MAX / 2, 3));
	assert_true(jumps(*state, SIZE_MAX, 1));
	assert_true(jumps(*state, SIZE_MAX / 16, 16));
	assert_false(jumps(*state, 0, SIZE_MAX));
}

static void what_grows_keeps_its_content(void **state)
{
	LIST(unsigned) list = { 0 };

	for (unsigned i = 0; i < 10000; i++) {
		unsigned *at = LIST_PUSH((struct arena *)*state, &list);

		assert_int_equal(*at, 0);
		*at = i;
	}
	for (unsigned i = 0; i < 10000; i++)
		assert_int_equal(list.at[i], i);
}

static void copies_end_in_nul(void **state)
{
	assert_string_equal(arena_copy(*state, "abcdef", 3), "abc");
	assert_string_equal(arena_copy(*state, NULL, 0), "");
	assert_string_equal(arena_printf(*state, "%s-%d", "x", 7), "x-7");
}

/* --- table --- */

/* A set without ranges is a key too, and its ranges may be nowhere. */
static void an_empty_key_is_one_key_wherever_it_is(void **state)
{
	struct table table = TABLE_IN(*state);

	assert_null(*table_at(&table, NULL, 0));
	*table_at(&table, NULL, 0) = (void *)1;
	assert_ptr_equal(*table_at(&table, "x", 0), (void *)1);
	assert_ptr_equal(table_get(&table, NULL, 0), (void *)1);
	assert_int_equal(table.count, 1);
}

static void a_table_keeps_ten_thousand_names_apart(void **state)
{
	struct table table = TABLE_IN(*state);

	assert_null(table_get_name(&table, "1"));
	for (uintptr_t i = 1; i <= 10000; i++) {
		void **at = table_at_name(&table, arena_printf(
			*state, "%lu", (unsigned long)i));

		assert_null(*at);
		*at = (void *)i;
	}
	assert_int_equal(table.count, 10000);
	for (uintptr_t i = 1; i <= 10000; i++) {
		char name[32];

		snprintf(name, sizeof name, "%lu", (unsigned long)i);
		assert_ptr_equal(table_get_name(&table, name), (void *)i);
		assert_ptr_equal(*table_at_name(&table, name), (void *)i);
	}
	assert_null(table_get_name(&table, "10001"));
	assert_int_equal(table.count, 10000);
}

static void keys_are_bytes_and_their_length(void **state)
{
	struct table table = TABLE_IN(*state);
	static const char bytes[16] = { 0 };

	for (size_t len = 1; len <= 16; len++)
		*table_at(&table, bytes, len) = (void *)len;
	for (size_t len = 1; len <= 16; len++)
		assert_ptr_equal(table_get(&table, bytes, len), (void *)len);
	*table_at_name(&table, "") = (void *)99;
	assert_ptr_equal(table_get_name(&table, ""), (void *)99);
	assert_ptr_equal(table_get(&table, bytes, 1), (void *)1);
}

/* --- text --- */

static void text_grows_past_every_size(void **state)
{
	struct text text = TEXT_IN(*state);

	assert_string_equal(text_string(&text), "");
	for (unsigned i = 0; i < 2000; i++) {
		text_printf(&text, "%u,", i % 10);
		assert_int_equal(text.len, 2 * (i + 1));
		assert_int_equal(strlen(text_string(&text)), text.len);
	}
	text_fill(&text, '.', 3);
	text_putc(&text, '!');
	text_puts(&text, "");
	assert_string_equal(text_string(&text) + 3996, "8,9,...!");
}

static void text_of_exactly_the_room_there_is_fits(void **state)
{
	for (size_t len = 250; len < 260; len++) {
		struct text a = TEXT_IN(*state), b = TEXT_IN(*state);
		char bytes[300];

		memset(bytes, 'x', sizeof bytes);
		bytes[len] = '\0';
		text_puts(&a, bytes);
		text_printf(&b, "%s", bytes);
		assert_string_equal(text_string(&a), bytes);
		assert_string_equal(text_string(&b), bytes);
	}
}

/* --- sources --- */

static struct span at(const struct source *s, const char *word, size_t len)
{
	uint32_t lo = s->base + (uint32_t)(strstr(s->text, word) - s->text);

	return (struct span){ lo, lo + (uint32_t)len };
}

static void places_count_lines_and_characters(void **state)
{
	struct sources sources = { .arena = *state };
	/* a two-byte, a three-byte and a four-byte character */
	const char *text = "one\n"
			   "tw\xc3\xb6 \xe2\x82\xac \xf0\x9f\x94\xa5 x\n"
			   "\n"
			   "four";
	struct source *s = source_add(&sources, "a.fbk", text, strlen(text));
	struct fb_place place = source_place(&sources, at(s, "x\n", 1));

	assert_string_equal(place.file, "a.fbk");
	assert_int_equal(place.line, 2);
	assert_int_equal(place.column, 9);
	assert_int_equal(place.end_line, 2);
	assert_int_equal(place.end_column, 10);
	place = source_place(&sources, at(s, "one", 3));
	assert_int_equal(place.line, 1);
	assert_int_equal(place.column, 1);
	assert_int_equal(place.end_column, 4);
	place = source_place(&sources, at(s, "four", 4));
	assert_int_equal(place.line, 4);
	assert_int_equal(place.column, 1);
	assert_int_equal(place.end_column, 5);
}

static void a_span_may_cross_lines(void **state)
{
	struct sources sources = { .arena = *state };
	struct source *s = source_add(&sources, "a", "ab\ncd\n", 6);
	struct fb_place place = source_place(
		&sources, (struct span){ s->base + 1, s->base + 5 });

	assert_int_equal(place.line, 1);
	assert_int_equal(place.column, 2);
	assert_int_equal(place.end_line, 2);
	assert_int_equal(place.end_column, 3);
	/* with the end of its line and no more */
	place = source_place(&sources,
			     (struct span){ s->base, s->base + 3 });
	assert_int_equal(place.end_line, 1);
	assert_int_equal(place.end_column, 4);
}

static void the_end_of_a_file_belongs_to_it(void **state)
{
	struct sources sources = { .arena = *state };
	struct source *a = source_add(&sources, "a", "x\n", 2);
	struct source *empty = source_add(&sources, "empty", "", 0);
	struct source *b = source_add(&sources, "b", "y", 1);
	struct span end = { a->base + 2, a->base + 2 };

	assert_ptr_equal(source_of(&sources, a->base), a);
	assert_ptr_equal(source_of(&sources, a->base + 2), a);
	assert_ptr_equal(source_of(&sources, empty->base), empty);
	assert_ptr_equal(source_of(&sources, b->base), b);
	assert_null(source_of(&sources, 0));
	assert_null(source_of(&sources, b->base + 2));
	assert_int_equal(source_place(&sources, end).line, 2);
	assert_int_equal(source_place(&sources, end).column, 1);
	assert_string_equal(source_place(&sources,
		(struct span){ empty->base, empty->base }).file, "empty");
}

static void nowhere_has_no_file(void **state)
{
	struct sources sources = { .arena = *state };

	source_add(&sources, "a", "x", 1);
	assert_null(source_place(&sources, (struct span){ 0, 0 }).file);
}

static void lines_come_without_their_ends(void **state)
{
	struct sources sources = { .arena = *state };
	struct source *s = source_add(&sources, "a", "dos\r\n\nunix\nlast", 15);
	static const char *const lines[] = { "dos", "", "unix", "last" };

	(void)source_place(&sources, (struct span){ s->base, s->base + 1 });
	for (uint32_t i = 0; i < COUNT(lines); i++) {
		size_t len;
		const char *line = source_line(s, i + 1, &len);

		assert_int_equal(len, strlen(lines[i]));
		assert_memory_equal(line, lines[i], len);
	}
}

/* --- diagnostics --- */

static void diagnostics_come_in_source_order(void **state)
{
	struct diags diags = { .arena = *state };
	static const char *const order[] = { "first", "second", "third",
					     "nowhere a", "nowhere b" };
	const struct fb_diag *list;
	size_t count;

	diag_add(&diags, P0101, (struct span){ 0 }, "nowhere %c", 'a');
	diag_add(&diags, P0101, (struct span){ 9, 10 }, "third");
	diag_add(&diags, P0102, (struct span){ 5, 6 }, "first");
	diag_add(&diags, P0101, (struct span){ 5, 6 }, "second");
	diag_add(&diags, P0001, (struct span){ 0 }, "nowhere b");
	list = diag_list(&diags, &count);
	assert_int_equal(count, COUNT(order));
	for (size_t i = 0; i < count; i++)
		assert_string_equal(list[i].message, order[i]);
}

static void a_repeated_diagnostic_is_told_once(void **state)
{
	struct diags diags = { .arena = *state };
	size_t count;

	diag_add(&diags, P0101, (struct span){ 5, 6 }, "same");
	diag_add(&diags, P0101, (struct span){ 5, 6 }, "other");
	diag_add(&diags, P0102, (struct span){ 5, 6 }, "same");
	diag_add(&diags, P0101, (struct span){ 5, 7 }, "same");
	diag_add(&diags, P0101, (struct span){ 5, 6 }, "same");
	(void)diag_list(&diags, &count);
	assert_int_equal(count, 4);
}

static void parts_stay_with_their_diagnostic(void **state)
{
	struct diags diags = { .arena = *state };
	struct diag *d = diag_add(&diags, P0101, (struct span){ 5, 6 }, "m");
	const struct fb_diag *list;
	size_t count;

	diag_label(d, "label %d", 1);
	diag_note(d, (struct span){ 7, 8 }, "note");
	diag_help(d, "help");
	diag_fix(d, (struct span){ 5, 6 }, "fix");
	list = diag_list(&diags, &count);
	assert_int_equal(count, 1);
	assert_string_equal(list[0].code, "P0101");
	assert_int_equal(list[0].part_count, 4);
	assert_int_equal(list[0].parts[0].kind, FB_LABEL);
	assert_string_equal(list[0].parts[0].text, "label 1");
	assert_int_equal(list[0].parts[0].span.lo, 5);
	assert_int_equal(list[0].parts[1].kind, FB_NOTE_AT);
	assert_int_equal(list[0].parts[1].span.lo, 7);
	assert_int_equal(list[0].parts[2].kind, FB_HELP);
	assert_int_equal(list[0].parts[3].kind, FB_FIX);
	assert_string_equal(list[0].parts[3].text, "fix");
}

static void only_errors_count_as_errors(void **state)
{
	struct diags diags = { .arena = *state };

	diag_add(&diags, P0008, (struct span){ 1, 2 }, "a warning");
	diag_add(&diags, P0309, (struct span){ 1, 2 }, "a note");
	assert_int_equal(diags.errors, 0);
	diag_add(&diags, P0101, (struct span){ 1, 2 }, "an error");
	assert_int_equal(diags.errors, 1);
}

static void diagnostics_beyond_the_most_are_counted_only(void **state)
{
	struct diags diags = { .arena = *state };
	size_t count;

	for (uint32_t i = 0; i < DIAG_MOST + 3u; i++)
		diag_add(&diags, P0101, (struct span){ i + 1, i + 2 }, "m");
	assert_int_equal(diags.dropped, 3);
	assert_int_equal(diags.errors, DIAG_MOST + 3);
	(void)diag_list(&diags, &count);
	assert_int_equal(count, DIAG_MOST);
}

static void no_diagnostics_are_an_empty_list(void **state)
{
	struct diags diags = { .arena = *state };
	size_t count = 7;

	(void)diag_list(&diags, &count);
	assert_int_equal(count, 0);
}

static void codes_are_unique_ascending_and_found(void **state)
{
	size_t count;
	const struct fb_code *codes = fb_codes(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		assert_ptr_equal(fb_code_find(codes[i].code), &codes[i]);
		assert_int_equal(strlen(codes[i].code), 5);
		assert_true(i == 0 ||
			    strcmp(codes[i - 1].code, codes[i].code) < 0);
	}
	assert_null(fb_code_find("P9999"));
	assert_int_equal(diag_range("P0101"), 1);
	assert_int_equal(diag_range("P0901"), 9);
}

/* --- days --- */

static unsigned month_length(unsigned y, unsigned m)
{
	if (m == 2)
		return y % 400 == 0 || (y % 4 == 0 && y % 100 != 0) ? 29 : 28;
	return m == 4 || m == 6 || m == 9 || m == 11 ? 30 : 31;
}

/* Five centuries, one day after the other. */
static void every_day_has_its_number(void **state)
{
	uint32_t day = 0, found;
	char text[DATE_TEXT], back[DATE_TEXT];

	(void)state;
	for (unsigned y = 1970; y < 2470; y++)
		for (unsigned m = 1; m <= 12; m++)
			for (unsigned d = 1; d <= 31; d++) {
				bool exists = d <= month_length(y, m);

				snprintf(text, sizeof text, "%04u-%02u-%02u",
					 y, m, d);
				assert_int_equal(date_read(text, &found),
						 exists);
				if (!exists)
					continue;
				assert_int_equal(found, day);
				assert_string_equal(date_text(day, back), text);
				day++;
			}
}

static void words_that_are_no_day_are_refused(void **state)
{
	static const char *const words[] = {
		"", "2027", "2027-3-31", "2027-03-1", "27-03-31",
		"2027/03/31", "2027-03-32", "2027-00-01", "2027-13-01",
		"2027-03-00", "2026-02-29", "1969-12-31", "2027-03-31 ",
		" 2027-03-31", "2027-03-3a", "+027-03-31", "10000-01-01",
		"2027-03-311",
	};
	uint32_t day;

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++)
		assert_false(date_read(words[i], &day));
	assert_true(date_read("9999-12-31", &day));
}

/* --- did you mean --- */

/* Optimal string alignment by its definition, for short words. */
static unsigned slow_distance(const char *a, size_t i, const char *b, size_t j)
{
	unsigned best, other;

	if (!i || !j)
		return (unsigned)(i + j);
	best = slow_distance(a, i - 1, b, j - 1) + (a[i - 1] != b[j - 1]);
	other = slow_distance(a, i - 1, b, j) + 1;
	best = other < best ? other : best;
	other = slow_distance(a, i, b, j - 1) + 1;
	best = other < best ? other : best;
	if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
		other = slow_distance(a, i - 2, b, j - 2) + 1;
		best = other < best ? other : best;
	}
	return best;
}

static void random_word(struct dice *dice, char word[8])
{
	size_t len = dice_roll(dice, 7);

	for (size_t i = 0; i < len; i++)
		word[i] = (char)('a' + dice_roll(dice, 3));
	word[len] = '\0';
}

static void distance_follows_its_definition(void **state)
{
	struct dice dice = dice_of(1);

	(void)state;
	for (int i = 0; i < 400; i++) {
		char a[8], b[8];

		random_word(&dice, a);
		random_word(&dice, b);
		assert_int_equal(suggest_distance(a, b),
				 slow_distance(a, strlen(a), b, strlen(b)));
	}
}

static void the_nearest_word_is_suggested(void **state)
{
	static const char *const words[] = { "postgres", "redis", "https",
					     "dns" };
	char longest[200];

	(void)state;
	assert_string_equal(suggest_nearest("postgers", words, 4), "postgres");
	assert_string_equal(suggest_nearest("http", words, 4), "https");
	assert_null(suggest_nearest("kafka", words, 4));
	assert_null(suggest_nearest("", words, 4));
	assert_null(suggest_nearest("redis", words, 0));
	memset(longest, 'a', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	assert_null(suggest_nearest(longest, words, 4));
}

static void the_last_object_grows_in_place_and_no_other(void **state)
{
	char *first = arena_alloc(*state, 32);
	char *last = arena_alloc(*state, 32);

	memset(last, 'x', 32);
	assert_false(arena_extend(*state, first, 32, 64));
	assert_true(arena_extend(*state, last, 32, 4096));
	assert_int_equal(last[31], 'x');
	assert_int_equal(last[32], 0);
	assert_int_equal(last[4095], 0);
	assert_ptr_equal(arena_alloc(*state, 16), last + 4096);
	assert_false(arena_extend(*state, last, 4096, 8192));
}

static void what_grows_in_memory_used_before_is_zeroed(void **state)
{
	enum { BIG = (2 << 20) - 4096 };
	struct arena *before = arena_child(*state), *after;
	char *at;

	/* a block of the common size, dirty, goes to the next child */
	for (int i = 0; i < 12; i++)
		memset(arena_alloc(before, BIG / 4), 'x', BIG / 4);
	arena_free(before);
	after = arena_child(*state);
	for (int i = 0; i < 12; i++) {
		at = arena_alloc(after, BIG / 8);
		if (arena_extend(after, at, BIG / 8, BIG / 4))
			for (int k = 0; k < BIG / 4; k++)
				assert_int_equal(at[k], 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(the_last_object_grows_in_place_and_no_other),
		IN_ARENA(what_grows_in_memory_used_before_is_zeroed),
		IN_ARENA(memory_is_zeroed_and_aligned),
		IN_ARENA(requests_larger_than_a_block_are_met),
		cmocka_unit_test(a_request_over_the_limit_jumps),
		cmocka_unit_test(a_child_counts_against_its_root),
		IN_ARENA(a_count_that_overflows_jumps),
		IN_ARENA(what_grows_keeps_its_content),
		IN_ARENA(copies_end_in_nul),
		IN_ARENA(a_table_keeps_ten_thousand_names_apart),
		IN_ARENA(an_empty_key_is_one_key_wherever_it_is),
		IN_ARENA(keys_are_bytes_and_their_length),
		IN_ARENA(text_grows_past_every_size),
		IN_ARENA(text_of_exactly_the_room_there_is_fits),
		IN_ARENA(places_count_lines_and_characters),
		IN_ARENA(a_span_may_cross_lines),
		IN_ARENA(the_end_of_a_file_belongs_to_it),
		IN_ARENA(nowhere_has_no_file),
		IN_ARENA(lines_come_without_their_ends),
		IN_ARENA(diagnostics_come_in_source_order),
		IN_ARENA(a_repeated_diagnostic_is_told_once),
		IN_ARENA(parts_stay_with_their_diagnostic),
		IN_ARENA(only_errors_count_as_errors),
		IN_ARENA(diagnostics_beyond_the_most_are_counted_only),
		IN_ARENA(no_diagnostics_are_an_empty_list),
		cmocka_unit_test(codes_are_unique_ascending_and_found),
		cmocka_unit_test(every_day_has_its_number),
		cmocka_unit_test(words_that_are_no_day_are_refused),
		cmocka_unit_test(distance_follows_its_definition),
		cmocka_unit_test(the_nearest_word_is_suggested),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
