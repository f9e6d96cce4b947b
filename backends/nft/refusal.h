/*
 * What the kernel refuses, told at the statements of the policy that it was made
 * of.
 */
#ifndef FIREBREAK_BACKENDS_NFT_REFUSAL_H
#define FIREBREAK_BACKENDS_NFT_REFUSAL_H

#include "backends/nft/model.h"
#include "backends/nft/netlink.h"

/*
 * Told as P0604.  JOB and MODEL are what the transaction was made of; both NULL
 * for one that has nothing of a policy.  Always false.
 */
bool nft_tell_refusal(struct diags *diags, const struct nft_refusal *why,
		      const struct job *job, const struct nft_model *model);

/* It answers the question WHAT with ERROR.  Always false. */
bool nft_tell_no_answer(struct diags *diags, const char *what, int error);

#endif
