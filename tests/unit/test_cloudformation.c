/*
 * CloudFormation templates: what stands in a group and what beside it, what is
 * refused, and what a hand that changed one is told.
 */
#include "backends/aws/aws.h"

#include "compiler/base/text.h"
#include "compiler/prove.h"
#include "tests/lib/fixture.h"
#include "tests/lib/policy.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* --- a policy and its template --- */

struct world {
	struct policy policy;
	struct meaning meaning;
	struct diags diags;
	struct job job;
};

static struct world *world_of(struct arena *arena, const char *text)
{
	struct world *w = arena_alloc(arena, sizeof *w);

	if (!policy_of_text(&w->policy, arena, text, "2026-11-23"))
		fail_msg("%s", policy_messages(&w->policy));
	assert_int_equal(w->policy.ir->space_count, 1);
	w->meaning = meaning_of(arena, w->policy.ir, &w->policy.ir->spaces[0]);
	w->diags.arena = arena;
	w->job = (struct job){ arena, &w->diags, w->policy.ir, &w->meaning };
	return w;
}

/* Three layers of both families; RULES, which may declare more. */
static struct world *shop(struct arena *arena, const char *rules)
{
	return world_of(arena, arena_printf(arena,
		"language 1; policy shop; environments prod;\n"
		"layer edge; layer app; layer data;\n"
		"network partner = 192.0.2.0/28, 2001:db8:77::/64;\n"
		"network s3 prefix-list \"com.amazonaws.{region}.s3\" "
		"= 3.5.0.0/19;\n"
		"environment prod { region eu-west-1;\n"
		"  vpc 10.1.0.0/16, 2600:1f18:1:100::/56;\n"
		"  layer edge 10.1.0.0/24, 2600:1f18:1:100::/64;\n"
		"  layer app  10.1.1.0/24, 2600:1f18:1:101::/64;\n"
		"  layer data 10.1.2.0/24, 2600:1f18:1:102::/64; }\n%s", rules));
}

static const char usual[] =
	"web:   allow partner -> edge on tcp/443;\n"
	"fwd:   allow edge -> app on tcp/8080;\n"
	"back:  allow app -> edge on tcp/9000;\n"
	"store: allow app -> data on tcp/5432;\n"
	"pull:  allow app -> s3 on tcp/443;\n"
	"esp:   allow app -> partner on proto/50;\n"
	"ping:  allow partner -> edge on icmp/echo-request, icmp6/128;\n";

static size_t told(struct world *w, const char *code)
{
	size_t count, found = 0;
	const struct fb_diag *all = diag_list(&w->diags, &count);

	for (size_t i = 0; i < count; i++)
		found += strcmp(all[i].code, code) == 0;
	return found;
}

static const char *first_told(struct world *w)
{
	size_t count;
	const struct fb_diag *all = diag_list(&w->diags, &count);

	assert_true(count > 0);
	return all->message;
}

static const char *emitted(struct world *w)
{
	struct artefacts out = { 0 };

	if (!backend_cloudformation.emit(&w->job, &out)) {
		assert_int_equal(out.count, 0);
		return NULL;
	}
	assert_int_equal(out.count, 1);
	assert_string_equal(out.at[0].path, "aws.cfn.json");
	assert_int_equal(out.at[0].len, strlen(out.at[0].bytes));
	return out.at[0].bytes;
}

static const void *read_text(struct world *w, const char *text)
{
	struct identity id;

	w->diags.all.count = 0;
	return backend_cloudformation.read(w->job.arena, &w->diags, "x", text,
					   strlen(text), &id);
}

static bool denote(struct world *w, const char *text, struct sides *out)
{
	const void *model = read_text(w, text);

	if (!model)
		fail_msg("%s", first_told(w));
	return backend_cloudformation.denote(&w->job, model, out);
}

