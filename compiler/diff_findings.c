/*
 * A diff as a list of findings: one for each thing that a reader of its text is
 * told, the worst first, each at the line that causes it.  What makes the answer
 * no is an error; all else keeps the severity of its code.
 *
 * A finding is known by what it says, not by where: the same widening keeps its
 * fingerprint when lines move, and gets another one when it widens further.
 */
#include "compiler/diff_render.h"

#include "compiler/base/diag.h"

#include <string.h>

enum { WORDS_MOST = 240, RULES_MOST = 20, LISTED = 20, QUOTA_FULL = 90 };

struct listing {
	struct arena *arena;
	const struct fb_diff *diff;
	enum fb_fail_on fail_on;
	struct findings *out;
	LIST(struct finding) list;
};

/* One finding being made. */
struct making {
	struct fb_diag *diag;
	LIST(struct fb_part) parts;
	struct text key;
};

static const char *cut(const struct listing *l, const char *text)
{
	return diff_short(l->arena, text, WORDS_MOST);
}

static void add_part(const struct listing *l, struct making *m,
		     enum fb_part_kind kind, struct span span, const char *text)
{
	*LIST_PUSH(l->arena, &m->parts) = (struct fb_part){ kind, span, text };
}

static void note(const struct listing *l, struct making *m, const char *text)
{
	add_part(l, m, FB_NOTE_AT, (struct span){ 0 }, text);
}

/* MESSAGE about SUBJECT, with CODE's severity.  KEY is for its print. */
static struct making begin(const struct listing *l, enum diag_code code,
			   struct span span, const char *message)
{
	size_t count;
	const struct fb_code *row = &fb_codes(&count)[code];
	struct making m = { .key = TEXT_IN(l->arena) };

	m.diag = arena_alloc(l->arena, sizeof *m.diag);
	*m.diag = (struct fb_diag){ .code = row->code, .message = message,
				    .severity = row->severity, .span = span };
	return m;
}

/* It is told; FAILS when it is a reason to say no. */
static void end(struct listing *l, struct making *m, const char *kind,
		const char *subject, bool fails)
{
	struct finding *f = LIST_PUSH(l->arena, &l->list);

	if (fails)
		m->diag->severity = FB_ERROR;
	m->diag->parts = m->parts.at;
	m->diag->part_count = m->parts.count;
	f->diag = m->diag;
	f->kind = kind;
	f->subject = subject;
	f->fails = fails;
	findings_place_it(l->out, f);
	findings_print(f->print, arena_printf(l->arena, "%s\n%s",
		l->diff->policy, text_string(&m->key)));
}

static void put_list(struct text *out, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		text_printf(out, "%s%s", i ? "\n" : "", names[i]);
}

/* --- reach --- */

static bool is_opening(const struct fb_reach *r)
{
	return r->kind == FB_OPENS || r->kind == FB_MOVED;
}

static enum diag_code code_of(const struct fb_reach *r)
{
	switch (r->kind) {
	case FB_OPENS:	 return r->exposes ? P1002 : P1001;
	case FB_MOVED:	 return r->exposes ? P1002 : P1003;
	case FB_NARROWS: return P1004;
	case FB_CLOSES:	 break;
	}
	return P1005;
}

static const char *words_text(const struct listing *l,
			      const struct fb_words *w)
{
	return arena_printf(l->arena, "`%s -> %s` on `%s`%s%s",
			    cut(l, w->src), cut(l, w->dst),
			    cut(l, diff_services(l->arena, w)),
			    *w->family ? ", only " : "", w->family);
}

static void note_others(const struct listing *l, struct making *m,
			const struct fb_reach *r)
{
	note(l, m, arena_printf(l->arena, "%s: %s%s",
		is_opening(r) ? "before" : "left",
		*r->others ? cut(l, r->others) : "nothing between them",
		r->others_in_part ? ", between some of them" : ""));
}

