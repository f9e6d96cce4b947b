/*
 * Whom a flow concerns is seen from its tuples as the filter hooks meet it:
 * behind every translation of the destination, before those of the source.
 * Whether it may begin is asked of the very sets of packets that the loaded
 * ruleset was proved to be equal to, in the context of a first packet.  What
 * the kernel does not remember of that packet, whether it came through IPsec
 * and its hop limit, is taken to have been as the policy wants it.
 */
#include "backends/nft/flows.h"

#include "backends/nft/conntrack.h"
#include "backends/nft/expect.h"
#include "compiler/base/addr.h"
#include "compiler/base/table.h"

#include <errno.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 4 };	/* of ending, while packets in flight open more */

/* What may begin in contexts that the claim does not tell apart. */
struct door {
	struct universe *universe;
	struct pset open;
};

struct doors {
	struct nft_claim claim;
	struct table by_context;	/* signature of the claim: struct door */
};

struct search {
	const struct job *job;
	struct arena *arena;		/* scratch */
	bool gateway;
	struct nft_own own;
	struct doors doors[NFT_HOOKS][FAMILIES];
	size_t all;
	LIST(struct nft_flow) stale;
	/* what others brought about: as those are */
	LIST(struct nft_flow) expected;
};

/* --- whom it concerns --- */

/* As the filter hooks see its first packet. */
static struct packet packet_of(const struct nft_flow *flow)
{
	const struct nft_tuple *o = &flow->original, *r = &flow->reply;
	unsigned value = 0;

	if (service_has_ports(o->protocol))
		value = r->source_port;	/* translated with the destination */
	else if (service_is_icmp(flow->family, o->protocol))
		value = o->type << 8 | o->code;
	return (struct packet){ flow->family, o->src, r->src,
				service_key(o->protocol, value) };
}

/* The hook that PACKET passes here; NFT_HOOKS: none of ours, or loopback. */
static enum nft_hook hook_of(const struct search *s, const struct packet *p)
{
	struct ranges here = s->own.here.of[p->family];
	bool from_here = p->src == 0 || ranges_have(here, p->src);
	bool to_here = ranges_have(here, p->dst);
	bool to_many = ranges_have(s->own.many.of[p->family], p->dst);

	if (s->gateway)
		return from_here || to_here || to_many ? NFT_HOOKS
						       : NFT_FORWARD;
	if (from_here)
		return to_here ? NFT_HOOKS : NFT_OUTPUT;
	return to_here || to_many ? NFT_INPUT : NFT_HOOKS;
}

/* --- whether it may begin --- */

static struct nft_context context_of(const struct nft_flow *flow)
{
	bool ports = service_has_ports(flow->original.protocol);

	return (struct nft_context){
		.state = NFT_NEW, .ipsec = true, .hop_limit = 255,
		.source_port = ports ? flow->original.source_port : 0,
	};
}

static const struct door *door_for(struct search *s, struct doors *doors,
				   const struct nft_context *context)
{
	struct text signature = TEXT_IN(s->arena);
	struct door *door;
	struct boxes *boxes;
	const struct boxes *lists[1];
	void **place;

	nft_claim_signature(&doors->claim, &signature, context);
	place = table_at(&doors->by_context, signature.at, signature.len);
	if (*place)
		return *place;
	boxes = arena_alloc(s->arena, sizeof *boxes);
	*boxes = nft_claim_in(&doors->claim, s->arena, context);
	lists[0] = boxes;
	door = *place = arena_alloc(s->arena, sizeof *door);
	door->universe = universe_of(s->arena, doors->claim.family, lists, 1);
	door->open = pset_of(door->universe, boxes);
	return door;
}

static bool may_begin(struct search *s, enum nft_hook hook,
		      const struct nft_flow *flow, const struct packet *packet)
{
	struct nft_context context = context_of(flow);
	const struct door *door = door_for(s, &s->doors[hook][flow->family],
					   &context);

	return pset_has(door->universe, door->open, packet);
}

static void look_at(void *context, const struct nft_flow *flow)
{
	struct search *s = context;
	struct packet packet = packet_of(flow);
	enum nft_hook hook = hook_of(s, &packet);

	if (hook == NFT_HOOKS)
		return;
	s->all++;
	if (flow->status & IPS_EXPECTED)
		*LIST_PUSH(s->arena, &s->expected) = *flow;
	else if (!may_begin(s, hook, flow, &packet))
		*LIST_PUSH(s->arena, &s->stale) = *flow;
}

/* What a helper expected is of the connection that it was expected in. */
static void add_expected(struct search *s)
{
	struct table known = TABLE_IN(s->arena);
	bool more = s->expected.count > 0;

	for (size_t i = 0; i < s->stale.count; i++)
		*table_at(&known, s->stale.at[i].key, s->stale.at[i].key_len) =
			s;
	while (more) {	/* one may be expected in another */
		more = false;
		for (size_t i = 0; i < s->expected.count; i++) {
			struct nft_flow *f = &s->expected.at[i];

			if (!f->master || !*table_at(&known, f->master,
						     f->master_len))
				continue;
			f->master = NULL;
			*table_at(&known, f->key, f->key_len) = s;
			*LIST_PUSH(s->arena, &s->stale) = *f;
			more = true;
		}
	}
}

