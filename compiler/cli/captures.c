/* Files that say what runs: --capture, --from, --adopt. */
#include "compiler/cli/cli.h"

#include <stdlib.h>
#include <string.h>

void cli_captures_free(struct fb_capture *captures, size_t count)
{
	for (size_t i = 0; captures && i < count; i++)
		free((char *)captures[i].bytes);
	free(captures);
}

bool cli_captures(const struct cli *cli, struct fb_capture **out)
{
	bool good = true;

	*out = calloc(cli->capture_count + 1, sizeof **out);
	for (size_t i = 0; *out && good && i < cli->capture_count; i++) {
		struct fb_capture *c = &(*out)[i];
		const char *path = cli->captures[i];

		c->name = strcmp(path, "-") == 0 ? "stdin" : path;
		c->bytes = cli_read(path, &c->len);
		good = c->bytes != NULL;
	}
	return *out && good;
}
