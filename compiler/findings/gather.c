/* Diagnostics to findings: whose they are, where they are, which they are. */
#include "compiler/findings/findings.h"

#include "compiler/base/date.h"
#include "compiler/base/diag.h"
#include "compiler/base/table.h"

#include <stdlib.h>
#include <string.h>

/* A statement with a name, by place. */
struct named {
	struct span span;
	const char *kind, *name;
};

struct gather {
	struct arena *arena;
	const struct findings_from *from;
	LIST(struct named) named;
	struct table owners;		/* struct proved, by the address of a message */
	const char *policy;
	const struct findings *out;
};

const char *findings_severity(const struct finding *finding)
{
	static const char *const words[] = { "error", "warning", "note" };

	return words[finding->diag->severity];
}

const char *findings_status(enum fb_status status)
{
	static const char *const words[] = { "ok", "no", "bad", "fault",
					     "memory" };

	return words[status];
}

const char *findings_path(const char *cwd, const char *name)
{
	size_t len = strlen(cwd);

	if (len && strncmp(name, cwd, len) == 0)
		return name + len;
	while (strncmp(name, "./", 2) == 0)
		name += 2;
	return name;
}

struct fb_place findings_place(const struct findings *f, struct span span)
{
	struct fb_place place = source_place(f->sources, span);

	if (place.file)
		place.file = findings_path(f->cwd, place.file);
	return place;
}

const char *findings_detail(struct arena *arena, const struct finding *finding)
{
	struct text out = TEXT_IN(arena);
	const struct fb_diag *d = finding->diag;

	for (size_t i = 0; i < d->part_count; i++) {
		const struct fb_part *part = &d->parts[i];

		if (part->kind == FB_NOTE_AT && part->span.hi == 0)
			text_printf(&out, "%snote: %s", out.len ? "\n" : "",
				    part->text);
		else if (part->kind == FB_HELP)
			text_printf(&out, "%shelp: %s", out.len ? "\n" : "",
				    part->text);
	}
	return text_string(&out);
}

/* --- whose --- */

static int by_place(const void *x, const void *y)
{
	const struct named *a = x, *b = y;

	return (a->span.lo > b->span.lo) - (a->span.lo < b->span.lo);
}

static void add_named(struct gather *g, struct span span, const char *kind,
		      const char *name)
{
	if (span.hi)
		*LIST_PUSH(g->arena, &g->named) = (struct named){ span, kind,
								  name };
}

static void list_named(struct gather *g)
{
	const struct ir *ir = g->from->ir;

	for (size_t i = 0; ir && i < ir->rule_count; i++)
		add_named(g, span_join(ir->rules[i].name_span,
				       ir->rules[i].span),
			  "rule", ir->rules[i].name);
	for (size_t i = 0; ir && i < ir->invariant_count; i++)
		add_named(g, span_join(ir->invariants[i].name_span,
				       ir->invariants[i].span),
			  "invariant", ir->invariants[i].name);
	if (g->named.count)
		qsort(g->named.at, g->named.count, sizeof *g->named.at,
		      by_place);
}

/* The statement that SPAN lies in, or NULL. */
static const struct named *find_named(const struct gather *g, struct span span)
{
	size_t lo = 0, hi = g->named.count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (g->named.at[mid].span.lo <= span.lo)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo || span.hi == 0 || span.lo >= g->named.at[lo - 1].span.hi)
		return NULL;
	return &g->named.at[lo - 1];
}

/* --- which --- */

void findings_print(char out[PRINT_TEXT], const char *key)
{
	char digest[65];

	fb_digest(key, strlen(key), digest);
	memcpy(out, digest, PRINT_TEXT - 1);
	out[PRINT_TEXT - 1] = '\0';
}

/* What a finding is known by: no line, no column, no number of another one. */
static void make_print(const struct gather *g, struct finding *f)
{
	struct text key = TEXT_IN(g->arena);

	text_printf(&key, "%s\n%s\n%s\n%s", f->diag->code, g->policy, f->kind,
		    *f->subject ? f->subject : f->diag->message);
	findings_print(f->print, text_string(&key));
}

