/*
 * What a report says: facts about a policy, computed once and written several
 * ways (HTML, Markdown, JSON, CSV).  A writer formats and decides nothing.
 *
 * Where a fact comes from is told with it: computed here, declared by the
 * policy's authors and not verified, or read from Git.
 */
#ifndef FIREBREAK_COMPILER_EVIDENCE_EVIDENCE_H
#define FIREBREAK_COMPILER_EVIDENCE_EVIDENCE_H

#include "compiler/base/diag.h"
#include "compiler/base/json.h"
#include "compiler/base/text.h"
#include "compiler/capture.h"
#include "compiler/evidence/controls.h"
#include "compiler/ir.h"
#include "compiler/verify.h"
#include "firebreak/diff.h"
#include "firebreak/firebreak.h"

/* Who stands in a row and a column of the matrix. */
enum node_kind {
	NODE_INTERNET,	/* what is public and nobody declared */
	NODE_NETWORK,
	NODE_PEER,	/* a layer of a peered environment: "staging.ops" */
	NODE_LAYER,
	NODE_REST,	/* the VPC outside its layers */
};

struct node {
	enum node_kind kind;
	const char *name, *title;	/* title: "" when the policy has none */
	struct both set;		/* in the segment's first environment */
	bool public;			/* the internet, or a named part of it */
};

/* One line of a cell: "443", "udp/53", "icmp/echo-request", "any". */
struct service_line {
	const char *text;
	bool in_part;		/* not between all addresses of both ends */
	bool exceptional;	/* only by rules that expire or waive an invariant */
	const char *until;	/* of the exceptional: the last day, or NULL */
};

/* What node FROM to node TO may open. */
struct cell {
	uint32_t from, to;
	const struct service_line *lines;
	size_t line_count;
	const char *forbidden_by;	/* an invariant that holds, or NULL */
	/* the same as sets: between all addresses of both, and between some */
	struct both whole, some;
};

struct step {
	uint32_t hops;		/* connections from what is public; UINT32_MAX: no way */
	uint32_t from;		/* the node before it, when hops > 0 */
};

/* Environments in which the same may talk to the same by name. */
struct segment {
	const uint32_t *spaces;
	size_t space_count;
	const struct node *nodes;
	size_t node_count;
	/*
	 * By from, then to: where something is permitted and, up to MATRIX_MOST
	 * nodes, where an invariant forbids all.  Elsewhere: denied by default.
	 */
	const struct cell *cells;
	size_t cell_count;
	const struct step *steps;	/* by node */
};

enum { MATRIX_MOST = 24 };	/* nodes in one table that people can read */

/* What stands between two nodes, or NULL. */
const struct cell *segment_cell(const struct segment *segment, size_t from,
				size_t to);

enum attention { ATTENTION_WRONG, ATTENTION_SOON };

/* Something that needs a person. */
struct concern {
	enum attention kind;
	const char *code;	/* "P0701" */
	const char *what;
	const char *where;	/* "rules.fbk:12", or "" */
	const char *owner;	/* "" when nobody says */
	const char *when;	/* the day it fails on, or "" */
};

/* Concerns that are told together, with the columns that say something of them. */
struct concern_group {
	const char *title;
	const struct concern *at;
	size_t count;
	bool owned, dated;
};

enum { CONCERN_GROUPS = 2 };

/* A rule as the register lists it. */
struct entry {
	const struct ir_rule *rule;
	const char *statement;	/* "allow a -> b on https in prod" */
	const char *where;
	size_t environments;	/* that it means something in */
	bool overdue;		/* its review */
	int32_t age;		/* days since its review; -1: never reviewed */
	int32_t left;		/* days to its expiry; -1: expired or none */
};

struct promise {
	const struct ir_invariant *invariant;
	const struct verdict *verdict;
	const char *statement, *where;
};

/* Who approved a commit, by where that is known from. */
struct approval {
	const char *exported;	/* "m.rojas, 2026-08-10T09:12:00Z", or "" */
	bool by_author;		/* the only approver wrote it */
	bool missing;		/* nobody did */
};

