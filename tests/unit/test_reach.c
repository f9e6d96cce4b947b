/* Routes in worlds that the property test does not make. */
#include "tests/lib/fixture.h"

#include "compiler/base/text.h"
#include "compiler/verify.h"
#include "tests/lib/policy.h"

#include <string.h>

static const char world[] =
	"language 1; policy p; environments prod;\n"
	"layer a; layer x shared-hosts; layer y shared-hosts; layer z shared-hosts; layer b;\n"
	"network n via vpn = 172.16.0.0/24, 2001:db8:9::/48;\n"
	"environment prod { vpc 10.0.0.0/16, 2001:db8::/56; layer a 10.0.0.0/24; layer x 10.0.1.0/24;\n"
	"  layer y 10.0.2.0/24, 2001:db8::/64; layer z 10.0.3.0/24; layer b 10.0.4.0/24; }\n";

static struct policy read(struct arena *arena, const char *statements)
{
	struct policy p;

	if (!policy_of_text(&p, arena,
			    arena_printf(arena, "%s%s", world, statements),
			    "2026-06-01"))
		fail_msg("%s", policy_messages(&p));
	return p;
}

static uint32_t layer(const struct policy *p, const char *name)
{
	uint32_t i = 0;

	while (strcmp(p->ir->layers[i].name, name) != 0)
		i++;
	return i;
}

/* Give the first of the layers some addresses of the second one. */
static void overlap(struct policy *p, const char *first, const char *second)
{
	struct both *layers = p->ir->spaces[0].layers;
	struct ranges other = layers[layer(p, second)].of[IPV4];

	layers[layer(p, first)].of[IPV4] = ranges_union(p->arena,
		layers[layer(p, first)].of[IPV4],
		ranges_one(p->arena, other.at[0].lo, other.at[0].lo + 9));
}

static const char chain[] =
	"r1: allow a -> x on tcp/1; r2: allow z -> b on tcp/2;\n"
	"i: never a -> b transitively; near: within 2 hops never a -> b;\n"
	"few: reach a within 1 at most 2 layers;\n";

static void layers_that_share_no_hosts_are_not_one(void **state)
{
	struct policy p = read(*state, chain);
	const struct verdict *v;

	overlap(&p, "x", "y");
	v = verify_verdicts(*state, p.ir);
	assert_int_equal(v[0].kind, VERDICT_HOLDS);
	assert_int_equal(v[0].found, 2);	/* `few`: x and y */
	assert_int_equal(v[1].kind, VERDICT_HOLDS);
}

static void hosts_are_shared_by_way_of_others(void **state)
{
	struct policy p = read(*state, chain);
	const struct verdict *v;

	overlap(&p, "x", "y");
	overlap(&p, "y", "z");
	v = verify_verdicts(*state, p.ir);
	for (int i = 1; i < 3; i++) {
		assert_int_equal(v[i].kind, VERDICT_BROKEN);
		assert_int_equal(v[i].hop_count, 2);
		assert_int_equal(v[i].mending_count, 1);
		assert_false(v[i].mending_only);
	}
	assert_int_equal(v[0].kind, VERDICT_BROKEN);
	assert_int_equal(v[0].layer_count, 3);
}

static void what_is_avoided_shares_nothing(void **state)
{
	struct policy p = read(*state,
		"r1: allow a -> x on tcp/1; r2: allow z -> b on tcp/2;\n"
		"i: never a -> b avoiding y transitively;\n");

	overlap(&p, "x", "y");
	overlap(&p, "y", "z");
	assert_int_equal(verify_verdicts(*state, p.ir)[0].kind, VERDICT_HOLDS);
}

static void a_route_changes_the_family_on_its_way(void **state)
{
	struct policy p = read(*state,
		"r1: allow a -> n on tcp/1; r2: allow n -> 2001:db8::/64 on tcp/2;\n"
		"r3: allow y -> b on tcp/3;\n"
		"i: never a -> b transitively; j: never a -> 2001:db8::/64 transitively;\n");
	const struct verdict *v = verify_verdicts(*state, p.ir);

	assert_int_equal(v[0].kind, VERDICT_BROKEN);
	assert_int_equal(v[0].hop_count, 3);
	assert_int_equal(v[1].kind, VERDICT_BROKEN);
	assert_int_equal(v[1].hops[0].packet.family, IPV4);
	assert_int_equal(v[1].hops[1].packet.family, IPV6);
}

static void the_internet_is_no_place_on_the_way(void **state)
{
	struct policy p = read(*state,
		"r1: allow a -> internet on any; r2: allow internet -> b on tcp/1;\n"
		"i: never a -> b transitively;\n");

	assert_int_equal(verify_verdicts(*state, p.ir)[0].kind, VERDICT_HOLDS);
}

