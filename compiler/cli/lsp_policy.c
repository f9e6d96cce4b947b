/* Open documents, the policies they are part of, and what is wrong with those. */
#include "compiler/cli/lsp.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- documents --- */

struct lsp_document *lsp_find(struct lsp *lsp, const char *path)
{
	for (size_t i = 0; i < lsp->document_count; i++)
		if (strcmp(lsp->documents[i].path, path) == 0)
			return &lsp->documents[i];
	return NULL;
}

void lsp_open(struct lsp *lsp, const char *path, const char *text)
{
	struct lsp_document *d = lsp_find(lsp, path), *more;
	char *copy = strdup(text);

	lsp->edit++;
	lsp->stale = true;
	if (d && copy) {
		free(d->text);
		d->text = copy;
		d->len = strlen(copy);
		return;
	}
	more = copy ? realloc(lsp->documents, (lsp->document_count + 1) *
			      sizeof *more) : NULL;
	if (!more) {
		free(copy);
		return;
	}
	lsp->documents = more;
	more += lsp->document_count;
	*more = (struct lsp_document){ strdup(path), copy, strlen(copy) };
	if (more->path)
		lsp->document_count++;
	else
		free(copy);
}

static void free_document(struct lsp_document *d)
{
	free(d->path);
	free(d->text);
}

void lsp_close(struct lsp *lsp, const char *path)
{
	struct lsp_document *d = lsp_find(lsp, path);

	lsp->edit++;
	lsp->stale = true;
	if (!d)
		return;
	free_document(d);
	*d = lsp->documents[--lsp->document_count];
}

/* --- policies --- */

static bool exists(struct lsp *lsp, const char *path)
{
	return lsp_find(lsp, path) || access(path, R_OK) == 0;
}

/* The main.fbk of the nearest directory at or above PATH; else PATH itself. */
static char *main_of(struct lsp *lsp, const char *path)
{
	size_t len = strlen(path);
	char *at = malloc(len + sizeof "main.fbk");

	while (at && len--) {
		if (path[len] != '/')
			continue;
		memcpy(at, path, len + 1);
		strcpy(at + len + 1, "main.fbk");
		if (exists(lsp, at))
			return at;
	}
	free(at);
	return strdup(path);
}

/* Read the policy again, as the documents are now. */
static void load(struct lsp *lsp, struct lsp_policy *p)
{
	struct fb_summary sum;
	enum fb_status status;

	fb_free(p->fb);
	p->fb = cli_context(lsp->cli);
	p->edit = lsp->edit;
	p->clean = false;
	if (!p->fb)
		return;
	for (size_t i = 0; i < lsp->document_count; i++)
		(void)fb_overlay(p->fb, lsp->documents[i].path,
				 lsp->documents[i].text, lsp->documents[i].len);
	status = fb_load(p->fb, p->main);
	if (status == FB_OK) {
		status = fb_check(p->fb, &sum);
		p->clean = status == FB_OK || status == FB_NO;
	}
	if (status == FB_MEMORY) {
		fprintf(stderr, "firebreak lsp: %s\n", *fb_limit(p->fb)
			? fb_limit(p->fb) : "out of memory");
		fb_free(p->fb);
		p->fb = NULL;
	}
}

static struct lsp_policy *policy_at(struct lsp *lsp, const char *main)
{
	struct lsp_policy *p;

	for (size_t i = 0; i < lsp->policy_count; i++)
		if (strcmp(lsp->policies[i].main, main) == 0)
			return &lsp->policies[i];
	p = realloc(lsp->policies, (lsp->policy_count + 1) * sizeof *p);
	if (!p)
		return NULL;
	lsp->policies = p;
	p += lsp->policy_count;
	*p = (struct lsp_policy){ .main = strdup(main), .told = json_array() };
	if (p->main)
		lsp->policy_count++;
	return p->main ? p : NULL;
}

static bool has_file(struct fb *fb, const char *path)
{
	size_t count;
	const char *const *files = fb_files(fb, &count);

	for (size_t i = 0; i < count; i++)
		if (strcmp(files[i], path) == 0)
			return true;
	return false;
}

/* The policy whose first file is MAIN, up to date. */
static struct lsp_policy *current(struct lsp *lsp, const char *main)
{
	struct lsp_policy *p = main ? policy_at(lsp, main) : NULL;

	if (p && (!p->fb || p->edit != lsp->edit))
		load(lsp, p);
	return p && p->fb ? p : NULL;
}

struct lsp_policy *lsp_policy(struct lsp *lsp, const char *path)
{
	char *main = main_of(lsp, path);
	struct lsp_policy *p = current(lsp, main);

	free(main);
	/* a file that the policy around it does not include stands alone */
	return p && !has_file(p->fb, path) ? current(lsp, path) : p;
}

/* --- what is wrong --- */

json_t *lsp_location(struct lsp *lsp, struct fb *fb, struct span span)
{
	struct fb_extract at = fb_extract(fb, span);

	if (!at.file || *at.file != '/')
		return NULL;
	return json_pack("{s:o, s:o}", "uri", lsp_uri(at.file),
			 "range", lsp_range(lsp, &at));
}

