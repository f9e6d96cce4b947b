/*
 * REV:PATH, a policy as of a revision, through the git program.
 *
 * The program and not a library: wherever there are revisions there is a git,
 * and it knows worktrees, alternates, sparse and shallow clones as they are
 * there; a library is a second reader of the same hostile objects in our own
 * process.  It runs without a shell.  A revision is resolved once, behind
 * --end-of-options, to the hash of a commit; whatever is read afterwards is named
 * by that hash, so no name of a branch or file can be taken for an option, and
 * what moves in between moves nothing here.
 */
#define _GNU_SOURCE
#include "compiler/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { HASH_MOST = 64 };

struct revision {
	char commit[HASH_MOST + 1];
	char *bytes;		/* of the last answer; malloc'd */
	size_t len;
};

/* Start git with ARGUMENTS, its output in *FD; its process, or -1. */
static pid_t start(char *const *arguments, int *fd)
{
	posix_spawn_file_actions_t actions;
	int ends[2], error;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null",
					 O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null",
					 O_WRONLY, 0);
	error = posix_spawnp(&child, "git", &actions, NULL, arguments,
			     environ);
	posix_spawn_file_actions_destroy(&actions);
	(void)close(ends[1]);
	if (error) {
		(void)close(ends[0]);
		errno = error;
		return -1;
	}
	*fd = ends[0];
	return child;
}

/* All that comes from FD, malloc'd with a NUL behind it, or NULL. */
static char *drain(int fd, size_t *len)
{
	size_t cap = 1 << 16;
	char *bytes = malloc(cap), *larger;
	ssize_t n = 0;

	*len = 0;
	while (bytes && ((n = read(fd, bytes + *len, cap - *len - 1)) > 0 ||
			 (n < 0 && errno == EINTR))) {
		*len += n > 0 ? (size_t)n : 0;
		if (*len + 1 < cap)
			continue;
		larger = realloc(bytes, cap *= 2);
		if (!larger)
			free(bytes);
		bytes = larger;
	}
	if (bytes && n < 0) {
		free(bytes);
		return NULL;
	}
	if (bytes)
		bytes[*len] = '\0';
	return bytes;
}

enum answer { ANSWERED, REFUSED, NO_GIT };

/* What git says to ARGUMENTS; *OUT is malloc'd when it ANSWERED. */
static enum answer ask(char *const *arguments, char **out, size_t *len)
{
	int fd, status;
	pid_t child = start(arguments, &fd);

	if (child < 0)
		return errno == ENOENT ? NO_GIT : REFUSED;
	*out = drain(fd, len);
	(void)close(fd);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			status = -1;
	if (*out && status == 0)
		return ANSWERED;
	free(*out);
	*out = NULL;
	/* posix_spawn of some systems tells so that there is no program */
	return WIFEXITED(status) && WEXITSTATUS(status) == 127 ? NO_GIT
							       : REFUSED;
}

/* COMMIT:PATH to cat-file with OPTION. */
static enum answer cat_file(struct revision *r, const char *option,
			    const char *path)
{
	char *object;
	enum answer answer;

	free(r->bytes);
	r->bytes = NULL;
	if (asprintf(&object, "%s:%s", r->commit, path) < 0)
		return REFUSED;
	answer = ask((char *[]){ "git", "cat-file", (char *)option, object,
				 NULL }, &r->bytes, &r->len);
	free(object);
	return answer;
}

static enum fb_found find(void *context, const char *path)
{
	struct revision *r = context;

	if (strcmp(path, ".git") == 0)
		return FB_DIRECTORY;	/* the top of a repository */
	if (cat_file(r, "-t", path) != ANSWERED)
		return FB_NOTHING;
	if (strcmp(r->bytes, "tree\n") == 0)
		return FB_DIRECTORY;
	return strcmp(r->bytes, "blob\n") == 0 ? FB_FILE : FB_NOTHING;
}

static const char *read_blob(void *context, const char *path, size_t *len,
			     const char **why)
{
	struct revision *r = context;

	if (cat_file(r, "blob", path) != ANSWERED) {
		*why = "it is not a file of this revision";
		return NULL;
	}
	*len = r->len;
	return r->bytes;
}

bool cli_is_revision(const char *operand)
{
	const char *colon = strchr(operand, ':');
	struct stat st;

	return colon && colon != operand && stat(operand, &st) != 0;
}

static bool is_hash(const char *text)
{
	size_t n = strspn(text, "0123456789abcdef");

	return n >= 40 && n <= HASH_MOST && strcmp(text + n, "\n") == 0;
}

