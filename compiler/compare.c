/*
 * The public comparison of two contexts: reach from the delta, and beside it
 * what a change does to rules, places and invariants.  Outputs are compared in
 * outputs.c.
 */
#include "firebreak/diff.h"

#include "compiler/base/addr.h"
#include "compiler/base/table.h"
#include "compiler/base/text.h"
#include "compiler/context.h"
#include "compiler/delta.h"
#include "compiler/diff_render.h"
#include "compiler/frozen.h"
#include "compiler/outputs.h"
#include "compiler/question.h"
#include "compiler/delta_tell.h"
#include "compiler/verify.h"
#include "compiler/wording.h"

#include <stdlib.h>
#include <string.h>

struct comparing {
	struct arena *arena;
	struct fb *old, *new;
	const struct fb_diff_options *options;
	struct fb_diff *out;
	struct delta delta;
	const char *const *old_names;	/* of its sources, from its root */
	struct tell_from from;
};

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* --- reach --- */

static struct fb_named rule_of(const struct comparing *c, const char *name,
			       const struct ir_rule *rule, bool old)
{
	return tell_place(&c->from, name, rule->name_span, old);
}

/* A move is told once, where it opens. */
static void tell_reach(const struct comparing *c)
{
	const struct delta *d = &c->delta;
	struct fb_reach *reach = arena_array(c->arena, d->line_count,
					     sizeof *reach);
	struct fb_diff *out = c->out;

	out->environments = d->space_count;
	out->reach = reach;
	for (size_t i = 0; i < d->line_count; i++) {
		const struct delta_line *line = &d->lines[i];
		struct fb_reach *r = &reach[out->reach_count];

		if (!line->opens && line->moved != NOT_MOVED)
			continue;
		*r = tell_line(c->arena, d, &c->from, line);
		out->reach_count++;
		out->opens += r->kind == FB_OPENS;
		out->moved += r->kind == FB_MOVED;
		out->narrows += r->kind == FB_NARROWS;
		out->closes += r->kind == FB_CLOSES;
	}
}

/* --- rules --- */

struct attribute {
	const char *name;
	size_t offset;
};

static const struct attribute attributes[] = {
	{ "waives",	 offsetof(struct ir_rule, waives) },
	{ "expires",	 offsetof(struct ir_rule, expires) },
	{ "owner",	 offsetof(struct ir_rule, owner) },
	{ "ticket",	 offsetof(struct ir_rule, ticket) },
	{ "reason",	 offsetof(struct ir_rule, reason) },
	{ "reviewed",	 offsetof(struct ir_rule, reviewed) },
	{ "reviewed by", offsetof(struct ir_rule, reviewed_by) },
	{ "approved by", offsetof(struct ir_rule, approved_by) },
	{ "emergency",	 offsetof(struct ir_rule, emergency) },
	{ "emergency by", offsetof(struct ir_rule, emergency_by) },
	{ "party",	 offsetof(struct ir_rule, party) },
};

struct rule_changes {
	LIST(struct fb_rule_change) list;
};

static void add_rule_change(const struct comparing *c,
			    struct rule_changes *changes,
			    struct fb_rule_change change)
{
	*LIST_PUSH(c->arena, &changes->list) = change;
}

static const char *const halves[] = {
	[IR_BOTH_HALVES] = "", [IR_OUTBOUND] = "outbound",
	[IR_INBOUND] = "inbound",
};

static void compare_attributes(const struct comparing *c,
			       const struct ir_rule *was,
			       const struct ir_rule *is,
			       struct rule_changes *changes)
{
	struct fb_named rule = rule_of(c, is->name, is, false);

	for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
		const struct ir_attribute *a = (const struct ir_attribute *)
			((const char *)was + attributes[i].offset);
		const struct ir_attribute *b = (const struct ir_attribute *)
			((const char *)is + attributes[i].offset);

		if (!same_text(a->value, b->value))
			add_rule_change(c, changes, (struct fb_rule_change){
				FB_RULE_METADATA, rule, attributes[i].name,
				a->value ? a->value : "",
				b->value ? b->value : "" });
	}
	if (was->log != is->log)
		add_rule_change(c, changes, (struct fb_rule_change){
			FB_RULE_METADATA, rule, "log", was->log ? "log" : "",
			is->log ? "log" : "" });
	if (was->half != is->half)
		add_rule_change(c, changes, (struct fb_rule_change){
			FB_RULE_METADATA, rule, "half", halves[was->half],
			halves[is->half] });
}

