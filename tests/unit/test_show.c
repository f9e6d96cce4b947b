/*
 * What `terraform show -json` prints: states and plans, what is not known yet,
 * what the account has that no resource states, and what is refused.
 */
#include "backends/aws/aws.h"

#include "compiler/prove.h"
#include "tests/lib/fixture.h"
#include "tests/lib/policy.h"
#include "tests/lib/shown.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* --- a policy and its file --- */

struct world {
	struct policy policy;
	struct meaning meaning;
	struct diags diags;
	struct job job;
	const char *file;
};

static const char usual[] =
	"language 1; policy shop; environments prod;\n"
	"layer edge; layer app; layer data;\n"
	"network partner = 192.0.2.0/28, 2001:db8:77::/64;\n"
	"network s3 prefix-list \"com.amazonaws.{region}.s3\" = 3.5.0.0/19;\n"
	"environment prod { region eu-west-1;\n"
	"  vpc 10.1.0.0/16, 2600:1f18:1:100::/56;\n"
	"  layer edge 10.1.0.0/24, 2600:1f18:1:100::/64;\n"
	"  layer app  10.1.1.0/24, 2600:1f18:1:101::/64;\n"
	"  layer data 10.1.2.0/24, 2600:1f18:1:102::/64; }\n"
	"web:   allow partner -> edge on tcp/443;\n"
	"fwd:   allow edge -> app on tcp/8080;\n"
	"mesh:  allow app -> app on any;\n"
	"store: allow app -> data on tcp/5432;\n"
	"pull:  allow app -> s3 on tcp/443;\n"
	"esp:   allow app -> partner on proto/50;\n"
	"ping:  allow partner -> edge on icmp/echo-request, icmp6/any;\n";

static const char *first_told(struct world *w)
{
	size_t count;
	const struct fb_diag *all = diag_list(&w->diags, &count);

	for (size_t i = 0; i < count; i++)
		if (all[i].severity == FB_ERROR)
			return all[i].message;
	fail_msg("nothing was told");
	return "";
}

static struct world *shop(struct arena *arena)
{
	struct world *w = arena_alloc(arena, sizeof *w);
	struct artefacts out = { 0 };

	if (!policy_of_text(&w->policy, arena, usual, "2026-11-23"))
		fail_msg("%s", policy_messages(&w->policy));
	w->meaning = meaning_of(arena, w->policy.ir, &w->policy.ir->spaces[0]);
	w->diags.arena = arena;
	w->job = (struct job){ arena, &w->diags, w->policy.ir, &w->meaning };
	if (!backend_terraform.emit(&w->job, &out))
		fail_msg("%s", first_told(w));
	w->file = out.at[0].bytes;
	return w;
}

static const void *read_text(struct world *w, const char *text)
{
	struct identity id;

	w->diags.all.count = 0;
	assert_true(backend_terraform.recognise(text, strlen(text)));
	return backend_terraform.read(w->job.arena, &w->diags, "x", text,
				      strlen(text), &id);
}

static const char *packet_of(struct world *w, const struct difference *d)
{
	return arena_printf(w->job.arena, "%s %s: %s",
			    d->kind == DIFFERENCE_EXTRA ? "extra" : "missing",
			    d->label, packet_text(w->job.arena, &d->packet));
}

/* "" when it is equal, else what differs, or what was told; WAY: of several. */
static const char *verdict(struct world *w, const char *text, size_t way)
{
	struct sides found = { 0 }, own = { 0 };
	struct claims claims = { 0 };
	struct difference d;
	const void *model = read_text(w, text), *ours;

	if (model)
		backend_terraform.claim(w->job.arena, &w->diags, w->policy.ir,
					"x", model, &claims);
	if (claims.count <= way || !claims.at[way].model ||
	    !backend_terraform.denote(&w->job, claims.at[way].model, &found))
		return first_told(w);
	ours = read_text(w, w->file);
	assert_true(backend_terraform.denote(&w->job, ours, &own));
	return prove_bounds(w->job.arena, &found, &d) &&
	       prove_same(w->job.arena, &found, &own, &d)
	       ? "" : packet_of(w, &d);
}

