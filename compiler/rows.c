/*
 * A row's number is the place of its first word in a store of words.  The
 * first word is a mask of what is below and says how high the row is; for a
 * block, the lowest, two words follow for each 64 classes that are not empty;
 * for a node, the number of each row below it.
 */
#include "compiler/rows.h"

#include <string.h>

enum { LEAF_BITS = 6, FAN_BITS = 4, FAN = 1 << FAN_BITS,
       BLOCK_BITS = LEAF_BITS + FAN_BITS, WORDS_MOST = 1 + 2 * FAN,
       MASK = (1 << FAN) - 1, LEVEL_SHIFT = 16, FIRST_CHUNK_BITS = 7 };

struct row_memo {
	uint32_t a, b, op, row;
};

struct rows rows_in(struct arena *arena, uint32_t count)
{
	struct rows rows = { .arena = arena, .next = 1 };

	while (((uint64_t)1 << (BLOCK_BITS + FAN_BITS * rows.levels)) < count)
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
		arena_refuse_at(rows->arena,
				&(struct arena_worst){ .kind = WORST_ANYWHERE },
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
	uint64_t h = *words, pair;

	for (unsigned i = 1; i + 1 < count; i += 2) {
		memcpy(&pair, &words[i], sizeof pair);
		h = (h ^ pair) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 32;
	}
	if (count % 2 == 0) {
		h = (h ^ words[count - 1]) * UINT64_C(0x9e3779b97f4a7c15);
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

/* A row while it is made. */
struct making {
	uint32_t words[WORDS_MOST];
	unsigned count;		/* of words behind the first */
};

static void put_bits(struct making *m, unsigned place, uint64_t bits)
{
	if (!bits)
		return;
	m->words[0] |= 1u << place;
	m->words[++m->count] = (uint32_t)bits;
	m->words[++m->count] = (uint32_t)(bits >> 32);
}

static void put_row(struct making *m, unsigned place, uint32_t below)
{
	if (below == NO_ROW)
		return;
	m->words[0] |= 1u << place;
	m->words[++m->count] = below;
}

static uint32_t keep_made(struct rows *rows, struct making *m, unsigned level)
{
	if (!m->count)
		return NO_ROW;
	m->words[0] |= level << LEVEL_SHIFT;
	return keep(rows, m->words, m->count + 1);
}

static uint64_t bits_at(const uint32_t *words)
{
	return (uint64_t)words[1] << 32 | words[0];
}

/* --- from runs --- */

/* Bits of what one row below a node of LEVEL covers. */
static unsigned shift_of(unsigned level)
{
	return BLOCK_BITS + FAN_BITS * (level - 1);
}

/* The bits LO to HI. */
static uint64_t bits_between(unsigned lo, unsigned hi)
{
	return ~UINT64_C(0) >> (63 - hi + lo) << lo;
}

/* What of RUNS is in the 64 classes from FIRST on; moves RUNS on. */
static uint64_t leaf_of(uint64_t first, struct runs *runs)
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
	return bits;
}

static uint32_t block_of(struct rows *rows, uint64_t first, struct runs *runs)
{
	struct making m = { 0 };

	for (unsigned i = 0; i < FAN && runs->count; i++)
		put_bits(&m, i, leaf_of(first + (uint64_t)i * 64, runs));
	return keep_made(rows, &m, 0);
}

/* The row of what of RUNS is at FIRST and above; moves RUNS on. */
static uint32_t row_of(struct rows *rows, unsigned level, uint64_t first,
		       struct runs *runs)
{
	struct making m = { 0 };
	uint32_t whole = NO_ROW;

	if (level == 0)
		return block_of(rows, first, runs);
	for (unsigned i = 0; i < FAN && runs->count; i++) {
		uint64_t lo = first + ((uint64_t)i << shift_of(level));
		uint64_t hi = lo + ((uint64_t)1 << shift_of(level)) - 1;
		bool all = runs->at->lo <= lo && runs->at->hi >= hi;

		if (runs->at->lo > hi)
			continue;
		/* a run that goes on and on is built once a level */
		if (!all || whole == NO_ROW)
			put_row(&m, i, row_of(rows, level - 1, lo, runs));
		else
			put_row(&m, i, whole);
		if (all)
			whole = m.words[m.count];
		if (all && runs->count && runs->at->hi == hi) {
			runs->at++;
			runs->count--;
		}
	}
	return keep_made(rows, &m, level);
}

uint32_t rows_of(struct rows *rows, struct runs runs)
{
	return row_of(rows, rows->levels, 0, &runs);
}

/* --- by way of bits --- */

static void mark(const struct rows *rows, uint32_t row, unsigned level,
		 uint64_t *bits)
{
	const uint32_t *words = words_at(rows, row);
	uint32_t mask = *words++ & MASK;

	for (; mask; mask &= mask - 1) {
		size_t place = (size_t)__builtin_ctz(mask);

		if (level) {
			mark(rows, *words++, level - 1, bits +
			     (place << (shift_of(level) - LEAF_BITS)));
		} else {
			bits[place] |= bits_at(words);
			words += 2;
		}
	}
}

void rows_mark(const struct rows *rows, uint32_t row, uint64_t *bits)
{
	if (row != NO_ROW)
		mark(rows, row, rows->levels, bits);
}

static uint32_t row_of_bits(struct rows *rows, unsigned level,
			    const uint64_t *bits, size_t words)
{
	struct making m = { 0 };
	size_t step = level ? (size_t)1 << (shift_of(level) - LEAF_BITS) : 1;

	for (unsigned i = 0; i < FAN && i * step < words; i++) {
		if (level)
			put_row(&m, i, row_of_bits(rows, level - 1,
						   bits + i * step,
						   words - i * step));
		else
			put_bits(&m, i, bits[i]);
	}
	return keep_made(rows, &m, level);
}

uint32_t rows_of_bits(struct rows *rows, const uint64_t *bits, size_t words)
{
	return row_of_bits(rows, rows->levels, bits, words);
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

/* The places that may be in the result. */
static uint32_t places(enum row_op op, uint32_t x, uint32_t y)
{
	return MASK & (op == ROW_MEET ? x & y : op == ROW_MINUS ? x : x | y);
}

static void combine_blocks(enum row_op op, const uint32_t *x,
			   const uint32_t *y, struct making *m)
{
	uint32_t in_x = *x++, in_y = *y++, both = MASK & (in_x | in_y);

	for (; both; both &= both - 1) {
		uint32_t bit = both & -both;
		uint64_t p = 0, q = 0;

		if (in_x & bit) {
			p = bits_at(x);
			x += 2;
		}
		if (in_y & bit) {
			q = bits_at(y);
			y += 2;
		}
		put_bits(m, (unsigned)__builtin_ctz(bit),
			 combine_bits(op, p, q));
	}
}

static uint32_t combine(struct rows *rows, enum row_op op, unsigned level,
			uint32_t a, uint32_t b);

static void combine_nodes(struct rows *rows, enum row_op op, unsigned level,
			  const uint32_t *x, const uint32_t *y,
			  struct making *m)
{
	uint32_t in_x = *x++, in_y = *y++, may = places(op, in_x, in_y);
	uint32_t both = MASK & (in_x | in_y);

	for (; both; both &= both - 1) {
		uint32_t bit = both & -both;
		uint32_t p = in_x & bit ? *x++ : NO_ROW;
		uint32_t q = in_y & bit ? *y++ : NO_ROW;

		if (may & bit)
			put_row(m, (unsigned)__builtin_ctz(bit),
				combine(rows, op, level - 1, p, q));
	}
}

/* Is what was made the row of these words?  Then it need not be looked up. */
static bool is_made(const struct making *m, unsigned level,
		    const uint32_t *words)
{
	return *words == (m->words[0] | level << LEVEL_SHIFT) &&
	       memcmp(words + 1, m->words + 1,
		      m->count * sizeof *words) == 0;
}

/* At most two rows below. */
static bool is_little(uint32_t mask)
{
	mask &= MASK;
	mask &= mask - 1;
	return (mask & (mask - 1)) == 0;
}

static uint32_t combine(struct rows *rows, enum row_op op, unsigned level,
			uint32_t a, uint32_t b)
{
	const uint32_t *x, *y;
	struct making m;
	struct row_memo *memo;
	uint32_t row;

	if (is_trivial(op, a, b, &row))
		return row;
	x = words_at(rows, a);
	y = words_at(rows, b);
	if (!(*x & *y & MASK) && op == ROW_MEET)
		return NO_ROW;
	if (!(*x & *y & MASK) && op == ROW_MINUS)
		return a;
	m.count = 0;
	m.words[0] = 0;
	/* a block is made as soon as it is looked up */
	if (level == 0) {
		combine_blocks(op, x, y, &m);
		return is_made(&m, 0, x) ? a : is_made(&m, 0, y) ? b
			: keep_made(rows, &m, 0);
	}
	if (op != ROW_MINUS && a > b) {
		row = a;
		a = b;
		b = row;
		x = words_at(rows, a);
		y = words_at(rows, b);
	}
	/* so little is made as fast as looked up, and leaves the memo to others */
	if (level == 1 && is_little(places(op, *x, *y))) {
		combine_nodes(rows, op, level, x, y, &m);
		return is_made(&m, 1, x) ? a : is_made(&m, 1, y) ? b
			: keep_made(rows, &m, 1);
	}
	memo = memo_of(rows, op, a, b);
	if (memo->a == a && memo->b == b && memo->op == (uint32_t)op)
		return memo->row;
	combine_nodes(rows, op, level, x, y, &m);
	row = keep_made(rows, &m, level);
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

static uint32_t next_in_block(const uint32_t *words, uint64_t first,
			      uint64_t from)
{
	uint32_t mask = *words++ & MASK;

	for (; mask; mask &= mask - 1, words += 2) {
		uint64_t lo = first + 64 * (uint64_t)__builtin_ctz(mask);
		uint64_t bits = bits_at(words);

		if (from >= lo + 64)
			continue;
		if (from > lo)
			bits &= ~UINT64_C(0) << (from - lo);
		if (bits)
			return (uint32_t)(lo + (unsigned)__builtin_ctzll(bits));
	}
	return NO_CLASS;
}

static uint32_t next_in(const struct rows *rows, uint32_t row, unsigned level,
			uint64_t first, uint64_t from)
{
	const uint32_t *words = words_at(rows, row);
	uint32_t mask = *words++ & MASK;

	if (level == 0)
		return next_in_block(words - 1, first, from);
	for (; mask; mask &= mask - 1, words++) {
		uint64_t lo = first + ((uint64_t)__builtin_ctz(mask)
				       << shift_of(level));
		uint32_t found;

		if (from >= lo + ((uint64_t)1 << shift_of(level)))
			continue;
		found = next_in(rows, *words, level - 1, lo, from);
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
