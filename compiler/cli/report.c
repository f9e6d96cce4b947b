/* firebreak report POLICY -o DIR */
#include "compiler/cli/cli.h"

#include <stdlib.h>

/* The rest, once what the options name was read. */
static int make(const struct cli *cli, const struct fb_report_options *options,
		struct fb_since *since)
{
	struct fb_compilation made = { 0 };
	enum fb_status status;
	struct fb *fb = cli_load(cli, cli->operands[0], &status);
	int code;

	if (status == FB_OK && options->since &&
	    !cli_history_steps(cli, cli->operands[0], fb, since))
		status = FB_MEMORY;
	if (status == FB_OK)
		status = fb_report(fb, options, &made);
	code = cli_tell(cli, fb, status);
	if (!made.count)
		fputs("nothing was written\n", stderr);
	else if (!cli_write(cli->output, made.outputs, made.count))
		code = EXIT_CANNOT;
	else if (!cli->quiet)
		printf("%zu files below %s: open index.html; firebreak verify-bundle %s checks them\n",
		       made.count, cli->output, cli->output);
	fb_free(fb);
	return cli_finish(code);
}

static int run(const struct cli *cli)
{
	struct fb_report_options options = { .controls = cli->controls,
		.classification = cli->classification, .oscal = cli->oscal };
	struct fb_capture *captures = NULL;
	struct fb *before = NULL;
	struct fb_since since = { 0 };
	char *approvals = NULL;
	bool good = true;
	int code = EXIT_CANNOT;

	if (!cli->output) {
		fputs("firebreak report: where to? give -o DIR\n", stderr);
		return EXIT_CANNOT;
	}
	if (cli->approvals) {
		approvals = cli_read(cli->approvals, &options.approvals_len);
		options.approvals = approvals;
		good = approvals != NULL;
	}
	if (good) {
		good = cli_captures(cli, &captures);
		options.captures = captures;
		options.capture_count = cli->capture_count;
	}
	if (good && cli->since) {
		before = cli_context(cli);
		good = before && cli_history(cli->since, cli->operands[0],
					     before, &since);
		if (before && !good)
			(void)cli_tell(cli, before, FB_BAD);
		options.since = &since;
	}
	if (good)
		code = make(cli, &options, &since);
	else
		fputs("nothing was written\n", stderr);
	cli_captures_free(captures, captures ? cli->capture_count : 0);
	free(approvals);
	cli_history_free(&since);
	fb_free(before);
	return code;
}

const struct command command_report = {
	.name = "report",
	.summary = "the evidence bundle for an auditor: report, sources, outputs, digests",
	.usage =
	"firebreak report policies/modyo-connect -o evidence\n"
	"firebreak report --controls iso27001-2022,ccm-4.0 --classification Confidential \\\n"
	"  --as-of 2026-12-31 policies/modyo-connect -o evidence\n"
	"firebreak report --since v11 policies/modyo-connect -o evidence\n"
	"firebreak report --capture prod.json --capture gateway.nft policies/modyo-connect \\\n"
	"  -o evidence\n\n"
	"Checks POLICY, compiles it with proof, and writes report.html (one file, no script,\n"
	"prints on A4), index.html (every customer and environment on a page, what needs a\n"
	"person first), report.md, model.json (all facts), findings.sarif, rules.csv,\n"
	"matrix.csv, fleet.csv, the sources, the outputs, and MANIFEST.sha256 over all of\n"
	"them.  With a broken invariant the report says so, and there are no outputs.  What\n"
	"ran is proved against the policy where a capture says it; elsewhere it is called not\n"
	"captured.\n\n"
	"  -o, --output DIR       where the bundle goes\n"
	"  --controls LIST        packs of controls to cite: iso27001-2022, ccm-4.0, pci-4.0.1,\n"
	"                         soc2-2017r2022, nist-800-53r5, cis-aws-7 (default: all)\n"
	"  --classification TEXT  stands on every page: Confidential\n"
	"  --since REV            also what changed since this git revision, and who approved it;\n"
	"                         each commit on a day of a freeze is judged by itself\n"
	"  --approvals FILE       approvals.json as CI exported it from the forge\n"
	"  --capture FILE         what ran: an answer of describe-security-groups, a ruleset as\n"
	"                         nft lists it; proved, told and kept in the bundle; repeatable\n"
	"  --oscal                also oscal.json: OSCAL assessment results, for GRC tools\n"
	"  --as-of DATE           judge expiry and reviews by this day\n"
	"  --color WHEN           auto, always or never\n"
	"  -q, --quiet            say only what is wrong\n\n"
	"To sign it:   ssh-keygen -Y sign -f KEY -n firebreak-evidence-v1 evidence/MANIFEST.sha256\n\n"
	"exit codes: 0 written and all well, 1 written, and the report says what is wrong,\n"
	"2 the policy cannot be read, 3 an output failed its proof (our fault)\n",
	.least = 1,
	.most = 1,
	.run = run,
};
