/*
 * An account that is there already, under Terraform: an `import` block for each
 * group and rule of it that the output says.  Terraform takes a group of another
 * name or description away to make it anew, so that one is not adopted, and none
 * of its rules; what is new is told.
 */
#include "backends/aws/aws.h"

#include "backends/aws/account.h"
#include "backends/aws/names.h"
#include "compiler/base/table.h"
#include "compiler/base/text.h"

#include <string.h>

struct adopting {
	const struct job *job;
	const char *name;		/* of the capture */
	const struct account *account;
	const struct aws_model *model;
	uint32_t *of;			/* by group of MODEL: the account's, or NOT_HERE */
	struct table rules;		/* what a rule permits -> struct account_rule */
	struct text out;
	size_t imports;
};

/* "sg-" or "sgr-" and hexadecimal digits, as AWS gives them. */
static bool is_id(const char *id, const char *begins)
{
	size_t len = strlen(begins);

	return strncmp(id, begins, len) == 0 && id[len] &&
	       strspn(id + len, "0123456789abcdef") == strlen(id + len);
}

/* The id that the policy gives the group of LAYER; NULL: none. */
static const char *given_id(const struct adopting *a, const char *layer)
{
	const struct ir *ir = a->job->ir;

	for (size_t i = 0; i < ir->aws.group_count; i++) {
		const struct ir_aws_group *g = &ir->aws.groups[i];
		const struct ir_space *s = &ir->spaces[g->space];

		if (!g->foreign && strcmp(ir->layers[g->layer].name, layer) == 0 &&
		    strcmp(ir->customers[s->customer].name,
			   a->model->identity.customer) == 0 &&
		    strcmp(ir->environments[s->environment],
			   a->model->identity.environment) == 0)
			return g->id;
	}
	return NULL;
}

static bool has_tags_of(const struct adopting *a, const struct aws_group *g,
			const struct account_group *there)
{
	const struct identity *is = &a->model->identity;
	const char *part = g->parts ? arena_printf(a->job->arena, "%u/%u",
						   g->part, g->parts) : "";

	return strcmp(there->policy, is->policy) == 0 &&
	       strcmp(there->customer, is->customer) == 0 &&
	       strcmp(there->environment, is->environment) == 0 &&
	       strcmp(there->layer, g->layer) == 0 &&
	       strcmp(there->part, part) == 0;
}

/* By the id in the policy, else by our tags; never by its name alone. */
static uint32_t find_group(const struct adopting *a, const struct aws_group *g)
{
	const char *id = g->part > 1 ? NULL : given_id(a, g->layer);

	for (uint32_t i = 0; i < a->account->groups.count; i++) {
		const struct account_group *there = &a->account->groups.at[i];

		if (id ? strcmp(there->id, id) == 0 : has_tags_of(a, g, there))
			return i;
	}
	return NOT_HERE;
}

static const char *plain(const struct adopting *a, const char *text)
{
	struct text out = TEXT_IN(a->job->arena);

	for (; *text && out.len < 300; text++)
		text_putc(&out, *text >= ' ' && *text <= '~' ? *text : '?');
	return text_string(&out);
}

static const char *space_text(const struct adopting *a)
{
	const struct identity *is = &a->model->identity;

	return arena_printf(a->job->arena, "%s%s%s", is->customer,
			    *is->customer ? "." : "", is->environment);
}

/* Why THERE cannot become G without being made anew; NULL: it can. */
static const char *why_new(const struct adopting *a, const struct aws_group *g,
			   const struct account_group *there)
{
	struct arena *arena = a->job->arena;
	const char *place = arena_printf(arena, "%s.%s", space_text(a), g->layer);

	if (!is_id(there->id, "sg-"))
		return arena_printf(arena, "`%s` is no id of AWS's",
				    plain(a, there->id));
	if (!*there->name && !*there->description)
		return "the capture does not say its name: add what describe-security-groups answers";
	if (strcmp(there->name, g->name) != 0)
		return arena_printf(arena, "the account's is called `%s`, and a name never changes: say it by `aws { group-name %s \"…\"; }`",
				    plain(a, there->name), place);
	if (strcmp(there->description, g->description) != 0)
		return arena_printf(arena, "the account's is described as `%s`, and that never changes: say it by `aws { group-description %s \"…\"; }`",
				    plain(a, there->description), place);
	if (strcmp(there->name, "default") == 0 &&
	    a->model->default_group == AWS_DEFAULT_EMPTY)
		return "it is the VPC's default group, out of which the output takes every rule: say `aws { keep-default-group; }`";
	return NULL;
}

static void tell(const struct adopting *a, const char *what, const char *why)
{
	diag_add(a->job->diags, P0616, (struct span){ 0 }, "%s: %s: %s",
		 space_text(a), what, why);
}

