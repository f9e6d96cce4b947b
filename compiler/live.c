/*
 * The running system: load the rules of one part of a policy, prove what the
 * kernel then has, keep it or go back; and prove what is there without touching
 * it.
 */
#include "firebreak/firebreak.h"

#include "backends/backend.h"
#include "compiler/build.h"
#include "compiler/context.h"
#include "compiler/verify.h"

#include <errno.h>
#include <string.h>

static const char *part_name(const struct identity *id)
{
	return *id->layer ? id->layer : "gateway";
}

/* "data" or "gateway" behind the name of SPACE and a dot; or NULL. */
static const char *behind(struct fb *fb, const struct ir_space *space,
			  const char *name)
{
	const char *own = ir_space_name(fb->arena, fb->ir, space);
	size_t len = strlen(own);

	return strncmp(name, own, len) == 0 && name[len] == '.'
	       ? name + len + 1 : NULL;
}

static bool has_layer(const struct ir *ir, const struct ir_space *space,
		      const char *layer)
{
	for (size_t i = 0; i < ir->layer_count; i++)
		if (strcmp(ir->layers[i].name, layer) == 0)
			return !both_empty(space->layers[i]);
	return false;
}

bool build_find_part(struct fb *fb, const char *name, struct live_part *out)
{
	for (size_t i = 0; i < fb->ir->space_count; i++) {
		const struct ir_space *space = &fb->ir->spaces[i];
		const char *layer = behind(fb, space, name);
		bool gateway = layer && strcmp(layer, "gateway") == 0;

		if (!layer || (!gateway && !has_layer(fb->ir, space, layer)))
			continue;
		*out = (struct live_part){ space, gateway ? "" : layer };
		return true;
	}
	diag_help(diag_add(&fb->diags, P0103, (struct span){ 0 },
			   "the policy has no part `%.200s`", name),
		  "say which hosts these are, `prod.data` or `customer.prod.data`, or `prod.gateway`");
	return false;
}

/* The target that this system has. */
static const struct backend *system_backend(void)
{
	for (size_t i = 0; backends[i]; i++)
		if (backends[i]->live)
			return backends[i];
	return NULL;
}

static enum fb_status cannot_open(struct fb *fb)
{
	diag_add(&fb->diags, P0604, (struct span){ 0 },
		 "the kernel cannot be asked: %s", strerror(errno));
	return FB_BAD;
}

struct live_call {
	const struct backend *backend;
	void *link;
	const char *part;
	const struct fb_apply *how;
	struct fb_applied *out;
};

/* Run HOW with ARGUMENT while CALL has a connection. */
static enum fb_status connected(struct fb *fb, struct live_call *call,
				enum fb_status (*how)(struct fb *fb, void *call),
				void *argument)
{
	enum fb_status status;

	call->link = call->backend->live->open();
	if (!call->link)
		return cannot_open(fb);
	status = guarded(fb, how, argument);
	call->backend->live->close(call->link);
	return status;
}

/* --- proving what is there --- */

/* What the kernel has for LAYER against the policy; *ABSENT: it has nothing. */
static enum fb_status prove_table(struct fb *fb, const struct live_call *call,
				  const char *layer, bool *absent)
{
	const struct ir_space *space;
	struct identity id;
	struct meaning meaning;
	enum fb_status status;
	const void *model;
	struct job job;

	*absent = false;
	switch (call->backend->live->read(call->link, fb->arena, &fb->diags,
					  layer, &model, &id)) {
	case LIVE_FOUND:
		break;
	case LIVE_ABSENT:
		*absent = true;
		return FB_OK;
	case LIVE_UNCLEAR:
		return FB_BAD;
	}
	space = build_space(fb->ir, &id);
	if (!space) {
		diag_add(&fb->diags, P0602, (struct span){ 0 },
			 "the kernel's rules belong to %s %s%s%s, which this policy does not have",
			 id.policy, id.customer, *id.customer ? "." : "",
			 id.environment);
		return FB_BAD;
	}
	job = build_job(fb, space, &meaning);
	call->backend->live->tell_others(call->link, &job, id.layer);
	status = build_compare(&job, arena_printf(fb->arena,
				"the kernel's ruleset of %s.%s",
				ir_space_name(fb->arena, fb->ir, space),
				part_name(&id)),
			       call->backend, model, &id, fb->options.recheck);
	arena_free(job.arena);
	return status;
}

