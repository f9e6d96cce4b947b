/* Distinct sets, and for each end the boxes that have each of them. */
#include "compiler/ledger.h"

#include "compiler/base/table.h"
#include "compiler/pset.h"

#include <stdlib.h>
#include <string.h>

/* Distinct sets of one kind. */
struct sets {
	struct table ids;		/* bytes of a ranges -> its id + 1 */
	LIST(struct ranges) at;
};

/* A box by its sets. */
struct entry {
	uint32_t end[LEDGER_ENDS], svc;	/* sets */
};

/* Numbers of boxes; those of a new ledger lie side by side in one array. */
struct holders {
	uint32_t *at;
	size_t count, cap;
};

struct ledger {
	struct arena *arena;
	enum family family;
	struct sets addresses, services;
	LIST(struct entry) entries;
	LIST(struct holders) of[LEDGER_ENDS];	/* by set of addresses */
};

static uint32_t enter_set(struct ledger *l, struct sets *sets,
			  struct ranges set)
{
	void **at = table_at(&sets->ids, set.at, set.count * sizeof *set.at);

	if (!*at) {
		*LIST_PUSH(l->arena, &sets->at) = set;
		*at = (void *)(uintptr_t)sets->at.count;
	}
	return (uint32_t)((uintptr_t)*at - 1);
}

static struct entry entry_of(struct ledger *l, const struct box *box)
{
	struct entry e;

	e.end[LEDGER_SRC] = enter_set(l, &l->addresses, box->src);
	e.end[LEDGER_DST] = enter_set(l, &l->addresses, box->dst);
	e.svc = enter_set(l, &l->services, box->svc);
	for (int end = LEDGER_SRC; end < LEDGER_ENDS; end++)
		while (l->of[end].count < l->addresses.at.count)
			(void)LIST_PUSH(l->arena, &l->of[end]);
	return e;
}

/* Count, share one array out, and fill. */
static void enter_holders(struct ledger *l, int end)
{
	struct holders *of = l->of[end].at;
	uint32_t *all = arena_array(l->arena, l->entries.count, sizeof *all);

	for (size_t i = 0; i < l->entries.count; i++)
		of[l->entries.at[i].end[end]].cap++;
	for (size_t s = 0; s < l->of[end].count; all += of[s++].cap)
		of[s].at = all;
	for (size_t i = 0; i < l->entries.count; i++) {
		struct holders *h = &of[l->entries.at[i].end[end]];

		h->at[h->count++] = (uint32_t)i;
	}
}

struct ledger *ledger_of(struct arena *arena, enum family family,
			 const struct boxes *boxes)
{
	struct ledger *l = arena_alloc(arena, sizeof *l);

	l->arena = arena;
	l->family = family;
	l->addresses.ids = l->services.ids = TABLE_IN(arena);
	l->entries.cap = boxes->count;
	l->entries.at = arena_array(arena, boxes->count,
				    sizeof *l->entries.at);
	for (size_t i = 0; i < boxes->count; i++)
		*LIST_PUSH(arena, &l->entries) = entry_of(l, &boxes->at[i]);
	for (int end = LEDGER_SRC; end < LEDGER_ENDS; end++)
		enter_holders(l, end);
	return l;
}

static void strike(struct holders *h, uint32_t number)
{
	size_t i = 0;

	while (h->at[i] != number)
		i++;
	h->at[i] = h->at[--h->count];
}

void ledger_replace(struct ledger *l, uint32_t number, const struct box *box)
{
	struct entry e = entry_of(l, box);

	if (number == l->entries.count)
		(void)LIST_PUSH(l->arena, &l->entries);
	else
		for (int end = LEDGER_SRC; end < LEDGER_ENDS; end++)
			strike(&l->of[end].at[l->entries.at[number].end[end]],
			       number);
	l->entries.at[number] = e;
	for (int end = LEDGER_SRC; end < LEDGER_ENDS; end++)
		*LIST_PUSH(l->arena, &l->of[end].at[e.end[end]]) = number;
}

