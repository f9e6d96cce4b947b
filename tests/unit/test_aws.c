/*
 * AWS security groups from both ends: what is emitted reads back and means the
 * policy; what cannot be said is refused with a packet; what was changed in a
 * file is found or not understood.  A second evaluator, which asks the rules
 * packet by packet, checks what denote() says in sets.
 *
 * With a directory as argument the outputs of the tests are written there, for
 * tests/aws/check.sh.
 */
#include "backends/aws/account.h"
#include "backends/aws/aws.h"

#include "compiler/base/service.h"
#include "compiler/base/text.h"
#include "compiler/prove.h"
#include "tests/lib/dice.h"
#include "tests/lib/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const char *output_directory;

/* --- a world: one environment, its rules given as text --- */

enum { LAYERS_MOST = 8, NETWORKS_MOST = 4 };

struct world {
	struct arena *arena;
	struct diags diags;
	struct ir ir;
	struct ir_layer layers[LAYERS_MOST];
	struct both hosts[LAYERS_MOST];
	struct ir_network networks[NETWORKS_MOST];
	struct both others[NETWORKS_MOST];
	struct ir_customer customer;
	struct ir_space space;
	const char *environment;
	LIST(struct ir_rule) rules;
	LIST(struct ir_flow) flows;
	struct meaning meaning;
	struct job job;
};

static struct both prefixes(struct arena *arena, const char *text)
{
	struct both all = { 0 };

	while (*text) {
		size_t len = strcspn(text, " ");
		struct prefix p;
		struct range r;

		assert_int_equal(prefix_read(text, len, &p), PREFIX_OK);
		r = prefix_range(p);
		all.of[p.family] = ranges_union(arena, all.of[p.family],
						ranges_one(arena, r.lo, r.hi));
		text += len;
		text += *text == ' ';
	}
	return all;
}

static void add_layer(struct world *w, const char *name, const char *hosts)
{
	size_t i = w->ir.layer_count++;

	w->layers[i] = (struct ir_layer){ .name = name, .title = name };
	w->hosts[i] = prefixes(w->arena, hosts);
}

static void add_network(struct world *w, const char *name, const char *list,
			const char *hosts)
{
	size_t i = w->ir.network_count++;

	w->networks[i] = (struct ir_network){ .name = name, .title = name,
					      .prefix_list = list };
	w->others[i] = prefixes(w->arena, hosts);
}

/* A VPC with room between its layers; `ops` has no IPv6. */
static struct world *empty_world(struct arena *arena)
{
	struct world *w = arena_alloc(arena, sizeof *w);

	w->arena = arena;
	w->diags.arena = arena;
	w->customer.name = "banco-andino";
	w->environment = "prod";
	w->ir.policy = "modyo-connect";
	w->ir.aws = (struct ir_aws){ .rules_per_group = 60,
				     .groups_per_interface = 5 };
	w->space.region = "us-east-1";
	w->space.vpc = prefixes(arena, "10.30.0.0/16 2600:1f18:4a3:6900::/56");
	return w;
}

static struct world *new_world(struct arena *arena)
{
	struct world *w = empty_world(arena);

	add_layer(w, "data", "10.30.64.0/22 2600:1f18:4a3:6920::/64");
	add_layer(w, "edge", "10.30.0.0/24 2600:1f18:4a3:6900::/64");
	add_layer(w, "ops", "10.30.80.0/28");
	add_layer(w, "services",
		  "10.30.16.0/20 10.30.32.0/20 2600:1f18:4a3:6910::/64");
	add_network(w, "core-banking", NULL, "172.20.5.0/28 fd20:5:ba::/64");
	add_network(w, "s3", "com.amazonaws.{region}.s3",
		    "3.5.0.0/19 52.216.0.0/15");
	return w;
}

/* By name, a prefix, "internet" or "any"; several with blanks between. */
static struct both end_of(struct world *w, const char *text)
{
	struct both all = { 0 };

	while (*text) {
		size_t len = strcspn(text, " ");
		const char *word = arena_copy(w->arena, text, len);
		struct both one = { 0 };
		bool found = false;

		for (size_t i = 0; i < w->ir.layer_count; i++) {
			if (strcmp(word, w->layers[i].name) != 0)
				continue;
			one = w->hosts[i];
			found = true;
		}
		for (size_t i = 0; i < w->ir.network_count; i++) {
			if (strcmp(word, w->networks[i].name) != 0)
				continue;
			one = w->others[i];
			found = true;
		}
		if (strcmp(word, "internet") == 0)
			one = w->space.internet;
		else if (strcmp(word, "any") == 0)
			one = (struct both){ { family_all(w->arena, IPV4),
					       family_all(w->arena, IPV6) } };
		else if (!found)
			one = prefixes(w->arena, word);
		all = both_union(w->arena, all, one);
		text += len;
		text += *text == ' ';
	}
	return all;
}

static void find_internet(struct world *w)
{
	struct both public = prefixes(w->arena, "0.0.0.0/0 2000::/3");
	struct both private = prefixes(w->arena,
		"0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 "
		"172.16.0.0/12 192.168.0.0/16 224.0.0.0/3 2001:db8::/32");

	public = both_minus(w->arena, public, private);
	public = both_minus(w->arena, public, w->space.vpc);
	for (size_t i = 0; i < w->ir.network_count; i++)
		public = both_minus(w->arena, public, w->others[i]);
	w->space.internet = public;
}

static uint32_t allow(struct world *w, const char *name, const char *src,
		      const char *dst, struct both svc)
{
	uint32_t rule = (uint32_t)w->rules.count;
	struct both from, to;

	find_internet(w);
	from = end_of(w, src);
	to = end_of(w, dst);
	*LIST_PUSH(w->arena, &w->rules) = (struct ir_rule){
		.name = name, .in_force = true,
		.span = { 100 * rule + 10, 100 * rule + 90 },
		.name_span = { 100 * rule + 10, 100 * rule + 20 } };
	for (enum family f = IPV4; f < FAMILIES; f++)
		if (from.of[f].count && to.of[f].count && svc.of[f].count)
			*LIST_PUSH(w->arena, &w->flows) = (struct ir_flow){
				rule, 0, IR_NO_SPACE, f, from.of[f],
				to.of[f], svc.of[f] };
	return rule;
}

static struct both tcp(struct world *w, unsigned lo, unsigned hi)
{
	return service_atom(w->arena, PROTO_TCP, lo, hi);
}

static const struct job *job_of(struct world *w)
{
	find_internet(w);
	w->ir.layers = w->layers;
	w->ir.networks = w->networks;
	w->space.layers = w->hosts;
	w->space.networks = w->others;
	w->ir.environments = &w->environment;
	w->ir.environment_count = 1;
	w->ir.customers = &w->customer;
	w->ir.customer_count = 1;
	w->ir.spaces = &w->space;
	w->ir.space_count = 1;
	w->ir.rules = w->rules.at;
	w->ir.rule_count = w->rules.count;
	w->ir.flows = w->flows.at;
	w->ir.flow_count = w->flows.count;
	w->space.flow_count = (uint32_t)w->flows.count;
	w->meaning = meaning_of(w->arena, &w->ir, &w->space);
	w->job = (struct job){ w->arena, &w->diags, &w->ir, &w->meaning };
	return &w->job;
}

/* --- what the tests ask --- */

static size_t told(struct world *w, const char *code)
{
	size_t count, found = 0;
	const struct fb_diag *all = diag_list(&w->diags, &count);

	for (size_t i = 0; i < count; i++)
		found += strcmp(all[i].code, code) == 0;
	return found;
}

static const struct fb_diag *first_told(struct world *w)
{
	size_t count;
	const struct fb_diag *all = diag_list(&w->diags, &count);

	assert_true(count > 0);
	return all;
}

static void print_diags(struct world *w)
{
	size_t count;
	const struct fb_diag *all = diag_list(&w->diags, &count);

	for (size_t i = 0; i < count; i++)
		print_message("%s %s\n", all[i].code, all[i].message);
}

static void write_out(const char *bytes, size_t len)
{
	static int number;
	char path[4096];
	FILE *file;

	if (!output_directory)
		return;
	snprintf(path, sizeof path, "%s/%03d", output_directory, number++);
	mkdir(path, 0777);
	strcat(path, "/aws.tf.json");
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static const char *emitted(struct world *w)
{
	struct artefacts out = { 0 };

	if (!backend_terraform.emit(job_of(w), &out))
		return NULL;
	assert_int_equal(out.count, 1);
	assert_string_equal(out.at[0].path, "aws.tf.json");
	assert_int_equal(out.at[0].len, strlen(out.at[0].bytes));
	write_out(out.at[0].bytes, out.at[0].len);
	return out.at[0].bytes;
}

static const struct aws_model *read_text(struct world *w, const char *text)
{
	struct identity id;

	return backend_terraform.read(w->arena, &w->diags, "aws.tf.json", text,
				      strlen(text), &id);
}

static bool proves(struct world *w, const char *text, struct difference *out)
{
	const void *model = read_text(w, text);
	struct sides sides = { 0 };

	assert_non_null(model);
	assert_true(backend_terraform.denote(&w->job, model, &sides));
	return prove_bounds(w->arena, &sides, out);
}

/* The output of W, which must be there and be proved. */
static const char *good_output(struct world *w)
{
	const char *text = emitted(w);
	struct difference d;

	if (!text)
		print_diags(w);
	assert_non_null(text);
	assert_true(backend_terraform.recognise(text, strlen(text)));
	if (!proves(w, text, &d)) {
		print_message("%s\n%s: %s %s\n", text,
			      d.kind == DIFFERENCE_EXTRA ? "extra" : "missing",
			      d.label, packet_text(w->arena, &d.packet));
		fail();
	}
	return text;
}

/* The same model as EC2 permissions, read back and proved. */
static const char *good_ec2(struct world *w)
{
	struct artefacts out = { 0 };
	struct sides sides = { 0 };
	struct identity id;
	struct difference d;
	const void *model;

	assert_true(backend_ec2.emit(job_of(w), &out));
	assert_string_equal(out.at[0].path, "aws.ec2.json");
	assert_true(backend_ec2.recognise(out.at[0].bytes, out.at[0].len));
	assert_false(backend_terraform.recognise(out.at[0].bytes,
						 out.at[0].len));
	model = backend_ec2.read(w->arena, &w->diags, "x", out.at[0].bytes,
				 out.at[0].len, &id);
	if (!model)
		print_diags(w);
	assert_non_null(model);
	assert_string_equal(id.environment, "prod");
	assert_true(backend_ec2.denote(&w->job, model, &sides));
	assert_true(prove_bounds(w->arena, &sides, &d));
	return out.at[0].bytes;
}

static size_t times(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, what)); at += strlen(what))
		n++;
	return n;
}

static void has(const char *text, const char *what)
{
	if (!strstr(text, what))
		print_message("no %s\n", what);
	assert_non_null(strstr(text, what));
}

static void has_not(const char *text, const char *what)
{
	if (strstr(text, what))
		print_message("found %s\n", what);
	assert_null(strstr(text, what));
}

/* TEXT with the first OLD replaced, which must be there. */
static const char *changed(struct world *w, const char *text, const char *old,
			   const char *new)
{
	const char *at = strstr(text, old);

	if (!at)
		print_message("no %s\n", old);
	assert_non_null(at);
	return arena_printf(w->arena, "%.*s%s%s", (int)(at - text), text, new,
			    at + strlen(old));
}

/* --- meaning --- */

static void an_output_means_the_policy(void **state)
{
	struct world *w = new_world(*state);
	const char *text;

	allow(w, "a-public", "internet core-banking", "edge", tcp(w, 443, 443));
	allow(w, "b-alb", "edge", "services", tcp(w, 32768, 65535));
	allow(w, "c-db", "services", "data", tcp(w, 5432, 5432));
	allow(w, "d-core", "services", "core-banking", tcp(w, 8443, 8443));
	allow(w, "e-replica", "data", "data", tcp(w, 5432, 5432));
	allow(w, "f-ops", "ops", "services data", tcp(w, 22, 22));
	allow(w, "g-pull", "services", "s3", tcp(w, 443, 443));
	text = good_output(w);
	has(text, "\"name\": \"modyo-connect-prod-edge\"");
	has(text, "\"firebreak:customer\": \"banco-andino\"");
	has(text, "\"b-alb__services__tcp-32768-65535__sg-edge\"");
	has(text, "\"${aws_security_group.data.id}\"");
	assert_int_equal(text[strlen(text) - 1], '\n');
}

static void a_policy_without_rules_is_groups_alone(void **state)
{
	struct world *w = new_world(*state);
	const char *text = good_output(w);

	/* four layers, and the default group */
	assert_int_equal(times(text, "\"vpc_id\": \"${var.vpc_id}\""), 5);
	has_not(text, "_rule\"");
}

static void an_environment_without_layers_has_no_file(void **state)
{
	struct world *w = empty_world(*state);
	struct artefacts out = { 0 };

	assert_true(backend_terraform.emit(job_of(w), &out));
	assert_int_equal(out.count, 0);
}

static void the_unnamed_customer_has_no_tag(void **state)
{
	struct world *w = new_world(*state);

	w->customer.name = "";
	has_not(good_output(w), "firebreak:customer");
}

static void the_same_policy_is_the_same_bytes(void **state)
{
	const char *text[2];

	for (int i = 0; i < 2; i++) {
		struct world *w = new_world(*state);

		allow(w, "a", "internet", "edge", tcp(w, 443, 443));
		allow(w, "b", "edge", "services", tcp(w, 80, 90));
		text[i] = emitted(w);
	}
	assert_string_equal(text[0], text[1]);
}

static void ports_have_their_ends(void **state)
{
	struct world *w = new_world(*state);
	const char *text;

	allow(w, "first", "edge", "services", tcp(w, 0, 0));
	allow(w, "last", "services", "data", tcp(w, 65535, 65535));
	allow(w, "whole", "edge", "data", tcp(w, 0, 65535));
	text = good_output(w);
	has(text, "__tcp-0__");
	has(text, "__tcp-65535__");
	has(text, "\"whole__data__tcp__sg-edge\"");
	has_not(text, "\"-1\"");
}

static void any_is_one_rule_without_ports(void **state)
{
	struct world *w = new_world(*state);
	const char *text;

	allow(w, "all", "edge", "services", service_all(w->arena));
	text = good_output(w);
	assert_int_equal(times(text, "\"ip_protocol\": \"-1\""), 2);
	has_not(text, "_port\"");
}

static void any_to_any_is_a_prefix_a_family(void **state)
{
	struct world *w = new_world(*state);
	const char *text;

	allow(w, "all", "any", "any", service_all(w->arena));
	text = good_output(w);
	has(text, "\"0.0.0.0/0\"");
	has(text, "\"::/0\"");
	/* four groups, two directions, two families, as ops has IPv4 alone */
	assert_int_equal(times(text, "\"security_group_id\""), 14);
}

