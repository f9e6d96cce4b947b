/*
 * From the policy's flows to rules of security groups.
 *
 * A group belongs to every interface of a layer, so whoever a flow means at
 * its near end, the rule stands at the whole layer; that this admits nothing
 * more is aws_is_exact()'s business.  What two policy rules both ask for
 * becomes one AWS rule that names both, because AWS knows a rule by what it
 * permits alone.
 */
#include "backends/aws/lower.h"

#include "backends/aws/aws.h"
#include "backends/aws/names.h"
#include "compiler/base/service.h"

#include <stdlib.h>
#include <string.h>

struct draft {
	struct aws_permission is;	/* peer: a layer or a network */
	LIST(uint32_t) from;
};

struct lowering {
	struct arena *arena;
	const struct job *job;
	const struct ir *ir;
	const struct ir_space *space;
	struct identity identity;
	struct reaches reaches;
	struct flow *flows;
	size_t flow_count;
	struct peering *peering;
	struct table services[FAMILIES];	/* ranges -> service_list */
	struct aws_group *groups;
	size_t group_count;
	uint32_t *group_of;			/* by layer */
	struct aws_list *lists;
	size_t list_count;
	uint32_t *list_of;			/* by network */
	const char **descriptions;		/* by rule; NULL: not asked yet */
	struct peer_list peers;			/* scratch, of one wish */
	struct table known;			/* permission -> draft */
	LIST(struct draft *) drafts;
};

/* --- groups --- */

static int by_group_key(const void *x, const void *y)
{
	const struct aws_group *a = x, *b = y;

	return strcmp(a->key, b->key);
}

/* What the policy calls the group of a layer here; NULL: nothing. */
static const struct ir_aws_name *given_name(const struct lowering *l,
					    uint32_t layer)
{
	for (size_t i = 0; i < l->ir->aws.name_count; i++) {
		const struct ir_aws_name *n = &l->ir->aws.names[i];
		const struct ir_space *s = &l->ir->spaces[n->space];

		if (n->layer == layer && s->customer == l->space->customer &&
		    s->environment == l->space->environment)
			return n;
	}
	return NULL;
}

/* Names and descriptions for ever: AWS replaces a group to change them. */
static struct aws_group group_of(const struct lowering *l, uint32_t number)
{
	const struct ir_aws_name *given = given_name(l, number);
	const char *layer = l->ir->layers[number].name;
	const char *prefix = l->ir->aws.name_prefix;
	const char *name = arena_printf(l->arena, "%s-%s-%s",
					prefix ? prefix : l->identity.policy,
					l->identity.environment, layer);
	const char *description = arena_printf(l->arena,
					       "layer %s of %s in %s", layer,
					       l->identity.policy,
					       l->identity.environment);

	return (struct aws_group){
		.key = name_key(l->arena, layer),
		.name = given && given->name ? given->name
			: name_fit(l->arena, name, AWS_NAME_MOST),
		.description = given && given->description
			? given->description
			: name_fit(l->arena, description, AWS_NAME_MOST),
		.layer = layer,
	};
}

/* A group for each layer that has addresses here. */
static void make_groups(struct lowering *l)
{
	LIST(struct aws_group) groups = { 0 };
	struct table layers = TABLE_IN(l->arena);

	for (uint32_t i = 0; i < l->ir->layer_count; i++)
		if (!both_empty(l->space->layers[i]))
			*LIST_PUSH(l->arena, &groups) = group_of(l, i);
	if (groups.count)
		qsort(groups.at, groups.count, sizeof *groups.at, by_group_key);
	l->groups = groups.at;
	l->group_count = groups.count;
	for (size_t i = 0; i < groups.count; i++)
		*table_at_name(&layers, groups.at[i].layer) = &groups.at[i];
	l->group_of = arena_array(l->arena, l->ir->layer_count,
				  sizeof *l->group_of);
	for (size_t i = 0; i < l->ir->layer_count; i++) {
		struct aws_group *g = table_get_name(&layers,
						     l->ir->layers[i].name);

		l->group_of[i] = g ? (uint32_t)(g - l->groups) : 0;
	}
}

/* --- rules --- */

enum { KEY_WORDS = 12 };

static void words_of(const struct aws_permission *is, uint32_t out[KEY_WORDS])
{
	const uint32_t words[KEY_WORDS] = {
		is->group << 1 | is->direction,
		(uint32_t)is->service.protocol,
		(uint32_t)is->service.from, (uint32_t)is->service.to,
		is->peer.kind, is->peer.index,
		is->peer.prefix.family, is->peer.prefix.length,
		(uint32_t)(is->peer.prefix.base >> 96),
		(uint32_t)(is->peer.prefix.base >> 64),
		(uint32_t)(is->peer.prefix.base >> 32),
		(uint32_t)is->peer.prefix.base,
	};

	memcpy(out, words, sizeof words);
}

