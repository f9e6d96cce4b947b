/*
 * Is a box in the union of others?  Take a corner of it and look for who has
 * that packet: if nobody, it is the proof that the box is needed; else take
 * that one's packets away and go on with what is left.  Most rules are needed,
 * and one corner shows it.
 *
 * Who has a packet is asked of the distinct sets of addresses.  Their ranges
 * are kept by size, so that wide ones do not stand in the way of narrow ones.
 */
#include "compiler/covered.h"

#include "compiler/base/table.h"
#include "compiler/pset.h"
#include "compiler/sieve.h"

#include <stdlib.h>
#include <string.h>

/* --- which sets have an address --- */

struct entry {
	struct range range;
	uint32_t set;
};

enum { SIZES = 129 };		/* bits in the size of a range */

/* Ranges of sets, those of one size in bits together, ascending. */
struct shelf {
	struct entry *at;
	size_t first[SIZES + 1];
	unsigned char sizes[SIZES];	/* those that there are */
	unsigned size_count;
};

static unsigned bits_of(u128 number)
{
	uint64_t high = (uint64_t)(number >> 64), low = (uint64_t)number;

	return high ? 128 - (unsigned)__builtin_clzll(high)
	     : low ? 64 - (unsigned)__builtin_clzll(low) : 0;
}

static unsigned size_of(const struct range *r)
{
	return bits_of(r->hi - r->lo);
}

static int by_size(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;
	unsigned m = size_of(&a->range), n = size_of(&b->range);

	if (m != n)
		return m < n ? -1 : 1;
	if (a->range.lo != b->range.lo)
		return a->range.lo < b->range.lo ? -1 : 1;
	return (a->set > b->set) - (a->set < b->set);
}

static struct shelf shelve(struct arena *arena, const struct sieve_sets *sets)
{
	struct shelf s = { 0 };
	size_t count = 0;

	for (size_t i = 0; i < sets->count; i++)
		count += sets->at[i].count;
	s.at = arena_array(arena, count, sizeof *s.at);
	count = 0;
	for (uint32_t i = 0; i < sets->count; i++)
		for (size_t k = 0; k < sets->at[i].count; k++)
			s.at[count++] = (struct entry){ sets->at[i].at[k], i };
	if (count)
		qsort(s.at, count, sizeof *s.at, by_size);
	for (size_t i = 0; i < count; i++)
		s.first[size_of(&s.at[i].range) + 1]++;
	for (unsigned n = 0; n < SIZES; n++) {
		if (s.first[n + 1])
			s.sizes[s.size_count++] = (unsigned char)n;
		s.first[n + 1] += s.first[n];
	}
	return s;
}

typedef LIST(uint32_t) id_list;

/*
 * The sets that have ADDRESS.  A range of N bits that has it begins less than
 * 2^N before it.
 */
static void sets_with(const struct shelf *s, struct arena *arena, u128 address,
		      id_list *out)
{
	out->count = 0;
	for (unsigned n = 0; n < s->size_count; n++) {
		unsigned bits = s->sizes[n];
		u128 reach = bits ? ((u128)1 << (bits - 1)) * 2 - 1 : 0;
		u128 from = address > reach ? address - reach : 0;
		size_t lo = s->first[bits], hi = s->first[bits + 1], end = hi;

		while (lo < hi) {
			size_t mid = lo + (hi - lo) / 2;

			if (s->at[mid].range.lo < from)
				lo = mid + 1;
			else
				hi = mid;
		}
		for (; lo < end && s->at[lo].range.lo <= address; lo++)
			if (s->at[lo].range.hi >= address)
				*LIST_PUSH(arena, out) = s->at[lo].set;
	}
}

/* --- the flows of one space in one family --- */

struct pair_key {
	uint32_t src, dst;
};