static void icmp_is_type_and_code(void **state)
{
	struct world *w = new_world(*state);
	struct both svc = service_atom(w->arena, PROTO_ICMP, 8 << 8,
				       (8 << 8) + 255);
	const char *text;

	svc = both_union(w->arena, svc,
			 service_atom(w->arena, PROTO_ICMP, (3 << 8) + 4,
				      (3 << 8) + 4));
	svc = both_union(w->arena, svc,
			 service_atom(w->arena, PROTO_ICMP6, 2 << 8, 2 << 8));
	allow(w, "ping", "edge", "services", svc);
	allow(w, "all-icmp", "ops", "data",
	      service_atom(w->arena, PROTO_ICMP, 0, 65535));
	allow(w, "all-icmp6", "edge", "data",
	      service_atom(w->arena, PROTO_ICMP6, 0, 65535));
	text = good_output(w);
	has(text, "\"ping__services__icmp-3-4__v4-10-30-0-0-24\"");
	has(text, "\"ping__services__icmp-8__v4-10-30-0-0-24\"");
	has(text, "\"ping__services__icmpv6-2-0__v6-2600_1f18_4a3_6900__-64\"");
	has(text, "\"all-icmp__data__icmp__sg-ops\"");
	has(text, "\"from_port\": 8,");
	has(text, "\"to_port\": -1");
}

/* Between dual-stack layers `icmp` would be protocol 1 over IPv6 too. */
static void icmp_refers_to_a_group_only_if_there_is_one_family(void **state)
{
	struct world *w = new_world(*state);
	const char *text;

	allow(w, "ping", "ops edge", "services",
	      service_atom(w->arena, PROTO_ICMP, 8 << 8, 8 << 8));
	text = good_output(w);
	has(text, "\"ping__services__icmp-8-0__sg-ops\"");
	has_not(text, "\"ping__services__icmp-8-0__sg-edge\"");
}

static void half_of_the_types_is_a_rule_each(void **state)
{
	struct world *w = new_world(*state);

	/* 3/254, 3/255, all of 4, 5/0 */
	allow(w, "some", "ops", "data",
	      service_atom(w->arena, PROTO_ICMP, (3 << 8) + 254, 5 << 8));
	assert_int_equal(times(good_output(w), "\"ip_protocol\": \"icmp\""), 8);
}

static void all_codes_but_one_are_not_the_type(void **state)
{
	struct world *w = new_world(*state);

	allow(w, "some", "ops", "data",
	      service_atom(w->arena, PROTO_ICMP, 3 << 8, (3 << 8) + 254));
	assert_int_equal(aws_lower(job_of(w))->rule_count, 2 * 255);
}

static void other_protocols_are_numbers_without_ports(void **state)
{
	struct world *w = new_world(*state);
	const char *text;

	allow(w, "esp", "services", "core-banking",
	      service_atom(w->arena, 50, 0, 65535));
	text = good_output(w);
	has(text, "\"ip_protocol\": \"50\"");
	has_not(text, "_port\"");
}

static void any_except_a_port_is_more_than_aws_says(void **state)
{
	struct world *w = new_world(*state);

	w->ir.aws.groups_per_interface = 1;
	allow(w, "most", "ops", "data",
	      both_minus(w->arena, service_all(w->arena), tcp(w, 25, 25)));
	assert_null(emitted(w));
	assert_int_equal(told(w, "P0503"), 1);
	assert_int_equal(told(w, "P0502"), 4);
}

static void both_families_are_one_reference(void **state)
{
	struct world *w = new_world(*state);
	const char *text;

	allow(w, "r", "edge", "services", tcp(w, 80, 80));
	text = good_output(w);
	assert_int_equal(times(text, "referenced_security_group_id"), 2);
	has_not(text, "cidr");
}

static void one_family_between_dual_stack_layers_is_prefixes(void **state)
{
	static const char *const sources[] = { "10.30.0.0/24",
					       "2600:1f18:4a3:6900::/64" };

	for (size_t i = 0; i < COUNT(sources); i++) {
		struct world *w = new_world(*state);
		const char *text;

		allow(w, "r", sources[i], "services", tcp(w, 80, 80));
		text = good_output(w);
		has_not(text, "referenced_security_group_id");
		has(text, i ? "cidr_ipv6" : "cidr_ipv4");
		has_not(text, i ? "cidr_ipv4" : "cidr_ipv6");
	}
}

static void the_other_family_by_another_rule_is_no_reason_for_a_reference(void **state)
{
	struct world *w = new_world(*state);

	allow(w, "four", "10.30.0.0/24", "10.30.64.0/22", tcp(w, 80, 80));
	allow(w, "six", "2600:1f18:4a3:6900::/64",
	      "2600:1f18:4a3:6920::/64", tcp(w, 80, 81));
	has_not(good_output(w), "referenced_security_group_id");
}

static void the_other_family_of_a_part_is_no_reason_for_a_reference(void **state)
{
	struct world *w = new_world(*state);
	const char *text;

	/* all of `edge` over IPv4, some of it over IPv6 */
	allow(w, "r", "10.30.0.0/24 2600:1f18:4a3:6900::/80", "data",
	      tcp(w, 80, 80));
	text = good_output(w);
	has(text, "\"r__edge__tcp-80__sg-data\"");
	has(text, "\"r__data__tcp-80__v4-10-30-0-0-24\"");
	has(text, "\"r__data__tcp-80__v6-2600_1f18_4a3_6900__-80\"");
	has_not(text, "\"r__data__tcp-80__sg-edge\"");
}

static void the_other_family_of_another_layer_is_no_reason_for_a_reference(void **state)
{
	struct world *w = new_world(*state);
	const char *text;

	/* over IPv6 the rule is there, but not for `edge` */
	allow(w, "r", "services 10.30.0.0/24", "data", tcp(w, 80, 80));
	text = good_output(w);
	has(text, "\"r__services__tcp-80__sg-data\"");
	has(text, "\"r__edge__tcp-80__v4-10-30-64-0-22\"");
	has_not(text, "\"r__edge__tcp-80__sg-data\"");
}

static void a_layer_of_one_family_is_referred_to(void **state)
{
	struct world *w = new_world(*state);
	const char *text;

	allow(w, "r", "ops", "services", tcp(w, 22, 22));
	text = good_output(w);
	assert_int_equal(times(text, "referenced_security_group_id"), 2);
}

static void a_whole_network_is_its_prefix_list(void **state)
{
	struct world *w = new_world(*state);
	const char *text;

	allow(w, "pull", "services", "s3", tcp(w, 443, 443));
	text = good_output(w);
	has(text, "\"name\": \"com.amazonaws.us-east-1.s3\"");
	has(text, "${data.aws_ec2_managed_prefix_list.s3.id}");
	has_not(text, "cidr");
}

static void a_part_of_a_network_is_prefixes(void **state)
{
	struct world *w = new_world(*state);
	const char *text;

	allow(w, "pull", "services", "3.5.0.0/19", tcp(w, 443, 443));
	text = good_output(w);
	has(text, "\"cidr_ipv4\": \"3.5.0.0/19\"");
	has_not(text, "prefix_list");
}

static void lists_of_one_name_and_other_contents_are_not_referred_to(void **state)
{
	struct world *w = new_world(*state);

	add_network(w, "s3-old", "com.amazonaws.us-east-1.s3", "16.182.0.0/16");
	allow(w, "pull", "services", "s3", tcp(w, 443, 443));
	has_not(good_output(w), "prefix_list");
}

/* AWS refuses the second of two rules for one list, whatever we call it. */
static void networks_of_one_list_are_one_peer(void **state)
{
	struct world *w = new_world(*state);

	add_network(w, "s3-too", "com.amazonaws.us-east-1.s3",
		    "3.5.0.0/19 52.216.0.0/15");
	allow(w, "pull", "services", "s3", tcp(w, 443, 443));
	assert_int_equal(times(good_output(w), "\"prefix_list_id\""), 1);
	assert_int_equal(times(good_ec2(w), "\"PrefixListIds\""), 1);
}

static void a_list_has_one_family(void **state)
{
	struct world *w = new_world(*state);

	add_network(w, "both", "our-list", "198.51.100.0/24 2a00::/32");
	allow(w, "r", "services", "both", tcp(w, 443, 443));
	has_not(good_output(w), "prefix_list");
}

static void undeclared_space_may_be_covered(void **state)
{
	struct world *w = new_world(*state);
	const char *text;

	allow(w, "out", "services", "internet", tcp(w, 443, 443));
	text = good_output(w);
	/* 169.254.0.0/16 and 192.168.0.0/16 are nobody's; so is 224.0.0.0/3 */
	has(text, "\"cidr_ipv4\": \"128.0.0.0/3\"");
	has(text, "\"cidr_ipv4\": \"192.0.0.0/3\"");
	has(text, "\"cidr_ipv4\": \"11.0.0.0/8\"");
	has_not(text, "\"cidr_ipv4\": \"0.0.0.0/0\"");
	has_not(text, "\"cidr_ipv4\": \"172.16.0.0/12\"");
}

/* Where it saves nothing, undeclared space is not added. */
static void a_prefix_alone_stays_as_it_is(void **state)
{
	struct world *w = new_world(*state);
	const char *text;

	allow(w, "out", "services", "core-banking", tcp(w, 443, 443));
	text = good_output(w);
	has(text, "\"cidr_ipv4\": \"172.20.5.0/28\"");
	has(text, "\"cidr_ipv6\": \"fd20:5:ba::/64\"");
}

static void layers_that_cannot_send_may_be_covered_on_ingress(void **state)
{
	struct world *w = empty_world(*state);
	const char *text;

	w->space.vpc = prefixes(w->arena, "10.30.0.0/24");
	add_layer(w, "a", "10.30.0.0/25");
	add_layer(w, "b", "10.30.0.128/25");
	allow(w, "in", "internet", "a", tcp(w, 443, 443));
	text = good_output(w);
	assert_int_equal(times(text, "\"security_group_id\""), 1);
	has(text, "\"cidr_ipv4\": \"0.0.0.0/0\"");
}

static void layers_are_not_covered_on_egress(void **state)
{
	struct world *w = empty_world(*state);
	const char *text;

	w->space.vpc = prefixes(w->arena, "10.30.0.0/24");
	add_layer(w, "a", "10.30.0.0/25");
	add_layer(w, "b", "10.30.0.128/25");
	allow(w, "out", "a", "internet", tcp(w, 443, 443));
	text = good_output(w);
	has_not(text, "\"0.0.0.0/0\"");
}

static bool has_packet(const struct boxes *boxes, const struct packet *packet)
{
	for (size_t i = 0; i < boxes->count; i++)
		if (box_has(&boxes->at[i], packet))
			return true;
	return false;
}

/* Asked of the set, because the composed side would find such a rule too. */
static void what_a_layer_can_send_is_not_harmless(void **state)
{
	struct world *w = new_world(*state);
	struct ranges edge = w->hosts[1].of[IPV4], data = w->hosts[0].of[IPV4];
	struct packet p = { .family = IPV4, .src = edge.at[0].lo,
			    .dst = data.at[0].lo };
	struct sides sides = { 0 };
	size_t asked = 0;

	allow(w, "let", "edge", "data", tcp(w, 500, 500));
	allow(w, "let-part", "10.30.0.7", "10.30.65.0/24", tcp(w, 500, 600));
	assert_true(backend_terraform.denote(job_of(w), read_text(w,
				good_output(w)), &sides));
	for (size_t i = 0; i < sides.count; i++) {
		if (strcmp(sides.at[i].label, "data: ingress, IPv4") != 0)
			continue;
		p.svc = service_key(PROTO_TCP, 499);
		assert_true(has_packet(&sides.at[i].may, &p));
		p.svc = service_key(PROTO_TCP, 501);
		assert_false(has_packet(&sides.at[i].may, &p));
		asked++;
	}
	assert_int_equal(asked, 1);
}

static void layers_that_can_send_are_not_covered(void **state)
{
	struct world *w = empty_world(*state);

	w->space.vpc = prefixes(w->arena, "10.30.0.0/24");
	add_layer(w, "a", "10.30.0.0/25");
	add_layer(w, "b", "10.30.0.128/25");
	allow(w, "in", "internet", "a", tcp(w, 443, 443));
	/* `b` may send to a part of `a`: its egress lets out, no more is let in */
	allow(w, "let", "10.30.0.128/26", "10.30.0.0/26", tcp(w, 443, 443));
	has_not(good_output(w), "\"0.0.0.0/0\"");
}

static void a_part_of_a_layer_is_exact_at_the_other_end(void **state)
{
	struct world *w = new_world(*state);

	allow(w, "from-part", "10.30.16.0/28", "data", tcp(w, 5432, 5432));
	allow(w, "to-part", "edge", "10.30.16.64/28", tcp(w, 80, 80));
	allow(w, "part-to-part", "10.30.0.7", "10.30.64.9", tcp(w, 7, 7));
	good_output(w);
}

static void parts_of_both_ends_that_cross_are_refused(void **state)
{
	struct world *w = new_world(*state);
	const struct fb_diag *d;

	allow(w, "one", "10.30.16.1", "10.30.64.1", tcp(w, 5432, 5432));
	allow(w, "two", "10.30.16.2", "10.30.64.2", tcp(w, 5432, 5432));
	assert_null(emitted(w));
	assert_int_equal(told(w, "P0501"), 1);
	d = first_told(w);
	has(d->message, "tcp 10.30.16.1 -> 10.30.64.2 port 5432");
	assert_int_equal(d->span.lo, 110);
	assert_int_equal(d->part_count, 3);
	has(d->parts[0].text, "`two`");
	has(d->parts[1].text, "`one`");
}

static void parts_of_both_ends_that_say_all_are_allowed(void **state)
{
	struct world *w = new_world(*state);

	allow(w, "a", "10.30.16.1", "10.30.64.1", tcp(w, 1, 9));
	allow(w, "b", "10.30.16.2", "10.30.64.2", tcp(w, 1, 9));
	allow(w, "c", "10.30.16.1", "10.30.64.2", tcp(w, 1, 5));
	allow(w, "d", "10.30.16.1", "10.30.64.2", tcp(w, 6, 9));
	assert_null(emitted(w));
	allow(w, "e", "10.30.16.2", "10.30.64.1", tcp(w, 0, 10));
	w->diags = (struct diags){ .arena = w->arena };
	good_output(w);
}

static void parts_that_cross_on_other_ports_are_allowed(void **state)
{
	struct world *w = new_world(*state);

	allow(w, "one", "10.30.16.1", "10.30.64.1", tcp(w, 5432, 5432));
	allow(w, "two", "10.30.16.2", "10.30.64.2", tcp(w, 5433, 5433));
	good_output(w);
}

static void a_part_of_a_layer_cannot_be_told_apart_outside(void **state)
{
	static const char *const ends[][2] = {
		{ "10.30.16.0/28", "core-banking" },
		{ "core-banking", "10.30.16.0/28" },
	};

	for (size_t i = 0; i < COUNT(ends); i++) {
		struct world *w = new_world(*state);

		allow(w, "part", ends[i][0], ends[i][1], tcp(w, 443, 443));
		assert_null(emitted(w));
		assert_int_equal(told(w, "P0501"), 1);
	}
}

