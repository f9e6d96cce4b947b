/*
 * Layout, a paragraph at a time: what stands between two empty lines and has
 * the same depth.  Columns are aligned within a paragraph only, so that a change
 * of one rule moves no line of another paragraph.
 *
 * A paragraph of rules keeps them a line each where all fit; else the attributes
 * of all go to lines of their own.
 */
#include "compiler/fmt.h"

#include "compiler/base/utf8.h"
#include "compiler/fmt_text.h"
#include "grammar/parser.h"
#include "policy.tab.h"

#include <string.h>

enum {
	SHORT = 80,		/* a rule that stays on one line */
	WIDE = 96,		/* where lines are broken */
	STEP = 2,
	DEEPEST = 8,		/* blocks that indent */
	ALIGN_MOST = 40,	/* names that others line up with */
	COMMENT_MOST = 72,	/* lines whose comments line up */
	NOWHERE = -1,
};

enum shape { PLAIN, RULE, EXPECT, DECLARATION, TABLE, PLACE };

struct line {
	size_t from, len;	/* in the body */
	unsigned columns;
	const struct comment *trail;
	bool is_blank_before;
};

struct layout {
	struct arena *arena;
	struct text *out;
	/* the paragraph so far */
	struct text body;
	LIST(struct line) lines;
	/* the line being written */
	size_t from;
	unsigned columns;
	bool has_words;
	bool is_blank_before;
	const struct word *last;
	const struct word *first;	/* its comments are above the sentence */
	unsigned indent;	/* of a line that a comment makes necessary */
};

/* --- lines --- */

static void begin_line(struct layout *l, unsigned indent)
{
	l->from = l->body.len;
	text_fill(&l->body, ' ', indent);
	l->columns = indent;
	l->has_words = false;
	l->last = NULL;
}

static void end_line(struct layout *l, const struct comment *trail)
{
	struct line *line = LIST_PUSH(l->arena, &l->lines);

	*line = (struct line){ l->from, l->body.len - l->from, l->columns,
			       trail, l->is_blank_before };
	l->is_blank_before = false;
}

static void break_line(struct layout *l, unsigned indent)
{
	end_line(l, NULL);
	begin_line(l, indent);
}

static void put_bytes(struct layout *l, const char *at, size_t len,
		      unsigned columns)
{
	text_add(&l->body, at, len);
	l->columns += columns;
	l->has_words = true;
}

static void put_comment_line(struct layout *l, const struct comment *c,
			     unsigned indent)
{
	begin_line(l, indent);
	put_bytes(l, c->at, c->len, c->len);
	end_line(l, NULL);
}

/* Does W follow what is BEFORE it without a space? */
static bool is_glued(const struct word *before, const struct word *w)
{
	return !before || before->kind == TOK_OPEN || w->kind == TOK_COMMA ||
	       w->kind == TOK_SEMICOLON || w->kind == TOK_CLOSE ||
	       w->kind == TOK_COLON;
}

/* The comments in the middle of a sentence, each of which ends its line. */
static void put_comments(struct layout *l, const struct word *w)
{
	const struct comment *trail = w->comments->own_line ? NULL : w->comments;
	uint32_t i = trail != NULL;

	if (l->has_words) {
		end_line(l, trail);
	} else {	/* just broken: the word before is on the last line */
		l->body.len = l->from;
		if (trail)
			l->lines.at[l->lines.count - 1].trail = trail;
	}
	for (; i < w->comment_count; i++)
		put_comment_line(l, &w->comments[i], l->indent);
	begin_line(l, l->indent);
}

static void put_word(struct layout *l, const struct word *w)
{
	if (w->comment_count && w != l->first)
		put_comments(l, w);
	if (!is_glued(l->last, w))
		put_bytes(l, " ", 1, 1);
	put_bytes(l, w->at, w->len, w->columns);
	l->last = w;
}

static void pad_to(struct layout *l, unsigned columns)
{
	if (l->columns >= columns)
		return;
	text_fill(&l->body, ' ', columns - l->columns);
	l->columns = columns;
}