struct view {
	const struct sieve *sieve;
	enum family family;
	struct shelf src, dst;
	struct table pairs;	/* pair_key -> its first flow + 1 */
	uint32_t *next;		/* by flow of the space: the next of its pair + 1 */
	uint32_t *first_from;	/* by set of sources, its first flow + 1 */
	uint32_t *next_from;	/* by flow: the next of these + 1 */
	uint32_t *count_from;	/* by set of sources */
	bool *is_to;		/* by set of destinations; all false between questions */
};

static struct view view_of(struct arena *arena, const struct sieve *sieve,
			   enum family family)
{
	size_t sources = sieve->sets[family][SIEVE_SRC].count;
	struct view v = {
		sieve, family,
		shelve(arena, &sieve->sets[family][SIEVE_SRC]),
		shelve(arena, &sieve->sets[family][SIEVE_DST]),
		TABLE_IN(arena),
		arena_array(arena, sieve->space->flow_count, sizeof *v.next),
		arena_array(arena, sources, sizeof *v.first_from),
		arena_array(arena, sieve->space->flow_count,
			    sizeof *v.next_from),
		arena_array(arena, sources, sizeof *v.count_from),
		arena_array(arena, sieve->sets[family][SIEVE_DST].count,
			    sizeof *v.is_to) };
	struct pair_key *keys = arena_array(arena, sieve->space->flow_count,
					    sizeof *keys);

	for (uint32_t i = sieve->space->flow_count; i--;) {
		void **first;

		if (sieve->ir->flows[sieve->space->first_flow + i].family !=
		    family)
			continue;
		keys[i] = (struct pair_key){ sieve->ids[i][SIEVE_SRC],
					     sieve->ids[i][SIEVE_DST] };
		first = table_at(&v.pairs, &keys[i], sizeof keys[i]);
		v.next[i] = (uint32_t)(uintptr_t)*first;
		*first = (void *)(uintptr_t)(i + 1);
		v.next_from[i] = v.first_from[keys[i].src];
		v.first_from[keys[i].src] = i + 1;
		v.count_from[keys[i].src]++;
	}
	return v;
}

/* --- covering --- */

struct coverer {
	struct arena *arena;
	const struct ir *ir;
	struct view *(*views)[FAMILIES];	/* by space; NULL: not made */
	bool *dropped;				/* by rule: covered, and does not count */
	bool *only;				/* by rule: the only ones that count... */
	bool is_limited;			/* ...if this is so */
	id_list src, dst;			/* of the last question */
};

/* May OTHER stand in for RULE: is it in force as long, and as loud? */
static bool stands_in(const struct coverer *c, uint32_t other, uint32_t rule)
{
	const struct ir_rule *a = &c->ir->rules[rule];
	const struct ir_rule *b = &c->ir->rules[other];

	if (other == rule || c->dropped[other] || (a->log && !b->log) ||
	    (c->is_limited && !c->only[other]))
		return false;
	return !b->expires.value ||
	       (a->expires.value && b->expires_day >= a->expires_day);
}

static bool includes(const struct ir_flow *f, const struct box *box)
{
	return ranges_include(f->svc, box->svc) &&
	       ranges_include(f->src, box->src) &&
	       ranges_include(f->dst, box->dst);
}

/* The best flow found that may stand in for a rule on a box. */
struct best {
	const struct box *box;
	uint32_t rule;
	const struct ir_flow *some;	/* has its first packet; the first rule's */
	const struct ir_flow *all;	/* has all of it */
};

static void weigh(const struct coverer *c, const struct ir_flow *f,
		  struct best *best)
{
	if (!ranges_have(f->svc, best->box->svc.at[0].lo) ||
	    !stands_in(c, f->rule, best->rule))
		return;
	if (includes(f, best->box))
		best->all = f;
	if (!best->some || f->rule < best->some->rule)
		best->some = f;
}

/* Those of every set of sources with every set of destinations. */
static void weigh_pairs(const struct coverer *c, const struct view *v,
			const struct ir_flow *flows, struct best *best)
{
	for (size_t s = 0; s < c->src.count; s++)
	for (size_t d = 0; d < c->dst.count; d++) {
		struct pair_key key = { c->src.at[s], c->dst.at[d] };
		uint32_t i = (uint32_t)(uintptr_t)table_get(&v->pairs, &key,
							    sizeof key);

		for (; i && !best->all; i = v->next[i - 1])
			weigh(c, &flows[i - 1], best);
		if (best->all)
			return;
	}
}

