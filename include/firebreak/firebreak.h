/*
 * firebreak as a library: a policy in, proved firewall rules out.
 *
 * A context holds one policy and everything that was said about it.  Functions
 * return an enum fb_status; what is wrong with the policy is in the context's
 * diagnostics.  The library never prints, exits, reads the clock, the locale or
 * the environment, and keeps no mutable global: contexts are independent, each
 * to be used by one thread at a time.
 */
#ifndef FIREBREAK_FIREBREAK_H
#define FIREBREAK_FIREBREAK_H

#include "firebreak/diag.h"
#include "firebreak/quota.h"

#include <stdbool.h>

#define FIREBREAK_VERSION "0.1.0"

enum fb_status {
	FB_OK,		/* nothing to report */
	FB_NO,		/* the answer is no: broken, not equal, cannot be said */
	FB_BAD,		/* could not answer: the input is wrong or unreadable */
	FB_FAULT,	/* an output failed its proof: our fault, nothing handed out */
	FB_MEMORY,	/* the memory limit was reached; the context only takes fb_limit() and fb_free() */
};

struct fb;
struct fb_diff;		/* firebreak/diff.h */

struct fb_options {
	uint32_t as_of;		/* the day that dates are judged by: days since 1970-01-01, UTC */
	size_t memory;		/* limit in bytes; 0: none */
	bool recheck;		/* look at every proof a second time, by naive arithmetic */
};

/* A new context, or NULL without memory.  To be freed with fb_free(). */
struct fb *fb_new(const struct fb_options *options);
void fb_free(struct fb *fb);

/*
 * After FB_MEMORY: what of the policy grew beyond all bounds and the rules that
 * cost most, or "" when memory itself ended.  Belongs to the context.
 */
const char *fb_limit(const struct fb *fb);

/* "2027-03-31" as the number of its day.  False when it is no date. */
bool fb_day(const char *text, uint32_t *day);

/*
 * Read the policy at PATH (a file, or a directory with a main.fbk) and all it
 * includes.  Once a context.  FB_BAD when anything is wrong with it.
 */
enum fb_status fb_load(struct fb *fb, const char *path);

/* The same with the directory ROOT, which no include leaves, given. */
enum fb_status fb_load_below(struct fb *fb, const char *root, const char *path);

/*
 * The same for LEN bytes of TEXT known as NAME, which may include files of the
 * current directory.
 */
enum fb_status fb_load_text(struct fb *fb, const char *name, const char *text,
			    size_t len);

/* Files that are not on disk: of a revision in a repository, of an archive. */
enum fb_found { FB_NOTHING, FB_FILE, FB_DIRECTORY };

struct fb_reader {
	void *context;
	/* What is at PATH, which begins at the top, without a `/`; "": the top. */
	enum fb_found (*find)(void *context, const char *path);
	/*
	 * The bytes of the file at PATH, *LEN of them, valid until the next call;
	 * or NULL with *WHY.
	 */
	const char *(*read)(void *context, const char *path, size_t *len,
			    const char **why);
};

/* fb_load() through READER, which is needed only until this returns. */
enum fb_status fb_load_from(struct fb *fb, const char *path,
			    const struct fb_reader *reader);

struct fb_summary {
	size_t rules, expired, invariants, broken, expects, unmet, environments;
	bool reviews;		/* asked for */
	size_t overdue, due;	/* rules; due: those, and within 14 days */
	size_t emergencies;	/* rules that an emergency opened */
	size_t unreviewed;	/* of them: whose review should have been by now */
	size_t waived;		/* invariants that only rules break that waive them */
	size_t lints;		/* warnings about what is said in vain: P08 */
};

/* Check every invariant and date.  *OUT is the count of what was found. */
enum fb_status fb_check(struct fb *fb, struct fb_summary *out);

/* One file of an output; all of it belongs to the context. */
struct fb_output {
	const char *path;	/* relative, with `/` */
	const char *bytes;
	size_t len;
};

/*
 * What the outputs that look for violations of INVARIANT do not look at, for
 * people; without a scope they do not look for it at all.
 */
struct fb_unwatched {
	const char *invariant, *what;
	bool has_scope;
};

struct fb_compilation {
	const struct fb_output *outputs;	/* manifest.json last */
	size_t count;
	size_t sides;		/* claims proved */
	/* of AWS's security groups: by environment, group, direction, family */
	const struct fb_quota *quotas;
	size_t quota_count;
	const struct fb_list_weight *weights;
	size_t weight_count;
	/* after fb_previous(): resources and quotas of what applying it changes */
	const struct fb_diff *applied;
	/* are there outputs that look for violations of invariants? */
	bool watches;
	const struct fb_unwatched *unwatched;	/* by invariant */
	size_t unwatched_count;
	size_t invariant_count;
};

