/* From indices to names and places. */
#include "compiler/delta_tell.h"

#include <stdlib.h>
#include <string.h>

struct fb_named tell_place(const struct tell_from *from, const char *name,
			   struct span span, bool old)
{
	struct fb_place place = source_place(old ? from->old : from->new, span);
	struct fb_named out = { name, place.file, place.line, old, span };

	if (!old)
		return out;
	out.at = (struct span){ 0 };
	if (place.file)
		out.at.lo = out.at.hi = (uint32_t)(uintptr_t)
			table_get_name(&from->kept, place.file);
	return out;
}

static int by_rule_name(const void *x, const void *y)
{
	const struct ir_rule *a = x, *b = y;

	return strcmp(a->name, b->name);
}

static const struct ir_rule *find_rule(const struct ir *ir, const char *name)
{
	struct ir_rule key = { .name = name };

	return ir->rule_count ? bsearch(&key, ir->rules, ir->rule_count,
					sizeof key, by_rule_name) : NULL;
}

const struct fb_named *tell_rules(struct arena *arena, const struct ir *ir,
				  const struct tell_from *from,
				  const uint32_t *rules, size_t count)
{
	struct fb_named *named = arena_array(arena, count, sizeof *named);

	for (size_t i = 0; i < count; i++)
		named[i] = tell_place(from, ir->rules[rules[i]].name,
				      ir->rules[rules[i]].name_span, false);
	return named;
}

/* The rules of a closing: where the new policy has them, if it still does. */
static const struct fb_named *closing_rules(struct arena *arena,
					    const struct delta *d,
					    const struct tell_from *from,
					    const struct delta_line *line)
{
	struct fb_named *named = arena_array(arena, line->rule_count,
					     sizeof *named);

	for (size_t i = 0; i < line->rule_count; i++) {
		const struct ir_rule *was = &d->old->rules[line->rules[i]];
		const struct ir_rule *is = find_rule(d->new, was->name);

		named[i] = is ? tell_place(from, is->name, is->name_span, false)
			      : tell_place(from, was->name, was->name_span,
					   true);
	}
	return named;
}

/* When all rules of LINE will have expired; "" when one stays. */
static const char *last_day(const struct delta *d,
			    const struct delta_line *line)
{
	const struct ir *ir = line->opens ? d->new : d->old;
	const char *last = "";
	uint32_t day = 0;

	for (size_t i = 0; i < line->rule_count; i++) {
		const struct ir_rule *rule = &ir->rules[line->rules[i]];

		if (!rule->expires.value)
			return "";
		if (rule->expires_day >= day)
			last = rule->expires.value;
		day = rule->expires_day > day ? rule->expires_day : day;
	}
	return last;
}

static const char *const *space_names(struct arena *arena,
				      const struct delta *d,
				      const struct delta_line *line)
{
	const char **names = arena_array(arena, line->space_count,
					 sizeof *names);

	for (size_t i = 0; i < line->space_count; i++)
		names[i] = d->spaces[line->spaces[i]].name;
	return names;
}

static struct fb_words words_of(const struct delta_line *line)
{
	return (struct fb_words){ line->src, line->dst, line->svc,
				  line->ports, line->family };
}

struct fb_reach tell_line(struct arena *arena, const struct delta *d,
			  const struct tell_from *from,
			  const struct delta_line *line)
{
	struct fb_reach out = {
		.kind = line->opens ? FB_OPENS
		      : *line->other ? FB_NARROWS : FB_CLOSES,
		.words = words_of(line),
		.others = line->other,
		.others_in_part = line->other_in_part,
		.environments = space_names(arena, d, line),
		.environment_count = line->space_count,
		.reasons = delta_reasons(arena, line->risks, line->guard),
		.breaks = line->risks & RISK_BREAKS,
		.exposes = line->opens && line->risks & RISK_EXPOSES,
		.rules = line->opens
			? tell_rules(arena, d->new, from, line->rules,
				     line->rule_count)
			: closing_rules(arena, d, from, line),
		.rule_count = line->rule_count,
		.expires = last_day(d, line),
		.packets = line->packets,
		.example = packet_text(arena, &line->example),
	};

	if (line->moved == NOT_MOVED)
		return out;
	out.kind = FB_MOVED;
	out.from = words_of(&d->lines[line->moved]);
	return out;
}
