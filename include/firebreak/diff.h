/*
 * What a change of a policy does: which packets it lets through and which it
 * stops, said in the policy's own words, and what it does to rules, invariants
 * and outputs.
 */
#ifndef FIREBREAK_DIFF_H
#define FIREBREAK_DIFF_H

#include "firebreak/firebreak.h"

enum fb_reach_kind {
	FB_OPENS,	/* connections that were not permitted */
	FB_MOVED,	/* one rule opens this and closes `from` */
	FB_NARROWS,	/* no longer permitted; others between these ends are */
	FB_CLOSES,	/* no longer permitted, and nothing else is */
};

/* A rule or invariant and where it stands. */
struct fb_named {
	const char *name;
	const char *file;	/* NULL: nowhere */
	uint32_t line;
	bool old;		/* in the old policy: the new one has it no more */
	/*
	 * Of its name in the sources of the new policy; when old, the beginning
	 * of the file that it stood in; { 0, 0 }: nowhere there.
	 */
	struct span at;
};

/* "services -> data on postgres": the words of one of the policies, exact. */
struct fb_words {
	const char *src, *dst, *services;
	const char *ports;	/* the services as numbers: "tcp/5432" */
	const char *family;	/* "", or "IPv4", "IPv6": in this family only */
};

struct fb_reach {
	enum fb_reach_kind kind;
	struct fb_words words;
	struct fb_words from;		/* of FB_MOVED: where it was */
	/*
	 * Services between the same ends: before (FB_OPENS, FB_MOVED) or after
	 * (others); "" for none; in part: not between all of them.
	 */
	const char *others;
	bool others_in_part;
	const char *const *environments;	/* "banco-andino.prod" */
	size_t environment_count;
	const char *reasons;		/* why it stands where it stands, or "" */
	bool breaks;			/* an invariant that held */
	/*
	 * Opens from the internet, from another customer or environment, into
	 * layers that an invariant names, or breaks one.
	 */
	bool exposes;
	bool unexpected;		/* opens, and no expected sentence says so */
	const struct fb_named *rules;
	size_t rule_count;
	const char *expires;		/* the day on which the last of them ends; "" when none does */
	double packets;			/* in all environments */
	const char *example;		/* "tcp 10.0.0.1 -> 10.0.1.1 port 443" */
	/* of fb_diff_running(): where it shows, "aws.json: data: ingress" */
	const char *const *sides;
	size_t side_count;
	const char *lines;		/* what of the file admits the example; "" */
};

enum fb_rule_change_kind {
	FB_RULE_METADATA,	/* an attribute is another */
	FB_RULE_SAME_REACH,	/* added, removed or rewritten: no packet differs */
};

struct fb_rule_change {
	enum fb_rule_change_kind kind;
	struct fb_named rule;
	const char *what;	/* "expires", "waives", …; "added", "removed", "rewritten" */
	const char *was, *is;	/* of metadata; "" for nothing */
};

enum fb_invariant_change_kind {
	FB_INVARIANT_BREAKS,	/* it held, or is new, and is broken now */
	FB_INVARIANT_BROKEN,	/* it was broken and still is */
	FB_INVARIANT_REMOVED,
	FB_INVARIANT_CHANGED,	/* its sentence is another; it holds */
	FB_INVARIANT_ADDED,	/* and holds */
	FB_INVARIANT_MENDED,
	FB_INVARIANT_WAIVED,	/* only waivers keep it from being broken, as they did not before */
};

struct fb_invariant_change {
	enum fb_invariant_change_kind kind;
	struct fb_named invariant;
	const char *detail;	/* "`ops` reaches `data`"; the sentence before; "" */
	struct fb_named cause;	/* of FB_INVARIANT_BREAKS: a rule that opens it; name NULL */
};

/* A layer, network or VPC with other addresses, the same in its environments. */
struct fb_place_change {
	const char *what;		/* "layer", "network", "vpc" */
	const char *name;		/* "data"; "" of a VPC */
	const char *was, *is;		/* addresses; "" for none */
	const char *const *environments;
	size_t environment_count;
	struct span at;			/* the first of them, in the new policy; or nowhere */
};

