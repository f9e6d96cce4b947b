/*
 * model.json: every fact, as schemas/model.schema.json says.  Objects with a
 * fixed order of keys, a line a member, so that two reports diff well.
 */
#include "compiler/evidence/evidence.h"

#include "compiler/base/jsonout.h"
#include "compiler/evidence/assumptions.h"

static void put_files(struct jsonout *j, const char *key,
		      const struct file_fact *files, size_t count)
{
	jsonout_open(j, key, '[');
	for (size_t i = 0; i < count; i++) {
		jsonout_open(j, NULL, '{');
		jsonout_string(j, "path", files[i].path);
		jsonout_number(j, "bytes", (long long)files[i].len);
		jsonout_string(j, "sha256", files[i].digest);
		jsonout_close(j, '{');
	}
	jsonout_close(j, '[');
}

static void put_summary(struct jsonout *j, const struct fb_summary *s)
{
	jsonout_open(j, "summary", '{');
	jsonout_number(j, "invariants", (long long)s->invariants);
	jsonout_number(j, "broken", (long long)s->broken);
	jsonout_number(j, "expectations", (long long)s->expects);
	jsonout_number(j, "unmet", (long long)s->unmet);
	jsonout_number(j, "rules", (long long)s->rules);
	jsonout_number(j, "expired", (long long)s->expired);
	jsonout_number(j, "environments", (long long)s->environments);
	jsonout_close(j, '{');
}

static void put_concerns(struct jsonout *j, const struct evidence *e)
{
	jsonout_open(j, "attention", '[');
	for (size_t i = 0; i < e->concern_count; i++) {
		const struct concern *c = &e->concerns[i];

		jsonout_open(j, NULL, '{');
		jsonout_string(j, "kind", c->kind == ATTENTION_WRONG ? "wrong" : "soon");
		jsonout_string(j, "code", c->code);
		jsonout_string(j, "what", c->what);
		jsonout_string(j, "where", c->where);
		jsonout_string(j, "owner", c->owner);
		jsonout_string(j, "fails_on", c->when);
		jsonout_close(j, '{');
	}
	jsonout_close(j, '[');
}

static void put_environments(struct jsonout *j, const struct evidence *e)
{
	jsonout_open(j, "environments", '[');
	for (uint32_t i = 0; i < e->ir->space_count; i++) {
		const struct ir_space *s = &e->ir->spaces[i];

		jsonout_open(j, NULL, '{');
		jsonout_string(j, "name", evidence_space(e, i));
		jsonout_string(j, "customer", e->ir->customers[s->customer].name);
		jsonout_string(j, "environment", e->ir->environments[s->environment]);
		jsonout_string(j, "account", s->account);
		jsonout_string(j, "region", s->region);
		jsonout_string(j, "vpc", evidence_addresses(j->out->arena, s->vpc));
		jsonout_string(j, "nat", evidence_addresses(j->out->arena, s->nat));
		jsonout_number(j, "rules", (long long)e->environments[i].rules);
		jsonout_number(j, "exceptions",
			   (long long)e->environments[i].exceptions);
		jsonout_number(j, "reviews_overdue",
			   (long long)e->environments[i].overdue);
		jsonout_number(j, "invariants_broken",
			   (long long)e->environments[i].broken);
		jsonout_string(j, "running_state",
			       running_word(e->environments[i].running));
		jsonout_string(j, "captured", e->environments[i].captured);
		jsonout_number(j, "emergencies",
			       (long long)e->environments[i].emergencies);
		jsonout_string(j, "frozen_until",
			       e->environments[i].frozen_until);
		jsonout_close(j, '{');
	}
	jsonout_close(j, '[');
}

static void put_windows(struct jsonout *j, const struct evidence *e)
{
	jsonout_open(j, "freezes", '[');
	for (size_t i = 0; i < e->window_count; i++) {
		const struct window *w = &e->windows[i];

		jsonout_open(j, NULL, '{');
		jsonout_string(j, "from", w->from);
		jsonout_string(j, "to", w->to);
		jsonout_string(j, "state", w->state);
		jsonout_string(j, "title", w->freeze->title);
		jsonout_string(j, "environments", w->freeze->where);
		jsonout_string(j, "except", w->except);
		jsonout_close(j, '{');
	}
	jsonout_close(j, '[');
}

