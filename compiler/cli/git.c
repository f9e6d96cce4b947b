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
#include "compiler/cli/git.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

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

enum git_answer git_ask(char *const *arguments, char **out, size_t *len)
{
	int fd, status;
	pid_t child = start(arguments, &fd);

	if (child < 0)
		return errno == ENOENT ? GIT_NONE : GIT_REFUSED;
	*out = drain(fd, len);
	(void)close(fd);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			status = -1;
	if (*out && status == 0)
		return GIT_ANSWERED;
	free(*out);
	*out = NULL;
	if (!WIFEXITED(status))
		return GIT_REFUSED;
	/* posix_spawn of some systems tells so that there is no program */
	return WEXITSTATUS(status) == 127 ? GIT_NONE
	     : WEXITSTATUS(status) == 1 ? GIT_NO : GIT_REFUSED;
}

/* COMMIT:PATH to cat-file with OPTION. */
static enum git_answer cat_file(struct git_revision *r, const char *option,
			    const char *path)
{
	char *object;
	enum git_answer answer;

	free(r->bytes);
	r->bytes = NULL;
	if (asprintf(&object, "%s:%s", r->commit, path) < 0)
		return GIT_REFUSED;
	answer = git_ask((char *[]){ "git", "cat-file", (char *)option, object,
				     NULL }, &r->bytes, &r->len);
	free(object);
	return answer;
}

static enum fb_found find(void *context, const char *path)
{
	struct git_revision *r = context;

	if (strcmp(path, ".git") == 0)
		return FB_DIRECTORY;	/* the top of a repository */
	if (cat_file(r, "-t", path) != GIT_ANSWERED)
		return FB_NOTHING;
	if (strcmp(r->bytes, "tree\n") == 0)
		return FB_DIRECTORY;
	return strcmp(r->bytes, "blob\n") == 0 ? FB_FILE : FB_NOTHING;
}

static const char *read_blob(void *context, const char *path, size_t *len,
			     const char **why)
{
	struct git_revision *r = context;

	if (cat_file(r, "blob", path) != GIT_ANSWERED) {
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

	return n >= 40 && n <= GIT_HASH_MOST && strcmp(text + n, "\n") == 0;
}

bool git_resolve(struct git_revision *r, const char *name, size_t len)
{
	char *wanted, *said = NULL;
	enum git_answer answer = GIT_REFUSED;
	size_t said_len;

	if (asprintf(&wanted, "%.*s^{commit}", (int)len, name) < 0)
		return false;
	answer = git_ask((char *[]){ "git", "rev-parse", "--verify", "--quiet",
				     "--end-of-options", wanted, NULL }, &said,
			 &said_len);
	free(wanted);
	if (answer == GIT_ANSWERED && is_hash(said)) {
		memcpy(r->commit, said, strcspn(said, "\n"));
		free(said);
		return true;
	}
	free(said);
	if (answer == GIT_NONE)
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
	if (git_ask((char *[]){ "git", "rev-parse", "--show-prefix", NULL },
		    &prefix, &len) != GIT_ANSWERED)
		return plain_path("", path);
	prefix[strcspn(prefix, "\n")] = '\0';
	out = plain_path(prefix, path);
	free(prefix);
	return out;
}

enum fb_status cli_load_revision(struct fb *fb, const char *operand)
{
	const char *colon = strchr(operand, ':');
	struct git_revision r = { 0 };
	const struct fb_reader reader = { &r, find, read_blob };
	enum fb_status status = FB_BAD;
	char *path;

	/* a partial clone is not filled up from the network, and nobody is asked */
	if (setenv("GIT_NO_LAZY_FETCH", "1", 1) != 0 ||
	    setenv("GIT_TERMINAL_PROMPT", "0", 1) != 0)
		return FB_MEMORY;
	if (!git_resolve(&r, operand, (size_t)(colon - operand)))
		return FB_BAD;
	path = path_from_top(colon + 1);
	if (path)
		status = fb_load_from(fb, path, &reader);
	free(path);
	free(r.bytes);
	return status;
}
