/*
 * Environment by environment, and customer by customer: what an index of a
 * fleet tells.  Everything here is linear in the environments.
 */
#include "compiler/evidence/facts.h"

#include "compiler/base/table.h"
#include "compiler/base/text.h"

#include <stdlib.h>
#include <string.h>

/* --- rules --- */

static void count_rule(struct environment_fact *fact, const struct entry *entry)
{
	fact->rules++;
	fact->emergencies += entry->rule->emergency.value != NULL;
	fact->overdue += entry->overdue;
	if (!entry_is_exception(entry))
		return;
	fact->exceptions++;
	if (entry->left < 0)
		return;
	fact->due_soon += entry->left <= SOON;
	if (!fact->first_end || strcmp(entry->rule->expires.value,
				       fact->first_end) < 0)
		fact->first_end = entry->rule->expires.value;
}

static void count_rules(struct arena *arena, const struct evidence *e,
			struct environment_fact *facts)
{
	const struct entry **of = arena_array(arena, e->entry_count,
					      sizeof *of);
	uint32_t *last = arena_array(arena, e->entry_count, sizeof *last);

	for (size_t i = 0; i < e->entry_count; i++)
		of[e->entries[i].rule - e->ir->rules] = &e->entries[i];
	/* flows come by space: each rule once a space */
	for (size_t i = 0; i < e->ir->flow_count; i++) {
		const struct ir_flow *f = &e->ir->flows[i];

		if (last[f->rule] == f->space + 1)
			continue;
		last[f->rule] = f->space + 1;
		count_rule(&facts[f->space], of[f->rule]);
	}
}

static void count_broken(const struct evidence *e,
			 struct environment_fact *facts)
{
	for (size_t i = 0; i < e->promise_count; i++) {
		const struct verdict *v = e->promises[i].verdict;

		if (v->kind != VERDICT_BROKEN || !v->broken)
			continue;
		for (uint32_t s = 0; s < e->ir->space_count; s++)
			facts[s].broken += v->broken[s];
	}
}

/* --- changes of the period --- */

static void count_change(struct environment_fact *fact, enum fb_reach_kind kind)
{
	switch (kind) {
	case FB_OPENS:   fact->opens++; break;
	case FB_MOVED:   fact->moves++; break;
	case FB_NARROWS: fact->narrows++; break;
	case FB_CLOSES:  fact->closes++; break;
	}
}

/* An environment of a change that the policy has no longer is in `gone`. */
static void count_changes(struct arena *arena, struct evidence *e,
			  struct environment_fact *facts)
{
	struct table spaces = TABLE_IN(arena);
	LIST(const char *) gone = { 0 };

	for (uint32_t s = 0; e->changes && s < e->ir->space_count; s++)
		*table_at_name(&spaces, evidence_space(e, s)) = &facts[s];
	for (size_t i = 0; e->changes && i < e->changes->reach_count; i++) {
		const struct fb_reach *r = &e->changes->reach[i];

		for (size_t k = 0; k < r->environment_count; k++) {
			void **at = table_at_name(&spaces, r->environments[k]);
			bool is_new = !*at;

			if (is_new) {
				*at = arena_alloc(arena, sizeof *facts);
				*LIST_PUSH(arena, &gone) = r->environments[k];
			}
			count_change(*at, r->kind);
		}
	}
	e->gone = gone.at;
	e->gone_count = gone.count;
}

/* --- outputs --- */

/* The folder that PATH begins with, its slash included: "prod/", "acme/prod/". */
static size_t folder(const char *path, bool has_customer)
{
	size_t len = strcspn(path, "/");

	if (has_customer && path[len])
		len += 1 + strcspn(path + len + 1, "/");
	return path[len] ? len + 1 : len;
}

/* What the outputs of each environment are, as one digest over their digests. */
static void digest_outputs(struct arena *arena, const struct evidence *e,
			   struct environment_fact *facts)
{
	struct table known = TABLE_IN(arena);
	struct text *lists = arena_array(arena, e->ir->space_count,
					 sizeof *lists);

	for (uint32_t s = 0; s < e->ir->space_count; s++) {
		const struct ir_space *space = &e->ir->spaces[s];
		const char *customer = e->ir->customers[space->customer].name;

		lists[s] = TEXT_IN(arena);
		*table_at_name(&known, arena_printf(arena, "%s%s%s/", customer,
			*customer ? "/" : "",
			e->ir->environments[space->environment])) = &lists[s];
	}
	for (size_t i = 0; i < e->output_count; i++) {
		const struct file_fact *f = &e->outputs[i];
		struct text *list = table_get(&known, f->path,
					      folder(f->path, true));

		if (!list)
			list = table_get(&known, f->path,
					 folder(f->path, false));
		if (list)
			text_printf(list, "%s  %s\n", f->digest, f->path);
	}
	for (uint32_t s = 0; s < e->ir->space_count; s++)
		facts[s].digest = lists[s].len
			? evidence_digest(arena, lists[s].at, lists[s].len) : "";
}

/* --- customers --- */

static int order_of(size_t a, size_t b)
{
	return a != b ? a > b ? -1 : 1 : 0;
}

static int worst_customer_first(const void *x, const void *y)
{
	const struct customer_fact *a = x, *b = y;
	int order = order_of(a->broken, b->broken);

	if (!order)
		order = order_of(a->drifted, b->drifted);
	if (!order)
		order = order_of(a->overdue, b->overdue);
	if (!order)
		order = order_of(a->due_soon, b->due_soon);
	return order ? order : order_of(b->first, a->first);	/* by name */
}

/* Environments that something is said of, customer by customer. */
static void gather_customers(struct arena *arena, struct evidence *e)
{
	LIST(struct customer_fact) all = { 0 };

	for (uint32_t s = 0; s < e->ir->space_count; s++) {
		const struct environment_fact *f = &e->environments[s];
		uint32_t customer = e->ir->spaces[s].customer;
		struct customer_fact *c;

		if (!s || e->ir->spaces[s - 1].customer != customer)
			*LIST_PUSH(arena, &all) = (struct customer_fact){
				.customer = customer, .first = s };
		c = &all.at[all.count - 1];
		c->count++;
		c->broken += f->broken > 0;
		c->drifted += environment_has_drifted(f);
		c->overdue += f->overdue > 0;
		c->due_soon += f->due_soon > 0;
		c->changed += environment_has_changed(f);
	}
	if (all.count)
		qsort(all.at, all.count, sizeof *all.at, worst_customer_first);
	e->customers = all.at;
	e->customer_count = all.count;
}

void fleet_gather(struct arena *arena, struct evidence *e)
{
	struct environment_fact *facts = arena_array(arena, e->ir->space_count,
						     sizeof *facts);

	count_rules(arena, e, facts);
	count_broken(e, facts);
	count_changes(arena, e, facts);
	digest_outputs(arena, e, facts);
	running_gather(arena, e, facts);
	freezes_gather(arena, e, facts);
	for (size_t i = 0; i < e->segment_count; i++)
		for (size_t k = 0; k < e->segments[i].space_count; k++)
			facts[e->segments[i].spaces[k]].segment = i;
	e->environments = facts;
	gather_customers(arena, e);
}
