/*
 * Sets of packets of one family in one address space.
 *
 * Addresses and services are first cut into classes: two are of one class
 * when no declared set tells them apart.  A set is then kept by what it
 * changes from wide to narrow (universe.h says how), each distinct row of
 * destinations and each distinct set once: in one universe two sets are equal
 * exactly when they are the same set.
 *
 * Cost: a universe of N boxes over G sets takes O(N + G log G) and the size of
 * the classes' tree, which is O(G) where sets nest; a set of N boxes takes
 * O(N) corners.  What overlaps in more ways than memory should hold ends in
 * arena_refuse().
 */
#ifndef FIREBREAK_COMPILER_PSET_H
#define FIREBREAK_COMPILER_PSET_H

#include "compiler/box.h"

struct universe;

/*
 * The classes that the sets of the COUNT lists of boxes at LISTS distinguish.
 * Sets made in it may only use ranges that occur in one of these boxes.  The
 * lists are borrowed and must not change.
 */
struct universe *universe_of(struct arena *arena, enum family family,
			     const struct boxes *const *lists, size_t count);

/* Canonical for its universe: compare with pset_equal(). */
struct pset {
	const struct pset_form *form;
};

struct pset pset_of(struct universe *u, const struct boxes *boxes);
struct pset pset_union(struct universe *u, struct pset a, struct pset b);
struct pset pset_meet(struct universe *u, struct pset a, struct pset b);
struct pset pset_minus(struct universe *u, struct pset a, struct pset b);
bool pset_empty(const struct universe *u, struct pset a);
bool pset_equal(const struct universe *u, struct pset a, struct pset b);
bool pset_has(const struct universe *u, struct pset a,
	      const struct packet *packet);

/*
 * The packet of A to show: the same for equal sets, whatever universe they
 * are in.  Lowest source, then destination, then service; of a range of three
 * or more addresses the second, which a host may have.  False when A is empty.
 */
bool pset_witness(struct universe *u, struct pset a, struct packet *out);

/*
 * A as disjoint boxes, the same for equal sets, whatever universe they are in:
 * sources with equal destinations and services are together, and of these the
 * destinations with equal services.
 */
struct boxes pset_boxes(struct universe *u, struct arena *arena, struct pset a);

/* How many packets, as a real number: the exact one may need 280 bits. */
double pset_size(struct universe *u, struct pset a);

/* --- the same questions about plain lists of boxes --- */

/* Is every packet of INNER in OUTER?  If not, *OUT is one that is not. */
bool boxes_within(struct arena *arena, enum family family,
		  const struct boxes *inner, const struct boxes *outer,
		  struct packet *out);

/* The same packets as disjoint boxes: pset_boxes(). */
struct boxes boxes_disjoint(struct arena *arena, enum family family,
			    const struct boxes *boxes);

#endif
