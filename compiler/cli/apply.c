/* firebreak apply POLICY ENV.LAYER */
#define _GNU_SOURCE
#include "compiler/cli/cli.h"
#include "compiler/cli/proofs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SECONDS_MOST = 86400 };

/* "60s", "5m", "60": seconds; 0: neither. */
static unsigned long seconds_of(const char *text)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || end == text || *text == '-')
		return 0;
	if (strcmp(end, "m") == 0)
		n *= 60;
	else if (*end && strcmp(end, "s") != 0)
		return 0;
	return n <= SECONDS_MOST ? n : 0;
}

/*
 * --- confirming ---
 *
 * A process of its own holds the way back: it waits for a word in a pipe, and
 * when none comes in time, or the pipe ends because whoever should have said it
 * is gone with its console, it undoes.
 */

static long left_until(const struct timespec *deadline)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);	/* always there */
	return (deadline->tv_sec - now.tv_sec) * 1000 +
	       (deadline->tv_nsec - now.tv_nsec) / 1000000;
}

/* Does the word come within SECONDS? */
static bool hears(int pipe, unsigned long seconds)
{
	struct pollfd wait = { .fd = pipe, .events = POLLIN };
	struct timespec deadline;
	long left;
	char word = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += (time_t)seconds;
	while ((left = left_until(&deadline)) > 0)
		if (poll(&wait, 1, (int)left) > 0)
			return read(pipe, &word, 1) == 1 && word == 'y';
	return false;
}

/* What was open was told when it was loaded: now only how many it were. */
static enum fb_status end_flows(struct fb *fb, const char *part)
{
	struct fb_flows flows;
	enum fb_status status = fb_apply_flows(fb, part, true, &flows);

	if (status == FB_OK && flows.stale)
		fprintf(stderr, "connections ended: %zu\n", flows.stale);
	return status;
}

static int watch(const struct cli *cli, struct fb *fb, int pipe,
		 unsigned long seconds)
{
	const char *part = cli->operands[1];
	enum fb_status status;

	(void)setsid();		/* fails only for a leader, which it then is */
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	if (hears(pipe, seconds)) {
		status = fb_apply_keep(fb, part);
		if (status == FB_OK && cli->flush_conntrack)
			status = end_flows(fb, part);
		return status == FB_OK ? EXIT_EQUAL : cli_tell(cli, fb, status);
	}
	status = fb_apply_undo(fb, part);
	(void)cli_tell(cli, fb, status);
	return status == FB_OK ? EXIT_NO : EXIT_CANNOT;
}

/* A line of the terminal, or none: then nobody confirms. */
static void ask(int pipe, unsigned long seconds)
{
	struct pollfd wait = { .fd = STDIN_FILENO, .events = POLLIN };
	char line[16] = "";

	fprintf(stderr, "Loaded. Type `yes` within %lu s to keep it, or it goes back: ",
		seconds);
	if (poll(&wait, 1, (int)(seconds * 1000)) > 0 &&
	    fgets(line, sizeof line, stdin) && strncmp(line, "yes", 3) == 0)
		if (write(pipe, "y", 1) != 1)
			fputs("firebreak: nobody is there to be told\n", stderr);
}

static int confirm(const struct cli *cli, struct fb *fb, unsigned long seconds)
{
	const char *part = cli->operands[1];
	int ends[2], state = 0;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0 || (pid = fork()) < 0) {
		fprintf(stderr, "firebreak: nobody can wait for an answer: %s\n",
			strerror(errno));
		(void)cli_tell(cli, fb, fb_apply_undo(fb, part));
		return EXIT_CANNOT;
	}
	if (pid == 0) {
		(void)close(ends[1]);
		_exit(watch(cli, fb, ends[0], seconds));
	}
	(void)signal(SIGPIPE, SIG_IGN);
	(void)close(ends[0]);
	ask(ends[1], seconds);
	(void)close(ends[1]);
	if (waitpid(pid, &state, 0) != pid || !WIFEXITED(state))
		return EXIT_CANNOT;
	if (WEXITSTATUS(state) == EXIT_NO)
		fprintf(stderr, "not confirmed: what was there before is back\n");
	return WEXITSTATUS(state);
}

/* --- what took how long --- */

struct stopwatch {
	struct timespec since;
	enum fb_step step;
	double took[FB_STEPS];	/* milliseconds */
};

/* STEP begins now; what went before ends.  FB_STEPS: nothing begins. */
static void begin(void *context, enum fb_step step)
{
	struct stopwatch *w = context;
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);	/* always there */
	if (w->step < FB_STEPS)
		w->took[w->step] += 1e3 * (double)(now.tv_sec - w->since.tv_sec) +
				    (double)(now.tv_nsec - w->since.tv_nsec) / 1e6;
	w->since = now;
	w->step = step;
}

static void print_times(const struct stopwatch *w)
{
	static const char *const names[FB_STEPS] = {
		[FB_STEP_CHECK]	     = "check",
		[FB_STEP_LOWER]	     = "lower",
		[FB_STEP_PROVE_TEXT] = "prove the text",
		[FB_STEP_COMPARE]    = "compare",
		[FB_STEP_BUILD]	     = "build",
		[FB_STEP_SEND]	     = "send",
		[FB_STEP_READ]	     = "read back",
		[FB_STEP_PROVE]	     = "prove",
		[FB_STEP_FLOWS]	     = "connections",
	};

	fputs("took", stderr);
	for (int step = 0; step < FB_STEPS; step++)
		fprintf(stderr, "%s %s %.1f ms", step ? "," : ":", names[step],
			w->took[step]);
	fputc('\n', stderr);
}

