/*
 * The command: a table of subcommands, one file each.  Built on the public
 * headers alone.
 */
#ifndef FIREBREAK_CLI_H
#define FIREBREAK_CLI_H

#include "firebreak/firebreak.h"
#include "firebreak/query.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>

enum { EXIT_EQUAL = 0, EXIT_NO = 1, EXIT_CANNOT = 2, EXIT_OUR_FAULT = 3 };

enum { CLI_EXPECTED = 256, CLI_CAPTURES = 4096 };

/* What every command understands, and what is left for the command itself. */
struct cli {
	bool colour_out, colour_err, quiet;
	bool notes;		/* the command shows notes too */
	bool recheck;		/* look at proofs a second time */
	bool quota;		/* of compile: show how full every group is */
	uint32_t as_of;
	const char *output, *targets, *only;
	const char *previous;	/* of compile: an earlier one; NULL */
	const char *controls, *classification, *since, *approvals;
	bool oscal;		/* of report */
	const char *format, *fail_on;	/* NULL: not given */
	const char *expected[CLI_EXPECTED];
	size_t expected_count;
	const char *captures[CLI_CAPTURES];	/* of report; --from, --adopt too */
	size_t capture_count;
	bool reach_only, transitive;
	bool dry_run, live;	/* of apply; of prove */
	const char *proofs;	/* a directory; NULL: the usual one */
	bool anew;		/* of prove --live: read everything */
	const char *confirm;	/* of apply; NULL: not given */
	bool flush_conntrack;	/* of apply */
	bool times;		/* of apply: say what took how long */
	const char *part;	/* of prove; NULL: files say whose they are */
	enum fb_format document;	/* of --format, when the command tells findings */
	const char *command;	/* its name */
	bool only_check, show_diff;	/* of fmt */
	int count;		/* of operands */
	char **operands;
};

struct command {
	const char *name;
	const char *summary;	/* one line of `firebreak --help` */
	const char *usage;	/* all of its own --help: examples first */
	int least, most;	/* operands */
	bool notes;
	bool findings;		/* --format is one of enum fb_format */
	bool formats;		/* --format is the command's own */
	int (*run)(const struct cli *cli);
};

extern const struct command command_apply, command_check, command_compile,
			    command_completion, command_diff,
			    command_explain, command_fmt, command_graph,
			    command_init, command_lsp, command_query,
			    command_prove, command_report,
			    command_verify_bundle, command_version;

/* Every command, NULL at the end; every long option, as getopt_long() has it. */
extern const struct command *const cli_commands[];
extern const struct option cli_options[];

/* A context for CLI's day, or NULL when out of memory. */
struct fb *cli_context(const struct cli *cli);

/*
 * A context for CLI's day with the policy at PATH (a file, a directory, `-`, or
 * REV:PATH); NULL when out of memory.
 */
struct fb *cli_load(const struct cli *cli, const char *path,
		    enum fb_status *status);

/* Is OPERAND REV:PATH, and no file of that name? */
bool cli_is_revision(const char *operand);

/* Load REV:PATH into FB; FB_BAD after saying why when there is no revision. */
enum fb_status cli_load_revision(struct fb *fb, const char *operand);

/* CLI's format of an answer; false after saying why. */
bool cli_answer_format(const struct cli *cli, const char *command,
		       enum fb_answer_format *format);

/*
 * The history of POLICY, a file or directory below the working directory, from
 * the revision SINCE on, through git.  BEFORE gets the policy as of it.  False
 * after saying why.  Either way *OUT is for cli_history_free().
 */
bool cli_history(const char *since, const char *policy, struct fb *before,
		 struct fb_since *out);
void cli_history_free(struct fb_since *since);

/*
 * The steps of SINCE, of POLICY's commits on days of a freeze: of FB's policy, of
 * the one before the period, or of the policy right before or after the commit.
 * False without memory.
 */
bool cli_history_steps(const struct cli *cli, const char *policy,
		       const struct fb *fb, struct fb_since *since);

/*
 * Print what was said and return the exit code of STATUS: as text to stderr; as
 * a document (--format) to stdout, where it is the whole result.
 */
int cli_tell(const struct cli *cli, struct fb *fb, enum fb_status status);

/*
 * What CLI's captures name, as many, malloc'd; false after saying which of them
 * cannot be read.  Either way *OUT is for cli_captures_free().
 */
bool cli_captures(const struct cli *cli, struct fb_capture **out);
void cli_captures_free(struct fb_capture *captures, size_t count);

/* All of FILE ("-": stdin) in malloc'd memory, or NULL after saying why. */
char *cli_read(const char *path, size_t *len);

/* TEXT, a name from outside, without what a terminal would obey. */
void cli_put(FILE *to, const char *text);

/* Write to stdout; an error there is the last thing said. */
int cli_finish(int code);

/*
 * Write COUNT outputs below DIRECTORY: all of them beside their places first, then
 * renamed.  False after saying why; then nothing of them is there.
 */
bool cli_write(const char *directory, const struct fb_output *outputs,
	       size_t count);

/* Give FB the outputs of the compilation that CLI names; FB_BAD: told. */
enum fb_status cli_previous(const struct cli *cli, struct fb *fb);

/* How full the security groups of MADE are: ALL, or those that are tight. */
void cli_put_quotas(FILE *to, const struct fb_compilation *made, bool all);

/* All LEN BYTES to FD, however many writes it takes.  False: see errno. */
bool cli_write_all(int fd, const char *bytes, size_t len);

#endif