static size_t ways(struct world *w, const char *text)
{
	struct claims claims = { 0 };

	backend_terraform.claim(w->job.arena, &w->diags, w->policy.ir, "x",
				read_text(w, text), &claims);
	return claims.count;
}

static void is_equal(struct world *w, const char *text)
{
	for (size_t way = 0; way < ways(w, text); way++)
		assert_string_equal(verdict(w, text, way), "");
	assert_string_equal(verdict(w, text, 0), "");
}

static void says(struct world *w, const char *text, const char *what)
{
	const char *is = verdict(w, text, 0);

	if (!strstr(is, what))
		fail_msg("no `%s` in `%s`", what, is);
}

/* TEXT with the first OLD replaced, which must be there. */
static const char *changed(struct world *w, const char *text, const char *old,
			   const char *new)
{
	const char *at = strstr(text, old);

	if (!at)
		fail_msg("no `%s` in %s", old, text);
	return arena_printf(w->job.arena, "%.*s%s%s", (int)(at - text), text,
			    new, at + strlen(old));
}

static const char *changed_everywhere(struct world *w, const char *text,
				      const char *old, const char *new)
{
	while (strstr(text, old))
		text = changed(w, text, old, new);
	return text;
}

/* TEXT without the element of an array that has WHAT in it first. */
static const char *without(struct world *w, const char *text, const char *what)
{
	const char *at = strstr(text, what), *end;
	int deep = 0;

	assert_non_null(at);
	while (*at != '{')
		at--;
	for (end = at; ; end++) {
		deep += *end == '{';
		deep -= *end == '}';
		if (!deep)
			break;
	}
	end += end[1] == ',' ? 2 : 1;
	at -= end[-1] != ',' && at[-1] == ',';
	return arena_printf(w->job.arena, "%.*s%s", (int)(at - text), text, end);
}

static const char esp[] =
	"\"module.fw.aws_vpc_security_group_egress_rule.esp__app__proto-50__v4-192-0-2-0-28\"";

/* --- states --- */

static void a_state_after_the_apply_is_equal(void **state)
{
	struct world *w = shop(*state);

	is_equal(w, shown_state(*state, w->file, false));
}

static void a_state_that_was_read_again_is_equal(void **state)
{
	struct world *w = shop(*state);
	const char *text = shown_state(*state, w->file, true);

	is_equal(w, text);
	assert_int_equal(ways(w, text), 1);
}

static void a_rule_that_is_gone_is_missing(void **state)
{
	struct world *w = shop(*state);
	const char *text = shown_state(*state, w->file, false);

	says(w, without(w, text, esp), "missing");
}

static void a_rule_that_is_wider_is_extra(void **state)
{
	struct world *w = shop(*state);
	const char *text = shown_state(*state, w->file, false);

	says(w, changed_everywhere(w, text, "\"to_port\":5432", "\"to_port\":5433"),
	     "extra");
}

static const char by_hand[] = "\"egress\":[{\"cidr_blocks\":[\"0.0.0.0/0\"],"
	"\"description\":\"oops\",\"from_port\":22,\"ipv6_cidr_blocks\":[],"
	"\"prefix_list_ids\":[],\"protocol\":\"tcp\",\"security_groups\":[],"
	"\"self\":false,\"to_port\":22}";

/* A rule of another in a group whose list has been empty. */
static const char *with_a_hand(struct world *w, const char *text)
{
	const char *group = strstr(text, "shop-prod-data");

	assert_non_null(group);
	return arena_printf(w->job.arena, "%.*s%s", (int)(group - text), text,
			    changed(w, group, "\"egress\":[",
				    arena_printf(w->job.arena, "%s%s", by_hand,
						 *(strstr(group, "\"egress\":[")
						   + 10) == ']' ? "" : ",")));
}

