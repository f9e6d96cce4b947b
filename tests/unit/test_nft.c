/*
 * The nftables backend from both ends: what is emitted reads back and means
 * the policy, and what was changed by hand is found with a packet or refused.
 * A second evaluator, which walks the chain packet by packet, checks denote().
 */
#include "backends/nft/nft.h"

#include "backends/nft/base_set.h"
#include "backends/nft/context.h"
#include "backends/nft/model.h"
#include "compiler/base/addr.h"
#include "compiler/base/text.h"
#include "tests/lib/dice.h"
#include "tests/lib/fixture.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* --- a world: one environment with a few layers, rules given as text --- */

enum { EDGE, SERVICES, DATA, LAYERS };

struct world {
	struct arena *arena;
	struct diags diags;
	struct ir ir;
	struct ir_layer layers[LAYERS];
	struct ir_customer customer;
	struct ir_space space;
	struct both hosts[LAYERS];
	const char *environment;
	LIST(struct ir_rule) rules;
	LIST(struct ir_flow) flows;
	struct meaning meaning;
	struct job job;
};

/* "10.0.0.0/8 10.1.2.3": prefixes of one family, "any" for all. */
static struct ranges addresses(struct arena *arena, enum family family,
			       const char *text)
{
	LIST(struct range) all = { 0 };

	if (strcmp(text, "any") == 0)
		return family_all(arena, family);
	while (*text) {
		size_t len = strcspn(text, " ");
		struct prefix p;

		assert_int_equal(prefix_read(text, len, &p), PREFIX_OK);
		if (p.family == family)
			*LIST_PUSH(arena, &all) = prefix_range(p);
		text += len;
		text += *text == ' ';
	}
	return ranges_of(arena, all.at, all.count);
}

static struct both both_addresses(struct arena *arena, const char *text)
{
	return (struct both){ { addresses(arena, IPV4, text),
				addresses(arena, IPV6, text) } };
}

static struct world *new_world(struct arena *arena)
{
	struct world *w = arena_alloc(arena, sizeof *w);

	w->arena = arena;
	w->diags.arena = arena;
	w->layers[EDGE].name = "edge";
	w->layers[SERVICES].name = "services";
	w->layers[DATA].name = "data";
	w->hosts[EDGE] = both_addresses(arena, "10.0.0.0/24");
	w->hosts[SERVICES] = both_addresses(arena,
					    "10.0.16.0/20 2001:db8:1::/64");
	w->hosts[DATA] = both_addresses(arena,
					"10.0.64.0/22 10.0.70.5 2001:db8:2::/64");
	w->customer.name = "banco-andino";
	w->environment = "prod";
	w->space.layers = w->hosts;
	w->space.vpc = both_addresses(arena, "10.0.0.0/16 2001:db8::/32");
	w->ir.policy = "connect";
	return w;
}

/* A rule between two sets of addresses, in both families where it can be. */
static void allow(struct world *w, const char *name, const char *src,
		  const char *dst, struct both svc)
{
	uint32_t rule = (uint32_t)w->rules.count;

	*LIST_PUSH(w->arena, &w->rules) = (struct ir_rule){ .name = name,
							    .in_force = true };
	for (int family = IPV4; family < FAMILIES; family++) {
		struct ir_flow f = { rule, 0, IR_NO_SPACE, family,
				     addresses(w->arena, family, src),
				     addresses(w->arena, family, dst),
				     svc.of[family] };

		if (f.src.count && f.dst.count && f.svc.count)
			*LIST_PUSH(w->arena, &w->flows) = f;
	}
}

