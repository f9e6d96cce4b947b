/*
 * Three transactions, because one is not enough: the kernel first turns to a
 * new generation and then works it off, and a set of ranges that is made and
 * used in one transaction is empty for that long.
 *
 *	prepare	  sets and chains under names of a generation of their own, which
 *		  nothing refers to yet
 *	switch	  two rules at the head of each base chain: jump to the new body,
 *		  then what the policy of the chain says
 *	clean up  all other rules, chains and sets of the table
 *
 * Until the clean-up what was there before is whole, behind the two rules: to
 * go back is to delete them.  A run that was killed leaves what is swept here
 * before anything else.
 *
 * Where nothing but keys of hashes differs, one transaction changes those in the
 * generation that runs (delta.h); the way back is then the same one backwards,
 * which whoever has loaded it keeps.
 */
#include "backends/nft/apply.h"

#include "backends/nft/delta.h"
#include "backends/nft/encode.h"
#include "backends/nft/kernel.h"
#include "backends/nft/refusal.h"
#include "backends/nft/stock.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

/* --- deleting --- */

static struct nft_about deleting(struct arena *arena, const char *what,
				 const char *name)
{
	return (struct nft_about){ .what = arena_printf(arena,
			"to delete %s `%s`", what, name) };
}

static void delete_rule(struct nft_batch *b, const struct nft_stock *v,
			const struct nft_held_rule *rule)
{
	struct nlmsghdr *m = nft_batch_message(b, NFT_MSG_DELRULE,
		NFPROTO_INET, 0, deleting(v->arena, "a rule of", rule->chain));

	mnl_attr_put_strz(m, NFTA_RULE_TABLE, v->table);
	mnl_attr_put_strz(m, NFTA_RULE_CHAIN, rule->chain);
	mnl_attr_put_u64(m, NFTA_RULE_HANDLE, htobe64(rule->handle));
	nft_batch_add(b, m);
}

static void delete_set(struct nft_batch *b, const struct nft_stock *v,
		       const char *name)
{
	struct nlmsghdr *m = nft_batch_message(b, NFT_MSG_DELSET,
		NFPROTO_INET, 0, deleting(v->arena, "set", name));

	mnl_attr_put_strz(m, NFTA_SET_TABLE, v->table);
	mnl_attr_put_strz(m, NFTA_SET_NAME, name);
	nft_batch_add(b, m);
}

static void delete_chain(struct nft_batch *b, const struct nft_stock *v,
			 const char *name)
{
	struct nlmsghdr *m = nft_batch_message(b, NFT_MSG_DELCHAIN,
		NFPROTO_INET, 0, deleting(v->arena, "chain", name));

	mnl_attr_put_strz(m, NFTA_CHAIN_TABLE, v->table);
	mnl_attr_put_strz(m, NFTA_CHAIN_NAME, name);
	nft_batch_add(b, m);
}

static void delete_table(struct nft_batch *b, const struct nft_stock *v)
{
	struct nlmsghdr *m = nft_batch_message(b, NFT_MSG_DELTABLE,
		NFPROTO_INET, 0, deleting(v->arena, "table", v->table));

	mnl_attr_put_strz(m, NFTA_TABLE_NAME, v->table);
	nft_batch_add(b, m);
}

/* Is the rule, the POSITION-th of its chain, part of the switch to NUMBER? */
static bool stays(const struct nft_stock *v, const struct nft_held_rule *rule,
		  size_t position, unsigned number)
{
	if (!nft_is_base(v, rule->chain))
		return number && nft_number_of(rule->chain) == number;
	return number ? position < 2 : true;
}

/*
 * All but what generation NUMBER is; with 0, all that is of any generation and
 * nothing of what the base chains have.  Rules first, for they refer to the
 * rest; maps before the chains that they lead to.
 */
static void add_sweep(struct nft_batch *b, const struct nft_stock *v,
		      unsigned number)
{
	const char *chain = "";
	size_t position = 0;

	for (size_t i = 0; i < v->rules.count; i++) {
		const struct nft_held_rule *rule = &v->rules.at[i];

		position = strcmp(rule->chain, chain) == 0 ? position + 1 : 0;
		chain = rule->chain;
		if (!stays(v, rule, position, number) &&
		    (number || nft_number_of(rule->chain)))
			delete_rule(b, v, rule);
	}
	for (size_t i = 0; i < v->sets.count; i++)
		if (number ? nft_number_of(v->sets.at[i]) != number
			   : nft_number_of(v->sets.at[i]) != 0)
			delete_set(b, v, v->sets.at[i]);
	for (size_t i = 0; i < v->chains.count; i++) {
		unsigned own = nft_number_of(v->chains.at[i].name);

		if (!v->chains.at[i].base && (number ? own != number : own))
			delete_chain(b, v, v->chains.at[i].name);
	}
}

