/*
 * What a rule or an invariant says, and where: as written, without what a report
 * shows elsewhere.
 */
#include "compiler/evidence/facts.h"

#include "compiler/base/source.h"
#include "compiler/base/text.h"

#include <string.h>

static bool is_attribute(const char *word, size_t len)
{
	static const char *const words[] = {
		"owner", "ticket", "reason", "expires", "reviewed", "approved",
		"party", "log", "waives", "controls", "severity", "emergency",
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strlen(words[i]) == len && memcmp(words[i], word, len) == 0)
			return true;
	return false;
}

/* Does an operand, and no attribute, have to follow this token? */
static bool wants_operand(const char *token, size_t len)
{
	static const char *const words[] = {
		"->", ",", "(", ">", "allow", "never", "only", "confine",
		"must", "isolate", "tiers", "reach", "parity", "rule", "on",
		"in", "except", "avoiding",
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strlen(words[i]) == len && memcmp(words[i], token, len) == 0)
			return true;
	return false;
}

/* The length of the token at AT, at least 1; of a comment, its whole line. */
static size_t token(const char *at, const char *end)
{
	const char *p = at;

	if (*at == '#') {
		while (p < end && *p != '\n')
			p++;
	} else if (*at == '"') {
		for (p++; p < end && *p != '"'; p++)
			p += *p == '\\';
		p++;
	} else if (end - at > 1 && memcmp(at, "->", 2) == 0) {
		p += 2;
	} else {
		while (p < end && !strchr(" \t\r\n,()>;#\"", *p) &&
		       !(p > at && end - p > 1 && memcmp(p, "->", 2) == 0))
			p++;
	}
	return p > at ? (size_t)(p - at) : 1;
}

/*
 * What a rule or invariant says: its text at SPAN behind the label, one space
 * between words, up to its first attribute.
 */
const char *evidence_statement(struct arena *arena, const struct ir *ir,
			       struct span span)
{
	const struct source *s = source_of(ir->sources, span.lo);
	const char *at = s->text + (span.lo - s->base);
	const char *end = s->text + (span.hi - s->base);
	const char *last = "->";
	size_t last_len = 2;
	struct text out = TEXT_IN(arena);

	while (at < end && *at != ':')
		at++;
	for (at++; at < end && *at != ';';) {
		size_t len = token(at, end);

		if (strchr(" \t\r\n", *at) || *at == '#') {
			at += len;
			continue;
		}
		if (is_attribute(at, len) && !wants_operand(last, last_len))
			break;
		if (out.len && *at != ',' && *at != ')' &&
		    !(last_len == 1 && *last == '('))
			text_putc(&out, ' ');
		text_add(&out, at, len);
		last = at;
		last_len = len;
		at += len;
	}
	return text_string(&out);
}

const char *evidence_place(struct arena *arena,
			   const struct evidence_sources *from, struct span span)
{
	const struct sources *all = from->ir->sources;
	struct fb_place place = source_place(all, span);

	if (!place.file)
		return "";
	for (size_t i = 0; i < all->files.count; i++)
		if (all->files.at[i]->name == place.file)
			return arena_printf(arena, "%s:%u", from->names[i],
					    place.line);
	return arena_printf(arena, "%s:%u", place.file, place.line);
}
