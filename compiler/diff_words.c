/* Words that every rendering of a diff uses. */
#include "compiler/diff_render.h"

#include <string.h>

const char *diff_verb(enum fb_reach_kind kind)
{
	switch (kind) {
	case FB_OPENS:	 return "opens";
	case FB_MOVED:	 return "moves";
	case FB_NARROWS: return "narrows";
	case FB_CLOSES:	 return "closes";
	}
	return "";
}

static void add_count(struct text *out, enum fb_reach_kind kind, size_t count)
{
	if (count)
		text_printf(out, "%s%s %zu", out->len ? ", " : "",
			    diff_verb(kind), count);
}

const char *diff_summary(struct arena *arena, const struct fb_diff *diff)
{
	struct text out = TEXT_IN(arena);

	add_count(&out, FB_OPENS, diff->opens);
	add_count(&out, FB_MOVED, diff->moved);
	add_count(&out, FB_NARROWS, diff->narrows);
	add_count(&out, FB_CLOSES, diff->closes);
	return out.len ? text_string(&out) : "same reach";
}

const char *diff_invariants(struct arena *arena, const struct fb_diff *diff)
{
	size_t all = diff->holding + diff->broken;

	if (!diff->invariants_judged)
		return "";
	if (!all)
		return "no invariants";
	if (diff->broken)
		return arena_printf(arena, "%zu of %zu invariant%s broken",
				    diff->broken, all, all == 1 ? "" : "s");
	return all == 1 ? "the invariant holds"
			: arena_printf(arena, "all %zu invariants hold", all);
}

const char *diff_invariant_word(enum fb_invariant_change_kind kind)
{
	switch (kind) {
	case FB_INVARIANT_BREAKS:  return "breaks";
	case FB_INVARIANT_BROKEN:  return "still broken";
	case FB_INVARIANT_REMOVED: return "removed";
	case FB_INVARIANT_CHANGED: return "changed";
	case FB_INVARIANT_ADDED:   return "added";
	case FB_INVARIANT_MENDED:  return "mended";
	case FB_INVARIANT_WAIVED:  return "waived";
	}
	return "";
}

enum { NAMES_SHOWN = 3 };

/* The environment that all NAMES are of different customers', or NULL. */
static const char *shared_environment(const char *const *names, size_t count)
{
	const char *first = strrchr(names[0], '.'), *other;

	for (size_t i = 1; i < count && first; i++) {
		other = strrchr(names[i], '.');
		if (!other || strcmp(other, first) != 0)
			return NULL;
	}
	return first && count > 1 ? first + 1 : NULL;
}

const char *diff_where(struct arena *arena, const struct fb_diff *diff,
		       const char *const *names, size_t count)
{
	struct text out = TEXT_IN(arena);
	const char *shared = shared_environment(names, count);

	if (count == diff->environments && count > 1)
		return arena_printf(arena, "in all %zu environments", count);
	if (shared)
		return arena_printf(arena, "in %s of %zu customers", shared,
				    count);
	if (count > NAMES_SHOWN)
		text_printf(&out, "in %zu environments (", count);
	else
		text_puts(&out, "in ");
	for (size_t i = 0; i < count && i < NAMES_SHOWN; i++)
		text_printf(&out, "%s%s", i ? ", " : "", names[i]);
	if (count > NAMES_SHOWN)
		text_puts(&out, ", \xe2\x80\xa6)");
	return text_string(&out);
}

const char *diff_files(struct arena *arena, const char *const *paths,
		       size_t count)
{
	struct text out = TEXT_IN(arena);

	if (count == 1)
		return paths[0];
	text_printf(&out, "%zu files (", count);
	for (size_t i = 0; i < count && i < NAMES_SHOWN; i++)
		text_printf(&out, "%s%s", i ? ", " : "", paths[i]);
	text_puts(&out, count > NAMES_SHOWN ? ", \xe2\x80\xa6)" : ")");
	return text_string(&out);
}

