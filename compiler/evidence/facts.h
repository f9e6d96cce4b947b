/* What the files that gather facts share. */
#ifndef FIREBREAK_COMPILER_EVIDENCE_FACTS_H
#define FIREBREAK_COMPILER_EVIDENCE_FACTS_H

#include "compiler/evidence/evidence.h"

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
