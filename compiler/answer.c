/* The public side of questions and of statements in full. */
#include "firebreak/query.h"

#include "compiler/answer_render.h"
#include "compiler/base/suggest.h"
#include "compiler/base/text.h"
#include "compiler/context.h"
#include "compiler/outputs.h"
#include "compiler/query.h"
#include "compiler/statement.h"
#include "compiler/delta_tell.h"
#include "compiler/verify.h"
#include "compiler/wording.h"

#include <string.h>

/* --- what both tell --- */

/* One policy: nothing of it is gone. */
static struct tell_from from_one(struct fb *fb)
{
	return (struct tell_from){ &fb->sources, &fb->sources,
				   TABLE_IN(fb->arena) };
}

static const struct fb_reach *tell_lines(struct fb *fb, const struct delta *d,
					 size_t *count)
{
	struct fb_reach *reach = arena_array(fb->arena, d->line_count,
					     sizeof *reach);
	struct tell_from from = from_one(fb);

	for (size_t i = 0; i < d->line_count; i++)
		reach[i] = tell_line(fb->arena, d, &from, &d->lines[i]);
	*count = d->line_count;
	return reach;
}

static const struct fb_hop *tell_hops(struct fb *fb,
				      const struct verdict_hop *hops,
				      size_t count)
{
	const struct ir *ir = fb->ir;
	struct fb_hop *out = arena_array(fb->arena, count, sizeof *out);
	struct tell_from from = from_one(fb);

	for (size_t i = 0; i < count; i++) {
		const struct verdict_hop *h = &hops[i];
		const struct packet *p = &h->packet;
		const struct ir_space *s = &ir->spaces[h->space];

		out[i] = (struct fb_hop){
			ir_address_owner(ir, s, p->family, p->src),
			ir_address_owner(ir, s, p->family, p->dst),
			packet_text(fb->arena, p),
			ir_space_name(fb->arena, ir, s),
			tell_rules(fb->arena, ir, &from, h->rules, h->rule_count),
			h->rule_count };
	}
	return out;
}

/* --- questions --- */

struct query_call {
	const struct fb_question *question;
	struct fb_answer *out;
};

/* Ask only the environment ONLY; false when there is none, which is told. */
static bool restrict_to(struct fb *fb, struct question *q, const char *only)
{
	bool found = false;

	for (size_t i = 0; only && i < fb->ir->space_count; i++) {
		if (strcmp(ir_space_name(fb->arena, fb->ir,
					 &fb->ir->spaces[i]), only) == 0) {
			found = true;
			continue;
		}
		q->asked[i] = false;
		q->in[i] = (struct question_sets){ 0 };
	}
	if (only && !found)
		diag_add(&fb->diags, P0103, (struct span){ 0 },
			 "the policy has no environment `%.120s`", only);
	return !only || found;
}

static bool is_about_something(const struct ir *ir, const struct question *q)
{
	for (size_t i = 0; i < ir->space_count; i++)
		for (int f = IPV4; f < FAMILIES; f++)
			if (q->in[i].src.of[f].count &&
			    q->in[i].dst.of[f].count &&
			    q->in[i].svc.of[f].count)
				return true;
	return false;
}

static void tell_routes(struct fb *fb, const struct question *q,
			struct fb_answer *out)
{
	struct query_routes routes = query_routes(fb->arena, fb->ir, q,
		wording_of(fb->arena, &fb->sources, q->src),
		wording_of(fb->arena, &fb->sources, q->dst));
	struct fb_route *told = arena_array(fb->arena, routes.list.count,
					    sizeof *told);

	for (size_t i = 0; i < routes.list.count; i++) {
		const struct query_route *r = &routes.list.at[i];

		if (r->hop_count < 2)
			continue;	/* told as reach */
		told[out->route_count++] = (struct fb_route){ r->src, r->dst,
			tell_hops(fb, r->hops, r->hop_count), r->hop_count };
	}
	out->routes = told;
}

static void tell_refused(struct fb *fb, const struct question *q,
			 struct fb_answer *out)
{
	struct packet packet;
	uint32_t space;

	if (!query_refused(fb->arena, fb->ir, q, &space, &packet))
		return;
	out->refused = packet_text(fb->arena, &packet);
	out->refused_in = ir_space_name(fb->arena, fb->ir,
					&fb->ir->spaces[space]);
}

