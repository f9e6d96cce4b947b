/*
 * Groups become layers, what they let out and in halves of rules, so that the
 * groups that the draft emits admit, side by side, what those of the account
 * admit.  A layer's addresses are those of the interfaces that carry its
 * group alone; where nobody tells, a block of 240.0.0.0/4 stands in, which no
 * host has, and which the reader is told to replace.
 */
#include "backends/aws/draft.h"

#include "compiler/base/service.h"
#include "compiler/base/text.h"

#include <stdlib.h>
#include <string.h>

enum { WORD_MOST = 40, NAME_MOST = 64 };

/* Services of one group, direction and peer. */
struct bundle {
	uint32_t group;
	enum aws_direction direction;
	struct aws_peer peer;
	const char *end;		/* the peer in the language's words */
	const char *word;		/* the same as part of a name */
	LIST(const struct account_rule *) rules;
	bool taken;			/* one half of a rule that is told */
	struct bundle *next;		/* of the same, what would merge with it */
};

struct drafting {
	struct arena *arena;
	const struct account *account;
	struct draft *draft;
	struct table endpoints, places, rule_names;	/* taken */
	struct table networks;		/* prefix or list -> its name */
	struct table known;		/* group, direction, peer -> bundle */
	LIST(struct bundle *) bundles;
};

static void gap(struct drafting *d, uint32_t group, const char *text)
{
	*LIST_PUSH(d->arena, &d->draft->gaps) = (struct draft_gap){ group,
								    text };
}

/* Does its peering say that it is no more? */
static bool is_stale(const struct account_peer *p)
{
	return *p->status && strcmp(p->status, "active") != 0;
}

/* --- words --- */

const char *draft_plain(struct arena *arena, const char *text)
{
	struct text out = TEXT_IN(arena);

	for (; *text; text++)
		text_putc(&out, *text >= ' ' && *text <= '~' ? *text : '?');
	return text_string(&out);
}

/* Lower-case letters and digits with single hyphens between; a letter first. */
static const char *word_of(struct arena *arena, const char *text,
			   const char *otherwise)
{
	struct text out = TEXT_IN(arena);
	bool pending = false;

	for (; *text && out.len < WORD_MOST; text++) {
		char c = *text >= 'A' && *text <= 'Z' ? (char)(*text + 32)
						      : *text;
		bool digit = c >= '0' && c <= '9';

		if (!digit && (c < 'a' || c > 'z')) {
			pending = true;
			continue;
		}
		if (!out.len && digit)
			text_printf(&out, "%s-", otherwise);
		else if (pending && out.len)
			text_putc(&out, '-');
		text_putc(&out, c);
		pending = false;
	}
	return out.len ? text_string(&out) : otherwise;
}

/* WORD, or with -2, -3 … behind it what TABLE does not have yet. */
static const char *unique(struct arena *arena, struct table *table,
			  const char *word)
{
	const char *name = word;
	void **place = table_at_name(table, name);

	for (unsigned i = 2; *place; i++) {
		name = arena_printf(arena, "%s-%u", word, i);
		place = table_at_name(table, name);
	}
	*place = table;
	return name;
}

/* Words that begin something else where a name is wanted. */
static const char *not_reserved(struct arena *arena, const char *word)
{
	static const char *const reserved[] = {
		"allow", "never", "only", "confine", "must", "isolate", "tiers",
		"within", "reach", "parity", "each", "in", "on", "except",
		"any", "internet" };

	for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
		if (strcmp(word, reserved[i]) == 0)
			return arena_printf(arena, "%s-group", word);
	return word;
}

/* --- environments and layers --- */

static uint32_t environment_of(struct drafting *d, struct table *known,
			       const char *vpc)
{
	void **place = table_at_name(known, vpc);

	if (!*place) {
		*LIST_PUSH(d->arena, &d->draft->environments) =
			(struct draft_environment){
				.vpc = vpc, .name = unique(d->arena, &d->places,
					not_reserved(d->arena, word_of(d->arena,
						vpc, "vpc"))) };
		*place = (void *)(uintptr_t)d->draft->environments.count;
	}
	return (uint32_t)((uintptr_t)*place - 1);
}

