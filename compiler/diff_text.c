/* A diff on a terminal. */
#include "compiler/diff_render.h"

#include "compiler/base/render.h"
#include "compiler/sessions.h"

#include <string.h>

struct paint {
	const char *alarm, *opens, *moves, *closes, *bold, *dim, *off;
};

static const struct paint plain = { "", "", "", "", "", "", "" };
static const struct paint colours = {
	"\033[1;31m", "\033[1;33m", "\033[1;35m", "\033[1;32m", "\033[1m",
	"\033[2m", "\033[0m",
};

struct drawing {
	struct text *out;
	const struct fb_diff *diff;
	const struct paint *paint;
	const char *all_in;	/* where the rest of a long list stands */
};

enum { WORDS_MOST = 400, INDENT = 10, LISTED = 40, FILES_SHOWN = 8 };

static void put(const struct drawing *d, const char *string)
{
	render_plain(d->out, string);
}

static void put_short(const struct drawing *d, const char *string)
{
	put(d, diff_short(d->out->arena, string, WORDS_MOST));
}

static const char *colour_of(const struct drawing *d, const struct fb_reach *r)
{
	switch (r->kind) {
	case FB_OPENS: case FB_MOVED:
		if (r->breaks)
			return d->paint->alarm;
		return r->kind == FB_OPENS ? d->paint->opens : d->paint->moves;
	case FB_NARROWS: case FB_CLOSES:
		break;
	}
	return r->breaks ? d->paint->alarm : d->paint->closes;
}

static void put_words(const struct drawing *d, const struct fb_words *w)
{
	put_short(d, w->src);
	text_puts(d->out, " -> ");
	put_short(d, w->dst);
	text_puts(d->out, " on ");
	put_short(d, diff_services(d->out->arena, w));
	if (*w->family)
		text_printf(d->out, ", %s only", w->family);
}

static void next_line(const struct drawing *d)
{
	text_putc(d->out, '\n');
	text_fill(d->out, ' ', INDENT);
}

static void put_place(const struct drawing *d, const struct fb_named *n)
{
	put(d, n->name);
	if (!n->file)
		return;
	text_puts(d->out, " (");
	put(d, n->file);
	text_printf(d->out, ":%u%s)", (unsigned)n->line,
		    n->old ? ", gone" : "");
}

static void put_rules(const struct drawing *d, const struct fb_reach *r)
{
	text_puts(d->out, "by ");
	for (size_t i = 0; i < r->rule_count && i < LISTED; i++) {
		text_puts(d->out, i ? ", " : "");
		put_place(d, &r->rules[i]);
	}
	if (r->rule_count > LISTED)
		text_printf(d->out, " and %zu more", r->rule_count - LISTED);
	if (*r->expires && (r->kind == FB_OPENS || r->kind == FB_MOVED)) {
		text_puts(d->out, ", until ");
		put(d, r->expires);
	}
}

static void put_others(const struct drawing *d, const struct fb_reach *r)
{
	bool opens = r->kind == FB_OPENS || r->kind == FB_MOVED;

	text_puts(d->out, opens ? "before: " : "left: ");
	if (!*r->others)
		text_puts(d->out, "nothing between them");
	else
		put_short(d, r->others);
	if (r->others_in_part)
		text_puts(d->out, ", between some of them");
}

/* Of something that runs: on which sides, and by which of its lines. */
static void put_where_it_runs(const struct drawing *d, const struct fb_reach *r)
{
	const char *line = r->lines;

	if (r->side_count) {
		next_line(d);
		text_puts(d->out, "on ");
		put_short(d, diff_sides(d->out->arena, r));
	}
	while (r->side_count && *line) {
		size_t len = strcspn(line, "\n");

		next_line(d);
		text_puts(d->out, line == r->lines ? "in the file: "
						   : "             ");
		put_short(d, arena_copy(d->out->arena, line, len));
		line += len + (line[len] == '\n');
	}
}

static void put_reach(const struct drawing *d, const struct fb_reach *r)
{
	static const char *const signs[] = { "+", ">", "-", "-" };

	text_printf(d->out, "%s%s %-7s%s ", colour_of(d, r), signs[r->kind],
		    diff_verb(r->kind), d->paint->off);
	put_words(d, &r->words);
	if (r->kind == FB_MOVED) {
		next_line(d);
		text_puts(d->out, "was: ");
		put_words(d, &r->from);
		if (strcmp(r->from.src, r->words.src) == 0 &&
		    strcmp(r->from.dst, r->words.dst) == 0)
			text_puts(d->out, " (the same names, at other addresses)");
	}
	next_line(d);
	put(d, diff_where(d->out->arena, d->diff, r->environments,
			  r->environment_count));
	if (*r->reasons) {
		text_printf(d->out, " \xc2\xb7 %s", r->breaks ? d->paint->alarm
			    : d->paint->bold);
		put(d, r->reasons);
		text_puts(d->out, d->paint->off);
	}
	next_line(d);
	put_others(d, r);
	if (r->rule_count) {
		text_puts(d->out, " \xc2\xb7 ");
		put_rules(d, r);
	}
	put_where_it_runs(d, r);
	next_line(d);
	text_printf(d->out, "%se.g. ", d->paint->dim);
	put(d, r->example);
	text_printf(d->out, "%s\n", d->paint->off);
}

