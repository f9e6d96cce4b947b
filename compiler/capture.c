/*
 * Captures of running systems, proved as `prove` proves files, with everything
 * that differs instead of the first packet.
 */
#include "compiler/capture.h"

#include "backends/backend.h"
#include "compiler/build.h"
#include "compiler/context.h"

#include <string.h>

/*
 * Targets whose files say what runs.  A file that says what somebody wants to
 * run, like Terraform's, proves nothing about that.
 */
static const struct { const char *target, *what; } running[] = {
	{ "ec2", "security groups" },
	{ "nft", "the gateway" },	/* of a host: its layer */
};

static const char *what_of(struct arena *arena, const struct backend *backend,
			   const struct identity *id)
{
	for (size_t i = 0; i < sizeof running / sizeof *running; i++)
		if (strcmp(running[i].target, backend->name) == 0)
			return *id->layer
				? arena_printf(arena, "the host of %s",
					       id->layer)
				: running[i].what;
	return NULL;
}

/* --- what differs --- */

struct differing {
	struct arena *arena;	/* the report's */
	const struct job *job;
	const struct backend *backend;
	const void *model;
	LIST(struct capture_difference) list;
	size_t more;
};

static const char *kept(const struct differing *d, const char *text)
{
	return arena_printf(d->arena, "%s", text);
}

/* The lines of the capture that admit PACKET, in one. */
static const char *blamed(const struct differing *d, const struct packet *packet)
{
	struct text out = TEXT_IN(d->arena);
	const char *lines = d->backend->blame
		? d->backend->blame(d->job, d->model, packet) : "";

	for (; *lines; lines++)
		if (*lines == '\n')
			text_puts(&out, "; ");
		else
			text_putc(&out, *lines);
	return text_string(&out);
}

/* EXTRA and MISSING: a packet each, or NULL. */
static void add(struct differing *d, const char *side,
		const struct packet *extra, const struct packet *missing)
{
	struct capture_difference *out;

	if (d->list.count == CAPTURE_DIFFERENCES) {
		d->more++;
		return;
	}
	out = LIST_PUSH(d->arena, &d->list);
	*out = (struct capture_difference){
		extra && missing ? "changed" : extra ? "extra" : "missing",
		kept(d, side),
		extra ? packet_text(d->arena, extra) : "",
		missing ? packet_text(d->arena, missing) : "",
		missing ? kept(d, build_admitting(d->job, missing)) : "",
		extra ? blamed(d, extra) : "",
	};
}

static const struct side *twin_of(const struct sides *sides,
				  const struct side *of)
{
	for (size_t i = 0; i < sides->count; i++)
		if (sides->at[i].family == of->family &&
		    strcmp(sides->at[i].label, of->label) == 0)
			return &sides->at[i];
	return NULL;
}

/* What S admits against what its TWIN, our own, does; alone: against its bounds. */
static void compare(struct differing *d, const struct side *s,
		    const struct side *twin)
{
	const struct boxes *least = twin ? &twin->admitted : &s->must;
	const struct boxes *most = twin ? &twin->admitted : &s->may;
	struct arena *scratch = arena_child(d->job->arena);
	struct packet extra, missing;
	bool more = !boxes_within(scratch, s->family, &s->admitted, most,
				  &extra);
	bool less = !boxes_within(scratch, s->family, least, &s->admitted,
				  &missing);

	arena_free(scratch);
	if (more || less)
		add(d, s->label, more ? &extra : NULL, less ? &missing : NULL);
}

static void compare_all(struct differing *d, const struct sides *found,
			const struct sides *own)
{
	static const struct boxes nothing;

	for (size_t i = 0; i < found->count; i++)
		compare(d, &found->at[i], twin_of(own, &found->at[i]));
	for (size_t i = 0; i < own->count; i++) {
		struct side absent = own->at[i];

		absent.admitted = nothing;
		if (!twin_of(found, &own->at[i]))
			compare(d, &absent, &own->at[i]);
	}
}

static void tell_differences(struct differing *d, const struct identity *id,
			     struct capture *out)
{
	struct sides found = { 0 }, own = { 0 };

	if (!d->backend->denote(d->job, d->model, &found) ||
	    !build_own_sides(d->job, d->backend, id, &own))
		return;
	compare_all(d, &found, &own);
	out->differences = d->list.at;
	out->difference_count = d->list.count;
	out->differences_more = d->more;
}

/* --- one capture --- */

/* In the memory and with the diagnostics of JOB, which is of its environment. */
static void prove_in(struct fb *fb, const struct job *job,
		     const struct backend *backend, const void *model,
		     const struct identity *id, struct capture *c)
{
	struct differing d = { .arena = fb->arena, .job = job,
			       .backend = backend, .model = model };
	struct diags quiet = { .arena = job->arena };
	struct job again = *job;

	switch (build_compare(job, c->path, backend, model, id,
			      fb->options.recheck)) {
	case FB_OK:
		c->state = CAPTURE_EQUAL;
		break;
	case FB_NO:
		c->state = CAPTURE_DIFFERS;
		again.diags = &quiet;	/* all of it was told */
		d.job = &again;
		tell_differences(&d, id, c);
		break;
	case FB_BAD: case FB_FAULT: case FB_MEMORY:
		break;
	}
}

static void prove_of(struct fb *fb, struct diags *diags,
		     const struct ir_space *space,
		     const struct backend *backend, const void *model,
		     const struct identity *id, struct capture *c)
{
	struct meaning meaning;
	struct job job = build_job(fb, space, &meaning);

	job.diags = diags;
	prove_in(fb, &job, backend, model, id, c);
	arena_free(job.arena);
}

