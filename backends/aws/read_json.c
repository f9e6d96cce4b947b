/* Strict JSON, and what Terraform makes of its strings. */
#include "backends/aws/read_json.h"

#include "compiler/base/text.h"

#include <string.h>

/* Keys of a foreign file go to a terminal: nothing but plain characters. */
static void add_plain(struct text *text, const char *key)
{
	for (; *key; key++)
		text_putc(text, *key >= ' ' && *key <= '~' ? *key : '?');
}

static void add_path(struct text *text, const struct path *path)
{
	if (!path)
		return;
	add_path(text, path->up);
	if (text->len)
		text_putc(text, '.');
	add_plain(text, path->key);
}

bool refuse(struct reader *r, const struct path *path, const char *format, ...)
{
	struct text where = TEXT_IN(r->arena), what = TEXT_IN(r->arena);
	va_list args;

	add_path(&where, path);
	va_start(args, format);
	text_vprintf(&what, format, args);
	va_end(args);
	diag_add(r->diags, P0601, (struct span){ 0 }, "%s: `%s` %s", r->name,
		 path ? text_string(&where) : "the file", text_string(&what));
	r->good = false;
	return false;
}

const struct json *read_json(struct reader *r, const char *bytes, size_t len)
{
	struct jv_fault fault;
	const struct json *root = jv_read(r->arena, bytes, len, &fault);

	if (!root)
		refuse(r, NULL, "is not JSON as we write it: line %u, %s",
		       fault.line, fault.what);
	return root;
}

static bool is_one_of(const char *key, const char *const *some)
{
	for (; *some; some++)
		if (strcmp(key, *some) == 0)
			return true;
	return false;
}

bool expect_object(struct reader *r, const struct path *path,
			  const struct json *json, const char *const *allowed)
{
	bool good = true;

	if (!json || json->kind != JV_OBJECT)
		return refuse(r, path, json ? "is not an object" : "is missing");
	for (const struct json *m = allowed ? json->first : NULL; m;
	     m = m->next) {
		const struct path here = { path, m->key };

		if (!is_one_of(m->key, allowed))
			good = refuse(r, &here, "is not known here");
	}
	return good;
}

const struct json *read_object(struct reader *r, const struct path *path, const struct json *object,
		    const char *const *allowed)
{
	const struct json *json = jv_get(object, path->key);

	return expect_object(r, path, json, allowed) ? json : NULL;
}

/* Does Terraform compute something of STRING?  "$${" and "%%{" are escapes. */
static bool is_template(const char *string)
{
	for (const char *c = string; *c; c++) {
		if (*c != '$' && *c != '%')
			continue;
		if (c[1] == '{')
			return true;
		if (c[1] == *c && c[2] == '{')
			c += 2;
	}
	return false;
}

/* What a string that is no template stands for. */
static const char *plain_of(struct arena *arena, const char *string)
{
	char *plain = arena_copy(arena, string, strlen(string));
	size_t len = 0;

	for (const char *c = string; *c; c++) {
		bool escape = (*c == '$' || *c == '%') && c[1] == *c &&
			      c[2] == '{';

		plain[len++] = *c;
		if (escape) {
			plain[len++] = '{';
			c += 2;
		}
	}
	plain[len] = '\0';
	return plain;
}

/* The member KEY if it is a string that computes nothing, or NULL and told. */
static const char *literal_at(struct reader *r, const struct path *up,
			      const char *key, const struct json *json)
{
	const struct path path = { up, key };
	const char *string = jv_string(json);

	if (!string) {
		refuse(r, &path, json ? "is not a string" : "is missing");
	} else if (is_template(string)) {
		refuse(r, &path, "has a template expression");
		string = NULL;
	}
	return string;
}

const char *read_literal(struct reader *r, const struct path *up,
			 const char *key, const struct json *object)
{
	const char *string = literal_at(r, up, key,
					jv_get(object, key));

	if (!string || !strchr(string, '{'))
		return string;
	return plain_of(r->arena, string);
}

const char *read_optional(struct reader *r, const struct path *up,
				 const char *key, const struct json *object)
{
	if (!jv_get(object, key))
		return "";
	return read_literal(r, up, key, object);
}

bool expect_string(struct reader *r, const struct path *up,
			  const char *key, const struct json *object, const char *wanted)
{
	const struct path path = { up, key };
	const char *is = jv_string(jv_get(object, key));

	if (is && strcmp(is, wanted) == 0)
		return true;
	return refuse(r, &path, "is not \"%s\"", wanted);
}

void *read_reference(struct reader *r, const struct path *up,
			    const char *key, const struct json *object,
			    const char *before, const struct table *table)
{
	static const char after[] = ".id}";
	const struct path path = { up, key };
	const char *is = jv_string(jv_get(object, key));
	size_t len = is ? strlen(is) : 0, start = strlen(before);
	void *found = NULL;

	if (len > start + strlen(after) && strncmp(is, before, start) == 0 &&
	    strcmp(is + len - strlen(after), after) == 0)
		found = table_get(table, is + start,
				  len - start - strlen(after));
	if (!found)
		refuse(r, &path, "does not refer to anything in this file");
	return found;
}

bool read_number(struct reader *r, const struct path *up,
			const char *key, const struct json *object, int least, int most,
			int *out)
{
	const struct path path = { up, key };
	const struct json *json = jv_get(object, key);

	if (!json || json->kind != JV_INTEGER)
		return refuse(r, &path,
			      json ? "is not a whole number" : "is missing");
	if (json->integer < least || json->integer > most)
		return refuse(r, &path, "is not in %d to %d", least, most);
	*out = (int)json->integer;
	return true;
}

bool expect_tags(struct reader *r, const struct path *path,
			const struct json *tags)
{
	bool good = expect_object(r, path, tags, NULL);

	for (const struct json *m = good ? tags->first : NULL; m; m = m->next) {
		const struct path here = { path, m->key };

		if (is_template(m->key))
			good = refuse(r, &here, "has a template expression");
		else if (!literal_at(r, path, m->key, m))
			good = false;
	}
	return good;
}

/* Terraform: letters, digits, `_` and `-`, not a digit or `-` first. */
bool expect_logical_id(struct reader *r, const struct path *path)
{
	static const char all[] = "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	size_t len = strspn(path->key, all);

	return (len >= 1 && len <= 255 && !path->key[len]) ||
	       refuse(r, path, "is no logical id");
}

bool expect_name(struct reader *r, const struct path *path)
{
	static const char all[] = "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789-";
	size_t good = strspn(path->key, all);

	if (good && !path->key[good] && !strchr("0123456789-", path->key[0]))
		return true;
	return refuse(r, path, "is no name that Terraform takes");
}
