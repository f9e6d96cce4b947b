/*
 * The usual way to draw a graph in layers: columns, lanes, an order in each
 * column with few crossings (barycentres, swept to and fro), then heights.
 */
#include "compiler/evidence/layout.h"

#include "compiler/base/utf8.h"

#include <stdlib.h>
#include <string.h>

enum {
	MARGIN = 14, NAME_WIDTH = 9, LABEL_WIDTH = 8, NODE_LEAST = 104,
	NODE_MOST = 168, NODE_HEIGHT = 50, INNER_HEIGHT = 17, PORT = 15,
	LANE_HEIGHT = 6, APART = 22, GAP_LEAST = 56, GAP_PAD = 52,
	LABEL_APART = 22, PASS_APART = 10, VPC_PAD = 22, VPC_HEAD = 30,
	TURN_APART = 14, TURN_PAD = 12, WITHIN = 72,
	SWEEPS = 8, SETTLES = 6, LABEL_MOST = 18, NAME_MOST = 18,
};

struct draft {
	struct arena *arena;
	const struct segment *s;
	LIST(struct place) places;
	LIST(struct crossing) crossings;
	LIST(struct wire) wires;
	uint32_t *left, *right;		/* by node: its place; NO_NODE */
	uint32_t columns;
	struct column {
		uint32_t *at;		/* places, from above */
		size_t count;
	} *column;
};

/* --- texts --- */

size_t layout_columns(const char *text)
{
	size_t columns = 0, n;
	uint32_t c;

	for (; *text; text += n ? n : 1) {
		n = utf8_read(text, strnlen(text, 4), &c);
		columns += n ? utf8_columns(c) : 1;
	}
	return columns;
}

const char *layout_shorten(struct arena *arena, const char *text, size_t most)
{
	const char *at = text;
	size_t columns = 0, n;
	uint32_t c;

	if (layout_columns(text) <= most)
		return text;
	for (; *at; at += n ? n : 1) {
		n = utf8_read(at, strnlen(at, 4), &c);
		columns += n ? utf8_columns(c) : 1;
		if (columns >= most)
			break;
	}
	return arena_printf(arena, "%.*s\xe2\x80\xa6", (int)(at - text), text);
}

static bool is_icmp(const struct service_line *line)
{
	return strncmp(line->text, "icmp", 4) == 0;
}

/* "5432, 6379", or as many as fit: "5432 +3"; the ports first. */
static const char *label_of(struct arena *arena, const struct cell *c)
{
	struct text out = TEXT_IN(arena);
	size_t shown = 0;

	for (size_t i = 0; i < 2 * c->line_count; i++) {
		const struct service_line *l = &c->lines[i % c->line_count];
		const char *line = layout_shorten(arena, l->text, LABEL_MOST);

		if (is_icmp(l) != (i >= c->line_count))
			continue;
		if (shown && out.len + strlen(line) + 2 > LABEL_MOST)
			break;
		text_printf(&out, "%s%s", shown++ ? ", " : "", line);
	}
	if (shown < c->line_count)
		text_printf(&out, " +%zu", c->line_count - shown);
	return text_string(&out);
}

static bool is_exceptional(const struct cell *c)
{
	for (size_t i = 0; i < c->line_count; i++)
		if (!c->lines[i].exceptional)
			return false;
	return true;
}

/* --- columns --- */

static bool is_outside(const struct node *n)
{
	return n->kind != NODE_LAYER && n->kind != NODE_REST;
}

static bool is_flow(const struct cell *c)
{
	return c->line_count && c->from != c->to;
}

/* Layers by their steps from what is public, from 1; what nothing reaches: 0. */
static void rank_by_steps(const struct draft *d, uint32_t *rank)
{
	const struct segment *s = d->s;

	for (size_t i = 0; i < s->node_count; i++)
		if (!is_outside(&s->nodes[i]) && s->steps[i].hops < UINT32_MAX)
			rank[i] = s->steps[i].hops ? s->steps[i].hops : 1;
}

