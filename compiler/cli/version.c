/* firebreak version */
#include "compiler/cli/cli.h"

static int run(const struct cli *cli)
{
	(void)cli;
	puts("firebreak " FIREBREAK_VERSION ", language 1");
	return cli_finish(EXIT_EQUAL);
}

const struct command command_version = {
	.name = "version",
	.summary = "which firebreak this is",
	.usage = "firebreak version\n",
	.least = 0,
	.most = 0,
	.run = run,
};
