/*
 * Packets, and the boxes that sets of them are written in.  A packet is
 * (source, destination, service) of one family in one address space.
 */
#ifndef FIREBREAK_COMPILER_BOX_H
#define FIREBREAK_COMPILER_BOX_H

#include "compiler/base/ranges.h"
#include "compiler/base/service.h"

/* Every packet from one of SRC to one of DST on one of SVC (service keys). */
struct box {
	struct ranges src, dst, svc;
};

struct boxes {
	struct box *at;
	size_t count, cap;	/* grows by LIST_PUSH */
};

struct packet {
	enum family family;
	u128 src, dst;
	uint32_t svc;		/* a service key */
};

/* Append a box unless it is empty. */
void boxes_add(struct arena *arena, struct boxes *boxes, struct ranges src,
	       struct ranges dst, struct ranges svc);

/*
 * BOX less CUT, which touches it, appended: at most three boxes, none of which
 * touches another.
 */
void box_less(struct arena *arena, const struct box *box,
	      const struct box *cut, struct boxes *out);

/* Is any packet in both? */
bool box_touches(const struct box *a, const struct box *b);

bool box_has(const struct box *box, const struct packet *packet);

/* "tcp 10.30.80.1 -> 10.30.64.1 port 5432", as messages show packets. */
const char *packet_text(struct arena *arena, const struct packet *packet);

#endif
