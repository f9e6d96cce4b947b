/*
 * The public API: every entry point, and all that jumps back when memory ends.
 *
 * A context has one arena for what lives as long as it does; an environment at
 * work has a child of it that goes with the environment.
 */
#include "firebreak/firebreak.h"

#include "compiler/base/date.h"
#include "compiler/base/render.h"
#include "compiler/base/suggest.h"
#include "compiler/context.h"
#include "compiler/exposed.h"
#include "compiler/fmt.h"
#include "compiler/limit.h"
#include "compiler/lint.h"
#include "compiler/resolve.h"
#include "compiler/upkeep.h"
#include "compiler/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void close_open(struct fb *fb)
{
	if (fb->open >= 0)
		(void)close(fb->open);	/* only read from */
	fb->open = -1;
}

/* What grew, and whose rules made it grow.  Needs no memory: there is none. */
static void remember_limit(struct fb *fb)
{
	const struct arena *full = fb->arena;

	for (size_t i = 0; !*arena_refusal(full, NULL) &&
			   i < fb->others.count; i++)
		if (fb->others.at[i])
			full = fb->others.at[i];
	limit_tell(full, fb->ir, fb->limit, sizeof fb->limit);
}

enum fb_status guarded(struct fb *fb,
		       enum fb_status (*work)(struct fb *fb, void *call),
		       void *call)
{
	enum fb_status status;

	arena_guard(fb->arena, &fb->full);
	if (setjmp(fb->full)) {
		close_open(fb);
		remember_limit(fb);
		return FB_MEMORY;
	}
	status = work(fb, call);
	if (status == FB_MEMORY)
		remember_limit(fb);
	return status;
}

struct fb *fb_new(const struct fb_options *options)
{
	struct arena *arena = arena_new(options->memory);
	struct fb *fb = calloc(1, sizeof *fb);

	if (!arena || !fb) {
		arena_free(arena);
		free(fb);
		return NULL;
	}
	fb->arena = arena;
	fb->open = -1;
	fb->options = *options;
	fb->diags.arena = arena;
	fb->sources.arena = arena;
	return fb;
}

void fb_free(struct fb *fb)
{
	if (!fb)
		return;
	for (size_t i = 0; i < fb->others.count; i++)
		arena_free(fb->others.at[i]);
	arena_free(fb->arena);
	free(fb);
}

const char *fb_limit(const struct fb *fb)
{
	return fb->limit;
}

bool fb_is_frozen(const struct fb *fb, uint32_t day)
{
	for (size_t i = 0; fb->ir && i < fb->ir->freeze_count; i++)
		if (fb->ir->freezes[i].from <= day &&
		    day <= fb->ir->freezes[i].to)
			return true;
	return false;
}

bool fb_day(const char *text, uint32_t *day)
{
	return date_read(text, day);
}

const char *fb_nearest(const char *word, const char *const *words,
		       size_t count)
{
	return suggest_nearest(word, words, count);
}

/* --- reading --- */

/*
 * All of the open file, or NULL with *WHY.  One byte more than is read tells the
 * parser that it is too large.
 */
static const char *read_open(struct fb *fb, struct arena *arena, size_t guess,
			     size_t *len, const char **why)
{
	size_t cap = guess < SOURCE_MAX ? guess + 1 : SOURCE_MAX + 1;
	char *bytes = arena_alloc(arena, cap + SOURCE_ENDS);
	ssize_t n;

	*len = 0;
	while (*len <= SOURCE_MAX) {
		if (*len == cap) {
			char *larger = arena_alloc(arena, cap * 2 + SOURCE_ENDS);

			memcpy(larger, bytes, *len);
			bytes = larger;
			cap *= 2;
		}
		n = read(fb->open, bytes + *len, cap - *len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			*why = strerror(errno);
			return NULL;
		}
		if (n == 0)
			break;
		*len += (size_t)n;
	}
	return bytes;	/* never written to behind LEN: zeros */
}

/*
 * May PATH, which some file includes, be opened?  Only a regular file that is
 * inside of the root when all links are followed.
 */
