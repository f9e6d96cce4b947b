/* The model of one environment, out of an account that has more. */
#ifndef FIREBREAK_BACKENDS_AWS_SELECT_H
#define FIREBREAK_BACKENDS_AWS_SELECT_H

#include "backends/aws/account.h"
#include "backends/aws/read_json.h"

/* What a group of the account, or one that its rules refer to, is here. */
struct standing {
	enum aws_standing is;
	const char *layer;		/* its name, or several; of others what to call it */
	uint32_t space;			/* AWS_PEERED: into ir->spaces */
};

struct standings {
	struct standing *groups;	/* by group of the account */
	struct standing *peers;		/* by peer of it; lists have none */
};

/* All of them strangers. */
struct standings standings_of(struct arena *arena,
			      const struct account *account);

/*
 * SURE: without the rules that may be gone.  NULL: a rule of it is not understood,
 * which was told.
 */
const struct aws_model *aws_select(struct arena *arena, struct diags *diags,
				   const char *name,
				   const struct account *account, bool sure,
				   const struct standings *standings,
				   const struct identity *identity);

/* Has GROUP our tags, all of them?  Whose it is by them. */
bool account_has_tags(const struct account_group *group);
struct identity account_identity(const struct account_group *group);
bool same_identity(const struct identity *a, const struct identity *b);

/* Where the groups of an environment are. */
struct place {
	const struct standings *standings;
	const char *vpc;		/* "" when nobody says */
	const bool *elsewhere;		/* by group: another environment's */
};

/*
 * Has the VPC, where ACCOUNT tells of it, no block but the policy's?  If not, told
 * as P0611.  Is every interface that ACCOUNT tells of where the groups that it carries belong,
 * and is nothing else there?  If not, told as P0615.
 */
bool aws_places_hold(struct diags *diags, const struct ir *ir,
		     const struct ir_space *space, const char *name,
		     const struct account *account, const struct place *place);

#endif
