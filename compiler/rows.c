/*
 * A row's number is the place of its first word in a store of words: for a
 * leaf its 64 bits in two words, for a node the mask of what is below it and
 * then the number of each.  The first word says which and how high.
 */
#include "compiler/rows.h"

#include <string.h>

enum { LEAF_BITS = 6, FAN_BITS = 4, FAN = 1 << FAN_BITS,
       NODE_WORDS = 1 + FAN, LEAF_WORDS = 3, LEVEL_SHIFT = 16,
       FIRST_CHUNK_BITS = 7 };

struct row_memo {
	uint32_t a, b, op, row;
};

struct rows rows_in(struct arena *arena, uint32_t count)
{
	struct rows rows = { .arena = arena, .next = 1 };

	while (((uint64_t)1 << (LEAF_BITS + FAN_BITS * rows.levels)) < count)
		rows.levels++;
	return rows;
}

/* --- the store: chunks that double, so that nothing ever moves --- */

static uint32_t *words_at(const struct rows *rows, uint32_t row)
{
	unsigned k = 31 - (unsigned)__builtin_clz((row >> FIRST_CHUNK_BITS) + 1);
	uint32_t first = ((1u << k) - 1) << FIRST_CHUNK_BITS;

	return &rows->chunks[k][row - first];
}

/* Room for COUNT words in one chunk. */
static uint32_t make_room(struct rows *rows, unsigned count)
{
	uint32_t at = rows->next;
	unsigned k = 31 - (unsigned)__builtin_clz((at >> FIRST_CHUNK_BITS) + 1);
	uint32_t end = ((2u << k) - 1) << FIRST_CHUNK_BITS;

	if (end - at < count) {
		at = end;
		k++;
	}
	if (k >= sizeof rows->chunks / sizeof *rows->chunks)
		arena_refuse(rows->arena,
			     "more than %u million distinct rows of destinations",
			     (unsigned)(rows->count / 1000000));
	if (!rows->chunks[k])
		rows->chunks[k] = arena_array(rows->arena,
					      (size_t)1 << (k + FIRST_CHUNK_BITS),
					      sizeof **rows->chunks);
	rows->next = at + count;
	return at;
}

static uint32_t hash_words(const uint32_t *words, unsigned count)
{
	uint64_t h = count;

	for (unsigned i = 0; i < count; i++) {
		h = (h ^ words[i]) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 32;
	}
	return (uint32_t)h;
}

static void enlarge(struct rows *rows)
{
	const uint64_t *old = rows->slots;
	size_t cap = rows->cap;

	rows->cap = cap ? cap * 2 : 32;
	rows->slots = arena_array(rows->arena, rows->cap, sizeof *rows->slots);
	for (size_t i = 0; i < cap; i++) {
		size_t at = (old[i] >> 32) & (rows->cap - 1);

		if (!old[i])
			continue;
		while (rows->slots[at])
			at = (at + 1) & (rows->cap - 1);
		rows->slots[at] = old[i];
	}
}

/* The row that these words are. */
static uint32_t keep(struct rows *rows, const uint32_t *words, unsigned count)
{
	uint32_t hash = hash_words(words, count), row;
	size_t at;

	if (3 * (rows->count + 1) > 2 * rows->cap)
		enlarge(rows);
	at = hash & (rows->cap - 1);
	for (; rows->slots[at]; at = (at + 1) & (rows->cap - 1)) {
		row = (uint32_t)rows->slots[at];
		/* the first word says how many there are */
		if (rows->slots[at] >> 32 == hash &&
		    *words_at(rows, row) == *words &&
		    memcmp(words_at(rows, row), words,
			   count * sizeof *words) == 0)
			return row;
	}
	row = make_room(rows, count);
	memcpy(words_at(rows, row), words, count * sizeof *words);
	rows->slots[at] = (uint64_t)hash << 32 | row;
	rows->count++;
	return row;
}

