/* Names and numbers of protocols and of ICMP types. */
#include "compiler/base/service.h"

#include "compiler/base/text.h"

#include <string.h>

struct icmp_type {
	unsigned number;
	const char *name;
};

/* IANA "ICMP Type Numbers", those not deprecated, and 4 which still occurs. */
static const struct icmp_type icmp_types[] = {
	{ 0,  "echo-reply" },
	{ 3,  "destination-unreachable" },
	{ 4,  "source-quench" },
	{ 5,  "redirect" },
	{ 8,  "echo-request" },
	{ 9,  "router-advertisement" },
	{ 10, "router-solicitation" },
	{ 11, "time-exceeded" },
	{ 12, "parameter-problem" },
	{ 13, "timestamp-request" },
	{ 14, "timestamp-reply" },
	{ 42, "extended-echo-request" },
	{ 43, "extended-echo-reply" },
};

/* IANA "ICMPv6 type Numbers", by the names that RFC 4443, 4861, 2710, 3810 use. */
static const struct icmp_type icmp6_types[] = {
	{ 1,   "destination-unreachable" },
	{ 2,   "packet-too-big" },
	{ 3,   "time-exceeded" },
	{ 4,   "parameter-problem" },
	{ 128, "echo-request" },
	{ 129, "echo-reply" },
	{ 130, "mld-query" },
	{ 131, "mld-report" },
	{ 132, "mld-done" },
	{ 133, "router-solicitation" },
	{ 134, "router-advertisement" },
	{ 135, "neighbour-solicitation" },
	{ 136, "neighbour-advertisement" },
	{ 137, "redirect" },
	{ 143, "mld2-report" },
	{ 160, "extended-echo-request" },
	{ 161, "extended-echo-reply" },
};

#define COUNT(a) (sizeof(a) / sizeof *(a))

bool service_has_ports(unsigned protocol)
{
	return protocol == PROTO_TCP || protocol == PROTO_UDP;
}

bool service_is_icmp(enum family family, unsigned protocol)
{
	return protocol == (family == IPV4 ? PROTO_ICMP : PROTO_ICMP6);
}

bool service_has_value(enum family family, unsigned protocol)
{
	return service_has_ports(protocol) || service_is_icmp(family, protocol);
}

struct both service_all(struct arena *arena)
{
	struct ranges all = ranges_one(arena, 0, SERVICE_LAST);

	return (struct both){ { all, all } };
}

struct both service_atom(struct arena *arena, unsigned protocol, unsigned lo,
			 unsigned hi)
{
	struct ranges r = ranges_one(arena, service_key(protocol, lo),
				     service_key(protocol, hi));
	struct both atom = { { r, r } };

	if (protocol == PROTO_ICMP)
		atom.of[IPV6] = NO_RANGES;
	if (protocol == PROTO_ICMP6)
		atom.of[IPV4] = NO_RANGES;
	return atom;
}

const char *protocol_name(unsigned protocol)
{
	switch (protocol) {
	case PROTO_ICMP:  return "icmp";
	case PROTO_TCP:   return "tcp";
	case PROTO_UDP:   return "udp";
	case PROTO_ICMP6: return "icmp6";
	default:	  return NULL;
	}
}

static const struct icmp_type *types_of(unsigned protocol, size_t *count)
{
	if (protocol == PROTO_ICMP) {
		*count = COUNT(icmp_types);
		return icmp_types;
	}
	*count = COUNT(icmp6_types);
	return icmp6_types;
}

int icmp_type_number(unsigned protocol, const char *name)
{
	size_t count;
	const struct icmp_type *types = types_of(protocol, &count);

	for (size_t i = 0; i < count; i++)
		if (strcmp(types[i].name, name) == 0)
			return (int)types[i].number;
	return -1;
}

const char *icmp_type_name(unsigned protocol, unsigned type)
{
	size_t count;
	const struct icmp_type *types = types_of(protocol, &count);

	for (size_t i = 0; i < count; i++)
		if (types[i].number == type)
			return types[i].name;
	return NULL;
}

