/*
 * What is permitted, as sets and rules.
 *
 * A packet should not pay for the length of the policy.  Which shape is the
 * cheapest depends on what there is (measured per packet on Linux 6.18):
 *
 *	up to 8 lines			a rule each, 40 ns
 *	single hosts and ports		one hash, 0.15 us, whatever its size
 *	groups of hosts			a map from host to chain, a hash in each
 *	prefixes and ranges		one set of concatenated ranges to about
 *					1,000, 0.5 us; it grows with its size
 *	more of them			parts of 500, behind a map of their ranges
 *
 * An address that all of a set have in common is matched once before it: each
 * bit of a key is paid for by every packet, and by loading.
 *
 * Sets of ranges must not overlap themselves: rules of the policy that overlap
 * are cut into disjoint boxes, all others stand there as they were written.
 */
#include "backends/nft/lower.h"

#include "backends/nft/cluster.h"
#include "backends/nft/split.h"
#include "compiler/base/addr.h"
#include "compiler/base/table.h"

#include <stdlib.h>
#include <string.h>

enum {
	FEW = 8,		/* lines that are rules of their own */
	EXACT_LEAST = 64,	/* keys that are worth a hash beside ranges */
	TOGETHER_MOST = 1000,	/* ranges in one set */
	PARTS_DEPTH = 3,	/* parts of parts of parts */
	PRODUCT_LEAST = 2048,	/* keys that are worth looking for groups */
	PRODUCT_MOST = 1 << 22,	/* keys that nobody wants to write out */
};

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

static const struct shape shapes[FAMILIES][NFT_LOOKUPS] = {
	[IPV4] = {
		[NFT_PORTS] = { "4_ports", 4,
			{ FROM_TO_4, NFT_L4PROTO, NFT_TH_DPORT },
			{ PAIR_4, NFT_TYPE_INET_PROTO, NFT_TYPE_INET_SERVICE } },
		[NFT_ICMP] = { "4_icmp", 4,
			{ FROM_TO_4, NFT_ICMP_TYPE, NFT_ICMP_CODE },
			{ PAIR_4, NFT_TYPE_ICMP_TYPE, NFT_TYPE_ICMP_CODE } },
		[NFT_PROTOCOLS] = { "4_protos", 3,
			{ FROM_TO_4, NFT_L4PROTO },
			{ PAIR_4, NFT_TYPE_INET_PROTO } },
	},
	[IPV6] = {
		[NFT_PORTS] = { "6_ports", 4,
			{ FROM_TO_6, NFT_L4PROTO, NFT_TH_DPORT },
			{ PAIR_6, NFT_TYPE_INET_PROTO, NFT_TYPE_INET_SERVICE } },
		[NFT_ICMP] = { "6_icmp", 4,
			{ FROM_TO_6, NFT_ICMPV6_TYPE, NFT_ICMPV6_CODE },
			{ PAIR_6, NFT_TYPE_ICMPV6_TYPE, NFT_TYPE_ICMPV6_CODE } },
		[NFT_PROTOCOLS] = { "6_protos", 3,
			{ FROM_TO_6, NFT_L4PROTO },
			{ PAIR_6, NFT_TYPE_INET_PROTO } },
	},
};

static const char *const prefix_of_hook[NFT_HOOKS] = {
	[NFT_INPUT]   = "in",
	[NFT_OUTPUT]  = "out",
	[NFT_FORWARD] = "fwd",
};

/* What one lookup has to find: disjoint. */
struct lines {
	LIST(struct nft_element) all;
};

static const struct shape *shape_of(const struct nft_lowering *l,
				    enum nft_lookup lookup)
{
	return &shapes[l->family][lookup];
}

/* --- sets --- */

static struct nft_set *add_set(struct nft_lowering *l, const char *name,
			       const enum nft_type *types, unsigned width)
{
	struct nft_set *set = arena_alloc(l->arena, sizeof *set);

	set->name = name;
	set->width = width;
	set->counters = l->job->ir->nft.counters;
	memcpy(set->types, types, width * sizeof *types);
	*LIST_PUSH(l->arena, &l->model->sets) = set;
	return set;
}

