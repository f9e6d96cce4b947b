/*
 * Access scopes of Network Access Analyzer: what a file of them says.  It is all
 * that lowering and reading have in common.
 *
 * A scope is a question to AWS: which paths of the account's network match one of
 * its conditions?  Ours ask for what an invariant forbids, so a finding is a
 * violation.  A condition speaks of the header of one packet at one interface of
 * the VPC, where it is sent or where it arrives: that is what security groups
 * judge, whatever load balancers and gateways make of it on its way.
 *
 * "Network Access Analyzer", Limitations: IPv4 alone, tcp and udp alone, nothing
 * in other accounts or Regions, and a representative set of findings: they are
 * violations, and none is no proof.
 */
#ifndef FIREBREAK_BACKENDS_AWS_SCOPE_H
#define FIREBREAK_BACKENDS_AWS_SCOPE_H

#include "backends/backend.h"
#include "compiler/base/addr.h"

/* Which interface of the VPC a condition is about: the first or the last one. */
enum scope_end { SCOPE_LEAVING, SCOPE_ARRIVING, SCOPE_ENDS };

/* Packets of IPv4 with their destination ports; none of it is empty. */
struct scope_match {
	enum scope_end end;
	struct ranges src, dst, ports;
	bool tcp, udp;
};

/* A prefix list that is known by its name alone. */
struct scope_list {
	const char *key;		/* of the parameter with its id */
	const char *name;
};

struct scope {
	const char *key;		/* of the resource */
	const char *invariant;
	const struct scope_match *matches;
	size_t match_count;
	/*
	 * By list: is a packet to it, where it leaves, or from it, where it
	 * arrives, excluded?
	 */
	const bool *without[SCOPE_ENDS];
};

/* What the file says of one invariant, whether it has a scope or not. */
struct scope_said {
	const char *invariant;
	const char *key;		/* of its scope; "" for none */
	const char *unwatched;		/* what is not looked at; "" for nothing */
};

struct scopes {
	struct identity identity;
	const struct scope_list *lists;
	size_t list_count;
	const struct scope *scopes;	/* by invariant */
	size_t scope_count;
	const struct scope_said *said;	/* one an invariant, by its name */
	size_t said_count;
	const struct ir_tag *tags;	/* the policy's own; lowering's only */
	size_t tag_count;
	const char *name_prefix;	/* of names people see; lowering's only */
};

/* The scopes of the job's environment. */
const struct scopes *scope_lower(const struct job *job);

/* What scope_unwatched() says where an invariant speaks of nothing. */
extern const char scope_is_silent[];

/*
 * What a scope for INV in SPACE does not look at, for people; "" for nothing.
 * *HAS: is there anything that it does look at, and so a scope?
 */
const char *scope_unwatched(struct arena *arena, const struct ir *ir,
			    const struct ir_space *space,
			    const struct ir_invariant *inv, bool *has);

/*
 * What a scope for INV looks at, in SPACE at interfaces of END: disjoint boxes,
 * the same for equal sets.
 */
struct boxes scope_boxes(struct arena *arena, const struct ir *ir,
			 const struct ir_space *space,
			 const struct ir_invariant *inv, enum scope_end end);

struct artefact scope_emit(struct arena *arena, const struct scopes *scopes);

/* NULL when anything in it is not understood: told as P06. */
const struct scopes *scope_read(struct arena *arena, struct diags *diags,
				const char *name, const char *bytes,
				size_t len);

/* A side an invariant and end: what the scope looks for, and what it has to. */
bool scope_denote(const struct job *job, const struct scopes *scopes,
		  struct sides *out);

#endif
