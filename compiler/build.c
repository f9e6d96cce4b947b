/*
 * Outputs: emit, read back, prove, and only then hand out; and the same proof
 * of a file that somebody else brings.  Only this, live.c and against.c know the
 * backends.
 */
#include "firebreak/firebreak.h"

#include "compiler/build.h"

#include "backends/backend.h"
#include "compiler/applied.h"
#include "compiler/context.h"
#include "compiler/manifest.h"
#include "compiler/prove.h"
#include "compiler/recheck.h"
#include "compiler/verify.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct job build_job(struct fb *fb, const struct ir_space *space,
		     struct meaning *meaning)
{
	struct job job = { arena_child(fb->arena), &fb->diags, fb->ir,
			   meaning };

	*meaning = meaning_of(job.arena, fb->ir, space);
	return job;
}

static const char *packet_note(struct arena *arena,
			       const struct difference *d)
{
	return arena_printf(arena, "%s\n%s", d->label,
			    packet_text(arena, &d->packet));
}

const char *build_admitting(const struct job *job, const struct packet *packet)
{
	struct text names = TEXT_IN(job->arena);
	size_t count;
	const uint32_t *rules = meaning_admitting(job->meaning, job->arena,
						  packet, &count);

	for (size_t i = 0; i < count; i++)
		text_printf(&names, i == 0 ? "`%s`" : i + 1 < count
			    ? ", `%s`" : " and `%s`",
			    job->ir->rules[rules[i]].name);
	return text_string(&names);
}

static void tell_fault(const struct job *job, const struct backend *backend,
		       const struct artefact *a, const char *space,
		       const struct difference *d)
{
	bool extra = d->kind == DIFFERENCE_EXTRA;
	struct diag *told = diag_add(job->diags, P0901, (struct span){ 0 },
		"%s of %s is not equal to the policy: it %s %s", a->path, space,
		backend->forbids ? "looks for" : "admits",
		extra ? "more" : "less");

	diag_note(told, (struct span){ 0 }, "%s",
		  packet_note(job->arena, d));
	diag_help(told, "this is a fault of the compiler; nothing was written; please report it with the policy");
}

/* The second look at a proof of WHAT did not confirm it. */
static void tell_recheck(const struct job *job, const char *what,
			 enum recheck answer, const struct difference *d)
{
	struct diag *told = diag_add(job->diags, P0904, (struct span){ 0 },
		answer == RECHECK_DIFFERS
		? "%s: the second look at its proof finds a difference"
		: "%s: the second look at its proof gave up: too many pieces",
		what);

	diag_note(told, (struct span){ 0 }, "%s",
		  answer == RECHECK_DIFFERS ? packet_note(job->arena, d)
					    : d->label);
}

enum fb_status build_prove(const struct job *job, const struct backend *backend,
			   const struct artefact *a, bool recheck,
			   struct sides *out)
{
	enum recheck answer;
	const char *space = ir_space_name(job->arena, job->ir,
					  job->meaning->space);
	struct identity identity;
	struct difference d;
	const void *model = backend->read(job->arena, job->diags, a->path,
					  a->bytes, a->len, &identity);

	if (!model || !backend->denote(job, model, out)) {
		diag_add(job->diags, P0901, (struct span){ 0 },
			 "%s of %s cannot be read back", a->path, space);
		return FB_FAULT;
	}
	if (!prove_bounds(job->arena, out, &d)) {
		tell_fault(job, backend, a, space, &d);
		return FB_FAULT;
	}
	answer = recheck ? recheck_bounds(job->arena, out, &d)
			 : RECHECK_HOLDS;
	if (answer != RECHECK_HOLDS) {
		tell_recheck(job, arena_printf(job->arena, "%s of %s", a->path,
					       space), answer, &d);
		return FB_FAULT;
	}
	return FB_OK;
}

