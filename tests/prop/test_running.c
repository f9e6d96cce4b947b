/*
 * What a policy is told to open and close against what runs, against the naive
 * evaluator: outputs of one policy of a pair are what runs, the other one is
 * compared with them.  The words of every line are read back by the grammar.
 */
#include "tests/lib/fixture.h"

#include "compiler/question.h"
#include "firebreak/diff.h"
#include "tests/lib/gen.h"
#include "tests/lib/pair.h"
#include "tests/lib/sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES = 30 };

static struct fb *context_of(const char *text)
{
	struct fb_options options = { 0 };
	struct fb *fb;

	assert_true(fb_day(GEN_DAY, &options.as_of));
	fb = fb_new(&options);
	assert_non_null(fb);
	assert_int_equal(fb_load_text(fb, "p", text, strlen(text)), FB_OK);
	return fb;
}

/* What the lines of a diff mean, in the words of POLICY. */
struct lines {
	const struct fb_diff *diff;
	struct policy *policy;
	struct question *of;
	const char *relation;	/* the side that is looked at, or NULL: all */
};

static struct lines read_lines(const struct fb_diff *diff, struct policy *p,
			       const char *relation)
{
	struct lines l = { diff, p, arena_array(p->arena, diff->reach_count + 1,
						sizeof *l.of), relation };

	for (size_t i = 0; i < diff->reach_count; i++) {
		const struct fb_words *w = &diff->reach[i].words;
		const char *text = arena_printf(p->arena, "%s -> %s on %s",
						w->src, w->dst, w->services);

		assert_true(question_read(p->arena, &p->diags, &p->sources,
					  p->ir, "line", text, AS_RULE,
					  &l.of[i]));
	}
	return l;
}

