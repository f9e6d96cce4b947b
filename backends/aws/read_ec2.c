/*
 * Whose the groups of an account are, and the model of an environment's own:
 * by our tags, or by the ids that the policy gives in `aws { security-group … }`.
 * Groups that are nobody's are named, and no proof is about them; a rule of
 * ours that refers to one is not understood.
 */
#include "backends/aws/aws.h"

#include "backends/aws/account.h"
#include "backends/aws/read_rule.h"
#include "compiler/base/text.h"

#include <string.h>

struct selecting {
	struct reader json;		/* in memory that is gone afterwards */
	struct arena *arena;		/* of the model */
	const struct account *account;
	const char **layer_of;		/* by group: of the environment, or NULL */
	const char **unseen;		/* by peer: a layer whose group is not here; or NULL */
	uint32_t *number_of_peer;	/* the same: into the model's groups */
	uint32_t *number_of;		/* the same: into the model's groups */
	uint32_t *list_of;		/* by list: into the model's, or NOT_HERE */
	struct aws_group *groups;
	size_t group_count;
	struct aws_list *lists;
	size_t list_count;
	struct aws_rule *rules;
	size_t rule_count;
};

static const char all_groups[] = "SecurityGroups";

/* --- whose a group is --- */

static bool has_tags(const struct account_group *g)
{
	return *g->policy && *g->environment && *g->layer;
}

static bool has_some_tags(const struct account_group *g)
{
	return *g->policy || *g->environment || *g->layer;
}

static struct identity identity_of(const struct account_group *g)
{
	return (struct identity){ g->policy, g->customer, g->environment, "" };
}

static bool same(const struct identity *a, const struct identity *b)
{
	return strcmp(a->policy, b->policy) == 0 &&
	       strcmp(a->customer, b->customer) == 0 &&
	       strcmp(a->environment, b->environment) == 0;
}

/* Refuse groups of which it is not clear whose they are. */
static bool are_clear(struct reader *json, const struct account *account)
{
	for (size_t i = 0; i < account->groups.count; i++) {
		const struct account_group *g = &account->groups.at[i];
		const struct path all = { NULL, all_groups };
		const struct path path = { &all, g->id };

		if (has_some_tags(g) && !has_tags(g))
			refuse(json, &path, "has only some of our tags");
	}
	return json->good;
}

/* --- the model --- */

static void take_groups(struct selecting *s)
{
	struct table layers = TABLE_IN(s->json.arena);

	for (size_t i = 0; i < s->account->groups.count; i++) {
		const struct account_group *g = &s->account->groups.at[i];
		const struct path all = { NULL, all_groups };
		const struct path path = { &all, g->id };
		struct aws_group *is;
		void **known;

		if (!s->layer_of[i])
			continue;
		is = &s->groups[s->group_count];
		*is = (struct aws_group){
			.key = g->id, .name = g->name,
			.description = g->description, .layer = s->layer_of[i] };
		(void)read_part(&s->json, &path, g->part, is);	/* told */
		known = table_at_name(&layers, s->layer_of[i]);
		if (*known && !is->parts)
			refuse(&s->json, &path, "is a second group of its layer");
		*known = s;
		s->number_of[i] = (uint32_t)s->group_count++;
	}
}

/* Groups that the file only refers to: they have a name, and no rules. */
static void take_unseen(struct selecting *s)
{
	for (size_t i = 0; i < s->account->peers.count; i++) {
		if (!s->unseen[i])
			continue;
		s->number_of_peer[i] = (uint32_t)s->group_count;
		s->groups[s->group_count++] = (struct aws_group){
			.key = s->account->peers.at[i].id, .name = "",
			.description = "", .layer = s->unseen[i] };
	}
}

static bool refuse_list(struct selecting *s, const struct path *path,
			const struct account_peer *peer)
{
	return refuse(&s->json, path, "refers to the prefix list `%.64s`, whose "
		      "name nobody tells: add PrefixLists, the answer of "
		      "describe-managed-prefix-lists", peer->id);
}

static bool refuse_group(struct selecting *s, const struct path *path,
			 const struct account_peer *peer)
{
	bool stale = *peer->status && strcmp(peer->status, "active") != 0;

	return refuse(&s->json, path, "refers to the group `%.64s`, which is "
		      "none of this policy's%s%.32s%s", peer->id,
		      stale ? ": a stale rule, its peering is `" : "",
		      stale ? peer->status : "", stale ? "`" : "");
}

