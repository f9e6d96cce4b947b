/* firebreak explain CODE; firebreak explain POLICY NAME */
#include "compiler/cli/cli.h"
#include "firebreak/query.h"

#include <ctype.h>
#include <string.h>

static void list_codes(FILE *to)
{
	size_t count;
	const struct fb_code *codes = fb_codes(&count);

	for (size_t i = 0; i < count; i++)
		fprintf(to, "  %s  %s\n", codes[i].code, codes[i].title);
}

static int explain_code(const struct cli *cli)
{
	char name[8] = "";
	const char *given = cli->operands[0];
	const struct fb_code *code;

	for (size_t i = 0; given[i] && i + 1 < sizeof name; i++)
		name[i] = (char)toupper((unsigned char)given[i]);
	code = strlen(given) < sizeof name ? fb_code_find(name) : NULL;
	if (!code) {
		fputs("firebreak: there is no code `", stderr);
		cli_put(stderr, given);
		fputs("`; there are\n", stderr);
		list_codes(stderr);
		return EXIT_CANNOT;
	}
	printf("%s: %s\n\n%s\n", code->code, code->title, code->explanation);
	if (*code->example)
		printf("\nfor example:\n\n%s\n", code->example);
	return cli_finish(EXIT_EQUAL);
}

static int print(const struct cli *cli, struct fb *fb,
		 const struct fb_statement *statement,
		 enum fb_answer_format format)
{
	const char *text = fb_statement_render(fb, statement, format,
					       cli->colour_out);

	if (!text)
		return cli_tell(cli, fb, FB_MEMORY);
	fputs(text, stdout);
	return cli_finish(statement->is_rule || statement->holds ? EXIT_EQUAL
								 : EXIT_NO);
}

static int explain_statement(const struct cli *cli)
{
	enum fb_answer_format format;
	struct fb_statement statement;
	enum fb_status status;
	struct fb *fb;
	int code;

	if (!cli_answer_format(cli, "explain", &format))
		return EXIT_CANNOT;
	fb = cli_load(cli, cli->operands[0], &status);
	if (status == FB_OK)
		status = fb_explain(fb, cli->operands[1], &statement);
	if (status == FB_OK)
		code = print(cli, fb, &statement, format);
	else
		code = cli_tell(cli, fb, status);
	fb_free(fb);
	return code;
}

static int run(const struct cli *cli)
{
	return cli->count == 1 ? explain_code(cli) : explain_statement(cli);
}

const struct command command_explain = {
	.name = "explain",
	.summary = "what a code means; what a rule or invariant says and became",
	.usage =
	"firebreak explain P0401\n"
	"firebreak explain policies/modyo-connect core-calls\n"
	"firebreak explain policies/modyo-connect data-private\n\n"
	"With a code: the catalogue's entry, what it means, and where there is one, a policy\n"
	"that provokes it.  With a policy and the name of a rule: the rule as a sentence, what\n"
	"it permits, and every line that it became on each target.  Of an invariant: the\n"
	"sentence and its verdict, with the packet or route that breaks it.\n\n"
	"  --format FORMAT  text or json (of rules and invariants)\n"
	"  --as-of DATE     judge expiry by this day\n"
	"  --color WHEN     auto, always or never\n\n"
	"exit codes: 0 explained, 1 the invariant is broken, 2 nothing of that name\n",
	.least = 1,
	.most = 2,
	.formats = true,
	.run = run,
};