/* What nothing public reaches stands one column before what it opens to first. */
static void rank_the_rest(const struct draft *d, uint32_t *rank)
{
	const struct segment *s = d->s;

	for (size_t i = 0; i < s->node_count; i++) {
		uint32_t nearest = UINT32_MAX;

		if (is_outside(&s->nodes[i]) || rank[i])
			continue;
		for (size_t k = 0; k < s->cell_count; k++)
			if (is_flow(&s->cells[k]) && s->cells[k].from == i &&
			    rank[s->cells[k].to] &&
			    rank[s->cells[k].to] < nearest)
				nearest = rank[s->cells[k].to];
		rank[i] = nearest == UINT32_MAX || nearest < 2 ? 1 : nearest - 1;
	}
}

/* No column is empty: ranks that nobody has are left out. */
static uint32_t close_ranks(const struct draft *d, uint32_t *rank)
{
	size_t n = d->s->node_count;
	uint32_t most = 0, *to = arena_array(d->arena, n + 2, sizeof *to);

	for (size_t i = 0; i < n; i++)
		if (rank[i] && rank[i] <= n)
			to[rank[i]] = 1;
	for (size_t i = 1; i <= n; i++)
		if (to[i])
			to[i] = ++most;
	for (size_t i = 0; i < n; i++)
		rank[i] = rank[i] ? to[rank[i]] : 0;
	return most;
}

static int text_width(const char *text, int each)
{
	return (int)layout_columns(text) * each;
}

static uint32_t add_place(struct draft *d, uint32_t node, uint32_t column)
{
	struct place *p = LIST_PUSH(d->arena, &d->places);
	int name, title;

	*p = (struct place){ .node = node, .column = column, .inner = "",
			     .height = LANE_HEIGHT };
	if (node == NO_NODE)
		return (uint32_t)d->places.count - 1;
	name = text_width(layout_shorten(d->arena, d->s->nodes[node].name,
					 NAME_MOST), NAME_WIDTH);
	title = text_width(d->s->nodes[node].title, 6);
	p->outside = is_outside(&d->s->nodes[node]);
	p->width = (name > title ? name : title) + 22;
	p->width = p->width < NODE_LEAST ? NODE_LEAST
		 : p->width > NODE_MOST ? NODE_MOST : p->width;
	p->height = NODE_HEIGHT;
	return (uint32_t)d->places.count - 1;
}

/* What is outside stands left where it opens, right where it is reached. */
static void place_nodes(struct draft *d)
{
	const struct segment *s = d->s;
	uint32_t *rank = arena_array(d->arena, s->node_count, sizeof *rank);
	bool *opens = arena_array(d->arena, s->node_count, sizeof *opens);
	bool *reached = arena_array(d->arena, s->node_count, sizeof *reached);
	uint32_t most;

	rank_by_steps(d, rank);
	rank_the_rest(d, rank);
	most = close_ranks(d, rank);
	for (size_t i = 0; i < s->cell_count; i++)
		if (is_flow(&s->cells[i])) {
			opens[s->cells[i].from] = true;
			reached[s->cells[i].to] = true;
		}
	d->columns = most + 2;
	for (uint32_t i = 0; i < s->node_count; i++) {
		d->left[i] = d->right[i] = NO_NODE;
		if (!is_outside(&s->nodes[i])) {
			if (s->nodes[i].kind == NODE_LAYER || opens[i] ||
			    reached[i])
				d->left[i] = d->right[i] =
					add_place(d, i, rank[i]);
			continue;
		}
		if (opens[i])
			d->left[i] = add_place(d, i, 0);
		if (reached[i])
			d->right[i] = add_place(d, i, most + 1);
	}
}

/* --- wires --- */

static void add_crossing(struct draft *d, uint32_t left, uint32_t right,
			 bool labelled)
{
	struct crossing *x = LIST_PUSH(d->arena, &d->crossings);

	*x = (struct crossing){
		.gap = d->places.at[left].column, .left = left, .right = right,
		.wire = (uint32_t)d->wires.count - 1, .labelled = labelled,
		.turns = d->places.at[left].column ==
			 d->places.at[right].column,
	};
}

/* The label stands in the gap beside the source. */
static void run_wire(struct draft *d, struct wire *w, uint32_t from, uint32_t to)
{
	uint32_t a = d->places.at[from].column, b = d->places.at[to].column;
	uint32_t lo = a <= b ? from : to, hi = a <= b ? to : from, at = lo;
	uint32_t end = d->places.at[hi].column;

	w->backward = a > b;
	w->first = (uint32_t)d->crossings.count;
	for (uint32_t c = d->places.at[lo].column + 1; c < end; c++) {
		uint32_t lane = add_place(d, NO_NODE, c);

		add_crossing(d, at, lane, !w->backward && at == lo);
		at = lane;
	}
	add_crossing(d, at, hi, w->backward || at == lo);
	w->count = (uint32_t)d->crossings.count - w->first;
}

