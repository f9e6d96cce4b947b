/*
 * `moved` blocks ("Refactoring", Terraform's documentation): where a resource of
 * this file stood before.  They permit nothing, but one that Terraform would
 * follow elsewhere could take a rule away: only rules of one kind, from where
 * nothing is any more to what is there, each once.
 */
#include "backends/aws/read_rule.h"

#include <string.h>

static const char *const types[] = { "aws_vpc_security_group_ingress_rule.",
				     "aws_vpc_security_group_egress_rule." };

/* Which of types[] ADDRESS begins with, or -1. */
static int type_of(const char *address)
{
	for (int i = 0; i < 2; i++)
		if (strncmp(address, types[i], strlen(types[i])) == 0)
			return i;
	return -1;
}

static void read_move(struct reader *r, const struct path *path,
		      const struct json *move, const struct table *known,
		      struct table *told)
{
	static const char *const members[] = { "from", "to", NULL };
	const char *from, *to;

	if (!expect_object(r, path, move, members))
		return;
	from = read_literal(r, path, "from", move);
	to = read_literal(r, path, "to", move);
	if (!from || !to)
		return;
	if (type_of(from) < 0 || type_of(from) != type_of(to))
		refuse(r, path, "does not lead from a rule to a rule of its kind");
	else if (!table_get_name(known, to))
		refuse(r, path, "leads to no rule of this file");
	else if (table_get_name(known, from))
		refuse(r, path, "leads away from a rule of this file");
	else if (table_get_name(told, from) || table_get_name(told, to))
		refuse(r, path, "leads from or to where another one does");
	*table_at_name(told, from) = *table_at_name(told, to) = r;
}

void read_moved(struct reader *r, const struct json *root,
		const struct aws_rule *rules, size_t count)
{
	const struct path path = { NULL, "moved" };
	const struct json *moved = jv_get(root, "moved");
	struct table known = TABLE_IN(r->arena), told = TABLE_IN(r->arena);

	if (!moved)
		return;
	if (moved->kind != JV_ARRAY) {
		refuse(r, &path, "is not a list");
		return;
	}
	for (size_t i = 0; i < count; i++)
		*table_at_name(&known, arena_printf(r->arena, "%s%s",
			types[rules[i].is.direction == AWS_EGRESS],
			rules[i].key)) = r;
	for (const struct json *one = moved->first; one; one = one->next)
		read_move(r, &path, one, &known, &told);
}