static void a_rule_by_hand_is_found(void **state)
{
	struct world *w = shop(*state);

	says(w, with_a_hand(w, shown_state(*state, w->file, true)), "port 22");
	says(w, with_a_hand(w, shown_again(*state, w->file, NULL)), "port 22");
}

/* In the list it may be what is gone since: the second way is without it. */
static void a_rule_of_the_list_alone_is_none_to_stand_on(void **state)
{
	struct world *w = shop(*state);
	const char *text = without(w, shown_state(*state, w->file, true), esp);

	assert_int_equal(ways(w, text), 2);
	assert_string_equal(verdict(w, text, 0), "");
	if (!strstr(verdict(w, text, 1), "missing"))
		fail_msg("%s", verdict(w, text, 1));
}

static void a_state_of_groups_without_our_tags_is_nobodys(void **state)
{
	struct world *w = shop(*state);

	says(w, changed_everywhere(w, shown_state(*state, w->file, false),
				   "firebreak:", "other:"),
	     "has no security group of this policy");
}

static void the_default_group_has_to_be_emptied(void **state)
{
	struct world *w = shop(*state);
	const char *text = shown_state(*state, w->file, false);
	const char *one = "\"module.fw.aws_default_security_group.default\"";

	says(w, without(w, text, one), "default group");
	/* another VPC's is none of ours */
	says(w, changed(w, text, "\"vpc_id\":\"vpc-1\"", "\"vpc_id\":\"vpc-2\""),
	     "default group");
	assert_non_null(strstr(text, one));
	says(w, arena_printf(w->job.arena, "%.*s%s", (int)(strstr(text, one) -
		text), text, changed(w, strstr(text, one), "\"egress\":[",
				     by_hand)), "extra default group: egress");
}

/* --- the resource with many peers, and rules in the group --- */

/* TEXT with one resource more in its module. */
static const char *with(struct world *w, const char *text, const char *type,
			const char *values)
{
	return changed(w, text, "\"resources\":[", arena_printf(w->job.arena,
		"\"resources\":[{\"address\":\"module.fw.%s.more\",\"mode\":"
		"\"managed\",\"type\":\"%s\",\"name\":\"more\","
		"\"provider_name\":\"registry.terraform.io/hashicorp/aws\","
		"\"schema_version\":2,\"values\":{%s}},", type, type, values));
}

static const char old_type[] = "aws_security_group_rule";

static void the_older_rule_is_read(void **state)
{
	struct world *w = shop(*state);
	const char *text = shown_state(*state, w->file, false);
	const char *fwd =
		"\"module.fw.aws_vpc_security_group_ingress_rule.fwd__app__tcp-8080__sg-edge\"";
	const char *edge = "\"sg-00000000000000003\"", *app = "\"sg-00000000000000001\"";

	text = without(w, text, fwd);
	says(w, text, "missing");
	is_equal(w, with(w, text, old_type, arena_printf(*state, "\"type\":"
		"\"ingress\",\"security_group_id\":%s,\"protocol\":\"tcp\","
		"\"from_port\":8080,\"to_port\":8080,\"self\":false,\"description\":\"\","
		"\"cidr_blocks\":null,\"ipv6_cidr_blocks\":[],"
		"\"prefix_list_ids\":null,\"source_security_group_id\":%s", app,
		edge)));
	says(w, with(w, text, old_type, arena_printf(*state, "\"type\":"
		"\"ingress\",\"security_group_id\":%s,\"protocol\":\"all\","
		"\"from_port\":0,\"to_port\":0,\"self\":false,\"description\":null,"
		"\"cidr_blocks\":[\"10.1.0.0/24\",\"192.0.2.0/24\"],"
		"\"ipv6_cidr_blocks\":null,\"prefix_list_ids\":null,"
		"\"source_security_group_id\":null", app)), "extra");
	says(w, with(w, text, old_type, arena_printf(*state, "\"type\":"
		"\"sideways\",\"security_group_id\":%s,\"protocol\":\"-1\","
		"\"from_port\":0,\"to_port\":0,\"self\":true", app)),
	     "neither ingress nor egress");
	says(w, with(w, text, old_type, arena_printf(*state, "\"type\":"
		"\"egress\",\"security_group_id\":%s,\"protocol\":\"-1\","
		"\"from_port\":0,\"to_port\":0,\"self\":false,\"cidr_blocks\":[],"
		"\"ipv6_cidr_blocks\":[],\"prefix_list_ids\":[],"
		"\"source_security_group_id\":null", app)), "has no peer");
}