/* The job of the finished world. */
static const struct job *job_of(struct world *w)
{
	w->ir.layers = w->layers;
	w->ir.layer_count = LAYERS;
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

static struct both tcp(struct world *w, unsigned lo, unsigned hi)
{
	return service_atom(w->arena, PROTO_TCP, lo, hi);
}

static struct both udp(struct world *w, unsigned lo, unsigned hi)
{
	return service_atom(w->arena, PROTO_UDP, lo, hi);
}

static struct both icmp(struct world *w, unsigned lo, unsigned hi)
{
	return service_atom(w->arena, PROTO_ICMP, lo, hi);
}

static struct both icmp6(struct world *w, unsigned lo, unsigned hi)
{
	return service_atom(w->arena, PROTO_ICMP6, lo, hi);
}

static struct both proto(struct world *w, unsigned number)
{
	return service_atom(w->arena, number, 0, 0xffff);
}

/* --- what becomes of a text --- */

enum outcome { PROVED, DIFFERS, REFUSED };

struct verdict {
	enum outcome outcome;
	struct packet packet;	/* DIFFERS */
	bool admitted;		/* DIFFERS: it passes and should not */
	const char *label;	/* DIFFERS: where */
	const char *told;	/* REFUSED: why */
};

static struct verdict compare(struct world *w, const struct sides *sides)
{
	struct verdict v = { .outcome = DIFFERS };

	for (size_t i = 0; i < sides->count; i++) {
		const struct side *s = &sides->at[i];

		v.label = s->label;
		v.admitted = true;
		if (!boxes_within(w->arena, s->family, &s->admitted, &s->may,
				  &v.packet))
			return v;
		v.admitted = false;
		if (!boxes_within(w->arena, s->family, &s->must, &s->admitted,
				  &v.packet))
			return v;
	}
	v.outcome = PROVED;
	return v;
}

static struct verdict refused(struct world *w)
{
	size_t count;
	const struct fb_diag *all = diag_list(&w->diags, &count);
	struct verdict v = { .outcome = REFUSED };

	assert_true(count > 0);
	v.told = all[count - 1].message;
	return v;
}

static struct verdict judge(struct world *w, const char *bytes, size_t len)
{
	struct identity id;
	struct sides sides = { 0 };
	const void *model = backend_nft.read(w->arena, &w->diags, "x.nft",
					     bytes, len, &id);

	if (!model || !backend_nft.denote(&w->job, model, &sides))
		return refused(w);
	return compare(w, &sides);
}

/* The file of LAYER; that of the gateway is behind them. */
static struct artefact emitted(struct world *w, int layer)
{
	struct artefacts files = { 0 };

	assert_true(backend_nft.emit(job_of(w), &files));
	assert_int_equal(files.count, LAYERS + 1);
	return files.at[layer];
}

static void assert_proved(struct world *w)
{
	struct artefacts files = { 0 };

	assert_true(backend_nft.emit(job_of(w), &files));
	for (size_t i = 0; i < files.count; i++) {
		struct verdict v = judge(w, files.at[i].bytes,
					 files.at[i].len);

		assert_true(backend_nft.recognise(files.at[i].bytes,
						  files.at[i].len));
		if (v.outcome == DIFFERS)
			fail_msg("%s: %s\n%s", v.label,
				 packet_text(w->arena, &v.packet),
				 files.at[i].bytes);
		if (v.outcome == REFUSED)
			fail_msg("%s\n%s", v.told, files.at[i].bytes);
	}
	assert_int_equal(w->diags.errors, 0);
}

/* FILE's text with the first OLD in it become NEW. */
static const char *changed(struct world *w, const char *bytes, const char *old,
			   const char *new)
{
	const char *at = strstr(bytes, old);

	if (!at)
		fail_msg("no `%s` in\n%s", old, bytes);
	return arena_printf(w->arena, "%.*s%s%s", (int)(at - bytes), bytes,
			    new, at + strlen(old));
}

static struct verdict judge_changed(struct world *w, int layer,
				    const char *old, const char *new)
{
	const char *text = changed(w, emitted(w, layer).bytes, old, new);

	return judge(w, text, strlen(text));
}

static void assert_differs(struct world *w, int layer, const char *old,
			   const char *new, const char *packet)
{
	struct verdict v = judge_changed(w, layer, old, new);

	if (v.outcome == REFUSED)
		fail_msg("refused: %s", v.told);
	assert_int_equal(v.outcome, DIFFERS);
	assert_string_equal(packet_text(w->arena, &v.packet), packet);
}

static void assert_refused(struct world *w, int layer, const char *old,
			   const char *new, const char *why)
{
	struct verdict v = judge_changed(w, layer, old, new);

	if (v.outcome != REFUSED)
		fail_msg("not refused: `%s`", new);
	if (!strstr(v.told, why))
		fail_msg("`%s` is not in `%s`", why, v.told);
}

/* So many of each kind that they are looked up in sets. */
static void pad(struct world *w)
{
	for (unsigned i = 0; i < 9; i++) {
		allow(w, "pads", "10.0.0.0/24 2001:db8:1::/64",
		      "10.0.64.0/22 2001:db8:2::/64",
		      tcp(w, 7001 + 2 * i, 7001 + 2 * i));
		allow(w, "pads", "10.0.0.0/24", "10.0.64.0/22",
		      icmp(w, 0xb00 + 2 * i, 0xb00 + 2 * i));
		allow(w, "pads", "2001:db8:1::/64", "2001:db8:2::/64",
		      icmp6(w, 0x100 + 2 * i, 0x100 + 2 * i));
		allow(w, "pads", "10.0.0.0/24", "10.0.64.0/22",
		      proto(w, 100 + 2 * i));
		allow(w, "pads", "10.0.64.0/22", "10.0.0.0/24",
		      udp(w, 8001 + 2 * i, 8001 + 2 * i));
	}
}

/* A world with something of everything. */
static struct world *rich_world(struct arena *arena)
{
	struct world *w = new_world(arena);

	allow(w, "public", "any", "10.0.0.0/24", tcp(w, 443, 443));
	allow(w, "alb", "10.0.0.0/24", "10.0.16.0/20", tcp(w, 32768, 65535));
	allow(w, "db", "10.0.16.0/20 2001:db8:1::/64",
	      "10.0.64.0/22 10.0.70.5 2001:db8:2::/64", tcp(w, 5432, 5432));
	allow(w, "ping", "10.0.0.0/24", "10.0.64.0/22", icmp(w, 0x800, 0x8ff));
	allow(w, "frag", "10.0.0.0/24", "10.0.64.0/22", icmp(w, 0x304, 0x304));
	allow(w, "ping6", "2001:db8:1::/64", "2001:db8:2::/64",
	      icmp6(w, 0x8000, 0x80ff));
	allow(w, "esp", "10.0.0.0/24", "10.0.64.0/22", proto(w, 50));
	allow(w, "dns", "10.0.64.0/22", "any", udp(w, 53, 53));
	pad(w);
	return w;
}

/* --- emitted text is proved --- */

static void a_policy_without_rules_is_proved(void **state)
{
	assert_proved(new_world(*state));
}

static void a_policy_with_something_of_everything_is_proved(void **state)
{
	assert_proved(rich_world(*state));
}

static void first_and_last_ports_are_proved(void **state)
{
	struct world *w = new_world(*state);

	allow(w, "first", "any", "10.0.64.0/22", tcp(w, 0, 0));
	allow(w, "last", "any", "10.0.64.0/22", udp(w, 65535, 65535));
	allow(w, "but-first", "any", "10.0.0.0/24", tcp(w, 1, 65535));
	allow(w, "but-last", "any", "10.0.0.0/24", udp(w, 0, 65534));
	assert_proved(w);
}

static void one_address_and_the_whole_family_are_proved(void **state)
{
	struct world *w = new_world(*state);

	allow(w, "one", "192.0.2.1 2001:db8:9::1",
	      "10.0.70.5 2001:db8:2::7", tcp(w, 22, 22));
	allow(w, "whole", "any", "10.0.64.0/22 2001:db8:2::/64",
	      tcp(w, 443, 443));
	allow(w, "out", "10.0.70.5 2001:db8:2::/64", "any", tcp(w, 80, 80));
	allow(w, "ends", "0.0.0.0 255.255.255.255", "10.0.70.5",
	      tcp(w, 1, 1));
	assert_proved(w);
}

static void icmp_types_and_codes_are_proved(void **state)
{
	struct world *w = new_world(*state);

	allow(w, "one", "any", "10.0.64.0/22", icmp(w, 0x0304, 0x0304));
	allow(w, "across", "any", "10.0.0.0/24", icmp(w, 0x03f0, 0x0502));
	allow(w, "to-last", "any", "10.0.70.5", icmp(w, 0x03f0, 0xffff));
	allow(w, "all", "10.0.70.5", "any", icmp(w, 0, 0xffff));
	allow(w, "six", "any", "2001:db8:2::/64", icmp6(w, 0x8001, 0x8105));
	allow(w, "all6", "2001:db8:2::/64", "any", icmp6(w, 0, 0xffff));
	assert_proved(w);
}

/* icmp over IPv6 and icmp6 over IPv4 are protocols without values. */
static void protocols_without_values_are_proved(void **state)
{
	struct world *w = new_world(*state);
	struct both odd = proto(w, 50);
	struct ranges one = ranges_one(w->arena, service_key(1, 0),
				       service_key(1, 0xffff));
	struct ranges six = ranges_one(w->arena, service_key(58, 0),
				       service_key(58, 0xffff));

	odd.of[IPV4] = ranges_union(w->arena, odd.of[IPV4], six);
	odd.of[IPV6] = ranges_union(w->arena, odd.of[IPV6], one);
	allow(w, "odd", "any", "10.0.64.0/22 2001:db8:2::/64", odd);
	allow(w, "hop", "any", "10.0.70.5", proto(w, 0));
	allow(w, "last", "any", "10.0.70.5", proto(w, 255));
	assert_proved(w);
}

static void any_service_and_any_but_one_are_proved(void **state)
{
	struct world *w = new_world(*state);
	struct both all = service_all(w->arena);

	allow(w, "any", "any", "10.0.64.0/22 2001:db8:2::/64", all);
	allow(w, "but-ssh", "any", "10.0.0.0/24 2001:db8:1::/64",
	      both_minus(w->arena, all, tcp(w, 22, 22)));
	allow(w, "but-echo", "10.0.70.5", "any",
	      both_minus(w->arena, all, icmp(w, 0x800, 0x8ff)));
	assert_proved(w);
}

static void a_whole_protocol_is_looked_up_without_its_ports(void **state)
{
	struct world *w = new_world(*state);
	const char *text;

	allow(w, "tcp", "any", "10.0.70.5", tcp(w, 0, 65535));
	text = emitted(w, DATA).bytes;
	assert_null(strstr(text, "dport 0-65535"));
	assert_non_null(strstr(text, "ip daddr 10.0.70.5 meta l4proto tcp accept"));
	assert_proved(w);
}

static void rules_within_one_layer_are_on_both_sides(void **state)
{
	struct world *w = new_world(*state);
	const char *text;

	allow(w, "peers", "10.0.64.0/22", "10.0.64.0/22", tcp(w, 7000, 7001));
	text = strstr(emitted(w, DATA).bytes, "\"peers\"");
	assert_non_null(text);
	assert_non_null(strstr(text + 1, "\"peers\""));
	assert_proved(w);
}

static void the_unnamed_customer_is_a_dash(void **state)
{
	struct world *w = rich_world(*state);
	struct artefact file;
	struct identity id;

	w->customer.name = "";
	file = emitted(w, DATA);
	assert_non_null(strstr(file.bytes, "\"firebreak connect - prod data\""));
	assert_non_null(backend_nft.read(*state, &w->diags, "x", file.bytes,
					 file.len, &id));
	assert_string_equal(id.policy, "connect");
	assert_string_equal(id.customer, "");
	assert_string_equal(id.environment, "prod");
	assert_string_equal(id.layer, "data");
	assert_proved(w);
}

static void emitting_twice_gives_the_same_bytes(void **state)
{
	struct world *w = rich_world(*state);
	struct artefact a = emitted(w, DATA), b = emitted(w, DATA);

	assert_string_equal(a.path, "nft/data.nft");
	assert_string_equal(a.bytes, b.bytes);
}

static void layers_without_addresses_have_no_file(void **state)
{
	struct world *w = rich_world(*state);
	struct artefacts files = { 0 };

	w->hosts[SERVICES] = (struct both){ 0 };
	assert_true(backend_nft.emit(job_of(w), &files));
	assert_int_equal(files.count, 3);
	assert_string_equal(files.at[0].path, "nft/edge.nft");
	assert_string_equal(files.at[1].path, "nft/data.nft");
	assert_string_equal(files.at[2].path, "nft/gateway.nft");
}

static bool overlap(const struct nft_set *set, const struct nft_element *a,
		    const struct nft_element *b)
{
	for (unsigned i = 0; i < set->width; i++)
		if (a->key[i].hi < b->key[i].lo || b->key[i].hi < a->key[i].lo)
			return false;
	return true;
}

/* The kernel refuses a set of concatenated ranges that overlap. */
static void elements_of_a_set_are_disjoint(void **state)
{
	struct world *w = rich_world(*state);
	const struct nft_model *model;

	allow(w, "wide", "10.0.0.0/8", "10.0.64.0/20", tcp(w, 1, 6000));
	allow(w, "deep", "10.0.16.7", "10.0.64.9", tcp(w, 5000, 7000));
	allow(w, "all", "10.0.16.0/24", "10.0.64.0/24", service_all(*state));
	assert_proved(w);
	model = nft_lower(job_of(w), *state, DATA);
	assert_non_null(model);
	for (size_t s = 0; s < model->sets.count; s++) {
		const struct nft_set *set = model->sets.at[s];

		for (size_t i = 0; i < set->elements.count; i++)
			for (size_t j = 0; j < i; j++)
				assert_false(overlap(set, &set->elements.at[i],
						     &set->elements.at[j]));
	}
}

/* --- names --- */

static void elements_name_the_rules_they_come_from(void **state)
{
	struct world *w = new_world(*state);

	allow(w, "a-rule", "any", "10.0.70.5", tcp(w, 22, 80));
	allow(w, "b.rule", "any", "10.0.70.5", tcp(w, 22, 80));
	assert_non_null(strstr(emitted(w, DATA).bytes,
			       "tcp dport 22-80 accept comment \"a-rule, b.rule\""));
}

static void many_names_are_cut_and_counted(void **state)
{
	struct world *w = new_world(*state);

	for (int i = 0; i < 20; i++)
		allow(w, arena_printf(*state, "a-rather-long-name-%02d", i),
		      "any", "10.0.70.5", tcp(w, 22, 22));
	assert_non_null(strstr(emitted(w, DATA).bytes,
			       "a-rather-long-name-03 +16\""));
	assert_proved(w);
}

static void a_name_longer_than_a_comment_is_cut(void **state)
{
	struct world *w = new_world(*state);
	char *name = arena_alloc(*state, 301);
	const char *comment;

	memset(name, 'a', 300);
	allow(w, name, "any", "10.0.70.5", tcp(w, 22, 22));
	allow(w, "b", "any", "10.0.70.5", tcp(w, 22, 22));
	comment = strstr(emitted(w, DATA).bytes, "\"aa");
	assert_non_null(comment);
	assert_int_equal(strspn(comment + 1, "a"), 100);
	assert_memory_equal(comment + 101, " +1\"", 4);
	assert_proved(w);
}

static void assert_not_emitted(struct world *w)
{
	struct artefacts files = { 0 };
	size_t count;
	const struct fb_diag *told;

	assert_false(backend_nft.emit(job_of(w), &files));
	assert_int_equal(files.count, 0);
	told = diag_list(&w->diags, &count);
	assert_true(count > 0);
	assert_string_equal(told[0].code, "P0520");
}

static void hostile_rule_names_are_not_emitted(void **state)
{
	static const char *const names[] = { "a\"b", "a\nb", "a\\b", "", "a b",
					     "a;b", "a#b", "\xc3\xa9" };

	for (size_t i = 0; i < COUNT(names); i++) {
		struct world *w = new_world(*state);

		allow(w, names[i], "any", "10.0.70.5", tcp(w, 22, 22));
		assert_not_emitted(w);
	}
}

static void hostile_identities_are_not_emitted(void **state)
{
	struct world *w = new_world(*state);

	w->layers[DATA].name = "../data";
	assert_not_emitted(w);
	w = new_world(*state);
	w->ir.policy = "a b";
	assert_not_emitted(w);
	w = new_world(*state);
	w->environment = "prod\" }";
	assert_not_emitted(w);
	w = new_world(*state);
	w->customer.name = "x\ny";
	assert_not_emitted(w);
}

static void an_identity_fits_a_comment_or_is_not_emitted(void **state)
{
	struct world *w = new_world(*state);
	char *name = arena_alloc(*state, 200);
	/* "firebreak " NAME " banco-andino prod services" */
	size_t fits = NFT_COMMENT_MOST - 10 - 27;

	memset(name, 'p', fits);
	w->ir.policy = name;
	assert_proved(w);
	name[fits] = 'p';
	assert_not_emitted(w);
}

/* --- changes are found --- */

static void a_wider_port_is_found(void **state)
{
	assert_differs(rich_world(*state), DATA, "tcp . 5432 ",
		       "tcp . 5431-5432 ",
		       "tcp 10.0.16.1 -> 10.0.64.1 port 5431");
}

static void a_wider_prefix_is_found(void **state)
{
	assert_differs(rich_world(*state), DATA, "10.0.16.0/20 . 10.0.64.0/22",
		       "10.0.0.0/19 . 10.0.64.0/22",
		       "tcp 10.0.0.1 -> 10.0.64.1 port 5432");
}

static void a_missing_element_is_found(void **state)
{
	assert_differs(rich_world(*state), DATA, "10.0.70.5 . tcp",
		       "10.0.70.6 . tcp",
		       "tcp 10.0.16.1 -> 10.0.70.6 port 5432");
}

static void another_protocol_is_found(void **state)
{
	assert_differs(rich_world(*state), DATA, ". tcp . 5432",
		       ". udp . 5432",
		       "udp 10.0.16.1 -> 10.0.64.1 port 5432");
}

static void another_type_and_code_are_found(void **state)
{
	struct world *w = rich_world(*state);

	assert_differs(w, DATA, "3 . 4 ", "3 . 5 ",
		       "icmp 10.0.0.1 -> 10.0.64.1 type 3 code 5");
	assert_differs(w, DATA, "128 . 0-255", "129 . 0-255",
		       "icmp6 2001:db8:1::1 -> 2001:db8:2::1 type 129 code 0");
}

static void another_plain_protocol_is_found(void **state)
{
	assert_differs(rich_world(*state), DATA, ". 50 ", ". ah ",
		       "protocol 51 10.0.0.1 -> 10.0.64.1");
}

static void sides_that_change_places_are_found(void **state)
{
	assert_differs(rich_world(*state), DATA,
		       "ip saddr . ip daddr . meta l4proto . th dport @in",
		       "ip daddr . ip saddr . meta l4proto . th dport @in",
		       "tcp 10.0.64.1 -> 10.0.0.1 port 7001");
}

static void an_open_policy_is_found(void **state)
{
	assert_differs(rich_world(*state), DATA, "policy drop",
		       "policy accept", "tcp 0.0.0.1 -> 0.0.0.1 port 1");
}

static void a_missing_policy_accepts(void **state)
{
	assert_differs(rich_world(*state), DATA, " policy drop;", "",
		       "tcp 0.0.0.1 -> 0.0.0.1 port 1");
}

static void a_missing_chain_lets_everything_pass(void **state)
{
	struct world *w = rich_world(*state);
	const char *text = emitted(w, DATA).bytes;
	const char *cut = strstr(text, "\tchain output");
	struct verdict v;

	text = arena_printf(w->arena, "%.*s}\n", (int)(cut - text), text);
	v = judge(w, text, strlen(text));
	assert_int_equal(v.outcome, DIFFERS);
	assert_true(v.admitted);
	assert_non_null(strstr(v.label, "output"));
}

static void another_hop_limit_is_found(void **state)
{
	struct verdict v = judge_changed(rich_world(*state), DATA,
					 "hoplimit 255", "hoplimit 254");

	assert_int_equal(v.outcome, DIFFERS);
	assert_non_null(strstr(v.label, "hop limit 25"));
}

static void a_missing_hop_limit_is_found(void **state)
{
	assert_differs(rich_world(*state), DATA, "ip6 hoplimit 255 ",
		       "meta nfproto ipv6 ",
		       "icmp6 ::1 -> ::1 type 133 code 0");
}

static void another_source_port_is_found(void **state)
{
	struct world *w = rich_world(*state);
	struct verdict v = judge_changed(w, DATA, "udp sport 67", "udp sport 66");

	assert_int_equal(v.outcome, DIFFERS);
	assert_non_null(strstr(v.label, "source port 6"));
	assert_differs(w, DATA, "udp sport 67 ", "",
		       "udp 0.0.0.1 -> 0.0.0.1 port 68");
}

/* What passes only from some ports, or at some distance, is not what is meant. */
static void a_rule_for_part_of_all_contexts_is_found(void **state)
{
	struct world *w = rich_world(*state);

	assert_differs(w, DATA, "ip saddr . ip daddr . meta l4proto . th",
		       "th sport 0-1000 ip saddr . ip daddr . meta l4proto . th",
		       "tcp 10.0.0.1 -> 10.0.64.1 port 7001");
	assert_differs(w, DATA, "meta l4proto . th dport @in6",
		       "ip6 hoplimit { 0-200, 255 } meta l4proto . th dport @in6",
		       "tcp 2001:db8:1::1 -> 2001:db8:2::1 port 5432");
}

static void states_that_change_are_found(void **state)
{
	struct world *w = rich_world(*state);

	assert_int_equal(judge_changed(w, DATA, "invalid : drop",
				       "invalid : accept").outcome, DIFFERS);
	assert_int_equal(judge_changed(w, DATA, "invalid : drop",
				       "new : drop").outcome, DIFFERS);
	assert_int_equal(judge_changed(w, DATA, "invalid : drop",
				       "untracked : drop").outcome, DIFFERS);
	assert_int_equal(judge_changed(w, DATA, ", related : accept",
				       "").outcome, DIFFERS);
	/* where it leads to is not gone into: it is no drop */
	assert_int_equal(judge_changed(w, DATA, "invalid : drop",
				       "invalid : jump input").outcome,
			 REFUSED);
}

static void loopback_that_is_not_is_found(void **state)
{
	struct world *w = rich_world(*state);

	assert_int_equal(judge_changed(w, DATA, "iif \"lo\"",
				       "iif != \"lo\"").outcome, DIFFERS);
	assert_int_equal(judge_changed(w, DATA,
				       "\t\tiif \"lo\" accept comment \"loopback\"\n",
				       "").outcome, DIFFERS);
}

/* Each number outside names and comments, one more; no change goes unseen. */
static void every_number_that_changes_is_found_or_refused(void **state)
{
	struct world *w = rich_world(*state);
	const char *text = emitted(w, DATA).bytes;
	size_t differing = 0, refusals = 0;
	bool quoted = false;

	for (const char *at = strchr(text, '{'); *at; at++) {
		struct arena *arena = arena_child(*state);
		struct world *again = rich_world(arena);
		unsigned long number;
		const char *mutant;
		struct verdict v;
		char *end;

		quoted ^= *at == '"';
		if (quoted || *at < '0' || *at > '9' ||
		    strchr("0123456789abcdefghijklmnopqrstuvwxyz_", at[-1])) {
			arena_free(arena);
			continue;
		}
		number = strtoul(at, &end, 10);
		mutant = arena_printf(arena, "%.*s%lu%s", (int)(at - text),
				      text, number ? number - 1 : 1, end);
		(void)job_of(again);
		v = judge(again, mutant, strlen(mutant));
		if (v.outcome == PROVED)
			fail_msg("%lu became %lu unseen:\n%.200s", number,
				 number ? number - 1 : 1, at);
		differing += v.outcome == DIFFERS;
		refusals += v.outcome == REFUSED;
		arena_free(arena);
	}
	assert_true(differing > 60);
	assert_true(refusals < differing);
}

static void each_line_that_is_missing_is_found_or_refused(void **state)
{
	const char *text = emitted(rich_world(*state), DATA).bytes;
	size_t differing = 0, len;

	for (const char *at = strstr(text, "\tchain input"); *at;
	     at += len + 1) {
		struct arena *arena = arena_child(*state);
		struct world *again = rich_world(arena);
		const char *mutant;
		struct verdict v;

		len = strcspn(at, "\n");
		mutant = arena_printf(arena, "%.*s%s", (int)(at - text), text,
				      at + len + 1);
		(void)job_of(again);
		v = judge(again, mutant, strlen(mutant));
		if (v.outcome == PROVED && len)
			fail_msg("unseen: %.*s", (int)len, at);
		differing += v.outcome == DIFFERS;
		arena_free(arena);
	}
	assert_true(differing > 15);
}

/* --- the reader refuses --- */

static void what_is_not_understood_is_refused(void **state)
{
	static const struct {
		const char *old, *new, *why;
	} cases[] = {
		{ "policy drop;", "policy drop;\n\t\tquota 1 mbytes accept", "quota" },
		{ "policy drop;", "policy drop;\n\t\tjump other", "jump" },
		{ "policy drop;", "policy drop;\n\t\tlimit rate 1/second burst 5 packets accept", "limit" },
		{ "policy drop;", "policy drop;\n\t\ttcp flags syn accept", "tcp" },
		{ "policy drop;", "policy drop;\n\t\tiifname \"eth0\" accept", "eth0" },
		{ "policy drop;", "policy drop;\n\t\tmark 1 accept", "mark" },
		{ "policy drop;", "policy drop;\n\t\tct mark 1 accept", "ct" },
		{ "policy drop;", "policy reject;", "reject" },
		{ "policy drop;", "policy drop; accept accept", "accept" },
		{ "priority filter", "priority -200", "before connections" },
		{ "hook input", "hook forward", "nothing to do with" },
		{ "hook output", "hook input", "second chain" },
		{ "chain output", "chain input", "second chain of that name" },
		{ "type filter", "type nat", "postrouting" },
		{ "iif \"lo\"", "oif \"lo\"", "does not have" },
		{ "@in4_ports", "@in4_none", "no set `in4_none`" },
		{ "@in4_ports", "@in4_protos", "another type" },
		{ "set out4_ports", "set in4_ports", "second set" },
		{ "flags interval", "flags dynamic", "dynamic" },
		{ "\t\tflags interval\n", "", "flags interval" },
		{ "flags interval", "flags interval\n\t\ttimeout 1s", "timeout" },
		{ "inet_service", "mark", "mark" },
		{ ". tcp . 5432", ". tcp . postgresql", "postgresql" },
		{ ". tcp . 5432", ". tcp . 05432", "05432" },
		{ ". tcp . 5432", ". tcp . 65536", "65536" },
		{ ". tcp . 5432", ". tcp . 5433-5432", "5433" },
		{ ". tcp . 5432", ". 50 . 5432", "protocol 50" },
		{ ". tcp . 5432", ". tcp-udp . 5432", "tcp-udp" },
		{ ". tcp . 5432", ". 6-17 . 5432", "protocol 7" },
		{ ". tcp . 5432", ". tcp", "comment" },
		{ "10.0.16.0/20", "10.0.16.0/19", "10.0.16.0/19" },
		{ "10.0.16.0/20", "2001:db8::/32", "2001" },
		{ "10.0.64.0/22 . tcp . 5432", "10.0.64.0-10.0.70.5 . tcp . 5432", "overlap" },
		{ "10.0.16.0/20", "10.0.16", "10.0.16" },
		{ "table inet firebreak {", "table inet other {", "other" },
		{ "table inet firebreak {", "table ip firebreak {", "ip" },
		{ "delete table inet firebreak\n", "flush ruleset\n", "flush" },
		{ "delete table inet firebreak\n", "", "table" },
		{ "\tcomment \"fire", "\tflags dormant\n\tcomment \"fire", "flags" },
		{ "\tcomment \"firebreak ", "\tcomment \"another ", "comment" },
		{ "\tcomment \"firebreak connect banco-andino prod data\"\n", "", "no comment" },
		{ " prod data\"", " prod\"", "comment" },
		{ " prod data\"", " prod data x\"", "comment" },
		{ " prod data\"", " prod data", "quoted text" },
		{ " prod data\"", " prod data\"\n\tcomment \"x\"", "second comment" },
		{ " prod data\"", " prod edges\"", "not here" },
		{ " prod data\"", " dev data\"", "not here" },
		{ "banco-andino prod data\"", "- prod data\"", "not here" },
		{ "invalid : drop", "established : drop", "twice" },
		{ "invalid : drop", "snat : drop", "snat" },
		{ "ct state vmap", "meta l4proto vmap", "map" },
		{ "ip6 hoplimit 255 icmpv6", "icmpv6", "without an address" },
		{ "ip6 hoplimit 255 icmpv6 type 133-136", "meta l4proto icmpv6", "without an address" },
		{ "ip daddr . meta l4proto @in4",
		  "ip daddr . meta l4proto != @in4", "several fields" },
		{ "meta nfproto ipv4 udp sport 67 udp", "th", "protocol 0" },
		{ "\tchain input", "\tchain other {\n\t\tgoto x\n\t}\n\tchain input", "goto" },
		{ "policy drop;", "policy drop;\n\t\tjump output", "jump" },
		{ "policy drop;", "policy drop;\n\t\tsnat ip to 10.0.0.1", "verdict that does not belong" },
		{ "policy drop;", "policy drop;\n\t\tlog prefix \"x\" tcp dport 1 accept", "behind a counter" },
		{ "policy drop;", "policy drop;\n\t\tlimit rate 1/minute burst 5 packets log prefix \"x\"", "a second" },
		{ "policy drop;", "policy drop;\n\t\tip saddr vmap { 10.0.0.1 : accept }", "without a name" },
		{ "policy drop;", "policy drop;\n\t\tip saddr vmap @in4_ports", "no map" },
		{ "\tchain input", "\tmap m {\n\t}\n\tchain input", "type" },
		{ "\t\tiif", "\t\t$x\n\t\tiif", "$" },
		{ "\t\tiif", "\t\t!iif", "!" },
		{ "\t\tiif", "\t\t\\\n\t\tiif", "\\" },
		{ "# Load", "include \"x\"\n# Load", "include" },
		{ "ip saddr . ip daddr . meta l4proto . th dport",
		  "ip saddr . ip daddr . meta l4proto . th dport . ct state", "more than 4" },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_refused(rich_world(*state), DATA, cases[i].old,
			       cases[i].new, cases[i].why);
}

static void refusals_say_the_line(void **state)
{
	assert_refused(rich_world(*state), DATA, "table inet firebreak\n",
		       "table inet else\n", "`x.nft`, line 4: `else`");
}

static void a_second_table_is_refused(void **state)
{
	struct world *w = rich_world(*state);
	const char *text = arena_printf(*state, "%stable inet other {\n}\n",
					emitted(w, DATA).bytes);
	struct verdict v = judge(w, text, strlen(text));

	assert_int_equal(v.outcome, REFUSED);
	assert_non_null(strstr(v.told, "no other"));
}

/* Wherever a file is cut off, it is not taken for a whole one. */
static void a_file_that_ends_early_is_refused(void **state)
{
	struct world *w = rich_world(*state);
	struct artefact file = emitted(w, DATA);

	for (size_t len = 0; len + 2 < file.len; len += 7) {
		struct arena *arena = arena_child(*state);
		struct diags diags = { .arena = arena };
		struct identity id;

		assert_null(backend_nft.read(arena, &diags, "x", file.bytes,
					     len, &id));
		assert_int_equal(diags.errors, 1);
		arena_free(arena);
	}
}

static void bytes_that_are_no_text_are_refused(void **state)
{
	static const char bytes[] = "table inet firebreak {\n\0}\n";
	struct world *w = rich_world(*state);

	(void)job_of(w);
	assert_int_equal(judge(w, bytes, sizeof bytes - 1).outcome, REFUSED);
	assert_int_equal(judge(w, "", 0).outcome, REFUSED);
	assert_int_equal(judge(w, "\xff\xfe\"", 3).outcome, REFUSED);
}

static void files_are_recognised_by_a_line(void **state)
{
	static const char ours[] = "# x\ntable inet firebreak {";
	static const char others[] = "# table inet firebreak";

	(void)state;
	assert_true(backend_nft.recognise(ours, strlen(ours)));
	assert_false(backend_nft.recognise(others, strlen(others)));
	assert_false(backend_nft.recognise("{}", 2));
	assert_false(backend_nft.recognise("", 0));
}

/* --- order, and a second evaluator --- */

/* A table with the RULES on input, whose output chain is left out. */
static const struct nft_model *model_of(struct world *w, const char *rules,
					const char *policy)
{
	const char *text = arena_printf(w->arena,
		"table inet firebreak {\n"
		"comment \"firebreak connect banco-andino prod data\"\n"
		"set s {\ntype ipv4_addr . ipv4_addr . inet_proto\n"
		"flags interval\nelements = { 10.0.0.0-10.0.0.2 . 10.0.0.1 . "
		"tcp, 10.0.0.3 . 10.0.0.0/31 . 1-20 }\n}\n"
		"map m {\ntype ipv4_addr : verdict\nflags interval\n"
		"elements = { 10.0.0.0/31 : jump c, 10.0.0.2 : drop, "
		"10.0.0.3-10.0.0.4 : jump d }\n}\n"
		"chain c {\ntcp dport 1 drop\nudp sport 2 accept\n"
		"ct state new jump d\n}\n"
		"chain d {\nip daddr 10.0.0.1-10.0.0.2 counter accept\n"
		"meta l4proto tcp reject with tcp reset\n}\n"
		"chain input {\ntype filter hook input priority 0; policy %s;\n"
		"%s}\n}\n", policy, rules);
	struct identity id;
	const void *model = backend_nft.read(w->arena, &w->diags, "x", text,
					     strlen(text), &id);

	if (!model)
		fail_msg("%s\n%s", refused(w).told, text);
	return model;
}

/* The value of FIELD; false: this packet has no such field. */
static bool value_of(enum nft_field field, const struct packet *p,
		     const struct nft_context *c, u128 *out)
{
	unsigned protocol = service_protocol(p->svc);
	unsigned value = service_value(p->svc);
	bool four = p->family == IPV4;
	bool icmp4 = four && protocol == 1, icmp6s = !four && protocol == 58;

	switch (field) {
	case NFT_NFPROTO:      *out = four ? 2 : 10; return true;
	case NFT_L4PROTO:      *out = protocol; return true;
	case NFT_IP_SADDR:     *out = p->src; return four;
	case NFT_IP_DADDR:     *out = p->dst; return four;
	case NFT_IP6_SADDR:    *out = p->src; return !four;
	case NFT_IP6_DADDR:    *out = p->dst; return !four;
	case NFT_IP6_HOPLIMIT: *out = c->hop_limit; return !four;
	case NFT_TH_SPORT:     *out = c->source_port; return service_has_ports(protocol);
	case NFT_TH_DPORT:     *out = value; return service_has_ports(protocol);
	case NFT_TCP_SPORT:    *out = c->source_port; return protocol == 6;
	case NFT_TCP_DPORT:    *out = value; return protocol == 6;
	case NFT_UDP_SPORT:    *out = c->source_port; return protocol == 17;
	case NFT_UDP_DPORT:    *out = value; return protocol == 17;
	case NFT_ICMP_TYPE:    *out = value >> 8; return icmp4;
	case NFT_ICMP_CODE:    *out = value & 0xff; return icmp4;
	case NFT_ICMPV6_TYPE:  *out = value >> 8; return icmp6s;
	case NFT_ICMPV6_CODE:  *out = value & 0xff; return icmp6s;
	case NFT_CT_STATE:     *out = c->state; return true;
	case NFT_IIF:
	case NFT_OIF:	       *out = c->loopback ? 1 : 2; return true;
	case NFT_IPSEC:	       *out = c->ipsec; return true;
	case NFT_FIELDS:       break;
	}
	return false;
}

static bool matches(const struct nft_match *m, const struct packet *p,
		    const struct nft_context *c)
{
	u128 values[NFT_KEY_MOST];

	for (unsigned i = 0; i < m->width; i++)
		if (!value_of(m->fields[i], p, c, &values[i]))
			return false;
	for (size_t e = 0; e < m->set->elements.count; e++) {
		const struct range *key = m->set->elements.at[e].key;
		unsigned i = 0;

		while (i < m->width && key[i].lo <= values[i] &&
		       values[i] <= key[i].hi)
			i++;
		if (i == m->width)
			return !m->negated;
	}
	return m->negated;
}

static enum nft_verdict walked(const struct nft_chain *chain,
			       const struct packet *p,
			       const struct nft_context *c);

/* What a map says of a packet; NFT_PASS: nothing. */
static enum nft_verdict mapped(const struct nft_match *map,
			       const struct packet *p,
			       const struct nft_context *c)
{
	u128 value;

	if (!value_of(map->fields[0], p, c, &value))
		return NFT_PASS;
	for (size_t e = 0; e < map->set->elements.count; e++) {
		const struct nft_element *at = &map->set->elements.at[e];

		if (value < at->key[0].lo || value > at->key[0].hi)
			continue;
		return at->verdict == NFT_JUMP ? walked(at->chain, p, c)
					       : at->verdict;
	}
	return NFT_PASS;
}

/* What becomes of the packet in CHAIN, one rule after the other. */
static enum nft_verdict walked(const struct nft_chain *chain,
			       const struct packet *p,
			       const struct nft_context *c)
{
	for (size_t i = 0; i < chain->rules.count; i++) {
		const struct nft_rule *rule = &chain->rules.at[i];
		enum nft_verdict verdict = rule->verdict;
		bool all = true;

		for (size_t j = 0; j < rule->matches.count; j++)
			all &= matches(&rule->matches.at[j], p, c);
		if (!all)
			continue;
		if (rule->map)
			verdict = mapped(rule->map, p, c);
		else if (verdict == NFT_JUMP)
			verdict = walked(rule->chain, p, c);
		if (verdict != NFT_PASS)
			return verdict;
	}
	return NFT_PASS;
}

static bool passes(const struct nft_chain *chain, const struct packet *p,
		   const struct nft_context *c)
{
	enum nft_verdict verdict = chain->present ? walked(chain, p, c)
						  : NFT_ACCEPT;

	return (verdict == NFT_PASS ? chain->policy : verdict) == NFT_ACCEPT;
}

static unsigned number_behind(const char *label, const char *words)
{
	const char *at = strstr(label, words);

	return at ? (unsigned)strtoul(at + strlen(words), NULL, 10) : 0;
}

/* The context that a side's label speaks of, and its states as bits. */
static unsigned context_of(const char *label, struct nft_context *out)
{
	static const char *const names[] = { "new", "established", "related",
					     "invalid", "untracked" };
	unsigned states = strstr(label, "all packets") ? 31 : 0;

	for (unsigned s = 0; s < NFT_STATES; s++)
		if (strstr(label, names[s]))
			states |= 1u << s;
	out->loopback = strstr(label, "on loopback");
	out->hop_limit = number_behind(label, "hop limit ");
	out->source_port = number_behind(label, "source port ");
	return states;
}

static struct packet random_packet(struct dice *dice, enum family family)
{
	static const unsigned protocols[] = { 1, 6, 6, 17, 17, 50, 58 };
	unsigned protocol = protocols[dice_roll(dice, COUNT(protocols))];
	u128 net = family == IPV4 ? 0x0a000000 : 0;
	unsigned value = dice_roll(dice, 5);

	if (service_is_icmp(family, protocol))
		value = dice_roll(dice, 3) << 8 | dice_roll(dice, 3);
	return (struct packet){ family, net + dice_roll(dice, 5),
				net + dice_roll(dice, 5),
				service_key(protocol, value) };
}

static bool boxes_have(const struct boxes *boxes, const struct packet *p)
{
	for (size_t i = 0; i < boxes->count; i++)
		if (box_has(&boxes->at[i], p))
			return true;
	return false;
}

/* Each side of MODEL answers as walking the chain does; COUNT packets a side. */
static void assert_walks_alike(struct world *w, const struct nft_model *model,
			       struct dice *dice, unsigned count)
{
	struct sides sides = { 0 };

	if (!backend_nft.denote(&w->job, model, &sides))
		fail_msg("%s", refused(w).told);
	for (size_t i = 0; i < sides.count * count; i++) {
		const struct side *s = &sides.at[i % sides.count];
		bool input = strstr(s->label, "input") != NULL;
		const struct nft_chain *chain =
			&model->chains[input ? NFT_INPUT : NFT_OUTPUT];
		struct packet p = random_packet(dice, s->family);
		struct nft_context c = { 0 };
		unsigned states = context_of(s->label, &c);

		for (int state = 0; state < NFT_STATES; state++) {
			c.state = state;
			if (states & 1u << state &&
			    passes(chain, &p, &c) !=
			    boxes_have(&s->admitted, &p))
				fail_msg("%s: %s", s->label,
					 packet_text(w->arena, &p));
		}
	}
}

static const char *random_rules(struct arena *arena, struct dice *dice)
{
	static const char *const matching[] = {
		"ip saddr 10.0.0.0/31", "ip saddr != 10.0.0.1",
		"ip daddr { 10.0.0.0-10.0.0.1, 10.0.0.3 }",
		"ip daddr != { 10.0.0.0/31, 10.0.0.4 }",
		"ip6 saddr ::/126", "ip6 daddr != ::2", "ip6 daddr ::1-::3",
		"ip saddr . ip daddr . meta l4proto @s",
		"meta l4proto { tcp, udp } th dport 1-2",
		"meta l4proto . th dport { tcp . 1-3, udp . 2 }",
		"meta l4proto != { tcp, udp }", "meta l4proto 2-57",
		"tcp dport != 2", "tcp dport { 1, 3-4 }", "udp dport 0",
		"udp sport 1-2", "udp sport != 2", "tcp sport 68",
		"udp sport . udp dport { 1 . 1, 67 . 2-3 }",
		"ip saddr 0.0.0.0/0 icmp type 1",
		"meta nfproto ipv4 icmp code != 1",
		"ip6 saddr ::/0 icmpv6 type . icmpv6 code { 1 . 0-1, 2 . 2 }",
		"ip6 hoplimit 3-200", "ip6 hoplimit != 255",
		"ct state new", "ct state != { established, related }",
		"ct state established,related,untracked",
		"ct state . meta l4proto { new . tcp, invalid . 0-50 }",
		"meta nfproto ipv4", "meta nfproto != ipv4",
		"iif \"lo\"", "iif != \"lo\"",
	};
	struct text rules = TEXT_IN(arena);

	for (unsigned n = dice_roll(dice, 8); n; n--) {
		for (unsigned m = 1 + dice_roll(dice, 3); m; m--)
			text_printf(&rules, "%s ",
				    matching[dice_roll(dice, COUNT(matching))]);
		if (dice_chance(dice, 10))
			text_puts(&rules, "ct state vmap { new : accept, "
				  "related : drop }\n");
		else if (dice_chance(dice, 25))
			text_puts(&rules, dice_chance(dice, 50)
				  ? "ip saddr vmap @m\n" : "ip daddr vmap @m\n");
		else if (dice_chance(dice, 25))
			text_puts(&rules, "counter jump c\n");
		else
			text_puts(&rules, dice_chance(dice, 50) ? "accept\n" :
								  "drop\n");
	}
	return text_string(&rules);
}

static void denoting_is_walking_the_chain(void **state)
{
	struct dice dice = dice_of(20261123);

	for (int round = 0; round < 400; round++) {
		struct arena *arena = arena_child(*state);
		struct world *w = new_world(arena);
		const char *rules = random_rules(arena, &dice);

		(void)job_of(w);
		assert_walks_alike(w, model_of(w, rules, round % 2 ? "drop" :
								     "accept"),
				   &dice, 20);
		arena_free(arena);
	}
}

static void emitted_rulesets_walk_as_they_denote(void **state)
{
	struct world *w = rich_world(*state);
	struct artefact file = emitted(w, DATA);
	struct dice dice = dice_of(1);
	struct identity id;

	assert_walks_alike(w, backend_nft.read(*state, &w->diags, "x",
					       file.bytes, file.len, &id),
			   &dice, 50);
}

static void assert_same_sides(struct world *w, const struct sides *a,
			      const struct sides *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		const struct side *x = &a->at[i], *y = &b->at[i];
		struct packet p;

		assert_string_equal(x->label, y->label);
		assert_true(boxes_within(w->arena, x->family, &x->admitted,
					 &y->admitted, &p));
		assert_true(boxes_within(w->arena, x->family, &y->admitted,
					 &x->admitted, &p));
	}
}

static void printing_what_was_read_means_the_same(void **state)
{
	struct dice dice = dice_of(7);

	for (int round = 0; round < 100; round++) {
		struct arena *arena = arena_child(*state);
		struct world *w = new_world(arena);
		const struct nft_model *model, *again;
		struct sides before = { 0 }, after = { 0 };
		struct text text;

		(void)job_of(w);
		model = model_of(w, random_rules(arena, &dice), "drop");
		text = nft_print(arena, model);
		again = nft_read(arena, &w->diags, "x", text.at, text.len);
		if (!again)
			fail_msg("%s\n%s", refused(w).told, text.at);
		assert_true(backend_nft.denote(&w->job, model, &before));
		assert_true(backend_nft.denote(&w->job, again, &after));
		assert_same_sides(w, &before, &after);
		arena_free(arena);
	}
}

/* In the order of the chain: what was decided first stays decided. */
static void the_first_rule_that_matches_decides(void **state)
{
	static const struct {
		const char *rules;
		bool passes;
	} cases[] = {
		{ "tcp dport 1 accept\ntcp dport 1 drop\n", true },
		{ "tcp dport 1 drop\ntcp dport 1 accept\n", false },
		{ "tcp dport 2 drop\ntcp dport 1-2 accept\n", true },
		{ "tcp dport 1-2 drop\naccept\n", false },
		{ "tcp dport 2 drop\naccept\n", true },
		{ "drop\naccept\n", false },
		{ "tcp dport 1 accept\ntcp dport 0-9 drop\naccept\n", true },
	};
	const struct packet one = { IPV4, 1, 2, service_key(PROTO_TCP, 1) };

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct world *w = new_world(*state);
		struct sides sides = { 0 };

		(void)job_of(w);
		assert_true(backend_nft.denote(&w->job,
					       model_of(w, cases[i].rules,
							"drop"), &sides));
		assert_int_equal(boxes_have(&sides.at[0].admitted, &one),
				 cases[i].passes);
	}
}

