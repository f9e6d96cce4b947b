/*
 * firebreak verify-bundle DIR: digests again, then everything made again from
 * the sources and compared byte for byte.  Each file that differs is named.
 */
#define _GNU_SOURCE
#include "compiler/cli/cli.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DEEP = 32 };	/* directories below a bundle: more is none of ours */

static char *join(const char *directory, const char *path)
{
	char *out;

	return asprintf(&out, "%s/%s", directory, path) < 0 ? NULL : out;
}

static void say(const char *path, const char *what)
{
	printf("%s: %s\n", path, what);
}

/* --- digests as the manifest has them --- */

/* Does the line say the digest that the file has now? */
static bool check_line(const char *directory, const char *line)
{
	char digest[65], *path = join(directory, line + 66), *bytes;
	size_t len;
	bool same;

	bytes = path ? cli_read(path, &len) : NULL;
	free(path);
	if (!bytes) {
		say(line + 66, "cannot be read");
		return false;
	}
	fb_digest(bytes, len, digest);
	free(bytes);
	same = strncmp(digest, line, 64) == 0;
	if (!same)
		say(line + 66, "is not what the manifest says");
	return same;
}

static bool check_digests(const char *directory, char *manifest)
{
	bool good = true;
	char *rest = manifest, *line;

	while ((line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		if (strlen(line) > 66 && memcmp(line + 64, "  ", 2) == 0)
			good &= check_line(directory, line);
		else
			good = false, say("MANIFEST.sha256", "has a line that is none of a manifest");
	}
	return good;
}

/* --- the bundle made again --- */

static const struct fb_output *find(const struct fb_compilation *made,
				    const char *path)
{
	for (size_t i = 0; i < made->count; i++)
		if (strcmp(made->outputs[i].path, path) == 0)
			return &made->outputs[i];
	return NULL;
}

static bool same_file(const char *directory, const struct fb_output *made)
{
	char *path = join(directory, made->path);
	size_t len = 0;
	char *bytes = path ? cli_read(path, &len) : NULL;
	bool same = bytes && len == made->len &&
		    memcmp(bytes, made->bytes, len) == 0;

	if (!same)
		say(made->path, bytes ? "does not follow from the sources"
				      : "is missing");
	free(bytes);
	free(path);
	return same;
}

/* A signature stands beside the manifest and is not of the bundle. */
static bool is_signature(const char *path)
{
	return strcmp(path, "MANIFEST.sha256.sig") == 0;
}

/* Files in DIRECTORY/BELOW that the bundle does not have. */
static bool no_strangers(const char *directory, const char *below,
			 const struct fb_compilation *made, int depth)
{
	char *at = join(directory, below);
	DIR *open = at && depth < DEEP ? opendir(at) : NULL;
	struct dirent *entry;
	bool good = open != NULL;

	while (open && (entry = readdir(open))) {
		char *path, *full;
		struct stat st;

		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		path = *below ? join(below, entry->d_name)
			      : strdup(entry->d_name);
		full = path ? join(directory, path) : NULL;
		if (!full || lstat(full, &st) != 0) {
			good = false;
		} else if (S_ISDIR(st.st_mode)) {
			good &= no_strangers(directory, path, made, depth + 1);
		} else if (!find(made, path) && !is_signature(path)) {
			say(path, "is not of the bundle");
			good = false;
		}
		free(full);
		free(path);
	}
	if (open)
		(void)closedir(open);	/* only read from */
	free(at);
	return good;
}

static enum fb_status make_again(const struct cli *cli, const char *directory,
				 const struct fb_bundle *bundle, struct fb **fb,
				 struct fb_compilation *made)
{
	struct cli as_then = *cli;
	struct fb_report_options options = {
		*bundle->controls ? bundle->controls : NULL,
		*bundle->classification ? bundle->classification : NULL,
	};
	char *root = join(directory, "sources");
	char *path = root ? join(root, bundle->main) : NULL;
	enum fb_status status = FB_MEMORY;

	as_then.as_of = bundle->as_of;
	*fb = cli_context(&as_then);
	if (*fb && path)
		status = fb_load_below(*fb, root, path);
	if (status == FB_OK)
		status = fb_report(*fb, &options, made);
	free(path);
	free(root);
	return status;
}

static bool read_facts(const char *directory, struct fb_bundle *bundle)
{
	char *path = join(directory, "model.json");
	size_t len = 0;
	char *bytes = path ? cli_read(path, &len) : NULL;
	bool good = bytes && fb_bundle_read(bytes, len, bundle);

	if (bytes && !good)
		say("model.json", "is not the model of a report");
	free(bytes);
	free(path);
	return good;
}

/* The rest, once the digests are known to be GOOD or not. */
static int compare(const struct cli *cli, const char *directory, bool good)
{
	struct fb_compilation made = { 0 };
	struct fb_bundle bundle;
	enum fb_status status;
	struct fb *fb;

	if (!read_facts(directory, &bundle))
		return EXIT_CANNOT;
	if (strcmp(bundle.version, FIREBREAK_VERSION) != 0) {
		fprintf(stderr, "firebreak: the bundle was made by firebreak %.60s, this is %s: use that one\n",
			bundle.version, FIREBREAK_VERSION);
		return EXIT_CANNOT;
	}
	status = make_again(cli, directory, &bundle, &fb, &made);
	if (!made.count) {
		int code = cli_tell(cli, fb, status);

		say("sources", "do not compile");
		fb_free(fb);
		return code;
	}
	for (size_t i = 0; i < made.count; i++)
		good &= same_file(directory, &made.outputs[i]);
	good &= no_strangers(directory, "", &made, 0);
	if (good)
		printf("%zu files: each is what the manifest says and follows from the sources\n",
		       made.count);
	fb_free(fb);
	return good ? EXIT_EQUAL : EXIT_NO;
}

static int run(const struct cli *cli)
{
	const char *directory = cli->operands[0];
	char *path = join(directory, "MANIFEST.sha256");
	size_t len = 0;
	char *manifest = path ? cli_read(path, &len) : NULL, *text;
	bool good;

	free(path);
	text = manifest ? strndup(manifest, len) : NULL;
	free(manifest);
	if (!text)
		return EXIT_CANNOT;
	good = check_digests(directory, text);
	free(text);
	return cli_finish(compare(cli, directory, good));
}

const struct command command_verify_bundle = {
	.name = "verify-bundle",
	.summary = "is each file of an evidence bundle what its sources make?",
	.usage =
	"firebreak verify-bundle evidence\n\n"
	"Computes every digest of DIR/MANIFEST.sha256 again, then makes the whole bundle\n"
	"again from DIR/sources, for the day it was made for, and compares every byte.\n"
	"Names each file that was changed, is missing, or does not belong to it.\n\n"
	"exit codes: 0 nothing differs, 1 something does, 2 it cannot be read or was made\n"
	"by another version\n",
	.least = 1,
	.most = 1,
	.run = run,
};
