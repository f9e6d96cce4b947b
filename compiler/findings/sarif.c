/*
 * SARIF 2.1.0, with what GitHub's code scanning wants beyond the schema: texts
 * of each rule, regions with all four numbers, relative URIs, fingerprints.
 */
#include "compiler/findings/findings.h"

#include "compiler/base/diag.h"
#include "compiler/base/jsonout.h"
#include "compiler/base/table.h"
#include "compiler/findings/linehash.h"

#include <ctype.h>
#include <string.h>

/* GitHub takes 25,000 results a run; fullDescription at most 1,024 characters. */
enum { RESULTS_MOST = 25000, DESCRIPTION_MOST = 1000 };

struct hashed {
	const struct linehash *lines;
	size_t count;
};

struct sarif {
	struct jsonout j;
	struct arena *arena;
	const struct findings *f;
	size_t *rules;		/* by number of the code: 1 + its index, 0: unused */
	size_t rule_count;
	struct table hashes;	/* struct hashed, by name of the file */
};

/*
 * "[text](1)" in a message is a link and "{0}" an argument: a policy's words
 * must be neither.
 */
static const char *message_text(struct arena *arena, const char *text)
{
	struct text out = TEXT_IN(arena);

	for (; *text; text++) {
		if (*text == ']' && text[1] == '(')
			text_puts(&out, "] ");
		else if (*text == '{' && isdigit((unsigned char)text[1]))
			text_puts(&out, "{ ");
		else
			text_putc(&out, *text);
	}
	return text_string(&out);
}

static void put_text(struct sarif *s, const char *key, const char *text)
{
	jsonout_wrapped(&s->j, key, "text", message_text(s->arena, text));
}

/* --- places --- */

static bool is_unreserved(unsigned char c)
{
	return isalnum(c) || strchr("-._~/", c);
}

/* PATH as a URI reference; an absolute one as file://. */
static const char *uri_of(struct arena *arena, const char *path)
{
	struct text out = TEXT_IN(arena);

	if (*path == '/')
		text_puts(&out, "file://");
	for (; *path; path++)
		text_printf(&out, is_unreserved((unsigned char)*path) ? "%c"
			    : "%%%02X", (unsigned char)*path);
	return text_string(&out);
}

static void put_artifact(struct sarif *s, const char *file)
{
	jsonout_open(&s->j, "artifactLocation", '{');
	jsonout_string(&s->j, "uri", uri_of(s->arena, file));
	if (*file != '/')
		jsonout_string(&s->j, "uriBaseId", "%SRCROOT%");
	jsonout_close(&s->j, '{');
}

static void put_region(struct sarif *s, const char *key,
		       const struct fb_place *p)
{
	jsonout_open(&s->j, key, '{');
	jsonout_number(&s->j, "startLine", p->file ? p->line : 1);
	jsonout_number(&s->j, "startColumn", p->file ? p->column : 1);
	jsonout_number(&s->j, "endLine", p->file ? p->end_line : 1);
	jsonout_number(&s->j, "endColumn", p->file ? p->end_column : 1);
	jsonout_close(&s->j, '{');
}

static void put_physical(struct sarif *s, const char *file,
			 const struct fb_place *p)
{
	jsonout_open(&s->j, "physicalLocation", '{');
	put_artifact(s, file);
	put_region(s, "region", p);
	jsonout_close(&s->j, '{');
}

static void put_locations(struct sarif *s, const struct finding *f)
{
	jsonout_open(&s->j, "locations", '[');
	jsonout_open(&s->j, NULL, '{');
	put_physical(s, f->file, &f->place);
	jsonout_close(&s->j, '{');
	jsonout_close(&s->j, '[');
}

static size_t count_parts(const struct fb_diag *d, enum fb_part_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < d->part_count; i++)
		count += d->parts[i].kind == kind && d->parts[i].span.hi;
	return count;
}

static void put_related(struct sarif *s, const struct fb_diag *d)
{
	if (!count_parts(d, FB_NOTE_AT))
		return;
	jsonout_open(&s->j, "relatedLocations", '[');
	for (size_t i = 0, id = 1; i < d->part_count; i++) {
		struct fb_place p = findings_place(s->f, d->parts[i].span);

		if (d->parts[i].kind != FB_NOTE_AT || !p.file)
			continue;
		jsonout_open(&s->j, NULL, '{');
		jsonout_number(&s->j, "id", (long long)id++);
		put_physical(s, p.file, &p);
		put_text(s, "message", d->parts[i].text);
		jsonout_close(&s->j, '{');
	}
	jsonout_close(&s->j, '[');
}