static void parts_that_make_up_a_layer_are_the_layer(void **state)
{
	struct world *w = new_world(*state);

	allow(w, "a", "10.30.16.0/20", "172.20.5.0/28", tcp(w, 443, 443));
	allow(w, "b", "10.30.32.0/20", "172.20.5.0/28", tcp(w, 443, 443));
	good_output(w);
}

static struct world *one_rule_world(struct arena *arena)
{
	struct world *w = new_world(arena);

	allow(w, "alb", "edge", "services", tcp(w, 80, 80));
	return w;
}

/* --- names and limits --- */

static void sixty_rules_fit_and_sixty_one_do_not(void **state)
{
	for (unsigned count = 60; count <= 61; count++) {
		struct world *w = new_world(*state);
		struct both svc = { 0 };

		w->ir.aws.groups_per_interface = 1;
		for (unsigned i = 0; i < count; i++)
			svc = both_union(w->arena, svc,
					 tcp(w, 1000 + 2 * i, 1000 + 2 * i));
		allow(w, "many", "ops", "core-banking", svc);
		if (count == 60) {
			good_output(w);
			continue;
		}
		assert_null(emitted(w));
		assert_int_equal(told(w, "P0502"), 1);
		has(first_told(w)->message,
		    "layer `ops` needs 61 outbound rules for IPv4 in "
		    "banco-andino.prod, and a security group holds 60");
		has(first_told(w)->parts[0].text, "`many` takes 61 of them");
		has(first_told(w)->parts[1].text, "61 of them are tcp ports to "
		    "`172.20.5.0/28`: one range, `tcp/1000-1120`, takes 1");
	}
}

static void a_reference_counts_in_both_families(void **state)
{
	struct world *w = new_world(*state);
	struct both svc = { 0 };

	w->ir.aws.groups_per_interface = 1;
	for (unsigned i = 0; i < 61; i++)
		svc = both_union(w->arena, svc, tcp(w, 2 * i, 2 * i));
	allow(w, "many", "ops", "data", svc);
	assert_null(emitted(w));
	assert_int_equal(told(w, "P0502"), 4);
}

static void a_list_of_a_customer_counts_its_entries(void **state)
{
	struct world *w = new_world(*state);
	struct text hosts = TEXT_IN(w->arena);

	for (unsigned i = 0; i < 61; i++)
		text_printf(&hosts, "%s192.0.2.%u", i ? " " : "", 2 * i);
	add_network(w, "testers", "our-testers", text_string(&hosts));
	allow(w, "in", "testers", "edge", tcp(w, 443, 443));
	assert_null(emitted(w));
	assert_int_equal(told(w, "P0502"), 1);
	w->networks[2].prefix_list = "com.amazonaws.{region}.dynamodb";
	w->diags = (struct diags){ .arena = w->arena };
	good_output(w);
}

static unsigned used_of(struct world *w, const char *layer, bool ingress,
			bool ipv6);

static void a_list_counts_what_it_may_hold(void **state)
{
	static const struct ir_aws_entries entries[] = { { 2, 40 } };
	struct world *w = new_world(*state);

	add_network(w, "testers", "our-testers", "192.0.2.0/32 192.0.2.2/32");
	allow(w, "in", "testers", "edge", tcp(w, 443, 443));
	assert_int_equal(used_of(w, "edge", true, false), 2);
	w->ir.aws.entries = entries;
	w->ir.aws.entry_count = 1;
	assert_int_equal(used_of(w, "edge", true, false), 40);
	allow(w, "more", "testers", "edge", tcp(w, 80, 80));
	has(good_output(w), "\"edge_2\": {");
	w->ir.aws.groups_per_interface = 1;
	assert_null(emitted(w));
	assert_int_equal(told(w, "P0502"), 1);
}

static unsigned used_of(struct world *w, const char *layer, bool ingress,
			bool ipv6)
{
	struct artefacts out = { 0 };
	unsigned used = 0, rows = 0;

	assert_true(backend_terraform.emit(job_of(w), &out));
	assert_int_equal(out.quotas.count, 4 * w->ir.layer_count);
	for (size_t i = 0; i < out.quotas.count; i++) {
		const struct fb_quota *q = &out.quotas.at[i];

		if (strcmp(q->layer, layer) != 0 || q->ingress != ingress ||
		    q->ipv6 != ipv6)
			continue;
		assert_string_equal(q->environment, "banco-andino.prod");
		assert_int_equal(q->limit, 60);
		used += q->used;
		rows++;
	}
	assert_int_equal(rows, 1);
	return used;
}

static void rows_say_how_full_every_group_is(void **state)
{
	struct world *w = new_world(*state);

	add_network(w, "probes", "com.amazonaws.{region}.route53-healthchecks",
		    "15.177.0.0/18");
	allow(w, "a", "edge ops", "services", tcp(w, 80, 80));
	allow(w, "b", "services", "s3", tcp(w, 443, 443));
	allow(w, "c", "services", "core-banking", tcp(w, 443, 443));
	allow(w, "d", "probes", "edge", tcp(w, 443, 443));
	assert_int_equal(used_of(w, "services", true, false), 2);
	assert_int_equal(used_of(w, "services", true, true), 2);
	assert_int_equal(used_of(w, "services", false, false), 2);
	assert_int_equal(used_of(w, "services", false, true), 1);
	assert_int_equal(used_of(w, "edge", true, false), 25);
	assert_int_equal(used_of(w, "edge", true, true), 0);
	assert_int_equal(used_of(w, "data", true, false), 0);
}

static void four_fifths_are_not_more_than_four_fifths(void **state)
{
	struct fb_quota q = { .used = 48, .limit = 60 };

	(void)state;
	assert_false(fb_quota_is_tight(&q));
	q.used = 49;
	assert_true(fb_quota_is_tight(&q));
}

static void what_a_wider_wording_would_add_is_said(void **state)
{
	struct world *w = new_world(*state);
	const struct fb_diag *d;
	bool said = false;

	w->ir.aws.groups_per_interface = 1;
	allow(w, "out", "services", "internet",
	      both_union(w->arena, tcp(w, 80, 80), tcp(w, 443, 443)));
	allow(w, "more", "services", "internet", tcp(w, 22, 22));
	assert_null(emitted(w));
	d = first_told(w);
	for (size_t i = 0; i < d->part_count; i++)
		said |= strstr(d->parts[i].text,
			       "also admit `data`, `edge`, `ops`, `services`, "
			       "`core-banking`") != NULL;
	assert_true(said);
}

static void one_permission_of_two_rules_names_both(void **state)
{
	struct world *w = new_world(*state);
	const char *text;

	allow(w, "one", "edge", "services", tcp(w, 80, 80));
	allow(w, "two", "edge", "services data", tcp(w, 80, 80));
	text = good_output(w);
	assert_int_equal(times(text, "\"firebreak:rules\": \"one two\""), 2);
	assert_int_equal(times(text, "\"firebreak:rules\": \"two\""), 2);
	assert_int_equal(times(text, "\"security_group_id\""), 4);
}

static void names_beyond_a_tag_are_counted(void **state)
{
	struct world *w = new_world(*state);
	const char *text;

	for (int i = 0; i < 40; i++)
		allow(w, arena_printf(w->arena, "rule-%03d", i), "edge",
		      "services", tcp(w, 80, 80));
	text = strstr(good_output(w), "\"firebreak:rules\": \"");
	assert_non_null(text);
	assert_true(strcspn(text + 20, "\"") <= 256);
	has(text, "rule-024 +15:");
}

static void keys_of_strange_names_stay_apart(void **state)
{
	struct world *w = new_world(*state);
	const char *text;

	allow(w, "a.b", "edge", "services", tcp(w, 80, 80));
	allow(w, "a_b", "edge", "data", tcp(w, 80, 80));
	allow(w, "a_db", "edge", "data", tcp(w, 81, 81));
	text = good_output(w);
	has(text, "\"a_db__services__tcp-80__sg-edge\"");
	has(text, "\"a_ub__data__tcp-80__sg-edge\"");
	has(text, "\"a_udb__data__tcp-81__sg-edge\"");
}

static void hostile_texts_do_no_harm(void **state)
{
	static const char *const tickets[] = {
		"\"; }", "${aws_iam_user.x.arn}", "%{ if true }", "a\nb",
		"\xe2\x80\xae" "txt", "<b>", "'", "a&b", "\\", "",
		"{{resolve:ssm:x}}", "$${x}", "%%{x}", "$", "%", "$$$${",
	};

	for (size_t i = 0; i < COUNT(tickets); i++) {
		struct world *w = new_world(*state);
		uint32_t rule = allow(w, "r", "edge", "services",
				      tcp(w, 80, 80));
		const struct aws_model *model;
		const char *wanted = aws_text_is_legal(tickets[i]) &&
				     *tickets[i] ?
			arena_printf(w->arena, "r %s", tickets[i]) : "r";

		w->rules.at[rule].ticket.value = tickets[i];
		w->rules.at[rule].reason.value = tickets[i];
		w->layers[0].title = tickets[i];
		w->networks[0].title = tickets[i];
		model = read_text(w, good_output(w));
		assert_non_null(model);
		assert_string_equal(model->rules[0].description, wanted);
	}
}

static void a_hostile_prefix_list_name_comes_back_as_it_is(void **state)
{
	static const char name[] = "${file(\"x\")}%{ for \\ $${";
	struct world *w = new_world(*state);
	const struct aws_model *model;

	w->networks[1].prefix_list = name;
	allow(w, "r", "services", "s3", tcp(w, 443, 443));
	model = read_text(w, good_output(w));
	assert_string_equal(model->lists[0].name, name);
}

static void a_prefix_list_name_that_cannot_be_is_refused(void **state)
{
	static const char *const names[] = { "a\nb", "\xe2\x80\xae", "" };

	for (size_t i = 0; i < COUNT(names); i++) {
		struct world *w = new_world(*state);

		w->networks[1].prefix_list = names[i];
		allow(w, "r", "services", "s3", tcp(w, 443, 443));
		assert_null(emitted(w));
		assert_int_equal(told(w, "P0504"), 1);
	}
}

static void a_list_named_by_region_needs_one(void **state)
{
	struct world *w = new_world(*state);

	w->space.region = "";
	allow(w, "r", "services", "s3", tcp(w, 443, 443));
	assert_null(emitted(w));
	assert_int_equal(told(w, "P0504"), 1);
}

static void group_names_that_aws_does_not_take_are_told(void **state)
{
	struct world *w = new_world(*state);

	w->ir.policy = "sg-connect";
	assert_null(emitted(w));
	assert_int_equal(told(w, "P0504"), 4);
	w = new_world(*state);
	add_layer(w, "Edge", "10.30.90.0/24");
	assert_null(emitted(w));
	assert_int_equal(told(w, "P0504"), 1);
}

static void long_names_are_cut_and_stay_apart(void **state)
{
	struct world *w = new_world(*state);
	char *one = arena_alloc(w->arena, 252), *two;
	const struct aws_model *model;

	memset(one, 'x', 250);
	two = arena_printf(w->arena, "%sy", one);
	add_layer(w, one, "10.30.90.0/24");
	add_layer(w, two, "10.30.91.0/24");
	allow(w, one, one, two, tcp(w, 80, 80));
	allow(w, two, two, one, tcp(w, 80, 80));
	model = read_text(w, good_output(w));
	assert_non_null(model);
	assert_int_equal(strlen(model->groups[4].name), 255);
	assert_int_equal(strlen(model->groups[5].name), 255);
	assert_string_not_equal(model->groups[4].name, model->groups[5].name);
}

/* --- reading --- */

static struct world *world_to_change(struct arena *arena, const char **text)
{
	struct world *w = new_world(arena);

	allow(w, "a-in", "core-banking", "edge", tcp(w, 443, 443));
	allow(w, "b-alb", "edge", "services", tcp(w, 8080, 8080));
	allow(w, "c-pull", "services", "s3", tcp(w, 443, 443));
	allow(w, "d-esp", "services", "172.20.5.0/28",
	      service_atom(w->arena, 50, 0, 65535));
	allow(w, "e-ping", "core-banking", "edge",
	      service_atom(w->arena, PROTO_ICMP, 8 << 8, 8 << 8));
	*text = good_output(w);
	return w;
}

