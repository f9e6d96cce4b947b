/* The same sets as binary decision diagrams, by BuDDy: for comparison only. */
#ifndef FIREBREAK_TESTS_BENCH_ENGINE_BUDDY_H
#define FIREBREAK_TESTS_BENCH_ENGINE_BUDDY_H

#include "compiler/box.h"

/*
 * The union of BOXES of IPv4, over the bits of source, destination and
 * service.  *SECONDS of processor time; false when LIMIT was not enough.  To
 * be called once a process.
 */
bool buddy_union(const struct boxes *boxes, double limit, double *seconds);

#endif