/*
 * Environments may have a layer of the same name; two groups of one
 * environment whose names become the same word may not.
 */
static const char *layer_name(struct drafting *d, uint32_t environment,
			      const struct account_group *g)
{
	const char *word = not_reserved(d->arena, word_of(d->arena,
		*g->name ? g->name : g->id, "group"));
	const char *name = word;
	void **place;

	for (unsigned i = 2;; i++) {
		place = table_at_name(&d->endpoints, arena_printf(d->arena,
				"%u.%s", (unsigned)environment, name));
		if (!*place)
			break;
		name = arena_printf(d->arena, "%s-%u", word, i);
	}
	*place = d;
	*table_at_name(&d->endpoints, name) = d;
	return name;
}

static void place_groups(struct drafting *d)
{
	struct table known = TABLE_IN(d->arena);

	for (size_t i = 0; i < d->account->groups.count; i++) {
		const struct account_group *g = &d->account->groups.at[i];
		struct draft_group *out = &d->draft->groups[i];

		out->environment = environment_of(d, &known, g->vpc);
		out->layer = layer_name(d, out->environment, g);
	}
}

static int by_text(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static void list_layers(struct drafting *d)
{
	size_t count = d->account->groups.count, kept = 0;
	const char **all = arena_array(d->arena, count, sizeof *all);

	for (size_t i = 0; i < count; i++)
		all[i] = d->draft->groups[i].layer;
	if (count)
		qsort(all, count, sizeof *all, by_text);
	for (size_t i = 0; i < count; i++)
		if (!kept || strcmp(all[kept - 1], all[i]) != 0)
			all[kept++] = all[i];
	d->draft->layers = all;
	d->draft->layer_count = kept;
}

/* --- addresses --- */

static const char *prefix_key(struct arena *arena, struct prefix p)
{
	char text[ADDR_TEXT];

	return arena_printf(arena, "%s", prefix_text(p, text));
}

static void tell_shared(struct drafting *d, const struct account_interface *at)
{
	struct text text = TEXT_IN(d->arena);

	text_printf(&text, "interface %s carries", *at->id
		    ? draft_plain(d->arena, at->id) : "of an instance");
	for (size_t i = 0; i < at->groups.count; i++)
		text_printf(&text, "%s %s", i ? "," : "",
			    d->draft->groups[at->groups.at[i]].layer);
	text_puts(&text, ": it has the rules of all of them, and here a host is of one layer");
	gap(d, at->groups.at[0], text_string(&text));
}

/* Hosts of one group alone, each once. */
static void place_hosts(struct drafting *d)
{
	for (size_t i = 0; i < d->account->interfaces.count; i++) {
		const struct account_interface *at =
			&d->account->interfaces.at[i];
		struct draft_group *g;

		if (at->groups.count > 1)
			tell_shared(d, at);
		if (at->groups.count != 1)
			continue;
		g = &d->draft->groups[at->groups.at[0]];
		for (size_t k = 0; k < at->hosts.count; k++) {
			struct prefix p = at->hosts.at[k];
			void **place = table_at_name(&d->places, arena_printf(
				d->arena, "%u %s", (unsigned)g->environment,
				prefix_key(d->arena, p)));

			if (!*place)
				*LIST_PUSH(d->arena, &g->hosts) = p;
			*place = d;
		}
	}
}

static bool is_part(struct prefix p, struct prefix whole)
{
	struct range a = prefix_range(p), b = prefix_range(whole);

	return whole.family == p.family && a.lo >= b.lo && a.hi <= b.hi;
}

static bool lies_in(struct prefix p, const struct draft_environment *e)
{
	for (size_t i = 0; i < e->blocks.count; i++)
		if (is_part(p, e->blocks.at[i]))
			return true;
	return false;
}

/* The only group that interfaces of a subnet carry; NOBODY: they carry others. */
struct owner {
	uint32_t group;
	bool nobody;
};

static struct table owners_of(const struct drafting *d)
{
	struct table owners = TABLE_IN(d->arena);

	for (size_t i = 0; i < d->account->interfaces.count; i++) {
		const struct account_interface *at =
			&d->account->interfaces.at[i];
		void **place = table_at_name(&owners, at->subnet);
		struct owner *owner = *place;

		if (!owner) {
			*place = owner = arena_alloc(d->arena, sizeof *owner);
			*owner = (struct owner){ at->groups.count
				? at->groups.at[0] : NOT_HERE, false };
		}
		owner->nobody |= at->groups.count != 1 || at->others.count ||
				 owner->group != at->groups.at[0];
	}
	return owners;
}

/* SUBNET in place of the hosts of G that are in it. */
static void take_subnet(struct drafting *d, struct draft_group *g,
			const struct account_subnet *subnet)
{
	size_t kept = 0;

	for (size_t i = 0; i < g->hosts.count; i++) {
		bool inside = false;

		for (size_t k = 0; k < subnet->blocks.count; k++)
			inside |= is_part(g->hosts.at[i], subnet->blocks.at[k]);
		if (!inside)
			g->hosts.at[kept++] = g->hosts.at[i];
	}
	g->hosts.count = kept;
	for (size_t k = 0; k < subnet->blocks.count; k++)
		*LIST_PUSH(d->arena, &g->hosts) = subnet->blocks.at[k];
	*LIST_PUSH(d->arena, &g->subnets) = subnet->id;
}

/*
 * A subnet whose interfaces all carry one group and no other is that group's.
 * Only who has seen every interface can say so: instances are not all.
 */
static void place_subnets(struct drafting *d)
{
	struct table owners;

	if (!d->account->lists_interfaces)
		return;
	owners = owners_of(d);
	for (size_t i = 0; i < d->account->subnets.count; i++) {
		const struct account_subnet *s = &d->account->subnets.at[i];
		const struct owner *owner = table_get_name(&owners, s->id);

		if (owner && !owner->nobody &&
		    strcmp(d->account->groups.at[owner->group].vpc,
			   s->vpc) == 0)
			take_subnet(d, &d->draft->groups[owner->group], s);
	}
}

static const struct prefix spare[FAMILIES] = {
	[IPV4] = { IPV4, (u128)0xf0000000, 12 },		/* 240.0.0.0/12 */
	[IPV6] = { IPV6, (u128)0x20010db8 << 96 |
			 (u128)0xffff << 80, 48 },	/* 2001:db8:ffff::/48 */
};

/* A block of the spare ones for layers that have nothing: the next. */
static struct prefix next_spare(enum family family, unsigned number)
{
	unsigned length = family == IPV4 ? 28 : 64;

	return (struct prefix){ family, spare[family].base + ((u128)number <<
				(family_bits(family) - length)), length };
}

static void stand_in(struct drafting *d, struct draft_group *g,
		     enum family family, unsigned number)
{
	struct draft_environment *e =
		&d->draft->environments.at[g->environment];

	for (size_t i = 0; i < g->hosts.count; i++)
		if (g->hosts.at[i].family == family)
			return;
	g->made_up[family] = next_spare(family, number);
	e->stands_in = true;
	if (!lies_in(g->made_up[family], e))
		*LIST_PUSH(d->arena, &e->blocks) = spare[family];
}

static void take_blocks(struct drafting *d, struct draft_environment *e)
{
	for (size_t i = 0; i < d->account->vpcs.count; i++) {
		const struct account_vpc *v = &d->account->vpcs.at[i];

		if (strcmp(v->id, e->vpc) != 0)
			continue;
		for (size_t k = 0; k < v->blocks.count; k++)
			*LIST_PUSH(d->arena, &e->blocks) = v->blocks.at[k];
	}
}

/* VPCs as they are told, and around every host that lies in none of them. */
static void place_addresses(struct drafting *d)
{
	unsigned *numbers = arena_array(d->arena,
					d->draft->environments.count,
					sizeof *numbers);

	for (size_t i = 0; i < d->draft->environments.count; i++)
		take_blocks(d, &d->draft->environments.at[i]);
	place_hosts(d);
	place_subnets(d);
	for (size_t i = 0; i < d->account->groups.count; i++) {
		struct draft_group *g = &d->draft->groups[i];
		struct draft_environment *e =
			&d->draft->environments.at[g->environment];
		unsigned number = numbers[g->environment]++;

		for (size_t k = 0; k < g->hosts.count; k++) {
			e->ipv6 |= g->hosts.at[k].family == IPV6;
			if (!lies_in(g->hosts.at[k], e))
				*LIST_PUSH(d->arena, &e->blocks) =
					g->hosts.at[k];
		}
		stand_in(d, g, IPV4, number);
	}
	for (size_t i = 0; i < d->account->groups.count; i++) {
		struct draft_group *g = &d->draft->groups[i];

		if (d->draft->environments.at[g->environment].ipv6)
			stand_in(d, g, IPV6, (unsigned)i);
	}
}

/* Which environments speak of IPv6. */
static void look_for_ipv6(struct drafting *d)
{
	for (size_t i = 0; i < d->account->rules.count; i++) {
		const struct aws_permission *is = &d->account->rules.at[i].is;

		if ((is->peer.kind == AWS_PREFIX &&
		     is->peer.prefix.family == IPV6) ||
		    is->service.protocol == PROTO_ICMP6)
			d->draft->environments.at[d->draft->groups[is->group]
						  .environment].ipv6 = true;
	}
}

/* --- peers --- */

static bool meets_a_vpc(const struct drafting *d, struct prefix p)
{
	struct range a = prefix_range(p);

	for (size_t i = 0; i < d->draft->environments.count; i++) {
		const struct draft_environment *e =
			&d->draft->environments.at[i];

		for (size_t k = 0; k < e->blocks.count; k++) {
			struct range b = prefix_range(e->blocks.at[k]);

			if (e->blocks.at[k].family == p.family &&
			    a.lo <= b.hi && b.lo <= a.hi)
				return true;
		}
	}
	return false;
}

/* 10/8, 172.16/12, 192.168/16, 100.64/10, fc00::/7: not of the internet. */
static bool is_private(struct prefix p)
{
	static const struct prefix blocks[] = {
		{ IPV4, 0x0a000000, 8 }, { IPV4, 0xac100000, 12 },
		{ IPV4, 0xc0a80000, 16 }, { IPV4, 0x64400000, 10 },
		{ IPV6, (u128)0xfc << 120, 7 } };
	struct range a = prefix_range(p);

	for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
		struct range b = prefix_range(blocks[i]);

		if (blocks[i].family == p.family && a.lo >= b.lo &&
		    a.hi <= b.hi)
			return true;
	}
	return false;
}

