/*
 * The IANA IPv4 and IPv6 Special-Purpose Address Registries, the rows whose
 * "Globally Reachable" is not True; inside one of them, rows that are True
 * are public again.
 */
#include "compiler/special.h"

#include "compiler/base/addr.h"

#include <assert.h>
#include <string.h>

struct row {
	const char *prefix;
	bool reachable;
};

static const struct row rows[] = {
	{ "0.0.0.0/8",		false },	/* RFC 791 */
	{ "10.0.0.0/8",		false },	/* RFC 1918 */
	{ "100.64.0.0/10",	false },	/* RFC 6598 */
	{ "127.0.0.0/8",	false },	/* RFC 1122 */
	{ "169.254.0.0/16",	false },	/* RFC 3927 */
	{ "172.16.0.0/12",	false },	/* RFC 1918 */
	{ "192.0.0.0/24",	false },	/* RFC 6890 */
	{ "192.0.0.9/32",	true },		/* RFC 7723 */
	{ "192.0.0.10/32",	true },		/* RFC 8155 */
	{ "192.0.2.0/24",	false },	/* RFC 5737 */
	{ "192.168.0.0/16",	false },	/* RFC 1918 */
	{ "198.18.0.0/15",	false },	/* RFC 2544 */
	{ "198.51.100.0/24",	false },	/* RFC 5737 */
	{ "203.0.113.0/24",	false },	/* RFC 5737 */
	{ "224.0.0.0/4",	false },	/* RFC 5771: multicast, never a host */
	{ "240.0.0.0/4",	false },	/* RFC 1112, with 255.255.255.255 */
	{ "2001::/23",		false },	/* RFC 2928 */
	{ "2001:1::1/128",	true },		/* RFC 7723 */
	{ "2001:1::2/128",	true },		/* RFC 8155 */
	{ "2001:1::3/128",	true },		/* RFC 9665 */
	{ "2001:3::/32",	true },		/* RFC 7450 */
	{ "2001:4:112::/48",	true },		/* RFC 7535 */
	{ "2001:20::/28",	true },		/* RFC 7343 */
	{ "2001:30::/28",	true },		/* RFC 9374 */
	{ "2001:db8::/32",	false },	/* RFC 3849 */
	{ "2002::/16",		false },	/* RFC 3056: not applicable, taken as no */
	{ "3fff::/20",		false },	/* RFC 9637 */
};

static struct both one(struct arena *arena, const char *text)
{
	struct both set = { 0 };
	struct prefix p;
	enum prefix_fault fault = prefix_read(text, strlen(text), &p);
	struct range r = prefix_range(p);

	assert(fault == PREFIX_OK);
	(void)fault;
	set.of[p.family] = ranges_one(arena, r.lo, r.hi);
	return set;
}

struct both special_public(struct arena *arena)
{
	struct both all = both_union(arena, one(arena, "0.0.0.0/0"),
				     one(arena, "2000::/3"));

	for (int reachable = 0; reachable < 2; reachable++)
		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
			struct both row = one(arena, rows[i].prefix);

			if (rows[i].reachable != reachable)
				continue;
			all = reachable ? both_union(arena, all, row)
					: both_minus(arena, all, row);
		}
	return all;
}
