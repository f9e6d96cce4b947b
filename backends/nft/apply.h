/* A ruleset into the running kernel, and out of it again. */
#ifndef FIREBREAK_BACKENDS_NFT_APPLY_H
#define FIREBREAK_BACKENDS_NFT_APPLY_H

#include "backends/nft/model.h"
#include "backends/nft/netlink.h"

/*
 * By single elements where that is enough, else whole.  Told as P06 when false;
 * nothing of what the kernel did before has changed.
 */
bool nft_apply_switch(struct nft_link *link, const struct job *job,
		      const struct nft_model *model,
		      const struct fb_watch *watch, struct live_change *out);

/* What that would change.  False: the kernel does not say what it has. */
bool nft_apply_plan(struct nft_link *link, const struct job *job,
		    const struct nft_model *model, struct live_change *out);

/* Keep what was switched to: all that came before it goes.  False: told. */
bool nft_apply_keep(struct nft_link *link, struct arena *arena,
		    struct diags *diags, const char *table);

/* Back to what was before CHANGE, of nft_apply_switch().  False: told. */
bool nft_apply_undo(struct nft_link *link, struct arena *arena,
		    struct diags *diags, const char *table,
		    const struct live_change *change);

/*
 * Chains of others that packets of a gateway's ruleset meet too, or of a host's,
 * told as warnings: beside.h.
 */
void nft_apply_tell_others(struct nft_link *link, const struct job *job,
			   bool gateway);

#endif
