/* firebreak graph POLICY */
#include "compiler/cli/cli.h"

#include <string.h>

static bool read_format(const char *word, enum fb_picture *out)
{
	static const char *const words[] = {
		[FB_PICTURE_SVG] = "svg", [FB_PICTURE_DOT] = "dot",
		[FB_PICTURE_MERMAID] = "mermaid",
	};

	*out = FB_PICTURE_SVG;
	for (size_t i = 0; word && i < sizeof words / sizeof *words; i++)
		if (strcmp(word, words[i]) == 0) {
			*out = (enum fb_picture)i;
			return true;
		}
	if (word)
		fprintf(stderr, "firebreak graph: --format takes svg, dot or mermaid, not `%s`\n",
			word);
	return !word;
}

static int run(const struct cli *cli)
{
	enum fb_picture picture;
	enum fb_status status;
	const char *text = NULL;
	struct fb *fb;
	int code;

	if (!read_format(cli->format, &picture))
		return EXIT_CANNOT;
	fb = cli_load(cli, cli->operands[0], &status);
	if (status == FB_OK)
		status = fb_graph(fb, picture, cli->only, &text);
	code = cli_tell(cli, fb, status);
	if (text) {
		fputs(text, stdout);
		code = cli_finish(code);
	}
	fb_free(fb);
	return code;
}

const struct command command_graph = {
	.name = "graph",
	.summary = "layers and the flows between them, as a picture",
	.usage =
	"firebreak graph policies/modyo-connect > layers.svg\n"
	"firebreak graph --only banco-andino.prod policies/modyo-connect > prod.svg\n"
	"firebreak graph --format dot policies/modyo-connect | dot -Tpdf > layers.pdf\n"
	"firebreak graph --format mermaid policies/modyo-connect\n\n"
	"Draws who may open what to whom: a picture for each set of environments in which\n"
	"the same may talk to the same, columns by steps from what is public, services of\n"
	"a pair merged.  Expired rules are not drawn; what is not drawn is denied.\n\n"
	"  --format FORMAT      svg (stands alone, light and dark), dot or mermaid\n"
	"  --only CUSTOMER.ENV  the picture of one environment\n"
	"  --as-of DATE         judge expiry by this day\n\n"
	"exit codes: 0 drawn, 2 the policy cannot be read\n",
	.least = 1,
	.most = 1,
	.formats = true,
	.run = run,
};
