/* firebreak check POLICY */
#include "compiler/cli/cli.h"

#include <string.h>

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

/* The least severe finding that makes the answer "no". */
static bool read_fail_on(const char *word, enum fb_severity *out)
{
	static const char *const words[] = { [FB_ERROR] = "error",
		[FB_WARNING] = "warning", [FB_NOTE] = "note" };

	*out = FB_ERROR;
	for (int i = FB_ERROR; word && i <= FB_NOTE; i++)
		if (strcmp(word, words[i]) == 0) {
			*out = (enum fb_severity)i;
			return true;
		}
	if (word)
		fprintf(stderr, "firebreak check: --fail-on takes error, warning or note, not `%s`\n",
			word);
	return !word;
}

static bool has_finding(struct fb *fb, enum fb_severity least)
{
	size_t count;
	const struct fb_diag *all = fb_diagnostics(fb, &count);

	for (size_t i = 0; i < count; i++)
		if (all[i].severity <= least)
			return true;
	return false;
}

/* One line of what was looked at. */
static void print_summary(const struct fb_summary *sum)
{
	printf("%zu invariant%s: %zu hold, %zu broken", sum->invariants,
	       plural(sum->invariants),
	       sum->invariants - sum->broken - sum->waived, sum->broken);
	if (sum->waived)
		printf(", %zu waived", sum->waived);
	if (sum->expects)
		printf(" · %zu expectation%s, %zu not met", sum->expects,
		       plural(sum->expects), sum->unmet);
	printf(" · %zu rule%s, %zu expired · %zu environment%s", sum->rules,
	       plural(sum->rules), sum->expired, sum->environments,
	       plural(sum->environments));
	if (sum->reviews)
		printf(" · %zu need%s review within 14 days", sum->due,
		       sum->due == 1 ? "s" : "");
	if (sum->overdue)
		printf(", %zu of them overdue", sum->overdue);
	if (sum->emergencies)
		printf(" · %zu emergenc%s, %zu without review in time",
		       sum->emergencies, sum->emergencies == 1 ? "y" : "ies",
		       sum->unreviewed);
	if (sum->lints)
		printf(" · %zu lint warning%s", sum->lints, plural(sum->lints));
	putchar('\n');
}

static int run(const struct cli *cli)
{
	bool is_text = cli->document == FB_FORMAT_TEXT, fails;
	struct fb_summary sum = { 0 };
	enum fb_severity fail_on;
	enum fb_status status;
	struct fb *fb;
	int code = EXIT_EQUAL;

	if (!read_fail_on(cli->fail_on, &fail_on))
		return EXIT_CANNOT;
	fb = cli_load(cli, cli->operands[0], &status);
	if (status == FB_OK)
		status = fb_check(fb, &sum);
	fails = status == FB_OK && has_finding(fb, fail_on);
	/* -q: warnings alone are nothing to speak of unless they are why it fails */
	if (status != FB_OK || fails || !cli->quiet || !is_text)
		code = cli_tell(cli, fb, status);
	if (fails)
		code = EXIT_NO;
	if (is_text && !cli->quiet && (status == FB_OK || status == FB_NO))
		print_summary(&sum);
	code = cli_finish(code);
	fb_free(fb);
	return code;
}

const struct command command_check = {
	.name = "check",
	.summary = "parse, look names up, verify every invariant",
	.usage =
	"firebreak check policies/modyo-connect\n"
	"firebreak check --as-of 2027-04-01 policies/modyo-connect\n"
	"firebreak check --format sarif policies/modyo-connect > firebreak.sarif\n"
	"firebreak check --fail-on warning policies/modyo-connect\n"
	"firebreak check - < one-file.fbk\n\n"
	"Reads POLICY (a file, a directory with a main.fbk, or - for stdin) and everything\n"
	"it includes, and verifies each invariant for every packet.  A broken one is shown\n"
	"with a packet or a route that gets through, the rules that admit it, and the fewest\n"
	"rules whose removal mends it.  Rules that say nothing others do not say, or that\n"
	"nobody can use, are warnings, each with its proof.\n\n"
	"  --format FORMAT  text, json, markdown, sarif, github, gitlab, junit or csv\n"
	"  --fail-on WORD   exit 1 from this severity on: error (the default), warning, note\n"
	"  --as-of DATE     judge expiry by this day\n"
	"  --color WHEN     auto, always or never\n"
	"  -q, --quiet      not a word, unless the answer is no\n\n"
	"exit codes: 0 all holds, 1 an invariant is broken, a rule has expired or its review\n"
	"(or that of an emergency) is overdue, 2 the policy cannot be read\n",
	.least = 1,
	.most = 1,
	.notes = true,
	.findings = true,
	.run = run,
};
