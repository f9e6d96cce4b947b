/*
 * Printing a ruleset for `nft -f`, as near as may be to what `nft list` shows
 * of it when it is loaded.
 */
#include "backends/nft/model.h"

#include "compiler/base/addr.h"
#include "compiler/base/service.h"
#include "compiler/base/text.h"

static const char *const field_names[NFT_FIELDS] = {
	[NFT_NFPROTO]	   = "meta nfproto",
	[NFT_L4PROTO]	   = "meta l4proto",
	[NFT_IP_SADDR]	   = "ip saddr",
	[NFT_IP_DADDR]	   = "ip daddr",
	[NFT_IP6_SADDR]	   = "ip6 saddr",
	[NFT_IP6_DADDR]	   = "ip6 daddr",
	[NFT_IP6_HOPLIMIT] = "ip6 hoplimit",
	[NFT_TH_SPORT]	   = "th sport",
	[NFT_TH_DPORT]	   = "th dport",
	[NFT_TCP_SPORT]	   = "tcp sport",
	[NFT_TCP_DPORT]	   = "tcp dport",
	[NFT_UDP_SPORT]	   = "udp sport",
	[NFT_UDP_DPORT]	   = "udp dport",
	[NFT_ICMP_TYPE]	   = "icmp type",
	[NFT_ICMP_CODE]	   = "icmp code",
	[NFT_ICMPV6_TYPE]  = "icmpv6 type",
	[NFT_ICMPV6_CODE]  = "icmpv6 code",
	[NFT_CT_STATE]	   = "ct state",
	[NFT_IIF]	   = "iif",
	[NFT_OIF]	   = "oif",
};

static const char *const type_names[NFT_TYPES] = {
	[NFT_TYPE_NF_PROTO]	= "nf_proto",
	[NFT_TYPE_INET_PROTO]	= "inet_proto",
	[NFT_TYPE_IPV4_ADDR]	= "ipv4_addr",
	[NFT_TYPE_IPV6_ADDR]	= "ipv6_addr",
	[NFT_TYPE_INTEGER]	= "integer",
	[NFT_TYPE_INET_SERVICE]	= "inet_service",
	[NFT_TYPE_ICMP_TYPE]	= "icmp_type",
	[NFT_TYPE_ICMP_CODE]	= "icmp_code",
	[NFT_TYPE_ICMPV6_TYPE]	= "icmpv6_type",
	[NFT_TYPE_ICMPV6_CODE]	= "icmpv6_code",
	[NFT_TYPE_CT_STATE]	= "ct_state",
	[NFT_TYPE_IFACE]	= "iface_index",
};

static const char *const state_names[NFT_STATES] = {
	[NFT_NEW]	  = "new",
	[NFT_ESTABLISHED] = "established",
	[NFT_RELATED]	  = "related",
	[NFT_INVALID]	  = "invalid",
	[NFT_UNTRACKED]	  = "untracked",
};

static const char *const hook_names[NFT_HOOKS] = {
	[NFT_INPUT]  = "input",
	[NFT_OUTPUT] = "output",
};

static const char *const verdict_names[] = {
	[NFT_ACCEPT] = "accept",
	[NFT_DROP]   = "drop",
};

/* --- values --- */

static void add_address(struct text *text, enum family family, struct range r)
{
	text_puts(text, addr_set_text(text->arena, family,
				      (struct ranges){ &r, 1 }));
}

static void add_number(struct text *text, struct range r)
{
	text_printf(text, "%u", (unsigned)r.lo);
	if (r.hi != r.lo)
		text_printf(text, "-%u", (unsigned)r.hi);
}

/* The four that nft itself has keywords for; /etc/protocols may differ. */
static const char *protocol_word(struct range r)
{
	if (r.lo != r.hi)
		return NULL;
	switch ((unsigned)r.lo) {
	case PROTO_ICMP:  return "icmp";
	case PROTO_TCP:   return "tcp";
	case PROTO_UDP:   return "udp";
	case PROTO_ICMP6: return "ipv6-icmp";
	default:	  return NULL;
	}
}

static void add_protocol(struct text *text, struct range r)
{
	const char *word = protocol_word(r);

	if (word)
		text_puts(text, word);
	else
		add_number(text, r);
}

static void add_value(struct text *text, enum nft_type type, struct range r)
{
	switch (type) {
	case NFT_TYPE_IPV4_ADDR:
		add_address(text, IPV4, r);
		return;
	case NFT_TYPE_IPV6_ADDR:
		add_address(text, IPV6, r);
		return;
	case NFT_TYPE_INET_PROTO:
		add_protocol(text, r);
		return;
	case NFT_TYPE_NF_PROTO:
		text_puts(text, r.lo == NFT_FAMILY_IPV4 ? "ipv4" : "ipv6");
		return;
	case NFT_TYPE_CT_STATE:
		text_puts(text, state_names[r.lo]);
		return;
	case NFT_TYPE_IFACE:
		text_puts(text, "\"lo\"");
		return;
	case NFT_TYPE_INTEGER:
	case NFT_TYPE_INET_SERVICE:
	case NFT_TYPE_ICMP_TYPE:
	case NFT_TYPE_ICMP_CODE:
	case NFT_TYPE_ICMPV6_TYPE:
	case NFT_TYPE_ICMPV6_CODE:
		add_number(text, r);
		return;
	case NFT_TYPES:
		return;
	}
}

