/* The git program, as git.c and history.c ask it. */
#ifndef FIREBREAK_COMPILER_CLI_GIT_H
#define FIREBREAK_COMPILER_CLI_GIT_H

#include "compiler/cli/cli.h"

enum { GIT_HASH_MOST = 64 };

struct git_revision {
	char commit[GIT_HASH_MOST + 1];
	char *bytes;		/* of the last answer; malloc'd */
	size_t len;
};

/* GIT_NO: its status was 1, with which many of its commands say that. */
enum git_answer { GIT_ANSWERED, GIT_NO, GIT_REFUSED, GIT_NONE };

/* What git says to ARGUMENTS; *OUT is malloc'd when it GIT_ANSWERED, else NULL. */
enum git_answer git_ask(char *const *arguments, char **out, size_t *len);

/* The commit that the LEN bytes at NAME mean; false after saying why. */
bool git_resolve(struct git_revision *revision, const char *name, size_t len);

#endif
