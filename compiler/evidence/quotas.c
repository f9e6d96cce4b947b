/*
 * How full the security groups are.  Environments in which a group of a layer
 * is equally full share a row: in a fleet most are.
 */
#include "compiler/evidence/facts.h"

#include "compiler/base/table.h"
#include "compiler/base/text.h"

#include <stdlib.h>
#include <string.h>

struct group {
	struct quota_fact fact;
	LIST(const char *) environments;
	size_t number;		/* in the order of their first environments */
};

typedef LIST(struct group *) group_list;

static bool is_same_group(const struct fb_quota *a, const struct fb_quota *b)
{
	return strcmp(a->environment, b->environment) == 0 &&
	       strcmp(a->group, b->group) == 0;
}

static const char *key_of(struct arena *arena, const struct quota_fact *q)
{
	return arena_printf(arena, "%s %u %u %u %u %u %u %u %u", q->layer, q->number,
			    q->used[false][false], q->used[false][true],
			    q->used[true][false], q->used[true][true],
			    q->limit, q->groups, q->groups_limit);
}

static void add(struct arena *arena, struct table *known, group_list *all,
		const struct quota_fact *fact, const char *environment)
{
	void **at = table_at_name(known, key_of(arena, fact));
	struct group *g = *at;

	if (!g) {
		*at = g = arena_alloc(arena, sizeof *g);
		g->fact = *fact;
		g->number = all->count;
		*LIST_PUSH(arena, all) = g;
	}
	*LIST_PUSH(arena, &g->environments) = environment;
}

/* The rows of one group, as many as there are, as one fact; returns how many. */
static size_t take(const struct fb_quota *rows, size_t count,
		   struct quota_fact *fact)
{
	size_t n = 0;

	*fact = (struct quota_fact){ .layer = rows->layer,
		.limit = rows->limit, .groups = rows->groups,
		.groups_limit = rows->groups_limit };
	for (; n < count && is_same_group(&rows[n], rows); n++) {
		fact->used[rows[n].ingress][rows[n].ipv6] = rows[n].used;
		if (rows[n].used > fact->most)
			fact->most = rows[n].used;
		fact->is_tight |= fb_quota_is_tight(&rows[n]);
	}
	return n;
}

static int fullest_first(const void *x, const void *y)
{
	const struct group *a = *(struct group *const *)x;
	const struct group *b = *(struct group *const *)y;
	uint64_t left = (uint64_t)a->fact.most * b->fact.limit;
	uint64_t right = (uint64_t)b->fact.most * a->fact.limit;

	if (left != right)
		return left > right ? -1 : 1;
	return (a->number > b->number) - (a->number < b->number);
}

void quotas_gather(struct arena *arena, const struct evidence_sources *from,
		   struct evidence *e)
{
	struct table known = TABLE_IN(arena);
	group_list all = { 0 };
	struct quota_fact *facts;
	const struct fb_quota *last = NULL;
	unsigned number = 0;

	for (size_t i = 0; i < from->quota_count;) {
		const struct fb_quota *first = &from->quotas[i];
		struct quota_fact fact;

		/* the groups of a layer lie side by side */
		number = last && strcmp(last->environment, first->environment) == 0 &&
			 strcmp(last->layer, first->layer) == 0 ? number + 1 : 1;
		last = first;
		i += take(first, from->quota_count - i, &fact);
		fact.number = number;
		add(arena, &known, &all, &fact, first->environment);
	}
	if (all.count)
		qsort(all.at, all.count, sizeof *all.at, fullest_first);
	facts = arena_array(arena, all.count, sizeof *facts);
	for (size_t i = 0; i < all.count; i++) {
		facts[i] = all.at[i]->fact;
		facts[i].environments = all.at[i]->environments.at;
		facts[i].environment_count = all.at[i]->environments.count;
	}
	e->quotas = facts;
	e->quota_count = all.count;
}
