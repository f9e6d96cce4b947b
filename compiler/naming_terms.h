/* Words that are being found: what the names of addresses and of services share. */
#ifndef FIREBREAK_COMPILER_NAMING_TERMS_H
#define FIREBREAK_COMPILER_NAMING_TERMS_H

#include "compiler/base/table.h"
#include "compiler/naming.h"

/* A word and what it means here.  Of equal sets the first word is taken. */
struct word {
	const char *text;
	struct both set;
};

struct naming {
	struct arena *arena;
	const struct ir *ir;
	const struct ir_space *space;
	LIST(struct word) words;
	LIST(struct word) services;
	struct table exact[FAMILIES];		/* set of addresses -> word */
	struct table known[FAMILIES], known_services[FAMILIES];	/* -> named */
};

/* Part of a union being written. */
struct term {
	const char *text;
	struct both set;
	bool compound;		/* has an `except`: needs parentheses in a union */
};

struct terms {
	LIST(struct term) list;
	size_t cost;		/* names and prefixes in it */
};

/* What SET stands at in TABLE. */
static inline void *naming_find(const struct table *table, struct ranges set)
{
	return table_get(table, set.at, set.count * sizeof *set.at);
}

static inline void **naming_place(struct table *table, struct ranges set)
{
	return table_at(table, set.at, set.count * sizeof *set.at);
}

/* The words of T as a list, and what they mean. */
const char *terms_text(struct arena *arena, const struct terms *t);
struct both terms_set(struct arena *arena, const struct terms *t);

void terms_add(struct arena *arena, struct terms *t, struct term term,
	       size_t cost);

/* WHOLE less what LESS says. */
struct term term_except(struct arena *arena, const struct word *whole,
			const struct terms *less);

#endif