/* Which rules lines tell of, and which have flows the other policy has not. */
struct marks {
	bool *told, *touched;
};

static struct marks marks_of(const struct comparing *c, bool new)
{
	const struct delta *d = &c->delta;
	size_t count = (new ? d->new : d->old)->rule_count;
	struct marks m = { arena_array(c->arena, count + 1, 1),
			   arena_array(c->arena, count + 1, 1) };

	for (size_t i = 0; i < d->line_count; i++)
		for (size_t k = 0; d->lines[i].opens == new &&
				   k < d->lines[i].rule_count; k++)
			m.told[d->lines[i].rules[k]] = true;
	for (size_t i = 0; i < d->space_count; i++) {
		const struct delta_space *s = &d->spaces[i];
		size_t touched = new ? s->touched_new.count
				     : s->touched_old.count;

		for (size_t k = 0; k < touched; k++)
			m.touched[new ? s->touched_new.at[k]
				      : s->touched_old.at[k]] = true;
	}
	return m;
}

static void same_reach(const struct comparing *c, struct rule_changes *changes,
		       struct fb_named rule, bool in_force, const char *what)
{
	add_rule_change(c, changes, (struct fb_rule_change){
		FB_RULE_SAME_REACH, rule, in_force ? what
		: arena_printf(c->arena, "%s, expired", what), "", "" });
}

static void compare_rules(const struct comparing *c)
{
	const struct ir *old = c->delta.old, *new = c->delta.new;
	struct marks was = marks_of(c, false), is = marks_of(c, true);
	struct rule_changes changes = { 0 };
	size_t i = 0, k = 0;

	while (i < old->rule_count || k < new->rule_count) {
		const struct ir_rule *a = &old->rules[i], *b = &new->rules[k];
		int order = i == old->rule_count ? 1 : k == new->rule_count
			? -1 : strcmp(a->name, b->name);

		if (order < 0 && !was.told[i])
			same_reach(c, &changes, rule_of(c, a->name, a, true),
				   a->in_force, "removed");
		if (order > 0 && !is.told[k])
			same_reach(c, &changes, rule_of(c, b->name, b, false),
				   b->in_force, "added");
		if (order == 0) {
			compare_attributes(c, a, b, &changes);
			if ((was.touched[i] || is.touched[k]) &&
			    !was.told[i] && !is.told[k])
				same_reach(c, &changes,
					   rule_of(c, b->name, b, false),
					   b->in_force, "rewritten");
		}
		i += order <= 0;
		k += order >= 0;
	}
	c->out->rules = changes.list.at;
	c->out->rule_count = changes.list.count;
}

/* --- places --- */

struct places {
	LIST(struct fb_place_change) list;
	struct table known;	/* what it says -> number + 1 */
};

static const char *addresses_text(struct arena *arena, struct both set)
{
	return arena_printf(arena, "%s%s%s",
		addr_set_text(arena, IPV4, set.of[IPV4]),
		set.of[IPV4].count && set.of[IPV6].count ? ", " : "",
		addr_set_text(arena, IPV6, set.of[IPV6]));
}

static void compare_place(const struct comparing *c, struct places *p,
			  const struct delta_space *space, const char *what,
			  const char *name, struct both was, struct both is)
{
	struct fb_place_change *place;
	const char *a, *b;
	void **known;

	if (both_equal(was, is))
		return;
	a = addresses_text(c->arena, was);
	b = addresses_text(c->arena, is);
	known = table_at_name(&p->known, arena_printf(c->arena, "%s\n%s\n%s\n%s",
						      what, name, a, b));
	if (!*known) {
		place = LIST_PUSH(c->arena, &p->list);
		*place = (struct fb_place_change){ what, name, a, b,
			arena_array(c->arena, c->delta.space_count,
				    sizeof(char *)), 0,
			space->is ? space->is->span : (struct span){ 0 } };
		*known = (void *)(uintptr_t)p->list.count;
	}
	place = &p->list.at[(uintptr_t)*known - 1];
	((const char **)place->environments)[place->environment_count++] =
		space->name;
}