/* Note that RULE asks for this.  Rules come in ascending order. */
static void ask(struct lowering *l, const struct aws_permission *is,
		uint32_t rule)
{
	uint32_t words[KEY_WORDS];
	struct draft *d;

	words_of(is, words);
	d = table_get(&l->known, words, sizeof words);
	if (!d) {
		d = arena_alloc(l->arena, sizeof *d);
		d->is = *is;
		*table_at(&l->known,
			  arena_copy(l->arena, (const char *)words,
				     sizeof words), sizeof words) = d;
		*LIST_PUSH(l->arena, &l->drafts) = d;
	}
	if (!d->from.count || d->from.at[d->from.count - 1] != rule)
		*LIST_PUSH(l->arena, &d->from) = rule;
}

static void lower_wish(struct lowering *l, const struct wish *wish)
{
	l->peers.count = 0;
	peers_of(l->peering, wish, &l->peers);
	for (size_t i = 0; i < l->peers.count; i++) {
		struct aws_permission is = {
			.group = l->group_of[wish->layer],
			.direction = wish->direction,
			.service = wish->service,
			.peer = l->peers.at[i],
		};

		ask(l, &is, wish->flow->is->rule);
	}
}

static void lower_end(struct lowering *l, struct wish wish)
{
	const struct reach *near = near_of(wish.flow, wish.direction);

	for (size_t i = 0; i < near->layer_count; i++) {
		wish.layer = near->layers[i];
		for (size_t j = 0; j < wish.flow->services->count; j++) {
			wish.service = wish.flow->services->at[j];
			lower_wish(l, &wish);
		}
	}
}

static void tell_unsaid(const struct lowering *l, const struct ir_flow *flow,
			struct ranges unsaid)
{
	const struct ir_rule *rule = &l->ir->rules[flow->rule];
	struct diag *d = diag_add(l->job->diags, P0503, rule->span,
		"`%s` allows %s over %s, which no security group can say",
		rule->name, service_set_text(l->arena, flow->family, unsaid),
		family_name(flow->family));

	diag_help(d, "name the services that are meant; only `any` stands for "
		  "every protocol");
}

/* The flows FIRST to END are those of one policy rule. */
static void lower_rule(struct lowering *l, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++) {
		struct wish wish = { .flow = &l->flows[i],
				     .rule = &l->flows[first],
				     .rule_count = end - first };

		wish.direction = AWS_INGRESS;
		if (wish.flow->in)
			lower_end(l, wish);
		wish.direction = AWS_EGRESS;
		if (wish.flow->out)
			lower_end(l, wish);
	}
}

static const struct service_list *services_for(struct lowering *l,
					       const struct ir_flow *flow)
{
	void **known = table_at(&l->services[flow->family], flow->svc.at,
				flow->svc.count * sizeof *flow->svc.at);
	struct service_list *list = *known;

	if (!list) {
		*known = list = arena_alloc(l->arena, sizeof *list);
		*list = services_of(l->arena, flow->family, flow->svc);
	}
	return list;
}

static void add_flow(struct lowering *l, const struct ir_flow *f)
{
	enum ir_half half = l->ir->rules[f->rule].half;

	l->flows[l->flow_count++] = (struct flow){
		.is = f,
		.out = half != IR_INBOUND,
		.in = half != IR_OUTBOUND,
		.far = {
			[AWS_INGRESS] = reach_of(&l->reaches, f->family,
						 f->src),
			[AWS_EGRESS] = reach_of(&l->reaches, f->family,
						f->dst),
		},
		.services = services_for(l, f),
	};
}

/* By rule: the flows of whole ones, and what halves say of their own end. */
static void look_up_flows(struct lowering *l)
{
	const struct ir_flow *flow = &l->ir->flows[l->space->first_flow];
	const struct ir_flow *half = &l->ir->halves[l->space->first_half];
	const struct ir_flow *last = half + l->space->half_count;

	l->flows = arena_array(l->arena, l->space->flow_count +
			       l->space->half_count, sizeof *l->flows);
	for (size_t i = 0; i < l->space->flow_count; i++, flow++) {
		for (; half < last && half->rule < flow->rule; half++)
			add_flow(l, half);
		if (l->ir->rules[flow->rule].half == IR_BOTH_HALVES)
			add_flow(l, flow);
	}
	for (; half < last; half++)
		add_flow(l, half);
}

static bool touches_layers(const struct flow *flow)
{
	return flow->far[AWS_INGRESS]->layer_count ||
	       flow->far[AWS_EGRESS]->layer_count;
}

static void lower_flows(struct lowering *l)
{
	size_t count = l->flow_count, end;

	for (size_t first = 0; first < count; first = end) {
		const struct flow *f = &l->flows[first];

		end = first + 1;
		while (end < count && l->flows[end].is->rule == f->is->rule)
			end++;
		lower_rule(l, first, end);
	}
	for (size_t i = 0; i < count; i++) {
		const struct flow *f = &l->flows[i];

		if (!ranges_empty(f->services->unsaid) && touches_layers(f))
			tell_unsaid(l, f->is, f->services->unsaid);
	}
}

