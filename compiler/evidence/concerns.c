/* What needs a person: what the checks said, and what ends soon. */
#include "compiler/evidence/facts.h"

#include "compiler/base/date.h"

#include <stdlib.h>
#include <string.h>

typedef LIST(struct concern) concern_list;

/* What the checks said; that a rule expired is said with the rules below. */
static void concerns_told(struct arena *arena,
			  const struct evidence_sources *from,
			  concern_list *out)
{
	for (size_t i = 0; i < from->diag_count; i++) {
		const struct fb_diag *d = &from->diags[i];

		if (d->severity == FB_NOTE)
			continue;
		*LIST_PUSH(arena, out) = (struct concern){
			d->severity == FB_ERROR ||
			strcmp(d->code, "P0701") == 0 ||
			strcmp(d->code, "P0709") == 0 ? ATTENTION_WRONG
						      : ATTENTION_SOON,
			d->code, d->message, evidence_place(arena, from, d->span),
			"", "" };
	}
}

static void concerns_soon(struct arena *arena, struct evidence *e,
			  concern_list *out)
{
	for (size_t i = 0; i < e->exception_count; i++) {
		const struct entry *entry = e->exceptions[i];
		char day[DATE_TEXT];

		if (entry->left > SOON || entry->left < 0)
			continue;
		e->due_soon++;
		*LIST_PUSH(arena, out) = (struct concern){ ATTENTION_SOON,
			"P0701",
			arena_printf(arena, "`%s` ends in %d day%s",
				     entry->rule->name, entry->left,
				     entry->left == 1 ? "" : "s"),
			entry->where,
			entry->rule->owner.value ? entry->rule->owner.value : "",
			arena_printf(arena, "%s",
				date_text(entry->rule->expires_day + 1, day)) };
	}
}

static int wrong_first(const void *x, const void *y)
{
	const struct concern *a = x, *b = y;
	int order;

	if (a->kind != b->kind)
		return a->kind == ATTENTION_WRONG ? -1 : 1;
	order = strcmp(a->when, b->when);
	if (!order)
		order = strcmp(a->code, b->code);
	if (!order)
		order = strcmp(a->where, b->where);
	return order ? order : strcmp(a->what, b->what);
}

void concerns_gather(struct arena *arena, const struct evidence_sources *from,
		     struct evidence *e)
{
	concern_list all = { 0 };

	concerns_told(arena, from, &all);
	concerns_soon(arena, e, &all);
	if (all.count)
		qsort(all.at, all.count, sizeof *all.at, wrong_first);
	e->concerns = all.at;
	e->concern_count = all.count;
	while (e->wrong_count < all.count &&
	       all.at[e->wrong_count].kind == ATTENTION_WRONG)
		e->wrong_count++;
}

void evidence_concern_groups(struct arena *arena, const struct evidence *e,
			     struct concern_group groups[CONCERN_GROUPS])
{
	groups[0] = (struct concern_group){
		arena_printf(arena, "Wrong on %s", e->day), e->concerns,
		e->wrong_count, false, false };
	groups[1] = (struct concern_group){
		"Needs attention", e->concerns + e->wrong_count,
		e->concern_count - e->wrong_count, false, false };
	for (size_t g = 0; g < CONCERN_GROUPS; g++)
		for (size_t i = 0; i < groups[g].count; i++) {
			groups[g].owned |= *groups[g].at[i].owner != '\0';
			groups[g].dated |= *groups[g].at[i].when != '\0';
		}
}
