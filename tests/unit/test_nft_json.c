/*
 * The reader of `nft -j list ruleset` against small listings, each with one
 * thing in it that matters, and against the kept captures cut short and with
 * bytes changed.  test_mutate.c tries what such a listing means.
 */
#include "backends/nft/model.h"
#include "backends/nft/nft.h"
#include "compiler/base/diag.h"
#include "compiler/base/text.h"
#include "tests/lib/dice.h"
#include "tests/lib/fixture.h"

#include <stdio.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const struct identity part = { "shop", "", "prod", "app" };

#define META "{\"metainfo\":{\"json_schema_version\":1}}"
#define TABLE ",{\"table\":{\"family\":\"inet\",\"name\":\"firebreak\",\"handle\":1}}"
#define CHAIN ",{\"chain\":{\"family\":\"inet\",\"table\":\"firebreak\",\"name\":\"input\"," \
	"\"handle\":2,\"type\":\"filter\",\"hook\":\"input\",\"prio\":0,\"policy\":\"drop\"}}"
#define RULE(expr) ",{\"rule\":{\"family\":\"inet\",\"table\":\"firebreak\"," \
	"\"chain\":\"input\",\"handle\":3,\"expr\":[" expr "]}}"
#define MATCH(op, left, right) "{\"match\":{\"op\":\"" op "\",\"left\":" left \
	",\"right\":" right "}}"
#define PORT "{\"payload\":{\"protocol\":\"tcp\",\"field\":\"dport\"}}"
#define SOURCE "{\"payload\":{\"protocol\":\"ip\",\"field\":\"saddr\"}}"
#define STATE "{\"ct\":{\"key\":\"state\"}}"
#define ACCEPT "{\"accept\":null}"
#define SET(rest) ",{\"set\":{\"family\":\"inet\",\"name\":\"s\",\"table\":\"firebreak\"," \
	"\"handle\":4," rest "}}"

/* What was told of LIST last, "" when it was read. */
static const char *told(struct arena *arena, const char *list,
			const struct identity *given,
			const struct nft_model **out)
{
	struct diags diags = { .arena = arena };
	const char *text = arena_printf(arena, "{\"nftables\":[%s]}", list);
	const struct nft_model *model = nft_read_json(arena, &diags, "x",
						      text, strlen(text),
						      given);
	size_t count;
	const struct fb_diag *all = diag_list(&diags, &count);

	if (out)
		*out = model;
	assert_true(model || count);
	return count ? all[count - 1].message : "";
}