/* The message, and behind it what else is said about the same place. */
static json_t *message_of(const struct fb_diag *d)
{
	size_t len = strlen(d->message) + 1;
	json_t *made;
	char *text, *to;

	for (size_t i = 0; i < d->part_count; i++)
		len += strlen(d->parts[i].text) + sizeof "\nhelp: ";
	text = to = malloc(len);
	if (!text)
		return json_string(d->message);
	to = stpcpy(to, d->message);
	for (size_t i = 0; i < d->part_count; i++) {
		const struct fb_part *p = &d->parts[i];

		if (p->kind == FB_FIX || (p->kind == FB_NOTE_AT && p->span.hi))
			continue;
		to += sprintf(to, "\n%s%s", p->kind == FB_HELP ? "help: " : "",
			      p->text);
	}
	made = json_string(text);
	free(text);
	return made ? made : json_string(d->code);
}

static json_t *elsewhere(struct lsp *lsp, struct fb *fb, const struct fb_diag *d)
{
	json_t *all = json_array();

	for (size_t i = 0; i < d->part_count; i++) {
		json_t *at = d->parts[i].kind == FB_NOTE_AT
			? lsp_location(lsp, fb, d->parts[i].span) : NULL;

		if (at)
			json_array_append_new(all, json_pack("{s:o, s:s}",
				"location", at, "message", d->parts[i].text));
	}
	return all;
}

static json_t *diagnostic(struct lsp *lsp, struct fb *fb,
			  const struct fb_diag *d, const struct fb_extract *at)
{
	static const int severity[] = { [FB_ERROR] = 1, [FB_WARNING] = 2,
					[FB_NOTE] = 3 };

	return json_pack("{s:o, s:i, s:s, s:s, s:o, s:o}",
			 "range", lsp_range(lsp, at),
			 "severity", severity[d->severity],
			 "code", d->code, "source", "firebreak",
			 "message", message_of(d),
			 "relatedInformation", elsewhere(lsp, fb, d));
}

static void tell(const char *path, json_t *list)
{
	lsp_send(json_pack("{s:s, s:s, s:{s:o, s:o}}", "jsonrpc", "2.0",
			   "method", "textDocument/publishDiagnostics",
			   "params", "uri", lsp_uri(path), "diagnostics", list));
}

/* What stands nowhere is said where the policy begins. */
static const char *place_of(const struct lsp_policy *p, const struct fb_diag *d,
			    struct fb_extract *at)
{
	*at = fb_extract(p->fb, d->span);
	if (at->file && *at->file == '/')
		return at->file;
	*at = (struct fb_extract){ p->main, "", 0, 0, 0 };
	return p->main;
}

static void publish(struct lsp *lsp, struct lsp_policy *p)
{
	size_t count, i, files_count;
	const struct fb_diag *all = fb_diagnostics(p->fb, &count);
	const char *const *files = fb_files(p->fb, &files_count);
	json_t *by_path = json_object(), *list, *path, *told = json_array();
	const char *name;

	for (i = 0; i < files_count; i++)
		if (*files[i] == '/')
			json_object_set_new(by_path, files[i], json_array());
	for (i = 0; i < count; i++) {
		struct fb_extract at;
		const char *file = place_of(p, &all[i], &at);

		if (!json_object_get(by_path, file))
			json_object_set_new(by_path, file, json_array());
		json_array_append_new(json_object_get(by_path, file),
				      diagnostic(lsp, p->fb, &all[i], &at));
	}
	/* files that had something and are no part of it any more */
	json_array_foreach(p->told, i, path)
		if (!json_object_get(by_path, json_string_value(path)))
			tell(json_string_value(path), json_array());
	json_object_foreach(by_path, name, list) {
		json_array_append_new(told, json_string(name));
		tell(name, json_incref(list));
	}
	json_decref(by_path);
	json_decref(p->told);
	p->told = told;
}

/* Is P of the last edit, and any open document a part of it? */
static bool is_current(struct lsp *lsp, const struct lsp_policy *p)
{
	if (!p->fb || p->edit != lsp->edit)
		return false;
	for (size_t i = 0; i < lsp->document_count; i++)
		if (has_file(p->fb, lsp->documents[i].path))
			return true;
	return false;
}

static void forget(struct lsp_policy *p)
{
	json_t *path;
	size_t i;

	json_array_foreach(p->told, i, path)
		tell(json_string_value(path), json_array());
	json_array_clear(p->told);
	fb_free(p->fb);
	p->fb = NULL;
}

void lsp_publish(struct lsp *lsp)
{
	lsp->stale = false;
	for (size_t i = 0; i < lsp->document_count; i++)
		(void)lsp_policy(lsp, lsp->documents[i].path);
	/* first what goes: a file may be a part of another policy now */
	for (size_t i = 0; i < lsp->policy_count; i++)
		if (!is_current(lsp, &lsp->policies[i]))
			forget(&lsp->policies[i]);
	for (size_t i = 0; i < lsp->policy_count; i++)
		if (is_current(lsp, &lsp->policies[i]))
			publish(lsp, &lsp->policies[i]);
}

void lsp_free(struct lsp *lsp)
{
	for (size_t i = 0; i < lsp->document_count; i++)
		free_document(&lsp->documents[i]);
	for (size_t i = 0; i < lsp->policy_count; i++) {
		fb_free(lsp->policies[i].fb);
		json_decref(lsp->policies[i].told);
		free(lsp->policies[i].main);
	}
	free(lsp->documents);
	free(lsp->policies);
}
