/* The report for those who read it in a repository or a ticket. */
#include "compiler/evidence/evidence.h"

#include "compiler/base/markup.h"
#include "compiler/evidence/assumptions.h"

/* A row of a table; a cell that is NULL is empty. */
static void row(struct text *out, const char *const *cells, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		text_puts(out, i ? " | " : "| ");
		if (cells[i])
			put_markdown(out, cells[i]);
	}
	text_puts(out, " |\n");
}

#define ROW(out, ...)							\
	do {								\
		const char *const cells_[] = { __VA_ARGS__ };		\
									\
		row((out), cells_, sizeof cells_ / sizeof *cells_);	\
	} while (0)

static void head(struct text *out, const char *title, const char *columns)
{
	text_printf(out, "\n## %s\n\n| %s |\n|", title, columns);
	text_puts(out, "---|");
	for (const char *c = columns; *c; c++)
		if (*c == '|')
			text_puts(out, "---|");
	text_putc(out, '\n');
}

static void put_verdict(struct text *out, const struct evidence *e)
{
	const struct fb_summary *s = &e->summary;

	text_puts(out, "# Network segmentation evidence: ");
	put_markdown(out, e->ir->policy);
	text_printf(out, "\n\nAs of %s. Source `%s`, firebreak %s.\n\n", e->day,
		    e->source_digest, FIREBREAK_VERSION);
	text_printf(out, "**%zu of %zu invariants hold**, %zu broken; %zu of %zu expectations met; %zu rules in force, %zu expired; %zu environments of %zu customers; %zu claims about outputs proved.\n",
		    s->invariants - s->broken, s->invariants, s->broken,
		    s->expects - s->unmet, s->expects, s->rules - s->expired,
		    s->expired, e->ir->space_count, e->ir->customer_count,
		    e->proofs);
	text_printf(out, "Running state: %zu of %zu environments equal to what was captured, %zu differ, %zu not proved, %zu not captured.\n",
		    running_count(e, RUNNING_EQUAL), e->ir->space_count,
		    running_count(e, RUNNING_DIFFERS),
		    running_count(e, RUNNING_UNCLEAR),
		    running_count(e, RUNNING_UNCAPTURED));
}

static void put_concerns(struct text *out, const struct evidence *e)
{
	struct concern_group groups[CONCERN_GROUPS];

	if (!e->concern_count)
		text_puts(out, "\nNothing needs attention.\n");
	evidence_concern_groups(out->arena, e, groups);
	for (size_t g = 0; g < CONCERN_GROUPS; g++) {
		if (!groups[g].count)
			continue;
		head(out, groups[g].title, groups[g].dated
		     ? "What | Where | Owner | Fails on"
		     : "What | Where | Owner");
		for (size_t i = 0; i < groups[g].count; i++) {
			const struct concern *c = &groups[g].at[i];
			const char *const cells[] = {
				arena_printf(out->arena, "%s: %s", c->code,
					     c->what),
				c->where, c->owner, c->when };

			row(out, cells, groups[g].dated ? 4 : 3);
		}
	}
}

static void put_changes(struct text *out, const struct evidence *e)
{
	static const char *const kinds[] = {
		[FB_OPENS] = "opens", [FB_MOVED] = "moved",
		[FB_NARROWS] = "narrows", [FB_CLOSES] = "closes",
	};

	if (!e->since)
		return;
	head(out, "Changes in the period",
	     "Effect | From | To | Services | Last day");
	for (size_t i = 0; i < e->changes->reach_count; i++) {
		const struct fb_reach *r = &e->changes->reach[i];

		ROW(out, kinds[r->kind], r->words.src, r->words.dst,
		    r->words.services, r->expires);
	}
	head(out, "Commits in the period",
	     "Day | Commit | Subject | Ticket | Author | Approved by");
	for (size_t i = 0; i < e->since->commit_count; i++) {
		const struct fb_commit *c = &e->since->commits[i];
		const struct approval *a = &e->approvals[i];

		ROW(out, c->day, arena_printf(out->arena, "%.12s", c->hash),
		    c->subject, c->tickets, c->author,
		    a->missing ? "nobody is named"
		    : a->by_author ? "the author alone"
		    : *c->approvers ? c->approvers : a->exported);
	}
}

static void put_differences(struct text *out, const struct evidence *e)
{
	for (size_t i = 0; i < e->capture_count; i++) {
		const struct capture *c = &e->captures[i];

		for (size_t k = 0; k < c->difference_count; k++) {
			const struct capture_difference *d = &c->differences[k];

			ROW(out, c->path, d->kind, d->side, d->extra,
			    d->missing, d->rules, d->lines);
		}
		if (c->differences_more)
			ROW(out, c->path, arena_printf(out->arena, "%zu more",
				c->differences_more), NULL, NULL, NULL, NULL,
			    NULL);
	}
}

