/*
 * firebreak COMMAND …: options, dispatch, help.
 */
#define _GNU_SOURCE
#include "compiler/cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const struct command *const cli_commands[] = {
	&command_init,
	&command_check,
	&command_compile,
	&command_prove,
	&command_apply,
	&command_diff,
	&command_query,
	&command_explain,
	&command_graph,
	&command_report,
	&command_verify_bundle,
	&command_fmt,
	&command_lsp,
	&command_completion,
	&command_version,
	NULL,
};

#define COUNT(a) (sizeof(a) / sizeof *(a))

enum { COMMANDS = COUNT(cli_commands) - 1 };

static void help(FILE *to)
{
	fputs("firebreak: network policy to AWS security groups and nftables, proved\n\n"
	      "  firebreak check policies/modyo-connect\n"
	      "  firebreak compile policies/modyo-connect -o out\n"
	      "  firebreak prove policies/modyo-connect out/banco-andino/prod/aws.tf.json\n\n"
	      "commands:\n", to);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(to, "  %-13s %s\n", cli_commands[i]->name,
			cli_commands[i]->summary);
	fputs("\noptions of every command:\n"
	      "  -h, --help           examples, then every option of the command\n"
	      "  --as-of DATE         judge expiry by this day (else SOURCE_DATE_EPOCH, else today, UTC)\n"
	      "  --color WHEN         auto, always or never\n"
	      "  -q, --quiet          say only what is wrong\n\n"
	      "exit codes: 0 nothing to report, 1 the answer is no, 2 could not answer,\n"
	      "3 an output failed its proof (our fault; nothing was written)\n", to);
}

static const struct command *find_command(const char *name)
{
	const char *names[COMMANDS], *nearest;

	for (size_t i = 0; i < COMMANDS; i++) {
		names[i] = cli_commands[i]->name;
		if (strcmp(name, names[i]) == 0)
			return cli_commands[i];
	}
	nearest = fb_nearest(name, names, COUNT(names));
	fputs("firebreak: there is no command `", stderr);
	cli_put(stderr, name);
	fputc('`', stderr);
	if (nearest)
		fprintf(stderr, "; did you mean `%s`?", nearest);
	fputs("\nfirebreak --help lists the commands\n", stderr);
	return NULL;
}

/* The day to judge by: SOURCE_DATE_EPOCH, else today. */
static bool default_day(uint32_t *day)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	intmax_t seconds = (intmax_t)time(NULL);
	char *end;

	if (epoch && *epoch) {
		errno = 0;
		seconds = strtoimax(epoch, &end, 10);
		if (errno || *end || seconds < 0 ||
		    seconds / 86400 > UINT32_MAX) {
			fputs("firebreak: SOURCE_DATE_EPOCH is not a number of seconds\n",
			      stderr);
			return false;
		}
	}
	*day = (uint32_t)(seconds / 86400);
	return true;
}

static bool wants_colour(const char *when, int fd)
{
	const char *no = getenv("NO_COLOR");

	if (strcmp(when, "auto") != 0)
		return strcmp(when, "always") == 0;
	return isatty(fd) && !(no && *no);
}

static bool set_colour(struct cli *cli, const char *when)
{
	if (strcmp(when, "auto") != 0 && strcmp(when, "always") != 0 &&
	    strcmp(when, "never") != 0) {
		fprintf(stderr, "firebreak: --color takes auto, always or never, not `%s`\n",
			when);
		return false;
	}
	cli->colour_out = wants_colour(when, STDOUT_FILENO);
	cli->colour_err = wants_colour(when, STDERR_FILENO);
	return true;
}

enum { OPT_AS_OF = 256, OPT_PART, OPT_COLOUR, OPT_ONLY, OPT_CONTROLS,
       OPT_CLASSIFICATION, OPT_SINCE, OPT_APPROVALS, OPT_CAPTURE,
       OPT_RECHECK, OPT_FORMAT, OPT_EXPECT, OPT_FAIL_ON,
       OPT_EXIT_CODE, OPT_REACH_ONLY, OPT_TRANSITIVE,
       OPT_CHECK, OPT_DIFF, OPT_DRY_RUN, OPT_CONFIRM, OPT_TIMES, OPT_LIVE,
       OPT_FLUSH, OPT_ADOPT, OPT_QUOTA, OPT_PREVIOUS, OPT_FROM, OPT_OSCAL,
       OPT_ANEW, OPT_PROOFS };

