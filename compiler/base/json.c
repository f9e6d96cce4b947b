/*
 * One pass over a copy of the text: strings are decoded where they stand, and
 * the quote behind each becomes its NUL.
 */
#include "compiler/base/json.h"

#include "compiler/base/table.h"
#include "compiler/base/utf8.h"

#include <string.h>

struct reading {
	struct arena *arena;
	char *at, *end, *text;
	const char *fault;	/* the first one; nothing is read behind it */
	unsigned depth;
};

/* Members before the keys of an object are looked up in a table. */
enum { FEW = 12 };

static struct json *give_up(struct reading *r, const char *what)
{
	if (!r->fault)
		r->fault = what;
	return NULL;
}

static void skip_space(struct reading *r)
{
	while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' ||
				  *r->at == '\t' || *r->at == '\r'))
		r->at++;
}

/* --- strings --- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The four digits at AT, or -1. */
static int32_t unit(const struct reading *r, const char *at)
{
	int32_t value = 0;

	if (r->end - at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(at[i]);

		if (digit < 0)
			return -1;
		value = value << 4 | digit;
	}
	return value;
}

/* UTF-8 of C to OUT; its length.  An escape is longer than what it stands for. */
static size_t encode(uint32_t c, char *out)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* Behind "\u": the character to *OUT.  False: none, or half of one. */
static bool take_unicode(struct reading *r, char **out)
{
	int32_t high = unit(r, r->at), low;
	uint32_t c = (uint32_t)high;

	if (high <= 0)
		return false;
	r->at += 4;
	if (high >= 0xdc00 && high <= 0xdfff)
		return false;
	if (high >= 0xd800 && high <= 0xdbff) {
		if (r->end - r->at < 6 || r->at[0] != '\\' || r->at[1] != 'u')
			return false;
		low = unit(r, r->at + 2);
		if (low < 0xdc00 || low > 0xdfff)
			return false;
		r->at += 6;
		c = 0x10000 + (((uint32_t)high - 0xd800) << 10 |
			       ((uint32_t)low - 0xdc00));
	}
	*out += encode(c, *out);
	return true;
}

/* Behind a backslash. */
static bool take_escape(struct reading *r, char **out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *known;

	if (r->at == r->end)
		return false;
	if (*r->at == 'u') {
		r->at++;
		return take_unicode(r, out);
	}
	known = *r->at ? strchr(from, *r->at) : NULL;
	if (!known)
		return false;
	*(*out)++ = to[known - from];
	r->at++;
	return true;
}

/* A character of two to four bytes, copied.  False: no UTF-8. */
static bool take_wide(struct reading *r, char **out)
{
	uint32_t c;
	size_t len = utf8_read(r->at, (size_t)(r->end - r->at), &c);

	memmove(*out, r->at, len);
	*out += len;
	r->at += len;
	return len;
}

/* Behind the quote: the string, or NULL. */
static const char *take_string(struct reading *r)
{
	char *start = r->at, *out = r->at;

	for (;;) {
		unsigned char c;

		if (r->at == r->end)
			return (void *)give_up(r, "a string has no end");
		c = (unsigned char)*r->at;
		if (c == '"') {
			r->at++;
			*out = '\0';
			return start;
		}
		if (c == '\\') {
			r->at++;
			if (!take_escape(r, &out))
				return (void *)give_up(r, "an escape in a string stands for nothing");
		} else if (c < 0x20) {
			return (void *)give_up(r, "a control character in a string");
		} else if (c >= 0x80) {
			if (!take_wide(r, &out))
				return (void *)give_up(r, "a string is not UTF-8");
		} else {
			*out++ = *r->at++;
		}
	}
}

/* --- numbers and words --- */

static size_t digits(struct reading *r)
{
	char *start = r->at;

	while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
		r->at++;
	return (size_t)(r->at - start);
}

/* The digits from FROM to r->at, negative or not.  False: beyond 64 bits. */
static bool whole(const struct reading *r, const char *from, bool negative,
		  int64_t *out)
{
	*out = 0;
	for (; from < r->at; from++) {
		int64_t digit = negative ? '0' - *from : *from - '0';

		if (__builtin_mul_overflow(*out, 10, out) ||
		    __builtin_add_overflow(*out, digit, out))
			return false;
	}
	return true;
}

static bool take_number(struct reading *r, struct json *value)
{
	static const char bad[] = "a number is not as JSON has it";
	bool negative = *r->at == '-';
	char *first;
	size_t count;

	r->at += negative;
	first = r->at;
	count = digits(r);
	if (!count || (count > 1 && *first == '0'))
		return give_up(r, bad);
	value->kind = JV_INTEGER;
	if (!whole(r, first, negative, &value->integer))
		value->kind = JV_NULL;
	if (r->at < r->end && *r->at == '.') {
		r->at++;
		value->kind = JV_REAL;
		if (!digits(r))
			return give_up(r, bad);
	}
	if (r->at < r->end && (*r->at == 'e' || *r->at == 'E')) {
		r->at++;
		value->kind = JV_REAL;
		if (r->at < r->end && (*r->at == '+' || *r->at == '-'))
			r->at++;
		if (!digits(r))
			return give_up(r, bad);
	}
	return value->kind != JV_NULL ||
	       give_up(r, "a number has more than 64 bits");
}