/* 20 source ports, 20 hop limits: more contexts than anyone would look at. */
static void too_many_contexts_are_refused(void **state)
{
	struct world *w = new_world(*state);
	struct text rules = TEXT_IN(*state);
	struct sides sides = { 0 };

	(void)job_of(w);
	for (unsigned i = 1; i < 41; i += 2)
		text_printf(&rules, "udp sport %u accept\n"
			    "ip6 hoplimit %u accept\n", i, i);
	assert_false(backend_nft.denote(&w->job,
					model_of(w, text_string(&rules),
						 "drop"), &sides));
	assert_non_null(strstr(refused(w).told, "too many"));
	assert_int_equal(sides.count, 0);
}

/* Each of 3 matches on 200 values: eight million combinations. */
static void too_many_combinations_are_refused(void **state)
{
	static const char *const fields[] = {
		"ip saddr . meta l4proto", "ip daddr . meta l4proto", "tcp dport",
	};
	struct world *w = new_world(*state);
	struct text rules = TEXT_IN(*state);
	struct sides sides = { 0 };

	(void)job_of(w);
	for (size_t match = 0; match < COUNT(fields); match++) {
		text_printf(&rules, "%s {", fields[match]);
		for (unsigned i = 0; i < 200; i++)
			text_printf(&rules, match < 2 ? "%s 10.0.0.%u . tcp"
						      : "%s %u",
				    i ? "," : "", 2 * i % 255);
		text_puts(&rules, " } ");
	}
	text_puts(&rules, "accept\n");
	assert_false(backend_nft.denote(&w->job,
					model_of(w, text_string(&rules),
						 "drop"), &sides));
	assert_non_null(strstr(refused(w).told, "combinations"));
}

