/*
 * First the places: customers, environments, who lives where in them, and who
 * peers with whom.
 * Then the words: networks, groups, services.  Then rules, each tried until it
 * has packets, because the compiler refuses those that have none.
 *
 * To know that, every expression carries a mask: a bit for each environment
 * and family in which it has addresses.  A mask may err where `except` leaves
 * nothing; such a policy is refused, and the caller counts it.
 */
#include "tests/lib/gen.h"

#include "compiler/base/addr.h"
#include "compiler/base/text.h"
#include "tests/lib/dice.h"

#include <stdlib.h>
#include <string.h>

enum {
	CUSTOMERS = 3, ENVIRONMENTS = 3, SPACES = CUSTOMERS * ENVIRONMENTS,
	LAYERS = 6, NETWORKS = 5, GROUPS = 4, SERVICES = 5, RULES = 12,
	ITEMS = 3, TRIES = 30,
};

#define COUNT(a) (sizeof(a) / sizeof *(a))

struct statement {
	const char *head;		/* up to `;`, or up to `{` of a block */
	bool block;
	LIST(struct statement *) inside;
};

struct gen_policy {
	struct statement top;
};

/* By environment and family: bit 2 * space + family. */
typedef uint32_t mask;

static mask bit(unsigned space, enum family family)
{
	return (mask)1 << (2 * space + family);
}

/* An endpoint or a service; of services only two bits of the mask mean anything. */
struct words {
	const char *text;
	mask has;		/* addresses */
	mask ours;		/* addresses of layers */
	unsigned lacks;		/* spaces without one of its members, by bit */
	bool compound;		/* in an expression it needs parentheses */
};

struct items {
	struct words at[ITEMS];
	unsigned count;
	struct words all;
};

struct gen {
	struct arena *arena;
	struct dice dice;
	enum gen_taste taste;
	struct gen_policy *policy;
	unsigned customers, environments, spaces;
	unsigned environment_of[SPACES], customer_of[SPACES];
	struct statement *block_of[SPACES];
	struct prefix vpc_of[SPACES][2 * FAMILIES];
	unsigned vpc_count[SPACES];
	unsigned peers_of[SPACES];	/* by bit */
	bool unnamed;
	bool has[SPACES][FAMILIES];
	struct words layers[LAYERS], networks[NETWORKS], groups[GROUPS];
	struct words services[SERVICES];
	unsigned layer_count, network_count, group_count, service_count;
};

static const char *const customer_names[CUSTOMERS] = { "andino", "caja-sur",
						       "Norte_1" };
static const char *const environment_names[] = { "dev", "staging", "prod",
						 "ghost" };
static const char *const layer_names[LAYERS] = { "edge", "services", "data",
						 "log", "ops", "x" };
static const char *const network_names[NETWORKS] = { "core", "partners", "s3",
						     "office", "via" };

#define S3_LIST " prefix-list \"com.amazonaws.{region}.s3\""

static const char *const vpcs[FAMILIES][7] = {
	{ "10.30.0.0/16", "10.31.0.0/16", "172.16.0.0/12", "0.0.0.0/8",
	  "255.255.255.0/24", "52.94.0.0/16", "192.168.7.0/28" },
	{ "2600:1f18:4a3:6900::/56", "2600:1f18:4a3:6a00::/56", "fd00:10::/32",
	  "::/64", "ffff:ffff:ffff:ffff::/64", "2001:db8:1::/48",
	  "2001:20:1::/120" },
};

/* Apart from every VPC; some of them touch, or lie in one another. */
static const char *const elsewhere[FAMILIES][14] = {
	{ "100.64.0.0/24", "100.64.1.0/24", "203.0.113.0/26", "203.0.113.64/26",
	  "203.0.113.64", "3.5.0.0/19", "3.5.32.0/19", "8.8.8.8",
	  "240.0.0.0/8", "223.255.255.0/24", "224.0.0.0/8", "192.0.0.9",
	  "254.0.0.0/8", "1.0.0.0/8" },
	{ "fd20:5::/64", "fd20:5:0:1::/64", "2001:db8:7e57::/64",
	  "2001:db8:7e57::1", "2600:9000::/28", "2600:9010::/28", "2001:20::/29",
	  "fffe::/16", "2002::/16", "2001:1::1", "2001:4:112::/48",
	  "3fff:1000::/20", "4000::/8", "1::1" },
};

