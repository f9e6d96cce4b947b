/*
 * A policy against what runs: files of any target, read and denoted by their
 * backends, side by side with what the policy's own output of that target
 * admits.  An API file: it knows the backends.
 */
#include "firebreak/diff.h"

#include "backends/backend.h"
#include "compiler/base/addr.h"
#include "compiler/base/table.h"
#include "compiler/base/text.h"
#include "compiler/build.h"
#include "compiler/context.h"
#include "compiler/delta_tell.h"
#include "compiler/delta_told.h"
#include "compiler/directory.h"
#include "compiler/prove.h"

#include <stdlib.h>
#include <string.h>

/* A file that was read. */
struct part {
	const struct fb_artefact *file;
	const struct backend *backend;
	const void *model;
	struct identity id;
	const struct ir_space *space;
	const char *as;			/* see struct claim */
};

struct numbers {
	LIST(size_t) at;
};

struct against {
	struct fb *fb;
	struct arena *arena;
	const struct fb_running *running;
	const struct fb_diff_options *options;
	struct fb_diff *out;
	LIST(struct part) parts;	/* in the order of the files */
	struct numbers *of_space;	/* by space: its parts */
	struct tell_from from;
	struct told_lines told;
	LIST(struct fb_covered) covered;
	LIST(const char *) uncovered;
	const char *targets;		/* of the files, as fb_compile() wants them */
	const struct backend *watching;	/* whose files look for violations; or NULL */
};

/* The N-th part of SPACE, or NULL behind the last. */
static const struct part *part_at(const struct against *a,
				  const struct ir_space *space, size_t n)
{
	const struct numbers *own = &a->of_space[space - a->fb->ir->spaces];

	return n < own->at.count ? &a->parts.at[own->at.at[n]] : NULL;
}

/* --- reading --- */

static enum fb_status not_known(struct fb *fb, const char *name)
{
	diag_help(diag_add(&fb->diags, P0601, (struct span){ 0 },
			   "%s is not a file of any target", name),
		  "compared are files that `prove` understands, and directories that `compile` made");
	return FB_BAD;
}

static void add_part(struct against *a, const struct fb_artefact *file,
		     const struct backend *backend, const void *model,
		     const struct identity *id, const struct ir_space *space)
{
	struct numbers *own = &a->of_space[space - a->fb->ir->spaces];

	*LIST_PUSH(a->arena, &own->at) = a->parts.count;
	*LIST_PUSH(a->arena, &a->parts) = (struct part){ file, backend, model,
							 *id, space, NULL };
}

/*
 * A directory may have files of what the policy has no more: that is told.  Of
 * any other file it is a mistake.
 */
static bool is_gone(struct against *a, const struct fb_artefact *file,
		    const struct identity *id)
{
	const struct ir *ir = a->fb->ir;

	if (!a->running->manifest || strcmp(id->policy, ir->policy) != 0 ||
	    build_space(ir, id))
		return false;
	*LIST_PUSH(a->arena, &a->uncovered) = arena_printf(a->arena,
		"%s: the policy has no such environment", file->name);
	return true;
}

/* The environments that a capture is of. */
static enum fb_status read_claims(struct against *a,
				  const struct fb_artefact *file,
				  const struct backend *backend,
				  const void *model)
{
	struct claims claims = { 0 };

	backend->claim(a->arena, &a->fb->diags, a->fb->ir, file->name, model,
		       &claims);
	for (size_t i = 0; i < claims.count; i++) {
		const struct claim *c = &claims.at[i];

		if (!c->model)
			return FB_BAD;
		add_part(a, file, backend, c->model, &c->identity, c->space);
		a->parts.at[a->parts.count - 1].as = c->as;
	}
	return claims.count ? FB_OK : FB_BAD;
}

/*
 * What looks for violations admits nothing.  In a directory it is compared as a
 * file; alone it says nothing of what runs.
 */
