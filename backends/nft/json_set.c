/* Constants, keys and elements as JSON, and the named sets that they are in. */
#include "backends/nft/place.h"

#include "backends/nft/value.h"

#include <string.h>

/* --- constants --- */

static bool is_address(enum nft_type type)
{
	return type == NFT_TYPE_IPV4_ADDR || type == NFT_TYPE_IPV6_ADDR;
}

/* Has it values between two others? */
static bool has_ranges(enum nft_type type)
{
	return type != NFT_TYPE_NF_PROTO && type != NFT_TYPE_CT_STATE &&
	       type != NFT_TYPE_IFACE && type != NFT_TYPE_BOOLEAN;
}

/* A number as nft_value_read() takes it; `nft -n` prints states by their bits. */
static const char *number_text(struct arena *arena, enum nft_type type,
			       int64_t number)
{
	return arena_printf(arena, type == NFT_TYPE_CT_STATE ? "0x%llx"
							     : "%lld",
			    (long long)number);
}

/*
 * A symbol, which begins with a letter, or an address: numbers are never listed
 * as texts, and what would be a range or a prefix is an object.
 */
static bool is_single(enum nft_type type, const char *text)
{
	if (is_address(type))
		return !strpbrk(text, "-/");
	return (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z');
}

static bool read_point(struct nft_reader *r, const struct nft_place *at,
		       enum nft_type type, u128 *out)
{
	const char *text = NULL;
	struct range point;

	if (at->is->kind == JV_STRING && type != NFT_TYPE_BOOLEAN &&
	    is_single(type, at->is->string))
		text = at->is->string;
	else if (at->is->kind == JV_INTEGER && !is_address(type) &&
		 type != NFT_TYPE_BOOLEAN && type != NFT_TYPE_IFACE)
		text = number_text(r->arena, type, at->is->integer);
	else if (type == NFT_TYPE_BOOLEAN && (at->is->kind == JV_TRUE ||
					      at->is->kind == JV_FALSE))
		text = at->is->kind == JV_TRUE ? "exists" : "missing";
	if (!text || !nft_value_read(type, text, strlen(text), &point))
		return nft_expected_at(r, at, "a value of this type");
	*out = point.lo;
	return true;
}

/* [ first, last ] */
static bool read_range(struct nft_reader *r, const struct nft_place *at,
		       enum nft_type type, struct range *out)
{
	struct nft_place each = { 0 };

	if (at->is->kind != JV_ARRAY || at->is->count != 2 || !has_ranges(type))
		return nft_expected_at(r, at, "a range of this type");
	(void)nft_each(at, &each);
	if (!read_point(r, &each, type, &out->lo))
		return false;
	(void)nft_each(at, &each);
	if (!read_point(r, &each, type, &out->hi))
		return false;
	return out->lo <= out->hi ||
	       nft_refuse_at(r, at, "a range that runs backwards");
}

/* { "addr": "10.0.0.0", "len": 8 } */
static bool read_prefix(struct nft_reader *r, const struct nft_place *at,
			enum nft_type type, struct range *out)
{
	static const struct nft_member members[] = {
		{ .key = "addr", .kind = JV_STRING },
		{ .key = "len", .kind = JV_INTEGER },
	};
	struct nft_place part[2];
	uint64_t len;
	const char *text;

	if (!nft_members(r, at, members, 2, part) ||
	    !nft_number_at(r, &part[1], 128, &len))
		return false;
	text = arena_printf(r->arena, "%s/%u", part[0].is->string,
			    (unsigned)len);
	return (is_address(type) && is_single(type, part[0].is->string) &&
		nft_value_read(type, text, strlen(text), out)) ||
	       nft_refuse_at(r, at, "not a prefix of this type");
}

bool nft_value_at(struct nft_reader *r, const struct nft_place *at,
		  enum nft_type type, struct range *out)
{
	struct nft_place inner;

	if (at->is->kind != JV_OBJECT) {
		if (!read_point(r, at, type, &out->lo))
			return false;
		out->hi = out->lo;
		return true;
	}
	if (!nft_only(r, at, &inner))
		return false;
	if (strcmp(inner.key, "range") == 0)
		return read_range(r, &inner, type, out);
	if (strcmp(inner.key, "prefix") == 0)
		return read_prefix(r, &inner, type, out);
	return nft_expected_at(r, at, "a value");
}

/* --- elements --- */

/* A value, or with more fields { "concat": [ … ] }. */
static bool read_key(struct nft_reader *r, const struct nft_place *at,
		     const struct nft_set *set, struct nft_element *e)
{
	struct nft_place inner, each = { 0 };

	if (set->width == 1)
		return nft_value_at(r, at, set->types[0], &e->key[0]);
	if (!nft_only(r, at, &inner))
		return false;
	if (strcmp(inner.key, "concat") != 0 || inner.is->kind != JV_ARRAY ||
	    inner.is->count != set->width)
		return nft_expected_at(r, at, "a concatenation of this type");
	for (unsigned i = 0; nft_each(&inner, &each); i++)
		if (!nft_value_at(r, &each, set->types[i], &e->key[i]))
			return false;
	return true;
}

static bool is_elem(const struct nft_place *at)
{
	return at->is->kind == JV_OBJECT && at->is->count == 1 &&
	       strcmp(at->is->first->key, "elem") == 0;
}

/* A key, or { "elem": { "val": key, … } } where there is more to it. */
static bool read_kept_key(struct nft_reader *r, const struct nft_place *at,
			  struct nft_set *set, struct nft_element *e)
{
	static const struct nft_member members[] = {
		{ .key = "val" },
		{ .key = "comment", .kind = JV_STRING, .optional = true },
		{ .key = "counter", .kind = JV_OBJECT, .optional = true },
	};
	struct nft_place inner, part[3];

	if (!is_elem(at))
		return read_key(r, at, set, e);
	if (!nft_only(r, at, &inner) ||
	    !nft_members(r, &inner, members, 3, part))
		return false;
	if (part[1].is)
		e->comment = part[1].is->string;
	/* nft 1.0.6 does not list the counter of the set, only those of elements */
	set->counters |= part[2].is != NULL;
	return read_key(r, &part[0], set, e);
}

/* [ key, verdict ] */
static bool read_mapping(struct nft_reader *r, const struct nft_place *at,
			 struct nft_set *set, struct nft_element *e)
{
	struct nft_place each = { 0 };

	if (at->is->kind != JV_ARRAY || at->is->count != 2)
		return nft_expected_at(r, at, "a key and its verdict");
	(void)nft_each(at, &each);
	if (!read_kept_key(r, &each, set, e))
		return false;
	(void)nft_each(at, &each);
	return nft_verdict_at(r, &each, &e->verdict, &e->target);
}

bool nft_elements_at(struct nft_reader *r, const struct nft_place *at,
		     struct nft_set *set, enum nft_element_kind kind)
{
	struct nft_place each = { 0 };

	if (at->is->kind != JV_ARRAY)
		return nft_expected_at(r, at, "an array of elements");
	while (nft_each(at, &each)) {
		struct nft_element e = { 0 };
		bool read = kind == NFT_MAP_ELEMENTS
			    ? read_mapping(r, &each, set, &e)
			    : read_kept_key(r, &each, set, &e);

		if (!read || !nft_element_fits(r, set, &e, set->line))
			return false;
		*LIST_PUSH(r->arena, &set->elements) = e;
	}
	return true;
}

/* --- named sets --- */

static bool add_type(struct nft_reader *r, const struct nft_place *at,
		     struct nft_set *set)
{
	if (set->width == NFT_KEY_MOST)
		return nft_refuse_at(r, at, "a key of more than %d fields",
				     NFT_KEY_MOST);
	if (at->is->kind != JV_STRING ||
	    !nft_key_type(at->is->string, &set->types[set->width++]))
		return nft_expected_at(r, at, "the type of a key");
	return true;
}

/* "ipv4_addr", or of a concatenation [ "ipv4_addr", "inet_service" ] */
static bool read_types(struct nft_reader *r, const struct nft_place *at,
		       struct nft_set *set)
{
	struct nft_place each = { 0 };

	if (at->is->kind != JV_ARRAY)
		return add_type(r, at, set);
	if (at->is->count < 2)
		return nft_expected_at(r, at, "the types of a key");
	while (nft_each(at, &each))
		if (!add_type(r, &each, set))
			return false;
	return true;
}

/* "interval", which nft before 1.1.2 puts into an array */
static bool read_flags(struct nft_reader *r, const struct nft_place *at,
		       struct nft_set *set)
{
	struct nft_place flag = *at;

	if (at->is->kind == JV_ARRAY && at->is->count == 1)
		flag = (struct nft_place){ .in = at, .is = at->is->first };
	set->intervals = nft_is_string(&flag, "interval");
	return set->intervals ||
	       nft_expected_at(r, &flag, "the flag `interval`, if any");
}

/* [ { "counter": null } ], what nft 1.0.7 and later list of it */
static bool read_counter(struct nft_reader *r, const struct nft_place *at)
{
	struct nft_place each = { 0 }, inner;

	if (at->is->count != 1 || !nft_each(at, &each))
		return nft_expected_at(r, at, "a counter, and no more");
	return nft_only(r, &each, &inner) &&
	       (strcmp(inner.key, "counter") == 0 ||
		nft_expected_at(r, &each, "a counter"));
}

bool nft_set_at(struct nft_reader *r, const struct nft_place *at, bool is_map,
		unsigned line)
{
	enum { FAMILY, NAME, TABLE, TYPE, HANDLE, SIZE, FLAGS, STMT, MAP, ELEM,
	       COUNT };
	static const struct nft_member members[COUNT] = {
		[FAMILY] = { .key = "family", .kind = JV_STRING },
		[NAME]   = { .key = "name", .kind = JV_STRING },
		[TABLE]  = { .key = "table", .kind = JV_STRING },
		[TYPE]   = { .key = "type" },
		[HANDLE] = { .key = "handle", .kind = JV_INTEGER },
		[SIZE]   = { .key = "size", .kind = JV_INTEGER, .optional = true },
		[FLAGS]  = { .key = "flags", .optional = true },
		[STMT]   = { .key = "stmt", .kind = JV_ARRAY, .optional = true },
		[MAP]    = { .key = "map", .kind = JV_STRING, .optional = true },
		[ELEM]   = { .key = "elem", .kind = JV_ARRAY, .optional = true },
	};
	struct nft_place part[COUNT];
	struct nft_set *set = arena_alloc(r->arena, sizeof *set);
	uint64_t size;

	set->line = line;
	set->is_map = is_map;
	if (!nft_members(r, at, members, COUNT, part) ||
	    !read_types(r, &part[TYPE], set))
		return false;
	if (is_map != nft_is_string(&part[MAP], "verdict"))
		return nft_refuse_at(r, at, is_map ? "a map to anything but verdicts"
				     : "a set that maps");
	if (part[SIZE].is) {
		if (!nft_number_at(r, &part[SIZE], UINT32_MAX, &size))
			return false;
		set->size = (uint32_t)size;
	}
	if ((part[FLAGS].is && !read_flags(r, &part[FLAGS], set)) ||
	    (part[STMT].is && !read_counter(r, &part[STMT])))
		return false;
	set->name = part[NAME].is->string;
	if (!nft_keep_set(r, set))
		return false;
	if (part[ELEM].is &&
	    !nft_elements_at(r, &part[ELEM], set, is_map ? NFT_MAP_ELEMENTS
						  : NFT_PLAIN_ELEMENTS))
		return false;
	return nft_check_set(r, set);
}
