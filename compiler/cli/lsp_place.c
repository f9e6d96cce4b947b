/* Files and positions as the protocol has them. */
#include "compiler/cli/lsp.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static int hex(char c)
{
	return isdigit((unsigned char)c) ? c - '0'
		: isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
		: -1;
}

char *lsp_path(const char *uri)
{
	static const char scheme[] = "file://";
	char *path, *to;

	if (strncmp(uri, scheme, sizeof scheme - 1) != 0)
		return NULL;
	uri += sizeof scheme - 1;
	path = to = malloc(strlen(uri) + 1);
	for (; path && *uri; uri++) {
		if (*uri == '%' && hex(uri[1]) >= 0 && hex(uri[2]) >= 0) {
			*to++ = (char)(hex(uri[1]) << 4 | hex(uri[2]));
			uri += 2;
		} else {
			*to++ = *uri;
		}
	}
	if (!path)
		return NULL;
	*to = '\0';
	if (*path == '/' && !memchr(path, '\0', (size_t)(to - path)))
		return path;
	free(path);		/* of another host, or no path at all */
	return NULL;
}

json_t *lsp_uri(const char *path)
{
	char *uri = malloc(strlen(path) * 3 + sizeof "file://"), *to = uri;
	json_t *made;

	if (!uri)
		return NULL;
	to += sprintf(to, "file://");
	for (; *path; path++) {
		if (isalnum((unsigned char)*path) || strchr("/-_.~", *path))
			*to++ = *path;
		else
			to += sprintf(to, "%%%02X", (unsigned char)*path);
	}
	*to = '\0';
	made = json_string(uri);
	free(uri);
	return made;
}

/* The bytes of the character at S, at most LEFT; broken ones count alone. */
static size_t character(const char *s, size_t left)
{
	unsigned char c = (unsigned char)*s;
	size_t len = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	return len <= left ? len : 1;
}

/* What a character of LEN bytes counts as in a position. */
static size_t units(const struct lsp *lsp, size_t len)
{
	return lsp->bytes ? len : len == 4 ? 2 : 1;
}

size_t lsp_offset(const struct lsp *lsp, const char *text, size_t len,
		  const json_t *position)
{
	json_int_t line = json_integer_value(json_object_get(position, "line"));
	json_int_t unit = json_integer_value(json_object_get(position, "character"));
	size_t at = 0;

	for (; line > 0; line--) {
		const char *end = memchr(text + at, '\n', len - at);

		if (!end)
			return len;
		at = (size_t)(end - text) + 1;
	}
	while (unit > 0 && at < len && text[at] != '\n') {
		size_t n = character(text + at, len - at);

		unit -= (json_int_t)units(lsp, n);
		at += n;
	}
	return at;
}

json_t *lsp_position(const struct lsp *lsp, const char *text, size_t len,
		     size_t offset)
{
	json_int_t line = 0, unit = 0;
	size_t at = 0;

	if (offset > len)
		offset = len;
	for (const char *end; (end = memchr(text + at, '\n', offset - at)); line++)
		at = (size_t)(end - text) + 1;
	while (at < offset) {
		size_t n = character(text + at, len - at);

		unit += (json_int_t)units(lsp, n);
		at += n;
	}
	return json_pack("{s:I, s:I}", "line", line, "character", unit);
}

json_t *lsp_range(const struct lsp *lsp, const struct fb_extract *at)
{
	return json_pack("{s:o, s:o}",
			 "start", lsp_position(lsp, at->text, at->len, at->lo),
			 "end", lsp_position(lsp, at->text, at->len, at->hi));
}