/* --- plans --- */

static void a_plan_that_makes_everything_is_equal(void **state)
{
	struct world *w = shop(*state);

	is_equal(w, shown_plan(*state, w->file));
}

static void a_plan_that_changes_nothing_is_equal(void **state)
{
	struct world *w = shop(*state);

	is_equal(w, shown_again(*state, w->file, NULL));
}

/* The list of the group has what the plan takes away. */
static void what_a_plan_takes_away_is_missing(void **state)
{
	struct world *w = shop(*state);

	says(w, shown_again(*state, w->file, "esp__app__proto-50__v4-192-0-2-0-28"),
	     "missing");
}

#define WRITTEN(name)							\
	"{\"constant_value\":\"${aws_security_group." name ".id}\","	\
	"\"references\":[\"aws_security_group." name ".id\","		\
	"\"aws_security_group." name "\"]}"

/* The peer of `fwd`, EXPRESSION in its place; CALL: what the module is given. */
static const char *referring(struct world *w, const char *expression,
			     const char *call)
{
	const char *text = shown_plan(w->job.arena, w->file), *at;

	at = strstr(text, "\"address\":\"aws_vpc_security_group_ingress_rule.fwd");
	assert_non_null(at);
	text = arena_printf(w->job.arena, "%.*s%s", (int)(at - text), text,
			    changed(w, at, WRITTEN("edge"), expression));
	return changed(w, text, "\"source\":\"./fw\",\"expressions\":{",
		       arena_printf(w->job.arena,
				    "\"source\":\"./fw\",\"expressions\":{%s", call));
}

static void what_is_not_known_yet_stands_in_the_configuration(void **state)
{
	static const struct { const char *expression, *call, *says; } cases[] = {
		{ WRITTEN("edge"), "", "" },
		{ WRITTEN("data"), "", "missing" },
		{ "{\"references\":[\"aws_security_group.edge.id\","
		  "\"aws_security_group.edge\"]}", "", "" },
		{ "{\"references\":[\"var.peer\"]}", "\"peer\":{\"references\":["
		  "\"module.fw.edge\",\"module.fw\"]},", "nobody can tell" },
		{ "{\"references\":[\"var.peer\"]}", "", "nobody can tell" },
		{ "{\"references\":[\"local.peer\"]}", "", "nobody can tell" },
		{ "{\"references\":[\"each.value.id\",\"each.value\"]}", "",
		  "nobody can tell" },
		{ "{\"references\":[\"var.a\",\"aws_security_group.edge.id\","
		  "\"aws_security_group.edge\"]}", "", "nobody can tell" },
		{ "{\"references\":[\"aws_security_group.edge.id\","
		  "\"aws_security_group.edge\",\"aws_security_group.data.id\","
		  "\"aws_security_group.data\"]}", "", "nobody can tell" },
		{ "{\"constant_value\":\"${lower(aws_security_group.edge.id)}\","
		  "\"references\":[\"aws_security_group.edge.id\","
		  "\"aws_security_group.edge\"]}", "", "nobody can tell" },
		{ "{\"references\":[\"aws_security_group.edge.arn\","
		  "\"aws_security_group.edge\"]}", "", "nobody can tell" },
		{ "{\"references\":[\"aws_security_group.edge[0].id\","
		  "\"aws_security_group.edge[0]\",\"aws_security_group.edge\"]}",
		  "", "nobody can tell" },
		{ "{\"references\":[\"aws_security_group.edge\","
		  "\"count.index\"]}", "", "nobody can tell" },
		{ "{\"references\":[]}", "", "nobody can tell" },
		{ "{}", "", "nobody can tell" },
		{ "null", "", "nobody can tell" },
	};
	struct world *w = shop(*state);

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *is = verdict(w, referring(w, cases[i].expression,
						      cases[i].call), 0);

		if (!strstr(is, cases[i].says) || !*is != !*cases[i].says)
			fail_msg("%s: %s", cases[i].expression, is);
	}
}