/* "203-0-113-9" of one host, "10-2-0-0-16" of a block. */
static const char *prefix_word(struct arena *arena, struct prefix p)
{
	char text[ADDR_TEXT];
	struct text out = TEXT_IN(arena);
	const char *c = p.length == family_bits(p.family)
		? addr_text(p.family, p.base, text) : prefix_text(p, text);

	for (; *c; c++)
		if (*c == '.' || *c == '/' || *c == ':')
			text_puts(&out, out.len && out.at[out.len - 1] == '-'
				  ? "" : "-");
		else
			text_putc(&out, *c);
	while (out.len && out.at[out.len - 1] == '-')
		out.len--;
	return arena_copy(arena, text_string(&out), out.len);
}

static void name_prefix(struct drafting *d, struct bundle *b)
{
	struct prefix p = b->peer.prefix;
	bool v6 = d->draft->environments.at[d->draft->groups[b->group]
					    .environment].ipv6;
	const char *key = prefix_key(d->arena, p);
	const char *word = prefix_word(d->arena, p);
	void **place;

	if (!p.length) {
		b->end = !v6 && p.family == IPV4 ? "any" : key;
		b->word = p.family == IPV4 ? "anywhere" : "anywhere-v6";
		return;
	}
	b->end = key;
	b->word = word;
	if (meets_a_vpc(d, p))
		return;
	place = table_at_name(&d->networks, key);
	if (!*place) {
		const char *name = unique(d->arena, &d->endpoints,
			arena_printf(d->arena, "net-%s", word));

		*place = (void *)name;
		*LIST_PUSH(d->arena, &d->draft->networks) =
			(struct draft_network){ name, "", NULL, p,
						is_private(p) };
	}
	b->end = b->word = *place;
}

