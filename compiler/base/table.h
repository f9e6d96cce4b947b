/*
 * A map from bytes to a pointer: symbol tables, interning, memos.  Never
 * iterated: outputs must not depend on hash order.
 */
#ifndef FIREBREAK_COMPILER_BASE_TABLE_H
#define FIREBREAK_COMPILER_BASE_TABLE_H

#include "compiler/base/arena.h"

struct table_slot;

struct table {
	struct arena *arena;
	struct table_slot *slots;
	size_t count, cap;
};

#define TABLE_IN(a) (struct table){ .arena = (a) }

/*
 * The place of the value of the LEN bytes at KEY, added as NULL where it was
 * missing.  The key's bytes are borrowed when added: they must stay.  No bytes
 * are a key too, and KEY may then be NULL.  The place is valid until the next call.
 */
void **table_at(struct table *table, const void *key, size_t len);

/* The value of KEY, or NULL. */
void *table_get(const struct table *table, const void *key, size_t len);

/* The same for NUL-terminated keys. */
void **table_at_name(struct table *table, const char *key);
void *table_get_name(const struct table *table, const char *key);

/* FNV-1a with a final mix, over LEN bytes. */
uint64_t hash_bytes(const void *bytes, size_t len);

#endif
