/*
 * Per environment: flows that both policies have are left out at once; what is
 * left is compared as sets, with those flows of the other policy that touch it.
 * The boxes that come out are named, merged over families, then over
 * environments.
 */
#include "compiler/delta.h"

#include "compiler/base/addr.h"
#include "compiler/base/service.h"
#include "compiler/base/table.h"
#include "compiler/base/text.h"

#include <stdlib.h>
#include <string.h>

/* --- flows that only one side has --- */

/* Numbers for sets, the same for equal ones. */
struct numbering {
	struct arena *arena;
	struct table sets;
	uintptr_t count;
};

static uint32_t number_of(struct numbering *n, struct ranges set)
{
	void **place = table_at(&n->sets, set.at, set.count * sizeof *set.at);

	if (!*place)
		*place = (void *)++n->count;
	return (uint32_t)(uintptr_t)*place;
}

struct flow_key {
	uint32_t family, src, dst, svc;
};

static struct flow_key key_of(struct numbering *n, const struct ir_flow *f)
{
	return (struct flow_key){ (uint32_t)f->family, number_of(n, f->src),
				  number_of(n, f->dst), number_of(n, f->svc) };
}

/* The keys of the flows of SPACE, which may be missing. */
static struct flow_key *keys_of(struct numbering *n, const struct ir *ir,
				const struct ir_space *space)
{
	uint32_t count = space ? space->flow_count : 0;
	struct flow_key *keys = arena_array(n->arena, count + 1, sizeof *keys);

	for (uint32_t i = 0; i < count; i++)
		keys[i] = key_of(n, &ir->flows[space->first_flow + i]);
	return keys;
}

static struct table known_keys(struct arena *arena, struct flow_key *keys,
			       uint32_t count)
{
	struct table known = TABLE_IN(arena);

	for (uint32_t i = 0; i < count; i++)
		*table_at(&known, &keys[i], sizeof *keys) = keys;
	return known;
}

/* One policy's part of an environment being compared. */
struct side {
	const struct ir *ir;
	const struct ir_space *space;	/* NULL: it has no such environment */
	struct flow_key *keys;
	LIST(uint32_t) own[FAMILIES];	/* flows the other side has not */
};

static uint32_t flow_count(const struct side *s)
{
	return s->space ? s->space->flow_count : 0;
}

static const struct ir_flow *flow_at(const struct side *s, uint32_t i)
{
	return &s->ir->flows[s->space->first_flow + i];
}

static void find_own(struct arena *arena, struct side *s,
		     const struct table *others)
{
	for (uint32_t i = 0; i < flow_count(s); i++)
		if (!table_get(others, &s->keys[i], sizeof *s->keys))
			*LIST_PUSH(arena, &s->own[flow_at(s, i)->family]) = i;
}

/* --- sets --- */

static struct box box_of(const struct ir_flow *f)
{
	return (struct box){ f->src, f->dst, f->svc };
}

static int by_low(const void *x, const void *y)
{
	const struct range *a = x, *b = y;

	return (a->lo > b->lo) - (a->lo < b->lo);
}

/* The union of one dimension of many boxes, in one go. */
static struct ranges union_at(struct arena *arena, const struct boxes *boxes,
			      size_t member)
{
	LIST(struct range) all = { 0 };

	for (size_t i = 0; i < boxes->count; i++) {
		const struct ranges *set = (const struct ranges *)
			((const char *)&boxes->at[i] + member);

		for (size_t k = 0; k < set->count; k++)
			*LIST_PUSH(arena, &all) = set->at[k];
	}
	if (all.count)
		qsort(all.at, all.count, sizeof *all.at, by_low);
	return ranges_of(arena, all.at, all.count);
}

static struct boxes own_boxes(struct arena *arena, const struct side *s,
			      enum family f)
{
	struct boxes out = { 0 };

	for (size_t i = 0; i < s->own[f].count; i++)
		*LIST_PUSH(arena, &out) = box_of(flow_at(s, s->own[f].at[i]));
	return out;
}

/*
 * The flows of S between ends that SOME have.  Whatever of S touches a box of
 * SOME is among them.
 */
static struct boxes near(struct arena *arena, const struct side *s,
			 enum family f, const struct boxes *some)
{
	struct ranges src = union_at(arena, some, offsetof(struct box, src));
	struct ranges dst = union_at(arena, some, offsetof(struct box, dst));
	struct boxes out = { 0 };

