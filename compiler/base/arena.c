/*
 * A chain of blocks, filled from the front.  Blocks double up to two megabytes,
 * so that a small compilation stays small and a large one asks rarely.  Large
 * blocks are mapped, not malloc'd: they come zeroed, in huge pages where the
 * kernel has them, and do not stir up the heap.
 */
#define _GNU_SOURCE
#include "compiler/base/arena.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { FIRST_BLOCK = 16 << 10, ALIGN = 16, HEADER = 32,
       MAPPED = 2 << 20, LARGEST_BLOCK = MAPPED - HEADER };

struct block {
	struct block *next;
	size_t size;
	bool fresh;		/* never used: zero as the system gave it */
	_Alignas(ALIGN) unsigned char bytes[];
};

struct arena {
	struct arena *root, *parent, *child, *sibling;
	struct block *blocks;
	size_t used_in_block, next_size;
	/* of the root only */
	size_t total, limit;
	jmp_buf *guard;
	char why[200];		/* it was refused; "": it was not */
	struct arena_worst worst;
	/* of children that are gone, for the next ones: by whether they are small */
	struct block *spare[2];
};

static _Noreturn void exhausted(struct arena *arena)
{
	if (!arena->root->guard)
		abort();
	longjmp(*arena->root->guard, 1);
}

static void keep_why(struct arena *root, const struct arena_worst *at,
		     const char *why, va_list args)
{
	root->worst = *at;
	vsnprintf(root->why, sizeof root->why, why, args);
}

void arena_refuse(struct arena *arena, const char *why, ...)
{
	va_list args;

	va_start(args, why);
	keep_why(arena->root, &(struct arena_worst){ 0 }, why, args);
	va_end(args);
	exhausted(arena);
}

void arena_refuse_at(struct arena *arena, const struct arena_worst *at,
		     const char *why, ...)
{
	va_list args;

	va_start(args, why);
	keep_why(arena->root, at, why, args);
	va_end(args);
	exhausted(arena);
}

const char *arena_refusal(const struct arena *arena, struct arena_worst *at)
{
	if (at)
		*at = arena->root->worst;
	return arena->root->why;
}

static void init(struct arena *arena, struct arena *root)
{
	arena->root = root;
	arena->next_size = FIRST_BLOCK;
}

struct arena *arena_new(size_t limit)
{
	struct arena *arena = calloc(1, sizeof *arena);

	if (!arena)
		return NULL;
	init(arena, arena);
	arena->limit = limit ? limit : SIZE_MAX;
	return arena;
}

struct arena *arena_child(struct arena *parent)
{
	struct arena *arena = calloc(1, sizeof *arena);

	if (!arena)
		exhausted(parent);
	init(arena, parent->root);
	arena->parent = parent;
	arena->sibling = parent->child;
	parent->child = arena;
	return arena;
}

static void unlink_child(struct arena *arena)
{
	struct arena **at = &arena->parent->child;

	while (*at != arena)
		at = &(*at)->sibling;
	*at = arena->sibling;
}

_Static_assert(offsetof(struct block, bytes) == HEADER, "blocks are one map");

static bool is_mapped(size_t size)
{
	return size >= LARGEST_BLOCK;
}

static void free_block(struct block *block)
{
	if (is_mapped(block->size))
		(void)munmap(block, HEADER + block->size); /* cannot fail */
	else
		free(block);
}

/* A zeroed block with SIZE bytes, or NULL. */
static struct block *new_block(size_t size)
{
	struct block *block;

