/*
 * What a target is, and the list of them.
 *
 * A backend lowers the meaning of one environment to its own model and prints
 * it; on the other side it reads a file of the target back and denotes it: says
 * which packets the target would admit, by the target's documentation.  The
 * two sides share no code but the model's types.  Nobody here compares: the
 * caller proves must <= admitted <= may for every side (compiler/prove.h).
 */
#ifndef FIREBREAK_BACKENDS_BACKEND_H
#define FIREBREAK_BACKENDS_BACKEND_H

#include "compiler/base/diag.h"
#include "compiler/ir.h"
#include "compiler/meaning.h"
#include "compiler/prove.h"
#include "firebreak/firebreak.h"
#include "firebreak/quota.h"

/* One file of an output; PATH is relative to the environment's directory. */
struct artefact {
	const char *path;
	const char *bytes;
	size_t len;
};

/* The files of an output, and how much they take of what the target grants. */
struct artefacts {
	struct artefact *at;
	size_t count, cap;
	LIST(struct fb_quota) quotas;
	LIST(struct fb_list_weight) weights;
};

/* One environment at work.  Memory is scratch: gone after the environment. */
struct job {
	struct arena *arena;
	struct diags *diags;
	const struct ir *ir;
	const struct meaning *meaning;	/* of the environment */
};

/* Which part of a policy an artefact says it is. */
struct identity {
	const char *policy, *customer, *environment;
	const char *layer;	/* "" when it is a whole environment */
};

/* The part of a capture that is of one environment. */
struct claim {
	const struct ir_space *space;
	struct identity identity;
	const void *model;	/* NULL: not understood, which was told */
	/*
	 * A file may be read in two ways, and has to be right in both: how the
	 * second is, which follows the first; NULL: the first, or the only one.
	 */
	const char *as;
};

struct claims {
	struct claim *at;
	size_t count, cap;
};

struct unwatched {
	struct fb_unwatched *at;
	size_t count, cap;
};

/* What a draft leaves out, for people. */
struct gaps {
	const char **at;
	size_t count, cap;
};

struct text;

enum live_found {
	LIVE_FOUND,
	LIVE_ABSENT,
	LIVE_UNCLEAR,	/* told as P06: nothing is proved about it */
};

/* Connections that the system lets go on. */
enum { LIVE_EXAMPLES = 8 };

struct live_flows {
	size_t all;		/* that are open and pass the layer's ruleset */
	size_t stale;		/* that it would not let begin */
	const char *examples[LIVE_EXAMPLES];	/* of these, the lowest first */
};

/* What loading changes, or would. */
struct live_change {
	bool whole;		/* all of it is another */
	size_t added, removed;	/* else: single elements, perhaps none */
	const void *way_back;	/* for undo(); of the job's memory */
};

/*
 * One state of what LAYER's rules are part of: whoever finds all of it as it was
 * finds the rules as they were, and those of others too.
 */
struct live_moment {
	const char *name;	/* of the place that the layer's rules have */
	uint64_t place;		/* this part of the system; no other of this boot */
	uint32_t generation;	/* every change makes another */
};

/*
 * A target in the running system.  LINK is a connection to it; LAYER which of
 * the artefacts it has at the same time: that of a host, or with "" of a whole
 * environment.  Functions that return false have told why, as P06.
 */
struct live {
	void *(*open)(void);	/* NULL: errno says why */
	void (*close)(void *link);

	/* What is there, decoded; *MODEL as backend.read() makes it. */
	enum live_found (*read)(void *link, struct arena *arena,
				struct diags *diags, const char *layer,
				const void **model, struct identity *out);

	/*
	 * The same moment before and after read() is that of what was read.
	 * False: it cannot be told.
	 */
	bool (*moment)(void *link, const char *layer,
		       struct live_moment *out);

	/*
	 * Put MODEL, as backend.emit_part() makes it, in its place; what was there
	 * can be gone back to, by what *OUT then says.
	 */
	bool (*load)(void *link, const struct job *job, const void *model,
		     const struct fb_watch *watch, struct live_change *out);
	bool (*keep)(void *link, struct arena *arena, struct diags *diags,
		     const char *layer);
	bool (*undo)(void *link, struct arena *arena, struct diags *diags,
		     const char *layer, const struct live_change *change);

	/* What load() would change; false: it cannot be told, and was not. */
	bool (*plan)(void *link, const struct job *job, const void *model,
		     struct live_change *out);

	/*
	 * Connections that are open in the system, and that the job's LAYER does
	 * not admit: listed, or ended.  can_tell_flows(): errno says why not.
	 */
	bool (*can_tell_flows)(void *link);
	bool (*tell_flows)(void *link, const struct job *job,
			   const char *layer, struct live_flows *out);
	bool (*end_flows)(void *link, const struct job *job,
			  const char *layer, struct live_flows *out);

