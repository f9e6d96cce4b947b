/*
 * Addresses: what is read and refused, what is printed, and that covers are
 * the smallest there are, which is found here by trying all of them.
 */
#include "compiler/base/addr.h"

#include "tests/lib/dice.h"
#include "tests/lib/fixture.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static enum prefix_fault read_text(const char *text, struct prefix *out)
{
	return prefix_read(text, strlen(text), out);
}

static void assert_reads(const char *text, const char *canonical)
{
	struct prefix p;
	char out[ADDR_TEXT];

	assert_int_equal(read_text(text, &p), PREFIX_OK);
	assert_string_equal(prefix_text(p, out), canonical);
}

static void prefixes_are_read_and_printed(void **state)
{
	(void)state;
	assert_reads("10.0.0.0/8", "10.0.0.0/8");
	assert_reads("0.0.0.0/0", "0.0.0.0/0");
	assert_reads("255.255.255.255", "255.255.255.255/32");
	assert_reads("128.0.0.0/1", "128.0.0.0/1");
	assert_reads("192.0.2.32/32", "192.0.2.32/32");
	assert_reads("::/0", "::/0");
	assert_reads("::", "::/128");
	assert_reads("8000::/1", "8000::/1");
	assert_reads("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
	assert_reads("2001:DB8:0:0:0::/32", "2001:db8::/32");
	assert_reads("2001:db8:0:1:0:0:0:1", "2001:db8:0:1::1/128");
	assert_reads("::ffff:10.0.0.1", "::ffff:10.0.0.1/128");
}

static void an_address_is_its_number(void **state)
{
	struct prefix p;

	(void)state;
	read_text("1.2.3.4", &p);
	assert_int_equal(p.family, IPV4);
	assert_true(p.base == 0x01020304);
	read_text("102:304::5", &p);
	assert_int_equal(p.family, IPV6);
	assert_true(p.base == ((u128)0x01020304 << 96 | 5));
}

static void words_that_are_no_address_are_refused(void **state)
{
	static const char *const words[] = {
		"", "/", "/8", "10", "10.0.0", "10.0.0.0.0", "256.0.0.0",
		"10.0.0.-1", "010.0.0.0/8", "10.0.0.0 /8", " 10.0.0.0",
		"0x0a.0.0.0", "1.2.3.4x", ":", ":::", "1::2::3", "12345::",
		"1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "fe80::1%eth0", "g::",
		"::1.2.3", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	struct prefix p;

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++)
		assert_int_equal(read_text(words[i], &p),
				 PREFIX_NOT_AN_ADDRESS);
}

static void lengths_that_do_not_exist_are_refused(void **state)
{
	static const char *const words[] = {
		"10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/00",
		"10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8", "10.0.0.0/8x",
		"10.0.0.0/4294967304", "10.0.0.0/255.0.0.0", "::/129",
		"::/0x10", "::/1000", "::/ 1",
	};
	struct prefix p;

	(void)state;
	for (size_t i = 0; i < COUNT(words); i++)
		assert_int_equal(read_text(words[i], &p), PREFIX_BAD_LENGTH);
}

static void host_bits_are_found_and_the_block_is_offered(void **state)
{
	static const struct { const char *wrong, *meant; } cases[] = {
		{ "10.0.0.1/31", "10.0.0.0/31" },
		{ "10.1.2.3/8", "10.0.0.0/8" },
		{ "1.0.0.0/0", "0.0.0.0/0" },
		{ "255.255.255.255/1", "128.0.0.0/1" },
		{ "::1/127", "::/127" },
		{ "2001:db8::1/32", "2001:db8::/32" },
		{ "8000::/0", "::/0" },
		{ "0:0:0:1::/63", "::/63" },
	};
	struct prefix p;
	char out[ADDR_TEXT];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(read_text(cases[i].wrong, &p),
				 PREFIX_HOST_BITS);
		assert_string_equal(prefix_text(p, out), cases[i].meant);
	}
}

static void text_need_not_end_in_nul(void **state)
{
	struct prefix p;

	(void)state;
	assert_int_equal(prefix_read("10.0.0.0/8889", 10, &p), PREFIX_OK);
	assert_int_equal(p.length, 8);
	assert_int_equal(prefix_read("10.0.0.0/8", 8, &p), PREFIX_OK);
	assert_int_equal(p.length, 32);
}

