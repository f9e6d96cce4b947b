/*
 * GitHub's workflow commands: an annotation a finding, as many as a step may
 * have, then everything as people read it, where no line of a policy can be
 * taken for a command.  Facts: docs.github.com, "Workflow commands".
 */
#include "compiler/findings/findings.h"

#include "compiler/base/markup.h"
#include "compiler/base/render.h"

#include <string.h>

/* Of each severity, a step.  What is beyond vanishes without a word. */
enum { ANNOTATIONS_MOST = 10 };

/* `%`, line ends and, in a property, `:` and `,` as their numbers. */
static void put_escaped(struct text *out, const char *text, bool property)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '%' || (property && (c == ':' || c == ',')))
			text_printf(out, "%%%02X", c);
		else
			text_putc(out, (char)c);
	}
}

/* TEXT, what is strange in it spelled out, with its ends of lines kept. */
static void put_words(struct text *out, const char *text, bool property)
{
	for (;;) {
		size_t len = strcspn(text, "\n");
		struct text line = TEXT_IN(out->arena);

		put_visible(&line, arena_copy(out->arena, text, len));
		put_escaped(out, text_string(&line), property);
		if (!text[len])
			return;
		text_puts(out, "%0A");
		text += len + 1;
	}
}

static void put_property(struct text *out, const char *name, const char *value)
{
	text_printf(out, "%s=", name);
	put_words(out, value, true);
}

static void put_place(struct text *out, const struct finding *f)
{
	const struct fb_place *p = &f->place;

	put_property(out, "file", f->file);
	text_printf(out, ",line=%u", f->line);
	if (!p->file)
		return;
	text_printf(out, ",endLine=%u", p->end_line);
	if (p->line == p->end_line)	/* else GitHub takes no columns */
		text_printf(out, ",col=%u,endColumn=%u", p->column,
			    p->end_column);
}

static void put_annotation(struct text *out, const struct finding *f)
{
	static const char *const words[] = { "error", "warning", "notice" };
	const char *detail = findings_detail(out->arena, f);

	text_printf(out, "::%s ", words[f->diag->severity]);
	put_place(out, f);
	text_puts(out, ",");
	put_property(out, "title", f->diag->code);
	text_puts(out, "::");
	put_words(out, f->diag->message, false);
	if (*detail) {
		text_puts(out, "%0A");
		put_words(out, detail, false);
	}
	text_putc(out, '\n');
}

/* The first of each severity, errors first; how many were left out. */
static size_t put_annotations(struct text *out, const struct findings *f)
{
	size_t told[3] = { 0 }, left_out = 0;

	for (int severity = FB_ERROR; severity <= FB_NOTE; severity++)
		for (size_t i = 0; i < f->count; i++) {
			if ((int)f->all[i].diag->severity != severity)
				continue;
			if (++told[severity] <= ANNOTATIONS_MOST)
				put_annotation(out, &f->all[i]);
			else
				left_out++;
		}
	return left_out;
}

/*
 * The whole text with commands stopped.  The word that starts them again is a
 * digest of the text, so that the text cannot have it.
 */
static void put_log(struct text *out, const struct findings *f)
{
	struct text log = TEXT_IN(out->arena);
	char token[65];

	for (size_t i = 0; i < f->count; i++)
		render_diag(&log, f->sources, f->all[i].diag, false);
	fb_digest(text_string(&log), log.len, token);
	text_printf(out, "::stop-commands::%s\n%s::%s::\n", token,
		    text_string(&log), token);
}

void findings_github(struct text *out, const struct findings *f)
{
	size_t left_out = put_annotations(out, f);

	if (left_out)
		text_printf(out, "%zu more in the log\n", left_out);
	if (f->count)
		put_log(out, f);
	text_printf(out, "firebreak %s: %zu errors, %zu warnings, %zu notes\n",
		    f->command, f->errors, f->warnings, f->notes);
}