/* Members that stand in order of their names, in both policies. */
static void compare_members(const struct comparing *c, struct places *p,
			    const struct delta_space *s, bool layers)
{
	const struct ir *old = c->delta.old, *new = c->delta.new;
	size_t olds = layers ? old->layer_count : old->network_count;
	size_t news = layers ? new->layer_count : new->network_count;
	struct both none = { 0 };
	size_t i = 0, k = 0;

	while (i < olds || k < news) {
		const char *a = i == olds ? NULL : layers
			? old->layers[i].name : old->networks[i].name;
		const char *b = k == news ? NULL : layers
			? new->layers[k].name : new->networks[k].name;
		int order = !a ? 1 : !b ? -1 : strcmp(a, b);
		struct both was = none, is = none;

		if (order <= 0 && s->was)
			was = layers ? s->was->layers[i] : s->was->networks[i];
		if (order >= 0 && s->is)
			is = layers ? s->is->layers[k] : s->is->networks[k];
		compare_place(c, p, s, layers ? "layer" : "network",
			      order <= 0 ? a : b, was, is);
		i += order <= 0;
		k += order >= 0;
	}
}

static void compare_places(const struct comparing *c)
{
	struct places p = { .known = TABLE_IN(c->arena) };
	struct both none = { 0 };

	for (size_t i = 0; i < c->delta.space_count; i++) {
		const struct delta_space *s = &c->delta.spaces[i];

		compare_place(c, &p, s, "vpc", "",
			      s->was ? s->was->vpc : none,
			      s->is ? s->is->vpc : none);
		if (!s->was || !s->is)
			continue;	/* all of it is new, or gone */
		compare_members(c, &p, s, true);
		compare_members(c, &p, s, false);
	}
	c->out->places = p.list.at;
	c->out->place_count = p.list.count;
}

/* --- invariants --- */

/* Is PACKET, in the new policy's space, in a part of LINE? */
static bool line_has(const struct comparing *c, const struct delta_line *line,
		     uint32_t space, const struct packet *packet)
{
	for (size_t i = 0; i < line->parts.count; i++) {
		const struct delta_part *p = &line->parts.at[i];
		const struct ir_space *is = c->delta.spaces[p->space].is;

		if (is == &c->delta.new->spaces[space] &&
		    p->family == packet->family && box_has(&p->box, packet))
			return true;
	}
	return false;
}

/* Does a part of LINE touch what INV speaks of? */
static bool line_touches(const struct comparing *c,
			 const struct delta_line *line,
			 const struct ir_invariant *inv)
{
	for (size_t i = 0; i < line->parts.count; i++) {
		const struct delta_part *p = &line->parts.at[i];

		for (size_t k = 0; k < inv->box_count; k++) {
			const struct ir_claim_box *b = &inv->boxes[k];

			if (&c->delta.new->spaces[b->space] ==
				    c->delta.spaces[p->space].is &&
			    b->family == p->family &&
			    ranges_touch(b->src, p->box.src) &&
			    ranges_touch(b->dst, p->box.dst) &&
			    ranges_touch(b->svc, p->box.svc))
				return true;
		}
	}
	return false;
}

/* Do the boxes of INV alone say what breaks it? */
static bool is_plain(const struct ir_invariant *inv)
{
	return inv->hops == 1 && !inv->exception_count && inv->box_count &&
	       (inv->kind == CLAIM_NEVER || inv->kind == CLAIM_ONLY ||
		inv->kind == CLAIM_CONFINE || inv->kind == CLAIM_MUST);
}