/* What a layer may open to itself is written in it. */
static void open_within(struct place *p, const char *label)
{
	int width = text_width(label, 7) + WITHIN;

	p->inner = label;
	p->height += INNER_HEIGHT;
	p->width = width > p->width ? width : p->width;
}

static void add_wires(struct draft *d)
{
	for (size_t i = 0; i < d->s->cell_count; i++) {
		const struct cell *c = &d->s->cells[i];
		struct wire w = { .cell = c };
		uint32_t from = d->left[c->from], to = d->right[c->to];

		if (!c->line_count)
			continue;
		w.label = label_of(d->arena, c);
		if (c->from == c->to) {
			if (from != NO_NODE)
				open_within(&d->places.at[from], w.label);
			continue;
		}
		w.label_width = text_width(w.label, LABEL_WIDTH) + 8;
		w.exceptional = is_exceptional(c);
		*LIST_PUSH(d->arena, &d->wires) = w;
		run_wire(d, &w, from, to);
		d->wires.at[d->wires.count - 1] = w;
	}
}

static void fill_columns(struct draft *d)
{
	d->column = arena_array(d->arena, d->columns, sizeof *d->column);
	for (uint32_t c = 0; c < d->columns; c++)
		d->column[c].at = arena_array(d->arena, d->places.count,
					      sizeof *d->column[c].at);
	for (uint32_t i = 0; i < d->places.count; i++) {
		struct column *c = &d->column[d->places.at[i].column];

		c->at[c->count++] = i;
	}
}

/* --- the order in a column --- */

struct weighed {
	int64_t weight;
	uint32_t place, before;
};

static int by_weight(const void *x, const void *y)
{
	const struct weighed *a = x, *b = y;

	if (a->weight != b->weight)
		return a->weight < b->weight ? -1 : 1;
	return (a->before > b->before) - (a->before < b->before);
}

static void number_column(const struct draft *d, uint32_t c, uint32_t *index)
{
	for (uint32_t i = 0; i < d->column[c].count; i++)
		index[d->column[c].at[i]] = i;
}

/* The middle of what PLACE is wired to on its left or right, times 1024. */
static int64_t middle(const struct draft *d, uint32_t place, bool leftward,
		      const uint32_t *index, int64_t otherwise)
{
	int64_t sum = 0, count = 0;

	for (size_t i = 0; i < d->crossings.count; i++) {
		const struct crossing *x = &d->crossings.at[i];

		if (x->turns || (leftward ? x->right : x->left) != place)
			continue;
		sum += index[leftward ? x->left : x->right];
		count++;
	}
	return count ? sum * 1024 / count : otherwise;
}

static void sort_column(struct draft *d, uint32_t c, bool leftward,
			uint32_t *index)
{
	struct column *column = &d->column[c];
	struct weighed *all = arena_array(d->arena, column->count, sizeof *all);

	for (uint32_t i = 0; i < column->count; i++)
		all[i] = (struct weighed){
			middle(d, column->at[i], leftward, index, i * 1024),
			column->at[i], i };
	if (column->count)
		qsort(all, column->count, sizeof *all, by_weight);
	for (uint32_t i = 0; i < column->count; i++)
		column->at[i] = all[i].place;
	number_column(d, c, index);
}

/* Pairs of wires that cross in a gap. */
static size_t count_crossed(const struct draft *d, const uint32_t *index)
{
	size_t crossed = 0;

	for (size_t i = 0; i < d->crossings.count; i++)
		for (size_t k = 0; k < i; k++) {
			const struct crossing *a = &d->crossings.at[i];
			const struct crossing *b = &d->crossings.at[k];

			if (a->gap == b->gap && !a->turns && !b->turns)
				crossed += (index[a->left] < index[b->left] &&
					    index[a->right] > index[b->right]) ||
					   (index[a->left] > index[b->left] &&
					    index[a->right] < index[b->right]);
		}
	return crossed;
}

