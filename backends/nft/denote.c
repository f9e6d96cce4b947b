/*
 * The meaning of a ruleset, from nft(8): a packet goes down the chain of its
 * hook, the first rule whose matches all hold decides, else the policy.
 *
 * What is not part of a packet (connection state, interface, hop limit, source
 * port) is fixed context by context; a condition that neither packet nor
 * context decides makes the whole ruleset unproved, never "probably equal".
 */
#include "backends/nft/model.h"

#include "backends/nft/context.h"
#include "backends/nft/expect.h"
#include "backends/nft/match.h"
#include "compiler/base/addr.h"
#include "compiler/base/table.h"

#include <string.h>

/* A rule on one hook and family. */
struct seen {
	const struct nft_rule *rule;
	struct nft_regard regard;
	bool ready;		/* BOXES are known, in whatever context */
	struct boxes boxes;
};

struct denoter {
	const struct job *job;
	struct arena *arena;		/* scratch: gone with the denoter */
	struct arena *kept;		/* for what the sides are made of */
	const struct nft_model *model;
	const struct nft_chain *chain;
	struct nft_view view;
	struct seen *rules;
	size_t rule_count;
	struct nft_claim claim;
	bool failed;
};

/*
 * Contexts in which both the ruleset and the claim are the same; told by the
 * first and the states of those that differ from it in nothing else.
 */
struct group {
	struct nft_context first;
	unsigned states;
};

static void cannot_tell(struct denoter *d, const struct nft_rule *rule,
			const char *why)
{
	if (!d->failed)
		diag_add(d->job->diags, P0601, (struct span){ 0, 0 },
			 "`%s`, line %u: %s", d->model->file, rule->line, why);
	d->failed = true;
}

/* The boxes of a rule that matches in CONTEXT what it matches. */
static const struct boxes *seen_boxes(struct denoter *d, struct seen *seen,
				      const struct nft_context *context)
{
	if (!seen->ready)
		seen->boxes = nft_rule_boxes(&d->view, seen->rule, context);
	seen->ready = !seen->regard.context;
	return &seen->boxes;
}

/* --- down the chain --- */

struct fold {
	struct boxes admitted, dropped, run;
	enum nft_verdict verdict;	/* of the run */
};

static void append(struct denoter *d, struct boxes *to,
		   const struct boxes *from)
{
	for (size_t i = 0; i < from->count; i++)
		*LIST_PUSH(d->arena, to) = from->at[i];
}

static struct boxes boxes_minus(struct denoter *d, const struct boxes *a,
				const struct boxes *b)
{
	const struct boxes *lists[] = { a, b };
	struct arena *scratch = arena_child(d->arena);
	struct universe *u = universe_of(scratch, d->view.family,
					 lists, 2);
	struct boxes rest = pset_boxes(u, d->kept,
				       pset_minus(u, pset_of(u, a),
						  pset_of(u, b)));

	arena_free(scratch);
	return rest;
}

/*
 * What a run of accepting rules adds is all that no earlier rule dropped; what
 * an earlier rule accepted stays so, whatever drops it later.
 */
static void end_run(struct denoter *d, struct fold *f)
{
	struct boxes added = f->run;

	if (f->verdict == NFT_DROP) {
		append(d, &f->dropped, &f->run);
	} else {
		if (f->dropped.count && f->run.count)
			added = boxes_minus(d, &f->run, &f->dropped);
		append(d, &f->admitted, &added);
	}
	f->run = (struct boxes){ 0 };
}

static void decide(struct denoter *d, struct fold *f, enum nft_verdict verdict,
		   const struct boxes *boxes)
{
	if (verdict != f->verdict)
		end_run(d, f);
	f->verdict = verdict;
	append(d, &f->run, boxes);
}

/* The verdict of RULE where it matches; false: it passes on. */
static bool verdict_in(const struct nft_rule *rule,
		       const struct nft_context *context,
		       enum nft_verdict *out)
{
	*out = rule->verdict;
	if (!rule->map)
		return true;
	for (size_t i = 0; i < rule->map->elements.count; i++) {
		const struct nft_element *e = &rule->map->elements.at[i];

		if (e->key[0].lo != context->state)
			continue;
		*out = e->verdict;
		return true;
	}
	return false;
}

static struct boxes all_packets(struct denoter *d)
{
	struct ranges all = family_all(d->kept, d->view.family);
	struct boxes out = { 0 };

