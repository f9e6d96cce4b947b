/*
 * The report's matrix against the naive evaluator: what a cell says passes
 * between all addresses of both ends does, and what passes is in the cell.
 */
#include "tests/lib/fixture.h"

#include "compiler/evidence/evidence.h"
#include "tests/lib/dice.h"
#include "tests/lib/gen.h"
#include "tests/lib/naive.h"
#include "tests/lib/policy.h"
#include "tests/lib/sample.h"

#include <stdio.h>

enum { POLICIES = 60, PACKETS = 400 };

struct counts {
	size_t permitted, denied, cells, environments;
};

static bool has(struct both set, const struct packet *p)
{
	return ranges_have(set.of[p->family], p->svc);
}

/* PACKET, which passes or not, against each cell that speaks of it. */
static void hold(const struct segment *s, const struct packet *p, bool passes,
		 struct counts *counts)
{
	for (size_t from = 0; from < s->node_count; from++) {
		if (!ranges_have(s->nodes[from].set.of[p->family], p->src))
			continue;
		for (size_t to = 0; to < s->node_count; to++) {
			const struct cell *c = segment_cell(s, from, to);
			bool some = c && has(c->some, p);

			if (!ranges_have(s->nodes[to].set.of[p->family], p->dst))
				continue;
			counts->cells++;
			assert_true(!passes || some);
			assert_true(!c || !has(c->whole, p) || passes);
			if (c && c->forbidden_by)
				assert_false(passes);
		}
	}
}

static void try_segment(struct policy *p, const struct evidence *e,
			const struct segment *s, const struct sampler *sampler,
			struct dice *dice, struct counts *counts)
{
	const struct ir_space *space = &e->ir->spaces[s->spaces[0]];
	const char *customer = e->ir->customers[space->customer].name;
	const char *environment = e->ir->environments[space->environment];

	counts->environments += s->space_count;
	for (unsigned i = 0; i < PACKETS; i++) {
		struct packet packet = sampler_packet(sampler, dice,
						      (enum family)(i % 2));
		bool passes = naive_allows(p->ast, customer, environment,
					   &packet, p->as_of);

		passes ? counts->permitted++ : counts->denied++;
		hold(s, &packet, passes, counts);
	}
}

static void try_policy(struct arena *arena, uint64_t seed,
		       struct counts *counts)
{
	struct dice dice = dice_of(seed);
	struct sampler sampler = SAMPLER_IN(arena);
	struct policy p;
	struct evidence_sources from = { 0 };
	struct evidence e;
	size_t spaces = 0;

	if (!policy_of_text(&p, arena, gen_text(arena, gen_policy(arena, seed,
								  GEN_WILD), 0),
			    GEN_DAY))
		return;
	from.ir = p.ir;
	from.names = arena_array(arena, p.sources.files.count,
				 sizeof *from.names);
	for (size_t i = 0; i < p.sources.files.count; i++)
		((const char **)from.names)[i] = p.sources.files.at[i]->name;
	e = evidence_gather(arena, &p.diags, &from);
	sampler_add_ast(&sampler, p.ast);
	sampler_finish(&sampler);
	for (size_t i = 0; i < e.segment_count; i++) {
		try_segment(&p, &e, &e.segments[i], &sampler, &dice, counts);
		spaces += e.segments[i].space_count;
	}
	assert_int_equal(spaces, p.ir->space_count);
}

static void cells_say_what_the_naive_evaluator_says(void **state)
{
	struct counts counts = { 0 };

	for (uint64_t seed = 1; seed <= POLICIES; seed++) {
		struct arena *scratch = arena_child(*state);

		try_policy(scratch, seed, &counts);
		arena_free(scratch);
	}
	printf("%zu environments: %zu packets permitted, %zu denied, %zu looks at cells\n",
	       counts.environments, counts.permitted, counts.denied,
	       counts.cells);
	assert_true(counts.permitted > 1000 && counts.denied > 1000 &&
		    counts.cells > 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(cells_say_what_the_naive_evaluator_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
