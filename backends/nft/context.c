/* Contexts are the product of five short lists. */
#include "backends/nft/context.h"

#include "compiler/base/text.h"

#include <stdlib.h>

enum { LAST_HOP_LIMIT = 255, LAST_PORT = 65535 };

/* What is named where several states share one answer. */
static const char *const state_names[NFT_STATES] = {
	[NFT_NEW]	  = "new",
	[NFT_ESTABLISHED] = "established",
	[NFT_RELATED]	  = "related",
	[NFT_INVALID]	  = "invalid",
	[NFT_UNTRACKED]	  = "untracked",
};

void nft_cut_hop_limits(struct arena *arena, struct nft_cuts *cuts,
			struct range range)
{
	*LIST_PUSH(arena, &cuts->hop_limits) = (unsigned)range.lo;
	if (range.hi < LAST_HOP_LIMIT)
		*LIST_PUSH(arena, &cuts->hop_limits) = (unsigned)range.hi + 1;
}

void nft_cut_source_ports(struct arena *arena, struct nft_cuts *cuts,
			  struct range range)
{
	*LIST_PUSH(arena, &cuts->source_ports) = (unsigned)range.lo;
	if (range.hi < LAST_PORT)
		*LIST_PUSH(arena, &cuts->source_ports) = (unsigned)range.hi + 1;
}

static int by_number(const void *x, const void *y)
{
	const unsigned *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

/* Ascending, each once; the number that remain. */
static size_t distinct(unsigned *at, size_t count)
{
	size_t kept = 0;

	qsort(at, count, sizeof *at, by_number);
	for (size_t i = 0; i < count; i++)
		if (!kept || at[kept - 1] != at[i])
			at[kept++] = at[i];
	return kept;
}

/* Every combination with LOOPBACK and IPSEC as they are. */
static void add_contexts(struct arena *arena, const struct nft_cuts *cuts,
			 bool loopback, bool ipsec, struct nft_contexts *out)
{
	for (size_t h = 0; h < cuts->hop_limits.count; h++)
		for (size_t p = 0; p < cuts->source_ports.count; p++)
			for (int s = 0; s < NFT_STATES; s++)
				*LIST_PUSH(arena, out) = (struct nft_context){
					s, loopback, ipsec,
					cuts->hop_limits.at[h],
					cuts->source_ports.at[p] };
}

bool nft_contexts_of(struct arena *arena, struct nft_cuts *cuts,
		     struct nft_contexts *out)
{
	int loopbacks = cuts->forwarded ? 1 : 2, ipsecs = cuts->ipsec ? 2 : 1;
	size_t hops, ports;

	*LIST_PUSH(arena, &cuts->hop_limits) = 0;
	*LIST_PUSH(arena, &cuts->source_ports) = 0;
	hops = distinct(cuts->hop_limits.at, cuts->hop_limits.count);
	ports = distinct(cuts->source_ports.at, cuts->source_ports.count);
	cuts->hop_limits.count = hops;
	cuts->source_ports.count = ports;
	if (ports > NFT_CONTEXTS_MOST ||
	    hops * ports * 4 * NFT_STATES > NFT_CONTEXTS_MOST)
		return false;
	for (int loopback = 0; loopback < loopbacks; loopback++)
		for (int ipsec = 0; ipsec < ipsecs; ipsec++)
			add_contexts(arena, cuts, loopback, ipsec, out);
	return true;
}

static void add_states(struct text *text, unsigned states)
{
	for (int s = 0; s < NFT_STATES; s++)
		if (states & 1u << s)
			text_printf(text, "%s%s", text->len ? " or " : "",
				    state_names[s]);
}

const char *nft_context_text(struct arena *arena,
			     const struct nft_context *context,
			     unsigned states)
{
	struct text text = TEXT_IN(arena);

	if (states == (1u << NFT_STATES) - 1)
		text_puts(&text, "all");
	else
		add_states(&text, states);
	text_puts(&text, " packets");
	if (context->loopback)
		text_puts(&text, " on loopback");
	if (context->ipsec)
		text_puts(&text, " through IPsec");
	if (context->hop_limit)
		text_printf(&text, ", hop limit %u", context->hop_limit);
	if (context->source_port)
		text_printf(&text, ", source port %u", context->source_port);
	return text_string(&text);
}
