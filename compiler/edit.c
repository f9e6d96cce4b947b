/* The public side of what an editor asks. */
#include "firebreak/edit.h"

#include "compiler/base/addr.h"
#include "compiler/base/markup.h"
#include "compiler/base/service.h"
#include "compiler/context.h"
#include "compiler/symbols.h"
#include "firebreak/query.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN = 12 };	/* environments, lines of reach */

/* --- files --- */

struct overlay_call {
	const char *path, *text;
	size_t len;
};

static enum fb_status overlay(struct fb *fb, void *argument)
{
	const struct overlay_call *call = argument;

	*LIST_PUSH(fb->arena, &fb->overlays) = (struct overlay){
		arena_copy(fb->arena, call->path, strlen(call->path)),
		call->text, call->len };
	return FB_OK;
}

enum fb_status fb_overlay(struct fb *fb, const char *path, const char *text,
			  size_t len)
{
	struct overlay_call call = { path, text, len };

	return guarded(fb, overlay, &call);
}

struct fb_extract fb_extract(struct fb *fb, struct span span)
{
	const struct source *s = span.lo || span.hi
		? source_of(&fb->sources, span.lo) : NULL;

	if (!s)
		return (struct fb_extract){ 0 };
	return (struct fb_extract){ s->name, s->text, s->len,
				    span.lo - s->base,
				    span.hi - s->base < s->len
				    ? span.hi - s->base : s->len };
}

static enum fb_status files(struct fb *fb, void *argument)
{
	const char ***out = argument;

	*out = arena_array(fb->arena, fb->sources.files.count, sizeof **out);
	for (size_t i = 0; i < fb->sources.files.count; i++)
		(*out)[i] = fb->sources.files.at[i]->name;
	return FB_OK;
}

const char *const *fb_files(struct fb *fb, size_t *count)
{
	const char **out = NULL;

	*count = guarded(fb, files, &out) == FB_OK ? fb->sources.files.count : 0;
	return out;
}

/* --- names --- */

struct symbols_call {
	const struct fb_symbol *all;
	const char *const *words;
	size_t count;
};

static enum fb_status symbols(struct fb *fb, void *argument)
{
	struct symbols_call *call = argument;

	if (fb->ir)
		call->all = symbols_of(fb->arena, fb->ir, &call->count);
	return FB_OK;
}

const struct fb_symbol *fb_symbols(struct fb *fb, size_t *count)
{
	struct symbols_call call = { 0 };

	*count = guarded(fb, symbols, &call) == FB_OK ? call.count : 0;
	return call.all;
}

static enum fb_status library(struct fb *fb, void *argument)
{
	struct symbols_call *call = argument;

	if (fb->ir)
		call->words = symbols_library(fb->arena, fb->ir, &call->count);
	return FB_OK;
}

const char *const *fb_library_services(struct fb *fb, size_t *count)
{
	struct symbols_call call = { 0 };

	*count = guarded(fb, library, &call) == FB_OK ? call.count : 0;
	return call.words;
}

const char *fb_keyword(size_t number, bool *begins)
{
	return parse_keyword(number, begins);
}

/* --- what there is to say --- */

struct text_call {
	const struct fb_symbol *symbol;
	const struct fb_answer *from, *to;	/* of endpoints */
	const struct fb_statement *statement;	/* of rules and invariants */
	const char *text;
};

/* The same services over both families are said once. */
static const char *services(struct arena *arena, struct both set)
{
	const char *four = ranges_empty(set.of[IPV4]) ? "" :
			   service_set_text(arena, IPV4, set.of[IPV4]);
	const char *six = ranges_empty(set.of[IPV6]) ? "" :
			  service_set_text(arena, IPV6, set.of[IPV6]);

	if (!*six || strcmp(four, six) == 0)
		return four;
	return *four ? arena_printf(arena, "%s; IPv6: %s", four, six) : six;
}

static const char *addresses(struct arena *arena, struct both set)
{
	const char *four = ranges_empty(set.of[IPV4]) ? "" :
			   addr_set_text(arena, IPV4, set.of[IPV4]);
	const char *six = ranges_empty(set.of[IPV6]) ? "" :
			  addr_set_text(arena, IPV6, set.of[IPV6]);

	return *four && *six ? arena_printf(arena, "%s, %s", four, six)
			     : *four ? four : six;
}

static void put_title(struct text *out, const char *kind, const char *name,
		      const char *title)
{
	text_printf(out, "**%s** `%s`", kind, name);
	if (title && *title) {
		text_puts(out, ": ");
		put_markdown(out, title);
	}
	text_puts(out, "\n");
}

