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
#include <unistd.h>

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

/* PATH below DIRECTORY, or NULL. */
static char *read_below(const char *directory, const char *path, size_t *len)
{
	char *full = join(directory, path);
	char *bytes = full ? cli_read(full, len) : NULL;

	free(full);
	return bytes;
}

static enum fb_status load(struct fb *fb, const char *directory,
			   const char *below, const char *main)
{
	char *root = join(directory, below);
	char *path = root ? join(root, main) : NULL;
	enum fb_status status = path ? fb_load_below(fb, root, path)
				     : FB_MEMORY;

	free(path);
	free(root);
	return status;
}

static bool has_file(const char *directory, const char *name)
{
	char *path = join(directory, name);
	bool has = path && access(path, F_OK) == 0;

	free(path);
	return has;
}

/* A bundle being made again; what it borrows lives as long as it. */
struct again {
	struct fb *fb, *before;
	struct fb_since *since;		/* in FB, but for its steps' contexts */
	char *approvals, *history;
	struct fb_capture *captures;
	size_t capture_count;
	struct fb_compilation made;
};

static struct fb *load_side(const struct cli *cli, const char *directory,
			    const char *hash, const char *side,
			    const char *main)
{
	struct fb *fb = cli_context(cli);
	char *below;

	if (!fb || asprintf(&below, "steps/%s/%s", hash, side) < 0) {
		fb_free(fb);
		return NULL;
	}
	if (load(fb, directory, below, main) != FB_OK) {
		fb_free(fb);
		fb = NULL;
	}
	free(below);
	return fb;
}

/* The commits on days of a freeze; of one that nobody could judge there is nothing. */
static bool load_steps(const struct cli *cli, const char *directory,
		       struct fb_since *since)
{
	struct fb_freeze_step *steps = (struct fb_freeze_step *)since->steps;
	bool good = true;

	for (size_t i = 0; i < since->step_count; i++) {
		const struct fb_commit *c = &since->commits[steps[i].commit];
		struct cli as_then = *cli;

		if (!*steps[i].main_before || !fb_day(c->day, &as_then.as_of))
			continue;
		steps[i].before = load_side(&as_then, directory, c->hash,
					    "before", steps[i].main_before);
		steps[i].after = load_side(&as_then, directory, c->hash,
					   "after", steps[i].main_after);
		good &= steps[i].before && steps[i].after;
	}
	return good;
}

static bool load_period(struct again *a, const struct cli *cli,
			const char *directory, const struct fb_bundle *bundle,
			struct fb_report_options *options)
{
	struct fb_since *since;
	size_t len = 0;

	a->history = read_below(directory, "history.json", &len);
	a->before = cli_context(cli);
	if (!a->history || !a->before ||
	    load(a->before, directory, "before", bundle->main_before) != FB_OK)
		return false;
	since = fb_history_read(a->fb, a->history, len);
	if (!since)
		return false;
	since->before = a->before;
	options->since = a->since = since;
	return load_steps(cli, directory, since);
}

static int by_name(const void *x, const void *y)
{
	const struct fb_capture *a = x, *b = y;

	return strcmp(a->name, b->name);
}

/* A file of the bundle's captures; its number in front is not its name. */
static bool add_capture(struct again *a, const char *directory,
			const char *name)
{
	struct fb_capture *more = realloc(a->captures,
		(a->capture_count + 1) * sizeof *more);
	struct fb_capture *c;

	if (!more)
		return false;
	a->captures = more;
	c = &more[a->capture_count++];
	*c = (struct fb_capture){ .name = strdup(name) };
	c->bytes = read_below(directory, name, &c->len);
	return c->name && c->bytes;
}

/* What was captured, in the order that it was given in. */
static bool load_captures(struct again *a, const char *directory)
{
	char *below = join(directory, "captures");
	DIR *open = below ? opendir(below) : NULL;
	struct dirent *entry;
	bool good = below != NULL;

	while (open && good && (entry = readdir(open)))
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			good = add_capture(a, below, entry->d_name);
	if (open)
		(void)closedir(open);	/* only read from */
	free(below);
	if (a->capture_count)
		qsort(a->captures, a->capture_count, sizeof *a->captures,
		      by_name);
	for (size_t i = 0; good && i < a->capture_count; i++) {
		const char *dash = strchr(a->captures[i].name, '-');
		char *name = strdup(dash ? dash + 1 : "");

		good = name != NULL;
		free((char *)a->captures[i].name);
		a->captures[i].name = name;
	}
	return good;
}

