/*
 * The model of an environment out of an account: its groups, their rules, and
 * what those refer to.  Groups that are nobody's are left out; a rule of ours
 * that refers to one lets in or out whoever carries it, and nobody says who
 * that is.
 */
#include "backends/aws/aws.h"

#include "backends/aws/read_rule.h"
#include "backends/aws/select.h"
#include "backends/aws/show.h"

#include <string.h>

struct selecting {
	struct reader json;		/* in memory that is gone afterwards */
	struct arena *arena;		/* of the model */
	const struct account *account;
	const struct standings *are;
	bool sure;			/* without what is unsure */
	uint32_t *number_of;		/* by group: into the model's groups */
	uint32_t *number_of_peer;	/* by peer: the same, of what is no group of it */
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

bool account_has_tags(const struct account_group *g)
{
	return *g->policy && *g->environment && *g->layer;
}

static bool has_some_tags(const struct account_group *g)
{
	return *g->policy || *g->environment || *g->layer;
}

struct identity account_identity(const struct account_group *g)
{
	return (struct identity){ g->policy, g->customer, g->environment, "" };
}

bool same_identity(const struct identity *a, const struct identity *b)
{
	return strcmp(a->policy, b->policy) == 0 &&
	       strcmp(a->customer, b->customer) == 0 &&
	       strcmp(a->environment, b->environment) == 0;
}

struct standings standings_of(struct arena *arena,
			      const struct account *account)
{
	const struct standing stranger = { AWS_STRANGER, "", 0 };
	struct standings all = {
		arena_array(arena, account->groups.count, sizeof *all.groups),
		arena_array(arena, account->peers.count, sizeof *all.peers) };

	for (size_t i = 0; i < account->groups.count; i++)
		all.groups[i] = stranger;
	for (size_t i = 0; i < account->peers.count; i++)
		all.peers[i] = stranger;
	return all;
}

/* Refuse groups of which it is not clear whose they are. */
static bool are_clear(struct reader *json, const struct account *account)
{
	for (size_t i = 0; i < account->groups.count; i++) {
		const struct account_group *g = &account->groups.at[i];
		const struct path all = { NULL, all_groups };
		const struct path path = { account->terraform ? NULL : &all,
					   g->id };

		if (has_some_tags(g) && !account_has_tags(g))
			refuse(json, &path, "has only some of our tags");
	}
	return json->good;
}

/* --- the model --- */

/* Is a group of the account one whose rules matter? */
static bool is_taken(const struct selecting *s, uint32_t group)
{
	return s->are->groups[group].is == AWS_LAYER ||
	       s->are->groups[group].is == AWS_DEFAULT;
}

static void take_groups(struct selecting *s)
{
	struct table layers = TABLE_IN(s->json.arena);

	for (size_t i = 0; i < s->account->groups.count; i++) {
		const struct account_group *g = &s->account->groups.at[i];
		const struct path all = { NULL, all_groups };
		const struct path path = { s->account->terraform ? NULL : &all,
					   g->id };
		struct aws_group *is;
		void **known;

		if (!is_taken(s, (uint32_t)i))
			continue;
		if (g->unclear)
			refuse(&s->json, &path, "%s", g->unclear);
		is = &s->groups[s->group_count];
		*is = (struct aws_group){
			.standing = s->are->groups[i].is,
			.key = g->id, .name = g->name,
			.description = g->description,
			.layer = s->are->groups[i].layer };
		(void)read_part(&s->json, &path, g->part, is);	/* told */
		s->number_of[i] = (uint32_t)s->group_count++;
		if (is->standing != AWS_LAYER)
			continue;
		known = table_at_name(&layers, is->layer);
		if (*known && !is->parts)
			refuse(&s->json, &path, "is a second group of its layer");
		*known = s;
	}
}

/* What a rule refers to and is no group that was taken: it has no rules here. */
static uint32_t take_other(struct selecting *s, uint32_t peer)
{
	const struct account_peer *p = &s->account->peers.at[peer];
	const struct standing *is = &s->are->peers[peer];

	if (s->number_of_peer[peer] != NOT_HERE)
		return s->number_of_peer[peer];
	s->groups[s->group_count] = (struct aws_group){
		.standing = is->is, .key = p->id,
		.name = p->group == NOT_HERE
			? "" : s->account->groups.at[p->group].name,
		.description = "", .layer = is->layer,
		.space = is->space };
	return s->number_of_peer[peer] = (uint32_t)s->group_count++;
}

static bool refuse_list(struct selecting *s, const struct path *path,
			const struct account_peer *peer)
{
	return refuse(&s->json, path, "refers to the prefix list `%.64s`, whose "
		      "name nobody tells: add %s", peer->id,
		      s->account->terraform
		      ? "a data source for it" : "PrefixLists, the answer of "
		      "describe-managed-prefix-lists");
}

/* Names of lists are not unique, and a policy has names. */
static bool has_twin(const struct selecting *s, uint32_t list)
{
	const struct account_list *all = s->account->lists.at;

	for (size_t i = 0; i < s->account->lists.count; i++)
		if (i != list && strcmp(all[i].name, all[list].name) == 0)
			return true;
	return false;
}

static bool take_peer(struct selecting *s, const struct path *path,
		      struct aws_peer *peer)
{
	const struct account_peer *p;

