/* Everything is drawn from one seed a set. */
#include "tests/bench/engine/sets.h"

#include "compiler/base/addr.h"
#include "tests/lib/dice.h"

enum { PER_ENVIRONMENT = 20, SLOT = 128, ENVIRONMENT = 4096, SERVICES = 200,
       GLOBALS = 5 };

/* --- flat policies --- */

struct flat_making {
	struct arena *arena;
	struct dice dice;
	struct flat out;
	unsigned shift;			/* of an IPv4 number: 96 for IPv6 */
	u128 base;
	struct ranges globals[GLOBALS], *hosts, services[SERVICES], any;
	size_t host_count;
};

static struct ranges block(struct flat_making *m, u128 first, u128 size)
{
	return ranges_one(m->arena, m->base + (first << m->shift),
			  m->base + ((first + size) << m->shift) - 1);
}

/* One to four prefixes of 8 to 32 addresses, in the layer's own slot. */
static struct ranges layer_at(struct flat_making *m, u128 first)
{
	unsigned count = 1 + dice_roll(&m->dice, 4);
	struct ranges set = NO_RANGES;

	for (unsigned i = 0; i < count; i++)
		set = ranges_union(m->arena, set,
			block(m, first + i * 32,
			      8u << dice_roll(&m->dice, 3)));
	return set;
}

static void make_layers(struct flat_making *m)
{
	for (size_t i = 0; i < m->out.layer_count; i++)
		m->out.layers[i] = layer_at(m,
			(u128)(i / PER_ENVIRONMENT) * ENVIRONMENT +
			(i % PER_ENVIRONMENT) * SLOT);
	for (size_t e = 0; e < m->out.environment_count; e++)
		m->out.environments[e] = block(m, (u128)e * ENVIRONMENT,
					       ENVIRONMENT);
}

/* Five to thirty single hosts of one environment. */
static void make_hosts(struct flat_making *m)
{
	for (size_t i = 0; i < m->host_count; i++) {
		unsigned count = 5 + dice_roll(&m->dice, 26);
		u128 first = (u128)dice_roll(&m->dice,
			(unsigned)m->out.environment_count) * ENVIRONMENT;

		for (; count; count--)
			m->hosts[i] = ranges_union(m->arena, m->hosts[i],
				block(m, first + dice_roll(&m->dice,
							   ENVIRONMENT), 1));
	}
}

static void make_globals(struct flat_making *m)
{
	m->out.everywhere = family_all(m->arena, m->out.family);
	m->globals[0] = m->out.everywhere;
	m->globals[1] = block(m, 0, 1 << 24);	/* 10.0.0.0/8 */
	m->globals[2] = ranges_minus(m->arena, m->out.everywhere,
				     m->globals[1]);
	m->globals[3] = block(m, 0, 1 << 22);
	m->globals[4] = block(m, 1 << 23, 2 * ENVIRONMENT);
}

static void make_services(struct flat_making *m)
{
	struct arena *arena = m->arena;

	for (unsigned i = 0; i < SERVICES; i++) {
		unsigned port = 1 + dice_roll(&m->dice, 40000);
		unsigned proto = i % 10 == 9 ? PROTO_UDP : PROTO_TCP;
		unsigned more = i % 12 == 11 ? 1 + dice_roll(&m->dice, 1000)
					     : 0;

		m->services[i] = ranges_one(arena, service_key(proto, port),
					    service_key(proto, port + more));
		if (i % 25 == 24)
			m->services[i] = ranges_union(arena, m->services[i],
				ranges_one(arena, service_key(PROTO_TCP, 443),
					   service_key(PROTO_TCP, 443)));
	}
	m->any = service_all(arena).of[m->out.family];
	m->services[0] = ranges_one(arena, service_key(PROTO_TCP, 0),
				    service_key(PROTO_TCP, 65535));
	m->out.admin = ranges_union(arena,
		ranges_one(arena, service_key(PROTO_TCP, 22),
			   service_key(PROTO_TCP, 22)),
		ranges_one(arena, service_key(PROTO_TCP, 3389),
			   service_key(PROTO_TCP, 3389)));
}

