/*
 * From what the policy permits to a ruleset: of the hosts of a layer, whose
 * input and output it decides, or of a gateway, which forwards whatever the
 * environment permits and translates what leaves for the internet.
 */
#include "backends/nft/lower.h"

#include "compiler/base/addr.h"

#include <string.h>

static const char *const chain_names[NFT_HOOKS] = {
	[NFT_INPUT]	  = "input",
	[NFT_OUTPUT]	  = "output",
	[NFT_FORWARD]	  = "forward",
	[NFT_POSTROUTING] = "postrouting",
};

static void begin_chain(struct nft_lowering *l, enum nft_hook hook)
{
	l->hook = hook;
	l->chain = &l->model->chains[hook];
	l->chain->present = true;
	l->chain->name = chain_names[hook];
	l->chain->policy = hook == NFT_POSTROUTING ? NFT_ACCEPT : NFT_DROP;
	l->chain->priority = hook == NFT_POSTROUTING ? NFT_PRIORITY_SRCNAT
						     : l->job->ir->nft.priority;
}

static void add_policy(struct nft_lowering *l)
{
	for (int family = IPV4; family < FAMILIES; family++) {
		l->family = family;
		nft_add_permitted(l);
	}
	nft_add_refusals(l);
}

/* --- a host --- */

static void lower_host(struct nft_lowering *l, uint32_t layer)
{
	for (int hook = NFT_INPUT; hook <= NFT_OUTPUT; hook++) {
		begin_chain(l, hook);
		l->near = meaning_near(l->job->meaning, l->arena,
				       hook == NFT_INPUT ? END_DESTINATION
							 : END_SOURCE,
				       l->job->meaning->space->layers[layer]);
		nft_add_base_set(l);
		add_policy(l);
	}
}

/* --- a gateway --- */

static struct ranges networks_via(struct nft_lowering *l, enum ir_via via,
				  enum family family)
{
	const struct ir *ir = l->job->ir;
	const struct both *networks = l->job->meaning->space->networks;
	struct ranges out = NO_RANGES;

	for (size_t i = 0; i < ir->network_count; i++)
		if (ir->networks[i].via == via)
			out = ranges_union(l->arena, out,
					   networks[i].of[family]);
	/* no packet comes from a prefix list that is known by name alone */
	return ranges_meet(l->arena, out, family_all(l->arena, family));
}

/* In front of all else, replies included: nobody forges what a VPN brings. */
static void add_clear_drops(struct nft_lowering *l, enum family family)
{
	struct ranges vpn = networks_via(l, VIA_VPN, family);

	for (size_t i = 0; i < vpn.count; i++) {
		struct nft_rule *rule = nft_add_rule(l, "vpn in clear");

		rule->verdict = NFT_DROP;
		nft_match_range(l->arena, rule, family == IPV4 ? NFT_IP_SADDR
				: NFT_IP6_SADDR, family == IPV4
				? NFT_TYPE_IPV4_ADDR : NFT_TYPE_IPV6_ADDR,
				vpn.at[i]);
		nft_match_range(l->arena, rule, NFT_IPSEC, NFT_TYPE_BOOLEAN,
				nft_point(NFT_MISSING));
	}
}

/* Where what leaves has to be translated: the internet and what is on it. */
static struct nft_set *nat_destinations(struct nft_lowering *l)
{
	struct nft_set *set = arena_alloc(l->arena, sizeof *set);
	struct ranges out = l->job->meaning->space->internet.of[IPV4];

	out = ranges_union(l->arena, out, networks_via(l, VIA_NAT, IPV4));
	out = ranges_union(l->arena, out, networks_via(l, VIA_NONE, IPV4));
	set->name = "nat_to";
	set->width = 1;
	set->types[0] = NFT_TYPE_IPV4_ADDR;
	set->intervals = true;
	for (size_t i = 0; i < out.count; i++)
		*LIST_PUSH(l->arena, &set->elements) =
			(struct nft_element){ .key = { out.at[i] } };
	return set;
}

static void add_nat_rule(struct nft_lowering *l, const struct nft_set *to,
			 struct range from, struct range nat)
{
	struct nft_rule *rule = nft_add_rule(l, NULL);
	struct nft_match *m;

