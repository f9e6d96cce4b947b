/*
 * Whose the groups of an account are: by our tags, or by the ids that the policy
 * gives in `aws { security-group … }`.  What is nobody's is told, and so is
 * whatever says that a group is not the one that it is taken for.
 */
#include "backends/aws/aws.h"

#include "backends/aws/select.h"
#include "compiler/base/text.h"

#include <string.h>

enum { NOWHERE = UINT32_MAX };

/* Which layer of which environment a group is of; NOWHERE: none. */
struct whose {
	uint32_t space;
	const char *layer;
};

struct claiming {
	struct arena *arena;
	struct diags *diags;
	const struct ir *ir;
	const char *name;
	const struct account *account;
	struct whose *whose;		/* by group */
	bool *looked_at;		/* by group: of nobody's, the default ones that are */
	struct table named;		/* id -> struct ir_aws_group */
	struct table spaces;		/* customer, newline, environment -> number + 1 */
	bool good;			/* of the space at work: nothing contradicts */
};

static const char *text_of(const struct claiming *c,
			   const struct account_group *group)
{
	return account_group_text(c->diags->arena, group);
}

static const char *space_text(const struct claiming *c, uint32_t space)
{
	return ir_space_name(c->diags->arena, c->ir, &c->ir->spaces[space]);
}

/* --- whose a group is --- */

static struct identity identity_in(const struct claiming *c, uint32_t number)
{
	const struct ir_space *space = &c->ir->spaces[number];

	return (struct identity){
		c->ir->policy, c->ir->customers[space->customer].name,
		c->ir->environments[space->environment], "" };
}

static void look_up(struct claiming *c)
{
	c->named = TABLE_IN(c->arena);
	c->spaces = TABLE_IN(c->arena);
	for (size_t i = 0; i < c->ir->aws.group_count; i++)
		*table_at_name(&c->named, c->ir->aws.groups[i].id) =
			(void *)&c->ir->aws.groups[i];
	for (uint32_t i = 0; i < c->ir->space_count; i++) {
		struct identity is = identity_in(c, i);

		*table_at_name(&c->spaces, arena_printf(c->arena, "%s\n%s",
				is.customer, is.environment)) =
			(void *)(uintptr_t)(i + 1);
	}
}

/* By its tags. */
static struct whose tagged(const struct claiming *c,
			   const struct account_group *g)
{
	uintptr_t space = 0;

	if (account_has_tags(g) && strcmp(g->policy, c->ir->policy) == 0)
		space = (uintptr_t)table_get_name(&c->spaces,
			arena_printf(c->arena, "%s\n%s", g->customer,
				     g->environment));
	return space ? (struct whose){ (uint32_t)space - 1, g->layer }
		     : (struct whose){ NOWHERE, "" };
}

/* By its id before its tags; somebody else's is of no layer of ours. */
static struct whose whose(const struct claiming *c,
			  const struct account_group *g)
{
	const struct ir_aws_group *named = table_get_name(&c->named, g->id);

	if (!named)
		return tagged(c, g);
	if (named->foreign)
		return (struct whose){ NOWHERE, "" };
	return (struct whose){ named->space,
			       c->ir->layers[named->layer].name };
}

/* What is nobody's: a group that the policy gives to somebody else aside. */
static bool is_nobodys(const struct claiming *c, size_t group)
{
	return c->whose[group].space == NOWHERE &&
	       !table_get_name(&c->named, c->account->groups.at[group].id);
}

/* --- is it the group that it is taken for? --- */

/* What contradicts the claim that A, of the environment SPACE, is ours; told. */
static void contradict(struct claiming *c, uint32_t space,
		       const struct account_group *a, const char *what,
		       const char *is, const char *wanted)
{
	c->good = false;
	diag_add(c->diags, P0611, (struct span){ 0 },
		 "%s: %s is of the %s %.64s, and %s is of %.64s", c->name,
		 text_of(c, a), what, is, space_text(c, space), wanted);
}

