/*
 * A diff as the comment of a pull request.
 *
 * A comment takes 65,536 characters.  This one stays below 60,000 bytes: sections
 * are written first, and put in whole while there is room, in a fixed order; the
 * table of reach gets what they leave and is cut between rows; what was left out
 * is said.
 */
#include "compiler/diff_render.h"

#include "compiler/base/markup.h"
#include "compiler/sessions.h"

#include <string.h>

enum {
	COMMENT_MOST = 60000,
	SECTIONS_MOST = 30000,	/* of it, for what stands below the table */
	FRAME_MOST = 2000,	/* title, foot, and what was left out */
	ROWS_OPEN = 12,		/* before the others are folded */
	WORDS_MOST = 240,
	LISTED = 200,
	BROKEN_SHOWN = 25,
};

struct page {
	struct text *out;
	const struct fb_diff *diff;
	struct text sections;	/* what comes below the table */
	struct text left_out;
};

/* Words of the language: names, addresses and signs, none of which end a code span. */
static void put_code(struct text *out, const char *words)
{
	text_printf(out, "`%s`", diff_short(out->arena, words, WORDS_MOST));
}

static bool is_plain(const char *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789-_./", at[i]))
			return false;
	return len > 0;
}

/* A message: names in backticks stay so, all else of it is hostile. */
static void put_message(struct text *out, const char *message)
{
	while (*message) {
		size_t len = strcspn(message, "`");
		size_t name = message[len]
			? strcspn(message + len + 1, "`") : 0;

		if (!message[len] || !message[len + 1 + name] ||
		    !is_plain(message + len + 1, name)) {
			put_markdown(out, message);
			return;
		}
		put_markdown(out, arena_copy(out->arena, message, len));
		text_add(out, message + len, name + 2);
		message += len + name + 2;
	}
}

static void put_place(struct text *out, const struct fb_named *n,
		      const char *between)
{
	put_code(out, n->name);
	if (!n->file)
		return;
	text_puts(out, between);
	put_markdown(out, n->file);
	text_printf(out, ":%u%s", (unsigned)n->line, n->old ? " (gone)" : "");
}

/* --- the table --- */

static void put_pair(struct text *out, const struct fb_words *w)
{
	put_code(out, w->src);
	text_puts(out, " \xe2\x86\x92 ");
	put_code(out, w->dst);
	if (*w->family)
		text_printf(out, " (%s only)", w->family);
}

/* Services between the ends besides: what there was, or what is left. */
static void put_others(struct text *out, const struct fb_reach *r)
{
	if (!*r->others) {
		text_puts(out, "denied");
		return;
	}
	put_code(out, r->others);
	if (r->others_in_part)
		text_puts(out, " in part");
}

static void put_state(struct text *out, const struct fb_reach *r, bool before)
{
	bool opens = r->kind == FB_OPENS || r->kind == FB_MOVED;

	if (r->kind == FB_MOVED && before) {
		put_pair(out, &r->from);
	} else if (before == opens) {
		put_others(out, r);
	} else {
		text_puts(out, "allowed");
		if (*r->expires && opens) {
			text_puts(out, " until ");
			put_markdown(out, r->expires);
		}
	}
}

/* Where, and why it stands where it stands: small, under the connection. */
static void put_small(struct text *out, const struct fb_diff *diff,
		      const struct fb_reach *r)
{
	text_printf(out, "<br><sub>%s", diff_where(out->arena, diff,
		r->environments, r->environment_count));
	if (*r->reasons)
		text_printf(out, " \xc2\xb7 %s%s%s", r->breaks ? "**" : "",
			    r->reasons, r->breaks ? "**" : "");
	if (r->side_count) {
		text_puts(out, "<br>on ");
		put_markdown(out, diff_short(out->arena,
			diff_sides(out->arena, r), WORDS_MOST));
	}
	text_puts(out, "</sub>");
}

/* Names, and small below them their numbers. */
static void put_services(struct text *out, const struct fb_words *w)
{
	put_code(out, w->services);
	if (strcmp(diff_services(out->arena, w), w->services) != 0)
		text_printf(out, "<br><sub>%s</sub>",
			    diff_short(out->arena, w->ports, WORDS_MOST));
}

