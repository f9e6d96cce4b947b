/* firebreak fmt FILES */
#define _GNU_SOURCE
#include "compiler/cli/cli.h"
#include "compiler/cli/unified.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEEPEST = 64 };	/* folders in folders */

struct job {
	const struct cli *cli;
	int worst;
	size_t seen, changed;
};

static void take_code(struct job *job, int code)
{
	if (code > job->worst)
		job->worst = code;
}

static int cannot(const char *what, const char *path)
{
	int why = errno;

	fprintf(stderr, "firebreak: cannot %s ", what);
	cli_put(stderr, path);
	fprintf(stderr, ": %s\n", strerror(why));
	return EXIT_CANNOT;
}

/* Write beside PATH, with its rights, and rename. */
static int replace(const char *path, const char *bytes, size_t len)
{
	char *real = realpath(path, NULL), *beside = NULL;
	struct stat st;
	int fd = -1, code = EXIT_EQUAL;

	if (!real || stat(real, &st) != 0 ||
	    asprintf(&beside, "%s.firebreak-new", real) < 0) {
		code = cannot("write", path);
		free(real);
		return code;
	}
	fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		  0600);
	if (fd < 0 || fchmod(fd, st.st_mode & 07777) != 0 ||
	    !cli_write_all(fd, bytes, len) || fsync(fd) != 0)
		code = cannot("write", beside);
	if (fd >= 0 && close(fd) != 0 && !code)
		code = cannot("write", beside);
	if (!code && rename(beside, real) != 0)
		code = cannot("write", path);
	if (code && fd >= 0)
		(void)unlink(beside);	/* said already that it went wrong */
	free(beside);
	free(real);
	return code;
}

/* What is asked for with a file whose layout OUT is another than TEXT. */
static int tell_change(struct job *job, const char *path,
		       struct unified_text text, struct unified_text out)
{
	const struct cli *cli = job->cli;

	if (cli->show_diff &&
	    !unified_diff(stdout, path, text, out, cli->colour_out))
		return cannot("compare", path);
	if (cli->only_check && !cli->show_diff) {
		cli_put(stdout, path);
		putchar('\n');
	}
	if (cli->only_check || cli->show_diff)
		return cli->only_check ? EXIT_NO : EXIT_EQUAL;
	return replace(path, out.at, out.len);
}

static void format(struct job *job, const char *path)
{
	bool standard = strcmp(path, "-") == 0, differs;
	struct unified_text text = { 0 }, out = { 0 };
	char *bytes = cli_read(path, &text.len);
	struct fb *fb = bytes ? cli_context(job->cli) : NULL;
	enum fb_status status = bytes ? FB_MEMORY : FB_BAD;
	int code;

	text.at = bytes;
	if (fb)
		status = fb_lay_out(fb, standard ? "stdin" : path, text.at,
				   text.len, &out.at, &out.len);
	code = cli_tell(job->cli, fb, status);
	if (status == FB_OK) {
		job->seen++;
		differs = text.len != out.len ||
			  memcmp(text.at, out.at, out.len) != 0;
		job->changed += differs;
		if (standard && !job->cli->only_check && !job->cli->show_diff)
			fwrite(out.at, 1, out.len, stdout);
		else if (differs)
			code = tell_change(job, standard ? "stdin" : path,
					   text, out);
	}
	fb_free(fb);
	free(bytes);
	take_code(job, code);
}

static int is_policy(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	if (entry->d_name[0] == '.')
		return 0;
	return entry->d_type != DT_REG ||
	       (len > 4 && strcmp(entry->d_name + len - 4, ".fbk") == 0);
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static bool is_file_of_policy(const char *path)
{
	size_t len = strlen(path);

	return len > 4 && strcmp(path + len - 4, ".fbk") == 0;
}

/* Every .fbk below the directory, links not followed. */
static void walk(struct job *job, const char *directory, unsigned depth)
{
	struct dirent **entries;
	int count = scandir(directory, &entries, is_policy, by_bytes);

	if (count < 0 || depth > DEEPEST) {
		errno = count < 0 ? errno : ELOOP;
		take_code(job, cannot("read", directory));
	}
	for (int i = 0; i < count; i++) {
		char *path;
		struct stat st;

		if (asprintf(&path, "%s%s%s", directory,
			     directory[strlen(directory) - 1] == '/' ? "" : "/",
			     entries[i]->d_name) < 0) {
			take_code(job, cannot("read", directory));
		} else if (depth > DEEPEST) {
			free(path);
		} else {
			if (lstat(path, &st) != 0)
				take_code(job, cannot("read", path));
			else if (S_ISDIR(st.st_mode))
				walk(job, path, depth + 1);
			else if (S_ISREG(st.st_mode) && is_file_of_policy(path))
				format(job, path);
			free(path);
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

static int run(const struct cli *cli)
{
	struct job job = { .cli = cli };
	bool tells = !cli->quiet && !cli->show_diff;
	struct stat st;

	for (int i = 0; i < cli->count; i++) {
		const char *path = cli->operands[i];

		if (strcmp(path, "-") != 0 && stat(path, &st) == 0 &&
		    S_ISDIR(st.st_mode))
			walk(&job, path, 0);
		else
			format(&job, path);
	}
	if (tells && job.changed && cli->only_check)
		fprintf(stderr, "%zu of %zu files are laid out otherwise: firebreak fmt mends it\n",
			job.changed, job.seen);
	return cli_finish(job.worst);
}

const struct command command_fmt = {
	.name = "fmt",
	.summary = "lay policy files out in the one way",
	.usage =
	"firebreak fmt policies/modyo-connect\n"
	"firebreak fmt --check policies\n"
	"firebreak fmt --diff rules.fbk\n"
	"firebreak fmt - < rules.fbk\n\n"
	"Rewrites each FILE (of a directory: every .fbk below it) in the one layout, only\n"
	"where that changes it, each at once or not at all; - lays stdin out on stdout.\n"
	"Meaning, comments and empty lines stay.  A file that does not parse is left alone.\n\n"
	"  --check          change nothing: name the files that would change\n"
	"  --diff           change nothing: show what would change\n"
	"  --color WHEN     auto, always or never\n"
	"  -q, --quiet      say only what is wrong\n\n"
	"exit codes: 0 done, 1 with --check: something would change, 2 a file does not\n"
	"parse, or cannot be read or written\n",
	.least = 1,
	.most = 1 << 20,
	.run = run,
};
