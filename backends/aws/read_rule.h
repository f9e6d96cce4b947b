/* What every format says of a rule in the same words. */
#ifndef FIREBREAK_BACKENDS_AWS_READ_RULE_H
#define FIREBREAK_BACKENDS_AWS_READ_RULE_H

#include "backends/aws/model.h"
#include "backends/aws/read_json.h"

/* A word, or a number that has none.  False for everything else. */
bool read_protocol(const char *text, int *out);

/* The member KEY of RULE, a prefix of FAMILY as AWS writes it; else told. */
bool read_prefix(struct reader *r, const struct path *up, const char *key,
		 const struct json *rule, enum family family,
		 struct prefix *out);

/*
 * Is IS not in KNOWN yet?  AWS refuses the second of two equal permissions,
 * whatever else differs.
 */
bool is_first(struct reader *r, struct table *known,
	      const struct aws_permission *is);

/*
 * TEXT, the tag firebreak:part of the group at PATH, as "1/2": which one of how
 * many its layer has.  NULL or "": the only one.  Else told.
 */
bool read_part(struct reader *r, const struct path *path, const char *text,
	       struct aws_group *group);

/*
 * JSON, below UP, says that a group has no other rules: is that so of the COUNT
 * RULES that were read?  GROUPS are by key, FIRST is the first of them.
 */
void read_exclusive(struct reader *r, const struct path *up,
		    const struct json *json, const struct table *groups,
		    const struct aws_group *first, const struct aws_rule *rules,
		    size_t count);

/*
 * The `moved` blocks of ROOT, whose COUNT RULES were read: do they lead to those,
 * from where nothing is?
 */
void read_moved(struct reader *r, const struct json *root,
		const struct aws_rule *rules, size_t count);

#endif