/* Rules beside the first, which the finding stands at; those that are gone. */
static void note_rules(const struct listing *l, struct making *m,
		       const struct fb_reach *r)
{
	for (size_t i = 0; i < r->rule_count && i < RULES_MOST; i++) {
		const struct fb_named *n = &r->rules[i];

		if (n->old && n->file)
			note(l, m, arena_printf(l->arena,
				"by `%s`, which is gone: it stood at %s:%u",
				n->name, n->file, (unsigned)n->line));
		else if (i)
			add_part(l, m, FB_NOTE_AT, n->at, arena_printf(
				l->arena, "by `%s` too", n->name));
	}
	if (r->rule_count > RULES_MOST)
		note(l, m, arena_printf(l->arena, "by %zu rules more",
					r->rule_count - RULES_MOST));
	if (*r->expires && is_opening(r))
		note(l, m, arena_printf(l->arena, "until %s", r->expires));
}

/* What opens, by numbers, and where: whatever it is called. */
static void key_reach(struct making *m, const struct fb_reach *r)
{
	text_printf(&m->key, "%s\n%s\n%s\n%s\n%s\n", diff_verb(r->kind),
		    r->words.src, r->words.dst, r->words.ports,
		    r->words.family);
	put_list(&m->key, r->environments, r->environment_count);
}

static void add_reach(struct listing *l, const struct fb_reach *r)
{
	bool fails = r->unexpected || (is_opening(r) && l->fail_on) ||
		     l->fail_on == FB_FAIL_ANY;
	struct span at = r->rule_count ? r->rules[0].at : (struct span){ 0 };
	struct making m = begin(l, code_of(r), at, arena_printf(l->arena,
		"%s %s, %s", diff_verb(r->kind), words_text(l, &r->words),
		diff_where(l->arena, l->diff, r->environments,
			   r->environment_count)));

	if (r->unexpected)
		note(l, &m, "no --expect says that it opens");
	if (*r->reasons)
		note(l, &m, r->reasons);
	if (r->kind == FB_MOVED)
		note(l, &m, arena_printf(l->arena, "it was %s",
					 words_text(l, &r->from)));
	else
		note_others(l, &m, r);
	note_rules(l, &m, r);
	if (r->side_count)
		note(l, &m, arena_printf(l->arena, "on %s",
					 cut(l, diff_sides(l->arena, r))));
	if (r->side_count && *r->lines)
		note(l, &m, arena_printf(l->arena, "in the file\n%s",
					 r->lines));
	note(l, &m, arena_printf(l->arena, "for example %s", r->example));
	key_reach(&m, r);
	end(l, &m, r->rule_count ? "rule" : "",
	    r->rule_count ? r->rules[0].name : "", fails);
}

/* --- rules, addresses --- */

/* Is it in force for longer, or for ever? */
static bool lives_longer(const struct fb_rule_change *r)
{
	return r->kind == FB_RULE_METADATA && strcmp(r->what, "expires") == 0 &&
	       *r->was && (!*r->is || strcmp(r->is, r->was) > 0);
}

static const char *or_nothing(const struct listing *l, const char *text)
{
	return *text ? arena_printf(l->arena, "`%s`", cut(l, text)) : "nothing";
}

static void add_rule(struct listing *l, const struct fb_rule_change *r)
{
	bool metadata = r->kind == FB_RULE_METADATA;
	const char *message = metadata
		? arena_printf(l->arena, "`%s`: `%s` was %s and is %s",
			       r->rule.name, r->what, or_nothing(l, r->was),
			       or_nothing(l, r->is))
		: arena_printf(l->arena, "`%s` is %s: no packet differs",
			       r->rule.name, r->what);
	struct making m = begin(l, lives_longer(r) ? P1007 : metadata ? P1006
				: P1008, r->rule.at, message);

	if (r->rule.old && r->rule.file)
		note(l, &m, arena_printf(l->arena, "it stood at %s:%u",
					 r->rule.file, (unsigned)r->rule.line));
	text_printf(&m.key, "%s\n%s\n%s", metadata ? "metadata" : "same",
		    r->rule.name, r->what);
	end(l, &m, "rule", r->rule.name, l->fail_on == FB_FAIL_ANY);
}