static void every_length_gives_its_range(void **state)
{
	(void)state;
	for (int family = IPV4; family < FAMILIES; family++) {
		u128 last = family_last(family), size = 1;

		for (unsigned length = family_bits(family);; length--) {
			struct range low = prefix_range(
				(struct prefix){ family, 0, length });
			struct range high = prefix_range(
				(struct prefix){ family, last - (size - 1),
						 length });

			assert_true(low.lo == 0 && low.hi == size - 1);
			assert_true(high.hi == last);
			assert_true(high.lo == last - (size - 1));
			if (!length)
				break;
			size *= 2;
		}
	}
}

static void sets_are_written_as_people_do(void **state)
{
	const struct range v4[] = { { 0x0a000000, 0x0affffff },
				    { 0x0b000001, 0x0b000001 },
				    { 0x0b000003, 0x0b000005 },
				    { 0xffffffff, 0xffffffff } };
	struct ranges all = ranges_one(*state, 0, U128_MAX);

	assert_string_equal(
		addr_set_text(*state, IPV4, ranges_of(*state, v4, 4)),
		"10.0.0.0/8, 11.0.0.1, 11.0.0.3-11.0.0.5, 255.255.255.255");
	assert_string_equal(addr_set_text(*state, IPV6, all), "::/0");
	assert_string_equal(addr_set_text(*state, IPV4, NO_RANGES), "");
}

/* --- covers --- */

enum { WORLD = 8, SUBSETS = 1 << WORLD };	/* 3 bits of address */

static struct ranges set_of(struct arena *arena, unsigned bits, u128 base)
{
	struct range some[WORLD];
	size_t n = 0;

	for (unsigned i = 0; i < WORLD; i++)
		if (bits >> i & 1)
			some[n++] = (struct range){ base + i, base + i };
	return ranges_of(arena, some, n);
}

/* How few of the 15 blocks have exactly this union: by adding one at a time. */
static void fewest_blocks(unsigned fewest[SUBSETS])
{
	for (unsigned bits = 1; bits < SUBSETS; bits++)
		fewest[bits] = WORLD + 1;
	fewest[0] = 0;
	for (unsigned round = 0; round < WORLD; round++)
		for (unsigned bits = 0; bits < SUBSETS; bits++)
			for (unsigned size = 1; size <= WORLD; size *= 2)
				for (unsigned at = 0; at < WORLD; at += size) {
					unsigned block = ((1u << size) - 1)
							 << at;

					if (fewest[bits] + 1 <
					    fewest[bits | block])
						fewest[bits | block] =
							fewest[bits] + 1;
				}
}

static unsigned fewest_between(const unsigned fewest[SUBSETS], unsigned must,
			       unsigned may)
{
	unsigned best = WORLD + 1;

	for (unsigned bits = 0; bits < SUBSETS; bits++)
		if (!(must & ~bits) && !(bits & ~may) && fewest[bits] < best)
			best = fewest[bits];
	return best;
}

static struct ranges union_of(struct arena *arena, const struct prefix *some,
			      size_t count)
{
	struct range *all = arena_array(arena, count, sizeof *all);

	for (size_t i = 0; i < count; i++)
		all[i] = prefix_range(some[i]);
	return ranges_of(arena, all, count);
}

static void check_cover(struct arena *arena, enum family family,
			const unsigned fewest[SUBSETS], unsigned must,
			unsigned may)
{
	const u128 bases[] = { 0, (u128)1 << 31, family_last(family) - 7 };

	for (size_t k = 0; k < COUNT(bases); k++) {
		struct ranges inner = set_of(arena, must, bases[k]);
		struct ranges outer = set_of(arena, may, bases[k]);
		size_t count;
		const struct prefix *found = prefix_cover(arena, family, inner,
							  outer, &count);
		struct ranges covered = union_of(arena, found, count);

		assert_true(ranges_include(covered, inner));
		assert_true(ranges_include(outer, covered));
		assert_int_equal(count, fewest_between(fewest, must, may));
		for (size_t i = 1; i < count; i++)
			assert_true(found[i - 1].base < found[i].base);
	}
}

static void covers_are_the_smallest_of_all(void **state)
{
	unsigned fewest[SUBSETS];

	fewest_blocks(fewest);
	for (unsigned may = 0; may < SUBSETS; may++) {
		struct arena *scratch = arena_child(*state);

		for (unsigned must = may;; must = (must - 1) & may) {
			check_cover(scratch, IPV4, fewest, must, may);
			if (may % 16 == 0)
				check_cover(scratch, IPV6, fewest, must, may);
			if (!must)
				break;
		}
		arena_free(scratch);
	}
}

