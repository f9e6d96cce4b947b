/*
 * What the groups of an environment must admit and what they may, from the
 * meaning of the policy and from what a file was found to let out: the
 * measure that a file is held to.
 */
#ifndef FIREBREAK_BACKENDS_AWS_EXPECT_H
#define FIREBREAK_BACKENDS_AWS_EXPECT_H

#include "backends/aws/model.h"
#include "backends/aws/zones.h"

/* The group of layer FROM lets these services out to some layer. */
struct let {
	uint32_t from;
	struct range svc;
};

struct lets {
	struct let *at;
	size_t count, cap;
};

struct expect;

struct expect *expect_begin(const struct job *job, struct zones *zones);

/*
 * The relation that passes both ends: exactly the permitted packets with an
 * end in a layer.  May: also those between a layer and space that nobody
 * declared (assumption 2).
 */
void expect_composed(struct expect *expect, enum family family,
		     struct boxes *must, struct boxes *may);

/*
 * What the group of LAYER must admit by itself: what is permitted at some
 * address of it.  May: also undeclared space and, coming in, a layer for
 * services that the file does not let it send here; LETS has all that it does.
 */
void expect_group(struct expect *expect, enum family family, uint32_t layer,
		  enum aws_direction direction, const struct lets *lets,
		  struct boxes *must, struct boxes *may);

#endif