/* False: nobody tells the list's name. */
static bool name_list(struct drafting *d, struct bundle *b)
{
	const struct account_peer *p =
		&d->account->peers.at[b->peer.index];
	const struct account_list *l;
	void **place;

	if (p->list == NOT_HERE)
		return false;
	l = &d->account->lists.at[p->list];
	place = table_at_name(&d->networks, l->name);
	if (!*place) {
		const char *last = strrchr(l->name, '.');
		const char *name = unique(d->arena, &d->endpoints,
			not_reserved(d->arena, word_of(d->arena, last
				? last + 1 : l->name, "list")));

		*place = (void *)name;
		*LIST_PUSH(d->arena, &d->draft->networks) =
			(struct draft_network){ .name = name, .text = l->id,
						.list = l->name };
	}
	b->end = b->word = *place;
	return true;
}

/* The layer of a group of the same VPC; NULL: there is none. */
static const char *name_group(const struct drafting *d, const struct bundle *b)
{
	const struct account_peer *p =
		&d->account->peers.at[b->peer.index];

	if (p->group == NOT_HERE ||
	    d->draft->groups[p->group].environment !=
	    d->draft->groups[b->group].environment)
		return NULL;
	return d->draft->groups[p->group].layer;
}

/* --- services --- */

static const char *atom_text(struct arena *arena, struct aws_service s)
{
	const char *name = protocol_name((unsigned)s.protocol);

	if (s.protocol == AWS_ALL)
		return "any";
	if (s.protocol == PROTO_TCP || s.protocol == PROTO_UDP)
		return s.from == s.to
			? arena_printf(arena, "%s/%d", name, s.from)
			: arena_printf(arena, "%s/%d-%d", name, s.from, s.to);
	if (s.protocol != PROTO_ICMP && s.protocol != PROTO_ICMP6)
		return arena_printf(arena, "proto/%d", s.protocol);
	name = s.protocol == PROTO_ICMP ? "icmp" : "icmp6";
	if (s.from == AWS_ALL)
		return arena_printf(arena, "%s/any", name);
	if (s.to == AWS_ALL)
		return arena_printf(arena, "%s/%d", name, s.from);
	return arena_printf(arena, "%s/%d/%d", name, s.from, s.to);
}

