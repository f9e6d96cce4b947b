/*
 * The matrix of each environment, and which environments share one.
 *
 * A fleet has thousands of environments and a handful of pictures: those that
 * say the same by name are one segment.
 */
#include "compiler/evidence/facts.h"

#include "compiler/base/date.h"
#include "compiler/base/service.h"
#include "compiler/base/table.h"
#include "compiler/base/text.h"

#include <stdlib.h>
#include <string.h>

struct builder {
	struct arena *arena;
	const struct ir *ir;
	const struct verdict *verdicts;
	const struct ir_space *space;
	LIST(struct node) nodes;
	struct table pairs;		/* by two node numbers */
	LIST(struct pair *) found;	/* the same, as they came */
	LIST(struct cell) cells;
};

/* --- nodes --- */

static void add_node(struct builder *b, enum node_kind kind, const char *name,
		     const char *title, struct both set)
{
	if (!both_empty(set))
		*LIST_PUSH(b->arena, &b->nodes) = (struct node){
			kind, name, title ? title : "", set,
			both_touch(set, b->space->internet) };
}

struct placed {
	uint32_t index, lo;
};

static int by_place(const void *x, const void *y)
{
	const struct placed *a = x, *b = y;

	return (a->lo > b->lo) - (a->lo < b->lo);
}

/* Layers in the order of their declarations: the order the authors think in. */
static void add_layers(struct builder *b)
{
	size_t count = b->ir->layer_count;
	struct placed *order = arena_array(b->arena, count, sizeof *order);

	for (uint32_t i = 0; i < count; i++)
		order[i] = (struct placed){ i, b->ir->layers[i].span.lo };
	if (count)
		qsort(order, count, sizeof *order, by_place);
	for (size_t i = 0; i < count; i++) {
		const struct ir_layer *l = &b->ir->layers[order[i].index];

		add_node(b, NODE_LAYER, l->name, l->title,
			 b->space->layers[order[i].index]);
	}
}

/* The layers of other environments that rules across environments name. */
static void add_peers(struct builder *b)
{
	for (size_t p = 0; p < b->space->peer_count; p++) {
		const struct ir_space *peer =
			&b->ir->spaces[b->space->peers[p]];

		for (size_t l = 0; l < b->ir->layer_count; l++) {
			bool met = false;

			for (uint32_t i = 0; i < b->space->flow_count; i++) {
				const struct ir_flow *f = &b->ir->flows[
					b->space->first_flow + i];
				struct ranges at = peer->layers[l].of[f->family];

				met |= f->far == b->space->peers[p] &&
				       (ranges_touch(f->src, at) ||
					ranges_touch(f->dst, at));
			}
			if (met)
				add_node(b, NODE_PEER,
					arena_printf(b->arena, "%s.%s",
						b->ir->environments[peer->environment],
						b->ir->layers[l].name),
					b->ir->layers[l].title,
					peer->layers[l]);
		}
	}
}

/* The VPC outside its layers, when some rule means it. */
static void add_rest(struct builder *b)
{
	struct both rest = both_minus(b->arena, b->space->vpc,
				      ir_space_layers(b->arena, b->ir, b->space));

	for (uint32_t i = 0; i < b->space->flow_count; i++) {
		const struct ir_flow *f =
			&b->ir->flows[b->space->first_flow + i];

		if (!ranges_touch(f->src, rest.of[f->family]) &&
		    !ranges_touch(f->dst, rest.of[f->family]))
			continue;
		add_node(b, NODE_REST, "rest of the VPC",
			 "addresses of no layer", rest);
		return;
	}
}

static const char *via_text(enum ir_via via)
{
	switch (via) {
	case VIA_VPN:	   return "over IPsec";
	case VIA_NAT:	   return "on the internet, by NAT";
	case VIA_PEERING:  return "by peering";
	case VIA_ENDPOINT: return "by an endpoint";
	case VIA_NONE:	   break;
	}
	return "on the internet";
}

static void add_nodes(struct builder *b)
{
	struct both internet = b->space->internet;

	for (size_t i = 0; i < b->ir->network_count; i++)
		internet = both_minus(b->arena, internet,
				      b->space->networks[i]);
	add_node(b, NODE_INTERNET, "internet", "any public address", internet);
	for (size_t i = 0; i < b->ir->network_count; i++)
		add_node(b, NODE_NETWORK, b->ir->networks[i].name,
			 via_text(b->ir->networks[i].via),
			 b->space->networks[i]);
	add_peers(b);
	add_layers(b);
	add_rest(b);
}

/* --- cells --- */