	boxes_add(d->kept, &out, all, all,
		  service_all(d->kept).of[d->view.family]);
	return out;
}

/* The last word on what is still undecided. */
static struct boxes close(struct denoter *d, struct fold *f,
			  enum nft_verdict verdict)
{
	struct boxes all = all_packets(d);

	if (verdict == NFT_ACCEPT && !f->dropped.count &&
	    f->verdict == NFT_ACCEPT)
		return all;
	decide(d, f, verdict, &all);
	end_run(d, f);
	return f->admitted;
}

static struct boxes admitted_in(struct denoter *d,
				const struct nft_context *context)
{
	struct fold f = { .verdict = NFT_ACCEPT };
	enum nft_verdict verdict;

	for (size_t i = 0; i < d->rule_count; i++) {
		struct seen *seen = &d->rules[i];

		if (seen->regard.dead ||
		    !verdict_in(seen->rule, context, &verdict))
			continue;
		if (seen->regard.packet)
			decide(d, &f, verdict, seen_boxes(d, seen, context));
		else if (nft_rule_holds(&d->view, seen->rule, context))
			return close(d, &f, verdict);
	}
	return close(d, &f, d->chain->policy);
}

/* --- which contexts differ --- */

/*
 * Equal bytes, equal meaning: how each rule sees the context in turn, as far
 * as one that decides all that is left.
 */
static void chain_signature(const struct denoter *d, struct text *out,
			    const struct nft_context *context)
{
	for (size_t i = 0; i < d->rule_count; i++) {
		const struct seen *seen = &d->rules[i];
		enum nft_verdict verdict;
		bool decides;

		if (seen->regard.dead || !seen->regard.context)
			continue;
		decides = verdict_in(seen->rule, context, &verdict);
		text_putc(out, !decides ? '-' : verdict == NFT_ACCEPT ? 'a' :
									'd');
		nft_rule_signature(&d->view, seen->rule, out, context);
		if (decides && !seen->regard.packet &&
		    nft_rule_holds(&d->view, seen->rule, context))
			return;
	}
}

static bool find_contexts(struct denoter *d, struct nft_contexts *out)
{
	struct nft_cuts cuts = { 0 };

	nft_claim_cuts(&d->claim, d->arena, &cuts);
	for (size_t i = 0; i < d->rule_count; i++)
		if (!d->rules[i].regard.dead)
			nft_rule_cuts(d->arena, d->rules[i].rule, &cuts);
	if (nft_contexts_of(d->arena, &cuts, out))
		return true;
	cannot_tell(d, d->rules[d->rule_count - 1].rule, "the rules tell too "
		    "many source ports and hop limits apart");
	return false;
}

/* --- sides --- */

static void set_up(struct denoter *d, uint32_t layer, enum nft_hook hook,
		   enum family family)
{
	d->view = (struct nft_view){ d->arena, d->kept, family, NULL, NULL };
	d->chain = &d->model->chains[hook];
	d->claim = nft_claim_of(d->job, layer, hook, family);
	d->rule_count = d->chain->rules.count;
	d->rules = arena_array(d->arena, d->rule_count, sizeof *d->rules);
	for (size_t i = 0; i < d->rule_count; i++) {
		const struct nft_rule *rule = &d->chain->rules.at[i];

		d->rules[i].rule = rule;
		d->rules[i].regard = nft_rule_regard(&d->view, rule);
	}
}

static const char *label(struct denoter *d, const struct group *group)
{
	static const char *const hook_names[NFT_HOOKS] = {
		[NFT_INPUT]  = "input",
		[NFT_OUTPUT] = "output",
	};

	return arena_printf(d->kept, "%s: %s, %s", d->model->identity.layer,
			    hook_names[d->claim.hook],
			    nft_context_text(d->arena, &group->first,
					     group->states));
}

/* A list without room to spare, in memory that stays. */
static struct boxes keep(struct denoter *d, struct boxes boxes)
{
	struct boxes kept = { arena_array(d->kept, boxes.count,
					  sizeof *kept.at),
			      0, boxes.count };

	for (size_t i = 0; i < boxes.count; i++)
		*LIST_PUSH(d->kept, &kept) = boxes.at[i];
	return kept;
}

static void add_side(struct denoter *d, const struct group *group,
		     struct sides *out)
{
	struct boxes claimed = nft_claim_in(&d->claim, d->kept, &group->first);