struct named_sets {
	const char *kind, *title;
	/* the addresses in space number I */
	const struct both *(*in)(const struct ir *ir, size_t i, size_t index);
	size_t index;
};

static const struct both *layer_in(const struct ir *ir, size_t i, size_t index)
{
	return &ir->spaces[i].layers[index];
}

static const struct both *network_in(const struct ir *ir, size_t i,
				     size_t index)
{
	return &ir->spaces[i].networks[index];
}

static const struct both *group_in(const struct ir *ir, size_t i, size_t index)
{
	return &ir->groups[index].in[i];
}

/* The layer, network or group NAME; false: it has no meaning, which was told. */
static bool find_sets(const struct ir *ir, const struct fb_symbol *s,
		      struct named_sets *out)
{
	for (size_t i = 0; s->kind == FB_SYMBOL_LAYER && i < ir->layer_count; i++)
		if (strcmp(ir->layers[i].name, s->name) == 0) {
			*out = (struct named_sets){ "layer", ir->layers[i].title,
						    layer_in, i };
			return true;
		}
	for (size_t i = 0; s->kind == FB_SYMBOL_NETWORK &&
			   i < ir->network_count; i++)
		if (strcmp(ir->networks[i].name, s->name) == 0) {
			*out = (struct named_sets){ "network",
						    ir->networks[i].title,
						    network_in, i };
			return true;
		}
	for (size_t i = 0; s->kind == FB_SYMBOL_GROUP && i < ir->group_count; i++)
		if (strcmp(ir->groups[i].name, s->name) == 0) {
			*out = (struct named_sets){ "group", "", group_in, i };
			return true;
		}
	return false;
}

static void put_addresses(struct text *out, struct arena *arena,
			  const struct ir *ir, const struct named_sets *sets)
{
	size_t told = 0, more = 0;

	for (size_t i = 0; i < ir->space_count; i++) {
		const struct both *set = sets->in(ir, i, sets->index);

		if (both_empty(*set))
			continue;
		if (told == SHOWN) {
			more++;
			continue;
		}
		if (!told++)
			text_puts(out, "\n| environment | addresses |\n|---|---|\n");
		text_printf(out, "| %s | ", ir_space_name(arena, ir,
							  &ir->spaces[i]));
		put_markdown(out, sets->in == network_in &&
			     ir_is_opaque(&ir->spaces[i], (uint32_t)sets->index)
			     ? "a prefix list of AWS" : addresses(arena, *set));
		text_puts(out, " |\n");
	}
	if (more)
		text_printf(out, "\nand %zu more environments\n", more);
}

/* Lines of `who: on what, by which rules`. */
static void put_reach(struct text *out, const char *heading,
		      const struct fb_reach *reach, size_t count, bool from)
{
	if (count)
		text_printf(out, "\n%s\n\n", heading);
	for (size_t i = 0; i < count && i < SHOWN; i++) {
		const struct fb_reach *r = &reach[i];

		text_puts(out, "- ");
		put_markdown(out, from ? r->words.src : r->words.dst);
		text_puts(out, " on ");
		put_markdown(out, r->words.ports);
		for (size_t j = 0; j < r->rule_count; j++)
			text_printf(out, "%s`%s`", j ? ", " : ", by ",
				    r->rules[j].name);
		text_puts(out, "\n");
	}
	if (count > SHOWN)
		text_printf(out, "- and %zu more\n", count - SHOWN);
}

static void put_endpoint(struct text *out, struct fb *fb,
			 const struct text_call *call)
{
	struct named_sets sets;

	if (!find_sets(fb->ir, call->symbol, &sets))
		return;
	put_title(out, sets.kind, call->symbol->name, sets.title);
	put_addresses(out, fb->arena, fb->ir, &sets);
	put_reach(out, "is reached by", call->from->reach,
		  call->from->reach_count, true);
	put_reach(out, "reaches", call->to->reach, call->to->reach_count, false);
}

/* The environments of which the one or the other part of the name is NAME. */
static void put_places(struct text *out, struct fb *fb,
		       const struct fb_symbol *s)
{
	const struct ir *ir = fb->ir;
	bool customer = s->kind == FB_SYMBOL_CUSTOMER;
	size_t told = 0;

	put_title(out, customer ? "customer" : "environment", s->name, "");
	for (size_t i = 0; i < ir->space_count; i++) {
		const struct ir_space *space = &ir->spaces[i];
		const char *name = customer
			? ir->customers[space->customer].name
			: ir->environments[space->environment];

		if (strcmp(name, s->name) != 0)
			continue;
		if (told++ == SHOWN)
			text_puts(out, "\nand more\n");
		if (told > SHOWN)
			continue;
		if (told == 1)
			text_puts(out, "\n| environment | region | VPC |\n|---|---|---|\n");
		text_printf(out, "| %s | ", ir_space_name(fb->arena, ir, space));
		put_markdown(out, space->region);
		text_puts(out, " | ");
		put_markdown(out, addresses(fb->arena, space->vpc));
		text_puts(out, " |\n");
	}
}

