/* --previous: the manifest of the last build, and its files beside it. */
#define _GNU_SOURCE
#include "compiler/cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* malloc'd: the manifest that PATH, a directory or itself, leads to. */
static char *manifest_of(const char *path)
{
	struct stat st;
	bool directory = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
	char *out;

	if (asprintf(&out, "%s%s", path, directory ? "/manifest.json" : "") < 0)
		return NULL;
	return out;
}

/* Only what keeps names that something depends on. */
static bool is_wanted(const char *path)
{
	size_t len = strlen(path);

	return len > 8 && strcmp(path + len - 8, ".tf.json") == 0;
}

static enum fb_status bring(struct fb *fb, const char *manifest,
			    const char *path)
{
	const char *slash = strrchr(manifest, '/');
	enum fb_status status = FB_BAD;
	char *full, *bytes;
	size_t len;

	if (asprintf(&full, "%.*s%s",
		     slash ? (int)(slash - manifest) + 1 : 0, manifest,
		     path) < 0)
		return FB_MEMORY;
	bytes = cli_read(full, &len);
	if (bytes)
		status = fb_previous_file(fb, path, bytes, len);
	free(bytes);
	free(full);
	return status;
}

enum fb_status cli_previous(const struct cli *cli, struct fb *fb)
{
	char *manifest = manifest_of(cli->previous);
	struct fb_paths paths = { 0 };
	enum fb_status status = FB_BAD;
	char *bytes = NULL;
	size_t len;

	if (manifest)
		bytes = cli_read(manifest, &len);
	if (bytes)
		status = fb_previous(fb, manifest, bytes, len, &paths);
	for (size_t i = 0; i < paths.count && status == FB_OK; i++)
		if (is_wanted(paths.at[i]))
			status = bring(fb, manifest, paths.at[i]);
	free(bytes);
	free(manifest);
	return status;
}