/* Which lines break INV; the first rule of the first of them, or nothing. */
static struct fb_named blame_lines(const struct comparing *c,
				   const struct ir_invariant *inv,
				   const struct verdict *v)
{
	bool opens = inv->kind != CLAIM_MUST;
	struct fb_named cause = { 0 };

	for (size_t i = 0; i < c->delta.line_count; i++) {
		struct delta_line *line = &c->delta.lines[i];
		bool guilty = is_plain(inv) && line_touches(c, line, inv);

		for (size_t k = 0; k < v->hop_count && !guilty; k++)
			guilty = line_has(c, line, v->hops[k].space,
					  &v->hops[k].packet);
		if (!guilty || line->opens != opens)
			continue;
		line->guard = !(line->risks & RISK_BREAKS) ? inv->name
			: arena_printf(c->arena, "%s`, `%s", line->guard,
				       inv->name);
		line->risks |= RISK_BREAKS;
		if (!cause.name && line->rule_count && opens)
			cause = *tell_rules(c->arena, c->delta.new, &c->from,
					    line->rules, 1);
	}
	return cause;
}

static bool is_good(enum verdict_kind kind)
{
	return kind == VERDICT_HOLDS || kind == VERDICT_WAIVED;
}

struct invariant_changes {
	LIST(struct fb_invariant_change) list;
};

static void add_invariant_change(const struct comparing *c,
				 struct invariant_changes *changes,
				 enum fb_invariant_change_kind kind,
				 const struct ir_invariant *inv, bool old,
				 const char *detail)
{
	*LIST_PUSH(c->arena, &changes->list) = (struct fb_invariant_change){
		kind, tell_place(&c->from, inv->name, inv->name_span, old),
		detail, { 0 } };
}

static void judge_invariant(const struct comparing *c,
			    struct invariant_changes *changes,
			    const struct ir_invariant *was,
			    const struct verdict *had,
			    const struct ir_invariant *is,
			    const struct verdict *has)
{
	const char *before = was ? wording_of(c->arena, &c->old->sources,
					      was->span) : "";

	if (!is_good(has->kind)) {
		bool new = !had || is_good(had->kind);
		struct fb_named cause = { 0 };

		if (new)
			cause = blame_lines(c, is, has);
		add_invariant_change(c, changes, new ? FB_INVARIANT_BREAKS
				     : FB_INVARIANT_BROKEN, is, false,
				     verdict_text(c->arena, c->delta.new, is,
						  has));
		changes->list.at[changes->list.count - 1].cause = cause;
	} else if (!was) {
		add_invariant_change(c, changes, FB_INVARIANT_ADDED, is, false,
				     "");
	} else if (!is_good(had->kind)) {
		add_invariant_change(c, changes, FB_INVARIANT_MENDED, is,
				     false, "");
	} else if (has->kind == VERDICT_WAIVED && had->kind != VERDICT_WAIVED) {
		add_invariant_change(c, changes, FB_INVARIANT_WAIVED, is,
				     false, "");
	}
	if (was && strcmp(before, wording_of(c->arena, &c->new->sources,
					     is->span)) != 0)
		add_invariant_change(c, changes, FB_INVARIANT_CHANGED, is,
				     false, before);
}

static int by_kind(const void *x, const void *y)
{
	const struct fb_invariant_change *a = x, *b = y;

	if (a->kind != b->kind)
		return (int)a->kind - (int)b->kind;
	return strcmp(a->invariant.name, b->invariant.name);
}

static void compare_invariants(struct comparing *c)
{
	const struct ir *old = c->delta.old, *new = c->delta.new;
	const struct verdict *had = verify_verdicts(c->arena, old);
	const struct verdict *has = verify_verdicts(c->arena, new);
	struct invariant_changes changes = { 0 };
	size_t i = 0, k = 0;

	while (i < old->invariant_count || k < new->invariant_count) {
		const struct ir_invariant *a = &old->invariants[i];
		const struct ir_invariant *b = &new->invariants[k];
		int order = i == old->invariant_count ? 1
			  : k == new->invariant_count ? -1
			  : strcmp(a->name, b->name);

		if (order < 0)
			add_invariant_change(c, &changes, FB_INVARIANT_REMOVED,
				a, true, wording_of(c->arena, &c->old->sources,
						    a->span));
		else
			judge_invariant(c, &changes, order ? NULL : a,
					order ? NULL : &had[i], b, &has[k]);
		i += order <= 0;
		k += order >= 0;
	}
	for (k = 0; k < new->invariant_count; k++)
		*(is_good(has[k].kind) ? &c->out->holding
				       : &c->out->broken) += 1;
	if (changes.list.count)
		qsort(changes.list.at, changes.list.count,
		      sizeof *changes.list.at, by_kind);
	c->out->invariants_judged = true;
	c->out->invariants = changes.list.at;
	c->out->invariant_count = changes.list.count;
}

