/*
 * Questions to a policy, and a statement of it in full.
 */
#ifndef FIREBREAK_QUERY_H
#define FIREBREAK_QUERY_H

#include "firebreak/diff.h"

enum fb_answer_kind {
	FB_NONE,	/* no packet of the question is permitted */
	FB_SOME,	/* some are */
	FB_ALL,		/* every one is */
};

/* One connection of a route, and what admits it. */
struct fb_hop {
	const char *src, *dst;	/* who: "edge", "internet" */
	const char *packet;
	const char *environment;
	const struct fb_named *rules;
	size_t rule_count;
};

/* How somebody gets there over several connections; the shortest way. */
struct fb_route {
	const char *src, *dst;	/* ends of the question: names */
	const struct fb_hop *hops;
	size_t hop_count;
};

struct fb_answer {
	enum fb_answer_kind kind;
	/* what of the question is permitted, directly; others are not told */
	const struct fb_reach *reach;
	size_t reach_count;
	size_t environments;		/* of the policy */
	const char *refused;		/* a packet that is not, of FB_SOME and FB_NONE */
	const char *refused_in;		/* its environment */
	/* transitive: by way of other layers and networks, where nothing is direct */
	const struct fb_route *routes;
	size_t route_count;
};

struct fb_question {
	/*
	 * "edge -> data on postgres in prod"; `?` for an end: whoever; without
	 * `on`: any service.
	 */
	const char *text;
	const char *only;	/* "customer.env", or NULL: all */
	bool transitive;
};

/*
 * Ask a policy that was loaded without mistakes.  FB_OK when anything of the
 * question is permitted (transitive: by any route), FB_NO when nothing is;
 * FB_BAD when it is no question, which was told.  *OUT belongs to FB.
 */
enum fb_status fb_query(struct fb *fb, const struct fb_question *question,
			struct fb_answer *out);

enum fb_answer_format { FB_ANSWER_TEXT, FB_ANSWER_JSON };

/* Belongs to FB; NULL when memory ran out. */
const char *fb_answer_render(struct fb *fb, const struct fb_answer *answer,
			     const char *question,
			     enum fb_answer_format format, bool colour);

/* One line that a rule became. */
struct fb_emitted {
	const char *path, *text;
	size_t line;
};

/* A rule or invariant in full. */
struct fb_statement {
	struct fb_named at;
	bool is_rule;
	const char *sentence;	/* "permit services to core-banking on tcp/8443 …" */
	const char *source;	/* as written, on one line */
	/* of a rule: what it permits; of all environments */
	const struct fb_reach *reach;
	size_t reach_count;
	size_t environments;
	/* of an invariant */
	bool holds;
	const char *verdict;	/* "holds", "is broken: `ops` reaches `data`", … */
	const struct fb_hop *hops;	/* the packet, or route, that breaks it */
	size_t hop_count;
	const struct fb_named *waivers;	/* rules that waive it */
	size_t waiver_count;
	/* what a rule became; `refused`: why there are no outputs, or "" */
	const struct fb_emitted *emitted;
	size_t emitted_count;
	const char *refused;
};

/*
 * The statement NAME of a policy loaded without mistakes, with everything it
 * became on every target.  FB_BAD when there is none of that name, which was
 * told.  *OUT belongs to FB.
 */
enum fb_status fb_explain(struct fb *fb, const char *name,
			  struct fb_statement *out);

/* The same without what it became. */
enum fb_status fb_explain_words(struct fb *fb, const char *name,
				struct fb_statement *out);

const char *fb_statement_render(struct fb *fb,
				const struct fb_statement *statement,
				enum fb_answer_format format, bool colour);

#endif