static void keep_order(const struct draft *d, uint32_t *kept,
		       const uint32_t *index)
{
	memcpy(kept, index, d->places.count * sizeof *kept);
}

enum { CROSSED_MOST = 2000 };	/* crossings, beyond which nobody follows a line anyway */

static void order_columns(struct draft *d)
{
	size_t n = d->places.count, best = SIZE_MAX;
	uint32_t *index = arena_array(d->arena, n, sizeof *index);
	uint32_t *kept = arena_array(d->arena, n, sizeof *kept);

	for (uint32_t c = 0; c < d->columns; c++)
		number_column(d, c, index);
	keep_order(d, kept, index);
	for (int sweep = 0; d->crossings.count < CROSSED_MOST &&
	     sweep < SWEEPS; sweep++) {
		size_t crossed;

		for (uint32_t c = 1; c < d->columns; c++)
			sort_column(d, sweep % 2 ? d->columns - 1 - c : c,
				    sweep % 2 == 0, index);
		crossed = count_crossed(d, index);
		if (crossed < best) {
			best = crossed;
			keep_order(d, kept, index);
		}
	}
	for (size_t i = 0; i < n; i++)
		d->column[d->places.at[i].column].at[kept[i]] = (uint32_t)i;
}

/* --- heights --- */

/*
 * COUNT heights near WANTED, in their order, each at least APART[i] below the
 * one before: the mean of pushing down and of pushing up.
 */
static void spread(struct arena *arena, int *wanted, const int *apart,
		   size_t count)
{
	int *down = arena_array(arena, count, sizeof *down);
	int *up = arena_array(arena, count, sizeof *up);

	for (size_t i = 0; i < count; i++) {
		down[i] = wanted[i];
		if (i && down[i] < down[i - 1] + apart[i])
			down[i] = down[i - 1] + apart[i];
	}
	for (size_t i = count; i-- > 0;) {
		up[i] = wanted[i];
		if (i + 1 < count && up[i] > up[i + 1] - apart[i + 1])
			up[i] = up[i + 1] - apart[i + 1];
	}
	/* a half is rounded down for all alike, so that they stay apart */
	for (size_t i = 0; i < count; i++)
		wanted[i] = (down[i] + up[i]) >> 1;
}

static int centre(const struct place *p)
{
	return p->y + p->height / 2;
}

/* Tall enough for every wire to leave by a place of its own. */
static void grow_nodes(struct draft *d)
{
	int *ports = arena_array(d->arena, d->places.count * 2, sizeof *ports);

	for (size_t i = 0; i < d->crossings.count; i++) {
		const struct crossing *x = &d->crossings.at[i];

		ports[x->left * 2 + 1]++;
		ports[x->right * 2 + (x->turns ? 1 : 0)]++;
	}
	for (size_t i = 0; i < d->places.count; i++) {
		struct place *p = &d->places.at[i];
		int most = ports[i * 2] > ports[i * 2 + 1] ? ports[i * 2]
							   : ports[i * 2 + 1];

		if (p->node != NO_NODE && p->height < PORT * (most + 1))
			p->height = PORT * (most + 1);
	}
}

/* Where PLACE would like its centre: amid all that it is wired to. */
static int wanted_centre(const struct draft *d, uint32_t place)
{
	int sum = 0, count = 0;

	for (size_t i = 0; i < d->crossings.count; i++) {
		const struct crossing *x = &d->crossings.at[i];

		if (x->left != place && x->right != place)
			continue;
		sum += centre(&d->places.at[x->left == place ? x->right
							     : x->left]);
		count++;
	}
	return count ? sum / count : centre(&d->places.at[place]);
}

static void settle_column(struct draft *d, const struct column *c, bool stack)
{
	int *want = arena_array(d->arena, c->count, sizeof *want);
	int *apart = arena_array(d->arena, c->count, sizeof *apart);

	for (size_t i = 0; i < c->count; i++) {
		const struct place *p = &d->places.at[c->at[i]];

		want[i] = stack ? 0 : wanted_centre(d, c->at[i]);
		if (i)
			apart[i] = p->height / 2 + APART +
				(d->places.at[c->at[i - 1]].height + 1) / 2;
	}
	spread(d->arena, want, apart, c->count);
	for (size_t i = 0; i < c->count; i++) {
		struct place *p = &d->places.at[c->at[i]];

		p->y = want[i] - p->height / 2;
	}
}

