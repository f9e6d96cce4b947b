/*
 * Proofs of this kernel's rules from one run to the next: small files in a
 * directory that only this user can write to.  What is not exactly as it was
 * written, or not certainly ours, is no proof, and nobody is told: then the
 * kernel is read again.
 */
#ifndef FIREBREAK_CLI_PROOFS_H
#define FIREBREAK_CLI_PROOFS_H

#include "firebreak/firebreak.h"

enum { PROOF_MOST = 2048 };	/* bytes of one */

struct cli_proofs {
	int directory;			/* -1: nothing is known, and nothing kept */
	bool anew;			/* nothing is known */
	char program[65];		/* digest of what runs, libraries and all */
	char boot[64], clock[64];	/* which boot; whose time it is */
	struct fb_proofs ours;		/* for the library */
};

/* Those in the directory PATH, which is made if it is not there; NULL: /run/firebreak. */
void cli_proofs_open(struct cli_proofs *proofs, const char *path);
void cli_proofs_close(struct cli_proofs *proofs);

#endif
