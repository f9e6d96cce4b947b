/*
 * Of addresses: a cover problem, solved greedily.  Whole names that fit into the
 * set, largest first; then names with holes (`internet except partners`) where
 * that is shorter than prefixes; prefixes for what is left.  Or, if that is
 * shorter, one name around the whole set with the rest taken out of it.
 */
#include "compiler/naming_terms.h"

#include "compiler/base/addr.h"
#include "compiler/base/service.h"
#include "compiler/base/text.h"

#include <stdlib.h>
#include <string.h>

/* --- words --- */

static void add_word(struct naming *n, const char *text, struct both set)
{
	if (!both_empty(set))
		*LIST_PUSH(n->arena, &n->words) = (struct word){ text, set };
}

/* "staging.data" where that says it, else "banco-andino.staging.data". */
static const char *far_name(struct naming *n, const struct ir_space *far,
			    const char *layer)
{
	const char *space = far->customer == n->space->customer
		? n->ir->environments[far->environment]
		: ir_space_name(n->arena, n->ir, far);

	return arena_printf(n->arena, "%s.%s", space, layer);
}

static void add_peers(struct naming *n)
{
	for (size_t i = 0; i < n->space->peer_count; i++) {
		const struct ir_space *far =
			&n->ir->spaces[n->space->peers[i]];

		for (size_t k = 0; k < n->ir->layer_count; k++)
			add_word(n, far_name(n, far, n->ir->layers[k].name),
				 far->layers[k]);
	}
}

static void add_words(struct naming *n)
{
	const struct ir *ir = n->ir;
	size_t space = (size_t)(n->space - ir->spaces);
	struct both any = { { family_all(n->arena, IPV4),
			      family_all(n->arena, IPV6) } };

	for (size_t i = 0; i < ir->layer_count; i++)
		add_word(n, ir->layers[i].name, n->space->layers[i]);
	for (size_t i = 0; i < ir->network_count; i++)
		add_word(n, ir->networks[i].name, n->space->networks[i]);
	add_word(n, "internet", n->space->internet);
	add_word(n, "any", any);
	for (size_t i = 0; i < ir->group_count; i++)
		add_word(n, ir->groups[i].name, ir->groups[i].in[space]);
	add_peers(n);
}

static void index_words(struct naming *n)
{
	for (int f = IPV4; f < FAMILIES; f++) {
		n->exact[f] = n->known[f] = n->known_services[f] =
			TABLE_IN(n->arena);
		for (size_t i = 0; i < n->words.count; i++) {
			void **place;

			if (!n->words.at[i].set.of[f].count)
				continue;
			place = naming_place(&n->exact[f],
					     n->words.at[i].set.of[f]);
			if (!*place)
				*place = &n->words.at[i];
		}
	}
}

/* The policy's own services come before the library's. */
static void add_services(struct naming *n)
{
	for (int library = 0; library < 2; library++)
		for (size_t i = 0; i < n->ir->service_count; i++) {
			const struct ir_service *s = &n->ir->services[i];

			if (s->library == library)
				*LIST_PUSH(n->arena, &n->services) =
					(struct word){ s->name, s->set };
		}
}

struct naming *naming_of(struct arena *arena, const struct ir *ir,
			 const struct ir_space *space)
{
	struct naming *n = arena_alloc(arena, sizeof *n);

	n->arena = arena;
	n->ir = ir;
	n->space = space;
	add_words(n);
	index_words(n);
	add_services(n);
	return n;
}

/* --- what the words of addresses and of services share --- */

const char *terms_text(struct arena *arena, const struct terms *t)
{
	struct text out = TEXT_IN(arena);

	for (size_t i = 0; i < t->list.count; i++) {
		const struct term *term = &t->list.at[i];

		text_puts(&out, i ? ", " : "");
		text_printf(&out, term->compound && t->list.count > 1
			    ? "(%s)" : "%s", term->text);
	}
	return text_string(&out);
}

struct both terms_set(struct arena *arena, const struct terms *t)
{
	struct both all = { 0 };

	for (size_t i = 0; i < t->list.count; i++)
		all = both_union(arena, all, t->list.at[i].set);
	return all;
}

void terms_add(struct arena *arena, struct terms *t, struct term term,
	       size_t cost)
{
	*LIST_PUSH(arena, &t->list) = term;
	t->cost += cost;
}

/* WHOLE less what LESS says. */
struct term term_except(struct arena *arena, const struct word *whole,
			const struct terms *less)
{
	const char *rest = terms_text(arena, less);
	bool bare = less->list.count == 1 && !less->list.at[0].compound;

	return (struct term){
		arena_printf(arena, bare ? "%s except %s" : "%s except (%s)",
			     whole->text, rest),
		both_minus(arena, whole->set, terms_set(arena, less)), true };
}

/* --- addresses --- */

struct fit {
	const struct word *word;
	u128 size;
};

static int largest_first(const void *x, const void *y)
{
	const struct fit *a = x, *b = y;

	if (a->size != b->size)
		return a->size > b->size ? -1 : 1;
	return (a->word > b->word) - (a->word < b->word);
}

/* Take the words that lie in SET, largest first; returns what they leave. */
static struct ranges take_whole(struct naming *n, enum family f,
				struct ranges set, struct terms *out)
{
	LIST(struct fit) fits = { 0 };
	struct ranges rest = set;

