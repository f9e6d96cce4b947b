/*
 * What a change is told to be, against the naive evaluator.
 *
 * Sets are named with the words of generated policies, and the words are read
 * back by the grammar and looked at address by address.
 */
#include "tests/lib/fixture.h"

#include "compiler/base/addr.h"
#include "compiler/base/service.h"
#include "compiler/base/text.h"
#include "compiler/delta.h"
#include "compiler/naming.h"
#include "compiler/query.h"
#include "compiler/question.h"
#include "firebreak/diff.h"
#include "tests/lib/dice.h"
#include "tests/lib/gen.h"
#include "tests/lib/pair.h"
#include "tests/lib/policy.h"
#include "tests/lib/sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A generated policy without mistakes, or false. */
static bool generate(struct policy *p, struct arena *arena, uint64_t seed)
{
	const struct gen_policy *g = gen_policy(arena, seed, seed % 3
						? GEN_WILD : GEN_PLAIN);

	return policy_of_text(p, arena, gen_text(arena, g, 0), GEN_DAY);
}

/* --- naming --- */

/* One of the sets that the space and its rules are made of. */
static struct ranges some_set(struct policy *p, struct dice *dice,
			      const struct ir_space *s, enum family f)
{
	const struct ir *ir = p->ir;
	unsigned layers = (unsigned)ir->layer_count;
	unsigned all = layers + (unsigned)ir->network_count + 4;
	unsigned n = dice_roll(dice, all);
	const struct ir_flow *flow;

	if (n < layers)
		return s->layers[n].of[f];
	if (n < layers + ir->network_count)
		return s->networks[n - layers].of[f];
	if (n == all - 1)
		return s->internet.of[f];
	if (n == all - 2)
		return s->vpc.of[f];
	if (!s->flow_count)
		return NO_RANGES;
	flow = &ir->flows[s->first_flow + dice_roll(dice, s->flow_count)];
	if (flow->family != f)
		return NO_RANGES;
	return dice_chance(dice, 50) ? flow->src : flow->dst;
}

static struct ranges some_services(struct policy *p, struct dice *dice,
				   const struct ir_space *s, enum family f)
{
	const uint32_t edges[] = {
		service_key(PROTO_TCP, 443), service_key(PROTO_TCP, 0),
		service_key(PROTO_ICMP, 0x0800), service_key(PROTO_ICMP, 0x0304),
		service_key(PROTO_ICMP6, 0x8000), service_key(50, 0),
	};
	uint32_t key = edges[dice_roll(dice, 6)];
	const struct ir_flow *flow;

	if (dice_chance(dice, 30)) {
		unsigned p1 = service_protocol(key);

		if ((p1 == PROTO_ICMP && f == IPV6) ||
		    (p1 == PROTO_ICMP6 && f == IPV4))
			return NO_RANGES;
		if (!service_has_value(f, p1))
			return ranges_one(p->arena, service_key(p1, 0),
					  service_key(p1, 0xffff));
		return ranges_one(p->arena, key, key);
	}
	if (!s->flow_count || dice_chance(dice, 10))
		return service_all(p->arena).of[f];
	flow = &p->ir->flows[s->first_flow + dice_roll(dice, s->flow_count)];
	return flow->family == f ? flow->svc : NO_RANGES;
}

typedef struct ranges pick_set(struct policy *, struct dice *,
			       const struct ir_space *, enum family);

/* A set by union, meet and minus of a few. */
static struct ranges random_set(struct policy *p, struct dice *dice,
				const struct ir_space *s, enum family f,
				pick_set *pick)
{
	struct ranges set = pick(p, dice, s, f);

	for (unsigned n = dice_roll(dice, 4); n--;) {
		struct ranges other = pick(p, dice, s, f);

		switch (dice_roll(dice, 3)) {
		case 0:  set = ranges_union(p->arena, set, other); break;
		case 1:  set = ranges_meet(p->arena, set, other); break;
		default: set = ranges_minus(p->arena, set, other); break;
		}
	}
	return set;
}

