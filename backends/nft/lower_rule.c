/* Rules that do not come from the policy: every ruleset has them. */
#include "backends/nft/lower.h"

#include "backends/nft/base_set.h"
#include "compiler/base/addr.h"

#include <assert.h>
#include <string.h>

enum { LOG_RATE = 10, LOG_BURST = 20 };	/* lines a second; at once */

/* --- matches --- */

static struct nft_match *match_on(struct arena *arena, struct nft_rule *rule,
				  enum nft_field field)
{
	struct nft_match *m = LIST_PUSH(arena, &rule->matches);

	m->fields[0] = field;
	m->width = 1;
	return m;
}

void nft_match_range(struct arena *arena, struct nft_rule *rule,
			enum nft_field field, enum nft_type type,
			struct range range)
{
	struct nft_set *constant = arena_alloc(arena, sizeof *constant);

	constant->types[0] = type;
	constant->width = 1;
	*LIST_PUSH(arena, &constant->elements) =
		(struct nft_element){ .key = { range } };
	match_on(arena, rule, field)->set = constant;
}

struct nft_rule *nft_add_rule(struct nft_lowering *l, const char *comment)
{
	struct nft_rule *rule = LIST_PUSH(l->arena, &l->chain->rules);

	rule->verdict = NFT_ACCEPT;
	rule->comment = comment;
	rule->counter = l->job->ir->nft.counters;
	return rule;
}

/* --- what every host needs --- */

static void add_loopback(struct nft_lowering *l)
{
	nft_match_range(l->arena, nft_add_rule(l, "loopback"),
		    l->hook == NFT_INPUT ? NFT_IIF : NFT_OIF, NFT_TYPE_IFACE,
		    nft_point(NFT_LOOPBACK));
}

void nft_add_states(struct nft_lowering *l)
{
	static const struct {
		enum nft_state state;
		enum nft_verdict verdict;
	} verdicts[] = {
		{ NFT_ESTABLISHED, NFT_ACCEPT },
		{ NFT_RELATED,	   NFT_ACCEPT },
		{ NFT_INVALID,	   NFT_DROP },
	};
	struct nft_set *map = arena_alloc(l->arena, sizeof *map);
	struct nft_match *m = arena_alloc(l->arena, sizeof *m);

	map->types[0] = NFT_TYPE_CT_STATE;
	map->width = 1;
	map->is_map = true;
	for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++)
		*LIST_PUSH(l->arena, &map->elements) = (struct nft_element){
			.key = { nft_point(verdicts[i].state) },
			.verdict = verdicts[i].verdict };
	*m = (struct nft_match){ .fields = { NFT_CT_STATE }, .width = 1,
				 .set = map };
	nft_add_rule(l, NULL)->map = m;
}

static void match_prefix(struct nft_lowering *l, struct nft_rule *rule,
			 const char *text, enum nft_field field4,
			 enum nft_field field6)
{
	struct prefix prefix;
	enum prefix_fault fault;

	if (!text)
		return;
	fault = prefix_read(text, strlen(text), &prefix);
	assert(fault == PREFIX_OK);
	(void)fault;
	if (prefix.family == IPV4)
		nft_match_range(l->arena, rule, field4, NFT_TYPE_IPV4_ADDR,
			    prefix_range(prefix));
	else
		nft_match_range(l->arena, rule, field6, NFT_TYPE_IPV6_ADDR,
			    prefix_range(prefix));
}

/* Nothing else in the row ties the rule to its family. */
static bool needs_family(const struct base_row *row)
{
	return !row->src && !row->dst && !row->on_link;
}

void nft_match_family(struct nft_lowering *l, struct nft_rule *rule,
			 enum family family)
{
	nft_match_range(l->arena, rule, NFT_NFPROTO, NFT_TYPE_NF_PROTO,
		    nft_point(family == IPV4 ? NFT_FAMILY_IPV4 : NFT_FAMILY_IPV6));
}

