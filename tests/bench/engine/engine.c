/*
 * How long the packet sets take, and how much memory, beside BuDDy on the same
 * sets in the same run.
 *
 *	engine [quick]
 *
 * Each line is a process of its own, so that its peak is its own: processor
 * seconds for cutting classes, building the set, deciding twenty invariants,
 * proving it equal to the same rules written otherwise (each cut in two), and
 * the most memory, the rules themselves included.  Ratios of one run are worth
 * comparing, seconds are not.
 */
#include "compiler/ledger.h"
#include "compiler/pset.h"
#include "tests/bench/engine/buddy.h"
#include "tests/bench/engine/sets.h"
#include "tests/lib/dice.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { QUESTIONS = 20 };

struct measured {
	double cut, build, questions, equal, buddy;
	unsigned broken;
	long rules_kib, peak_kib;
	size_t corners;
	bool buddy_done;
	char refused[200];
};

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double lap(double *since)
{
	double now = seconds(), took = now - *since;

	*since = now;
	return took;
}

static long peak(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

/* --- one process a measurement --- */

struct job {
	void (*work)(const struct job *job, struct measured *m);
	enum family family;
	enum bench_kind kind;
	size_t groups, rules;
	double limit;		/* of BuDDy, in seconds */
	size_t memory;		/* of the arena; 0: none */
};

static bool measure(const struct job *job, struct measured *m)
{
	int ends[2], status;
	pid_t child;
	bool whole;

	fflush(stdout);
	if (pipe(ends) != 0 || (child = fork()) < 0)
		return false;
	if (child == 0) {
		struct measured own = { 0 };

		job->work(job, &own);
		own.peak_kib = peak();
		_exit(write(ends[1], &own, sizeof own) != sizeof own);
	}
	close(ends[1]);
	whole = read(ends[0], m, sizeof *m) == sizeof *m;
	close(ends[0]);
	return waitpid(child, &status, 0) == child && whole && status == 0;
}

/* --- the work --- */

/* Each rule cut in two where its source has a middle, in another order. */
static struct boxes written_otherwise(struct arena *arena,
				      const struct boxes *rules)
{
	struct dice dice = dice_of(7);
	struct boxes out = { 0 };

	for (size_t i = 0; i < rules->count; i++) {
		struct box b = rules->at[i], low = b, high = b;
		size_t half = b.src.count / 2;

		low.src.count = half;
		high.src.at += half;
		high.src.count -= half;
		boxes_add(arena, &out, low.src, low.dst, low.svc);
		boxes_add(arena, &out, high.src, high.dst, high.svc);
	}
	dice_shuffle(&dice, out.at, out.count, sizeof *out.at);
	return out;
}

/* Fifteen that forbid, five that demand; some are broken. */
static void make_questions(struct ledger_question *q, const struct flat *f)
{
	size_t environments = f->environment_count;

	for (size_t i = 0; i < QUESTIONS; i++) {
		size_t k = i * 7 + 1;
		struct box rule = f->rules.at[k * 13 % f->rules.count];

		q[i] = (struct ledger_question){ .must = i % 4 == 3 };
		q[i].box = q[i].must ? rule : i % 4 == 0
			? (struct box){ f->environments[k % environments],
					f->environments[(k + 1) % environments],
					f->admin }
			: (struct box){ f->everywhere,
					f->layers[k % f->layer_count],
					f->admin };
	}
}

static void decide(struct arena *arena, const struct flat *f,
		   struct measured *m)
{
	struct ledger_question questions[QUESTIONS];
	struct ledger *ledger;

	make_questions(questions, f);
	ledger = ledger_of(arena, f->family, &f->rules);
	for (size_t i = 0; i < QUESTIONS; i++) {
		ledger_ask(ledger, &questions[i]);
		m->broken += !questions[i].holds;
	}
}

static void build_flat(const struct job *job, struct measured *m)
{
	struct arena *arena = arena_new(0);
	struct flat f = flat_of(arena, job->family, job->groups, job->rules);
	const struct boxes *lists[] = { &f.rules };
	struct arena *work;
	struct universe *u;
	double since;

	m->rules_kib = peak();
	since = seconds();
	work = arena_child(arena);
	u = universe_of(work, job->family, lists, 1);
	m->cut = lap(&since);
	(void)pset_of(u, &f.rules);
	m->build = lap(&since);
	decide(work, &f, m);
	m->questions = lap(&since);
}

/* Both sides of a proof in one universe. */
static void prove_flat(const struct job *job, struct measured *m)
{
	struct arena *arena = arena_new(0);
	struct flat f = flat_of(arena, job->family, job->groups, job->rules);
	struct boxes other = written_otherwise(arena, &f.rules);
	const struct boxes *lists[] = { &f.rules, &other };
	struct universe *u;
	double since;

	m->rules_kib = peak();
	since = seconds();
	u = universe_of(arena, job->family, lists, 2);
	if (!pset_equal(u, pset_of(u, &f.rules), pset_of(u, &other)))
		_exit(2);
	m->equal = lap(&since);
}

static void buddy_flat(const struct job *job, struct measured *m)
{
	struct arena *arena = arena_new(0);
	struct flat f = flat_of(arena, IPV4, job->groups, job->rules);

	m->buddy_done = buddy_union(&f.rules, job->limit, &m->buddy);
}

static void build_classbench(const struct job *job, struct measured *m)
{
	struct arena *arena = arena_new(0);
	struct boxes rules = classbench_of(arena, job->kind, job->rules);
	const struct boxes *lists[] = { &rules };
	struct universe *u;
	double since;

	m->rules_kib = peak();
	since = seconds();
	u = universe_of(arena, IPV4, lists, 1);
	m->cut = lap(&since);
	(void)pset_of(u, &rules);
	m->build = lap(&since);
}

static void buddy_classbench(const struct job *job, struct measured *m)
{
	struct arena *arena = arena_new(0);
	struct boxes rules = classbench_of(arena, job->kind, job->rules);

	m->buddy_done = buddy_union(&rules, job->limit, &m->buddy);
}

/* Ends in an answer, or in a refusal that says why. */
static void build_crossing(const struct job *job, struct measured *m)
{
	struct arena *arena = arena_new(job->memory);
	struct boxes rules = crossing_of(arena, job->rules);
	const struct boxes *lists[] = { &rules };
	double since = seconds();
	struct universe *u;
	jmp_buf place;

	arena_guard(arena, &place);
	if (setjmp(place) == 0) {
		u = universe_of(arena, IPV4, lists, 1);
		m->cut = lap(&since);
		(void)pset_of(u, &rules);
		m->build = lap(&since);
		return;
	}
	m->cut = lap(&since);
	snprintf(m->refused, sizeof m->refused, "%s",
		 *arena_refusal(arena, NULL) ? arena_refusal(arena, NULL)
				       : "out of memory");
}

/* --- tables --- */

static const char *against(double buddy, bool done, double ours)
{
	static char text[64];

	snprintf(text, sizeof text, "%s%8.2f %8.0fx", done ? " " : ">", buddy,
		 buddy / ours);
	return text;
}

static int failed;

static void flat_line(enum family family, size_t groups, size_t rules,
		      double limit, double *half)
{
	struct job job = { .work = build_flat, .family = family,
			   .groups = groups, .rules = rules, .limit = limit };
	struct measured m, proof, buddy = { 0 };
	double ours;

	if (!measure(&job, &m)) {
		printf("  %s %zu rules FAILED\n", family == IPV4 ? "v4" : "v6",
		       rules);
		failed = 1;
		return;
	}
	job.work = prove_flat;
	if (!measure(&job, &proof))
		failed = 1;
	ours = m.cut + m.build;
	printf("  v%d %6zu %8zu %7.3f %7.3f %7.3f %8.3f", family == IPV4 ? 4 : 6,
	       groups, rules, m.cut, m.build, m.questions, proof.equal);
	printf(*half > 0 ? "  %5.2f" : "      -", ours / *half);
	printf("  %5ld %5ld", m.rules_kib / 1024, m.peak_kib / 1024);
	*half = ours;
	job.work = buddy_flat;
	if (limit > 0 && measure(&job, &buddy))
		printf(" %s", against(buddy.buddy, buddy.buddy_done, ours));
	printf("\n");
}

static void flat_table(bool quick)
{
	size_t most = quick ? 100000 : 1000000;
	double half;

	printf("flat policies: CPU seconds; growth against half the rules; MiB of the rules, and at the most\n"
	       "     layers    rules     cut   build  20 inv.   equal  growth  rules  peak   BuDDy   ratio\n");
	half = 0;
	for (size_t rules = 10000; rules <= most / 10; rules *= 10)
		flat_line(IPV4, 1000, rules, 30, &(double){ 0 });
	for (size_t rules = most / 16; rules <= most; rules *= 2)
		flat_line(IPV4, 10000, rules,
			  rules <= 125000 ? 30 : 0, &half);
	half = 0;
	flat_line(IPV6, 10000, most / 10, 0, &(double){ 0 });
	flat_line(IPV6, 10000, most, 0, &(double){ 0 });
}

static void classbench_table(bool quick)
{
	static const char *const names[] = { "acl", "fw", "ipc" };

	printf("\nacl, fw and ipc: CPU seconds; MiB\n"
	       "           rules     cut   build  rules  peak    BuDDy   ratio\n");
	for (int kind = BENCH_ACL; kind <= BENCH_IPC; kind++)
		for (size_t rules = 10000; rules <= (quick ? 10000 : 100000);
		     rules *= 10) {
			struct job job = { .work = build_classbench,
					   .kind = (enum bench_kind)kind,
					   .rules = rules, .limit = 30 };
			struct measured m, buddy;

			if (!measure(&job, &m)) {
				printf("  %-4s %8zu FAILED\n", names[kind],
				       rules);
				failed = 1;
				continue;
			}
			job.work = buddy_classbench;
			printf("  %-4s %8zu %7.3f %7.3f  %5ld %5ld",
			       names[kind], rules, m.cut, m.build,
			       m.rules_kib / 1024, m.peak_kib / 1024);
			if (measure(&job, &buddy))
				printf(" %s", against(buddy.buddy,
						      buddy.buddy_done,
						      m.cut + m.build));
			printf("\n");
		}
}

static void crossing_table(bool quick)
{
	printf("\nranges at random in every field, 1 GiB: an answer or a reason\n");
	for (size_t rules = 100; rules <= (quick ? 1000 : 20000);
	     rules *= rules == 2000 ? 10 : rules == 100 || rules == 1000 ? 2 : 5) {
		struct job job = { .work = build_crossing, .rules = rules,
				   .memory = (size_t)1 << 30 };
		struct measured m;

		if (!measure(&job, &m)) {
			printf("  %6zu FAILED\n", rules);
			failed = 1;
			continue;
		}
		printf("  %6zu %7.3f s %5ld MiB  %s\n", rules, m.cut + m.build,
		       m.peak_kib / 1024,
		       *m.refused ? m.refused : "built");
	}
}

int main(int argc, char **argv)
{
	bool quick = argc > 1 && strcmp(argv[1], "quick") == 0;

	flat_table(quick);
	classbench_table(quick);
	crossing_table(quick);
	return failed;
}
