/*
 * An editor's question: one rule of many is another now, what do the invariants
 * say?  Beside entering all rules and asking all again; the answers are the same,
 * or this fails.
 */
#include "compiler/ledger.h"
#include "tests/bench/engine/sets.h"
#include "tests/lib/dice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RULES = 100000, LAYERS = 2000, QUESTIONS = 20, EDITS = 2000,
       CHECKED = 50 };

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Fifteen that forbid, five that demand. */
static void make_questions(struct ledger_question *q, const struct flat *f)
{
	for (size_t i = 0; i < QUESTIONS; i++) {
		size_t k = i * 7 + 1;

		q[i] = (struct ledger_question){ .must = i % 4 == 3 };
		q[i].box = q[i].must ? f->rules.at[k * 13 % f->rules.count]
			: (struct box){ f->layers[k % f->layer_count],
					f->layers[(k + 5) % f->layer_count],
					f->admin };
	}
}

static struct ledger *ask_all(struct arena *arena, const struct flat *f,
			      struct ledger_question *q)
{
	struct ledger *ledger = ledger_of(arena, f->family, &f->rules);

	for (size_t i = 0; i < QUESTIONS; i++)
		ledger_ask(ledger, &q[i]);
	return ledger;
}

/* Do the kept answers, after an edit, equal those of a new ledger? */
static bool is_fresh(struct arena *arena, const struct flat *f,
		     const struct ledger_question *kept)
{
	struct arena *scratch = arena_child(arena);
	struct ledger_question q[QUESTIONS];
	bool same = true;

	memcpy(q, kept, sizeof q);
	(void)ask_all(scratch, f, q);
	for (size_t i = 0; i < QUESTIONS; i++)
		same &= q[i].holds == kept[i].holds;
	arena_free(scratch);
	return same;
}

int main(void)
{
	struct arena *arena = arena_new(0);
	struct flat f = flat_of(arena, IPV4, LAYERS, RULES);
	struct ledger_question q[QUESTIONS];
	struct dice dice = dice_of(3);
	double since, first, edits = 0;
	size_t again = 0, turned = 0;
	struct ledger *ledger;

	make_questions(q, &f);
	since = seconds();
	ledger = ask_all(arena, &f, q);
	first = seconds() - since;
	for (int i = 0; i < EDITS; i++) {
		uint32_t number = dice_roll(&dice, RULES);
		struct box *rule = &f.rules.at[number];
		struct ledger_question *at = &q[dice_roll(&dice, QUESTIONS)];
		bool held = at->holds;

		/* half of them between the ends that a question is about */
		if (i % 2)
			*rule = at->box;
		else
			rule->dst = f.layers[dice_roll(&dice, LAYERS)];
		since = seconds();
		again += ledger_edit(ledger, number, rule, q, QUESTIONS);
		edits += seconds() - since;
		turned += held != at->holds;
		if (i % (EDITS / CHECKED) == 0 && !is_fresh(arena, &f, q)) {
			printf("edit %d: an answer that is not that of a new ledger\n", i);
			return EXIT_FAILURE;
		}
	}
	printf("one rule of %d edited, and the answers of %d invariants again:\n"
	       "  all rules entered, all asked   %10.3f ms\n"
	       "  an edit, mean of %d          %10.4f ms  ratio %.6f\n"
	       "  asked again %.2f an edit; %zu answers turned; %d times like new\n",
	       RULES, QUESTIONS, first * 1e3, EDITS, edits / EDITS * 1e3,
	       edits / EDITS / first, (double)again / EDITS, turned, CHECKED);
	arena_free(arena);
	return EXIT_SUCCESS;
}