/* The lines with their comments, those of neighbours below each other. */
static void flush(struct layout *l)
{
	const struct line *lines = l->lines.at;
	size_t count = l->lines.count, run = 0;
	unsigned column = 0;

	for (size_t i = 0; i < count; i++) {
		const struct line *line = &lines[i];

		if (i == run) {	/* the next run of lines with comments */
			column = 0;
			for (; run < count && lines[run].trail; run++)
				if (lines[run].columns > column &&
				    lines[run].columns <= COMMENT_MOST)
					column = lines[run].columns;
			run += run == i;
		}
		if (line->is_blank_before)
			text_putc(l->out, '\n');
		text_add(l->out, l->body.at + line->from, line->len);
		if (line->trail) {
			text_fill(l->out, ' ', 2 + (line->columns < column
				? column - line->columns : 0));
			text_add(l->out, line->trail->at, line->trail->len);
		}
		text_putc(l->out, '\n');
	}
	l->lines.count = 0;
	l->body.len = 0;
}

/* --- filling --- */

/* May the line be broken before the I-th of WORDS? */
static bool is_break(const struct word *words, size_t i)
{
	switch (words[i].kind) {
	case TOK_ARROW:
	case TOK_ON:
	case TOK_IN:
	case TOK_EXCEPT:
	case TOK_ABOVE:
		return true;
	default:
		return words[i - 1].kind == TOK_COMMA && !fmt_shifts(&words[i]);
	}
}

static unsigned width_of(const struct word *words, size_t from, size_t to)
{
	unsigned width = 0;

	for (size_t i = from; i < to; i++)
		width += words[i].columns +
			 (i > from && !is_glued(&words[i - 1], &words[i]));
	return width;
}

/* WORDS from FROM to TO, on from where the line is, INDENT where it is full. */
static void fill(struct layout *l, const struct word *words, size_t from,
		 size_t to, unsigned indent)
{
	l->indent = indent;
	for (size_t i = from; i < to;) {
		size_t end = i + 1;

		while (end < to && !is_break(words, end))
			end++;
		if (i > from && l->has_words && is_break(words, i) &&
		    l->columns + 1 + width_of(words, i, end) > WIDE)
			break_line(l, indent);
		for (; i < end; i++)
			put_word(l, &words[i]);
	}
}

/* --- attributes --- */

static bool is_attribute(int kind)
{
	switch (kind) {
	case TOK_OWNER: case TOK_TICKET: case TOK_REASON: case TOK_EXPIRES:
	case TOK_EMERGENCY: case TOK_REVIEWED: case TOK_APPROVED: case TOK_PARTY: case TOK_LOG:
	case TOK_WAIVES: case TOK_CONTROLS: case TOK_SEVERITY:
	case TOK_TRANSITIVELY: case TOK_AVOIDING: case TOK_OUTBOUND:
	case TOK_INBOUND: case TOK_IN:
		return true;
	default:
		return false;
	}
}

/* Is the word behind KIND a name, whatever it looks like? */
static bool wants_name(int kind)
{
	switch (kind) {
	case TOK_COMMA: case TOK_EXCEPT: case TOK_ARROW: case TOK_ON:
	case TOK_ABOVE: case TOK_OPEN: case TOK_BY: case TOK_WITHIN:
	case TOK_MOST: case TOK_ALLOW: case TOK_NEVER: case TOK_ONLY:
	case TOK_CONFINE: case TOK_MUST: case TOK_ISOLATE: case TOK_TIERS:
	case TOK_REACH: case TOK_PARITY: case TOK_EACH:
		return true;
	default:
		return is_attribute(kind) && kind != TOK_LOG &&
		       kind != TOK_TRANSITIVELY && kind != TOK_APPROVED &&
		       kind != TOK_OUTBOUND && kind != TOK_INBOUND;
	}
}

