/*
 * `aws { }`, `nft { }` and `review`: a table of the words, and what each takes.
 */
#include "compiler/resolver.h"

#include "compiler/base/suggest.h"
#include "compiler/base/table.h"
#include "compiler/count.h"

#include <stdlib.h>
#include <string.h>

enum takes { TAKES_NOTHING, TAKES_NUMBER, TAKES_TEXT, TAKES_REFUSAL, TAKES_PAIR,
	     TAKES_GROUP, TAKES_NAME, TAKES_ENTRIES };

struct setting {
	const char *target, *word;
	enum takes takes;
	size_t at;			/* of what it sets, in struct ir */
	int32_t least, most;		/* numbers; of texts MOST bytes */
	const char *letters;		/* of texts: besides letters and digits */
};

/* What AWS takes in names and descriptions, less `&`, besides letters and digits. */
#define TEXT_LETTERS " ._-:/()#,@[]+=;{}!$*"

#define AT(member) offsetof(struct ir, member)

/*
 * Quotas: AWS takes 1 to 16 groups an interface, and at most 1,000 rules an
 * interface in all.  Priorities: connection tracking stands at -200, and what
 * looks at states has to come behind it (linux/netfilter_ipv4.h).  The prefix
 * of a log line has 127 bytes (NF_LOG_PREFIXLEN, linux/netfilter/nf_log.h).
 */
static const struct setting settings[] = {
	{ "aws", "name-prefix",		 TAKES_TEXT,	AT(aws.name_prefix), 0, 64, "._-" },
	{ "aws", "rules-per-group",	 TAKES_NUMBER,	AT(aws.rules_per_group), 1, 1000, NULL },
	{ "aws", "groups-per-interface", TAKES_NUMBER,	AT(aws.groups_per_interface), 1, 16, NULL },
	{ "aws", "keep-default-group",	 TAKES_NOTHING, AT(aws.keep_default_group), 0, 0, NULL },
	{ "aws", "exclusive",		 TAKES_NOTHING, AT(aws.exclusive), 0, 0, NULL },
	{ "aws", "tag",			 TAKES_PAIR,	0, 0, 256, " +-=._:/@" },
	{ "aws", "max-entries",		 TAKES_ENTRIES, 0, 1, 1000, NULL },
	{ "aws", "security-group",	 TAKES_GROUP,	0, 0, 64, "-:/." },
	{ "aws", "foreign-group",	 TAKES_GROUP,	0, 0, 64, "-:/." },
	{ "aws", "group-name",		 TAKES_NAME,	0, 0, 255, TEXT_LETTERS },
	{ "aws", "group-description",	 TAKES_NAME,	0, 0, 255, TEXT_LETTERS },
	{ "nft", "strict",		 TAKES_NOTHING, AT(nft.strict), 0, 0, NULL },
	{ "nft", "counters",		 TAKES_NOTHING, AT(nft.counters), 0, 0, NULL },
	{ "nft", "log-prefix",		 TAKES_TEXT,	AT(nft.log_prefix), 0, 127, " +-=._:/@[]()#," },
	{ "nft", "inside",		 TAKES_REFUSAL, AT(nft.inside), 0, 0, NULL },
	{ "nft", "outside",		 TAKES_REFUSAL, AT(nft.outside), 0, 0, NULL },
	{ "nft", "priority",		 TAKES_NUMBER,	AT(nft.priority), -199, 1000, NULL },
};

enum { SETTINGS = sizeof settings / sizeof *settings, TAGS_MOST = 40,
       TAG_KEY_MOST = 128, RULES_MOST = 1000 };

struct reading {
	struct resolver *r;
	const struct ast_node *first[SETTINGS];
	LIST(const struct ast_node *) tags;
	LIST(struct ir_aws_entries) entries;
};

static const struct setting *find(const char *target, const char *word)
{
	for (size_t i = 0; i < SETTINGS; i++)
		if (strcmp(settings[i].target, target) == 0 &&
		    strcmp(settings[i].word, word) == 0)
			return &settings[i];
	return NULL;
}

