/*
 * An engineer applies the files of a compilation where those of an earlier one
 * are applied: which resources that makes, changes and takes away, and what
 * becomes of connections that are open.
 */
#include "compiler/applied.h"

#include "compiler/context.h"
#include "compiler/diff_render.h"
#include "compiler/outputs.h"

#include <string.h>

static bool is_made(const struct fb_compilation *made, const char *path)
{
	for (size_t i = 0; i < made->count; i++)
		if (strcmp(made->outputs[i].path, path) == 0)
			return true;
	return false;
}

const struct fb_diff *applied_of(struct arena *arena,
				 const struct previous *previous,
				 const struct fb_compilation *made,
				 bool is_whole, unsigned most)
{
	struct fb_diff *out = arena_alloc(arena, sizeof *out);
	LIST(struct fb_output) was = { 0 };
	struct fb_compilation old = { 0 };

	*out = (struct fb_diff){ .outputs_compared = true,
				 .outputs_refused = "" };
	for (size_t i = 0; i < previous->all.count; i++) {
		const struct previous_file *f = previous->all.at[i];

		if (f->bytes && (is_whole || is_made(made, f->path)))
			*LIST_PUSH(arena, &was) = (struct fb_output){
				f->path, f->bytes, f->len };
	}
	old.outputs = was.at;
	old.count = was.count;
	outputs_compare(arena, &old, made, most, out);
	return out;
}

struct text_call {
	const struct fb_compilation *made;
	bool colour;
	const char *out;
};

static enum fb_status write_text(struct fb *fb, void *argument)
{
	struct text_call *call = argument;
	struct text out = TEXT_IN(fb->arena);

	diff_text_applied(&out, call->made->applied, call->colour);
	call->out = text_string(&out);
	return FB_OK;
}

const char *fb_applied_text(struct fb *fb, const struct fb_compilation *made,
			    bool colour)
{
	struct text_call call = { made, colour, "" };

	if (made->applied && guarded(fb, write_text, &call) != FB_OK)
		return NULL;
	return call.out;
}
