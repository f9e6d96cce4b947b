/*
 * What an argument refers to that has no value yet: "Expression Representation"
 * of Terraform's JSON output.
 *
 * An expression stands there as its references, each followed by what it is part
 * of; of a file in JSON also as it was written, which says it exactly.  What is
 * followed is the one attribute of one object, through variables and outputs of
 * modules; what refers to two things, or computes, refers to nothing here.
 */
#include "backends/aws/show.h"

#include <string.h>

enum { STEPS_MOST = 64 };

/* An expression, and where it stands. */
struct place {
	const struct show_module *module;
	const char *index;		/* what count.index or each.key are of */
	const struct json *expression;
};

/* The string of a constant; of a list with one element, that one. */
static const char *written_in(const struct json *expression)
{
	const struct json *is = jv_get(expression, "constant_value");

	if (is && is->kind == JV_ARRAY && is->count == 1)
		is = is->first;
	return jv_string(is);
}

static const struct json *references_in(const struct json *expression)
{
	const struct json *all = jv_get(expression, "references");

	return all && all->kind == JV_ARRAY ? all->first : NULL;
}

/* Is PART the beginning of WHOLE, up to the end of a step? */
static bool is_part(const char *part, const char *whole)
{
	size_t len = strlen(part);

	return strncmp(part, whole, len) == 0 &&
	       (!whole[len] || whole[len] == '.' || whole[len] == '[');
}

/* The one that all are parts of: it stands first. */
static const char *only_reference(const struct json *references)
{
	const char *first = jv_string(references);

	for (const struct json *one = references; first && one; one = one->next) {
		const char *part = jv_string(one);

		if (!part || !is_part(part, first))
			return NULL;
	}
	return first;
}

/*
 * "${R[count.index].id}" or with each.key, where R and the word are all that is
 * referred to: R with the index of the instance, as INDEX writes it.
 */
static const char *indexed(struct show *s, const char *written,
			   const struct json *references, const char *index)
{
	const char *base = jv_string(references);
	const char *word = references ? jv_string(references->next) : NULL;
	bool number;

	if (!base || !word || references->next->next || !*index)
		return NULL;
	number = strcmp(word, "count.index") == 0;
	if ((!number && strcmp(word, "each.key") != 0) ||
	    number == (index[1] == '"') ||
	    strcmp(written, arena_printf(s->json.arena, "${%s[%s].id}", base,
					 word)) != 0)
		return NULL;
	return arena_printf(s->json.arena, "%s%s.id", base, index);
}

/* The one thing that the expression is, as it would be written; or NULL. */
static const char *reference_at(struct show *s, const struct place *at)
{
	const struct json *references = references_in(at->expression);
	const char *written = written_in(at->expression);
	const char *only = only_reference(references);

	if (!written)
		return only;
	if (only && strcmp(written, arena_printf(s->json.arena, "${%s}",
						 only)) == 0)
		return only;
	return indexed(s, written, references, at->index);
}

/* --- steps --- */

/* var.NAME: what the call of the module gives it. */
static bool step_up(struct place *at, const char *name)
{
	const struct show_module *m = at->module;

	if (!m->up)
		return false;
	at->expression = jv_get(jv_get(jv_get(jv_get(m->up->config,
		"module_calls"), m->name), "expressions"), name);
	at->index = m->index;
	at->module = m->up;
	return at->expression;
}

/* module.NAME.OUTPUT, or module.NAME[INDEX].OUTPUT. */
static bool step_down(struct show *s, struct place *at, const char *reference)
{
	const char *dot = strrchr(reference, '.');
	const char *local = arena_copy(s->json.arena, reference,
				       (size_t)(dot - reference));
	const struct show_module *m = table_get_name(&s->modules,
		*at->module->address
		? arena_printf(s->json.arena, "%s.%s", at->module->address,
			       local) : local);

	if (!m)
		return false;
	at->expression = jv_get(jv_get(jv_get(m->config, "outputs"), dot + 1),
				"expression");
	at->index = "";
	at->module = m;
	return at->expression;
}

/* TYPE.NAME.id, with an index perhaps: its address. */
static const char *address_of(struct show *s, const struct place *at,
			      const char *reference)
{
	size_t len = strlen(reference), id = strlen(".id");

	if (len <= id || strcmp(reference + len - id, ".id") != 0)
		return NULL;
	return arena_printf(s->r.arena, "%s%s%.*s", at->module->address,
			    *at->module->address ? "." : "", (int)(len - id),
			    reference);
}

static const char *follow(struct show *s, struct place at)
{
	for (int i = 0; i < STEPS_MOST; i++) {
		const char *is = reference_at(s, &at);

		if (!is)
			return NULL;
		if (strncmp(is, "var.", 4) == 0) {
			if (!step_up(&at, is + 4))
				return NULL;
		} else if (strncmp(is, "module.", 7) == 0) {
			if (!step_down(s, &at, is))
				return NULL;
		} else {
			return address_of(s, &at, is);
		}
	}
	return NULL;
}

const char *show_referred(struct show *s, const struct show_object *o,
			  const char *key, const char **why)
{
	const struct path path = { &(struct path){ NULL, o->address }, key };
	const char *address = NULL;

	if (jv_get(o->config, key))
		address = follow(s, (struct place){ o->module, o->index,
						    jv_get(o->config, key) });
	if (address)
		return address;
	if (why)
		*why = arena_printf(s->r.arena, "`%.200s.%s` is not known yet, and "
				    "the configuration does not say which one it will be",
				    o->address, key);
	else
		refuse(&s->json, &path, "is not known yet, and the configuration "
		       "does not say which one it will be");
	return NULL;
}