static void put_emergencies(struct jsonout *j, const struct evidence *e)
{
	jsonout_open(j, "emergencies", '[');
	for (size_t i = 0; i < e->emergency_count; i++) {
		const struct emergency_fact *f = &e->emergencies[i];
		const struct ir_rule *r = f->entry->rule;

		jsonout_open(j, NULL, '{');
		jsonout_string(j, "rule", r->name);
		jsonout_string(j, "declared_on", r->emergency.value);
		jsonout_string(j, "declared_by", r->emergency_by.value);
		jsonout_string(j, "state", f->state);
		jsonout_string(j, "review_due", f->due);
		jsonout_close(j, '{');
	}
	jsonout_close(j, '[');
}

static void put_difference(struct jsonout *j,
			   const struct capture_difference *d)
{
	jsonout_open(j, NULL, '{');
	jsonout_string(j, "kind", d->kind);
	jsonout_string(j, "side", d->side);
	jsonout_string(j, "extra", d->extra);
	jsonout_string(j, "missing", d->missing);
	jsonout_string(j, "rules", d->rules);
	jsonout_string(j, "lines", d->lines);
	jsonout_close(j, '{');
}

static void put_captures(struct jsonout *j, const struct evidence *e)
{
	jsonout_open(j, "captures", '[');
	for (size_t i = 0; i < e->capture_count; i++) {
		const struct capture *c = &e->captures[i];

		jsonout_open(j, NULL, '{');
		jsonout_string(j, "path", c->path);
		jsonout_number(j, "bytes", (long long)c->len);
		jsonout_string(j, "sha256", evidence_digest(j->out->arena,
							    c->bytes, c->len));
		jsonout_string(j, "environment", c->space == IR_NO_SPACE ? NULL
			       : evidence_space(e, c->space));
		jsonout_string(j, "what", c->what);
		jsonout_string(j, "state", running_word(running_of(c->state)));
		jsonout_string(j, "why", c->why);
		jsonout_open(j, "differences", '[');
		for (size_t k = 0; k < c->difference_count; k++)
			put_difference(j, &c->differences[k]);
		jsonout_close(j, '[');
		jsonout_number(j, "differences_more",
			       (long long)c->differences_more);
		jsonout_close(j, '{');
	}
	jsonout_close(j, '[');
}

static void put_cell(struct jsonout *j, const struct segment *s,
		     const struct cell *c)
{
	jsonout_open(j, NULL, '{');
	jsonout_string(j, "from", s->nodes[c->from].name);
	jsonout_string(j, "to", s->nodes[c->to].name);
	jsonout_string(j, "forbidden_by", c->forbidden_by);
	jsonout_open(j, "services", '[');
	for (size_t i = 0; i < c->line_count; i++) {
		const struct service_line *l = &c->lines[i];

		jsonout_open(j, NULL, '{');
		jsonout_string(j, "service", l->text);
		jsonout_bool(j, "some_addresses", l->in_part);
		jsonout_bool(j, "exception", l->exceptional);
		jsonout_string(j, "until", l->until);
		jsonout_close(j, '{');
	}
	jsonout_close(j, '[');
	jsonout_close(j, '{');
}

static void put_nodes(struct jsonout *j, const struct segment *s)
{
	static const char *const kinds[] = {
		[NODE_INTERNET] = "internet", [NODE_NETWORK] = "network",
		[NODE_PEER] = "peer", [NODE_LAYER] = "layer",
		[NODE_REST] = "rest",
	};

	jsonout_open(j, "ends", '[');
	for (size_t i = 0; i < s->node_count; i++) {
		jsonout_open(j, NULL, '{');
		jsonout_string(j, "name", s->nodes[i].name);
		jsonout_string(j, "kind", kinds[s->nodes[i].kind]);
		jsonout_string(j, "title", s->nodes[i].title);
		if (s->steps[i].hops != UINT32_MAX)
			jsonout_number(j, "steps_from_internet", s->steps[i].hops);
		jsonout_close(j, '{');
	}
	jsonout_close(j, '[');
}

static void put_segments(struct jsonout *j, const struct evidence *e)
{
	jsonout_open(j, "segments", '[');
	for (size_t i = 0; i < e->segment_count; i++) {
		const struct segment *s = &e->segments[i];

		jsonout_open(j, NULL, '{');
		jsonout_open(j, "environments", '[');
		for (size_t k = 0; k < s->space_count; k++)
			jsonout_string(j, NULL, evidence_space(e, s->spaces[k]));
		jsonout_close(j, '[');
		put_nodes(j, s);
		jsonout_open(j, "matrix", '[');
		for (size_t k = 0; k < s->cell_count; k++)
			put_cell(j, s, &s->cells[k]);
		jsonout_close(j, '[');
		jsonout_close(j, '{');
	}
	jsonout_close(j, '[');
}

