/* What the files that write the HTML share. */
#ifndef FIREBREAK_COMPILER_EVIDENCE_HTML_H
#define FIREBREAK_COMPILER_EVIDENCE_HTML_H

#include "compiler/evidence/evidence.h"

/* The matrix of S, or a list of its pairs when it has too many nodes. */
void html_matrix(struct text *out, const struct segment *s);

/* Exceptions, of which there are some, as bars on a time axis. */
void html_times(struct text *out, const struct evidence *e);

/* "<tag>" + STRING escaped + "</tag>". */
void html_element(struct text *out, const char *tag, const char *string);

/* A mark of where a fact comes from: 'C', 'D' or 'G'. */
void html_from(struct text *out, char origin);

#endif