/* Where the attribute begins that is at or behind I, at most at S's end. */
static size_t attribute_from(const struct sentence *s, size_t i)
{
	/* `expect yes:` is followed by a name, another label by a verb */
	bool name = i > 0 && (wants_name(s->words[i - 1].kind) ||
			      (s->words[0].kind == TOK_EXPECT && i == 2));

	for (; i < s->count; i++) {
		int kind = s->words[i].kind;

		if (name && kind != TOK_OPEN) {
			name = false;
			continue;
		}
		if (is_attribute(kind) && s->words[i + 1].kind != TOK_WITHIN)
			return i;
		name = wants_name(kind);
	}
	return i;
}

/* The end of what a rule says: behind it who, why and until when. */
static size_t head_end(const struct sentence *s)
{
	size_t i = attribute_from(s, s->words[0].kind == TOK_EXPECT ? 2 : 1);

	while (i < s->count && (s->words[i].kind == TOK_IN ||
				s->words[i].kind == TOK_TRANSITIVELY ||
				s->words[i].kind == TOK_OUTBOUND ||
				s->words[i].kind == TOK_INBOUND ||
				s->words[i].kind == TOK_AVOIDING))
		i = attribute_from(s, i + 1);
	return i == s->count ? i - 1 : i;	/* the `;` stays with it */
}

/*
 * Prose and dates begin a line, unless there is hardly anything on it yet: the
 * reason of a change is found at once, and changes alone.
 */
static bool begins_line(int kind, unsigned on_line, bool has_reason)
{
	return (kind == TOK_REASON || kind == TOK_EXPIRES ||
		kind == TOK_WAIVES) && (on_line > 1 || has_reason);
}

static void put_attributes(struct layout *l, const struct sentence *s,
			   size_t from, unsigned indent)
{
	unsigned on_line = 0;
	bool has_reason = false;

	break_line(l, indent);
	while (from < s->count) {
		int kind = s->words[from].kind;
		size_t end = attribute_from(s, from + 1);
		unsigned width = width_of(s->words, from, end);

		if (on_line && (begins_line(kind, on_line, has_reason) ||
				l->columns + 1 + width > WIDE)) {
			break_line(l, indent);
			on_line = 0;
			has_reason = false;
		}
		l->indent = indent;
		put_word(l, &s->words[from]);
		fill(l, s->words, from + 1, end, indent + STEP);
		on_line++;
		has_reason |= kind == TOK_REASON;
		from = end;
	}
}

/* --- shapes --- */

static bool is_labelled(const struct sentence *s)
{
	return s->count > 2 && (s->words[0].kind == TOK_LABEL ||
				s->words[1].kind == TOK_COLON);
}

static enum shape shape_of(const struct sentence *s)
{
	int kind = s->count > 2 ? s->words[0].kind : TOK_END;
	bool is_place = s->count > 3 && s->words[2].kind == TOK_WORD;

	if (s->end != ENDS_STATEMENT)
		return PLAIN;
	if (is_labelled(s))
		return RULE;
	switch (kind) {
	case TOK_EXPECT:
		return EXPECT;
	case TOK_LAYER:
		return is_place ? TABLE : DECLARATION;
	case TOK_NETWORK:
		return is_place ? PLACE : DECLARATION;
	case TOK_GROUP:
	case TOK_SERVICE:
		return DECLARATION;
	default:
		return PLAIN;
	}
}

static bool has_comments_inside(const struct sentence *s)
{
	for (size_t i = 1; i < s->count; i++)
		if (s->words[i].comment_count)
			return true;
	return false;
}

static unsigned indent_of(const struct sentence *s)
{
	return STEP * (s->depth < DEEPEST ? s->depth : DEEPEST);
}

/* What the sentences of one group of a paragraph have in common. */
struct group {
	const struct sentence *at;
	size_t count;
	unsigned indent;
	unsigned name;		/* width of what comes first: label; keyword and name */
	unsigned title;		/* of the text behind it where something follows */
	bool broken;		/* attributes on lines of their own */
	unsigned cells[WIDE];	/* widths of a table's columns */
	unsigned columns;	/* of a table */
};