static uint32_t keep_leaf(struct rows *rows, uint64_t bits)
{
	const uint32_t words[LEAF_WORDS] = { 0, (uint32_t)bits,
					     (uint32_t)(bits >> 32) };

	return bits ? keep(rows, words, LEAF_WORDS) : NO_ROW;
}

static uint64_t leaf_bits(const struct rows *rows, uint32_t row)
{
	const uint32_t *words;

	if (row == NO_ROW)
		return 0;
	words = words_at(rows, row);
	return (uint64_t)words[2] << 32 | words[1];
}

/* A node while it is made. */
struct node {
	uint32_t words[NODE_WORDS];
	unsigned count;
};

static void put(struct node *n, unsigned place, uint32_t below)
{
	if (below == NO_ROW)
		return;
	n->words[0] |= 1u << place;
	n->words[++n->count] = below;
}

static uint32_t keep_node(struct rows *rows, struct node *n, unsigned level)
{
	if (!n->count)
		return NO_ROW;
	n->words[0] |= level << LEVEL_SHIFT;
	return keep(rows, n->words, n->count + 1);
}

/* --- from runs --- */

static unsigned shift_of(unsigned level)
{
	return LEAF_BITS + FAN_BITS * (level - 1);
}

/* The bits LO to HI. */
static uint64_t bits_between(unsigned lo, unsigned hi)
{
	return ~UINT64_C(0) >> (63 - hi + lo) << lo;
}

static uint32_t leaf_of(struct rows *rows, uint64_t first, struct runs *runs)
{
	uint64_t bits = 0, last = first + 63;

	while (runs->count && runs->at->lo <= last) {
		uint64_t lo = runs->at->lo > first ? runs->at->lo : first;
		uint64_t hi = runs->at->hi < last ? runs->at->hi : last;

		bits |= bits_between((unsigned)(lo - first),
				     (unsigned)(hi - first));
		if (runs->at->hi > last)
			break;
		runs->at++;
		runs->count--;
	}
	return keep_leaf(rows, bits);
}

/* The row of what of RUNS is at FIRST and above; moves RUNS on. */
static uint32_t row_of(struct rows *rows, unsigned level, uint64_t first,
		       struct runs *runs)
{
	struct node n = { .count = 0 };
	uint32_t whole = NO_ROW;

	if (level == 0)
		return leaf_of(rows, first, runs);
	n.words[0] = 0;
	for (unsigned i = 0; i < FAN && runs->count; i++) {
		uint64_t lo = first + ((uint64_t)i << shift_of(level));
		uint64_t hi = lo + ((uint64_t)1 << shift_of(level)) - 1;
		bool all = runs->at->lo <= lo && runs->at->hi >= hi;

		if (runs->at->lo > hi)
			continue;
		/* a run that goes on and on is built once a level */
		if (!all || whole == NO_ROW)
			put(&n, i, row_of(rows, level - 1, lo, runs));
		else
			put(&n, i, whole);
		if (all)
			whole = n.words[n.count];
		if (all && runs->count && runs->at->hi == hi) {
			runs->at++;
			runs->count--;
		}
	}
	return keep_node(rows, &n, level);
}

uint32_t rows_of(struct rows *rows, struct runs runs)
{
	return row_of(rows, rows->levels, 0, &runs);
}

/* --- the algebra --- */

static bool is_trivial(enum row_op op, uint32_t a, uint32_t b, uint32_t *out)
{
	if (a == b)
		*out = op == ROW_UNION || op == ROW_MEET ? a : NO_ROW;
	else if (a == NO_ROW)
		*out = op == ROW_UNION || op == ROW_CHANGE ? b : NO_ROW;
	else if (b == NO_ROW)
		*out = op == ROW_MEET ? NO_ROW : a;
	else
		return false;
	return true;
}

static uint64_t combine_bits(enum row_op op, uint64_t a, uint64_t b)
{
	switch (op) {
	case ROW_UNION:  return a | b;
	case ROW_MEET:   return a & b;
	case ROW_MINUS:  return a & ~b;
	case ROW_CHANGE: return a ^ b;
	}
	return 0;
}

