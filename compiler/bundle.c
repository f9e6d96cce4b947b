/*
 * The evidence bundle: sources, outputs, the report in its formats, and a
 * manifest of digests; and the check that a bundle follows from its sources.
 */
#include "firebreak/firebreak.h"

#include "compiler/base/json.h"
#include "compiler/base/text.h"
#include "compiler/context.h"
#include "compiler/evidence/evidence.h"
#include "compiler/findings/findings.h"
#include "firebreak/diff.h"

#include <stdlib.h>
#include <string.h>

struct bundle {
	struct fb *fb;
	LIST(struct fb_output) files;
};

static void add(struct bundle *b, const char *path, const char *bytes,
		size_t len)
{
	*LIST_PUSH(b->fb->arena, &b->files) = (struct fb_output){ path, bytes,
								  len };
}

static void add_text(struct bundle *b, const char *path,
		     void (*write)(struct text *out, const struct evidence *e),
		     const struct evidence *e)
{
	struct text out = TEXT_IN(b->fb->arena);

	write(&out, e);
	add(b, path, text_string(&out), out.len);
}

static int by_path(const void *x, const void *y)
{
	const struct fb_output *a = x, *b = y;

	return strcmp(a->path, b->path);
}

/* As `sha256sum -c` reads it. */
static void add_manifest(struct bundle *b)
{
	struct text out = TEXT_IN(b->fb->arena);

	qsort(b->files.at, b->files.count, sizeof *b->files.at, by_path);
	for (size_t i = 0; i < b->files.count; i++)
		text_printf(&out, "%s  %s\n",
			    evidence_digest(b->fb->arena, b->files.at[i].bytes,
					    b->files.at[i].len),
			    b->files.at[i].path);
	add(b, "MANIFEST.sha256", text_string(&out), out.len);
}

struct report_call {
	const struct fb_report_options *options;
	const struct fb_summary *summary;
	const struct fb_compilation *made;
	const struct fb_diff *changes;	/* of options->since */
	struct freeze_step *steps;	/* of options->since */
	const struct capture *captures;	/* of options->captures */
	size_t capture_count;
	struct fb_compilation *out;
};

/* What the library brought along is not the policy's. */
static bool is_library(const char *name)
{
	return *name == '<';
}

/* Every source of FB, which may be another context than the bundle's. */
static void add_sources(struct bundle *b, struct fb *fb, const char *below,
			const char *const *names)
{
	for (size_t i = 0; i < fb->sources.files.count; i++)
		if (!is_library(names[i]))
			add(b, arena_printf(b->fb->arena, "%s/%s", below,
					    names[i]),
			    fb->sources.files.at[i]->text,
			    fb->sources.files.at[i]->len);
}

static void add_steps(struct bundle *b, const struct fb_since *since)
{
	for (size_t i = 0; i < since->step_count; i++) {
		const struct fb_freeze_step *s = &since->steps[i];
		const char *hash = since->commits[s->commit].hash;

		if (!s->before)
			continue;
		add_sources(b, s->before, arena_printf(b->fb->arena,
			"steps/%s/before", hash), source_names(s->before));
		add_sources(b, s->after, arena_printf(b->fb->arena,
			"steps/%s/after", hash), source_names(s->after));
	}
}

static bool is_approval(const struct json *a)
{
	const char *commit = jv_string(jv_get(a, "commit"));

	return commit && strlen(commit) >= 7 &&
	       jv_string(jv_get(a, "approved_by")) &&
	       (!jv_get(a, "at") || jv_string(jv_get(a, "at")));
}

/* The forge's export: an array of approvals, or NULL and told. */
static const struct json *read_approvals(struct fb *fb, const char *bytes,
					 size_t len)
{
	struct jv_fault fault = { 0, "something else" };
	const struct json *all = jv_read(fb->arena, bytes, len, &fault);
	bool good = all && all->kind == JV_ARRAY;

	for (const struct json *a = good ? all->first : NULL; a; a = a->next)
		good &= is_approval(a);
	if (good)
		return all;
	diag_help(diag_add(&fb->diags, P0601, (struct span){ 0 },
			   "the approvals are not an export as firebreak reads it"),
		  "write `[{\"commit\": \"9f1c2e7a4b3d\", \"approved_by\": \"m.rojas\", \"at\": \"2026-08-10T09:12:00Z\"}]`; at is optional");
	return NULL;
}

/* Behind the outputs, which what differs would keep from being made. */
static enum fb_status prove_captures(struct fb *fb, void *argument)
{
	struct report_call *call = argument;

