/*
 * What of a question a policy permits: directly, and by way of others.
 */
#ifndef FIREBREAK_COMPILER_QUERY_H
#define FIREBREAK_COMPILER_QUERY_H

#include "compiler/delta.h"
#include "compiler/question.h"
#include "compiler/verify.h"

/*
 * The permitted part of QUESTION as a delta from nothing: every line opens.  The
 * delta's `new` is IR with its flows cut to the question.
 */
struct delta query_permitted(struct arena *arena, const struct ir *ir,
			     const struct question *question);

/* What the rules of IR permit that RULE (by index) admits, in the same form. */
struct delta query_rule(struct arena *arena, const struct ir *ir,
			uint32_t rule);

/* A packet of QUESTION that no rule permits; *SPACE is its space.  False: none. */
bool query_refused(struct arena *arena, const struct ir *ir,
		   const struct question *question, uint32_t *space,
		   struct packet *out);

/* Somebody who gets there, and how. */
struct query_route {
	const char *src, *dst;		/* names, or the words of the question */
	const struct verdict_hop *hops;
	size_t hop_count;
};

struct query_routes {
	LIST(struct query_route) list;
};

/*
 * The shortest route of each pair of ends.  Where an end is `?` each layer,
 * network and the internet is asked for by itself.
 */
struct query_routes query_routes(struct arena *arena, const struct ir *ir,
				 const struct question *question,
				 const char *src, const char *dst);

#endif
