/*
 * Many boxes, as the rules of a policy are, entered so that a question costs
 * what it touches, and so that one of them can be exchanged at once.
 *
 * Thousands of boxes share few sets.  A question is asked of the distinct sets
 * of addresses and of services, and then only of the boxes that have one of
 * the sets it touches; packet sets are built of these boxes alone, and only
 * where several of them have to cover something together.
 */
#ifndef FIREBREAK_COMPILER_LEDGER_H
#define FIREBREAK_COMPILER_LEDGER_H

#include "compiler/box.h"

struct ledger;

/* The ends of a packet. */
enum ledger_end { LEDGER_SRC, LEDGER_DST, LEDGER_ENDS };

/* BOXES, numbered as they are; their ranges are borrowed. */
struct ledger *ledger_of(struct arena *arena, enum family family,
			 const struct boxes *boxes);

/*
 * Box NUMBER is BOX from now on (one with an empty part: it is gone).  NUMBER
 * may be that of the next box.  The ranges of BOX are borrowed.
 */
void ledger_replace(struct ledger *ledger, uint32_t number,
		    const struct box *box);

size_t ledger_count(const struct ledger *ledger);
struct box ledger_box(const struct ledger *ledger, uint32_t number);

/* Has any box a packet in BOX?  No set of packets is built. */
bool ledger_meets(struct ledger *ledger, const struct box *box);

/* The boxes with a packet in BOX, ascending; *COUNT of them. */
const uint32_t *ledger_meeting(struct ledger *ledger, struct arena *arena,
			       const struct box *box, size_t *count);

/* The boxes that have PACKET, ascending: who admits it. */
const uint32_t *ledger_having(struct ledger *ledger, struct arena *arena,
			      const struct packet *packet, size_t *count);

/* The boxes whose END touches HOSTS, ascending. */
const uint32_t *ledger_at(struct ledger *ledger, struct arena *arena,
			  enum ledger_end end, struct ranges hosts,
			  size_t *count);

/* Is all of BOX in the boxes together?  If not, *OUT is a packet that is not. */
bool ledger_covers(struct ledger *ledger, const struct box *box,
		   struct packet *out);

/*
 * The packets that box NUMBER has and no other box, as disjoint boxes: what
 * would be closed without it.  None: the others shadow it together.
 */
struct boxes ledger_alone(struct ledger *ledger, struct arena *arena,
			  uint32_t number);

/* --- questions that are answered again after each edit --- */

struct ledger_question {
	struct box box;
	bool must;		/* all of BOX; false: nothing of it */
	bool holds;		/* the answer */
	struct packet packet;	/* one that breaks it */
};

void ledger_ask(struct ledger *ledger, struct ledger_question *question);

/*
 * ledger_replace(), and then the answers of COUNT questions, which were asked
 * before.  Only those that the old or the new box touches are asked again;
 * returns how many.
 */
size_t ledger_edit(struct ledger *ledger, uint32_t number,
		   const struct box *box, struct ledger_question *questions,
		   size_t count);

#endif