static enum fb_status query(struct fb *fb, void *argument)
{
	struct query_call *call = argument;
	const struct fb_question *asked = call->question;
	struct fb_answer *out = call->out;
	struct question wide, strict;
	struct delta permitted;

	/* prefix lists that nobody wrote down may be permitted, never missed */
	if (!question_read(fb->arena, &fb->diags, &fb->sources, fb->ir,
			   "question", asked->text, AS_CLAIM, &wide) ||
	    !question_read(fb->arena, &fb->diags, &fb->sources, fb->ir,
			   "question", asked->text, AS_RULE, &strict) ||
	    !restrict_to(fb, &wide, asked->only) ||
	    !restrict_to(fb, &strict, asked->only))
		return FB_BAD;
	if (!is_about_something(fb->ir, &wide)) {
		diag_label(diag_add(&fb->diags, P0221,
				    span_join(wide.src, wide.dst),
				    "no packet is asked for"),
			   "nowhere do both ends have addresses of one family");
		return FB_BAD;
	}
	permitted = query_permitted(fb->arena, fb->ir, &wide);
	out->environments = fb->ir->space_count;
	out->reach = tell_lines(fb, &permitted, &out->reach_count);
	tell_refused(fb, &strict, out);
	out->kind = !out->reach_count ? FB_NONE
		  : out->refused ? FB_SOME : FB_ALL;
	if (asked->transitive)
		tell_routes(fb, &wide, out);
	return out->reach_count || out->route_count ? FB_OK : FB_NO;
}

enum fb_status fb_query(struct fb *fb, const struct fb_question *question,
			struct fb_answer *out)
{
	struct query_call call = { question, out };

	*out = (struct fb_answer){ 0 };
	return fb->diags.refusals ? FB_BAD : guarded(fb, query, &call);
}

/* --- statements --- */

struct explain_call {
	const char *name;
	struct fb_statement *out;
	const struct fb_compilation *made;	/* NULL: not yet */
};

static void explain_rule(struct fb *fb, uint32_t number,
			 struct fb_statement *out)
{
	const struct ir_rule *rule = &fb->ir->rules[number];
	struct delta d = query_rule(fb->arena, fb->ir, number);
	struct tell_from from = from_one(fb);

	out->is_rule = true;
	out->at = tell_place(&from, rule->name, rule->name_span, false);
	out->source = wording_of(fb->arena, &fb->sources, rule->span);
	out->sentence = statement_of_rule(fb->arena, fb->ir, number);
	out->environments = fb->ir->space_count;
	out->reach = tell_lines(fb, &d, &out->reach_count);
}

/* The rules that waive INV, in force or not. */
static void tell_waivers(struct fb *fb, const struct ir_invariant *inv,
			 struct fb_statement *out)
{
	struct tell_from from = from_one(fb);
	LIST(uint32_t) rules = { 0 };

	for (uint32_t i = 0; i < fb->ir->rule_count; i++) {
		const char *waives = fb->ir->rules[i].waives.value;

		if (waives && strcmp(waives, inv->name) == 0)
			*LIST_PUSH(fb->arena, &rules) = i;
	}
	out->waivers = tell_rules(fb->arena, fb->ir, &from, rules.at, rules.count);
	out->waiver_count = rules.count;
}

static void explain_invariant(struct fb *fb, uint32_t number,
			      struct fb_statement *out)
{
	const struct ir_invariant *inv = &fb->ir->invariants[number];
	const struct verdict *v = verify_some(fb->arena, fb->ir, inv, 1);
	struct tell_from from = from_one(fb);

	out->at = tell_place(&from, inv->name, inv->name_span, false);
	out->source = wording_of(fb->arena, &fb->sources, inv->span);
	out->sentence = statement_of_invariant(fb->arena, fb->ir, number);
	out->holds = v->kind == VERDICT_HOLDS || v->kind == VERDICT_WAIVED;
	out->verdict = v->kind == VERDICT_HOLDS ? "holds"
		: v->kind == VERDICT_WAIVED
		? "would be broken but for rules that waive it"
		: arena_printf(fb->arena, "is broken: %s",
			       verdict_text(fb->arena, fb->ir, inv, v));
	if (!out->holds) {
		out->hops = tell_hops(fb, v->hops, v->hop_count);
		out->hop_count = v->hop_count;
	}
	tell_waivers(fb, inv, out);
}

