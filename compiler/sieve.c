/* Distinct sets, and flows that go through the meshes. */
#include "compiler/sieve.h"

#include "compiler/base/table.h"

static struct ranges part_of(const struct ir_flow *f, enum sieve_part part)
{
	return part == SIEVE_SRC ? f->src : part == SIEVE_DST ? f->dst : f->svc;
}

/* The tables of one kind of set: by the ranges themselves, by their place. */
struct known {
	struct table by_contents, by_place;
};

/* A set's place: equal ones are mostly the very same memory. */
struct place {
	const struct range *at;
	size_t count;
};

static uint32_t id_of(struct arena *arena, struct arena *scratch,
		      struct known *known, struct sieve_sets *sets,
		      struct ranges set)
{
	struct place *place;
	struct place key = { set.at, set.count };
	void *id = table_get(&known->by_place, &key, sizeof key);
	void **slot;

	if (id)
		return (uint32_t)((uintptr_t)id - 1);
	slot = table_at(&known->by_contents, set.at,
			set.count * sizeof *set.at);
	if (!*slot) {
		*LIST_PUSH(arena, sets) = set;
		*slot = (void *)(uintptr_t)sets->count;
	}
	id = *slot;
	place = arena_alloc(scratch, sizeof *place);
	*place = key;
	*table_at(&known->by_place, place, sizeof *place) = id;
	return (uint32_t)((uintptr_t)id - 1);
}

const struct sieve *sieve_of(struct arena *arena, const struct ir *ir,
			     const struct ir_space *space)
{
	struct sieve *s = arena_alloc(arena, sizeof *s);
	struct arena *scratch = arena_child(arena);
	struct known known[FAMILIES][SIEVE_PARTS];

	s->ir = ir;
	s->space = space;
	s->ids = arena_array(arena, space->flow_count, sizeof *s->ids);
	for (int f = IPV4; f < FAMILIES; f++)
		for (int part = 0; part < SIEVE_PARTS; part++)
			known[f][part] = (struct known){ TABLE_IN(scratch),
							 TABLE_IN(scratch) };
	for (uint32_t i = 0; i < space->flow_count; i++) {
		const struct ir_flow *f = &ir->flows[space->first_flow + i];

		for (int part = 0; part < SIEVE_PARTS; part++)
			s->ids[i][part] = id_of(arena, scratch,
				&known[f->family][part],
				&s->sets[f->family][part],
				part_of(f, (enum sieve_part)part));
	}
	arena_free(scratch);
	return s;
}

/* Which of SETS touch SET; NULL when none does. */
static const bool *touching(struct arena *arena,
			    const struct sieve_sets *sets, struct ranges set)
{
	bool *touch = arena_array(arena, sets->count, sizeof *touch);
	bool any = false;

	for (size_t i = 0; i < sets->count; i++)
		any |= touch[i] = ranges_touch(sets->at[i], set);
	return any ? touch : NULL;
}

const uint32_t *sieve_meeting(const struct sieve *s, struct arena *arena,
			      enum family family, const struct box *box,
			      size_t *count)
{
	const struct sieve_sets *sets = s->sets[family];
	LIST(uint32_t) found = { 0 };
	const bool *svc = touching(arena, &sets[SIEVE_SVC], box->svc);
	const bool *src = svc ? touching(arena, &sets[SIEVE_SRC], box->src)
			      : NULL;
	const bool *dst = src ? touching(arena, &sets[SIEVE_DST], box->dst)
			      : NULL;

	for (uint32_t i = 0; dst && i < s->space->flow_count; i++) {
		const uint32_t *id = s->ids[i];
		uint32_t number = s->space->first_flow + i;

		if (s->ir->flows[number].family == family &&
		    src[id[SIEVE_SRC]] && dst[id[SIEVE_DST]] &&
		    svc[id[SIEVE_SVC]])
			*LIST_PUSH(arena, &found) = number;
	}
	*count = found.count;
	return found.at;
}
