/* firebreak query POLICY QUESTION */
#include "compiler/cli/cli.h"
#include "firebreak/query.h"

static int print(const struct cli *cli, struct fb *fb,
		 const struct fb_answer *answer, enum fb_status status,
		 enum fb_answer_format format)
{
	const char *text = fb_answer_render(fb, answer, cli->operands[1],
					    format, cli->colour_out);

	if (!text)
		return cli_tell(cli, fb, FB_MEMORY);
	fputs(text, stdout);
	return cli_finish(status == FB_OK ? EXIT_EQUAL : EXIT_NO);
}

static int run(const struct cli *cli)
{
	struct fb_question question = { cli->operands[1], cli->only,
					cli->transitive };
	enum fb_answer_format format;
	struct fb_answer answer;
	enum fb_status status;
	struct fb *fb;
	int code;

	if (!cli_answer_format(cli, "query", &format))
		return EXIT_CANNOT;
	fb = cli_load(cli, cli->operands[0], &status);
	if (status == FB_OK)
		status = fb_query(fb, &question, &answer);
	if (status == FB_OK || status == FB_NO)
		code = print(cli, fb, &answer, status, format);
	else
		code = cli_tell(cli, fb, status);
	fb_free(fb);
	return code;
}

const struct command command_query = {
	.name = "query",
	.summary = "does this get there, and by which rules?",
	.usage =
	"firebreak query policies/modyo-connect 'services -> data on postgres'\n"
	"firebreak query policies/modyo-connect '? -> data'\n"
	"firebreak query policies/modyo-connect 'services -> ? on https in prod'\n"
	"firebreak query --transitive policies/modyo-connect 'internet -> data'\n\n"
	"Answers for every packet of the question: `yes` when all are permitted, `yes, in\n"
	"part` when some are, `no` when none is, with the rules and a packet.  `?` is whoever,\n"
	"without `on` any service is meant.  Words are those of the policy; addresses do too.\n\n"
	"  --transitive         also by way of other layers and networks, with the route\n"
	"  --only CUSTOMER.ENV  in this environment only\n"
	"  --format FORMAT      text or json\n"
	"  --as-of DATE         judge expiry by this day\n"
	"  --color WHEN         auto, always or never\n\n"
	"exit codes: 0 yes, also in part, 1 no, 2 no such policy or no such question\n",
	.least = 2,
	.most = 2,
	.formats = true,
	.run = run,
};
