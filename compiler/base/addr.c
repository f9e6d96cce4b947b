/* Reading, printing and covering addresses. */
#include "compiler/base/addr.h"

#include "compiler/base/text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

const char *family_name(enum family family)
{
	return family == IPV4 ? "IPv4" : "IPv6";
}

unsigned family_bits(enum family family)
{
	return family == IPV4 ? 32 : 128;
}

u128 family_last(enum family family)
{
	return family == IPV4 ? (u128)UINT32_MAX : U128_MAX;
}

struct ranges family_all(struct arena *arena, enum family family)
{
	return ranges_one(arena, 0, family_last(family));
}

bool holds_opaque(enum family family, struct ranges set)
{
	return set.count && is_opaque(family, set.at[set.count - 1].hi);
}

u128 family_top(enum family family)
{
	return family == IPV4 ? opaque_class(OPAQUE_CLASSES - 1) : U128_MAX;
}

struct ranges family_everything(struct arena *arena, enum family family)
{
	return ranges_one(arena, 0, family_top(family));
}

static u128 from_bytes(const unsigned char *bytes, size_t count)
{
	u128 v = 0;

	while (count--)
		v = v << 8 | *bytes++;
	return v;
}

/* The bits of an address that a prefix of LENGTH leaves free. */
static u128 host_mask(enum family family, unsigned length)
{
	unsigned free_bits = family_bits(family) - length;

	return free_bits == 128 ? U128_MAX : ((u128)1 << free_bits) - 1;
}

static bool read_length(const char *text, size_t len, unsigned most,
			unsigned *out)
{
	unsigned v = 0;

	if (len == 0 || len > 3 || (len > 1 && text[0] == '0'))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		v = v * 10 + (unsigned)(text[i] - '0');
	}
	*out = v;
	return v <= most;
}

enum prefix_fault prefix_read(const char *text, size_t len, struct prefix *out)
{
	const char *slash = memchr(text, '/', len);
	size_t addr_len = slash ? (size_t)(slash - text) : len;
	char addr[ADDR_TEXT];
	unsigned char bytes[16];
	u128 host;

	if (addr_len == 0 || addr_len >= sizeof addr)
		return PREFIX_NOT_AN_ADDRESS;
	memcpy(addr, text, addr_len);
	addr[addr_len] = '\0';
	if (inet_pton(AF_INET, addr, bytes) == 1) {
		out->family = IPV4;
		out->base = from_bytes(bytes, 4);
	} else if (inet_pton(AF_INET6, addr, bytes) == 1) {
		out->family = IPV6;
		out->base = from_bytes(bytes, 16);
	} else {
		return PREFIX_NOT_AN_ADDRESS;
	}
	out->length = family_bits(out->family);
	if (slash && !read_length(slash + 1, len - addr_len - 1,
				  family_bits(out->family), &out->length))
		return PREFIX_BAD_LENGTH;
	host = host_mask(out->family, out->length);
	if (out->base & host) {
		out->base &= ~host;
		return PREFIX_HOST_BITS;
	}
	return PREFIX_OK;
}

struct range prefix_range(struct prefix prefix)
{
	return (struct range){ prefix.base,
			       prefix.base | host_mask(prefix.family,
						       prefix.length) };
}

const char *addr_text(enum family family, u128 addr, char out[ADDR_TEXT])
{
	unsigned char bytes[16];
	unsigned size = family_bits(family) / 8;

	if (is_opaque(family, addr)) {
		unsigned number = (unsigned)((addr - opaque_class(0)) / 2);

		snprintf(out, ADDR_TEXT, "%s/%u",
			 number < OPAQUE_GROUPS ? "prefix-list"
						: "security-group",
			 number % OPAQUE_GROUPS);
		return out;
	}
	for (unsigned i = 0; i < size; i++)
		bytes[i] = (unsigned char)(addr >> 8 * (size - 1 - i));
	inet_ntop(family == IPV4 ? AF_INET : AF_INET6, bytes, out, ADDR_TEXT);
	return out;
}

const char *prefix_text(struct prefix prefix, char out[ADDR_TEXT])
{
	size_t len;

	addr_text(prefix.family, prefix.base, out);
	len = strlen(out);
	snprintf(out + len, ADDR_TEXT - len, "/%u", prefix.length);
	return out;
}

struct cover {
	struct arena *arena;
	struct ranges must, may;
	LIST(struct prefix) found;
};

static void cover_block(struct cover *c, struct prefix block)
{
	struct range r = prefix_range(block);
	struct ranges all = { &r, 1 };
	struct prefix half = block;

	if (!ranges_touch(c->must, all))
		return;
	if (ranges_include(c->may, all)) {
		*LIST_PUSH(c->arena, &c->found) = block;
		return;
	}
	half.length++;
	cover_block(c, half);
	half.base |= (u128)1 << (family_bits(block.family) - half.length);
	cover_block(c, half);
}

const struct prefix *prefix_cover(struct arena *arena, enum family family,
				  struct ranges must, struct ranges may,
				  size_t *count)
{
	struct cover c = { .arena = arena, .must = must, .may = may };

	cover_block(&c, (struct prefix){ .family = family });
	*count = c.found.count;
	return c.found.at;
}

/* Is R one block?  Then *OUT. */
static bool is_block(enum family family, struct range r, struct prefix *out)
{
	u128 host = r.hi - r.lo;
	unsigned length = family_bits(family);

	if (host & (host + 1) || r.lo & host)
		return false;
	for (; host; host >>= 1)
		length--;
	*out = (struct prefix){ family, r.lo, length };
	return true;
}

static void add_range_text(struct text *text, enum family family,
			   struct range r)
{
	char one[ADDR_TEXT];
	struct prefix p;

	if (r.lo == r.hi) {
		text_puts(text, addr_text(family, r.lo, one));
	} else if (is_block(family, r, &p)) {
		text_puts(text, prefix_text(p, one));
	} else {
		text_puts(text, addr_text(family, r.lo, one));
		text_putc(text, '-');
		text_puts(text, addr_text(family, r.hi, one));
	}
}

const char *addr_set_text(struct arena *arena, enum family family,
			  struct ranges set)
{
	struct text text = TEXT_IN(arena);

	for (size_t i = 0; i < set.count; i++) {
		if (i)
			text_puts(&text, ", ");
		add_range_text(&text, family, set.at[i]);
	}
	return text_string(&text);
}
