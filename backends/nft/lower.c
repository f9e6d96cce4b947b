/*
 * From what the policy permits at a layer's hosts to a host ruleset.
 *
 * Each hook and family gets up to three sets, one for each way nftables can
 * look at a service, and one rule that looks a packet up in each.  A set of
 * concatenated ranges must not overlap itself: policy rules that overlap are
 * cut into disjoint boxes, all others stand there as they were written.
 */
#include "backends/nft/model.h"

#include "backends/nft/base_set.h"
#include "backends/nft/cluster.h"
#include "compiler/base/addr.h"
#include "compiler/base/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_WIDTH = 100 };	/* bytes of rule names in a comment */

/* A service range is ports, ICMP type and code, or whole protocols. */
enum lookup { PORTS, ICMP, PROTOCOLS, LOOKUPS };

struct shape {
	const char *name;
	unsigned width;
	enum nft_field fields[NFT_KEY_MOST];
	enum nft_type types[NFT_KEY_MOST];
};

#define FROM_TO_4 NFT_IP_SADDR, NFT_IP_DADDR
#define FROM_TO_6 NFT_IP6_SADDR, NFT_IP6_DADDR
#define PAIR_4 NFT_TYPE_IPV4_ADDR, NFT_TYPE_IPV4_ADDR
#define PAIR_6 NFT_TYPE_IPV6_ADDR, NFT_TYPE_IPV6_ADDR

static const struct shape shapes[FAMILIES][LOOKUPS] = {
	[IPV4] = {
		[PORTS] = { "4_ports", 4,
			    { FROM_TO_4, NFT_L4PROTO, NFT_TH_DPORT },
			    { PAIR_4, NFT_TYPE_INET_PROTO, NFT_TYPE_INET_SERVICE } },
		[ICMP] = { "4_icmp", 4,
			   { FROM_TO_4, NFT_ICMP_TYPE, NFT_ICMP_CODE },
			   { PAIR_4, NFT_TYPE_ICMP_TYPE, NFT_TYPE_ICMP_CODE } },
		[PROTOCOLS] = { "4_protos", 3,
				{ FROM_TO_4, NFT_L4PROTO },
				{ PAIR_4, NFT_TYPE_INET_PROTO } },
	},
	[IPV6] = {
		[PORTS] = { "6_ports", 4,
			    { FROM_TO_6, NFT_L4PROTO, NFT_TH_DPORT },
			    { PAIR_6, NFT_TYPE_INET_PROTO, NFT_TYPE_INET_SERVICE } },
		[ICMP] = { "6_icmp", 4,
			   { FROM_TO_6, NFT_ICMPV6_TYPE, NFT_ICMPV6_CODE },
			   { PAIR_6, NFT_TYPE_ICMPV6_TYPE, NFT_TYPE_ICMPV6_CODE } },
		[PROTOCOLS] = { "6_protos", 3,
				{ FROM_TO_6, NFT_L4PROTO },
				{ PAIR_6, NFT_TYPE_INET_PROTO } },
	},
};

static const char *const prefix_of_hook[NFT_HOOKS] = {
	[NFT_INPUT]  = "in",
	[NFT_OUTPUT] = "out",
};

/* A service range as one lookup sees it: the keys behind the addresses. */
struct piece {
	enum lookup lookup;
	struct range first, second;	/* protocol and port; type and code */
	struct range keys;
};

struct pieces {
	LIST(struct piece) all;
};

struct lowering {
	const struct job *job;
	struct arena *arena;
	struct nft_model *model;
	struct both hosts;
	enum nft_hook hook;
	enum family family;
	struct meaning near;		/* at the hosts, on this hook */
	struct meaning cluster;		/* the part of it at work */
	bool failed;
};

/* --- constants and matches --- */

static struct range point(u128 value)
{
	return (struct range){ value, value };
}

static struct nft_match *match_on(struct arena *arena, struct nft_rule *rule,
				  enum nft_field field)
{
	struct nft_match *m = LIST_PUSH(arena, &rule->matches);

