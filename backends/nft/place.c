/* Paths, and objects that have to have just the members that are known. */
#include "backends/nft/place.h"

#include <stdarg.h>
#include <string.h>

/* Texts of others as messages quote them: short, and plain characters only. */
static const char *plain(struct arena *arena, const char *theirs)
{
	enum { MOST = 40 };
	char *copy = arena_copy(arena, theirs, strnlen(theirs, MOST));

	for (char *c = copy; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return copy;
}

static void add_path(struct text *text, const struct nft_place *at)
{
	if (!at->in) {
		text_puts(text, "$");
		return;
	}
	add_path(text, at->in);
	if (at->key)
		text_printf(text, ".%s", plain(text->arena, at->key));
	else
		text_printf(text, "[%u]", at->index);
}

bool nft_refuse_at(struct nft_reader *r, const struct nft_place *at,
		   const char *format, ...)
{
	struct text path = TEXT_IN(r->arena), why = TEXT_IN(r->arena);
	va_list args;

	va_start(args, format);
	text_vprintf(&why, format, args);
	va_end(args);
	add_path(&path, at);
	diag_add(r->diags, P0601, (struct span){ 0, 0 }, "`%s`, %s: %s",
		 r->model->file, text_string(&path), text_string(&why));
	return false;
}

/* Short, as a message can have it. */
static const char *shown(struct nft_reader *r, const struct json *value)
{
	switch (value->kind) {
	case JV_NULL:
		return "null";
	case JV_FALSE: case JV_TRUE:
		return value->kind == JV_TRUE ? "true" : "false";
	case JV_INTEGER:
		return arena_printf(r->arena, "%lld",
				    (long long)value->integer);
	case JV_REAL:
		return "a number with a fraction";
	case JV_STRING:
		return arena_printf(r->arena, "\"%s\"",
				    plain(r->arena, value->string));
	case JV_ARRAY:
		return "an array";
	case JV_OBJECT:
		return value->first
		       ? arena_printf(r->arena, "`%s`",
				      plain(r->arena, value->first->key))
		       : "an empty object";
	}
	return "";
}

bool nft_expected_at(struct nft_reader *r, const struct nft_place *at,
		     const char *what)
{
	return nft_refuse_at(r, at, "%s where %s should be", shown(r, at->is),
			     what);
}

static const char *const kinds[] = {
	[JV_NULL]    = "null",
	[JV_FALSE]   = "false",
	[JV_TRUE]    = "true",
	[JV_INTEGER] = "a whole number",
	[JV_REAL]    = "a number",
	[JV_STRING]  = "a text",
	[JV_ARRAY]   = "an array",
	[JV_OBJECT]  = "an object",
};

static size_t row_of(const struct nft_member *wanted, size_t count,
		     const char *key)
{
	size_t i = 0;

	while (i < count && strcmp(wanted[i].key, key) != 0)
		i++;
	return i;
}

bool nft_members(struct nft_reader *r, const struct nft_place *at,
		 const struct nft_member *wanted, size_t count,
		 struct nft_place *out)
{
	if (at->is->kind != JV_OBJECT)
		return nft_expected_at(r, at, "an object");
	for (size_t i = 0; i < count; i++)
		out[i] = (struct nft_place){ .in = at, .key = wanted[i].key };
	for (const struct json *m = at->is->first; m; m = m->next) {
		size_t i = row_of(wanted, count, m->key);

		if (i == count)
			return nft_refuse_at(r, at, "`%s` is not understood",
					     plain(r->arena, m->key));
		out[i].is = m;
		if (wanted[i].kind != JV_NULL && m->kind != wanted[i].kind)
			return nft_expected_at(r, &out[i],
					       kinds[wanted[i].kind]);
	}
	for (size_t i = 0; i < count; i++)
		if (!out[i].is && !wanted[i].optional)
			return nft_refuse_at(r, at, "`%s` is missing",
					     wanted[i].key);
	return true;
}

bool nft_only(struct nft_reader *r, const struct nft_place *at,
	      struct nft_place *out)
{
	if (at->is->kind != JV_OBJECT || at->is->count != 1)
		return nft_expected_at(r, at, "an object with one member");
	*out = (struct nft_place){ .in = at, .key = at->is->first->key,
				   .is = at->is->first };
	return true;
}

bool nft_each(const struct nft_place *at, struct nft_place *each)
{
	if (each->is)
		*each = (struct nft_place){ .in = at, .index = each->index + 1,
					    .is = each->is->next };
	else
		*each = (struct nft_place){ .in = at, .is = at->is->first };
	return each->is;
}

bool nft_is_string(const struct nft_place *at, const char *text)
{
	return at->is && at->is->kind == JV_STRING &&
	       strcmp(at->is->string, text) == 0;
}

bool nft_number_at(struct nft_reader *r, const struct nft_place *at,
		   uint64_t most, uint64_t *out)
{
	if (at->is->kind != JV_INTEGER || at->is->integer < 0 ||
	    (uint64_t)at->is->integer > most)
		return nft_expected_at(r, at, arena_printf(r->arena,
				       "a number from 0 to %llu",
				       (unsigned long long)most));
	*out = (uint64_t)at->is->integer;
	return true;
}