	for (uint32_t i = 0; i < flow_count(s) && some->count; i++) {
		const struct ir_flow *flow = flow_at(s, i);

		if (flow->family == f && ranges_touch(flow->src, src) &&
		    ranges_touch(flow->dst, dst))
			*LIST_PUSH(arena, &out) = box_of(flow);
	}
	return out;
}

static struct boxes minus(struct arena *arena, enum family f,
			  const struct boxes *a, const struct boxes *b)
{
	const struct boxes *lists[] = { a, b };
	struct arena *scratch = arena_child(arena);
	struct universe *u = universe_of(scratch, f, lists, 2);
	struct pset rest = pset_minus(u, pset_of(u, a), pset_of(u, b));
	struct boxes out = pset_boxes(u, arena, rest);

	arena_free(scratch);
	return out;
}

/*
 * Boxes that differ in one dimension only become one.  MEMBER is that dimension;
 * boxes stay disjoint, and the first of each keeps its place.
 */
static struct boxes merged(struct arena *arena, struct numbering *n,
			   const struct boxes *boxes, size_t member)
{
	struct table known = TABLE_IN(arena);
	struct boxes out = { 0 };
	struct boxes *groups = arena_array(arena, boxes->count + 1,
					   sizeof *groups);
	size_t count = 0;

	for (size_t i = 0; i < boxes->count; i++) {
		struct box b = boxes->at[i], rest = b;
		uint32_t *key = arena_array(arena, 3, sizeof *key);
		void **place;

		*(struct ranges *)((char *)&rest + member) = NO_RANGES;
		key[0] = number_of(n, rest.src);
		key[1] = number_of(n, rest.dst);
		key[2] = number_of(n, rest.svc);
		place = table_at(&known, key, 3 * sizeof *key);
		if (!*place)
			*place = &groups[count++];
		*LIST_PUSH(arena, (struct boxes *)*place) = b;
	}
	for (size_t i = 0; i < count; i++) {
		struct box b = groups[i].at[0];

		if (groups[i].count > 1)
			*(struct ranges *)((char *)&b + member) =
				union_at(arena, &groups[i], member);
		*LIST_PUSH(arena, &out) = b;
	}
	return out;
}

/* --- lines of one environment --- */

struct making {
	struct arena *arena;
	struct delta *delta;
	struct numbering numbering;
	LIST(struct delta_line) lines;
	struct table known;		/* words -> number of the line + 1 */
};

/*
 * Boxes by their sources: many have the same, so that who asks for those that
 * touch a set looks at few.
 */
struct sharing {
	struct ranges src;
	LIST(uint32_t) boxes;		/* numbers, ascending */
};

struct by_source {
	LIST(struct sharing) list;
};

static struct by_source by_source(struct arena *arena,
				  const struct boxes *boxes)
{
	struct by_source out = { 0 };
	struct table known = TABLE_IN(arena);

	for (size_t i = 0; i < boxes->count; i++) {
		struct ranges src = boxes->at[i].src;
		void **place = table_at(&known, src.at,
					src.count * sizeof *src.at);

		if (!*place) {
			LIST_PUSH(arena, &out.list)->src = src;
			*place = (void *)(uintptr_t)out.list.count;
		}
		*LIST_PUSH(arena, &out.list.at[(uintptr_t)*place - 1].boxes) =
			(uint32_t)i;
	}
	return out;
}

/* What the lines of one environment and direction are made from. */
struct direction {
	struct making *m;
	bool opens;
	uint32_t number;		/* of the environment */
	const struct side *side, *other;
	struct naming *naming;
	struct boxes near[FAMILIES];	/* of the other side */
	struct boxes own[FAMILIES];	/* of this one, as side->own */
	struct by_source near_by[FAMILIES], own_by[FAMILIES];
};

/* A box with its words. */
struct piece {
	enum family family;
	struct box box;
	struct named src, dst, svc;
	bool joined;		/* told, alone or with its twin of the other family */
};

struct pieces {
	LIST(struct piece) list;
};

static void name_boxes(const struct direction *d, enum family f,
		       const struct boxes *boxes, struct pieces *out)
{
	for (size_t i = 0; i < boxes->count; i++) {
		struct box b = boxes->at[i];

		*LIST_PUSH(d->m->arena, &out->list) = (struct piece){
			f, b, naming_addresses(d->naming, f, b.src),
			naming_addresses(d->naming, f, b.dst),
			naming_services(d->naming, f, b.svc), false };
	}
}

