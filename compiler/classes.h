/*
 * One dimension of packets, addresses or services, cut into classes: two
 * numbers are of one class when no declared set tells them apart.
 *
 * The sets around a number, from the widest to the narrowest, are its
 * signature.  The parent of a class is another one that lacks some of its sets
 * and has no others: of the longest beginning of its signature that some
 * number has and its neighbours on the line, the one with the most sets.
 * Classes are numbered down this tree, depth first: a parent comes before its
 * children, and all that is below a class lies right behind it.  Where sets
 * nest, as layers in environments do, every set is one run of classes.
 *
 * Nothing here depends on the order in which sets are declared.
 */
#ifndef FIREBREAK_COMPILER_CLASSES_H
#define FIREBREAK_COMPILER_CLASSES_H

#include "compiler/base/ranges.h"
#include "compiler/base/table.h"

#define NO_CLASS UINT32_MAX

/* Numbers that no declared set divides, all of one class. */
struct piece {
	struct range range;
	uint32_t class;
};

/* Classes LO to HI, both of them too. */
struct run {
	uint32_t lo, hi;
};

struct runs {
	const struct run *at;
	size_t count;
};

/* Of classes, or of sets. */
struct numbers {
	const uint32_t *at;
	size_t count;
};

/* A set by its place: equal ones are mostly the very same memory. */
struct known_set {
	const struct range *at;
	size_t count;
	uint32_t id;
};

enum { KNOWN_SETS = 256 };

enum class_kind { CLASS_ADDRESSES, CLASS_SERVICES };

struct classes {
	struct arena *arena;
	enum class_kind kind;		/* both only for limit errors */
	enum family family;
	struct table ids;		/* bytes of a ranges -> its id + 1 */
	struct known_set known[KNOWN_SETS];	/* some of them, by place */
	LIST(struct ranges) sets;	/* by id */
	uint32_t count;
	uint32_t *parent;		/* by class; NO_CLASS: at the top */
	uint32_t *end;			/* by class: behind all that is below it */
	struct piece *pieces;		/* ascending, disjoint; gaps are in no set */
	size_t piece_count;
	struct ranges *parts;		/* by class: its pieces, ascending, as they are cut */
	struct runs *members;		/* by set: its classes, ascending */
	struct numbers *tops;		/* by set: those of them whose parent is not in it */
	struct numbers *fresh;		/* by class: the sets that have it and not its parent */
};

#define CLASSES_IN(a, k, f) (struct classes){				\
	.arena = (a), .kind = (k), .family = (f), .ids = TABLE_IN(a) }

/* Declare SET; its ranges are borrowed.  Returns its id. */
uint32_t classes_add(struct classes *classes, struct ranges set);

/* The id of a declared set, or UINT32_MAX. */
uint32_t classes_id(const struct classes *classes, struct ranges set);

/* Cut.  Sets that overlap in too many ways are refused: arena_refuse(). */
void classes_finish(struct classes *classes);

/* The class of NUMBER, or NO_CLASS when it is in no set. */
uint32_t classes_of(const struct classes *classes, u128 number);

/* The numbers of COUNT runs of classes. */
struct ranges classes_ranges(const struct classes *classes,
			     struct arena *arena, const struct run *runs,
			     size_t count);

#endif