static void tell_unknown(struct resolver *r, const struct ast_node *node,
			 const char *target)
{
	const char *words[SETTINGS], *nearest;
	size_t count = 0;
	struct diag *d = diag_add(r->diags, P0111, node->name.span,
				  "`%s` has no setting `%.40s`", target,
				  node->name.text);

	for (size_t i = 0; i < SETTINGS; i++)
		if (strcmp(settings[i].target, target) == 0)
			words[count++] = settings[i].word;
	nearest = suggest_nearest(node->name.text, words, count);
	if (!nearest)
		return;
	diag_help(d, "did you mean `%s`?", nearest);
	diag_fix(d, node->name.span, "%s", nearest);
}

static bool is_plain(const char *text, const char *letters)
{
	for (; *text; text++)
		if (!(*text >= 'a' && *text <= 'z') &&
		    !(*text >= 'A' && *text <= 'Z') &&
		    !(*text >= '0' && *text <= '9') && !strchr(letters, *text))
			return false;
	return true;
}

/* A text that its target takes as it is: 1 to MOST bytes, no strange sign. */
static bool check_text(struct resolver *r, const struct ast_text *text,
		       size_t most, const char *letters)
{
	size_t len = strlen(text->text);

	if (len >= 1 && len <= most && is_plain(text->text, letters))
		return true;
	diag_label(diag_add(r->diags, P0208, text->span,
			    "this text cannot stand here"),
		   "expected 1 to %zu letters, digits and signs of `%s`", most,
		   letters);
	return false;
}

static bool read_number(struct resolver *r, const struct setting *s,
			const struct ast_text *text, int32_t *out)
{
	const char *digits = text->text + (*text->text == '-' && s->least < 0);
	size_t len = strlen(digits);
	long value;

	if (len >= 1 && len <= 9 && strspn(digits, "0123456789") == len &&
	    (len == 1 || *digits != '0')) {
		value = strtol(text->text, NULL, 10);
		*out = (int32_t)value;
		if (value >= s->least && value <= s->most)
			return true;
	}
	diag_label(diag_add(r->diags, P0209, text->span,
			    "`%.40s` is not a number that `%s` takes",
			    text->text, s->word),
		   s->least < 0 ? "expected a whole number from %d to %d, a negative one in quotes"
				: "expected a whole number from %d to %d",
		   s->least, s->most);
	return false;
}

static bool read_refusal(struct resolver *r, const struct ast_text *text,
			 enum ir_refusal *out)
{
	*out = strcmp(text->text, "reject") == 0 ? REFUSE_REJECT : REFUSE_DROP;
	if (*out == REFUSE_REJECT || strcmp(text->text, "drop") == 0)
		return true;
	diag_label(diag_add(r->diags, P0208, text->span,
			    "`%.40s` is no way to refuse a packet",
			    text->text), "expected drop or reject");
	return false;
}

/* `sg-` begins the ids that AWS gives, and no name may. */
static void read_text(struct resolver *r, const struct setting *s,
		      const struct ast_text *text)
{
	if (!check_text(r, text, (size_t)s->most, s->letters))
		return;
	if (strcmp(s->target, "aws") == 0 && strncmp(text->text, "sg-", 3) == 0)
		diag_label(diag_add(r->diags, P0208, text->span,
				    "a group's name does not begin with `sg-`"),
			   "AWS keeps that for its own ids");
	else
		*(const char **)((char *)r->ir + s->at) = text->text;
}

static void read_value(struct resolver *r, const struct setting *s,
		       const struct ast_node *node)
{
	void *at = (char *)r->ir + s->at;

	switch (s->takes) {
	case TAKES_NOTHING:
		*(bool *)at = true;
		break;
	case TAKES_NUMBER:
		(void)read_number(r, s, &node->title, at);	/* told */
		break;
	case TAKES_TEXT:
		read_text(r, s, &node->title);
		break;
	case TAKES_REFUSAL:
		(void)read_refusal(r, &node->title, at);	/* told */
		break;
	case TAKES_PAIR:
	case TAKES_GROUP:
	case TAKES_NAME:
	case TAKES_ENTRIES:
		break;
	}
}