/* Nothing was put in behind the first message. */
static bool is_empty(const struct nft_batch *b)
{
	return b->sequence == 1;
}

/* Clean up around generation NUMBER. */
static enum nft_outcome sweep(struct nft_link *link, const struct nft_stock *v,
			      unsigned number, struct nft_refusal *why)
{
	struct nft_batch b = nft_batch_begin(v->arena, v->generation);

	add_sweep(&b, v, number);
	return is_empty(&b) ? NFT_DONE : nft_batch_commit(link, &b, why);
}

/* --- prepare and switch --- */

static void begin(const struct fb_watch *watch, enum fb_step step)
{
	if (watch->begins)
		watch->begins(watch->context, step);
}

static enum nft_outcome prepare(struct nft_link *link,
				const struct nft_stock *v,
				const struct nft_model *model,
				const char *suffix,
				const struct fb_watch *watch,
				struct nft_refusal *why)
{
	struct nft_batch b = nft_batch_begin(v->arena, v->generation);
	struct nft_encoding e = { &b, v->table, suffix };

	begin(watch, FB_STEP_BUILD);
	nft_encode_table(&e, &model->identity);
	nft_encode_body(&e, model);
	begin(watch, FB_STEP_SEND);
	return nft_batch_commit(link, &b, why);
}

static uint32_t hook_number(int hook)
{
	static const uint32_t numbers[NFT_HOOKS] = {
		[NFT_INPUT]	  = NF_INET_LOCAL_IN,
		[NFT_OUTPUT]	  = NF_INET_LOCAL_OUT,
		[NFT_FORWARD]	  = NF_INET_FORWARD,
		[NFT_POSTROUTING] = NF_INET_POST_ROUTING,
	};

	return numbers[hook];
}

/* Can the base chain LIVE stay for CHAIN of HOOK?  A kernel cannot move one. */
static bool fits(const struct nft_held_chain *live, const struct nft_chain *chain,
		 int hook)
{
	return live->hook == hook_number(hook) &&
	       live->priority == chain->priority &&
	       strcmp(live->type, hook == NFT_POSTROUTING ? "nat" : "filter") == 0;
}

/* A table's comment says whose it is, and stays as it was made. */
static bool check_owner(const struct nft_stock *v, struct diags *diags,
			const struct nft_model *model)
{
	const char *wanted = nft_identity_comment(v->arena, &model->identity);

	if (!v->found || strcmp(v->comment, wanted) == 0)
		return true;
	diag_help(diag_add(diags, P0604, (struct span){ 0, 0 },
			   "table `inet %s` is `%.128s`, not `%s`", v->table,
			   v->comment, wanted),
		  "a host that becomes another's: load the file of `compile` with `nft -f` once, or delete the table first");
	return false;
}

/* What of the base chains cannot stay, told; false then. */
static bool check_base_chains(const struct nft_stock *v, struct diags *diags,
			      const struct nft_model *model)
{
	for (size_t i = 0; i < v->chains.count; i++) {
		const struct nft_held_chain *live = &v->chains.at[i];
		bool known = !live->base;

		/* a way back needs something to go back to */
		if (live->base && !nft_first_of(v, live->name)) {
			diag_help(diag_add(diags, P0604, (struct span){ 0, 0 },
					   "chain `%s` of table `inet %s` is empty: nobody knows whose it is",
					   live->name, v->table),
				  "delete the table first: `nft delete table inet %s`",
				  v->table);
			return false;
		}

		for (int hook = NFT_INPUT; hook < NFT_HOOKS && !known; hook++) {
			const struct nft_chain *chain = &model->chains[hook];

			known = chain->present &&
				strcmp(chain->name, live->name) == 0 &&
				fits(live, chain, hook);
		}
		if (known)
			continue;
		diag_help(diag_add(diags, P0604, (struct span){ 0, 0 },
				   "chain `%s` of table `inet %s` is on another hook or of another priority than the policy's",
				   live->name, v->table),
			  "no chain can be moved: delete the table first, `nft delete table inet %s`, or load the file of `compile` with `nft -f`",
			  v->table);
		return false;
	}
	return true;
}