/* Why the language has no words for RULE's service with its peer; NULL: it has. */
static const char *why_not(const struct drafting *d,
			   const struct account_rule *rule)
{
	const struct aws_peer *peer = &rule->is.peer;
	bool v6 = d->draft->environments.at[d->draft->groups[rule->is.group]
					    .environment].ipv6;
	int protocol = rule->is.service.protocol;

	if (protocol != PROTO_ICMP && protocol != PROTO_ICMP6)
		return NULL;
	if (peer->kind == AWS_GROUP)
		return v6 ? "ICMP to or from a group is a protocol of both families to AWS, and here one of each"
			  : NULL;
	if (peer->kind == AWS_PREFIX &&
	    (peer->prefix.family == IPV4) != (protocol == PROTO_ICMP))
		return "AWS takes it for a protocol number of the other family, which has no word here";
	return NULL;
}

/* --- bundles --- */

static const char *peer_text(const struct drafting *d,
			     const struct aws_peer *peer)
{
	if (peer->kind == AWS_PREFIX)
		return prefix_key(d->arena, peer->prefix);
	return draft_plain(d->arena, d->account->peers.at[peer->index].id);
}

static void tell_rule(struct drafting *d, const struct account_rule *rule,
		      const char *why)
{
	bool in = rule->is.direction == AWS_INGRESS;

	gap(d, rule->is.group, arena_printf(d->arena, "%s %s %s on %s: %s",
		d->draft->groups[rule->is.group].layer,
		in ? "lets in from" : "lets out to",
		peer_text(d, &rule->is.peer),
		atom_text(d->arena, rule->is.service), why));
}

static bool name_peer(struct drafting *d, struct bundle *b,
		      const struct account_rule *rule)
{
	switch (b->peer.kind) {
	case AWS_PREFIX:
		name_prefix(d, b);
		return true;
	case AWS_LIST:
		if (name_list(d, b))
			return true;
		tell_rule(d, rule, "nobody tells the list's name: add PrefixLists, the answer of describe-managed-prefix-lists");
		return false;
	case AWS_GROUP:
		b->end = b->word = name_group(d, b);
		break;
	}
	if (b->end)
		return true;
	tell_rule(d, rule, is_stale(&d->account->peers.at[b->peer.index])
		  ? "a stale rule: the peering with that group is gone"
		  : "a group of another VPC");
	return false;
}