bool diff_same_files(const struct fb_resource_change *a,
		     const struct fb_resource_change *b)
{
	bool same = a->path_count == b->path_count;

	for (size_t i = 0; same && i < a->path_count; i++)
		same = strcmp(a->paths[i], b->paths[i]) == 0;
	return same;
}

const char *diff_services(struct arena *arena, const struct fb_words *words)
{
	if (strcmp(words->services, words->ports) == 0 ||
	    strchr(words->services, '/') || strcmp(words->services, "any") == 0)
		return words->services;
	return arena_printf(arena, "%s (%s)", words->services, words->ports);
}

const char *diff_short(struct arena *arena, const char *text, size_t most)
{
	size_t len = strlen(text), kept = most;

	if (len <= most)
		return text;
	while (kept && text[kept] != ' ')
		kept--;
	if (!kept)
		kept = most;
	return arena_printf(arena, "%.*s \xe2\x80\xa6 (%zu characters more)",
			    (int)kept, text, len - kept);
}

static const char *resource_word(enum fb_resource_change_kind kind)
{
	switch (kind) {
	case FB_ADDED:	  return "added";
	case FB_CHANGED:  return "changed in place";
	case FB_REPLACED: return "replaced";
	case FB_REMOVED:  return "removed";
	}
	return "";
}

const char *diff_resources(struct arena *arena, const struct fb_diff *diff)
{
	struct text out = TEXT_IN(arena);

	for (int kind = FB_ADDED; kind <= FB_REMOVED; kind++) {
		size_t count = 0;

		for (size_t i = 0; i < diff->resource_count; i++)
			if ((int)diff->resources[i].kind == kind)
				count += diff->resources[i].path_count;
		if (count)
			text_printf(&out, out.len ? ", %zu %s"
				    : count == 1 ? "%zu resource %s"
						 : "%zu resources %s", count,
				    resource_word((enum fb_resource_change_kind)
						  kind));
	}
	return text_string(&out);
}

size_t diff_rules(const struct fb_diff *diff, enum fb_rule_change_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < diff->rule_count; i++)
		count += diff->rules[i].kind == kind;
	return count;
}

const char *diff_file_word(enum fb_file_change_kind kind)
{
	switch (kind) {
	case FB_FILE_APPEARS:  return "appears";
	case FB_FILE_CHANGES:  return "changes";
	case FB_FILE_VANISHES: return "vanishes";
	case FB_FILE_EDITED:   return "was edited since it was made";
	case FB_FILE_MISSING:  return "is missing";
	}
	return "";
}

const char *diff_covered(struct arena *arena, const struct fb_diff *diff)
{
	size_t equal = 0, all = diff->covered_count;

	for (size_t i = 0; i < all; i++)
		equal += diff->covered[i].equal;
	if (!all)
		return "nothing compared";
	if (equal == all)
		return all == 1 ? "the file is equal to the policy"
			: arena_printf(arena, "all %zu parts compared are equal to the policy",
				       all);
	return all == 1 ? "the file is not equal to the policy"
		: arena_printf(arena, "%zu of %zu parts compared are not equal to the policy",
			       all - equal, all);
}

enum { SIDES_SHOWN = 6 };

/* Up to the first `: ` when both begin alike: the file, or the hosts. */
static size_t shared_head(const char *a, const char *b)
{
	const char *end = strstr(b, ": ");
	size_t len = end ? (size_t)(end - b) + 2 : 0;

	return len && strncmp(a, b, len) == 0 ? len : 0;
}

const char *diff_sides(struct arena *arena, const struct fb_reach *r)
{
	struct text out = TEXT_IN(arena);

	for (size_t i = 0; i < r->side_count && i < SIDES_SHOWN; i++) {
		size_t same = i ? shared_head(r->sides[i - 1], r->sides[i]) : 0;

		text_printf(&out, "%s%s", i ? "; " : "", r->sides[i] + same);
	}
	if (r->side_count > SIDES_SHOWN)
		text_printf(&out, "; and %zu more", r->side_count - SIDES_SHOWN);
	return text_string(&out);
}
