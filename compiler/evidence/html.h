/* What the files that write the HTML share. */
#ifndef FIREBREAK_COMPILER_EVIDENCE_HTML_H
#define FIREBREAK_COMPILER_EVIDENCE_HTML_H

#include "compiler/evidence/evidence.h"

/* A section that the navigation names; with a dot, the ID is another page. */
struct html_section {
	const char *id, *title;
};

/* All before the first section, and all behind the last. */
void html_open(struct text *out, const struct evidence *e, const char *kicker,
	       const char *brand, const struct html_section *sections,
	       size_t count);
void html_close(struct text *out, const struct evidence *e);

/* A section, with a mark of where its facts come from, or 0. */
void html_begin(struct text *out, const char *id, const char *title,
		char origin);
void html_end(struct text *out);

/* One of a list of figures: "7/9 invariants hold"; OF 0: it is of nothing. */
void html_tile(struct text *out, const char *class, size_t value, size_t of,
	       const char *what);

/* The matrix of S, or a list of its pairs when it has too many nodes. */
void html_matrix(struct text *out, const struct segment *s);

/* Exceptions, of which there are some, as bars on a time axis. */
void html_times(struct text *out, const struct evidence *e);

/* Files as rows of a table with this CAPTION. */
void html_files(struct text *out, const char *caption,
		const struct file_fact *files, size_t count);

/* The section on the changes of the period. */
void html_changes(struct text *out, const struct evidence *e);

/* The sections on who may open what. */
void html_matrices(struct text *out, const struct evidence *e);
void html_layers(struct text *out, const struct evidence *e);
void html_exposure(struct text *out, const struct evidence *e);

/* The sections on the rules themselves. */
void html_exceptions(struct text *out, const struct evidence *e);
void html_rules(struct text *out, const struct evidence *e);
void html_parties(struct text *out, const struct evidence *e);

/* The section on what was compiled. */
void html_outputs(struct text *out, const struct evidence *e);

/* The section on freezes and emergencies. */
void html_emergencies(struct text *out, const struct evidence *e);

/* The section on what runs; a summary of it in a line; a mark of one state. */
void html_running(struct text *out, const struct evidence *e);
void html_running_summary(struct text *out, const struct evidence *e);
void html_running_chip(struct text *out, enum running running);

/* "<tag>" + STRING escaped + "</tag>". */
void html_element(struct text *out, const char *tag, const char *string);

/* A message: what stands in backticks is code. */
void html_message(struct text *out, const char *message);

/* A mark of where a fact comes from: 'C', 'D' or 'G'. */
void html_from(struct text *out, char origin);

#endif
