/*
 * A few hundred random policies, each looked at by people who do not know each
 * other: the compiler's meaning, the naive evaluator, and every output read
 * back.  They are asked about packets at the borders of everything.
 */
#include "backends/backend.h"
#include "compiler/base/addr.h"
#include "compiler/base/text.h"
#include "tests/lib/fixture.h"
#include "tests/lib/gen.h"
#include "tests/lib/naive.h"
#include "tests/lib/policy.h"
#include "tests/lib/sample.h"

#include <stdlib.h>
#include <string.h>

enum {
	POLICIES = 160,		/* half of them plain, half wild */
	PACKETS = 300,		/* a family of an environment */
	PACKETS_OF_SIDE = 24,
	ORDER_STEP = 3,		/* the order of every third is changed */
};

/* One generated policy that the compiler takes. */
struct subject {
	struct arena *arena;
	unsigned seed;
	struct policy policy;
	struct dice dice;
	struct sampler sampler;
};

/* One environment of it. */
struct place {
	struct subject *of;
	const char *customer, *environment;
	struct meaning meaning;
	struct diags diags;
	struct job job;
};

/* --- what no group and no host filters, for an ordinary new connection --- */

static const struct exempt {
	bool input;
	const char *src, *dst;		/* NULL: whatever */
	unsigned protocol, lo, hi;
} exempts[] = {
	{ true,  "fe80::/10", NULL, 58, 130 << 8, 132 << 8 | 255 },
	{ true,  "fe80::/10", NULL, 58, 143 << 8, 143 << 8 | 255 },
	{ true,  "::",	      NULL, 58, 131 << 8, 132 << 8 | 255 },
	{ true,  "::",	      NULL, 58, 143 << 8, 143 << 8 | 255 },
	{ false, "fe80::/10", NULL, 58, 130 << 8, 132 << 8 | 255 },
	{ false, "fe80::/10", NULL, 58, 143 << 8, 143 << 8 | 255 },
	{ false, "::",	      NULL, 58, 131 << 8, 132 << 8 | 255 },
	{ false, "::",	      NULL, 58, 143 << 8, 143 << 8 | 255 },
	{ true,  "fe80::/10", NULL, 17, 546, 546 },
	{ false, NULL, "ff02::1:2",	  17, 547, 547 },
	{ false, NULL, "169.254.169.253", 17, 53, 53 },
	{ false, NULL, "169.254.169.253", 6, 53, 53 },
	{ false, NULL, "fd00:ec2::253",	  17, 53, 53 },
	{ false, NULL, "fd00:ec2::253",	  6, 53, 53 },
	{ false, NULL, "169.254.169.254", 6, 80, 80 },
	{ false, NULL, "fd00:ec2::254",	  6, 80, 80 },
	{ false, NULL, "169.254.170.2",	  6, 80, 80 },
	{ false, NULL, "169.254.169.123", 17, 123, 123 },
	{ false, NULL, "fd00:ec2::123",	  17, 123, 123 },
};

enum { EXEMPTS = sizeof exempts / sizeof *exempts };

static bool is_at(const char *where, enum family family, u128 address)
{
	struct prefix p;
	struct range r;

	if (!where)
		return true;
	assert_int_equal(prefix_read(where, strlen(where), &p), PREFIX_OK);
	r = prefix_range(p);
	return p.family == family && r.lo <= address && address <= r.hi;
}

static bool is_exempt(bool input, const struct packet *p)
{
	for (size_t i = 0; i < EXEMPTS; i++) {
		const struct exempt *e = &exempts[i];

		/* a row without an IPv4 address is of IPv6 */
		if (e->input == input &&
		    p->svc >= service_key(e->protocol, e->lo) &&
		    p->svc <= service_key(e->protocol, e->hi) &&
		    is_at(e->src, p->family, p->src) &&
		    is_at(e->dst, p->family, p->dst))
			return true;
	}
	return false;
}

static void add_exempts(struct sampler *s)
{
	for (size_t i = 0; i < EXEMPTS; i++) {
		const char *where = exempts[i].src ? exempts[i].src
						   : exempts[i].dst;
		struct prefix p;

		prefix_read(where, strlen(where), &p);
		sampler_add_addresses(s, p.family, prefix_range(p));
		sampler_add_services(s, (struct range){
			service_key(exempts[i].protocol, exempts[i].lo),
			service_key(exempts[i].protocol, exempts[i].hi) });
	}
}

