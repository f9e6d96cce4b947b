/*
 * A bundle read back, as far as making it again needs it: how it was made, and
 * the history that was told.  And the digest that manifests are made of.
 */
#include "firebreak/firebreak.h"

#include "compiler/base/json.h"
#include "compiler/context.h"

#include <jansson.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

void fb_digest(const char *bytes, size_t len, char out[65])
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx state;

	sha256_init(&state);
	sha256_update(&state, len, (const uint8_t *)bytes);
	sha256_digest(&state, sizeof digest, digest);
	for (size_t i = 0; i < sizeof digest; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

/* The string KEY of OBJECT into the CAP bytes at OUT; false: none, too long. */
static bool take(const json_t *object, const char *key, char *out, size_t cap)
{
	const char *string = json_string_value(json_object_get(object, key));

	if (!string || strlen(string) >= cap)
		return false;
	memcpy(out, string, strlen(string) + 1);
	return true;
}

bool fb_bundle_read(const char *bytes, size_t len, struct fb_bundle *out)
{
	json_t *model = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, NULL);
	char schema[32], day[16];
	bool good = take(model, "schema", schema, sizeof schema) &&
		    strcmp(schema, "firebreak-model-1") == 0 &&
		    take(model, "firebreak", out->version,
			 sizeof out->version) &&
		    take(model, "main", out->main, sizeof out->main) &&
		    take(model, "main_before", out->main_before,
			 sizeof out->main_before) &&
		    take(model, "controls_chosen", out->controls,
			 sizeof out->controls) &&
		    take(model, "classification", out->classification,
			 sizeof out->classification) &&
		    take(model, "as_of", day, sizeof day) &&
		    fb_day(day, &out->as_of);

	json_decref(model);
	return good;
}

struct history_call {
	const char *bytes;
	size_t len;
	struct fb_since *since;
};

/* The string KEY of OBJECT into *OUT. */
static bool get(const struct json *object, const char *key, const char **out)
{
	*out = jv_string(jv_get(object, key));
	return *out != NULL;
}

static bool get_commit(const struct json *object, struct fb_commit *c)
{
	return get(object, "commit", &c->hash) && get(object, "day", &c->day) &&
	       get(object, "author", &c->author) &&
	       get(object, "email", &c->email) &&
	       get(object, "subject", &c->subject) &&
	       get(object, "tickets", &c->tickets) &&
	       get(object, "approvers", &c->approvers);
}

/* A commit is a directory of the bundle. */
static bool is_hash(const char *text)
{
	size_t len = strlen(text);

	return len >= 40 && strspn(text, "0123456789abcdef") == len;
}

static bool get_steps(struct fb *fb, const struct json *all, struct fb_since *s)
{
	const struct json *list = jv_get(all, "steps");
	struct fb_freeze_step *steps;

	if (!list || list->kind != JV_ARRAY)
		return false;
	steps = arena_array(fb->arena, list->count, sizeof *steps);
	for (const struct json *j = list->first; j; j = j->next) {
		struct fb_freeze_step *step = &steps[s->step_count];
		const char *hash;

		if (!get(j, "commit", &hash) || !is_hash(hash) ||
		    !get(j, "main_before", &step->main_before) ||
		    !get(j, "main_after", &step->main_after))
			return false;
		while (step->commit < s->commit_count &&
		       strcmp(s->commits[step->commit].hash, hash) != 0)
			step->commit++;
		if (step->commit == s->commit_count)
			return false;
		s->step_count++;
	}
	s->steps = steps;
	return true;
}

static enum fb_status history(struct fb *fb, void *argument)
{
	struct history_call *call = argument;
	struct fb_since *s = arena_alloc(fb->arena, sizeof *s);
	struct jv_fault fault;
	const struct json *all = jv_read(fb->arena, call->bytes, call->len,
					 &fault);
	const struct json *list = jv_get(all, "commits");
	const struct json *uncommitted = jv_get(all, "uncommitted");
	struct fb_commit *commits;

	if (!get(all, "since", &s->name) || !get(all, "from", &s->from) ||
	    !get(all, "to", &s->to) || !get(all, "path", &s->path) ||
	    !uncommitted || !list || list->kind != JV_ARRAY)
		return FB_BAD;
	s->uncommitted = uncommitted->kind == JV_TRUE;
	commits = arena_array(fb->arena, list->count, sizeof *commits);
	for (const struct json *c = list->first; c; c = c->next)
		if (!get_commit(c, &commits[s->commit_count++]))
			return FB_BAD;
	s->commits = commits;
	if (!get_steps(fb, all, s))
		return FB_BAD;
	call->since = s;
	return FB_OK;
}

struct fb_since *fb_history_read(struct fb *fb, const char *bytes, size_t len)
{
	struct history_call call = { bytes, len, NULL };

	(void)guarded(fb, history, &call);	/* without memory: NULL */
	return call.since;
}