/* As ends of rules; some cut through layers and networks. */
static const char *const literals[FAMILIES][8] = {
	{ "10.0.0.0/8", "10.30.0.0/17", "0.0.0.0", "255.255.255.255",
	  "203.0.113.65", "128.0.0.0/1", "10.30.0.0", "0.0.0.0/0" },
	{ "2600:1f18:4a3:6900::/64", "::", "fd00::/8", "2000::/3",
	  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0",
	  "2600:1f18:4a3:6900::", "8000::/1" },
};

static const struct {
	const char *text;
	bool of[FAMILIES];
} atoms[] = {
	{ "tcp/443",		   { true, true } },
	{ "tcp/0",		   { true, true } },
	{ "tcp/65535",		   { true, true } },
	{ "tcp/32768-65535",	   { true, true } },
	{ "tcp/0-442",		   { true, true } },
	{ "tcp/444-32767",	   { true, true } },
	{ "tcp/0-65535",	   { true, true } },
	{ "udp/53",		   { true, true } },
	{ "udp/0-65535",	   { true, true } },
	{ "icmp/echo-request",	   { true, false } },
	{ "icmp/3/4",		   { true, false } },
	{ "icmp/0",		   { true, false } },
	{ "icmp6/echo-request",	   { false, true } },
	{ "icmp6/packet-too-big",  { false, true } },
	{ "icmp6/255",		   { false, true } },
	/* only of wild policies, from here on */
	{ "icmp/any",		   { true, false } },
	{ "icmp6/any",		   { false, true } },
	{ "icmp/255/255",	   { true, false } },
	{ "icmp6/135/0",	   { false, true } },
	{ "proto/0",		   { true, true } },
	{ "proto/50",		   { true, true } },
	{ "proto/255",		   { true, true } },
	{ "any",		   { true, true } },
};

enum { PLAIN_ATOMS = 15 };

static unsigned roll(struct gen *g, unsigned below)
{
	return dice_roll(&g->dice, below);
}

static bool chance(struct gen *g, unsigned percent)
{
	return dice_chance(&g->dice, percent);
}

/* --- statements --- */

static struct statement *add_to(struct gen *g, struct statement *block,
				const char *head)
{
	struct statement *s = arena_alloc(g->arena, sizeof *s);

	s->head = head;
	*LIST_PUSH(g->arena, &block->inside) = s;
	return s;
}

static struct statement *add(struct gen *g, const char *head)
{
	return add_to(g, &g->policy->top, head);
}

static void print(struct text *out, const struct statement *s,
		  struct dice *dice, unsigned depth)
{
	struct statement **order = arena_array(out->arena, s->inside.count,
					       sizeof *order);

	if (s->inside.count)
		memcpy(order, s->inside.at, s->inside.count * sizeof *order);
	if (dice)
		dice_shuffle(dice, order, s->inside.count, sizeof *order);
	for (size_t i = 0; i < s->inside.count; i++) {
		text_fill(out, ' ', 2 * depth);
		text_puts(out, order[i]->head);
		if (!order[i]->block) {
			text_puts(out, ";\n");
			continue;
		}
		text_puts(out, " {\n");
		print(out, order[i], dice, depth + 1);
		text_fill(out, ' ', 2 * depth);
		text_puts(out, "}\n");
	}
}

const char *gen_text(struct arena *arena, const struct gen_policy *policy,
		     uint64_t order)
{
	struct text out = TEXT_IN(arena);
	struct dice dice = dice_of(order);

	print(&out, &policy->top, order ? &dice : NULL, 0);
	return text_string(&out);
}

static void add_comma(struct text *text)
{
	if (text->len)
		text_puts(text, ", ");
}

/* --- places --- */

static struct prefix prefix_of(const char *text)
{
	struct prefix p;

	if (prefix_read(text, strlen(text), &p) != PREFIX_OK)
		abort();
	return p;
}

static void add_prefix(struct text *text, struct prefix p)
{
	char one[ADDR_TEXT];

	add_comma(text);
	text_puts(text, prefix_text(p, one));
}

