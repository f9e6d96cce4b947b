/* The scanner's idea of blanks and comments, and nothing else of it. */
#include "compiler/wording.h"

#include "compiler/base/text.h"

#include <stdbool.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Behind the text in quotes that begins at AT. */
static const char *end_of_quotes(const char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++)
		if (*at == '\\' && at + 1 < end)
			at++;
	return at < end ? at + 1 : end;
}

/* Behind white space and comments. */
static const char *skip_blank(const char *at, const char *end)
{
	while (at < end && (is_blank(*at) || *at == '#')) {
		if (*at == '#')
			while (at < end && *at != '\n')
				at++;
		else
			at++;
	}
	return at;
}

const char *wording_of(struct arena *arena, const struct sources *sources,
		       struct span span)
{
	const struct source *s = source_of(sources, span.lo);
	struct text out = TEXT_IN(arena);
	const char *at, *end, *next;

	if (!s || span.hi - s->base > s->len)
		return "";
	at = s->text + (span.lo - s->base);
	end = s->text + (span.hi - s->base);
	for (at = skip_blank(at, end); at < end; at = next) {
		next = skip_blank(at, end);
		if (next > at && next < end && *next != ';') {
			text_putc(&out, ' ');
		} else if (next == at) {
			next = *at == '"' ? end_of_quotes(at, end) : at + 1;
			text_add(&out, at, (size_t)(next - at));
		}
	}
	return text_string(&out);
}