/*
 * In a larger world nobody can try all covers; but when blocks are apart, each
 * as large as `may` lets it be and each with something to cover, fewer cannot
 * do.
 */
static void large_covers_have_no_block_to_spare(void **state)
{
	for (unsigned seed = 0; seed < 300; seed++) {
		struct arena *scratch = arena_child(*state);
		struct dice dice = dice_of(seed);
		struct range some[9];
		struct ranges may, must, covered;
		const struct prefix *found;
		size_t count;

		for (size_t i = 0; i < COUNT(some); i++) {
			unsigned lo = dice_roll(&dice, 256);

			some[i].lo = lo;
			some[i].hi = lo + dice_roll(&dice, 256 - lo);
		}
		may = ranges_of(scratch, some, COUNT(some));
		must = ranges_meet(scratch, may,
				   ranges_of(scratch, some, 2));
		found = prefix_cover(scratch, IPV4, must, may, &count);
		covered = union_of(scratch, found, count);
		assert_true(ranges_include(covered, must));
		for (size_t i = 0; i < count; i++) {
			struct prefix wider = found[i];
			struct ranges own = union_of(scratch, &found[i], 1);

			wider.length--;
			wider.base &= ~((u128)1 << (31 - wider.length));
			assert_true(ranges_include(may, own));
			assert_true(ranges_touch(must, own));
			assert_false(ranges_include(
				may, union_of(scratch, &wider, 1)));
			assert_true(!i || prefix_range(found[i - 1]).hi <
						  found[i].base);
		}
		arena_free(scratch);
	}
}

static void everything_is_one_prefix(void **state)
{
	size_t count;

	for (int family = IPV4; family < FAMILIES; family++) {
		struct ranges all = family_all(*state, family);
		struct ranges last = ranges_one(*state, family_last(family),
						family_last(family));
		const struct prefix *found = prefix_cover(*state, family, last,
							  all, &count);

		assert_int_equal(count, 1);
		assert_int_equal(found[0].length, 0);
		found = prefix_cover(*state, family, last, last, &count);
		assert_int_equal(count, 1);
		assert_int_equal(found[0].length, family_bits(family));
		prefix_cover(*state, family, NO_RANGES, all, &count);
		assert_int_equal(count, 0);
	}
}

static void an_opaque_class_is_no_address(void **state)
{
	const uint32_t numbers[] = { 0, 1, 2, OPAQUE_CLASSES - 1 };
	char text[ADDR_TEXT];
	struct prefix p;
	size_t count;

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		u128 class = opaque_class(numbers[i]);
		struct ranges one = ranges_one(*state, class, class);

		assert_true(is_opaque(IPV4, class));
		assert_true(holds_opaque(IPV4, one));
		assert_true(class <= family_top(IPV4));
		assert_false(ranges_touch(one, family_all(*state, IPV4)));
		addr_text(IPV4, class, text);
		assert_int_equal(prefix_read(text, strlen(text), &p),
				 PREFIX_NOT_AN_ADDRESS);
		prefix_cover(*state, IPV4, one, one, &count);
		assert_int_equal(count, 0);
	}
	assert_false(is_opaque(IPV4, family_last(IPV4)));
	assert_false(is_opaque(IPV6, family_last(IPV6)));
}

static void opaque_classes_and_addresses_never_become_one_range(void **state)
{
	struct range some[] = { { 0, family_last(IPV4) },
				{ opaque_class(0), opaque_class(0) },
				{ opaque_class(1), opaque_class(1) } };

	assert_int_equal(ranges_of(*state, some, 3).count, 3);
	assert_true(ranges_include(family_everything(*state, IPV4),
				   ranges_of(*state, some, 3)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes_are_read_and_printed),
		cmocka_unit_test(an_address_is_its_number),
		cmocka_unit_test(words_that_are_no_address_are_refused),
		cmocka_unit_test(lengths_that_do_not_exist_are_refused),
		cmocka_unit_test(host_bits_are_found_and_the_block_is_offered),
		cmocka_unit_test(text_need_not_end_in_nul),
		cmocka_unit_test(every_length_gives_its_range),
		IN_ARENA(sets_are_written_as_people_do),
		IN_ARENA(covers_are_the_smallest_of_all),
		IN_ARENA(large_covers_have_no_block_to_spare),
		IN_ARENA(everything_is_one_prefix),
		IN_ARENA(an_opaque_class_is_no_address),
		IN_ARENA(opaque_classes_and_addresses_never_become_one_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