/* Words of the part that is aligned: a label; `layer NAME`. */
static size_t name_words(enum shape shape, const struct sentence *s)
{
	if (shape == RULE)
		return s->words[0].kind == TOK_LABEL ? 1 : 2;
	return shape == PLAIN ? 1 : 2;
}

static unsigned name_width(enum shape shape, const struct sentence *s)
{
	return width_of(s->words, 0, name_words(shape, s));
}

static void measure_names(struct group *g, enum shape shape)
{
	for (size_t i = 0; i < g->count; i++) {
		unsigned width = name_width(shape, &g->at[i]);

		if (width > g->name && width <= ALIGN_MOST)
			g->name = width;
	}
	if (shape == EXPECT)
		g->name = sizeof "expect yes:" - 1;
}

/* The first words of S, and what follows lined up with the group's. */
static size_t put_name(struct layout *l, const struct group *g,
		       enum shape shape, const struct sentence *s)
{
	size_t n = name_words(shape, s);

	for (size_t i = 0; i < n; i++)
		put_word(l, &s->words[i]);
	if (s->words[n].kind != TOK_SEMICOLON && !s->words[n].comment_count)
		pad_to(l, g->indent + g->name);
	return n;
}

/* --- rules --- */

static void measure_rules(struct group *g, enum shape shape)
{
	measure_names(g, shape);
	for (size_t i = 0; i < g->count && !g->broken; i++) {
		const struct sentence *s = &g->at[i];
		size_t n = name_words(shape, s);
		unsigned name = name_width(shape, s);

		if (head_end(s) == s->count - 1)
			continue;	/* nothing to break off */
		name = name > g->name ? name : g->name;
		g->broken = has_comments_inside(s) ||
			    g->indent + name + 1 +
				width_of(s->words, n, s->count) > SHORT;
	}
}

static void put_rule(struct layout *l, const struct group *g,
		     enum shape shape, const struct sentence *s)
{
	size_t n = put_name(l, g, shape, s), head = head_end(s);
	bool has_attributes = head < s->count - 1;

	if (!g->broken || !has_attributes)
		head = s->count;
	fill(l, s->words, n, head, g->indent + 2 * STEP);
	if (head < s->count)
		put_attributes(l, s, head, g->indent + STEP);
}

/* --- declarations --- */

/* Where the next part of a layer or network begins: a flag, or addresses. */
static size_t part_from(const struct sentence *s, size_t i)
{
	for (; i < s->count; i++) {
		int before = s->words[i - 1].kind, kind = s->words[i].kind;

		if (kind == TOK_EQUALS || kind == TOK_SHARED_HOSTS)
			return i;
		if ((kind == TOK_PREFIX_LIST || kind == TOK_VIA) &&
		    before != TOK_VIA)
			return i;
	}
	return i;
}

static bool has_title(const struct sentence *s)
{
	return s->count > 4 && s->words[2].kind == TOK_STRING;
}

static bool is_flat(const struct group *g, const struct sentence *s,
		    unsigned title)
{
	size_t n = has_title(s) ? 3 : 2;
	unsigned name = name_width(DECLARATION, s), width;

	name = name > g->name ? name : g->name;
	if (n == 3) {
		width = s->words[2].columns;
		name += 1 + (width > title ? width : title);
	}
	return !has_comments_inside(s) &&
	       g->indent + name + 1 + width_of(s->words, n, s->count) <= WIDE;
}

static void measure_declarations(struct group *g)
{
	measure_names(g, DECLARATION);
	for (size_t i = 0; i < g->count; i++)
		if (has_title(&g->at[i]) && is_flat(g, &g->at[i], 0) &&
		    g->at[i].words[2].columns > g->title)
			g->title = g->at[i].words[2].columns;
	for (size_t i = 0; i < g->count; i++)
		if (is_flat(g, &g->at[i], 0) && !is_flat(g, &g->at[i], g->title)) {
			g->title = 0;
			return;
		}
}