static void settle(struct draft *d)
{
	for (uint32_t c = 0; c < d->columns; c++)
		settle_column(d, &d->column[c], true);
	for (int round = 0; d->crossings.count < CROSSED_MOST &&
	     round < SETTLES; round++)
		for (uint32_t c = 0; c < d->columns; c++)
			settle_column(d, &d->column[round % 2
						    ? d->columns - 1 - c : c],
				      false);
}

/* --- gaps --- */

struct passing {
	int want;
	uint32_t crossing;
};

static int by_want(const void *x, const void *y)
{
	const struct passing *a = x, *b = y;

	if (a->want != b->want)
		return a->want < b->want ? -1 : 1;
	return (a->crossing > b->crossing) - (a->crossing < b->crossing);
}

static void pass_gap(struct draft *d, uint32_t gap)
{
	size_t n = d->crossings.count, count = 0;
	struct passing *all = arena_array(d->arena, n, sizeof *all);
	int *want = arena_array(d->arena, n, sizeof *want);
	int *apart = arena_array(d->arena, n, sizeof *apart);

	for (uint32_t i = 0; i < n; i++) {
		const struct crossing *x = &d->crossings.at[i];

		if (x->gap == gap)
			all[count++] = (struct passing){
				(centre(&d->places.at[x->left]) +
				 centre(&d->places.at[x->right])) / 2, i };
	}
	if (!count)
		return;
	qsort(all, count, sizeof *all, by_want);
	for (size_t i = 0; i < count; i++) {
		bool labelled = d->crossings.at[all[i].crossing].labelled ||
			(i && d->crossings.at[all[i - 1].crossing].labelled);

		want[i] = all[i].want;
		apart[i] = labelled ? LABEL_APART : PASS_APART;
	}
	spread(d->arena, want, apart, count);
	for (size_t i = 0; i < count; i++)
		d->crossings.at[all[i].crossing].y = want[i];
}

/* The crossings at one side of PLACE, from above, each by a port of its own. */
static void set_ports(struct draft *d, uint32_t place, bool on_left)
{
	struct place *p = &d->places.at[place];
	size_t n = d->crossings.count, count = 0;
	struct passing *all = arena_array(d->arena, 2 * n, sizeof *all);

	for (uint32_t i = 0; i < n; i++) {
		const struct crossing *x = &d->crossings.at[i];

		if (x->left == place && !on_left)
			all[count++] = (struct passing){ x->y, 2 * i };
		if (x->right == place && x->turns != on_left)
			all[count++] = (struct passing){ x->y, 2 * i + 1 };
	}
	if (count)
		qsort(all, count, sizeof *all, by_want);
	for (size_t i = 0; i < count; i++) {
		struct crossing *x = &d->crossings.at[all[i].crossing / 2];
		int y = p->y + (int)((i + 1) * (size_t)p->height / (count + 1));

		if (all[i].crossing % 2)
			x->right_y = y;
		else
			x->left_y = y;
	}
}

/* --- widths --- */

/* Those that turn first, the shortest way nearest; then those that pass. */
static int turn_gap(struct draft *d, uint32_t gap, int x)
{
	size_t n = d->crossings.count, count = 0;
	struct passing *all = arena_array(d->arena, n, sizeof *all);
	int widest = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct crossing *k = &d->crossings.at[i];

		if (k->gap == gap && k->turns)
			all[count++] = (struct passing){
				abs(centre(&d->places.at[k->left]) -
				    centre(&d->places.at[k->right])), i };
	}
	if (!count)
		return 0;
	qsort(all, count, sizeof *all, by_want);
	for (size_t i = 0; i < count; i++) {
		struct crossing *k = &d->crossings.at[all[i].crossing];
		int half = d->wires.at[k->wire].label_width / 2;

		k->x = x + (int)i * TURN_APART;
		widest = half > widest ? half : widest;
	}
	for (size_t i = 0; i < count; i++)
		d->crossings.at[all[i].crossing].x += widest + TURN_PAD;
	return 2 * widest + ((int)count - 1) * TURN_APART + TURN_PAD;
}