	call->captures = captures_prove(fb, call->options->captures,
					call->options->capture_count,
					&call->capture_count);
	return FB_OK;
}

/* The sources of FB under NAMES. */
static struct sources renamed(struct fb *fb, const char *const *names)
{
	struct sources all = fb->sources;

	all.files.at = arena_array(fb->arena, all.files.count,
				   sizeof *all.files.at);
	for (size_t i = 0; i < all.files.count; i++) {
		struct source *s = arena_alloc(fb->arena, sizeof *s);

		*s = *fb->sources.files.at[i];
		s->name = names[i];
		all.files.at[i] = s;
	}
	return all;
}

/*
 * The findings as SARIF, with files as seen from the policy's root: so they are
 * the same from wherever the policy was read.
 */
static void add_sarif(struct bundle *b, const char *const *names)
{
	struct fb *fb = b->fb;
	struct sources sources = renamed(fb, names);
	struct findings_from from = {
		.sources = &sources, .ir = fb->ir, .diags = &fb->diags,
		.verdicts = fb->verdicts, .expects = fb->expects_run,
		.command = "report", .as_of = fb->options.as_of, .cwd = "",
	};
	struct findings found = findings_gather(fb->arena, &from);
	struct text out = TEXT_IN(fb->arena);

	findings_write(&out, &found, FB_FORMAT_SARIF);
	add(b, "findings.sarif", text_string(&out), out.len);
}

static enum fb_status report(struct fb *fb, void *argument)
{
	const struct report_call *call = argument;
	struct bundle b = { .fb = fb };
	struct evidence_sources from = {
		.ir = fb->ir, .names = source_names(fb),
		.outputs = call->made->outputs,
		.output_count = call->made->count,
		.quotas = call->made->quotas,
		.quota_count = call->made->quota_count,
		.proofs = call->made->sides, .summary = *call->summary,
		.packs = call->options->controls,
		.classification = call->options->classification,
		.oscal = call->options->oscal,
		.since = call->options->since, .changes = call->changes,
		.steps = call->steps,
		.captures = call->captures,
		.capture_count = call->capture_count,
	};
	const char *const *before = NULL;
	struct evidence e;

	if (from.since) {
		before = source_names(from.since->before);
		from.main_before = before[0];
	}
	if (call->options->approvals) {
		from.approvals = read_approvals(fb, call->options->approvals,
						call->options->approvals_len);
		if (!from.approvals)
			return FB_BAD;
		add(&b, "approvals.json", call->options->approvals,
		    call->options->approvals_len);
	}

	from.diags = diag_list(&fb->diags, &from.diag_count);
	e = evidence_gather(fb->arena, &fb->diags, &from);
	add_sources(&b, fb, "sources", from.names);
	if (from.since) {
		add_sources(&b, from.since->before, "before", before);
		add_steps(&b, from.since);
		add_text(&b, "history.json", evidence_history, &e);
	}
	for (size_t i = 0; i < call->made->count; i++)
		add(&b, arena_printf(fb->arena, "outputs/%s",
				     call->made->outputs[i].path),
		    call->made->outputs[i].bytes, call->made->outputs[i].len);
	for (size_t i = 0; i < from.capture_count; i++)
		if (!i || from.captures[i].path != from.captures[i - 1].path)
			add(&b, from.captures[i].path, from.captures[i].bytes,
			    from.captures[i].len);
	add_text(&b, "index.html", evidence_index, &e);
	add_text(&b, "report.html", evidence_html, &e);
	add_text(&b, "report.md", evidence_markdown, &e);
	add_text(&b, "model.json", evidence_json, &e);
	add_text(&b, "rules.csv", evidence_rules_csv, &e);
	add_text(&b, "matrix.csv", evidence_matrix_csv, &e);
	add_text(&b, "fleet.csv", evidence_fleet_csv, &e);
	add_text(&b, "freezes.csv", evidence_freezes_csv, &e);
	if (e.oscal)
		add_text(&b, "oscal.json", evidence_oscal, &e);
	add_sarif(&b, from.names);
	add_manifest(&b);
	*call->out = *call->made;
	call->out->outputs = b.files.at;
	call->out->count = b.files.count;
	return FB_OK;
}

/* What commits on days of a freeze do, each on its own day. */
static enum fb_status prepare_steps(struct fb *fb, void *argument)
{
	struct report_call *call = argument;
	const struct fb_since *since = call->options->since;