static void match_service(struct nft_lowering *l, struct nft_rule *rule,
			  const struct base_row *row)
{
	struct range values = { row->lo, row->hi };
	bool tcp = row->protocol == PROTO_TCP;

	if (!service_has_ports(row->protocol)) {
		nft_match_range(l->arena, rule, NFT_ICMPV6_TYPE,
			    NFT_TYPE_ICMPV6_TYPE, values);
		return;
	}
	if (row->source_port)
		nft_match_range(l->arena, rule,
			    tcp ? NFT_TCP_SPORT : NFT_UDP_SPORT,
			    NFT_TYPE_INET_SERVICE, nft_point(row->source_port));
	nft_match_range(l->arena, rule, tcp ? NFT_TCP_DPORT : NFT_UDP_DPORT,
		    NFT_TYPE_INET_SERVICE, values);
}

static void add_base_row(struct nft_lowering *l, const struct base_row *row)
{
	struct nft_rule *rule = nft_add_rule(l, row->why);

	if (needs_family(row))
		nft_match_family(l, rule, row->family);
	match_prefix(l, rule, row->src, NFT_IP_SADDR, NFT_IP6_SADDR);
	match_prefix(l, rule, row->dst, NFT_IP_DADDR, NFT_IP6_DADDR);
	if (row->on_link)
		nft_match_range(l->arena, rule, NFT_IP6_HOPLIMIT, NFT_TYPE_INTEGER,
			    nft_point(255));
	match_service(l, rule, row);
}

void nft_add_base_set(struct nft_lowering *l)
{
	add_loopback(l);
	nft_add_states(l);
	for (size_t i = 0; i < base_set_count; i++)
		if (base_set[i].hook == l->hook &&
		    !(base_set[i].spared && l->job->ir->nft.strict))
			add_base_row(l, &base_set[i]);
}

/* --- what is refused --- */

/* Over the limit nothing is logged; what is refused is so in either case. */
static void add_log(struct nft_lowering *l)
{
	const char *prefix = l->job->ir->nft.log_prefix;
	struct nft_rule *rule;

	if (!prefix || !nft_check_text(l, "log prefix", prefix))
		return;
	rule = nft_add_rule(l, NULL);
	rule->verdict = NFT_PASS;
	rule->rate = LOG_RATE;
	rule->burst = LOG_BURST;
	rule->log = prefix;
	rule->counter = false;
}

static struct nft_rule *add_refusal(struct nft_lowering *l,
				    enum nft_verdict verdict,
				    const struct range *from)
{
	struct nft_rule *rule = nft_add_rule(l, NULL);

	rule->verdict = verdict;
	if (from && l->family == IPV4)
		nft_match_range(l->arena, rule, NFT_IP_SADDR,
				NFT_TYPE_IPV4_ADDR, *from);
	if (from && l->family == IPV6)
		nft_match_range(l->arena, rule, NFT_IP6_SADDR,
				NFT_TYPE_IPV6_ADDR, *from);
	if (verdict == NFT_RESET)
		nft_match_range(l->arena, rule, NFT_L4PROTO,
				NFT_TYPE_INET_PROTO, nft_point(PROTO_TCP));
	return rule;
}

static void refuse(struct nft_lowering *l, enum ir_refusal how,
		   const struct range *from)
{
	if (how == REFUSE_DROP) {
		(void)add_refusal(l, NFT_DROP, from);
		return;
	}
	(void)add_refusal(l, NFT_RESET, from);
	(void)add_refusal(l, NFT_REFUSE, from);
}

/* The policy of the chain drops: a rule only where something else is done. */
void nft_add_refusals(struct nft_lowering *l)
{
	const struct ir_nft *nft = &l->job->ir->nft;
	const struct both *vpc = &l->job->meaning->space->vpc;

	add_log(l);
	if (nft->inside != nft->outside)
		for (l->family = IPV4; l->family < FAMILIES; l->family++)
			for (size_t i = 0; i < vpc->of[l->family].count; i++)
				refuse(l, nft->inside,
				       &vpc->of[l->family].at[i]);
	if (nft->outside != REFUSE_DROP)
		refuse(l, nft->outside, NULL);
}