/* The Nth of the blocks that are BITS longer than P. */
static struct prefix part_of(struct prefix p, unsigned bits, unsigned n)
{
	unsigned length = p.length + bits;

	return (struct prefix){ p.family,
				p.base | (u128)n << (family_bits(p.family) -
						     length), length };
}

/* Deal neighbouring blocks of VPC out to the layers. */
static void deal(struct gen *g, unsigned space, struct prefix vpc,
		 struct text lists[LAYERS])
{
	unsigned bits = 1 + roll(g, 4), count = 1u << bits;
	unsigned used = count < 6 ? count : 6;
	unsigned first = chance(g, 50) ? 0 : count - used;

	for (unsigned i = 0; i < used; i++) {
		struct prefix block = part_of(vpc, bits, first + i);
		unsigned halves = chance(g, 20) ? 2 : 1;

		if (block.length == family_bits(vpc.family))
			halves = 1;
		for (unsigned h = 0; h < halves; h++) {
			unsigned layer = roll(g, g->layer_count);

			if (chance(g, 20))
				continue;
			add_prefix(&lists[layer],
				   halves == 2 ? part_of(block, 1, h) : block);
			g->layers[layer].has |= bit(space, vpc.family);
		}
	}
}

static void fill_space(struct gen *g, unsigned space)
{
	struct statement *block = g->block_of[space];
	struct text lists[LAYERS], vpc = TEXT_IN(g->arena);
	unsigned families = 1 + roll(g, 3);

	for (unsigned i = 0; i < LAYERS; i++)
		lists[i] = TEXT_IN(g->arena);
	for (int f = IPV4; f < FAMILIES; f++) {
		unsigned pick = roll(g, 6), more = 1 + roll(g, 6);

		if (!(families >> f & 1))
			continue;
		g->has[space][f] = true;
		add_prefix(&vpc, prefix_of(vpcs[f][pick]));
		g->vpc_of[space][g->vpc_count[space]++] =
			prefix_of(vpcs[f][pick]);
		deal(g, space, prefix_of(vpcs[f][pick]), lists);
		if (chance(g, 25)) {
			const char *second = vpcs[f][(pick + more) % 7];

			add_prefix(&vpc, prefix_of(second));
			g->vpc_of[space][g->vpc_count[space]++] =
				prefix_of(second);
			deal(g, space, prefix_of(second), lists);
		}
	}
	add_to(g, block, arena_printf(g->arena, "vpc %s", text_string(&vpc)));
	add_to(g, block, "region us-east-1");
	for (unsigned i = 0; i < g->layer_count; i++)
		if (lists[i].len)
			add_to(g, block, arena_printf(g->arena, "layer %s %s",
						      layer_names[i],
						      text_string(&lists[i])));
}

static void make_space(struct gen *g, struct statement *customer,
		       unsigned number, unsigned environment)
{
	struct statement *s = add_to(g, customer, arena_printf(
		g->arena, "environment %s", environment_names[environment]));

	s->block = true;
	g->environment_of[g->spaces] = environment;
	g->customer_of[g->spaces] = number;
	g->block_of[g->spaces] = s;
	fill_space(g, g->spaces++);
}

static void make_places(struct gen *g)
{
	g->unnamed = g->customers == 1 && chance(g, 50);
	for (unsigned c = 0; c < g->customers; c++) {
		struct statement *s = &g->policy->top;
		unsigned before = g->spaces;

		if (!g->unnamed) {
			s = add(g, arena_printf(g->arena, "customer %s \"Customer %u\"",
						customer_names[c], c));
			s->block = true;
			add_to(g, s, "account 111122223333");
		}
		for (unsigned e = 0; e < g->environments; e++)
			if (chance(g, 75))
				make_space(g, s, c, e);
		if (g->spaces == before)
			make_space(g, s, c, roll(g, g->environments));
	}
}

static bool blocks_touch(struct prefix a, struct prefix b)
{
	struct range x = prefix_range(a), y = prefix_range(b);

	return a.family == b.family && x.lo <= y.hi && y.lo <= x.hi;
}