static void match_groups(struct adopting *a)
{
	const char *vpc = NULL;

	a->of = arena_array(a->job->arena, a->model->group_count,
			    sizeof *a->of);
	for (size_t i = 0; i < a->model->group_count; i++) {
		const struct aws_group *g = &a->model->groups[i];
		uint32_t found = find_group(a, g);
		const struct account_group *there = found == NOT_HERE ? NULL
			: &a->account->groups.at[found];
		const char *why = there ? why_new(a, g, there)
			: "the capture has no group with the id that `aws { security-group … }` gives it, or with its tags";

		if (!why && vpc && strcmp(vpc, there->vpc) != 0)
			why = "the account's is of another VPC than the groups before it";
		a->of[i] = why ? NOT_HERE : found;
		if (why)
			tell(a, arena_printf(a->job->arena,
				"the group of `%s` would be new", g->layer), why);
		else
			vpc = there->vpc;
	}
}

/* What AWS knows a rule by, the same words for both sides. */
static const char *words_of(struct arena *arena, const struct aws_permission *is,
			    const char *group, const char *peer)
{
	char prefix[ADDR_TEXT];

	return arena_printf(arena, "%s %d %d %d %d %d %s", group,
			    (int)is->direction, is->service.protocol,
			    is->service.from, is->service.to,
			    (int)is->peer.kind, is->peer.kind == AWS_PREFIX
			    ? prefix_text(is->peer.prefix, prefix) : peer);
}

static void look_up_rules(struct adopting *a)
{
	a->rules = TABLE_IN(a->job->arena);
	for (size_t i = 0; i < a->account->rules.count; i++) {
		const struct account_rule *rule = &a->account->rules.at[i];
		const struct aws_permission *is = &rule->is;
		const char *peer = "";

		if (is->peer.kind != AWS_PREFIX) {
			const struct account_peer *p =
				&a->account->peers.at[is->peer.index];

			peer = is->peer.kind == AWS_GROUP ? p->id
			     : p->list == NOT_HERE ? "?"
			     : a->account->lists.at[p->list].name;
		}
		*table_at_name(&a->rules, words_of(a->job->arena, is,
			a->account->groups.at[is->group].id, peer)) =
			(void *)(uintptr_t)rule;
	}
}

/* The account's rule that RULE is; NULL: there is none. */
static const struct account_rule *find_rule(const struct adopting *a,
					    const struct aws_rule *rule)
{
	const struct aws_permission *is = &rule->is;
	const char *peer = "";

	if (is->peer.kind == AWS_LIST)
		peer = a->model->lists[is->peer.index].name;
	if (is->peer.kind == AWS_GROUP) {
		uint32_t group = a->of[is->peer.index];

		if (group == NOT_HERE)
			return NULL;
		peer = a->account->groups.at[group].id;
	}
	return table_get_name(&a->rules, words_of(a->job->arena, is,
		a->account->groups.at[a->of[is->group]].id, peer));
}

static void put_import(struct adopting *a, const char *type, const char *key,
		       const char *id)
{
	text_printf(&a->out, "%s\n    {\n      \"id\": \"%s\",\n"
		    "      \"to\": \"%s.%s\"\n    }", a->imports ? "," : "", id,
		    type, key);
	a->imports++;
}

static void put_rules(struct adopting *a)
{
	size_t missing = 0, nameless = 0;

	for (size_t i = 0; i < a->model->rule_count; i++) {
		const struct aws_rule *rule = &a->model->rules[i];
		const struct account_rule *there;

		if (a->of[rule->is.group] == NOT_HERE)
			continue;
		there = find_rule(a, rule);
		missing += !there;
		nameless += there && !is_id(there->key, "sgr-");
		if (there && is_id(there->key, "sgr-"))
			put_import(a, rule->is.direction == AWS_INGRESS
				? "aws_vpc_security_group_ingress_rule"
				: "aws_vpc_security_group_egress_rule",
				rule->key, there->key);
	}
	if (missing)
		tell(a, arena_printf(a->job->arena,
			"%zu rules of adopted groups would be new", missing),
		     "the account does not have them as they are emitted");
	if (nameless)
		tell(a, arena_printf(a->job->arena,
			"%zu rules are there and cannot be imported", nameless),
		     "only describe-security-group-rules tells their ids (sgr-…), and AWS refuses a second one with InvalidPermission.Duplicate: add what it answers");
}

bool aws_adopt_terraform(const struct job *job, const struct fb_capture *from,
			 const struct artefact *now, struct artefact *out)
{
	struct arena *arena = job->arena;
	struct adopting a = { .job = job, .name = from->name,
			      .out = TEXT_IN(arena) };

	a.account = account_read(arena, job->diags, from->name, from->bytes,
				 from->len);
	a.model = aws_read_terraform(arena, job->diags, now->path, now->bytes,
				     now->len);
	if (!a.account || !a.model)
		return false;
	match_groups(&a);
	look_up_rules(&a);
	text_puts(&a.out, "{\n  \"import\": [");
	for (size_t i = 0; i < a.model->group_count; i++)
		if (a.of[i] != NOT_HERE)
			put_import(&a, "aws_security_group",
				   a.model->groups[i].key,
				   a.account->groups.at[a.of[i]].id);
	put_rules(&a);
	text_puts(&a.out, a.imports ? "\n  ]\n}\n" : "]\n}\n");
	*out = (struct artefact){ "imports.tf.json", text_string(&a.out),
				  a.out.len };
	return aws_read_imports(arena, job->diags, out, a.model, a.account);
}