	rule->verdict = NFT_SNAT;
	rule->nat = nat;
	nft_match_range(l->arena, rule, NFT_IP_SADDR, NFT_TYPE_IPV4_ADDR, from);
	m = LIST_PUSH(l->arena, &rule->matches);
	*m = (struct nft_match){ .fields = { NFT_IP_DADDR }, .width = 1,
				 .set = to };
}

/* The FIRST to LAST of the addresses of SET, counted from 0. */
static struct ranges part_of(struct arena *arena, struct ranges set,
			     u128 first, u128 last)
{
	struct ranges out = NO_RANGES;
	u128 at = 0;

	for (size_t i = 0; i < set.count; i++) {
		u128 size = set.at[i].hi - set.at[i].lo + 1;
		u128 lo = first > at ? first - at : 0;
		u128 hi = last < at + size ? last - at : size - 1;

		if (first < at + size && last >= at)
			out = ranges_union(arena, out, ranges_one(arena,
				set.at[i].lo + lo, set.at[i].lo + hi));
		at += size;
	}
	return out;
}

/*
 * Each run of addresses to translate to takes an equal part of the VPC, in
 * order: one rule cannot name two runs, and so a host keeps its address.
 */
static void add_nat(struct nft_lowering *l)
{
	const struct ir_space *space = l->job->meaning->space;
	struct ranges vpc = space->vpc.of[IPV4], nat = space->nat.of[IPV4];
	u128 size = ranges_size(vpc), runs = nat.count;
	struct nft_set *to;

	if (!runs || !size)
		return;
	begin_chain(l, NFT_POSTROUTING);
	to = nat_destinations(l);
	*LIST_PUSH(l->arena, &l->model->sets) = to;
	for (size_t r = 0; r < nat.count; r++) {
		u128 first = size * r / runs, end = size * (r + 1) / runs;
		struct ranges from = end > first
			? part_of(l->arena, vpc, first, end - 1) : NO_RANGES;

		for (size_t i = 0; i < from.count; i++)
			add_nat_rule(l, to, from.at[i], nat.at[r]);
	}
}

static void lower_gateway(struct nft_lowering *l)
{
	begin_chain(l, NFT_FORWARD);
	l->near = *l->job->meaning;
	for (int family = IPV4; family < FAMILIES; family++)
		add_clear_drops(l, family);
	nft_add_states(l);
	add_policy(l);
	add_nat(l);
}

/* --- whose it is --- */

/* The table's comment carries the identity, so it has to fit. */
static void check_length(struct nft_lowering *l, struct span span)
{
	const struct identity *id = &l->model->identity;
	const char *comment = nft_identity_comment(l->arena, id);

	if (strlen(comment) <= NFT_COMMENT_MOST)
		return;
	diag_add(l->job->diags, P0520, span,
		 "the names of %s%s%s and what it belongs to are too long for "
		 "nftables: `%s` has %zu bytes, and %d is the most",
		 *id->layer ? "layer `" : "the gateway", id->layer,
		 *id->layer ? "`" : "", comment, strlen(comment),
		 NFT_COMMENT_MOST);
	l->failed = true;
}

static void identify(struct nft_lowering *l, uint32_t layer)
{
	const struct ir *ir = l->job->ir;
	const struct ir_space *space = l->job->meaning->space;
	const struct ir_customer *customer = &ir->customers[space->customer];
	struct identity *id = &l->model->identity;
	struct span span = space->span;

	id->policy = ir->policy;
	id->customer = customer->name;
	id->environment = ir->environments[space->environment];
	id->layer = "";
	nft_check_name(l, "policy", id->policy, (struct span){ 0, 0 });
	if (*id->customer)
		nft_check_name(l, "customer", id->customer, customer->span);
	nft_check_name(l, "environment", id->environment, space->span);
	if (layer != NFT_NO_LAYER) {
		id->layer = ir->layers[layer].name;
		span = ir->layers[layer].span;
		nft_check_name(l, "layer", id->layer, span);
	}
	check_length(l, span);
}

const struct nft_model *nft_lower(const struct job *job, struct arena *arena,
				  uint32_t layer)
{
	struct nft_lowering l = {
		.job = job,
		.arena = arena,
		.model = arena_alloc(arena, sizeof *l.model),
	};

	identify(&l, layer);
	if (layer == NFT_NO_LAYER)
		lower_gateway(&l);
	else
		lower_host(&l, layer);
	return l.failed ? NULL : l.model;
}
