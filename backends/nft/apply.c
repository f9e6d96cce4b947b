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
 */
#include "backends/nft/apply.h"

#include "backends/nft/encode.h"
#include "backends/nft/kernel.h"

#include <errno.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <stdlib.h>
#include <string.h>
#include <endian.h>

enum { TRIES = 8 };	/* while others change the ruleset, too */

/* --- what is in the table --- */

struct live_rule {
	uint64_t handle;
	const char *chain;
	const char *jumps_to;	/* its first expression is this jump; or NULL */
};

struct live_chain {
	const char *name;
	bool base;
	uint32_t hook;
	int32_t priority;
	const char *type;
};

struct inventory {
	struct arena *arena;
	const char *table;
	bool found;
	const char *comment;	/* whose the table is; "" when it does not say */
	uint32_t generation;	/* of the kernel's ruleset */
	LIST(struct live_chain) chains;
	LIST(const char *) sets;
	LIST(struct live_rule) rules;
};

static const char *kept(struct inventory *v, const char *text)
{
	return text ? arena_copy(v->arena, text, strlen(text)) : "";
}

static bool is_ours(const struct inventory *v, uint32_t family,
		    const char *table)
{
	return family == NFPROTO_INET && table && strcmp(table, v->table) == 0;
}

static int take_table(const struct nlmsghdr *m, void *context)
{
	struct inventory *v = context;
	struct nftnl_table *t = nftnl_table_alloc();
	bool read = t && nftnl_table_nlmsg_parse(m, t) >= 0;

	if (read && is_ours(v, nftnl_table_get_u32(t, NFTNL_TABLE_FAMILY),
			    nftnl_table_get_str(t, NFTNL_TABLE_NAME))) {
		uint32_t len = 0;
		const uint8_t *userdata = nftnl_table_get_data(t,
			NFTNL_TABLE_USERDATA, &len);

		v->found = true;
		/* nft's comment: its type, its length, a string */
		v->comment = userdata && len > 2 && userdata[len - 1] == 0
			? kept(v, (const char *)userdata + 2) : "";
	}
	nftnl_table_free(t);
	return read ? MNL_CB_OK : MNL_CB_ERROR;
}

static int take_chain(const struct nlmsghdr *m, void *context)
{
	struct inventory *v = context;
	struct nftnl_chain *c = nftnl_chain_alloc();
	bool read = c && nftnl_chain_nlmsg_parse(m, c) >= 0;

	if (read && is_ours(v, nftnl_chain_get_u32(c, NFTNL_CHAIN_FAMILY),
			    nftnl_chain_get_str(c, NFTNL_CHAIN_TABLE)))
		*LIST_PUSH(v->arena, &v->chains) = (struct live_chain){
			kept(v, nftnl_chain_get_str(c, NFTNL_CHAIN_NAME)),
			nftnl_chain_is_set(c, NFTNL_CHAIN_HOOKNUM),
			nftnl_chain_get_u32(c, NFTNL_CHAIN_HOOKNUM),
			nftnl_chain_get_s32(c, NFTNL_CHAIN_PRIO),
			kept(v, nftnl_chain_get_str(c, NFTNL_CHAIN_TYPE)) };
	nftnl_chain_free(c);
	return read ? MNL_CB_OK : MNL_CB_ERROR;
}

static int take_set(const struct nlmsghdr *m, void *context)
{
	struct inventory *v = context;
	struct nftnl_set *s = nftnl_set_alloc();
	bool read = s && nftnl_set_nlmsg_parse(m, s) >= 0;

	/* sets without a name of their own go with their rules */
	if (read && is_ours(v, nftnl_set_get_u32(s, NFTNL_SET_FAMILY),
			    nftnl_set_get_str(s, NFTNL_SET_TABLE)) &&
	    !(nftnl_set_get_u32(s, NFTNL_SET_FLAGS) & NFT_SET_ANONYMOUS))
		*LIST_PUSH(v->arena, &v->sets) =
			kept(v, nftnl_set_get_str(s, NFTNL_SET_NAME));
	nftnl_set_free(s);
	return read ? MNL_CB_OK : MNL_CB_ERROR;
}