static bool differ(const char *a, const char *b)
{
	return *a && *b && strcmp(a, b) != 0;
}

/* Both are of SPACE: one account, one Region, one VPC. */
static void hold_together(struct claiming *c, uint32_t space,
			  const struct account_group *first,
			  const struct account_group *g)
{
	const struct ir_space *is = &c->ir->spaces[space];
	const char *account = account_is_number(is->account) &&
			      account_is_number(g->owner) ? is->account
							  : first->owner;
	const char *region = *is->region ? is->region : first->region;

	if (differ(g->owner, account))
		contradict(c, space, g, "account", g->owner, account);
	if (differ(g->region, region))
		contradict(c, space, g, "Region", g->region, region);
	if (differ(g->vpc, first->vpc))
		contradict(c, space, g, "VPC", g->vpc, first->vpc);
}

/* What `compile` calls the group of LAYER in ENVIRONMENT. */
static const char *name_in(const struct claiming *c, const char *environment,
			   const char *layer)
{
	const char *prefix = c->ir->aws.name_prefix;

	return arena_printf(c->arena, "%s-%s-%s",
			    prefix ? prefix : c->ir->policy, environment,
			    layer);
}

/* Does its name say that a tagged group is another one of ours?  Told. */
static void hold_name(struct claiming *c, const struct account_group *g)
{
	if (strcmp(g->name, name_in(c, g->environment, g->layer)) == 0)
		return;
	for (size_t e = 0; e < c->ir->environment_count; e++)
		for (size_t l = 0; l < c->ir->layer_count; l++) {
			if (strcmp(g->name, name_in(c, c->ir->environments[e],
					c->ir->layers[l].name)) != 0)
				continue;
			c->good = false;
			diag_add(c->diags, P0611, (struct span){ 0 },
				 "%s: %s is called like `%s` of %s, and its tags say `%.64s` of %.64s",
				 c->name, text_of(c, g), c->ir->layers[l].name,
				 c->ir->environments[e], g->layer,
				 g->environment);
			return;
		}
}

/* The policy names G for one layer, and its tags perhaps another. */
static void hold_tags(struct claiming *c, const struct account_group *g,
		      const struct whose *is)
{
	struct identity by_tags = account_identity(g);
	struct identity wanted = identity_in(c, is->space);

	if (!account_has_tags(g) || (same_identity(&by_tags, &wanted) &&
				     strcmp(g->layer, is->layer) == 0))
		return;
	c->good = false;
	diag_add(c->diags, P0611, (struct span){ 0 },
		 "%s: the policy takes %s for `%s` of %s, and its tags say `%.64s` of %.64s, policy %.64s",
		 c->name, text_of(c, g), is->layer, space_text(c, is->space),
		 g->layer, g->environment, g->policy);
}

/* Groups of SPACE have one account, Region and VPC, which no other space has. */
static void hold_space(struct claiming *c, uint32_t space)
{
	const struct account_group *first = NULL;

	c->good = true;
	for (size_t i = 0; i < c->account->groups.count; i++) {
		const struct account_group *g = &c->account->groups.at[i];

		if (c->whose[i].space != space)
			continue;
		if (!first)
			first = g;
		hold_together(c, space, first, g);
		if (table_get_name(&c->named, g->id))
			hold_tags(c, g, &c->whose[i]);
		else
			hold_name(c, g);
	}
	for (size_t i = 0; i < c->account->groups.count; i++) {
		const struct account_group *g = &c->account->groups.at[i];
		uint32_t other = c->whose[i].space;

		if (other == space || other == NOWHERE || !first ||
		    !*g->vpc || strcmp(g->vpc, first->vpc) != 0)
			continue;
		c->good = false;
		diag_add(c->diags, P0611, (struct span){ 0 },
			 "%s: %s of %s and %s of %s are both in %.64s, and an environment is a VPC of its own",
			 c->name, text_of(c, first), space_text(c, space),
			 text_of(c, g), space_text(c, other), first->vpc);
		break;
	}
}