/* --- expectations --- */

struct expected {
	LIST(struct question) questions;
	LIST(const char *) unexpected;
};

static struct boxes expected_in(const struct comparing *c,
				const struct expected *e,
				const struct ir_space *s, enum family f)
{
	size_t space = (size_t)(s - c->delta.new->spaces);
	struct boxes out = { 0 };

	for (size_t i = 0; i < e->questions.count; i++) {
		struct question_sets q = e->questions.at[i].in[space];

		boxes_add(c->arena, &out, q.src.of[f], q.dst.of[f],
			  q.svc.of[f]);
	}
	return out;
}

/* Is all of LINE expected? */
static bool is_expected(const struct comparing *c, const struct expected *e,
			const struct delta_line *line)
{
	for (size_t i = 0; i < line->parts.count; i++) {
		const struct delta_part *p = &line->parts.at[i];
		struct boxes may = expected_in(c, e,
			c->delta.spaces[p->space].is, p->family), one = { 0 };
		struct packet packet;

		boxes_add(c->arena, &one, p->box.src, p->box.dst, p->box.svc);
		if (!boxes_within(c->arena, p->family, &one, &may, &packet))
			return false;
	}
	return true;
}

static struct boxes flow_boxes(struct arena *arena, const struct ir *ir,
			       const struct ir_space *s, enum family f)
{
	struct boxes out = { 0 };

	for (uint32_t i = 0; i < s->flow_count; i++) {
		const struct ir_flow *flow = &ir->flows[s->first_flow + i];

		if (flow->family == f)
			boxes_add(arena, &out, flow->src, flow->dst, flow->svc);
	}
	return out;
}

/* Does the change open something of Q, and is all of it open now? */
static const char *unmet(const struct comparing *c, const struct question *q)
{
	const struct delta *d = &c->delta;
	bool opens = false;

	for (size_t i = 0; i < d->space_count; i++) {
		const struct ir_space *s = d->spaces[i].is;
		size_t space = s ? (size_t)(s - d->new->spaces) : 0;

		for (int f = IPV4; s && f < FAMILIES; f++) {
			struct question_sets sets = q->in[space];
			struct boxes want = { 0 }, have;
			struct packet packet;

			boxes_add(c->arena, &want, sets.src.of[f],
				  sets.dst.of[f], sets.svc.of[f]);
			if (!want.count)
				continue;
			have = flow_boxes(c->arena, d->new, s, (enum family)f);
			if (!boxes_within(c->arena, (enum family)f, &want,
					  &have, &packet))
				return arena_printf(c->arena,
					"is not open in %s: %s",
					d->spaces[i].name,
					packet_text(c->arena, &packet));
			for (size_t k = 0; k < d->spaces[i].opened[f].count; k++) {
				struct box *b = &d->spaces[i].opened[f].at[k];

				opens |= ranges_touch(b->src, sets.src.of[f]) &&
					 ranges_touch(b->dst, sets.dst.of[f]) &&
					 ranges_touch(b->svc, sets.svc.of[f]);
			}
		}
	}
	return opens ? NULL : "opens nothing that was not open before";
}

static enum fb_status compare_expected(struct comparing *c)
{
	struct expected e = { 0 };
	bool good = true;

	for (size_t i = 0; i < c->options->expected_count; i++) {
		const char *text = c->options->expected[i], *why;
		struct question *q = LIST_PUSH(c->arena, &e.questions);

		if (!question_read(c->arena, &c->new->diags, &c->new->sources,
				   c->new->ir, "--expect", text, AS_RULE, q)) {
			good = false;
			continue;
		}
		why = good ? unmet(c, q) : NULL;
		if (why)
			*LIST_PUSH(c->arena, &e.unexpected) = arena_printf(
				c->arena, "`%s` %s", text, why);
	}
	if (!good)
		return FB_BAD;
	c->out->unmet_count = e.unexpected.count;
	for (size_t i = 0; i < c->delta.opening_count; i++) {
		const struct delta_line *l = &c->delta.lines[i];

		if (is_expected(c, &e, l))
			continue;
		/* openings come first, there as here */
		((struct fb_reach *)c->out->reach)[i].unexpected = true;
		*LIST_PUSH(c->arena, &e.unexpected) = arena_printf(
			c->arena, "%s -> %s on %s%s%s opens unexpectedly",
			l->src, l->dst, l->svc, *l->family ? ", " : "",
			l->family);
	}
	c->out->unexpected = e.unexpected.at;
	c->out->unexpected_count = e.unexpected.count;
	return FB_OK;
}