enum fb_resource_change_kind { FB_ADDED, FB_CHANGED, FB_REPLACED, FB_REMOVED };

/* Of connections that are open when a rule goes or changes what it says. */
enum fb_sessions {
	FB_SESSIONS_NONE,	/* nothing goes */
	FB_SESSIONS_LIVE_ON,	/* tracked: until they end or are idle too long */
	FB_SESSIONS_END,	/* not tracked: at once */
};

struct fb_resource_change {
	enum fb_resource_change_kind kind;
	enum fb_sessions sessions;
	const char *const *paths;	/* outputs with it, "prod/aws.tf.json" */
	size_t path_count;
	const char *group;		/* "edge ingress"; "" for the group itself */
	const char *key;		/* "aws_security_group.edge" */
	const char *was, *is;		/* "tcp 443 from sg edge"; "" for nothing */
};

/*
 * How full a security group is in one direction: a group as peer counts in both
 * families, a prefix list as what it weighs in its own, if anybody tells that.
 */
struct fb_quota_change {
	const char *const *paths;	/* outputs with it */
	size_t path_count;
	const char *group;	/* "edge ingress", "edge ingress, IPv4" */
	unsigned was, is;
	unsigned peak;		/* in between, when all is added before anything goes */
	unsigned most;
};

enum fb_freeze_effect {
	FB_FREEZE_NONE,		/* nothing of the kind */
	FB_FREEZE_EXCEPTED,	/* something, and the freeze excepts it */
	FB_FREEZE_BROKEN,
};

/* A freeze in force on the day, of one or both policies, and what it says to this. */
struct fb_freeze {
	const char *from, *to;		/* "2026-12-15"; both inclusive */
	const char *title;		/* "" for none */
	const char *where;		/* environments, ", " between; "": all */
	const char *except;		/* "narrowing, emergency"; "" for none */
	struct fb_named at;		/* "freeze"; old: the change lifts it */
	enum fb_freeze_effect opens, narrows;
	/* rules that open something there: emergencies that it excepts; others */
	const struct fb_named *emergencies, *rules;
	size_t emergency_count, rule_count;
	/* of what is broken: a packet, and where; else "" */
	const char *example, *example_in;
};

/* A part of the policy, and the file that was compared with it. */
struct fb_covered {
	const char *part;	/* "banco-andino.prod", "banco-andino.prod: hosts of data" */
	const char *file;	/* as given */
	const char *target;	/* "AWS security groups as Terraform JSON" */
	bool equal;
};

enum fb_file_change_kind {
	FB_FILE_APPEARS, FB_FILE_CHANGES, FB_FILE_VANISHES,
	FB_FILE_EDITED,		/* it is not what the manifest says it was */
	FB_FILE_MISSING,	/* the manifest has it, the directory has not */
};

struct fb_file_change {
	enum fb_file_change_kind kind;
	const char *path;
};

struct fb_diff {
	const char *policy;
	const char *old_name, *new_name;	/* as given */
	size_t environments;		/* of both policies together */
	const struct fb_reach *reach;	/* the worst first */
	size_t reach_count;
	size_t opens, moved, narrows, closes;
	const struct fb_rule_change *rules;
	size_t rule_count;
	const struct fb_place_change *places;
	size_t place_count;
	bool invariants_judged;
	const struct fb_invariant_change *invariants;	/* the worst first */
	size_t invariant_count;
	size_t holding, broken;		/* of the new policy's invariants */
	bool outputs_compared;
	const char *outputs_refused;	/* why not, or "" */
	const struct fb_resource_change *resources;
	size_t resource_count;
	const struct fb_quota_change *quotas;
	size_t quota_count;
	const struct fb_freeze *freezes;	/* in force on the day of NEW */
	size_t freeze_count, broken_freezes;
	/* what was told about them, and about emergencies; see judge_freezes */
	const struct fb_diag *told;
	size_t told_count;
	/* of `expected`: everything that it opens otherwise, and sentences unmet */
	const char *const *unexpected;
	size_t unexpected_count;
	size_t unmet_count;		/* the first of them: sentences unmet */
	/* of fb_diff_running(): one of the two is something that runs */
	bool running;
	const struct fb_covered *covered;
	size_t covered_count;
	const char *const *uncovered;	/* what was not compared, and why */
	size_t uncovered_count;
	const struct fb_file_change *files;	/* of a directory with a manifest */
	size_t file_count;
};