/* The sets of the question TEXT in SPACE. */
static struct question_sets read_back(struct policy *p, const char *text,
				      uint32_t space, uint64_t seed)
{
	struct question q;

	if (!question_read(p->arena, &p->diags, &p->sources, p->ir, "query",
			   text, AS_RULE, &q))
		fail_msg("seed %llu: `%s` is not understood:\n%s",
			 (unsigned long long)seed, text, policy_messages(p));
	return q.in[space];
}

static void one_naming(struct policy *p, struct dice *dice, uint64_t seed,
		       size_t *named)
{
	uint32_t number = dice_roll(dice, (unsigned)p->ir->space_count);
	const struct ir_space *s = &p->ir->spaces[number];
	struct naming *naming = naming_of(p->arena, p->ir, s);
	enum family f = dice_chance(dice, 60) ? IPV4 : IPV6;
	struct ranges set = random_set(p, dice, s, f, some_set);
	struct ranges svc = random_set(p, dice, s, f, some_services);
	struct question_sets back;
	struct named who, what;

	if (!set.count || !svc.count)
		return;
	who = naming_addresses(naming, f, set);
	what = naming_services(naming, f, svc);
	back = read_back(p, arena_printf(p->arena, "%s -> any on %s", who.text,
					 what.text), number, seed);
	if (!ranges_equal(back.src.of[f], set) ||
	    !both_equal(back.src, who.set))
		fail_msg("seed %llu: %s is not what `%s` means",
			 (unsigned long long)seed,
			 addr_set_text(p->arena, f, set), who.text);
	if (!ranges_equal(back.svc.of[f], svc) ||
	    !both_equal(back.svc, what.set))
		fail_msg("seed %llu: %s is not what `%s` means",
			 (unsigned long long)seed,
			 service_set_text(p->arena, f, svc), what.text);
	++*named;
}

static void names_mean_exactly_the_set(void **state)
{
	size_t named = 0;

	for (uint64_t seed = 1; seed <= 400; seed++) {
		struct arena *arena = arena_child(*state);
		struct dice dice = dice_of(seed);
		struct policy p;

		if (generate(&p, arena, seed))
			for (int i = 0; i < 12; i++)
				one_naming(&p, &dice, seed, &named);
		arena_free(arena);
	}
	printf("%zu sets named and read back\n", named);
	assert_true(named > 1000);
}

/* --- pairs of policies --- */

static bool boxes_have(const struct boxes *boxes, const struct packet *p)
{
	bool found = false;

	for (size_t i = 0; i < boxes->count; i++) {
		if (!box_has(&boxes->at[i], p))
			continue;
		if (found)
			fail_msg("two boxes have the same packet");
		found = true;
	}
	return found;
}

/* The sets that the words of each line mean in each of its spaces. */
struct words_mean {
	struct question *of;	/* by line */
};

static struct words_mean read_lines(struct pair *pair, const struct delta *d,
				    uint64_t seed)
{
	struct words_mean w = { arena_array(pair->old.arena, d->line_count + 1,
					    sizeof *w.of) };

	for (size_t i = 0; i < d->line_count; i++) {
		const struct delta_line *l = &d->lines[i];
		struct policy *p = l->opens ? &pair->new : &pair->old;
		const char *text = arena_printf(p->arena, "%s -> %s on %s",
						l->src, l->dst, l->svc);

		if (!question_read(p->arena, &p->diags, &p->sources, p->ir,
				   "line", text, AS_RULE, &w.of[i]))
			fail_msg("seed %llu: `%s` is not understood",
				 (unsigned long long)seed, text);
	}
	return w;
}

static bool line_has(const struct delta *d, const struct words_mean *w,
		     size_t i, uint32_t space, const struct packet *p)
{
	const struct delta_line *l = &d->lines[i];
	const struct delta_space *s = &d->spaces[space];
	size_t number = l->opens ? (size_t)(s->is - d->new->spaces)
				 : (size_t)(s->was - d->old->spaces);
	const struct question_sets *sets;
	bool there = false;

	for (size_t k = 0; k < l->space_count; k++)
		there |= l->spaces[k] == space;
	if (!there || (*l->family && strcmp(l->family,
					    family_name(p->family)) != 0))
		return false;
	sets = &w->of[i].in[number];
	return ranges_have(sets->src.of[p->family], p->src) &&
	       ranges_have(sets->dst.of[p->family], p->dst) &&
	       ranges_have(sets->svc.of[p->family], p->svc);
}