/* --- all of it --- */

/* What of OLD is needed and is made when first asked for: its own memory pays. */
static enum fb_status prepare_old(struct fb *old, void *argument)
{
	const char *const **names = argument;

	*names = source_names(old);
	for (size_t i = 0; i < old->sources.files.count; i++) {
		uint32_t base = old->sources.files.at[i]->base;

		(void)source_place(&old->sources, (struct span){ base, base });
	}
	return FB_OK;
}

/*
 * Where files of the old policy begin in the new one, by the old one's names; WAS
 * are those as seen from its root.
 */
static struct tell_from from_both(struct fb *old, struct fb *new,
				  const char *const *was)
{
	struct tell_from from = { &old->sources, &new->sources,
				  TABLE_IN(new->arena) };
	struct table begins = TABLE_IN(new->arena);
	const char *const *is = source_names(new);

	for (size_t i = 0; i < new->sources.files.count; i++)
		*table_at_name(&begins, is[i]) = (void *)(uintptr_t)
			new->sources.files.at[i]->base;
	for (size_t i = 0; i < old->sources.files.count; i++)
		*table_at_name(&from.kept, old->sources.files.at[i]->name) =
			table_get_name(&begins, was[i]);
	return from;
}

static enum fb_status compare(struct fb *fb, void *call)
{
	struct comparing *c = call;

	c->arena = fb->arena;
	c->from = from_both(c->old, c->new, c->old_names);
	c->out->policy = c->new->ir->policy;
	c->out->old_name = c->options->old_name;
	c->out->new_name = c->options->new_name;
	c->delta = delta_of(c->arena, c->old->ir, c->new->ir);
	if (!c->options->reach_only) {
		compare_invariants(c);
		delta_sort(c->arena, &c->delta);
	}
	tell_reach(c);
	compare_rules(c);
	compare_places(c);
	c->out->freezes = frozen_judge(c->arena, &c->delta, &c->from,
				       &c->out->freeze_count);
	return c->options->expected_count ? compare_expected(c) : FB_OK;
}

struct output_call {
	const struct fb_compilation *old, *new;
	struct fb_diff *out;
};

static enum fb_status compare_outputs(struct fb *fb, void *argument)
{
	struct output_call *call = argument;

	outputs_compare(fb->arena, call->old, call->new,
			fb->ir->aws.rules_per_group, call->out);
	return FB_OK;
}

const char *first_error(struct fb *fb)
{
	size_t count;
	const struct fb_diag *all = fb_diagnostics(fb, &count);

	for (size_t i = 0; i < count; i++)
		if (all[i].severity == FB_ERROR)
			return all[i].message;
	return "the policy does not compile";
}

static bool same_tags(const struct ir_aws *a, const struct ir_aws *b)
{
	if (a->tag_count != b->tag_count)
		return false;
	for (size_t i = 0; i < a->tag_count; i++)
		if (strcmp(a->tags[i].key, b->tags[i].key) != 0 ||
		    strcmp(a->tags[i].value, b->tags[i].value) != 0)
			return false;
	return true;
}

/* Do the settings of both make the same of a policy? */
static bool same_settings(const struct ir_aws *a, const struct ir_aws *b)
{
	const char *prefix = a->name_prefix ? a->name_prefix : "";

	return strcmp(prefix, b->name_prefix ? b->name_prefix : "") == 0 &&
	       a->rules_per_group == b->rules_per_group &&
	       a->groups_per_interface == b->groups_per_interface &&
	       a->keep_default_group == b->keep_default_group &&
	       a->exclusive == b->exclusive && same_tags(a, b);
}