/* --- the model --- */

static int by_list_key(const void *x, const void *y)
{
	const struct aws_list *a = x, *b = y;

	return strcmp(a->key, b->key);
}

static void make_lists(struct lowering *l)
{
	LIST(struct aws_list) lists = { 0 };
	bool *used = arena_array(l->arena, l->ir->network_count, sizeof *used);

	for (size_t i = 0; i < l->drafts.count; i++)
		if (l->drafts.at[i]->is.peer.kind == AWS_LIST)
			used[l->drafts.at[i]->is.peer.index] = true;
	for (uint32_t i = 0; i < l->ir->network_count; i++) {
		const struct ir_network *n = &l->ir->networks[i];

		if (used[i])
			*LIST_PUSH(l->arena, &lists) = (struct aws_list){
				.key = name_key(l->arena, n->name),
				.name = prefix_list_name(l->arena, l->space, n),
				.network = i };
	}
	if (lists.count)
		qsort(lists.at, lists.count, sizeof *lists.at, by_list_key);
	l->lists = lists.at;
	l->list_count = lists.count;
	l->list_of = arena_array(l->arena, l->ir->network_count,
				 sizeof *l->list_of);
	for (uint32_t i = 0; i < lists.count; i++)
		l->list_of[lists.at[i].network] = i;
}

static int by_key(const void *x, const void *y)
{
	const struct aws_rule *a = x, *b = y;

	if (a->is.direction != b->is.direction)
		return a->is.direction < b->is.direction ? -1 : 1;
	return strcmp(a->key, b->key);
}

/* What a rule is called at all its lines, printed once. */
static const char *description_of(const struct lowering *l, uint32_t rule)
{
	const char **known = &l->descriptions[rule];

	if (!*known)
		*known = rule_description(l->arena, &l->ir->rules[rule]);
	return *known;
}

static struct aws_rule finished(const struct lowering *l, const struct draft *d)
{
	const struct ir_rule *named = &l->ir->rules[d->from.at[0]];
	struct aws_rule rule = {
		.is = d->is,
		.description = description_of(l, d->from.at[0]),
		.names = rule_names(l->arena, l->ir, d->from.at, d->from.count),
		.from = d->from.at,
		.from_count = d->from.count,
	};
	uint32_t peer = d->is.peer.index;
	const char *peer_name = "";

	switch (d->is.peer.kind) {
	case AWS_PREFIX:
		break;
	case AWS_LIST:
		rule.is.peer.index = l->list_of[peer];
		peer_name = l->ir->networks[peer].name;
		break;
	case AWS_GROUP:
		rule.is.peer.index = l->group_of[peer];
		peer_name = l->ir->layers[peer].name;
		break;
	}
	rule.key = rule_key(l->arena, named->name,
			    l->groups[d->is.group].layer, &d->is, peer_name);
	return rule;
}

static const struct aws_model *make_model(struct lowering *l)
{
	struct aws_model *model = arena_alloc(l->arena, sizeof *model);
	struct aws_rule *rules = arena_array(l->arena, l->drafts.count,
					     sizeof *rules);

	make_lists(l);
	l->descriptions = arena_array(l->arena, l->ir->rule_count,
				      sizeof *l->descriptions);
	for (size_t i = 0; i < l->drafts.count; i++)
		rules[i] = finished(l, l->drafts.at[i]);
	if (l->drafts.count)
		qsort(rules, l->drafts.count, sizeof *rules, by_key);
	*model = (struct aws_model){
		.identity = l->identity,
		.groups = l->groups, .group_count = l->group_count,
		.lists = l->lists, .list_count = l->list_count,
		.rules = rules, .rule_count = l->drafts.count,
		.default_group = l->ir->aws.keep_default_group ?
				 AWS_DEFAULT_AS_MADE : AWS_DEFAULT_EMPTY,
		.exclusive = l->ir->aws.exclusive,
		.tags = l->ir->aws.tags, .tag_count = l->ir->aws.tag_count,
	};
	return model;
}

static struct identity identity_of(const struct job *job)
{
	const struct ir *ir = job->ir;
	const struct ir_space *space = job->meaning->space;

	return (struct identity){
		.policy = ir->policy,
		.customer = ir->customers[space->customer].name,
		.environment = ir->environments[space->environment],
		.layer = "",
	};
}

const struct aws_model *aws_lower(const struct job *job)
{
	struct lowering l = {
		.arena = job->arena, .job = job, .ir = job->ir,
		.space = job->meaning->space,
		.identity = identity_of(job),
		.services = { TABLE_IN(job->arena), TABLE_IN(job->arena) },
		.known = TABLE_IN(job->arena),
	};

	reaches_begin(&l.reaches, job);
	make_groups(&l);
	look_up_flows(&l);
	l.peering = peering_begin(&l.reaches, l.flows, l.flow_count);
	lower_flows(&l);
	return make_model(&l);
}