static bool take_peer(struct selecting *s, const struct path *path,
		      struct aws_peer *peer)
{
	const struct account_peer *p;

	if (peer->kind == AWS_PREFIX)
		return true;
	p = &s->account->peers.at[peer->index];
	if (peer->kind == AWS_GROUP && s->unseen[peer->index]) {
		peer->index = s->number_of_peer[peer->index];
		return true;
	}
	if (peer->kind == AWS_GROUP) {
		if (p->group == NOT_HERE || !s->layer_of[p->group])
			return refuse_group(s, path, p);
		peer->index = s->number_of[p->group];
		return true;
	}
	if (p->list == NOT_HERE)
		return refuse_list(s, path, p);
	if (s->list_of[p->list] == NOT_HERE) {
		const struct account_list *l = &s->account->lists.at[p->list];

		s->list_of[p->list] = (uint32_t)s->list_count;
		s->lists[s->list_count++] = (struct aws_list){ .key = l->id,
							       .name = l->name };
	}
	peer->index = s->list_of[p->list];
	return true;
}

static void take_rules(struct selecting *s)
{
	static const char *const keys[] = {
		[AWS_INGRESS] = "IpPermissions",
		[AWS_EGRESS] = "IpPermissionsEgress" };

	for (size_t i = 0; i < s->account->rules.count; i++) {
		const struct account_rule *rule = &s->account->rules.at[i];
		const struct account_group *g =
			&s->account->groups.at[rule->is.group];
		const struct path all = { NULL, all_groups };
		const struct path group = { &all, g->id };
		const struct path path = { &group, keys[rule->is.direction] };
		struct aws_rule is = { .is = rule->is, .key = rule->key,
				       .description = rule->description,
				       .names = rule->names };

		if (!s->layer_of[rule->is.group])
			continue;
		is.is.group = s->number_of[rule->is.group];
		if (take_peer(s, &path, &is.is.peer))
			s->rules[s->rule_count++] = is;
	}
}

/* The environment's own: those of which LAYER_OF, by group, names a layer. */
static const struct aws_model *select_own(struct arena *arena,
					  struct diags *diags, const char *name,
					  const struct account *account,
					  const char **layer_of,
					  const char **unseen,
					  const struct identity *id)
{
	struct arena *scratch = arena_child(arena);
	size_t groups = account->groups.count, lists = account->lists.count;
	size_t peers = account->peers.count;
	struct selecting s = {
		.json = { scratch, diags, name, true }, .arena = arena,
		.account = account, .layer_of = layer_of, .unseen = unseen,
		.number_of_peer = arena_array(scratch, peers, sizeof(uint32_t)),
		.number_of = arena_array(scratch, groups, sizeof(uint32_t)),
		.list_of = arena_array(scratch, lists, sizeof(uint32_t)),
		.groups = arena_array(arena, groups + peers, sizeof *s.groups),
		.lists = arena_array(arena, lists, sizeof *s.lists),
		.rules = arena_array(arena, account->rules.count,
				     sizeof *s.rules),
	};
	struct aws_model *model = NULL;

	for (size_t i = 0; i < lists; i++)
		s.list_of[i] = NOT_HERE;
	take_groups(&s);
	take_unseen(&s);
	take_rules(&s);
	if (s.json.good) {
		model = arena_alloc(arena, sizeof *model);
		*model = (struct aws_model){
			.identity = *id, .account = account,
			.groups = s.groups, .group_count = s.group_count,
			.lists = s.lists, .list_count = s.list_count,
			.rules = s.rules, .rule_count = s.rule_count,
		};
	}
	arena_free(scratch);
	return model;
}

/* --- a file --- */

/*
 * The model of the one environment that all tagged groups are of; nothing but
 * the account where they are of several, or none has tags.
 */
const struct aws_model *aws_read_ec2(struct arena *arena, struct diags *diags,
				     const char *name, const char *bytes,
				     size_t len)
{
	const struct account *account = account_read(arena, diags, name, bytes,
						     len);
	const struct account_group *first = NULL;
	const char **layer_of;
	struct reader json = { arena, diags, name, true };
	struct identity id = { "", "", "", "" };

	if (!account || !are_clear(&json, account))
		return NULL;
	layer_of = arena_array(arena, account->groups.count, sizeof *layer_of);
	for (size_t i = 0; i < account->groups.count; i++) {
		const struct account_group *g = &account->groups.at[i];
		struct identity is = identity_of(g);

		if (!has_tags(g))
			continue;
		if (!first)
			id = is;
		first = g;
		if (!same(&id, &is)) {
			memset(layer_of, 0, account->groups.count *
			       sizeof *layer_of);
			id = (struct identity){ "", "", "", "" };
			break;
		}
		layer_of[i] = g->layer;
	}
	return select_own(arena, diags, name, account, layer_of,
			  arena_array(arena, account->peers.count,
				      sizeof *layer_of), &id);
}

