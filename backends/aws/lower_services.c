/* Ranges of service keys to the protocols, ports and types that AWS knows. */
#include "backends/aws/lower.h"

#include "compiler/base/service.h"

#include <assert.h>

struct building {
	struct arena *arena;
	LIST(struct aws_service) some;
	struct ranges unsaid;
};

static void add(struct building *b, unsigned protocol, int from, int to)
{
	*LIST_PUSH(b->arena, &b->some) =
		(struct aws_service){ (int)protocol, from, to };
}

/* Types that are in whole take one rule each, the others one a code. */
static void add_icmp(struct building *b, unsigned protocol, unsigned lo,
		     unsigned hi)
{
	if (lo == 0 && hi == SERVICE_VALUES - 1) {
		add(b, protocol, AWS_ALL, AWS_ALL);
		return;
	}
	for (unsigned value = lo; value <= hi; value++) {
		int type = (int)(value >> 8);

		if ((value & 0xff) == 0 && value + 0xff <= hi) {
			add(b, protocol, type, AWS_ALL);
			value += 0xff;
		} else {
			add(b, protocol, type, (int)(value & 0xff));
		}
	}
}

/*
 * Protocol 1 belongs to IPv4 and 58 to IPv6: over the other family AWS has no
 * rule that surely means them, but for "-1".
 */
static bool is_foreign(enum family family, unsigned protocol)
{
	return protocol == (family == IPV4 ? PROTO_ICMP6 : PROTO_ICMP);
}

/* The values LO to HI of one protocol. */
static void add_protocol(struct building *b, enum family family,
			 unsigned protocol, unsigned lo, unsigned hi)
{
	if (service_has_ports(protocol)) {
		add(b, protocol, (int)lo, (int)hi);
	} else if (service_is_icmp(family, protocol)) {
		add_icmp(b, protocol, lo, hi);
	} else if (is_foreign(family, protocol)) {
		b->unsaid = ranges_union(b->arena, b->unsaid,
			ranges_one(b->arena, service_key(protocol, lo),
				   service_key(protocol, hi)));
	} else {
		assert(lo == 0 && hi == SERVICE_VALUES - 1);
		add(b, protocol, AWS_ALL, AWS_ALL);
	}
}

static bool is_any(struct ranges svc)
{
	return svc.count == 1 && svc.at[0].lo == 0 &&
	       svc.at[0].hi == SERVICE_LAST;
}

/* A run of keys, which may span protocols. */
static void add_run(struct building *b, enum family family, uint32_t lo,
		    uint32_t hi)
{
	for (unsigned p = service_protocol(lo); p <= service_protocol(hi); p++) {
		uint32_t first = service_key(p, 0);
		uint32_t last = service_key(p, SERVICE_VALUES - 1);

		add_protocol(b, family, p,
			     service_value(lo > first ? lo : first),
			     service_value(hi < last ? hi : last));
	}
}

struct service_list services_of(struct arena *arena, enum family family,
				struct ranges svc)
{
	struct building b = { .arena = arena };

	if (is_any(svc))
		*LIST_PUSH(arena, &b.some) =
			(struct aws_service){ AWS_ALL, AWS_ALL, AWS_ALL };
	else
		for (size_t i = 0; i < svc.count; i++)
			add_run(&b, family, (uint32_t)svc.at[i].lo,
				(uint32_t)svc.at[i].hi);
	return (struct service_list){ b.some.at, b.some.count, b.unsaid };
}

struct range foreign_keys(struct aws_service service)
{
	unsigned protocol = (unsigned)service.protocol;

	if (service.protocol == AWS_ALL)
		return (struct range){ 0, SERVICE_LAST };
	if (service_has_ports(protocol))
		return (struct range){
			service_key(protocol, (unsigned)service.from),
			service_key(protocol, (unsigned)service.to) };
	return (struct range){ service_key(protocol, 0),
			       service_key(protocol, SERVICE_VALUES - 1) };
}
