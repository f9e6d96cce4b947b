/* What every format that we write says in the same words. */
#ifndef FIREBREAK_BACKENDS_AWS_EMIT_H
#define FIREBREAK_BACKENDS_AWS_EMIT_H

#include "backends/aws/model.h"

/* A word where AWS answers one, else the number; "-1" for every protocol. */
const char *protocol_text(struct arena *arena, int protocol);

/* Are there a first and a last port, or a type and a code, to write? */
bool has_ports(int protocol);

/*
 * OURS, which are by key, and what the policy wants on every resource, by key;
 * of two with one key the policy's own.
 */
const struct ir_tag *tags_with(struct arena *arena,
			       const struct aws_model *model,
			       const struct ir_tag *ours, size_t count,
			       size_t *out_count);

/* The tags of GROUP: its name, whose it is, and the policy's own. */
const struct ir_tag *group_tags(struct arena *arena,
				const struct aws_model *model,
				const struct aws_group *group, size_t *count);

#endif