static void head(const struct drawing *d, const char *title)
{
	text_printf(d->out, "\n%s%s%s\n", d->paint->bold, title,
		    d->paint->off);
}

static void put_was_is(const struct drawing *d, const char *was,
		       const char *is)
{
	put_short(d, *was ? was : "nothing");
	text_puts(d->out, " -> ");
	put_short(d, *is ? is : "nothing");
}

static void put_rule_changes(const struct drawing *d)
{
	const struct fb_diff *diff = d->diff;

	if (diff_rules(diff, FB_RULE_METADATA))
		head(d, "metadata only");
	for (size_t i = 0; i < diff->rule_count; i++) {
		const struct fb_rule_change *r = &diff->rules[i];

		if (r->kind != FB_RULE_METADATA)
			continue;
		text_puts(d->out, "  ");
		put_place(d, &r->rule);
		text_printf(d->out, ": %s ", r->what);
		put_was_is(d, r->was, r->is);
		text_putc(d->out, '\n');
	}
	if (diff_rules(diff, FB_RULE_SAME_REACH))
		head(d, "same reach");
	for (size_t i = 0; i < diff->rule_count; i++) {
		const struct fb_rule_change *r = &diff->rules[i];

		if (r->kind != FB_RULE_SAME_REACH)
			continue;
		text_puts(d->out, "  ");
		put_place(d, &r->rule);
		text_printf(d->out, ": %s\n", r->what);
	}
}

static void put_places(const struct drawing *d)
{
	if (d->diff->place_count)
		head(d, "addresses");
	for (size_t i = 0; i < d->diff->place_count; i++) {
		const struct fb_place_change *p = &d->diff->places[i];

		text_printf(d->out, "  %s%s%s %s: ", p->what,
			    *p->name ? " " : "", p->name,
			    diff_where(d->out->arena, d->diff, p->environments,
				       p->environment_count));
		put_was_is(d, p->was, p->is);
		text_putc(d->out, '\n');
	}
}

static void put_invariants(const struct drawing *d)
{
	if (d->diff->invariant_count)
		head(d, "invariants");
	for (size_t i = 0; i < d->diff->invariant_count; i++) {
		const struct fb_invariant_change *v = &d->diff->invariants[i];
		bool alarm = v->kind <= FB_INVARIANT_BROKEN;

		text_printf(d->out, "  %s%s%s ", alarm ? d->paint->alarm
			    : d->paint->bold, diff_invariant_word(v->kind),
			    d->paint->off);
		put_place(d, &v->invariant);
		if (*v->detail) {
			text_puts(d->out, v->kind == FB_INVARIANT_CHANGED ||
				  v->kind == FB_INVARIANT_REMOVED
				  ? ": it was `" : ": ");
			put_short(d, v->detail);
			if (v->kind == FB_INVARIANT_CHANGED ||
			    v->kind == FB_INVARIANT_REMOVED)
				text_putc(d->out, '`');
		}
		text_putc(d->out, '\n');
	}
}

static void put_resource(const struct drawing *d,
			 const struct fb_resource_change *r)
{
	static const char signs[] = "+~!-";

	text_printf(d->out, "    %c ", signs[r->kind]);
	put(d, *r->group ? r->group : r->key);
	text_puts(d->out, "  ");
	if (*r->was && *r->is)
		put_was_is(d, r->was, r->is);
	else
		put_short(d, *r->was ? r->was : r->is);
	text_putc(d->out, '\n');
}

static void put_quotas(const struct drawing *d)
{
	for (size_t i = 0; i < d->diff->quota_count && i < 3; i++) {
		const struct fb_quota_change *q = &d->diff->quotas[i];

		text_printf(d->out, "  %s uses %u of %u, was %u, ", q->group,
			    q->is, q->most, q->was);
		if (q->peak > q->is && q->peak > q->was)
			text_printf(d->out, "up to %u in between%s, ", q->peak,
				    q->peak > q->most ? " (too many)" : "");
		text_puts(d->out, "in ");
		put(d, diff_files(d->out->arena, q->paths, q->path_count));
		text_putc(d->out, '\n');
	}
}

/* Once each: what of open connections. */
static void put_sessions(const struct drawing *d)
{
	for (int s = FB_SESSIONS_LIVE_ON; s <= FB_SESSIONS_END; s++)
		for (size_t i = 0; i < d->diff->resource_count; i++)
			if ((int)d->diff->resources[i].sessions == s) {
				text_printf(d->out, "  %s\n",
					    sessions_text((enum fb_sessions)s));
				break;
			}
}

