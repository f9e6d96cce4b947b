/*
 * A cover problem, solved greedily: whole names that fit into the set, largest
 * first; then names with holes (`internet except partners`) where that is
 * shorter than prefixes; prefixes for what is left.  Or, if that is shorter, one
 * name around the whole set with the rest taken out of it.
 */
#include "compiler/naming.h"

#include "compiler/base/addr.h"
#include "compiler/base/service.h"
#include "compiler/base/table.h"
#include "compiler/base/text.h"

#include <stdlib.h>
#include <string.h>

/* A word and what it means here.  Of equal sets the first word is taken. */
struct word {
	const char *text;
	struct both set;
};

struct naming {
	struct arena *arena;
	const struct ir *ir;
	const struct ir_space *space;
	LIST(struct word) words;
	LIST(struct word) services;
	struct table exact[FAMILIES];		/* set of addresses -> word */
	struct table known[FAMILIES], known_services[FAMILIES];	/* -> named */
};

/* Part of a union being written. */
struct term {
	const char *text;
	struct both set;
	bool compound;		/* has an `except`: needs parentheses in a union */
};

struct terms {
	LIST(struct term) list;
	size_t cost;		/* names and prefixes in it */
};

static void *find_set(const struct table *table, struct ranges set)
{
	return table_get(table, set.at, set.count * sizeof *set.at);
}

static void **place_of_set(struct table *table, struct ranges set)
{
	return table_at(table, set.at, set.count * sizeof *set.at);
}

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
			place = place_of_set(&n->exact[f],
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

/* --- writing --- */

static const char *terms_text(struct arena *arena, const struct terms *t)
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

static struct both terms_set(struct arena *arena, const struct terms *t)
{
	struct both all = { 0 };

	for (size_t i = 0; i < t->list.count; i++)
		all = both_union(arena, all, t->list.at[i].set);
	return all;
}

static void take(struct arena *arena, struct terms *t, struct term term,
		 size_t cost)
{
	*LIST_PUSH(arena, &t->list) = term;
	t->cost += cost;
}

/* WHOLE less what LESS says. */
static struct term except(struct arena *arena, const struct word *whole,
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
		take(n->arena, out, (struct term){ w->text, w->set, false }, 1);
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
		take(n->arena, out, term, 1);
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
		take(n->arena, &t, except(n->arena, w, &less), 1 + less.cost);
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
		take(n->arena, &other, except(n->arena, w, &less),
		     1 + less.cost);
		*t = other;
	}
}

struct named naming_addresses(struct naming *n, enum family f,
			      struct ranges set)
{
	const struct word *word = find_set(&n->exact[f], set);
	struct named *known = find_set(&n->known[f], set);
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
	*place_of_set(&n->known[f], set) = known;
	return *known;
}

/* --- services --- */

/* Values of one protocol: one range a protocol and stretch. */
struct atom {
	uint32_t lo, hi;
	bool named;		/* a declared service has it */
};

struct atoms {
	LIST(struct atom) list;
};

static struct atoms atoms_of(struct arena *arena, struct ranges set)
{
	struct atoms out = { 0 };

	for (size_t i = 0; i < set.count; i++) {
		uint32_t lo = (uint32_t)set.at[i].lo;
		uint32_t hi = (uint32_t)set.at[i].hi;

		for (unsigned p = service_protocol(lo);
		     p <= service_protocol(hi); p++) {
			uint32_t from = service_key(p, 0);
			uint32_t to = service_key(p, 0xffff);

			*LIST_PUSH(arena, &out.list) = (struct atom){
				lo > from ? lo : from, hi < to ? hi : to,
				false };
		}
	}
	return out;
}

static struct atom *atom_at(struct atoms *atoms, struct atom like)
{
	size_t lo = 0, hi = atoms->list.count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (atoms->list.at[mid].lo < like.lo)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == atoms->list.count || atoms->list.at[lo].lo != like.lo ||
	    atoms->list.at[lo].hi != like.hi)
		return NULL;
	return &atoms->list.at[lo];
}