/* Do the words of P mean something in the other family too? */
static bool means_more(const struct piece *p)
{
	enum family o = p->family == IPV4 ? IPV6 : IPV4;

	return p->src.set.of[o].count && p->dst.set.of[o].count &&
	       p->svc.set.of[o].count;
}

static bool pair_meets(const struct box *a, const struct box *b)
{
	return ranges_touch(a->src, b->src) && ranges_touch(a->dst, b->dst);
}

/*
 * The services that the other policy permits between the ends of P; *IN_PART
 * when not between all of them.
 */
static struct ranges other_services(const struct direction *d,
				    const struct piece *p, bool *in_part)
{
	struct arena *arena = d->m->arena;
	const struct by_source *near = &d->near_by[p->family];
	struct boxes found = { 0 }, whole = { 0 };
	struct ranges svc = NO_RANGES;
	struct packet packet;
	bool covers = true;

	for (size_t i = 0; i < near->list.count; i++) {
		const struct sharing *s = &near->list.at[i];

		if (!ranges_touch(s->src, p->box.src))
			continue;
		for (size_t k = 0; k < s->boxes.count; k++) {
			const struct box *b =
				&d->near[p->family].at[s->boxes.at[k]];

			if (!ranges_touch(b->dst, p->box.dst))
				continue;
			*LIST_PUSH(arena, &found) = *b;
			covers &= ranges_include(b->src, p->box.src) &&
				  ranges_include(b->dst, p->box.dst);
		}
	}
	svc = union_at(arena, &found, offsetof(struct box, svc));
	*in_part = false;
	if (covers || !svc.count)
		return svc;
	boxes_add(arena, &whole, p->box.src, p->box.dst, svc);
	*in_part = !boxes_within(arena, p->family, &whole, &found, &packet);
	return svc;
}

