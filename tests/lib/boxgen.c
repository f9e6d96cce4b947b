/* Lengths are drawn evenly, so that sets of every size meet. */
#include "tests/lib/boxgen.h"

#include "compiler/base/addr.h"

u128 boxgen_bits(struct dice *dice)
{
	return (u128)dice_bits(dice) << 64 | dice_bits(dice);
}

struct ranges boxgen_addresses(struct arena *arena, struct dice *dice,
			       enum family family, u128 near)
{
	unsigned bits = dice_roll(dice, family == IPV4 ? 33 : 129);
	u128 all = family_last(family);
	u128 mask = bits == 128 ? U128_MAX : ((u128)1 << bits) - 1;
	u128 lo = (near ^ (boxgen_bits(dice) & mask)) & all, hi;

	if (dice_chance(dice, 60))
		return ranges_one(arena, lo & ~mask, (lo | mask) & all);
	hi = lo + (boxgen_bits(dice) & mask);
	return ranges_one(arena, lo, hi < lo || hi > all ? all : hi);
}

struct ranges boxgen_services(struct arena *arena, struct dice *dice,
			      enum family family)
{
	unsigned proto = dice_chance(dice, 60) ? PROTO_TCP
		: dice_chance(dice, 50) ? PROTO_UDP
		: family == IPV4 ? PROTO_ICMP : PROTO_ICMP6;
	unsigned lo = dice_roll(dice, SERVICE_VALUES);
	unsigned hi = lo + dice_roll(dice, SERVICE_VALUES - lo);

	switch (dice_roll(dice, 6)) {
	case 0:  return service_all(arena).of[family];
	case 1:  return ranges_one(arena, service_key(proto, 0),
				   service_key(proto, 0xffff));
	case 2:  return ranges_one(arena, service_key(50, 0),
				   service_key(51, 0xffff));
	case 3:  return ranges_one(arena, service_key(proto, lo),
				   service_key(proto, lo));
	default: return ranges_one(arena, service_key(proto, lo),
				   service_key(proto, hi));
	}
}

enum { KEPT = 8 };

struct boxes boxgen_boxes(struct arena *arena, struct dice *dice,
			  enum family family, unsigned count)
{
	struct boxes boxes = { 0 };
	u128 near = boxgen_bits(dice);
	struct ranges kept[KEPT];
	bool few = dice_chance(dice, 40);

	for (unsigned i = 0; i < KEPT; i++)
		kept[i] = boxgen_addresses(arena, dice, family, near);
	for (; count; count--)
		boxes_add(arena, &boxes,
			  few ? kept[dice_roll(dice, KEPT)]
			      : boxgen_addresses(arena, dice, family, near),
			  few ? kept[dice_roll(dice, KEPT)]
			      : boxgen_addresses(arena, dice, family, near),
			  boxgen_services(arena, dice, family));
	return boxes;
}
