/* Services: keys, names, texts, and counting. */
#include "compiler/base/service.h"

#include "tests/lib/dice.h"
#include "tests/lib/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void a_key_is_protocol_and_value(void **state)
{
	(void)state;
	for (unsigned p = 0; p < 256; p += 5) {
		assert_int_equal(service_protocol(service_key(p, 65535)), p);
		assert_int_equal(service_value(service_key(p, 65535)), 65535);
		assert_int_equal(service_value(service_key(p, 0)), 0);
	}
	assert_int_equal(service_key(255, 65535), SERVICE_LAST);
}

static void icmp_belongs_to_one_family_each(void **state)
{
	struct both icmp = service_atom(*state, PROTO_ICMP, 0, 65535);
	struct both icmp6 = service_atom(*state, PROTO_ICMP6, 0, 65535);
	struct both tcp = service_atom(*state, PROTO_TCP, 0, 65535);

	assert_true(ranges_empty(icmp.of[IPV6]));
	assert_true(ranges_empty(icmp6.of[IPV4]));
	assert_true(ranges_size(icmp.of[IPV4]) == 65536);
	assert_true(ranges_equal(tcp.of[IPV4], tcp.of[IPV6]));
	assert_true(service_has_value(IPV4, PROTO_ICMP));
	assert_false(service_has_value(IPV6, PROTO_ICMP));
	assert_true(service_has_value(IPV6, PROTO_ICMP6));
	assert_false(service_has_value(IPV4, PROTO_ICMP6));
}

static void every_service_is_in_all(void **state)
{
	struct both all = service_all(*state);

	for (int family = IPV4; family < FAMILIES; family++) {
		assert_true(ranges_have(all.of[family], 0));
		assert_true(ranges_have(all.of[family], SERVICE_LAST));
		assert_true(ranges_size(all.of[family]) ==
			    (u128)SERVICE_LAST + 1);
	}
}