static const char *why_not_included(const struct fb *fb, const char *path)
{
	char real[PATH_MAX], root[PATH_MAX];
	struct stat st;
	size_t len;

	if (stat(path, &st) != 0)
		return strerror(errno);
	if (S_ISDIR(st.st_mode))
		return strerror(EISDIR);
	if (!S_ISREG(st.st_mode))
		return "it is not a regular file";
	if (!realpath(path, real) || !realpath(fb->loader.root, root))
		return strerror(errno);
	len = strlen(root);
	if (strncmp(real, root, len) != 0 || (len > 1 && real[len] != '/'))
		return "a link leads out of the policy's directory";
	return NULL;
}

static const char *read_file(struct fb *fb, struct arena *arena,
			     const char *path, size_t *len, const char **why)
{
	const char *bytes = NULL;
	struct stat st;

	*why = fb->sources.files.count ? why_not_included(fb, path) : NULL;
	if (*why)
		return NULL;
	fb->open = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fb->open < 0 || fstat(fb->open, &st) != 0)
		*why = strerror(errno);
	else if (S_ISDIR(st.st_mode))
		*why = strerror(EISDIR);
	else
		bytes = read_open(fb, arena, S_ISREG(st.st_mode) && st.st_size > 0
				  ? (size_t)st.st_size : 65536, len, why);
	close_open(fb);
	return bytes;
}

/* PATH as readers have it: without the `/` of the top. */
static const char *from_top(const char *path)
{
	return path + (*path == '/');
}

/* BYTES as the parser wants to have them. */
static const char *given(struct arena *arena, const char *bytes, size_t len)
{
	char *own = arena_alloc(arena, len + SOURCE_ENDS);

	return len ? memcpy(own, bytes, len) : own;
}

static const char *read_stored(const struct fb *fb, struct arena *arena,
			       const char *path, size_t *len, const char **why)
{
	const char *bytes = fb->reader->read(fb->reader->context,
					     from_top(path), len, why);

	if (!bytes)
		return NULL;
	/* one byte more than is read tells the parser that it is too large */
	*len = *len > SOURCE_MAX ? (size_t)SOURCE_MAX + 1 : *len;
	return given(arena, bytes, *len);
}

/* PATH as an editor has it; NULL: it has it not. */
static const struct overlay *overlay_of(struct fb *fb, const char *path)
{
	const char *full;

	if (!fb->overlays.count)
		return NULL;
	full = path_plain(fb->arena, *path == '/' ? path
		: arena_printf(fb->arena, "%s%s", fb->loader.cwd, path));
	for (size_t i = 0; i < fb->overlays.count; i++)
		if (strcmp(fb->overlays.at[i].path, full) == 0)
			return &fb->overlays.at[i];
	return NULL;
}

static const char *read_path(void *context, struct arena *arena,
			     const char *path, size_t *len, const char **why)
{
	struct fb *fb = context;
	const struct overlay *edited = overlay_of(fb, path);

	if (edited) {
		*len = edited->len > SOURCE_MAX ? (size_t)SOURCE_MAX + 1
						: edited->len;
		return given(arena, edited->text, *len);
	}
	if (fb->text && strcmp(path, fb->text_name) == 0) {
		*len = fb->text_len;
		return given(arena, fb->text, fb->text_len);
	}
	if (fb->reader)
		return read_stored(fb, arena, path, len, why);
	return read_file(fb, arena, path, len, why);
}

static enum fb_found find(const struct fb *fb, const char *path)
{
	struct stat st;

	if (fb->reader)
		return fb->reader->find(fb->reader->context, from_top(path));
	if (stat(path, &st) != 0)
		return FB_NOTHING;
	return S_ISDIR(st.st_mode) ? FB_DIRECTORY : FB_FILE;
}

/*
 * The policy's root: the nearest directory at or above the absolute DIRECTORY
 * with a main.fbk or a .git; else DIRECTORY itself.
 */
static const char *root_of(struct fb *fb, const char *directory)
{
	const char *at = directory;
	size_t len = strlen(at);

	while (!find(fb, arena_printf(fb->arena, "%smain.fbk", at)) &&
	       !find(fb, arena_printf(fb->arena, "%s.git", at))) {
		if (len < 2)
			return fb->reader ? at : directory;
		while (--len && at[len - 1] != '/')
			;
		at = arena_copy(fb->arena, at, len);
	}
	return at;
}