const struct option cli_options[] = {
	{ "help",   no_argument,       NULL, 'h' },
	{ "quiet",  no_argument,       NULL, 'q' },
	{ "output", required_argument, NULL, 'o' },
	{ "target", required_argument, NULL, 't' },
	{ "only",   required_argument, NULL, OPT_ONLY },
	{ "controls", required_argument, NULL, OPT_CONTROLS },
	{ "classification", required_argument, NULL, OPT_CLASSIFICATION },
	{ "since",  required_argument, NULL, OPT_SINCE },
	{ "approvals", required_argument, NULL, OPT_APPROVALS },
	{ "capture", required_argument, NULL, OPT_CAPTURE },
	{ "oscal",  no_argument,       NULL, OPT_OSCAL },
	{ "recheck", no_argument,      NULL, OPT_RECHECK },
	{ "quota",  no_argument,       NULL, OPT_QUOTA },
	{ "previous", required_argument, NULL, OPT_PREVIOUS },
	{ "format", required_argument, NULL, OPT_FORMAT },
	{ "expect", required_argument, NULL, OPT_EXPECT },
	{ "fail-on", required_argument, NULL, OPT_FAIL_ON },
	{ "exit-code", no_argument,    NULL, OPT_EXIT_CODE },
	{ "reach-only", no_argument,   NULL, OPT_REACH_ONLY },
	{ "transitive", no_argument,   NULL, OPT_TRANSITIVE },
	{ "check",  no_argument,       NULL, OPT_CHECK },
	{ "diff",   no_argument,       NULL, OPT_DIFF },
	{ "dry-run", no_argument,      NULL, OPT_DRY_RUN },
	{ "confirm", required_argument, NULL, OPT_CONFIRM },
	{ "flush-conntrack", no_argument, NULL, OPT_FLUSH },
	{ "times",  no_argument,       NULL, OPT_TIMES },
	{ "live",   no_argument,       NULL, OPT_LIVE },
	{ "anew",   no_argument,       NULL, OPT_ANEW },
	{ "proofs", required_argument, NULL, OPT_PROOFS },
	{ "adopt",  required_argument, NULL, OPT_ADOPT },
	{ "from",   required_argument, NULL, OPT_FROM },
	{ "part",   required_argument, NULL, OPT_PART },
	{ "as-of",  required_argument, NULL, OPT_AS_OF },
	{ "color",  required_argument, NULL, OPT_COLOUR },
	{ 0 },
};

static bool add_capture(struct cli *cli, const char *option, const char *path)
{
	if (cli->capture_count == CLI_CAPTURES) {
		fprintf(stderr, "firebreak: %s is taken %d times at most\n",
			option, CLI_CAPTURES);
		return false;
	}
	cli->captures[cli->capture_count++] = path;
	return true;
}

/* One option; false when it is wrong, which was said. */
static bool take(struct cli *cli, int option, const char *value)
{
	switch (option) {
	case 'q':
		cli->quiet = true;
		return true;
	case 'o':
		cli->output = value;
		return true;
	case 't':
		cli->targets = value;
		return true;
	case OPT_ONLY:
		cli->only = value;
		return true;
	case OPT_CONTROLS:
		cli->controls = value;
		return true;
	case OPT_SINCE:
		cli->since = value;
		return true;
	case OPT_APPROVALS:
		cli->approvals = value;
		return true;
	case OPT_CAPTURE:
		return add_capture(cli, "--capture", value);
	case OPT_CLASSIFICATION:
		cli->classification = value;
		return true;
	case OPT_OSCAL:
		cli->oscal = true;
		return true;
	case OPT_RECHECK:
		cli->recheck = true;
		return true;
	case OPT_PREVIOUS:
		cli->previous = value;
		return true;
	case OPT_QUOTA:
		cli->quota = true;
		return true;
	case OPT_FORMAT:
		cli->format = value;
		return true;
	case OPT_EXPECT:
		if (cli->expected_count == CLI_EXPECTED) {
			fprintf(stderr, "firebreak: --expect is taken %d times at most\n",
				CLI_EXPECTED);
			return false;
		}
		cli->expected[cli->expected_count++] = value;
		return true;
	case OPT_FAIL_ON:
		cli->fail_on = value;
		return true;
	case OPT_EXIT_CODE:
		cli->fail_on = cli->fail_on ? cli->fail_on : "any";
		return true;
	case OPT_REACH_ONLY:
		cli->reach_only = true;
		return true;
	case OPT_TRANSITIVE:
		cli->transitive = true;
		return true;
	case OPT_CHECK:
		cli->only_check = true;
		return true;
	case OPT_DIFF:
		cli->show_diff = true;
		return true;
	case OPT_DRY_RUN:
		cli->dry_run = true;
		return true;
	case OPT_CONFIRM:
		cli->confirm = value;
		return true;
	case OPT_FLUSH:
		cli->flush_conntrack = true;
		return true;
	case OPT_TIMES:
		cli->times = true;
		return true;
	case OPT_ADOPT:
		return add_capture(cli, "--adopt", value);
	case OPT_FROM:
		return add_capture(cli, "--from", value);
	case OPT_ANEW:
		cli->anew = true;
		return true;
	case OPT_PROOFS:
		cli->proofs = value;
		return true;
	case OPT_LIVE:
		cli->live = true;
		return true;
	case OPT_PART:
		cli->part = value;
		return true;
	case OPT_COLOUR:
		return set_colour(cli, value);
	case OPT_AS_OF:
		if (fb_day(value, &cli->as_of))
			return true;
		fputs("firebreak: --as-of takes a day like 2027-03-31, not `",
		      stderr);
		cli_put(stderr, value);
		fputs("`\n", stderr);
		return false;
	default:
		return false;	/* getopt has said what is wrong */
	}
}