/* The same in memory of its own.  Adds its sides to *COUNT. */
static enum fb_status prove_artefact(const struct job *job,
				     const struct backend *backend,
				     const struct artefact *a, bool recheck,
				     size_t *count)
{
	struct job own = *job;
	struct sides sides = { 0 };
	enum fb_status status;

	own.arena = arena_child(job->arena);
	status = build_prove(&own, backend, a, recheck, &sides);
	*count += sides.count;
	arena_free(own.arena);
	return status;
}

/*
 * One environment for one target: a piece of work of its own, with memory and
 * diagnostics of its own, so that several can go on at once.  Results are
 * gathered in the order of the tasks, whoever finished first.
 */
struct task {
	struct arena *arena;
	jmp_buf full;
	struct diags diags;
	const struct ir *ir;
	const struct ir_space *space;
	const struct backend *backend;
	bool recheck;
	const struct previous *previous;
	const struct fb_capture *adopted;
	LIST(struct fb_output) outputs;
	LIST(struct fb_quota) quotas;
	LIST(struct fb_list_weight) weights;
	size_t sides;
	enum fb_status status;
};

struct build {
	struct fb *fb;
	LIST(struct fb_output) outputs;
	LIST(struct fb_quota) quotas;
	LIST(struct fb_list_weight) weights;
	size_t sides;
	const struct backend *chosen[8];
	struct unwatched unwatched;
	bool watches;			/* is there a target that looks for violations? */
	struct task *tasks;
	size_t task_count;
	atomic_size_t next;
};

/* What A is called below the output directory. */
static const char *full_path(struct task *task, const struct artefact *a)
{
	const struct ir *ir = task->ir;
	const char *customer = ir->customers[task->space->customer].name;

	return arena_printf(task->arena, "%s%s%s/%s", customer,
			    *customer ? "/" : "",
			    ir->environments[task->space->environment],
			    a->path);
}

/* Say in A what of an earlier compilation has another name now. */
static bool carry(struct task *task, const struct job *job, struct artefact *a)
{
	const struct previous_file *before = previous_find(task->previous,
							   full_path(task, a));

	return !before || !task->backend->carry ||
	       task->backend->carry(job, before->path, before->bytes,
				    before->len, a);
}

/* *A under its full path as well; it and its bytes now live in the task's memory. */
static void keep_output(struct task *task, struct artefact *a)
{
	struct fb_output *out = LIST_PUSH(task->arena, &task->outputs);

	out->path = full_path(task, a);
	out->bytes = arena_copy(task->arena, a->bytes, a->len);
	out->len = a->len;
	a->path = arena_copy(task->arena, a->path, strlen(a->path));
	a->bytes = out->bytes;
}

/* A file that has the target take over what a capture has of A. */
static bool adopt(struct task *task, const struct job *job,
		  const struct artefact *a)
{
	struct artefact out;

	if (!task->adopted->bytes || !task->backend->adopt)
		return true;
	if (!task->backend->adopt(job, task->adopted, a, &out))
		return false;
	keep_output(task, &out);
	return true;
}

/* A row that lives as long as the task. */
static void keep_quota(struct task *task, const struct fb_quota *q)
{
	struct fb_quota *own = LIST_PUSH(task->arena, &task->quotas);

	*own = *q;
	own->environment = arena_copy(task->arena, q->environment,
				      strlen(q->environment));
	own->layer = arena_copy(task->arena, q->layer, strlen(q->layer));
	own->group = arena_copy(task->arena, q->group, strlen(q->group));
}

static void keep_weight(struct task *task, const struct fb_list_weight *w)
{
	struct fb_list_weight *own = LIST_PUSH(task->arena, &task->weights);

	*own = *w;
	own->environment = arena_copy(task->arena, w->environment,
				      strlen(w->environment));
	own->key = arena_copy(task->arena, w->key, strlen(w->key));
}

/* Emit into *MADE; what lowering took is given back before anything is read. */
static bool emit(struct task *task, const struct job *job,
		 struct artefacts *made)
{
	struct job own = *job;
	struct artefacts some = { 0 };
	bool good;

