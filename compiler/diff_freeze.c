/* What a freeze says to a change, in words that the formats share. */
#include "compiler/diff_render.h"

#include <string.h>

const char *diff_freeze(struct arena *arena, const struct fb_freeze *f)
{
	struct text out = TEXT_IN(arena);

	text_printf(&out, "freeze from %s to %s", f->from, f->to);
	if (*f->title)
		text_printf(&out, " (%s)", f->title);
	if (*f->where)
		text_printf(&out, " in %s", f->where);
	if (*f->except)
		text_printf(&out, " except %s", f->except);
	if (f->at.old)
		text_puts(&out, ", of the policy before");
	return text_string(&out);
}

static void put_names(struct text *out, const struct fb_named *names,
		      size_t count)
{
	enum { SHOWN = 5 };

	for (size_t i = 0; i < count && i < SHOWN; i++)
		text_printf(out, "%s`%s`", i ? ", " : " by ", names[i].name);
	if (count > SHOWN)
		text_printf(out, " and %zu more", count - SHOWN);
}

const char *diff_freeze_result(struct arena *arena, const struct fb_freeze *f)
{
	struct text out = TEXT_IN(arena);

	if (diff_freeze_breaks(f)) {
		text_puts(&out, f->opens == FB_FREEZE_BROKEN ? "broken: opens"
							     : "broken: closes");
		put_names(&out, f->rules, f->rule_count);
		text_printf(&out, ", e.g. %s in %s", f->example,
			    f->example_in);
	} else if (f->opens == FB_FREEZE_EXCEPTED) {
		text_puts(&out, "excepted: opens as an emergency");
		put_names(&out, f->emergencies, f->emergency_count);
	} else if (f->narrows == FB_FREEZE_EXCEPTED) {
		text_puts(&out, "excepted: only narrows");
	} else {
		text_puts(&out, "kept: no connection opens or closes");
	}
	return text_string(&out);
}

bool diff_freeze_breaks(const struct fb_freeze *f)
{
	return f->opens == FB_FREEZE_BROKEN || f->narrows == FB_FREEZE_BROKEN;
}