enum { MEMO_FIRST = 256, MEMO_MOST = 1 << 20 };

static struct row_memo *memo_of(struct rows *rows, enum row_op op, uint32_t a,
				uint32_t b)
{
	uint64_t h = (((uint64_t)a << 32 | b) ^ (uint64_t)op << 30) *
		     UINT64_C(0x9e3779b97f4a7c15);

	if (!rows->memo_cap ||
	    (rows->count > rows->memo_cap && rows->memo_cap < MEMO_MOST)) {
		rows->memo_cap = rows->memo_cap ? rows->memo_cap * 4
						: MEMO_FIRST;
		rows->memo = arena_array(rows->arena, rows->memo_cap,
					 sizeof *rows->memo);
	}
	return &rows->memo[(h ^ h >> 31) & (rows->memo_cap - 1)];
}

static uint32_t combine(struct rows *rows, enum row_op op, unsigned level,
			uint32_t a, uint32_t b)
{
	const uint32_t *x, *y;
	struct node n = { .count = 0 };
	struct row_memo *memo;
	uint32_t row, masks;

	if (is_trivial(op, a, b, &row))
		return row;
	if (level == 0)
		return keep_leaf(rows, combine_bits(op, leaf_bits(rows, a),
						    leaf_bits(rows, b)));
	if (op != ROW_MINUS && a > b) {
		row = a;
		a = b;
		b = row;
	}
	memo = memo_of(rows, op, a, b);
	if (memo->a == a && memo->b == b && memo->op == (uint32_t)op)
		return memo->row;
	x = words_at(rows, a);
	y = words_at(rows, b);
	n.words[0] = 0;
	masks = (op == ROW_MEET ? *x & *y : op == ROW_MINUS ? *x : *x | *y) &
		((1u << FAN) - 1);
	for (; masks; masks &= masks - 1) {
		uint32_t bit = masks & -masks, before = bit - 1;
		uint32_t p = *x & bit
			? x[1 + __builtin_popcount(*x & before)] : NO_ROW;
		uint32_t q = *y & bit
			? y[1 + __builtin_popcount(*y & before)] : NO_ROW;

		put(&n, (unsigned)__builtin_ctz(bit),
		    combine(rows, op, level - 1, p, q));
	}
	row = keep_node(rows, &n, level);
	/* below, the memo may have moved */
	*memo_of(rows, op, a, b) = (struct row_memo){ a, b, op, row };
	return row;
}

uint32_t rows_combine(struct rows *rows, enum row_op op, uint32_t a,
		      uint32_t b)
{
	return combine(rows, op, rows->levels, a, b);
}

/* --- looking --- */

static uint32_t next_in(const struct rows *rows, uint32_t row, unsigned level,
			uint64_t first, uint64_t from)
{
	const uint32_t *words = words_at(rows, row);

	if (level == 0) {
		uint64_t bits = leaf_bits(rows, row);

		if (from > first)
			bits &= ~UINT64_C(0) << (from - first);
		return bits ? (uint32_t)(first +
					 (unsigned)__builtin_ctzll(bits))
			    : NO_CLASS;
	}
	for (unsigned i = 0, k = 0; i < FAN; i++) {
		uint64_t lo = first + ((uint64_t)i << shift_of(level));
		uint32_t found;

		if (!(*words >> i & 1))
			continue;
		k++;
		if (from >= lo + ((uint64_t)1 << shift_of(level)))
			continue;
		found = next_in(rows, words[k], level - 1, lo, from);
		if (found != NO_CLASS)
			return found;
	}
	return NO_CLASS;
}

uint32_t rows_next(const struct rows *rows, uint32_t row, uint32_t from)
{
	if (row == NO_ROW || (uint64_t)from >> shift_of(rows->levels + 1))
		return NO_CLASS;
	return next_in(rows, row, rows->levels, 0, from);
}

bool rows_have(const struct rows *rows, uint32_t row, uint32_t class)
{
	return rows_next(rows, row, class) == class;
}