/* --- what nft lists means the same --- */

/*
 * What `nft list ruleset` of nft 1.0.6 prints once the file of layer data of
 * rich_world() is loaded.
 */
static const char listed[] =
	"table inet firebreak {\n"
	"\tcomment \"firebreak connect banco-andino prod data\"\n"
	"\tset in4_ports {\n"
	"\t\ttype ipv4_addr . ipv4_addr . inet_proto . inet_service\n"
	"\t\tflags interval\n"
	"\t\telements = { 10.0.0.0/24 . 10.0.64.0/22 . tcp . 7001 comment "
	"\"pads\",\n"
	"\t\t\t     10.0.0.0/24 . 10.0.64.0/22 . tcp . 7003 comment "
	"\"pads\",\n"
	"\t\t\t     10.0.0.0/24 . 10.0.64.0/22 . tcp . 7005 comment "
	"\"pads\",\n"
	"\t\t\t     10.0.0.0/24 . 10.0.64.0/22 . tcp . 7007 comment "
	"\"pads\",\n"
	"\t\t\t     10.0.0.0/24 . 10.0.64.0/22 . tcp . 7009 comment "
	"\"pads\",\n"
	"\t\t\t     10.0.0.0/24 . 10.0.64.0/22 . tcp . 7011 comment "
	"\"pads\",\n"
	"\t\t\t     10.0.0.0/24 . 10.0.64.0/22 . tcp . 7013 comment "
	"\"pads\",\n"
	"\t\t\t     10.0.0.0/24 . 10.0.64.0/22 . tcp . 7015 comment "
	"\"pads\",\n"
	"\t\t\t     10.0.0.0/24 . 10.0.64.0/22 . tcp . 7017 comment "
	"\"pads\",\n"
	"\t\t\t     10.0.16.0/20 . 10.0.64.0/22 . tcp . 5432 comment "
	"\"db\",\n"
	"\t\t\t     10.0.16.0/20 . 10.0.70.5 . tcp . 5432 comment \"db\",\n"
	"\t\t\t     10.0.64.0/22 . 10.0.64.0/22 . udp . 53 comment "
	"\"dns\",\n"
	"\t\t\t     10.0.64.0/22 . 10.0.70.5 . udp . 53 comment \"dns\" }\n"
	"\t}\n"
	"\n"
	"\tset in4_icmp {\n"
	"\t\ttype ipv4_addr . ipv4_addr . icmp_type . icmp_code\n"
	"\t\tflags interval\n"
	"\t\telements = { 10.0.0.0/24 . 10.0.64.0/22 . "
	"destination-unreachable . frag-needed comment \"frag\",\n"
	"\t\t\t     10.0.0.0/24 . 10.0.64.0/22 . echo-request . 0-255 "
	"comment \"ping\",\n"
	"\t\t\t     10.0.0.0/24 . 10.0.64.0/22 . time-exceeded . "
	"net-unreachable comment \"pads\",\n"
	"\t\t\t     10.0.0.0/24 . 10.0.64.0/22 . time-exceeded . "
	"prot-unreachable comment \"pads\",\n"
	"\t\t\t     10.0.0.0/24 . 10.0.64.0/22 . time-exceeded . "
	"frag-needed comment \"pads\",\n"
	"\t\t\t     10.0.0.0/24 . 10.0.64.0/22 . time-exceeded . 6 comment "
	"\"pads\",\n"
	"\t\t\t     10.0.0.0/24 . 10.0.64.0/22 . time-exceeded . 8 comment "
	"\"pads\",\n"
	"\t\t\t     10.0.0.0/24 . 10.0.64.0/22 . time-exceeded . "
	"host-prohibited comment \"pads\",\n"
	"\t\t\t     10.0.0.0/24 . 10.0.64.0/22 . time-exceeded . 12 "
	"comment \"pads\",\n"
	"\t\t\t     10.0.0.0/24 . 10.0.64.0/22 . time-exceeded . 14 "
	"comment \"pads\",\n"
	"\t\t\t     10.0.0.0/24 . 10.0.64.0/22 . time-exceeded . 16 "
	"comment \"pads\" }\n"
	"\t}\n"
	"\n"
	"\tset in4_protos {\n"
	"\t\ttype ipv4_addr . ipv4_addr . inet_proto\n"
	"\t\tflags interval\n"
	"\t\telements = { 10.0.0.0/24 . 10.0.64.0/22 . esp comment "
	"\"esp\",\n"
	"\t\t\t     10.0.0.0/24 . 10.0.64.0/22 . 100 comment \"pads\",\n"
	"\t\t\t     10.0.0.0/24 . 10.0.64.0/22 . 102 comment \"pads\",\n"
	"\t\t\t     10.0.0.0/24 . 10.0.64.0/22 . 104 comment \"pads\",\n"
	"\t\t\t     10.0.0.0/24 . 10.0.64.0/22 . 106 comment \"pads\",\n"
	"\t\t\t     10.0.0.0/24 . 10.0.64.0/22 . ipcomp comment \"pads\",\n"
	"\t\t\t     10.0.0.0/24 . 10.0.64.0/22 . 110 comment \"pads\",\n"
	"\t\t\t     10.0.0.0/24 . 10.0.64.0/22 . vrrp comment \"pads\",\n"
	"\t\t\t     10.0.0.0/24 . 10.0.64.0/22 . 114 comment \"pads\",\n"
	"\t\t\t     10.0.0.0/24 . 10.0.64.0/22 . 116 comment \"pads\" }\n"
	"\t}\n"
	"\n"
	"\tset in6_ports {\n"
	"\t\ttype ipv6_addr . ipv6_addr . inet_proto . inet_service\n"
	"\t\tflags interval\n"
	"\t\telements = { 2001:db8:1::/64 . 2001:db8:2::/64 . tcp . 5432 "
	"comment \"db\",\n"
	"\t\t\t     2001:db8:1::/64 . 2001:db8:2::/64 . tcp . 7001 comment "
	"\"pads\",\n"
	"\t\t\t     2001:db8:1::/64 . 2001:db8:2::/64 . tcp . 7003 comment "
	"\"pads\",\n"
	"\t\t\t     2001:db8:1::/64 . 2001:db8:2::/64 . tcp . 7005 comment "
	"\"pads\",\n"
	"\t\t\t     2001:db8:1::/64 . 2001:db8:2::/64 . tcp . 7007 comment "
	"\"pads\",\n"
	"\t\t\t     2001:db8:1::/64 . 2001:db8:2::/64 . tcp . 7009 comment "
	"\"pads\",\n"
	"\t\t\t     2001:db8:1::/64 . 2001:db8:2::/64 . tcp . 7011 comment "
	"\"pads\",\n"
	"\t\t\t     2001:db8:1::/64 . 2001:db8:2::/64 . tcp . 7013 comment "
	"\"pads\",\n"
	"\t\t\t     2001:db8:1::/64 . 2001:db8:2::/64 . tcp . 7015 comment "
	"\"pads\",\n"
	"\t\t\t     2001:db8:1::/64 . 2001:db8:2::/64 . tcp . 7017 comment "
	"\"pads\" }\n"
	"\t}\n"
	"\n"
	"\tset in6_icmp {\n"
	"\t\ttype ipv6_addr . ipv6_addr . icmpv6_type . icmpv6_code\n"
	"\t\tflags interval\n"
	"\t\telements = { 2001:db8:1::/64 . 2001:db8:2::/64 . "
	"destination-unreachable . no-route comment \"pads\",\n"
	"\t\t\t     2001:db8:1::/64 . 2001:db8:2::/64 . "
	"destination-unreachable . 2 comment \"pads\",\n"
	"\t\t\t     2001:db8:1::/64 . 2001:db8:2::/64 . "
	"destination-unreachable . port-unreachable comment \"pads\",\n"
	"\t\t\t     2001:db8:1::/64 . 2001:db8:2::/64 . "
	"destination-unreachable . reject-route comment \"pads\",\n"
	"\t\t\t     2001:db8:1::/64 . 2001:db8:2::/64 . "
	"destination-unreachable . 8 comment \"pads\",\n"
	"\t\t\t     2001:db8:1::/64 . 2001:db8:2::/64 . "
	"destination-unreachable . 10 comment \"pads\",\n"
	"\t\t\t     2001:db8:1::/64 . 2001:db8:2::/64 . "
	"destination-unreachable . 12 comment \"pads\",\n"
	"\t\t\t     2001:db8:1::/64 . 2001:db8:2::/64 . "
	"destination-unreachable . 14 comment \"pads\",\n"
	"\t\t\t     2001:db8:1::/64 . 2001:db8:2::/64 . "
	"destination-unreachable . 16 comment \"pads\",\n"
	"\t\t\t     2001:db8:1::/64 . 2001:db8:2::/64 . echo-request . "
	"0-255 comment \"ping6\" }\n"
	"\t}\n"
	"\n"
	"\tset out4_ports {\n"
	"\t\ttype ipv4_addr . ipv4_addr . inet_proto . inet_service\n"
	"\t\tflags interval\n"
	"\t\telements = { 10.0.64.0/22 . 0.0.0.0/0 . udp . 53 comment "
	"\"dns\",\n"
	"\t\t\t     10.0.64.0/22 . 10.0.0.0/24 . tcp . 443 comment "
	"\"public\",\n"
	"\t\t\t     10.0.64.0/22 . 10.0.0.0/24 . udp . 8001 comment "
	"\"pads\",\n"
	"\t\t\t     10.0.64.0/22 . 10.0.0.0/24 . udp . 8003 comment "
	"\"pads\",\n"
	"\t\t\t     10.0.64.0/22 . 10.0.0.0/24 . udp . 8005 comment "
	"\"pads\",\n"
	"\t\t\t     10.0.64.0/22 . 10.0.0.0/24 . udp . 8007 comment "
	"\"pads\",\n"
	"\t\t\t     10.0.64.0/22 . 10.0.0.0/24 . udp . 8009 comment "
	"\"pads\",\n"
	"\t\t\t     10.0.64.0/22 . 10.0.0.0/24 . udp . 8011 comment "
	"\"pads\",\n"
	"\t\t\t     10.0.64.0/22 . 10.0.0.0/24 . udp . 8013 comment "
	"\"pads\",\n"
	"\t\t\t     10.0.64.0/22 . 10.0.0.0/24 . udp . 8015 comment "
	"\"pads\",\n"
	"\t\t\t     10.0.64.0/22 . 10.0.0.0/24 . udp . 8017 comment "
	"\"pads\",\n"
	"\t\t\t     10.0.70.5 . 10.0.0.0/24 . tcp . 443 comment \"public\" "
	"}\n"
	"\t}\n"
	"\n"
	"\tchain input {\n"
	"\t\ttype filter hook input priority filter; policy drop;\n"
	"\t\tiif \"lo\" accept comment \"loopback\"\n"
	"\t\tct state vmap { invalid : drop, established : accept, related "
	": accept }\n"
	"\t\tip6 hoplimit 255 icmpv6 type 133-136 accept comment "
	"\"neighbour discovery\"\n"
	"\t\tip6 saddr fe80::/10 icmpv6 type 130-132 accept comment "
	"\"multicast listeners\"\n"
	"\t\tip6 saddr fe80::/10 icmpv6 type mld2-listener-report accept "
	"comment \"multicast listeners\"\n"
	"\t\tip6 saddr :: icmpv6 type 131-132 accept comment \"multicast "
	"listeners\"\n"
	"\t\tip6 saddr :: icmpv6 type mld2-listener-report accept comment "
	"\"multicast listeners\"\n"
	"\t\tmeta nfproto ipv4 udp sport 67 udp dport 68 accept comment "
	"\"DHCP client\"\n"
	"\t\tip6 saddr fe80::/10 udp dport 546 accept comment \"DHCPv6 "
	"client\"\n"
	"\t\tip saddr . ip daddr . meta l4proto . th dport @in4_ports "
	"accept\n"
	"\t\tip saddr . ip daddr . icmp type . icmp code @in4_icmp accept\n"
	"\t\tip saddr . ip daddr . meta l4proto @in4_protos accept\n"
	"\t\tip6 saddr . ip6 daddr . meta l4proto . th dport @in6_ports "
	"accept\n"
	"\t\tip6 saddr . ip6 daddr . icmpv6 type . icmpv6 code @in6_icmp "
	"accept\n"
	"\t}\n"
	"\n"
	"\tchain output {\n"
	"\t\ttype filter hook output priority filter; policy drop;\n"
	"\t\toif \"lo\" accept comment \"loopback\"\n"
	"\t\tct state vmap { invalid : drop, established : accept, related "
	": accept }\n"
	"\t\tip6 hoplimit 255 icmpv6 type 133-136 accept comment "
	"\"neighbour discovery\"\n"
	"\t\tip6 saddr fe80::/10 icmpv6 type 130-132 accept comment "
	"\"multicast listeners\"\n"
	"\t\tip6 saddr fe80::/10 icmpv6 type mld2-listener-report accept "
	"comment \"multicast listeners\"\n"
	"\t\tip6 saddr :: icmpv6 type 131-132 accept comment \"multicast "
	"listeners\"\n"
	"\t\tip6 saddr :: icmpv6 type mld2-listener-report accept comment "
	"\"multicast listeners\"\n"
	"\t\tmeta nfproto ipv4 udp sport 68 udp dport 67 accept comment "
	"\"DHCP client\"\n"
	"\t\tip6 daddr ff02::1:2 udp dport 547 accept comment \"DHCPv6 "
	"client\"\n"
	"\t\tip daddr 169.254.169.253 udp dport 53 accept comment \"AWS "
	"resolver\"\n"
	"\t\tip daddr 169.254.169.253 tcp dport 53 accept comment \"AWS "
	"resolver\"\n"
	"\t\tip6 daddr fd00:ec2::253 udp dport 53 accept comment \"AWS "
	"resolver\"\n"
	"\t\tip6 daddr fd00:ec2::253 tcp dport 53 accept comment \"AWS "
	"resolver\"\n"
	"\t\tip daddr 169.254.169.254 tcp dport 80 accept comment \"AWS "
	"instance metadata\"\n"
	"\t\tip6 daddr fd00:ec2::254 tcp dport 80 accept comment \"AWS "
	"instance metadata\"\n"
	"\t\tip daddr 169.254.170.2 tcp dport 80 accept comment \"AWS task "
	"metadata\"\n"
	"\t\tip daddr 169.254.169.123 udp dport 123 accept comment \"AWS "
	"time\"\n"
	"\t\tip6 daddr fd00:ec2::123 udp dport 123 accept comment \"AWS "
	"time\"\n"
	"\t\tip saddr . ip daddr . meta l4proto . th dport @out4_ports "
	"accept\n"
	"\t}\n"
	"}\n";

