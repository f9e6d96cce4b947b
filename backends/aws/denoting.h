/* A file of security groups held against an environment: whose its names are. */
#ifndef FIREBREAK_BACKENDS_AWS_DENOTING_H
#define FIREBREAK_BACKENDS_AWS_DENOTING_H

#include "backends/aws/expect.h"
#include "backends/aws/model.h"
#include "backends/aws/zones.h"

struct denoting {
	struct arena *arena;
	const struct job *job;
	const struct ir *ir;
	const struct ir *written;	/* IR with every layer by itself */
	const struct ir_space *space;
	const struct aws_model *model;
	struct zones zones;
	struct expect *expect;
	uint32_t *layer_of;		/* by group; UINT32_MAX: of none here */
	struct both *list_of;		/* by list: its entries */
};

/* False: a name in it is none of the environment's, or one of that is missing; told. */
bool denoting_begin(struct denoting *d, const struct job *job,
		    const struct aws_model *model);

/* Who carries a group.  Of a stranger nobody says: a class of its own. */
struct ranges group_members(const struct denoting *d, uint32_t group,
			    enum family family);

struct ranges peer_addresses(const struct denoting *d,
			     const struct aws_peer *peer, enum family family);

/* The services of a rule between addresses of FAMILY. */
struct range admitted_services(enum family family, const struct aws_service *s);

#endif