static void put_hops(struct jsonout *j, const struct evidence *e,
		     const struct verdict *v)
{
	jsonout_open(j, "route", '[');
	for (size_t i = 0; i < v->hop_count; i++) {
		const struct verdict_hop *h = &v->hops[i];

		jsonout_open(j, NULL, '{');
		jsonout_string(j, "environment", evidence_space(e, h->space));
		jsonout_string(j, "packet", packet_text(j->out->arena, &h->packet));
		jsonout_open(j, "rules", '[');
		for (size_t k = 0; k < h->rule_count; k++)
			jsonout_string(j, NULL, e->ir->rules[h->rules[k]].name);
		jsonout_close(j, '[');
		jsonout_close(j, '{');
	}
	jsonout_close(j, '[');
}

static void put_promises(struct jsonout *j, const struct evidence *e)
{
	static const char *const kinds[] = {
		[VERDICT_HOLDS] = "holds", [VERDICT_BROKEN] = "broken",
		[VERDICT_WAIVED] = "waived", [VERDICT_FAULT] = "fault",
	};

	jsonout_open(j, "invariants", '[');
	for (size_t i = 0; i < e->promise_count; i++) {
		const struct promise *p = &e->promises[i];

		jsonout_open(j, NULL, '{');
		jsonout_string(j, "name", p->invariant->name);
		jsonout_string(j, "result", kinds[p->verdict->kind]);
		jsonout_string(j, "statement", p->statement);
		jsonout_string(j, "where", p->where);
		jsonout_string(j, "owner", p->invariant->owner.value);
		jsonout_string(j, "reason", p->invariant->reason.value);
		jsonout_open(j, "controls", '[');
		for (size_t k = 0; k < p->invariant->control_count; k++)
			jsonout_string(j, NULL, p->invariant->controls[k]);
		jsonout_close(j, '[');
		put_hops(j, e, p->verdict);
		jsonout_close(j, '{');
	}
	jsonout_close(j, '[');
}

static void put_entries(struct jsonout *j, const struct evidence *e)
{
	jsonout_open(j, "rules", '[');
	for (size_t i = 0; i < e->entry_count; i++) {
		const struct entry *entry = &e->entries[i];
		const struct ir_rule *r = entry->rule;

		jsonout_open(j, NULL, '{');
		jsonout_string(j, "name", r->name);
		jsonout_string(j, "statement", entry->statement);
		jsonout_string(j, "where", entry->where);
		jsonout_bool(j, "in_force", r->in_force);
		jsonout_string(j, "owner", r->owner.value);
		jsonout_string(j, "ticket", r->ticket.value);
		jsonout_string(j, "reason", r->reason.value);
		jsonout_string(j, "party", r->party.value);
		jsonout_string(j, "approved_by", r->approved_by.value);
		jsonout_string(j, "reviewed_on", r->reviewed.value);
		jsonout_string(j, "reviewed_by", r->reviewed_by.value);
		jsonout_bool(j, "review_overdue", entry->overdue);
		jsonout_string(j, "expires_on", r->expires.value);
		jsonout_string(j, "waives", r->waives.value);
		jsonout_bool(j, "log", r->log);
		jsonout_number(j, "environments", (long long)entry->environments);
		jsonout_close(j, '{');
	}
	jsonout_close(j, '[');
}

static void put_controls(struct jsonout *j, const struct evidence *e)
{
	jsonout_open(j, "controls", '[');
	for (size_t i = 0; i < e->control_count; i++) {
		const struct control_row *row = &e->controls[i];

		jsonout_open(j, NULL, '{');
		jsonout_string(j, "pack", row->control->pack);
		jsonout_string(j, "id", row->control->id);
		jsonout_string(j, "title", row->control->title);
		jsonout_string(j, "shown", row->control->shown);
		jsonout_string(j, "not_shown", row->control->not_shown);
		jsonout_bool(j, "an_invariant_is_broken", row->broken);
		jsonout_open(j, "invariants", '[');
		for (size_t k = 0; k < row->invariant_count; k++)
			jsonout_string(j, NULL, row->invariants[k]);
		jsonout_close(j, '[');
		jsonout_close(j, '{');
	}
	jsonout_close(j, '[');
}

