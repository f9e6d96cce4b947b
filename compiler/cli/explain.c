/* firebreak explain CODE */
#include "compiler/cli/cli.h"

#include <ctype.h>
#include <string.h>

static void list_codes(FILE *to)
{
	size_t count;
	const struct fb_code *codes = fb_codes(&count);

	for (size_t i = 0; i < count; i++)
		fprintf(to, "  %s  %s\n", codes[i].code, codes[i].title);
}

static int run(const struct cli *cli)
{
	char name[8] = "";
	const char *given = cli->operands[0];
	const struct fb_code *code;

	for (size_t i = 0; given[i] && i + 1 < sizeof name; i++)
		name[i] = (char)toupper((unsigned char)given[i]);
	code = strlen(given) < sizeof name ? fb_code_find(name) : NULL;
	if (!code) {
		fprintf(stderr, "firebreak: there is no code `%.40s`; there are\n",
			given);
		list_codes(stderr);
		return EXIT_CANNOT;
	}
	printf("%s: %s\n\n%s\n", code->code, code->title, code->explanation);
	if (*code->example)
		printf("\nfor example:\n\n%s\n", code->example);
	return cli_finish(EXIT_EQUAL);
}

const struct command command_explain = {
	.name = "explain",
	.summary = "what a code like P0401 means and how to mend it",
	.usage =
	"firebreak explain P0401\n\n"
	"Prints the catalogue's entry of the code: what it means, and where there is one,\n"
	"a policy that provokes it.\n",
	.least = 1,
	.most = 1,
	.run = run,
};