static void put_row(struct text *out, const struct fb_diff *diff,
		    const struct fb_reach *r)
{
	static const char *const signs[] = {
		"**+&nbsp;opens**", "**>&nbsp;moves**",
		"\xe2\x88\x92&nbsp;narrows", "\xe2\x88\x92&nbsp;closes" };

	text_printf(out, "| %s | ", signs[r->kind]);
	put_pair(out, &r->words);
	put_small(out, diff, r);
	text_puts(out, " | ");
	put_services(out, &r->words);
	text_puts(out, " | ");
	put_state(out, r, true);
	text_puts(out, " | ");
	put_state(out, r, false);
	text_puts(out, " | ");
	for (size_t i = 0; i < r->rule_count && i < 3; i++) {
		text_puts(out, i ? "<br>" : "");
		put_place(out, &r->rules[i], "<br>");
	}
	if (r->rule_count > 3)
		text_printf(out, "<br>and %zu more", r->rule_count - 3);
	text_puts(out, " |\n");
}

static void put_head(struct text *out)
{
	text_puts(out, "\n| | Connection | Service | Before | After | Rule |\n"
		       "|---|---|---|---|---|---|\n");
}

/* Rows FROM to TO while there is ROOM; the first that was not written. */
static size_t put_rows(const struct page *p, struct text *out, size_t from,
		       size_t to, size_t room)
{
	size_t i = from;

	put_head(out);
	for (; i < to; i++) {
		struct text row = TEXT_IN(out->arena);

		put_row(&row, p->diff, &p->diff->reach[i]);
		if (out->len + row.len > room)
			break;
		text_add(out, row.at, row.len);
	}
	return i;
}

/* The table takes what the sections leave. */
static size_t room_left(const struct page *p)
{
	size_t used = p->out->len + p->sections.len + FRAME_MOST;

	return used < COMMENT_MOST ? COMMENT_MOST - used : 0;
}

/* What is behind the FIRST lines, as many as there is room for; where it ends. */
static size_t put_folded(struct page *p, size_t first)
{
	struct text rows = TEXT_IN(p->out->arena);
	size_t count = p->diff->reach_count;
	size_t done = put_rows(p, &rows, first, count, room_left(p));

	text_puts(p->out, "\n<details><summary>");
	if (first)
		text_printf(p->out, "%zu more lines of reach, less risky",
			    done - first);
	else
		text_printf(p->out, done < count
			    ? "The riskiest %zu of %zu lines of reach"
			    : "All %zu lines of reach, the riskiest first",
			    done, count);
	text_puts(p->out, "</summary>\n");
	text_add(p->out, rows.at, rows.len);
	text_puts(p->out, "\n</details>\n");
	return done;
}

static void put_reach(struct page *p)
{
	size_t count = p->diff->reach_count, open, done = 0;
	struct text rows = TEXT_IN(p->out->arena);

	if (!count)
		return;
	open = count <= ROWS_OPEN + 3 ? count : ROWS_OPEN;
	if (open < count && diff_overview(p->out, p->diff))
		open = 0;	/* the overview stands for them */
	if (open)
		done = put_rows(p, &rows, 0, open, room_left(p));
	text_add(p->out, rows.at, rows.len);
	if (done < count && done == open)
		done = put_folded(p, done);
	if (done < count)
		text_printf(&p->left_out, "%zu lines of reach, the least risky; ",
			    count - done);
}

/* --- sections --- */

/* A folded SECTION with TITLE, if it still fits. */
static void put_section(struct page *p, const char *title,
			const struct text *section, const char *what)
{
	if (!section->len)
		return;
	if (p->sections.len + section->len + strlen(title) > SECTIONS_MOST) {
		text_printf(&p->left_out, "%s; ", what);
		return;
	}
	text_printf(&p->sections, "\n<details><summary>%s</summary>\n\n",
		    title);
	text_add(&p->sections, section->at, section->len);
	text_puts(&p->sections, "\n</details>\n");
}