size_t ledger_count(const struct ledger *l)
{
	return l->entries.count;
}

struct box ledger_box(const struct ledger *l, uint32_t number)
{
	const struct entry *e = &l->entries.at[number];

	return (struct box){ l->addresses.at.at[e->end[LEDGER_SRC]],
			     l->addresses.at.at[e->end[LEDGER_DST]],
			     l->services.at.at[e->svc] };
}

/* --- questions --- */

/* Which sets a box touches. */
struct touched {
	struct arena *scratch;
	bool *end[LEDGER_ENDS], *svc;
	enum ledger_end from;		/* the end with fewer boxes to look at */
};

static bool *touching(struct arena *scratch, const struct sets *sets,
		      struct ranges set)
{
	bool *touch = arena_array(scratch, sets->at.count + 1, sizeof *touch);

	for (size_t i = 0; i < sets->at.count; i++)
		touch[i] = ranges_touch(sets->at.at[i], set);
	return touch;
}

static size_t held(const struct ledger *l, enum ledger_end end,
		   const bool *touch)
{
	size_t count = 0;

	for (size_t s = 0; s < l->of[end].count; s++)
		count += touch[s] ? l->of[end].at[s].count : 0;
	return count;
}

static struct touched touched_by(struct ledger *l, const struct box *box)
{
	struct touched t = { .scratch = arena_child(l->arena) };

	t.end[LEDGER_SRC] = touching(t.scratch, &l->addresses, box->src);
	t.end[LEDGER_DST] = touching(t.scratch, &l->addresses, box->dst);
	t.svc = touching(t.scratch, &l->services, box->svc);
	t.from = held(l, LEDGER_SRC, t.end[LEDGER_SRC]) <=
		 held(l, LEDGER_DST, t.end[LEDGER_DST]) ? LEDGER_SRC
							: LEDGER_DST;
	return t;
}

static bool is_touched(const struct ledger *l, const struct touched *t,
		       uint32_t number)
{
	const struct entry *e = &l->entries.at[number];

	return t->end[LEDGER_SRC][e->end[LEDGER_SRC]] &&
	       t->end[LEDGER_DST][e->end[LEDGER_DST]] && t->svc[e->svc];
}

/* The first box that T touches from place (*SET, *I) on; moves the place. */
static bool next_touched(const struct ledger *l, const struct touched *t,
			 size_t *set, size_t *i, uint32_t *number)
{
	for (; *set < l->of[t->from].count; ++*set, *i = 0) {
		const struct holders *h = &l->of[t->from].at[*set];

		if (!t->end[t->from][*set])
			continue;
		while (*i < h->count) {
			*number = h->at[(*i)++];
			if (is_touched(l, t, *number))
				return true;
		}
	}
	return false;
}

bool ledger_meets(struct ledger *l, const struct box *box)
{
	struct touched t = touched_by(l, box);
	size_t set = 0, i = 0;
	uint32_t number;
	bool found = next_touched(l, &t, &set, &i, &number);

	arena_free(t.scratch);
	return found;
}

