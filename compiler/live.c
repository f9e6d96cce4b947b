/*
 * The running system: load the rules of one part of a policy, prove what the
 * kernel then has, keep it or go back; and prove what is there without touching
 * it.
 */
#include "firebreak/firebreak.h"

#include "backends/backend.h"
#include "compiler/base/date.h"
#include "compiler/build.h"
#include "compiler/context.h"
#include "compiler/verify.h"

#include <errno.h>
#include <inttypes.h>
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
	const struct fb_proofs *proofs;
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

/* --- what a proof stands on --- */

/* Of all that the policy was read from: names as lengths say, so none runs on. */
static void sources_digest(struct fb *fb, char out[65])
{
	const char *const *names = source_names(fb);
	struct text all = TEXT_IN(fb->arena);

	for (size_t i = 0; i < fb->sources.files.count; i++) {
		const struct source *s = fb->sources.files.at[i];

		fb_digest(s->text, s->len, out);
		text_printf(&all, "%zu %s %s\n", strlen(names[i]), names[i],
			    out);
	}
	fb_digest(text_string(&all), all.len, out);
}

/*
 * All that a proof at the moment M is made of, but for the program and the
 * boot: who finds it again would find the same proof.
 */
static const char *grounds(struct fb *fb, const struct live_moment *m)
{
	char digest[65], day[DATE_TEXT];

	sources_digest(fb, digest);
	return arena_printf(fb->arena,
		"firebreak-proof-1\n"
		"version %s\n"
		"policy sha256:%s\n"
		"as-of %s\n"
		"namespace %" PRIu64 "\n"
		"table %s\n"
		"generation %" PRIu32 "\n",
		FIREBREAK_VERSION, digest, date_text(fb->options.as_of, day),
		m->place, m->name, m->generation);
}

/* One of a bounded number of names: of namespaces that are gone none is left over. */
static const char *proof_name(struct fb *fb, const struct live_moment *m)
{
	return arena_printf(fb->arena, "%s-%u", m->name,
			    (unsigned)(m->place % 256));
}

static bool same_moment(const struct live_moment *a,
			const struct live_moment *b)
{
	return strcmp(a->name, b->name) == 0 && a->place == b->place &&
	       a->generation == b->generation;
}

/* What was proved since BEFORE is equal: keep that, if nothing changed meanwhile. */
static void keep_proof(struct fb *fb, const struct live_call *call,
		       const struct live_moment *before, const char *layer)
{
	struct live_moment now;

	if (call->proofs && before->generation &&
	    call->backend->live->moment(call->link, layer, &now) &&
	    same_moment(before, &now))
		call->proofs->keep(call->proofs->context,
				   proof_name(fb, &now), grounds(fb, &now));
}

/* Was what the kernel has at the moment M proved, by all that counts? */
static bool is_known(struct fb *fb, const struct live_call *call,
		     const struct live_moment *m)
{
	return call->proofs && m->generation && !fb->options.recheck &&
	       call->proofs->known(call->proofs->context, proof_name(fb, m),
				   grounds(fb, m));
}

/* --- proving what is there --- */

/* What was found of one table. */
struct table_found {
	bool absent;		/* there is none */
	bool unchanged;		/* since it was proved */
	uint32_t generation;	/* 0: it cannot be told */
};

/* What the kernel has for LAYER, read and compared with the policy. */
static enum fb_status prove_whole(struct fb *fb, const struct live_call *call,
				  const char *layer, bool *absent)
{
	const struct ir_space *space;
	struct identity id;
	struct meaning meaning;
	enum fb_status status;
	const void *model;
	struct job job;

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
	status = build_compare(&job, arena_printf(fb->arena,
				"the kernel's ruleset of %s.%s",
				ir_space_name(fb->arena, fb->ir, space),
				part_name(&id)),
			       call->backend, model, &id, fb->options.recheck);
	arena_free(job.arena);
	return status;
}

/*
 * The same, and where nothing changed since it was proved, without reading it.
 * What others have is looked at in any case.
 */
static enum fb_status prove_table(struct fb *fb, const struct live_call *call,
				  const char *layer, struct table_found *out)
{
	const struct live *live = call->backend->live;
	struct job bare = { fb->arena, &fb->diags, fb->ir, NULL };
	size_t said = fb->diags.all.count;
	struct live_moment before = { 0 };
	enum fb_status status = FB_OK;

	if (!live->moment(call->link, layer, &before))
		before.generation = 0;
	*out = (struct table_found){ .generation = before.generation };
	out->unchanged = is_known(fb, call, &before);
	if (!out->unchanged)
		status = prove_whole(fb, call, layer, &out->absent);
	/* a proof that said more than `equal` is not one to be silent about later */
	if (status == FB_OK && !out->unchanged && !out->absent &&
	    fb->diags.all.count == said && !fb->diags.dropped)
		keep_proof(fb, call, &before, layer);
	if (!out->absent)
		live->tell_others(call->link, &bare, layer);
	return status;
}