/* A variable of the module, which the root gives it from an output of its own. */
static void variables_and_outputs_are_followed(void **state)
{
	struct world *w = shop(*state);
	const char *text = referring(w, "{\"references\":[\"var.peer\"]}",
		"\"peer\":{\"references\":[\"module.fw.edge\",\"module.fw\"]},");
	const char *output = "\"module\":{\"outputs\":{\"edge\":{\"expression\":"
		"{\"references\":[\"aws_security_group.%s.id\","
		"\"aws_security_group.%s\"]}}},";

	is_equal(w, changed(w, text, "\"module\":{", arena_printf(*state, output,
							"edge", "edge")));
	says(w, changed(w, text, "\"module\":{", arena_printf(*state, output,
							"data", "data")),
	     "missing");
	/* one that gives itself what it is given goes round for ever */
	says(w, changed(w, text, "\"module\":{", "\"module\":{\"outputs\":{"
			"\"edge\":{\"expression\":{\"references\":["
			"\"var.peer\"]}}},"), "nobody can tell");
}

/* The one instance of module, group and rule, under an index. */
static void indexes_are_followed_where_they_are_written(void **state)
{
	struct world *w = shop(*state);
	const char *text = referring(w, "{\"constant_value\":\"${aws_security_"
		"group.edge[count.index].id}\",\"references\":["
		"\"aws_security_group.edge\",\"count.index\"]}", "");
	const char *rule = "aws_vpc_security_group_ingress_rule.fwd__app__tcp-8080__sg-edge";

	text = changed_everywhere(w, text, arena_printf(*state,
		"\"module.fw.%s\"", rule), arena_printf(*state,
		"\"module.fw.%s[0]\",\"index\":0", rule));
	says(w, text, "nobody can tell");
	text = changed_everywhere(w, text, "\"module.fw.aws_security_group.edge\"",
				  "\"module.fw.aws_security_group.edge[0]\",\"index\":0");
	/* the others say the group without its index, which has several now */
	says(w, text, "`module.fw.aws_security_group.edge`, which is no security group");
	text = changed_everywhere(w, text, "${aws_security_group.edge.id}",
				  "${aws_security_group.edge[0].id}");
	text = changed_everywhere(w, text, "[\"aws_security_group.edge.id\",",
				  "[\"aws_security_group.edge[0].id\","
				  "\"aws_security_group.edge[0]\",");
	is_equal(w, text);
	text = changed_everywhere(w, text, "\"module.fw\"", "\"module.fw[\\\"a\\\"]\"");
	text = changed_everywhere(w, text, "\"module.fw.", "\"module.fw[\\\"a\\\"].");
	is_equal(w, text);
}

/* --- what is refused --- */

struct refusal {
	const char *old, *new, *says;
};

static void refuses(struct world *w, const char *text,
		    const struct refusal *all, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *is = verdict(w, changed(w, text, all[i].old,
						    all[i].new), 0);

		if (!strstr(is, all[i].says))
			fail_msg("%s -> %s: no `%s` in `%s`", all[i].old,
				 all[i].new, all[i].says, is);
	}
}