/* The commit that the LEN bytes at NAME mean; false after saying why. */
static bool resolve(struct revision *r, const char *name, size_t len)
{
	char *wanted, *said = NULL;
	enum answer answer = REFUSED;
	size_t said_len;

	if (asprintf(&wanted, "%.*s^{commit}", (int)len, name) < 0)
		return false;
	answer = ask((char *[]){ "git", "rev-parse", "--verify", "--quiet",
				 "--end-of-options", wanted, NULL }, &said,
		     &said_len);
	free(wanted);
	if (answer == ANSWERED && is_hash(said)) {
		memcpy(r->commit, said, strcspn(said, "\n"));
		free(said);
		return true;
	}
	free(said);
	if (answer == NO_GIT)
		fputs("firebreak: REV:PATH is read by the git program, and there is none here\n",
		      stderr);
	else
		fprintf(stderr, "firebreak: `%.*s` is not a revision of a git repository here\n",
			(int)len, name);
	return false;
}

/*
 * PATH, which is relative to the directory PREFIX ("" or with a `/` at its end),
 * from the top, without `.` and `..`: git's trees know neither.  malloc'd.
 */
static char *plain_path(const char *prefix, const char *path)
{
	char *out = malloc(strlen(prefix) + strlen(path) + 2), *end = out;

	if (!out)
		return NULL;
	*stpcpy(end, prefix) = '\0';
	end += strlen(end);
	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 2 && path[0] == '.' && path[1] == '.') {
			if (end > out)
				end--;
			while (end > out && end[-1] != '/')
				end--;
		} else if (len && !(len == 1 && *path == '.')) {
			memcpy(end, path, len);
			end += len;
			*end++ = '/';
		}
		path += len + (path[len] == '/');
	}
	if (end > out)
		end--;
	*end = '\0';
	return out;
}

/* PATH from the top: `./x` is relative to the working directory, as with git. */
static char *path_from_top(const char *path)
{
	char *prefix = NULL, *out;
	size_t len;

	if (strncmp(path, "./", 2) != 0 && strncmp(path, "../", 3) != 0 &&
	    strcmp(path, ".") != 0 && strcmp(path, "..") != 0)
		return plain_path("", path);
	if (ask((char *[]){ "git", "rev-parse", "--show-prefix", NULL },
		&prefix, &len) != ANSWERED)
		return plain_path("", path);
	prefix[strcspn(prefix, "\n")] = '\0';
	out = plain_path(prefix, path);
	free(prefix);
	return out;
}

enum fb_status cli_load_revision(struct fb *fb, const char *operand)
{
	const char *colon = strchr(operand, ':');
	struct revision r = { 0 };
	const struct fb_reader reader = { &r, find, read_blob };
	enum fb_status status = FB_BAD;
	char *path;

	/* a partial clone is not filled up from the network, and nobody is asked */
	if (setenv("GIT_NO_LAZY_FETCH", "1", 1) != 0 ||
	    setenv("GIT_TERMINAL_PROMPT", "0", 1) != 0)
		return FB_MEMORY;
	if (!resolve(&r, operand, (size_t)(colon - operand)))
		return FB_BAD;
	path = path_from_top(colon + 1);
	if (path)
		status = fb_load_from(fb, path, &reader);
	free(path);
	free(r.bytes);
	return status;
}

/* --- the history of a policy --- */

/* What git says to ARGUMENTS without the newline at its end, or NULL. */
static char *line_of(char *const *arguments)
{
	char *out = NULL;
	size_t len;

	if (ask(arguments, &out, &len) != ANSWERED)
		return NULL;
	out[strcspn(out, "\n")] = '\0';
	return out;
}

/* The next field at *AT, which ends in END; NULL when there is none. */
static const char *field(char **at, const char *end)
{
	char *start = *at, *stop = start ? strpbrk(start, end) : NULL;

	if (!stop)
		return NULL;
	*stop = '\0';
	*at = stop + 1;
	return start;
}

/* The fields of a commit as FORMAT below has them. */
static bool take_commit(char **at, struct fb_commit *c)
{
	const char **const fields[] = { &c->hash, &c->day, &c->author,
					&c->email, &c->subject, &c->tickets,
					&c->approvers };
	const size_t count = sizeof fields / sizeof *fields;

	for (size_t i = 0; i < count; i++) {
		*fields[i] = field(at, i + 1 < count ? "\x1f" : "\x1e");
		if (!*fields[i])
			return false;
	}
	*at += **at == '\n';
	return true;
}

/* Takes LOG over when it has commits. */
static bool take_commits(char *log, struct fb_since *out)
{
	struct fb_commit *commits;
	size_t count = 0;
	char *at = log;

	for (const char *c = log; *c; c++)
		count += *c == '\x1e';
	commits = calloc(count + 1, sizeof *commits);
	for (size_t i = 0; commits && i < count; i++)
		if (!take_commit(&at, &commits[i])) {
			free(commits);
			commits = NULL;
		}
	if (!commits || !count)
		free(log);
	out->commits = commits;
	out->commit_count = commits ? count : 0;
	return commits != NULL;
}

/* Separators are control characters, which git takes out of no subject: theirs
 * would shift the fields, so a log that has more of them is refused. */
