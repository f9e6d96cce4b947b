/*
 * Variables from the top: source, destination, service, the highest bit first.
 * Sets that occur again are built once; unions are of two halves, as good for
 * it as anything we tried.
 */
#include "tests/bench/engine/buddy.h"

#include "compiler/base/table.h"

#include <bdd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/time.h>
#include <time.h>

enum { ADDRESS = 32, SERVICE = 24, VARIABLES = 2 * ADDRESS + SERVICE };

struct buddy {
	struct arena *arena;
	struct table known[3];		/* by part: ranges -> its BDD + 2 */
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Numbers of BITS bits from variable FIRST that are at least (most) LIMIT. */
static BDD bounded(int first, int bits, u128 limit, bool least)
{
	BDD all = bddtrue;

	for (int i = 0; i < bits; i++) {
		int var = first + bits - 1 - i;
		bool bit = limit >> i & 1;
		BDD next;

		if (least)
			next = bit ? bdd_apply(bdd_ithvar(var), all, bddop_and)
				   : bdd_apply(bdd_ithvar(var), all, bddop_or);
		else
			next = bit ? bdd_apply(bdd_nithvar(var), all, bddop_or)
				   : bdd_apply(bdd_nithvar(var), all,
					       bddop_and);
		bdd_addref(next);
		bdd_delref(all);
		all = next;
	}
	return all;
}

static BDD joined(BDD a, BDD b, int op)
{
	BDD both = bdd_addref(bdd_apply(a, b, op));

	bdd_delref(a);
	bdd_delref(b);
	return both;
}

static BDD ranges_bdd(struct buddy *b, int part, struct ranges set)
{
	static const int first[] = { 0, ADDRESS, 2 * ADDRESS };
	int bits = part == 2 ? SERVICE : ADDRESS;
	void **at = table_at(&b->known[part], set.at,
			     set.count * sizeof *set.at);
	BDD all = bddfalse;

	if (*at)
		return bdd_addref((BDD)((intptr_t)*at - 2));
	for (size_t i = 0; i < set.count; i++)
		all = joined(all, joined(
			bounded(first[part], bits, set.at[i].lo, true),
			bounded(first[part], bits, set.at[i].hi, false),
			bddop_and), bddop_or);
	*at = (void *)((intptr_t)all + 2);
	return bdd_addref(all);
}

static BDD box_bdd(struct buddy *b, const struct box *box)
{
	return joined(ranges_bdd(b, 0, box->src),
		      joined(ranges_bdd(b, 1, box->dst),
			     ranges_bdd(b, 2, box->svc), bddop_and),
		      bddop_and);
}

static BDD union_bdd(struct buddy *b, const struct box *boxes, size_t count)
{
	BDD left;

	if (!count)
		return bddfalse;
	if (count == 1)
		return box_bdd(b, boxes);
	left = union_bdd(b, boxes, count / 2);
	return joined(left, union_bdd(b, boxes + count / 2, count - count / 2),
		      bddop_or);
}

/* One union of large sets may take minutes: only a signal ends it. */
static sigjmp_buf over;

static void end(int signal)
{
	(void)signal;
	siglongjmp(over, 1);
}

/* BuDDy is left where it is then: the process is good for nothing else. */
static bool within(double limit, struct buddy *b, const struct boxes *boxes)
{
	struct itimerval timer = { .it_value.tv_sec = (time_t)limit };

	if (sigsetjmp(over, 1))
		return false;
	(void)signal(SIGPROF, end);
	(void)setitimer(ITIMER_PROF, &timer, NULL);
	(void)union_bdd(b, boxes->at, boxes->count);
	(void)setitimer(ITIMER_PROF, &(struct itimerval){ 0 }, NULL);
	return true;
}

bool buddy_union(const struct boxes *boxes, double limit, double *seconds)
{
	struct buddy b = { .arena = arena_new(0) };
	double began = now();
	bool done;

	for (int i = 0; i < 3; i++)
		b.known[i] = TABLE_IN(b.arena);
	bdd_init(boxes->count < 20000 ? 5000000 : 20000000,
		 boxes->count < 20000 ? 1000000 : 4000000);
	bdd_setvarnum(VARIABLES);
	bdd_gbc_hook(NULL);
	bdd_setmaxincrease(10000000);
	done = within(limit, &b, boxes);
	*seconds = now() - began;
	arena_free(b.arena);
	return done;
}