static void a_route_begins_where_hosts_are_shared(void **state)
{
	struct policy p = read(*state,
		"r1: allow 10.0.1.0/25 -> b on tcp/1; r2: allow 10.0.0.0/25 -> b on tcp/1;\n"
		"shared: never 10.0.1.128/25 -> b transitively;\n"
		"apart: never 10.0.0.128/25 -> b transitively;\n"
		"direct: never 10.0.1.128/25 -> b;\n");
	const struct verdict *v = verify_verdicts(*state, p.ir);

	assert_int_equal(v[0].kind, VERDICT_HOLDS);	/* apart */
	assert_int_equal(v[1].kind, VERDICT_HOLDS);	/* direct */
	assert_int_equal(v[2].kind, VERDICT_BROKEN);	/* shared */
}

static void peers_connect_where_both_sides_permit(void **state)
{
	struct policy p;
	const struct verdict *v;

	assert_true(policy_of_text(&p, *state,
		"language 1; policy p; environments dev, prod; layer a; layer b; layer c;\n"
		"environment dev { vpc 10.1.0.0/16; layer a 10.1.0.0/24; layer c 10.1.1.0/24; peer prod; }\n"
		"environment prod { vpc 10.2.0.0/16; layer b 10.2.0.0/24; layer c 10.2.1.0/24; }\n"
		"arrive: allow any -> b on tcp/1-9 in prod; onward: allow b -> c on any in prod;\n"
		"leave: allow a -> 10.2.0.0/16 on tcp/9-19 in dev;\n"
		"i: never a -> c transitively;\n", "2026-06-01"));
	v = verify_verdicts(*state, p.ir);
	assert_int_equal(v->kind, VERDICT_BROKEN);
	assert_int_equal(v->hop_count, 2);
	assert_int_equal(v->hops[0].packet.svc & 0xffff, 9);
	assert_int_equal(v->hops[0].rule_count, 2);	/* one a side */
	assert_int_equal(v->mending_count, 1);
	assert_false(v->mending_only);		/* any of the three */
}

/* A connection across needs both sides; a waiver of one covers it. */
static void a_waiver_on_either_side_is_one(void **state)
{
	struct policy p;
	const struct verdict *v;

	assert_true(policy_of_text(&p, *state,
		"language 1; policy p; environments dev, prod; layer a; layer b; layer c;\n"
		"environment dev { vpc 10.1.0.0/16; layer a 10.1.0.0/24; layer c 10.1.1.0/24; peer prod; }\n"
		"environment prod { vpc 10.2.0.0/16; layer b 10.2.0.0/24; layer c 10.2.1.0/24; }\n"
		"arrive: allow any -> b on tcp/9 in prod\n"
		"  waives i expires 2026-12-31 ticket T approved by boss;\n"
		"onward: allow b -> c on any in prod; leave: allow a -> 10.2.0.0/16 on tcp/9 in dev;\n"
		"i: never a -> c transitively;\n", "2026-06-01"));
	v = verify_verdicts(*state, p.ir);
	assert_int_equal(v->kind, VERDICT_WAIVED);
	assert_int_equal(v->waived_count, 1);
}

static void a_long_chain_is_walked_to_its_end(void **state)
{
	enum { LAYERS = 3000 };
	struct text t = TEXT_IN(*state);
	struct policy p;
	const struct verdict *v;

	text_puts(&t, "language 1; policy p; environments prod;\n"
		  "environment prod { vpc 10.0.0.0/8;\n");
	for (int i = 0; i < LAYERS; i++)
		text_printf(&t, "layer l%d 10.%d.%d.0/24;\n", i, i / 256,
			    i % 256);
	text_puts(&t, "}\n");
	for (int i = 0; i < LAYERS; i++)
		text_printf(&t, "layer l%d;\n", i);
	for (int i = 0; i + 1 < LAYERS; i++)
		text_printf(&t, "r%04d: allow l%d -> l%d on tcp/1;\n", i, i,
			    i + 1);
	text_printf(&t, "all: never l0 -> l%d transitively;\n"
		    "near: within %d hops never l0 -> l%d;\n", LAYERS - 1,
		    LAYERS - 2, LAYERS - 1);
	assert_true(policy_of_text(&p, *state, text_string(&t), "2026-06-01"));
	v = verify_verdicts(*state, p.ir);
	assert_int_equal(v[0].hop_count, LAYERS - 1);
	assert_int_equal(v[0].mending_count, 1);
	assert_int_equal(v[1].kind, VERDICT_HOLDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(layers_that_share_no_hosts_are_not_one),
		IN_ARENA(hosts_are_shared_by_way_of_others),
		IN_ARENA(what_is_avoided_shares_nothing),
		IN_ARENA(a_route_changes_the_family_on_its_way),
		IN_ARENA(the_internet_is_no_place_on_the_way),
		IN_ARENA(a_route_begins_where_hosts_are_shared),
		IN_ARENA(peers_connect_where_both_sides_permit),
		IN_ARENA(a_waiver_on_either_side_is_one),
		IN_ARENA(a_long_chain_is_walked_to_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