static bool is_regular(const char *log)
{
	size_t fields = 0, records = 0;

	for (; *log; log++) {
		fields += *log == '\x1f';
		records += *log == '\x1e';
	}
	return fields == 6 * records;
}

static bool read_log(const char *range, const char *path,
		     struct fb_since *out)
{
	static const char format[] = "--format=%H%x1f%cs%x1f%an%x1f%ae%x1f%s%x1f"
		"%(trailers:key=Ticket,valueonly,separator=%x2C%x20)%x1f"
		"%(trailers:key=Approved-by,key=Reviewed-by,valueonly,separator=%x2C%x20)%x1e";
	char *log = NULL;
	size_t len;

	if (ask((char *[]){ "git", "log", "--no-color", "--no-show-signature",
			    (char *)format, (char *)range, "--", (char *)path,
			    NULL }, &log, &len) != ANSWERED)
		return false;
	if (strlen(log) != len || !is_regular(log)) {
		free(log);
		return false;
	}
	return take_commits(log, out);
}

/* POLICY as of COMMIT and what is behind it ("^"), for DAY; NULL: it cannot be read. */
static struct fb *load_step(const struct cli *cli, const char *commit,
			    const char *behind, const char *policy,
			    uint32_t day)
{
	struct cli as_then = *cli;
	struct fb *fb;
	char *operand;

	as_then.as_of = day;
	fb = cli_context(&as_then);
	if (!fb || asprintf(&operand, "%s%s:./%s", commit, behind, policy) < 0) {
		fb_free(fb);
		return NULL;
	}
	if (cli_load_revision(fb, operand) != FB_OK) {
		fb_free(fb);
		fb = NULL;
	}
	free(operand);
	return fb;
}

bool cli_history_steps(const struct cli *cli, const char *policy,
		       const struct fb *fb, struct fb_since *since)
{
	struct fb_freeze_step *steps = calloc(since->commit_count + 1, sizeof *steps);

	since->steps = steps;
	for (size_t i = 0; steps && i < since->commit_count; i++) {
		const struct fb_commit *c = &since->commits[i];
		struct fb_freeze_step *s = &steps[since->step_count];
		uint32_t day;

		if (!fb_day(c->day, &day) ||
		    (!fb_is_frozen(fb, day) &&
		     !fb_is_frozen(since->before, day)))
			continue;
		*s = (struct fb_freeze_step){ .commit = i };
		s->before = load_step(cli, c->hash, "^", policy, day);
		s->after = load_step(cli, c->hash, "", policy, day);
		if (!s->before || !s->after) {
			fb_free(s->before);
			fb_free(s->after);
			s->before = s->after = NULL;
		}
		since->step_count++;
	}
	return steps != NULL;
}

void cli_history_free(struct fb_since *since)
{
	for (size_t i = 0; i < since->step_count; i++) {
		fb_free(since->steps[i].before);
		fb_free(since->steps[i].after);
	}
	free((void *)since->steps);
	if (since->commit_count)
		free((char *)since->commits[0].hash);	/* the log's first byte */
	free((void *)since->commits);
	free((char *)since->from);
	free((char *)since->to);
	free((char *)since->path);
}

/* The directory of POLICY: itself, or what it lies in.  malloc'd. */
static char *directory_of(const char *policy)
{
	const char *slash = strrchr(policy, '/');
	struct stat st;

	if (stat(policy, &st) == 0 && S_ISDIR(st.st_mode))
		return strdup(policy);
	return slash ? strndup(policy, (size_t)(slash - policy)) : strdup(".");
}

bool cli_history(const char *since, const char *policy, struct fb *before,
		 struct fb_since *out)
{
	struct revision from = { 0 };
	char *operand = NULL, *range = NULL, *changed = NULL, *to = NULL;
	char *path = directory_of(policy);
	bool good = false;

	*out = (struct fb_since){ .before = before, .name = since };
	if (*policy == '/' || strcmp(policy, "-") == 0 ||
	    cli_is_revision(policy)) {
		fputs("firebreak report: --since needs POLICY as a path below the working directory\n",
		      stderr);
	} else if (path && resolve(&from, since, strlen(since)) &&
		   asprintf(&operand, "%s:./%s", from.commit, policy) >= 0) {
		to = line_of((char *[]){ "git", "rev-parse", "--verify",
					 "HEAD^{commit}", NULL });
		changed = line_of((char *[]){ "git", "status", "--porcelain",
					      "--", path, NULL });
		good = to && changed &&
		       asprintf(&range, "%s..%s", from.commit, to) >= 0 &&
		       read_log(range, path, out);
		if (!good)
			fputs("firebreak report: git does not tell the history\n",
			      stderr);
	}
	out->uncommitted = changed && *changed;
	out->from = strdup(from.commit);
	out->to = to;
	out->path = path;
	good = good && out->from &&
	       cli_load_revision(before, operand) == FB_OK;
	free(range);
	free(changed);
	free(operand);
	return good;
}
