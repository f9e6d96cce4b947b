/* A writer a format. */
#include "compiler/findings/findings.h"

#include "compiler/base/render.h"

#include <string.h>

static void write_text(struct text *out, const struct findings *f)
{
	for (size_t i = 0; i < f->count; i++)
		render_diag(out, f->sources, f->all[i].diag, false);
}

struct format {
	const char *name;
	void (*write)(struct text *out, const struct findings *f);
};

static const struct format formats[] = {
	[FB_FORMAT_TEXT]     = { "text",     write_text },
	[FB_FORMAT_JSON]     = { "json",     findings_json },
	[FB_FORMAT_MARKDOWN] = { "markdown", findings_markdown },
	[FB_FORMAT_SARIF]    = { "sarif",    findings_sarif },
	[FB_FORMAT_GITHUB]   = { "github",   findings_github },
	[FB_FORMAT_GITLAB]   = { "gitlab",   findings_gitlab },
	[FB_FORMAT_JUNIT]    = { "junit",    findings_junit },
	[FB_FORMAT_CSV]      = { "csv",      findings_csv },
};

enum { FORMATS = sizeof formats / sizeof *formats };

_Static_assert(FORMATS == FB_FORMAT_CSV + 1, "a writer a format");

bool fb_format_find(const char *name, enum fb_format *out)
{
	for (size_t i = 0; i < FORMATS; i++)
		if (strcmp(formats[i].name, name) == 0) {
			*out = (enum fb_format)i;
			return true;
		}
	return false;
}

void findings_write(struct text *out, const struct findings *f,
		    enum fb_format format)
{
	formats[format].write(out, f);
}
