/* A model on its way: what readers gather, and what no file may say twice. */
#ifndef FIREBREAK_BACKENDS_AWS_READ_MODEL_H
#define FIREBREAK_BACKENDS_AWS_READ_MODEL_H

#include "backends/aws/model.h"
#include "backends/aws/read_json.h"

struct gathering {
	struct reader json;		/* in memory that is gone afterwards */
	struct arena *arena;		/* of the model */
	struct table groups, lists;	/* what a file calls them -> struct */
	struct table layers;		/* of the groups: told twice? */
	struct table known;		/* permissions */
	struct aws_group *group;	/* room for all of them, from the reader */
	size_t group_count;
	struct aws_list *list;
	size_t list_count;
	LIST(struct aws_rule) rules;
	struct identity identity;
	bool identified;
};

struct gathering gathering_begin(struct arena *arena, struct diags *diags,
				 const char *name);

/* TEXT in the model's memory; NULL stays NULL. */
const char *kept(const struct gathering *g, const char *text);

/* GROUP is of IS: all groups of a file are of one environment, one a layer. */
void gather_group(struct gathering *g, const struct path *path,
		  const struct identity *is, struct aws_group *group);

/* No two permit the same. */
void gather_rule(struct gathering *g, const struct path *path,
		 const struct aws_rule *rule);

/* What was gathered, or NULL when anything was refused; ends the gathering. */
const struct aws_model *gathering_end(struct gathering *g);

#endif