	m->fields[0] = field;
	m->width = 1;
	return m;
}

static void match_range(struct arena *arena, struct nft_rule *rule,
			enum nft_field field, enum nft_type type,
			struct range range)
{
	struct nft_set *constant = arena_alloc(arena, sizeof *constant);

	constant->types[0] = type;
	constant->width = 1;
	*LIST_PUSH(arena, &constant->elements) =
		(struct nft_element){ .key = { range } };
	match_on(arena, rule, field)->set = constant;
}

static struct nft_rule *add_rule(struct lowering *l, const char *comment)
{
	struct nft_chain *chain = &l->model->chains[l->hook];
	struct nft_rule *rule = LIST_PUSH(l->arena, &chain->rules);

	rule->verdict = NFT_ACCEPT;
	rule->comment = comment;
	return rule;
}

/* --- what every host needs --- */

static void add_loopback(struct lowering *l)
{
	match_range(l->arena, add_rule(l, "loopback"),
		    l->hook == NFT_INPUT ? NFT_IIF : NFT_OIF, NFT_TYPE_IFACE,
		    point(NFT_LOOPBACK));
}

static void add_states(struct lowering *l)
{
	static const struct nft_element verdicts[] = {
		{ { { NFT_ESTABLISHED, NFT_ESTABLISHED } }, NFT_ACCEPT, NULL },
		{ { { NFT_RELATED, NFT_RELATED } },	    NFT_ACCEPT, NULL },
		{ { { NFT_INVALID, NFT_INVALID } },	    NFT_DROP,   NULL },
	};
	struct nft_set *map = arena_alloc(l->arena, sizeof *map);

	map->types[0] = NFT_TYPE_CT_STATE;
	map->width = 1;
	for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++)
		*LIST_PUSH(l->arena, &map->elements) = verdicts[i];
	add_rule(l, NULL)->map = map;
}

static void match_prefix(struct lowering *l, struct nft_rule *rule,
			 const char *text, enum nft_field field4,
			 enum nft_field field6)
{
	struct prefix prefix;
	enum prefix_fault fault;

	if (!text)
		return;
	fault = prefix_read(text, strlen(text), &prefix);
	assert(fault == PREFIX_OK);
	(void)fault;
	if (prefix.family == IPV4)
		match_range(l->arena, rule, field4, NFT_TYPE_IPV4_ADDR,
			    prefix_range(prefix));
	else
		match_range(l->arena, rule, field6, NFT_TYPE_IPV6_ADDR,
			    prefix_range(prefix));
}

/* Nothing else in the row ties the rule to its family. */
static bool needs_family(const struct base_row *row)
{
	return !row->src && !row->dst && !row->on_link;
}

static void match_family(struct lowering *l, struct nft_rule *rule,
			 enum family family)
{
	match_range(l->arena, rule, NFT_NFPROTO, NFT_TYPE_NF_PROTO,
		    point(family == IPV4 ? NFT_FAMILY_IPV4 : NFT_FAMILY_IPV6));
}

static void match_service(struct lowering *l, struct nft_rule *rule,
			  const struct base_row *row)
{
	struct range values = { row->lo, row->hi };
	bool tcp = row->protocol == PROTO_TCP;

	if (!service_has_ports(row->protocol)) {
		match_range(l->arena, rule, NFT_ICMPV6_TYPE,
			    NFT_TYPE_ICMPV6_TYPE, values);
		return;
	}
	if (row->source_port)
		match_range(l->arena, rule,
			    tcp ? NFT_TCP_SPORT : NFT_UDP_SPORT,
			    NFT_TYPE_INET_SERVICE, point(row->source_port));
	match_range(l->arena, rule, tcp ? NFT_TCP_DPORT : NFT_UDP_DPORT,
		    NFT_TYPE_INET_SERVICE, values);
}