static bool take_word(struct reading *r, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(r->end - r->at) < len || memcmp(r->at, word, len) != 0)
		return give_up(r, "something that is no value");
	r->at += len;
	return true;
}

/* --- arrays and objects --- */

static struct json *take_value(struct reading *r);

/* Behind an item: true when one more follows, false at CLOSE or a fault. */
static bool goes_on(struct reading *r, char close)
{
	skip_space(r);
	if (r->at < r->end && *r->at == ',') {
		r->at++;
		skip_space(r);
		return true;
	}
	if (r->at == r->end || *r->at != close)
		give_up(r, "a comma or a bracket is missing");
	else
		r->at++;
	return false;
}

static void take_items(struct reading *r, struct json *array)
{
	const struct json **last = &array->first;

	do {
		struct json *item = take_value(r);

		if (!item)
			return;
		*last = item;
		last = &item->next;
		array->count++;
	} while (goes_on(r, ']'));
}

/* Is KEY new in OBJECT?  From FEW members on, TABLE has all of them. */
static bool is_new(struct reading *r, const struct json *object,
		   struct table *table, const char *key)
{
	void **known;

	if (object->count < FEW)
		return !jv_get(object, key);
	if (object->count == FEW)
		for (const struct json *m = object->first; m; m = m->next)
			*table_at_name(table, m->key) = r;
	known = table_at_name(table, key);
	if (*known)
		return false;
	*known = r;
	return true;
}

static const char *take_key(struct reading *r)
{
	const char *key;

	if (r->at == r->end || *r->at != '"')
		return (void *)give_up(r, "a key is missing");
	r->at++;
	key = take_string(r);
	if (!key)
		return NULL;
	skip_space(r);
	if (r->at == r->end || *r->at != ':')
		return (void *)give_up(r, "a colon is missing");
	r->at++;
	skip_space(r);
	return key;
}

static void take_members(struct reading *r, struct json *object)
{
	const struct json **last = &object->first;
	struct table keys = TABLE_IN(r->arena);

	do {
		const char *key = take_key(r);
		struct json *member;

		if (!key)
			return;
		if (!is_new(r, object, &keys, key)) {
			give_up(r, "a key stands twice in an object");
			return;
		}
		member = take_value(r);
		if (!member)
			return;
		member->key = key;
		*last = member;
		last = &member->next;
		object->count++;
	} while (goes_on(r, '}'));
}

static void take_inside(struct reading *r, struct json *value, char close,
			void (*take)(struct reading *r, struct json *value))
{
	if (++r->depth > JV_DEEP) {
		give_up(r, "brackets nested too deeply");
		return;
	}
	r->at++;
	skip_space(r);
	if (r->at < r->end && *r->at == close)
		r->at++;
	else
		take(r, value);
	r->depth--;
}

static struct json *take_value(struct reading *r)
{
	struct json *value = arena_alloc(r->arena, sizeof *value);

	switch (r->at < r->end ? *r->at : '\0') {
	case '{':
		value->kind = JV_OBJECT;
		take_inside(r, value, '}', take_members);
		break;
	case '[':
		value->kind = JV_ARRAY;
		take_inside(r, value, ']', take_items);
		break;
	case '"':
		value->kind = JV_STRING;
		r->at++;
		value->string = take_string(r);
		break;
	case 't':
		value->kind = JV_TRUE;
		take_word(r, "true");
		break;
	case 'f':
		value->kind = JV_FALSE;
		take_word(r, "false");
		break;
	case 'n':
		value->kind = JV_NULL;
		take_word(r, "null");
		break;
	case '-': case '0': case '1': case '2': case '3': case '4':
	case '5': case '6': case '7': case '8': case '9':
		take_number(r, value);
		break;
	default:
		give_up(r, "something that is no value");
	}
	return r->fault ? NULL : value;
}

/* The line of ORIGINAL that the reader is in: decoding changes no newline. */
static unsigned line_of(const struct reading *r, const char *original)
{
	unsigned line = 1;

	for (const char *c = r->text; c < r->at; c++)
		line += original[c - r->text] == '\n';
	return line;
}

const struct json *jv_read(struct arena *arena, const char *text, size_t len,
			     struct jv_fault *fault)
{
	struct reading r = { .arena = arena };
	struct json *value;

	r.text = r.at = arena_copy(arena, text, len);
	r.end = r.text + len;
	skip_space(&r);
	value = take_value(&r);
	skip_space(&r);
	if (value && r.at < r.end)
		value = give_up(&r, "something stands behind the value");
	if (!value)
		*fault = (struct jv_fault){ line_of(&r, text), r.fault };
	return value;
}

const struct json *jv_get(const struct json *object, const char *key)
{
	if (!object || object->kind != JV_OBJECT)
		return NULL;
	for (const struct json *m = object->first; m; m = m->next)
		if (strcmp(m->key, key) == 0)
			return m;
	return NULL;
}

const char *jv_string(const struct json *value)
{
	return value && value->kind == JV_STRING ? value->string : NULL;
}