static struct ranges layer_of(struct flat_making *m, size_t environment)
{
	size_t i = environment * PER_ENVIRONMENT +
		   dice_roll(&m->dice, PER_ENVIRONMENT);

	return m->out.layers[i % m->out.layer_count];
}

/* The shares are per hundred rules. */
static void make_rule(struct flat_making *m)
{
	unsigned kind = dice_roll(&m->dice, 100);
	size_t e = dice_roll(&m->dice, (unsigned)m->out.environment_count);
	struct ranges src = layer_of(m, e), dst = layer_of(m, e);
	struct ranges svc = dice_chance(&m->dice, 1)
		? m->any
		: m->services[dice_roll(&m->dice, SERVICES)];

	if (kind < 8)
		dst = layer_of(m, 0);
	else if (kind < 13)
		src = m->out.environments[e];
	else if (kind < 16)
		src = m->globals[dice_roll(&m->dice, GLOBALS)];
	else if (kind < 18)
		dst = m->globals[dice_roll(&m->dice, GLOBALS)];
	else if (kind < 22)
		src = m->hosts[dice_roll(&m->dice, (unsigned)m->host_count)];
	boxes_add(m->arena, &m->out.rules, src, dst, svc);
}

struct flat flat_of(struct arena *arena, enum family family, size_t groups,
		    size_t rules)
{
	struct flat_making m = { .arena = arena, .dice = dice_of(groups + rules),
				 .shift = family == IPV4 ? 0 : 80 };

	m.base = family == IPV4 ? (u128)10 << 24
				: (u128)0x2600 << 112;
	m.out.family = family;
	m.out.layer_count = groups * 9 / 10;
	m.out.environment_count = (m.out.layer_count + PER_ENVIRONMENT - 1) /
				  PER_ENVIRONMENT;
	m.host_count = groups / 20 + 1;
	m.out.layers = arena_array(arena, m.out.layer_count,
				   sizeof *m.out.layers);
	m.out.environments = arena_array(arena, m.out.environment_count,
					 sizeof *m.out.environments);
	m.hosts = arena_array(arena, m.host_count, sizeof *m.hosts);
	m.out.rules.cap = rules;
	m.out.rules.at = arena_array(arena, rules, sizeof *m.out.rules.at);
	make_layers(&m);
	make_hosts(&m);
	make_globals(&m);
	make_services(&m);
	while (m.out.rules.count < rules)
		make_rule(&m);
	return m.out;
}

/* --- acl, fw, ipc --- */

/* Shares per hundred; what is missing to a hundred goes to the last. */
struct shape {
	unsigned char src_any, src_short, src_net, src_host;
	unsigned char dst_any, dst_short, dst_net, dst_host;
	unsigned char wc, hi, lo, ar, em;
	unsigned char tcp, udp, icmp, other;
};

static const struct shape shapes[] = {
	[BENCH_ACL] = { 5, 10, 35, 50,    2,  5, 43, 50,   8,  5, 1, 11, 75,
			80, 13,  4,  3 },
	[BENCH_FW]  = { 30, 10, 25, 35,  25,  5, 20, 50,  25, 10, 1, 14, 50,
			70, 15,  5, 10 },
	[BENCH_IPC] = { 8, 12, 30, 50,   10, 10, 25, 55,  55,  5, 1,  9, 30,
			45, 25, 10, 20 },
};

static unsigned pick(struct dice *dice, const unsigned char *shares,
		     unsigned count)
{
	unsigned roll = dice_roll(dice, 100);

	for (unsigned i = 0; i + 1 < count; i++) {
		if (roll < shares[i])
			return i;
		roll -= shares[i];
	}
	return count - 1;
}

/* A low number much more often than a high one: the skew of the branching. */
static unsigned skewed(struct dice *dice, unsigned below)
{
	unsigned limit = 1 + dice_roll(dice, below);

	return dice_roll(dice, limit);
}

