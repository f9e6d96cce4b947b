/*
 * Where the layers of a segment and the flows between them are drawn.
 *
 * Columns go with the direction of connections: what opens from outside on the
 * left, layers by their steps from what is public, what is reached outside on
 * the right.  A flow over several columns runs through lanes in those between.
 * Every flow passes its gap between two columns at a height of its own, where
 * its label stands.  All numbers are whole pixels; nothing depends on chance.
 */
#ifndef FIREBREAK_COMPILER_EVIDENCE_LAYOUT_H
#define FIREBREAK_COMPILER_EVIDENCE_LAYOUT_H

#include "compiler/evidence/evidence.h"

enum { NO_NODE = UINT32_MAX };

struct place {
	uint32_t node;		/* NO_NODE: a lane */
	uint32_t column;
	bool outside;
	int x, y, width, height;	/* the upper left corner */
	const char *inner;	/* what it may open within itself, or "" */
};

/* A part of a wire, in the gap to the right of a column. */
struct crossing {
	uint32_t gap;
	uint32_t left, right;	/* places; right == left's column: a turn */
	uint32_t wire;
	bool labelled;
	bool turns;		/* both ends are in the gap's left column */
	int left_y, right_y;	/* where it leaves its places */
	int x, y;		/* where it passes the gap: the middle of its label */
};

struct wire {
	const struct cell *cell;
	const char *label;	/* its services, shortened */
	int label_width;
	bool exceptional;	/* all of it */
	bool backward;		/* from right to left */
	uint32_t first, count;	/* of its crossings, from left to right */
};

struct layout {
	const struct place *places;
	size_t place_count;
	const struct crossing *crossings;
	size_t crossing_count;
	const struct wire *wires;
	size_t wire_count;
	int width, height;
	int vpc_x, vpc_y, vpc_width, vpc_height;	/* around what is inside */
};

enum { LABEL_HEIGHT = 18 };

struct layout layout_of(struct arena *arena, const struct segment *segment);

/* Columns that TEXT takes, as a terminal counts them. */
size_t layout_columns(const char *text);

/* TEXT, of which no more than MOST columns are kept, the last as an ellipsis. */
const char *layout_shorten(struct arena *arena, const char *text, size_t most);

#endif
