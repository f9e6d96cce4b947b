/*
 * Sets of classes, each kept once, so that equal sets have equal numbers.
 *
 * A row is a tree: a block is 1,024 classes as bits, a node has up to sixteen
 * rows below it, and neither keeps what is empty.  Rows share what they have in
 * common.  Each operation remembers pairs that it met, as far as there is
 * room: it may forget, it never errs.
 */
#ifndef FIREBREAK_COMPILER_ROWS_H
#define FIREBREAK_COMPILER_ROWS_H

#include "compiler/classes.h"

enum { NO_ROW = 0 };	/* the row of nothing */

enum row_op { ROW_UNION, ROW_MEET, ROW_MINUS, ROW_CHANGE };

struct row_memo;

struct rows {
	struct arena *arena;
	unsigned levels;	/* of nodes above the blocks */
	uint32_t *chunks[25];	/* of words; a row's number is the place of its first */
	uint32_t next;
	uint64_t *slots;	/* hash << 32 | row, or 0 */
	size_t count, cap;
	struct row_memo *memo;
	size_t memo_cap;
};

/* An empty store, in ARENA, for rows of COUNT classes. */
struct rows rows_in(struct arena *arena, uint32_t count);

/* The row of RUNS, which ascend and lie apart. */
uint32_t rows_of(struct rows *rows, struct runs runs);

/* Set the bits of the classes of ROW; BITS has room for all classes. */
void rows_mark(const struct rows *rows, uint32_t row, uint64_t *bits);

/* The row of the classes below 64 * WORDS whose bits are set. */
uint32_t rows_of_bits(struct rows *rows, const uint64_t *bits, size_t words);

/* ROW_CHANGE is what is in one of them only. */
uint32_t rows_combine(struct rows *rows, enum row_op op, uint32_t a,
		      uint32_t b);

bool rows_have(const struct rows *rows, uint32_t row, uint32_t class);

/* The least class of ROW that is at least FROM, or NO_CLASS. */
uint32_t rows_next(const struct rows *rows, uint32_t row, uint32_t from);

#endif