static void a_listing_of_a_loaded_file_is_proved(void **state)
{
	struct world *w = rich_world(*state);
	struct verdict v;

	(void)job_of(w);
	v = judge(w, listed, strlen(listed));
	if (v.outcome == REFUSED)
		fail_msg("%s", v.told);
	assert_int_equal(v.outcome, PROVED);
}

static void listing_with_numbers_is_read_too(void **state)
{
	static const struct { const char *names, *numbers; } words[] = {
		{ "ct state vmap { invalid : drop, established : accept, "
		  "related : accept }",
		  "ct state vmap { 0x1 : drop, 0x2 : accept, 0x4 : accept }" },
		{ "priority filter", "priority 0" },
		{ "esp", "50" }, { "frag-needed", "4" },
		{ "meta nfproto ipv4", "meta nfproto 2" },
	};
	struct world *w = rich_world(*state);
	const char *text = listed;

	(void)job_of(w);
	for (size_t i = 0; i < COUNT(words); i++)
		text = changed(w, text, words[i].names, words[i].numbers);
	assert_int_equal(judge(w, text, strlen(text)).outcome, PROVED);
}

static void a_change_in_a_listing_is_found(void **state)
{
	struct world *w = rich_world(*state);
	const char *text = changed(w, listed, "10.0.70.5 . tcp", "10.0.70.4 . tcp");

	(void)job_of(w);
	assert_int_equal(judge(w, text, strlen(text)).outcome, DIFFERS);
}