/* --- claims --- */

struct claiming {
	struct arena *arena;
	struct diags *diags;
	const struct ir *ir;
	const char *name;
	const struct account *account;
	bool *ours;			/* by group: some environment's */
	struct table named;		/* id -> struct ir_aws_group */
};

/* The layer of GROUP in the space of this NUMBER, or NULL. */
static const char *layer_in(const struct claiming *c, uint32_t number,
			    const struct identity *id,
			    const struct account_group *group)
{
	const struct ir_aws_group *g = table_get_name(&c->named, group->id);
	struct identity is = identity_of(group);

	if (g)
		return g->space == number ? c->ir->layers[g->layer].name : NULL;
	return has_tags(group) && same(&is, id) ? group->layer : NULL;
}

/* Layers whose group the file does not have, and refers to all the same. */
static void look_for_unseen(const struct claiming *c, uint32_t number,
			    const char **unseen)
{
	for (size_t i = 0; i < c->account->peers.count; i++) {
		const struct account_peer *p = &c->account->peers.at[i];
		const struct ir_aws_group *g = table_get_name(&c->named, p->id);
		struct account_group is = { .id = p->id, .name = "" };

		if (!g || g->space != number || p->group != NOT_HERE)
			continue;
		unseen[i] = c->ir->layers[g->layer].name;
		diag_add(c->diags, P0607, (struct span){ 0 },
			 "%s: %s is not in it, and nothing is proved about what that group lets out and in itself",
			 c->name, account_group_text(c->diags->arena, &is));
	}
}

static void claim_space(struct claiming *c, uint32_t number,
			struct claims *out)
{
	const struct ir_space *space = &c->ir->spaces[number];
	const struct identity id = {
		c->ir->policy, c->ir->customers[space->customer].name,
		c->ir->environments[space->environment], "" };
	const char **layer_of = arena_array(c->arena, c->account->groups.count,
					    sizeof *layer_of);
	const char **unseen = arena_array(c->arena, c->account->peers.count,
					  sizeof *unseen);
	bool any = false;

	for (size_t i = 0; i < c->account->groups.count; i++) {
		layer_of[i] = layer_in(c, number, &id,
				       &c->account->groups.at[i]);
		c->ours[i] |= layer_of[i] != NULL;
		any |= layer_of[i] != NULL;
	}
	if (!any)
		return;
	look_for_unseen(c, number, unseen);
	*LIST_PUSH(c->arena, out) = (struct claim){ space, id,
		select_own(c->arena, c->diags, c->name, c->account, layer_of,
			   unseen, &id) };
}

enum { SHOWN = 20 };

static void tell_others(const struct claiming *c)
{
	struct text names = TEXT_IN(c->diags->arena);
	size_t count = 0;

	for (size_t i = 0; i < c->account->groups.count; i++) {
		if (c->ours[i] || ++count > SHOWN)
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

/* What of GROUPS is ours, if OURS, or else what is not: one of them. */
static const struct account_group *some(const struct claiming *c,
					const struct account_interface *at,
					bool ours)
{
	for (size_t i = 0; i < at->groups.count; i++)
		if (c->ours[at->groups.at[i]] == ours)
			return &c->account->groups.at[at->groups.at[i]];
	return NULL;
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
		diag_add(c->diags, P0609, (struct span){ 0 },
			 "%s: the interface %.64s carries %s beside %s: what that one admits there is outside of the proof",
			 c->name, *at->id ? at->id : "of an instance",
			 account_group_text(c->diags->arena, other),
			 account_group_text(c->diags->arena, own));
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

		if (!has_tags(g))
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
		.ours = arena_array(arena, model->account->groups.count,
				    sizeof *c.ours),
		.named = TABLE_IN(arena),
	};

	for (size_t i = 0; i < ir->aws.group_count; i++)
		*table_at_name(&c.named, ir->aws.groups[i].id) =
			(void *)&ir->aws.groups[i];
	for (uint32_t i = 0; i < ir->space_count; i++)
		claim_space(&c, i, out);
	if (!out->count) {
		tell_nothing_claimed(&c);
		return;
	}
	tell_others(&c);
	tell_mixed(&c);
}