/* Paths, relative, with `/`; they belong to the context. */
struct fb_paths {
	const char *const *at;
	size_t count;
};

/* What ran, as somebody captured it: a file that fb_prove() reads. */
struct fb_capture {
	const char *name;	/* of the file; its last part stands in the bundle */
	const char *bytes;
	size_t len;
};

/*
 * Before fb_compile(): the account that CAPTURE, whose bytes stay, is of.  Beside
 * the Terraform of each environment stands imports.tf.json then, with an import
 * block for each group and rule that it has; of what is new P0616 tells.
 */
void fb_adopt(struct fb *fb, const struct fb_capture *capture);

/*
 * Before fb_compile(): the build whose outputs are in use.  LEN BYTES are its
 * manifest, known as NAME; *OUT are the outputs that it lists.  Those that are
 * brought (the *.tf.json, which name what Terraform keeps) let the next
 * compilation say what has only another name.  FB_BAD: told, as P0608.
 */
enum fb_status fb_previous(struct fb *fb, const char *name, const char *bytes,
			   size_t len, struct fb_paths *out);
enum fb_status fb_previous_file(struct fb *fb, const char *path,
				const char *bytes, size_t len);

/*
 * Compile for TARGETS (comma-separated names, "all", NULL: Terraform and nftables), for the environment
 * ONLY ("customer.env", NULL: all).  Every output was read back and proved equal
 * to the policy; with any status but FB_OK *OUT is empty.
 */
enum fb_status fb_compile(struct fb *fb, const char *targets, const char *only,
			  struct fb_compilation *out);

/*
 * What applying MADE changes where the build of fb_previous() is applied, for
 * people, with what becomes of connections that are open; "" for nothing.  It
 * belongs to FB; NULL without memory.
 */
const char *fb_applied_text(struct fb *fb, const struct fb_compilation *made,
			    bool colour);

/*
 * Is the artefact of LEN BYTES, known as NAME, exactly what this policy means?
 * FB_OK equal, FB_NO not equal (told, with a packet), FB_BAD not understood.
 */
enum fb_status fb_prove(struct fb *fb, const char *name, const char *bytes,
			size_t len);

/*
 * The same of an artefact that has to be PART's, `prod.data` or `prod.gateway`:
 * what `nft -j list ruleset` prints does not always say whose it is.
 */
enum fb_status fb_prove_part(struct fb *fb, const char *part, const char *name,
			     const char *bytes, size_t len);

/* A commit as the history has it; strings are never NULL, "" for nothing. */
struct fb_commit {
	const char *hash, *day;		/* "2026-08-10", of the commit */
	const char *author, *email, *subject;
	const char *tickets;		/* of its trailers Ticket:, ", " between */
	const char *approvers;		/* of Approved-by: and Reviewed-by:, likewise */
};

/* A commit of a period that was made on a day of a freeze. */
struct fb_freeze_step {
	size_t commit;			/* its number in the period */
	/*
	 * The policy before and after it, loaded without mistakes for its day; both
	 * NULL when one of them cannot be read: then nobody can judge the commit.
	 */
	struct fb *before, *after;
	/* of fb_history_read(): their first files in the bundle; "" for none */
	const char *main_before, *main_after;
};

/* A period: the policy before, and every commit that touched it since. */
struct fb_since {
	struct fb *before;		/* loaded without mistakes */
	const char *name;		/* the revision, as given */
	const char *from, *to;		/* hashes: of it, and of the newest commit */
	const char *path;		/* what the commits touched, from the top */
	bool uncommitted;		/* the sources differ from those of the newest */
	const struct fb_commit *commits;	/* newest first */
	size_t commit_count;
	const struct fb_freeze_step *steps;	/* newest first */
	size_t step_count;
};

/* Is DAY one of a freeze of FB's policy? */
bool fb_is_frozen(const struct fb *fb, uint32_t day);

struct fb_report_options {
	const char *controls;		/* packs of controls, comma-separated; NULL: all */
	const char *classification;	/* "Confidential": stands on the report; NULL: none */
	bool oscal;			/* also oscal.json: OSCAL assessment-results 1.0.6 */
	const struct fb_since *since;	/* NULL: the report shows a state only */
	/* approvals.json as a forge's export, see schemas/approvals.schema.json; NULL */
	const char *approvals;
	size_t approvals_len;
	/* live as long as the context; of environments without one nothing is proved */
	const struct fb_capture *captures;
	size_t capture_count;
};

