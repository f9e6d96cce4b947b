/* The draft as a policy that a reader can go on from. */
#include "backends/aws/draft.h"

#include "backends/aws/aws.h"
#include "backends/aws/names.h"
#include "compiler/base/text.h"

#include <string.h>
#include <strings.h>

/* In quotes, as the language reads it. */
static void put_quoted(struct text *out, const char *text)
{
	text_putc(out, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			text_putc(out, '\\');
		text_putc(out, *text);
	}
	text_putc(out, '"');
}

/* What the addresses of layers stand on that no capture says. */
static void put_assumed(struct text *out, const struct draft *d)
{
	size_t hosts = 0, subnets = 0;

	for (size_t i = 0; i < d->account->groups.count; i++) {
		subnets += d->groups[i].subnets.count;
		hosts += d->groups[i].hosts.count > d->groups[i].subnets.count;
	}
	if (subnets)
		text_puts(out, "#\n"
			  "# ASSUMED: a subnet in which the capture has interfaces of one group and of no\n"
			  "# other is that layer's as a whole; what starts there later has to carry it.\n");
	if (hosts)
		text_puts(out, "#\n"
			  "# ASSUMED: where groups share a subnet, a layer is the addresses that its\n"
			  "# interfaces had at the moment of the capture: give layers that scale subnets.\n");
}

static void put_head(struct text *out, const struct draft *d)
{
	bool made_up = false;

	for (size_t i = 0; i < d->environments.count; i++)
		made_up |= d->environments.at[i].stands_in;
	text_printf(out, "# Drafted by `firebreak init --from` from %s: a layer a security group, and\n"
		    "# what each lets out and in, rule by rule.  `firebreak prove` with this policy and\n"
		    "# that file says whether the account is still what stands here.\n", d->source);
	if (made_up)
		text_puts(out, "#\n"
			  "# FILL IN: where no interface tells the addresses of a layer, a block of\n"
			  "# 240.0.0.0/12 or 2001:db8:ffff::/48 stands in that no host has.  Until the layers\n"
			  "# have their subnets, who is meant by a prefix of the VPC is not told, and the\n"
			  "# outputs say nothing about hosts.\n");
	put_assumed(out, d);
	if (d->gaps.count)
		text_puts(out, "#\n# NOT SAID: the file has these, and the policy does not:\n");
	for (size_t i = 0; i < d->gaps.count; i++)
		text_printf(out, "# - %s\n", d->gaps.at[i].text);
	text_puts(out, "\nlanguage 1;\npolicy account ");
	put_quoted(out, arena_printf(out->arena, "drafted from %s", d->source));
	text_puts(out, ";\nenvironments ");
	for (size_t i = 0; i < d->environments.count; i++)
		text_printf(out, "%s%s", i ? ", " : "",
			    d->environments.at[i].name);
	text_puts(out, ";\n");
}

/* The name that the first group of a layer has. */
static const char *title_of(struct text *out, const struct draft *d,
			    const char *layer)
{
	for (size_t i = 0; i < d->account->groups.count; i++)
		if (strcmp(d->groups[i].layer, layer) == 0)
			return *d->account->groups.at[i].name
				? draft_plain(out->arena,
					      d->account->groups.at[i].name)
				: draft_plain(out->arena, d->account->groups
					      .at[i].description);
	return "";
}

static void put_layers(struct text *out, const struct draft *d)
{
	text_putc(out, '\n');
	for (size_t i = 0; i < d->layer_count; i++) {
		text_printf(out, "layer %s ", d->layers[i]);
		put_quoted(out, title_of(out, d, d->layers[i]));
		text_puts(out, ";\n");
	}
}

static void put_networks(struct text *out, const struct draft *d)
{
	char text[ADDR_TEXT];

	if (d->networks.count)
		text_putc(out, '\n');
	for (size_t i = 0; i < d->networks.count; i++) {
		const struct draft_network *n = &d->networks.at[i];

		text_printf(out, "network %s", n->name);
		if (n->list) {
			text_putc(out, ' ');
			put_quoted(out, draft_plain(out->arena, n->text));
			text_puts(out, " prefix-list ");
			put_quoted(out, draft_plain(out->arena, n->list));
			text_puts(out, ";\n");
			continue;
		}
		text_printf(out, "%s = %s;%s\n", n->is_private ? " via vpn" : "",
			    prefix_text(n->prefix, text), n->is_private
			    ? "  # or peering, or endpoint: how is it reached?"
			    : "");
	}
}

static void put_addresses(struct text *out, const struct draft_group *g)
{
	char text[ADDR_TEXT];
	const char *comma = " ";

	for (size_t i = 0; i < g->hosts.count; i++, comma = ", ")
		text_printf(out, "%s%s", comma,
			    prefix_text(g->hosts.at[i], text));
	for (int f = IPV4; f < FAMILIES; f++) {
		if (!g->made_up[f].length)
			continue;
		text_printf(out, "%s%s", comma, prefix_text(g->made_up[f], text));
		comma = ", ";
	}
}

/* Where the addresses of a layer are from, when they are no interface's. */
static void put_origin(struct text *out, const struct draft_group *g)
{
	bool made_up = g->made_up[IPV4].length || g->made_up[IPV6].length;

	if (made_up || g->subnets.count)
		text_puts(out, "  #");
	for (size_t i = 0; i < g->subnets.count; i++)
		text_printf(out, "%s %s", i ? "," : "",
			    draft_plain(out->arena, g->subnets.at[i]));
	text_puts(out, made_up ? g->subnets.count ? "; FILL IN the rest\n"
						  : " FILL IN\n" : "\n");
}