static void what_is_not_understood_is_refused(void **state)
{
	static const struct {
		const char *old, *new, *where;
	} changes[] = {
		{ "{", "", "the file" },
		{ "\"terraform\": {", "\"terraform\": { \"backend\": {},",
		  "terraform.backend" },
		{ "\"variable\": {", "\"variable\": { \"x\": {},",
		  "variable.x" },
		{ "\"resource\": {", "\"provider\": {}, \"resource\": {",
		  "provider" },
		{ "\"resource\": {",
		  "\"resource\": { \"aws_security_group_rule\": {},",
		  "resource.aws_security_group_rule" },
		{ "\"description\": \"layer data",
		  "\"ingress\": [], \"description\": \"layer data",
		  "resource.aws_security_group.data.ingress" },
		{ "\"hashicorp/aws\"", "\"evil/aws\"",
		  "terraform.required_providers.aws.source" },
		{ "},\n        \"vpc_id\": \"${var.vpc_id}\"",
		  "}, \"vpc_id\": \"vpc-1\"",
		  "resource.aws_security_group.data.vpc_id" },
		{ "\"firebreak:layer\": \"data\"",
		  "\"firebreak:layer\": \"${var.vpc_id}\"",
		  "resource.aws_security_group.data.tags.firebreak:layer" },
		{ "\"firebreak:layer\": \"data\"",
		  "\"firebreak:layer\": \"ops\"",
		  "resource.aws_security_group.ops" },
		{ "\"firebreak:environment\": \"prod\"",
		  "\"firebreak:environment\": \"dev\"",
		  "resource.aws_security_group.edge" },
		{ "\"firebreak:policy\": \"modyo-connect\"", "\"x\": \"y\"",
		  "resource.aws_security_group.data.tags.firebreak:policy" },
		{ "\"cidr_ipv4\": \"172.20.5.0/28\"",
		  "\"cidr_ipv4\": \"172.20.5.0/28\", \"cidr_ipv6\": \"::/0\"",
		  "has more than one peer" },
		{ "\"cidr_ipv4\": \"172.20.5.0/28\",", "", "has no peer" },
		{ "\"172.20.5.0/28\"", "\"172.20.5.1/28\"", "cidr_ipv4" },
		{ "\"172.20.5.0/28\"", "\"172.20.5.0\"", "cidr_ipv4" },
		{ "\"172.20.5.0/28\"", "\"172.20.5.0/028\"", "cidr_ipv4" },
		{ "\"172.20.5.0/28\"", "\"fd20::/64\"", "cidr_ipv4" },
		{ "\"172.20.5.0/28\"", "null", "cidr_ipv4" },
		{ "\"fd20:5:ba::/64\"", "\"FD20:5:ba::/64\"", "cidr_ipv6" },
		{ "\"from_port\": 443", "\"from_port\": \"443\"", "from_port" },
		{ "\"from_port\": 443", "\"from_port\": 443.0", "from_port" },
		{ "\"from_port\": 443", "\"from_port\": 444",
		  "wrong way round" },
		{ "\"to_port\": 443", "\"to_port\": 65536", "to_port" },
		{ "\"to_port\": 443", "\"to_port\": 99999999999999999999",
		  "the file" },
		{ "\"from_port\": 443,", "", "from_port" },
		{ "\"ip_protocol\": \"50\"",
		  "\"ip_protocol\": \"50\", \"from_port\": 0", "has ports" },
		{ "\"ip_protocol\": \"50\"", "\"ip_protocol\": \"050\"",
		  "ip_protocol" },
		{ "\"ip_protocol\": \"50\"", "\"ip_protocol\": \"256\"",
		  "ip_protocol" },
		{ "\"ip_protocol\": \"50\"", "\"ip_protocol\": \"6\"",
		  "ip_protocol" },
		{ "\"ip_protocol\": \"50\"", "\"ip_protocol\": \"ESP\"",
		  "ip_protocol" },
		{ "\"ip_protocol\": \"50\"", "\"ip_protocol\": -1",
		  "ip_protocol" },
		{ "\"from_port\": 8,", "\"from_port\": -1,",
		  "code without a type" },
		{ "\"ip_protocol\": \"icmp\"", "\"ip_protocol\": \"icmpv6\"",
		  "ICMP of one family" },
		{ "\"security_group_id\": \"${aws_security_group.services.id}\"",
		  "\"security_group_id\": \"sg-1\"", "security_group_id" },
		{ "${aws_security_group.services.id}",
		  "${aws_security_group.services.arn}",
		  "referenced_security_group_id" },
		{ "${data.aws_ec2_managed_prefix_list.s3.id}",
		  "${data.aws_ec2_managed_prefix_list.s4.id}",
		  "prefix_list_id" },
		{ "\"s3\": {", "\"s3\": { \"filter\": [],", "s3.filter" },
		{ "\"description\": \"a-in\"",
		  "\"description\": \"${var.vpc_id}\"", "description" },
		{ "\"description\": \"a-in\"",
		  "\"description\": \"a-in\", \"lifecycle\": {}",
		  "lifecycle" },
		{ "\"description\": \"a-in\"",
		  "\"description\": \"a-in\", \"count\": 0", "count" },
		{ "\"description\": \"a-in\"",
		  "\"description\": \"a-in\", \"description\": \"b\"",
		  "stands twice" },
		{ "\"tcp-443\"", "\"tcp-443\"", NULL },
		{ "\"a-in__edge__tcp-443__v4-172-20-5-0-28\": {",
		  "\"0\": {", "is no name" },
		{ "\"a-in__edge__tcp-443__v4-172-20-5-0-28\": {",
		  "\"a\xe2\x80\xae\": {", "a???" },
	};

	for (size_t i = 0; i < COUNT(changes); i++) {
		const char *text;
		struct world *w = world_to_change(*state, &text);

		if (!changes[i].where)
			continue;
		assert_null(read_text(w, changed(w, text, changes[i].old,
						 changes[i].new)));
		assert_true(told(w, "P0601") >= 1);
		has(first_told(w)->message, changes[i].where);
	}
}

static void the_same_permission_twice_is_refused(void **state)
{
	const char *text;
	struct world *w = world_to_change(*state, &text);

	text = changed(w, text,
		       "\"a-in__edge__tcp-443__v4-172-20-5-0-28\": {",
		       "\"twin\": { \"cidr_ipv4\": \"172.20.5.0/28\", "
		       "\"from_port\": 443, \"to_port\": 443, "
		       "\"ip_protocol\": \"tcp\", \"security_group_id\": "
		       "\"${aws_security_group.edge.id}\" }, "
		       "\"a-in__edge__tcp-443__v4-172-20-5-0-28\": {");
	assert_null(read_text(w, text));
	has(first_told(w)->message, "permits the same");
}

static void a_text_cut_anywhere_is_refused(void **state)
{
	const char *text;
	struct world *w = world_to_change(*state, &text);
	size_t len = strlen(text);
	struct identity id;

	for (size_t n = 0; n + 2 < len; n += 7)
		assert_null(backend_terraform.read(w->arena, &w->diags, "x",
						   text, n, &id));
}

static void every_change_is_found(void **state)
{
	static const struct {
		const char *old, *new;
		enum difference_kind kind;
	} changes[] = {
		{ "\"to_port\": 443", "\"to_port\": 444", DIFFERENCE_EXTRA },
		{ "\"to_port\": 8080", "\"to_port\": 8081", DIFFERENCE_EXTRA },
		{ "\"from_port\": 8080", "\"from_port\": 8079",
		  DIFFERENCE_EXTRA },
		{ "\"172.20.5.0/28\"", "\"10.30.0.0/16\"", DIFFERENCE_EXTRA },
		{ "\"172.20.5.0/28\"", "\"172.20.5.0/29\"",
		  DIFFERENCE_MISSING },
		{ "\"172.20.5.0/28\"", "\"0.0.0.0/0\"", DIFFERENCE_EXTRA },
		{ "\"fd20:5:ba::/64\"", "\"2000::/3\"", DIFFERENCE_EXTRA },
		{ "\"ip_protocol\": \"50\"", "\"ip_protocol\": \"-1\"",
		  DIFFERENCE_EXTRA },
		{ "\"ip_protocol\": \"50\"", "\"ip_protocol\": \"51\"",
		  DIFFERENCE_EXTRA },
		{ "\"from_port\": 8,", "\"from_port\": 9,", DIFFERENCE_EXTRA },
		{ "\"to_port\": 0", "\"to_port\": -1", DIFFERENCE_EXTRA },
		{ "\"referenced_security_group_id\": "
		  "\"${aws_security_group.edge.id}\"",
		  "\"referenced_security_group_id\": "
		  "\"${aws_security_group.data.id}\"", DIFFERENCE_MISSING },
		{ "\"referenced_security_group_id\": "
		  "\"${aws_security_group.services.id}\"",
		  "\"cidr_ipv4\": \"10.30.16.0/20\"", DIFFERENCE_MISSING },
		{ "\"prefix_list_id\": "
		  "\"${data.aws_ec2_managed_prefix_list.s3.id}\"",
		  "\"cidr_ipv4\": \"0.0.0.0/0\"", DIFFERENCE_EXTRA },
		{ "\"security_group_id\": \"${aws_security_group.services.id}\"",
		  "\"security_group_id\": \"${aws_security_group.ops.id}\"",
		  DIFFERENCE_EXTRA },
	};

	for (size_t i = 0; i < COUNT(changes); i++) {
		const char *text;
		struct world *w = world_to_change(*state, &text);
		struct difference d;

		text = changed(w, text, changes[i].old, changes[i].new);
		if (proves(w, text, &d))
			print_message("not found: %s\n", changes[i].new);
		assert_false(proves(w, text, &d));
		assert_int_equal(d.kind, changes[i].kind);
	}
}

/* A half that nobody's egress completes today opens nothing, and yet is found. */
static void a_half_open_rule_is_found_on_its_side(void **state)
{
	const char *text;
	struct world *w = world_to_change(*state, &text);
	struct difference d;

	text = changed(w, text,
		       "\"a-in__edge__tcp-443__v4-172-20-5-0-28\": {",
		       "\"half\": { \"cidr_ipv4\": \"10.30.200.0/24\", "
		       "\"from_port\": 22, \"to_port\": 22, "
		       "\"ip_protocol\": \"tcp\", \"security_group_id\": "
		       "\"${aws_security_group.edge.id}\" }, "
		       "\"a-in__edge__tcp-443__v4-172-20-5-0-28\": {");
	assert_false(proves(w, text, &d));
	assert_int_equal(d.kind, DIFFERENCE_EXTRA);
}

static void a_file_of_another_layer_is_not_ours(void **state)
{
	const char *text;
	struct world *w = world_to_change(*state, &text);
	struct sides sides = { 0 };
	const void *model;

	model = read_text(w, changed(w, text, "\"firebreak:layer\": \"ops\"",
				     "\"firebreak:layer\": \"oops\""));
	assert_non_null(model);
	assert_false(backend_terraform.denote(&w->job, model, &sides));
	assert_int_equal(told(w, "P0602"), 1);
}

static void a_layer_without_addresses_here_has_no_group(void **state)
{
	const char *text;
	struct world *w = world_to_change(*state, &text);
	struct sides sides = { 0 };
	const void *model;

	add_layer(w, "zone", "");
	model = read_text(w, changed(w, text, "\"firebreak:layer\": \"ops\"",
				     "\"firebreak:layer\": \"zone\""));
	assert_non_null(model);
	assert_false(backend_terraform.denote(job_of(w), model, &sides));
	assert_int_equal(told(w, "P0602"), 1);
}

static void a_list_of_two_contents_means_nothing(void **state)
{
	const char *text;
	struct world *w = world_to_change(*state, &text);
	const void *model = read_text(w, text);
	struct sides sides = { 0 };

	add_network(w, "s3-old", "com.amazonaws.us-east-1.s3", "16.182.0.0/16");
	assert_false(backend_terraform.denote(job_of(w), model, &sides));
	assert_int_equal(told(w, "P0602"), 1);
}

/* AWS does not say that it is not: so it is. */
static void icmp_by_a_reference_is_protocol_1_over_ipv6(void **state)
{
	struct world *w = new_world(*state);
	const char *text;
	struct difference d;

	allow(w, "ping", "edge", "services",
	      service_atom(w->arena, PROTO_ICMP, 8 << 8, 8 << 8));
	text = changed(w, good_output(w), "\"cidr_ipv4\": \"10.30.16.0/20\"",
		       "\"referenced_security_group_id\": "
		       "\"${aws_security_group.services.id}\"");
	assert_false(proves(w, text, &d));
	assert_int_equal(d.kind, DIFFERENCE_EXTRA);
	assert_int_equal(d.packet.family, IPV6);
	assert_int_equal(d.packet.svc, service_key(PROTO_ICMP, 0));
}

static struct world *shared_world(struct arena *arena, const char *hosts)
{
	struct world *w = new_world(arena);

	w->layers[1].shared_hosts = true;
	add_layer(w, "tasks", hosts);
	w->layers[4].shared_hosts = true;
	return w;
}

static void layers_that_share_hosts_share_a_group(void **state)
{
	struct world *w = shared_world(*state,
				       "10.30.0.0/24 2600:1f18:4a3:6900::/64");
	const char *text;

	allow(w, "web", "internet", "edge", tcp(w, 443, 443));
	allow(w, "sql", "tasks", "data", tcp(w, 5432, 5432));
	text = good_output(w);
	has(text, "\"name\": \"modyo-connect-prod-edge.tasks\"");
	has(text, "\"firebreak:layer\": \"edge.tasks\"");
	has(text, "\"sql__edge_dtasks__tcp-5432__sg-data\"");
	has(text, "\"web__edge_dtasks__tcp-443__v4-");
	assert_int_equal(times(text, "\"firebreak:layer\""), 4);
}

static void shared_hosts_that_lie_apart_have_a_group_each(void **state)
{
	struct world *w = shared_world(*state, "10.30.1.0/24");

	allow(w, "sql", "tasks", "data", tcp(w, 5432, 5432));
	has(good_output(w), "\"sql__tasks__tcp-5432__sg-data\"");
}

static void hosts_that_one_layer_alone_has_do_not_get_the_rules_of_both(
	void **state)
{
	struct world *w = shared_world(*state, "10.30.0.128/25 10.30.1.0/25");

	allow(w, "web", "internet", "edge", tcp(w, 443, 443));
	assert_null(emitted(w));
	assert_int_equal(told(w, "P0501"), 1);
}

static void a_file_may_name_only_layers_that_share_hosts(void **state)
{
	struct world *w = new_world(*state);
	const char *text;
	struct sides sides = { 0 };

	allow(w, "sql", "services", "data", tcp(w, 5432, 5432));
	text = changed(w, good_output(w), "\"firebreak:layer\": \"ops\"",
			"\"firebreak:layer\": \"ops.edge\"");
	assert_false(backend_terraform.denote(&w->job, read_text(w, text),
					      &sides));
	assert_true(told(w, "P0602") > 0);
}

/* --- EC2 permissions, our own and captured --- */

static struct world *world_of_ec2(struct arena *arena, const char **text)
{
	struct world *w = new_world(arena);

	allow(w, "sql", "services", "data", tcp(w, 5432, 5432));
	allow(w, "pull", "services", "s3", tcp(w, 443, 443));
	allow(w, "ping", "ops", "data",
	      service_atom(arena, PROTO_ICMP, 8 << 8, 8 << 8));
	allow(w, "esp", "core-banking", "edge",
	      service_atom(arena, 50, 0, 65535));
	allow(w, "all", "ops", "core-banking", service_all(arena));
	*text = good_ec2(w);
	return w;
}

static bool reads_ec2(struct world *w, const char *text)
{
	struct identity id;

	return backend_ec2.read(w->arena, &w->diags, "x", text, strlen(text),
				&id);
}

static void permissions_are_as_the_api_takes_them(void **state)
{
	const char *text;

	(void)world_of_ec2(*state, &text);
	has(text, "{\"IpProtocol\": \"tcp\", \"FromPort\": 5432, \"ToPort\": 5432, "
		  "\"UserIdGroupPairs\": [{\"GroupId\": \"modyo-connect-prod-services\", "
		  "\"Description\": \"sql\"}]}");
	has(text, "{\"IpProtocol\": \"icmp\", \"FromPort\": 8, \"ToPort\": 0, ");
	has(text, "{\"IpProtocol\": \"50\", \"IpRanges\"");
	has(text, "{\"IpProtocol\": \"-1\", \"IpRanges\"");
	has(text, "\"PrefixListIds\": [{\"PrefixListId\": \"com.amazonaws.us-east-1.s3\"");
}

static void an_answer_may_lack_what_it_may_lack(void **state)
{
	static const char *const same[][2] = {
		{ "\"SecurityGroups\": [", "\"NextToken\": null, \"SecurityGroups\": [" },
		{ "\"IpProtocol\": \"-1\",", "\"IpProtocol\": \"-1\", \"FromPort\": -1, \"ToPort\": -1," },
		{ "\"IpProtocol\": \"-1\",", "\"IpProtocol\": \"-1\", \"FromPort\": null, \"UserIdGroupPairs\": []," },
		{ "\"GroupName\": \"modyo-connect-prod-ops\"", "\"OwnerId\": \"1\", \"VpcId\": null, \"GroupName\": \"o\"" },
		{ "\"SecurityGroups\": [", "\"SecurityGroups\": [{\"GroupId\": \"sg-0\", \"GroupName\": \"default\", \"Description\": \"d\", \"IpPermissions\": null}, " },
		{ "\"CidrIp\": \"172.20.5.0/28\"", "\"CidrIp\": \"172.20.5.1/28\"" },
		{ "[{\"GroupId\": \"modyo-connect-prod-services\"", "[{\"UserId\": \"1\", \"PeeringStatus\": null, \"GroupId\": \"modyo-connect-prod-services\"" },
	};

	for (size_t i = 0; i < COUNT(same); i++) {
		const char *text;
		struct world *w = world_of_ec2(*state, &text);

		text = changed(w, text, same[i][0], same[i][1]);
		if (!reads_ec2(w, text))
			print_diags(w);
		assert_true(reads_ec2(w, text));
	}
}

