/*
 * Sets of packets of one family in one address space.
 *
 * A packet is (source, destination, service).  Addresses and services are
 * first cut into classes: two addresses are of one class when no declared set
 * tells them apart.  A set is then, for each class of sources, a row: runs of
 * destination classes, each run with the services allowed there.  Rows and
 * service sets are kept once (hash-consed), so that for one universe the form
 * is canonical: two sets are equal exactly when their row numbers are.
 *
 * Cost: a universe of n sets is built in O(n log n) plus the size of the
 * signatures; a set of N boxes in O(N * classes of their sources), each
 * distinct row built once; union, meet and minus touch each distinct pair of
 * rows once.
 */
#ifndef FIREBREAK_COMPILER_PSET_H
#define FIREBREAK_COMPILER_PSET_H

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

struct universe;

/*
 * The classes that the sets of the COUNT lists of boxes at LISTS distinguish.
 * Sets made in it may only use ranges that occur in one of these boxes.
 */
struct universe *universe_of(struct arena *arena, enum family family,
			     const struct boxes *const *lists, size_t count);

/* Canonical for its universe: compare with pset_equal(). */
struct pset {
	const uint32_t *rows;	/* row number by source class */
};

struct pset pset_of(struct universe *u, const struct boxes *boxes);
struct pset pset_union(struct universe *u, struct pset a, struct pset b);
struct pset pset_meet(struct universe *u, struct pset a, struct pset b);
struct pset pset_minus(struct universe *u, struct pset a, struct pset b);
bool pset_empty(const struct universe *u, struct pset a);
bool pset_equal(const struct universe *u, struct pset a, struct pset b);

/*
 * The packet of A to show: the same for equal sets, whatever universe they
 * are in.  Lowest source, then destination, then service; of a range of three
 * or more addresses the second, which a host may have.  False when A is empty.
 */
bool pset_witness(const struct universe *u, struct pset a,
		  struct packet *out);

/*
 * A as disjoint boxes, deterministic, merged over sources with equal rows and
 * over destinations with equal services.
 */
struct boxes pset_boxes(struct universe *u, struct arena *arena, struct pset a);

/* How many packets, as a real number: the exact one may need 280 bits. */
double pset_size(const struct universe *u, struct pset a);

/* --- the same questions about plain lists of boxes --- */

/* Is every packet of INNER in OUTER?  If not, *OUT is one that is not. */
bool boxes_within(struct arena *arena, enum family family,
		  const struct boxes *inner, const struct boxes *outer,
		  struct packet *out);

/* The same packets as disjoint boxes. */
struct boxes boxes_disjoint(struct arena *arena, enum family family,
			    const struct boxes *boxes);

/* Append a box unless it is empty. */
void boxes_add(struct arena *arena, struct boxes *boxes, struct ranges src,
	       struct ranges dst, struct ranges svc);

bool box_has(const struct box *box, const struct packet *packet);

/* "tcp 10.30.80.1 -> 10.30.64.1 port 5432", as messages show packets. */
const char *packet_text(struct arena *arena, const struct packet *packet);

#endif
