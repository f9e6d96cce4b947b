/* firebreak diff OLD NEW */
#include "compiler/cli/running.h"

#include <stdlib.h>
#include <string.h>

static bool read_fail_on(const char *word, enum fb_fail_on *out)
{
	*out = FB_FAIL_NEVER;
	if (!word)
		return true;
	if (strcmp(word, "widening") == 0)
		*out = FB_FAIL_WIDENING;
	else if (strcmp(word, "any") == 0)
		*out = FB_FAIL_ANY;
	else
		fprintf(stderr, "firebreak diff: --fail-on takes widening or any, not `%s`\n",
			word);
	return *out != FB_FAIL_NEVER;
}

/* What goes wrong is told as a document, but for those of a diff's own. */
static enum fb_format of_mistakes(enum fb_format format)
{
	return format == FB_FORMAT_JSON || format == FB_FORMAT_MARKDOWN
	       ? FB_FORMAT_TEXT : format;
}

static int print(const struct cli *cli, struct fb *new,
		 const struct fb_diff *diff,
		 const struct fb_diff_document *document)
{
	const char *text = fb_diff_render(new, diff, document);

	if (!text)
		return cli_tell(cli, new, FB_MEMORY);
	fputs(text, stdout);
	if (document->format == FB_FORMAT_TEXT && diff->told_count)
		(void)cli_tell(cli, new, FB_OK);
	return cli_finish(fb_diff_fails(diff, document->fail_on) ? EXIT_NO
								 : EXIT_EQUAL);
}

struct call {
	const struct cli *cli;
	struct fb_diff_document document;
	enum cli_operand kinds[2];
	struct cli_bytes bytes[2];
};

static struct fb_diff_options options_of(const struct cli *cli)
{
	return (struct fb_diff_options){
		.old_name = cli->operands[0], .new_name = cli->operands[1],
		.reach_only = cli->reach_only, .judge_freezes = true,
		.expected = cli->expected,
		.expected_count = cli->expected_count };
}

/* The policy at the operand NUMBER, from what was read of it already. */
static struct fb *load(const struct call *call, int number,
		       enum fb_status *status)
{
	const struct cli *cli = call->cli;
	struct fb *fb;

	if (strcmp(cli->operands[number], "-") != 0)
		return cli_load(cli, cli->operands[number], status);
	fb = cli_context(cli);
	*status = FB_MEMORY;
	if (fb)
		*status = fb_load_text(fb, "stdin", call->bytes[number].at,
				       call->bytes[number].len);
	return fb;
}

static int compare(const struct call *call, struct fb *old, struct fb *new)
{
	struct fb_diff_options options = options_of(call->cli);
	struct fb_diff diff;
	enum fb_status status = fb_diff(old, new, &options, &diff);

	if (status != FB_OK)
		return cli_tell(call->cli, new, status);
	return print(call->cli, new, &diff, &call->document);
}

static int diff_policies(const struct call *call)
{
	enum fb_status status;
	struct fb *old = load(call, 0, &status), *new = NULL;
	int code = status == FB_OK ? EXIT_EQUAL
				   : cli_tell(call->cli, old, status);

	if (status == FB_OK) {
		new = load(call, 1, &status);
		code = status == FB_OK ? compare(call, old, new)
				       : cli_tell(call->cli, new, status);
	}
	fb_free(new);
	fb_free(old);
	return code;
}

/* What runs is the operand NUMBER; the other one is the policy FB. */
static int compare_running(struct call *call, struct fb *fb, int number)
{
	const struct cli *cli = call->cli;
	struct fb_diff_options options = options_of(cli);
	struct cli_running files;
	struct fb_diff diff;
	enum fb_status status = cli_running_read(fb, cli->operands[number],
		call->kinds[number], &call->bytes[number], &files);
	struct fb_running running = { files.files, files.count,
		call->kinds[number] == CLI_COMPILED ? &files.manifest : NULL,
		number == 1 };
	int code;

	if (status == FB_OK)
		status = fb_diff_running(fb, &running, &options, &diff);
	code = status == FB_OK ? print(cli, fb, &diff, &call->document)
			       : cli_tell(cli, fb, status);
	cli_running_free(&files);
	return code;
}