static enum nft_outcome switch_to(struct nft_link *link,
				  const struct nft_stock *v,
				  const struct nft_model *model,
				  const char *suffix, struct nft_refusal *why)
{
	struct nft_batch b = nft_batch_begin(v->arena, v->generation);
	struct nft_encoding e = { &b, v->table, suffix };

	for (int hook = NFT_INPUT; hook < NFT_HOOKS; hook++) {
		const struct nft_chain *chain = &model->chains[hook];

		if (!chain->present)
			continue;
		if (!nft_is_base(v, chain->name))
			nft_encode_base_chain(&e, hook, chain);
		nft_encode_switch(&e, chain);
	}
	return nft_batch_commit(link, &b, why);
}

/* Go on with what V has, to another generation of everything. */
static enum nft_outcome replace(struct nft_link *link, struct nft_stock *v,
				const struct nft_model *model,
				const struct fb_watch *watch,
				struct nft_refusal *why)
{
	const char *suffix = arena_printf(v->arena, "_g%u",
					  nft_last_number(v) + 1);
	enum nft_outcome outcome = prepare(link, v, model, suffix, watch, why);

	if (outcome != NFT_DONE)
		return outcome;
	v->generation++;
	return switch_to(link, v, model, suffix, why);
}

/* The generation that runs is V's, and nothing has to change. */
static enum nft_outcome stay(struct nft_link *link, const struct nft_stock *v)
{
	uint32_t now;

	return nft_link_generation(link, &now) && now == v->generation
	       ? NFT_DONE : NFT_STALE;
}

/*
 * By elements.  NFT_REFUSED: not possible, or the kernel would not (a set may be
 * full in its eyes): then it is for replace() to do.
 */
static enum nft_outcome change(struct nft_link *link, struct nft_stock *v,
			       const struct nft_model *model,
			       const struct fb_watch *watch,
			       struct live_change *out)
{
	struct nft_delta *delta = arena_alloc(v->arena, sizeof *delta);
	unsigned current = nft_current_number(v);
	struct nft_refusal why;

	begin(watch, FB_STEP_COMPARE);
	if (!current || !nft_delta_find(link, v, current, model, delta))
		return NFT_REFUSED;
	*out = (struct live_change){ false, delta->added, delta->removed,
				     delta };
	begin(watch, FB_STEP_SEND);
	return delta->sets.count
	       ? nft_delta_send(link, v->arena, v->generation, delta, NFT_FORTH,
				&why)
	       : stay(link, v);
}

/* One attempt: sweep, then change or replace, each from a ruleset as it was read. */
static enum nft_outcome attempt(struct nft_link *link, const struct job *job,
				const struct nft_model *model,
				const struct fb_watch *watch,
				struct live_change *out,
				struct nft_refusal *why)
{
	const char *table = nft_table_name(&model->identity);
	struct nft_stock v;
	enum nft_outcome outcome = NFT_DONE;
	unsigned current;

	*why = (struct nft_refusal){ 0 };
	begin(watch, FB_STEP_SEND);
	if (!nft_stock_take(link, job->arena, job->diags, table, &v) ||
	    !check_owner(&v, job->diags, model) ||
	    !check_base_chains(&v, job->diags, model))
		return NFT_REFUSED;
	current = nft_current_number(&v);
	/*
	 * Where somebody put a rule before a jump, or took one away, it is not
	 * clear which generation decides: they all stay until the switch.
	 */
	if (current || !nft_is_any_in_use(&v))
		outcome = sweep(link, &v, current, why);
	if (outcome != NFT_DONE)
		return outcome;
	if (!nft_stock_take(link, job->arena, job->diags, table, &v))
		return NFT_REFUSED;
	outcome = change(link, &v, model, watch, out);
	if (outcome != NFT_REFUSED)
		return outcome;
	*out = (struct live_change){ .whole = true };
	return replace(link, &v, model, watch, why);
}

bool nft_apply_switch(struct nft_link *link, const struct job *job,
		      const struct nft_model *model,
		      const struct fb_watch *watch, struct live_change *out)
{
	enum nft_outcome outcome = NFT_STALE;
	struct nft_refusal why = { 0 };

	for (int i = 0; i < NFT_TRIES && outcome == NFT_STALE; i++)
		outcome = attempt(link, job, model, watch, out, &why);
	if (outcome == NFT_DONE)
		return true;
	if (outcome == NFT_STALE && !why.error)
		return nft_tell_no_answer(job->diags, "the transaction",
					  ERESTART);
	if (why.error)		/* else it was told */
		(void)nft_tell_refusal(job->diags, &why, job, model);
	return false;
}