/* Of findings with one print the second and later get another. */
static void tell_apart(struct arena *arena, struct finding *all, size_t count)
{
	struct table seen = TABLE_IN(arena);

	for (size_t i = 0; i < count; i++) {
		char *key = arena_copy(arena, all[i].print, PRINT_TEXT - 1);
		size_t **slot = (size_t **)table_at_name(&seen, key);

		if (!*slot) {
			*slot = arena_alloc(arena, sizeof **slot);
			continue;
		}
		findings_print(all[i].print, arena_printf(arena, "%s %zu", key,
							  ++**slot));
	}
}

/* --- where --- */

/* Who said what: each message is one string, and known by where it is kept. */
static void list_owners(struct gather *g)
{
	for (size_t i = 0; i < g->from->proved_count; i++) {
		const struct proved *p = &g->from->proved[i];

		for (size_t k = p->from; k < p->to; k++) {
			const char **key = arena_alloc(g->arena, sizeof *key);

			*key = diag_message(g->from->diags, k);
			*table_at(&g->owners, key, sizeof *key) = (void *)p;
		}
	}
}

/* The proved file that D was said about, or NULL. */
static const struct proved *proved_of(const struct gather *g,
				      const struct fb_diag *d)
{
	return table_get(&g->owners, &d->message, sizeof d->message);
}

void findings_place_it(const struct findings *f, struct finding *one)
{
	one->place = findings_place(f, one->diag->span);
	one->file = one->place.file ? one->place.file : f->first_file;
	one->line = one->place.file ? one->place.line : 1;
}

static void place_it(const struct gather *g, struct finding *f)
{
	const struct proved *proved = proved_of(g, f->diag);

	findings_place_it(g->out, f);
	if (!f->place.file && proved)
		f->file = findings_path(g->from->cwd, proved->name);
}

static const char *helps(struct arena *arena, const struct fb_diag *d)
{
	struct text out = TEXT_IN(arena);

	for (size_t i = 0; i < d->part_count; i++)
		if (d->parts[i].kind == FB_HELP)
			text_printf(&out, "%s%s", out.len ? "\n" : "",
				    d->parts[i].text);
	return text_string(&out);
}

/* Warnings that `check` fails for: what has expired, what is overdue. */
static bool is_failing(const struct fb_diag *d)
{
	return d->severity == FB_ERROR || strcmp(d->code, "P0701") == 0 ||
	       strcmp(d->code, "P0704") == 0 || strcmp(d->code, "P0709") == 0;
}

static void make_finding(const struct gather *g, struct finding *f,
			 const struct fb_diag *d)
{
	const struct named *named = find_named(g, d->span);

	f->diag = d;
	f->kind = named ? named->kind : "";
	f->subject = named ? named->name : "";
	f->fails = is_failing(d);
	place_it(g, f);
	make_print(g, f);
}

/* --- cases --- */

struct cases {
	const struct gather *g;
	const struct finding *all;
	size_t count;
	LIST(struct finding_case) list;
};

static struct finding_case *add_case(struct cases *c, enum case_kind kind,
				     const char *name, struct span span)
{
	struct finding_case *made = LIST_PUSH(c->g->arena, &c->list);

	made->kind = kind;
	made->name = name;
	made->place = source_place(c->g->from->sources, span);
	if (made->place.file)
		made->place.file = findings_path(c->g->from->cwd,
						 made->place.file);
	return made;
}

/* The finding of a range of codes (4: P04) that begins at SPAN, or NULL. */
static const struct finding *told_at(const struct cases *c, struct span span)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->all[i].diag->span.lo == span.lo && c->all[i].fails &&
		    diag_range(c->all[i].diag->code) == 4)
			return &c->all[i];
	return NULL;
}

static void add_invariants(struct cases *c)
{
	static const enum case_result results[] = {
		[VERDICT_HOLDS] = CASE_PASSED, [VERDICT_BROKEN] = CASE_FAILED,
		[VERDICT_WAIVED] = CASE_WAIVED,
	};
	const struct ir *ir = c->g->from->ir;

	for (size_t i = 0; c->g->from->verdicts && i < ir->invariant_count; i++) {
		const struct ir_invariant *inv = &ir->invariants[i];
		struct finding_case *made = add_case(c, CASE_INVARIANT,
						     inv->name, inv->name_span);

		made->result = results[c->g->from->verdicts[i].kind];
		if (made->result == CASE_FAILED)
			made->finding = told_at(c, inv->name_span);
	}
}