static enum fb_status leave_out(struct against *a,
				const struct fb_artefact *file,
				const struct backend *backend)
{
	if (!a->running->manifest) {
		diag_help(diag_add(&a->fb->diags, P0601, (struct span){ 0 },
				   "%s is what to look for in an account, not what it admits",
				   file->name),
			  "`prove` says whether it is the policy's");
		return FB_BAD;
	}
	a->watching = backend;
	return FB_OK;
}

static enum fb_status read_file(struct against *a,
				const struct fb_artefact *file)
{
	const struct backend *b = build_recognise(file->bytes, file->len);
	const struct ir_space *space;
	struct fb *fb = a->fb;
	struct identity id = { 0 };
	const void *model;

	if (!b)
		return not_known(fb, file->name);
	if (b->forbids)
		return leave_out(a, file, b);
	model = b->read(a->arena, &fb->diags, file->name, file->bytes,
			file->len, &id);
	if (!model)
		return FB_BAD;
	if (is_gone(a, file, &id))
		return FB_OK;
	if (b->claim)
		return read_claims(a, file, b, model);
	space = build_space(fb->ir, &id);
	if (space) {
		add_part(a, file, b, model, &id, space);
		return FB_OK;
	}
	diag_add(&fb->diags, P0602, (struct span){ 0 },
		 "%s belongs to %s %s%s%s, which this policy does not have",
		 file->name, id.policy, id.customer, *id.customer ? "." : "",
		 id.environment);
	return FB_BAD;
}

/* --- one file --- */

/* One environment at work. */
struct at_work {
	struct against *a;
	struct job job;
	const struct ir_space *space;
	const struct backend *emitted;	/* whose outputs OWN are; NULL: nobody's */
	struct artefacts own;
	LIST(struct delta_side) sides;
	struct table by_label;		/* -> number + 1 */
	struct table taken;		/* label, newline, family */
};

/* The policy's own output for the part of P, and those of its others perhaps. */
static bool own_artefacts(struct at_work *w, const struct part *p,
			  struct artefacts *out)
{
	struct artefact one;

	if (p->backend->emit_part) {
		if (!p->backend->emit_part(&w->job, p->id.layer, &one))
			return false;
		*LIST_PUSH(w->job.arena, out) = one;
		return true;
	}
	if (w->emitted != p->backend) {
		w->own = (struct artefacts){ 0 };
		if (!p->backend->emit(&w->job, &w->own))
			return false;
		w->emitted = p->backend;
	}
	*out = w->own;
	return true;
}

/* Has the policy hosts of the part that ID names? */
static bool has_part(const struct at_work *w, const struct identity *id)
{
	const struct ir *ir = w->job.ir;

	for (size_t i = 0; i < ir->layer_count; i++)
		if (strcmp(ir->layers[i].name, id->layer) == 0)
			return !both_empty(w->space->layers[i]);
	return !*id->layer;
}

/* What the policy's own output admits for the part of P. */
static enum fb_status own_sides(struct at_work *w, const struct part *p,
				struct sides *out)
{
	struct diags *diags = w->job.diags;
	struct artefacts made = { 0 };

	if (!own_artefacts(w, p, &made))
		return FB_NO;
	for (size_t i = 0; i < made.count; i++) {
		const struct artefact *one = &made.at[i];
		struct identity id;
		const void *model = p->backend->read(w->job.arena, diags,
			one->path, one->bytes, one->len, &id);

		if (model && strcmp(id.layer, p->id.layer) == 0)
			return p->backend->denote(&w->job, model, out)
			       ? FB_OK : FB_FAULT;
	}
	diag_add(diags, P0602, (struct span){ 0 },
		 "%s: the policy has no such output", p->file->name);
	return FB_NO;
}

static bool is_exact(const struct side *s)
{
	return s->must.at == s->may.at && s->must.count == s->may.count;
}

/* The name of P's file; of a directory's, below the environment's own. */
static const char *file_text(const struct at_work *w, const struct part *p)
{
	const char *name = p->file->name;
	const char *below = arena_printf(w->job.arena, "%s%s%s/",
		p->id.customer, *p->id.customer ? "/" : "", p->id.environment);
	size_t len = strlen(below);

	return w->a->running->manifest && strncmp(name, below, len) == 0
	       ? name + len : name;
}

