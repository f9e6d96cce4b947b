/*
 * An operand of diff that is no policy: a file that says what runs, or a
 * directory that `compile` made.
 */
#define _GNU_SOURCE
#include "compiler/cli/running.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *join(const char *directory, const char *path)
{
	char *out;

	return asprintf(&out, "%s/%s", directory, path) < 0 ? NULL : out;
}

static bool has(const char *directory, const char *name)
{
	char *path = join(directory, name);
	bool there = path && access(path, F_OK) == 0;

	free(path);
	return there;
}

static bool ends_in(const char *path, const char *end)
{
	size_t len = strlen(path), n = strlen(end);

	return len >= n && strcmp(path + len - n, end) == 0;
}

enum cli_operand cli_operand_of(const char *path, struct cli_bytes *out)
{
	struct stat st;
	bool is_stdin = strcmp(path, "-") == 0;

	*out = (struct cli_bytes){ 0 };
	if (cli_is_revision(path) || (!is_stdin && stat(path, &st) != 0))
		return CLI_POLICY;	/* or nothing: loading it says so */
	if (!is_stdin && S_ISDIR(st.st_mode))
		return !has(path, "main.fbk") && has(path, "manifest.json")
		       ? CLI_COMPILED : CLI_POLICY;
	if (ends_in(path, ".fbk"))
		return CLI_POLICY;
	out->at = cli_read(path, &out->len);
	if (!out->at)
		return CLI_UNREADABLE;
	return fb_is_artefact(out->at, out->len) ? CLI_FILE : CLI_POLICY;
}

static bool add(struct cli_running *r, const char *name, char *bytes,
		size_t len)
{
	struct fb_artefact *more = r->files;

	if (r->count == r->room) {
		r->room = r->room ? 2 * r->room : 16;
		more = realloc(r->files, r->room * sizeof *more);
	}
	if (!more) {
		free(bytes);
		return false;
	}
	r->files = more;
	more[r->count++] = (struct fb_artefact){ name, bytes, len };
	return true;
}

/* Every output that the manifest lists and that is there. */
static bool add_outputs(struct cli_running *r, const char *directory,
			const char *const *paths, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *path = join(directory, paths[i]), *bytes = NULL;
		bool there = path && access(path, F_OK) == 0;
		size_t len = 0;

		if (there)
			bytes = cli_read(path, &len);
		free(path);
		if (!path || (there && (!bytes || !add(r, paths[i], bytes, len))))
			return false;
	}
	return true;
}

enum fb_status cli_running_read(struct fb *policy, const char *path,
				enum cli_operand kind, struct cli_bytes *bytes,
				struct cli_running *out)
{
	const char *const *paths;
	enum fb_status status;
	char *name;
	size_t count;

	*out = (struct cli_running){ 0 };
	if (kind == CLI_FILE) {
		char *own = bytes->at;

		bytes->at = NULL;
		return add(out, strcmp(path, "-") == 0 ? "stdin" : path, own,
			   bytes->len) ? FB_OK : FB_MEMORY;
	}
	name = out->manifest_name = join(path, "manifest.json");
	if (!name)
		return FB_MEMORY;
	out->manifest_bytes = cli_read(name, &count);
	if (!out->manifest_bytes)
		return FB_BAD;
	out->manifest = (struct fb_artefact){ name, out->manifest_bytes,
					      count };
	status = fb_manifest_paths(policy, &out->manifest, &paths, &count);
	if (status != FB_OK)
		return status;
	return add_outputs(out, path, paths, count) ? FB_OK : FB_BAD;
}

void cli_running_free(struct cli_running *r)
{
	for (size_t i = 0; i < r->count; i++)
		free((char *)r->files[i].bytes);
	free(r->files);
	free(r->manifest_bytes);
	free(r->manifest_name);
}
