/* Freezes and emergencies, as of the day of the report. */
#include "compiler/evidence/facts.h"

#include "compiler/base/date.h"
#include "compiler/base/text.h"
#include "compiler/emergency.h"

#include <stdlib.h>
#include <string.h>

static const char *day_text(struct arena *arena, uint32_t day)
{
	char text[DATE_TEXT];

	return arena_printf(arena, "%s", date_text(day, text));
}

static bool is_in_force(const struct ir *ir, const struct ir_freeze *f)
{
	return f->from <= ir->as_of && ir->as_of <= f->to;
}

static void gather_windows(struct arena *arena, struct evidence *e)
{
	const struct ir *ir = e->ir;
	struct window *all = arena_array(arena, ir->freeze_count, sizeof *all);

	for (size_t i = 0; i < ir->freeze_count; i++) {
		const struct ir_freeze *f = &ir->freezes[i];

		all[i] = (struct window){
			.freeze = f,
			.from = day_text(arena, f->from),
			.to = day_text(arena, f->to),
			.state = is_in_force(ir, f) ? "in force"
			       : f->from > ir->as_of ? "to come" : "past",
			.except = f->narrowing && f->emergency
				? "narrowing, emergency"
				: f->narrowing ? "narrowing"
				: f->emergency ? "emergency" : "",
		};
		e->frozen |= is_in_force(ir, f);
	}
	e->windows = all;
	e->window_count = ir->freeze_count;
}

/* Overdue first, then what is due, the first day first. */
static int by_review(const void *x, const void *y)
{
	const struct emergency_fact *a = x, *b = y;
	int order = a->rank - b->rank;

	if (!order)
		order = strcmp(a->due, b->due);
	return order ? order : strcmp(a->entry->rule->name,
				      b->entry->rule->name);
}

static void gather_emergencies(struct arena *arena, struct evidence *e)
{
	static const struct { int rank; const char *word; } states[] = {
		[EMERGENCY_NONE]     = { 0, "" },
		[EMERGENCY_REVIEWED] = { 3, "reviewed" },
		[EMERGENCY_DUE]	     = { 2, "review due" },
		[EMERGENCY_OVERDUE]  = { 1, "review overdue" },
	};
	LIST(struct emergency_fact) all = { 0 };

	for (size_t i = 0; i < e->entry_count; i++) {
		const struct ir_rule *rule = e->entries[i].rule;
		enum emergency_state state = emergency_state(e->ir, rule);

		if (state == EMERGENCY_NONE)
			continue;
		e->unreviewed += state == EMERGENCY_OVERDUE;
		*LIST_PUSH(arena, &all) = (struct emergency_fact){
			&e->entries[i], states[state].word,
			day_text(arena, emergency_due(e->ir, rule)),
			states[state].rank };
	}
	if (all.count)
		qsort(all.at, all.count, sizeof *all.at, by_review);
	e->emergencies = all.at;
	e->emergency_count = all.count;
}

void emergencies_gather(struct arena *arena, struct evidence *e)
{
	gather_windows(arena, e);
	gather_emergencies(arena, e);
}

const struct emergency_fact *evidence_emergency(const struct evidence *e,
						const struct entry *entry)
{
	for (size_t i = 0; i < e->emergency_count; i++)
		if (e->emergencies[i].entry == entry)
			return &e->emergencies[i];
	return NULL;
}

void freezes_gather(struct arena *arena, const struct evidence *e,
		    struct environment_fact *facts)
{
	for (size_t s = 0; s < e->ir->space_count; s++) {
		uint32_t last = 0;

		for (size_t i = 0; i < e->ir->freeze_count; i++) {
			const struct ir_freeze *f = &e->ir->freezes[i];

			if (is_in_force(e->ir, f) && f->to > last &&
			    f->environments[e->ir->spaces[s].environment])
				last = f->to;
		}
		facts[s].frozen_until = last ? day_text(arena, last) : "";
	}
}
