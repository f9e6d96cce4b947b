/*
 * Who stands at the far end of a rule: groups for whole layers, prefix lists
 * for whole networks, and the fewest prefixes for all else.
 *
 * The prefixes may hold more than the policy names where an assumption makes
 * it harmless: space that nobody declared, and on ingress own layers that
 * their own egress stops.  Groups and lists that such a prefix holds anyway
 * are left out.
 */
#include "backends/aws/lower.h"

struct flow_list {
	const struct flow **at;
	size_t count, cap;
};

struct peering {
	struct arena *arena;
	struct reaches *reaches;
	struct ranges undeclared[FAMILIES];
	struct flow_list *into[FAMILIES];	/* by layer: flows that meet it */
	struct table stopped, covers;
	bool *refer;		/* scratch: by index into a reach's layers */
};

/*
 * A group holds at most 1,000 rules.  With so many flows it is far beyond,
 * and what stops where need not be known to say so.
 */
enum { FLOWS_MOST = 4096 };

struct cover {
	const struct prefix *prefixes;
	size_t count;
	struct ranges held;
};

struct peering *peering_begin(struct reaches *reaches,
			      const struct flow *flows, size_t count)
{
	struct peering *p = arena_alloc(reaches->arena, sizeof *p);
	size_t layers = reaches->ir->layer_count;

	p->arena = reaches->arena;
	p->reaches = reaches;
	p->stopped = p->covers = TABLE_IN(p->arena);
	p->refer = arena_array(p->arena, layers, sizeof *p->refer);
	for (enum family f = IPV4; f < FAMILIES; f++) {
		p->undeclared[f] = ir_space_undeclared(p->arena, reaches->ir,
						       reaches->space, f);
		p->into[f] = arena_array(p->arena, layers, sizeof *p->into[f]);
	}
	for (size_t i = 0; i < count; i++) {
		const struct reach *to = flows[i].far[AWS_EGRESS];

		for (size_t j = 0; flows[i].out && j < to->layer_count; j++)
			*LIST_PUSH(p->arena,
				   &p->into[to->family][to->layers[j]]) =
				&flows[i];
	}
	return p;
}

static struct ranges layer_at(const struct peering *p, uint32_t layer,
			      enum family family)
{
	return p->reaches->space->layers[layer].of[family];
}

/* By bisection: the place of LAYER among those of REACH, or -1. */
static long place_of(const struct reach *reach, uint32_t layer)
{
	size_t lo = 0, hi = reach->layer_count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (reach->layers[mid] < layer)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < reach->layer_count && reach->layers[lo] == layer ?
	       (long)lo : -1;
}

/* Does TWIN, in its family, ask for the same with the whole of PEER? */
static bool asks_for(const struct flow *twin, const struct wish *w,
		     uint32_t peer)
{
	const struct reach *far = twin->far[w->direction];
	struct range keys = foreign_keys(w->service);
	long at = place_of(far, peer);

	return at >= 0 && far->whole[at] &&
	       place_of(near_of(twin, w->direction), w->layer) >= 0 &&
	       ranges_include(twin->is->svc, (struct ranges){ &keys, 1 });
}

/*
 * A reference to a group admits the addresses of both families.  It says WISH
 * only if the rule permits the same in the other one, or if there is nobody.
 */
static bool reference_fits(const struct peering *p, const struct wish *w,
			   uint32_t peer)
{
	enum family other = w->flow->is->family == IPV4 ? IPV6 : IPV4;

	if (ranges_empty(layer_at(p, w->layer, other)) ||
	    ranges_empty(layer_at(p, peer, other)))
		return true;
	for (size_t i = 0; i < w->rule_count; i++)
		if (w->rule[i].is->family == other &&
		    asks_for(&w->rule[i], w, peer))
			return true;
	return false;
}

/*
 * What is to be said by prefixes: the rest, and whole layers whose group does
 * not fit.  *PLAIN says that there are none of those.
 */
static struct ranges left_for_prefixes(struct peering *p, const struct wish *w,
				       const struct reach *far, bool *plain)
{
	struct ranges left = far->rest;

	*plain = true;
	for (size_t i = 0; i < far->layer_count; i++) {
		p->refer[i] = far->whole[i] &&
			      reference_fits(p, w, far->layers[i]);
		if (!far->whole[i] || p->refer[i])
			continue;
		left = ranges_union(p->arena, left,
				    layer_at(p, far->layers[i], far->family));
		*plain = false;
	}
	return left;
}

/* Mark the layers that may send some of SVC to LAYER by a flow INTO it. */
static void mark_let(const struct flow_list *into, struct ranges svc,
		     bool *marks)
{
	for (size_t i = 0; i < into->count; i++) {
		const struct reach *from = into->at[i]->far[AWS_INGRESS];

		if (!ranges_touch(into->at[i]->is->svc, svc))
			continue;
		for (size_t j = 0; j < from->layer_count; j++)
			marks[from->layers[j]] = true;
	}
}