static int diff_running(struct call *call, int number)
{
	const struct cli *cli = call->cli;
	enum fb_status status;
	struct fb *fb;
	int code;

	if (cli->expected_count || cli->reach_only) {
		fprintf(stderr, "firebreak diff: --%s is about two policies, and one of these is what runs\n",
			cli->reach_only ? "reach-only" : "expect");
		return EXIT_CANNOT;
	}
	fb = load(call, !number, &status);
	code = status == FB_OK ? compare_running(call, fb, number)
			       : cli_tell(cli, fb, status);
	fb_free(fb);
	return code;
}

static int diff(struct call *call)
{
	bool runs[2];

	for (int i = 0; i < 2; i++) {
		call->kinds[i] = cli_operand_of(call->cli->operands[i],
						&call->bytes[i]);
		if (call->kinds[i] == CLI_UNREADABLE)
			return EXIT_CANNOT;
		runs[i] = call->kinds[i] != CLI_POLICY;
	}
	if (runs[0] && runs[1]) {
		fputs("firebreak diff: one of the two has to be a policy: it says whose the addresses are\n",
		      stderr);
		return EXIT_CANNOT;
	}
	return runs[0] || runs[1] ? diff_running(call, runs[1])
				  : diff_policies(call);
}

static int run(const struct cli *given)
{
	struct cli own = *given;
	struct call call = { .cli = &own, .document = {
		given->document, given->colour_out, FB_FAIL_NEVER } };
	int code;

	if (!read_fail_on(own.fail_on, &call.document.fail_on))
		return EXIT_CANNOT;
	own.document = of_mistakes(given->document);
	if (strcmp(own.operands[0], "-") == 0 &&
	    strcmp(own.operands[1], "-") == 0) {
		fputs("firebreak diff: only one of the two can be stdin\n",
		      stderr);
		return EXIT_CANNOT;
	}
	code = diff(&call);
	free(call.bytes[0].at);
	free(call.bytes[1].at);
	return code;
}

const struct command command_diff = {
	.name = "diff",
	.summary = "what a change opens, narrows and closes",
	.usage =
	"firebreak diff main:policies/modyo-connect policies/modyo-connect\n"
	"firebreak diff --format markdown origin/main:policy policy > comment.md\n"
	"firebreak diff --expect 'edge -> services on tcp/8081' HEAD:policy policy\n"
	"firebreak diff --fail-on widening v1.4:policy policy\n"
	"firebreak diff --format sarif origin/main:policy policy > diff.sarif\n"
	"firebreak diff account.json policy\n"
	"nft list ruleset | firebreak diff - policy\n"
	"firebreak diff out policy\n\n"
	"Compares two policies by the packets that they let through, for every packet: a\n"
	"rule split in two is no difference, a port more is one.  The riskiest comes first,\n"
	"with the rules it comes from; then invariants, metadata, addresses and the AWS\n"
	"resources that are added, changed, replaced and removed.  OLD and NEW are each a\n"
	"file, a directory, - or REV:PATH, the policy as of a git revision.  On a day of a\n"
	"`freeze` of either policy, what the freeze does not except fails.\n\n"
	"One of the two may be what runs: a file that `prove` understands (Terraform JSON,\n"
	"what describe-security-groups answers, an nftables ruleset), or a directory that\n"
	"`compile` made, which is compared digest by digest too.  Then each direction, hook\n"
	"and relation is compared by itself, for every packet, and what no file speaks of is\n"
	"said.\n\n"
	"  --format FORMAT      text, markdown (a pull request's comment), json, sarif, github,\n"
	"                       gitlab, junit or csv\n"
	"  --expect SENTENCE    exit 1 when anything else opens, or this does not; repeatable\n"
	"  --fail-on WHAT       exit 1 on: widening (something opens or an invariant breaks),\n"
	"                       any (whatever differs)\n"
	"  --exit-code          the same as --fail-on any\n"
	"  --reach-only         packets and rules only: no invariants, no outputs\n"
	"  --as-of DATE         judge expiry and freezes by this day\n"
	"  --color WHEN         auto, always or never\n\n"
	"exit codes: 0 compared, 1 what --expect, --fail-on or --exit-code ask for, or a\n"
	"change during a freeze, 2 one of the policies cannot be read\n",
	.least = 2,
	.most = 2,
	.findings = true,
	.run = run,
};
