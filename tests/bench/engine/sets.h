/*
 * Rule sets for the benchmarks, the same on every machine.
 *
 * Flat policies have the structure of a cloud estate: layers of a few small
 * prefixes in environments of twenty, whole environments, five sets of the
 * whole world, lists of hosts; two hundred services; most rules inside an
 * environment.  acl, fw and ipc have the published structure of ClassBench
 * (Taylor and Turner, INFOCOM 2005): how long source and destination prefixes
 * are, in which of the classes WC, HI, LO, AR and EM ports fall, which
 * protocols there are, and prefixes nested by skewed branching.  Its seed files
 * are not copied: the shares are round numbers of ours; source ports, which
 * the language does not have, are left out.
 */
#ifndef FIREBREAK_TESTS_BENCH_ENGINE_SETS_H
#define FIREBREAK_TESTS_BENCH_ENGINE_SETS_H

#include "compiler/box.h"

struct flat {
	struct boxes rules;
	enum family family;
	/* what invariants speak of */
	struct ranges *layers, *environments;
	size_t layer_count, environment_count;
	struct ranges everywhere, admin;
};

struct flat flat_of(struct arena *arena, enum family family, size_t groups,
		    size_t rules);

enum bench_kind { BENCH_ACL, BENCH_FW, BENCH_IPC };

struct boxes classbench_of(struct arena *arena, enum bench_kind kind,
			   size_t rules);

/* Ranges at random in every field: no prefix, nothing nested. */
struct boxes crossing_of(struct arena *arena, size_t rules);

#endif