/* LABEL without the family, so that both families of a side are one. */
static const char *plain_label(const struct at_work *w, const struct part *p,
			       const struct side *s)
{
	struct arena *arena = w->a->arena;
	const char *name = family_name(s->family), *label = s->label;
	const char *at = strstr(label, name);
	size_t before = at ? (size_t)(at - label) : 0, len = strlen(name);

	if (at && before >= 2 && strncmp(at - 2, ", ", 2) == 0)
		label = arena_printf(arena, "%.*s%s", (int)before - 2, label,
				     at + len);
	else if (at && strncmp(at + len, ", ", 2) == 0)
		label = arena_printf(arena, "%.*s%s", (int)before, label,
				     at + len + 2);
	if (p->as)
		label = arena_printf(arena, "%s, %s", label, p->as);
	return w->a->running->file_count > 1
	       ? arena_printf(arena, "%s: %s", file_text(w, p), label)
	       : arena_copy(arena, label, strlen(label));
}

/* On S the policy wants WANTED and the file admits FOUND. */
static void add_side(struct at_work *w, const struct part *p,
		     const struct side *s, const struct boxes *wanted,
		     const struct boxes *found)
{
	const char *label = plain_label(w, p, s);
	bool is_new = w->a->running->is_new;
	struct delta_side *side;
	void **place, **taken;

	/* two rules that translate to one address are two sides of one name */
	while (*(taken = table_at_name(&w->taken, arena_printf(w->job.arena,
			"%s\n%d", label, (int)s->family))))
		label = arena_printf(w->a->arena, "%s, once more", label);
	*taken = w;
	place = table_at_name(&w->by_label, label);
	if (!*place) {
		LIST_PUSH(w->job.arena, &w->sides)->label = label;
		*place = (void *)(uintptr_t)w->sides.count;
	}
	side = &w->sides.at[(uintptr_t)*place - 1];
	side->was[s->family] = is_new ? *wanted : *found;
	side->is[s->family] = is_new ? *found : *wanted;
}

/* As prove_same() pairs sides: what it calls equal has no difference here. */
static void pair_sides(struct at_work *w, const struct part *p,
		       const struct sides *found, const struct sides *own)
{
	static const struct boxes nothing;

	for (size_t i = 0; i < found->count; i++) {
		const struct side *s = &found->at[i];
		const struct side *twin = prove_twin(own, s, i);

		add_side(w, p, s, twin ? &twin->admitted : is_exact(s)
			 ? &s->must : &nothing, &s->admitted);
	}
	for (size_t i = 0; i < own->count; i++) {
		const struct side *s = &own->at[i];

		if (!prove_twin(found, s, i) && !is_exact(s))
			add_side(w, p, s, &s->admitted, &nothing);
	}
}

static const char *part_text(const struct against *a, const struct part *p)
{
	const char *space = ir_space_name(a->arena, a->fb->ir, p->space);

	return *p->id.layer ? arena_printf(a->arena, "%s: hosts of %s", space,
					   p->id.layer) : space;
}

static enum fb_status compare_part(struct at_work *w, const struct part *p)
{
	struct sides found = { 0 }, own = { 0 };
	struct difference d;
	enum fb_status status;

	if (w->a->running->manifest && !has_part(w, &p->id)) {
		*LIST_PUSH(w->a->arena, &w->a->uncovered) = arena_printf(
			w->a->arena, "%s: the policy has no such output",
			p->file->name);
		return FB_OK;
	}
	status = own_sides(w, p, &own);
	if (status == FB_OK && !p->backend->denote(&w->job, p->model, &found))
		status = FB_BAD;
	if (status != FB_OK)
		return status;
	pair_sides(w, p, &found, &own);
	*LIST_PUSH(w->a->arena, &w->a->covered) = (struct fb_covered){
		part_text(w->a, p), p->as ? arena_printf(w->a->arena, "%s, %s",
			p->file->name, p->as) : p->file->name,
		p->backend->title,
		prove_bounds(w->job.arena, &found, &d) &&
		prove_same(w->job.arena, &found, &own, &d) };
	return FB_OK;
}

