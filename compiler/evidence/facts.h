/* What the files that gather facts share. */
#ifndef FIREBREAK_COMPILER_EVIDENCE_FACTS_H
#define FIREBREAK_COMPILER_EVIDENCE_FACTS_H

#include "compiler/evidence/evidence.h"

/* The rule or invariant at SPAN as written, up to its first attribute. */
const char *evidence_statement(struct arena *arena, const struct ir *ir,
			       struct span span);

/* "rules.fbk:12", or "" where SPAN is nowhere. */
const char *evidence_place(struct arena *arena,
			   const struct evidence_sources *from, struct span span);

/* What needs a person, wrong first.  The exceptions of E were gathered. */
void concerns_gather(struct arena *arena, const struct evidence_sources *from,
		     struct evidence *e);

/* The commits of the period of FROM, if any, and who approved each. */
void approvals_gather(struct arena *arena, const struct evidence_sources *from,
		      struct evidence *e);

/* The segments of E's policy, largest first.  VERDICTS by invariant. */
void segments_gather(struct arena *arena, const struct verdict *verdicts,
		     struct evidence *e);

/* How full the security groups of FROM are. */
void quotas_gather(struct arena *arena, const struct evidence_sources *from,
		   struct evidence *e);

/* Freezes and emergencies of E, whose rules were gathered; by space, into FACTS. */
void emergencies_gather(struct arena *arena, struct evidence *e);
void freezes_gather(struct arena *arena, const struct evidence *e,
		    struct environment_fact *facts);

/* What the captures of E say, into FACTS by space. */
void running_gather(struct arena *arena, const struct evidence *e,
		    struct environment_fact *facts);

/* Environments and customers of E, all else of which was gathered. */
void fleet_gather(struct arena *arena, struct evidence *e);

#endif