static void add_base_row(struct lowering *l, const struct base_row *row)
{
	struct nft_rule *rule = add_rule(l, row->why);

	if (needs_family(row))
		match_family(l, rule, row->family);
	match_prefix(l, rule, row->src, NFT_IP_SADDR, NFT_IP6_SADDR);
	match_prefix(l, rule, row->dst, NFT_IP_DADDR, NFT_IP6_DADDR);
	if (row->on_link)
		match_range(l->arena, rule, NFT_IP6_HOPLIMIT, NFT_TYPE_INTEGER,
			    point(255));
	match_service(l, rule, row);
}

static void add_base_set(struct lowering *l)
{
	add_loopback(l);
	add_states(l);
	for (size_t i = 0; i < base_set_count; i++)
		if (base_set[i].hook == l->hook)
			add_base_row(l, &base_set[i]);
}

/* --- names --- */

/* Letters, digits and marks that neither end a string nor a word. */
static bool is_plain_name(const char *name)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789_.-";

	return *name && strspn(name, plain) == strlen(name);
}

static bool check_name(struct lowering *l, const char *what, const char *name,
		       struct span span)
{
	if (is_plain_name(name))
		return true;
	diag_add(l->job->diags, P0520, span,
		 "nftables cannot carry the name of %s `%s`", what, name);
	l->failed = true;
	return false;
}

static void add_name(struct lowering *l, struct text *text, uint32_t rule)
{
	const struct ir_rule *r = &l->job->ir->rules[rule];
	size_t len = strlen(r->name);

	if (!check_name(l, "rule", r->name, r->name_span))
		return;
	if (text->len)
		text_puts(text, ", ");
	text_add(text, r->name, len < NAMES_WIDTH ? len : NAMES_WIDTH);
}

/* Would the name of RULE still fit behind TEXT?  The first always does. */
static bool has_room(const struct lowering *l, const struct text *text,
		     uint32_t rule)
{
	return !text->len || text->len + 2 +
	       strlen(l->job->ir->rules[rule].name) <= NAMES_WIDTH;
}

/* The names of the rules that BOX is made of, as many as fit. */
static const char *names_of(struct lowering *l, const struct box *box)
{
	struct text text = TEXT_IN(l->arena);
	size_t count, left = 0;
	const uint32_t *rules = meaning_touching(&l->cluster, l->arena,
						 l->family, box, &count);

	for (size_t i = 0; i < count; i++) {
		if (i && rules[i] == rules[i - 1])
			continue;
		if (left || !has_room(l, &text, rules[i]))
			left++;
		else
			add_name(l, &text, rules[i]);
	}
	if (left)
		text_printf(&text, " +%zu", left);
	return text.len ? text_string(&text) : NULL;
}

/* --- services --- */

static void add_piece(struct lowering *l, struct pieces *out,
		      enum lookup lookup, struct range first,
		      struct range second, struct range keys)
{
	*LIST_PUSH(l->arena, &out->all) =
		(struct piece){ lookup, first, second, keys };
}

static void add_protocols(struct lowering *l, struct pieces *out,
			  unsigned first, unsigned last)
{
	struct piece *before = out->all.count ?
			       &out->all.at[out->all.count - 1] : NULL;
	struct range keys = { service_key(first, 0), service_key(last, 0xffff) };

	if (before && before->lookup == PROTOCOLS &&
	    before->first.hi + 1 == first) {
		before->first.hi = last;
		before->keys.hi = keys.hi;
		return;
	}
	add_piece(l, out, PROTOCOLS, (struct range){ first, last },
		  (struct range){ 0 }, keys);
}

/* Types LO/256 to HI/256, the first and the last perhaps not with all codes. */
static void add_icmp(struct lowering *l, struct pieces *out, uint32_t lo,
		     uint32_t hi)
{
	uint32_t at = lo;

	while (at <= hi) {
		uint32_t end = at | 0xff;

		if (end > hi)
			end = hi;
		/* whole types in a row are one piece */
		if ((at & 0xff) == 0 && (end & 0xff) == 0xff)
			end = (hi & 0xff) == 0xff ? hi : (hi & ~0xffu) - 1;
		add_piece(l, out, ICMP,
			  (struct range){ service_value(at) >> 8,
					  service_value(end) >> 8 },
			  (struct range){ at & 0xff, end & 0xff },
			  (struct range){ at, end });
		at = end + 1;
	}
}

