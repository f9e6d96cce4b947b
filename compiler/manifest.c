/* One JSON object, keys and entries sorted. */
#include "compiler/manifest.h"

#include "compiler/base/date.h"
#include "compiler/sessions.h"

#include <stdlib.h>
#include <string.h>

static void put_string(struct text *out, const char *string)
{
	text_putc(out, '"');
	for (; *string; string++) {
		unsigned char c = (unsigned char)*string;

		if (c == '"' || c == '\\')
			text_printf(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			text_printf(out, "\\u%04x", c);
		else
			text_putc(out, (char)c);
	}
	text_putc(out, '"');
}

static void put_digest(struct text *out, const char *bytes, size_t len)
{
	char digest[65];

	fb_digest(bytes, len, digest);
	text_printf(out, "\"sha256:%s\"", digest);
}

static void put_entry(struct text *out, bool first, const char *path,
		      const char *bytes, size_t len)
{
	text_puts(out, first ? "\n    " : ",\n    ");
	text_puts(out, "{ \"path\": ");
	put_string(out, path);
	text_puts(out, ", \"digest\": ");
	put_digest(out, bytes, len);
	text_puts(out, " }");
}

struct named {
	const char *name;
	const struct source *source;
};

static int by_name(const void *x, const void *y)
{
	const struct named *a = x, *b = y;

	return strcmp(a->name, b->name);
}

static void put_sources(struct text *out, const struct sources *sources,
			const char *const *names)
{
	size_t count = sources->files.count;
	struct named *sorted = arena_array(out->arena, count, sizeof *sorted);

	for (size_t i = 0; i < count; i++)
		sorted[i] = (struct named){ names[i], sources->files.at[i] };
	if (count)
		qsort(sorted, count, sizeof *sorted, by_name);
	text_puts(out, "  \"sources\": [");
	for (size_t i = 0; i < count; i++)
		put_entry(out, i == 0, sorted[i].name, sorted[i].source->text,
			  sorted[i].source->len);
	text_puts(out, "\n  ],\n");
}

static void put_member(struct text *out, const char *key, const char *value)
{
	text_printf(out, ", \"%s\": ", key);
	put_string(out, value);
}

static void put_change(struct text *out, const struct fb_resource_change *r)
{
	static const char *const kinds[] = { "add", "change", "replace",
					     "remove" };

	text_printf(out, "{ \"kind\": \"%s\", \"paths\": [", kinds[r->kind]);
	for (size_t i = 0; i < r->path_count; i++) {
		text_puts(out, i ? ", " : "");
		put_string(out, r->paths[i]);
	}
	text_putc(out, ']');
	put_member(out, "key", r->key);
	put_member(out, "was", r->was);
	put_member(out, "is", r->is);
	put_member(out, "sessions", sessions_word(r->sessions));
	text_puts(out, " }");
}

/* What applying this does to the resources of the build before. */
static void put_changes(struct text *out, const struct fb_diff *applied)
{
	text_puts(out, "  \"changes\": [");
	for (size_t i = 0; i < applied->resource_count; i++) {
		text_puts(out, i ? ",\n    " : "\n    ");
		put_change(out, &applied->resources[i]);
	}
	text_puts(out, applied->resource_count ? "\n  ],\n" : "],\n");
}

static void put_unwatched(struct text *out, const struct fb_unwatched *all,
			  size_t count)
{
	text_puts(out, "  \"not-looked-at-by-scopes\": [");
	for (size_t i = 0; i < count; i++) {
		text_puts(out, i ? ",\n    " : "\n    ");
		text_puts(out, "{ \"invariant\": ");
		put_string(out, all[i].invariant);
		text_printf(out, ", \"scope\": %s, \"what\": ",
			    all[i].has_scope ? "true" : "false");
		put_string(out, all[i].what);
		text_puts(out, " }");
	}
	text_puts(out, "\n  ],\n");
}

void manifest_write(struct text *out, const struct ir *ir,
		    const char *const *names,
		    const struct fb_compilation *made, const char *previous)
{
	char day[DATE_TEXT];

	text_puts(out, "{\n  \"schema\": \"firebreak-manifest-1\",\n");
	text_printf(out, "  \"firebreak\": \"%s\",\n", FIREBREAK_VERSION);
	text_puts(out, "  \"policy\": ");
	put_string(out, ir->policy);
	text_printf(out, ",\n  \"as-of\": \"%s\",\n", date_text(ir->as_of, day));
	text_printf(out, "  \"proofs\": { \"sides\": %zu, \"equal\": %zu },\n",
		    made->sides, made->sides);
	if (previous)
		text_printf(out, "  \"previous\": \"%s\",\n", previous);
	if (made->applied)
		put_changes(out, made->applied);
	if (made->watches)
		put_unwatched(out, made->unwatched, made->unwatched_count);
	put_sources(out, ir->sources, names);
	text_puts(out, "  \"outputs\": [");
	for (size_t i = 0; i < made->count; i++)
		put_entry(out, i == 0, made->outputs[i].path,
			  made->outputs[i].bytes, made->outputs[i].len);
	text_puts(out, "\n  ]\n}\n");
}
