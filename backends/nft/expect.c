/*
 * In words: loopback passes; what belongs to an admitted connection passes;
 * what belongs to none (invalid) does not; what opens a connection, or is
 * outside tracking as neighbour discovery is, passes if the policy permits it
 * at these hosts or a row of the base set holds.  A gateway forwards what the
 * policy permits anywhere in the environment, and has no base set; what comes
 * from a network `via vpn` passes it only if it came through IPsec.
 */
#include "backends/nft/expect.h"

#include "backends/nft/base_set.h"
#include "compiler/base/addr.h"

#include <string.h>

enum claim_kind { ALL, NONE, PERMITTED };

static enum claim_kind kind_in(const struct nft_context *context)
{
	if (context->loopback)
		return ALL;
	switch (context->state) {
	case NFT_ESTABLISHED:
	case NFT_RELATED:
		return ALL;
	case NFT_INVALID:
	case NFT_STATES:
		return NONE;
	case NFT_NEW:
	case NFT_UNTRACKED:
		return PERMITTED;
	}
	return NONE;
}

static bool concerns(const struct nft_claim *claim, const struct base_row *row)
{
	return row->hook == claim->hook && row->family == claim->family &&
	       !(row->spared && claim->strict);
}

static bool holds(const struct base_row *row, const struct nft_context *context)
{
	return (!row->on_link || context->hop_limit == 255) &&
	       (!row->source_port || context->source_port == row->source_port);
}

/* The addresses of the networks that are reached as VIA says. */
static struct ranges networks_via(const struct job *job, enum ir_via via,
				  enum family family)
{
	const struct ir *ir = job->ir;
	struct ranges all = NO_RANGES;

	for (size_t i = 0; i < ir->network_count; i++)
		if (ir->networks[i].via == via)
			all = ranges_union(job->arena, all,
				job->meaning->space->networks[i].of[family]);
	return ranges_meet(job->arena, all, family_all(job->arena, family));
}

struct nft_claim nft_claim_of(const struct job *job, uint32_t layer,
			      enum nft_hook hook, enum family family)
{
	struct nft_claim claim = { .hook = hook, .family = family,
				   .strict = job->ir->nft.strict };
	enum meaning_end end = hook == NFT_INPUT ? END_DESTINATION :
						   END_SOURCE;

	if (hook == NFT_FORWARD) {
		claim.permitted = job->meaning->permitted[family];
		claim.vpn = networks_via(job, VIA_VPN, family);
	} else {
		claim.permitted = meaning_at(job->meaning, job->arena, family,
			end, job->meaning->space->layers[layer].of[family]);
	}
	return claim;
}

struct boxes nft_claim_nat(const struct job *job)
{
	const struct ir_space *space = job->meaning->space;
	struct arena *arena = job->arena;
	struct ranges out = space->internet.of[IPV4];
	struct boxes boxes = { 0 };

	out = ranges_union(arena, out, networks_via(job, VIA_NAT, IPV4));
	out = ranges_union(arena, out, networks_via(job, VIA_NONE, IPV4));
	out = ranges_meet(arena, out, family_all(arena, IPV4));
	if (space->nat.of[IPV4].count)
		boxes_add(arena, &boxes, space->vpc.of[IPV4], out,
			  service_all(arena).of[IPV4]);
	return boxes;
}

void nft_claim_cuts(const struct nft_claim *claim, struct arena *arena,
		    struct nft_cuts *cuts)
{
	cuts->forwarded = claim->hook == NFT_FORWARD;
	cuts->ipsec |= claim->vpn.count > 0;
	for (size_t i = 0; i < base_set_count; i++) {
		const struct base_row *row = &base_set[i];

		if (!concerns(claim, row))
			continue;
		if (row->on_link)
			nft_cut_hop_limits(arena, cuts,
					   (struct range){ 255, 255 });
		if (row->source_port)
			nft_cut_source_ports(arena, cuts, (struct range){
				row->source_port, row->source_port });
	}
}

void nft_claim_signature(const struct nft_claim *claim, struct text *out,
			 const struct nft_context *context)
{
	text_putc(out, (char)('0' + kind_in(context)));
	if (claim->vpn.count)
		text_putc(out, context->ipsec ? 's' : 'c');
	if (kind_in(context) != PERMITTED)
		return;
	for (size_t i = 0; i < base_set_count; i++)
		if (concerns(claim, &base_set[i]))
			text_putc(out, holds(&base_set[i], context) ? '1' : '0');
}

/* The addresses of a row's TEXT; one that cannot be read admits nothing. */
static struct ranges addresses(struct arena *arena, enum family family,
			       const char *text)
{
	struct prefix prefix;
	struct range r;

	if (!text)
		return family_all(arena, family);
	if (prefix_read(text, strlen(text), &prefix) != PREFIX_OK)
		return NO_RANGES;
	r = prefix_range(prefix);
	return ranges_one(arena, r.lo, r.hi);
}

static struct ranges services(struct arena *arena, const struct base_row *row)
{
	unsigned lo = row->lo, hi = row->hi;

	if (!service_has_ports(row->protocol)) {
		lo = lo << 8;
		hi = hi << 8 | 0xff;
	}
	return ranges_one(arena, service_key(row->protocol, lo),
			  service_key(row->protocol, hi));
}

static void add_all(struct arena *arena, enum family family,
		    struct boxes *out)
{
	struct ranges all = family_all(arena, family);

	boxes_add(arena, out, all, all, service_all(arena).of[family]);
}

static void add_permitted(const struct nft_claim *claim, struct arena *arena,
			  const struct nft_context *context, struct boxes *out)
{
	for (size_t i = 0; i < claim->permitted.count; i++)
		*LIST_PUSH(arena, out) = claim->permitted.at[i];
	for (size_t i = 0; i < base_set_count; i++) {
		const struct base_row *row = &base_set[i];

		if (!concerns(claim, row) || !holds(row, context))
			continue;
		boxes_add(arena, out, addresses(arena, row->family, row->src),
			  addresses(arena, row->family, row->dst),
			  services(arena, row));
	}
}

/* BOXES without what has a source in GONE. */
static struct boxes not_from(struct arena *arena, const struct boxes *boxes,
			     struct ranges gone)
{
	struct boxes out = { 0 };

	for (size_t i = 0; i < boxes->count; i++)
		boxes_add(arena, &out,
			  ranges_minus(arena, boxes->at[i].src, gone),
			  boxes->at[i].dst, boxes->at[i].svc);
	return out;
}

struct boxes nft_claim_in(const struct nft_claim *claim, struct arena *arena,
			  const struct nft_context *context)
{
	struct boxes out = { 0 };

	switch (kind_in(context)) {
	case ALL:
		add_all(arena, claim->family, &out);
		break;
	case PERMITTED:
		add_permitted(claim, arena, context, &out);
		break;
	case NONE:
		break;
	}
	if (claim->vpn.count && !context->ipsec)
		return not_from(arena, &out, claim->vpn);
	return out;
}