static bool has_name(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* Does a line that opens (or does not) have P in SPACE? */
static bool told(const struct lines *l, bool opens, uint32_t space,
		 const struct packet *p)
{
	const struct ir *ir = l->policy->ir;
	const char *name = ir_space_name(l->policy->arena, ir,
					 &ir->spaces[space]);

	for (size_t i = 0; i < l->diff->reach_count; i++) {
		const struct fb_reach *r = &l->diff->reach[i];
		const struct question_sets *q = &l->of[i].in[space];
		bool six = strcmp(r->words.family, "IPv6") == 0;

		if ((r->kind == FB_OPENS) != opens ||
		    (*r->words.family && six != (p->family == IPV6)) ||
		    !has_name(r->environments, r->environment_count, name) ||
		    (l->relation && !has_name(r->sides, r->side_count,
					      l->relation)))
			continue;
		if (ranges_have(q->src.of[p->family], p->src) &&
		    ranges_have(q->dst.of[p->family], p->dst) &&
		    ranges_have(q->svc.of[p->family], p->svc))
			return true;
	}
	return false;
}

/* Is P of the relation that security groups decide, whoever assumes what? */
static bool is_decided(const struct lines *l, const struct ir_space *s,
		       const struct packet *p)
{
	const struct ir *ir = l->policy->ir;
	struct both ours = ir_space_layers(l->policy->arena, ir, s);
	struct ranges nobody = ir_space_undeclared(l->policy->arena, ir, s,
						   p->family);

	return !l->relation ||
	       ((ranges_have(ours.of[p->family], p->src) ||
		 ranges_have(ours.of[p->family], p->dst)) &&
		!ranges_have(nobody, p->src) && !ranges_have(nobody, p->dst));
}

/* WAS and IS, what runs and the policy in their order, at packets near FLOWS. */
static void try_packets(const struct lines *l, const struct policy *was,
			const struct policy *is, uint32_t space,
			const struct policy *near, struct dice *dice,
			uint64_t seed, size_t tried[2])
{
	const struct ir_space *s = &near->ir->spaces[space];

	for (int f = IPV4; f < FAMILIES; f++) {
		struct boxes flows = { 0 };

		for (uint32_t i = 0; i < s->flow_count; i++) {
			const struct ir_flow *flow =
				&near->ir->flows[s->first_flow + i];

			if ((int)flow->family == f)
				boxes_add(l->policy->arena, &flows, flow->src,
					  flow->dst, flow->svc);
		}
		for (int i = 0; i < TRIES && flows.count; i++) {
			struct packet p = sampler_near(dice, (enum family)f,
						       &flows);
			bool a = pair_allows(was, &was->ir->spaces[space], &p);
			bool b = pair_allows(is, &is->ir->spaces[space], &p);

			if (!is_decided(l, s, &p))
				continue;
			if (told(l, true, space, &p) != (b && !a) ||
			    told(l, false, space, &p) != (a && !b))
				fail_msg("seed %llu: %s: ran %d, is %d",
					 (unsigned long long)seed,
					 packet_text(l->policy->arena, &p), a,
					 b);
			tried[0] += b && !a;
			tried[1] += a && !b;
		}
	}
}

/* Outputs of RUNS for TARGET beside POLICY.  False: one cannot be compiled. */
static bool one_way(struct arena *arena, const char *target,
		    const char *relation, struct policy *runs,
		    const char *runs_text, struct policy *policy,
		    const char *policy_text, bool is_new, struct dice *dice,
		    uint64_t seed, size_t tried[2])
{
	struct fb *a = context_of(runs_text), *b = context_of(policy_text);
	struct fb_diff_options options = { .old_name = "runs",
		.new_name = "policy" };
	struct fb_running running = { .is_new = is_new };
	struct fb_compilation made;
	struct fb_artefact *files;
	struct fb_diff diff;
	struct lines lines;
	enum fb_status status = fb_compile(a, target, NULL, &made);

	if (status == FB_OK) {
		files = arena_array(arena, made.count, sizeof *files);
		for (size_t i = 0; i + 1 < made.count; i++)
			files[running.file_count++] = (struct fb_artefact){
				relation ? "" : made.outputs[i].path,
				made.outputs[i].bytes, made.outputs[i].len };
		running.files = files;
		status = fb_diff_running(b, &running, &options, &diff);
	}
	if (status != FB_OK) {
		assert_int_equal(status, FB_NO);	/* a broken promise, P05 */
		fb_free(b);
		fb_free(a);
		return false;
	}
	/* an environment without layers has no groups, and so no file */
	assert_true(relation || !diff.uncovered_count);
	lines = read_lines(&diff, policy, relation && running.file_count > 1
			   ? arena_printf(arena, ": %s", relation) : relation);
	for (uint32_t s = 0; s < policy->ir->space_count; s++) {
		const struct policy *was = is_new ? policy : runs;
		const struct policy *is = is_new ? runs : policy;

		try_packets(&lines, was, is, s, runs, dice, seed, tried);
		try_packets(&lines, was, is, s, policy, dice, seed, tried);
	}
	fb_free(b);
	fb_free(a);
	return true;
}

static void compare(struct arena *all, const char *target,
		    const char *relation, unsigned seeds, size_t least)
{
	size_t done = 0, tried[2] = { 0 };

	for (uint64_t seed = 1; seed <= seeds; seed++) {
		struct arena *arena = arena_child(all);
		struct dice dice = dice_of(seed);
		struct pair p;

		/* every fourth pair has nothing in common, not even addresses */
		if (seed % 4 && pair_of(&p, arena, seed)) {
			done += one_way(arena, target, relation, &p.old,
					p.old_text, &p.new, p.new_text, false,
					&dice, seed, tried);
			done += one_way(arena, target, relation, &p.old,
					p.old_text, &p.new, p.new_text, true,
					&dice, seed, tried);
		}
		arena_free(arena);
	}
	printf("%s: %zu comparisons; packets tried that open: %zu, close: %zu\n",
	       target, done, tried[0], tried[1]);
	assert_true(done > least && tried[0] > 30 && tried[1] > 30);
}

static void rulesets_that_run_differ_as_the_naive_evaluator_says(void **state)
{
	compare(*state, "nft", NULL, 40, 10);
}

static void groups_that_run_differ_as_the_naive_evaluator_says(void **state)
{
	compare(*state, "terraform", "composed", 80, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(rulesets_that_run_differ_as_the_naive_evaluator_says),
		IN_ARENA(groups_that_run_differ_as_the_naive_evaluator_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