static const char *working_directory(struct arena *arena)
{
	char cwd[PATH_MAX];

	if (!getcwd(cwd, sizeof cwd))
		return "/";
	return arena_printf(arena, "%s%s", cwd, strcmp(cwd, "/") ? "/" : "");
}

const char *const *source_names(struct fb *fb)
{
	size_t count = fb->sources.files.count;
	const char **names = arena_array(fb->arena, count, sizeof *names);

	for (size_t i = 0; i < count; i++) {
		const char *name = fb->sources.files.at[i]->name;
		const char *seen = path_from_root(fb->arena, &fb->loader, name);

		names[i] = seen ? seen : name;
	}
	return names;
}

static enum fb_status load(struct fb *fb, const char *path)
{
	struct ast *ast = parse_policy(fb->arena, &fb->diags, &fb->sources,
				       &fb->loader, path);

	fb->ir = resolve_policy(fb->arena, &fb->diags, &fb->sources, ast,
				fb->options.as_of);
	return fb->diags.refusals ? FB_BAD : FB_OK;
}

static const char *directory_of(struct fb *fb, const char *path)
{
	const char *full = path_plain(fb->arena, *path == '/' ? path
		: arena_printf(fb->arena, "%s%s", fb->loader.cwd, path));

	return arena_copy(fb->arena, full,
			  (size_t)(strrchr(full, '/') - full) + 1);
}

static enum fb_status load_path(struct fb *fb, void *call)
{
	const char *path = call;

	fb->loader = (struct loader){ .read = read_path, .context = fb,
				      .yields = true,
				      .cwd = fb->reader ? "/"
					     : working_directory(fb->arena) };
	if (find(fb, path) == FB_DIRECTORY)
		path = arena_printf(fb->arena, *path ? "%s/main.fbk"
				    : "%smain.fbk", path);
	path = path_plain(fb->arena, path);
	fb->loader.root = root_of(fb, directory_of(fb, path));
	return load(fb, path);
}

enum fb_status fb_load(struct fb *fb, const char *path)
{
	return guarded(fb, load_path, (void *)path);
}

struct below_call {
	const char *root, *path;
};

static enum fb_status load_below(struct fb *fb, void *argument)
{
	const struct below_call *call = argument;
	const char *path = path_plain(fb->arena, call->path);

	fb->loader = (struct loader){ .read = read_path, .context = fb,
				      .yields = true,
				      .cwd = working_directory(fb->arena) };
	fb->loader.root = directory_of(fb, arena_printf(fb->arena, "%s/x",
							call->root));
	return load(fb, path);
}

enum fb_status fb_load_below(struct fb *fb, const char *root, const char *path)
{
	struct below_call call = { root, path };

	return guarded(fb, load_below, &call);
}

enum fb_status fb_load_from(struct fb *fb, const char *path,
			    const struct fb_reader *reader)
{
	enum fb_status status;

	fb->reader = reader;
	status = guarded(fb, load_path, (void *)path);
	fb->reader = NULL;
	return status;
}

static enum fb_status load_text(struct fb *fb, void *call)
{
	fb->loader = (struct loader){ .read = read_path, .context = fb,
				      .yields = true,
				      .cwd = working_directory(fb->arena) };
	fb->loader.root = root_of(fb, fb->loader.cwd);
	return load(fb, call);
}

enum fb_status fb_load_text(struct fb *fb, const char *name, const char *text,
			    size_t len)
{
	fb->text_name = name;
	fb->text = text;
	fb->text_len = len;
	return guarded(fb, load_text, (void *)name);
}

/* --- checking --- */

static enum fb_status check(struct fb *fb, void *call)
{
	struct fb_summary *sum = call;
	const struct ir *ir = fb->ir;
	const struct verdict *verdicts;
	struct upkeep upkeep;