/* --- what changes --- */

static void say_plan(const struct fb_applied *plan, const char *part)
{
	switch (plan->change) {
	case FB_CHANGE_WHOLE:
		fprintf(stderr, "%s: would be loaded whole\n", part);
		return;
	case FB_CHANGE_ELEMENTS:
		fprintf(stderr, "%s: would add %zu elements and remove %zu in the ruleset that runs\n",
			part, plan->added, plan->removed);
		return;
	case FB_CHANGE_NOTHING:
		fprintf(stderr, "%s: would change nothing, it runs already\n",
			part);
		return;
	case FB_CHANGE_UNKNOWN:
		fprintf(stderr, "%s: the kernel does not say what it has, so not what would change\n",
			part);
		return;
	}
}

static void say_change(const struct fb_applied *done, const char *part)
{
	if (done->change == FB_CHANGE_ELEMENTS)
		printf("%s: %zu elements added, %zu removed", part, done->added,
		       done->removed);
	else
		printf("%s: %s", part, done->change == FB_CHANGE_NOTHING
		       ? "nothing to change" : "loaded");
	puts(", read back from the kernel, equal to the policy");
}

/* --- the command --- */

static int apply(const struct cli *cli, struct fb *fb, unsigned long seconds)
{
	const char *part = cli->operands[1];
	struct stopwatch watch = { .step = FB_STEPS };
	struct cli_proofs proofs;
	struct fb_apply how = { cli->dry_run, cli->flush_conntrack,
				{ begin, &watch }, NULL };
	struct fb_applied applied;
	enum fb_status status;
	bool asks, stays;
	struct fb_flows flows;
	int code;

	if (!cli->dry_run) {
		cli_proofs_open(&proofs, cli->proofs);
		how.proofs = &proofs.ours;
	}
	status = fb_apply(fb, part, &how, &applied);
	if (!cli->dry_run)
		cli_proofs_close(&proofs);
	/* where nothing changed there is nothing to go back to */
	asks = seconds && applied.change != FB_CHANGE_NOTHING;
	stays = !cli->dry_run && !asks;
	begin(&watch, FB_STEPS);
	if (status == FB_OK && stays)
		status = fb_apply_keep(fb, part);
	begin(&watch, FB_STEP_FLOWS);
	if (status == FB_OK)
		status = fb_apply_flows(fb, part, cli->flush_conntrack && stays,
					&flows);
	begin(&watch, FB_STEPS);
	code = cli_tell(cli, fb, status);
	if (cli->times)
		print_times(&watch);

	if (status != FB_OK)
		return code;
	if (cli->dry_run) {
		(void)fwrite(applied.bytes, 1, applied.len, stdout);
		say_plan(&applied, part);
		return code;
	}
	if (asks)
		code = confirm(cli, fb, seconds);
	if (code == EXIT_EQUAL)
		say_change(&applied, part);
	return code;
}

static int run(const struct cli *cli)
{
	unsigned long seconds = cli->confirm ? seconds_of(cli->confirm) : 0;
	enum fb_status status;
	struct fb *fb;
	int code;

	if (cli->confirm && !seconds) {
		fprintf(stderr, "firebreak: --confirm takes a time like 60s or 5m, not `%s`\n",
			cli->confirm);
		return EXIT_CANNOT;
	}
	fb = cli_load(cli, cli->operands[0], &status);
	code = status == FB_OK ? apply(cli, fb, seconds)
			       : cli_tell(cli, fb, status);
	fb_free(fb);
	return cli_finish(code);
}

const struct command command_apply = {
	.name = "apply",
	.summary = "load a part of the policy into this host's kernel, and prove it",
	.usage =
	"firebreak apply policies/modyo-connect banco-andino.prod.data --dry-run\n"
	"firebreak apply policies/modyo-connect banco-andino.prod.data --confirm 60s\n"
	"firebreak apply policies/modyo-connect banco-andino.prod.gateway\n\n"
	"Loads the ruleset of a layer's hosts, or of the environment's gateway, into nf_tables\n"
	"of this network namespace: its own table, and no other.  The new rules are prepared\n"
	"beside the old ones, switched to in one transaction, read back from the kernel\n"
	"expression by expression and proved; then the old ones go.  Where the ruleset that runs\n"
	"differs in nothing but up to half of the keys of its hash sets, these are added and\n"
	"removed in one transaction instead, read back and proved the same.  No packet meets half\n"
	"of either.  Chains of other tables that the same packets meet are told: what they drop stays\n"
	"dropped.\n\n"
	"  --dry-run        check and prove, print the ruleset, say on stderr whether it would be\n"
	"                   loaded whole or by how many elements, and change nothing\n"
	"  --confirm TIME   go back unless `yes` is typed within TIME (60s, 5m): also when the\n"
	"                   console was cut off by what was loaded\n"
	"  --flush-conntrack  end the tracked connections that the new rules would not let begin\n"
	"                   (they are reported in any case), and no others; with --confirm, when\n"
	"                   it is confirmed; not with --dry-run\n"
	"  --proofs DIR     where the proof is kept for `prove --live` until the next change;\n"
	"                   without it /run/firebreak\n"
	"  --times          say on stderr what took how long\n"
	"  --recheck        look at what is proved equal a second time, by naive arithmetic\n"
	"  --as-of DATE     judge expiry by this day\n"
	"  --color WHEN     auto, always or never\n\n"
	"exit codes: 0 loaded and proved, 1 the policy does not hold, or not confirmed,\n"
	"2 the kernel refused it (nothing has changed), 3 it could not be proved (what was\n"
	"there before is back)\n",
	.least = 2,
	.most = 2,
	.run = run,
};