/* --- subjects and places --- */

static const struct gen_policy *generated(struct arena *arena, unsigned seed)
{
	return gen_policy(arena, seed, seed % 2 ? GEN_PLAIN : GEN_WILD);
}

/* False when the compiler refuses it, which a few deserve. */
static bool subject_of(struct subject *s, struct arena *arena, unsigned seed)
{
	const char *text;

	*s = (struct subject){ .arena = arena_child(arena), .seed = seed,
			       .dice = dice_of(~(uint64_t)seed) };
	text = gen_text(s->arena, generated(s->arena, seed), 0);
	if (!policy_of_text(&s->policy, s->arena, text, GEN_DAY)) {
		arena_free(s->arena);
		return false;
	}
	s->sampler = SAMPLER_IN(s->arena);
	sampler_add_ast(&s->sampler, s->policy.ast);
	add_exempts(&s->sampler);
	sampler_finish(&s->sampler);
	return true;
}

static void place_of(struct place *p, struct subject *s, size_t space)
{
	const struct ir *ir = s->policy.ir;
	const struct ir_space *is = &ir->spaces[space];

	*p = (struct place){
		.of = s,
		.customer = ir->customers[is->customer].name,
		.environment = ir->environments[is->environment],
		.meaning = meaning_of(s->arena, ir, is),
		.diags = { .arena = s->arena },
	};
	p->job = (struct job){ s->arena, &p->diags, ir, &p->meaning };
}

static bool naive(const struct place *p, const struct packet *packet)
{
	return naive_allows(p->of->policy.ast, p->customer, p->environment,
			    packet, p->of->policy.as_of);
}

static bool is_in_layer(const struct place *p, const char *layer,
			enum family family, u128 address)
{
	return naive_is_in(p->of->policy.ast, p->customer, p->environment,
			   layer, family, address);
}

/* The name of the layer that has ADDRESS, or NULL. */
static const char *layer_at(const struct place *p, enum family family,
			    u128 address)
{
	const struct ir *ir = p->of->policy.ir;

	for (size_t i = 0; i < ir->layer_count; i++)
		if (is_in_layer(p, ir->layers[i].name, family, address))
			return ir->layers[i].name;
	return NULL;
}

/* In a network that is reached through a VPN. */
static bool is_behind_vpn(const struct place *p, enum family family,
			  u128 address)
{
	const struct ir *ir = p->of->policy.ir;

	for (size_t i = 0; i < ir->network_count; i++)
		if (ir->networks[i].via == VIA_VPN &&
		    ranges_have(p->meaning.space->networks[i].of[family],
				address))
			return true;
	return false;
}

static bool is_undeclared(const struct place *p, enum family family,
			  u128 address)
{
	return naive_is_undeclared(p->of->policy.ast, p->customer,
				   p->environment, family, address);
}

static bool have(const struct boxes *boxes, const struct packet *packet)
{
	for (size_t i = 0; i < boxes->count; i++)
		if (box_has(&boxes->at[i], packet))
			return true;
	return false;
}

static struct packet draw(struct place *p, enum family family,
			  const struct boxes *boxes)
{
	if (boxes->count && dice_chance(&p->of->dice, 60))
		return sampler_near(&p->of->dice, family, boxes);
	return sampler_packet(&p->of->sampler, &p->of->dice, family);
}

static _Noreturn void differs(const struct place *p, const char *what,
			      const struct packet *packet, bool is, bool should)
{
	fail_msg("seed %u, %s.%s: %s: %s is %s and should be %s", p->of->seed,
		 p->customer, p->environment, what,
		 packet_text(p->of->arena, packet), is ? "in" : "out",
		 should ? "in" : "out");
	abort();
}

static void each_place(void **state, void (*look)(struct place *, void *),
		       void *context)
{
	for (unsigned seed = 1; seed <= POLICIES; seed++) {
		struct subject s;

		if (!subject_of(&s, *state, seed))
			continue;
		for (size_t i = 0; i < s.policy.ir->space_count; i++) {
			struct place p;

			place_of(&p, &s, i);
			look(&p, context);
		}
		arena_free(s.arena);
	}
}

/* --- the policy's meaning --- */

struct tally {
	unsigned permitted, denied;
};