/* The layers whose own egress lets none of the flow's services to LAYER. */
static struct ranges find_stopped(struct peering *p, const struct flow *flow,
				  uint32_t layer)
{
	enum family family = flow->is->family;
	size_t count = p->reaches->ir->layer_count;
	const struct flow_list *into = &p->into[family][layer];
	bool *marks = arena_array(p->arena, count, sizeof *marks);
	LIST(struct range) let = { 0 };

	if (into->count > FLOWS_MOST)
		return NO_RANGES;
	mark_let(into, flow->is->svc, marks);
	for (uint32_t i = 0; i < count; i++) {
		struct ranges is = layer_at(p, i, family);

		for (size_t j = 0; marks[i] && j < is.count; j++)
			*LIST_PUSH(p->arena, &let) = is.at[j];
	}
	return ranges_minus(p->arena, p->reaches->layers[family],
			    ranges_of(p->arena, let.at, let.count));
}

static const struct ranges *stopped(struct peering *p, const struct flow *flow,
				    uint32_t layer)
{
	struct key {
		const struct service_list *services;
		uint64_t layer, family;
	} key = { flow->services, layer, flow->is->family }, *kept;
	struct ranges *found = table_get(&p->stopped, &key, sizeof key);

	if (found)
		return found;
	found = arena_alloc(p->arena, sizeof *found);
	*found = find_stopped(p, flow, layer);
	kept = arena_alloc(p->arena, sizeof *kept);
	*kept = key;
	*table_at(&p->stopped, kept, sizeof *kept) = found;
	return found;
}

/*
 * The smallest block that holds what PREFIX has of MUST: where nothing is
 * saved by it, a rule names no more than the policy.
 */
static struct prefix tightened(struct peering *p, struct prefix prefix,
			       struct ranges must)
{
	struct range all = prefix_range(prefix);
	struct ranges in = ranges_meet(p->arena, must,
				       (struct ranges){ &all, 1 });
	u128 lo = in.at[0].lo, hi = in.at[in.count - 1].hi;
	unsigned free_bits = 0;

	for (; lo != hi; lo >>= 1, hi >>= 1)
		free_bits++;
	if (free_bits == 128)
		return prefix;
	return (struct prefix){ prefix.family, lo << free_bits,
				family_bits(prefix.family) - free_bits };
}

/* In place of what may be held besides: of a half, nothing. */
static const struct ranges nothing_more;

static struct cover *make_cover(struct peering *p, const struct reach *far,
				struct ranges must, const struct ranges *more)
{
	struct cover *c = arena_alloc(p->arena, sizeof *c);
	struct ranges may = far->all;
	const struct prefix *fewest;
	struct prefix *prefixes;
	struct range *held;

	if (more != &nothing_more)
		may = ranges_union(p->arena, may, p->undeclared[far->family]);
	if (more)
		may = ranges_union(p->arena, may, *more);
	fewest = prefix_cover(p->arena, far->family, must, may, &c->count);
	prefixes = arena_array(p->arena, c->count, sizeof *prefixes);
	held = arena_array(p->arena, c->count, sizeof *held);
	for (size_t i = 0; i < c->count; i++) {
		prefixes[i] = tightened(p, fewest[i], must);
		held[i] = prefix_range(prefixes[i]);
	}
	c->prefixes = prefixes;
	c->held = ranges_of(p->arena, held, c->count);
	return c;
}

/* The prefixes for MUST; those for the usual one, PLAIN, are remembered. */
static const struct cover *cover_of(struct peering *p, const struct wish *w,
				    struct ranges must, bool plain)
{
	const struct reach *far = w->flow->far[w->direction];
	bool half = !w->flow->in || !w->flow->out;
	const struct ranges *more = half ? &nothing_more :
				    w->direction == AWS_INGRESS ?
				    stopped(p, w->flow, w->layer) : NULL;
	struct key {
		const struct reach *far;
		const struct ranges *more;
	} key = { far, more }, *kept;
	struct cover *cover;

	if (!plain)
		return make_cover(p, far, must, more);
	cover = table_get(&p->covers, &key, sizeof key);
	if (cover)
		return cover;
	cover = make_cover(p, far, must, more);
	kept = arena_alloc(p->arena, sizeof *kept);
	*kept = key;
	*table_at(&p->covers, kept, sizeof *kept) = cover;
	return cover;
}

static void add(struct peering *p, struct peer_list *out,
		enum aws_peer_kind kind, uint32_t index)
{
	*LIST_PUSH(p->arena, out) = (struct aws_peer){ .kind = kind,
						       .index = index };
}

void peers_of(struct peering *p, const struct wish *w, struct peer_list *out)
{
	static const struct cover nothing;
	const struct reach *far = w->flow->far[w->direction];
	const struct cover *cover = &nothing;
	bool plain;
	struct ranges left = left_for_prefixes(p, w, far, &plain);

	if (!ranges_empty(left))
		cover = cover_of(p, w, left, plain);
	for (size_t i = 0; i < far->layer_count; i++)
		if (p->refer[i] &&
		    !ranges_include(cover->held, layer_at(p, far->layers[i],
							  far->family)))
			add(p, out, AWS_GROUP, far->layers[i]);
	for (size_t i = 0; i < far->list_count; i++)
		if (!ranges_include(cover->held,
				    p->reaches->space->networks[far->lists[i]]
					    .of[far->family]))
			add(p, out, AWS_LIST, far->lists[i]);
	for (size_t i = 0; i < cover->count; i++)
		*LIST_PUSH(p->arena, out) = (struct aws_peer){
			.kind = AWS_PREFIX, .prefix = cover->prefixes[i] };
}
