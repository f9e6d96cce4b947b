/*
 * In words: loopback passes; what belongs to an admitted connection passes;
 * what belongs to none (invalid) does not; what opens a connection, or is
 * outside tracking as neighbour discovery is, passes if the policy permits it
 * at these hosts or a row of the base set holds.
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
	return row->hook == claim->hook && row->family == claim->family;
}

static bool holds(const struct base_row *row, const struct nft_context *context)
{
	return (!row->on_link || context->hop_limit == 255) &&
	       (!row->source_port || context->source_port == row->source_port);
}

struct nft_claim nft_claim_of(const struct job *job, uint32_t layer,
			      enum nft_hook hook, enum family family)
{
	struct ranges hosts = job->meaning->space->layers[layer].of[family];
	enum meaning_end end = hook == NFT_INPUT ? END_DESTINATION :
						   END_SOURCE;

	return (struct nft_claim){ hook, family,
				   meaning_at(job->meaning, job->arena, family,
					      end, hosts) };
}

void nft_claim_cuts(const struct nft_claim *claim, struct arena *arena,
		    struct nft_cuts *cuts)
{
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
	return out;
}
