/*
 * Access scopes: what a file of them reports, packet by packet, against the judge
 * of invariants; and what is left out of it and said.
 *
 * The judge is asked by a rule that permits one packet: then the invariant is
 * broken, or it is not.
 */
#include "backends/aws/scope.h"

#include "compiler/base/service.h"
#include "compiler/verify.h"
#include "tests/lib/fixture.h"
#include "tests/lib/sample.h"
#include "tests/lib/scopes.h"

#include <stdio.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define DAY "2026-11-23"

/* --- a world --- */

/*
 * Every form of invariant; a list by its name, a waiver, an exception, a peer,
 * two customers, both families.
 */
static const char world[] =
	"language 1; policy scoped; environments dev, prod;\n"
	"layer edge; layer app; layer data;\n"
	"network partner via nat = 192.0.3.0/28, 2001:db8:77::/64;\n"
	"network core via vpn = 172.16.0.0/28;\n"
	"network s3 prefix-list \"com.amazonaws.{region}.s3\" via endpoint;\n"
	"web:   allow internet -> edge on tcp/443;\n"
	"fwd:   allow edge -> app on tcp/8080;\n"
	"store: allow app -> data on tcp/5432;\n"
	"pull:  allow app -> s3 on tcp/443;\n"
	"pay:   allow app -> partner on tcp/443;\n"
	"fix:   allow core -> data on tcp/22 waives private expires 2026-12-01\n"
	"  ticket T-1 approved by ana;\n"
	"promote: allow dev.app -> prod.app on tcp/22;\n"
	"edge-only:  never internet -> any except edge;\n"
	"web-only:   never internet -> edge on any except (tcp/443, udp/443);\n"
	"private:    only app -> data on tcp/5432, udp/53, icmp/any;\n"
	"confined:   confine data -> data on tcp/5432;\n"
	"to-lists:   confine app -> partner, data, s3, prod.app, dev.app on any;\n"
	"no-mail:    never any -> any on tcp/25;\n"
	"tiered:     tiers edge > app > data;\n"
	"routes:     never internet -> data avoiding app transitively;\n"
	"hops:       within 2 hops never core -> edge on tcp/22-23;\n"
	"apart:      isolate environments except dev.app -> prod.app on tcp/22;\n"
	"tenants:    isolate customers;\n"
	"named:      isolate edge, data;\n"
	"reachable:  must app -> data on tcp/5432;\n"
	"blast:      reach edge within 3 at most 5 layers;\n"
	"same:       each rule internet at most 1 ports;\n"
	"in-prod:    never core -> app in prod;\n"
	"customer one { environment prod { region eu-west-1; peer dev;\n"
	"  vpc 10.1.0.0/16, 2600:1f18:1:100::/56;\n"
	"  layer edge 10.1.0.0/24, 2600:1f18:1:100::/64;\n"
	"  layer app  10.1.1.0/24, 2600:1f18:1:101::/64;\n"
	"  layer data 10.1.2.0/24, 2600:1f18:1:102::/64; }\n"
	"environment dev { region eu-west-1; vpc 10.2.0.0/16;\n"
	"  layer edge 10.2.0.0/24; layer app 10.2.1.0/24;\n"
	"  layer data 10.2.2.0/24; } }\n"
	"customer two { environment prod { region eu-west-1; vpc 10.3.0.0/16;\n"
	"  layer edge 10.3.0.0/24; layer app 10.3.1.0/24;\n"
	"  layer data 10.3.2.0/24; } }\n";

/* At either end. */
static bool is_reported(struct place *at, const char *invariant,
			const struct packet *p)
{
	return reports(at, at->root, invariant, p, "Source") ||
	       reports(at, at->root, invariant, p, "Destination");
}

/* --- the judge, asked about one packet --- */

/* IR with a rule more that permits P in SPACE, and nothing else. */
static const struct ir *with_probe(struct arena *arena, const struct ir *ir,
				   uint32_t space, const struct packet *p)
{
	struct ir *own = arena_alloc(arena, sizeof *own);
	struct ir_rule *rules = arena_array(arena, ir->rule_count + 1,
					    sizeof *rules);
	struct ir_flow *flows = arena_array(arena, ir->flow_count + 1,
					    sizeof *flows);
	struct ir_space *spaces = arena_array(arena, ir->space_count,
					      sizeof *spaces);
	size_t place = ir->spaces[space].first_flow +
		       ir->spaces[space].flow_count;

	*own = *ir;
	memcpy(rules, ir->rules, ir->rule_count * sizeof *rules);
	memcpy(flows, ir->flows, place * sizeof *flows);
	memcpy(flows + place + 1, ir->flows + place,
	       (ir->flow_count - place) * sizeof *flows);
	memcpy(spaces, ir->spaces, ir->space_count * sizeof *spaces);
	rules[ir->rule_count] = (struct ir_rule){ .name = "zz-probe",
						  .in_force = true };
	flows[place] = (struct ir_flow){
		(uint32_t)ir->rule_count, space, IR_NO_SPACE, p->family,
		ranges_one(arena, p->src, p->src),
		ranges_one(arena, p->dst, p->dst),
		ranges_one(arena, p->svc, p->svc) };
	spaces[space].flow_count++;
	for (uint32_t s = space + 1; s < ir->space_count; s++)
		spaces[s].first_flow++;
	own->rules = rules;
	own->rule_count++;
	own->flows = flows;
	own->flow_count++;
	own->spaces = spaces;
	return own;
}