/* The target of a rule that is one jump. */
static int take_jump(struct nftnl_expr *x, void *context)
{
	const char **to = context;
	const char *kind = nftnl_expr_get_str(x, NFTNL_EXPR_NAME);

	if (kind && strcmp(kind, "immediate") == 0 &&
	    nftnl_expr_is_set(x, NFTNL_EXPR_IMM_CHAIN))
		*to = nftnl_expr_get_str(x, NFTNL_EXPR_IMM_CHAIN);
	return -1;		/* the first expression is all we want */
}

static int take_rule(const struct nlmsghdr *m, void *context)
{
	struct inventory *v = context;
	struct nftnl_rule *r = nftnl_rule_alloc();
	bool read = r && nftnl_rule_nlmsg_parse(m, r) >= 0;
	const char *to = NULL;

	if (read && is_ours(v, nftnl_rule_get_u32(r, NFTNL_RULE_FAMILY),
			    nftnl_rule_get_str(r, NFTNL_RULE_TABLE))) {
		(void)nftnl_expr_foreach(r, take_jump, &to);
		*LIST_PUSH(v->arena, &v->rules) = (struct live_rule){
			nftnl_rule_get_u64(r, NFTNL_RULE_HANDLE),
			kept(v, nftnl_rule_get_str(r, NFTNL_RULE_CHAIN)),
			to ? kept(v, to) : NULL };
	}
	nftnl_rule_free(r);
	return read ? MNL_CB_OK : MNL_CB_ERROR;
}

static bool take_stock(struct nft_link *link, struct inventory *v)
{
	return nft_link_generation(link, &v->generation) &&
	       nft_link_dump(link, NFT_MSG_GETTABLE, NFPROTO_INET, NULL, NULL,
			     take_table, v) &&
	       (!v->found ||
		(nft_link_dump(link, NFT_MSG_GETCHAIN, NFPROTO_INET, NULL,
			       NULL, take_chain, v) &&
		 nft_link_dump(link, NFT_MSG_GETSET, NFPROTO_INET, v->table,
			       NULL, take_set, v) &&
		 nft_link_dump(link, NFT_MSG_GETRULE, NFPROTO_INET, v->table,
			       NULL, take_rule, v)));
}

static bool tell(struct diags *diags, const char *what, int error,
		 const char *names)
{
	struct diag *told = diag_add(diags, P0604, (struct span){ 0, 0 },
				     "the kernel refuses %s: %s", what,
				     strerror(error));

	if (names)
		diag_note(told, (struct span){ 0, 0 }, "it comes from %s",
			  names);
	if (error == EPERM)
		diag_help(told, "run as root, or with CAP_NET_ADMIN in this network namespace");
	return false;
}

/* Into *V; read again while others change the ruleset. */
static bool stock(struct nft_link *link, struct arena *arena,
		  struct diags *diags, const char *table, struct inventory *v)
{
	for (int i = 0; i < TRIES; i++) {
		*v = (struct inventory){ .arena = arena, .table = table };
		if (take_stock(link, v))
			return true;
		if (errno != EINTR)
			break;
	}
	return tell(diags, "to list its ruleset", errno, NULL);
}

/* --- generations --- */

/* The number behind "_g" at the end of NAME; 0: none of ours. */
static unsigned number_of(const char *name)
{
	const char *mark = strrchr(name, '_');
	unsigned long number;
	char *end;

	if (!mark || mark[1] != 'g' || mark[2] < '1' || mark[2] > '9')
		return 0;
	number = strtoul(mark + 2, &end, 10);
	return *end || number > 1000000000 ? 0 : (unsigned)number;
}

static unsigned last_number(const struct inventory *v)
{
	unsigned last = 0;

	for (size_t i = 0; i < v->chains.count; i++)
		if (number_of(v->chains.at[i].name) > last)
			last = number_of(v->chains.at[i].name);
	for (size_t i = 0; i < v->sets.count; i++)
		if (number_of(v->sets.at[i]) > last)
			last = number_of(v->sets.at[i]);
	return last;
}

