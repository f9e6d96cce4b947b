/* What needs a person: what the checks said, and what ends soon. */
#include "compiler/evidence/facts.h"

#include "compiler/base/date.h"

#include <stdlib.h>
#include <string.h>

typedef LIST(struct concern) concern_list;

static const char *owner_of(const struct ir_rule *rule)
{
	return rule->owner.value ? rule->owner.value : "";
}

static int by_place(const void *x, const void *y)
{
	const struct ir_rule *const *a = x, *const *b = y;

	return ((*a)->span.lo > (*b)->span.lo) - ((*a)->span.lo < (*b)->span.lo);
}

static const struct ir_rule **rules_by_place(struct arena *arena,
					     const struct ir *ir)
{
	const struct ir_rule **rules = arena_array(arena, ir->rule_count + 1,
						   sizeof *rules);

	for (size_t i = 0; i < ir->rule_count; i++)
		rules[i] = &ir->rules[i];
	if (ir->rule_count)
		qsort(rules, ir->rule_count, sizeof *rules, by_place);
	return rules;
}

static int where_in(const void *key, const void *element)
{
	const struct span *at = key;
	const struct ir_rule *const *rule = element;

	return at->lo < (*rule)->span.lo ? -1 : at->lo >= (*rule)->span.hi;
}

/* Whose rule AT is in: what is said there is the owner's to mend.  Or "". */
static const char *owner_at(const struct ir_rule *const *rules, size_t count,
			    struct span at)
{
	const struct ir_rule *const *found = count && at.hi
		? bsearch(&at, rules, count, sizeof *rules, where_in) : NULL;

	return found ? owner_of(*found) : "";
}

/* What the checks said; that a rule expired is said with the rules below. */
static void concerns_told(struct arena *arena,
			  const struct evidence_sources *from,
			  concern_list *out)
{
	const struct ir_rule **rules = rules_by_place(arena, from->ir);

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
			owner_at(rules, from->ir->rule_count, d->span), "" };
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
			owner_of(entry->rule),
			arena_printf(arena, "%s",
				date_text(entry->rule->expires_day + 1, day)) };
	}
}

/* What has a day comes before what has none. */
static int first_to_fail(const char *a, const char *b)
{
	if (!*a || !*b)
		return (*b != '\0') - (*a != '\0');
	return strcmp(a, b);
}

static int wrong_first(const void *x, const void *y)
{
	const struct concern *a = x, *b = y;
	int order;

	if (a->kind != b->kind)
		return a->kind == ATTENTION_WRONG ? -1 : 1;
	order = first_to_fail(a->when, b->when);
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
