/*
 * From a message that the kernel refused to what it is of: an element or a rule
 * knows which rules of the policy it was lowered from; a set is of those of its
 * elements, a chain of those of its rules.
 */
#define _GNU_SOURCE		/* strerrorname_np() */
#include "backends/nft/refusal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES_MOST = 8 };	/* that are shown; the others are counted */

/* --- whose it is --- */

struct search {
	const struct nft_model *model;
	bool *seen;		/* by rule of the policy */
};

static void search_chain(struct search *s, const struct nft_chain *chain);

static void take_origin(struct search *s, uint32_t number)
{
	const struct nft_origin *from = number ? &s->model->origins.at[number - 1]
					       : NULL;

	for (size_t i = 0; from && i < from->count; i++)
		s->seen[from->rules[i]] = true;
}

static void search_elements(struct search *s, const struct nft_set *set,
			    size_t first, size_t count)
{
	for (size_t i = first; i < first + count; i++) {
		take_origin(s, set->elements.at[i].origin);
		if (set->elements.at[i].chain)
			search_chain(s, set->elements.at[i].chain);
	}
}

static void search_set(struct search *s, const struct nft_set *set)
{
	search_elements(s, set, 0, set->elements.count);
}

static void search_rule(struct search *s, const struct nft_rule *rule)
{
	take_origin(s, rule->origin);
	for (size_t i = 0; i < rule->matches.count; i++)
		search_set(s, rule->matches.at[i].set);
	if (rule->map)
		search_set(s, rule->map->set);
}

static void search_chain(struct search *s, const struct nft_chain *chain)
{
	for (size_t i = 0; i < chain->rules.count; i++)
		search_rule(s, &chain->rules.at[i]);
}

static void search(struct search *s, const struct nft_refusal *why)
{
	const struct nft_about *about = &why->about;

	if (about->chain)
		search_chain(s, about->chain);
	if (about->rule)
		search_rule(s, about->rule);
	if (about->set && why->element != NFT_NO_ELEMENT)
		search_elements(s, about->set, why->element, 1);
	else if (about->set)
		search_elements(s, about->set, about->first, about->count);
}

/* --- what to do --- */

static const struct { int error; const char *help; } helps[] = {
	{ EPERM, "run as root, or with CAP_NET_ADMIN in this network namespace" },
	{ ENOMEM, "the kernel has no memory for it: free some, or raise the memory limit of this process's control group" },
	{ ENOBUFS, "the kernel has no room for its answer: apply it again" },
	{ EMSGSIZE, "a socket does not take so large a transaction: raise the sysctl net.core.wmem_max, or run as root outside of user namespaces" },
	{ ENFILE, "the set is full, and it was made with room for twice its elements: somebody else adds to it; see who, and apply again" },
	{ EEXIST, "it is there already: somebody else writes into this table; see who, and apply again" },
	{ EBUSY, "something that is not firebreak's still refers to it: `nft list ruleset` shows what; delete that, and apply again" },
	{ ENOENT, "it is not there, or was taken away meanwhile: apply again" },
	{ ERESTART, "others change the ruleset all the time: apply again when they are done" },
	{ EOPNOTSUPP, "this kernel lacks something that the ruleset needs: Linux 5.6 and later have it, where nf_tables is built with all of its parts" },
};

static void help(struct diag *told, const struct nft_refusal *why)
{
	if (why->expression && (why->error == ENOENT ||
				why->error == EOPNOTSUPP)) {
		diag_help(told, "this kernel lacks the expression `%.32s`: load its module (`modprobe nft_%.32s`), or run a kernel that has it",
			  why->expression, why->expression);
		return;
	}
	for (size_t i = 0; i < sizeof helps / sizeof *helps; i++)
		if (helps[i].error == why->error) {
			diag_help(told, "%s", helps[i].help);
			return;
		}
	diag_help(told, "nothing has changed; the kernel's log (`dmesg`) may say more, and a report should have the policy and what `uname -r` says");
}

/* --- telling --- */

