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
	/* as a packet meets them: those of a chain where it is jumped to */
	LIST(struct seen) rules;
	struct nft_claim claim;
	size_t steps;			/* taken down the chains */
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
			 "`%s`, %s: %s", d->model->file,
			 nft_where(d->job->arena, d->model, rule->line), why);
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
	if (verdict != NFT_ACCEPT)
		verdict = NFT_DROP;	/* whatever goes back to the sender */
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
	for (size_t i = 0; i < rule->map->set->elements.count; i++) {
		const struct nft_element *e = &rule->map->set->elements.at[i];

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

	for (size_t i = 0; i < d->rules.count; i++) {
		struct seen *seen = &d->rules.at[i];

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
	for (size_t i = 0; i < d->rules.count; i++) {
		const struct seen *seen = &d->rules.at[i];
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
	for (size_t i = 0; i < d->rules.count; i++)
		if (!d->rules.at[i].regard.dead)
			nft_rule_cuts(d->arena, d->rules.at[i].rule, &cuts);
	if (nft_contexts_of(d->arena, &cuts, out))
		return true;
	cannot_tell(d, d->rules.at[d->rules.count - 1].rule, "the rules tell too "
		    "many source ports and hop limits apart");
	return false;
}

/* --- what is jumped to --- */

enum {
	DEPTH_MOST = 8,
	STEPS_MOST = 1 << 21,	/* rules, each as often as a way leads to it */
};

/* Matches that hold together. */
struct way {
	LIST(struct nft_match) matches;
};

static struct way further(struct denoter *d, const struct way *way,
			  const struct nft_match *at, size_t count)
{
	struct way out = { 0 };

	for (size_t i = 0; i < way->matches.count; i++)
		*LIST_PUSH(d->arena, &out.matches) = way->matches.at[i];
	for (size_t i = 0; i < count; i++)
		*LIST_PUSH(d->arena, &out.matches) = at[i];
	return out;
}

/* RULE, which decides, for packets that have come WAY. */
static void see(struct denoter *d, const struct way *way,
		const struct nft_rule *rule, enum nft_verdict verdict)
{
	struct nft_rule *own = arena_alloc(d->arena, sizeof *own);
	struct seen *seen;

	*own = *rule;
	own->verdict = verdict;
	own->matches.at = way->matches.at;
	own->matches.count = way->matches.count;
	own->matches.cap = way->matches.cap;
	if (rule->map && rule->map->fields[0] != NFT_CT_STATE)
		own->map = NULL;
	seen = LIST_PUSH(d->arena, &d->rules);
	seen->rule = own;
	seen->regard = nft_rule_regard(&d->view, own);
}

static void walk(struct denoter *d, const struct nft_chain *chain,
		 const struct way *way, unsigned depth);

/* The elements of a map that lead to the same place. */
struct branch {
	enum nft_verdict verdict;
	const struct nft_chain *chain;
	struct nft_set *keys;
};

static void **branch_at(struct table *known, const struct nft_element *e)
{
	return e->verdict == NFT_JUMP
	       ? table_at(known, (const char *)&e->chain, sizeof e->chain)
	       : table_at(known, e->verdict == NFT_ACCEPT ? "a" : "d", 1);
}

/* No two elements overlap, so their order means nothing. */
static void walk_map(struct denoter *d, const struct nft_rule *rule,
		     const struct way *way, unsigned depth)
{
	struct table known = TABLE_IN(d->arena);
	struct nft_match m = *rule->map;
	LIST(struct branch *) branches = { 0 };

	for (size_t i = 0; i < rule->map->set->elements.count; i++) {
		const struct nft_element *e = &rule->map->set->elements.at[i];
		void **place = branch_at(&known, e);
		struct branch *b = *place;

		if (!b) {
			b = *place = arena_alloc(d->arena, sizeof *b);
			*LIST_PUSH(d->arena, &branches) = b;
			b->verdict = e->verdict;
			b->chain = e->chain;
			b->keys = arena_alloc(d->arena, sizeof *b->keys);
		}
		*LIST_PUSH(d->arena, &b->keys->elements) = *e;
	}
	for (size_t i = 0; i < branches.count; i++) {
		struct way on;

		m.set = branches.at[i]->keys;
		on = further(d, way, &m, 1);
		if (branches.at[i]->verdict == NFT_JUMP)
			walk(d, branches.at[i]->chain, &on, depth + 1);
		else
			see(d, &on, rule, branches.at[i]->verdict);
	}
}

static bool leads_on(const struct nft_set *map)
{
	for (size_t i = 0; i < map->elements.count; i++)
		if (map->elements.at[i].verdict == NFT_JUMP)
			return true;
	return false;
}

/* What a packet that has come WAY meets in CHAIN. */
static void walk(struct denoter *d, const struct nft_chain *chain,
		 const struct way *way, unsigned depth)
{
	for (size_t i = 0; i < chain->rules.count && !d->failed; i++) {
		const struct nft_rule *rule = &chain->rules.at[i];
		struct way on = further(d, way, rule->matches.at,
					rule->matches.count);

		if (depth > DEPTH_MOST || d->steps++ > STEPS_MOST)
			cannot_tell(d, rule, "chains that jump in a circle, "
				    "too deep, or to each other too often");
		else if (rule->map && rule->map->fields[0] != NFT_CT_STATE)
			walk_map(d, rule, &on, depth);
		else if (rule->map && leads_on(rule->map->set))
			cannot_tell(d, rule, "a jump by the state of the connection");
		else if (rule->map || (rule->verdict != NFT_JUMP &&
				       rule->verdict != NFT_PASS))
			see(d, &on, rule, rule->verdict);
		else if (rule->verdict == NFT_JUMP)
			walk(d, rule->chain, &on, depth + 1);
	}
}

static void check_rules(struct denoter *d, enum nft_hook hook)
{
	for (size_t i = 0; i < d->rules.count; i++) {
		const struct nft_rule *rule = d->rules.at[i].rule;
		const char *why = nft_rule_unclear(rule, hook);

		if (why)
			cannot_tell(d, rule, why);
	}
}

static bool set_up(struct denoter *d, enum nft_hook hook, enum family family)
{
	static const struct way from_here;

	d->view = (struct nft_view){ d->arena, d->kept, family, NULL, NULL };
	d->chain = &d->model->chains[hook];
	d->rules.at = NULL;
	d->rules.count = d->rules.cap = 0;
	walk(d, d->chain, &from_here, 0);
	check_rules(d, hook);
	return !d->failed;
}

/* --- sides --- */

static const char *subject(const struct denoter *d)
{
	const char *layer = d->model->identity.layer;

	return *layer ? layer : "gateway";
}

static const char *label(struct denoter *d, const struct group *group)
{
	static const char *const hook_names[NFT_HOOKS] = {
		[NFT_INPUT]	  = "input",
		[NFT_OUTPUT]	  = "output",
		[NFT_FORWARD]	  = "forward",
		[NFT_POSTROUTING] = "postrouting",
	};

	return arena_printf(d->kept, "%s: %s, %s", subject(d),
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
	return a->loopback == b->loopback && a->ipsec == b->ipsec &&
	       a->hop_limit == b->hop_limit &&
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

	d->claim = nft_claim_of(d->job, layer, hook, family);
	if (!set_up(d, hook, family) || !find_contexts(d, &contexts))
		return;
	groups = group_contexts(d, &contexts);
	for (size_t i = 0; i < groups.all.count; i++)
		add_side(d, groups.all.at[i], out);
	if (d->view.culprit)
		cannot_tell(d, d->view.culprit, d->view.why);
}

/* --- source NAT --- */

/* By the packet alone, or it is not understood. */
static bool check_nat(struct denoter *d)
{
	for (size_t i = 0; i < d->rules.count; i++)
		if (d->rules.at[i].regard.context)
			cannot_tell(d, d->rules.at[i].rule, "translation by "
				    "more than the packet's addresses and "
				    "service");
	if (d->chain->present && d->chain->policy != NFT_ACCEPT)
		diag_add(d->job->diags, P0601, (struct span){ 0, 0 },
			 "`%s`: packets dropped where they are translated",
			 d->model->file);
	return !d->failed &&
	       !(d->chain->present && d->chain->policy != NFT_ACCEPT);
}

static void add_nat_side(struct denoter *d, const char *label_text,
			 struct boxes admitted, struct boxes claimed,
			 struct sides *out)
{
	*LIST_PUSH(d->kept, out) = (struct side){
		.label = label_text, .family = IPV4,
		.admitted = keep(d, admitted),
		.must = claimed, .may = claimed };
}

/*
 * The first rule that matches decides: what is translated to one of the
 * environment's own addresses is one side, what to any other has one a rule,
 * on which nothing may be.
 */
static bool denote_nat(struct denoter *d, struct sides *out)
{
	static const struct nft_context any;
	struct ranges own = d->job->meaning->space->nat.of[IPV4];
	struct boxes translated = { 0 }, decided = { 0 };

	if (!set_up(d, NFT_POSTROUTING, IPV4) || !check_nat(d))
		return false;
	for (size_t i = 0; i < d->rules.count; i++) {
		struct seen *seen = &d->rules.at[i];
		struct range to = seen->rule->nat;
		struct boxes first;

		if (seen->regard.dead)
			continue;
		first = boxes_minus(d, seen_boxes(d, seen, &any), &decided);
		append(d, &decided, &first);
		if (seen->rule->verdict != NFT_SNAT)
			continue;
		if (ranges_include(own, (struct ranges){ &to, 1 }))
			append(d, &translated, &first);
		else
			add_nat_side(d, arena_printf(d->kept,
				"gateway: source NAT to %s",
				addr_set_text(d->kept, IPV4, (struct ranges){
					      &to, 1 })), first,
				(struct boxes){ 0 }, out);
	}
	add_nat_side(d, "gateway: source NAT", translated,
		     nft_claim_nat(d->job), out);
	if (d->view.culprit)
		cannot_tell(d, d->view.culprit, d->view.why);
	return !d->failed;
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
	*out = NFT_NO_LAYER;
	if (!*id->layer)
		return true;
	for (uint32_t i = 0; i < ir->layer_count; i++) {
		if (strcmp(id->layer, ir->layers[i].name) != 0)
			continue;
		*out = i;
		return true;
	}
	return false;
}

/* Which hooks a ruleset of the kind has; no other may have a chain. */
static bool is_hook_of(uint32_t layer, int hook)
{
	bool host = hook == NFT_INPUT || hook == NFT_OUTPUT;

	return host == (layer != NFT_NO_LAYER);
}

/* Connections are tracked at -200; before that nothing has a state. */
enum { PRIORITY_LEAST = -199 };

static bool check_hooks(struct denoter *d, uint32_t layer)
{
	for (int hook = NFT_INPUT; hook < NFT_HOOKS; hook++) {
		const struct nft_chain *chain = &d->model->chains[hook];

		if (!chain->present || (is_hook_of(layer, hook) &&
					chain->priority >= PRIORITY_LEAST))
			continue;
		diag_add(d->job->diags, P0601, (struct span){ 0, 0 },
			 "`%s`, %s: chain `%s` %s", d->model->file,
			 nft_where(d->job->arena, d->model, chain->line),
			 chain->name, is_hook_of(layer, hook)
			 ? "comes before connections are tracked"
			 : "is on a hook that such a ruleset has nothing to do with");
		return false;
	}
	return true;
}

static bool denote_layer(struct denoter *d, uint32_t layer, struct sides *out)
{
	struct sides sides = { 0 };

	if (!check_hooks(d, layer))
		return false;
	for (int hook = NFT_INPUT; hook < NFT_POSTROUTING; hook++)
		for (int family = IPV4; family < FAMILIES; family++)
			if (is_hook_of(layer, hook) && !d->failed)
				denote_hook(d, layer, hook, family, &sides);
	if (layer == NFT_NO_LAYER && !d->failed && !denote_nat(d, &sides))
		return false;
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
			 "`%s` says it is for %s%s%s in environment `%s` "
			 "of customer `%s` by policy `%s`, which is not here",
			 model->file, *id->layer ? "layer `" : "a gateway",
			 id->layer, *id->layer ? "`" : "", id->environment,
			 id->customer,
			 id->policy);
		return false;
	}
	d.arena = arena_child(job->arena);
	done = denote_layer(&d, layer, out);
	arena_free(d.arena);
	return done;
}
