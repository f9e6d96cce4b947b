/*
 * Access scopes under test: a place of a policy with the file made for it, and what
 * a file reports, read by jansson, packet by packet, without any sets.
 */
#ifndef FIREBREAK_TESTS_LIB_SCOPES_H
#define FIREBREAK_TESTS_LIB_SCOPES_H

#include "backends/backend.h"
#include "tests/lib/policy.h"

#include <jansson.h>

/* A place of a policy, and its file. */
struct place {
	struct policy *policy;
	const struct ir *ir;
	uint32_t space;
	struct meaning meaning;
	struct diags diags;
	struct job job;
	struct artefacts made;
	json_t *root;		/* NULL: there is no file */
};

/* TEXT, which has to be a policy. */
void read_world(struct policy *p, struct arena *arena, const char *text);

/* The place of SPACE with what is emitted there; free ROOT. */
struct place *place_of(struct arena *arena, struct policy *p, uint32_t space);

/* Read and denoted; false when it is refused. */
bool scopes_denote(struct place *at, const char *bytes, size_t len,
		   struct sides *out);

/* Does it prove equal to what is emitted? */
bool scopes_prove(struct place *at, const char *bytes, size_t len);

bool is_in_vpc(struct place *at, u128 address);

/* The properties of the scope for INVARIANT in the file ROOT, or NULL. */
json_t *scope_for(json_t *root, const char *invariant);

/* Would that scope report PACKET, as it stands at END of a path ("Source")? */
bool reports(struct place *at, json_t *root, const char *invariant,
	     const struct packet *packet, const char *end);

/* Is there nothing in the conditions of ROOT that reports() overlooks? */
bool are_known(json_t *root);

#endif