static bool vpcs_touch(const struct gen *g, unsigned s, unsigned t)
{
	for (unsigned i = 0; i < g->vpc_count[s]; i++)
		for (unsigned k = 0; k < g->vpc_count[t]; k++)
			if (blocks_touch(g->vpc_of[s][i], g->vpc_of[t][k]))
				return true;
	return false;
}

/* May S and T peer: does nobody who sees one of them see its addresses twice? */
static bool can_peer(const struct gen *g, unsigned s, unsigned t)
{
	for (unsigned o = 0; o < g->spaces; o++)
		if ((g->peers_of[s] >> o & 1 && vpcs_touch(g, o, t)) ||
		    (g->peers_of[t] >> o & 1 && vpcs_touch(g, o, s)))
			return false;
	return !vpcs_touch(g, s, t);
}

static const char *place_text(struct gen *g, unsigned space, bool relative)
{
	const char *environment = environment_names[g->environment_of[space]];

	if (relative)
		return environment;
	return arena_printf(g->arena, "%s.%s",
			    customer_names[g->customer_of[space]], environment);
}

static void make_peers(struct gen *g)
{
	for (unsigned s = 0; s < g->spaces; s++)
		for (unsigned t = 0; t < s; t++) {
			bool same = g->customer_of[s] == g->customer_of[t];

			if (!can_peer(g, s, t) || !chance(g, same ? 60 : 15))
				continue;
			g->peers_of[s] |= 1u << t;
			g->peers_of[t] |= 1u << s;
			add_to(g, g->block_of[s], arena_printf(g->arena, "peer %s",
				place_text(g, t, same && (g->unnamed ||
							  chance(g, 50)))));
		}
}

static unsigned spaces_without(const struct gen *g, mask has)
{
	unsigned lacks = 0;

	for (unsigned s = 0; s < g->spaces; s++)
		if (!(has & (bit(s, IPV4) | bit(s, IPV6))))
			lacks |= 1u << s;
	return lacks;
}

static void declare_layers(struct gen *g)
{
	for (unsigned i = 0; i < g->layer_count; i++) {
		struct words *w = &g->layers[i];

		w->text = layer_names[i];
		w->ours = w->has;
		w->lacks = spaces_without(g, w->has);
		add(g, arena_printf(g->arena, "layer %s \"layer %u\"%s", w->text,
				    i, chance(g, 15) ? " shared-hosts" : ""));
	}
}

/* --- networks --- */

static mask random_addresses(struct gen *g, struct text *out)
{
	mask families = 0;

	for (unsigned n = 1 + roll(g, 3); n--;) {
		enum family f = chance(g, 60) ? IPV4 : IPV6;

		add_comma(out);
		text_puts(out, elsewhere[f][roll(g, COUNT(elsewhere[f]))]);
		families |= bit(0, f);
	}
	return families;
}

/* A network with no addresses here: a list by name, or missing. */
static void leave_out(struct words *w, unsigned space, bool listed)
{
	if (listed)
		w->has |= bit(space, IPV4);
}

static void make_network(struct gen *g, unsigned i)
{
	static const char *const ways[] = { "", " via vpn", " via nat",
					    " via peering", " via endpoint" };
	struct words *w = &g->networks[i];
	const char *way = ways[roll(g, COUNT(ways))];
	bool everywhere = chance(g, 50);
	bool listed = strcmp(network_names[i], "s3") == 0 && chance(g, 50);
	bool written = !listed || g->taste == GEN_PLAIN || chance(g, 50);
	struct text list = TEXT_IN(g->arena);
	mask families = random_addresses(g, &list);

	everywhere &= written;
	w->text = network_names[i];
	add(g, arena_printf(g->arena, "network %s \"network %u\"%s%s%s%s",
			    w->text, i, listed ? S3_LIST : "", way,
			    everywhere ? " = " : "",
			    everywhere ? text_string(&list) : ""));
	for (unsigned s = 0; s < g->spaces; s++) {
		if (everywhere) {
			w->has |= families << 2 * s;
		} else if (chance(g, listed && !written ? 20 : 80)) {
			list = TEXT_IN(g->arena);
			w->has |= random_addresses(g, &list) << 2 * s;
			add_to(g, g->block_of[s],
			       arena_printf(g->arena, "network %s %s", w->text,
					    text_string(&list)));
		} else {
			leave_out(w, s, listed);
		}
	}
	w->lacks = spaces_without(g, w->has);
}

