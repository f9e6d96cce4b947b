/*
 * An environment as security groups see it: layers that share one group look
 * like one layer, with the addresses of all.
 */
#ifndef FIREBREAK_BACKENDS_AWS_VIEW_H
#define FIREBREAK_BACKENDS_AWS_VIEW_H

#include "backends/backend.h"

/*
 * JOB with layers put together.  INTO says for each layer which one stands for
 * it: itself, or the first of those it shares a group with, which is then
 * called by all their names, `.` between them; the others have no addresses.
 * JOB itself where nothing is put together.
 */
const struct job *view_of(const struct job *job, const uint32_t *into);

/*
 * By layer, INTO for the layers of JOB's environment that share hosts and
 * overlap, also by way of others.
 */
const uint32_t *view_shared(const struct job *job);

/*
 * Does AWS keep apart what invariants of the policy tell apart?  Layers that
 * share a group cannot be: told as P0505.
 */
bool view_is_kept_apart(const struct job *job, const uint32_t *into);

#endif