static bool is_base(const struct inventory *v, const char *name)
{
	for (size_t i = 0; i < v->chains.count; i++)
		if (strcmp(v->chains.at[i].name, name) == 0)
			return v->chains.at[i].base;
	return false;
}

/* The first rule of the chain NAME, or NULL. */
static const struct live_rule *first_of(const struct inventory *v,
					const char *name)
{
	for (size_t i = 0; i < v->rules.count; i++)
		if (strcmp(v->rules.at[i].chain, name) == 0)
			return &v->rules.at[i];
	return NULL;
}

/*
 * The generation that the base chains jump to; 0: none, or not all the same,
 * which a switch never leaves behind.
 */
static unsigned current_number(const struct inventory *v)
{
	unsigned number = 0;

	for (size_t i = 0; i < v->chains.count; i++) {
		const struct live_rule *first;
		unsigned own;

		if (!v->chains.at[i].base)
			continue;
		first = first_of(v, v->chains.at[i].name);
		own = first && first->jumps_to ? number_of(first->jumps_to) : 0;
		if (!own || (number && own != number))
			return 0;
		number = own;
	}
	return number;
}

/* Does some rule of a base chain lead to a generation? */
static bool is_any_in_use(const struct inventory *v)
{
	for (size_t i = 0; i < v->rules.count; i++) {
		const struct live_rule *rule = &v->rules.at[i];

		if (is_base(v, rule->chain) && rule->jumps_to &&
		    number_of(rule->jumps_to))
			return true;
	}
	return false;
}

/* --- deleting --- */

static struct nft_about deleting(struct arena *arena, const char *what,
				 const char *name)
{
	return (struct nft_about){ arena_printf(arena,
			"to delete %s `%s`", what, name), NULL };
}

static void delete_rule(struct nft_batch *b, const struct inventory *v,
			const struct live_rule *rule)
{
	struct nlmsghdr *m = nft_batch_message(b, NFT_MSG_DELRULE,
		NFPROTO_INET, 0, deleting(v->arena, "a rule of", rule->chain));

	mnl_attr_put_strz(m, NFTA_RULE_TABLE, v->table);
	mnl_attr_put_strz(m, NFTA_RULE_CHAIN, rule->chain);
	mnl_attr_put_u64(m, NFTA_RULE_HANDLE, htobe64(rule->handle));
	nft_batch_add(b, m);
}

static void delete_set(struct nft_batch *b, const struct inventory *v,
		       const char *name)
{
	struct nlmsghdr *m = nft_batch_message(b, NFT_MSG_DELSET,
		NFPROTO_INET, 0, deleting(v->arena, "set", name));

	mnl_attr_put_strz(m, NFTA_SET_TABLE, v->table);
	mnl_attr_put_strz(m, NFTA_SET_NAME, name);
	nft_batch_add(b, m);
}

static void delete_chain(struct nft_batch *b, const struct inventory *v,
			 const char *name)
{
	struct nlmsghdr *m = nft_batch_message(b, NFT_MSG_DELCHAIN,
		NFPROTO_INET, 0, deleting(v->arena, "chain", name));

	mnl_attr_put_strz(m, NFTA_CHAIN_TABLE, v->table);
	mnl_attr_put_strz(m, NFTA_CHAIN_NAME, name);
	nft_batch_add(b, m);
}

static void delete_table(struct nft_batch *b, const struct inventory *v)
{
	struct nlmsghdr *m = nft_batch_message(b, NFT_MSG_DELTABLE,
		NFPROTO_INET, 0, deleting(v->arena, "table", v->table));

	mnl_attr_put_strz(m, NFTA_TABLE_NAME, v->table);
	nft_batch_add(b, m);
}

/* Is the rule, the POSITION-th of its chain, part of the switch to NUMBER? */
static bool stays(const struct inventory *v, const struct live_rule *rule,
		  size_t position, unsigned number)
{
	if (!is_base(v, rule->chain))
		return number && number_of(rule->chain) == number;
	return number ? position < 2 : true;
}

/*
 * All but what generation NUMBER is; with 0, all that is of any generation and
 * nothing of what the base chains have.  Rules first, for they refer to the
 * rest; maps before the chains that they lead to.
 */
