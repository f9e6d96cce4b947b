/*
 * model.json: every fact, as schemas/model.schema.json says.  Objects with a
 * fixed order of keys, a line a member, so that two reports diff well.
 */
#include "compiler/evidence/evidence.h"

#include "compiler/base/markup.h"
#include "compiler/evidence/assumptions.h"

/* Where in the text: how deep, and whether something stands before. */
struct json_writer {
	struct text *out;
	unsigned depth;
	bool started;
};

static void next(struct json_writer *j)
{
	text_puts(j->out, j->started ? ",\n" : "\n");
	text_fill(j->out, ' ', 2 * j->depth);
	j->started = true;
}

static void open_with(struct json_writer *j, const char *key, char bracket)
{
	if (j->depth)
		next(j);
	if (key)
		text_printf(j->out, "\"%s\": ", key);
	text_putc(j->out, bracket);
	j->depth++;
	j->started = false;
}

static void close_with(struct json_writer *j, char bracket)
{
	j->depth--;
	if (j->started) {
		text_putc(j->out, '\n');
		text_fill(j->out, ' ', 2 * j->depth);
	}
	text_putc(j->out, bracket);
	j->started = true;
}

/* KEY (NULL in a list) and STRING; a NULL one is null. */
static void put(struct json_writer *j, const char *key, const char *string)
{
	next(j);
	if (key)
		text_printf(j->out, "\"%s\": ", key);
	if (string)
		put_json(j->out, string);
	else
		text_puts(j->out, "null");
}

static void put_number(struct json_writer *j, const char *key, long long number)
{
	next(j);
	text_printf(j->out, "\"%s\": %lld", key, number);
}

static void put_bool(struct json_writer *j, const char *key, bool value)
{
	next(j);
	text_printf(j->out, "\"%s\": %s", key, value ? "true" : "false");
}

static void put_files(struct json_writer *j, const char *key,
		      const struct file_fact *files, size_t count)
{
	open_with(j, key, '[');
	for (size_t i = 0; i < count; i++) {
		open_with(j, NULL, '{');
		put(j, "path", files[i].path);
		put_number(j, "bytes", (long long)files[i].len);
		put(j, "sha256", files[i].digest);
		close_with(j, '}');
	}
	close_with(j, ']');
}

static void put_summary(struct json_writer *j, const struct fb_summary *s)
{
	open_with(j, "summary", '{');
	put_number(j, "invariants", (long long)s->invariants);
	put_number(j, "broken", (long long)s->broken);
	put_number(j, "expectations", (long long)s->expects);
	put_number(j, "unmet", (long long)s->unmet);
	put_number(j, "rules", (long long)s->rules);
	put_number(j, "expired", (long long)s->expired);
	put_number(j, "environments", (long long)s->environments);
	close_with(j, '}');
}

static void put_concerns(struct json_writer *j, const struct evidence *e)
{
	open_with(j, "attention", '[');
	for (size_t i = 0; i < e->concern_count; i++) {
		const struct concern *c = &e->concerns[i];

		open_with(j, NULL, '{');
		put(j, "kind", c->kind == ATTENTION_WRONG ? "wrong" : "soon");
		put(j, "code", c->code);
		put(j, "what", c->what);
		put(j, "where", c->where);
		put(j, "owner", c->owner);
		put(j, "fails_on", c->when);
		close_with(j, '}');
	}
	close_with(j, ']');
}

static void put_environments(struct json_writer *j, const struct evidence *e)
{
	open_with(j, "environments", '[');
	for (uint32_t i = 0; i < e->ir->space_count; i++) {
		const struct ir_space *s = &e->ir->spaces[i];

		open_with(j, NULL, '{');
		put(j, "name", evidence_space(e, i));
		put(j, "customer", e->ir->customers[s->customer].name);
		put(j, "environment", e->ir->environments[s->environment]);
		put(j, "account", s->account);
		put(j, "region", s->region);
		put(j, "vpc", evidence_addresses(j->out->arena, s->vpc));
		put(j, "nat", evidence_addresses(j->out->arena, s->nat));
		put_number(j, "rules", (long long)e->environments[i].rules);
		put_number(j, "exceptions",
			   (long long)e->environments[i].exceptions);
		put_number(j, "reviews_overdue",
			   (long long)e->environments[i].overdue);
		put_number(j, "invariants_broken",
			   (long long)e->environments[i].broken);
		close_with(j, '}');
	}
	close_with(j, ']');
}

static void put_cell(struct json_writer *j, const struct segment *s,
		     const struct cell *c)
{
	open_with(j, NULL, '{');
	put(j, "from", s->nodes[c->from].name);
	put(j, "to", s->nodes[c->to].name);
	put(j, "forbidden_by", c->forbidden_by);
	open_with(j, "services", '[');
	for (size_t i = 0; i < c->line_count; i++) {
		const struct service_line *l = &c->lines[i];

		open_with(j, NULL, '{');
		put(j, "service", l->text);
		put_bool(j, "some_addresses", l->in_part);
		put_bool(j, "exception", l->exceptional);
		put(j, "until", l->until);
		close_with(j, '}');
	}
	close_with(j, ']');
	close_with(j, '}');
}

