/* What was found, as documents: the entry point over compiler/findings. */
#include "firebreak/firebreak.h"

#include "compiler/context.h"
#include "compiler/findings/findings.h"

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
		.kernel = fb->kernel_asked ? &fb->kernel : NULL,
		.command = d->command,
		.cwd = fb->loader.cwd ? fb->loader.cwd : "",
		.as_of = fb->options.as_of, .status = d->status,
		.with_notes = d->notes,
	};
	struct findings found = findings_gather(fb->arena, &from);

	findings_write(&out, &found, d->format);
	call->text = text_string(&out);
	return FB_OK;
}

const char *fb_findings(struct fb *fb, const struct fb_document *document)
{
	struct findings_call call = { document, NULL };

	(void)guarded(fb, write_findings, &call);	/* without memory: NULL */
	return call.text;
}