	/* What of others decides beside it, told as warnings. */
	void (*tell_others)(void *link, const struct job *job,
			    const char *layer);
};

struct backend {
	const char *name;	/* as given to compile -t: "terraform", "nft" */
	const char *title;	/* "AWS security groups as Terraform JSON" */
	bool by_default;	/* made when no target is named */
	bool forbids;		/* its files look for what must not pass */

	/*
	 * Lower and print the job's environment.  False when the target cannot
	 * say it exactly: told as P05, with the packet that would differ.
	 */
	bool (*emit)(const struct job *job, struct artefacts *out);

	/*
	 * What of the invariants its files do not look for, over all environments,
	 * one an invariant that has any.  NULL: they look for no invariants.
	 */
	void (*unwatched)(struct arena *arena, const struct ir *ir,
			  struct unwatched *out);

	/*
	 * emit(), but only the artefact of LAYER; and the model that it was
	 * printed from, or NULL: told.  Without it, emit() makes one artefact.
	 */
	const void *(*emit_part)(const struct job *job, const char *layer,
				 struct artefact *out);

	/*
	 * Say in NOW, which emit() made, what of BEFORE, an earlier one of the
	 * same path, known as NAME, has another name now.  NULL: nothing depends
	 * on the names in it.  False: BEFORE is not understood, told as P06.
	 */
	bool (*carry)(const struct job *job, const char *name,
		      const char *before, size_t len, struct artefact *now);

	/*
	 * A file beside NOW, which emit() made, that has its target take over what
	 * the capture FROM has of it, read back; what is new is told.  NULL: nothing
	 * can be taken over.  False: FROM is not understood, told as P06.
	 */
	bool (*adopt)(const struct job *job, const struct fb_capture *from,
		      const struct artefact *now, struct artefact *out);

	/* Does this look like a file of this target?  By content, not name. */
	bool (*recognise)(const char *bytes, size_t len);
	bool by_opening;	/* by how it begins, not by words in it */

	/*
	 * Read an artefact.  NULL when anything in it is not understood: told
	 * as P06 in DIAGS.  *OUT says whose it claims to be.
	 */
	const void *(*read)(struct arena *arena, struct diags *diags,
			    const char *name, const char *bytes, size_t len,
			    struct identity *out);

	/*
	 * Which environments of IR parts of MODEL, as read, are of; none: told
	 * as P06.  What is nobody's is told too.  NULL: read() says whose a
	 * file is.
	 */
	void (*claim)(struct arena *arena, struct diags *diags,
		      const struct ir *ir, const char *name, const void *model,
		      struct claims *out);

	/*
	 * Write a policy that says what the capture BYTES says, at OUT, a line
	 * each of what it cannot say at GAPS.  False: it is not understood, told
	 * as P06.  NULL: no captures of this target.
	 */
	bool (*draft)(struct arena *arena, struct diags *diags,
		      const char *name, const char *bytes, size_t len,
		      struct text *out, struct gaps *gaps);

	/*
	 * COUNT captures of one account, together known as NAME, as one at OUT; of
	 * these one at least is recognised.  False: told as P06.  NULL: no captures
	 * of this target.
	 */
	bool (*join)(struct arena *arena, struct diags *diags, const char *name,
		     const struct fb_capture *files, size_t count,
		     struct text *out);

	/*
	 * read() of an artefact that has to be the part IS, where it may be
	 * that it does not say so itself.  NULL: artefacts of this target do.
	 */
	const void *(*read_as)(struct arena *arena, struct diags *diags,
			       const char *name, const char *bytes, size_t len,
			       const struct identity *is);

	/*
	 * What MODEL, as read, admits in the job's environment.  False when it
	 * cannot be said: told as P06.
	 */
	bool (*denote)(const struct job *job, const void *model,
		       struct sides *out);

	/*
	 * The lines of MODEL, which was denoted, that admit PACKET at one of its
	 * ends, for people; "" when there are none.  NULL: nobody can say.
	 */
	const char *(*blame)(const struct job *job, const void *model,
			     const struct packet *packet);

	const struct live *live;	/* NULL: not in this system */
};

extern const struct backend backend_terraform, backend_cloudformation,
	backend_ec2, backend_scopes, backend_nft;

/* Every backend, in the order of output, NULL at the end. */
extern const struct backend *const backends[];

/* By the LEN bytes of its name, or NULL. */
const struct backend *backend_find(const char *name, size_t len);

#endif
