/*
 * What becomes of connections that are open when a security group loses the rule
 * that let them in ("Security group connection tracking", VPC user guide).
 */
#ifndef FIREBREAK_COMPILER_SESSIONS_H
#define FIREBREAK_COMPILER_SESSIONS_H

#include "firebreak/diff.h"

/*
 * Of a rule for PROTOCOL ("tcp", "-1", "50"): EVERYBODY, is its peer 0.0.0.0/0 or
 * ::/0?  ANSWERED, has its group a rule for all ports of that and every address
 * the other way?
 */
enum fb_sessions sessions_of(const char *protocol, bool everybody,
			     bool answered);

/* "live-on", "end", "", for programs; and a sentence for people. */
const char *sessions_word(enum fb_sessions sessions);
const char *sessions_text(enum fb_sessions sessions);

#endif