/* --- endpoints --- */

static mask everywhere(const struct gen *g, enum family family)
{
	mask all = 0;

	for (unsigned s = 0; s < g->spaces; s++)
		all |= bit(s, family);
	return all;
}

static mask all_layers(const struct gen *g)
{
	mask all = 0;

	for (unsigned i = 0; i < g->layer_count; i++)
		all |= g->layers[i].has;
	return all;
}

static struct words named(const struct gen *g, const char *name)
{
	struct words w = { .text = name,
			   .has = everywhere(g, IPV4) | everywhere(g, IPV6) };

	if (strcmp(name, "any") == 0)
		w.ours = all_layers(g);
	return w;
}

static struct words literal(struct gen *g)
{
	enum family f = chance(g, 60) ? IPV4 : IPV6;

	return (struct words){ .text = literals[f][roll(g, COUNT(literals[f]))],
			       .has = everywhere(g, f) };
}

static struct words layer(struct gen *g)
{
	return g->layers[roll(g, g->layer_count)];
}

static struct words layer_or_network(struct gen *g)
{
	unsigned n = roll(g, g->layer_count + g->network_count);

	return n < g->layer_count ? g->layers[n]
				  : g->networks[n - g->layer_count];
}

static struct words except(struct gen *g, struct words from, struct words less)
{
	from.text = arena_printf(g->arena,
				 less.compound ? "%s except (%s)"
					       : "%s except %s",
				 from.text, less.text);
	from.lacks |= less.lacks;
	from.compound = true;
	return from;
}

static struct words one_end(struct gen *g)
{
	unsigned n = roll(g, 100);

	if (n < 50)
		return layer(g);
	if (n < 62 && g->network_count)
		return g->networks[roll(g, g->network_count)];
	if (n < 74 && g->group_count)
		return g->groups[roll(g, g->group_count)];
	if (n < 82)
		return named(g, "internet");
	if (g->taste == GEN_PLAIN)
		return n < 86 ? named(g, "any") : layer(g);
	if (n < 86)
		return named(g, "any");
	if (n < 90)
		return literal(g);
	if (n < 94)
		return except(g, named(g, "any"), layer_or_network(g));
	if (n < 97)
		return except(g, named(g, "internet"), g->network_count
			      ? g->networks[roll(g, g->network_count)]
			      : named(g, "198.51.100.0/24"));
	return except(g, layer(g), (struct words){
		.text = "10.30.64.0/18" });
}

static struct items joined(struct gen *g, struct items items)
{
	struct text text = TEXT_IN(g->arena);
	struct words all = { .compound = items.count > 1 ||
					 items.at[0].compound };

	for (unsigned i = 0; i < items.count; i++) {
		const struct words *w = &items.at[i];
		bool bare = items.count == 1 || !w->compound;

		add_comma(&text);
		text_printf(&text, bare ? "%s" : "(%s)", w->text);
		all.has |= w->has;
		all.ours |= w->ours;
		all.lacks |= w->lacks;
	}
	all.text = text_string(&text);
	items.all = all;
	return items;
}

static struct items ends(struct gen *g)
{
	struct items items = { .count = chance(g, 70) ? 1 : 2 + roll(g, 2) };

	for (unsigned i = 0; i < items.count; i++)
		items.at[i] = one_end(g);
	return joined(g, items);
}

static void make_group(struct gen *g)
{
	static const char *const names[GROUPS] = { "workloads", "g2", "outer",
						   "mixed" };
	struct items members = { .count = 2 };
	struct words *w = &g->groups[g->group_count];
	const char *name = names[g->group_count];

	for (unsigned i = 0; i < members.count; i++)
		members.at[i] = g->group_count && chance(g, 30)
			? g->groups[roll(g, g->group_count)]
			: layer_or_network(g);
	*w = joined(g, members).all;
	if (g->taste == GEN_WILD && chance(g, 25)) {
		*w = named(g, "any");
		*w = except(g, *w, layer_or_network(g));
	}
	add(g, arena_printf(g->arena, "group %s = %s", name, w->text));
	w->text = name;
	w->compound = false;
	g->group_count++;
}

/* --- services --- */

