/*
 * JUnit: each invariant, expectation and file is a test case, so that what
 * holds is listed too; so is each finding that belongs to none of them.
 */
#include "compiler/findings/findings.h"

#include "compiler/base/markup.h"

#include <string.h>

/* One suite: what kind of cases, or the findings that belong to no case. */
struct suite {
	const char *title;
	int kind;		/* an enum case_kind, or -1 */
};

static const struct suite suites[] = {
	{ "invariants", CASE_INVARIANT }, { "expectations", CASE_EXPECTATION },
	{ "files", CASE_FILE }, { "changes", CASE_CHANGE }, { "policy", -1 },
};

struct junit {
	struct text *out;
	const struct findings *f;
	bool *in_case;		/* by finding */
};

struct tally {
	size_t tests, failures;
};

/* Is it a comparison, of which every finding is a case? */
static bool has_changes(const struct findings *f)
{
	return f->case_count && f->cases[0].kind == CASE_CHANGE;
}

static struct tally tally_of(const struct junit *j, const struct suite *s)
{
	struct tally t = { 0 };

	for (size_t i = 0; i < j->f->case_count; i++)
		if ((int)j->f->cases[i].kind == s->kind) {
			t.tests++;
			t.failures += j->f->cases[i].result >= CASE_FAILED;
		}
	for (size_t i = 0; s->kind < 0 && i < j->f->count; i++)
		if (!j->in_case[i] && j->f->all[i].fails) {
			t.tests++;
			t.failures++;
		}
	/* that there is nothing to find fault with */
	if (s->kind < 0 && !t.tests && !has_changes(j->f))
		t.tests = 1;
	return t;
}

static void put_attribute(struct text *out, const char *name, const char *value)
{
	text_printf(out, " %s=\"", name);
	put_html(out, value);
	text_puts(out, "\"");
}

static void put_place(struct text *out, const char *file, uint32_t line)
{
	put_html(out, file);
	text_printf(out, ":%u", line);
}

/* Each line of TEXT by itself: an end of a line is no text to spell out. */
static void put_lines(struct text *out, const char *text)
{
	struct text line = TEXT_IN(out->arena);

	for (;; text++) {
		if (*text && *text != '\n') {
			text_putc(&line, *text);
			continue;
		}
		put_html(out, text_string(&line));
		text_putc(out, '\n');
		line = TEXT_IN(out->arena);
		if (!*text)
			return;
	}
}

static void put_failure(struct text *out, const struct finding *f)
{
	const char *detail = findings_detail(out->arena, f);

	text_puts(out, "      <failure");
	put_attribute(out, "type", f->diag->code);
	put_attribute(out, "message", f->diag->message);
	text_puts(out, ">");
	put_place(out, f->file, f->line);
	text_puts(out, ": ");
	put_html(out, f->diag->message);
	text_putc(out, '\n');
	if (*detail)
		put_lines(out, detail);
	text_puts(out, "</failure>\n");
}

/* A difference that nobody takes offence at. */
static void put_change(struct text *out, const struct finding *f)
{
	const char *detail = findings_detail(out->arena, f);

	text_puts(out, "      <system-out>");
	put_place(out, f->file, f->line);
	text_putc(out, '\n');
	if (*detail)
		put_lines(out, detail);
	text_puts(out, "</system-out>\n");
}

static void open_case(struct junit *j, const struct suite *s, const char *name)
{
	text_puts(j->out, "    <testcase");
	put_attribute(j->out, "classname", arena_printf(j->out->arena, "%s.%s",
		*j->f->policy ? j->f->policy : "policy", s->title));
	put_attribute(j->out, "name", name);
	text_puts(j->out, " time=\"0.000\">\n");
}

static void put_case(struct junit *j, const struct suite *s,
		     const struct finding_case *c)
{
	open_case(j, s, c->name);
	if (c->kind == CASE_CHANGE && c->result == CASE_PASSED) {
		put_change(j->out, c->finding);
	} else if (c->place.file) {
		text_puts(j->out, "      <system-out>");
		put_place(j->out, c->place.file, c->place.line);
		if (c->result == CASE_WAIVED)
			text_puts(j->out, ": waived by a rule until it expires");
		text_puts(j->out, "</system-out>\n");
	}
	if (c->finding && c->result >= CASE_FAILED)
		put_failure(j->out, c->finding);
	else if (c->result >= CASE_FAILED)
		text_puts(j->out, "      <failure type=\"failed\" message=\"it does not hold\"/>\n");
	text_puts(j->out, "    </testcase>\n");
}

static void put_loose(struct junit *j, const struct suite *s)
{
	bool any = false;

	for (size_t i = 0; i < j->f->count; i++) {
		const struct finding *f = &j->f->all[i];
		struct text name = TEXT_IN(j->out->arena);

		if (j->in_case[i] || !f->fails)
			continue;
		text_printf(&name, "%s %s", f->diag->code,
			    *f->subject ? f->subject : f->diag->message);
		open_case(j, s, text_string(&name));
		put_failure(j->out, f);
		text_puts(j->out, "    </testcase>\n");
		any = true;
	}
	if (!any) {
		open_case(j, s, strcmp(j->f->command, "diff") == 0 ? "nothing differs"
			: "can be read, and nothing of it has expired");
		text_puts(j->out, "    </testcase>\n");
	}
}

static void put_suite(struct junit *j, const struct suite *s)
{
	struct tally t = tally_of(j, s);

	if (!t.tests)
		return;
	text_puts(j->out, "  <testsuite");
	put_attribute(j->out, "name", arena_printf(j->out->arena, "%s %s",
		*j->f->policy ? j->f->policy : "policy", s->title));
	text_printf(j->out, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"0\" time=\"0.000\" timestamp=\"%sT00:00:00\">\n",
		    t.tests, t.failures, j->f->day);
	for (size_t i = 0; i < j->f->case_count; i++)
		if ((int)j->f->cases[i].kind == s->kind)
			put_case(j, s, &j->f->cases[i]);
	if (s->kind < 0)
		put_loose(j, s);
	text_puts(j->out, "  </testsuite>\n");
}

void findings_junit(struct text *out, const struct findings *f)
{
	struct junit j = { out, f, arena_array(out->arena, f->count,
					       sizeof *j.in_case) };
	struct tally all = { 0 };

	for (size_t i = 0; i < f->case_count; i++)
		if (f->cases[i].finding)
			j.in_case[f->cases[i].finding - f->all] = true;
	for (size_t i = 0; i < sizeof suites / sizeof *suites; i++) {
		struct tally t = tally_of(&j, &suites[i]);

		all.tests += t.tests;
		all.failures += t.failures;
	}
	text_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
	put_attribute(out, "name", arena_printf(out->arena, "firebreak %s",
						f->command));
	text_printf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" time=\"0.000\">\n",
		    all.tests, all.failures);
	for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
		put_suite(&j, &suites[i]);
	text_puts(out, "</testsuites>\n");
}
