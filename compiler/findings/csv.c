/* A line a finding (RFC 4180), no cell of which a spreadsheet takes for a formula. */
#include "compiler/findings/findings.h"

#include "compiler/base/markup.h"

static void put_row(struct text *out, const char *const *cells, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i)
			text_putc(out, ',');
		if (*cells[i])
			put_csv(out, cells[i]);
	}
	text_puts(out, "\r\n");
}

void findings_csv(struct text *out, const struct findings *f)
{
	text_puts(out, "policy,code,severity,kind,name,file,line,column,message,help,fingerprint\r\n");
	for (size_t i = 0; i < f->count; i++) {
		const struct finding *one = &f->all[i];
		const struct fb_place *p = &one->place;
		const char *cells[] = {
			f->policy, one->diag->code, findings_severity(one),
			one->kind, one->subject, one->file,
			p->file ? arena_printf(out->arena, "%u", p->line) : "",
			p->file ? arena_printf(out->arena, "%u", p->column) : "",
			one->diag->message, one->help, one->print,
		};

		put_row(out, cells, sizeof cells / sizeof *cells);
	}
}