static void an_answer_that_is_not_understood_is_refused(void **state)
{
	static const char *const wrong[][3] = {
		{ "\"SecurityGroups\": [", "\"NextToken\": \"x\", \"SecurityGroups\": [", "not complete" },
		{ "\"SecurityGroups\": [", "\"Others\": [], \"SecurityGroups\": [", "not known here" },
		{ "\"FromPort\": 5432, ", "", "no range of ports" },
		{ "\"FromPort\": 5432", "\"FromPort\": 5433", "no range of ports" },
		{ "\"ToPort\": 5432", "\"ToPort\": 65536", "is not in" },
		{ "\"IpProtocol\": \"50\"", "\"IpProtocol\": \"TCP\"", "protocol" },
		{ "\"IpProtocol\": \"50\"", "\"IpProtocol\": \"6\"", "protocol" },
		{ "\"IpProtocol\": \"50\"", "\"IpProtocol\": \"256\"", "protocol" },
		{ "\"SecurityGroups\": [", "\"SecurityGroups\": [{\"GroupId\": \"sg-0\", \"IpPermissions\": [{\"odd\": 1}]}, ", "not known here" },
		{ "\"CidrIp\": \"172.20.5.0/28\"", "\"CidrIp\": \"172.20.5.0/33\"", "prefix" },
		{ "\"CidrIp\": \"172.20.5.0/28\"", "\"CidrIp\": \"172.20.5.0\"", "prefix" },
		{ "[{\"PrefixListId\": \"com", "[{\"PrefixListId\": \"pl-1", "whose name nobody tells" },
		{ "\"IpRanges\": [{", "\"Odd\": 1, \"IpRanges\": [{", "not known here" },
		{ "\"IpRanges\": [{", "\"IpRanges\": [{\"Odd\": 1, ", "not known here" },
		{ "{\"Key\": \"firebreak:layer\", \"Value\": \"edge\"}", "{\"Key\": \"firebreak:layer\", \"Value\": \"ops\"}", "second group" },
		{ "{\"Key\": \"firebreak:layer\", \"Value\": \"edge\"},", "", "only some of our tags" },
	};

	for (size_t i = 0; i < COUNT(wrong); i++) {
		const char *text;
		struct world *w = world_of_ec2(*state, &text);

		text = changed(w, text, wrong[i][0], wrong[i][1]);
		if (reads_ec2(w, text))
			print_message("read: %s\n", wrong[i][1]);
		assert_false(reads_ec2(w, text));
		has(first_told(w)->message, wrong[i][2]);
	}
}

/* It is read, and means more than the policy: nobody says who carries it. */
static void a_group_of_nobody_admits_what_nobody_permits(void **state)
{
	static const char *const peers[] = {
		"[{\"GroupId\": \"sg-1\"",
		"[{\"PeeringStatus\": \"deleted\", \"GroupId\": \"sg-1\"" };

	for (size_t i = 0; i < COUNT(peers); i++) {
		const char *text;
		struct world *w = world_of_ec2(*state, &text);
		struct sides sides = { 0 };
		struct identity id;
		struct difference d;
		const void *model;

		text = changed(w, text,
			"[{\"GroupId\": \"modyo-connect-prod-services\"", peers[i]);
		model = backend_ec2.read(w->arena, &w->diags, "x", text,
					 strlen(text), &id);
		assert_non_null(model);
		assert_true(backend_ec2.denote(&w->job, model, &sides));
		assert_false(prove_bounds(w->arena, &sides, &d));
		assert_int_equal(d.kind, DIFFERENCE_EXTRA);
		assert_true(is_opaque(IPV4, d.packet.src));
	}
}

static void rules_by_their_ids_have_to_agree_with_the_groups(void **state)
{
	static const char head[] = "{\"SecurityGroups\": [{\"GroupId\": \"sg-1\", "
		"\"GroupName\": \"x\", \"Description\": \"x\", \"Tags\": ["
		"{\"Key\": \"firebreak:policy\", \"Value\": \"modyo-connect\"}, "
		"{\"Key\": \"firebreak:environment\", \"Value\": \"prod\"}, "
		"{\"Key\": \"firebreak:layer\", \"Value\": \"edge\"}], "
		"\"IpPermissions\": [{\"IpProtocol\": \"tcp\", \"FromPort\": 22, "
		"\"ToPort\": 22, \"IpRanges\": [{\"CidrIp\": \"10.0.0.0/8\"}]}]}], "
		"\"SecurityGroupRules\": [";
	static const char rule[] = "{\"SecurityGroupRuleId\": \"sgr-1\", "
		"\"GroupId\": \"sg-1\", \"IsEgress\": false, \"IpProtocol\": \"tcp\", "
		"\"FromPort\": 22, \"ToPort\": 22, \"CidrIpv4\": \"10.0.0.0/8\"}";
	struct world *w = new_world(*state);
	const char *good = arena_printf(w->arena, "%s%s]}", head, rule);

	assert_true(reads_ec2(w, good));
	assert_false(reads_ec2(w, arena_printf(w->arena, "%s]}", head)));
	assert_false(reads_ec2(w, changed(w, good, "\"ToPort\": 22, \"CidrIpv4",
					  "\"ToPort\": 23, \"CidrIpv4")));
	assert_false(reads_ec2(w, changed(w, good, "\"IsEgress\": false",
					  "\"IsEgress\": true")));
	assert_false(reads_ec2(w, changed(w, good, "\"IsEgress\": false, ", "")));
	assert_false(reads_ec2(w, changed(w, good, "\"CidrIpv4\": ",
			"\"PrefixListId\": \"pl-1\", \"CidrIpv4\": ")));
}

/* --- the default group --- */

static const char default_group[] =
	"    \"aws_default_security_group\": {\n"
	"      \"default\": {\n"
	"        \"egress\": [],\n"
	"        \"ingress\": [],\n"
	"        \"vpc_id\": \"${var.vpc_id}\"\n"
	"      }\n"
	"    },\n";

static void the_default_group_is_emptied(void **state)
{
	struct world *w = new_world(*state);

	has(good_output(w), default_group);
	has_not(good_ec2(w), "default");
}

static void the_default_group_has_the_policys_tags_and_none_of_ours(void **state)
{
	static const struct ir_tag tag = { "cost-centre", "42" };
	struct world *w = new_world(*state);

	w->ir.aws.tags = &tag;
	w->ir.aws.tag_count = 1;
	has(changed(w, good_output(w), "\"ingress\": [],\n        ", "@"),
	    "@\"tags\": {\n          \"cost-centre\": \"42\"\n        },");
}

static void a_file_that_leaves_the_default_group_is_not_equal(void **state)
{
	struct world *w = new_world(*state);
	struct difference d;

	assert_false(proves(w, changed(w, good_output(w), default_group, ""),
			    &d));
	assert_int_equal(d.kind, DIFFERENCE_EXTRA);
	has(d.label, "default group: ingress, IPv4");
}

static void the_default_group_may_be_kept(void **state)
{
	struct world *w = new_world(*state);
	const char *with = good_output(w), *without;
	struct difference d;

	w->ir.aws.keep_default_group = true;
	without = good_output(w);
	has_not(without, "aws_default_security_group");
	assert_true(proves(w, without, &d));
	assert_false(proves(w, with, &d));
	assert_int_equal(d.kind, DIFFERENCE_MISSING);
}

static void a_default_group_with_rules_is_refused(void **state)
{
	static const char *const wrong[][2] = {
		{ "\"egress\": [],\n", "" },
		{ "\"ingress\": [],\n", "" },
		{ "\"ingress\": []", "\"ingress\": null" },
		{ "\"ingress\": []", "\"ingress\": {}" },
		{ "\"ingress\": []", "\"ingress\": [{ \"self\": true }]" },
		{ "\"egress\": []", "\"egress\": [{ \"protocol\": \"-1\" }]" },
		{ "\"egress\": []", "\"egress\": [], \"lifecycle\": {}" },
		{ "\"default\": {", "\"other\": {}, \"default\": {" },
		{ "\"vpc_id\": \"${var.vpc_id}\"", "\"vpc_id\": \"vpc-1\"" },
		{ "\"default\": {", "\"default\": [], \"x\": {" },
		{ "\"default\": {", "\"de.fault\": {" },
	};

	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct world *w = new_world(*state);
		const char *text = changed(w, good_output(w), wrong[i][0],
					   wrong[i][1]);

		if (read_text(w, text))
			fail_msg("read: %s", wrong[i][1]);
		assert_true(told(w, "P0601") >= 1);
		has(first_told(w)->message, "aws_default_security_group");
	}
}

/* Every limit up to where it fits: under AddressSanitizer nothing leaks. */
static void memory_that_runs_out_while_reading_ends_the_reading(void **state)
{
	struct world *w = new_world(*state);
	const char *text;
	bool fits = false;

	allow(w, "web", "any", "edge", tcp(w, 443, 443));
	allow(w, "sql", "services", "data", tcp(w, 5432, 5432));
	text = good_output(w);
	for (size_t limit = 1 << 10; !fits; limit += 1 << 10) {
		struct arena *volatile arena = arena_new(limit);
		struct diags diags = { .arena = w->arena };
		struct identity id;
		jmp_buf full;

		arena_guard(arena, &full);
		if (!setjmp(full))
			fits = backend_terraform.read(arena, &diags, "x", text,
						      strlen(text), &id);
		else
			assert_true(limit < 1 << 20);
		arena_free(arena);
	}
}

static void a_list_that_no_rule_refers_to_says_nothing(void **state)
{
	struct world *w = new_world(*state);
	struct difference d;
	const char *text;

	allow(w, "pull", "services", "s3", tcp(w, 443, 443));
	text = good_output(w);
	assert_true(proves(w, changed(w, text,
		"\"aws_ec2_managed_prefix_list\": {",
		"\"aws_ec2_managed_prefix_list\": { \"other\": "
		"{ \"name\": \"of somebody else\" },"), &d));
}

static void a_list_nobody_declares_is_not_ours(void **state)
{
	const char *text;
	struct world *w = world_to_change(*state, &text);
	struct sides sides = { 0 };
	const void *model;

	model = read_text(w, changed(w, text, "com.amazonaws.us-east-1.s3",
				     "com.amazonaws.us-east-2.s3"));
	assert_non_null(model);
	assert_false(backend_terraform.denote(&w->job, model, &sides));
	assert_int_equal(told(w, "P0602"), 1);
}

/* --- our own mistakes --- */

/* COUNT rules from `ops`, alone, to `core-banking`; EXTRA: one more among them. */
static struct world *crowded(struct arena *arena, unsigned count, unsigned extra)
{
	struct world *w = new_world(arena);

	for (unsigned i = 0; i < count; i++)
		allow(w, arena_printf(arena, "r%u", i), "ops", "core-banking",
		      tcp(w, 1000 + 2 * i, 1000 + 2 * i));
	if (extra)
		allow(w, "extra", "ops", "core-banking", tcp(w, extra, extra));
	return w;
}

/* A lowered model to break: its rules are the model's own to write to. */
static struct aws_model *model_to_break(struct arena *arena)
{
	struct world *w = new_world(arena);
	struct aws_model *model;

	allow(w, "esp", "services", "core-banking",
	      service_atom(arena, 50, 0, 65535));
	allow(w, "ping", "core-banking", "edge",
	      service_atom(arena, PROTO_ICMP, 8 << 8, (8 << 8) + 255));
	allow(w, "pull", "services", "s3", tcp(w, 443, 443));
	allow(w, "web", "edge", "services", tcp(w, 80, 90));
	model = (struct aws_model *)(uintptr_t)aws_lower(job_of(w));
	assert_null(aws_mistake(arena, model, 5));
	return model;
}

static struct aws_rule *rule_of(struct aws_model *model, int protocol)
{
	struct aws_rule *rules = (struct aws_rule *)(uintptr_t)model->rules;

	for (size_t i = 0; i < model->rule_count; i++)
		if (rules[i].is.service.protocol == protocol)
			return &rules[i];
	fail();
	return NULL;
}

static struct aws_group *group_at(struct aws_model *model, size_t i)
{
	return (struct aws_group *)(uintptr_t)&model->groups[i];
}

static char long_text[300];

static void break_it(struct aws_model *m, int how)
{
	struct aws_rule *web = rule_of(m, PROTO_TCP);
	struct aws_service *tcp = &web->is.service;
	struct aws_service *icmp = &rule_of(m, PROTO_ICMP)->is.service;
	struct aws_service *esp = &rule_of(m, 50)->is.service;
	struct aws_peer *to_prefix = &rule_of(m, 50)->is.peer;
	struct aws_rule *rules = (struct aws_rule *)(uintptr_t)m->rules;

	memset(long_text, 'a', 299);
	switch (how) {
	case 0:	 tcp->protocol = 256; break;
	case 1:	 tcp->protocol = -2; break;
	case 2:	 tcp->from = tcp->to = AWS_ALL; break;
	case 3:	 tcp->from = tcp->to + 1; break;
	case 4:	 tcp->to = 65536; break;
	case 5:	 icmp->from = 256; break;
	case 6:	 icmp->to = 256; break;
	case 7:	 icmp->from = AWS_ALL; icmp->to = 0; break;
	case 8:	 icmp->from = -2; break;
	case 9:	 esp->from = esp->to = 0; break;
	case 10: esp->protocol = PROTO_ICMP6; break;
	case 11: to_prefix->prefix.base |= 1; break;
	case 12: to_prefix->prefix.length = 33; break;
	case 13: web->is.peer = (struct aws_peer){ AWS_LIST, 1, { 0 } }; break;
	case 14: web->is.peer = (struct aws_peer){ AWS_GROUP, 4, { 0 } }; break;
	case 15: web->is.peer.kind = (enum aws_peer_kind)3; break;
	case 16: web->is.group = 4; break;
	case 17: web->description = ""; break;
	case 18: web->description = "a > b"; break;
	case 19: web->description = "caf\xc3\xa9"; break;
	case 20: web->description = long_text; break;
	case 21: web->names = ""; break;
	case 22: web->names = long_text; break;
	case 23: web->key = "0"; break;
	case 24: web->key = "web[0]"; break;
	case 25: web->key = ""; break;
	case 26: rules[1].is = rules[0].is; rules[1].description = "other"; break;
	case 27: rules[1].key = rules[0].key; break;
	case 28: group_at(m, 0)->name = ""; break;
	case 29: group_at(m, 0)->name = long_text; break;
	case 30: group_at(m, 0)->description = ""; break;
	case 31: group_at(m, 0)->description = "a\nb"; break;
	case 32: group_at(m, 0)->description = long_text; break;
	case 33: group_at(m, 0)->key = "1st"; break;
	case 34: group_at(m, 1)->key = group_at(m, 0)->key; break;
	case 35: group_at(m, 1)->layer = group_at(m, 0)->layer; break;
	case 36: group_at(m, 0)->parts = 2; break;
	case 37: ((struct aws_list *)(uintptr_t)m->lists)->key = "-"; break;
	}
}

