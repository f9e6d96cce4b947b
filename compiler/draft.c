/*
 * A policy drafted from what runs: the target's words, laid out in the one way.
 */
#include "firebreak/firebreak.h"

#include "backends/backend.h"
#include "compiler/context.h"
#include "compiler/fmt.h"

#include <string.h>

struct draft_call {
	const char *name, *bytes;
	size_t len;
	struct fb_draft *out;
};

static const struct backend *drafter(const char *bytes, size_t len)
{
	for (size_t i = 0; backends[i]; i++)
		if (backends[i]->draft && backends[i]->recognise(bytes, len))
			return backends[i];
	return NULL;
}

/* --- several captures --- */

struct join_call {
	const struct fb_capture *captures;
	size_t count;
	struct fb_capture *out;
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The backend that one of them is of. */
static const struct backend *joiner(const struct join_call *call)
{
	for (size_t i = 0; i < call->count; i++) {
		const struct backend *b = drafter(call->captures[i].bytes,
						  call->captures[i].len);

		if (b && b->join)
			return b;
	}
	return NULL;
}

static void tell_unknown(struct fb *fb, const char *name)
{
	diag_help(diag_add(&fb->diags, P0601, (struct span){ 0 },
			   "%s is not a capture of any target", name),
		  "known is what describe-security-groups and describe-security-group-rules answer");
}

static enum fb_status join(struct fb *fb, void *argument)
{
	struct join_call *call = argument;
	const struct backend *backend = joiner(call);
	struct text name = TEXT_IN(fb->arena), out = TEXT_IN(fb->arena);

	for (size_t i = 0; i < call->count; i++)
		text_printf(&name, "%s%s", i ? ", " : "",
			    base_name(call->captures[i].name));
	if (!backend) {
		tell_unknown(fb, text_string(&name));
		return FB_BAD;
	}
	if (!backend->join(fb->arena, &fb->diags, text_string(&name),
			   call->captures, call->count, &out))
		return FB_BAD;
	*call->out = (struct fb_capture){ text_string(&name),
					  text_string(&out), out.len };
	return FB_OK;
}

enum fb_status fb_join(struct fb *fb, const struct fb_capture *captures,
		       size_t count, struct fb_capture *out)
{
	struct join_call call = { captures, count, out };

	*out = captures[0];
	return count < 2 ? FB_OK : guarded(fb, join, &call);
}

/* --- drafting --- */

static bool lay_out(struct fb *fb, const struct text *draft, struct text *out)
{
	const struct source *s = source_add(&fb->sources, "the draft",
					    draft->at, draft->len);

	return s && fmt_source(fb->arena, &fb->diags, &fb->sources, s, out) ==
	       FMT_DONE;
}

static enum fb_status draft(struct fb *fb, void *argument)
{
	struct draft_call *call = argument;
	const struct backend *backend = drafter(call->bytes, call->len);
	struct text written = TEXT_IN(fb->arena), out = TEXT_IN(fb->arena);
	struct gaps gaps = { 0 };

	if (!backend) {
		tell_unknown(fb, call->name);
		return FB_BAD;
	}
	if (!backend->draft(fb->arena, &fb->diags, call->name, call->bytes,
			    call->len, &written, &gaps))
		return FB_BAD;
	if (!lay_out(fb, &written, &out))
		return FB_FAULT;
	for (size_t i = 0; i < gaps.count; i++)
		diag_add(&fb->diags, P0610, (struct span){ 0 },
			 "the draft does not say: %s", gaps.at[i]);
	*call->out = (struct fb_draft){ text_string(&out), out.len,
					gaps.count };
	return gaps.count ? FB_NO : FB_OK;
}

enum fb_status fb_draft(struct fb *fb, const char *name, const char *bytes,
			size_t len, struct fb_draft *out)
{
	struct draft_call call = { name, bytes, len, out };

	*out = (struct fb_draft){ 0 };
	return guarded(fb, draft, &call);
}