/* How many lines in that direction have P: none or one. */
static unsigned lines_with(const struct delta *d, const struct words_mean *w,
			   bool opens, uint32_t space, const struct packet *p)
{
	unsigned count = 0;

	for (size_t i = 0; i < d->line_count; i++)
		count += d->lines[i].opens == opens &&
			 line_has(d, w, i, space, p);
	return count;
}

static struct boxes flows_of(struct arena *arena, const struct ir *ir,
			     const struct ir_space *s, enum family f)
{
	struct boxes out = { 0 };

	for (uint32_t i = 0; s && i < s->flow_count; i++) {
		const struct ir_flow *flow = &ir->flows[s->first_flow + i];

		if (flow->family == f)
			boxes_add(arena, &out, flow->src, flow->dst, flow->svc);
	}
	return out;
}

enum { TRIES = 40 };

/* Packets in and around RULES: told right by sets, by words and by nobody else? */
static void try_packets(struct pair *pair, const struct delta *d,
			const struct words_mean *w, uint32_t space,
			enum family f, const struct boxes *rules,
			struct dice *dice, uint64_t seed, size_t tried[2])
{
	const struct delta_space *s = &d->spaces[space];

	for (int i = 0; i < TRIES && rules->count; i++) {
		struct packet p = sampler_near(dice, f, rules);
		bool was = pair_allows(&pair->old, s->was, &p);
		bool is = pair_allows(&pair->new, s->is, &p);
		bool opened = boxes_have(&s->opened[f], &p);
		bool closed = boxes_have(&s->closed[f], &p);

		if (opened != (is && !was) || closed != (was && !is) ||
		    lines_with(d, w, true, space, &p) != opened ||
		    lines_with(d, w, false, space, &p) != closed)
			fail_msg("seed %llu: %s in %s is%s permitted and was%s\n%s\n---\n%s",
				 (unsigned long long)seed,
				 packet_text(pair->old.arena, &p), s->name,
				 is ? "" : " not", was ? "" : " not",
				 pair->old_text, pair->new_text);
		tried[0] += opened;
		tried[1] += closed;
	}
}

/* The old permits, less what is closed, with what is opened: the new permits. */
static void applies(struct pair *pair, const struct delta_space *s,
		    enum family f)
{
	struct arena *arena = pair->old.arena;
	struct boxes old = flows_of(arena, pair->old.ir, s->was, f);
	struct boxes new = flows_of(arena, pair->new.ir, s->is, f);
	const struct boxes *lists[] = { &old, &new, &s->opened[f],
					&s->closed[f] };
	struct universe *u = universe_of(arena, f, lists, 4);
	struct pset got = pset_union(u, pset_minus(u, pset_of(u, &old),
		pset_of(u, &s->closed[f])), pset_of(u, &s->opened[f]));

	assert_true(pset_equal(u, got, pset_of(u, &new)));
}

/* What one direction opens the other closes, in the same words. */
static void mirrors(struct pair *pair, const struct delta *d)
{
	struct delta back = delta_of(pair->old.arena, pair->new.ir,
				     pair->old.ir);

	assert_int_equal(back.line_count, d->line_count);
	assert_int_equal(back.opening_count, d->line_count - d->opening_count);
	for (size_t i = 0; i < d->line_count; i++) {
		const struct delta_line *a = &d->lines[i];
		bool found = false;

		for (size_t k = 0; k < back.line_count; k++) {
			const struct delta_line *b = &back.lines[k];

			found |= a->opens != b->opens &&
				 strcmp(a->src, b->src) == 0 &&
				 strcmp(a->dst, b->dst) == 0 &&
				 strcmp(a->svc, b->svc) == 0 &&
				 strcmp(a->other, b->other) == 0 &&
				 a->space_count == b->space_count &&
				 memcmp(a->spaces, b->spaces, a->space_count *
					sizeof *a->spaces) == 0;
		}
		assert_true(found);
	}
}

