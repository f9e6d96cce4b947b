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
	[NFT_IPSEC]	   = "meta ipsec",
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
	[NFT_INPUT]	  = "input",
	[NFT_OUTPUT]	  = "output",
	[NFT_FORWARD]	  = "forward",
	[NFT_POSTROUTING] = "postrouting",
};

static const char *const verdict_names[] = {
	[NFT_ACCEPT] = "accept",
	[NFT_DROP]   = "drop",
	[NFT_RESET]  = "reject with tcp reset",
	[NFT_REFUSE] = "reject with icmpx admin-prohibited",
	[NFT_JUMP]   = "jump",
	[NFT_SNAT]   = "snat ip to",
	[NFT_PASS]   = "",
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
	case NFT_TYPE_BOOLEAN:
		text_puts(text, r.lo == NFT_EXISTS ? "exists" : "missing");
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

void nft_print_key(struct text *text, const struct nft_set *set,
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

static void add_verdict(struct text *text, enum nft_verdict verdict,
			const char *target)
{
	text_puts(text, verdict_names[verdict]);
	if (verdict == NFT_JUMP)
		text_printf(text, " %s", target);
}

/* --- sets --- */

static void print_set_head(struct text *text, const struct nft_set *set)
{
	text_printf(text, "\t%s %s {\n\t\ttype ", set->is_map ? "map" : "set",
		    set->name);
	for (unsigned i = 0; i < set->width; i++)
		text_printf(text, "%s%s", i ? " . " : "",
			    type_names[set->types[i]]);
	text_puts(text, set->is_map ? " : verdict\n" : "\n");
	if (set->size)
		text_printf(text, "\t\tsize %u\n", (unsigned)set->size);
	if (set->intervals)
		text_puts(text, "\t\tflags interval\n");
	if (set->counters)
		text_puts(text, "\t\tcounter\n");
}

static void print_set(struct text *text, const struct nft_set *set)
{
	print_set_head(text, set);
	text_puts(text, "\t\telements = {\n");
	for (size_t i = 0; i < set->elements.count; i++) {
		const struct nft_element *e = &set->elements.at[i];

		text_puts(text, "\t\t\t");
		nft_print_key(text, set, e);
		add_comment(text, e->comment);
		if (set->is_map) {
			text_puts(text, " : ");
			add_verdict(text, e->verdict, e->target);
		}
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
		nft_print_key(text, set, e);
		if (!is_map)
			continue;
		text_puts(text, " : ");
		add_verdict(text, e->verdict, e->target);
	}
	text_puts(text, braces ? " }" : "");
}

static void print_match(struct text *text, const struct nft_match *m,
			const char *between, bool is_map)
{
	for (unsigned i = 0; i < m->width; i++)
		text_printf(text, "%s%s", i ? " . " : "",
			    field_names[m->fields[i]]);
	text_puts(text, between);
	if (m->set->name)
		text_printf(text, "@%s", m->set->name);
	else
		print_constant(text, m->set, is_map);
}

static void print_statements(struct text *text, const struct nft_rule *rule)
{
	if (rule->rate)
		text_printf(text, "limit rate %u/second burst %u packets ",
			    rule->rate, rule->burst);
	if (rule->counter)
		text_puts(text, "counter ");
	if (rule->log)
		text_printf(text, "log prefix \"%s\" ", rule->log);
}

static void print_rule(struct text *text, const struct nft_rule *rule)
{
	text_puts(text, "\t\t");
	for (size_t i = 0; i < rule->matches.count; i++) {
		const struct nft_match *m = &rule->matches.at[i];

		print_match(text, m, m->negated ? " != " : " ", false);
		text_putc(text, ' ');
	}
	print_statements(text, rule);
	if (rule->map)
		print_match(text, rule->map, " vmap ", true);
	else
		add_verdict(text, rule->verdict, rule->target);
	if (rule->verdict == NFT_SNAT) {
		text_putc(text, ' ');
		add_address(text, IPV4, rule->nat);
	}
	while (text->at[text->len - 1] == ' ')
		text->len--;
	add_comment(text, rule->comment);
	text_putc(text, '\n');
}

static void print_rules(struct text *text, const struct nft_chain *chain)
{
	for (size_t i = 0; i < chain->rules.count; i++)
		print_rule(text, &chain->rules.at[i]);
	text_puts(text, "\t}\n");
}

static void print_base_chain(struct text *text, enum nft_hook hook,
			     const struct nft_chain *chain)
{
	text_printf(text, "\tchain %s {\n\t\ttype %s hook %s priority ",
		    chain->name, hook == NFT_POSTROUTING ? "nat" : "filter",
		    hook_names[hook]);
	if (hook == NFT_POSTROUTING)
		text_puts(text, "srcnat");
	else if (chain->priority)
		text_printf(text, "%d", (int)chain->priority);
	else
		text_puts(text, "filter");
	text_printf(text, "; policy %s;\n", verdict_names[chain->policy]);
	print_rules(text, chain);
}

/* --- the whole --- */

const char *nft_identity_comment(struct arena *arena, const struct identity *id)
{
	return arena_printf(arena, "firebreak %s %s %s %s", id->policy,
			    *id->customer ? id->customer : "-",
			    id->environment, *id->layer ? id->layer : "-");
}

static void print_title(struct text *text, const struct identity *id)
{
	if (*id->layer)
		text_printf(text, "# The firewall of a host in layer %s, "
			    "environment %s", id->layer, id->environment);
	else
		text_printf(text, "# The firewall of a gateway of environment "
			    "%s", id->environment);
	if (*id->customer)
		text_printf(text, " of %s", id->customer);
	text_printf(text, ", by policy %s.\n", id->policy);
}

/* An empty table before `delete` lets the file load where there is none yet. */
static void print_head(struct text *text, const struct identity *id)
{
	const char *table = nft_table_name(id);

	print_title(text, id);
	text_puts(text,
		  "# Written by firebreak: change the policy, not this file.\n"
		  "# Load it with `nft -f`; it takes the place of an earlier "
		  "one.\n");
	text_printf(text, "table inet %s\ndelete table inet %s\n"
		    "table inet %s {\n\tcomment \"%s\"\n\n", table, table,
		    table, nft_identity_comment(text->arena, id));
}

struct text nft_print(struct arena *arena, const struct nft_model *model)
{
	struct text text = TEXT_IN(arena);
	const char *gap = "";

	print_head(&text, &model->identity);
	for (size_t i = 0; i < model->sets.count; i++)
		print_set(&text, model->sets.at[i]);
	for (size_t i = 0; i < model->others.count; i++) {
		text_printf(&text, "\tchain %s {\n", model->others.at[i]->name);
		print_rules(&text, model->others.at[i]);
		text_putc(&text, '\n');
	}
	for (int hook = NFT_INPUT; hook < NFT_HOOKS; hook++) {
		if (!model->chains[hook].present)
			continue;
		text_puts(&text, gap);
		print_base_chain(&text, hook, &model->chains[hook]);
		gap = "\n";
	}
	text_puts(&text, "}\n");
	return text;
}
