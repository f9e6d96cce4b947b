/*
 * Who approved each commit of the period: trailers of the commit, and what the
 * forge exported.
 */
#include "compiler/evidence/facts.h"

#include "compiler/base/json.h"
#include "compiler/base/text.h"

#include <string.h>

/* Is WHO the author, by name or address? */
static bool is_author(const struct fb_commit *c, const char *who)
{
	return strcmp(who, c->author) == 0 ||
	       (*c->email && strstr(who, c->email) != NULL) ||
	       (*c->author && strncmp(who, c->author, strlen(c->author)) == 0 &&
		strchr(" <", who[strlen(c->author)]));
}

/* Of the list WHO: how many people, and how many who are not the author. */
static void count_people(struct arena *arena, const struct fb_commit *c,
			 const char *who, size_t *all, size_t *others)
{
	while (*who) {
		size_t len = strcspn(who, ",");
		const char *one = arena_copy(arena, who, len);

		one += strspn(one, " ");
		if (*one) {
			++*all;
			*others += !is_author(c, one);
		}
		who += len + (who[len] == ',');
	}
}

/* What the export says of COMMIT: a whole hash, or its first digits. */
static const char *exported(struct arena *arena, const struct json *approvals,
			    const struct fb_commit *commit, size_t *all,
			    size_t *others)
{
	struct text out = TEXT_IN(arena);

	for (const struct json *a = approvals ? approvals->first : NULL; a;
	     a = a->next) {
		const char *hash = jv_string(jv_get(a, "commit"));
		const char *by = jv_string(jv_get(a, "approved_by"));
		const char *at = jv_string(jv_get(a, "at"));

		if (strncmp(commit->hash, hash, strlen(hash)) != 0)
			continue;
		text_printf(&out, "%s%s%s%s", out.len ? "; " : "", by,
			    at ? ", " : "", at ? at : "");
		count_people(arena, commit, by, all, others);
	}
	return text_string(&out);
}

void approvals_gather(struct arena *arena, const struct evidence_sources *from,
		      struct evidence *e)
{
	const struct fb_since *since = from->since;
	struct approval *all;

	if (!since)
		return;
	all = arena_array(arena, since->commit_count, sizeof *all);
	for (size_t i = 0; i < since->commit_count; i++) {
		size_t people = 0, others = 0;

		count_people(arena, &since->commits[i],
			     since->commits[i].approvers, &people, &others);
		all[i].exported = exported(arena, from->approvals,
					   &since->commits[i], &people,
					   &others);
		all[i].missing = !people;
		all[i].by_author = people && !others;
	}
	e->since = since;
	e->changes = from->changes;
	e->steps = from->steps;
	e->main_before = from->main_before;
	e->approvals = all;
}
