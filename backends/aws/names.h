/* Names and texts of what is emitted: from content and names, never position. */
#ifndef FIREBREAK_BACKENDS_AWS_NAMES_H
#define FIREBREAK_BACKENDS_AWS_NAMES_H

#include "backends/aws/model.h"

/* Bytes that AWS takes (AWS API reference, CreateSecurityGroup, CreateTags). */
enum { AWS_NAME_MOST = 255, AWS_TAG_KEY_MOST = 128, AWS_TAG_MOST = 256 };

/* TEXT, or as much of it as MOST bytes hold, told apart by its hash. */
const char *name_fit(struct arena *arena, const char *text, size_t most);

/*
 * NAME as a Terraform name.  No two names become the same one, and none
 * contains "__", which stands between the parts of a rule's key.
 */
const char *name_key(struct arena *arena, const char *name);

/* "rule__layer__tcp-443__sg-edge": the key of a rule's resource. */
const char *rule_key(struct arena *arena, const char *rule, const char *layer,
		     const struct aws_permission *is, const char *peer);

/* "RULE TICKET"; a ticket that AWS would not take is left out. */
const char *rule_description(struct arena *arena, const struct ir_rule *rule);

/*
 * The names of COUNT rules, a blank between them; where a tag is too short the
 * first of them, "+MORE" and a hash of all.
 */
const char *rule_names(struct arena *arena, const struct ir *ir,
		       const uint32_t *rules, size_t count);

#endif