/* RULE, which accepts, is for what SET has. */
static void look_up(struct nft_lowering *l, struct nft_rule *rule,
		    const enum nft_field *fields, const struct nft_set *set)
{
	struct nft_match *m = LIST_PUSH(l->arena, &rule->matches);

	memcpy(m->fields, fields, set->width * sizeof *fields);
	m->width = set->width;
	m->set = set;
}

static int by_key(const void *x, const void *y)
{
	const struct nft_element *a = x, *b = y;

	for (unsigned i = 0; i < NFT_KEY_MOST; i++)
		if (a->key[i].lo != b->key[i].lo)
			return a->key[i].lo < b->key[i].lo ? -1 : 1;
	return 0;	/* disjoint: no two begin alike */
}

static void sort(struct nft_element *at, size_t count)
{
	if (count)
		qsort(at, count, sizeof *at, by_key);
}

static void fill(struct nft_set *set, struct nft_element *at, size_t count)
{
	sort(at, count);
	set->elements.at = at;
	set->elements.count = set->elements.cap = count;
}

/* Twice the room: a full hash of fixed size takes no more. */
static void make_hash(struct nft_set *set)
{
	set->intervals = false;
	set->size = (uint32_t)set->elements.count * 2;
	if (set->size < 16)
		set->size = 16;
}

static bool is_exact(const struct nft_element *e, unsigned width)
{
	for (unsigned i = 0; i < width; i++)
		if (e->key[i].lo != e->key[i].hi)
			return false;
	return true;
}

static bool is_any(enum nft_type type, struct range r)
{
	static const u128 last[NFT_TYPES] = {
		[NFT_TYPE_INET_PROTO]	= 255,	[NFT_TYPE_INET_SERVICE] = 65535,
		[NFT_TYPE_ICMP_TYPE]	= 255,	[NFT_TYPE_ICMP_CODE]	= 255,
		[NFT_TYPE_ICMPV6_TYPE]	= 255,	[NFT_TYPE_ICMPV6_CODE]	= 255,
		[NFT_TYPE_IPV4_ADDR]	= UINT32_MAX,
		[NFT_TYPE_IPV6_ADDR]	= U128_MAX,
	};

	return r.lo == 0 && r.hi == last[type];
}

/* --- what all have in common --- */

static bool all_have(const struct nft_element *at, size_t count, unsigned field)
{
	for (size_t i = 1; i < count; i++)
		if (at[i].key[field].lo != at[0].key[field].lo ||
		    at[i].key[field].hi != at[0].key[field].hi)
			return false;
	return true;
}

static void drop_field(struct shape *shape, struct nft_element *at,
		       size_t count, unsigned field)
{
	shape->width--;
	for (unsigned i = field; i < shape->width; i++) {
		shape->fields[i] = shape->fields[i + 1];
		shape->types[i] = shape->types[i + 1];
	}
	for (size_t e = 0; e < count; e++) {
		for (unsigned i = field; i < shape->width; i++)
			at[e].key[i] = at[e].key[i + 1];
		at[e].key[shape->width] = (struct range){ 0, 0 };
	}
}

/*
 * A rule that accepts what COUNT elements AT hold, by a set of NAME.  An
 * address that all of them have is looked at once, and is not in the key: what
 * a set of ranges costs grows with each bit of it.
 */
static struct nft_set *accept_all(struct nft_lowering *l, enum nft_lookup lookup,
				  const char *name, struct nft_element *at,
				  size_t count)
{
	struct nft_rule *rule = nft_add_rule(l, NULL);
	struct shape shape = *shape_of(l, lookup);
	unsigned field = 0;
	struct nft_set *set;

	for (unsigned address = 0; address < 2; address++) {
		if (!all_have(at, count, field) || shape.width == 2) {
			field++;
			continue;
		}
		if (!is_any(shape.types[field], at[0].key[field]))
			nft_match_range(l->arena, rule, shape.fields[field],
					shape.types[field], at[0].key[field]);
		drop_field(&shape, at, count, field);
	}
	if (!field && !rule->matches.count)	/* nothing says which family */
		nft_match_family(l, rule, l->family);
	set = add_set(l, name, shape.types, shape.width);
	fill(set, at, count);
	look_up(l, rule, shape.fields, set);
	return set;
}

