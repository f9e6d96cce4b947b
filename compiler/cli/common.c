/* What several commands do: load, tell, read, finish. */
#include "compiler/cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 20 };	/* errors of one run */

#define MEMORY_LIMIT ((size_t)8 << 30)

struct fb *cli_context(const struct cli *cli)
{
	struct fb_options options = { cli->as_of, MEMORY_LIMIT,
				      cli->recheck };

	return fb_new(&options);
}

struct fb *cli_load(const struct cli *cli, const char *path,
		    enum fb_status *status)
{
	struct fb *fb = cli_context(cli);
	size_t len;
	char *text;

	*status = FB_MEMORY;
	if (!fb)
		return NULL;
	if (cli_is_revision(path)) {
		*status = cli_load_revision(fb, path);
		return fb;
	}
	if (strcmp(path, "-") != 0) {
		*status = fb_load(fb, path);
		return fb;
	}
	text = cli_read(path, &len);
	*status = FB_BAD;
	if (text)
		*status = fb_load_text(fb, "stdin", text, len);
	free(text);
	return fb;
}

static int exit_code(const struct fb *fb, enum fb_status status)
{
	const char *why;

	switch (status) {
	case FB_OK:	return EXIT_EQUAL;
	case FB_NO:	return EXIT_NO;
	case FB_BAD:	return EXIT_CANNOT;
	case FB_FAULT:	return EXIT_OUR_FAULT;
	case FB_MEMORY:	break;
	}
	why = fb ? fb_limit(fb) : "";
	fprintf(stderr, "firebreak: error[P0902]: %s\n", *why ? why
		: "the memory limit of 8 GiB was reached");
	return EXIT_CANNOT;
}

static const char *tell_text(const struct cli *cli, struct fb *fb)
{
	struct fb_style style = { SHOWN, cli->notes && !cli->quiet,
				  cli->colour_err };

	return fb_render(fb, &style);
}

static const char *tell_document(const struct cli *cli, struct fb *fb,
				 enum fb_status status)
{
	struct fb_document document = { cli->document, cli->command, status,
					cli->notes && !cli->quiet };

	return fb_findings(fb, &document);
}

int cli_tell(const struct cli *cli, struct fb *fb, enum fb_status status)
{
	bool is_document = cli->document != FB_FORMAT_TEXT;
	const char *text = !fb || status == FB_MEMORY ? NULL
		: is_document ? tell_document(cli, fb, status)
			      : tell_text(cli, fb);

	if (text)
		fputs(text, is_document ? stdout : stderr);
	return exit_code(fb, status);
}

bool cli_answer_format(const struct cli *cli, const char *command,
		       enum fb_answer_format *format)
{
	*format = FB_ANSWER_TEXT;
	if (!cli->format || strcmp(cli->format, "text") == 0)
		return true;
	*format = FB_ANSWER_JSON;
	if (strcmp(cli->format, "json") == 0)
		return true;
	fprintf(stderr, "firebreak %s: --format takes text or json, not `%s`\n",
		command, cli->format);
	return false;
}

static char *read_all(FILE *file, size_t *len)
{
	size_t cap = 1 << 16, n;
	char *bytes = malloc(cap), *larger;

	*len = 0;
	while (bytes && (n = fread(bytes + *len, 1, cap - *len, file)) > 0) {
		*len += n;
		if (*len < cap)
			continue;
		larger = realloc(bytes, cap *= 2);
		if (!larger)
			free(bytes);
		bytes = larger;
	}
	return bytes;
}

char *cli_read(const char *path, size_t *len)
{
	bool standard = strcmp(path, "-") == 0;
	FILE *file = standard ? stdin : fopen(path, "rb");
	char *bytes = file ? read_all(file, len) : NULL;

	if (bytes && ferror(file)) {
		free(bytes);
		bytes = NULL;
	}
	if (!bytes) {
		int why = errno;

		fputs("firebreak: cannot read ", stderr);
		cli_put(stderr, path);
		fprintf(stderr, ": %s\n", strerror(why));
	}
	if (file && !standard)
		(void)fclose(file);	/* only read from */
	return bytes;
}

/* C1 controls are two bytes in UTF-8, the first of them 0xc2. */
void cli_put(FILE *to, const char *text)
{
	for (const unsigned char *s = (const unsigned char *)text; *s; s++) {
		bool control = *s < 0x20 || *s == 0x7f ||
			       (*s == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0);

		if (control)
			fprintf(to, "\\x%02x", *s);
		else
			fputc(*s, to);
		if (control && *s == 0xc2)
			fprintf(to, "\\x%02x", *++s);
	}
}

int cli_finish(int code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	fprintf(stderr, "firebreak: cannot write the result: %s\n",
		strerror(errno));
	return EXIT_CANNOT;
}
