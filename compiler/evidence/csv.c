/*
 * For spreadsheets: RFC 4180, a header line, CRLF.  Every cell is quoted, and
 * none is a formula.  Account numbers are text with leading zeros.
 */
#include "compiler/evidence/evidence.h"

#include "compiler/base/markup.h"

#include <string.h>

static void row(struct text *out, const char *const *cells, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i)
			text_putc(out, ',');
		if (cells[i] && *cells[i])
			put_csv(out, cells[i]);
	}
	text_puts(out, "\r\n");
}

#define ROW(out, ...)							\
	do {								\
		const char *const cells_[] = { __VA_ARGS__ };		\
									\
		row((out), cells_, sizeof cells_ / sizeof *cells_);	\
	} while (0)

static const char *number(struct text *out, long long value)
{
	return value < 0 ? NULL : arena_printf(out->arena, "%lld", value);
}

static const char *status(const struct entry *entry)
{
	if (!entry->rule->in_force)
		return "expired";
	if (entry->overdue)
		return "review overdue";
	return entry_is_exception(entry) ? "exception" : "in force";
}

void evidence_rules_csv(struct text *out, const struct evidence *e)
{
	ROW(out, "policy", "rule", "statement", "reason", "owner", "ticket",
	    "party", "approved_by", "reviewed_on", "reviewed_by",
	    "review_age_days", "expires_on", "waives", "log", "environments",
	    "where", "status", "emergency_on", "emergency_by",
	    "emergency_review", "emergency_review_due");
	for (size_t i = 0; i < e->entry_count; i++) {
		const struct entry *entry = &e->entries[i];
		const struct ir_rule *r = entry->rule;
		const struct emergency_fact *f = evidence_emergency(e, entry);

		ROW(out, e->ir->policy, r->name, entry->statement,
		    r->reason.value, r->owner.value, r->ticket.value,
		    r->party.value, r->approved_by.value, r->reviewed.value,
		    r->reviewed_by.value, number(out, entry->age),
		    r->expires.value, r->waives.value, r->log ? "yes" : "no",
		    number(out, (long long)entry->environments), entry->where,
		    status(entry), r->emergency.value, r->emergency_by.value,
		    f ? f->state : NULL, f ? f->due : NULL);
	}
}

void evidence_matrix_csv(struct text *out, const struct evidence *e)
{
	ROW(out, "environment", "from", "to", "service", "some_addresses",
	    "exception", "until", "forbidden_by");
	for (size_t i = 0; i < e->segment_count; i++)
		for (size_t k = 0; k < e->segments[i].space_count; k++) {
			const struct segment *s = &e->segments[i];
			const char *name = evidence_space(e, s->spaces[k]);

			for (size_t n = 0; n < s->cell_count; n++) {
				const struct cell *c = &s->cells[n];
				const char *from = s->nodes[c->from].name;
				const char *to = s->nodes[c->to].name;

				if (c->forbidden_by)
					ROW(out, name, from, to, NULL, NULL,
					    NULL, NULL, c->forbidden_by);
				for (size_t l = 0; l < c->line_count; l++)
					ROW(out, name, from, to,
					    c->lines[l].text,
					    c->lines[l].in_part ? "yes" : "no",
					    c->lines[l].exceptional ? "yes"
								    : "no",
					    c->lines[l].until, NULL);
			}
		}
}

void evidence_fleet_csv(struct text *out, const struct evidence *e)
{
	ROW(out, "customer", "environment", "account", "region", "vpc",
	    "rules", "exceptions", "reviews_overdue", "invariants_broken",
	    "outputs_sha256", "running_state", "captured",
	    "emergencies", "frozen_until");
	for (uint32_t i = 0; i < e->ir->space_count; i++) {
		const struct ir_space *s = &e->ir->spaces[i];
		const struct environment_fact *f = &e->environments[i];

		ROW(out, e->ir->customers[s->customer].name,
		    e->ir->environments[s->environment], s->account, s->region,
		    evidence_addresses(out->arena, s->vpc),
		    number(out, (long long)f->rules),
		    number(out, (long long)f->exceptions),
		    number(out, (long long)f->overdue),
		    number(out, (long long)f->broken), f->digest,
		    running_word(f->running), f->captured,
		    number(out, (long long)f->emergencies),
		    f->frozen_until);
	}
}

void evidence_freezes_csv(struct text *out, const struct evidence *e)
{
	ROW(out, "policy", "from", "to", "state", "title", "environments",
	    "excepted");
	for (size_t i = 0; i < e->window_count; i++) {
		const struct window *w = &e->windows[i];

		ROW(out, e->ir->policy, w->from, w->to, w->state,
		    w->freeze->title,
		    *w->freeze->where ? w->freeze->where : "all", w->except);
	}
}