/* A layer or network; groups and services are one list. */
static bool has_parts(const struct sentence *s)
{
	return s->words[0].kind == TOK_LAYER || s->words[0].kind == TOK_NETWORK;
}

static void put_declaration(struct layout *l, const struct group *g,
			    const struct sentence *s)
{
	size_t n = put_name(l, g, DECLARATION, s), part;
	unsigned indent = g->indent + STEP;
	bool flat = is_flat(g, s, g->title);

	l->indent = indent;
	if (has_title(s)) {
		put_word(l, &s->words[n++]);
		if (flat)
			pad_to(l, g->indent + g->name + 1 + g->title);
	}
	part = has_parts(s) ? part_from(s, n) : s->count;
	fill(l, s->words, n, part, indent);
	for (size_t end; part < s->count; part = end) {
		end = part_from(s, part + 1);
		if (!flat && (l->columns + 1 +
			      width_of(s->words, part, end) > WIDE ||
			      part == n))
			break_line(l, indent);
		fill(l, s->words, part, end, indent + STEP);
	}
}

/* --- tables of addresses --- */

static bool is_ipv6(const struct word *w)
{
	return memchr(w->at, ':', w->len) != NULL;
}

/*
 * The cell at I, an address with its comma: its place in the row, which begins
 * anew with each family and where it is full.
 */
static unsigned next_place(const struct sentence *s, size_t i, unsigned place,
			   unsigned most)
{
	bool same = i >= 4 && is_ipv6(&s->words[i]) == is_ipv6(&s->words[i - 2]);

	return same && place + 1 < most ? place + 1 : 0;
}

static void measure_table(struct group *g)
{
	unsigned widest = 1, room;

	measure_names(g, TABLE);
	for (size_t i = 0; i < g->count; i++)
		for (size_t k = 2; k + 1 < g->at[i].count; k += 2)
			if (g->at[i].words[k].columns > widest)
				widest = g->at[i].words[k].columns;
	room = g->indent + g->name + 1 < WIDE
		? WIDE - g->indent - g->name - 1 : 1;
	g->columns = (room + 1) / (widest + 2);
	g->columns = g->columns ? g->columns : 1;
	for (size_t i = 0; i < g->count; i++) {
		const struct sentence *s = &g->at[i];
		unsigned place = 0;

		for (size_t k = 2; k + 1 < s->count; k += 2) {
			place = next_place(s, k, place, g->columns);
			if (s->words[k].columns + 1 > g->cells[place])
				g->cells[place] = s->words[k].columns + 1;
		}
	}
}

static void put_table(struct layout *l, const struct group *g,
		      const struct sentence *s)
{
	size_t n = put_name(l, g, TABLE, s);
	unsigned start = l->columns + 1, place = 0, column = start;

	l->indent = start;
	for (size_t k = n; k + 1 < s->count; k += 2) {
		unsigned now = k == n ? 0 : next_place(s, k, place, g->columns);

		if (k > n && now == 0 && l->has_words &&
		    !s->words[k].comment_count && !fmt_shifts(&s->words[k]))
			break_line(l, start);
		column = now ? column + g->cells[place] + 1 : start;
		place = now;
		if (now && l->last)
			pad_to(l, column - 1);
		put_word(l, &s->words[k]);
		put_word(l, &s->words[k + 1]);
	}
}

/* --- the rest --- */

static void put_list(struct layout *l, const struct group *g,
		     enum shape shape, const struct sentence *s)
{
	size_t n = shape == PLACE ? put_name(l, g, shape, s) : 1;

	if (shape != PLACE)
		put_word(l, &s->words[0]);
	fill(l, s->words, n, s->count, l->columns + 1);
}

/* --- paragraphs --- */

static void put_lead(struct layout *l, const struct sentence *s,
		     unsigned indent, bool may_be_blank)
{
	for (uint32_t i = 0; i < s->lead_count; i++) {
		l->is_blank_before = s->lead[i].blank_before &&
				     (i || may_be_blank);
		put_comment_line(l, &s->lead[i], indent);
	}
	l->is_blank_before = s->lead_count
		? s->count && s->words->blank_before
		: s->blank_before && may_be_blank;
}