/* --- the search --- */

static bool refuse(const struct job *job, const char *what)
{
	diag_add(job->diags, P0604, (struct span){ 0, 0 },
		 "%s: %s%s", what, strerror(errno), errno == EINVAL
		 ? " (the kernel lacks nf_conntrack_netlink)" : "");
	return false;
}

static uint32_t number_of(const struct ir *ir, const char *layer)
{
	for (uint32_t i = 0; i < ir->layer_count; i++)
		if (strcmp(ir->layers[i].name, layer) == 0)
			return i;
	return NFT_NO_LAYER;
}

static void open_doors(struct search *s, const char *name)
{
	uint32_t layer = number_of(s->job->ir, name);

	for (int hook = NFT_INPUT; hook < NFT_POSTROUTING; hook++)
		for (int f = IPV4; f < FAMILIES; f++)
			if ((hook == NFT_FORWARD) == s->gateway)
				s->doors[hook][f] = (struct doors){
					nft_claim_of(s->job, layer, hook, f),
					TABLE_IN(s->arena) };
}

static bool search(struct nft_link *link, struct search *s, const char *layer)
{
	s->gateway = *layer == '\0';
	if (!nft_own_addresses(link, s->arena, &s->own))
		return refuse(s->job, "the host's own addresses cannot be listed");
	open_doors(s, layer);
	if (!nft_flows_dump(link, s->arena, look_at, s))
		return refuse(s->job, "the open connections cannot be listed");
	add_expected(s);
	return true;
}

/* --- telling --- */

static int compare(u128 a, u128 b)
{
	return (a > b) - (a < b);
}

static int by_tuple(const void *x, const void *y)
{
	const struct nft_flow *a = x, *b = y;
	const struct nft_tuple *s = &a->original, *t = &b->original;
	int order = compare(a->family, b->family);

	order = order ? order : compare(s->protocol, t->protocol);
	order = order ? order : compare(s->src, t->src);
	order = order ? order : compare(s->dst, t->dst);
	order = order ? order : compare(s->port, t->port);
	return order ? order : compare(s->source_port, t->source_port);
}

/* "tcp 10.2.0.1 port 40000 -> 10.1.0.5 port 443" */
static const char *text_of(struct arena *arena, const struct nft_flow *flow)
{
	const struct nft_tuple *o = &flow->original, *r = &flow->reply;
	const char *protocol = protocol_name(o->protocol);
	bool ports = service_has_ports(o->protocol);
	char from[ADDR_TEXT], to[ADDR_TEXT];
	struct text text = TEXT_IN(arena);

	if (protocol)
		text_puts(&text, protocol);
	else
		text_printf(&text, "proto/%u", o->protocol);
	text_printf(&text, " %s", addr_text(flow->family, o->src, from));
	if (ports)
		text_printf(&text, " port %u", o->source_port);
	text_printf(&text, " -> %s", addr_text(flow->family, o->dst, to));
	if (ports)
		text_printf(&text, " port %u", o->port);
	if (service_is_icmp(flow->family, o->protocol))
		text_printf(&text, " type %u code %u", o->type, o->code);
	if (r->src == o->dst && r->source_port == o->port)
		return text_string(&text);
	text_printf(&text, ", translated to %s",
		    addr_text(flow->family, r->src, to));
	if (ports)
		text_printf(&text, " port %u", r->source_port);
	return text_string(&text);
}

static void show(struct search *s, struct live_flows *out)
{
	out->all = s->all;
	out->stale = s->stale.count;
	if (s->stale.count)
		qsort(s->stale.at, s->stale.count, sizeof *s->stale.at,
		      by_tuple);
	for (size_t i = 0; i < s->stale.count && i < LIVE_EXAMPLES; i++)
		out->examples[i] = text_of(s->job->arena, &s->stale.at[i]);
}

bool nft_flows_tell(struct nft_link *link, const struct job *job,
		    const char *layer, struct live_flows *out)
{
	struct search s = { .job = job, .arena = arena_child(job->arena) };
	bool found = search(link, &s, layer);

	if (found)
		show(&s, out);
	arena_free(s.arena);
	return found;
}

/* --- ending --- */

static bool end_all(struct nft_link *link, const struct search *s)
{
	for (size_t i = 0; i < s->stale.count; i++)
		if (!nft_flow_end(link, &s->stale.at[i]))
			return refuse(s->job, "a connection cannot be ended");
	return true;
}

/* A first round shows what there was; the rest is what was opened meanwhile. */
bool nft_flows_end(struct nft_link *link, const struct job *job,
		   const char *layer, struct live_flows *out)
{
	bool good = true, more = true;

	for (int i = 0; i < ROUNDS && good && more; i++) {
		struct search s = { .job = job,
				    .arena = arena_child(job->arena) };

		good = search(link, &s, layer) && end_all(link, &s);
		more = s.stale.count > 0;
		if (good && i == 0)
			show(&s, out);
		else if (good)
			out->stale += s.stale.count;
		arena_free(s.arena);
	}
	return good;
}