/*
 * The evidence bundle: the report as HTML, Markdown, JSON and CSV, an index of
 * its environments, sources, outputs, and MANIFEST.sha256 last.  FB_NO with a bundle when something is
 * wrong with the policy's promises: the report says what, and has no outputs.
 * FB_BAD, and no bundle, when the policy cannot be read.
 */
enum fb_status fb_report(struct fb *fb, const struct fb_report_options *options,
			 struct fb_compilation *out);

/* How a bundle was made, as its model.json says. */
struct fb_bundle {
	char version[64];		/* of firebreak */
	char main[4096];		/* the policy's first file, below sources/ */
	char main_before[4096];		/* likewise below before/; "": no period */
	char controls[512], classification[512];	/* "": none given */
	uint32_t as_of;
};

/* Read LEN BYTES of model.json.  False when it is none, or too strange. */
bool fb_bundle_read(const char *bytes, size_t len, struct fb_bundle *out);

/*
 * The period that LEN BYTES of a bundle's history.json tell, `before` left out;
 * it and its strings belong to FB.  NULL when the file is none.
 */
struct fb_since *fb_history_read(struct fb *fb, const char *bytes, size_t len);

/* SHA-256 of LEN BYTES as 64 hexadecimal digits and a NUL. */
void fb_digest(const char *bytes, size_t len, char out[65]);

/*
 * The one layout of the LEN bytes of policy TEXT, known as NAME: *OUT with
 * *OUT_LEN bytes and a NUL, in the context.  Tokens, comments and empty lines are
 * those of TEXT; names are not looked up and includes not followed.  FB_BAD when
 * it does not parse; FB_FAULT when the layout, read again, is not the same text.
 */
enum fb_status fb_lay_out(struct fb *fb, const char *name, const char *text,
			 size_t len, const char **out, size_t *out_len);

/* --- the running system --- */

/* What fb_apply() does, in this order; some more than once. */
enum fb_step {
	FB_STEP_CHECK,		/* the policy's promises */
	FB_STEP_LOWER,		/* the part as a ruleset, and as text */
	FB_STEP_PROVE_TEXT,	/* read back and proved before it is loaded */
	FB_STEP_COMPARE,	/* with what runs: are some elements enough? */
	FB_STEP_BUILD,		/* as messages to the kernel */
	FB_STEP_SEND,		/* the kernel takes them in */
	FB_STEP_READ,		/* what it then has */
	FB_STEP_PROVE,
	FB_STEP_FLOWS,		/* of fb_apply_flows() */
	FB_STEPS,
};

/* Called when a step begins, which ends the one before; NULL: nobody looks. */
struct fb_watch {
	void (*begins)(void *context, enum fb_step step);
	void *context;
};

/*
 * Proofs of what the kernel has, kept by the caller from one run to the next,
 * where only who may change the kernel's rules can write.  NAME has letters,
 * digits, `_` and `-`.  PROOF is some lines of text, the same only while the
 * ruleset of this network namespace is untouched, and for the same policy, day
 * and version of firebreak; which boot it is, and which build of the program,
 * the caller adds.
 */
struct fb_proofs {
	void *context;
	/* Was PROOF, byte for byte, the last that was kept under NAME? */
	bool (*known)(void *context, const char *name, const char *proof);
	void (*keep)(void *context, const char *name, const char *proof);
};

struct fb_apply {
	bool dry_run;		/* all but the loading */
	bool end_flows;		/* fb_apply_flows() is to end them: can it? */
	struct fb_watch watch;
	const struct fb_proofs *proofs;	/* NULL: none are kept */
};

/* What was loaded, or on a dry run would be. */
enum fb_change {
	FB_CHANGE_UNKNOWN,	/* a dry run, and the kernel does not say what it has */
	FB_CHANGE_WHOLE,	/* another ruleset in place of what was there */
	FB_CHANGE_ELEMENTS,	/* some in the ruleset that runs */
	FB_CHANGE_NOTHING,	/* it is there already */
};

struct fb_applied {
	const char *bytes;	/* the same ruleset as text; belongs to the context */
	size_t len;
	enum fb_change change;
	size_t added, removed;	/* elements, of FB_CHANGE_ELEMENTS */
};

/*
 * Load PART of the policy, "prod.data", "customer.prod.data" or "prod.gateway",
 * into this network namespace, after checking it as fb_compile() does, and
 * prove what the kernel then has.  What was there before waits, in the kernel or,
 * where only elements changed, in this context, which alone can undo it: end with
 * fb_apply_keep() or fb_apply_undo().  FB_NO: the policy does not hold; FB_BAD:
 * the kernel refused, nothing has changed; FB_FAULT: what was loaded could not
 * be proved, and was undone.
 */
