/*
 * Packet sets: from boxes to corners, and the algebra on corners.
 *
 * Classes are numbered depth first, so that going through them in order is a
 * walk down and up the tree of services: rows are changed on the way down and
 * put back on the way up.
 */
#include "compiler/universe.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

static void declare(struct universe *u, struct known_boxes *known,
		    const struct boxes *boxes)
{
	*known = (struct known_boxes){ boxes->at, boxes->count,
		arena_array(u->arena, boxes->count, sizeof *known->ids) };
	for (size_t i = 0; i < boxes->count; i++)
		known->ids[i] = (struct box_ids){
			classes_add(&u->addresses, boxes->at[i].src),
			classes_add(&u->addresses, boxes->at[i].dst),
			classes_add(&u->services, boxes->at[i].svc) };
}

struct universe *universe_of(struct arena *arena, enum family family,
			     const struct boxes *const *lists, size_t count)
{
	struct universe *u = arena_alloc(arena, sizeof *u);
	size_t sources;

	u->arena = arena;
	u->family = family;
	u->addresses = CLASSES_IN(arena, CLASS_ADDRESSES, family);
	u->services = CLASSES_IN(arena, CLASS_SERVICES, family);
	u->forms = TABLE_IN(arena);
	u->known = arena_array(arena, count, sizeof *u->known);
	for (size_t i = 0; i < count; i++)
		declare(u, &u->known[u->known_count++], lists[i]);
	classes_finish(&u->addresses);
	classes_finish(&u->services);
	u->rows = rows_in(arena, u->addresses.count);
	u->set_rows = arena_array(arena, u->addresses.sets.count,
				  sizeof *u->set_rows);
	sources = u->addresses.count;
	for (int i = 0; i < LANES; i++)
		u->lanes[i] = (struct lane){
			arena_array(arena, sources, sizeof(uint32_t)),
			arena_array(arena, sources, sizeof(uint32_t)) };
	return u;
}

/* --- the walk --- */

static void leave(struct universe *u)
{
	const struct visit *v = &u->visits.at[--u->visits.count];

	while (u->undos.count > v->undos) {
		const struct undo *undo = &u->undos.at[--u->undos.count];

		for (int i = 0; i < LANES; i++)
			u->lanes[i].row[undo->src] = undo->row[i];
	}
}

void walk_to(struct universe *u, uint32_t svc)
{
	while (u->visits.count &&
	       u->services.end[u->visits.at[u->visits.count - 1].svc] <= svc)
		leave(u);
	*LIST_PUSH(u->arena, &u->visits) =
		(struct visit){ svc, u->undos.count };
}

void walk_remember(struct universe *u, uint32_t src)
{
	*LIST_PUSH(u->arena, &u->undos) = (struct undo){
		src, { u->lanes[0].row[src], u->lanes[1].row[src],
		       u->lanes[2].row[src] } };
}

void walk_end(struct universe *u)
{
	while (u->visits.count)
		leave(u);
}

static uint32_t change(struct universe *u, uint32_t a, uint32_t b)
{
	return rows_combine(&u->rows, ROW_CHANGE, a, b);
}

bool walk_on(struct universe *u, const struct pset_form *form, size_t *at)
{
	const uint32_t *end = u->addresses.end;
	struct lane *lane = &u->lanes[0];
	uint32_t svc;

	if (*at == form->count) {
		walk_end(u);
		return false;
	}
	svc = form->at[*at].svc;
	walk_to(u, svc);
	while (*at < form->count && form->at[*at].svc == svc) {
		uint32_t top = form->at[*at].src;

		for (uint32_t s = top; s < end[top]; s++) {
			lane->change[s] = s == top ? NO_ROW
				: lane->change[u->addresses.parent[s]];
			if (*at < form->count && form->at[*at].svc == svc &&
			    form->at[*at].src == s)
				lane->change[s] = change(u, lane->change[s],
							 form->at[(*at)++].row);
			if (lane->change[s] == NO_ROW)
				continue;
			walk_remember(u, s);
			lane->row[s] = change(u, lane->row[s],
					      lane->change[s]);
		}
	}
	return true;
}

/* --- the form --- */

static void make_corner(struct universe *u, uint32_t svc, uint32_t src,
			uint32_t row)
{
	if (row != NO_ROW)
		*LIST_PUSH(u->arena, &u->made) =
			(struct corner){ svc, src, row };
}