static void put_running(struct text *out, const struct evidence *e)
{
	bool differs = false;

	head(out, "Running state", "Environment | State | Captured");
	for (uint32_t i = 0; i < e->ir->space_count; i++)
		ROW(out, evidence_space(e, i),
		    running_word(e->environments[i].running),
		    e->environments[i].captured);
	if (!e->capture_count)
		return;
	head(out, "Captures", "File | SHA-256 | Environment | Of what | Result | Why");
	for (size_t i = 0; i < e->capture_count; i++) {
		const struct capture *c = &e->captures[i];

		differs |= c->difference_count > 0;
		ROW(out, c->path, evidence_digest(out->arena, c->bytes, c->len),
		    c->space == IR_NO_SPACE ? "not known"
		    : evidence_space(e, c->space), c->what,
		    running_word(running_of(c->state)), c->why);
	}
	if (differs)
		head(out, "Differences of captures",
		     "File | Kind | Where in it | Admitted | Not admitted | Rules | Lines");
	put_differences(out, e);
}

static const char *effect_text(struct text *out, const struct fb_freeze *f)
{
	static const char *const words[] = {
		[FB_FREEZE_NONE] = "nothing", [FB_FREEZE_EXCEPTED] = "excepted",
		[FB_FREEZE_BROKEN] = "broken",
	};

	return arena_printf(out->arena, "opens: %s; closes: %s%s",
			    words[f->opens], words[f->narrows],
			    f->at.old ? "; lifted or loosened" : "");
}

static const char *names_text(struct text *out, const struct fb_freeze *f)
{
	struct text names = TEXT_IN(out->arena);

	for (size_t i = 0; i < f->emergency_count; i++)
		text_printf(&names, "%s%s (emergency)", names.len ? ", " : "",
			    f->emergencies[i].name);
	for (size_t i = 0; i < f->rule_count; i++)
		text_printf(&names, "%s%s", names.len ? ", " : "",
			    f->rules[i].name);
	return text_string(&names);
}

static void put_steps(struct text *out, const struct evidence *e)
{
	if (!e->since || !e->since->step_count)
		return;
	head(out, "Commits on days of a freeze",
	     "Day | Commit | Freeze | Effect | Rules | Packet");
	for (size_t i = 0; i < e->since->step_count; i++) {
		const struct freeze_step *s = &e->steps[i];
		const char *hash = arena_printf(out->arena, "%.12s",
						s->commit->hash);

		if (!s->judged)
			ROW(out, s->commit->day, hash, NULL, "not judged", NULL,
			    NULL);
		for (size_t k = 0; k < s->diff.freeze_count; k++) {
			const struct fb_freeze *f = &s->diff.freezes[k];

			ROW(out, s->commit->day, hash, arena_printf(out->arena,
				"%s to %s", f->from, f->to),
			    effect_text(out, f), names_text(out, f), f->example);
		}
	}
}

static void put_emergencies(struct text *out, const struct evidence *e)
{
	if (e->window_count)
		head(out, "Freezes",
		     "From | To | State | Title | Environments | Excepted");
	for (size_t i = 0; i < e->window_count; i++) {
		const struct window *w = &e->windows[i];

		ROW(out, w->from, w->to, w->state, w->freeze->title,
		    *w->freeze->where ? w->freeze->where : "all", w->except);
	}
	if (e->emergency_count)
		head(out, "Emergencies",
		     "Rule | What | Declared | By | Last day | Review | Due");
	for (size_t i = 0; i < e->emergency_count; i++) {
		const struct emergency_fact *f = &e->emergencies[i];
		const struct ir_rule *r = f->entry->rule;

		ROW(out, r->name, f->entry->statement, r->emergency.value,
		    r->emergency_by.value, r->expires.value, f->state, f->due);
	}
}

static const char *cell_text(struct text *out, const struct cell *c)
{
	struct text cell = TEXT_IN(out->arena);

	if (!c)
		return "";
	if (!c->line_count)
		return "\xc3\x97";
	for (size_t i = 0; i < c->line_count; i++)
		text_printf(&cell, "%s%s%s%s", i ? ", " : "", c->lines[i].text,
			    c->lines[i].in_part ? " (some)" : "",
			    c->lines[i].exceptional ? " \xe2\x80\xa0" : "");
	return text_string(&cell);
}