bool nft_apply_plan(struct nft_link *link, const struct job *job,
		    const struct nft_model *model, struct live_change *out)
{
	struct diags unheard = { .arena = job->arena };
	struct nft_delta delta;
	struct nft_stock v;
	unsigned current;

	*out = (struct live_change){ .whole = true };
	if (!nft_stock_take(link, job->arena, &unheard,
			    nft_table_name(&model->identity), &v))
		return false;
	current = nft_current_number(&v);
	if (current && check_owner(&v, &unheard, model) &&
	    nft_delta_find(link, &v, current, model, &delta))
		*out = (struct live_change){ false, delta.added, delta.removed,
					     NULL };
	return true;
}

/* --- keep, undo --- */

bool nft_apply_keep(struct nft_link *link, struct arena *arena,
		    struct diags *diags, const char *table)
{
	enum nft_outcome outcome = NFT_STALE;
	struct nft_refusal why = { 0 };

	for (int i = 0; i < NFT_TRIES && outcome == NFT_STALE; i++) {
		struct nft_stock v;

		if (!nft_stock_take(link, arena, diags, table, &v))
			return false;
		outcome = sweep(link, &v, nft_current_number(&v), &why);
	}
	return outcome == NFT_DONE ||
	       nft_tell_refusal(diags, &why, NULL, NULL);
}

/* The two rules of the switch in each base chain; then nothing refers to it. */
static enum nft_outcome switch_back(struct nft_link *link,
				    const struct nft_stock *v,
				    struct nft_refusal *why)
{
	struct nft_batch b = nft_batch_begin(v->arena, v->generation);
	const char *chain = "";
	size_t position = 0, left = 0;

	for (size_t i = 0; i < v->rules.count; i++) {
		const struct nft_held_rule *rule = &v->rules.at[i];

		if (!nft_is_base(v, rule->chain))
			continue;
		position = strcmp(rule->chain, chain) == 0 ? position + 1 : 0;
		chain = rule->chain;
		if (position < 2)
			delete_rule(&b, v, rule);
		else
			left++;
	}
	if (!left) {	/* there was no table before */
		b = nft_batch_begin(v->arena, v->generation);
		delete_table(&b, v);
	}
	return nft_batch_commit(link, &b, why);
}

static bool undo_switch(struct nft_link *link, struct arena *arena,
			struct diags *diags, const char *table)
{
	enum nft_outcome outcome = NFT_STALE;
	struct nft_refusal why = { 0 };

	for (int i = 0; i < NFT_TRIES && outcome == NFT_STALE; i++) {
		struct nft_stock v;

		if (!nft_stock_take(link, arena, diags, table, &v))
			return false;
		if (!nft_current_number(&v))
			return true;	/* somebody else has undone it */
		outcome = switch_back(link, &v, &why);
	}
	return outcome == NFT_DONE
	       ? nft_apply_keep(link, arena, diags, table)
	       : nft_tell_refusal(diags, &why, NULL, NULL);
}

static bool undo_delta(struct nft_link *link, struct arena *arena,
		       struct diags *diags, const struct nft_delta *delta)
{
	enum nft_outcome outcome = NFT_STALE;
	struct nft_refusal why = { 0 };

	for (int i = 0; i < NFT_TRIES && outcome == NFT_STALE; i++) {
		struct nft_stock v;

		if (!nft_stock_take(link, arena, diags, delta->table, &v))
			return false;
		if (nft_current_number(&v) != delta->number) {
			diag_add(diags, P0604, (struct span){ 0, 0 },
				 "somebody else has loaded another ruleset meanwhile: there is nothing to go back to");
			return false;
		}
		outcome = nft_delta_send(link, arena, v.generation, delta,
					 NFT_BACK, &why);
	}
	return outcome == NFT_DONE ||
	       nft_tell_refusal(diags, &why, NULL, NULL);
}

bool nft_apply_undo(struct nft_link *link, struct arena *arena,
		    struct diags *diags, const char *table,
		    const struct live_change *change_)
{
	if (change_->whole)
		return undo_switch(link, arena, diags, table);
	return !(change_->added + change_->removed) ||
	       undo_delta(link, arena, diags, change_->way_back);
}