static void compare_meaning(struct place *p, void *context)
{
	struct tally *tally = context;

	for (int f = IPV4; f < FAMILIES; f++) {
		const struct boxes *permitted = &p->meaning.permitted[f];

		for (unsigned i = 0; i < PACKETS; i++) {
			struct packet packet = draw(p, (enum family)f,
						    permitted);
			bool is = have(permitted, &packet);
			bool should = naive(p, &packet);

			if (is != should)
				differs(p, "meaning", &packet, is, should);
			tally->permitted += is;
			tally->denied += !is;
		}
	}
}

static void meaning_agrees_with_the_naive_evaluator(void **state)
{
	struct tally tally = { 0 };

	each_place(state, compare_meaning, &tally);
	print_message("%u packets permitted, %u denied, by both\n",
		      tally.permitted, tally.denied);
	assert_true(tally.permitted > 10000 && tally.denied > 10000);
}

static void few_generated_policies_are_refused(void **state)
{
	unsigned refused = 0;

	for (unsigned seed = 1; seed <= POLICIES; seed++) {
		struct subject s;

		if (subject_of(&s, *state, seed))
			arena_free(s.arena);
		else
			refused++;
	}
	print_message("%u of %u policies refused\n", refused, POLICIES);
	assert_true(refused * 100 <= POLICIES * 30);
}

/* --- outputs --- */

static const char *last_told(struct place *p)
{
	size_t count;
	const struct fb_diag *all = diag_list(&p->diags, &count);

	return count ? all[count - 1].message : "nothing was told";
}

/* Every file of one target, read back: its sides, all together. */
static bool sides_of(struct place *p, const struct backend *backend,
		     struct sides *out)
{
	struct artefacts made = { 0 };

	if (!backend->emit(&p->job, &made))
		return false;
	for (size_t i = 0; i < made.count; i++) {
		const struct artefact *a = &made.at[i];
		struct identity id;
		const void *model;

		assert_true(backend->recognise(a->bytes, a->len));
		model = backend->read(p->of->arena, &p->diags, a->path,
				      a->bytes, a->len, &id);
		if (!model || !backend->denote(&p->job, model, out))
			fail_msg("seed %u: %s cannot be read back: %s",
				 p->of->seed, a->path, last_told(p));
		assert_string_equal(id.policy, p->of->policy.ir->policy);
		assert_string_equal(id.customer, p->customer);
		assert_string_equal(id.environment, p->environment);
	}
	assert_int_equal(p->diags.errors, 0);
	return true;
}

static void check_bounds(struct place *p, const struct side *side,
			 const struct packet *packet)
{
	bool in = have(&side->admitted, packet);

	if (have(&side->must, packet) && !in)
		differs(p, side->label, packet, false, true);
	if (in && !have(&side->may, packet))
		differs(p, side->label, packet, true, false);
}

/* --- hosts --- */

static bool says(const struct side *side, const char *words)
{
	return strstr(side->label, words) != NULL;
}

/* What a host should do with PACKET; -1 where this test has no opinion. */
static int expected_of_host(struct place *p, const struct side *side,
			    const struct packet *packet)
{
	size_t len = strcspn(side->label, ":");
	const char *layer = arena_copy(p->of->arena, side->label, len);
	bool input = says(side, ": input,");
	u128 near = input ? packet->dst : packet->src;

	if (says(side, ": source NAT"))
		return -1;
	if (says(side, "on loopback") || says(side, "established") ||
	    says(side, "related"))
		return !says(side, ": forward,") || says(side, "through IPsec") ||
		       !is_behind_vpn(p, packet->family, packet->src);
	if (!says(side, "new"))
		return says(side, "invalid") ? false : -1;
	if (says(side, "hop limit") || says(side, "source port"))
		return -1;
	if (says(side, ": forward,"))
		return naive(p, packet) &&
		       (says(side, "through IPsec") ||
			!is_behind_vpn(p, packet->family, packet->src));
	return is_exempt(input, packet) ||
	       (is_in_layer(p, layer, packet->family, near) &&
		naive(p, packet));
}

/* Is a prefix list permitted there that nobody wrote down? */
static bool needs_a_list(const struct place *p)
{
	for (size_t i = 0; i < p->meaning.permitted[IPV4].count; i++) {
		const struct box *b = &p->meaning.permitted[IPV4].at[i];

		if (holds_opaque(IPV4, b->src) || holds_opaque(IPV4, b->dst))
			return true;
	}
	return false;
}