	*LIST_PUSH(d->kept, out) = (struct side){
		.label = label(d, group),
		.family = d->view.family,
		.admitted = keep(d, admitted_in(d, &group->first)),
		.must = claimed,
		.may = claimed,
	};
}

/* The groups of contexts, in the order of their first. */
struct groups {
	LIST(struct group *) all;
};

/* At most in it. */
static bool differ_in_state(const struct nft_context *a,
			    const struct nft_context *b)
{
	return a->loopback == b->loopback && a->hop_limit == b->hop_limit &&
	       a->source_port == b->source_port;
}

static struct groups group_contexts(struct denoter *d,
				    const struct nft_contexts *contexts)
{
	struct table known = TABLE_IN(d->arena);
	struct groups out = { 0 };

	for (size_t i = 0; i < contexts->count; i++) {
		const struct nft_context *context = &contexts->at[i];
		struct text signature = TEXT_IN(d->arena);
		struct group *group;
		void **place;

		chain_signature(d, &signature, context);
		text_putc(&signature, ' ');
		nft_claim_signature(&d->claim, &signature, context);
		place = table_at(&known, signature.at, signature.len);
		if (!*place) {
			*place = arena_alloc(d->arena, sizeof *group);
			*LIST_PUSH(d->arena, &out.all) = *place;
			((struct group *)*place)->first = *context;
		}
		group = *place;
		if (differ_in_state(context, &group->first))
			group->states |= 1u << context->state;
	}
	return out;
}

static void denote_hook(struct denoter *d, uint32_t layer, enum nft_hook hook,
			enum family family, struct sides *out)
{
	struct nft_contexts contexts = { 0 };
	struct groups groups;

	set_up(d, layer, hook, family);
	if (!find_contexts(d, &contexts))
		return;
	groups = group_contexts(d, &contexts);
	for (size_t i = 0; i < groups.all.count; i++)
		add_side(d, groups.all.at[i], out);
	if (d->view.culprit)
		cannot_tell(d, d->view.culprit, d->view.why);
}

/* --- whose it is --- */

static bool find_layer(const struct job *job, const struct identity *id,
		       uint32_t *out)
{
	const struct ir *ir = job->ir;
	const struct ir_space *space = job->meaning->space;

	if (strcmp(id->policy, ir->policy) != 0 ||
	    strcmp(id->customer, ir->customers[space->customer].name) != 0 ||
	    strcmp(id->environment, ir->environments[space->environment]) != 0)
		return false;
	for (uint32_t i = 0; i < ir->layer_count; i++) {
		if (strcmp(id->layer, ir->layers[i].name) != 0)
			continue;
		*out = i;
		return true;
	}
	return false;
}

static void check_rules(struct denoter *d, enum nft_hook hook)
{
	const struct nft_chain *chain = &d->model->chains[hook];

	for (size_t i = 0; i < chain->rules.count; i++) {
		const struct nft_rule *rule = &chain->rules.at[i];
		const char *why = nft_rule_unclear(rule, hook);

		if (why)
			cannot_tell(d, rule, why);
	}
}

static bool denote_layer(struct denoter *d, uint32_t layer, struct sides *out)
{
	struct sides sides = { 0 };

	for (int hook = NFT_INPUT; hook < NFT_HOOKS; hook++)
		check_rules(d, hook);
	for (int hook = NFT_INPUT; hook < NFT_HOOKS && !d->failed; hook++)
		for (int family = IPV4; family < FAMILIES; family++)
			denote_hook(d, layer, hook, family, &sides);
	for (size_t i = 0; !d->failed && i < sides.count; i++)
		*LIST_PUSH(d->kept, out) = sides.at[i];
	return !d->failed;
}

bool nft_denote(const struct job *job, const struct nft_model *model,
		struct sides *out)
{
	const struct identity *id = &model->identity;
	struct denoter d = { .job = job, .kept = job->arena, .model = model };
	uint32_t layer;
	bool done;

	if (!find_layer(job, id, &layer)) {
		diag_add(job->diags, P0602, (struct span){ 0, 0 },
			 "`%s` says it is for layer `%s` in environment `%s` "
			 "of customer `%s` by policy `%s`, which is not here",
			 model->file, id->layer, id->environment, id->customer,
			 id->policy);
		return false;
	}
	d.arena = arena_child(job->arena);
	done = denote_layer(&d, layer, out);
	arena_free(d.arena);
	return done;
}