	if (fb->diags.refusals)
		return FB_BAD;
	fb->verdicts = verdicts = verify_verdicts(fb->arena, ir);
	fb->expects_run = true;
	sum->broken = verify_tell(&fb->diags, ir, verdicts);
	for (size_t i = 0; i < ir->invariant_count; i++)
		sum->waived += verdicts[i].kind == VERDICT_WAIVED;
	upkeep = upkeep_tell(&fb->diags, ir, verdicts);
	sum->reviews = ir->review_days > 0;
	sum->overdue = upkeep.overdue;
	sum->due = upkeep.soon;
	sum->emergencies = upkeep.emergencies;
	sum->unreviewed = upkeep.unreviewed;
	sum->lints = lint_tell(fb->arena, &fb->diags, ir) +
		     exposed_tell(fb->arena, &fb->diags, ir);
	sum->unmet = verify_expects(fb->arena, &fb->diags, ir);
	sum->expects = ir->expect_count;
	sum->invariants = ir->invariant_count;
	sum->rules = ir->rule_count;
	sum->environments = ir->space_count;
	for (size_t i = 0; i < ir->rule_count; i++)
		sum->expired += !ir->rules[i].in_force;
	if (fb->diags.faults)
		return FB_FAULT;
	return fb->diags.errors || sum->expired || sum->overdue ||
	       sum->unreviewed ? FB_NO : FB_OK;
}

enum fb_status fb_check(struct fb *fb, struct fb_summary *out)
{
	*out = (struct fb_summary){ 0 };
	return guarded(fb, check, out);
}

/* --- layout --- */

struct format_call {
	const char *name, *text;
	size_t len;
	const char *out;
	size_t out_len;
};

static enum fb_status format(struct fb *fb, void *argument)
{
	struct format_call *call = argument;
	struct text out = TEXT_IN(fb->arena);
	struct source *s = call->len > SOURCE_MAX ? NULL
		: source_add(&fb->sources, call->name, call->text, call->len);
	enum fmt_result result;

	if (!s) {
		diag_add(&fb->diags, P0006, (struct span){ 0 },
			 "`%.200s` is larger than 16 MiB", call->name);
		return FB_BAD;
	}
	result = fmt_source(fb->arena, &fb->diags, &fb->sources, s, &out);
	if (result != FMT_DONE)
		return result == FMT_MISTAKES ? FB_BAD : FB_FAULT;
	call->out = text_string(&out);
	call->out_len = out.len;
	return FB_OK;
}

enum fb_status fb_lay_out(struct fb *fb, const char *name, const char *text,
			 size_t len, const char **out, size_t *out_len)
{
	struct format_call call = { .name = name, .text = text, .len = len };
	enum fb_status status = guarded(fb, format, &call);

	*out = call.out;
	*out_len = call.out_len;
	return status;
}

/* --- telling --- */

struct list_call {
	const struct fb_diag *list;
	size_t count;
};

static enum fb_status list(struct fb *fb, void *argument)
{
	struct list_call *call = argument;

	call->list = diag_list(&fb->diags, &call->count);
	return FB_OK;
}

const struct fb_diag *fb_diagnostics(struct fb *fb, size_t *count)
{
	struct list_call call = { 0 };

	(void)guarded(fb, list, &call);	/* without memory: none */
	*count = call.count;
	return call.list;
}

struct place_call {
	struct span span;
	struct fb_place place;
};

static enum fb_status place(struct fb *fb, void *argument)
{
	struct place_call *call = argument;

	call->place = source_place(&fb->sources, call->span);
	return FB_OK;
}

struct fb_place fb_place(struct fb *fb, struct span span)
{
	struct place_call call = { .span = span };

	(void)guarded(fb, place, &call);	/* without memory: nowhere */
	return call.place;
}

struct render_call {
	const struct fb_style *style;
	const char *text;
};

static enum fb_status render(struct fb *fb, void *argument)
{
	struct render_call *call = argument;
	const struct fb_style *style = call->style;
	struct text out = TEXT_IN(fb->arena);
	size_t count, errors = 0, hidden = fb->diags.dropped;
	const struct fb_diag *all = diag_list(&fb->diags, &count);

	for (size_t i = 0; i < count; i++) {
		if (all[i].severity == FB_NOTE && !style->notes)
			continue;
		if (all[i].severity == FB_ERROR && style->most &&
		    ++errors > style->most)
			hidden++;
		else
			render_diag(&out, &fb->sources, &all[i], style->colour);
	}
	if (hidden)
		text_printf(&out, "%zu more not shown\n", hidden);
	call->text = text_string(&out);
	return FB_OK;
}

const char *fb_render(struct fb *fb, const struct fb_style *style)
{
	struct render_call call = { style, NULL };

	(void)guarded(fb, render, &call);	/* without memory: NULL */
	return call.text;
}
