/*
 * The JSON reader against jansson: on texts made at random, with bytes of them
 * changed, both take it or both refuse it, and what they took is the same.
 */
#include "tests/lib/fixture.h"

#include "compiler/base/json.h"
#include "compiler/base/text.h"
#include "tests/lib/dice.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { TEXTS = 3000, MUTANTS = 12, DEEPEST = 5 };

static void put_number(struct text *out, struct dice *dice)
{
	static const char *const some[] = {
		"0", "-0", "1", "-1", "65535", "9223372036854775807",
		"-9223372036854775808", "9223372036854775808", "1.5", "-0.0",
		"1e3", "1E-2", "01", "1.", ".5", "-", "+1", "1e", "0x1",
	};

	text_puts(out, some[dice_roll(dice, sizeof some / sizeof *some)]);
}

static void put_string(struct text *out, struct dice *dice)
{
	static const char *const some[] = {
		"a", "key", "\\n", "\\\"", "\\\\", "\\/", "\\u0041", "\\u00e9",
		"\\u20ac", "\\ud83d\\ude00", "\\ud83d", "\\ude00", "\\u0000",
		"\\u12", "\\x", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
		"\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff", "\x01",
		"${x}", " ", "b", "c", "d",
	};

	text_putc(out, '"');
	for (unsigned n = dice_roll(dice, 4); n > 0; n--) {
		/* the odd ones are at the end of the list of good ones, rare */
		unsigned most = dice_chance(dice, 4) ? sizeof some / sizeof *some
						     : 10;

		text_puts(out, some[dice_roll(dice, most)]);
	}
	text_putc(out, '"');
}

static void put_space(struct text *out, struct dice *dice)
{
	static const char *const some[] = { "", "", "", " ", "\n", "\t", "\r" };

	text_puts(out, some[dice_roll(dice, 7)]);
}

static void put_value(struct text *out, struct dice *dice, unsigned depth)
{
	static const char *const words[] = { "true", "false", "null" };
	unsigned kind = dice_roll(dice, depth < DEEPEST ? 8 : 4);
	bool object = kind >= 6;

	put_space(out, dice);
	if (kind == 0) {
		text_puts(out, words[dice_roll(dice, 3)]);
	} else if (kind == 1) {
		if (dice_chance(dice, 15))
			put_number(out, dice);
		else
			text_printf(out, "%u", dice_roll(dice, 70000));
	} else if (kind < 4) {
		put_string(out, dice);
	} else {
		text_putc(out, object ? '{' : '[');
		for (unsigned n = dice_roll(dice, object ? 16 : 4); n > 0; n--) {
			put_space(out, dice);
			if (object && dice_chance(dice, 97))
				text_printf(out, "\"k%u\"", dice_roll(dice, 900));
			else if (object)
				put_string(out, dice);
			text_puts(out, object ? ":" : "");
			put_value(out, dice, depth + 2);
			text_puts(out, n > 1 ? "," : "");
		}
		text_putc(out, object ? '}' : ']');
	}
	put_space(out, dice);
}

static bool same(const struct json *a, json_t *b);

static bool same_inside(const struct json *a, json_t *b)
{
	size_t i = 0;

	if (a->count != (a->kind == JV_ARRAY ? json_array_size(b)
					       : json_object_size(b)))
		return false;
	for (const struct json *m = a->first; m; m = m->next, i++)
		if (!same(m, a->kind == JV_ARRAY ? json_array_get(b, i)
						   : json_object_get(b, m->key)))
			return false;
	return i == a->count;
}

static bool same(const struct json *a, json_t *b)
{
	switch (a->kind) {
	case JV_NULL:	   return json_is_null(b);
	case JV_FALSE:   return json_is_false(b);
	case JV_TRUE:	   return json_is_true(b);
	case JV_REAL:	   return json_is_real(b);
	case JV_INTEGER: return json_is_integer(b) &&
				  json_integer_value(b) == a->integer;
	case JV_STRING:  return json_is_string(b) &&
				  strcmp(json_string_value(b), a->string) == 0;
	case JV_ARRAY:   return json_is_array(b) && same_inside(a, b);
	case JV_OBJECT:  return json_is_object(b) && same_inside(a, b);
	}
	return false;
}

struct counts {
	size_t taken, refused;
};

static void compare(struct arena *arena, const char *text, size_t len,
		    struct counts *counts)
{
	const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY;
	struct jv_fault fault = { 0 };
	const struct json *ours = jv_read(arena, text, len, &fault);
	json_error_t error;
	json_t *theirs = json_loadb(text, len, flags, &error);

	/* jansson computes reals too, and some are too large for it */
	if (!theirs && strstr(error.text, "real number overflow"))
		return;
	if (!ours != !theirs)
		print_message("%s only takes: %.*s\n", ours ? "this" : "jansson",
			      (int)len, text);
	assert_int_equal(!ours, !theirs);
	if (ours) {
		assert_true(same(ours, theirs));
		counts->taken++;
	} else {
		assert_non_null(fault.what);
		assert_true(fault.line > 0);
		counts->refused++;
	}
	json_decref(theirs);
}