/*
 * The keys LO to HI, which are all of one protocol.  One without values has
 * all of its keys or none (service.h), so what is left last is ICMP.
 */
static void add_keys(struct lowering *l, struct pieces *out, uint32_t lo,
		     uint32_t hi)
{
	unsigned protocol = service_protocol(lo);

	if (service_value(lo) == 0 && service_value(hi) == 0xffff)
		add_protocols(l, out, protocol, protocol);
	else if (service_has_ports(protocol))
		add_piece(l, out, PORTS, point(protocol),
			  (struct range){ service_value(lo), service_value(hi) },
			  (struct range){ lo, hi });
	else
		add_icmp(l, out, lo, hi);
}

static struct pieces pieces_of(struct lowering *l, struct ranges services)
{
	struct pieces out = { 0 };

	for (size_t i = 0; i < services.count; i++) {
		uint32_t lo = (uint32_t)services.at[i].lo;
		uint32_t hi = (uint32_t)services.at[i].hi;

		while (lo <= hi) {
			uint32_t end = lo | 0xffff;

			if (end > hi)
				end = hi;
			add_keys(l, &out, lo, end);
			lo = end + 1;
		}
	}
	return out;
}

/* --- sets --- */

static struct nft_set *new_set(struct lowering *l, enum lookup lookup)
{
	const struct shape *shape = &shapes[l->family][lookup];
	struct nft_set *set = arena_alloc(l->arena, sizeof *set);

	set->name = arena_printf(l->arena, "%s%s", prefix_of_hook[l->hook],
				 shape->name);
	set->width = shape->width;
	set->intervals = true;
	memcpy(set->types, shape->types, sizeof set->types);
	return set;
}

static void add_box(struct lowering *l, struct nft_set *const sets[LOOKUPS],
		    const struct box *box)
{
	struct pieces pieces = pieces_of(l, box->svc);

	for (size_t p = 0; p < pieces.all.count; p++) {
		const struct piece *piece = &pieces.all.at[p];
		struct ranges keys = { &piece->keys, 1 };
		struct box part = { box->src, box->dst, keys };
		const char *names = names_of(l, &part);

		for (size_t s = 0; s < box->src.count; s++)
			for (size_t d = 0; d < box->dst.count; d++)
				*LIST_PUSH(l->arena,
					   &sets[piece->lookup]->elements) =
					(struct nft_element){
						.key = { box->src.at[s],
							 box->dst.at[d],
							 piece->first,
							 piece->second },
						.comment = names };
	}
}

static int by_key(const void *x, const void *y)
{
	const struct nft_element *a = x, *b = y;

	for (unsigned i = 0; i < NFT_KEY_MOST; i++)
		if (a->key[i].lo != b->key[i].lo)
			return a->key[i].lo < b->key[i].lo ? -1 : 1;
	return 0;	/* disjoint: no two begin alike */
}

static void look_up(struct lowering *l, enum lookup lookup, struct nft_set *set)
{
	const struct shape *shape = &shapes[l->family][lookup];
	struct nft_rule *rule;
	struct nft_match *m;

	if (!set->elements.count)
		return;
	qsort(set->elements.at, set->elements.count, sizeof *set->elements.at,
	      by_key);
	*LIST_PUSH(l->arena, &l->model->sets) = set;
	rule = add_rule(l, NULL);
	m = LIST_PUSH(l->arena, &rule->matches);
	memcpy(m->fields, shape->fields, sizeof m->fields);
	m->width = shape->width;
	m->set = set;
}

/* What is in a cluster. */
struct members {
	LIST(uint32_t) flows;
	struct boxes boxes;
};