/* Every table of ours: a router has two. */
static enum fb_status prove_live(struct fb *fb, void *argument)
{
	const struct live_call *call = argument;
	static const char *const layers[] = { "x", "" };
	enum fb_status worst = FB_OK;
	unsigned found = 0;

	if (fb->diags.refusals)
		return FB_BAD;
	for (size_t i = 0; i < 2; i++) {
		bool absent;
		enum fb_status status = prove_table(fb, call, layers[i],
						    &absent);

		found += !absent;
		worst = status > worst ? status : worst;
	}
	if (found)
		return worst;
	diag_help(diag_add(&fb->diags, P0602, (struct span){ 0 },
			   "the kernel has no ruleset of firebreak's"),
		  "`firebreak apply` loads one");
	return FB_NO;
}

enum fb_status fb_prove_live(struct fb *fb)
{
	struct live_call call = { .backend = system_backend() };

	return connected(fb, &call, prove_live, &call);
}

/* --- loading --- */

/* The policy's promises first: nothing is loaded that breaks one. */
static enum fb_status check(struct fb *fb)
{
	if (fb->diags.refusals)
		return FB_BAD;
	(void)verify_policy(fb->arena, &fb->diags, fb->ir);
	(void)verify_expects(fb->arena, &fb->diags, fb->ir);
	return fb->diags.errors ? FB_NO : FB_OK;
}

static void begin(const struct live_call *call, enum fb_step step)
{
	if (call->how->watch.begins)
		call->how->watch.begins(call->how->watch.context, step);
}

/* A part on its way into the system. */
struct loading {
	struct job job;
	struct identity id;
	const void *model;
	struct sides sides;	/* what its text means, which was proved */
};

/* Is what the kernel has now the part that was loaded, and equal to it? */
static enum fb_status prove_loaded(struct fb *fb, const struct live_call *call,
				   const struct loading *l)
{
	const struct live *live = call->backend->live;
	struct identity id;
	const void *model;

	begin(call, FB_STEP_READ);
	if (live->read(call->link, l->job.arena, l->job.diags, l->id.layer,
		       &model, &id) != LIVE_FOUND ||
	    strcmp(id.layer, l->id.layer) != 0)
		return FB_FAULT;
	begin(call, FB_STEP_PROVE);
	return build_compare_with(&l->job, "what the kernel has", call->backend,
				  model, &l->sides, fb->options.recheck) ==
	       FB_OK ? FB_OK : FB_FAULT;
}

static enum fb_status load(struct fb *fb, const struct live_call *call,
			   const struct loading *l)
{
	const struct live *live = call->backend->live;
	enum fb_status status;

	if (!live->load(call->link, &l->job, l->model, &call->how->watch))
		return FB_BAD;
	status = prove_loaded(fb, call, l);
	if (status == FB_OK)
		return FB_OK;
	diag_add(l->job.diags, P0901, (struct span){ 0 },
		 "what was loaded could not be proved; %s",
		 live->undo(call->link, l->job.arena, l->job.diags, l->id.layer)
		 ? "what was there before is back"
		 : "and what was there before could not be restored");
	return FB_FAULT;
}

static void cannot_tell_flows(struct fb *fb, enum diag_code code)
{
	diag_add(&fb->diags, code, (struct span){ 0 },
		 "the kernel does not say which connections are open: %s%s",
		 strerror(errno), errno == EINVAL
		 ? " (it lacks nf_conntrack_netlink)" : "");
}

/* The part as text, proved as `compile` proves it, before anything else. */
static enum fb_status lower(const struct live_call *call, struct loading *l)
{
	struct artefact text;

	begin(call, FB_STEP_LOWER);
	l->model = call->backend->emit_part(&l->job, l->id.layer, &text);
	if (!l->model)
		return FB_NO;
	call->out->bytes = text.bytes;
	call->out->len = text.len;
	begin(call, FB_STEP_PROVE_TEXT);
	return build_prove(&l->job, call->backend, &text, false, &l->sides);
}

static enum fb_status apply(struct fb *fb, void *argument)
{
	struct live_call *call = argument;
	struct loading l = { 0 };
	enum fb_status status;
	struct meaning *meaning = arena_alloc(fb->arena, sizeof *meaning);
	struct live_part part;