	if (peer->kind == AWS_PREFIX)
		return true;
	p = &s->account->peers.at[peer->index];
	if (p->unknown)
		return refuse(&s->json, path, "has a peer that nobody can tell: %s",
			      p->unknown);
	if (peer->kind == AWS_GROUP) {
		bool own = s->are->peers[peer->index].is == AWS_LAYER &&
			   p->group != NOT_HERE && is_taken(s, p->group);

		peer->index = own ? s->number_of[p->group]
				  : take_other(s, peer->index);
		return true;
	}
	if (p->list == NOT_HERE)
		return refuse_list(s, path, p);
	if (s->list_of[p->list] == NOT_HERE) {
		const struct account_list *l = &s->account->lists.at[p->list];

		if (has_twin(s, p->list))
			return refuse(&s->json, path, "refers to the prefix list "
				      "`%.64s`, and another one has its name",
				      p->id);
		s->list_of[p->list] = (uint32_t)s->list_count;
		s->lists[s->list_count++] = (struct aws_list){
			.key = l->id, .name = l->name, .family = l->family,
			.entries = l->entries };
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
		const struct path path = s->account->terraform
			? (struct path){ NULL, rule->key }
			: (struct path){ &group, keys[rule->is.direction] };
		struct aws_rule is = { .is = rule->is, .key = rule->key,
				       .description = rule->description,
				       .names = rule->names };

		if (!is_taken(s, rule->is.group) || (s->sure && rule->unsure))
			continue;
		is.is.group = s->number_of[rule->is.group];
		if (take_peer(s, &path, &is.is.peer))
			s->rules[s->rule_count++] = is;
	}
}

/* What the file does to the default group of the VPC that the groups are in. */
static enum aws_default_group default_group_of(const struct selecting *s)
{
	const struct account *account = s->account;

	if (!account->terraform)
		return AWS_DEFAULT_UNSAID;
	for (uint32_t i = 0; i < account->groups.count; i++) {
		const char *vpc = account->groups.at[i].vpc;
		bool managed = false;

		for (size_t k = 0; k < account->managed.count; k++)
			managed |= *vpc && strcmp(vpc, account->managed.at[k]) == 0;
		if (s->are->groups[i].is == AWS_LAYER && !managed)
			return AWS_DEFAULT_AS_MADE;
	}
	return AWS_DEFAULT_EMPTY;
}

const struct aws_model *aws_select(struct arena *arena, struct diags *diags,
				   const char *name,
				   const struct account *account, bool sure,
				   const struct standings *standings,
				   const struct identity *identity)
{
	struct arena *scratch = arena_child(arena);
	size_t groups = account->groups.count, lists = account->lists.count;
	size_t peers = account->peers.count;
	struct selecting s = {
		.json = { scratch, diags, name, true }, .arena = arena,
		.account = account, .are = standings, .sure = sure,
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
	for (size_t i = 0; i < peers; i++)
		s.number_of_peer[i] = NOT_HERE;
	take_groups(&s);
	take_rules(&s);
	if (s.json.good) {
		model = arena_alloc(arena, sizeof *model);
		*model = (struct aws_model){
			.identity = *identity, .account = account,
			.groups = s.groups, .group_count = s.group_count,
			.lists = s.lists, .list_count = s.list_count,
			.rules = s.rules, .rule_count = s.rule_count,
			.default_group = default_group_of(&s),
		};
	}
	arena_free(scratch);
	return model;
}

/* --- a file --- */

/* Groups of the file in one environment refer to each other by their ids. */
static void peers_here(const struct account *account, struct standings *all)
{
	for (size_t i = 0; i < account->peers.count; i++) {
		uint32_t group = account->peers.at[i].group;

		if (group != NOT_HERE)
			all->peers[i] = all->groups[group];
	}
}

const struct aws_model *aws_model_of(struct arena *arena, struct diags *diags,
				     const char *name,
				     const struct account *account)
{
	const struct account_group *first = NULL;
	struct standings all;
	struct reader json = { arena, diags, name, true };
	struct identity id = { "", "", "", "" };

	if (!account || !are_clear(&json, account))
		return NULL;
	all = standings_of(arena, account);
	for (size_t i = 0; i < account->groups.count; i++) {
		const struct account_group *g = &account->groups.at[i];
		struct identity is = account_identity(g);

		if (!account_has_tags(g))
			continue;
		if (!first)
			id = is;
		first = g;
		if (!same_identity(&id, &is)) {
			all = standings_of(arena, account);
			id = (struct identity){ "", "", "", "" };
			break;
		}
		all.groups[i] = (struct standing){ AWS_LAYER, g->layer, 0 };
	}
	peers_here(account, &all);
	return aws_select(arena, diags, name, account, false, &all, &id);
}

const struct aws_model *aws_read_ec2(struct arena *arena, struct diags *diags,
				     const char *name, const char *bytes,
				     size_t len)
{
	return aws_model_of(arena, diags, name,
			    account_read(arena, diags, name, bytes, len));
}

const struct aws_model *aws_read_show(struct arena *arena, struct diags *diags,
				      const char *name, const char *bytes,
				      size_t len)
{
	return aws_model_of(arena, diags, name,
			    show_read(arena, diags, name, bytes, len));
}