static void tell_unknown(struct fb *fb, const char *name)
{
	size_t count = fb->ir->rule_count + fb->ir->invariant_count;
	const char **names = arena_array(fb->arena, count, sizeof *names);
	const char *nearest;
	struct diag *d = diag_add(&fb->diags, P0222, (struct span){ 0 },
		"the policy has no rule or invariant `%.80s`", name);

	for (size_t i = 0; i < count; i++)
		names[i] = i < fb->ir->rule_count ? fb->ir->rules[i].name
			: fb->ir->invariants[i - fb->ir->rule_count].name;
	nearest = suggest_nearest(name, names, count);
	if (nearest)
		diag_help(d, "did you mean `%s`?", nearest);
}

static enum fb_status explain(struct fb *fb, void *argument)
{
	struct explain_call *call = argument;

	for (uint32_t i = 0; i < fb->ir->rule_count; i++)
		if (strcmp(fb->ir->rules[i].name, call->name) == 0) {
			explain_rule(fb, i, call->out);
			return FB_OK;
		}
	for (uint32_t i = 0; i < fb->ir->invariant_count; i++)
		if (strcmp(fb->ir->invariants[i].name, call->name) == 0) {
			explain_invariant(fb, i, call->out);
			return FB_OK;
		}
	tell_unknown(fb, call->name);
	return FB_BAD;
}

static enum fb_status tell_emitted(struct fb *fb, void *argument)
{
	struct explain_call *call = argument;
	struct output_lines lines = outputs_naming(fb->arena, call->made,
						   call->name);
	struct fb_emitted *emitted = arena_array(fb->arena, lines.list.count,
						 sizeof *emitted);

	for (size_t i = 0; i < lines.list.count; i++)
		emitted[i] = (struct fb_emitted){ lines.list.at[i].path,
						  lines.list.at[i].text,
						  lines.list.at[i].number };
	call->out->emitted = emitted;
	call->out->emitted_count = lines.list.count;
	return FB_OK;
}

enum fb_status fb_explain_words(struct fb *fb, const char *name,
				struct fb_statement *out)
{
	struct explain_call call = { name, out, NULL };

	*out = (struct fb_statement){ .sentence = "", .source = "",
				      .verdict = "", .refused = "" };
	return fb->diags.refusals ? FB_BAD : guarded(fb, explain, &call);
}

enum fb_status fb_explain(struct fb *fb, const char *name,
			  struct fb_statement *out)
{
	struct explain_call call = { name, out, NULL };
	struct fb_compilation made;
	enum fb_status status = fb_explain_words(fb, name, out);

	if (status != FB_OK || !out->is_rule)
		return status;
	status = fb_compile(fb, NULL, NULL, &made);
	if (status == FB_MEMORY)
		return status;
	if (status != FB_OK) {
		out->refused = first_error(fb);
		return FB_OK;
	}
	call.made = &made;
	return guarded(fb, tell_emitted, &call);
}

/* --- drawing --- */

struct render_call {
	const struct fb_answer *answer;		/* one of the two */
	const struct fb_statement *statement;
	const char *question, *text;
	enum fb_answer_format format;
	bool colour;
};

static enum fb_status render(struct fb *fb, void *argument)
{
	struct render_call *call = argument;
	struct text out = TEXT_IN(fb->arena);
	bool json = call->format == FB_ANSWER_JSON;

	if (call->answer && json)
		answer_json(&out, call->answer, call->question);
	else if (call->answer)
		answer_text(&out, call->answer, call->question, call->colour);
	else if (json)
		statement_json(&out, call->statement);
	else
		statement_text(&out, call->statement, call->colour);
	call->text = text_string(&out);
	return FB_OK;
}

const char *fb_answer_render(struct fb *fb, const struct fb_answer *answer,
			     const char *question,
			     enum fb_answer_format format, bool colour)
{
	struct render_call call = { .answer = answer, .question = question,
				    .format = format, .colour = colour };

	(void)guarded(fb, render, &call);	/* without memory: NULL */
	return call.text;
}

const char *fb_statement_render(struct fb *fb,
				const struct fb_statement *statement,
				enum fb_answer_format format, bool colour)
{
	struct render_call call = { .statement = statement, .format = format,
				    .colour = colour };

	(void)guarded(fb, render, &call);	/* without memory: NULL */
	return call.text;
}