struct prove_live_call {
	struct live_call live;
	struct fb_live *out;
};

/* Every table of ours: a router has two. */
static enum fb_status prove_live(struct fb *fb, void *argument)
{
	const struct prove_live_call *call = argument;
	static const char *const layers[] = { "x", "" };
	enum fb_status worst = FB_OK;
	unsigned found = 0;

	if (fb->diags.refusals)
		return FB_BAD;
	call->out->unchanged = true;
	for (size_t i = 0; i < 2; i++) {
		struct table_found one;
		enum fb_status status = prove_table(fb, &call->live, layers[i],
						    &one);

		worst = status > worst ? status : worst;
		if (one.absent)
			continue;
		found++;
		call->out->unchanged &= one.unchanged;
		call->out->generation = one.generation;
	}
	call->out->unchanged &= found != 0;
	if (found)
		return worst;
	diag_help(diag_add(&fb->diags, P0602, (struct span){ 0 },
			   "the kernel has no ruleset of firebreak's"),
		  "`firebreak apply` loads one");
	return FB_NO;
}

enum fb_status fb_prove_live(struct fb *fb, const struct fb_proofs *proofs,
			     struct fb_live *out)
{
	struct prove_live_call call = {
		{ .backend = system_backend(), .proofs = proofs }, out };
	enum fb_status status;

	*out = (struct fb_live){ 0 };
	status = connected(fb, &call.live, prove_live, &call);
	fb->kernel = *out;
	fb->kernel_asked = true;
	return status;
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
	struct live_moment before;
	struct identity id;
	const void *model;

	begin(call, FB_STEP_READ);
	if (!live->moment(call->link, l->id.layer, &before))
		before.generation = 0;
	if (live->read(call->link, l->job.arena, l->job.diags, l->id.layer,
		       &model, &id) != LIVE_FOUND ||
	    strcmp(id.layer, l->id.layer) != 0)
		return FB_FAULT;
	begin(call, FB_STEP_PROVE);
	if (build_compare_with(&l->job, "what the kernel has", call->backend,
			       model, &l->sides, fb->options.recheck) != FB_OK)
		return FB_FAULT;
	keep_proof(fb, call, &before, l->id.layer);
	return FB_OK;
}

static void tell_change(const struct live_call *call,
			const struct live_change *change)
{
	call->out->change = change->whole ? FB_CHANGE_WHOLE
		: change->added + change->removed ? FB_CHANGE_ELEMENTS
						  : FB_CHANGE_NOTHING;
	call->out->added = change->added;
	call->out->removed = change->removed;
}

/* What load() would do; it is no fault when nobody may ask the kernel. */
static void plan(const struct live_call *call, const struct loading *l)
{
	struct live_change change;

	begin(call, FB_STEP_COMPARE);
	if (call->backend->live->plan(call->link, &l->job, l->model, &change))
		tell_change(call, &change);
}

static enum fb_status load(struct fb *fb, const struct live_call *call,
			   const struct loading *l)
{
	const struct live *live = call->backend->live;
	struct live_change *change = arena_alloc(fb->arena, sizeof *change);
	enum fb_status status;

	if (!live->load(call->link, &l->job, l->model, &call->how->watch,
			change))
		return FB_BAD;
	fb->changed = change;
	fb->changed_part = arena_copy(fb->arena, call->part,
				      strlen(call->part));
	tell_change(call, change);
	status = prove_loaded(fb, call, l);
	if (status == FB_OK)
		return FB_OK;
	diag_add(l->job.diags, P0901, (struct span){ 0 },
		 "what was loaded could not be proved; %s",
		 live->undo(call->link, l->job.arena, l->job.diags,
			    l->id.layer, change)
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
	if (!call->how->dry_run)
		return load(fb, call, &l);
	plan(call, &l);
	return FB_OK;
}

enum fb_status fb_apply(struct fb *fb, const char *part,
			const struct fb_apply *how, struct fb_applied *out)
{
	struct live_call call = { system_backend(), NULL, part, how, out,
				  how->proofs };

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

	if (!fb->changed || strcmp(fb->changed_part, call->part) != 0) {
		diag_add(&fb->diags, P0604, (struct span){ 0 },
			 "nothing of `%.200s` was loaded here that could be undone",
			 call->part);
		return FB_BAD;
	}
	return build_find_part(fb, call->part, &part) &&
	       call->backend->live->undo(call->link, fb->arena, &fb->diags,
					 part.layer, fb->changed)
	       ? FB_OK : FB_BAD;
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