/* --- few: a rule each --- */

/* Ports by the name of their protocol, as people write them. */
static void match_ports(struct nft_lowering *l, struct nft_rule *rule,
			const struct nft_element *e)
{
	nft_match_range(l->arena, rule, e->key[2].lo == PROTO_TCP
			? NFT_TCP_DPORT : NFT_UDP_DPORT,
			NFT_TYPE_INET_SERVICE, e->key[3]);
}

static void add_line(struct nft_lowering *l, enum nft_lookup lookup,
		     const struct nft_element *e)
{
	const struct shape *shape = shape_of(l, lookup);
	struct nft_rule *rule = nft_add_rule(l, e->comment);
	unsigned addresses = 0;

	rule->origin = e->origin;
	for (unsigned i = 0; i < 2; i++)
		if (!is_any(shape->types[i], e->key[i])) {
			nft_match_range(l->arena, rule, shape->fields[i],
					shape->types[i], e->key[i]);
			addresses++;
		}
	if (!addresses)
		nft_match_family(l, rule, l->family);
	if (lookup == NFT_PORTS) {
		match_ports(l, rule, e);
		return;
	}
	for (unsigned i = 2; i < shape->width; i++)
		if (lookup == NFT_ICMP ? i == 2 || !is_any(shape->types[i],
							   e->key[i])
				       : !is_any(shape->types[i], e->key[i]))
			nft_match_range(l->arena, rule, shape->fields[i],
					shape->types[i], e->key[i]);
}

/* --- ranges --- */

static void place(struct nft_lowering *l, enum nft_lookup lookup,
		  const char *name, struct nft_element *at, size_t count,
		  unsigned depth);

static struct nft_chain *add_chain(struct nft_lowering *l, const char *name)
{
	struct nft_chain *chain = arena_alloc(l->arena, sizeof *chain);

	chain->name = name;
	*LIST_PUSH(l->arena, &l->model->others) = chain;
	return chain;
}

/* "ip saddr vmap @name"; the map is still empty. */
static struct nft_set *add_map(struct nft_lowering *l, const char *name,
			       const enum nft_field *field,
			       const enum nft_type *type)
{
	struct nft_match *m = arena_alloc(l->arena, sizeof *m);
	struct nft_set *map = add_set(l, name, type, 1);

	map->is_map = true;
	map->counters = false;
	*m = (struct nft_match){ .fields = { *field }, .width = 1, .set = map };
	nft_add_rule(l, NULL)->map = m;
	return map;
}

static void add_branch(struct nft_lowering *l, struct nft_set *map,
		       struct range keys, const struct nft_chain *chain)
{
	*LIST_PUSH(l->arena, &map->elements) = (struct nft_element){
		.key = { keys }, .verdict = NFT_JUMP,
		.target = chain->name, .chain = chain };
}

static void place_parts(struct nft_lowering *l, enum nft_lookup lookup,
			const char *name, const struct nft_split *split,
			unsigned depth)
{
	const struct shape *shape = shape_of(l, lookup);
	struct nft_chain *here = l->chain;
	struct nft_set *map = add_map(l, arena_printf(l->arena, "%s_by", name),
				      &shape->fields[split->field],
				      &shape->types[split->field]);

	map->intervals = true;
	for (size_t i = 0; i < split->parts.count; i++) {
		struct nft_part *part = &split->parts.at[i];

		l->chain = add_chain(l, arena_printf(l->arena, "%s_%zu", name,
						     i));
		add_branch(l, map, part->range, l->chain);
		place(l, lookup, l->chain->name, part->at, part->count,
		      depth + 1);
		l->chain = here;
	}
	if (split->wide_count)
		place(l, lookup, arena_printf(l->arena, "%s_wide", name),
		      split->wide, split->wide_count, depth + 1);
}