static void what_is_not_understood_is_refused_by_its_path(void **state)
{
	static const struct {
		const char *list, *why;
	} cases[] = {
		{ "", "$.nftables: there is no table" },
		{ META, "there is no table `inet firebreak`" },
		{ "{\"metainfo\":{\"json_schema_version\":2}}" TABLE,
		  "$.nftables[0].metainfo.json_schema_version: 2 where version 1" },
		{ META TABLE CHAIN RULE("{\"return\":null}"),
		  "$.nftables[3].rule.expr[0]: `return` where" },
		{ META TABLE CHAIN RULE("{\"goto\":{\"target\":\"x\"}}"),
		  "$.nftables[3].rule.expr[0]: `goto` where" },
		{ META TABLE CHAIN RULE("{\"accept\":null},{\"accept\":null}"),
		  "expr[1]: a statement that is not expected here" },
		{ META TABLE CHAIN RULE(ACCEPT "," MATCH("==", PORT, "1")),
		  "expr[1]: a statement that is not expected here" },
		{ META TABLE CHAIN RULE(""), "a rule that does nothing" },
		{ META TABLE CHAIN RULE(MATCH("==", PORT, "1")), "does nothing" },
		{ META TABLE CHAIN RULE(MATCH("<", PORT, "1024") "," ACCEPT),
		  "match.op: \"<\" where `==` or `!=`" },
		{ META TABLE CHAIN RULE(MATCH("in", PORT, "1") "," ACCEPT),
		  "match.op: \"in\"" },
		{ META TABLE CHAIN RULE(MATCH("==", PORT, "65536") "," ACCEPT),
		  "match.right: 65536 where" },
		{ META TABLE CHAIN RULE(MATCH("==", PORT, "\"ssh\"") "," ACCEPT),
		  "match.right: \"ssh\" where" },
		{ META TABLE CHAIN RULE(MATCH("==", PORT, "\"22\"") "," ACCEPT),
		  "match.right: \"22\" where" },
		{ META TABLE CHAIN RULE(MATCH("==", PORT, "22.0") "," ACCEPT),
		  "a number with a fraction where" },
		{ META TABLE CHAIN RULE(MATCH("==", PORT, "[1,2]") "," ACCEPT),
		  "an array where one value" },
		{ META TABLE CHAIN RULE(MATCH("==", PORT,
					      "{\"range\":[2,1]}") "," ACCEPT),
		  "match.right.range: a range that runs backwards" },
		{ META TABLE CHAIN RULE(MATCH("==", STATE,
			"{\"range\":[\"new\",\"established\"]}") "," ACCEPT),
		  "right.range: an array where a range of this type" },
		{ META TABLE CHAIN RULE(MATCH("!=", STATE,
			"[\"new\",\"established\"]") "," ACCEPT),
		  "match.right: `!=` with a list" },
		{ META TABLE CHAIN RULE(MATCH("==", SOURCE,
			"\"10.0.0.0/8\"") "," ACCEPT), "\"10.0.0.0/8\" where" },
		{ META TABLE CHAIN RULE(MATCH("==", SOURCE,
			"{\"prefix\":{\"addr\":\"10.0.0.1\",\"len\":8}}") "," ACCEPT),
		  "match.right.prefix: not a prefix" },
		{ META TABLE CHAIN RULE(MATCH("==", PORT,
			"{\"prefix\":{\"addr\":\"10.0.0.0\",\"len\":8}}") "," ACCEPT),
		  "match.right.prefix: not a prefix" },
		{ META TABLE CHAIN RULE(MATCH("==", "{\"&\":[" PORT ",1]}", "1")
					"," ACCEPT), "left: `&` where" },
		{ META TABLE CHAIN RULE(MATCH("==",
			"{\"payload\":{\"base\":\"th\",\"offset\":0,\"len\":16}}",
			"1") "," ACCEPT), "left.payload: `base` is not" },
		{ META TABLE CHAIN RULE(MATCH("==",
			"{\"meta\":{\"key\":\"mark\"}}", "1") "," ACCEPT),
		  "left.meta: a match on what is not understood" },
		{ META TABLE CHAIN RULE(MATCH("==", PORT, "\"@s\"") "," ACCEPT),
		  "$.nftables[3]: there is no set `s`" },
		{ META TABLE SET("\"type\":\"ipv4_addr\"") CHAIN
		  RULE(MATCH("==", PORT, "\"@s\"") "," ACCEPT),
		  "$.nftables[4]: the keys of set `s` are of another type" },
		{ META TABLE SET("\"type\":\"ipv4_addr\",\"flags\":[\"timeout\"]"),
		  "set.flags[0]: \"timeout\" where" },
		{ META TABLE SET("\"type\":\"ipv4_addr\",\"timeout\":5"),
		  "set: `timeout` is not understood" },
		{ META TABLE SET("\"type\":\"ipv4_addr\",\"elem\":[{\"prefix\":"
				 "{\"addr\":\"10.0.0.0\",\"len\":8}}]"),
		  "$.nftables[2]: a range in set `s`" },
		{ META TABLE SET("\"type\":\"ipv4_addr\",\"elem\":[{\"elem\":"
				 "{\"val\":\"10.0.0.1\",\"timeout\":3}}]"),
		  "elem[0].elem: `timeout` is not understood" },
		{ META TABLE SET("\"type\":\"ipv4_addr\",\"elem\":"
				 "[\"10.0.0.1\",\"10.0.0.1\"]"), "overlap" },
		{ META TABLE SET("\"type\":\"ipv4_addr\",\"map\":\"verdict\""),
		  "a set that maps" },
		{ META TABLE SET("\"type\":[\"ipv4_addr\"]"), "the types of a key" },
		{ META TABLE CHAIN RULE("{\"limit\":{\"rate\":1,\"burst\":5,"
			"\"per\":\"second\"}}," ACCEPT), "a verdict under a limit" },
		{ META TABLE CHAIN RULE("{\"log\":{\"prefix\":\"x\",\"group\":1}}"),
		  "log: `group` is not understood" },
		{ META TABLE CHAIN CHAIN, "a second chain on one hook" },
		{ META TABLE ",{\"chain\":{\"family\":\"inet\",\"table\":"
		  "\"firebreak\",\"name\":\"x\",\"handle\":1,\"type\":\"route\","
		  "\"hook\":\"output\",\"prio\":0,\"policy\":\"accept\"}}",
		  "a base chain on a hook or of a type" },
		{ META TABLE ",{\"flowtable\":{\"family\":\"inet\",\"table\":"
		  "\"firebreak\",\"name\":\"x\"}}", "`flowtable` where" },
		{ META ",{\"table\":{\"family\":\"inet\",\"name\":\"firebreak\","
		  "\"handle\":1,\"flags\":[\"dormant\"]}}",
		  "table: `flags` is not understood" },
		{ META TABLE ",{\"rule\":{\"family\":\"inet\",\"chain\":\"x\"}}",
		  "an object that does not say its table" },
		{ META ",{\"table\":{\"family\":\"inet\",\"name\":\"firebreak\","
		  "\"handle\":1,\"comment\":\"firebreak shop - prod data\"}}",
		  "says that it is another part's" },
		{ META TABLE ",7", "$.nftables[2]: 7 where an object with one" },
		{ META TABLE ",{\"\\u001b[31m\":{}}", "that does not say its table" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct nft_model *model;
		const char *why = told(*state, cases[i].list, &part, &model);

		if (model || !strstr(why, cases[i].why))
			fail_msg("%s\nshould be told %s\nis told %s",
				 cases[i].list, cases[i].why, why);
		for (const char *c = why; *c; c++)
			assert_in_range((unsigned char)*c, ' ', '~');
	}
}

static void what_is_understood_is_read(void **state)
{
	static const char *const lists[] = {
		META TABLE CHAIN RULE(ACCEPT),
		META TABLE CHAIN RULE("{\"counter\":null}," ACCEPT),
		META TABLE CHAIN RULE(MATCH("!=", PORT, "22") "," ACCEPT),
		META TABLE CHAIN RULE(MATCH("==", PORT,
			"{\"set\":[22,{\"range\":[80,90]}]}") "," ACCEPT),
		META TABLE CHAIN RULE(MATCH("in", STATE, "8") "," ACCEPT),
		META TABLE CHAIN RULE(MATCH("in", STATE,
			"[\"new\",64]") "," ACCEPT),
		META TABLE SET("\"type\":\"ipv4_addr\"") CHAIN
			RULE(MATCH("==", SOURCE, "\"@s\"") "," ACCEPT),
		/* as nft 1.1 lists them */
		META TABLE SET("\"type\":\"ipv4_addr\",\"flags\":\"interval\","
			"\"stmt\":[{\"counter\":null}]") CHAIN RULE(ACCEPT),
		META ",{\"table\":{\"family\":\"inet\",\"name\":\"firebreak\","
			"\"handle\":1,\"comment\":\"firebreak shop - prod app\"}}"
			CHAIN,
	};

	for (size_t i = 0; i < COUNT(lists); i++) {
		const struct nft_model *model;
		const char *why = told(*state, lists[i], &part, &model);

		if (!model || *why)
			fail_msg("%s\nis told %s", lists[i], why);
		assert_string_equal(model->identity.layer, "app");
		assert_true(model->chains[NFT_INPUT].present);
	}
}

static void tables_of_others_are_passed_over_and_their_hooks_told(void **state)
{
#define OTHERS(family, hook) ",{\"table\":{\"family\":\"" family "\",\"name\":\"t\"," \
	"\"handle\":9,\"flags\":[\"odd\"]}},{\"chain\":{\"family\":\"" family \
	"\",\"table\":\"t\",\"name\":\"c\",\"type\":\"filter\",\"hook\":\"" hook \
	"\",\"odd\":1}},{\"rule\":{\"family\":\"" family "\",\"table\":\"t\",\"expr\":7}}"
	const char *own = META TABLE CHAIN RULE(ACCEPT);
	static const struct {
		const char *others;
		const char *does;	/* NULL: nothing is told */
	} cases[] = {
		{ OTHERS("inet", "input"), "on the same hook" },
		{ OTHERS("ip", "input"), "on the same hook" },
		{ OTHERS("ip6", "input"), "on the same hook" },
		{ OTHERS("inet", "output"), "on the same hook" },
		{ OTHERS("ip", "prerouting"), "before these rules" },
		{ OTHERS("ip", "postrouting"), "behind these rules" },
		{ OTHERS("bridge", "input"), "below these rules" },
		{ OTHERS("netdev", "egress"), "below these rules" },
		{ OTHERS("inet", "ingress"), "below these rules" },
		{ OTHERS("ip", "forward"), NULL },
		{ OTHERS("arp", "input"), NULL },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct nft_model *model;
		const char *why = told(*state, arena_printf(*state, "%s%s", own,
							    cases[i].others),
				       &part, &model);

		assert_non_null(model);
		if (cases[i].does)
			assert_non_null(strstr(why, cases[i].does));
		else
			assert_string_equal(why, "");
	}
}

static void whose_it_is_has_to_be_known(void **state)
{
	static const struct identity gateway = { "shop", "", "prod", "" };
	const char *both = META TABLE ",{\"table\":{\"family\":\"inet\",\"name\":"
		"\"firebreak_gateway\",\"handle\":2}}" CHAIN;

	assert_non_null(strstr(told(*state, META TABLE, NULL, NULL),
			       "does not say whose it is"));
	assert_non_null(strstr(told(*state, META TABLE, &gateway, NULL),
			       "there is no table `inet firebreak_gateway`"));
	assert_non_null(strstr(told(*state, both, NULL, NULL),
			       "say whose is proved"));
	assert_string_equal(told(*state, both, &part, NULL), "");
	assert_string_equal(told(*state, both, &gateway, NULL), "");
}

static void no_other_target_takes_it_for_its_own(void **state)
{
	static const char listing[] = " {\n\"nftables\" : [\"resource\", "
		"\"aws_security_group\", \"GroupId\", \"SecurityGroups\"]}";
	static const char *const others[] = {
		"{\"resource\": {\"aws_security_group\": {}}, \"nftables\": []}",
		"[\"nftables\"]", "{\"nftable\": 1}", "{\"nftables", "{", "",
		"\"nftables\"", "{ \"nftables2\": [] }",
	};

	(void)state;
	assert_true(backend_nft.recognise(listing, strlen(listing)));
	for (size_t i = 0; i < COUNT(others); i++)
		assert_false(nft_is_json(others[i], strlen(others[i])));
}

/* --- the kept captures, damaged --- */

static const char *const captures[] = {
	"tests/nft/prod.app.json", "tests/nft/prod.cache.json",
	"tests/nft/prod.gateway.json",
};

static struct text capture(struct arena *arena, const char *path)
{
	struct text text = TEXT_IN(arena);
	FILE *file = fopen(path, "rb");
	char some[4096];
	size_t n;

	assert_non_null(file);
	while ((n = fread(some, 1, sizeof some, file)) > 0)
		text_add(&text, some, n);
	fclose(file);
	return text;
}

static bool is_read(struct arena *arena, const char *bytes, size_t len,
		    const char *path)
{
	struct identity is = part;
	struct diags diags = { .arena = arena };

	if (strstr(path, "gateway"))
		is.layer = "";
	return nft_read_json(arena, &diags, path, bytes, len, &is) != NULL;
}

static void cut_short_it_is_refused(void **state)
{
	for (size_t i = 0; i < COUNT(captures); i++) {
		struct text whole = capture(*state, captures[i]);

		while (whole.len && whole.at[whole.len - 1] != '}')
			whole.len--;
		assert_true(is_read(*state, whole.at, whole.len, captures[i]));
		for (size_t len = 0; len < whole.len; len += 61) {
			struct arena *arena = arena_child(*state);

			assert_false(is_read(arena, whole.at, len, captures[i]));
			arena_free(arena);
		}
		assert_false(is_read(*state, whole.at, whole.len - 1,
				     captures[i]));
	}
}

static void changed_bytes_are_survived(void **state)
{
	struct dice dice = dice_of(20261127);
	unsigned refused = 0;

	for (unsigned round = 0; round < 600; round++) {
		struct arena *arena = arena_child(*state);
		const char *path = captures[round % COUNT(captures)];
		struct text text = capture(arena, path);

		for (unsigned k = 0; k <= round % 3; k++)
			text.at[dice_roll(&dice, (unsigned)text.len)] =
				(char)dice_roll(&dice, 256);
		refused += !is_read(arena, text.at, text.len, path);
		arena_free(arena);
	}
	assert_in_range(refused, 100, 599);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(what_is_not_understood_is_refused_by_its_path),
		IN_ARENA(what_is_understood_is_read),
		IN_ARENA(tables_of_others_are_passed_over_and_their_hooks_told),
		IN_ARENA(whose_it_is_has_to_be_known),
		IN_ARENA(no_other_target_takes_it_for_its_own),
		IN_ARENA(cut_short_it_is_refused),
		IN_ARENA(changed_bytes_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
