/*
 * Which packets a scope would report, and which it has to: sets of packets, made
 * from the statements of the file and from the claims of the policy.
 *
 * "It produces findings for any path that satisfies at least one of the match
 * conditions", "but do not match any exclusion conditions".  A header statement of
 * the source is about the packet at the start of its path, one of the destination
 * about it at its end; a resource statement with a VPC puts that end at one of its
 * interfaces, which has an address of the VPC.  Addresses in a statement may be
 * those of a prefix list that nobody gives, so they hold every list that is not
 * excluded there.
 */
#include "backends/aws/scope.h"

#include "compiler/base/service.h"
#include "compiler/base/table.h"

#include <string.h>

/* --- what a file reports --- */

struct denoting {
	struct arena *arena;
	const struct job *job;
	const struct ir_space *space;
	const struct scopes *scopes;
};

/* Is WRITTEN, where {region} stands for the region of the space, NAME? */
static bool is_named(const struct denoting *d, const char *written,
		     const char *name)
{
	static const char variable[] = "{region}";
	size_t region = strlen(d->space->region);

	while (*written) {
		bool here = !strncmp(written, variable, sizeof variable - 1);

		if (here ? strncmp(name, d->space->region, region) != 0
			 : *written != *name)
			return false;
		name += here ? region : 1;
		written += here ? sizeof variable - 1 : 1;
	}
	return !*name;
}

/*
 * A list whose addresses the policy knows is no class of its own: what excludes it
 * would exclude them.
 */
static bool knows_lists(const struct denoting *d)
{
	const struct ir *ir = d->job->ir;

	for (size_t i = 0; i < d->scopes->list_count; i++) {
		bool found = false;

		for (uint32_t k = 0; k < ir->network_count && !found; k++)
			found = ir_is_opaque(d->space, k) &&
				is_named(d, ir->networks[k].prefix_list,
					 d->scopes->lists[i].name);
		if (found)
			continue;
		diag_add(d->job->diags, P0602, (struct span){ 0 },
			 "the access scopes of %s exclude a prefix list that the policy does not have, or has addresses of",
			 ir_space_name(d->arena, ir, d->space));
		return false;
	}
	return true;
}

/* Does SCOPE exclude the list of NETWORK at END? */
static bool is_without(const struct denoting *d, const struct scope *scope,
		       enum scope_end end, const struct ir_network *network)
{
	for (size_t i = 0; i < d->scopes->list_count; i++)
		if (scope->without[end][i] &&
		    is_named(d, network->prefix_list,
			     d->scopes->lists[i].name))
			return true;
	return false;
}

/* What of the classes of lists addresses of SCOPE may hold at END. */
static struct ranges hidden(const struct denoting *d,
			    const struct scope *scope, enum scope_end end)
{
	const struct ir *ir = d->job->ir;
	struct range *some = arena_array(d->arena, ir->network_count,
					 sizeof *some);
	size_t n = 0;

	for (uint32_t i = 0; i < ir->network_count; i++)
		if (ir_is_opaque(d->space, i) &&
		    !is_without(d, scope, end, &ir->networks[i]))
			some[n++] = (struct range){ opaque_class(i),
						    opaque_class(i) };
	return ranges_of(d->arena, some, n);
}

/* The services with these ports: tcp, udp, or both. */
static struct ranges services_of(struct arena *arena,
				 const struct scope_match *m)
{
	size_t count = m->ports.count, n = 0;
	struct range *some = arena_array(arena, 2 * count, sizeof *some);

	for (size_t i = 0; i < count; i++) {
		unsigned lo = (unsigned)m->ports.at[i].lo;
		unsigned hi = (unsigned)m->ports.at[i].hi;

		if (m->tcp)
			some[n++] = (struct range){
				service_key(PROTO_TCP, lo),
				service_key(PROTO_TCP, hi) };
		if (m->udp)
			some[n++] = (struct range){
				service_key(PROTO_UDP, lo),
				service_key(PROTO_UDP, hi) };
	}
	return ranges_of(arena, some, n);
}

static struct boxes reported(const struct denoting *d,
			     const struct scope *scope, enum scope_end end)
{
	struct ranges vpc = d->space->vpc.of[IPV4];
	struct ranges lists = hidden(d, scope, end);
	struct boxes out = { 0 };

	for (size_t i = 0; i < scope->match_count; i++) {
		const struct scope_match *m = &scope->matches[i];
		struct ranges src = m->src, dst = m->dst;

		if (m->end != end)
			continue;
		if (end == SCOPE_LEAVING) {
			src = ranges_meet(d->arena, src, vpc);
			dst = ranges_union(d->arena, dst, lists);
		} else {
			src = ranges_union(d->arena, src, lists);
			dst = ranges_meet(d->arena, dst, vpc);
		}
		boxes_add(d->arena, &out, src, dst,
			  services_of(d->arena, m));
	}
	return out;
}

/* --- what an invariant forbids --- */

/* The claims of SOME, which are INV's or its exceptions, in our space. */
static void gather(const struct denoting *d, const struct ir_claim_box *some,
		   size_t count, struct boxes *out)
{
	uint32_t here = (uint32_t)(d->space - d->job->ir->spaces);

	for (size_t i = 0; i < count; i++)
		if (some[i].space == here && some[i].family == IPV4)
			boxes_add(d->arena, out, some[i].src, some[i].dst,
				  some[i].svc);
}

