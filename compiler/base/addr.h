/*
 * Addresses as numbers: IPv4 in the low 32 bits, IPv6 in all 128, the first
 * bit of the address being the most significant.  Never in network order.
 */
#ifndef FIREBREAK_COMPILER_BASE_ADDR_H
#define FIREBREAK_COMPILER_BASE_ADDR_H

#include "compiler/base/ranges.h"

/* An address block: the LENGTH first bits of BASE; the others are zero. */
struct prefix {
	enum family family;
	u128 base;
	unsigned length;
};

enum { ADDR_TEXT = 64 };	/* bytes that hold any address or prefix */

/* "IPv4", "IPv6". */
const char *family_name(enum family family);

/* Bits in an address: 32, 128.  The highest address. */
unsigned family_bits(enum family family);
u128 family_last(enum family family);

/* Every address of the family. */
struct ranges family_all(struct arena *arena, enum family family);

/*
 * A class of IPv4 addresses that nobody has written down, an AWS prefix list
 * known by its name alone, is one number behind the last address, so that all
 * that is true of sets stays true.  Two of them never touch, nor the addresses.
 * It is no address: nothing covers it with prefixes, and its text is not one
 * that any target reads.
 */
enum { OPAQUE_CLASSES = 1 << 20 };

/* From here on it is a security group of which nobody says who carries it. */
enum { OPAQUE_GROUPS = OPAQUE_CLASSES / 2 };

static inline u128 opaque_class(uint32_t number)
{
	return ((u128)1 << 33) + 2 * (u128)number;
}

static inline bool is_opaque(enum family family, u128 number)
{
	return family == IPV4 && number >> 33;
}

/* Does SET hold an opaque class? */
bool holds_opaque(enum family family, struct ranges set);

/* The last number of a set of the family, and every one: opaque classes too. */
u128 family_top(enum family family);
struct ranges family_everything(struct arena *arena, enum family family);

enum prefix_fault {
	PREFIX_OK,
	PREFIX_NOT_AN_ADDRESS,	/* neither IPv4 nor IPv6 as inet_pton reads them */
	PREFIX_BAD_LENGTH,	/* not a number, or over 32 or 128 */
	PREFIX_HOST_BITS,	/* *OUT is the block that was probably meant */
};

/*
 * Read "10.0.0.0/8", "2001:db8::/32" or an address alone (a block of one).
 * TEXT need not be NUL-terminated.
 */
enum prefix_fault prefix_read(const char *text, size_t len, struct prefix *out);

struct range prefix_range(struct prefix prefix);

/* The canonical text (RFC 5952 for IPv6) of an address; of a prefix, always with its length. */
const char *addr_text(enum family family, u128 addr, char out[ADDR_TEXT]);
const char *prefix_text(struct prefix prefix, char out[ADDR_TEXT]);

/*
 * The fewest prefixes that hold all of MUST and nothing outside MAY, in
 * ascending order; *COUNT of them.  MUST has to be in MAY.  The fewest, because
 * blocks nest: the largest blocks inside MAY are disjoint, and each that
 * holds something of MUST is needed.
 */
const struct prefix *prefix_cover(struct arena *arena, enum family family,
				  struct ranges must, struct ranges may,
				  size_t *count);

/* How people read a set: prefixes, an address alone without "/32", "a-b". */
const char *addr_set_text(struct arena *arena, enum family family,
			  struct ranges set);

#endif
