/*
 * From invariants to scopes: what an invariant forbids, less its exceptions, less
 * what rules may waive of it, cut to what Network Access Analyzer can see.
 *
 * Two cuts more keep a scope from telling of what is no violation.  Addresses that
 * nobody declares are left out, because a group may admit them (assumption 2) and
 * the analyzer takes an internet gateway to let them in; but where environments are
 * isolated they are another one's, and there a path is what is looked for.  And
 * what a list holds that is known by its name alone nobody can say, so it is taken
 * out of every condition.
 */
#include "backends/aws/scope.h"

#include "backends/aws/reach.h"
#include "compiler/base/service.h"
#include "compiler/base/table.h"
#include "compiler/base/text.h"

#include <string.h>

/* --- boxes --- */

static struct boxes boxes_less(struct arena *arena, struct boxes all,
			       const struct box *cut)
{
	struct boxes out = { 0 };

	for (size_t i = 0; i < all.count; i++)
		if (box_touches(&all.at[i], cut))
			box_less(arena, &all.at[i], cut, &out);
		else
			*LIST_PUSH(arena, &out) = all.at[i];
	return out;
}

/* --- what an invariant forbids --- */

static bool isolates_spaces(const struct ir_invariant *inv)
{
	return inv->kind == CLAIM_ISOLATE_ENVIRONMENTS ||
	       inv->kind == CLAIM_ISOLATE_CUSTOMERS;
}

static bool waives(const struct ir *ir, const struct ir_flow *flow,
		   const struct ir_invariant *inv)
{
	const char *waived = ir->rules[flow->rule].waives.value;

	return waived && strcmp(waived, inv->name) == 0;
}

/* Whom INV can speak of in SPACE without telling of what is no violation. */
static struct ranges watched_addresses(struct arena *arena,
				       const struct ir *ir,
				       const struct ir_space *space,
				       const struct ir_invariant *inv)
{
	struct ranges all = family_all(arena, IPV4), known;

	if (isolates_spaces(inv))
		return all;
	known = ranges_union(arena, space->vpc.of[IPV4],
			     space->internet.of[IPV4]);
	known = ranges_union(arena, known,
			     ir_space_peers(arena, ir, space).of[IPV4]);
	for (size_t i = 0; i < ir->network_count; i++)
		known = ranges_union(arena, known,
				     space->networks[i].of[IPV4]);
	return ranges_meet(arena, known, all);	/* classes of lists are none */
}

static struct ranges watched_services(struct arena *arena)
{
	return ranges_union(arena, service_atom(arena, PROTO_TCP, 0, 65535)
					   .of[IPV4],
			    service_atom(arena, PROTO_UDP, 0, 65535).of[IPV4]);
}

static struct boxes without_exceptions(struct arena *arena, struct boxes all,
				       const struct ir *ir,
				       const struct ir_space *space,
				       const struct ir_invariant *inv)
{
	uint32_t number = (uint32_t)(space - ir->spaces);

	for (size_t i = 0; i < inv->exception_count; i++) {
		const struct ir_claim_box *e = &inv->exceptions[i];

		if (e->space == number && e->family == IPV4)
			all = boxes_less(arena, all, &(struct box){
					 e->src, e->dst, e->svc });
	}
	for (uint32_t i = 0; i < space->flow_count; i++) {
		const struct ir_flow *f = &ir->flows[space->first_flow + i];

		if (f->family == IPV4 && waives(ir, f, inv))
			all = boxes_less(arena, all, &(struct box){
					 f->src, f->dst, f->svc });
	}
	return all;
}

struct boxes scope_boxes(struct arena *arena, const struct ir *ir,
			 const struct ir_space *space,
			 const struct ir_invariant *inv, enum scope_end end)
{
	uint32_t number = (uint32_t)(space - ir->spaces);
	struct ranges known = watched_addresses(arena, ir, space, inv);
	struct ranges near = ranges_meet(arena, known, space->vpc.of[IPV4]);
	struct ranges services = watched_services(arena);
	struct boxes all = { 0 };

	if (!ir_forbids(inv))
		return all;
	for (size_t i = 0; i < inv->box_count; i++) {
		const struct ir_claim_box *b = &inv->boxes[i];

		if (b->space != number || b->family != IPV4)
			continue;
		boxes_add(arena, &all,
			  ranges_meet(arena, b->src,
				      end == SCOPE_LEAVING ? near : known),
			  ranges_meet(arena, b->dst,
				      end == SCOPE_ARRIVING ? near : known),
			  ranges_meet(arena, b->svc, services));
	}
	all = without_exceptions(arena, all, ir, space, inv);
	return all.count ? boxes_disjoint(arena, IPV4, &all) : all;
}

