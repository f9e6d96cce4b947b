/*
 * Packets worth trying: at the first and last address and service of every
 * range that occurs anywhere, and next to it.
 */
#ifndef FIREBREAK_TESTS_LIB_SAMPLE_H
#define FIREBREAK_TESTS_LIB_SAMPLE_H

#include "compiler/parse.h"
#include "compiler/pset.h"
#include "tests/lib/dice.h"

struct sampler {
	struct arena *arena;
	LIST(u128) addresses[FAMILIES];
	LIST(uint32_t) services;
};

#define SAMPLER_IN(a) (struct sampler){ .arena = (a) }

/* Both ends of RANGE and their neighbours, within the family. */
void sampler_add_addresses(struct sampler *sampler, enum family family,
			   struct range range);
void sampler_add_services(struct sampler *sampler, struct range range);

/* Every address and service that AST names, and the borders of the internet. */
void sampler_add_ast(struct sampler *sampler, const struct ast *ast);

/* Every range of BOXES. */
void sampler_add_boxes(struct sampler *sampler, enum family family,
		       const struct boxes *boxes);

/* Sort out what stands there twice: call it before the first packet. */
void sampler_finish(struct sampler *sampler);

/* Ends and service drawn from all that was added, each by itself. */
struct packet sampler_packet(const struct sampler *sampler, struct dice *dice,
			     enum family family);

/* A packet in, at the edge of, or just outside of one of BOXES (not none). */
struct packet sampler_near(struct dice *dice, enum family family,
			   const struct boxes *boxes);

#endif
