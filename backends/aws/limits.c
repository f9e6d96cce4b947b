/*
 * Does every group hold its rules?  If not, which policy rules cost most, and
 * what would be cheaper.
 */
#include "backends/aws/aws.h"

#include "backends/aws/quota.h"
#include "compiler/base/service.h"
#include "compiler/base/table.h"

#include <string.h>

enum { TOLD_MOST = 5 };

/* What rules take of a group, dearest first.  A shared rule is its first rule's. */
static struct rule_cost *costs_of(const struct job *job,
			     const struct aws_model *model, uint32_t group,
			     enum aws_direction direction, enum family family,
			     size_t *count)
{
	struct rule_cost *costs = rule_costs(job);

	for (size_t i = 0; i < model->rule_count; i++) {
		const struct aws_rule *r = &model->rules[i];
		size_t used[FAMILIES] = { 0 };

		if (r->is.group != group || r->is.direction != direction)
			continue;
		quota_add(job, model, r, used);
		costs[r->from[0]].is += used[family];
	}
	*count = rule_costs_rank(job, costs);
	return costs;
}

static const char *add_name(const struct job *job, const char *names,
			    const char *name)
{
	return arena_printf(job->arena, "%s%s`%s`", names, *names ? ", " : "",
			    name);
}

/* Who would be admitted too, if all addresses were: names in backticks. */
static const char *owners_of(const struct job *job, enum family family,
			     struct ranges more)
{
	const struct ir_space *space = job->meaning->space;
	struct ranges vpc = ranges_minus(job->arena, space->vpc.of[family],
		ir_space_layers(job->arena, job->ir, space).of[family]);
	const char *names = "";

	for (size_t i = 0; i < job->ir->layer_count; i++)
		if (ranges_touch(more, space->layers[i].of[family]))
			names = add_name(job, names, job->ir->layers[i].name);
	for (size_t i = 0; i < job->ir->network_count; i++)
		if (ranges_touch(more, space->networks[i].of[family]))
			names = add_name(job, names, job->ir->networks[i].name);
	if (ranges_touch(more, vpc))
		names = arena_printf(job->arena, "%s%sthe VPC outside its layers",
				     names, *names ? " and " : "");
	return names;
}

/* RULE costs much because it says nearly every address: what lacks? */
static void suggest_all(const struct job *job, struct diag *d, uint32_t rule,
			enum aws_direction direction, enum family family)
{
	const struct ir_space *space = job->meaning->space;
	struct ranges undeclared = ir_space_undeclared(job->arena, job->ir,
						       space, family);

	for (size_t i = 0; i < space->flow_count; i++) {
		const struct ir_flow *f = &job->ir->flows[space->first_flow + i];
		struct ranges far = direction == AWS_INGRESS ? f->src : f->dst;
		struct ranges more;

		if (f->rule != rule || f->family != family ||
		    ranges_empty(space->internet.of[family]) ||
		    !ranges_include(far, space->internet.of[family]))
			continue;
		more = ranges_minus(job->arena, family_all(job->arena, family),
				    ranges_union(job->arena, far, undeclared));
		if (ranges_empty(more))
			return;
		diag_help(d, "`%s` would also admit %s; with `any` in its place "
			  "`%s` takes 1 AWS rule a service",
			  family == IPV4 ? "0.0.0.0/0" : "::/0",
			  owners_of(job, family, more),
			  job->ir->rules[rule].name);
		return;
	}
}

/* Ports of one protocol that one peer may use, a rule each. */
struct ports {
	const struct aws_permission *is;
	size_t count;
	int lo, hi;
};

/* Where one range of ports in place of several saves most; NULL: nowhere. */
static const struct ports *most_ports(const struct job *job,
				      const struct aws_model *model,
				      uint32_t group,
				      enum aws_direction direction)
{
	struct table known = TABLE_IN(job->arena);
	const struct ports *most = NULL;

	for (size_t i = 0; i < model->rule_count; i++) {
		const struct aws_permission *is = &model->rules[i].is;
		const uint64_t words[] = {
			(uint64_t)is->service.protocol, is->peer.kind,
			is->peer.index, is->peer.prefix.length,
			is->peer.prefix.family,
			(uint64_t)(is->peer.prefix.base >> 64),
			(uint64_t)is->peer.prefix.base };
		struct ports **at;

		if (is->group != group || is->direction != direction ||
		    is->service.protocol < 0 ||
		    !service_has_ports((unsigned)is->service.protocol))
			continue;
		at = (struct ports **)table_at(&known,
			arena_copy(job->arena, (const char *)words,
				   sizeof words), sizeof words);
		if (!*at) {
			*at = arena_alloc(job->arena, sizeof **at);
			**at = (struct ports){ is, 0, is->service.from,
					       is->service.to };
		}
		(*at)->count++;
		if ((*at)->lo > is->service.from)
			(*at)->lo = is->service.from;
		if ((*at)->hi < is->service.to)
			(*at)->hi = is->service.to;
		if (!most || (*at)->count > most->count)
			most = *at;
	}
	return most && most->count > 1 ? most : NULL;
}