/* How a line of a cell comes about, best first. */
enum grade { WHOLE, IN_PART, EXCEPTION, EXCEPTION_IN_PART, GRADES };

/* The services between two nodes by grade; a better grade takes them over. */
struct services {
	struct both of[GRADES];
};

/* What was found between two nodes so far. */
struct pair {
	uint32_t from, to;
	struct services services;
	uint32_t until;		/* the last day of its exceptions; 0: none */
};

static struct pair *pair_of(struct builder *b, uint32_t from, uint32_t to)
{
	uint32_t *key = arena_array(b->arena, 2, sizeof *key);
	struct pair **pair;

	key[0] = from;
	key[1] = to;
	pair = (struct pair **)table_at(&b->pairs, key, 2 * sizeof *key);
	if (!*pair) {
		*pair = arena_alloc(b->arena, sizeof **pair);
		(*pair)->from = from;
		(*pair)->to = to;
		*LIST_PUSH(b->arena, &b->found) = *pair;
	}
	return *pair;
}

static void add_flow(struct builder *b, struct pair *pair,
		     const struct ir_flow *f)
{
	const struct ir_rule *rule = &b->ir->rules[f->rule];
	const struct node *from = &b->nodes.at[pair->from];
	const struct node *to = &b->nodes.at[pair->to];
	bool exception = rule->waives.value || rule->expires.value;
	bool whole = ranges_include(f->src, from->set.of[f->family]) &&
		     ranges_include(f->dst, to->set.of[f->family]);
	enum grade grade = exception ? (whole ? EXCEPTION : EXCEPTION_IN_PART)
				     : (whole ? WHOLE : IN_PART);
	struct ranges *into = &pair->services.of[grade].of[f->family];

	*into = ranges_union(b->arena, *into, f->svc);
	if (rule->expires.value && rule->expires_day > pair->until)
		pair->until = rule->expires_day;
}

/* Each flow between each two nodes it touches: no look at the other pairs. */
static void add_flows(struct builder *b)
{
	size_t n = b->nodes.count;
	uint32_t *to = arena_array(b->arena, n, sizeof *to);

	for (uint32_t i = 0; i < b->space->flow_count; i++) {
		const struct ir_flow *f =
			&b->ir->flows[b->space->first_flow + i];
		size_t count = 0;

		for (uint32_t k = 0; k < n; k++)
			if (ranges_touch(f->dst,
					 b->nodes.at[k].set.of[f->family]))
				to[count++] = k;
		for (uint32_t from = 0; from < n && count; from++) {
			if (!ranges_touch(f->src,
					  b->nodes.at[from].set.of[f->family]))
				continue;
			for (size_t k = 0; k < count; k++)
				add_flow(b, pair_of(b, from, to[k]), f);
		}
	}
}

struct item {
	const char *text;
	unsigned families;	/* bit by family */
};

typedef LIST(struct item) items;

/* "tcp/443" is said as "443": most of a matrix is tcp. */
static void add_item(struct builder *b, items *out, const char *text,
		     size_t len, enum family family)
{
	const char *plain;

	if (len > 4 && memcmp(text, "tcp/", 4) == 0) {
		text += 4;
		len -= 4;
	}
	plain = arena_copy(b->arena, text, len);
	for (size_t i = 0; i < out->count; i++)
		if (strcmp(out->at[i].text, plain) == 0) {
			out->at[i].families |= 1U << family;
			return;
		}
	*LIST_PUSH(b->arena, out) = (struct item){ plain, 1U << family };
}

static void add_items(struct builder *b, items *out, struct both set)
{
	for (int f = IPV4; f < FAMILIES; f++) {
		const char *text;

		if (ranges_empty(set.of[f]))
			continue;
		text = service_set_text(b->arena, (enum family)f, set.of[f]);
		while (*text) {
			size_t len = strcspn(text, ",");

			add_item(b, out, text, len, (enum family)f);
			text += len;
			text += strspn(text, ", ");
		}
	}
}

/* Do both nodes have addresses of both families? */
static bool is_dual(const struct node *a, const struct node *b)
{
	for (int f = IPV4; f < FAMILIES; f++)
		if (ranges_empty(a->set.of[f]) || ranges_empty(b->set.of[f]))
			return false;
	return true;
}

/* icmp is of IPv4 alone and icmp6 of IPv6: that needs no saying. */
static const char *item_text(struct builder *b, const struct item *item,
			     bool dual)
{
	if (!dual || item->families == 3 ||
	    strncmp(item->text, "icmp", 4) == 0)
		return item->text;
	return arena_printf(b->arena, "%s (%s)", item->text,
			    item->families == 1 ? "IPv4" : "IPv6");
}