	own.arena = arena_child(job->arena);
	good = task->backend->emit(&own, &some);
	for (size_t i = 0; i < some.count && good; i++)
		good = carry(task, &own, &some.at[i]) &&
		       adopt(task, &own, &some.at[i]);
	for (size_t i = 0; i < some.count && good; i++) {
		keep_output(task, &some.at[i]);
		*LIST_PUSH(job->arena, made) = some.at[i];
	}
	for (size_t i = 0; i < some.quotas.count && good; i++)
		keep_quota(task, &some.quotas.at[i]);
	for (size_t i = 0; i < some.weights.count && good; i++)
		keep_weight(task, &some.weights.at[i]);
	arena_free(own.arena);
	return good;
}

/* Emit and prove in SCRATCH memory. */
static enum fb_status emit_and_prove(struct task *task, struct arena *scratch)
{
	struct meaning meaning = meaning_of(scratch, task->ir, task->space);
	struct job job = { scratch, &task->diags, task->ir, &meaning };
	struct artefacts made = { 0 };

	if (!emit(task, &job, &made))
		return task->diags.faults ? FB_FAULT : FB_NO;
	for (size_t i = 0; i < made.count; i++)
		if (prove_artefact(&job, task->backend, &made.at[i],
				   task->recheck, &task->sides) != FB_OK)
			return FB_FAULT;
	return FB_OK;
}

static void run_task(struct task *task)
{
	struct arena *scratch;

	arena_guard(task->arena, &task->full);
	if (setjmp(task->full)) {
		task->status = FB_MEMORY;
		return;
	}
	scratch = arena_child(task->arena);
	task->status = emit_and_prove(task, scratch);
	arena_free(scratch);
	arena_trim(task->arena);
}

static void *work(void *argument)
{
	struct build *b = argument;

	for (;;) {
		size_t i = atomic_fetch_add(&b->next, 1);

		if (i >= b->task_count)
			return NULL;
		run_task(&b->tasks[i]);
	}
}

enum { WORKERS_MOST = 16 };

/* As many workers as processors; this thread is one of them. */
static void run_tasks(struct build *b)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t threads[WORKERS_MOST];
	size_t count = 0;

	while (count < WORKERS_MOST && (long)count + 1 < processors &&
	       count + 1 < b->task_count &&
	       pthread_create(&threads[count], NULL, work, b) == 0)
		count++;
	(void)work(b);
	while (count--)
		(void)pthread_join(threads[count], NULL);
}

/*
 * An environment's rows come from the first target that has them: others say the
 * same groups in another way.
 */
static void gather_quotas(struct build *b, const struct task *task,
			  const struct ir_space **space)
{
	if (!task->quotas.count || *space == task->space)
		return;
	*space = task->space;
	for (size_t i = 0; i < task->quotas.count; i++)
		*LIST_PUSH(b->fb->arena, &b->quotas) = task->quotas.at[i];
	for (size_t i = 0; i < task->weights.count; i++)
		*LIST_PUSH(b->fb->arena, &b->weights) = task->weights.at[i];
}

/* Take over what the tasks made and said, in their order; the worst status. */
static enum fb_status gather(struct build *b)
{
	const struct ir_space *counted = NULL;
	enum fb_status worst = FB_OK;

	for (size_t i = 0; i < b->task_count; i++) {
		struct task *task = &b->tasks[i];

		diags_take(&b->fb->diags, &task->diags);
		for (size_t k = 0; k < task->outputs.count; k++)
			*LIST_PUSH(b->fb->arena, &b->outputs) =
				task->outputs.at[k];
		gather_quotas(b, task, &counted);
		b->sides += task->sides;
		worst = task->status > worst ? task->status : worst;
	}
	return worst;
}