static int ascending(const void *x, const void *y)
{
	const uint32_t *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

static size_t sort_out(uint32_t *at, size_t count)
{
	size_t kept = 0;

	if (count)
		qsort(at, count, sizeof *at, ascending);
	for (size_t i = 0; i < count; i++)
		if (!kept || at[kept - 1] != at[i])
			at[kept++] = at[i];
	return kept;
}

/* The rules that have packets of P; each has a flow the other side has not. */
static void find_rules(const struct direction *d, const struct piece *p,
		       struct delta_line *line)
{
	const struct by_source *own = &d->own_by[p->family];
	LIST(uint32_t) rules = { 0 };

	for (size_t i = 0; i < own->list.count; i++) {
		const struct sharing *s = &own->list.at[i];

		if (!ranges_touch(s->src, p->box.src))
			continue;
		for (size_t k = 0; k < s->boxes.count; k++) {
			uint32_t number = s->boxes.at[k];
			const struct box *b = &d->own[p->family].at[number];

			if (ranges_touch(b->dst, p->box.dst) &&
			    ranges_touch(b->svc, p->box.svc))
				*LIST_PUSH(d->m->arena, &rules) = flow_at(
					d->side,
					d->side->own[p->family].at[number])->rule;
		}
	}
	line->rules = rules.at;
	line->rule_count = sort_out(rules.at, rules.count);
}

/* --- risks --- */

static bool has_port(struct ranges svc, const uint32_t *keys, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (ranges_have(svc, keys[i]))
			return true;
	return false;
}

#define TCP(port) ((uint32_t)PROTO_TCP << 16 | (port))
#define HAS(svc, keys) has_port(svc, keys, sizeof(keys) / sizeof *(keys))

static unsigned service_risks(enum family f, struct ranges svc)
{
	/* ssh, telnet, rpc, smb, rdp, vnc, winrm, docker, etcd, kubelet */
	static const uint32_t admin[] = {
		TCP(22), TCP(23), TCP(135), TCP(139), TCP(445), TCP(2375),
		TCP(2376), TCP(2379), TCP(3389), TCP(5900), TCP(5985),
		TCP(5986), TCP(10250),
	};
	/* ftp, telnet, smtp, http, pop3, imap, ldap, rlogin */
	static const uint32_t cleartext[] = {
		TCP(21), TCP(23), TCP(25), TCP(80), TCP(110), TCP(143),
		TCP(389), TCP(513),
	};
	unsigned risks = 0;

	if (svc.count == 1 && svc.at[0].lo == 0 && svc.at[0].hi == SERVICE_LAST)
		return RISK_ANY_SERVICE;
	if (HAS(svc, admin))
		risks |= RISK_ADMIN;
	if (HAS(svc, cleartext))
		risks |= RISK_CLEARTEXT;
	if (service_count(f, svc) > WIDE_PORTS)
		risks |= RISK_WIDE;
	return risks;
}

/*
 * Does SET reach into another space?  Addresses that are this space's own, its
 * networks' or, with all of the internet, just public do not count.
 */
static unsigned foreign_risks(struct arena *arena, const struct ir *ir,
			      const struct ir_space *s, enum family f,
			      struct ranges set)
{
	struct ranges own = s->vpc.of[f];
	unsigned risks = 0;

	if (ranges_include(set, s->internet.of[f]))
		own = ranges_union(arena, own, s->internet.of[f]);
	for (size_t i = 0; i < ir->network_count; i++)
		own = ranges_union(arena, own, s->networks[i].of[f]);
	set = ranges_minus(arena, set, own);
	for (size_t i = 0; i < ir->space_count && set.count; i++) {
		const struct ir_space *o = &ir->spaces[i];

		if (o != s && ranges_touch(set, o->vpc.of[f]))
			risks |= o->customer == s->customer ? RISK_ENVIRONMENT
							    : RISK_CUSTOMER;
	}
	return risks;
}

/* An invariant of the policy that names layers which P enters, or NULL. */
static const char *guard_of(const struct direction *d, const struct piece *p)
{
	const struct ir *ir = d->side->ir;
	uint32_t space = (uint32_t)(d->side->space - ir->spaces);
	struct ranges vpc = d->side->space->vpc.of[p->family];

	for (size_t i = 0; i < ir->invariant_count; i++) {
		const struct ir_invariant *inv = &ir->invariants[i];

		if (inv->kind != CLAIM_NEVER && inv->kind != CLAIM_ONLY)
			continue;
		for (size_t k = 0; k < inv->box_count; k++) {
			const struct ir_claim_box *b = &inv->boxes[k];

			if (b->space == space && b->family == p->family &&
			    ranges_include(vpc, b->dst) &&
			    ranges_touch(b->dst, p->box.dst))
				return inv->name;
		}
	}
	return NULL;
}

static void judge(const struct direction *d, const struct piece *p,
		  struct delta_line *line)
{
	const struct ir_space *s = d->side->space;

	line->risks |= service_risks(p->family, p->box.svc);
	if (!*line->other)
		line->risks |= RISK_NEW_PAIR;
	if (!d->opens)
		return;
	line->risks |= foreign_risks(d->m->arena, d->side->ir, s, p->family,
				     p->box.src);
	if (ranges_touch(p->box.src, s->internet.of[p->family]))
		line->risks |= RISK_INTERNET;
	if (ranges_touch(p->box.dst, s->internet.of[p->family]))
		line->risks |= RISK_OUT;
	line->guard = guard_of(d, p);
	if (line->guard)
		line->risks |= RISK_GUARDED;
}

/* --- from pieces to lines --- */

static double size_of(struct ranges set)
{
	double size = 0;

	for (size_t i = 0; i < set.count; i++)
		size += (double)(set.at[i].hi - set.at[i].lo) + 1;
	return size;
}

static double packets_of(const struct piece *p)
{
	return size_of(p->box.src) * size_of(p->box.dst) *
	       (double)service_count(p->family, p->box.svc);
}

static struct packet example_of(struct arena *arena, const struct piece *p)
{
	struct boxes one = { 0 }, none = { 0 };
	struct packet packet = { 0 };

	boxes_add(arena, &one, p->box.src, p->box.dst, p->box.svc);
	(void)boxes_within(arena, p->family, &one, &none, &packet);
	return packet;
}

static struct delta_line line_of(const struct direction *d,
				 const struct piece *p)
{
	struct arena *arena = d->m->arena;
	struct delta_line line = { .opens = d->opens, .moved = NOT_MOVED };
	struct ranges other = other_services(d, p, &line.other_in_part);

	line.src = p->src.text;
	line.dst = p->dst.text;
	line.svc = p->svc.text;
	line.ports = service_set_text(arena, p->family, p->box.svc);
	line.family = means_more(p) ? family_name(p->family) : "";
	line.other = other.count ? naming_services(d->naming, p->family,
						   other).text : "";
	find_rules(d, p, &line);
	judge(d, p, &line);
	line.packets = packets_of(p);
	*LIST_PUSH(arena, &line.parts) = (struct delta_part){
		d->number, p->family, p->box };
	line.example = example_of(arena, p);
	return line;
}

/*
 * The same words in the other family: one line for both.  Not when the other
 * policy permits something else there.
 */
static bool join(const struct direction *d, struct delta_line *line,
		 const struct delta_line *twin)
{
	uint32_t *rules;

	if (strcmp(line->other, twin->other) != 0 ||
	    line->other_in_part != twin->other_in_part)
		return false;
	rules = arena_array(d->m->arena, line->rule_count + twin->rule_count +
			    1, sizeof *rules);
	for (size_t i = 0; i < line->rule_count; i++)
		rules[i] = line->rules[i];
	for (size_t i = 0; i < twin->rule_count; i++)
		rules[line->rule_count + i] = twin->rules[i];
	line->rule_count = sort_out(rules, line->rule_count +
				    twin->rule_count);
	line->rules = rules;
	line->risks |= twin->risks;
	line->guard = line->guard ? line->guard : twin->guard;
	line->packets += twin->packets;
	*LIST_PUSH(d->m->arena, &line->parts) = twin->parts.at[0];
	line->family = "";
	return true;
}

/* Everything that a reader sees of a line but the environments. */
static const char *line_key(struct arena *arena, const struct ir *ir,
			    const struct delta_line *l)
{
	struct text key = TEXT_IN(arena);

	text_printf(&key, "%d\n%s\n%s\n%s\n%s\n%s\n%s\n%d", l->opens, l->src,
		    l->dst, l->svc, l->ports, l->family, l->other,
		    l->other_in_part);
	for (size_t i = 0; i < l->rule_count; i++)
		text_printf(&key, "\n%s", ir->rules[l->rules[i]].name);
	return text_string(&key);
}

static void keep_line(const struct direction *d, struct delta_line line)
{
	struct making *m = d->m;
	const char *key = line_key(m->arena, d->side->ir, &line);
	void **place = table_at_name(&m->known, key);
	struct delta_line *kept;
	uint32_t *spaces;

	if (!*place) {
		*LIST_PUSH(m->arena, &m->lines) = line;
		*place = (void *)(uintptr_t)m->lines.count;
		kept = &m->lines.at[m->lines.count - 1];
		kept->spaces = arena_array(m->arena, m->delta->space_count,
					   sizeof *spaces);
	} else {
		kept = &m->lines.at[(uintptr_t)*place - 1];
		kept->packets += line.packets;
		for (size_t i = 0; i < line.parts.count; i++)
			*LIST_PUSH(m->arena, &kept->parts) = line.parts.at[i];
		kept->risks |= line.risks;
		kept->guard = kept->guard ? kept->guard : line.guard;
	}
	spaces = (uint32_t *)kept->spaces;
	if (!kept->space_count || spaces[kept->space_count - 1] != d->number)
		spaces[kept->space_count++] = d->number;
}

/* The three sets of a piece as a key, in ARENA. */
static uint32_t *sets_key(struct numbering *n, struct ranges src,
			  struct ranges dst, struct ranges svc)
{
	uint32_t *key = arena_array(n->arena, 3, sizeof *key);

	key[0] = number_of(n, src);
	key[1] = number_of(n, dst);
	key[2] = number_of(n, svc);
	return key;
}

enum { KEY_BYTES = 3 * sizeof(uint32_t) };

/* The piece of the other family, in KNOWN, that the words of P mean there. */
static struct piece *twin_of(struct numbering *n, const struct table *known,
			     const struct piece *p)
{
	enum family o = p->family == IPV4 ? IPV6 : IPV4;
	struct piece *twin;

	if (!means_more(p))
		return NULL;
	twin = table_get(known, sets_key(n, p->src.set.of[o],
					 p->dst.set.of[o], p->svc.set.of[o]),
			 KEY_BYTES);
	return twin && !twin->joined ? twin : NULL;
}

static void index_pieces(struct numbering *n, struct table *known,
			 struct piece *pieces, size_t count)
{
	*known = TABLE_IN(n->arena);
	for (size_t i = 0; i < count; i++) {
		struct box b = pieces[i].box;

		*table_at(known, sets_key(n, b.src, b.dst, b.svc),
			  KEY_BYTES) = &pieces[i];
	}
}

/*
 * Two pieces, one a family, that the words of one of them both mean, are one
 * line: words of IPv4 first, then those of IPv6, which may name more.
 */
static void add_lines(const struct direction *d,
		      const struct boxes boxes[FAMILIES])
{
	struct numbering *n = &d->m->numbering;
	struct pieces all = { 0 };
	struct table known[FAMILIES];
	size_t fours;

	name_boxes(d, IPV4, &boxes[IPV4], &all);
	fours = all.list.count;
	name_boxes(d, IPV6, &boxes[IPV6], &all);
	index_pieces(n, &known[IPV4], all.list.at, fours);
	index_pieces(n, &known[IPV6], all.list.at + fours,
		     all.list.count - fours);
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < all.list.count; i++) {
			struct piece *p = &all.list.at[i];
			struct piece *twin = p->joined ? NULL
				: twin_of(n, &known[p->family == IPV4], p);
			struct delta_line line, other;

			/* a twin of its own first, then alone */
			if (p->joined || (pass == 0 && !twin))
				continue;
			line = line_of(d, p);
			if (twin) {
				other = line_of(d, twin);
				if (join(d, &line, &other))
					twin->joined = true;
				else if (pass == 0)
					continue;
			}
			p->joined = true;
			keep_line(d, line);
		}
}