typedef LIST(struct service_line) lines;

static void add_lines(struct builder *b, lines *out, struct both set,
		      enum grade grade, bool dual, const char *until)
{
	items found = { 0 };

	add_items(b, &found, set);
	for (size_t i = 0; i < found.count; i++)
		*LIST_PUSH(b->arena, out) = (struct service_line){
			item_text(b, &found.at[i], dual),
			grade == IN_PART || grade == EXCEPTION_IN_PART,
			grade >= EXCEPTION, grade >= EXCEPTION ? until : NULL };
}

/* Do NODE's ends and all services lie in boxes of INV that hold? */
static bool forbids(const struct ir_invariant *inv, uint32_t space,
		    const struct node *from,
		    const struct node *to, struct both every)
{
	bool any = false;

	for (int f = IPV4; f < FAMILIES; f++) {
		bool covered = false;

		if (ranges_empty(from->set.of[f]) || ranges_empty(to->set.of[f]))
			continue;
		for (size_t i = 0; i < inv->box_count && !covered; i++) {
			const struct ir_claim_box *box = &inv->boxes[i];

			covered = box->space == space && (int)box->family == f &&
				  ranges_include(box->src, from->set.of[f]) &&
				  ranges_include(box->dst, to->set.of[f]) &&
				  ranges_include(box->svc, every.of[f]);
		}
		if (!covered)
			return false;
		any = true;
	}
	return any;
}

static const char *forbidden_by(const struct builder *b, uint32_t space,
				const struct node *from, const struct node *to,
				struct both every)
{
	for (size_t i = 0; i < b->ir->invariant_count; i++) {
		const struct ir_invariant *inv = &b->ir->invariants[i];

		if (inv->kind == CLAIM_MUST || inv->exception_count ||
		    inv->avoiding_count ||
		    b->verdicts[i].kind != VERDICT_HOLDS)
			continue;
		if (forbids(inv, space, from, to, every))
			return inv->name;
	}
	return NULL;
}

/* The last day of the exceptions between two nodes: the latest of them. */
static const char *until_text(struct builder *b, uint32_t until)
{
	char day[DATE_TEXT];

	return until ? arena_printf(b->arena, "%s", date_text(until, day))
		     : NULL;
}

static struct cell cell_of(struct builder *b, const struct pair *pair)
{
	bool dual = is_dual(&b->nodes.at[pair->from], &b->nodes.at[pair->to]);
	struct both seen = { 0 }, whole = { 0 };
	lines all = { 0 };

	for (int grade = WHOLE; grade < GRADES; grade++) {
		struct both set = pair->services.of[grade];

		if (grade == WHOLE || grade == EXCEPTION)
			whole = both_union(b->arena, whole, set);

		add_lines(b, &all, both_minus(b->arena, set, seen),
			  (enum grade)grade, dual, until_text(b, pair->until));
		seen = both_union(b->arena, seen, set);
	}
	return (struct cell){ .from = pair->from, .to = pair->to,
			      .lines = all.at, .line_count = all.count,
			      .whole = whole, .some = seen };
}

/* Pairs that nothing may pass and an invariant says so. */
static void add_forbidden(struct builder *b, uint32_t space)
{
	struct both every = service_all(b->arena);
	uint32_t n = (uint32_t)b->nodes.count;

	for (uint32_t i = 0; i < n && n <= MATRIX_MOST; i++)
		for (uint32_t k = 0; k < n; k++) {
			uint32_t key[2] = { i, k };
			const char *name;

			if (table_get(&b->pairs, key, sizeof key))
				continue;
			name = forbidden_by(b, space, &b->nodes.at[i],
					    &b->nodes.at[k], every);
			if (name)
				*LIST_PUSH(b->arena, &b->cells) =
					(struct cell){ .from = i, .to = k,
						       .forbidden_by = name };
		}
}

static int by_ends(const void *x, const void *y)
{
	const struct cell *a = x, *b = y;

	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	return (a->to > b->to) - (a->to < b->to);
}

const struct cell *segment_cell(const struct segment *s, size_t from, size_t to)
{
	struct cell key = { .from = (uint32_t)from, .to = (uint32_t)to };

	return s->cell_count ? bsearch(&key, s->cells, s->cell_count,
				       sizeof *s->cells, by_ends) : NULL;
}

/* --- steps from the internet --- */

/*
 * Nearest first, over layers and networks: what is public is where one starts,
 * never a stepping stone.
 */