static struct ranges skewed_prefix(struct arena *arena, struct dice *dice,
				   const unsigned char *shares)
{
	unsigned length;
	uint32_t address = (skewed(dice, 60) * 37u + 11) % 224 << 24 |
			   (skewed(dice, 80) * 73u + 5) % 256 << 16 |
			   (skewed(dice, 200) * 29u + 3) % 256 << 8 |
			   dice_roll(dice, 256);
	uint32_t mask;

	switch (pick(dice, shares, 4)) {
	case 0:  return ranges_one(arena, 0, UINT32_MAX);
	case 1:  length = 8 + dice_roll(dice, 9); break;
	case 2:  length = 17 + dice_roll(dice, 14); break;
	default: length = 32; break;
	}
	mask = length == 32 ? 0 : UINT32_MAX >> length;
	return ranges_one(arena, address & ~mask, address | mask);
}

/* Real sets know few ports: hundreds of exact ones, dozens of ranges. */
enum { EXACT = 300, ARBITRARY = 60 };

static unsigned scattered(unsigned number, unsigned below)
{
	return (unsigned)((number + 1) * UINT64_C(2654435761) >> 7) % below;
}

static struct ranges port_class(struct arena *arena, struct dice *dice,
				const struct shape *shape, unsigned proto)
{
	unsigned which = skewed(dice, ARBITRARY);
	unsigned lo = scattered(which, 60000);
	unsigned hi = lo + 1 + scattered(which + 1000, 1u << which % 13);

	switch (pick(dice, &shape->wc, 5)) {
	case 0:  lo = 0, hi = 65535; break;
	case 1:  lo = 1024, hi = 65535; break;
	case 2:  lo = 0, hi = 1023; break;
	case 3:  break;
	default: lo = hi = scattered(skewed(dice, EXACT), 30000); break;
	}
	return ranges_one(arena, service_key(proto, lo),
			  service_key(proto, hi));
}

struct boxes classbench_of(struct arena *arena, enum bench_kind kind,
			   size_t rules)
{
	const struct shape *shape = &shapes[kind];
	struct dice dice = dice_of((unsigned)kind + rules);
	struct boxes out = { 0 };

	while (out.count < rules) {
		struct ranges src = skewed_prefix(arena, &dice,
						  &shape->src_any);
		struct ranges dst = skewed_prefix(arena, &dice,
						  &shape->dst_any);
		struct ranges svc;

		switch (pick(&dice, &shape->tcp, 4)) {
		case 0:  svc = port_class(arena, &dice, shape, PROTO_TCP);
			 break;
		case 1:  svc = port_class(arena, &dice, shape, PROTO_UDP);
			 break;
		case 2:  svc = ranges_one(arena, service_key(PROTO_ICMP, 0),
					  service_key(PROTO_ICMP, 65535));
			 break;
		default: svc = service_all(arena).of[IPV4];
		}
		/* the rule that admits everything would hide all others */
		if (src.at[0].hi - src.at[0].lo == UINT32_MAX &&
		    dst.at[0].hi - dst.at[0].lo == UINT32_MAX)
			continue;
		boxes_add(arena, &out, src, dst, svc);
	}
	return out;
}

struct boxes crossing_of(struct arena *arena, size_t rules)
{
	struct dice dice = dice_of(rules);
	struct boxes out = { 0 };

	while (out.count < rules) {
		uint32_t a = (uint32_t)dice_bits(&dice);
		uint32_t b = (uint32_t)dice_bits(&dice);
		uint32_t c = (uint32_t)dice_bits(&dice);
		uint32_t d = (uint32_t)dice_bits(&dice);
		unsigned p = dice_roll(&dice, 65536);
		unsigned q = dice_roll(&dice, 65536);

		boxes_add(arena, &out,
			  ranges_one(arena, a < b ? a : b, a < b ? b : a),
			  ranges_one(arena, c < d ? c : d, c < d ? d : c),
			  ranges_one(arena,
				     service_key(PROTO_TCP, p < q ? p : q),
				     service_key(PROTO_TCP, p < q ? q : p)));
	}
	return out;
}