/* A task with an arena that lives as long as the context. */
static bool add_task(struct build *b, const struct ir_space *space,
		     const struct backend *backend)
{
	struct task *task = &b->tasks[b->task_count];
	struct arena **kept = LIST_PUSH(b->fb->arena, &b->fb->others);
	struct arena *arena = *kept = arena_new(b->fb->options.memory);

	if (!arena)
		return false;
	*task = (struct task){ .arena = arena, .diags = { .arena = arena },
			       .ir = b->fb->ir, .space = space,
			       .backend = backend,
			       .recheck = b->fb->options.recheck,
			       .previous = &b->fb->previous,
			       .adopted = &b->fb->adopted };
	b->task_count++;
	return true;
}

static bool choose_targets(struct build *b, const char *targets)
{
	bool all = targets && strcmp(targets, "all") == 0;
	size_t n = 0;

	for (size_t t = 0; backends[t] && (all || !targets); t++)
		if (all || backends[t]->by_default)
			b->chosen[n++] = backends[t];
	while (!all && targets && *targets) {
		size_t len = strcspn(targets, ",");
		const struct backend *found = backend_find(targets, len);

		if (!found) {
			diag_add(&b->fb->diags, P0208, (struct span){ 0 },
				 "there is no target `%.*s`", (int)len, targets);
			return false;
		}
		for (size_t i = 0; i < n; i++)
			if (b->chosen[i] == found)
				found = NULL;
		if (found)
			b->chosen[n++] = found;
		targets += len;
		targets += *targets == ',';
	}
	return true;
}

/* An account is adopted by a target that can, or somebody waits for nothing. */
static bool somebody_adopts(struct build *b)
{
	if (!b->fb->adopted.bytes)
		return true;
	for (size_t t = 0; b->chosen[t]; t++)
		if (b->chosen[t]->adopt)
			return true;
	diag_add(&b->fb->diags, P0208, (struct span){ 0 },
		 "an account is adopted by Terraform, which is not among the targets");
	return false;
}

static bool is_chosen(struct fb *fb, const struct ir_space *s, const char *only)
{
	return !only ||
	       strcmp(only, ir_space_name(fb->arena, fb->ir, s)) == 0;
}

static int by_path(const void *x, const void *y)
{
	const struct fb_output *a = x, *b = y;

	return strcmp(a->path, b->path);
}

/* Are the files whose names something depends on made of every environment? */
static bool is_whole(const struct build *b, const char *only)
{
	for (size_t t = 0; b->chosen[t]; t++)
		if (b->chosen[t]->carry)
			return !only;
	return false;
}

static void finish(struct build *b, const char *only,
		   struct fb_compilation *out)
{
	struct text manifest = TEXT_IN(b->fb->arena);
	const struct previous *previous = &b->fb->previous;
	struct fb_output *last;

	if (b->outputs.count)
		qsort(b->outputs.at, b->outputs.count, sizeof *b->outputs.at,
		      by_path);
	*out = (struct fb_compilation){
		.outputs = b->outputs.at, .count = b->outputs.count,
		.sides = b->sides,
		.quotas = b->quotas.at, .quota_count = b->quotas.count,
		.weights = b->weights.at, .weight_count = b->weights.count,
		.watches = b->watches, .unwatched = b->unwatched.at,
		.unwatched_count = b->unwatched.count,
		.invariant_count = b->fb->ir->invariant_count };
	if (previous->digest)
		out->applied = applied_of(b->fb->arena, previous, out,
					  is_whole(b, only),
					  b->fb->ir->aws.rules_per_group);
	manifest_write(&manifest, b->fb->ir, source_names(b->fb), out,
		       previous->digest);
	last = LIST_PUSH(b->fb->arena, &b->outputs);
	*last = (struct fb_output){ "manifest.json", text_string(&manifest),
				    manifest.len };
	out->outputs = b->outputs.at;
	out->count = b->outputs.count;
}

struct compile_call {
	const char *targets, *only;
	struct fb_compilation *out;
};

/* Every chosen environment; the worst status of all. */
static enum fb_status compile_all(struct build *b, const char *only)
{
	const struct ir *ir = b->fb->ir;
	size_t targets = 0;

