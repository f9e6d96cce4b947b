/* What may stand at a place: by the word before it that says what follows. */
#include "compiler/cli/lsp.h"

#include <string.h>

enum expected { A_START, AN_END, A_SERVICE, A_PLACE, AN_INVARIANT, A_WORD };

static bool in_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '>';
}

static const struct leader {
	const char *word;
	enum expected next;
} leaders[] = {
	{ "->", AN_END }, { "allow", AN_END }, { "never", AN_END },
	{ "only", AN_END }, { "must", AN_END }, { "confine", AN_END },
	{ "avoiding", AN_END }, { "reach", AN_END }, { "tiers", AN_END },
	{ "group", AN_END }, { "yes", AN_END }, { "no", AN_END },
	{ "on", A_SERVICE }, { "in", A_PLACE }, { "peer", A_PLACE },
	{ "parity", A_PLACE }, { "environment", A_PLACE },
	{ "waives", AN_INVARIANT },
};

/*
 * What is expected at OFFSET of TEXT: names of a kind after a leader and what may
 * stand in a list; keywords elsewhere.
 */
static enum expected look_back(const char *text, size_t offset)
{
	size_t end = offset, start;
	bool first = true;

	while (end && in_word(text[end - 1]))
		end--;		/* the word that is being written */
	for (;; first = false) {
		bool list = false;

		while (end && strchr(" \t\r\n,()", text[end - 1]))
			list |= text[--end] == ',';
		if (!end || strchr(";{}", text[end - 1]))
			return first ? A_START : A_WORD;
		for (start = end; start && in_word(text[start - 1]); start--)
			;
		if (start == end)
			return text[end - 1] == ':' && first ? A_START : A_WORD;
		for (size_t i = 0; i < sizeof leaders / sizeof *leaders; i++)
			if (strlen(leaders[i].word) == end - start &&
			    memcmp(leaders[i].word, text + start, end - start) == 0)
				return leaders[i].next;
		/* a name before a comma, or `except`: what leads is further back */
		if (first && !list &&
		    (end - start != 6 || memcmp(text + start, "except", 6) != 0))
			return A_WORD;
		end = start;
	}
}

static bool fits(enum expected expected, enum fb_symbol_kind kind)
{
	switch (expected) {
	case AN_END:
		return kind <= FB_SYMBOL_GROUP;
	case A_SERVICE:
		return kind == FB_SYMBOL_SERVICE;
	case A_PLACE:
		return kind == FB_SYMBOL_ENVIRONMENT || kind == FB_SYMBOL_CUSTOMER;
	case AN_INVARIANT:
		return kind == FB_SYMBOL_INVARIANT;
	case A_START:
	case A_WORD:
		break;
	}
	return false;
}

enum { OF_NAME = 6, OF_KEYWORD = 14, OF_CONSTANT = 21 };	/* the protocol's */

static void add(json_t *items, const char *label, int kind, const char *detail)
{
	json_array_append_new(items, json_pack("{s:s, s:i, s:s}", "label", label,
					       "kind", kind, "detail", detail));
}

static void add_keywords(json_t *items, bool starts)
{
	const char *word;
	bool begins;

	for (size_t i = 0; (word = fb_keyword(i, &begins)); i++)
		if (begins == starts)
			add(items, word, OF_KEYWORD, "");
}

static void add_names(json_t *items, struct fb *fb, enum expected expected)
{
	static const char *const details[] = {
		[FB_SYMBOL_LAYER] = "layer", [FB_SYMBOL_NETWORK] = "network",
		[FB_SYMBOL_GROUP] = "group", [FB_SYMBOL_SERVICE] = "service",
		[FB_SYMBOL_ENVIRONMENT] = "environment",
		[FB_SYMBOL_CUSTOMER] = "customer", [FB_SYMBOL_RULE] = "rule",
		[FB_SYMBOL_INVARIANT] = "invariant",
	};
	size_t count;
	const struct fb_symbol *all = fb_symbols(fb, &count);
	const char *const *library;

	for (size_t i = 0; i < count; i++)
		if (all[i].declares && fits(expected, all[i].kind))
			add(items, all[i].name, OF_NAME, details[all[i].kind]);
	if (expected == AN_END) {
		add(items, "internet", OF_CONSTANT, "every public address");
		add(items, "any", OF_CONSTANT, "everybody");
	}
	if (expected != A_SERVICE)
		return;
	add(items, "any", OF_CONSTANT, "every service");
	library = fb_library_services(fb, &count);
	for (size_t i = 0; i < count; i++)
		add(items, library[i], OF_CONSTANT, "service of the library");
}

json_t *lsp_complete(struct lsp *lsp, const char *path, const json_t *params,
		     const char **why)
{
	struct lsp_document *d = lsp_find(lsp, path);
	struct lsp_policy *p = lsp_policy(lsp, path);
	json_t *items = json_array();
	enum expected expected;

	(void)why;
	if (!d || !p)
		return items;
	expected = look_back(d->text, lsp_offset(lsp, d->text, d->len,
				     json_object_get(params, "position")));
	add_names(items, p->fb, expected);
	if (expected == A_START || expected == A_WORD)
		add_keywords(items, expected == A_START);
	/* behind `name:` a rule or an invariant begins, whose words begin nothing else */
	if (expected == A_START)
		for (size_t i = 0; i < sizeof leaders / sizeof *leaders; i++)
			if (strchr("anomctri", *leaders[i].word) &&
			    leaders[i].next == AN_END && *leaders[i].word != '-')
				add(items, leaders[i].word, OF_KEYWORD, "");
	return items;
}
