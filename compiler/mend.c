/*
 * Implicit hitting sets: a small exact search over the examples known so far
 * and an oracle that adds examples.
 */
#include "compiler/mend.h"

#include <stdlib.h>
#include <string.h>

enum { NODES_MOST = 200000 };	/* of one exact search */

enum answer { NO, YES, TOO_LONG };

struct example {
	const uint32_t *at;
	size_t count;
};

/* Who banned a thing: the search for a second answer, or a branch from here on. */
enum { FREE, BANNED_BEFORE, BANNED_BY_BRANCH };

struct mender {
	struct arena *arena;
	const struct mend_oracle *oracle;
	LIST(struct example) examples;
	bool *removed;		/* by thing: gone in the question that is asked */
	bool *chosen;		/* by thing: the search's set */
	uint32_t *banned;	/* by thing: FREE, BANNED_BEFORE, or a branch's level */
	uint32_t *stamp, stamps;	/* by thing: in an example that BOUND counted */
	size_t calls, nodes;
};

static bool ask(struct mender *m, mend_set *out)
{
	out->count = 0;
	m->calls++;
	return m->oracle->find(m->oracle->context, m->removed, out);
}

static bool is_late(const struct mender *m)
{
	return m->calls > m->oracle->calls_most;
}

/* --- the smallest set that meets every example --- */

static bool is_met(const struct mender *m, const struct example *e)
{
	for (size_t i = 0; i < e->count; i++)
		if (m->chosen[e->at[i]])
			return true;
	return false;
}

/* How many things of E may be chosen. */
static size_t ways(const struct mender *m, const struct example *e)
{
	size_t n = 0;

	for (size_t i = 0; i < e->count; i++)
		n += m->banned[e->at[i]] == FREE;
	return n;
}

/* Does E share a thing that may be chosen with those counted?  Else count it. */
static bool is_apart(struct mender *m, const struct example *e)
{
	for (size_t i = 0; i < e->count; i++)
		if (m->stamp[e->at[i]] == m->stamps &&
		    m->banned[e->at[i]] == FREE)
			return false;
	for (size_t i = 0; i < e->count; i++)
		m->stamp[e->at[i]] = m->stamps;
	return true;
}

/*
 * At least how many more are needed: of examples that are not met and share
 * nothing, each needs one.  *NEXT is the one with the fewest ways; NULL: all
 * are met.
 */
static size_t bound(struct mender *m, const struct example **next)
{
	size_t least = 0, fewest = SIZE_MAX;

	*next = NULL;
	m->stamps++;
	for (size_t i = 0; i < m->examples.count; i++) {
		const struct example *e = &m->examples.at[i];
		size_t n;

		if (is_met(m, e))
			continue;
		n = ways(m, e);
		if (n < fewest) {
			fewest = n;
			*next = e;
		}
		least += is_apart(m, e);
	}
	return least;
}

/* Meet every example with at most ROOM more things: then they are chosen. */
static enum answer meet_all(struct mender *m, size_t room, uint32_t level)
{
	const struct example *next;
	size_t least = bound(m, &next);
	enum answer answer = NO;

	if (!next)
		return YES;
	if (least > room)
		return NO;
	if (m->nodes++ > NODES_MOST)
		return TOO_LONG;
	for (size_t i = 0; i < next->count && answer == NO; i++) {
		uint32_t thing = next->at[i];

		if (m->banned[thing] != FREE)
			continue;
		m->chosen[thing] = true;
		answer = meet_all(m, room - 1, level + 1);
		if (answer != YES)
			m->chosen[thing] = false;
		/* every set with it was tried: from here on without it */
		m->banned[thing] = level;
	}
	for (size_t i = 0; i < next->count; i++)
		if (m->banned[next->at[i]] == level)
			m->banned[next->at[i]] = FREE;
	return answer;
}

static void choose_none(struct mender *m)
{
	memset(m->chosen, 0, m->oracle->things * sizeof *m->chosen);
}

/* A smallest set that meets every example, if MOST things are enough. */
static enum answer meet_with_fewest(struct mender *m, size_t most)
{
	const struct example *next;
	size_t room;

	choose_none(m);
	m->nodes = 0;
	for (room = bound(m, &next); room <= most; room++) {
		enum answer answer = meet_all(m, room, BANNED_BY_BRANCH);

		if (answer != NO)
			return answer;
	}
	return NO;
}

/* --- examples --- */

