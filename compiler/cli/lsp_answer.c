/* What a client asks about a place in a document, but for completion and renaming. */
#include "compiler/cli/lsp.h"

#include <stdlib.h>
#include <string.h>

/* --- layout --- */

json_t *lsp_format(struct lsp *lsp, const char *path, const json_t *params,
		   const char **why)
{
	struct lsp_document *d = lsp_find(lsp, path);
	struct fb *fb = d ? cli_context(lsp->cli) : NULL;
	struct fb_extract all;
	json_t *edits = NULL;
	const char *laid;
	size_t len;

	(void)params;
	(void)why;
	if (fb && fb_lay_out(fb, path, d->text, d->len, &laid, &len) == FB_OK) {
		all = (struct fb_extract){ path, d->text, d->len, 0, d->len };
		edits = json_array();
		if (len != d->len || memcmp(laid, d->text, len) != 0)
			json_array_append_new(edits, json_pack("{s:o, s:s}",
				"range", lsp_range(lsp, &all), "newText", laid));
	}
	fb_free(fb);
	return edits;		/* mistakes are told as diagnostics */
}

/* --- names --- */

/* A part of the file PATH; its offsets are looked up in the text once. */
struct part {
	const char *path;
	const json_t *start, *end;	/* positions */
	bool known;
	size_t lo, hi;
};

/* Does AT, of the same file, touch PART? */
static bool touches(struct lsp *lsp, struct part *part,
		    const struct fb_extract *at)
{
	if (!at->file || strcmp(at->file, part->path) != 0)
		return false;
	if (!part->known) {
		part->lo = lsp_offset(lsp, at->text, at->len, part->start);
		part->hi = lsp_offset(lsp, at->text, at->len, part->end);
		part->known = true;
	}
	return at->lo <= part->hi && at->hi >= part->lo;
}

static struct part part_of(const char *path, const json_t *params)
{
	const json_t *range = json_object_get(params, "range");

	return (struct part){ .path = path,
			      .start = json_object_get(range, "start"),
			      .end = json_object_get(range, "end") };
}

const struct fb_symbol *lsp_symbol(struct lsp *lsp, struct fb *fb,
				   const char *path, const json_t *params)
{
	const json_t *position = json_object_get(params, "position");
	struct part part = { .path = path, .start = position, .end = position };
	size_t count;
	const struct fb_symbol *all = fb_symbols(fb, &count);

	for (size_t i = 0; i < count; i++) {
		struct fb_extract at = fb_extract(fb, all[i].span);

		if (touches(lsp, &part, &at))
			return &all[i];
	}
	return NULL;
}

json_t *lsp_hover(struct lsp *lsp, const char *path, const json_t *params,
		  const char **why)
{
	struct lsp_policy *p = lsp_policy(lsp, path);
	const struct fb_symbol *s = p ? lsp_symbol(lsp, p->fb, path, params)
				      : NULL;
	const char *text = s ? fb_symbol_text(p->fb, s) : NULL;
	struct fb_extract at;

	(void)why;
	if (!text || !*text)
		return NULL;
	at = fb_extract(p->fb, s->span);
	return json_pack("{s:{s:s, s:s}, s:o}", "contents", "kind", "markdown",
			 "value", text, "range", lsp_range(lsp, &at));
}

static bool is_same(const struct fb_symbol *a, const struct fb_symbol *b)
{
	return a->kind == b->kind && strcmp(a->name, b->name) == 0;
}

/* The places of the symbol that PARAMS point at: declarations, uses, or both. */
static json_t *places(struct lsp *lsp, const char *path, const json_t *params,
		      bool declared, bool used)
{
	struct lsp_policy *p = lsp_policy(lsp, path);
	const struct fb_symbol *s = p ? lsp_symbol(lsp, p->fb, path, params)
				      : NULL, *all;
	json_t *found = s ? json_array() : NULL;
	size_t count;

	all = s ? fb_symbols(p->fb, &count) : NULL;
	for (size_t i = 0; s && i < count; i++) {
		json_t *at = is_same(&all[i], s) &&
			     (all[i].declares ? declared : used)
			? lsp_location(lsp, p->fb, all[i].span) : NULL;

		if (at)
			json_array_append_new(found, at);
	}
	return found;
}

json_t *lsp_definition(struct lsp *lsp, const char *path, const json_t *params,
		       const char **why)
{
	(void)why;
	return places(lsp, path, params, true, false);
}

