/*
 * Boxes that only one side has, as a reader is told of them: named, joined over
 * families, judged by risk, and merged over environments.
 */
#include "compiler/delta_lines.h"

#include "compiler/base/addr.h"
#include "compiler/base/service.h"
#include "compiler/base/text.h"

#include <stdlib.h>
#include <string.h>

uint32_t delta_number(struct numbering *n, struct ranges set)
{
	void **place = table_at(&n->sets, set.at, set.count * sizeof *set.at);

	if (!*place)
		*place = (void *)++n->count;
	return (uint32_t)(uintptr_t)*place;
}

const struct ir_flow *party_flow(const struct party *s, uint32_t i)
{
	return &s->ir->flows[s->space->first_flow + i];
}

static int by_low(const void *x, const void *y)
{
	const struct range *a = x, *b = y;

	return (a->lo > b->lo) - (a->lo < b->lo);
}

/* The union of one dimension of many boxes, in one go. */
struct ranges delta_union(struct arena *arena, const struct boxes *boxes,
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
		key[0] = delta_number(n, rest.src);
		key[1] = delta_number(n, rest.dst);
		key[2] = delta_number(n, rest.svc);
		place = table_at(&known, key, 3 * sizeof *key);
		if (!*place)
			*place = &groups[count++];
		*LIST_PUSH(arena, (struct boxes *)*place) = b;
	}
	for (size_t i = 0; i < count; i++) {
		struct box b = groups[i].at[0];

		if (groups[i].count > 1)
			*(struct ranges *)((char *)&b + member) =
				delta_union(arena, &groups[i], member);
		*LIST_PUSH(arena, &out) = b;
	}
	return out;
}

struct boxes delta_merged(struct arena *arena, struct numbering *n,
			  const struct boxes *boxes)
{
	struct boxes out = merged(arena, n, boxes, offsetof(struct box, src));

	out = merged(arena, n, &out, offsetof(struct box, dst));
	return merged(arena, n, &out, offsetof(struct box, svc));
}

/* --- lines of one environment --- */

struct by_source delta_by_source(struct arena *arena,
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
	svc = delta_union(arena, &found, offsetof(struct box, svc));
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

size_t delta_sort_out(uint32_t *at, size_t count)
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
				*LIST_PUSH(d->m->arena, &rules) = party_flow(
					d->side,
					d->side->own[p->family].at[number])->rule;
		}
	}
	line->rules = rules.at;
	line->rule_count = delta_sort_out(rules.at, rules.count);
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

double delta_size(struct ranges set)
{
	double size = 0;

	for (size_t i = 0; i < set.count; i++)
		size += (double)(set.at[i].hi - set.at[i].lo) + 1;
	return size;
}

static double packets_of(const struct piece *p)
{
	return delta_size(p->box.src) * delta_size(p->box.dst) *
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
	line->rule_count = delta_sort_out(rules, line->rule_count +
				    twin->rule_count);
	line->rules = rules;
	line->risks |= twin->risks;
	line->guard = line->guard ? line->guard : twin->guard;
	line->packets += twin->packets;
	*LIST_PUSH(d->m->arena, &line->parts) = twin->parts.at[0];
	line->family = "";
	return true;
}

/* Which packets a line is of: the words are exact. */
static const char *words_key(struct arena *arena, const struct delta_line *l)
{
	return arena_printf(arena, "%d\n%s\n%s\n%s\n%s", l->opens, l->src,
			    l->dst, l->svc, l->family);
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
	const char *key = m->side ? words_key(m->arena, &line)
				  : line_key(m->arena, d->side->ir, &line);
	void **place = table_at_name(&m->known, key);
	struct delta_line *kept;
	uint32_t *spaces;

	if (!*place) {
		*LIST_PUSH(m->arena, &m->lines) = line;
		*place = (void *)(uintptr_t)m->lines.count;
		kept = &m->lines.at[m->lines.count - 1];
		kept->spaces = arena_array(m->arena, m->delta->space_count,
					   sizeof *spaces);
	} else if (m->side) {
		/* one environment: the same packets on another side */
		kept = &m->lines.at[(uintptr_t)*place - 1];
	} else {
		kept = &m->lines.at[(uintptr_t)*place - 1];
		kept->packets += line.packets;
		for (size_t i = 0; i < line.parts.count; i++)
			*LIST_PUSH(m->arena, &kept->parts) = line.parts.at[i];
		kept->risks |= line.risks;
		kept->guard = kept->guard ? kept->guard : line.guard;
	}
	if (m->side)
		*LIST_PUSH(m->arena, &kept->sides) = m->side;
	spaces = (uint32_t *)kept->spaces;
	if (!kept->space_count || spaces[kept->space_count - 1] != d->number)
		spaces[kept->space_count++] = d->number;
}

/* The three sets of a piece as a key, in ARENA. */
static uint32_t *sets_key(struct numbering *n, struct ranges src,
			  struct ranges dst, struct ranges svc)
{
	uint32_t *key = arena_array(n->arena, 3, sizeof *key);

	key[0] = delta_number(n, src);
	key[1] = delta_number(n, dst);
	key[2] = delta_number(n, svc);
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
void delta_add_lines(const struct direction *d,
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