/* AWS changes what is in its own lists; those of an account are looked at. */
#define AWS_LIST_OF "\"owner_id\":\"AWS\",\"entries\":[{\"cidr\":"
#define OUR_LIST_OF "\"owner_id\":\"111122223333\",\"entries\":[{\"cidr\":"

static void a_state_that_is_not_understood_is_refused(void **state)
{
	static const struct refusal all[] = {
		{ "\"format_version\":\"1.0\"", "\"format_version\":\"2.0\"",
		  "is not version 1" },
		{ "\"format_version\":\"1.0\"", "\"format_version\":1",
		  "is not a string" },
		{ "\"terraform_version\"", "\"odd\"", "is not known here" },
		{ "\"values\":{\"root_module\"", "\"values\":{\"root\"",
		  "is not known here" },
		{ "\"child_modules\":[", "\"child_modules\":[{},", "is not a string" },
		{ "\"address\":\"module.fw\"", "\"address\":\"other.fw\"",
		  "the address of another" },
		{ "\"address\":\"module.fw.aws_sec", "\"address\":\"module.x.aws_sec",
		  "is not the address of" },
		{ "\"mode\":\"managed\"", "\"mode\":\"other\"",
		  "neither managed nor data" },
		{ "hashicorp/aws\",\"schema_version\":0,\"values\":{\"arn\"",
		  "other/aws\",\"schema_version\":0,\"values\":{\"arn\"",
		  "of another provider" },
		{ "\"schema_version\":0,\"values\":{\"arn\"",
		  "\"tainted\":true,\"values\":{\"arn\"", "is tainted" },
		{ "\"schema_version\":0,\"values\":{\"arn\"",
		  "\"deposed_key\":\"x\",\"values\":{\"arn\"", "left over" },
		{ "\"revoke_rules_on_delete\"", "\"odd\"", "is not known here" },
		{ "\"cidr_ipv4\":null", "\"cidr_ipv4\":\"10.0.0.0/8\"",
		  "more than one peer" },
		{ "\"cidr_ipv4\":\"192.0.2.0/28\"", "\"cidr_ipv4\":null",
		  "has no peer" },
		{ "\"cidr_ipv4\":\"192.0.2.0/28\",", "", "is missing" },
		{ "\"cidr_ipv4\":\"192.0.2.0/28\"", "\"cidr_ipv4\":7",
		  "is not a string" },
		{ "\"cidr_ipv4\":\"192.0.2.0/28\"", "\"cidr_ipv4\":\"x\"",
		  "is not an IPv4 prefix" },
		{ "\"ip_protocol\":\"tcp\"", "\"ip_protocol\":\"tcpp\"",
		  "is no protocol" },
		{ "\"from_port\":8080", "\"from_port\":9090", "no range of ports" },
		{ "\"from_port\":8080", "\"from_port\":null", "no range of ports" },
		{ "\"from_port\":8080", "\"from_port\":8080.5", "whole number" },
		{ "\"from_port\":8080", "\"from_port\":80800", "is not in -1 to" },
		{ "\"security_group_id\":\"sg-", "\"security_group_id\":\"sg-x",
		  "missing" },
		{ "\"referenced_security_group_id\":\"sg-",
		  "\"referenced_security_group_id\":\"sg-x", "extra" },
		{ "\"prefix_list_id\":\"pl-", "\"prefix_list_id\":\"pl-x",
		  "whose name nobody tells" },
		{ "\"name\":\"com.amazonaws.eu-west-1.s3\"",
		  "\"name\":\"com.amazonaws.eu-west-1.s4\"", "prefix list" },
		{ AWS_LIST_OF "\"3.5.0.0/19\"", OUR_LIST_OF "\"3.5.0.0/18\"", "extra" },
		{ AWS_LIST_OF "\"3.5.0.0/19\"", OUR_LIST_OF "\"3.5.0.0\"x", "not JSON" },
		{ AWS_LIST_OF "\"3.5.0.0/19\"", OUR_LIST_OF "19", "no prefix" },
		{ "\"address_family\":\"IPv4\"", "\"address_family\":\"IPv6\"",
		  "is of IPv6" },
		{ "\"id\":\"sg-00000000000000001\"", "\"id\":\"sg-00000000000000002\"",
		  "the id of another" },
		{ "\"id\":\"sg-00000000000000001\"", "\"id\":null", "has no id" },
		{ "\"tags_all\":{\"Name\":\"shop-prod-app\"",
		  "\"tags_all\":{\"firebreak:layer\":7,\"Name\":\"shop-prod-app\"",
		  "twice" },
		{ "\"firebreak:layer\":\"app\",\"firebreak:policy\":\"shop\"},\"tags_all\":{\"Name\":\"shop-prod-app\",\"firebreak:environment\":\"prod\",\"firebreak:layer\":\"app\"",
		  "\"firebreak:layer\":\"app\",\"firebreak:policy\":\"shop\"},\"tags_all\":{\"Name\":\"shop-prod-app\",\"firebreak:environment\":\"prod\",\"firebreak:layer\":\"data\"",
		  "second group of its layer" },
	};
	struct world *w = shop(*state);

	refuses(w, shown_state(*state, w->file, false), all, COUNT(all));
	says(w, "{\"format_version\":\"1.0\"}", "the state is empty");
	says(w, "{\"format_version\":\"1.0\",\"values\":{}}",
	     "there is no security group");
}