static const char *word_of(int error)
{
	const char *word = strerrorname_np(error);

	return word ? word : "an error of no name";
}

/* The text of what `%s` cannot show: only printable ASCII of the kernel's words. */
static const char *plain(struct arena *arena, const char *text)
{
	char *out = arena_copy(arena, text, strnlen(text, 200));

	for (char *c = out; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return out;
}

static void note_details(struct diags *diags, struct diag *told,
			 const struct nft_refusal *why)
{
	const struct span nowhere = { 0, 0 };
	struct text key = TEXT_IN(diags->arena);

	if (why->about.set && why->element != NFT_NO_ELEMENT) {
		nft_print_key(&key, why->about.set,
			      &why->about.set->elements.at[why->element]);
		diag_note(told, nowhere, "the element is %s",
			  text_string(&key));
	}
	if (why->expression)
		diag_note(told, nowhere, "at the expression `%.32s`",
			  why->expression);
	if (why->says)
		diag_note(told, nowhere, "the kernel says: %s",
			  plain(diags->arena, why->says));
	if (why->more)
		diag_note(told, nowhere, "%zu more of the transaction's messages were refused, too",
			  why->more);
}

static int by_place(const void *x, const void *y)
{
	const struct ir_rule *const *a = x, *const *b = y;

	return (*a)->name_span.lo < (*b)->name_span.lo ? -1
	     : (*a)->name_span.lo > (*b)->name_span.lo;
}

/* The rules of the policy that are SEEN, as they are written; *COUNT of them. */
static const struct ir_rule **places_of(struct arena *arena,
					const struct ir *ir, const bool *seen,
					size_t *count)
{
	const struct ir_rule **out = arena_array(arena, ir->rule_count + 1,
						 sizeof *out);

	*count = 0;
	for (size_t i = 0; i < ir->rule_count; i++)
		if (seen[i])
			out[(*count)++] = &ir->rules[i];
	if (*count)
		qsort(out, *count, sizeof *out, by_place);
	return out;
}

/* TOLD is at the first of the places. */
static void note_places(struct diag *told, const struct ir_rule **places,
			size_t count)
{
	diag_label(told, "it comes from here");
	for (size_t i = 1; i < count && i < PLACES_MOST; i++)
		diag_note(told, places[i]->name_span, "and from `%s`",
			  places[i]->name);
	if (count > PLACES_MOST)
		diag_note(told, (struct span){ 0, 0 }, "and from %zu more rules",
			  count - PLACES_MOST);
}

/* Which rules of the policy are in what was refused; none without a policy. */
static const struct ir_rule **blamed(struct arena *arena,
				     const struct nft_refusal *why,
				     const struct job *job,
				     const struct nft_model *model,
				     size_t *count)
{
	struct search s = { .model = model };

	*count = 0;
	if (!job || !model)
		return NULL;
	s.seen = arena_array(arena, job->ir->rule_count + 1, sizeof *s.seen);
	search(&s, why);
	return places_of(arena, job->ir, s.seen, count);
}

bool nft_tell_refusal(struct diags *diags, const struct nft_refusal *why,
		      const struct job *job, const struct nft_model *model)
{
	size_t count;
	const struct ir_rule **places = blamed(diags->arena, why, job, model,
					       &count);
	struct diag *told = diag_add(diags, P0604, count
			? places[0]->name_span : (struct span){ 0, 0 },
			"the kernel refuses %s: %s (%s)", why->about.what,
			strerror(why->error), word_of(why->error));

	if (count)
		note_places(told, places, count);
	else if (why->about.set || why->about.rule)
		diag_note(told, (struct span){ 0, 0 },
			  "it comes from no rule of the policy: every ruleset has it");
	note_details(diags, told, why);
	help(told, why);
	return false;
}

bool nft_tell_no_answer(struct diags *diags, const char *what, int error)
{
	struct nft_refusal why = { .error = error, .about = { .what = what },
				   .element = NFT_NO_ELEMENT };

	return nft_tell_refusal(diags, &why, NULL, NULL);
}
