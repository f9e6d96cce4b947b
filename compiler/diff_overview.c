/*
 * Many lines of reach at a glance: one row for each two ends, in the order of
 * the worst of their lines.
 */
#include "compiler/diff_render.h"

#include "compiler/base/table.h"

#include <string.h>

enum { PAIRS_SHOWN = 40, WORDS_MOST = 120, KINDS = FB_CLOSES + 1 };

struct pair {
	const struct fb_reach *worst;	/* the first */
	size_t counts[KINDS];
};

struct pairs {
	LIST(struct pair) list;
};

static struct pairs pairs_of(struct arena *arena, const struct fb_diff *diff)
{
	struct table known = TABLE_IN(arena);
	struct pairs out = { 0 };

	for (size_t i = 0; i < diff->reach_count; i++) {
		const struct fb_reach *r = &diff->reach[i];
		void **place = table_at_name(&known, arena_printf(arena,
			"%s\n%s", r->words.src, r->words.dst));

		if (!*place) {
			LIST_PUSH(arena, &out.list)->worst = r;
			*place = (void *)(uintptr_t)out.list.count;
		}
		out.list.at[(uintptr_t)*place - 1].counts[r->kind]++;
	}
	return out;
}

static bool has_kind(const struct fb_diff *diff, enum fb_reach_kind kind)
{
	const size_t counts[KINDS] = { diff->opens, diff->moved,
				       diff->narrows, diff->closes };

	return counts[kind] > 0;
}

/* Columns of what there is. */
static void put_head(struct text *out, const struct fb_diff *diff)
{
	text_puts(out, "\n| Connection |");
	for (int k = FB_OPENS; k < KINDS; k++)
		if (has_kind(diff, (enum fb_reach_kind)k))
			text_printf(out, " %s |",
				    diff_verb((enum fb_reach_kind)k));
	text_puts(out, " The worst of it |\n|---|");
	for (int k = FB_OPENS; k < KINDS; k++)
		if (has_kind(diff, (enum fb_reach_kind)k))
			text_puts(out, "--:|");
	text_puts(out, "---|\n");
}

static void put_pair(struct text *out, const struct fb_diff *diff,
		     const struct pair *p)
{
	const struct fb_reach *r = p->worst;

	text_printf(out, "| `%s` \xe2\x86\x92 `%s` |",
		    diff_short(out->arena, r->words.src, WORDS_MOST),
		    diff_short(out->arena, r->words.dst, WORDS_MOST));
	for (int k = FB_OPENS; k < KINDS; k++)
		if (!has_kind(diff, (enum fb_reach_kind)k))
			continue;
		else if (p->counts[k])
			text_printf(out, " %zu |", p->counts[k]);
		else
			text_puts(out, " |");
	text_printf(out, " %s%s%s |\n", r->breaks ? "**" : "", r->reasons,
		    r->breaks ? "**" : "");
}

bool diff_overview(struct text *out, const struct fb_diff *diff)
{
	struct pairs pairs = pairs_of(out->arena, diff);
	size_t count = pairs.list.count;

	if (2 * count > diff->reach_count)
		return false;
	put_head(out, diff);
	for (size_t i = 0; i < count && i < PAIRS_SHOWN; i++)
		put_pair(out, diff, &pairs.list.at[i]);
	if (count > PAIRS_SHOWN)
		text_printf(out, "\nand %zu more pairs of ends, less risky\n",
			    count - PAIRS_SHOWN);
	return true;
}
