/*
 * The history of a policy through the git program: the commits of a period, who
 * approved them, and the policy on both sides of those made during a freeze.
 */
#define _GNU_SOURCE
#include "compiler/cli/git.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What git says to ARGUMENTS without the newline at its end, or NULL. */
static char *line_of(char *const *arguments)
{
	char *out = NULL;
	size_t len;

	if (git_ask(arguments, &out, &len) != GIT_ANSWERED)
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

	if (git_ask((char *[]){ "git", "log", "--no-color",
				"--no-show-signature", (char *)format,
				(char *)range, "--", (char *)path, NULL },
		    &log, &len) != GIT_ANSWERED)
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

/*
 * May the policy in PATH have stated a freeze right before C or right after?  No
 * when no file there has the word; whatever git cannot tell is a yes.
 */
static bool may_freeze(const struct fb_commit *c, const char *path)
{
	char *behind, *out = NULL;
	enum git_answer answer;
	size_t len;

	if (asprintf(&behind, "%s^", c->hash) < 0)
		return true;
	answer = git_ask((char *[]){ "git", "grep", "--fixed-strings",
				     "--word-regexp", "--quiet", "-e", "freeze",
				     (char *)c->hash, behind, "--",
				     (char *)path, NULL }, &out, &len);
	free(behind);
	free(out);
	return answer != GIT_NO;
}

static bool is_frozen(const struct fb *fb, uint32_t day)
{
	return fb && fb_is_frozen(fb, day);
}

static void free_sides(struct fb_freeze_step *s)
{
	fb_free(s->before);
	fb_free(s->after);
	s->before = s->after = NULL;
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
		bool frozen;

		if (!fb_day(c->day, &day))
			continue;
		frozen = is_frozen(fb, day) || is_frozen(since->before, day);
		if (!frozen && !may_freeze(c, since->path))
			continue;
		*s = (struct fb_freeze_step){ .commit = i };
		s->before = load_step(cli, c->hash, "^", policy, day);
		s->after = load_step(cli, c->hash, "", policy, day);
		/* a freeze that came and went within the period */
		if (!frozen && !is_frozen(s->before, day) &&
		    !is_frozen(s->after, day)) {
			free_sides(s);
			continue;
		}
		if (!s->before || !s->after)
			free_sides(s);
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
	struct git_revision from = { 0 };
	char *operand = NULL, *range = NULL, *changed = NULL, *to = NULL;
	char *path = directory_of(policy);
	bool good = false;

	*out = (struct fb_since){ .before = before, .name = since };
	if (*policy == '/' || strcmp(policy, "-") == 0 ||
	    cli_is_revision(policy)) {
		fputs("firebreak report: --since needs POLICY as a path below the working directory\n",
		      stderr);
	} else if (path && git_resolve(&from, since, strlen(since)) &&
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
