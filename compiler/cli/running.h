/* Operands of diff that are no policies. */
#ifndef FIREBREAK_CLI_RUNNING_H
#define FIREBREAK_CLI_RUNNING_H

#include "compiler/cli/cli.h"
#include "firebreak/diff.h"

enum cli_operand {
	CLI_POLICY,
	CLI_FILE,	/* of a target */
	CLI_COMPILED,	/* a directory with a manifest.json, and no main.fbk */
	CLI_UNREADABLE,	/* which was said */
};

/* What was read to find out, malloc'd; NULL when nothing was. */
struct cli_bytes {
	char *at;
	size_t len;
};

enum cli_operand cli_operand_of(const char *path, struct cli_bytes *out);

struct cli_running {
	struct fb_artefact *files;
	size_t count, room;
	struct fb_artefact manifest;	/* of CLI_COMPILED */
	char *manifest_bytes, *manifest_name;
};

/*
 * Read PATH, of KIND, whose BYTES a file takes over.  What is told is in POLICY
 * or was said.  Either way *OUT is for cli_running_free().
 */
enum fb_status cli_running_read(struct fb *policy, const char *path,
				enum cli_operand kind, struct cli_bytes *bytes,
				struct cli_running *out);
void cli_running_free(struct cli_running *running);

#endif