	while (b->chosen[targets])
		targets++;
	b->tasks = arena_array(b->fb->arena, ir->space_count * targets,
			       sizeof *b->tasks);
	for (size_t i = 0; i < ir->space_count; i++)
		for (size_t t = 0; t < targets; t++)
			if (is_chosen(b->fb, &ir->spaces[i], only) &&
			    !add_task(b, &ir->spaces[i], b->chosen[t]))
				return FB_MEMORY;
	if (b->task_count) {
		run_tasks(b);
		return gather(b);
	}
	diag_add(&b->fb->diags, P0103, (struct span){ 0 },
		 "the policy has no environment `%.120s`", only ? only : "");
	return FB_BAD;
}

/* What no output looks for: of the policy, not of each environment. */
static void find_unwatched(struct build *b)
{
	for (size_t t = 0; b->chosen[t]; t++) {
		if (!b->chosen[t]->unwatched)
			continue;
		b->watches = true;
		b->chosen[t]->unwatched(b->fb->arena, b->fb->ir,
					&b->unwatched);
	}
}

static enum fb_status compile(struct fb *fb, void *argument)
{
	struct compile_call *call = argument;
	struct build *b = arena_alloc(fb->arena, sizeof *b);
	enum fb_status status;

	if (fb->diags.refusals)
		return FB_BAD;
	b->fb = fb;
	if (!choose_targets(b, call->targets) || !somebody_adopts(b))
		return FB_BAD;
	fb->verdicts = verify_verdicts(fb->arena, fb->ir);
	fb->expects_run = true;
	(void)verify_tell(&fb->diags, fb->ir, fb->verdicts);
	(void)verify_expects(fb->arena, &fb->diags, fb->ir);
	if (fb->diags.errors)
		return fb->diags.faults ? FB_FAULT : FB_NO;
	status = compile_all(b, call->only);
	if (status != FB_OK)
		return status;
	find_unwatched(b);
	finish(b, call->only, call->out);
	return FB_OK;
}

enum fb_status fb_compile(struct fb *fb, const char *targets, const char *only,
			  struct fb_compilation *out)
{
	struct fb_compilation made = { 0 };
	struct compile_call call = { targets, only, &made };
	enum fb_status status = guarded(fb, compile, &call);

	*out = status == FB_OK ? made : (struct fb_compilation){ 0 };
	return status;
}

void fb_adopt(struct fb *fb, const struct fb_capture *capture)
{
	fb->adopted = *capture;
}

/* --- proving --- */

/*
 * First those who look at how a file begins: the words that others look for may
 * be anywhere, also in a comment.
 */
const struct backend *build_recognise(const char *bytes, size_t len)
{
	for (int by_opening = 1; by_opening >= 0; by_opening--)
		for (size_t i = 0; backends[i]; i++)
			if (backends[i]->by_opening == by_opening &&
			    backends[i]->recognise(bytes, len))
				return backends[i];
	return NULL;
}

const struct ir_space *build_space(const struct ir *ir,
				   const struct identity *id)
{
	if (strcmp(ir->policy, id->policy) != 0)
		return NULL;
	for (size_t i = 0; i < ir->space_count; i++) {
		const struct ir_space *s = &ir->spaces[i];

		if (strcmp(ir->customers[s->customer].name, id->customer) == 0 &&
		    strcmp(ir->environments[s->environment],
			   id->environment) == 0)
			return s;
	}
	return NULL;
}

/* What we would have emitted for the part ID: that artefact, or all of them. */
static bool own_artefacts(const struct job *job, const struct backend *backend,
			  const struct identity *id, struct artefacts *out)
{
	struct artefact one;

	if (!backend->emit_part)
		return backend->emit(job, out);
	if (!backend->emit_part(job, id->layer, &one))
		return false;
	*LIST_PUSH(job->arena, out) = one;
	return true;
}