/* --- what of it nobody looks at --- */

const char scope_is_silent[] = "it says nothing of this environment";

static const char *why_none(const struct ir_invariant *inv)
{
	switch (inv->kind) {
	case CLAIM_MUST:
		return "it demands that packets pass, and a scope finds those that do";
	case CLAIM_REACH:
		return "it counts what is reached over several connections";
	case CLAIM_PARITY:
		return "it compares environments";
	case CLAIM_EACH_RULE:
		return "it is about the rules, not about packets";
	default:
		return "";
	}
}

static void add_part(struct text *out, const char *part)
{
	text_printf(out, "%s%s", out->len ? "; " : "", part);
}

/* The rules that may break INV in SPACE. */
static void add_waivers(struct text *out, const struct ir *ir,
			const struct ir_space *space,
			const struct ir_invariant *inv)
{
	uint32_t last = UINT32_MAX;

	for (uint32_t i = 0; i < space->flow_count; i++) {
		const struct ir_flow *f = &ir->flows[space->first_flow + i];

		if (f->family != IPV4 || f->rule == last ||
		    !waives(ir, f, inv))
			continue;
		last = f->rule;
		add_part(out, arena_printf(out->arena,
					   "what %s permits while it waives",
					   ir->rules[f->rule].name));
	}
}

/* What boxes of INV in SPACE have besides what is watched. */
struct excess {
	bool any, six, protocols, lists, undeclared;
};

static struct excess excess_of(struct arena *arena, const struct ir *ir,
			       const struct ir_space *space,
			       const struct ir_invariant *inv)
{
	uint32_t number = (uint32_t)(space - ir->spaces);
	struct ranges all = family_all(arena, IPV4);
	struct ranges undeclared = ranges_minus(arena, all,
		watched_addresses(arena, ir, space, inv));
	struct ranges services = watched_services(arena);
	struct excess e = { 0 };

	for (size_t i = 0; i < inv->box_count; i++) {
		const struct ir_claim_box *b = &inv->boxes[i];

		if (b->space != number)
			continue;
		e.any = true;
		e.six |= b->family == IPV6;
		if (b->family == IPV6)
			continue;
		e.protocols |= !ranges_include(services, b->svc);
		e.lists |= holds_opaque(IPV4, b->src) ||
			   holds_opaque(IPV4, b->dst);
		e.undeclared |= ranges_touch(b->src, undeclared) ||
				ranges_touch(b->dst, undeclared);
	}
	return e;
}

const char *scope_unwatched(struct arena *arena, const struct ir *ir,
			    const struct ir_space *space,
			    const struct ir_invariant *inv, bool *has)
{
	struct text out = TEXT_IN(arena);
	struct excess e;

	*has = false;
	if (!ir_forbids(inv))
		return why_none(inv);
	e = excess_of(arena, ir, space, inv);
	if (!e.any)
		return scope_is_silent;
	for (int end = 0; end < SCOPE_ENDS && !*has; end++)
		*has = scope_boxes(arena, ir, space, inv,
				   (enum scope_end)end).count;
	if (inv->kind == CLAIM_NEVER && inv->hops != 1)
		add_part(&out, "routes over several connections");
	if (e.six)
		add_part(&out, "IPv6");
	if (e.protocols)
		add_part(&out, "protocols other than tcp and udp");
	if (e.lists)
		add_part(&out, "prefix lists without addresses");
	if (e.undeclared)
		add_part(&out, "addresses that nobody declares");
	add_waivers(&out, ir, space, inv);
	if (!*has)
		add_part(&out, "nothing is left with an end in the VPC");
	return text_string(&out);
}

/* --- conditions --- */

struct lowering {
	struct arena *arena;
	const struct job *job;
	const struct ir_space *space;
	LIST(struct scope_match) matches;
};

/* The ports of PROTOCOL in SVC. */
static struct ranges ports_of(struct arena *arena, struct ranges svc,
			      unsigned protocol)
{
	struct ranges all = ranges_meet(arena, svc, service_atom(arena,
						protocol, 0, 65535).of[IPV4]);
	struct range *ports = arena_array(arena, all.count, sizeof *ports);

	for (size_t i = 0; i < all.count; i++)
		ports[i] = (struct range){
			service_value((uint32_t)all.at[i].lo),
			service_value((uint32_t)all.at[i].hi) };
	return ranges_of(arena, ports, all.count);
}

static void add_match(struct lowering *l, enum scope_end end,
		      const struct box *box, struct ranges ports, bool tcp,
		      bool udp)
{
	if (ports.count && (tcp || udp))
		*LIST_PUSH(l->arena, &l->matches) = (struct scope_match){
			end, box->src, box->dst, ports, tcp, udp };
}

