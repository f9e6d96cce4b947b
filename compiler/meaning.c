/*
 * A policy is allow-only: its meaning is the plain union of its flows.
 *
 * Many flows share few sets of addresses, so the whole meaning keeps for each
 * end its distinct sets with the boxes that have them: who asks for the hosts
 * of one layer tests the sets, not the boxes.
 */
#include "compiler/meaning.h"

#include "compiler/base/table.h"

#include <stdlib.h>

/* The list of flow numbers behind the boxes of one family. */
struct numbers {
	LIST(uint32_t) flows;
};

/* The boxes, ascending, that have SET at one end. */
struct sharing {
	struct ranges set;
	LIST(uint32_t) boxes;
};

struct meaning_index {
	LIST(struct sharing *) of[FAMILIES][2];	/* by family and end */
};

static struct ranges at_end(const struct box *b, enum meaning_end end)
{
	return end == END_SOURCE ? b->src : b->dst;
}

static const struct meaning_index *index_of(const struct meaning *m)
{
	struct meaning_index *index = arena_alloc(m->arena, sizeof *index);

	for (int f = IPV4; f < FAMILIES; f++)
		for (int end = END_SOURCE; end <= END_DESTINATION; end++) {
			struct table known = TABLE_IN(m->arena);

			for (size_t i = 0; i < m->permitted[f].count; i++) {
				struct ranges set = at_end(&m->permitted[f].at[i],
							   (enum meaning_end)end);
				struct sharing **s = (struct sharing **)
					table_at(&known, set.at,
						 set.count * sizeof *set.at);

				if (!*s) {
					*s = arena_alloc(m->arena, sizeof **s);
					(*s)->set = set;
					*LIST_PUSH(m->arena,
						   &index->of[f][end]) = *s;
				}
				*LIST_PUSH(m->arena, &(*s)->boxes) = (uint32_t)i;
			}
		}
	return index;
}

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
	m.index = index_of(&m);
	return m;
}

static int ascending(const void *x, const void *y)
{
	const uint32_t *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

/* The boxes of M whose END may touch HOSTS, ascending; *COUNT of them. */
static const uint32_t *candidates(const struct meaning *m, struct arena *arena,
				  enum family family, enum meaning_end end,
				  struct ranges hosts, size_t *count)
{
	LIST(uint32_t) found = { 0 };
	size_t sets = 0;

	for (size_t i = 0; m->index && i < m->index->of[family][end].count;
	     i++) {
		const struct sharing *s = m->index->of[family][end].at[i];

		if (!ranges_touch(s->set, hosts))
			continue;
		for (size_t k = 0; k < s->boxes.count; k++)
			*LIST_PUSH(arena, &found) = s->boxes.at[k];
		sets++;
	}
	for (size_t i = 0; !m->index && i < m->permitted[family].count; i++)
		*LIST_PUSH(arena, &found) = (uint32_t)i;
	if (sets > 1)
		qsort(found.at, found.count, sizeof *found.at, ascending);
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

static bool meets(const struct box *a, const struct box *b)
{
	return ranges_touch(a->src, b->src) && ranges_touch(a->dst, b->dst) &&
	       ranges_touch(a->svc, b->svc);
}

const uint32_t *meaning_touching(const struct meaning *meaning,
				 struct arena *arena, enum family family,
				 const struct box *box, size_t *count)
{
	const struct boxes *all = &meaning->permitted[family];
	LIST(uint32_t) rules = { 0 };

	for (size_t i = 0; i < all->count; i++)
		if (meets(&all->at[i], box))
			*LIST_PUSH(arena, &rules) =
				meaning->ir->flows[meaning->flows[family][i]].rule;
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