static void one_pair(struct arena *arena, uint64_t seed, size_t *pairs,
		     size_t tried[2])
{
	struct dice dice = dice_of(seed);
	struct pair pair;
	struct words_mean w;
	struct delta d;

	if (!pair_of(&pair, arena, seed))
		return;
	++*pairs;
	d = delta_of(arena, pair.old.ir, pair.new.ir);
	w = read_lines(&pair, &d, seed);
	for (uint32_t i = 0; i < d.space_count; i++)
		for (int f = IPV4; f < FAMILIES; f++) {
			struct boxes was = flows_of(arena, d.old,
				d.spaces[i].was, (enum family)f);
			struct boxes is = flows_of(arena, d.new,
				d.spaces[i].is, (enum family)f);

			try_packets(&pair, &d, &w, i, (enum family)f, &was,
				    &dice, seed, tried);
			try_packets(&pair, &d, &w, i, (enum family)f, &is,
				    &dice, seed, tried);
			applies(&pair, &d.spaces[i], (enum family)f);
		}
	mirrors(&pair, &d);
}

/* --- as documents --- */

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

static size_t times(const char *text, const char *words)
{
	size_t count = 0;

	for (; (text = strstr(text, words)) != NULL; text++)
		count++;
	return count;
}

/* How each format says that something opens or closes. */
static const struct {
	enum fb_format format;
	const char *before;
} tellings[] = {
	{ FB_FORMAT_SARIF,  "\"message\": { \"text\": \"" },
	{ FB_FORMAT_GITHUB, "]: " },
	{ FB_FORMAT_GITLAB, "\"description\": \"" },
	{ FB_FORMAT_JUNIT,  " name=\"" },
	{ FB_FORMAT_CSV,    ",\"" },
};

static void one_document(struct arena *arena, struct fb *new,
			 const struct fb_diff *diff, size_t number,
			 uint64_t seed)
{
	static const char *const verbs[] = { "opens", "moves", "narrows",
					     "closes" };
	const size_t counts[] = { diff->opens, diff->moved, diff->narrows,
				  diff->closes };
	struct fb_diff_document document = { tellings[number].format, false,
		seed % 2 ? FB_FAIL_NEVER : FB_FAIL_WIDENING };
	const char *text = fb_diff_render(new, diff, &document);

	assert_non_null(text);
	for (size_t i = 0; i < 4; i++)
		if (times(text, arena_printf(arena, "%s%s `",
				tellings[number].before, verbs[i])) != counts[i])
			fail_msg("seed %llu, format %d: not %zu times `%s`",
				 (unsigned long long)seed,
				 (int)tellings[number].format, counts[i],
				 verbs[i]);
}

static void every_format_tells_every_line(void **state)
{
	size_t told[2] = { 0 };

	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct arena *arena = arena_child(*state);
		struct fb_diff_options options = { .old_name = "old",
			.new_name = "new", .reach_only = true };
		struct fb_diff diff;
		struct pair pair;

		if (pair_of(&pair, arena, seed)) {
			struct fb *old = context_of(pair.old_text);
			struct fb *new = context_of(pair.new_text);

			assert_int_equal(fb_diff(old, new, &options, &diff),
					 FB_OK);
			for (size_t i = 0; i < 5; i++)
				one_document(arena, new, &diff, i, seed);
			told[0] += diff.opens + diff.moved;
			told[1] += diff.narrows + diff.closes;
			fb_free(new);
			fb_free(old);
		}
		arena_free(arena);
	}
	printf("lines told in every format: %zu open, %zu close\n", told[0],
	       told[1]);
	assert_true(told[0] > 50 && told[1] > 50);
}

static unsigned pairs_wanted = 180;