/* --- shapes --- */

/* How many sets, chains to jump to and rules of its own MODEL has. */
struct count {
	size_t hashes, ranges, maps, chains, largest;
};

static struct count counted(const struct nft_model *model)
{
	struct count c = { .chains = model->others.count };

	for (size_t i = 0; i < model->sets.count; i++) {
		const struct nft_set *set = model->sets.at[i];

		c.maps += set->is_map;
		c.ranges += set->intervals && !set->is_map;
		c.hashes += !set->intervals && !set->is_map;
		if (set->intervals && set->elements.count > c.largest)
			c.largest = set->elements.count;
	}
	return c;
}

/* There is no address below the first and none above the last. */
static bool is_of_family(const struct packet *p)
{
	u128 last = p->family == IPV4 ? UINT32_MAX : U128_MAX;

	return p->src <= last && p->dst <= last;
}

/* Each flow's first and last packets, and those next to them. */
static void assert_flows_walk(struct world *w, const struct nft_model *model,
			      const struct nft_chain *chain)
{
	static const int steps[] = { -1, 0, 1 };
	struct nft_context c = { .state = NFT_NEW };

	(void)model;
	for (size_t i = 0; i < w->flows.count; i++) {
		const struct ir_flow *f = &w->flows.at[i];

		for (size_t k = 0; k < 27; k++) {
			struct packet p = { f->family,
				f->src.at[0].lo + (u128)(__int128)steps[k % 3],
				f->dst.at[0].hi + (u128)(__int128)steps[k / 3 % 3],
				(uint32_t)(f->svc.at[0].lo +
					   (u128)(__int128)steps[k / 9]) };

			if (!is_of_family(&p))
				continue;
			if (passes(chain, &p, &c) !=
			    boxes_have(&w->meaning.permitted[p.family], &p))
				fail_msg("%s", packet_text(w->arena, &p));
		}
	}
}