static void add_place(struct listing *l, const struct fb_place_change *p)
{
	const char *where = diff_where(l->arena, l->diff, p->environments,
				       p->environment_count);
	struct making m = begin(l, P1009, p->at, arena_printf(l->arena,
		"%s%s%s%s, %s: was %s and is %s", p->what, *p->name ? " `" : "",
		p->name, *p->name ? "`" : "", where, or_nothing(l, p->was),
		or_nothing(l, p->is)));

	text_printf(&m.key, "addresses\n%s\n%s\n%s\n", p->what, p->name, p->is);
	put_list(&m.key, p->environments, p->environment_count);
	end(l, &m, "", "", l->fail_on == FB_FAIL_ANY);
}

/* --- invariants --- */

static enum diag_code invariant_code(enum fb_invariant_change_kind kind)
{
	switch (kind) {
	case FB_INVARIANT_BREAKS:
		return P1010;
	case FB_INVARIANT_BROKEN: case FB_INVARIANT_REMOVED:
	case FB_INVARIANT_CHANGED: case FB_INVARIANT_WAIVED:
		return P1011;
	case FB_INVARIANT_ADDED: case FB_INVARIANT_MENDED:
		break;
	}
	return P1012;
}

static const char *invariant_text(const struct listing *l,
				  const struct fb_invariant_change *v)
{
	const char *name = v->invariant.name;

	switch (v->kind) {
	case FB_INVARIANT_BREAKS:
		return arena_printf(l->arena, "this change breaks `%s`: %s",
				    name, cut(l, v->detail));
	case FB_INVARIANT_BROKEN:
		return arena_printf(l->arena, "`%s` was broken and still is: %s",
				    name, cut(l, v->detail));
	case FB_INVARIANT_REMOVED:
		return arena_printf(l->arena, "`%s` is removed: nothing keeps it any more",
				    name);
	case FB_INVARIANT_CHANGED:
		return arena_printf(l->arena, "`%s` says something else", name);
	case FB_INVARIANT_ADDED:
		return arena_printf(l->arena, "`%s` is new, and holds", name);
	case FB_INVARIANT_MENDED:
		return arena_printf(l->arena, "`%s` was broken, and holds now",
				    name);
	case FB_INVARIANT_WAIVED:
		return arena_printf(l->arena, "only waivers keep `%s` from being broken",
				    name);
	}
	return "";
}

static void add_invariant(struct listing *l,
			  const struct fb_invariant_change *v)
{
	const struct fb_named *cause = v->cause.name ? &v->cause : NULL;
	struct making m = begin(l, invariant_code(v->kind),
				cause ? cause->at : v->invariant.at,
				invariant_text(l, v));

	if (cause) {
		add_part(l, &m, FB_NOTE_AT, v->invariant.at, arena_printf(
			l->arena, "`%s` stands here", v->invariant.name));
		note(l, &m, arena_printf(l->arena, "`%s` lets it through",
					 cause->name));
	}
	if (v->kind == FB_INVARIANT_CHANGED || v->kind == FB_INVARIANT_REMOVED)
		note(l, &m, arena_printf(l->arena, "it was `%s`",
					 cut(l, v->detail)));
	text_printf(&m.key, "invariant\n%s\n%s", diff_invariant_word(v->kind),
		    v->invariant.name);
	end(l, &m, "invariant", v->invariant.name,
	    l->fail_on == FB_FAIL_ANY ||
	    (v->kind == FB_INVARIANT_BREAKS && l->fail_on));
}

/* --- outputs --- */