static void put_fix(struct sarif *s, const struct fb_part *part)
{
	struct fb_place p = findings_place(s->f, part->span);

	jsonout_open(&s->j, NULL, '{');
	put_text(s, "description", "write what was probably meant");
	jsonout_open(&s->j, "artifactChanges", '[');
	jsonout_open(&s->j, NULL, '{');
	put_artifact(s, p.file);
	jsonout_open(&s->j, "replacements", '[');
	jsonout_open(&s->j, NULL, '{');
	put_region(s, "deletedRegion", &p);
	jsonout_wrapped(&s->j, "insertedContent", "text", part->text);
	jsonout_close(&s->j, '{');
	jsonout_close(&s->j, '[');
	jsonout_close(&s->j, '{');
	jsonout_close(&s->j, '[');
	jsonout_close(&s->j, '{');
}

static void put_fixes(struct sarif *s, const struct fb_diag *d)
{
	if (!count_parts(d, FB_FIX))
		return;
	jsonout_open(&s->j, "fixes", '[');
	for (size_t i = 0; i < d->part_count; i++)
		if (d->parts[i].kind == FB_FIX && d->parts[i].span.hi)
			put_fix(s, &d->parts[i]);
	jsonout_close(&s->j, '[');
}

/* --- fingerprints --- */

static const struct hashed *hashes_of(struct sarif *s, struct span span)
{
	const struct source *source = source_of(s->f->sources, span.lo);
	struct hashed **slot;

	if (!source)
		return NULL;
	slot = (struct hashed **)table_at_name(&s->hashes, source->name);
	if (!*slot) {
		*slot = arena_alloc(s->arena, sizeof **slot);
		(*slot)->lines = linehash_of(s->arena, source->text,
					     source->len, &(*slot)->count);
	}
	return *slot;
}

static void put_prints(struct sarif *s, const struct finding *f)
{
	const struct hashed *h = f->place.file
		? hashes_of(s, f->diag->span) : NULL;

	jsonout_open(&s->j, "partialFingerprints", '{');
	if (h && f->line <= h->count) {
		const struct linehash *line = &h->lines[f->line - 1];

		jsonout_string(&s->j, "primaryLocationLineHash",
			arena_printf(s->arena, "%llx:%u",
				     (unsigned long long)line->hash,
				     line->occurrence));
	}
	jsonout_string(&s->j, "firebreak/v1", f->print);
	jsonout_close(&s->j, '{');
}

/* --- results --- */

static const char *level_of(enum fb_severity severity)
{
	static const char *const words[] = { "error", "warning", "note" };

	return words[severity];
}

/* The message, which is the title in a list, then what else there is to say. */
static const char *whole_message(struct sarif *s, const struct finding *f)
{
	const char *detail = findings_detail(s->arena, f);

	return arena_printf(s->arena, "%s.%s%s", f->diag->message,
			    *detail ? "\n" : "", detail);
}

static void put_result(struct sarif *s, const struct finding *f)
{
	size_t rule = s->rules[f->code - s->f->codes] - 1;

	jsonout_open(&s->j, NULL, '{');
	jsonout_string(&s->j, "ruleId", f->diag->code);
	jsonout_number(&s->j, "ruleIndex", (long long)rule);
	jsonout_string(&s->j, "level", level_of(f->diag->severity));
	put_text(s, "message", whole_message(s, f));
	put_locations(s, f);
	put_related(s, f->diag);
	put_prints(s, f);
	put_fixes(s, f->diag);
	jsonout_close(&s->j, '{');
}

/* Errors first: they are the last to be cut off. */
static void put_results(struct sarif *s)
{
	size_t left = RESULTS_MOST;

	jsonout_open(&s->j, "results", '[');
	for (int severity = FB_ERROR; severity <= FB_NOTE; severity++)
		for (size_t i = 0; i < s->f->count && left; i++)
			if ((int)s->f->all[i].diag->severity == severity) {
				put_result(s, &s->f->all[i]);
				left--;
			}
	jsonout_close(&s->j, '[');
}

/* --- rules --- */

/*
 * How bad a code is to GitHub, which makes a security alert of it: NULL for
 * what only keeps a policy from being read.
 */
static const char *security_severity(const char *code)
{
	/* of a change: what lets somebody in is worse than what lets on */
	static const char *const changes[] = {
		[1] = "5.0", [2] = "8.0", [3] = "4.0", [7] = "4.0",
		[10] = "8.0", [11] = "6.0", [15] = "7.0",
	};
	unsigned number = (unsigned)(code[3] - '0') * 10 +
			  (unsigned)(code[4] - '0');

	switch (diag_range(code)) {
	case 10: return number < sizeof changes / sizeof *changes
			? changes[number] : NULL;
	case 8: return number >= 10 ? "7.0" : NULL;
	case 4: return "8.0";
	case 5: return "5.0";
	case 6: return "7.0";
	case 7: return "4.0";
	default: return NULL;
	}
}

/* What scanners of accounts call CODE: the end of its explanation says it. */
static void put_other_names(struct sarif *s, const struct fb_code *code)
{
	static const char mark[] = "Elsewhere: ";
	const char *at = strstr(code->explanation, mark);

	if (!at)
		return;
	at += sizeof mark - 1;
	for (size_t len; *at; at += len + 2 * (at[len] == ',')) {
		len = strcspn(at, ",\n");
		if (!len)
			return;
		jsonout_string(&s->j, NULL, arena_copy(s->arena, at, len));
	}
}