/* Would one rule of A and B say them as one, or one of them as nothing? */
static bool merge(struct aws_service a, struct aws_service b)
{
	if (a.protocol == AWS_ALL || b.protocol == AWS_ALL)
		return true;
	if (a.protocol != b.protocol)
		return false;
	if (a.protocol == PROTO_TCP || a.protocol == PROTO_UDP)
		return a.from <= b.to + 1 && b.from <= a.to + 1;
	return a.from == AWS_ALL || b.from == AWS_ALL ||
	       (a.from == b.from && (a.to == AWS_ALL || b.to == AWS_ALL ||
				     a.to == b.to));
}

/* The first of B's chain that SERVICE stays apart in; new at its end. */
static struct bundle *apart(struct drafting *d, struct bundle *b,
			    struct aws_service service)
{
	for (;; b = b->next) {
		bool merges = false;

		for (size_t i = 0; i < b->rules.count; i++)
			merges |= merge(b->rules.at[i]->is.service, service);
		if (!merges)
			return b;
		if (!b->next)
			break;
	}
	b->next = arena_alloc(d->arena, sizeof *b->next);
	*b->next = *b;
	b = b->next;
	b->next = NULL;
	b->rules.at = NULL;
	b->rules.count = b->rules.cap = 0;
	*LIST_PUSH(d->arena, &d->bundles) = b;
	return b;
}

static void bundle(struct drafting *d, const struct account_rule *rule)
{
	const char *why = why_not(d, rule);
	const char *key = arena_printf(d->arena, "%u %d %d %s",
		(unsigned)rule->is.group, (int)rule->is.direction,
		(int)rule->is.peer.kind, peer_text(d, &rule->is.peer));
	struct bundle *b;
	void **place;

	if (why) {
		tell_rule(d, rule, why);
		return;
	}
	place = table_at_name(&d->known, key);
	b = *place;
	if (!b) {
		b = arena_alloc(d->arena, sizeof *b);
		*b = (struct bundle){ .group = rule->is.group,
				      .direction = rule->is.direction,
				      .peer = rule->is.peer };
		if (!name_peer(d, b, rule))
			return;
		*table_at_name(&d->known, key) = b;
		*LIST_PUSH(d->arena, &d->bundles) = b;
	}
	b = apart(d, b, rule->is.service);
	*LIST_PUSH(d->arena, &b->rules) = rule;
}

static int by_service(const void *x, const void *y)
{
	const struct aws_service *a = &(*(const struct account_rule *const *)x)
					       ->is.service;
	const struct aws_service *b = &(*(const struct account_rule *const *)y)
					       ->is.service;

	if (a->protocol != b->protocol)
		return a->protocol < b->protocol ? -1 : 1;
	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	return (a->to > b->to) - (a->to < b->to);
}

static const char *services_text(struct arena *arena, const struct bundle *b)
{
	struct text out = TEXT_IN(arena);

	for (size_t i = 0; i < b->rules.count; i++)
		text_printf(&out, "%s%s", i ? ", " : "",
			    atom_text(arena, b->rules.at[i]->is.service));
	return text_string(&out);
}

/* The descriptions, each once. */
static const char *reason_of(struct arena *arena, const struct bundle *b)
{
	struct text out = TEXT_IN(arena);

	for (size_t i = 0; i < b->rules.count; i++) {
		const char *text = b->rules.at[i]->description;
		bool again = !*text;

		for (size_t k = 0; k < i; k++)
			again |= strcmp(b->rules.at[k]->description, text) == 0;
		if (!again)
			text_printf(&out, "%s%s", out.len ? "; " : "",
				    draft_plain(arena, text));
	}
	return text_string(&out);
}

/* --- rules --- */