static const struct step *steps_of(struct builder *b)
{
	size_t n = b->nodes.count, first = 0, last = 0;
	struct step *steps = arena_array(b->arena, n, sizeof *steps);
	uint32_t *queue = arena_array(b->arena, n, sizeof *queue);
	size_t *row = arena_array(b->arena, n + 1, sizeof *row);

	for (size_t i = 0; i < b->cells.count; i++)
		row[b->cells.at[i].from + 1] = i + 1;
	for (size_t i = 1; i <= n; i++)
		row[i] = row[i] > row[i - 1] ? row[i] : row[i - 1];
	for (size_t i = 0; i < n; i++) {
		steps[i].hops = b->nodes.at[i].public ? 0 : UINT32_MAX;
		if (b->nodes.at[i].public)
			queue[last++] = (uint32_t)i;
	}
	while (first < last) {
		uint32_t at = queue[first++];

		for (size_t i = row[at]; i < row[at + 1]; i++) {
			const struct cell *c = &b->cells.at[i];

			if (!c->line_count || steps[c->to].hops != UINT32_MAX)
				continue;
			steps[c->to] = (struct step){ steps[at].hops + 1, at };
			queue[last++] = c->to;
		}
	}
	return steps;
}

/* --- segments --- */

static struct segment picture(struct builder *b, uint32_t space)
{
	b->space = &b->ir->spaces[space];
	b->pairs = TABLE_IN(b->arena);
	add_nodes(b);
	add_flows(b);
	for (size_t i = 0; i < b->found.count; i++)
		*LIST_PUSH(b->arena, &b->cells) = cell_of(b, b->found.at[i]);
	add_forbidden(b, space);
	if (b->cells.count)
		qsort(b->cells.at, b->cells.count, sizeof *b->cells.at,
		      by_ends);
	return (struct segment){ .nodes = b->nodes.at,
				 .node_count = b->nodes.count,
				 .cells = b->cells.at,
				 .cell_count = b->cells.count,
				 .steps = steps_of(b) };
}

/* What two environments of one segment have in common, as a key. */
static const char *fingerprint(struct arena *arena, const struct segment *s)
{
	struct text out = TEXT_IN(arena);

	for (size_t i = 0; i < s->node_count; i++)
		text_printf(&out, "%d %s\n", s->nodes[i].kind, s->nodes[i].name);
	for (size_t i = 0; i < s->cell_count; i++) {
		const struct cell *c = &s->cells[i];

		text_printf(&out, "%u %u ", c->from, c->to);
		for (size_t k = 0; k < c->line_count; k++)
			text_printf(&out, "%s %d %d %s;", c->lines[k].text,
				    c->lines[k].in_part,
				    c->lines[k].exceptional,
				    c->lines[k].until ? c->lines[k].until : "");
		text_printf(&out, "%s\n", c->forbidden_by ? c->forbidden_by : "");
	}
	return text_string(&out);
}

struct gathered {
	struct segment segment;
	LIST(uint32_t) spaces;
	uint32_t first;
};

static int largest_first(const void *x, const void *y)
{
	const struct gathered *a = *(struct gathered *const *)x;
	const struct gathered *b = *(struct gathered *const *)y;

	if (a->spaces.count != b->spaces.count)
		return a->spaces.count > b->spaces.count ? -1 : 1;
	return (a->first > b->first) - (a->first < b->first);
}

void segments_gather(struct arena *arena, const struct verdict *verdicts,
		     struct evidence *e)
{
	struct table known = TABLE_IN(arena);
	LIST(struct gathered *) all = { 0 };
	struct segment *segments;

	for (uint32_t i = 0; i < e->ir->space_count; i++) {
		struct arena *scratch = arena_child(arena);
		struct builder b = { .arena = scratch, .ir = e->ir,
				     .verdicts = verdicts };
		struct segment s = picture(&b, i);
		struct gathered **g = (struct gathered **)
			table_at_name(&known, fingerprint(scratch, &s));
		bool is_new = !*g;

		if (is_new) {
			*g = arena_alloc(arena, sizeof **g);
			(*g)->segment = s;
			(*g)->first = i;
			*LIST_PUSH(arena, &all) = *g;
		}
		*LIST_PUSH(arena, &(*g)->spaces) = i;
		if (!is_new)
			arena_free(scratch);
	}
	if (all.count)
		qsort(all.at, all.count, sizeof *all.at, largest_first);
	segments = arena_array(arena, all.count, sizeof *segments);
	for (size_t i = 0; i < all.count; i++) {
		segments[i] = all.at[i]->segment;
		segments[i].spaces = all.at[i]->spaces.at;
		segments[i].space_count = all.at[i]->spaces.count;
	}
	e->segments = segments;
	e->segment_count = all.count;
}