static void put_nodes(struct json_writer *j, const struct segment *s)
{
	static const char *const kinds[] = {
		[NODE_INTERNET] = "internet", [NODE_NETWORK] = "network",
		[NODE_PEER] = "peer", [NODE_LAYER] = "layer",
		[NODE_REST] = "rest",
	};

	open_with(j, "ends", '[');
	for (size_t i = 0; i < s->node_count; i++) {
		open_with(j, NULL, '{');
		put(j, "name", s->nodes[i].name);
		put(j, "kind", kinds[s->nodes[i].kind]);
		put(j, "title", s->nodes[i].title);
		if (s->steps[i].hops != UINT32_MAX)
			put_number(j, "steps_from_internet", s->steps[i].hops);
		close_with(j, '}');
	}
	close_with(j, ']');
}

static void put_segments(struct json_writer *j, const struct evidence *e)
{
	open_with(j, "segments", '[');
	for (size_t i = 0; i < e->segment_count; i++) {
		const struct segment *s = &e->segments[i];

		open_with(j, NULL, '{');
		open_with(j, "environments", '[');
		for (size_t k = 0; k < s->space_count; k++)
			put(j, NULL, evidence_space(e, s->spaces[k]));
		close_with(j, ']');
		put_nodes(j, s);
		open_with(j, "matrix", '[');
		for (size_t k = 0; k < s->cell_count; k++)
			put_cell(j, s, &s->cells[k]);
		close_with(j, ']');
		close_with(j, '}');
	}
	close_with(j, ']');
}

static void put_hops(struct json_writer *j, const struct evidence *e,
		     const struct verdict *v)
{
	open_with(j, "route", '[');
	for (size_t i = 0; i < v->hop_count; i++) {
		const struct verdict_hop *h = &v->hops[i];

		open_with(j, NULL, '{');
		put(j, "environment", evidence_space(e, h->space));
		put(j, "packet", packet_text(j->out->arena, &h->packet));
		open_with(j, "rules", '[');
		for (size_t k = 0; k < h->rule_count; k++)
			put(j, NULL, e->ir->rules[h->rules[k]].name);
		close_with(j, ']');
		close_with(j, '}');
	}
	close_with(j, ']');
}

static void put_promises(struct json_writer *j, const struct evidence *e)
{
	static const char *const kinds[] = {
		[VERDICT_HOLDS] = "holds", [VERDICT_BROKEN] = "broken",
		[VERDICT_WAIVED] = "waived", [VERDICT_FAULT] = "fault",
	};

	open_with(j, "invariants", '[');
	for (size_t i = 0; i < e->promise_count; i++) {
		const struct promise *p = &e->promises[i];

		open_with(j, NULL, '{');
		put(j, "name", p->invariant->name);
		put(j, "result", kinds[p->verdict->kind]);
		put(j, "statement", p->statement);
		put(j, "where", p->where);
		put(j, "owner", p->invariant->owner.value);
		put(j, "reason", p->invariant->reason.value);
		open_with(j, "controls", '[');
		for (size_t k = 0; k < p->invariant->control_count; k++)
			put(j, NULL, p->invariant->controls[k]);
		close_with(j, ']');
		put_hops(j, e, p->verdict);
		close_with(j, '}');
	}
	close_with(j, ']');
}

static void put_entries(struct json_writer *j, const struct evidence *e)
{
	open_with(j, "rules", '[');
	for (size_t i = 0; i < e->entry_count; i++) {
		const struct entry *entry = &e->entries[i];
		const struct ir_rule *r = entry->rule;

		open_with(j, NULL, '{');
		put(j, "name", r->name);
		put(j, "statement", entry->statement);
		put(j, "where", entry->where);
		put_bool(j, "in_force", r->in_force);
		put(j, "owner", r->owner.value);
		put(j, "ticket", r->ticket.value);
		put(j, "reason", r->reason.value);
		put(j, "party", r->party.value);
		put(j, "approved_by", r->approved_by.value);
		put(j, "reviewed_on", r->reviewed.value);
		put(j, "reviewed_by", r->reviewed_by.value);
		put_bool(j, "review_overdue", entry->overdue);
		put(j, "expires_on", r->expires.value);
		put(j, "waives", r->waives.value);
		put_bool(j, "log", r->log);
		put_number(j, "environments", (long long)entry->environments);
		close_with(j, '}');
	}
	close_with(j, ']');
}