static void add_key(struct text *text, const struct nft_set *set,
		    const struct nft_element *e)
{
	for (unsigned i = 0; i < set->width; i++) {
		if (i)
			text_puts(text, " . ");
		add_value(text, set->types[i], e->key[i]);
	}
}

static void add_comment(struct text *text, const char *comment)
{
	if (comment)
		text_printf(text, " comment \"%s\"", comment);
}

/* --- sets --- */

static void print_set(struct text *text, const struct nft_set *set)
{
	text_printf(text, "\tset %s {\n\t\ttype ", set->name);
	for (unsigned i = 0; i < set->width; i++)
		text_printf(text, "%s%s", i ? " . " : "",
			    type_names[set->types[i]]);
	text_puts(text, "\n\t\tflags interval\n\t\telements = {\n");
	for (size_t i = 0; i < set->elements.count; i++) {
		text_puts(text, "\t\t\t");
		add_key(text, set, &set->elements.at[i]);
		add_comment(text, set->elements.at[i].comment);
		text_puts(text, i + 1 < set->elements.count ? ",\n" : "\n");
	}
	text_puts(text, "\t\t}\n\t}\n\n");
}

/* --- rules --- */

static void print_constant(struct text *text, const struct nft_set *set,
			   bool is_map)
{
	bool braces = is_map || set->elements.count != 1;

	text_puts(text, braces ? "{ " : "");
	for (size_t i = 0; i < set->elements.count; i++) {
		const struct nft_element *e = &set->elements.at[i];

		text_puts(text, i ? ", " : "");
		add_key(text, set, e);
		if (is_map)
			text_printf(text, " : %s", verdict_names[e->verdict]);
	}
	text_puts(text, braces ? " }" : "");
}

static void print_match(struct text *text, const struct nft_match *m)
{
	for (unsigned i = 0; i < m->width; i++)
		text_printf(text, "%s%s", i ? " . " : "",
			    field_names[m->fields[i]]);
	text_puts(text, m->negated ? " != " : " ");
	if (m->set->name)
		text_printf(text, "@%s", m->set->name);
	else
		print_constant(text, m->set, false);
	text_putc(text, ' ');
}

static void print_rule(struct text *text, const struct nft_rule *rule)
{
	text_puts(text, "\t\t");
	for (size_t i = 0; i < rule->matches.count; i++)
		print_match(text, &rule->matches.at[i]);
	if (rule->map) {
		text_puts(text, "ct state vmap ");
		print_constant(text, rule->map, true);
	} else {
		text_puts(text, verdict_names[rule->verdict]);
	}
	add_comment(text, rule->comment);
	text_putc(text, '\n');
}

static void print_chain(struct text *text, enum nft_hook hook,
			const struct nft_chain *chain)
{
	text_printf(text, "\tchain %s {\n\t\ttype filter hook %s priority filter; "
		    "policy %s;\n", hook_names[hook], hook_names[hook],
		    verdict_names[chain->policy]);
	for (size_t i = 0; i < chain->rules.count; i++)
		print_rule(text, &chain->rules.at[i]);
	text_puts(text, "\t}\n");
}

/* --- the whole --- */

const char *nft_identity_comment(struct arena *arena, const struct identity *id)
{
	return arena_printf(arena, "firebreak %s %s %s %s", id->policy,
			    *id->customer ? id->customer : "-",
			    id->environment, id->layer);
}

/* An empty table before `delete` lets the file load where there is none yet. */
static void print_head(struct text *text, const struct identity *id)
{
	text_printf(text, "# The firewall of a host in layer %s, environment %s",
		    id->layer, id->environment);
	if (*id->customer)
		text_printf(text, " of %s", id->customer);
	text_printf(text, ", by policy %s.\n", id->policy);
	text_puts(text,
		  "# Written by firebreak: change the policy, not this file.\n"
		  "# Load it with `nft -f`; it takes the place of an earlier "
		  "one.\n"
		  "table inet firebreak\n"
		  "delete table inet firebreak\n"
		  "table inet firebreak {\n");
	text_printf(text, "\tcomment \"%s\"\n\n",
		    nft_identity_comment(text->arena, id));
}

struct text nft_print(struct arena *arena, const struct nft_model *model)
{
	struct text text = TEXT_IN(arena);

	print_head(&text, &model->identity);
	for (size_t i = 0; i < model->sets.count; i++)
		print_set(&text, model->sets.at[i]);
	for (int hook = NFT_INPUT; hook < NFT_HOOKS; hook++) {
		text_puts(&text, hook ? "\n" : "");
		print_chain(&text, hook, &model->chains[hook]);
	}
	text_puts(&text, "}\n");
	return text;
}