/* Each row of what AWS or Terraform refuse or take for something else. */
static void our_own_mistakes_are_found(void **state)
{
	enum { WAYS = 38 };

	for (int how = 0; how < WAYS; how++) {
		struct aws_model *model = model_to_break(*state);

		break_it(model, how);
		if (!aws_mistake(*state, model, 5))
			print_message("not found: %d\n", how);
		assert_non_null(aws_mistake(*state, model, 5));
	}
}

static void no_more_groups_than_an_interface_takes(void **state)
{
	struct world *w = crowded(*state, 130, 0);
	const struct aws_model *model;

	job_of(w);
	model = aws_split(&w->job, aws_lower(&w->job), 0);
	assert_null(aws_mistake(*state, model, 3));
	assert_non_null(aws_mistake(*state, model, 2));
}

/* --- groups that have no other rules --- */

static struct world *exclusive_world(struct arena *arena)
{
	struct world *w = new_world(arena);

	w->ir.aws.exclusive = true;
	allow(w, "alb", "edge", "services", tcp(w, 80, 80));
	allow(w, "sql", "services", "data", tcp(w, 5432, 5432));
	return w;
}

static void exclusive_groups_list_their_rules(void **state)
{
	const char *text = good_output(exclusive_world(*state));

	has(text, "\"aws_vpc_security_group_rules_exclusive\": {");
	has(text, "\"version\": \">= 6.31, < 7.0\"");
	has(text, "\"ingress_rule_ids\": [\n          \"${aws_vpc_security_group_"
		  "ingress_rule.alb__services__tcp-80__sg-edge.id}\"\n        ]");
	has(text, "\"ingress_rule_ids\": [],");
	has_not(good_output(one_rule_world(*state)), "exclusive");
}

static void a_list_of_other_rules_is_refused(void **state)
{
	static const char *const wrong[][3] = {
		{ "\"${aws_vpc_security_group_ingress_rule.alb__services__tcp-80__sg-edge.id}\"\n",
		  "\n", "lacks a rule" },
		{ "\"ingress_rule_ids\": []", "\"ingress_rule_ids\": ["
		  "\"${aws_vpc_security_group_ingress_rule.alb__services__tcp-80__sg-edge.id}\"]",
		  "no rule of its group" },
		{ "\"ingress_rule_ids\": []", "\"ingress_rule_ids\": [\"sgr-1\"]",
		  "does not refer to a rule" },
		{ "\"ingress_rule_ids\": []", "\"ingress_rule_ids\": [7]",
		  "does not refer to a rule" },
		{ "\"ingress_rule_ids\": []", "\"ingress_rule_ids\": {}",
		  "is not a list" },
		{ "\"ingress_rule_ids\": [],", "", "is missing" },
		{ "\"ingress_rule_ids\": []", "\"odd\": 1, \"ingress_rule_ids\": []",
		  "not known here" },
		{ "\"${aws_vpc_security_group_ingress_rule.alb__services__tcp-80__sg-edge.id}\"\n",
		  "\"${aws_vpc_security_group_ingress_rule.alb__services__tcp-80__sg-edge.id}\","
		  "\"${aws_vpc_security_group_ingress_rule.alb__services__tcp-80__sg-edge.id}\"\n",
		  "refers to a rule twice" },
		{ ">= 6.31, < 7.0", ">= 5.0, < 7.0", "needs version" },
	};

	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct world *w = exclusive_world(*state);
		const char *text = changed(w, good_output(w), wrong[i][0],
					   wrong[i][1]);

		if (read_text(w, text))
			print_message("read: %s\n", wrong[i][1]);
		assert_null(read_text(w, text));
		has(first_told(w)->message, wrong[i][2]);
	}
}

/* --- several groups of a layer --- */

static void sixty_one_rules_are_two_groups(void **state)
{
	struct world *w = crowded(*state, 61, 0);
	const char *text;

	allow(w, "ssh", "ops", "services", tcp(w, 22, 22));
	allow(w, "back", "services", "ops", tcp(w, 22, 22));
	text = good_output(w);
	has(text, "\"ops_2\": {");
	has(text, "\"name\": \"modyo-connect-prod-ops\"");
	has(text, "\"name\": \"modyo-connect-prod-ops-2\"");
	has(text, "\"firebreak:part\": \"1/2\"");
	has(text, "\"firebreak:part\": \"2/2\"");
	assert_int_equal(times(text, "firebreak:part"), 2);
	assert_int_equal(times(text, "\"security_group_id\": "
			       "\"${aws_security_group.ops_2.id}\""), 2);
	has_not(text, "\"referenced_security_group_id\": "
		      "\"${aws_security_group.ops_2.id}\"");
	assert_int_equal(told(w, "P0506"), 1);
	has(first_told(w)->message, "layer `ops` has 2 security groups");
	has(good_ec2(w), "{\"Key\": \"firebreak:part\", \"Value\": \"2/2\"}");
}

static void sixty_rules_are_one_group(void **state)
{
	struct world *w = crowded(*state, 60, 0);

	has_not(good_output(w), "firebreak:part");
	assert_int_equal(told(w, "P0506"), 0);
}

static void more_than_an_interface_holds_is_refused(void **state)
{
	struct world *w = crowded(*state, 300, 0);

	(void)good_output(w);
	w = crowded(*state, 300, 9);
	assert_null(emitted(w));
	assert_int_equal(told(w, "P0502"), 1);
	assert_int_equal(told(w, "P0506"), 0);
	has(first_told(w)->message, "the 5 security groups of an interface hold "
				    "60 each");
}

/* The number of its group in TEXT that the rule with KEY is in. */
static unsigned group_of_rule(const char *text, const char *key)
{
	static const char group[] = "\"security_group_id\": "
				    "\"${aws_security_group.ops";
	const char *at = strstr(text, key);

	assert_non_null(at);
	at = strstr(at, group);
	assert_non_null(at);
	at += strlen(group);
	return *at == '_' ? (unsigned)atoi(at + 1) : 1;
}

/* In a layer of P groups: P - 1 others at most, whatever comes in between. */
static void one_rule_more_moves_hardly_any(void **state)
{
	struct dice dice = dice_of(7);

	for (unsigned count = 60; count < 250; count += 19) {
		unsigned extra = 1001 + 2 * dice_roll(&dice, 400), moved = 0;
		const char *was = good_output(crowded(*state, count, 0));
		const char *is = good_output(crowded(*state, count, extra));

		for (unsigned i = 0; i < count; i++) {
			const char *key = arena_printf(*state,
				"\"r%u__ops__tcp-%u__", i, 1000 + 2 * i);

			moved += group_of_rule(was, key) !=
				 group_of_rule(is, key);
		}
		if (moved > count / 60)
			print_message("%u rules: %u moved\n", count, moved);
		assert_true(moved <= count / 60);
	}
}

static void the_name_of_a_rule_moves_none(void **state)
{
	struct world *w = crowded(*state, 150, 0), *other;
	const char *was = good_output(w), *is;

	other = crowded(*state, 150, 0);
	for (size_t i = 0; i < other->rules.count; i++)
		other->rules.at[i].name = arena_printf(*state, "x%zu",
							i * 7 % 150);
	is = good_output(other);
	for (unsigned i = 0; i < 150; i++)
		assert_int_equal(
			group_of_rule(was, arena_printf(*state,
				"\"r%u__ops__tcp-%u__", i, 1000 + 2 * i)),
			group_of_rule(is, arena_printf(*state,
				"\"x%u__ops__tcp-%u__", i * 7 % 150,
				1000 + 2 * i)));
}

static void a_layer_lacks_none_of_its_groups(void **state)
{
	static const char *const wrong[][2] = {
		{ "\"firebreak:part\": \"2/2\"", "\"firebreak:part\": \"1/2\"" },
		{ "\"firebreak:part\": \"2/2\"", "\"firebreak:part\": \"2/3\"" },
		{ "\"firebreak:part\": \"2/2\"", "\"firebreak:part\": \"3/3\"" },
		{ "\"firebreak:part\": \"2/2\"", "\"firebreak:part\": \"02/2\"" },
		{ "\"firebreak:part\": \"2/2\"", "\"firebreak:part\": \"2/2 \"" },
		{ "\"firebreak:part\": \"2/2\"", "\"firebreak:part\": \"2/99\"" },
		{ "\"firebreak:part\": \"2/2\"", "\"firebreak:part\": \"0/2\"" },
		{ "\"firebreak:part\": \"2/2\"", "\"firebreak:part\": \"\"" },
		{ "\"firebreak:part\": \"1/2\"", "\"x\": \"1/2\"" },
		{ "\"firebreak:layer\": \"edge\"", "\"firebreak:layer\": \"ops\"" },
		{ "\"firebreak:layer\": \"edge\"", "\"firebreak:part\": \"1/2\", "
		  "\"firebreak:layer\": \"edge\"" },
	};

	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct world *w = crowded(*state, 61, 0);
		const char *text = changed(w, good_output(w), wrong[i][0],
					   wrong[i][1]);
		const struct aws_model *model = read_text(w, text);
		struct sides sides = { 0 };

		if (model && backend_terraform.denote(&w->job, model, &sides))
			print_message("means something: %s\n", wrong[i][1]);
		assert_false(model && backend_terraform.denote(&w->job, model,
							       &sides));
		assert_true(told(w, "P0601") + told(w, "P0602") > 0);
	}
}

/* A rule less in the second group is found, and where. */
static void what_the_second_group_lacks_is_found(void **state)
{
	struct world *w = crowded(*state, 61, 0);
	const char *text = good_output(w);
	const char *at = strstr(text, "${aws_security_group.ops_2.id}");
	const char *from, *to;
	struct difference d;

	assert_non_null(at);
	for (from = at; *from != '\n'; from--)
		;
	to = strchr(at, '\n');
	if (to[-1] != ',')
		from--;			/* the last one: the comma before it */
	assert_false(proves(w, arena_printf(w->arena, "%.*s%s",
		(int)(from - text), text, to), &d));
	assert_int_equal(d.kind, DIFFERENCE_MISSING);
}

static void groups_of_one_name_are_told(void **state)
{
	struct world *w = crowded(*state, 61, 0);

	add_layer(w, "ops-2", "10.30.90.0/24");
	assert_null(emitted(w));
	assert_int_equal(told(w, "P0504"), 1);
}

/* --- other names for the same --- */

/* The output of W when BEFORE is what was applied; proved like any other. */
static const char *carried(struct world *w, const char *before)
{
	struct artefacts out = { 0 };
	struct difference d;

	assert_true(backend_terraform.emit(job_of(w), &out));
	assert_true(backend_terraform.carry(&w->job, "before", before,
					    strlen(before), &out.at[0]));
	assert_int_equal(out.at[0].len, strlen(out.at[0].bytes));
	assert_true(proves(w, out.at[0].bytes, &d));
	write_out(out.at[0].bytes, out.at[0].len);
	return out.at[0].bytes;
}

static struct world *one_rule(struct arena *arena, const char *name,
			      unsigned port)
{
	struct world *w = new_world(arena);

	allow(w, name, "edge", "services", tcp(w, port, port));
	return w;
}

static void a_rule_of_another_name_is_moved(void **state)
{
	const char *before = good_output(one_rule(*state, "old", 80));
	const char *text = carried(one_rule(*state, "new", 80), before);

	has(text, "\"from\": \"aws_vpc_security_group_egress_rule.old__edge__"
		  "tcp-80__sg-services\",\n      \"to\": \"aws_vpc_security_"
		  "group_egress_rule.new__edge__tcp-80__sg-services\"");
	has(text, "_ingress_rule.old__services__tcp-80__sg-edge\"");
	assert_int_equal(times(text, "\"from\": "), 2);
	/* and once more, from a file that has such blocks itself */
	has(carried(one_rule(*state, "newer", 80), text),
	    "\"from\": \"aws_vpc_security_group_egress_rule.new__");
}

static void what_is_another_rule_is_not_moved(void **state)
{
	const char *before = good_output(one_rule(*state, "old", 80));
	struct world *w = new_world(*state);

	has_not(carried(one_rule(*state, "old", 80), before), "\"moved\"");
	has_not(carried(one_rule(*state, "new", 81), before), "\"moved\"");
	allow(w, "new", "ops", "services", tcp(w, 80, 80));
	has_not(carried(w, before), "\"moved\"");
}

/* Rules between two layers on some of MANY ports, by bit of WHICH. */
enum { MANY = 6 };

static struct world *some_rules(struct arena *arena, unsigned which)
{
	struct world *w = new_world(arena);

	for (unsigned i = 0; i < MANY; i++)
		if (which >> i & 1)
			allow(w, arena_printf(arena, "r%u", i), "edge",
			      "services", tcp(w, 80 + 10 * i, 80 + 10 * i));
	return w;
}

static const char *many_key(struct arena *arena, unsigned i)
{
	return arena_printf(arena, "\"r%u__edge__tcp-%u__sg-services\"", i,
			    80 + 10 * i);
}

/*
 * The output of some_rules() where outbound rule I stands under the key of rule
 * AS[I]: keys have the content too, so that only lists and files of other people
 * have the like.
 */
static const char *under_keys(struct arena *arena, unsigned which,
			      const unsigned as[MANY])
{
	struct world *w = some_rules(arena, which);
	const char *text = good_output(w);

	for (int pass = 0; pass < 2; pass++)
		for (unsigned i = 0; i < MANY; i++) {
			const char *between = arena_printf(arena, "\"k%u\"", i);

			if (which >> i & 1)
				text = changed(w, text, pass ? between
					       : many_key(arena, i), pass
					       ? many_key(arena, as[i])
					       : between);
		}
	return text;
}

static const struct aws_rule *at_address(const struct aws_model *model,
					 const char *address)
{
	for (size_t i = 0; i < model->rule_count; i++) {
		const char *type = model->rules[i].is.direction == AWS_INGRESS
			? "aws_vpc_security_group_ingress_rule."
			: "aws_vpc_security_group_egress_rule.";

		if (strncmp(address, type, strlen(type)) == 0 &&
		    strcmp(address + strlen(type), model->rules[i].key) == 0)
			return &model->rules[i];
	}
	return NULL;
}