static void put_controls(struct json_writer *j, const struct evidence *e)
{
	open_with(j, "controls", '[');
	for (size_t i = 0; i < e->control_count; i++) {
		const struct control_row *row = &e->controls[i];

		open_with(j, NULL, '{');
		put(j, "pack", row->control->pack);
		put(j, "id", row->control->id);
		put(j, "title", row->control->title);
		put(j, "shown", row->control->shown);
		put(j, "not_shown", row->control->not_shown);
		put_bool(j, "an_invariant_is_broken", row->broken);
		open_with(j, "invariants", '[');
		for (size_t k = 0; k < row->invariant_count; k++)
			put(j, NULL, row->invariants[k]);
		close_with(j, ']');
		close_with(j, '}');
	}
	close_with(j, ']');
}

static void put_commit(struct json_writer *j, const struct fb_commit *c,
		       const struct approval *a)
{
	open_with(j, NULL, '{');
	put(j, "commit", c->hash);
	put(j, "day", c->day);
	put(j, "author", c->author);
	put(j, "email", c->email);
	put(j, "subject", c->subject);
	put(j, "tickets", c->tickets);
	put(j, "approvers", c->approvers);
	if (a) {
		put(j, "exported_approvals", a->exported);
		put_bool(j, "approved_by_author_only", a->by_author);
		put_bool(j, "approval_missing", a->missing);
	}
	close_with(j, '}');
}

/* The period as it was read: all that a bundle needs to be made again. */
static void put_since(struct json_writer *j, const struct evidence *e,
		      bool judged)
{
	const struct fb_since *s = e->since;

	put(j, "since", s->name);
	put(j, "from", s->from);
	put(j, "to", s->to);
	put(j, "path", s->path);
	put_bool(j, "uncommitted", s->uncommitted);
	open_with(j, "commits", '[');
	for (size_t i = 0; i < s->commit_count; i++)
		put_commit(j, &s->commits[i], judged ? &e->approvals[i] : NULL);
	close_with(j, ']');
}

static void put_reach(struct json_writer *j, const struct fb_reach *r)
{
	static const char *const kinds[] = {
		[FB_OPENS] = "opens", [FB_MOVED] = "moved",
		[FB_NARROWS] = "narrows", [FB_CLOSES] = "closes",
	};

	open_with(j, NULL, '{');
	put(j, "kind", kinds[r->kind]);
	put(j, "from", r->words.src);
	put(j, "to", r->words.dst);
	put(j, "services", r->words.services);
	put(j, "ports", r->words.ports);
	put(j, "family", r->words.family);
	put(j, "reasons", r->reasons);
	put(j, "expires_on", r->expires);
	put(j, "example", r->example);
	open_with(j, "environments", '[');
	for (size_t i = 0; i < r->environment_count; i++)
		put(j, NULL, r->environments[i]);
	close_with(j, ']');
	open_with(j, "rules", '[');
	for (size_t i = 0; i < r->rule_count; i++)
		put(j, NULL, r->rules[i].name);
	close_with(j, ']');
	close_with(j, '}');
}

static void put_changes(struct json_writer *j, const struct evidence *e)
{
	if (!e->since) {
		next(j);
		text_puts(j->out, "\"changes\": null");
		return;
	}
	open_with(j, "changes", '{');
	put_since(j, e, true);
	open_with(j, "reach", '[');
	for (size_t i = 0; i < e->changes->reach_count; i++)
		put_reach(j, &e->changes->reach[i]);
	close_with(j, ']');
	close_with(j, '}');
}

void evidence_history(struct text *out, const struct evidence *e)
{
	struct json_writer j = { .out = out };

	open_with(&j, NULL, '{');
	put(&j, "schema", "firebreak-history-1");
	put_since(&j, e, false);
	close_with(&j, '}');
	text_putc(out, '\n');
}

static void put_strings(struct json_writer *j, const char *key,
			const char *const *strings)
{
	open_with(j, key, '[');
	for (; *strings; strings++)
		put(j, NULL, *strings);
	close_with(j, ']');
}

void evidence_json(struct text *out, const struct evidence *e)
{
	struct json_writer j = { .out = out };

	open_with(&j, NULL, '{');
	put(&j, "schema", "firebreak-model-1");
	put(&j, "firebreak", FIREBREAK_VERSION);
	put(&j, "policy", e->ir->policy);
	put(&j, "title", e->ir->title);
	put(&j, "as_of", e->day);
	put(&j, "main", e->main);
	put(&j, "main_before", e->main_before);
	put(&j, "controls_chosen", e->packs);
	put(&j, "classification", e->classification);
	put(&j, "source_digest", e->source_digest);
	put_number(&j, "review_days", e->ir->review_days);
	put_number(&j, "proofs", (long long)e->proofs);
	put_summary(&j, &e->summary);
	put_concerns(&j, e);
	put_changes(&j, e);
	put_environments(&j, e);
	put_segments(&j, e);
	put_promises(&j, e);
	put_entries(&j, e);
	put_controls(&j, e);
	put_files(&j, "sources", e->sources, e->source_count);
	put_files(&j, "outputs", e->outputs, e->output_count);
	put_strings(&j, "assumptions", assumptions);
	put_strings(&j, "limits", limits);
	close_with(&j, '}');
	text_putc(out, '\n');
}
