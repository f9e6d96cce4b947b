/* Open addressing, linear probing, at most two thirds full. */
#include "compiler/base/table.h"

#include <stdbool.h>
#include <string.h>

struct table_slot {
	const void *key;
	size_t len;
	uint64_t hash;
	void *value;
};

static uint64_t mix(uint64_t h)
{
	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	h ^= h >> 32;
	return h;
}

uint64_t hash_bytes(const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^ len, word;

	for (; len >= sizeof word; len -= sizeof word, p += sizeof word) {
		memcpy(&word, p, sizeof word);
		h = mix((h ^ word) * UINT64_C(0x9e3779b97f4a7c15));
	}
	while (len--)
		h = (h ^ *p++) * UINT64_C(0x100000001b3);
	return mix(h);
}

static bool is_key(const struct table_slot *s, uint64_t hash, const void *key,
		   size_t len)
{
	return s->hash == hash && s->len == len &&
	       (len == 0 || memcmp(s->key, key, len) == 0);
}

/* The slot that holds KEY, or the free one where it would go. */
static struct table_slot *find(const struct table *table, uint64_t hash,
			       const void *key, size_t len)
{
	size_t i = hash & (table->cap - 1);

	while (table->slots[i].key && !is_key(&table->slots[i], hash, key, len))
		i = (i + 1) & (table->cap - 1);
	return &table->slots[i];
}

static void enlarge(struct table *table)
{
	struct table old = *table;

	table->cap = old.cap ? old.cap * 2 : 16;
	table->slots = arena_array(table->arena, table->cap,
				   sizeof *table->slots);
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i].key)
			*find(table, old.slots[i].hash, old.slots[i].key,
			      old.slots[i].len) = old.slots[i];
}

void **table_at(struct table *table, const void *key, size_t len)
{
	uint64_t hash = hash_bytes(key, len);
	struct table_slot *s;

	if (3 * (table->count + 1) > 2 * table->cap)
		enlarge(table);
	s = find(table, hash, key, len);
	if (!s->key) {
		/* a free slot is one without a key, and the empty key may be NULL */
		*s = (struct table_slot){ .key = len ? key : "", .len = len,
					  .hash = hash };
		table->count++;
	}
	return &s->value;
}

void *table_get(const struct table *table, const void *key, size_t len)
{
	if (!table->cap)
		return NULL;
	return find(table, hash_bytes(key, len), key, len)->value;
}

void **table_at_name(struct table *table, const char *key)
{
	return table_at(table, key, strlen(key));
}

void *table_get_name(const struct table *table, const char *key)
{
	return table_get(table, key, strlen(key));
}