/* The same, by the flows from each set of sources. */
static void weigh_sources(const struct coverer *c, const struct view *v,
			  const struct ir_flow *flows, struct best *best)
{
	for (size_t d = 0; d < c->dst.count; d++)
		v->is_to[c->dst.at[d]] = true;
	for (size_t s = 0; s < c->src.count && !best->all; s++)
		for (uint32_t i = v->first_from[c->src.at[s]]; i && !best->all;
		     i = v->next_from[i - 1])
			if (v->is_to[v->sieve->ids[i - 1][SIEVE_DST]])
				weigh(c, &flows[i - 1], best);
	for (size_t d = 0; d < c->dst.count; d++)
		v->is_to[c->dst.at[d]] = false;
}

/*
 * A flow that may stand in for RULE and has the first packet of BOX; one that
 * has all of BOX if there is one.  NULL: the packet is RULE's alone.
 *
 * Wide sources have many flows and few sets, and where sets cross they make
 * many more pairs than there are flows: whichever is less is looked through.
 */
static const struct ir_flow *who_has(struct coverer *c, const struct view *v,
				     const struct box *box, uint32_t rule)
{
	const struct ir_flow *flows =
		&c->ir->flows[v->sieve->space->first_flow];
	struct best best = { box, rule, NULL, NULL };
	uint64_t from = 0;

	sets_with(&v->src, c->arena, box->src.at[0].lo, &c->src);
	sets_with(&v->dst, c->arena, box->dst.at[0].lo, &c->dst);
	for (size_t s = 0; s < c->src.count; s++)
		from += v->count_from[c->src.at[s]];
	if ((uint64_t)c->src.count * c->dst.count <= from)
		weigh_pairs(c, v, flows, &best);
	else
		weigh_sources(c, v, flows, &best);
	return best.all ? best.all : best.some;
}

enum { STEPS_MOST = 20000 };

/* The same question to packet sets, where the pieces became too many. */
static bool is_within(struct coverer *c, const struct view *v,
		      const struct ir_flow *flow, id_list *by)
{
	struct arena *scratch = arena_child(c->arena);
	struct box whole = { flow->src, flow->dst, flow->svc };
	struct boxes one = { 0 }, others = { 0 };
	struct packet packet;
	size_t count;
	const uint32_t *flows = sieve_meeting(v->sieve, scratch, v->family,
					      &whole, &count);
	bool within;

	*LIST_PUSH(scratch, &one) = whole;
	for (size_t i = 0; i < count; i++) {
		const struct ir_flow *f = &c->ir->flows[flows[i]];

		if (!stands_in(c, f->rule, flow->rule))
			continue;
		boxes_add(scratch, &others, f->src, f->dst, f->svc);
		if (by)
			*LIST_PUSH(c->arena, by) = f->rule;
	}
	within = boxes_within(scratch, v->family, &one, &others, &packet);
	arena_free(scratch);
	return within;
}

/* Is all of FLOW in other rules'?  BY, when given, gets these. */
static bool is_covered(struct coverer *c, const struct view *v,
		       const struct ir_flow *flow, id_list *by)
{
	struct arena *outer = c->arena;
	struct boxes rest = { 0 };
	bool covered = true;
	unsigned steps = 0;

	c->arena = arena_child(outer);
	c->src = c->dst = (id_list){ 0 };
	boxes_add(c->arena, &rest, flow->src, flow->dst, flow->svc);
	while (rest.count && covered && steps++ < STEPS_MOST) {
		struct box box = rest.at[--rest.count];
		const struct ir_flow *f = who_has(c, v, &box, flow->rule);

		covered = f != NULL;
		if (!covered)
			break;
		if (by)
			*LIST_PUSH(outer, by) = f->rule;
		box_less(c->arena, &box,
			 &(struct box){ f->src, f->dst, f->svc }, &rest);
	}
	arena_free(c->arena);
	c->arena = outer;
	return steps < STEPS_MOST || !covered ? covered
					      : is_within(c, v, flow, by);
}

