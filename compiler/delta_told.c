/* Lines that say the same become one, whose environments are listed. */
#include "compiler/delta_told.h"

#include "compiler/base/text.h"

#include <stdlib.h>
#include <string.h>

static const char *told_key(struct arena *arena, const struct fb_reach *r)
{
	struct text key = TEXT_IN(arena);

	text_printf(&key, "%d\n%s\n%s\n%s\n%s\n%s\n%d\n%s\n%s", (int)r->kind,
		    r->words.src, r->words.dst, r->words.services,
		    r->words.family, r->others, r->others_in_part, r->reasons,
		    r->lines);
	for (size_t i = 0; i < r->rule_count; i++)
		text_printf(&key, "\n%s", r->rules[i].name);
	for (size_t i = 0; i < r->side_count; i++)
		text_printf(&key, "\n%s", r->sides[i]);
	return text_string(&key);
}

void told_keep(struct told_lines *all, const struct fb_reach *r,
	       unsigned risks)
{
	void **place = table_at_name(&all->known, told_key(all->arena, r));
	struct told *kept;

	if (!*place) {
		kept = LIST_PUSH(all->arena, &all->list);
		*kept = (struct told){ .reach = *r, .risks = risks };
		*place = (void *)(uintptr_t)all->list.count;
	} else {
		kept = &all->list.at[(uintptr_t)*place - 1];
		kept->reach.packets += r->packets;
	}
	*LIST_PUSH(all->arena, &kept->environments) = r->environments[0];
}

static int by_risk(const void *x, const void *y)
{
	const struct told *a = x, *b = y;
	bool opens = a->reach.kind == FB_OPENS;
	int order;

	if (opens != (b->reach.kind == FB_OPENS))
		return opens ? -1 : 1;
	if (a->risks != b->risks)
		return a->risks > b->risks ? -1 : 1;
	if (a->reach.packets != b->reach.packets)
		return a->reach.packets > b->reach.packets ? -1 : 1;
	order = strcmp(a->reach.words.src, b->reach.words.src);
	order = order ? order : strcmp(a->reach.words.dst, b->reach.words.dst);
	order = order ? order : strcmp(a->reach.words.services,
				       b->reach.words.services);
	order = order ? order : strcmp(a->reach.words.family,
				       b->reach.words.family);
	return order ? order : strcmp(a->reach.environments[0],
				      b->reach.environments[0]);
}

void told_hand_out(struct told_lines *all, struct fb_diff *out)
{
	size_t count = all->list.count;
	struct fb_reach *reach = arena_array(all->arena, count, sizeof *reach);

	if (count)
		qsort(all->list.at, count, sizeof *all->list.at, by_risk);
	for (size_t i = 0; i < count; i++) {
		reach[i] = all->list.at[i].reach;
		reach[i].environments = all->list.at[i].environments.at;
		reach[i].environment_count =
			all->list.at[i].environments.count;
		out->opens += reach[i].kind == FB_OPENS;
		out->narrows += reach[i].kind == FB_NARROWS;
		out->closes += reach[i].kind == FB_CLOSES;
	}
	out->reach = reach;
	out->reach_count = count;
}