	begin(call, FB_STEP_CHECK);
	status = check(fb);
	if (status != FB_OK)
		return status;
	if (!build_find_part(fb, call->part, &part))
		return FB_BAD;
	l.id.layer = part.layer;
	/* stays: what is applied has the text's bytes */
	l.job = build_job(fb, part.space, meaning);
	status = lower(call, &l);
	if (status != FB_OK)
		return status;
	if (call->how->end_flows &&
	    !call->backend->live->can_tell_flows(call->link)) {
		cannot_tell_flows(fb, P0604);
		return FB_BAD;
	}
	call->backend->live->tell_others(call->link, &l.job, l.id.layer);
	return call->how->dry_run ? FB_OK : load(fb, call, &l);
}

enum fb_status fb_apply(struct fb *fb, const char *part,
			const struct fb_apply *how, struct fb_applied *out)
{
	struct live_call call = { system_backend(), NULL, part, how, out };

	*out = (struct fb_applied){ 0 };
	return connected(fb, &call, apply, &call);
}

/* --- keep, undo --- */

static enum fb_status keep(struct fb *fb, void *argument)
{
	const struct live_call *call = argument;
	struct live_part part;

	return build_find_part(fb, call->part, &part) &&
	       call->backend->live->keep(call->link, fb->arena, &fb->diags,
					 part.layer) ? FB_OK : FB_BAD;
}

static enum fb_status undo(struct fb *fb, void *argument)
{
	const struct live_call *call = argument;
	struct live_part part;

	return build_find_part(fb, call->part, &part) &&
	       call->backend->live->undo(call->link, fb->arena, &fb->diags,
					 part.layer) ? FB_OK : FB_BAD;
}

/* --- connections --- */

struct flows_call {
	struct live_call live;
	bool end;
	struct fb_flows *out;
};

static void tell_flows(struct fb *fb, const struct live_flows *flows, bool ended)
{
	struct text examples = TEXT_IN(fb->arena);
	struct diag *told = diag_add(&fb->diags, P0614, (struct span){ 0 },
		"of %zu connections that the kernel tracks %zu would not be admitted by these rules%s",
		flows->all, flows->stale, ended ? "; ended" : "");

	for (size_t i = 0; i < LIVE_EXAMPLES && flows->examples[i]; i++)
		text_printf(&examples, "%s%s", i ? "\n" : "",
			    flows->examples[i]);
	if (flows->stale > LIVE_EXAMPLES)
		text_printf(&examples, "\nand %zu more",
			    flows->stale - LIVE_EXAMPLES);
	diag_note(told, (struct span){ 0 }, "%s", text_string(&examples));
	if (!ended)
		diag_help(told, "what is established goes on until it ends; `--flush-conntrack` ends these, and no others");
}

static enum fb_status flows(struct fb *fb, void *argument)
{
	struct flows_call *call = argument;
	const struct live *live = call->live.backend->live;
	struct live_flows found = { 0 };
	struct meaning meaning;
	struct live_part part;
	struct job job;
	bool good;

	if (!build_find_part(fb, call->live.part, &part))
		return FB_BAD;
	if (!call->end && !live->can_tell_flows(call->live.link)) {
		cannot_tell_flows(fb, P0614);
		return FB_OK;
	}
	job = build_job(fb, part.space, &meaning);
	good = (call->end ? live->end_flows : live->tell_flows)(
		call->live.link, &job, part.layer, &found);
	*call->out = (struct fb_flows){ found.all, found.stale };
	if (good && found.stale)
		tell_flows(fb, &found, call->end);
	arena_free(job.arena);
	return good ? FB_OK : FB_BAD;
}

enum fb_status fb_apply_keep(struct fb *fb, const char *part)
{
	struct live_call call = { .backend = system_backend(), .part = part };

	return connected(fb, &call, keep, &call);
}

enum fb_status fb_apply_undo(struct fb *fb, const char *part)
{
	struct live_call call = { .backend = system_backend(), .part = part };

	return connected(fb, &call, undo, &call);
}

enum fb_status fb_apply_flows(struct fb *fb, const char *part, bool end,
			      struct fb_flows *out)
{
	struct flows_call call = {
		{ .backend = system_backend(), .part = part }, end, out };

	*out = (struct fb_flows){ 0 };
	return connected(fb, &call.live, flows, &call);
}