/* One byte of the LEN at TEXT changed, added or removed; its new length. */
static size_t mutate(struct dice *dice, char *text, size_t len)
{
	static const char bytes[] = "\"\\{}[],:0129-+.eEtfnu \n\x80\xc3\xff\x01";
	size_t at = dice_roll(dice, (unsigned)len + 1);
	char byte = bytes[dice_roll(dice, sizeof bytes - 1)];

	switch (dice_roll(dice, 3)) {
	case 0:
		memmove(text + at + 1, text + at, len - at);
		text[at] = byte;
		return len + 1;
	case 1:
		if (at == len)
			return len;
		memmove(text + at, text + at + 1, len - at - 1);
		return len - 1;
	default:
		if (at < len)
			text[at] = byte;
		return len;
	}
}

static void both_take_the_same_and_refuse_the_same(void **state)
{
	struct dice dice = dice_of(20261127);
	struct counts counts = { 0 };

	for (int i = 0; i < TEXTS; i++) {
		struct arena *arena = arena_child(*state);
		struct text text = TEXT_IN(arena);

		put_value(&text, &dice, 0);
		compare(arena, text.at, text.len, &counts);
		for (int k = 0; k < MUTANTS; k++) {
			char *mutant = arena_copy(arena, text.at, text.len + 1);

			compare(arena, mutant, mutate(&dice, mutant, text.len),
				&counts);
		}
		arena_free(arena);
	}
	printf("%zu texts taken, %zu refused, by both\n", counts.taken,
	       counts.refused);
	assert_true(counts.taken > 5000 && counts.refused > 5000);
}

static const struct json *read_text(void **state, const char *text,
				    struct jv_fault *fault)
{
	return jv_read(*state, text, strlen(text), fault);
}

static void members_are_found_and_others_are_not(void **state)
{
	struct jv_fault fault;
	const struct json *j = read_text(state, "{\"a\": \"\\u00e9\", \"b\": [1, -2]}",
					 &fault);

	assert_string_equal(jv_string(jv_get(j, "a")), "\xc3\xa9");
	assert_int_equal(jv_get(j, "b")->first->next->integer, -2);
	assert_null(jv_get(j, "c"));
	assert_null(jv_string(jv_get(j, "b")));
	assert_null(jv_get(jv_get(j, "b"), "a"));
	assert_null(jv_get(NULL, "a"));
}

static void a_fault_is_told_with_its_line(void **state)
{
	struct jv_fault fault;

	assert_null(read_text(state, "{\n\"a\": 1,\n\"a\": 2}", &fault));
	assert_int_equal(fault.line, 3);
	assert_string_equal(fault.what, "a key stands twice in an object");
	assert_null(read_text(state, "", &fault));
	assert_int_equal(fault.line, 1);
}

static void a_key_twice_among_many_is_found(void **state)
{
	for (unsigned twin = 0; twin < 40; twin++) {
		struct text text = TEXT_IN(*state);
		struct jv_fault fault;

		text_putc(&text, '{');
		for (unsigned i = 0; i < 40; i++)
			text_printf(&text, "\"k%u\": %u, ", i, i);
		text_printf(&text, "\"k%u\": 0}", twin);
		assert_null(jv_read(*state, text.at, text.len, &fault));
		assert_string_equal(fault.what,
				    "a key stands twice in an object");
	}
}

/* jansson takes a NUL for the end of the text, whatever stands behind it. */
static void nothing_stands_behind_the_value(void **state)
{
	struct jv_fault fault;

	assert_null(jv_read(*state, "{}\0{", 4, &fault));
	assert_null(jv_read(*state, "{}\0", 3, &fault));
	assert_non_null(jv_read(*state, "{} \n", 4, &fault));
}

static void sixty_four_levels_are_enough(void **state)
{
	char deep[2 * JV_DEEP + 3] = { 0 };
	struct jv_fault fault;

	memset(deep, '[', JV_DEEP);
	memset(deep + JV_DEEP, ']', JV_DEEP);
	assert_non_null(read_text(state, deep, &fault));
	memset(deep, '[', JV_DEEP + 1);
	memset(deep + JV_DEEP + 1, ']', JV_DEEP + 1);
	assert_null(read_text(state, deep, &fault));
	assert_string_equal(fault.what, "brackets nested too deeply");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(both_take_the_same_and_refuse_the_same),
		IN_ARENA(members_are_found_and_others_are_not),
		IN_ARENA(a_fault_is_told_with_its_line),
		IN_ARENA(a_key_twice_among_many_is_found),
		IN_ARENA(nothing_stands_behind_the_value),
		IN_ARENA(sixty_four_levels_are_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
