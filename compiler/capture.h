/*
 * What ran, as somebody captured it, against the policy: for reports.  Who
 * captured it, where and when, is what he says; that it is equal is proved.
 */
#ifndef FIREBREAK_COMPILER_CAPTURE_H
#define FIREBREAK_COMPILER_CAPTURE_H

#include "compiler/ir.h"
#include "firebreak/firebreak.h"

enum capture_state {
	CAPTURE_EQUAL,
	CAPTURE_DIFFERS,
	CAPTURE_UNCLEAR,	/* nothing is proved about it */
};

/* One side of it (a hook, a direction, the relation of both) that differs. */
struct capture_difference {
	const char *kind;	/* "extra", "missing", or "changed" for both */
	const char *side;	/* "data: input, new connections" */
	const char *extra;	/* a packet that it admits and the policy does not; "" */
	const char *missing;	/* the reverse; "" */
	const char *rules;	/* of the policy that admit `missing`: "`a` and `b`"; "" */
	const char *lines;	/* of the capture that admit `extra`; "" */
};

enum { CAPTURE_DIFFERENCES = 50 };	/* told of one capture */

/* A capture of one environment. */
struct capture {
	const char *path;	/* in the bundle: its own name is not of our making */
	const char *bytes;
	size_t len;
	enum capture_state state;
	uint32_t space;		/* IR_NO_SPACE: nobody knows whose it is */
	const char *what;	/* "security groups", "the host of data"; "" */
	const char *why;	/* of CAPTURE_UNCLEAR */
	const struct capture_difference *differences;	/* of CAPTURE_DIFFERS */
	size_t difference_count, differences_more;
};

struct fb;

/*
 * Prove each of the COUNT files GIVEN against the policy of FB, and tell in it
 * what differs, is not understood, or, if there are any, was not captured.  *OUT
 * results, in that order: a file of several environments has one for each.
 */
const struct capture *captures_prove(struct fb *fb,
				     const struct fb_capture *given,
				     size_t count, size_t *out);

#endif