/* Is each atom of SERVICE one of ATOMS, and one of them not named yet? */
static bool fits(struct atoms *atoms, const struct atoms *service)
{
	bool adds = false;

	for (size_t i = 0; i < service->list.count; i++) {
		const struct atom *a = atom_at(atoms, service->list.at[i]);

		if (!a)
			return false;
		adds |= !a->named;
	}
	return adds;
}

/* Services of many atoms first, so that `dns` is not two others. */
static void take_services(struct naming *n, enum family f,
			  struct atoms *atoms, struct terms *out)
{
	size_t most = 1;
	struct atoms *all = arena_array(n->arena, n->services.count,
					sizeof *all);

	for (size_t i = 0; i < n->services.count; i++) {
		all[i] = atoms_of(n->arena, n->services.at[i].set.of[f]);
		if (all[i].list.count > most)
			most = all[i].list.count;
	}
	if (most > atoms->list.count)
		most = atoms->list.count;
	for (size_t size = most; size; size--)
		for (size_t i = 0; i < n->services.count; i++) {
			const struct word *w = &n->services.at[i];

			if (all[i].list.count != size || !fits(atoms, &all[i]))
				continue;
			for (size_t k = 0; k < size; k++)
				atom_at(atoms, all[i].list.at[k])->named = true;
			take(n->arena, out,
			     (struct term){ w->text, w->set, false }, 1);
		}
}

static void take_values(struct arena *arena, unsigned p, unsigned lo,
			unsigned hi, const char *text, struct terms *out)
{
	take(arena, out, (struct term){ text, service_atom(arena, p, lo, hi),
					false }, 1);
}

/* One type: its name or number, or codes. */
static void take_codes(struct arena *arena, unsigned p, unsigned lo,
		       unsigned hi, struct terms *out)
{
	unsigned type = lo >> 8;
	const char *name = icmp_type_name(p, type);

	if ((lo & 0xff) == 0 && (hi & 0xff) == 0xff) {
		take_values(arena, p, lo, hi, name
			    ? arena_printf(arena, "%s/%s", protocol_name(p), name)
			    : arena_printf(arena, "%s/%u", protocol_name(p), type),
			    out);
		return;
	}
	for (unsigned v = lo; v <= hi; v++)
		take_values(arena, p, v, v,
			    arena_printf(arena, "%s/%u/%u", protocol_name(p),
					 type, v & 0xff), out);
}

static void take_types(struct arena *arena, const struct atom *a,
		       struct terms *out)
{
	unsigned p = service_protocol(a->lo);
	unsigned lo = service_value(a->lo), hi = service_value(a->hi);

	if (lo == 0 && hi == 0xffff) {
		take_values(arena, p, 0, 0xffff,
			    arena_printf(arena, "%s/any", protocol_name(p)),
			    out);
		return;
	}
	while (lo <= hi) {
		unsigned end = lo | 0xff;

		take_codes(arena, p, lo, end < hi ? end : hi, out);
		lo = end + 1;
	}
}

static void take_atom(struct naming *n, enum family f, const struct atom *a,
		      struct terms *out)
{
	unsigned p = service_protocol(a->lo);

	if (service_is_icmp(f, p)) {
		take_types(n->arena, a, out);
		return;
	}
	take(n->arena, out, (struct term){
		service_has_ports(p) && a->lo != a->hi
			? arena_printf(n->arena, "%s/%u-%u", protocol_name(p),
				       service_value(a->lo), service_value(a->hi))
			: service_text(n->arena, f, a->lo),
		service_atom(n->arena, p, service_has_ports(p)
			     ? service_value(a->lo) : 0, service_has_ports(p)
			     ? service_value(a->hi) : 0xffff), false }, 1);
}

/* May P be written over F?  icmp of the other family has no word of its own. */
static bool is_sayable(enum family f, unsigned p)
{
	return service_is_icmp(f, p) || (p != PROTO_ICMP && p != PROTO_ICMP6);
}