/* --- what a rule refers to --- */

/*
 * Is what a reference says of GROUP true?  Then it is that group.  A peering
 * that is not active leads nowhere, and between groups of one VPC is none.
 */
static bool is_true(const struct claiming *c, const struct account_peer *p,
		    const struct account_group *group, uint32_t from,
		    uint32_t to)
{
	const char *owner = account_is_number(group->owner)
		? group->owner : c->ir->spaces[to].account;

	if (differ(p->status, "active") || differ(p->vpc, group->vpc))
		return false;
	if (account_is_number(owner) && differ(p->user, owner))
		return false;
	return from != to || !*p->peering;
}

/* A group that the account lacks, and that the policy names. */
static struct whose named_peer(const struct claiming *c,
			       const struct account_peer *p)
{
	const struct ir_aws_group *named = table_get_name(&c->named, p->id);

	return named ? (struct whose){ named->space,
				       c->ir->layers[named->layer].name }
		     : (struct whose){ NOWHERE, "" };
}

static struct standing peer_in(const struct claiming *c, uint32_t space,
			       const struct account_peer *p)
{
	const struct account_group unknown = { .id = p->id, .name = "",
					       .owner = "", .vpc = "" };
	const struct account_group *group = p->group == NOT_HERE
		? &unknown : &c->account->groups.at[p->group];
	struct whose to = named_peer(c, p);

	if (to.space == NOWHERE && p->group != NOT_HERE)
		to = c->whose[p->group];
	if (to.space == NOWHERE || !is_true(c, p, group, space, to.space))
		return (struct standing){ AWS_STRANGER, "", 0 };
	if (to.space == space)
		return (struct standing){ AWS_LAYER, to.layer, space };
	if (ir_is_peer(&c->ir->spaces[space], to.space))
		return (struct standing){ AWS_PEERED, to.layer, to.space };
	return (struct standing){ AWS_STRANGER, "", 0 };
}

/* The VPC of the groups of SPACE; "" when nobody says. */
static const char *vpc_of(const struct claiming *c, uint32_t space)
{
	const char *vpc = "";

	for (size_t i = 0; i < c->account->groups.count && !*vpc; i++)
		if (c->whose[i].space == space)
			vpc = c->account->groups.at[i].vpc;
	return vpc;
}

/*
 * No other group may be called "default", and every VPC has that one.  A policy
 * takes every rule out of it, unless it is a layer or is to be kept.
 */
static void look_at_default(struct claiming *c, uint32_t space,
			    struct standings *all)
{
	const char *vpc = vpc_of(c, space);
	/* of what Terraform does to it the model says enough */
	bool found = c->ir->aws.keep_default_group || c->account->terraform;

	for (size_t i = 0; i < c->account->groups.count; i++) {
		const struct account_group *g = &c->account->groups.at[i];

		if (strcmp(g->name, "default") != 0 || differ(g->vpc, vpc) ||
		    (!*g->vpc && *vpc))
			continue;
		found = true;
		if (!is_nobodys(c, i) || c->ir->aws.keep_default_group)
			continue;
		c->looked_at[i] = true;
		all->groups[i] = (struct standing){ AWS_DEFAULT,
						    "the default group", 0 };
	}
	if (!found && *vpc)
		diag_help(diag_add(c->diags, P0613, (struct span){ 0 },
			"%s: the default group of %.64s is not in it: whether it is empty was not looked at",
			c->name, vpc),
			"capture every group of the VPC: `aws ec2 describe-security-groups --filters Name=vpc-id,Values=%.64s`",
			vpc);
}

