/*
 * Layout changes nothing but layout: on generated policies, on them once more
 * with their spaces scrambled, and on every golden policy.
 */
#include "firebreak/firebreak.h"

#include "compiler/base/date.h"
#include "compiler/base/text.h"
#include "tests/lib/dice.h"
#include "tests/lib/fixture.h"
#include "tests/lib/gen.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fb *context(void)
{
	struct fb_options options = { 0 };

	if (!date_read(GEN_DAY, &options.as_of))
		abort();
	return fb_new(&options);
}

/* The layout of TEXT in ARENA; NULL when it does not parse. */
static const char *layout(struct arena *arena, const char *text)
{
	struct fb *fb = context();
	const char *out, *kept = NULL;
	size_t len;
	enum fb_status status = fb_lay_out(fb, "test.fbk", text, strlen(text),
					  &out, &len);
	struct fb_style style = { 0 };

	if (status == FB_OK)
		kept = arena_copy(arena, out, len);
	else if (status != FB_BAD)
		fail_msg("%s%s", fb_render(fb, &style), text);
	fb_free(fb);
	return kept;
}

/*
 * What a layout may not change, by a scanner that knows nothing of the other one:
 * everything but spaces outside of texts and comments.  Where they keep
 * words apart one is left.
 */
static const char *squeezed(struct arena *arena, const char *s)
{
	struct text out = TEXT_IN(arena);
	bool space = false;

	while (*s) {
		size_t len = 1;

		if (strchr(" \t\r\n", *s)) {
			space = true;
			s++;
			continue;
		}
		if (*s == '#') {
			size_t end;

			len = end = strcspn(s, "\n");
			while (strchr(" \t\r", s[len - 1]))
				len--;
			text_putc(&out, '\n');
			text_add(&out, s, len);
			text_putc(&out, '\n');
			s += end;
			space = false;
			continue;
		}
		if (*s == '"')
			while (s[len - 1 + (len == 1)] != '"' || len == 1)
				len += 1 + (s[len] == '\\');
		if (space && out.len && !strchr(",;:(){}=>\n", *s) &&
		    !(*s == '-' && s[1] == '>') &&
		    !strchr(",;:(){}=>\n", out.at[out.len - 1]))
			text_putc(&out, ' ');
		text_add(&out, s, len);
		s += len;
		space = false;
	}
	return text_string(&out);
}

/* Laid out: the same text, and laid out again: no change. */
static const char *assert_lays_out(struct arena *arena, const char *text)
{
	const char *once = layout(arena, text), *twice;

	if (!once)
		return NULL;
	twice = layout(arena, once);
	if (!twice || strcmp(once, twice) != 0)
		fail_msg("not idempotent:\n%s\n---\n%s\n---\n%s", text, once,
			 twice ? twice : "(does not parse)");
	assert_string_equal(squeezed(arena, text), squeezed(arena, once));
	return once;
}

/* TEXT with comments of every kind where they may stand. */
static const char *with_comments(struct arena *arena, const char *text,
				 struct dice *dice)
{
	static const char *const comments[] = {
		"# c", "#", "# \"not a text", "#  two  spaces ; {", "## \xc3\xb1",
	};
	struct text out = TEXT_IN(arena);
	bool quoted = false;

	for (; *text; text++) {
		if (*text == '"')
			quoted = !quoted;
		text_putc(&out, *text);
		if (quoted || !strchr(" ,;", *text) || !dice_chance(dice, 4))
			continue;
		if (dice_chance(dice, 50))
			text_puts(&out, dice_chance(dice, 50) ? "\n" : "\n\n ");
		text_puts(&out, comments[dice_roll(dice, 5)]);
		text_puts(&out, dice_chance(dice, 80) ? "\n" : "\n\n");
	}
	return text_string(&out);
}

/*
 * TEXT with other spaces: the layout may not depend on them.  Lines end only
 * where they did, or behind what no word of the language can follow differently.
 */
static const char *scrambled(struct arena *arena, const char *text,
			     struct dice *dice)
{
	struct text out = TEXT_IN(arena);
	bool quoted = false;

	for (; *text; text++) {
		if (*text == '"')
			quoted = !quoted;
		if (quoted) {
			text_putc(&out, *text);
		} else if (*text == ' ') {
			text_fill(&out, dice_chance(dice, 20) ? '\t' : ' ',
				  1 + dice_roll(dice, 3));
		} else {
			text_putc(&out, *text);
			if (strchr(",;{}", *text) && dice_chance(dice, 30))
				text_fill(&out, ' ', dice_roll(dice, 4));
			if (strchr(";", *text) && dice_chance(dice, 10) &&
			    text[1] == '\n')
				text++;	/* two statements on a line */
			if (*text == '\n' && dice_chance(dice, 30))
				text_fill(&out, ' ', dice_roll(dice, 9));
		}
	}
	return text_string(&out);
}

static bool has_comments(const char *text)
{
	return strchr(text, '#') != NULL;
}

static void layouts_keep_words_and_comments(void **state)
{
	size_t commented = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 150; seed++) {
		struct arena *arena = arena_new(0);
		struct dice dice = dice_of(seed);
		enum gen_taste taste = seed % 3 ? GEN_WILD : GEN_PLAIN;
		const char *text = gen_text(arena, gen_policy(arena, seed, taste),
					    seed % 5);
		const char *once = assert_lays_out(arena, text);

		assert_non_null(once);
		commented += assert_lays_out(arena, with_comments(arena, text,
								  &dice)) != NULL;
		if (!has_comments(text))
			assert_string_equal(layout(arena, scrambled(arena, text,
								    &dice)),
					    once);
		arena_free(arena);
	}
	assert_true(commented > 100);
}