/* Accept, in the chain at hand, what COUNT elements AT hold. */
static void place(struct nft_lowering *l, enum nft_lookup lookup,
		  const char *name, struct nft_element *at, size_t count,
		  unsigned depth)
{
	struct nft_split split = { 0 };

	if (count > TOGETHER_MOST && depth < PARTS_DEPTH &&
	    nft_split(l->arena, at, count, &split)) {
		place_parts(l, lookup, name, &split, depth);
		return;
	}
	accept_all(l, lookup, name, at, count)->intervals = true;
}

/* --- one lookup --- */

/* Those that are exact first; how many they are. */
static size_t exact_first(struct arena *arena, struct lines *lines,
			  unsigned width)
{
	struct nft_element *out = arena_array(arena, lines->all.count,
					      sizeof *out);
	size_t exact = 0, n = 0;

	for (int wanted = 1; wanted >= 0; wanted--) {
		for (size_t i = 0; i < lines->all.count; i++)
			if (is_exact(&lines->all.at[i], width) == wanted)
				out[n++] = lines->all.at[i];
		exact = wanted ? n : exact;
	}
	lines->all.at = out;
	return exact;
}

static void add_lines(struct nft_lowering *l, enum nft_lookup lookup,
		      struct lines *lines)
{
	const char *name = arena_printf(l->arena, "%s%s",
					prefix_of_hook[l->hook],
					shape_of(l, lookup)->name);
	size_t exact = exact_first(l->arena, lines,
				   shape_of(l, lookup)->width);
	size_t count = lines->all.count;

	if (exact >= EXACT_LEAST || (exact == count && count > FEW)) {
		make_hash(accept_all(l, lookup,
				     arena_printf(l->arena, "%s_exact", name),
				     lines->all.at, exact));
		lines->all.at += exact;
		count -= exact;
	}
	if (count > FEW) {
		place(l, lookup, name, lines->all.at, count, 0);
		return;
	}
	sort(lines->all.at, count);
	for (size_t i = 0; i < count; i++)
		add_line(l, lookup, &lines->all.at[i]);
}

/* --- boxes to lines --- */

static void add_box(struct nft_lowering *l, struct lines lines[NFT_LOOKUPS],
		    const struct meaning *meaning, const struct box *box)
{
	struct nft_pieces pieces = nft_pieces_of(l, box->svc);

	for (size_t p = 0; p < pieces.all.count; p++) {
		const struct nft_piece *piece = &pieces.all.at[p];
		struct ranges keys = { &piece->keys, 1 };
		struct box part = { box->src, box->dst, keys };
		const char *names;
		uint32_t origin = nft_origin_of(l, meaning, &part, &names);

		for (size_t s = 0; s < box->src.count; s++)
			for (size_t d = 0; d < box->dst.count; d++)
				*LIST_PUSH(l->arena, &lines[piece->lookup].all) =
					(struct nft_element){
						.key = { box->src.at[s],
							 box->dst.at[d],
							 piece->first,
							 piece->second },
						.origin = origin,
						.comment = names };
	}
}

/* What is in a cluster. */
struct members {
	LIST(uint32_t) flows;
	struct boxes boxes;
};

static void add_cluster(struct nft_lowering *l,
			struct lines lines[NFT_LOOKUPS],
			const struct members *members)
{
	struct boxes boxes = members->boxes;
	struct meaning cluster = { .ir = l->near.ir, .space = l->near.space };

	cluster.permitted[l->family] = members->boxes;
	cluster.flows[l->family] = members->flows.at;
	if (boxes.count > 1)
		boxes = boxes_disjoint(l->arena, l->family, &members->boxes);
	for (size_t i = 0; i < boxes.count; i++)
		add_box(l, lines, &cluster, &boxes.at[i]);
}

static void add_rest(struct nft_lowering *l, const struct members *rest)
{
	const size_t *clusters = nft_clusters_of(l->arena, &rest->boxes);
	struct lines lines[NFT_LOOKUPS] = { 0 };
	struct members *members = arena_array(l->arena, rest->boxes.count,
					      sizeof *members);

	for (size_t i = 0; i < rest->boxes.count; i++) {
		struct members *m = &members[clusters[i]];

		*LIST_PUSH(l->arena, &m->boxes) = rest->boxes.at[i];
		*LIST_PUSH(l->arena, &m->flows) = rest->flows.at[i];
	}
	for (size_t i = 0; i < rest->boxes.count; i++)
		if (clusters[i] == i)
			add_cluster(l, lines, &members[i]);
	for (int lookup = NFT_PORTS; lookup < NFT_LOOKUPS; lookup++)
		add_lines(l, lookup, &lines[lookup]);
}