/* Nothing that the outputs are made from has changed. */
static bool same_outputs(const struct fb_diff *out, const struct fb *old,
			 const struct fb *new)
{
	return !out->reach_count && !out->rule_count && !out->place_count &&
	       same_settings(&old->ir->aws, &new->ir->aws);
}

struct render_call {
	const struct fb_diff *diff;
	const struct fb_diff_document *document;
	const char *text;
};

/* In the formats of findings. */
static void render_findings(struct fb *fb, const struct render_call *call,
			    struct text *out)
{
	struct findings_from from = {
		.sources = &fb->sources, .ir = fb->ir, .command = "diff",
		.cwd = fb->loader.cwd ? fb->loader.cwd : "",
		.as_of = fb->options.as_of,
	};
	struct findings found = findings_begin(fb->arena, &from);

	diff_findings(&found, call->diff, call->document->fail_on);
	found.status = fb_diff_fails(call->diff, call->document->fail_on)
		       ? FB_NO : FB_OK;
	findings_write(out, &found, call->document->format);
}

static enum fb_status render(struct fb *fb, void *argument)
{
	struct render_call *call = argument;
	struct text out = TEXT_IN(fb->arena);

	switch (call->document->format) {
	case FB_FORMAT_TEXT:
		diff_text(&out, call->diff, call->document->colour);
		break;
	case FB_FORMAT_MARKDOWN:
		diff_markdown(&out, call->diff);
		break;
	case FB_FORMAT_JSON:
		diff_json(&out, call->diff);
		break;
	case FB_FORMAT_SARIF: case FB_FORMAT_GITHUB: case FB_FORMAT_GITLAB:
	case FB_FORMAT_JUNIT: case FB_FORMAT_CSV:
		render_findings(fb, call, &out);
		break;
	}
	call->text = text_string(&out);
	return FB_OK;
}

const char *fb_diff_render(struct fb *fb, const struct fb_diff *diff,
			   const struct fb_diff_document *document)
{
	struct render_call call = { diff, document, NULL };

	(void)guarded(fb, render, &call);	/* without memory: NULL */
	return call.text;
}

/* Behind the outputs, which errors would keep from being compared. */
static enum fb_status tell_freezes(struct fb *fb, void *call)
{
	struct comparing *c = call;
	struct diags own = { .arena = fb->arena };

	if (c->options->judge_freezes)
		c->out->broken_freezes = frozen_tell(&own, &c->delta,
						     c->out->freezes,
						     c->out->freeze_count);
	else
		frozen_tell_gone(&own, &c->delta);
	c->out->told = diag_list(&own, &c->out->told_count);
	diags_take(&fb->diags, &own);
	return FB_OK;
}

static enum fb_status diff_outputs(struct fb *old, struct fb *new,
				   struct fb_diff *out)
{
	struct fb_compilation was, is;
	struct output_call call = { &was, &is, out };
	enum fb_status before, after;

	out->outputs_refused = "";
	if (same_outputs(out, old, new)) {
		out->outputs_compared = true;
		return FB_OK;
	}
	before = fb_compile(old, "terraform", NULL, &was);
	after = fb_compile(new, "terraform", NULL, &is);
	if (before == FB_MEMORY || after == FB_MEMORY)
		return FB_MEMORY;
	if (after != FB_OK)
		out->outputs_refused = first_error(new);
	else if (before != FB_OK)
		out->outputs_refused = "the old policy does not compile";
	if (*out->outputs_refused)
		return FB_OK;
	out->outputs_compared = true;
	return guarded(new, compare_outputs, &call);
}

enum fb_status fb_diff(struct fb *old, struct fb *new,
		       const struct fb_diff_options *options,
		       struct fb_diff *out)
{
	struct comparing c = { .old = old, .new = new, .options = options,
			       .out = out };
	enum fb_status status;

	*out = (struct fb_diff){ .outputs_refused = "" };
	if (old->diags.refusals || new->diags.refusals)
		return FB_BAD;
	status = guarded(old, prepare_old, &c.old_names);
	if (status == FB_OK)
		status = guarded(new, compare, &c);
	if (status == FB_OK && !options->reach_only)
		status = diff_outputs(old, new, out);
	if (status == FB_OK &&
	    (options->judge_freezes || options->tell_gone))
		status = guarded(new, tell_freezes, &c);
	return status;
}
