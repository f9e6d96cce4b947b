/*
 * `freeze`: days on which nothing changes but what is excepted; and how long
 * emergencies may last.  What a change does on such a day is judged in frozen.c.
 */
#include "compiler/resolver.h"

#include "compiler/base/date.h"
#include "compiler/count.h"
#include "compiler/emergency.h"

#include <stdlib.h>
#include <string.h>

static void read_exceptions(struct resolver *r, const struct ast_node *node,
			    struct ir_freeze *f)
{
	struct ast_expr *const *words, *single;
	size_t count = words_of(node->list, &words, &single);

	for (size_t i = 0; i < count; i++) {
		bool *flag = strcmp(words[i]->word, "narrowing") == 0
			   ? &f->narrowing
			   : strcmp(words[i]->word, "emergency") == 0
			   ? &f->emergency : NULL;

		if (!flag)
			diag_label(diag_add(r->diags, P0208, words[i]->span,
					    "`%.40s` is no exception of a freeze",
					    words[i]->word),
				   "expected narrowing or emergency");
		else if (*flag)
			diag_label(diag_add(r->diags, P0206, words[i]->span,
					    "the exception stands twice"),
				   "once is enough");
		else
			*flag = true;
	}
}

static void read_environments(struct resolver *r, const struct ast_node *node,
			      struct ir_freeze *f)
{
	bool *named = arena_array(r->arena, r->ir->environment_count,
				  sizeof *named);
	struct ast_expr *const *words, *single;
	size_t count = words_of(node->src, &words, &single);

	if (!node->src)
		memset(named, true, r->ir->environment_count);
	for (size_t i = 0; i < count; i++) {
		int environment = names_environment(&r->names, words[i]);

		if (environment >= 0)
			named[environment] = true;
	}
	f->environments = named;
	f->where = "";
	for (size_t i = 0; node->src && i < r->ir->environment_count; i++)
		if (named[i])
			f->where = arena_printf(r->arena, "%s%s%s", f->where,
						*f->where ? ", " : "",
						r->ir->environments[i]);
}

static bool read_freeze(struct resolver *r, const struct ast_node *node,
			struct ir_freeze *f)
{
	*f = (struct ir_freeze){ .title = node->title.text ? node->title.text
							    : "",
				 .span = node->span };
	read_exceptions(r, node, f);
	read_environments(r, node, f);
	if (!govern_date(r, &node->name, &f->from) ||
	    !govern_date(r, &node->key, &f->to))
		return false;
	if (f->from <= f->to)
		return true;
	diag_label(diag_add(r->diags, P0208, node->key.span,
			    "the freeze ends before it begins"),
		   "its last day is %s or later", node->name.text);
	return false;
}

static int by_days(const void *x, const void *y)
{
	const struct ir_freeze *a = x, *b = y;

	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	if (a->to != b->to)
		return a->to < b->to ? -1 : 1;
	if (strcmp(a->title, b->title) != 0)
		return strcmp(a->title, b->title);
	if (strcmp(a->where, b->where) != 0)
		return strcmp(a->where, b->where);
	return (int)(a->narrowing + 2 * a->emergency) -
	       (int)(b->narrowing + 2 * b->emergency);
}

static void read_duration(struct resolver *r, const struct ast_text *text,
			  uint32_t *days)
{
	uint32_t read;

	if (!duration_read(r->diags, text, &read))
		return;
	if (read > EMERGENCY_MOST)
		diag_help(diag_add(r->diags, P0209, text->span,
				   "`%.40s` is too long for an emergency",
				   text->text),
			  "at most %d days", EMERGENCY_MOST);
	else
		*days = read;
}

static void resolve_emergencies(struct resolver *r)
{
	for (size_t i = 0; i < r->names.emergencies.count; i++) {
		const struct ast_node *n = r->names.emergencies.at[i];

		if (i) {
			diag_note(diag_add(r->diags, P0206, n->span,
					   "a second `review emergency` statement"),
				  r->names.emergencies.at[0]->span,
				  "first here");
			continue;
		}
		read_duration(r, &n->name, &r->ir->emergency_review_days);
		if (n->most.text)
			read_duration(r, &n->most, &r->ir->emergency_days);
	}
}

void resolve_freezes(struct resolver *r)
{
	size_t count = r->names.freezes.count, kept = 0;
	struct ir_freeze *freezes = arena_array(r->arena, count,
						sizeof *freezes);

	resolve_emergencies(r);
	for (size_t i = 0; i < count; i++)
		kept += read_freeze(r, r->names.freezes.at[i], &freezes[kept]);
	if (kept)
		qsort(freezes, kept, sizeof *freezes, by_days);
	r->ir->freezes = freezes;
	r->ir->freeze_count = kept;
}