static const struct nft_model *shaped(struct world *w, struct count *out)
{
	const struct nft_model *model = nft_lower(job_of(w), w->arena, DATA);

	assert_proved(w);
	assert_flows_walk(w, model, &model->chains[NFT_INPUT]);
	*out = counted(model);
	return model;
}

static void few_lines_are_rules(void **state)
{
	struct world *w = new_world(*state);
	struct count c;

	for (unsigned i = 0; i < 8; i++)
		allow(w, "few", "10.1.0.0/24", "10.0.64.0/22",
		      tcp(w, 100 + 2 * i, 100 + 2 * i));
	(void)shaped(w, &c);
	assert_int_equal(c.hashes + c.ranges + c.maps, 0);
	allow(w, "few", "10.1.0.0/24", "10.0.64.0/22", tcp(w, 200, 200));
	(void)shaped(w, &c);
	assert_int_equal(c.ranges, 1);
}

static void single_hosts_and_ports_are_a_hash_with_room(void **state)
{
	struct world *w = new_world(*state);
	const struct nft_model *model;
	struct count c;

	for (unsigned i = 0; i < 100; i++)
		allow(w, "exact", arena_printf(*state, "10.1.0.%u", i * 2),
		      "10.0.70.5", tcp(w, 5000 + i, 5000 + i));
	model = shaped(w, &c);
	assert_int_equal(c.hashes, 1);
	assert_int_equal(c.ranges + c.maps, 0);
	assert_int_equal(model->sets.at[0]->size, 200);
	for (unsigned i = 0; i < 20; i++)
		allow(w, "wide", arena_printf(*state, "10.2.%u.0/25", i),
		      "10.0.64.0/22", tcp(w, 5000 + i, 6000 + i));
	(void)shaped(w, &c);
	assert_int_equal(c.hashes, 1);
	assert_int_equal(c.ranges, 1);
}

/* 3 groups of 40 hosts at 2 hosts on 30 ports: 7,200 keys, written as 420. */
static void hosts_that_may_the_same_are_groups(void **state)
{
	struct world *w = new_world(*state);
	struct count c;

	for (unsigned g = 0; g < 3; g++) {
		struct text hosts = TEXT_IN(*state);
		struct both ports = { 0 };

		for (unsigned h = 0; h < 40; h++)
			text_printf(&hosts, "%s10.1.%u.%u", h ? " " : "", g,
				    h * 2);
		for (unsigned p = 0; p < 30; p++)
			ports = both_union(*state, ports,
					   tcp(w, 1000 * g + p * 2,
					       1000 * g + p * 2));
		allow(w, "group", text_string(&hosts), "10.0.70.5 10.0.64.7",
		      ports);
	}
	(void)shaped(w, &c);
	assert_int_equal(c.maps, 1);
	assert_int_equal(c.hashes, 3);
	assert_int_equal(c.chains, 3);
}

static void many_ranges_are_parted_behind_a_map(void **state)
{
	struct world *w = new_world(*state);
	struct count c;

	for (unsigned i = 0; i < 1200; i++)
		allow(w, "many", arena_printf(*state, "11.%u.%u.0/25", i / 200,
					      i % 200),
		      "10.0.64.0/22", tcp(w, 5000 + i, 6000 + i));
	for (unsigned i = 0; i < 20; i++)
		allow(w, "wide", "any", "10.0.64.0/22",
		      tcp(w, 100 + 2 * i, 100 + 2 * i));
	(void)shaped(w, &c);
	assert_int_equal(c.maps, 1);
	assert_true(c.chains >= 3);
	assert_true(c.largest <= 500);
	assert_int_equal(c.ranges, c.chains + 2);	/* the wide ones, and output */
}

/* The set that the input chain ends in, of ten rules from each of FROM. */
static const struct nft_rule *last_lookup(struct world *w, const char *from)
{
	const struct nft_chain *chain;
	struct count c;

	for (unsigned i = 0; i < 10; i++)
		allow(w, "ten", arena_printf(w->arena, from, i), "10.0.64.0/22",
		      tcp(w, 100 + 2 * i, 100 + 2 * i));
	chain = &shaped(w, &c)->chains[NFT_INPUT];
	for (size_t i = chain->rules.count; i-- > 0;)
		if (chain->rules.at[i].matches.count &&
		    chain->rules.at[i].matches.at[chain->rules.at[i].matches.count -
						  1].set->name)
			return &chain->rules.at[i];
	fail();
	return NULL;
}

static void an_address_that_all_have_is_not_in_the_key(void **state)
{
	const struct nft_rule *rule = last_lookup(new_world(*state),
						  "11.0.%u.0/24");

	assert_int_equal(rule->matches.count, 2);
	assert_int_equal(rule->matches.at[0].fields[0], NFT_IP_DADDR);
	assert_int_equal(rule->matches.at[1].width, 3);
	assert_int_equal(rule->matches.at[1].fields[0], NFT_IP_SADDR);
}

static void two_addresses_that_all_have_leave_two_fields(void **state)
{
	const struct nft_rule *rule = last_lookup(new_world(*state),
						  "11.0.0.0/24");

	assert_int_equal(rule->matches.count, 3);
	assert_int_equal(rule->matches.at[2].width, 2);
	assert_int_equal(rule->matches.at[2].fields[0], NFT_L4PROTO);
}

static void an_address_that_may_be_any_is_not_looked_at(void **state)
{
	const struct nft_rule *rule = last_lookup(new_world(*state), "any");

	assert_int_equal(rule->matches.count, 2);
	assert_int_equal(rule->matches.at[0].fields[0], NFT_IP_DADDR);
	assert_int_equal(rule->matches.at[1].width, 2);
}

/* --- settings --- */

static void assert_has(struct world *w, int layer, const char *text)
{
	const char *all = emitted(w, layer).bytes;

	if (!strstr(all, text))
		fail_msg("no `%s` in\n%s", text, all);
}

static void strict_leaves_out_what_aws_never_filters(void **state)
{
	struct world *w = rich_world(*state);

	assert_has(w, DATA, "AWS resolver");
	w->ir.nft.strict = true;
	assert_proved(w);
	assert_null(strstr(emitted(w, DATA).bytes, "AWS"));
	w->ir.nft.strict = false;
	assert_differs(w, DATA, "ip daddr 169.254.169.253 udp dport 53 accept",
		       "ip daddr 169.254.169.253 udp dport 53 drop",
		       "udp 0.0.0.1 -> 169.254.169.253 port 53");
}

