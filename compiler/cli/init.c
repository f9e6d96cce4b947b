/* firebreak init [DIR] [--from FILE] */
#define _GNU_SOURCE
#include "compiler/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char starter[] =
#include "starter.inc"
;

static int say(const char *path, const char *what)
{
	fputs("firebreak init: ", stderr);
	cli_put(stderr, path);
	fprintf(stderr, ": %s\n", what);
	return EXIT_CANNOT;
}

/* DIRECTORY and every one above it that is missing. */
static bool make_directory(const char *directory)
{
	char *path = strdup(directory);
	bool good = path;

	for (char *at = path; good && at && *at;) {
		char *slash = strchr(at + 1, '/');

		if (slash)
			*slash = '\0';
		good = mkdir(path, 0777) == 0 || errno == EEXIST;
		if (slash)
			*slash = '/';
		at = slash;
	}
	free(path);
	return good;
}

/* A new file: one that is there stays as it is. */
static int write_new(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	bool good;

	if (fd < 0)
		return say(path, errno == EEXIST
			   ? "is there already, and stays as it is"
			   : strerror(errno));
	good = cli_write_all(fd, text, len);
	good &= close(fd) == 0;
	if (good)
		return EXIT_EQUAL;
	(void)say(path, strerror(errno));
	(void)unlink(path);	/* it was ours, and it is not whole */
	return EXIT_CANNOT;
}

static int write_policy(const char *directory, const char *text, size_t len)
{
	char *path;
	int code;

	if (strcmp(directory, "-") == 0)
		return fwrite(text, 1, len, stdout) == len ? EXIT_EQUAL
							   : EXIT_CANNOT;
	if (!make_directory(directory))
		return say(directory, strerror(errno));
	if (asprintf(&path, "%s/main.fbk", directory) < 0)
		return say(directory, "out of memory");
	code = write_new(path, text, len);
	free(path);
	return code;
}

/* Does the draft stand, and is it the capture?  It is ours if not. */
static int prove(const struct cli *cli, const struct fb_draft *draft,
		 const char *path, const char *bytes, size_t len, bool whole)
{
	struct fb *fb = cli_context(cli);
	struct fb_summary sum;
	enum fb_status status = fb ? fb_load_text(fb, "main.fbk", draft->text,
						  draft->len) : FB_MEMORY;

	if (status == FB_OK)
		status = fb_check(fb, &sum);
	if (status == FB_OK && whole)
		status = fb_prove(fb, path, bytes, len);
	if (status == FB_BAD)
		status = FB_FAULT;
	if (status != FB_OK)
		status = (enum fb_status)cli_tell(cli, fb, status);
	fb_free(fb);
	return (int)status;
}

/* The draft of what CLI's captures say together. */
static int draft_of(const struct cli *cli, struct fb *fb,
		    const struct fb_capture *captures, const char *directory)
{
	struct fb_draft made = { 0 };
	struct fb_capture from;
	enum fb_status status = fb_join(fb, captures, cli->capture_count, &from);
	int code, proved = EXIT_EQUAL;

	if (status == FB_OK)
		status = fb_draft(fb, from.name, from.bytes, from.len, &made);
	code = cli_tell(cli, fb, status);
	if (made.text) {
		proved = prove(cli, &made, from.name, from.bytes, from.len,
			       !made.gaps);
		if (proved != EXIT_OUR_FAULT)
			proved |= write_policy(directory, made.text, made.len);
	}
	if (made.text && proved == EXIT_EQUAL && !cli->quiet)
		fprintf(stderr, made.gaps
			? "the draft leaves out %zu of what the capture has\n"
			: "the draft compiles, and its security groups are equal to the capture's\n",
			made.gaps);
	return proved > code ? proved : code;
}

static int draft(const struct cli *cli, const char *directory)
{
	struct fb_capture *captures;
	struct fb *fb = NULL;
	int code = EXIT_CANNOT;

	if (cli_captures(cli, &captures)) {
		fb = cli_context(cli);
		code = fb ? draft_of(cli, fb, captures, directory)
			  : cli_tell(cli, fb, FB_MEMORY);
	}
	fb_free(fb);
	cli_captures_free(captures, cli->capture_count);
	return code;
}

static int run(const struct cli *cli)
{
	const char *directory = cli->count ? cli->operands[0] : ".";

	if (cli->capture_count)
		return cli_finish(draft(cli, directory));
	return cli_finish(write_policy(directory, starter, sizeof starter - 1));
}

const struct command command_init = {
	.name = "init",
	.summary = "start a policy, or draft one from a running account",
	.usage =
	"firebreak init policy\n"
	"aws ec2 describe-security-groups > capture.json\n"
	"firebreak init policy --from capture.json\n"
	"firebreak prove policy capture.json\n"
	"firebreak init policy --from groups.json --from vpcs.json --from subnets.json \\\n"
	"    --from interfaces.json\n\n"
	"Writes DIR/main.fbk (`-`: stdout; without DIR: here), a commented policy that compiles,\n"
	"and never over a file that is there.  With --from it is drafted from a capture: what\n"
	"describe-security-groups, describe-security-group-rules or both answered; for addresses\n"
	"also describe-vpcs, -subnets, -network-interfaces, -instances, -managed-prefix-lists,\n"
	"in the same object or in files of their own, several of a kind too.  Each security group\n"
	"becomes a layer and each of its rules half a rule: whose interfaces are alone in their\n"
	"subnets has those, others the addresses of their interfaces.  Then the draft is compiled\n"
	"and proved equal to the capture; what the language cannot say stands there as a comment.\n\n"
	"  --from FILE      draft from this capture, may be given several times; - for stdin\n"
	"  --as-of DATE     judge expiry by this day\n"
	"  --color WHEN     auto, always or never\n"
	"  -q, --quiet      say nothing when all is well\n\n"
	"exit codes: 0 written, and equal to the capture; 1 written, and it leaves something out\n"
	"or is not equal; 2 nothing was written: the capture is not understood, or a file is there\n",
	.least = 0,
	.most = 1,
	.run = run,
};