/* --- environments --- */

static bool meets(const struct box *a, const struct box *b)
{
	return pair_meets(a, b) && ranges_touch(a->svc, b->svc);
}

static bool meets_any(const struct box *b, const struct boxes *some)
{
	for (size_t i = 0; i < some->count; i++)
		if (meets(b, &some->at[i]))
			return true;
	return false;
}

/* A flow and its place, by size. */
struct sized {
	const struct box *box;
	double size;
};

static int largest_first(const void *x, const void *y)
{
	const struct sized *a = x, *b = y;

	if (a->size != b->size)
		return a->size > b->size ? -1 : 1;
	return (a->box > b->box) - (a->box < b->box);
}

/* Looks of flows at each other: more than this would be seen in the time. */
enum { LOOKS_MOST = 4000000 };

/*
 * Of OWN those that nothing of NEAR and no larger one of OWN touches: each is told
 * as a line of its own, which reads like the rule it comes from.
 */
static struct boxes whole_flows(struct arena *arena, enum family f,
				const struct boxes *own,
				const struct boxes *near)
{
	struct sized *order = arena_array(arena, own->count, sizeof *order);
	struct boxes out = { 0 };

	if (!own->count || own->count > LOOKS_MOST / (own->count + near->count))
		return out;
	for (size_t i = 0; i < own->count; i++) {
		const struct box *b = &own->at[i];

		order[i] = (struct sized){ b, size_of(b->src) *
			size_of(b->dst) * (double)service_count(f, b->svc) };
	}
	qsort(order, own->count, sizeof *order, largest_first);
	for (size_t i = 0; i < own->count; i++)
		if (!meets_any(order[i].box, near) &&
		    !meets_any(order[i].box, &out))
			*LIST_PUSH(arena, &out) = *order[i].box;
	return out;
}