/* --- one file --- */

struct proving {
	struct fb *fb;
	LIST(struct capture) list;
};

/* What was told is told again by the report, and says why nothing is proved. */
static void end(struct proving *p, struct capture *c, struct diags *own)
{
	size_t count;
	const struct fb_diag *told = diag_list(own, &count);

	for (size_t i = 0; i < count && c->state == CAPTURE_UNCLEAR; i++)
		if (told[i].severity == FB_ERROR && !*c->why)
			c->why = told[i].message;
	if (c->state == CAPTURE_UNCLEAR && !*c->why)
		c->why = "it could not be compared";
	diags_take(&p->fb->diags, own);
	*LIST_PUSH(p->fb->arena, &p->list) = *c;
}

/* A file of one environment, which says itself whose it is. */
static void prove_whole(struct proving *p, struct capture c, struct diags *own,
			const struct backend *backend, const void *model,
			const struct identity *id)
{
	const struct ir_space *space = build_space(p->fb->ir, id);

	if (!space) {
		diag_add(own, P0602, (struct span){ 0 },
			 "%s belongs to %s %s%s%s, which this policy does not have",
			 c.path, id->policy, id->customer,
			 *id->customer ? "." : "", id->environment);
	} else {
		c.space = (uint32_t)(space - p->fb->ir->spaces);
		prove_of(p->fb, own, space, backend, model, id, &c);
	}
	end(p, &c, own);
}

/* A file that may be of several: each by itself, or of nobody. */
static void prove_claims(struct proving *p, struct capture c, struct diags *own,
			 const struct backend *backend, const void *model)
{
	struct fb *fb = p->fb;
	struct claims claims = { 0 };

	backend->claim(fb->arena, own, fb->ir, c.path, model, &claims);
	if (!claims.count)
		end(p, &c, own);
	for (size_t i = 0; i < claims.count; i++) {
		const struct claim *claim = &claims.at[i];
		struct capture one = c;

		one.space = (uint32_t)(claim->space - fb->ir->spaces);
		if (claim->model)
			prove_of(fb, own, claim->space, backend, claim->model,
				 &claim->identity, &one);
		end(p, &one, own);
		*own = (struct diags){ .arena = fb->arena };
	}
}

static void prove(struct proving *p, struct capture c)
{
	struct fb *fb = p->fb;
	struct diags own = { .arena = fb->arena };
	const struct backend *backend = build_recognise(c.bytes, c.len);
	struct identity id = { 0 };
	const void *model = NULL;

	if (backend)
		model = backend->read(fb->arena, &own, c.path, c.bytes, c.len,
				      &id);
	if (model)
		c.what = what_of(fb->arena, backend, &id);
	if (!backend || !c.what) {
		c.what = "";
		diag_help(diag_add(&own, P0601, (struct span){ 0 }, backend
				   ? "%s says what is wanted, not what runs"
				   : "%s is not a file of any target", c.path),
			  "a capture is what `aws ec2 describe-security-groups` or `nft list ruleset` answers");
		model = NULL;
	}
	if (!model)
		end(p, &c, &own);
	else if (backend->claim)
		prove_claims(p, c, &own, backend, model);
	else
		prove_whole(p, c, &own, backend, model, &id);
}

/* --- all of them --- */

/* NAME without its directories and without what a path should not have. */
static const char *plain_name(struct arena *arena, const char *name)
{
	enum { LONGEST = 64 };
	const char *slash = strrchr(name, '/');
	char *out;

	if (strcmp(name, "-") == 0)
		return "stdin";
	name = slash ? slash + 1 : name;
	out = arena_copy(arena, name, strnlen(name, LONGEST));
	for (char *c = out; *c; c++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-",
			    *c))
			*c = '-';
	return *out ? out : "capture";
}

/* One message, however many there are. */
static void tell_uncaptured(struct fb *fb, const struct capture *all,
			    size_t count)
{
	enum { SHOWN = 5 };
	bool *captured = arena_array(fb->arena, fb->ir->space_count + 1,
				     sizeof *captured);
	struct text names = TEXT_IN(fb->arena);
	size_t missing = 0;

	for (size_t i = 0; i < count; i++)
		if (all[i].space != IR_NO_SPACE)
			captured[all[i].space] = true;
	for (uint32_t s = 0; s < fb->ir->space_count; s++)
		if (!captured[s] && missing++ < SHOWN)
			text_printf(&names, "%s%s", names.len ? ", " : "",
				    ir_space_name(fb->arena, fb->ir,
						  &fb->ir->spaces[s]));
	if (missing > SHOWN)
		text_printf(&names, " and %zu more", missing - SHOWN);
	if (missing)
		diag_add(&fb->diags, P0620, (struct span){ 0 },
			 "what runs was not captured in %s",
			 text_string(&names));
}

const struct capture *captures_prove(struct fb *fb,
				     const struct fb_capture *given,
				     size_t count, size_t *out)
{
	struct proving p = { .fb = fb };

	for (size_t i = 0; i < count; i++)
		prove(&p, (struct capture){
			.path = arena_printf(fb->arena, "captures/%04zu-%s",
				i + 1, plain_name(fb->arena, given[i].name)),
			.bytes = given[i].bytes, .len = given[i].len,
			.state = CAPTURE_UNCLEAR, .space = IR_NO_SPACE,
			.what = "", .why = "" });
	if (count)
		tell_uncaptured(fb, p.list.at, p.list.count);
	*out = p.list.count;
	return p.list.at;
}
