/* Read the manifest strictly enough to trust a digest, and take the files. */
#include "compiler/previous.h"

#include "compiler/base/json.h"
#include "compiler/context.h"

#include <string.h>

const struct previous_file *previous_find(const struct previous *previous,
					  const char *path)
{
	const struct previous_file *file = previous->digest
		? table_get_name(&previous->files, path) : NULL;

	return file && file->bytes ? file : NULL;
}

static const char *digest_of(struct arena *arena, const char *bytes, size_t len)
{
	char digest[65];

	fb_digest(bytes, len, digest);
	return arena_printf(arena, "sha256:%s", digest);
}

/* Does PATH stay below the directory that it is seen from? */
static bool stays_below(const char *path)
{
	if (*path == '/' || !*path)
		return false;
	for (size_t len; *path; path += len + (path[len] == '/')) {
		len = strcspn(path, "/");
		if (len == 0 || (len == 2 && strncmp(path, "..", 2) == 0))
			return false;
	}
	return true;
}

struct manifest_call {
	const char *name, *bytes;
	size_t len;
	const char **paths;
	size_t count;
};

static enum fb_status refused(struct fb *fb, const char *name, const char *why)
{
	diag_add(&fb->diags, P0608, (struct span){ 0 }, "%s %s", name, why);
	return FB_BAD;
}

static enum fb_status read_outputs(struct fb *fb, struct manifest_call *call,
				   const struct json *outputs)
{
	call->paths = arena_array(fb->arena, outputs->count,
				  sizeof *call->paths);
	for (const struct json *one = outputs->first; one; one = one->next) {
		const char *path = jv_string(jv_get(one, "path"));
		const char *digest = jv_string(jv_get(one, "digest"));
		struct previous_file *file;

		if (!path || !digest || !stays_below(path))
			return refused(fb, call->name,
				       "lists an output that no compilation writes");
		file = arena_alloc(fb->arena, sizeof *file);
		*file = (struct previous_file){ path, digest, NULL, 0 };
		*table_at_name(&fb->previous.files, path) = file;
		*LIST_PUSH(fb->arena, &fb->previous.all) = file;
		call->paths[call->count++] = path;
	}
	return FB_OK;
}

static enum fb_status read_manifest(struct fb *fb, void *argument)
{
	struct manifest_call *call = argument;
	struct jv_fault fault;
	const struct json *root = jv_read(fb->arena, call->bytes, call->len,
					  &fault);
	const char *schema = jv_string(jv_get(root, "schema"));
	const char *policy = jv_string(jv_get(root, "policy"));
	const struct json *outputs = jv_get(root, "outputs");

	if (fb->diags.refusals)
		return FB_BAD;
	if (!schema || strcmp(schema, "firebreak-manifest-1") != 0 || !policy ||
	    !outputs || outputs->kind != JV_ARRAY)
		return refused(fb, call->name,
			       "is not the manifest of a compilation");
	if (strcmp(policy, fb->ir->policy) != 0)
		return refused(fb, call->name, arena_printf(fb->arena,
			"is of policy `%.120s`, and this one is `%s`", policy,
			fb->ir->policy));
	fb->previous.files = TABLE_IN(fb->arena);
	fb->previous.digest = digest_of(fb->arena, call->bytes, call->len);
	return read_outputs(fb, call, outputs);
}

enum fb_status fb_previous(struct fb *fb, const char *name, const char *bytes,
			   size_t len, struct fb_paths *out)
{
	struct manifest_call call = { .name = name, .bytes = bytes, .len = len };
	enum fb_status status = guarded(fb, read_manifest, &call);

	*out = (struct fb_paths){ 0 };
	if (status == FB_OK)
		*out = (struct fb_paths){ call.paths, call.count };
	return status;
}

struct file_call {
	const char *path, *bytes;
	size_t len;
};

static enum fb_status take_file(struct fb *fb, void *argument)
{
	const struct file_call *call = argument;
	struct previous_file *file = table_get_name(&fb->previous.files,
						    call->path);

	if (!file || strcmp(file->digest,
			    digest_of(fb->arena, call->bytes, call->len)) != 0)
		return refused(fb, call->path,
			       "is not what its manifest says was written");
	file->bytes = arena_copy(fb->arena, call->bytes, call->len);
	file->len = call->len;
	return FB_OK;
}

enum fb_status fb_previous_file(struct fb *fb, const char *path,
				const char *bytes, size_t len)
{
	struct file_call call = { path, bytes, len };

	return guarded(fb, take_file, &call);
}