/* --- groups of hosts --- */

static bool all_points(struct ranges set)
{
	for (size_t i = 0; i < set.count; i++)
		if (set.at[i].lo != set.at[i].hi)
			return false;
	return true;
}

/* Single hosts at both ends, single ports of tcp and udp. */
static bool is_of_hosts(const struct box *box)
{
	return all_points(box->src) && all_points(box->dst) &&
	       all_points(box->svc) &&
	       service_has_ports(service_protocol((uint32_t)box->svc.at[0].lo)) &&
	       service_has_ports(service_protocol((uint32_t)
			box->svc.at[box->svc.count - 1].lo));
}

/* Which end a packet is sorted by: 0 its source, 1 its destination. */
static struct ranges *end_of(struct box *box, unsigned end)
{
	return end ? &box->dst : &box->src;
}

/* Disjoint, and those of the same hosts at END have exactly these in common. */
static struct boxes grouped_by(struct nft_lowering *l,
			       const struct boxes *boxes, unsigned end)
{
	struct boxes turned = { 0 }, out;

	for (size_t i = 0; i < boxes->count; i++) {
		struct box b = boxes->at[i];

		*LIST_PUSH(l->arena, &turned) = (struct box){
			*end_of(&b, end), *end_of(&b, !end), b.svc };
	}
	out = boxes_disjoint(l->arena, l->family, &turned);
	for (size_t i = 0; end && i < out.count; i++) {
		struct ranges src = out.at[i].src;

		out.at[i].src = out.at[i].dst;
		out.at[i].dst = src;
	}
	return out;
}

static double keys_in(const struct boxes *boxes)
{
	double keys = 0;

	for (size_t i = 0; i < boxes->count; i++)
		keys += (double)ranges_size(boxes->at[i].src) *
			(double)ranges_size(boxes->at[i].dst) *
			(double)ranges_size(boxes->at[i].svc);
	return keys;
}

/* The hosts of a group, and what they may. */
struct host_group {
	struct ranges hosts;
	struct boxes boxes;
};

struct host_groups {
	LIST(struct host_group *) all;
	double cost;		/* keys to write */
	unsigned end;
};

static struct host_groups groups_of(struct nft_lowering *l,
				    const struct boxes *exact, unsigned end)
{
	struct boxes boxes = grouped_by(l, exact, end);
	struct table known = TABLE_IN(l->arena);
	struct host_groups out = { .end = end };

	for (size_t i = 0; i < boxes.count; i++) {
		struct ranges hosts = *end_of(&boxes.at[i], end);
		struct ranges other = *end_of(&boxes.at[i], !end);
		void **place = table_at(&known, (const char *)&hosts.at[0].lo,
					sizeof hosts.at[0].lo);
		struct host_group *group = *place;

		if (!group) {
			group = *place = arena_alloc(l->arena, sizeof *group);
			group->hosts = hosts;
			*LIST_PUSH(l->arena, &out.all) = group;
			out.cost += (double)ranges_size(hosts);
		}
		*LIST_PUSH(l->arena, &group->boxes) = boxes.at[i];
		out.cost += (double)ranges_size(other) *
			    (double)ranges_size(boxes.at[i].svc);
	}
	return out;
}

/* The numbers of SET, one by one: hosts that are neighbours were put together. */
static struct ranges points_of(struct arena *arena, struct ranges set)
{
	size_t count = (size_t)ranges_size(set), n = 0;
	struct range *points = arena_array(arena, count, sizeof *points);

	for (size_t i = 0; i < set.count; i++)
		for (u128 at = set.at[i].lo; n < count; at++) {
			points[n++] = nft_point(at);
			if (at == set.at[i].hi)
				break;
		}
	return (struct ranges){ points, count };
}