static const char *rule_name(struct drafting *d, const char *from,
			     const char *middle, const char *to,
			     uint32_t environment)
{
	const char *name = arena_printf(d->arena, "%s-%s-%s", from, middle, to);
	size_t len = strlen(name);

	if (len > NAME_MOST - 14)	/* room for a hash and a number */
		name = arena_printf(d->arena, "%.*s-%08x", NAME_MOST - 24, name,
				    (unsigned)hash_bytes(name, len));
	if (table_get_name(&d->rule_names, name) &&
	    len + strlen(d->draft->environments.at[environment].name) <
	    NAME_MOST - 8)
		name = arena_printf(d->arena, "%s-%s", name,
			d->draft->environments.at[environment].name);
	return unique(d->arena, &d->rule_names, name);
}

/* The egress of the one that is the ingress of the other, if they say the same. */
static struct bundle *other_half(struct drafting *d, const struct bundle *b)
{
	const struct account_peer *p;
	struct bundle *other;

	if (b->peer.kind != AWS_GROUP)
		return NULL;
	p = &d->account->peers.at[b->peer.index];
	other = table_get_name(&d->known, arena_printf(d->arena, "%u %d %d %s",
		(unsigned)p->group, (int)AWS_EGRESS, (int)AWS_GROUP,
		draft_plain(d->arena, d->account->groups.at[b->group].id)));
	while (other && (other->taken ||
			 strcmp(services_text(d->arena, other),
				services_text(d->arena, b)) != 0))
		other = other->next;
	return other;
}

static void add_rule(struct drafting *d, struct bundle *b)
{
	const struct draft_group *g = &d->draft->groups[b->group];
	bool in = b->direction == AWS_INGRESS;
	struct bundle *other = in ? other_half(d, b) : NULL;
	struct draft_rule rule = {
		.services = services_text(d->arena, b),
		.reason = reason_of(d->arena, b),
		.environment = g->environment, .group = b->group,
		.from = in ? b->end : g->layer, .to = in ? g->layer : b->end,
		.half = other ? DRAFT_BOTH : in ? DRAFT_IN : DRAFT_OUT,
	};

	if (other)
		other->taken = true;
	rule.name = other || !in
		? rule_name(d, in ? b->word : g->layer, "to",
			    in ? g->layer : b->word, g->environment)
		: rule_name(d, g->layer, "from", b->word, g->environment);
	*LIST_PUSH(d->arena, &d->draft->rules) = rule;
}

/* Everything out to everybody: what AWS makes a group with, and nobody wrote. */
static bool is_default(const struct bundle *b)
{
	return b->direction == AWS_EGRESS && b->peer.kind == AWS_PREFIX &&
	       !b->peer.prefix.length && b->rules.count == 1 &&
	       b->rules.at[0]->is.service.protocol == AWS_ALL &&
	       !*b->rules.at[0]->description;
}

/* Those of ENVIRONMENT and FAMILY as one rule, if they are worth one. */
static void add_default(struct drafting *d, uint32_t environment,
			enum family family)
{
	const char **layers = arena_array(d->arena, d->bundles.count,
					  sizeof *layers);
	struct text from = TEXT_IN(d->arena);
	const struct bundle *first = NULL;
	size_t count = 0;

	for (int pass = 0; pass < 2; pass++) {
		if (pass && count < 3)
			return;
		for (size_t i = 0; i < d->bundles.count; i++) {
			struct bundle *b = d->bundles.at[i];
			const struct draft_group *g = &d->draft->groups[b->group];

			if (g->environment != environment || !is_default(b) ||
			    b->peer.prefix.family != family)
				continue;
			first = first ? first : b;
			if (pass)
				b->taken = true;
			else
				layers[count++] = g->layer;
		}
	}
	qsort(layers, count, sizeof *layers, by_text);
	for (size_t i = 0; i < count; i++)
		text_printf(&from, "%s%s", i ? ", " : "", layers[i]);
	*LIST_PUSH(d->arena, &d->draft->rules) = (struct draft_rule){
		.name = rule_name(d, "everything", "to", first->word, environment),
		.from = text_string(&from), .to = first->end,
		.services = "any", .reason = "", .environment = environment,
		.group = NOT_HERE, .half = DRAFT_OUT };
}

