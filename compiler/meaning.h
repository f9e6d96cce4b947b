/*
 * The relation of permitted packets of one environment: the union of its
 * rules in force, as sets.  Computed a space at a time, in scratch memory.
 */
#ifndef FIREBREAK_COMPILER_MEANING_H
#define FIREBREAK_COMPILER_MEANING_H

#include "compiler/ir.h"
#include "compiler/pset.h"

struct meaning {
	struct arena *arena;
	const struct ir *ir;
	const struct ir_space *space;
	struct boxes permitted[FAMILIES];	/* one box a flow, in flow order */
	const uint32_t *flows[FAMILIES];	/* the flow of each box */
	struct ledger *ledgers[FAMILIES];	/* of the boxes; NULL in a part */
};

/* What is permitted in SPACE. */
struct meaning meaning_of(struct arena *arena, const struct ir *ir,
			  const struct ir_space *space);

/* Which end of a connection a host is. */
enum meaning_end { END_SOURCE, END_DESTINATION };

/*
 * The part of MEANING whose end END is in HOSTS, boxes cut to HOSTS.  Asking
 * this part for rules costs its own size only: take it once a layer, then use
 * meaning_touching() on it for each of the layer's lines.
 */
struct meaning meaning_near(const struct meaning *meaning, struct arena *arena,
			    enum meaning_end end, struct both hosts);

/*
 * The permitted packets of FAMILY whose end END is in HOSTS, as boxes cut to
 * HOSTS (they may overlap), in flow order: meaning_near() for one family.
 */
struct boxes meaning_at(const struct meaning *meaning, struct arena *arena,
			enum family family, enum meaning_end end,
			struct ranges hosts);

/*
 * The rules that admit PACKET, by index into ir->rules, ascending; *COUNT of
 * them.
 */
const uint32_t *meaning_admitting(const struct meaning *meaning,
				  struct arena *arena,
				  const struct packet *packet, size_t *count);

/*
 * The rules some packet of which is in BOX.  The name of an emitted line.
 */
const uint32_t *meaning_touching(const struct meaning *meaning,
				 struct arena *arena, enum family family,
				 const struct box *box, size_t *count);

#endif
