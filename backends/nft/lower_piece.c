/* Keys of services cut where nftables looks at another field. */
#include "backends/nft/lower.h"

static void add_piece(struct nft_lowering *l, struct nft_pieces *out,
		      enum nft_lookup lookup, struct range first,
		      struct range second, struct range keys)
{
	*LIST_PUSH(l->arena, &out->all) =
		(struct nft_piece){ lookup, first, second, keys };
}

static void add_protocols(struct nft_lowering *l, struct nft_pieces *out,
			  unsigned first, unsigned last)
{
	struct nft_piece *before = out->all.count ?
			       &out->all.at[out->all.count - 1] : NULL;
	struct range keys = { service_key(first, 0), service_key(last, 0xffff) };

	if (before && before->lookup == NFT_PROTOCOLS &&
	    before->first.hi + 1 == first) {
		before->first.hi = last;
		before->keys.hi = keys.hi;
		return;
	}
	add_piece(l, out, NFT_PROTOCOLS, (struct range){ first, last },
		  (struct range){ 0 }, keys);
}

/* Types LO/256 to HI/256, the first and the last perhaps not with all codes. */
static void add_icmp(struct nft_lowering *l, struct nft_pieces *out, uint32_t lo,
		     uint32_t hi)
{
	uint32_t at = lo;

	while (at <= hi) {
		uint32_t end = at | 0xff;

		if (end > hi)
			end = hi;
		/* whole types in a row are one piece */
		if ((at & 0xff) == 0 && (end & 0xff) == 0xff)
			end = (hi & 0xff) == 0xff ? hi : (hi & ~0xffu) - 1;
		add_piece(l, out, NFT_ICMP,
			  (struct range){ service_value(at) >> 8,
					  service_value(end) >> 8 },
			  (struct range){ at & 0xff, end & 0xff },
			  (struct range){ at, end });
		at = end + 1;
	}
}

/*
 * The keys LO to HI, which are all of one protocol.  One without values has
 * all of its keys or none (service.h), so what is left last is ICMP.
 */
static void add_keys(struct nft_lowering *l, struct nft_pieces *out, uint32_t lo,
		     uint32_t hi)
{
	unsigned protocol = service_protocol(lo);

	if (service_value(lo) == 0 && service_value(hi) == 0xffff)
		add_protocols(l, out, protocol, protocol);
	else if (service_has_ports(protocol))
		add_piece(l, out, NFT_PORTS, nft_point(protocol),
			  (struct range){ service_value(lo), service_value(hi) },
			  (struct range){ lo, hi });
	else
		add_icmp(l, out, lo, hi);
}

struct nft_pieces nft_pieces_of(struct nft_lowering *l, struct ranges services)
{
	struct nft_pieces out = { 0 };

	for (size_t i = 0; i < services.count; i++) {
		uint32_t lo = (uint32_t)services.at[i].lo;
		uint32_t hi = (uint32_t)services.at[i].hi;

		while (lo <= hi) {
			uint32_t end = lo | 0xffff;

			if (end > hi)
				end = hi;
			add_keys(l, &out, lo, end);
			lo = end + 1;
		}
	}
	return out;
}