static void add_rules(struct drafting *d)
{
	for (size_t i = 0; i < d->bundles.count; i++)
		qsort(d->bundles.at[i]->rules.at, d->bundles.at[i]->rules.count,
		      sizeof *d->bundles.at[i]->rules.at, by_service);
	for (uint32_t i = 0; i < d->draft->environments.count; i++)
		for (enum family f = IPV4; f < FAMILIES; f++)
			add_default(d, i, f);
	/* ingress first: it finds its other half, and that one is no rule then */
	for (int direction = 0; direction < AWS_DIRECTIONS; direction++)
		for (size_t i = 0; i < d->bundles.count; i++)
			if ((int)d->bundles.at[i]->direction == direction &&
			    !d->bundles.at[i]->taken)
				add_rule(d, d->bundles.at[i]);
}

/* Ids that `aws { security-group }` does not take. */
static void check_ids(struct drafting *d)
{
	for (uint32_t i = 0; i < d->account->groups.count; i++) {
		const char *id = d->account->groups.at[i].id;

		if (!draft_takes_id(id))
			gap(d, i, arena_printf(d->arena,
				"the id of %s, which is not as AWS writes one: %s",
				d->draft->groups[i].layer,
				draft_plain(d->arena, id)));
	}
}

bool draft_takes_id(const char *id)
{
	size_t len = strlen(id);

	return len >= 1 && len <= 64 &&
	       strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		      "0123456789-:/.") == len;
}

/*
 * A group that somebody refers to and the file does not have is a group
 * without rules, in the VPC of who refers to it first; a stale one is none.
 */
static const struct account *with_unseen(struct arena *arena,
					 const struct account *account)
{
	struct account *own = arena_alloc(arena, sizeof *own);

	*own = *account;
	own->groups.at = NULL;
	own->groups.count = own->groups.cap = 0;
	own->peers.at = arena_array(arena, account->peers.count,
				    sizeof *own->peers.at);
	for (size_t i = 0; i < account->groups.count; i++)
		*LIST_PUSH(arena, &own->groups) = account->groups.at[i];
	for (size_t i = 0; i < account->peers.count; i++)
		own->peers.at[i] = account->peers.at[i];
	for (size_t i = 0; i < account->rules.count; i++) {
		const struct aws_permission *is = &account->rules.at[i].is;
		struct account_peer *p = is->peer.kind == AWS_GROUP
			? &own->peers.at[is->peer.index] : NULL;

		if (!p || p->group != NOT_HERE || is_stale(p))
			continue;
		for (uint32_t k = 0; k < own->groups.count; k++)
			if (strcmp(own->groups.at[k].id, p->id) == 0)
				p->group = k;
		if (p->group != NOT_HERE)
			continue;
		p->group = (uint32_t)own->groups.count;
		*LIST_PUSH(arena, &own->groups) = (struct account_group){
			.id = p->id, .name = "",
			.description = "the file does not have this group, only what others say of it",
			.vpc = account->groups.at[is->group].vpc,
			.policy = "", .customer = "", .environment = "",
			.layer = "" };
	}
	return own;
}

const struct draft *draft_of(struct arena *arena, const char *source,
			     const struct account *account)
{
	struct draft *draft = arena_alloc(arena, sizeof *draft);
	size_t seen = account->groups.count;
	struct drafting d = {
		.arena = arena, .account = account, .draft = draft,
		.endpoints = TABLE_IN(arena), .places = TABLE_IN(arena),
		.rule_names = TABLE_IN(arena), .networks = TABLE_IN(arena),
		.known = TABLE_IN(arena),
	};

	account = d.account = with_unseen(arena, account);
	*draft = (struct draft){
		.account = account, .source = draft_plain(arena, source),
		.groups = arena_array(arena, account->groups.count,
				      sizeof *draft->groups) };
	for (size_t i = seen; i < account->groups.count; i++)
		draft->groups[i].unseen = true;
	place_groups(&d);
	list_layers(&d);
	check_ids(&d);
	look_for_ipv6(&d);
	place_addresses(&d);
	for (size_t i = 0; i < account->rules.count; i++)
		bundle(&d, &account->rules.at[i]);
	add_rules(&d);
	return draft;
}