static void compare_hosts(struct place *p, void *context)
{
	unsigned *compared = context;
	struct sides sides = { 0 };

	if (!sides_of(p, &backend_nft, &sides)) {
		if (!needs_a_list(p))
			fail_msg("seed %u: nftables cannot say it",
				 p->of->seed);
		return;
	}
	if (needs_a_list(p))
		fail_msg("seed %u: nftables says what nobody knows",
			 p->of->seed);
	for (size_t i = 0; i < sides.count; i++) {
		const struct side *side = &sides.at[i];

		for (unsigned k = 0; k < PACKETS_OF_SIDE; k++) {
			struct packet packet = draw(p, side->family,
						    &side->must);
			bool is = have(&side->admitted, &packet);
			int should = expected_of_host(p, side, &packet);

			if (is_opaque(side->family, packet.src) ||
			    is_opaque(side->family, packet.dst))
				continue;	/* no host meets a name */
			check_bounds(p, side, &packet);
			if (should < 0)
				continue;
			if (is != should)
				differs(p, side->label, &packet, is, should);
			if (have(&side->must, &packet) != should ||
			    have(&side->may, &packet) != should)
				differs(p, "what is demanded", &packet,
					!should, should);
			++*compared;
		}
	}
}

static void hosts_do_what_the_naive_evaluator_says(void **state)
{
	unsigned compared = 0;

	each_place(state, compare_hosts, &compared);
	print_message("%u packets compared\n", compared);
	assert_true(compared > 100000);
}

/* --- security groups --- */

static const struct side *side_named(const struct sides *sides,
				     enum family family, const char *label)
{
	for (size_t i = 0; i < sides->count; i++)
		if (sides->at[i].family == family &&
		    strcmp(sides->at[i].label, label) == 0)
			return &sides->at[i];
	fail_msg("there is no side %s", label);
	return NULL;
}

/* Does the group of LAYER by itself let PACKET out, or in? */
static bool group_lets(struct place *p, const struct sides *sides,
		       const char *layer, const char *direction,
		       const struct packet *packet)
{
	const char *label = arena_printf(p->of->arena, "%s: %s, %s", layer,
					 direction, family_name(packet->family));

	return have(&side_named(sides, packet->family, label)->admitted, packet);
}

/*
 * A packet with an end in a layer: the policy's must pass; of others only
 * those from or to where nobody is.  Outside of all layers nothing is said.
 */
static void compare_groups_at(struct place *p, const struct sides *sides,
			      const struct packet *packet)
{
	const char *from = layer_at(p, packet->family, packet->src);
	const char *to = layer_at(p, packet->family, packet->dst);
	bool out = from && group_lets(p, sides, from, "egress", packet);
	bool in = to && group_lets(p, sides, to, "ingress", packet);
	bool passes = (from || to) && (!from || out) && (!to || in);
	bool should = naive(p, packet);
	const char *label = arena_printf(p->of->arena, "composed, %s",
					 family_name(packet->family));
	bool composed = have(&side_named(sides, packet->family,
					 label)->admitted, packet);

	if (composed != passes)
		differs(p, "composed of both ends", packet, composed, passes);
	if ((from || to) && should && !passes)
		differs(p, "security groups", packet, false, true);
	if (!passes || should)
		return;
	if ((from && to) ||
	    !is_undeclared(p, packet->family,
			   from ? packet->dst : packet->src))
		differs(p, "security groups", packet, true, false);
}

/*
 * What is demanded of SIDE and what is let pass: where the far end is in no
 * layer, or both ends are looked at together, exactly the policy, and beyond
 * it where nobody is.  (A group alone may let a layer of ours in or out that
 * the other end's group then stops.)
 */
static void check_demand(struct place *p, const struct side *side,
			 const struct packet *packet)
{
	const char *from = layer_at(p, packet->family, packet->src);
	const char *to = layer_at(p, packet->family, packet->dst);
	size_t len = strcspn(side->label, ":");
	const char *layer = arena_copy(p->of->arena, side->label, len);
	bool composed = !side->label[len], must, may;

	if (from && to && !composed)
		return;
	must = naive(p, packet) &&
	       (composed ? from || to
		: says(side, ": egress") ? from && strcmp(from, layer) == 0
					 : to && strcmp(to, layer) == 0);
	may = must;
	if (!must && !from != !to &&
	    (composed || strcmp(from ? from : to, layer) == 0) &&
	    (composed || says(side, ": egress") == (from != NULL)))
		may = is_undeclared(p, packet->family,
				    from ? packet->dst : packet->src);
	if (have(&side->must, packet) != must)
		differs(p, "what must pass", packet, !must, must);
	if (have(&side->may, packet) != may)
		differs(p, "what may pass", packet, !may, may);
}