static bool is_broken_by(struct place *at, const struct ir_invariant *inv,
			 const struct packet *p)
{
	struct arena *arena = arena_child(at->job.arena);
	const struct ir *ir = with_probe(arena, at->ir, at->space, p);
	enum verdict_kind kind = verify_some(arena, ir, inv, 1)->kind;

	assert_int_not_equal(kind, VERDICT_FAULT);
	arena_free(arena);
	return kind == VERDICT_BROKEN;
}

/* Does a rule that waives INV permit P here? */
static bool is_waived(struct place *at, const struct ir_invariant *inv,
		      const struct packet *p)
{
	const struct ir_space *s = &at->ir->spaces[at->space];

	for (uint32_t i = 0; i < s->flow_count; i++) {
		const struct ir_flow *f = &at->ir->flows[s->first_flow + i];
		const char *name = at->ir->rules[f->rule].waives.value;

		if (name && strcmp(name, inv->name) == 0 &&
		    f->family == p->family && ranges_have(f->src, p->src) &&
		    ranges_have(f->dst, p->dst) && ranges_have(f->svc, p->svc))
			return true;
	}
	return false;
}

/* Can the analyzer see P at all, and is it nobody's that a group may admit? */
static bool is_visible(struct place *at, const struct ir_invariant *inv,
		       const struct packet *p)
{
	const struct ir_space *s = &at->ir->spaces[at->space];
	unsigned protocol = service_protocol(p->svc);
	bool isolates = inv->kind == CLAIM_ISOLATE_CUSTOMERS ||
			inv->kind == CLAIM_ISOLATE_ENVIRONMENTS;

	if (p->family != IPV4 ||
	    (protocol != PROTO_TCP && protocol != PROTO_UDP) ||
	    is_opaque(IPV4, p->src) || is_opaque(IPV4, p->dst) ||
	    (!is_in_vpc(at, p->src) && !is_in_vpc(at, p->dst)))
		return false;
	return isolates ||
	       (strcmp(ir_address_owner(at->ir, s, IPV4, p->src),
		       "undeclared") != 0 &&
		strcmp(ir_address_owner(at->ir, s, IPV4, p->dst),
		       "undeclared") != 0);
}

/* A class of a list that is none here: no packet has it. */
static bool is_nobody(struct place *at, u128 address)
{
	const struct ir_space *s = &at->ir->spaces[at->space];

	for (uint32_t i = 0; i < at->ir->network_count; i++)
		if (ir_is_opaque(s, i) && address == opaque_class(i))
			return false;
	return is_opaque(IPV4, address);
}

struct tally {
	unsigned asked, reported;
};

/*
 * What is reported breaks the invariant.  And what breaks one on the direct
 * relation is reported, if the analyzer sees it and nothing waives it.
 */
static void ask(struct place *at, const struct ir_invariant *inv,
		const struct packet *p, struct tally *tally)
{
	bool reported = is_reported(at, inv->name, p);
	bool direct = inv->kind != CLAIM_NEVER || inv->hops == 1;
	bool visible = is_visible(at, inv, p) && !is_waived(at, inv, p);
	bool broken;

	if (inv->kind == CLAIM_MUST || inv->kind == CLAIM_REACH ||
	    inv->kind == CLAIM_PARITY || inv->kind == CLAIM_EACH_RULE) {
		assert_false(reported);
		return;
	}
	if (is_nobody(at, p->src) || is_nobody(at, p->dst))
		return;
	tally->asked++;
	tally->reported += reported;
	broken = is_broken_by(at, inv, p);
	if ((reported && !broken) ||
	    (direct && reported != (broken && visible)))
		fail_msg("%s in space %u: %s%s, %s: %s", inv->name, at->space,
			 reported ? "reported" : "not reported",
			 visible ? "" : " (not visible)",
			 broken ? "broken" : "not broken",
			 packet_text(at->job.arena, p));
}

