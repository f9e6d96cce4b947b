/* GitLab's Code Quality report, the free widget of a merge request. */
#include "compiler/findings/findings.h"

#include "compiler/base/diag.h"
#include "compiler/base/jsonout.h"

#include <string.h>

static const char *severity_of(const struct finding *f)
{
	if (f->diag->severity == FB_NOTE)
		return "info";
	if (!f->fails && f->diag->severity == FB_WARNING)
		return strcmp(f->diag->code, "P1002") == 0 ? "major" : "minor";
	return diag_range(f->diag->code) <= 3 ? "blocker"
	       : f->diag->severity == FB_ERROR ? "critical" : "major";
}

void findings_gitlab(struct text *out, const struct findings *f)
{
	struct jsonout j = { .out = out };

	jsonout_open(&j, NULL, '[');
	for (size_t i = 0; i < f->count; i++) {
		const struct finding *one = &f->all[i];

		jsonout_open(&j, NULL, '{');
		jsonout_string(&j, "description", one->diag->message);
		jsonout_string(&j, "check_name", arena_printf(out->arena,
			"firebreak/%s", one->diag->code));
		jsonout_string(&j, "fingerprint", one->print);
		jsonout_string(&j, "severity", severity_of(one));
		jsonout_open(&j, "location", '{');
		jsonout_string(&j, "path", one->file);
		jsonout_open(&j, "lines", '{');
		jsonout_number(&j, "begin", one->line);
		jsonout_close(&j, '{');
		jsonout_close(&j, '{');
		jsonout_close(&j, '{');
	}
	jsonout_close(&j, '[');
	text_putc(out, '\n');
}