/* A freeze of the policy. */
struct window {
	const struct ir_freeze *freeze;
	const char *from, *to;	/* days */
	const char *state;	/* "in force", "to come", "past" */
	const char *except;	/* "narrowing, emergency"; "" */
};

/* A commit on a day of a freeze. */
struct freeze_step {
	const struct fb_commit *commit;
	bool judged;			/* its policies could be read */
	struct fb_diff diff;		/* of it, by the freezes of its day */
	const char *main_before, *main_after;	/* in the bundle; "" when not judged */
};

/* A rule that an emergency opened. */
struct emergency_fact {
	const struct entry *entry;
	const char *state;	/* of its review: "review overdue", "review due", "reviewed" */
	const char *due;	/* the last day of that */
	int rank;		/* of the state: 1, 2, 3 */
};

struct file_fact {
	const char *path;
	const char *digest;	/* SHA-256, 64 hexadecimal digits */
	size_t len;
};

/* What is known of what runs in an environment. */
enum running {
	RUNNING_UNCAPTURED,	/* nothing */
	RUNNING_EQUAL,		/* each capture of it was proved equal */
	RUNNING_UNCLEAR,	/* one could not be compared, and none differs */
	RUNNING_DIFFERS,
};

/* One environment in the index of a fleet. */
struct environment_fact {
	size_t rules, exceptions, overdue;	/* that mean something in it */
	size_t due_soon;			/* exceptions that end within SOON days */
	const char *first_end;			/* the next last day of one; NULL: none */
	size_t broken;				/* invariants, in it */
	size_t emergencies;	/* rules in force that one opened */
	const char *frozen_until;	/* the last day of a freeze in force; "" */
	enum running running;
	const char *captured;	/* "security groups, the host of data"; "" */
	size_t opens, moves, narrows, closes;	/* in the period; 0 without one */
	size_t segment;				/* that it is of */
	const char *digest;			/* over its outputs; "" without any */
};

/* Is what runs known not to be what the policy says, or not known to be? */
static inline bool environment_has_drifted(const struct environment_fact *f)
{
	return f->running == RUNNING_DIFFERS || f->running == RUNNING_UNCLEAR;
}

static inline bool environment_has_changed(const struct environment_fact *f)
{
	return f->opens || f->moves || f->narrows || f->closes;
}

/* A customer's environments lie side by side; counted is in how many of them. */
struct customer_fact {
	uint32_t customer;
	uint32_t first, count;
	size_t broken, drifted, overdue, due_soon, changed;
};

/* A security group of a layer, where it is equally full in environments. */
struct quota_fact {
	const char *layer;		/* "data"; of shared hosts "edge.tasks" */
	unsigned used[2][2], limit;	/* rules: by ingress, by ipv6 */
	unsigned most;			/* of the four */
	unsigned groups, groups_limit;	/* on an interface of the layer */
	unsigned number;		/* of this one among them, from 1 */
	bool is_tight;			/* more than four fifths of the limit */
	const char *const *environments;
	size_t environment_count;
};