bool build_own_sides(const struct job *job, const struct backend *backend,
		     const struct identity *id, struct sides *out)
{
	struct artefacts made = { 0 };

	if (!own_artefacts(job, backend, id, &made))
		return false;
	for (size_t i = 0; i < made.count; i++) {
		struct identity own;
		const void *model = backend->read(job->arena, job->diags,
						  made.at[i].path,
						  made.at[i].bytes,
						  made.at[i].len, &own);

		if (model && strcmp(own.layer, id->layer) == 0)
			return backend->denote(job, model, out);
	}
	return false;
}

/* FOUND was proved equal to OWN: does the second look say so too? */
static enum fb_status confirm(const struct job *job, const char *name,
			      const struct sides *found,
			      const struct sides *own)
{
	struct difference d;
	enum recheck answer = recheck_bounds(job->arena, found, &d);

	if (answer == RECHECK_HOLDS)
		answer = recheck_same(job->arena, found, own, &d);
	if (answer == RECHECK_HOLDS)
		return FB_OK;
	tell_recheck(job, name, answer, &d);
	return FB_FAULT;
}

/* MODEL, read as NAME, is not equal to the policy: told, with the packet of D. */
static void tell_difference(const struct job *job, const char *name,
			    const struct backend *backend, const void *model,
			    const struct difference *d)
{
	const char *rules = build_admitting(job, &d->packet), *lines;
	static const char *const words[][2] = {
		{ [DIFFERENCE_EXTRA] = "admits a packet that the policy does not",
		  [DIFFERENCE_MISSING] = "lacks a packet that the policy admits" },
		{ [DIFFERENCE_EXTRA] = "looks for a packet that the invariant does not forbid",
		  [DIFFERENCE_MISSING] = "overlooks a packet that the invariant forbids" },
	};
	struct diag *told = diag_add(job->diags, P0603, (struct span){ 0 },
		"%s is not equal to the policy: it %s", name,
		words[backend->forbids][d->kind]);

	diag_note(told, (struct span){ 0 }, "%s", packet_note(job->arena, d));
	if (*rules)
		diag_note(told, (struct span){ 0 }, "the policy admits it by %s",
			  rules);
	lines = backend->blame ? backend->blame(job, model, &d->packet) : "";
	if (*lines)
		diag_note(told, (struct span){ 0 }, "in the file\n%s", lines);
}

enum fb_status build_compare_with(const struct job *job, const char *name,
				  const struct backend *backend,
				  const void *model, const struct sides *own,
				  bool recheck)
{
	struct sides found = { 0 };
	struct difference d;

	if (!backend->denote(job, model, &found))
		return FB_BAD;
	if (prove_bounds(job->arena, &found, &d) &&
	    prove_same(job->arena, &found, own, &d))
		return recheck ? confirm(job, name, &found, own) : FB_OK;
	tell_difference(job, name, backend, model, &d);
	return FB_NO;
}

enum fb_status build_compare(const struct job *job, const char *name,
			     const struct backend *backend, const void *model,
			     const struct identity *id, bool recheck)
{
	struct sides own = { 0 };

	if (build_own_sides(job, backend, id, &own))
		return build_compare_with(job, name, backend, model, &own,
					  recheck);
	if (!job->diags->errors)
		diag_add(job->diags, P0602, (struct span){ 0 },
			 "%s: the policy has no such output", name);
	return FB_NO;
}

struct prove_call {
	const char *part;		/* whose it has to be; NULL: it says so */
	const char *name, *bytes;
	size_t len;
};

/* A capture may be of several environments: each by itself. */
static enum fb_status prove_claims(struct fb *fb,
				   const struct prove_call *file,
				   const struct backend *backend,
				   const void *model)
{
	enum fb_status worst = FB_OK, status = FB_OK;
	struct claims claims = { 0 };

	backend->claim(fb->arena, &fb->diags, fb->ir, file->name, model,
		       &claims);
	for (size_t i = 0; i < claims.count; i++) {
		const struct claim *c = &claims.at[i];
		struct meaning meaning;
		struct job job;

		if (c->as && status != FB_OK)
			continue;	/* it is not equal in the first way */
		status = FB_BAD;
		if (c->model) {
			job = build_job(fb, c->space, &meaning);
			status = build_compare(&job, claims.count < 2
				? file->name
				: arena_printf(fb->arena, "%s, %s%s%s", file->name,
					       ir_space_name(fb->arena, fb->ir,
							     c->space),
					       c->as ? ", " : "",
					       c->as ? c->as : ""),
				backend, c->model, &c->identity,
				fb->options.recheck);
			arena_free(job.arena);
		}
		worst = status > worst ? status : worst;
	}
	return claims.count ? worst : FB_BAD;
}

