/*
 * Terraform knows a resource by its key.  A rule that is the same under another
 * key would be taken away and made again, both at once: AWS refuses the second
 * while the first is there.  A `moved` block says that it is the same one.
 *
 * Only keys that are gone and keys that are new are moved: where a key means
 * another rule now, chains and circles of moves would mean something else.
 */
#include "backends/aws/aws.h"

#include "compiler/base/table.h"
#include "compiler/base/text.h"

#include <stdlib.h>
#include <string.h>

struct move {
	const char *from, *to;
};

/* What AWS knows the rule by, in words that hold in both files. */
static const char *identity_of(struct arena *arena,
			       const struct aws_model *model,
			       const struct aws_rule *rule)
{
	const struct aws_permission *is = &rule->is;
	char prefix[ADDR_TEXT];
	const char *peer = "";

	switch (is->peer.kind) {
	case AWS_PREFIX:
		peer = prefix_text(is->peer.prefix, prefix);
		break;
	case AWS_LIST:
		peer = model->lists[is->peer.index].name;
		break;
	case AWS_GROUP:
		peer = model->groups[is->peer.index].key;
		break;
	}
	return arena_printf(arena, "%s\n%d %d %d %d %d\n%s",
			    model->groups[is->group].key, is->direction,
			    is->service.protocol, is->service.from,
			    is->service.to, is->peer.kind, peer);
}

static const char *address_of(struct arena *arena, const struct aws_rule *rule)
{
	return arena_printf(arena, "aws_vpc_security_group_%s_rule.%s",
			    rule->is.direction == AWS_INGRESS ? "ingress"
							      : "egress",
			    rule->key);
}

static struct table by_address(struct arena *arena,
			       const struct aws_model *model)
{
	struct table all = TABLE_IN(arena);

	for (size_t i = 0; i < model->rule_count; i++)
		*table_at_name(&all, address_of(arena, &model->rules[i])) =
			(void *)(uintptr_t)&model->rules[i];
	return all;
}

static int by_from(const void *x, const void *y)
{
	const struct move *a = x, *b = y;

	return strcmp(a->from, b->from);
}

static struct move *moves_of(struct arena *arena, const struct aws_model *was,
			     const struct aws_model *is, size_t *count)
{
	struct move *moves = arena_array(arena, is->rule_count, sizeof *moves);
	struct table before = by_address(arena, was);
	struct table now = by_address(arena, is), known = TABLE_IN(arena);

	*count = 0;
	for (size_t i = 0; i < was->rule_count; i++)
		*table_at_name(&known, identity_of(arena, was, &was->rules[i])) =
			(void *)(uintptr_t)&was->rules[i];
	for (size_t i = 0; i < is->rule_count; i++) {
		const struct aws_rule *old = table_get_name(&known,
			identity_of(arena, is, &is->rules[i]));
		const char *to = address_of(arena, &is->rules[i]);
		const char *from = old ? address_of(arena, old) : NULL;

		if (old && !table_get_name(&before, to) &&
		    !table_get_name(&now, from))
			moves[(*count)++] = (struct move){ from, to };
	}
	if (*count)
		qsort(moves, *count, sizeof *moves, by_from);
	return moves;
}

/* NOW with the moves at their place among its members, which are sorted. */
static void put_moves(struct arena *arena, const struct move *moves,
		      size_t count, struct artefact *now)
{
	static const char behind[] = "\n  \"resource\": {";
	const char *at = strstr(now->bytes, behind);
	struct text out = TEXT_IN(arena);

	if (!at || !count)
		return;
	text_add(&out, now->bytes, (size_t)(at - now->bytes));
	text_puts(&out, "\n  \"moved\": [");
	for (size_t i = 0; i < count; i++)
		text_printf(&out, "%s\n    {\n      \"from\": \"%s\",\n"
			    "      \"to\": \"%s\"\n    }", i ? "," : "",
			    moves[i].from, moves[i].to);
	text_puts(&out, "\n  ],");
	text_puts(&out, at);
	now->bytes = text_string(&out);
	now->len = out.len;
}

bool aws_carry_terraform(const struct job *job, const char *name,
			 const char *before, size_t len, struct artefact *now)
{
	const struct aws_model *was = aws_read_terraform(job->arena, job->diags,
							 name, before, len);
	const struct aws_model *is = aws_read_terraform(job->arena, job->diags,
							now->path, now->bytes,
							now->len);
	struct move *moves;
	size_t count;

	if (!was || !is)
		return false;
	moves = moves_of(job->arena, was, is, &count);
	put_moves(job->arena, moves, count, now);
	return true;
}