static void differences_are_those_of_the_naive_evaluator(void **state)
{
	size_t pairs = 0, tried[2] = { 0 };

	for (uint64_t seed = 1; seed <= pairs_wanted; seed++) {
		struct arena *arena = arena_child(*state);

		one_pair(arena, seed, &pairs, tried);
		arena_free(arena);
	}
	printf("%zu pairs; packets tried that open: %zu, close: %zu\n", pairs,
	       tried[0], tried[1]);
	assert_true(pairs > pairs_wanted / 10);
	assert_true(tried[0] > 500 && tried[1] > 500);
}

static void the_same_policy_in_other_words_has_the_same_reach(void **state)
{
	size_t same = 0;

	for (uint64_t seed = 1; seed <= 300; seed++) {
		struct arena *arena = arena_child(*state);
		struct dice dice = dice_of(seed);
		const struct gen_policy *g = gen_policy(arena, seed, GEN_WILD);
		const char *text = pair_rewritten(arena, gen_text(arena, g, seed),
					     &dice, pair_refactor);
		struct policy old, new;

		if (policy_of_text(&old, arena, gen_text(arena, g, 0),
				   GEN_DAY) &&
		    policy_of_text(&new, arena, text, GEN_DAY)) {
			assert_int_equal(delta_of(arena, old.ir,
						  new.ir).line_count, 0);
			assert_int_equal(delta_of(arena, old.ir,
						  old.ir).line_count, 0);
			same++;
		}
		arena_free(arena);
	}
	printf("%zu policies rewritten\n", same);
	assert_true(same > 50);
}

/* --- questions --- */

/* A question made of the words of the rules of TEXT. */
static const char *random_question(struct arena *arena, const char *text,
				   struct dice *dice)
{
	LIST(struct pair_rule) rules = { 0 };

	while (*text) {
		size_t len = strcspn(text, "\n");
		struct pair_rule p;

		if (pair_take_apart(arena, text, len, &p))
			*LIST_PUSH(arena, &rules) = p;
		text += len + (text[len] == '\n');
	}
	if (!rules.count)
		return NULL;
#define ONE rules.at[dice_roll(dice, (unsigned)rules.count)]
	return arena_printf(arena, "%s -> %s%s",
			    dice_chance(dice, 20) ? "?" : ONE.src,
			    dice_chance(dice, 20) ? "?" : ONE.dst,
			    dice_chance(dice, 30) ? "" :
			    arena_printf(arena, " on %s", ONE.svc));
#undef ONE
}

static bool asked(const struct question_sets *q, const struct packet *p)
{
	return ranges_have(q->src.of[p->family], p->src) &&
	       ranges_have(q->dst.of[p->family], p->dst) &&
	       ranges_have(q->svc.of[p->family], p->svc);
}

/* Is P of SPACE among the parts of the answer? */
static bool answered(const struct delta *d, const struct ir_space *s,
		     const struct packet *p)
{
	for (size_t i = 0; i < d->line_count; i++)
		for (size_t k = 0; k < d->lines[i].parts.count; k++) {
			const struct delta_part *part =
				&d->lines[i].parts.at[k];
			const struct ir_space *is = d->spaces[part->space].is;

			if (is->customer == s->customer &&
			    is->environment == s->environment &&
			    part->family == p->family &&
			    box_has(&part->box, p))
				return true;
		}
	return false;
}

static void one_question(struct policy *p, const char *text, uint64_t seed,
			 struct dice *dice, size_t tried[3])
{
	struct question q;
	struct packet refused;
	struct delta d;
	uint32_t space;
	bool any_refused;