static void put_sentence(struct layout *l, const struct group *g,
			 enum shape shape, const struct sentence *s)
{
	begin_line(l, g->indent);
	l->indent = g->indent + STEP;
	l->first = s->words;
	switch (shape) {
	case RULE:
	case EXPECT:
		put_rule(l, g, shape, s);
		break;
	case DECLARATION:
		put_declaration(l, g, s);
		break;
	case TABLE:
		put_table(l, g, s);
		break;
	case PLAIN:
	case PLACE:
		put_list(l, g, shape, s);
		break;
	}
	end_line(l, s->trail);
}

static void measure(struct group *g, enum shape shape)
{
	switch (shape) {
	case RULE:
	case EXPECT:
		measure_rules(g, shape);
		break;
	case DECLARATION:
		measure_declarations(g);
		break;
	case TABLE:
		measure_table(g);
		break;
	case PLACE:
		measure_names(g, shape);
		break;
	case PLAIN:
		break;
	}
}

/* An empty line before S, or between what is above it and S. */
static bool begins_paragraph(const struct sentence *s)
{
	if (s->blank_before || s->end != ENDS_STATEMENT ||
	    s->words->blank_before)
		return true;
	for (uint32_t i = 0; i < s->lead_count; i++)
		if (s->lead[i].blank_before)
			return true;
	return false;
}

/* Sentences from the first of S that line up with it. */
static size_t group_of(const struct sentence *s, size_t count,
		       enum shape shape)
{
	size_t n = 1;

	while (n < count && s->end == ENDS_STATEMENT &&
	       !begins_paragraph(&s[n]) && shape_of(&s[n]) == shape &&
	       (shape == RULE || s[n].words->kind == s->words->kind))
		n++;
	return n;
}

static void lay_out(struct layout *l, const struct fmt_text *text)
{
	const struct sentence *s = text->sentences;
	bool is_first = true;	/* of its block */

	for (size_t i = 0; i < text->count;) {
		enum shape shape = shape_of(&s[i]);
		struct group g = { .at = &s[i], .indent = indent_of(&s[i]),
				   .count = group_of(&s[i], text->count - i,
						     shape) };

		measure(&g, shape);
		if (begins_paragraph(&s[i]))
			flush(l);
		for (size_t k = 0; k < g.count; k++, is_first = false) {
			bool closes = s[i + k].end == CLOSES_BLOCK;

			put_lead(l, &s[i + k], g.indent + (closes ? STEP : 0),
				 !is_first);
			if (closes)
				l->is_blank_before = false;
			if (s[i + k].count)
				put_sentence(l, &g, shape, &s[i + k]);
		}
		i += g.count;
		is_first = s[i - 1].end == OPENS_BLOCK;
	}
	flush(l);
}

static enum fmt_result check(struct arena *arena, struct diags *diags,
			     struct sources *sources, const struct source *from,
			     const struct fmt_text *text, const struct text *out)
{
	struct diags own = { .arena = arena };
	const struct source *again =
		source_add(sources, from->name, text_string(out), out->len);
	const struct fmt_text *read =
		again ? fmt_read(arena, &own, again) : NULL;

	if (read && fmt_is_same(text, read))
		return FMT_DONE;
	diag_add(diags, P0905, (struct span){ 0 },
		 "the layout of `%.200s` would say something else", from->name);
	return FMT_FAULT;
}

enum fmt_result fmt_source(struct arena *arena, struct diags *diags,
			   struct sources *sources, const struct source *source,
			   struct text *out)
{
	const struct fmt_text *text = fmt_read(arena, diags, source);
	struct layout l = { .arena = arena, .out = out,
			    .body = TEXT_IN(arena) };

	if (!text)
		return FMT_MISTAKES;
	lay_out(&l, text);
	return check(arena, diags, sources, source, text, out);
}