/* Does TEXT mean exactly what our own output means? */
static bool proves(struct world *w, const char *text, struct difference *out)
{
	struct sides found = { 0 }, own = { 0 };

	assert_true(denote(w, text, &found));
	assert_true(denote(w, emitted(w), &own));
	return prove_bounds(w->job.arena, &found, out) &&
	       prove_same(w->job.arena, &found, &own, out);
}

static const char *good(struct world *w)
{
	const char *text = emitted(w);
	struct difference d;

	if (!text)
		fail_msg("%s", first_told(w));
	assert_true(backend_cloudformation.recognise(text, strlen(text)));
	assert_false(backend_terraform.recognise(text, strlen(text)));
	assert_false(backend_ec2.recognise(text, strlen(text)));
	if (!proves(w, text, &d))
		fail_msg("%s: %s", d.label,
			 packet_text(w->job.arena, &d.packet));
	return text;
}

static size_t times(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

static void has(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("no `%s` in %s", what, text);
}

/* TEXT with the first OLD replaced, which must be there. */
static const char *changed(struct world *w, const char *text, const char *old,
			   const char *new)
{
	const char *at = strstr(text, old);

	has(text, old);
	return arena_printf(w->job.arena, "%.*s%s%s", (int)(at - text), text,
			    new, at + strlen(old));
}

/* The resource that KEY begins, up to the next one. */
static const char *resource(struct world *w, const char *text, const char *key)
{
	const char *at = strstr(text, arena_printf(w->job.arena, "\n    \"%s",
						   key));

	assert_non_null(at);
	return arena_printf(w->job.arena, "%.*s",
			    (int)(strstr(at + 1, "\n    }") - at), at);
}

/* --- what is written --- */

static void groups_refer_to_each_other_from_outside(void **state)
{
	struct world *w = shop(*state, usual);
	const char *text = good(w);

	assert_int_equal(times(text, "AWS::EC2::SecurityGroup\""), 3);
	assert_int_equal(times(text, "AWS::EC2::SecurityGroupIngress"), 3);
	assert_int_equal(times(text, "AWS::EC2::SecurityGroupEgress"), 3);
	assert_int_equal(times(text, "\"SourceSecurityGroupId\""), 3);
	assert_null(strstr(resource(w, text, "GroupApp"), "Fn::GetAtt"));
	has(resource(w, text, "GroupApp"),
	    "\"FromPort\": 443, \"ToPort\": 443, \"DestinationPrefixListId\": "
	    "{\"Ref\": \"ListComAmazonawsEuWest1S3");
	has(resource(w, text, "GroupApp"),
	    "{\"IpProtocol\": \"50\", \"CidrIpv6\": \"2001:db8:77::/64\", ");
	has(text, "id of the prefix list com.amazonaws.eu-west-1.s3");
}

static void a_layer_may_refer_to_itself(void **state)
{
	good(shop(*state, "mesh: allow app -> app on any;"));
}

static void nothing_is_let_out_where_nothing_is_permitted(void **state)
{
	struct world *w = shop(*state, usual);
	const char *text = good(w);

	has(resource(w, text, "GroupEdge"), "\"CidrIp\": \"127.0.0.1/32\"");
	has(resource(w, text, "GroupData"), "\"CidrIp\": \"127.0.0.1/32\"");
	assert_null(strstr(resource(w, text, "GroupApp"), "127.0.0.1"));
}

static void two_networks_of_one_list_are_one_parameter(void **state)
{
	const char *text = good(shop(*state,
		"network s3-too prefix-list \"com.amazonaws.{region}.s3\" "
		"= 3.5.0.0/19;\n"
		"a: allow app -> s3 on tcp/443;\n"
		"b: allow data -> s3-too on tcp/444;\n"));

	assert_int_equal(times(text, "\"Type\": \"String\""), 1);
}

/* An id is the hash of what a resource says: others do not move. */
static void a_rule_more_changes_no_other_line(void **state)
{
	struct world *w = shop(*state, usual);
	struct arena *arena = *state;
	const char *before = good(w), *after;

	after = good(shop(arena, arena_printf(arena,
		"another: allow edge -> data on tcp/22;\n%s", usual)));
	for (const char *end; *before; before = end + 1) {
		end = strchr(before, '\n');
		/* the last one has no comma */
		has(after, arena_printf(arena, "%.*s", (int)(end - before) -
					(end[-1] == ',' ), before));
	}
}

static void strange_names_stay_apart(void **state)
{
	const char *text = good(world_of(*state,
		"language 1; policy p; environments prod;\n"
		"layer a-b; layer a_b; layer ab; layer A-B;\n"
		"environment prod { vpc 10.0.0.0/16; layer a-b 10.0.0.0/24;\n"
		"  layer a_b 10.0.1.0/24; layer ab 10.0.2.0/24; }\n"
		"r: allow a-b -> a_b, ab on tcp/1;\n"
		"s: allow a_b -> a-b on tcp/1;\n"));

	assert_int_equal(times(text, "\n    \"GroupAB"), 2);
	assert_int_equal(times(text, "\n    \"GroupAb"), 1);
	assert_int_equal(times(text, "\n    \"Ingress"), 3);
}

/* --- what CloudFormation does not take --- */

static void texts_that_would_be_computed_are_refused(void **state)
{
	struct world *w = shop(*state,
		"r: allow edge -> app on tcp/1 ticket \"{{resolve:ssm:x}}\";\n"
		"network n prefix-list \"{{resolve:ssm:y}}\" = 3.6.0.0/19;\n"
		"s: allow edge -> n on tcp/1;\n");

	assert_null(emitted(w));
	assert_int_equal(told(w, "P0512"), 2);
}

static void texts_that_only_look_so_are_themselves(void **state)
{
	const char *text = good(shop(*state,
		"r: allow edge -> app on tcp/1 ticket \"${AWS::Region}\";\n"
		"s: allow edge -> app on tcp/2 ticket \"{ {\";\n"));

	has(text, "\"r ${AWS::Region}\"");
	has(text, "\"s { {\"");
}

static void what_stands_for_no_egress_cannot_be_permitted(void **state)
{
	struct world *w = shop(*state, "r: allow edge -> 127.0.0.1/32 on any;");

	assert_null(emitted(w));
	assert_int_equal(told(w, "P0512"), 1);
	w = shop(*state, "r: allow edge -> 255.255.255.255/32 on icmp/252/86;");
	assert_null(emitted(w));
	assert_int_equal(told(w, "P0512"), 1);
	good(shop(*state, "r: allow 127.0.0.1/32 -> edge on any;"));
	good(shop(*state, "r: allow edge -> 127.0.0.1/32 on tcp/0-65535;"));
	good(shop(*state, "r: allow edge -> 127.0.0.0/31 on any;"));
}

/* LAYERS layers, and in each of RULES a port from one layer to another. */
static struct world *mesh(struct arena *arena, unsigned layers, unsigned rules)
{
	struct text text = TEXT_IN(arena);

	text_puts(&text, "language 1; policy p; environments prod;\n");
	for (unsigned i = 0; i < layers; i++)
		text_printf(&text, "layer l%u;\n", i);
	text_puts(&text, "environment prod { vpc 10.0.0.0/16;\n");
	for (unsigned i = 0; i < layers; i++)
		text_printf(&text, "  layer l%u 10.0.%u.0/24;\n", i, i);
	text_puts(&text, "}\n");
	for (unsigned i = 0; i < rules; i++)
		text_printf(&text, "r%03u: allow l%u -> l%u on tcp/%u;\n", i,
			    i % layers, (i + 1) % layers, 2 * i);
	return world_of(arena, text_string(&text));
}

static void five_hundred_resources_fit_and_no_more(void **state)
{
	struct world *w = mesh(*state, 10, 245);

	(void)good(w);
	w->diags.all.count = 0;
	assert_non_null(emitted(w));
	assert_int_equal(told(w, "P0511"), 1);
	w = mesh(*state, 10, 246);
	assert_null(emitted(w));
	assert_int_equal(told(w, "P0510"), 1);
	has(first_told(w), "needs 502 resources, and CloudFormation takes 500");
	w = mesh(*state, 11, 245);
	assert_null(emitted(w));
	assert_int_equal(told(w, "P0510"), 1);
}

/* COUNT addresses that lie apart, each let in to a layer. */
static struct world *crowd(struct arena *arena, unsigned layers, unsigned count)
{
	struct text text = TEXT_IN(arena);

	text_puts(&text, "language 1; policy p; environments prod;\n"
			 "aws { rules-per-group 1000; groups-per-interface 1; }\n"
			 "network n =\n");
	for (unsigned i = 0; i < count; i++)
		text_printf(&text, "%s198.51.%u.%u/32", i ? ",\n" : "",
			    i / 100, i % 100 * 2);
	text_puts(&text, ";\n");
	for (unsigned i = 0; i < layers; i++)
		text_printf(&text, "layer l%u;\n", i);
	text_puts(&text, "environment prod { vpc 10.0.0.0/16;\n");
	for (unsigned i = 0; i < layers; i++)
		text_printf(&text, "  layer l%u 10.0.%u.0/24;\n", i, i);
	text_puts(&text, "}\n");
	for (unsigned i = 0; i < layers; i++)
		text_printf(&text, "r%u: allow n -> l%u on tcp/443;\n", i, i);
	return world_of(arena, text_string(&text));
}

static void a_million_bytes_fit_and_no_more(void **state)
{
	struct world *w = crowd(*state, 9, 900);

	assert_non_null(emitted(w));
	w = crowd(*state, 10, 900);
	assert_null(emitted(w));
	assert_int_equal(told(w, "P0510"), 1);
	has(first_told(w), "bytes, and CloudFormation takes 1000000");
}

/* The rule that permits nothing is a rule too. */
static void a_group_full_of_groups_has_no_room(void **state)
{
	static const char rules[] = "a: allow edge -> app on tcp/1;\n"
				    "b: allow edge -> data on tcp/1;\n";
	struct world *w = shop(*state, arena_printf(*state,
		"aws { rules-per-group 2; groups-per-interface 1; }\n%s",
		rules));

	assert_null(emitted(w));
	assert_int_equal(told(w, "P0510"), 1);
	has(first_told(w), "no room");
	(void)good(shop(*state, arena_printf(*state,
		"aws { rules-per-group 3; groups-per-interface 1; }\n%s",
		rules)));
	/* of two groups each has room for it */
	has(good(shop(*state, arena_printf(*state,
		"aws { rules-per-group 2; }\n%s", rules))),
	    "\"firebreak:part\", \"Value\": \"2/2\"");
}

/* --- reading --- */

static void what_is_not_understood_is_refused(void **state)
{
	static const struct {
		const char *old, *new, *where;
	} changes[] = {
		{ "{", "", "the file" },
		{ "\"2010-09-09\"", "\"2010-09-10\"", "FormatVersion" },
		{ "\"Parameters\": {", "\"Transform\": \"X\", \"Parameters\": {",
		  "Transform" },
		{ "\"Parameters\": {", "\"Conditions\": {}, \"Parameters\": {",
		  "Conditions" },
		{ "\"Parameters\": {", "\"Mappings\": {}, \"Parameters\": {",
		  "Mappings" },
		{ "\"Description\": \"security", "\"Description\": \"{{x",
		  "dynamic reference" },
		{ "AWS::EC2::VPC::Id", "AWS::EC2::Subnet::Id", "VpcId" },
		{ "AWS::EC2::VPC::Id", "AWS::SSM::Parameter::Value<String>",
		  "VpcId" },
		{ "id of the prefix list", "list", "which prefix list" },
		{ "\"AllowedPattern\"", "\"Default\": \"pl-1\", \"AllowedPattern\"",
		  "Default" },
		{ "\"Type\": \"AWS::EC2::SecurityGroup\"",
		  "\"Type\": \"AWS::EC2::SecurityGroup\", \"Condition\": \"C\"",
		  "Condition" },
		{ "\"Type\": \"AWS::EC2::SecurityGroup\"",
		  "\"Type\": \"AWS::EC2::SecurityGroup\", \"DependsOn\": []",
		  "DependsOn" },
		{ "\"Type\": \"AWS::EC2::SecurityGroup\"",
		  "\"Type\": \"AWS::EC2::SecurityGroup\", "
		  "\"UpdateReplacePolicy\": \"Retain\"", "UpdateReplacePolicy" },
		{ "\"Type\": \"AWS::EC2::SecurityGroup\"",
		  "\"Type\": \"AWS::EC2::NetworkAcl\"", "is not known here" },
		{ "\"Properties\"", "\"Metadata\"", "Metadata" },
		{ "\"GroupName\"", "\"Odd\"", "Odd" },
		{ "\"GroupName\": \"shop-prod-app\",", "", "GroupName" },
		{ "\"VpcId\": {\"Ref\": \"VpcId\"}", "\"VpcId\": \"vpc-1\"",
		  "VpcId" },
		{ "\"VpcId\": {\"Ref\": \"VpcId\"}",
		  "\"VpcId\": {\"Fn::ImportValue\": \"x\"}", "VpcId" },
		{ "\"Key\": \"firebreak:layer\", \"Value\": \"app\"",
		  "\"Key\": \"firebreak:layer\", \"Value\": {\"Ref\": \"VpcId\"}",
		  "is not a string" },
		{ "\"Key\": \"firebreak:layer\", \"Value\": \"app\"",
		  "\"Key\": \"firebreak:layer\", \"Value\": \"data\"",
		  "second group of its layer" },
		{ "\"Key\": \"firebreak:environment\", \"Value\": \"prod\"",
		  "\"Key\": \"firebreak:environment\", \"Value\": \"dev\"",
		  "another policy or environment" },
		{ "\"Key\": \"Name\"", "\"Key\": \"firebreak:layer\"",
		  "a tag twice" },
		{ "\"Key\": \"firebreak:layer\"", "\"Key\": \"layer\"",
		  "not all of our tags" },
		{ "\"DestinationPrefixListId\": {\"Ref\": \"ListC",
		  "\"DestinationPrefixListId\": {\"Ref\": \"ListX",
		  "does not refer" },
		{ "\"DestinationPrefixListId\": {\"Ref\": \"",
		  "\"SourcePrefixListId\": {\"Ref\": \"", "not known here" },
		{ "\"CidrIp\": \"192.0.2.0/28\"", "\"CidrIp\": {\"Ref\": \"VpcId\"}",
		  "CidrIp" },
		{ "\"CidrIp\": \"192.0.2.0/28\"",
		  "\"CidrIp\": \"192.0.2.0/28\", \"CidrIpv6\": \"::/0\"",
		  "more than one peer" },
		{ "\"CidrIp\": \"192.0.2.0/28\", ", "", "no peer" },
		{ "\"192.0.2.0/28\"", "\"192.0.2.1/28\"", "CidrIp" },
		{ "\"192.0.2.0/28\"", "\"192.0.2.0\"", "CidrIp" },
		{ "\"2001:db8:77::/64\"", "\"2001:DB8:77::/64\"", "CidrIpv6" },
		{ "\"IpProtocol\": \"50\"", "\"IpProtocol\": 50", "IpProtocol" },
		{ "\"IpProtocol\": \"50\"", "\"IpProtocol\": \"6\"",
		  "IpProtocol" },
		{ "\"IpProtocol\": \"50\"", "\"IpProtocol\": \"ESP\"",
		  "IpProtocol" },
		{ "\"IpProtocol\": \"50\"",
		  "\"IpProtocol\": \"50\", \"FromPort\": 1", "has ports" },
		{ "\"FromPort\": 443", "\"FromPort\": \"443\"", "FromPort" },
		{ "\"FromPort\": 443", "\"FromPort\": 444", "wrong way" },
		{ "\"ToPort\": 443", "\"ToPort\": 65536", "ToPort" },
		{ "\"FromPort\": 443, ", "", "FromPort" },
		{ "\"FromPort\": 8,", "\"FromPort\": -1, \"X\": 1,", "X" },
		{ "\"IpProtocol\": \"icmp\"", "\"IpProtocol\": \"icmpv6\"",
		  "ICMP of one family" },
		{ "\"SecurityGroupIngress\": [", "\"SecurityGroupIngress\": [{\"Ref\": \"X\"}, ",
		  "Ref" },
		{ "\"SecurityGroupEgress\": [", "\"SecurityGroupEgress\": {\"Fn::If\": []}, \"X\": [",
		  "X" },
		{ "{\"Fn::GetAtt\": [\"GroupApp", "{\"Fn::GetAtt\": [\"GroupNo",
		  "security group of this template" },
		{ "\"GroupId\"]}", "\"VpcId\"]}",
		  "security group of this template" },
		{ "{\"Fn::GetAtt\": [\"GroupApp", "{\"Odd\": 1, \"Fn::GetAtt\": [\"GroupApp",
		  "security group of this template" },
		{ "\"Properties\": {\"GroupId\"", "\"Properties\": {\"GroupName\": \"x\", \"GroupId\"",
		  "GroupName" },
		{ "\"SourceSecurityGroupId\"", "\"SourceSecurityGroupName\"",
		  "SourceSecurityGroupName" },
		{ "\n    \"Ingress", "\n    \"In-gress", "logical id" },
		{ "\"Description\": \"web\"",
		  "\"Description\": \"{{resolve:ssm:x}}\"",
		  "dynamic reference" },
		{ "\"Description\": \"web\"", "\"Description\": {\"Fn::Sub\": \"x\"}",
		  "is not a string" },
	};

	for (size_t i = 0; i < COUNT(changes); i++) {
		struct world *w = shop(*state, usual);
		const char *text = changed(w, good(w), changes[i].old,
					   changes[i].new);

		if (read_text(w, text))
			fail_msg("read: %s", changes[i].new);
		assert_true(told(w, "P0601") >= 1);
		has(first_told(w), changes[i].where);
	}
}

static void a_text_cut_anywhere_is_refused(void **state)
{
	struct world *w = shop(*state, usual);
	const char *text = good(w);
	size_t len = strlen(text);
	struct identity id;

	for (size_t n = 0; n + 2 < len; n += 7)
		assert_null(backend_cloudformation.read(
			*state, &w->diags, "x", text, n, &id));
}

static void the_same_permission_twice_is_refused(void **state)
{
	static const char web[] = "{\"IpProtocol\": \"tcp\", \"FromPort\": 443, "
		"\"ToPort\": 443, \"CidrIp\": \"192.0.2.0/28\", "
		"\"Description\": \"web\"}";
	struct world *w = shop(*state, usual);
	const char *text = good(w);

	assert_null(read_text(w, changed(w, text, web, arena_printf(*state,
		"%s, {\"IpProtocol\": \"tcp\", \"FromPort\": 443, "
		"\"ToPort\": 443, \"CidrIp\": \"192.0.2.0/28\"}", web))));
	has(first_told(w), "permits the same");
}

static void a_group_is_named_in_either_way(void **state)
{
	struct world *w = shop(*state, usual);
	const char *text = good(w), *id = strstr(text, "[\"GroupApp");
	struct difference d;

	id = arena_printf(*state, "%.*s", (int)strcspn(id + 2, "\""), id + 2);
	text = changed(w, text, arena_printf(*state,
			"{\"Fn::GetAtt\": [\"%s\", \"GroupId\"]}", id),
		       arena_printf(*state, "{\"Ref\": \"%s\"}", id));
	assert_true(proves(w, text, &d));
}

static void both_ways_to_let_nothing_out_are_known(void **state)
{
	struct world *w = shop(*state, usual);
	const char *text = good(w);
	struct difference d;

	assert_true(proves(w, changed(w, text,
		"{\"IpProtocol\": \"-1\", \"CidrIp\": \"127.0.0.1/32\", "
		"\"Description\": \"no default egress\"}",
		"{\"CidrIp\": \"255.255.255.255/32\", \"Description\": "
		"\"Disallow all traffic\", \"FromPort\": 252, "
		"\"IpProtocol\": \"icmp\", \"ToPort\": 86}"), &d));
}

static void a_group_without_egress_lets_everything_out(void **state)
{
	static const char nothing[] = "\"SecurityGroupEgress\": [\n"
		"          {\"IpProtocol\": \"-1\", \"CidrIp\": \"127.0.0.1/32\", "
		"\"Description\": \"no default egress\"}\n        ]";
	struct world *w = shop(*state, usual);
	const char *text = good(w);
	struct difference d;

	assert_false(proves(w, changed(w, text,
		arena_printf(*state, "%s,", nothing), ""), &d));
	assert_int_equal(d.kind, DIFFERENCE_EXTRA);
	assert_false(proves(w, changed(w, text, nothing,
				       "\"SecurityGroupEgress\": []"), &d));
	assert_int_equal(d.kind, DIFFERENCE_EXTRA);
}

static void a_group_of_ipv6_without_egress_lets_everything_out(void **state)
{
	struct world *w = world_of(*state,
		"language 1; policy p; environments prod; layer a; layer b;\n"
		"environment prod { vpc 2600:1f18:1:100::/56;\n"
		"  layer a 2600:1f18:1:100::/64; layer b 2600:1f18:1:101::/64; }\n"
		"r: allow 2001:db8::/32 -> a on tcp/443;\n");
	struct difference d;

	assert_false(proves(w, changed(w, good(w),
		"{\"IpProtocol\": \"-1\", \"CidrIp\": \"127.0.0.1/32\", "
		"\"Description\": \"no default egress\"}", ""), &d));
	assert_int_equal(d.packet.family, IPV6);
}

/* What `aws cloudformation get-template` answers has the template inside. */
static void a_template_may_come_from_a_stack(void **state)
{
	struct world *w = shop(*state, usual);
	const char *text = good(w);
	struct difference d;

	text = arena_printf(*state, "{\"TemplateBody\": %s, \"StagesAvailable\": "
			    "[\"Original\", \"Processed\"]}", text);
	assert_true(backend_cloudformation.recognise(text, strlen(text)));
	assert_true(proves(w, text, &d));
	assert_false(proves(w, changed(w, text, "\"ToPort\": 443",
				       "\"ToPort\": 444"), &d));
	assert_null(read_text(w, changed(w, text, "\"StagesAvailable\"",
					 "\"NextToken\"")));
	assert_null(read_text(w, "{\"TemplateBody\": \"Resources: {}\"}"));
	has(first_told(w), "YAML");
}

static void every_change_is_found(void **state)
{
	static const struct {
		const char *old, *new;
		enum difference_kind kind;
	} changes[] = {
		{ "\"ToPort\": 443", "\"ToPort\": 444", DIFFERENCE_EXTRA },
		{ "\"ToPort\": 8080", "\"ToPort\": 8081", DIFFERENCE_EXTRA },
		{ "\"192.0.2.0/28\"", "\"0.0.0.0/0\"", DIFFERENCE_EXTRA },
		{ "\"192.0.2.0/28\"", "\"192.0.2.0/29\"", DIFFERENCE_MISSING },
		{ "\"2001:db8:77::/64\"", "\"2000::/3\"", DIFFERENCE_EXTRA },
		{ "\"IpProtocol\": \"50\"", "\"IpProtocol\": \"51\"",
		  DIFFERENCE_EXTRA },
		{ "\"IpProtocol\": \"50\"", "\"IpProtocol\": \"-1\"",
		  DIFFERENCE_EXTRA },
		{ "\"FromPort\": 8, \"ToPort\": 0", "\"FromPort\": 8, \"ToPort\": -1",
		  DIFFERENCE_EXTRA },
		{ "\"CidrIp\": \"127.0.0.1/32\"", "\"CidrIp\": \"127.0.0.0/31\"",
		  DIFFERENCE_EXTRA },
		{ "\"IpProtocol\": \"-1\", \"CidrIp\": \"127.0.0.1/32\"",
		  "\"IpProtocol\": \"51\", \"CidrIp\": \"127.0.0.1/32\"",
		  DIFFERENCE_EXTRA },
	};

	for (size_t i = 0; i < COUNT(changes); i++) {
		struct world *w = shop(*state, arena_printf(*state, "%s%s",
			usual, "echo: allow partner -> app on icmp/8/0;\n"));
		struct difference d;

		if (proves(w, changed(w, good(w), changes[i].old,
				      changes[i].new), &d))
			fail_msg("not found: %s", changes[i].new);
		assert_int_equal(d.kind, changes[i].kind);
	}
}

/* Every limit up to where it fits: under AddressSanitizer nothing leaks. */
static void memory_that_runs_out_while_reading_ends_the_reading(void **state)
{
	struct world *w = shop(*state, usual);
	const char *text = good(w);
	bool fits = false;

	for (size_t limit = 1 << 10; !fits; limit += 1 << 10) {
		struct arena *volatile arena = arena_new(limit);
		struct diags diags = { .arena = *state };
		struct identity id;
		jmp_buf full;

		arena_guard(arena, &full);
		if (!setjmp(full))
			fits = backend_cloudformation.read(arena, &diags, "x",
				text, strlen(text), &id);
		else
			assert_true(limit < 1 << 20);
		arena_free(arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(groups_refer_to_each_other_from_outside),
		IN_ARENA(a_layer_may_refer_to_itself),
		IN_ARENA(nothing_is_let_out_where_nothing_is_permitted),
		IN_ARENA(two_networks_of_one_list_are_one_parameter),
		IN_ARENA(a_rule_more_changes_no_other_line),
		IN_ARENA(strange_names_stay_apart),
		IN_ARENA(texts_that_would_be_computed_are_refused),
		IN_ARENA(texts_that_only_look_so_are_themselves),
		IN_ARENA(what_stands_for_no_egress_cannot_be_permitted),
		IN_ARENA(five_hundred_resources_fit_and_no_more),
		IN_ARENA(a_million_bytes_fit_and_no_more),
		IN_ARENA(a_group_full_of_groups_has_no_room),
		IN_ARENA(what_is_not_understood_is_refused),
		IN_ARENA(a_text_cut_anywhere_is_refused),
		IN_ARENA(the_same_permission_twice_is_refused),
		IN_ARENA(a_group_is_named_in_either_way),
		IN_ARENA(both_ways_to_let_nothing_out_are_known),
		IN_ARENA(a_group_without_egress_lets_everything_out),
		IN_ARENA(a_group_of_ipv6_without_egress_lets_everything_out),
		IN_ARENA(a_template_may_come_from_a_stack),
		IN_ARENA(every_change_is_found),
		IN_ARENA(memory_that_runs_out_while_reading_ends_the_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
