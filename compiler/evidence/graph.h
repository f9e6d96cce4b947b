/*
 * The layers of a segment and the flows between them, drawn: SVG, dot, Mermaid.
 * The matrix says the same and more; a picture is a courtesy.
 */
#ifndef FIREBREAK_COMPILER_EVIDENCE_GRAPH_H
#define FIREBREAK_COMPILER_EVIDENCE_GRAPH_H

#include "compiler/evidence/evidence.h"

/*
 * One `svg` element for an HTML page whose style has compiler/evidence/graph.css.
 * ID is unique in the page; LABEL says what is seen.
 */
void graph_svg(struct text *out, const struct segment *segment, const char *id,
	       const char *label);

/* Whole files of the segments of E that have the space ONLY; IR_NO_SPACE: all. */
void graph_svg_file(struct text *out, const struct evidence *e, uint32_t only);
void graph_dot_file(struct text *out, const struct evidence *e, uint32_t only);
void graph_mermaid_file(struct text *out, const struct evidence *e,
			uint32_t only);

/* "banco-andino.prod and 2 more". */
const char *graph_title(struct arena *arena, const struct evidence *e,
			const struct segment *segment);

bool graph_shows(const struct segment *segment, uint32_t only);

#endif
