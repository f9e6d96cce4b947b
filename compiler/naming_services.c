/*
 * Of services: those that are declared and fit whole, then values and ranges of
 * what is left, protocol by protocol where a service would have to be taken out.
 */
#include "compiler/naming_terms.h"

#include "compiler/base/service.h"
#include "compiler/base/text.h"

#include <stdlib.h>
#include <string.h>

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
			terms_add(n->arena, out,
				  (struct term){ w->text, w->set, false }, 1);
		}
}

static void take_values(struct arena *arena, unsigned p, unsigned lo,
			unsigned hi, const char *text, struct terms *out)
{
	terms_add(arena, out, (struct term){
			text, service_atom(arena, p, lo, hi), false }, 1);
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
	terms_add(n->arena, out, (struct term){
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
	terms_add(n->arena, &t, term_except(n->arena, whole, &less),
		  1 + less.cost);
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
	struct named *known = naming_find(&n->known_services[f], set);

	if (known)
		return *known;
	known = arena_alloc(n->arena, sizeof *known);
	*known = name_services(n, f, set);
	*naming_place(&n->known_services[f], set) = known;
	return *known;
}
