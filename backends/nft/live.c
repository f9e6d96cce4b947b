/* What backends/backend.h asks of a running system, for nf_tables. */
#include "backends/nft/nft.h"

#include "backends/nft/apply.h"
#include "backends/nft/conntrack.h"
#include "backends/nft/decode.h"
#include "backends/nft/flows.h"
#include "backends/nft/moment.h"

static void *open_link(void)
{
	return nft_link_open();
}

static void close_link(void *link)
{
	nft_link_close(link);
}

/* The name of the table that LAYER's ruleset is in. */
static const char *table_of(const char *layer)
{
	struct identity id = { .layer = layer };

	return nft_table_name(&id);
}

static enum live_found read_live(void *link, struct arena *arena,
				 struct diags *diags, const char *layer,
				 const void **model, struct identity *out)
{
	const struct nft_model *found;

	switch (nft_decode(link, arena, diags, table_of(layer), &found)) {
	case NFT_FOUND:
		*model = found;
		*out = found->identity;
		return LIVE_FOUND;
	case NFT_ABSENT:
		return LIVE_ABSENT;
	case NFT_UNCLEAR:
	case NFT_UNREADABLE:
		break;
	}
	return LIVE_UNCLEAR;
}

static bool moment(void *link, const char *layer, struct live_moment *out)
{
	return nft_moment(link, table_of(layer), out);
}

static bool load(void *link, const struct job *job, const void *model,
		 const struct fb_watch *watch, struct live_change *out)
{
	return nft_apply_switch(link, job, model, watch, out);
}

static bool plan(void *link, const struct job *job, const void *model,
		 struct live_change *out)
{
	return nft_apply_plan(link, job, model, out);
}

static bool keep(void *link, struct arena *arena, struct diags *diags,
		 const char *layer)
{
	return nft_apply_keep(link, arena, diags, table_of(layer));
}

static bool undo(void *link, struct arena *arena, struct diags *diags,
		 const char *layer, const struct live_change *change)
{
	return nft_apply_undo(link, arena, diags, table_of(layer), change);
}

static bool can_tell_flows(void *link)
{
	return nft_flows_known(link);
}

static bool tell_flows(void *link, const struct job *job, const char *layer,
		       struct live_flows *out)
{
	return nft_flows_tell(link, job, layer, out);
}

static bool end_flows(void *link, const struct job *job, const char *layer,
		      struct live_flows *out)
{
	return nft_flows_end(link, job, layer, out);
}

static void tell_others(void *link, const struct job *job, const char *layer)
{
	nft_apply_tell_others(link, job, *layer == '\0');
}

const struct live nft_live = {
	.open = open_link,
	.close = close_link,
	.read = read_live,
	.moment = moment,
	.load = load,
	.keep = keep,
	.undo = undo,
	.plan = plan,
	.can_tell_flows = can_tell_flows,
	.tell_flows = tell_flows,
	.end_flows = end_flows,
	.tell_others = tell_others,
};