static void lower_box(struct lowering *l, enum scope_end end,
		      const struct box *box)
{
	struct ranges tcp = ports_of(l->arena, box->svc, PROTO_TCP);
	struct ranges udp = ports_of(l->arena, box->svc, PROTO_UDP);
	bool same = ranges_equal(tcp, udp);

	add_match(l, end, box, tcp, true, same);
	add_match(l, end, box, udp, false, !same);
}

/* "ScopeDataPrivate0a1b2c3d" of "data-private". */
static const char *key_of(struct arena *arena, const char *kind,
			  const char *name)
{
	enum { WORDS_MOST = 200 };	/* AWS takes 255 letters and digits */
	struct text key = TEXT_IN(arena);
	bool start = true;

	text_puts(&key, kind);
	for (const char *c = name; *c && key.len < WORDS_MOST; c++) {
		bool small = *c >= 'a' && *c <= 'z';
		bool plain = small || (*c >= 'A' && *c <= 'Z') ||
			     (*c >= '0' && *c <= '9');

		if (plain)
			text_putc(&key, start && small ? (char)(*c - 'a' + 'A')
						       : *c);
		start = !plain;
	}
	text_printf(&key, "%08x", (unsigned)hash_bytes(name, strlen(name)));
	return text_string(&key);
}

static struct scope scope_of(struct lowering *l, const struct ir_invariant *inv,
			     const bool *lists)
{
	const struct job *job = l->job;

	l->matches.at = NULL;
	l->matches.count = l->matches.cap = 0;
	for (int end = 0; end < SCOPE_ENDS; end++) {
		struct boxes boxes = scope_boxes(l->arena, job->ir, l->space,
						 inv, (enum scope_end)end);

		for (size_t i = 0; i < boxes.count; i++)
			lower_box(l, (enum scope_end)end, &boxes.at[i]);
	}
	return (struct scope){ key_of(l->arena, "Scope", inv->name), inv->name,
			       l->matches.at, l->matches.count,
			       { lists, lists } };
}

/* The lists whose addresses nobody gives here, each name once. */
static const struct scope_list *lists_of(struct lowering *l, size_t *count)
{
	const struct ir *ir = l->job->ir;
	struct scope_list *lists = arena_array(l->arena, ir->network_count,
					       sizeof *lists);
	struct table known = TABLE_IN(l->arena);

	*count = 0;
	for (uint32_t i = 0; i < ir->network_count; i++) {
		const char *name;
		void **place;

		if (!ir_is_opaque(l->space, i))
			continue;
		name = prefix_list_name(l->arena, l->space, &ir->networks[i]);
		place = table_at_name(&known, name);
		if (*place)
			continue;
		*place = &lists[*count];
		lists[(*count)++] = (struct scope_list){
			key_of(l->arena, "List", name), name };
	}
	return lists;
}

const struct scopes *scope_lower(const struct job *job)
{
	const struct ir *ir = job->ir;
	const struct ir_space *space = job->meaning->space;
	struct lowering l = { .arena = job->arena, .job = job, .space = space };
	struct scopes *out = arena_alloc(l.arena, sizeof *out);
	struct scope *scopes = arena_array(l.arena, ir->invariant_count,
					   sizeof *scopes);
	struct scope_said *said = arena_array(l.arena, ir->invariant_count,
					      sizeof *said);
	bool *all;

	out->identity = (struct identity){
		.policy = ir->policy,
		.customer = ir->customers[space->customer].name,
		.environment = ir->environments[space->environment],
		.layer = "" };
	out->name_prefix = ir->aws.name_prefix ? ir->aws.name_prefix
					       : ir->policy;
	out->tags = ir->aws.tags;
	out->tag_count = ir->aws.tag_count;
	out->lists = lists_of(&l, &out->list_count);
	all = arena_array(l.arena, out->list_count + 1, sizeof *all);
	memset(all, true, out->list_count * sizeof *all);
	for (size_t i = 0; i < ir->invariant_count; i++) {
		const struct ir_invariant *inv = &ir->invariants[i];
		bool has;

		said[i].invariant = inv->name;
		said[i].unwatched = scope_unwatched(l.arena, ir, space, inv,
						    &has);
		said[i].key = has ? key_of(l.arena, "Scope", inv->name) : "";
		if (has)
			scopes[out->scope_count++] = scope_of(&l, inv, all);
	}
	out->scopes = scopes;
	out->said = said;
	out->said_count = ir->invariant_count;
	return out;
}