/* Are the interfaces, where they are told, those that the proof assumes? */
static bool holds_places(const struct claiming *c, uint32_t space,
			 const struct standings *all)
{
	size_t count = c->account->groups.count;
	bool *elsewhere = arena_array(c->arena, count, sizeof *elsewhere);
	const struct place place = { all, vpc_of(c, space), elsewhere };

	for (size_t i = 0; i < count; i++)
		elsewhere[i] = c->whose[i].space != space &&
			       c->whose[i].space != NOWHERE;
	return aws_places_hold(c->diags, c->ir, &c->ir->spaces[space], c->name,
			       c->account, &place);
}

/* Has the environment rules that may be gone? */
static bool has_unsure(const struct claiming *c, uint32_t space)
{
	for (size_t i = 0; i < c->account->rules.count; i++)
		if (c->account->rules.at[i].unsure &&
		    c->whose[c->account->rules.at[i].is.group].space == space)
			return true;
	return false;
}

/*
 * What a file may be wrong about (account.h) it has to be right without as well:
 * it is claimed twice, with it and by what is sure.
 */
static void claim_space(struct claiming *c, uint32_t number,
			struct claims *out)
{
	const struct identity id = identity_in(c, number);
	struct standings all = standings_of(c->arena, c->account);

	hold_space(c, number);
	for (size_t i = 0; i < c->account->groups.count; i++)
		if (c->whose[i].space == number)
			all.groups[i] = (struct standing){
				AWS_LAYER, c->whose[i].layer, number };
	for (size_t i = 0; i < c->account->peers.count; i++)
		all.peers[i] = peer_in(c, number, &c->account->peers.at[i]);
	look_at_default(c, number, &all);
	c->good = c->good && holds_places(c, number, &all);
	for (int sure = 0; sure < (has_unsure(c, number) ? 2 : 1); sure++)
		*LIST_PUSH(c->arena, out) = (struct claim){
			&c->ir->spaces[number], id, c->good
			? aws_select(c->arena, c->diags, c->name, c->account,
				     sure, &all, &id) : NULL,
			sure ? "by its resources alone" : NULL };
}

/* --- what is nobody's --- */

enum { SHOWN = 20 };

/* Groups that the policy leaves to others: who refers to them is looked at. */
static void tell_foreign(const struct claiming *c, uint32_t space)
{
	struct text names = TEXT_IN(c->diags->arena);

	for (size_t i = 0; i < c->ir->aws.group_count; i++) {
		const struct ir_aws_group *g = &c->ir->aws.groups[i];

		if (!g->foreign || g->space != space)
			continue;
		text_printf(&names, "%s`%s`, %s", names.len ? ", " : "",
			    c->ir->layers[g->layer].name, g->id);
	}
	if (names.len)
		diag_note(diag_add(c->diags, P0607, (struct span){ 0 },
			"%s: nothing is proved about what the groups of %s that are somebody else's let out and in",
			c->name, space_text(c, space)),
			(struct span){ 0 }, "%s", text_string(&names));
}

static void tell_others(const struct claiming *c)
{
	struct text names = TEXT_IN(c->diags->arena);
	size_t count = 0;

	for (size_t i = 0; i < c->account->groups.count; i++) {
		if (!is_nobodys(c, i) || c->looked_at[i] ||
		    ++count > SHOWN)
			continue;
		text_puts(&names, names.len ? ", " : "");
		text_puts(&names, account_group_text(c->diags->arena,
					&c->account->groups.at[i]));
	}
	if (!count)
		return;
	if (count > SHOWN)
		text_printf(&names, " and %zu more", count - SHOWN);
	diag_note(diag_add(c->diags, P0607, (struct span){ 0 },
			   "%s: %zu group%s not this policy's, and nothing is proved about %s",
			   c->name, count, count == 1 ? " is" : "s are",
			   count == 1 ? "it" : "them"),
		  (struct span){ 0 }, "%s", text_string(&names));
}