static void add_group_keys(struct nft_lowering *l, struct nft_set *set,
			   struct box *box, unsigned end)
{
	struct ranges other = points_of(l->arena, *end_of(box, !end));
	struct ranges services = points_of(l->arena, box->svc);

	for (size_t s = 0; s < services.count; s++) {
		uint32_t key = (uint32_t)services.at[s].lo;
		struct ranges one = { &services.at[s], 1 };
		struct box part = { box->src, box->dst, one };
		const char *names;
		uint32_t origin = nft_origin_of(l, &l->near, &part, &names);

		for (size_t i = 0; i < other.count; i++)
			*LIST_PUSH(l->arena, &set->elements) =
				(struct nft_element){
					.key = { other.at[i],
						 nft_point(service_protocol(key)),
						 nft_point(service_value(key)) },
					.origin = origin,
					.comment = names };
	}
}

/* The hash of a group, in a chain of its own. */
static void add_group(struct nft_lowering *l, struct host_group *group,
		      const char *name, unsigned end)
{
	const struct shape *shape = shape_of(l, NFT_PORTS);
	const enum nft_type types[] = { shape->types[0], NFT_TYPE_INET_PROTO,
					NFT_TYPE_INET_SERVICE };
	const enum nft_field fields[] = { shape->fields[!end], NFT_L4PROTO,
					  NFT_TH_DPORT };
	struct nft_set *set = add_set(l, name, types, 3);

	for (size_t i = 0; i < group->boxes.count; i++)
		add_group_keys(l, set, &group->boxes.at[i], end);
	sort(set->elements.at, set->elements.count);
	make_hash(set);
	look_up(l, nft_add_rule(l, NULL), fields, set);
}

static void add_groups(struct nft_lowering *l, const struct host_groups *groups)
{
	const struct shape *shape = shape_of(l, NFT_PORTS);
	const char *name = arena_printf(l->arena, "%s%c_hosts",
					prefix_of_hook[l->hook],
					shape->name[0]);
	struct nft_chain *here = l->chain;
	struct nft_set *map = add_map(l, name, &shape->fields[groups->end],
				      &shape->types[groups->end]);

	for (size_t i = 0; i < groups->all.count; i++) {
		struct host_group *group = groups->all.at[i];
		struct ranges hosts = points_of(l->arena, group->hosts);

		l->chain = add_chain(l, arena_printf(l->arena, "%s_%zu", name,
						     i));
		for (size_t h = 0; h < hosts.count; h++)
			add_branch(l, map, hosts.at[h], l->chain);
		add_group(l, group, l->chain->name, groups->end);
		l->chain = here;
	}
	sort(map->elements.at, map->elements.count);
	make_hash(map);
}

/*
 * Many hosts that may the same are one group: to write out every pair would
 * take their product.  False when the product is small, or grouping saves
 * little.
 */
static bool try_groups(struct nft_lowering *l, const struct boxes *exact)
{
	double product = keys_in(exact);
	struct host_groups by[2];
	const struct host_groups *best;

	if (product < PRODUCT_LEAST)
		return false;
	for (unsigned end = 0; end < 2; end++)
		by[end] = groups_of(l, exact, end);
	best = &by[by[1].cost < by[0].cost];
	if (best->cost * 4 > product && product < PRODUCT_MOST)
		return false;
	add_groups(l, best);
	return true;
}

/* --- the whole --- */

void nft_add_permitted(struct nft_lowering *l)
{
	const struct boxes *near = &l->near.permitted[l->family];
	const uint32_t *flows = l->near.flows[l->family];
	struct members rest = { 0 };
	struct boxes exact = { 0 };
	bool grouped;

	for (size_t i = 0; i < near->count; i++)
		if (is_of_hosts(&near->at[i]))
			*LIST_PUSH(l->arena, &exact) = near->at[i];
	grouped = try_groups(l, &exact);
	for (size_t i = 0; i < near->count; i++) {
		if (grouped && is_of_hosts(&near->at[i]))
			continue;
		*LIST_PUSH(l->arena, &rest.boxes) = near->at[i];
		*LIST_PUSH(l->arena, &rest.flows) = flows[i];
	}
	add_rest(l, &rest);
}
