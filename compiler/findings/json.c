/* The lossless form, as schemas/findings.schema.json says. */
#include "compiler/findings/findings.h"

#include "compiler/base/jsonout.h"

static const char *const results[] = {
	[CASE_PASSED] = "passed", [CASE_WAIVED] = "waived",
	[CASE_FAILED] = "failed", [CASE_UNKNOWN] = "unknown",
};

static const char *const kinds[] = {
	[CASE_INVARIANT] = "invariant", [CASE_EXPECTATION] = "expectation",
	[CASE_FILE] = "file", [CASE_CHANGE] = "change",
};

/* Lines and columns from 1; a column counts characters; the end is behind the last. */
static void put_place(struct jsonout *j, const char *key,
		      const struct fb_place *p)
{
	if (!p->file) {
		jsonout_string(j, key, NULL);
		return;
	}
	jsonout_open(j, key, '{');
	jsonout_string(j, "file", p->file);
	jsonout_number(j, "line", p->line);
	jsonout_number(j, "column", p->column);
	jsonout_number(j, "end_line", p->end_line);
	jsonout_number(j, "end_column", p->end_column);
	jsonout_close(j, '{');
}

/* Bytes [from, to) of its file that a fix replaces. */
static void put_bytes(struct jsonout *j, const struct findings *f,
		      struct span span)
{
	const struct source *s = source_of(f->sources, span.lo);

	jsonout_open(j, "bytes", '[');
	jsonout_number(j, NULL, s ? (long long)span.lo - s->base : 0);
	jsonout_number(j, NULL, s ? (long long)span.hi - s->base : 0);
	jsonout_close(j, '[');
}

static void put_part(struct jsonout *j, const struct findings *f,
		     const struct fb_part *part)
{
	static const char *const words[] = { "label", "note", "help", "fix" };
	struct fb_place place = findings_place(f, part->span);

	jsonout_open(j, NULL, '{');
	jsonout_string(j, "kind", words[part->kind]);
	jsonout_string(j, "text", part->text);
	if (part->kind == FB_NOTE_AT || part->kind == FB_FIX)
		put_place(j, "place", &place);
	if (part->kind == FB_FIX)
		put_bytes(j, f, part->span);
	jsonout_close(j, '{');
}

static void put_finding(struct jsonout *j, const struct findings *f,
			const struct finding *finding)
{
	const struct fb_diag *d = finding->diag;

	jsonout_open(j, NULL, '{');
	jsonout_string(j, "code", d->code);
	jsonout_string(j, "severity", findings_severity(finding));
	jsonout_string(j, "title", finding->code->title);
	jsonout_string(j, "message", d->message);
	jsonout_string(j, "fingerprint", finding->print);
	jsonout_bool(j, "fails", finding->fails);
	jsonout_string(j, "file", finding->file);
	put_place(j, "place", &finding->place);
	if (*finding->subject) {
		jsonout_open(j, "subject", '{');
		jsonout_string(j, "kind", finding->kind);
		jsonout_string(j, "name", finding->subject);
		jsonout_close(j, '{');
	}
	jsonout_open(j, "parts", '[');
	for (size_t i = 0; i < d->part_count; i++)
		put_part(j, f, &d->parts[i]);
	jsonout_close(j, '[');
	jsonout_close(j, '{');
}

static void put_case(struct jsonout *j, const struct finding_case *c)
{
	jsonout_open(j, NULL, '{');
	jsonout_string(j, "kind", kinds[c->kind]);
	jsonout_string(j, "name", c->name);
	jsonout_string(j, "result", results[c->result]);
	put_place(j, "place", &c->place);
	jsonout_string(j, "fingerprint", c->finding ? c->finding->print : NULL);
	jsonout_close(j, '{');
}

static void put_kernel(struct jsonout *j, const struct fb_live *kernel)
{
	jsonout_open(j, "kernel", '{');
	jsonout_bool(j, "unchanged", kernel->unchanged);
	jsonout_number(j, "generation", kernel->generation);
	jsonout_close(j, '{');
}

void findings_json(struct text *out, const struct findings *f)
{
	struct jsonout j = { .out = out };

	jsonout_open(&j, NULL, '{');
	jsonout_string(&j, "schema", "firebreak-findings-1");
	jsonout_string(&j, "firebreak", FIREBREAK_VERSION);
	jsonout_string(&j, "command", f->command);
	jsonout_string(&j, "policy", *f->policy ? f->policy : NULL);
	jsonout_string(&j, "as_of", f->day);
	jsonout_string(&j, "status", findings_status(f->status));
	jsonout_number(&j, "errors", (long long)f->errors);
	jsonout_number(&j, "warnings", (long long)f->warnings);
	jsonout_number(&j, "notes", (long long)f->notes);
	jsonout_number(&j, "dropped", (long long)f->dropped);
	if (f->kernel)
		put_kernel(&j, f->kernel);
	jsonout_open(&j, "findings", '[');
	for (size_t i = 0; i < f->count; i++)
		put_finding(&j, f, &f->all[i]);
	jsonout_close(&j, '[');
	jsonout_open(&j, "cases", '[');
	for (size_t i = 0; i < f->case_count; i++)
		put_case(&j, &f->cases[i]);
	jsonout_close(&j, '[');
	jsonout_close(&j, '{');
	text_putc(out, '\n');
}
