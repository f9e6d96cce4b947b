/* What the kernel refuses, told. */
#ifndef FIREBREAK_BACKENDS_NFT_REFUSAL_H
#define FIREBREAK_BACKENDS_NFT_REFUSAL_H

#include "backends/nft/netlink.h"
#include "compiler/base/diag.h"

/* It refuses WHAT with ERROR; NAMES of rules may be NULL.  Always false. */
bool nft_tell_refusal(struct diags *diags, const char *what, int error,
		      const char *names);

#endif