/* --- telling --- */

/* What of the first file that admits the example of LINE does so. */
static const char *blame(const struct at_work *w, const struct delta_line *line)
{
	const struct against *a = w->a;
	const struct part *p;

	/* what the policy alone permits no file admits */
	if (line->opens != a->running->is_new)
		return "";
	for (size_t i = 0; (p = part_at(a, w->space, i)) != NULL; i++) {
		const char *lines = p->backend->blame
			? p->backend->blame(&w->job, p->model, &line->example)
			: NULL;

		if (lines && *lines)
			return arena_copy(a->arena, lines, strlen(lines));
	}
	return "";
}

/* How many lines there are. */
static size_t tell_lines(struct at_work *w)
{
	struct against *a = w->a;
	struct delta d = delta_of_sides(a->arena, a->fb->ir,
		(uint32_t)(w->space - a->fb->ir->spaces), w->sides.at,
		w->sides.count, !a->running->is_new);

	for (size_t i = 0; i < d.line_count; i++) {
		const struct delta_line *line = &d.lines[i];
		struct fb_reach r = tell_line(a->arena, &d, &a->from, line);

		r.sides = line->sides.at;
		r.side_count = line->sides.count;
		r.lines = blame(w, line);
		told_keep(&a->told, &r, line->risks);
	}
	return d.line_count;
}

/* Every file of SPACE, whose difference has to be what the proofs say. */
static enum fb_status compare_space(struct against *a,
				    const struct ir_space *space)
{
	struct meaning meaning;
	struct at_work w = { .a = a, .space = space };
	enum fb_status status = FB_OK;
	size_t first = a->covered.count, lines = 0;
	const struct part *p;
	bool equal = true;

	w.job = build_job(a->fb, space, &meaning);
	w.by_label = w.taken = TABLE_IN(w.job.arena);
	for (size_t i = 0; status == FB_OK && (p = part_at(a, space, i)); i++)
		status = compare_part(&w, p);
	for (size_t i = first; i < a->covered.count; i++)
		equal &= a->covered.at[i].equal;
	if (status == FB_OK && w.sides.count)
		lines = tell_lines(&w);
	if (status == FB_OK && equal != !lines) {
		diag_add(&a->fb->diags, P0904, (struct span){ 0 }, equal
			 ? "%s: proved equal, and a second look finds a difference"
			 : "%s: proved unequal, and a second look finds no difference",
			 ir_space_name(a->arena, a->fb->ir, space));
		status = FB_FAULT;
	}
	arena_free(w.job.arena);
	return status;
}

/* --- what no file speaks of --- */

static bool covers(const struct against *a, const struct ir_space *space,
		   const char *layer)
{
	const struct part *p;

	for (size_t i = 0; (p = part_at(a, space, i)) != NULL; i++)
		if (strcmp(p->id.layer, layer) == 0)
			return true;
	return false;
}

static void find_uncovered(struct against *a, const struct ir_space *space)
{
	const struct ir *ir = a->fb->ir;
	const char *name = ir_space_name(a->arena, ir, space);
	struct text layers = TEXT_IN(a->arena);
	bool any = false;

	if (covers(a, space, ""))
		return;		/* a file of all of it */
	for (size_t i = 0; i < ir->layer_count; i++) {
		if (both_empty(space->layers[i]))
			continue;
		if (covers(a, space, ir->layers[i].name))
			any = true;
		else
			text_printf(&layers, "%s%s", layers.len ? ", " : "",
				    ir->layers[i].name);
	}
	if (!any || layers.len)
		*LIST_PUSH(a->arena, &a->uncovered) = arena_printf(a->arena,
			"%s%s%s: no file speaks of it", name,
			any ? ": hosts of " : "", any ? text_string(&layers)
						      : "");
}

/* --- all of it --- */

static void hand_out(struct against *a)
{
	struct fb_diff *out = a->out;

	told_hand_out(&a->told, out);
	out->covered = a->covered.at;
	out->covered_count = a->covered.count;
	out->uncovered = a->uncovered.at;
	out->uncovered_count = a->uncovered.count;
}

