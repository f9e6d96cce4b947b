/* Indented by two blanks a level; strings by markup's put_json(). */
#include "compiler/base/jsonout.h"

#include "compiler/base/markup.h"

static void next(struct jsonout *j, const char *key)
{
	if (j->depth) {
		text_puts(j->out, j->started ? ",\n" : "\n");
		text_fill(j->out, ' ', (size_t)2 * j->depth);
	}
	j->started = true;
	if (key) {
		put_json(j->out, key);
		text_puts(j->out, ": ");
	}
}

void jsonout_open(struct jsonout *j, const char *key, char bracket)
{
	next(j, key);
	text_putc(j->out, bracket);
	j->depth++;
	j->started = false;
}

void jsonout_close(struct jsonout *j, char bracket)
{
	j->depth--;
	if (j->started) {
		text_putc(j->out, '\n');
		text_fill(j->out, ' ', (size_t)2 * j->depth);
	}
	text_putc(j->out, bracket == '{' ? '}' : ']');
	j->started = true;
}

void jsonout_string(struct jsonout *j, const char *key, const char *string)
{
	next(j, key);
	if (string)
		put_json(j->out, string);
	else
		text_puts(j->out, "null");
}

void jsonout_number(struct jsonout *j, const char *key, long long number)
{
	next(j, key);
	text_printf(j->out, "%lld", number);
}

/* Every digit that a double holds for certain. */
void jsonout_real(struct jsonout *j, const char *key, double number)
{
	next(j, key);
	text_printf(j->out, "%.15g", number);
}

void jsonout_bool(struct jsonout *j, const char *key, bool value)
{
	next(j, key);
	text_puts(j->out, value ? "true" : "false");
}

void jsonout_strings(struct jsonout *j, const char *key,
		     const char *const *strings, size_t count)
{
	jsonout_open(j, key, '[');
	for (size_t i = 0; i < count; i++)
		jsonout_string(j, NULL, strings[i]);
	jsonout_close(j, '[');
}

void jsonout_wrapped(struct jsonout *j, const char *key, const char *inner,
		     const char *string)
{
	next(j, key);
	text_puts(j->out, "{ ");
	put_json(j->out, inner);
	text_puts(j->out, ": ");
	put_json(j->out, string);
	text_puts(j->out, " }");
}