	if (!is_mapped(size)) {
		block = calloc(1, HEADER + size);
	} else {
		block = mmap(NULL, HEADER + size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (block == MAP_FAILED)
			return NULL;
		/* only a hint */
		(void)madvise(block, HEADER + size, MADV_HUGEPAGE);
	}
	if (block)
		block->size = size;
	return block;
}

static void free_blocks(struct block *block)
{
	for (struct block *next; block; block = next) {
		next = block->next;
		free_block(block);
	}
}

static void free_root(struct arena *arena)
{
	free_blocks(arena->blocks);
	free_blocks(arena->spare[false]);
	free_blocks(arena->spare[true]);
}

/* Blocks of the first size and the last go to the root for the next child, others back. */
static void spare_blocks(struct arena *arena)
{
	struct arena *root = arena->root;

	for (struct block *b = arena->blocks, *next; b; b = next) {
		next = b->next;
		if (b->size == FIRST_BLOCK || b->size == LARGEST_BLOCK) {
			struct block **spare =
				&root->spare[b->size == FIRST_BLOCK];

			b->next = *spare;
			*spare = b;
		} else {
			root->total -= b->size;
			free_block(b);
		}
	}
}

void arena_free(struct arena *arena)
{
	if (!arena)
		return;
	while (arena->child)
		arena_free(arena->child);
	if (arena->parent)
		unlink_child(arena);
	if (arena->parent)
		spare_blocks(arena);
	else
		free_root(arena);
	free(arena);
}

void arena_trim(struct arena *arena)
{
	struct arena *root = arena->root;

	for (int i = 0; i < 2; i++) {
		for (struct block *b = root->spare[i]; b; b = b->next)
			root->total -= b->size;
		free_blocks(root->spare[i]);
		root->spare[i] = NULL;
	}
}

void arena_guard(struct arena *arena, jmp_buf *place)
{
	arena->root->guard = place;
}

static void add_block(struct arena *arena, size_t least)
{
	struct arena *root = arena->root;
	size_t size = arena->next_size > least ? arena->next_size : least;
	struct block **spare = &root->spare[size == FIRST_BLOCK], *b = *spare;

	if (b && size <= LARGEST_BLOCK) {
		b->fresh = false;
		*spare = b->next;
	} else {
		if (size > SIZE_MAX - HEADER ||
		    size > root->limit - root->total)
			exhausted(arena);
		b = new_block(size);
		if (!b)
			exhausted(arena);
		b->fresh = true;
		root->total += size;
	}
	b->next = arena->blocks;
	arena->blocks = b;
	arena->used_in_block = 0;
	if (arena->next_size < LARGEST_BLOCK)
		arena->next_size = arena->next_size * 2 > LARGEST_BLOCK / 2
			? LARGEST_BLOCK : arena->next_size * 2;
}

static size_t rounded(size_t size)
{
	return (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

void *arena_alloc(struct arena *arena, size_t size)
{
	void *at;

	if (size > SIZE_MAX - ALIGN)
		exhausted(arena);
	size = rounded(size);
	if (!arena->blocks || size > arena->blocks->size - arena->used_in_block)
		add_block(arena, size);
	at = arena->blocks->bytes + arena->used_in_block;
	arena->used_in_block += size;
	return arena->blocks->fresh ? at : memset(at, 0, size);
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		exhausted(arena);
	return arena_alloc(arena, bytes);
}

char *arena_copy(struct arena *arena, const char *text, size_t len)
{
	char *copy = arena_alloc(arena, len + 1);

	if (len)
		memcpy(copy, text, len);
	return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args, again;
	int len;
	char *text;

	va_start(args, format);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, args);
	if (len < 0)
		abort();
	text = arena_alloc(arena, (size_t)len + 1);
	vsnprintf(text, (size_t)len + 1, format, again);
	va_end(again);
	va_end(args);
	return text;
}

bool arena_extend(struct arena *arena, void *at, size_t size, size_t larger)
{
	struct block *b = arena->blocks;
	size_t start;

	if (!b || larger > b->size)
		return false;
	start = (size_t)((unsigned char *)at - b->bytes);
	if ((unsigned char *)at < b->bytes ||
	    start + rounded(size) != arena->used_in_block ||
	    start > b->size - rounded(larger))
		return false;
	arena->used_in_block = start + rounded(larger);
	if (!b->fresh)
		memset((unsigned char *)at + rounded(size), 0,
		       rounded(larger) - rounded(size));
	return true;
}

void *arena_grow(struct arena *arena, void *at, size_t count, size_t *cap,
		 size_t size)
{
	size_t room;
	void *larger;

	if (count < *cap)
		return at;
	room = *cap ? *cap * 2 : 4;
	if (*cap && room < SIZE_MAX / size &&
	    arena_extend(arena, at, *cap * size, room * size)) {
		*cap = room;
		return at;
	}
	larger = arena_array(arena, room, size);
	if (count)
		memcpy(larger, at, count * size);
	*cap = room;
	return larger;
}

size_t arena_used(const struct arena *arena)
{
	return arena->root->total;
}