/* The boxes of an invariant here, of both families. */
static struct boxes boxes_of(struct place *at, const struct ir_invariant *inv,
			     enum family family)
{
	struct boxes out = { 0 };

	for (size_t i = 0; i < inv->box_count; i++)
		if (inv->boxes[i].space == at->space &&
		    inv->boxes[i].family == family)
			boxes_add(at->job.arena, &out, inv->boxes[i].src,
				  inv->boxes[i].dst, inv->boxes[i].svc);
	for (size_t i = 0; i < inv->exception_count; i++)
		if (inv->exceptions[i].space == at->space &&
		    inv->exceptions[i].family == family)
			boxes_add(at->job.arena, &out, inv->exceptions[i].src,
				  inv->exceptions[i].dst,
				  inv->exceptions[i].svc);
	return out;
}

/* What the scope looks at, to ask near its edges. */
static struct boxes looked_at(struct place *at, const struct ir_invariant *inv)
{
	struct boxes out = { 0 };

	for (int end = 0; end < SCOPE_ENDS; end++) {
		struct boxes some = scope_boxes(at->job.arena, at->ir,
			&at->ir->spaces[at->space], inv, (enum scope_end)end);

		for (size_t i = 0; i < some.count; i++)
			*LIST_PUSH(at->job.arena, &out) = some.at[i];
	}
	return out;
}

static void ask_about(struct place *at, unsigned packets, struct tally *tally)
{
	struct sampler any = SAMPLER_IN(at->job.arena);
	struct dice dice = dice_of(at->space + 1);

	sampler_add_ast(&any, at->policy->ast);
	sampler_finish(&any);
	for (size_t i = 0; i < at->ir->invariant_count; i++) {
		const struct ir_invariant *inv = &at->ir->invariants[i];
		struct boxes near[] = { boxes_of(at, inv, IPV4),
					boxes_of(at, inv, IPV6),
					looked_at(at, inv) };

		for (unsigned n = 0; n < packets; n++) {
			unsigned kind = n % 16 ? n % 2 * 2 : n / 16 % 2;
			enum family f = kind == 1 ? IPV6 : IPV4;
			struct packet p = near[kind].count && n % 4
				? sampler_near(&dice, f, &near[kind])
				: sampler_packet(&any, &dice, f);

			ask(at, inv, &p, tally);
		}
	}
}

/* --- tests --- */

static void what_a_scope_reports_breaks_its_invariant_and_nothing_else_does(
	void **state)
{
	struct tally tally = { 0 };
	struct policy p;

	read_world(&p, *state, world);
	if (verify_policy(*state, &p.diags, p.ir))
		fail_msg("%s", policy_messages(&p));
	for (uint32_t s = 0; s < p.ir->space_count; s++) {
		struct place *at = place_of(*state, &p, s);

		assert_non_null(at->root);
		assert_true(scopes_prove(at, at->made.at[0].bytes,
				   at->made.at[0].len));
		ask_about(at, 300, &tally);
		json_decref(at->root);
	}
	printf("%u packets, %u of them reported\n", tally.asked,
	       tally.reported);
	assert_true(tally.reported * 5 > tally.asked);
}

static void so_it_is_for_the_example(void **state)
{
	struct tally tally = { 0 };
	struct policy p;

	if (!policy_of_file(&p, *state, "policies/modyo-connect/main.fbk",
			    DAY))
		fail_msg("%s", policy_messages(&p));
	for (uint32_t s = 0; s < p.ir->space_count; s += 3) {
		struct place *at = place_of(*state, &p, s);

		assert_non_null(at->root);
		ask_about(at, 16, &tally);
		json_decref(at->root);
	}
	printf("%u packets, %u of them reported\n", tally.asked,
	       tally.reported);
	assert_true(tally.reported * 5 > tally.asked);
}

/* A world of one invariant in one environment; what it says of it. */
static json_t *said_of(struct arena *arena, const char *text,
		       const char *invariant, struct place **out)
{
	struct policy *p = arena_alloc(arena, sizeof *p);
	json_t *said;

	read_world(p, arena, text);
	*out = place_of(arena, p, 0);
	if (!(*out)->root)
		return NULL;
	said = json_object_get(json_object_get(json_object_get((*out)->root,
		"Metadata"), "firebreak"), "invariants");
	return json_object_get(said, invariant);
}

static const char *missing_of(json_t *said)
{
	return json_string_value(json_object_get(said, "not-looked-at"));
}

static bool has_scope(json_t *said)
{
	return *json_string_value(json_object_get(said, "scope"));
}