/* A security group that goes takes its interfaces' rules with it. */
static bool is_group_loss(const struct fb_resource_change *r)
{
	return !*r->group && (r->kind == FB_REPLACED || r->kind == FB_REMOVED);
}

static void add_group(struct listing *l, const struct fb_resource_change *r)
{
	const char *what = r->kind == FB_REPLACED ? "replaced" : "removed";
	struct making m = begin(l, P1013, (struct span){ 0 }, arena_printf(
		l->arena, "`%s` is %s in %s", r->key, what,
		diff_files(l->arena, r->paths, r->path_count)));

	m.diag->severity = FB_WARNING;
	note(l, &m, "interfaces that carry this group lose its rules meanwhile");
	text_printf(&m.key, "group\n%s\n%s\n", what, r->key);
	put_list(&m.key, r->paths, r->path_count);
	end(l, &m, "", "", l->fail_on == FB_FAIL_ANY);
}

static const char *resource_lines(const struct listing *l)
{
	static const char signs[] = "+~!-";
	const struct fb_diff *d = l->diff;
	struct text out = TEXT_IN(l->arena);

	for (size_t i = 0; i < d->resource_count && i < LISTED; i++) {
		const struct fb_resource_change *r = &d->resources[i];

		text_printf(&out, "%s%c %s: ", i ? "\n" : "", signs[r->kind],
			    *r->group ? r->group : r->key);
		text_puts(&out, cut(l, *r->was ? r->was : r->is));
		if (*r->was && *r->is)
			text_printf(&out, " -> %s", cut(l, r->is));
	}
	if (d->resource_count > LISTED)
		text_printf(&out, "\nand %zu more", d->resource_count - LISTED);
	return text_string(&out);
}

static void add_outputs(struct listing *l)
{
	const struct fb_diff *d = l->diff;
	struct making m;

	if (*d->outputs_refused) {
		m = begin(l, P1013, (struct span){ 0 }, arena_printf(l->arena,
			"the outputs were not compared: %s",
			cut(l, d->outputs_refused)));
		m.diag->severity = FB_WARNING;
		text_puts(&m.key, "outputs refused");
		end(l, &m, "", "", false);
	}
	for (size_t i = 0; i < d->resource_count; i++)
		if (is_group_loss(&d->resources[i]))
			add_group(l, &d->resources[i]);
	if (!d->resource_count)
		return;
	m = begin(l, P1013, (struct span){ 0 }, arena_printf(l->arena,
		"%s in the outputs for AWS", diff_resources(l->arena, d)));
	note(l, &m, resource_lines(l));
	text_puts(&m.key, "outputs");
	end(l, &m, "", "", l->fail_on == FB_FAIL_ANY);
}

static void add_quota(struct listing *l, const struct fb_quota_change *q)
{
	struct making m = begin(l, P1014, (struct span){ 0 }, arena_printf(
		l->arena, "%s uses %u of %u rules, was %u, in %s", q->group,
		q->is, q->most, q->was,
		diff_files(l->arena, q->paths, q->path_count)));

	if (q->is > q->was && q->is * 100ull >= q->most * (uint64_t)QUOTA_FULL)
		m.diag->severity = FB_WARNING;
	text_printf(&m.key, "quota\n%s\n", q->group);
	put_list(&m.key, q->paths, q->path_count);
	end(l, &m, "", "", false);
}

/* --- what runs --- */

static void add_file(struct listing *l, const struct fb_file_change *f)
{
	bool odd = f->kind == FB_FILE_EDITED || f->kind == FB_FILE_MISSING;
	struct making m = begin(l, odd ? P1016 : P1013, (struct span){ 0 },
		arena_printf(l->arena, "`%s` %s", f->path,
			     diff_file_word(f->kind)));

	text_printf(&m.key, "file\n%d\n%s", (int)f->kind, f->path);
	end(l, &m, "", "", l->fail_on == FB_FAIL_ANY);
}