/* OWN less NEAR as disjoint boxes: whole flows first, then what is left. */
static struct boxes difference(struct arena *arena, enum family f,
			       const struct boxes *own,
			       const struct boxes *near)
{
	struct boxes out = whole_flows(arena, f, own, near), told = { 0 }, rest;

	for (size_t i = 0; i < out.count; i++)
		*LIST_PUSH(arena, &told) = out.at[i];
	for (size_t i = 0; i < near->count; i++)
		*LIST_PUSH(arena, &told) = near->at[i];
	rest = minus(arena, f, own, &told);
	for (size_t i = 0; i < rest.count; i++)
		*LIST_PUSH(arena, &out) = rest.at[i];
	return out;
}

/* What SIDE alone permits: its own flows less what the other permits. */
static void subtract(struct direction *d, struct boxes out[FAMILIES])
{
	struct arena *arena = d->m->arena;
	struct numbering *n = &d->m->numbering;

	for (int f = IPV4; f < FAMILIES; f++) {
		d->own[f] = own_boxes(arena, d->side, (enum family)f);
		d->near[f] = near(arena, d->other, (enum family)f, &d->own[f]);
		d->own_by[f] = by_source(arena, &d->own[f]);
		d->near_by[f] = by_source(arena, &d->near[f]);
		out[f] = difference(arena, (enum family)f, &d->own[f],
				    &d->near[f]);
		out[f] = merged(arena, n, &out[f], offsetof(struct box, src));
		out[f] = merged(arena, n, &out[f], offsetof(struct box, dst));
		out[f] = merged(arena, n, &out[f], offsetof(struct box, svc));
	}
}

