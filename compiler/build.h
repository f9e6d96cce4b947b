/* What build.c, live.c and capture.c share: a job, and the proof of a model somebody read. */
#ifndef FIREBREAK_COMPILER_BUILD_H
#define FIREBREAK_COMPILER_BUILD_H

#include "backends/backend.h"
#include "firebreak/firebreak.h"

/* A job in scratch memory of its own; its diagnostics stay. */
struct job build_job(struct fb *fb, const struct ir_space *space,
		     struct meaning *meaning);

/* The environment that ID speaks of, or NULL. */
const struct ir_space *build_space(const struct ir *ir,
				   const struct identity *id);

/*
 * Read ARTEFACT, which we have made, back and prove it; *OUT is what it means.
 * FB_FAULT: told as P09.
 */
enum fb_status build_prove(const struct job *job, const struct backend *backend,
			   const struct artefact *artefact, bool recheck,
			   struct sides *out);

/* Whose file BYTES look like, or NULL. */
const struct backend *build_recognise(const char *bytes, size_t len);

/* What we would have emitted for the part ID of the job's policy. */
bool build_own_sides(const struct job *job, const struct backend *backend,
		     const struct identity *id, struct sides *out);

/* The names of the rules that admit PACKET: "`a` and `b`", or "". */
const char *build_admitting(const struct job *job,
			    const struct packet *packet);

/* live.c: a part of the policy, an environment, and in it a layer or the gateway. */
struct live_part {
	const struct ir_space *space;
	const char *layer;		/* "" for the gateway */
};

/* The part NAME, `customer.prod.data` or `prod.gateway`; false: told. */
bool build_find_part(struct fb *fb, const char *name, struct live_part *out);

/* Is MODEL, read as NAME, exactly the part ID of the job's policy?  Told when not. */
enum fb_status build_compare(const struct job *job, const char *name,
			     const struct backend *backend, const void *model,
			     const struct identity *id, bool recheck);

/* The same, beside OWN, what our own artefact of that part means. */
enum fb_status build_compare_with(const struct job *job, const char *name,
				  const struct backend *backend,
				  const void *model, const struct sides *own,
				  bool recheck);

#endif