static void a_service_is_written_as_in_the_language(void **state)
{
	static const struct {
		enum family family;
		unsigned protocol, value;
		const char *text;
	} cases[] = {
		{ IPV4, 6,   443,	   "tcp/443" },
		{ IPV6, 17,  0,		   "udp/0" },
		{ IPV4, 6,   65535,	   "tcp/65535" },
		{ IPV4, 1,   3 << 8 | 4,   "icmp/3/4" },
		{ IPV4, 1,   8 << 8,	   "icmp/8/0" },
		{ IPV6, 58,  128 << 8,	   "icmp6/128/0" },
		{ IPV4, 50,  0,		   "proto/50" },
		{ IPV6, 1,   0,		   "proto/1" },
		{ IPV4, 58,  65535,	   "proto/58" },
		{ IPV4, 0,   0,		   "proto/0" },
		{ IPV6, 255, 65535,	   "proto/255" },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(
			service_text(*state, cases[i].family,
				     service_key(cases[i].protocol,
						 cases[i].value)),
			cases[i].text);
}

static struct ranges atom(struct arena *arena, enum family family,
			  unsigned protocol, unsigned lo, unsigned hi)
{
	return service_atom(arena, protocol, lo, hi).of[family];
}

static void sets_are_written_as_in_the_language(void **state)
{
	struct ranges set = atom(*state, IPV4, 6, 5432, 5432);

	set = ranges_union(*state, set, atom(*state, IPV4, 17, 53, 54));
	assert_string_equal(service_set_text(*state, IPV4, set),
			    "tcp/5432, udp/53-54");
	set = ranges_union(*state, set, atom(*state, IPV4, 1, 0x800, 0x8ff));
	assert_string_equal(service_set_text(*state, IPV4, set),
			    "icmp/echo-request, tcp/5432, udp/53-54");
	assert_string_equal(
		service_set_text(*state, IPV4, service_all(*state).of[IPV4]),
		"any");
	assert_string_equal(service_set_text(*state, IPV4, NO_RANGES), "");
	assert_string_equal(
		service_set_text(*state, IPV6,
				 atom(*state, IPV6, 58, 0, 65535)),
		"icmp6/any");
	assert_string_equal(
		service_set_text(*state, IPV4, atom(*state, IPV4, 6, 0, 65535)),
		"tcp/0-65535");
}

/* --- a reader of what service_set_text() writes, by scanf() alone --- */

static bool read_tail(unsigned protocol, const char *s, unsigned *lo,
		      unsigned *hi)
{
	unsigned t1, c1, t2, c2;
	int number, used = 0;

	if (sscanf(s, "%u/%u-%u/%u%n", &t1, &c1, &t2, &c2, &used) == 4 &&
	    !s[used])
		return *lo = t1 << 8 | c1, *hi = t2 << 8 | c2, true;
	if (sscanf(s, "%u/%u-%u%n", &t1, &c1, &c2, &used) == 3 && !s[used])
		return *lo = t1 << 8 | c1, *hi = t1 << 8 | c2, true;
	if (sscanf(s, "%u/%u%n", &t1, &c1, &used) == 2 && !s[used])
		return *lo = *hi = t1 << 8 | c1, true;
	if (strcmp(s, "any") == 0)
		return *lo = 0, *hi = 65535, true;
	number = icmp_type_number(protocol, s);
	if (number < 0)
		number = atoi(s);
	*lo = (unsigned)number << 8;
	*hi = *lo | 255;
	return true;
}

static struct ranges read_item(struct arena *arena, const char *s)
{
	unsigned lo, hi;
	int used = 0;

	if (strcmp(s, "any") == 0)
		return ranges_one(arena, 0, SERVICE_LAST);
	if (sscanf(s, "proto/%u-%u%n", &lo, &hi, &used) == 2 && !s[used])
		return ranges_one(arena, lo << 16, hi << 16 | 65535);
	if (sscanf(s, "proto/%u%n", &lo, &used) == 1 && !s[used])
		return ranges_one(arena, lo << 16, lo << 16 | 65535);
	if (strncmp(s, "icmp/", 5) == 0 && read_tail(1, s + 5, &lo, &hi))
		return ranges_one(arena, 1 << 16 | lo, 1 << 16 | hi);
	if (strncmp(s, "icmp6/", 6) == 0 && read_tail(58, s + 6, &lo, &hi))
		return ranges_one(arena, 58 << 16 | lo, 58 << 16 | hi);
	if (sscanf(s + 4, "%u-%u%n", &lo, &hi, &used) == 1)
		hi = lo;
	else
		assert_int_equal(s[4 + used], '\0');
	lo |= *s == 't' ? 6 << 16 : 17 << 16;
	hi |= *s == 't' ? 6 << 16 : 17 << 16;
	return ranges_one(arena, lo, hi);
}

static struct ranges read_set(struct arena *arena, const char *text)
{
	char *copy = arena_copy(arena, text, strlen(text)), *rest = NULL;
	struct ranges set = NO_RANGES;

	for (char *s = strtok_r(copy, ",", &rest); s;
	     s = strtok_r(NULL, ",", &rest))
		set = ranges_union(arena, set,
				   read_item(arena, s + strspn(s, " ")));
	return set;
}

static struct ranges random_set(struct arena *arena, struct dice *dice,
				enum family family)
{
	static const unsigned protocols[] = { 0, 1, 6, 7, 17, 50, 57, 58, 59,
					      255 };
	static const unsigned edges[] = { 0, 1, 255, 256, 511, 512, 0x0800,
					  0x08ff, 65279, 65280, 65534, 65535 };
	struct ranges set = NO_RANGES;

	for (unsigned n = dice_roll(dice, 6); n--;) {
		unsigned p = protocols[dice_roll(dice, COUNT(protocols))];
		unsigned a = edges[dice_roll(dice, COUNT(edges))];
		unsigned b = edges[dice_roll(dice, COUNT(edges))];

		if (!service_has_value(family, p))
			a = 0, b = 65535;
		set = ranges_union(arena, set,
				   atom(arena, family, p, a < b ? a : b,
					a < b ? b : a));
	}
	if (dice_chance(dice, 20))
		set = ranges_minus(arena, service_all(arena).of[family], set);
	return set;
}

static void the_text_of_a_set_says_all_of_it(void **state)
{
	for (unsigned seed = 0; seed < 2000; seed++) {
		struct arena *scratch = arena_child(*state);
		struct dice dice = dice_of(seed);
		enum family family = seed % 2 ? IPV6 : IPV4;
		struct ranges set = random_set(scratch, &dice, family);
		const char *text = service_set_text(scratch, family, set);

		if (!ranges_equal(read_set(scratch, text), set))
			fail_msg("seed %u: \"%s\"", seed, text);
		arena_free(scratch);
	}
}

static uint64_t counted_one_by_one(enum family family, struct ranges set)
{
	uint64_t count = 0;

	for (uint32_t key = 0; key <= SERVICE_LAST; key++) {
		if (!service_has_value(family, service_protocol(key))) {
			count += ranges_have(set, key);
			key |= 0xffff;
		} else {
			count += ranges_have(set, key);
		}
	}
	return count;
}

static void counting_agrees_with_counting_one_by_one(void **state)
{
	for (unsigned seed = 0; seed < 40; seed++) {
		struct dice dice = dice_of(seed);
		enum family family = seed % 2 ? IPV6 : IPV4;
		struct ranges set = random_set(*state, &dice, family);

		assert_int_equal(service_count(family, set),
				 counted_one_by_one(family, set));
	}
	/* three protocols with values, 253 without */
	assert_int_equal(service_count(IPV4, service_all(*state).of[IPV4]),
			 3 * 65536 + 253);
}

static void every_icmp_name_has_its_number_and_back(void **state)
{
	const unsigned protocols[] = { PROTO_ICMP, PROTO_ICMP6 };

	for (size_t p = 0; p < 2; p++) {
		size_t count;
		const char *const *names = icmp_type_names(*state, protocols[p],
							   &count);

		assert_true(count > 10);
		for (size_t i = 0; i < count; i++) {
			int number = icmp_type_number(protocols[p], names[i]);

			assert_in_range(number, 0, 255);
			assert_string_equal(
				icmp_type_name(protocols[p],
					       (unsigned)number), names[i]);
		}
	}
	assert_int_equal(icmp_type_number(PROTO_ICMP, "echo-request"), 8);
	assert_int_equal(icmp_type_number(PROTO_ICMP6, "echo-request"), 128);
	assert_int_equal(icmp_type_number(PROTO_ICMP, "packet-too-big"), -1);
	assert_int_equal(icmp_type_number(PROTO_ICMP6, "packet-too-big"), 2);
	assert_int_equal(icmp_type_number(PROTO_ICMP, ""), -1);
	assert_null(icmp_type_name(PROTO_ICMP, 255));
}

static void only_four_protocols_have_names(void **state)
{
	unsigned named = 0;

	(void)state;
	for (unsigned p = 0; p < 256; p++)
		named += protocol_name(p) != NULL;
	assert_int_equal(named, 4);
	assert_string_equal(protocol_name(6), "tcp");
	assert_string_equal(protocol_name(17), "udp");
	assert_string_equal(protocol_name(1), "icmp");
	assert_string_equal(protocol_name(58), "icmp6");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_protocol_and_value),
		IN_ARENA(icmp_belongs_to_one_family_each),
		IN_ARENA(every_service_is_in_all),
		IN_ARENA(a_service_is_written_as_in_the_language),
		IN_ARENA(sets_are_written_as_in_the_language),
		IN_ARENA(the_text_of_a_set_says_all_of_it),
		IN_ARENA(counting_agrees_with_counting_one_by_one),
		IN_ARENA(every_icmp_name_has_its_number_and_back),
		cmocka_unit_test(only_four_protocols_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
