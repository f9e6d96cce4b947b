/*
 * Renaming: every place of a name, in every file of the policy.  The policy is
 * read once more as it would then be; what has a mistake then is not done.
 */
#include "compiler/cli/lsp.h"

#include <stdlib.h>
#include <string.h>

json_t *lsp_prepare_rename(struct lsp *lsp, const char *path,
			   const json_t *params, const char **why)
{
	struct lsp_policy *p = lsp_policy(lsp, path);
	const struct fb_symbol *s = p ? lsp_symbol(lsp, p->fb, path, params)
				      : NULL;
	struct fb_extract at;

	(void)why;
	if (!s)
		return NULL;
	at = fb_extract(p->fb, s->span);
	return json_pack("{s:o, s:s}", "range", lsp_range(lsp, &at),
			 "placeholder", s->name);
}

struct renaming {
	struct lsp *lsp;
	struct fb *fb;
	const struct fb_symbol *symbol, *all;
	size_t count;
	const char *to;
};

static bool is_place(const struct renaming *r, size_t i)
{
	return r->all[i].kind == r->symbol->kind &&
	       strcmp(r->all[i].name, r->symbol->name) == 0;
}

/* FILE as it would be, in malloc'd memory; NULL: nothing in it changes. */
static char *renamed(const struct renaming *r, const char *file, size_t *len)
{
	size_t changes = 0, from = 0;
	struct fb_extract at = { 0 };
	char *text = NULL, *to = NULL;

	for (size_t i = 0; i < r->count; i++) {
		struct fb_extract here = fb_extract(r->fb, r->all[i].span);

		if (is_place(r, i) && here.file && strcmp(here.file, file) == 0) {
			changes++;
			at = here;
		}
	}
	if (changes)
		text = to = malloc(at.len + changes * strlen(r->to) + 1);
	for (size_t i = 0; text && i < r->count; i++) {
		struct fb_extract here = fb_extract(r->fb, r->all[i].span);

		if (!is_place(r, i) || !here.file || strcmp(here.file, file) != 0)
			continue;
		memcpy(to, here.text + from, here.lo - from);
		to = stpcpy(to + (here.lo - from), r->to);
		from = here.hi;
	}
	if (!text)
		return NULL;
	memcpy(to, at.text + from, at.len - from);
	*len = (size_t)(to - text) + at.len - from;
	return text;
}

static bool is_declared(const struct renaming *r, const char *name)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->all[i].declares && r->all[i].kind == r->symbol->kind &&
		    strcmp(r->all[i].name, name) == 0)
			return true;
	return false;
}

/* Does the policy at MAIN hold together with the new name? */
static bool compiles(const struct renaming *r, const char *main)
{
	struct fb *fb = cli_context(r->lsp->cli);
	size_t count, names = 0;
	const char *const *files = fb_files(r->fb, &count);
	char **texts = calloc(count + 1, sizeof *texts);
	bool good = fb && texts;

	for (size_t i = 0; good && i < count; i++) {
		struct lsp_document *d = lsp_find(r->lsp, files[i]);
		size_t len;

		texts[i] = renamed(r, files[i], &len);
		if (texts[i])
			good = fb_overlay(fb, files[i], texts[i], len) == FB_OK;
		else if (d)
			good = fb_overlay(fb, d->path, d->text, d->len) == FB_OK;
	}
	/* as many names stand for something as before: none became another's */
	good = good && fb_load(fb, main) == FB_OK;
	if (good)
		(void)fb_symbols(fb, &names);
	good = good && names == r->count;
	fb_free(fb);
	for (size_t i = 0; texts && i < count; i++)
		free(texts[i]);
	free(texts);
	return good;
}

static json_t *edits(const struct renaming *r)
{
	json_t *changes = json_object();

	for (size_t i = 0; i < r->count; i++) {
		json_t *at = is_place(r, i)
			? lsp_location(r->lsp, r->fb, r->all[i].span) : NULL;
		const char *uri;

		if (!at)
			continue;
		uri = json_string_value(json_object_get(at, "uri"));
		if (!json_object_get(changes, uri))
			json_object_set_new(changes, uri, json_array());
		json_array_append_new(json_object_get(changes, uri),
			json_pack("{s:O, s:s}", "range",
				  json_object_get(at, "range"),
				  "newText", r->to));
		json_decref(at);
	}
	return json_pack("{s:o}", "changes", changes);
}

json_t *lsp_rename(struct lsp *lsp, const char *path, const json_t *params,
		   const char **why)
{
	struct lsp_policy *p = lsp_policy(lsp, path);
	struct renaming r = { .lsp = lsp };

	r.to = json_string_value(json_object_get(params, "newName"));
	r.fb = p ? p->fb : NULL;
	r.symbol = p ? lsp_symbol(lsp, r.fb, path, params) : NULL;
	*why = "there is no name here";
	if (!r.symbol || !r.to)
		return NULL;
	r.all = fb_symbols(r.fb, &r.count);
	*why = "the policy has mistakes: mend those first";
	if (!p->clean)
		return NULL;
	*why = "the compiler brings this name along";
	if (!is_declared(&r, r.symbol->name))
		return NULL;
	*why = "there is one of that name";
	if (is_declared(&r, r.to))
		return NULL;
	*why = "with that name the policy does not compile";
	if (!compiles(&r, p->main))
		return NULL;
	*why = NULL;
	return edits(&r);
}