static void every_invariant_is_named_with_what_nobody_looks_at(void **state)
{
	static const struct {
		const char *name, *missing;
		bool has;
	} cases[] = {
		{ "edge-only", "protocols other than tcp and udp; prefix lists without addresses; addresses that nobody declares", true },
		{ "no-mail", "prefix lists without addresses; addresses that nobody declares", true },
		{ "private", "nobody declares; what fix permits while it waives", true },
		{ "hops", "routes over several connections", true },
		{ "routes", "routes over several connections; protocols other than tcp and udp; prefix", true },
		{ "reachable", "it demands that packets pass", false },
		{ "blast", "it counts", false },
		{ "same", "it is about the rules", false },
	};
	struct place *at;

	for (size_t i = 0; i < COUNT(cases); i++) {
		json_t *said = said_of(*state, world, cases[i].name, &at);

		assert_non_null(said);
		if (!strstr(missing_of(said), cases[i].missing))
			fail_msg("%s: %s", cases[i].name, missing_of(said));
		assert_int_equal(has_scope(said), cases[i].has);
		assert_int_equal(!!scope_for(at->root, cases[i].name),
				 cases[i].has);
		json_decref(at->root);
	}
	/* dev comes first, and `in-prod` is not about it */
	assert_string_equal(missing_of(said_of(*state, world, "in-prod", &at)),
			    "it says nothing of this environment");
	json_decref(at->root);
}

#define SMALL "language 1; policy small; environments prod; layer a; layer b;\n"

static void without_ipv4_there_is_no_template(void **state)
{
	struct place *at;

	assert_null(said_of(*state, SMALL
		"environment prod { vpc 2600:1f18:1:100::/56;\n"
		"  layer a 2600:1f18:1:100::/64; layer b 2600:1f18:1:101::/64; }\n"
		"r: allow a -> b on tcp/80; i: never b -> a;\n", "i", &at));
	assert_int_equal(at->made.count, 0);
	assert_int_equal(at->diags.all.count, 0);
}

static void a_region_is_needed_where_a_list_is_named_by_it(void **state)
{
	struct place *at;

	assert_null(said_of(*state, SMALL
		"network s3 prefix-list \"com.amazonaws.{region}.s3\";\n"
		"environment prod { vpc 10.0.0.0/16; layer a 10.0.0.0/24;\n"
		"  layer b 10.0.1.0/24; }\n"
		"r: allow a -> b on tcp/80; i: never b -> a;\n", "i", &at));
	assert_int_equal(at->diags.errors, 1);
}

static void a_list_is_not_fetched_from_elsewhere(void **state)
{
	struct place *at;
	size_t count;

	assert_null(said_of(*state, SMALL
		"network s3 prefix-list \"{{resolve:ssm:x}}\";\n"
		"environment prod { vpc 10.0.0.0/16; layer a 10.0.0.0/24;\n"
		"  layer b 10.0.1.0/24; }\n"
		"r: allow a -> b on tcp/80; i: never b -> a;\n", "i", &at));
	assert_string_equal(diag_list(&at->diags, &count)->code, "P0512");
}

/* --- the template of another environment, and other invariants --- */

static void the_scopes_of_other_invariants_are_not_the_policys(void **state)
{
	static const char *const others[] = {
		"i: never b -> a on tcp/22;", "i: never b -> a; k: never a -> b on tcp/1;",
		"k: never b -> a;" };
	static const char rest[] = SMALL
		"environment prod { vpc 10.0.0.0/16; layer a 10.0.0.0/24;\n"
		"  layer b 10.0.1.0/24; }\n"
		"r: allow a -> b on tcp/80;\n";
	struct place *at, *other;

	(void)said_of(*state, arena_printf(*state, "%si: never b -> a;", rest),
		      "i", &at);
	json_decref(at->root);
	for (size_t i = 0; i < COUNT(others); i++) {
		(void)said_of(*state, arena_printf(*state, "%s%s", rest,
						   others[i]), "i", &other);
		assert_false(scopes_prove(at, other->made.at[0].bytes,
				    other->made.at[0].len));
		json_decref(other->root);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(what_a_scope_reports_breaks_its_invariant_and_nothing_else_does),
		IN_ARENA(so_it_is_for_the_example),
		IN_ARENA(every_invariant_is_named_with_what_nobody_looks_at),
		IN_ARENA(without_ipv4_there_is_no_template),
		IN_ARENA(a_region_is_needed_where_a_list_is_named_by_it),
		IN_ARENA(a_list_is_not_fetched_from_elsewhere),
		IN_ARENA(the_scopes_of_other_invariants_are_not_the_policys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