/* SET as a list; an icmp protocol with many pieces as `icmp/any except …`. */
static struct terms list_of(struct naming *n, enum family f, struct ranges set,
			    bool *sayable)
{
	struct terms t = { 0 };
	struct atoms atoms = atoms_of(n->arena, set);

	*sayable = true;
	take_services(n, f, &atoms, &t);
	for (size_t i = 0; i < atoms.list.count; i++) {
		const struct atom *a = &atoms.list.at[i];

		if (a->named)
			continue;
		if (!is_sayable(f, service_protocol(a->lo)))
			*sayable = false;
		else
			take_atom(n, f, a, &t);
	}
	return t;
}

/* The rest of WHOLE, which is SET and more, taken out of it. */
static struct terms list_except(struct naming *n, enum family f,
				const struct word *whole, struct ranges set)
{
	struct terms t = { 0 }, less;
	bool sayable;

	less = list_of(n, f, ranges_minus(n->arena, whole->set.of[f], set),
		       &sayable);
	take(n->arena, &t, except(n->arena, whole, &less), 1 + less.cost);
	return t;
}

/* The whole of one protocol. */
static struct word protocol_word(struct arena *arena, enum family f,
				 unsigned p)
{
	struct word w = { .set = service_atom(arena, p, 0, 0xffff) };

	if (service_is_icmp(f, p))
		w.text = arena_printf(arena, "%s/any", protocol_name(p));
	else if (service_has_ports(p))
		w.text = arena_printf(arena, "%s/0-65535", protocol_name(p));
	else
		w.text = arena_printf(arena, "proto/%u", p);
	return w;
}

/*
 * Protocol by protocol: each as a list, or as the whole of it less the rest;
 * icmp types and codes come in runs that no word says.
 */
static struct terms by_protocol(struct naming *n, enum family f,
				struct ranges set)
{
	struct terms all = { 0 };

	for (unsigned p = 0; p <= service_protocol(SERVICE_LAST); p++) {
		struct word whole = protocol_word(n->arena, f, p);
		struct ranges part = ranges_meet(n->arena, set, ranges_one(
			n->arena, service_key(p, 0), service_key(p, 0xffff)));
		struct terms t, other;
		bool sayable;

		if (!part.count)
			continue;
		t = list_of(n, f, part, &sayable);
		if (t.cost > 2) {
			other = list_except(n, f, &whole, part);
			if (other.cost < t.cost)
				t = other;
		}
		for (size_t i = 0; i < t.list.count; i++)
			*LIST_PUSH(n->arena, &all.list) = t.list.at[i];
		all.cost += t.cost;
	}
	return all;
}

static struct terms services_terms(struct naming *n, enum family f,
				   struct ranges set)
{
	struct word any = { "any", service_all(n->arena) };
	bool sayable;
	struct terms t = list_of(n, f, set, &sayable), other;

	if (sayable && t.cost < 3)
		return t;
	if (sayable) {
		other = by_protocol(n, f, set);
		if (other.cost < t.cost)
			t = other;
	}
	other = list_except(n, f, &any, set);
	return sayable && t.cost <= other.cost ? t : other;
}

static struct named name_services(struct naming *n, enum family f,
				  struct ranges set)
{
	struct both any = service_all(n->arena);
	struct terms t;

	if (ranges_equal(set, any.of[f]))
		return (struct named){ "any", any };
	for (size_t i = 0; i < n->services.count; i++)
		if (ranges_equal(set, n->services.at[i].set.of[f]))
			return (struct named){ n->services.at[i].text,
					       n->services.at[i].set };
	t = services_terms(n, f, set);
	return (struct named){ terms_text(n->arena, &t),
			       terms_set(n->arena, &t) };
}

struct named naming_services(struct naming *n, enum family f,
			     struct ranges set)
{
	struct named *known = find_set(&n->known_services[f], set);

	if (known)
		return *known;
	known = arena_alloc(n->arena, sizeof *known);
	*known = name_services(n, f, set);
	*place_of_set(&n->known_services[f], set) = known;
	return *known;
}
