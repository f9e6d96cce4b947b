/* firebreak diff OLD NEW */
#include "compiler/cli/cli.h"
#include "firebreak/diff.h"

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

static int compare(const struct cli *cli, struct fb *old, struct fb *new,
		   const struct fb_diff_document *document)
{
	struct fb_diff_options options = {
		.old_name = cli->operands[0], .new_name = cli->operands[1],
		.reach_only = cli->reach_only, .judge_freezes = true,
		.expected = cli->expected,
		.expected_count = cli->expected_count };
	struct fb_diff diff;
	enum fb_status status = fb_diff(old, new, &options, &diff);

	if (status != FB_OK)
		return cli_tell(cli, new, status);
	return print(cli, new, &diff, document);
}

static int run(const struct cli *given)
{
	struct fb_diff_document document = { given->document,
					     given->colour_out,
					     FB_FAIL_NEVER };
	struct cli own = *given, *cli = &own;
	enum fb_status status;
	struct fb *old, *new = NULL;
	int code;

	if (!read_fail_on(cli->fail_on, &document.fail_on))
		return EXIT_CANNOT;
	own.document = of_mistakes(document.format);
	if (strcmp(cli->operands[0], "-") == 0 &&
	    strcmp(cli->operands[1], "-") == 0) {
		fputs("firebreak diff: only one of the two can be stdin\n",
		      stderr);
		return EXIT_CANNOT;
	}
	old = cli_load(cli, cli->operands[0], &status);
	code = status == FB_OK ? EXIT_EQUAL : cli_tell(cli, old, status);
	if (status == FB_OK) {
		new = cli_load(cli, cli->operands[1], &status);
		code = status == FB_OK ? compare(cli, old, new, &document)
				       : cli_tell(cli, new, status);
	}
	fb_free(new);
	fb_free(old);
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
	"firebreak diff --format sarif origin/main:policy policy > diff.sarif\n\n"
	"Compares two policies by the packets that they let through, for every packet: a\n"
	"rule split in two is no difference, a port more is one.  The riskiest comes first,\n"
	"with the rules it comes from; then invariants, metadata, addresses and the AWS\n"
	"resources that are added, changed, replaced and removed.  OLD and NEW are each a\n"
	"file, a directory, - or REV:PATH, the policy as of a git revision.  On a day of a\n"
	"`freeze` of either policy, what the freeze does not except fails.\n\n"
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
