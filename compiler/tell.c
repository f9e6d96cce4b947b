/* What was found, as documents: the entry point over compiler/findings. */
#include "firebreak/firebreak.h"

#include "compiler/base/render.h"
#include "compiler/context.h"
#include "compiler/findings/findings.h"

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

struct findings_call {
	const struct fb_document *document;
	const char *text;
};

static enum fb_status write_findings(struct fb *fb, void *argument)
{
	struct findings_call *call = argument;
	const struct fb_document *d = call->document;
	struct text out = TEXT_IN(fb->arena);
	struct findings_from from = {
		.sources = &fb->sources, .ir = fb->ir, .diags = &fb->diags,
		.verdicts = fb->verdicts, .expects = fb->expects_run,
		.proved = fb->proved.at, .proved_count = fb->proved.count,
		.command = d->command,
		.cwd = fb->loader.cwd ? fb->loader.cwd : "",
		.as_of = fb->options.as_of, .status = d->status,
		.with_notes = d->notes,
	};
	struct findings found = findings_gather(fb->arena, &from);

	formats[d->format].write(&out, &found);
	call->text = text_string(&out);
	return FB_OK;
}

const char *fb_findings(struct fb *fb, const struct fb_document *document)
{
	struct findings_call call = { document, NULL };

	(void)guarded(fb, write_findings, &call);	/* without memory: NULL */
	return call.text;
}