static void add_cluster(struct lowering *l, struct nft_set *const sets[LOOKUPS],
			const struct members *members)
{
	struct boxes boxes = members->boxes;

	l->cluster.ir = l->near.ir;
	l->cluster.space = l->near.space;
	l->cluster.permitted[l->family] = members->boxes;
	l->cluster.flows[l->family] = members->flows.at;
	if (boxes.count > 1)
		boxes = boxes_disjoint(l->arena, l->family, &members->boxes);
	for (size_t i = 0; i < boxes.count; i++)
		add_box(l, sets, &boxes.at[i]);
}

static void add_permitted(struct lowering *l)
{
	const struct boxes *near = &l->near.permitted[l->family];
	const size_t *clusters = nft_clusters_of(l->arena, near);
	struct members *members = arena_array(l->arena, near->count,
					      sizeof *members);
	struct nft_set *sets[LOOKUPS];

	for (size_t i = 0; i < near->count; i++) {
		struct members *m = &members[clusters[i]];

		*LIST_PUSH(l->arena, &m->boxes) = near->at[i];
		*LIST_PUSH(l->arena, &m->flows) = l->near.flows[l->family][i];
	}
	for (int lookup = PORTS; lookup < LOOKUPS; lookup++)
		sets[lookup] = new_set(l, lookup);
	for (size_t i = 0; i < near->count; i++)
		if (clusters[i] == i)
			add_cluster(l, sets, &members[i]);
	for (int lookup = PORTS; lookup < LOOKUPS; lookup++)
		look_up(l, lookup, sets[lookup]);
}

/* --- the whole --- */

static void add_chain(struct lowering *l, enum nft_hook hook)
{
	struct nft_chain *chain = &l->model->chains[hook];

	chain->present = true;
	chain->policy = NFT_DROP;
	l->hook = hook;
	l->near = meaning_near(l->job->meaning, l->arena,
			       hook == NFT_INPUT ? END_DESTINATION : END_SOURCE,
			       l->hosts);
	add_base_set(l);
	for (int family = IPV4; family < FAMILIES; family++) {
		l->family = family;
		add_permitted(l);
	}
}

/* The table's comment carries the identity, so it has to fit. */
static void check_length(struct lowering *l, struct span span)
{
	const struct identity *id = &l->model->identity;
	const char *comment = nft_identity_comment(l->arena, id);

	if (strlen(comment) <= NFT_COMMENT_MOST)
		return;
	diag_add(l->job->diags, P0520, span,
		 "the names of layer `%s` and what it belongs to are too long "
		 "for nftables: `%s` has %zu bytes, and %d is the most",
		 id->layer, comment, strlen(comment), NFT_COMMENT_MOST);
	l->failed = true;
}

static void identify(struct lowering *l, uint32_t layer)
{
	const struct ir *ir = l->job->ir;
	const struct ir_space *space = l->job->meaning->space;
	const struct ir_customer *customer = &ir->customers[space->customer];
	struct identity *id = &l->model->identity;

	id->policy = ir->policy;
	id->customer = customer->name;
	id->environment = ir->environments[space->environment];
	id->layer = ir->layers[layer].name;
	check_name(l, "policy", id->policy, (struct span){ 0, 0 });
	if (*id->customer)
		check_name(l, "customer", id->customer, customer->span);
	check_name(l, "environment", id->environment, space->span);
	check_name(l, "layer", id->layer, ir->layers[layer].span);
	check_length(l, ir->layers[layer].span);
}

const struct nft_model *nft_lower(const struct job *job, struct arena *arena,
				  uint32_t layer)
{
	struct lowering l = {
		.job = job,
		.arena = arena,
		.model = arena_alloc(arena, sizeof *l.model),
		.hosts = job->meaning->space->layers[layer],
	};

	identify(&l, layer);
	for (int hook = NFT_INPUT; hook < NFT_HOOKS; hook++)
		add_chain(&l, hook);
	return l.failed ? NULL : l.model;
}