static void put_was_is(struct text *out, const char *was, const char *is)
{
	put_markdown(out, *was ? diff_short(out->arena, was, WORDS_MOST)
			       : "nothing");
	text_puts(out, " \xe2\x86\x92 ");
	put_markdown(out, *is ? diff_short(out->arena, is, WORDS_MOST)
			      : "nothing");
}

static void note_rest(struct text *out, size_t count)
{
	if (count > LISTED)
		text_printf(out, "- and %zu more\n", count - LISTED);
}

static void put_rules(struct page *p, enum fb_rule_change_kind kind,
		      const char *title)
{
	struct text section = TEXT_IN(p->out->arena);
	size_t count = 0;

	for (size_t i = 0; i < p->diff->rule_count; i++) {
		const struct fb_rule_change *r = &p->diff->rules[i];

		if (r->kind != kind || ++count > LISTED)
			continue;
		text_puts(&section, "- ");
		put_place(&section, &r->rule, " ");
		text_printf(&section, ": %s", r->what);
		text_puts(&section, kind == FB_RULE_METADATA ? " " : "");
		if (kind == FB_RULE_METADATA)
			put_was_is(&section, r->was, r->is);
		text_putc(&section, '\n');
	}
	note_rest(&section, count);
	put_section(p, arena_printf(p->out->arena, "%s: %zu", title, count),
		    &section, title);
}

static void put_places(struct page *p)
{
	struct text section = TEXT_IN(p->out->arena);
	const struct fb_diff *diff = p->diff;

	for (size_t i = 0; i < diff->place_count && i < LISTED; i++) {
		const struct fb_place_change *c = &diff->places[i];

		text_printf(&section, "- %s ", c->what);
		if (*c->name)
			put_code(&section, c->name);
		text_printf(&section, " %s: ", diff_where(p->out->arena, diff,
			c->environments, c->environment_count));
		put_was_is(&section, c->was, c->is);
		text_putc(&section, '\n');
	}
	note_rest(&section, diff->place_count);
	put_section(p, arena_printf(p->out->arena, "Addresses: %zu changes",
				    diff->place_count), &section,
		    "changes of addresses");
}

static void put_invariant(struct text *out, const struct fb_invariant_change *v)
{
	text_printf(out, "- **%s** ", diff_invariant_word(v->kind));
	put_place(out, &v->invariant, " ");
	if (*v->detail) {
		text_puts(out, v->kind == FB_INVARIANT_CHANGED ||
			  v->kind == FB_INVARIANT_REMOVED ? ", was: " : ": ");
		put_message(out, diff_short(out->arena, v->detail,
					    2 * WORDS_MOST));
	}
	text_putc(out, '\n');
}

static void put_freezes(struct page *p)
{
	for (size_t i = 0; i < p->diff->freeze_count && i < BROKEN_SHOWN; i++) {
		const struct fb_freeze *f = &p->diff->freezes[i];

		text_printf(p->out, "%s- %s", i ? "" : "\n",
			    diff_freeze_breaks(f) ? "**frozen** " : "");
		put_message(p->out, diff_short(p->out->arena,
			diff_freeze(p->out->arena, f), WORDS_MOST));
		text_puts(p->out, ": ");
		put_message(p->out, diff_short(p->out->arena,
			diff_freeze_result(p->out->arena, f), WORDS_MOST));
		text_putc(p->out, '\n');
	}
	for (size_t i = 0; i < p->diff->told_count && i < BROKEN_SHOWN; i++) {
		if (p->diff->told[i].severity == FB_ERROR)
			continue;	/* that freeze says so itself */
		text_puts(p->out, i || p->diff->freeze_count ? "- " : "\n- ");
		put_message(p->out, p->diff->told[i].message);
		text_putc(p->out, '\n');
	}
}

