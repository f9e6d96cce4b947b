/*
 * Questions about sets of packets, in SMT-LIB, with the engine's answers.
 *
 *	cases COUNT SEED	questions on stdout, one answer a line on stderr
 *
 * Each case is two random lists of boxes, as formulas over the bits of a
 * packet, and five questions: are they different, is the one less the other
 * empty, do they meet, is the packet that the engine shows for a difference
 * one, and are the engine's disjoint boxes the same set?
 */
#include "compiler/pset.h"

#include "tests/lib/boxgen.h"

#include <stdio.h>
#include <stdlib.h>

/* --- cases --- */

/* BOXES cut in pieces and shuffled; now and then a piece gets lost. */
static struct boxes rewritten(struct arena *arena, struct dice *dice,
			      enum family family, const struct boxes *boxes)
{
	struct boxes out = { 0 };

	for (size_t i = 0; i < boxes->count; i++) {
		struct box b = boxes->at[i];
		struct ranges by = boxgen_addresses(arena, dice, family,
						    b.dst.at[0].lo);

		if (!dice_chance(dice, 15))
			boxes_add(arena, &out, b.src,
				  ranges_meet(arena, b.dst, by), b.svc);
		boxes_add(arena, &out, b.src, ranges_minus(arena, b.dst, by),
			  b.svc);
	}
	dice_shuffle(dice, out.at, out.count, sizeof *out.at);
	return out;
}

/* --- formulas --- */

static void put_number(u128 number, unsigned bits)
{
	printf("#x");
	for (unsigned i = bits; i; i -= 4)
		printf("%x", (unsigned)(number >> (i - 4)) & 15);
}

static void put_ranges(const char *name, struct ranges set, unsigned bits)
{
	printf(" (or false");
	for (size_t i = 0; i < set.count; i++) {
		printf(" (and (bvuge %s ", name);
		put_number(set.at[i].lo, bits);
		printf(") (bvule %s ", name);
		put_number(set.at[i].hi, bits);
		printf("))");
	}
	printf(")");
}

static void put_set(const char *name, const struct boxes *boxes, unsigned bits)
{
	printf("(define-fun %s () Bool (or false", name);
	for (size_t i = 0; i < boxes->count; i++) {
		printf("\n (and");
		put_ranges("src", boxes->at[i].src, bits);
		put_ranges("dst", boxes->at[i].dst, bits);
		put_ranges("svc", boxes->at[i].svc, 24);
		printf(")");
	}
	printf("))\n");
}

static void ask(const char *formula, bool satisfiable)
{
	printf("(push)(assert %s)(check-sat)(pop)\n", formula);
	fprintf(stderr, "%s\n", satisfiable ? "sat" : "unsat");
}

static void ask_packet(const struct packet *p, unsigned bits)
{
	printf("(push)(assert (and a (not b) (= src ");
	put_number(p->src, bits);
	printf(") (= dst ");
	put_number(p->dst, bits);
	printf(") (= svc ");
	put_number(p->svc, 24);
	printf(")))(check-sat)(pop)\n");
	fprintf(stderr, "sat\n");
}

static void put_case(struct arena *arena, struct dice *dice)
{
	enum family family = dice_chance(dice, 50) ? IPV4 : IPV6;
	unsigned bits = family == IPV4 ? 32 : 128;
	struct boxes a = boxgen_boxes(arena, dice, family, dice_roll(dice, 6));
	struct boxes b = dice_chance(dice, 70)
		? rewritten(arena, dice, family, &a)
		: boxgen_boxes(arena, dice, family, dice_roll(dice, 6));
	const struct boxes *lists[] = { &a, &b };
	struct universe *u = universe_of(arena, family, lists, 2);
	struct pset pa = pset_of(u, &a), pb = pset_of(u, &b);
	struct pset rest = pset_minus(u, pa, pb);
	struct boxes disjoint = pset_boxes(u, arena, pa);
	struct packet p;

	printf("(push)(declare-const src (_ BitVec %u))"
	       "(declare-const dst (_ BitVec %u))"
	       "(declare-const svc (_ BitVec 24))\n", bits, bits);
	put_set("a", &a, bits);
	put_set("b", &b, bits);
	put_set("d", &disjoint, bits);
	ask("(xor a b)", !pset_equal(u, pa, pb));
	ask("(and a (not b))", !pset_empty(u, rest));
	ask("(and a b)", !pset_empty(u, pset_meet(u, pa, pb)));
	ask("(xor a d)", false);
	if (pset_witness(u, rest, &p))
		ask_packet(&p, bits);
	printf("(pop)\n");
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 300;
	struct dice dice = dice_of(argc > 2 ? strtoull(argv[2], NULL, 10) : 1);

	for (; count; count--) {
		struct arena *arena = arena_new(0);

		put_case(arena, &dice);
		arena_free(arena);
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