static const struct pset_form *keep_form(struct universe *u,
					 const struct corner *corners,
					 size_t count)
{
	size_t bytes = count * sizeof *corners;
	struct pset_form *form = table_get(&u->forms, corners, bytes);

	if (form)
		return form;
	form = arena_alloc(u->arena, sizeof *form);
	form->at = (const struct corner *)
		arena_copy(u->arena, (const char *)corners, bytes);
	form->count = count;
	*table_at(&u->forms, form->at, bytes) = form;
	return form;
}

/* The walk is over: the set of the corners made. */
static struct pset made(struct universe *u)
{
	struct pset set;

	walk_end(u);
	set.form = keep_form(u, u->made.at, u->made.count);
	u->made.count = 0;
	return set;
}

static uint32_t lower(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Is no class below CLASS? */
static bool is_last(const struct classes *classes, uint32_t class)
{
	return classes->end[class] == class + 1;
}

/* --- from boxes --- */

/* A destination demanded by one class of services from one of sources. */
struct demand {
	uint32_t dst;		/* a set */
	uint32_t next;		/* + 1; 0: the last */
};

/* F of a source, where it is not as that of the class above, and what is new. */
struct held {
	uint32_t src, row, new;
};

/* A class of services that is being visited: F, from place FIRST of held. */
struct level {
	uint32_t svc;
	size_t first;
};

/*
 * A source above the one at hand: its F for the parent of the class of
 * services at hand and for that itself, and what is asked there and above.
 */
struct above {
	uint32_t src, old, new, asked;
};

struct building {
	struct universe *u;
	struct arena *scratch;
	const struct box_ids *ids;
	size_t *first;		/* by set of services, its boxes in order[] */
	uint32_t *order;
	/* of the class of services at hand */
	LIST(struct demand) demands;
	uint32_t *head;		/* by source class, its demands + 1 */
	uint64_t *touched;	/* bits: source classes with demands */
	uint64_t *bits;		/* room for a row; all clear */
	LIST(struct held) held;	/* of all levels, one behind the other */
	LIST(struct level) levels;
	LIST(struct above) above;
};

static const struct box_ids *ids_of(struct universe *u, struct arena *scratch,
				    const struct boxes *boxes)
{
	struct box_ids *ids;

	for (size_t i = 0; i < u->known_count; i++)
		if (u->known[i].at == boxes->at &&
		    u->known[i].count == boxes->count)
			return u->known[i].ids;
	ids = arena_array(scratch, boxes->count, sizeof *ids);
	for (size_t i = 0; i < boxes->count; i++) {
		ids[i].src = classes_id(&u->addresses, boxes->at[i].src);
		ids[i].dst = classes_id(&u->addresses, boxes->at[i].dst);
		ids[i].svc = classes_id(&u->services, boxes->at[i].svc);
		assert(ids[i].src != UINT32_MAX && ids[i].dst != UINT32_MAX &&
		       ids[i].svc != UINT32_MAX && "a set of its universe");
	}
	return ids;
}

static void sort_by_services(struct building *b, size_t count)
{
	size_t sets = b->u->services.sets.count;

	b->first = arena_array(b->scratch, sets + 2, sizeof *b->first);
	b->order = arena_array(b->scratch, count, sizeof *b->order);
	for (size_t i = 0; i < count; i++)
		b->first[b->ids[i].svc + 2]++;
	for (size_t i = 0; i < sets; i++)
		b->first[i + 2] += b->first[i + 1];
	for (size_t i = 0; i < count; i++)
		b->order[b->first[b->ids[i].svc + 1]++] = (uint32_t)i;
}

/* Demands that building may come to; a policy of a million rules has two. */
#define DEMANDS_MOST (UINT64_C(1) << 27)

/*
 * Each box demands something at each pair of tops of its services and its
 * sources: one where sets nest, and thousands where they cross.
 */
static void refuse_too_many(struct building *b, const struct boxes *boxes)
{
	struct universe *u = b->u;
	uint64_t all = 0, most = 0;
	size_t worst = 0;

	for (size_t i = 0; i < boxes->count; i++) {
		uint64_t some = (uint64_t)
			u->services.tops[b->ids[i].svc].count *
			u->addresses.tops[b->ids[i].src].count;

		if (some > most)
			worst = i;
		most = some > most ? some : most;
		all += some;
	}
	if (all > DEMANDS_MOST) {
		const struct box *w = &boxes->at[worst];
		struct packet p = { u->family, w->src.at[0].lo,
				    w->dst.at[0].lo,
				    (uint32_t)w->svc.at[0].lo };

		arena_refuse_at(u->arena,
				&(struct arena_worst){ .kind = WORST_ANYWHERE },
				"sources and services of %zu rules cross in %" PRIu64
				" million ways: most of all those of one that admits %s",
				boxes->count, all >> 20,
				packet_text(u->arena, &p));
	}
}

static void demand(struct building *b, const struct box_ids *box)
{
	struct numbers tops = b->u->addresses.tops[box->src];

	for (size_t i = 0; i < tops.count; i++) {
		uint32_t src = tops.at[i];

		*LIST_PUSH(b->scratch, &b->demands) =
			(struct demand){ box->dst, b->head[src] };
		b->head[src] = (uint32_t)b->demands.count;
		b->touched[src / 64] |= UINT64_C(1) << src % 64;
	}
}

/* Every box that has SVC and not its parent. */
static void collect(struct building *b, uint32_t svc)
{
	struct numbers fresh = b->u->services.fresh[svc];

	b->demands.count = 0;
	for (size_t i = 0; i < fresh.count; i++)
		for (size_t k = b->first[fresh.at[i]];
		     k < b->first[fresh.at[i] + 1]; k++)
			demand(b, &b->ids[b->order[k]]);
}

static uint32_t row_of_set(struct universe *u, uint32_t set)
{
	if (u->set_rows[set] == NO_ROW)
		u->set_rows[set] = rows_of(&u->rows,
					   u->addresses.members[set]);
	return u->set_rows[set];
}

/* The union of many sets, without the rows of the unions on the way. */
static uint32_t row_of_many(struct building *b, uint32_t first)
{
	size_t words = b->u->addresses.count / 64 + 1;
	uint32_t row;

	for (uint32_t i = first; i; i = b->demands.at[i - 1].next)
		rows_mark(&b->u->rows,
			  row_of_set(b->u, b->demands.at[i - 1].dst), b->bits);
	row = rows_of_bits(&b->u->rows, b->bits, words);
	memset(b->bits, 0, words * sizeof *b->bits);
	return row;
}

/* The row demanded from SRC; its demands are then done with. */
static uint32_t demanded(struct building *b, uint32_t src)
{
	uint32_t first = b->head[src], second;

	if (!first)
		return NO_ROW;
	b->head[src] = 0;
	second = b->demands.at[first - 1].next;
	if (!second)
		return row_of_set(b->u, b->demands.at[first - 1].dst);
	if (!b->demands.at[second - 1].next)
		return rows_combine(&b->u->rows, ROW_UNION,
			row_of_set(b->u, b->demands.at[first - 1].dst),
			row_of_set(b->u, b->demands.at[second - 1].dst));
	return row_of_many(b, first);
}

/*
 * What the demands add at SRC, which had HELD: all that is asked of it, A, and
 * of those above it, U.  Against the one above:
 *
 *	X = (A - HELD - U), and what of U was new in HELD
 *
 * the first because it is new here, the second because it is new there and no
 * longer here.  Only U may be large, and many sources share it.
 */
static uint32_t corner_of(struct rows *rows, const struct held *held,
			  uint32_t asked, uint32_t above)
{
	uint32_t new;

	/* most that are looked at are only on the way */
	if (asked == NO_ROW && above == NO_ROW)
		return NO_ROW;
	new = rows_combine(rows, ROW_MINUS, asked, held->row);
	return rows_combine(rows, ROW_UNION,
			    rows_combine(rows, ROW_MINUS, new, above),
			    rows_combine(rows, ROW_MEET, held->new, above));
}

/* The source of HELD, its row for the parent of SVC, at class SVC. */
static void add(struct building *b, uint32_t svc, const struct held *held,
		const struct above *up)
{
	struct rows *rows = &b->u->rows;
	bool is_kept = !is_last(&b->u->services, svc);
	struct above own = { held->src, held->row, held->row, up->asked };
	uint32_t asked = demanded(b, held->src);

	make_corner(b->u, svc, held->src,
		    corner_of(rows, held, asked, up->asked));
	if (!is_kept && is_last(&b->u->addresses, held->src))
		return;
	own.asked = rows_combine(rows, ROW_UNION, up->asked, asked);
	if (is_kept)
		own.new = rows_combine(rows, ROW_UNION, held->row, own.asked);
	if (is_kept && own.new != up->new)
		*LIST_PUSH(b->scratch, &b->held) = (struct held){
			held->src, own.new, rows_combine(rows, ROW_MINUS,
							 own.new, up->new) };
	*LIST_PUSH(b->scratch, &b->above) = own;
}

static struct above nearest_above(struct building *b, uint32_t src)
{
	const uint32_t *end = b->u->addresses.end;

	while (b->above.count &&
	       end[b->above.at[b->above.count - 1].src] <= src)
		b->above.count--;
	return b->above.count ? b->above.at[b->above.count - 1]
			      : (struct above){ 0 };
}

/* The next source with demands from FROM on, or NO_CLASS. */
static uint32_t next_touched(const struct building *b, uint32_t from)
{
	size_t words = b->u->addresses.count / 64 + 1, w = from / 64;
	uint64_t bits = b->touched[w] & ~UINT64_C(0) << from % 64;

	while (!bits && ++w < words)
		bits = b->touched[w];
	return bits ? (uint32_t)(w * 64) + (uint32_t)__builtin_ctzll(bits)
		    : NO_CLASS;
}

/* F of the parent of SVC, or of what stands for it: where its rows are held. */
static void open_level(struct building *b, uint32_t svc, size_t *first,
		       size_t *end)
{
	while (b->levels.count && b->u->services.end[
		       b->levels.at[b->levels.count - 1].svc] <= svc)
		b->held.count = b->levels.at[--b->levels.count].first;
	*end = b->held.count;
	*first = b->levels.count ? b->levels.at[b->levels.count - 1].first
				 : *end;
	if (!is_last(&b->u->services, svc))
		*LIST_PUSH(b->scratch, &b->levels) =
			(struct level){ svc, *end };
}

/*
 * The first from AT on that is not passed by: nothing is asked of those, nor below
 * them, before TOUCHED, nor above, as classes asked of end before PAST.
 */
static size_t pass_by(const struct building *b, size_t at, size_t end,
		      uint32_t touched, uint32_t past)
{
	const uint32_t *ends = b->u->addresses.end;

	while (at < end && b->held.at[at].src >= past &&
	       ends[b->held.at[at].src] <= touched)
		at++;
	return at;
}

/*
 * Where F of the parent differs from above and where something is asked, in
 * order: between these F is as above, and so it stays.
 */
static void add_class(struct building *b, uint32_t svc)
{
	bool is_kept = !is_last(&b->u->services, svc);
	uint32_t touched = next_touched(b, 0), past = 0;
	size_t at, end;

	b->above.count = 0;
	open_level(b, svc, &at, &end);
	for (;;) {
		uint32_t src;
		struct above up;
		struct held held;

		if (!is_kept)
			at = pass_by(b, at, end, touched, past);
		if (at == end && touched == NO_CLASS)
			break;
		src = lower(at < end ? b->held.at[at].src : NO_CLASS, touched);
		up = nearest_above(b, src);
		held = (struct held){ src, up.old, NO_ROW };
		if (at < end && b->held.at[at].src == src)
			held = b->held.at[at++];
		if (src == touched && b->u->addresses.end[src] > past)
			past = b->u->addresses.end[src];
		add(b, svc, &held, &up);
		if (src == touched)
			touched = src + 1 < b->u->addresses.count
				? next_touched(b, src + 1) : NO_CLASS;
	}
	memset(b->touched, 0, (b->u->addresses.count / 64 + 1) *
			      sizeof *b->touched);
}

struct pset pset_of(struct universe *u, const struct boxes *boxes)
{
	struct arena *scratch = arena_child(u->arena);
	size_t sources = u->addresses.count;
	struct building b = { .u = u, .scratch = scratch,
			      .ids = ids_of(u, scratch, boxes) };
	struct pset set;

	refuse_too_many(&b, boxes);
	sort_by_services(&b, boxes->count);
	b.head = arena_array(scratch, sources, sizeof *b.head);
	b.touched = arena_array(scratch, sources / 64 + 1, sizeof *b.touched);
	b.bits = arena_array(scratch, sources / 64 + 1, sizeof *b.bits);
	for (uint32_t svc = 0; svc < u->services.count; svc++) {
		collect(&b, svc);
		if (b.demands.count)
			add_class(&b, svc);
	}
	set = made(u);
	arena_free(scratch);
	return set;
}

/* --- the algebra --- */

/* Corners still to come. */
struct cursor {
	const struct corner *at, *end;
};

static bool is_at(const struct cursor *c, uint32_t svc)
{
	return c->at < c->end && c->at->svc == svc;
}

static uint32_t next_svc(const struct cursor *c)
{
	return c->at < c->end ? c->at->svc : NO_CLASS;
}

static uint32_t next_src(const struct cursor *c, uint32_t svc)
{
	return is_at(c, svc) ? c->at->src : NO_CLASS;
}

/* How lane I changes at SRC, below UP. */
static uint32_t change_at(struct universe *u, int i, struct cursor *c,
			  uint32_t svc, uint32_t src, uint32_t up)
{
	uint32_t row = up == NO_CLASS ? NO_ROW : u->lanes[i].change[up];

	if (next_src(c, svc) == src)
		row = change(u, row, c->at++->row);
	return u->lanes[i].change[src] = row;
}

static void combine_at(struct universe *u, enum row_op op,
		       struct cursor in[2], uint32_t svc, uint32_t src,
		       uint32_t up)
{
	struct lane *l = u->lanes;
	uint32_t x = change_at(u, 0, &in[0], svc, src, up);
	uint32_t y = change_at(u, 1, &in[1], svc, src, up), row;

	l[2].change[src] = NO_ROW;
	if (x != NO_ROW || y != NO_ROW) {
		walk_remember(u, src);
		l[0].row[src] = change(u, l[0].row[src], x);
		l[1].row[src] = change(u, l[1].row[src], y);
		row = rows_combine(&u->rows, op, l[0].row[src], l[1].row[src]);
		l[2].change[src] = change(u, l[2].row[src], row);
		l[2].row[src] = row;
	}
	make_corner(u, svc, src, change(u, l[2].change[src],
		up == NO_CLASS ? NO_ROW : l[2].change[up]));
}

static void combine_class(struct universe *u, enum row_op op,
			  struct cursor in[2], uint32_t svc)
{
	walk_to(u, svc);
	while (is_at(&in[0], svc) || is_at(&in[1], svc)) {
		uint32_t top = lower(next_src(&in[0], svc),
				     next_src(&in[1], svc));

		for (uint32_t s = top; s < u->addresses.end[top]; s++)
			combine_at(u, op, in, svc, s, s == top ? NO_CLASS
				   : u->addresses.parent[s]);
	}
}

static struct pset combine(struct universe *u, enum row_op op, struct pset a,
			   struct pset b)
{
	struct cursor in[2] = { { a.form->at, a.form->at + a.form->count },
				{ b.form->at, b.form->at + b.form->count } };

	while (in[0].at < in[0].end || in[1].at < in[1].end)
		combine_class(u, op, in, lower(next_svc(&in[0]),
					       next_svc(&in[1])));
	return made(u);
}

struct pset pset_union(struct universe *u, struct pset a, struct pset b)
{
	if (a.form == b.form || !b.form->count)
		return a;
	return a.form->count ? combine(u, ROW_UNION, a, b) : b;
}

struct pset pset_meet(struct universe *u, struct pset a, struct pset b)
{
	if (a.form == b.form || !a.form->count)
		return a;
	return b.form->count ? combine(u, ROW_MEET, a, b) : b;
}

struct pset pset_minus(struct universe *u, struct pset a, struct pset b)
{
	if (!b.form->count)
		return a;
	if (a.form == b.form || !a.form->count)
		return (struct pset){ keep_form(u, NULL, 0) };
	return combine(u, ROW_MINUS, a, b);
}

bool pset_empty(const struct universe *u, struct pset a)
{
	(void)u;	/* the header's promise is about one universe */
	return a.form->count == 0;
}

bool pset_equal(const struct universe *u, struct pset a, struct pset b)
{
	(void)u;
	return a.form == b.form;
}

/* --- one packet --- */

/* The first corner of FORM that is not before (SVC, SRC). */
static size_t corner_from(const struct pset_form *form, uint32_t svc,
			  uint32_t src)
{
	size_t lo = 0, hi = form->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct corner *c = &form->at[mid];

		if (c->svc < svc || (c->svc == svc && c->src < src))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool pset_has(const struct universe *u, struct pset a,
	      const struct packet *packet)
{
	uint32_t svc = classes_of(&u->services, packet->svc);
	uint32_t src = classes_of(&u->addresses, packet->src);
	uint32_t dst = classes_of(&u->addresses, packet->dst);
	bool has = false;

	if (svc == NO_CLASS || src == NO_CLASS || dst == NO_CLASS)
		return false;
	for (; svc != NO_CLASS; svc = u->services.parent[svc])
		for (uint32_t s = src; s != NO_CLASS;
		     s = u->addresses.parent[s]) {
			size_t i = corner_from(a.form, svc, s);

			if (i < a.form->count && a.form->at[i].svc == svc &&
			    a.form->at[i].src == s)
				has ^= rows_have(&u->rows, a.form->at[i].row,
						 dst);
		}
	return has;
}
