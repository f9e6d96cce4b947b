/* Texts of a policy in other languages: what could do harm is spelled out. */
#include "tests/lib/fixture.h"

#include "compiler/base/markup.h"
#include "compiler/evidence/controls.h"

typedef void put_function(struct text *out, const char *string);

static const char *put(void **state, put_function *function, const char *string)
{
	struct text out = TEXT_IN(*state);

	function(&out, string);
	return text_string(&out);
}

static void html_escapes_what_begins_tags_and_ends_attributes(void **state)
{
	assert_string_equal(put(state, put_html, "<a href=\"x\">'&"),
			    "&lt;a href=&quot;x&quot;&gt;&#39;&amp;");
}

static void text_that_turns_direction_is_spelled(void **state)
{
	assert_string_equal(put(state, put_html, "a\xe2\x80\xae" "b"),
			    "a[U+202E]b");
	assert_string_equal(put(state, put_markdown, "\xe2\x81\xa6"),
			    "[U+2066]");
	assert_string_equal(put(state, put_csv, "\xef\xbb\xbf=1"),
			    "\"[U+FEFF]=1\"");
}

static void controls_are_spelled_and_end_no_line(void **state)
{
	assert_string_equal(put(state, put_csv, "a\r\nb\t"),
			    "\"a[U+000D][U+000A]b[U+0009]\"");
	assert_string_equal(put(state, put_html, "\x1b[31m\x7f"),
			    "[U+001B][31m[U+007F]");
}

static void bytes_of_no_character_are_spelled(void **state)
{
	assert_string_equal(put(state, put_html, "\x80\xc0\xaf\xed\xa0\x80\xf5z"),
			    "[byte 80][byte C0][byte AF][byte ED][byte A0][byte 80][byte F5]z");
	assert_string_equal(put(state, put_json, "\xc3"), "\"[byte C3]\"");
}

static void json_keeps_every_character(void **state)
{
	assert_string_equal(put(state, put_json, "\"\\\n\xe2\x80\xae\xc3\xa9"),
			    "\"\\\"\\\\\\u000a\\u202e\xc3\xa9\"");
}

static void no_cell_is_a_formula(void **state)
{
	assert_string_equal(put(state, put_csv, "=1+1"), "\"'=1+1\"");
	assert_string_equal(put(state, put_csv, "@x"), "\"'@x\"");
	assert_string_equal(put(state, put_csv, "say \"a\""),
			    "\"say \"\"a\"\"\"");
}

static void a_string_of_css_cannot_end_or_close_the_style(void **state)
{
	assert_string_equal(put(state, put_css, "\"</style>\\"),
			    "\\22 \\3c /style\\3e \\5c ");
}

static void markdown_begins_no_cell_link_or_tag(void **state)
{
	assert_string_equal(put(state, put_markdown, "a|b<i>[x](y)`@z"),
			    "a\\|b&#60;i&#62;\\[x\\](y)\\`&#64;z");
}

static void a_control_is_found_in_the_chosen_packs_only(void **state)
{
	(void)state;
	assert_string_equal(control_find("iso27001:A.8.22", NULL)->title,
			    "Segregation of networks");
	assert_null(control_find("iso27001:A.8.22", "ccm-4.0,pci-4.0.1"));
	assert_null(control_find("iso27001:A.8.2222", NULL));
	assert_false(control_is_chosen("iso27001:A.8.22", "ccm-4.0"));
	assert_true(control_is_chosen("ccm:XXX", "ccm-4.0"));
	assert_non_null(control_pack_find("ccm-4.0", 7));
	assert_null(control_pack_find("ccm-4.0", 6));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(html_escapes_what_begins_tags_and_ends_attributes),
		IN_ARENA(text_that_turns_direction_is_spelled),
		IN_ARENA(controls_are_spelled_and_end_no_line),
		IN_ARENA(bytes_of_no_character_are_spelled),
		IN_ARENA(json_keeps_every_character),
		IN_ARENA(no_cell_is_a_formula),
		IN_ARENA(a_string_of_css_cannot_end_or_close_the_style),
		IN_ARENA(markdown_begins_no_cell_link_or_tag),
		IN_ARENA(a_control_is_found_in_the_chosen_packs_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