static char *read_file(struct arena *arena, const char *path)
{
	struct text text = TEXT_IN(arena);
	FILE *file = fopen(path, "rb");
	char part[4096];
	size_t n;

	assert_non_null(file);
	while ((n = fread(part, 1, sizeof part, file)) > 0)
		text_add(&text, part, n);
	fclose(file);
	return arena_copy(arena, text_string(&text), text.len);
}

static void goldens_are_laid_out_once(void **state)
{
	struct arena *arena = *state;
	size_t parsed = 0;
	glob_t found;

	assert_int_equal(glob("tests/golden/diag/*.fbk", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *text = read_file(arena, found.gl_pathv[i]);

		parsed += assert_lays_out(arena, text) != NULL;
	}
	globfree(&found);
	assert_true(parsed > 50);
}

static enum fb_status compile(struct fb *fb, const char *text,
			      struct fb_compilation *made)
{
	enum fb_status status = fb_load_text(fb, "test.fbk", text,
					     strlen(text));

	*made = (struct fb_compilation){ 0 };
	return status == FB_OK ? fb_compile(fb, NULL, NULL, made) : status;
}

/* Both refused with the same codes, or the same outputs but for the manifest. */
static bool compile_alike(struct arena *arena, const char *text)
{
	const char *out = layout(arena, text);
	struct fb *a, *b;
	struct fb_compilation x, y;
	enum fb_status status;

	if (!out)
		return false;
	a = context();
	b = context();
	status = compile(a, text, &x);
	assert_int_equal(compile(b, out, &y), status);
	assert_int_equal(x.count, y.count);
	for (size_t i = 0; i + 1 < x.count; i++) {
		assert_string_equal(x.outputs[i].path, y.outputs[i].path);
		assert_int_equal(x.outputs[i].len, y.outputs[i].len);
		assert_memory_equal(x.outputs[i].bytes, y.outputs[i].bytes,
				    x.outputs[i].len);
	}
	fb_free(a);
	fb_free(b);
	return status == FB_OK;
}

static void outputs_do_not_depend_on_the_layout(void **state)
{
	size_t compiled = 0;

	(void)state;
	for (uint64_t seed = 500; seed < 540; seed++) {
		struct arena *arena = arena_new(0);
		struct dice dice = dice_of(seed);
		const char *text = gen_text(arena, gen_policy(arena, seed,
							      GEN_PLAIN), 0);

		compiled += compile_alike(arena,
					  with_comments(arena, text, &dice));
		arena_free(arena);
	}
	assert_true(compiled > 10);
}

static void a_soft_keyword_never_moves_to_the_beginning_of_a_line(void **state)
{
	struct arena *arena = *state;
	struct text text = TEXT_IN(arena);
	const char *once;

	text_puts(&text, "long: allow a");
	for (int i = 0; i < 60; i++)
		text_puts(&text, i % 2 ? ", region, vpc, nat" : ", peer, customer");
	text_puts(&text, " -> layer on any;\n");
	once = assert_lays_out(arena, text_string(&text));
	assert_non_null(once);
	assert_null(strstr(once, "\n    region"));
	assert_null(strstr(once, "\n    customer"));
}

static void the_layout_is_as_documented(void **state)
{
	static const char in[] =
		"layer a \"one\"; layer longer \"two\" shared-hosts;# x\n"
		"\n\n\n"
		"r:allow a->b,c on tcp/1 in prod owner o ticket t reason \"why not\";\n"
		"longer : allow a -> b on tcp/1;\n"
		"\n"
		"x: allow a -> b on tcp/1 owner somebody ticket CHG-100000 reason \"a long one that is over 80 columns\" expires 2027-01-01;\n"
		"environment prod{vpc 10.0.0.0/8;layer a 10.0.0.0/24,10.0.1.0/24,2001:db8::/64;\n"
		"layer longer 10.0.2.0/24,10.0.3.0/24;}";
	static const char out[] =
		"layer a      \"one\";\n"
		"layer longer \"two\" shared-hosts;  # x\n"
		"\n"
		"r:      allow a -> b, c on tcp/1 in prod owner o ticket t reason \"why not\";\n"
		"longer: allow a -> b on tcp/1;\n"
		"\n"
		"x: allow a -> b on tcp/1\n"
		"  owner somebody ticket CHG-100000\n"
		"  reason \"a long one that is over 80 columns\"\n"
		"  expires 2027-01-01;\n"
		"environment prod {\n"
		"  vpc 10.0.0.0/8;\n"
		"  layer a      10.0.0.0/24,   10.0.1.0/24,\n"
		"               2001:db8::/64;\n"
		"  layer longer 10.0.2.0/24,   10.0.3.0/24;\n"
		"}\n";

	assert_string_equal(assert_lays_out(*state, in), out);
}

static void what_does_not_parse_has_no_layout(void **state)
{
	assert_null(layout(*state, "layer a"));
	assert_null(layout(*state, "layer \"x;"));
	assert_null(layout(*state, "layer a; \x01"));
	assert_string_equal(layout(*state, ""), "");
	assert_string_equal(layout(*state, "\n\n"), "");
	assert_string_equal(layout(*state, "\n# x\n\n"), "# x\n");
	assert_string_equal(layout(*state, "layer a;\r\n\r\n\r\nlayer b;\r\n"),
			    "layer a;\n\nlayer b;\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(the_layout_is_as_documented),
		IN_ARENA(what_does_not_parse_has_no_layout),
		IN_ARENA(a_soft_keyword_never_moves_to_the_beginning_of_a_line),
		cmocka_unit_test(layouts_keep_words_and_comments),
		IN_ARENA(goldens_are_laid_out_once),
		cmocka_unit_test(outputs_do_not_depend_on_the_layout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