static mask families(const struct gen *g, const bool of[FAMILIES])
{
	return (of[IPV4] ? everywhere(g, IPV4) : 0) |
	       (of[IPV6] ? everywhere(g, IPV6) : 0);
}

static struct words one_atom(struct gen *g)
{
	unsigned n = roll(g, g->taste == GEN_PLAIN ? PLAIN_ATOMS
						   : COUNT(atoms));

	return (struct words){ .text = atoms[n].text,
			       .has = families(g, atoms[n].of) };
}

static struct words one_service(struct gen *g)
{
	static const char *const holed[] = {
		"tcp/0-65535 except tcp/443", "any except tcp/22",
		"tcp/0-1000 except (tcp/0, tcp/1000)",
		"any except (proto/50, udp/0-65535)",
		"any except (icmp/any, icmp6/any)",
		"icmp/any except icmp/echo-request",
		"icmp/3 except icmp/3/4",
	};

	if (g->service_count && chance(g, 40))
		return g->services[roll(g, g->service_count)];
	if (g->taste == GEN_WILD && chance(g, 15)) {
		unsigned n = roll(g, COUNT(holed));

		return (struct words){ .text = holed[n], .compound = true,
				       .has = families(g, (const bool[]){
						true, n < 5 }) };
	}
	return one_atom(g);
}

static struct items services(struct gen *g)
{
	struct items items = { .count = chance(g, 60) ? 1 : 2 + roll(g, 2) };

	for (unsigned i = 0; i < items.count; i++)
		items.at[i] = one_service(g);
	return joined(g, items);
}

static void make_service(struct gen *g)
{
	static const char *const names[SERVICES] = { "https", "db", "ping",
						     "wide", "nat" };
	const char *name = names[g->service_count];
	struct words w = services(g).all;

	add(g, arena_printf(g->arena, "service %s = %s", name, w.text));
	w.text = name;
	w.compound = false;
	g->services[g->service_count++] = w;
}

/* --- rules --- */

/* Where an `in` that names the environments of the bits NAMED applies. */
static mask scope_of(const struct gen *g, unsigned environments)
{
	mask scope = 0;

	for (unsigned s = 0; s < g->spaces; s++)
		if (environments >> g->environment_of[s] & 1)
			scope |= bit(s, IPV4) | bit(s, IPV6);
	return scope;
}

static bool lacks_none(const struct gen *g, unsigned environments,
		       unsigned lacks)
{
	for (unsigned s = 0; s < g->spaces; s++)
		if (environments >> g->environment_of[s] & 1 && lacks >> s & 1)
			return false;
	return true;
}

/* Has each of ITEMS a packet where OTHERS has? */
static bool all_count(const struct items *items, mask others)
{
	for (unsigned i = 0; i < items->count; i++)
		if (!(items->at[i].has & others))
			return false;
	return true;
}

static bool is_fine(const struct items *src, const struct items *dst,
		    const struct items *svc, mask scope)
{
	mask packets = src->all.has & dst->all.has & svc->all.has & scope;

	return packets & (src->all.ours | dst->all.ours) &&
	       all_count(src, dst->all.has & svc->all.has & scope) &&
	       all_count(dst, src->all.has & svc->all.has & scope) &&
	       all_count(svc, src->all.has & dst->all.has & scope);
}

static const char *in_clause(struct gen *g, unsigned environments)
{
	struct text text = TEXT_IN(g->arena);

	for (unsigned e = 0; e < COUNT(environment_names); e++) {
		if (!(environments >> e & 1))
			continue;
		text_puts(&text, text.len ? ", " : " in ");
		text_puts(&text, environment_names[e]);
	}
	return text_string(&text);
}

static const char *attributes(struct gen *g)
{
	static const char *const some[] = {
		"", " log", " owner payments", " ticket CHG-1 log",
		" reason \"because\"", " expires 2026-06-01",
		" expires 2026-06-02", " expires 2099-12-31",
		" expires 2026-05-31", " expires 1999-01-01",
		" reviewed 2026-01-01 by ana", " party customer",
	};

	return chance(g, 40) ? "" : some[roll(g, COUNT(some))];
}

