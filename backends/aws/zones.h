/*
 * Which layers a set of addresses touches, for the proving side: as plain as
 * can be, and apart from what lowering uses.
 */
#ifndef FIREBREAK_BACKENDS_AWS_ZONES_H
#define FIREBREAK_BACKENDS_AWS_ZONES_H

#include "backends/backend.h"
#include "compiler/base/table.h"

struct zone {
	const uint32_t *layers;		/* ascending */
	size_t layer_count;
};

struct zones {
	struct arena *arena;
	const struct ir *ir;
	const struct ir_space *space;
	struct both layers;		/* the union of all */
	struct table known[FAMILIES];	/* ranges -> struct zone */
};

void zones_begin(struct zones *zones, const struct job *job);

const struct zone *zone_of(struct zones *zones, enum family family,
			   struct ranges set);

#endif
