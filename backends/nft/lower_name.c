/* Names of rules and of what a ruleset is for, where comments show them. */
#include "backends/nft/lower.h"

#include <string.h>

enum { NAMES_WIDTH = 100 };	/* bytes of rule names in a comment */

/* Letters, digits and marks that neither end a string nor a word. */
static bool is_plain_name(const char *name)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789_.-";

	return *name && strspn(name, plain) == strlen(name);
}

static void tell_name(struct nft_lowering *l, const char *what,
		      const char *name, struct span span)
{
	diag_add(l->job->diags, P0520, span,
		 "nftables cannot carry the name of %s `%s`", what, name);
	l->failed = true;
}

bool nft_check_name(struct nft_lowering *l, const char *what, const char *name,
		    struct span span)
{
	if (!is_plain_name(name))
		tell_name(l, what, name, span);
	return is_plain_name(name);
}

/* In a string of nft's nothing is escaped, and `$` begins a variable. */
bool nft_check_text(struct nft_lowering *l, const char *what, const char *text)
{
	for (const char *c = text; *c; c++) {
		if (*c >= ' ' && *c <= '~' && !strchr("\"\\$", *c))
			continue;
		tell_name(l, what, text, (struct span){ 0, 0 });
		return false;
	}
	return true;
}

static void add_name(struct nft_lowering *l, struct text *text, uint32_t rule)
{
	const struct ir_rule *r = &l->job->ir->rules[rule];
	size_t len = strlen(r->name);

	if (!nft_check_name(l, "rule", r->name, r->name_span))
		return;
	if (text->len)
		text_puts(text, ", ");
	text_add(text, r->name, len < NAMES_WIDTH ? len : NAMES_WIDTH);
}

/* Would the name of RULE still fit behind TEXT?  The first always does. */
static bool has_room(const struct nft_lowering *l, const struct text *text,
		     uint32_t rule)
{
	return !text->len || text->len + 2 +
	       strlen(l->job->ir->rules[rule].name) <= NAMES_WIDTH;
}

static const char *names_of(struct nft_lowering *l, struct nft_origin from)
{
	struct text text = TEXT_IN(l->arena);
	size_t left = 0;

	for (size_t i = 0; i < from.count; i++) {
		if (i && from.rules[i] == from.rules[i - 1])
			continue;
		if (left || !has_room(l, &text, from.rules[i]))
			left++;
		else
			add_name(l, &text, from.rules[i]);
	}
	if (left)
		text_printf(&text, " +%zu", left);
	return text.len ? text_string(&text) : NULL;
}

uint32_t nft_origin_of(struct nft_lowering *l, const struct meaning *meaning,
		       const struct box *box, const char **names)
{
	struct nft_origin *from = LIST_PUSH(l->arena, &l->model->origins);

	from->rules = meaning_touching(meaning, l->arena, l->family, box,
				       &from->count);
	*names = names_of(l, *from);
	return (uint32_t)l->model->origins.count;
}