static void add_sweep(struct nft_batch *b, const struct inventory *v,
		      unsigned number)
{
	const char *chain = "";
	size_t position = 0;

	for (size_t i = 0; i < v->rules.count; i++) {
		const struct live_rule *rule = &v->rules.at[i];

		position = strcmp(rule->chain, chain) == 0 ? position + 1 : 0;
		chain = rule->chain;
		if (!stays(v, rule, position, number) &&
		    (number || number_of(rule->chain)))
			delete_rule(b, v, rule);
	}
	for (size_t i = 0; i < v->sets.count; i++)
		if (number ? number_of(v->sets.at[i]) != number
			   : number_of(v->sets.at[i]) != 0)
			delete_set(b, v, v->sets.at[i]);
	for (size_t i = 0; i < v->chains.count; i++) {
		unsigned own = number_of(v->chains.at[i].name);

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
static enum nft_outcome sweep(struct nft_link *link, const struct inventory *v,
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
				const struct inventory *v,
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
static bool fits(const struct live_chain *live, const struct nft_chain *chain,
		 int hook)
{
	return live->hook == hook_number(hook) &&
	       live->priority == chain->priority &&
	       strcmp(live->type, hook == NFT_POSTROUTING ? "nat" : "filter") == 0;
}

/* A table's comment says whose it is, and stays as it was made. */
static bool check_owner(const struct inventory *v, struct diags *diags,
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
static bool check_base_chains(const struct inventory *v, struct diags *diags,
			      const struct nft_model *model)
{
	for (size_t i = 0; i < v->chains.count; i++) {
		const struct live_chain *live = &v->chains.at[i];
		bool known = !live->base;

		/* a way back needs something to go back to */
		if (live->base && !first_of(v, live->name)) {
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
				  const struct inventory *v,
				  const struct nft_model *model,
				  const char *suffix, struct nft_refusal *why)
{
	struct nft_batch b = nft_batch_begin(v->arena, v->generation);
	struct nft_encoding e = { &b, v->table, suffix };

	for (int hook = NFT_INPUT; hook < NFT_HOOKS; hook++) {
		const struct nft_chain *chain = &model->chains[hook];

		if (!chain->present)
			continue;
		if (!is_base(v, chain->name))
			nft_encode_base_chain(&e, hook, chain);
		nft_encode_switch(&e, chain);
	}
	return nft_batch_commit(link, &b, why);
}

/* One attempt: sweep, prepare, switch, each from a ruleset as it was read. */
static enum nft_outcome attempt(struct nft_link *link, const struct job *job,
				const struct nft_model *model,
				const struct fb_watch *watch,
				struct nft_refusal *why)
{
	const char *table = nft_table_name(&model->identity);
	struct inventory v;
	enum nft_outcome outcome = NFT_DONE;
	unsigned current;
	const char *suffix;

	*why = (struct nft_refusal){ 0 };
	begin(watch, FB_STEP_SEND);
	if (!stock(link, job->arena, job->diags, table, &v) ||
	    !check_owner(&v, job->diags, model) ||
	    !check_base_chains(&v, job->diags, model))
		return NFT_REFUSED;
	current = current_number(&v);
	/*
	 * Where somebody put a rule before a jump, or took one away, it is not
	 * clear which generation decides: they all stay until the switch.
	 */
	if (current || !is_any_in_use(&v))
		outcome = sweep(link, &v, current, why);
	if (outcome != NFT_DONE)
		return outcome;
	suffix = arena_printf(job->arena, "_g%u", last_number(&v) + 1);
	if (!stock(link, job->arena, job->diags, table, &v))
		return NFT_REFUSED;
	outcome = prepare(link, &v, model, suffix, watch, why);
	if (outcome != NFT_DONE)
		return outcome;
	v.generation++;
	return switch_to(link, &v, model, suffix, why);
}

bool nft_apply_switch(struct nft_link *link, const struct job *job,
		      const struct nft_model *model,
		      const struct fb_watch *watch)
{
	enum nft_outcome outcome = NFT_STALE;
	struct nft_refusal why = { 0 };

	for (int i = 0; i < TRIES && outcome == NFT_STALE; i++)
		outcome = attempt(link, job, model, watch, &why);
	if (outcome == NFT_DONE)
		return true;
	if (why.error)		/* else it was told */
		(void)tell(job->diags, why.about.what, why.error,
			   why.about.names);
	return false;
}

/* --- keep, undo --- */

bool nft_apply_keep(struct nft_link *link, struct arena *arena,
		    struct diags *diags, const char *table)
{
	enum nft_outcome outcome = NFT_STALE;
	struct nft_refusal why = { 0 };

	for (int i = 0; i < TRIES && outcome == NFT_STALE; i++) {
		struct inventory v;

		if (!stock(link, arena, diags, table, &v))
			return false;
		outcome = sweep(link, &v, current_number(&v), &why);
	}
	return outcome == NFT_DONE ||
	       tell(diags, why.about.what, why.error, NULL);
}

/* The two rules of the switch in each base chain; then nothing refers to it. */
static enum nft_outcome switch_back(struct nft_link *link,
				    const struct inventory *v,
				    struct nft_refusal *why)
{
	struct nft_batch b = nft_batch_begin(v->arena, v->generation);
	const char *chain = "";
	size_t position = 0, left = 0;

	for (size_t i = 0; i < v->rules.count; i++) {
		const struct live_rule *rule = &v->rules.at[i];

		if (!is_base(v, rule->chain))
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

bool nft_apply_undo(struct nft_link *link, struct arena *arena,
		    struct diags *diags, const char *table)
{
	enum nft_outcome outcome = NFT_STALE;
	struct nft_refusal why = { 0 };

	for (int i = 0; i < TRIES && outcome == NFT_STALE; i++) {
		struct inventory v;

		if (!stock(link, arena, diags, table, &v))
			return false;
		if (!current_number(&v))
			return true;	/* somebody else has undone it */
		outcome = switch_back(link, &v, &why);
	}
	return outcome == NFT_DONE
	       ? nft_apply_keep(link, arena, diags, table)
	       : tell(diags, why.about.what, why.error, NULL);
}

/* --- others --- */

struct search {
	const struct job *job;
	const char *table;
	bool gateway;
};

static bool is_on_hook(const struct search *s, uint32_t number)
{
	if (s->gateway)
		return number == NF_INET_FORWARD ||
		       number == NF_INET_POST_ROUTING;
	return number == NF_INET_LOCAL_IN || number == NF_INET_LOCAL_OUT;
}

static int tell_chain(const struct nlmsghdr *m, void *context)
{
	struct search *s = context;
	struct nftnl_chain *c = nftnl_chain_alloc();
	bool read = c && nftnl_chain_nlmsg_parse(m, c) >= 0;
	const char *table = read ? nftnl_chain_get_str(c, NFTNL_CHAIN_TABLE)
				 : NULL;
	uint32_t family = read ? nftnl_chain_get_u32(c, NFTNL_CHAIN_FAMILY) : 0;

	if (table && nftnl_chain_is_set(c, NFTNL_CHAIN_HOOKNUM) &&
	    (family == NFPROTO_INET || family == NFPROTO_IPV4 ||
	     family == NFPROTO_IPV6) &&
	    strcmp(table, s->table) != 0 &&
	    is_on_hook(s, nftnl_chain_get_u32(c, NFTNL_CHAIN_HOOKNUM)))
		diag_add(s->job->diags, P0605, (struct span){ 0, 0 },
			 "table `%s` has the chain `%s` on the same hook: what it drops stays dropped",
			 table, nftnl_chain_get_str(c, NFTNL_CHAIN_NAME));
	nftnl_chain_free(c);
	return read ? MNL_CB_OK : MNL_CB_ERROR;
}

void nft_apply_tell_others(struct nft_link *link, const struct job *job,
			   const char *table, bool gateway)
{
	struct search s = { job, table, gateway };

	if (!nft_link_dump(link, NFT_MSG_GETCHAIN, NFPROTO_UNSPEC, NULL, NULL,
			   tell_chain, &s))
		diag_add(job->diags, P0605, (struct span){ 0, 0 },
			 "the chains of other tables cannot be listed: %s",
			 strerror(errno));
}