	if (!question_read(p->arena, &p->diags, &p->sources, p->ir, "q", text,
			   AS_RULE, &q))
		return;
	d = query_permitted(p->arena, p->ir, &q);
	any_refused = query_refused(p->arena, p->ir, &q, &space, &refused);
	if (any_refused && (pair_allows(p, &p->ir->spaces[space], &refused) ||
			    !asked(&q.in[space], &refused)))
		fail_msg("seed %llu: `%s`: %s is not refused",
			 (unsigned long long)seed, text,
			 packet_text(p->arena, &refused));
	for (uint32_t s = 0; s < p->ir->space_count; s++)
		for (int f = IPV4; f < FAMILIES; f++) {
			struct boxes flows = flows_of(p->arena, p->ir,
				&p->ir->spaces[s], (enum family)f);

			for (int i = 0; i < TRIES && flows.count; i++) {
				struct packet one = sampler_near(dice,
					(enum family)f, &flows);
				bool in = asked(&q.in[s], &one);
				bool yes = pair_allows(p, &p->ir->spaces[s], &one);

				if (answered(&d, &p->ir->spaces[s], &one) !=
				    (in && yes) ||
				    (in && !yes && !any_refused))
					fail_msg("seed %llu: `%s`: %s",
						 (unsigned long long)seed, text,
						 packet_text(p->arena, &one));
				tried[in ? yes ? 0 : 1 : 2]++;
			}
		}
}

static void answers_are_those_of_the_naive_evaluator(void **state)
{
	size_t tried[3] = { 0 };

	for (uint64_t seed = 1; seed <= 150; seed++) {
		struct arena *arena = arena_child(*state);
		struct dice dice = dice_of(seed);
		const char *text = gen_text(arena, gen_policy(arena, seed,
			GEN_WILD), 0), *question;
		struct policy p;

		if (policy_of_text(&p, arena, text, GEN_DAY))
			for (int i = 0; i < 3; i++) {
				question = random_question(arena, text, &dice);
				if (question)
					one_question(&p, question, seed, &dice,
						     tried);
			}
		arena_free(arena);
	}
	printf("packets asked for: %zu permitted, %zu refused; not asked for: %zu\n",
	       tried[0], tried[1], tried[2]);
	assert_true(tried[0] > 500 && tried[1] > 500 && tried[2] > 500);
}

/* --- what a reader is told --- */

#define WORLD \
	"language 1; policy small; environments dev, prod;\n" \
	"layer web; layer app; layer db;\n" \
	"environment prod { vpc 10.0.0.0/16; layer web 10.0.0.0/24;\n" \
	"  layer app 10.0.1.0/24; layer db 10.0.2.0/24; }\n" \
	"environment dev { vpc 10.1.0.0/16; layer web 10.1.0.0/24;\n" \
	"  layer app 10.1.1.0/24; layer db 10.1.2.0/24; }\n"

static struct delta compare(struct arena *arena, const char *old,
			    const char *new)
{
	struct policy *a = arena_alloc(arena, sizeof *a);
	struct policy *b = arena_alloc(arena, sizeof *b);

	assert_true(policy_of_text(a, arena, old, GEN_DAY));
	assert_true(policy_of_text(b, arena, new, GEN_DAY));
	return delta_of(arena, a->ir, b->ir);
}

static void the_shortest_words_are_taken(void **state)
{
	static const struct { const char *question, *words; } cases[] = {
		{ "any except db -> web", "any except db" },
		{ "app, web -> db", "app, web" },
		{ "app, web, db -> db", "ours" },
		{ "ours except app -> db", "db, web" },
		{ "10.0.0.0/25, 10.0.0.128/25 -> db", "web" },
		{ "web except 10.0.0.128/25 -> db", "10.0.0.0/25" },
		{ "web except 10.0.0.7 -> db", "web except 10.0.0.7" },
		{ "internet except 192.0.2.0/28 -> db", "internet" },
		{ "app, (internet except (8.8.8.8, 9.9.9.9)) -> db",
		  "app, (internet except (8.8.8.8, 9.9.9.9))" },
	};
	struct policy p;
	struct naming *naming;

	assert_true(policy_of_text(&p, *state, WORLD
		"group ours = web, app, db; r: allow web -> app on tcp/1;",
		GEN_DAY));
	naming = naming_of(*state, p.ir, &p.ir->spaces[1]);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct question q;

		assert_true(question_read(*state, &p.diags, &p.sources, p.ir,
					  "q", cases[i].question, AS_RULE,
					  &q));
		assert_string_equal(naming_addresses(naming, IPV4,
			q.in[1].src.of[IPV4]).text, cases[i].words);
	}
}

