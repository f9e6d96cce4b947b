/* firebreak check POLICY */
#include "compiler/cli/cli.h"

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

static int run(const struct cli *cli)
{
	struct fb_summary sum = { 0 };
	enum fb_status status;
	struct fb *fb = cli_load(cli, cli->operands[0], &status);
	int code;

	if (status == FB_OK)
		status = fb_check(fb, &sum);
	code = cli_tell(cli, fb, status);
	if (cli->document != FB_FORMAT_TEXT) {
		code = cli_finish(code);
	} else if (status == FB_OK || status == FB_NO) {
		printf("%zu invariant%s: %zu hold, %zu broken", sum.invariants,
		       plural(sum.invariants), sum.invariants - sum.broken,
		       sum.broken);
		if (sum.expects)
			printf(" · %zu expectation%s, %zu not met", sum.expects,
			       plural(sum.expects), sum.unmet);
		printf(" · %zu rule%s, %zu expired · %zu environment%s",
		       sum.rules, plural(sum.rules), sum.expired,
		       sum.environments, plural(sum.environments));
		if (sum.reviews)
			printf(" · %zu need%s review within 14 days", sum.due,
			       sum.due == 1 ? "s" : "");
		if (sum.overdue)
			printf(", %zu of them overdue", sum.overdue);
		putchar('\n');
		code = cli_finish(code);
	}
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
	"firebreak check - < one-file.fbk\n\n"
	"Reads POLICY (a file, a directory with a main.fbk, or - for stdin) and everything\n"
	"it includes, and verifies each invariant for every packet.  A broken one is shown\n"
	"with a packet that gets through and the rules that admit it.\n\n"
	"  --format FORMAT  text, json, markdown, sarif, github, gitlab, junit or csv\n"
	"  --as-of DATE     judge expiry by this day\n"
	"  --color WHEN     auto, always or never\n"
	"  -q, --quiet      say only what is wrong\n\n"
	"exit codes: 0 all holds, 1 an invariant is broken, a rule has expired or its review\n"
	"is overdue, 2 the policy cannot be read\n",
	.least = 1,
	.most = 1,
	.notes = true,
	.findings = true,
	.run = run,
};