/* What AT carries of ours, if OURS, or else what is not: one of them. */
static const struct account_group *some(const struct claiming *c,
					const struct account_interface *at,
					bool ours)
{
	for (size_t i = 0; i < at->groups.count; i++)
		if ((c->whose[at->groups.at[i]].space != NOWHERE) == ours)
			return &c->account->groups.at[at->groups.at[i]];
	return !ours && at->others.count ? &at->others.at[0] : NULL;
}

/* "2 rules", "which are not here": what a group lets in and out besides. */
static const char *rules_text(const struct claiming *c,
			      const struct account_group *g)
{
	size_t count = 0;
	uint32_t number = NOWHERE;

	for (uint32_t i = 0; i < c->account->groups.count; i++)
		if (&c->account->groups.at[i] == g)
			number = i;
	if (number == NOWHERE)
		return "it is not here, and neither are its rules";
	for (size_t i = 0; i < c->account->rules.count; i++)
		count += c->account->rules.at[i].is.group == number;
	return arena_printf(c->diags->arena, "it has %zu rule%s", count,
			    count == 1 ? "" : "s");
}

/* The groups of an interface are one set of rules: a foreign one adds its own. */
static void tell_mixed(const struct claiming *c)
{
	size_t count = 0;

	for (size_t i = 0; i < c->account->interfaces.count; i++) {
		const struct account_interface *at =
			&c->account->interfaces.at[i];
		const struct account_group *own = some(c, at, true);
		const struct account_group *other = some(c, at, false);

		if (!own || !other || ++count > SHOWN)
			continue;
		diag_note(diag_add(c->diags, P0609, (struct span){ 0 },
			 "%s: the interface %.64s carries %s beside %s: what that one admits there is outside of the proof",
			 c->name, *at->id ? at->id : "of an instance",
			 text_of(c, other), text_of(c, own)),
			 (struct span){ 0 }, "%s", rules_text(c, other));
	}
	if (count > SHOWN)
		diag_add(c->diags, P0609, (struct span){ 0 },
			 "%s: and %zu more interfaces carry groups beside ours",
			 c->name, count - SHOWN);
}

static void tell_nothing_claimed(const struct claiming *c)
{
	for (size_t i = 0; i < c->account->groups.count; i++) {
		const struct account_group *g = &c->account->groups.at[i];

		if (!account_has_tags(g))
			continue;
		diag_add(c->diags, P0602, (struct span){ 0 },
			 "%s belongs to %s %s%s%s, which this policy does not have",
			 c->name, g->policy, g->customer,
			 *g->customer ? "." : "", g->environment);
		return;
	}
	diag_help(diag_add(c->diags, P0602, (struct span){ 0 },
			   "%s has no security group of this policy: none with its tags, none that it names",
			   c->name),
		  "`aws { security-group ENVIRONMENT.LAYER \"sg-…\"; }` says which group a layer has, and `init --from` writes it");
}

void aws_claim(struct arena *arena, struct diags *diags, const struct ir *ir,
	       const char *name, const struct aws_model *model,
	       struct claims *out)
{
	struct claiming c = {
		.arena = arena, .diags = diags, .ir = ir, .name = name,
		.account = model->account,
		.whose = arena_array(arena, model->account->groups.count,
				     sizeof *c.whose),
		.looked_at = arena_array(arena, model->account->groups.count,
					 sizeof *c.looked_at),
	};
	bool *any = arena_array(arena, ir->space_count, sizeof *any);

	look_up(&c);
	for (size_t i = 0; i < c.account->groups.count; i++) {
		c.whose[i] = whose(&c, &c.account->groups.at[i]);
		if (c.whose[i].space != NOWHERE)
			any[c.whose[i].space] = true;
	}
	for (uint32_t i = 0; i < ir->space_count; i++)
		if (any[i])
			claim_space(&c, i, out);
	if (!out->count) {
		tell_nothing_claimed(&c);
		return;
	}
	for (uint32_t i = 0; i < ir->space_count; i++)
		if (any[i])
			tell_foreign(&c, i);
	tell_others(&c);
	tell_mixed(&c);
}
