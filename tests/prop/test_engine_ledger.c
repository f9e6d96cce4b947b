/*
 * A ledger against looking at every box, and after any number of edits
 * against a new ledger of the same boxes.
 */
#include "compiler/ledger.h"
#include "compiler/pset.h"

#include "compiler/base/addr.h"
#include "tests/lib/boxgen.h"
#include "tests/lib/fixture.h"
#include "tests/lib/sample.h"

#include <time.h>

enum { CASES = 300, EDITS = 12, QUESTIONS = 8 };

#define CHECK(seed, claim)						\
	do {								\
		if (!(claim))						\
			fail_msg("seed %u: not true: %s", seed, #claim); \
	} while (0)

struct case_ {
	struct arena *arena;
	struct dice dice;
	enum family family;
	struct boxes boxes;
	struct ledger *ledger;
};

static struct case_ case_of(struct arena *arena, unsigned seed)
{
	struct case_ c = { .arena = arena_child(arena), .dice = dice_of(seed),
			   .family = seed & 1 ? IPV6 : IPV4 };

	c.boxes = boxgen_boxes(c.arena, &c.dice, c.family,
			       dice_roll(&c.dice, 40));
	c.ledger = ledger_of(c.arena, c.family, &c.boxes);
	return c;
}

static struct box random_box(struct case_ *c)
{
	size_t count = c->boxes.count;
	struct ranges some = count
		? c->boxes.at[dice_roll(&c->dice, (unsigned)count)].dst
		: NO_RANGES;
	u128 near = some.count ? some.at[0].lo : 0;

	return (struct box){
		boxgen_addresses(c->arena, &c->dice, c->family, near),
		boxgen_addresses(c->arena, &c->dice, c->family, near),
		boxgen_services(c->arena, &c->dice, c->family) };
}

static bool touch(const struct box *a, const struct box *b)
{
	return ranges_touch(a->src, b->src) && ranges_touch(a->dst, b->dst) &&
	       ranges_touch(a->svc, b->svc);
}

/* Are the COUNT at FOUND the boxes that touch BOX, in order? */
static bool are_touching(const struct case_ *c, const struct box *box,
			 const uint32_t *found, size_t count)
{
	size_t n = 0;

	for (size_t i = 0; i < c->boxes.count; i++)
		if (touch(&c->boxes.at[i], box) &&
		    (n == count || found[n++] != i))
			return false;
	return n == count;
}

/* The same question of a list that is cut into classes as a whole. */
static bool covers(struct case_ *c, const struct box *box)
{
	struct boxes one = { 0 };
	struct packet p;

	boxes_add(c->arena, &one, box->src, box->dst, box->svc);
	return boxes_within(c->arena, c->family, &one, &c->boxes, &p);
}

static bool any_has(const struct case_ *c, const struct packet *p)
{
	for (size_t i = 0; i < c->boxes.count; i++)
		if (box_has(&c->boxes.at[i], p))
			return true;
	return false;
}

static void check_box(unsigned seed, struct case_ *c)
{
	struct box box = random_box(c);
	struct packet p;
	size_t count;
	const uint32_t *found = ledger_meeting(c->ledger, c->arena, &box,
					       &count);

	CHECK(seed, are_touching(c, &box, found, count));
	CHECK(seed, ledger_meets(c->ledger, &box) == (count > 0));
	CHECK(seed, ledger_covers(c->ledger, &box, &p) == covers(c, &box));
	if (!ledger_covers(c->ledger, &box, &p))
		CHECK(seed, box_has(&box, &p) && !any_has(c, &p));
	for (int end = LEDGER_SRC; end < LEDGER_ENDS; end++) {
		struct box wide = { family_all(c->arena, c->family),
				    family_all(c->arena, c->family),
				    service_all(c->arena).of[c->family] };

		*(end == LEDGER_SRC ? &wide.src : &wide.dst) = box.src;
		found = ledger_at(c->ledger, c->arena, (enum ledger_end)end,
				  box.src, &count);
		CHECK(seed, are_touching(c, &wide, found, count));
	}
}

static void check_packet(unsigned seed, struct case_ *c)
{
	struct packet p = sampler_near(&c->dice, c->family, &c->boxes);
	size_t count, n = 0;
	const uint32_t *found = ledger_having(c->ledger, c->arena, &p, &count);

	for (size_t i = 0; i < c->boxes.count; i++)
		if (box_has(&c->boxes.at[i], &p))
			CHECK(seed, n < count && found[n++] == i);
	CHECK(seed, n == count);
}

/* ALONE and the others make all, and nothing of it is in the others. */
static void check_alone(unsigned seed, struct case_ *c)
{
	uint32_t number = dice_roll(&c->dice, (unsigned)c->boxes.count);
	struct boxes alone = ledger_alone(c->ledger, c->arena, number);
	struct boxes others = { 0 };
	const struct boxes *lists[] = { &alone, &others, &c->boxes };
	struct universe *u;
	struct pset rest;

	for (size_t i = 0; i < c->boxes.count; i++)
		if (i != number)
			*LIST_PUSH(c->arena, &others) = c->boxes.at[i];
	u = universe_of(c->arena, c->family, lists, 3);
	rest = pset_minus(u, pset_of(u, &c->boxes), pset_of(u, &others));
	CHECK(seed, pset_equal(u, pset_of(u, &alone), rest));
}

static void a_ledger_answers_as_the_boxes_do(void **state)
{
	for (unsigned seed = 0; seed < CASES; seed++) {
		struct case_ c = case_of(*state, seed);

		CHECK(seed, ledger_count(c.ledger) == c.boxes.count);
		for (unsigned i = 0; i < 6; i++)
			check_box(seed, &c);
		for (unsigned i = 0; c.boxes.count && i < 20; i++)
			check_packet(seed, &c);
		if (c.boxes.count)
			check_alone(seed, &c);
		arena_free(c.arena);
	}
}

/* --- edits --- */

/* Both tell the same of every question, now that it was asked anew. */
static void check_answers(unsigned seed, struct case_ *c,
			  const struct ledger_question *kept)
{
	struct ledger *new = ledger_of(c->arena, c->family, &c->boxes);

	for (unsigned i = 0; i < QUESTIONS; i++) {
		struct ledger_question q = kept[i];

		ledger_ask(new, &q);
		CHECK(seed, q.holds == kept[i].holds);
		if (q.holds)
			continue;
		CHECK(seed, q.packet.src == kept[i].packet.src &&
			    q.packet.dst == kept[i].packet.dst &&
			    q.packet.svc == kept[i].packet.svc);
		CHECK(seed, box_has(&q.box, &q.packet) &&
			    any_has(c, &q.packet) == !q.must);
	}
}

static void after_edits_a_ledger_answers_as_a_new_one(void **state)
{
	for (unsigned seed = 0; seed < CASES; seed++) {
		struct case_ c = case_of(*state, seed);
		struct ledger_question questions[QUESTIONS];

		for (unsigned i = 0; i < QUESTIONS; i++) {
			questions[i] = (struct ledger_question){
				random_box(&c), dice_chance(&c.dice, 40), false,
				{ 0 } };
			ledger_ask(c.ledger, &questions[i]);
		}
		for (unsigned n = 0; n < EDITS; n++) {
			uint32_t number = dice_roll(&c.dice,
				(unsigned)c.boxes.count + 1);
			struct box box = random_box(&c);

			if (dice_chance(&c.dice, 20))
				box = (struct box){ 0 };
			if (number == c.boxes.count)
				(void)LIST_PUSH(c.arena, &c.boxes);
			c.boxes.at[number] = box;
			ledger_edit(c.ledger, number, &box, questions,
				    QUESTIONS);
			check_answers(seed, &c, questions);
		}
		arena_free(c.arena);
	}
}

/* --- speed, where a slow way would be slower by orders --- */

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* A rule from each of a thousand layers to a hundred others. */
static void one_of_100000_rules_is_edited_in_milliseconds(void **state)
{
	enum { LAYERS = 1000, TARGETS = 100, TIMES = 100 };
	struct arena *arena = *state;
	struct ranges layers[LAYERS], ports[TARGETS], any;
	struct boxes boxes = { 0 };
	struct ledger_question questions[20] = { 0 };
	struct ledger *ledger;
	double began;
	size_t again = 0;

	any = family_all(arena, IPV4);
	for (unsigned i = 0; i < LAYERS; i++)
		layers[i] = ranges_one(arena, i * 256, i * 256 + 255);
	for (unsigned i = 0; i < TARGETS; i++)
		ports[i] = ranges_one(arena, service_key(6, 1000 + i),
				      service_key(6, 1000 + i));
	for (unsigned i = 0; i < LAYERS; i++)
		for (unsigned k = 0; k < TARGETS; k++)
			boxes_add(arena, &boxes, layers[i],
				  layers[(i + 7 * k + 1) % LAYERS], ports[k]);
	ledger = ledger_of(arena, IPV4, &boxes);
	for (unsigned i = 0; i < 20; i++) {
		bool must = i % 4 == 0;

		questions[i].must = must;
		questions[i].box = (struct box){
			must ? layers[i] : any, layers[must ? i + 1 : i],
			must ? ports[0] : ranges_one(arena, service_key(6, 22),
						     service_key(6, 22)) };
		ledger_ask(ledger, &questions[i]);
		assert_true(questions[i].holds);
	}
	began = seconds();
	for (unsigned n = 0; n < TIMES; n++) {
		/* the rule that `must` question 4 * (n % 5) stands on, out and in */
		uint32_t number = n % 5 * 4 * TARGETS;
		struct box gone = { 0 };

		again += ledger_edit(ledger, number, &gone, questions, 20);
		assert_false(questions[n % 5 * 4].holds);
		again += ledger_edit(ledger, number, &boxes.at[number],
				     questions, 20);
		assert_true(questions[n % 5 * 4].holds);
	}
	assert_true(again >= 2 * TIMES);
	/* a few milliseconds each; a new ledger would take twenty times that */
	assert_true((seconds() - began) / (2 * TIMES) < 0.05);
	print_message("an edit of 100,000 rules and 20 answers: %.3f ms\n",
		      (seconds() - began) / (2 * TIMES) * 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(a_ledger_answers_as_the_boxes_do),
		IN_ARENA(after_edits_a_ledger_answers_as_a_new_one),
		IN_ARENA(one_of_100000_rules_is_edited_in_milliseconds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