/* Rules that may break INV until they expire. */
static void gather_waived(const struct denoting *d,
			  const struct ir_invariant *inv, struct boxes *out)
{
	const struct ir *ir = d->job->ir;

	for (size_t i = 0; i < d->space->flow_count; i++) {
		const struct ir_flow *f = &ir->flows[d->space->first_flow + i];
		const char *name = ir->rules[f->rule].waives.value;

		if (f->family == IPV4 && name && !strcmp(name, inv->name))
			boxes_add(d->arena, out, f->src, f->dst, f->svc);
	}
}

/* Whatever Network Access Analyzer sees of it at END of a path. */
static struct boxes visible(const struct denoting *d,
			    const struct ir_invariant *inv, enum scope_end end)
{
	struct ranges vpc = d->space->vpc.of[IPV4], any = family_all(d->arena,
								     IPV4);
	struct range ports[] = {
		{ service_key(PROTO_TCP, 0), service_key(PROTO_TCP, 65535) },
		{ service_key(PROTO_UDP, 0), service_key(PROTO_UDP, 65535) } };
	struct ranges svc = ranges_of(d->arena, ports, 2);
	struct boxes out = { 0 };

	/* assumption 2; a path from another environment is no packet of nobody */
	if (inv->kind != CLAIM_ISOLATE_ENVIRONMENTS &&
	    inv->kind != CLAIM_ISOLATE_CUSTOMERS)
		any = ranges_minus(d->arena, any, ir_space_undeclared(d->arena,
				   d->job->ir, d->space, IPV4));
	boxes_add(d->arena, &out, end == SCOPE_LEAVING ? vpc : any,
		  end == SCOPE_LEAVING ? any : vpc, svc);
	return out;
}

static struct boxes expected(const struct denoting *d,
			     const struct ir_invariant *inv, enum scope_end end)
{
	struct boxes claims = { 0 }, excepted = { 0 }, seen;
	const struct boxes *lists[] = { &claims, &excepted, &seen };
	struct universe *u;
	struct pset rest;

	if (inv->kind == CLAIM_MUST || inv->kind == CLAIM_REACH ||
	    inv->kind == CLAIM_PARITY || inv->kind == CLAIM_EACH_RULE)
		return claims;
	gather(d, inv->boxes, inv->box_count, &claims);
	if (!claims.count)
		return claims;
	gather(d, inv->exceptions, inv->exception_count, &excepted);
	gather_waived(d, inv, &excepted);
	seen = visible(d, inv, end);
	u = universe_of(d->arena, IPV4, lists, 3);
	rest = pset_meet(u, pset_of(u, &claims), pset_of(u, &seen));
	return pset_boxes(u, d->arena,
			  pset_minus(u, rest, pset_of(u, &excepted)));
}

/* --- side by side --- */

static const struct scope *scope_for(const struct scopes *scopes,
				     const char *invariant)
{
	for (size_t i = 0; i < scopes->scope_count; i++)
		if (strcmp(scopes->scopes[i].invariant, invariant) == 0)
			return &scopes->scopes[i];
	return NULL;
}

static void add_side(const struct denoting *d, const struct ir_invariant *inv,
		     enum scope_end end, struct sides *out)
{
	const struct scope *scope = scope_for(d->scopes, inv->name);
	struct boxes must = expected(d, inv, end), admitted = { 0 };

	if (scope)
		admitted = reported(d, scope, end);
	if (!must.count && !admitted.count)
		return;
	*LIST_PUSH(d->arena, out) = (struct side){
		.label = arena_printf(d->arena, "scope of %s, where packets %s",
				      inv->name, end == SCOPE_LEAVING
				      ? "leave the VPC's interfaces"
				      : "arrive at the VPC's interfaces"),
		.family = IPV4, .admitted = admitted, .must = must,
		.may = must };
}

static bool says_each(const struct denoting *d)
{
	const struct ir *ir = d->job->ir;
	struct table said = TABLE_IN(d->arena);
	bool good = d->scopes->said_count == ir->invariant_count;

	for (size_t i = 0; i < d->scopes->said_count; i++)
		*table_at_name(&said, d->scopes->said[i].invariant) = &said;
	for (size_t i = 0; i < ir->invariant_count; i++)
		good &= table_get_name(&said, ir->invariants[i].name) != NULL;
	if (!good)
		diag_add(d->job->diags, P0602, (struct span){ 0 },
			 "the access scopes of %s speak of other invariants than the policy",
			 ir_space_name(d->arena, ir, d->space));
	return good;
}

bool scope_denote(const struct job *job, const struct scopes *scopes,
		  struct sides *out)
{
	const struct ir *ir = job->ir;
	const struct denoting d = { job->arena, job, job->meaning->space,
				    scopes };

	if (!says_each(&d) || !knows_lists(&d))
		return false;
	for (size_t i = 0; i < ir->invariant_count; i++)
		for (int end = 0; end < SCOPE_ENDS; end++)
			add_side(&d, &ir->invariants[i], (enum scope_end)end,
				 out);
	return true;
}