static void what_is_refused_is_logged_counted_and_told(void **state)
{
	struct world *w = rich_world(*state);

	w->ir.nft.log_prefix = "refused: ";
	w->ir.nft.counters = true;
	w->ir.nft.inside = REFUSE_REJECT;
	assert_proved(w);
	assert_has(w, DATA, "limit rate 10/second burst 20 packets log prefix "
		   "\"refused: \"\n");
	assert_has(w, DATA, "ip saddr 10.0.0.0/16 meta l4proto tcp counter "
		   "reject with tcp reset\n");
	assert_has(w, DATA, "flags interval\n\t\tcounter\n");
	w->ir.nft.inside = REFUSE_DROP;
	w->ir.nft.outside = REFUSE_REJECT;
	assert_proved(w);
	assert_has(w, DATA, "ip6 saddr 2001:db8::/32 counter drop\n");
	assert_has(w, DATA, "\t\tcounter reject with icmpx admin-prohibited\n");
}

static void a_hostile_log_prefix_is_not_emitted(void **state)
{
	struct world *w = rich_world(*state);
	struct artefacts files = { 0 };

	w->ir.nft.log_prefix = "x\" accept";
	assert_false(backend_nft.emit(job_of(w), &files));
}

/* --- the gateway --- */

enum { GATEWAY = LAYERS };

/* Three networks, each reached in another way, and two addresses for NAT. */
static struct world *gateway_world(struct arena *arena)
{
	static const struct ir_network networks[] = {
		{ .name = "core", .via = VIA_VPN },
		{ .name = "card", .via = VIA_NAT },
		{ .name = "s3", .via = VIA_ENDPOINT },
	};
	struct world *w = rich_world(arena);
	struct both *at = arena_array(arena, 3, sizeof *at);

	at[0] = both_addresses(arena, "172.20.5.0/28 fd20::/64");
	at[1] = both_addresses(arena, "192.0.2.32");
	at[2] = both_addresses(arena, "3.5.0.0/19");
	w->ir.networks = networks;
	w->ir.network_count = 3;
	w->space.networks = at;
	w->space.internet = both_addresses(arena, "4.0.0.0/6 2000::/4");
	w->space.nat = both_addresses(arena, "198.51.100.20 198.51.100.24");
	allow(w, "core", "10.0.16.0/20 2001:db8:1::/64",
	      "172.20.5.0/28 fd20::/64", tcp(w, 8443, 8443));
	allow(w, "core-in", "172.20.5.0/28 fd20::/64",
	      "10.0.16.0/20 2001:db8:1::/64", tcp(w, 22, 22));
	allow(w, "card", "10.0.16.0/20", "192.0.2.32", tcp(w, 443, 443));
	return w;
}

static void a_gateway_forwards_what_the_environment_permits(void **state)
{
	struct world *w = gateway_world(*state);
	const struct nft_model *model;

	assert_proved(w);
	model = nft_lower(job_of(w), *state, NFT_NO_LAYER);
	assert_false(model->chains[NFT_INPUT].present);
	assert_has(w, GATEWAY, "\"firebreak connect banco-andino prod -\"");
	assert_differs(w, GATEWAY, "tcp . 8443 ", "tcp . 8444 ",
		       "tcp 10.0.16.1 -> 172.20.5.1 port 8444");
}

static void what_a_vpn_brings_cannot_be_forged(void **state)
{
	struct world *w = gateway_world(*state);
	struct verdict v;

	assert_has(w, GATEWAY, "\t\tip saddr 172.20.5.0/28 meta ipsec missing "
		   "drop comment \"vpn in clear\"\n\t\tip6 saddr fd20::/64");
	v = judge_changed(w, GATEWAY, "172.20.5.0/28 meta ipsec missing",
			  "172.20.5.0/29 meta ipsec missing");
	assert_int_equal(v.outcome, DIFFERS);
	assert_true(v.admitted);
	assert_int_equal(judge_changed(w, GATEWAY, "ipsec missing",
				       "ipsec exists").outcome, DIFFERS);
	/* replies too: behind the states it would be too late */
	assert_int_equal(judge_changed(w, GATEWAY, "\t\tip saddr 172.20.5.0/28 "
				       "meta ipsec missing drop comment "
				       "\"vpn in clear\"\n", "").outcome,
			 DIFFERS);
}

static void what_leaves_for_the_internet_is_translated(void **state)
{
	struct world *w = gateway_world(*state);

	assert_has(w, GATEWAY, "ip saddr 10.0.0.0/17 ip daddr @nat_to "
		   "snat ip to 198.51.100.20\n");
	assert_has(w, GATEWAY, "ip saddr 10.0.128.0/17 ip daddr @nat_to "
		   "snat ip to 198.51.100.24\n");
	assert_differs(w, GATEWAY, "snat ip to 198.51.100.20",
		       "snat ip to 198.51.100.21",
		       "tcp 10.0.0.1 -> 4.0.0.1 port 1");
	assert_differs(w, GATEWAY, "ip saddr 10.0.128.0/17 ip daddr",
		       "ip saddr 10.0.192.0/18 ip daddr",
		       "tcp 10.0.128.1 -> 4.0.0.1 port 1");
	assert_differs(w, GATEWAY, "\t\t\t192.0.2.32\n", "\t\t\t192.0.2.33\n",
		       "tcp 10.0.0.1 -> 192.0.2.33 port 1");
	assert_refused(w, GATEWAY, "ip saddr 10.0.0.0/17 ip daddr",
		       "ct state new ip saddr 10.0.0.0/17 ip daddr",
		       "translation by more");
	assert_refused(w, GATEWAY, "srcnat; policy accept",
		       "srcnat; policy drop", "where they are translated");
}

/* Else both files would be nft/gateway.nft. */
static void no_layer_is_called_gateway(void **state)
{
	struct world *w = rich_world(*state);
	struct artefacts files = { 0 };

	w->layers[EDGE].name = "gateway";
	assert_false(backend_nft.emit(job_of(w), &files));
	assert_non_null(strstr(refused(w).told, "nft/gateway.nft"));
}

/* --- the base set --- */

static void every_row_of_the_base_set_can_be_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < base_set_count; i++) {
		const struct base_row *row = &base_set[i];
		const char *texts[] = { row->src, row->dst };

		for (size_t j = 0; j < 2; j++) {
			struct prefix p;

			if (!texts[j])
				continue;
			assert_int_equal(prefix_read(texts[j],
						     strlen(texts[j]), &p),
					 PREFIX_OK);
			assert_int_equal(p.family, row->family);
		}
		assert_true(row->lo <= row->hi);
		assert_true(service_has_value(row->family, row->protocol));
		assert_true(row->family == IPV6 || !row->on_link);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(a_policy_without_rules_is_proved),
		IN_ARENA(a_policy_with_something_of_everything_is_proved),
		IN_ARENA(first_and_last_ports_are_proved),
		IN_ARENA(one_address_and_the_whole_family_are_proved),
		IN_ARENA(icmp_types_and_codes_are_proved),
		IN_ARENA(protocols_without_values_are_proved),
		IN_ARENA(any_service_and_any_but_one_are_proved),
		IN_ARENA(a_whole_protocol_is_looked_up_without_its_ports),
		IN_ARENA(rules_within_one_layer_are_on_both_sides),
		IN_ARENA(the_unnamed_customer_is_a_dash),
		IN_ARENA(emitting_twice_gives_the_same_bytes),
		IN_ARENA(layers_without_addresses_have_no_file),
		IN_ARENA(elements_of_a_set_are_disjoint),
		IN_ARENA(elements_name_the_rules_they_come_from),
		IN_ARENA(many_names_are_cut_and_counted),
		IN_ARENA(a_name_longer_than_a_comment_is_cut),
		IN_ARENA(hostile_rule_names_are_not_emitted),
		IN_ARENA(hostile_identities_are_not_emitted),
		IN_ARENA(an_identity_fits_a_comment_or_is_not_emitted),
		IN_ARENA(a_wider_port_is_found),
		IN_ARENA(a_wider_prefix_is_found),
		IN_ARENA(a_missing_element_is_found),
		IN_ARENA(another_protocol_is_found),
		IN_ARENA(another_type_and_code_are_found),
		IN_ARENA(another_plain_protocol_is_found),
		IN_ARENA(sides_that_change_places_are_found),
		IN_ARENA(an_open_policy_is_found),
		IN_ARENA(a_missing_policy_accepts),
		IN_ARENA(a_missing_chain_lets_everything_pass),
		IN_ARENA(another_hop_limit_is_found),
		IN_ARENA(a_missing_hop_limit_is_found),
		IN_ARENA(another_source_port_is_found),
		IN_ARENA(a_rule_for_part_of_all_contexts_is_found),
		IN_ARENA(states_that_change_are_found),
		IN_ARENA(loopback_that_is_not_is_found),
		IN_ARENA(every_number_that_changes_is_found_or_refused),
		IN_ARENA(each_line_that_is_missing_is_found_or_refused),
		IN_ARENA(what_is_not_understood_is_refused),
		IN_ARENA(refusals_say_the_line),
		IN_ARENA(a_second_table_is_refused),
		IN_ARENA(a_file_that_ends_early_is_refused),
		IN_ARENA(bytes_that_are_no_text_are_refused),
		IN_ARENA(files_are_recognised_by_a_line),
		IN_ARENA(denoting_is_walking_the_chain),
		IN_ARENA(emitted_rulesets_walk_as_they_denote),
		IN_ARENA(printing_what_was_read_means_the_same),
		IN_ARENA(the_first_rule_that_matches_decides),
		IN_ARENA(too_many_contexts_are_refused),
		IN_ARENA(too_many_combinations_are_refused),
		IN_ARENA(a_listing_of_a_loaded_file_is_proved),
		IN_ARENA(listing_with_numbers_is_read_too),
		IN_ARENA(a_change_in_a_listing_is_found),
		IN_ARENA(few_lines_are_rules),
		IN_ARENA(single_hosts_and_ports_are_a_hash_with_room),
		IN_ARENA(hosts_that_may_the_same_are_groups),
		IN_ARENA(many_ranges_are_parted_behind_a_map),
		IN_ARENA(an_address_that_all_have_is_not_in_the_key),
		IN_ARENA(two_addresses_that_all_have_leave_two_fields),
		IN_ARENA(an_address_that_may_be_any_is_not_looked_at),
		IN_ARENA(strict_leaves_out_what_aws_never_filters),
		IN_ARENA(what_is_refused_is_logged_counted_and_told),
		IN_ARENA(a_hostile_log_prefix_is_not_emitted),
		IN_ARENA(a_gateway_forwards_what_the_environment_permits),
		IN_ARENA(what_a_vpn_brings_cannot_be_forged),
		IN_ARENA(what_leaves_for_the_internet_is_translated),
		IN_ARENA(no_layer_is_called_gateway),
		IN_ARENA(every_row_of_the_base_set_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