/* The word behind --format, for a command that tells findings. */
static bool take_format(struct cli *cli, const struct command *command)
{
	if (!cli->format || command->formats)
		return true;
	if (!command->findings) {
		fprintf(stderr, "firebreak %s: takes no --format\n",
			command->name);
		return false;
	}
	if (fb_format_find(cli->format, &cli->document))
		return true;
	fprintf(stderr, "firebreak %s: --format takes text, json, markdown, sarif, github, gitlab, junit or csv, not `%s`\n",
		command->name, cli->format);
	return false;
}

static const char *long_name(int option)
{
	const struct option *o = cli_options;

	while (o->name && o->val != option)
		o++;
	return o->name;
}

/* Does USAGE speak of --NAME? */
static bool is_told(const char *usage, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = usage; (at = strstr(at, "--")) != NULL; at += 2)
		if (strncmp(at + 2, name, len) == 0 &&
		    !strchr("abcdefghijklmnopqrstuvwxyz-", at[2 + len]))
			return true;
	return false;
}

/*
 * An option that a command does not use would change nothing and look as if it
 * did.  Those of every command are taken everywhere; of the others, the ones
 * that the command's own help tells of.
 */
static bool is_its_own(const struct command *command, int option)
{
	const char *name = long_name(option);

	if (!name || option == 'q' || option == OPT_AS_OF ||
	    option == OPT_COLOUR || is_told(command->usage, name))
		return true;
	if (option != OPT_FORMAT)
		fprintf(stderr, "firebreak %s: takes no --%s\n", command->name,
			name);
	return option == OPT_FORMAT;	/* take_format() says it better */
}

/* -1: run the command; else the exit code. */
static int parse(struct cli *cli, const struct command *command, int argc,
		 char **argv)
{
	int option;

	if (!set_colour(cli, "auto") || !default_day(&cli->as_of))
		return EXIT_CANNOT;
	while ((option = getopt_long(argc, argv, "hqo:t:", cli_options,
				     NULL)) != -1) {
		if (option == 'h') {
			fputs(command->usage, stdout);
			return cli_finish(EXIT_EQUAL);
		}
		if (!is_its_own(command, option) ||
		    !take(cli, option, optarg)) {
			fprintf(stderr, "firebreak %s --help shows its use\n",
				command->name);
			return EXIT_CANNOT;
		}
	}
	cli->command = command->name;
	if (!take_format(cli, command))
		return EXIT_CANNOT;
	cli->notes = command->notes;
	cli->count = argc - optind;
	cli->operands = argv + optind;
	if (cli->count >= command->least && cli->count <= command->most)
		return -1;
	fprintf(stderr, "firebreak %s: %s\n\n%s", command->name,
		cli->count < command->least ? "something is missing"
					    : "too many arguments",
		command->usage);
	return EXIT_CANNOT;
}

int main(int argc, char **argv)
{
	struct cli cli = { 0 };
	const struct command *command;
	int code;

	if (argc < 2) {
		help(stderr);
		return EXIT_CANNOT;
	}
	if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0) {
		help(stdout);
		return cli_finish(EXIT_EQUAL);
	}
	command = strcmp(argv[1], "--version") == 0 ? &command_version
						    : find_command(argv[1]);
	if (!command)
		return EXIT_CANNOT;
	argv[1] = argv[0];
	code = parse(&cli, command, argc - 1, argv + 1);
	return code >= 0 ? code : command->run(&cli);
}
