/*
 * aws_vpc_security_group_rules_exclusive (provider's documentation, since 6.31):
 * Terraform takes every rule of the group away that is not in its two lists.  So
 * they have to be the rules that the file has for the group, each once: a rule
 * that is left out would not stay.
 */
#include "backends/aws/read_rule.h"

#include <string.h>

static const struct {
	const char *key, *before;
} lists[AWS_DIRECTIONS] = {
	[AWS_INGRESS] = { "ingress_rule_ids",
			  "${aws_vpc_security_group_ingress_rule." },
	[AWS_EGRESS]  = { "egress_rule_ids",
			  "${aws_vpc_security_group_egress_rule." },
};

/* The key in "${TYPE.KEY.id}", kept in R's memory; NULL when it is none. */
static const char *key_in(struct reader *r, const char *is, const char *before)
{
	static const char after[] = ".id}";
	size_t len = is ? strlen(is) : 0, start = strlen(before);

	if (len <= start + strlen(after) || strncmp(is, before, start) != 0 ||
	    strcmp(is + len - strlen(after), after) != 0)
		return NULL;
	return arena_copy(r->arena, is + start, len - start - strlen(after));
}

static void read_ids(struct reader *r, const struct path *up,
		     const struct json *json, uint32_t group,
		     enum aws_direction direction, const struct aws_rule *rules,
		     size_t count)
{
	const struct path path = { up, lists[direction].key };
	const struct json *ids = jv_get(json, lists[direction].key);
	struct table told = TABLE_IN(r->arena);

	if (!ids || ids->kind != JV_ARRAY) {
		refuse(r, &path, ids ? "is not a list" : "is missing");
		return;
	}
	for (const struct json *one = ids->first; one; one = one->next) {
		const char *key = key_in(r, jv_string(one),
					 lists[direction].before);

		if (!key)
			refuse(r, &path, "does not refer to a rule");
		else if (table_get_name(&told, key))
			refuse(r, &path, "refers to a rule twice");
		else
			*table_at_name(&told, key) = r;
	}
	for (size_t i = 0; i < count; i++) {
		void **place;

		if (rules[i].is.group != group ||
		    rules[i].is.direction != direction)
			continue;
		if (!table_get_name(&told, rules[i].key)) {
			refuse(r, &path, "lacks a rule of its group, which "
			       "Terraform would take away");
			return;
		}
		place = table_at_name(&told, rules[i].key);
		if (*place == r)
			*place = (void *)(uintptr_t)&rules[i];
	}
	for (const struct json *one = ids->first; one; one = one->next) {
		const char *key = key_in(r, jv_string(one),
					 lists[direction].before);

		if (key && table_get_name(&told, key) == (void *)r) {
			refuse(r, &path, "refers to no rule of its group");
			return;
		}
	}
}

void read_exclusive(struct reader *r, const struct path *up,
		    const struct json *json, const struct table *groups,
		    const struct aws_group *first, const struct aws_rule *rules,
		    size_t count)
{
	static const char *const known[] = { "egress_rule_ids",
		"ingress_rule_ids", "security_group_id", NULL };
	const struct path path = { up, json->key };
	const struct aws_group *group;

	if (!expect_name(r, &path) || !expect_object(r, &path, json, known))
		return;
	group = read_reference(r, &path, "security_group_id", json,
			       "${aws_security_group.", groups);
	for (int d = 0; group && d < AWS_DIRECTIONS; d++)
		read_ids(r, &path, json, (uint32_t)(group - first),
			 (enum aws_direction)d, rules, count);
}