/* What is broken stands open, before everything else. */
static void put_broken(struct page *p)
{
	for (size_t i = 0; i < p->diff->invariant_count && i < BROKEN_SHOWN;
	     i++)
		if (p->diff->invariants[i].kind <= FB_INVARIANT_REMOVED) {
			text_puts(p->out, i ? "" : "\n");
			put_invariant(p->out, &p->diff->invariants[i]);
		}
	for (size_t i = 0; i < p->diff->unexpected_count && i < BROKEN_SHOWN;
	     i++) {
		text_puts(p->out, i ? "- " : "\n**Not as expected**\n\n- ");
		put_message(p->out, diff_short(p->out->arena,
					       p->diff->unexpected[i],
					       WORDS_MOST));
		text_putc(p->out, '\n');
	}
	if (p->diff->unexpected_count > BROKEN_SHOWN)
		text_printf(p->out, "- and %zu more\n",
			    p->diff->unexpected_count - BROKEN_SHOWN);
}

static void put_invariants(struct page *p)
{
	struct text section = TEXT_IN(p->out->arena);

	for (size_t i = 0; i < p->diff->invariant_count; i++)
		if (p->diff->invariants[i].kind > FB_INVARIANT_REMOVED)
			put_invariant(&section, &p->diff->invariants[i]);
	put_section(p, arena_printf(p->out->arena, "Invariants: %s",
				    diff_invariants(p->out->arena, p->diff)),
		    &section, "changes of invariants");
}

/* A line of a code block; nothing in it ends the block. */
static void put_line(struct text *out, const char *string)
{
	struct text safe = TEXT_IN(out->arena);

	for (; *string; string++)
		text_putc(&safe, *string == '`' || *string == '\n' ||
			  *string == '\r' ? ' ' : *string);
	text_puts(out, diff_short(out->arena, text_string(&safe), WORDS_MOST));
}

static void put_resource_lines(struct text *out, const struct fb_diff *diff)
{
	static const char signs[] = "+~!-";
	const char *group = NULL;

	for (size_t i = 0; i < diff->resource_count && i < LISTED; i++) {
		const struct fb_resource_change *r = &diff->resources[i];

		if (!i || !diff_same_files(r, r - 1)) {
			group = NULL;
			text_puts(out, "@@ ");
			put_line(out, diff_files(out->arena, r->paths,
						 r->path_count));
			text_puts(out, " @@\n");
		}
		if (!group || strcmp(group, r->group) != 0) {
			group = r->group;
			text_puts(out, "  ");
			put_line(out, *group ? group : "groups");
			text_putc(out, '\n');
		}
		text_printf(out, "%c   ", signs[r->kind]);
		put_line(out, *r->was ? r->was : r->is);
		if (*r->was && *r->is) {
			text_puts(out, "  ->  ");
			put_line(out, r->is);
		}
		text_putc(out, '\n');
	}
	if (diff->resource_count > LISTED)
		text_printf(out, "  and %zu more\n",
			    diff->resource_count - LISTED);
}

static void put_resources(struct page *p)
{
	struct text section = TEXT_IN(p->out->arena);
	const struct fb_diff *diff = p->diff;

	if (*diff->outputs_refused) {
		text_puts(&p->sections, "\nThe outputs were not compared: ");
		put_message(&p->sections, diff_short(p->out->arena,
						     diff->outputs_refused,
						     WORDS_MOST));
		text_putc(&p->sections, '\n');
	}
	if (!diff->resource_count)
		return;
	text_puts(&section, "```diff\n");
	put_resource_lines(&section, diff);
	text_puts(&section, "```\n");
	for (size_t i = 0; i < diff->quota_count && i < 3; i++) {
		const struct fb_quota_change *q = &diff->quotas[i];

		text_puts(&section, i ? " \xc2\xb7 " : "\n");
		put_markdown(&section, q->group);
		text_printf(&section, " uses %u of %u, was %u, ", q->is,
			    q->most, q->was);
		if (q->peak > q->is && q->peak > q->was)
			text_printf(&section, "up to %u in between%s, ", q->peak,
				    q->peak > q->most ? " (too many)" : "");
		text_puts(&section, "in ");
		put_markdown(&section, diff_files(section.arena, q->paths,
						  q->path_count));
	}
	text_putc(&section, '\n');
	for (int s = FB_SESSIONS_LIVE_ON; s <= FB_SESSIONS_END; s++)
		for (size_t i = 0; i < diff->resource_count; i++)
			if ((int)diff->resources[i].sessions == s) {
				text_printf(&section, "\nWhere rules go, %s.\n",
					    sessions_text((enum fb_sessions)s));
				break;
			}
	put_section(p, arena_printf(p->out->arena, "What this does to AWS: %s",
				    diff_resources(p->out->arena, diff)),
		    &section, "resources of AWS");
}