/* Has NODE as many values as it takes?  Told when not. */
static bool check_count(struct resolver *r, const struct setting *s,
			const struct ast_node *node)
{
	static const struct { unsigned count; const char *what; } takes[] = {
		[TAKES_NOTHING] = { 0, "no value" },
		[TAKES_NUMBER]	= { 1, "a number" },
		[TAKES_TEXT]	= { 1, "a text" },
		[TAKES_REFUSAL] = { 1, "drop or reject" },
		[TAKES_PAIR]	= { 2, "a key and a value" },
		[TAKES_ENTRIES]	= { 2, "a network and a number" },
		[TAKES_NAME]	= { 2, "a layer of an environment and a text" },
		[TAKES_GROUP]	= { 2, "a layer of an environment and the id of its group" },
	};
	unsigned count = !!node->title.text + !!node->key.text;

	if (count == takes[s->takes].count)
		return true;
	diag_label(diag_add(r->diags, P0208, node->span,
			    "`%s` takes %s", s->word, takes[s->takes].what),
		   "here %s %u", count == 1 ? "is" : "are", count);
	return false;
}

static void read_tag(struct reading *g, const struct ast_node *node)
{
	struct resolver *r = g->r;
	static const char *const kept[] = { "aws:", "firebreak:" };

	if (g->tags.count > TAGS_MOST)
		return;		/* the first one too many is told */
	if (!check_text(r, &node->key, TAG_KEY_MOST, " +-=._:/@") |
	    !check_text(r, &node->title, 256, " +-=._:/@"))
		return;
	for (size_t i = 0; i < 2; i++)
		if (strncasecmp(node->key.text, kept[i], strlen(kept[i])) == 0) {
			diag_label(diag_add(r->diags, P0208, node->key.span,
					    "a tag's key does not begin with `%s`",
					    kept[i]), "this one is not yours");
			return;
		}
	for (size_t i = 0; i < g->tags.count; i++)
		if (strcmp(g->tags.at[i]->key.text, node->key.text) == 0) {
			diag_note(diag_add(r->diags, P0206, node->key.span,
					   "the tag `%.128s` stands twice",
					   node->key.text),
				  g->tags.at[i]->key.span, "first here");
			return;
		}
	*LIST_PUSH(r->arena, &g->tags) = node;
}

/* The network of NODE's key if it is one with a list of the customer's own. */
static bool find_list(struct resolver *r, const struct ast_node *node,
		      uint32_t *out)
{
	static const char ours[] = "com.amazonaws.";

	for (uint32_t i = 0; i < r->ir->network_count; i++) {
		const char *list = r->ir->networks[i].prefix_list;

		if (strcmp(r->ir->networks[i].name, node->key.text) != 0)
			continue;
		*out = i;
		return list && strncmp(list, ours, sizeof ours - 1) != 0;
	}
	return false;
}

/* What a customer's prefix list may hold; of its own AWS says what they count. */
static void read_entries(struct reading *g, const struct setting *s,
			 const struct ast_node *node)
{
	struct resolver *r = g->r;
	struct ir_aws_entries is;
	int32_t most;

	if (!find_list(r, node, &is.network)) {
		diag_label(diag_add(r->diags, P0208, node->key.span,
				    "`%.64s` is no network with a prefix list of yours",
				    node->key.text),
			   "AWS knows what its own lists count");
		return;
	}
	for (size_t i = 0; i < g->entries.count; i++)
		if (g->entries.at[i].network == is.network) {
			diag_add(r->diags, P0206, node->span,
				 "`max-entries` of `%.64s` stands twice",
				 node->key.text);
			return;
		}
	if (!read_number(r, s, &node->title, &most))
		return;
	is.most = (uint32_t)most;
	*LIST_PUSH(r->arena, &g->entries) = is;
}