	call->steps = arena_array(fb->arena, since->step_count,
				  sizeof *call->steps);
	for (size_t i = 0; i < since->step_count; i++) {
		const struct fb_freeze_step *s = &since->steps[i];

		call->steps[i] = (struct freeze_step){
			.commit = &since->commits[s->commit],
			.main_before = s->before ? source_names(s->before)[0] : "",
			.main_after = s->after ? source_names(s->after)[0] : "",
		};
	}
	return FB_OK;
}

static enum fb_status tell_steps(struct fb *fb, void *argument)
{
	const struct report_call *call = argument;

	for (size_t i = 0; i < call->options->since->step_count; i++) {
		const struct freeze_step *s = &call->steps[i];

		if (!s->judged)
			diag_add(&fb->diags, P0707, (struct span){ 0 },
				 "commit %.12s of %s, on a day of a freeze, cannot be judged: its policy, or the one before it, has mistakes",
				 s->commit->hash, s->commit->day);
		for (size_t k = 0; k < s->diff.freeze_count; k++)
			if (s->diff.freezes[k].opens == FB_FREEZE_BROKEN ||
			    s->diff.freezes[k].narrows == FB_FREEZE_BROKEN)
				diag_add(&fb->diags, P0707, (struct span){ 0 },
					 "commit %.12s of %s %s connections during the freeze from %s to %s",
					 s->commit->hash, s->commit->day,
					 s->diff.freezes[k].opens == FB_FREEZE_BROKEN
					 ? "opens" : "closes",
					 s->diff.freezes[k].from,
					 s->diff.freezes[k].to);
	}
	return FB_OK;
}

static enum fb_status judge_steps(struct fb *fb, struct report_call *call)
{
	const struct fb_since *since = call->options->since;
	enum fb_status status = guarded(fb, prepare_steps, call);

	for (size_t i = 0; status == FB_OK && i < since->step_count; i++) {
		const struct fb_freeze_step *s = &since->steps[i];
		const struct fb_diff_options how = {
			.old_name = "before", .new_name = "after",
			.reach_only = true };
		enum fb_status judged = s->before
			? fb_diff(s->before, s->after, &how, &call->steps[i].diff)
			: FB_BAD;

		call->steps[i].judged = judged == FB_OK;
		if (judged == FB_MEMORY)
			status = judged;
	}
	return status == FB_OK ? guarded(fb, tell_steps, call) : status;
}

/* Every name in the list PACKS is a pack; what is none is told. */
static enum fb_status check_packs(struct fb *fb, void *argument)
{
	const char *packs = argument;

	while (packs && *packs) {
		size_t len = strcspn(packs, ",");

		if (!control_pack_find(packs, len)) {
			struct text names = TEXT_IN(fb->arena);

			for (size_t i = 0; control_packs[i].pack; i++)
				text_printf(&names, "%s%s", i ? ", " : "",
					    control_packs[i].pack);
			diag_help(diag_add(&fb->diags, P0208,
				(struct span){ 0 },
				"there is no pack of controls `%.*s`", (int)len,
				packs), "known are %s", text_string(&names));
			return FB_BAD;
		}
		packs += len;
		packs += *packs == ',';
	}
	return FB_OK;
}

enum fb_status fb_report(struct fb *fb, const struct fb_report_options *options,
			 struct fb_compilation *out)
{
	struct fb_compilation made = { 0 };
	struct fb_summary summary = { 0 };
	struct fb_diff changes = { 0 };
	struct report_call call = { options, &summary, &made, &changes, NULL,
				    NULL, 0, out };
	enum fb_status checked, status;

	*out = (struct fb_compilation){ 0 };
	checked = guarded(fb, check_packs, (void *)options->controls);
	if (checked != FB_OK)
		return checked;
	checked = fb_check(fb, &summary);
	if (checked != FB_OK && checked != FB_NO)
		return checked;
	if (!fb->diags.errors)
		checked = fb_compile(fb, NULL, NULL, &made);
	if (checked != FB_OK && checked != FB_NO)
		return checked;
	if (options->since) {
		const struct fb_diff_options how = {
			.old_name = options->since->name,
			.new_name = "the policy", .reach_only = true,
			.tell_gone = true };

		status = fb_diff(options->since->before, fb, &how, &changes);
		if (status == FB_OK)
			status = judge_steps(fb, &call);
		if (status != FB_OK)
			return status;
	}
	status = guarded(fb, prove_captures, &call);
	if (status == FB_OK)
		status = guarded(fb, report, &call);
	if (status != FB_OK)
		return status;
	return fb->diags.errors || summary.expired || summary.unreviewed
	       ? FB_NO : FB_OK;
}
