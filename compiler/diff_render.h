/* A diff drawn: thin renderers over one model. */
#ifndef FIREBREAK_COMPILER_DIFF_RENDER_H
#define FIREBREAK_COMPILER_DIFF_RENDER_H

#include "compiler/base/text.h"
#include "compiler/findings/findings.h"
#include "firebreak/diff.h"

void diff_text(struct text *out, const struct fb_diff *diff, bool colour);
/* Only its resources: what applying an output of `compile` does to them. */
void diff_text_applied(struct text *out, const struct fb_diff *diff, bool colour);
void diff_markdown(struct text *out, const struct fb_diff *diff);
void diff_json(struct text *out, const struct fb_diff *diff);

/*
 * A table in Markdown of the ends between which there are lines, and how many;
 * false, and nothing written, when that is hardly shorter than the lines.
 */
bool diff_overview(struct text *out, const struct fb_diff *diff);

/* DIFF as a list of findings, into the empty one at OUT. */
void diff_findings(struct findings *out, const struct fb_diff *diff,
		   enum fb_fail_on fail_on);

/* What they share: words for people. */

/* "opens", "moves", "narrows", "closes". */
const char *diff_verb(enum fb_reach_kind kind);

/* "opens 2, narrows 1", or "same reach". */
const char *diff_summary(struct arena *arena, const struct fb_diff *diff);

/* "all 17 invariants hold", "1 of 17 invariants broken"; "" when not judged. */
const char *diff_invariants(struct arena *arena, const struct fb_diff *diff);

/* "breaks", "added", … */
const char *diff_invariant_word(enum fb_invariant_change_kind kind);

/* "in prod", "in all 8 environments", "in 5 environments (a, b, …)". */
const char *diff_where(struct arena *arena, const struct fb_diff *diff,
		       const char *const *names, size_t count);

/* WORDS' services, with their numbers where they are names. */
const char *diff_services(struct arena *arena, const struct fb_words *words);

/* TEXT cut to MOST bytes, which it says. */
const char *diff_short(struct arena *arena, const char *text, size_t most);

/* How many resources of each kind: "2 rules added, 1 removed"; "" for none. */
const char *diff_resources(struct arena *arena, const struct fb_diff *diff);

/* "prod/aws.tf.json", "in 8 files (a, b, …)". */
const char *diff_files(struct arena *arena, const char *const *paths,
		       size_t count);

/* Do both stand in the same files, as far as a reader is told? */
bool diff_same_files(const struct fb_resource_change *a,
		     const struct fb_resource_change *b);

/* "freeze from 2026-12-15 to 2027-01-06 (year end) in prod except narrowing". */
const char *diff_freeze(struct arena *arena, const struct fb_freeze *freeze);

/* "broken: opens by `night-fix`, e.g. tcp …", "excepted: only narrows". */
const char *diff_freeze_result(struct arena *arena,
			       const struct fb_freeze *freeze);
bool diff_freeze_breaks(const struct fb_freeze *freeze);

/* "appears", "was edited since it was made", … */
const char *diff_file_word(enum fb_file_change_kind kind);

/* "4 files equal, 1 differs"; "nothing". */
const char *diff_covered(struct arena *arena, const struct fb_diff *diff);

/* SIDES of a line, as many as a reader wants. */
const char *diff_sides(struct arena *arena, const struct fb_reach *reach);

/* How many rule changes are of KIND. */
size_t diff_rules(const struct fb_diff *diff, enum fb_rule_change_kind kind);

#endif