static void put_grid(struct text *out, const struct segment *s)
{
	text_puts(out, "\n| from, to |");
	for (size_t i = 0; i < s->node_count; i++) {
		text_putc(out, ' ');
		put_markdown(out, s->nodes[i].name);
		text_puts(out, " |");
	}
	text_puts(out, "\n|---|");
	for (size_t i = 0; i < s->node_count; i++)
		text_puts(out, "---|");
	text_putc(out, '\n');
	for (size_t i = 0; i < s->node_count; i++) {
		text_puts(out, "| **");
		put_markdown(out, s->nodes[i].name);
		text_puts(out, "** |");
		for (size_t k = 0; k < s->node_count; k++) {
			text_putc(out, ' ');
			put_markdown(out, cell_text(out, segment_cell(s, i, k)));
			text_puts(out, " |");
		}
		text_putc(out, '\n');
	}
}

static void put_list(struct text *out, const struct segment *s)
{
	text_puts(out, "\n| From | To | May open |\n|---|---|---|\n");
	for (size_t i = 0; i < s->cell_count; i++)
		ROW(out, s->nodes[s->cells[i].from].name,
		    s->nodes[s->cells[i].to].name,
		    cell_text(out, &s->cells[i]));
}

static void put_matrices(struct text *out, const struct evidence *e)
{
	text_puts(out, "\n## Segmentation matrix\n\nA number alone is a TCP port. \xe2\x80\xa0 is an exception with an end, \xc3\x97 is forbidden by an invariant, an empty cell is denied by default.\n");
	for (size_t i = 0; i < e->segment_count; i++) {
		const struct segment *s = &e->segments[i];

		text_puts(out, "\n### ");
		for (size_t k = 0; k < s->space_count; k++) {
			text_puts(out, k ? ", " : "");
			put_markdown(out, evidence_space(e, s->spaces[k]));
		}
		text_putc(out, '\n');
		if (s->node_count > MATRIX_MOST)
			put_list(out, s);
		else
			put_grid(out, s);
	}
}

static void put_promises(struct text *out, const struct evidence *e)
{
	static const char *const kinds[] = {
		[VERDICT_HOLDS] = "holds", [VERDICT_BROKEN] = "**broken**",
		[VERDICT_WAIVED] = "waived", [VERDICT_FAULT] = "**fault**",
	};

	head(out, "Invariants", "Name | Statement | Result | Packet");
	for (size_t i = 0; i < e->promise_count; i++) {
		const struct promise *p = &e->promises[i];
		const struct verdict *v = p->verdict;

		text_puts(out, "| ");
		put_markdown(out, p->invariant->name);
		text_puts(out, " | ");
		put_markdown(out, p->statement);
		text_printf(out, " | %s | ", kinds[v->kind]);
		if (v->hop_count)
			put_markdown(out, packet_text(out->arena,
				&v->hops[v->hop_count - 1].packet));
		text_puts(out, " |\n");
	}
}

static void put_entries(struct text *out, const struct evidence *e)
{
	head(out, "Rules",
	     "Rule | What | Why | Owner | Ticket | Reviewed | Last day");
	for (size_t i = 0; i < e->entry_count; i++) {
		const struct ir_rule *r = e->entries[i].rule;

		ROW(out, r->name, e->entries[i].statement, r->reason.value,
		    r->owner.value, r->ticket.value, r->reviewed.value,
		    r->expires.value);
	}
}

static void put_controls(struct text *out, const struct evidence *e)
{
	if (!e->control_count)
		return;
	head(out, "What this is evidence for, in part",
	     "Control | Title | Shown here | Not shown here");
	for (size_t i = 0; i < e->control_count; i++) {
		const struct control *c = e->controls[i].control;

		ROW(out, arena_printf(out->arena, "%s %s", c->pack, c->id),
		    c->title, c->shown, c->not_shown);
	}
}

static void put_lines(struct text *out, const char *title,
		      const char *const *lines)
{
	text_printf(out, "\n## %s\n\n", title);
	for (; *lines; lines++)
		text_printf(out, "- %s\n", *lines);
}

void evidence_markdown(struct text *out, const struct evidence *e)
{
	put_verdict(out, e);
	put_concerns(out, e);
	put_changes(out, e);
	put_running(out, e);
	put_matrices(out, e);
	put_promises(out, e);
	put_steps(out, e);
	put_emergencies(out, e);
	put_entries(out, e);
	put_controls(out, e);
	if (e->output_count)
		head(out, "Compiled outputs", "File | SHA-256");
	for (size_t i = 0; i < e->output_count; i++)
		ROW(out, e->outputs[i].path, e->outputs[i].digest);
	put_lines(out, "Assumptions", assumptions);
	put_lines(out, "Limits", limits);
}
