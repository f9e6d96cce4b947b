/*
 * What a command found, ready to be written: the diagnostics with their
 * places, and the cases (invariants, expectations, files) that each went one
 * way or the other.  Gathered once; a writer formats and decides nothing.
 */
#ifndef FIREBREAK_COMPILER_FINDINGS_FINDINGS_H
#define FIREBREAK_COMPILER_FINDINGS_FINDINGS_H

#include "compiler/base/source.h"
#include "compiler/base/text.h"
#include "compiler/ir.h"
#include "compiler/verify.h"
#include "firebreak/firebreak.h"

enum { PRINT_TEXT = 33 };

struct finding {
	const struct fb_diag *diag;
	const struct fb_code *code;
	struct fb_place place;		/* file NULL: nowhere in the sources */
	const char *file;		/* for machines: what it is about, a path; never NULL */
	uint32_t line;			/* 1 when it has no place */
	const char *kind, *subject;	/* "rule" and its name, or "" and "" */
	const char *help;		/* the helps, a line each, or "" */
	bool fails;			/* a reason for another exit code than 0 */
	/*
	 * 32 hexadecimal digits, the same wherever in the sources it moves to:
	 * of the code, the policy and the subject.
	 */
	char print[PRINT_TEXT];
};

enum case_kind { CASE_INVARIANT, CASE_EXPECTATION, CASE_FILE, CASE_CHANGE };
enum case_result { CASE_PASSED, CASE_WAIVED, CASE_FAILED, CASE_UNKNOWN };

struct finding_case {
	enum case_kind kind;
	enum case_result result;
	const char *name;
	struct fb_place place;			/* file NULL for CASE_FILE */
	const struct finding *finding;		/* what is wrong with it, or NULL */
};

/* A file that was proved, or was not; the diagnostics [from, to) are its. */
struct proved {
	const char *name;
	enum fb_status status;
	size_t from, to;
};

struct findings {
	struct arena *arena;
	struct sources *sources;
	const struct fb_code *codes;	/* the catalogue */
	size_t code_count;
	const char *cwd;	/* absolute, ends with `/` */
	const char *first_file;	/* where what has no place is put */
	const char *command;	/* "check" */
	const char *policy;	/* "" when it is not known */
	const char *day;	/* ISO, as given by --as-of */
	enum fb_status status;
	const struct finding *all;	/* in source order */
	size_t count, errors, warnings, notes;
	size_t dropped;			/* beyond what is kept at all */
	const struct finding_case *cases;
	size_t case_count;
	const struct fb_live *kernel;	/* what it was found to have, or NULL */
};

struct findings_from {
	struct sources *sources;
	const struct ir *ir;		/* NULL: there is no policy to speak of */
	struct diags *diags;
	const struct verdict *verdicts;	/* of IR's invariants, or NULL */
	bool expects;			/* IR's expects were run */
	const struct proved *proved;
	size_t proved_count;
	const struct fb_live *kernel;	/* NULL: it was not asked */
	const char *command, *cwd;
	uint32_t as_of;
	enum fb_status status;
	bool with_notes;		/* also those that are neither error nor warning */
};

struct findings findings_gather(struct arena *arena,
				const struct findings_from *from);

/*
 * For who makes findings himself: an empty list of a POLICY, then for each
 * finding, with its diag and subject, where it is and its print of KEY, which
 * says what it is and no place.  At last help, tallies, and prints told apart.
 */
struct findings findings_begin(struct arena *arena,
			       const struct findings_from *from);
void findings_place_it(const struct findings *f, struct finding *finding);
void findings_print(char out[PRINT_TEXT], const char *key);
void findings_finish(struct findings *f, struct finding *all);

/* A whole document in FORMAT; the functions below are one each. */
void findings_write(struct text *out, const struct findings *f,
		    enum fb_format format);
void findings_json(struct text *out, const struct findings *f);
void findings_sarif(struct text *out, const struct findings *f);
void findings_github(struct text *out, const struct findings *f);
void findings_gitlab(struct text *out, const struct findings *f);
void findings_junit(struct text *out, const struct findings *f);
void findings_csv(struct text *out, const struct findings *f);
void findings_markdown(struct text *out, const struct findings *f);

/* "error", "warning", "note". */
const char *findings_severity(const struct finding *finding);

/* "bad": the word of a status, the same in all formats. */
const char *findings_status(enum fb_status status);

/* NAME as it is seen from CWD (ends with `/`), where it is below it. */
const char *findings_path(const char *cwd, const char *name);

/* Where SPAN is, as seen from where the command ran.  file is NULL for nowhere. */
struct fb_place findings_place(const struct findings *f, struct span span);

/* The notes that have no place, and the helps, a paragraph each, as plain text. */
const char *findings_detail(struct arena *arena, const struct finding *finding);

#endif