static void put_running(struct page *p)
{
	struct text section = TEXT_IN(p->out->arena);
	const struct fb_diff *diff = p->diff;

	for (size_t i = 0; i < diff->file_count && i < LISTED; i++) {
		text_puts(&section, "- ");
		put_markdown(&section, diff->files[i].path);
		text_printf(&section, " %s\n",
			    diff_file_word(diff->files[i].kind));
	}
	note_rest(&section, diff->file_count);
	put_section(p, arena_printf(p->out->arena, "Files: %zu changes",
				    diff->file_count), &section,
		    "changes of files");
	section = TEXT_IN(p->out->arena);
	for (size_t i = 0; i < diff->covered_count && i < LISTED; i++) {
		const struct fb_covered *c = &diff->covered[i];

		text_puts(&section, "- ");
		put_markdown(&section, c->part);
		text_puts(&section, " with ");
		put_markdown(&section, c->file);
		text_printf(&section, ", %s: %s\n", c->target,
			    c->equal ? "equal" : "differs");
	}
	note_rest(&section, diff->covered_count);
	put_section(p, arena_printf(p->out->arena, "Compared: %s",
				    diff_covered(p->out->arena, diff)),
		    &section, "what was compared");
}

/* What no file speaks of stands open: nobody may take it for equal. */
static void put_uncovered(struct page *p)
{
	const struct fb_diff *diff = p->diff;

	if (!diff->uncovered_count)
		return;
	text_puts(p->out, "\n**Not compared**: ");
	for (size_t i = 0; i < diff->uncovered_count && i < LISTED; i++) {
		text_puts(p->out, i ? "; " : "");
		put_markdown(p->out, diff->uncovered[i]);
	}
	if (diff->uncovered_count > LISTED)
		text_printf(p->out, "; and %zu more",
			    diff->uncovered_count - LISTED);
	text_putc(p->out, '\n');
}

static void put_title(struct page *p)
{
	const char *invariants = diff_invariants(p->out->arena, p->diff);

	text_printf(p->out, "<!-- firebreak:diff policy=%s v=1 -->\n",
		    p->diff->policy);
	text_printf(p->out, "### `%s`: %s", p->diff->policy,
		    diff_summary(p->out->arena, p->diff));
	if (p->diff->running)
		text_printf(p->out, " \xc2\xb7 %s",
			    diff_covered(p->out->arena, p->diff));
	if (*invariants)
		text_printf(p->out, " \xc2\xb7 %s", invariants);
	text_putc(p->out, '\n');
}

static void put_foot(struct page *p)
{
	text_puts(p->out, "\n<sub>firebreak " FIREBREAK_VERSION " \xc2\xb7 ");
	put_markdown(p->out, p->diff->old_name);
	text_puts(p->out, " \xe2\x86\x92 ");
	put_markdown(p->out, p->diff->new_name);
	text_puts(p->out, "</sub>\n");
	if (p->left_out.len)
		text_printf(p->out, "\n**Left out for want of room:** %sthe text of `firebreak diff` has all of it.\n",
			    text_string(&p->left_out));
}

void diff_markdown(struct text *out, const struct fb_diff *diff)
{
	struct page p = { out, diff, TEXT_IN(out->arena),
			  TEXT_IN(out->arena) };

	put_resources(&p);
	put_invariants(&p);
	put_rules(&p, FB_RULE_METADATA, "Rules with other metadata");
	put_rules(&p, FB_RULE_SAME_REACH, "Rules rewritten with the same reach");
	put_places(&p);
	put_running(&p);
	put_title(&p);
	put_freezes(&p);
	put_uncovered(&p);
	put_broken(&p);
	if (!diff->reach_count)
		text_puts(out, "\nNo connection opens and none closes.\n");
	put_reach(&p);
	text_add(out, p.sections.at, p.sections.len);
	put_foot(&p);
}