static void put_rule_properties(struct sarif *s, const struct fb_code *code)
{
	static const char *const words[] = { "error", "warning",
					     "recommendation" };
	const char *bad = security_severity(code->code);

	jsonout_open(&s->j, "properties", '{');
	jsonout_open(&s->j, "tags", '[');
	if (bad)
		jsonout_string(&s->j, NULL, "security");
	jsonout_string(&s->j, NULL, "network");
	put_other_names(s, code);
	jsonout_close(&s->j, '[');
	jsonout_string(&s->j, "precision", "very-high");
	jsonout_string(&s->j, "problem.severity", words[code->severity]);
	if (bad)
		jsonout_string(&s->j, "security-severity", bad);
	jsonout_close(&s->j, '{');
}

static void put_rule(struct sarif *s, const struct fb_code *code)
{
	const char *more = arena_printf(s->arena, "Run: firebreak explain %s",
					code->code);

	jsonout_open(&s->j, NULL, '{');
	jsonout_string(&s->j, "id", code->code);
	put_text(s, "shortDescription", code->title);
	put_text(s, "fullDescription", arena_printf(s->arena, "%.*s",
		DESCRIPTION_MOST, code->explanation));
	jsonout_open(&s->j, "help", '{');
	jsonout_string(&s->j, "text", arena_printf(s->arena, "%s\n\n%s",
		code->explanation, more));
	jsonout_string(&s->j, "markdown", arena_printf(s->arena,
		"%s\n\nRun `firebreak explain %s`.", code->explanation,
		code->code));
	jsonout_close(&s->j, '{');
	jsonout_wrapped(&s->j, "defaultConfiguration", "level",
			level_of(code->severity));
	put_rule_properties(s, code);
	jsonout_close(&s->j, '{');
}

/* Those that are used, in the order of the catalogue. */
static void put_rules(struct sarif *s)
{
	for (size_t i = 0; i < s->f->count; i++)
		s->rules[s->f->all[i].code - s->f->codes] = 1;
	jsonout_open(&s->j, "rules", '[');
	for (size_t i = 0; i < s->f->code_count; i++)
		if (s->rules[i]) {
			s->rules[i] = ++s->rule_count;
			put_rule(s, &s->f->codes[i]);
		}
	jsonout_close(&s->j, '[');
}

static void put_tool(struct sarif *s)
{
	jsonout_open(&s->j, "tool", '{');
	jsonout_open(&s->j, "driver", '{');
	jsonout_string(&s->j, "name", "firebreak");
	jsonout_string(&s->j, "semanticVersion", FIREBREAK_VERSION);
	put_rules(s);
	jsonout_close(&s->j, '{');
	jsonout_close(&s->j, '{');
}

/* Whether the run came to an answer, and what is not listed. */
static void put_invocation(struct sarif *s)
{
	size_t left_out = s->f->dropped + (s->f->count > RESULTS_MOST
					   ? s->f->count - RESULTS_MOST : 0);

	jsonout_open(&s->j, "invocations", '[');
	jsonout_open(&s->j, NULL, '{');
	jsonout_bool(&s->j, "executionSuccessful", s->f->status == FB_OK ||
		     s->f->status == FB_NO);
	if (left_out) {
		jsonout_open(&s->j, "toolExecutionNotifications", '[');
		jsonout_open(&s->j, NULL, '{');
		put_text(s, "message", arena_printf(s->arena,
			"%zu findings more are not listed", left_out));
		jsonout_close(&s->j, '{');
		jsonout_close(&s->j, '[');
	}
	jsonout_close(&s->j, '{');
	jsonout_close(&s->j, '[');
}

void findings_sarif(struct text *out, const struct findings *f)
{
	struct sarif s = { .j = { .out = out }, .arena = out->arena, .f = f,
			   .rules = arena_array(out->arena, f->code_count,
						sizeof *s.rules),
			   .hashes = TABLE_IN(out->arena) };

	jsonout_open(&s.j, NULL, '{');
	jsonout_string(&s.j, "$schema",
		       "https://json.schemastore.org/sarif-2.1.0.json");
	jsonout_string(&s.j, "version", "2.1.0");
	jsonout_open(&s.j, "runs", '[');
	jsonout_open(&s.j, NULL, '{');
	put_tool(&s);
	/* one a policy and command: else a second upload replaces the first */
	jsonout_wrapped(&s.j, "automationDetails", "id",
		arena_printf(s.arena, "firebreak/%s%s%s/", f->policy,
			     *f->policy ? "/" : "", f->command));
	put_invocation(&s);
	jsonout_string(&s.j, "columnKind", "unicodeCodePoints");
	put_results(&s);
	jsonout_close(&s.j, '{');
	jsonout_close(&s.j, '[');
	jsonout_close(&s.j, '{');
	text_putc(out, '\n');
}
