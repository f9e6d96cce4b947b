/* How full security groups are, before anybody applies them. */
#ifndef FIREBREAK_QUOTA_H
#define FIREBREAK_QUOTA_H

#include <stdbool.h>
#include <stddef.h>

/* AWS never grants an interface more rules: groups by rules of a group. */
enum { FB_RULES_OF_INTERFACE = 1000 };

/*
 * One security group in one direction and address family, as AWS counts: a rule
 * is one, a group as peer is one in both families, a prefix list is as many as
 * it may have entries.
 */
struct fb_quota {
	const char *environment;	/* "banco-andino.prod" */
	const char *layer;		/* "data"; of shared hosts "edge.tasks" */
	const char *group;		/* its name in AWS */
	bool ingress, ipv6;
	unsigned used, limit;		/* rules */
	unsigned groups, groups_limit;	/* on an interface of the layer */
};

/* What a rule that refers to a prefix list takes of the quota. */
struct fb_list_weight {
	const char *environment;	/* "banco-andino.prod" */
	const char *key;		/* of its Terraform data source */
	bool ipv6;
	unsigned is;
};

/* Is Q so full that somebody should know: more than four fifths? */
static inline bool fb_quota_is_tight(const struct fb_quota *q)
{
	return q->used * 5 > q->limit * 4;
}

#endif
