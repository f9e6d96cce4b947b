/* The policy as a picture: the entry point over compiler/evidence's graphs. */
#include "firebreak/firebreak.h"

#include "compiler/base/date.h"
#include "compiler/context.h"
#include "compiler/evidence/facts.h"
#include "compiler/evidence/graph.h"

#include <string.h>

struct graph_call {
	enum fb_picture picture;
	const char *only;
	const char **out;
};

/* The space called NAME; IR_NO_SPACE with NULL. */
static bool find_space(struct fb *fb, const char *name, uint32_t *out)
{
	*out = IR_NO_SPACE;
	for (uint32_t i = 0; name && i < fb->ir->space_count; i++)
		if (strcmp(name, ir_space_name(fb->arena, fb->ir,
					       &fb->ir->spaces[i])) == 0)
			*out = i;
	if (!name || *out != IR_NO_SPACE)
		return true;
	diag_add(&fb->diags, P0103, (struct span){ 0 },
		 "the policy has no environment `%.120s`", name);
	return false;
}

static enum fb_status graph(struct fb *fb, void *argument)
{
	static void (*const writers[])(struct text *out,
				       const struct evidence *e,
				       uint32_t only) = {
		[FB_PICTURE_DOT] = graph_dot_file,
		[FB_PICTURE_MERMAID] = graph_mermaid_file,
		[FB_PICTURE_SVG] = graph_svg_file,
	};
	const struct graph_call *call = argument;
	struct text out = TEXT_IN(fb->arena);
	char day[DATE_TEXT];
	struct evidence e = { .ir = fb->ir,
			      .day = date_text(fb->options.as_of, day) };
	uint32_t only;

	if (fb->diags.refusals || !find_space(fb, call->only, &only))
		return FB_BAD;
	segments_gather(fb->arena, verify_verdicts(fb->arena, fb->ir), &e);
	writers[call->picture](&out, &e, only);
	*call->out = text_string(&out);
	return FB_OK;
}

enum fb_status fb_graph(struct fb *fb, enum fb_picture picture,
			const char *only, const char **out)
{
	struct graph_call call = { picture, only, out };

	*out = NULL;
	return guarded(fb, graph, &call);
}