static void direct(struct making *m, uint32_t number, bool opens,
		   const struct side *side, const struct side *other,
		   struct boxes out[FAMILIES])
{
	struct direction d = { .m = m, .opens = opens, .number = number,
			       .side = side, .other = other };

	if (!side->own[IPV4].count && !side->own[IPV6].count)
		return;
	subtract(&d, out);
	if (!out[IPV4].count && !out[IPV6].count)
		return;
	d.naming = naming_of(m->arena, side->ir, side->space);
	add_lines(&d, out);
}

#define TOUCHED(arena, list, side) do {					\
	for (int f_ = IPV4; f_ < FAMILIES; f_++)			\
		for (size_t i_ = 0; i_ < (side)->own[f_].count; i_++)	\
			*LIST_PUSH(arena, list) =			\
				flow_at(side, (side)->own[f_].at[i_])->rule; \
	(list)->count = sort_out((list)->at, (list)->count);		\
} while (0)

static void compare_space(struct making *m, uint32_t number)
{
	struct delta_space *s = &m->delta->spaces[number];
	struct numbering *n = &m->numbering;
	struct side old = { .ir = m->delta->old, .space = s->was };
	struct side new = { .ir = m->delta->new, .space = s->is };
	struct arena *scratch = arena_child(m->arena);
	struct table had, has;

	n->arena = scratch;
	n->sets = TABLE_IN(scratch);
	old.keys = keys_of(n, old.ir, old.space);
	new.keys = keys_of(n, new.ir, new.space);
	had = known_keys(scratch, old.keys, flow_count(&old));
	has = known_keys(scratch, new.keys, flow_count(&new));
	find_own(m->arena, &old, &has);
	find_own(m->arena, &new, &had);
	direct(m, number, true, &new, &old, s->opened);
	direct(m, number, false, &old, &new, s->closed);
	TOUCHED(m->arena, &s->touched_old, &old);
	TOUCHED(m->arena, &s->touched_new, &new);
	arena_free(scratch);
}

static int by_name(const void *x, const void *y)
{
	const struct delta_space *a = x, *b = y;

	return strcmp(a->name, b->name);
}

/* The environments of either policy, by name. */
static void pair_spaces(struct arena *arena, struct delta *d)
{
	struct table known = TABLE_IN(arena);

	d->spaces = arena_array(arena, d->old->space_count +
				d->new->space_count, sizeof *d->spaces);
	for (size_t i = 0; i < d->new->space_count; i++) {
		struct delta_space *s = &d->spaces[d->space_count++];

		s->is = &d->new->spaces[i];
		s->name = ir_space_name(arena, d->new, s->is);
		*table_at_name(&known, s->name) = s;
	}
	for (size_t i = 0; i < d->old->space_count; i++) {
		const struct ir_space *was = &d->old->spaces[i];
		const char *name = ir_space_name(arena, d->old, was);
		struct delta_space *s = table_get_name(&known, name);

		if (!s) {
			s = &d->spaces[d->space_count++];
			s->name = name;
		}
		s->was = was;
	}
	if (d->space_count)
		qsort(d->spaces, d->space_count, sizeof *d->spaces, by_name);
}

/* --- moves --- */

/* The name of the one rule of LINE, or NULL. */
static const char *only_rule(const struct delta *d, const struct delta_line *l)
{
	const struct ir *ir = l->opens ? d->new : d->old;

	return l->rule_count == 1 ? ir->rules[l->rules[0]].name : NULL;
}

static bool same_spaces(const struct delta_line *a, const struct delta_line *b)
{
	return a->space_count == b->space_count &&
	       memcmp(a->spaces, b->spaces,
		      a->space_count * sizeof *a->spaces) == 0;
}

/* One rule opens A where it closes B, with other ends. */
static bool is_move(const struct delta *d, const struct delta_line *a,
		    const struct delta_line *b)
{
	const char *name = only_rule(d, a), *other = only_rule(d, b);

	return name && other && strcmp(name, other) == 0 &&
	       same_spaces(a, b) && strcmp(a->svc, b->svc) == 0;
}