static void put_commit(struct jsonout *j, const struct fb_commit *c,
		       const struct approval *a)
{
	jsonout_open(j, NULL, '{');
	jsonout_string(j, "commit", c->hash);
	jsonout_string(j, "day", c->day);
	jsonout_string(j, "author", c->author);
	jsonout_string(j, "email", c->email);
	jsonout_string(j, "subject", c->subject);
	jsonout_string(j, "tickets", c->tickets);
	jsonout_string(j, "approvers", c->approvers);
	if (a) {
		jsonout_string(j, "exported_approvals", a->exported);
		jsonout_bool(j, "approved_by_author_only", a->by_author);
		jsonout_bool(j, "approval_missing", a->missing);
	}
	jsonout_close(j, '{');
}

/* The period as it was read: all that a bundle needs to be made again. */
static void put_since(struct jsonout *j, const struct evidence *e,
		      bool judged)
{
	const struct fb_since *s = e->since;

	jsonout_string(j, "since", s->name);
	jsonout_string(j, "from", s->from);
	jsonout_string(j, "to", s->to);
	jsonout_string(j, "path", s->path);
	jsonout_bool(j, "uncommitted", s->uncommitted);
	jsonout_open(j, "commits", '[');
	for (size_t i = 0; i < s->commit_count; i++)
		put_commit(j, &s->commits[i], judged ? &e->approvals[i] : NULL);
	jsonout_close(j, '[');
}

static void put_reach(struct jsonout *j, const struct fb_reach *r)
{
	static const char *const kinds[] = {
		[FB_OPENS] = "opens", [FB_MOVED] = "moved",
		[FB_NARROWS] = "narrows", [FB_CLOSES] = "closes",
	};

	jsonout_open(j, NULL, '{');
	jsonout_string(j, "kind", kinds[r->kind]);
	jsonout_string(j, "from", r->words.src);
	jsonout_string(j, "to", r->words.dst);
	jsonout_string(j, "services", r->words.services);
	jsonout_string(j, "ports", r->words.ports);
	jsonout_string(j, "family", r->words.family);
	jsonout_string(j, "reasons", r->reasons);
	jsonout_string(j, "expires_on", r->expires);
	jsonout_string(j, "example", r->example);
	jsonout_open(j, "environments", '[');
	for (size_t i = 0; i < r->environment_count; i++)
		jsonout_string(j, NULL, r->environments[i]);
	jsonout_close(j, '[');
	jsonout_open(j, "rules", '[');
	for (size_t i = 0; i < r->rule_count; i++)
		jsonout_string(j, NULL, r->rules[i].name);
	jsonout_close(j, '[');
	jsonout_close(j, '{');
}

static void put_names(struct jsonout *j, const char *key,
		      const struct fb_named *names, size_t count)
{
	jsonout_open(j, key, '[');
	for (size_t i = 0; i < count; i++)
		jsonout_string(j, NULL, names[i].name);
	jsonout_close(j, '[');
}

static void put_freeze(struct jsonout *j, const struct fb_freeze *f)
{
	static const char *const effects[] = {
		[FB_FREEZE_NONE] = "none", [FB_FREEZE_EXCEPTED] = "excepted",
		[FB_FREEZE_BROKEN] = "broken",
	};

	jsonout_open(j, NULL, '{');
	jsonout_string(j, "from", f->from);
	jsonout_string(j, "to", f->to);
	jsonout_string(j, "title", f->title);
	jsonout_string(j, "environments", f->where);
	jsonout_string(j, "except", f->except);
	jsonout_bool(j, "lifted", f->at.old);
	jsonout_string(j, "openings", effects[f->opens]);
	jsonout_string(j, "closings", effects[f->narrows]);
	put_names(j, "emergencies", f->emergencies, f->emergency_count);
	put_names(j, "rules", f->rules, f->rule_count);
	jsonout_string(j, "example", f->example);
	jsonout_string(j, "example_in", f->example_in);
	jsonout_close(j, '{');
}

/* Commits on days of a freeze, and what each freeze says to each. */
static void put_steps(struct jsonout *j, const struct evidence *e)
{
	jsonout_open(j, "during_freezes", '[');
	for (size_t i = 0; i < e->since->step_count; i++) {
		const struct freeze_step *s = &e->steps[i];

		jsonout_open(j, NULL, '{');
		jsonout_string(j, "commit", s->commit->hash);
		jsonout_string(j, "day", s->commit->day);
		jsonout_bool(j, "judged", s->judged);
		jsonout_open(j, "freezes", '[');
		for (size_t k = 0; k < s->diff.freeze_count; k++)
			put_freeze(j, &s->diff.freezes[k]);
		jsonout_close(j, '[');
		jsonout_close(j, '{');
	}
	jsonout_close(j, '[');
}

