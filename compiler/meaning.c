/*
 * A policy is allow-only: its meaning is the plain union of its flows.  The
 * whole meaning has them in ledgers; a part is looked through from end to end.
 */
#include "compiler/meaning.h"

#include "compiler/ledger.h"

/* The list of flow numbers behind the boxes of one family. */
struct numbers {
	LIST(uint32_t) flows;
};

static void finish(struct meaning *m, const struct numbers *numbers)
{
	for (int family = IPV4; family < FAMILIES; family++)
		m->flows[family] = numbers[family].flows.at;
}

struct meaning meaning_of(struct arena *arena, const struct ir *ir,
			  const struct ir_space *space)
{
	struct meaning m = { .arena = arena, .ir = ir, .space = space };
	struct numbers numbers[FAMILIES] = { 0 };

	for (uint32_t i = 0; i < space->flow_count; i++) {
		uint32_t number = space->first_flow + i;
		const struct ir_flow *f = &ir->flows[number];

		boxes_add(arena, &m.permitted[f->family], f->src, f->dst,
			  f->svc);
		*LIST_PUSH(arena, &numbers[f->family].flows) = number;
	}
	finish(&m, numbers);
	for (int family = IPV4; family < FAMILIES; family++)
		m.ledgers[family] = ledger_of(arena, (enum family)family,
					      &m.permitted[family]);
	return m;
}

/* The boxes of MEANING whose END may touch HOSTS, ascending; *COUNT of them. */
static const uint32_t *candidates(const struct meaning *meaning,
				  struct arena *arena,
				  enum family family, enum meaning_end end,
				  struct ranges hosts, size_t *count)
{
	LIST(uint32_t) found = { 0 };

	if (meaning->ledgers[family])
		return ledger_at(meaning->ledgers[family], arena,
				 end == END_SOURCE ? LEDGER_SRC : LEDGER_DST,
				 hosts, count);
	for (size_t i = 0; i < meaning->permitted[family].count; i++)
		*LIST_PUSH(arena, &found) = (uint32_t)i;
	*count = found.count;
	return found.at;
}

/* Cut B at its END to HOSTS; false when nothing is left. */
static bool cut(struct arena *arena, struct box *b, enum meaning_end end,
		struct ranges hosts)
{
	struct ranges *at = end == END_SOURCE ? &b->src : &b->dst;

	if (!ranges_touch(*at, hosts))
		return false;
	if (!ranges_include(hosts, *at))
		*at = ranges_meet(arena, *at, hosts);
	return true;
}

struct meaning meaning_near(const struct meaning *meaning, struct arena *arena,
			    enum meaning_end end, struct both hosts)
{
	struct meaning near = { .arena = arena, .ir = meaning->ir,
				.space = meaning->space };
	struct numbers numbers[FAMILIES] = { 0 };

	for (int family = IPV4; family < FAMILIES; family++) {
		size_t count;
		const uint32_t *some = candidates(meaning, arena,
						  (enum family)family, end,
						  hosts.of[family], &count);

		for (size_t i = 0; i < count; i++) {
			struct box b = meaning->permitted[family].at[some[i]];

			if (!cut(arena, &b, end, hosts.of[family]))
				continue;
			*LIST_PUSH(arena, &near.permitted[family]) = b;
			*LIST_PUSH(arena, &numbers[family].flows) =
				meaning->flows[family][some[i]];
		}
	}
	finish(&near, numbers);
	return near;
}

struct boxes meaning_at(const struct meaning *meaning, struct arena *arena,
			enum family family, enum meaning_end end,
			struct ranges hosts)
{
	struct both only = { 0 };

	only.of[family] = hosts;
	return meaning_near(meaning, arena, end, only).permitted[family];
}

const uint32_t *meaning_touching(const struct meaning *meaning,
				 struct arena *arena, enum family family,
				 const struct box *box, size_t *count)
{
	const struct boxes *all = &meaning->permitted[family];
	LIST(uint32_t) rules = { 0 };
	const uint32_t *some = NULL;
	size_t seen = all->count;

	if (meaning->ledgers[family])
		some = ledger_meeting(meaning->ledgers[family], arena, box,
				      &seen);
	for (size_t i = 0; i < seen; i++) {
		size_t at = some ? some[i] : i;

		if (some || box_touches(&all->at[at], box))
			*LIST_PUSH(arena, &rules) = meaning->ir->flows[
				meaning->flows[family][at]].rule;
	}
	*count = rules.count;
	return rules.at;
}

const uint32_t *meaning_admitting(const struct meaning *meaning,
				  struct arena *arena,
				  const struct packet *packet, size_t *count)
{
	struct box one = { ranges_one(arena, packet->src, packet->src),
			   ranges_one(arena, packet->dst, packet->dst),
			   ranges_one(arena, packet->svc, packet->svc) };

	return meaning_touching(meaning, arena, packet->family, &one, count);
}