static void read_setting(struct reading *g, const struct ast_node *node,
			 const char *target)
{
	const struct setting *s = find(target, node->name.text);
	struct resolver *r = g->r;
	const struct ast_node **first;

	if (!s) {
		tell_unknown(r, node, target);
		return;
	}
	if (!check_count(r, s, node))
		return;
	if (s->takes == TAKES_PAIR) {
		read_tag(g, node);
		return;
	}
	if (s->takes == TAKES_ENTRIES) {
		read_entries(g, s, node);
		return;
	}
	if (s->takes == TAKES_GROUP || s->takes == TAKES_NAME) {
		*LIST_PUSH(r->arena, &r->groups) = node;
		return;
	}
	first = &g->first[s - settings];
	if (*first) {
		diag_note(diag_add(r->diags, P0206, node->span,
				   "the setting stands twice"),
			  (*first)->span, "first here");
		return;
	}
	*first = node;
	read_value(r, s, node);
}

static int by_key(const void *x, const void *y)
{
	const struct ir_tag *a = x, *b = y;

	return strcmp(a->key, b->key);
}

static void keep_tags(struct reading *g)
{
	struct resolver *r = g->r;
	struct ir_tag *tags = arena_array(r->arena, g->tags.count,
					  sizeof *tags);

	for (size_t i = 0; i < g->tags.count; i++)
		tags[i] = (struct ir_tag){ g->tags.at[i]->key.text,
					   g->tags.at[i]->title.text };
	if (g->tags.count)
		qsort(tags, g->tags.count, sizeof *tags, by_key);
	r->ir->aws.tags = tags;
	r->ir->aws.tag_count = g->tags.count;
	if (g->tags.count > TAGS_MOST)
		diag_label(diag_add(r->diags, P0208,
				    g->tags.at[TAGS_MOST]->span,
				    "more than %d tags", TAGS_MOST),
			   "AWS takes 50 a resource, and some are ours");
}

static void check_quotas(struct reading *g)
{
	const struct ir_aws *aws = &g->r->ir->aws;
	const struct setting *s = find("aws", "rules-per-group");
	const struct ast_node *rules = g->first[s - settings];
	const struct ast_node *groups =
		g->first[find("aws", "groups-per-interface") - settings];
	const struct ast_node *node = rules ? rules : groups;

	if (node && aws->rules_per_group * aws->groups_per_interface >
			    RULES_MOST)
		diag_label(diag_add(g->r->diags, P0208, node->span,
				    "%u rules a group and %u groups an interface are more than AWS grants",
				    aws->rules_per_group,
				    aws->groups_per_interface),
			   "their product is at most %d", RULES_MOST);
}

void resolve_settings(struct resolver *r)
{
	struct reading g = { .r = r };

	for (size_t i = 0; i < r->names.settings.count; i++) {
		const struct ast_node *block = r->names.settings.at[i];

		for (const struct ast_node *n = block->block; n; n = n->next)
			read_setting(&g, n, block->name.text);
	}
	keep_tags(&g);
	r->ir->aws.entries = g.entries.at;
	r->ir->aws.entry_count = g.entries.count;
	check_quotas(&g);
	for (size_t i = 0; i < r->names.reviews.count; i++) {
		const struct ast_node *n = r->names.reviews.at[i];

		if (i)
			diag_note(diag_add(r->diags, P0206, n->span,
					   "a second `review` statement"),
				  r->names.reviews.at[0]->span, "first here");
		else
			(void)duration_read(r->diags, &n->name,
					    &r->ir->review_days);
	}
}

/* --- running groups, once the environments are known --- */

struct places {
	struct table spaces;	/* name -> number + 1 */
	struct table ids, texts;
};

static struct places places_of(struct resolver *r)
{
	struct places p = { TABLE_IN(r->arena), TABLE_IN(r->arena),
			    TABLE_IN(r->arena) };

	for (uint32_t s = 0; r->groups.count && s < r->ir->space_count; s++)
		*table_at_name(&p.spaces, ir_space_name(r->arena, r->ir,
							&r->spaces[s])) =
			(void *)(uintptr_t)(s + 1);
	return p;
}

/* Is TEXT "ENVIRONMENT.LAYER", of an unnamed customer, or with one before? */
static bool find_layer(struct resolver *r, const struct places *p,
		       const char *text, struct ir_aws_group *out)
{
	const char *dot = strrchr(text, '.');
	uintptr_t space = dot ? (uintptr_t)table_get(&p->spaces, text,
						     (size_t)(dot - text)) : 0;

	for (uint32_t i = 0; space && i < r->ir->layer_count; i++)
		if (strcmp(r->ir->layers[i].name, dot + 1) == 0 &&
		    !both_empty(r->spaces[space - 1].layers[i])) {
			out->space = (uint32_t)space - 1;
			out->layer = i;
			return true;
		}
	return false;
}

