/*
 * A comment on a change: the answer first, then what is wrong, then what holds,
 * folded.  A forge takes 65,536 characters: whole findings are left out beyond
 * 60,000 bytes, and said to be.
 */
#include "compiler/findings/findings.h"

#include "compiler/base/markup.h"

#include <string.h>

enum { BYTES_MOST = 60000, TAIL = 400 };

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

/* The answer in one sentence. */
static void put_answer(struct text *out, const struct findings *f)
{
	size_t count = 0, failed = 0;

	for (size_t i = 0; i < f->case_count; i++)
		if (f->cases[i].kind != CASE_EXPECTATION) {
			count++;
			failed += f->cases[i].result >= CASE_FAILED;
		}
	text_puts(out, "**");
	if (f->status == FB_BAD)
		text_printf(out, "firebreak cannot read this: %zu error%s",
			    f->errors, plural(f->errors));
	else if (failed)
		text_printf(out, "%zu of %zu %s", failed, count,
			    f->cases[0].kind == CASE_FILE
			    ? "files are not equal to the policy"
			    : "invariants are broken");
	else if (f->status != FB_OK)
		text_printf(out, "%zu error%s, %zu warning%s", f->errors,
			    plural(f->errors), f->warnings,
			    plural(f->warnings));
	else if (count)
		text_printf(out, "All %zu %s", count,
			    f->cases[0].kind == CASE_FILE
			    ? "files are equal to the policy"
			    : "invariants hold");
	else
		text_puts(out, "Nothing to report");
	text_puts(out, ".**\n");
}

/* TEXT in a fence that is longer than any in it. */
static void put_fenced(struct text *out, const char *text)
{
	size_t longest = 2, run = 0;
	struct text safe = TEXT_IN(out->arena), line = TEXT_IN(out->arena);

	for (;; text++) {
		run = *text == '`' ? run + 1 : 0;
		longest = run > longest ? run : longest;
		if (*text && *text != '\n') {
			text_putc(&line, *text);
			continue;
		}
		put_visible(&safe, text_string(&line));
		text_putc(&safe, '\n');
		line = TEXT_IN(out->arena);
		if (!*text)
			break;
	}
	text_fill(out, '`', longest + 1);
	text_printf(out, "\n%s", text_string(&safe));
	text_fill(out, '`', longest + 1);
	text_putc(out, '\n');
}

static void put_finding(struct text *out, const struct findings *f,
			const struct finding *one)
{
	const char *detail = findings_detail(out->arena, one);
	const struct fb_diag *d = one->diag;

	text_printf(out, "\n#### %s %s: ", findings_severity(one), d->code);
	put_markdown_code(out, d->message);
	text_puts(out, "\n\n");
	put_markdown(out, one->file);
	text_printf(out, ":%u", one->line);
	for (size_t i = 0; i < d->part_count; i++) {
		struct fb_place p = findings_place(f, d->parts[i].span);

		if (d->parts[i].kind != FB_NOTE_AT || !p.file)
			continue;
		text_puts(out, " · ");
		put_markdown_code(out, d->parts[i].text);
		text_puts(out, ": ");
		put_markdown(out, p.file);
		text_printf(out, ":%u", p.line);
	}
	text_puts(out, "\n");
	if (*detail) {
		text_puts(out, "\n");
		put_fenced(out, detail);
	}
}

/* Errors first; what no longer fits is counted. */
static void put_findings(struct text *out, const struct findings *f)
{
	size_t left_out = f->dropped;

	for (int severity = FB_ERROR; severity <= FB_NOTE; severity++)
		for (size_t i = 0; i < f->count; i++) {
			struct text one = TEXT_IN(out->arena);

			if ((int)f->all[i].diag->severity != severity)
				continue;
			if (out->len < BYTES_MOST - TAIL)
				put_finding(&one, f, &f->all[i]);
			if (one.len && out->len + one.len < BYTES_MOST - TAIL)
				text_add(out, one.at, one.len);
			else
				left_out++;
		}
	if (left_out)
		text_printf(out, "\n%zu more finding%s not shown here; `firebreak %s` on the command line lists them all.\n",
			    left_out, plural(left_out), f->command);
}

static void put_cases(struct text *out, const struct findings *f)
{
	static const char *const words[] = { "✓ holds", "waived", "✗ fails",
					     "not known" };
	struct text list = TEXT_IN(out->arena);

	for (size_t i = 0; i < f->case_count; i++) {
		text_puts(&list, "| ");
		put_markdown(&list, f->cases[i].name);
		text_printf(&list, " | %s |\n", words[f->cases[i].result]);
	}
	if (!list.len || out->len + list.len > BYTES_MOST - TAIL / 2)
		return;
	text_printf(out, "\n<details><summary>%zu promises, each decided for every packet</summary>\n\n| promise | result |\n|---|---|\n%s\n</details>\n",
		    f->case_count, text_string(&list));
}

void findings_markdown(struct text *out, const struct findings *f)
{
	/* the tag by which a comment is found again and updated in place */
	text_printf(out, "<!-- firebreak:%s policy=%s v=1 -->\n", f->command,
		    f->policy);
	text_printf(out, "### firebreak %s", f->command);
	if (*f->policy) {
		text_puts(out, ": ");
		put_markdown(out, f->policy);
	}
	text_puts(out, "\n\n");
	put_answer(out, f);
	put_findings(out, f);
	put_cases(out, f);
	text_printf(out, "\nfirebreak %s · as of %s\n", FIREBREAK_VERSION,
		    f->day);
}