struct fb_diff_options {
	const char *old_name, *new_name;	/* what people call the two policies */
	bool reach_only;	/* neither invariants nor outputs */
	bool judge_freezes;	/* NEW replaces OLD on the day of NEW: tell what that breaks */
	bool tell_gone;		/* only emergencies that go without their review */
	/* sentences, "edge -> app on tcp/81": what may open, and nothing else */
	const char *const *expected;
	size_t expected_count;
};

/*
 * Compare the policies of two contexts, both loaded without mistakes.  *OUT and
 * what it points to belong to NEW; OLD must live as long.  FB_OK whatever the
 * difference; FB_BAD when a policy or an expected sentence is wrong, which was
 * told in NEW (of OLD's own mistakes: in OLD).  What breaks a freeze is told in
 * NEW as P0707, and counted in *OUT.
 */
enum fb_status fb_diff(struct fb *old, struct fb *new,
		       const struct fb_diff_options *options,
		       struct fb_diff *out);

/* A file that says what runs: a capture, a ruleset, an output. */
struct fb_artefact {
	const char *name;	/* as given; of a manifest's: its path there */
	const char *bytes;
	size_t len;
};

/* What runs somewhere, as far as files say it. */
struct fb_running {
	const struct fb_artefact *files;
	size_t file_count;
	const struct fb_artefact *manifest;	/* of the directory they are in; or NULL */
	bool is_new;		/* it is the new side: the policy is the old one */
};

/* Can the LEN BYTES be a file of some target?  A policy cannot. */
bool fb_is_artefact(const char *bytes, size_t len);

/*
 * The outputs that a manifest lists, and their count; they belong to FB.  FB_BAD,
 * told, when it is none.
 */
enum fb_status fb_manifest_paths(struct fb *fb,
				 const struct fb_artefact *manifest,
				 const char *const **paths, size_t *count);

/*
 * What the policy, loaded without mistakes, opens and closes against what runs,
 * exactly: each hook, direction and relation by itself.  Of OPTIONS the names
 * count.  FB_BAD, told, when a file is not understood or not the policy's;
 * FB_NO, told, when the policy cannot be compiled for a file's target.
 */
enum fb_status fb_diff_running(struct fb *policy,
			       const struct fb_running *running,
			       const struct fb_diff_options *options,
			       struct fb_diff *out);

/* What makes the answer no, beside what is not as expected. */
enum fb_fail_on {
	FB_FAIL_NEVER,
	FB_FAIL_WIDENING,	/* anything opens, or an invariant breaks */
	FB_FAIL_ANY,		/* anything differs */
};

/* Is DIFF a reason to say no? */
bool fb_diff_fails(const struct fb_diff *diff, enum fb_fail_on fail_on);

struct fb_diff_document {
	enum fb_format format;
	bool colour;			/* of FB_FORMAT_TEXT */
	enum fb_fail_on fail_on;	/* what is an error there */
};

/*
 * DIFF for people, for a pull request's comment (at most 60,000 bytes, with a
 * note of what was left out), for programs (schemas/diff.schema.json), or as
 * the findings that fb_findings() tells of, in its other formats.  Belongs to FB,
 * the new context; NULL when memory ran out.
 */
const char *fb_diff_render(struct fb *fb, const struct fb_diff *diff,
			   const struct fb_diff_document *document);

#endif