static const char *peer_name(const struct job *job,
			     const struct aws_model *model,
			     const struct aws_peer *peer)
{
	char prefix[ADDR_TEXT];

	switch (peer->kind) {
	case AWS_PREFIX:
		break;
	case AWS_LIST:
		return job->ir->networks[model->lists[peer->index].network].name;
	case AWS_GROUP:
		return model->groups[peer->index].layer;
	}
	return arena_printf(job->arena, "%s", prefix_text(peer->prefix, prefix));
}

static void suggest_ports(const struct job *job, struct diag *d,
			  const struct aws_model *model, uint32_t group,
			  enum aws_direction direction)
{
	const struct ports *p = most_ports(job, model, group, direction);

	if (!p)
		return;
	diag_help(d, "%zu of them are %s ports %s `%s`: one range, `%s/%d-%d`, "
		  "takes 1, and would also admit the ports between", p->count,
		  protocol_name((unsigned)p->is->service.protocol),
		  direction == AWS_INGRESS ? "from" : "to",
		  peer_name(job, model, &p->is->peer),
		  protocol_name((unsigned)p->is->service.protocol), p->lo,
		  p->hi);
}

/* "60", or of all groups that an interface may have. */
static const char *room_of(const struct job *job)
{
	const struct ir_aws *aws = &job->ir->aws;

	if (aws->groups_per_interface == 1)
		return arena_printf(job->arena, "a security group holds %u",
				    aws->rules_per_group);
	return arena_printf(job->arena, "the %u security groups of an interface "
			    "hold %u each", aws->groups_per_interface,
			    aws->rules_per_group);
}

static void tell(const struct job *job, const struct aws_model *model,
		 uint32_t group, enum aws_direction direction,
		 enum family family, size_t used)
{
	size_t count;
	struct rule_cost *costs = costs_of(job, model, group, direction, family,
				      &count);
	const struct ir_rule *rules = job->ir->rules;
	struct diag *d = diag_add(job->diags, P0502,
		rules[costs[0].rule].span,
		"layer `%s` needs %zu %s rules for %s in %s, and %s",
		model->groups[group].layer, used,
		direction == AWS_INGRESS ? "inbound" : "outbound",
		family_name(family),
		ir_space_name(job->arena, job->ir, job->meaning->space),
		room_of(job));

	for (size_t i = 0; i < count && i < TOLD_MOST; i++)
		diag_note(d, rules[costs[i].rule].name_span,
			  "`%s` takes %zu of them", rules[costs[i].rule].name,
			  costs[i].is);
	suggest_all(job, d, costs[0].rule, direction, family);
	suggest_ports(job, d, model, group, direction);
}

static struct span layer_span(const struct job *job, const char *name)
{
	size_t len = strcspn(name, ".");	/* of shared hosts the first */

	for (size_t i = 0; i < job->ir->layer_count; i++)
		if (strncmp(job->ir->layers[i].name, name, len) == 0 &&
		    (!job->ir->layers[i].name[len] ||
		     job->ir->layers[i].name[len] == '.'))
			return job->ir->layers[i].span;
	return (struct span){ 0 };
}

static const char *last_part(const struct aws_model *model,
			     const struct aws_group *first)
{
	for (size_t i = 0; i < model->group_count; i++)
		if (model->groups[i].part == first->parts &&
		    strcmp(model->groups[i].layer, first->layer) == 0)
			return model->groups[i].name;
	return first->name;
}

/* Several groups are of no use before every interface carries them. */
static void tell_parts(const struct job *job, const struct aws_model *model)
{
	for (size_t i = 0; i < model->group_count; i++) {
		const struct aws_group *g = &model->groups[i];
		struct diag *d;

		if (g->part != 1 || g->parts < 2)
			continue;
		d = diag_add(job->diags, P0506, layer_span(job, g->layer),
			"layer `%s` has %u security groups in %s, because one "
			"does not hold its rules", g->layer, g->parts,
			ir_space_name(job->arena, job->ir,
				      job->meaning->space));
		diag_help(d, "give every interface of `%s` all %u of them, `%s` "
			  "to `%s`: until then what the others say does not pass",
			  g->layer, g->parts, g->name, last_part(model, g));
	}
}

bool aws_is_within_limits(const struct job *job, const struct aws_model *model)
{
	const struct aws_usage *usage = quota_usage(job, model);
	bool within = true;

	tell_parts(job, model);
	for (uint32_t g = 0; g < model->group_count; g++) {
		for (int d = 0; d < AWS_DIRECTIONS; d++) {
			for (int f = 0; f < FAMILIES; f++) {
				size_t used = usage[g].of[d][f];

				if (used <= job->ir->aws.rules_per_group)
					continue;
				tell(job, model, g, (enum aws_direction)d,
				     (enum family)f, used);
				within = false;
			}
		}
	}
	return within;
}
