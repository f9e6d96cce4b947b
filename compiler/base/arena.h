/*
 * Memory that lives as long as one piece of work.
 *
 * Everything a compilation builds comes from one arena and is freed with it;
 * nobody frees a node.  An arena has a limit in bytes, its children's bytes
 * included.  A request that cannot be met does not return: it jumps to the
 * place set by arena_guard(), which the API entry points own.
 */
#ifndef FIREBREAK_COMPILER_BASE_ARENA_H
#define FIREBREAK_COMPILER_BASE_ARENA_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

/* A root arena of at most LIMIT bytes (0: no limit), or NULL. */
struct arena *arena_new(size_t limit);

/* Free ARENA, its memory and its children. */
void arena_free(struct arena *arena);

/* Give memory that children left behind back to the system. */
void arena_trim(struct arena *arena);

/*
 * Where a request that cannot be met jumps to, with value 1.  NULL: abort().
 * Children share their root's place.
 */
void arena_guard(struct arena *arena, jmp_buf *place);

/* Where it was worst, for who can tell what is there; kept, not looked into. */
struct arena_worst {
	enum { WORST_NOWHERE, WORST_ANYWHERE, WORST_ADDRESS, WORST_SERVICE } kind;
	int family;
	unsigned __int128 at;		/* the address or service key */
};

/*
 * Give up for a reason that is worth telling (what grew beyond all bounds),
 * the way a request that cannot be met does.  The text is cut at 200 bytes.
 */
_Noreturn void arena_refuse(struct arena *arena, const char *why, ...)
	__attribute__((format(printf, 2, 3)));
_Noreturn void arena_refuse_at(struct arena *arena,
			       const struct arena_worst *at,
			       const char *why, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Why arena_refuse() gave up; "" when memory itself ended.  AT, which may be
 * NULL, gets the place.
 */
const char *arena_refusal(const struct arena *arena, struct arena_worst *at);

/* A child for scratch work: freed by arena_free() or with its parent. */
struct arena *arena_child(struct arena *arena);

/* SIZE zeroed bytes, aligned for any type.  Never NULL. */
void *arena_alloc(struct arena *arena, size_t size);

/* COUNT zeroed objects of SIZE bytes; an overflow is out of memory. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/* A NUL-terminated copy of the LEN bytes at TEXT. */
char *arena_copy(struct arena *arena, const char *text, size_t len);

/* printf into the arena. */
char *arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Make the SIZE bytes at AT, the last that ARENA gave out, LARGER in place: what
 * is new is zeroed.  False, and nothing changed, when there is no room.
 */
bool arena_extend(struct arena *arena, void *at, size_t size, size_t larger);

/*
 * Room for one more object behind the COUNT at AT, where *CAP have room.
 * Returns AT or its larger copy.
 */
void *arena_grow(struct arena *arena, void *at, size_t count, size_t *cap,
		 size_t size);

/* Bytes taken from the system by the root of ARENA and all its children. */
size_t arena_used(const struct arena *arena);

/* A list of TYPE that grows in an arena. */
#define LIST(type) struct { type *at; size_t count; size_t cap; }

/* Append; yields a pointer to the new, zeroed element. */
#define LIST_PUSH(arena, list)						\
	((list)->at = arena_grow((arena), (list)->at, (list)->count,	\
				 &(list)->cap, sizeof *(list)->at),	\
	 &(list)->at[(list)->count++])

#endif