/* The words of SPAN in one line. */
static const char *words_of(const struct gather *g, struct span span)
{
	const struct source *s = source_of(g->from->sources, span.lo);
	struct text out = TEXT_IN(g->arena);

	for (uint32_t i = span.lo; s && i < span.hi; i++) {
		char c = s->text[i - s->base];

		if (!strchr(" \t\r\n", c))
			text_putc(&out, c);
		else if (out.len && out.at[out.len - 1] != ' ')
			text_putc(&out, ' ');
	}
	return text_string(&out);
}

static void add_expectations(struct cases *c)
{
	const struct ir *ir = c->g->from->ir;

	for (size_t i = 0; c->g->from->expects && i < ir->expect_count; i++) {
		struct span span = ir->expects[i].span;
		struct finding_case *made = add_case(c, CASE_EXPECTATION,
			words_of(c->g, span), span);

		made->finding = told_at(c, span);
		made->result = made->finding ? CASE_FAILED : CASE_PASSED;
	}
}

static void add_files(struct cases *c)
{
	size_t first = c->list.count;

	for (size_t i = 0; i < c->g->from->proved_count; i++) {
		const struct proved *p = &c->g->from->proved[i];
		struct finding_case *made = add_case(c, CASE_FILE,
			findings_path(c->g->from->cwd, p->name),
			(struct span){ 0 });

		made->result = p->status == FB_OK ? CASE_PASSED
			: p->status == FB_NO ? CASE_FAILED : CASE_UNKNOWN;
	}
	for (size_t k = c->count; k-- > 0;) {
		const struct proved *p = proved_of(c->g, c->all[k].diag);
		struct finding_case *made = p ? &c->list.at[first +
			(size_t)(p - c->g->from->proved)] : NULL;

		/* the first that is a reason for its failing, if there is one */
		if (made && (c->all[k].fails || !made->finding))
			made->finding = &c->all[k];
	}
}

/* --- all of it --- */

static const char *first_file(const struct findings_from *from)
{
	const struct sources *s = from->sources;

	return s->files.count ? findings_path(from->cwd, s->files.at[0]->name)
			      : "policy";
}

static void count_in(struct findings *f, const struct fb_diag *d)
{
	switch (d->severity) {
	case FB_ERROR:	 f->errors++; break;
	case FB_WARNING: f->warnings++; break;
	case FB_NOTE:	 f->notes++; break;
	}
}

struct findings findings_begin(struct arena *arena,
			       const struct findings_from *from)
{
	struct findings out = { .arena = arena, .sources = from->sources,
				.command = from->command, .cwd = from->cwd,
				.status = from->status,
				.kernel = from->kernel,
				.first_file = first_file(from) };

	out.codes = fb_codes(&out.code_count);
	out.policy = from->ir && from->ir->policy ? from->ir->policy : "";
	out.day = date_text(from->as_of, arena_alloc(arena, DATE_TEXT));
	return out;
}

void findings_finish(struct findings *f, struct finding *all)
{
	for (size_t i = 0; i < f->count; i++) {
		all[i].code = fb_code_find(all[i].diag->code);
		all[i].help = helps(f->arena, all[i].diag);
		count_in(f, all[i].diag);
	}
	tell_apart(f->arena, all, f->count);
}

struct findings findings_gather(struct arena *arena,
				const struct findings_from *from)
{
	struct findings out = findings_begin(arena, from);
	struct gather g = { .arena = arena, .from = from, .out = &out,
			    .owners = TABLE_IN(arena), .policy = out.policy };
	size_t count;
	const struct fb_diag *diags = diag_list(from->diags, &count);
	struct finding *all = arena_array(arena, count, sizeof *all);
	struct cases cases = { .g = &g, .all = all };

	list_named(&g);
	list_owners(&g);
	for (size_t i = 0; i < count; i++) {
		if (diags[i].severity == FB_NOTE && !from->with_notes)
			continue;
		make_finding(&g, &all[out.count++], &diags[i]);
	}
	findings_finish(&out, all);
	cases.count = out.count;
	add_invariants(&cases);
	add_expectations(&cases);
	add_files(&cases);
	out.all = all;
	out.dropped = from->diags->dropped;
	out.cases = cases.list.at;
	out.case_count = cases.list.count;
	return out;
}