enum fb_status fb_apply(struct fb *fb, const char *part,
			const struct fb_apply *how, struct fb_applied *out);
enum fb_status fb_apply_keep(struct fb *fb, const char *part);
enum fb_status fb_apply_undo(struct fb *fb, const char *part);

/*
 * Connections that are open, and that the rules of PART would not let begin:
 * told, with examples; with END they are ended, and no others.  All that is
 * established has been let pass by the rules before, and is by these.  FB_BAD:
 * they cannot be listed, or not be ended.
 */
struct fb_flows {
	size_t all;	/* open, and such as PART decides on */
	size_t stale;
};
enum fb_status fb_apply_flows(struct fb *fb, const char *part, bool end,
			      struct fb_flows *out);

/* A policy drafted from a capture. */
struct fb_draft {
	const char *text;	/* laid out as fb_lay_out() does */
	size_t len, gaps;
};

/*
 * COUNT captures of one account as one, which belongs to FB: elements that are the
 * same in two of them once.  FB_BAD: told, as P0601.
 */
enum fb_status fb_join(struct fb *fb, const struct fb_capture *captures,
		       size_t count, struct fb_capture *out);

/*
 * Draft a policy that says what LEN bytes of a capture, known as NAME, say.
 * FB_NO: it leaves something out, each told as P0610; FB_BAD: the capture is
 * not understood, and there is none.
 */
enum fb_status fb_draft(struct fb *fb, const char *name, const char *bytes,
			size_t len, struct fb_draft *out);

/*
 * Is what the kernel has now exactly what this policy means?  As fb_prove().
 * What PROOFS knows to be untouched since it was proved is not read again; NULL,
 * or with the option `recheck`: everything is.
 */
struct fb_live {
	bool unchanged;		/* equal, and nothing had to be read */
	uint32_t generation;	/* of the kernel's ruleset then; 0: it does not say */
};
enum fb_status fb_prove_live(struct fb *fb, const struct fb_proofs *proofs,
			     struct fb_live *out);

/* What was said so far, in source order. */
const struct fb_diag *fb_diagnostics(struct fb *fb, size_t *count);

/* Where SPAN is.  file is NULL for nowhere. */
struct fb_place fb_place(struct fb *fb, struct span span);

/*
 * The diagnostics as people read them.  Belongs to the context; NULL when memory
 * ran out.
 */
struct fb_style {
	size_t most;	/* errors; 0: all */
	bool notes;	/* also those that are neither error nor warning */
	bool colour;	/* ANSI */
};
const char *fb_render(struct fb *fb, const struct fb_style *style);

/*
 * "Did you mean": the one of COUNT WORDS that is the fewest slips of the finger
 * (a character too much, missing, wrong, or swapped with its neighbour) away from
 * WORD; NULL when none is near.  The compiler's own suggestions are made so.
 */
const char *fb_nearest(const char *word, const char *const *words,
		       size_t count);

/*
 * The diagnostics as a document: what machines read, and Markdown.  Errors that
 * are too many for a format are counted in it.  See schemas/findings.schema.json
 * for FB_FORMAT_JSON; the others are SARIF 2.1.0, GitHub's workflow commands,
 * GitLab's Code Quality, JUnit and CSV.
 */
enum fb_format {
	FB_FORMAT_TEXT,		/* fb_render() with every error */
	FB_FORMAT_JSON, FB_FORMAT_MARKDOWN, FB_FORMAT_SARIF, FB_FORMAT_GITHUB,
	FB_FORMAT_GITLAB, FB_FORMAT_JUNIT, FB_FORMAT_CSV,
};

/* "sarif" and so on.  False when NAME is none of them. */
bool fb_format_find(const char *name, enum fb_format *out);

struct fb_document {
	enum fb_format format;
	const char *command;	/* "check": what was asked */
	enum fb_status status;	/* what came of it */
	bool notes;		/* also those that are neither error nor warning */
};

/* Belongs to the context; NULL when memory ran out. */
const char *fb_findings(struct fb *fb, const struct fb_document *document);

enum fb_picture { FB_PICTURE_SVG, FB_PICTURE_DOT, FB_PICTURE_MERMAID };

/*
 * Layers and the flows between them, of the environment ONLY ("customer.env")
 * or of all (NULL).  *OUT is a whole file; it belongs to the context.
 */
enum fb_status fb_graph(struct fb *fb, enum fb_picture picture,
			const char *only, const char **out);

/* Names of the targets, NULL at the end. */
const char *const *fb_targets(void);

#endif