static void kinds_that_open_what_is_not_seen_are_refused(void **state)
{
	struct world *w = shop(*state);
	const char *text = shown_state(*state, w->file, false);
	const char *app = "\"security_group_id\":\"sg-00000000000000001\"";

	says(w, with(w, text, "aws_vpc_security_group_vpc_association",
		     arena_printf(*state, "%s,\"vpc_id\":\"vpc-9\"", app)),
	     "to another VPC");
	says(w, with(w, text, "aws_vpc_security_group_rules_exclusive",
		     arena_printf(*state, "%s,\"egress_rule_ids\":[],"
				  "\"ingress_rule_ids\":[]", app)),
	     "which Terraform would take away");
	says(w, with(w, text, "aws_vpc_security_group_ingress_rule",
		     "\"security_group_id\":\"sg-default\",\"from_port\":null,"
		     "\"to_port\":null,\"ip_protocol\":\"-1\",\"prefix_list_id\":null,"
		     "\"cidr_ipv4\":null,\"cidr_ipv6\":\"::/0\",\"description\":null,"
		     "\"referenced_security_group_id\":null"),
	     "extra default group: ingress");
	/* what opens nothing of a group is nobody's business */
	is_equal(w, with(w, text, "aws_s3_bucket", "\"odd\":{\"bucket\":[1]}"));
}

static void a_plan_that_is_not_whole_is_refused(void **state)
{
	static const struct refusal all[] = {
		{ "\"complete\":true", "\"complete\":false", "of some targets" },
		{ "\"complete\":true,", "", "of some targets" },
		{ "\"errored\":false", "\"errored\":true", "not one to the end" },
		{ "\"applyable\":true", "\"odd\":true", "is not known here" },
		{ "\"applyable\":true", "\"deferred_changes\":[{}]",
		  "puts something off" },
		{ "\"actions\":[\"create\"]", "\"actions\":[\"forget\"]",
		  "is forgotten" },
		{ "\"actions\":[\"create\"]", "\"actions\":[\"create\",\"forget\"]",
		  "is forgotten" },
		{ "\"actions\":[\"create\"]", "\"actions\":[\"open\"]",
		  "not known here" },
		{ "\"actions\":[\"create\"]", "\"actions\":[]", "has no actions" },
		{ "\"actions\":[\"create\"]", "\"actions\":[\"delete\"]",
		  "has no change" },
		{ "\"module_address\":\"module.fw\",\"mode\":\"managed\",\"type\":\"aws_security_group\"",
		  "\"deposed\":\"x\",\"mode\":\"managed\",\"type\":\"aws_security_group\"",
		  "left over" },
		{ "\"module_address\":\"module.fw\",\"mode\":\"managed\",\"type\":\"aws_security_group\"",
		  "\"mode\":\"managed\",\"type\":\"aws_security_groups\"",
		  "has no change" },
		{ "\"address\":\"aws_security_group.app\",\"mode\"",
		  "\"address\":\"aws_security_group.other\",\"mode\"",
		  "has no configuration" },
		{ "\"after_unknown\":{", "\"after_unknown\":{\"egress\":[{\"a\":true}],",
		  "is not known" },
	};
	struct world *w = shop(*state);

	refuses(w, shown_plan(*state, w->file), all, COUNT(all));
}