static void put_changes(struct jsonout *j, const struct evidence *e)
{
	if (!e->since) {
		jsonout_string(j, "changes", NULL);
		return;
	}
	jsonout_open(j, "changes", '{');
	put_since(j, e, true);
	jsonout_open(j, "reach", '[');
	for (size_t i = 0; i < e->changes->reach_count; i++)
		put_reach(j, &e->changes->reach[i]);
	jsonout_close(j, '[');
	put_steps(j, e);
	jsonout_close(j, '{');
}

void evidence_history(struct text *out, const struct evidence *e)
{
	struct jsonout j = { .out = out };

	jsonout_open(&j, NULL, '{');
	jsonout_string(&j, "schema", "firebreak-history-1");
	put_since(&j, e, false);
	jsonout_open(&j, "steps", '[');
	for (size_t i = 0; i < e->since->step_count; i++) {
		jsonout_open(&j, NULL, '{');
		jsonout_string(&j, "commit", e->steps[i].commit->hash);
		jsonout_string(&j, "main_before", e->steps[i].main_before);
		jsonout_string(&j, "main_after", e->steps[i].main_after);
		jsonout_close(&j, '{');
	}
	jsonout_close(&j, '[');
	jsonout_close(&j, '{');
	text_putc(out, '\n');
}

static void put_environment_names(struct jsonout *j,
				  const struct quota_fact *q)
{
	jsonout_open(j, "environments", '[');
	for (size_t i = 0; i < q->environment_count; i++)
		jsonout_string(j, NULL, q->environments[i]);
	jsonout_close(j, '[');
}

static void put_quotas(struct jsonout *j, const struct evidence *e)
{
	jsonout_open(j, "security_groups", '[');
	for (size_t i = 0; i < e->quota_count; i++) {
		const struct quota_fact *q = &e->quotas[i];

		jsonout_open(j, NULL, '{');
		jsonout_string(j, "layer", q->layer);
		jsonout_number(j, "group", q->number);
		jsonout_number(j, "ingress_ipv4", q->used[true][false]);
		jsonout_number(j, "ingress_ipv6", q->used[true][true]);
		jsonout_number(j, "egress_ipv4", q->used[false][false]);
		jsonout_number(j, "egress_ipv6", q->used[false][true]);
		jsonout_number(j, "rules_limit", q->limit);
		jsonout_number(j, "groups_on_an_interface", q->groups);
		jsonout_number(j, "groups_limit", q->groups_limit);
		put_environment_names(j, q);
		jsonout_close(j, '{');
	}
	jsonout_close(j, '[');
}

static void put_strings(struct jsonout *j, const char *key,
			const char *const *strings)
{
	jsonout_open(j, key, '[');
	for (; *strings; strings++)
		jsonout_string(j, NULL, *strings);
	jsonout_close(j, '[');
}

void evidence_json(struct text *out, const struct evidence *e)
{
	struct jsonout j = { .out = out };

	jsonout_open(&j, NULL, '{');
	jsonout_string(&j, "schema", "firebreak-model-1");
	jsonout_string(&j, "firebreak", FIREBREAK_VERSION);
	jsonout_string(&j, "policy", e->ir->policy);
	jsonout_string(&j, "title", e->ir->title);
	jsonout_string(&j, "as_of", e->day);
	jsonout_string(&j, "main", e->main);
	jsonout_string(&j, "main_before", e->main_before);
	jsonout_string(&j, "controls_chosen", e->packs);
	jsonout_string(&j, "classification", e->classification);
	jsonout_string(&j, "source_digest", e->source_digest);
	jsonout_number(&j, "review_days", e->ir->review_days);
	jsonout_number(&j, "proofs", (long long)e->proofs);
	put_summary(&j, &e->summary);
	put_concerns(&j, e);
	put_changes(&j, e);
	put_environments(&j, e);
	put_captures(&j, e);
	put_windows(&j, e);
	put_emergencies(&j, e);
	put_segments(&j, e);
	put_promises(&j, e);
	put_entries(&j, e);
	put_controls(&j, e);
	put_files(&j, "sources", e->sources, e->source_count);
	put_files(&j, "outputs", e->outputs, e->output_count);
	put_quotas(&j, e);
	put_strings(&j, "assumptions", assumptions);
	put_strings(&j, "limits", limits);
	jsonout_close(&j, '{');
	text_putc(out, '\n');
}
