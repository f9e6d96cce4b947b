/*
 * Facts: sources and outputs, the register of rules, promises, controls.  What else
 * there is to gather has files of its own, which facts.h lists.
 *
 * What is sorted here is sorted by concern first and by name last, so that the
 * same policy gives the same report.
 */
#define _GNU_SOURCE
#include "compiler/evidence/facts.h"

#include "compiler/base/addr.h"
#include "compiler/base/date.h"
#include "compiler/base/text.h"

#include <stdlib.h>
#include <string.h>

const char *evidence_space(const struct evidence *e, uint32_t space)
{
	return ir_space_name(e->ir->sources->arena, e->ir,
			     &e->ir->spaces[space]);
}

const char *evidence_addresses(struct arena *arena, struct both set)
{
	struct text out = TEXT_IN(arena);

	for (int f = IPV4; f < FAMILIES; f++)
		if (!ranges_empty(set.of[f]))
			text_printf(&out, "%s%s", out.len ? ", " : "",
				    addr_set_text(arena, (enum family)f,
						  set.of[f]));
	return text_string(&out);
}

bool entry_is_exception(const struct entry *entry)
{
	return entry->rule->in_force &&
	       (entry->rule->waives.value || entry->rule->expires.value);
}

/* --- digests --- */

const char *evidence_digest(struct arena *arena, const char *bytes, size_t len)
{
	char *out = arena_alloc(arena, 65);

	fb_digest(bytes, len, out);
	return out;
}

static int by_path(const void *x, const void *y)
{
	const struct file_fact *a = x, *b = y;

	return strcmp(a->path, b->path);
}

static void gather_sources(struct arena *arena,
			   const struct evidence_sources *from,
			   struct evidence *e)
{
	const struct sources *all = from->ir->sources;
	struct file_fact *facts = arena_array(arena, all->files.count,
					      sizeof *facts);
	struct text list = TEXT_IN(arena);

	for (size_t i = 0; i < all->files.count; i++) {
		const struct source *s = all->files.at[i];

		facts[i] = (struct file_fact){ from->names[i],
			evidence_digest(arena, s->text, s->len), s->len };
	}
	qsort(facts, all->files.count, sizeof *facts, by_path);
	for (size_t i = 0; i < all->files.count; i++)
		text_printf(&list, "%s  %s\n", facts[i].digest,
			    facts[i].path);
	e->sources = facts;
	e->source_count = all->files.count;
	e->source_digest = evidence_digest(arena, text_string(&list),
					   list.len);
}

static void gather_outputs(struct arena *arena,
			   const struct evidence_sources *from,
			   struct evidence *e)
{
	struct file_fact *facts = arena_array(arena, from->output_count,
					      sizeof *facts);

	for (size_t i = 0; i < from->output_count; i++)
		facts[i] = (struct file_fact){ from->outputs[i].path,
			evidence_digest(arena, from->outputs[i].bytes,
					from->outputs[i].len),
			from->outputs[i].len };
	e->outputs = facts;
	e->output_count = from->output_count;
	e->proofs = from->proofs;
}

/* --- the register --- */

static int32_t days_from(uint32_t from, uint32_t to)
{
	return (int32_t)(to - from);
}

static int by_concern(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;

	if (a->rule->in_force != b->rule->in_force)
		return a->rule->in_force ? 1 : -1;
	if (a->overdue != b->overdue)
		return a->overdue ? -1 : 1;
	return strcmp(a->rule->name, b->rule->name);
}

static void gather_entries(struct arena *arena,
			   const struct evidence_sources *from,
			   struct evidence *e)
{
	const struct ir *ir = from->ir;
	struct entry *all = arena_array(arena, ir->rule_count, sizeof *all);
	uint32_t *last = arena_array(arena, ir->rule_count, sizeof *last);

	for (size_t i = 0; i < ir->rule_count; i++) {
		const struct ir_rule *rule = &ir->rules[i];
		bool reviewed = rule->reviewed.value != NULL;

		all[i] = (struct entry){
			.rule = rule,
			.statement = evidence_statement(arena, ir, rule->span),
			.where = evidence_place(arena, from, rule->name_span),
			.age = reviewed ? days_from(rule->reviewed_day,
						    ir->as_of) : -1,
			.left = rule->expires.value && rule->in_force
				? days_from(ir->as_of, rule->expires_day) : -1,
		};
		/* the review of an emergency is told with the emergency */
		all[i].overdue = ir->review_days && rule->in_force &&
			!rule->emergency.value &&
			(!reviewed || all[i].age > (int32_t)ir->review_days);
	}
	/* flows come by space: each rule once a space */
	for (size_t i = 0; i < ir->flow_count; i++) {
		const struct ir_flow *f = &ir->flows[i];

		if (last[f->rule] == f->space + 1)
			continue;
		last[f->rule] = f->space + 1;
		all[f->rule].environments++;
	}
	if (ir->rule_count)
		qsort(all, ir->rule_count, sizeof *all, by_concern);
	e->entries = all;
	e->entry_count = ir->rule_count;
}

static int first_to_end(const void *x, const void *y)
{
	const struct entry *a = *(const struct entry *const *)x;
	const struct entry *b = *(const struct entry *const *)y;

	/* one without an end waives something, which is told elsewhere */
	if (a->left != b->left)
		return a->left < 0 ? 1 : b->left < 0 ? -1 : a->left - b->left;
	return strcmp(a->rule->name, b->rule->name);
}