static void put_environment(struct text *out, const struct draft *d,
			    uint32_t number)
{
	const struct draft_environment *e = &d->environments.at[number];
	char text[ADDR_TEXT];

	text_printf(out, "\nenvironment %s {\n  vpc", e->name);
	for (size_t i = 0; i < e->blocks.count; i++)
		text_printf(out, "%s%s", i ? ", " : " ",
			    prefix_text(e->blocks.at[i], text));
	text_puts(out, ";\n");
	for (size_t i = 0; i < d->account->groups.count; i++) {
		const struct draft_group *g = &d->groups[i];

		if (g->environment != number)
			continue;
		text_printf(out, "  layer %s", g->layer);
		put_addresses(out, g);
		text_puts(out, ";");
		put_origin(out, g);
	}
	text_puts(out, "}\n");
}

static void put_rule(struct text *out, const struct draft *d,
		     const struct draft_rule *r)
{
	static const char *const halves[] = { [DRAFT_OUT] = " outbound",
					      [DRAFT_IN] = " inbound",
					      [DRAFT_BOTH] = "" };

	text_printf(out, "%s: allow %s -> %s", r->name, r->from, r->to);
	text_printf(out, " on %s", r->services);
	if (d->environments.count > 1)
		text_printf(out, " in %s",
			    d->environments.at[r->environment].name);
	text_puts(out, halves[r->half]);
	if (*r->reason) {
		text_puts(out, " reason ");
		put_quoted(out, r->reason);
	}
	text_puts(out, ";\n");
}

/* What AWS made groups with, once for all of them. */
static void put_defaults(struct text *out, const struct draft *d)
{
	bool first = true;

	for (size_t i = 0; i < d->rules.count; i++) {
		if (d->rules.at[i].group != NOT_HERE)
			continue;
		if (first)
			text_puts(out, "\n# what AWS makes every group with: everything out.  Take a layer from the list when\n# it gets rules of its own.\n");
		first = false;
		put_rule(out, d, &d->rules.at[i]);
	}
}

/* A paragraph a group, under its own name. */
static void put_rules(struct text *out, const struct draft *d, uint32_t group)
{
	const struct account_group *g = &d->account->groups.at[group];
	bool first = true;

	for (size_t i = 0; i < d->rules.count; i++) {
		if (d->rules.at[i].group != group)
			continue;
		if (first)
			text_printf(out, "\n# %s%s%s\n",
				    account_group_text(out->arena, g),
				    *g->description ? ": " : "",
				    draft_plain(out->arena, g->description));
		first = false;
		put_rule(out, d, &d->rules.at[i]);
	}
}

/* Is it the only group of its environment with this name, as AWS compares them? */
static bool is_only(const struct draft *d, size_t group)
{
	for (size_t i = 0; i < d->account->groups.count; i++)
		if (i != group && d->groups[i].environment ==
				  d->groups[group].environment &&
		    strcasecmp(d->account->groups.at[i].name,
			       d->account->groups.at[group].name) == 0)
			return false;
	return true;
}

static bool is_sayable(const char *text)
{
	return *text && strlen(text) <= AWS_NAME_MOST &&
	       aws_text_is_legal(text);
}

static void put_setting(struct text *out, const struct draft *d,
			const char *word, size_t group, const char *value)
{
	const struct draft_group *g = &d->groups[group];

	text_printf(out, "  %s %s.%s ", word,
		    d->environments.at[g->environment].name, g->layer);
	put_quoted(out, value);
	text_puts(out, ";\n");
}

/* AWS changes neither, so Terraform adopts a group only under its own. */
static void put_names(struct text *out, const struct draft *d)
{
	bool has_default = false;

	text_puts(out, "\n# what they are called and said to be, for ever: `compile --adopt` imports them as they are\naws {\n");
	for (size_t i = 0; i < d->account->groups.count; i++) {
		const struct account_group *g = &d->account->groups.at[i];

		if (d->groups[i].unseen || !draft_takes_id(g->id))
			continue;
		has_default |= strcmp(g->name, "default") == 0;
		if (is_sayable(g->name) && is_only(d, i) &&
		    strncasecmp(g->name, "sg-", 3) != 0)
			put_setting(out, d, "group-name", i, g->name);
		if (is_sayable(g->description))
			put_setting(out, d, "group-description", i,
				    g->description);
	}
	if (has_default)
		text_puts(out, "  keep-default-group;  # its rules stand above as a layer's: else it would be emptied\n");
	text_puts(out, "}\n");
}

static void put_ids(struct text *out, const struct draft *d)
{
	text_puts(out, "\n# which group of the account a layer is: `prove` finds it by its id\naws {\n");
	for (size_t i = 0; i < d->account->groups.count; i++) {
		const struct draft_group *g = &d->groups[i];

		if (!draft_takes_id(d->account->groups.at[i].id))
			continue;
		text_printf(out, "  %s-group %s.%s ",
			    g->unseen ? "foreign" : "security",
			    d->environments.at[g->environment].name, g->layer);
		put_quoted(out, d->account->groups.at[i].id);
		text_puts(out, ";\n");
	}
	text_puts(out, "}\n");
}

void draft_write(struct text *out, const struct draft *d)
{
	put_head(out, d);
	put_layers(out, d);
	put_networks(out, d);
	for (uint32_t i = 0; i < d->environments.count; i++)
		put_environment(out, d, i);
	put_defaults(out, d);
	for (uint32_t i = 0; i < d->account->groups.count; i++)
		put_rules(out, d, i);
	put_ids(out, d);
	put_names(out, d);
}