/* --- all rules --- */

static struct view *view_in(struct coverer *c, uint32_t space,
			    enum family family)
{
	struct view **at = &c->views[space][family];

	if (*at)
		return *at;
	*at = arena_alloc(c->arena, sizeof **at);
	**at = view_of(c->arena, sieve_of(c->arena, c->ir,
					  &c->ir->spaces[space]), family);
	return *at;
}

/*
 * By rule: may it be covered?  No rule counts as dropped yet, so that it is one
 * of those that may.  Each space is looked at alone and forgotten.
 */
static bool *first_look(struct coverer *c)
{
	const struct ir *ir = c->ir;
	bool *may = arena_array(c->arena, ir->rule_count, sizeof *may);
	struct arena *outer = c->arena;

	for (size_t i = 0; i < ir->flow_count; i++)
		may[ir->flows[i].rule] = true;
	for (uint32_t s = 0; s < ir->space_count; s++) {
		const struct ir_space *space = &ir->spaces[s];

		c->arena = arena_child(outer);
		for (uint32_t i = 0; i < space->flow_count; i++) {
			const struct ir_flow *f =
				&ir->flows[space->first_flow + i];

			if (may[f->rule])
				may[f->rule] = is_covered(c,
					view_in(c, s, f->family), f, NULL);
		}
		memset(c->views[s], 0, sizeof c->views[s]);
		arena_free(c->arena);
	}
	c->arena = outer;
	return may;
}

/* The flows of the rules that MAY be covered, by rule. */
struct flows_of {
	uint32_t *first, *at;
};

static struct flows_of flows_of(struct coverer *c, const bool *may)
{
	const struct ir *ir = c->ir;
	struct flows_of f = { arena_array(c->arena, ir->rule_count + 2,
					  sizeof *f.first), NULL };

	for (size_t i = 0; i < ir->flow_count; i++)
		f.first[ir->flows[i].rule + 2] += may[ir->flows[i].rule];
	for (size_t r = 2; r < ir->rule_count + 2; r++)
		f.first[r] += f.first[r - 1];
	f.at = arena_array(c->arena, f.first[ir->rule_count + 1],
			   sizeof *f.at);
	for (uint32_t i = 0; i < ir->flow_count; i++)
		if (may[ir->flows[i].rule])
			f.at[f.first[ir->flows[i].rule + 1]++] = i;
	return f;
}

/* A rule that may go, and how much it says. */
struct candidate {
	uint32_t rule;
	double size;
};

static double size_of_set(struct ranges set)
{
	double size = 0;

	for (size_t i = 0; i < set.count; i++)
		size += (double)(set.at[i].hi - set.at[i].lo) + 1;
	return size;
}

/* The narrowest goes first; of equal ones the last by name. */
static int narrowest_first(const void *x, const void *y)
{
	const struct candidate *a = x, *b = y;

	if (a->size != b->size)
		return a->size < b->size ? -1 : 1;
	return (a->rule < b->rule) - (a->rule > b->rule);
}