static void make_rule(struct gen *g, unsigned number)
{
	for (unsigned i = 0; i < TRIES; i++) {
		struct items src = ends(g), dst = ends(g), svc = services(g);
		unsigned all = 15, environments = all;
		const char *where;

		if (chance(g, 40))
			environments = 1 + roll(g, 15);
		if (environments != all &&
		    !lacks_none(g, environments, src.all.lacks | dst.all.lacks))
			continue;
		if (!is_fine(&src, &dst, &svc, scope_of(g, environments)))
			continue;
		where = environments == all ? "" : in_clause(g, environments);
		add(g, arena_printf(g->arena,
				    "rule-%c%u: allow %s -> %s on %s%s%s",
				    "zma"[number % 3], number, src.all.text,
				    dst.all.text, svc.all.text, where,
				    attributes(g)));
		return;
	}
}

/* --- rules across environments --- */

/* Do all customers that have both environments peer them, with both layers? */
static bool is_common(const struct gen *g, unsigned s, unsigned t,
		      const struct words *src, const struct words *dst)
{
	for (unsigned x = 0; x < g->spaces; x++)
		for (unsigned y = 0; y < g->spaces; y++)
			if (g->customer_of[x] == g->customer_of[y] &&
			    g->environment_of[x] == g->environment_of[s] &&
			    g->environment_of[y] == g->environment_of[t] &&
			    (!(g->peers_of[x] >> y & 1) ||
			     src->lacks >> x & 1 || dst->lacks >> y & 1))
				return false;
	return true;
}

static bool every_service_fits(const struct gen *g, const struct items *svc,
			       unsigned s, unsigned t, const struct words *src,
			       const struct words *dst)
{
	for (unsigned i = 0; i < svc->count; i++) {
		bool fits = false;

		for (int f = IPV4; f < FAMILIES; f++)
			fits |= (src->has & bit(s, (enum family)f)) &&
				(dst->has & bit(t, (enum family)f)) &&
				(svc->at[i].has & bit(s, (enum family)f));
		if (!fits)
			return false;
	}
	(void)g;
	return true;
}

static void make_crossing(struct gen *g, unsigned number)
{
	for (unsigned i = 0; i < TRIES; i++) {
		unsigned s = roll(g, g->spaces), t = roll(g, g->spaces);
		struct words src = layer(g), dst = layer(g);
		struct items svc = services(g);
		bool relative = g->unnamed || chance(g, 50);

		if (!(g->peers_of[s] >> t & 1) ||
		    (relative && g->customer_of[s] != g->customer_of[t]) ||
		    (relative && !is_common(g, s, t, &src, &dst)) ||
		    !every_service_fits(g, &svc, s, t, &src, &dst))
			continue;
		add(g, arena_printf(g->arena,
				    "crossing-%u: allow %s.%s -> %s.%s on %s%s",
				    number, place_text(g, s, relative), src.text,
				    place_text(g, t, relative), dst.text,
				    svc.all.text, attributes(g)));
		return;
	}
}

const struct gen_policy *gen_policy(struct arena *arena, uint64_t seed,
				    enum gen_taste taste)
{
	struct gen g = { .arena = arena, .dice = dice_of(seed), .taste = taste,
			 .policy = arena_alloc(arena, sizeof *g.policy) };

	g.customers = 1 + roll(&g, CUSTOMERS);
	g.environments = 1 + roll(&g, ENVIRONMENTS);
	g.layer_count = 2 + roll(&g, LAYERS - 1);
	add(&g, "language 1");
	add(&g, arena_printf(arena, "policy generated-%u \"seed %u\"",
			     (unsigned)seed, (unsigned)seed));
	add(&g, "environments dev, staging, prod, ghost");
	make_places(&g);
	make_peers(&g);
	declare_layers(&g);
	for (unsigned n = roll(&g, NETWORKS + 1); g.network_count < n;
	     g.network_count++)
		make_network(&g, g.network_count);
	for (unsigned n = roll(&g, GROUPS + 1); n--;)
		make_group(&g);
	for (unsigned n = roll(&g, SERVICES + 1); n--;)
		make_service(&g);
	for (unsigned i = 1 + roll(&g, RULES); i--;)
		make_rule(&g, i);
	for (unsigned i = roll(&g, 3); i--;)
		make_crossing(&g, i);
	return g.policy;
}
