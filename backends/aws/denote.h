/* What the rules of a file admit, an end at a time. */
#ifndef FIREBREAK_BACKENDS_AWS_DENOTE_H
#define FIREBREAK_BACKENDS_AWS_DENOTE_H

#include "backends/aws/model.h"
#include "backends/aws/zones.h"

/* A rule in one family: who is let in, or where to one is let out. */
struct half {
	struct ranges peer, svc;
};

struct halves {
	struct half *at;
	size_t count, cap;
};

/* The halves of one family by direction and layer. */
struct admitted {
	enum family family;
	struct halves *of[AWS_DIRECTIONS];
};

/*
 * The packets with an end in a layer that pass: between two layers what the
 * source's group lets out and the destination's lets in, else what the one
 * group says.
 */
struct boxes compose(struct zones *zones, const struct admitted *admitted);

#endif