static int ascending(const void *x, const void *y)
{
	const uint32_t *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

const uint32_t *ledger_meeting(struct ledger *l, struct arena *arena,
			       const struct box *box, size_t *count)
{
	struct touched t = touched_by(l, box);
	LIST(uint32_t) found = { 0 };
	size_t set = 0, i = 0;
	uint32_t number;

	while (next_touched(l, &t, &set, &i, &number))
		*LIST_PUSH(arena, &found) = number;
	arena_free(t.scratch);
	if (found.count)
		qsort(found.at, found.count, sizeof *found.at, ascending);
	*count = found.count;
	return found.at;
}

const uint32_t *ledger_having(struct ledger *l, struct arena *arena,
			      const struct packet *packet, size_t *count)
{
	const struct range src = { packet->src, packet->src };
	const struct range dst = { packet->dst, packet->dst };
	const struct range svc = { packet->svc, packet->svc };
	const struct box one = { { &src, 1 }, { &dst, 1 }, { &svc, 1 } };

	return ledger_meeting(l, arena, &one, count);
}

const uint32_t *ledger_at(struct ledger *l, struct arena *arena,
			  enum ledger_end end, struct ranges hosts,
			  size_t *count)
{
	LIST(uint32_t) found = { 0 };

	for (size_t s = 0; s < l->of[end].count; s++) {
		const struct holders *h = &l->of[end].at[s];

		if (!h->count || !ranges_touch(l->addresses.at.at[s], hosts))
			continue;
		for (size_t i = 0; i < h->count; i++)
			*LIST_PUSH(arena, &found) = h->at[i];
	}
	if (found.count)
		qsort(found.at, found.count, sizeof *found.at, ascending);
	*count = found.count;
	return found.at;
}

/* The boxes that meet BOX, but for number NOT, in ARENA. */
static struct boxes near(struct ledger *l, struct arena *arena,
			 const struct box *box, uint32_t not)
{
	struct boxes some = { 0 };
	size_t count;
	const uint32_t *numbers = ledger_meeting(l, arena, box, &count);

	for (size_t i = 0; i < count; i++)
		if (numbers[i] != not)
			*LIST_PUSH(arena, &some) =
				ledger_box(l, numbers[i]);
	return some;
}

bool ledger_covers(struct ledger *l, const struct box *box, struct packet *out)
{
	struct arena *scratch = arena_child(l->arena);
	struct boxes one = { 0 }, some;
	bool covered;

	boxes_add(scratch, &one, box->src, box->dst, box->svc);
	some = near(l, scratch, box, UINT32_MAX);
	covered = boxes_within(scratch, l->family, &one, &some, out);
	arena_free(scratch);
	return covered;
}

struct boxes ledger_alone(struct ledger *l, struct arena *arena,
			  uint32_t number)
{
	struct arena *scratch = arena_child(l->arena);
	const struct box box = ledger_box(l, number);
	struct boxes one = { 0 }, others, out;
	const struct boxes *lists[] = { &one, &others };
	struct universe *u;

	boxes_add(scratch, &one, box.src, box.dst, box.svc);
	others = near(l, scratch, &box, number);
	u = universe_of(scratch, l->family, lists, 2);
	out = pset_boxes(u, arena, pset_minus(u, pset_of(u, &one),
					      pset_of(u, &others)));
	arena_free(scratch);
	return out;
}

/* A packet of what the boxes have in BOX, which is not nothing. */
static void show(struct ledger *l, const struct box *box, struct packet *out)
{
	struct arena *scratch = arena_child(l->arena);
	struct boxes some = near(l, scratch, box, UINT32_MAX), cut = { 0 };
	const struct boxes *lists[] = { &cut };
	struct universe *u;

	for (size_t i = 0; i < some.count; i++)
		boxes_add(scratch, &cut,
			  ranges_meet(scratch, some.at[i].src, box->src),
			  ranges_meet(scratch, some.at[i].dst, box->dst),
			  ranges_meet(scratch, some.at[i].svc, box->svc));
	u = universe_of(scratch, l->family, lists, 1);
	(void)pset_witness(u, pset_of(u, &cut), out);
	arena_free(scratch);
}

void ledger_ask(struct ledger *l, struct ledger_question *q)
{
	if (q->must) {
		q->holds = ledger_covers(l, &q->box, &q->packet);
		return;
	}
	q->holds = !ledger_meets(l, &q->box);
	if (!q->holds)
		show(l, &q->box, &q->packet);
}

size_t ledger_edit(struct ledger *l, uint32_t number, const struct box *box,
		   struct ledger_question *questions, size_t count)
{
	struct box old = { 0 };
	size_t again = 0;

	if (number < l->entries.count)
		old = ledger_box(l, number);
	ledger_replace(l, number, box);
	for (size_t i = 0; i < count; i++) {
		if (!box_touches(&questions[i].box, &old) &&
		    !box_touches(&questions[i].box, box))
			continue;
		ledger_ask(l, &questions[i]);
		again++;
	}
	return again;
}