static bool same_port(const struct aws_rule *a, const struct aws_rule *b)
{
	return a && b && a->is.direction == b->is.direction &&
	       a->is.service.from == b->is.service.from;
}

static char *word_behind(struct arena *arena, const char *text, const char *key)
{
	const char *start = strstr(text, key) + strlen(key) + 1;

	return arena_copy(arena, start, strcspn(start, "\""));
}

/*
 * What Terraform makes of NOW where WAS is applied, by its documentation: it
 * refuses a block that leads away from what NOW has, does not follow one to what
 * WAS has.  No rule of both may be taken away or become another one.
 */
static void keeps_every_rule(struct world *w, const char *was, const char *now)
{
	const struct aws_model *before = read_text(w, was);
	const struct aws_model *after = read_text(w, now);

	assert_non_null(before);
	assert_non_null(after);
	for (const char *at = now; (at = strstr(at, "\"from\":")); at++) {
		const char *from = word_behind(w->arena, at, "\"from\": ");
		const char *to = word_behind(w->arena, at, "\"to\": ");

		assert_true(same_port(at_address(before, from),
				      at_address(after, to)));
		assert_null(at_address(after, from));
		assert_null(at_address(before, to));
	}
	for (size_t i = 0; i < before->rule_count; i++)
		for (size_t k = 0; k < after->rule_count; k++) {
			const struct aws_rule *a = &before->rules[i];
			const struct aws_rule *b = &after->rules[k];

			if (!same_port(a, b) || strcmp(a->key, b->key) == 0)
				continue;
			has(now, arena_printf(w->arena, "_rule.%s\",\n      \"to\"",
					      a->key));
			has(now, arena_printf(w->arena, "_rule.%s\"\n    }",
					      b->key));
		}
}

static void names_that_change_places_are_moved_apart(void **state)
{
	static const unsigned swapped[MANY] = { 1, 0, 2, 3, 4, 5 };
	static const unsigned straight[MANY] = { 0, 1, 2, 3, 4, 5 };
	const char *before = under_keys(*state, 3, swapped);
	struct world *w = some_rules(*state, 3);
	const char *now = carried(w, before), *later;

	assert_int_equal(times(now, "\"from\": "), 2);
	assert_int_equal(times(now, "__moved-"), 4);
	keeps_every_rule(w, before, now);
	/* the next build has the keys that it would have */
	later = carried(w, now);
	assert_int_equal(times(later, "\"from\": "), 2);
	assert_int_equal(times(later, "__moved-"), 2);
	keeps_every_rule(w, now, later);
	has_not(carried(w, under_keys(*state, 3, straight)), "\"moved\"");
}

static void names_change_places_and_no_rule_is_lost(void **state)
{
	struct dice dice = dice_of(11);

	for (int i = 0; i < 300; i++) {
		struct arena *arena = arena_child(*state);
		unsigned as[MANY] = { 0, 1, 2, 3, 4, 5 };
		unsigned was = 1 + dice_roll(&dice, (1 << MANY) - 1);
		unsigned is = 1 + dice_roll(&dice, (1 << MANY) - 1);
		struct world *w = some_rules(arena, is);
		const char *before, *now;

		dice_shuffle(&dice, as, MANY, sizeof *as);
		w->ir.aws.exclusive = dice_chance(&dice, 50);
		before = under_keys(arena, was, as);
		now = carried(w, before);
		keeps_every_rule(w, before, now);
		keeps_every_rule(w, now, carried(w, now));
		arena_free(arena);
	}
}

static void a_move_that_leads_astray_is_refused(void **state)
{
	static const char *const wrong[][3] = {
		{ ".new__edge__tcp-80__sg-services\"\n", ".gone\"\n",
		  "leads to no rule" },
		{ "egress_rule.old__edge__tcp-80__sg-services\",",
		  "egress_rule.new__edge__tcp-80__sg-services\",",
		  "leads away from a rule" },
		{ "egress_rule.old__edge__tcp-80__sg-services\",",
		  "ingress_rule.old__edge__tcp-80__sg-services\",",
		  "a rule of its kind" },
		{ "aws_vpc_security_group_egress_rule.old__edge__tcp-80__sg-services\",",
		  "aws_security_group.edge\",", "a rule of its kind" },
		{ "\"from\": ", "\"odd\": 1, \"from\": ", "not known here" },
		{ "\"from\": \"aws", "\"from\": \"${aws", "template" },
		{ "\"from\": \"aws_vpc_security_group_ingress_rule.old__services__tcp-80__sg-edge\"",
		  "\"from\": \"aws_vpc_security_group_ingress_rule.x\"},{"
		  "\"from\": \"aws_vpc_security_group_ingress_rule.x\"",
		  "is missing" },
		{ "\"moved\": [", "\"moved\": [{\"from\": "
		  "\"aws_vpc_security_group_egress_rule.x\", \"to\": "
		  "\"aws_vpc_security_group_egress_rule.new__edge__tcp-80__sg-services\"},",
		  "where another one does" },
		{ "\"moved\": [", "\"moved\": {}, \"m\": [", "not known here" },
	};

	for (size_t i = 0; i < COUNT(wrong); i++) {
		const char *before = good_output(one_rule(*state, "old", 80));
		struct world *w = one_rule(*state, "new", 80);
		const char *text = changed(w, carried(w, before), wrong[i][0],
					   wrong[i][1]);

		if (read_text(w, text))
			print_message("read: %s\n", wrong[i][1]);
		assert_null(read_text(w, text));
		has(first_told(w)->message, wrong[i][2]);
	}
}

/* --- an account that is there --- */

/* The rules of one group and direction, as describe-security-groups has them. */
static void put_permissions(struct text *out, const struct aws_model *m,
			    uint32_t group, enum aws_direction direction)
{
	const char *comma = "";

	text_printf(out, ", \"IpPermissions%s\": [",
		    direction == AWS_EGRESS ? "Egress" : "");
	for (size_t i = 0; i < m->rule_count; i++) {
		const struct aws_permission *is = &m->rules[i].is;

		if (is->group != group || is->direction != direction)
			continue;
		text_printf(out, "%s{\"IpProtocol\": \"tcp\", \"FromPort\": %d, "
			"\"ToPort\": %d, \"UserIdGroupPairs\": [{\"GroupId\": \"sg-0%u\"}]}",
			comma, is->service.from, is->service.to,
			(unsigned)is->peer.index);
		comma = ", ";
	}
	text_putc(out, ']');
}

/* What AWS would answer of the account in which the output TEXT is applied. */
static const char *capture_of(struct world *w, const char *text)
{
	const struct aws_model *m = read_text(w, text);
	struct text out = TEXT_IN(w->arena);

	text_puts(&out, "{\"SecurityGroups\": [");
	for (uint32_t i = 0; i < m->group_count; i++) {
		text_printf(&out, "%s{\"GroupId\": \"sg-0%u\", \"GroupName\": \"%s\", "
			"\"Description\": \"%s\", \"VpcId\": \"vpc-1\", \"Tags\": ["
			"{\"Key\": \"firebreak:policy\", \"Value\": \"%s\"}, "
			"{\"Key\": \"firebreak:customer\", \"Value\": \"%s\"}, "
			"{\"Key\": \"firebreak:environment\", \"Value\": \"%s\"}, "
			"{\"Key\": \"firebreak:layer\", \"Value\": \"%s\"}]",
			i ? "," : "", (unsigned)i, m->groups[i].name,
			m->groups[i].description, m->identity.policy,
			m->identity.customer, m->identity.environment,
			m->groups[i].layer);
		put_permissions(&out, m, i, AWS_INGRESS);
		put_permissions(&out, m, i, AWS_EGRESS);
		text_putc(&out, '}');
	}
	text_puts(&out, "], \"SecurityGroupRules\": [");
	for (size_t i = 0; i < m->rule_count; i++) {
		const struct aws_permission *is = &m->rules[i].is;

		assert_int_equal(is->peer.kind, AWS_GROUP);
		text_printf(&out, "%s{\"SecurityGroupRuleId\": \"sgr-0%zu\", "
			"\"GroupId\": \"sg-0%u\", \"IsEgress\": %s, \"IpProtocol\": "
			"\"tcp\", \"FromPort\": %d, \"ToPort\": %d, "
			"\"ReferencedGroupInfo\": {\"GroupId\": \"sg-0%u\"}}",
			i ? "," : "", i, (unsigned)is->group,
			is->direction == AWS_EGRESS ? "true" : "false",
			is->service.from, is->service.to,
			(unsigned)is->peer.index);
	}
	text_puts(&out, "]}");
	return text_string(&out);
}

static bool adopts(struct world *w, const char *text, const char *capture,
		   struct artefact *out)
{
	const struct artefact now = { "aws.tf.json", text, strlen(text) };
	const struct fb_capture from = { "capture", capture, strlen(capture) };

	return backend_terraform.adopt(job_of(w), &from, &now, out);
}

static void what_is_there_is_imported(void **state)
{
	static const char *const wrong[][3] = {
		{ "\"sg-00\"", "\"sg-01\"", "another name" },
		{ "\"sg-00\"", "\"sg-0f\"", "no group of the account" },
		{ "\"sgr-00\"", "\"sgr-01\"", "another rule" },
		{ "\"sgr-00\"", "\"sgr-0f\"", "no rule of the account" },
		{ "\"sgr-00\"", "\"${var.x}\"", "template" },
		{ "_rule.old__services", "_rule.new__services", "no resource" },
		{ "\"import\": [", "\"import\": [{\"id\": \"sg-00\"},", "is missing" },
		{ "\"import\": [", "\"import\": [{\"id\": \"sgr-00\", \"to\": \"aws_vpc_"
		  "security_group_ingress_rule.old__services__tcp-80__sg-edge\"},", "told twice" },
		{ "\"import\": [", "\"resource\": {}, \"import\": [", "not known here" },
	};
	struct world *w = one_rule(*state, "old", 80);
	const char *text = good_output(w);
	const struct aws_model *model = read_text(w, text);
	const char *capture = capture_of(w, text);
	const struct account *account;
	struct artefact out;

	assert_true(adopts(w, text, capture, &out));
	assert_int_equal(times(out.bytes, "\"to\": "),
			 model->group_count + model->rule_count);
	account = account_read(*state, &w->diags, "capture", capture,
			       strlen(capture));
	assert_non_null(account);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct world *other = new_world(*state);
		const char *bad = changed(w, out.bytes, wrong[i][0],
					  wrong[i][1]);
		const struct artefact file = { "imports.tf.json", bad,
					       strlen(bad) };

		if (aws_read_imports(*state, &other->diags, &file, model, account))
			print_message("read: %s\n", wrong[i][1]);
		assert_int_equal(other->diags.all.count > 0, 1);
		has(first_told(other)->message, wrong[i][2]);
	}
}

/* Both halves say the same of one group, and are two rules. */
static void each_half_of_a_self_reference_is_imported(void **state)
{
	struct world *w = new_world(*state);
	const char *text;
	struct artefact out;

	allow(w, "self", "services", "services", tcp(w, 80, 80));
	text = good_output(w);
	assert_true(adopts(w, text, capture_of(w, text), &out));
	assert_int_equal(times(out.bytes, "_rule.self__"), 2);
	assert_int_equal(told(w, "P0616"), 0);
}

static void what_would_be_made_anew_is_not_imported(void **state)
{
	struct world *w = one_rule(*state, "old", 80);
	const char *text = good_output(w);
	const char *capture = changed(w, capture_of(w, text), "\"Description\": \"layer edge",
		"\"Description\": \"another edge");
	struct artefact out;

	assert_true(adopts(w, text, capture, &out));
	has_not(out.bytes, "aws_security_group.edge\"");
	has_not(out.bytes, "_egress_rule.old__edge");
	/* nor a rule that refers to it, which would be another one */
	has_not(out.bytes, "_ingress_rule.old__services");
	has(out.bytes, "aws_security_group.services\"");
	assert_true(told(w, "P0616") >= 1);
}

/* --- against a second evaluator --- */

/* Is LAYER one of TAG, which has several with a `.` between? */
static bool names_layer(const char *tag, const char *layer)
{
	size_t len = strlen(layer);

	for (; *tag; tag += *tag == '.') {
		if (strncmp(tag, layer, len) == 0 &&
		    (tag[len] == '.' || !tag[len]))
			return true;
		tag += strcspn(tag, ".");
	}
	return false;
}

static bool holds(const struct aws_model *model, const struct world *w,
		  const struct aws_peer *peer, enum family family, u128 at)
{
	const struct aws_group *g = &model->groups[peer->index];
	struct range r;

	switch (peer->kind) {
	case AWS_PREFIX:
		r = prefix_range(peer->prefix);
		return peer->prefix.family == family && r.lo <= at &&
		       at <= r.hi;
	case AWS_LIST:
		return ranges_have(w->others[1].of[family], at);
	case AWS_GROUP:
		for (size_t i = 0; i < w->ir.layer_count; i++)
			if (names_layer(g->layer, w->layers[i].name) &&
			    ranges_have(w->hosts[i].of[family], at))
				return true;
	}
	return false;
}

static bool serves(const struct aws_service *s, const struct packet *p)
{
	int protocol = (int)service_protocol(p->svc);
	int value = (int)service_value(p->svc);

	if (s->protocol == AWS_ALL)
		return true;
	if (s->protocol != protocol)
		return false;
	if (protocol == PROTO_TCP || protocol == PROTO_UDP)
		return s->from <= value && value <= s->to;
	if (protocol == (p->family == IPV4 ? PROTO_ICMP : PROTO_ICMP6))
		return (s->from == AWS_ALL || s->from == value >> 8) &&
		       (s->to == AWS_ALL || s->to == (value & 0xff));
	return true;
}

/* Does a group of whoever is NEAR let P through in DIRECTION? */
static bool group_passes(const struct aws_model *model, const struct world *w,
			 const struct packet *p, enum aws_direction direction)
{
	u128 near = direction == AWS_INGRESS ? p->dst : p->src;
	u128 far = direction == AWS_INGRESS ? p->src : p->dst;

	for (size_t i = 0; i < model->rule_count; i++) {
		const struct aws_permission *is = &model->rules[i].is;
		const struct aws_peer self = { .kind = AWS_GROUP,
					       .index = is->group };

		if (is->direction == direction &&
		    holds(model, w, &self, p->family, near) &&
		    holds(model, w, &is->peer, p->family, far) &&
		    serves(&is->service, p))
			return true;
	}
	return false;
}

static bool is_ours(const struct world *w, enum family family, u128 at)
{
	for (size_t i = 0; i < w->ir.layer_count; i++)
		if (ranges_have(w->hosts[i].of[family], at))
			return true;
	return false;
}

static bool passes(const struct aws_model *model, const struct world *w,
		   const struct packet *p)
{
	bool out = is_ours(w, p->family, p->src);
	bool in = is_ours(w, p->family, p->dst);

	return (out || in) &&
	       (!out || group_passes(model, w, p, AWS_EGRESS)) &&
	       (!in || group_passes(model, w, p, AWS_INGRESS));
}