struct evidence {
	const struct ir *ir;
	const char *day;		/* the as-of day, ISO */
	const char *main;		/* the policy's first file, from its root */
	const char *packs;		/* as given by the caller, or "" */
	const char *classification;	/* as given by the caller, or "" */
	bool oscal;			/* oscal.json is beside the report */
	struct fb_summary summary;
	const char *source_digest;	/* over all sources: names and digests */
	const struct file_fact *sources, *outputs;
	size_t source_count, output_count;
	size_t proofs;			/* claims proved of the outputs */
	const struct quota_fact *quotas;	/* the fullest first */
	size_t quota_count;
	const struct environment_fact *environments;	/* by space */
	const struct capture *captures;	/* in the order that they were given in */
	size_t capture_count;
	const struct customer_fact *customers;	/* with environments, the worst first */
	size_t customer_count;
	const char *const *gone;	/* environments that a change closed */
	size_t gone_count;
	const struct segment *segments;
	size_t segment_count;
	const struct concern *concerns;	/* wrong before soon */
	size_t concern_count, wrong_count;	/* of all; of them */
	const struct promise *promises;	/* the invariants, broken first */
	size_t promise_count;
	const struct entry *entries;	/* the rules, overdue first */
	size_t entry_count;
	const struct entry *const *exceptions;	/* of them, the first to end first */
	size_t exception_count;
	const struct window *windows;	/* by first day */
	size_t window_count;
	bool frozen;			/* one of them is in force */
	const struct emergency_fact *emergencies;	/* overdue first */
	size_t emergency_count, unreviewed;	/* of them: whose review is overdue */
	bool reviews;			/* some rule was reviewed, or has to be */
	const struct control_row *controls;
	size_t control_count;
	const struct fb_since *since;	/* NULL: no period was asked for */
	const char *main_before;	/* "" without */
	const struct approval *approvals;	/* by commit of since */
	const struct fb_diff *changes;	/* of the period */
	const struct freeze_step *steps;	/* by step of since */
	size_t due_soon;		/* exceptions that end within SOON days */
};

enum { SOON = 30 };	/* days before an end that a person is told of it */

/* What the facts are drawn from. */
struct evidence_sources {
	const struct ir *ir;
	const struct fb_diag *diags;
	size_t diag_count;
	const char *const *names;	/* of the sources, seen from the root */
	const struct fb_output *outputs;
	size_t output_count, proofs;
	const struct fb_quota *quotas;	/* in the order of fb_compile() */
	size_t quota_count;
	struct fb_summary summary;
	const char *packs;		/* of controls, comma-separated; NULL: all named */
	const char *classification;	/* or NULL */
	bool oscal;
	const struct fb_since *since;	/* or NULL; then the next ones too */
	const char *main_before;
	const struct fb_diff *changes;
	const struct freeze_step *steps;	/* by step of since */
	const struct json *approvals;	/* checked: an array of objects */
	const struct capture *captures;
	size_t capture_count;
};

/* All facts, in ARENA.  A control that no pack knows is told as P0711 in DIAGS. */
struct evidence evidence_gather(struct arena *arena, struct diags *diags,
				const struct evidence_sources *from);

/* SHA-256 of LEN BYTES as 64 hexadecimal digits. */
const char *evidence_digest(struct arena *arena, const char *bytes, size_t len);

/* Each writes the whole of its file. */
void evidence_html(struct text *out, const struct evidence *e);
void evidence_index(struct text *out, const struct evidence *e);
void evidence_markdown(struct text *out, const struct evidence *e);
void evidence_json(struct text *out, const struct evidence *e);
void evidence_rules_csv(struct text *out, const struct evidence *e);
void evidence_matrix_csv(struct text *out, const struct evidence *e);
void evidence_fleet_csv(struct text *out, const struct evidence *e);
void evidence_freezes_csv(struct text *out, const struct evidence *e);
void evidence_oscal(struct text *out, const struct evidence *e);
void evidence_history(struct text *out, const struct evidence *e);

/* What one capture says of its environment. */
enum running running_of(enum capture_state state);

/* "equal", "differs", "not proved", "not captured". */
const char *running_word(enum running running);

/* How many environments are RUNNING so. */
size_t running_count(const struct evidence *e, enum running running);

/* What there is to say of ENTRY as an emergency, or NULL. */
const struct emergency_fact *evidence_emergency(const struct evidence *e,
						const struct entry *entry);

/* What is wrong on the day, then what will be; a group may have nothing in it. */
void evidence_concern_groups(struct arena *arena, const struct evidence *e,
			     struct concern_group groups[CONCERN_GROUPS]);

/* SET for people: "10.0.0.0/16, 2001:db8::/56". */
const char *evidence_addresses(struct arena *arena, struct both set);

/* "banco-andino.prod", of SPACE. */
const char *evidence_space(const struct evidence *e, uint32_t space);

/* Rules that expire or waive something, and are in force. */
bool entry_is_exception(const struct entry *entry);

#endif