/* Remember the example; what of it may be chosen is gone from now on. */
static bool learn(struct mender *m, const mend_set *set)
{
	uint32_t *at = arena_array(m->arena, set->count, sizeof *at);
	bool more = false;

	memcpy(at, set->at, set->count * sizeof *at);
	*LIST_PUSH(m->arena, &m->examples) = (struct example){ at, set->count };
	for (size_t i = 0; i < set->count; i++)
		if (m->banned[at[i]] == FREE)
			more = m->removed[at[i]] = true;
	return more;
}

/*
 * A smallest set of at most MOST things without which nothing bad is left: then
 * it is chosen.
 */
static enum answer solve(struct mender *m, size_t most)
{
	for (;;) {
		enum answer answer = meet_with_fewest(m, most);
		mend_set set = { 0 };

		if (answer != YES)
			return answer;
		memcpy(m->removed, m->chosen,
		       m->oracle->things * sizeof *m->removed);
		if (!ask(m, &set))
			return YES;
		/* as many as lie apart, so that few searches are needed */
		while (learn(m, &set) && !is_late(m) && ask(m, &set))
			;
		if (is_late(m))
			return TOO_LONG;
	}
}

/* The thing of SET that most examples have. */
static uint32_t commonest(const struct mender *m, const mend_set *set)
{
	uint32_t best = set->at[0];
	size_t most = 0;

	for (size_t i = 0; i < set->count; i++) {
		size_t n = 0;

		for (size_t e = 0; e < m->examples.count; e++)
			for (size_t k = 0; k < m->examples.at[e].count; k++)
				n += m->examples.at[e].at[k] == set->at[i];
		if (n > most) {
			most = n;
			best = set->at[i];
		}
	}
	return best;
}

/* Any set that is enough, each of its things needed. */
static void settle(struct mender *m)
{
	size_t things = m->oracle->things;
	mend_set set = { 0 };

	memset(m->removed, 0, things * sizeof *m->removed);
	for (size_t i = 0; i < m->examples.count; i++) {
		const struct example *e = &m->examples.at[i];
		mend_set copy = { (uint32_t *)e->at, e->count, e->count };
		bool met = false;

		for (size_t k = 0; k < e->count; k++)
			met |= m->removed[e->at[k]];
		if (!met)
			m->removed[commonest(m, &copy)] = true;
	}
	while (ask(m, &set))
		m->removed[commonest(m, &set)] = true;
	for (size_t i = 0; i < things; i++) {
		if (!m->removed[i])
			continue;
		m->removed[i] = false;
		m->removed[i] = ask(m, &set);
	}
	memcpy(m->chosen, m->removed, things * sizeof *m->chosen);
}

/* Some example has nothing but THING, so that every answer has it. */
static bool is_forced(const struct mender *m, uint32_t thing)
{
	for (size_t i = 0; i < m->examples.count; i++)
		if (m->examples.at[i].count == 1 &&
		    m->examples.at[i].at[0] == thing)
			return true;
	return false;
}

/* Is there, proved, no other set of the size of FOUND? */
static bool is_only(struct mender *m, const struct mending *found)
{
	for (size_t i = 0; i < found->count; i++) {
		enum answer other;

		if (is_forced(m, found->at[i]))
			continue;
		m->banned[found->at[i]] = BANNED_BEFORE;
		other = solve(m, found->count);
		m->banned[found->at[i]] = FREE;
		if (other != NO)
			return false;
	}
	return true;
}

static void write_down(const struct mender *m, struct arena *arena,
		       struct mending *out)
{
	mend_set set = { 0 };

	for (uint32_t i = 0; i < m->oracle->things; i++)
		if (m->chosen[i])
			*LIST_PUSH(arena, &set) = i;
	out->at = set.at;
	out->count = set.count;
}

struct mending mend(struct arena *arena, const struct mend_oracle *oracle)
{
	struct arena *scratch = arena_child(arena);
	size_t things = oracle->things;
	struct mender m = {
		.arena = scratch, .oracle = oracle,
		.removed = arena_array(scratch, things, sizeof *m.removed),
		.chosen = arena_array(scratch, things, sizeof *m.chosen),
		.banned = arena_array(scratch, things, sizeof *m.banned),
		.stamp = arena_array(scratch, things, sizeof *m.stamp),
	};
	struct mending out = { 0 };

	out.smallest = solve(&m, things) == YES;
	if (!out.smallest)
		settle(&m);
	write_down(&m, arena, &out);
	out.only = out.smallest && is_only(&m, &out);
	arena_free(scratch);
	return out;
}