/* FILE as the part that it is said to be, in *ID; NULL: told. */
static const void *read_as(struct fb *fb, const struct prove_call *file,
			   const struct backend *backend, struct identity *id)
{
	struct live_part part;

	if (!build_find_part(fb, file->part, &part))
		return NULL;
	if (!backend->read_as) {
		diag_add(&fb->diags, P0602, (struct span){ 0 },
			 "%s is of a whole environment, not of a part like `%.200s`",
			 file->name, file->part);
		return NULL;
	}
	*id = (struct identity){
		.policy = fb->ir->policy,
		.customer = fb->ir->customers[part.space->customer].name,
		.environment = fb->ir->environments[part.space->environment],
		.layer = part.layer,
	};
	return backend->read_as(fb->arena, &fb->diags, file->name, file->bytes,
				file->len, id);
}

static enum fb_status prove(struct fb *fb, void *argument)
{
	const struct prove_call *file = argument;
	const struct backend *backend;
	const struct ir_space *space;
	struct identity id = { 0 };
	struct meaning meaning;
	enum fb_status status;
	const void *model;
	struct job job;

	if (fb->diags.refusals)
		return FB_BAD;
	backend = build_recognise(file->bytes, file->len);
	if (!backend) {
		diag_help(diag_add(&fb->diags, P0601, (struct span){ 0 },
				   "%s is not a file of any target",
				   file->name),
			  "known are Terraform JSON, what `terraform show -json` prints, CloudFormation in JSON, access scopes, EC2 permissions and nftables text as `compile` writes them, what describe-security-groups answers, and what `nft -j list ruleset` prints");
		return FB_BAD;
	}
	model = file->part
		? read_as(fb, file, backend, &id)
		: backend->read(fb->arena, &fb->diags, file->name,
				file->bytes, file->len, &id);
	if (!model)
		return FB_BAD;
	if (backend->claim)
		return prove_claims(fb, file, backend, model);
	space = build_space(fb->ir, &id);
	if (!space) {
		diag_add(&fb->diags, P0602, (struct span){ 0 },
			 "%s belongs to %s %s%s%s, which this policy does not have",
			 file->name, id.policy, id.customer,
			 *id.customer ? "." : "", id.environment);
		return FB_BAD;
	}
	job = build_job(fb, space, &meaning);
	status = build_compare(&job, file->name, backend, model, &id,
			 fb->options.recheck);
	arena_free(job.arena);
	return status;
}

/* Whose diagnostics are whose is kept for fb_findings(). */
static enum fb_status prove_and_keep(struct fb *fb, void *argument)
{
	const struct prove_call *file = argument;
	size_t from = fb->diags.all.count;
	enum fb_status status = prove(fb, argument);

	*LIST_PUSH(fb->arena, &fb->proved) = (struct proved){
		arena_printf(fb->arena, "%s", file->name), status, from,
		fb->diags.all.count };
	return status;
}

enum fb_status fb_prove(struct fb *fb, const char *name, const char *bytes,
			size_t len)
{
	return fb_prove_part(fb, NULL, name, bytes, len);
}

enum fb_status fb_prove_part(struct fb *fb, const char *part, const char *name,
			     const char *bytes, size_t len)
{
	struct prove_call call = { part, name, bytes, len };

	return guarded(fb, prove_and_keep, &call);
}

const char *const *fb_targets(void)
{
	static const char *const names[] = { "terraform", "cloudformation",
					     "ec2", "scopes", "nft", NULL };

	return names;
}