/* The width of a gap that begins at X. */
static int open_gap(struct draft *d, uint32_t gap, int x)
{
	int turns = turn_gap(d, gap, x), label = 0, width;
	bool any = false;

	for (size_t i = 0; i < d->crossings.count; i++) {
		const struct crossing *k = &d->crossings.at[i];

		if (k->gap != gap || k->turns)
			continue;
		any = true;
		if (k->labelled && d->wires.at[k->wire].label_width > label)
			label = d->wires.at[k->wire].label_width;
	}
	width = label ? label + GAP_PAD : any || turns ? GAP_LEAST : 0;
	for (size_t i = 0; i < d->crossings.count; i++)
		if (d->crossings.at[i].gap == gap && !d->crossings.at[i].turns)
			d->crossings.at[i].x = x + turns + width / 2;
	return turns + width;
}

static void place_columns(struct draft *d, struct layout *out)
{
	int x = MARGIN;

	for (uint32_t c = 0; c < d->columns; c++) {
		const struct column *column = &d->column[c];
		int width = 0;

		for (size_t i = 0; i < column->count; i++)
			if (d->places.at[column->at[i]].width > width)
				width = d->places.at[column->at[i]].width;
		for (size_t i = 0; i < column->count; i++) {
			d->places.at[column->at[i]].x = x;
			d->places.at[column->at[i]].width = width;
		}
		x += width;
		x += column->count ? open_gap(d, c, x) : c == 0 ? VPC_PAD : 0;
	}
	out->width = x + MARGIN;
}

/* Everything down to where the highest stands at the margin; the frame of the VPC. */
static void frame(struct draft *d, struct layout *out)
{
	int top = INT32_MAX, bottom = INT32_MIN, left = INT32_MAX, right = 0;

	for (size_t i = 0; i < d->crossings.count; i++) {
		const struct crossing *x = &d->crossings.at[i];
		int y = x->y;

		top = y - LABEL_HEIGHT < top ? y - LABEL_HEIGHT : top;
		bottom = y + LABEL_HEIGHT > bottom ? y + LABEL_HEIGHT : bottom;
		if (x->turns) {
			int end = x->x + d->wires.at[x->wire].label_width / 2;

			right = end > right ? end : right;
		}
	}
	for (size_t i = 0; i < d->places.count; i++) {
		const struct place *p = &d->places.at[i];

		top = p->y < top ? p->y : top;
		bottom = p->y + p->height > bottom ? p->y + p->height : bottom;
		if (p->outside || p->node == NO_NODE)
			continue;
		left = p->x < left ? p->x : left;
		right = p->x + p->width > right ? p->x + p->width : right;
	}
	if (!d->places.count)
		top = bottom = left = right = 0;
	for (size_t i = 0; i < d->places.count; i++)
		d->places.at[i].y += MARGIN + VPC_HEAD - top;
	for (size_t i = 0; i < d->crossings.count; i++)
		d->crossings.at[i].y += MARGIN + VPC_HEAD - top;
	out->height = bottom - top + VPC_HEAD + 2 * MARGIN + 6;
	out->vpc_x = left - VPC_PAD + 8;
	out->vpc_y = MARGIN / 2;
	out->vpc_width = right - left + 2 * VPC_PAD - 16;
	out->vpc_height = out->height - MARGIN;
}

struct layout layout_of(struct arena *arena, const struct segment *segment)
{
	struct draft d = {
		.arena = arena, .s = segment,
		.left = arena_array(arena, segment->node_count, sizeof *d.left),
		.right = arena_array(arena, segment->node_count,
				     sizeof *d.right),
	};
	struct layout out = { 0 };

	place_nodes(&d);
	add_wires(&d);
	fill_columns(&d);
	order_columns(&d);
	grow_nodes(&d);
	settle(&d);
	for (uint32_t c = 0; c < d.columns; c++)
		pass_gap(&d, c);
	place_columns(&d, &out);
	frame(&d, &out);
	for (uint32_t i = 0; i < d.places.count; i++) {
		set_ports(&d, i, true);
		set_ports(&d, i, false);
	}
	out.places = d.places.at;
	out.place_count = d.places.count;
	out.crossings = d.crossings.at;
	out.crossing_count = d.crossings.count;
	out.wires = d.wires.at;
	out.wire_count = d.wires.count;
	return out;
}