/* Nobody's null, and nobody's "every address". */
static void a_peer_that_is_not_known_is_no_peer(void **state)
{
	struct world *w = shop(*state);
	const char *text = shown_plan(*state, w->file);

	says(w, changed(w, text, "\"cidr_ipv4\":\"192.0.2.0/28\",", ""),
	     "which is not known yet");
	says(w, changed(w, text, "\"ip_protocol\":\"tcp\",", ""),
	     "which is not known yet");
	says(w, changed(w, text, "\"to_port\":8080,", ""),
	     "which is not known yet");
}

static void a_text_cut_anywhere_is_refused(void **state)
{
	struct world *w = shop(*state);
	const char *text = shown_plan(*state, w->file);
	size_t len = strlen(text);

	for (size_t n = 1; n < len; n += 37) {
		struct diags diags = { .arena = arena_child(*state) };

		assert_null(aws_read_show(diags.arena, &diags, "x", text, n));
		arena_free(diags.arena);
	}
}

static void memory_that_runs_out_while_reading_ends_the_reading(void **state)
{
	struct world *w = shop(*state);
	const char *text = shown_plan(*state, w->file);
	const void *volatile fits = NULL;

	for (size_t limit = 1 << 14; !fits; limit += 1 << 15) {
		struct arena *arena = arena_new(limit);
		struct diags diags = { .arena = arena };
		jmp_buf full;

		arena_guard(arena, &full);
		if (!setjmp(full))
			fits = aws_read_show(arena, &diags, "x", text,
					     strlen(text));
		else
			assert_true(limit < 1 << 23);
		arena_free(arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(a_state_after_the_apply_is_equal),
		IN_ARENA(a_state_that_was_read_again_is_equal),
		IN_ARENA(a_rule_that_is_gone_is_missing),
		IN_ARENA(a_rule_that_is_wider_is_extra),
		IN_ARENA(a_rule_by_hand_is_found),
		IN_ARENA(a_rule_of_the_list_alone_is_none_to_stand_on),
		IN_ARENA(a_state_of_groups_without_our_tags_is_nobodys),
		IN_ARENA(the_default_group_has_to_be_emptied),
		IN_ARENA(the_older_rule_is_read),
		IN_ARENA(a_plan_that_makes_everything_is_equal),
		IN_ARENA(a_plan_that_changes_nothing_is_equal),
		IN_ARENA(what_a_plan_takes_away_is_missing),
		IN_ARENA(what_is_not_known_yet_stands_in_the_configuration),
		IN_ARENA(variables_and_outputs_are_followed),
		IN_ARENA(indexes_are_followed_where_they_are_written),
		IN_ARENA(a_state_that_is_not_understood_is_refused),
		IN_ARENA(kinds_that_open_what_is_not_seen_are_refused),
		IN_ARENA(a_plan_that_is_not_whole_is_refused),
		IN_ARENA(a_peer_that_is_not_known_is_no_peer),
		IN_ARENA(a_text_cut_anywhere_is_refused),
		IN_ARENA(memory_that_runs_out_while_reading_ends_the_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