	for (size_t i = 0; i < n->words.count; i++) {
		const struct word *w = &n->words.at[i];

		if (w->set.of[f].count &&
		    ranges_have(set, w->set.of[f].at[0].lo) &&
		    ranges_include(set, w->set.of[f]))
			*LIST_PUSH(n->arena, &fits) = (struct fit){
				w, ranges_size(w->set.of[f]) };
	}
	if (fits.count > 1)
		qsort(fits.at, fits.count, sizeof *fits.at, largest_first);
	for (size_t i = 0; i < fits.count; i++) {
		const struct word *w = fits.at[i].word;

		if (!ranges_touch(rest, w->set.of[f]))
			continue;
		rest = ranges_minus(n->arena, rest, w->set.of[f]);
		terms_add(n->arena, out,
			  (struct term){ w->text, w->set, false }, 1);
	}
	return rest;
}

/* Cover MUST, and nothing outside of MAY, with prefixes. */
static void take_prefixes(struct naming *n, enum family f, struct ranges must,
			  struct ranges may, struct terms *out)
{
	size_t count;
	const struct prefix *p = prefix_cover(n->arena, f, must, may, &count);

	for (size_t i = 0; i < count; i++) {
		struct range r = prefix_range(p[i]);
		struct term term = { 0 };
		char text[ADDR_TEXT];

		if (r.lo == r.hi)
			addr_text(f, r.lo, text);
		else
			prefix_text(p[i], text);
		term.text = arena_printf(n->arena, "%s", text);
		term.set.of[f] = ranges_one(n->arena, r.lo, r.hi);
		terms_add(n->arena, out, term, 1);
	}
}

static size_t prefixes_of(struct naming *n, enum family f, struct ranges set)
{
	size_t count;

	(void)prefix_cover(n->arena, f, set, set, &count);
	return count;
}

/* What has to be taken out of W so that it lies in SET. */
static struct terms holes(struct naming *n, enum family f,
			  const struct word *w, struct ranges set)
{
	struct ranges out = ranges_minus(n->arena, w->set.of[f], set);
	struct ranges inside = ranges_meet(n->arena, w->set.of[f], set);
	struct terms t = { 0 };
	struct ranges rest = take_whole(n, f, out, &t);

	take_prefixes(n, f, rest, ranges_minus(n->arena,
					       family_all(n->arena, f), inside),
		      &t);
	return t;
}

/* More holes than this are no way to say anything. */
enum { HOLES_MOST = 64 };

/*
 * The word with holes that saves most of the prefixes REST would need; NULL
 * when none saves any.  *LESS are its holes.
 */
static const struct word *best_holed(struct naming *n, enum family f,
				     struct ranges set, struct ranges rest,
				     struct terms *less)
{
	const struct word *best = NULL;
	size_t saved = 0, whole = prefixes_of(n, f, rest);

	for (size_t i = 0; i < n->words.count && whole > 2; i++) {
		const struct word *w = &n->words.at[i];
		struct terms t;
		size_t left;

		if (!ranges_touch(w->set.of[f], rest))
			continue;
		t = holes(n, f, w, set);
		if (t.cost > HOLES_MOST)
			continue;
		left = prefixes_of(n, f, ranges_minus(n->arena, rest,
						      w->set.of[f]));
		if (left + 1 + t.cost + saved < whole) {
			saved = whole - left - 1 - t.cost;
			best = w;
			*less = t;
		}
	}
	return best;
}

/* SET as a union. */
static struct terms union_of(struct naming *n, enum family f,
			     struct ranges set)
{
	struct terms t = { 0 }, less;
	struct ranges rest = take_whole(n, f, set, &t);
	const struct word *w;

	while (rest.count && (w = best_holed(n, f, set, rest, &less))) {
		terms_add(n->arena, &t, term_except(n->arena, w, &less),
			  1 + less.cost);
		rest = ranges_minus(n->arena, rest, w->set.of[f]);
	}
	take_prefixes(n, f, rest, rest, &t);
	return t;
}

/* SET as one word with holes, if that is shorter than T. */
static void try_around(struct naming *n, enum family f, struct ranges set,
		       struct terms *t)
{
	for (size_t i = 0; i < n->words.count; i++) {
		const struct word *w = &n->words.at[i];
		struct terms less, other = { 0 };

		if (t->cost < 3 || !w->set.of[f].count ||
		    !ranges_have(w->set.of[f], set.at[0].lo) ||
		    !ranges_include(w->set.of[f], set))
			continue;
		less = holes(n, f, w, set);
		if (less.cost + 1 >= t->cost)
			continue;
		terms_add(n->arena, &other, term_except(n->arena, w, &less),
			  1 + less.cost);
		*t = other;
	}
}

struct named naming_addresses(struct naming *n, enum family f,
			      struct ranges set)
{
	const struct word *word = naming_find(&n->exact[f], set);
	struct named *known = naming_find(&n->known[f], set);
	struct terms t;

	if (word)
		return (struct named){ word->text, word->set };
	if (known)
		return *known;
	t = union_of(n, f, set);
	try_around(n, f, set, &t);
	known = arena_alloc(n->arena, sizeof *known);
	*known = (struct named){ terms_text(n->arena, &t),
				 terms_set(n->arena, &t) };
	*naming_place(&n->known[f], set) = known;
	return *known;
}