static bool is_permitted(const struct world *w, const struct packet *p)
{
	for (size_t i = 0; i < w->flows.count; i++) {
		const struct ir_flow *f = &w->flows.at[i];

		if (f->family == p->family && ranges_have(f->src, p->src) &&
		    ranges_have(f->dst, p->dst) && ranges_have(f->svc, p->svc))
			return true;
	}
	return false;
}

static const char *const places[] = {
	"data", "edge", "ops", "services", "core-banking", "s3", "internet",
	"any", "10.30.16.0/21", "10.30.64.0/23", "10.30.0.0/16", "10.30.0.0/25",
	"2600:1f18:4a3:6900::/80", "2600:1f18:4a3:6910::/64", "172.20.5.0/29",
	"10.30.16.0/20 10.30.32.0/20", "0.0.0.0/0", "::/0", "203.0.113.7",
	"data edge", "services ops", "core-banking s3 internet",
	"10.30.0.0/24 2600:1f18:4a3:6900::/80", "services 10.30.0.0/24",
	"edge 10.30.64.0/22", "internet core-banking s3 edge",
};

static struct both some_service(struct world *w, struct dice *dice)
{
	static const unsigned ports[] = { 0, 22, 80, 443, 5432, 65535 };
	unsigned port = ports[dice_roll(dice, COUNT(ports))];

	switch (dice_roll(dice, 8)) {
	case 0:	 return service_all(w->arena);
	case 1:	 return service_atom(w->arena, PROTO_ICMP, 8 << 8, 8 << 8);
	case 2:	 return service_atom(w->arena, PROTO_ICMP6, 128 << 8,
				     (128 << 8) + 255);
	case 3:	 return service_atom(w->arena, 50, 0, 65535);
	case 4:	 return both_union(w->arena, tcp(w, port, 65535),
			service_atom(w->arena, PROTO_UDP, 53, 53));
	case 5:	 return both_union(w->arena, tcp(w, port, port),
			service_atom(w->arena, PROTO_ICMP, 3 << 8,
				     (3 << 8) + 255));
	default: return tcp(w, port, port);
	}
}

/* Tasks on the hosts of `edge`: the same, some of them, or others too. */
static void share_edge(struct world *w, struct dice *dice)
{
	static const char *const hosts[] = {
		"10.30.0.0/24 2600:1f18:4a3:6900::/64",
		"10.30.0.0/25 2600:1f18:4a3:6900::/64",
		"10.30.0.128/25 10.30.1.0/25",
	};
	static const char *const ends[] = { "tasks", "edge tasks", "data",
					    "internet", "tasks services" };

	w->layers[1].shared_hosts = true;
	add_layer(w, "tasks", hosts[dice_roll(dice, COUNT(hosts))]);
	w->layers[w->ir.layer_count - 1].shared_hosts = true;
	for (int i = 0; i < 2; i++)
		allow(w, i ? "s1" : "s0", ends[dice_roll(dice, COUNT(ends))],
		      ends[dice_roll(dice, COUNT(ends))],
		      some_service(w, dice));
}

static struct world *random_world(struct arena *arena, struct dice *dice)
{
	struct world *w = new_world(arena);
	unsigned rules = 1 + dice_roll(dice, 6);

	if (dice_chance(dice, 30))
		share_edge(w, dice);
	w->ir.aws.exclusive = dice_chance(dice, 20);
	if (dice_chance(dice, 50)) {		/* several groups a layer */
		w->ir.aws.rules_per_group = 2 + dice_roll(dice, 20);
		w->ir.aws.groups_per_interface = 1 + dice_roll(dice, 16);
	}

	if (dice_chance(dice, 50)) {		/* no room between the layers */
		w->space.vpc = (struct both){ 0 };
		for (size_t i = 0; i < w->ir.layer_count; i++)
			w->space.vpc = both_union(arena, w->space.vpc,
						  w->hosts[i]);
	}

	for (unsigned i = 0; i < rules; i++)
		allow(w, arena_printf(arena, "r%u", i),
		      places[dice_roll(dice, COUNT(places))],
		      places[dice_roll(dice, COUNT(places))],
		      some_service(w, dice));
	return w;
}

static u128 random_address(struct world *w, struct dice *dice,
			   enum family family)
{
	struct both all = end_of(w, places[dice_roll(dice, COUNT(places))]);
	struct ranges at = all.of[family];
	struct range r;

	if (!at.count)
		return random_address(w, dice, family);
	r = at.at[dice_roll(dice, (unsigned)at.count)];
	return dice_chance(dice, 50) ? r.lo : r.hi;
}

static struct packet random_packet(struct world *w, struct dice *dice)
{
	enum family family = dice_chance(dice, 50) ? IPV4 : IPV6;
	struct ranges svc = NO_RANGES;
	struct packet p = { .family = family };

	while (!svc.count)
		svc = some_service(w, dice).of[family];
	p.svc = (uint32_t)(dice_chance(dice, 50) ? svc.at[0].lo :
						   svc.at[0].hi);
	p.src = random_address(w, dice, family);
	p.dst = random_address(w, dice, family);
	return p;
}

static void an_admitted_packet_is_a_permitted_one(struct world *w,
						  struct dice *dice,
						  const char *text)
{
	const struct aws_model *model = read_text(w, text);

	for (int i = 0; i < 400; i++) {
		struct packet p = random_packet(w, dice);
		bool touches = is_ours(w, p.family, p.src) ||
			       is_ours(w, p.family, p.dst);
		bool undeclared =
			strcmp(ir_address_owner(&w->ir, &w->space, p.family,
						p.src), "undeclared") == 0 ||
			strcmp(ir_address_owner(&w->ir, &w->space, p.family,
						p.dst), "undeclared") == 0;
		bool permitted = touches && is_permitted(w, &p);

		if (undeclared && !permitted)
			continue;
		if (passes(model, w, &p) != permitted)
			print_message("%s\n%s\n", text,
				      packet_text(w->arena, &p));
		assert_int_equal(passes(model, w, &p), permitted);
	}
}

/* What a group holds, counted in the file; the lists here weigh 1, IPv4. */
static unsigned count_in(const struct aws_model *file,
			 const struct fb_quota *q)
{
	unsigned count = 0;

	for (size_t i = 0; i < file->rule_count; i++) {
		const struct aws_permission *is = &file->rules[i].is;
		const struct aws_peer *peer = &is->peer;

		if (strcmp(file->groups[is->group].name, q->group) != 0 ||
		    (is->direction == AWS_INGRESS) != q->ingress)
			continue;
		count += peer->kind == AWS_GROUP ||
			 (peer->kind == AWS_LIST && !q->ipv6) ||
			 (peer->kind == AWS_PREFIX &&
			  (peer->prefix.family == IPV6) == q->ipv6);
	}
	return count;
}

static void rows_are_what_is_in_the_file(struct world *w, const char *text)
{
	const struct aws_model *file = read_text(w, text);
	struct artefacts out = { 0 };

	assert_true(backend_terraform.emit(job_of(w), &out));
	for (size_t i = 0; i < out.quotas.count; i++)
	{
		const struct fb_quota *q = &out.quotas.at[i];

		assert_int_equal(q->used, count_in(file, q));
		assert_true(q->used <= q->limit);
		assert_true(q->groups <= q->groups_limit);
	}
}

static void random_policies_are_said_exactly_or_refused(void **state)
{
	size_t said = 0, refused = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 600; seed++) {
		struct arena *arena = arena_new(0);
		struct dice dice = dice_of(seed);
		struct world *w = random_world(arena, &dice);
		const char *text = emitted(w);

		if (text) {
			text = good_output(w);
			an_admitted_packet_is_a_permitted_one(w, &dice, text);
			rows_are_what_is_in_the_file(w, text);
			(void)good_ec2(w);
			said++;
		} else {
			assert_true(told(w, "P0501") + told(w, "P0502") +
				    told(w, "P0503") > 0);
			refused++;
		}
		arena_free(arena);
	}
	assert_true(said > 100);
	assert_true(refused > 20);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(an_output_means_the_policy),
		IN_ARENA(a_policy_without_rules_is_groups_alone),
		IN_ARENA(an_environment_without_layers_has_no_file),
		IN_ARENA(the_unnamed_customer_has_no_tag),
		IN_ARENA(the_same_policy_is_the_same_bytes),
		IN_ARENA(ports_have_their_ends),
		IN_ARENA(any_is_one_rule_without_ports),
		IN_ARENA(any_to_any_is_a_prefix_a_family),
		IN_ARENA(icmp_is_type_and_code),
		IN_ARENA(icmp_refers_to_a_group_only_if_there_is_one_family),
		IN_ARENA(half_of_the_types_is_a_rule_each),
		IN_ARENA(all_codes_but_one_are_not_the_type),
		IN_ARENA(other_protocols_are_numbers_without_ports),
		IN_ARENA(any_except_a_port_is_more_than_aws_says),
		IN_ARENA(both_families_are_one_reference),
		IN_ARENA(one_family_between_dual_stack_layers_is_prefixes),
		IN_ARENA(the_other_family_by_another_rule_is_no_reason_for_a_reference),
		IN_ARENA(the_other_family_of_a_part_is_no_reason_for_a_reference),
		IN_ARENA(the_other_family_of_another_layer_is_no_reason_for_a_reference),
		IN_ARENA(a_layer_of_one_family_is_referred_to),
		IN_ARENA(a_whole_network_is_its_prefix_list),
		IN_ARENA(a_part_of_a_network_is_prefixes),
		IN_ARENA(lists_of_one_name_and_other_contents_are_not_referred_to),
		IN_ARENA(networks_of_one_list_are_one_peer),
		IN_ARENA(a_list_has_one_family),
		IN_ARENA(undeclared_space_may_be_covered),
		IN_ARENA(a_prefix_alone_stays_as_it_is),
		IN_ARENA(layers_that_cannot_send_may_be_covered_on_ingress),
		IN_ARENA(layers_are_not_covered_on_egress),
		IN_ARENA(what_a_layer_can_send_is_not_harmless),
		IN_ARENA(layers_that_can_send_are_not_covered),
		IN_ARENA(a_part_of_a_layer_is_exact_at_the_other_end),
		IN_ARENA(parts_of_both_ends_that_cross_are_refused),
		IN_ARENA(parts_of_both_ends_that_say_all_are_allowed),
		IN_ARENA(parts_that_cross_on_other_ports_are_allowed),
		IN_ARENA(a_part_of_a_layer_cannot_be_told_apart_outside),
		IN_ARENA(parts_that_make_up_a_layer_are_the_layer),
		IN_ARENA(sixty_rules_fit_and_sixty_one_do_not),
		IN_ARENA(a_reference_counts_in_both_families),
		IN_ARENA(a_list_of_a_customer_counts_its_entries),
		IN_ARENA(a_list_counts_what_it_may_hold),
		IN_ARENA(rows_say_how_full_every_group_is),
		IN_ARENA(four_fifths_are_not_more_than_four_fifths),
		IN_ARENA(what_a_wider_wording_would_add_is_said),
		IN_ARENA(one_permission_of_two_rules_names_both),
		IN_ARENA(names_beyond_a_tag_are_counted),
		IN_ARENA(keys_of_strange_names_stay_apart),
		IN_ARENA(hostile_texts_do_no_harm),
		IN_ARENA(a_hostile_prefix_list_name_comes_back_as_it_is),
		IN_ARENA(a_prefix_list_name_that_cannot_be_is_refused),
		IN_ARENA(a_list_named_by_region_needs_one),
		IN_ARENA(group_names_that_aws_does_not_take_are_told),
		IN_ARENA(long_names_are_cut_and_stay_apart),
		IN_ARENA(what_is_not_understood_is_refused),
		IN_ARENA(the_same_permission_twice_is_refused),
		IN_ARENA(a_text_cut_anywhere_is_refused),
		IN_ARENA(every_change_is_found),
		IN_ARENA(a_half_open_rule_is_found_on_its_side),
		IN_ARENA(a_file_of_another_layer_is_not_ours),
		IN_ARENA(a_layer_without_addresses_here_has_no_group),
		IN_ARENA(a_list_of_two_contents_means_nothing),
		IN_ARENA(icmp_by_a_reference_is_protocol_1_over_ipv6),
		IN_ARENA(a_list_that_no_rule_refers_to_says_nothing),
		IN_ARENA(a_list_nobody_declares_is_not_ours),
		IN_ARENA(layers_that_share_hosts_share_a_group),
		IN_ARENA(shared_hosts_that_lie_apart_have_a_group_each),
		IN_ARENA(hosts_that_one_layer_alone_has_do_not_get_the_rules_of_both),
		IN_ARENA(a_file_may_name_only_layers_that_share_hosts),
		IN_ARENA(permissions_are_as_the_api_takes_them),
		IN_ARENA(an_answer_may_lack_what_it_may_lack),
		IN_ARENA(an_answer_that_is_not_understood_is_refused),
		IN_ARENA(a_group_of_nobody_admits_what_nobody_permits),
		IN_ARENA(rules_by_their_ids_have_to_agree_with_the_groups),
		IN_ARENA(the_default_group_is_emptied),
		IN_ARENA(the_default_group_has_the_policys_tags_and_none_of_ours),
		IN_ARENA(a_file_that_leaves_the_default_group_is_not_equal),
		IN_ARENA(the_default_group_may_be_kept),
		IN_ARENA(a_default_group_with_rules_is_refused),
		IN_ARENA(memory_that_runs_out_while_reading_ends_the_reading),
		IN_ARENA(our_own_mistakes_are_found),
		IN_ARENA(no_more_groups_than_an_interface_takes),
		IN_ARENA(exclusive_groups_list_their_rules),
		IN_ARENA(a_list_of_other_rules_is_refused),
		IN_ARENA(sixty_one_rules_are_two_groups),
		IN_ARENA(sixty_rules_are_one_group),
		IN_ARENA(more_than_an_interface_holds_is_refused),
		IN_ARENA(one_rule_more_moves_hardly_any),
		IN_ARENA(the_name_of_a_rule_moves_none),
		IN_ARENA(a_layer_lacks_none_of_its_groups),
		IN_ARENA(what_the_second_group_lacks_is_found),
		IN_ARENA(groups_of_one_name_are_told),
		IN_ARENA(a_rule_of_another_name_is_moved),
		IN_ARENA(what_is_another_rule_is_not_moved),
		IN_ARENA(names_that_change_places_are_moved_apart),
		IN_ARENA(names_change_places_and_no_rule_is_lost),
		IN_ARENA(a_move_that_leads_astray_is_refused),
		IN_ARENA(what_is_there_is_imported),
		IN_ARENA(each_half_of_a_self_reference_is_imported),
		IN_ARENA(what_would_be_made_anew_is_not_imported),
		cmocka_unit_test(random_policies_are_said_exactly_or_refused),
	};

	if (argc > 1)
		output_directory = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
