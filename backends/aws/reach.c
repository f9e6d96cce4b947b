/* Sets of addresses looked up in the layers by bisection, and remembered. */
#include "backends/aws/reach.h"

#include "compiler/base/text.h"

#include <stdlib.h>
#include <string.h>

static int by_start(const void *x, const void *y)
{
	const struct layer_piece *a = x, *b = y;

	if (a->range.lo != b->range.lo)
		return a->range.lo < b->range.lo ? -1 : 1;
	return (a->layer > b->layer) - (a->layer < b->layer);
}

static void cut_layers(struct reaches *r, enum family family)
{
	LIST(struct layer_piece) pieces = { 0 };
	struct ranges *all = &r->layers[family];
	u128 top = 0;

	for (uint32_t i = 0; i < r->ir->layer_count; i++) {
		struct ranges layer = r->space->layers[i].of[family];

		*all = ranges_union(r->arena, *all, layer);
		for (size_t j = 0; j < layer.count; j++)
			*LIST_PUSH(r->arena, &pieces) = (struct layer_piece){
				.range = layer.at[j], .layer = i };
	}
	if (pieces.count)
		qsort(pieces.at, pieces.count, sizeof *pieces.at, by_start);
	for (size_t i = 0; i < pieces.count; i++) {
		if (pieces.at[i].range.hi > top)
			top = pieces.at[i].range.hi;
		pieces.at[i].top = top;
	}
	r->pieces[family] = pieces.at;
	r->piece_count[family] = pieces.count;
}

const char *prefix_list_name(struct arena *arena, const struct ir_space *space,
			     const struct ir_network *network)
{
	static const char variable[] = "{region}";
	struct text name = TEXT_IN(arena);
	const char *at = network->prefix_list, *found;

	while ((found = strstr(at, variable))) {
		text_add(&name, at, (size_t)(found - at));
		text_puts(&name, space->region);
		at = found + strlen(variable);
	}
	text_puts(&name, at);
	return text_string(&name);
}

/* A list has one family, and one name has one content. */
static bool can_be_listed(const struct reaches *r, const struct both *is,
			  const char *name)
{
	if (ranges_empty(is->of[IPV4]) == ranges_empty(is->of[IPV6]))
		return false;
	for (size_t i = 0; i < r->ir->network_count; i++) {
		const struct ir_network *n = &r->ir->networks[i];

		if (n->prefix_list && !both_empty(r->space->networks[i]) &&
		    !both_equal(r->space->networks[i], *is) &&
		    strcmp(prefix_list_name(r->arena, r->space, n), name) == 0)
			return false;
	}
	return true;
}

/* Several networks may be one list: AWS takes a rule for it once. */
static bool is_listed(const struct listed *lists, size_t count,
		      const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(lists[i].name, name) == 0)
			return true;
	return false;
}

static void find_lists(struct reaches *r)
{
	LIST(struct listed) lists = { 0 };

	for (uint32_t i = 0; i < r->ir->network_count; i++) {
		const struct ir_network *n = &r->ir->networks[i];
		const struct both *is = &r->space->networks[i];
		const char *name;

		if (!n->prefix_list || both_empty(*is))
			continue;
		name = prefix_list_name(r->arena, r->space, n);
		if (can_be_listed(r, is, name) &&
		    !is_listed(lists.at, lists.count, name))
			*LIST_PUSH(r->arena, &lists) = (struct listed){
				i, ranges_empty(is->of[IPV4]) ? IPV6 : IPV4,
				name };
	}
	r->lists = lists.at;
	r->list_count = lists.count;
}

void reaches_begin(struct reaches *r, const struct job *job)
{
	*r = (struct reaches){ .arena = job->arena, .ir = job->ir,
			       .space = job->meaning->space };
	r->marks = arena_array(r->arena, r->ir->layer_count, sizeof *r->marks);
	for (enum family f = IPV4; f < FAMILIES; f++) {
		r->known[f] = TABLE_IN(r->arena);
		cut_layers(r, f);
	}
	find_lists(r);
}

/* The first piece at which something may end at or behind NUMBER. */
static size_t first_piece(const struct reaches *r, enum family family,
			  u128 number)
{
	size_t lo = 0, hi = r->piece_count[family];

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (r->pieces[family][mid].top < number)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The layers that SET meets, in no order, each once. */
static uint32_t *layers_met(struct reaches *r, enum family family,
			    struct ranges set, size_t *count)
{
	LIST(uint32_t) met = { 0 };

	for (size_t i = 0; i < set.count; i++) {
		size_t j = first_piece(r, family, set.at[i].lo);

		for (; j < r->piece_count[family]; j++) {
			const struct layer_piece *p = &r->pieces[family][j];

			if (p->range.lo > set.at[i].hi)
				break;
			if (p->range.hi < set.at[i].lo || r->marks[p->layer])
				continue;
			r->marks[p->layer] = 1;
			*LIST_PUSH(r->arena, &met) = p->layer;
		}
	}
	for (size_t i = 0; i < met.count; i++)
		r->marks[met.at[i]] = 0;
	*count = met.count;
	return met.at;
}

static int ascending(const void *x, const void *y)
{
	const uint32_t *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

/* Take the layers in, and return the union of those SET has as a whole. */
static struct ranges meet_layers(struct reaches *r, struct reach *reach)
{
	uint32_t *met = layers_met(r, reach->family, reach->all,
				   &reach->layer_count);
	bool *whole = arena_array(r->arena, reach->layer_count, sizeof *whole);
	LIST(struct range) held = { 0 };

	if (reach->layer_count)
		qsort(met, reach->layer_count, sizeof *met, ascending);
	for (size_t i = 0; i < reach->layer_count; i++) {
		struct ranges layer = r->space->layers[met[i]].of[reach->family];

		whole[i] = ranges_include(reach->all, layer);
		for (size_t j = 0; whole[i] && j < layer.count; j++)
			*LIST_PUSH(r->arena, &held) = layer.at[j];
	}
	reach->layers = met;
	reach->whole = whole;
	return ranges_of(r->arena, held.at, held.count);
}

static struct ranges meet_lists(struct reaches *r, struct reach *reach)
{
	LIST(uint32_t) lists = { 0 };
	struct ranges held = NO_RANGES;

	for (size_t i = 0; i < r->list_count; i++) {
		const struct listed *l = &r->lists[i];
		struct ranges network =
			r->space->networks[l->network].of[reach->family];

		if (l->family != reach->family ||
		    !ranges_include(reach->all, network))
			continue;
		*LIST_PUSH(r->arena, &lists) = l->network;
		held = ranges_union(r->arena, held, network);
	}
	reach->lists = lists.at;
	reach->list_count = lists.count;
	return held;
}

const struct reach *reach_of(struct reaches *r, enum family family,
			     struct ranges set)
{
	void **known = table_at(&r->known[family], set.at,
				set.count * sizeof *set.at);
	struct reach *reach = *known;
	struct ranges named;

	if (reach)
		return reach;
	*known = reach = arena_alloc(r->arena, sizeof *reach);
	reach->family = family;
	reach->all = set;
	named = meet_layers(r, reach);
	named = ranges_union(r->arena, named, meet_lists(r, reach));
	reach->rest = ranges_minus(r->arena, set, named);
	reach->outside = ranges_minus(r->arena, set, r->layers[family]);
	return reach;
}
