/* Manifests read back, digest by digest. */
#include "compiler/directory.h"

#include "compiler/base/json.h"
#include "compiler/base/table.h"
#include "compiler/context.h"

#include <string.h>

struct manifest {
	const char **paths, **digests;
	size_t count;
};

/* Below its directory, and nowhere else? */
static bool is_inside(const char *path)
{
	for (const char *at = path; at; at = strchr(at, '/')) {
		at += *at == '/';
		if (!*at || *at == '/' || strcmp(at, "..") == 0 ||
		    strncmp(at, "../", 3) == 0)
			return false;
	}
	return true;
}

static bool read_manifest(struct arena *arena, const struct fb_artefact *file,
			  struct manifest *out)
{
	struct jv_fault fault;
	const struct json *all = jv_read(arena, file->bytes, file->len, &fault);
	const char *schema = jv_string(jv_get(all, "schema"));
	const struct json *list = jv_get(all, "outputs");

	*out = (struct manifest){ 0 };
	if (!schema || strcmp(schema, "firebreak-manifest-1") != 0 || !list ||
	    list->kind != JV_ARRAY)
		return false;
	out->paths = arena_array(arena, list->count, sizeof *out->paths);
	out->digests = arena_array(arena, list->count, sizeof *out->digests);
	for (const struct json *o = list->first; o; o = o->next) {
		size_t i = out->count++;

		out->paths[i] = jv_string(jv_get(o, "path"));
		out->digests[i] = jv_string(jv_get(o, "digest"));
		if (!out->paths[i] || !out->digests[i] ||
		    !is_inside(out->paths[i]) ||
		    (i && strcmp(out->paths[i - 1], out->paths[i]) >= 0))
			return false;
	}
	return true;
}

struct paths_call {
	const struct fb_artefact *file;
	struct manifest manifest;
};

static enum fb_status paths(struct fb *fb, void *argument)
{
	struct paths_call *call = argument;

	if (read_manifest(fb->arena, call->file, &call->manifest))
		return FB_OK;
	diag_add(&fb->diags, P0601, (struct span){ 0 },
		 "%s is not a manifest as `compile` writes it",
		 call->file->name);
	return FB_BAD;
}

enum fb_status fb_manifest_paths(struct fb *fb,
				 const struct fb_artefact *manifest,
				 const char *const **out, size_t *count)
{
	struct paths_call call = { .file = manifest };
	enum fb_status status = guarded(fb, paths, &call);

	*out = call.manifest.paths;
	*count = status == FB_OK ? call.manifest.count : 0;
	return status;
}

/* --- comparing --- */

struct changes {
	struct arena *arena;
	LIST(struct fb_file_change) list;
};

static void add(struct changes *c, enum fb_file_change_kind kind,
		const char *path)
{
	*LIST_PUSH(c->arena, &c->list) = (struct fb_file_change){ kind, path };
}

static bool has_digest(const char *bytes, size_t len, const char *text)
{
	char digest[65];

	fb_digest(bytes, len, digest);
	return strncmp(text, "sha256:", 7) == 0 && strcmp(text + 7, digest) == 0;
}

/* The directory against its own manifest. */
static void check_files(struct changes *c, const struct fb_running *running,
			const struct manifest *m)
{
	struct table given = TABLE_IN(c->arena);

	for (size_t i = 0; i < running->file_count; i++)
		*table_at_name(&given, running->files[i].name) =
			(void *)&running->files[i];
	for (size_t i = 0; i < m->count; i++) {
		const struct fb_artefact *file = table_get_name(&given,
								m->paths[i]);

		if (!file)
			add(c, FB_FILE_MISSING, m->paths[i]);
		else if (!has_digest(file->bytes, file->len, m->digests[i]))
			add(c, FB_FILE_EDITED, m->paths[i]);
	}
}

/* Both list their outputs in the order of their paths; MADE's manifest is last. */
static void compare_files(struct changes *c, const struct fb_running *running,
			  const struct manifest *m,
			  const struct fb_compilation *made)
{
	size_t outputs = made->count - 1, i = 0, k = 0;

	while (i < m->count || k < outputs) {
		const struct fb_output *o = &made->outputs[k];
		int order = i == m->count ? 1 : k == outputs ? -1
			  : strcmp(m->paths[i], o->path);

		if (order)
			add(c, (order < 0) == running->is_new ? FB_FILE_APPEARS
			    : FB_FILE_VANISHES, order < 0 ? m->paths[i]
			    : o->path);
		else if (!has_digest(o->bytes, o->len, m->digests[i]))
			add(c, FB_FILE_CHANGES, o->path);
		i += order <= 0;
		k += order >= 0;
	}
}

void directory_compare(struct arena *arena, const struct fb_running *running,
		       const struct fb_compilation *made, struct fb_diff *out)
{
	struct changes c = { arena, { 0 } };
	struct manifest m;

	if (!read_manifest(arena, running->manifest, &m))
		return;		/* whose paths were asked for: it is one */
	check_files(&c, running, &m);
	if (made)
		compare_files(&c, running, &m, made);
	out->files = c.list.at;
	out->file_count = c.list.count;
}
