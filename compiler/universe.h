/*
 * The inside of packet sets, for the files that work on their form.
 *
 * F(v, s) is the row of destinations that a set has for the class of services
 * v and the class of sources s.  What is kept of it is what F changes at a
 * corner, against the parents of both:
 *
 *	X(v, s) = F(v, s) + F(parent v, s) + F(v, parent s) + F(parent v, parent s)
 *
 * where + is "in one of them only", and F is empty above the top.  So F(v, s)
 * is the sum of X over v and s and all that is above them, X determines F and
 * F determines X: the corners that are not empty, in order, are a canonical
 * form.  A box whose sets are declared has its corners at the tops of its
 * sets and nowhere else.
 *
 * Down one class of services, the rows that differ from those of its parent
 * lie at and below the sources of its corners; the walk visits nothing else.
 */
#ifndef FIREBREAK_COMPILER_UNIVERSE_H
#define FIREBREAK_COMPILER_UNIVERSE_H

#include "compiler/pset.h"
#include "compiler/rows.h"

struct corner {
	uint32_t svc, src;	/* classes */
	uint32_t row;		/* X; never empty */
};

/* By service class, then source class. */
struct pset_form {
	const struct corner *at;
	size_t count;
};

struct box_ids {
	uint32_t src, dst, svc;	/* sets */
};

/* A list of boxes that the universe was made for. */
struct known_boxes {
	const struct box *at;
	size_t count;
	struct box_ids *ids;
};

/*
 * By source class: F for the class of services at hand, and how it differs
 * from F of that class's parent, for the sources that were visited last.
 */
struct lane {
	uint32_t *row, *change;
};

enum { LANES = 3 };		/* two operands and a result */

/* What the rows of SRC were before the class of services at hand. */
struct undo {
	uint32_t src, row[LANES];
};

/* A class of services that is being visited, and where its undos begin. */
struct visit {
	uint32_t svc;
	size_t undos;
};

struct universe {
	struct arena *arena;
	enum family family;
	struct classes addresses, services;
	struct rows rows;
	struct known_boxes *known;
	size_t known_count;
	uint32_t *set_rows;	/* by set of addresses: its row, once asked for */
	struct table forms;	/* corners -> form */
	/* of the operation at work; all rows are empty between operations */
	struct lane lanes[LANES];
	LIST(struct undo) undos;
	LIST(struct visit) visits;
	LIST(struct corner) made;
};

/* Go to class SVC of services, from one before it. */
void walk_to(struct universe *u, uint32_t svc);

/* Remember the rows of SRC until the walk leaves the class at hand. */
void walk_remember(struct universe *u, uint32_t src);

/* Leave every class. */
void walk_end(struct universe *u);

/*
 * To the next class of services where FORM changes, from corner *AT on: lane
 * 0 has F there.  The sources that changed are in the undos from the last
 * visit's on.  False, with the walk ended, when there is none.
 */
bool walk_on(struct universe *u, const struct pset_form *form, size_t *at);

#endif