json_t *lsp_references(struct lsp *lsp, const char *path, const json_t *params,
		       const char **why)
{
	const json_t *context = json_object_get(params, "context");

	(void)why;
	return places(lsp, path, params, json_is_true(json_object_get(context,
					"includeDeclaration")), true);
}

json_t *lsp_symbols(struct lsp *lsp, const char *path, const json_t *params,
		    const char **why)
{
	/* of the protocol: module, interface, array, constant, enum member, … */
	static const int kinds[] = {
		[FB_SYMBOL_LAYER] = 2, [FB_SYMBOL_NETWORK] = 11,
		[FB_SYMBOL_GROUP] = 18, [FB_SYMBOL_SERVICE] = 14,
		[FB_SYMBOL_ENVIRONMENT] = 22, [FB_SYMBOL_CUSTOMER] = 3,
		[FB_SYMBOL_RULE] = 12, [FB_SYMBOL_INVARIANT] = 8,
	};
	struct lsp_policy *p = lsp_policy(lsp, path);
	json_t *found = json_array();
	size_t count = 0;
	const struct fb_symbol *all = p ? fb_symbols(p->fb, &count) : NULL;

	(void)params;
	(void)why;
	for (size_t i = 0; i < count; i++) {
		struct fb_extract at = fb_extract(p->fb, all[i].span);
		struct fb_extract whole = fb_extract(p->fb, all[i].whole);

		if (all[i].declares && at.file && strcmp(at.file, path) == 0)
			json_array_append_new(found, json_pack(
				"{s:s, s:i, s:o, s:o}", "name", all[i].name,
				"kind", kinds[all[i].kind],
				"range", lsp_range(lsp, &whole),
				"selectionRange", lsp_range(lsp, &at)));
	}
	return found;
}

json_t *lsp_hints(struct lsp *lsp, const char *path, const json_t *params,
		  const char **why)
{
	struct part part = part_of(path, params);
	struct lsp_policy *p = lsp_policy(lsp, path);
	json_t *found = json_array();
	size_t count = 0;
	const struct fb_hint *all = p ? fb_hints(p->fb, &count) : NULL;

	(void)why;
	for (size_t i = 0; i < count; i++) {
		struct span last = { (uint32_t)all[i].at - 1,
				     (uint32_t)all[i].at };
		struct fb_extract at = fb_extract(p->fb, last);

		at.lo = at.hi;
		if (!touches(lsp, &part, &at))
			continue;
		json_array_append_new(found, json_pack("{s:o, s:s, s:b}",
			"position", lsp_position(lsp, at.text, at.len, at.hi),
			"label", all[i].text, "paddingLeft", 1));
	}
	return found;
}

/* --- fixes --- */

/* What FIX of D does: the help before it says so. */
static json_t *title_of(const struct fb_diag *d, size_t fix)
{
	char text[256];

	for (size_t i = fix; i--;)
		if (d->parts[i].kind == FB_HELP)
			return json_string(d->parts[i].text);
	snprintf(text, sizeof text, "write `%.200s`", d->parts[fix].text);
	return json_string(text);
}

static json_t *action(struct lsp *lsp, struct fb *fb, const struct fb_diag *d,
		      size_t fix)
{
	json_t *at = lsp_location(lsp, fb, d->parts[fix].span), *edits, *title;

	if (!at)
		return NULL;
	edits = json_object();
	json_object_set_new(edits, json_string_value(json_object_get(at, "uri")),
		json_pack("[{s:O, s:s}]", "range", json_object_get(at, "range"),
			  "newText", d->parts[fix].text));
	json_decref(at);
	title = title_of(d, fix);
	return json_pack("{s:o, s:s, s:{s:o}}",
			 "title", title ? title : json_string(d->code),
			 "kind", "quickfix", "edit", "changes", edits);
}

json_t *lsp_actions(struct lsp *lsp, const char *path, const json_t *params,
		    const char **why)
{
	struct part part = part_of(path, params);
	struct lsp_policy *p = lsp_policy(lsp, path);
	json_t *found = json_array();
	size_t count = 0;
	const struct fb_diag *all = p ? fb_diagnostics(p->fb, &count) : NULL;

	(void)why;
	for (size_t i = 0; i < count; i++) {
		struct fb_extract at = fb_extract(p->fb, all[i].span);

		if (!touches(lsp, &part, &at))
			continue;
		for (size_t j = 0; j < all[i].part_count; j++) {
			json_t *made = all[i].parts[j].kind == FB_FIX
				? action(lsp, p->fb, &all[i], j) : NULL;

			if (made)
				json_array_append_new(found, made);
		}
	}
	return found;
}