static void put_statement(struct text *out, const struct text_call *call)
{
	const struct fb_statement *st = call->statement;

	put_title(out, st->is_rule ? "rule" : "invariant", call->symbol->name, "");
	text_puts(out, "\n");
	put_markdown(out, st->sentence);
	text_puts(out, "\n");
	if (!st->is_rule) {
		text_puts(out, "\nIt ");
		put_markdown_code(out, st->verdict);
		text_puts(out, ".\n");
	}
	for (size_t i = 0; i < st->hop_count; i++) {
		text_puts(out, "- ");
		put_markdown(out, st->hops[i].packet);
		text_printf(out, " in %s\n", st->hops[i].environment);
	}
	if (st->is_rule)
		put_reach(out, "permits", st->reach, st->reach_count, false);
}

static enum fb_status write_text(struct fb *fb, void *argument)
{
	struct text_call *call = argument;
	struct text out = TEXT_IN(fb->arena);

	switch (call->symbol->kind) {
	case FB_SYMBOL_LAYER:
	case FB_SYMBOL_NETWORK:
	case FB_SYMBOL_GROUP:
		put_endpoint(&out, fb, call);
		break;
	case FB_SYMBOL_SERVICE:
		put_title(&out, "service", call->symbol->name,
			  services(fb->arena, symbols_service(fb->ir,
						      call->symbol->name)));
		break;
	case FB_SYMBOL_ENVIRONMENT:
	case FB_SYMBOL_CUSTOMER:
		put_places(&out, fb, call->symbol);
		break;
	case FB_SYMBOL_RULE:
	case FB_SYMBOL_INVARIANT:
		put_statement(&out, call);
		break;
	}
	call->text = text_string(&out);
	return FB_OK;
}

const char *fb_symbol_text(struct fb *fb, const struct fb_symbol *symbol)
{
	struct fb_answer from = { 0 }, to = { 0 };
	struct fb_statement statement = { 0 };
	struct text_call call = { symbol, &from, &to, &statement, NULL };
	char ask[2][256];

	if (fb->diags.refusals)
		return "";
	if (symbol->kind == FB_SYMBOL_RULE ||
	    symbol->kind == FB_SYMBOL_INVARIANT) {
		if (fb_explain_words(fb, symbol->name, &statement) != FB_OK)
			return "";
	} else if (symbol->kind <= FB_SYMBOL_GROUP) {
		snprintf(ask[0], sizeof ask[0], "? -> %s", symbol->name);
		snprintf(ask[1], sizeof ask[1], "%s -> ?", symbol->name);
		(void)fb_query(fb, &(struct fb_question){ .text = ask[0] }, &from);
		(void)fb_query(fb, &(struct fb_question){ .text = ask[1] }, &to);
	}
	(void)guarded(fb, write_text, &call);	/* without memory: NULL */
	return call.text;
}

/* --- hints --- */

struct hints_call {
	const struct fb_hint *all;
	size_t count;
};

static enum fb_status hints(struct fb *fb, void *argument)
{
	struct hints_call *call = argument;
	LIST(struct fb_hint) found = { 0 };
	size_t count;
	const struct fb_symbol *all = symbols_of(fb->arena, fb->ir, &count);

	for (size_t i = 0; i < count; i++) {
		const char *is = all[i].kind != FB_SYMBOL_SERVICE ||
				 all[i].declares ? "" :
			services(fb->arena, symbols_service(fb->ir, all[i].name));

		if (*is)
			*LIST_PUSH(fb->arena, &found) =
				(struct fb_hint){ all[i].span.hi, is };
	}
	for (size_t i = 0; i < fb->ir->rule_count; i++) {
		const struct ir_rule *r = &fb->ir->rules[i];
		uint32_t left = r->expires_day - fb->ir->as_of;

		if (r->expires.value && r->expires.span.hi)
			*LIST_PUSH(fb->arena, &found) = (struct fb_hint){
				r->expires.span.hi, !r->in_force ? "expired"
				: arena_printf(fb->arena, "%" PRIu32 " day%s left",
					       left, left == 1 ? "" : "s") };
	}
	call->all = found.at;
	call->count = found.count;
	return FB_OK;
}

const struct fb_hint *fb_hints(struct fb *fb, size_t *count)
{
	struct hints_call call = { 0 };

	*count = fb->ir && guarded(fb, hints, &call) == FB_OK ? call.count : 0;
	return call.all;
}
