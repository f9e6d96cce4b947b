/*
 * Services as numbers.  A packet's service is its protocol and, behind it, 16
 * bits: the destination port of tcp and udp, type*256+code of icmp (over IPv4)
 * and icmp6 (over IPv6), nothing for every other protocol.
 *
 * A set of services is a set of keys per family.  Where a protocol carries
 * nothing, its 65,536 keys are all in the set or all out of it.
 */
#ifndef FIREBREAK_COMPILER_BASE_SERVICE_H
#define FIREBREAK_COMPILER_BASE_SERVICE_H

#include "compiler/base/ranges.h"

enum protocol {
	PROTO_ICMP = 1,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_ICMP6 = 58,
};

enum {
	SERVICE_VALUES = 0x10000,
	SERVICE_LAST = 0xffffff,	/* the largest key */
};

static inline uint32_t service_key(unsigned protocol, unsigned value)
{
	return (uint32_t)protocol << 16 | value;
}

static inline unsigned service_protocol(uint32_t key)
{
	return key >> 16;
}

static inline unsigned service_value(uint32_t key)
{
	return key & 0xffff;
}

/* Do the 16 bits mean something for PROTOCOL over FAMILY? */
bool service_has_value(enum family family, unsigned protocol);
bool service_has_ports(unsigned protocol);
bool service_is_icmp(enum family family, unsigned protocol);

/* Every service of either family. */
struct both service_all(struct arena *arena);

/*
 * Protocol and values from LO to HI: ports for tcp and udp, type*256+code for
 * icmp (IPv4 only) and icmp6 (IPv6 only).  Others: give 0 and 65535.
 */
struct both service_atom(struct arena *arena, unsigned protocol, unsigned lo,
			 unsigned hi);

/* "tcp", "icmp6", ...; NULL for a protocol that the language writes proto/N. */
const char *protocol_name(unsigned protocol);

/* The number of an icmp or icmp6 type by its name, or -1. */
int icmp_type_number(unsigned protocol, const char *name);

/* Its name, or NULL. */
const char *icmp_type_name(unsigned protocol, unsigned type);

/* The COUNT names that icmp_type_number() knows for PROTOCOL. */
const char *const *icmp_type_names(struct arena *arena, unsigned protocol,
				   size_t *count);

/*
 * A service as the language writes it: "tcp/443", "icmp/echo-request",
 * "icmp/3/4", "proto/50".
 */
const char *service_text(struct arena *arena, enum family family,
			 uint32_t key);

/*
 * A set for people: "tcp/5432, udp/53-54", or "any".  Close to the language,
 * which has no word for runs of protocols or codes ("proto/2-5").
 */
const char *service_set_text(struct arena *arena, enum family family,
			     struct ranges set);

/* How many different services: a protocol without values counts once. */
uint64_t service_count(enum family family, struct ranges set);

#endif