static void gather_exceptions(struct arena *arena, struct evidence *e)
{
	LIST(const struct entry *) all = { 0 };

	e->reviews = e->ir->review_days != 0;
	for (size_t i = 0; i < e->entry_count; i++) {
		e->reviews |= e->entries[i].age >= 0;
		if (entry_is_exception(&e->entries[i]))
			*LIST_PUSH(arena, &all) = &e->entries[i];
	}
	if (all.count)
		qsort(all.at, all.count, sizeof *all.at, first_to_end);
	e->exceptions = all.at;
	e->exception_count = all.count;
}

/* --- promises --- */

static int broken_first(const void *x, const void *y)
{
	const struct promise *a = x, *b = y;

	if (a->verdict->kind != b->verdict->kind) {
		static const int rank[] = {
			[VERDICT_FAULT] = 0, [VERDICT_BROKEN] = 1,
			[VERDICT_WAIVED] = 2, [VERDICT_HOLDS] = 3,
		};

		return rank[a->verdict->kind] - rank[b->verdict->kind];
	}
	return strcmp(a->invariant->name, b->invariant->name);
}

static void gather_promises(struct arena *arena,
			    const struct evidence_sources *from,
			    const struct verdict *verdicts, struct evidence *e)
{
	const struct ir *ir = from->ir;
	struct promise *all = arena_array(arena, ir->invariant_count,
					  sizeof *all);

	for (size_t i = 0; i < ir->invariant_count; i++) {
		const struct ir_invariant *inv = &ir->invariants[i];

		all[i] = (struct promise){ inv, &verdicts[i],
			evidence_statement(arena, ir, inv->span),
			evidence_place(arena, from, inv->name_span) };
	}
	if (ir->invariant_count)
		qsort(all, ir->invariant_count, sizeof *all, broken_first);
	e->promises = all;
	e->promise_count = ir->invariant_count;
}

/* --- controls --- */

struct named_control {
	struct control_row row;
	LIST(const char *) invariants;
};

static int by_control(const void *x, const void *y)
{
	const struct named_control *a = x, *b = y;
	int order = strcmp(a->row.control->pack, b->row.control->pack);

	return order ? order : strverscmp(a->row.control->id,
					  b->row.control->id);
}

typedef LIST(struct named_control) named_list;

static struct named_control *row_of(struct arena *arena, named_list *all,
				    const struct control *control)
{
	struct named_control *row;

	for (size_t i = 0; i < all->count; i++)
		if (all->at[i].row.control == control)
			return &all->at[i];
	row = LIST_PUSH(arena, all);
	row->row.control = control;
	return row;
}

static void tell_unknown(struct diags *diags, const struct ir_invariant *inv,
			 const char *word)
{
	diag_help(diag_add(diags, P0711, inv->name_span,
			   "no pack of controls has `%.80s`", word),
		  "write it like `iso27001:A.8.22`, or choose another pack with --controls");
}

static void gather_controls(struct arena *arena, struct diags *diags,
			    const struct evidence_sources *from,
			    struct evidence *e)
{
	named_list all = { 0 };
	struct control_row *rows;

	for (size_t i = 0; i < e->promise_count; i++) {
		const struct promise *p = &e->promises[i];

		for (size_t k = 0; k < p->invariant->control_count; k++) {
			const char *word = p->invariant->controls[k];
			const struct control *c = control_find(word,
							       from->packs);
			struct named_control *row;

			if (!c && control_is_chosen(word, from->packs))
				tell_unknown(diags, p->invariant, word);
			if (!c)
				continue;
			row = row_of(arena, &all, c);
			*LIST_PUSH(arena, &row->invariants) =
				p->invariant->name;
			row->row.broken |= p->verdict->kind == VERDICT_BROKEN;
		}
	}
	if (all.count)
		qsort(all.at, all.count, sizeof *all.at, by_control);
	rows = arena_array(arena, all.count, sizeof *rows);
	for (size_t i = 0; i < all.count; i++) {
		rows[i] = all.at[i].row;
		rows[i].invariants = all.at[i].invariants.at;
		rows[i].invariant_count = all.at[i].invariants.count;
	}
	e->controls = rows;
	e->control_count = all.count;
}

struct evidence evidence_gather(struct arena *arena, struct diags *diags,
				const struct evidence_sources *from)
{
	struct evidence e = { .ir = from->ir, .summary = from->summary };
	const struct verdict *verdicts = verify_verdicts(arena, from->ir);
	char day[DATE_TEXT];

	e.day = arena_printf(arena, "%s", date_text(from->ir->as_of, day));
	e.main = from->names[0];
	e.packs = from->packs ? from->packs : "";
	e.classification = from->classification ? from->classification : "";
	e.oscal = from->oscal;
	gather_sources(arena, from, &e);
	gather_outputs(arena, from, &e);
	quotas_gather(arena, from, &e);
	gather_entries(arena, from, &e);
	gather_exceptions(arena, &e);
	emergencies_gather(arena, &e);
	gather_promises(arena, from, verdicts, &e);
	e.captures = from->captures;
	e.capture_count = from->capture_count;
	concerns_gather(arena, from, &e);
	gather_controls(arena, diags, from, &e);
	e.main_before = "";
	approvals_gather(arena, from, &e);
	segments_gather(arena, verdicts, &e);
	fleet_gather(arena, &e);
	return e;
}
