/* One escaping function for every JSON that we write. */
#include "backends/aws/write_json.h"

#include <string.h>

static void add_escaped(struct text *out, unsigned char c)
{
	if (c == '"' || c == '\\')
		text_putc(out, '\\');
	if (c < ' ')
		text_printf(out, "\\u%04x", c);
	else
		text_putc(out, (char)c);
}

static bool is_special(unsigned char c)
{
	return c < ' ' || c == '"' || c == '\\';
}

/* A string of the policy is UTF-8 already, and JSON takes that as it is. */
static void add_string(struct text *out, const char *string)
{
	text_putc(out, '"');
	while (*string) {
		size_t plain = 0;

		while (string[plain] && !is_special((unsigned char)string[plain]))
			plain++;
		text_add(out, string, plain);
		string += plain;
		if (*string)
			add_escaped(out, (unsigned char)*string++);
	}
	text_putc(out, '"');
}

static void new_line(struct writer *w)
{
	text_putc(&w->text, '\n');
	text_fill(&w->text, ' ', 2 * w->depth);
}

struct writer writer_begin(struct arena *arena)
{
	struct writer w = { .text = TEXT_IN(arena), .depth = 1, .fresh = true };

	text_putc(&w.text, '{');
	return w;
}

struct artefact writer_end(struct writer *w, const char *path)
{
	put_close(w, '}');
	text_putc(&w->text, '\n');
	return (struct artefact){ .path = path,
				  .bytes = text_string(&w->text),
				  .len = w->text.len };
}

void put_key(struct writer *w, const char *key)
{
	if (!w->fresh)
		text_putc(&w->text, ',');
	if (!w->one_line)
		new_line(w);
	else if (!w->fresh)
		text_putc(&w->text, ' ');
	w->fresh = false;
	if (!key)
		return;
	add_string(&w->text, key);
	text_add(&w->text, ": ", 2);
}

void put_open(struct writer *w, const char *key, char bracket)
{
	put_key(w, key);
	text_putc(&w->text, bracket);
	w->depth++;
	w->fresh = true;
}

/* Nothing between two brackets: on one line. */
void put_close(struct writer *w, char bracket)
{
	w->depth--;
	if (!w->one_line && !w->fresh)
		new_line(w);
	text_putc(&w->text, bracket);
	w->fresh = false;
}

void put_string(struct writer *w, const char *key, const char *value)
{
	put_key(w, key);
	add_string(&w->text, value);
}

void put_number(struct writer *w, const char *key, int value)
{
	put_key(w, key);
	text_number(&w->text, value);
}