static int ascending(const void *x, const void *y)
{
	const uint32_t *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

static int by_rule(const void *x, const void *y)
{
	const struct covered *a = x, *b = y;

	return (a->rule > b->rule) - (a->rule < b->rule);
}

static struct candidate *list_candidates(struct coverer *c, const bool *may,
					 const struct flows_of *flows,
					 size_t *count)
{
	LIST(struct candidate) out = { 0 };

	for (uint32_t r = 0; r < c->ir->rule_count; r++) {
		double size = 0;

		for (uint32_t i = flows->first[r]; i < flows->first[r + 1]; i++) {
			const struct ir_flow *f = &c->ir->flows[flows->at[i]];

			size += size_of_set(f->src) * size_of_set(f->dst) *
				size_of_set(f->svc);
		}
		/* a half opens with another one what both of them have */
		if (may[r] && c->ir->rules[r].half == IR_BOTH_HALVES)
			*LIST_PUSH(c->arena, &out) =
				(struct candidate){ r, size };
	}
	if (out.count)
		qsort(out.at, out.count, sizeof *out.at, narrowest_first);
	*count = out.count;
	return out.at;
}

/* Is RULE covered without those that are dropped?  BY: by these. */
static bool is_rule_covered(struct coverer *c, const struct flows_of *flows,
			    uint32_t rule, id_list *by)
{
	for (uint32_t i = flows->first[rule]; i < flows->first[rule + 1]; i++) {
		const struct ir_flow *f = &c->ir->flows[flows->at[i]];

		if (!is_covered(c, view_in(c, f->space, f->family), f, by))
			return false;
	}
	return true;
}

/* Ascending, each once. */
static void sort_rules(id_list *rules)
{
	size_t kept = 0;

	qsort(rules->at, rules->count, sizeof *rules->at, ascending);
	for (size_t i = 0; i < rules->count; i++)
		if (!i || rules->at[i] != rules->at[i - 1])
			rules->at[kept++] = rules->at[i];
	rules->count = kept;
}

enum { TRIMMED_MOST = 32 };

/* Leave out whom the others make superfluous; a long list stays as it is. */
static void trim(struct coverer *c, const struct flows_of *flows,
		 uint32_t rule, id_list *by)
{
	size_t kept = 0;

	if (by->count < 2 || by->count > TRIMMED_MOST)
		return;
	for (size_t i = 0; i < by->count; i++)
		c->only[by->at[i]] = true;
	c->is_limited = true;
	for (size_t i = 0; i < by->count; i++) {
		c->only[by->at[i]] = false;
		if (is_rule_covered(c, flows, rule, NULL))
			continue;
		c->only[by->at[i]] = true;
		by->at[kept++] = by->at[i];
	}
	by->count = kept;
	for (size_t i = 0; i < kept; i++)
		c->only[by->at[i]] = false;
	c->is_limited = false;
}

static struct covered write_down(struct arena *arena, uint32_t rule,
				 const id_list *by)
{
	uint32_t *kept = arena_array(arena, by->count, sizeof *kept);

	memcpy(kept, by->at, by->count * sizeof *kept);
	return (struct covered){ rule, kept, by->count };
}

const struct covered *covered_find(struct arena *arena, const struct ir *ir,
				   size_t *count)
{
	struct arena *scratch = arena_child(arena);
	struct coverer c = { .arena = scratch, .ir = ir,
		.views = arena_array(scratch, ir->space_count,
				     sizeof *c.views),
		.dropped = arena_array(scratch, ir->rule_count,
				       sizeof *c.dropped),
		.only = arena_array(scratch, ir->rule_count, sizeof *c.only) };
	bool *may = first_look(&c);
	struct flows_of flows = flows_of(&c, may);
	size_t candidates;
	const struct candidate *some = list_candidates(&c, may, &flows,
						       &candidates);
	LIST(struct covered) out = { 0 };

	for (size_t i = 0; i < candidates; i++)
		c.dropped[some[i].rule] = is_rule_covered(&c, &flows,
							  some[i].rule, NULL);
	/* again, so that nobody is named who is dropped too */
	for (size_t i = 0; i < candidates; i++) {
		id_list by = { 0 };

		if (!c.dropped[some[i].rule])
			continue;
		(void)is_rule_covered(&c, &flows, some[i].rule, &by);
		sort_rules(&by);
		trim(&c, &flows, some[i].rule, &by);
		*LIST_PUSH(arena, &out) = write_down(arena, some[i].rule, &by);
	}
	if (out.count)
		qsort(out.at, out.count, sizeof *out.at, by_rule);
	arena_free(scratch);
	*count = out.count;
	return out.at;
}