struct share {
	unsigned said, refused, compared;
	unsigned several;	/* environments with several groups a layer */
};

/* Small quotas for every other policy: layers get several groups. */
static void crowd(struct place *p)
{
	struct ir_aws *aws = &p->of->policy.ir->aws;

	if (p->of->seed % 2)
		return;
	aws->rules_per_group = 3 + (uint32_t)(p->of->seed % 13);
	aws->groups_per_interface = 16;
}

static void compare_groups(struct place *p, void *context)
{
	struct share *share = context;
	struct sides sides = { 0 };
	size_t count;

	crowd(p);
	if (!sides_of(p, &backend_terraform, &sides)) {
		const struct fb_diag *why = diag_list(&p->diags, &count);

		if (!count || strncmp(why[0].code, "P05", 3) != 0)
			fail_msg("seed %u: refused without a reason",
				 p->of->seed);
		share->refused++;
		return;
	}
	share->said++;
	(void)diag_list(&p->diags, &count);
	share->several += count > 0;		/* nothing but P0506 is told */
	for (size_t i = 0; i < sides.count; i++) {
		const struct side *side = &sides.at[i];

		for (unsigned k = 0; k < PACKETS_OF_SIDE; k++) {
			struct packet packet = draw(p, side->family, k % 2
						    ? &side->admitted
						    : &side->may);

			check_bounds(p, side, &packet);
			check_demand(p, side, &packet);
			compare_groups_at(p, &sides, &packet);
			share->compared++;
		}
	}
}

static void security_groups_do_what_the_naive_evaluator_says(void **state)
{
	struct share share = { 0 };

	each_place(state, compare_groups, &share);
	print_message("AWS says %u environments, %u of them by several groups "
		      "a layer, refuses %u; %u packets compared\n", share.said,
		      share.several, share.refused, share.compared);
	assert_true(share.several >= 20);
	assert_true(share.said * 100 >= (share.said + share.refused) * 30);
}

/* --- order --- */

/* All bytes of all targets of all environments. */
static const char *outputs_of(struct arena *arena, const char *text)
{
	struct text out = TEXT_IN(arena);
	struct policy policy;

	if (!policy_of_text(&policy, arena, text, GEN_DAY))
		return "refused";
	for (size_t i = 0; i < policy.ir->space_count; i++) {
		struct meaning meaning = meaning_of(arena, policy.ir,
						    &policy.ir->spaces[i]);
		struct diags diags = { .arena = arena };
		struct job job = { arena, &diags, policy.ir, &meaning };

		for (size_t t = 0; backends[t]; t++) {
			struct artefacts made = { 0 };

			if (!backends[t]->emit(&job, &made))
				text_puts(&out, "cannot say it\n");
			for (size_t k = 0; k < made.count; k++) {
				text_printf(&out, "=== %s\n", made.at[k].path);
				text_add(&out, made.at[k].bytes,
					 made.at[k].len);
			}
		}
	}
	return text_string(&out);
}

static void the_order_of_statements_changes_no_byte(void **state)
{
	for (unsigned seed = 1; seed <= POLICIES; seed += ORDER_STEP) {
		struct arena *arena = arena_child(*state);
		const struct gen_policy *policy = generated(arena, seed);
		const char *first = outputs_of(arena,
					       gen_text(arena, policy, 0));
		const char *second = outputs_of(arena,
						gen_text(arena, policy, seed));

		if (strcmp(first, second) != 0)
			fail_msg("seed %u: other bytes in another order", seed);
		arena_free(arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(few_generated_policies_are_refused),
		IN_ARENA(meaning_agrees_with_the_naive_evaluator),
		IN_ARENA(hosts_do_what_the_naive_evaluator_says),
		IN_ARENA(security_groups_do_what_the_naive_evaluator_says),
		IN_ARENA(the_order_of_statements_changes_no_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