/* What is not compared is never equal: who asks for any difference is told no. */
static void add_uncovered(struct listing *l, const char *what)
{
	struct making m = begin(l, P1016, (struct span){ 0 }, arena_printf(
		l->arena, "not compared: %s", what));

	text_printf(&m.key, "uncovered\n%s", what);
	end(l, &m, "", "", l->fail_on == FB_FAIL_ANY);
}

/* --- all of it --- */

static void add_unmet(struct listing *l, const char *sentence)
{
	struct making m = begin(l, P1015, (struct span){ 0 }, sentence);

	text_printf(&m.key, "unmet\n%s", sentence);
	end(l, &m, "", "", true);
}

/* About freezes and emergencies: told already, as every message is. */
static void add_told(struct listing *l, const struct fb_diag *told)
{
	struct making m = { .key = TEXT_IN(l->arena) };

	m.diag = arena_alloc(l->arena, sizeof *m.diag);
	*m.diag = *told;
	for (size_t i = 0; i < told->part_count; i++)
		*LIST_PUSH(l->arena, &m.parts) = told->parts[i];
	text_printf(&m.key, "told\n%s\n%s", told->code, told->message);
	end(l, &m, "", "", told->severity == FB_ERROR);
}

static void add_all(struct listing *l)
{
	const struct fb_diff *d = l->diff;

	for (size_t i = 0; i < d->told_count; i++)
		add_told(l, &d->told[i]);

	for (size_t i = 0; i < d->unmet_count; i++)
		add_unmet(l, d->unexpected[i]);
	for (size_t i = 0; i < d->invariant_count; i++)
		add_invariant(l, &d->invariants[i]);
	for (size_t i = 0; i < d->reach_count; i++)
		add_reach(l, &d->reach[i]);
	for (size_t i = 0; i < d->rule_count; i++)
		add_rule(l, &d->rules[i]);
	for (size_t i = 0; i < d->place_count; i++)
		add_place(l, &d->places[i]);
	add_outputs(l);
	for (size_t i = 0; i < d->quota_count; i++)
		add_quota(l, &d->quotas[i]);
	for (size_t i = 0; i < d->file_count; i++)
		add_file(l, &d->files[i]);
	for (size_t i = 0; i < d->uncovered_count; i++)
		add_uncovered(l, d->uncovered[i]);
}

/* Every finding is a case too, so that a test report has what passes. */
static void add_cases(struct listing *l)
{
	struct finding_case *cases = arena_array(l->arena, l->list.count,
						 sizeof *cases);

	for (size_t i = 0; i < l->list.count; i++) {
		const struct finding *f = &l->list.at[i];

		cases[i] = (struct finding_case){ CASE_CHANGE,
			f->fails ? CASE_FAILED : CASE_PASSED, f->diag->message,
			f->place, f };
	}
	l->out->cases = cases;
	l->out->case_count = l->list.count;
}

void diff_findings(struct findings *out, const struct fb_diff *diff,
		   enum fb_fail_on fail_on)
{
	struct listing l = { out->arena, diff, fail_on, out, { 0 } };

	add_all(&l);
	out->all = l.list.at;
	out->count = l.list.count;
	findings_finish(out, l.list.at);
	add_cases(&l);
}

bool fb_diff_fails(const struct fb_diff *d, enum fb_fail_on fail_on)
{
	if (d->broken_freezes)
		return true;
	switch (fail_on) {
	case FB_FAIL_NEVER:
		break;
	case FB_FAIL_WIDENING:
		return d->unexpected_count || d->opens || d->moved ||
		       (d->invariant_count &&
			d->invariants[0].kind == FB_INVARIANT_BREAKS);
	case FB_FAIL_ANY:
		return d->unexpected_count || d->reach_count || d->rule_count ||
		       d->place_count || d->invariant_count ||
		       d->resource_count || d->file_count ||
		       d->uncovered_count;
	}
	return d->unexpected_count;
}