static void environments_with_the_same_line_share_it(void **state)
{
	struct delta d = compare(*state, WORLD "r: allow web -> app on tcp/1;",
		WORLD "r: allow web -> app on tcp/1-3;");

	assert_int_equal(d.line_count, 1);
	assert_int_equal(d.lines[0].space_count, 2);
	assert_string_equal(d.lines[0].src, "web");
	assert_string_equal(d.lines[0].ports, "tcp/2-3");
	assert_string_equal(d.lines[0].other, "tcp/1");
}

/* The pieces of one rule, cut apart because another rule has one of its ends. */
static void pieces_that_differ_in_one_end_are_one_line(void **state)
{
	struct delta d = compare(*state, WORLD
		"r: allow web, db -> app on tcp/1; s: allow web -> db on tcp/5;",
		WORLD "r: allow web, db -> app on tcp/1-3;"
		" s: allow web -> db on tcp/5-8;");

	assert_int_equal(d.line_count, 2);
	assert_string_equal(d.lines[0].src, "db, web");
	assert_string_equal(d.lines[0].dst, "app");
	assert_string_equal(d.lines[0].ports, "tcp/2-3");
	assert_string_equal(d.lines[1].src, "web");
	assert_string_equal(d.lines[1].ports, "tcp/6-8");
}

/* Not so whole rules: each is what somebody wrote, and may have moved. */
static void rules_that_nothing_touches_are_lines_of_their_own(void **state)
{
	struct delta d = compare(*state, WORLD, WORLD
		"r: allow web -> app on tcp/1; s: allow web -> app on tcp/3;");

	assert_int_equal(d.line_count, 2);
	assert_string_equal(d.lines[0].ports, "tcp/1");
	assert_string_equal(d.lines[1].ports, "tcp/3");
}

static void a_rule_between_other_layers_has_moved(void **state)
{
	struct delta d = compare(*state, WORLD "r: allow web -> app on tcp/1;",
		WORLD "r: allow web -> db on tcp/1;");

	assert_int_equal(d.line_count, 2);
	assert_int_equal(d.opening_count, 1);
	assert_int_equal(d.lines[0].moved, 1);
	assert_int_equal(d.lines[1].moved, 0);
	assert_true(d.lines[0].risks & RISK_NEW_PAIR);
}

static void another_rule_between_other_layers_is_no_move(void **state)
{
	struct delta d = compare(*state, WORLD "r: allow web -> app on tcp/1;",
		WORLD "s: allow web -> db on tcp/1;");

	assert_int_equal(d.line_count, 2);
	assert_int_equal(d.lines[0].moved, NOT_MOVED);
}

static void the_internet_comes_before_wide_ports(void **state)
{
	struct delta d = compare(*state, WORLD "r: allow web -> app on tcp/1;",
		WORLD "r: allow web -> app on tcp/1;\n"
		"a: allow app -> db on any; b: allow app -> web on tcp/1;\n"
		"c: allow internet -> web on tcp/443; d: allow web -> db on tcp/22;");

	assert_int_equal(d.line_count, 4);
	assert_string_equal(d.lines[0].src, "internet");
	assert_string_equal(d.lines[1].svc, "any");
	assert_string_equal(d.lines[2].svc, "tcp/22");
	assert_string_equal(d.lines[3].dst, "web");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(names_mean_exactly_the_set),
		IN_ARENA(differences_are_those_of_the_naive_evaluator),
		IN_ARENA(every_format_tells_every_line),
		IN_ARENA(the_same_policy_in_other_words_has_the_same_reach),
		IN_ARENA(answers_are_those_of_the_naive_evaluator),
		IN_ARENA(the_shortest_words_are_taken),
		IN_ARENA(environments_with_the_same_line_share_it),
		IN_ARENA(pieces_that_differ_in_one_end_are_one_line),
		IN_ARENA(rules_that_nothing_touches_are_lines_of_their_own),
		IN_ARENA(a_rule_between_other_layers_has_moved),
		IN_ARENA(another_rule_between_other_layers_is_no_move),
		IN_ARENA(the_internet_comes_before_wide_ports),
	};

	if (argc > 1)
		pairs_wanted = (unsigned)atoi(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
