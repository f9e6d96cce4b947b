/*
 * What a set of addresses meets in one environment: which layers, and which
 * of them, and of the networks with a prefix list, as a whole.  Each set is
 * looked up once.  For lowering only: reading back has its own eyes.
 */
#ifndef FIREBREAK_BACKENDS_AWS_REACH_H
#define FIREBREAK_BACKENDS_AWS_REACH_H

#include "backends/backend.h"
#include "compiler/base/table.h"

struct reach {
	enum family family;
	struct ranges all;
	const uint32_t *layers;		/* that it meets, ascending */
	const bool *whole;		/* by index into layers */
	size_t layer_count;
	const uint32_t *lists;		/* networks, ascending */
	size_t list_count;
	struct ranges rest;		/* less whole layers and lists */
	struct ranges outside;		/* less all layers */
};

struct layer_piece {
	struct range range;
	uint32_t layer;
	u128 top;		/* the highest end up to here: layers may overlap */
};

struct listed {
	uint32_t network;
	enum family family;
	const char *name;
};

struct reaches {
	struct arena *arena;
	const struct ir *ir;
	const struct ir_space *space;
	struct ranges layers[FAMILIES];		/* the union of all */
	struct layer_piece *pieces[FAMILIES];	/* ascending */
	size_t piece_count[FAMILIES];
	struct listed *lists;			/* that a rule can refer to */
	size_t list_count;
	struct table known[FAMILIES];		/* ranges -> struct reach */
	uint8_t *marks;				/* scratch, by layer */
};

void reaches_begin(struct reaches *r, const struct job *job);

/* The reach of SET: equal sets have the same one. */
const struct reach *reach_of(struct reaches *r, enum family family,
			     struct ranges set);

/* The prefix list of a network of SPACE by its AWS name, {region} replaced. */
const char *prefix_list_name(struct arena *arena, const struct ir_space *space,
			     const struct ir_network *network);

#endif
