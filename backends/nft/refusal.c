#include "backends/nft/refusal.h"

#include <errno.h>
#include <string.h>

bool nft_tell_refusal(struct diags *diags, const char *what, int error,
		      const char *names)
{
	struct diag *told = diag_add(diags, P0604, (struct span){ 0, 0 },
				     "the kernel refuses %s: %s", what,
				     strerror(error));

	if (names)
		diag_note(told, (struct span){ 0, 0 }, "it comes from %s",
			  names);
	if (error == EPERM)
		diag_help(told, "run as root, or with CAP_NET_ADMIN in this network namespace");
	return false;
}