static enum fb_status make_again(const struct cli *cli, const char *directory,
				 const struct fb_bundle *bundle,
				 struct again *a)
{
	struct cli as_then = *cli;
	struct fb_report_options options = {
		.controls = *bundle->controls ? bundle->controls : NULL,
		.classification = *bundle->classification
				  ? bundle->classification : NULL,
	};
	enum fb_status status;
	char *path = join(directory, "approvals.json");

	as_then.as_of = bundle->as_of;
	a->fb = cli_context(&as_then);
	if (!a->fb || !path) {
		free(path);
		return FB_MEMORY;
	}
	options.oscal = has_file(directory, "oscal.json");
	if (access(path, F_OK) == 0)
		a->approvals = cli_read(path, &options.approvals_len);
	free(path);
	options.approvals = a->approvals;
	if (!load_captures(a, directory)) {
		say("captures", "cannot be read");
		return FB_BAD;
	}
	options.captures = a->captures;
	options.capture_count = a->capture_count;
	status = load(a->fb, directory, "sources", bundle->main);
	if (status == FB_OK && *bundle->main_before &&
	    !load_period(a, &as_then, directory, bundle, &options)) {
		say("history.json", "and what lies in before/ and steps/ cannot be read");
		return FB_BAD;
	}
	return status == FB_OK ? fb_report(a->fb, &options, &a->made) : status;
}

static void release(struct again *a)
{
	for (size_t i = 0; a->since && i < a->since->step_count; i++) {
		fb_free(a->since->steps[i].before);
		fb_free(a->since->steps[i].after);
	}
	fb_free(a->fb);
	fb_free(a->before);
	for (size_t i = 0; i < a->capture_count; i++) {
		free((char *)a->captures[i].name);
		free((char *)a->captures[i].bytes);
	}
	free(a->captures);
	free(a->approvals);
	free(a->history);
}

static bool read_facts(const char *directory, struct fb_bundle *bundle)
{
	size_t len = 0;
	char *bytes = read_below(directory, "model.json", &len);
	bool good = bytes && fb_bundle_read(bytes, len, bundle);

	if (bytes && !good)
		say("model.json", "is not the model of a report");
	free(bytes);
	return good;
}

/* The rest, once the digests are known to be GOOD or not. */
static int compare(const struct cli *cli, const char *directory, bool good)
{
	struct again again = { 0 };
	struct fb_bundle bundle;
	enum fb_status status;
	int code = EXIT_CANNOT;

	if (!read_facts(directory, &bundle))
		return EXIT_CANNOT;
	if (strcmp(bundle.version, FIREBREAK_VERSION) != 0) {
		fprintf(stderr, "firebreak: the bundle was made by firebreak %.60s, this is %s: use that one\n",
			bundle.version, FIREBREAK_VERSION);
		return EXIT_CANNOT;
	}
	status = make_again(cli, directory, &bundle, &again);
	if (!again.made.count) {
		code = cli_tell(cli, again.fb, status);
		say("sources", "do not make this bundle");
	} else {
		for (size_t i = 0; i < again.made.count; i++)
			good &= same_file(directory, &again.made.outputs[i]);
		good &= no_strangers(directory, "", &again.made, 0);
		code = good ? EXIT_EQUAL : EXIT_NO;
	}
	if (code == EXIT_EQUAL)
		printf("%zu files: each is what the manifest says and follows from the sources\n",
		       again.made.count);
	release(&again);
	return code;
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
	"What was captured is proved against the policy again.\n"
	"Names each file that was changed, is missing, or does not belong to it.\n\n"
	"exit codes: 0 nothing differs, 1 something does, 2 it cannot be read or was made\n"
	"by another version\n",
	.least = 1,
	.most = 1,
	.run = run,
};