static void put_resources(const struct drawing *d)
{
	const struct fb_diff *diff = d->diff;

	if (*diff->outputs_refused) {
		head(d, diff->running ? "digests" : "outputs");
		text_puts(d->out, "  not compared: ");
		put_short(d, diff->outputs_refused);
		text_putc(d->out, '\n');
		return;
	}
	if (!diff->resource_count)
		return;
	head(d, arena_printf(d->out->arena, "AWS: %s",
			     diff_resources(d->out->arena, diff)));
	for (size_t i = 0; i < diff->resource_count && i < LISTED; i++) {
		const struct fb_resource_change *r = &diff->resources[i];

		if (!i || !diff_same_files(r, r - 1)) {
			text_puts(d->out, "  ");
			put(d, diff_files(d->out->arena, r->paths,
					  r->path_count));
			text_putc(d->out, '\n');
		}
		put_resource(d, r);
	}
	if (diff->resource_count > LISTED)
		text_printf(d->out, "    \xe2\x80\xa6 %zu more (%s has all)\n",
			    diff->resource_count - LISTED, d->all_in);
	put_quotas(d);
	put_sessions(d);
}

static void put_freezes(const struct drawing *d)
{
	if (d->diff->freeze_count)
		head(d, "freeze");
	for (size_t i = 0; i < d->diff->freeze_count; i++) {
		const struct fb_freeze *f = &d->diff->freezes[i];

		text_puts(d->out, "  ");
		put_short(d, diff_freeze(d->out->arena, f));
		text_printf(d->out, ": %s", diff_freeze_breaks(f)
			    ? d->paint->alarm : d->paint->closes);
		put_short(d, diff_freeze_result(d->out->arena, f));
		text_printf(d->out, "%s\n", d->paint->off);
	}
}

static void put_running(const struct drawing *d)
{
	const struct fb_diff *diff = d->diff;
	size_t equal = 0;

	if (diff->file_count)
		head(d, "files of the directory");
	for (size_t i = 0; i < diff->file_count; i++) {
		text_puts(d->out, "  ");
		put(d, diff->files[i].path);
		text_printf(d->out, " %s\n", diff_file_word(diff->files[i].kind));
	}
	if (diff->covered_count)
		head(d, "compared");
	for (size_t i = 0; i < diff->covered_count; i++) {
		const struct fb_covered *c = &diff->covered[i];

		equal += c->equal;
		if (c->equal && diff->covered_count > FILES_SHOWN)
			continue;
		text_puts(d->out, "  ");
		put(d, c->part);
		text_puts(d->out, " with ");
		put(d, c->file);
		text_printf(d->out, ", %s: %s\n", c->target,
			    c->equal ? "equal" : "differs");
	}
	if (diff->covered_count > FILES_SHOWN)
		text_printf(d->out, "  %zu parts are equal (--format json has all)\n",
			    equal);
	if (diff->uncovered_count)
		head(d, "not compared");
	for (size_t i = 0; i < diff->uncovered_count; i++) {
		text_printf(d->out, "  %s", d->paint->alarm);
		put(d, diff->uncovered[i]);
		text_printf(d->out, "%s\n", d->paint->off);
	}
}

static void put_unexpected(const struct drawing *d)
{
	if (d->diff->unexpected_count)
		head(d, "not as expected");
	for (size_t i = 0; i < d->diff->unexpected_count; i++) {
		text_printf(d->out, "  %s", d->paint->alarm);
		put_short(d, d->diff->unexpected[i]);
		text_printf(d->out, "%s\n", d->paint->off);
	}
}

/* "3 rules with other metadata, 2 rules with the same reach". */
static void put_counts(const struct drawing *d)
{
	size_t metadata = diff_rules(d->diff, FB_RULE_METADATA);
	size_t same = diff_rules(d->diff, FB_RULE_SAME_REACH);
	const char *invariants = diff_invariants(d->out->arena, d->diff);

	if (metadata)
		text_printf(d->out, " \xc2\xb7 metadata only %zu", metadata);
	if (same && d->diff->reach_count)
		text_printf(d->out, " \xc2\xb7 %zu rules rewritten with the same reach",
			    same);
	if (d->diff->running)
		text_printf(d->out, " \xc2\xb7 %s",
			    diff_covered(d->out->arena, d->diff));
	if (*invariants)
		text_printf(d->out, " \xc2\xb7 %s%s%s", d->diff->broken
			    ? d->paint->alarm : "", invariants, d->diff->broken
			    ? d->paint->off : "");
}

void diff_text(struct text *out, const struct fb_diff *diff, bool colour)
{
	struct drawing d = { out, diff, colour ? &colours : &plain,
			     "--format json" };

	text_puts(out, d.paint->bold);
	put(&d, diff->policy);
	text_printf(out, ": %s%s", diff_summary(out->arena, diff),
		    d.paint->off);
	put_counts(&d);
	text_putc(out, '\n');
	if (diff->reach_count)
		text_putc(out, '\n');
	for (size_t i = 0; i < diff->reach_count; i++)
		put_reach(&d, &diff->reach[i]);
	put_freezes(&d);
	put_unexpected(&d);
	put_invariants(&d);
	put_rule_changes(&d);
	put_places(&d);
	put_resources(&d);
	put_running(&d);
}

void diff_text_applied(struct text *out, const struct fb_diff *diff, bool colour)
{
	const struct drawing d = { out, diff, colour ? &colours : &plain,
				   "manifest.json" };

	put_resources(&d);
}