const char *const *icmp_type_names(struct arena *arena, unsigned protocol,
				   size_t *count)
{
	const struct icmp_type *types = types_of(protocol, count);
	const char **names = arena_array(arena, *count, sizeof *names);

	for (size_t i = 0; i < *count; i++)
		names[i] = types[i].name;
	return names;
}

static void add_icmp(struct text *text, unsigned protocol, unsigned lo,
		     unsigned hi)
{
	const char *name = icmp_type_name(protocol, lo >> 8);
	bool whole_types = (lo & 0xff) == 0 && (hi & 0xff) == 0xff;

	text_printf(text, "%s/", protocol_name(protocol));
	if (lo == 0 && hi == 0xffff)
		text_puts(text, "any");
	else if (lo == hi || (lo >> 8 == hi >> 8 && !whole_types))
		text_printf(text, lo == hi ? "%u/%u" : "%u/%u-%u", lo >> 8,
			    lo & 0xff, hi & 0xff);
	else if (whole_types && lo >> 8 == hi >> 8 && name)
		text_puts(text, name);
	else if (whole_types && lo >> 8 == hi >> 8)
		text_printf(text, "%u", lo >> 8);
	else
		text_printf(text, "%u/%u-%u/%u", lo >> 8, lo & 0xff, hi >> 8,
			    hi & 0xff);
}

/* One range within one protocol that carries a value. */
static void add_valued(struct text *text, enum family family, uint32_t lo,
		       uint32_t hi)
{
	unsigned protocol = service_protocol(lo);

	if (service_is_icmp(family, protocol)) {
		add_icmp(text, protocol, service_value(lo), service_value(hi));
		return;
	}
	text_printf(text, "%s/%u", protocol_name(protocol), service_value(lo));
	if (lo != hi)
		text_printf(text, "-%u", service_value(hi));
}

const char *service_text(struct arena *arena, enum family family, uint32_t key)
{
	struct text text = TEXT_IN(arena);

	if (service_has_value(family, service_protocol(key)))
		add_valued(&text, family, key, key);
	else
		text_printf(&text, "proto/%u", service_protocol(key));
	return text_string(&text);
}

/* Runs of whole protocols without a value: proto/2-5. */
static void add_plain(struct text *text, unsigned first, unsigned last)
{
	text_printf(text, "proto/%u", first);
	if (last != first)
		text_printf(text, "-%u", last);
}

static void comma(struct text *text)
{
	if (text->len)
		text_puts(text, ", ");
}

const char *service_set_text(struct arena *arena, enum family family,
			     struct ranges set)
{
	struct text text = TEXT_IN(arena);

	if (set.count == 1 && set.at[0].lo == 0 && set.at[0].hi == SERVICE_LAST)
		return "any";
	for (size_t i = 0; i < set.count; i++) {
		uint32_t lo = (uint32_t)set.at[i].lo, hi = (uint32_t)set.at[i].hi;
		unsigned p = service_protocol(lo), last = service_protocol(hi);

		while (p <= last) {
			unsigned end = p;

			comma(&text);
			if (service_has_value(family, p)) {
				uint32_t from = service_key(p, 0);
				uint32_t to = service_key(p, 0xffff);

				add_valued(&text, family, lo > from ? lo : from,
					   hi < to ? hi : to);
			} else {
				while (end < last &&
				       !service_has_value(family, end + 1))
					end++;
				add_plain(&text, p, end);
			}
			p = end + 1;
		}
	}
	return text_string(&text);
}

uint64_t service_count(enum family family, struct ranges set)
{
	uint64_t count = 0;

	for (size_t i = 0; i < set.count; i++) {
		uint32_t lo = (uint32_t)set.at[i].lo, hi = (uint32_t)set.at[i].hi;

		for (unsigned p = service_protocol(lo);
		     p <= service_protocol(hi); p++) {
			uint32_t from = service_key(p, 0);
			uint32_t to = service_key(p, 0xffff);

			if (!service_has_value(family, p))
				count++;
			else
				count += (hi < to ? hi : to) + UINT64_C(1) -
					 (lo > from ? lo : from);
		}
	}
	return count;
}