/* Does a group before the one of NODE have its id, or its layer?  Told. */
static bool is_second(struct resolver *r, const struct ast_node *node,
		      struct places *p)
{
	void **id = table_at_name(&p->ids, node->title.text);
	void **text;
	bool second = *id;

	*id = r;
	text = table_at_name(&p->texts, node->key.text);
	if (!second && !*text) {
		*text = r;
		return false;
	}
	diag_add(r->diags, P0206, node->span, second
		 ? "the group `%.64s` stands twice"
		 : "a second group of `%.64s`",
		 second ? node->title.text : node->key.text);
	return true;
}

/* The setting of NODE if it is one that names a layer's group, else NULL. */
static const struct setting *naming(const struct ast_node *node)
{
	const struct setting *s = find("aws", node->name.text);

	return s->takes == TAKES_NAME ? s : NULL;
}

static void tell_no_layer(struct resolver *r, const struct ast_node *node)
{
	diag_label(diag_add(r->diags, P0101, node->key.span,
			    "`%.128s` is no layer of an environment",
			    node->key.text),
		   "expected `ENVIRONMENT.LAYER`, or `CUSTOMER.ENVIRONMENT.LAYER`");
}

/* What the group of a layer is called, or is said to be: each once. */
static void keep_name(struct resolver *r, const struct places *p,
		      const struct setting *s, const struct ast_node *node,
		      struct ir_aws_name *names)
{
	struct ir_aws_group at = { 0 };
	struct ir_aws_name *name;
	const char **text;
	size_t i = 0;

	if (!check_text(r, &node->title, (size_t)s->most, s->letters))
		return;
	if (!find_layer(r, p, node->key.text, &at)) {
		tell_no_layer(r, node);
		return;
	}
	while (i < r->ir->aws.name_count &&
	       (names[i].space != at.space || names[i].layer != at.layer))
		i++;
	name = &names[i];
	r->ir->aws.name_count += i == r->ir->aws.name_count;
	name->space = at.space;
	name->layer = at.layer;
	text = strcmp(s->word, "group-name") == 0 ? &name->name
						  : &name->description;
	if (*text)
		diag_add(r->diags, P0206, node->span, "`%s` of `%.64s` stands twice",
			 s->word, node->key.text);
	if (text == &name->name && strncasecmp(node->title.text, "sg-", 3) == 0)
		diag_label(diag_add(r->diags, P0208, node->title.span,
				    "a group's name does not begin with `sg-`"),
			   "AWS keeps that for its own ids");
	*text = node->title.text;
}

static int by_id(const void *x, const void *y)
{
	const struct ir_aws_group *a = x, *b = y;

	return strcmp(a->id, b->id);
}

void resolve_groups(struct resolver *r)
{
	size_t count = 0;
	struct ir_aws_group *groups = arena_array(r->arena, r->groups.count,
						  sizeof *groups);
	struct places places = places_of(r);
	struct ir_aws_name *names = arena_array(r->arena, r->groups.count,
						sizeof *names);

	r->ir->aws.names = names;
	for (size_t i = 0; i < r->groups.count; i++) {
		const struct ast_node *node = r->groups.at[i];
		struct ir_aws_group is = {
			.id = node->title.text,
			.foreign = strcmp(node->name.text, "foreign-group") == 0 };

		if (naming(node)) {
			keep_name(r, &places, naming(node), node, names);
			continue;
		}
		if (!check_text(r, &node->title, 64, "-:/."))
			continue;
		if (!find_layer(r, &places, node->key.text, &is))
			tell_no_layer(r, node);
		else if (!is_second(r, node, &places))
			groups[count++] = is;
	}
	if (count)
		qsort(groups, count, sizeof *groups, by_id);
	r->ir->aws.groups = groups;
	r->ir->aws.group_count = count;
}