struct numbers {
	LIST(int) at;
};

/* The first closing of CLOSINGS, not a part of a move yet, that A undoes. */
static int undone_by(const struct delta *d, const struct numbers *closings,
		     const struct delta_line *a)
{
	for (size_t i = 0; i < closings->at.count; i++) {
		int k = closings->at.at[i];

		if (d->lines[k].moved == NOT_MOVED &&
		    is_move(d, a, &d->lines[k]))
			return k;
	}
	return NOT_MOVED;
}

static void find_moves(struct arena *arena, struct delta *d)
{
	struct table closings = TABLE_IN(arena);

	for (size_t i = 0; i < d->line_count; i++)
		d->lines[i].moved = NOT_MOVED;
	for (size_t i = d->opening_count; i < d->line_count; i++) {
		const char *name = only_rule(d, &d->lines[i]);
		void **place;

		if (!name)
			continue;
		place = table_at_name(&closings, name);
		if (!*place)
			*place = arena_alloc(arena, sizeof(struct numbers));
		*LIST_PUSH(arena, &((struct numbers *)*place)->at) = (int)i;
	}
	for (size_t i = 0; i < d->opening_count; i++) {
		const char *name = only_rule(d, &d->lines[i]);
		const struct numbers *some = name
			? table_get_name(&closings, name) : NULL;
		int k = some ? undone_by(d, some, &d->lines[i]) : NOT_MOVED;

		if (k == NOT_MOVED)
			continue;
		d->lines[i].moved = k;
		d->lines[k].moved = (int)i;
	}
}

/* --- order --- */

static int by_risk(const void *x, const void *y)
{
	const struct delta_line *a = x, *b = y;
	int order;

	if (a->opens != b->opens)
		return a->opens ? -1 : 1;
	if (a->risks != b->risks)
		return a->risks > b->risks ? -1 : 1;
	if (a->packets != b->packets)
		return a->packets > b->packets ? -1 : 1;
	order = strcmp(a->src, b->src);
	order = order ? order : strcmp(a->dst, b->dst);
	order = order ? order : strcmp(a->svc, b->svc);
	order = order ? order : strcmp(a->family, b->family);
	return order ? order : (a->spaces[0] > b->spaces[0]) -
			       (a->spaces[0] < b->spaces[0]);
}

void delta_sort(struct arena *arena, struct delta *d)
{
	if (d->line_count)
		qsort(d->lines, d->line_count, sizeof *d->lines, by_risk);
	find_moves(arena, d);
}

struct delta delta_of(struct arena *arena, const struct ir *old,
		      const struct ir *new)
{
	struct delta d = { .old = old, .new = new };
	struct making m = { .arena = arena, .delta = &d,
			    .known = TABLE_IN(arena) };

	pair_spaces(arena, &d);
	for (uint32_t i = 0; i < d.space_count; i++)
		compare_space(&m, i);
	d.lines = m.lines.at;
	d.line_count = m.lines.count;
	for (size_t i = 0; i < d.line_count; i++)
		d.opening_count += d.lines[i].opens;
	delta_sort(arena, &d);
	return d;
}

struct reason {
	unsigned risk;
	const char *text;
};

const char *delta_reasons(struct arena *arena, unsigned risks,
			  const char *guard)
{
	static const struct reason reasons[] = {
		{ RISK_INTERNET,    "from the internet" },
		{ RISK_CUSTOMER,    "from another customer" },
		{ RISK_ENVIRONMENT, "from another environment" },
		{ RISK_ANY_SERVICE, "every service" },
		{ RISK_ADMIN,	    "remote administration" },
		{ RISK_WIDE,	    "many ports" },
		{ RISK_OUT,	    "to the internet" },
		{ RISK_CLEARTEXT,   "unencrypted" },
	};
	struct text out = TEXT_IN(arena);

	if (risks & RISK_BREAKS)
		text_printf(&out, "breaks `%s`", guard);
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (risks & reasons[i].risk)
			text_printf(&out, "%s%s", out.len ? ", " : "",
				    reasons[i].text);
	if (risks & RISK_GUARDED && !(risks & RISK_BREAKS))
		text_printf(&out, "%sguarded by `%s`", out.len ? ", " : "",
			    guard);
	return text_string(&out);
}