static const char *targets_of(const struct against *a)
{
	struct text out = TEXT_IN(a->arena);

	for (size_t t = 0; backends[t]; t++)
		for (size_t i = 0; i < a->parts.count; i++)
			if (a->parts.at[i].backend == backends[t]) {
				text_printf(&out, "%s%s", out.len ? "," : "",
					    backends[t]->name);
				break;
			}
	if (a->watching)
		text_printf(&out, "%s%s", out.len ? "," : "",
			    a->watching->name);
	return text_string(&out);
}

static enum fb_status compare_all(struct against *a)
{
	struct fb *fb = a->fb;
	enum fb_status status = FB_OK;

	a->arena = fb->arena;
	a->told = (struct told_lines){ fb->arena, TABLE_IN(fb->arena), { 0 } };
	a->from = (struct tell_from){ &fb->sources, &fb->sources,
				      TABLE_IN(fb->arena) };
	a->of_space = arena_array(fb->arena, fb->ir->space_count,
				  sizeof *a->of_space);
	a->out->policy = fb->ir->policy;
	a->out->old_name = a->options->old_name;
	a->out->new_name = a->options->new_name;
	a->out->environments = fb->ir->space_count;
	a->out->running = true;
	for (size_t i = 0; i < a->running->file_count && status == FB_OK; i++)
		status = read_file(a, &a->running->files[i]);
	for (size_t i = 0; i < fb->ir->space_count && status == FB_OK; i++) {
		status = compare_space(a, &fb->ir->spaces[i]);
		find_uncovered(a, &fb->ir->spaces[i]);
	}
	if (status != FB_OK)
		return status;
	a->targets = targets_of(a);
	hand_out(a);
	return FB_OK;
}

/* What is told meanwhile, of groups that are nobody's, say, is a part of it. */
static enum fb_status compare(struct fb *fb, void *argument)
{
	struct against *a = argument;
	struct diags before = fb->diags, own;
	enum fb_status status;

	fb->diags = (struct diags){ .arena = fb->arena };
	status = compare_all(a);
	own = fb->diags;
	fb->diags = before;
	if (status == FB_OK)
		a->out->told = diag_list(&own, &a->out->told_count);
	diags_take(&fb->diags, &own);
	return status;
}

struct files_call {
	struct against *a;
	const struct fb_compilation *made;	/* NULL: not compiled */
};

static enum fb_status tell_files(struct fb *fb, void *argument)
{
	struct files_call *call = argument;

	directory_compare(fb->arena, call->a->running, call->made,
			  call->a->out);
	return FB_OK;
}

/* The policy compiled for the targets of the files, beside their manifest. */
static enum fb_status compare_directory(struct against *a)
{
	struct files_call call = { a, NULL };
	struct fb_compilation made;
	enum fb_status status = fb_compile(a->fb, a->targets, NULL, &made);

	if (status == FB_MEMORY)
		return status;
	if (status == FB_OK)
		call.made = &made;
	else
		a->out->outputs_refused = first_error(a->fb);
	return guarded(a->fb, tell_files, &call);
}

enum fb_status fb_diff_running(struct fb *policy,
			       const struct fb_running *running,
			       const struct fb_diff_options *options,
			       struct fb_diff *out)
{
	struct against a = { .fb = policy, .running = running,
			     .options = options, .out = out };
	enum fb_status status;

	*out = (struct fb_diff){ .outputs_refused = "" };
	if (policy->diags.refusals)
		return FB_BAD;
	status = guarded(policy, compare, &a);
	if (status == FB_OK && running->manifest && running->file_count)
		status = compare_directory(&a);
	return status;
}

bool fb_is_artefact(const char *bytes, size_t len)
{
	size_t start = 0;

	while (start < len && memchr(" \t\r\n", bytes[start], 4))
		start++;
	return (start < len && memchr("{[", bytes[start], 2)) ||
	       build_recognise(bytes, len);
}
